package status

import (
	"context"
	"slices"

	"github.com/signedfront/signedfront/signer"
	"github.com/signedfront/signedfront/signer/edge"
)

// Serving is what the distribution requires of viewers.
type Serving struct {
	RootObject string // the object that / stands for, or ""
	Behaviors  []Trust
}

// Trust is a cache behavior with the keys that it trusts.
type Trust struct {
	Pattern string // * for the default one, which is the last

	// Signed reports that the behavior requires a signature.
	Signed bool

	// Keys are the trusted keys by their ids, as CloudFront has them. A key that cannot
	// be parsed is nil. The map is nil if the key groups were not read.
	Keys map[string]*signer.PublicKey
}

// Behavior returns the cache behavior that decides on the raw path of a URL: the first
// whose pattern matches it.
func (s *Serving) Behavior(rawPath string) Trust {
	if rawPath == "/" {
		rawPath += s.RootObject
	}
	last := len(s.Behaviors) - 1
	for _, b := range s.Behaviors[:last] {
		if edge.MatchesPath(b.Pattern, rawPath) {
			return b
		}
	}
	return s.Behaviors[last]
}

// ReadServing is like Read, but reads only what decides on a viewer's request: the
// distribution, its trusted keys and the bucket. It also returns what the distribution
// requires, or nil if it was not read.
func ReadServing(ctx context.Context, a Account, e Environment) (*Report, *Serving, error) {
	r := newReading(ctx, a, e)
	report, err := r.read(r.readDistribution, r.readKeys, r.readBucket)
	if err != nil {
		return nil, nil, err
	}
	if r.distribution == nil {
		return report, nil, nil
	}
	r.readOtherKeys()
	s := &Serving{RootObject: r.distribution.RootObject}
	for _, b := range r.distribution.Behaviors {
		trust := Trust{Pattern: b.Pattern, Signed: b.signed()}
		if r.groupsRead {
			trust.Keys = map[string]*signer.PublicKey{}
			for _, group := range b.KeyGroups {
				for _, id := range r.groups[group].Members {
					public, err := signer.ParsePublicKey([]byte(r.public[id].PEM))
					if err != nil {
						public = nil
					}
					trust.Keys[id] = public
				}
			}
		}
		s.Behaviors = append(s.Behaviors, trust)
	}
	return report, s, nil
}

// readOtherKeys reads the public keys that only other cache behaviors than the default one
// trust.
func (r *reading) readOtherKeys() {
	var ids []string
	for _, group := range r.groups {
		for _, id := range group.Members {
			if _, there := r.public[id]; !there && !slices.Contains(ids, id) {
				ids = append(ids, id)
			}
		}
	}
	r.readPublicKeys(ids)
}

// readPublicKeys adds public keys of CloudFront to public.
func (r *reading) readPublicKeys(ids []string) {
	var parts []func()
	for _, id := range ids {
		parts = append(parts, func() {
			key, err := r.PublicKey(r.ctx, id)
			if r.called("public keys", true, err) {
				r.mu.Lock()
				r.public[id] = key
				r.mu.Unlock()
			}
		})
	}
	concurrently(parts...)
}
