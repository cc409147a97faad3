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

// newEscapeRefusal is the function of public behaviors where there are signed
// patterns: without it, an escaped slash in the path of a signed object makes
// the path a public one, see package escapes. Without such patterns it is nil,
// since a public pattern then opens the objects that it names and no others:
// config.Content sees to that, but for patterns that are tokens.
//
// Behaviors of one path alone, such as error pages, would not need it, for such
// a pattern matches no escape. They have it too: no escape is in their paths,
// and a rule about which ones need it could be wrong.
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
