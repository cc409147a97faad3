package page

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/signedfront/signedfront/signer"
	"github.com/signedfront/signedfront/signer/edge"
)

func (s *site) explain(ask map[string]any) (*explanation, string) {
	s.Helper()
	var got struct {
		explanation
		problem
	}
	if status := s.call(http.MethodPost, "/api/explanations", ask, &got); (status == http.StatusOK) != (got.Error == "") {
		s.Fatalf("%d %+v", status, got)
	}
	return &got.explanation, got.Error
}

func resultOf(x *explanation, name string) string {
	for _, c := range x.Checks {
		if c.Name == name {
			return c.Result
		}
	}
	return ""
}

// foreign is a distribution that this stack does not know.
type foreign struct {
	key    *signer.PrivateKey
	signer *signer.Signer
}

const foreignID, foreignURL = "K2JCJMDEHXQW5F", "https://d111111abcdef8.cloudfront.net/films/intro.mp4"

func newForeign(t *testing.T) foreign {
	t.Helper()
	key, err := signer.GenerateKey(signer.RSA2048)
	if err != nil {
		t.Fatal(err)
	}
	s, err := signer.New(foreignID, key, nil)
	if err != nil {
		t.Fatal(err)
	}
	return foreign{key, s}
}

func (f foreign) sign(t *testing.T, p signer.Policy) string {
	t.Helper()
	signed, err := f.signer.URL(t.Context(), foreignURL, p)
	if err != nil {
		t.Fatal(err)
	}
	return signed
}

func (f foreign) keys() []map[string]string {
	return []map[string]string{{"id": " " + foreignID, "pem": string(f.key.PublicKey().PEM())}, {"id": "", "pem": " "}}
}

func TestAURLOfThisEdgeIsExplainedAsItWouldAnswer(t *testing.T) {
	s := start(t, template(t), pictures)
	x, _ := s.explain(map[string]any{"url": "  " + s.base + s.sign("/rt.png") + "\n"})
	if x.Verdict != "allowed" || x.Status != 200 || resultOf(x, "Object") != "passed" {
		t.Errorf("%+v", x)
	}
	x, _ = s.explain(map[string]any{"url": s.base + s.sign("/none.png")})
	if x.Verdict != "refused" || resultOf(x, "Signature") != "passed" || resultOf(x, "Object") != "failed" {
		t.Errorf("%+v", x)
	}
	x, _ = s.explain(map[string]any{"url": s.base + s.sign("/rt.png"), "time": time.Now().Add(time.Hour).UTC().Format(time.RFC3339)})
	if x.Verdict != "refused" || resultOf(x, "Expiry") != "failed" {
		t.Errorf("an hour later: %+v", x)
	}
	x, _ = s.explain(map[string]any{"url": s.base + s.sign("/rt.png"), "method": "POST"})
	if x.Verdict != "refused" || resultOf(x, "Method") != "failed" {
		t.Errorf("POST: %+v", x)
	}
	x, _ = s.explain(map[string]any{"url": "\"" + s.base + s.sign("/rt.png") + "\""})
	if x.Verdict != "refused" || x.Note != "" || x.Difference == nil || !strings.Contains(x.Detail, "as it was signed it is allowed") {
		t.Errorf("in quotes: %+v", x)
	}
	if kept, _ := s.page.requests.after(0); len(kept) != 0 {
		t.Errorf("what was only explained is shown as %d requests", len(kept))
	}
}

func TestAURLOfAnotherHostOfTheEdgeIsTheEdgesOwn(t *testing.T) {
	const other = "192.168.1.5:8080"
	s := startConfig(t, edge.Config{Template: template(t), Objects: edge.OpenFS(pictures), Hosts: []string{other}}, Config{Hosts: []string{other}})
	signed, err := s.signer.URL(t.Context(), "http://"+other+"/rt.png", signer.Policy{TTL: time.Hour})
	if err != nil {
		t.Fatal(err)
	}
	if x, _ := s.explain(map[string]any{"url": signed}); x.Verdict != "allowed" || resultOf(x, "Object") != "passed" {
		t.Errorf("%+v", x)
	}
	s.page.Observe(s.edge.Explain(edge.Record{Target: strings.Replace(strings.TrimPrefix(signed, "http://"+other), "rt.png", "rs.png", 1), Host: other}).Record)
	var x explanation
	if s.call(http.MethodGet, "/api/requests/1", nil, &x); x.Difference == nil || x.Difference.Signed != signed {
		t.Errorf("%+v", x)
	}
}

