package signer

import (
	"slices"
	"strings"
	"unicode/utf8"
)

// MatchPattern reports whether a pattern covers the whole of a text, such as the
// path pattern of a cache behavior that of a request. A * stands for any
// characters, none included, a ? for exactly one, and everything else for itself.
// A byte that is not UTF-8 is a character of its own. It knows nothing of URLs:
// the resource of a policy is matched section by section, see [Explain].
//
// The time that it takes grows as the lengths of the two do, unless a part of
// the pattern between two stars has a ? in it: then it also grows with that
// part's length in steps of 64.
func MatchPattern(pattern, text string) bool {
	if strings.IndexByte(pattern, '?') < 0 && utf8.ValidString(pattern) {
		return matchStars(pattern, text)
	}
	return new(matcher[rune]).match(characters(pattern), characters(text))
}

// matchStars is MatchPattern for a pattern of stars and whole characters, most of
// them. Each part between two stars is looked for where it first stands.
func matchStars(pattern, text string) bool {
	part, rest, star := strings.Cut(pattern, "*")
	if !star {
		return pattern == text
	}
	text, ok := strings.CutPrefix(text, part)
	for ok {
		if part, rest, star = strings.Cut(rest, "*"); !star {
			return strings.HasSuffix(text, part)
		}
		_, text, ok = strings.Cut(text, part)
	}
	return false
}

// matchBytes is MatchPattern, with a ? for one byte.
func matchBytes(pattern, text string) bool {
	return new(matcher[byte]).match([]byte(pattern), []byte(text))
}

func characters(s string) []rune {
	list := make([]rune, 0, len(s))
	for len(s) > 0 {
		c, size := utf8.DecodeRuneInString(s)
		if c == utf8.RuneError && size == 1 {
			c = -rune(s[0])
		}
		list, s = append(list, c), s[size:]
	}
	return list
}

// matcher counts the steps of its searches, for a test of their cost.
type matcher[C byte | rune] struct{ steps int }

// match looks for each part between two stars where it first stands: what is left
// of the text is then the longest, and fits what any shorter rest would fit.
func (m *matcher[C]) match(pattern, text []C) bool {
	first := slices.Index(pattern, '*')
	if first < 0 {
		return len(pattern) == len(text) && fits(pattern, text)
	}
	head, tail := pattern[:first], pattern[first+1:]
	var parts []C
	if last := lastIndex(tail, '*'); last >= 0 {
		parts, tail = tail[:last+1], tail[last+1:]
	}
	if len(head)+len(tail) > len(text) || !fits(head, text[:len(head)]) || !fits(tail, text[len(text)-len(tail):]) {
		return false
	}
	text = text[len(head) : len(text)-len(tail)]
	for len(parts) > 0 {
		end := slices.Index(parts, '*')
		i := m.index(text, parts[:end])
		if i < 0 {
			return false
		}
		text, parts = text[i+end:], parts[end+1:]
	}
	return true
}

func lastIndex[C byte | rune](s []C, c C) int {
	for i := len(s) - 1; i >= 0; i-- {
		if s[i] == c {
			return i
		}
	}
	return -1
}

// fits matches a pattern without stars to a text of the same length.
func fits[C byte | rune](pattern, text []C) bool {
	for i, c := range pattern {
		if c != text[i] && c != '?' {
			return false
		}
	}
	return true
}

// index returns where a part of a pattern first stands in a text, or -1.
func (m *matcher[C]) index(text, part []C) int {
	switch {
	case len(part) > len(text):
		return -1
	case len(part) == 0:
		return 0
	case slices.Contains(part, '?'):
		return m.indexLoosely(text, part)
	}
	return m.indexText(text, part)
}

// indexText searches as Knuth, Morris and Pratt do. strings.Index is faster on
// texts as they are, and slower on texts that are made to be slow.
func (m *matcher[C]) indexText(text, part []C) int {
	border := make([]int, len(part)) // of each start of part, the longest start that also ends it
	for i, k := 1, 0; i < len(part); i++ {
		for ; k > 0 && part[i] != part[k]; k = border[k-1] {
			m.steps++
		}
		if part[i] == part[k] {
			k++
		}
		border[i] = k
		m.steps++
	}
	for i, k := 0, 0; i < len(text); i++ {
		for ; k > 0 && text[i] != part[k]; k = border[k-1] {
			m.steps++
		}
		if text[i] == part[k] {
			k++
		}
		m.steps++
		if k == len(part) {
			return i + 1 - k
		}
	}
	return -1
}

// indexLoosely searches for a part with a ? by bits: bit i of state is set while
// the last i+1 characters of the text fit the first i+1 of the part.
func (m *matcher[C]) indexLoosely(text, part []C) int {
	words := (len(part) + 63) / 64
	every := make([]uint64, words) // where in the part any character may stand
	takes := make(map[C][]uint64)  // where one that the part names may
	for i, c := range part {
		if c == '?' {
			every[i/64] |= 1 << (i % 64)
		} else if takes[c] == nil {
			takes[c] = make([]uint64, words)
		}
	}
	for i, c := range part {
		if c != '?' {
			takes[c][i/64] |= 1 << (i % 64)
		}
	}
	for _, takes := range takes {
		for i := range takes {
			takes[i] |= every[i]
		}
	}
	state := make([]uint64, words)
	for i, c := range text {
		may, named := takes[c]
		if !named {
			may = every
		}
		carry := uint64(1)
		for w, bits := range state {
			state[w] = (bits<<1 | carry) & may[w]
			carry = bits >> 63
			m.steps++
		}
		if state[words-1]>>((len(part)-1)%64)&1 != 0 {
			return i + 1 - len(part)
		}
	}
	return -1
}
