package config

import (
	"fmt"
	"strings"

	"github.com/signedfront/signedfront/signer"
)

// Problem is one mistake. Its texts never contain a private key.
type Problem struct {
	Path  string // where it is, such as environments.dev.region
	Found string // what was found
	Fix   string // what to write instead
}

// String returns the text "path: found; fix".
func (p Problem) String() string { return p.Path + ": " + p.Found + "; " + p.Fix }

// Problems is a list of mistakes. It is an error.
type Problems []Problem

// Error returns one line for a single problem. For several problems it returns
// their number and an indented line for each.
func (p Problems) Error() string {
	if len(p) == 1 {
		return p[0].String()
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%d problems:", len(p))
	for _, problem := range p {
		b.WriteString("\n  " + problem.String())
	}
	return b.String()
}

// Quote returns a caller's value in quotes, for an error. It describes a value that
// may be a private key instead of quoting it, as [signer.Describe] does.
func Quote(text string) string { return quote(text) }

func quote(text string) string {
	switch {
	case text == "":
		return `""`
	case holdsPrivateKey(text):
		return "a private key"
	case holdsKey(text):
		return "what looks like a key"
	}
	described := signer.Describe(text, signer.FormText)
	if !strings.HasPrefix(described, `"`) {
		described = signer.Describe(text, signer.FormName)
	}
	return described
}

// quotePart quotes a part of a value, if the whole value may be quoted: a short part
// of a key may look like a word.
func quotePart(part, whole string) string {
	if !isQuotable(whole) {
		return "that part of it"
	}
	return quote(part)
}

// isQuotable reports whether quote puts a string.
func isQuotable(text string) bool { return strings.HasPrefix(quote(text), `"`) }

// choices returns the allowed words in quotes: "a", "b" or "c".
func choices(allowed []string) string {
	quoted := make([]string, len(allowed))
	for i, a := range allowed {
		quoted[i] = quote(a)
	}
	return alternatives(quoted)
}

// alternatives returns "a", "a or b" or "a, b or c".
func alternatives(words []string) string {
	last := max(len(words)-1, 0)
	if last == 0 {
		return strings.Join(words, "")
	}
	return strings.Join(words[:last], ", ") + " or " + words[last]
}

// didYouMean returns a hint with the allowed word that is nearest to a misspelt
// word, or "".
func didYouMean(word string, allowed []string) string {
	if near := Nearest(word, allowed); near != "" {
		return fmt.Sprintf("; did you mean %s?", quote(near))
	}
	return ""
}
