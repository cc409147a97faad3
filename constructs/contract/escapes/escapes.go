// Package escapes keeps percent-escapes from hiding a signed path among public
// ones.
//
// CloudFront compares path patterns with a path that it has normalized as RFC
// 3986 says, where most escapes stay escapes, and sends the path to S3 as the
// viewer wrote it, which S3 unescapes once. With a public /assets/* and a signed
// /assets/premium/*, the path /assets/premium%2Fa.pdf is public by its pattern,
// and names the object assets/premium/a.pdf. A CloudFront Function at public
// cache behaviors refuses such paths. [Filter.Function] is its code, and
// [Filter.Check] does the same in Go.
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

// Filter refuses paths that escape one of the characters of which signed
// patterns are made: escaped, each may hide a path from them.
//
// What the others do, and how else a path can be written, needs no refusal:
//
//   - A character that no pattern names is matched by a star or by nothing. A
//     star matches its escape as well. Only a ? tells the two apart: what it
//     stands for is one character, and its escape three. So with a ? in a
//     signed pattern every escape hides.
//   - A plain + is a space to S3. No pattern names a space.
//   - S3 unescapes once. %252F is a key with the text %2F in it.
//   - A backslash is one to S3 and in no pattern, escaped or not.
//   - The query is no part of the path, and S3 gets none of it.
//   - Dot segments and repeated slashes reach S3 as they are. Whatever behavior
//     /assets/./premium/a.pdf and /assets//premium/a.pdf have, they do not name
//     the object assets/premium/a.pdf.
//
// The zero value is NewFullFilter().
type Filter struct {
	set string // sorted, each once
}

// every stands for all characters, as it does for any one of them in a pattern.
const every = "?"

// NewFilter returns the filter for signed patterns. It refuses escapes of the
// slash, of the unreserved characters, which CloudFront may or may not resolve
// before it compares, and of what else the patterns name. No client needs an
// escape of the first two, and signer.ObjectURL writes none.
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

// NewFullFilter returns the filter for patterns that are not known. It refuses
// every escape.
func NewFullFilter() Filter { return NewFilter([]string{every}) }

// Check returns the reason why the function refuses the raw path of a request,
// and nil if it does not.
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
			return fmt.Errorf("%s: beside a signed path pattern with a ?, a public path may hold no escape: it may hide a signed path", rest[:3])
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

// Status, ContentType and Body are what the function answers to a path that it
// refuses: as CloudFront does itself to a signature.
const (
	Status      = 403
	ContentType = "text/xml"
	Body        = `<?xml version="1.0" encoding="UTF-8"?><Error><Code>AccessDenied</Code><Message>Access denied</Message></Error>`
)

// Runtime is what the function runs on.
const Runtime = "cloudfront-js-2.0"

//go:embed function.js
var source string

// slot is what stands for the characters in the source.
const slot = `"CHARACTERS"`

// Function is the code of the CloudFront Function, for viewer requests of public
// behaviors.
// https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/functions-event-structure.html
func (f Filter) Function() string {
	return strings.Replace(source, slot, strconv.QuoteToASCII(f.characters()), 1)
}

// ParseFilter returns the Filter that has code as its Function. It returns false
// for code that is not, to the byte, a Function of this version.
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
	// Only what NewFilter makes: another literal, or a smaller set, is not ours.
	f := NewFilter([]string{characters})
	return f, f.Function() == code
}
