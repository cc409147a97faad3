//go:build signedfront_emulator

package functions

// tags are the build tags of functions that also answer an emulator of
// CloudFormation on the same machine: those of an app that is itself built with
// the tag signedfront_emulator.
const tags = "lambda.norpc,signedfront_emulator"
