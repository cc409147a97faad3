package template

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/signedfront/signedfront/signer"
	"github.com/signedfront/signedfront/signer/edge/internal/redact"
	"github.com/signedfront/signedfront/signer/edge/model"
)

// foreign is what is needed to read the template of an app that was not made for
// the edge: one without a deployment document, whose keys are elsewhere.
type foreign struct {
	standIn func(KeyPair) (*signer.PrivateKey, error)
	made    map[KeyPair]*signer.PrivateKey // by what standIn was asked for; nil: it cannot be had
	unknown []string
	bucket  string // the one whose content the edge has
}

// name names something that the edge does not know.
func (f *foreign) name(format string, args ...any) {
	if text := fmt.Sprintf(format, args...); !slices.Contains(f.unknown, text) {
		f.unknown = append(f.unknown, text)
	}
}

// hasDeployment reports whether a template has a deployment document, without
// resolving anything.
func (t *template) hasDeployment() bool {
	for _, id := range t.ofType("AWS::SSM::Parameter") {
		properties, _ := t.Resources[id].Properties.(map[string]any)
		encoded, err := json.Marshal(properties["Value"])
		text := strings.ReplaceAll(string(encoded), `\`, "") // of a text in a text
		if err == nil && strings.Contains(text, `"baseUrl"`) && strings.Contains(text, `"key"`) {
			return true
		}
	}
	return false
}

// apart returns the problems that read finds, in place of reporting them. The
// places that they are about are read anew where something else needs them.
func (r *resolver) apart(read func()) error {
	problems, reported, unresolved := r.problems, r.reported, r.unresolved
	r.problems, r.reported, r.unresolved = nil, map[string]bool{}, map[string]bool{}
	read()
	found := r.problems
	if len(found) == 0 && len(r.unresolved) > 0 { // by a problem that is reported where it arose
		found = append(found, fmt.Errorf("%s: it cannot be read", slices.Min(slices.Collect(maps.Keys(r.unresolved)))))
	}
	r.problems, r.reported, r.unresolved = problems, reported, unresolved
	return errors.Join(found...)
}

// deciding has read read what decides who gets what of a behavior. In a foreign
// template its problems are why the behavior is refused.
func (r *resolver) deciding(b *model.Behavior, read func()) {
	if r.foreign == nil {
		read()
		return
	}
	if err := r.apart(read); err != nil {
		b.Unknown = strings.ReplaceAll(err.Error(), "\n", "; ")
	} else if b.Origin == nil {
		b.Unknown = "its origin is not known"
	}
}

// decorating has read read what does not decide who gets what. In a foreign
// template its problems are named, and it reports whether there are none.
func (r *resolver) decorating(read func()) (whole bool) {
	if r.foreign == nil {
		read()
		return true
	}
	err := r.apart(read)
	if err != nil {
		for text := range strings.SplitSeq(err.Error(), "\n") {
			r.foreign.name("%s", text)
		}
	}
	return err == nil
}

// stand is the public key that takes the place of one whose private half is
// elsewhere. place is what it stands in for, name what standIn calls it.
func (r *resolver) stand(place, name string, algorithm signer.Algorithm) *signer.PublicKey {
	f := r.foreign
	pair := KeyPair{Stack: r.stack.name, LogicalID: name, Algorithm: algorithm}
	key, asked := f.made[pair]
	if !asked {
		var err error
		if key, err = f.standIn(pair); err == nil && key == nil {
			err = errors.New("Config.StandIn gave no key pair and no error")
		}
		if err != nil {
			r.report(fmt.Errorf("%s: a key in its place: %w", place, err))
			key = nil
		}
		f.made[pair] = key
	}
	if key == nil {
		return nil
	}
	public := key.PublicKey()
	r.private[public.Fingerprint()] = key
	return public
}

// standInFor is the public key in place of an AWS::CloudFront::PublicKey, of the
// same kind where that is known. It is nil if the stack itself makes the key.
func (r *resolver) standInFor(id string, encoded property) (*signer.PublicKey, error) {
	algorithm := signer.RSA2048 // which every signer for CloudFront knows
	var pem string
	if r.apart(func() { pem = encoded.text() }) == nil {
		if key, err := signer.ParsePublicKey([]byte(pem)); err == nil {
			if r.private[key.Fingerprint()] != nil {
				return nil, nil
			}
			algorithm = key.Algorithm()
		}
	}
	key := r.stand(encoded.at, id, algorithm)
	if key == nil {
		return nil, errReported
	}
	return key, nil
}

// standInForGroup is the keys in place of those of a key group that is not in any
// template that the edge has.
func (r *resolver) standInForGroup(group property) map[string]*signer.PublicKey {
	name := "KeyGroup" + r.nameOf(group)
	r.foreign.name("%s: the key group is not of this template: a key pair of its own, %s, takes the place of its keys", group.at, name)
	return r.standInsNamed(group, name)
}

// standInForKey is the key in place of one that a key group has by an id that is
// not of any template that the edge has.
func (r *resolver) standInForKey(item property) map[string]*signer.PublicKey {
	name := "PublicKey" + r.nameOf(item)
	r.foreign.name("%s: the public key is not of this template: a key pair of its own, %s, takes its place", item.at, name)
	return r.standInsNamed(item, name)
}

func (r *resolver) standInsNamed(p property, name string) map[string]*signer.PublicKey {
	key := r.stand(p.at, name, signer.RSA2048)
	if key == nil {
		return nil
	}
	id := keyPairID(key.Fingerprint())
	r.public[id] = key
	return map[string]*signer.PublicKey{id: key}
}

// nameOf makes a name of what a place is written as, the same on each run.
func (r *resolver) nameOf(p property) string {
	text, err := json.Marshal(p.raw)
	if err != nil {
		text = []byte(p.at) // JSON that was read can be written
	}
	return r.stack.letters("stand-in "+string(text), 8)
}

// references are the items of an array. In a foreign template, one that cannot be
// resolved is no problem: something takes its place.
func (r *resolver) references(p property) (list []property) {
	if r.foreign == nil {
		return p.array()
	}
	if err := r.apart(func() { list = p.array() }); err != nil && len(list) == 0 {
		r.report(err)
	}
	return list
}

// quietly is the value of a text, and whether it can be had.
func (r *resolver) quietly(p property) (text string, known bool) {
	err := r.apart(func() { text = p.text() })
	return text, err == nil
}

// finish refuses the behaviors of buckets whose content the edge does not have,
// and reports what is wrong with a distribution of which nothing can be served.
func (r *resolver) finish(d *model.Distribution) {
	f := r.foreign
	// The content that the edge has is that of the first bucket that needs a
	// signature, the default behavior's first.
	order := slices.Concat(d.Behaviors[len(d.Behaviors)-1:], d.Behaviors)
	for _, signed := range []bool{true, false} {
		for _, b := range order {
			if b.Unknown == "" && b.Public != signed && f.bucket == "" {
				f.bucket = b.Origin.Bucket.Name
			}
		}
	}
	var refused []error
	for _, b := range d.Behaviors {
		if b.Unknown == "" && b.Origin.Bucket.Name != f.bucket {
			b.Unknown = fmt.Sprintf("its bucket is %s: the local edge has the content of one, which is that of %s", redact.Text(b.Origin.Bucket.Name), redact.Text(f.bucket))
		}
		if b.Unknown != "" {
			refused = append(refused, fmt.Errorf("cache behavior %s: %s", redact.Path(b.PathPattern), b.Unknown))
			f.name("cache behavior %s: every request is refused: %s", redact.Path(b.PathPattern), b.Unknown)
		}
	}
	if len(refused) == len(d.Behaviors) {
		r.report(errors.Join(refused...))
	}
}

// maxTrustedKeys is how many keys a deployment document has at most.
const maxTrustedKeys = 5

// makeDeployment makes the deployment document that the template has not, for the
// first key of which the private half is known. It is nil if no behavior needs
// one.
func (r *resolver) makeDeployment(baseURL string, d *model.Distribution) *signer.Deployment {
	if d == nil || len(r.problems) > 0 {
		return nil
	}
	for _, b := range slices.Concat(d.Behaviors[len(d.Behaviors)-1:], d.Behaviors) {
		if b.Public || b.Unknown != "" {
			continue
		}
		for _, id := range slices.Sorted(maps.Keys(b.TrustedKeys)) {
			key := b.TrustedKeys[id]
			if key == nil || r.private[key.Fingerprint()] == nil {
				continue
			}
			d := &signer.Deployment{
				Schema:          signer.DeploymentSchema,
				BaseURL:         baseURL,
				KeyPairID:       id,
				Algorithm:       key.Algorithm(),
				Hash:            signer.SHA256,
				PublicKeySHA256: key.Fingerprint(),
				TrustedKeys:     []signer.TrustedKey{{ID: id, SPKI: key.SPKI()}},
			}
			for _, other := range slices.Sorted(maps.Keys(b.TrustedKeys)) {
				if key := b.TrustedKeys[other]; key != nil && other != id && len(d.TrustedKeys) < maxTrustedKeys {
					d.TrustedKeys = append(d.TrustedKeys, signer.TrustedKey{ID: other, SPKI: key.SPKI()})
				}
			}
			return d
		}
	}
	return nil
}
