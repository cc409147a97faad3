package signer

import (
	"crypto/x509"
	"encoding/base64"
	"errors"
	"fmt"
)

// TrustedKey is a public key that the distribution trusts.
type TrustedKey struct {
	// ID is CloudFront's id of the key.
	ID string `json:"id"`

	// SPKI is the key as PublicKey.SPKI returns it. It is empty if the stack knows
	// only the id. The current key always has it.
	SPKI string `json:"spki,omitempty"`
}

// ErrNoTrustedKeys is the error of PublicKeys for a document without trusted keys.
var ErrNoTrustedKeys = errors.New("the deployment document lists no trustedKeys: it was written by an older version, and a new deployment writes them")

// PublicKeys returns the public keys that the distribution trusts, by key pair id,
// for Verify and Explain. The value is nil for a key of which the document has only
// the id: Verify and Explain treat it as trusted but not known. For a borrower,
// which has no trusted keys of its own, use the document that Borrow returns.
// Whoever can write the document chooses these keys.
func (d *Deployment) PublicKeys() (map[string]*PublicKey, error) {
	switch {
	case d == nil:
		return nil, errors.New("no deployment document")
	case d.Key.Parameter != "":
		return nil, fmt.Errorf("deployment document: it borrows its key from %s, whose document lists the trusted keys", unquoted(d.Key.Parameter, FormName))
	case d.TrustedKeys == nil:
		return nil, ErrNoTrustedKeys
	}
	keys, faults := d.readTrustedKeys()
	if len(faults) > 0 {
		return nil, fmt.Errorf("deployment document: %w", errors.Join(faults...))
	}
	return keys, nil
}

// maxTrustedKeys is CloudFront's quota of public keys in a key group:
// https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/cloudfront-limits.html
const maxTrustedKeys = 5

// readTrustedKeys parses the trusted keys and returns all faults.
func (d *Deployment) readTrustedKeys() (keys map[string]*PublicKey, faults []error) {
	wrong := func(format string, args ...any) { faults = append(faults, fmt.Errorf(format, args...)) }
	switch {
	case d.TrustedKeys == nil:
		return nil, nil
	case len(d.TrustedKeys) > maxTrustedKeys:
		wrong("trustedKeys: %d keys: a CloudFront key group has at most %d", len(d.TrustedKeys), maxTrustedKeys)
		return nil, faults
	}
	keys = make(map[string]*PublicKey, len(d.TrustedKeys))
	for i, trusted := range d.TrustedKeys {
		if checkKeyPairID(trusted.ID) != nil {
			wrong("trustedKeys[%d].id: %s: want the id of a CloudFront public key, such as K2JCJMDEHXQW5F", i, Describe(trusted.ID, FormID))
		} else if _, twice := keys[trusted.ID]; twice {
			wrong("trustedKeys[%d].id: %s is listed twice: list each key once", i, trusted.ID)
		}
		var key *PublicKey
		if trusted.SPKI != "" {
			var err error
			if key, err = parseSPKI(trusted.SPKI); err != nil {
				wrong("trustedKeys[%d].spki: %w", i, err)
			}
		}
		keys[trusted.ID] = key
	}
	if len(faults) > 0 || d.Key.Parameter != "" {
		return keys, faults
	}
	switch key, listed := keys[d.KeyPairID]; {
	case !listed:
		wrong("trustedKeys: the current key, keyPairId, is not among them")
	case key == nil:
		wrong("trustedKeys: the current key, keyPairId, has no spki")
	case key.Fingerprint() != d.PublicKeySHA256:
		wrong("trustedKeys: the spki of the current key, keyPairId, does not match publicKeySha256")
	case key.algorithm != d.Algorithm:
		wrong("trustedKeys: the spki of the current key, keyPairId, is of the kind %s, but the document's algorithm is another", key.algorithm)
	}
	return keys, faults
}

// maxSPKI is the length of the base64 of an RSA key of 2048 bits.
const maxSPKI = 392

// parseSPKI parses a public key as SPKI returns it. It accepts one spelling for
// each key.
func parseSPKI(text string) (*PublicKey, error) {
	wrong := func() error {
		return fmt.Errorf("%s: want a public key as one line of base64, the SPKI encoding (DER)", Describe(text, FormID))
	}
	if len(text) > maxSPKI {
		return nil, wrong()
	}
	der, _ := base64.StdEncoding.DecodeString(text) // the whole text is compared below
	key, err := x509.ParsePKIXPublicKey(der)
	if err != nil {
		return nil, wrong()
	}
	public, err := NewPublicKey(key)
	if err != nil {
		return nil, err
	}
	if public.SPKI() != text {
		return nil, wrong()
	}
	return public, nil
}
