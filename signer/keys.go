package signer

import (
	"bytes"
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"strings"
)

// Key signs digests. A *PrivateKey is a Key, and KeyFrom wraps any crypto.Signer. A
// key behind a network, such as one in AWS KMS, implements Key itself.
//
// SignDigest signs a digest made with hash, for no longer than ctx allows. It
// returns the signature as CloudFront expects it: PKCS #1 v1.5 for RSA, ASN.1 DER
// for ECDSA. It must be safe for concurrent use, must not keep or change digest,
// and must not put key material into an error.
type Key interface {
	Public() crypto.PublicKey
	SignDigest(ctx context.Context, digest []byte, hash crypto.Hash) (signature []byte, err error)
}

// PrivateKey is a private key in memory. Closures hold the key material, so that no
// formatting verb, logger, encoder or reflection prints it, however deep the key is
// nested. It is a Key and a crypto.Signer, and is safe for concurrent use.
type PrivateKey struct {
	public *PublicKey
	sign   func(random io.Reader, digest []byte, hash crypto.Hash) ([]byte, error)
	pkcs8  func() ([]byte, error)
}

// GenerateKey generates a key pair. The empty algorithm means ECDSAP256.
func GenerateKey(algorithm Algorithm) (*PrivateKey, error) {
	algorithm, err := ParseAlgorithm(string(algorithm))
	if err != nil {
		return nil, err
	}
	if algorithm == RSA2048 {
		key, err := rsa.GenerateKey(rand.Reader, 2048)
		if err != nil {
			return nil, fmt.Errorf("generating an RSA key: %w", err)
		}
		return newPrivateKey(key)
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("generating an ECDSA key: %w", err)
	}
	return newPrivateKey(key)
}

// ParsePrivateKey parses a private key in PEM: PKCS #8 ("PRIVATE KEY"), PKCS #1
// ("RSA PRIVATE KEY") or SEC 1 ("EC PRIVATE KEY", with or without "EC PARAMETERS"
// before it); or in DER in one of these formats. It ignores certificates and public
// keys in the text. It undoes what editors, shells and variables do to PEM where
// that is certain: a byte order mark, UTF-16, other line endings (also the two
// characters \n, spaces or none), indentation, quotes around the text.
//
// It refuses any key but RSA of 2048 bits and ECDSA on P-256, two private keys,
// JSON around a key, and base64 of PEM. The error says what was found and what
// CloudFront needs, and never quotes the input.
func ParsePrivateKey(text []byte) (*PrivateKey, error) {
	key, err := decodePrivateKey(text)
	if err != nil {
		return nil, err
	}
	return newPrivateKey(key)
}

// LoadPrivateKey reads a private key from a file, as ParsePrivateKey does. The file
// must be a regular file of at most 64 KiB.
func LoadPrivateKey(file string) (*PrivateKey, error) {
	text, err := readFile(file, keyContent)
	if err != nil {
		return nil, err
	}
	key, err := ParsePrivateKey(text)
	if err != nil {
		return nil, fmt.Errorf("private key %s: %w", Describe(file, FormFile), err)
	}
	return key, nil
}

func decodePrivateKey(content []byte) (crypto.Signer, error) {
	if isDER(content) {
		return derKey(content)
	}
	text := plainText(content)
	blocks, cut := keyBlocks(text)
	var found *keyBlock
	other := ""
	for i, block := range blocks {
		switch {
		case !strings.HasSuffix(block.kind, "PRIVATE KEY"):
			if block.kind != "EC PARAMETERS" {
				other = block.kind
			}
		case found != nil:
			return nil, errors.New("two private keys: give only the one that belongs to the key pair id")
		default:
			found = &blocks[i]
		}
	}
	switch {
	case strings.HasPrefix(strings.TrimSpace(text), "{") && found != nil:
		return nil, errors.New("a private key inside JSON: give only the value of its member")
	case found != nil && !cut:
		return found.key()
	case cut || found == nil && len(blocks) > 0 && other == "":
		return nil, errors.New("no private key in the PEM text: want a block PRIVATE KEY, RSA PRIVATE KEY or EC PRIVATE KEY, complete from BEGIN to END")
	case other == "PUBLIC KEY", other == "RSA PUBLIC KEY", other == "CERTIFICATE":
		return nil, fmt.Errorf("a %s, not a private key: give the private half of the pair", other)
	case other != "":
		return nil, errors.New("no private key in the PEM text, but a block of another type: want one of PRIVATE KEY, RSA PRIVATE KEY or EC PRIVATE KEY")
	}
	return nil, notPEM(text)
}

