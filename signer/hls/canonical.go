package hls

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// Tools write file names into playlists unescaped. canonical rewrites a name that
// has only one meaning into the URL that every client sends unchanged. It leaves
// what players read in different ways, which signer.CheckURL then refuses.

// The classes of characters that canonical rewrites.
const (
	changesInPath = 1 << iota
	changesInQuery
)

var changes = func() (t [256]uint8) {
	for _, c := range []byte(" \"<>[]^`{|}%") {
		t[c] = changesInPath | changesInQuery
	}
	t['\''] = changesInQuery
	for c := utf8.RuneSelf; c < len(t); c++ {
		t[c] = changesInPath | changesInQuery
	}
	return t
}()

// canonical returns the URL of a reference, with its path, which starts at byte
// path, and its query rewritten as signer.CheckURL requires, where they have only
// one meaning:
//
//   - It escapes characters that a URL cannot have, as every player does, except
//     those that players read in different ways: a backslash, control characters,
//     white space at an end, and a { before a $, which may be a variable.
//   - It writes escapes with upper-case digits, and decodes those of letters,
//     digits and "-._~". It refuses a dot segment that results, since some players
//     resolve it.
//
// It leaves a % that starts no escape: the rest of the name may be unescaped too.
func canonical(url string, path int, ref string) string {
	place := uint8(changesInPath)
	i := path
	for ; i < len(url); i++ {
		if changes[url[i]]&place != 0 {
			break
		}
		if url[i] == '?' {
			place = changesInQuery
		}
	}
	if i == len(url) || strings.TrimSpace(ref) != ref {
		return url
	}
	var b strings.Builder
	b.Grow(len(url) + 16)
	b.WriteString(url[:i])
	for i < len(url) {
		c, size := utf8.DecodeRuneInString(url[i:])
		switch {
		case c == utf8.RuneError && size == 1, c == '\u2028', c == '\u2029', c == '\ufeff', unicode.IsControl(c),
			strings.HasPrefix(url[i:], "{$"):
			return url
		case c == '%':
			high, low := -1, -1
			if i+2 < len(url) {
				high, low = hexDigit(url[i+1]), hexDigit(url[i+2])
			}
			if high < 0 || low < 0 {
				return url
			}
			if c := byte(high<<4 | low); plain[c] && c != '/' {
				b.WriteByte(c)
			} else {
				b.Write([]byte{'%', hexDigits[high], hexDigits[low]})
			}
			size = 3
		case size > 1 || changes[byte(c)]&place != 0:
			for _, c := range []byte(url[i : i+size]) {
				b.Write([]byte{'%', hexDigits[c>>4], hexDigits[c&15]})
			}
		default:
			if c == '?' {
				place = changesInQuery
			}
			b.WriteByte(byte(c))
		}
		i += size
	}
	return b.String()
}
