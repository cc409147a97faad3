// Package randomtext distinguishes random base64, such as a private key, from names
// that people and programs make.
package randomtext

import (
	"regexp"
	"strings"
)

// Is reports whether a text with upper and lower case is more likely random base64
// than a name: whether the weights of its characters add up to more than 0. UUIDs
// and hexadecimal hashes, which names often hold and base64 does not, are ignored.
func Is(text string) bool {
	text = hexID.ReplaceAllString(text, "")
	sum, before, last := 0, 0, 0
	for i := range len(text) {
		kind := kindOf(text[i])
		sum += randomWeight[before][last][kind]
		before, last = last, kind
	}
	return sum > 0 && strings.ToLower(text) != text && strings.ToUpper(text) != text
}

// hexID is a UUID, or a hash in hexadecimal.
var hexID = regexp.MustCompile(`(?i)[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|[0-9a-f]{16,}`)

const (
	other = iota // separators of words, and + and /
	capital
	small
	digit
)

func kindOf(c byte) int {
	switch {
	case 'A' <= c && c <= 'Z':
		return capital
	case 'a' <= c && c <= 'z':
		return small
	case '0' <= c && c <= '9':
		return digit
	}
	return other
}

// randomWeight holds the weight of a character by the kinds of the two characters
// before it and by its own kind, the last index: twice the natural logarithm of how
// much likelier the kind is there in base64 than in a name. Lower case after lower
// case is likelier in a name, a digit between letters in base64. The weights were
// counted in 69,000 names of 36 or more characters with upper and lower case:
// functions of Go modules, and files of the programs and manuals of one machine.
var randomWeight = [4][4][4]int{
	{{5, 2, -1, 14}, {5, 1, -1, 5}, {4, 14, -2, 4}, {-3, 8, 6, -3}},
	{{4, -1, 3, 2}, {-3, -1, 3, 3}, {9, 4, -2, 9}, {-2, 1, 7, -3}},
	{{0, 0, 0, 3}, {11, 5, -2, 8}, {-1, 3, -1, 7}, {-4, 4, 2, -2}},
	{{5, 0, 0, 0}, {1, -1, 0, 3}, {2, 7, 0, -3}, {-5, 4, 2, -2}},
}
