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

// newResponseHeaders are headers that CloudFront adds to what it serves. By
// default, they leave pictures, PDFs and video alone: X-Frame-Options and
// Content-Security-Policy would keep browsers from showing PDFs in a frame. A
// signed URL is a credential, so no-referrer keeps it from the sites that a
// page of the content links to.
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

// corsHeaders are the headers of CORS. The origin of a request is no part of
// the cache key, so what S3 said to the first one that asked is cached for all:
// CloudFront's own headers, made for each request, take its place.
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

// bucketCORS is what the bucket must answer to a preflight request: S3 refuses
// one that no rule of the bucket fits, and with it the request that was to
// follow. OPTIONS is no method of a rule. To whoever reads through CloudFront,
// everything else that S3 would say comes from there. An upload goes to S3 itself.
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

// requiredBucketCORS is the rules of bucketCORS for the owner of an imported
// bucket, in the JSON that the editor of the S3 console takes.
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
