package peers

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
)

// httpClient requests each URL in turn, after its mark. It skips a URL that the
// client refuses.
type httpClient struct {
	name  string
	fetch func(t *testing.T, r *recorder, urls []string)

	// direct is set if the client cannot be configured to connect every host to the
	// recorder: it requests the URLs at the recorder's own address.
	direct bool
}

var httpClients = []httpClient{
	{name: "Go", fetch: fetchWithGo},
	{name: "curl", fetch: fetchWithCurl},
	{name: "wget", fetch: fetchWithWget, direct: true},
	{name: "apt", fetch: fetchWithAPT, direct: true},
	{name: "Chromium", fetch: fetchWithChromium},
	{name: "Python requests", fetch: fetchWithPython("requests")},
	{name: "Python httpx", fetch: fetchWithPython("httpx")},
	{name: "Python urllib", fetch: fetchWithPython("urllib")},
	{name: "Python aiohttp", fetch: fetchWithPython("aiohttp")},
	{name: "Node.js fetch", fetch: fetchWithNode("fetch")},
	{name: "axios", fetch: fetchWithNode("axios")},
	{name: "got", fetch: fetchWithNode("got")},
	{name: "node-fetch 2", fetch: fetchWithNode("node-fetch")},
	{name: "java.net.http", fetch: fetchWithJava("java.net.http"), direct: true},
	{name: "OkHttp", fetch: fetchWithJava("OkHttp"), direct: true},
	{name: "Apache HttpClient 4", fetch: fetchWithJava("HttpClient4"), direct: true},
	{name: "Apache HttpClient 5", fetch: fetchWithJava("HttpClient5"), direct: true},
}

// atRecorder returns a URL with the recorder's address in place of its host, if its
// path can be found.
func (r *recorder) atRecorder(url string) string {
	rest, ok := strings.CutPrefix(url, "http://")
	if !ok {
		return url
	}
	path := len(rest)
	if i := strings.IndexAny(rest, "/?#"); i >= 0 {
		path = i
	}
	return "http://" + r.address + rest[path:]
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
		// For a URL that it refuses, curl exits with another status than 0.
		if err := curl.Run(); err != nil && curl.ProcessState == nil {
			t.Fatal(err)
		}
	}
	for i, url := range urls {
		for _, u := range []string{r.markURL(i), url} {
			fmt.Fprintf(&config, "url = \"%s\"\noutput = /dev/null\n", quote.Replace(u))
		}
		// To curl, brackets and braces mean sets of URLs, and it exits at a set that
		// it cannot parse.
		if i == len(urls)-1 || strings.ContainsAny(url+urls[i+1], "[]{}") {
			flush()
		}
	}
}

func fetchWithWget(t *testing.T, r *recorder, urls []string) {
	args := []string{"--no-config", "--quiet", "--no-proxy", "--tries=1", "--max-redirect=0", "--output-document=/dev/null", "--"}
	inTurn(r, urls, func(pairs []string) {
		wget := exec.CommandContext(t.Context(), "wget", append(args, pairs...)...)
		wget.Env = append(os.Environ(), "LC_ALL=C.UTF-8") // otherwise it reads letters outside ASCII as single bytes
		// For a URL that it refuses, wget exits with another status than 0.
		if out, err := wget.CombinedOutput(); err != nil && wget.ProcessState == nil {
			t.Fatalf("%v\n%s", err, out)
		}
	})
}

// apt reads a list of URLs with their files, and fetches those of one host one
// after another. Of two URLs that it considers equal it fetches only the first, so
// the missing ones are requested again.
func fetchWithAPT(t *testing.T, r *recorder, urls []string) {
	folder := t.TempDir()
	args := []string{"-o", "Acquire::Retries=0", "-o", "Acquire::http::Pipeline-Depth=0", "-o", "Acquire::http::Proxy=false", "-o", "APT::Sandbox::User=root", "download-file"}
	fetch := func(pairs []string) {
		var files []string
		for i, url := range pairs {
			files = append(files, url, filepath.Join(folder, strconv.Itoa(i)))
		}
		apt := exec.CommandContext(t.Context(), "/usr/lib/apt/apt-helper", append(args, files...)...)
		if out, err := apt.CombinedOutput(); err != nil && apt.ProcessState == nil {
			t.Fatalf("%v\n%s", err, out)
		}
	}
	inTurn(r, urls, fetch)
	missing := make([]string, len(urls))
	for i, url := range urls {
		if len(r.sent(i)) == 0 {
			missing[i] = url
		}
	}
	inTurn(r, missing, fetch)
}

// inTurn calls fetch with marks and URLs in turn, as many at a time as a command
// line can hold. It skips URLs that are empty or too long for a command line.
func inTurn(r *recorder, urls []string, fetch func(pairs []string)) {
	var pairs []string
	size := 0
	for i, url := range urls {
		if url != "" && !strings.Contains(url, "\x00") {
			pairs = append(pairs, r.markURL(i), url)
			size += len(url)
		}
		if len(pairs) > 0 && (size > 100_000 || i == len(urls)-1) {
			fetch(pairs)
			pairs, size = nil, 0
		}
	}
}

func (r *recorder) task(t *testing.T, urls []string) string {
	t.Helper()
	return string(must[[]byte](t)(json.Marshal(map[string]any{"address": r.address, "urls": urls})))
}

func fetchWithPython(client string) func(t *testing.T, r *recorder, urls []string) {
	return func(t *testing.T, r *recorder, urls []string) {
		run(t, r.task(t, urls), python(t), "testdata/fetch.py", client)
	}
}

func fetchWithNode(client string) func(t *testing.T, r *recorder, urls []string) {
	return func(t *testing.T, r *recorder, urls []string) {
		run(t, r.task(t, urls), "node", filepath.Join(node(t), "fetch.mjs"), client)
	}
}

func fetchWithJava(client string) func(t *testing.T, r *recorder, urls []string) {
	return func(t *testing.T, r *recorder, urls []string) {
		var lines strings.Builder
		for _, url := range urls {
			lines.WriteString(base64.StdEncoding.EncodeToString([]byte(url)) + "\n")
		}
		run(t, lines.String(), "java", "-cp", must[string](t)(javaClasspath()), "Fetch", client, "http://"+r.address+"/mark/")
	}
}

func fetchWithChromium(t *testing.T, r *recorder, urls []string) {
	list, err := json.Marshal(urls) // escapes <, > and &, as HTML requires
	if err != nil {
		t.Fatal(err)
	}
	// The page's load event waits for the image, and the program for that event.
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
	// The browser's own requests to other hosts must not reach the recorder.
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
