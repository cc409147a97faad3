package rotation

import (
	"cmp"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/signedfront/signedfront/signer"
)

// Observation is what AWS returns about the keys of a deployment. Times may be
// truncated to whole seconds. A zero time, or one outside the years 1970 to 9999,
// means not known.
//
// The deployment must have keys of its own. For a borrower, observe the lender: a
// borrower's signers use the lower limits of the two documents.
type Observation struct {
	// Now is the time by the caller's clock, read before everything else here.
	Now time.Time

	// PublicKeys are the deployment's public keys in CloudFront, trusted or not.
	PublicKeys []PublicKey

	// KeyGroup is the key group that the distribution trusts.
	KeyGroup KeyGroup

	// History holds the versions of the deployment document's parameter: all pages
	// of ssm:GetParameterHistory, in any order.
	History []Version

	// Unread are the highest limits that a version may have had if it is not in History,
	// or is there without its document. The zero value means no limits: a
	// key that such a version may have named is then never safe to remove. A key
	// that was created a day or more before version 1, or at an unknown time, may
	// have been named by an earlier parameter.
	Unread Limits

	// Bounds are the assumptions of the proof.
	Bounds Bounds
}

// PublicKey is a public key in CloudFront.
type PublicKey struct {
	ID      string    // the key pair id, such as K2JCJMDEHXQW5F
	Number  int       // the key generation in cdk.json, for messages; 0 if none
	Created time.Time // CreatedTime of cloudfront:GetPublicKey
}

// KeyGroup is a key group in CloudFront.
type KeyGroup struct {
	Members  []string  // key pair ids, Items of cloudfront:GetKeyGroup
	Modified time.Time // LastModifiedTime of cloudfront:GetKeyGroup
}

// Version is one version of the deployment document's parameter.
type Version struct {
	Number   int64              // Version of ssm:GetParameterHistory, from 1
	Modified time.Time          // LastModifiedDate of ssm:GetParameterHistory
	Document *signer.Deployment // nil if it cannot be read
}

// Limits are the limits of a deployment document. Zero or less means no limit.
type Limits struct {
	MaxURLLifetime time.Duration // how far ahead an expiry may lie
	MaxKeyAge      time.Duration // how long a signer may use a key without confirming it
}

// Bounds limit the delays of AWS and the errors of clocks.
type Bounds struct {
	// Propagation is how long after a change CloudFront's edges may still use the
	// previous key group, and readers the previous deployment document. Zero or
	// less means DefaultPropagation.
	Propagation time.Duration

	// Clocks is the maximum error of each clock: of a signer, an edge, a service of
	// AWS and the caller. Zero or less means DefaultClocks.
	Clocks time.Duration
}

// AWS documents neither how long an edge takes to learn of a key group nor how old
// a response of Parameter Store can be. CloudFront's changes take minutes, and the
// clocks of synchronized hosts are off by less than a second.
const (
	DefaultPropagation = 15 * time.Minute
	DefaultClocks      = time.Minute
)

// facts is an observation, sorted.
type facts struct {
	now     time.Time
	keys    map[string]PublicKey
	members []string
	group   time.Time // when the members last changed
	spans   []span    // in version order
	current string    // empty if it is not known
	bounds  Bounds
}

// span is a period in which the document named a key, or may have.
type span struct {
	kind   kind
	key    string // empty if not known: any key that existed
	since  time.Time
	end    time.Time
	limits Limits
}

// kind is what is known of a span.
type kind string

const (
	present kind = "the current document"
	past    kind = "an earlier document"
	unread  kind = "a document that cannot be read"
	missing kind = "documents that are not in the history"
	earlier kind = "documents of an earlier parameter"
)

// creation is longer than the first deployment of a stack takes. If a key is older
// than the first version by more than this, the history is incomplete: the
// parameter was renamed, or deleted and created again.
const creation = 24 * time.Hour

