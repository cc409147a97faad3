package constructs

import (
	"cmp"
	"fmt"
	"maps"
	"slices"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"

	"github.com/signedfront/signedfront/constructs/config"
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
//
// What is wrong with the environment is reported at once: the error then holds
// [config.Problems]. What the CDK itself refuses, such as a second stack of
// the name, is an error too. An environment that a Go program made may leave out
// the names of its content, which are then those that cdk.json gives.
//
// The tags of the environment are on the stack and its companions, by which
// bills and access policies find them, and on every resource that can have
// tags: not all of those take the stack's by themselves.
func NewEnvironmentStack(scope constructs.Construct, e config.Environment) (made *EnvironmentStack, err error) {
	defer func() {
		if r := recover(); r != nil {
			made, err = nil, fmt.Errorf("environment %s: %w", config.Quote(e.Name), CDKError(r))
		}
	}()
	e.Content.Name = cmp.Or(e.Content.Name, e.StackName())
	e.Content.ParameterName = cmp.Or(e.Content.ParameterName, e.ParameterName())
	e.Content = e.Content.WithDefaults()
	if problems := e.Check(); len(problems) > 0 {
		return nil, fmt.Errorf("environment %s: %w", config.Quote(e.Name), problems)
	}
	stack := awscdk.NewStack(scope, jsii.String(e.StackName()), &awscdk.StackProps{
		Description:           jsii.String(fmt.Sprintf("signedfront: private content of %s, environment %s", e.Project, e.Name)),
		TerminationProtection: jsii.Bool(e.TerminationProtection),
		Env:                   &awscdk.Environment{Account: given(e.Account), Region: given(e.Region)},
		Tags:                  stackTags(e.Tags),
	})
	content, err := newPrivateContent(stack, "Content", &e.Content, "environments."+e.Name+".region")
	if err != nil {
		return nil, err
	}
	content.AddOutputs(stack)
	for _, tagged := range append(content.Companions(), stack) {
		for _, name := range slices.Sorted(maps.Keys(e.Tags)) {
			awscdk.Tags_Of(tagged).Add(jsii.String(name), jsii.String(e.Tags[name]), nil)
		}
	}
	return &EnvironmentStack{Stack: stack, Content: content}, nil
}

func stackTags(tags map[string]string) *map[string]*string {
	values := map[string]*string{}
	for name, value := range tags {
		values[name] = jsii.String(value)
	}
	return &values
}

func given(value string) *string {
	if value == "" {
		return nil
	}
	return &value
}
