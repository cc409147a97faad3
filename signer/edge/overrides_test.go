package edge

import (
	"crypto"
	"crypto/sha256"
	"encoding/json"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/signedfront/signedfront/signer"
	"github.com/signedfront/signedfront/signer/edge/model"
)

func sha256Of(text string) ([]byte, crypto.Hash) {
	sum := sha256.Sum256([]byte(text))
	return sum[:], crypto.SHA256
}

// passing is a policy of the template that passes on the headers or the
// parameters of a query.
func passing(kind, config, inside, behavior string, names ...string) change {
	query := map[string]any{"QueryStringBehavior": behavior}
	if len(names) > 0 {
		query["QueryStrings"] = names
	}
	properties := map[string]any{"QueryStringsConfig": query}
	if inside != "" {
		properties = map[string]any{inside: properties}
	}
	return change{"Resources.Passing", map[string]any{"Type": kind, "Properties": map[string]any{config: properties}}}
}

// passingAll is an origin request policy of one's own that passes on the whole
// query, for signed paths.
var passingAll = []change{
	passing("AWS::CloudFront::OriginRequestPolicy", "OriginRequestPolicyConfig", "", "all"),
	{fallback + ".OriginRequestPolicyId", map[string]any{"Ref": "Passing"}},
}

func TestTheQueryReachesTheBucketWhereAPolicySaysSo(t *testing.T) {
	origin := func(behavior string, names ...string) []change {
		return []change{passing("AWS::CloudFront::OriginRequestPolicy", "OriginRequestPolicyConfig", "", behavior, names...),
			{fallback + ".OriginRequestPolicyId", map[string]any{"Ref": "Passing"}}}
	}
	cache := func(behavior string, names ...string) []change {
		return []change{passing("AWS::CloudFront::CachePolicy", "CachePolicyConfig", "ParametersInCacheKeyAndForwardedToOrigin", behavior, names...),
			{fallback + ".CachePolicyId", map[string]any{"Ref": "Passing"}}}
	}
	legacy := func(query any) []change {
		return []change{{fallback + ".CachePolicyId", nil}, {fallback + ".ForwardedValues", map[string]any{"QueryString": query}}}
	}
	managed := func(member, id string) []change { return []change{{fallback + "." + member, id}} }
	for _, test := range []struct {
		name    string
		changes []change
		reaches bool
	}{
		{"no policy", nil, false},
		{"none", origin("none"), false},
		{"all", origin("all"), true},
		{"an allow-list of it", origin("whitelist", "response-content-type"), true},
		{"an allow-list of another", origin("whitelist", "response-content-disposition"), false},
		{"in another letter case", origin("whitelist", "Response-Content-Type"), false},
		{"all but it", origin("allExcept", "response-content-type"), false},
		{"all but another", origin("allExcept", "x"), true},
		{"a word that is not known", origin("everything"), false},
		{"a cache policy of all", cache("all"), true},
		{"a cache policy of it", cache("whitelist", "response-content-type"), true},
		{"a cache policy of none", cache("none"), false},
		{"forwarded values", legacy(true), true},
		{"forwarded values without the query", legacy(false), false},
		{"CachingOptimized", managed("CachePolicyId", "658327ea-f89d-4fab-a63d-7e88639e58f6"), false},
		{"CachingDisabled", managed("CachePolicyId", "4135ea2d-6df8-44a3-9df3-4b5a84be39ad"), false},
		{"UseOriginCacheControlHeaders-QueryStrings", managed("CachePolicyId", "4cc15a8a-d715-48a4-82b8-cc0b614638fe"), true},
		{"Amplify", managed("CachePolicyId", "2e54312d-136d-493c-8eb9-b001f22f67d2"), true},
		{"Elemental-MediaPackage", managed("CachePolicyId", "08627262-05a9-4f76-9ded-b50ca2e3a84f"), false},
		{"AllViewer", managed("OriginRequestPolicyId", "216adef6-5c7f-47e4-b989-5492eafa07d3"), false},
		{"AllViewerExceptHostHeader", managed("OriginRequestPolicyId", "b689b0a8-53d0-40ab-baf2-68738e2966ac"), false},
		{"AllViewerAndCloudFrontHeaders-2022-06", managed("OriginRequestPolicyId", "33f36d7e-f396-46d9-90e0-52428a34d9dc"), false},
		{"Elemental-MediaTailor-PersonalizedManifests", managed("OriginRequestPolicyId", "775133bc-15f2-49f9-abea-afb2e0bf67d2"), false},
		{"CORS-S3Origin", managed("OriginRequestPolicyId", "88a5eaf4-2fd4-4709-b370-b4c650ea3fcf"), false},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := serve(t, test.changes...)
			got := s.get(s.sign("/rt.png?response-content-type=text/x"))
			want := "image/png"
			if test.reaches {
				want = "text/x"
			}
			if got.status != 200 || got.header.Get("Content-Type") != want {
				t.Errorf("%d %s, want %s: %s", got.status, got.header.Get("Content-Type"), want, got.header.Get(reasonHeader))
			}
		})
	}
}

