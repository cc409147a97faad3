// Package contract holds the words on which the template, the functions inside
// a deployment and the readers of a template agree, each written once: custom
// resources with their properties and attributes, tags, and the names of
// parameters, exports and outputs. Deployed stacks hold them too, so that none
// of them can change without a migration.
//
// Package escapes, below this one, is the CloudFront Function that a template
// carries and a reader of the template knows. It is a package of its own because
// the functions of a deployment import this one and need nothing of that code.
//
// A new custom resource starts here, in resources.go. Its provider is a package
// below constructs, constructs writes it into the template, and
// signer/edge/template says what the local edge makes of it.
package contract
