package signer

import (
	"errors"
	"fmt"
	"net/netip"
	"strconv"
	"strings"
	"unicode/utf8"
)

// CloudFront compares the URL that was signed with the URL that arrives, byte for
// byte. A URL that a client rewrites is refused later, and only for some users. So
// parseURL accepts only the part of RFC 3986 that clients send unchanged, with the
// exceptions that CheckURL lists:
//
//   - only the characters of RFC 3986; all others are escaped;
//   - unreserved characters are never escaped (Python unescapes them);
//   - escapes have upper-case digits (Python makes them so);
//   - no dot segments, escaped or not (browsers and curl resolve them);
//   - no path that starts with two slashes (Python's requests before 2.34 drops
//     one);
//   - no ' in a query (browsers escape it), no empty query (Python drops it);
//   - a host in lower case without a default port.
//
// What the clients send for each printable character is recorded in
// internal/peers/testdata/spellings.txt.

// MaxURLLength is the maximum length, in bytes, of the path and query of a signed
// URL together. Users have measured that CloudFront answers 413 to longer ones
// (https://github.com/add-ons/plugin.video.vrt.nu/issues/399), and that scheme and
// host do not count:
// https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/cloudfront-limits.html
const MaxURLLength = 8192

// URLError reports why a URL cannot be signed: the byte that some client would
// rewrite, or what CloudFront would not accept. It holds no more of the URL than
// its host or the few bytes at fault, because a URL may carry a signature, and
// because a caller may have passed something else by mistake.
type URLError struct {
	Part   string // "scheme", "host", "path", "query", "fragment" or "url"
	Offset int    // the position in the URL, in bytes
	Found  string // the text at Offset
	Reason string // why it cannot be signed
	Fix    string // what to write instead
}

func (e *URLError) Error() string {
	var b strings.Builder
	b.WriteString("url")
	if e.Part != "url" {
		b.WriteString(": " + e.Part)
	}
	if e.Found != "" {
		fmt.Fprintf(&b, ", byte %d, %q", e.Offset, e.Found)
	}
	fmt.Fprintf(&b, ": %s", e.Reason)
	if e.Fix != "" {
		fmt.Fprintf(&b, ": %s", e.Fix)
	}
	return b.String()
}

// CheckURL returns a *URLError if a URL cannot be signed. Nil means that these
// clients send it unchanged: Go's net/http, curl, wget, Chromium, requests, httpx
// and urllib of Python, fetch, axios and got in Node.js, OkHttp, java.net.http and
// Apache HttpClient 5. Four other clients send it unchanged except for some
// characters, for which no spelling is safe with every client:
//
//   - aiohttp unescapes !$&'()*,:;=@ in a path, and !$'()*,/:?@ in a query;
//   - apt escapes + and ~ in a URL that has no escape (CloudFront accepts an
//     escaped ~ in a signature);
//   - node-fetch 2 escapes ' in a path;
//   - Apache HttpClient 4 sends one slash for two in a path, unless
//     RequestConfig.Builder.setNormalizeUri(false) is called.
//
// ObjectURL avoids all of these that can be avoided.
func CheckURL(rawURL string) error {
	_, err := parseURL(rawURL)
	return err
}

// wireURL is a URL that passed the checks, with the positions of its parts.
type wireURL struct {
	raw     string
	host    int // where the host starts
	path    int // where the path starts
	query   int // where the query starts, after its "?"; 0 without one
	hasStar bool
}

// The classes of a byte in a URL.
const (
	unreserved = 1 << iota // never escaped
	inHost                 // allowed in a host name
	inPath                 // allowed unescaped in a path
	inQuery                // allowed unescaped in a query
	special                // has a meaning in a path or query
	plain                  // not escaped by ObjectURL
)

var class = func() (t [256]byte) {
	set := func(chars string, c byte) {
		for i := range len(chars) {
			t[chars[i]] |= c
		}
	}
	set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~", unreserved|inPath|inQuery|plain)
	set("abcdefghijklmnopqrstuvwxyz0123456789-._", inHost)
	set("!$&()*+,;=:@/", inPath|inQuery)
	set("'", inPath)
	set("?", inQuery)
	set("/*", special)
	set("/!$&(),:;=@", plain)
	return t
}()

