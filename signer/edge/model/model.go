// Package model describes a deployed stack as far as requests for its content need
// it. It holds data only: package template reads it from a template, and package
// edge answers requests from it.
//
// To add something:
//
//   - A setting of a cache behavior, an origin or a bucket is a field here. The
//     function of package template that reads the resource fills it, and edge
//     acts on it.
//   - A second origin is another [Origin] of a [Behavior]. The function originOf
//     of package edge selects the objects of its bucket.
//   - A key algorithm belongs in package signer.
//   - A custom resource has its name in constructs/contract, and its attributes
//     in the function assign of package template.
package model

import (
	"github.com/signedfront/signedfront/constructs/contract/escapes"
	"github.com/signedfront/signedfront/signer"
)

// Stack is what a stack serves and how it signs.
type Stack struct {
	Distribution *Distribution

	// Document is the deployment document. If the stack borrows, it has the
	// lender's key. If the stack has no document, it is nil.
	Document *signer.Deployment

	// Key is the private key that Document names. It is nil if the edge does not
	// have it.
	Key *signer.PrivateKey

	// Unknown lists the parts of the template that the edge does not know, and what
	// replaces each. It is empty if template.Options.StandIn is nil.
	Unknown []string
}

// Distribution is an AWS::CloudFront::Distribution.
type Distribution struct {
	// Place is the place of its DistributionConfig in the template, for error
	// texts.
	Place string

	// Server is the name of the CloudFront server in the header Via.
	Server string

	// Behaviors are the cache behaviors in CloudFront's order. The last is the
	// default behavior, for every other path.
	Behaviors []*Behavior

	// PublicKeys are the template's public keys by key pair id, including those in
	// no key group.
	PublicKeys map[string]*signer.PublicKey

	// RootObject is the object for /, without a slash. It is empty if there is
	// none.
	RootObject string

	// ErrorPages are the custom error responses, by the status that each replaces.
	ErrorPages map[int]ErrorPage
}

// Behavior is a cache behavior. The zero value trusts no key and refuses every
// request.
type Behavior struct {
	// PathPattern starts with a slash or a star.
	PathPattern string

	// Unknown says what the edge does not know about who has access. If it is not
	// empty, every request is refused.
	Unknown string

	Methods []string

	// Public opens the behavior to all. Otherwise a request needs a signature by
	// one of TrustedKeys.
	Public      bool
	TrustedKeys map[string]*signer.PublicKey // by key pair id

	Origin     *Origin
	Forwarding []Forwarding
	Headers    *HeadersPolicy // nil: none

	// Escapes refuses public paths whose escapes could hide a signed path. If nil,
	// the behavior has no such function.
	Escapes *escapes.Filter
}

// ErrorPage is a custom error response: the path of the page that CloudFront sends
// instead of an error, and its status.
// https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/GeneratingCustomErrorResponses.html
type ErrorPage struct {
	Path   string
	Status int
}

// Forwarding selects the headers and query parameters of a viewer's request that
// CloudFront forwards to the origin.
// https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/controlling-origin-requests.html
type Forwarding struct{ Headers, Query Selection }

// Selection is a choice of names. The zero value selects none.
type Selection struct {
	All   bool // all except Names
	Names []string
}

// HeadersPolicy is a response headers policy: the headers that CloudFront adds to
// the origin's response and removes from it.
// https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/understanding-response-headers-policies.html
type HeadersPolicy struct {
	Remove []string
	CORS   *CORSPolicy // nil: none
	Add    []Header
}

// Header is a header that a policy adds.
type Header struct {
	Name, Value string
	Override    bool // replaces the origin's header; otherwise the origin's stays
}

// CORSPolicy is the CORS part of a response headers policy.
// https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/understanding-response-headers-policies.html#understanding-response-headers-policies-cors
type CORSPolicy struct {
	Origins, Methods, Headers, ExposedHeaders []string

	Credentials bool
	MaxAge      string // seconds; empty: none
	Override    bool   // replaces the origin's headers; otherwise the origin's stay
}
