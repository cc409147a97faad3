package cdkapp

import (
	"errors"
	"fmt"
	"io/fs"
	"os/exec"
	"slices"
	"strconv"
	"strings"

	"github.com/signedfront/signedfront/signer"
)

// shownFile is how an error names a file or a folder: as it is, or described
// where it may be a private key.
func shownFile(name string) string { return unquoted(name, signer.FormFile) }

// shownLine is how an error names a command: word by word, as shownFile.
func shownLine(line string) string {
	words := strings.Fields(line)
	for i, word := range words {
		words[i] = shownWord(word)
	}
	if strings.Contains(line, "-----BEGIN") {
		return "(" + signer.Describe(line, signer.FormText) + ")"
	}
	return strings.Join(words, " ")
}

func shownWord(word string) string {
	if strings.Trim(word, "abcdefghijklmnopqrstuvwxyz0123456789-_./\"'=&|;>$() ") == "" {
		return word // of small letters, as most commands
	}
	return unquoted(word, signer.FormText)
}

// shownOutput is what a program printed, without the lines that may be of a
// private key: those of PEM, and those with a word as long as a line of it. A
// shell that took a key for commands prints its shorter words too, so that where
// there is such a line, few others are shown.
func shownOutput(text string) string {
	lines := strings.Split(text, "\n")
	hidden := make([]bool, len(lines))
	longest, inKey := 48, false
	for i, line := range lines {
		begins := strings.Contains(line, "-----BEGIN")
		hidden[i] = begins || inKey || longestWord(line) > longest
		inKey = (begins || inKey) && !strings.Contains(line, "-----END")
	}
	if slices.Contains(hidden, true) {
		longest = 11
	}
	for i, line := range lines {
		if hidden[i] || longestWord(line) > longest {
			lines[i] = fmt.Sprintf("(a line of %d bytes, left out: it may be of a private key)", len(line))
		}
	}
	return strings.Join(lines, "\n")
}

// longestWord is how long the longest word of a line is that may be base64. One
// of small letters or digits alone is none, and nor is one with the slashes of a
// path.
func longestWord(line string) int {
	longest := 0
	for _, word := range strings.FieldsFunc(line, func(c rune) bool {
		return !strings.ContainsRune("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/", c)
	}) {
		if strings.ToLower(word) != word && strings.Count(word, "/")*12 < len(word) {
			longest = max(longest, len(word))
		}
	}
	return longest
}

func unquoted(value string, form signer.Form) string {
	described := signer.Describe(value, form)
	if plain, err := strconv.Unquote(described); err == nil {
		return plain
	}
	return "(" + described + ")"
}

// cause is the error of the operating system, without the name of the file or
// the program, which may be anything.
func cause(err error) error {
	var file *fs.PathError
	var program *exec.Error
	switch {
	case errors.As(err, &file):
		return file.Err
	case errors.As(err, &program):
		return program.Err
	}
	return err
}
