package page

import (
	"io/fs"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/signedfront/signedfront/signer/edge"
)

var pictures = fstest.MapFS{
	"rt.png":              {Data: painting(1)},
	"albums/7/a b.png":    {Data: painting(2)},
	"albums/7/notes.txt":  {Data: []byte("día")},
	"albums/ten/last.txt": {Data: []byte("10")},
}

func TestDataIsGivenOnlyForTheTokenOfTheRun(t *testing.T) {
	s := start(t, template(t), pictures)
	for _, path := range []string{"GET /api/deployment", "GET /api/files", "POST /api/links", "POST /api/answers", "GET /api/requests?after=0", "GET /api/requests/1", "POST /api/explanations", "GET /api/access"} {
		for _, token := range []string{"", "x", s.page.token[:len(s.page.token)-1], s.page.token + "x", strings.ToLower(s.page.token)} {
			method, target, _ := strings.Cut(path, " ")
			r := httptest.NewRequest(method, s.address+target, strings.NewReader("{}"))
			r.Header.Set("Content-Type", "application/json")
			r.Header.Set(tokenHeader, token)
			w := httptest.NewRecorder()
			s.page.ServeHTTP(w, r)
			if w.Code != http.StatusUnauthorized || strings.Contains(w.Body.String(), s.page.token) {
				t.Errorf("%s with the token %q: %d %s", path, token, w.Code, w.Body)
			}
		}
		// Neither the address nor a cookie has it.
		method, target, _ := strings.Cut(path, " ")
		separator := "?"
		if strings.Contains(target, "?") {
			separator = "&"
		}
		r := httptest.NewRequest(method, s.address+target+separator+"token="+s.page.token, strings.NewReader("{}"))
		r.AddCookie(&http.Cookie{Name: "token", Value: s.page.token})
		w := httptest.NewRecorder()
		s.page.ServeHTTP(w, r)
		if w.Code != http.StatusUnauthorized {
			t.Errorf("%s with the token in its address: %d", path, w.Code)
		}
	}
}

func TestTwoPagesHaveTwoTokens(t *testing.T) {
	a, b := start(t, template(t), pictures), start(t, template(t), pictures)
	if a.page.token == b.page.token || len(a.page.token) < 26 {
		t.Errorf("tokens %q and %q", a.page.token, b.page.token)
	}
	if got := a.page.URL(); got != a.address+"/#token="+a.page.token {
		t.Errorf("the URL is %s", got)
	}
}

func TestOtherPagesAndHostsAreRefused(t *testing.T) {
	s := start(t, template(t), pictures)
	ask := func(change func(r *http.Request)) *httptest.ResponseRecorder {
		r := httptest.NewRequest(http.MethodPost, s.address+"/api/explanations", strings.NewReader(`{"url": "https://d111111abcdef8.cloudfront.net/"}`))
		r.Header.Set("Content-Type", "application/json")
		r.Header.Set(tokenHeader, s.page.token)
		change(r)
		w := httptest.NewRecorder()
		s.page.ServeHTTP(w, r)
		return w
	}
	if w := ask(func(*http.Request) {}); w.Code != http.StatusOK {
		t.Fatalf("the page itself: %d %s", w.Code, w.Body)
	}
	for name, change := range map[string]func(r *http.Request){
		"another host, as after DNS rebinding": func(r *http.Request) { r.Host = "attacker.example:" + strings.Split(s.address, ":")[2] },
		"another port":                         func(r *http.Request) { r.Host = "127.0.0.1:1" },
		"another name of this machine":         func(r *http.Request) { r.Host = "localhost:" + strings.Split(s.address, ":")[2] },
		"a page of another site":               func(r *http.Request) { r.Header.Set("Sec-Fetch-Site", "cross-site") },
		"a page of the edge's":                 func(r *http.Request) { r.Header.Set("Sec-Fetch-Site", "same-site") },
		"a page of another origin":             func(r *http.Request) { r.Header.Set("Origin", s.base) },
	} {
		if w := ask(change); w.Code != http.StatusForbidden {
			t.Errorf("%s: %d", name, w.Code)
		}
	}
	if w := ask(func(r *http.Request) { r.Header.Set("Content-Type", "text/plain") }); w.Code != http.StatusUnsupportedMediaType {
		t.Errorf("a body that a form of another page can send: %d", w.Code)
	}
}

