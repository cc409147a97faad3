package signer

import (
	"regexp"
	"strings"
	"testing"
	"unicode/utf8"
)

func TestAStarIsAnyCharactersAndAQuestionMarkIsOne(t *testing.T) {
	for _, test := range []struct {
		pattern, text string
		want          bool
	}{
		{"", "", true},
		{"", "a", false},
		{"*", "", true},
		{"**", "a/b", true},
		{"a", "a", true},
		{"a", "A", false},
		{"a*", "a", true},
		{"*a", "ba", true},
		{"*a", "ab", false},
		{"a*a", "a", false},
		{"a*b*c", "aXbYbZc", true},
		{"a*b*c", "aXcYb", false},
		{"*", "/any/thing", true},
		{"/images/*", "/images/", true},
		{"/images/*", "/images/a/b.jpg", true},
		{"/images/*", "/images", false},
		{"*.jpg", "/a/b.jpg", true},
		{"*.jpg", "/a/b.jpg.png", false},
		{"/a?c", "/ac", false},
		{"/a?c", "/abbc", false},
		{"/a??", "/abc", true},
		{"?*", "", false},
		{"[a-z]", "b", false},
		{"\\*", "*", false},
		{strings.Repeat("*a", 30), strings.Repeat("a", 5000) + "b", false}, // in no time
		{"a*b?*c", "abc", false},
		{"a*b?*c", "abbc", true},
		{"a*aab*b", "aaaabb", true},
		{"?", "", false},
		{"?", "ab", false},
		{"?", "日", true},
		{"??", "日", false},
		{"a?c", "a日c", true},
		{"*a?c*", "日a日c日", true},
		{"日*", "日本", true},
		{"?", "\xff", true},
		{"\xff", "\xff", true},
		{"\xff", "\xfe", false},
		{"\xff", "\uFFFD", false},
		{"\uFFFD", "\xff", false},
		{"*\xa5*", "日", false},
		{"*" + strings.Repeat("?", 64), strings.Repeat("a", 64), true},
		{"*" + strings.Repeat("?", 65), strings.Repeat("a", 64), false},
		{"*" + strings.Repeat("a?", 64) + "*", strings.Repeat("b", 70) + strings.Repeat("ab", 64), true},
		{"*" + strings.Repeat("a?", 64) + "*", strings.Repeat("b", 70) + strings.Repeat("ab", 63), false},
		{strings.Repeat("a", 64) + "*b", strings.Repeat("a", 200) + "b", true},
		{strings.Repeat("ab", 100), strings.Repeat("ab", 100), true},
	} {
		if got := MatchPattern(test.pattern, test.text); got != test.want {
			t.Errorf("%q covers %q: %t", test.pattern, test.text, got)
		}
		if strings.ContainsFunc(test.pattern+test.text, func(c rune) bool { return c >= utf8.RuneSelf }) {
			continue
		}
		if got := matchBytes(test.pattern, test.text); got != test.want {
			t.Errorf("in bytes, %q covers %q: %t", test.pattern, test.text, got)
		}
	}
	if matchBytes("?", "é") || !matchBytes("??", "é") {
		t.Error("a ? of Match is no byte")
	}
}

// These patterns are the slowest for matchers that backtrack.
func TestTheCostOfAPatternGrowsNoFasterThanItsLength(t *testing.T) {
	for name, c := range map[string]struct {
		pattern, text func(n int) string
	}{
		"two stars and an end that is not there": {
			func(n int) string { return "/*" + strings.Repeat("a", n/2) + "b*" },
			func(n int) string { return "/" + strings.Repeat("a", n) }},
		"many stars": {
			func(n int) string { return "/" + strings.Repeat("*a", n/2) + "b*" },
			func(n int) string { return "/" + strings.Repeat("a", n) }},
		"many stars and longer parts": {
			func(n int) string { return "/" + strings.Repeat("*ab", n/3) + "b*" },
			func(n int) string { return "/" + strings.Repeat("aab", n/3) }},
		"wildcards for one character": {
			func(n int) string { return "/*" + strings.Repeat("a?", 30) + "b*" },
			func(n int) string { return "/" + strings.Repeat("a", n) }},
		"borders within borders": {
			func(n int) string { return "/*" + strings.Repeat("aab", n/6) + "c*" },
			func(n int) string { return "/" + strings.Repeat("aab", n/3) }},
	} {
		steps := func(n int) int {
			var m matcher[byte]
			if m.match([]byte(c.pattern(n)), []byte(c.text(n))) {
				t.Errorf("%s, %d bytes: it matches", name, n)
			}
			if m.steps > 12*n {
				t.Errorf("%s: %d steps for %d bytes", name, m.steps, n)
			}
			return m.steps
		}
		if short, long := steps(2000), steps(8000); long > 4*short+100 {
			t.Errorf("%s: four times the length costs %d steps in place of %d", name, long, short)
		}
	}
}

