package report

import (
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/signedfront/signedfront/signer/internal/unknowns"
)

// Unknowns writes what a distribution answered to the questions of package unknowns
// as Markdown, which can be sent in as it is.
func Unknowns(w io.Writer, r *unknowns.Report) error {
	var b strings.Builder
	differs, asked := 0, 0
	fmt.Fprintf(&b, "### What CloudFront answers\n\nAsked on %s with a key of %s and %s.\n\n| question | request | CloudFront | local edge |\n| --- | --- | --- | --- |\n", r.Time.Format(time.DateOnly), r.Algorithm, r.Hash)
	question := ""
	for _, a := range r.Answers {
		if a.Request == "" {
			continue
		}
		asked++
		answer := a.CloudFront
		switch {
		case a.Why != "":
			answer = "not answered: " + a.Why
		case a.Differs():
			differs++
			answer = "**" + answer + "**"
		}
		first := a.Question
		if a.Question == question {
			first = ""
		}
		question = a.Question
		fmt.Fprintf(&b, "| %s | %s | %s | %s |\n", cell(first), cell(a.Request), cell(answer), cell(a.Edge))
	}
	fmt.Fprintf(&b, "\n%d of %d answers are not those of the local edge.\n\nNot asked:\n\n", differs, asked)
	for _, a := range r.Answers {
		if a.Request == "" {
			fmt.Fprintf(&b, "- %s: %s\n", plain(a.Question), plain(a.Why))
		}
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// cell is a text in a table of Markdown.
func cell(text string) string { return strings.ReplaceAll(plain(text), "|", `\|`) }
