package peers

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/base64"
	"io"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/signedfront/signedfront/signer"
)

const (
	keyPairID = "K2JCJMDEHXQW5F"
	site      = "https://d111111abcdef8.cloudfront.net"
)

// now is the time of all tests, with a part of a second that every signer has
// to drop or to round.
var (
	now     = time.Date(2026, 7, 1, 12, 0, 0, 700e6, time.UTC)
	expires = now.Add(2 * time.Minute)
	viewer  = netip.MustParseAddr("203.0.113.7")
)

var (
	rsaKey = sync.OnceValue(func() *rsa.PrivateKey {
		key, err := rsa.GenerateKey(rand.Reader, 2048)
		if err != nil {
			panic(err)
		}
		return key
	})
	ecdsaKey = sync.OnceValue(func() *ecdsa.PrivateKey {
		key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
		if err != nil {
			panic(err)
		}
		return key
	})
)

// stub is a key that takes no time: what remains is the signer's own work.
type stub struct{}

var stubSignature = make([]byte, 71)

func (stub) Public() crypto.PublicKey { return &ecdsaKey().PublicKey }
func (stub) Sign(io.Reader, []byte, crypto.SignerOpts) ([]byte, error) {
	return stubSignature, nil
}

func must[T any](t testing.TB) func(v T, err error) T {
	return func(v T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

func ours(t testing.TB, key crypto.Signer, o signer.Options) *signer.Signer {
	t.Helper()
	if o.Now == nil {
		o.Now = func() time.Time { return now }
	}
	return must[*signer.Signer](t)(signer.New(keyPairID, must[signer.Key](t)(signer.KeyFrom(key)), &o))
}

// parts are the parts of a signed URL or of a set of cookies.
type parts struct {
	url                                     string // without CloudFront's parameters
	expires, policy, signature, keyID, hash string
}

func (p *parts) set(name, value string) bool {
	slot, ok := map[string]*string{
		"Expires": &p.expires, "Policy": &p.policy, "Signature": &p.signature, "Key-Pair-Id": &p.keyID, "Hash-Algorithm": &p.hash,
	}[name]
	if ok {
		*slot = value
	}
	return ok
}

// takeApart splits a signed URL in the simplest way.
func takeApart(signed string) (p parts) {
	path, query, _ := strings.Cut(signed, "?")
	var own []string
	for _, param := range strings.Split(query, "&") {
		name, value, _ := strings.Cut(param, "=")
		if !p.set(name, value) {
			own = append(own, param)
		}
	}
	p.url = path
	if len(own) > 0 {
		p.url += "?" + strings.Join(own, "&")
	}
	return p
}

func decode(t testing.TB, text string) []byte {
	t.Helper()
	text = strings.NewReplacer("-", "+", "_", "=", "~", "/").Replace(text)
	return must[[]byte](t)(base64.StdEncoding.DecodeString(text))
}

// text returns the text that was signed.
func (p *parts) text(t testing.TB) string {
	t.Helper()
	if p.policy != "" {
		return string(decode(t, p.policy))
	}
	return `{"Statement":[{"Resource":"` + p.url + `","Condition":{"DateLessThan":{"AWS:EpochTime":` + p.expires + `}}}]}`
}

// checkSignature verifies the signature with Go's own packages only.
func (p *parts) checkSignature(t testing.TB, key crypto.PublicKey) {
	t.Helper()
	var digest []byte
	hash := crypto.SHA1
	switch p.hash {
	case "", "SHA1":
		sum := sha1.Sum([]byte(p.text(t)))
		digest = sum[:]
	case "SHA256":
		sum := sha256.Sum256([]byte(p.text(t)))
		digest, hash = sum[:], crypto.SHA256
	default:
		t.Errorf("the hash is %s", p.hash)
	}
	ok := false
	switch key := key.(type) {
	case *rsa.PublicKey:
		ok = rsa.VerifyPKCS1v15(key, hash, digest, decode(t, p.signature)) == nil
	case *ecdsa.PublicKey:
		ok = ecdsa.VerifyASN1(key, digest, decode(t, p.signature))
	}
	if !ok {
		t.Errorf("%s: the signature does not verify", p.url)
	}
}

// checkAllowed checks that our verifier allows a request.
func checkAllowed(t testing.TB, key crypto.PublicKey, r signer.Request) {
	t.Helper()
	r.Time, r.RemoteAddr = now, viewer
	public := must[*signer.PublicKey](t)(signer.NewPublicKey(key))
	if v := signer.Verify(r, map[string]*signer.PublicKey{keyPairID: public}); !v.Allowed {
		t.Errorf("%s: denied: %s", r.URL, v.Detail)
	}
}
