package edge

import (
	"math/rand/v2"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/signedfront/signedfront/constructs/contract/escapes"

	"github.com/signedfront/signedfront/signer"
)

// withFunction makes everything public that starts with /assets/, but for what
// signed patterns match, and has a function at the public behavior.
func withFunction(code string, signed ...string) []change {
	var behaviors []any
	for _, pattern := range signed {
		behaviors = append(behaviors, map[string]any{"PathPattern": pattern, "TargetOriginId": "content", "TrustedKeyGroups": []any{map[string]any{"Ref": "KeyGroup"}}})
	}
	return []change{
		{config + ".CacheBehaviors", append(behaviors, map[string]any{
			"PathPattern": "/assets/*", "TargetOriginId": "content",
			"FunctionAssociations": []any{map[string]any{"EventType": "viewer-request", "FunctionARN": map[string]any{"Fn::GetAtt": []any{"Function", "FunctionARN"}}}},
		})},
		{"Resources.Function", map[string]any{"Type": "AWS::CloudFront::Function", "Properties": map[string]any{
			"Name": "escapes", "AutoPublish": true, "FunctionCode": code,
			"FunctionConfig": map[string]any{"Comment": "", "Runtime": "cloudfront-js-2.0"},
		}}},
	}
}

const association = config + ".CacheBehaviors.1.FunctionAssociations"

func TestEscapesHideNoSignedPathFromAPublicBehavior(t *testing.T) {
	signed := []string{"/assets/premium/*", "/assets/a+b/*"}
	objects := OpenFS(fstest.MapFS{
		"assets/premium/a.pdf":    {Data: []byte("signed")},
		"assets/a+b/a.pdf":        {Data: []byte("signed")},
		"assets/día 1.png":        {Data: []byte("public")},
		"assets/a@b.png":          {Data: []byte("public")},
		"assets/logo.svg":         {Data: []byte("public")},
		"assets/premium%2Fa.pdf":  {Data: []byte("public")},
		"assets/premium/día 1.md": {Data: []byte("signed")},
	})
	s := serveConfig(t, Config{Template: edited(t, withFunction(escapes.NewFilter(signed).Function(), signed...)...), Objects: objects})
	pass := s.signPass("assets/*")

	for _, test := range []struct {
		name, target, want string // the body; empty: the function's refusal
	}{
		{"a public path", "/assets/logo.svg", "public"},
		{"its query may hold what it likes", "/assets/logo.svg?a%2Fb=%zz%70", "public"},
		{"a public path with the escapes that it needs", "/assets/d%C3%ADa%201.png", "public"},
		{"a public path with an escape that hides nothing", "/assets/a%40b.png", "public"},
		{"a key that holds an escape", "/assets/premium%252Fa.pdf", "public"},
		{"a signed path with an escaped slash", "/assets/premium%2Fa.pdf", ""},
		{"in small letters", "/assets/premium%2fa.pdf", ""},
		{"behind the pass of the signed path", "/assets/premium%2Fa.pdf?" + pass, ""},
		{"an escaped character that a signed pattern names", "/assets/a%2Bb/a.pdf", ""},
		{"the slash before it", "/assets%2Fpremium/a.pdf", signatureBody("MissingKey", "Missing Key-Pair-Id query parameter or cookie value")},
		{"an escaped letter of a signed path, resolved", "/assets/%70remium/a.pdf", signatureBody("MissingKey", "Missing Key-Pair-Id query parameter or cookie value")},
		{"an escaped letter of a public path", "/assets/%6Cogo.svg", ""},
		{"a signed path, signed", "/assets/premium/d%C3%ADa%201.md?" + pass, "signed"},
		{"signed paths may be escaped as they like", "/assets/premium/%61.pdf?" + pass, "signed"},
	} {
		t.Run(test.name, func(t *testing.T) {
			got := s.raw("GET " + test.target + " HTTP/1.1")
			if test.want != "" {
				if got.body != test.want {
					t.Errorf("%s: %d %q, want %q", test.target, got.status, got.body, test.want)
				}
				return
			}
			if got.status != 403 || got.body != signatureBody("AccessDenied", "Access denied") {
				t.Errorf("%s: %d %q", test.target, got.status, got.body)
			}
			for name, want := range map[string]string{
				"Content-Type": "text/xml", "Cache-Control": "no-store", "Server": "CloudFront",
				"X-Cache": "FunctionGeneratedResponse from cloudfront",
			} {
				if got.header.Get(name) != want {
					t.Errorf("%s: %s %q, want %q", test.target, name, got.header.Get(name), want)
				}
			}
			if reason := got.header.Get(reasonHeader); !strings.Contains(reason, "may hide a signed path") {
				t.Errorf("%s: reason %q", test.target, reason)
			}
		})
	}
	// A server refuses a malformed escape before the edge sees it.
	for _, target := range []string{"/assets/%zz", "/assets/%", "/assets/%2"} {
		if got := s.handle("GET", target); got.status != 403 || got.header.Get("Server") != "CloudFront" {
			t.Errorf("%s: %d from %s", target, got.status, got.header.Get("Server"))
		}
	}
	// Without the function, the hole is there.
	open := withFunction(escapes.NewFilter(signed).Function(), signed...)
	s = serveConfig(t, Config{Template: edited(t, append(open, change{config + ".CacheBehaviors.2.FunctionAssociations", nil})...), Objects: objects})
	if got := s.raw("GET /assets/premium%2Fa.pdf HTTP/1.1"); got.body != "signed" {
		t.Errorf("without the function: %d %q, want what CloudFront serves", got.status, got.body)
	}
}

