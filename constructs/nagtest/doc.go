// Package nagtest runs cdk-nag's rules AwsSolutions over the stacks. It has tests
// alone, and is a module of its own, so that cdk-nag never becomes a dependency
// of the programs that import the constructs:
//
//	go test -C constructs/nagtest ./...
//
// That needs Go and Node.js.
package nagtest
