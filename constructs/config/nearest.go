package config

import "strings"

// Nearest returns the name that is the fewest edits away from a mistyped word,
// ignoring letter case. An edit inserts, deletes or replaces a letter, or swaps two
// neighbors. Nearest returns "" if no name is within two edits or a third of the
// word's letters, or if it takes as many edits as the name has letters.
func Nearest(word string, names []string) string {
	if len(word) > 100 {
		return ""
	}
	near, least := "", max(2, len(word)/3)+1
	for _, name := range names {
		if n := edits(strings.ToLower(word), strings.ToLower(name)); n < least && n < len(name) {
			near, least = name, n
		}
	}
	return near
}

// edits returns how many edits turn a into b: the optimal string alignment
// distance.
func edits(a, b string) int {
	before, previous := make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range previous {
		previous[j] = j
	}
	for i := 1; i <= len(a); i++ {
		current := make([]int, len(b)+1)
		current[0] = i
		for j := 1; j <= len(b); j++ {
			replace := previous[j-1]
			if a[i-1] != b[j-1] {
				replace++
			}
			current[j] = min(replace, previous[j]+1, current[j-1]+1)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				current[j] = min(current[j], before[j-2]+1)
			}
		}
		before, previous = previous, current
	}
	return previous[len(b)]
}
