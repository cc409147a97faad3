package edge

import (
	"bytes"
	"context"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"github.com/signedfront/signedfront/signer"
	"github.com/signedfront/signedfront/signer/edge/internal/redact"
)

func TestASignedURLOpensItsObject(t *testing.T) {
	s := serve(t)
	for _, object := range []struct{ path, body, contentType string }{
		{"/rt.png", "a picture", "image/png"},
		{"/users/1/photo.jpg", "one's photo", "image/jpeg"},
		{"/public/logo.svg", "<svg/>", "image/svg+xml"},
		{"/a%20b%2Bc.txt", "space and plus", "text/plain"},
		{"/%C3%BCn%C3%AF/%E6%97%A5%E6%9C%AC.txt", "unicode", "text/plain"},
		{"/100%25.txt", "percent", "text/plain"},
	} {
		got := s.get(s.sign(object.path))
		if got.status != 200 || got.body != object.body {
			t.Errorf("%s: status %d, %q: %s", object.path, got.status, got.body, got.header.Get(reasonHeader))
		}
		want := map[string]string{
			"Content-Type":              object.contentType,
			"Content-Length":            fmt.Sprint(len(object.body)),
			"Accept-Ranges":             "bytes",
			"Last-Modified":             "Sun, 01 Mar 2026 11:00:00 GMT",
			"Server":                    "AmazonS3",
			"X-Cache":                   "Miss from cloudfront",
			"Strict-Transport-Security": "max-age=31536000",
			"X-Content-Type-Options":    "nosniff",
			"Referrer-Policy":           "no-referrer",
			reasonHeader:                "",
		}
		for name, value := range want {
			if got.header.Get(name) != value {
				t.Errorf("%s: header %s is %q, want %q", object.path, name, got.header.Get(name), value)
			}
		}
	}
}

func TestObjectURLReachesEveryKeyOfTheBucket(t *testing.T) {
	s := serve(t)
	for key := range pictures {
		if strings.Contains(key, "/.") || strings.HasPrefix(key, ".") {
			continue
		}
		whole, err := signer.ObjectURL(s.url, key)
		if err != nil {
			t.Fatal(err)
		}
		if got := s.get(s.sign(strings.TrimPrefix(whole, s.url))); got.body != string(pictures[key].Data) {
			t.Errorf("%q: %d %q", key, got.status, got.body)
		}
	}
}

