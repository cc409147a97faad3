package constructs

import (
	"fmt"
	"reflect"
	"slices"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awscloudfront"
	"github.com/aws/aws-cdk-go/awscdk/v2/interfaces/interfacesawscloudfront"
	"github.com/aws/jsii-runtime-go"

	"github.com/signedfront/signedfront/constructs/config"
)

// addBehaviors adds the behaviors of all patterns. CloudFront uses the first behavior
// whose pattern matches a path, so behaviors that require a signature come first.
func addBehaviors(distribution awscloudfront.Distribution, p *PrivateContentProps, origin awscloudfront.IOrigin, signed, public *awscloudfront.AddBehaviorOptions) {
	for _, pattern := range p.SignedPaths {
		distribution.AddBehavior(&pattern, origin, signed)
	}
	addFurther(distribution, p, origin, signed, false)
	for _, pattern := range publicPatterns(p) {
		distribution.AddBehavior(&pattern, origin, public)
	}
	addFurther(distribution, p, origin, public, true)
	distribution.Node().AddValidation(&checkedBehaviors{distribution, slices.Concat(publicPatterns(p), furtherPatterns(p, true)), p.Downloads.Parameters()})
}

// addFurther adds the public ones of Behaviors, or the signed ones.
func addFurther(distribution awscloudfront.Distribution, p *PrivateContentProps, content awscloudfront.IOrigin, options *awscloudfront.AddBehaviorOptions, public bool) {
	for _, b := range p.Behaviors {
		if b.Public != public {
			continue
		}
		origin := b.Origin
		if origin == nil {
			origin = content
		}
		distribution.AddBehavior(&b.PathPattern, origin, withOptions(options, b.Options))
	}
}

// withOptions returns options overridden by the fields that others sets. Function
// associations of both are kept.
func withOptions(options, others *awscloudfront.AddBehaviorOptions) *awscloudfront.AddBehaviorOptions {
	if others == nil {
		return options
	}
	merged := *options
	target, source := reflect.ValueOf(&merged).Elem(), reflect.ValueOf(others).Elem()
	for i := range source.NumField() {
		if field := source.Field(i); !field.IsZero() {
			target.Field(i).Set(field)
		}
	}
	if options.FunctionAssociations != nil && others.FunctionAssociations != nil {
		both := slices.Concat(*options.FunctionAssociations, *others.FunctionAssociations)
		merged.FunctionAssociations = &both
	}
	return &merged
}

// seesViewerRequests reports whether a behavior has a function for viewer requests.
// CloudFront allows one.
func seesViewerRequests(options *awscloudfront.AddBehaviorOptions) bool {
	if options.FunctionAssociations != nil && slices.ContainsFunc(*options.FunctionAssociations, func(a *awscloudfront.FunctionAssociation) bool {
		return a.EventType == awscloudfront.FunctionEventType_VIEWER_REQUEST
	}) {
		return true
	}
	return options.EdgeLambdas != nil && slices.ContainsFunc(*options.EdgeLambdas, func(l *awscloudfront.EdgeLambda) bool {
		return l.EventType == awscloudfront.LambdaEdgeEventType_VIEWER_REQUEST
	})
}

// signedPatterns returns the patterns that require a signature.
func signedPatterns(p *PrivateContentProps) []string {
	return slices.Concat(p.SignedPaths, furtherPatterns(p, false))
}

// publicPatterns returns the patterns that everyone may read, each once: PublicPaths
// and the error pages. An error page that requires a signature could not be served to
// a viewer without one.
func publicPatterns(p *PrivateContentProps) []string {
	var once []string
	add := func(pattern string) {
		if !slices.Contains(once, pattern) {
			once = append(once, pattern)
		}
	}
	for _, page := range p.ErrorPages {
		add(page.ResponsePagePath)
	}
	for _, pattern := range p.PublicPaths {
		add(pattern)
	}
	return once
}

// furtherPatterns returns the patterns of the public ones of Behaviors, or of the
// signed ones.
func furtherPatterns(p *PrivateContentProps, public bool) (patterns []string) {
	for _, b := range p.Behaviors {
		if b.Public == public {
			patterns = append(patterns, b.PathPattern)
		}
	}
	return patterns
}

// checkedBehaviors validates a distribution at the end of the synthesis, because the
// app may have added behaviors to it.
type checkedBehaviors struct {
	distribution awscloudfront.Distribution
	public       []string // the patterns that are meant to be public
	downloads    []string // the parameters that signed paths must forward to the content
}

// Validate returns the mistakes in the distribution.
func (v *checkedBehaviors) Validate() *[]*string {
	stack := awscdk.Stack_Of(v.distribution)
	settings := distributionSettings(v.distribution)
	content, _ := settings["defaultCacheBehavior"].(map[string]any)
	signsRequests := signedOrigins(settings)
	policies := &forwardedQueries{stack: stack}
	var wrong []*string
	report := func(format string, args ...any) { wrong = append(wrong, jsii.String(fmt.Sprintf(format, args...))) }
	for _, b := range append(cacheBehaviors(v.distribution), content) {
		pattern, named := b["pathPattern"]
		if !named {
			pattern = "*" // the default behavior
		}
		of := "the behavior of " + config.Quote(fmt.Sprint(pattern))
		if isSigned(b) {
			if b["targetOriginId"] != content["targetOriginId"] {
				continue
			}
			if parameter := policies.of(b).shared(); parameter != "" {
				report("%s forwards %s to the bucket by its OriginRequestPolicy, but its CachePolicy does not name it, so a viewer could get an answer that another viewer asked for; write a CachePolicy with that parameter, or awscloudfront.CachePolicy_CACHING_DISABLED()", of, parameter)
			}
			for _, parameter := range v.downloads {
				if policies.of(b).lacks(parameter) {
					report("%s does not forward %s to the bucket, although Downloads promises it to signers; leave its CachePolicy out, or write one with that parameter", of, parameter)
				}
			}
			continue
		}
		isPublic := func(public string) bool { return reflect.DeepEqual(stack.Resolve(public), pattern) }
		if !slices.ContainsFunc(v.public, isPublic) {
			report("%s trusts no key group, so everyone may read it; list it in Behaviors of PrivateContentProps, with Public: true if it is meant to be public", of)
		}
		if target, _ := b["targetOriginId"].(string); !signsRequests[target] {
			continue
		}
		if override := policies.of(b).override(); override != "" {
			report("%s is public and forwards %s to the bucket, so anybody could choose headers of S3's answer; write a CachePolicy and an OriginRequestPolicy that list the parameters they need, without these, or leave both out", of, override)
		}
	}
	return &wrong
}

