package page

import (
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/signedfront/signedfront/signer"
	"github.com/signedfront/signedfront/signer/edge/internal/redact"
)

// A viewer may send a private key in any part of a request. The page shows only
// texts that cannot be one.

// shownPath returns the path of a request or the key of an object, with parts that
// may be a private key described.
func shownPath(path string) string {
	plain, err := url.PathUnescape(path)
	if err != nil {
		plain = path
	}
	if !utf8.ValidString(plain) || longHex.MatchString(plain) {
		return fmt.Sprintf("(%d bytes)", len(path))
	}
	return redact.Path(path)
}

// longHex is longer than any hash in a file name.
var longHex = regexp.MustCompile(`[0-9A-Fa-f]{129}`)

// shownURL returns a URL, without its query if that may hold a piece of a private
// key.
func shownURL(url string) string {
	before, query, cut := strings.Cut(url, "?")
	scheme, rest, _ := strings.Cut(before, "://")
	host, path, slash := strings.Cut(rest, "/")
	if slash {
		path = shownPath("/" + path)
	}
	if cut && isShownQuery(query) {
		path += "?" + query
	} else if cut {
		path += "?…"
	}
	return scheme + "://" + shownHost(host) + path
}

// isShown reports whether shownURL returns a URL unchanged.
func isShown(url string) bool { return shownURL(url) == url }

// isShownQuery reports whether a query has only known names and short words.
func isShownQuery(query string) bool {
	for parameter := range strings.SplitSeq(query, "&") {
		name, value, _ := strings.Cut(parameter, "=")
		value, err := url.QueryUnescape(value)
		known := err == nil && slices.Contains(parameters[5:], name) && utf8.ValidString(value) && !redact.MayBeKey(value) && !longHex.MatchString(value)
		if known || parameter == "" {
			continue
		}
		plain, err := url.QueryUnescape(parameter)
		if err != nil || !isWord(parameter) || !isWord(plain) {
			return false
		}
	}
	return true
}

func isWord(text string) bool { return strings.HasPrefix(signer.Describe(text, signer.FormWord), `"`) }

// shownHost returns a host, which has a dot. No key has one.
func shownHost(host string) string {
	if hosts.MatchString(host) && (strings.Contains(host, ".") || host == "localhost" || strings.HasPrefix(host, "localhost:")) || host == "*" || host == "" {
		return host
	}
	return fmt.Sprintf("(%d bytes)", len(host))
}

var hosts = regexp.MustCompile(`^(\*\.)?[A-Za-z0-9_-]{1,63}(\.[A-Za-z0-9_-]{1,63}){0,10}\.?(:[0-9]{1,5})?$`)

// shownOrigin returns the header Origin.
func shownOrigin(origin string) string {
	scheme, host, ok := strings.Cut(origin, "://")
	switch {
	case ok && (scheme == "http" || scheme == "https"):
		return scheme + "://" + shownHost(host)
	case origin == "null" || origin == "":
		return origin
	}
	return fmt.Sprintf("(%d bytes)", len(origin))
}

// shownHidden returns why a browser hides a response. The text contains the origin.
func shownHidden(origin, hidden string) string {
	if hidden == "" || shownOrigin(origin) == origin {
		return hidden
	}
	if _, why, ok := strings.Cut(hidden, "(CORS): "); ok {
		return "a browser hides this response from the page that requested it (CORS): " + why
	}
	return "a browser hides this response from the page that requested it (CORS)"
}

// parameters are the names that CloudFront or S3 uses.
var parameters = []string{
	"Expires", "Policy", "Signature", "Key-Pair-Id", "Hash-Algorithm",
	"response-content-disposition", "response-content-type", "response-content-encoding", "response-content-language", "response-cache-control", "response-expires",
	"versionId", "partNumber",
}

// shownNames lists known names and counts the others. It leaves out values, which
// are credentials.
func shownNames(names []string, known func(name string) bool) string {
	var shown []string
	others := 0
	for _, name := range names {
		switch {
		case !known(name):
			others++
		case !slices.Contains(shown, name):
			shown = append(shown, name)
		}
	}
	switch {
	case others == 1:
		shown = append(shown, "1 other")
	case others > 1:
		shown = append(shown, fmt.Sprintf("%d others", others))
	}
	return strings.Join(shown, ", ")
}

func queryNames(query string) string {
	var names []string
	for parameter := range strings.SplitSeq(query, "&") {
		if name, _, _ := strings.Cut(parameter, "="); name != "" {
			names = append(names, name)
		}
	}
	return shownNames(names, func(name string) bool { return slices.Contains(parameters, name) })
}

func cookieNames(headers []string) string {
	var names []string
	for _, header := range headers {
		for pair := range strings.SplitSeq(header, ";") {
			if name, _, _ := strings.Cut(strings.TrimSpace(pair), "="); name != "" {
				names = append(names, name)
			}
		}
	}
	return shownNames(names, func(name string) bool {
		parameter, ok := strings.CutPrefix(name, "CloudFront-")
		return ok && slices.Contains(parameters[:5], parameter)
	})
}

// shownWord returns a word, such as a method, or its description.
func shownWord(word string) string {
	if slices.Contains(methods, word) {
		return word
	}
	return "(" + signer.Describe(word, signer.FormID) + ")"
}
