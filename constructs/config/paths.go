package config

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/cloudfront-limits.html
const maxBehaviors = 75

// insideEscape finds a * before a hexadecimal digit, which may end an escape whose
// start the * would match: *24.pdf would open Q1%2024.pdf, the object "Q1 24.pdf".
var insideEscape = regexp.MustCompile(`\*[0-9A-Fa-f]`)

// checkPaths checks which paths are public and which are signed. The distribution
// lists signed patterns first, then public patterns and error pages. A path that no
// pattern matches is signed.
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
	pages := map[string]bool{} // error pages with a behavior of their own
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
			fmt.Sprintf("make fewer and wider patterns: a distribution has at most %d behaviors", maxBehaviors))
		return // comparing so many patterns takes too long
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
				"remove it, or make the signed pattern narrower: before that pattern, this one would open a part of it, and after it, this one would never be reached")
		}
	}
	for i, page := range c.ErrorPages {
		if outer, within := c.signedAround(page.ResponsePagePath); within {
			at.field("ErrorPages").index(i).field("ResponsePagePath").wrong(liesWithin(page.ResponsePagePath, outer),
				"move the page elsewhere, or make the signed pattern narrower: an error page that requires a signature cannot be served to a viewer without one")
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

// signedAround returns the signed pattern that contains a pattern, if there is one.
func (c Content) signedAround(pattern string) (outer string, within bool) {
	signed := c.signedPatterns()
	i := slices.IndexFunc(signed, func(outer string) bool { return arePatterns(outer, pattern) && covers(outer, pattern) })
	if i < 0 {
		return "", false
	}
	return signed[i], true
}

// checkPublicPattern checks a pattern whose paths require no signature.
func checkPublicPattern(at node, pattern string) {
	checkPattern(at, pattern)
	if found := insideEscape.FindString(pattern); found != "" && patternFault(pattern) == "" {
		at.wrong(fmt.Sprintf("%s, with %s", quote(pattern), found),
			"write another character after the *, such as / or -: a digit or a letter from A to F may end an escape such as %20, and the pattern would open paths that it does not name")
	}
}

// checkSignedAmongPublic reports signed patterns that overlap no public pattern.
// Every other path is signed anyway, so such a pattern is a mistake, and the path it
// was meant for may be open.
func (c Content) checkSignedAmongPublic(at node) {
	signed, public := at.field("SignedPaths"), c.publicPatterns()
	if len(c.SignedPaths) > 0 && len(public) == 0 {
		if at.whole() {
			signed.wrong("signed paths without public paths",
				fmt.Sprintf("remove them, or write the %s to which they are exceptions: without public paths, every path requires a signature", at.name("PublicPaths")))
		}
		return
	}
	for i, pattern := range c.SignedPaths {
		meets := func(public string) bool { return !arePatterns(public, pattern) || intersect(public, pattern) }
		if !at.field("PublicPaths").wasRead() || slices.ContainsFunc(public, meets) {
			continue
		}
		fix := "remove it, or spell it like the public path to which it is an exception: every other path requires a signature anyway"
		lower := strings.ToLower(pattern)
		near := slices.IndexFunc(public, func(public string) bool { return intersect(strings.ToLower(public), lower) })
		if near >= 0 {
			fix = fmt.Sprintf("write it as in %s: paths are case-sensitive", quote(public[near]))
		}
		signed.index(i).wrong(quote(pattern)+", which overlaps no pattern of "+at.name("PublicPaths"), fix)
	}
}

// warnOfPaths reports a public pattern that turns signing off.
func (c Content) warnOfPaths(at node) {
	for i, pattern := range c.PublicPaths {
		if len(c.SignedPaths) == 0 && arePatterns(pattern) && covers(pattern, "*") {
			at.field("PublicPaths").index(i).wrong(fmt.Sprintf("%s, without %s", quote(pattern), at.name("SignedPaths")),
				fmt.Sprintf("list in %s the paths that require a signature, or make this pattern narrower: it opens everything", at.name("SignedPaths")))
		}
	}
}

// checkReached reports patterns that are never reached, because an earlier pattern
// of the list covers them.
func checkReached(at node, patterns []string) {
	for i, pattern := range patterns {
		first := slices.IndexFunc(patterns[:i], func(earlier string) bool { return hides(earlier, pattern) })
		if first >= 0 {
			at.index(i).wrong(quote(pattern)+", which is never reached",
				fmt.Sprintf("remove it: %s comes before it and matches everything that it matches", quote(patterns[first])))
		}
	}
}

// hides reports whether outer covers inner, and the two differ.
func hides(outer, inner string) bool {
	return outer != inner && arePatterns(outer, inner) && covers(outer, inner)
}
