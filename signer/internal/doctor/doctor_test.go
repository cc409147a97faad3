package doctor

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	pathpkg "path"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"testing/synctest"
	"time"

	"github.com/signedfront/signedfront/signer"
	"github.com/signedfront/signedfront/signer/edge"
	"github.com/signedfront/signedfront/signer/edge/recorded"
	"github.com/signedfront/signedfront/signer/internal/status/statustest"
	"github.com/signedfront/signedfront/signer/leaktest"
)

const (
	host     = "d111111abcdef8.cloudfront.net"
	base     = "https://" + host
	object   = "albums/7/rt.png"
	stranger = "signedfront-doctor-0"
	page     = "https://app.example.com"
	alias    = "media.example.com"

	large     = "albums/7/large.png"
	largeBody = 200 << 10
)

// world is a distribution with a bucket and one fault. It is the Client of a Site.
type world struct {
	t     *testing.T
	edge  *edge.Edge
	keys  map[string]*signer.PublicKey
	good  *signer.Signer
	fault fault

	mu    sync.Mutex
	paths map[string]bool // paths of objects that were sent, for the cache
	sent  int
	texts []string // the signatures of all requests
}

// fault changes the site, a request before the edge gets it, or the answer to it, or
// makes a request fail. Each field may be nil.
type fault struct {
	site    func(s *Site)
	request func(w *world, r *http.Request)
	answer  func(w *world, r *http.Request, a *http.Response)
	fails   func(r *http.Request) error // returns nil if the request is answered
	key     *signer.PrivateKey          // signs; nil for a new key
}

