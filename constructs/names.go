package constructs

import (
	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"
)

// saltedName returns <name>-<salt>. All Regions and stacks of an account share the
// names of CloudFront's resources and the caller references of its public keys. The
// salt makes ours unique: the first eight digits of the UUID at the end of the stack's
// id:
//
//	arn:aws:cloudformation:eu-west-1:123456789012:stack/signedfront-dev/50d6f0a0-d2df-11e5-832f-503abc87a9b4
//
// A stack that is made again gets another UUID, so its names differ from those that
// its predecessor left.
func saltedName(scope constructs.Construct, name string) *string {
	uuid := awscdk.Fn_Select(jsii.Number(2), awscdk.Fn_Split(jsii.String("/"), awscdk.Stack_Of(scope).StackId(), nil))
	salt := awscdk.Fn_Select(jsii.Number(0), awscdk.Fn_Split(jsii.String("-"), uuid, nil))
	return jsii.String(name + "-" + *salt)
}
