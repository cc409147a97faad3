package edge

import (
	"bytes"
	"encoding/json"
	"log/slog"
	"strings"
	"testing"
)

func TestTheLogSaysWhatABrowserKeepsFromThePage(t *testing.T) {
	policy := func(origins []any, credentials bool) change {
		return change{"Resources.Headers.Properties.ResponseHeadersPolicyConfig.CorsConfig", map[string]any{
			"AccessControlAllowOrigins":     map[string]any{"Items": origins},
			"AccessControlAllowMethods":     map[string]any{"Items": []any{"GET", "HEAD"}},
			"AccessControlAllowHeaders":     map[string]any{"Items": []any{"x-one"}},
			"AccessControlAllowCredentials": credentials,
			"OriginOverride":                true,
		}}
	}
	bucket := change{"Resources.Bucket.Properties.CorsConfiguration.CorsRules", []any{map[string]any{
		"AllowedOrigins": []any{"https://app.example.com"}, "AllowedMethods": []any{"GET", "HEAD"}, "AllowedHeaders": []any{"*"}}}}
	passed := change{fallback + ".OriginRequestPolicyId", "88a5eaf4-2fd4-4709-b370-b4c650ea3fcf"}
	options := change{fallback + ".AllowedMethods", []any{"GET", "HEAD", "OPTIONS"}}
	const app = "https://app.example.com"
	asking := []string{"Origin", app, "Access-Control-Request-Method", "GET"}
	with := func(headers []string, more ...string) []string {
		return append(append([]string{}, headers...), more...)
	}

	for _, test := range []struct {
		name    string
		changes []change
		method  string
		headers []string
		want    string // of what the log adds; empty for nothing
	}{
		{"the default stack", nil, "GET", []string{"Origin", app}, `a browser hides this response from a page of "https://app.example.com" (CORS): it has no Access-Control-Allow-Origin; give the cache behavior`},
		{"no page of another origin", nil, "GET", nil, ""},
		{"a page of the edge's own", nil, "GET", []string{"Origin", "OWN"}, ""},
		{"a navigation", nil, "GET", []string{"Origin", app, "Sec-Fetch-Mode", "navigate"}, ""},
		{"a script, as browsers say it", nil, "GET", []string{"Origin", app, "Sec-Fetch-Mode", "cors"}, "no Access-Control-Allow-Origin"},
		{"a page without an origin", nil, "GET", []string{"Origin", "null"}, `a page of "null"`},
		{"an origin that the policy lists", []change{policy([]any{app}, false)}, "GET", []string{"Origin", app}, ""},
		{"one that it does not", []change{policy([]any{"https://other.example.com"}, false)}, "GET", []string{"Origin", app}, "no Access-Control-Allow-Origin"},
		{"every origin", []change{policy([]any{"*"}, false)}, "GET", []string{"Origin", app}, ""},
		{"every origin, with cookies", []change{policy([]any{"*"}, false)}, "GET", []string{"Origin", app, "Cookie", "a=b"}, "is not enough for a request with cookies"},
		{"cookies without credentials", []change{policy([]any{app}, false)}, "GET", []string{"Origin", app, "Cookie", "a=b"}, "Access-Control-Allow-Credentials is not true"},
		{"cookies with credentials", []change{policy([]any{app}, true)}, "GET", []string{"Origin", app, "Cookie", "a=b"}, ""},
		{"a rule of the bucket that the origin does not reach", []change{bucket}, "GET", []string{"Origin", app}, "no Access-Control-Allow-Origin"},
		{"a rule of the bucket", []change{bucket, passed}, "GET", []string{"Origin", app, "Cookie", "a=b"}, ""},
		{"a preflight that is not allowed", nil, "OPTIONS", asking, "no Access-Control-Allow-Origin"},
		{"a preflight that the bucket does not answer", []change{options, policy([]any{app}, false)}, "OPTIONS", asking, "the status of a preflight must be 200 to 299, not 400"},
		{"a preflight", []change{options, bucket, passed}, "OPTIONS", with(asking, "Access-Control-Request-Headers", "x-one, x-two"), ""},
		{"a preflight for another header", []change{options, bucket, passed, policy([]any{app}, false)}, "OPTIONS", with(asking, "Access-Control-Request-Headers", "x-one,x-two"), `Access-Control-Allow-Headers lacks "x-two"`},
		{"a preflight for another method", []change{options, policy([]any{app}, false), passed, {bucket.at, []any{map[string]any{"AllowedOrigins": []any{app}, "AllowedMethods": []any{"PUT"}}}}}, "OPTIONS",
			[]string{"Origin", app, "Access-Control-Request-Method", "PUT"}, `Access-Control-Allow-Methods lacks "PUT"`},
	} {
		t.Run(test.name, func(t *testing.T) {
			var log bytes.Buffer
			s := serveConfig(t, Config{Template: edited(t, test.changes...), Objects: OpenFS(pictures), Log: slog.New(slog.NewJSONHandler(&log, nil))})
			headers := strings.Split(strings.ReplaceAll(strings.Join(test.headers, "\n"), "OWN", s.url), "\n")
			if len(test.headers) == 0 {
				headers = nil
			}
			got := s.handle(test.method, strings.TrimPrefix(s.sign("/rt.png"), s.url), headers...)
			var line struct {
				Status int
				Reason string
			}
			if err := json.Unmarshal(log.Bytes(), &line); err != nil {
				t.Fatal(err)
			}
			if line.Status != got.status {
				t.Errorf("the log says %d, the answer is %d", line.Status, got.status)
			}
			if tells := strings.Contains(line.Reason, "(CORS)"); tells != (test.want != "") || !strings.Contains(line.Reason, test.want) {
				t.Errorf("the log says %q, want %q", line.Reason, test.want)
			}
			if strings.Contains(got.header.Get(reasonHeader), "CORS)") {
				t.Error("it is in the answer too")
			}
		})
	}
}
