package rotation_test

import (
	"slices"
	"testing"
	"time"

	"github.com/signedfront/signedfront/signer"
	"github.com/signedfront/signedfront/signer/rotation"
)

// Times of tests are hours after noon. With these bounds and limits a key is ready
// 15m + 2*1m + 1s after the group was modified, and retired 1h + 1d + 15m + 4*1m +
// 2s after it was current.
var (
	noon   = time.Date(2026, 7, 1, 12, 0, 0, 0, time.UTC)
	bounds = rotation.Bounds{Propagation: 15 * time.Minute, Clocks: time.Minute}
	usual  = rotation.Limits{MaxURLLifetime: 24 * time.Hour, MaxKeyAge: time.Hour}
)

const (
	readyAfter   = 17*time.Minute + time.Second
	retiredAfter = 25*time.Hour + 19*time.Minute + 2*time.Second
)

func hour(h float64) time.Time { return noon.Add(time.Duration(h * float64(time.Hour))) }

func version(number int64, modified time.Time, key string, l rotation.Limits) rotation.Version {
	return rotation.Version{Number: number, Modified: modified, Document: &signer.Deployment{
		KeyPairID: key, MaxURLLifetime: int64(l.MaxURLLifetime / time.Second), MaxKeyAge: int64(l.MaxKeyAge / time.Second),
	}}
}

// observed returns a deployment whose keys 1 and 2 were created at noon and an hour
// later; both have been in the key group since then. Key 1 was current from noon
// on.
func observed(now time.Time, versions ...rotation.Version) rotation.Observation {
	return rotation.Observation{
		Now: now, Bounds: bounds,
		PublicKeys: []rotation.PublicKey{{ID: "K1", Number: 1, Created: hour(0)}, {ID: "K2", Number: 2, Created: hour(1)}},
		KeyGroup:   rotation.KeyGroup{Members: []string{"K1", "K2"}, Modified: hour(1)},
		History:    append([]rotation.Version{version(1, hour(0), "K1", usual)}, versions...),
	}
}

func with(o rotation.Observation, change func(*rotation.Observation)) rotation.Observation {
	change(&o)
	return o
}

