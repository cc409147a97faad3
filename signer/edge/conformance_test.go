package edge

import (
	"context"
	"encoding/base64"
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/signedfront/signedfront/signer"
)

// TestWhatIsKnownOfCloudFrontIsTheSameHere has a row for each observation of
// real CloudFront that is about more than the check of a signature, each with
// its source. FIDELITY.md says the same in words.
func TestWhatIsKnownOfCloudFrontIsTheSameHere(t *testing.T) {
	objects := fstest.MapFS{
		"index.html":  {Data: []byte("the root"), ModTime: noon},
		"rt.png":      {Data: []byte("a picture"), ModTime: noon},
		"denied.html": {Data: []byte("sign in"), ModTime: noon},
	}
	const (
		missing = "<Code>MissingKey</Code>"
		denied  = "<Code>AccessDenied</Code>"
	)
	root := change{config + ".DefaultRootObject", "index.html"}
	open := func(pattern string) change {
		return change{config + ".CacheBehaviors", []any{map[string]any{"PathPattern": pattern, "TargetOriginId": "content"}}}
	}
	signed := func(pattern string) change {
		return change{config + ".CacheBehaviors", []any{map[string]any{
			"PathPattern": pattern, "TargetOriginId": "content", "TrustedKeyGroups": []any{map[string]any{"Ref": "KeyGroup"}},
		}}}
	}
	allOpen := change{fallback + ".TrustedKeyGroups", nil}
	page := func(path string, status int) change {
		return change{config + ".CustomErrorResponses", []any{errorResponse(403, path, status)}}
	}

	unsigned := func(path string) func(*site) string { return func(s *site) string { return s.url + path } }
	sign := func(path string) func(*site) string { return func(s *site) string { return s.sign(path) } }
	const saveAs = "response-content-disposition=attachment%3B%20filename%3D%22rt.png%22"

	for _, row := range []struct {
		name, source string
		changes      []change
		url          func(*site) string
		status       int
		body         string // a part of it
		headers      []string
	}{
		{"/ is public where the root object is", "https://github.com/darko-mesaros/krtk.rs, the CDK test of a live 404; https://github.com/WebbPulse/terraform-aws-platform-modules, CHANGELOG 2.29.0",
			[]change{root, open("/index.html")}, unsigned("/"), 200, "the root", nil},
		{"/ asks for a signature where the root object does", "the same",
			[]change{root, allOpen, signed("/index.html")}, unsigned("/"), 403, missing, nil},
		{"/ with a query is the same", "the same",
			[]change{root, allOpen, signed("/index.html")}, unsigned("/?x=1"), 403, missing, nil},
		{"/ without a root object has the behavior of /", "https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/DefaultRootObject.html",
			[]change{allOpen, signed("/index.html")}, unsigned("/"), 403, "AmazonS3", nil},
		{"an error page at / is the root object", "https://github.com/darko-mesaros/krtk.rs, the same test",
			[]change{root, open("/index.html"), page("/", 200)}, unsigned("/rt.png"), 200, "the root", nil},
		{"an error page stands in for a missing signature", "https://github.com/davidleberknight/footbag-platform, scripts/verify-archive-edge.sh; WebbPulse, CHANGELOG 2.29.0",
			[]change{open("/denied.html"), page("/denied.html", 403)}, unsigned("/rt.png"), 403, "sign in", nil},
		{"an error page stands in for a signature that does not fit", "the same script",
			[]change{open("/denied.html"), page("/denied.html", 403)}, func(s *site) string { return strings.Replace(s.sign("/rt.png"), "Expires=1", "Expires=2", 1) }, 403, "sign in", nil},
		{"an error page that asks for a signature is not shown", "WebbPulse/terraform-aws-platform-modules, the README of its gate",
			[]change{page("/denied.html", 403)}, unsigned("/rt.png"), 403, missing, nil},
		{"a wrong signature has 110 bytes", "https://github.com/aws/aws-sdk-ruby/issues/1391",
			nil, func(s *site) string { return strings.Replace(s.sign("/rt.png"), "Expires=1", "Expires=2", 1) }, 403, denied,
			[]string{"Content-Length", "110", "Content-Type", "text/xml", "X-Cache", "Error from cloudfront", "Vary", "", "Access-Control-Allow-Origin", ""}},
		{"a missing signature has 146 bytes", "a response of 20 August 2018 in a public file",
			nil, unsigned("/rt.png"), 403, missing,
			[]string{"Content-Length", "146", "Content-Type", "text/xml", "X-Cache", "Error from cloudfront", "Vary", "", "Access-Control-Allow-Origin", ""}},
		{"a target of 8,192 bytes is within the limit", "https://github.com/add-ons/plugin.video.vrt.nu/issues/399",
			[]change{allOpen}, func(s *site) string { return s.url + "/rt.png?" + strings.Repeat("x", 8192-len("/rt.png?")) }, 200, "a picture", nil},
		{"a longer one is not", "the same; the page: https://github.com/jeffshurtliff/khoros/issues/21",
			[]change{allOpen}, func(s *site) string { return s.url + "/rt.png?" + strings.Repeat("x", 8193-len("/rt.png?")) }, 413, "<H1>413 ERROR</H1>",
			[]string{"Content-Type", "text/html", "X-Cache", "Error from cloudfront", "Server", "CloudFront"}},
		{"S3 sets the headers that the query asks for", "https://github.com/aws/aws-sdk-js-v3/issues/3614; https://github.com/jasonsims/aws-cloudfront-sign/issues/71",
			passingAll, sign("/rt.png?" + saveAs), 200, "a picture", []string{"Content-Disposition", `attachment; filename="rt.png"`}},
		{"and not where the query does not reach it", "https://github.com/jschneier/django-storages/issues/1342",
			nil, sign("/rt.png?" + saveAs), 200, "a picture", []string{"Content-Disposition", ""}},
		{"S3 refuses what it cannot override", "https://github.com/aws/aws-sdk-php/issues/404",
			passingAll, sign("/rt.png?response-etag=x"), 400, "response-etag is not in the set of overridable response headers", nil},
		{"S3 refuses what no header can hold", "https://github.com/Coursemology/coursemology2/issues/3206",
			passingAll, sign("/rt.png?response-content-disposition=attachment%3B%20filename%3D%22%E5%BE%AE.png%22"), 400,
			"<Message>Header value cannot be represented using ISO-8859-1.</Message><ArgumentName>response-content-disposition</ArgumentName>", nil},
	} {
		t.Run(row.name, func(t *testing.T) {
			s := serveConfig(t, Config{Template: edited(t, row.changes...), Objects: OpenFS(objects)})
			url := row.url(s)
			got := s.get(url)
			if got.status != row.status || !strings.Contains(got.body+got.header.Get("Server"), row.body) {
				t.Errorf("%d %q, want %d with %q: %s\nsource: %s", got.status, got.body, row.status, row.body, got.header.Get(reasonHeader), row.source)
			}
			for i := 0; i < len(row.headers); i += 2 {
				if value := got.header.Get(row.headers[i]); value != row.headers[i+1] {
					t.Errorf("%s: %q, want %q\nsource: %s", row.headers[i], value, row.headers[i+1], row.source)
				}
			}
		})
	}
}

