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
// That is a bucket, a distribution, a signing key that the deployment makes, and
// a Systems Manager parameter with the deployment document, which the app that
// signs reads: [PrivateContent.DeploymentParameter]. Package awskeys of this
// module reads it in Go. [PrivateContent.AddOutputs] writes what pipelines ask
// for into the outputs of the stack.
//
// [PrivateContentProps] lists every option with its default. Where the CDK has a
// type, the option has it: a bucket, a certificate, a hosted zone, a KMS key and
// grantees of the same app are passed as they are, and get the policies that they
// need. Everything that is wrong with the props is one error.
//
// An app with environments in cdk.json, as this module's own, reads them with
// package config and calls [NewEnvironment] for each.
//
// # Paths and behaviors
//
// Every path requires a signature. PublicPaths opens some, SignedPaths makes
// exceptions of these, and Behaviors adds others, such as a second origin. What
// would open signed paths unnoticed is an error: in the props, in
// ConfigureDistribution, and in a behavior that is added to the distribution
// later.
//
// # The functions of the stack
//
// Building the template builds the small Lambda functions that the content
// needs, from this module's own sources, with the Go command on the PATH and no
// container. A synthesis that needs no functions skips them as it skips every
// bundled asset, with the context "aws:cdk:bundling-stacks": [].
//
// An app that is synthesized where there is no Go, or no way to a module proxy,
// takes functions that were built before:
//
//	go run github.com/signedfront/signedfront/constructs/functions/build -o functions
//
// and, in cdk.json or by Node().SetContext of the app, with the context
// "signedfront:functions": "functions". Build them again after each upgrade of
// this module.
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

// PrivateContent is a bucket of private files, the distribution that serves
// them to viewers with a signed URL or cookies, and the keys that sign.
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

// NewPrivateContent provisions private content. Nil props mean all defaults.
// Everything that is wrong with the props is reported in one error, which holds
// [config.Problems]. A Lambda function that cannot be built is an error too, with
// the compiler's reasons on standard error, and so is what the CDK itself
// refuses. With an error there is no construct of that id.
func NewPrivateContent(scope constructs.Construct, id string, props *PrivateContentProps) (*PrivateContent, error) {
	return newPrivateContent(scope, id, props, "Env.Region of the stack")
}

