package constructs

import (
	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"

	"github.com/signedfront/signedfront/constructs/contract"
)

// stackTag is the tag with the stack's name on every resource of a stack. Only
// CloudFormation can set it, because AWS reserves names that start with aws:.
// https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/aws-properties-resource-tags.html
const stackTag = "aws:cloudformation:stack-name"

// newSigningPolicy makes the managed policy that lets a role sign: read the deployment
// document and use the private keys of every generation, or of the lender. Its ARN must
// not change. It has no name, because all Regions share the names of IAM, and no
// description, because a changed description makes a new policy.
//
// The ARN of the document's parameter is built from its name. A reference would make
// the policy depend on the document, which depends on the policy.
func newSigningPolicy(scope constructs.Construct, p *PrivateContentProps, keys *signingKeys) awsiam.ManagedPolicy {
	documents := statement{actions: []string{"ssm:GetParameter"}, resources: []*string{parameterARN(scope, p.ParameterName)}}
	secrets := statement{actions: []string{"secretsmanager:GetSecretValue"}}
	kmsKeys := statement{actions: []string{"kms:GetPublicKey", "kms:Sign"}}
	allow := func(secretARN, kmsARN string) {
		switch {
		case secretARN != "":
			secrets.resources = append(secrets.resources, jsii.String(secretARN))
		case kmsARN != "":
			kmsKeys.resources = append(kmsKeys.resources, jsii.String(kmsARN))
		}
	}
	for _, key := range keys.generations {
		allow(key.private.SecretARN, key.private.KMSARN)
	}
	var lent statement
	if keys.lender != nil {
		documents.resources = append(documents.resources, parameterARN(scope, keys.lender.ParameterName))
		for _, key := range keys.lender.ImportedKeys {
			allow(key.SecretARN, key.KMSARN)
		}
		// The tag and the stack's name also match secrets that the lender makes later, so
		// a rotation of the lender needs no deployment of the borrower.
		// https://docs.aws.amazon.com/service-authorization/latest/reference/list_awssecretsmanager.html
		const tag = "secretsmanager:ResourceTag/"
		lent = statement{
			actions: secrets.actions,
			resources: []*string{awscdk.Stack_Of(scope).FormatArn(&awscdk.ArnComponents{
				Service:      jsii.String("secretsmanager"),
				Resource:     jsii.String("secret"),
				ResourceName: jsii.String("*"),
				ArnFormat:    awscdk.ArnFormat_COLON_RESOURCE_NAME,
			})},
			equal: map[string]any{
				tag + contract.LendsTag: keys.lender.ParameterName,
				tag + stackTag:          keys.lender.StackName,
			},
		}
	}
	policy := awsiam.NewManagedPolicy(scope, jsii.String("SigningPolicy"), &awsiam.ManagedPolicyProps{
		Statements: policyStatements([]statement{documents, lent, secrets, kmsKeys}),
	})
	if keys.lender != nil {
		acknowledge(policy, "AwsSolutions-IAM5", "Which secrets the lender will make is not known here. Of all secrets, those that its stack has made and tagged are allowed.",
			onResource(scope, lent.resources[0]))
	}
	return policy
}

// parameterARN returns the ARN of a parameter of the stack's account and Region.
func parameterARN(scope constructs.Construct, name string) *string {
	return awscdk.Stack_Of(scope).FormatArn(&awscdk.ArnComponents{
		Service:   jsii.String("ssm"),
		Resource:  jsii.String("parameter" + name), // the name, which may be a token, starts with the slash
		ArnFormat: awscdk.ArnFormat_NO_RESOURCE_NAME,
	})
}

// statement allows actions on resources, if the values of equal match.
type statement struct {
	actions   []string
	resources []*string
	equal     map[string]any
}

// policyStatements returns the statements that have resources.
func policyStatements(statements []statement) *[]awsiam.PolicyStatement {
	var allowed []awsiam.PolicyStatement
	for _, s := range statements {
		if len(s.resources) == 0 {
			continue
		}
		props := &awsiam.PolicyStatementProps{
			Actions:   jsii.Strings(s.actions...),
			Resources: &s.resources,
		}
		if s.equal != nil {
			props.Conditions = &map[string]any{"StringEquals": s.equal}
		}
		allowed = append(allowed, awsiam.NewPolicyStatement(props))
	}
	return &allowed
}
