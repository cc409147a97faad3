// Package escapes keeps percent-escapes from hiding a signed path among public
// ones.
//
// CloudFront normalizes a path by RFC 3986 before it compares it with path patterns;
// most escapes remain. It sends the path to S3 as the viewer wrote it, and S3 unescapes
// it once. With a public /assets/* and a signed /assets/premium/*, the path
// /assets/premium%2Fa.pdf matches the public pattern and names the object
// assets/premium/a.pdf. A CloudFront Function at public cache behaviors refuses such
// paths. [Filter.Function] returns its code, and [Filter.Check] does the same in Go.
// https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/DownloadDistValuesCacheBehavior.html#DownloadDistValuesPathPattern
package escapes

import (
	_ "embed"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// Filter refuses paths that escape a character of the signed patterns: with the escape,
// the path may not match the signed pattern.
//
// Other escapes and spellings of a path need no refusal:
//
//   - A character that no pattern contains can match only a star, which matches its
//     escape too. A ? matches the character, but not its escape of three characters.
//     So with a ? in a signed pattern, every escape is refused.
//   - S3 reads a + as a space. No pattern contains a space.
//   - S3 unescapes once: %252F is a key that contains the text %2F.
//   - A backslash is a backslash to S3, escaped or not. No pattern contains one.
//   - The query is not part of the path, and S3 does not receive it.
//   - Dot segments and repeated slashes reach S3 unchanged: /assets/./premium/a.pdf and
//     /assets//premium/a.pdf do not name the object assets/premium/a.pdf.
//
// The zero value is NewFullFilter().
type Filter struct {
	set string // sorted, without duplicates
}

// every stands for all characters, as ? stands for any one character in a pattern.
const every = "?"

// NewFilter returns the filter for signed patterns. It refuses escapes of the slash, of
// the unreserved characters, which CloudFront may or may not unescape before it
// compares, and of all other characters of the patterns. No client needs to escape the
// slash or unreserved characters, and signer.ObjectURL does not.
func NewFilter(signedPatterns []string) Filter {
	characters := []byte("/" + "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789" + "-._~" +
		strings.ReplaceAll(strings.Join(signedPatterns, ""), "*", ""))
	slices.Sort(characters)
	return Filter{string(slices.Compact(characters))}
}

func (f Filter) characters() string {
	if f.set == "" {
		return NewFullFilter().set
	}
	return f.set
}

// NewFullFilter returns the filter for unknown patterns. It refuses every escape.
func NewFullFilter() Filter { return NewFilter([]string{every}) }

// Check returns an error with the reason if the function refuses the raw path of a
// request.
func (f Filter) Check(path string) error {
	characters := f.characters()
	for i := strings.IndexByte(path, '%'); i >= 0; {
		rest := path[i:]
		if len(rest) < 3 {
			return errMalformed
		}
		c, err := strconv.ParseUint(rest[1:3], 16, 8)
		switch {
		case err != nil:
			return errMalformed
		case strings.Contains(characters, every):
			return fmt.Errorf("%s: with a ? in a signed path pattern, a public path must not contain escapes: one may hide a signed path", rest[:3])
		case strings.IndexByte(characters, byte(c)) >= 0:
			return fmt.Errorf("%s: a public path must hold %s unescaped: its escape may hide a signed path", rest[:3], string(rune(c)))
		}
		next := strings.IndexByte(rest[3:], '%')
		if next < 0 {
			return nil
		}
		i += 3 + next
	}
	return nil
}

var errMalformed = errors.New("a percent sign that starts no escape")

// Status, ContentType and Body are the function's answer to a path that it refuses. It
// is CloudFront's own answer to a refused signature.
const (
	Status      = 403
	ContentType = "text/xml"
	Body        = `<?xml version="1.0" encoding="UTF-8"?><Error><Code>AccessDenied</Code><Message>Access denied</Message></Error>`
)

// Runtime is the runtime of the function.
const Runtime = "cloudfront-js-2.0"

//go:embed function.js
var source string

// slot is the place of the characters in the source.
const slot = `"CHARACTERS"`

// Function returns the code of the CloudFront Function for viewer requests of public
// behaviors.
// https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/functions-event-structure.html
func (f Filter) Function() string {
	return strings.Replace(source, slot, strconv.QuoteToASCII(f.characters()), 1)
}

// ParseFilter returns the Filter whose Function is code. It returns false for code that
// is not exactly a Function of this version.
func ParseFilter(code string) (Filter, bool) {
	before, after, _ := strings.Cut(source, slot)
	quoted, starts := strings.CutPrefix(code, before)
	quoted, ends := strings.CutSuffix(quoted, after)
	if !starts || !ends {
		return Filter{}, false
	}
	characters, err := strconv.Unquote(quoted)
	if err != nil {
		return Filter{}, false
	}
	// Accept only code of NewFilter, not another literal or a smaller set.
	f := NewFilter([]string{characters})
	return f, f.Function() == code
}
