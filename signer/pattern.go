package signer

import (
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"
)

// EscapeSegment escapes text from outside, such as a user's name, for use as one
// segment of a path. Use the result between two slashes, in a pattern or in a URL:
//
//	segment, err := signer.EscapeSegment(user)
//	resource := "https://d111111abcdef8.cloudfront.net/users/" + segment + "/*"
//
// That resource opens the objects whose keys start with "users/" + user + "/" and
// no others, and covers the URLs that ObjectURL makes of those keys. EscapeSegment
// escapes the same bytes as ObjectURL, so a * or ? in the text is no wildcard, and
// a % starts no escape. Two texts never have the same result.
//
// It refuses text that cannot be one segment: the empty text, which an unset
// variable leaves; text with a slash, since S3 also decodes %2F; "." and "..",
// which browsers resolve even when they are escaped; and text that is not UTF-8, as
// every S3 key is.
//
// Without the slash after it, the segment matches the start of longer names: the
// pattern users/1* opens users/10 too.
func EscapeSegment(text string) (string, error) {
	fault := ""
	switch {
	case text == "":
		return "", errors.New("escaping a path segment: the text is empty")
	case strings.Contains(text, "/"):
		fault = "holds a slash, which ends a segment: escape its parts one by one, or refuse it"
	case strings.Contains(text, "-----BEGIN"):
		fault = "holds -----BEGIN, as a PEM key does: give the name of a user or a folder"
	case text == "." || text == "..":
		fault = "is a dot segment, which browsers and curl resolve: use another name"
	case !utf8.ValidString(text):
		fault = "is not UTF-8, as every key of S3 is"
	default:
		return escape(text), nil
	}
	return "", fmt.Errorf("escaping a path segment: %s %s", Describe(text, FormText), fault)
}

// matching is how a resource with wildcards matches a URL.
type matching int

const (
	noMatch matching = iota
	// ambiguousMatch is a match only in a reading of the resource that AWS's
	// documentation neither confirms nor excludes, such as a ? read as a wildcard
	// where it could start the query.
	ambiguousMatch
	match
)

// covers matches a resource against a URL by sections: scheme, host, path and
// query. A * matches any characters, slashes included, or none, a ? exactly one.
// Neither matches beyond its section, except that a * at the end of a path also
// matches any query, a * at the end of a host any path and query, and a resource of
// * alone everything.
// https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/private-content-creating-signed-url-custom-policy.html
func covers(resource, url string) matching {
	return new(globber).covers(resource, url)
}

// globber matches in time linear in the lengths of resource and URL.
type globber struct {
	undecided bool // a part of the resource was too long to search for
}

func (g *globber) covers(resource, url string) matching {
	if resource == "*" {
		return match
	}
	r, u := resourceSections(resource), splitSections(url)
	switch {
	case r.scheme == "" || !g.glob(r.scheme, u.scheme) || !g.glob(r.host, u.host):
	case r.path == "": // a host alone
		if strings.HasSuffix(r.host, "*") || u.path == "/" && u.query == "" {
			return match
		}
	case g.target(r.path, r.query, u):
		return match
	case r.query != "" && g.loosely(r, u):
		return ambiguousMatch
	}
	if g.undecided {
		return ambiguousMatch
	}
	return noMatch
}

func (g *globber) target(path, query string, u sections) bool {
	if !g.glob(path, u.path) {
		return false
	}
	if query == "" {
		return u.query == "" || strings.HasSuffix(path, "*")
	}
	return u.query != "" && g.glob(query[1:], u.query[1:])
}

// loosely matches what follows the host in all readings that are not known to be
// CloudFront's: the first ? is a wildcard, a later ? starts the query, a backslash
// is itself.
func (g *globber) loosely(r, u sections) bool {
	if !strings.Contains(r.rest, `\?`) && strings.Count(r.query, "?") == 1 {
		return g.target(r.rest, "", u)
	}
	return g.glob(r.rest, u.rest) || g.glob(strings.ReplaceAll(r.rest, `\?`, "?"), u.rest)
}

// sections are the parts of a URL or a resource. path includes its slash, query its
// question mark; rest is both, unchanged.
type sections struct{ scheme, host, path, query, rest string }

