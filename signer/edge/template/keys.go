package template

import (
	"fmt"
	"maps"
	"regexp"
	"slices"

	"github.com/signedfront/signedfront/constructs/contract"
	"github.com/signedfront/signedfront/signer"
	"github.com/signedfront/signedfront/signer/edge/internal/redact"
)

// makeKeyPairs makes the key pair of each Custom::SigningKeyPair, as a deployment
// would.
func (r *resolver) makeKeyPairs() {
	for _, id := range r.existing(contract.SigningKeyPair) {
		r.keyPair(id)
	}
}

// keyPair returns the key pair of a Custom::SigningKeyPair, and makes it at the
// first call. If that fails it reports the error and returns nil.
func (r *resolver) keyPair(id string) *signer.PrivateKey {
	if pair, asked := r.pairs[id]; asked {
		return pair
	}
	r.pairs[id] = nil
	word := r.properties(id).get(contract.Algorithm)
	algorithm, err := signer.ParseAlgorithm(word.text())
	if err != nil {
		word.wrong("%w", err)
		return nil
	}
	pair, err := r.keys(KeyPair{r.stack.name, id, algorithm})
	switch {
	case err != nil:
		r.report(fmt.Errorf("Resources.%s: making its key pair: %w", redact.Name(id), err))
	case pair == nil:
		r.report(fmt.Errorf("Resources.%s: Config.Keys returned no key pair and no error", redact.Name(id)))
	case pair.PublicKey().Algorithm() != algorithm:
		r.report(fmt.Errorf("Resources.%s: Config.Keys returned a key of kind %s: the template has %s", redact.Name(id), pair.PublicKey().Algorithm(), algorithm))
	default:
		r.pairs[id] = pair
		r.private[pair.PublicKey().Fingerprint()] = pair
	}
	return r.pairs[id]
}

func (r *resolver) keyPairAttribute(id, name string) (string, error) {
	pair := r.keyPair(id)
	if pair == nil {
		return "", errReported
	}
	public := pair.PublicKey()
	switch name {
	case "Ref":
		return "local-" + id, nil
	case contract.PublicKeyPEM:
		return string(public.PEM()), nil
	case contract.PublicKeySHA256:
		return public.Fingerprint(), nil
	case contract.SecretVersionID:
		return r.stack.uuid(id + public.Fingerprint()), nil
	}
	return "", errUnknownAttribute
}

// publicKey reads an AWS::CloudFront::PublicKey and returns its key pair id.
func (r *resolver) publicKey(id string) (string, error) {
	encoded := r.properties(id).get("PublicKeyConfig").get("EncodedKey")
	var key *signer.PublicKey
	var err error
	if r.foreign != nil {
		if key, err = r.standInFor(id, encoded); err != nil {
			return "", err
		}
	}
	if key == nil {
		key, err = signer.ParsePublicKey([]byte(encoded.text()))
	}
	if err != nil {
		encoded.wrong("%w", err)
		return "", errReported
	}
	name := keyPairID(key.Fingerprint())
	r.public[name] = key
	return name, nil
}

// publicKeys returns the template's public keys that can be read. It does not
// report a problem with the others: if no behavior trusts a key, no request needs
// it.
func (r *resolver) publicKeys() map[string]*signer.PublicKey {
	problems, reported := r.problems, maps.Clone(r.reported)
	defer func() { r.problems, r.reported = problems, reported }()
	keys := make(map[string]*signer.PublicKey)
	for _, id := range r.existing("AWS::CloudFront::PublicKey") {
		if name, err := r.attribute("Resources."+id, id, "Ref"); err == nil {
			keys[name] = r.public[name]
		}
	}
	return keys
}

// checkGiven reports the keys of Options.PublicKeys that no key group uses.
func (r *resolver) checkGiven() {
	for _, id := range slices.Sorted(maps.Keys(r.given)) {
		if !r.asked[id] {
			r.report(fmt.Errorf("Config.PublicKeys: %s: no trusted key group names a public key with this id from outside the template", signer.Describe(id, signer.FormID)))
		}
	}
}

// isPublicKeyID matches the ids that CloudFront gives to public keys.
var isPublicKeyID = regexp.MustCompile(`^K[A-Z0-9]{7,31}$`).MatchString

// trustedKeys returns the public keys of the key groups that a cache behavior
// trusts, by key pair id. For a key outside the template, the value is that of
// Options.PublicKeys, or nil. Without the property TrustedKeyGroups the behavior is
// public. An empty list also makes it public in CloudFront, and is refused here: an
// author who wrote a list, or conditions that removed its groups, may have meant
// the opposite.
func (r *resolver) trustedKeys(behavior property) map[string]*signer.PublicKey {
	trusted := make(map[string]*signer.PublicKey)
	groups := behavior.get("TrustedKeyGroups")
	list := r.references(groups)
	if behavior.has("TrustedKeyGroups") && len(list) == 0 {
		groups.wrong("an empty list: name a key group, or leave TrustedKeyGroups out to make the behavior public")
	}
	for _, group := range list {
		if r.foreign != nil {
			name, known := r.quietly(group)
			if _, ok := r.owners[name]; !known || !ok {
				maps.Copy(trusted, r.standInForGroup(group))
				continue
			}
		}
		config, ok := r.resource(group.text(), "AWS::CloudFront::KeyGroup")
		if !ok {
			group.wrong("the template has no such key group, so the local edge does not know its keys")
			continue
		}
		items := config.get("KeyGroupConfig").get("Items")
		keys := r.references(items)
		if len(keys) == 0 {
			items.wrong("a key group needs at least one public key")
		}
		for _, item := range keys {
			if r.foreign != nil {
				name, known := r.quietly(item)
				if _, owned := r.owners[name]; (!known || !owned) && r.given[name] == nil {
					maps.Copy(trusted, r.standInForKey(item))
					continue
				}
			}
			name := item.text()
			key, ok := r.public[name]
			if _, owned := r.owners[name]; !ok && !owned && isPublicKeyID(name) {
				r.asked[name] = true
				key, ok = r.given[name], true
			}
			if !ok {
				item.wrong("the template has no such public key, so the local edge does not know it")
				continue
			}
			trusted[name] = key
		}
	}
	return trusted
}
