package config

import "slices"

// intersect reports whether there is a path that both path patterns match.
func intersect(a, b string) bool {
	return slices.ContainsFunc(rootedPatterns(a), func(a string) bool {
		return slices.ContainsFunc(rootedPatterns(b), func(b string) bool { return intersectRooted(a, b) })
	})
}

// intersectRooted looks for a text that both patterns match, from their ends:
// common[j] tells it of what is left of a, and of b from its jth character on.
func intersectRooted(a, b string) bool {
	common := make([]bool, len(b)+1)
	for i := len(a); i >= 0; i-- {
		shorter := common // of what is left of a without its first character
		common = make([]bool, len(b)+1)
		for j := len(b); j >= 0; j-- {
			switch {
			case i == len(a) && j == len(b):
				common[j] = true
			case i < len(a) && a[i] == '*':
				common[j] = shorter[j] || j < len(b) && common[j+1]
			case j < len(b) && b[j] == '*':
				common[j] = common[j+1] || i < len(a) && shorter[j]
			case i < len(a) && j < len(b):
				common[j] = (a[i] == b[j] || a[i] == '?' || b[j] == '?') && shorter[j+1]
			}
		}
	}
	return common[0]
}
