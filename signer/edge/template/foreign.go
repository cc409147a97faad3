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

// foreign is the state for reading a template of an app that signedfront did not
// make. Such a template has no deployment document, and its private keys are
// elsewhere.
type foreign struct {
	standIn func(KeyPair) (*signer.PrivateKey, error)
	made    map[KeyPair]*signer.PrivateKey // stand-ins that were asked for; nil: failed
	unknown []string
	bucket  string // the bucket whose content the edge has
}

// name records a part of the template that the edge does not know.
func (f *foreign) name(format string, args ...any) {
	if text := fmt.Sprintf(format, args...); !slices.Contains(f.unknown, text) {
		f.unknown = append(f.unknown, text)
	}
}

// hasDeployment reports whether a template has a deployment document. It resolves
// nothing.
func (t *template) hasDeployment() bool {
	for _, id := range t.ofType("AWS::SSM::Parameter") {
		properties, _ := t.Resources[id].Properties.(map[string]any)
		encoded, err := json.Marshal(properties["Value"])
		text := strings.ReplaceAll(string(encoded), `\`, "") // also matches JSON inside a JSON string
		if err == nil && strings.Contains(text, `"baseUrl"`) && strings.Contains(text, `"key"`) {
			return true
		}
	}
	return false
}

// apart returns the problems that read finds, and does not report them. If another
// part needs the same places, they are read again.
func (r *resolver) apart(read func()) error {
	problems, reported, unresolved := r.problems, r.reported, r.unresolved
	r.problems, r.reported, r.unresolved = nil, map[string]bool{}, map[string]bool{}
	read()
	found := r.problems
	if len(found) == 0 && len(r.unresolved) > 0 { // the problem was reported before
		found = append(found, fmt.Errorf("%s: cannot be read", slices.Min(slices.Collect(maps.Keys(r.unresolved)))))
	}
	r.problems, r.reported, r.unresolved = problems, reported, unresolved
	return errors.Join(found...)
}

// deciding runs read for a part of the behavior that decides access. In a foreign
// template, a problem in it makes the edge refuse the behavior.
func (r *resolver) deciding(b *model.Behavior, read func()) {
	if r.foreign == nil {
		read()
		return
	}
	if err := r.apart(read); err != nil {
		b.Unknown = strings.ReplaceAll(err.Error(), "\n", "; ")
	} else if b.Origin == nil {
		b.Unknown = "its origin is unknown"
	}
}

// decorating runs read for a part that does not decide access. In a foreign
// template its problems are recorded as unknown parts. It reports whether there
// were none.
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

// stand returns a public key that replaces one whose private key is elsewhere.
// place is the place of the replaced key in the template, and name is its name for
// standIn.
func (r *resolver) stand(place, name string, algorithm signer.Algorithm) *signer.PublicKey {
	f := r.foreign
	pair := KeyPair{Stack: r.stack.name, LogicalID: name, Algorithm: algorithm}
	key, asked := f.made[pair]
	if !asked {
		var err error
		if key, err = f.standIn(pair); err == nil && key == nil {
			err = errors.New("Config.StandIn returned no key pair and no error")
		}
		if err != nil {
			r.report(fmt.Errorf("%s: making a stand-in key: %w", place, err))
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

// standInFor returns the public key that replaces an AWS::CloudFront::PublicKey, of
// the same kind if that is known. It returns nil if the stack itself makes the key
// pair.
func (r *resolver) standInFor(id string, encoded property) (*signer.PublicKey, error) {
	algorithm := signer.RSA2048 // every CloudFront signer supports it
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

// standInForGroup returns the keys that replace those of a key group outside the
// given templates.
func (r *resolver) standInForGroup(group property) map[string]*signer.PublicKey {
	name := "KeyGroup" + r.nameOf(group)
	r.foreign.name("%s: the key group is not in this template: the stand-in key pair %s replaces its keys", group.at, name)
	return r.standInsNamed(group, name)
}

// standInForKey returns the key that replaces a public key outside the given
// templates.
func (r *resolver) standInForKey(item property) map[string]*signer.PublicKey {
	name := "PublicKey" + r.nameOf(item)
	r.foreign.name("%s: the public key is not in this template: the stand-in key pair %s replaces it", item.at, name)
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

// nameOf returns a name derived from the raw value of a place, the same on each
// run.
func (r *resolver) nameOf(p property) string {
	text, err := json.Marshal(p.raw)
	if err != nil {
		text = []byte(p.at) // never fails: raw was read from JSON
	}
	return r.stack.letters("stand-in "+string(text), 8)
}

// references returns the items of an array. In a foreign template, an item that
// cannot be resolved is no error: a stand-in replaces it.
func (r *resolver) references(p property) (list []property) {
	if r.foreign == nil {
		return p.array()
	}
	if err := r.apart(func() { list = p.array() }); err != nil && len(list) == 0 {
		r.report(err)
	}
	return list
}

// quietly returns the text at a place, and whether it could be resolved. It reports
// no problem.
func (r *resolver) quietly(p property) (text string, known bool) {
	err := r.apart(func() { text = p.text() })
	return text, err == nil
}

// finish refuses the behaviors of buckets whose content the edge does not have. It
// reports an error if every behavior is refused.
func (r *resolver) finish(d *model.Distribution) {
	f := r.foreign
	// The edge has the content of one bucket: the first that needs a signature,
	// starting with the default behavior's.
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
			b.Unknown = fmt.Sprintf("its bucket is %s, and the local edge has the content of one bucket only: %s", redact.Text(b.Origin.Bucket.Name), redact.Text(f.bucket))
		}
		if b.Unknown != "" {
			refused = append(refused, fmt.Errorf("cache behavior %s: %s", redact.Path(b.PathPattern), b.Unknown))
			f.name("cache behavior %s: the local edge refuses every request: %s", redact.Path(b.PathPattern), b.Unknown)
		}
	}
	if len(refused) == len(d.Behaviors) {
		r.report(errors.Join(refused...))
	}
}

// maxTrustedKeys is the limit of trusted keys in a deployment document.
const maxTrustedKeys = 5

// makeDeployment returns a deployment document for a template without one. It names
// the first key whose private key is known. It returns nil if no behavior needs a
// key.
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
