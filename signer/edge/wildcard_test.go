package edge

import (
	"regexp"
	"strings"
	"testing"
)

func TestAStarIsAnyCharactersAndAQuestionMarkIsOne(t *testing.T) {
	for _, test := range []struct {
		pattern, s string
		want       bool
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
		{"?", "", false},
		{"?", "ab", false},
		{"?", "日", true},
		{"??", "日", false},
		{"a?c", "a日c", true},
		{"日*", "日本", true},
		{"?", "\xff", true},
		{"\xff", "\xff", true},
		{"\xff", "\xfe", false},
		{"\xff", "\uFFFD", false},
		{"\uFFFD", "\xff", false},
		{"*" + strings.Repeat("?", 64), strings.Repeat("a", 64), true},
		{"*" + strings.Repeat("?", 65), strings.Repeat("a", 64), false},
		{strings.Repeat("a", 64) + "*b", strings.Repeat("a", 200) + "b", true},
		{strings.Repeat("ab", 100), strings.Repeat("ab", 100), true},
	} {
		if got := wildcard(test.pattern, test.s); got != test.want {
			t.Errorf("%q covers %q: %t", test.pattern, test.s, got)
		}
	}
}

// asRegexp is a pattern in another notation. It is for patterns of UTF-8.
func asRegexp(pattern string) *regexp.Regexp {
	return regexp.MustCompile(`(?s)\A` + strings.NewReplacer(`\*`, ".*", `\?`, ".").Replace(regexp.QuoteMeta(pattern)) + `\z`)
}

// BenchmarkAPatternThatGoesBack is the worst for a matcher that tries again: its
// time grows as that of a star alone, with the text and with the pattern's length
// in steps of 64.
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
					if wildcard(pattern, text) != (pattern == "*") {
						b.Fatal("covered")
					}
				}
			})
		}
	}
}
