package edge

import (
	"maps"
	"slices"
	"strings"
	"testing"
)

const corsS3Origin = "88a5eaf4-2fd4-4709-b370-b4c650ea3fcf"

// items is a list as a response headers policy has it.
func items(values ...any) map[string]any { return map[string]any{"Items": values} }

// withCORS makes a policy with CORS, and has OPTIONS reach the bucket.
func withCORS(members map[string]any, changes ...change) []change {
	cors := map[string]any{
		"AccessControlAllowCredentials": false,
		"AccessControlAllowOrigins":     items("https://app.example.com", "https://*.example.org"),
		"AccessControlAllowMethods":     items("GET", "HEAD"),
		"AccessControlAllowHeaders":     items("Range", "x-amz-*"),
		"AccessControlExposeHeaders":    items("ETag", "Content-Range"),
		"AccessControlMaxAgeSec":        600,
		"OriginOverride":                true,
	}
	maps.Copy(cors, members)
	return append([]change{
		{"Resources.Headers.Properties.ResponseHeadersPolicyConfig.CorsConfig", cors},
		{fallback + ".AllowedMethods", []any{"GET", "HEAD", "OPTIONS"}},
		{fallback + ".OriginRequestPolicyId", corsS3Origin},
		{"Resources.Bucket.Properties.CorsConfiguration", map[string]any{"CorsRules": []any{
			map[string]any{"AllowedOrigins": []any{"https://app.example.com", "https://*.example.org"}, "AllowedMethods": []any{"GET", "HEAD"}, "AllowedHeaders": []any{"range", "X-Amz-*"}, "MaxAge": 60},
		}}},
	}, changes...)
}

// allowed are the headers of an answer that say something of CORS.
func (r reply) allowed() map[string]string {
	found := map[string]string{}
	for name := range r.header {
		if short, ok := strings.CutPrefix(name, "Access-Control-"); ok {
			found[short] = r.header.Get(name)
		}
	}
	return found
}

func TestACORSRequestIsAnsweredWithThePolicysHeaders(t *testing.T) {
	all := []any{"ALL"}
	for _, test := range []struct {
		name    string
		policy  map[string]any
		request []string // headers
		method  string
		want    map[string]string
	}{
		{"an origin of the list", nil, []string{"Origin", "https://app.example.com"}, "GET",
			map[string]string{"Allow-Origin": "https://app.example.com", "Expose-Headers": "ETag, Content-Range"}},
		{"an origin that a star covers", nil, []string{"Origin", "https://a.b.example.org"}, "GET",
			map[string]string{"Allow-Origin": "https://a.b.example.org", "Expose-Headers": "ETag, Content-Range"}},
		{"every origin", map[string]any{"AccessControlAllowOrigins": items("*"), "AccessControlExposeHeaders": nil}, []string{"Origin", "https://any.example"}, "GET",
			map[string]string{"Allow-Origin": "*"}},
		{"credentials", map[string]any{"AccessControlAllowCredentials": true, "AccessControlExposeHeaders": nil}, []string{"Origin", "https://app.example.com"}, "GET",
			map[string]string{"Allow-Origin": "https://app.example.com", "Allow-Credentials": "true"}},
		{"another origin", nil, []string{"Origin", "https://evil.example.com"}, "GET", nil},
		{"a preflight of another origin", nil, []string{"Origin", "https://evil.example.com", "Access-Control-Request-Method", "HEAD"}, "OPTIONS", nil},
		{"no origin", nil, nil, "GET", nil},
		{"a preflight", nil, []string{"Origin", "https://app.example.com", "Access-Control-Request-Method", "HEAD", "Access-Control-Request-Headers", "range, x-amz-meta"}, "OPTIONS",
			map[string]string{"Allow-Origin": "https://app.example.com", "Expose-Headers": "ETag, Content-Range", "Allow-Methods": "GET, HEAD", "Allow-Headers": "Range, x-amz-meta", "Max-Age": "600"}},
		{"a preflight of all methods and headers", map[string]any{"AccessControlAllowMethods": map[string]any{"Items": all}, "AccessControlAllowHeaders": items("*"), "AccessControlExposeHeaders": nil}, []string{"Origin", "https://app.example.com", "Access-Control-Request-Method", "HEAD"}, "OPTIONS",
			map[string]string{"Allow-Origin": "https://app.example.com", "Allow-Methods": "GET, DELETE, HEAD, OPTIONS, PATCH, POST, PUT", "Allow-Headers": "*", "Max-Age": "600"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			// The bucket lets preflights for HEAD pass, and adds nothing to GET.
			s := serve(t, withCORS(test.policy, change{"Resources.Bucket.Properties.CorsConfiguration.CorsRules", []any{
				map[string]any{"AllowedOrigins": []any{"*"}, "AllowedMethods": []any{"HEAD"}, "AllowedHeaders": []any{"*"}},
			}})...)
			got := s.do(test.method, s.sign("/rt.png"), test.request...)
			want := test.want
			if want == nil {
				want = map[string]string{}
			}
			if got.status != 200 || !maps.Equal(got.allowed(), want) {
				t.Errorf("%d %v, want %v: %s", got.status, got.allowed(), want, got.header.Get(reasonHeader))
			}
		})
	}
}

