package constructs

import (
	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awscloudfront"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/aws-cdk-go/awscdk/v2/awskms"
	"github.com/aws/aws-cdk-go/awscdk/v2/awss3"
	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"

	"github.com/signedfront/signedfront/constructs/config"
)

// contentBucket holds the content: a bucket of the stack's own, or one that
// existed before it and stays its owner's.
type contentBucket struct {
	bucket   awss3.IBucket
	own      awss3.Bucket // nil where it existed before
	existing bool

	// key is what objects are or were encrypted with, nil where that is S3's
	// matter or the owner's. Uploads use it where it is the bucket's default.
	key     awskms.Key
	usesKey bool
}

// newContentBucket makes the bucket that holds the content: no public access,
// no access lists, no plain HTTP. It is kept, with its objects, when its stack
// is deleted or would replace it, unless it is ephemeral; what a failed first
// deployment made goes in either case.
func newContentBucket(scope constructs.Construct, p *PrivateContentProps) *contentBucket {
	if p.Bucket != "" {
		return existingBucket(scope, p.Bucket)
	}
	content := &contentBucket{usesKey: p.Encryption == config.EncryptionKMS}
	props := &awss3.BucketProps{
		BlockPublicAccess: awss3.BlockPublicAccess_BLOCK_ALL(),
		ObjectOwnership:   awss3.ObjectOwnership_BUCKET_OWNER_ENFORCED,
		EnforceSSL:        jsii.Bool(true),
		Encryption:        awss3.BucketEncryption_S3_MANAGED,
		Versioned:         jsii.Bool(true),
		LifecycleRules: &[]*awss3.LifecycleRule{{
			Id:                                  jsii.String("AbortIncompleteMultipartUploads"),
			AbortIncompleteMultipartUploadAfter: awscdk.Duration_Days(jsii.Number(7)),
		}},
		Cors:          bucketCORS(p.CORS),
		RemovalPolicy: removalOf(p),
	}
	if p.Encryption.HasKey() {
		content.key = newContentKey(scope, p)
	}
	if content.usesKey {
		props.Encryption = awss3.BucketEncryption_KMS
		props.EncryptionKey = content.key
		// Without it, each object that an edge fetches is a paid request to
		// KMS, on a shared quota.
		props.BucketKeyEnabled = jsii.Bool(true)
	}
	content.own = awss3.NewBucket(scope, jsii.String("Bucket"), props)
	content.bucket = content.own
	acknowledge(content.bucket, "AwsSolutions-S1", "The objects are read through CloudFront, whose own logs are an option, accessLogs. S3's would name CloudFront as the reader of each.")
	return content
}

func removalOf(p *PrivateContentProps) awscdk.RemovalPolicy {
	if p.Ephemeral {
		return awscdk.RemovalPolicy_DESTROY
	}
	return awscdk.RemovalPolicy_RETAIN_ON_UPDATE_OR_DELETE
}

// newContentKey makes the key that encrypts the objects. CloudFront may decrypt
// with it. For which distribution, the key cannot say: it is made before the
// bucket, and that before the distribution. So its statement stands for all
// distributions of the account, of which the bucket's policy lets in one.
//
// The key outlives its use, since without it what it encrypted is lost: both
// are there for as long as anything is encrypted with it, under the same ids.
// https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/private-content-restricting-access-to-s3.html
func newContentKey(scope constructs.Construct, p *PrivateContentProps) awskms.Key {
	key := awskms.NewKey(scope, jsii.String("EncryptionKey"), &awskms.KeyProps{
		Description:       jsii.String("Encrypts the content of " + p.Name),
		EnableKeyRotation: jsii.Bool(true),
		RemovalPolicy:     removalOf(p),
	})
	key.AddToResourcePolicy(awsiam.NewPolicyStatement(&awsiam.PolicyStatementProps{
		Principals: &[]awsiam.IPrincipal{cloudFront()},
		Actions:    jsii.Strings("kms:Decrypt"),
		Resources:  jsii.Strings("*"),
		Conditions: &map[string]any{
			"ArnLike": map[string]any{"AWS:SourceArn": distributionARN(scope, "*")},
		},
	}), nil)
	return key
}

// existingBucket refers to a bucket in the Region of the stack, whose policy
// the stack does not touch. What its owner has to write there is
// requiredPolicy.
func existingBucket(scope constructs.Construct, name string) *contentBucket {
	return &contentBucket{existing: true, bucket: awss3.Bucket_FromBucketAttributes(scope, jsii.String("Bucket"), &awss3.BucketAttributes{
		BucketName: jsii.String(name),
		Region:     awscdk.Stack_Of(scope).Region(),
	})}
}

// letRead lets those read the bucket who read it for CloudFront. The policy of
// an existing bucket stays as it is.
func (b *contentBucket) letRead(access *originAccess, distribution awscloudfront.Distribution) {
	if b.existing {
		return
	}
	for _, statement := range access.statements(b.bucket, distribution) {
		b.bucket.AddToResourcePolicy(statement)
	}
}

// requiredPolicy is the policy that an existing bucket must have, as JSON: what
// a bucket of our own gets. It may hold more.
func (b *contentBucket) requiredPolicy(access *originAccess, distribution awscloudfront.Distribution) *string {
	plainHTTP := awsiam.NewPolicyStatement(&awsiam.PolicyStatementProps{
		Effect:     awsiam.Effect_DENY,
		Principals: &[]awsiam.IPrincipal{awsiam.NewAnyPrincipal()},
		Actions:    jsii.Strings("s3:*"),
		Resources:  &[]*string{b.bucket.BucketArn(), b.bucket.ArnForObjects(jsii.String("*"))},
		Conditions: &map[string]any{"Bool": map[string]any{"aws:SecureTransport": "false"}},
	})
	statements := append([]awsiam.PolicyStatement{plainHTTP}, access.statements(b.bucket, distribution)...)
	document := awsiam.NewPolicyDocument(&awsiam.PolicyDocumentProps{Statements: &statements})
	return awscdk.Stack_Of(distribution).ToJsonString(document, nil)
}

// grantUpload gives what an upload takes, whole or in parts. To overwrite is to
// upload; to read, to delete and to change access lists is not.
func (b *contentBucket) grantUpload(grantee awsiam.IGrantable) awsiam.Grant {
	grant := awsiam.Grant_AddToPrincipalOrResource(&awsiam.GrantWithResourceOptions{
		Grantee:      grantee,
		Actions:      jsii.Strings("s3:PutObject", "s3:AbortMultipartUpload"),
		ResourceArns: &[]*string{b.bucket.ArnForObjects(jsii.String("*"))},
		Resource:     b.bucket,
	})
	if !b.usesKey {
		return grant
	}
	// An upload in parts is put together by S3 with the data key that it began
	// with, which takes kms:Decrypt:
	// https://docs.aws.amazon.com/AmazonS3/latest/userguide/mpuoverview.html
	return grant.Combine(b.key.Grant(grantee, jsii.String("kms:GenerateDataKey"), jsii.String("kms:Decrypt")))
}