func TestEveryOtherRequestIsRefusedAsCloudFrontDoes(t *testing.T) {
	now := noon
	s := serveConfig(t, Config{
		Template: edited(t),
		Objects:  OpenFS(pictures),
		Now:      func() time.Time { return now },
	})
	stranger, err := signer.GenerateKey(signer.ECDSAP256)
	if err != nil {
		t.Fatal(err)
	}
	signedBy := func(id string) string {
		other, err := signer.New(id, stranger, &signer.Options{Now: func() time.Time { return noon }})
		if err != nil {
			t.Fatal(err)
		}
		signed, err := other.URL(context.Background(), s.url+"/rt.png", signer.Policy{TTL: time.Hour})
		if err != nil {
			t.Fatal(err)
		}
		return signed
	}
	good := s.sign("/rt.png")
	_, query, _ := strings.Cut(good, "?")

	denied := signatureBody("AccessDenied", "Access denied")
	tests := []struct {
		name, url    string
		at           time.Time
		body, reason string
	}{
		{"unsigned", s.url + "/rt.png", noon, signatureBody("MissingKey", "Missing Key-Pair-Id query parameter or cookie value"), "unsigned"},
		{"unsigned, of an object that is not there", s.url + "/nothing", noon, signatureBody("MissingKey", "Missing Key-Pair-Id query parameter or cookie value"), "unsigned"},
		{"expired", good, noon.Add(time.Hour + time.Second), denied, "expired"},
		{"with another expiry", strings.Replace(good, "Expires=1", "Expires=2", 1), noon, denied, "signature"},
		{"with another path", s.url + "/users/1/photo.jpg?" + query, noon, denied, "signature"},
		{"with one more parameter", good + "&x=1", noon, denied, "rewritten"},
		{"by another key under the right id", signedBy(s.edge.Deployment().KeyPairID), noon, denied, "signature"},
		{"by a key with an unknown id", signedBy("K2JCJMDEHXQW5F"), noon, signatureBody("InvalidKey", "Unknown Key"), "unknown-key"},
		{"with a signature in the usual base64", strings.Replace(good, "Signature=", "Signature=+", 1), noon, signatureBody("MalformedSignature", "Could not unencode Signature"), "signature-encoding"},
		{"with a policy that is none", strings.Replace(good, "Expires=", "Policy=AAAA&Was=", 1), noon, signatureBody("MalformedPolicy", "Malformed Policy"), "policy-format"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			now = test.at
			for _, method := range []string{"GET", "HEAD"} {
				got := s.do(method, test.url)
				body := test.body
				if method == "HEAD" {
					body = ""
				}
				if got.status != 403 || got.body != body {
					t.Errorf("%s: status %d, body %q, want 403 and %q", method, got.status, got.body, body)
				}
				if reason := got.header.Get(reasonHeader); !strings.HasPrefix(reason, test.reason+": ") {
					t.Errorf("%s: reason %q, want %s", method, reason, test.reason)
				}
				for name, value := range map[string]string{"Content-Type": "text/xml", "Server": "CloudFront", "X-Cache": "Error from cloudfront", "Referrer-Policy": ""} {
					if got.header.Get(name) != value {
						t.Errorf("%s: header %s is %q, want %q", method, name, got.header.Get(name), value)
					}
				}
				for _, name := range []string{"Via", "X-Amz-Cf-Pop", "X-Amz-Cf-Id"} {
					if got.header.Get(name) == "" {
						t.Errorf("%s: no header %s", method, name)
					}
				}
			}
		})
	}
}

func TestCustomPoliciesAndCookiesOpenWhatTheyCover(t *testing.T) {
	s := serve(t)
	query := s.signPass("users/1/*")
	cookie := "CloudFront-" + strings.NewReplacer("&", "; CloudFront-").Replace(query)
	for _, test := range []struct {
		name, path, query, cookie string
		status                    int
	}{
		{"the query opens what it covers", "/users/1/photo.jpg", query, "", 200},
		{"the cookies open what they cover", "/users/1/photo.jpg", "", cookie, 200},
		{"the query opens nothing else", "/users/2/photo.jpg", query, "", 403},
		{"the cookies open nothing else", "/users/2/photo.jpg", "", cookie, 403},
		{"a query that is not right makes the cookies be passed over", "/users/1/photo.jpg", "Key-Pair-Id=" + s.edge.Deployment().KeyPairID, cookie, 403},
	} {
		url := s.url + test.path
		if test.query != "" {
			url += "?" + test.query
		}
		var headers []string
		if test.cookie != "" {
			headers = []string{"Cookie", test.cookie}
		}
		if got := s.get(url, headers...); got.status != test.status {
			t.Errorf("%s: status %d, want %d: %s", test.name, got.status, test.status, got.header.Get(reasonHeader))
		}
	}
}

func TestAPolicyForAnotherAddressIsRefused(t *testing.T) {
	s := serve(t)
	for address, status := range map[string]int{"127.0.0.1": 200, "127.0.0.0/8": 200, "203.0.113.7": 403} {
		got := s.get(s.signPolicy("/rt.png", signer.Policy{TTL: time.Hour, IPAddress: address}))
		if got.status != status {
			t.Errorf("signed for %s: status %d, want %d: %s", address, got.status, status, got.header.Get(reasonHeader))
		}
	}
}

