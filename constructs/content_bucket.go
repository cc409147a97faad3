package constructs

import (
	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awss3"
	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"
)

// newContentBucket makes the bucket that holds the content: no public access,
// no access lists, no plain HTTP. It is kept, with its objects, when its stack
// is deleted or would replace it, unless it is ephemeral; what a failed first
// deployment made goes in either case.
func newContentBucket(scope constructs.Construct, ephemeral bool) awss3.Bucket {
	removal := awscdk.RemovalPolicy_RETAIN_ON_UPDATE_OR_DELETE
	if ephemeral {
		removal = awscdk.RemovalPolicy_DESTROY
	}
	return awss3.NewBucket(scope, jsii.String("Bucket"), &awss3.BucketProps{
		BlockPublicAccess: awss3.BlockPublicAccess_BLOCK_ALL(),
		ObjectOwnership:   awss3.ObjectOwnership_BUCKET_OWNER_ENFORCED,
		EnforceSSL:        jsii.Bool(true),
		// An origin access identity cannot read what AWS KMS encrypted.
		Encryption: awss3.BucketEncryption_S3_MANAGED,
		Versioned:  jsii.Bool(true),
		LifecycleRules: &[]*awss3.LifecycleRule{{
			Id:                                  jsii.String("AbortIncompleteMultipartUploads"),
			AbortIncompleteMultipartUploadAfter: awscdk.Duration_Days(jsii.Number(7)),
		}},
		RemovalPolicy: removal,
	})
}
