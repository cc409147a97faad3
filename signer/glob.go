package signer

import (
	"slices"
	"strings"
	"unicode/utf8"
)

// MatchPattern reports whether pattern matches the whole of text, such as the path
// pattern of a cache behavior and the path of a request. A * matches any characters
// or none, a ? exactly one, and any other character itself. A byte that is not
// UTF-8 is one character. MatchPattern knows nothing of URLs; Explain matches the
// resource of a policy section by section.
//
// Its time grows linearly with the two lengths, except that for a part between two
// stars that holds a ? it also grows with that part's length, in steps of 64.
func MatchPattern(pattern, text string) bool {
	if strings.IndexByte(pattern, '?') < 0 && utf8.ValidString(pattern) {
		return matchStars(pattern, text)
	}
	return new(matcher[rune]).match(characters(pattern), characters(text))
}

// matchStars is MatchPattern for a pattern without ?, as most are.
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

// matchBytes is MatchPattern where ? matches one byte.
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

// matcher counts the steps of its searches, so that a test can bound them.
type matcher[C byte | rune] struct{ steps int }

// match takes the first occurrence of each part between two stars: it leaves the
// longest rest, which matches whatever a shorter rest would.
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

// fits matches a pattern without stars against a text of the same length.
func fits[C byte | rune](pattern, text []C) bool {
	for i, c := range pattern {
		if c != text[i] && c != '?' {
			return false
		}
	}
	return true
}

// index returns the position of the first match of part in text, or -1.
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

// indexText is a Knuth-Morris-Pratt search. strings.Index is faster on ordinary
// texts, and slower on texts made to slow it down.
func (m *matcher[C]) indexText(text, part []C) int {
	border := make([]int, len(part)) // for each prefix of part, the longest prefix that is also its suffix
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

// indexLoosely searches for a part with ? in bit sets: bit i of state is set while
// the last i+1 characters of the text match the first i+1 of the part.
func (m *matcher[C]) indexLoosely(text, part []C) int {
	words := (len(part) + 63) / 64
	every := make([]uint64, words) // the positions of ? in the part
	takes := make(map[C][]uint64)  // the positions where each other character matches
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