func TestTheOriginsHeadersStayUnlessThePolicyOverridesThem(t *testing.T) {
	for override, want := range map[bool]struct{ age, credentials string }{
		true:  {"600", ""}, // the policy allows none
		false: {"60", "true"},
	} {
		s := serve(t, withCORS(map[string]any{"OriginOverride": override})...)
		got := s.do("OPTIONS", s.sign("/rt.png"), "Origin", "https://app.example.com", "Access-Control-Request-Method", "GET").allowed()
		if got["Max-Age"] != want.age || got["Allow-Credentials"] != want.credentials {
			t.Errorf("OriginOverride %v: %v, want %v", override, got, want)
		}
	}
}

func TestOriginsMayHaveAStarForSubdomains(t *testing.T) {
	for _, test := range []struct {
		allowed, origin string
		want            bool
	}{
		{"https://*.example.com", "https://app.example.com", true},
		{"https://*.example.com", "https://a.b.example.com", true},
		{"https://*.example.com", "https://example.com", false},
		{"https://*.example.com", "https://.example.com", false},
		{"https://*.example.com", "http://app.example.com", false},
		{"https://*.example.com", "https://app.example.com.evil.com", false},
		{"https://*.example.com", "https://evil-example.com", false},
		{"https://*.example.com", "https://evil.com/.example.com", false},
		{"https://*.example.com", "https://app.example.com:8443", false},
		{"https://*.example.com:8443", "https://app.example.com:8443", true},
		{"*.example.com", "http://app.example.com", true},
		{"*.example.com", "app.example.com", false},
		{"https://example.com", "https://example.com", true},
		{"https://example.com", "https://EXAMPLE.com", false},
		{"https://example.com", "https://example.com:443", false},
	} {
		if got := allowsOrigin(test.allowed, test.origin); got != test.want {
			t.Errorf("%s allows %s: %v", test.allowed, test.origin, got)
		}
	}
}

func TestThePreflightIsAnsweredByTheBucketsRules(t *testing.T) {
	const notAllowed = "This CORS request is not allowed."
	for _, test := range []struct {
		name    string
		changes []change
		request []string
		status  int
		body    string
		want    map[string]string
	}{
		{"a rule that fits", nil,
			[]string{"Origin", "https://x.example.org", "Access-Control-Request-Method", "HEAD", "Access-Control-Request-Headers", "Range,x-amz-meta-a"}, 200, "",
			map[string]string{"Allow-Origin": "https://x.example.org", "Allow-Methods": "GET, HEAD", "Allow-Headers": "Range, x-amz-meta-a", "Max-Age": "60", "Allow-Credentials": "true"}},
		{"another origin", nil, []string{"Origin", "https://example.net", "Access-Control-Request-Method", "GET"}, 403, notAllowed, nil},
		{"another method", nil, []string{"Origin", "https://app.example.com", "Access-Control-Request-Method", "PUT"}, 403, notAllowed, nil},
		{"another header", nil, []string{"Origin", "https://app.example.com", "Access-Control-Request-Method", "GET", "Access-Control-Request-Headers", "range, authorization"}, 403, notAllowed, nil},
		{"a method that S3 does not know", nil, []string{"Origin", "https://app.example.com", "Access-Control-Request-Method", "PATCH"}, 400, "Invalid Access-Control-Request-Method: PATCH", nil},
		{"no method", nil, []string{"Origin", "https://app.example.com"}, 400, "Invalid Access-Control-Request-Method: null", nil},
		{"no origin", nil, nil, 400, "Origin request header needed", nil},
		{"a behavior that passes nothing on", []change{{fallback + ".OriginRequestPolicyId", nil}},
			[]string{"Origin", "https://app.example.com", "Access-Control-Request-Method", "GET"}, 400, "Origin request header needed", nil},
		{"a bucket without rules", []change{{"Resources.Bucket.Properties.CorsConfiguration", nil}},
			[]string{"Origin", "https://app.example.com", "Access-Control-Request-Method", "GET"}, 403, "CORS is not enabled for this bucket.</Message><Method>GET</Method><ResourceType>OBJECT</ResourceType>", nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			changes := withCORS(nil, change{"Resources.Headers.Properties.ResponseHeadersPolicyConfig.CorsConfig", nil})
			s := serve(t, append(changes, test.changes...)...)
			got := s.do("OPTIONS", s.sign("/rt.png"), test.request...)
			want := test.want
			if want == nil {
				want = map[string]string{}
			}
			if got.status != test.status || !strings.Contains(got.body, test.body) || !maps.Equal(got.allowed(), want) {
				t.Errorf("%d %s %v, want %d %s %v", got.status, got.body, got.allowed(), test.status, test.body, want)
			}
			if test.status == 200 && (got.body != "" || got.header.Get("Vary") != "Origin, Access-Control-Request-Headers, Access-Control-Request-Method") {
				t.Errorf("body %q, Vary %q", got.body, got.header.Get("Vary"))
			}
		})
	}
}

