package edge

import (
	"errors"
	"reflect"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/signedfront/signedfront/signer"
)

func TestATemplateThatTheEdgeCannotServeIsRefusedWithThePlace(t *testing.T) {
	ref := func(id string) map[string]any { return map[string]any{"Ref": id} }
	imported := map[string]any{"Fn::ImportValue": "elsewhere"}
	const origin, headers = config + ".Origins.0", "Resources.Headers.Properties.ResponseHeadersPolicyConfig"
	for _, test := range []struct {
		name    string
		changes []change
		want    string
	}{
		{"a key group from elsewhere", []change{{fallback + ".TrustedKeyGroups", []any{imported}}},
			"DefaultCacheBehavior.TrustedKeyGroups[0].Fn::ImportValue"},
		{"a key group by its id", []change{{fallback + ".TrustedKeyGroups", []any{"b8fbf5f0-0000-0000-0000-000000000000"}}},
			"DefaultCacheBehavior.TrustedKeyGroups[0]: the template has no such key group"},
		{"something else for a key group", []change{{fallback + ".TrustedKeyGroups", []any{ref("PublicKey")}}},
			"TrustedKeyGroups[0]: the template has no such key group"},
		{"key groups that are no list", []change{{fallback + ".TrustedKeyGroups", ref("KeyGroup")}},
			"DefaultCacheBehavior.TrustedKeyGroups: want an array"},
		{"an empty key group", []change{{"Resources.KeyGroup.Properties.KeyGroupConfig.Items", []any{}}},
			"Resources.KeyGroup.Properties.KeyGroupConfig.Items: a key group needs at least one public key"},
		{"something else for a public key", []change{{"Resources.KeyGroup.Properties.KeyGroupConfig.Items", []any{"E2JCJMDEHXQW5F"}}},
			"Items[0]: the template has no such public key"},
		{"a bucket for a public key", []change{{"Resources.KeyGroup.Properties.KeyGroupConfig.Items", []any{ref("Bucket")}}},
			"Items[0]: the template has no such public key"},
		{"a public key that is none", []change{{"Resources.PublicKey.Properties.PublicKeyConfig.EncodedKey", "no key"}},
			"Resources.PublicKey.Properties.PublicKeyConfig.EncodedKey: not a PEM public key"},
		{"an unknown kind of key", []change{{"Resources.KeyPair.Properties.Algorithm", "ed25519"}},
			"Resources.KeyPair.Properties.Algorithm: unknown key algorithm"},
		{"trusted signers", []change{{fallback + ".TrustedSigners", []any{"self"}}},
			"DefaultCacheBehavior.TrustedSigners: the local edge does not know the keys of AWS accounts"},
		{"a function at the edge that is a Lambda function", []change{{fallback + ".LambdaFunctionAssociations", []any{map[string]any{"EventType": "viewer-request"}}}},
			"DefaultCacheBehavior.LambdaFunctionAssociations: the local edge runs no functions"},
		{"an error that has no custom response", []change{{config + ".CustomErrorResponses", []any{errorResponse(412, "/x.html", 412)}}},
			`CustomErrorResponses[0].ErrorCode: "412": want one of 400 403 404 405 414 416 500 501 502 503 504`},
		{"an error page without a status", []change{{config + ".CustomErrorResponses", []any{map[string]any{"ErrorCode": 403, "ResponsePagePath": "/x.html"}}}},
			"CustomErrorResponses[0].ResponsePagePath: ResponsePagePath and ResponseCode go together"},
		{"an error page of another status", []change{{config + ".CustomErrorResponses", []any{errorResponse(403, "/x.html", 302)}}},
			`CustomErrorResponses[0].ResponseCode: "302": want 200, or one of`},
		{"an error page without its slash", []change{{config + ".CustomErrorResponses", []any{errorResponse(403, "x.html", 403)}}},
			`CustomErrorResponses[0].ResponsePagePath: "x.html": want it to start with /`},
		{"two pages for one error", []change{{config + ".CustomErrorResponses", []any{errorResponse(403, "/x.html", 403), errorResponse(403, "/y.html", 403)}}},
			"CustomErrorResponses[1].ErrorCode: the status 403 has two custom error responses"},
		{"no distribution", []change{{"Resources.Distribution", nil}, {"Resources.DeploymentDocument", nil}},
			"want one AWS::CloudFront::Distribution for the local edge to serve: the template has 0"},
		{"a distribution that is not enabled", []change{{config + ".Enabled", false}},
			"Enabled: the distribution is disabled"},
		{"no default behavior", []change{{fallback, nil}},
			"DefaultCacheBehavior: want the behavior for all other paths"},
		{"a behavior without a pattern", []change{{config + ".CacheBehaviors", []any{map[string]any{"TargetOriginId": "content"}}}},
			"CacheBehaviors[0].PathPattern: want a path pattern"},
		{"an origin that is not there", []change{{fallback + ".TargetOriginId", "other"}},
			`TargetOriginId: "other": want the Id of one of the distribution's Origins`},
		{"an origin that is no bucket", []change{{origin + ".DomainName", "example.com"}},
			`Origins[0].DomainName: "example.com": want the domain name of a bucket`},
		{"a website as the origin", []change{{origin + ".DomainName", map[string]any{"Fn::Sub": "${Bucket}.s3-website-us-east-1.amazonaws.com"}}},
			"Origins[0].DomainName"},
		{"a custom origin", []change{{origin + ".CustomOriginConfig", map[string]any{"OriginProtocolPolicy": "https-only"}}},
			"Origins[0].CustomOriginConfig: the local edge serves buckets only"},
		{"a header whose name is none", []change{{headers + ".CustomHeadersConfig.Items", []any{map[string]any{"Header": "X Robots", "Value": "noindex"}}}},
			`CustomHeadersConfig.Items[0]: "X Robots": want the name of a header`},
		{"a header of CORS whose name is none", []change{{headers + ".CorsConfig", map[string]any{"AccessControlExposeHeaders": map[string]any{"Items": []any{"a\nb"}}}}},
			`CorsConfig.AccessControlExposeHeaders.Items[0]: a value of 3 bytes in several lines: want the name of a header`},
		{"a time for HTTPS that is no number", []change{{headers + ".SecurityHeadersConfig.StrictTransportSecurity.AccessControlMaxAgeSec", "1y"}},
			`StrictTransportSecurity.AccessControlMaxAgeSec: "1y": want whole seconds`},
		{"a time for preflights that is no number", []change{{headers + ".CorsConfig", map[string]any{"AccessControlMaxAgeSec": "-1"}}},
			`CorsConfig.AccessControlMaxAgeSec: "-1": want whole seconds`},
		{"a time for preflights, of the bucket, that is no number", []change{{"Resources.Bucket.Properties.CorsConfiguration.CorsRules", []any{map[string]any{"MaxAge": "1.5"}}}},
			`CorsConfiguration.CorsRules[0].MaxAge: "1.5": want whole seconds`},
		{"an origin path without its slash", []change{{origin + ".OriginPath", "v1"}},
			`Origins[0].OriginPath: "v1": want it to start with /`},
		{"an identity that is none", []change{{origin + ".S3OriginConfig.OriginAccessIdentity", "E123"}},
			`OriginAccessIdentity: "E123": want origin-access-identity/cloudfront/`},
		{"both identity and control", []change{{origin + ".OriginAccessControlId", "E123"}},
			"OriginAccessControlId: the origin also has an origin access identity"},
		{"a control from elsewhere", []change{{origin + ".OriginAccessControlId", "E123"}, {origin + ".S3OriginConfig.OriginAccessIdentity", ""}},
			"OriginAccessControlId: the template has no such origin access control"},
		{"an unknown response headers policy", []change{{fallback + ".ResponseHeadersPolicyId", "60669652-455b-4ae9-85a4-c4c02393f86c"}},
			"ResponseHeadersPolicyId: the local edge does not know the response headers policy"},
		{"an existing bucket of an unknown policy", []change{{origin + ".DomainName", "my-bucket.s3.eu-west-1.amazonaws.com"}},
			"Origins[0].DomainName: the template does not create the bucket my-bucket, so its policy is unknown: add an output RequiredBucketPolicy"},
		{"an existing bucket of a policy that is none", []change{{origin + ".DomainName", "my-bucket.s3.eu-west-1.amazonaws.com"}, {"Outputs.RequiredBucketPolicy", map[string]any{"Value": "text"}}},
			"Outputs.RequiredBucketPolicy.Value: not a policy in JSON"},
		{"an existing bucket of a policy that cannot be resolved", []change{{origin + ".DomainName", "my-bucket.s3.eu-west-1.amazonaws.com"}, {"Outputs.RequiredBucketPolicy", map[string]any{"Value": imported}}},
			"Outputs.RequiredBucketPolicy.Value.Fn::ImportValue"},
		{"a statement of a strange effect", []change{{reader + ".Effect", "Perhaps"}},
			`Statement[1].Effect: "Perhaps": want Allow or Deny`},
		{"two policies for one bucket", []change{{"Resources.SecondPolicy", map[string]any{"Type": "AWS::S3::BucketPolicy", "Properties": map[string]any{"Bucket": ref("Bucket")}}}},
			"Resources.Bucket: the bucket has several policies (BucketPolicy, SecondPolicy)"},
		{"two buckets", []change{
			{"Resources.Second", map[string]any{"Type": "AWS::S3::Bucket"}},
			{config + ".Origins", []any{
				map[string]any{"Id": "content", "DomainName": map[string]any{"Fn::GetAtt": "Bucket.DomainName"}, "S3OriginConfig": map[string]any{}},
				map[string]any{"Id": "second", "DomainName": map[string]any{"Fn::GetAtt": "Second.DomainName"}, "S3OriginConfig": map[string]any{}},
			}},
			{config + ".CacheBehaviors", []any{map[string]any{"PathPattern": "x", "TargetOriginId": "second"}}}},
			config + ".Origins: 2 buckets: the local edge has the content of one"},
		{"a document that is not one", []change{{"Resources.DeploymentDocument.Properties.Value", `{"schema":1,"baseUrl":"x","key":{}}`}},
			"Resources.DeploymentDocument.Properties.Value: deployment document:"},
		{"a document that cannot be resolved", []change{{"Resources.DeploymentDocument.Properties.Value", imported}},
			"Resources.DeploymentDocument.Properties.Value.Fn::ImportValue"},
		{"a document of a key that is not here", []change{{"Resources.DeploymentDocument.Properties.Value",
			`{"schema":1,"baseUrl":"https://d111111abcdef8.cloudfront.net","keyPairId":"K2JCJMDEHXQW5F","algorithm":"ecdsa-p256","hash":"sha256","publicKeySha256":"` + strings.Repeat("0", 64) + `","key":{"file":"key.pem"}}`}},
			"keyPairId: the template has no public key K2JCJMDEHXQW5F"},
		{"two documents", []change{{"Resources.Second", map[string]any{"Type": "AWS::SSM::Parameter", "Properties": map[string]any{"Value": map[string]any{"Fn::GetAtt": "DeploymentDocument.Value"}}}}},
			"a second deployment document"},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, err := New(Config{Template: edited(t, test.changes...), BaseURL: "http://127.0.0.1:8080", Objects: OpenFS(fstest.MapFS{})})
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("error %v, want %q", err, test.want)
			}
		})
	}
}