// Of the whole query, the managed policies keep three parameters from a bucket:
// https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/using-managed-origin-request-policies.html
func TestAManagedPolicyOfTheWholeQueryPassesOnAllButThreeOverrides(t *testing.T) {
	for _, id := range []string{"216adef6-5c7f-47e4-b989-5492eafa07d3", "b689b0a8-53d0-40ab-baf2-68738e2966ac", "33f36d7e-f396-46d9-90e0-52428a34d9dc", "775133bc-15f2-49f9-abea-afb2e0bf67d2"} {
		s := serve(t, change{fallback + ".OriginRequestPolicyId", id})
		for parameter, header := range signer.S3Overrides() {
			got := s.get(s.sign("/rt.png?" + parameter + "=gzip"))
			stays := parameter == "response-content-type" || parameter == "response-content-disposition" || parameter == "response-content-encoding"
			if got.status != 200 || (got.header.Get(header) == "gzip") == stays {
				t.Errorf("%s, %s: %d %s", id, parameter, got.status, got.header.Get(header))
			}
		}
	}
}

func TestSixHeadersAreSetByTheQuery(t *testing.T) {
	s := serve(t, passingAll...)
	for query, want := range map[string]string{
		"response-cache-control=no-cache":                       "Cache-Control: no-cache",
		"response-content-disposition=inline":                   "Content-Disposition: inline",
		"response-content-encoding=gzip":                        "Content-Encoding: gzip",
		"response-content-language=de":                          "Content-Language: de",
		"response-content-type=text%2Fx%3B+charset=utf-8":       "Content-Type: text/x; charset=utf-8",
		"response-expires=0":                                    "Expires: 0",
		"response-content-disposition=%C3%A9":                   "Content-Disposition: \xe9",
		"response-content-type=":                                "Content-Type: image/png",
		"Response-Content-Type=text/x":                          "Content-Type: image/png",
		"x=1&response%2Dcontent-type=text/x&%zz=1":              "Content-Type: text/x",
		"response-content-type=text/x&response-content-type%=1": "Content-Type: text/x",
		"response-content-type=text/x&response-cache-control=":  "Cache-Control: ",
	} {
		name, value, _ := strings.Cut(want, ": ")
		for _, method := range []string{"GET", "HEAD"} {
			pass := s.signPass("*")
			got := s.handle(method, "/rt.png?"+query+"&"+pass)
			if got.status != 200 || got.header.Get(name) != value {
				t.Errorf("%s %s: %d, %s: %q", method, query, got.status, name, got.header.Get(name))
			}
		}
	}

	// Only where the object itself is the answer.
	pass := s.signPass("*")
	if got := s.handle("GET", "/nothing?response-content-type=text/x&"+pass); got.header.Get("Content-Type") != "application/xml" {
		t.Errorf("of a refusal: %v", got.header)
	}
	got := s.handle("GET", "/rt.png?response-content-type=text/x&"+pass, "Range", "bytes=0-1,3-4")
	if got.status != 206 || !strings.HasPrefix(got.header.Get("Content-Type"), "multipart/byteranges") {
		t.Errorf("of several ranges: %d %v", got.status, got.header)
	}
	// The response headers policy comes after S3.
	s = serve(t, append(passingAll, change{"Resources.Headers.Properties.ResponseHeadersPolicyConfig.CustomHeadersConfig", map[string]any{
		"Items": []any{map[string]any{"Header": "Cache-Control", "Value": "no-store", "Override": true}},
	}})...)
	if got := s.get(s.sign("/rt.png?response-cache-control=public")); got.header.Get("Cache-Control") != "no-store" {
		t.Errorf("an overriding policy: %v", got.header)
	}
}

