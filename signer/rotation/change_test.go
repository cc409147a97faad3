package rotation_test

import (
	"slices"
	"testing"
	"time"

	"github.com/signedfront/signedfront/signer/rotation"
)

func TestAChangeIsJudgedWithAllThatIsWrong(t *testing.T) {
	promoted := version(2, hour(2), "K2", usual)
	both := []string{"K1", "K2"}
	for _, test := range []struct {
		name   string
		o      rotation.Observation
		change rotation.Change
		faults []string
		from   time.Time
		lifted []string
	}{
		{"nothing", observed(hour(1)), rotation.Change{Keys: both, Current: "K1"}, nil, time.Time{}, nil},
		{"nothing, in another order and twice", observed(hour(1)), rotation.Change{Keys: []string{"K2", "K1", "K2", "K1", "K2", "K1"}, Current: "K1"}, nil, time.Time{}, nil},
		{"one more key", observed(hour(1)), rotation.Change{Keys: []string{"K1", "K2", "K3"}, Current: "K1"}, nil, time.Time{}, nil},
		{"a key that never signed is removed", observed(hour(1)), rotation.Change{Keys: []string{"K1"}, Current: "K1"}, nil, time.Time{}, nil},
		{"a ready key is made current", observed(hour(2)), rotation.Change{Keys: both, Current: "K2"}, nil, time.Time{}, nil},
		{"a draining key is made current again", observed(hour(2), promoted), rotation.Change{Keys: both, Current: "K1"}, nil, time.Time{}, nil},
		{"a retired key is removed", observed(hour(99), promoted), rotation.Change{Keys: []string{"K2"}, Current: "K2"}, nil, time.Time{}, nil},
		{"a retired key is removed, and another is added", observed(hour(99), promoted), rotation.Change{Keys: []string{"K2", "K3"}, Current: "K2"}, nil, time.Time{}, nil},
		{"a current key comes back into the group", with(observed(hour(2)), func(o *rotation.Observation) { o.KeyGroup.Members = []string{"K2"} }),
			rotation.Change{Keys: both, Current: "K1"}, nil, time.Time{}, nil},

		{"a new key is made current", observed(hour(1.1)), rotation.Change{Keys: both, Current: "K2"}, []string{
			"signing key 2 (K2) may have been added to the key group as late as 2026-07-01T13:00:00Z, and edges may refuse its URLs until 2026-07-01T13:17:01Z: keep signing key 1 (K1) current, and make this change after that time",
		}, hour(1).Add(readyAfter), nil},
		{"a key is added and made current", observed(hour(9)), rotation.Change{Keys: []string{"K1", "K2", "K3"}, Current: "K3"}, []string{
			"signing key K3 would sign before it is in the key group, and edges would refuse its URLs: keep signing key 1 (K1) current, and make signing key K3 current in a later deployment, once every edge has it",
		}, time.Time{}, nil},
		{"a key is made, added and made current", with(observed(hour(9)), func(o *rotation.Observation) {
			o.PublicKeys = append(o.PublicKeys, rotation.PublicKey{ID: "key 3", Number: 3})
		}), rotation.Change{Keys: []string{"K1", "K2", "key 3"}, Current: "key 3"}, []string{
			"signing key 3 would sign before it is in the key group, and edges would refuse its URLs: keep signing key 1 (K1) current, and make signing key 3 current in a later deployment, once every edge has it",
		}, time.Time{}, nil},
		{"a key of an unknown time is made current", with(observed(hour(9)), func(o *rotation.Observation) { o.PublicKeys = nil }), rotation.Change{Keys: both, Current: "K2"}, []string{
			"it is not known since when signing key K2 has been in the key group, so edges may refuse its URLs: keep signing key K1 current, and read when the key was created and when the group was last modified",
		}, time.Time{}, nil},
		{"the current key is removed", observed(hour(9)), rotation.Change{Keys: []string{"K2"}, Current: "K2"}, []string{
			"signing key 1 (K1) is current since 2026-07-01T12:00:00Z, and signers sign with it: keep it in the key group, make another key current, and remove it in a later deployment, once its last URL has expired",
		}, time.Time{}, nil},
		{"the current key is edited in place", observed(hour(9)), rotation.Change{Keys: []string{"K2", "K9"}, Current: "K9"}, []string{
			"signing key K9 would sign before it is in the key group, and edges would refuse its URLs: keep signing key 1 (K1) current, and make signing key K9 current in a later deployment, once every edge has it",
			"signing key 1 (K1) is current since 2026-07-01T12:00:00Z, and signers sign with it: keep it in the key group, make another key current, and remove it in a later deployment, once its last URL has expired",
		}, time.Time{}, nil},
		{"a draining key is removed", observed(hour(9), promoted), rotation.Change{Keys: []string{"K2"}, Current: "K2"}, []string{
			"signing key 1 (K1) signed until 2026-07-01T14:00:00Z (maxUrlLifetime 1d, maxKeyAge 1h), and its URLs may be valid until 2026-07-02T15:19:02Z: keep it in the key group until then, and remove it afterwards",
		}, hour(2).Add(retiredAfter), nil},
		{"a draining key is removed, and a new one made current", with(observed(hour(9), promoted), func(o *rotation.Observation) {
			o.KeyGroup = rotation.KeyGroup{Members: []string{"K1", "K2", "K3"}, Modified: hour(8.9)}
			o.PublicKeys = append(o.PublicKeys, rotation.PublicKey{ID: "K3", Number: 3, Created: hour(8.8)})
		}), rotation.Change{Keys: []string{"K2", "K3"}, Current: "K3"}, []string{
			"signing key 3 (K3) may have been added to the key group as late as 2026-07-01T20:54:00Z, and edges may refuse its URLs until 2026-07-01T21:11:01Z: keep signing key 2 (K2) current, and make this change after that time",
			"signing key 1 (K1) signed until 2026-07-01T14:00:00Z (maxUrlLifetime 1d, maxKeyAge 1h), and its URLs may be valid until 2026-07-02T15:19:02Z: keep it in the key group until then, and remove it afterwards",
		}, hour(2).Add(retiredAfter), nil},
		{"a draining key is removed, and a newer one made current", with(observed(hour(2).Add(retiredAfter-time.Minute), promoted), func(o *rotation.Observation) {
			o.KeyGroup = rotation.KeyGroup{Members: []string{"K1", "K2", "K3"}, Modified: hour(2).Add(retiredAfter)}
			o.PublicKeys = append(o.PublicKeys, rotation.PublicKey{ID: "K3", Created: hour(8)})
		}), rotation.Change{Keys: []string{"K2", "K3"}, Current: "K3"}, []string{
			"signing key K3 may have been added to the key group as late as 2026-07-02T15:19:02Z, and edges may refuse its URLs until 2026-07-02T15:36:03Z: keep signing key 2 (K2) current, and make this change after that time",
			"signing key 1 (K1) signed until 2026-07-01T14:00:00Z (maxUrlLifetime 1d, maxKeyAge 1h), and its URLs may be valid until 2026-07-02T15:19:02Z: keep it in the key group until then, and remove it afterwards",
		}, hour(2).Add(retiredAfter + readyAfter), nil},
		{"a key is removed after a lower limit", observed(hour(9), version(2, hour(2), "K1", rotation.Limits{MaxURLLifetime: time.Minute, MaxKeyAge: time.Minute}), version(3, hour(3), "K2", usual)),
			rotation.Change{Keys: []string{"K2"}, Current: "K2"}, []string{
				"signing key 1 (K1) signed until 2026-07-01T14:00:00Z (maxUrlLifetime 1d, maxKeyAge 1h), and its URLs may be valid until 2026-07-02T15:19:02Z: keep it in the key group until then, and remove it afterwards",
			}, hour(2).Add(retiredAfter), nil},
		{"a key without limits is removed", with(observed(hour(9), promoted), func(o *rotation.Observation) {
			o.History[0].Document.MaxKeyAge = 90
			o.History[0].Document.MaxURLLifetime = 0
		}),
			rotation.Change{Keys: []string{"K2"}, Current: "K2"}, []string{
				"signing key 1 (K1) signed until 2026-07-01T14:00:00Z (maxUrlLifetime without limit, maxKeyAge 1m30s), and it is not known until when its URLs are valid: keep it in the key group, or list it as compromised, so that CloudFront refuses its URLs",
			}, time.Time{}, nil},
		{"a key with limits of centuries is removed", with(observed(hour(9), promoted), func(o *rotation.Observation) { o.History[0].Document.MaxKeyAge = 1 << 62 }),
			rotation.Change{Keys: []string{"K2"}, Current: "K2"}, []string{
				"signing key 1 (K1) signed until 2026-07-01T14:00:00Z (maxUrlLifetime 1d, maxKeyAge without limit), and it is not known until when its URLs are valid: keep it in the key group, or list it as compromised, so that CloudFront refuses its URLs",
			}, time.Time{}, nil},
		{"a key is removed that an older version may have named", with(observed(hour(9), version(102, hour(2), "K2", usual)), func(o *rotation.Observation) {
			o.History, o.Unread = o.History[1:], rotation.Limits{MaxURLLifetime: 36 * time.Hour, MaxKeyAge: 90 * time.Minute}
		}), rotation.Change{Keys: []string{"K2"}, Current: "K2"}, []string{
			"signing key 1 (K1) may have signed until 2026-07-01T14:00:00Z (maxUrlLifetime 36h, maxKeyAge 90m), and its URLs may be valid until 2026-07-03T03:49:02Z: keep it in the key group until then, and remove it afterwards",
		}, hour(2).Add(37*time.Hour + 30*time.Minute + 19*time.Minute + 2*time.Second), nil},
		{"a key of before the parameter was renamed is removed", with(observed(hour(9), version(2, hour(2), "K2", usual)), func(o *rotation.Observation) {
			o.History, o.Unread = []rotation.Version{version(1, hour(2), "K2", usual)}, usual
			o.PublicKeys[0].Created = hour(-24)
		}), rotation.Change{Keys: []string{"K2"}, Current: "K2"}, []string{
			"signing key 1 (K1) may have signed until 2026-07-01T14:00:00Z (maxUrlLifetime 1d, maxKeyAge 1h), and its URLs may be valid until 2026-07-02T15:19:02Z: keep it in the key group until then, and remove it afterwards",
		}, hour(2).Add(retiredAfter), nil},
		{"a key is removed at a time that is not known", observed(hour(9), version(2, time.Time{}, "K2", usual)), rotation.Change{Keys: []string{"K2"}, Current: "K2"}, []string{
			"signing key 1 (K1) signed until a time that is not known (maxUrlLifetime 1d, maxKeyAge 1h), and it is not known until when its URLs are valid: keep it in the key group, or list it as compromised, so that CloudFront refuses its URLs",
		}, time.Time{}, nil},
		{"a key is removed while nobody knows which is current", observed(hour(9), rotation.Version{Number: 2, Modified: hour(2)}), rotation.Change{Keys: []string{"K2"}, Current: "K2"}, []string{
			"it is not known which key is current, and signing key 1 (K1) may be: keep it in the key group until the deployment document can be read",
		}, time.Time{}, nil},
		{"a current key of an unknown time is removed", with(observed(hour(9)), func(o *rotation.Observation) { o.History[0].Modified = time.Time{} }), rotation.Change{Keys: []string{"K2"}, Current: "K2"}, []string{
			"signing key 1 (K1) is current, and signers sign with it: keep it in the key group, make another key current, and remove it in a later deployment, once its last URL has expired",
		}, time.Time{}, nil},
		{"a current key that is not one of the keys", observed(hour(9)), rotation.Change{Keys: []string{"K1"}, Current: "K2"}, []string{
			"signing key 2 (K2) is current and is not one of the keys, so CloudFront would refuse every URL that it signs: list it, or make one of the keys current",
		}, time.Time{}, nil},
		{"a current key that is not one of the keys, while nobody knows which is", observed(hour(9), rotation.Version{Number: 2, Modified: hour(2)}), rotation.Change{Keys: both, Current: "K3"}, []string{
			"signing key K3 is current and is not one of the keys, so CloudFront would refuse every URL that it signs: list it, or make one of the keys current",
			"signing key K3 would sign before it is in the key group, and edges would refuse its URLs: make signing key K3 current in a later deployment, once every edge has it",
		}, time.Time{}, nil},
		{"no current key", observed(hour(9)), rotation.Change{Keys: both}, []string{"no key is current: name one of the keys"}, time.Time{}, nil},
		{"too many keys", observed(hour(9)), rotation.Change{Keys: []string{"K1", "K2", "K3", "K4", "K5", "K6"}, Current: "K1"}, []string{
			"6 keys, but a key group of CloudFront can have at most 5: remove one first",
		}, time.Time{}, nil},
		{"a key made current at a time that is not known", with(observed(hour(9)), func(o *rotation.Observation) { o.Now = time.Time{} }), rotation.Change{Keys: both, Current: "K2"}, []string{
			"signing key 2 (K2) may have been added to the key group as late as 2026-07-01T13:00:00Z, and edges may refuse its URLs until 2026-07-01T13:17:01Z: keep signing key 1 (K1) current, and make this change after that time",
		}, hour(1).Add(readyAfter), nil},

		{"a compromised key makes room for another", observed(hour(9)), rotation.Change{Keys: both, Current: "K2", Compromised: []string{"K1"}}, nil, time.Time{}, nil},
		{"a compromised key is removed", observed(hour(9), promoted), rotation.Change{Keys: []string{"K2"}, Current: "K2", Compromised: []string{"K1"}}, nil, time.Time{}, []string{
			"signing key 1 (K1) signed until 2026-07-01T14:00:00Z (maxUrlLifetime 1d, maxKeyAge 1h), and its URLs may be valid until 2026-07-02T15:19:02Z: CloudFront refuses them, and those that signers make until they have read the deployment document",
		}},
		{"a compromised key is removed before another is current", observed(hour(9)), rotation.Change{Keys: []string{"K2"}, Current: "K2", Compromised: []string{"K1"}}, []string{
			"signing key 1 (K1) is current since 2026-07-01T12:00:00Z, and signers sign with it: keep it in the key group, make another key current, and remove it in a later deployment, once its last URL has expired",
		}, time.Time{}, nil},
		{"a compromised key stays current", observed(hour(9)), rotation.Change{Keys: both, Current: "K1", Compromised: []string{"K1"}}, []string{
			"signing key 1 (K1) is compromised and stays current: make another key current, and remove this one in the next deployment",
		}, time.Time{}, nil},
		{"a compromised key makes room for a new one", observed(hour(1)), rotation.Change{Keys: both, Current: "K2", Compromised: []string{"K1"}}, []string{
			"signing key 2 (K2) may have been added to the key group as late as 2026-07-01T13:00:00Z, and edges may refuse its URLs until 2026-07-01T13:17:01Z: keep signing key 1 (K1) current, and make this change after that time",
		}, hour(1).Add(readyAfter), nil},
		{"a compromised key is gone already", with(observed(hour(9), promoted), func(o *rotation.Observation) { o.KeyGroup.Members = []string{"K2"} }),
			rotation.Change{Keys: []string{"K2"}, Current: "K2", Compromised: []string{"K1"}}, nil, time.Time{}, nil},
		{"a compromised key may be the current one", observed(hour(9), rotation.Version{Number: 2, Modified: hour(2)}), rotation.Change{Keys: []string{"K2"}, Current: "K2", Compromised: []string{"K1"}}, []string{
			"it is not known which key is current, and signing key 1 (K1) may be: keep it in the key group until the deployment document can be read",
		}, time.Time{}, nil},

		{"nothing is seen and nothing changes", rotation.Observation{}, rotation.Change{}, nil, time.Time{}, nil},
		{"nothing is seen and a key is made current", rotation.Observation{}, rotation.Change{Keys: both, Current: "K1"}, []string{
			"signing key K1 would sign before it is in the key group, and edges would refuse its URLs: make signing key K1 current in a later deployment, once every edge has it",
		}, time.Time{}, nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			v := rotation.Judge(test.o, test.change)
			if v.Safe != (test.faults == nil) || !slices.Equal(texts(v.Faults), test.faults) {
				t.Errorf("safe: %v, faults\n%q\nwant\n%q", v.Safe, texts(v.Faults), test.faults)
			}
			if !v.From.Equal(test.from) || !slices.Equal(texts(v.Lifted), test.lifted) {
				t.Errorf("from %s, lifted\n%q\nwant from %s, lifted\n%q", v.From, texts(v.Lifted), test.from, test.lifted)
			}
			if v.Safe {
				return
			}
			for step, o := range map[string]time.Time{"at": v.From, "before": v.From.Add(-1)} {
				if test.o.Now = o; !v.From.IsZero() && rotation.Judge(test.o, test.change).Safe != (step == "at") {
					t.Errorf("safe: %v, %s the time from which it is", step != "at", step)
				}
			}
		})
	}
}

