package signhttp

import (
	"net/http"
	"sync"
	"time"

	"github.com/signedfront/signedfront/signer"
)

// cookieSet is one signature, as cookies or as the pass of playlists. Only renewing
// changes, under the lock of cookieSets.
type cookieSet struct {
	pass     *signer.Pass
	resource string // what the cookies open, with its *
	cookies  []*http.Cookie
	lines    []string  // as in Set-Cookie
	renew    time.Time // when to make a new signature
	end      time.Time // when this one may no longer be used
	renewing bool
}

// sentBy reports whether a request has exactly these cookies, each once.
func (s *cookieSet) sentBy(r *http.Request) bool {
	for _, c := range s.cookies {
		sent := r.CookiesNamed(c.Name)
		if c.MaxAge < 0 { // a cookie to remove
			if len(sent) > 0 {
				return false
			}
			continue
		}
		if len(sent) != 1 || sent[0].Value != c.Value {
			return false
		}
	}
	return true
}

// setID is everything that a signature depends on.
type setID struct {
	prefix string
	policy signer.Policy
}

// cookieSets holds a bounded number of signatures in two halves. The older half is
// dropped when the newer is full, so that signatures in use stay.
type cookieSets struct {
	mu         sync.Mutex
	newer, old map[setID]*cookieSet
}

const halfOfSets = 1024

// get returns the current signature, or nil if none may be used, and whether the
// caller must make a new one. While one caller does, the others use the current
// one.
func (s *cookieSets) get(id setID, now time.Time) (set *cookieSet, renew bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	set = s.newer[id]
	if set == nil {
		if set = s.old[id]; set != nil {
			s.set(id, set)
		}
	}
	switch {
	case set == nil || !now.Before(set.end):
		return nil, true
	case now.Before(set.renew) || set.renewing:
		return set, false
	}
	set.renewing = true
	return set, true
}

// put stores a new signature and returns it. Callers that made one concurrently all
// get the first.
func (s *cookieSets) put(id setID, set *cookieSet, now time.Time) *cookieSet {
	s.mu.Lock()
	defer s.mu.Unlock()
	if first := s.newer[id]; first != nil && now.Before(first.renew) {
		return first
	}
	s.set(id, set)
	return set
}

// failed lets another caller renew set, which may be nil.
func (s *cookieSets) failed(set *cookieSet) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if set != nil {
		set.renewing = false
	}
}

func (s *cookieSets) set(id setID, set *cookieSet) {
	if s.newer == nil || len(s.newer) >= halfOfSets && s.newer[id] == nil {
		s.newer, s.old = map[setID]*cookieSet{}, s.newer
	}
	s.newer[id] = set
}