// shipped returns the recorded template with a public path, a signed path and CORS.
func shipped(t *testing.T) []byte {
	t.Helper()
	var template map[string]any
	if err := json.Unmarshal(recorded.Template(), &template); err != nil {
		t.Fatal(err)
	}
	resource := func(kind string) map[string]any {
		for _, r := range template["Resources"].(map[string]any) {
			if r := r.(map[string]any); r["Type"] == kind {
				return r["Properties"].(map[string]any)
			}
		}
		t.Fatalf("the template has no %s", kind)
		return nil
	}
	config := resource("AWS::CloudFront::Distribution")["DistributionConfig"].(map[string]any)
	signed := config["DefaultCacheBehavior"].(map[string]any)
	signed["AllowedMethods"] = []any{"GET", "HEAD", "OPTIONS"}
	signed["OriginRequestPolicyId"] = "88a5eaf4-2fd4-4709-b370-b4c650ea3fcf" // CORS-S3Origin
	resource("AWS::S3::Bucket")["CorsConfiguration"] = map[string]any{"CorsRules": []any{
		map[string]any{"AllowedOrigins": []any{page}, "AllowedMethods": []any{"GET", "HEAD"}, "AllowedHeaders": []any{"range"}},
	}}
	public := map[string]any{"PathPattern": "/public/*"}
	for name, value := range signed {
		if name != "TrustedKeyGroups" {
			public[name] = value
		}
	}
	videos := maps.Clone(signed)
	videos["PathPattern"] = "/videos/*"
	config["CacheBehaviors"] = []any{public, videos}
	items := func(values ...any) map[string]any { return map[string]any{"Items": values} }
	resource("AWS::CloudFront::ResponseHeadersPolicy")["ResponseHeadersPolicyConfig"].(map[string]any)["CorsConfig"] = map[string]any{
		"AccessControlAllowCredentials": true, "AccessControlAllowOrigins": items(page), "AccessControlAllowMethods": items("GET", "HEAD"),
		"AccessControlAllowHeaders": items("Range"), "OriginOverride": true,
	}
	text, err := json.Marshal(template)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// withDownloads is the Source of a deployment that forwards the name of a file.
type withDownloads struct{ signer.Source }

func (s withDownloads) Deployment(ctx context.Context) (*signer.Deployment, error) {
	d, err := s.Source.Deployment(ctx)
	if err == nil {
		copied := *d
		copied.Query = &signer.ForwardedQuery{Signed: []string{"response-content-disposition"}, Public: []string{}}
		copied.Region = "eu-west-1"
		copied.Bucket = &signer.Bucket{Name: "media-dev-content", Region: "eu-west-1"}
		d = &copied
	}
	return d, err
}

// visited returns a site that is healthy but for f, and its world.
func visited(t *testing.T, f fault) (Site, *world) {
	t.Helper()
	w := &world{t: t, fault: f, paths: map[string]bool{}}
	var keys func(edge.KeyPair) (*signer.PrivateKey, error)
	if f.key != nil {
		keys = func(edge.KeyPair) (*signer.PrivateKey, error) { return f.key, nil }
	}
	var err error
	w.edge, err = edge.New(edge.Config{
		Template: shipped(t), StackName: recorded.StackName, BaseURL: base, Keys: keys,
		Objects: edge.OpenFS(fstest.MapFS{object: {Data: []byte("a picture")}, "public/logo.png": {Data: []byte("a logo")}, large: {Data: bytes.Repeat([]byte("a picture "), largeBody/10)}}),
	})
	if err != nil {
		t.Fatal(err)
	}
	source, err := w.edge.Source()
	if err != nil {
		t.Fatal(err)
	}
	source = withDownloads{source}
	s := Site{Object: object, stranger: stranger, Names: []string{host, alias}, Public: []string{"/public/*"}, Signed: []string{"/videos/*"}, Origin: page, Client: w, Lookup: func(context.Context, string) ([]string, error) { return []string{"192.0.2.1"}, nil }}
	if s.Deployment, err = source.Deployment(t.Context()); err != nil {
		t.Fatal(err)
	}
	if w.keys, err = s.Deployment.PublicKeys(); err != nil {
		t.Fatal(err)
	}
	open := func(now func() time.Time) *signer.Signer {
		opened, err := signer.Open(t.Context(), source, &signer.OpenOptions{Now: now})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(opened.Close)
		return opened
	}
	s.Signer, s.Past = open(nil), open(func() time.Time { return time.Now().Add(-time.Hour) })
	w.good = s.Signer
	if f.site != nil {
		f.site(&s)
	}
	return s, w
}

// Do answers as CloudFront and S3 do.
func (w *world) Do(out *http.Request) (*http.Response, error) {
	w.mu.Lock()
	w.sent++
	if signature := out.URL.Query().Get("Signature"); signature != "" {
		w.texts = append(w.texts, signature)
	}
	w.mu.Unlock()
	if w.fault.fails != nil {
		if err := w.fault.fails(out); err != nil {
			return nil, err
		}
	}
	r := out.Clone(out.Context())
	r.Host, r.RequestURI, r.RemoteAddr, r.Body = out.URL.Host, out.URL.RequestURI(), "127.0.0.1:4321", http.NoBody
	if w.fault.request != nil {
		w.fault.request(w, r)
	}
	recorder := httptest.NewRecorder()
	recorder.Header().Set("Date", time.Now().UTC().Format(http.TimeFormat))
	if r.Host == alias {
		r.Host = host
		defer func() { r.Host = alias }()
	}
	switch {
	case r.Host != host || r.URL.Scheme == "http" && r.Host == host:
		recorder.Header().Set("Content-Type", "application/xml")
		recorder.WriteHeader(http.StatusForbidden)
		recorder.WriteString("<Error><Code>AccessDenied</Code></Error>")
	default:
		w.edge.ServeHTTP(recorder, r)
	}
	a := recorder.Result()
	a.TLS = &tls.ConnectionState{PeerCertificates: []*x509.Certificate{{NotAfter: time.Now().Add(200 * 24 * time.Hour)}}}
	if name := r.URL.Query().Get("response-content-disposition"); name != "" && a.StatusCode == http.StatusOK {
		a.Header.Set("Content-Disposition", name)
	}
	w.mu.Lock()
	if path := r.URL.Path; a.StatusCode == http.StatusOK && r.Method == http.MethodGet {
		if w.paths[path] {
			a.Header.Set("X-Cache", "Hit from cloudfront")
		}
		w.paths[path] = true
	}
	w.mu.Unlock()
	if w.fault.answer != nil {
		w.fault.answer(w, r, a)
	}
	return a, nil
}

// verdict returns the verdict on the signature of a request.
func (w *world) verdict(r *http.Request) signer.Verdict {
	return signer.Explain(signer.Request{URL: base + r.RequestURI, Cookie: r.Header.Values("Cookie"), Time: time.Now()}, w.keys)
}

// openObject turns a request into one that opens the object.
func (w *world) openObject(r *http.Request) {
	signed, err := w.good.URL(context.Background(), base+"/"+object, signer.Policy{TTL: time.Minute})
	if err != nil {
		panic(err)
	}
	r.RequestURI, r.Host = strings.TrimPrefix(signed, base), host
	if r.URL, err = url.Parse(signed); err != nil {
		panic(err)
	}
}

// become sets the status and the body of an answer.
func become(a *http.Response, status int, body string) {
	a.StatusCode, a.Body = status, http.NoBody
	if body != "" {
		r := httptest.NewRecorder()
		r.WriteString(body)
		a.Body = r.Result().Body
	}
}

// isFor reports whether a request is for the path of the object key, as it is.
func isFor(r *http.Request, key string) bool { return r.Host == host && r.URL.EscapedPath() == "/"+key }

func signed(r *http.Request) bool {
	return r.URL.Query().Has("Signature") || r.Header.Get("Cookie") != ""
}

// faults has a fault for each check that only this check finds.
var faults = map[string]fault{
	"dns": {site: func(s *Site) {
		s.Lookup = func(_ context.Context, host string) ([]string, error) {
			return nil, &net.DNSError{Name: host, IsNotFound: true}
		}
	}},
	"certificate": {answer: func(_ *world, _ *http.Request, a *http.Response) {
		a.TLS.PeerCertificates[0].NotAfter = time.Now().Add(5 * 24 * time.Hour)
	}},
	"cloudfront": {answer: func(_ *world, _ *http.Request, a *http.Response) { a.Header.Del("Via") }},
	"clock": {answer: func(_ *world, _ *http.Request, a *http.Response) {
		a.Header.Set("Date", time.Now().Add(5*time.Minute).UTC().Format(http.TimeFormat))
	}},
	"unsigned": {request: func(w *world, r *http.Request) {
		if isFor(r, object) && r.URL.Scheme == "https" && !signed(r) {
			w.openObject(r)
		}
	}},
	"expired": {request: func(w *world, r *http.Request) {
		if isFor(r, object) && signed(r) && w.verdict(r).Reason == signer.ReasonExpired {
			w.openObject(r)
		}
	}},
	"altered": {request: func(w *world, r *http.Request) {
		if q := r.URL.Query(); isFor(r, object) && q.Has("Signature") && !w.verdict(r).Allowed {
			if end := q.Get("Expires"); end > fmt.Sprint(time.Now().Add(20*time.Hour).Unix()) {
				w.openObject(r)
			}
		}
	}},
	"foreign-key": {request: func(w *world, r *http.Request) {
		if isFor(r, object) && w.verdict(r).Reason == signer.ReasonUnknownKey {
			w.openObject(r)
		}
	}},
	"other-path": {request: func(w *world, r *http.Request) {
		if isFor(r, object) && w.isOfStranger(r.URL.RawQuery) {
			w.openObject(r)
		}
	}},
	"plain-http": {request: func(_ *world, r *http.Request) {
		if r.URL.Scheme == "http" && r.Host == host {
			r.URL.Scheme = "https" // the edge takes the signature for both schemes
		}
	}},
	"listing": {answer: func(_ *world, r *http.Request, a *http.Response) {
		if r.Host == host && r.URL.Path == "/" {
			become(a, http.StatusOK, "<ListBucketResult></ListBucketResult>")
		}
	}},
	"spellings": {request: func(w *world, r *http.Request) {
		if r.Host == host && r.URL.Path == "//"+object {
			w.openObject(r)
		}
	}},
	"public-paths": {request: func(w *world, r *http.Request) {
		if r.Host == host && strings.HasPrefix(r.URL.EscapedPath(), "/public/%2e%2e/") {
			w.openObject(r)
		}
	}},
	"signed-paths": {answer: func(_ *world, r *http.Request, a *http.Response) {
		if strings.HasPrefix(r.URL.EscapedPath(), "/videos/") {
			become(a, http.StatusForbidden, "<Error><Code>AccessDenied</Code><RequestId>1</RequestId><HostId>2</HostId></Error>")
		}
	}},
	"public-open": {answer: func(_ *world, r *http.Request, a *http.Response) {
		if strings.HasPrefix(r.URL.Path, "/public/") {
			become(a, http.StatusForbidden, "<Error><Code>MissingKey</Code></Error>")
		}
	}},
	"names": {answer: func(_ *world, r *http.Request, a *http.Response) {
		if r.URL.Host == alias {
			become(a, http.StatusForbidden, "<html>Bad request</html>")
		}
	}},
	"private-key": {site: func(s *Site) {
		s.Signer, s.Past, s.Unsigned, s.Unfit = nil, nil, errors.New("the key does not fit"), true
	}},
	"signed-spellings": {answer: func(_ *world, r *http.Request, a *http.Response) {
		if strings.HasPrefix(r.URL.EscapedPath(), "/%76ideos/") {
			become(a, http.StatusForbidden, "<Error><Code>AccessDenied</Code><RequestId>1</RequestId><HostId>2</HostId></Error>")
		}
	}},
	"bucket-object": {request: func(w *world, r *http.Request) {
		if strings.HasPrefix(r.Host, "media-dev-content.s3.eu-west-1.") && r.URL.Path == "/"+object {
			w.openObject(r)
		}
	}},
	"bucket-listing": {answer: func(_ *world, r *http.Request, a *http.Response) {
		if strings.HasPrefix(r.Host, "s3.dualstack.") && r.URL.Query().Has("list-type") {
			become(a, http.StatusOK, "<ListBucketResult></ListBucketResult>")
		}
	}},
	"signed-url": {answer: func(_ *world, r *http.Request, a *http.Response) {
		if isFor(r, object) && signed(r) {
			become(a, http.StatusForbidden, "<Error><Code>InvalidKey</Code></Error>")
		}
	}},
	"signed-cookies": {request: func(_ *world, r *http.Request) { r.Header.Del("Cookie") }},
	"range":          {request: func(_ *world, r *http.Request) { r.Header.Del("Range") }},
	"head": {answer: func(_ *world, r *http.Request, a *http.Response) {
		if r.Method == http.MethodHead {
			a.StatusCode = http.StatusForbidden
		}
	}},
	"headers": {answer: func(_ *world, _ *http.Request, a *http.Response) { a.Header.Del("X-Content-Type-Options") }},
	"cache": {answer: func(_ *world, _ *http.Request, a *http.Response) {
		a.Header.Set("X-Cache", "Miss from cloudfront")
	}},
	"save-as": {answer: func(_ *world, _ *http.Request, a *http.Response) { a.Header.Del("Content-Disposition") }},
	"missing": {answer: func(_ *world, r *http.Request, a *http.Response) {
		if strings.HasPrefix(r.URL.Path, "/signedfront-doctor-") && signed(r) {
			become(a, http.StatusOK, "")
		}
	}},
	"error-page": {answer: func(_ *world, r *http.Request, a *http.Response) {
		if r.Host == host && a.StatusCode == http.StatusForbidden && !signed(r) {
			become(a, http.StatusOK, "please sign in")
		}
	}},
	"cors": {answer: func(_ *world, r *http.Request, a *http.Response) {
		if r.Method == http.MethodGet {
			a.Header.Del("Access-Control-Allow-Origin")
		}
	}},
	"preflight": {answer: func(_ *world, r *http.Request, a *http.Response) {
		if r.Method == http.MethodOptions {
			become(a, http.StatusForbidden, "")
		}
	}},
	"foreign-origin": {answer: func(_ *world, r *http.Request, a *http.Response) {
		if origin := r.Header.Get("Origin"); origin != "" && r.Method == http.MethodGet {
			a.Header.Set("Access-Control-Allow-Origin", origin)
			a.Header.Set("Access-Control-Allow-Credentials", "true")
		}
	}},
}

// isOfStranger reports whether a query has a signature for the missing object.
func (w *world) isOfStranger(query string) bool {
	return signer.Verify(signer.Request{URL: base + "/" + stranger + "?" + query, Time: time.Now()}, w.keys).Allowed
}

// more has other faults by the check that finds them.
var more = map[string]map[string]fault{
	"expired": {"cookies that have expired": {request: func(w *world, r *http.Request) {
		if isFor(r, object) && r.Header.Get("Cookie") != "" && w.verdict(r).Reason == signer.ReasonExpired {
			w.openObject(r)
		}
	}}},
	"other-path": {"cookies of any path": {request: func(w *world, r *http.Request) {
		request := signer.Request{URL: base + "/" + stranger, Cookie: r.Header.Values("Cookie"), Time: time.Now()}
		if isFor(r, object) && signer.Verify(request, w.keys).Allowed {
			w.openObject(r)
		}
	}}},
	"unsigned": {
		"ranges without a signature": {request: func(w *world, r *http.Request) {
			if isFor(r, object) && r.URL.Scheme == "https" && !signed(r) && r.Header.Get("Range") != "" {
				w.openObject(r)
			}
		}},
		"HEAD without a signature": {request: func(w *world, r *http.Request) {
			if isFor(r, object) && r.URL.Scheme == "https" && !signed(r) && r.Method == http.MethodHead {
				w.openObject(r)
			}
		}},
	},
	"names": {
		"a name without an address": {fails: func(r *http.Request) error {
			if r.URL.Host == alias {
				return &url.Error{Err: &net.OpError{Op: "dial", Err: &net.DNSError{Name: alias, IsNotFound: true}}}
			}
			return nil
		}},
		"a certificate for other names": {fails: func(r *http.Request) error {
			if r.URL.Host == alias {
				return &url.Error{Err: &tls.CertificateVerificationError{Err: x509.HostnameError{Certificate: &x509.Certificate{}, Host: alias}}}
			}
			return nil
		}},
	},
	"plain-http": {
		"a redirect to plain HTTP":            redirected("http://" + host + "/" + object),
		"a redirect to another host":          redirected("https://example.com/" + object),
		"a redirect to a name that starts so": redirected("https://" + host + ".example.com/" + object),
		"a redirect to nowhere":               redirected(""),
	},
	"cloudfront": {"another server": {answer: func(_ *world, _ *http.Request, a *http.Response) { a.Header.Del("X-Amz-Cf-Id") }}},
	"clock": {"a fast clock": {answer: func(_ *world, _ *http.Request, a *http.Response) {
		a.Header.Set("Date", time.Now().Add(-5*time.Minute).UTC().Format(http.TimeFormat))
	}}},
	"head": {"a different ETag": {answer: func(_ *world, r *http.Request, a *http.Response) {
		if r.Method == http.MethodHead {
			a.Header.Set("Etag", `"0"`)
		}
	}}},
	"altered": {"cookies with a changed expiry time": {request: func(w *world, r *http.Request) {
		end, _ := withEnd("Expires=0", time.Now().Add(24*time.Hour))
		if isFor(r, object) && strings.Contains(r.Header.Get("Cookie"), end[:len(end)-3]) {
			w.openObject(r)
		}
	}}},
	"headers": {"no type": {answer: func(_ *world, _ *http.Request, a *http.Response) { a.Header.Del("Content-Type") }}},
	"missing": {"a fault of the server": {answer: func(_ *world, r *http.Request, a *http.Response) {
		if strings.HasPrefix(r.URL.Path, "/"+stranger) && signed(r) {
			become(a, http.StatusInternalServerError, "")
		}
	}}},
	"preflight": {
		"another origin": {answer: func(_ *world, r *http.Request, a *http.Response) {
			if r.Method == http.MethodOptions {
				a.Header.Set("Access-Control-Allow-Origin", "https://example.com")
			}
		}},
		"no GET": {answer: func(_ *world, r *http.Request, a *http.Response) {
			if r.Method == http.MethodOptions {
				a.Header.Set("Access-Control-Allow-Methods", "HEAD")
			}
		}},
	},
}

// redirected is the fault of a redirect of each request over plain HTTP.
func redirected(to string) fault {
	return fault{answer: func(_ *world, r *http.Request, a *http.Response) {
		if r.URL.Scheme == "http" && r.Host == host {
			become(a, http.StatusMovedPermanently, "")
			a.Header.Set("Location", to)
		}
	}}
}

func failures(r *Report) (names []string) {
	for _, result := range r.Checks {
		if result.Outcome == Failed {
			names = append(names, result.Check)
		}
	}
	return names
}

func describe(r *Report) string {
	var b bytes.Buffer
	for _, result := range r.Checks {
		if result.Outcome != Passed {
			fmt.Fprintf(&b, "%s: %s: %s\n", result.Check, result.Outcome, result.What)
		}
	}
	return b.String()
}

func TestAHealthyDeploymentPassesEveryCheck(t *testing.T) {
	s, w := visited(t, fault{})
	r := Run(t.Context(), s, nil)
	if !r.Healthy || r.Count(Passed) != len(checks) {
		t.Errorf("healthy: %t\n%s", r.Healthy, describe(r))
	}
	if r.Requests != w.sent || r.Requests > MaxRequests || r.Requests < len(checks) {
		t.Errorf("%d requests are counted, %d were sent", r.Requests, w.sent)
	}
	t.Logf("%d checks, %d requests", len(checks), r.Requests)
}

func TestEachFaultIsFoundByItsCheckAlone(t *testing.T) {
	for _, c := range checks {
		f, ok := faults[c.name]
		if !ok {
			t.Errorf("the check %s has no fault", c.name)
			continue
		}
		s, _ := visited(t, f)
		r := Run(t.Context(), s, nil)
		if got := failures(r); !slices.Equal(got, []string{c.name}) {
			t.Errorf("the fault of %s is found by %q\n%s", c.name, got, describe(r))
		}
		for _, result := range r.Checks {
			if both := result.Meaning != "" && result.Do != ""; both != (result.Outcome == Failed) {
				t.Errorf("%s is %s, with meaning and do: %t", result.Check, result.Outcome, both)
			}
		}
		// No other check finds it.
		rest := slices.DeleteFunc(slices.Clone(checks), func(other check) bool { return other.name == c.name })
		s, _ = visited(t, f)
		if got := failures(run(t.Context(), s, rest, nil)); got != nil {
			t.Errorf("without %s its fault is found by %q", c.name, got)
		}
	}
	if len(faults) != len(checks) {
		t.Errorf("there are %d faults and %d checks", len(faults), len(checks))
	}
}

func TestOtherFaultsAreFoundByTheirChecksAlone(t *testing.T) {
	for check, list := range more {
		for name, f := range list {
			s, _ := visited(t, f)
			r := Run(t.Context(), s, nil)
			if got := failures(r); !slices.Equal(got, []string{check}) {
				t.Errorf("%s: found by %q\n%s", name, got, describe(r))
			}
		}
	}
}

func TestEachAddressOfABucketThatSendsTheObjectIsFound(t *testing.T) {
	bucket := &signer.Bucket{Name: "media-dev-content", Region: "us-east-1"}
	for _, place := range bucketAddresses(bucket) {
		address := place.url
		s, _ := visited(t, fault{request: func(w *world, r *http.Request) {
			if r.URL.Scheme+"://"+r.Host+r.URL.Path == address+"/"+object {
				w.openObject(r)
			}
		}})
		d := *s.Deployment
		d.Bucket = bucket
		s.Deployment = &d
		r := Run(t.Context(), s, nil)
		if got := failures(r); !slices.Equal(got, []string{"bucket-object"}) {
			t.Errorf("%s: found by %q\n%s", address, got, describe(r))
		}
	}
}

// answered is the fault that requests for which is returns true are answered so.
func answered(status int, body string, is func(r *http.Request) bool) fault {
	return fault{answer: func(_ *world, r *http.Request, a *http.Response) {
		if is(r) {
			become(a, status, body)
		}
	}}
}

func at(prefix string) func(r *http.Request) bool {
	return func(r *http.Request) bool {
		return strings.HasPrefix(r.URL.Scheme+"://"+r.URL.Host+r.URL.EscapedPath(), prefix)
	}
}

func outcome(r *Report, check string) Result {
	for _, result := range r.Checks {
		if result.Check == check {
			return result
		}
	}
	return Result{}
}

func TestAnAnswerThatIsNoRefusalIsNotTakenForOne(t *testing.T) {
	const regional, website = "https://media-dev-content.s3.eu-west-1.amazonaws.com/", "http://media-dev-content.s3-website.eu-west-1.amazonaws.com/"
	xml := func(code string) string { return "<Error><Code>" + code + "</Code></Error>" }
	for name, test := range map[string]struct {
		fault fault
		check string
		says  string
	}{
		"a gateway without a server":    {answered(502, "bad gateway", at("http://"+host)), "plain-http", "answered 502"},
		"no such page over plain HTTP":  {answered(404, "", at("http://"+host)), "plain-http", "answered 404"},
		"a busy bucket":                 {answered(503, xml("SlowDown"), at(regional)), "bucket-object", regional[:len(regional)-1] + ": answered 503 SlowDown"},
		"a busy list":                   {answered(503, xml("SlowDown"), at(regional)), "bucket-listing", "answered 503 SlowDown"},
		"no such object in the bucket":  {answered(404, xml("NoSuchKey"), at(regional)), "bucket-object", "answered 404 NoSuchKey"},
		"no such bucket":                {answered(404, xml("NoSuchBucket"), at(regional)), "bucket-listing", "answered 404 NoSuchBucket"},
		"a bucket in another Region":    {answered(301, xml("PermanentRedirect"), at(regional)), "bucket-object", "answered 301 PermanentRedirect"},
		"a proxy that refuses S3":       {answered(403, "blocked", at(regional)), "bucket-object", "answered 403"},
		"no such page of a website":     {answered(404, "<li>Code: NoSuchKey</li>", at(website)), "bucket-object", "answered 404 NoSuchKey"},
		"a broken spelling":             {answered(502, "", at(base+"//"+object)), "spellings", "another spelling of the path: answered 502"},
		"a broken range":                {answered(502, "", func(r *http.Request) bool { return isFor(r, object) && !signed(r) && r.Header.Get("Range") != "" }), "unsigned", "a range without a signature: answered 502"},
		"a broken signed path":          {answered(502, "", at(base+"/videos/")), "signed-paths", "/videos/*: answered 502"},
		"a broken spelling of one":      {answered(502, "", at(base+"/%76ideos/")), "signed-spellings", "answered 502"},
		"a broken public path":          {answered(504, "", at(base+"/public/signedfront")), "public-open", "/public/*: answered 504"},
		"a root that does not answer":   {answered(502, "", func(r *http.Request) bool { return r.URL.Host == host && r.URL.Path == "/" }), "listing", "/: answered 502"},
		"refusals by everybody in HTTP": {answered(403, xml("AccessDenied"), func(r *http.Request) bool { return isFor(r, object) }), "plain-http", "a signed URL does not open the object"},
	} {
		s, _ := visited(t, test.fault)
		r := Run(t.Context(), s, nil)
		if got := outcome(r, test.check); got.Outcome != CouldNotAsk || !strings.Contains(got.What, test.says) {
			t.Errorf("%s: %s: %s: %s", name, test.check, got.Outcome, got.What)
		}
	}
}

func TestARefusalOfEachKindPasses(t *testing.T) {
	const bucket = "://media-dev-content.s3"
	xml := func(code string) string { return "<Error><Code>" + code + "</Code></Error>" }
	for name, f := range map[string]fault{
		"a redirect to HTTPS":              redirected("https://" + host + "/" + object + "?Expires=1"),
		"an address of all Regions":        answered(301, xml("PermanentRedirect"), at("https://s3.amazonaws.com/")),
		"a new bucket":                     answered(307, xml("TemporaryRedirect"), at("http"+bucket+".amazonaws.com/")),
		"a bucket in a Region to opt into": answered(400, xml("IllegalLocationConstraintException"), at("https"+bucket+".amazonaws.com/")),
		"a bucket without acceleration":    answered(400, xml("InvalidRequest"), at("https"+bucket+"-accelerate")),
		"a bucket without a website":       answered(404, "<html><li>Code: NoSuchWebsiteConfiguration</li></html>", at("http"+bucket+"-website")),
		"a website for nobody":             answered(403, "<html><li>Code: AccessDenied</li></html>", at("http"+bucket+"-website")),
		"a website that redirects":         answered(301, "", at("http"+bucket+"-website")),
		"an error page of any status": {answer: func(_ *world, r *http.Request, a *http.Response) {
			if r.Host == host && a.StatusCode == http.StatusForbidden && (!signed(r) || r.URL.Scheme == "http") {
				become(a, http.StatusServiceUnavailable, "please sign in")
			}
		}},
	} {
		s, _ := visited(t, f)
		if r := Run(t.Context(), s, nil); !r.Healthy {
			t.Errorf("%s:\n%s", name, describe(r))
		}
	}
}

func TestTheClockOfAnAnswerFromACacheIsItsDateAndItsAge(t *testing.T) {
	for name, test := range map[string]struct {
		age     string
		healthy bool
	}{
		"two hours":  {"7200", true},
		"no age":     {"", false},
		"one minute": {"60", false},
		"no number":  {"-7200", false},
	} {
		s, _ := visited(t, fault{answer: func(_ *world, r *http.Request, a *http.Response) {
			if a.StatusCode == http.StatusForbidden && !signed(r) {
				become(a, http.StatusForbidden, "please sign in")
				a.Header.Set("Date", time.Now().Add(-2*time.Hour).UTC().Format(http.TimeFormat))
				a.Header.Set("Age", test.age)
			}
		}})
		want := []string{"clock"}
		if test.healthy {
			want = nil
		}
		if got := failures(Run(t.Context(), s, nil)); !slices.Equal(got, want) {
			t.Errorf("%s: found %q", name, got)
		}
	}
}

func TestWhetherALargeObjectIsCachedIsNotAsked(t *testing.T) {
	for name, length := range map[string]int64{"a length": largeBody, "no length": -1} {
		s, _ := visited(t, fault{
			site: func(s *Site) { s.Object = large },
			answer: func(_ *world, r *http.Request, a *http.Response) {
				a.Header.Set("X-Cache", "Miss from cloudfront") // the viewer canceled
				if isFor(r, large) && a.StatusCode == http.StatusOK {
					a.ContentLength = length
				}
			},
		})
		r := Run(t.Context(), s, nil)
		if got := outcome(r, "cache"); !r.Healthy || got.Outcome != NotAsked || !strings.Contains(got.What, "64 KiB") || !strings.Contains(got.What, "give the key of a smaller one") {
			t.Errorf("with %s: %s", name, describe(r))
		}
	}
}

func TestAKeyThatNamesNoObjectIsCalledThat(t *testing.T) {
	s, _ := visited(t, fault{site: func(s *Site) { s.Object = "albums/7/tr.png" }})
	r := Run(t.Context(), s, nil)
	if got := outcome(r, "signed-url"); got.Outcome != Failed || !strings.Contains(got.What, "there may be no such object") || !strings.HasPrefix(got.Meaning, "KEY names no object") {
		t.Errorf("%+v", got)
	}
	for _, check := range []string{"plain-http", "bucket-object"} {
		if got := outcome(r, check); got.Outcome != CouldNotAsk {
			t.Errorf("%s: %s: %s", check, got.Outcome, got.What)
		}
	}
	// CloudFront refuses the signature, so the object is not the reason.
	s, _ = visited(t, answered(403, "<Error><Code>InvalidKey</Code></Error>", signed))
	if got := outcome(Run(t.Context(), s, nil), "signed-url"); got.Outcome != Failed || got.Meaning != "every viewer is refused" {
		t.Errorf("%+v", got)
	}
}

func TestEachSpellingThatSendsTheObjectIsFound(t *testing.T) {
	for check, paths := range map[string][]string{"spellings": spellings("/" + object), "public-paths": throughPattern("/public/*", "/"+object)} {
		for _, path := range paths {
			s, _ := visited(t, fault{request: func(w *world, r *http.Request) {
				if r.Host == host && r.RequestURI == path {
					w.openObject(r)
				}
			}})
			if got := failures(Run(t.Context(), s, nil)); !slices.Equal(got, []string{check}) {
				t.Errorf("%s: found by %q", path, got)
			}
		}
	}
}

func TestChecksThatOpenAnObjectAreNotAskedWithoutOne(t *testing.T) {
	s, _ := visited(t, fault{})
	s.Object = ""
	r := Run(t.Context(), s, nil)
	if !r.Healthy {
		t.Errorf("it is not healthy\n%s", describe(r))
	}
	for _, result := range r.Checks {
		switch result.Check {
		case "dns", "certificate", "cloudfront", "clock", "names", "private-key", "unsigned", "listing", "bucket-listing", "signed-paths", "signed-spellings", "public-open", "missing", "error-page":
			if result.Outcome != Passed {
				t.Errorf("%s: %s: %s", result.Check, result.Outcome, result.What)
			}
		default:
			if result.Outcome != NotAsked || !strings.Contains(result.What, "give KEY") {
				t.Errorf("%s: %s: %s", result.Check, result.Outcome, result.What)
			}
		}
	}
}

func TestWithoutAnObjectADistributionThatRequiresNoSignatureIsFound(t *testing.T) {
	s, _ := visited(t, fault{answer: func(_ *world, r *http.Request, a *http.Response) {
		if strings.HasPrefix(r.URL.Path, "/"+stranger) && !signed(r) {
			become(a, http.StatusForbidden, "<Error><Code>AccessDenied</Code><RequestId>1</RequestId><HostId>2</HostId></Error>")
		}
	}})
	s.Object = ""
	if got := failures(Run(t.Context(), s, nil)); !slices.Equal(got, []string{"unsigned"}) {
		t.Errorf("found by %q", got)
	}
}

func TestChecksOfRefusalsAreNotAskedWithAPublicObject(t *testing.T) {
	s, _ := visited(t, fault{})
	s.Object = "public/logo.png"
	r := Run(t.Context(), s, nil)
	if got := failures(r); got != nil {
		t.Errorf("found: %q\n%s", got, describe(r))
	}
	if n := r.Count(NotAsked); n != 6 {
		t.Errorf("%d checks are not asked\n%s", n, describe(r))
	}
}

func TestWithoutAKeyTheOtherChecksAreAsked(t *testing.T) {
	s, _ := visited(t, fault{})
	s.Signer, s.Past, s.Unsigned = nil, nil, errors.New("the secret may not be read")
	r := Run(t.Context(), s, nil)
	if text := describe(r); r.Healthy || r.Count(Failed) != 0 || r.Count(CouldNotAsk) != 1 || r.Count(Passed) < 12 ||
		!strings.Contains(text, "private-key: could not ask: the secret may not be read") || !strings.Contains(text, "signed-url: not asked: it needs a signature") {
		t.Errorf("healthy: %t\n%s", r.Healthy, text)
	}
	// Without KEY no check needs a signature.
	s.Object = ""
	if r := Run(t.Context(), s, nil); !r.Healthy || !strings.Contains(describe(r), "private-key: not asked: the secret may not be read") {
		t.Errorf("healthy: %t\n%s", r.Healthy, describe(r))
	}
}

func TestNothingIsAskedIfTheBaseURLIsNotKnown(t *testing.T) {
	s, w := visited(t, fault{})
	s.Deployment = nil
	if r := Run(t.Context(), s, nil); w.sent != 0 || r.Count(NotAsked) != len(checks) {
		t.Errorf("%d requests\n%s", w.sent, describe(r))
	}
}

func TestANameWithAStarNeedsNoRecord(t *testing.T) {
	s, _ := visited(t, fault{})
	s.Names = []string{host, "*.example.com"}
	for _, result := range Run(t.Context(), s, nil).Checks {
		if result.Check == "names" && result.Outcome != NotAsked {
			t.Errorf("%+v", result)
		}
	}
}

func TestAnAddressOfABucketThatSomeRegionsLackMayBeMissing(t *testing.T) {
	for address, want := range map[string]Outcome{
		"http://media-dev-content.s3-website.eu-west-1.amazonaws.com": Passed,
		"https://media-dev-content.s3.eu-west-1.amazonaws.com":        CouldNotAsk,
	} {
		s, _ := visited(t, fault{fails: func(r *http.Request) error {
			if strings.HasPrefix(r.URL.String(), address+"/") {
				return &url.Error{Err: &net.OpError{Op: "dial", Err: &net.DNSError{Name: "s3", IsNotFound: true}}}
			}
			return nil
		}})
		for _, result := range Run(t.Context(), s, nil).Checks {
			if result.Group == "bucket" && result.Outcome != want {
				t.Errorf("without %s, %s: %s: %s", address, result.Check, result.Outcome, result.What)
			}
		}
	}
}

func TestAProxyMayAnswerForAnAddressOfABucketThatSomeRegionsLack(t *testing.T) {
	refused := func(r *http.Request) error {
		if strings.HasPrefix(r.URL.String(), "https://s3-eu-west-1.") {
			return &url.Error{Err: &proxyError{why: "answers 502"}}
		}
		return nil
	}
	for name, test := range map[string]struct {
		proxied bool
		status  int
		body    string
		at      string
		want    Outcome
	}{
		"an address that may be missing": {true, 503, "<html>", "http://media-dev-content.s3-website.", Passed},
		"S3 is busy":                     {true, 503, "<Error><Code>SlowDown</Code></Error>", "http://media-dev-content.s3-eu-west-1.", CouldNotAsk},
		"an address that all have":       {true, 503, "<html>", "http://s3.eu-west-1.", CouldNotAsk},
		"no proxy":                       {false, 503, "<html>", "http://media-dev-content.s3-website.", CouldNotAsk},
	} {
		f := answered(test.status, test.body, at(test.at))
		if test.proxied {
			f.fails = refused
		}
		s, _ := visited(t, f)
		s.Proxied = test.proxied
		if got := outcome(Run(t.Context(), s, nil), "bucket-listing"); got.Outcome != test.want {
			t.Errorf("%s: %s: %s", name, got.Outcome, got.What)
		}
	}
}

func TestTheExpiryTimeOfBothKindsOfPolicyIsChanged(t *testing.T) {
	key, err := signer.GenerateKey(signer.ECDSAP256)
	if err != nil {
		t.Fatal(err)
	}
	s, err := signer.New("K2JCJMDEHXQW5F", key, nil)
	if err != nil {
		t.Fatal(err)
	}
	end := time.Now().Add(24 * time.Hour)
	for name, p := range map[string]signer.Policy{"canned": {TTL: ttl}, "custom": {TTL: ttl, Resource: base + "/*"}} {
		before, err := s.URL(t.Context(), base+"/"+object, p)
		if err != nil {
			t.Fatal(err)
		}
		after, ok := withEnd(before, end)
		if !ok || after == before {
			t.Fatalf("%s: the expiry time is not changed", name)
		}
		keys := map[string]*signer.PublicKey{"K2JCJMDEHXQW5F": key.PublicKey()}
		verdict := signer.Explain(signer.Request{URL: after, Time: time.Now().Add(23 * time.Hour)}, keys)
		if verdict.Reason != signer.ReasonSignature {
			t.Errorf("%s: %+v", name, verdict)
		}
	}
	if _, ok := withEnd(base+"/"+object, end); ok {
		t.Error("a URL without an expiry time gets one")
	}
}

func TestAProxyThatPassesNothingOnIsNamed(t *testing.T) {
	refusing := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusProxyAuthRequired)
	}))
	defer refusing.Close()
	for name, test := range map[string]struct{ proxy, want string }{
		"down":          {"http://127.0.0.1:1", "the proxy that HTTPS_PROXY or HTTP_PROXY names cannot be reached"},
		"asks for more": {refusing.URL, "the proxy that HTTPS_PROXY or HTTP_PROXY names answers 407"},
	} {
		s, _ := visited(t, fault{})
		client := NewClient()
		client.Transport.(*http.Transport).Proxy = func(*http.Request) (*url.URL, error) { return url.Parse(test.proxy) }
		d := *s.Deployment
		d.Bucket = nil
		s.Deployment, s.Client = &d, client
		if text := describe(Run(t.Context(), s, nil)); !strings.Contains(text, "cloudfront: could not ask: "+test.want) {
			t.Errorf("%s: %s", name, text)
		}
	}
}

