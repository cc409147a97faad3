package customresource

import (
	"context"
	"errors"
	"regexp"
	"strings"

	"github.com/signedfront/signedfront/signer"
)

// ErrNoStack is wrapped by the errors of Stacks that do not know a stack.
var ErrNoStack = errors.New("CloudFormation does not know the stack")

// Stacks tells what CloudFormation is doing with a stack. It tries throttled
// calls again by itself. A call that the function's role does not allow wraps
// ErrDenied.
type Stacks interface {
	// Status is the stack's, such as DELETE_IN_PROGRESS, by the stack's ARN.
	Status(ctx context.Context, stackID string) (string, error)
}

// rollingBack reports whether CloudFormation is taking back what it has done to
// a stack of this status. An Update then puts back what was, and where it fails
// the stack takes no other update until somebody skips the resource by hand:
// https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/using-cfn-updating-stacks-continueupdaterollback.html
func rollingBack(status string) bool { return strings.HasSuffix(status, "ROLLBACK_IN_PROGRESS") }

// SkipCommand returns the command by which somebody frees a stack whose rollback
// has failed at the resource of a request.
func SkipCommand(r Request) string {
	stack := signer.Describe(r.StackID, signer.FormName)
	if parts := stackARN.FindStringSubmatch(r.StackID); parts != nil {
		stack = parts[1]
	}
	return "aws cloudformation continue-update-rollback --stack-name " + stack +
		" --resources-to-skip " + r.LogicalResourceID
}

// stackARN matches the id of a stack, which CloudFormation has made of a name and
// a UUID: https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_CreateStack.html
var stackARN = regexp.MustCompile(`^arn:aws[a-z-]*:cloudformation:[a-z0-9-]+:[0-9]{12}:stack/([A-Za-z][A-Za-z0-9-]{0,127})/[0-9a-f-]{36}$`)