func TestS3RefusesWhatAQueryAsksForAndCannotHave(t *testing.T) {
	s := serve(t, passingAll...)
	pass := s.signPass("*")
	for query, want := range map[string]string{
		"response-server=x":                               "400 InvalidArgument",
		"response-content-type=a%0D%0AX-Injected:+1":      "400 InvalidArgument",
		"response-content-type=%00":                       "400 InvalidArgument",
		"response-content-type=%C2%85":                    "400 InvalidArgument",
		"response-content-type=%E6%97%A5":                 "400 InvalidArgument",
		"response-content-type=%ff":                       "400 InvalidArgument",
		"response-content-type=100%":                      "400 InvalidArgument",
		"response-content-type=a&response-content-type=b": "400 InvalidArgument",
		"acl":         "501 NotImplemented",
		"versionId=1": "501 NotImplemented",
		"%61cl":       "501 NotImplemented",
	} {
		got := s.handle("GET", "/rt.png?"+query+"&"+pass)
		if answer := fmtStatus(got); answer != want {
			t.Errorf("%s: %s, want %s: %v", query, answer, want, got.header)
		}
		if got.header.Get("X-Injected") != "" {
			t.Errorf("%s: a header was injected", query)
		}
	}
	anonymous := serve(t, append(passingAll,
		change{reader + ".Principal", "*"},
		change{origin0 + ".S3OriginConfig.OriginAccessIdentity", ""},
		change{"Resources.Bucket.Properties.PublicAccessBlockConfiguration", map[string]any{"BlockPublicAcls": true}})...)
	if got := anonymous.get(anonymous.sign("/rt.png")); got.status != 200 {
		t.Fatalf("%d %s", got.status, got.header.Get(reasonHeader))
	}
	if got := anonymous.get(anonymous.sign("/rt.png?response-content-type=text/x")); fmtStatus(got) != "400 InvalidRequest" {
		t.Errorf("where nobody signs the request to the bucket: %s", fmtStatus(got))
	}
}

// fmtStatus is the status and the code of an answer.
func fmtStatus(r reply) string {
	_, code, _ := strings.Cut(r.body, "<Code>")
	code, _, _ = strings.Cut(code, "</Code>")
	return strings.TrimSpace(strings.Join([]string{strconv.Itoa(r.status), code}, " "))
}

// What the document says of a query is what signers go by.
func TestTheDocumentSaysWhatTheBehaviorsForward(t *testing.T) {
	forwards := func(behavior string) []change {
		return []change{passing("AWS::CloudFront::CachePolicy", "CachePolicyConfig", "ParametersInCacheKeyAndForwardedToOrigin", "whitelist", "response-content-type"),
			{behavior + ".CachePolicyId", map[string]any{"Ref": "Passing"}}}
	}
	for _, test := range []struct {
		name         string
		changes      []change
		signed, open []string
		want         string // in the error; empty: there is none
	}{
		{"nothing, as it is said", nil, []string{}, []string{}, ""},
		{"signed paths, as it is said", forwards(fallback), []string{"response-content-type"}, []string{}, ""},
		{"signed paths, of which nothing is said", forwards(fallback), []string{}, []string{}, "query.signed, does not list response-content-type, which the cache behavior * forwards"},
		{"signed paths, of which more is said", forwards(fallback), []string{"response-content-type", "x"}, []string{}, "query.signed, lists x, which the cache behavior * does not forward"},
		{"public paths, of which nothing is said", forwards(config + ".CacheBehaviors.0"), []string{}, []string{}, "query.public, does not list response-content-type"},
		{"nothing, and it is said that public paths do", nil, []string{}, []string{"response-content-type"}, "query.public, lists response-content-type"},
		{"all", passingAll, []string{"*"}, []string{}, ""},
		{"all but three, and all is said", []change{{fallback + ".OriginRequestPolicyId", "216adef6-5c7f-47e4-b989-5492eafa07d3"}}, []string{"*"}, []string{}, "query.signed, lists *"},
		{"all, of which one is said", passingAll, []string{"x"}, []string{}, "query.signed, does not list *"},
		{"nothing, and all is said", nil, []string{"*"}, []string{}, "query.signed, lists *"},
	} {
		t.Run(test.name, func(t *testing.T) {
			query, err := json.Marshal(signer.ForwardedQuery{Signed: test.signed, Public: test.open})
			if err != nil {
				t.Fatal(err)
			}
			open := change{config + ".CacheBehaviors", []any{map[string]any{"PathPattern": "/public/*", "TargetOriginId": "content", "ViewerProtocolPolicy": "https-only"}}}
			changes := append(append([]change{open}, test.changes...), change{"Resources.DeploymentDocument.Properties.Value.Fn::Join.1.12", `","maxUrlLifetime":604800,"maxKeyAge":3600,"query":` + string(query) + "}"})
			_, err = New(Config{Template: edited(t, changes...), BaseURL: "http://127.0.0.1:8080", Objects: OpenFS(pictures)})
			if test.want == "" && err != nil || test.want != "" && (err == nil || !strings.Contains(err.Error(), test.want)) {
				t.Errorf("%v, want an error with %q", err, test.want)
			}
		})
	}
}

