package page

import (
	"context"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/signedfront/signedfront/signer"
)

// maxOpened is the number of opened targets that are remembered.
const maxOpened = 256

// opened are the last targets that opened an object or were signed. A refused
// target may be one of them, damaged.
type opened struct {
	mu      sync.Mutex
	targets []string
	next    int // where the next one goes, once there are maxOpened
}

func (o *opened) keep(target string) {
	if !strings.Contains(target, "?") {
		return // not signed
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	if slices.Contains(o.targets, target) {
		return
	}
	if len(o.targets) < maxOpened {
		o.targets = append(o.targets, target)
		return
	}
	o.targets[o.next] = target
	o.next = (o.next + 1) % maxOpened
}

func (o *opened) list() []string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return append([]string(nil), o.targets...)
}

// maxSearch limits the time of a search for a wrong byte.
const maxSearch = 3 * time.Second

// findSigned searches for the URL that was signed, if the signature does not match
// the URL of a request. It tries a URL that this edge opened and that differs in a
// few bytes, then URLs that differ in one byte or in two swapped bytes. The result
// is certain: its signature matches. Only one search runs at a time.
func (p *Page) findSigned(ctx context.Context, r signer.Request, keys map[string]*signer.PublicKey) (string, bool) {
	if len(r.URL) > 2048 || !p.searches.TryLock() {
		return "", false
	}
	defer p.searches.Unlock()
	ctx, cancel := context.WithTimeout(ctx, p.maxSearch)
	defer cancel()
	fits := func(url string) bool {
		r.URL = url
		return signatureFits(signer.Verify(r, keys))
	}
	arrived := r.URL
	best, least := "", 64 // bytes that differ, at most
	if p.isOwn(arrived) {
		target := targetIn(arrived)
		base := strings.TrimSuffix(arrived, target)
		for _, other := range p.opened.list() {
			if n := differing(other, target); n < least && fits(base+other) {
				best, least = base+other, n
			}
		}
	}
	if best != "" {
		return best, true
	}
	for url := range nearURLs(arrived) {
		if ctx.Err() != nil {
			return "", false
		}
		if fits(url) {
			return url, true
		}
	}
	return "", false
}

// signatureFits reports whether the signature is that of the key for the policy,
// even if the policy now allows nothing.
func signatureFits(v signer.Verdict) bool {
	switch v.Reason {
	case signer.ReasonExpired, signer.ReasonNotYetValid, signer.ReasonAddress, signer.ReasonOtherResource:
		return true
	}
	return v.Allowed
}

// differing returns how many bytes of the longer text are between the common start
// and the common end of two texts.
func differing(a, b string) int {
	start := commonStart(a, b)
	end := 0
	for end < min(len(a), len(b))-start && a[len(a)-1-end] == b[len(b)-1-end] {
		end++
	}
	return max(len(a), len(b)) - start - end
}

func commonStart(a, b string) int {
	i := 0
	for i < min(len(a), len(b)) && a[i] == b[i] {
		i++
	}
	return i
}

// The bytes that occur in the parts of a signed URL.
const (
	digits    = "0123456789"
	letters   = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
	inBase64  = letters + digits + "-_~"
	inTargets = letters + digits + "-_~./%+=!$'(),:;@*&"
)

// nearURLs yields the URLs that become url if one byte of the path or query is
// added, replaced or lost, or two are swapped. The likelier ones come first, and
// those that differ in the long values last.
func nearURLs(url string) func(yield func(string) bool) {
	scheme := strings.Index(url, "://") + len("://")
	start := strings.IndexByte(url[scheme:], '/') + scheme + 1
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
	if start == 0 || start > at {
		return inTargets
	}
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
