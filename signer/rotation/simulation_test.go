package rotation

import (
	"cmp"
	"maps"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/signedfront/signedfront/signer"
)

// requestsVariable sets how many requests the simulation sends, 50,000 by default:
//
//	ROTATION_REQUESTS=1000000 go test -run=Simulation -v ./signer/rotation
const requestsVariable = "ROTATION_REQUESTS"

// run runs one world until a request gets a wrong answer, or until its end.
func run(t *testing.T, seed uint64, g guard) *world {
	w := newWorld(t, seed, g)
	for i := 0; i < 60 && w.wrong == ""; i++ {
		w.operate()
	}
	for _, p := range w.signers {
		p.close()
	}
	return w
}

func TestSimulationRefusesNoURLThatIsGood(t *testing.T) {
	want, err := strconv.Atoi(cmp.Or(os.Getenv(requestsVariable), "50000"))
	if err != nil {
		t.Fatalf("%s: %v", requestsVariable, err)
	}
	start := time.Now()
	requests, changes, worlds := 0, map[string]int{}, uint64(0)
	for ; requests < want; worlds++ {
		w := run(t, worlds, guard{judges: &complete, states: &complete})
		if w.wrong != "" {
			t.Fatalf("world %d: %s", worlds, w.wrong)
		}
		requests += w.requests
		for name, n := range w.changes {
			changes[name] += n
		}
	}
	t.Logf("%d requests in %d worlds, %v, in %s: none refused that should pass, none passed after retirement", requests, worlds, changes, time.Since(start).Round(time.Millisecond))
}

// parts returns proofs, each of which lacks one part of the complete proof.
func parts() map[string]*proof {
	all := map[string]*proof{}
	lacking := func(name string, change func(*proof)) {
		p := complete
		change(&p)
		all[name] = &p
	}
	for i, r := range complete.rules {
		lacking("rule: "+r.name, func(p *proof) { p.rules = slices.Delete(slices.Clone(p.rules), i, i+1) })
	}
	for i, w := range complete.ready {
		lacking("wait before the first signature: "+w.name, func(p *proof) { p.ready = slices.Delete(slices.Clone(p.ready), i, i+1) })
	}
	for i, w := range complete.expiry {
		lacking("wait after the last signature: "+w.name, func(p *proof) { p.expiry = slices.Delete(slices.Clone(p.expiry), i, i+1) })
	}
	for i, k := range complete.counts {
		lacking("a key may have signed: "+string(k), func(p *proof) { p.counts = slices.Delete(slices.Clone(p.counts), i, i+1) })
	}
	lacking("order: a compromised key is removed after another one is current", func(p *proof) {
		p.lifted = append(slices.Clone(p.lifted), present)
	})
	return all
}

// without returns guards, each of which lacks one part of the proof or observes one
// thing wrongly.
func without() map[string]guard {
	all := map[string]guard{}
	for name, p := range parts() {
		all[name] = guard{judges: p}
	}
	look := func(name string, sees func(*Observation, Change)) {
		all[name] = guard{judges: &complete, sees: sees}
	}
	look("order: a key is deployed before it is made current", func(o *Observation, c Change) {
		o.KeyGroup.Members = append(slices.Clone(o.KeyGroup.Members), c.Keys...)
	})
	look("limits as they were", func(o *Observation, _ Change) {
		var number int64
		var last *signer.Deployment
		for _, v := range o.History {
			if v.Number > number && v.Document != nil {
				number, last = v.Number, v.Document
			}
		}
		for i, v := range o.History {
			if v.Document != nil {
				d := *v.Document
				d.MaxURLLifetime, d.MaxKeyAge = last.MaxURLLifetime, last.MaxKeyAge
				o.History[i].Document = &d
			}
		}
	})
	look("all pages of the history", func(o *Observation, _ Change) {
		keep(o, func(i int) bool { return i >= len(o.History)-2 })
	})
	look("documents that were rolled back", func(o *Observation, _ Change) {
		key := func(i int) string {
			if i < 0 || i >= len(o.History) || o.History[i].Document == nil {
				return ""
			}
			return o.History[i].Document.KeyPairID
		}
		keep(o, func(i int) bool { return key(i-1) == "" || key(i-1) != key(i+1) || key(i) == key(i+1) })
	})

	// Assumptions of the proof that do not hold in these worlds.
	look("assumed: edges and readers are no later", func(o *Observation, _ Change) { o.Bounds.Propagation /= 2 })
	look("assumed: clocks are no further off", func(o *Observation, _ Change) { o.Bounds.Clocks /= 2 })
	return all
}

