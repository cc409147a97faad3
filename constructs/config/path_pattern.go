package config

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// What a path pattern may hold here. CloudFront takes more of them, and compares
// a pattern with the path as it is in the URL, escapes and all, where S3 looks for
// an object by the path without them. So that a pattern means the same by both, it
// holds only what no client escapes:
//   - of the other characters of CloudFront's, some programs escape @ and its like,
//     and S3 takes a plain + for a space;
//   - a ? is one character of the URL, where an escaped one is three or more.
//
// https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/DownloadDistValuesCacheBehavior.html#DownloadDistValuesPathPattern
const (
	maxPattern        = 255
	patternCharacters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-.~/*"
)

// arePatterns reports whether texts are path patterns that can be compared:
// what is none, or a token, has been reported or cannot be told.
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

// denormal is what no path holds by which CloudFront chooses a behavior. It
// normalizes them first:
// https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/DownloadDistValuesCacheBehavior.html#DownloadDistValuesPathPattern
var denormal = regexp.MustCompile(`//|/\.\.?(/|$)`)

// patternFault is what to do about a text that is no path pattern, whatever its
// length.
func patternFault(pattern string) (fix string) {
	foreign := strings.IndexFunc(pattern, func(r rune) bool { return !strings.ContainsRune(patternCharacters, r) })
	switch {
	case foreign >= 0:
		return fmt.Sprintf("write * in place of %q: a pattern holds letters, digits and _-.~/*, and another character may be escaped in a URL, as three or more", []rune(pattern[foreign:])[0])
	case !strings.HasPrefix(pattern, "/") && !strings.HasPrefix(pattern, "*"):
		if !isQuotable(pattern) {
			return "write a / before it: a pattern starts with / or *"
		}
		return fmt.Sprintf("write %s: a pattern starts with / or *", quote("/"+pattern))
	case pattern == "*":
		return `write "/*": CloudFront keeps * for the default behavior`
	case denormal.MatchString(pattern):
		return fmt.Sprintf("write it without %s: CloudFront takes empty and dot segments out of a path before it looks for a pattern", quote(denormal.FindString(pattern)))
	}
	return ""
}

// covers reports whether a path pattern matches every path that another one
// matches. In both, * stands for any characters, none included, and ? for any
// one; letter case counts. Paths start with a slash.
//
// It returns false for an outer pattern over 255 characters, which CloudFront does
// not take, and for patterns with dozens of wildcards that would take long to
// compare. Then a pattern without use is not reported. Nothing is opened by that:
// signed patterns come first whatever covers returns.
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

// rootedPatterns start with a slash and match the paths that the pattern does.
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

// coversRooted runs outer, as an automaton, over all texts of inner at once. Of
// the characters that a wildcard of inner stands for, one that outer does not
// name is the hardest to match: what matches it matches any other. So inner is
// one text but for the lengths of its stars.
//
// A set of positions is where outer may stand after a text. What is kept are the
// smallest sets: who gets to the end from one of them gets there from any
// larger one.
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

// unnamed is a character that no pattern names.
const unnamed = 0

// positions are places in a pattern, before each of its characters and at its
// end.
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

// enter adds a position, and those behind its stars, which may stand for
// nothing.
func (p *positions) enter(pattern string, i int) {
	p.add(i)
	for i < len(pattern) && pattern[i] == '*' {
		i++
		p.add(i)
	}
}

// after are the positions after one more character.
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

// afterAny adds the positions after each number of unnamed characters. They
// stay the same after as many as the pattern is long: only stars take more.
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

// withSmallest adds a set to others, and leaves out every one that another
// lies within.
func withSmallest(sets []positions, set positions) []positions {
	if slices.ContainsFunc(sets, func(other positions) bool { return other.within(&set) }) {
		return sets
	}
	sets = slices.DeleteFunc(sets, func(other positions) bool { return set.within(&other) })
	return append(sets, set)
}

// intersect reports whether there is a path that both path patterns match.
func intersect(a, b string) bool {
	return slices.ContainsFunc(rootedPatterns(a), func(a string) bool {
		return slices.ContainsFunc(rootedPatterns(b), func(b string) bool { return intersectRooted(a, b) })
	})
}

// intersectRooted looks for a text that both patterns match, from their ends:
// common[j] tells it of what is left of a, and of b from its jth character on.
func intersectRooted(a, b string) bool {
	common := make([]bool, len(b)+1)
	for i := len(a); i >= 0; i-- {
		shorter := common // of what is left of a without its first character
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