func TestEachKeyIsInTheStateThatItsTimesSay(t *testing.T) {
	promoted := version(2, hour(2), "K2", usual)
	unread := rotation.Version{Number: 2, Modified: hour(2)}
	for _, test := range []struct {
		name         string
		key          string
		o            rotation.Observation
		state        rotation.State
		trusted      bool
		since, until time.Time
	}{
		{"just added", "K2", observed(hour(1)), rotation.New, true, hour(1), hour(1).Add(readyAfter)},
		{"a second before every edge has it", "K2", observed(hour(1).Add(readyAfter - 1)), rotation.New, true, hour(1), hour(1).Add(readyAfter)},
		{"every edge has it", "K2", observed(hour(1).Add(readyAfter)), rotation.Ready, true, hour(1).Add(readyAfter), time.Time{}},
		{"created after the group was modified", "K2", with(observed(hour(3)), func(o *rotation.Observation) { o.PublicKeys[1].Created = hour(3) }),
			rotation.New, true, hour(3), hour(3).Add(readyAfter)},
		{"in a group that was modified again", "K2", with(observed(hour(3)), func(o *rotation.Observation) { o.KeyGroup.Modified = hour(3) }),
			rotation.New, true, hour(1), hour(3).Add(readyAfter)},
		{"by a clock before it was made", "K2", observed(hour(-1)), rotation.New, true, hour(1), hour(1).Add(readyAfter)},
		{"a time of creation that is not known", "K2", with(observed(hour(9)), func(o *rotation.Observation) { o.PublicKeys[1].Created = time.Time{} }),
			rotation.Draining, true, hour(0), time.Time{}},
		{"two times of creation", "K2", with(observed(hour(9)), func(o *rotation.Observation) {
			o.PublicKeys = append(o.PublicKeys, rotation.PublicKey{ID: "K2", Number: 2, Created: hour(-9)})
		}), rotation.Draining, true, hour(0), time.Time{}},
		{"the same time of creation twice", "K2", with(observed(hour(9)), func(o *rotation.Observation) { o.PublicKeys = append(o.PublicKeys, o.PublicKeys[1]) }),
			rotation.Ready, true, hour(1).Add(readyAfter), time.Time{}},
		{"a time of creation after the year 9999", "K2", with(observed(hour(9)), func(o *rotation.Observation) { o.PublicKeys[1].Created = hour(1).AddDate(8000, 0, 0) }),
			rotation.Draining, true, hour(0), time.Time{}},
		{"waits that end after the year 9999", "K2", with(observed(hour(9)), func(o *rotation.Observation) {
			o.KeyGroup.Modified = time.Date(9999, 12, 31, 23, 59, 0, 0, time.UTC)
		}), rotation.New, true, hour(1), time.Time{}},
		{"waits that never end", "K2", with(observed(hour(9)), func(o *rotation.Observation) { o.Bounds.Clocks = 1<<62 + 1 }),
			rotation.New, true, hour(1), time.Time{}},
		{"a time of the group that is not known", "K2", with(observed(hour(9)), func(o *rotation.Observation) { o.KeyGroup.Modified = time.Time{} }),
			rotation.New, true, hour(1), time.Time{}},
		{"no time now", "K2", with(observed(hour(9)), func(o *rotation.Observation) { o.Now = time.Time{} }),
			rotation.New, true, hour(1), hour(1).Add(readyAfter)},
		{"made and not added", "K2", with(observed(hour(9)), func(o *rotation.Observation) { o.KeyGroup.Members = []string{"K1"} }),
			rotation.New, false, hour(1), time.Time{}},
		{"added and not seen in CloudFront", "K3", with(observed(hour(9)), func(o *rotation.Observation) { o.KeyGroup.Members = []string{"K1", "K3"} }),
			rotation.Draining, true, hour(0), time.Time{}},
		{"a day older than the parameter", "K2", with(observed(hour(9)), func(o *rotation.Observation) { o.PublicKeys[1].Created = hour(-24) }),
			rotation.Draining, true, hour(0), time.Time{}},
		{"a day older than the parameter, with known limits", "K2", with(observed(hour(9)), func(o *rotation.Observation) { o.PublicKeys[1].Created, o.Unread = hour(-24), usual }),
			rotation.Draining, true, hour(0), hour(0).Add(retiredAfter)},
		{"less than a day older than the parameter", "K2", with(observed(hour(9)), func(o *rotation.Observation) { o.PublicKeys[1].Created = hour(-24).Add(1) }),
			rotation.Ready, true, hour(1).Add(readyAfter), time.Time{}},

		{"current", "K1", observed(hour(9)), rotation.Current, true, hour(0), time.Time{}},
		{"current in several versions", "K1", observed(hour(9), version(2, hour(3), "K1", rotation.Limits{})), rotation.Current, true, hour(0), time.Time{}},
		{"current again", "K1", observed(hour(9), promoted, version(3, hour(4), "K1", usual)), rotation.Current, true, hour(4), time.Time{}},
		{"current and out of the group", "K1", with(observed(hour(9)), func(o *rotation.Observation) { o.KeyGroup.Members = nil }),
			rotation.Current, false, hour(0), time.Time{}},
		{"current, in pages that come in another order", "K1", with(observed(hour(9), promoted, version(3, hour(4), "K1", usual)), func(o *rotation.Observation) { slices.Reverse(o.History) }),
			rotation.Current, true, hour(4), time.Time{}},

		{"just replaced", "K1", observed(hour(2), promoted), rotation.Draining, true, hour(2), hour(2).Add(retiredAfter)},
		{"a nanosecond before its last URL has expired", "K1", observed(hour(2).Add(retiredAfter-1), promoted), rotation.Draining, true, hour(2), hour(2).Add(retiredAfter)},
		{"its last URL has expired", "K1", observed(hour(2).Add(retiredAfter), promoted), rotation.Retired, true, hour(2).Add(retiredAfter), time.Time{}},
		{"rolled back", "K2", observed(hour(9), promoted, version(3, hour(2.5), "K1", usual)), rotation.Draining, true, hour(2.5), hour(2.5).Add(retiredAfter)},
		{"replaced under lower limits than before", "K1", observed(hour(9), version(2, hour(3), "K1", rotation.Limits{MaxURLLifetime: time.Second, MaxKeyAge: time.Second}), version(3, hour(4), "K2", usual)),
			rotation.Draining, true, hour(3), hour(3).Add(retiredAfter)},
		{"replaced under no limit", "K1", with(observed(hour(9e4), promoted), func(o *rotation.Observation) { o.History[0].Document.MaxKeyAge = 0 }),
			rotation.Draining, true, hour(2), time.Time{}},
		{"replaced under a limit below zero", "K1", with(observed(hour(9e4), promoted), func(o *rotation.Observation) { o.History[0].Document.MaxURLLifetime = -1 << 63 }),
			rotation.Draining, true, hour(2), time.Time{}},
		{"replaced under limits of centuries", "K1", with(observed(hour(9e4), promoted), func(o *rotation.Observation) { o.History[0].Document.MaxURLLifetime = 1<<63 - 1 }),
			rotation.Draining, true, hour(2), time.Time{}},
		{"replaced, by clocks of centuries", "K1", with(observed(hour(9e4), promoted), func(o *rotation.Observation) { o.Bounds.Clocks = 1 << 62 }),
			rotation.Draining, true, hour(2), time.Time{}},
		{"replaced at a time that is not known", "K1", observed(hour(9e4), version(2, time.Time{}, "K2", usual)), rotation.Draining, true, time.Time{}, time.Time{}},
		{"replaced before it was current, by clocks that contradict", "K1", observed(hour(9), version(2, hour(-2), "K2", usual)),
			rotation.Draining, true, hour(0), hour(0).Add(retiredAfter)},

		{"of another time than an unread version", "K2", with(observed(hour(9), unread, version(3, hour(3), "K1", usual)), func(o *rotation.Observation) {
			o.PublicKeys[1].Created, o.KeyGroup.Modified = hour(4), hour(4)
		}), rotation.Ready, true, hour(4).Add(readyAfter), time.Time{}},
		{"of the time of an unread version", "K2", observed(hour(9), unread, version(3, hour(3), "K1", usual)), rotation.Draining, true, hour(3), time.Time{}},
		{"of the time of an unread version with known limits", "K2", with(observed(hour(9), unread, version(3, hour(3), "K1", usual)), func(o *rotation.Observation) { o.Unread = usual }),
			rotation.Draining, true, hour(3), hour(3).Add(retiredAfter)},
		{"of the time of a borrowed key", "K2", with(observed(hour(9), version(2, hour(2), "K9", usual), version(3, hour(3), "K1", usual)), func(o *rotation.Observation) {
			o.History[1].Document.Key.Parameter = "/signedfront/lender"
		}), rotation.Draining, true, hour(3), hour(3).Add(retiredAfter)},
		{"while the last version cannot be read", "K2", observed(hour(9e4), unread), rotation.Draining, true, time.Time{}, time.Time{}},
		{"without a history", "K1", with(observed(hour(9e4)), func(o *rotation.Observation) { o.History = nil }), rotation.Draining, true, time.Time{}, time.Time{}},
		{"older than the history", "K1", with(observed(hour(9e4), version(101, hour(1), "K2", usual)), func(o *rotation.Observation) { o.History = o.History[1:] }),
			rotation.Draining, true, hour(1), time.Time{}},
		{"older than the history, with known limits", "K1", with(observed(hour(1).Add(retiredAfter), version(101, hour(1), "K2", usual)), func(o *rotation.Observation) {
			o.History, o.Unread = o.History[1:], usual
		}), rotation.Retired, true, hour(1).Add(retiredAfter), time.Time{}},
		{"younger than a hole in the history, by the clocks' difference", "K2", observed(hour(9), version(3, hour(1).Add(-121*time.Second), "K1", usual)),
			rotation.Ready, true, hour(1).Add(readyAfter), time.Time{}},
		{"younger than a hole in the history, if the clocks are right", "K2", observed(hour(9), version(3, hour(1).Add(-120*time.Second), "K1", usual)),
			rotation.Draining, true, hour(1).Add(-120 * time.Second), time.Time{}},

		{"removed too early, while edges trust it", "K1", with(observed(hour(3), promoted), func(o *rotation.Observation) {
			o.KeyGroup = rotation.KeyGroup{Members: []string{"K2"}, Modified: hour(3)}
		}), rotation.Draining, false, hour(2), hour(3).Add(readyAfter)},
		{"removed too early, and trusted by no edge", "K1", with(observed(hour(3).Add(readyAfter), promoted), func(o *rotation.Observation) {
			o.KeyGroup = rotation.KeyGroup{Members: []string{"K2"}, Modified: hour(3)}
		}), rotation.Retired, false, hour(3).Add(readyAfter), time.Time{}},
		{"removed after its last URL had expired", "K1", with(observed(hour(30), promoted), func(o *rotation.Observation) {
			o.KeyGroup = rotation.KeyGroup{Members: []string{"K2"}, Modified: hour(30)}
		}), rotation.Retired, false, hour(2).Add(retiredAfter), time.Time{}},
		{"removed at a time that is not known", "K1", with(observed(hour(30), promoted), func(o *rotation.Observation) {
			o.KeyGroup = rotation.KeyGroup{Members: []string{"K2"}}
		}), rotation.Retired, false, hour(2).Add(retiredAfter), time.Time{}},
		{"removed under no limit", "K1", with(observed(hour(3).Add(readyAfter), promoted), func(o *rotation.Observation) {
			o.KeyGroup = rotation.KeyGroup{Members: []string{"K2"}, Modified: hour(3)}
			o.History[0].Document.MaxKeyAge = 0
		}), rotation.Retired, false, hour(3).Add(readyAfter), time.Time{}},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := rotation.Assess(test.o)
			i := slices.IndexFunc(s.Keys, func(k rotation.KeyStatus) bool { return k.KeyPairID == test.key })
			if i < 0 {
				t.Fatalf("no %s in %+v", test.key, s.Keys)
			}
			k := s.Keys[i]
			if k.State != test.state || k.Trusted != test.trusted || !k.Since.Equal(test.since) || !k.Until.Equal(test.until) {
				t.Errorf("is %s (trusted: %v) since %s until %s\nwant %s (trusted: %v) since %s until %s",
					k.State, k.Trusted, k.Since, k.Until, test.state, test.trusted, test.since, test.until)
			}
		})
	}
}

