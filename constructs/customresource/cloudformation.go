package customresource

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/smithy-go"

	"github.com/signedfront/signedfront/signer"
)

// CloudFormation is a Stacks that asks AWS CloudFormation. The function's role needs
// cloudformation:DescribeStacks on its own stack.
type CloudFormation struct {
	client *cloudformation.Client
}

// Retries of DescribeStacks after throttling or without an answer, for about a minute
// and until the context ends.
const (
	describeAttempts = 8
	describeTime     = 10 * time.Second // of one attempt
)

// NewCloudFormation returns a CloudFormation that uses the Region, credentials and
// endpoint of config.
func NewCloudFormation(config aws.Config) *CloudFormation {
	return &CloudFormation{cloudformation.NewFromConfig(config, func(o *cloudformation.Options) {
		o.RetryMaxAttempts = describeAttempts
		if client, ok := o.HTTPClient.(*awshttp.BuildableClient); ok {
			o.HTTPClient = client.WithTimeout(describeTime)
		}
	})}
}

// Status returns the status of one stack from DescribeStacks. It ignores other stacks
// in the answer: a name may now belong to another stack, and without a name
// CloudFormation describes all stacks.
func (c *CloudFormation) Status(ctx context.Context, stackID string) (string, error) {
	if stackID == "" {
		return "", fmt.Errorf("%w: the request names none", ErrNoStack)
	}
	out, err := c.client.DescribeStacks(ctx, &cloudformation.DescribeStacksInput{StackName: &stackID})
	var answer smithy.APIError
	if errors.As(err, &answer) && answer.ErrorCode() == "ValidationError" {
		return "", fmt.Errorf("%w: %s", ErrNoStack, signer.Describe(stackID, signer.FormName))
	}
	if err != nil {
		return "", Failure(ctx, "cloudformation:DescribeStacks", stackID, err)
	}
	for _, stack := range out.Stacks {
		if aws.ToString(stack.StackId) == stackID {
			return string(stack.StackStatus), nil
		}
	}
	return "", fmt.Errorf("%w: %s", ErrNoStack, signer.Describe(stackID, signer.FormName))
}