type unreachable struct{}

func (unreachable) Do(r *http.Request) (*http.Response, error) {
	return nil, &url.Error{Op: "Get", URL: r.URL.String(), Err: &net.OpError{Op: "dial", Net: "tcp", Err: errors.New("connection refused")}}
}

func TestASiteThatDoesNotAnswerDoesNotPassAsRefusing(t *testing.T) {
	s, _ := visited(t, fault{})
	s.Client = unreachable{}
	r := Run(t.Context(), s, nil)
	if r.Count(Failed) != 0 || r.Count(Passed) != 2 || r.Healthy {
		t.Errorf("%d passed\n%s", r.Count(Passed), describe(r))
	}
	if text := describe(r); !strings.Contains(text, host+" cannot be reached: connection refused") || strings.Contains(text, "Signature") {
		t.Error(text)
	}
}

func TestARunEndsAtItsLimitOfRequests(t *testing.T) {
	s, w := visited(t, fault{})
	for i := range 200 {
		s.Public = append(s.Public, fmt.Sprintf("/public/%d/*", i))
	}
	r := Run(t.Context(), s, nil)
	if r.Requests != MaxRequests || w.sent != MaxRequests || r.Healthy || !strings.Contains(describe(r), "could not ask: the limit of 300 requests is reached") {
		t.Errorf("%d requests are counted, %d were sent\n%s", r.Requests, w.sent, describe(r))
	}
}

