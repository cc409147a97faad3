package constructs

import (
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awscloudfront"
	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"

	"github.com/signedfront/signedfront/constructs/config"
	"github.com/signedfront/signedfront/constructs/contract/managed"
	"github.com/signedfront/signedfront/signer"
	"github.com/signedfront/signedfront/signer/edge"
	"github.com/signedfront/signedfront/signer/edge/edgetest"
)

// The policy is CachingOptimized except for the parameters:
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

// From end to end: the template, its document, a signer of it, the edge.
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
			server := edgetest.NewServer(t, edgetest.Options{FS: fstest.MapFS{"a.pdf": object, "open/a.pdf": object}, Edge: edge.Config{Template: template.text}})
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
			signed, err := server.Signer.URL(t.Context(), raw, signer.Policy{TTL: time.Minute})
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

// synthesisError returns the CDK's error for an app.
func synthesisError(app awscdk.App) (said string) {
	defer func() {
		if r := recover(); r != nil {
			said = fmt.Sprint(r)
		}
	}()
	app.Synth(nil)
	return ""
}

// The caller may change the options of a behavior until they are read.
func TestAPublicBehaviorWithTheCachePolicyOfDownloadsFailsTheSynthesis(t *testing.T) {
	for _, test := range []struct {
		public bool
		want   string
	}{
		{false, ""},
		{true, `the behavior of "/open/*" is public and forwards response-content-disposition to the bucket, so anybody could choose headers of S3's answer; write a CachePolicy and an OriginRequestPolicy that list the parameters they need, without these, or leave both out`},
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
		said := synthesisError(app)
		if test.want == "" && said != "" || !strings.Contains(said, test.want) {
			t.Errorf("public %t: it says %s", test.public, said)
		}
	}
}

// cachePolicyOf makes a cache policy of the app that forwards parameters.
func cachePolicyOf(scope constructs.Construct, query awscloudfront.CacheQueryStringBehavior) awscloudfront.ICachePolicy {
	return awscloudfront.NewCachePolicy(scope, jsii.String("OwnCaching"), &awscloudfront.CachePolicyProps{QueryStringBehavior: query})
}

func requestPolicyOf(scope constructs.Construct, query awscloudfront.OriginRequestQueryStringBehavior) awscloudfront.IOriginRequestPolicy {
	return awscloudfront.NewOriginRequestPolicy(scope, jsii.String("OwnRequests"), &awscloudfront.OriginRequestPolicyProps{QueryStringBehavior: query})
}

