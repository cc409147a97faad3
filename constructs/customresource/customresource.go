// Package customresource is CloudFormation's protocol for custom resources,
// for a provider that runs as a Lambda function.
//
// A provider that does not answer leaves a stack waiting until the resource
// times out, and an answer that is too long counts as none. So whatever a
// [Provider] does, a [Handler] answers: within the deadline, after a panic, in
// less than 4,096 bytes.
//
// The request of CloudFormation holds a credential, the presigned ResponseURL.
// A Provider never gets to see it, and it is in no log and no error.
//
// https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/crpg-ref.html
package customresource

import (
	"context"
	"log/slog"
	"strconv"
)

// Provider makes, changes and removes the resources of one type.
//
// CloudFormation may deliver a request more than once, also at the same time,
// and may send requests again that have been answered: every method must come
// to the same result each time. A method ends soon after its context does.
//
// An error's text is what CloudFormation shows to everyone who can see the
// stack's events: it must not hold secrets, and its first 500 bytes must tell
// what to do.
type Provider interface {
	// Create makes the resource and names it. Where it fails, CloudFormation
	// goes on to delete the resource, by an id that no Create returned, or to
	// create it again.
	Create(ctx context.Context, r Request) (Response, error)

	// Update changes the resource. A new physical id in its Response tells
	// CloudFormation to delete the resource of the old id once the whole
	// stack has been updated. To roll an update back CloudFormation sends
	// another Update, with the properties of before.
	Update(ctx context.Context, r Request) (Response, error)

	// Delete removes the resource that r.PhysicalResourceID names. For an id
	// that the provider never returned it does nothing and succeeds.
	Delete(ctx context.Context, r Request) error
}

// Request is what CloudFormation asks for.
type Request struct {
	StackID           string // ARN of the stack
	LogicalResourceID string // id of the resource in the template

	// PhysicalResourceID is what the provider named the resource. It is empty
	// on Create.
	PhysicalResourceID string

	// Properties are the resource's, as the template has them. On Delete they
	// can be those that another version of the provider was given.
	Properties Properties

	// Log writes lines that name the request.
	Log *slog.Logger
}

// Response is the resource that Create or Update arrived at.
type Response struct {
	PhysicalResourceID string            // at most 1,024 bytes
	Data               map[string]string // the attributes that Fn::GetAtt reads
}

// Properties are the properties of a custom resource.
type Properties map[string]any

// String is the property of this name. CloudFormation sends numbers and
// booleans as strings; one that comes as itself is read as if it had. A
// property that is missing or is no single value is the empty string.
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