// keep removes all versions but some, as if there had been no others.
func keep(o *Observation, some func(i int) bool) {
	slices.SortFunc(o.History, func(a, b Version) int { return int(a.Number - b.Number) })
	var kept []Version
	for i, v := range o.History {
		if some(i) {
			v.Number = int64(len(kept) + 1)
			kept = append(kept, v)
		}
	}
	o.History = kept
}

func TestSimulationSeesEachPartOfTheProofTakenOut(t *testing.T) {
	expect(t, "refused", without())
}

// For the states too, each wait is removed; the operator follows the complete
// proof.
func TestSimulationSeesAKeyThatIsCalledRetiredTooEarly(t *testing.T) {
	guards := map[string]guard{}
	for name, p := range parts() {
		if strings.HasPrefix(name, "wait") {
			guards[name] = guard{judges: &complete, states: p}
		}
	}
	expect(t, "passed", guards)
}

// firstWorlds are the worlds other than 0 in which a request got a wrong answer
// when this was written. They are tried first, to save time.
var firstWorlds = map[string]uint64{
	"refused, a key may have signed: an earlier document":                          7,
	"refused, a key may have signed: a document that cannot be read":               11,
	"refused, a key may have signed: documents of an earlier parameter":            10,
	"refused, all pages of the history":                                            10,
	"refused, assumed: clocks are no further off":                                  9,
	"refused, assumed: edges and readers are no later":                             9,
	"refused, documents that were rolled back":                                     1,
	"refused, limits as they were":                                                 8,
	"refused, order: a compromised key is removed after another one is current":    4,
	"refused, order: a key is deployed before it is made current":                  5,
	"refused, rule: a key is in the key group before it signs":                     5,
	"refused, rule: every edge has a key before it signs":                          1,
	"refused, rule: the current key is one of the keys":                            7,
	"refused, wait after the last signature: AWS cuts times to seconds":            9,
	"refused, wait after the last signature: URLs live":                            3,
	"refused, wait after the last signature: answers are old":                      9,
	"refused, wait after the last signature: four clocks differ":                   9,
	"refused, wait after the last signature: signers do not ask":                   3,
	"refused, wait after the last signature: signers round expiries up to seconds": 9,
	"refused, wait before the first signature: AWS cuts times to seconds":          28,
	"refused, wait before the first signature: edges are late":                     9,
	"refused, wait before the first signature: two clocks differ":                  9,
	"passed, wait after the last signature: AWS cuts times to seconds":             10,
	"passed, wait after the last signature: URLs live":                             1,
	"passed, wait after the last signature: answers are old":                       5,
	"passed, wait after the last signature: four clocks differ":                    6,
	"passed, wait after the last signature: signers do not ask":                    1,
	"passed, wait after the last signature: signers round expiries up to seconds":  10,
	"passed, wait before the first signature: AWS cuts times to seconds":           30,
	"passed, wait before the first signature: edges are late":                      8,
	"passed, wait before the first signature: two clocks differ":                   4,
}

// early reports whether a part of the proof concerns keys that sign too early. The
// others concern keys that are removed too early. The order of a deployment and the
// bounds concern both.
func early(name string) (early, known bool) {
	switch {
	case strings.HasPrefix(name, "wait before the first signature"), strings.HasPrefix(name, "rule: every edge"), strings.HasPrefix(name, "rule: a key is in the key group"):
		return true, true
	case strings.HasPrefix(name, "wait after the last signature"), strings.HasPrefix(name, "a key may have signed"), strings.HasPrefix(name, "rule: a key stays"):
		return false, true
	}
	return false, false
}

// expect runs worlds with each guard until a request gets a wrong answer because of
// what the guard lacks.
func expect(t *testing.T, answer string, guards map[string]guard) {
	for _, name := range slices.Sorted(maps.Keys(guards)) {
		t.Run(name, func(t *testing.T) {
			for i := range uint64(400) {
				seed := (firstWorlds[answer+", "+name] + i) % 400
				w := run(t, seed, guards[name])
				because := true
				if early, known := early(name); known && answer == "refused" {
					because = w.early == early
				}
				if strings.HasPrefix(w.wrong, answer) && because {
					t.Logf("world %d, after %d requests: %s", seed, w.requests, w.wrong)
					return
				}
			}
			t.Errorf("no request was %s", answer)
		})
	}
}

func TestAWorldIsTheSameEachTime(t *testing.T) {
	for seed := range uint64(3) {
		g := guard{judges: &complete, states: &complete}
		first, again := run(t, seed, g), run(t, seed, g)
		if first.requests != again.requests || !first.now.Equal(again.now) || !maps.Equal(first.changes, again.changes) {
			t.Errorf("world %d: %d requests until %s, %v; then %d until %s, %v", seed, first.requests, first.now, first.changes, again.requests, again.now, again.changes)
		}
	}
}
