package constructs

import (
	"net/http/httptest"
	"testing"
	"testing/fstest"
	"time"

	"github.com/signedfront/signedfront/constructs/config"
	"github.com/signedfront/signedfront/signer/edge"
)

// TestSecurityHeadersDoNotBreakWhatBrowsersShow checks the default headers.
func TestSecurityHeadersAreWhatTheEnvironmentSays(t *testing.T) {
	for _, test := range []struct {
		name    string
		headers config.ResponseHeaders
		header  string
		want    string
	}{
		{"a content security policy", config.ResponseHeaders{ContentSecurityPolicy: "default-src 'self'"},
			"ContentSecurityPolicy", `{"ContentSecurityPolicy": "default-src 'self'", "Override": true}`},
		{"no frame", config.ResponseHeaders{FrameOptions: config.FrameOptionsDeny},
			"FrameOptions", `{"FrameOption": "DENY", "Override": true}`},
		{"frames of the same origin", config.ResponseHeaders{FrameOptions: config.FrameOptionsSameOrigin},
			"FrameOptions", `{"FrameOption": "SAMEORIGIN", "Override": true}`},
		{"HTTPS for a day, on subdomains too", config.ResponseHeaders{StrictTransportSecurity: 24 * time.Hour, IncludeSubdomains: true},
			"StrictTransportSecurity", `{"AccessControlMaxAgeSec": 86400, "IncludeSubdomains": true, "Override": true}`},
	} {
		t.Run(test.name, func(t *testing.T) {
			template := synthesizeContent(t, func(c *config.Content) { c.ResponseHeaders = test.headers })
			_, policy := template.only(t, "AWS::CloudFront::ResponseHeadersPolicy")
			wantJSON(t, test.header, policy.property("ResponseHeadersPolicyConfig", "SecurityHeadersConfig", test.header), test.want)
		})
	}
}

func TestCustomHeadersReplaceThoseOfTheBucketAndComeInOneOrder(t *testing.T) {
	for range 3 {
		template := synthesizeContent(t, func(c *config.Content) {
			c.ResponseHeaders.Custom = map[string]string{
				"X-Robots-Tag": "noindex", "Cross-Origin-Resource-Policy": "same-origin", "Content-Security-Policy-Report-Only": "default-src 'self'",
			}
		})
		_, policy := template.only(t, "AWS::CloudFront::ResponseHeadersPolicy")
		wantJSON(t, "the headers", policy.property("ResponseHeadersPolicyConfig", "CustomHeadersConfig"), `{"Items": [
			{"Header": "Content-Security-Policy-Report-Only", "Value": "default-src 'self'", "Override": true},
			{"Header": "Cross-Origin-Resource-Policy", "Value": "same-origin", "Override": true},
			{"Header": "X-Robots-Tag", "Value": "noindex", "Override": true}
		]}`)
	}
}

func TestLocalEdgeSendsCustomHeaders(t *testing.T) {
	template := synthesizeContent(t, func(c *config.Content) {
		c.PublicPaths = []string{"/assets/*"}
		c.ResponseHeaders.Custom = map[string]string{"X-Robots-Tag": "noindex"}
	})
	e, err := edge.New(edge.Config{Template: template.text, BaseURL: "http://127.0.0.1:8080", Objects: edge.OpenFS(fstest.MapFS{
		"assets/a.png": {Data: []byte("public")},
	})})
	if err != nil {
		t.Fatal(err)
	}
	recorder := httptest.NewRecorder()
	request := httptest.NewRequest("GET", "/assets/a.png", nil)
	request.Host = "127.0.0.1:8080"
	e.ServeHTTP(recorder, request)
	if got := recorder.Header().Get("X-Robots-Tag"); recorder.Code != 200 || got != "noindex" {
		t.Errorf("%d, X-Robots-Tag %q", recorder.Code, got)
	}
}

func TestEveryReferrerPolicyReachesTheBrowserAsItIsWritten(t *testing.T) {
	for _, word := range []config.ReferrerPolicy{
		config.ReferrerPolicyNoReferrer, config.ReferrerPolicySameOrigin,
		config.ReferrerPolicyOrigin, config.ReferrerPolicyStrictOrigin,
		config.ReferrerPolicyOriginWhenCrossOrigin, config.ReferrerPolicyStrictOriginWhenCrossOrigin,
	} {
		template := synthesizeContent(t, func(c *config.Content) { c.ResponseHeaders.ReferrerPolicy = word })
		_, policy := template.only(t, "AWS::CloudFront::ResponseHeadersPolicy")
		if got := policy.property("ResponseHeadersPolicyConfig", "SecurityHeadersConfig", "ReferrerPolicy", "ReferrerPolicy"); got != string(word) {
			t.Errorf("got %v, want %s", got, word)
		}
	}
}