func parseURL(raw string) (wireURL, error) {
	u := wireURL{raw: raw}
	switch {
	case strings.HasPrefix(raw, "https://"):
		u.host = len("https://")
	case strings.HasPrefix(raw, "http://"):
		u.host = len("http://")
	default:
		return wireURL{}, u.fault("scheme", 0, 0, "must be https:// or http://, in lower case", "write the whole URL, or use ObjectURL with an object key")
	}

	host, _, _ := strings.Cut(raw[u.host:], "/")
	host, _, _ = strings.Cut(host, "?")
	host, _, _ = strings.Cut(host, "#")
	if err := checkHost(raw[:u.host], host, u.host); err != nil {
		return wireURL{}, err
	}
	u.path = u.host + len(host)
	if u.path == len(raw) || raw[u.path] != '/' {
		return wireURL{}, u.fault("path", u.path, 1, "is missing", "write / after the host")
	}
	if err := u.parseTarget(u.path); err != nil {
		return wireURL{}, err
	}
	return u, nil
}

// target returns the path and query, whose length CloudFront limits.
func (u *wireURL) target() string { return u.raw[u.path:] }

// fault returns a *URLError for length bytes at offset.
func (u *wireURL) fault(part string, offset, length int, reason, fix string) error {
	found := ""
	if offset < len(u.raw) && length > 0 {
		found = u.raw[offset:min(offset+length, len(u.raw))]
	}
	return &URLError{Part: part, Offset: offset, Found: found, Reason: reason, Fix: fix}
}

// parseTarget checks the path and the query. segment is where the first path
// segment to check starts.
func (u *wireURL) parseTarget(segment int) error {
	raw := u.raw
	if n := len(u.target()); n > MaxURLLength {
		return &URLError{Part: "url", Reason: fmt.Sprintf("path and query have %d bytes, but CloudFront accepts %d", n, MaxURLLength), Fix: "use a shorter object key or query"}
	}
	if strings.HasPrefix(raw[u.path:], "//") {
		return u.fault("path", u.path, 2, "some Python clients drop one of two slashes at its start", "give the object a key that does not start with a slash")
	}

	part, allowed := "path", byte(inPath)
	for i := segment; i < len(raw); i++ {
		c := raw[i]
		if class[c]&allowed != 0 {
			if class[c]&special == 0 {
				continue
			}
			switch {
			case c == '*':
				u.hasStar = true
			case part == "path":
				if isDotSegment(raw[segment:i]) {
					return u.dotSegment(segment, i)
				}
				segment = i + 1
			}
			continue
		}
		switch {
		case c == '%':
			if i+2 >= len(raw) || !isHex(raw[i+1]) || !isHex(raw[i+2]) {
				return u.fault(part, i, 3, "a percent sign without two hexadecimal digits", "write %25 for a percent sign")
			}
			if decoded := unhex(raw[i+1])<<4 | unhex(raw[i+2]); class[decoded]&unreserved != 0 {
				if part == "path" && decoded == '.' {
					end := len(raw)
					if j := strings.IndexAny(raw[i:], "/?#"); j >= 0 {
						end = i + j
					}
					if isDotSegment(raw[segment:end]) {
						return u.dotSegment(segment, end)
					}
				}
				return u.fault(part, i, 3, "some clients unescape it", fmt.Sprintf("write %c", decoded))
			}
			if isLower(raw[i+1]) || isLower(raw[i+2]) {
				return u.fault(part, i, 3, "some clients write the digits in upper case", "write "+strings.ToUpper(raw[i:i+3]))
			}
			i += 2
		case c == '?' && part == "path":
			if isDotSegment(raw[segment:i]) {
				return u.dotSegment(segment, i)
			}
			part, allowed = "query", inQuery
			u.query = i + 1
		case c == '#':
			return u.fault("fragment", i, 1, "clients do not send it", "leave it out, or write %23 if it belongs to the name")
		case c == '\'':
			return u.fault(part, i, 1, "browsers escape it in a query", "write %27")
		case c < 0x20 || c == 0x7f:
			return u.fault(part, i, 1, "a control character", fmt.Sprintf("write %%%02X", c))
		case c >= utf8.RuneSelf:
			_, size := utf8.DecodeRuneInString(raw[i:])
			return u.fault(part, i, size, "not ASCII: clients escape it", "write "+escape(raw[i:i+size]))
		default:
			return u.fault(part, i, 1, "clients differ in whether they escape it", fmt.Sprintf("write %%%02X", c))
		}
	}
	if part == "path" && isDotSegment(raw[segment:]) {
		return u.dotSegment(segment, len(raw))
	}
	if u.query > 0 {
		if err := u.checkQuery(); err != nil {
			return err
		}
	}
	return nil
}