func TestAllProblemsAreReportedAtOnceAndEachOnce(t *testing.T) {
	_, err := New(Config{
		Template: edited(t,
			change{fallback + ".TrustedSigners", []any{"self"}},
			change{config + ".Enabled", false},
			change{"Resources.KeyPair.Properties.Algorithm", "ed25519"},
			// That there are two buckets is for what answers to say, not for what reads.
			change{config + ".CacheBehaviors", []any{map[string]any{"PathPattern": "x", "TargetOriginId": "second"}}},
			change{config + ".Origins", []any{map[string]any{"Id": "content", "DomainName": map[string]any{"Fn::GetAtt": "Bucket.DomainName"}}, map[string]any{"Id": "second", "DomainName": "second.s3.amazonaws.com"}}},
			change{"Outputs.RequiredBucketPolicy.Value", "{}"}),
		BaseURL: "http://127.0.0.1:8080",
		Objects: OpenFS(fstest.MapFS{}),
	})
	if err == nil {
		t.Fatal("no error")
	}
	lines := strings.Split(err.Error(), "\n")
	if len(lines) != 4 {
		t.Errorf("%d problems, want 4:\n%v", len(lines), err)
	}
}

func TestOnlyAPlainBaseURLIsTaken(t *testing.T) {
	for _, base := range []string{"", "127.0.0.1:8080", "ftp://127.0.0.1", "http://", "http://127.0.0.1:8080/", "http://127.0.0.1:8080/x", "http://user@127.0.0.1", "http://127.0.0.1?x", "HTTP://127.0.0.1"} {
		if _, err := New(Config{Template: edited(t), BaseURL: base, Objects: OpenFS(fstest.MapFS{})}); err == nil || !strings.HasPrefix(err.Error(), "base URL") {
			t.Errorf("%q: %v", base, err)
		}
	}
	if _, err := New(Config{Template: edited(t), BaseURL: "http://127.0.0.1:8080"}); err == nil {
		t.Error("no objects, no error")
	}
}

