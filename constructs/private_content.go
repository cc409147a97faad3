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

// PrivateContentProps says how private content is provisioned. The zero value
// is sound.
type PrivateContentProps = config.Content

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
	signerRole   awsiam.Role
}

// NewPrivateContent provisions private content. Nil props mean all defaults.
// What is wrong with the props is reported at once: the error then holds
// [config.Problems]. A function of ours that cannot be built is an error
// too, the compiler's reasons on standard error, and so is what the CDK itself
// refuses.
// With an error there is no construct of that id.
func NewPrivateContent(scope constructs.Construct, id string, props *PrivateContentProps) (*PrivateContent, error) {
	return newPrivateContent(scope, id, props, "Env.Region of the stack")
}

// newPrivateContent is NewPrivateContent; regionSetting is where the Region of
// the stack can be written.
func newPrivateContent(scope constructs.Construct, id string, props *PrivateContentProps, regionSetting string) (content *PrivateContent, err error) {
	if scope == nil || id == "" {
		return nil, errors.New("private content wants a scope and an id")
	}
	child := jsii.String(strings.ReplaceAll(id, "/", "--")) // as the CDK has it
	if scope.Node().TryFindChild(child) != nil {
		return nil, fmt.Errorf("%s has a construct %s already: give another id", shown(*scope.Node().Path()), shown(id))
	}
	defer func() {
		if r := recover(); r != nil {
			content, err = nil, fmt.Errorf("%s: %w", shown(id), CDKError(r))
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
	said := slices.DeleteFunc(strings.Split(strings.TrimSpace(fmt.Sprint(panicked)), "\n"), func(line string) bool {
		return strings.HasPrefix(line, "    at ")
	})
	return errors.New(config.WithoutKeys(strings.Join(said, "\n")))
}

// shown is a text of a caller's without quotes, such as an id or a path. One
// that may be a key is described.
func shown(text string) string {
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
	distribution := newDistribution(construct, p, access.originOf(content.bucket, p), keys.group, newCertificate(construct, p))
	content.letRead(access, distribution)
	if p.Ephemeral && !content.existing {
		if err := emptyWithStack(construct, content.own, distribution, keys, builder); err != nil {
			return nil, err
		}
	}
	newAliasRecords(construct, p, distribution)
	newAccessLogs(construct, p, distribution)
	policy := newSigningPolicy(construct, p, keys)
	return &PrivateContent{
		construct:    construct,
		bucket:       content,
		access:       access,
		keys:         keys,
		distribution: distribution,
		requiredCORS: requiredBucketCORS(construct, p),
		parameter:    newDeploymentDocument(construct, p, content.bucket, distribution, keys, policy),
		policy:       policy,
		signerRole:   newSigners(construct, p.Signers, policy),
	}, nil
}

// Construct is what all parts stand below in the tree of constructs: what
// awscdk.Tags_Of and awscdk.Aspects_Of take, and what others depend on.
func (c *PrivateContent) Construct() constructs.Construct { return c.construct }

// Companions are the stacks in us-east-1 that the content has made beside its
// own stack, for what exists in no other Region: none if its stack is there
// itself, or needs nothing of the kind. They have the stack's account,
// synthesizer, stack tags and termination protection, as these are when the
// content is made; Aspects and Tags_Of that are put on the stack are to be put on
// them too. The command line deploys the one that the stack depends on with it;
// the one that depends on the stack has to be named, by a pattern such as
// 'my-stack*'.
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
// everyone unless its TrustedKeyGroups hold KeyGroup. Beside SignedPaths, one
// that is open lacks the function that refuses escapes, so that an escaped slash
// may hide a signed path from its pattern.
func (c *PrivateContent) Distribution() awscloudfront.Distribution { return c.distribution }

// KeyGroup is what the distribution trusts: the public keys of every
// generation, or the lender's key group.
func (c *PrivateContent) KeyGroup() interfacesawscloudfront.IKeyGroupRef { return c.keys.group }

// KeyPairID is CloudFront's id of the current public key, made here or
// imported. It is nil where the keys are borrowed: only the lender's document
// tells which is current.
func (c *PrivateContent) KeyPairID() *string {
	if c.keys.current == nil {
		return nil
	}
	return c.keys.current.keyPairID()
}

// SigningSecretARN is the secret that holds the current private key. It is nil
// where none does: for a key in KMS or in a file, and where keys are borrowed.
func (c *PrivateContent) SigningSecretARN() *string {
	if c.keys.current == nil || c.keys.current.private.SecretARN == "" {
		return nil
	}
	return &c.keys.current.private.SecretARN
}

// SignerRole is what the roles of other accounts assume to sign. It is nil where
// there are none.
func (c *PrivateContent) SignerRole() awsiam.Role { return c.signerRole }

// DeploymentParameter holds the deployment document, the JSON of a
// signer.Deployment.
func (c *PrivateContent) DeploymentParameter() awsssm.StringParameter { return c.parameter }

// SigningPolicy lets whoever it is attached to sign: read the deployment
// document, and use the private keys of every generation. Its ARN never changes,
// so that a rotation touches no app's permissions. Of imported keys it allows
// those in Secrets Manager and KMS; the key that encrypts such a secret, where
// it is one of one's own, is not known here. With borrowed keys it allows every
// secret that the lender's stack has made and tagged signedfront:lends with the
// lender's parameter, and the imported keys that Lender names.
func (c *PrivateContent) SigningPolicy() awsiam.ManagedPolicy { return c.policy }

// GrantSign lets a role sign, by attaching the signing policy. A role that was
// imported must be one of the same account.
func (c *PrivateContent) GrantSign(role awsiam.IRole) {
	if role == nil {
		panic("GrantSign wants a role, and got nil")
	}
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
		{"KeyGroupId", "The keys that the distribution trusts", c.keys.groupID},
		{"SigningSecretArn", "Where the key that signs is kept", c.SigningSecretARN()},
		{"DeploymentParameterName", "Where signers read how to sign", c.parameter.ParameterName()},
		{"SigningPolicyArn", "Attached to a role, this lets it sign", c.policy.ManagedPolicyArn()},
		{"SignerRoleArn", "Assumed by roles of other accounts, this lets them sign", c.signerRoleARN()},
		{contract.RequiredBucketPolicy, "What the policy of the existing bucket must say", c.RequiredBucketPolicy()},
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
