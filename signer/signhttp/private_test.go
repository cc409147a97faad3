package signhttp

import (
	"bufio"
	"errors"
	"io"
	"log"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// public sets every field that makes some cache keep a response, in several
// spellings, as a careless middleware or handler may.
func public(h http.Header) {
	for name, value := range map[string]string{
		"Cache-Control":                "public, max-age=600, s-maxage=600, stale-while-revalidate=600",
		"cache-control":                "public, max-age=600",
		"CDN-Cache-Control":            "max-age=600",
		"cdn-cache-control":            "max-age=600",
		"Cdn-Cache-Control":            "max-age=600",
		"Cloudflare-Cdn-Cache-Control": "max-age=600",
		"Vercel-Cdn-Cache-Control":     "max-age=600",
		"Netlify-Cdn-Cache-Control":    "public, durable, max-age=600",
		"Netlify-Vary":                 "query",
		"Netlify-Cache-Tag":            "all",
		"X-Litespeed-Cache-Control":    "public, max-age=600",
		"Another-Cache-Control":        "max-age=600",
		"Surrogate-Control":            "max-age=600",
		"Surrogate-Key":                "all",
		"Edge-Control":                 "!no-store, max-age=600",
		"Edge-Cache-Tag":               "all",
		"X-Accel-Expires":              "600",
		"x-accel-expires":              "600",
		"Expires":                      "Fri, 01 Jan 2038 12:00:00 GMT",
		"Pragma":                       "public",
		"Age":                          "1",
		"Last-Modified":                "Thu, 01 Jan 2026 12:00:00 GMT",
		"Vary":                         "Accept-Encoding",
		"vary":                         "Origin",
		"Xkey":                         "all",
		"X-VC-TTL":                     "600",
		"X-Cache-Enabled":              "True",
		"Referrer-Policy":              "unsafe-url",
		"referrer-policy":              "unsafe-url",
		"Etag":                         `"1"`,
		"X-Request-Id":                 "of the application",
	} {
		h[name] = []string{value}
	}
}

// outside are middlewares around a handler of this package.
var outside = map[string]func(http.Handler) http.Handler{
	"nothing": func(h http.Handler) http.Handler { return h },
	"before": func(h http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { public(w.Header()); h.ServeHTTP(w, r) })
	},
	"after": func(h http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { h.ServeHTTP(w, r); public(w.Header()) })
	},
	"before a TimeoutHandler": func(h http.Handler) http.Handler {
		h = http.TimeoutHandler(h, time.Minute, "")
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			public(w.Header())
			for name := range w.Header() { // no handler can remove other spellings set there
				if http.CanonicalHeaderKey(name) != name || strings.HasPrefix(name, "Another-") || strings.HasSuffix(name, "-Tag") ||
					name == "Surrogate-Key" || name == "X-Cache-Enabled" {
					delete(w.Header(), name)
				}
			}
			h.ServeHTTP(w, r)
		})
	},
	"before a middleware that sends the header late": func(h http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			public(w.Header())
			late := &lateWriter{ResponseWriter: w, status: http.StatusOK}
			h.ServeHTTP(late, r)
			late.ResponseWriter.WriteHeader(late.status)
			w.Write(late.body)
		})
	},
}

// lateWriter keeps a body until it is complete, as compressing middlewares do.
type lateWriter struct {
	http.ResponseWriter
	status int
	body   []byte
}

func (w *lateWriter) WriteHeader(status int) {
	if status >= 200 {
		w.status = status
	}
}
func (w *lateWriter) Write(p []byte) (int, error) { w.body = append(w.body, p...); return len(p), nil }