func TestKeysComeByTheirNumbers(t *testing.T) {
	o := observed(hour(9))
	o.PublicKeys = []rotation.PublicKey{{ID: "KB", Number: 10}, {ID: "KC", Number: 9}, {ID: "KA"}}
	o.KeyGroup.Members = []string{"KZ", "KC", "KC"}
	var ids []string
	for _, k := range rotation.Assess(o).Keys {
		ids = append(ids, k.KeyPairID)
	}
	if want := []string{"KA", "KZ", "KC", "KB"}; !slices.Equal(ids, want) {
		t.Errorf("%v, want %v", ids, want)
	}
}

func TestStepsFromEachState(t *testing.T) {
	ready, retired := hour(1).Add(readyAfter), hour(2).Add(retiredAfter)
	promoted := version(2, hour(2), "K2", usual)
	type step struct {
		action rotation.Action
		key    string
		safe   bool
		from   time.Time
	}
	limits, add := step{rotation.ChangeLimits, "", true, time.Time{}}, step{rotation.Add, "", true, time.Time{}}
	current := func(key string) []step {
		return []step{{rotation.Remove, key, false, time.Time{}}, {rotation.RemoveCompromised, key, false, time.Time{}}}
	}
	for _, test := range []struct {
		name  string
		o     rotation.Observation
		steps []step
		next  time.Time
	}{
		{"one key", with(observed(hour(9)), func(o *rotation.Observation) { o.KeyGroup.Members = []string{"K1"} }),
			append([]step{limits, add}, current("K1")...), time.Time{}},
		{"a new key", observed(hour(1)), slices.Concat([]step{limits, add}, current("K1"),
			[]step{{rotation.Promote, "K2", false, ready}, {rotation.Remove, "K2", true, time.Time{}}}), ready},
		{"a ready key", observed(ready), slices.Concat([]step{limits, add}, current("K1"),
			[]step{{rotation.Promote, "K2", true, time.Time{}}, {rotation.Remove, "K2", true, time.Time{}}}), time.Time{}},
		{"a draining key", observed(hour(2), promoted), slices.Concat([]step{limits, add,
			{rotation.Promote, "K1", true, time.Time{}}, {rotation.Remove, "K1", false, retired}, {rotation.RemoveCompromised, "K1", true, time.Time{}}}, current("K2")), retired},
		{"a retired key", observed(retired, promoted), slices.Concat([]step{limits, add,
			{rotation.Promote, "K1", true, time.Time{}}, {rotation.Remove, "K1", true, time.Time{}}}, current("K2")), time.Time{}},
		{"a draining key, and a new one that is ready before", with(observed(hour(3), promoted), func(o *rotation.Observation) {
			o.KeyGroup.Members = []string{"K1", "K2", "K3"}
			o.PublicKeys = append(o.PublicKeys, rotation.PublicKey{ID: "K3", Number: 3, Created: hour(3)})
		}), slices.Concat([]step{limits, add,
			{rotation.Promote, "K1", true, time.Time{}}, {rotation.Remove, "K1", false, retired}, {rotation.RemoveCompromised, "K1", true, time.Time{}}}, current("K2"),
			[]step{{rotation.Promote, "K3", false, hour(3).Add(readyAfter)}, {rotation.Remove, "K3", true, time.Time{}}}), hour(3).Add(readyAfter)},
		{"a draining key, and a new one that is ready after", with(observed(retired.Add(-1), promoted), func(o *rotation.Observation) {
			o.KeyGroup.Members = []string{"K1", "K2", "K3"}
			o.PublicKeys = append(o.PublicKeys, rotation.PublicKey{ID: "K3", Number: 3, Created: retired})
		}), slices.Concat([]step{limits, add,
			{rotation.Promote, "K1", true, time.Time{}}, {rotation.Remove, "K1", false, retired}, {rotation.RemoveCompromised, "K1", true, time.Time{}}}, current("K2"),
			[]step{{rotation.Promote, "K3", false, retired.Add(readyAfter)}, {rotation.Remove, "K3", true, time.Time{}}}), retired},
		{"a document that cannot be read", observed(hour(9), rotation.Version{Number: 2, Modified: hour(2)}), slices.Concat([]step{limits, add,
			{rotation.Promote, "K1", true, time.Time{}}}, current("K1"), []step{{rotation.Promote, "K2", true, time.Time{}}}, current("K2")), time.Time{}},
		{"nothing", rotation.Observation{}, []step{limits, add}, time.Time{}},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := rotation.Assess(test.o)
			var steps []step
			for _, found := range s.Steps {
				steps = append(steps, step{found.Action, found.KeyPairID, found.Safe, found.From})
			}
			if !slices.Equal(steps, test.steps) || !s.Next.Equal(test.next) {
				t.Errorf("next %s, steps\n%v\nwant next %s, steps\n%v", s.Next, steps, test.next, test.steps)
			}
		})
	}
}

