package redact

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/signedfront/signedfront/signer"
	"github.com/signedfront/signedfront/signer/internal/randomtext"
)

// File returns the name of a file or folder. If it may be a private key, File
// returns its description in parentheses.
func File(name string) string { return plain(name, signer.FormFile) }

// Command returns a command line with each word as File returns it.
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
		return word // lower-case letters only, as most commands
	}
	return plain(word, signer.FormText)
}

// Output returns the output of a program without lines that may be part of a
// private key: PEM lines, and lines with a word as long as a line of a key. A shell
// that reads a key as commands also prints its shorter words, so near such a line
// few other lines are shown.
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
			lines[i] = fmt.Sprintf("(a line of %d bytes, left out: it may be part of a private key)", len(line))
		}
	}
	return strings.Join(lines, "\n")
}

// longestWord returns the length of the longest word of a line that may be base64.
// A word of lower-case letters only, or of digits only, does not count. Unless
// paths is set, a word with as many slashes as a path does not count either, if its
// letters are not random.
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