// A viewer without a signature must not choose a name or a type on the host of signed
// content, whatever policy forwards it.
func TestAPublicBehaviorThatTellsS3HowToSendAnObjectFailsTheSynthesis(t *testing.T) {
	const every = "parameters such as response-content-type"
	caching := func(query awscloudfront.CacheQueryStringBehavior) func(awscdk.Stack) *awscloudfront.AddBehaviorOptions {
		return func(stack awscdk.Stack) *awscloudfront.AddBehaviorOptions {
			return &awscloudfront.AddBehaviorOptions{CachePolicy: cachePolicyOf(stack, query)}
		}
	}
	requests := func(query awscloudfront.OriginRequestQueryStringBehavior) func(awscdk.Stack) *awscloudfront.AddBehaviorOptions {
		return func(stack awscdk.Stack) *awscloudfront.AddBehaviorOptions {
			return &awscloudfront.AddBehaviorOptions{OriginRequestPolicy: requestPolicyOf(stack, query)}
		}
	}
	cachingBy := func(policy awscloudfront.ICachePolicy) func(awscdk.Stack) *awscloudfront.AddBehaviorOptions {
		return func(awscdk.Stack) *awscloudfront.AddBehaviorOptions {
			return &awscloudfront.AddBehaviorOptions{CachePolicy: policy}
		}
	}
	requestsBy := func(policy awscloudfront.IOriginRequestPolicy) func(awscdk.Stack) *awscloudfront.AddBehaviorOptions {
		return func(awscdk.Stack) *awscloudfront.AddBehaviorOptions {
			return &awscloudfront.AddBehaviorOptions{OriginRequestPolicy: policy}
		}
	}
	for _, test := range []struct {
		name    string
		options func(awscdk.Stack) *awscloudfront.AddBehaviorOptions
		origin  awscloudfront.IOrigin // nil: the content's
		want    string                // what is forwarded; empty: nothing by which S3 would do otherwise
	}{
		{"a cache policy of a name", caching(awscloudfront.CacheQueryStringBehavior_AllowList(jsii.String("v"), jsii.String("response-content-disposition"))), nil, "response-content-disposition"},
		{"a cache policy of all", caching(awscloudfront.CacheQueryStringBehavior_All()), nil, every},
		{"a cache policy of all but the type", caching(awscloudfront.CacheQueryStringBehavior_DenyList(jsii.String("response-content-type"))), nil, every},
		{"a cache policy of another parameter", caching(awscloudfront.CacheQueryStringBehavior_AllowList(jsii.String("v"))), nil, ""},
		{"a cache policy of a token", caching(awscloudfront.CacheQueryStringBehavior_AllowList(awscdk.Fn_ImportValue(jsii.String("parameter")))), nil, "unknown parameters, by a policy of which only the id is known,"},
		{"a cache policy of nothing", caching(awscloudfront.CacheQueryStringBehavior_None()), nil, ""},
		{"a policy of requests of a type", requests(awscloudfront.OriginRequestQueryStringBehavior_AllowList(jsii.String("response-content-type"))), nil, "response-content-type"},
		{"a policy of requests of all", requests(awscloudfront.OriginRequestQueryStringBehavior_All()), nil, every},
		{"a policy of requests of another parameter", requests(awscloudfront.OriginRequestQueryStringBehavior_AllowList(jsii.String("v"))), nil, ""},
		{"AllViewer", requestsBy(awscloudfront.OriginRequestPolicy_ALL_VIEWER()), nil, every},
		{"UserAgentRefererHeaders", requestsBy(awscloudfront.OriginRequestPolicy_USER_AGENT_REFERER_HEADERS()), nil, ""},
		{"UseOriginCacheControlHeaders-QueryStrings", cachingBy(awscloudfront.CachePolicy_USE_ORIGIN_CACHE_CONTROL_HEADERS_QUERY_STRINGS()), nil, every},
		{"CachingDisabled", cachingBy(awscloudfront.CachePolicy_CACHING_DISABLED()), nil, ""},
		{"a policy that the account has", func(stack awscdk.Stack) *awscloudfront.AddBehaviorOptions {
			return &awscloudfront.AddBehaviorOptions{CachePolicy: awscloudfront.CachePolicy_FromCachePolicyId(stack, jsii.String("Imported"), jsii.String("11111111-2222-3333-4444-555555555555"))}
		}, nil, "unknown parameters, by a policy of which only the id is known,"},
		{"a policy of another stack", func(stack awscdk.Stack) *awscloudfront.AddBehaviorOptions {
			other := awscdk.NewStack(awscdk.App_Of(stack), jsii.String("Policies"), nil)
			return &awscloudfront.AddBehaviorOptions{CachePolicy: cachePolicyOf(other, awscloudfront.CacheQueryStringBehavior_AllowList(jsii.String("response-content-type")))}
		}, nil, "response-content-type"},
		{"a policy of another stack, of another parameter", func(stack awscdk.Stack) *awscloudfront.AddBehaviorOptions {
			other := awscdk.NewStack(awscdk.App_Of(stack), jsii.String("Policies"), nil)
			return &awscloudfront.AddBehaviorOptions{CachePolicy: cachePolicyOf(other, awscloudfront.CacheQueryStringBehavior_AllowList(jsii.String("v")))}
		}, nil, ""},
		{"all, to an origin of another kind", requestsBy(awscloudfront.OriginRequestPolicy_ALL_VIEWER_EXCEPT_HOST_HEADER()), &webOrigin{}, ""},
	} {
		for _, access := range []config.OriginAccess{config.OAI, config.OAC} {
			for _, public := range []bool{true, false} {
				app, _ := newApp(t, nil)
				stack := newStack(app, "Media")
				if _, err := NewPrivateContent(stack, "Content", &PrivateContentProps{
					OriginAccess: access,
					Behaviors:    []Behavior{{PathPattern: "/open/*", Public: public, Origin: test.origin, Options: test.options(stack)}},
				}); err != nil {
					t.Fatal(err)
				}
				want := ""
				if public && test.want != "" {
					want = `the behavior of "/open/*" is public and forwards ` + test.want + " to the bucket"
				}
				if said := synthesisError(app); strings.Contains(said, "is public") != (want != "") || !strings.Contains(said, want) {
					t.Errorf("%s, %s, public %t: it says %s", test.name, access, public, said)
				}
			}
		}
	}
}

