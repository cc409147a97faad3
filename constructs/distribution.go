package constructs

import (
	"fmt"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awscertificatemanager"
	"github.com/aws/aws-cdk-go/awscdk/v2/awscloudfront"
	"github.com/aws/aws-cdk-go/awscdk/v2/interfaces/interfacesawscloudfront"
	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"

	"github.com/signedfront/signedfront/constructs/config"
)

// newDistribution makes the distribution. It serves public paths to everyone, and all
// other paths to viewers with a URL or cookies that a key of the group signed.
// Signatures are not part of the cache key and do not reach the origin, so an object
// is cached once for all its URLs. Caching is the cache policy of signed behaviors.
// Certificate is nil if the content has no domain.
func newDistribution(scope constructs.Construct, p *PrivateContentProps, origin awscloudfront.IOrigin, trusted interfacesawscloudfront.IKeyGroupRef, caching awscloudfront.ICachePolicy, certificate awscertificatemanager.ICertificate) (awscloudfront.Distribution, error) {
	headers := newResponseHeaders(scope, p)
	signed, public := behaviorOf(p, headers), behaviorOf(p, headers)
	signed.CachePolicy = caching
	signed.TrustedKeyGroups = &[]interfacesawscloudfront.IKeyGroupRef{trusted}

	props := &awscloudfront.DistributionProps{
		Comment:           jsii.String("Private content of " + p.Name),
		HttpVersion:       awscloudfront.HttpVersion_HTTP2_AND_3,
		EnableIpv6:        jsii.Bool(!p.AddressRestriction),
		DefaultRootObject: optional(p.DefaultRootObject),
		ErrorResponses:    errorResponses(p.ErrorPages),
		PriceClass:        priceClasses[p.PriceClass],
		GeoRestriction:    geoRestriction(p.GeoRestriction),
		DefaultBehavior: &awscloudfront.BehaviorOptions{
			Origin:                origin,
			TrustedKeyGroups:      &[]interfacesawscloudfront.IKeyGroupRef{trusted},
			ViewerProtocolPolicy:  signed.ViewerProtocolPolicy,
			AllowedMethods:        signed.AllowedMethods,
			Compress:              signed.Compress,
			CachePolicy:           signed.CachePolicy,
			OriginRequestPolicy:   signed.OriginRequestPolicy,
			ResponseHeadersPolicy: signed.ResponseHeadersPolicy,
		},
	}
	if p.Domain != nil {
		props.Certificate = certificate
		if len(p.Domain.Names) > 0 {
			props.DomainNames = jsii.Strings(p.Domain.Names...)
		}
		props.SslSupportMethod = awscloudfront.SSLMethod_SNI
		props.MinimumProtocolVersion = minimumTLS
	}
	if p.WebACL != nil {
		props.WebAclId = p.WebACL.WebAclRef().WebAclArn
	}
	if p.ConfigureDistribution != nil {
		p.ConfigureDistribution(props)
		if problems := checkConfigured(props, p, origin, trusted); len(problems) > 0 {
			return nil, fmt.Errorf("%s: %w", safeName(*scope.Node().Path()), problems)
		}
	}
	distribution := awscloudfront.NewDistribution(scope, jsii.String("Distribution"), props)
	if p.Domain != nil && len(p.Domain.Names) == 0 {
		awscdk.Annotations_Of(distribution).AcknowledgeWarning(jsii.String("@aws-cdk/aws-cloudfront:emptyDomainNames"), jsii.String("Names are moved to the distribution once it has the certificate."))
	}

	if len(publicPatterns(p)) > 0 || len(furtherPatterns(p, true)) > 0 {
		public.FunctionAssociations = newEscapeRefusal(scope, p)
	}
	addBehaviors(distribution, p, origin, signed, public)
	acknowledgeDistribution(distribution, p)
	return distribution, nil
}

