package template

import (
	"fmt"
	"slices"

	"github.com/signedfront/signedfront/constructs/contract/managed"
	"github.com/signedfront/signedfront/signer"
	"github.com/signedfront/signedfront/signer/edge/internal/redact"
	"github.com/signedfront/signedfront/signer/edge/model"
)

// forwardedHeaders are the CORS headers that managed policies forward, by policy
// id. Package managed has the query parameters that they forward.
// https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/using-managed-origin-request-policies.html
// https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/using-managed-cache-policies.html
var forwardedHeaders = map[string]model.Selection{
	// CORS-S3Origin
	"88a5eaf4-2fd4-4709-b370-b4c650ea3fcf": preflightHeaders,
	// Elemental-MediaTailor-PersonalizedManifests
	"775133bc-15f2-49f9-abea-afb2e0bf67d2": preflightHeaders,
	// CORS-CustomOrigin
	"59781a5b-3903-41f3-afcb-af62929ccde1": {Names: []string{"Origin"}},
	// Elemental-MediaPackage
	"08627262-05a9-4f76-9ded-b50ca2e3a84f": {Names: []string{"Origin"}},
	// AllViewer
	"216adef6-5c7f-47e4-b989-5492eafa07d3": everything,
	// AllViewerExceptHostHeader
	"b689b0a8-53d0-40ab-baf2-68738e2966ac": {All: true, Names: []string{"Host"}},
	// AllViewerAndCloudFrontHeaders-2022-06
	"33f36d7e-f396-46d9-90e0-52428a34d9dc": everything,
}

var (
	everything       = model.Selection{All: true}
	preflightHeaders = model.Selection{Names: []string{"Origin", "Access-Control-Request-Method", "Access-Control-Request-Headers"}}
)

// readForwarding reads what a behavior forwards by its origin request policy and
// its cache policy, or by the older ForwardedValues. CloudFront also forwards
// everything in the cache key.
func (r *resolver) readForwarding(behavior property) []model.Forwarding {
	var list []model.Forwarding
	for _, policy := range []struct{ member, kind, config, inside string }{
		{"OriginRequestPolicyId", "AWS::CloudFront::OriginRequestPolicy", "OriginRequestPolicyConfig", ""},
		{"CachePolicyId", "AWS::CloudFront::CachePolicy", "CachePolicyConfig", "ParametersInCacheKeyAndForwardedToOrigin"},
	} {
		id := behavior.get(policy.member).text()
		if query, ok := managed.Queries[id]; ok {
			list = append(list, model.Forwarding{Headers: forwardedHeaders[id], Query: model.Selection(query)})
		}
		if p, ok := r.resource(id, policy.kind); ok {
			config := p.get(policy.config)
			if policy.inside != "" {
				config = config.get(policy.inside)
			}
			headers, query := config.get("HeadersConfig"), config.get("QueryStringsConfig")
			list = append(list, model.Forwarding{
				Headers: readSelection(headers.get("HeaderBehavior"), headers.get("Headers")),
				Query:   readSelection(query.get("QueryStringBehavior"), query.get("QueryStrings")),
			})
		}
	}
	legacy := behavior.get("ForwardedValues")
	headers := model.Selection{Names: legacy.get("Headers").texts()}
	if slices.Contains(headers.Names, "*") {
		headers = everything
	}
	return append(list, model.Forwarding{Headers: headers, Query: model.Selection{All: legacy.get("QueryString").flag()}})
}

// readSelection reads one part of a policy. An unknown behavior selects nothing.
func readSelection(behavior, names property) model.Selection {
	switch behavior.text() {
	case "whitelist":
		return model.Selection{Names: names.texts()}
	case "all", "allViewer", "allViewerAndWhitelistCloudFront":
		return everything
	case "allExcept":
		return model.Selection{All: true, Names: names.texts()}
	}
	return model.Selection{}
}

// checkPublicQuery refuses a public behavior that forwards the parameters with
// which S3 overrides response headers, if CloudFront signs its requests to the
// bucket. With response-content-type=text/html, anyone could turn an uploaded file
// into a page on the host of the signed content. It also refuses a behavior that
// forwards all parameters but some: CloudFront compares names as they are written,
// and S3 decodes them first.
func checkPublicQuery(p property, b *model.Behavior) {
	if !b.Public || b.Origin == nil || b.Origin.Identity == (model.Identity{}) {
		return
	}
	const wrong = "the public behavior %s forwards %s to the bucket, so anyone can choose the headers of S3's response: list the parameters that the behavior needs, without these, or forward no query"
	overrides := signer.S3Overrides()
	for _, f := range b.Forwarding {
		if f.Query.All {
			p.wrong(wrong, redact.Path(b.PathPattern), "response-content-type and similar parameters")
			return
		}
		for _, name := range f.Query.Names {
			if overrides[name] != "" {
				p.wrong(wrong, redact.Path(b.PathPattern), name)
			}
		}
	}
}

// checkQuery compares the query in the deployment document with what the behaviors
// forward. If the document lists less, anyone may choose the headers of S3's
// response. If it lists more, a signer signs parameters that are ignored.
func (r *resolver) checkQuery(document *signer.Deployment, d *model.Distribution) {
	if document.Query == nil || d == nil {
		return
	}
	for _, b := range d.Behaviors {
		class, said := "signed", document.Query.Signed
		if b.Public {
			class, said = "public", document.Query.Public
		}
		wrong := func(format string, name string) {
			r.report(fmt.Errorf("%s: the deployment document, query.%s, "+format, d.Place, class, redact.Text(name), redact.Path(b.PathPattern)))
		}
		all := false
		for _, f := range b.Forwarding {
			all = all || f.Query.All && len(f.Query.Names) == 0
			if slices.Contains(said, "*") {
				continue
			}
			if f.Query.All {
				wrong("does not list %s, which the cache behavior %s forwards", "*")
				continue
			}
			for _, name := range f.Query.Names {
				if !slices.Contains(said, name) {
					wrong("does not list %s, which the cache behavior %s forwards", name)
				}
			}
		}
		for _, name := range said {
			if !all && !slices.ContainsFunc(b.Forwarding, func(f model.Forwarding) bool {
				return name != "*" && slices.Contains(f.Query.Names, name) != f.Query.All
			}) {
				wrong("lists %s, which the cache behavior %s does not forward", name)
			}
		}
	}
}
