// Package schematest checks that cdk.schema.json and package config accept the same
// settings. It contains only tests and is a module of its own, so programs that import
// the constructs do not depend on a validator of JSON Schema:
//
//	go test -C constructs/config/schematest ./...
package schematest
