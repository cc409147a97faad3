package constructs

import (
	"fmt"
	"strings"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"

	"github.com/signedfront/signedfront/constructs/config"
)

// usEast1 is the only Region of CloudFront's certificates and of the delivery of its
// logs. A stack in another Region has companions there.
const usEast1 = "us-east-1"

// companionKind is a kind of companion of a stack. There are two, because the
// certificate is made before the distribution and its logs after it.
type companionKind struct{ suffix, description string }

var (
	certificateStack = companionKind{"-certificate", "the certificate of its domain"}
	globalStack      = companionKind{"-global", "what watches its distribution"}
)

// inUSEast1 returns the place for a resource that exists only in us-east-1: the stack
// itself if it is there, or else a companion. Several contents of a stack share its
// companions, so each content has a construct of its own there.
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

// leaveCompanions removes the constructs of a content from the companions.
func leaveCompanions(content constructs.Construct) {
	main := topStack(content)
	for _, companion := range companionsOf(main) {
		companion.Node().TryRemoveChild(idInCompanion(main, content))
	}
}

// idInCompanion returns the id of a content's construct in a companion of main.
func idInCompanion(main awscdk.Stack, content constructs.Construct) *string {
	return jsii.String(strings.ReplaceAll(strings.TrimPrefix(*content.Node().Path(), *main.Node().Path()+"/"), "/", "-"))
}

// place is the place of a resource. The stacks are nil if it is in the content's own
// stack.
type place struct {
	scope           constructs.Construct
	main, companion awscdk.Stack
}

// outputForMain returns a reference from the main stack to a value of the companion,
// which is then deployed first. The value is read when the main stack is deployed. An
// export, which the CDK uses without its flag for weak references, would need a
// function in each stack to copy the value between Regions.
func (p *place) outputForMain(id, description string, value *string) *string {
	output := awscdk.NewCfnOutput(p.scope, jsii.String(id), &awscdk.CfnOutputProps{
		Description: jsii.String(description),
		Value:       value,
	})
	p.main.AddStackDependency(p.companion, nil)
	return awscdk.Fn_GetStackOutput(p.companion.StackName(), output.LogicalId(), jsii.String(usEast1), nil)
}

func newCompanion(main awscdk.Stack, kind companionKind) awscdk.Stack {
	var scope constructs.Construct
	jsii.UnsafeCast(main.Node().Scope(), &scope)
	companion := awscdk.NewStack(scope, jsii.String(*main.Node().Id()+kind.suffix), &awscdk.StackProps{
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

// synthesizerOf returns the synthesizer that a stack was given: its bootstrap
// qualifier, roles and bucket for assets. It returns nil if the stack uses the app's.
//
// The CDK binds a copy of the synthesizer to each stack. If a Go program made the
// synthesizer, jsii returns the original, which has no qualifier yet.
func synthesizerOf(stack awscdk.Stack) awscdk.IStackSynthesizer {
	given := stack.Synthesizer()
	if given.BootstrapQualifier() != nil {
		return nil
	}
	return given
}

// companionContext marks a companion, because another stack may have its id.
const companionContext = "signedfront:companion"

// findCompanion returns a companion that was made, or nil.
func findCompanion(main awscdk.Stack, kind companionKind) awscdk.Stack {
	child := siblingOf(main, kind)
	if child == nil || child.Node().TryGetContext(jsii.String(companionContext)) != kind.suffix {
		return nil
	}
	var companion awscdk.Stack
	jsii.UnsafeCast(child, &companion)
	return companion
}

// siblingOf returns the construct that has the id of a companion, or nil. It may be
// no companion.
func siblingOf(main awscdk.Stack, kind companionKind) constructs.IConstruct {
	return main.Node().Scope().Node().TryFindChild(jsii.String(*main.Node().Id() + kind.suffix))
}

// companionsOf returns the companions of a stack.
func companionsOf(main awscdk.Stack) []awscdk.Stack {
	var companions []awscdk.Stack
	for _, kind := range []companionKind{certificateStack, globalStack} {
		if companion := findCompanion(main, kind); companion != nil {
			companions = append(companions, companion)
		}
	}
	return companions
}

// topStack returns the stack of a construct or, if that is nested, the outermost
// stack around it.
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

// checkCompanions reports why a stack cannot have the companions that it needs.
// Region is the place in which the stack's Region can be written.
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
			Found: "missing, although " + strings.Join(settings, " and ") + " may need another stack, in us-east-1",
			Fix:   `write the Region of this stack, such as "eu-west-1"; with us-east-1, no other stack is needed`,
		}}
	}
	var problems config.Problems
	if makesCertificate(p) && p.Domain.HostedZone != nil && *awscdk.Resource_IsOwnedResource(p.Domain.HostedZone) &&
		*topStack(p.Domain.HostedZone).Node().Addr() == *main.Node().Addr() {
		problems = append(problems, config.Problem{
			Path:  "Domain.HostedZone",
			Found: "a zone that this stack makes, although the certificate is validated in it before the stack is deployed",
			Fix:   "make the zone in another stack, or write Certificate",
		})
	}
	const most = 128 // https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_CreateStack.html
	for _, kind := range needed {
		name := *main.StackName() + kind.suffix
		if siblingOf(main, kind) != nil && findCompanion(main, kind) == nil {
			problems = append(problems, config.Problem{
				Path:  safeName(*main.Node().Id() + kind.suffix),
				Found: "an id that is taken, but that a companion of the stack needs",
				Fix:   "choose another id for that construct",
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
