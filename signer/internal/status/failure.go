package status

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"regexp"
	"strings"

	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"
)

// Denied reports a call that IAM refused.
func Denied(err error) bool {
	switch codeOf(err) {
	case "AccessDenied", "AccessDeniedException", "UnauthorizedOperation", "AuthorizationErrorException", "Forbidden":
		return true
	}
	return false
}

// refusal matches what IAM says of a call that it refused. It names the action that
// is missing, which need not be that of the call: CloudFormation reads a resource with
// the rights of the caller.
var refusal = regexp.MustCompile(`is not authorized to perform: "?([a-z0-9-]+:[A-Za-z0-9]+)\b`)

// missingRight is the action of IAM that a refused call lacks, and why it is known to
// be refused: action, unless IAM names another.
func missingRight(action string, err error) (missing, why string) {
	why = "these credentials may not use "
	var answer smithy.APIError
	if errors.As(err, &answer) {
		if named := refusal.FindStringSubmatch(answer.ErrorMessage()); named != nil {
			action = named[1]
		}
		if strings.Contains(answer.ErrorMessage(), "explicit deny") {
			return action, why + action + ": a policy denies it, so that to allow it changes nothing"
		}
	}
	return action, why + action
}

// BadCredentials reports a call whose credentials AWS does not take.
func BadCredentials(err error) bool {
	switch codeOf(err) {
	case "ExpiredToken", "ExpiredTokenException", "InvalidClientTokenId", "InvalidAccessKeyId", "UnrecognizedClientException",
		"SignatureDoesNotMatch", "InvalidSignatureException", "InvalidToken", "AuthFailure", "IncompleteSignature", "MissingAuthenticationToken", "RequestExpired", "RequestTimeTooSkewed":
		return true
	}
	return false
}

// Throttled reports a call that AWS put off.
func Throttled(err error) bool {
	code := codeOf(err)
	return strings.HasPrefix(code, "Throttl") || strings.HasPrefix(code, "TooManyRequests") || code == "RequestLimitExceeded" || code == "SlowDown" || code == "RequestThrottled"
}

// Unreachable reports a call that did not reach AWS.
func Unreachable(err error) bool {
	var unsent *smithyhttp.RequestSendError
	return err != nil && codeOf(err) == "" && (errors.As(err, &unsent) || errors.Is(err, context.DeadlineExceeded))
}

// unnamed is the code that the SDK gives to an answer without one.
const unnamed = "UnknownError"

// Why says in few words why a call failed, without the request and the answer.
func Why(err error) string {
	var unsent *smithyhttp.RequestSendError
	var lookup *net.DNSError
	var answer *smithyhttp.ResponseError
	switch code := codeOf(err); {
	case Throttled(err):
		return "AWS throttles these calls (" + code + "): try again in a minute"
	case (code == "" || code == unnamed) && errors.As(err, &answer) && answer.HTTPStatusCode() >= 300:
		return fmt.Sprintf("the answer, of HTTP status %d, is not one of AWS: a proxy may have given it", answer.HTTPStatusCode())
	case code != "":
		return fmt.Sprintf("AWS answered %.100s", code)
	case errors.As(err, &lookup):
		return "the name of the service cannot be looked up"
	case errors.As(err, &unsent):
		var request *url.Error
		if errors.As(err, &request) {
			return "AWS cannot be reached: " + request.Err.Error()
		}
		return "AWS cannot be reached"
	case errors.Is(err, context.Canceled):
		return "interrupted"
	case errors.Is(err, context.DeadlineExceeded):
		return "AWS did not answer in time"
	}
	return "the answer cannot be read: a proxy may have given it"
}
