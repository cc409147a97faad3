package rotation

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/signedfront/signedfront/signer"
)

// Change is the state of the keys after a deployment. The limits maxUrlLifetime
// and maxKeyAge are no part of it: they may change at any time, up and down, since
// each version of the deployment document counts with the limits that it had.
type Change struct {
	// Keys are the members of the key group, by their key pair ids. A key that the
	// deployment makes has no id yet: any text that cannot be one stands for it,
	// and a PublicKey with that text as its ID gives its number.
	Keys []string

	// Current is the key that signs, one of Keys. It may be empty only where the
	// current key is not known, and then stays as it is.
	Current string

	// Compromised are keys that are removed without their wait, because somebody
	// else has them. CloudFront then refuses all that they signed. The order
	// stays: such a key is removed in a deployment after the one that makes
	// another key current.
	Compromised []string
}

// Verdict is whether a change is safe. The zero Verdict is not.
type Verdict struct {
	// Safe reports that the change refuses no viewer, but for those who have a URL
	// of a compromised key.
	Safe bool

	// Faults are what is wrong with the change: at least one, unless it is Safe.
	Faults []Fault

	// From is the time from which the change is safe, in whole seconds and UTC, if
	// nothing else changes. It is zero where the change is Safe, where no waiting
	// makes it so, and where it is not known when.
	From time.Time

	// Lifted are the waits that a compromised key does not get: what the change
	// costs. Until Fault.From CloudFront refuses URLs that were good.
	Lifted []Fault
}

// Fault is one thing that is wrong with a change. Its text says what, since when,
// from when on it is safe, in RFC 3339 and UTC, and what to do.
type Fault struct {
	// KeyPairID is the key that it is about. It is empty if there is none, or if
	// what was given cannot be an id of CloudFront: a private key may have been
	// put there.
	KeyPairID string

	// Since is when that began which has to be waited for: the last change of the
	// key group, or the end of the document that named the key. It is zero if it
	// is not known, or has not begun.
	Since time.Time

	// From is when the fault is gone, in whole seconds and UTC. It is zero if
	// waiting does not mend it, or if it is not known when.
	From time.Time

	text string
}

func (f Fault) Error() string { return f.text }

// Err returns the faults joined into one error, and nil if the change is safe.
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

// maxMembers is how many public keys a key group holds:
// https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/cloudfront-limits.html
const maxMembers = 5

// Judge says whether a change may be made now. It finds all that is wrong. It
// depends on its arguments alone and takes any: what an observation does not
// tell counts against the change.
//
// A change that neither removes a key from the group nor makes another key
// current is safe at all times.
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
			"%s is compromised and stays current: make another key current, and remove this one in the deployment after", f.name(c.Current)))
	}
	if n := len(slices.Compact(slices.Sorted(slices.Values(c.Keys)))); n > maxMembers {
		v.Faults = append(v.Faults, f.fault("", time.Time{}, time.Time{},
			"%d keys, where a key group of CloudFront holds %d: remove one first", n, maxMembers))
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
