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

// ErrorCode returns the error code of AWS's answer, or "" if there was no answer.
func ErrorCode(err error) string {
	var answer smithy.APIError
	if errors.As(err, &answer) {
		return answer.ErrorCode()
	}
	return ""
}

// Denied reports whether err is of a call that IAM refused.
func Denied(err error) bool {
	switch ErrorCode(err) {
	case "AccessDenied", "AccessDeniedException", "UnauthorizedOperation", "AuthorizationErrorException", "Forbidden":
		return true
	}
	return false
}

// refusal matches the message of a call that IAM refused. The missing action may not be
// that of the call: CloudFormation reads a resource with the rights of the caller.
var refusal = regexp.MustCompile(`is not authorized to perform: "?([a-z0-9-]+:[A-Za-z0-9]+)\b`)

// namesAction reports whether the message of a refused call names the missing action.
func namesAction(err error) bool {
	var answer smithy.APIError
	return errors.As(err, &answer) && refusal.MatchString(answer.ErrorMessage())
}

// isMoved reports whether S3 answered that a bucket is in another Region.
func isMoved(err error) bool {
	return ErrorCode(err) == "PermanentRedirect"
}

// missingRight returns the action that a refused call needs, and a text about it. The
// action is the one that IAM names, or else that of the call.
func missingRight(action string, err error) (missing, why string) {
	why = "these credentials may not use "
	var answer smithy.APIError
	if errors.As(err, &answer) {
		if named := refusal.FindStringSubmatch(answer.ErrorMessage()); named != nil {
			action = named[1]
		}
		if strings.Contains(answer.ErrorMessage(), "explicit deny") {
			return action, why + action + ": a policy denies it explicitly, so allowing it in another policy changes nothing"
		}
	}
	return action, why + action
}

// BadCredentials reports whether err is of a call whose credentials AWS does not accept.
func BadCredentials(err error) bool {
	switch ErrorCode(err) {
	case "ExpiredToken", "ExpiredTokenException", "InvalidClientTokenId", "InvalidAccessKeyId", "UnrecognizedClientException",
		"SignatureDoesNotMatch", "InvalidSignatureException", "InvalidToken", "AuthFailure", "IncompleteSignature", "MissingAuthenticationToken", "RequestExpired", "RequestTimeTooSkewed":
		return true
	}
	return false
}

// Throttled reports whether err is of a call that AWS throttled.
func Throttled(err error) bool {
	code := ErrorCode(err)
	return strings.HasPrefix(code, "Throttl") || strings.HasPrefix(code, "TooManyRequests") || code == "RequestLimitExceeded" || code == "SlowDown" || code == "RequestThrottled"
}

// Unreachable reports whether err is of a call that did not reach AWS.
func Unreachable(err error) bool {
	var unsent *smithyhttp.RequestSendError
	return err != nil && ErrorCode(err) == "" && (errors.As(err, &unsent) || errors.Is(err, context.DeadlineExceeded))
}

// unnamed is the SDK's code for an answer without a code.
const unnamed = "UnknownError"

// Why returns a short reason why a call failed, without the request and the answer.
func Why(err error) string {
	var unsent *smithyhttp.RequestSendError
	var lookup *net.DNSError
	var answer *smithyhttp.ResponseError
	switch code := ErrorCode(err); {
	case Throttled(err):
		return "AWS throttles these calls (" + code + "): try again in a minute"
	case (code == "" || code == unnamed) && errors.As(err, &answer) && answer.HTTPStatusCode() >= 300:
		return fmt.Sprintf("an answer with HTTP status %d is not from AWS: a proxy may have sent it", answer.HTTPStatusCode())
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
	return "the answer cannot be read: a proxy may have sent it"
}
