package customresource

import (
	"context"
	"errors"
	"fmt"
	"net"

	"github.com/aws/smithy-go"

	"github.com/signedfront/signedfront/signer"
)

// ErrDenied is wrapped by errors of calls that IAM denied. New permissions of a role
// take some seconds to become valid everywhere, so a call that is denied at first can
// succeed later:
// https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot.html#troubleshoot_general_eventual-consistency
var ErrDenied = errors.New("access denied")

// Failure returns an error for a failed call to AWS that a provider may return: with
// the error code of the service, or the reason why there was no answer. It leaves out
// the service's message and the SDK's errors, which can quote the request and the
// response. Action is IAM's name of the call.
func Failure(ctx context.Context, action, resource string, err error) error {
	resource = signer.Describe(resource, signer.FormName)
	var answer smithy.APIError
	var network *net.OpError
	var name *net.DNSError
	switch {
	case errors.As(err, &answer):
		switch code := answer.ErrorCode(); code {
		case "AccessDenied", "AccessDeniedException", "InvalidAccessKeyId", "InvalidClientTokenId", "UnrecognizedClientException":
			return fmt.Errorf("%w: the function's role may not use %s on %s (%s)", ErrDenied, action, resource, code)
		default:
			return fmt.Errorf("%s on %s answered %.100s", action, resource, code)
		}
	case ctx.Err() != nil:
		err = ctx.Err()
	case errors.As(err, &network):
		err = network
	case errors.As(err, &name):
		err = name
	default:
		err = errors.New("no answer that could be read")
	}
	return fmt.Errorf("%s on %s: %w", action, resource, err)
}