func TestAHealthyDeploymentOfAsManyPathPatternsAsThereMayBeIsHealthy(t *testing.T) {
	s, w := visited(t, fault{})
	for i := range 50 {
		s.Public = append(s.Public, fmt.Sprintf("/public/%d/*", i), fmt.Sprintf("/public/%d.*.css", i))[:min(50, len(s.Public)+2)]
	}
	for i := range 24 {
		s.Signed = append(s.Signed, fmt.Sprintf("/videos/%d/*", i))
	}
	d := *s.Deployment
	d.Bucket = &signer.Bucket{Name: "media-dev-content", Region: "us-east-1"} // the Region with the most addresses
	s.Deployment = &d
	r := Run(t.Context(), s, nil)
	if !r.Healthy || w.sent >= MaxRequests || len(s.Public)+len(s.Signed) != 75 {
		t.Errorf("%d requests for %d patterns\n%s", w.sent, len(s.Public)+len(s.Signed), describe(r))
	}
	t.Logf("%d requests", w.sent)
}

func TestAReportHoldsNoSignatureAndNoKey(t *testing.T) {
	for name, f := range faults {
		s, w := visited(t, f)
		text, err := json.Marshal(Run(t.Context(), s, nil))
		if err != nil {
			t.Fatal(err)
		}
		if len(w.texts) < 5 && name != "private-key" {
			t.Fatalf("%d signatures were sent", len(w.texts))
		}
		for _, signature := range w.texts {
			if bytes.Contains(text, []byte(signature[:20])) {
				t.Errorf("with the fault of %s the report holds a signature", name)
			}
		}
		if bytes.Contains(text, []byte("PRIVATE KEY")) {
			t.Errorf("with the fault of %s the report holds a key", name)
		}
	}
}

