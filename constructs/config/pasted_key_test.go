package config

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/sha512"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"encoding/pem"
	"fmt"
	"strings"
	"testing"
)

// headerSpellings are the ways in which DER may stand in one line of text.
func headerSpellings(der []byte) map[string]string {
	b64, hexadecimal := base64.StdEncoding.EncodeToString(der), hex.EncodeToString(der)
	var pairs []string
	for i := 0; i < len(hexadecimal); i += 2 {
		pairs = append(pairs, hexadecimal[i:i+2])
	}
	return map[string]string{
		"base64":                 b64,
		"base64 in a text":       "key=" + b64 + "; path=/",
		"base64 in quotes":       `key="` + b64 + `"`,
		"base64url":              "a " + base64.RawURLEncoding.EncodeToString(der),
		"hexadecimal":            hexadecimal,
		"hexadecimal in a text":  "0x" + strings.ToUpper(hexadecimal) + ";",
		"hexadecimal in pairs":   strings.Join(pairs, ":"),
		"hexadecimal and spaces": strings.Join(pairs, " "),
	}
}

func TestAPrivateKeyIsNoHeaderHoweverItIsWritten(t *testing.T) {
	rsaKey, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	ecKey, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	longer, err := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	keys := map[string][]byte{"RSA in PKCS #1": x509.MarshalPKCS1PrivateKey(rsaKey)}
	for name, key := range map[string]any{"RSA": rsaKey, "P-256": ecKey, "P-384": longer} {
		if keys[name+" in PKCS #8"], err = x509.MarshalPKCS8PrivateKey(key); err != nil {
			t.Fatal(err)
		}
	}
	if keys["P-256 in SEC 1"], err = x509.MarshalECPrivateKey(ecKey); err != nil {
		t.Fatal(err)
	}
	// PKCS #8 without the public half, as Java writes it: its length has one byte.
	scalar, err := ecKey.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	keys["P-256 alone"] = append([]byte("\x30\x41\x02\x01\x00\x30\x13\x06\x07\x2a\x86\x48\xce\x3d\x02\x01\x06\x08\x2a\x86\x48\xce\x3d\x03\x01\x07\x04\x27\x30\x25\x02\x01\x01\x04\x20"), scalar...)
	if _, err := x509.ParsePKCS8PrivateKey(keys["P-256 alone"]); err != nil {
		t.Fatal(err)
	}
	for name, der := range keys {
		spellings := headerSpellings(der)
		oneLine := strings.ReplaceAll(string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})), "\n", " ")
		spellings["PEM on one line, with a space at its end"] = oneLine
		for spelling, value := range spellings {
			for setting, headers := range map[string]ResponseHeaders{
				"Custom.X-A":            {Custom: map[string]string{"X-A": value}},
				"ContentSecurityPolicy": {ContentSecurityPolicy: value},
			} {
				problems := Content{ResponseHeaders: headers}.WithDefaults().Check().Error()
				if !strings.Contains(problems, "ResponseHeaders."+setting+": a private key; remove it") {
					t.Errorf("%s, %s, as %s: %s", name, spelling, setting, problems)
				}
			}
		}
	}

	public, err := x509.MarshalPKIXPublicKey(ecKey.Public())
	if err != nil {
		t.Fatal(err)
	}
	for spelling, value := range headerSpellings(public) {
		if isPrivateKey(value) && spelling != "base64" { // a key in base64 and nothing else is not looked into
			t.Errorf("a public key, %s, is taken for a private one", spelling)
		}
	}
}

func TestTheHashesOfAContentSecurityPolicyAreNoPrivateKeys(t *testing.T) {
	for i := range 20_000 {
		short, long := sha256.Sum256([]byte{byte(i), byte(i >> 8)}), sha512.Sum512([]byte{byte(i), byte(i >> 8)})
		policy := fmt.Sprintf("script-src 'sha256-%s' 'sha512-%s' 'nonce-%x'",
			base64.StdEncoding.EncodeToString(short[:]), base64.StdEncoding.EncodeToString(long[:]), short)
		if isPrivateKey(policy) {
			t.Fatalf("%s is taken for a private key", policy)
		}
	}
}
func TestWhatAnotherProgramSaysKeepsItsPaths(t *testing.T) {
	for _, said := range []string{
		"Validation failed with the following errors:\n  [signedfront-downloads/Content/Distribution] the behavior of \"*\" is wrong",
		"[Media/Content/SigningKey2/PublicKey] is <unresolved-token>, {\"Ref\":\"ContentBucket52D4B12C\"}",
	} {
		if got := WithoutKeys(said); got != said {
			t.Errorf("%s became %s", said, got)
		}
	}
}
