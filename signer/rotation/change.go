package rotation

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/signedfront/signedfront/signer"
)

// Change is the state of the keys after a deployment. It does not include the
// limits maxUrlLifetime and maxKeyAge, which may be raised and lowered at any time:
// each version of the deployment document counts with its own limits.
type Change struct {
	// Keys are the members of the key group, by key pair id. A key that the
	// deployment creates has no id yet: use any text that cannot be an id. A
	// PublicKey with that text as its ID sets its number.
	Keys []string

	// Current is the key that signs, one of Keys. It may be empty only if the
	// current key is not known; the current key then does not change.
	Current string

	// Compromised are keys that somebody else has. They are removed without a wait;
	// CloudFront then refuses everything that they signed. The order of steps stays the
	// same: such a key is removed in a deployment after the one that makes another key
	// current.
	Compromised []string
}

// Verdict reports whether a change is safe. The zero Verdict is not safe.
type Verdict struct {
	// Safe reports that after the change no viewer's valid URL is refused, except
	// those of compromised keys.
	Safe bool

	// Faults are all reasons why the change is not safe. There is at least one
	// unless Safe is set.
	Faults []Fault

	// From is when the change becomes safe, in whole seconds and UTC, if nothing
	// else changes. It is zero if the change is safe, if waiting does not make it
	// safe, and if the time is not known.
	From time.Time

	// Lifted are the waits that compromised keys skip, which is the cost of the
	// change: until Fault.From, CloudFront refuses URLs that were valid.
	Lifted []Fault
}

// Fault is one reason why a change is not safe. Its text says what is wrong,
// what to do, and, where they are known, since when it is wrong and when the change
// becomes safe, as RFC 3339 times in UTC.
type Fault struct {
	// KeyPairID is the key at fault. It is empty if there is none, or if the given
	// text cannot be a CloudFront id: it may be a private key.
	KeyPairID string

	// Since is the start of the wait: the last change of the key group, or the end
	// of the document that named the key. It is zero if the wait has not begun or
	// its start is not known.
	Since time.Time

	// From is when the fault ends, in whole seconds and UTC. It is zero if waiting
	// does not end it, or if the time is not known.
	From time.Time

	text string
}

func (f Fault) Error() string { return f.text }

// Err returns the faults joined into one error, or nil if the change is safe.
func (v Verdict) Err() error {
	switch {
	case v.Safe:
		return nil
	case len(v.Faults) == 0:
		return errors.New("the change was not judged")
	}
	var errs []error
	for _, f := range v.Faults {
		errs = append(errs, f)
	}
	return errors.Join(errs...)
}

// maxMembers is CloudFront's quota of public keys in a key group:
// https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/cloudfront-limits.html
const maxMembers = 5

// Judge returns whether a change may be made now, with all faults. It depends only
// on its arguments and accepts any values: whatever an observation does not show
// counts against the change.
//
// A change that neither removes a key from the group nor makes another key current
// is always safe.
func Judge(o Observation, c Change) Verdict { return complete.judge(see(o), c) }

func (p *proof) judge(f *facts, c Change) Verdict {
	var v Verdict
	for _, r := range p.rules {
		found := r.find(p, f, c)
		v.Faults = append(v.Faults, found.faults...)
		v.Lifted = append(v.Lifted, found.lifted...)
	}
	if slices.Contains(c.Compromised, c.Current) {
		v.Faults = append(v.Faults, f.fault(c.Current, time.Time{}, time.Time{},
			"%s is compromised and stays current: make another key current, and remove this one in the next deployment", f.name(c.Current)))
	}
	if n := len(slices.Compact(slices.Sorted(slices.Values(c.Keys)))); n > maxMembers {
		v.Faults = append(v.Faults, f.fault("", time.Time{}, time.Time{},
			"%d keys, but a key group of CloudFront can have at most %d: remove one first", n, maxMembers))
	}
	v.Safe = len(v.Faults) == 0
	for i, fault := range v.Faults {
		if i == 0 {
			v.From = fault.From
		} else {
			v.From = later(v.From, fault.From)
		}
	}
	return v
}

func (f *facts) fault(id string, since, from time.Time, format string, args ...any) Fault {
	if !strings.HasPrefix(signer.Describe(id, signer.FormID), `"`) {
		id = ""
	}
	return Fault{KeyPairID: id, Since: since, From: from, text: fmt.Sprintf(format, args...)}
}
