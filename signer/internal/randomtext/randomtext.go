// Package randomtext tells base64 that chance has made, as a private key is, from
// names that people and programs make.
package randomtext

import (
	"regexp"
	"strings"
)

// Is reports whether a text with capitals and small letters is likelier to
// be base64 that chance has made than a name: whether the weights of its
// characters add up to more than 0. UUIDs and hashes in hexadecimal, which many
// names hold and base64 does not, are left out.
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
	other = iota // what stands between words, and + and /
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

// randomWeight holds the weight of a character by its kind, the last index, and
// the kinds of the two characters before it: twice the natural logarithm of how
// much likelier the kind is there in base64 than in a name. A small letter after
// a small letter weighs for a name, a digit between letters for base64. The
// weights were counted in 69,000 names with capitals and small letters of 36
// characters and more: functions of Go modules, and files of the programs and
// manuals of one machine.
var randomWeight = [4][4][4]int{
	{{5, 2, -1, 14}, {5, 1, -1, 5}, {4, 14, -2, 4}, {-3, 8, 6, -3}},
	{{4, -1, 3, 2}, {-3, -1, 3, 3}, {9, 4, -2, 9}, {-2, 1, 7, -3}},
	{{0, 0, 0, 3}, {11, 5, -2, 8}, {-1, 3, -1, 7}, {-4, 4, 2, -2}},
	{{5, 0, 0, 0}, {1, -1, 0, 3}, {2, 7, 0, -3}, {-5, 4, 2, -2}},
}