func TestAFullGroupTakesNoFurtherKey(t *testing.T) {
	o := observed(hour(9))
	o.KeyGroup.Members = []string{"K1", "K2", "K3", "K4", "K5"}
	steps := rotation.Assess(o).Steps
	add := steps[slices.IndexFunc(steps, func(s rotation.Step) bool { return s.Action == rotation.Add })]
	if add.Safe || len(add.Faults) != 1 {
		t.Errorf("%+v", add)
	}
	for _, s := range steps {
		if s.Action == rotation.ChangeLimits && !s.Safe {
			t.Errorf("%+v", s)
		}
	}
}

func TestBoundsOfZeroAreTheDefaults(t *testing.T) {
	o := observed(hour(1))
	o.Bounds = rotation.Bounds{Clocks: -1}
	want := hour(1).Add(rotation.DefaultPropagation + 2*rotation.DefaultClocks + time.Second)
	if k := rotation.Assess(o).Keys[1]; !k.Until.Equal(want) {
		t.Errorf("ready at %s, want %s", k.Until, want)
	}
	o.Bounds = rotation.Bounds{Propagation: time.Hour, Clocks: time.Second}
	want = hour(1).Add(time.Hour + 3*time.Second)
	if k := rotation.Assess(o).Keys[1]; !k.Until.Equal(want) {
		t.Errorf("ready at %s, want %s", k.Until, want)
	}
}
