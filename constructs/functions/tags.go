//go:build !signedfront_emulator

package functions

// tags are the build tags of the functions. This one leaves out code for Lambda's older
// Go runtime.
const tags = "lambda.norpc"
