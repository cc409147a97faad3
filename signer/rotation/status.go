package rotation

import (
	"cmp"
	"maps"
	"slices"
	"time"
)

// State is what a key is. The zero State is none.
type State string

// The states, in the order in which a key goes through them.
const (
	// New: not every edge knows the key, so it must not sign.
	New State = "new"

	// Ready: every edge knows the key, which has signed nothing.
	Ready State = "ready"

	// Current: signers sign with the key.
	Current State = "current"

	// Draining: another key is current, and URLs of this one may be good. A key is
	// draining too where it is not known what it signed.
	Draining State = "draining"

	// Retired: no edge takes a URL of the key, since all have expired or no edge
	// trusts the key.
	Retired State = "retired"
)

// Status is what each key is, and what may be done.
type Status struct {
	// Keys are all public keys and members of the group, by their numbers.
	Keys []KeyStatus

	// Steps are the steps from here, each alone, safe or not.
	Steps []Step

	// Next is the earliest time from which one more step is safe; zero if no
	// waiting makes one so.
	Next time.Time
}

// KeyStatus is what one key is.
type KeyStatus struct {
	KeyPairID string
	Number    int // of the key in cdk.json; 0 if it has none
	State     State
	Trusted   bool // the key is in the key group

	// Since is when the state began: for a new key its CreatedTime, for a draining
	// one the time when the last version that named it was replaced. Until is when
	// a new key becomes ready and a draining one retired, if nothing else changes.
	// Each is zero if it is not known, and Until where waiting changes nothing.
	Since, Until time.Time
}

// Action is what a step does.
type Action string

const (
	Add               Action = "add"                // puts one more key into the key group
	Promote           Action = "promote"            // makes a key current
	Remove            Action = "remove"             // takes a key out of the key group
	RemoveCompromised Action = "remove compromised" // the same without the wait
	ChangeLimits      Action = "change limits"      // changes maxUrlLifetime, maxKeyAge or both
)

// Step is one step of a rotation, and whether it is safe.
type Step struct {
	Action    Action
	KeyPairID string // of the key that is promoted or removed
	Verdict
}

// Assess returns the state of each key and the steps from here. It depends on its
// argument alone and takes any, as Judge does.
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

// key is what one key is.
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
			// The edges have let go of it as soon as they have all of the group.
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
