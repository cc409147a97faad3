package main

import (
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
				continue // what cannot be told from a name; or is told by Describe alone
			}
			if !looksLikeKey(spelling.Text) {
				missed = append(missed, key.Name+", "+spelling.Name)
			}
		}
	}
	// Of 10,000 lines of base64, two look like a name, and a line stands in
	// several spellings.
	if len(missed) > 6 {
		t.Errorf("taken for names: %q", missed)
	}
}

// An argument of Linux may hold 128 KiB: to undo every escape of this one took
// longer than ten minutes.
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
