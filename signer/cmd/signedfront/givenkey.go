package main

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/signedfront/signedfront/constructs/contract"
	"github.com/signedfront/signedfront/signer"
)

// givenKey is a private key of the command line.
type givenKey struct {
	id   string // the logical id of the key that it replaces; empty: the only one
	file string
	key  *signer.PrivateKey

	place string // the logical id that was found, if id is empty
	used  bool
}

// readPrivateKeys reads the keys of --private-key.
func readPrivateKeys(pairs []string) ([]*givenKey, error) {
	var keys []*givenKey
	for _, pair := range pairs {
		k := &givenKey{file: pair}
		if id, file, found := strings.Cut(pair, "="); found && file != "" && logicalID.MatchString(id) {
			k.id, k.file = id, file
		}
		file, err := inputFile("--private-key", k.file)
		if err != nil {
			return nil, err
		}
		k.file = file
		k.key, err = signer.LoadPrivateKey(file)
		if err != nil {
			return nil, fmt.Errorf("--private-key: %w", err)
		}
		if slices.ContainsFunc(keys, func(other *givenKey) bool { return other.id == k.id }) {
			return nil, wrongUsage("--private-key is given twice for one key: write which key each replaces, as in --private-key ID=FILE")
		}
		keys = append(keys, k)
	}
	return keys, nil
}

// givenFor returns the key of the command line that replaces a key, or nil. The
// empty id stands for an imported key.
func (f *keyFolders) givenFor(id string) *givenKey {
	for _, k := range f.given {
		if id != "" && (k.id == id || k.id == "" && k.place == id) || id == "" && k.id == "" {
			k.used = true
			return k
		}
	}
	// If the template has only the id of a key, an unused given key replaces it.
	for _, k := range f.given {
		if k.id == "" && k.place == "" && !k.used {
			k.place, k.used = id, true
			return k
		}
	}
	return nil
}

// match finds the key of a template that each given key replaces.
func (f *keyFolders) match(template []byte) error {
	var t struct {
		Resources map[string]struct {
			Type       string
			Properties struct{ PublicKeyConfig struct{ EncodedKey any } }
		}
	}
	if len(f.given) == 0 || json.Unmarshal(template, &t) != nil {
		return nil // the edge reports faults of the template
	}
	for _, k := range f.given {
		k.place, k.used = "", false
		if k.id != "" {
			continue
		}
		var made, public []string
		for _, id := range slices.Sorted(maps.Keys(t.Resources)) {
			switch r := t.Resources[id]; r.Type {
			case contract.SigningKeyPair:
				made = append(made, id)
			case "AWS::CloudFront::PublicKey":
				public = append(public, id)
				text, _ := r.Properties.PublicKeyConfig.EncodedKey.(string)
				if key, err := signer.ParsePublicKey([]byte(text)); err == nil && key.Fingerprint() == k.key.PublicKey().Fingerprint() {
					k.place = id
				}
			}
		}
		if made != nil {
			public = made
		}
		switch {
		case k.place != "" || len(public) == 0:
		case len(public) == 1:
			k.place = public[0]
		default:
			return &failure{
				err:  fmt.Errorf("--private-key: the template has %d keys: %s", len(public), strings.Join(public, ", ")),
				hint: fmt.Sprintf("write which one it replaces, as in --private-key %s=FILE", public[0]),
			}
		}
	}
	return nil
}

// checkUsed reports a given key that replaces none.
func (f *keyFolders) checkUsed() error {
	for _, k := range f.given {
		switch {
		case k.used:
		case k.id != "":
			return &failure{
				err:  fmt.Errorf("--private-key: no key that the stack trusts has the logical id %s", signer.Describe(k.id, signer.FormName)),
				hint: "write the logical id of an AWS::CloudFront::PublicKey or a " + contract.SigningKeyPair + " of the template",
			}
		default:
			return &failure{err: fmt.Errorf("--private-key: the stack trusts no key that %s could replace", k.file)}
		}
	}
	return nil
}