// TestTheEdgeAnswersAsTheSignerVerifies sends what the signer's own table of
// observations is made of, and compares the answers with its verdicts: the edge
// has no reading of its own.
func TestTheEdgeAnswersAsTheSignerVerifies(t *testing.T) {
	s := serve(t)
	key, id := s.edge.key, s.edge.deployment.KeyPairID
	resource := s.url + "/rt.png"
	custom := func(resource, more string) string {
		return fmt.Sprintf(`{"Statement":[{"Resource":"%s","Condition":{"DateLessThan":{"AWS:EpochTime":%d}%s}}]}`, resource, noon.Add(time.Hour).Unix(), more)
	}
	encode := func(b []byte) string {
		return strings.NewReplacer("+", "-", "=", "_", "/", "~").Replace(base64.StdEncoding.EncodeToString(b))
	}
	parameters := func(policy string) (p, signature string) {
		t.Helper()
		digest, hash := sha256Of(policy)
		made, err := key.SignDigest(context.Background(), digest, hash)
		if err != nil {
			t.Fatal(err)
		}
		return "Policy=" + encode([]byte(policy)), "&Signature=" + encode(made) + "&Key-Pair-Id=" + id + "&Hash-Algorithm=SHA256"
	}
	target := func(policy string) string {
		p, signature := parameters(policy)
		return "/rt.png?" + p + signature
	}
	wide := target(custom(resource, ""))
	p, signature := parameters(custom(resource, ""))
	targets := map[string]string{
		"Expires and Policy that agree":       wide + fmt.Sprintf("&Expires=%d", noon.Add(time.Hour).Unix()),
		"Expires and Policy that differ":      wide + "&Expires=1",
		"%7E for the tilde":                   "/rt.png?" + strings.ReplaceAll(p+signature, "~", "%7E"),
		"another signature over no policy":    "/rt.png?Policy=" + encode([]byte("{}")) + signature,
		"any scheme":                          target(custom("http*://"+s.host+"/rt.png", "")),
		"everything":                          target(custom("*", "")),
		"members beside Statement":            target(strings.TrimSuffix(custom(resource, ""), "}") + `,"tid":"1","ver":"3"}`),
		"a star in the host":                  target(custom("http://*/rt.png", "")),
		"a policy that is not UTF-8":          target(custom(resource+"\xff", "")),
		"a backslash before the query":        `/rt.png\` + wide[len("/rt.png"):],
		"an empty parameter":                  "/rt.png?&" + wide[len("/rt.png?"):],
		"a key pair id of another kind":       strings.Replace(wide, "Key-Pair-Id="+id, "Key-Pair-Id=-----BEGIN", 1),
		"a pattern that goes back":            target(custom(s.url+"/*"+strings.Repeat("a", 200)+"*b", "")),
		"for another address":                 target(custom(resource, `,"IpAddress":{"AWS:SourceIp":"203.0.113.7/32"}`)),
		"Hash-Algorithm in small letters":     strings.Replace(wide, "SHA256", "sha256", 1),
		"a stop before the start of the time": target(custom(resource, fmt.Sprintf(`,"DateGreaterThan":{"AWS:EpochTime":%d}`, noon.Add(time.Minute).Unix()))),
		"as it should be":                     wide,
	}
	for name, target := range targets {
		verdict := signer.Verify(signer.Request{URL: s.url + target, RemoteAddr: netip.MustParseAddr("127.0.0.1"), Time: noon},
			s.edge.distribution.Behaviors[0].TrustedKeys)
		got := s.handle("GET", target)
		switch {
		case verdict.Allowed && target[:7] == "/rt.png" && !strings.HasPrefix(target, `/rt.png\`):
			if got.status != 200 {
				t.Errorf("%s: %d %q, and the signer allows it", name, got.status, got.body)
			}
		case !verdict.Allowed:
			if got.status != 403 || got.body != signatureBody(string(verdict.Code), verdict.Code.Message()) {
				t.Errorf("%s: %d %q, and the signer says %s", name, got.status, got.body, verdict.Code)
			}
			if certain := !strings.Contains(got.header.Get(reasonHeader), "what CloudFront does here is unknown"); certain != verdict.Certain {
				t.Errorf("%s: the reason %q is certain: %t, and the signer says %t", name, got.header.Get(reasonHeader), certain, verdict.Certain)
			}
		}
		if name == "as it should be" && got.status != 200 {
			t.Errorf("%s: %d %q", name, got.status, got.body)
		}
	}
}
