package signhttp

import (
	"bytes"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/signedfront/signedfront/signer"
)

// ask sends a request with the Host header of a browser that opened that host.
func ask(h http.Handler, host, cookie string) *http.Response {
	rec := httptest.NewRecorder()
	r := httptest.NewRequest("GET", "/gallery", nil)
	r.Host = host
	if cookie != "" {
		r.Header.Set("Cookie", cookie)
	}
	h.ServeHTTP(rec, r)
	return rec.Result()
}

func TestOnErrorIsToldOnceWhyCookiesDoNotReachTheContent(t *testing.T) {
	for name, test := range map[string]struct {
		base, host string
		cookies    signer.CookieOptions
		want       string // in the error for OnError; empty means no call
	}{
		"a sibling":                     {site, "app.example.com", signer.CookieOptions{}, "set Domain to the parent that both share, example.com,"},
		"a sibling with a port":         {site, "app.example.com:8443", signer.CookieOptions{}, "share, example.com,"},
		"a sibling under the Domain":    {site, "app.example.com", signer.CookieOptions{Domain: "example.com"}, ""},
		"the same host":                 {site, "cdn.example.com", signer.CookieOptions{}, ""},
		"outside the Domain":            {site, "app.example.org", signer.CookieOptions{Domain: "example.com"}, "sign URLs instead"},
		"cloudfront.net":                {"https://d111111abcdef8.cloudfront.net", "app.example.com", signer.CookieOptions{}, "sign URLs instead, or give the distribution a domain name of your own"},
		"another loopback name":         {"http://127.0.0.1:8080", "localhost:3000", signer.CookieOptions{}, "under the same name, 127.0.0.1,"},
		"the same loopback name":        {"http://localhost:8080", "localhost:3000", signer.CookieOptions{}, ""},
		"a request without a host":      {site, "", signer.CookieOptions{}, ""},
		"behind a proxy, with AppHost":  {site, "10.0.0.7:8080", signer.CookieOptions{Domain: "example.com", AppHost: "app.example.com"}, ""},
		"behind a proxy, without":       {site, "10.0.0.7:8080", signer.CookieOptions{Domain: "example.com"}, "set Cookies.AppHost to the host that browsers ask"},
		"a host that is a private key":  {site, "-----BEGIN PRIVATE KEY-----", signer.CookieOptions{}, "a value of 27 bytes that looks like a PEM private key"},
		"a host with a line break":      {site, "app.example.com\r\nX: y", signer.CookieOptions{}, "sets without a Domain never reach"},
		"a host with a sibling's start": {site, "cdn.example.com.example.org", signer.CookieOptions{}, "sign URLs instead"},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			h := w.cookies(t, CookiesOptions{Authorize: grants("a/"), BaseURL: test.base, Cookies: test.cookies}, page)
			var r *http.Response
			for range 3 {
				r = ask(h, test.host, "")
				if got := body(t, r); r.StatusCode != http.StatusOK || got != "page" || len(r.Cookies()) != 5 {
					t.Errorf("%d %q with %d cookies", r.StatusCode, got, len(r.Cookies()))
				}
			}
			for _, line := range r.Header.Values("Set-Cookie") {
				if test.host != "cdn.example.com" && test.host != "" && strings.Contains(line, test.host) {
					t.Errorf("the Host header reached %s", line)
				}
			}
			if n := len(w.errors); n > 1 || (n == 0) != (test.want == "") {
				t.Errorf("OnError was told %d times", n)
			}
			told := w.told()
			if !strings.Contains(told, test.want) || test.want == "" && told != "" {
				t.Errorf("OnError was told %q, want %q in it", told, test.want)
			}
			if strings.ContainsAny(told, "\r\n") || strings.Contains(told, "BEGIN") {
				t.Errorf("OnError was told %q", told)
			}
			h = w.cookies(t, CookiesOptions{Authorize: grants("a/"), BaseURL: test.base, Cookies: test.cookies}, page)
			ask(h, test.host, "")
			if again := w.told(); again != told {
				t.Errorf("of another handler OnError was told %q", again)
			}
		})
	}
}

