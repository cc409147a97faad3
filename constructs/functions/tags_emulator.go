//go:build signedfront_emulator

package functions

// tags are the build tags of functions that also answer an emulator of CloudFormation on
// the same machine. An app that is built with the tag signedfront_emulator uses them.
const tags = "lambda.norpc,signedfront_emulator"
