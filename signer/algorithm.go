package signer

import (
	"crypto"
	"crypto/sha1"
	"crypto/sha256"
	"fmt"
	"slices"
	"strings"
)

// Algorithm is the kind of a key pair. Its values are the words of cdk.json, the
// deployment document and the command line.
type Algorithm string

// The key algorithms that CloudFront accepts for signed URLs and cookies:
// https://docs.aws.amazon.com/cloudfront/latest/APIReference/API_PublicKey.html
const (
	ECDSAP256 Algorithm = "ecdsa-p256" // ECDSA on the curve P-256; the default
	RSA2048   Algorithm = "rsa-2048"   // RSA, PKCS #1 v1.5 padding, 2048 bits
)

// Hash is the hash function of a signature. Its values are the words of cdk.json,
// the deployment document and the command line. The zero value means SHA256.
type Hash string

// The hashes that CloudFront supports. It uses SHA-1 for a URL or cookie that names
// no hash:
// https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/private-content-creating-signed-url-canned-policy.html
const (
	SHA256 Hash = "sha256"
	SHA1   Hash = "sha1"
)

// Algorithms returns the supported algorithms, the default first.
func Algorithms() []Algorithm { return []Algorithm{ECDSAP256, RSA2048} }

// Hashes returns the supported hashes, the default first.
func Hashes() []Hash { return []Hash{SHA256, SHA1} }

// ParseAlgorithm returns the Algorithm that word names. The empty word means
// ECDSAP256.
func ParseAlgorithm(word string) (Algorithm, error) {
	return parseWord("key algorithm", word, Algorithms())
}

// ParseHash returns the Hash that word names. The empty word means SHA256.
func ParseHash(word string) (Hash, error) { return parseWord("hash", word, Hashes()) }

func parseWord[W ~string](kind, word string, words []W) (W, error) {
	switch w := W(word); {
	case word == "":
		return words[0], nil
	case slices.Contains(words, w):
		return w, nil
	}
	return "", fmt.Errorf("unknown %s %s: CloudFront accepts %s", kind, Describe(word, FormWord), list(words, " and "))
}

// list joins words for a message.
func list[W ~string](words []W, conjunction string) string {
	texts := make([]string, len(words))
	for i, word := range words {
		texts[i] = string(word)
	}
	return strings.Join(texts, conjunction)
}

// param returns the value of the Hash-Algorithm parameter. It is empty for SHA-1,
// which CloudFront assumes when the parameter is absent.
func (h Hash) param() string {
	if h == SHA1 {
		return ""
	}
	return "SHA256"
}

func (h Hash) crypto() crypto.Hash {
	if h == SHA1 {
		return crypto.SHA1
	}
	return crypto.SHA256
}

// sum appends the digest of text to b. In FIPS-only mode, in which SHA-1 panics, it
// returns an error for SHA1.
func (h Hash) sum(b, text []byte) ([]byte, error) {
	if h != SHA1 {
		d := sha256.Sum256(text)
		return append(b, d[:]...), nil
	}
	d, err := sumSHA1(text)
	if err != nil {
		return nil, err
	}
	return append(b, d[:]...), nil
}

// sumSHA1 recovers from the panic of SHA-1 in FIPS-only mode: Go 1.25 has no
// function that reports the mode, and from Go 1.26 on it depends on the goroutine.
func sumSHA1(text []byte) (d [sha1.Size]byte, err error) {
	defer func() {
		if recover() != nil {
			err = errSHA1InFIPS
		}
	}()
	return sha1.Sum(text), nil
}
