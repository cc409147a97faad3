package edge

import (
	"net/http"
	"slices"
	"strings"
)

// forwarding is which of the viewer's headers a cache behavior passes on to the
// bucket. Those of CORS are the only ones that this bucket acts on.
// https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/controlling-origin-requests.html
type forwarding struct {
	all   bool // but those of names
	names []string
}

// corsHeaders are the headers that make a request one of CORS.
var corsHeaders = []string{"Origin", "Access-Control-Request-Method", "Access-Control-Request-Headers"}

// managedForwarding are the managed origin request policies that pass on
// headers of CORS, by id:
// https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/using-managed-origin-request-policies.html
var managedForwarding = map[string]forwarding{
	"88a5eaf4-2fd4-4709-b370-b4c650ea3fcf": {names: corsHeaders},                 // CORS-S3Origin
	"59781a5b-3903-41f3-afcb-af62929ccde1": {names: []string{"Origin"}},          // CORS-CustomOrigin
	"216adef6-5c7f-47e4-b989-5492eafa07d3": {all: true},                          // AllViewer
	"b689b0a8-53d0-40ab-baf2-68738e2966ac": {all: true, names: []string{"Host"}}, // AllViewerExceptHostHeader
}

// readForwarding reads what a behavior passes on by its origin request policy
// and by its cache policy: what is part of the cache key reaches the origin too.
func (r *resolver) readForwarding(behavior property) []forwarding {
	var list []forwarding
	id := behavior.get("OriginRequestPolicyId").text()
	if managed, ok := managedForwarding[id]; ok {
		list = append(list, managed)
	}
	if p, ok := r.resource(id, "AWS::CloudFront::OriginRequestPolicy"); ok {
		headers := p.get("OriginRequestPolicyConfig").get("HeadersConfig")
		names := headers.get("Headers").texts()
		switch headers.get("HeaderBehavior").text() {
		case "whitelist":
			list = append(list, forwarding{names: names})
		case "allViewer", "allViewerAndWhitelistCloudFront":
			list = append(list, forwarding{all: true})
		case "allExcept":
			list = append(list, forwarding{all: true, names: names})
		}
	}
	if p, ok := r.resource(behavior.get("CachePolicyId").text(), "AWS::CloudFront::CachePolicy"); ok {
		key := p.get("CachePolicyConfig").get("ParametersInCacheKeyAndForwardedToOrigin")
		list = append(list, forwarding{names: key.get("HeadersConfig").get("Headers").texts()})
	}
	return list
}

func (f forwarding) passes(name string) bool {
	named := slices.ContainsFunc(f.names, func(n string) bool { return strings.EqualFold(n, name) })
	return named != f.all
}

// toOrigin is a request as it reaches the origin, as far as CORS goes.
func (b *behavior) toOrigin(r *http.Request) *http.Request {
	forwarded := *r
	forwarded.Header = r.Header.Clone()
	for _, name := range corsHeaders {
		if !slices.ContainsFunc(b.forwards, func(f forwarding) bool { return f.passes(name) }) {
			forwarded.Header.Del(name)
		}
	}
	return &forwarded
}
