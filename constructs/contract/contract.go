// Package contract defines the words that the template, the functions inside a
// deployment and the readers of a template share: custom resources with their
// properties and attributes, tags, and the names of parameters, exports and outputs.
// Deployed stacks contain them too, so a change requires a migration.
//
// Package escapes, in a folder below, is the CloudFront Function of a template. It is a
// package of its own because the functions of a deployment import this package but do
// not need that code.
//
// To add a custom resource, start with its words in resources.go. Its provider is a
// package below constructs, package constructs writes it into the template, and package
// signer/edge/template interprets it for the local edge.
package contract
