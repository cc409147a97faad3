package constructs

import (
	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awscloudfront"
	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"
)

// newSignedCaching returns the cache policy of signed behaviors. With Downloads it is
// CachingOptimized with the parameters that reach the bucket in the cache key, so no
// viewer gets a name that another viewer asked for. Public paths must not use it:
// anybody could then choose how the content's host serves an object.
// https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/using-managed-cache-policies.html#managed-cache-caching-optimized
func newSignedCaching(scope constructs.Construct, p *PrivateContentProps) awscloudfront.ICachePolicy {
	if p.Downloads == nil {
		return awscloudfront.CachePolicy_CACHING_OPTIMIZED()
	}
	return awscloudfront.NewCachePolicy(scope, jsii.String("Downloads"), &awscloudfront.CachePolicyProps{
		CachePolicyName:            saltedName(scope, p.Name+"-downloads"),
		Comment:                    jsii.String("CachingOptimized, and how a browser saves what " + p.Name + " signed"),
		MinTtl:                     awscdk.Duration_Seconds(jsii.Number(1)),
		DefaultTtl:                 awscdk.Duration_Days(jsii.Number(1)),
		MaxTtl:                     awscdk.Duration_Days(jsii.Number(365)),
		EnableAcceptEncodingGzip:   jsii.Bool(true),
		EnableAcceptEncodingBrotli: jsii.Bool(true),
		QueryStringBehavior:        awscloudfront.CacheQueryStringBehavior_AllowList(*jsii.Strings(p.Downloads.Parameters()...)...),
	})
}