// signedOrigins returns the ids of origins and origin groups from which CloudFront
// reads a bucket through an access identity or control. S3 lets only such requests
// choose headers of the answer.
func signedOrigins(settings map[string]any) map[string]bool {
	signed := map[string]bool{}
	origins, _ := settings["origins"].([]any)
	for _, origin := range origins {
		o, _ := origin.(map[string]any)
		bucket, isBucket := o["s3OriginConfig"].(map[string]any)
		identity := bucket["originAccessIdentity"]
		id, _ := o["id"].(string)
		signed[id] = isBucket && (identity != nil && identity != "" || o["originAccessControlId"] != nil)
	}
	groups, _ := settings["originGroups"].(map[string]any)
	items, _ := groups["items"].([]any)
	for _, group := range items {
		g, _ := group.(map[string]any)
		members, _ := g["members"].(map[string]any)
		list, _ := members["items"].([]any)
		id, _ := g["id"].(string)
		signed[id] = slices.ContainsFunc(list, func(member any) bool {
			m, _ := member.(map[string]any)
			of, _ := m["originId"].(string)
			return signed[of]
		})
	}
	return signed
}

// isSigned reports whether a behavior requires a signature.
func isSigned(behavior map[string]any) bool {
	groups, _ := behavior["trustedKeyGroups"].([]any)
	return len(groups) > 0
}

// cacheBehaviors returns the current behaviors of a distribution, except the default
// one.
func cacheBehaviors(of awscloudfront.Distribution) (behaviors []map[string]any) {
	listed, _ := distributionSettings(of)["cacheBehaviors"].([]any)
	for _, behavior := range listed {
		b, _ := behavior.(map[string]any)
		behaviors = append(behaviors, b)
	}
	return behaviors
}

// distributionSettings returns the current settings of a distribution.
func distributionSettings(of awscloudfront.Distribution) map[string]any {
	var distribution awscloudfront.CfnDistribution
	jsii.UnsafeCast(of.Node().DefaultChild(), &distribution)
	settings, _ := awscdk.Stack_Of(distribution).Resolve(distribution.DistributionConfig()).(map[string]any)
	return settings
}

// checkConfigured reports changes of ConfigureDistribution that would open the
// content or break its other settings.
func checkConfigured(props *awscloudfront.DistributionProps, p *PrivateContentProps, origin awscloudfront.IOrigin, trusted interfacesawscloudfront.IKeyGroupRef) config.Problems {
	var problems config.Problems
	wrong := func(field, found, fix string) {
		problems = append(problems, config.Problem{Path: "ConfigureDistribution: " + field, Found: found, Fix: fix})
	}
	switch b := props.DefaultBehavior; {
	case b == nil:
		wrong("DefaultBehavior", "none", "keep the existing behavior and change its fields")
	default:
		if b.Origin != origin {
			wrong("DefaultBehavior.Origin", "another origin than the content bucket", "leave it unchanged, and write a second origin into Behaviors")
		}
		if b.TrustedKeyGroups == nil || !slices.Contains(*b.TrustedKeyGroups, trusted) {
			wrong("DefaultBehavior.TrustedKeyGroups", "the content's key group is missing, so its signatures protect and open nothing", "append to the existing list, and write public paths into PublicPaths")
		}
		if b.ViewerProtocolPolicy == "" || b.ViewerProtocolPolicy == awscloudfront.ViewerProtocolPolicy_ALLOW_ALL {
			wrong("DefaultBehavior.ViewerProtocolPolicy", "HTTP allowed, which sends signatures unencrypted", "leave it unchanged: HTTPS only")
		}
	}
	if props.AdditionalBehaviors != nil && len(*props.AdditionalBehaviors) > 0 {
		wrong("AdditionalBehaviors", "behaviors that may not require a signature", "write them into Behaviors, in the order in which CloudFront compares them")
	}
	if p.Domain != nil && len(p.Domain.Names) > 0 && (props.DomainNames == nil || !containsAll(*props.DomainNames, p.Domain.Names)) {
		wrong("DomainNames", "names of Domain are missing", "append to the existing list: signed URLs start with the first name of Domain")
	}
	if p.Missing == config.MissingIsNotFound && (props.DefaultRootObject == nil || *props.DefaultRootObject == "") {
		wrong("DefaultRootObject", "none, with Missing 404", "leave it unchanged: without one, the answer to / would be a list of the objects in the bucket")
	}
	if p.AddressRestriction && (props.EnableIpv6 == nil || *props.EnableIpv6) {
		wrong("EnableIpv6", "true, with AddressRestriction", "leave one of the two unchanged: policies restrict IPv4 addresses only")
	}
	return problems
}

func containsAll(names []*string, wanted []string) bool {
	for _, want := range wanted {
		if !slices.ContainsFunc(names, func(name *string) bool { return name != nil && *name == want }) {
			return false
		}
	}
	return true
}
