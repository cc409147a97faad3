package keyguard_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/signedfront/signedfront/constructs/contract"
	"github.com/signedfront/signedfront/signer/awsrotation"
)

// rotated returns a stack whose second key became current that long ago.
func rotated(ago time.Duration) *account {
	a := inUse()
	a.documents(ago, document("K2"))
	return a
}

// added returns a stack whose third key was added to the group that long ago.
func added(ago time.Duration) *account {
	a := rotated(20 * day)
	a.group.Members = append(a.group.Members, "K3")
	a.group.Modified = time.Now().Add(-ago).Truncate(time.Second)
	a.keys["K3"] = awsrotation.PublicKey{CallerReference: reference(3, "c"), Created: a.group.Modified}
	return a
}

func TestARightStepIsAllowed(t *testing.T) {
	for name, step := range map[string]struct {
		account    func() *account
		properties map[string]any
	}{
		"nothing changes":                               {inUse, properties("1", "1a", "2b")},
		"a key is added":                                {inUse, properties("1", "1a", "2b", "3c")},
		"three keys are added at once":                  {inUse, properties("1", "1a", "2b", "3c", "4d", "5e")},
		"a key that was added long ago becomes current": {inUse, properties("2", "1a", "2b")},
		"a key becomes current once it is ready":        {func() *account { return added(readyAfter) }, properties("3", "1a", "2b", "3c")},
		"it goes back to the key before":                {func() *account { return rotated(time.Minute) }, properties("1", "1a", "2b")},
		"a key is removed once its URLs have expired":   {func() *account { return rotated(retiredAfter) }, properties("2", "2b")},
		"a key that has never signed is removed":        {inUse, properties("1", "1a")},
		"a key is removed and another one added":        {func() *account { return rotated(20 * day) }, properties("2", "2b", "3c")},
		"another becomes current and a third one goes":  {func() *account { return added(20 * day) }, properties("3", "2b", "3c")},
		"the limits change":                             {inUse, but(properties("1", "1a", "2b"), contract.MaxURLLifetimeSeconds, "60", contract.MaxKeyAgeSeconds, "60")},
		"the keys begin to be lent":                     {inUse, but(properties("1", "1a", "2b"), contract.KeyMode, contract.LentKeys)},
		"CloudFormation sends numbers":                  {inUse, but(properties("1", "1a", "2b"), contract.CurrentKey, 1.0, contract.MarginSeconds, 900.0)},
	} {
		inBubble(t, name, func(t *testing.T) { step.account().wantAllowed(t, step.properties) })
	}
}

// foreign is a stack whose group also has a key that somebody else has made, long
// before the stack.
func foreign(a *account) *account {
	a.group.Members = append(a.group.Members, "K7")
	a.keys["K7"] = awsrotation.PublicKey{CallerReference: "by hand", Created: time.Now().Add(-400 * day)}
	return a
}

