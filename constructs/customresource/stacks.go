package customresource

import (
	"context"
	"errors"
	"regexp"
	"strings"

	"github.com/signedfront/signedfront/signer"
)

// ErrNoStack is wrapped by errors of Stacks for an unknown stack.
var ErrNoStack = errors.New("CloudFormation does not know the stack")

// Stacks returns what CloudFormation is doing with a stack. It retries throttled calls
// itself. An error of a call that the function's role does not allow wraps ErrDenied.
type Stacks interface {
	// Status returns the status of the stack with an ARN, such as DELETE_IN_PROGRESS.
	Status(ctx context.Context, stackID string) (string, error)
}

// rollingBack reports whether a stack with this status is being rolled back. An Update
// then restores the previous state. If it fails, the stack accepts no other update
// until somebody skips the resource by hand:
// https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/using-cfn-updating-stacks-continueupdaterollback.html
func rollingBack(status string) bool { return strings.HasSuffix(status, "ROLLBACK_IN_PROGRESS") }

// SkipCommand returns the command that finishes a rollback that failed at the resource
// of a request.
func SkipCommand(r Request) string {
	stack := signer.Describe(r.StackID, signer.FormName)
	if parts := stackARN.FindStringSubmatch(r.StackID); parts != nil {
		stack = parts[1]
	}
	return "aws cloudformation continue-update-rollback --stack-name " + stack +
		" --resources-to-skip " + r.LogicalResourceID
}

// stackARN matches the id of a stack, which contains its name and a UUID: https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_CreateStack.html
var stackARN = regexp.MustCompile(`^arn:aws[a-z-]*:cloudformation:[a-z0-9-]+:[0-9]{12}:stack/([A-Za-z][A-Za-z0-9-]{0,127})/[0-9a-f-]{36}$`)
