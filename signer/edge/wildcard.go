package edge

import "unicode/utf8"

// wildcard reports whether pattern covers the whole of s. In a pattern, * is
// any number of characters, none included, and ? is exactly one. Everything
// else stands for itself. CloudFront's path patterns and the wildcards of a
// bucket policy are read alike.
//
// It reads s once, and keeps for each place of the pattern, as a bit, whether
// what was read may end there: nothing is tried twice.
func wildcard(pattern, s string) bool {
	var tokens []rune      // of the pattern but its stars; anyOne for a ?
	stars := []int{}       // the places in tokens where a star stands
	for len(pattern) > 0 { // no star or ? is part of another character
		c, size := character(pattern)
		switch pattern = pattern[size:]; c {
		case '*':
			stars = append(stars, len(tokens))
		case '?':
			tokens = append(tokens, anyOne)
		default:
			tokens = append(tokens, c)
		}
	}
	words := len(tokens)/64 + 1
	stay := make([]uint64, words)
	for _, place := range stars {
		stay[place/64] |= 1 << (place % 64)
	}
	every := make([]uint64, words) // the places that a character moves on from: here any
	moves := map[rune][]uint64{}   // and here one that the pattern names
	for i, token := range tokens {
		if token == anyOne {
			every[i/64] |= 1 << (i % 64)
		} else if moves[token] == nil {
			moves[token] = make([]uint64, words)
		}
	}
	for c := range moves {
		copy(moves[c], every)
	}
	for i, token := range tokens {
		if token != anyOne {
			moves[token][i/64] |= 1 << (i % 64)
		}
	}

	at := make([]uint64, words)
	at[0] = 1
	for len(s) > 0 {
		c, size := character(s)
		s = s[size:]
		move, named := moves[c]
		if !named {
			move = every
		}
		var carry, alive uint64
		for i, places := range at {
			moved := places & move[i]
			at[i] = moved<<1 | carry | places&stay[i]
			carry = moved >> 63
			alive |= at[i]
		}
		if alive == 0 {
			return false
		}
	}
	return at[words-1]>>(len(tokens)%64)&1 != 0
}

// anyOne is the token of a ?.
const anyOne = utf8.MaxRune + 1

// character reads the first character of a text. A byte that is not UTF-8 is one
// of its own.
func character(s string) (c rune, size int) {
	c, size = utf8.DecodeRuneInString(s)
	if c == utf8.RuneError && size == 1 {
		return -rune(s[0]), 1
	}
	return c, size
}
