package constructs

import (
	"slices"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awscloudfront"
	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"

	"github.com/signedfront/signedfront/constructs/contract/escapes"
)

func refusesEscapes(p *PrivateContentProps) bool {
	return len(signedPatterns(p)) > 0 || hasUnknownPattern(p)
}

// hasUnknownPattern reports whether a pattern is a token.
func hasUnknownPattern(p *PrivateContentProps) bool {
	return slices.ContainsFunc(slices.Concat(signedPatterns(p), p.PublicPaths, furtherPatterns(p, true)), func(pattern string) bool {
		return *awscdk.Token_IsUnresolved(pattern)
	})
}

// newEscapeRefusal makes the function of public behaviors that protects signed
// patterns: without it, a path with an escaped slash could match a public pattern and
// name a signed object, see package escapes. Without signed patterns it returns nil:
// a public pattern then opens only the objects that it names, which package config
// checks for all patterns except tokens.
//
// Behaviors of a single path, such as error pages, do not need the function, because
// their patterns match no escape. They have it too, because a rule about which
// behaviors need it could be wrong.
func newEscapeRefusal(scope constructs.Construct, p *PrivateContentProps) *[]*awscloudfront.FunctionAssociation {
	if !refusesEscapes(p) {
		return nil
	}
	filter := escapes.NewFilter(signedPatterns(p))
	if hasUnknownPattern(p) {
		filter = escapes.NewFullFilter()
	}
	function := awscloudfront.NewFunction(scope, jsii.String("EscapeRefusal"), &awscloudfront.FunctionProps{
		FunctionName: saltedName(scope, p.Name+"-escapes"),
		Comment:      jsii.String("Refuses escapes that hide signed paths of " + p.Name),
		Code:         awscloudfront.FunctionCode_FromInline(jsii.String(filter.Function())),
		Runtime:      awscloudfront.FunctionRuntime_JS_2_0(),
	})
	return &[]*awscloudfront.FunctionAssociation{{
		EventType: awscloudfront.FunctionEventType_VIEWER_REQUEST,
		Function:  function,
	}}
}
