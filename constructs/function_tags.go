//go:build !signedfront_emulator

package constructs

// functionTags are the build tags of our functions. This one leaves out what
// Lambda's older Go runtime needed.
const functionTags = "lambda.norpc"
