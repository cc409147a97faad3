package edge

import (
	"maps"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/signedfront/signedfront/signer"
)

// records keeps what an edge tells of its answers.
type records struct {
	mu   sync.Mutex
	list []Record
}

func (r *records) add(told Record) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.list = append(r.list, told)
}

// last is the record of the last answer.
func (r *records) last(t testing.TB) Record {
	t.Helper()
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.list) == 0 {
		t.Fatal("no request was told of")
	}
	return r.list[len(r.list)-1]
}

func TestEachAnswerIsToldOnce(t *testing.T) {
	var told records
	s := serveConfig(t, Config{Template: edited(t), Objects: OpenFS(pictures), Observe: told.add})
	for _, test := range []struct {
		method, path string
		want         Record
	}{
		{"GET", "/rt.png", Record{Status: 200, Bytes: 9, Object: "rt.png", Allowed: true}},
		{"HEAD", "/rt.png", Record{Status: 200, Object: "rt.png", Allowed: true}},
		{"GET", "/none.png", Record{Status: 403, Bytes: -1, Object: "none.png", Refused: CheckObject, Code: "AccessDenied", Reason: "no such object; without s3:ListBucket, S3 gives the same response as for a forbidden one"}},
	} {
		told.list = nil
		url := s.sign(test.path)
		if got := s.do(test.method, url); got.status != test.want.Status {
			t.Errorf("%s %s: %d", test.method, test.path, got.status)
		}
		// The server sends the last byte before the handler has returned.
		for deadline := time.Now().Add(10 * time.Second); time.Now().Before(deadline); time.Sleep(time.Millisecond) {
			told.mu.Lock()
			n := len(told.list)
			told.mu.Unlock()
			if n > 0 {
				break
			}
		}
		got := told.last(t)
		want := test.want
		want.Time, want.Method, want.Target, want.Host, want.Behavior = noon, test.method, strings.TrimPrefix(url, s.url), s.host, "*"
		want.RemoteAddr, want.KeyPairID, want.by = netip.MustParseAddr("127.0.0.1"), s.edge.deployment.KeyPairID, s.edge
		if want.Bytes < 0 {
			want.Bytes = got.Bytes
		}
		if got.Duration <= 0 {
			t.Errorf("it took %s", got.Duration)
		}
		got.Duration = 0
		if len(told.list) != 1 || !reflect.DeepEqual(got, want) || got.Bytes == 0 && test.method == "GET" {
			t.Errorf("%s %s: told %d times:\n%+v\nwant\n%+v", test.method, test.path, len(told.list), got, want)
		}
	}
}

