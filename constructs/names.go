package constructs

import (
	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"
)

// CloudFront's names are shared by all Regions and stacks of an account, and so
// are the caller references of its public keys. What keeps ours apart is a salt,
// the first eight digits of the stack's UUID, which ends its id:
//
//	arn:aws:cloudformation:eu-west-1:123456789012:stack/signedfront-dev/50d6f0a0-d2df-11e5-832f-503abc87a9b4
//
// A stack that is made again gets another UUID, so that its names do not meet
// those that its predecessor left. saltedName is <name>-<salt>.
func saltedName(scope constructs.Construct, name string) *string {
	uuid := awscdk.Fn_Select(jsii.Number(2), awscdk.Fn_Split(jsii.String("/"), awscdk.Stack_Of(scope).StackId(), nil))
	salt := awscdk.Fn_Select(jsii.Number(0), awscdk.Fn_Split(jsii.String("-"), uuid, nil))
	return jsii.String(name + "-" + *salt)
}
