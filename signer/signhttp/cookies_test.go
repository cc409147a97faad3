package signhttp

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/signedfront/signedfront/signer"
)

func (w *world) cookies(t testing.TB, o CookiesOptions, next http.Handler) http.Handler {
	t.Helper()
	if o.BaseURL == "" {
		o.BaseURL = site
	}
	o.OnError, o.Now = w.onError, w.now
	return must[func(http.Handler) http.Handler](t)(Cookies(w.Signer, o))(next)
}

var page = http.HandlerFunc(func(rw http.ResponseWriter, _ *http.Request) { io.WriteString(rw, "page") })

// sent returns the Cookie header that a browser sends after a response.
func sent(r *http.Response) string {
	var pairs []string
	for _, c := range r.Cookies() {
		if c.MaxAge >= 0 {
			pairs = append(pairs, c.Name+"="+c.Value)
		}
	}
	return strings.Join(pairs, "; ")
}

func serveWith(h http.Handler, cookie string) *http.Response {
	rec := httptest.NewRecorder()
	r := httptest.NewRequest("GET", "/gallery", nil)
	if cookie != "" {
		r.Header.Set("Cookie", cookie)
	}
	h.ServeHTTP(rec, r)
	return rec.Result()
}

func TestTheCookiesOpenWhatIsGrantedAndNothingBeside(t *testing.T) {
	w := newWorld(t)
	attributes := signer.CookieOptions{Domain: "example.com", AppHost: "app.example.com"}
	r := serve(w.cookies(t, CookiesOptions{Authorize: grants("álbums/7/"), Cookies: attributes}, page), "GET", "/gallery")
	if got := body(t, r); r.StatusCode != http.StatusOK || got != "page" {
		t.Errorf("%d %q", r.StatusCode, got)
	}
	wantPrivate(t, r)
	for _, c := range r.Cookies() {
		if !c.Secure || !c.HttpOnly || c.Domain != "example.com" || c.Path != "/%C3%A1lbums/7/" {
			t.Errorf("%s", strings.ReplaceAll(c.String(), c.Value, "..."))
		}
	}
	for url, want := range map[string]bool{
		site + "/%C3%A1lbums/7/rt.png": true, site + "/%C3%A1lbums/7/a/b?x": true,
		site + "/%C3%A1lbums/70/rt.png": false, site + "/rt.png": false, "https://other.example.com/%C3%A1lbums/7/rt.png": false,
	} {
		if v := w.verify(url, sent(r)); v.Allowed != want {
			t.Errorf("%s: allowed %v, %s", url, v.Allowed, v.Detail)
		}
	}
	v := w.verify(site+"/%C3%A1lbums/7/x", sent(r))
	if got := v.Statement.Expires.Sub(w.now()); got != time.Hour {
		t.Errorf("they last %s by default, want an hour", got)
	}
	all := serve(w.cookies(t, CookiesOptions{Authorize: grants("/"), BaseURL: site + "/"}, page), "GET", "/")
	if v := w.verify(site+"/rt.png", sent(all)); !v.Allowed {
		t.Errorf("the key / opens everything: %s", v.Detail)
	}
}

func TestARequestThatIsGrantedNothingGoesOnUntouched(t *testing.T) {
	w := newWorld(t)
	h := w.cookies(t, CookiesOptions{Authorize: grants("")}, http.HandlerFunc(func(rw http.ResponseWriter, _ *http.Request) {
		rw.Header().Set("Cache-Control", "public")
		rw.WriteHeader(http.StatusTeapot)
	}))
	r := serve(h, "POST", "/")
	if r.StatusCode != http.StatusTeapot || r.Header.Get("Cache-Control") != "public" || len(r.Cookies()) != 0 || r.Header.Get("Referrer-Policy") != "" {
		t.Errorf("%d %v", r.StatusCode, r.Header)
	}
	if n := w.key.signatures.Load(); n != 0 {
		t.Errorf("%d signatures", n)
	}
}

