// Package novalidation switches the CDK's validation of templates off in a test
// binary that imports it, which is half of a synthesis. One test of package
// constructs runs the app with the validation on.
//
// The CDK's process starts, with the environment as it is then, while the
// bindings' packages are initialized, before TestMain runs. Go initializes a
// package as soon as what it imports is initialized, the first one by import path
// first: this package, which imports os alone, comes before the CDK's runtime,
// which needs os/exec.
// https://go.dev/ref/spec#Program_initialization
package novalidation

import "os"

func init() { os.Setenv("CDK_VALIDATION", "false") }
