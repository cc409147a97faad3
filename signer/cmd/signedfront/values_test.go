package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/base64"
	"slices"
	"strings"
	"testing"

	"github.com/signedfront/signedfront/signer"
	"github.com/signedfront/signedfront/signer/leaktest"
)

func TestNamesAreNotTakenForKeysAndKeysAreNotTakenForNames(t *testing.T) {
	t.Chdir(t.TempDir())
	for _, name := range []string{
		"", "dev", "rt.png", "albums/July 2026/IMG_0001.JPG", "a/*", "K2JCJMDEHXQW5F", "K2JCJMDEHXQW5F=public_key.pem",
		"ProdMediaContentDistributionStackEuWest1", "my-project-production-eu-west-1-content-delivery",
		"arn:aws:iam::111122223333:role/MediaSigner", "V1StGXR8Z5jdHi6BmyT", "uploads/2026/11/28/Quarterly Report (Final) v2.pdf",
		"Photos/06b3cbf8b7806ca08ce1ca466e83488ca32abb5db6b0ca4b07c54aa7be47adf3", "Users/123e4567-e89b-12d3-a456-426614174000/Avatar",
		"CfnIpAccessSettings_ArnForIpAccessSettings", "Ec2TaskDefinition_FromEc2TaskDefinitionArn", "SqlServerEngineVersion_VER_13_00_5882_1_V1",
		strings.Repeat("0123456789abcdef", 8), "123e4567-e89b-12d3-a456-426614174000", "users/aB3dE5gH1jK2mN4pQ6rS8t/avatar",
		"Photos/Holidays2026/Spain/Barcelona/DSC00042", strings.Repeat("a", 1024), "1, 2, 3",
		"CloudFront-Expires=1893456000; CloudFront-Signature=aB3dE5gH1jK2mN4pQ6rS8tU0vW1xY2zA3bC4dE5fG6~",
	} {
		if looksLikeKey(name) {
			t.Errorf("%q is taken for a key", name)
		}
	}
	var missed []string
	for _, key := range leaktest.Keys() {
		for _, spelling := range key.Spellings() {
			_, name, _ := strings.Cut(spelling.Name, ", ")
			if len(spelling.Text) < 40 || isURL(spelling.Text) || strings.HasPrefix(name, "DER") || strings.Contains(name, "file name") {
				continue // it looks like a name, or only Describe recognizes it
			}
			if !looksLikeKey(spelling.Text) {
				missed = append(missed, key.Name+", "+spelling.Name)
			}
		}
	}
	if len(missed) > 0 {
		t.Errorf("taken for names: %q", missed)
	}
}

// Whether a part of a key looks like a name is random, so the test needs many keys.
// Of 1,400,000 lines and thirds none did. Of pieces of 40 bytes, the shortest that
// are checked, at most 3 in 100,000 did.
func TestAPieceOfAKeyIsNotTakenForANameWhicheverKeyItIs(t *testing.T) {
	t.Chdir(t.TempDir())
	const keys = 5000
	missed, short := 0, 0
	for range keys {
		key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		pkcs8, err := x509.MarshalPKCS8PrivateKey(key)
		if err != nil {
			t.Fatal(err)
		}
		sec1, err := x509.MarshalECPrivateKey(key)
		if err != nil {
			t.Fatal(err)
		}
		ofRSA := make([]byte, 96) // between its headers an RSA key is random numbers
		rand.Read(ofRSA)
		for _, der := range [][]byte{pkcs8, sec1, ofRSA} {
			for _, alphabet := range []*base64.Encoding{base64.StdEncoding, base64.RawURLEncoding} {
				text := alphabet.EncodeToString(der)
				third := len(text) / 3
				pieces := []string{text, text[:third], text[third : 2*third], text[2*third:]}
				for line := range slices.Chunk([]byte(text), 64) {
					pieces = append(pieces, string(line))
				}
				for _, piece := range pieces {
					if len(piece) >= 50 && !looksLikeKey(piece) {
						missed++
					}
				}
			}
		}
		if !looksLikeKey(base64.StdEncoding.EncodeToString(ofRSA)[:40]) {
			short++
		}
	}
	if missed > 0 || short > 5 {
		t.Errorf("of %d keys, %d pieces and %d pieces of 40 bytes are taken for names", keys, missed, short)
	}
}

// Regression test: a Linux argument may have 128 KiB, and decoding every escape of
// this one took over ten minutes.
func TestAValueThatIsEscapedManyTimesOverIsReadAtOnce(t *testing.T) {
	escaped := "%" + strings.Repeat("25", 60_000)
	if looksLikeKey(escaped) {
		t.Error("it is taken for a key")
	}
}

func TestAPatternOfObjectKeysCoversTheURLsThatObjectURLMakes(t *testing.T) {
	const base = "https://d111111abcdef8.cloudfront.net"
	for c := rune(0); c < 0x100; c++ {
		if key := "a" + string(c) + "b"; c != '*' {
			if url, err := signer.ObjectURL(base, key); err != nil || url != base+"/"+escapePattern(key) {
				t.Errorf("%q: the pattern %s, and the URL %s, %v", key, escapePattern(key), url, err)
			}
		}
	}
}
