// Package constructs is the infrastructure of signedfront for AWS CDK apps in
// Go: private files in S3, served by CloudFront, opened only by signed URLs and
// cookies.
//
//	content, err := constructs.NewPrivateContent(stack, "Content", nil)
//	if err != nil {
//		return err
//	}
//	content.GrantSign(appRole)
//
// The app that signs reads the deployment document, whose Systems Manager
// parameter is [PrivateContent.DeploymentParameter].
//
// Building the template builds two small Lambda functions from this module's
// own sources, with the Go command on the PATH and no container. A synthesis
// that needs no functions skips them as it skips every bundled asset, with the
// context "aws:cdk:bundling-stacks": [].
package constructs

import (
	"fmt"
	"os"
	"regexp"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awscloudfront"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/aws-cdk-go/awscdk/v2/awskms"
	"github.com/aws/aws-cdk-go/awscdk/v2/awss3"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsssm"
	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"

	"github.com/signedfront/signedfront/constructs/environment"
)

// PrivateContentProps says how private content is provisioned. The zero value
// is sound.
type PrivateContentProps = environment.Content

// PrivateContent is a bucket of private files, the distribution that serves
// them to whoever has a signed URL, and the keys that sign.
type PrivateContent struct {
	construct    constructs.Construct
	bucket       *contentBucket
	access       *originAccess
	keys         *signingKeys
	distribution awscloudfront.Distribution
	requiredCORS *string
	parameter    awsssm.StringParameter
	policy       awsiam.ManagedPolicy
}

// NewPrivateContent provisions private content. Nil props mean all defaults.
// What is wrong with the props is reported at once, before anything is made:
// the error then holds [environment.Problems]. A function of ours that does
// not compile is an error too, its reasons on standard error.
func NewPrivateContent(scope constructs.Construct, id string, props *PrivateContentProps) (*PrivateContent, error) {
	return newPrivateContent(scope, id, props, "Env.Region of the stack")
}

// newPrivateContent is NewPrivateContent; regionSetting is where the Region of
// the stack can be written.
func newPrivateContent(scope constructs.Construct, id string, props *PrivateContentProps, regionSetting string) (*PrivateContent, error) {
	construct := constructs.NewConstruct(scope, jsii.String(id))
	p, err := checkedProps(construct, props, regionSetting)
	if err != nil {
		return nil, err
	}
	builder, err := newFunctionBuilder(construct)
	if err != nil {
		return nil, err
	}

	content := newContentBucket(construct, p)
	if p.Ephemeral && !content.existing {
		if err := emptyWithStack(construct, content.bucket, builder); err != nil {
			return nil, err
		}
	}
	keys, err := newSigningKeys(construct, p.Name, p.SigningKeys, builder)
	if err != nil {
		return nil, err
	}
	access := newOriginAccess(construct, p)
	distribution := newDistribution(construct, p, access.originOf(content.bucket, p), keys.group, newCertificate(construct, p))
	content.letRead(access, distribution)
	newAliasRecords(construct, p, distribution)
	newAccessLogs(construct, p, distribution)
	policy := newSigningPolicy(construct, p.ParameterName, keys)
	return &PrivateContent{
		construct:    construct,
		bucket:       content,
		access:       access,
		keys:         keys,
		distribution: distribution,
		requiredCORS: requiredBucketCORS(construct, p),
		parameter:    newDeploymentDocument(construct, p, distribution, keys, policy),
		policy:       policy,
	}, nil
}

// Construct is what all parts stand below in the tree of constructs: what
// awscdk.Tags_Of and awscdk.Aspects_Of take, and what others depend on.
func (c *PrivateContent) Construct() constructs.Construct { return c.construct }

// Companions are the stacks in us-east-1 that the content has made beside its
// own stack, for what exists in no other Region: none if its stack is there
// itself, or needs nothing of the kind. They have the stack's account, stack
// tags and termination protection, and the synthesizer of the app; Aspects and
// Tags_Of that are put on the stack are to be put on them too. The command line
// deploys the one that the stack depends on with it; the one that depends on
// the stack has to be named, by a pattern such as 'my-stack*'.
func (c *PrivateContent) Companions() []awscdk.Stack { return companionsOf(topStack(c.construct)) }

