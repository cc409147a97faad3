package edge

import (
	"fmt"
	"slices"
	"strings"

	"github.com/signedfront/signedfront/constructs/contract/escapes"
	"github.com/signedfront/signedfront/signer"
	"github.com/signedfront/signedfront/signer/internal/glob"
)

// distribution is what the edge does with a request, read from the template's
// AWS::CloudFront::Distribution.
type distribution struct {
	behaviors  []*behavior       // in CloudFront's order; the default one is the last
	rootObject string            // the object for /, if any
	errorPages map[int]errorPage // by the status that they stand in for
}

// behavior is a cache behavior.
type behavior struct {
	pattern  string // of the path, with its leading slash
	methods  []string
	public   bool                         // open to all; else what no trusted key signed is refused
	trusted  map[string]*signer.PublicKey // by key pair id
	origin   *origin
	forwards []forwarding
	headers  *headersPolicy
	hiding   *escapes.Filter // escapes of these are refused; nil: none are
}

// readDistribution reads the template's one distribution.
func (r *resolver) readDistribution(objects *Objects) *distribution {
	found := r.existing("AWS::CloudFront::Distribution")
	if len(found) != 1 {
		r.report(fmt.Errorf("Resources: the local edge serves one AWS::CloudFront::Distribution, the template has %d", len(found)))
		return nil
	}
	config := r.properties(found[0]).get("DistributionConfig")
	if enabled := config.get("Enabled"); !enabled.flag() {
		enabled.wrong("the distribution is not enabled: it serves nothing; want true")
	}

	origins := make(map[string]*origin)
	read := func(p property, pattern string) *behavior {
		target := p.get("TargetOriginId")
		name := target.text()
		if _, done := origins[name]; !done {
			origins[name] = r.readOrigin(config, found[0], target, objects)
		}
		return r.readBehavior(p, pattern, origins[name])
	}
	d := &distribution{
		rootObject: strings.TrimPrefix(config.get("DefaultRootObject").text(), "/"),
		errorPages: readErrorPages(config.get("CustomErrorResponses")),
	}
	for _, p := range config.get("CacheBehaviors").array() {
		pattern := p.get("PathPattern").text()
		if pattern == "" || len(pattern) > maxPattern {
			p.get("PathPattern").wrong("want a path pattern of 1 to %d bytes", maxPattern)
		}
		d.behaviors = append(d.behaviors, read(p, pattern))
	}
	fallback := config.get("DefaultCacheBehavior")
	if !fallback.exists() {
		fallback.wrong("want the behavior of all other paths")
	}
	d.behaviors = append(d.behaviors, read(fallback, "*"))

	buckets := make(map[string]bool)
	for _, o := range origins {
		if o != nil {
			buckets[o.bucket] = true
		}
	}
	if len(buckets) > 1 {
		config.get("Origins").wrong("%d buckets: the local edge has the content of one", len(buckets))
	}
	return d
}

// maxPattern is CloudFront's limit on a path pattern:
// https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/DownloadDistValuesCacheBehavior.html#DownloadDistValuesPathPattern
const maxPattern = 255

func (r *resolver) readBehavior(p property, pattern string, o *origin) *behavior {
	if signers := p.get("TrustedSigners"); len(signers.list()) > 0 {
		signers.wrong("keys of AWS accounts are unknown to the local edge: use TrustedKeyGroups")
	}
	if functions := p.get("LambdaFunctionAssociations"); len(functions.list()) > 0 {
		functions.wrong(noFunctions)
	}
	b := &behavior{
		pattern:  pattern,
		methods:  p.get("AllowedMethods").texts(),
		public:   !p.has("TrustedKeyGroups"),
		trusted:  r.trustedKeys(p),
		origin:   o,
		forwards: r.readForwarding(p),
		headers:  r.readHeadersPolicy(p.get("ResponseHeadersPolicyId")),
		hiding:   r.readFunction(p.get("FunctionAssociations")),
	}
	// CloudFront's behavior is the same with and without the slash.
	if !strings.HasPrefix(b.pattern, "/") && !strings.HasPrefix(b.pattern, "*") {
		b.pattern = "/" + b.pattern
	}
	if len(b.methods) == 0 {
		b.methods = []string{"GET", "HEAD"}
	}
	return b
}

// object is the raw path of the object that a raw path is for: at /, and there
// alone, the default root object. That comes before all else: the cache behavior,
// and with it the signers, are those of the object's path.
// https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/DefaultRootObject.html
func (d *distribution) object(rawPath string) string {
	if rawPath == "/" {
		return "/" + d.rootObject
	}
	return rawPath
}

// behavior chooses the cache behavior of a raw path: the first whose pattern
// covers the normalized path. Letter case matters.
// https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/DownloadDistValuesCacheBehavior.html#DownloadDistValuesPathPattern
func (d *distribution) behavior(rawPath string) *behavior {
	path := normalizePath(rawPath)
	for _, b := range d.behaviors {
		if glob.MatchCharacters(b.pattern, path) {
			return b
		}
	}
	return d.behaviors[len(d.behaviors)-1] // its pattern, *, covers everything
}

func (b *behavior) allows(method string) bool { return slices.Contains(b.methods, method) }

// readOrigin reads the origin that a behavior sends its requests to: a bucket
// of the template, or an existing one.
func (r *resolver) readOrigin(config property, distributionID string, target property, objects *Objects) *origin {
	var found property
	for _, p := range config.get("Origins").array() {
		if p.get("Id").text() == target.text() {
			found = p
		}
	}
	if found.r == nil {
		target.wrong("%s: want the Id of one of the distribution's Origins; the local edge does no origin groups", shown(target.text()))
		return nil
	}
	if custom := found.get("CustomOriginConfig"); custom.exists() {
		custom.wrong("the local edge serves a bucket, no other origin")
	}
	o := r.readBucket(found.get("DomainName"))
	if o == nil {
		return nil
	}
	o.prefix = found.get("OriginPath").text()
	o.identity = r.readIdentity(found, distributionID)
	o.objects = objects
	if o.prefix != "" && !strings.HasPrefix(o.prefix, "/") {
		found.get("OriginPath").wrong("%s: want it to start with /", shown(o.prefix))
	}
	return o
}

// readIdentity reads who CloudFront is at the bucket.
func (r *resolver) readIdentity(p property, distributionID string) identity {
	oai := p.get("S3OriginConfig").get("OriginAccessIdentity")
	control := p.get("OriginAccessControlId")
	switch {
	case oai.text() != "" && control.text() != "":
		control.wrong("the origin has an origin access identity too: CloudFront takes one of them")
	case oai.text() != "":
		id, ok := strings.CutPrefix(oai.text(), "origin-access-identity/cloudfront/")
		if !ok || id == "" {
			oai.wrong("%s: want origin-access-identity/cloudfront/ and the id of the identity", shown(oai.text()))
		}
		return identity{oai: id}
	case control.text() != "":
		properties, ok := r.resource(control.text(), "AWS::CloudFront::OriginAccessControl")
		if !ok {
			control.wrong("not an origin access control of this template")
			return identity{}
		}
		switch signs := properties.get("OriginAccessControlConfig").get("SigningBehavior"); signs.text() {
		case "always", "no-override":
			return identity{control: true, distribution: r.distributionARN(distributionID), account: r.stack.account}
		case "never": // it signs no request
		default:
			signs.wrong("%s: want always, no-override or never", shown(signs.text()))
		}
		return identity{}
	}
	return identity{}
}