func TestAnotherHostIsAnsweredAsOneThatCloudFrontDoesNotKnow(t *testing.T) {
	s := serve(t)
	_, port, _ := strings.Cut(s.host, ":")
	signed := s.sign("/rt.png")
	for _, host := range []string{
		"attacker.example", "attacker.example:" + port, "localhost:" + port, "127.0.0.1", "127.0.0.1:1", s.host + ".", "[::1]:" + port,
	} {
		got := s.get(signed, "Host", host)
		if got.status != 403 || !strings.Contains(got.body, "<H1>403 ERROR</H1>") || got.header.Get("Content-Type") != "text/html" || got.header.Get("X-Cache") != "Error from cloudfront" {
			t.Errorf("Host %s: %d %q", host, got.status, got.body)
		}
		if !strings.Contains(got.body, "Request ID: "+got.header.Get("X-Amz-Cf-Id")) {
			t.Errorf("Host %s: the page does not name the request", host)
		}
	}
	if got := s.raw("GET /rt.png HTTP/1.0"); got.status != 403 {
		t.Errorf("no Host at all: status %d, want 403", got.status)
	}
}

func TestMethodsThatTheBehaviorDoesNotAllowAreRefused(t *testing.T) {
	s := serve(t)
	for _, method := range []string{"POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "BREW"} {
		got := s.do(method, s.sign("/rt.png"))
		if got.status != 403 || !strings.Contains(got.body, "not configured to allow the HTTP request method") {
			t.Errorf("%s: %d %q", method, got.status, got.body)
		}
	}
}

func TestMethodsThatWriteNeverChangeTheFolder(t *testing.T) {
	s := serve(t,
		change{fallback + ".AllowedMethods", []any{"GET", "HEAD", "OPTIONS", "PUT", "PATCH", "POST", "DELETE"}},
		change{reader + ".Action", []any{"s3:GetObject", "s3:PutObject"}})
	for method, status := range map[string]int{"PUT": 501, "POST": 501, "DELETE": 403, "OPTIONS": 400, "PATCH": 403} {
		if got := s.do(method, s.sign("/rt.png")); got.status != status || got.header.Get("Server") != "AmazonS3" {
			t.Errorf("%s: status %d, want %d from the bucket", method, got.status, status)
		}
	}
	if got := s.get(s.sign("/rt.png")); got.body != "a picture" {
		t.Errorf("afterwards the object is %q", got.body)
	}
}

func TestAGETRequestWithABodyIsRefused(t *testing.T) {
	s := serve(t)
	target := strings.TrimPrefix(s.sign("/rt.png"), s.url)
	for _, body := range []string{"Content-Length: 0", "Content-Length: 1", "Transfer-Encoding: chunked"} {
		want := 403
		if body == "Content-Length: 0" {
			want = 200
		}
		if got := s.raw("GET "+target+" HTTP/1.1", body); got.status != want {
			t.Errorf("%s: status %d, want %d", body, got.status, want)
		}
	}
}

func TestARequestOverTheLimitsIsRefused(t *testing.T) {
	s := serve(t, change{fallback + ".TrustedKeyGroups", nil})
	padded := func(target string, length int) string { return target + strings.Repeat("x", length-len(target)) }
	for target, status := range map[string]int{
		padded("/rt.png?", 8192): 200, // scheme and host do not count
		padded("/rt.png?", 8193): 413,
		padded("/", 8193):        413,
		padded("x", 8193):        413, // before anything else
	} {
		got := s.handle("GET", target)
		if got.status != status {
			t.Errorf("a target of %d bytes, %.10s: status %d, want %d", len(target), target, got.status, status)
		}
		if status == 413 && (!strings.Contains(got.body, "<H1>413 ERROR</H1>") || got.header.Get("Connection") != "close") {
			t.Errorf("a target of %d bytes: %q %v", len(target), got.body, got.header)
		}
	}

	head := s.request("GET", "/rt.png", "X-Padding", "")
	room := maxRequest - requestSize(head)
	if got := s.handle("GET", "/rt.png", "X-Padding", strings.Repeat("x", room)); got.status != 200 {
		t.Errorf("a request of %d bytes: status %d", maxRequest, got.status)
	}
	if got := s.handle("GET", "/rt.png", "X-Padding", strings.Repeat("x", room+1)); got.status != 413 {
		t.Errorf("a request of %d bytes: status %d", maxRequest+1, got.status)
	}
}

