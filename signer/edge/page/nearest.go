package page

import (
	"context"
	"slices"
	"strings"
	"sync"

	"github.com/signedfront/signedfront/signer"
	"github.com/signedfront/signedfront/signer/internal/nearest"
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

// findSigned searches for the URL that was signed, if the signature does not match
// the URL of a request. It tries a URL that this edge opened and that differs in a
// few bytes, then those of nearest.Find. The result is certain: its signature
// matches. Only one search runs at a time.
func (p *Page) findSigned(ctx context.Context, r signer.Request, keys map[string]*signer.PublicKey) (string, bool) {
	if !p.searches.TryLock() {
		return "", false
	}
	defer p.searches.Unlock()
	ctx, cancel := context.WithTimeout(ctx, p.maxSearch)
	defer cancel()
	best, least := "", 64 // bytes that differ, at most
	arrived := r.URL
	if p.isOwn(arrived) {
		target := targetIn(arrived)
		base := strings.TrimSuffix(arrived, target)
		for _, other := range p.opened.list() {
			r.URL = base + other
			if n := differing(other, target); n < least && nearest.Fits(signer.Verify(r, keys)) {
				best, least = r.URL, n
			}
		}
	}
	if best != "" {
		return best, true
	}
	r.URL = arrived
	return nearest.Find(ctx, r, keys)
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