func TestAnErrorPageDoesNotStandInForTheFunctionsRefusal(t *testing.T) {
	signed := "/assets/premium/*"
	s := serve(t, append(withFunction(escapes.NewFilter([]string{signed}).Function(), signed),
		change{config + ".CustomErrorResponses", []any{errorResponse(403, "/assets/403.html", 403)}})...)
	if got := s.raw("GET /assets/premium%2Fa.pdf HTTP/1.1"); got.body != signatureBody("AccessDenied", "Access denied") {
		t.Errorf("%d %q", got.status, got.body)
	}
}

func TestABehaviorChecksTheSignatureBeforeItsFunctionRefuses(t *testing.T) {
	s := serve(t, append(withFunction(escapes.NewFilter(nil).Function(), "/assets/premium/*"),
		change{config + ".CacheBehaviors.1.TrustedKeyGroups", []any{map[string]any{"Ref": "KeyGroup"}}})...)
	if got := s.raw("GET /assets/a%2Fb HTTP/1.1"); !strings.Contains(got.body, "<Code>MissingKey</Code>") {
		t.Errorf("unsigned: %d %q", got.status, got.body)
	}
	if got := s.raw("GET /assets/a%2Fb?" + s.signPass("assets/*") + " HTTP/1.1"); got.header.Get("X-Cache") != "FunctionGeneratedResponse from cloudfront" {
		t.Errorf("signed: %d %q", got.status, got.body)
	}
}