// A signer relies on Downloads, and would sign parameters that are ignored.
func TestASignedBehaviorThatForwardsNoDownloadsFailsTheSynthesis(t *testing.T) {
	own := func(names ...string) func(awscdk.Stack) awscloudfront.ICachePolicy {
		return func(stack awscdk.Stack) awscloudfront.ICachePolicy {
			return cachePolicyOf(stack, awscloudfront.CacheQueryStringBehavior_AllowList(*jsii.Strings(names...)...))
		}
	}
	disabled := func(awscdk.Stack) awscloudfront.ICachePolicy { return awscloudfront.CachePolicy_CACHING_DISABLED() }
	for _, test := range []struct {
		name     string
		policy   func(awscdk.Stack) awscloudfront.ICachePolicy
		requests awscloudfront.IOriginRequestPolicy
		origin   awscloudfront.IOrigin
		want     []string // the parameters that are missing
	}{
		{"no caching", disabled, nil, nil, []string{"response-content-disposition", "response-content-type"}},
		{"a policy of one parameter", own("response-content-disposition"), nil, nil, []string{"response-content-type"}},
		{"a policy of both", own("response-content-disposition", "response-content-type", "v"), nil, nil, nil},
		{"no caching, and AllViewer, which keeps them from a bucket", disabled, awscloudfront.OriginRequestPolicy_ALL_VIEWER(), nil, []string{"response-content-disposition", "response-content-type"}},
		{"all, by a policy of AWS", func(awscdk.Stack) awscloudfront.ICachePolicy {
			return awscloudfront.CachePolicy_USE_ORIGIN_CACHE_CONTROL_HEADERS_QUERY_STRINGS()
		}, nil, nil, nil},
		{"a policy that the account has", func(stack awscdk.Stack) awscloudfront.ICachePolicy {
			return awscloudfront.CachePolicy_FromCachePolicyId(stack, jsii.String("Imported"), jsii.String("11111111-2222-3333-4444-555555555555"))
		}, nil, nil, nil},
		{"another origin", disabled, nil, &webOrigin{}, nil},
	} {
		for _, byDefault := range []bool{true, false} {
			if byDefault && test.origin != nil {
				continue
			}
			app, _ := newApp(t, nil)
			stack := newStack(app, "Media")
			props := &PrivateContentProps{Downloads: &config.Downloads{Types: true}}
			of := `the behavior of "*"`
			if policy := test.policy(stack); byDefault {
				props.ConfigureDistribution = func(p *awscloudfront.DistributionProps) {
					p.DefaultBehavior.CachePolicy, p.DefaultBehavior.OriginRequestPolicy = policy, test.requests
				}
			} else {
				of = `the behavior of "/films/*"`
				props.Behaviors = []Behavior{{PathPattern: "/films/*", Origin: test.origin, Options: &awscloudfront.AddBehaviorOptions{CachePolicy: policy, OriginRequestPolicy: test.requests}}}
			}
			if _, err := NewPrivateContent(stack, "Content", props); err != nil {
				t.Fatal(err)
			}
			said := synthesisError(app)
			for _, parameter := range []string{"response-content-disposition", "response-content-type"} {
				want := of + " does not forward " + parameter + " to the bucket, although Downloads promises it to signers"
				if strings.Contains(said, want) != slices.Contains(test.want, parameter) {
					t.Errorf("%s, by default %t: it says %s", test.name, byDefault, said)
				}
			}
			if len(test.want) == 0 && said != "" {
				t.Errorf("%s, by default %t: it says %s", test.name, byDefault, said)
			}
		}
	}
}