// Bucket holds the content.
func (c *PrivateContent) Bucket() awss3.IBucket { return c.bucket.bucket }

// EncryptionKey encrypts the objects, or those of them that need it still. It
// is nil where S3 encrypts them all, and for an existing bucket.
func (c *PrivateContent) EncryptionKey() awskms.Key { return c.bucket.key }

// RequiredBucketPolicy is the policy, as JSON with tokens in it, that the
// bucket must have where it existed before: the stack does not write it. It is
// nil where the bucket is the stack's own.
func (c *PrivateContent) RequiredBucketPolicy() *string {
	if !c.bucket.existing {
		return nil
	}
	return c.bucket.requiredPolicy(c.access, c.distribution)
}

// RequiredBucketCORS is the CORS configuration, as JSON, that the bucket must
// have where it existed before and CORS is set: without a rule that fits, S3
// refuses preflight requests. It is nil where the stack writes it, or none is
// needed.
func (c *PrivateContent) RequiredBucketCORS() *string { return c.requiredCORS }

// OriginAccessIdentity is as whom CloudFront reads the bucket, or may on the
// way to or from an access control. It is nil where none may.
func (c *PrivateContent) OriginAccessIdentity() awscloudfront.OriginAccessIdentity {
	return c.access.identity
}

// OriginAccessControl is by what CloudFront reads the bucket, or may on the way
// to or from an access identity. It is nil where none may.
func (c *PrivateContent) OriginAccessControl() awscloudfront.S3OriginAccessControl {
	return c.access.control
}

// Distribution serves the content. A behavior that is added to it is open to
// everyone unless its TrustedKeyGroups hold KeyGroup.
func (c *PrivateContent) Distribution() awscloudfront.Distribution { return c.distribution }

// KeyGroup is what the distribution trusts: the public keys of every
// generation.
func (c *PrivateContent) KeyGroup() awscloudfront.CfnKeyGroup { return c.keys.group }

// KeyPairID is CloudFront's id of the current public key.
func (c *PrivateContent) KeyPairID() *string { return c.keys.current.keyPairID() }

// SigningSecretARN is the secret that holds the current private key.
func (c *PrivateContent) SigningSecretARN() *string { return c.keys.current.secret.Ref() }

// DeploymentParameter holds the deployment document, the JSON of a
// signer.Deployment.
func (c *PrivateContent) DeploymentParameter() awsssm.StringParameter { return c.parameter }

// SigningPolicy lets whoever it is attached to sign: read the deployment
// document, and the private keys of every generation. Its ARN never changes,
// so that a rotation touches no app's permissions.
func (c *PrivateContent) SigningPolicy() awsiam.ManagedPolicy { return c.policy }

// GrantSign lets a role sign, by attaching the signing policy. A role that was
// imported must be one of the same account.
func (c *PrivateContent) GrantSign(role awsiam.IRole) {
	if *awscdk.Resource_IsOwnedResource(role) {
		role.AddManagedPolicy(c.policy)
		return
	}
	c.policy.AttachToRole(role)
}

// GrantUpload lets a grantee upload objects, in one piece or in parts, and
// nothing more: it may neither read nor delete, though it may overwrite. With
// an existing bucket, a grantee of another account also needs the leave of the
// bucket's policy, and a bucket that is encrypted with KMS that of its key.
func (c *PrivateContent) GrantUpload(grantee awsiam.IGrantable) awsiam.Grant {
	return c.bucket.grantUpload(grantee)
}

