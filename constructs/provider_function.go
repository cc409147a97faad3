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

// providerFunction is a function that provides custom resources. Its log group belongs
// to the stack and is deleted with it. The function may not make another log group.
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
	// The path of an asset depends on whether it was built, but the template must not.
	construct.Node().SetContext(jsii.String("aws:cdk:enable-asset-metadata"), false)

	logs := awslogs.NewLogGroup(construct, jsii.String("Logs"), &awslogs.LogGroupProps{
		Retention:     awslogs.RetentionDays_ONE_MONTH,
		RemovalPolicy: awscdk.RemovalPolicy_DESTROY,
	})
	statements := append([]statement{{
		actions:   []string{"logs:CreateLogStream", "logs:PutLogEvents"},
		resources: []*string{logs.LogGroupArn()}, // ends with :*, its streams
	}, {
		// To find out whether a request is part of a rollback or a deletion of the stack.
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
		MemorySize:  jsii.Number(512), // processor time grows with memory, and RSA keys need it
		Timeout:     seconds(props.timeout),
		Role:        role,
		LogGroup:    logs,
		// Lambda runs a function again, a minute later, if it crashed or could not
		// deliver its answer. CloudFormation then still waits. Everything that these
		// functions do may be done twice. A third run would come too late.
		RetryAttempts: jsii.Number(1),
	})
	if err != nil {
		return nil, err
	}
	return &providerFunction{construct: construct, function: function, role: role}, nil
}

// runsTimeout is how long CloudFormation waits for a function with a short task. It
// allows for a second run, a minute after a crash.
const runsTimeout = 2 * time.Minute

// newCustomResource makes a custom resource of the function. CloudFormation waits for
// an answer until the timeout, instead of an hour.
func (p *providerFunction) newCustomResource(scope constructs.Construct, id, resourceType string, timeout time.Duration, properties map[string]any) awscdk.CustomResource {
	resource := awscdk.NewCustomResource(scope, jsii.String(id), &awscdk.CustomResourceProps{
		ServiceToken:   p.function.FunctionArn(),
		ResourceType:   jsii.String(resourceType),
		ServiceTimeout: seconds(timeout),
		Properties:     &properties,
	})
	// The function's permissions are made before the custom resource and deleted after
	// it, and so is its number of retries.
	resource.Node().AddDependency(p.role, p.function.Node().FindChild(jsii.String("EventInvokeConfig")))
	return resource
}

func seconds(d time.Duration) awscdk.Duration {
	return awscdk.Duration_Seconds(jsii.Number(d.Seconds()))
}