func TestTextThatIsNoTemplateIsRefused(t *testing.T) {
	for _, text := range []string{"", "{}", "null", "[]", "Resources:\n  Bucket:", `{"Resources": {}}`, `{"Resources": {"A": {"Type": "B"}}} {}`, `{"Resources": {"A": 1}}`} {
		if _, err := New(Config{Template: []byte(text), BaseURL: "http://127.0.0.1:8080", Objects: OpenFS(fstest.MapFS{})}); err == nil || !strings.HasPrefix(err.Error(), "template: ") {
			t.Errorf("%q: %v", text, err)
		}
	}
}

func TestConfigKeysThatFailStopTheEdge(t *testing.T) {
	rsa, err := signer.GenerateKey(signer.RSA2048)
	if err != nil {
		t.Fatal(err)
	}
	for want, keys := range map[string]func(KeyPair) (*signer.PrivateKey, error){
		"Resources.KeyPair: making its key pair: no luck":              func(KeyPair) (*signer.PrivateKey, error) { return nil, errors.New("no luck") },
		"Resources.KeyPair: Config.Keys returned no key pair":          func(KeyPair) (*signer.PrivateKey, error) { return nil, nil },
		"returned a key of kind rsa-2048: the template has ecdsa-p256": func(KeyPair) (*signer.PrivateKey, error) { return rsa, nil },
	} {
		_, err := New(Config{Template: edited(t), BaseURL: "http://127.0.0.1:8080", Objects: OpenFS(fstest.MapFS{}), Keys: keys})
		if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("error %v, want %q alone", err, want)
		}
	}
}