func TestNoReportShowsTheKeyThatSigns(t *testing.T) {
	for _, secret := range leaktest.Keys() {
		key, err := signer.ParsePrivateKey(secret.PEM())
		if err != nil || key.PublicKey().Algorithm() != signer.ECDSAP256 {
			continue // the template needs a key of this algorithm
		}
		for name, f := range faults {
			f.key = key
			s, _ := visited(t, f)
			if found := secret.Find(leaktest.Print(Run(t.Context(), s, nil))); found != "" {
				t.Errorf("with the fault of %s the report shows %s", name, found)
			}
		}
	}
}

func TestOnlyMethodsThatReadAreSent(t *testing.T) {
	var mu sync.Mutex
	methods := map[string]bool{}
	s, _ := visited(t, fault{request: func(_ *world, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		methods[r.Method] = true
	}})
	Run(t.Context(), s, nil)
	delete(methods, "GET")
	delete(methods, "HEAD")
	delete(methods, "OPTIONS")
	if len(methods) > 0 {
		t.Errorf("it sends %v", methods)
	}
}

func TestProgressCountsTheChecks(t *testing.T) {
	s, _ := visited(t, fault{})
	last, calls := 0, 0
	Run(t.Context(), s, func(done, of int) { last, calls = done, calls+1 })
	if last != len(checks) || calls != last {
		t.Errorf("%d calls, the last with %d", calls, last)
	}
}

