package config

import (
	"fmt"
	"slices"
)

// Behavior is an additional cache behavior. It requires a signature unless Public
// is set.
type Behavior struct {
	PathPattern string
	Public      bool
}

// signedPatterns returns all patterns that require a signature, in the order of
// the distribution.
func (c Content) signedPatterns() []string {
	return slices.Concat(c.SignedPaths, c.behaviorPatterns(false))
}

// publicPatterns returns all patterns that require no signature.
func (c Content) publicPatterns() []string {
	return slices.Concat(c.PublicPaths, c.behaviorPatterns(true))
}

func (c Content) behaviorPatterns(public bool) (patterns []string) {
	for _, b := range c.Behaviors {
		if b.Public == public {
			patterns = append(patterns, b.PathPattern)
		}
	}
	return patterns
}

// checkBehaviors reports behaviors that are never reached, and public ones that
// open everything. In the distribution, signed behaviors follow SignedPaths, and
// public behaviors follow the error pages and PublicPaths.
func (c Content) checkBehaviors(at node) {
	before := map[bool][]string{false: c.SignedPaths, true: slices.Concat(c.signedPatterns(), c.PublicPaths)}
	for _, page := range c.ErrorPages {
		before[true] = append(before[true], page.ResponsePagePath)
	}
	for i, b := range c.Behaviors {
		at, earlier := at.index(i).field("PathPattern"), before[b.Public]
		before[b.Public] = append(slices.Clone(earlier), b.PathPattern)
		first := slices.IndexFunc(earlier, func(outer string) bool { return outer == b.PathPattern || hides(outer, b.PathPattern) })
		switch {
		case b.PathPattern == "":
			at.missing("missing", "write a path pattern such as /api/*")
		case isToken(b.PathPattern):
		case first >= 0:
			at.wrong(quote(b.PathPattern)+", which is never reached",
				fmt.Sprintf("remove it, or make one of the two narrower: %s comes before it and matches everything that it matches", quote(earlier[first])))
		case b.Public && arePatterns(b.PathPattern) && covers(b.PathPattern, "*"):
			at.wrong(quote(b.PathPattern)+", public", "write a narrower pattern: it opens everything")
		case b.Public:
			checkPublicPattern(at, b.PathPattern)
		default:
			checkPattern(at, b.PathPattern)
		}
	}
}
