package keyguard

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	cloudformationtypes "github.com/aws/aws-sdk-go-v2/service/cloudformation/types"
	"github.com/aws/smithy-go"

	"github.com/signedfront/signedfront/constructs/customresource"
	"github.com/signedfront/signedfront/signer"
	"github.com/signedfront/signedfront/signer/awsrotation"
	"github.com/signedfront/signedfront/signer/rotation"
)

// AWS is an Account that reads from AWS. The function's role needs
//
//	cloudformation:DescribeStacks          on its stack
//	cloudformation:DescribeStackResource   on its stack
//	ssm:GetParameterHistory                on the parameter
//	cloudfront:GetKeyGroup                 on *
//	cloudfront:GetPublicKey                on *
//	cloudfront:ListDistributionsByKeyGroup on *
//
// IAM cannot restrict the last three to a key group or a public key:
// https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazoncloudfront.html
type AWS struct {
	stacks *cloudformation.Client
	keys   *awsrotation.Reader
}

// Retries of the SDK after throttling or without an answer, for about a minute and
// until the context ends.
const (
	maxAttempts = 8
	attemptTime = 10 * time.Second
)

// NewAWS returns an AWS that uses the Region, credentials and endpoint of config.
func NewAWS(config aws.Config) *AWS {
	config.RetryMaxAttempts = maxAttempts
	switch client := config.HTTPClient.(type) {
	case nil:
		config.HTTPClient = awshttp.NewBuildableClient().WithTimeout(attemptTime)
	case *awshttp.BuildableClient:
		config.HTTPClient = client.WithTimeout(attemptTime)
	}
	return &AWS{cloudformation.NewFromConfig(config), awsrotation.New(config)}
}

// Stack returns a stack from DescribeStacks. It ignores other stacks in the answer.
func (a *AWS) Stack(ctx context.Context, stackID string) (Stack, error) {
	out, err := a.stacks.DescribeStacks(ctx, &cloudformation.DescribeStacksInput{StackName: &stackID})
	if err != nil {
		return Stack{}, customresource.Failure(ctx, "cloudformation:DescribeStacks", stackID, err)
	}
	for _, found := range out.Stacks {
		if aws.ToString(found.StackId) != stackID {
			continue
		}
		s := Stack{Status: string(found.StackStatus), Exports: map[string]string{}}
		for _, output := range found.Outputs {
			s.Exports[aws.ToString(output.ExportName)] = aws.ToString(output.OutputValue)
		}
		return s, nil
	}
	return Stack{}, fmt.Errorf("%w: %s", customresource.ErrNoStack, signer.Describe(stackID, signer.FormName))
}

// Resource returns a physical id from DescribeStackResource. It fails with
// ErrNoResource for a resource that was deleted, or that failed before it had an id.
func (a *AWS) Resource(ctx context.Context, stackID, logicalID string) (string, error) {
	none := fmt.Errorf("%w: %s", ErrNoResource, signer.Describe(logicalID, signer.FormName))
	out, err := a.stacks.DescribeStackResource(ctx, &cloudformation.DescribeStackResourceInput{StackName: &stackID, LogicalResourceId: &logicalID})
	switch {
	case is(err, "ValidationError"):
		return "", none
	case err != nil:
		return "", customresource.Failure(ctx, "cloudformation:DescribeStackResource", logicalID, err)
	case out.StackResourceDetail == nil || aws.ToString(out.StackResourceDetail.PhysicalResourceId) == "":
		return "", none
	}
	switch out.StackResourceDetail.ResourceStatus {
	case cloudformationtypes.ResourceStatusDeleteComplete, cloudformationtypes.ResourceStatusDeleteSkipped:
		return "", none
	}
	return *out.StackResourceDetail.PhysicalResourceId, nil
}

// KeyGroup calls GetKeyGroup.
func (a *AWS) KeyGroup(ctx context.Context, id string) (rotation.KeyGroup, error) {
	return told(ctx, func() (rotation.KeyGroup, error) { return a.keys.KeyGroup(ctx, id) })
}

// PublicKey calls GetPublicKey.
func (a *AWS) PublicKey(ctx context.Context, id string) (awsrotation.PublicKey, error) {
	return told(ctx, func() (awsrotation.PublicKey, error) { return a.keys.PublicKey(ctx, id) })
}

// History calls GetParameterHistory. A version that is not a deployment document has a
// nil Document.
func (a *AWS) History(ctx context.Context, name string) ([]rotation.Version, error) {
	return told(ctx, func() ([]rotation.Version, error) { return a.keys.History(ctx, name) })
}

// Trusting calls ListDistributionsByKeyGroup.
func (a *AWS) Trusting(ctx context.Context, keyGroupID string) (distributions []string, err error) {
	return told(ctx, func() ([]string, error) { return a.keys.Trusting(ctx, keyGroupID) })
}

// told calls a method of awsrotation and converts its error for a provider.
func told[T any](ctx context.Context, call func() (T, error)) (T, error) {
	found, err := call()
	var failed *awsrotation.CallError
	if errors.As(err, &failed) {
		err = customresource.Failure(ctx, failed.Action, failed.Resource, failed.Err)
	}
	return found, err
}

// is reports whether an error is an answer of AWS with this code.
func is(err error, code string) bool {
	var answer smithy.APIError
	return errors.As(err, &answer) && answer.ErrorCode() == code
}
