package constructs

import (
	"time"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awss3"
	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"
)

// ephemeralTag marks a bucket whose objects go with its stack. The function
// looks for it before it deletes anything, and asks CloudFormation whether the
// stack is going at all: a Delete also comes in an update that has renamed the
// custom resource, with the tag in place. What the tag is for then is said in
// constructs/bucketemptier.
const ephemeralTag = "signedfront:ephemeral"

// emptyWithStack empties the bucket when the stack is deleted. CloudFormation
// deletes the custom resource, and with it the objects, before the bucket,
// because the custom resource refers to the bucket.
func emptyWithStack(scope constructs.Construct, bucket awss3.IBucket, builder *functionBuilder) error {
	awscdk.Tags_Of(bucket).Add(jsii.String(ephemeralTag), jsii.String("true"), nil)

	emptier, err := newProviderFunction(scope, "BucketEmptier", builder, &providerFunctionProps{
		description: "Empties the content bucket when its stack is deleted",
		source:      bucketEmptierSource,
		timeout:     15 * time.Minute,
		statements: []statement{{
			actions:   []string{"s3:GetBucketTagging", "s3:ListBucketVersions", "s3:ListBucketMultipartUploads"},
			resources: []*string{bucket.BucketArn()},
		}, {
			actions:   []string{"s3:DeleteObject", "s3:DeleteObjectVersion", "s3:AbortMultipartUpload"},
			resources: []*string{bucket.ArnForObjects(jsii.String("*"))},
		}},
	})
	if err != nil {
		return err
	}
	acknowledge(emptier.role, "AwsSolutions-IAM5", "What it deletes is all objects of one bucket, by keys that nobody knows beforehand.",
		onResource(scope, bucket.ArnForObjects(jsii.String("*"))))
	// A minute more than the function has, for the way there and back.
	emptier.newCustomResource(emptier.construct, "EmptyBucket", "Custom::EmptyBucket", 16*time.Minute, map[string]any{
		"BucketName": bucket.BucketName(),
	})
	return nil
}
