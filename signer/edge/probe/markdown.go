package probe

import (
	"fmt"
	"io"
	"strings"
)

// WriteMarkdown writes the answers as a table, for the summary of a workflow
// or an issue.
func WriteMarkdown(w io.Writer, answers []Answer) error {
	var b strings.Builder
	b.WriteString("| question | request | CloudFront | the local edge | |\n| --- | --- | --- | --- | --- |\n")
	before := ""
	for _, a := range answers {
		question := ""
		if a.Question != before {
			question, before = a.Question, a.Question
		}
		verdict := ""
		switch {
		case a.Differs() && a.Certain:
			verdict = "**differs from the documentation**"
		case a.Differs():
			verdict = "**differs**"
		}
		fmt.Fprintf(&b, "| %s | %s | %s | %s | %s |\n", question, a.Request, a.Got, a.Want, verdict)
	}
	_, err := io.WriteString(w, b.String())
	return err
}