func texts(faults []rotation.Fault) (texts []string) {
	for _, f := range faults {
		texts = append(texts, f.Error())
	}
	return texts
}

func TestAFaultTellsItsKeyAndItsTimes(t *testing.T) {
	v := rotation.Judge(observed(hour(9).In(time.FixedZone("", 3600)), version(2, hour(2).In(time.FixedZone("", 3600)), "K2", usual)),
		rotation.Change{Keys: []string{"K2"}, Current: "K2"})
	f := v.Faults[0]
	if f.KeyPairID != "K1" || f.Since != hour(2) || f.From != hour(2).Add(retiredAfter) || v.From != f.From {
		t.Errorf("%+v", f)
	}
	if text := "-----BEGIN PRIVATE KEY-----"; rotation.Judge(observed(hour(9)), rotation.Change{Current: text}).Faults[0].KeyPairID != "" {
		t.Error("a fault has a key pair id that cannot be one")
	}
	current := rotation.Judge(observed(hour(9)), rotation.Change{Keys: []string{"K2"}, Current: "K2"}).Faults[0]
	if !current.Since.IsZero() || !current.From.IsZero() {
		t.Errorf("the end of what has not ended: %+v", current)
	}
}

func TestTheZeroVerdictIsNotSafe(t *testing.T) {
	var v rotation.Verdict
	if v.Safe || v.Err() == nil {
		t.Error("the zero Verdict is safe")
	}
	if err := rotation.Judge(observed(hour(1)), rotation.Change{Keys: []string{"K1", "K2"}, Current: "K1"}).Err(); err != nil {
		t.Error(err)
	}
	err := rotation.Judge(observed(hour(9)), rotation.Change{Keys: []string{"K2", "K9"}, Current: "K9"}).Err()
	if several, ok := err.(interface{ Unwrap() []error }); !ok || len(several.Unwrap()) != 2 {
		t.Errorf("want both faults: %v", err)
	}
}