// AddOutputs writes into a scope, under plain names where that is the stack,
// what pipelines and people ask of a deployment.
func (c *PrivateContent) AddOutputs(scope constructs.Construct) {
	for _, output := range []struct {
		id, description string
		value           *string
	}{
		{"DistributionDomainName", "Where the content is served", c.distribution.DistributionDomainName()},
		{"DistributionId", "The CloudFront distribution", c.distribution.DistributionId()},
		{"BucketName", "Where the content is uploaded to", c.bucket.bucket.BucketName()},
		{"KeyPairId", "CloudFront's id of the key that signs", c.KeyPairID()},
		{"KeyGroupId", "The keys that the distribution trusts", c.keys.group.Ref()},
		{"SigningSecretArn", "Where the key that signs is kept", c.SigningSecretARN()},
		{"DeploymentParameterName", "Where signers read how to sign", c.parameter.ParameterName()},
		{"SigningPolicyArn", "Attached to a role, this lets it sign", c.policy.ManagedPolicyArn()},
		{"RequiredBucketPolicy", "What the policy of the existing bucket must say", c.RequiredBucketPolicy()},
		{"RequiredBucketCors", "What the CORS configuration of the existing bucket must be", c.RequiredBucketCORS()},
	} {
		if output.value == nil {
			continue
		}
		awscdk.NewCfnOutput(scope, jsii.String(output.id), &awscdk.CfnOutputProps{
			Description: jsii.String(output.description),
			Value:       output.value,
		})
	}
}

const maxName = environment.MaxStackName

var (
	nameShape = regexp.MustCompile(`^[A-Za-z0-9](-?[A-Za-z0-9])*$`)

	// https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_PutParameter.html
	parameterShape    = regexp.MustCompile(`^(/[A-Za-z0-9_.-]+){1,15}$`)
	reservedParameter = regexp.MustCompile(`^(?i)/(aws|ssm)`)
)

// checkedProps fills in the defaults and reports everything that is wrong.
func checkedProps(construct constructs.Construct, props *PrivateContentProps, regionSetting string) (*PrivateContentProps, error) {
	var p PrivateContentProps
	if props != nil {
		p = *props
	}
	var problems environment.Problems
	check := func(found environment.Problems) { problems = append(problems, found...) }
	wrong := func(prop, found, fix string) {
		problems = append(problems, environment.Problem{Path: prop, Found: fmt.Sprintf("%q", found), Fix: fix})
	}

	if p.Name == "" {
		p.Name = *awscdk.Names_UniqueResourceName(construct, &awscdk.UniqueResourceNameOptions{
			MaxLength: jsii.Number(maxName),
			Separator: jsii.String("-"),
		})
	}
	if len(p.Name) > maxName || !nameShape.MatchString(p.Name) {
		wrong("Name", p.Name, fmt.Sprintf("write at most %d letters, digits and single hyphens between them", maxName))
	}
	if p.ParameterName == "" {
		p.ParameterName = "/signedfront/" + p.Name
	}
	if len(p.ParameterName) > 900 || !parameterShape.MatchString(p.ParameterName) || reservedParameter.MatchString(p.ParameterName) {
		wrong("ParameterName", p.ParameterName, "write a path of at most 15 parts such as /media/prod/signing, of letters, digits and the characters _.-, that starts with neither aws nor ssm")
	}
	p = p.WithDefaults()
	check(p.Check())

	check(checkCompanions(construct, &p, regionSetting))
	stack := awscdk.Stack_Of(construct)
	if *awscdk.Token_IsUnresolved(stack.Region()) {
		// The stack goes where its deployer is, and the CDK's command line
		// tells where that is.
		if region := os.Getenv("CDK_DEFAULT_REGION"); region != "" {
			found := environment.CheckRegion("the current Region, from AWS_REGION or your AWS profile", region)
			for i := range found {
				found[i].Fix = "set AWS_REGION to another, or write " + regionSetting + "; " + found[i].Fix
			}
			check(found)
		}
	} else {
		check(environment.CheckRegion("the stack's Region", *stack.Region()))
	}

	if len(problems) > 0 {
		return nil, fmt.Errorf("%s: %w", *construct.Node().Path(), problems)
	}
	return &p, nil
}
