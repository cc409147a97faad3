package config

import (
	"fmt"
	"math/rand/v2"
	"net/url"
	"regexp"
	"strings"
	"testing"
)

// CloudFront compares a pattern with the path of a URL, in which it may or may
// not have resolved escapes of unreserved characters. S3 looks for the object of
// the path without any escapes. Whatever way a viewer writes a path, a public
// pattern that passes the checks must open only objects that it names.
func TestAPublicPatternOpensNoObjectThatItDoesNotName(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	text := func(alphabet string, most int) string {
		var b strings.Builder
		for range random.IntN(most + 1) {
			b.WriteByte(alphabet[random.IntN(len(alphabet))])
		}
		return b.String()
	}
	escaped := func(key string) string {
		var b strings.Builder
		for i := range len(key) {
			if random.IntN(3) == 0 || strings.IndexByte(" %+", key[i]) >= 0 {
				fmt.Fprintf(&b, []string{"%%%02X", "%%%02x"}[random.IntN(2)], key[i])
			} else {
				b.WriteByte(key[i])
			}
		}
		return b.String()
	}
	opened, refused := 0, 0
	for range 300_000 {
		pattern := "/" + text("0245aFf/-.*", 6)
		var problems Problems
		Content{PublicPaths: []string{pattern}}.WithDefaults().checkPaths(newNode("", &problems))
		if len(problems) > 0 {
			refused++
			continue
		}
		path := "/" + escaped(text("0245aFf/-. %+", 6))
		key, err := url.PathUnescape(path)
		if err != nil {
			t.Fatal(err)
		}
		for _, seen := range []string{path, unreservedResolved(path)} {
			if !glob(pattern, seen) {
				continue
			}
			opened++
			if !glob(pattern, key) {
				t.Fatalf("%s opens %q, which is the object %q", pattern, path, key)
			}
		}
	}
	if opened < 10_000 || refused < 10_000 {
		t.Errorf("%d paths were opened and %d patterns refused: too few to tell", opened, refused)
	}
}

var escape = regexp.MustCompile("%[0-9A-Fa-f]{2}")

// unreservedResolved is a path as RFC 3986 normalizes its escapes.
func unreservedResolved(path string) string {
	return escape.ReplaceAllStringFunc(path, func(escape string) string {
		char, _ := url.PathUnescape(escape)
		if char != "*" && strings.Contains(patternCharacters, char) && char != "/" {
			return char
		}
		return escape
	})
}

// glob matches a text against a pattern, whose parts between its stars it looks
// for from left to right.
func glob(pattern, text string) bool {
	parts := strings.Split(pattern, "*")
	last := len(parts) - 1
	if last == 0 {
		return pattern == text
	}
	text, ok := strings.CutPrefix(text, parts[0])
	for _, part := range parts[1:last] {
		if ok {
			_, text, ok = strings.Cut(text, part)
		}
	}
	return ok && strings.HasSuffix(text, parts[last])
}
