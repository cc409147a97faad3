package constructs

import (
	"strings"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"
)

// newSigningPolicy lets whoever it is attached to sign: read the deployment
// document and the private keys of every generation. It has no name, since IAM
// names are shared by all Regions, and no description, since IAM makes another
// policy where one changes: its ARN stays.
//
// The ARN of the document's parameter is made of its name: a reference would
// have the policy wait for the document, which has to wait for the policy.
func newSigningPolicy(scope constructs.Construct, parameterName string, keys *signingKeys) awsiam.ManagedPolicy {
	parameterARN := awscdk.Stack_Of(scope).FormatArn(&awscdk.ArnComponents{
		Service:      jsii.String("ssm"),
		Resource:     jsii.String("parameter"),
		ResourceName: jsii.String(strings.TrimPrefix(parameterName, "/")),
	})
	var secrets []*string
	for _, key := range keys.generations {
		secrets = append(secrets, key.secret.Ref())
	}
	return awsiam.NewManagedPolicy(scope, jsii.String("SigningPolicy"), &awsiam.ManagedPolicyProps{
		Statements: policyStatements([]statement{
			{actions: []string{"ssm:GetParameter"}, resources: []*string{parameterARN}},
			{actions: []string{"secretsmanager:GetSecretValue"}, resources: secrets},
		}),
	})
}

// statement allows actions on resources.
type statement struct {
	actions   []string
	resources []*string
}

func policyStatements(statements []statement) *[]awsiam.PolicyStatement {
	var allowed []awsiam.PolicyStatement
	for _, s := range statements {
		allowed = append(allowed, awsiam.NewPolicyStatement(&awsiam.PolicyStatementProps{
			Actions:   jsii.Strings(s.actions...),
			Resources: &s.resources,
		}))
	}
	return &allowed
}
