package config

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/cloudfront-limits.html
const maxBehaviors = 75

// insideEscape finds a * before a digit that may be one of an escape: the *
// would take in the rest of it. *24.pdf would open Q1%2024.pdf, which is the
// object "Q1 24.pdf".
var insideEscape = regexp.MustCompile(`\*[0-9A-Fa-f]`)

// checkPaths checks which paths are public and which are signed. In the
// distribution signed patterns come first, then public ones and the pages of
// errors, and what no pattern matches is signed.
func (c Content) checkPaths(at node) {
	signed, public := at.field("SignedPaths"), at.field("PublicPaths")

	signed.list(c.SignedPaths, checkPattern)
	public.list(c.PublicPaths, func(at node, pattern string) {
		if slices.Contains(c.SignedPaths, pattern) {
			at.wrong(fmt.Sprintf("%s, which %s lists too", quote(pattern), at.name("SignedPaths")), "list it in one of the two")
			return
		}
		checkPublicPattern(at, pattern)
	})
	pages := map[string]bool{} // those with a behavior of their own
	for _, page := range c.ErrorPages {
		if !slices.Contains(c.PublicPaths, page.ResponsePagePath) {
			pages[page.ResponsePagePath] = true
		}
	}
	others := ""
	if n := len(c.Behaviors); n > 0 {
		others = fmt.Sprintf(", %d others", n)
	}
	if behaviors := 1 + len(c.SignedPaths) + len(c.PublicPaths) + len(pages) + len(c.Behaviors); behaviors > maxBehaviors {
		public.wrong(fmt.Sprintf("%d cache behaviors: the default one, %d of signed and %d of public paths, %d of error pages%s", behaviors, len(c.SignedPaths), len(c.PublicPaths), len(pages), others),
			fmt.Sprintf("make fewer and wider patterns: a distribution has %d behaviors", maxBehaviors))
		return // how more of them meet takes too long to tell
	}
	checkReached(signed, c.SignedPaths)
	checkReached(public, c.PublicPaths)
	c.checkBehaviors(at.field("Behaviors"))

	c.checkSignedAmongPublic(at)

	for i, pattern := range c.PublicPaths {
		if slices.Contains(c.SignedPaths, pattern) || slices.Contains(c.PublicPaths[:i], pattern) {
			continue
		}
		if outer, within := c.signedAround(pattern); within {
			public.index(i).wrong(liesWithin(pattern, outer),
				"take it away, or make the signed one narrower: before it, this would leave a part of it open, and behind it, it would never be reached")
		}
	}
	for i, page := range c.ErrorPages {
		if outer, within := c.signedAround(page.ResponsePagePath); within {
			at.field("ErrorPages").index(i).field("ResponsePagePath").wrong(liesWithin(page.ResponsePagePath, outer),
				"move the page elsewhere, or make the signed one narrower: a page that wants a signature cannot be served to whoever has none")
		}
	}

	c.checkRootObjectStaysSigned(at)
}

func liesWithin(pattern, outer string) string {
	if pattern == outer {
		return quote(pattern) + ", which is a signed path"
	}
	return fmt.Sprintf("%s, which lies within the signed %s", quote(pattern), quote(outer))
}

// signedAround is the signed pattern that a pattern lies within.
func (c Content) signedAround(pattern string) (outer string, within bool) {
	signed := c.signedPatterns()
	i := slices.IndexFunc(signed, func(outer string) bool { return arePatterns(outer, pattern) && covers(outer, pattern) })
	if i < 0 {
		return "", false
	}
	return signed[i], true
}

// checkPublicPattern checks a pattern that opens what it matches.
func checkPublicPattern(at node, pattern string) {
	checkPattern(at, pattern)
	if found := insideEscape.FindString(pattern); found != "" && patternFault(pattern) == "" {
		at.wrong(fmt.Sprintf("%s, with %s", quote(pattern), found),
			"write another character behind the *, such as / or -: a digit or a letter from A to F may end an escape such as %20, and the pattern would open what it does not name")
	}
}

// checkSignedAmongPublic reports signed patterns that take nothing out of the
// public ones. As everything else is signed anyway, they are mistakes, and what
// they were to protect may be open.
func (c Content) checkSignedAmongPublic(at node) {
	signed, public := at.field("SignedPaths"), c.publicPatterns()
	if len(c.SignedPaths) > 0 && len(public) == 0 {
		if at.whole() {
			signed.wrong("signed paths without public ones",
				fmt.Sprintf("take them away, or write the %s of which they are exceptions: without any, every path wants a signature", at.name("PublicPaths")))
		}
		return
	}
	for i, pattern := range c.SignedPaths {
		meets := func(public string) bool { return !arePatterns(public, pattern) || intersect(public, pattern) }
		if !at.field("PublicPaths").wasRead() || slices.ContainsFunc(public, meets) {
			continue
		}
		fix := "take it away, or write it as the public path from which it takes something: all else wants a signature anyway"
		lower := strings.ToLower(pattern)
		near := slices.IndexFunc(public, func(public string) bool { return intersect(strings.ToLower(public), lower) })
		if near >= 0 {
			fix = fmt.Sprintf("write it as in %s: letter case counts", quote(public[near]))
		}
		signed.index(i).wrong(quote(pattern)+", with which no public path has anything to do", fix)
	}
}

// warnOfPaths tells of a public pattern that turns signing off.
func (c Content) warnOfPaths(at node) {
	for i, pattern := range c.PublicPaths {
		if len(c.SignedPaths) == 0 && arePatterns(pattern) && covers(pattern, "*") {
			at.field("PublicPaths").index(i).wrong(fmt.Sprintf("%s, without %s", quote(pattern), at.name("SignedPaths")),
				fmt.Sprintf("list in %s what wants a signature, or make this pattern narrower: it opens everything", at.name("SignedPaths")))
		}
	}
}

// checkReached reports patterns that an earlier one of the list leaves nothing
// to match.
func checkReached(at node, patterns []string) {
	for i, pattern := range patterns {
		first := slices.IndexFunc(patterns[:i], func(earlier string) bool { return hides(earlier, pattern) })
		if first >= 0 {
			at.index(i).wrong(quote(pattern)+", which is never reached",
				fmt.Sprintf("take it away: %s comes before it and matches all that it does", quote(patterns[first])))
		}
	}
}

// hides reports whether a pattern covers another one than itself.
func hides(outer, inner string) bool {
	return outer != inner && arePatterns(outer, inner) && covers(outer, inner)
}
