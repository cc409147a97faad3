//go:build !signedfront_emulator

package customresource

import "net/url"

// emulated returns false: a deployed function answers only to S3.
func emulated(*url.URL) bool { return false }