func TestBehaviorsAreChosenInTheirOrder(t *testing.T) {
	var behaviors []any
	for _, pattern := range []string{"/a/b*", "a/*", "*.jpg", "/x?z", "images/*.gif"} {
		behaviors = append(behaviors, map[string]any{"PathPattern": pattern, "TargetOriginId": "content"})
	}
	s := serve(t, change{config + ".CacheBehaviors", behaviors})
	for path, want := range map[string]string{
		"/a/b.jpg":        "/a/b*",
		"/a/c.jpg":        "/a/*",
		"/a/b/..":         "/a/*", // the example of the Developer Guide
		"/c.jpg":          "*.jpg",
		"/deep/er/c.jpg":  "*.jpg",
		"/c.JPG":          "*",
		"/xyz":            "/x?z",
		"/xz":             "*",
		"/images/a/b.gif": "/images/*.gif",
		"/":               "*",
	} {
		if got := chooseBehavior(s.edge.distribution, path).PathPattern; got != want {
			t.Errorf("%s is under %s, want %s", path, got, want)
		}
	}
}

func TestResponseHeadersAreThePolicys(t *testing.T) {
	const policy = "Resources.Headers.Properties.ResponseHeadersPolicyConfig"
	all := []change{
		{policy + ".SecurityHeadersConfig", map[string]any{
			"ContentSecurityPolicy":   map[string]any{"ContentSecurityPolicy": "default-src 'none'", "Override": true},
			"FrameOptions":            map[string]any{"FrameOption": "DENY", "Override": "true"},
			"StrictTransportSecurity": map[string]any{"AccessControlMaxAgeSec": "60", "IncludeSubdomains": true, "Preload": true, "Override": false},
			"XSSProtection":           map[string]any{"Protection": true, "ModeBlock": true, "Override": true},
		}},
		{policy + ".CustomHeadersConfig", map[string]any{"Items": []any{
			map[string]any{"Header": "x-mine", "Value": "1", "Override": false},
			map[string]any{"Header": "Content-Type", "Value": "text/x-forced", "Override": true},
			map[string]any{"Header": "Server", "Value": "yielding", "Override": false},
		}}},
		{policy + ".RemoveHeadersConfig", map[string]any{"Items": []any{map[string]any{"Header": "etag"}}}},
	}
	s := serve(t, all...)
	want := map[string]string{
		"Content-Security-Policy":   "default-src 'none'",
		"X-Frame-Options":           "DENY",
		"Strict-Transport-Security": "max-age=60; includeSubDomains; preload",
		"X-Xss-Protection":          "1; mode=block",
		"X-Mine":                    "1",
		"Content-Type":              "text/x-forced",
		"Server":                    "AmazonS3",
		"Etag":                      "",
		"Referrer-Policy":           "",
	}
	for name, got := range map[string]reply{"an object": s.get(s.sign("/rt.png")), "a refusal of the bucket": s.get(s.sign("/nothing"))} {
		for header, value := range want {
			if got.header.Get(header) != value {
				t.Errorf("%s: header %s is %q, want %q", name, header, got.header.Get(header), value)
			}
		}
	}
	for header := range want {
		if got := s.get(s.url + "/rt.png").header.Get(header); got != "" && header != "Content-Type" && header != "Server" {
			t.Errorf("a refused signature: header %s is %q", header, got)
		}
	}

	managed := serve(t, change{fallback + ".ResponseHeadersPolicyId", "67f7725c-6f97-4210-82d7-5512b31e9d03"})
	got := managed.get(managed.sign("/rt.png"))
	for header, value := range map[string]string{
		"Referrer-Policy":           "strict-origin-when-cross-origin",
		"Strict-Transport-Security": "max-age=31536000",
		"X-Content-Type-Options":    "nosniff",
		"X-Frame-Options":           "SAMEORIGIN",
		"X-Xss-Protection":          "1; mode=block",
	} {
		if got.header.Get(header) != value {
			t.Errorf("SecurityHeadersPolicy: header %s is %q, want %q", header, got.header.Get(header), value)
		}
	}
}

