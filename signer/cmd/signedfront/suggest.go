package main

import "strings"

// plain leaves out what does not tell names apart: capitals, and what stands
// between the words of one.
func plain(name string) string {
	return strings.NewReplacer("-", "", "_", "").Replace(strings.ToLower(name))
}

// closest is the name that is nearest to a mistyped word, and empty if none is
// near.
func closest(word string, names []string) string {
	near := 2
	if len(word) < 5 {
		near = 1
	}
	best, least := "", near+1
	for _, name := range names {
		if plain(name) == plain(word) {
			return name
		}
		if d := editDistance(word, name); d < least && d < len(word) {
			best, least = name, d
		}
	}
	return best
}

// editDistance is how many letters must be put in, taken out, changed or swapped
// with the next one to get from a to b.
func editDistance(a, b string) int {
	before, row := make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		next := make([]int, len(b)+1)
		next[0] = i + 1
		for j := range len(b) {
			next[j+1] = min(row[j+1], next[j]) + 1
			if a[i] == b[j] {
				next[j+1] = min(next[j+1], row[j])
			} else {
				next[j+1] = min(next[j+1], row[j]+1)
			}
			if i > 0 && j > 0 && a[i] == b[j-1] && a[i-1] == b[j] {
				next[j+1] = min(next[j+1], before[j-1]+1)
			}
		}
		before, row = row, next
	}
	return row[len(b)]
}
