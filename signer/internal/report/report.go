// Package report writes the reports of packages status, doctor and unknowns, as text and
// as JSON.
//
// Color is used only if the caller asks for it, and carries no information that the text
// does not have.
package report

import (
	"encoding/json"
	"fmt"
	"io"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"
	"unicode"

	"github.com/signedfront/signedfront/signer/internal/status"
)

// JSON writes a report as indented JSON.
func JSON(w io.Writer, r any) error {
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	return enc.Encode(r)
}

// Screen writes a report of package status as text: the parts of the environment, a
// table of its keys, then what is wrong and what could not be read.
func Screen(w io.Writer, r *status.Report, color bool) error {
	s := &screen{color: color, now: r.Time}
	s.environment(r)
	s.keys(r)
	s.findings(r.Findings)
	s.unread(r.Unread)
	switch {
	case r.Healthy:
		s.printf("\n%s\n", s.paint(green, "healthy: nothing is wrong"))
	case len(r.Findings) == 0:
		s.printf("\n%s\n", s.paint(yellow, "not known: nothing wrong was found, but not everything was read"))
	}
	_, err := io.WriteString(w, s.b.String())
	return err
}

type screen struct {
	b     strings.Builder
	color bool
	now   time.Time
}

// Colors of a terminal: https://ecma-international.org/publications-and-standards/standards/ecma-48/
const (
	red    = "31"
	green  = "32"
	yellow = "33"
)

func (s *screen) paint(color, text string) string {
	if !s.color {
		return text
	}
	return "\x1b[" + color + "m" + text + "\x1b[0m"
}

func (s *screen) printf(format string, args ...any) { fmt.Fprintf(&s.b, format, args...) }

// line writes a line of the first table, unless all parts are empty.
func (s *screen) line(name string, parts ...string) {
	var said []string
	for _, part := range parts {
		if part != "" {
			said = append(said, plain(part))
		}
	}
	if len(said) > 0 {
		s.printf("%-12s %s\n", name, strings.Join(said, ", "))
	}
}

func (s *screen) environment(r *status.Report) {
	s.line("ENVIRONMENT", r.Environment, r.Region, r.Parameter)
	if v := r.Served; v != nil {
		state := "deployed " + s.ago(v.Changed)
		if !v.Deployed {
			state = "in progress: not every edge has the change of " + stamp(v.Changed)
		}
		if !v.Enabled {
			state = "disabled"
		}
		s.line("SERVED", v.URL, v.DistributionID, state)
	}
	if p := r.Protection; p != nil {
		signed, public, termination, bucket := "no signature required", "", "", ""
		if p.Signed {
			signed = "signature required"
		}
		if len(p.Public) > 0 {
			public = "public: " + strings.Join(p.Public, " ")
		}
		if t := p.Termination; t != nil && *t {
			termination = "stack protected from deletion"
		} else if t != nil {
			termination = "stack can be deleted"
		}
		if b := p.PublicAccessBlocked; b != nil && *b {
			bucket = "bucket closed to the public"
		} else if b != nil {
			bucket = "bucket not closed to the public"
		}
		s.line("PROTECTION", signed, public, termination, bucket)
	}
	if v := r.Stack; v != nil {
		s.line("STACK", v.Name, v.State, s.ago(v.Updated))
	}
	if v := r.Bucket; v != nil {
		encrypted := ""
		if v.KMSKey != "" {
			encrypted = "encrypted with " + v.KMSKey
		}
		s.line("BUCKET", v.Name+v.Path, v.Region, v.Access, encrypted)
	}
	if r.Lender != "" {
		s.line("LENDER", r.Lender)
	}
	s.line("BORROWERS", strings.Join(r.Borrowers, " "))
	var quotas []string
	for _, q := range r.Quotas {
		quotas = append(quotas, fmt.Sprintf("%s: %d used, %d left of %d", q.Name, q.Used, max(q.Limit-q.Used, 0), q.Limit))
	}
	s.line("QUOTAS", strings.Join(quotas, "; "))
}

func (s *screen) keys(r *status.Report) {
	if len(r.Keys) == 0 {
		return
	}
	s.printf("\n")
	table := tabwriter.NewWriter(&s.b, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "KEY\tID\tALGORITHM\tAGE\tSTATE\tSINCE\tUNTIL\tTRUSTED\tMAY NOW")
	for _, k := range r.Keys {
		number := "-"
		if k.Number > 0 {
			number = strconv.Itoa(k.Number)
		}
		trusted := "no"
		if k.Trusted {
			trusted = "yes"
		}
		fmt.Fprintln(table, strings.Join([]string{number, k.ID, orDash(k.Algorithm), s.age(k.Created), k.State, stampOrDash(k.Since), stampOrDash(k.Until), trusted, orDash(strings.Join(k.May, " "))}, "\t"))
	}
	table.Flush()
	if n := r.Next; n != nil {
		s.printf("\n")
		s.line("SAFE NOW", n.Safe...)
		if n.From != nil {
			s.line("SAFE LATER", stamp(*n.From)+" ("+n.Why+")")
		}
	}
}

func (s *screen) findings(findings []status.Finding) {
	if len(findings) == 0 {
		return
	}
	s.printf("\n%s\n", s.paint(red, fmt.Sprintf("FOUND %d", len(findings))))
	for _, f := range findings {
		s.printf("%s: %s\n  meaning: %s\n  do: %s\n", s.paint(red, f.Check), plain(f.What), plain(f.Meaning), plain(f.Do))
	}
}

func (s *screen) unread(unread []status.Unread) {
	if len(unread) == 0 {
		return
	}
	s.printf("\n%s\n", s.paint(yellow, fmt.Sprintf("NOT READ %d", len(unread))))
	for _, u := range unread {
		s.printf("%s: %s\n", u.Line, plain(u.Why))
	}
}

// ago returns a time and how long ago it was.
func (s *screen) ago(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return stamp(t) + " (" + s.age(&t) + " ago)"
}

// age returns how long ago a time was, as kubectl prints it.
func (s *screen) age(t *time.Time) string {
	if t == nil || t.IsZero() {
		return "-"
	}
	switch d := max(s.now.Sub(*t), 0); {
	case d < time.Minute:
		return strconv.Itoa(int(d.Seconds())) + "s"
	case d < time.Hour:
		return strconv.Itoa(int(d.Minutes())) + "m"
	case d < 48*time.Hour:
		return strconv.Itoa(int(d.Hours())) + "h"
	default:
		return strconv.Itoa(int(d.Hours()/24)) + "d"
	}
}

func stamp(t time.Time) string { return t.UTC().Format(time.RFC3339) }

func stampOrDash(t *time.Time) string {
	if t == nil {
		return "-"
	}
	return stamp(*t)
}

func orDash(text string) string {
	if text == "" {
		return "-"
	}
	return text
}

// plain returns text as it is if every character is printable, and quoted otherwise.
func plain(text string) string {
	for _, c := range text {
		if !unicode.IsPrint(c) || c == unicode.ReplacementChar {
			return strconv.Quote(text)
		}
	}
	return text
}
