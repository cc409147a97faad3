package redact

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/signedfront/signedfront/signer"
	"github.com/signedfront/signedfront/signer/internal/randomtext"
)

// File returns the name of a file or a folder as it is, or its description in
// parentheses where it may be a private key.
func File(name string) string { return plain(name, signer.FormFile) }

// Command returns the line of a command, each word as File returns a name.
func Command(line string) string {
	words := strings.Fields(line)
	for i, word := range words {
		words[i] = commandWord(word)
	}
	if strings.Contains(line, "-----BEGIN") {
		return "(" + signer.Describe(line, signer.FormText) + ")"
	}
	return strings.Join(words, " ")
}

func commandWord(word string) string {
	if strings.Trim(word, "abcdefghijklmnopqrstuvwxyz0123456789-_./\"'=&|;>$() ") == "" {
		return word // of small letters, as most commands
	}
	return plain(word, signer.FormText)
}

// Output returns what a program printed, without the lines that may be of a
// private key: those of PEM, and those with a word as long as a line of it. A
// shell that took a key for commands prints its shorter words too, so that where
// there is such a line, few others are shown.
func Output(text string) string {
	lines := strings.Split(text, "\n")
	hidden := make([]bool, len(lines))
	inKey := false
	for i, line := range lines {
		begins := strings.Contains(line, "-----BEGIN")
		hidden[i] = begins || inKey || longestWord(line, false) > 48
		inKey = (begins || inKey) && !strings.Contains(line, "-----END")
	}
	found := slices.Contains(hidden, true)
	for i, line := range lines {
		if hidden[i] || found && longestWord(line, true) > 11 {
			lines[i] = fmt.Sprintf("(a line of %d bytes, left out: it may be of a private key)", len(line))
		}
	}
	return strings.Join(lines, "\n")
}

// longestWord returns how long the longest word of a line is that may be base64.
// One of small letters or digits alone is none, and unless paths count, nor is one
// with as many slashes as a path has whose letters are not random.
func longestWord(line string, paths bool) int {
	longest := 0
	for _, word := range strings.FieldsFunc(line, func(c rune) bool {
		return !strings.ContainsRune("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/", c)
	}) {
		if strings.ToLower(word) != word && (paths || strings.Count(word, "/")*12 < len(word) || randomtext.Is(word)) {
			longest = max(longest, len(word))
		}
	}
	return longest
}

func plain(value string, form signer.Form) string {
	described := signer.Describe(value, form)
	if plain, err := strconv.Unquote(described); err == nil {
		return plain
	}
	return "(" + described + ")"
}
