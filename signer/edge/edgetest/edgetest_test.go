package edgetest

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/signedfront/signedfront/signer"
	"github.com/signedfront/signedfront/signer/edge"
	"github.com/signedfront/signedfront/signer/edge/recorded"
)

// reported is a testing.TB that keeps the errors reported to it.
type reported struct {
	testing.TB
	errors []string
}

func (r *reported) Helper() {}
func (r *reported) Error(args ...any) {
	r.errors = append(r.errors, fmt.Sprint(args...))
}
func (r *reported) Errorf(format string, args ...any) {
	r.errors = append(r.errors, fmt.Sprintf(format, args...))
}
func (r *reported) Fatalf(format string, args ...any) {
	r.Errorf(format, args...)
	panic(r)
}

// check runs a check and returns the errors it reports.
func check(s *Server, run func()) string {
	r := &reported{TB: s.tb}
	was := s.tb
	s.tb = r
	defer func() {
		s.tb = was
		if ended := recover(); ended != nil && ended != any(r) {
			panic(ended)
		}
	}()
	func() {
		defer func() {
			if ended := recover(); ended != nil && ended != any(r) {
				panic(ended)
			}
		}()
		run()
	}()
	return strings.Join(r.errors, "\n")
}

var pictures = map[string]string{"rt.png": "a picture", "albums/7/a b.png": "one", "albums/7/ü.png": "two", "albums/8/c.png": "three"}

func (s *Server) sign(t *testing.T, key string) string {
	t.Helper()
	url, err := s.Signer.Object(t.Context(), key, signer.Policy{TTL: time.Hour})
	if err != nil {
		t.Fatal(err)
	}
	return url
}

func TestURLsThatOpenTheirObjectsAloneAreReportedAsSuch(t *testing.T) {
	s := NewServer(t, Options{Files: pictures})
	var urls []string
	for key, content := range pictures {
		url := s.sign(t, key)
		urls = append(urls, url)
		response, err := http.Get(url)
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(response.Body)
		response.Body.Close()
		if err != nil || string(body) != content {
			t.Errorf("%s: %q %v", key, body, err)
		}
	}
	before := len(s.Requests())
	if told := check(s, func() { s.CheckPrivate(urls...); s.CheckPrivate(urls[0]) }); told != "" {
		t.Error(told)
	}
	if n := len(s.Requests()); before != len(pictures) || n != before {
		t.Errorf("%d requests, then %d", before, n)
	}
	pass, err := s.Signer.OpenAll(t.Context(), s.URL+"/albums/7/", signer.Policy{TTL: time.Hour})
	if err != nil {
		t.Fatal(err)
	}
	urls = nil
	for _, name := range []string{"a%20b.png", "%C3%BC.png"} {
		url, err := pass.URL(pass.Prefix() + name)
		if err != nil {
			t.Fatal(err)
		}
		urls = append(urls, url)
	}
	if told := check(s, func() { s.CheckPrivate(urls...) }); told != "" {
		t.Error(told)
	}
	if told := check(s, func() { s.CheckPrivate(urls[0]) }); told != `edgetest: the signature of "/albums/7/a%20b.png" opens "/albums/7/%C3%BC.png"` {
		t.Error(told)
	}
}

