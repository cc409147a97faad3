package constructs

import (
	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsssm"
	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"
)

// newSigningPolicy lets whoever it is attached to sign: read the deployment
// document and the private keys of every generation. It has no name, since IAM
// names are shared by all Regions, and no description, since IAM makes another
// policy where one changes: its ARN stays.
func newSigningPolicy(scope constructs.Construct, parameter awsssm.StringParameter, keys *signingKeys) awsiam.ManagedPolicy {
	var secrets []*string
	for _, key := range keys.generations {
		secrets = append(secrets, key.secret.Ref())
	}
	return awsiam.NewManagedPolicy(scope, jsii.String("SigningPolicy"), &awsiam.ManagedPolicyProps{
		Statements: policyStatements([]statement{
			{actions: []string{"ssm:GetParameter"}, resources: []*string{parameter.ParameterArn()}},
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
