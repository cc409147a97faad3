package peers

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os/exec"
	"strings"
	"testing"
	"time"
)

// httpClient asks for each URL in turn, after its mark, whatever the host's
// name: all of them lead to the recorder. A URL that the client refuses is
// passed over.
type httpClient struct {
	name  string
	fetch func(t *testing.T, r *recorder, urls []string)
}

var httpClients = []httpClient{
	{"Go", fetchWithGo},
	{"curl", fetchWithCurl},
	{"Python requests", fetchWithRequests},
	{"Chromium", fetchWithChromium},
}

func (r *recorder) markURL(i int) string { return fmt.Sprintf("http://%s/mark/%d", r.address, i) }

func fetchWithGo(t *testing.T, r *recorder, urls []string) {
	transport := &http.Transport{DialContext: func(ctx context.Context, network, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, network, r.address)
	}}
	defer transport.CloseIdleConnections()
	client := &http.Client{Transport: transport, Timeout: time.Minute}
	get := func(url string) error {
		response, err := client.Get(url)
		if err != nil {
			return err
		}
		io.Copy(io.Discard, response.Body)
		return response.Body.Close()
	}
	for i, url := range urls {
		if err := get(r.markURL(i)); err != nil {
			t.Fatal(err)
		}
		get(url)
	}
}

func fetchWithCurl(t *testing.T, r *recorder, urls []string) {
	quote := strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`, "\r", `\r`, "\t", `\t`, "\v", `\v`)
	var config strings.Builder
	flush := func() {
		curl := exec.CommandContext(t.Context(), "curl", "-q", "--silent", "--noproxy", "*", "--connect-to", "::"+r.address, "--config", "-")
		curl.Stdin = strings.NewReader(config.String())
		config.Reset()
		// A URL that curl refuses makes its status other than 0.
		if err := curl.Run(); err != nil && curl.ProcessState == nil {
			t.Fatal(err)
		}
	}
	for i, url := range urls {
		for _, u := range []string{r.markURL(i), url} {
			fmt.Fprintf(&config, "url = \"%s\"\noutput = /dev/null\n", quote.Replace(u))
		}
		// Brackets and braces stand for sets of URLs to curl, and one that it
		// cannot read ends the program.
		if i == len(urls)-1 || strings.ContainsAny(url+urls[i+1], "[]{}") {
			flush()
		}
	}
}

func fetchWithRequests(t *testing.T, r *recorder, urls []string) {
	input, err := json.Marshal(map[string]any{"address": r.address, "urls": urls})
	if err != nil {
		t.Fatal(err)
	}
	run(t, string(input), python(t), "testdata/fetch.py")
}

func fetchWithChromium(t *testing.T, r *recorder, urls []string) {
	list, err := json.Marshal(urls) // escapes <, > and &, so that it can stand in HTML
	if err != nil {
		t.Fatal(err)
	}
	// The page's load waits for the image, and the program for the load.
	page := `<!doctype html><img src="/wait"><script type="module">
for (const [i, url] of ` + string(list) + `.entries()) {
	await fetch("/mark/" + i, {cache: "no-store"});
	try { await fetch(url, {cache: "no-store", mode: "no-cors"}); } catch {}
}
await fetch("/done");
</script>`
	r.mu.Lock()
	r.page = page
	r.mu.Unlock()
	chromium(t, r, "http://"+r.address+"/page")
}

// chromium opens one page and waits until it has loaded.
func chromium(t *testing.T, r *recorder, url string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
	defer cancel()
	// The browser has things of its own to ask of other hosts, which are not to
	// be taken for what was asked here.
	var rules []string
	for _, host := range []string{"*.example.com", "*.example", "*.cloudfront.net", "localhost", "127.0.0.1", "192.0.2.1"} {
		rules = append(rules, "MAP "+host+" "+r.address)
	}
	rules = append(rules, "MAP * ~NOTFOUND")
	cmd := exec.CommandContext(ctx, "chromium", "--headless", "--no-sandbox", "--disable-gpu", "--no-first-run",
		"--disable-background-networking", "--disable-component-update", "--disable-sync", "--disable-dev-shm-usage",
		"--no-proxy-server", "--host-resolver-rules="+strings.Join(rules, ", "), "--timeout=170000",
		"--user-data-dir="+t.TempDir(), "--dump-dom", url)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("chromium %s: %v\n%s", url, err, out)
	}
}
