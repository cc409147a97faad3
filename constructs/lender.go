package constructs

import (
	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awscloudfront"
	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"

	"github.com/signedfront/signedfront/constructs/config"
	"github.com/signedfront/signedfront/constructs/contract"
)

// lendKeyGroup lets other stacks of the account and Region trust a key group.
// It is exported under a name that a borrower knows by the lender's parameter
// alone. CloudFormation deletes no stack, and changes no output, of which
// another stack imports the export:
// https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/using-cfn-stack-exports.html
//
// A borrower of the same app that is given the group's id as a token imports it
// too, whatever the app's flag says of references between stacks.
func lendKeyGroup(scope constructs.Construct, p *PrivateContentProps, group awscloudfront.CfnKeyGroup) {
	awscdk.CrossStackReferences_Of(group).Produce(awscdk.ReferenceStrength_STRONG)
	awscdk.NewCfnOutput(scope, jsii.String("LentKeyGroup"), &awscdk.CfnOutputProps{
		Description: jsii.String("The keys that are lent to other stacks"),
		Value:       group.Ref(),
		ExportName:  jsii.String(contract.KeyGroupExport(p.ParameterName)),
	})
}

// borrowedKeys are those of a lender, which its own key group trusts: a
// rotation there is one here. A lender's stack is referred to by the name of its
// export alone: to deploy a borrower is not to deploy the lender, which has to
// be there.
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

// checkLender reports a lender in the borrower's own stack whose key group is to
// be imported: a stack imports nothing that it exports.
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