// key parses a block whose type ends in PRIVATE KEY.
func (b *keyBlock) key() (crypto.Signer, error) {
	switch {
	case b.encrypted, b.kind == "ENCRYPTED PRIVATE KEY":
		return nil, errEncryptedKey
	case b.kind == "OPENSSH PRIVATE KEY":
		return nil, errors.New("an OpenSSH private key: make one for CloudFront with `signedfront keygen` or `openssl ecparam -name prime256v1 -genkey -noout`")
	case b.kind == "DSA PRIVATE KEY":
		return nil, unsupportedKey("DSA")
	}
	switch b.kind {
	case "PRIVATE KEY":
		key, err := x509.ParsePKCS8PrivateKey(b.der)
		if err != nil {
			return nil, badKey("PKCS #8", pkcs8Kind(b.der))
		}
		signer, ok := key.(crypto.Signer)
		if !ok {
			return nil, badKey("PKCS #8", pkcs8Kind(b.der))
		}
		return signer, nil
	case "RSA PRIVATE KEY":
		key, err := x509.ParsePKCS1PrivateKey(b.der)
		if err != nil {
			return nil, badKey("PKCS #1", "")
		}
		return key, nil
	case "EC PRIVATE KEY":
		key, err := x509.ParseECPrivateKey(b.der)
		if err != nil {
			return nil, badKey("SEC 1", sec1Kind(b.der))
		}
		return key, nil
	}
	return nil, errors.New("a private key in a PEM block of another type: want one of PRIVATE KEY, RSA PRIVATE KEY or EC PRIVATE KEY")
}

var errEncryptedKey = errors.New("the private key is encrypted with a passphrase: write it without one, as with `openssl pkey -in FILE -out PLAIN`")

// badKey returns the error for a key that crypto/x509 cannot parse: of an
// unsupported kind, if the kind is known, and otherwise damaged. It does not wrap
// the errors of crypto/x509, which may quote their input.
func badKey(format, kind string) error {
	if kind != "" {
		return unsupportedKey(kind)
	}
	return fmt.Errorf("the PEM block does not hold a %s private key that can be read: it is damaged; CloudFront accepts RSA of 2048 bits and ECDSA on P-256", format)
}

func unsupportedKey(what string) error {
	return fmt.Errorf("a key of kind %s: CloudFront accepts RSA of 2048 bits and ECDSA on P-256", what)
}

// newPrivateKey wraps one of Go's own private keys of an accepted kind.
func newPrivateKey(key crypto.Signer) (*PrivateKey, error) {
	public, err := NewPublicKey(key.Public())
	if err != nil {
		return nil, err
	}
	return wrapPrivateKey(key, public), nil
}

func wrapPrivateKey(key crypto.Signer, public *PublicKey) *PrivateKey {
	return &PrivateKey{
		public: public,
		sign: func(random io.Reader, digest []byte, hash crypto.Hash) ([]byte, error) {
			return key.Sign(random, digest, hash)
		},
		pkcs8: func() ([]byte, error) { return x509.MarshalPKCS8PrivateKey(key) },
	}
}

// PublicKey returns the public half, or nil if k is nil or zero.
func (k *PrivateKey) PublicKey() *PublicKey {
	if k == nil {
		return nil
	}
	return k.public
}

// Public returns the public half as Go's own type, for crypto.Signer.
func (k *PrivateKey) Public() crypto.PublicKey {
	if k == nil || k.public == nil {
		return nil
	}
	return k.public.key
}

// errNoKey reports a nil or zero PrivateKey: the caller ignored the error of
// loading it.
var errNoKey = errors.New("no private key: it was not loaded")

// Sign implements crypto.Signer. It signs only SHA-256 and SHA-1 digests, which
// CloudFront can check.
func (k *PrivateKey) Sign(random io.Reader, digest []byte, opts crypto.SignerOpts) ([]byte, error) {
	if _, ok := opts.(*rsa.PSSOptions); ok {
		return nil, errors.New("CloudFront checks RSA signatures with PKCS #1 v1.5 padding, never PSS")
	}
	if opts == nil {
		return nil, errors.New("no hash: CloudFront checks SHA-256 and SHA-1")
	}
	if err := k.check(digest, opts.HashFunc()); err != nil {
		return nil, err
	}
	return k.sign(random, digest, opts.HashFunc())
}

