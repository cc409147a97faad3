package config

import (
	"slices"
	"strings"
	"testing"
)

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
