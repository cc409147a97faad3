package constructs

import (
	"fmt"
	"strings"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"

	"github.com/signedfront/signedfront/constructs/config"
)

// usEast1 is the one Region from which CloudFront takes certificates, and in
// which it hands logs over. A stack elsewhere has companions there.
const usEast1 = "us-east-1"

// companionKind is one of the companions of a stack. They are two because the
// distribution stands between them: a certificate is made before it, and what
// observes it after it.
type companionKind struct{ suffix, description string }

var (
	certificateStack = companionKind{"-certificate", "the certificate of its domain"}
	globalStack      = companionKind{"-global", "what watches its distribution"}
)

// inUSEast1 is where something that exists only in us-east-1 is made: in the
// stack itself if it is there, else in a companion, under a construct of the
// content's own, since several contents of a stack share its companions.
func inUSEast1(scope constructs.Construct, kind companionKind) *place {
	main := topStack(scope)
	if *main.Region() == usEast1 {
		return &place{scope: scope}
	}
	companion := findCompanion(main, kind)
	if companion == nil {
		companion = newCompanion(main, kind)
	}
	return &place{
		scope:     constructs.NewConstruct(companion, idInCompanion(main, scope)),
		main:      main,
		companion: companion,
	}
}

// leaveCompanions removes what a content has in the companions of its stack.
func leaveCompanions(content constructs.Construct) {
	main := topStack(content)
	for _, companion := range companionsOf(main) {
		companion.Node().TryRemoveChild(idInCompanion(main, content))
	}
}

// idInCompanion is the id, in a companion of main, of what belongs to a content.
func idInCompanion(main awscdk.Stack, content constructs.Construct) *string {
	return jsii.String(strings.ReplaceAll(strings.TrimPrefix(*content.Node().Path(), *main.Node().Path()+"/"), "/", "-"))
}

// place is where something is made. Its stacks are nil where that is the stack
// of the content itself.
type place struct {
	scope           constructs.Construct
	main, companion awscdk.Stack
}

// outputForMain lets the main stack read a value of the companion, which it
// then waits for. It is read when the main stack is deployed. An export would
// take a function in each stack to carry it from Region to Region, and is what
// an app gets that does not set the CDK's flag for weak references.
func (p *place) outputForMain(id, description string, value *string) *string {
	output := awscdk.NewCfnOutput(p.scope, jsii.String(id), &awscdk.CfnOutputProps{
		Description: jsii.String(description),
		Value:       value,
	})
	p.main.AddStackDependency(p.companion, nil)
	return awscdk.Fn_GetStackOutput(p.companion.StackName(), output.LogicalId(), jsii.String(usEast1), nil)
}

func newCompanion(main awscdk.Stack, kind companionKind) awscdk.Stack {
	var beside constructs.Construct
	jsii.UnsafeCast(main.Node().Scope(), &beside)
	companion := awscdk.NewStack(beside, jsii.String(*main.Node().Id()+kind.suffix), &awscdk.StackProps{
		StackName:             jsii.String(*main.StackName() + kind.suffix),
		Description:           jsii.String(fmt.Sprintf("signedfront: of %s, %s", *main.StackName(), kind.description)),
		Env:                   &awscdk.Environment{Account: resolved(main.Account()), Region: jsii.String(usEast1)},
		TerminationProtection: main.TerminationProtection(),
		Tags:                  main.Tags().TagValues(),
		Synthesizer:           synthesizerOf(main),
	})
	companion.Node().SetContext(jsii.String(companionContext), kind.suffix)
	awscdk.CrossStackReferences_Of(companion).Consume(awscdk.ReferenceStrength_WEAK)
	return companion
}

// synthesizerOf is what a stack was given to be synthesized and deployed by: its
// bootstrap qualifier, roles and bucket for assets. It is nil where the stack has
// what the app gives to all.
//
// The CDK binds a copy of it to each stack, which takes no other. For the copy
// of an object that a Go program made, jsii hands back the object itself, of no
// qualifier yet.
func synthesizerOf(stack awscdk.Stack) awscdk.IStackSynthesizer {
	given := stack.Synthesizer()
	if given.BootstrapQualifier() != nil {
		return nil
	}
	return given
}