func TestAURLOfAnotherDistributionIsExplained(t *testing.T) {
	s, f := start(t, template(t), pictures), newForeign(t)
	limited := f.sign(t, signer.Policy{TTL: time.Hour, IPAddress: "203.0.113.0/24"})

	x, _ := s.explain(map[string]any{"url": limited})
	if x.Verdict != "unknown" || x.Status != 0 || x.Policy == nil || x.Policy.Address != "203.0.113.0/24" || x.Policy.Resource != foreignURL || resultOf(x, "Signature") != notKnown || resultOf(x, "Expiry") != "passed" || !strings.Contains(x.Note, foreignID) {
		t.Errorf("without its key: %+v", x)
	}
	x, _ = s.explain(map[string]any{"url": limited, "keys": f.keys(), "address": "203.0.113.9"})
	if x.Verdict != "allowed" || resultOf(x, "Signature") != "passed" || resultOf(x, "Address") != "passed" {
		t.Errorf("with its key: %+v", x)
	}
	x, _ = s.explain(map[string]any{"url": limited, "keys": f.keys(), "address": "198.51.100.1"})
	if x.Verdict != "refused" || x.Code != "AccessDenied" || resultOf(x, "Address") != "failed" {
		t.Errorf("from another address: %+v", x)
	}
	signed := f.sign(t, signer.Policy{TTL: time.Hour})
	x, _ = s.explain(map[string]any{"url": strings.Replace(signed, "intro", "intru", 1), "keys": f.keys()})
	if d := x.Difference; x.Verdict != "refused" || d == nil || d.Signed != signed || d.Arrived[d.Offset] != 'u' {
		t.Errorf("tampered: %+v", x)
	}
	x, _ = s.explain(map[string]any{"url": strings.ReplaceAll(signed, "&", "&amp;"), "keys": f.keys()})
	if d := x.Difference; x.Verdict != "refused" || d == nil || d.Signed != signed || !strings.Contains(x.Detail, "HTML") {
		t.Errorf("copied out of HTML: %+v", x)
	}
	x, _ = s.explain(map[string]any{"url": signed, "time": time.Now().Add(2 * time.Hour).UTC().Format(time.RFC3339)})
	if x.Verdict != "refused" || x.Code != "" || resultOf(x, "Signature") != notKnown || resultOf(x, "Expiry") != "failed" || !strings.Contains(x.Detail, "expired at") {
		t.Errorf("expired, without its key: %+v", x)
	}
	x, _ = s.explain(map[string]any{"url": strings.Replace(limited, "Policy=", "Policy=!", 1)})
	if x.Verdict != "refused" || x.Code != "MalformedPolicy" || resultOf(x, "Policy") != "failed" {
		t.Errorf("without its key and with a policy that cannot be read: %+v", x)
	}
	x, _ = s.explain(map[string]any{"url": strings.Replace(signed, "Expires=1", "Expires=01", 1)})
	if x.Verdict != "unknown" || resultOf(x, "Expiry") != "passed" {
		t.Errorf("with another spelling of its time, without its key: %+v", x)
	}
	x, _ = s.explain(map[string]any{"url": strings.Replace(limited, "intro", "intru", 1), "address": "203.0.113.9"})
	if d := x.Difference; x.Verdict != "refused" || resultOf(x, "Resource") != "failed" || d == nil || d.Arrived[d.Offset] != 'u' || !strings.Contains(x.Detail, "another resource") {
		t.Errorf("for another resource, without its key: %+v", x)
	}
	x, _ = s.explain(map[string]any{"url": limited, "address": "198.51.100.1"})
	if x.Verdict != "refused" || resultOf(x, "Resource") != "passed" || resultOf(x, "Address") != "failed" {
		t.Errorf("from another address, without its key: %+v", x)
	}
	x, _ = s.explain(map[string]any{"url": foreignURL})
	if x.Verdict != "refused" || x.Code != "MissingKey" || x.Policy != nil {
		t.Errorf("unsigned: %+v", x)
	}
}

