package constructs

import (
	"fmt"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"

	"github.com/signedfront/signedfront/constructs/environment"
)

// EnvironmentStack is the stack of one environment.
type EnvironmentStack struct {
	Stack   awscdk.Stack
	Content *PrivateContent
}

// NewEnvironmentStack makes the stack of one environment, named after project
// and environment, with its private content and its outputs. It is protected
// from being deleted unless it is ephemeral. Without account and Region it goes
// wherever its deployer is, and its template is the same for everyone.
func NewEnvironmentStack(scope constructs.Construct, e environment.Environment) (*EnvironmentStack, error) {
	stack := awscdk.NewStack(scope, jsii.String(e.StackName()), &awscdk.StackProps{
		Description:           jsii.String(fmt.Sprintf("signedfront: private content of %s, environment %s", e.Project, e.Name)),
		TerminationProtection: jsii.Bool(e.TerminationProtection),
		Env:                   &awscdk.Environment{Account: given(e.Account), Region: given(e.Region)},
	})
	content, err := newPrivateContent(stack, "Content", &e.Content, "environments."+e.Name+".region")
	if err != nil {
		return nil, err
	}
	content.AddOutputs(stack)
	return &EnvironmentStack{Stack: stack, Content: content}, nil
}

func given(value string) *string {
	if value == "" {
		return nil
	}
	return &value
}