func (u *wireURL) dotSegment(start, end int) error {
	return u.fault("path", start, end-start, "browsers and curl resolve dot segments, so this path cannot be requested", "give the object a key without it")
}

// isDotSegment reports whether segment is "." or "..", escaped or not.
func isDotSegment(segment string) bool {
	if segment == "" || segment[0] != '.' && segment[0] != '%' {
		return false
	}
	dots := 0
	for len(segment) > 0 {
		switch {
		case segment[0] == '.':
			segment = segment[1:]
		case len(segment) >= 3 && strings.EqualFold(segment[:3], "%2e"):
			segment = segment[3:]
		default:
			return false
		}
		dots++
	}
	return dots == 1 || dots == 2
}

func (u *wireURL) checkQuery() error {
	query := u.raw[u.query:]
	if query == "" {
		return u.fault("query", u.query-1, 1, "some clients drop an empty query", "leave the ? out")
	}
	for offset := 0; ; {
		param := query[offset:]
		if i := strings.IndexByte(param, '&'); i >= 0 {
			param = param[:i]
		}
		if param == "" {
			return u.fault("query", u.query+offset, 0, "an empty parameter", "remove the extra &")
		}
		name, _, _ := strings.Cut(param, "=")
		if reservedName(name) {
			return u.fault("query", u.query+offset, len(name), "CloudFront reserves this parameter name",
				"sign a URL that is not signed yet, and give your own parameter another name")
		}
		if offset += len(param) + 1; offset > len(query) {
			return nil
		}
	}
}

// reservedName reports whether name is one of CloudFront's five query parameters.
// With any of them, CloudFront treats the request as a signed URL:
// https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/private-content-choosing-signed-urls-cookies.html
func reservedName(name string) bool {
	switch name {
	case "Expires", "Policy", "Signature", "Key-Pair-Id", "Hash-Algorithm":
		return true
	}
	return false
}

func checkHost(scheme, host string, offset int) error {
	fail := func(at, length int, reason, fix string) error {
		found := host[at:min(at+length, len(host))]
		if len(found) > len(":65536") && !FormName.matches(found) {
			found = ""
		}
		return &URLError{Part: "host", Offset: offset + at, Found: found, Reason: reason, Fix: fix}
	}
	if host == "" {
		return &URLError{Part: "host", Offset: offset, Reason: "is missing", Fix: "write the distribution's domain name"}
	}
	if len(host) > MaxURLLength {
		return &URLError{Part: "host", Offset: offset, Reason: "is longer than any host", Fix: "write the distribution's domain name"}
	}
	name, port, hasPort := strings.Cut(host, ":")
	for i := range len(name) {
		switch c := name[i]; {
		case class[c]&inHost != 0:
		case 'A' <= c && c <= 'Z':
			return fail(i, 1, "clients send the host in lower case", "write "+string(c+'a'-'A'))
		case c == '@':
			return &URLError{Part: "host", Offset: offset + i, Found: "@", Reason: "clients do not send a user name or password", Fix: "leave them out"}
		case c >= utf8.RuneSelf:
			_, size := utf8.DecodeRuneInString(name[i:])
			return fail(i, size, "not ASCII: clients send it as Punycode", "write the xn-- form of the name")
		default:
			return fail(i, 1, "not a character of a host name", "")
		}
	}
	if strings.Contains(port, "@") {
		return &URLError{Part: "host", Offset: offset, Reason: "clients do not send a user name or password", Fix: "leave them out"}
	}
	if name == "" || name[0] == '.' || strings.Contains(name, "..") {
		return fail(0, len(name), "not a host name", "write the distribution's domain name")
	}
	if strings.HasSuffix(name, ".") {
		return fail(len(name)-1, 1, "a dot at the end of the host", "leave it out")
	}
	// Browsers read a host that ends in a number as an IPv4 address, and rewrite
	// all but its usual form.
	last := name[strings.LastIndexByte(name, '.')+1:]
	if c := last[0]; '0' <= c && c <= '9' {
		if addr, err := netip.ParseAddr(name); err != nil || addr.String() != name {
			return fail(0, len(name), "browsers take a host that ends in a number for an IPv4 address", "write a domain name, or the address as four numbers")
		}
	}
	if hasPort {
		if _, err := strconv.ParseUint(port, 10, 16); err != nil || port[0] == '0' {
			return fail(len(name), len(host)-len(name), "not a port", "leave it out")
		}
		if scheme == "https://" && port == "443" || scheme == "http://" && port == "80" {
			return fail(len(name), len(host)-len(name), "clients leave the default port out", "leave it out")
		}
	}
	if strings.HasSuffix(name, ".amazonaws.com") || strings.HasSuffix(name, ".amazonaws.com.cn") {
		return fail(0, len(name), "a host of S3 or another AWS service, which does not accept CloudFront's signatures",
			"write the distribution's domain name")
	}
	return nil
}

