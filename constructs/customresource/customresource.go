// Package customresource implements CloudFormation's protocol for custom resources,
// for a provider that runs as a Lambda function.
//
// If a provider does not answer, the stack waits until the resource times out.
// CloudFormation ignores an answer that is too long. A [Handler] therefore always
// answers, whatever its [Provider] does: before the deadline, after a panic, and with
// less than 4,096 bytes.
//
// A request of CloudFormation contains a credential, the presigned ResponseURL. A
// Provider never receives it, and no log and no error contains it.
//
// https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/crpg-ref.html
package customresource

import (
	"context"
	"log/slog"
	"strconv"
)

// Provider creates, updates and deletes the resources of one type.
//
// CloudFormation may deliver a request more than once, also at the same time and after
// an answer: every method must have the same result each time. A method must return
// soon after its context ends.
//
// CloudFormation shows the text of an error to everyone who can see the events of the
// stack: it must not contain secrets, and its first 500 bytes must say what to do.
type Provider interface {
	// Create makes the resource and returns its physical id. If it fails,
	// CloudFormation deletes the resource, with an id that no Create returned, or
	// creates it again.
	Create(ctx context.Context, r Request) (Response, error)

	// Update changes the resource. If its Response has a new physical id,
	// CloudFormation deletes the resource with the old id after the whole stack has
	// been updated. To roll an update back, CloudFormation sends another Update with
	// the previous properties.
	Update(ctx context.Context, r Request) (Response, error)

	// Delete deletes the resource r.PhysicalResourceID. For an id that the provider
	// never returned, it does nothing and succeeds.
	Delete(ctx context.Context, r Request) error
}

// Request is a request of CloudFormation.
type Request struct {
	StackID           string // ARN of the stack
	LogicalResourceID string // id of the resource in the template

	// PhysicalResourceID is the id that the provider gave the resource. It is empty
	// on Create.
	PhysicalResourceID string

	// Properties are the properties of the resource in the template. On Delete they
	// may be those for another version of the provider.
	Properties Properties

	// Log adds the ids of the request to each line.
	Log *slog.Logger
}

// Response is the result of Create or Update.
type Response struct {
	PhysicalResourceID string            // at most 1,024 bytes
	Data               map[string]string // the attributes that Fn::GetAtt reads
}

// Properties are the properties of a custom resource.
type Properties map[string]any

// String returns a property as a string. CloudFormation sends numbers and booleans as
// strings; String also converts those that it receives as numbers and booleans. It
// returns "" for a property that is missing, a list or an object.
func (p Properties) String(name string) string {
	switch value := p[name].(type) {
	case string:
		return value
	case bool:
		return strconv.FormatBool(value)
	case float64:
		return strconv.FormatFloat(value, 'f', -1, 64)
	}
	return ""
}
