package bucketemptier

import (
	"context"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"

	"github.com/signedfront/signedfront/constructs/customresource"
)

// CloudFormation is the Stacks of AWS CloudFormation. The function's role needs
// cloudformation:DescribeStacks on its own stack.
type CloudFormation struct {
	client *cloudformation.Client
}

// describeTime is for one attempt at DescribeStacks, of maxAttempts.
const describeTime = 10 * time.Second

// NewCloudFormation uses the Region, credentials and endpoint of config.
func NewCloudFormation(config aws.Config) *CloudFormation {
	return &CloudFormation{cloudformation.NewFromConfig(config, func(o *cloudformation.Options) {
		o.RetryMaxAttempts = maxAttempts
		if client, ok := o.HTTPClient.(*awshttp.BuildableClient); ok {
			o.HTTPClient = client.WithTimeout(describeTime)
		}
	})}
}

// Status is DescribeStacks of one stack. The answer counts only if it is about
// that stack: a name can belong to another one by now, and without a name
// CloudFormation describes all.
func (c *CloudFormation) Status(ctx context.Context, stackID string) (string, error) {
	if stackID == "" {
		return "", fmt.Errorf("%w: the request names none", ErrNoStack)
	}
	out, err := c.client.DescribeStacks(ctx, &cloudformation.DescribeStacksInput{StackName: &stackID})
	if codeOf(err) == "ValidationError" {
		return "", fmt.Errorf("%w: %s", ErrNoStack, stackID)
	}
	if err != nil {
		return "", customresource.Failure(ctx, "cloudformation:DescribeStacks", stackID, err)
	}
	for _, stack := range out.Stacks {
		if aws.ToString(stack.StackId) == stackID {
			return string(stack.StackStatus), nil
		}
	}
	return "", fmt.Errorf("%w: %s", ErrNoStack, stackID)
}