func TestOnlyARequestThatIsGivenCookiesIsAskedForItsHost(t *testing.T) {
	w := newWorld(t)
	authorize := func(r *http.Request) (Grant, error) {
		switch r.Host {
		case "denied.example.org":
			return Grant{}, ErrDenied
		case "nothing.example.org":
			return Grant{}, nil
		}
		return Grant{Key: "a/"}, nil
	}
	h := w.cookies(t, CookiesOptions{Authorize: authorize, Cookies: signer.CookieOptions{Domain: "example.com"}}, page)
	mine := sent(ask(h, "app.example.com", ""))
	ask(h, "denied.example.org", "")
	ask(h, "nothing.example.org", "")
	ask(h, "app.example.org", mine)
	if told := w.told(); told != "" {
		t.Errorf("OnError was told %q", told)
	}
	ask(h, "app.example.org", "")
	if told := w.told(); !strings.Contains(told, "app.example.org") {
		t.Errorf("OnError was told %q", told)
	}
}

func TestHostsThatAnAttackerMakesUpFillNeitherTheLogNorTheMemory(t *testing.T) {
	w := newWorld(t)
	c := &cookieSetter{gate: gate{signer: w.Signer, onError: w.onError}}
	set := &cookieSet{resource: site + "/*"}
	var wait sync.WaitGroup
	for i := range 8 {
		wait.Go(func() {
			for j := range 500 {
				r := httptest.NewRequest("GET", "/", nil)
				r.Host = fmt.Sprintf("host%d-%d.example.%s", i, j, []string{"org", "com", "net"}[j%3])
				c.checkHost(r, set)
			}
		})
	}
	wait.Wait()
	if n := len(w.errors); n != 2 || len(c.toldHost) != 2 { // one host with a shared parent, and one without
		t.Errorf("OnError was told %d times, %d are remembered", n, len(c.toldHost))
	}
	for i := range 10 * maxToldHosts { // as if the base URL changed repeatedly
		set := &cookieSet{resource: fmt.Sprintf("https://cdn%d.localhost/*", i)}
		r := httptest.NewRequest("GET", "/", nil)
		r.Host = "localhost"
		c.checkHost(r, set)
	}
	if len(c.toldHost) > maxToldHosts || len(w.errors) > maxToldHosts {
		t.Errorf("OnError was told %d times, %d are remembered", len(w.errors), len(c.toldHost))
	}
}

func TestTheLogShowsNoKeyThatARequestHolds(t *testing.T) {
	pem := string(must[[]byte](t)(newWorld(t).key.MarshalPEM()))
	lines := strings.Split(pem, "\n")
	body := strings.Join(lines[1:4], "")
	for _, value := range []string{pem, body, lines[1], strings.ReplaceAll(pem, "\n", `\n`)} {
		for name, put := range map[string]func(*http.Request){
			"the path":   func(r *http.Request) { r.URL.Path = "/files/" + value },
			"the method": func(r *http.Request) { r.Method = value },
			"the host":   func(r *http.Request) { r.Host = value },
		} {
			var text bytes.Buffer
			before := slog.Default()
			slog.SetDefault(slog.New(slog.NewTextHandler(&text, nil)))
			r := httptest.NewRequest("GET", "https://app.example.com/", nil)
			put(r)
			w := newWorld(t)
			h := must[func(http.Handler) http.Handler](t)(Cookies(w.Signer, CookiesOptions{Authorize: grants("a/"), BaseURL: site}))(page)
			h.ServeHTTP(httptest.NewRecorder(), r)
			slog.SetDefault(before)
			if !strings.Contains(text.String(), "never reach") {
				t.Errorf("%s: logged %q", name, text.String())
			}
			for i := range len(body) - 12 {
				if strings.Contains(text.String(), body[i:i+12]) {
					t.Fatalf("%s: the log shows %q", name, body[i:i+12])
				}
			}
		}
	}
}
