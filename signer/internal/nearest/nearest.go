// Package nearest finds the byte of a signed URL that was changed on the way.
package nearest

import (
	"context"
	"fmt"
	"iter"
	"strings"
	"time"

	"github.com/signedfront/signedfront/signer"
)

// Searchable reports whether a changed byte of the URL can be the cause of a verdict.
func Searchable(v *signer.Verdict) bool {
	switch v.Reason {
	case signer.ReasonSignature, signer.ReasonSignatureEncoding, signer.ReasonPolicyEncoding, signer.ReasonPolicyFormat:
		return !v.Cookies
	}
	return false
}

// MaxTime is the longest time for a search that somebody waits for.
const MaxTime = 3 * time.Second

// maxURL is the length of the longest URL that is searched, in bytes.
const maxURL = 2048

// Find returns the URL that was signed, if it differs from the URL of a request in one
// byte or in two swapped bytes of the path or the query. The result is certain: the
// signature in it matches. Find tries up to some hundred thousand URLs. It gives up when
// ctx ends, so bound it.
func Find(ctx context.Context, r signer.Request, keys map[string]*signer.PublicKey) (signed string, found bool) {
	if len(r.URL) > maxURL {
		return "", false
	}
	for url := range near(r.URL) {
		if ctx.Err() != nil {
			return "", false
		}
		r.URL = url
		if Fits(signer.Verify(r, keys)) {
			return url, true
		}
	}
	return "", false
}

// Fits reports whether the signature in a URL is that of the key for the policy, even if
// the policy now allows nothing.
func Fits(v signer.Verdict) bool {
	if v.Cookies {
		return false // they were verified, not the URL
	}
	switch v.Reason {
	case signer.ReasonExpired, signer.ReasonNotYetValid, signer.ReasonAddress, signer.ReasonOtherResource:
		return true
	}
	return v.Allowed
}

// Change describes the edit that turns the URL that arrived into the signed one, a result
// of Find, as in
//
//	byte 24 is "t", not "q"
//
// Bytes count from 0.
func Change(signed, arrived string) string {
	i := 0
	for i < min(len(signed), len(arrived)) && signed[i] == arrived[i] {
		i++
	}
	switch {
	case len(signed) < len(arrived):
		return fmt.Sprintf("byte %d, %q, is left out", i, arrived[i:i+1])
	case len(signed) > len(arrived):
		return fmt.Sprintf("%q is added at byte %d", signed[i:i+1], i)
	case signed[i+1:] == arrived[i+1:]:
		return fmt.Sprintf("byte %d is %q, not %q", i, signed[i:i+1], arrived[i:i+1])
	}
	return fmt.Sprintf("bytes %d and %d, %q, change places", i, i+1, arrived[i:i+2])
}

// The bytes that occur in the parts of a signed URL.
const (
	digits    = "0123456789"
	letters   = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
	inBase64  = letters + digits + "-_~"
	inTargets = letters + digits + "-_~./%+=!$'(),:;@*&"
)

// near yields the URLs that become url if one byte of the path or query is
// added, replaced or lost, or two are swapped. The likelier ones come first, and
// those that differ in the long values last. A url without a path has none.
func near(url string) iter.Seq[string] {
	scheme, rest, _ := strings.Cut(url, "://")
	host, _, _ := strings.Cut(rest, "/")
	start := len(scheme) + len("://") + len(host) + len("/") // beyond the end if there is no path
	return func(yield func(string) bool) {
		for i := start; i < len(url); i++ {
			if !yield(url[:i]+url[i+1:]) || i > start && url[i] != url[i-1] && !yield(url[:i-1]+url[i:i+1]+url[i-1:i]+url[i+1:]) {
				return
			}
		}
		for _, long := range []bool{false, true} {
			for i := start; i <= len(url); i++ {
				bytes := bytesAt(url, i)
				if (bytes == inBase64) != long {
					continue
				}
				for _, c := range bytes {
					if i < len(url) && byte(c) != url[i] && !yield(url[:i]+string(c)+url[i+1:]) || !yield(url[:i]+string(c)+url[i:]) {
						return
					}
				}
			}
		}
	}
}

// bytesAt returns the bytes that may occur at a place of a URL. It returns none for
// the names and ids of CloudFront's parameters: another check reports these.
func bytesAt(url string, at int) string {
	start := strings.LastIndexAny(url[:at], "?&") + 1
	name, _, inValue := strings.Cut(url[start:at], "=")
	switch name {
	case "Expires":
		return digits
	case "Signature", "Policy":
		return inBase64
	case "Key-Pair-Id", "Hash-Algorithm":
		return ""
	}
	if !inValue {
		for _, reserved := range []string{"Expires=", "Signature=", "Policy=", "Key-Pair-Id=", "Hash-Algorithm="} {
			if strings.HasPrefix(url[start:], reserved) {
				return ""
			}
		}
	}
	return inTargets
}
