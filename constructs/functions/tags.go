//go:build !signedfront_emulator

package functions

// tags are the build tags of our functions. This one leaves out what
// Lambda's older Go runtime needed.
const tags = "lambda.norpc"
