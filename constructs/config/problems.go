package config

import (
	"fmt"
	"strings"

	"github.com/signedfront/signedfront/signer"
)

// Problem is one thing that is wrong. Its texts hold no private key.
type Problem struct {
	Path  string // where, such as environments.dev.region
	Found string // what is there
	Fix   string // what to write instead
}

// String returns the problem as an error has it: path: found; fix.
func (p Problem) String() string { return p.Path + ": " + p.Found + "; " + p.Fix }

// Problems is everything that is wrong, as one error.
type Problems []Problem

// Error returns a line for one problem, and an indented line for each of
// several.
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

// Quote returns a value of a caller's in quotes, for an error. One that may be a
// private key is described instead, by [signer.Describe] and by what looks like
// a key beside that.
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

// quotePart is quote of a part of a value: a short part of a key may look like a
// word.
func quotePart(part, whole string) string {
	if !isQuotable(whole) {
		return "that part of it"
	}
	return quote(part)
}

// isQuotable reports whether quote puts a text in quotes.
func isQuotable(text string) bool { return strings.HasPrefix(quote(text), `"`) }

// choices are the words of which one is to be written.
func choices(allowed []string) string {
	quoted := make([]string, len(allowed))
	for i, a := range allowed {
		quoted[i] = quote(a)
	}
	return alternatives(quoted)
}

// alternatives are "a", "a or b", "a, b or c".
func alternatives(words []string) string {
	last := max(len(words)-1, 0)
	if last == 0 {
		return strings.Join(words, "")
	}
	return strings.Join(words[:last], ", ") + " or " + words[last]
}

// didYouMean names the allowed word that is nearest to a misspelt one, if one
// is near.
func didYouMean(word string, allowed []string) string {
	if near := Nearest(word, allowed); near != "" {
		return fmt.Sprintf("; did you mean %s?", quote(near))
	}
	return ""
}
