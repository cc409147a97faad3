package customresource

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/aws/aws-lambda-go/cfn"

	"github.com/signedfront/signedfront/constructs/contract"
)

// CloudFormation's limits, in bytes. It ignores a longer answer:
// https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/crpg-ref-responses.html
const (
	maxAnswer     = 4096
	maxPhysicalID = 1024
)

// maxReason is the most bytes of a reason, which people read in the events of a stack.
const maxReason = 500

type answer struct {
	status cfn.StatusType
	body   []byte
}

// newAnswer returns the answer to a request for which the Provider returned response
// and err.
func newAnswer(event cfn.Event, response Response, err error) answer {
	if err == nil && event.RequestType != cfn.RequestDelete {
		switch n := len(response.PhysicalResourceID); {
		case n == 0:
			err = errors.New("the function has a fault: it named no physical id")
		case n > maxPhysicalID:
			err = fmt.Errorf("the function has a fault: its physical id has %d bytes, CloudFormation accepts %d", n, maxPhysicalID)
		}
	}
	if err == nil {
		body := encode(event, response, nil)
		if len(body) < maxAnswer {
			return answer{cfn.StatusSuccess, body}
		}
		err = fmt.Errorf("the function has a fault: its answer has %d bytes, CloudFormation accepts less than %d", len(body), maxAnswer)
	}
	return answer{cfn.StatusFailed, encode(event, response, err)}
}

func encode(event cfn.Event, response Response, err error) []byte {
	wire := cfn.Response{
		Status:             cfn.StatusSuccess,
		RequestID:          event.RequestID,
		LogicalResourceID:  event.LogicalResourceID,
		StackID:            event.StackID,
		PhysicalResourceID: physicalID(event, response, err),
	}
	if err != nil {
		wire.Status = cfn.StatusFailed
		wire.Reason = reason(err)
	} else if len(response.Data) > 0 {
		wire.Data = make(map[string]any, len(response.Data))
		for name, value := range response.Data {
			wire.Data[name] = value
		}
	}
	var body bytes.Buffer
	encoder := json.NewEncoder(&body)
	encoder.SetEscapeHTML(false) // six bytes for each <, > and &
	if err := encoder.Encode(wire); err != nil {
		panic(err) // strings always encode
	}
	return bytes.TrimSuffix(body.Bytes(), []byte("\n"))
}

// physicalID returns the physical id of an answer. After a failed Update it is the id
// of the existing resource: with another id, CloudFormation would delete that
// resource. The answer to a Delete must repeat the id of the request.
func physicalID(event cfn.Event, response Response, err error) string {
	switch {
	case err == nil && event.RequestType != cfn.RequestDelete:
		return response.PhysicalResourceID
	case event.PhysicalResourceID != "":
		return event.PhysicalResourceID
	}
	return contract.NotCreatedID + event.RequestID
}

// reason returns the text of an error for CloudFormation: one line of printable text
// of at most maxReason bytes.
func reason(err error) string {
	text := strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(err.Error(), "?"))
	if text == "" {
		return "the function failed"
	}
	if len(text) <= maxReason {
		return text
	}
	const more = "…"
	end := maxReason - len(more)
	for !utf8.RuneStart(text[end]) {
		end--
	}
	return text[:end] + more
}
