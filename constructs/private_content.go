// Package constructs provisions signedfront in AWS CDK apps in Go: private files
// in S3, served by CloudFront, opened only by signed URLs and cookies.
//
// Call [NewPrivateContent] in a stack of your own, with nil for all defaults, and
// then [PrivateContent.GrantSign] for each role that signs:
//
//	content, err := constructs.NewPrivateContent(stack, "Content", nil)
//	if err != nil {
//		return err
//	}
//	content.GrantSign(appRole)
//	content.GrantUpload(editorRole)
//
// This makes a bucket, a distribution, a signing key, and a Systems Manager parameter
// with the deployment document ([PrivateContent.DeploymentParameter]), which the app
// that signs reads. In Go, package awskeys of this module reads it.
// [PrivateContent.AddOutputs] adds the outputs that pipelines need to the stack.
//
// [PrivateContentProps] lists every option with its default. Options have the CDK's
// types: a bucket, a certificate, a hosted zone, a KMS key and grantees of the same app
// are passed directly and get the policies that they need. One error reports all
// mistakes in the props.
//
// An app with environments in cdk.json, such as this module's own, reads them with
// package config and calls [NewEnvironment] for each.
//
// # Paths and behaviors
//
// Every path requires a signature. PublicPaths makes paths public, SignedPaths makes
// exceptions within them, and Behaviors adds others, such as a second origin. A change
// that would open signed paths by accident is an error: in the props, in
// ConfigureDistribution, and in a behavior that is added to the distribution later.
//
// # The functions of the stack
//
// The synthesis builds the small Lambda functions of the content from this module's
// sources, with the Go command on the PATH and without a container. The context
// "aws:cdk:bundling-stacks": [] skips them, as it skips every bundled asset.
//
// If the app is synthesized on a machine without Go or without access to a module
// proxy, build the functions before:
//
//	go run github.com/signedfront/signedfront/constructs/functions/build -o functions
//
// Then set the context "signedfront:functions": "functions", in cdk.json or with
// Node().SetContext of the app. Build them again after each upgrade of this module.
package constructs

import (
	"errors"
	"fmt"
	"runtime"
	"slices"
	"strings"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awscertificatemanager"
	"github.com/aws/aws-cdk-go/awscdk/v2/awscloudfront"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/aws-cdk-go/awscdk/v2/awskms"
	"github.com/aws/aws-cdk-go/awscdk/v2/awss3"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsssm"
	"github.com/aws/aws-cdk-go/awscdk/v2/interfaces/interfacesawscloudfront"
	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"

	"github.com/signedfront/signedfront/constructs/config"
	"github.com/signedfront/signedfront/constructs/contract"
)

// PrivateContent is a bucket of private files, the distribution that serves them to
// viewers with a signed URL or signed cookies, and the signing keys.
type PrivateContent struct {
	construct    constructs.Construct
	bucket       *contentBucket
	access       *originAccess
	keys         *signingKeys
	distribution awscloudfront.Distribution
	parameter    awsssm.StringParameter
	certificate  awscertificatemanager.ICertificate
	domainName   *string
	policy       awsiam.ManagedPolicy
	signerRole   awsiam.Role
}

// NewPrivateContent makes private content. Nil props mean all defaults. One error
// reports all mistakes in the props: it wraps [config.Problems]. It also returns an
// error if a Lambda function cannot be built, after the compiler has written its
// messages to standard error, or if the CDK panics. After an error, the scope has no
// construct of that id.
func NewPrivateContent(scope constructs.Construct, id string, props *PrivateContentProps) (*PrivateContent, error) {
	return newPrivateContent(scope, id, props, "Env.Region of the stack")
}

// newPrivateContent is NewPrivateContent. RegionSetting is the place in which the
// Region of the stack can be written.
func newPrivateContent(scope constructs.Construct, id string, props *PrivateContentProps, regionSetting string) (content *PrivateContent, err error) {
	if scope == nil || id == "" {
		return nil, errors.New("private content has no scope or no id: pass both")
	}
	child := jsii.String(strings.ReplaceAll(id, "/", "--")) // as the CDK does
	if scope.Node().TryFindChild(child) != nil {
		return nil, fmt.Errorf("%s already has a construct %s: choose another id", safeName(*scope.Node().Path()), safeName(id))
	}
	defer func() {
		if r := recover(); r != nil {
			content, err = nil, fmt.Errorf("%s: %w", safeName(id), CDKError(r))
		}
		if err != nil {
			scope.Node().TryRemoveChild(child)
		}
	}()
	return makePrivateContent(scope, id, props, regionSetting)
}

// CDKError returns the value of a panic of the CDK as an error, without its JavaScript
// stack trace. The CDK's messages repeat values of the app: CDKError replaces those
// that may be a private key by a description. It panics again with a [runtime.Error],
// which is a bug of the program.
func CDKError(panicked any) error {
	if bug, is := panicked.(runtime.Error); is {
		panic(bug)
	}
	// This name of an error of the CDK looks like part of a key.
	text := strings.TrimPrefix(strings.TrimSpace(fmt.Sprint(panicked)), "ValidationFailedWithErrors: ")
	said := slices.DeleteFunc(strings.Split(text, "\n"), func(line string) bool {
		return strings.HasPrefix(line, "    at ")
	})
	return errors.New(config.WithoutKeys(strings.Join(said, "\n")))
}

