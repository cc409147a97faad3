package constructs

import (
	"fmt"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awscloudfront"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/aws-cdk-go/awscdk/v2/awss3"
	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"

	"github.com/signedfront/signedfront/constructs/config"
)

// originAccess is CloudFront's access to the bucket. CloudFront uses one of the two.
// While a live distribution moves between them, both may read: otherwise it could not
// read in the time between the changes of the policy and of the distribution.
type originAccess struct {
	used     config.OriginAccess
	identity awscloudfront.OriginAccessIdentity  // nil if there is none
	control  awscloudfront.S3OriginAccessControl // nil if there is none
}

func newOriginAccess(scope constructs.Construct, p *PrivateContentProps) *originAccess {
	access := &originAccess{used: p.OriginAccess}
	if p.OriginAccess.HasIdentity() {
		// The bucket policy names the identity, and the distribution refers to both.
		// With a bucket of another stack, that stack has the identity too.
		in, id := scope, "OriginAccessIdentity"
		if p.Bucket != nil && *awscdk.Resource_IsOwnedResource(p.Bucket) && !isInStackOf(p.Bucket, scope) {
			in, id = awscdk.Stack_Of(p.Bucket), *awscdk.Names_UniqueId(scope)+id
		}
		access.identity = awscloudfront.NewOriginAccessIdentity(in, jsii.String(id), &awscloudfront.OriginAccessIdentityProps{
			Comment: jsii.String("Reads the content of " + p.Name),
		})
	}
	if p.OriginAccess.HasControl() {
		access.control = awscloudfront.NewS3OriginAccessControl(scope, jsii.String("OriginAccessControl"), &awscloudfront.S3OriginAccessControlProps{
			OriginAccessControlName: saltedName(scope, p.Name+"-access"),
			Description:             jsii.String("Reads the content of " + p.Name),
			Signing:                 awscloudfront.Signing_SIGV4_ALWAYS(),
		})
	}
	return access
}

// bucketOrigin is a bucket as the origin of a distribution. The CDK has such origins
// in a package that also imports load balancers and API gateways, which would take a
// quarter of the time of a first build. They would also write the statements of the
// bucket policy themselves, in another order.
type bucketOrigin struct {
	property *awscloudfront.CfnDistribution_OriginProperty
}

// Bind returns the properties of the origin.
func (o *bucketOrigin) Bind(constructs.Construct, *awscloudfront.OriginBindOptions) *awscloudfront.OriginBindConfig {
	return &awscloudfront.OriginBindConfig{OriginProperty: o.property}
}

// originOf returns the bucket as an origin. CloudFront requires an identity for every
// bucket; with an access control, it is empty.
// https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-properties-cloudfront-distribution-s3originconfig.html
func (a *originAccess) originOf(bucket awss3.IBucket, p *PrivateContentProps) awscloudfront.IOrigin {
	var identity string
	origin := &bucketOrigin{&awscloudfront.CfnDistribution_OriginProperty{
		Id:         jsii.String("content"),
		DomainName: bucket.BucketRegionalDomainName(),
		OriginPath: optional(p.BucketPath),
	}}
	if a.used.UsesControl() {
		origin.property.OriginAccessControlId = a.control.OriginAccessControlId()
	} else {
		identity = "origin-access-identity/cloudfront/" + *a.identity.OriginAccessIdentityId()
	}
	origin.property.S3OriginConfig = &awscloudfront.CfnDistribution_S3OriginConfigProperty{OriginAccessIdentity: &identity}
	if p.OriginShield != "" {
		origin.property.OriginShield = &awscloudfront.CfnDistribution_OriginShieldProperty{
			Enabled:            jsii.Bool(true),
			OriginShieldRegion: &p.OriginShield,
		}
	}
	return origin
}

// statements returns the statements of the bucket policy that let the identity and
// the control read: s3:GetObject on the objects. Without s3:ListBucket, S3 answers 403
// for a missing object; with Missing 404 they get it too, without a condition on the
// prefix, because a request for an object has none. A control reads as the service
// CloudFront, for any distribution of any account, so its statement names the one
// distribution that may:
// https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/private-content-restricting-access-to-s3.html
func (a *originAccess) statements(bucket *contentBucket, distribution awscloudfront.Distribution, p *PrivateContentProps) []awsiam.PolicyStatement {
	var statements []awsiam.PolicyStatement
	allow := func(principal awsiam.IPrincipal, conditions *map[string]any, action string, resource *string) {
		statements = append(statements, awsiam.NewPolicyStatement(&awsiam.PolicyStatementProps{
			Principals: &[]awsiam.IPrincipal{principal},
			Actions:    jsii.Strings(action),
			Resources:  &[]*string{resource},
			Conditions: conditions,
		}))
	}
	read := func(principal awsiam.IPrincipal, conditions *map[string]any) {
		allow(principal, conditions, "s3:GetObject", bucket.objects())
		if p.Missing == config.MissingIsNotFound {
			allow(principal, conditions, "s3:ListBucket", bucket.bucket.BucketArn())
		}
	}
	if a.identity != nil {
		read(a.identity.GrantPrincipal(), nil)
	}
	if a.control != nil {
		read(cloudFront(), &map[string]any{
			"StringEquals": map[string]any{"AWS:SourceArn": distributionARN(distribution, *distribution.DistributionId())},
		})
	}
	return statements
}

func cloudFront() awsiam.IPrincipal {
	return awsiam.NewServicePrincipal(jsii.String("cloudfront.amazonaws.com"), nil)
}

func distributionARN(scope constructs.Construct, id string) *string {
	stack := awscdk.Stack_Of(scope)
	return jsii.String(fmt.Sprintf("arn:%s:cloudfront::%s:distribution/%s", *stack.Partition(), *stack.Account(), id))
}
