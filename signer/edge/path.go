package edge

import (
	"errors"
	"strings"
)

// normalizePath returns the form of a request's path that CloudFront compares with
// path patterns: percent-encoded unreserved characters decoded, other hexadecimal
// digits in upper case, repeated slashes merged, and dot segments removed. The
// origin gets the raw path.
// https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/DownloadDistValuesCacheBehavior.html#DownloadDistValuesPathPattern
func normalizePath(raw string) string {
	var kept []string
	segments := strings.Split(decodeUnreserved(raw), "/")
	last := len(segments) - 1
	for i, segment := range segments {
		switch segment {
		case "", ".":
		case "..":
			kept = kept[:max(len(kept)-1, 0)]
		default:
			kept = append(kept, segment)
			continue
		}
		if i == last {
			kept = append(kept, "") // the path ends in a folder: keep its slash
		}
	}
	return "/" + strings.Join(kept, "/")
}

// decodeUnreserved normalizes percent-encoding by RFC 3986, sections 6.2.2.1 and
// 6.2.2.2. It leaves a percent sign that starts no escape.
func decodeUnreserved(s string) string {
	if !strings.Contains(s, "%") {
		return s
	}
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		c, ok := unescape(s, i)
		switch {
		case !ok:
			b.WriteByte(s[i])
			continue
		case unreserved(c):
			b.WriteByte(c)
		default:
			b.WriteString(strings.ToUpper(s[i : i+3]))
		}
		i += 2
	}
	return b.String()
}

func unreserved(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || strings.IndexByte("-._~", c) >= 0
}

var errPath = errors.New("the path has a percent sign that starts no escape")

// objectKey returns the S3 object key of a raw request path: the bytes after the
// first slash, decoded once. It changes nothing else: dots and slashes have no
// meaning in a key.
func objectKey(rawPath string) (string, error) {
	return decodeOnce(strings.TrimPrefix(rawPath, "/"))
}

// decodeOnce decodes percent-encoding. As S3 does, it reads + as a space.
func decodeOnce(s string) (string, error) {
	if !strings.ContainsAny(s, "%+") {
		return s, nil
	}
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		switch s[i] {
		case '+':
			b.WriteByte(' ')
		case '%':
			c, ok := unescape(s, i)
			if !ok {
				return "", errPath
			}
			b.WriteByte(c)
			i += 2
		default:
			b.WriteByte(s[i])
		}
	}
	return b.String(), nil
}

// unescape decodes the percent-encoded byte at s[i:].
func unescape(s string, i int) (byte, bool) {
	if i+2 >= len(s) || s[i] != '%' {
		return 0, false
	}
	high, ok1 := hexDigit(s[i+1])
	low, ok2 := hexDigit(s[i+2])
	return high<<4 | low, ok1 && ok2
}

func hexDigit(c byte) (byte, bool) {
	switch {
	case '0' <= c && c <= '9':
		return c - '0', true
	case 'a' <= c && c <= 'f':
		return c - 'a' + 10, true
	case 'A' <= c && c <= 'F':
		return c - 'A' + 10, true
	}
	return 0, false
}
