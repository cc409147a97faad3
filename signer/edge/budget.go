package edge

import (
	"sync"
	"time"
)

// [signer.Explain] finds why a signature was refused. The edge gives it a twentieth
// of one processor's time, after an initial quarter of a second: a person gets the
// reason, and a flood of forged URLs costs little more than verification.
const (
	explainShare = 20
	explainStart = 250 * time.Millisecond
	explainCost  = 10 * time.Millisecond // an estimate of the maximum
)

// budget limits work to a share of the elapsed time. The zero value starts with
// explainStart.
type budget struct {
	mu   sync.Mutex
	left time.Duration
	at   time.Time // when left was computed
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
		b.left -= explainCost // reserved until the work ends
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