func TestOtherOriginsMayReadWhereCORSIsSet(t *testing.T) {
	for _, test := range []struct {
		name         string
		cors         config.CORS
		headers      string
		bucketsRules string
	}{
		{"with defaults made for players", config.CORS{Origins: []string{"https://app.example.com"}}, `{
			"AccessControlAllowCredentials": false,
			"AccessControlAllowHeaders": {"Items": ["Range", "If-Range", "If-None-Match", "If-Modified-Since"]},
			"AccessControlAllowMethods": {"Items": ["GET", "HEAD", "OPTIONS"]},
			"AccessControlAllowOrigins": {"Items": ["https://app.example.com"]},
			"AccessControlExposeHeaders": {"Items": ["Accept-Ranges", "Content-Range", "ETag"]},
			"AccessControlMaxAgeSec": 600,
			"OriginOverride": true
		}`, `[{
			"AllowedOrigins": ["https://app.example.com"],
			"AllowedMethods": ["GET", "HEAD"],
			"AllowedHeaders": ["Range", "If-Range", "If-None-Match", "If-Modified-Since"]
		}]`},
		{"with cookies and headers of one's own", config.CORS{
			Origins:       []string{"https://app.example.com", "https://*.example.org"},
			Credentials:   true,
			AllowHeaders:  []string{"X-Player"},
			ExposeHeaders: []string{"X-Cache"},
			MaxAge:        time.Hour,
		}, `{
			"AccessControlAllowCredentials": true,
			"AccessControlAllowHeaders": {"Items": ["X-Player"]},
			"AccessControlAllowMethods": {"Items": ["GET", "HEAD", "OPTIONS"]},
			"AccessControlAllowOrigins": {"Items": ["https://app.example.com", "https://*.example.org"]},
			"AccessControlExposeHeaders": {"Items": ["X-Cache"]},
			"AccessControlMaxAgeSec": 3600,
			"OriginOverride": true
		}`, `[{
			"AllowedOrigins": ["https://app.example.com", "https://*.example.org"],
			"AllowedMethods": ["GET", "HEAD"],
			"AllowedHeaders": ["X-Player"]
		}]`},
	} {
		t.Run(test.name, func(t *testing.T) {
			template := synthesizeContent(t, func(c *config.Content) { c.CORS = &test.cors })
			_, policy := template.only(t, "AWS::CloudFront::ResponseHeadersPolicy")
			wantJSON(t, "the headers", policy.property("ResponseHeadersPolicyConfig", "CorsConfig"), test.headers)
			_, bucket := template.only(t, "AWS::S3::Bucket")
			wantJSON(t, "the bucket's rules", bucket.property("CorsConfiguration", "CorsRules"), test.bucketsRules)
			if got := template.Outputs["RequiredBucketCors"].Value; got != nil {
				t.Errorf("a bucket of ours has an output for its owner: %v", got)
			}
		})
	}
	_, bucket := synthesize(t, "dev", `{}`).only(t, "AWS::S3::Bucket")
	if got := bucket.property("CorsConfiguration"); got != nil {
		t.Errorf("without CORS the bucket has the rules %v", got)
	}
}

// S3 answers a preflight request, and only if it sees what is asked for.
// 88a5eaf4-2fd4-4709-b370-b4c650ea3fcf is CloudFront's own policy CORS-S3Origin:
// Origin and the two headers of a preflight request. The answer is not cached.
func TestPreflightRequestsReachTheBucket(t *testing.T) {
	template := synthesizeContent(t, func(c *config.Content) {
		c.CORS = &config.CORS{Origins: []string{"*"}}
		c.PublicPaths = []string{"/a/*"}
	})
	for _, behavior := range behaviors(t, template) {
		pattern := behavior["PathPattern"].(string)
		wantJSON(t, "methods of "+pattern, behavior["AllowedMethods"], `["GET", "HEAD", "OPTIONS"]`)
		wantJSON(t, "cached methods of "+pattern, behavior["CachedMethods"], `null`)
		wantJSON(t, "what the origin sees of "+pattern, behavior["OriginRequestPolicyId"], `"88a5eaf4-2fd4-4709-b370-b4c650ea3fcf"`)
	}
}

func TestOwnerOfABucketIsToldWhichCORSItNeeds(t *testing.T) {
	template := synthesizeContent(t, func(c *config.Content) {
		c.Bucket = "media-of-old"
		c.CORS = &config.CORS{Origins: []string{"https://app.example.com"}, AllowHeaders: []string{"Range"}}
	})
	wantJSON(t, "the output", template.Outputs["RequiredBucketCors"].Value,
		`"[{\"AllowedHeaders\":[\"Range\"],\"AllowedMethods\":[\"GET\",\"HEAD\"],\"AllowedOrigins\":[\"https://app.example.com\"]}]"`)
	if ids := template.all("AWS::S3::Bucket"); ids != nil {
		t.Errorf("buckets %v", ids)
	}

	without := synthesizeContent(t, func(c *config.Content) { c.Bucket = "media-of-old" })
	if got := without.Outputs["RequiredBucketCors"].Value; got != nil {
		t.Errorf("without CORS the output is %v", got)
	}
}
