package signer

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"unicode/utf8"
)

// Form is what a caller's value should look like. Describe quotes a value in an error
// only if it matches the form, since any other may be a private key.
type Form int

const (
	FormWord     Form = iota // word, number, duration, date or address: printable ASCII, at most 32 bytes
	FormID                   // CloudFront id: capital letters and digits, at most 32 bytes
	FormName                 // name with parts, such as an ARN, a parameter or a host: letters, digits and "-_.:/*@+=,", at most 256 bytes
	FormVariable             // environment variable: capital letters, digits and _, at most 64 bytes, or 32 without a _
	FormFile                 // file name: at most 32 bytes, or in a folder that exists
	FormText                 // text, such as an object key: printable UTF-8, at most 32 bytes
)

// Describe returns a value from a caller as an error may show it. A value that
// matches form is quoted. Any other value may be a private key in the wrong place:
// Describe returns its length and what it looks like, and none of its text:
//
//	a value of 241 bytes that looks like a PEM private key
func Describe(value string, form Form) string {
	if form.matches(value) {
		return strconv.QuoteToASCII(value)
	}
	if value == "" {
		return "an empty value"
	}
	return fmt.Sprintf("a value of %d bytes%s", len(value), likeness(value))
}

// isListOfBytes reports whether value has more short numbers than a date or an
// address has: a key can be written as the decimal or hexadecimal numbers of its
// bytes.
func isListOfBytes(value string) bool {
	numbers := 0
	for part := range strings.FieldsFuncSeq(value, func(c rune) bool { return !isLetterOrDigit(c) }) {
		part = strings.TrimPrefix(part, "0x")
		if len(part) <= 3 && only(part, isHexDigit) {
			numbers++
		}
	}
	return numbers > 8
}

func isHexDigit(c rune) bool { return c < utf8.RuneSelf && isHex(byte(c)) }

// longestWord is the maximum length, in bytes, of a quoted value that has no
// structure to distinguish it from a piece of a key: a line of PEM has 64.
const longestWord = 32

// matches reports whether Describe quotes a value.
func (f Form) matches(value string) bool {
	if value == "" || strings.Contains(value, "-----BEGIN") || isListOfBytes(value) {
		return false
	}
	switch f {
	case FormWord:
		return len(value) <= longestWord && only(value, func(c rune) bool { return ' ' <= c && c <= '~' }) && !looksRandom(value)
	case FormID:
		return len(value) <= longestWord && only(value, isUpperOrDigit)
	case FormName:
		return len(value) <= 256 && only(value, func(c rune) bool { return isNameSeparator(c) || isLetterOrDigit(c) }) &&
			!looksRandom(withoutResource(value))
	case FormVariable:
		return (len(value) <= longestWord || len(value) <= 64 && strings.Contains(value, "_")) &&
			only(value, func(c rune) bool { return c == '_' || isUpperOrDigit(c) })
	case FormFile:
		return only(value, strconv.IsPrint) && isFileName(value)
	case FormText:
		return len(value) <= longestWord && only(value, strconv.IsPrint) && !looksRandom(value)
	}
	return false
}

// withoutResource returns an ARN without its resource, whose name may look random.
// It returns any other value unchanged.
func withoutResource(value string) string {
	if parts := strings.SplitN(value, ":", 6); len(parts) == 6 && parts[0] == "arn" {
		return strings.TrimSuffix(value, parts[5])
	}
	return value
}

// isFileName reports whether value is short or lies in an existing folder other
// than the root: a line of base64 may start with a slash.
func isFileName(value string) bool {
	if len(value) <= longestWord {
		return !looksRandom(value)
	}
	folder, base := filepath.Split(value)
	if looksRandom(base) || len(base) > 255 {
		return false
	}
	if clean := filepath.Clean(folder); folder == "" || clean != "." && filepath.Dir(clean) == clean {
		return false
	}
	info, err := os.Stat(folder)
	return err == nil && info.IsDir()
}

func only(value string, allowed func(rune) bool) bool {
	for _, c := range value {
		if c == '\uFFFD' || !allowed(c) {
			return false
		}
	}
	return true
}

func isUpperOrDigit(c rune) bool { return 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' }

func isLetterOrDigit(c rune) bool { return 'a' <= c && c <= 'z' || isUpperOrDigit(c) }

func isNameSeparator(c rune) bool { return strings.ContainsRune("-_.:/*@+=,", c) }

// looksRandom reports whether value has what base64 has and names seldom have: a
// part that is longer than a word and not all lower case, a run of 16 or more
// letters and digits with upper case, lower case and digits, or 12 bytes that
// change often between the three. It misses at most one in 1,000 pieces of base64
// of 24 bytes, in any of its alphabets.
func looksRandom(value string) bool {
	for _, part := range strings.FieldsFunc(value, func(c rune) bool { return !isLetterOrDigit(c) && c != '+' }) {
		mixed := strings.ToLower(part) != part
		if len(part) > 63 || mixed && len(part) > longestWord ||
			mixed && len(part) >= 16 && strings.ToUpper(part) != part && strings.ContainsAny(part, "0123456789") {
			return true
		}
	}
	for _, run := range strings.FieldsFunc(value, func(c rune) bool { return !isLetterOrDigit(c) && !strings.ContainsRune("+/-_~", c) }) {
		for i := 0; i+12 <= len(run); i++ {
			if changesOften(run[i : i+12]) {
				return true
			}
		}
	}
	return false
}

// changesOften reports whether a text with upper and lower case changes at least
// three times between upper case, lower case and digits. A change at a separator,
// such as a slash, does not count, nor does one after the capital that starts a
// word, as in SigningKeyPair.
func changesOften(text string) bool {
	changes, before, last := 0, 0, 0
	for i := range len(text) {
		kind := kindOf(text[i])
		startsWord := last == capital && kind == small && before != capital
		if kind != last && kind != 0 && last != 0 && !startsWord {
			changes++
		}
		before, last = last, kind
	}
	return changes >= 3 && strings.ToLower(text) != text && strings.ToUpper(text) != text
}

const (
	capital = iota + 1
	small
	digit
)

// kindOf returns the kind of c: upper case, lower case or digit; 0 for all else.
func kindOf(c byte) int {
	switch {
	case 'A' <= c && c <= 'Z':
		return capital
	case 'a' <= c && c <= 'z':
		return small
	case '0' <= c && c <= '9':
		return digit
	}
	return 0
}

// likeness returns what a value that is not shown looks like.
func likeness(value string) string {
	pem := strings.Contains(value, "-----BEGIN")
	switch {
	case strings.Contains(value, "PRIVATE KEY"):
		return " that looks like a PEM private key"
	case pem && strings.Contains(value, "PUBLIC KEY"):
		return " that looks like a PEM public key"
	case pem && strings.Contains(value, "CERTIFICATE"):
		return " that looks like a PEM certificate"
	case pem:
		return " that looks like PEM"
	case strings.HasPrefix(strings.TrimSpace(value), "{"):
		return " that looks like JSON"
	case strings.HasPrefix(value, "https://"), strings.HasPrefix(value, "http://"):
		return " that looks like a URL"
	case len(value) > longestWord && only(value, func(c rune) bool {
		return isLetterOrDigit(c) || strings.ContainsRune("+/=\r\n", c)
	}):
		return " that looks like base64, as the body of a key is"
	case strings.ContainsAny(value, "\r\n"):
		return " in several lines"
	}
	return ""
}
