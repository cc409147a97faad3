package constructs

import (
	"maps"
	"slices"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awscloudfront"
	"github.com/aws/aws-cdk-go/awscdk/v2/awss3"
	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"

	"github.com/signedfront/signedfront/constructs/config"
)

// newResponseHeaders makes the policy of the headers that CloudFront adds to its
// answers. The defaults do not stop browsers from showing pictures, PDFs and video:
// X-Frame-Options and Content-Security-Policy would stop PDFs in a frame. A signed URL
// is a credential: no-referrer hides it from sites to which a page of the content
// links.
func newResponseHeaders(scope constructs.Construct, p *PrivateContentProps) awscloudfront.ResponseHeadersPolicy {
	return awscloudfront.NewResponseHeadersPolicy(scope, jsii.String("ResponseHeaders"), &awscloudfront.ResponseHeadersPolicyProps{
		ResponseHeadersPolicyName: saltedName(scope, p.Name+"-headers"),
		Comment:                   jsii.String("Security headers of " + p.Name),
		SecurityHeadersBehavior:   securityHeaders(p.ResponseHeaders),
		CorsBehavior:              corsHeaders(p.CORS),
		CustomHeadersBehavior:     customHeaders(p.ResponseHeaders.Custom),
	})
}

func securityHeaders(headers config.ResponseHeaders) *awscloudfront.ResponseSecurityHeadersBehavior {
	behavior := &awscloudfront.ResponseSecurityHeadersBehavior{
		StrictTransportSecurity: &awscloudfront.ResponseHeadersStrictTransportSecurity{
			AccessControlMaxAge: seconds(headers.StrictTransportSecurity),
			Override:            jsii.Bool(true),
		},
		ContentTypeOptions: &awscloudfront.ResponseHeadersContentTypeOptions{Override: jsii.Bool(true)},
		ReferrerPolicy: &awscloudfront.ResponseHeadersReferrerPolicy{
			ReferrerPolicy: referrerPolicies[headers.ReferrerPolicy],
			Override:       jsii.Bool(true),
		},
	}
	if headers.IncludeSubdomains {
		behavior.StrictTransportSecurity.IncludeSubdomains = jsii.Bool(true)
	}
	if headers.ContentSecurityPolicy != "" {
		behavior.ContentSecurityPolicy = &awscloudfront.ResponseHeadersContentSecurityPolicy{
			ContentSecurityPolicy: jsii.String(headers.ContentSecurityPolicy),
			Override:              jsii.Bool(true),
		}
	}
	if headers.FrameOptions != "" {
		behavior.FrameOptions = &awscloudfront.ResponseHeadersFrameOptions{
			FrameOption: frameOptions[headers.FrameOptions],
			Override:    jsii.Bool(true),
		}
	}
	return behavior
}

func customHeaders(headers map[string]string) *awscloudfront.ResponseCustomHeadersBehavior {
	if len(headers) == 0 {
		return nil
	}
	var list []*awscloudfront.ResponseCustomHeader
	for _, name := range slices.Sorted(maps.Keys(headers)) {
		list = append(list, &awscloudfront.ResponseCustomHeader{
			Header:   jsii.String(name),
			Value:    jsii.String(headers[name]),
			Override: jsii.Bool(true),
		})
	}
	return &awscloudfront.ResponseCustomHeadersBehavior{CustomHeaders: &list}
}

var referrerPolicies = map[config.ReferrerPolicy]awscloudfront.HeadersReferrerPolicy{
	config.ReferrerPolicyNoReferrer:                  awscloudfront.HeadersReferrerPolicy_NO_REFERRER,
	config.ReferrerPolicySameOrigin:                  awscloudfront.HeadersReferrerPolicy_SAME_ORIGIN,
	config.ReferrerPolicyOrigin:                      awscloudfront.HeadersReferrerPolicy_ORIGIN,
	config.ReferrerPolicyStrictOrigin:                awscloudfront.HeadersReferrerPolicy_STRICT_ORIGIN,
	config.ReferrerPolicyOriginWhenCrossOrigin:       awscloudfront.HeadersReferrerPolicy_ORIGIN_WHEN_CROSS_ORIGIN,
	config.ReferrerPolicyStrictOriginWhenCrossOrigin: awscloudfront.HeadersReferrerPolicy_STRICT_ORIGIN_WHEN_CROSS_ORIGIN,
}

