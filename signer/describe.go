package signer

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"unicode/utf8"
)

// Form is the grammar that a value from a caller must match before an error
// quotes it.
type Form int

const (
	FormWord     Form = iota // a word, number, duration, date or address: printable ASCII, at most 32 bytes
	FormID                   // an id of CloudFront: capital letters and digits, at most 32 bytes
	FormName                 // a name in parts, such as an ARN, a parameter or a host: letters, digits and "-_.:/*@+=,", at most 256 bytes
	FormVariable             // an environment variable: capital letters, digits and _, at most 64 bytes, 32 without a _
	FormFile                 // a file: at most 32 bytes, or in a folder that exists
	FormText                 // a text such as an object key: printable UTF-8, at most 32 bytes
)

// Describe returns how an error names a value that a caller handed in. A value
// that has the form is quoted. Any other value may be a private key that was put
// in the wrong place, so it is described by its length and by what it looks
// like, and none of it is shown:
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

// isListOfBytes reports whether a value has more short numbers than a date or an
// address: a key may be written as the numbers of its bytes, decimal or
// hexadecimal.
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

// longestWord is the longest value, in bytes, that is quoted without a
// structure that tells it from a piece of a key: a line of PEM has 64.
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

// withoutResource is an ARN without its resource, whose name may well look
// random, and any other value whole.
func withoutResource(value string) string {
	if parts := strings.SplitN(value, ":", 6); len(parts) == 6 && parts[0] == "arn" {
		return strings.TrimSuffix(value, parts[5])
	}
	return value
}

// isFileName reports whether a value is short, or lies in a folder that exists.
// The root does not count: a line of base64 may start with a slash.
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

// looksRandom reports whether a value holds what base64 does and a name seldom
// does: a part that is longer than a word and not in small letters alone, a run
// of 16 letters and digits or more with capitals, small letters and digits among
// them, or 12 bytes that change often between the three. Of 1,000 pieces of base64
// of 24 bytes, in any of its alphabets, it misses one at most.
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

// changesOften reports whether a text with capitals and small letters in it
// changes at least three times between capitals, small letters and digits. A
// change of words does not count, as at a slash, nor does what follows a capital
// that starts one, as in SigningKeyPair.
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

// kindOf tells capitals, small letters and digits apart; all else is 0.
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

// likeness says what a value that is not shown looks like.
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