func TestCookiesAloneAreExplained(t *testing.T) {
	s, f := start(t, template(t), pictures), newForeign(t)
	cookies, err := f.signer.Cookies(t.Context(), "https://d111111abcdef8.cloudfront.net/films/*", signer.Policy{TTL: time.Hour}, signer.CookieOptions{})
	if err != nil {
		t.Fatal(err)
	}
	var header []string
	for _, c := range cookies {
		if c.MaxAge < 0 {
			continue // it clears a cookie that a browser may have
		}
		header = append(header, c.Name+"="+c.Value)
	}
	line := strings.Join(header, "; ")
	for name, ask := range map[string]map[string]any{
		"the header":            {"cookie": line},
		"with its name":         {"cookie": "Cookie: " + line},
		"in the place of a URL": {"url": "cookie: " + line},
		"with a URL":            {"cookie": line, "url": foreignURL},
	} {
		ask["keys"] = f.keys()
		x, fault := s.explain(ask)
		if fault != "" || x.Verdict != "allowed" || x.Policy == nil || x.Policy.From != "cookies" || x.Policy.Resource != "https://d111111abcdef8.cloudfront.net/films/*" {
			t.Errorf("%s: %q %+v", name, fault, x)
		}
	}
	if x, _ := s.explain(map[string]any{"cookie": line, "url": "https://d111111abcdef8.cloudfront.net/others/a.mp4", "keys": f.keys()}); x.Verdict != "refused" || x.Difference == nil || !x.Difference.Wildcards {
		t.Errorf("for another folder: %+v", x)
	}
	if x, _ := s.explain(map[string]any{"cookie": line, "url": "https://d111111abcdef8.cloudfront.net/others/a.mp4"}); x.Verdict != "refused" || resultOf(x, "Resource") != "failed" || resultOf(x, "Signature") != notKnown {
		t.Errorf("for another folder, without their key: %+v", x)
	}
}

func TestWhatCannotBeExplainedIsSaid(t *testing.T) {
	s := start(t, template(t), pictures)
	const url = "https://d111111abcdef8.cloudfront.net/a.png"
	for _, test := range []struct {
		ask  map[string]any
		want string
	}{
		{map[string]any{}, "there is nothing to explain: paste a URL or a Cookie header"},
		{map[string]any{"url": "d111111abcdef8.cloudfront.net/a"}, `the URL is "d111111abcdef8.cloudfront.net/a": paste it whole, with https:// and its query`},
		{map[string]any{"url": "https://bucket/a"}, "the URL has no host name"},
		{map[string]any{"url": "https:///rt.png"}, "the URL has no host name"},
		{map[string]any{"url": url, "cookie": "Set-Cookie: a=b"}, "the cookies are a Set-Cookie header"},
		{map[string]any{"url": url, "cookie": "none"}, `the cookies are "none": paste the header`},
		{map[string]any{"url": url, "address": "here"}, `the viewer's address is "here"`},
		{map[string]any{"url": url, "origin": "app.example.com"}, "the origin is not one that a browser sends"},
		{map[string]any{"url": url, "time": "soon"}, `the time is "soon"`},
		{map[string]any{"url": url, "method": "BREW"}, `the method is "BREW"`},
		{map[string]any{"url": url, "keys": []map[string]string{{"id": "APKA-1", "pem": "x"}}}, "key 1: its id is a value of 6 bytes"},
		{map[string]any{"url": url, "keys": []map[string]string{{"id": foreignID, "pem": "x"}}}, "key 1: "},
		{map[string]any{"cookie": "CloudFront-Policy=x; CloudFront-Signature=y; CloudFront-Key-Pair-Id=" + foreignID}, "the cookies cannot be read: "},
		{map[string]any{"cookie": "CloudFront-Expires=1; CloudFront-Signature=" + strings.Repeat("A", 96) + "; CloudFront-Key-Pair-Id=" + foreignID}, "open one URL: paste that too"},
	} {
		if _, fault := s.explain(test.ask); !strings.Contains(fault, test.want) {
			t.Errorf("%v: %q, want %q", test.ask, fault, test.want)
		}
	}
}
