// Package novalidation turns off the CDK's validation of templates in a test binary that
// imports it. The validation takes half the time of a synthesis. One test of package
// constructs runs the app with it.
//
// The CDK's process starts while the packages of its bindings are initialized, before
// TestMain, and gets the environment of that moment. Go initializes packages in the
// order of their import paths, each as soon as its own imports are initialized: this
// package imports only os, so it comes before the CDK's runtime, which needs os/exec.
// https://go.dev/ref/spec#Program_initialization
package novalidation

import "os"

func init() { os.Setenv("CDK_VALIDATION", "false") }