// checkBaseURL checks that base is a scheme and a host, and nothing else.
func checkBaseURL(base string) error {
	if base == "" {
		return errors.New("missing: want https:// and the distribution's domain name")
	}
	if strings.HasSuffix(base, "/") {
		return errors.New("ends with a slash: leave it out")
	}
	u, err := parseURL(base + "/")
	if err != nil {
		return err
	}
	if u.path != len(base) {
		return errors.New("has a path: want only a scheme and a host, such as https://d111111abcdef8.cloudfront.net")
	}
	return nil
}

// ObjectURL returns the URL of an S3 object, for a base URL such as
// https://d111111abcdef8.cloudfront.net and a key such as "albums/July 2026/día
// 1+2.png". One trailing slash of the base URL is dropped. ObjectURL writes each
// byte of the key as most clients send it: letters, digits and "-._~/!$&(),:;=@" as
// they are, and all other bytes escaped, so that S3 finds exactly that key. A "+"
// becomes %2B, because S3 reads a plain "+" as a space, and a "*" becomes %2A,
// because CloudFront reads a plain "*" in a signed URL as a wildcard. Some clients
// rewrite characters that have no better spelling: "*" and "'" (aiohttp), "~"
// (apt), and two slashes in a row (Apache HttpClient 4); see CheckURL.
//
// It refuses a key that no client can request: one that starts with a slash or has
// a segment "." or "..".
func ObjectURL(baseURL, objectKey string) (string, error) {
	base := strings.TrimSuffix(baseURL, "/")
	if err := checkBaseURL(base); err != nil {
		return "", fmt.Errorf("base URL: %w", err)
	}
	if err := checkObjectKey(objectKey); err != nil {
		return "", fmt.Errorf("object key, %s: %w", Describe(objectKey, FormText), err)
	}
	return base + "/" + escape(objectKey), nil
}

func checkObjectKey(key string) error {
	switch {
	case key == "":
		return errors.New("empty")
	case strings.Contains(key, "-----BEGIN"):
		return errors.New("holds -----BEGIN, as a PEM key does: give the key of an object in the bucket")
	case len(key) > 1024:
		return fmt.Errorf("%d bytes long, but S3 allows 1024", len(key))
	case !utf8.ValidString(key):
		return errors.New("not UTF-8, as every S3 key is")
	case key[0] == '/':
		return errors.New("starts with a slash, and some clients drop one of the two slashes that its URL would have: leave it out")
	}
	for segment := range strings.SplitSeq(key, "/") {
		if segment == "." || segment == ".." {
			return fmt.Errorf("holds the segment %q, which browsers and curl resolve, so no URL reaches it: give the object another key", segment)
		}
	}
	return nil
}

const upperHex = "0123456789ABCDEF"

// escape escapes each byte that ObjectURL does not write as it is.
func escape(key string) string {
	escapes := 0
	for i := range len(key) {
		if class[key[i]]&plain == 0 {
			escapes++
		}
	}
	if escapes == 0 {
		return key
	}
	b := make([]byte, 0, len(key)+2*escapes)
	for i := range len(key) {
		if c := key[i]; class[c]&plain != 0 {
			b = append(b, c)
		} else {
			b = append(b, '%', upperHex[c>>4], upperHex[c&15])
		}
	}
	return string(b)
}

func isHex(c byte) bool {
	return '0' <= c && c <= '9' || 'a' <= c && c <= 'f' || 'A' <= c && c <= 'F'
}

func isLower(c byte) bool { return 'a' <= c && c <= 'z' }

func unhex(c byte) byte {
	switch {
	case c <= '9':
		return c - '0'
	case c <= 'F':
		return c - 'A' + 10
	}
	return c - 'a' + 10
}
