//go:build !race

package signer

import (
	"context"
	"testing"
)

// The race detector empties pools, which causes allocations.
func TestRecordingCostsNothingWhereNobodyAsksForIt(t *testing.T) {
	key := newKey(t, ECDSAP256)
	digest := must[*Signer](t)(New(keyID, quickKey{key}, &Options{Now: now}))
	allocations := func(s *Signer) float64 {
		ctx := t.Context()
		return testing.AllocsPerRun(200, func() {
			if _, err := s.URL(ctx, site+"/rt.png", Policy{TTL: ttl}); err != nil {
				t.Fatal(err)
			}
		})
	}
	recorded := must[*Signer](t)(New(keyID, quickKey{key}, &Options{Now: now, OnGrant: func(context.Context, Grant) error { return nil }}))
	without, with := allocations(digest), allocations(recorded)
	if without > 1 {
		t.Errorf("%.0f allocations for a URL without a hook, want its text alone", without)
	}
	if with > without+1 {
		t.Errorf("%.0f allocations for a URL with a hook, %.0f without", with, without)
	}
}
