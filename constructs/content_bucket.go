package constructs

import (
	"strings"
	"time"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awscloudfront"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/aws-cdk-go/awscdk/v2/awskms"
	"github.com/aws/aws-cdk-go/awscdk/v2/awss3"
	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"

	"github.com/signedfront/signedfront/constructs/config"
)

// contentBucket is the bucket with the content: a new one, or an existing one.
type contentBucket struct {
	bucket awss3.IBucket
	made   awss3.Bucket // nil for an existing bucket
	folder string       // the folder that is served, such as /folder; empty: the whole bucket

	// key is the KMS key of new or old objects. It is nil if S3 manages the keys or
	// the key is not known. If usesKey, new objects are encrypted with it.
	key     awskms.IKey
	usesKey bool

	// Policies that the owner of the bucket or the key must write. They are nil if
	// the app has written them.
	requiredPolicy, requiredKeyPolicy, requiredCORS *string
}

// newContentBucket makes the bucket with the content: no public access, no access
// lists, no plain HTTP. Unless the content is ephemeral, the bucket and its objects
// are kept when its stack is deleted or would replace it. A failed first deployment
// deletes what it made in either case.
func newContentBucket(scope constructs.Construct, p *PrivateContentProps) *contentBucket {
	if p.Bucket != nil {
		key := p.Bucket.EncryptionKey()
		return &contentBucket{bucket: p.Bucket, folder: p.BucketPath, key: key, usesKey: key != nil}
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
		Cors:          bucketCORS(p),
		RemovalPolicy: removalOf(p),
	}
	if p.Versions != nil {
		*props.LifecycleRules = append(*props.LifecycleRules, &awss3.LifecycleRule{
			Id:                          jsii.String("ExpireNoncurrentVersions"),
			NoncurrentVersionExpiration: p.Versions.Keep,
			// A delete marker without versions has no use, and slows down listings.
			ExpiredObjectDeleteMarker: jsii.Bool(true),
		})
	}
	if p.Encryption.HasKey() {
		if content.key = p.EncryptionKey; content.key == nil {
			content.key = newContentKey(scope, p)
		}
	}
	if content.usesKey {
		props.Encryption = awss3.BucketEncryption_KMS
		props.EncryptionKey = content.key
		// Without it, each object that an edge fetches is a paid KMS request, which
		// also counts against a shared quota.
		props.BucketKeyEnabled = jsii.Bool(true)
	}
	content.made = awss3.NewBucket(scope, jsii.String("Bucket"), props)
	content.bucket = content.made
	acknowledge(content.bucket, "AwsSolutions-S1", "The objects are read through CloudFront, whose own logs are an option, accessLogs. S3's would name CloudFront as the reader of each.")
	return content
}

// objects returns the ARN of all objects of the bucket, or of its folder.
func (b *contentBucket) objects() *string {
	return jsii.String(*b.bucket.BucketArn() + b.folder + "/*")
}

// keep returns Keep, or zero if it is missing. For a token, which checkVersions
// reports, it returns a day.
func (v *Versions) keep() time.Duration {
	switch {
	case v.Keep == nil:
		return 0
	case *v.Keep.IsUnresolved():
		return 24 * time.Hour
	}
	in := *v.Keep.ToSeconds(&awscdk.TimeConversionOptions{Integral: jsii.Bool(false)})
	return time.Duration(min(in, (100*365*24*time.Hour).Seconds()) * float64(time.Second))
}

func removalOf(p *PrivateContentProps) awscdk.RemovalPolicy {
	if p.Ephemeral {
		return awscdk.RemovalPolicy_DESTROY
	}
	return awscdk.RemovalPolicy_RETAIN_ON_UPDATE_OR_DELETE
}

// newContentKey makes the key that encrypts the objects. It has the same id in all
// steps of Encryption, so it is kept while objects are encrypted with it: without the
// key they would be lost.
func newContentKey(scope constructs.Construct, p *PrivateContentProps) awskms.IKey {
	return awskms.NewKey(scope, jsii.String("EncryptionKey"), &awskms.KeyProps{
		Description:       jsii.String("Encrypts the content of " + p.Name),
		EnableKeyRotation: jsii.Bool(true),
		RemovalPolicy:     removalOf(p),
	})
}

