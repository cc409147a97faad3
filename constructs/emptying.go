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

// emptyWithStack empties the bucket when the stack is deleted. CloudFormation deletes
// resources in the reverse order of their creation, and the custom resource is made
// after the bucket and before the distribution and the bucket policy. At deletion,
// these two go first, then the bucket is emptied, then it is deleted. So no policy of
// the stack overwrites the policy that the emptier writes, and no distribution reads
// a bucket name that somebody else could take.
//
// The key pairs are made before it. So is a resource that only checks that the
// function runs: a function that cannot run fails the deployment within two minutes.
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
	// A minute more than the function's timeout, for the call and the answer.
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