func splitSections(url string) (s sections) {
	scheme, rest, ok := strings.Cut(url, "://")
	if !ok {
		scheme, rest = "", url
	}
	s.scheme, s.host = scheme, rest
	if i := strings.IndexByte(rest, '/'); i >= 0 {
		s.host, s.rest = rest[:i], rest[i:]
	}
	s.path = s.rest
	if i := strings.IndexByte(s.rest, '?'); i >= 0 {
		s.path, s.query = s.rest[:i], s.rest[i:]
	}
	return s
}

// resourceSections also splits a resource without a scheme, whose host starts with
// a star, and accepts the backslash that old policies write before the start of a
// query.
func resourceSections(resource string) sections {
	s := splitSections(resource)
	if s.scheme == "" && strings.HasPrefix(resource, "*") {
		s.scheme = "*"
	}
	if s.query != "" {
		s.path = strings.TrimSuffix(s.path, `\`)
	}
	return s
}

// glob matches one section.
func (g *globber) glob(pattern, text string) bool {
	wider := widened(pattern)
	if !matchBytes(wider, text) {
		return false
	}
	g.undecided = g.undecided || wider != pattern
	return wider == pattern
}

// maxLooseSearch limits the length, in bytes, of a part with a ? between two stars:
// no search for such a part is linear at every length. Longer parts are not
// searched for.
const maxLooseSearch = 64

// widened returns pattern with a star in place of each part that is not searched
// for. It matches at least what pattern matches.
func widened(pattern string) string {
	if strings.IndexByte(pattern, '?') < 0 {
		return pattern
	}
	parts := strings.Split(pattern, "*")
	for i := 1; i < len(parts)-1; i++ {
		if len(parts[i]) > maxLooseSearch && strings.Contains(parts[i], "?") {
			parts[i] = ""
		}
	}
	return strings.Join(parts, "*")
}

// CoverageError reports a resource that does not cover the URL to sign: CloudFront
// would refuse the result. Its text quotes the two in full only if they are surely
// names.
type CoverageError struct {
	Resource, URL string
}

func (e *CoverageError) Error() string {
	_, text := difference(e.Resource, e.URL)
	return fmt.Sprintf("the resource, %s, does not cover the URL, %s: %s", Describe(e.Resource, FormName), Describe(e.URL, FormName), text)
}

// difference returns the first byte of url that resource does not cover, and a
// description.
func difference(resource, url string) (at int, text string) {
	var g globber
	r, u := resourceSections(resource), splitSections(url)
	if g.covers(resource, url) == ambiguousMatch {
		if g.undecided {
			return 0, fmt.Sprintf("the resource has a part of over %d bytes with a ? between two stars, which is too long to search for: write * instead of the ?", maxLooseSearch)
		}
		return 0, "the first ? of the resource starts its query: in a path, write * as the wildcard"
	}
	for _, part := range []struct{ name, pattern, text string }{
		{"scheme", r.scheme, u.scheme}, {"host", r.host, u.host}, {"path", r.path, u.path},
	} {
		if !g.glob(part.pattern, part.text) {
			return differs(part.name, part.pattern, part.text, at)
		}
		if at += len(part.text); part.name == "scheme" {
			at += len("://")
		}
	}
	switch {
	case r.query == "":
		return at, fmt.Sprintf("the URL has the query %q, but the resource has none", excerpt(u.query))
	case u.query == "":
		return at, fmt.Sprintf("the resource has the query %q, but the URL has none", excerpt(r.query))
	}
	return differs("query", r.query[1:], u.query[1:], at+1)
}

// differs is difference for one section of a URL, which starts at byte start.
func differs(name, pattern, text string, start int) (at int, words string) {
	i := reach(pattern, text)
	at = start + i
	if i == len(text) {
		return at, fmt.Sprintf("the end of the %s does not match the resource", name)
	}
	return at, fmt.Sprintf("the %s differs from byte %d of the URL on, %q", name, at, excerpt(text[i:]))
}

// reach returns how many bytes of text pattern matches.
func reach(pattern, text string) int {
	for i := range len(text) {
		switch {
		case i == len(pattern):
			return i
		case pattern[i] == '*':
			return len(text)
		case pattern[i] != '?' && pattern[i] != text[i]:
			return i
		}
	}
	return len(text)
}

// excerpt returns the start of s, too short to be useful if s is a key.
func excerpt(s string) string {
	if len(s) > 8 {
		return s[:8] + "…"
	}
	return s
}
