package constructs

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/aws/aws-cdk-go/awscdk/v2/awscloudfront"
	"github.com/aws/jsii-runtime-go"

	"github.com/signedfront/signedfront/constructs/config"
	"github.com/signedfront/signedfront/signer"
	"github.com/signedfront/signedfront/signer/edge"
)

// The policy is CachingOptimized but for the parameters:
// https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/using-managed-cache-policies.html#managed-cache-caching-optimized
func TestSignedPathsAloneForwardHowAnObjectIsSaved(t *testing.T) {
	paths := func(c *config.Content) {
		c.PublicPaths, c.SignedPaths = []string{"/assets/*"}, []string{"/assets/premium/*"}
		c.ErrorPages = []config.ErrorPage{{ErrorCode: 403, ResponsePagePath: "/errors/403.html"}}
		c.Behaviors = []config.Behavior{{PathPattern: "/films/*"}, {PathPattern: "/open/*", Public: true}}
	}
	before := synthesizeContent(t, paths)
	for types, parameters := range map[bool]string{
		false: `["response-content-disposition"]`,
		true:  `["response-content-disposition", "response-content-type"]`,
	} {
		after := synthesizeContent(t, func(c *config.Content) { paths(c); c.Downloads = &config.Downloads{Types: types} })
		id, policy := after.only(t, "AWS::CloudFront::CachePolicy")
		config := policy.property("CachePolicyConfig").(map[string]any)
		wantJSON(t, "what is forwarded", config["ParametersInCacheKeyAndForwardedToOrigin"], `{
			"CookiesConfig": {"CookieBehavior": "none"},
			"EnableAcceptEncodingBrotli": true, "EnableAcceptEncodingGzip": true,
			"HeadersConfig": {"HeaderBehavior": "none"},
			"QueryStringsConfig": {"QueryStringBehavior": "whitelist", "QueryStrings": `+parameters+`}
		}`)
		wantJSON(t, "how long it is cached", []any{config["MinTTL"], config["DefaultTTL"], config["MaxTTL"]}, `[1, 86400, 31536000]`)
		if name := fmt.Sprint(config["Name"]); !strings.Contains(name, "-downloads-") || !strings.Contains(name, "AWS::StackId") {
			t.Errorf("the name is %s", name)
		}

		signed, public := 0, 0
		_, distribution := after.only(t, "AWS::CloudFront::Distribution")
		behaviors := distribution.property("DistributionConfig", "CacheBehaviors").([]any)
		for _, b := range append(behaviors, distribution.property("DistributionConfig", "DefaultCacheBehavior")) {
			b := b.(map[string]any)
			if b["TrustedKeyGroups"] != nil {
				signed++
				wantJSON(t, fmt.Sprint(b["PathPattern"]), b["CachePolicyId"], `{"Ref": "`+id+`"}`)
			} else {
				public++
				wantJSON(t, fmt.Sprint(b["PathPattern"]), b["CachePolicyId"], `"658327ea-f89d-4fab-a63d-7e88639e58f6"`)
			}
		}
		if signed != 3 || public != 3 {
			t.Errorf("%d signed and %d public behaviors", signed, public)
		}
		_, document := after.only(t, "AWS::SSM::Parameter")
		want := `"query":{"signed":` + strings.ReplaceAll(parameters, " ", "") + `,"public":[]}`
		if text := fmt.Sprint(document.Properties["Value"]); !strings.Contains(text, want) {
			t.Errorf("the document is %s, want %s", text, want)
		}
		wantChanges(t, "downloads", before, after, "+ AWS::CloudFront::CachePolicy",
			"~ AWS::CloudFront::Distribution Properties DistributionConfig CacheBehaviors 0 CachePolicyId",
			"~ AWS::CloudFront::Distribution Properties DistributionConfig CacheBehaviors 1 CachePolicyId",
			"~ AWS::CloudFront::Distribution Properties DistributionConfig DefaultCacheBehavior CachePolicyId",
			"~ AWS::SSM::Parameter Properties Value")
	}
}