// companionContext marks a companion: somebody else's stack may have its id.
const companionContext = "signedfront:companion"

// findCompanion is a companion that was made, or nil.
func findCompanion(main awscdk.Stack, kind companionKind) awscdk.Stack {
	child := besideOf(main, kind)
	if child == nil || child.Node().TryGetContext(jsii.String(companionContext)) != kind.suffix {
		return nil
	}
	var companion awscdk.Stack
	jsii.UnsafeCast(child, &companion)
	return companion
}

// besideOf is what has the id of a companion, ours or not.
func besideOf(main awscdk.Stack, kind companionKind) constructs.IConstruct {
	return main.Node().Scope().Node().TryFindChild(jsii.String(*main.Node().Id() + kind.suffix))
}

// companionsOf are the companions that a stack has.
func companionsOf(main awscdk.Stack) []awscdk.Stack {
	var companions []awscdk.Stack
	for _, kind := range []companionKind{certificateStack, globalStack} {
		if companion := findCompanion(main, kind); companion != nil {
			companions = append(companions, companion)
		}
	}
	return companions
}

// topStack is the stack that holds a construct, or the one in which that one is
// nested.
func topStack(scope constructs.IConstruct) awscdk.Stack {
	stack := awscdk.Stack_Of(scope)
	for stack.NestedStackParent() != nil {
		stack = stack.NestedStackParent()
	}
	return stack
}

func resolved(value *string) *string {
	if *awscdk.Token_IsUnresolved(value) {
		return nil
	}
	return value
}

// checkCompanions reports what keeps a stack from having the companions that it
// needs. Region is where its Region can be written.
func checkCompanions(scope constructs.Construct, p *PrivateContentProps, region string) config.Problems {
	var needed []companionKind
	var settings []string
	if makesCertificate(p) {
		needed, settings = append(needed, certificateStack), append(settings, "Domain without Certificate")
	}
	if p.AccessLogs != nil {
		needed, settings = append(needed, globalStack), append(settings, "AccessLogs")
	}
	if len(needed) == 0 {
		return nil
	}
	main := topStack(scope)
	if *main.Region() == usEast1 {
		return nil
	}
	if *awscdk.Token_IsUnresolved(main.Region()) {
		return config.Problems{{
			Path:  region,
			Found: "not written, though " + strings.Join(settings, " and ") + " may take another stack, in us-east-1",
			Fix:   `write the Region of this stack, such as "eu-west-1"; with us-east-1, there is no other`,
		}}
	}
	var problems config.Problems
	if makesCertificate(p) && p.Domain.HostedZone != nil && *awscdk.Resource_IsOwnedResource(p.Domain.HostedZone) &&
		*topStack(p.Domain.HostedZone).Node().Addr() == *main.Node().Addr() {
		problems = append(problems, config.Problem{
			Path:  "Domain.HostedZone",
			Found: "a zone that this stack makes, though the certificate is validated in it before the stack is deployed",
			Fix:   "make the zone in another stack, or write Certificate",
		})
	}
	const most = 128 // https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_CreateStack.html
	for _, kind := range needed {
		name := *main.StackName() + kind.suffix
		if besideOf(main, kind) != nil && findCompanion(main, kind) == nil {
			problems = append(problems, config.Problem{
				Path:  safeName(*main.Node().Id() + kind.suffix),
				Found: "an id that is taken, where a companion of the stack would stand",
				Fix:   "choose another id for what has it",
			})
		}
		if len(name) > most {
			problems = append(problems, config.Problem{
				Path:  "the stack's name",
				Found: fmt.Sprintf("its companion %s would have %d characters", safeName(name), len(name)),
				Fix:   fmt.Sprintf("shorten it to %d at most", most-len(kind.suffix)),
			})
		}
	}
	return problems
}
