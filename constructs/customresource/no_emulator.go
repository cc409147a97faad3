//go:build !signedfront_emulator

package customresource

import "net/url"

// emulated reports false: a deployed function answers S3 alone.
func emulated(*url.URL) bool { return false }
