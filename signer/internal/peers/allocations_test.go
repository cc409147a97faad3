//go:build !race

package peers

import (
	"testing"
	"time"

	"github.com/signedfront/signedfront/signer"
)

// The race detector empties pools, which causes allocations.
func TestSigningAURLMakesThreeAllocationsAtMost(t *testing.T) {
	s := ours(t, stub{}, signer.Options{Now: time.Now})
	for name, p := range map[string]signer.Policy{
		"canned": {TTL: time.Minute},
		"custom": {TTL: time.Minute, NotBefore: time.Unix(1, 0), IPAddress: "203.0.113.0/24", Resource: wider(photo)},
	} {
		if n := testing.AllocsPerRun(1000, func() {
			if _, err := s.URL(t.Context(), photo, p); err != nil {
				t.Fatal(err)
			}
		}); n > 3 {
			t.Errorf("%s: %v allocations", name, n)
		}
	}
}
