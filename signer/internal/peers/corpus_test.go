package peers

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/signedfront/signedfront/signer"
)

// keyPieces are the parts of object keys and URLs: every ASCII punctuation mark,
// what S3 and form encodings treat in a special way, text in several scripts, and
// texts that look like something else.
var keyPieces = append([]string{
	"rt", "July", "2026", "x", "0", "~user", "a.b.c", "..a", "a..", "...", "-", "_",
	"día", "ümlaut", "日本語", "🎞", "e\u0301", "\u00a0", "\u200b",
	"%", "%2F", "%20", "%zz", "100%", "1+1", "a b", " ", "it's", `"so"`, "a&b=c", "a;b", "?x=1", "#top",
	"Expires=1", "&Signature=", "Key-Pair-Id", "\t", "\n", "\x00", "\x7f",
}, punctuation()...)

func punctuation() (marks []string) {
	for c := rune('!'); c <= '~'; c++ {
		if !('0' <= c && c <= '9' || 'A' <= c && c <= 'Z' || 'a' <= c && c <= 'z' || c == '/') {
			marks = append(marks, string(c))
		}
	}
	return marks
}

func join(r *rand.Rand, pieces []string, most int) string {
	var b strings.Builder
	for range 1 + r.IntN(most) {
		b.WriteString(pieces[r.IntN(len(pieces))])
	}
	return b.String()
}

// objectKeys returns n keys of S3 objects that some URL reaches.
func objectKeys(r *rand.Rand, n int) (keys []string) {
	for len(keys) < n {
		var segments []string
		for range 1 + r.IntN(4) {
			segments = append(segments, join(r, keyPieces, 4))
		}
		key := strings.Join(segments, "/")
		if _, err := signer.ObjectURL("https://cdn.example.com", key); err == nil {
			keys = append(keys, key)
		}
	}
	return keys
}

// urlPieces are the same for URLs: the characters that may be unescaped in one, and
// escapes of those that may not.
var urlPieces = func() (pieces []string) {
	pieces = []string{"rt", "July", "2026", "x", "0", "/", "//", "..", "..."}
	for c := range 256 {
		if raw := string(rune(c)); c < 0x80 && strings.Contains("-._~!$&'()*+,;=:@", raw) {
			pieces = append(pieces, raw)
		}
		pieces = append(pieces, fmt.Sprintf("%%%02X", c))
	}
	return pieces
}()

// rawURLs returns n URLs below base that CheckURL accepts, half of them with a
// query.
func rawURLs(r *rand.Rand, base string, n int) (urls []string) {
	for len(urls) < n {
		u := base + "/" + join(r, urlPieces, 12)
		if r.IntN(2) == 0 {
			u += "?" + join(r, urlPieces, 4) + "=" + join(r, append(urlPieces, "?"), 4)
			if r.IntN(2) == 0 {
				u += "&" + join(r, urlPieces, 3)
			}
		}
		if signer.CheckURL(u) == nil {
			urls = append(urls, u)
		}
	}
	return urls
}

// signable returns n URLs, half of them of object keys, none with a literal *,
// which CloudFront reads as a wildcard. Each n has URLs of its own.
func signable(t testing.TB, base string, n int) (urls []string) {
	t.Helper()
	r := rand.New(rand.NewPCG(1, uint64(n)))
	for _, key := range objectKeys(r, n/2) {
		u, err := signer.ObjectURL(base, key)
		if err != nil {
			t.Fatal(err)
		}
		urls = append(urls, u)
	}
	for len(urls) < n {
		if u := rawURLs(r, base, 1)[0]; !strings.Contains(u, "*") {
			urls = append(urls, u)
		}
	}
	return urls
}
