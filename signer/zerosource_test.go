package signer

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"strings"
	"testing"
	"time"
)

// An unset value must not sign; only limits have a zero value that means none.
func TestZeroKeysDocumentsAndSourcesSignNothing(t *testing.T) {
	key := newKey(t, RSA2048)
	digest := make([]byte, crypto.SHA256.Size())
	errorOf := func(_ any, err error) error { return err }
	zeroLocation := document(t)
	zeroLocation.Key = KeyLocation{}
	for name, test := range map[string]struct {
		err  error
		want string
	}{
		"no source":                     {errorOf(Open(t.Context(), nil, nil)), "no source"},
		"a source of no file":           {errorOf(Open(t.Context(), FileSource(""), nil)), "an empty value"},
		"a source of no variable":       {errorOf(Open(t.Context(), EnvSource(""), nil)), "environment variable"},
		"a key file of no document":     {errorOf(FileSource("deployment.json").Key(t.Context(), nil)), "no key file"},
		"a source of no document":       {errorOf(Open(t.Context(), fixedSource{nil, key}, nil)), "the source returned none"},
		"a source of a zero document":   {errorOf(Open(t.Context(), fixedSource{&Deployment{}, key}, nil)), "schema: missing"},
		"a document without a key":      {errorOf(Open(t.Context(), fixedSource{&zeroLocation, key}, nil)), "key: names 0 locations"},
		"a source of no key":            {errorOf(Open(t.Context(), fixedSource{fileDocument(t), nil}, nil)), "the source returned none"},
		"a source of a zero key":        {errorOf(Open(t.Context(), fixedSource{fileDocument(t), &PrivateKey{}}, nil)), "no public key"},
		"nil Deployment":                {(*Deployment)(nil).Validate(), "no document"},
		"no public key for a document":  {fileDocument(t).CheckKey(nil), "no public key"},
		"a zero public key":             {fileDocument(t).CheckKey(&PublicKey{}), "no public key"},
		"zero KeyLocation":              {KeyLocation{}.Validate(), "key: names 0 locations"},
		"no file of a key":              {errorOf(LoadPrivateKey("")), "an empty value"},
		"no file of a document":         {errorOf(LoadDeployment("")), "an empty value"},
		"no key":                        {errorOf(New(keyID, nil, nil)), "no key"},
		"no key pair id":                {errorOf(New("", key, nil)), "key pair id"},
		"a zero key":                    {errorOf(New(keyID, &PrivateKey{}, nil)), "no key"},
		"no signer of another make":     {errorOf(KeyFrom(nil)), "no key"},
		"a nil key of ours":             {errorOf(KeyFrom((*PrivateKey)(nil))), "not loaded"},
		"a nil RSA key":                 {errorOf(KeyFrom((*rsa.PrivateKey)(nil))), "not loaded"},
		"a nil ECDSA key":               {errorOf(KeyFrom((*ecdsa.PrivateKey)(nil))), "not loaded"},
		"a nil RSA public key":          {errorOf(NewPublicKey((*rsa.PublicKey)(nil))), "without a modulus"},
		"a nil ECDSA public key":        {errorOf(NewPublicKey((*ecdsa.PublicKey)(nil))), "without a point"},
		"an ECDSA public key, no point": {errorOf(NewPublicKey(&ecdsa.PublicKey{Curve: elliptic.P256()})), "without a point"},
		"Sign, no hash":                 {errorOf(key.Sign(rand.Reader, digest, nil)), "no hash"},
		"Sign, the hash 0":              {errorOf(key.Sign(rand.Reader, digest, crypto.Hash(0))), "SHA-256 and SHA-1"},
		"Sign, no digest":               {errorOf(key.Sign(rand.Reader, nil, crypto.SHA256)), "a digest of 0 bytes"},
		"SignDigest, the hash 0":        {errorOf(key.SignDigest(t.Context(), digest, 0)), "SHA-256 and SHA-1"},
		"SignDigest, no digest":         {errorOf(key.SignDigest(t.Context(), nil, crypto.SHA256)), "a digest of 0 bytes"},
		"SignDigest, a digest cut off":  {errorOf(key.SignDigest(t.Context(), digest[1:], crypto.SHA256)), "a digest of 31 bytes"},
	} {
		if test.err == nil || !strings.Contains(test.err.Error(), test.want) {
			t.Errorf("%s: got %v, want %q in it", name, test.err, test.want)
		}
	}
}

func TestZeroLimitsOfADocumentAreNoLimits(t *testing.T) {
	d := fileDocument(t)
	d.MaxURLLifetime, d.MaxKeyAge = 0, 0
	now := time.Now()
	s := must[*Signer](t)(Open(t.Context(), fixedSource{d, newKey(t, ECDSAP256)}, &OpenOptions{Now: func() time.Time { return now }}))
	defer s.Close()
	now = now.Add(20 * 365 * 24 * time.Hour) // since the key was confirmed
	if _, err := s.Object(t.Context(), "rt.png", Policy{TTL: 20 * 365 * 24 * time.Hour}); err != nil {
		t.Error(err)
	}
}

// fileDocument returns a document that names a key file.
func fileDocument(t *testing.T) *Deployment {
	d := document(t)
	d.Key = KeyLocation{File: "key.pem"}
	return &d
}

// fixedSource is a source of one document and one key.
type fixedSource struct {
	document *Deployment
	key      Key
}

func (f fixedSource) Deployment(context.Context) (*Deployment, error) { return f.document, nil }
func (f fixedSource) Key(context.Context, *Deployment) (Key, error)   { return f.key, nil }
