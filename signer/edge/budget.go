package edge

import (
	"sync"
	"time"
)

// Why a request was refused is worked out, as [signer.Explain] does, in a twentieth
// of one processor's time, after a start of a quarter of a second: somebody who
// looks is told, and a flood of forged URLs costs little more than a check of each.
const (
	explainShare = 20
	explainStart = 250 * time.Millisecond
	explainCost  = 10 * time.Millisecond // at most, about
)

// budget limits work to a share of the time that passes. The zero value has
// explainStart.
type budget struct {
	mu   sync.Mutex
	left time.Duration
	at   time.Time // as of when
}

// spend does the work if there is time left for it, and reports whether it did.
func (b *budget) spend(work func()) bool {
	start := time.Now()
	b.mu.Lock()
	if start.After(b.at) {
		b.left = min(explainStart, b.left+start.Sub(b.at)/explainShare)
		b.at = start
	}
	enough := b.left > 0
	if enough {
		b.left -= explainCost // until it is known, for what starts meanwhile
	}
	b.mu.Unlock()
	if !enough {
		return false
	}
	work()
	b.mu.Lock()
	b.left += explainCost - time.Since(start)
	b.mu.Unlock()
	return true
}
