package signhttp

import (
	"bytes"
	"context"
	"crypto"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/signedfront/signedfront/signer"
)

const (
	keyID = "K2JCJMDEHXQW5F"
	site  = "https://cdn.example.com"
)

func noon() time.Time { return time.Date(2026, 7, 1, 12, 0, 0, 0, time.UTC) }

func must[T any](t testing.TB) func(T, error) T {
	return func(v T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

// failingKey counts its signatures, and fails when a test says so.
type failingKey struct {
	*signer.PrivateKey
	fails      atomic.Bool
	signatures atomic.Int64
	before     func() // called before each signature, if set
}

var errKey = errors.New("the key at arn:aws:kms:eu-west-1:1:key/x is down")

func (k *failingKey) SignDigest(ctx context.Context, digest []byte, hash crypto.Hash) ([]byte, error) {
	if k.fails.Load() {
		return nil, errKey
	}
	k.signatures.Add(1)
	if k.before != nil {
		k.before()
	}
	return k.PrivateKey.SignDigest(ctx, digest, hash)
}

// world is a signer with its key and clock, and the errors passed to OnError.
type world struct {
	*signer.Signer
	key   *failingKey
	clock atomic.Int64

	mu     sync.Mutex
	errors []error
}

func newWorld(t testing.TB) *world {
	t.Helper()
	w := &world{key: &failingKey{PrivateKey: must[*signer.PrivateKey](t)(signer.GenerateKey(""))}}
	w.clock.Store(noon().UnixNano())
	w.Signer = must[*signer.Signer](t)(signer.New(keyID, w.key, &signer.Options{Now: w.now, MaxURLLifetime: 24 * time.Hour}))
	return w
}

func (w *world) now() time.Time          { return time.Unix(0, w.clock.Load()) }
func (w *world) advance(d time.Duration) { w.clock.Add(int64(d)) }

func (w *world) onError(_ *http.Request, err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.errors = append(w.errors, err)
}

func (w *world) told() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	told := errors.Join(w.errors...)
	w.errors = nil
	if told == nil {
		return ""
	}
	return told.Error()
}

func (w *world) verify(url string, cookies ...string) signer.Verdict {
	return signer.Verify(signer.Request{URL: url, Cookie: cookies, Time: w.now()}, map[string]*signer.PublicKey{keyID: w.key.PublicKey()})
}

func (w *world) redirect(t testing.TB, o RedirectOptions) http.Handler {
	t.Helper()
	if o.BaseURL == "" {
		o.BaseURL = site
	}
	o.OnError = w.onError
	return must[http.Handler](t)(Redirect(w.Signer, o))
}

func grants(key string) Authorize {
	return func(*http.Request) (Grant, error) { return Grant{Key: key}, nil }
}

func refuses(err error) Authorize {
	return func(*http.Request) (Grant, error) { return Grant{}, err }
}

func serve(h http.Handler, method, target string) *http.Response {
	rec := httptest.NewRecorder()
	h.ServeHTTP(rec, httptest.NewRequest(method, target, nil))
	return rec.Result()
}

// wantPrivate checks that no field of a response lets a cache keep it.
func wantPrivate(t testing.TB, r *http.Response) {
	t.Helper()
	wantUncached(t, r)
	if got := strings.Join(r.Header.Values("Referrer-Policy"), "|"); got != "no-referrer" {
		t.Errorf("Referrer-Policy %q", got)
	}
}

var forCaches = regexp.MustCompile(`(?i)cache|surrogate|^edge-|^expires|^x-accel-|^pragma$|^age$|^last-modified$|vary$|xkey|ttl$|litespeed`)

func wantUncached(t testing.TB, r *http.Response) {
	t.Helper()
	want := map[string]string{"Cache-Control": "private, no-store", "Vary": "*", "X-Accel-Expires": "0"}
	for name, value := range want {
		if got := strings.Join(r.Header.Values(name), "|"); got != value {
			t.Errorf("%s %q", name, got)
		}
	}
	for name, values := range r.Header {
		if want[name] == "" && len(values) > 0 && forCaches.MatchString(name) {
			t.Errorf("%s %q", name, values)
		}
	}
	for name, values := range r.Trailer {
		if want[name] == "" && len(values) > 0 && forCaches.MatchString(name) {
			t.Errorf("the trailer %s %q", name, values)
		}
	}
}

func body(t testing.TB, r *http.Response) string {
	t.Helper()
	defer r.Body.Close()
	return string(must[[]byte](t)(io.ReadAll(r.Body)))
}

func TestWhatIsGrantedIsRedirectedToAURLThatCloudFrontAllows(t *testing.T) {
	w := newWorld(t)
	for _, method := range []string{"GET", "HEAD"} {
		r := serve(w.redirect(t, RedirectOptions{Authorize: grants("albums/7/día 1+2.png")}), method, "/files/x")
		url := r.Header.Get("Location")
		if r.StatusCode != http.StatusTemporaryRedirect || !strings.HasPrefix(url, site+"/albums/7/d%C3%ADa%201%2B2.png?Expires=") {
			t.Errorf("%s: %d to %q", method, r.StatusCode, url)
		}
		wantPrivate(t, r)
		if v := w.verify(url); !v.Allowed {
			t.Errorf("%s: %s", method, v.Detail)
		}
		if got := body(t, r); got != "" {
			t.Errorf("%s: a body %q, which only repeats the URL", method, got)
		}
		if told := w.told(); told != "" {
			t.Errorf("%s: OnError was told %s", method, told)
		}
	}
}

func TestEveryOtherOutcomeHasItsStatusAndTellsTheClientNothingElse(t *testing.T) {
	secret := errors.New("secret: database at 10.0.0.7")
	for name, test := range map[string]struct {
		authorize Authorize
		method    string
		keyFails  bool
		policy    signer.Policy
		status    int
		told      string // in the error for OnError; empty means no call
	}{
		"denied":                            {authorize: refuses(ErrDenied), status: 403},
		"denied, with a reason":             {authorize: refuses(errors.Join(secret, ErrDenied)), status: 403},
		"a status of the application's":     {authorize: refuses(&StatusError{Status: 404, Err: secret}), status: 404},
		"one that is wrapped":               {authorize: refuses(errors.Join(secret, &StatusError{Status: 401})), status: 401},
		"one that is no refusal":            {authorize: refuses(&StatusError{Status: 200, Err: secret}), status: 403},
		"one without a text":                {authorize: refuses(&StatusError{Status: 499}), status: 499},
		"a check that fails":                {authorize: refuses(secret), status: 403, told: "authorizing: secret"},
		"a check that fails, to HEAD":       {authorize: refuses(secret), method: "HEAD", status: 403, told: "authorizing: secret"},
		"a key that fails":                  {authorize: grants("rt.png"), keyFails: true, status: 503, told: "arn:aws:kms"},
		"a key that fails, to HEAD":         {authorize: grants("rt.png"), method: "HEAD", keyFails: true, status: 503, told: "arn:aws:kms"},
		"longer than the deployment allows": {authorize: grants("rt.png"), policy: signer.Policy{TTL: 48 * time.Hour}, status: 503, told: "maxUrlLifetime"},
		"no object":                         {authorize: grants(""), status: 404, told: "empty"},
		"a name that no URL reaches":        {authorize: grants("a/../b"), status: 404, told: "browsers and curl resolve"},
		"a name with a slash first":         {authorize: grants("/a"), status: 404, told: "starts with a slash"},
		"POST":                              {authorize: grants("rt.png"), method: "POST", status: 405},
		"OPTIONS":                           {authorize: grants("rt.png"), method: "OPTIONS", status: 405},
		"DELETE":                            {authorize: refuses(secret), method: "DELETE", status: 405},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.key.fails.Store(test.keyFails)
			method := test.method
			if method == "" {
				method = "GET"
			}
			r := serve(w.redirect(t, RedirectOptions{Authorize: test.authorize, Policy: test.policy}), method, "/files/x")
			if r.StatusCode != test.status {
				t.Errorf("status %d, want %d", r.StatusCode, test.status)
			}
			wantPrivate(t, r)
			if got := r.Header.Get("Location") + strings.Join(r.Header.Values("Set-Cookie"), ""); got != "" {
				t.Errorf("it leads to %q", got)
			}
			if got := body(t, r); strings.ContainsAny(got, ":./") {
				t.Errorf("the client is told %q", got)
			}
			if got := r.Header.Get("Allow"); (got == "GET, HEAD") != (test.status == 405) {
				t.Errorf("Allow %q", got)
			}
			if told := w.told(); !strings.Contains(told, test.told) || test.told == "" && told != "" {
				t.Errorf("OnError was told %q, want %q", told, test.told)
			}
		})
	}
}