// pages are an application's handlers, including careless ones.
func pages(t *testing.T) map[string]http.HandlerFunc {
	file := filepath.Join(t.TempDir(), "page.html")
	if err := os.WriteFile(file, []byte("page"), 0o600); err != nil {
		t.Fatal(err)
	}
	return map[string]http.HandlerFunc{
		"writes":              func(w http.ResponseWriter, _ *http.Request) { public(w.Header()); io.WriteString(w, "page") },
		"writes a status":     func(w http.ResponseWriter, _ *http.Request) { public(w.Header()); w.WriteHeader(404) },
		"writes not modified": func(w http.ResponseWriter, _ *http.Request) { public(w.Header()); w.WriteHeader(304) },
		"redirects for good": func(w http.ResponseWriter, r *http.Request) {
			public(w.Header())
			http.Redirect(w, r, "/", http.StatusMovedPermanently)
		},
		"writes nothing":       func(w http.ResponseWriter, _ *http.Request) { public(w.Header()) },
		"writes nothing twice": func(w http.ResponseWriter, _ *http.Request) { public(w.Header()); w.Write(nil); public(w.Header()) },
		"writes, then sets": func(w http.ResponseWriter, _ *http.Request) {
			io.WriteString(w, "page")
			public(w.Header())
			io.WriteString(w, "page")
		},
		"flushes": func(w http.ResponseWriter, _ *http.Request) {
			public(w.Header())
			w.(http.Flusher).Flush()
			public(w.Header())
			io.WriteString(w, "page")
		},
		"flushes by a controller": func(w http.ResponseWriter, _ *http.Request) {
			public(w.Header())
			if err := http.NewResponseController(w).Flush(); err != nil && !errors.Is(err, http.ErrNotSupported) {
				t.Error(err)
			}
			public(w.Header())
		},
		"serves a file": func(w http.ResponseWriter, r *http.Request) { public(w.Header()); http.ServeFile(w, r, file) },
		"serves no file": func(w http.ResponseWriter, r *http.Request) {
			public(w.Header())
			http.ServeFile(w, r, file+".none")
		},
		"copies nothing first": func(w http.ResponseWriter, _ *http.Request) {
			io.Copy(w, io.LimitReader(strings.NewReader(""), 1))
			public(w.Header())
			w.WriteHeader(404)
		},
		"copies": func(w http.ResponseWriter, _ *http.Request) {
			public(w.Header())
			io.Copy(w, io.LimitReader(strings.NewReader(strings.Repeat("page", 1000)), 4000))
		},
		"sends hints first": func(w http.ResponseWriter, _ *http.Request) {
			public(w.Header())
			w.WriteHeader(http.StatusEarlyHints)
			public(w.Header())
			w.WriteHeader(200)
		},
		"sends trailers": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Trailer", "CDN-Cache-Control, X-Sum")
			io.WriteString(w, "page")
			w.(http.Flusher).Flush()
			public(w.Header())
			w.Header().Set("X-Sum", "1")
			w.Header().Set(http.TrailerPrefix+"Surrogate-Control", "max-age=600")
			w.Header().Set(http.TrailerPrefix+"X-Other", "2")
		},
	}
}

func get(t testing.TB, h http.Handler, method string, headers ...string) *http.Response {
	t.Helper()
	app := httptest.NewUnstartedServer(h)
	app.Config.ErrorLog = log.New(io.Discard, "", 0) // some write a second header
	app.Start()
	defer app.Close()
	r := must[*http.Request](t)(http.NewRequest(method, app.URL+"/gallery", nil))
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	response := must[*http.Response](t)(http.DefaultTransport.RoundTrip(r))
	response.Body = io.NopCloser(strings.NewReader(body(t, response)))
	return response
}

func TestNoCacheIsToldToKeepAnAnswerForOneViewer(t *testing.T) {
	w := newWorld(t)
	type answer struct {
		http.Handler
		cookies int
		cookie  string // in the request
	}
	answers := map[string]answer{
		"a redirect":                {Handler: w.redirect(t, RedirectOptions{Authorize: grants("rt.png")})},
		"a redirect that is denied": {Handler: w.redirect(t, RedirectOptions{Authorize: refuses(ErrDenied)})},
		"no object":                 {Handler: w.redirect(t, RedirectOptions{Authorize: grants("")})},
		"a page that is denied":     {Handler: w.cookies(t, CookiesOptions{Authorize: refuses(&StatusError{Status: 401})}, page)},
		"a page without a prefix":   {Handler: w.cookies(t, CookiesOptions{Authorize: grants("a")}, page)},
	}
	withCookies := must[func(http.Handler) http.Handler](t)(Cookies(w.Signer, CookiesOptions{
		Authorize: grants("a/"), BaseURL: site, Now: w.now, OnError: w.onError}))
	mine := sent(serve(withCookies(page), "GET", "/"))
	for name, handler := range pages(t) {
		answers["a page that "+name] = answer{Handler: withCookies(handler), cookies: 5}
		answers["a page for a viewer with cookies that "+name] = answer{withCookies(handler), 0, mine}
		answers["a playlist that "+name] = answer{Handler: Private(handler)}
	}
	for around, middleware := range outside {
		for name, answer := range answers {
			for _, method := range []string{"GET", "HEAD"} {
				t.Run(around+"/"+name+"/"+method, func(t *testing.T) {
					if strings.HasPrefix(around, "before a ") && strings.Contains(name, "trailers") {
						return // neither forwards trailers or Flush
					}
					r := get(t, middleware(answer.Handler), method, "Cookie", answer.cookie)
					wantUncached(t, r)
					if !strings.Contains(name, "with cookies") {
						wantPrivate(t, r)
					}
					if len(r.Cookies()) != answer.cookies {
						t.Errorf("%d cookies, want %d", len(r.Cookies()), answer.cookies)
					}
				})
			}
		}
	}
}

