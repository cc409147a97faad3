package constructs

import (
	"crypto/sha256"
	"fmt"
	"time"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awscloudfront"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslogs"
	"github.com/aws/aws-cdk-go/awscdk/v2/awss3"
	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"
)

// accessLogFields are the fields of standard logging, except three that can hold
// credentials: cs-uri-query the query of signed URLs, cs(Cookie) signed cookies, and
// cs(Referer) the signed URL of the page with the link.
// https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/standard-logs-reference.html
var accessLogFields = []string{
	"date",
	"time",
	"x-edge-location",
	"sc-bytes",
	"c-ip",
	"cs-method",
	"cs(Host)",
	"cs-uri-stem",
	"sc-status",
	"cs(User-Agent)",
	"x-edge-result-type",
	"x-edge-request-id",
	"x-host-header",
	"cs-protocol",
	"cs-bytes",
	"time-taken",
	"x-forwarded-for",
	"ssl-protocol",
	"ssl-cipher",
	"x-edge-response-result-type",
	"cs-protocol-version",
	"fle-status",
	"fle-encrypted-fields",
	"c-port",
	"time-to-first-byte",
	"x-edge-detailed-result-type",
	"sc-content-type",
	"sc-content-len",
	"sc-range-start",
	"sc-range-end",
}

// newAccessLogs records the requests of the distribution with standard logging v2,
// whose resources exist only in us-east-1.
// https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/standard-logging.html
func newAccessLogs(scope constructs.Construct, p *PrivateContentProps, distribution awscloudfront.Distribution) {
	if p.AccessLogs == nil {
		return
	}
	logs := constructs.NewConstruct(inUSEast1(scope, globalStack).scope, jsii.String("AccessLogs"))
	source := awslogs.NewCfnDeliverySource(logs, jsii.String("Source"), &awslogs.CfnDeliverySourceProps{
		Name:        saltedName(logs, p.Name+"-access"),
		LogType:     jsii.String("ACCESS_LOGS"),
		ResourceArn: distribution.DistributionArn(),
	})
	destination := newLogDestination(logs, p)
	awslogs.NewCfnDelivery(logs, jsii.String("Delivery"), &awslogs.CfnDeliveryProps{
		DeliverySourceName:     source.Ref(),
		DeliveryDestinationArn: destination.AttrArn(),
		RecordFields:           jsii.Strings(accessLogFields...),
	})
}

// newLogDestination makes the destination of the records. A change of the destination
// replaces this resource, which needs a new name: the name contains its kind.
func newLogDestination(logs constructs.Construct, p *PrivateContentProps) awslogs.CfnDeliveryDestination {
	kind, target := "group", (*string)(nil)
	switch {
	case p.AccessLogs.Bucket != nil:
		kind = "bucket"
		bucket := *p.AccessLogs.Bucket.BucketName()
		if !*awscdk.Token_IsUnresolved(bucket) {
			kind = shortHash(bucket)
		}
		letLogsBeWritten(logs, p.AccessLogs.Bucket)
		// Without a prefix here, CloudFormation uses one path when it makes the
		// delivery and another when it changes it:
		// https://github.com/aws-cloudformation/cloudformation-coverage-roadmap/issues/2274
		target = jsii.String(fmt.Sprintf("arn:%s:s3:::%s/cloudfront", *awscdk.Stack_Of(logs).Partition(), bucket))
	case p.AccessLogs.LogGroup != nil:
		kind, target = "loggroup", p.AccessLogs.LogGroup.LogGroupRef().LogGroupArn
		if !*awscdk.Token_IsUnresolved(target) {
			kind = shortHash(*target)
		}
	default:
		target = newLogGroup(logs, p).AttrArn()
	}
	return awslogs.NewCfnDeliveryDestination(logs, jsii.String("Destination"), &awslogs.CfnDeliveryDestinationProps{
		Name:                   saltedName(logs, p.Name+"-"+kind),
		DestinationResourceArn: target,
		OutputFormat:           jsii.String("json"),
	})
}

func shortHash(text string) string { return fmt.Sprintf("%.4x", sha256.Sum256([]byte(text))) }

// letLogsBeWritten lets the log service write to a bucket of the app. Without this
// statement the service would add one itself, and the next change of the bucket's
// policy would remove it.
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/AWS-logs-infrastructure-V2-S3.html
func letLogsBeWritten(logs constructs.Construct, bucket awss3.IBucket) {
	stack := awscdk.Stack_Of(logs)
	account := *stack.Account()
	bucket.AddToResourcePolicy(awsiam.NewPolicyStatement(&awsiam.PolicyStatementProps{
		Principals: &[]awsiam.IPrincipal{awsiam.NewServicePrincipal(jsii.String("delivery.logs.amazonaws.com"), nil)},
		Actions:    jsii.Strings("s3:PutObject"),
		Resources:  &[]*string{bucket.ArnForObjects(jsii.String("cloudfront/*"))},
		Conditions: &map[string]any{
			"StringEquals": map[string]any{"s3:x-amz-acl": "bucket-owner-full-control", "aws:SourceAccount": account},
			"ArnLike":      map[string]any{"aws:SourceArn": fmt.Sprintf("arn:%s:logs:%s:%s:delivery-source:*", *stack.Partition(), usEast1, account)},
		},
	}))
}

// newLogGroup makes the log group, which is kept whenever the content's bucket is
// kept. Its own policy lets the log service write to it. Without one, the service
// adds to a policy of the account, which stays when the stack is deleted: one for all
// log groups below /aws/vendedlogs/, or a statement for each other group until the
// policy is full.
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/AWS-logs-infrastructure-V2-CloudWatchLogs.html
func newLogGroup(logs constructs.Construct, p *PrivateContentProps) awslogs.CfnLogGroup {
	name := saltedName(logs, "/aws/vendedlogs/cloudfront/"+p.Name)
	stack := awscdk.Stack_Of(logs)
	arn := func(rest string) *string {
		return jsii.String(fmt.Sprintf("arn:%s:logs:%s:%s:%s", *stack.Partition(), *stack.Region(), *stack.Account(), rest))
	}
	write := awsiam.NewPolicyStatement(&awsiam.PolicyStatementProps{
		Principals: &[]awsiam.IPrincipal{awsiam.NewServicePrincipal(jsii.String("delivery.logs.amazonaws.com"), nil)},
		Actions:    jsii.Strings("logs:CreateLogStream", "logs:PutLogEvents"),
		Resources:  &[]*string{arn("log-group:" + *name + ":log-stream:*")},
		Conditions: &map[string]any{
			"StringEquals": map[string]any{"aws:SourceAccount": stack.Account()},
			"ArnLike":      map[string]any{"aws:SourceArn": arn("*")},
		},
	})
	group := awslogs.NewCfnLogGroup(logs, jsii.String("Group"), &awslogs.CfnLogGroupProps{
		LogGroupName:    name,
		RetentionInDays: jsii.Number(p.AccessLogs.Retention / (24 * time.Hour)),
		ResourcePolicyDocument: awsiam.NewPolicyDocument(&awsiam.PolicyDocumentProps{
			Statements: &[]awsiam.PolicyStatement{write},
		}),
	})
	group.ApplyRemovalPolicy(removalOf(p), nil)
	return group
}