// The whole way: the template, its document, a signer of it, the edge.
func TestABrowserIsToldTheNameThatWasSigned(t *testing.T) {
	const name = `Invoice "July"; día.pdf`
	for _, access := range originAccesses {
		for _, test := range []struct {
			downloads *config.Downloads
			download  signer.Download
			refused   string
		}{
			{nil, signer.Download{Name: name}, `set "downloads": true in cdk.json`},
			{&config.Downloads{}, signer.Download{Name: name}, ""},
			{&config.Downloads{}, signer.Download{Name: name, Type: "text/plain"}, `set "downloads": {"types": true} in cdk.json`},
			{&config.Downloads{Types: true}, signer.Download{Name: name, Type: "text/plain"}, ""},
		} {
			template := synthesizeContent(t, func(c *config.Content) {
				c.OriginAccess, c.Downloads, c.PublicPaths = access, test.downloads, []string{"/open/*"}
			})
			object := &fstest.MapFile{Data: []byte("pdf"), ModTime: time.Now()}
			server := httptest.NewUnstartedServer(nil)
			e, err := edge.New(edge.Config{Template: template.text, BaseURL: "http://" + server.Listener.Addr().String(), Objects: edge.OpenFS(fstest.MapFS{"a.pdf": object, "open/a.pdf": object})})
			if err != nil {
				t.Fatal(err)
			}
			server.Config.Handler = e
			server.Start()
			t.Cleanup(server.Close)
			s, err := e.Signer()
			if err != nil {
				t.Fatal(err)
			}
			get := func(url string) *http.Response {
				response, err := http.Get(url)
				if err != nil {
					t.Fatal(err)
				}
				response.Body.Close()
				return response
			}

			raw, err := test.download.URL(server.URL + "/a.pdf")
			if err != nil {
				t.Fatal(err)
			}
			signed, err := s.URL(t.Context(), raw, signer.Policy{TTL: time.Minute})
			if (err != nil) != (test.refused != "") || err != nil && !strings.Contains(err.Error(), test.refused) {
				t.Errorf("%s, %+v: %v, want %q", access, test.downloads, err, test.refused)
			}
			if err == nil {
				response := get(signed)
				if got := response.Header.Get("Content-Disposition"); response.StatusCode != 200 || got != `attachment; filename="Invoice _July_; d_a.pdf"; filename*=UTF-8''Invoice%20%22July%22%3B%20d%C3%ADa.pdf` {
					t.Errorf("%s: %d, Content-Disposition: %s", access, response.StatusCode, got)
				}
				if got, want := response.Header.Get("Content-Type"), test.download.Type; want != "" && got != want {
					t.Errorf("%s: Content-Type: %s, want %s", access, got, want)
				}
				if response := get(strings.Replace(signed, "Invoice", "Malware", 1)); response.StatusCode != 403 {
					t.Errorf("%s: with another name: %d", access, response.StatusCode)
				}
			}
			// A stranger chooses neither name nor type.
			response := get(server.URL + "/open/a.pdf?response-content-type=text/html&response-content-disposition=inline")
			if response.StatusCode != 200 || response.Header.Get("Content-Type") != "application/pdf" || response.Header.Get("Content-Disposition") != "" {
				t.Errorf("%s, unsigned: %d %v", access, response.StatusCode, response.Header)
			}
		}
	}
}

// The options of a behavior are the caller's, who may change them until they are
// read.
func TestAPublicBehaviorWithTheCachePolicyOfDownloadsFailsTheSynthesis(t *testing.T) {
	for _, test := range []struct {
		public bool
		want   string
	}{
		{false, ""},
		{true, `the public behavior of "/open/*" has the cache policy of Downloads, by which strangers would choose how the content's host sends its objects; give it another one, such as awscloudfront.CachePolicy_CACHING_OPTIMIZED()`},
	} {
		app, _ := newApp(t, nil)
		options := &awscloudfront.AddBehaviorOptions{Compress: jsii.Bool(true)}
		_, err := NewPrivateContent(newStack(app, "Media"), "Content", &PrivateContentProps{
			Downloads:             &config.Downloads{},
			Behaviors:             []Behavior{{PathPattern: "/open/*", Public: test.public, Options: options}},
			ConfigureDistribution: func(p *awscloudfront.DistributionProps) { options.CachePolicy = p.DefaultBehavior.CachePolicy },
		})
		if err != nil {
			t.Fatal(err)
		}
		said := func() (said string) {
			defer func() {
				if r := recover(); r != nil {
					said = CDKError(r).Error()
				}
			}()
			app.Synth(nil)
			return ""
		}()
		if test.want == "" && said != "" || !strings.Contains(said, test.want) {
			t.Errorf("public %t: it says %s", test.public, said)
		}
	}
}