// An application's test has few objects, so its bucket may have none outside the
// folder.
func TestPoliciesThatOpenMoreThanTheirFolderAreReportedWhateverTheBucketHas(t *testing.T) {
	s := NewServer(t, Options{Files: map[string]string{"only.png": "", "users/1/a.png": "", "users/1/in/b.png": ""}})
	others := []string{s.sign(t, "only.png"), s.sign(t, "users/1/a.png"), s.sign(t, "users/1/in/b.png")}
	policy := func(resource string, keys ...string) (urls []string) {
		for _, key := range keys {
			url, err := s.Signer.URL(t.Context(), s.URL+"/"+key, signer.Policy{Expires: s.Now().Add(time.Hour), Resource: s.URL + resource})
			if err != nil {
				t.Fatal(err)
			}
			urls = append(urls, url)
		}
		return urls
	}
	for _, test := range []struct {
		urls []string
		want string
	}{
		{policy("/users/1/*", "users/1/a.png"), ""},
		{policy("/users/1/*", "users/1/a.png", "users/1/in/b.png"), ""},
		{policy("/users/1/in/*", "users/1/in/b.png"), ""},
		{policy("/users/1/*", "users/1/in/b.png"), `edgetest: the signature of "/users/1/in/b.png" opens "/users/1/in0/b.png", if there is such an object`},
		{policy("/users/1*", "users/1/a.png"), `edgetest: the signature of "/users/1/a.png" opens "/users/10/a.png", if there is such an object`},
		{policy("/users/*/a.png", "users/1/a.png"), `edgetest: the signature of "/users/1/a.png" opens "/users/10/a.png", if there is such an object`},
		{policy("/*/a.png", "users/1/a.png"), `edgetest: the signature of "/users/1/a.png" opens "/edgetest-other/a.png", if there is such an object`},
		{policy("/*", "only.png"), `edgetest: the signature of "/only.png" opens "/edgetest-other", if there is such an object`},
	} {
		if told := check(s, func() { s.CheckPrivate(append(test.urls, others...)...) }); strings.TrimSpace(told) != test.want && (test.want == "" || !strings.HasPrefix(told, test.want)) {
			t.Errorf("%s: %q, want %q", path(test.urls[0]), told, test.want)
		}
	}
	cookies, err := s.Signer.Cookies(t.Context(), s.URL+"/*", signer.Policy{TTL: time.Hour}, signer.CookieOptions{Insecure: true})
	if err != nil {
		t.Fatal(err)
	}
	if told := check(s, func() {
		s.CheckCookies(cookies, s.URL+"/only.png", s.URL+"/users/1/a.png", s.URL+"/users/1/in/b.png")
	}); !strings.Contains(told, `the signature of "/only.png" opens "/edgetest-other"`) {
		t.Error(told)
	}
}

// Subtests may share a server.
func TestWhatIsNoURLOfTheServerEndsNoTest(t *testing.T) {
	s := NewServer(t, Options{Files: pictures})
	ended := true
	told := check(s, func() { s.CheckPrivate("https://app.example.com/rt.png"); ended = false })
	if !strings.Contains(told, "is not a URL of the server") || ended {
		t.Errorf("%q, ended: %t", told, ended)
	}
}

func TestURLsThatDoNotOpenOrAreNotPrivateAreReported(t *testing.T) {
	public := strings.Replace(string(recorded.Template()), `"TrustedKeyGroups"`, `"Comment"`, 1)
	s := NewServer(t, Options{Files: pictures})
	open := NewServer(t, Options{Files: pictures, Edge: edge.Config{Template: []byte(public), StackName: recorded.StackName}})
	for want, told := range map[string]string{
		`"/rt.png" does not open: unsigned`:                       check(s, func() { s.CheckPrivate(s.URL + "/rt.png") }),
		`"/none.png" does not open: no such object`:               check(s, func() { s.CheckPrivate(s.sign(t, "none.png")) }),
		`has no URL to check`:                                     check(s, func() { s.CheckPrivate() }),
		`has 0 cookies and 1 URLs`:                                check(s, func() { s.CheckCookies([]*http.Cookie{{Name: "CloudFront-Policy", MaxAge: -1}}, s.URL+"/rt.png") }),
		`is not a URL of the server, which is at ` + s.URL:        check(s, func() { s.CheckPrivate("https://d111111abcdef8.cloudfront.net/rt.png?Signature=secret") }),
		`"/rt.png" is not private: the cache behavior * requires`: check(open, func() { open.CheckPrivate(open.URL + "/rt.png") }),
	} {
		if !strings.Contains(told, want) || strings.Contains(told, "secret") {
			t.Errorf("got %q, want %q", told, want)
		}
	}
}