func TestARequestThatIsRefusedNeverReachesThePage(t *testing.T) {
	for name, test := range map[string]struct {
		authorize Authorize
		keyFails  bool
		status    int
		told      string
	}{
		"denied":                        {refuses(ErrDenied), false, 403, ""},
		"a status of the application's": {refuses(&StatusError{Status: 401}), false, 401, ""},
		"a check that fails":            {refuses(io.ErrUnexpectedEOF), false, 403, "authorizing: unexpected EOF"},
		"a key that fails":              {grants("a/"), true, 503, "arn:aws:kms"},
		"a prefix without its slash":    {grants("users/1"), false, 503, "write https://cdn.example.com/users/1/"},
		"a prefix that no URL reaches":  {grants("a/../"), false, 503, "browsers and curl resolve"},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.key.fails.Store(test.keyFails)
			r := serve(w.cookies(t, CookiesOptions{Authorize: test.authorize}, http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
				t.Error("it did")
			})), "GET", "/gallery")
			wantPrivate(t, r)
			if text := body(t, r); r.StatusCode != test.status || len(r.Cookies()) != 0 || text != http.StatusText(test.status)+"\n" {
				t.Errorf("%d %q %v", r.StatusCode, text, r.Cookies())
			}
			if told := w.told(); !strings.Contains(told, test.told) || test.told == "" && told != "" {
				t.Errorf("OnError was told %q, want %q", told, test.told)
			}
		})
	}
}

