package signer

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"
)

// DeploymentSchema is the version of the deployment document that this package
// writes. A reader refuses a newer one.
const DeploymentSchema = 1

// Deployment is the deployment document: everything that a signer needs,
// except the private key. A stack keeps it as JSON in one Systems Manager
// parameter, /signedfront/<project>/<environment>; the local edge keeps the
// same JSON in a file.
type Deployment struct {
	// Schema is the document's version, DeploymentSchema.
	Schema int `json:"schema"`

	// BaseURL is where the content is served, without a slash at the end:
	// https://d111111abcdef8.cloudfront.net.
	BaseURL string `json:"baseUrl"`

	// KeyPairID is CloudFront's id of the current public key, such as
	// K2JCJMDEHXQW5F.
	KeyPairID string `json:"keyPairId"`

	// Algorithm and Hash are what the current key signs with.
	Algorithm Algorithm `json:"algorithm"`
	Hash      Hash      `json:"hash"`

	// PublicKeySHA256 is the public key's Fingerprint. A signer that loads a
	// private key whose public half differs refuses to sign with it.
	PublicKeySHA256 string `json:"publicKeySha256"`

	// Key says where the private key is.
	Key KeyLocation `json:"key"`

	// Region is the AWS Region of the stack; empty for the local edge.
	Region string `json:"region,omitempty"`

	// MaxURLLifetime is how far ahead, in seconds, an expiry may lie. Rotation
	// stands on it: a retired key is removed once its last URL has expired. 0
	// means no limit.
	MaxURLLifetime int64 `json:"maxUrlLifetime,omitempty"`

	// MaxKeyAge is for how long, in seconds, a signer may go on with a key
	// that it has not confirmed to be the current one. 0 means no limit.
	MaxKeyAge int64 `json:"maxKeyAge,omitempty"`
}

// KeyLocation says where a private key is: exactly one of its places.
type KeyLocation struct {
	// SecretARN and SecretVersionID name one version of a secret in AWS
	// Secrets Manager, which holds the key as PEM. Versions never change.
	SecretARN       string `json:"secretArn,omitempty"`
	SecretVersionID string `json:"secretVersionId,omitempty"`

	// KMSARN names an asymmetric key in AWS KMS.
	KMSARN string `json:"kmsArn,omitempty"`

	// File is a PEM file; a relative name starts at the document's folder, or
	// at the working directory where the document is no file.
	File string `json:"file,omitempty"`

	// Parameter names the deployment document of the environment that lends
	// its key, one hop away.
	Parameter string `json:"parameter,omitempty"`
}

// ParseDeployment reads a deployment document and checks it whole. Members
// that it does not know are passed over, so that an older signer reads what a
// newer stack of the same schema wrote.
func ParseDeployment(text []byte) (*Deployment, error) {
	var d Deployment
	if err := json.Unmarshal(text, &d); err != nil {
		return nil, fmt.Errorf("deployment document: not the JSON of one: %w", err)
	}
	if err := d.Validate(); err != nil {
		return nil, fmt.Errorf("deployment document: %w", err)
	}
	return &d, nil
}

// LoadDeployment reads a deployment document from a file, as ParseDeployment
// does.
func LoadDeployment(file string) (*Deployment, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("deployment document: %w", err)
	}
	d, err := ParseDeployment(text)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	return d, nil
}

// Validate reports everything that is wrong with the document, joined into one
// error.
func (d *Deployment) Validate() error {
	var errs []error
	wrong := func(format string, args ...any) { errs = append(errs, fmt.Errorf(format, args...)) }

	switch {
	case d.Schema < 1:
		wrong("schema: missing: want %d", DeploymentSchema)
	case d.Schema > DeploymentSchema:
		return fmt.Errorf("schema: %d is newer than this program reads (%d): update signedfront", d.Schema, DeploymentSchema)
	}
	if err := checkBaseURL(d.BaseURL); err != nil {
		wrong("baseUrl: %w", err)
	}
	places := 0
	for _, place := range []string{d.Key.SecretARN, d.Key.KMSARN, d.Key.File, d.Key.Parameter} {
		if place != "" {
			places++
		}
	}
	switch {
	case places != 1:
		wrong("key: names %d places: want exactly one of secretArn, kmsArn, file and parameter", places)
	case (d.Key.SecretVersionID != "") != (d.Key.SecretARN != ""):
		wrong("key: secretArn and secretVersionId go together")
	}
	if d.Key.Parameter == "" {
		if err := checkKeyPairID(d.KeyPairID); err != nil {
			wrong("keyPairId: %w", err)
		}
		if _, err := ParseAlgorithm(string(d.Algorithm)); err != nil || d.Algorithm == "" {
			wrong("algorithm: %q: want %s or %s", d.Algorithm, ECDSAP256, RSA2048)
		}
		if _, err := ParseHash(string(d.Hash)); err != nil || d.Hash == "" {
			wrong("hash: %q: want %s or %s", d.Hash, SHA256, SHA1)
		}
		if len(d.PublicKeySHA256) != 64 || strings.Trim(d.PublicKeySHA256, "0123456789abcdef") != "" {
			wrong("publicKeySha256: want 64 lower-case hexadecimal digits")
		}
	}
	if d.MaxURLLifetime < 0 {
		wrong("maxUrlLifetime: %d: want seconds, 0 or more", d.MaxURLLifetime)
	}
	if d.MaxKeyAge < 0 {
		wrong("maxKeyAge: %d: want seconds, 0 or more", d.MaxKeyAge)
	}
	return errors.Join(errs...)
}

// MarshalIndent writes the document as indented JSON with a line feed at the
// end, for a file.
func (d *Deployment) MarshalIndent() ([]byte, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	if err := enc.Encode(d); err != nil {
		return nil, fmt.Errorf("writing the deployment document: %w", err)
	}
	return b.Bytes(), nil
}

func seconds(n int64) time.Duration {
	if n > int64(maxDuration/time.Second) {
		return maxDuration
	}
	return time.Duration(n) * time.Second
}

const maxDuration = time.Duration(1<<63 - 1)

// CheckKey reports whether a public key is the one that the document names.
func (d *Deployment) CheckKey(public *PublicKey) error {
	if got := public.Fingerprint(); got != d.PublicKeySHA256 {
		return fmt.Errorf("the private key does not fit key pair id %s: its public key has SHA-256 %s, the deployment document says %s",
			d.KeyPairID, got, d.PublicKeySHA256)
	}
	return nil
}
