package rotation_test

import (
	"testing"

	"github.com/signedfront/signedfront/signer"
	"github.com/signedfront/signedfront/signer/leaktest"
	"github.com/signedfront/signedfront/signer/rotation"
)

// A key may be passed in place of a key pair id.
func TestNoFaultShowsAKey(t *testing.T) {
	hostile := func(text string) rotation.Observation {
		return rotation.Observation{
			Now:        hour(9),
			PublicKeys: []rotation.PublicKey{{ID: text, Number: 1, Created: hour(0)}},
			KeyGroup:   rotation.KeyGroup{Members: []string{text, "K2"}, Modified: hour(0)},
			History:    []rotation.Version{{Number: 1, Modified: hour(0), Document: &signer.Deployment{KeyPairID: text}}},
		}
	}
	shown := func(v rotation.Verdict) []any { return []any{v.Err(), v.Faults, v.Lifted} }
	leaktest.Run(t, ".", map[string]func(text string) []any{
		"Judge": func(text string) (all []any) {
			draining := hostile(text)
			draining.History = append(draining.History, version(2, hour(1), "K2", usual))
			all = append(all, shown(rotation.Judge(hostile(text), rotation.Change{Keys: []string{"K2", text, "K3"}, Current: "K3", Compromised: []string{text}}))...)
			all = append(all, shown(rotation.Judge(hostile(text), rotation.Change{Keys: []string{"K2"}, Current: "K2"}))...)
			all = append(all, shown(rotation.Judge(draining, rotation.Change{Keys: []string{"K2"}, Current: text, Compromised: []string{text}}))...)
			return append(all, shown(rotation.Judge(draining, rotation.Change{Keys: []string{"K2"}, Current: "K2", Compromised: []string{text}}))...)
		},
		"Verdict.Err": nil, // joins the faults of Judge and Assess, which are checked here
		"Assess": func(text string) (all []any) {
			for _, step := range rotation.Assess(hostile(text)).Steps {
				all = append(all, shown(step.Verdict)...)
			}
			return all
		},
	})
}
