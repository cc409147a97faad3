package keypair_test

import (
	"crypto/rand"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/pem"
	"math/big"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/aws/aws-lambda-go/cfn"
)

// unfitKey is an RSA key of which one "prime" is the product of two. The checks
// that come with reading a key compare its numbers with each other, and these
// fit; only what it signs shows that it is none.
func unfitKey(t *testing.T) string {
	t.Helper()
	one := big.NewInt(1)
	prime := func(bits int) *big.Int {
		p, err := rand.Prime(rand.Reader, bits)
		if err != nil {
			t.Fatal(err)
		}
		return p
	}
	e := big.NewInt(65537)
	for {
		p, q := new(big.Int).Mul(prime(512), prime(512)), prime(1024)
		n := new(big.Int).Mul(p, q)
		// p-1 times q-1 is the order only if p is a prime.
		order := new(big.Int).Mul(new(big.Int).Sub(p, one), new(big.Int).Sub(q, one))
		d := new(big.Int).ModInverse(e, order)
		if n.BitLen() != 2048 || d == nil {
			continue
		}
		der := encoded(t, struct { // RFC 8017, appendix A.1.2
			Version                                        int
			Modulus, E, D, P, Q, DModP, DModQ, Coefficient *big.Int
		}{
			0, n, e, d, p, q,
			new(big.Int).Mod(d, new(big.Int).Sub(p, one)), new(big.Int).Mod(d, new(big.Int).Sub(q, one)), new(big.Int).ModInverse(q, p),
		})
		der = encoded(t, struct { // RFC 5208
			Version   int
			Algorithm pkix.AlgorithmIdentifier
			Key       []byte
		}{0, pkix.AlgorithmIdentifier{Algorithm: asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 1, 1}, Parameters: asn1.NullRawValue}, der})
		return string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}))
	}
}

func encoded(t *testing.T, value any) []byte {
	t.Helper()
	der, err := asn1.Marshal(value)
	if err != nil {
		t.Fatal(err)
	}
	return der
}

func TestNoPublicKeyIsPublishedThatDoesNotFitWhatThePrivateKeySigns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := deploy(t)
		d.store = swapping{d.secrets, []byte(unfitKey(t))}
		a := d.request(t, cfn.RequestCreate, "", properties("1", "rsa-2048"))
		if a.Status != cfn.StatusFailed || a.Data != nil {
			t.Fatalf("got %s", a.Body)
		}
		if !strings.Contains(a.Reason, "generation 1: the private key does not sign; use a new generation") {
			t.Errorf("the reason does not say what is wrong: %s", a.Reason)
		}
	})
}