// A parameter that is not part of the cache key affects all viewers: a viewer who chooses
// a type would choose it for others.
func TestASignedBehaviorThatCachesWhatAViewerHasChosenForAllFailsTheSynthesis(t *testing.T) {
	typed := func(stack awscdk.Stack) awscloudfront.IOriginRequestPolicy {
		return requestPolicyOf(stack, awscloudfront.OriginRequestQueryStringBehavior_AllowList(jsii.String("response-content-type")))
	}
	keyed := func(stack awscdk.Stack) awscloudfront.ICachePolicy {
		return cachePolicyOf(stack, awscloudfront.CacheQueryStringBehavior_AllowList(jsii.String("response-content-type")))
	}
	for _, test := range []struct {
		name     string
		caching  func(awscdk.Stack) awscloudfront.ICachePolicy // nil: the content's
		requests func(awscdk.Stack) awscloudfront.IOriginRequestPolicy
		origin   awscloudfront.IOrigin
		want     bool
	}{
		{"a type, by a request policy alone", nil, typed, nil, true},
		{"all, by a request policy alone", nil, func(stack awscdk.Stack) awscloudfront.IOriginRequestPolicy {
			return requestPolicyOf(stack, awscloudfront.OriginRequestQueryStringBehavior_All())
		}, nil, true},
		{"a type, which is a part of the key", keyed, typed, nil, false},
		{"a type, and nothing is cached", func(awscdk.Stack) awscloudfront.ICachePolicy { return awscloudfront.CachePolicy_CACHING_DISABLED() }, typed, nil, false},
		{"a type, and the app's policy caches nothing", func(stack awscdk.Stack) awscloudfront.ICachePolicy {
			return awscloudfront.NewCachePolicy(stack, jsii.String("Uncached"), &awscloudfront.CachePolicyProps{MinTtl: awscdk.Duration_Seconds(jsii.Number(0)), DefaultTtl: awscdk.Duration_Seconds(jsii.Number(0)), MaxTtl: awscdk.Duration_Seconds(jsii.Number(0))})
		}, typed, nil, false},
		{"AllViewer, which keeps these from a bucket", nil, func(awscdk.Stack) awscloudfront.IOriginRequestPolicy {
			return awscloudfront.OriginRequestPolicy_ALL_VIEWER()
		}, nil, false},
		{"a type, of another origin", nil, typed, &webOrigin{}, false},
	} {
		app, _ := newApp(t, nil)
		stack := newStack(app, "Media")
		options := &awscloudfront.AddBehaviorOptions{OriginRequestPolicy: test.requests(stack)}
		if test.caching != nil {
			options.CachePolicy = test.caching(stack)
		}
		if _, err := NewPrivateContent(stack, "Content", &PrivateContentProps{Behaviors: []Behavior{{PathPattern: "/films/*", Origin: test.origin, Options: options}}}); err != nil {
			t.Fatal(err)
		}
		const want = `the behavior of "/films/*" forwards response-content-type to the bucket by its OriginRequestPolicy, but its CachePolicy does not name it`
		if said := synthesisError(app); (said != "") != test.want || test.want && !strings.Contains(said, want) {
			t.Errorf("%s: it says %s", test.name, said)
		}
	}
}

// The CDK lists the managed policies of AWS by name.
func TestWhatEveryPolicyOfAWSForwardsIsKnown(t *testing.T) {
	var ids []string
	for _, policy := range []awscloudfront.ICachePolicy{
		awscloudfront.CachePolicy_AMPLIFY(), awscloudfront.CachePolicy_CACHING_DISABLED(), awscloudfront.CachePolicy_CACHING_OPTIMIZED(),
		awscloudfront.CachePolicy_CACHING_OPTIMIZED_FOR_UNCOMPRESSED_OBJECTS(), awscloudfront.CachePolicy_ELEMENTAL_MEDIA_PACKAGE(),
		awscloudfront.CachePolicy_USE_ORIGIN_CACHE_CONTROL_HEADERS(), awscloudfront.CachePolicy_USE_ORIGIN_CACHE_CONTROL_HEADERS_QUERY_STRINGS(),
	} {
		ids = append(ids, *policy.CachePolicyId())
	}
	for _, policy := range []awscloudfront.IOriginRequestPolicy{
		awscloudfront.OriginRequestPolicy_ALL_VIEWER(), awscloudfront.OriginRequestPolicy_ALL_VIEWER_AND_CLOUDFRONT_2022(), awscloudfront.OriginRequestPolicy_ALL_VIEWER_EXCEPT_HOST_HEADER(),
		awscloudfront.OriginRequestPolicy_CORS_CUSTOM_ORIGIN(), awscloudfront.OriginRequestPolicy_CORS_S3_ORIGIN(), awscloudfront.OriginRequestPolicy_ELEMENTAL_MEDIA_TAILOR(),
		awscloudfront.OriginRequestPolicy_HOST_HEADER_ONLY(), awscloudfront.OriginRequestPolicy_USER_AGENT_REFERER_HEADERS(),
	} {
		ids = append(ids, *policy.OriginRequestPolicyId())
	}
	slices.Sort(ids)
	if known := slices.Sorted(maps.Keys(managed.Queries)); !slices.Equal(known, ids) {
		t.Errorf("known are %q, the CDK has %q", known, ids)
	}
}

// The policies of all environments of an app have the same logical id.
func TestEnvironmentsOfOneAppMayDifferInDownloads(t *testing.T) {
	app, _ := newApp(t, nil)
	for name, downloads := range map[string]*config.Downloads{"None": nil, "Names": {}, "Types": {Types: true}, "NamesToo": {}} {
		if _, err := NewPrivateContent(newStack(app, name), "Content", &PrivateContentProps{Downloads: downloads}); err != nil {
			t.Fatal(err)
		}
	}
	if said := synthesisError(app); said != "" {
		t.Error(said)
	}
}
