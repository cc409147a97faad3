package environment

import (
	"fmt"
	"slices"
	"strings"
)

// https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/cloudfront-limits.html
const maxBehaviors = 75

// What a path pattern may hold:
// https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/DownloadDistValuesCacheBehavior.html#DownloadDistValuesPathPattern
const (
	maxPattern        = 255
	patternCharacters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789" + `_-.*?$/~"'@:+&`
)

// checkPaths checks which paths are public and which are signed. In the
// distribution signed patterns come first, then public ones and the pages of
// errors, and what no pattern matches is signed.
func (c Content) checkPaths(at place) {
	signed, public := at.field("SignedPaths"), at.field("PublicPaths")

	signed.list(c.SignedPaths, checkPattern)
	public.list(c.PublicPaths, func(at place, pattern string) {
		if slices.Contains(c.SignedPaths, pattern) {
			at.wrong(fmt.Sprintf("%s, which %s lists too", quote(pattern), at.name("SignedPaths")), "list it in one of the two")
			return
		}
		checkPattern(at, pattern)
	})
	checkReached(signed, c.SignedPaths)
	checkReached(public, c.PublicPaths)

	for i, pattern := range c.PublicPaths {
		if outer, within := c.signedAround(pattern); within && !slices.Contains(c.PublicPaths[:i], pattern) {
			public.index(i).wrong(liesWithin(pattern, outer),
				"take it away, or make the signed one narrower: before it, this would leave a part of it open, and behind it, it would never be reached")
		}
	}
	pages := map[string]bool{} // those with a behavior of their own
	for i, page := range c.ErrorPages {
		if !slices.Contains(c.PublicPaths, page.ResponsePagePath) {
			pages[page.ResponsePagePath] = true
		}
		if outer, within := c.signedAround(page.ResponsePagePath); within {
			at.field("ErrorPages").index(i).field("ResponsePagePath").wrong(liesWithin(page.ResponsePagePath, outer),
				"move the page elsewhere, or make the signed one narrower: a page that wants a signature cannot be served to whoever has none")
		}
	}

	if behaviors := 1 + len(c.SignedPaths) + len(c.PublicPaths) + len(pages); behaviors > maxBehaviors {
		public.wrong(fmt.Sprintf("%d cache behaviors: the default one, %d of signed and %d of public paths, %d of error pages", behaviors, len(c.SignedPaths), len(c.PublicPaths), len(pages)),
			fmt.Sprintf("make fewer and wider patterns: a distribution has %d behaviors", maxBehaviors))
	}
}

func liesWithin(pattern, outer string) string {
	return fmt.Sprintf("%s, which lies within the signed %s", quote(pattern), quote(outer))
}

// signedAround is the signed pattern that a pattern lies within, other than
// itself.
func (c Content) signedAround(pattern string) (outer string, within bool) {
	i := slices.IndexFunc(c.SignedPaths, func(outer string) bool { return hides(outer, pattern) })
	if i < 0 {
		return "", false
	}
	return c.SignedPaths[i], true
}

// checkReached reports patterns that an earlier one of the list leaves nothing
// to match.
func checkReached(at place, patterns []string) {
	for i, pattern := range patterns {
		first := slices.IndexFunc(patterns[:i], func(earlier string) bool { return hides(earlier, pattern) })
		if first >= 0 {
			at.index(i).wrong(quote(pattern)+", which is never reached",
				fmt.Sprintf("take it away: %s comes before it and matches all that it does", quote(patterns[first])))
		}
	}
}

// hides reports whether a pattern covers another one than itself. What is no
// pattern, or a token, hides nothing and is not hidden.
func hides(outer, inner string) bool {
	known := func(pattern string) bool { return !isToken(pattern) && patternFault(pattern) == "" }
	return outer != inner && known(outer) && known(inner) && covers(outer, inner)
}

func checkPattern(at place, pattern string) {
	if fault := patternFault(pattern); fault != "" {
		at.wrong(quote(pattern), fault)
	}
}

// patternFault is what to do about a text that is no path pattern.
func patternFault(pattern string) (fix string) {
	foreign := strings.IndexFunc(pattern, func(r rune) bool { return !strings.ContainsRune(patternCharacters, r) })
	switch {
	case len(pattern) > maxPattern:
		return fmt.Sprintf("write at most %d characters", maxPattern)
	case foreign >= 0:
		return fmt.Sprintf("write ? or * in place of %q: a pattern holds letters, digits and _-.*?$/~\"'@:+&", []rune(pattern[foreign:])[0])
	case !strings.HasPrefix(pattern, "/") && !strings.HasPrefix(pattern, "*"):
		return fmt.Sprintf("write %s: a pattern starts with / or *", quote("/"+pattern))
	}
	return ""
}
