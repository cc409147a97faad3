package signer

import (
	"context"
	"crypto"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"os"
	"strings"
	"testing"
	"time"
)

type publishedVector struct {
	ID, Key, Hash, Policy, Signature string
}

type publishedVectors struct {
	Keys        map[string]struct{ PEMType, DERBase64 string }
	Vectors     []publishedVector
	ECDSAVerify []publishedVector
}

func loadVectors(t testing.TB) (v publishedVectors, keys map[string]*PrivateKey) {
	t.Helper()
	text, err := os.ReadFile("testdata/published.json")
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text, &v); err != nil {
		t.Fatal(err)
	}
	keys = map[string]*PrivateKey{}
	for id, k := range v.Keys {
		der, err := base64.StdEncoding.DecodeString(k.DERBase64)
		if err != nil {
			t.Fatal(err)
		}
		keys[id] = testKey(t, pem.EncodeToMemory(&pem.Block{Type: k.PEMType, Bytes: der}))
	}
	if len(v.Vectors) == 0 || len(keys) == 0 || len(v.ECDSAVerify) == 0 {
		t.Fatal("no vectors read")
	}
	return v, keys
}

// testKey parses a key as ParsePrivateKey does, and also the RSA-1024 key of most
// published vectors, which users cannot load.
func testKey(t testing.TB, text []byte) *PrivateKey {
	t.Helper()
	key, err := decodePrivateKey(text)
	if err != nil {
		t.Fatal(err)
	}
	if k, ok := key.Public().(*rsa.PublicKey); ok && k.N.BitLen() == 1024 {
		t.Setenv("GODEBUG", os.Getenv("GODEBUG")+",rsa1024min=0")
		spki, err := x509.MarshalPKIXPublicKey(k)
		if err != nil {
			t.Fatal(err)
		}
		return wrapPrivateKey(key, &PublicKey{key: k, spki: spki, algorithm: RSA2048})
	}
	private, err := newPrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return private
}

func vectorSigner(key *PrivateKey, hash Hash, now time.Time) *Signer {
	m := &material{keyPairID: "K1TESTKEY", hash: hash}
	m.sign = func(ctx context.Context, digest []byte) ([]byte, error) {
		return key.SignDigest(ctx, digest, hash.crypto())
	}
	return &Signer{now: func() time.Time { return now }, current: func(context.Context) (*material, time.Time, error) { return m, now, nil }}
}

func vectorHash(t testing.TB, v publishedVector) Hash {
	hash, err := ParseHash(strings.ToLower(v.Hash))
	if err != nil {
		t.Fatal(err)
	}
	return hash
}

func TestPublishedVectorsAreReproducedByteForByte(t *testing.T) {
	vectors, keys := loadVectors(t)
	for _, v := range vectors.Vectors {
		t.Run(v.ID, func(t *testing.T) {
			st, certain, err := parsePolicy([]byte(v.Policy))
			if err != nil || !certain {
				t.Fatalf("reading the vector's policy: %v, certain %v", err, certain)
			}
			if again := string(st.appendJSON(nil)); again != v.Policy {
				t.Fatalf("policy\n got %s\nwant %s", again, v.Policy)
			}

			p := Policy{Expires: st.Expires, NotBefore: st.NotBefore, Resource: st.Resource}
			if st.IPAddress.IsValid() {
				p.IPAddress = st.IPAddress.String()
			}
			url := strings.ReplaceAll(st.Resource, "*", "cat.jpg")
			s := vectorSigner(keys[v.Key], vectorHash(t, v), st.Expires.Add(-time.Hour))
			signed, err := s.URL(t.Context(), url, p)
			if err != nil {
				t.Fatal(err)
			}
			c := readQuery(signed)
			if c.signature != v.Signature {
				t.Errorf("signature\n got %s\nwant %s", c.signature, v.Signature)
			}
			if c.url != url {
				t.Errorf("the signed URL is for %s, want %s", c.url, url)
			}
			if c.hasPolicy {
				if text, err := decodeCloudFront(c.policy); err != nil || string(text) != v.Policy {
					t.Errorf("policy sent\n got %s, %v\nwant %s", text, err, v.Policy)
				}
			}
		})
	}
}

func TestPublishedECDSASignaturesVerify(t *testing.T) {
	vectors, keys := loadVectors(t)
	for _, v := range vectors.ECDSAVerify {
		signature, err := decodeCloudFront(v.Signature)
		if err != nil {
			t.Fatal(err)
		}
		s := signed{key: keys[v.Key].PublicKey(), hash: vectorHash(t, v), signature: signature, policy: []byte(v.Policy)}
		if ok, err := s.verify(); !ok || err != nil {
			t.Errorf("%s: not verified: %v", v.Policy, err)
		}
		s.policy = append([]byte("x"), s.policy...)
		if ok, _ := s.verify(); ok {
			t.Errorf("a changed policy verifies")
		}
	}
}

func TestPublishedKeysOfTooFewBitsAreRefusedToUsers(t *testing.T) {
	vectors, _ := loadVectors(t)
	der, _ := base64.StdEncoding.DecodeString(vectors.Keys["K3"].DERBase64)
	_, err := ParsePrivateKey(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}))
	if err == nil || !strings.Contains(err.Error(), "RSA of 1024 bits") && !strings.Contains(err.Error(), "PKCS #8") {
		t.Errorf("RSA-1024: got %v", err)
	}
}

var _ crypto.Signer = (*PrivateKey)(nil)
