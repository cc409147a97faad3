package bucketemptier

import (
	"context"
	"errors"
)

// ErrNoStack is wrapped by the errors of Stacks that do not know a stack.
var ErrNoStack = errors.New("CloudFormation does not know the stack")

// Stacks tells what CloudFormation is doing with a stack. It tries throttled
// calls again by itself. A call that the function's role does not allow wraps
// customresource.ErrDenied.
type Stacks interface {
	// Status is the stack's, such as DELETE_IN_PROGRESS, by the stack's ARN.
	Status(ctx context.Context, stackID string) (string, error)
}

// going reports whether everything in a stack of this status is on its way out:
// the stack is being deleted, or its first creation has failed. In an update,
// and in what cleans up after one, a Delete says no more than that the custom
// resource has left the template, or goes by another logical id now.
//
// https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/view-stack-events.html#cfn-console-view-stack-status-codes
func going(status string) bool {
	return status == "DELETE_IN_PROGRESS" || status == "ROLLBACK_IN_PROGRESS"
}