// asRegexp returns a UTF-8 pattern as a regular expression.
func asRegexp(pattern string) *regexp.Regexp {
	return regexp.MustCompile(`(?s)\A` + strings.NewReplacer(`\*`, ".*", `\?`, ".").Replace(regexp.QuoteMeta(pattern)) + `\z`)
}

// FuzzMatch compares any pattern with any text as a regular expression does.
func FuzzMatch(f *testing.F) {
	for _, pattern := range []string{"*", "/images/*.jp?g", "a*b*c", "??", "日*", "**a", "*" + strings.Repeat("e?", 40) + "*"} {
		f.Add(pattern, "/images/a.jpeg")
	}
	f.Fuzz(func(t *testing.T, pattern, text string) {
		inCharacters, inBytes := MatchPattern(pattern, text), matchBytes(pattern, text)
		if !utf8.ValidString(pattern) || !utf8.ValidString(text) || len(pattern) > 500 || len(text) > 5000 {
			return
		}
		want := asRegexp(pattern).MatchString(text)
		if inCharacters != want {
			t.Fatalf("%q covers %q: %t", pattern, text, inCharacters)
		}
		if len(text) == utf8.RuneCountInString(text) && inBytes != want {
			t.Fatalf("in bytes, %q covers %q: %t", pattern, text, inBytes)
		}
	})
}

// BenchmarkAPatternThatGoesBack is the worst case of a matcher that backtracks. The
// time grows linearly with the text, and with the pattern's length in steps of 64.
func BenchmarkAPatternThatGoesBack(b *testing.B) {
	for name, pattern := range map[string]string{
		"star": "*",
		"64":   "*" + strings.Repeat("a", 60) + "*b",
		"255":  "*" + strings.Repeat("a", 120) + "?" + strings.Repeat("a", 130) + "*b",
	} {
		for _, n := range []int{2048, 8192} {
			text := strings.Repeat("a", n)
			b.Run(name+"/"+map[int]string{2048: "2048", 8192: "8192"}[n], func(b *testing.B) {
				for b.Loop() {
					if MatchPattern(pattern, text) != (pattern == "*") {
						b.Fatal("covered")
					}
				}
			})
		}
	}
}

func TestAPatternOfStarsMatchesAsAnyOther(t *testing.T) {
	pieces := []string{"", "a", "b", "ab", "é", "\xc3", "\xa9", "日", "/"}
	texts := map[string]bool{}
	for _, a := range pieces {
		for _, b := range pieces {
			for _, c := range pieces {
				texts[a+b+c] = true
			}
		}
	}
	tried := 0
	for pattern := range texts {
		if !utf8.ValidString(pattern) {
			continue
		}
		for _, pattern := range []string{pattern, "*" + pattern, pattern + "*", "*" + pattern + "*", strings.Join(strings.Split(pattern, ""), "*")} {
			for text := range texts {
				tried++
				if got, want := matchStars(pattern, text), new(matcher[rune]).match(characters(pattern), characters(text)); got != want {
					t.Fatalf("%q on %q: %v, want %v", pattern, text, got, want)
				}
			}
		}
	}
	if tried < 10_000 {
		t.Errorf("%d were tried", tried)
	}
}