func TestAHandlerBehindTheMiddlewareMayTakeTheConnection(t *testing.T) {
	w := newWorld(t)
	take := func(hijack func(http.ResponseWriter) (net.Conn, error)) http.Handler {
		return http.HandlerFunc(func(rw http.ResponseWriter, _ *http.Request) {
			conn, err := hijack(rw)
			if err != nil {
				t.Error(err)
				return
			}
			defer conn.Close()
			io.WriteString(conn, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\ntaken")
		})
	}
	for name, h := range map[string]http.Handler{
		"by assertion": take(func(rw http.ResponseWriter) (net.Conn, error) {
			c, _, err := rw.(http.Hijacker).Hijack()
			return c, err
		}),
		"by a controller": take(func(rw http.ResponseWriter) (net.Conn, error) {
			c, _, err := http.NewResponseController(rw).Hijack()
			return c, err
		}),
	} {
		app := httptest.NewServer(w.cookies(t, CookiesOptions{Authorize: grants("a/")}, h))
		r := must[*http.Response](t)(http.Get(app.URL))
		if got := body(t, r); got != "taken" {
			t.Errorf("%s: %q", name, got)
		}
		app.Close()
	}
}

func TestOneSignatureServesManyUntilAQuarterOfItsLifeIsOver(t *testing.T) {
	w := newWorld(t)
	h := w.cookies(t, CookiesOptions{Authorize: grants("a/")}, page)
	for range 50 {
		serve(h, "GET", "/")
	}
	w.advance(15*time.Minute - time.Second)
	serve(h, "GET", "/")
	if n := w.key.signatures.Load(); n != 1 {
		t.Errorf("%d signatures within a quarter of an hour, want 1", n)
	}
	w.advance(time.Second)
	r := serve(h, "GET", "/")
	if n := w.key.signatures.Load(); n != 2 {
		t.Errorf("%d signatures after it, want 2", n)
	}
	if v := w.verify(site+"/a/x", sent(r)); v.Statement.Expires.Sub(w.now()) != time.Hour {
		t.Errorf("the new one ends at %s", v.Statement.Expires)
	}
}

func TestThroughAnOutageTheSignatureAtHandIsUsedUntilHalfOfItsLifeIsOver(t *testing.T) {
	w := newWorld(t)
	h := w.cookies(t, CookiesOptions{Authorize: grants("a/")}, page)
	serve(h, "GET", "/")
	w.key.fails.Store(true)

	w.advance(30*time.Minute - time.Second)
	for range 2 {
		r := serve(h, "GET", "/")
		if v := w.verify(site+"/a/x", sent(r)); r.StatusCode != http.StatusOK || !v.Allowed {
			t.Errorf("before half: %d %s", r.StatusCode, v.Detail)
		}
		wantPrivate(t, r)
		if told := w.told(); !strings.Contains(told, "is down") {
			t.Errorf("before half OnError was told %q", told)
		}
	}
	w.advance(time.Second)
	if r := serve(h, "GET", "/"); r.StatusCode != http.StatusServiceUnavailable || len(r.Cookies()) != 0 {
		t.Errorf("after half: %d", r.StatusCode)
	}
	w.key.fails.Store(false)
	if r := serve(h, "GET", "/"); r.StatusCode != http.StatusOK || len(r.Cookies()) != 5 {
		t.Errorf("after the outage: %d", r.StatusCode)
	}
}

func TestCookiesAreSetOnlyForARequestThatDoesNotBringThem(t *testing.T) {
	w := newWorld(t)
	h := w.cookies(t, CookiesOptions{Authorize: grants("a/"), Cookies: signer.CookieOptions{Path: "/", MaxAge: time.Hour}}, page)
	mine := sent(serve(h, "GET", "/"))
	other := sent(serve(w.cookies(t, CookiesOptions{Authorize: grants("b/")}, page), "GET", "/"))
	_, withoutFirst, _ := strings.Cut(mine, "; ")
	for name, test := range map[string]struct {
		cookie string
		want   int
	}{
		"all of them":                  {mine, 0},
		"all of them among others":     {"a=b; " + mine + "; c=d", 0},
		"none":                         {"", 5},
		"another application's":        {"a=b", 5},
		"those of another grant":       {other, 5},
		"one that was tampered with":   {strings.Replace(mine, "Signature=", "Signature=A", 1), 5},
		"all but one":                  {withoutFirst, 5},
		"one of them twice":            {mine + "; CloudFront-Policy=x", 5},
		"a leftover of another policy": {mine + "; CloudFront-Expires=1", 5},
		"a policy that never ends":     {strings.Replace(mine, "CloudFront-Policy=", "CloudFront-Policy=eyJ9", 1), 5},
	} {
		r := serveWith(h, test.cookie)
		if got := len(r.Cookies()); got != test.want || body(t, r) != "page" {
			t.Errorf("%s: %d cookies, want %d", name, got, test.want)
		}
		wantUncached(t, r)
	}
	w.advance(15 * time.Minute)
	if r := serveWith(h, mine); len(r.Cookies()) != 5 {
		t.Error("cookies that are due are not renewed")
	}
}

func TestEachGrantHasItsOwnSignature(t *testing.T) {
	w := newWorld(t)
	h := w.cookies(t, CookiesOptions{Authorize: func(r *http.Request) (Grant, error) {
		return Grant{Key: "users/" + r.URL.Query().Get("u") + "/", Policy: signer.Policy{TTL: time.Hour, IPAddress: r.URL.Query().Get("ip")}}, nil
	}}, page)
	seen := map[string]bool{}
	for _, query := range []string{"u=1", "u=2", "u=10", "u=1&ip=203.0.113.7", "u=1&ip=203.0.113.8"} {
		seen[sent(serve(h, "GET", "/?"+query))] = true
	}
	if len(seen) != 5 {
		t.Errorf("%d signatures for 5 grants", len(seen))
	}
}

func TestTheSignaturesThatAreHeldAreBounded(t *testing.T) {
	var sets cookieSets
	id := func(i int) setID { return setID{prefix: fmt.Sprint(i)} }
	lives := noon().Add(time.Hour)
	for i := range 10 * halfOfSets {
		sets.put(id(i), &cookieSet{renew: lives, end: lives}, noon())
		if set, _ := sets.get(id(0), noon()); set == nil {
			t.Fatalf("after %d others one that is asked for is gone", i)
		}
	}
	if n := len(sets.newer) + len(sets.old); n > 2*halfOfSets {
		t.Errorf("%d are held, want %d at most", n, 2*halfOfSets)
	}
}

func TestWhileOneRequestRenewsTheOthersGoOn(t *testing.T) {
	w := newWorld(t)
	h := w.cookies(t, CookiesOptions{Authorize: grants("a/")}, page)
	serve(h, "GET", "/")
	w.advance(20 * time.Minute)
	var wait sync.WaitGroup
	for range 64 {
		wait.Go(func() {
			r := serve(h, "GET", "/")
			if v := w.verify(site+"/a/x", sent(r)); !v.Allowed {
				t.Error(v.Detail)
			}
		})
	}
	wait.Wait()
	if n := w.key.signatures.Load(); n != 2 {
		t.Errorf("%d signatures, want the first and one renewal", n)
	}
}

// The signer's source fails for longer than its keys may be used.
func TestThroughAnOutagePastTheAgeOfTheKeyTheSignatureAtHandIsUsedToo(t *testing.T) {
	for name, base := range map[string]string{"the deployment's base URL": "", "one that is set": site} {
		t.Run(name, func(t *testing.T) {
			w := &world{}
			w.clock.Store(noon().UnixNano())
			src := newSource(t)
			src.document.MaxKeyAge = 60
			s := must[*signer.Signer](t)(signer.Open(t.Context(), src, &signer.OpenOptions{Now: w.now}))
			defer s.Close()
			h := must[func(http.Handler) http.Handler](t)(Cookies(s, CookiesOptions{
				Authorize: func(r *http.Request) (Grant, error) { return Grant{Key: r.URL.Query().Get("key")}, nil },
				BaseURL:   base, OnError: w.onError, Now: w.now, Cookies: signer.CookieOptions{Domain: "example.com"},
			}))(page)
			wantOpen := func(when string) {
				t.Helper()
				r := serve(h, "GET", "/?key=a/")
				v := signer.Verify(signer.Request{URL: site + "/a/x", Cookie: []string{sent(r)}, Time: w.now()}, src.trusted())
				if r.StatusCode != http.StatusOK || !v.Allowed {
					t.Errorf("%s: %d %s", when, r.StatusCode, v.Detail)
				}
			}
			wantOpen("at first")
			src.fails.Store(true)

			w.advance(14 * time.Minute)
			wantOpen("before a quarter")
			if told := w.told(); told != "" {
				t.Errorf("before a quarter OnError was told %q", told)
			}
			w.advance(15 * time.Minute)
			for range 2 {
				wantOpen("before half")
				if told := w.told(); !strings.Contains(told, "maxKeyAge") {
					t.Errorf("before half OnError was told %q", told)
				}
			}
			if r := serve(h, "GET", "/?key=b/"); r.StatusCode != http.StatusServiceUnavailable || len(r.Cookies()) != 0 {
				t.Errorf("a grant without a signature at hand: %d", r.StatusCode)
			}
			w.advance(time.Minute)
			if r := serve(h, "GET", "/?key=a/"); r.StatusCode != http.StatusServiceUnavailable || len(r.Cookies()) != 0 {
				t.Errorf("after half: %d", r.StatusCode)
			}
			src.fails.Store(false)
			w.advance(2 * time.Second)
			wantOpen("after the outage")
		})
	}
}

func TestASignatureIsNeverMadeForABaseURLOfBefore(t *testing.T) {
	w := &world{}
	w.clock.Store(noon().UnixNano())
	src := newSource(t)
	src.document.BaseURL = "https://d222222abcdef8.cloudfront.net"
	s := must[*signer.Signer](t)(signer.Open(t.Context(), src, &signer.OpenOptions{Now: w.now}))
	defer s.Close()
	h := must[func(http.Handler) http.Handler](t)(Cookies(s, CookiesOptions{Authorize: grants("a/"), OnError: w.onError, Now: w.now}))(page)
	serve(h, "GET", "/")
	src.document.BaseURL = site
	w.advance(24 * time.Hour) // as in a frozen process
	for range 2 {
		r := serve(h, "GET", "/")
		v := signer.Verify(signer.Request{URL: site + "/a/x", Cookie: []string{sent(r)}, Time: w.now()}, src.trusted())
		if !v.Allowed {
			t.Errorf("%d %s %s", r.StatusCode, v.Detail, w.told())
		}
	}
}
