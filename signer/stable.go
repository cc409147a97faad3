package signer

import (
	"hash/fnv"
	"sync"
	"time"
)

// StableExpiry rounds the end of a URL into windows, so that everyone who asks
// for one resource during a window gets the same end, and browsers and caches
// see one URL for one thing. The end is never sooner than now plus ttl, and
// less than a window later. Where in the window the ends lie depends on the
// resource, so that not all of them expire together. A window of a second or
// less rounds to whole seconds.
//
// It is a pure function: several servers agree without talking.
func StableExpiry(resource string, now time.Time, ttl, window time.Duration) time.Time {
	earliest := ceilSeconds(now.Add(ttl))
	w := int64(window / time.Second)
	if w <= 1 {
		return time.Unix(earliest, 0)
	}
	h := fnv.New64a()
	h.Write([]byte(resource))
	offset := int64(h.Sum64() % uint64(w))
	past := (earliest - offset) % w
	if past < 0 {
		past += w
	}
	if past == 0 {
		return time.Unix(earliest, 0)
	}
	return time.Unix(earliest-past+w, 0)
}

// memo remembers signed URLs, up to a bound. It belongs to one key: a signer
// that changes its key drops it. It keeps two halves and throws the older one
// away when the newer is full, so that what is asked for stays.
type memo struct {
	mu         sync.Mutex
	size, half int
	newer, old map[memoKey]string
}

// memoKey is all that a signed URL depends on, beside the key.
type memoKey struct {
	url       string
	statement Statement
}

func newMemo(size int) *memo {
	return &memo{size: size, half: max(size/2, 1), newer: map[memoKey]string{}}
}

func (m *memo) get(k memoKey) (string, bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if signed, ok := m.newer[k]; ok {
		return signed, true
	}
	signed, ok := m.old[k]
	if ok {
		m.put(k, signed)
	}
	return signed, ok
}

// set keeps the first URL of two, so that everyone gets one and the same.
func (m *memo) set(k memoKey, signed string) string {
	m.mu.Lock()
	defer m.mu.Unlock()
	if first, ok := m.newer[k]; ok {
		return first
	}
	if first, ok := m.old[k]; ok {
		signed = first
	}
	m.put(k, signed)
	return signed
}

func (m *memo) put(k memoKey, signed string) {
	if len(m.newer) >= m.half {
		m.newer, m.old = make(map[memoKey]string, m.half), m.newer
		if m.half == m.size { // of one there is no half
			m.old = nil
		}
	}
	m.newer[k] = signed
}