// newPrivateContent is NewPrivateContent; regionSetting is where the Region of
// the stack can be written.
func newPrivateContent(scope constructs.Construct, id string, props *PrivateContentProps, regionSetting string) (content *PrivateContent, err error) {
	if scope == nil || id == "" {
		return nil, errors.New("private content has no scope or no id: pass both")
	}
	child := jsii.String(strings.ReplaceAll(id, "/", "--")) // as the CDK has it
	if scope.Node().TryFindChild(child) != nil {
		return nil, fmt.Errorf("%s has a construct %s already: give another id", safeName(*scope.Node().Path()), safeName(id))
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

// CDKError returns what the CDK panicked with as an error, without the stack of
// its JavaScript. The CDK repeats values that it was given; one that may be a
// private key is described. A [runtime.Error], which is a fault of a program's
// own, goes on as a panic.
func CDKError(panicked any) error {
	if bug, is := panicked.(runtime.Error); is {
		panic(bug)
	}
	// This name of an error of the CDK has the form of a piece of a key.
	text := strings.TrimPrefix(strings.TrimSpace(fmt.Sprint(panicked)), "ValidationFailedWithErrors: ")
	said := slices.DeleteFunc(strings.Split(text, "\n"), func(line string) bool {
		return strings.HasPrefix(line, "    at ")
	})
	return errors.New(config.WithoutKeys(strings.Join(said, "\n")))
}

// safeName returns a caller's text without quotes, such as an id or a path. One
// that may be a key is described instead.
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

// Construct returns the construct that holds all parts: what awscdk.Tags_Of and
// awscdk.Aspects_Of take, and what others depend on. PrivateContent itself cannot
// be passed where the CDK takes a construct.
func (c *PrivateContent) Construct() constructs.Construct { return c.construct }

// Node returns the node of Construct.
func (c *PrivateContent) Node() constructs.Node { return c.construct.Node() }

// Companions returns the stacks in us-east-1 that the content has made besides
// its own stack, for what exists in no other Region: none if its stack is there
// itself, or needs nothing of the kind. They have the stack's account,
// synthesizer, stack tags and termination protection, as these are when the
// content is made; Aspects and Tags_Of that are put on the stack must be put on
// them too. The command line deploys the one that the stack depends on with it;
// the one that depends on the stack must be named, by a pattern such as
// 'my-stack*'.
func (c *PrivateContent) Companions() []awscdk.Stack { return companionsOf(topStack(c.construct)) }

// Bucket returns the bucket that holds the content.
func (c *PrivateContent) Bucket() awss3.IBucket { return c.bucket.bucket }

// BucketName returns the name of Bucket.
func (c *PrivateContent) BucketName() *string { return c.bucket.bucket.BucketName() }

// BucketArn returns the ARN of Bucket.
func (c *PrivateContent) BucketArn() *string { return c.bucket.bucket.BucketArn() }

// EncryptionKey returns the KMS key that encrypts the objects, or those of them
// that still need it. It is nil where S3 encrypts them all, and where an
// imported bucket was imported without its key.
func (c *PrivateContent) EncryptionKey() awskms.IKey { return c.bucket.key }

// RequiredBucketPolicy returns the policy, as JSON with tokens in it, that an
// imported bucket must have: the app cannot write it. It is nil for any other
// bucket.
func (c *PrivateContent) RequiredBucketPolicy() *string { return c.bucket.requiredPolicy }

// RequiredKeyPolicy returns what the policy of an imported KMS key must say, as
// JSON with tokens in it, so that CloudFront can decrypt. It is nil for any other
// key, and without one.
func (c *PrivateContent) RequiredKeyPolicy() *string { return c.bucket.requiredKeyPolicy }

// RequiredBucketCORS returns the CORS configuration, as JSON, that an imported
// bucket must have where CORS is set: without a rule that fits, S3 refuses
// preflight requests. It is nil where the app writes it, or none is needed.
func (c *PrivateContent) RequiredBucketCORS() *string { return c.bucket.requiredCORS }

// OriginAccessIdentity returns the identity CloudFront uses to read the bucket,
// or may use on the way to or from an access control. It is nil where there is
// none.
func (c *PrivateContent) OriginAccessIdentity() awscloudfront.OriginAccessIdentity {
	return c.access.identity
}

// OriginAccessControl returns the access control CloudFront uses to read the
// bucket, or may use on the way to or from an access identity. It is nil where
// there is none.
func (c *PrivateContent) OriginAccessControl() awscloudfront.S3OriginAccessControl {
	return c.access.control
}

// Distribution returns the distribution that serves the content. List further
// behaviors in the props, as Behaviors: the synthesis fails for one that is added
// here and does not trust KeyGroup or another key group.
func (c *PrivateContent) Distribution() awscloudfront.Distribution { return c.distribution }

// DistributionId returns CloudFront's id of Distribution.
func (c *PrivateContent) DistributionId() *string { return c.distribution.DistributionId() }

// DistributionArn returns the ARN of Distribution.
func (c *PrivateContent) DistributionArn() *string { return c.distribution.DistributionArn() }

// DistributionDomainName returns the name that CloudFront gives the
// distribution, such as d111111abcdef8.cloudfront.net.
func (c *PrivateContent) DistributionDomainName() *string {
	return c.distribution.DistributionDomainName()
}

// DomainName returns the domain name that signed URLs start with: the first
// name of Domain, or else DistributionDomainName.
func (c *PrivateContent) DomainName() *string { return c.domainName }

// Certificate returns the certificate of Domain, given or made. It is nil
// without a Domain.
func (c *PrivateContent) Certificate() awscertificatemanager.ICertificate { return c.certificate }

// KeyGroup returns the key group that the distribution trusts: the public keys
// of every generation, or the lender's.
func (c *PrivateContent) KeyGroup() interfacesawscloudfront.IKeyGroupRef { return c.keys.group }

// KeyPairId returns CloudFront's id of the current public key, made here or
// imported. It is nil where the keys are borrowed: only the lender's document
// says which is current.
func (c *PrivateContent) KeyPairId() *string {
	if c.keys.current == nil {
		return nil
	}
	return c.keys.current.keyPairID()
}

// SigningSecretArn returns the ARN of the secret that holds the current private
// key. It is nil where none does: for a key in KMS or in a file, and where keys
// are borrowed.
func (c *PrivateContent) SigningSecretArn() *string {
	if c.keys.current == nil || c.keys.current.private.SecretARN == "" {
		return nil
	}
	return &c.keys.current.private.SecretARN
}

// SignerRole returns the role that SignerRoleAssumers assume to sign. It is nil
// where there are none.
func (c *PrivateContent) SignerRole() awsiam.Role { return c.signerRole }

// DeploymentParameter returns the parameter that holds the deployment document,
// the JSON of a signer.Deployment.
func (c *PrivateContent) DeploymentParameter() awsssm.StringParameter { return c.parameter }

// SigningPolicy returns the policy that lets whoever it is attached to sign: read
// the deployment document, and use the private keys of every generation. Its ARN
// never changes, so that a rotation touches no app's permissions. Of imported
// keys it allows those in Secrets Manager and KMS; the KMS key that encrypts such
// a secret, where it is one of your own, is not known here. With borrowed keys it
// allows every secret that the lender's stack has made and tagged
// signedfront:lends with the lender's parameter, and the imported keys that
// Lender names.
func (c *PrivateContent) SigningPolicy() awsiam.ManagedPolicy { return c.policy }

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