func TestTheHeadersThatReachTheBucketAreThoseOfThePolicies(t *testing.T) {
	custom := func(kind, config, headers string, value any) []change {
		return []change{{"Resources.Custom", map[string]any{"Type": "AWS::CloudFront::" + kind, "Properties": set(nil, strings.Split(config+"."+headers, "."), value)}}}
	}
	ref := map[string]any{"Ref": "Custom"}
	const requests = "OriginRequestPolicyConfig"
	for _, test := range []struct {
		name    string
		changes []change
		want    bool
	}{
		{"none", nil, false},
		{"CORS-S3Origin", []change{{fallback + ".OriginRequestPolicyId", corsS3Origin}}, true},
		{"AllViewerExceptHostHeader", []change{{fallback + ".OriginRequestPolicyId", "b689b0a8-53d0-40ab-baf2-68738e2966ac"}}, true},
		{"one that the edge does not know", []change{{fallback + ".OriginRequestPolicyId", "00000000-0000-0000-0000-000000000000"}}, false},
		{"a list with it", append(custom("OriginRequestPolicy", requests, "HeadersConfig", map[string]any{"HeaderBehavior": "whitelist", "Headers": []any{"origin"}}), change{fallback + ".OriginRequestPolicyId", ref}), true},
		{"a list without it", append(custom("OriginRequestPolicy", requests, "HeadersConfig", map[string]any{"HeaderBehavior": "whitelist", "Headers": []any{"x"}}), change{fallback + ".OriginRequestPolicyId", ref}), false},
		{"all but it", append(custom("OriginRequestPolicy", requests, "HeadersConfig", map[string]any{"HeaderBehavior": "allExcept", "Headers": []any{"origin"}}), change{fallback + ".OriginRequestPolicyId", ref}), false},
		{"all", append(custom("OriginRequestPolicy", requests, "HeadersConfig", map[string]any{"HeaderBehavior": "allViewer"}), change{fallback + ".OriginRequestPolicyId", ref}), true},
		{"none of a policy", append(custom("OriginRequestPolicy", requests, "HeadersConfig", map[string]any{"HeaderBehavior": "none"}), change{fallback + ".OriginRequestPolicyId", ref}), false},
		{"a cache key with it", append(custom("CachePolicy", "CachePolicyConfig", "ParametersInCacheKeyAndForwardedToOrigin.HeadersConfig", map[string]any{"HeaderBehavior": "whitelist", "Headers": []any{"Origin"}}), change{fallback + ".CachePolicyId", ref}), true},
	} {
		t.Run(test.name, func(t *testing.T) {
			changes := withCORS(nil, change{"Resources.Headers.Properties.ResponseHeadersPolicyConfig.CorsConfig", nil}, change{fallback + ".OriginRequestPolicyId", nil})
			s := serve(t, append(changes, test.changes...)...)
			got := s.get(s.sign("/rt.png"), "Origin", "https://app.example.com")
			if _, seen := got.allowed()["Allow-Origin"]; got.status != 200 || seen != test.want {
				t.Errorf("%d, the bucket saw the origin: %v", got.status, seen)
			}
		})
	}
}

// A preflight carries no cookies: a player that relies on them must not cause
// one.
func TestTrap24_APreflightBehindSignedCookiesIsRefusedWithoutCORSHeaders(t *testing.T) {
	s := serve(t, withCORS(map[string]any{"AccessControlAllowCredentials": true})...)
	preflight := []string{"Origin", "https://app.example.com", "Access-Control-Request-Method", "GET"}
	got := s.do("OPTIONS", s.url+"/rt.png", preflight...)
	if got.status != 403 || got.body != signatureBody("MissingKey", "Missing Key-Pair-Id query parameter or cookie value") || len(got.allowed()) > 0 {
		t.Errorf("%d %q %v", got.status, got.body, got.allowed())
	}
	// A signed URL has its signature in the preflight too.
	if got := s.do("OPTIONS", s.sign("/rt.png"), preflight...); got.status != 200 {
		t.Errorf("a signed URL: %d %s", got.status, got.header.Get(reasonHeader))
	}
	cookie := "CloudFront-" + strings.NewReplacer("&", "; CloudFront-").Replace(s.signPass("*"))
	got = s.get(s.url+"/rt.png", "Origin", "https://app.example.com", "Cookie", cookie)
	if got.status != 200 || got.allowed()["Allow-Credentials"] != "true" || got.allowed()["Allow-Origin"] != "https://app.example.com" {
		t.Errorf("with cookies: %d %v", got.status, got.allowed())
	}
}

func TestARefusalOfTheBucketHasThePolicysCORSHeaders(t *testing.T) {
	s := serve(t, withCORS(nil)...)
	got := s.get(s.sign("/nothing"), "Origin", "https://app.example.com")
	if got.status != 403 || got.allowed()["Allow-Origin"] != "https://app.example.com" {
		t.Errorf("%d %v", got.status, got.allowed())
	}
	names := slices.Sorted(maps.Keys(got.allowed()))
	if !slices.Contains(names, "Expose-Headers") {
		t.Errorf("headers %v", names)
	}
}
