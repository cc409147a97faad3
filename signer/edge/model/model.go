// Package model describes a deployed stack as far as requests for its content
// go. It is data alone: package template reads it from a template, and package
// edge answers requests from it.
//
// What is new goes to one place in each of the three:
//
//   - A setting of a cache behavior, an origin or a bucket is a field here. The
//     function of package template that reads the resource fills it, and edge
//     acts on it.
//   - A second origin is another [Origin] of [Behavior] already. Which objects
//     its bucket has is for edge to say, in its originOf.
//   - An algorithm of keys is package signer's: there is none here.
//   - A custom resource is a word of constructs/contract, and what its attributes
//     are is said in the function assign of package template.
package model

import (
	"github.com/signedfront/signedfront/constructs/contract/escapes"
	"github.com/signedfront/signedfront/signer"
)

// Stack is what a stack serves and how it signs.
type Stack struct {
	Distribution *Distribution

	// Document is the deployment document, with the lender's key if the stack
	// borrows. Nil: the stack has none.
	Document *signer.Deployment

	// Key is the private key that Document names. Nil: its owner has it.
	Key *signer.PrivateKey

	// Unknown names what of the template the edge does not know, and what takes
	// its place. It is empty unless template.Options.StandIn was asked.
	Unknown []string
}

// Distribution is an AWS::CloudFront::Distribution.
type Distribution struct {
	// Place is where the template has its DistributionConfig, for errors.
	Place string

	// Server names the server of CloudFront's that answers, in the header Via.
	Server string

	// Behaviors are the cache behaviors in CloudFront's order. The last one is
	// the default, and covers every path.
	Behaviors []*Behavior

	// PublicKeys are those of the template by their key pair ids, in a key group
	// or not.
	PublicKeys map[string]*signer.PublicKey

	// RootObject is the object for /, without a slash. Empty: there is none.
	RootObject string

	// ErrorPages are the custom error responses, by the status that they stand in
	// for.
	ErrorPages map[int]ErrorPage
}

// Behavior is a cache behavior. The zero value trusts no key, and refuses
// everything.
type Behavior struct {
	// PathPattern starts with a slash or a star.
	PathPattern string

	// Unknown says why it is not known who gets what. Every request is refused
	// unless it is empty.
	Unknown string

	Methods []string

	// Public opens the behavior to all. Otherwise only what one of TrustedKeys
	// has signed is allowed.
	Public      bool
	TrustedKeys map[string]*signer.PublicKey // by key pair id

	Origin     *Origin
	Forwarding []Forwarding
	Headers    *HeadersPolicy // nil: none

	// Escapes refuses paths that may hide a signed one. Nil: there is no such
	// function.
	Escapes *escapes.Filter
}

// ErrorPage is a custom error response: the path of the page that CloudFront
// answers in place of an error, and the status that goes with it.
// https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/GeneratingCustomErrorResponses.html
type ErrorPage struct {
	Path   string
	Status int
}

// Forwarding is what of a viewer's request reaches the origin: headers, and
// parameters of the query.
// https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/controlling-origin-requests.html
type Forwarding struct{ Headers, Query Selection }

// Selection is a choice of names. The zero value chooses none.
type Selection struct {
	All   bool // but those of Names
	Names []string
}

// HeadersPolicy is a response headers policy: what CloudFront adds to, and takes
// from, the answers of the origin.
// https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/understanding-response-headers-policies.html
type HeadersPolicy struct {
	Remove []string
	CORS   *CORSPolicy // nil: none
	Add    []Header
}

// Header is a header that a policy adds.
type Header struct {
	Name, Value string
	Override    bool // replaces what the origin sent, instead of yielding to it
}

// CORSPolicy is the CORS part of a response headers policy.
// https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/understanding-response-headers-policies.html#understanding-response-headers-policies-cors
type CORSPolicy struct {
	Origins, Methods, Headers, ExposedHeaders []string

	Credentials bool
	MaxAge      string // seconds; empty: not said
	Override    bool   // replaces what the origin sent, instead of yielding to it
}