func TestARedirectNeverLeavesTheBaseURL(t *testing.T) {
	w := newWorld(t)
	for _, key := range []string{"https://evil.example/x", "x//evil.example/", `\\evil.example`, "@evil.example/", ":8080/x", ".evil.example/", "?Policy=x", "a#b", "a\r\nSet-Cookie: b=c", "%2e%2e/x", "\t", "//evil.example"} {
		h := w.redirect(t, RedirectOptions{Authorize: grants(key)})
		rec := httptest.NewRecorder()
		r := httptest.NewRequest("GET", "http://evil.example//evil.example/%5cevil.example?url=https://evil.example&next=//evil.example", nil)
		for _, name := range []string{"X-Forwarded-Host", "Forwarded", "X-Forwarded-Proto", "Referer", "Origin", "X-Original-URL"} {
			r.Header.Set(name, "https://evil.example")
		}
		h.ServeHTTP(rec, r)
		if strings.HasPrefix(key, "/") {
			if rec.Code != http.StatusNotFound {
				t.Errorf("%q: %d", key, rec.Code)
			}
			continue
		}
		url := rec.Header().Get("Location")
		if want := must[string](t)(signer.ObjectURL(site, key)); !strings.HasPrefix(url, want+"?Expires=") {
			t.Errorf("%q leads to %q", key, url)
		}
		if v := w.verify(url); !v.Allowed {
			t.Errorf("%q: %s", key, v.Detail)
		}
	}
}

