package rotation

import (
	"cmp"
	"maps"
	"slices"
	"time"
)

// State is the state of a key. The zero State is not valid.
type State string

// The states, in the order in which a key passes through them.
const (
	// New means that some edges may not have the key, so it must not sign.
	New State = "new"

	// Ready means that every edge has the key, and that it has signed nothing.
	Ready State = "ready"

	// Current means that signers sign with the key.
	Current State = "current"

	// Draining means that another key is current, and that URLs of this key may be
	// valid. It is also the state of a key if it is not known what it signed.
	Draining State = "draining"

	// Retired means that no edge allows a URL of the key: all have expired, or no
	// edge trusts the key.
	Retired State = "retired"
)

// Status is the state of each key, and the possible steps.
type Status struct {
	// Keys are all public keys and members of the group, by number.
	Keys []KeyStatus

	// Steps are the possible next steps, each by itself, safe or not.
	Steps []Step

	// Next is the earliest time at which one more step becomes safe; zero if
	// waiting does not make one safe.
	Next time.Time
}

// KeyStatus is the state of one key.
type KeyStatus struct {
	KeyPairID string
	Number    int // the key generation in cdk.json; 0 if none
	State     State
	Trusted   bool // the key is in the key group, so CloudFront accepts its signatures

	// Since is when the state began: for a new key its CreatedTime, for a draining
	// key the time when the last version that named it was replaced. Until is when
	// a new key becomes ready and a draining key retired, if nothing else changes.
	// Each is zero if not known; Until is also zero if waiting changes nothing.
	Since, Until time.Time
}

// Action is the kind of a step.
type Action string

const (
	Add               Action = "add"                // adds a key to the key group
	Promote           Action = "promote"            // makes a key current
	Remove            Action = "remove"             // removes a key from the key group
	RemoveCompromised Action = "remove compromised" // removes a key without the wait
	ChangeLimits      Action = "change limits"      // changes maxUrlLifetime, maxKeyAge or both
)

// Step is one step of a rotation, and whether it is safe.
type Step struct {
	Action    Action
	KeyPairID string // the key that is promoted or removed
	Verdict
}

// Assess returns the state of each key and the possible steps. Like Judge, it
// depends only on its argument and accepts any values.
func Assess(o Observation) Status { return complete.assess(see(o)) }

func (p *proof) assess(f *facts) Status {
	var s Status
	ids := slices.Compact(slices.Sorted(slices.Values(slices.Concat(f.members, slices.Collect(maps.Keys(f.keys))))))
	slices.SortStableFunc(ids, func(a, b string) int { return cmp.Compare(f.keys[a].Number, f.keys[b].Number) })
	for _, id := range ids {
		s.Keys = append(s.Keys, p.key(f, id))
	}

	step := func(action Action, id string, c Change) Verdict {
		v := p.judge(f, c)
		s.Steps = append(s.Steps, Step{action, id, v})
		if !v.From.IsZero() && (s.Next.IsZero() || v.From.Before(s.Next)) {
			s.Next = v.From
		}
		return v
	}
	step(ChangeLimits, "", Change{Keys: f.members, Current: f.current})
	step(Add, "", Change{Keys: append(slices.Clone(f.members), "a key to be made"), Current: f.current})
	for _, id := range ids {
		if !slices.Contains(f.members, id) {
			continue
		}
		if id != f.current {
			step(Promote, id, Change{Keys: f.members, Current: id})
		}
		without := Change{Keys: slices.DeleteFunc(slices.Clone(f.members), func(m string) bool { return m == id }), Current: f.current}
		if !step(Remove, id, without).Safe {
			without.Compromised = []string{id}
			step(RemoveCompromised, id, without)
		}
	}
	return s
}

// key returns the state of one key.
func (p *proof) key(f *facts, id string) KeyStatus {
	k := KeyStatus{KeyPairID: id, Number: f.keys[id].Number, Trusted: slices.Contains(f.members, id)}
	last, expired := p.lastSigned(f, id)
	_, ready := p.readyFrom(f, id)
	switch {
	case last == nil && k.Trusted && f.over(ready):
		k.State, k.Since = Ready, ready
	case last == nil:
		k.State, k.Since = New, f.keys[id].Created
		if k.Trusted {
			k.Until = ready
		}
	case last.kind == present && last.key == id:
		k.State, k.Since = Current, last.since
		for _, s := range slices.Backward(f.spans) {
			if s.key != id {
				break
			}
			k.Since = s.since
		}
	default:
		gone := expired
		if !k.Trusted {
			// No edge trusts the key once all edges have the present group.
			if out := until(f.group, p.ready, f.bounds, Limits{}); !out.IsZero() && (gone.IsZero() || out.Before(gone)) {
				gone = out
			}
		}
		k.State, k.Since, k.Until = Draining, last.end, gone
		if f.over(gone) {
			k.State, k.Since, k.Until = Retired, gone, time.Time{}
		}
	}
	return k
}