func TestNoCacheIsToldToKeepAnAnswerOverHTTP2(t *testing.T) {
	w := newWorld(t)
	for name, handler := range pages(t) {
		app := httptest.NewUnstartedServer(outside["after"](w.cookies(t, CookiesOptions{Authorize: grants("a/")}, handler)))
		app.Config.ErrorLog = log.New(io.Discard, "", 0)
		app.EnableHTTP2 = true
		app.StartTLS()
		r := must[*http.Response](t)(app.Client().Transport.RoundTrip(must[*http.Request](t)(http.NewRequest("GET", app.URL, nil))))
		body(t, r)
		if wantPrivate(t, r); r.ProtoMajor != 2 || len(r.Cookies()) != 5 || t.Failed() {
			t.Errorf("%s: %s with %d cookies", name, r.Proto, len(r.Cookies()))
		}
		app.Close()
	}
}

func TestWhatIsNotForCachesStays(t *testing.T) {
	w := newWorld(t)
	handler := http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		rw.Header().Set("ETag", `"1"`)
		rw.Header().Set("Content-Type", "text/x-page")
		rw.Header().Set("X-Accel-Buffering", "no")
		rw.Header().Add("Set-Cookie", "session=1")
		rw.Header().Del("X-Deleted")
		if r.Header.Get("If-None-Match") != "" {
			rw.WriteHeader(http.StatusNotModified)
			return
		}
		rw.Header().Set("Trailer", "X-Sum")
		io.WriteString(rw, "page")
		rw.(http.Flusher).Flush()
		rw.Header().Set("X-Sum", "1")
		rw.Header().Set(http.TrailerPrefix+"X-Other", "2")
	})
	app := http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		rw.Header().Set("X-Deleted", "1")
		rw.Header().Set("X-Outside", "1")
		w.cookies(t, CookiesOptions{Authorize: grants("a/")}, handler).ServeHTTP(rw, r)
	})
	r := get(t, app, "GET")
	for name, want := range map[string]string{"ETag": `"1"`, "Content-Type": "text/x-page", "X-Accel-Buffering": "no", "X-Deleted": "", "X-Outside": "1"} {
		if got := r.Header.Get(name); got != want {
			t.Errorf("%s %q, want %q", name, got, want)
		}
	}
	if names := cookieNames(r); !slices.Contains(names, "session") || len(names) != 6 {
		t.Errorf("cookies %v", names)
	}
	if r.Trailer.Get("X-Sum") != "1" || r.Trailer.Get("X-Other") != "2" {
		t.Errorf("trailers %v", r.Trailer)
	}
	if r := get(t, app, "GET", "If-None-Match", `"1"`); r.StatusCode != http.StatusNotModified || len(r.Cookies()) != 6 {
		t.Errorf("%d with %d cookies", r.StatusCode, len(r.Cookies()))
	}
}

func cookieNames(r *http.Response) []string {
	var names []string
	for _, c := range r.Cookies() {
		names = append(names, c.Name)
	}
	return names
}

