package edge

import (
	"net/http"
	"slices"
	"strings"
)

// forwarding is what of the viewer's request a cache behavior passes on to the
// bucket: of its headers those of CORS are the only ones that this bucket acts
// on, of its query those of S3.
// https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/controlling-origin-requests.html
type forwarding struct{ headers, query selection }

// selection is a choice of names. The zero value chooses none.
type selection struct {
	all   bool // but those of names
	names []string
}

func (s selection) has(name string, same func(a, b string) bool) bool {
	named := slices.ContainsFunc(s.names, func(n string) bool { return same(n, name) })
	return named != s.all
}

// corsHeaders are the headers that make a request one of CORS.
var corsHeaders = []string{"Origin", "Access-Control-Request-Method", "Access-Control-Request-Headers"}

// managedForwarding are the managed policies that pass on headers of CORS or any
// query, by id:
// https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/using-managed-origin-request-policies.html
// https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/using-managed-cache-policies.html
var managedForwarding = map[string]forwarding{
	"88a5eaf4-2fd4-4709-b370-b4c650ea3fcf": {headers: selection{names: corsHeaders}},                                              // CORS-S3Origin
	"59781a5b-3903-41f3-afcb-af62929ccde1": {headers: selection{names: []string{"Origin"}}},                                       // CORS-CustomOrigin
	"216adef6-5c7f-47e4-b989-5492eafa07d3": {headers: selection{all: true}, query: selection{all: true}},                          // AllViewer
	"b689b0a8-53d0-40ab-baf2-68738e2966ac": {headers: selection{all: true, names: []string{"Host"}}, query: selection{all: true}}, // AllViewerExceptHostHeader
	"33f36d7e-f396-46d9-90e0-52428a34d9dc": {headers: selection{all: true}, query: selection{all: true}},                          // AllViewerAndCloudFrontHeaders-2022-06
	"4cc15a8a-d715-48a4-82b8-cc0b614638fe": {query: selection{all: true}},                                                         // UseOriginCacheControlHeaders-QueryStrings
}

// readForwarding reads what a behavior passes on by its origin request policy
// and by its cache policy, or in the form that came before them: what is part of
// the cache key reaches the origin too.
func (r *resolver) readForwarding(behavior property) []forwarding {
	var list []forwarding
	for _, policy := range []struct{ member, kind, config, inside string }{
		{"OriginRequestPolicyId", "AWS::CloudFront::OriginRequestPolicy", "OriginRequestPolicyConfig", ""},
		{"CachePolicyId", "AWS::CloudFront::CachePolicy", "CachePolicyConfig", "ParametersInCacheKeyAndForwardedToOrigin"},
	} {
		id := behavior.get(policy.member).text()
		if managed, ok := managedForwarding[id]; ok {
			list = append(list, managed)
		}
		if p, ok := r.resource(id, policy.kind); ok {
			config := p.get(policy.config)
			if policy.inside != "" {
				config = config.get(policy.inside)
			}
			headers, query := config.get("HeadersConfig"), config.get("QueryStringsConfig")
			list = append(list, forwarding{
				readSelection(headers.get("HeaderBehavior"), headers.get("Headers")),
				readSelection(query.get("QueryStringBehavior"), query.get("QueryStrings")),
			})
		}
	}
	legacy := behavior.get("ForwardedValues")
	names := legacy.get("Headers").texts()
	if slices.Contains(names, "*") {
		return append(list, forwarding{selection{all: true}, selection{all: legacy.get("QueryString").flag()}})
	}
	return append(list, forwarding{selection{names: names}, selection{all: legacy.get("QueryString").flag()}})
}

// readSelection reads a part of a policy. What it does not know chooses none.
func readSelection(behavior, names property) selection {
	switch behavior.text() {
	case "whitelist":
		return selection{names: names.texts()}
	case "all", "allViewer", "allViewerAndWhitelistCloudFront":
		return selection{all: true}
	case "allExcept":
		return selection{all: true, names: names.texts()}
	}
	return selection{}
}

// toOrigin is a request as it reaches the origin, as far as CORS goes.
func (b *behavior) toOrigin(r *http.Request) *http.Request {
	forwarded := *r
	forwarded.Header = r.Header.Clone()
	for _, name := range corsHeaders {
		if !slices.ContainsFunc(b.forwards, func(f forwarding) bool { return f.headers.has(name, strings.EqualFold) }) {
			forwarded.Header.Del(name)
		}
	}
	return &forwarded
}

// queryToOrigin is what reaches the origin of a query: the parameters that the
// behavior passes on, without those of CloudFront's signatures. Names are
// compared as they are written.
// https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/QueryStringParameters.html
func (b *behavior) queryToOrigin(query string) []string {
	var kept []string
	for parameter := range strings.SplitSeq(query, "&") {
		name, _, _ := strings.Cut(parameter, "=")
		if name == "" || slices.Contains(signatureParameters, name) {
			continue
		}
		if slices.ContainsFunc(b.forwards, func(f forwarding) bool {
			return f.query.has(name, func(a, b string) bool { return a == b })
		}) {
			kept = append(kept, parameter)
		}
	}
	return kept
}

// signatureParameters never reach an origin.
var signatureParameters = []string{"Expires", "Policy", "Signature", "Key-Pair-Id", "Hash-Algorithm"}
