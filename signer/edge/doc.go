// Package edge is a local CloudFront: an http.Handler made from a synthesized
// CloudFormation template. It serves a folder in place of the bucket.
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
// The edge does what the template says. It makes the key pairs that a deployment
// would make, trusts the key groups that each cache behavior trusts, and checks
// signed URLs and cookies with [signer.Verify]. At the origin it evaluates the
// bucket policy, so a wrong policy fails here as it fails in AWS. To serve a
// borrower, put the lender's template into [Config].Others.
//
// A refusal has the status, headers and body of CloudFront or S3, and the reason in
// the header X-Signedfront-Reason. Finding the reason of a wrong signature is
// limited to a twentieth of one processor's time. In a flood of forged URLs, most
// refusals say only that the signature does not match. [Config].Observe receives a
// [Record] of each request. [Edge.Explain] returns the result of every check of a
// request.
//
// [Edge.Signer] signs as an application of the deployment does. [Edge.Deployment]
// returns the deployment document for such applications.
//
// FIDELITY.md lists what matches the real CloudFront, where the real behavior is
// unknown and the edge takes the strict reading, and what it does not support.
//
// Package template reads the template into package model, which is plain data, and
// this package answers requests from it. The comment of package model says where to
// add a setting, an origin or a custom resource.
//
// # Security
//
// The edge is for the developer's own machine: listen on a loopback address. It
// answers only to the host of its base URL and to [Config].Hosts, so no website can
// reach it under another name. The path of a request is decoded once. Each name
// between its slashes must be, byte for byte, one that the folder lists. The edge
// follows no links, and never serves dot files or private keys.
package edge