// TestEachCheckIsExplained sends a request that each check refuses: what was
// checked before it passed, and what comes after it was not reached, whether the
// edge has answered the request or is only asked about it.
func TestEachCheckIsExplained(t *testing.T) {
	var told records
	other, err := signer.GenerateKey(signer.ECDSAP256)
	if err != nil {
		t.Fatal(err)
	}
	s := serveConfig(t, Config{Objects: OpenFS(pictures), Observe: told.add, Template: edited(t, append(slices.Clone(passingAll),
		change{config + ".CacheBehaviors", []any{map[string]any{
			"PathPattern": "/public/*", "TargetOriginId": "content", "AllowedMethods": []any{"GET", "HEAD", "OPTIONS"},
			"OriginRequestPolicyId": "88a5eaf4-2fd4-4709-b370-b4c650ea3fcf", // CORS-S3Origin
		}}},
	)...)})
	id := s.edge.deployment.KeyPairID
	target := func(url string) string { return strings.TrimPrefix(url, s.url) }
	fine := target(s.sign("/rt.png"))
	strange, err := signer.New(id, other, &signer.Options{Now: func() time.Time { return noon }})
	if err != nil {
		t.Fatal(err)
	}
	forged, err := strange.URL(t.Context(), s.url+"/rt.png", signer.Policy{TTL: time.Hour})
	if err != nil {
		t.Fatal(err)
	}
	policy := func(p signer.Policy) string { return target(s.signPolicy("/rt.png", p)) }
	parameters := func(name, value string) string { // another value of a parameter
		before, after, _ := strings.Cut(fine, name+"=")
		_, rest, more := strings.Cut(after, "&")
		if more {
			rest = "&" + rest
		}
		return before + name + "=" + value + rest
	}
	for _, test := range []struct {
		check   Check
		request Record // method, target, host, origin
		headers []string
		detail  string
	}{
		{CheckSize, Record{Target: "/" + strings.Repeat("x", maxTarget)}, nil, "CloudFront accepts at most 8192"},
		{CheckTarget, Record{Target: "rt.png"}, nil, "does not start with a slash"},
		{CheckHost, Record{Target: fine, Host: "evil.example"}, nil, "answers only to the host"},
		{CheckMethod, Record{Target: fine, Method: "PUT"}, nil, "allows GET, HEAD"},
		{CheckSigned, Record{Target: "/rt.png"}, nil, "not signed"},
		{CheckKey, Record{Target: parameters("Key-Pair-Id", "K2JCJMDEHXQW5F")}, nil, "not among the trusted keys"},
		{CheckParameters, Record{Target: fine + "&Expires=1"}, nil, "occurs twice"},
		{CheckHash, Record{Target: parameters("Hash-Algorithm", "MD5")}, nil, "CloudFront supports SHA1 and SHA256"},
		{CheckEncoding, Record{Target: parameters("Signature", "a.b")}, nil, "base64"},
		{CheckPolicy, Record{Target: parameters("Expires", "soon")}, nil, "not whole seconds"},
		{CheckSignature, Record{Target: target(forged)}, nil, "is not that of key"},
		{CheckResource, Record{Target: strings.Replace(policy(signer.Policy{TTL: time.Hour, Resource: s.url + "/rt.*"}), "/rt.png", "/users/1/photo.jpg", 1)}, nil, "another resource"},
		{CheckExpiry, Record{Target: fine, Time: noon.Add(2 * time.Hour)}, nil, "expired at"},
		{CheckStart, Record{Target: policy(signer.Policy{TTL: time.Hour, NotBefore: noon.Add(time.Minute)})}, nil, "not valid before"},
		{CheckAddress, Record{Target: policy(signer.Policy{TTL: time.Hour, IPAddress: "203.0.113.7"})}, nil, "203.0.113.7"},
		{CheckQuery, Record{Target: target(s.sign("/rt.png?response-etag=x"))}, nil, "S3 cannot set this header"},
		{CheckObjectKey, Record{Target: "/public/%zz"}, nil, "percent sign"},
		{CheckObject, Record{Target: "/public/none"}, nil, "no such object"},
		{CheckConditions, Record{Target: "/public/logo.svg"}, []string{"Range", "bytes=99-"}, "no byte of the range"},
		{CheckCORS, Record{Target: "/public/logo.svg", Origin: "https://app.example.com"}, nil, "no Access-Control-Allow-Origin"},
		{CheckCORS, Record{Target: "/public/logo.svg", Method: "OPTIONS", Origin: "https://app.example.com"}, []string{"Access-Control-Request-Method", "GET"}, "no CorsConfiguration"},
	} {
		t.Run(string(test.check), func(t *testing.T) {
			r := test.request
			request := s.request(http.MethodGet, r.Target, test.headers...)
			if r.Method != "" {
				request.Method = r.Method
			}
			if r.Host != "" {
				request.Host = r.Host
			}
			if r.Origin != "" {
				request.Header.Set("Origin", r.Origin)
			}
			at := noon
			if !r.Time.IsZero() {
				at = r.Time
			}
			s.edge.now = func() time.Time { return at }
			s.edge.ServeHTTP(httptest.NewRecorder(), request)
			answered := told.last(t)

			explained := []Explanation{s.edge.Explain(answered)}
			if len(test.headers) == 0 { // of which a record tells nothing
				r.RemoteAddr = netip.MustParseAddr("127.0.0.1")
				explained = append(explained, s.edge.Explain(r))
			}
			for _, x := range explained {
				if x.Record.Status != answered.Status || x.Record.Refused != answered.Refused || x.Record.Allowed != answered.Allowed {
					t.Errorf("it was answered %d %q, and is explained as %d %q", answered.Status, answered.Refused, x.Record.Status, x.Record.Refused)
				}
				found := slices.IndexFunc(x.Steps, func(s Step) bool { return s.Result == Failed })
				if found < 0 || x.Steps[found].Check != test.check || !strings.Contains(x.Steps[found].Detail, test.detail) {
					t.Fatalf("%+v", x.Steps)
				}
				for i, step := range x.Steps {
					switch {
					case step.Check != checks[i]:
						t.Errorf("check %d is %s, want %s", i, step.Check, checks[i])
					case i < found && step.Result != Passed && step.Result != NotMade,
						i > found && step.Result != NotReached && step.Check != CheckCORS:
						t.Errorf("%s %s", step.Check, step.Result)
					case (step.Detail == "") != (step.Result == NotReached):
						t.Errorf("%s %s: %q", step.Check, step.Result, step.Detail)
					}
				}
			}
		})
	}
}