func TestNoFunctionIsTakenForTheOneThatRefusesEscapes(t *testing.T) {
	const signed = "/assets/premium/*"
	code := escapes.NewFilter([]string{signed}).Function()
	associated := func(members map[string]any) []any {
		a := map[string]any{"EventType": "viewer-request", "FunctionARN": map[string]any{"Ref": "Function"}}
		for name, value := range members {
			a[name] = value
		}
		return []any{a}
	}
	const function = "Resources.Function.Properties."
	for _, test := range []struct {
		name   string
		change change
		want   string
	}{
		{"a function of its own", change{function + "FunctionCode", "function handler(event) { return event.request; }"},
			"Resources.Function.Properties.FunctionCode: the local edge runs no functions"},
		{"ours, changed", change{function + "FunctionCode", strings.Replace(code, "403", "200", 1)},
			"Resources.Function.Properties.FunctionCode: the local edge runs no functions"},
		{"on another runtime", change{function + "FunctionConfig.Runtime", "cloudfront-js-1.0"},
			`Resources.Function.Properties.FunctionConfig.Runtime: "cloudfront-js-1.0": want cloudfront-js-2.0`},
		{"not published", change{function + "AutoPublish", nil},
			"Resources.Function.Properties.AutoPublish: the function is not published"},
		{"for responses", change{association, associated(map[string]any{"EventType": "viewer-response"})},
			`FunctionAssociations[0].EventType: "viewer-response": want viewer-request`},
		{"twice", change{association, append(associated(nil), associated(nil)...)},
			"FunctionAssociations[1].EventType: the behavior has two functions for viewer requests"},
		{"one from elsewhere", change{association, associated(map[string]any{"FunctionARN": "arn:aws:cloudfront::111122223333:function/escapes"})},
			"FunctionAssociations[0].FunctionARN: the template has no such function"},
		{"something else", change{association, associated(map[string]any{"FunctionARN": map[string]any{"Ref": "Headers"}})},
			"FunctionAssociations[0].FunctionARN: the template has no such function"},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, err := New(Config{Template: edited(t, append(withFunction(code, signed), test.change)...), BaseURL: "http://127.0.0.1:8080", Objects: OpenFS(fstest.MapFS{})})
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("error %v, want %q", err, test.want)
			}
		})
	}
}

// What the function lets through, and names an object that a signed pattern
// covers, is covered by that pattern as it is compared: whether CloudFront
// resolves escapes of unreserved characters before, or not.
func TestNoEscapesHideAKeyFromASignedPattern(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	pick := func(from string) string { return from[random.IntN(len(from)):][:1] }
	const named, unnamed = `aZ0-_.~$'"@:+&`, " %()!,;=\\[]?\x00\xc3\xad2F"
	var through, refused, hidden int
	for range 300_000 {
		// A pattern, and the path of an object that it covers.
		pattern, path := "/assets/", "/assets/"
		for range 1 + random.IntN(6) {
			switch n := random.IntN(10); {
			case n == 0:
				pattern += "?"
				path += pick(named + " ()!,;=")
			case n < 4:
				pattern += "*"
				for range random.IntN(4) {
					path += pick(named + unnamed + "/")
				}
			case n < 6:
				pattern, path = pattern+"/", path+"/"
			default:
				c := pick(named)
				pattern, path = pattern+c, path+c
			}
		}
		if strings.Contains(path, "//") || strings.Contains(path+"/", "/./") || strings.Contains(path+"/", "/../") {
			continue // these make other keys
		}
		if !signer.MatchPattern(pattern, path) {
			t.Fatalf("%q does not cover %q", pattern, path)
		}
		// The object's path, escaped in some way that S3 can read.
		var raw strings.Builder
		raw.WriteByte('/')
		for _, c := range []byte(path[1:]) {
			switch {
			case c == '+', c == '%', c == '?', c <= ' ', random.IntN(8) == 0:
				digits := "0123456789ABCDEF"
				if random.IntN(2) == 0 {
					digits = strings.ToLower(digits)
				}
				raw.WriteString("%" + digits[c>>4:][:1] + digits[c&15:][:1])
			default:
				raw.WriteByte(c)
			}
		}
		sent := raw.String()
		if key, err := objectKey(sent); err != nil || "/"+key != path {
			t.Fatalf("%q names %q, %v, want %q", sent, key, err, path)
		}
		covered := signer.MatchPattern(pattern, normalizePath(sent)) && signer.MatchPattern(pattern, sent)
		if !covered {
			hidden++
		}
		if escapes.NewFilter([]string{pattern}).Check(sent) != nil {
			refused++
			continue
		}
		through++
		if !covered {
			t.Fatalf("%q is let through, and hides %q from %q", sent, path, pattern)
		}
	}
	if through < 10_000 || refused < 10_000 || hidden < 10_000 {
		t.Errorf("%d let through, %d refused, %d hidden: too few to tell", through, refused, hidden)
	}
}