func TestAPathIsDecodedOnce(t *testing.T) {
	w := newWorld(t)
	byPath := func(r *http.Request) (Grant, error) { return Grant{Key: r.PathValue("key")}, nil }
	mux := http.NewServeMux()
	mux.Handle("GET /files/{key...}", w.redirect(t, RedirectOptions{Authorize: byPath}))
	stripped := http.StripPrefix("/files/", w.redirect(t, RedirectOptions{
		Authorize: func(r *http.Request) (Grant, error) { return Grant{Key: r.URL.Path}, nil }}))

	for path, key := range map[string]string{
		"a/b.png":            "a/b.png",
		"a%20b%2Bc+d.png":    "a b+c+d.png",
		"100%25.png":         "100%.png",
		"%2525":              "%25",
		"d%C3%ADa.png":       "día.png",
		"a%2Fb":              "a/b",
		"%252e%252e/secrets": "%2e%2e/secrets",
		"a%3Fb%23c":          "a?b#c",
	} {
		want := must[string](t)(signer.ObjectURL(site, key)) + "?Expires="
		for name, h := range map[string]http.Handler{"ServeMux": mux, "StripPrefix": stripped} {
			if r := serve(h, "GET", "/files/"+path); !strings.HasPrefix(r.Header.Get("Location"), want) {
				t.Errorf("%s, %s: %d to %q, want %q", path, name, r.StatusCode, r.Header.Get("Location"), want)
			}
		}
	}

	for path, key := range map[string]string{"a//b": "a//b", "a/%2e%2f/b": ""} {
		r := serve(stripped, "GET", "/files/"+path)
		switch {
		case key == "" && r.StatusCode != http.StatusNotFound:
			t.Errorf("%s: %d", path, r.StatusCode)
		case key != "" && !strings.HasPrefix(r.Header.Get("Location"), site+"/"+key):
			t.Errorf("%s: %d to %q", path, r.StatusCode, r.Header.Get("Location"))
		}
	}
	// What the package comment says about ServeMux.
	if r := serve(mux, "GET", "/files/a//b"); !strings.HasSuffix(r.Header.Get("Location"), "/files/a/b") {
		t.Errorf("ServeMux answers %d to %q", r.StatusCode, r.Header.Get("Location"))
	}
}

