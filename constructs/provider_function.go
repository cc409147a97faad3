package constructs

import (
	"time"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslambda"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslogs"
	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"

	"github.com/signedfront/signedfront/constructs/functions"
)

// providerFunction is a function of ours behind a custom resource. Its log
// group belongs to the stack and goes with it, and it may not make another.
type providerFunction struct {
	construct constructs.Construct
	function  awslambda.Function
	role      awsiam.Role
}

type providerFunctionProps struct {
	description string
	source      functions.Function
	timeout     time.Duration
	statements  []statement
}

func newProviderFunction(scope constructs.Construct, id string, builder *functionBuilder, props *providerFunctionProps) (*providerFunction, error) {
	construct := constructs.NewConstruct(scope, jsii.String(id))
	// The path of an asset differs where nothing is built, and the template is
	// to be the same.
	construct.Node().SetContext(jsii.String("aws:cdk:enable-asset-metadata"), false)

	logs := awslogs.NewLogGroup(construct, jsii.String("Logs"), &awslogs.LogGroupProps{
		Retention:     awslogs.RetentionDays_ONE_MONTH,
		RemovalPolicy: awscdk.RemovalPolicy_DESTROY,
	})
	statements := append([]statement{{
		actions:   []string{"logs:CreateLogStream", "logs:PutLogEvents"},
		resources: []*string{logs.LogGroupArn()}, // it ends in :*, its streams
	}, {
		// What a request is part of: the end of the stack, or a rollback.
		actions:   []string{"cloudformation:DescribeStacks"},
		resources: []*string{awscdk.Stack_Of(construct).StackId()},
	}}, props.statements...)
	role := awsiam.NewRole(construct, jsii.String("Role"), &awsiam.RoleProps{
		AssumedBy: awsiam.NewServicePrincipal(jsii.String("lambda.amazonaws.com"), nil),
		InlinePolicies: &map[string]awsiam.PolicyDocument{
			"Provider": awsiam.NewPolicyDocument(&awsiam.PolicyDocumentProps{Statements: policyStatements(statements)}),
		},
	})
	function, err := builder.newFunction(construct, "Function", props.source, awslambda.FunctionProps{
		Description: jsii.String(props.description),
		MemorySize:  jsii.Number(512), // the share of a processor grows with it, and RSA keys want one
		Timeout:     seconds(props.timeout),
		Role:        role,
		LogGroup:    logs,
		// A run that crashed, or whose answer could not be delivered, gets a
		// second chance a minute later, while CloudFormation still waits.
		// Everything our functions do may be done twice. A third run would
		// come when CloudFormation has given up.
		RetryAttempts: jsii.Number(1),
	})
	if err != nil {
		return nil, err
	}
	return &providerFunction{construct: construct, function: function, role: role}, nil
}

// runsTimeout is how long CloudFormation waits for a function that has little to
// do. Within it comes the second run of one that crashed, a minute later.
const runsTimeout = 2 * time.Minute

// newCustomResource makes a custom resource of the function. CloudFormation
// gives up waiting for an answer after the timeout, rather than after an hour.
func (p *providerFunction) newCustomResource(scope constructs.Construct, id, resourceType string, timeout time.Duration, properties map[string]any) awscdk.CustomResource {
	resource := awscdk.NewCustomResource(scope, jsii.String(id), &awscdk.CustomResourceProps{
		ServiceToken:   p.function.FunctionArn(),
		ResourceType:   jsii.String(resourceType),
		ServiceTimeout: seconds(timeout),
		Properties:     &properties,
	})
	// The rights of the function change before the custom resource does, and
	// outlive it; and it is never called with Lambda's own number of retries.
	resource.Node().AddDependency(p.role, p.function.Node().FindChild(jsii.String("EventInvokeConfig")))
	return resource
}

func seconds(d time.Duration) awscdk.Duration {
	return awscdk.Duration_Seconds(jsii.Number(d.Seconds()))
}