func FuzzATemplateNeverPanicsAndNeverOpensASignedPath(f *testing.F) {
	f.Add(edited(f))
	f.Add(edited(f, change{fallback + ".TrustedKeyGroups", []any{}}))
	f.Add(edited(f, change{config + ".CustomErrorResponses", []any{errorResponse(403, "/rt.png", 200)}}))
	f.Add(edited(f, withCORS(nil)...))
	f.Add(edited(f, encrypted(keyPolicy(nil))...))
	f.Add(edited(f, existingBucket("my-bucket.s3.eu-west-1.amazonaws.com")...))
	f.Add([]byte(`{"Conditions":{"A":{"Fn::And":[{"Condition":"A"}]}},"Resources":{"A":{"Type":"AWS::S3::Bucket","Condition":"A"}}}`))
	f.Add([]byte(`{"Resources":{"A":{"Type":"AWS::SSM::Parameter","Properties":{"Value":{"Fn::GetAtt":"A.Value"}}}}}`))
	pair, err := signer.GenerateKey(signer.ECDSAP256)
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, template []byte) {
		e, err := New(Config{
			Template: template,
			BaseURL:  "http://127.0.0.1:8080",
			Objects:  OpenFS(pictures),
			Keys:     func(KeyPair) (*signer.PrivateKey, error) { return pair, nil },
		})
		if err != nil {
			return
		}
		s := &site{TB: t, edge: e, host: "127.0.0.1:8080"}
		got := s.handle("GET", "/rt.png")
		if b := chooseBehavior(e.distribution, "/rt.png"); b.TrustedKeys != nil && (got.body == string(pictures["rt.png"].Data) || got.status < 400 && got.header.Get(reasonHeader) == "") {
			t.Fatalf("an unsigned request got %d %q", got.status, got.body)
		}
	})
}

func TestTheFixtureIsWhatItsTestsTakeItFor(t *testing.T) {
	e, err := New(Config{Template: edited(t), BaseURL: "http://127.0.0.1:8080", Objects: OpenFS(fstest.MapFS{})})
	if err != nil {
		t.Fatal(err)
	}
	b := e.distribution.Behaviors[0]
	if len(e.distribution.Behaviors) != 1 || len(b.TrustedKeys) != 1 || !reflect.DeepEqual(b.Methods, []string{"GET", "HEAD"}) || b.Origin.Identity.OAI == "" || len(b.Origin.Bucket.Policy.Statements) != 2 {
		t.Errorf("%+v", b)
	}
}
