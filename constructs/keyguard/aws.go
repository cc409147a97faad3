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
	"github.com/aws/aws-sdk-go-v2/service/cloudfront"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/aws/smithy-go"

	"github.com/signedfront/signedfront/constructs/customresource"
	"github.com/signedfront/signedfront/signer"
	"github.com/signedfront/signedfront/signer/rotation"
)

// AWS is the Account in AWS. The function's role needs
//
//	cloudformation:DescribeStacks          on its stack
//	cloudformation:DescribeStackResource   on its stack
//	ssm:GetParameterHistory                on the parameter
//	cloudfront:GetKeyGroup                 on *
//	cloudfront:GetPublicKey                on *
//	cloudfront:ListDistributionsByKeyGroup on *
//
// IAM knows no key groups and public keys to narrow the last three to:
// https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazoncloudfront.html
type AWS struct {
	stacks     *cloudformation.Client
	cloudFront *cloudfront.Client
	parameters *ssm.Client
}

// The SDK tries a call again that is throttled or gets no answer, for a minute
// or so and while the context lasts.
const (
	maxAttempts = 8
	attemptTime = 10 * time.Second
)

// NewAWS uses the Region, credentials and endpoint of config.
func NewAWS(config aws.Config) *AWS {
	config.RetryMaxAttempts = maxAttempts
	switch client := config.HTTPClient.(type) {
	case nil:
		config.HTTPClient = awshttp.NewBuildableClient().WithTimeout(attemptTime)
	case *awshttp.BuildableClient:
		config.HTTPClient = client.WithTimeout(attemptTime)
	}
	return &AWS{cloudformation.NewFromConfig(config), cloudfront.NewFromConfig(config), ssm.NewFromConfig(config)}
}

// Stack is DescribeStacks of one stack. The answer counts only if it is about
// that stack.
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

// Resource is DescribeStackResource. A resource that was deleted, or whose
// creation failed before it had an id, is none.
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

// KeyGroup is GetKeyGroup.
func (a *AWS) KeyGroup(ctx context.Context, id string) (rotation.KeyGroup, error) {
	out, err := a.cloudFront.GetKeyGroup(ctx, &cloudfront.GetKeyGroupInput{Id: &id})
	if err != nil {
		return rotation.KeyGroup{}, customresource.Failure(ctx, "cloudfront:GetKeyGroup", id, err)
	}
	if out.KeyGroup == nil || out.KeyGroup.KeyGroupConfig == nil {
		return rotation.KeyGroup{}, fmt.Errorf("cloudfront:GetKeyGroup on %s answered no key group", signer.Describe(id, signer.FormName))
	}
	return rotation.KeyGroup{Members: out.KeyGroup.KeyGroupConfig.Items, Modified: aws.ToTime(out.KeyGroup.LastModifiedTime)}, nil
}

// PublicKey is GetPublicKey.
func (a *AWS) PublicKey(ctx context.Context, id string) (PublicKey, error) {
	out, err := a.cloudFront.GetPublicKey(ctx, &cloudfront.GetPublicKeyInput{Id: &id})
	switch {
	case is(err, "NoSuchPublicKey"):
		return PublicKey{}, fmt.Errorf("%w: %s", ErrNoPublicKey, signer.Describe(id, signer.FormID))
	case err != nil:
		return PublicKey{}, customresource.Failure(ctx, "cloudfront:GetPublicKey", id, err)
	case out.PublicKey == nil || out.PublicKey.PublicKeyConfig == nil:
		return PublicKey{}, fmt.Errorf("cloudfront:GetPublicKey on %s answered no public key", signer.Describe(id, signer.FormID))
	}
	return PublicKey{CallerReference: aws.ToString(out.PublicKey.PublicKeyConfig.CallerReference), Created: aws.ToTime(out.PublicKey.CreatedTime)}, nil
}

// History is GetParameterHistory. A version that is no deployment document has
// none.
func (a *AWS) History(ctx context.Context, name string) (versions []rotation.Version, err error) {
	pages := ssm.NewGetParameterHistoryPaginator(a.parameters, &ssm.GetParameterHistoryInput{Name: &name})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		switch {
		case is(err, "ParameterNotFound"):
			return nil, fmt.Errorf("%w: %s", ErrNoParameter, signer.Describe(name, signer.FormName))
		case err != nil:
			return nil, customresource.Failure(ctx, "ssm:GetParameterHistory", name, err)
		}
		for _, v := range page.Parameters {
			document, _ := signer.ParseDeployment([]byte(aws.ToString(v.Value))) // nil if it is none
			versions = append(versions, rotation.Version{Number: v.Version, Modified: aws.ToTime(v.LastModifiedDate), Document: document})
		}
	}
	return versions, nil
}

// Trusting is ListDistributionsByKeyGroup.
func (a *AWS) Trusting(ctx context.Context, keyGroupID string) (distributions []string, err error) {
	in := &cloudfront.ListDistributionsByKeyGroupInput{KeyGroupId: &keyGroupID}
	for {
		out, err := a.cloudFront.ListDistributionsByKeyGroup(ctx, in)
		if err != nil {
			return nil, customresource.Failure(ctx, "cloudfront:ListDistributionsByKeyGroup", keyGroupID, err)
		}
		list := out.DistributionIdList
		if list == nil {
			return nil, fmt.Errorf("cloudfront:ListDistributionsByKeyGroup on %s answered no list", signer.Describe(keyGroupID, signer.FormName))
		}
		distributions = append(distributions, list.Items...)
		if !aws.ToBool(list.IsTruncated) {
			return distributions, nil
		}
		if aws.ToString(list.NextMarker) == "" || aws.ToString(list.NextMarker) == aws.ToString(in.Marker) {
			return nil, fmt.Errorf("cloudfront:ListDistributionsByKeyGroup on %s answered a list that does not go on", signer.Describe(keyGroupID, signer.FormName))
		}
		in.Marker = list.NextMarker
	}
}

// is reports whether an error is AWS's answer of this code.
func is(err error, code string) bool {
	var answer smithy.APIError
	return errors.As(err, &answer) && answer.ErrorCode() == code
}
