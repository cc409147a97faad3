package edge

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"github.com/signedfront/signedfront/signer"
)

// shown is how an error, a header or a page names a value of a template, of a
// caller or of a request: quoted, or described where it may be a private key.
func shown(value string) string {
	if quoted := signer.Describe(value, signer.FormText); quoted == strconv.QuoteToASCII(value) {
		return quoted
	}
	return signer.Describe(value, signer.FormName)
}

// isPlain reports whether shown quotes a value.
func isPlain(value string) bool { return shown(value) == strconv.QuoteToASCII(value) }

// unquoted is a value as it is, or described where it may be a private key.
func unquoted(value string) string {
	if value == "" || isPlain(value) {
		return value
	}
	return "(" + shown(value) + ")"
}

// label is a name of a template, such as a logical id, in a place or an error: as
// it is, or described where it may be a private key. The CDK's logical ids look
// random by the hash at their end, and are known by it.
func label(name string) string {
	if name == "" || isPlain(name) || logicalID.MatchString(name) {
		return name
	}
	return "(" + shown(name) + ")"
}

var logicalID = regexp.MustCompile(`^([A-Za-z0-9]{1,240}[0-9A-F]{8}|[A-Za-z]{1,64}[0-9]{0,4})$`)

// shownPath is the path of a request target. A part that may be of a private key
// is not shown, and where there is one, of the others only those in small letters
// are. shownKey is the same of an object's key.
func shownPath(target string) string {
	path, _, _ := strings.Cut(target, "?")
	return shownKey(path)
}

func shownKey(path string) string {
	if len(path) > maxTarget {
		return "(" + signer.Describe(path, signer.FormName) + ")"
	}
	parts := strings.Split(path, "/")
	suspect := make([]bool, len(parts))
	any := false
	for i, part := range parts {
		// What is no letter and no digit tells names from keys, but for + and =.
		plain := strings.Map(func(c rune) rune {
			if c <= ' ' || c > '~' || strings.ContainsRune("%!\"#$&'();<>[\\]^`{|}~", c) {
				return '-'
			}
			return c
		}, part)
		suspect[i] = part != "" && (strings.Contains(part, "-----BEGIN") || signer.Describe(plain, signer.FormName) != strconv.QuoteToASCII(plain))
		any = any || suspect[i]
	}
	for i, part := range parts {
		if suspect[i] || any && strings.ToLower(part) != part {
			parts[i] = fmt.Sprintf("(%d bytes)", len(part))
		}
	}
	return strings.Join(parts, "/")
}