// behaviorOf returns the options that signed and public behaviors share.
func behaviorOf(p *PrivateContentProps, headers awscloudfront.ResponseHeadersPolicy) *awscloudfront.AddBehaviorOptions {
	behavior := &awscloudfront.AddBehaviorOptions{
		ViewerProtocolPolicy:  awscloudfront.ViewerProtocolPolicy_HTTPS_ONLY,
		AllowedMethods:        awscloudfront.AllowedMethods_ALLOW_GET_HEAD(),
		Compress:              jsii.Bool(true),
		CachePolicy:           awscloudfront.CachePolicy_CACHING_OPTIMIZED(),
		ResponseHeadersPolicy: headers,
	}
	if p.CORS != nil {
		// S3 answers a preflight request by the bucket's CORS rules, so these
		// headers must reach it.
		behavior.AllowedMethods = awscloudfront.AllowedMethods_ALLOW_GET_HEAD_OPTIONS()
		behavior.OriginRequestPolicy = awscloudfront.OriginRequestPolicy_CORS_S3_ORIGIN()
	}
	return behavior
}

func errorResponses(pages []config.ErrorPage) *[]*awscloudfront.ErrorResponse {
	var responses []*awscloudfront.ErrorResponse
	for _, page := range pages {
		responses = append(responses, &awscloudfront.ErrorResponse{
			HttpStatus:         jsii.Number(page.ErrorCode),
			ResponseHttpStatus: jsii.Number(page.ResponseCode),
			ResponsePagePath:   jsii.String(page.ResponsePagePath),
			Ttl:                seconds(page.CachingMinTTL),
		})
	}
	return &responses
}

// priceClasses maps CloudFront's price classes to the CDK's. A distribution without
// one uses all edge locations.
var priceClasses = map[config.PriceClass]awscloudfront.PriceClass{
	config.PriceClass100: awscloudfront.PriceClass_PRICE_CLASS_100,
	config.PriceClass200: awscloudfront.PriceClass_PRICE_CLASS_200,
}

func geoRestriction(restriction *config.GeoRestriction) awscloudfront.GeoRestriction {
	switch {
	case restriction == nil:
		return nil
	case len(restriction.Allow) > 0:
		return awscloudfront.GeoRestriction_Allowlist(*jsii.Strings(restriction.Allow...)...)
	}
	return awscloudfront.GeoRestriction_Denylist(*jsii.Strings(restriction.Deny...)...)
}

// acknowledgeDistribution records why the distribution breaks rules of cdk-nag.
func acknowledgeDistribution(distribution awscloudfront.Distribution, p *PrivateContentProps) {
	if p.GeoRestriction == nil {
		acknowledge(distribution, "AwsSolutions-CFR1", "Who may see private content is told by signatures, wherever the viewer is; geoRestriction is there for those who want more.")
	}
	if p.WebACL == nil {
		acknowledge(distribution, "AwsSolutions-CFR2", "Nothing but objects is served, to requests that carry no body and reach no application; webAcl is there for those who want more.")
	}
	if p.AccessLogs == nil {
		acknowledge(distribution, "AwsSolutions-CFR3", "A log of requests is an option, accessLogs: it costs per request, and records who viewed what.")
	} else {
		acknowledge(distribution, "AwsSolutions-CFR3", "Requests are logged by standard logging v2, which this rule does not see. The older logging, which it wants, records query strings: signatures, that is.")
	}
	if !p.OriginAccess.UsesControl() && (p.Bucket == nil || *awscdk.Resource_IsOwnedResource(p.Bucket)) { // the rule looks at buckets of the app
		acknowledge(distribution, "AwsSolutions-CFR7", "CloudFront reads the bucket as an origin access identity, which the bucket's policy lets in alone; other scanners want just that. With originAccess oac, an access control takes its place.")
	}
	if p.Domain == nil {
		acknowledge(distribution, "AwsSolutions-CFR4", "The certificate of cloudfront.net fixes the security policy; with a domain of one's own it is TLSv1.2_2021.")
	}
}