// safeName returns a caller's text without quotes, such as an id or a path. It
// describes a text that may be a key instead.
func safeName(text string) string {
	if quoted := config.Quote(text); !strings.HasPrefix(quoted, `"`) {
		return quoted
	}
	return text
}

func makePrivateContent(scope constructs.Construct, id string, props *PrivateContentProps, regionSetting string) (*PrivateContent, error) {
	construct := constructs.NewConstruct(scope, jsii.String(id))
	p, err := checkedProps(construct, props, regionSetting)
	if err != nil {
		return nil, err
	}
	made := false
	defer func() {
		if !made {
			leaveCompanions(construct)
		}
	}()
	builder, err := newFunctionBuilder(construct)
	if err != nil {
		return nil, err
	}

	content := newContentBucket(construct, p)
	keys, err := newSigningKeys(construct, p, builder)
	if err != nil {
		return nil, err
	}
	access := newOriginAccess(construct, p)
	certificate := newCertificate(construct, p)
	caching := newSignedCaching(construct, p)
	distribution, err := newDistribution(construct, p, access.originOf(content.bucket, p), keys.group, caching, certificate)
	if err != nil {
		return nil, err
	}
	content.letRead(access, p, distribution)
	if p.Ephemeral && content.made != nil {
		if err := emptyWithStack(construct, content.made, distribution, keys, builder); err != nil {
			return nil, err
		}
	}
	newAliasRecords(construct, p, distribution)
	newAccessLogs(construct, p, distribution)
	policy := newSigningPolicy(construct, p, keys)
	document := newDeploymentDocument(construct, p, content.bucket, distribution, caching, keys, policy)
	if *p.Guard {
		if err := guardKeys(construct, p, keys, distribution, policy, document, builder); err != nil {
			return nil, err
		}
	}
	c := &PrivateContent{
		construct:    construct,
		bucket:       content,
		access:       access,
		keys:         keys,
		distribution: distribution,
		parameter:    document,
		policy:       policy,
		certificate:  certificate,
		domainName:   domainName(p, distribution),
		signerRole:   newSignerRole(construct, p.SignerRoleAssumers, policy),
	}
	for _, grantee := range p.SignGrantees {
		c.GrantSign(grantee)
	}
	for _, grantee := range p.UploadGrantees {
		c.GrantUpload(grantee)
	}
	for _, name := range namesOf(construct, p) {
		name.take(*construct.Node().Path())
	}
	made = true
	return c, nil
}

// Construct returns the construct that contains all parts. Pass it to awscdk.Tags_Of,
// awscdk.Aspects_Of and as a dependency: PrivateContent itself is not a construct of
// the CDK.
func (c *PrivateContent) Construct() constructs.Construct { return c.construct }

// Node returns the node of Construct.
func (c *PrivateContent) Node() constructs.Node { return c.construct.Node() }

// Companions returns the stacks in us-east-1 that the content made for resources that
// exist only there: a certificate or access logs. It returns none if the stack is in
// us-east-1 itself. Companions have the account, synthesizer, stack tags and
// termination protection that the stack has when the content is made. Aspects and
// Tags_Of on the stack must be applied to them too. The CDK's command line deploys the
// certificate's companion with the stack; name the other one, with a pattern such as
// 'my-stack*'.
func (c *PrivateContent) Companions() []awscdk.Stack { return companionsOf(topStack(c.construct)) }

// Bucket returns the bucket with the content.
func (c *PrivateContent) Bucket() awss3.IBucket { return c.bucket.bucket }

// BucketName returns the name of Bucket.
func (c *PrivateContent) BucketName() *string { return c.bucket.bucket.BucketName() }

// BucketArn returns the ARN of Bucket.
func (c *PrivateContent) BucketArn() *string { return c.bucket.bucket.BucketArn() }

// EncryptionKey returns the KMS key that encrypts new or old objects. It is nil if S3
// encrypts all of them, or if a bucket was imported without its key.
func (c *PrivateContent) EncryptionKey() awskms.IKey { return c.bucket.key }

// RequiredBucketPolicy returns the policy that an imported bucket must have, as JSON
// with tokens. The app cannot write it. It is nil for any other bucket.
func (c *PrivateContent) RequiredBucketPolicy() *string { return c.bucket.requiredPolicy }

// RequiredKeyPolicy returns the statement that the policy of an imported KMS key needs
// to let CloudFront decrypt, as JSON with tokens. It is nil for any other key, and
// without a key.
func (c *PrivateContent) RequiredKeyPolicy() *string { return c.bucket.requiredKeyPolicy }

// RequiredBucketCORS returns the CORS configuration that an imported bucket must have
// if CORS or UploadOrigins is set, as JSON: without a matching rule, S3 refuses
// preflight requests. It is nil if the app writes it, or if none is needed.
func (c *PrivateContent) RequiredBucketCORS() *string { return c.bucket.requiredCORS }