// check returns an error if a digest cannot be signed. Without a hash, RSA would
// sign any bytes.
func (k *PrivateKey) check(digest []byte, hash crypto.Hash) error {
	switch {
	case k.Public() == nil:
		return errNoKey
	case hash != crypto.SHA256 && hash != crypto.SHA1:
		return fmt.Errorf("CloudFront checks SHA-256 and SHA-1, not %s", hash)
	case len(digest) != hash.Size():
		return fmt.Errorf("a digest of %d bytes: one of %s has %d", len(digest), hash, hash.Size())
	}
	return nil
}

// SignDigest implements Key. ECDSA signatures are hedged: two signatures of one
// digest differ, and a fault in the computation does not reveal the key.
func (k *PrivateKey) SignDigest(_ context.Context, digest []byte, hash crypto.Hash) ([]byte, error) {
	if err := k.check(digest, hash); err != nil {
		return nil, err
	}
	return k.sign(rand.Reader, digest, hash)
}

// MarshalPEM returns the private key as PKCS #8 PEM. The result is the secret
// itself: never log it.
func (k *PrivateKey) MarshalPEM() ([]byte, error) {
	if k.Public() == nil {
		return nil, errNoKey
	}
	der, err := k.pkcs8()
	if err != nil {
		return nil, errors.New("encoding the private key as PKCS #8 failed")
	}
	return pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}), nil
}

// WriteFile writes the private key as PKCS #8 PEM to a new file that only its owner
// can read (mode 0600). It returns an error, and writes nothing, if the file exists
// or if name looks like a key.
func (k *PrivateKey) WriteFile(name string) error {
	text, err := k.MarshalPEM()
	if err != nil {
		return err
	}
	failed := func(err error) error {
		return fmt.Errorf("writing the private key: %s: %w", Describe(name, FormFile), withoutPath(err))
	}
	if !FormFile.matches(name) && likeness(name) != "" {
		return failed(errors.New("want the name of a file"))
	}
	f, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if errors.Is(err, os.ErrExist) {
		return failed(errors.New("already exists and is not overwritten: move it away first"))
	}
	if err != nil {
		return failed(err)
	}
	_, err = f.Write(text)
	if closed := f.Close(); err == nil {
		err = closed
	}
	if err != nil {
		os.Remove(name)
		return failed(err)
	}
	return nil
}

func (k *PrivateKey) redacted() string {
	if k == nil || k.public == nil {
		return "signer.PrivateKey(none)"
	}
	return "signer.PrivateKey(" + string(k.public.algorithm) + ", redacted)"
}

// String returns the kind of key, and no key material.
func (k *PrivateKey) String() string { return k.redacted() }

// GoString is String.
func (k *PrivateKey) GoString() string { return k.redacted() }

// Format writes String for every verb.
func (k *PrivateKey) Format(f fmt.State, _ rune) { io.WriteString(f, k.redacted()) }

// LogValue returns String, for log/slog.
func (k *PrivateKey) LogValue() slog.Value { return slog.StringValue(k.redacted()) }

// MarshalText returns String, for encoders; MarshalPEM exports the key.
func (k *PrivateKey) MarshalText() ([]byte, error) { return []byte(k.redacted()), nil }

// PublicKey is the public half of a key pair of a kind that CloudFront accepts.
type PublicKey struct {
	key       crypto.PublicKey
	spki      []byte
	algorithm Algorithm
}

// NewPublicKey wraps one of Go's own public keys. It refuses any key but RSA of
// 2048 bits and ECDSA on P-256.
func NewPublicKey(key crypto.PublicKey) (*PublicKey, error) {
	algorithm, err := algorithmOf(key)
	if err != nil {
		return nil, err
	}
	return publicKey(key, algorithm)
}

func publicKey(key crypto.PublicKey, algorithm Algorithm) (*PublicKey, error) {
	spki, err := x509.MarshalPKIXPublicKey(key)
	if err != nil {
		return nil, fmt.Errorf("encoding the public key: %w", err)
	}
	return &PublicKey{key: key, spki: spki, algorithm: algorithm}, nil
}