// For each kind of request that must be refused, a faulty edge allows it.
func TestAnEdgeThatAllowsWhatItMustNotIsReported(t *testing.T) {
	s := NewServer(t, Options{Files: pictures})
	url := s.sign(t, "rt.png")
	target := strings.TrimPrefix(url, s.URL)
	parameter := func(of, name string) string {
		_, value, _ := strings.Cut(of, name+"=")
		value, _, _ = strings.Cut(value, "&")
		return value
	}
	differs := func(name string) func(r edge.Record) bool {
		return func(r edge.Record) bool {
			return parameter(r.Target, name) != parameter(target, name) && r.Target != "/rt.png"
		}
	}
	for what, faulty := range map[string]func(r edge.Record) bool{
		"a URL without a signature":   func(r edge.Record) bool { return r.Target == "/rt.png" },
		"a URL after its expiry":      func(r edge.Record) bool { return r.Time.After(s.Now().Add(time.Hour)) },
		"another byte in Expires":     differs("Expires"),
		"another byte in Signature":   differs("Signature"),
		"another byte in Key-Pair-Id": differs("Key-Pair-Id"),
		"a key that is not trusted": func(r edge.Record) bool {
			return parameter(r.Target, "Expires") == fmt.Sprint(s.Now().Add(time.Minute).Unix()) || differs("Signature")(r) && differs("Expires")(r)
		},
		`the signature of "/rt.png" opens "/albums/8/c.png"`: func(r edge.Record) bool { return strings.HasPrefix(r.Target, "/albums/8/c.png?") },
	} {
		s.explain = func(r edge.Record) edge.Explanation {
			x := s.Edge.Explain(r)
			x.Record.Allowed = x.Record.Allowed || faulty(r)
			return x
		}
		if told := check(s, func() { s.CheckPrivate(url) }); !strings.Contains(told, what) {
			t.Errorf("%s: %q", what, told)
		}
	}
}

func TestTheClockStandsStillUntilItIsAdvanced(t *testing.T) {
	start := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	s := NewServer(t, Options{Files: pictures, Start: start})
	url := s.sign(t, "rt.png")
	if !strings.Contains(url, fmt.Sprintf("Expires=%d", start.Add(time.Hour).Unix())) {
		t.Errorf("signed %s", path(url))
	}
	status := func() int {
		response, err := http.Get(url)
		if err != nil {
			t.Fatal(err)
		}
		response.Body.Close()
		return response.StatusCode
	}
	if got := status(); got != 200 || !s.Now().Equal(start) {
		t.Errorf("%d at %s", got, s.Now())
	}
	s.Advance(time.Hour)
	if got := status(); got != 403 {
		t.Errorf("after its time: %d", got)
	}
	requests := s.Requests()
	if len(requests) != 2 || !requests[0].Allowed || requests[1].Refused != edge.CheckExpiry || !requests[1].Time.Equal(start.Add(time.Hour)) {
		t.Errorf("%+v", requests)
	}
	// The clock does not end a deployment's signer.
	s.Advance(1000 * time.Hour)
	if url = s.sign(t, "rt.png"); status() != 200 {
		t.Error("a new URL does not open")
	}
}

func TestObjectsComeFromMemoryAFileSystemOrAFolder(t *testing.T) {
	for name, o := range map[string]Options{
		"Files": {Files: map[string]string{"a.txt": "x"}},
		"FS":    {FS: fstest.MapFS{"a.txt": {Data: []byte("x")}}},
		"Dir":   {Dir: "testdata"},
	} {
		s := NewServer(t, o)
		s.CheckPrivate(s.sign(t, "a.txt"))
		if name != "Dir" {
			o.Dir = "testdata"
		} else {
			o.FS = fstest.MapFS{}
		}
		s = &Server{tb: t}
		if told := check(s, func() { openObjects(s.tb, o) }); !strings.Contains(told, "more than one of Files, FS and Dir") {
			t.Errorf("%s with another: %q", name, told)
		}
	}
	s := &Server{tb: t}
	if told := check(s, func() { openObjects(s.tb, Options{Files: map[string]string{"/a": ""}}) }); !strings.Contains(told, "no file can have this key") {
		t.Error(told)
	}
	if told := check(s, func() { openObjects(s.tb, Options{Dir: "none"}) }); !strings.Contains(told, "Options.Dir") {
		t.Error(told)
	}
}

func TestAWholeEdgeCanBeConfigured(t *testing.T) {
	observed := 0
	key, err := signer.GenerateKey(signer.ECDSAP256)
	if err != nil {
		t.Fatal(err)
	}
	s := NewServer(t, Options{Files: pictures, Edge: edge.Config{
		Observe: func(edge.Record) { observed++ },
		Keys:    func(edge.KeyPair) (*signer.PrivateKey, error) { return key, nil },
	}})
	response, err := http.Get(s.URL + "/rt.png")
	if err != nil {
		t.Fatal(err)
	}
	response.Body.Close()
	if len(s.Requests()) != 1 || observed != 1 {
		t.Errorf("%d requests, %d observed", len(s.Requests()), observed)
	}
	if d := s.Edge.Deployment(); d.PublicKeySHA256 != key.PublicKey().Fingerprint() {
		t.Error("the key is another one")
	}
}