func TestKeysThatAreNoneOfTheStacksAreInNoStepsWay(t *testing.T) {
	also := func(properties map[string]any) map[string]any {
		return but(properties, contract.AlsoTrustedKeys, []any{"K7"})
	}
	for name, step := range map[string]struct {
		account    func() *account
		properties map[string]any
	}{
		"one joins":                          {func() *account { return inUse() }, properties("1", "1a", "2b")},
		"nothing changes":                    {func() *account { return foreign(inUse()) }, properties("1", "1a", "2b")},
		"a key of the stack is added":        {func() *account { return foreign(inUse()) }, properties("1", "1a", "2b", "3c")},
		"a key of the stack becomes current": {func() *account { return foreign(added(readyAfter)) }, properties("3", "1a", "2b", "3c")},
		"a key of the stack is removed":      {func() *account { return foreign(rotated(retiredAfter)) }, properties("2", "2b")},
	} {
		inBubble(t, name, func(t *testing.T) { step.account().wantAllowed(t, also(step.properties)) })
	}
	inBubble(t, "the waits of the stack's own stay", func(t *testing.T) {
		foreign(rotated(day)).wantRefused(t, also(properties("2", "2b")), "signing key 1 (K1) signed until")
		foreign(added(readyAfter-time.Second)).wantRefused(t, also(properties("3", "1a", "2b", "3c")), "edges may refuse its URLs")
	})
	const removed = `public key "K7" is in the key group and is not one of the stack's signing keys, so it is not known which of its URLs are valid: list it in alsoTrust, or remove it with "guard": false`
	inBubble(t, "one is not removed", func(t *testing.T) {
		a := foreign(inUse())
		a.wantRefused(t, properties("1", "1a", "2b"), "refuse viewers: "+removed)
		if strings.Contains(a.log.String(), "signing key K7") {
			t.Errorf("it is judged as one of the stack's too: %s", a.log.String())
		}
	})
	inBubble(t, "one that somebody has put there after the stack was made is not removed", func(t *testing.T) {
		a := foreign(inUse())
		a.keys["K7"] = awsrotation.PublicKey{CallerReference: "by hand", Created: time.Now().Add(-day)}
		a.wantRefused(t, properties("1", "1a", "2b"), removed)
	})
	inBubble(t, "a wait of the stack's own does not make the removal of another one safe", func(t *testing.T) {
		foreign(rotated(day)).wantRefused(t, properties("2", "2b"), "refuse viewers: "+removed, "signing key 1 (K1)")
	})
	inBubble(t, "one that is not in the group any more is in no way", func(t *testing.T) {
		a := foreign(inUse())
		a.group.Members = []string{"K1", "K2"}
		a.wantAllowed(t, properties("1", "1a", "2b"))
	})
	for name, change := range map[string]func(a *account){
		"a document has named it":        func(a *account) { a.documents(day, document("K7")); a.documents(time.Hour, document("K1")) },
		"a document cannot be read":      func(a *account) { a.documents(day, nil); a.documents(time.Hour, document("K1")) },
		"CloudFront does not know it":    func(a *account) { delete(a.keys, "K7") },
		"the stack made it under number": func(a *account) { a.keys["K7"] = awsrotation.PublicKey{CallerReference: reference(7, "f")} },
	} {
		inBubble(t, "one is not removed where "+name, func(t *testing.T) {
			a := foreign(inUse())
			change(a)
			a.wantRefused(t, properties("1", "1a", "2b"), "K7")
		})
	}
	inBubble(t, "one of the stack's own is not to be listed with them", func(t *testing.T) {
		const says = `public key "K1" is in alsoTrust and is signing key 1 of this stack`
		inUse().wantRefused(t, but(properties("1", "1a", "2b"), contract.AlsoTrustedKeys, []any{"K1"}), "refuse viewers: "+says)
		// Its public key would go with the stack's resource, while the group has it.
		rotated(day).wantRefused(t, but(properties("2", "2b"), contract.AlsoTrustedKeys, []any{"K1"}), "refuse viewers: "+says)
	})
	inBubble(t, "a group holds five", func(t *testing.T) {
		inUse().wantRefused(t, but(properties("1", "1a", "2b", "3c"), contract.AlsoTrustedKeys, []any{"K7", "K8", "K9"}), "6 keys, but a key group of CloudFront can have at most 5")
	})
}

