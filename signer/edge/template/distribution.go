package template

import (
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/signedfront/signedfront/signer/edge/internal/redact"
	"github.com/signedfront/signedfront/signer/edge/model"
)

// readDistribution reads the template's one distribution.
func (r *resolver) readDistribution() *model.Distribution {
	found := r.existing("AWS::CloudFront::Distribution")
	if r.foreign != nil {
		found = r.signedAlone(found)
	}
	if len(found) != 1 {
		r.report(fmt.Errorf("Resources: the local edge serves one AWS::CloudFront::Distribution, the template has %d", len(found)))
		return nil
	}
	config := r.properties(found[0]).get("DistributionConfig")
	if enabled := config.get("Enabled"); !enabled.flag() {
		enabled.wrong("the distribution is not enabled: it serves nothing; want true")
	}

	origins := make(map[string]*model.Origin)
	read := func(p property, pattern string) *model.Behavior {
		return r.readBehavior(p, pattern, func() *model.Origin {
			target := p.get("TargetOriginId")
			name := target.text()
			// What is wrong with an origin is why each of its behaviors is refused.
			if o, done := origins[name]; done && r.foreign == nil {
				return o
			}
			origins[name] = r.readOrigin(config, found[0], target)
			return origins[name]
		})
	}
	server := r.stack.hash("via")
	d := &model.Distribution{
		Place:      config.at,
		Server:     fmt.Sprintf("%x.cloudfront.net", server[:16]),
		RootObject: strings.TrimPrefix(config.get("DefaultRootObject").text(), "/"),
	}
	if !r.decorating(func() { d.ErrorPages = readErrorPages(config.get("CustomErrorResponses")) }) {
		d.ErrorPages = nil
	}
	fallback := config.get("DefaultCacheBehavior")
	if !fallback.exists() {
		fallback.wrong("want the behavior of all other paths")
	}
	last := read(fallback, "*")
	for _, p := range config.get("CacheBehaviors").array() {
		pattern := p.get("PathPattern").text()
		if pattern == "" || len(pattern) > maxPattern {
			p.get("PathPattern").wrong("want a path pattern of 1 to %d bytes", maxPattern)
		}
		d.Behaviors = append(d.Behaviors, read(p, pattern))
	}
	d.Behaviors = append(d.Behaviors, last)
	if r.foreign != nil {
		r.finish(d)
	}
	d.PublicKeys = r.publicKeys()
	return d
}

// maxPattern is CloudFront's limit on a path pattern:
// https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/DownloadDistValuesCacheBehavior.html#DownloadDistValuesPathPattern
const maxPattern = 255

// signedAlone is the one of distributions that needs signatures, if there is just
// one: the others are named.
func (r *resolver) signedAlone(all []string) []string {
	if len(all) < 2 {
		return all
	}
	signed := func(id string) bool {
		config := r.properties(id).get("DistributionConfig")
		return slices.ContainsFunc(append(config.get("CacheBehaviors").list(), config.get("DefaultCacheBehavior")), func(p property) bool {
			return p.has("TrustedKeyGroups")
		})
	}
	others := slices.DeleteFunc(slices.Clone(all), signed)
	if len(others) != len(all)-1 {
		return all
	}
	for _, id := range others {
		r.foreign.name("Resources.%s: a distribution that needs no signature: it is not served", redact.Name(id))
	}
	return slices.DeleteFunc(all, func(id string) bool { return slices.Contains(others, id) })
}

func (r *resolver) readBehavior(p property, pattern string, origin func() *model.Origin) *model.Behavior {
	b := &model.Behavior{PathPattern: pattern}
	r.deciding(b, func() {
		if signers := p.get("TrustedSigners"); len(signers.list()) > 0 {
			signers.wrong("keys of AWS accounts are unknown to the local edge: use TrustedKeyGroups")
		}
		for _, function := range p.get("LambdaFunctionAssociations").list() {
			if event, known := r.quietly(function.get("EventType")); r.foreign != nil && known && strings.HasSuffix(event, "-response") {
				r.foreign.name("%s: the local edge runs no functions: it is left out", function.at)
				continue
			}
			p.get("LambdaFunctionAssociations").wrong(noFunctions)
		}
		b.Methods = p.get("AllowedMethods").texts()
		b.Public = !p.has("TrustedKeyGroups")
		b.TrustedKeys = r.trustedKeys(p)
		b.Origin = origin()
		b.Escapes = r.readFunction(p.get("FunctionAssociations"))
	})
	if !r.decorating(func() { b.Forwarding = r.readForwarding(p) }) {
		b.Forwarding = nil
	}
	if !r.decorating(func() { b.Headers = r.readHeadersPolicy(p.get("ResponseHeadersPolicyId")) }) {
		b.Headers = nil
	}
	// CloudFront's behavior is the same with and without the slash.
	if !strings.HasPrefix(b.PathPattern, "/") && !strings.HasPrefix(b.PathPattern, "*") {
		b.PathPattern = "/" + b.PathPattern
	}
	if len(b.Methods) == 0 {
		b.Methods = []string{"GET", "HEAD"}
	}
	r.decorating(func() { checkPublicQuery(p, b) })
	return b
}

