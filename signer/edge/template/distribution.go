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

// readDistribution reads the template's only distribution.
func (r *resolver) readDistribution() *model.Distribution {
	found := r.existing("AWS::CloudFront::Distribution")
	if r.foreign != nil {
		found = r.signedAlone(found)
	}
	if len(found) != 1 {
		r.report(fmt.Errorf("Resources: want one AWS::CloudFront::Distribution for the local edge to serve: the template has %d", len(found)))
		return nil
	}
	config := r.properties(found[0]).get("DistributionConfig")
	if enabled := config.get("Enabled"); !enabled.flag() {
		enabled.wrong("the distribution is disabled and serves nothing: want true")
	}

	origins := make(map[string]*model.Origin)
	read := func(p property, pattern string) *model.Behavior {
		return r.readBehavior(p, pattern, func() *model.Origin {
			target := p.get("TargetOriginId")
			name := target.text()
			// In a foreign template each behavior is refused for the problems of
			// its origin.
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
		fallback.wrong("want the behavior for all other paths")
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

// maxPattern is CloudFront's limit on a path pattern, in bytes:
// https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/DownloadDistValuesCacheBehavior.html#DownloadDistValuesPathPattern
const maxPattern = 255

// signedAlone returns the only distribution that needs signatures, and names the
// others. If there is not exactly one, it returns all.
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
		r.foreign.name("Resources.%s: this distribution needs no signatures, so it is not served", redact.Name(id))
	}
	return slices.DeleteFunc(all, func(id string) bool { return slices.Contains(others, id) })
}

func (r *resolver) readBehavior(p property, pattern string, origin func() *model.Origin) *model.Behavior {
	b := &model.Behavior{PathPattern: pattern}
	r.deciding(b, func() {
		if signers := p.get("TrustedSigners"); len(signers.list()) > 0 {
			signers.wrong("the local edge does not know the keys of AWS accounts: use TrustedKeyGroups")
		}
		for _, function := range p.get("LambdaFunctionAssociations").list() {
			if event, known := r.quietly(function.get("EventType")); r.foreign != nil && known && strings.HasSuffix(event, "-response") {
				r.foreign.name("%s: the local edge runs no functions, so this one is left out", function.at)
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
	// CloudFront treats the pattern the same with and without the slash.
	if !strings.HasPrefix(b.PathPattern, "/") && !strings.HasPrefix(b.PathPattern, "*") {
		b.PathPattern = "/" + b.PathPattern
	}
	if len(b.Methods) == 0 {
		b.Methods = []string{"GET", "HEAD"}
	}
	r.decorating(func() { checkPublicQuery(p, b) })
	return b
}

// readOrigin reads the origin of a behavior: a bucket that the template creates, or
// an existing one.
func (r *resolver) readOrigin(config property, distributionID string, target property) *model.Origin {
	var found property
	for _, p := range config.get("Origins").array() {
		if p.get("Id").text() == target.text() {
			found = p
		}
	}
	if found.r == nil {
		target.wrong("%s: want the Id of one of the distribution's Origins; the local edge does not support origin groups", redact.Quote(target.text()))
		return nil
	}
	if custom := found.get("CustomOriginConfig"); custom.exists() {
		custom.wrong("the local edge serves buckets only")
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

// readIdentity reads the identity that CloudFront uses to read the bucket.
func (r *resolver) readIdentity(p property, distributionID string) model.Identity {
	oai := p.get("S3OriginConfig").get("OriginAccessIdentity")
	control := p.get("OriginAccessControlId")
	switch {
	case oai.text() != "" && control.text() != "":
		control.wrong("the origin also has an origin access identity: want one of the two")
	case oai.text() != "":
		id, ok := strings.CutPrefix(oai.text(), "origin-access-identity/cloudfront/")
		if !ok || id == "" {
			oai.wrong("%s: want origin-access-identity/cloudfront/ and the id of the identity", redact.Quote(oai.text()))
		}
		return model.Identity{OAI: id, CanonicalUser: canonicalUserID(id)}
	case control.text() != "":
		properties, ok := r.resource(control.text(), "AWS::CloudFront::OriginAccessControl")
		if !ok {
			control.wrong("the template has no such origin access control")
			return model.Identity{}
		}
		switch signs := properties.get("OriginAccessControlConfig").get("SigningBehavior"); signs.text() {
		case "always", "no-override":
			return model.Identity{Control: true, Distribution: r.distributionARN(distributionID), Account: r.stack.account}
		case "never": // requests are not signed
		default:
			signs.wrong("%s: want always, no-override or never", redact.Quote(signs.text()))
		}
		return model.Identity{}
	}
	return model.Identity{}
}

// customErrorCodes are the statuses that can have a custom error response:
// https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/creating-custom-error-pages.html
var customErrorCodes = []int{400, 403, 404, 405, 414, 416, 500, 501, 502, 503, 504}

// readErrorPages reads the custom error responses of a distribution, by the status
// that each replaces. A response without a page sets only how long an error is
// cached, so it is left out: the edge caches nothing.
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
			code.wrong("the status %d has two custom error responses: want one", replaced)
		}
		pages[replaced] = model.ErrorPage{Path: page.text(), Status: answered}
	}
	return pages
}

// statusOf returns the status in p if it is one of among.
func statusOf(p property, among []int) (int, bool) {
	status, err := strconv.Atoi(p.text())
	return status, err == nil && slices.Contains(among, status)
}