// A server such as nginx would send the file in place of the refusal.
func TestAnAnswerOfOurOwnStandsForNoPageAndNoFile(t *testing.T) {
	w := newWorld(t)
	for name, h := range map[string]http.Handler{
		"a redirect":           w.redirect(t, RedirectOptions{Authorize: grants("rt.png")}),
		"a denial":             w.redirect(t, RedirectOptions{Authorize: refuses(ErrDenied)}),
		"a denial of a page":   w.cookies(t, CookiesOptions{Authorize: refuses(ErrDenied)}, page),
		"a failure for a page": w.cookies(t, CookiesOptions{Authorize: grants("a")}, page),
	} {
		r := get(t, http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
			rw.Header().Set("ETag", `"1"`)
			rw.Header().Set("X-Accel-Redirect", "/protected/rt.png")
			rw.Header().Set("X-Sendfile", "/srv/rt.png")
			rw.Header().Set("Location", "https://evil.example/")
			rw.Header()["x-accel-redirect"] = []string{"/protected/rt.png"}
			rw.Header()["location"] = []string{"https://evil.example/"}
			h.ServeHTTP(rw, r)
		}), "GET")
		for _, field := range []string{"ETag", "X-Accel-Redirect", "X-Sendfile"} {
			if got := r.Header.Get(field); got != "" {
				t.Errorf("%s: %s %q", name, field, got)
			}
		}
		want := 0
		if r.StatusCode == http.StatusTemporaryRedirect {
			want = 1
		}
		if got := r.Header.Values("Location"); len(got) != want || want == 1 && !strings.HasPrefix(got[0], site+"/rt.png?") {
			t.Errorf("%s: it leads to %q", name, got)
		}
	}
}

func TestAHandlerThatWritesPastTheMiddlewareIsPrivateToo(t *testing.T) {
	w := newWorld(t)
	r := get(t, w.cookies(t, CookiesOptions{Authorize: grants("a/")}, http.HandlerFunc(func(rw http.ResponseWriter, _ *http.Request) {
		public(rw.Header())
		io.WriteString(rw.(interface{ Unwrap() http.ResponseWriter }).Unwrap(), "page")
	})), "GET")
	wantPrivate(t, r)
	if got := body(t, r); got != "page" {
		t.Errorf("got %q", got)
	}
}

func TestHintsCarryNoCookies(t *testing.T) {
	w := newWorld(t)
	app := httptest.NewServer(w.cookies(t, CookiesOptions{Authorize: grants("a/")}, http.HandlerFunc(func(rw http.ResponseWriter, _ *http.Request) {
		rw.Header().Set("Link", "</style.css>; rel=preload")
		rw.WriteHeader(http.StatusEarlyHints)
		io.WriteString(rw, "page")
	})))
	defer app.Close()
	conn := must[net.Conn](t)(net.Dial("tcp", app.Listener.Addr().String()))
	defer conn.Close()
	io.WriteString(conn, "GET / HTTP/1.1\r\nHost: example.com\r\nConnection: close\r\n\r\n")
	in := bufio.NewReader(conn)
	hints := must[*http.Response](t)(http.ReadResponse(in, nil))
	if hints.StatusCode != http.StatusEarlyHints || hints.Header.Get("Link") == "" || len(hints.Cookies()) > 0 {
		t.Errorf("%d %v", hints.StatusCode, hints.Header)
	}
	wantUncached(t, hints)
	r := must[*http.Response](t)(http.ReadResponse(in, nil))
	if got := body(t, r); got != "page" || len(r.Cookies()) != 5 {
		t.Errorf("%q with %d cookies", got, len(r.Cookies()))
	}
}

