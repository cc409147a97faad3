package report

import (
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/signedfront/signedfront/signer/internal/unknowns"
)

// Unknowns writes a report of package unknowns as Markdown for an issue.
func Unknowns(w io.Writer, r *unknowns.Report) error {
	var b strings.Builder
	differs, answered, unanswered := 0, 0, 0
	fmt.Fprintf(&b, "### What CloudFront answers\n\nAsked on %s. Key: %s. Hash: %s.\n\n| question | request | CloudFront | local edge |\n| --- | --- | --- | --- |\n", r.Time.Format(time.DateOnly), r.Algorithm, r.Hash)
	question := ""
	for _, a := range r.Answers {
		if a.Request == "" {
			continue
		}
		answer := a.CloudFront
		if a.Answered() {
			answered++
		} else {
			unanswered++
			answer = "not answered: " + a.Why
		}
		if a.Differs() {
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
	fmt.Fprintf(&b, "\n%d of %d answers differ from those of the local edge.", differs, answered)
	if unanswered > 0 {
		fmt.Fprintf(&b, " Requests without an answer: %d.", unanswered)
	}
	fmt.Fprint(&b, "\n\nNot asked:\n\n")
	for _, a := range r.Answers {
		if a.Request == "" {
			fmt.Fprintf(&b, "- %s: %s\n", plain(a.Question), plain(a.Why))
		}
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// cell returns text as a cell of a Markdown table.
func cell(text string) string { return strings.ReplaceAll(plain(text), "|", `\|`) }
