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

// Observation is what AWS shows of the keys of a deployment. Times may be
// truncated to whole seconds. A zero time is not known, and neither is one outside
// the years 1970 to 9999.
//
// The deployment is one that has keys of its own. Of one that borrows, ask about
// the lender: a borrower's signers keep the lower limits of the two documents.
type Observation struct {
	// Now is the time by the caller's clock, read before anything else here.
	Now time.Time

	// PublicKeys are those of the deployment in CloudFront, trusted or not.
	PublicKeys []PublicKey

	// KeyGroup is the key group that the distribution trusts.
	KeyGroup KeyGroup

	// History is the history of the deployment document's parameter: all pages of
	// ssm:GetParameterHistory, in any order.
	History []Version

	// Unread are the highest limits that a version can have had that History does
	// not have, or has without its document. The zero value has no limits: then a
	// key that such a version may have named is never safe to remove. A key that
	// was created a day or more before version 1, or at a time that is not known,
	// may have been named by a parameter before this one.
	Unread Limits

	// Bounds are what the proof assumes.
	Bounds Bounds
}

// PublicKey is a public key in CloudFront.
type PublicKey struct {
	ID      string    // the key pair id, such as K2JCJMDEHXQW5F
	Number  int       // of the key in cdk.json, for texts; 0 if it has none
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

// Limits are those of a deployment document. Zero, or less, is no limit.
type Limits struct {
	MaxURLLifetime time.Duration // how far ahead an expiry may lie
	MaxKeyAge      time.Duration // for how long a signer goes on with a key that it has not confirmed
}

// Bounds are how late AWS may be and how wrong clocks may be.
type Bounds struct {
	// Propagation is how long after a change CloudFront's edges may still go by
	// the key group, and readers by the deployment document, as they were before.
	// Zero, or less, is DefaultPropagation.
	Propagation time.Duration

	// Clocks is how far each clock may be from the true time: that of a signer, an
	// edge, a service of AWS and the caller. Zero, or less, is DefaultClocks.
	Clocks time.Duration
}

// AWS says neither how long an edge takes to learn of a key group nor how old an
// answer of Parameter Store can be. CloudFront's changes take minutes, and hosts
// that keep their time are off by less than a second.
const (
	DefaultPropagation = 15 * time.Minute
	DefaultClocks      = time.Minute
)

// facts are an observation, sorted.
type facts struct {
	now     time.Time
	keys    map[string]PublicKey
	members []string
	group   time.Time // since when the members are these
	spans   []span    // in the order of the versions
	current string    // empty if it is not known
	bounds  Bounds
}

// span is a time in which the document named a key, or may have.
type span struct {
	kind   kind
	key    string // empty if it is not known: any key of the time
	since  time.Time
	end    time.Time
	limits Limits
}

// kind is what is known of a span.
type kind string

const (
	present kind = "the document of now"
	past    kind = "a document of before"
	unread  kind = "a document that cannot be read"
	missing kind = "documents that the history does not have"
	earlier kind = "documents of a parameter before this one"
)

// creation is longer than the first deployment of a stack takes. A key that is
// older than the first version by more has a past that the history does not tell:
// the parameter was renamed, or deleted and made again.
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
			k.Created = time.Time{} // which of the two is not known
		}
		f.keys[k.ID] = k
	}
	f.members = slices.Compact(slices.Sorted(slices.Values(o.KeyGroup.Members)))

	versions := slices.Clone(o.History)
	slices.SortStableFunc(versions, func(a, b Version) int { return cmp.Compare(a.Number, b.Number) })
	var began time.Time // the latest time so far: versions end when later ones begin
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

// name is how texts call a key.
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

// times multiplies, and is noLimit where a Duration cannot hold the product.
func times(n, d time.Duration) time.Duration {
	if n > noLimit/d {
		return noLimit
	}
	return n * d
}

// known is a time in UTC if RFC 3339 can write it and it is after 1970, and zero,
// which stands for a time that is not known, if not.
func known(t time.Time) time.Time {
	if t.Unix() <= 0 || t.Unix() > 253402300799 {
		return time.Time{}
	}
	return t.UTC().Round(0)
}

// later is the later of two times, and not known if one of them is not.
func later(a, b time.Time) time.Time {
	if !a.IsZero() && (b.IsZero() || a.Before(b)) {
		return b
	}
	return a
}

// after is the first whole second when the waits after a time are over. It is
// not known if the time is not, or if a wait never ends.
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

// over reports whether a time has come.
func (f *facts) over(t time.Time) bool { return !t.IsZero() && !f.now.Before(t) }
