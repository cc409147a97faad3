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

// NewEnvironment makes the stack <project>-<environment> with the private content of
// the environment and its outputs. Without an account and a Region, the stack is
// deployed to the default account and Region, and its template is the same for both.
//
// One error reports all mistakes in the environment: it wraps [config.Problems]. An
// error of the CDK, such as a second stack of the same name, is returned as an error
// too. An environment that a Go program made may leave out the Name and the
// ParameterName of its content, which then have the same values as for cdk.json.
//
// The tags of the environment are on the stack and its companions, for bills and
// access policies, and on every resource that can have tags, because some resources
// do not get the stack's tags.
func NewEnvironment(scope constructs.Construct, e config.Environment) (stack awscdk.Stack, content *PrivateContent, err error) {
	defer func() {
		if r := recover(); r != nil {
			stack, content, err = nil, nil, fmt.Errorf("environment %s: %w", config.Quote(e.Name), CDKError(r))
		}
	}()
	e.Content.Name = cmp.Or(e.Content.Name, e.StackName())
	e.Content.ParameterName = cmp.Or(e.Content.ParameterName, e.ParameterName())
	e.Content = e.Content.WithDefaults()
	if problems := e.Check(); len(problems) > 0 {
		return nil, nil, fmt.Errorf("environment %s: %w", config.Quote(e.Name), problems)
	}
	stack = awscdk.NewStack(scope, jsii.String(e.StackName()), &awscdk.StackProps{
		Description:           jsii.String(fmt.Sprintf("signedfront: private content of %s, environment %s", e.Project, e.Name)),
		TerminationProtection: jsii.Bool(e.TerminationProtection),
		Env:                   &awscdk.Environment{Account: optional(e.Account), Region: optional(e.Region)},
		Tags:                  stackTags(e.Tags),
	})
	named := constructs.NewConstruct(stack, jsii.String("Named"))
	content, err = newPrivateContent(stack, "Content", propsOf(named, &e.Content), "environments."+e.Name+".region")
	if err != nil {
		return nil, nil, err
	}
	content.AddOutputs(stack)
	for _, tagged := range append(content.Companions(), stack) {
		for _, name := range slices.Sorted(maps.Keys(e.Tags)) {
			awscdk.Tags_Of(tagged).Add(jsii.String(name), jsii.String(e.Tags[name]), nil)
		}
	}
	return stack, content, nil
}

func stackTags(tags map[string]string) *map[string]*string {
	values := map[string]*string{}
	for name, value := range tags {
		values[name] = jsii.String(value)
	}
	return &values
}

// optional returns nil for an empty text, as the CDK's optional props need it.
func optional(text string) *string {
	if text == "" {
		return nil
	}
	return &text
}
