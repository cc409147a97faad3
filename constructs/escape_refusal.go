package constructs

import (
	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awscloudfront"
	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"

	"github.com/signedfront/signedfront/signer/edge/escapes"
)

// newEscapeRefusal is the function of public behaviors where there are signed
// patterns: without it, an escaped slash in the path of a signed object makes
// the path a public one, see package escapes. Without such patterns there is
// nothing that a path could be hidden from, and it is nil.
//
// Behaviors of one path alone, such as error pages, would not need it, for such
// a pattern matches no escape. They have it too: no escape is in their paths,
// and a rule about which ones need it could be wrong.
func newEscapeRefusal(scope constructs.Construct, p *PrivateContentProps) *[]*awscloudfront.FunctionAssociation {
	if len(p.SignedPaths) == 0 {
		return nil
	}
	hiding := escapes.Of(p.SignedPaths)
	for _, pattern := range p.SignedPaths {
		if *awscdk.Token_IsUnresolved(pattern) {
			hiding = escapes.All() // what it names is not known yet
		}
	}
	function := awscloudfront.NewFunction(scope, jsii.String("EscapeRefusal"), &awscloudfront.FunctionProps{
		FunctionName: saltedName(scope, p.Name+"-escapes"),
		Comment:      jsii.String("Refuses escapes that hide signed paths of " + p.Name),
		Code:         awscloudfront.FunctionCode_FromInline(jsii.String(hiding.Function())),
		Runtime:      awscloudfront.FunctionRuntime_JS_2_0(),
	})
	return &[]*awscloudfront.FunctionAssociation{{
		EventType: awscloudfront.FunctionEventType_VIEWER_REQUEST,
		Function:  function,
	}}
}