func TestAWrongStepIsRefusedWithTheTimeFromWhichItIsSafe(t *testing.T) {
	for name, step := range map[string]struct {
		account    func() *account
		properties map[string]any
		safe       func(now time.Time) time.Time // nil if waiting does not help
		says       []string
	}{
		"a key becomes current sixteen seconds after it was added": {
			func() *account { return added(16 * time.Second) }, properties("3", "1a", "2b", "3c"),
			func(now time.Time) time.Time { return now.Add(readyAfter - 16*time.Second) },
			[]string{"signing key 3 (K3) may have been added to the key group as late as", "keep signing key 2 (K2) current"}},
		"a key becomes current a second too early": {
			func() *account { return added(readyAfter - time.Second) }, properties("3", "1a", "2b", "3c"),
			func(now time.Time) time.Time { return now.Add(time.Second) }, nil},
		"a key becomes current in the deployment that adds it": {
			inUse, properties("3", "1a", "2b", "3c"), nil,
			[]string{"signing key 3 would sign before it is in the key group", "keep signing key 1 (K1) current", "in a later deployment"}},
		"the current key is removed": {
			inUse, properties("2", "2b"), nil, []string{"signing key 1 (K1) is current since", "remove it in a later deployment"}},
		"one number is written over the only one": {
			inUse, properties("3", "3c"), nil, []string{"signing key 3 would sign before", "signing key 1 (K1) is current"}},
		"the current key is edited in place": {
			inUse, properties("1", "1f", "2b"), nil,
			[]string{`signing key 1 is in CloudFront as "K1" and would become another key`, "give the new key another number"}},
		"another key is replaced in place": {
			inUse, properties("1", "1a", "2f"), nil, []string{`signing key 2 is in CloudFront as "K2" and would become another key`}},
		"a key goes before its URLs have expired": {
			func() *account { return rotated(day) }, properties("2", "2b"),
			func(now time.Time) time.Time { return now.Add(retiredAfter - day) },
			[]string{"signing key 1 (K1) signed until", "(maxUrlLifetime 7d, maxKeyAge 1h)", "keep it in the key group"}},
		"a lower lifetime is to shorten the wait": {
			func() *account { return rotated(day) }, but(properties("2", "2b"), contract.MaxURLLifetimeSeconds, "60", contract.MaxKeyAgeSeconds, "60"),
			func(now time.Time) time.Time { return now.Add(retiredAfter - day) }, nil},
		"a lower lifetime of a deployment before is to shorten the wait": {
			func() *account {
				a := inUse()
				a.documents(3*day, document("K2"))
				lower := document("K2")
				lower.MaxURLLifetime, lower.MaxKeyAge = 60, 60
				a.documents(2*day, lower)
				return a
			}, properties("2", "2b"),
			func(now time.Time) time.Time { return now.Add(retiredAfter - 3*day) }, nil},
		"another becomes current and the one before goes, in one deployment": {
			func() *account { return added(20 * day) }, properties("3", "1a", "3c"), nil, []string{"signing key 2 (K2) is current"}},
		"another becomes current and a third one goes, before both are safe": {
			func() *account { a := added(0); a.history[1].Modified = time.Now().Add(-day); return a }, properties("3", "2b", "3c"),
			func(now time.Time) time.Time { return now.Add(retiredAfter - day) }, nil},
		"six keys": {
			inUse, properties("1", "1a", "2b", "3c", "4d", "5e", "6f"), nil, []string{"6 keys, but a key group of CloudFront can have at most 5"}},
	} {
		inBubble(t, name, func(t *testing.T) {
			a := step.account()
			says := append(step.says, "this deployment would have CloudFront refuse viewers: ")
			if step.safe != nil {
				says = append(step.says, "refuse viewers before "+stamp(step.safe(time.Now()))+", and is safe from then on: ")
			}
			a.wantRefused(t, step.properties, says...)
			if strings.Contains(a.log.String(), `"allowed"`) {
				t.Errorf("the log says %s", a.log.String())
			}
			if step.safe != nil {
				time.Sleep(time.Until(step.safe(time.Now())) - time.Second)
				a.wantRefused(t, step.properties)
				time.Sleep(time.Second)
				a.wantAllowed(t, step.properties)
			}
		})
	}
}

func TestTheMarginOfThePropertiesIsWaited(t *testing.T) {
	inBubble(t, "an hour", func(t *testing.T) {
		a := added(readyAfter)
		a.wantRefused(t, but(properties("3", "1a", "2b", "3c"), contract.MarginSeconds, "3600"), stamp(time.Now().Add(45*time.Minute)))
	})
	inBubble(t, "a second", func(t *testing.T) {
		added(2*time.Minute+2*time.Second).wantAllowed(t, but(properties("3", "1a", "2b", "3c"), contract.MarginSeconds, "1"))
	})
	inBubble(t, "a day", func(t *testing.T) {
		a := added(readyAfter)
		a.wantRefused(t, but(properties("3", "1a", "2b", "3c"), contract.MarginSeconds, "86400"), stamp(time.Now().Add(day-15*time.Minute)))
	})
}

