package constructs

import (
	"time"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awscloudfront"
	"github.com/aws/aws-cdk-go/awscdk/v2/awss3"
	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"

	"github.com/signedfront/signedfront/constructs/contract"
	"github.com/signedfront/signedfront/constructs/functions"
)

// emptyWithStack empties the bucket when the stack is deleted. CloudFormation
// deletes resources in the reverse of the order in which it makes them, and this
// one comes between the bucket and what reads it. So the distribution and the
// bucket's policy are gone when the bucket is emptied, and the bucket goes next:
// no policy of the stack's takes the place of the one that the emptier puts, and
// no distribution reads a bucket whose name could be somebody else's.
//
// The key pairs come before it, and so does a resource that only asks the
// function whether it runs: a function that cannot run is found out in two
// minutes.
func emptyWithStack(scope constructs.Construct, bucket awss3.Bucket, distribution awscloudfront.Distribution, keys *signingKeys, builder *functionBuilder) error {
	awscdk.Tags_Of(bucket).Add(jsii.String(contract.EphemeralTag), jsii.String(contract.EphemeralValue), nil)

	emptier, err := newProviderFunction(scope, "BucketEmptier", builder, &providerFunctionProps{
		description: "Empties the content bucket when its stack is deleted",
		source:      functions.BucketEmptier,
		timeout:     15 * time.Minute,
		statements: []statement{{
			actions:   []string{"s3:GetBucketTagging", "s3:PutBucketPolicy", "s3:ListBucketVersions", "s3:ListBucketMultipartUploads"},
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
	runs := emptier.newCustomResource(emptier.construct, "Runs", contract.FunctionRuns, runsTimeout, map[string]any{contract.Check: contract.CheckTrue})
	// A minute more than the function has, for the way there and back.
	emptying := emptier.newCustomResource(emptier.construct, "EmptyBucket", contract.EmptyBucket, 16*time.Minute, map[string]any{
		contract.BucketName: bucket.BucketName(),
		contract.RoleARN:    emptier.role.RoleArn(),
	})
	emptying.Node().AddDependency(runs)
	for _, pair := range keys.pairs {
		emptying.Node().AddDependency(pair)
	}
	distribution.Node().AddDependency(emptying)
	bucket.Policy().Node().AddDependency(emptying)
	return nil
}
