package constructs

import (
	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awscloudfront"
	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"

	"github.com/signedfront/signedfront/constructs/config"
	"github.com/signedfront/signedfront/constructs/contract"
)

// lendKeyGroup exports a key group, so that other stacks of the account and Region can
// trust it. The name of the export follows from the lender's parameter name.
// CloudFormation does not delete a stack, or change its output, while another stack
// imports the export:
// https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/using-cfn-stack-exports.html
//
// A borrower in the same app that gets the group's id as a token imports it too,
// whatever the app's flag for references between stacks says.
func lendKeyGroup(scope constructs.Construct, p *PrivateContentProps, group awscloudfront.CfnKeyGroup) {
	awscdk.CrossStackReferences_Of(group).Produce(awscdk.ReferenceStrength_STRONG)
	awscdk.NewCfnOutput(scope, jsii.String("LentKeyGroup"), &awscdk.CfnOutputProps{
		Description: jsii.String("The keys that are lent to other stacks"),
		Value:       group.Ref(),
		ExportName:  jsii.String(contract.KeyGroupExport(p.ParameterName)),
	})
}

// borrowedKeys returns the keys of a lender, with the lender's own key group: a
// rotation of the lender is also one of the borrower. The borrower refers to the
// lender only by the name of its export, so deploying a borrower does not deploy the
// lender, which must exist.
func borrowedKeys(scope constructs.Construct, lender *config.Lender) *signingKeys {
	id := jsii.String(lender.KeyGroupID)
	if lender.KeyGroupID == "" {
		id = awscdk.Fn_ImportValue(jsii.String(contract.KeyGroupExport(lender.ParameterName)))
	}
	return &signingKeys{
		lender: lender,
		group:  awscloudfront.KeyGroup_FromKeyGroupId(scope, jsii.String("LenderKeyGroup"), id),
	}
}

// checkLender reports a lender in the borrower's own stack without a KeyGroupID: a
// stack cannot import its own export.
func checkLender(scope constructs.Construct, p *PrivateContentProps) config.Problems {
	if p.Lender == nil || p.Lender.KeyGroupID != "" || p.Lender.StackName != *awscdk.Stack_Of(scope).StackName() {
		return nil
	}
	return config.Problems{{
		Path:  "Lender.KeyGroupID",
		Found: "missing, with a lender in the same stack",
		Fix:   "write the id of the lender's key group: a stack cannot import its own export",
	}}
}