func TestABehaviorWithoutKeyGroupsIsPublic(t *testing.T) {
	s := serve(t, change{config + ".CacheBehaviors", []any{
		map[string]any{"PathPattern": "public/*", "TargetOriginId": "content"},
	}})
	for path, status := range map[string]int{
		"/public/logo.svg":    200,
		"/rt.png":             403,
		"/Public/logo.svg":    403, // letter case matters
		"/publican/logo.svg":  403,
		"/xpublic/logo.svg":   403,
		"/public%2Flogo.svg":  403, // an escaped slash is none
		"/users/1/photo.jpg":  403,
		"/public/nothing.svg": 403,
	} {
		if got := s.get(s.url + path); got.status != status {
			t.Errorf("%s: status %d, want %d", path, got.status, status)
		}
	}
	// What the open behavior lets pass, the bucket still has to know.
	if got := s.get(s.url + "/public/nothing.svg"); got.header.Get("Server") != "AmazonS3" {
		t.Errorf("the refusal is from %s", got.header.Get("Server"))
	}
}

func TestASignatureOfOneBehaviorOpensNoOther(t *testing.T) {
	s := serve(t,
		change{"Resources.OtherPair", map[string]any{"Type": "Custom::SigningKeyPair", "Properties": map[string]any{"Algorithm": "rsa-2048"}}},
		change{"Resources.OtherKey", map[string]any{"Type": "AWS::CloudFront::PublicKey", "Properties": map[string]any{"PublicKeyConfig": map[string]any{"EncodedKey": map[string]any{"Fn::GetAtt": "OtherPair.PublicKeyPem"}}}}},
		change{"Resources.OtherGroup", map[string]any{"Type": "AWS::CloudFront::KeyGroup", "Properties": map[string]any{"KeyGroupConfig": map[string]any{"Items": []any{map[string]any{"Ref": "OtherKey"}}}}}},
		change{config + ".CacheBehaviors", []any{map[string]any{
			"PathPattern": "/users/*", "TargetOriginId": "content", "TrustedKeyGroups": []any{map[string]any{"Ref": "OtherGroup"}},
		}}})
	if got := s.get(s.sign("/rt.png")); got.status != 200 {
		t.Errorf("where the key is trusted: status %d", got.status)
	}
	if got := s.get(s.sign("/users/1/photo.jpg")); got.body != signatureBody("InvalidKey", "Unknown Key") {
		t.Errorf("where another key is trusted: %q", got.body)
	}
}

func TestTheDefaultRootObjectIsForTheSlashAlone(t *testing.T) {
	s := serveConfig(t, Config{
		Template: edited(t, change{config + ".DefaultRootObject", "index.html"}),
		Objects:  OpenFS(fstest.MapFS{"index.html": {Data: []byte("root")}, "sub/index.html": {Data: []byte("sub")}}),
	})
	if got := s.get(s.sign("/")); got.status != 200 || got.body != "root" || got.header.Get("Content-Type") != "text/html" {
		t.Errorf("/ is %d %q", got.status, got.body)
	}
	if got := s.get(s.sign("/?x=1")); got.body != "root" {
		t.Errorf("/ with a query of its own is %d %q", got.status, got.body)
	}
	if got := s.get(s.sign("/sub/")); got.status != 403 || got.header.Get("Server") != "AmazonS3" {
		t.Errorf("another folder is %d %q", got.status, got.body)
	}
	// What is checked is the URL as it arrived.
	if got := s.get(strings.Replace(s.sign("/index.html"), "/index.html", "/", 1)); got.status != 403 {
		t.Errorf("/ with the signature of the root object is %d", got.status)
	}
	if got := s.get(s.url + "/"); got.body != signatureBody("MissingKey", "Missing Key-Pair-Id query parameter or cookie value") {
		t.Errorf("/ unsigned is %d %q", got.status, got.body)
	}
}

