package edge

import (
	"fmt"
	"regexp"
	"slices"
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
	if name == "" || isPlain(name) || names.MatchString(name) && !hexadecimal.MatchString(name) {
		return name
	}
	return "(" + shown(name) + ")"
}

var names = regexp.MustCompile(`^(` +
	`[A-Za-z0-9]{1,18}` + // an attribute
	`|([a-z0-9]{1,18}:)?[A-Za-z-]{1,64}[0-9]{0,4}` + // a logical id, an operator, a condition key
	`|[A-Za-z0-9]{1,240}[0-9A-F]{8}` + // a logical id of the CDK
	`|(AWS|Custom|Fn)(::[A-Za-z]{1,64}[A-Za-z0-9]{0,4}){1,2}` + // a type or a function
	`)$`)

// hexadecimal is a run of digits that a name does not have.
var hexadecimal = regexp.MustCompile(`[0-9A-F]{24}`)

// mayBeKey reports whether a text may hold a piece of a private key. It is for
// names that are neither refused nor hidden without need, so that shorter pieces
// pass than those of signer.Describe.
func mayBeKey(text string) bool {
	if strings.Contains(text, "-----BEGIN") {
		return true
	}
	for _, run := range strings.FieldsFunc(text, func(c rune) bool {
		return !('a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || c == '+')
	}) {
		if len(run) > 40 && strings.ToLower(run) != run || len(run) >= 20 && isMixed([]byte(run)) {
			return true
		}
	}
	return false
}

// shownPath is the path of a request target. A part that may be of a private key
// is not shown, and where there is one, of the others only those in small letters
// are. shownKey is the same of an object's key.
func shownPath(target string) string {
	path, _, _ := strings.Cut(target, "?")
	return shownKey(path)
}

func shownKey(path string) string {
	if len(path) > maxTarget {
		return fmt.Sprintf("(%d bytes)", len(path))
	}
	parts := strings.Split(path, "/")
	if !slices.ContainsFunc(parts, mayBeKey) {
		return path
	}
	for i, part := range parts {
		if mayBeKey(part) || strings.ToLower(part) != part {
			parts[i] = fmt.Sprintf("(%d bytes)", len(part))
		}
	}
	return strings.Join(parts, "/")
}
