package constructs

import (
	"github.com/aws/aws-cdk-go/awscdk/v2/awscloudfront"
	"github.com/aws/aws-cdk-go/awscdk/v2/awscloudfrontorigins"
	"github.com/aws/aws-cdk-go/awscdk/v2/awss3"
	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"
)

// newOriginIdentity makes the origin access identity as which CloudFront reads
// the bucket.
func newOriginIdentity(scope constructs.Construct, name string) awscloudfront.OriginAccessIdentity {
	return awscloudfront.NewOriginAccessIdentity(scope, jsii.String("OriginAccessIdentity"), &awscloudfront.OriginAccessIdentityProps{
		Comment: jsii.String("Reads the content of " + name),
	})
}

// originOf makes the bucket an origin and gives the identity s3:GetObject on
// its objects, and nothing more: without s3:ListBucket, what is missing
// answers as what is forbidden.
func originOf(bucket awss3.Bucket, identity awscloudfront.OriginAccessIdentity) awscloudfront.IOrigin {
	return awscloudfrontorigins.S3BucketOrigin_WithOriginAccessIdentity(bucket, &awscloudfrontorigins.S3BucketOriginWithOAIProps{
		OriginId:             jsii.String("content"),
		OriginAccessIdentity: identity,
	})
}