// OriginAccessIdentity returns the identity that may read the bucket for CloudFront.
// It is nil if there is none.
func (c *PrivateContent) OriginAccessIdentity() awscloudfront.OriginAccessIdentity {
	return c.access.identity
}

// OriginAccessControl returns the access control with which CloudFront may read the
// bucket. It is nil if there is none.
func (c *PrivateContent) OriginAccessControl() awscloudfront.S3OriginAccessControl {
	return c.access.control
}

// Distribution returns the distribution that serves the content. List additional
// behaviors as Behaviors in the props: the synthesis fails if a behavior that is added
// here trusts neither KeyGroup nor another key group.
func (c *PrivateContent) Distribution() awscloudfront.Distribution { return c.distribution }

// DistributionId returns CloudFront's id of Distribution.
func (c *PrivateContent) DistributionId() *string { return c.distribution.DistributionId() }

// DistributionArn returns the ARN of Distribution.
func (c *PrivateContent) DistributionArn() *string { return c.distribution.DistributionArn() }

// DistributionDomainName returns the domain name that CloudFront gives the
// distribution, such as d111111abcdef8.cloudfront.net.
func (c *PrivateContent) DistributionDomainName() *string {
	return c.distribution.DistributionDomainName()
}

// DomainName returns the domain name of signed URLs: the first name of Domain, or else
// DistributionDomainName.
func (c *PrivateContent) DomainName() *string { return c.domainName }

// Certificate returns the certificate of Domain. It is nil without a Domain.
func (c *PrivateContent) Certificate() awscertificatemanager.ICertificate { return c.certificate }

// KeyGroup returns the key group that the distribution trusts: the content's own, or
// the lender's.
func (c *PrivateContent) KeyGroup() interfacesawscloudfront.IKeyGroupRef { return c.keys.group }

// KeyPairId returns CloudFront's id of the current public key. It is nil if the keys
// are borrowed: only the lender's document says which key is current.
func (c *PrivateContent) KeyPairId() *string {
	if c.keys.current == nil {
		return nil
	}
	return c.keys.current.keyPairID()
}

// SigningSecretArn returns the ARN of the secret that holds the current private key.
// It is nil for a key in KMS or in a file, and if the keys are borrowed.
func (c *PrivateContent) SigningSecretArn() *string {
	if c.keys.current == nil || c.keys.current.private.SecretARN == "" {
		return nil
	}
	return &c.keys.current.private.SecretARN
}

// SignerRole returns the role that SignerRoleAssumers assume to sign. It is nil if
// there are none.
func (c *PrivateContent) SignerRole() awsiam.Role { return c.signerRole }

// DeploymentParameter returns the parameter that holds the deployment document,
// the JSON of a signer.Deployment.
func (c *PrivateContent) DeploymentParameter() awsssm.StringParameter { return c.parameter }

// SigningPolicy returns the managed policy that lets a role sign: read the deployment
// document, and use the private keys of every generation. Its ARN never changes, so a
// rotation changes no permissions of apps. It allows imported keys in Secrets Manager
// and KMS. It does not allow a KMS key of your own that encrypts such a secret, because
// the stack does not know it. With borrowed keys it allows every secret that the
// lender's stack made and that has the tag signedfront:lends with the lender's
// parameter name, and the imported keys that Lender lists.
func (c *PrivateContent) SigningPolicy() awsiam.ManagedPolicy { return c.policy }

// AddOutputs adds the outputs that pipelines and people need to a scope, such as
// BucketName and DistributionDomainName. If scope is the stack, these are their
// logical ids.
func (c *PrivateContent) AddOutputs(scope constructs.Construct) {
	for _, output := range []struct {
		id, description string
		value           *string
	}{
		{"DistributionDomainName", "Where the content is served", c.distribution.DistributionDomainName()},
		{"DistributionId", "The CloudFront distribution", c.distribution.DistributionId()},
		{"BucketName", "Where the content is uploaded to", c.bucket.bucket.BucketName()},
		{"BucketPath", "The folder of the bucket that it is uploaded to", optional(c.bucket.folder)},
		{"KeyPairId", "CloudFront's id of the key that signs", c.KeyPairId()},
		{"KeyGroupId", "The keys that the distribution trusts", c.keys.groupID},
		{"SigningSecretArn", "Where the key that signs is kept", c.SigningSecretArn()},
		{"DeploymentParameterName", "Where signers read how to sign", c.parameter.ParameterName()},
		{"SigningPolicyArn", "Attached to a role, this lets it sign", c.policy.ManagedPolicyArn()},
		{"SignerRoleArn", "Assumed by roles of other accounts, this lets them sign", c.signerRoleARN()},
		{contract.RequiredBucketPolicy, "What the policy of the existing bucket must say", c.RequiredBucketPolicy()},
		{"RequiredKeyPolicy", "What the policy of the imported KMS key must say", c.RequiredKeyPolicy()},
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

func (c *PrivateContent) signerRoleARN() *string {
	if c.signerRole == nil {
		return nil
	}
	return c.signerRole.RoleArn()
}