func TestARequestThatIsAllowedPassesEveryCheck(t *testing.T) {
	s := serve(t)
	x := s.edge.Explain(Record{Target: strings.TrimPrefix(s.signPolicy("/rt.png", signer.Policy{TTL: time.Hour, NotBefore: noon.Add(-time.Minute), IPAddress: "127.0.0.0/8"}), s.url), RemoteAddr: netip.MustParseAddr("127.0.0.1")})
	if !x.Record.Allowed || x.Record.Status != 200 || x.Record.Object != "rt.png" || x.Verdict == nil || x.Verdict.Statement.Resource != s.url+"/rt.png" {
		t.Errorf("%+v", x)
	}
	notMade := map[Check]bool{CheckEscapes: true, CheckQuery: true, CheckEncryption: true, CheckCORS: true}
	for _, step := range x.Steps {
		if step.Result != Passed && !(notMade[step.Check] && step.Result == NotMade) {
			t.Errorf("%+v", step)
		}
	}
	if x := s.edge.Explain(Record{Target: "/rt.png"}); x.Verdict == nil || x.Verdict.Reason != signer.ReasonUnsigned || x.Record.Time != noon {
		t.Errorf("%+v", x)
	}
}

func TestWhatIsExplainedIsWhatWasAnswered(t *testing.T) {
	var told records
	files := maps.Clone(pictures)
	s := serveConfig(t, Config{Template: edited(t), Objects: OpenFS(files), Observe: told.add})
	delete(files, "rt.png")
	s.edge.ServeHTTP(httptest.NewRecorder(), s.request("GET", strings.TrimPrefix(s.sign("/rt.png"), s.url)))
	files["rt.png"] = pictures["rt.png"]
	// The object has come, and another edge is asked.
	x := serve(t).edge.Explain(told.last(t))
	if x.Record.Refused != CheckObject || x.Record.Status != 403 {
		t.Errorf("%+v", x)
	}
	if got := s.get(s.sign("/rt.png")); got.status != 200 {
		t.Errorf("and now: %d", got.status)
	}
}

func TestAURLThatWasRewrittenIsExplainedByItsFirstByte(t *testing.T) {
	s := serve(t)
	x := s.edge.Explain(Record{Target: strings.Replace(strings.TrimPrefix(s.sign("/a%20b.txt"), s.url), "%20", "+", 1)})
	d := x.Verdict.Difference
	if d == nil || d.Signed != s.url+"/a%20b.txt" || d.Arrived != s.url+"/a+b.txt" || d.Offset != len(s.url+"/a") {
		t.Errorf("%+v", d)
	}
}

func TestTheDistributionIsWhatTheTemplateSays(t *testing.T) {
	other, err := signer.GenerateKey(signer.RSA2048)
	if err != nil {
		t.Fatal(err)
	}
	s := serve(t, change{"Resources.Spare", map[string]any{"Type": "AWS::CloudFront::PublicKey", "Properties": map[string]any{
		"PublicKeyConfig": map[string]any{"Name": "spare", "CallerReference": "spare", "EncodedKey": string(other.PublicKey().PEM())}}}},
		change{"Resources.Broken", map[string]any{"Type": "AWS::CloudFront::PublicKey", "Properties": map[string]any{"PublicKeyConfig": map[string]any{"EncodedKey": "none"}}}})
	d := s.edge.Distribution()
	trusted := d.Behaviors[0].TrustedKeys
	if len(trusted) != 1 || len(d.PublicKeys) != 2 {
		t.Fatalf("%d keys, %d trusted", len(d.PublicKeys), len(trusted))
	}
	for id, key := range d.PublicKeys {
		if _, ok := trusted[id]; !ok && key.Fingerprint() != other.PublicKey().Fingerprint() {
			t.Errorf("%s is not the key that no group has", id)
		}
	}
	if new(Edge).Distribution() != nil || new(Edge).Explain(Record{Target: "/"}).Record.Allowed {
		t.Error("an edge that was not made serves something")
	}
}