func TestSignaturesNeverReachLogsOrReasons(t *testing.T) {
	var log bytes.Buffer
	s := serveConfig(t, Config{
		Template: edited(t),
		Objects:  OpenFS(pictures),
		Log:      slog.New(slog.NewJSONHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug})),
	})
	signed := s.sign("/rt.png")
	_, query, _ := strings.Cut(signed, "?")
	_, signature, _ := strings.Cut(query, "Signature=")
	signature, _, _ = strings.Cut(signature, "&")

	cookie := "CloudFront-" + strings.ReplaceAll(query, "&", "; CloudFront-")
	var reasons strings.Builder
	for _, got := range []reply{
		s.get(signed),
		s.get(signed + "&x=1"),
		s.get(strings.Replace(signed, "rt.png", "users/1/photo.jpg", 1)),
		s.get(s.url+"/users/2/photo.jpg", "Cookie", cookie),
		s.get(strings.Replace(signed, "Signature=", "Signature=%20", 1)),
	} {
		reasons.WriteString(got.header.Get(reasonHeader))
	}
	for name, text := range map[string]string{"log": log.String(), "reasons": reasons.String()} {
		if len(text) == 0 {
			t.Errorf("the %s is empty", name)
		}
		if strings.Contains(text, signature[:20]) || strings.Contains(text, "Signature=") {
			t.Errorf("the %s holds a signature:\n%s", name, text)
		}
	}
	if !strings.Contains(log.String(), `"path":"/rt.png","status":200`) {
		t.Errorf("the log does not tell the request:\n%s", log.String())
	}
}

func TestTheReasonHeaderIsOneLineOfASCII(t *testing.T) {
	for in, want := range map[string]string{
		"plain":             "plain",
		`a "word"`:          `a "word"`,
		"line\r\nX-Evil: 1": `line\r\nX-Evil: 1`,
		"日本":                `\u65e5\u672c`,
		"\xff":              `\xff`,
	} {
		if got := headerText(in); got != want {
			t.Errorf("headerText(%q) = %q, want %q", in, got, want)
		}
	}
	if got := headerText(strings.Repeat("x", 5000)); len(got) > 1010 {
		t.Errorf("a reason of %d bytes", len(got))
	}

	s := serve(t, change{reader + ".Resource", map[string]any{"Fn::GetAtt": "Bucket.Arn"}})
	got := s.get(s.sign("/%C3%BC%0A.txt")).header.Get(reasonHeader)
	if !strings.Contains(got, `/\u00fc\n.txt`) {
		t.Errorf("the reason of a key with other characters: %q", got)
	}
}

func TestManyViewersAreServedAtOnceWhileTheFolderChanges(t *testing.T) {
	dir := t.TempDir()
	for i := range 10 {
		write(t, filepath.Join(dir, fmt.Sprintf("%d.txt", i)), fmt.Sprintf("content %d", i))
	}
	objects := open(t, dir)
	s := serveConfig(t, Config{Template: edited(t), Objects: objects})

	var urls [10]string
	for i := range urls {
		urls[i] = s.sign(fmt.Sprintf("/%d.txt", i))
	}
	missing := s.sign("/missing.txt")
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			for n := range 40 {
				k := (i + n) % 10
				if got := s.get(urls[k]); got.status != 200 || got.body != fmt.Sprintf("content %d", k) {
					t.Errorf("%d.txt: %d %q", k, got.status, got.body)
				}
				if got := s.get(missing); got.status != 403 {
					t.Errorf("missing.txt: %d", got.status)
				}
			}
		})
	}
	wg.Go(func() {
		for i := range 40 {
			write(t, filepath.Join(dir, fmt.Sprintf("new-%d.txt", i)), "new")
			objects.Keys()
		}
	})
	wg.Wait()
}