func TestAPanicLeavesNoAnswerThatACacheKeeps(t *testing.T) {
	w := newWorld(t)
	panics := func(*http.Request) (Grant, error) { panic("of Authorize") }
	tells := func(*http.Request, error) { panic("of OnError") }
	redirect := func(o RedirectOptions) http.Handler {
		o.BaseURL = site
		return must[http.Handler](t)(Redirect(w.Signer, o))
	}
	cookies := func(o CookiesOptions, next http.HandlerFunc) http.Handler {
		o.BaseURL, o.Now = site, w.now
		return must[func(http.Handler) http.Handler](t)(Cookies(w.Signer, o))(next)
	}
	inPage := func(write func(http.ResponseWriter)) http.HandlerFunc {
		return func(rw http.ResponseWriter, _ *http.Request) {
			public(rw.Header())
			write(rw)
			panic("of the page")
		}
	}
	nothing := inPage(func(http.ResponseWriter) {})
	for name, h := range map[string]http.Handler{
		"Authorize, for a redirect":     redirect(RedirectOptions{Authorize: panics}),
		"OnError, for a redirect":       redirect(RedirectOptions{Authorize: refuses(io.EOF), OnError: tells}),
		"OnError, for no object":        redirect(RedirectOptions{Authorize: grants(""), OnError: tells}),
		"Authorize, for a page":         cookies(CookiesOptions{Authorize: panics}, nothing),
		"OnError, for a page":           cookies(CookiesOptions{Authorize: refuses(io.EOF), OnError: tells}, nothing),
		"OnError, for the host":         cookies(CookiesOptions{Authorize: grants("a/"), OnError: tells}, nothing),
		"OnError, for no prefix":        cookies(CookiesOptions{Authorize: grants("a"), OnError: tells}, nothing),
		"a page that wrote nothing":     cookies(CookiesOptions{Authorize: grants("a/"), OnError: w.onError}, nothing),
		"a page that wrote":             cookies(CookiesOptions{Authorize: grants("a/"), OnError: w.onError}, inPage(func(rw http.ResponseWriter) { io.WriteString(rw, "half") })),
		"a playlist that wrote nothing": Private(nothing),
		"a middleware of no page":       cookies(CookiesOptions{Authorize: grants("a/"), OnError: w.onError}, nil),
	} {
		t.Run(name, func(t *testing.T) {
			r := get(t, http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
				defer func() {
					if recover() == nil {
						t.Error("the panic is hidden")
					}
					rw.WriteHeader(http.StatusInternalServerError)
				}()
				public(rw.Header())
				h.ServeHTTP(rw, r)
			}), "GET")
			wantUncached(t, r)
			if wrote := r.StatusCode == http.StatusOK; wrote != (len(r.Cookies()) > 0) || wrote != strings.HasSuffix(name, "wrote") {
				t.Errorf("%d with %d cookies", r.StatusCode, len(r.Cookies()))
			}
			if r.Header.Get("Location") != "" {
				t.Error("it leads somewhere")
			}
		})
	}
}

// An inner middleware serves several requests with one response, and ignores its
// header.
func TestACacheInsideTheMiddlewareHoldsNoCookiesOfOthers(t *testing.T) {
	w := newWorld(t)
	var kept http.Header
	cache := http.HandlerFunc(func(rw http.ResponseWriter, _ *http.Request) {
		if kept != nil {
			maps.Copy(rw.Header(), kept)
		}
		io.WriteString(rw, "page")
		kept = rw.Header().Clone()
	})
	h := w.cookies(t, CookiesOptions{Authorize: func(r *http.Request) (Grant, error) {
		user, _, _ := r.BasicAuth()
		if user == "" {
			return Grant{}, nil
		}
		return Grant{Key: "users/" + user + "/"}, nil
	}}, cache)
	for _, user := range []string{"ada", "bob", ""} {
		rec := httptest.NewRecorder()
		r := httptest.NewRequest("GET", "/", nil)
		if user != "" {
			r.SetBasicAuth(user, "")
		}
		h.ServeHTTP(rec, r)
		if n := len(rec.Result().Cookies()); n != 5 && user != "" || n != 0 && user == "" {
			t.Errorf("%q gets %d cookies", user, n)
		}
		for _, c := range rec.Result().Cookies() {
			if c.Path != "/users/"+user+"/" {
				t.Errorf("%q gets a cookie for %s", user, c.Path)
			}
		}
	}
}

func TestTwoMiddlewaresSetTheCookiesOfBoth(t *testing.T) {
	w := newWorld(t)
	r := get(t, w.cookies(t, CookiesOptions{Authorize: grants("a/")},
		Private(w.cookies(t, CookiesOptions{Authorize: grants("b/")}, pages(t)["sends hints first"]))), "GET")
	wantPrivate(t, r)
	paths := map[string]int{}
	for _, c := range r.Cookies() {
		paths[c.Path]++
	}
	if paths["/a/"] != 5 || paths["/b/"] != 5 {
		t.Errorf("cookies for %v", paths)
	}
}

