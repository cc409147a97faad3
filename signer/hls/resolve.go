package hls

import (
	"bytes"
	"strings"
)

// References are resolved as in RFC 3986, section 5.2, without changing any bytes.
// net/url would rewrite some, and CloudFront compares bytes.

// base holds the parts of the playlist's URL, which is origin + path + query.
type base struct {
	scheme string // "https:"
	origin string // "https://host"
	path   string // "/a/list.m3u8"
	dir    string // "/a/"
	query  string // "?x", or empty
}

// splitBase splits a URL that passed signer.CheckURL.
func splitBase(url string) base {
	scheme, _, _ := strings.Cut(url, "//")
	host := len(scheme) + len("//")
	path := host + strings.IndexByte(url[host:], '/')
	query := len(url)
	if i := strings.IndexByte(url, '?'); i >= 0 {
		query = i
	}
	b := base{scheme: scheme, origin: url[:path], path: url[path:query], query: url[query:]}
	b.dir = b.path[:strings.LastIndexByte(b.path, '/')+1]
	return b
}

// resolve returns the http or https URL of a reference. ok is false for all other
// schemes, and for an http or https URL without a host.
func (b *base) resolve(ref string) (url string, ok bool) {
	if strings.HasPrefix(ref, "//") {
		ref = b.scheme + ref
	}
	if scheme := schemeOf(ref); scheme != "" {
		origin, path, rest, ok := splitAbsolute(ref, scheme)
		return origin + removeDotSegments(path) + rest, ok
	}
	path, rest := cutPath(ref)
	switch {
	case path == "" && strings.HasPrefix(rest, "?"):
		path = b.path
	case path == "":
		path, rest = b.path, b.query+rest
	case path[0] != '/':
		path = b.dir + path
	}
	return b.origin + removeDotSegments(path) + rest, true
}

// isOutside reports whether a reference that begins with start leads away from
// origin: it has another scheme or another complete host.
func (b *base) isOutside(start, origin string) bool {
	if strings.HasPrefix(start, "//") {
		start = b.scheme + start
	}
	scheme := schemeOf(start)
	if scheme == "" {
		return false
	}
	other, path, rest, ok := splitAbsolute(start, scheme)
	if !ok {
		return !isHTTP(scheme)
	}
	return (path != "" || rest != "") && normalize(other) != origin
}

// schemeOf returns the scheme of a reference with its colon, or "".
func schemeOf(ref string) string {
	for i := range len(ref) {
		switch c := ref[i] | 0x20; {
		case 'a' <= c && c <= 'z':
		case ref[i] == ':' && i > 0:
			return ref[:i+1]
		case i > 0 && ('0' <= ref[i] && ref[i] <= '9' || ref[i] == '+' || ref[i] == '-' || ref[i] == '.'):
		default:
			return ""
		}
	}
	return ""
}

func isHTTP(scheme string) bool {
	return strings.EqualFold(scheme, "https:") || strings.EqualFold(scheme, "http:")
}

// cutPath cuts a reference after its path. The rest is the query and the fragment.
func cutPath(ref string) (path, rest string) {
	if i := strings.IndexAny(ref, "?#"); i >= 0 {
		return ref[:i], ref[i:]
	}
	return ref, ""
}

// splitAbsolute splits a URL whose scheme, http or https, is known.
func splitAbsolute(url, scheme string) (origin, path, rest string, ok bool) {
	if !isHTTP(scheme) {
		return "", "", "", false
	}
	after, ok := strings.CutPrefix(url[len(scheme):], "//")
	if !ok {
		return "", "", "", false
	}
	host := len(after)
	if i := strings.IndexAny(after, "/?#"); i >= 0 {
		host = i
	}
	path, rest = cutPath(after[host:])
	return url[:len(url)-len(after)+host], path, rest, host > 0
}

// removeDotSegments is the algorithm of RFC 3986, section 5.2.4, for a path that is
// empty or starts with a slash.
func removeDotSegments(path string) string {
	if !strings.Contains(path, "/.") {
		return path
	}
	out := make([]byte, 0, len(path))
	for rest := path; rest != ""; {
		segment := rest[1:]
		if i := strings.IndexByte(segment, '/'); i >= 0 {
			segment = segment[:i]
		}
		rest = rest[1+len(segment):]
		switch segment {
		case "..":
			out = out[:max(bytes.LastIndexByte(out, '/'), 0)]
			fallthrough
		case ".":
			if rest == "" {
				out = append(out, '/')
			}
		default:
			out = append(out, '/')
			out = append(out, segment...)
		}
	}
	return string(out)
}

