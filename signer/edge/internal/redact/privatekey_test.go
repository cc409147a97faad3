package redact

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/base64"
	"encoding/pem"
	"math/big"
	"strings"
	"testing"
	"time"

	"github.com/signedfront/signedfront/signer"
)

func TestWhatOnlySpeaksOfAKeyIsContent(t *testing.T) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	public, err := x509.MarshalPKIXPublicKey(key.Public())
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now()}
	certificate, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	request, err := x509.CreateCertificateRequest(rand.Reader, &x509.CertificateRequest{}, key)
	if err != nil {
		t.Fatal(err)
	}
	digest, err := asn1.Marshal(struct {
		Algorithm pkix.AlgorithmIdentifier
		Digest    []byte
	}{pkix.AlgorithmIdentifier{Algorithm: asn1.ObjectIdentifier{2, 16, 840, 1, 101, 3, 4, 2, 1}}, make([]byte, 32)})
	if err != nil {
		t.Fatal(err)
	}
	files := map[string][]byte{
		"empty":           nil,
		"public.pem":      pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: public}),
		"public.der":      public,
		"certificate.pem": pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: certificate}),
		"certificate.der": certificate,
		"request.der":     request,
		"digest.der":      digest,
		"jsencrypt.js":    []byte(`getPrivateKey(){var e="-----BEGIN RSA PRIVATE KEY-----\n";return e+=this.wordwrap(this.getPrivateBaseKeyB64())+"\n",e+="-----END RSA PRIVATE KEY-----"}`),
		"help.html":       []byte("<p>Paste all from <code>-----BEGIN PRIVATE KEY-----</code> on, without the spaces that editors like to put in."),
		"example.md":      []byte("-----BEGIN PRIVATE KEY-----\nMIIEv...\n-----END PRIVATE KEY-----\n"),
		"public.jwk":      []byte(`{"keys":[{"kty":"EC","crv":"P-256","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU","y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"}]}`),
		"words.txt":       []byte("abcd"),
		"public.env":      []byte("KEY=" + base64.StdEncoding.EncodeToString(public)),
		"checksum.txt":    []byte(strings.Repeat("3077", 32) + "  rt.png\n"),
		"thirty.bin":      {0x30, 0x03, 0x02, 0x01, 0x00},
	}
	for name, content := range files {
		if HoldsPrivateKey(name, content) {
			t.Errorf("%s is taken for a private key", name)
		}
	}
}

// Regression test: the 16 KiB after each start of a key were searched, which took
// half a minute for a file of starts only.
func TestNoByteOfAFileIsSearchedForTwoKeys(t *testing.T) {
	for _, start := range []string{
		"-----BEGIN PRIVATE KEY", "-----BEGIN PRIVATE KEY-----\nMIIEv...\n", "-----BEGIN PRIVATE KEY-----\nMIIEv...\n-----END PRIVATE KEY-----\n",
	} {
		text := []byte(strings.Repeat(start, MaxKeyFile/len(start)))
		searched := 0
		bodies := pemBodies(text)
		for _, body := range bodies {
			searched += len(body)
		}
		if len(bodies) != MaxKeyFile/len(start) || searched > len(text) {
			t.Errorf("%q: %d starts and %d bytes are searched of a file with %d and %d", start, len(bodies), searched, MaxKeyFile/len(start), len(text))
		}
		if HoldsPrivateKey("notes.txt", text) {
			t.Errorf("%q is taken for a private key", start)
		}
	}
}

// FuzzPrivateKey hides a key among any text, and looks for one in any bytes.
func FuzzPrivateKey(f *testing.F) {
	f.Add("notes\n", "\nend", []byte("0\x03\x02\x01\x00"))
	f.Add(`{"key": "`, `"}`, []byte("-----BEGIN PRIVATE KEY-----"))
	key, err := signer.GenerateKey(signer.ECDSAP256)
	if err != nil {
		f.Fatal(err)
	}
	text, err := key.MarshalPEM()
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, before, after string, content []byte) {
		HoldsPrivateKey("file", content)
		if len(before) > MaxKeyFile/2 || strings.HasPrefix(before, "\xff\xfe") || strings.HasPrefix(before, "\xfe\xff") {
			return
		}
		if !HoldsPrivateKey("file", []byte(before+string(text)+after)) {
			t.Fatalf("the key is not found after %q", before)
		}
	})
}
