// Package edge is CloudFront on your own machine: an http.Handler that is built
// from a synthesized CloudFormation template and serves a folder in place of
// the bucket.
//
//	objects, err := edge.OpenDir("content")
//	...
//	e, err := edge.New(edge.Config{
//		Template: template, // cdk.out/signedfront-dev.template.json
//		BaseURL:  "http://127.0.0.1:8080",
//		Objects:  objects,
//	})
//	...
//	err = http.ListenAndServe("127.0.0.1:8080", e)
//
// It does what the template says and nothing else. It makes the key pairs that
// the deployment would make, trusts the key groups that a cache behavior trusts,
// and checks signed URLs and cookies with [signer.Verify]. At the origin it
// evaluates the bucket policy, so that a wrong one fails here as it fails in AWS.
// A stack that borrows the keys of another needs the other's template too, in
// [Config].Others. A refusal has the status, headers and body of CloudFront and
// S3, and the reason in the header X-Signedfront-Reason. Why a signature does not
// fit is worked out in a twentieth of one processor's time: of a flood of forged
// URLs, most are told no more than that. [Config].Observe gets a [Record] of each
// request, and [Edge.Explain] says of one what became of every check.
//
// [Edge.Signer] signs as an application of the deployment does, and
// [Edge.Deployment] returns the deployment document for applications that use the
// edge.
//
// What matches the real CloudFront, what is a strict reading because the real
// behavior is not known, and what is not done at all: FIDELITY.md has the list.
//
// Package template reads the template, and package model is what it reads: plain
// data, from which this package answers. The comment of model says where a new
// setting, origin or custom resource goes.
//
// # Security
//
// The edge is for one's own machine: listen on a loopback address. It answers
// to the host of its base URL, and to those of [Config].Hosts, alone, so that no
// website can reach it under another name. The path of a request is decoded once, and each name between
// its slashes is looked up, byte for byte, among those that the folder there
// lists: no link is followed, and dot files and private keys are never served.
package edge