// isPlainURI reports whether uri has the form of most segments: relative, without
// dot segments, and with only characters and escapes that every client sends
// unchanged, with or without a query. Appended to the directory of a URL that can
// be signed, it needs no resolving, and can be signed if the names of its
// parameters can. false may also be returned for such a URI. query is where the
// query starts, or 0.
func isPlainURI(uri []byte) (query int, ok bool) {
	if len(uri) == 0 || uri[0] == '/' || uri[0] == '?' {
		return 0, false
	}
	previous := byte('/')
	for i := 0; i < len(uri); i++ {
		c := uri[i]
		switch uriBytes[c] {
		case anywhere:
		case dot:
			if previous == '/' {
				return 0, false
			}
		case escapeStart:
			if i+2 >= len(uri) || !isPlainEscape(uri[i+1], uri[i+2]) {
				return 0, false
			}
			i += 2
		case queryStart:
			if query > 0 {
				return 0, false
			}
			query = i + 1
		default:
			return 0, false
		}
		previous = c
	}
	return query, true
}

// The classes of bytes of a plain URI; 0 is a byte that none has.
const (
	anywhere = iota + 1
	dot
	escapeStart
	queryStart
)

var uriBytes = func() (t [256]uint8) {
	for c := range t {
		if plain[c] {
			t[c] = anywhere
		}
	}
	for _, c := range []byte("!&()+,;=@") {
		t[c] = anywhere
	}
	t['.'], t['%'], t['?'] = dot, escapeStart, queryStart
	return t
}()

// isPlainEscape reports whether an escape stays as it is: its digits are upper
// case, and its byte must be escaped.
func isPlainEscape(high, low byte) bool {
	h, l := hexDigit(high), hexDigit(low)
	if h < 0 || l < 0 || high >= 'a' || low >= 'a' {
		return false
	}
	c := byte(h<<4 | l)
	return !plain[c] || c == '/'
}

// plainHost returns the host, without its port, of an http or https URL with a
// path. It returns nil unless the host has only lower-case letters, digits, dots
// and hyphens.
func plainHost(uri []byte) []byte {
	rest, ok := bytes.CutPrefix(uri, []byte("https://"))
	if !ok {
		if rest, ok = bytes.CutPrefix(uri, []byte("http://")); !ok {
			return nil
		}
	}
	end := 0
	for end < len(rest) && hostBytes[rest[end]] {
		end++
	}
	path := end
	if path < len(rest) && rest[path] == ':' {
		for path++; path < len(rest) && '0' <= rest[path] && rest[path] <= '9'; {
			path++
		}
	}
	if end == 0 || path == len(rest) || rest[path] != '/' {
		return nil
	}
	return rest[:end]
}

var hostBytes = func() (t [256]bool) {
	for _, c := range []byte("abcdefghijklmnopqrstuvwxyz0123456789.-") {
		t[c] = true
	}
	return t
}()

var plain = func() (t [256]bool) {
	for _, c := range []byte("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~/") {
		t[c] = true
	}
	return t
}()

// normalize returns a URL as the client that rewrites most would send it: scheme
// and host in lower case, no default port, no unnecessary escapes, their digits in
// upper case, no escaped dot segments. If a URI lies below the pass's prefix only
// after normalize, only some clients reach the prefix with it.
func normalize(url string) string {
	scheme := schemeOf(url)
	origin, path, rest, _ := splitAbsolute(url, scheme)
	origin = strings.ToLower(origin)
	switch strings.ToLower(scheme) {
	case "https:":
		origin = strings.TrimSuffix(origin, ":443")
	case "http:":
		origin = strings.TrimSuffix(origin, ":80")
	}
	return origin + removeDotSegments(unescape(path)) + rest
}

// unescape writes the escapes of a path in upper case, and decodes those of
// unreserved characters.
func unescape(path string) string {
	if !strings.Contains(path, "%") {
		return path
	}
	b := []byte(path)
	out := b[:0]
	for i := 0; i < len(b); i++ {
		high, low := -1, -1
		if b[i] == '%' && i+2 < len(b) {
			high, low = hexDigit(b[i+1]), hexDigit(b[i+2])
		}
		if high < 0 || low < 0 {
			out = append(out, b[i])
			continue
		}
		if c := byte(high<<4 | low); plain[c] && c != '/' {
			out = append(out, c)
		} else {
			out = append(out, '%', hexDigits[high], hexDigits[low])
		}
		i += 2
	}
	return string(out)
}

const hexDigits = "0123456789ABCDEF"

// hexDigit returns the value of a hexadecimal digit, or -1.
func hexDigit(c byte) int {
	switch {
	case '0' <= c && c <= '9':
		return int(c - '0')
	case 'A' <= c && c <= 'F':
		return int(c-'A') + 10
	case 'a' <= c && c <= 'f':
		return int(c-'a') + 10
	}
	return -1
}