func TestAnAnswerIsSniffedSentAndCountedAsWithoutTheMiddleware(t *testing.T) {
	w := newWorld(t)
	text := strings.Repeat("<p>page</p>", 1000)
	for name, write := range map[string]func(http.ResponseWriter){
		"written":       func(rw http.ResponseWriter) { io.WriteString(rw, text) },
		"copied":        func(rw http.ResponseWriter) { io.Copy(rw, io.LimitReader(strings.NewReader(text), int64(len(text)))) },
		"short, copied": func(rw http.ResponseWriter) { io.Copy(rw, io.LimitReader(strings.NewReader(text), 20)) },
		"empty":         func(http.ResponseWriter) {},
		"failing": func(rw http.ResponseWriter) {
			if _, err := io.Copy(rw, io.MultiReader(strings.NewReader(""), failingReader{})); err == nil {
				t.Error("the error of the reader is lost")
			}
			http.Error(rw, "no", 500)
		},
	} {
		page := http.HandlerFunc(func(rw http.ResponseWriter, _ *http.Request) { write(rw) })
		for _, method := range []string{"GET", "HEAD"} {
			plain, with := get(t, page, method), get(t, w.cookies(t, CookiesOptions{Authorize: grants("a/")}, page), method)
			for _, field := range []string{"Content-Type", "Content-Length"} {
				if got, want := with.Header.Get(field), plain.Header.Get(field); got != want {
					t.Errorf("%s, %s: %s %q, want %q", name, method, field, got, want)
				}
			}
			sniffed := func(h http.Handler) string { return serve(h, method, "/").Header.Get("Content-Type") }
			if got, want := sniffed(w.cookies(t, CookiesOptions{Authorize: grants("a/")}, page)), sniffed(page); got != want {
				t.Errorf("%s, %s: a recorder sniffs %q, want %q", name, method, got, want)
			}
			if with.StatusCode != plain.StatusCode || body(t, with) != body(t, plain) {
				t.Errorf("%s, %s: another answer, %d", name, method, with.StatusCode)
			}
		}
	}
}

type failingReader struct{}

func (failingReader) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }

// A writer that cannot flush must not have sent anything.
func TestAFlushThatIsNotSupportedSendsNoHeader(t *testing.T) {
	w := newWorld(t)
	rec := httptest.NewRecorder()
	w.cookies(t, CookiesOptions{Authorize: grants("a/")}, http.HandlerFunc(func(rw http.ResponseWriter, _ *http.Request) {
		if err := http.NewResponseController(rw).Flush(); !errors.Is(err, http.ErrNotSupported) {
			t.Errorf("got %v", err)
		}
		rw.Header().Set("X-Late", "1")
		public(rw.Header())
		rw.WriteHeader(404)
	})).ServeHTTP(struct{ http.ResponseWriter }{rec}, httptest.NewRequest("GET", "/", nil))
	r := rec.Result()
	wantPrivate(t, r)
	if r.StatusCode != 404 || r.Header.Get("X-Late") == "" || len(r.Cookies()) != 5 {
		t.Errorf("%d %v", r.StatusCode, r.Header)
	}
}

func TestManyFieldsOfManyCachesAreRemoved(t *testing.T) {
	for _, name := range append([]string{"Some-CDN-Cache-Control", "X-Cache-TTL", "Cache-Tags", "x-surrogate-key", "VARY", "aGe", "X-VC-TTL", "Some-ttl",
		http.TrailerPrefix + "cdn-cache-control", http.TrailerPrefix + "Expires"}, fieldsForCaches...) {
		h := http.Header{name: {"1"}, "X-Session-Expires": {"1"}, "Accept-Ranges": {"bytes"}, "Age-Group": {"1"}}
		keepOutOfCaches(h)
		for got, values := range h {
			if strings.EqualFold(got, name) && len(values) > 0 && values[0] == "1" {
				t.Errorf("%s stays", got)
			}
		}
		if n := len(h["X-Session-Expires"]) + len(h["Accept-Ranges"]) + len(h["Age-Group"]); n != 3 {
			t.Error(name + " takes others along: " + strconv.Itoa(n))
		}
	}
}
