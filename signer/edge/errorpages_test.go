package edge

import (
	"strings"
	"testing"
	"testing/fstest"
)

// errorResponse is an item of CustomErrorResponses.
func errorResponse(code int, page string, status int) map[string]any {
	return map[string]any{"ErrorCode": code, "ResponsePagePath": page, "ResponseCode": status, "ErrorCachingMinTTL": 10}
}

// withPages is an edge whose pages of errors are public.
func withPages(t testing.TB, changes ...change) *site {
	t.Helper()
	objects := fstest.MapFS{"errors/denied.html": {Data: []byte("<h1>Sign in</h1>")}, "errors/range.html": {Data: []byte("<h1>Range</h1>")}, "rt.png": {Data: []byte("a picture")}}
	return serveConfig(t, Config{Objects: OpenFS(objects), Template: edited(t, append([]change{
		{config + ".CacheBehaviors", []any{map[string]any{"PathPattern": "/errors/*", "TargetOriginId": "content", "ResponseHeadersPolicyId": map[string]any{"Ref": "Headers"}}}},
		{config + ".CustomErrorResponses", []any{errorResponse(403, "/errors/denied.html", 403), errorResponse(416, "/errors/range.html", 400), map[string]any{"ErrorCode": 404, "ErrorCachingMinTTL": 5}}},
	}, changes...)...)})
}

func TestAnErrorIsAnsweredWithItsPage(t *testing.T) {
	s := withPages(t)
	for _, test := range []struct {
		name, method, url, rangeHeader string
		status                         int
		body, reason                   string
		policy                         bool // the response headers policy is applied
	}{
		{"a signature that is refused", "GET", s.url + "/rt.png", "", 403, "<h1>Sign in</h1>", "unsigned: ", false},
		{"an object that is not there", "GET", s.sign("/nothing"), "", 403, "<h1>Sign in</h1>", "no such object", true},
		{"HEAD", "HEAD", s.url + "/rt.png", "", 403, "", "unsigned: ", false},
		{"a range that is not there", "GET", s.sign("/rt.png"), "bytes=100-", 400, "<h1>Range</h1>", "the object has no byte of the range", true},
		{"an error page that is not there", "GET", s.url + "/errors/other.html", "", 403, "<h1>Sign in</h1>", "no such object", true},
	} {
		t.Run(test.name, func(t *testing.T) {
			var headers []string
			if test.rangeHeader != "" {
				headers = []string{"Range", test.rangeHeader}
			}
			got := s.do(test.method, test.url, headers...)
			if got.status != test.status || got.body != test.body {
				t.Errorf("%d %q, want %d %q", got.status, got.body, test.status, test.body)
			}
			if reason := got.header.Get(reasonHeader); !strings.HasPrefix(reason, test.reason) {
				t.Errorf("the reason is %q, want %q", reason, test.reason)
			}
			if applied := got.header.Get("Referrer-Policy") != ""; applied != test.policy {
				t.Errorf("the response headers policy is applied: %v", applied)
			}
			for name, want := range map[string]string{"Content-Type": "text/html", "X-Cache": "Error from cloudfront", "Server": "AmazonS3", "Content-Range": ""} {
				if value := got.header.Get(name); value != want {
					t.Errorf("header %s is %q, want %q", name, value, want)
				}
			}
			if got.header.Get("Content-Length") == "0" {
				t.Error("its length is not told")
			}
		})
	}
}

func TestWhatIsNoErrorOfTheOriginOrTheSignatureKeepsItsAnswer(t *testing.T) {
	s := withPages(t)
	if got := s.get(s.sign("/rt.png")); got.status != 200 || got.body != "a picture" {
		t.Errorf("an object: %d %q", got.status, got.body)
	}
	if got := s.do("PUT", s.sign("/rt.png")); got.status != 403 || !strings.Contains(got.body, "not configured to allow the HTTP request method") {
		t.Errorf("a method that is not allowed: %d %q", got.status, got.body)
	}
}

func TestAnErrorPageMayComeWithAnyStatus(t *testing.T) {
	s := withPages(t, change{config + ".CustomErrorResponses", []any{errorResponse(403, "/errors/denied.html", 200)}})
	if got := s.get(s.url + "/rt.png"); got.status != 200 || got.body != "<h1>Sign in</h1>" || got.header.Get("X-Cache") != "Error from cloudfront" || got.header.Get(reasonHeader) == "" {
		t.Errorf("%d %q %v", got.status, got.body, got.header)
	}
}

// As the Developer Guide says of a page that was deleted.
func TestWhereThePageCannotBeHadTheAnswerOfItsOriginGoesOut(t *testing.T) {
	s := withPages(t, change{config + ".CustomErrorResponses", []any{errorResponse(416, "/errors/nothing.html", 200)}})
	got := s.get(s.sign("/rt.png"), "Range", "bytes=100-")
	if got.status != 403 || !strings.Contains(got.body, "<Code>AccessDenied</Code>") {
		t.Errorf("%d %q, want the bucket's 403 for the page", got.status, got.body)
	}
	if reason := got.header.Get(reasonHeader); !strings.Contains(reason, "no byte of the range") || !strings.Contains(reason, "/errors/nothing.html is not available") {
		t.Errorf("reason %q", reason)
	}
}

func TestAPageThatAsksForASignatureIsNotShown(t *testing.T) {
	s := withPages(t, change{config + ".CacheBehaviors", []any{}})
	got := s.get(s.url + "/rt.png")
	if got.status != 403 || got.body != signatureBody("MissingKey", "Missing Key-Pair-Id query parameter or cookie value") {
		t.Errorf("%d %q", got.status, got.body)
	}
	if reason := got.header.Get(reasonHeader); !strings.Contains(reason, "the custom error page /errors/denied.html is not sent: its cache behavior * requires a signature") {
		t.Errorf("reason %q", reason)
	}
}