// Strangers choose neither the name under which an object is saved nor its type.
func TestATemplateIsRefusedWhosePublicPathsTellS3HowToSendAnObject(t *testing.T) {
	const (
		cachePolicy, inCache     = "AWS::CloudFront::CachePolicy", "ParametersInCacheKeyAndForwardedToOrigin"
		requestPolicy, inRequest = "AWS::CloudFront::OriginRequestPolicy", ""
		behavior                 = config + ".CacheBehaviors.0"
	)
	by := func(kind string, names ...string) []change {
		word := names[0]
		if names = names[1:]; len(names) > 0 {
			word = "whitelist"
		}
		if word == "allExcept" {
			names = []string{"response-content-type", "response-content-disposition", "response-cache-control", "response-content-encoding", "response-content-language", "response-expires"}
		}
		if kind == cachePolicy {
			return []change{passing(kind, "CachePolicyConfig", inCache, word, names...), {behavior + ".CachePolicyId", map[string]any{"Ref": "Passing"}}}
		}
		return []change{passing(kind, "OriginRequestPolicyConfig", inRequest, word, names...), {behavior + ".OriginRequestPolicyId", map[string]any{"Ref": "Passing"}}}
	}
	const disposition, every = "forwards response-content-disposition to", "forwards response-content-type and similar parameters to"
	for _, test := range []struct {
		name    string
		changes []change
		want    string // in the error; empty: it is served
	}{
		{"a cache policy of a name", by(cachePolicy, "", "v", "response-content-disposition"), disposition},
		{"a cache policy of a language", by(cachePolicy, "", "response-content-language"), "forwards response-content-language to"},
		{"a cache policy of all", by(cachePolicy, "all"), every},
		{"a policy of requests of a name", by(requestPolicy, "", "response-content-disposition"), disposition},
		{"a policy of requests of all", by(requestPolicy, "all"), every},
		{"a policy of requests of all but these, which may be escaped", by(requestPolicy, "allExcept"), every},
		{"AllViewer", []change{{behavior + ".OriginRequestPolicyId", "216adef6-5c7f-47e4-b989-5492eafa07d3"}}, every},
		{"UseOriginCacheControlHeaders-QueryStrings", []change{{behavior + ".CachePolicyId", "4cc15a8a-d715-48a4-82b8-cc0b614638fe"}}, every},
		{"forwarded values", []change{{behavior + ".ForwardedValues", map[string]any{"QueryString": true}}}, every},
		{"a cache policy of others", by(cachePolicy, "", "v", "width"), ""},
		{"CachingOptimized", []change{{behavior + ".CachePolicyId", "658327ea-f89d-4fab-a63d-7e88639e58f6"}}, ""},
		{"a name, and nobody signs the request to the bucket", append(by(cachePolicy, "", "response-content-disposition"), change{origin0 + ".S3OriginConfig.OriginAccessIdentity", ""}), ""},
		{"a name, of signed paths", append(by(cachePolicy, "", "response-content-disposition"), change{behavior + ".TrustedKeyGroups", []any{map[string]any{"Ref": "KeyGroup"}}}), ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			open := change{config + ".CacheBehaviors", []any{map[string]any{"PathPattern": "/public/*", "TargetOriginId": "content", "ViewerProtocolPolicy": "https-only"}}}
			_, err := New(Config{Template: edited(t, append([]change{open}, test.changes...)...), BaseURL: "http://127.0.0.1:8080", Objects: OpenFS(pictures)})
			if test.want == "" && err != nil || test.want != "" && (err == nil || !strings.Contains(err.Error(), "CacheBehaviors[0]: the public behavior /public/* "+test.want)) {
				t.Errorf("%v, want an error with %q", err, test.want)
			}
		})
	}
}

// A bucket sees no part of a signature, whatever a behavior passes on.
func TestNoParameterOfASignatureReachesTheBucket(t *testing.T) {
	all := &model.Behavior{Forwarding: []model.Forwarding{{Query: model.Selection{All: true}}}}
	got := queryToOrigin(all, "a=1&Expires=2&Policy=x&&Signature=s&Key-Pair-Id=k&Hash-Algorithm=SHA256&b&=c&a=2&expires=3")
	if want := []string{"a=1", "b", "a=2", "expires=3"}; !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
}

func TestAHeaderHoldsTheCharactersOfISO88591AndNoControl(t *testing.T) {
	for text, want := range map[string]string{
		"\t": "\t", " ": " ", "~": "~", "\u00a0": "\xa0", "ÿ": "\xff",
		"\x00": "", "\x08": "", "\n": "", "\r": "", "\x1f": "", "\x7f": "", "\u0080": "", "\u009f": "", "\u0100": "", "日": "", "\xff": "",
	} {
		if got, fits := toLatin1(text); fits != (want != "") || got != want {
			t.Errorf("%q: %q, %t", text, got, fits)
		}
	}
}
