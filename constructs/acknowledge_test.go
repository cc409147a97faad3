package constructs

import (
	"testing"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awss3"
	"github.com/aws/aws-cdk-go/awscdk/v2/awssqs"
	"github.com/aws/jsii-runtime-go"
)

func TestAcknowledgementsStandOnTheResourceForCdkNagToRead(t *testing.T) {
	app, outdir := newApp(t, nil)
	stack := awscdk.NewStack(app, jsii.String("Stack"), nil)
	bucket := awss3.NewBucket(stack, jsii.String("Bucket"), nil)
	queue := awssqs.NewCfnQueue(stack, jsii.String("Queue"), nil)
	acknowledge(bucket, "AwsSolutions-S1", "it is read by nobody")
	acknowledge(bucket, "AwsSolutions-S10", "it is empty", "Action::s3:*", "Resource::*")
	acknowledge(queue, "AwsSolutions-SQS3", "it is a dead letter queue itself")
	app.Synth(nil)

	template := readTemplate(t, outdir, "Stack")
	want := map[string]string{
		"AWS::S3::Bucket": `{"rules_to_suppress": [
			{"id": "AwsSolutions-S1", "reason": "it is read by nobody"},
			{"id": "AwsSolutions-S10", "reason": "it is empty", "applies_to": ["Action::s3:*", "Resource::*"]}
		]}`,
		"AWS::SQS::Queue": `{"rules_to_suppress": [{"id": "AwsSolutions-SQS3", "reason": "it is a dead letter queue itself"}]}`,
	}
	for id, resource := range template.Resources {
		wantJSON(t, id, resource.Metadata["cdk_nag"], want[resource.Type])
	}
	if len(template.Resources) != len(want) {
		t.Errorf("%d resources, want %d", len(template.Resources), len(want))
	}
}