// One deployment can promote one key and remove another once both steps are safe,
// whether the group or the document is written first.
func TestPromotionAndRemovalInOneDeploymentWaitForBoth(t *testing.T) {
	o := observed(hour(2), version(2, hour(2), "K2", usual))
	o.KeyGroup.Members = append(o.KeyGroup.Members, "K3")
	o.PublicKeys = append(o.PublicKeys, rotation.PublicKey{ID: "K3", Created: hour(1)})
	c := rotation.Change{Keys: []string{"K2", "K3"}, Current: "K3"}
	if v := rotation.Judge(o, c); v.Safe || !v.From.Equal(hour(2).Add(retiredAfter)) {
		t.Errorf("%+v", v)
	}
	o.Now = hour(2).Add(retiredAfter)
	if v := rotation.Judge(o, c); !v.Safe {
		t.Error(v.Err())
	}
	// The replaced key must wait in any case.
	c.Keys = []string{"K3"}
	if v := rotation.Judge(o, c); v.Safe || !v.From.IsZero() {
		t.Errorf("%+v", v)
	}
}

func TestFractionsOfSecondsCountAgainstTheStep(t *testing.T) {
	o := observed(hour(2))
	o.KeyGroup.Modified = hour(1).Add(1)
	v := rotation.Judge(with(o, func(o *rotation.Observation) { o.Now = hour(1).Add(readyAfter) }), rotation.Change{Keys: []string{"K1", "K2"}, Current: "K2"})
	if want := hour(1).Add(readyAfter + time.Second); !v.From.Equal(want) {
		t.Errorf("from %s, want %s", v.From, want)
	}
}
