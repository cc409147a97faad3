package main

// closest is the name that is nearest to a mistyped word, and empty if none is
// near.
func closest(word string, names []string) string {
	const near = 2
	best, least := "", near+1
	for _, name := range names {
		if d := editDistance(word, name); d < least && d < len(word) {
			best, least = name, d
		}
	}
	return best
}

// editDistance is Levenshtein's: how many letters must be put in, taken out or
// changed to get from a to b.
func editDistance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := diagonal
			if a[i] != b[j] {
				cost = 1 + min(diagonal, row[j], row[j+1])
			}
			diagonal, row[j+1] = row[j+1], cost
		}
	}
	return row[len(b)]
}