func TestEveryAnswerCarriesThePolicyOfThePage(t *testing.T) {
	s := start(t, template(t), pictures)
	for _, path := range []string{"/", "/page.js", "/none", "/api/files", "/api/deployment"} {
		w := httptest.NewRecorder()
		s.page.ServeHTTP(w, httptest.NewRequest(http.MethodGet, s.address+path, nil))
		want := map[string]string{
			"Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' " + s.base +
				"; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'",
			"X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer", "Cache-Control": "no-store",
		}
		for name, value := range want {
			if got := w.Header().Get(name); got != value {
				t.Errorf("%s: %s is %q, want %q", path, name, got, value)
			}
		}
	}
}

func TestTheAssetsAreSmallAndAskNobodyElse(t *testing.T) {
	size := 0
	err := fs.WalkDir(assets, ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		content, err := fs.ReadFile(assets, name)
		if err != nil {
			return err
		}
		size += len(content)
		text := strings.ReplaceAll(string(content), "http://www.w3.org/2000/svg", "")
		for _, forbidden := range []string{"innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(", "style=\"", "<script>", "@import", "src=\"http", "url(http", "from 'http"} {
			if strings.Contains(text, forbidden) {
				t.Errorf("%s has %s", name, forbidden)
			}
		}
		w := httptest.NewRecorder()
		serveAsset(w, httptest.NewRequest(http.MethodGet, strings.TrimPrefix(name, "assets"), nil))
		if w.Code != http.StatusOK || w.Header().Get("Content-Type") == "" {
			t.Errorf("%s: %d %q", name, w.Code, w.Header().Get("Content-Type"))
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if size < 10_000 || size > 300_000 {
		t.Errorf("the assets have %d bytes", size)
	}
}

func TestNothingOutsideOfTheAssetsIsServed(t *testing.T) {
	s := start(t, template(t), pictures)
	for _, path := range []string{"/../page.go", "/%2e%2e/page.go", "/..%2fpage.go", "/assets/page.js", "/.", "/page.js/"} {
		r := httptest.NewRequest(http.MethodGet, s.address+"/", nil)
		r.URL.Path = path
		w := httptest.NewRecorder()
		serveAsset(w, r)
		if w.Code != http.StatusNotFound {
			t.Errorf("%s: %d", path, w.Code)
		}
	}
}

func TestAPageThatCannotWorkIsNotMade(t *testing.T) {
	right := Config{Address: "http://127.0.0.1:8081", BaseURL: "http://127.0.0.1:8080", Edge: func() *edge.Edge { return nil }, Objects: edge.OpenFS(pictures)}
	if _, err := New(right); err != nil {
		t.Fatal(err)
	}
	for want, change := range map[string]func(c *Config){
		`page: Address: an empty value: want only a scheme and a host, such as http://127.0.0.1:8081`:                            func(c *Config) { c.Address = "" },
		`page: Address: "http://127.0.0.1:8081/": want only a scheme and a host, such as http://127.0.0.1:8081`:                  func(c *Config) { c.Address += "/" },
		`page: BaseURL: "ftp://127.0.0.1": want only a scheme and a host, such as http://127.0.0.1:8081`:                         func(c *Config) { c.BaseURL = "ftp://127.0.0.1" },
		`page: BaseURL: a value of 19 bytes that looks like a URL: want only a scheme and a host, such as http://127.0.0.1:8081`: func(c *Config) { c.BaseURL = "http://a;script-src" },
		`page: Address is that of the edge: set another port`:                                                                    func(c *Config) { c.Address = c.BaseURL },
		`page: Edge is missing: set a function that returns the edge`:                                                            func(c *Config) { c.Edge = nil },
		`page: Objects is missing: set the content of the bucket`:                                                                func(c *Config) { c.Objects = nil },
		`page: Token must have at least 16 letters, digits, hyphens and underscores: leave it out to get a random one`:           func(c *Config) { c.Token = "a token with spaces in it" },
	} {
		c := right
		change(&c)
		if _, err := New(c); err == nil || err.Error() != want {
			t.Errorf("got %v, want %s", err, want)
		}
	}
}