func algorithmOf(key crypto.PublicKey) (Algorithm, error) {
	switch k := key.(type) {
	case *rsa.PublicKey:
		if k == nil || k.N == nil {
			return "", errors.New("an RSA public key without a modulus")
		}
		if k.N.BitLen() != 2048 {
			return "", unsupportedKey(fmt.Sprintf("RSA of %d bits", k.N.BitLen()))
		}
		return RSA2048, nil
	case *ecdsa.PublicKey:
		if k == nil || k.X == nil || k.Y == nil {
			return "", errors.New("an ECDSA public key without a point")
		}
		if k.Curve != elliptic.P256() {
			name := "an unknown curve"
			if k.Curve != nil {
				name = k.Curve.Params().Name
			}
			return "", unsupportedKey("ECDSA on " + name)
		}
		return ECDSAP256, nil
	case ed25519.PublicKey:
		return "", unsupportedKey("Ed25519")
	case nil:
		return "", errors.New("no public key")
	}
	return "", unsupportedKey(fmt.Sprintf("%T", key))
}

// ParsePublicKey parses a public key in PEM (SPKI, "PUBLIC KEY"), as CloudFront
// stores it and `openssl pkey -pubout` writes it.
func ParsePublicKey(pemText []byte) (*PublicKey, error) {
	block, rest := pem.Decode(bytes.TrimPrefix(pemText, []byte("\xef\xbb\xbf")))
	switch {
	case block == nil:
		return nil, errors.New("not a PEM public key: want text that starts with -----BEGIN PUBLIC KEY-----")
	case bytes.Contains([]byte(block.Type), []byte("PRIVATE")):
		return nil, errors.New("a private key in place of a public key: give only the public half")
	case block.Type != "PUBLIC KEY":
		return nil, fmt.Errorf("a PEM block of the type %s: CloudFront accepts PUBLIC KEY (SPKI), as `openssl pkey -pubout` writes it", Describe(block.Type, FormWord))
	case len(bytes.TrimSpace(rest)) != 0:
		return nil, errors.New("more text after the public key: want one PEM block and nothing else")
	}
	key, err := x509.ParsePKIXPublicKey(block.Bytes)
	if err != nil {
		return nil, errors.New("the PEM block does not hold a public key that can be read")
	}
	return NewPublicKey(key)
}

// Algorithm returns the kind of the key.
func (p *PublicKey) Algorithm() Algorithm { return p.algorithm }

// Public returns the key as Go's own type, *rsa.PublicKey or *ecdsa.PublicKey.
func (p *PublicKey) Public() crypto.PublicKey { return p.key }

// PEM returns the key as CloudFront stores it: SPKI, with one trailing line feed.
// Without the line feed, a later deployment sees a changed key:
// https://github.com/hashicorp/terraform-provider-aws/issues/20081
func (p *PublicKey) PEM() []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: p.spki})
}

// SPKI returns the key's SPKI encoding (DER) in base64 (RFC 4648, section 4, with
// padding, in one line), as trustedKeys of the deployment document has it.
func (p *PublicKey) SPKI() string { return base64.StdEncoding.EncodeToString(p.spki) }

// Fingerprint returns the SHA-256 of the key's SPKI encoding (DER) in lower-case
// hexadecimal, as publicKeySha256 of the deployment document has it.
func (p *PublicKey) Fingerprint() string {
	sum := sha256.Sum256(p.spki)
	return hex.EncodeToString(sum[:])
}

// Equal reports whether p and other are the same key. A nil key equals none.
func (p *PublicKey) Equal(other *PublicKey) bool {
	return p != nil && other != nil && bytes.Equal(p.spki, other.spki)
}

// KeyFrom returns a Key that signs with key, such as a hardware token. For Go's own
// keys, *rsa.PrivateKey and *ecdsa.PrivateKey, the result is a *PrivateKey. It
// refuses a key of a kind that CloudFront does not accept.
//
// A crypto.Signer has no context, so its calls cannot be canceled. A key behind a
// network should implement Key.
func KeyFrom(key crypto.Signer) (Key, error) {
	switch k := key.(type) {
	case nil:
		return nil, errors.New("no key")
	case *PrivateKey:
		if k.Public() == nil {
			return nil, errNoKey
		}
		return k, nil
	case *rsa.PrivateKey:
		if k == nil {
			return nil, errNoKey
		}
		return newPrivateKey(key)
	case *ecdsa.PrivateKey:
		if k == nil {
			return nil, errNoKey
		}
		return newPrivateKey(key)
	}
	if _, err := NewPublicKey(key.Public()); err != nil {
		return nil, err
	}
	return foreignKey{key}, nil
}

type foreignKey struct{ crypto.Signer }

func (k foreignKey) SignDigest(ctx context.Context, digest []byte, hash crypto.Hash) ([]byte, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	return k.Signer.Sign(rand.Reader, digest, hash)
}