func TestThePolicyIsTheGrantsThenTheOptionsThenTwoMinutes(t *testing.T) {
	w := newWorld(t)
	byGrant := func(*http.Request) (Grant, error) {
		return Grant{Key: "rt.png", Policy: signer.Policy{TTL: time.Hour, IPAddress: "203.0.113.7"}}, nil
	}
	for name, test := range map[string]struct {
		o    RedirectOptions
		want time.Duration
	}{
		"by default":     {RedirectOptions{Authorize: grants("rt.png")}, 2 * time.Minute},
		"of the options": {RedirectOptions{Authorize: grants("rt.png"), Policy: signer.Policy{TTL: 7 * time.Minute}}, 7 * time.Minute},
		"of the grant":   {RedirectOptions{Authorize: byGrant, Policy: signer.Policy{TTL: 7 * time.Minute}}, time.Hour},
	} {
		v := w.verify(serve(w.redirect(t, test.o), "GET", "/").Header.Get("Location"))
		if got := v.Statement.Expires.Sub(w.now()); got != test.want {
			t.Errorf("%s: %s, want %s", name, got, test.want)
		}
		if v.Statement.IPAddress.IsValid() != (name == "of the grant") {
			t.Errorf("%s: address %s", name, v.Statement.IPAddress)
		}
	}
}

type source struct {
	document signer.Deployment
	key      *signer.PrivateKey
	fails    atomic.Bool
	hangs    atomic.Bool
	gaveUp   atomic.Bool
}

func (s *source) Deployment(ctx context.Context) (*signer.Deployment, error) {
	if s.fails.Load() {
		return nil, errors.New("no parameter")
	}
	if s.hangs.Load() {
		<-ctx.Done()
		s.gaveUp.Store(true)
		return nil, ctx.Err()
	}
	d := s.document
	return &d, nil
}

func (s *source) Key(context.Context, *signer.Deployment) (signer.Key, error) { return s.key, nil }

func newSource(t testing.TB) *source {
	t.Helper()
	key := must[*signer.PrivateKey](t)(signer.GenerateKey(""))
	return &source{key: key, document: signer.Deployment{
		Schema: signer.DeploymentSchema, BaseURL: site, KeyPairID: keyID, Algorithm: signer.ECDSAP256, Hash: signer.SHA256,
		PublicKeySHA256: key.PublicKey().Fingerprint(), Key: signer.KeyLocation{File: "key.pem"}, MaxURLLifetime: 7200, MaxKeyAge: 600,
	}}
}

func (s *source) trusted() map[string]*signer.PublicKey {
	return map[string]*signer.PublicKey{keyID: s.key.PublicKey()}
}

// deployed returns a signer of a deployment, its source and its clock.
func deployed(t testing.TB) (*signer.Signer, *source, *atomic.Int64) {
	t.Helper()
	src := newSource(t)
	clock := new(atomic.Int64)
	clock.Store(noon().UnixNano())
	s := must[*signer.Signer](t)(signer.Open(t.Context(), src, &signer.OpenOptions{Now: func() time.Time { return time.Unix(0, clock.Load()) }, Timeout: time.Second}))
	t.Cleanup(s.Close)
	return s, src, clock
}

func TestTheBaseURLIsThatOfTheDeploymentUnlessOneIsSet(t *testing.T) {
	s, src, clock := deployed(t)
	w := &world{}
	byDeployment := must[http.Handler](t)(Redirect(s, RedirectOptions{Authorize: grants("rt.png"), OnError: w.onError}))
	fixed := must[http.Handler](t)(Redirect(s, RedirectOptions{Authorize: grants("rt.png"), OnError: w.onError, BaseURL: "https://media.example.com/"}))
	if got := serve(byDeployment, "GET", "/").Header.Get("Location"); !strings.HasPrefix(got, site+"/rt.png?") {
		t.Errorf("the deployment's: %q", got)
	}
	if got := serve(fixed, "GET", "/").Header.Get("Location"); !strings.HasPrefix(got, "https://media.example.com/rt.png?") {
		t.Errorf("the one that is set: %q", got)
	}

	src.fails.Store(true)
	clock.Add(int64(time.Hour)) // as in a process that was frozen for a night
	for name, h := range map[string]http.Handler{"the deployment's": byDeployment, "the one that is set": fixed} {
		r := serve(h, "GET", "/")
		wantPrivate(t, r)
		if text := body(t, r); r.StatusCode != http.StatusServiceUnavailable || text != "Service Unavailable\n" {
			t.Errorf("%s: %d %q while the key is too old", name, r.StatusCode, text)
		}
		if told := w.told(); !strings.Contains(told, "maxKeyAge") || !strings.Contains(told, "no parameter") {
			t.Errorf("%s: OnError was told %q", name, told)
		}
	}

	src.fails.Store(false)
	src.hangs.Store(true)
	clock.Add(int64(time.Hour))
	if _, err := Redirect(s, RedirectOptions{Authorize: grants("x")}); err != nil || src.gaveUp.Load() {
		t.Errorf("a deployment that cannot be read just now is waited for: %v", err)
	}
}

