package config

import (
	"math/rand/v2"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// matcher is another implementation of path patterns.
func matcher(pattern string) *regexp.Regexp {
	quoted := regexp.QuoteMeta(pattern)
	return regexp.MustCompile(`^(?s:` + strings.NewReplacer(`\*`, `.*`, `\?`, `.`).Replace(quoted) + `)$`)
}

func TestPatternsThatLieWithinOthers(t *testing.T) {
	tests := []struct {
		outer, inner string
		want         bool
	}{
		{"*", "/a", true},
		{"*", "*", true},
		{"/*", "*", true},
		{"*", "/*", true},
		{"/a/*", "/a/b/*", true},
		{"/a/*", "/a/", true},
		{"/a/*", "/a", false},
		{"/a/*", "/a*", false},
		{"/a/b/*", "/a/*", false},
		{"/A/*", "/a/*", false},
		{"*.jpg", "/a/*.jpg", true},
		{"*.jpg", "/a/*", false},
		{"/a/*.jpg", "*.jpg", false},
		{"/a?c", "/abc", true},
		{"/abc", "/a?c", false},
		{"/a?c", "/a??c", false},
		{"/a*c", "/a??c", true},
		{"/*?", "/?*", true},
		{"/?*", "/*a", true},
		{"/*a*a*", "/*a*b*a*", true},
		{"/*a*b*a*", "/*a*a*", false},
		{"/*??", "/*?*?*", true},
		{"/**", "/*", true},
		// A path starts with a slash, so that *x and /*x differ in /x alone.
		{"/*x", "*x", true},
		{"/*/x", "*/x", false},
		{"*/x", "/*/x", true},
		{"/?x", "*x", false},
	}
	for _, test := range tests {
		if got := covers(test.outer, test.inner); got != test.want {
			t.Errorf("%s covers %s: %v, want %v", test.outer, test.inner, got, test.want)
		}
	}
}

// shortPaths are all paths up to a length that tells short patterns apart.
func shortPaths() (paths []string) {
	for round := []string{"/"}; len(round[0]) <= 7; {
		paths = append(paths, round...)
		var longer []string
		for _, path := range round {
			longer = append(longer, path+"a", path+"/", path+"z") // no pattern names z
		}
		round = longer
	}
	return paths
}

// randomPatterns makes short patterns over few characters.
func randomPatterns() (pattern func() string) {
	random := rand.New(rand.NewPCG(1, 2))
	return func() string {
		text := []byte{"/*"[random.IntN(2)]}
		for range random.IntN(5) {
			text = append(text, "a/*?"[random.IntN(4)])
		}
		return string(text)
	}
}

func TestCoveringAgreesWithEveryPath(t *testing.T) {
	paths, pattern := shortPaths(), randomPatterns()
	within := 0
	for range 1500 {
		outer, inner := pattern(), pattern()
		matchesOuter, matchesInner := matcher(outer), matcher(inner)
		want, witness := true, ""
		for _, path := range paths {
			if matchesInner.MatchString(path) && !matchesOuter.MatchString(path) {
				want, witness = false, path
				break
			}
		}
		if want {
			within++
		}
		if got := covers(outer, inner); got != want {
			t.Errorf("%s covers %s: %v, want %v; path %s", outer, inner, got, want, witness)
		}
	}
	if within < 200 || within > 1300 {
		t.Errorf("%d of 1500 pairs lie within: the patterns tell nothing", within)
	}
}

// Patterns that would take a construction of all subsets without end. No is an
// answer that does no harm.
func TestCoveringOfLongPatternsEnds(t *testing.T) {
	outer := "/*a" + strings.Repeat("?", 120) + "*b"
	inner := "/" + strings.Repeat("*a", 120)
	if covers(outer, inner) {
		t.Errorf("%s covers %s", outer, inner)
	}
	if inner += strings.Repeat("?", 10); !covers("/*a*", inner) {
		t.Errorf("/*a* does not cover %s", inner)
	}
}

func FuzzCovers(f *testing.F) {
	f.Add("/a/*", "/a/b?", "/a/bc")
	f.Add("*a*?", "/*a??*", "/xa12")
	f.Add("/"+strings.Repeat("a", 255), "/a", "/a")
	f.Fuzz(func(t *testing.T, outer, inner, path string) {
		if covers(outer, inner) && len(outer) > maxPattern {
			t.Errorf("a pattern of %d characters covers %q", len(outer), inner)
		}
		if len(outer) > maxPattern || patternFault(outer) != "" || patternFault(inner) != "" {
			return
		}
		if !covers(outer, outer) || !covers("*", inner) {
			t.Errorf("%q does not cover itself, or * does not cover %q", outer, inner)
		}
		for _, r := range path {
			if !strings.ContainsRune(patternCharacters, r) {
				return
			}
		}
		if strings.HasPrefix(path, "/") && covers(outer, inner) && matcher(inner).MatchString(path) && !matcher(outer).MatchString(path) {
			t.Errorf("%q covers %q, which alone matches %q", outer, inner, path)
		}
	})
}

func TestPatternsThatShareAPath(t *testing.T) {
	tests := []struct {
		a, b string
		want bool
	}{
		{"*", "/", true},
		{"/", "/", true},
		{"/", "/?", false},
		{"/a/*", "/a/b/*", true},
		{"/a/*", "/a", false},
		{"/a/*", "/A/*", false},
		{"/a/*", "*.jpg", true},
		{"/a/*.png", "*.jpg", false},
		{"/a?c", "/abc", true},
		{"/a?c", "/a??c", false},
		{"/a??c", "/a*c", true},
		{"/*ab", "/*ba*", true},
		{"/a*", "*b", true},
		{"/assets/*", "/asset/premium/*", false},
		// A path starts with a slash.
		{"a*", "/*", false},
		{"*/x", "/x", true},
		{"*?", "/", true},
		{"/" + strings.Repeat("*a", 127), "/" + strings.Repeat("a*", 127), true},
		{"/" + strings.Repeat("*a", 127), "/" + strings.Repeat("b*", 127), true},
		{"/*a", "/*b", false},
	}
	for _, test := range tests {
		if intersect(test.a, test.b) != test.want || intersect(test.b, test.a) != test.want {
			t.Errorf("%s and %s share a path: want %v", test.a, test.b, test.want)
		}
	}
}

func TestIntersectionAgreesWithEveryPath(t *testing.T) {
	paths, pattern := shortPaths(), randomPatterns()
	apart := 0
	for range 1500 {
		a, b := pattern(), pattern()
		matchesA, matchesB := matcher(a), matcher(b)
		want := slices.ContainsFunc(paths, func(path string) bool { return matchesA.MatchString(path) && matchesB.MatchString(path) })
		if !want {
			apart++
		}
		if got := intersect(a, b); got != want {
			t.Errorf("%s and %s share a path: %v, want %v", a, b, got, want)
		}
	}
	if apart < 200 || apart > 1300 {
		t.Errorf("%d of 1500 pairs share no path: the patterns tell nothing", apart)
	}
}

func FuzzIntersect(f *testing.F) {
	f.Add("/a/*", "*b?", "/a/bc")
	f.Fuzz(func(t *testing.T, a, b, path string) {
		if !arePatterns(a, b) {
			return
		}
		got := intersect(a, b)
		if got != intersect(b, a) || covers(a, b) && !got {
			t.Errorf("%q and %q: %v, though not the other way round, or though one covers the other", a, b, got)
		}
		for _, r := range path {
			if !strings.ContainsRune(patternCharacters, r) {
				return
			}
		}
		if strings.HasPrefix(path, "/") && matcher(a).MatchString(path) && matcher(b).MatchString(path) && !got {
			t.Errorf("%q and %q both match %q", a, b, path)
		}
	})
}