func TestEachAddressOfABucketIsAsked(t *testing.T) {
	for name, test := range map[string]struct {
		bucket signer.Bucket
		want   int
	}{
		"of a plain name":        {signer.Bucket{Name: "media", Region: "eu-west-1"}, 22},
		"of a name with a point": {signer.Bucket{Name: "media.example.com", Region: "eu-west-1"}, 14},
		"in China":               {signer.Bucket{Name: "media", Region: "cn-north-1"}, 14},
		"in the United States":   {signer.Bucket{Name: "media", Region: "us-west-2"}, 30},
		"in N. Virginia":         {signer.Bucket{Name: "media", Region: "us-east-1"}, 34},
		"in GovCloud":            {signer.Bucket{Name: "media", Region: "us-gov-west-1"}, 22},
	} {
		got := bucketAddresses(&test.bucket)
		if len(got) != test.want {
			t.Errorf("%s: %d addresses: %v", name, len(got), got)
		}
		for _, host := range map[string][]string{"us-west-2": {"https://media.s3-fips.dualstack.us-west-2."}, "us-east-1": {"https://media.s3-fips.dualstack.us-east-1.", "https://s3-external-1."}}[test.bucket.Region] {
			if !slices.ContainsFunc(got, func(place address) bool { return strings.HasPrefix(place.url, host) }) {
				t.Errorf("%s: there is no %s", name, host)
			}
		}
		for _, place := range got {
			address := place.url
			u, err := url.Parse(address)
			if err != nil || !strings.Contains(address, test.bucket.Name) || strings.HasPrefix(address, "https://media.example.com.") {
				t.Errorf("%s: %s: %v, host %s", name, address, err, u.Host)
			}
		}
	}
}

