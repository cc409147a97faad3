package leaktest

import (
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"html"
	"maps"
	"math/big"
	"regexp"
	"strconv"
	"strings"
	"unicode/utf8"
)

// Find looks for any part of the key in text: 12 consecutive bytes of the base64 of
// its encodings or of its PEM text, however the base64 is aligned, wrapped, escaped
// or lower-cased; or as many bytes of the key in hexadecimal, as decimal numbers or
// raw. It returns the spelling that it found, or "".
func (k *Key) Find(text string) (found string) { return k.whole.find(text) }

// FindSecret is Find for a text that may hold the public key: it ignores parts that
// the public key has too.
func (k *Key) FindSecret(text string) (found string) { return k.secret.find(text) }

// patterns are the pieces of a key to look for, by spelling.
type patterns struct {
	base64, hex, list, number, raw map[string]bool
}

// 9 bytes are 12 bytes of base64 and 18 hexadecimal digits.
const (
	rawLength    = 9
	base64Length = 12
	hexLength    = 18
	numberLength = 20
)

// addEncoding adds an encoding of a key and its PEM text. Their base64 depends on
// their position in a group of three bytes, so before lists how many bytes may
// precede them.
func (p *patterns) addEncoding(secret []byte, pemText string, before ...int) {
	p.addBase64(secret, before...)
	p.addBase64([]byte(pemText), before...)
	addWindows(&p.hex, hex.EncodeToString(secret), hexLength, 2)
	addWindows(&p.raw, string(secret), rawLength, 1)
	numbers := strings.Fields(strings.Trim(fmt.Sprint(secret), "[]"))
	for i := 0; i+rawLength <= len(numbers); i++ {
		list := strings.Join(numbers[i:i+rawLength], ",")
		addWindows(&p.list, list, len(list), 1)
	}
}

func (p *patterns) addBase64(secret []byte, before ...int) {
	for _, n := range before {
		encoded := base64.RawStdEncoding.EncodeToString(append(make([]byte, n), secret...))
		if n > 0 {
			encoded = encoded[n+1:] // skip the characters that hold bits of the bytes before
		}
		addWindows(&p.base64, strings.ToLower(encoded), base64Length, 1)
	}
}

func (p *patterns) addNumber(n *big.Int) {
	addWindows(&p.number, n.String(), numberLength, 1)
}

func addWindows(set *map[string]bool, text string, length, step int) {
	if *set == nil {
		*set = map[string]bool{}
	}
	for i := 0; i+length <= len(text); i += step {
		(*set)[text[i:i+length]] = true
	}
}

// without returns the patterns that others does not have.
func (p patterns) without(others patterns) patterns {
	rest := func(set, others map[string]bool) map[string]bool {
		set = maps.Clone(set)
		maps.DeleteFunc(set, func(piece string, _ bool) bool { return others[piece] })
		return set
	}
	return patterns{
		rest(p.base64, others.base64), rest(p.hex, others.hex), rest(p.list, others.list),
		rest(p.number, others.number), rest(p.raw, others.raw),
	}
}

func holds(set map[string]bool, text string, length int) bool {
	for i := 0; i+length <= len(text); i++ {
		if set[text[i:i+length]] {
			return true
		}
	}
	return false
}

func (p *patterns) find(text string) string {
	for {
		lower := strings.ToLower(text)
		switch {
		case holds(p.base64, only(lower, isBase64), base64Length):
			return "12 bytes of the key's base64"
		case holds(p.hex, only(withoutPrefixes(lower), isBase64), hexLength):
			return "bytes of the key in hexadecimal"
		case p.holdsDecimals(text):
			return "bytes of the key as decimal numbers"
		case holds(p.raw, text, rawLength):
			return "bytes of the key as they are"
		}
		plain := unescape(text)
		if plain == text {
			return ""
		}
		text = plain
	}
}

// holdsDecimals looks in the decimal numbers of text for nine that are bytes of the
// key, and for one with digits of a number of the key.
func (p *patterns) holdsDecimals(text string) bool {
	numbers := strings.FieldsFunc(text, func(c rune) bool { return c < '0' || '9' < c })
	for i, number := range numbers {
		if holds(p.number, number, numberLength) || i+rawLength <= len(numbers) && p.list[strings.Join(numbers[i:i+rawLength], ",")] {
			return true
		}
	}
	return false
}

var hexByte = regexp.MustCompile(`0x([0-9a-f]?[0-9a-f])\b`)

// withoutPrefixes writes bytes such as 0x6 and 0x1f, as in Go's syntax of a slice,
// as two digits without a prefix.
func withoutPrefixes(text string) string {
	if !strings.Contains(text, "0x") {
		return text
	}
	text = hexByte.ReplaceAllStringFunc(text, func(b string) string {
		return strings.Repeat("0", len("0x1f")-len(b)) + b[len("0x"):]
	})
	return strings.ReplaceAll(text, "0x", "")
}

// only returns the characters of a spelling, without line breaks, indents, quotes
// and separators. It writes base64 for URLs in the standard alphabet.
func only(text string, allowed func(byte) bool) string {
	kept := make([]byte, 0, len(text))
	for i := range len(text) {
		c := text[i]
		switch c {
		case '-':
			c = '+'
		case '_':
			c = '/'
		}
		if allowed(c) {
			kept = append(kept, c)
		}
	}
	return string(kept)
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }

func isBase64(c byte) bool { return 'a' <= c && c <= 'z' || isDigit(c) || c == '+' || c == '/' }

// unescape decodes one level of the escapes of Go, JSON, URLs and HTML. Text
// without escapes is returned unchanged; any other text gets shorter.
func unescape(text string) string {
	text = html.UnescapeString(text)
	var b strings.Builder
	for i := 0; i < len(text); i++ {
		c, rest := text[i], text[i+1:]
		if c == '%' {
			if n, ok := number(rest, 2, 16); ok {
				b.WriteByte(byte(n))
				i += 2
				continue
			}
		}
		if c != '\\' || rest == "" {
			b.WriteByte(c)
			continue
		}
		i++
		switch rest[0] {
		case 'n', 'r', 't':
			b.WriteByte('\n')
			continue
		case 'x':
			if n, ok := number(rest[1:], 2, 16); ok {
				b.WriteByte(byte(n))
				i += 2
				continue
			}
		case 'u':
			if n, ok := number(rest[1:], 4, 16); ok {
				b.WriteRune(rune(n))
				i += 4
				continue
			}
		}
		if n, ok := number(rest, 3, 8); ok && n <= 0xff {
			b.WriteByte(byte(n))
			i += 2
			continue
		}
		_, size := utf8.DecodeRuneInString(rest)
		b.WriteString(rest[:size])
		i += size - 1
	}
	return b.String()
}

func number(text string, digits, base int) (n uint64, ok bool) {
	if len(text) < digits {
		return 0, false
	}
	n, err := strconv.ParseUint(text[:digits], base, 32)
	return n, err == nil
}
