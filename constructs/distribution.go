package constructs

import (
	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awscloudfront"
	"github.com/aws/aws-cdk-go/awscdk/v2/interfaces/interfacesawscloudfront"
	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"
)

// newDistribution serves the origin to whoever has a URL or cookies that a key
// of the group signed. Signatures are no part of the cache key, nor do they
// reach the origin, so that one object is cached once for all its URLs.
func newDistribution(scope constructs.Construct, p *PrivateContentProps, origin awscloudfront.IOrigin, trusted interfacesawscloudfront.IKeyGroupRef) awscloudfront.Distribution {
	return awscloudfront.NewDistribution(scope, jsii.String("Distribution"), &awscloudfront.DistributionProps{
		Comment:     jsii.String("Private content of " + p.Name),
		HttpVersion: awscloudfront.HttpVersion_HTTP2_AND_3,
		DefaultBehavior: &awscloudfront.BehaviorOptions{
			Origin:                origin,
			TrustedKeyGroups:      &[]interfacesawscloudfront.IKeyGroupRef{trusted},
			ViewerProtocolPolicy:  awscloudfront.ViewerProtocolPolicy_HTTPS_ONLY,
			AllowedMethods:        awscloudfront.AllowedMethods_ALLOW_GET_HEAD(),
			Compress:              jsii.Bool(true),
			CachePolicy:           awscloudfront.CachePolicy_CACHING_OPTIMIZED(),
			ResponseHeadersPolicy: newResponseHeaders(scope, p.Name),
		},
	})
}

// newResponseHeaders are security headers that leave pictures, PDFs and video
// alone: X-Frame-Options and Content-Security-Policy would keep browsers from
// showing PDFs in a frame. A signed URL is a credential, so no-referrer keeps
// it from the sites that a page of the content links to.
func newResponseHeaders(scope constructs.Construct, name string) awscloudfront.ResponseHeadersPolicy {
	return awscloudfront.NewResponseHeadersPolicy(scope, jsii.String("ResponseHeaders"), &awscloudfront.ResponseHeadersPolicyProps{
		ResponseHeadersPolicyName: saltedName(scope, name+"-headers"),
		Comment:                   jsii.String("Security headers of " + name),
		SecurityHeadersBehavior: &awscloudfront.ResponseSecurityHeadersBehavior{
			StrictTransportSecurity: &awscloudfront.ResponseHeadersStrictTransportSecurity{
				AccessControlMaxAge: awscdk.Duration_Days(jsii.Number(365)),
				Override:            jsii.Bool(true),
			},
			ContentTypeOptions: &awscloudfront.ResponseHeadersContentTypeOptions{Override: jsii.Bool(true)},
			ReferrerPolicy: &awscloudfront.ResponseHeadersReferrerPolicy{
				ReferrerPolicy: awscloudfront.HeadersReferrerPolicy_NO_REFERRER,
				Override:       jsii.Bool(true),
			},
		},
	})
}
