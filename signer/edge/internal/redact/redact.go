// Package redact keeps private keys out of what the local edge shows and serves. It
// quotes values of templates, callers and requests, describes those that may be a
// private key, and finds private keys in files.
package redact

import (
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/signedfront/signedfront/signer"
	"github.com/signedfront/signedfront/signer/internal/randomtext"
)

// Quote returns a value quoted, for an error, a header or a page. If it may be a
// private key, Quote returns its description.
func Quote(value string) string {
	if quoted := signer.Describe(value, signer.FormText); quoted == strconv.QuoteToASCII(value) {
		return quoted
	}
	return signer.Describe(value, signer.FormName)
}

// IsPlain reports whether Quote quotes a value rather than describing it.
func IsPlain(value string) bool { return Quote(value) == strconv.QuoteToASCII(value) }

// Text returns a value unchanged, or its description in parentheses if it may be a
// private key.
func Text(value string) string {
	if value == "" || IsPlain(value) {
		return value
	}
	return "(" + Quote(value) + ")"
}

// Name is Text for a name of a template, such as a logical id. The CDK's logical
// ids end with a hash and look random; Name recognizes them.
func Name(name string) string {
	if name == "" || IsPlain(name) || (names.MatchString(name) || isWords(name)) && !hexadecimal.MatchString(name) {
		return name
	}
	return "(" + Quote(name) + ")"
}

var names = regexp.MustCompile(`^(` +
	`[A-Za-z0-9]{1,18}` + // an attribute
	`|[A-Za-z0-9]{1,240}[0-9A-F]{8}` + // a logical id of the CDK
	`|(AWS|Custom|Fn)(::[A-Za-z]{1,64}[A-Za-z0-9]{0,4}){1,2}` + // a type or a function
	`)$`)

// hexadecimal matches a run of digits that no name has.
var hexadecimal = regexp.MustCompile(`[0-9A-Fa-f]{24}`)

// words matches a logical id, an operator or a condition key.
var words = regexp.MustCompile(`^([a-z0-9]{1,18}:)?[A-Za-z-]{1,64}[0-9]{0,4}$`)

// isWords reports whether a name consists of words. In a longer name at most every
// third character is a capital. In base64 every second letter is.
func isWords(name string) bool {
	capitals := 0
	for _, c := range name {
		if 'A' <= c && c <= 'Z' {
			capitals++
		}
	}
	return words.MatchString(name) && (len(name) <= 18 || 3*capitals <= len(name))
}

// MayBeKey reports whether a text may hold a piece of a private key. It is for
// names that should not be refused or hidden without need, so it ignores short
// pieces that signer.Describe would hide.
func MayBeKey(text string) bool {
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

// runs matches base64 in which slashes may separate parts as short as names. In a
// path, S3 reads + as a space.
var runs = regexp.MustCompile(`[A-Za-z0-9+/_ -]{40,}`)

// Target returns the path of a request target, as Path does.
func Target(target string) string {
	path, _, _ := strings.Cut(target, "?")
	return Path(path)
}

// Path returns the path of a request or the key of an object, with each part that
// may belong to a private key described. If there is one, Path also describes the
// other parts that could be base64, because a slash is a base64 character. It
// leaves a short first part, and parts in lower case with a dot.
func Path(path string) string {
	const longest = 8192 // of a request target
	if len(path) > longest {
		return fmt.Sprintf("(%d bytes)", len(path))
	}
	parts := strings.Split(path, "/")
	plain, err := url.PathUnescape(path)
	if err != nil {
		plain = path
	}
	random := len(plain) >= 40 && slices.ContainsFunc(runs.FindAllString(plain, -1), randomtext.Is)
	if !random && !slices.ContainsFunc(parts, MayBeKey) {
		return path
	}
	for i, part := range parts {
		first := i == 0 || i == 1 && parts[0] == ""
		plain := part == "" || first && len(part) <= 8 || strings.Contains(part, ".")
		if !plain || MayBeKey(part) || strings.ToLower(part) != part {
			parts[i] = fmt.Sprintf("(%d bytes)", len(part))
		}
	}
	return strings.Join(parts, "/")
}

// IsHeaderName reports whether a text is a valid header name, a token of HTTP, and
// may be shown.
// https://www.rfc-editor.org/rfc/rfc9110.html#section-5.6.2
func IsHeaderName(s string) bool {
	return s != "" && !MayBeKey(s) && !strings.ContainsFunc(s, func(c rune) bool {
		return c <= ' ' || c >= 0x7f || strings.ContainsRune(`"(),/:;<=>?@[\]{}`, c)
	})
}