// readOrigin reads the origin that a behavior sends its requests to: a bucket
// of the template, or an existing one.
func (r *resolver) readOrigin(config property, distributionID string, target property) *model.Origin {
	var found property
	for _, p := range config.get("Origins").array() {
		if p.get("Id").text() == target.text() {
			found = p
		}
	}
	if found.r == nil {
		target.wrong("%s: want the Id of one of the distribution's Origins; the local edge does no origin groups", redact.Quote(target.text()))
		return nil
	}
	if custom := found.get("CustomOriginConfig"); custom.exists() {
		custom.wrong("the local edge serves a bucket, no other origin")
		return nil
	}
	bucket := r.readBucket(found.get("DomainName"))
	if bucket == nil {
		return nil
	}
	o := &model.Origin{
		Bucket:   bucket,
		Path:     found.get("OriginPath").text(),
		Identity: r.readIdentity(found, distributionID),
	}
	if o.Path != "" && !strings.HasPrefix(o.Path, "/") {
		found.get("OriginPath").wrong("%s: want it to start with /", redact.Quote(o.Path))
	}
	return o
}

// readIdentity reads who CloudFront is at the bucket.
func (r *resolver) readIdentity(p property, distributionID string) model.Identity {
	oai := p.get("S3OriginConfig").get("OriginAccessIdentity")
	control := p.get("OriginAccessControlId")
	switch {
	case oai.text() != "" && control.text() != "":
		control.wrong("the origin has an origin access identity too: CloudFront takes one of them")
	case oai.text() != "":
		id, ok := strings.CutPrefix(oai.text(), "origin-access-identity/cloudfront/")
		if !ok || id == "" {
			oai.wrong("%s: want origin-access-identity/cloudfront/ and the id of the identity", redact.Quote(oai.text()))
		}
		return model.Identity{OAI: id, CanonicalUser: canonicalUserID(id)}
	case control.text() != "":
		properties, ok := r.resource(control.text(), "AWS::CloudFront::OriginAccessControl")
		if !ok {
			control.wrong("not an origin access control of this template")
			return model.Identity{}
		}
		switch signs := properties.get("OriginAccessControlConfig").get("SigningBehavior"); signs.text() {
		case "always", "no-override":
			return model.Identity{Control: true, Distribution: r.distributionARN(distributionID), Account: r.stack.account}
		case "never": // it signs no request
		default:
			signs.wrong("%s: want always, no-override or never", redact.Quote(signs.text()))
		}
		return model.Identity{}
	}
	return model.Identity{}
}

// customErrorCodes are the statuses that may have a custom error response.
// https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/creating-custom-error-pages.html
var customErrorCodes = []int{400, 403, 404, 405, 414, 416, 500, 501, 502, 503, 504}

// readErrorPages reads the pages of a distribution, by the status that they
// stand in for. A response without a page says how long an error is cached, and
// nothing is cached here.
func readErrorPages(responses property) map[int]model.ErrorPage {
	pages := make(map[int]model.ErrorPage)
	for _, p := range responses.array() {
		code, page, status := p.get("ErrorCode"), p.get("ResponsePagePath"), p.get("ResponseCode")
		replaced, ok := statusOf(code, customErrorCodes)
		switch {
		case !ok:
			code.wrong("%s: want one of %s", redact.Quote(code.text()), strings.Trim(fmt.Sprint(customErrorCodes), "[]"))
			continue
		case page.exists() != status.exists():
			page.wrong("ResponsePagePath and ResponseCode go together")
			continue
		case !page.exists():
			continue
		case !strings.HasPrefix(page.text(), "/"):
			page.wrong("%s: want it to start with /", redact.Quote(page.text()))
			continue
		}
		answered, ok := statusOf(status, append(customErrorCodes, http.StatusOK))
		if !ok {
			status.wrong("%s: want 200, or one of %s", redact.Quote(status.text()), strings.Trim(fmt.Sprint(customErrorCodes), "[]"))
			continue
		}
		if _, twice := pages[replaced]; twice {
			code.wrong("%d has a custom error response already", replaced)
		}
		pages[replaced] = model.ErrorPage{Path: page.text(), Status: answered}
	}
	return pages
}

// statusOf is the status that a place holds, if it is one of those.
func statusOf(p property, among []int) (int, bool) {
	status, err := strconv.Atoi(p.text())
	return status, err == nil && slices.Contains(among, status)
}
