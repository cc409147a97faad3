// Package nagtest checks the stacks with cdk-nag's rules AwsSolutions. It contains only
// tests and is a module of its own, so programs that import the constructs do not depend
// on cdk-nag:
//
//	go test -C constructs/nagtest ./...
//
// The tests need Go and Node.js.
package nagtest