func see(o Observation) *facts {
	f := &facts{now: known(o.Now), keys: map[string]PublicKey{}, group: known(o.KeyGroup.Modified), bounds: o.Bounds}
	if f.bounds.Propagation <= 0 {
		f.bounds.Propagation = DefaultPropagation
	}
	if f.bounds.Clocks <= 0 {
		f.bounds.Clocks = DefaultClocks
	}
	for _, k := range o.PublicKeys {
		k.Created = known(k.Created)
		if twin, ok := f.keys[k.ID]; ok && !twin.Created.Equal(k.Created) {
			k.Created = time.Time{} // it is not known which of the two it is
		}
		f.keys[k.ID] = k
	}
	f.members = slices.Compact(slices.Sorted(slices.Values(o.KeyGroup.Members)))

	versions := slices.Clone(o.History)
	slices.SortStableFunc(versions, func(a, b Version) int { return cmp.Compare(a.Number, b.Number) })
	var began time.Time // the latest time so far: a version ends when a later one begins
	var number int64
	for i, v := range versions {
		modified := known(v.Modified)
		if i == 0 {
			began = modified
		} else {
			began = later(began, modified)
			f.spans[len(f.spans)-1].end = began
		}
		switch {
		case v.Number != number+1:
			f.spans = append(f.spans, span{kind: missing, end: began, limits: o.Unread})
		case i == 0:
			f.spans = append(f.spans, span{kind: earlier, end: began, limits: o.Unread})
		}
		number = v.Number
		s := span{kind: unread, since: modified, limits: o.Unread}
		if d := v.Document; d != nil {
			s.limits = Limits{MaxURLLifetime: seconds(d.MaxURLLifetime), MaxKeyAge: seconds(d.MaxKeyAge)}
			if d.Key.Parameter == "" {
				s.kind, s.key = past, d.KeyPairID
			}
		}
		f.spans = append(f.spans, s)
	}
	if last := len(f.spans) - 1; last >= 0 {
		f.spans[last].kind = present
		f.current = f.spans[last].key
	} else {
		f.spans = []span{{kind: present}}
	}
	return f
}

// name returns the name of a key in messages.
func (f *facts) name(id string) string {
	shown, isID := strings.CutPrefix(strings.TrimSuffix(signer.Describe(id, signer.FormID), `"`), `"`)
	switch number := f.keys[id].Number; {
	case number <= 0:
		return "signing key " + shown
	case !isID:
		return "signing key " + strconv.Itoa(number)
	default:
		return "signing key " + strconv.Itoa(number) + " (" + shown + ")"
	}
}

// noLimit is a wait that never ends.
const noLimit = time.Duration(math.MaxInt64)

func seconds(n int64) time.Duration { return times(time.Duration(max(n, 0)), time.Second) }

// times multiplies. It returns noLimit if a Duration cannot hold the product.
func times(n, d time.Duration) time.Duration {
	if n > noLimit/d {
		return noLimit
	}
	return n * d
}

// known returns t in UTC if RFC 3339 can represent it and it is after 1970, and
// otherwise zero, which means not known.
func known(t time.Time) time.Time {
	if t.Unix() <= 0 || t.Unix() > 253402300799 {
		return time.Time{}
	}
	return t.UTC().Round(0)
}

// later returns the later of two times, or zero if one of them is not known.
func later(a, b time.Time) time.Time {
	if !a.IsZero() && (b.IsZero() || a.Before(b)) {
		return b
	}
	return a
}

// after returns the first whole second after t and all waits. It returns zero if t
// is not known or a wait never ends.
func after(t time.Time, waits ...time.Duration) time.Time {
	all := time.Second - 1
	for _, d := range waits {
		if d > noLimit-all {
			return time.Time{}
		}
		all += d
	}
	return known(t.Add(all)).Truncate(time.Second)
}

// over reports whether t is known and has come.
func (f *facts) over(t time.Time) bool { return !t.IsZero() && !f.now.Before(t) }