func TestEveryWayOutOfAPatternIsTried(t *testing.T) {
	const path = "/albums/7/rt.png"
	for pattern, want := range map[string]int{"/public/*": 7, "public/*": 7, "/a/b/*": 7, "/pub*": 7, "/*.css": 6, "/public/*.css": 18, "/v?/*": 7, "/robots.txt": 0} {
		list := throughPattern(pattern, path)
		if len(list) != want {
			t.Errorf("%s: %d paths: %q", pattern, len(list), list)
		}
		reached := want == 0
		for _, p := range list {
			if !signer.MatchPattern("/"+strings.TrimPrefix(pattern, "/"), p) {
				t.Errorf("%s does not cover %s", pattern, p)
			}
			// A server may decode and clean a path, and cut it at a null character.
			decoded, err := url.PathUnescape(p)
			if err != nil {
				t.Fatal(err)
			}
			decoded, _, _ = strings.Cut(decoded, "\x00")
			reached = reached || pathpkg.Clean(decoded) == path
		}
		if !reached {
			t.Errorf("%s: no path leads to the object: %q", pattern, list)
		}
	}
}

func TestNamesAreNotLookedUpWithAProxy(t *testing.T) {
	s, _ := visited(t, faults["dns"])
	s.Proxied = true
	if got := failures(Run(t.Context(), s, nil)); got != nil {
		t.Errorf("found: %q", got)
	}
}