// TestFIPSOnlyModeNeverPanics runs tests of this package again, in a program of
// their own: the mode is chosen when a program starts.
func TestFIPSOnlyModeNeverPanics(t *testing.T) {
	if os.Getenv("SIGNEDFRONT_FIPS_TEST") != "" {
		return // this is that program
	}
	run := exec.Command(os.Args[0], "-test.run", "^(TestASignedURLOpensItsObject|TestASHA1SignatureIsRefusedInFIPSOnlyMode)$", "-test.v")
	run.Env = append(os.Environ(), "GODEBUG=fips140=only", "SIGNEDFRONT_FIPS_TEST=1")
	out, err := run.CombinedOutput()
	if err != nil || bytes.Count(out, []byte("--- PASS: ")) != 2 {
		t.Errorf("%v\n%s", err, out)
	}
}

func TestASHA1SignatureIsRefusedInFIPSOnlyMode(t *testing.T) {
	s := serve(t)
	signed := strings.Replace(s.sign("/rt.png"), "&Hash-Algorithm=SHA256", "", 1)
	got := s.get(signed)
	if got.status != 403 {
		t.Errorf("a signature over another hash: status %d", got.status)
	}
	if os.Getenv("SIGNEDFRONT_FIPS_TEST") != "" && !strings.HasPrefix(got.header.Get(reasonHeader), "sha1-in-fips") {
		t.Errorf("reason %q", got.header.Get(reasonHeader))
	}
}

func TestTheDeploymentDocumentIsTheTemplatesOwn(t *testing.T) {
	pair, err := signer.GenerateKey(signer.ECDSAP256)
	if err != nil {
		t.Fatal(err)
	}
	spki, err := x509.MarshalPKIXPublicKey(pair.Public())
	if err != nil {
		t.Fatal(err)
	}
	made := 0
	s := serveConfig(t, Config{
		Template: edited(t, change{"Resources.DeploymentDocument.Properties.Value.Fn::Join.1.12", map[string]any{"Fn::Join": []any{"", []any{
			`","trustedKeys":[{"id":"`, map[string]any{"Ref": "PublicKey"}, `","spki":"` + base64.StdEncoding.EncodeToString(spki) + `"}],
			"query":{"signed":["a"],"public":["b"]},"bucket":{"name":"bbb","region":"eu-west-1"},"maxUrlLifetime":604800,"maxKeyAge":3600}`}}}},
			passing("AWS::CloudFront::OriginRequestPolicy", "OriginRequestPolicyConfig", "", "whitelist", "a"), change{fallback + ".OriginRequestPolicyId", map[string]any{"Ref": "Passing"}}),
		Objects: OpenFS(pictures),
		Keys: func(k KeyPair) (*signer.PrivateKey, error) {
			made++
			if k != (KeyPair{Stack: "signedfront-local", LogicalID: "KeyPair", Algorithm: signer.ECDSAP256}) {
				t.Errorf("asked for %+v", k)
			}
			return pair, nil
		},
	})
	if made != 1 {
		t.Errorf("asked for %d key pairs, want 1", made)
	}
	d := s.edge.Deployment()
	if err := d.Validate(); err != nil {
		t.Error(err)
	}
	if d.BaseURL != s.url || d.Region != "" || d.Bucket != nil || d.PublicKeySHA256 != pair.PublicKey().Fingerprint() ||
		d.MaxURLLifetime != 604800 || d.MaxKeyAge != 3600 || !strings.HasPrefix(d.Key.SecretARN, "arn:aws:secretsmanager:us-east-1:000000000000:secret:") {
		t.Errorf("document %+v", d)
	}
	// As text, which shares nothing with the edge.
	asText := func() string {
		text, err := json.Marshal(s.edge.Deployment())
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	own := asText()
	d.BaseURL, d.TrustedKeys[0].ID, d.Query.Signed[0], d.Query.Public[0] = "changed", "changed", "changed", "changed"
	if now := asText(); now != own {
		t.Errorf("a caller can change the edge's own document: %s", now)
	}
	if _, err := s.signer.URL(context.Background(), s.url+"/rt.png", signer.Policy{TTL: 8 * 24 * time.Hour}); err == nil {
		t.Error("the signer signs for longer than the document's maxUrlLifetime")
	}
}

func TestATemplateWithoutADocumentServesButDoesNotSign(t *testing.T) {
	s := serve(t, change{"Resources.DeploymentDocument", nil})
	if s.edge.Deployment() != nil {
		t.Error("a document from nowhere")
	}
	if _, err := s.edge.Signer(); err == nil || !strings.Contains(err.Error(), "no deployment document") {
		t.Errorf("error %v", err)
	}
	if got := s.get(s.url + "/rt.png"); got.status != 403 {
		t.Errorf("status %d", got.status)
	}
}

func TestAnImportedKeyIsTrustedButCannotSign(t *testing.T) {
	pair, err := signer.GenerateKey(signer.RSA2048)
	if err != nil {
		t.Fatal(err)
	}
	s := serve(t,
		change{"Resources.KeyPair", nil},
		change{"Resources.PublicKey.Properties.PublicKeyConfig.EncodedKey", string(pair.PublicKey().PEM())},
		change{"Resources.DeploymentDocument", nil})
	id := slices.Collect(maps.Keys(s.edge.distribution.Behaviors[0].TrustedKeys))[0]
	own, err := signer.New(id, pair, &signer.Options{Now: func() time.Time { return noon }})
	if err != nil {
		t.Fatal(err)
	}
	s.signer = own
	if got := s.get(s.sign("/rt.png")); got.status != 200 {
		t.Errorf("status %d: %s", got.status, got.header.Get(reasonHeader))
	}
}

func write(t testing.TB, file, content string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		t.Error(err)
	}
	if err := os.WriteFile(file, []byte(content), 0o644); err != nil {
		t.Error(err)
	}
}

