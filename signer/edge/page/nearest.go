package page

import (
	"context"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/signedfront/signedfront/signer"
)

// maxOpened is how many targets are remembered that opened something.
const maxOpened = 256

// opened are the last targets that opened something, or were signed to: one that
// is refused may be one of them, damaged.
type opened struct {
	mu      sync.Mutex
	targets []string
	next    int // the place of the next one, once there are maxOpened
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

// maxSearch is for how long a wrong byte is looked for.
const maxSearch = 3 * time.Second

// findSigned looks for the URL that was signed, where the signature does not fit
// the URL of a request: one that this edge opened and that differs in a few bytes,
// then one that differs in a single byte, or in two that changed places. What is
// found is certain: its signature fits. Only one search runs at a time.
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

// signatureFits reports whether a verdict found the signature to be that of the
// key over the policy, whether it opens anything now or not.
func signatureFits(v signer.Verdict) bool {
	switch v.Reason {
	case signer.ReasonExpired, signer.ReasonNotYetValid, signer.ReasonAddress, signer.ReasonOtherResource:
		return true
	}
	return v.Allowed
}

// differing is how many bytes stand between what two texts share at their start
// and at their end, in the longer of them.
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

// The bytes that stand in the parts of a signed URL.
const (
	digits    = "0123456789"
	letters   = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
	inBase64  = letters + digits + "-_~"
	inTargets = letters + digits + "-_~./%+=!$'(),:;@*&"
)

// nearURLs yields the URLs that a URL may have been before one byte of its path or
// query was added, replaced or lost, or two changed places: the likelier first,
// and those of the long values last.
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

// bytesAt are the bytes that may stand at a place of a URL: none within the names
// and the ids of CloudFront's parameters, of which another check tells.
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
