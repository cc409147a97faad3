package config

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// Limits of a path pattern. CloudFront allows more characters. It compares a pattern
// with the path as it stands in the URL, with its escapes, but S3 finds an object by
// the path without escapes. A pattern that contains only characters that no client
// escapes means the same to both. Not allowed are therefore:
//   - CloudFront's other characters: some programs escape @ and similar ones, and S3
//     reads + as a space;
//   - ?, which is one character of the URL, while an escaped character is three.
//
// https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/DownloadDistValuesCacheBehavior.html#DownloadDistValuesPathPattern
const (
	maxPattern        = 255
	patternCharacters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-.~/*"
)

// arePatterns reports whether all texts are path patterns that can be compared.
// A token cannot, and a text that is not a pattern has been reported.
func arePatterns(texts ...string) bool {
	return !slices.ContainsFunc(texts, func(text string) bool {
		return isToken(text) || len(text) > maxPattern || patternFault(text) != ""
	})
}

func checkPattern(at node, pattern string) {
	if len(pattern) > maxPattern {
		at.tooLong(len(pattern), maxPattern)
	} else if fix := patternFault(pattern); fix != "" {
		at.wrong(quote(pattern), fix)
	}
}

// denormal matches empty and dot segments. CloudFront removes them from a path
// before it chooses a behavior:
// https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/DownloadDistValuesCacheBehavior.html#DownloadDistValuesPathPattern
var denormal = regexp.MustCompile(`//|/\.\.?(/|$)`)

// patternFault returns what to write instead of a text that is not a path pattern.
// It ignores the length, and returns "" for a path pattern.
func patternFault(pattern string) (fix string) {
	foreign := strings.IndexFunc(pattern, func(r rune) bool { return !strings.ContainsRune(patternCharacters, r) })
	switch {
	case foreign >= 0:
		return fmt.Sprintf("write * in place of %q: a pattern holds letters, digits and _-.~/*, and clients may escape any other character in a URL", []rune(pattern[foreign:])[0])
	case !strings.HasPrefix(pattern, "/") && !strings.HasPrefix(pattern, "*"):
		if !isQuotable(pattern) {
			return "write a / before it: a pattern starts with / or *"
		}
		return fmt.Sprintf("write %s: a pattern starts with / or *", quote("/"+pattern))
	case pattern == "*":
		return `write "/*": CloudFront reserves * for the default behavior`
	case denormal.MatchString(pattern):
		return fmt.Sprintf("write it without %s: CloudFront removes empty and dot segments from a path before it matches patterns", quote(denormal.FindString(pattern)))
	}
	return ""
}

// covers reports whether the path pattern outer matches every path that inner
// matches. In both, * stands for any number of characters and ? for exactly one;
// letter case matters. Paths start with a slash.
//
// It returns false for an outer pattern of more than 255 characters, which
// CloudFront refuses, and for patterns with dozens of wildcards that would take long
// to compare. A useless pattern is then not reported. This opens no path, because
// signed patterns always come first.
func covers(outer, inner string) bool {
	if len(outer) > maxPattern {
		return false
	}
	for _, rooted := range rootedPatterns(inner) {
		if !coversRooted(outer, rooted) {
			return false
		}
	}
	return true
}

// rootedPatterns returns patterns that start with a slash and together match the
// same paths as pattern.
func rootedPatterns(pattern string) []string {
	rest := strings.TrimLeft(pattern, "*")
	switch {
	case rest == pattern:
		return []string{pattern}
	case strings.HasPrefix(rest, "/"):
		return []string{"/*" + rest, rest}
	case strings.HasPrefix(rest, "?"):
		return []string{"/*" + rest, "/" + rest[1:]}
	}
	return []string{"/*" + rest}
}

// coversRooted runs outer, as an automaton, over all texts of inner at once. A
// wildcard of inner is replaced by a character that outer does not contain: if outer
// matches that one, it matches every other. Only the lengths of the stars of inner
// then vary.
//
// A set of positions holds the places that outer can have reached after a text. Only
// the smallest sets are kept: if the end can be reached from a set, it can be reached
// from every larger set.
func coversRooted(outer, inner string) bool {
	sets := []positions{outerStart(outer)}
	for _, c := range []byte(inner) {
		var next []positions
		for _, set := range sets {
			switch c {
			case '*':
				next = set.afterAny(outer, next)
			case '?':
				next = withSmallest(next, set.after(outer, unnamed))
			default:
				next = withSmallest(next, set.after(outer, c))
			}
			if len(next) > maxSets {
				return false
			}
		}
		sets = next
		if sets[0] == (positions{}) {
			return false
		}
	}
	return !slices.ContainsFunc(sets, func(set positions) bool { return !set.has(len(outer)) })
}

const maxSets = 32

// unnamed is a character that no pattern contains.
const unnamed = 0

// positions is a set of places in a pattern: before each character, and at the end.
type positions [(maxPattern + 1 + 63) / 64]uint64

func (p *positions) add(i int)      { p[i/64] |= 1 << (i % 64) }
func (p *positions) has(i int) bool { return p[i/64]&(1<<(i%64)) != 0 }

func (p *positions) within(q *positions) bool {
	for i := range p {
		if p[i]&^q[i] != 0 {
			return false
		}
	}
	return true
}

func outerStart(pattern string) (start positions) {
	start.enter(pattern, 0)
	return start
}

// enter adds a position, and those after the stars that follow it, because a star
// may match nothing.
func (p *positions) enter(pattern string, i int) {
	p.add(i)
	for i < len(pattern) && pattern[i] == '*' {
		i++
		p.add(i)
	}
}

// after returns the positions after one more character.
func (p *positions) after(pattern string, c byte) (next positions) {
	for i := range len(pattern) {
		if !p.has(i) {
			continue
		}
		switch pattern[i] {
		case '*':
			next.enter(pattern, i)
		case '?', c:
			next.enter(pattern, i+1)
		}
	}
	return next
}

// afterAny adds the positions after every number of unnamed characters. The set no
// longer changes once there are as many as the pattern has characters.
func (p *positions) afterAny(pattern string, sets []positions) []positions {
	for set := *p; ; {
		sets = withSmallest(sets, set)
		next := set.after(pattern, unnamed)
		if next == set {
			return sets
		}
		set = next
	}
}

// withSmallest adds a set to sets and drops every set that contains another one.
func withSmallest(sets []positions, set positions) []positions {
	if slices.ContainsFunc(sets, func(other positions) bool { return other.within(&set) }) {
		return sets
	}
	sets = slices.DeleteFunc(sets, func(other positions) bool { return set.within(&other) })
	return append(sets, set)
}

// intersect reports whether some path matches both path patterns.
func intersect(a, b string) bool {
	return slices.ContainsFunc(rootedPatterns(a), func(a string) bool {
		return slices.ContainsFunc(rootedPatterns(b), func(b string) bool { return intersectRooted(a, b) })
	})
}

// intersectRooted reports whether some text matches both patterns. It starts at
// their ends: common[j] is the answer for a from its ith and b from its jth character.
func intersectRooted(a, b string) bool {
	common := make([]bool, len(b)+1)
	for i := len(a); i >= 0; i-- {
		shorter := common // the answers for a from the next character
		common = make([]bool, len(b)+1)
		for j := len(b); j >= 0; j-- {
			switch {
			case i == len(a) && j == len(b):
				common[j] = true
			case i < len(a) && a[i] == '*':
				common[j] = shorter[j] || j < len(b) && common[j+1]
			case j < len(b) && b[j] == '*':
				common[j] = common[j+1] || i < len(a) && shorter[j]
			case i < len(a) && j < len(b):
				common[j] = (a[i] == b[j] || a[i] == '?' || b[j] == '?') && shorter[j+1]
			}
		}
	}
	return common[0]
}