func TestACompromisedKeyGoesInTheDeploymentAfterTheNewOne(t *testing.T) {
	compromised := func(properties map[string]any, numbers ...any) map[string]any {
		return but(properties, contract.CompromisedKeys, numbers)
	}
	inBubble(t, "the new key first", func(t *testing.T) {
		inUse().wantAllowed(t, compromised(properties("2", "1a", "2b"), "1"))
	})
	inBubble(t, "then the old one, without its wait, and the log says what it costs", func(t *testing.T) {
		a := rotated(time.Second)
		a.wantAllowed(t, compromised(properties("2", "2b"), "1"))
		if said := a.log.String(); !strings.Contains(said, "a compromised key is removed without its wait") || !strings.Contains(said, "signing key 1 (K1) signed until") {
			t.Errorf("the log says %s", said)
		}
	})
	inBubble(t, "not while it is current", func(t *testing.T) {
		inUse().wantRefused(t, compromised(properties("2", "2b"), "1"), "signing key 1 (K1) is current since")
	})
	inBubble(t, "nor if it stays current", func(t *testing.T) {
		inUse().wantRefused(t, compromised(properties("1", "1a", "2b"), "1"), "signing key 1 (K1) is compromised and stays current")
	})
	inBubble(t, "nor with a new one that no edge knows", func(t *testing.T) {
		a := added(0)
		a.wantRefused(t, compromised(properties("3", "1a", "3c"), 2.0), "edges may refuse its URLs")
	})
	inBubble(t, "nor if another one is told", func(t *testing.T) {
		rotated(time.Second).wantRefused(t, compromised(properties("2", "2b"), "2", "3"), "signing key 1 (K1) signed until")
	})
	inBubble(t, "nor a key of another stack that has the number", func(t *testing.T) {
		a := rotated(time.Second)
		a.keys["K1"] = awsrotation.PublicKey{CallerReference: strings.Replace(reference(1, "a"), salt, "ffffffff", 1), Created: a.keys["K1"].Created}
		a.wantRefused(t, compromised(properties("2", "2b"), "1"), `public key "K1" is in the key group and is not one of the stack's`)
	})
}

// What the account does not show counts against the step.
func TestWhatIsNotKnownIsWaitedFor(t *testing.T) {
	remove := properties("2", "2b")
	for name, change := range map[string]func(a *account){
		"versions before the hundred that AWS keeps": func(a *account) {
			a.history = slices.DeleteFunc(a.history, func(v keyVersion) bool { return v.Number == 1 })
		},
		"a version that is no document":     func(a *account) { a.history[0].Document = nil },
		"when the key group was changed":    func(a *account) { a.group.Modified = time.Time{}; a.history[1].Document = document("K1") },
		"the history of a deleted document": func(a *account) { a.history = nil },
		"when the document was changed":     func(a *account) { a.history[1].Modified = time.Time{} },
	} {
		inBubble(t, name, func(t *testing.T) {
			a := rotated(20 * day)
			change(a)
			a.wantRefused(t, remove)
			if name != "when the key group was changed" {
				a.wantAllowed(t, properties("2", "1a", "2b", "3c"))
			}
		})
	}
	inBubble(t, "a public key that CloudFront no longer has", func(t *testing.T) {
		a := rotated(20 * day)
		delete(a.keys, "K2")
		a.wantRefused(t, properties("1", "1a", "2b"), "signing key K2 is current since")
	})
}

// Somebody has changed the key group by hand.
func TestAKeyThatIsOutOfTheGroupAndSignsStaysCurrent(t *testing.T) {
	inBubble(t, "the document names it", func(t *testing.T) {
		a := inUse()
		a.group.Members = []string{"K2"}
		a.wantAllowed(t, properties("1", "1a", "2b"))
	})
	inBubble(t, "and a key that no number belongs to is in it", func(t *testing.T) {
		a := inUse()
		a.group.Members = append(a.group.Members, "K9")
		a.keys["K9"] = awsrotation.PublicKey{CallerReference: "by-hand", Created: time.Now()}
		a.documents(day, document("K9"))
		a.documents(time.Hour, document("K1"))
		a.wantRefused(t, properties("1", "1a", "2b"), `public key "K9" is in the key group and is not one of the stack's`)
	})
}
