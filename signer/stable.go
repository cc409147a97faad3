package signer

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// StableExpiry returns now plus ttl, rounded up to the end of a window. All calls
// for one resource within a window return the same expiry, so that browsers and
// caches see one URL. The expiry is never before now plus ttl, and less than a
// window after it. The windows of different resources are shifted, so that not all
// URLs expire together. A window of a second or less rounds to whole seconds.
//
// It depends on its arguments alone, so several servers agree without
// communicating.
func StableExpiry(resource string, now time.Time, ttl, window time.Duration) time.Time {
	earliest := ceilSeconds(now.Add(ttl))
	w := int64(window / time.Second)
	if w <= 1 {
		return time.Unix(earliest, 0)
	}
	offset := int64(fnv1a(resource) % uint64(w))
	past := (earliest - offset) % w
	if past < 0 {
		past += w
	}
	if past == 0 {
		return time.Unix(earliest, 0)
	}
	return time.Unix(earliest-past+w, 0)
}

// fnv1a is New64a of hash/fnv without copying the text.
func fnv1a(text string) uint64 {
	hash := uint64(14695981039346656037)
	for i := range len(text) {
		hash = (hash ^ uint64(text[i])) * 1099511628211
	}
	return hash
}

// memo remembers a bounded number of signed URLs of one key. It keeps two
// generations and drops the older one when the newer is full, so that URLs in use
// stay. Most reads of a remembered URL take no lock.
type memo struct {
	size, half int
	newer, old atomic.Pointer[generation] // old is nil until newer is full for the first time

	mu      sync.Mutex // held for changes, but never while the key is used
	flights map[memoKey]*memoFlight
}

// memoKey is everything that a signed URL depends on, except the key.
type memoKey struct {
	url       string
	statement Statement
}

type generation struct {
	urls sync.Map // from memoKey to string
	n    int      // the number of urls; guarded by the memo's mu
}

func (g *generation) get(k memoKey) (string, bool) {
	if g == nil {
		return "", false
	}
	signed, ok := g.urls.Load(k)
	if !ok {
		return "", false
	}
	return signed.(string), true
}

func newMemo(size int) *memo {
	m := &memo{size: size, half: max(size/2, 1), flights: map[memoKey]*memoFlight{}}
	m.newer.Store(new(generation))
	return m
}

// get returns a URL that is remembered.
func (m *memo) get(k memoKey) (string, bool) {
	if signed, ok := m.newer.Load().get(k); ok {
		return signed, true
	}
	if _, ok := m.old.Load().get(k); !ok {
		return "", false
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.find(k)
}

// find is get, with mu held.
func (m *memo) find(k memoKey) (string, bool) {
	if signed, ok := m.newer.Load().get(k); ok {
		return signed, true
	}
	signed, ok := m.old.Load().get(k)
	if ok {
		m.put(k, signed)
	}
	return signed, ok
}

// put remembers a URL that newer does not have. mu is held.
func (m *memo) put(k memoKey, signed string) {
	// The caller's URL may be a substring of a larger text, which it would keep in memory.
	own := signed[:len(k.url)]
	if k.statement.Resource == own {
		k.statement.Resource = own
	} else {
		k.statement.Resource = strings.Clone(k.statement.Resource)
	}
	k.url = own
	g := m.newer.Load()
	if g.n >= m.half {
		if m.half < m.size { // a memo of one has no half
			m.old.Store(g)
		}
		g = new(generation)
		m.newer.Store(g)
	}
	g.urls.Store(k, signed)
	g.n++
}

// memoFlight is one use of the key, shared by all concurrent calls for one URL.
type memoFlight struct {
	done   chan struct{} // closed when the other fields are set
	signed string
	err    error
	own    bool // err concerns only the caller that signed: its context ended, or it panicked
}

// once returns the remembered URL, or the result of sign. Of concurrent calls for
// one URL, one signs and the others wait, each no longer than its own context. If
// the one that signs is canceled, the next one signs.
func (m *memo) once(ctx context.Context, k memoKey, sign func() (string, error)) (string, error) {
	for {
		m.mu.Lock()
		if signed, ok := m.find(k); ok {
			m.mu.Unlock()
			return signed, nil
		}
		f := m.flights[k]
		if f == nil {
			f = &memoFlight{done: make(chan struct{}), own: true}
			m.flights[k] = f
			m.mu.Unlock()
			return m.fly(ctx, k, f, sign)
		}
		m.mu.Unlock()
		select {
		case <-f.done:
		case <-ctx.Done():
			return "", fmt.Errorf("waiting for a signature that is being made: %w", ctx.Err())
		}
		if !f.own {
			return f.signed, f.err
		}
	}
}

// fly signs for all callers that wait for the flight. If sign panics, fly still
// ends the flight.
func (m *memo) fly(ctx context.Context, k memoKey, f *memoFlight, sign func() (string, error)) (string, error) {
	defer func() {
		m.mu.Lock()
		defer m.mu.Unlock()
		if !f.own && f.err == nil {
			m.put(k, f.signed)
		}
		delete(m.flights, k)
		close(f.done)
	}()
	signed, err := sign()
	f.signed, f.err, f.own = signed, err, err != nil && ctx.Err() != nil
	return signed, err
}
