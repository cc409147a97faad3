// Package schematest compares cdk.schema.json with package config: what one takes
// the other takes. It has tests alone, and is a module of its own, so that a
// validator of JSON Schema never becomes a dependency of the programs that import
// the constructs:
//
//	go test -C constructs/config/schematest ./...
package schematest