// letRead lets CloudFront read the bucket and decrypt its objects. Only letRead
// changes an existing bucket or key, after all props have been checked. It cannot
// change the policy of an imported bucket, which must contain at least the statements
// of a new bucket's policy.
func (b *contentBucket) letRead(access *originAccess, p *PrivateContentProps, distribution awscloudfront.Distribution) {
	if b.key != nil {
		b.letDecrypt(distribution)
	}
	if b.made == nil {
		b.answerPreflights(distribution, p)
	}
	statements := access.statements(b, distribution, p)
	for _, statement := range statements {
		if *b.bucket.AddToResourcePolicy(statement).StatementAdded {
			continue
		}
		plainHTTP := awsiam.NewPolicyStatement(&awsiam.PolicyStatementProps{
			Effect:     awsiam.Effect_DENY,
			Principals: &[]awsiam.IPrincipal{awsiam.NewAnyPrincipal()},
			Actions:    jsii.Strings("s3:*"),
			Resources:  &[]*string{b.bucket.BucketArn(), b.bucket.ArnForObjects(jsii.String("*"))},
			Conditions: &map[string]any{"Bool": map[string]any{"aws:SecureTransport": "false"}},
		})
		b.requiredPolicy = policyText(distribution, append([]awsiam.PolicyStatement{plainHTTP}, statements...)...)
		return
	}
}

// letDecrypt lets CloudFront decrypt with the key. The statement is for all
// distributions of the account: it cannot name one, because the key is made before
// the bucket and the bucket before the distribution. The bucket policy admits only
// this distribution.
// https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/private-content-restricting-access-to-s3.html
func (b *contentBucket) letDecrypt(scope constructs.Construct) {
	statement := awsiam.NewPolicyStatement(&awsiam.PolicyStatementProps{
		Principals: &[]awsiam.IPrincipal{cloudFront()},
		Actions:    jsii.Strings("kms:Decrypt"),
		Resources:  jsii.Strings("*"),
		Conditions: &map[string]any{
			"ArnLike": map[string]any{"AWS:SourceArn": distributionARN(scope, "*")},
		},
	})
	if !*b.key.AddToResourcePolicy(statement, jsii.Bool(true)).StatementAdded {
		b.requiredKeyPolicy = policyText(scope, statement)
	}
}

// answerPreflights adds the CORS rules to an existing bucket of the app. For an
// imported bucket it sets requiredCORS.
func (b *contentBucket) answerPreflights(scope constructs.Construct, p *PrivateContentProps) {
	rules := bucketCORS(p)
	if rules == nil {
		return
	}
	ofApp, is := b.bucket.(awss3.Bucket)
	if !is {
		b.requiredCORS = requiredBucketCORS(scope, *rules)
		return
	}
	for _, rule := range *rules {
		ofApp.AddCorsRule(rule)
	}
}

// policyText returns a policy as JSON with tokens.
func policyText(scope constructs.Construct, statements ...awsiam.PolicyStatement) *string {
	document := awsiam.NewPolicyDocument(&awsiam.PolicyDocumentProps{Statements: &statements})
	return awscdk.Stack_Of(scope).ToJsonString(document, nil)
}

// grantUpload lets a grantee upload objects, also in parts, list and read them, in
// the folder that is served. "aws s3 sync" needs these in both directions. The
// grantee may overwrite objects, but not delete them or change access lists.
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/mpuoverview.html#mpuAndPermissions
func (b *contentBucket) grantUpload(grantee awsiam.IGrantable) awsiam.Grant {
	var listed *map[string]*map[string]any // nil: the whole bucket
	if b.folder != "" {
		listed = &map[string]*map[string]any{"StringLike": {"s3:prefix": strings.TrimPrefix(b.folder, "/") + "/*"}}
	}
	grant := awsiam.Grant_AddToPrincipalOrResource(&awsiam.GrantWithResourceOptions{
		Grantee:      grantee,
		Actions:      jsii.Strings("s3:PutObject", "s3:GetObject", "s3:AbortMultipartUpload", "s3:ListMultipartUploadParts"),
		ResourceArns: &[]*string{b.objects()},
		Resource:     b.bucket,
	}).Combine(awsiam.Grant_AddToPrincipalOrResource(&awsiam.GrantWithResourceOptions{
		Grantee:      grantee,
		Actions:      jsii.Strings("s3:ListBucket", "s3:ListBucketMultipartUploads"),
		ResourceArns: &[]*string{b.bucket.BucketArn()},
		Resource:     b.bucket,
		Conditions:   listed,
	}))
	if b.key == nil {
		return grant
	}
	// Reading needs kms:Decrypt, also for old objects after the bucket stopped using
	// the key. An upload in parts needs it too, because S3 completes the object with
	// the data key of its start:
	// https://docs.aws.amazon.com/AmazonS3/latest/userguide/mpuoverview.html
	actions := jsii.Strings("kms:Decrypt")
	if b.usesKey {
		actions = jsii.Strings("kms:GenerateDataKey", "kms:Decrypt")
	}
	return grant.Combine(b.key.Grant(grantee, *actions...))
}