func open(t testing.TB, dir string) *Objects {
	t.Helper()
	objects, err := OpenDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { objects.Close() })
	return objects
}

// The server behind it sends files without copying them through the program.
type sendsFiles struct {
	http.ResponseWriter
	sent bool
}

func (w *sendsFiles) ReadFrom(src io.Reader) (int64, error) {
	// What net/http hands on to the kernel is a file behind a limit.
	limited, ok := src.(*io.LimitedReader)
	if ok {
		_, w.sent = limited.R.(*os.File)
	}
	return io.Copy(w.ResponseWriter, src)
}

func TestLongFilesAreSentByTheServerItself(t *testing.T) {
	dir := t.TempDir()
	film := strings.Repeat("a film ", redact.MaxKeyFile/7+1)
	write(t, filepath.Join(dir, "film.mp4"), film)
	s := serveConfig(t, Config{Template: edited(t), Objects: open(t, dir)})
	recorder := httptest.NewRecorder()
	w := &sendsFiles{ResponseWriter: recorder}
	s.edge.ServeHTTP(w, s.request("GET", strings.TrimPrefix(s.sign("/film.mp4"), s.url)))
	if !w.sent || recorder.Body.String() != film {
		t.Errorf("sent %v, %d bytes", w.sent, recorder.Body.Len())
	}
}

// Players report such an answer as a network error: that is what CloudFront
// sends, so that is what a developer is to see.
func TestTrap25_ARefusalHasNoCORSHeadersAsCloudFronts(t *testing.T) {
	s := serve(t)
	r := s.request("GET", "/rt.png")
	r.Header.Set("Origin", "https://app.example.com")
	recorder := httptest.NewRecorder()
	s.edge.ServeHTTP(recorder, r)
	if recorder.Code != http.StatusForbidden {
		t.Fatalf("status %d", recorder.Code)
	}
	for name := range recorder.Header() {
		if strings.HasPrefix(name, "Access-Control-") {
			t.Errorf("%s: %s", name, recorder.Header().Get(name))
		}
	}
}