var frameOptions = map[config.FrameOptions]awscloudfront.HeadersFrameOption{
	config.FrameOptionsDeny:       awscloudfront.HeadersFrameOption_DENY,
	config.FrameOptionsSameOrigin: awscloudfront.HeadersFrameOption_SAMEORIGIN,
}

// corsHeaders returns the CORS headers. The origin of a request is not part of the
// cache key, so S3's headers for the first request would be cached for all others.
// CloudFront's own headers, made for each request, replace them.
// https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/understanding-response-headers-policies.html
func corsHeaders(cors *config.CORS) *awscloudfront.ResponseHeadersCorsBehavior {
	if cors == nil {
		return nil
	}
	return &awscloudfront.ResponseHeadersCorsBehavior{
		AccessControlAllowCredentials: jsii.Bool(cors.Credentials),
		AccessControlAllowHeaders:     jsii.Strings(cors.AllowHeaders...),
		AccessControlAllowMethods:     jsii.Strings("GET", "HEAD", "OPTIONS"),
		AccessControlAllowOrigins:     jsii.Strings(cors.Origins...),
		AccessControlExposeHeaders:    jsii.Strings(cors.ExposeHeaders...),
		AccessControlMaxAge:           seconds(cors.MaxAge),
		OriginOverride:                jsii.Bool(true),
	}
}

// bucketCORS returns the CORS rules of the bucket. S3 refuses a preflight request that
// matches no rule. OPTIONS cannot be a method of a rule. For readers, CloudFront adds
// all other CORS headers. Uploads go directly to S3, which adds them itself.
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/ManageCorsUsing.html
func bucketCORS(p *PrivateContentProps) *[]*awss3.CorsRule {
	var rules []*awss3.CorsRule
	if p.CORS != nil {
		rules = append(rules, &awss3.CorsRule{
			AllowedOrigins: jsii.Strings(p.CORS.Origins...),
			AllowedMethods: &[]awss3.HttpMethods{awss3.HttpMethods_GET, awss3.HttpMethods_HEAD},
			AllowedHeaders: jsii.Strings(p.CORS.AllowHeaders...),
		})
	}
	if len(p.UploadOrigins) > 0 {
		rules = append(rules, &awss3.CorsRule{
			AllowedOrigins: jsii.Strings(p.UploadOrigins...),
			AllowedMethods: &[]awss3.HttpMethods{awss3.HttpMethods_PUT, awss3.HttpMethods_POST},
			AllowedHeaders: jsii.Strings(config.UploadHeaders()...),
			ExposedHeaders: jsii.Strings(config.UploadExposedHeaders()...),
			MaxAge:         jsii.Number(config.UploadMaxAge.Seconds()),
		})
	}
	if rules == nil {
		return nil
	}
	return &rules
}

// requiredBucketCORS returns the rules of bucketCORS for the owner of an imported
// bucket, as JSON for the editor of the S3 console.
func requiredBucketCORS(scope constructs.Construct, rules []*awss3.CorsRule) *string {
	var written []any
	for _, rule := range rules {
		of := map[string]any{
			"AllowedOrigins": rule.AllowedOrigins,
			"AllowedMethods": rule.AllowedMethods,
			"AllowedHeaders": rule.AllowedHeaders,
		}
		if rule.ExposedHeaders != nil {
			of["ExposeHeaders"], of["MaxAgeSeconds"] = rule.ExposedHeaders, rule.MaxAge
		}
		written = append(written, of)
	}
	return awscdk.Stack_Of(scope).ToJsonString(written, nil)
}