func TestOptionsThatCannotWorkAreRefusedAtTheStart(t *testing.T) {
	w := newWorld(t)
	ok := grants("x/")
	for name, test := range map[string]struct {
		s       *signer.Signer
		o       CookiesOptions
		want    string
		forBoth bool
	}{
		"no signer":              {nil, CookiesOptions{Authorize: ok, BaseURL: site}, "no signer", true},
		"no check":               {w.Signer, CookiesOptions{BaseURL: site}, "Authorize is not set", true},
		"no base URL":            {w.Signer, CookiesOptions{Authorize: ok}, "BaseURL is not set", true},
		"a base URL with a path": {w.Signer, CookiesOptions{Authorize: ok, BaseURL: site + "/a"}, "has a path", true},
		"no URL":                 {w.Signer, CookiesOptions{Authorize: ok, BaseURL: "cdn.example.com"}, "https://", true},
		"a sibling's cookies":    {w.Signer, CookiesOptions{Authorize: ok, BaseURL: site, Cookies: signer.CookieOptions{AppHost: "app.example.com"}}, "set Domain", false},
		"another's cookies":      {w.Signer, CookiesOptions{Authorize: ok, BaseURL: site + "/", Cookies: signer.CookieOptions{Domain: "example.net"}}, "does not cover", false},
	} {
		if _, err := Cookies(test.s, test.o); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: cookies: got %v, want %q in it", name, err, test.want)
		}
		_, err := Redirect(test.s, RedirectOptions{Authorize: test.o.Authorize, BaseURL: test.o.BaseURL})
		if (err != nil) != test.forBoth {
			t.Errorf("%s: redirect: got %v", name, err)
		}
	}
	s, _, _ := deployed(t)
	if _, err := Cookies(s, CookiesOptions{Authorize: ok, Cookies: signer.CookieOptions{Domain: "example.net"}}); err == nil {
		t.Error("cookies that the deployment's host never gets are set")
	}
}

func TestWithoutAHookErrorsGoToTheLog(t *testing.T) {
	var log bytes.Buffer
	before := slog.Default()
	slog.SetDefault(slog.New(slog.NewTextHandler(&log, nil)))
	defer slog.SetDefault(before)
	w := newWorld(t)
	w.key.fails.Store(true)
	h := must[http.Handler](t)(Redirect(w.Signer, RedirectOptions{Authorize: grants("rt.png"), BaseURL: site}))
	serve(h, "GET", "/files/rt.png")
	if got := log.String(); !strings.Contains(got, "path=/files/rt.png") || !strings.Contains(got, "is down") {
		t.Errorf("logged %q", got)
	}
}

func TestABrowserFollowsTheRedirectToTheContent(t *testing.T) {
	w := newWorld(t)
	content := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		if v := w.verify("http://" + r.Host + r.RequestURI); !v.Allowed {
			http.Error(rw, v.Detail, http.StatusForbidden)
			return
		}
		io.WriteString(rw, r.Method)
	}))
	defer content.Close()
	app := httptest.NewServer(w.redirect(t, RedirectOptions{Authorize: grants("día 1+2.png"), BaseURL: content.URL}))
	defer app.Close()

	var wait sync.WaitGroup
	for range 16 {
		wait.Go(func() {
			for range 8 {
				r, err := http.Get(app.URL + "/files/x")
				if err != nil {
					t.Error(err)
					return
				}
				if got := body(t, r); r.StatusCode != http.StatusOK || got != "GET" {
					t.Errorf("%d %q", r.StatusCode, got)
				}
			}
		})
	}
	wait.Wait()
	r := must[*http.Response](t)(http.Head(app.URL))
	if r.StatusCode != http.StatusOK || r.Request.Method != "HEAD" {
		t.Errorf("HEAD became %s, %d", r.Request.Method, r.StatusCode)
	}
}