func TestASpellingDiffersFromThePath(t *testing.T) {
	for _, path := range []string{"/rt.png", "/albums/7/rt.png", "/%C3%A9.png"} {
		list := spellings(path)
		if slices.Contains(list, path) || len(list) < 17 {
			t.Errorf("%s: %q", path, list)
		}
		for _, p := range list {
			if u, err := url.Parse(base + p); err != nil || u.EscapedPath() != p || u.Host != host {
				t.Errorf("%s is not sent as it is: %v", p, err)
			}
		}
	}
}

func TestLettersAndSlashesOfASignedPatternAreEscaped(t *testing.T) {
	for pattern, want := range map[string][]string{
		"/videos/*":       {"/%76ideos/x", "/videos%2Fx", "/videos%2fx"},
		"/texts/premium*": {"/%74exts/premiumx", "/texts%2Fpremiumx", "/texts%2fpremiumx", "/texts/%70remiumx"},
		"*.mp4":           {"/x.mp%34"},
		"/":               nil,
	} {
		path := "/" + strings.TrimPrefix(strings.ReplaceAll(pattern, "*", "x"), "/")
		got := escapes(pattern, path)
		if !slices.Equal(got, want) {
			t.Errorf("%s: %q", pattern, got)
		}
		for _, p := range got {
			if decoded, err := url.PathUnescape(p); err != nil || decoded != path {
				t.Errorf("%s: %s is another object's: %v", pattern, p, err)
			}
		}
	}
}

func TestACertificateThatIsNotTrustedIsFound(t *testing.T) {
	server := httptest.NewUnstartedServer(http.NotFoundHandler())
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	server.StartTLS()
	defer server.Close()
	s, _ := visited(t, fault{})
	d := *s.Deployment
	d.BaseURL, d.Bucket = server.URL, nil
	s.Deployment, s.Client, s.Signer, s.Past = &d, &http.Client{}, nil, nil
	if got := failures(Run(t.Context(), s, nil)); !slices.Equal(got, []string{"certificate"}) {
		t.Errorf("found: %q", got)
	}
}

// The clock of synctest stands still during computation, so this measures only the time
// spent waiting for answers.
func TestAHealthyEnvironmentTakesUnderTenSecondsWhereEachAnswerTakes50Milliseconds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const delay = 50 * time.Millisecond
		s, w := visited(t, fault{request: func(*world, *http.Request) { time.Sleep(delay) }})
		account := statustest.Healthy("rotating")
		account.Delay = delay
		start := time.Now()
		found := statusOf(t.Context(), t, account)
		read := time.Since(start)
		r := Run(t.Context(), s, nil)
		r.Add(Inside(found)...)
		took := time.Since(start)
		if took > 10*time.Second || !r.Healthy {
			t.Errorf("it took %s\n%s", took, describe(r))
		}
		if one := time.Duration(w.sent) * delay; took-read > one/3 {
			t.Errorf("%d requests took %s: they do not overlap", w.sent, took-read)
		}
		t.Logf("%s, %s of it for AWS; %d requests", took, read, w.sent)
	})
}
