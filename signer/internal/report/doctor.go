package report

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"github.com/signedfront/signedfront/signer/internal/doctor"
)

// Doctor writes a report of package doctor as text: a table of the groups, then each
// check that failed, then why others could not be asked or were not asked. If all is
// set, the first table lists the checks instead of the groups.
func Doctor(w io.Writer, r *doctor.Report, all, color bool) error {
	s := &screen{color: color, now: r.Time}
	s.line("ASKED", r.URL, fmt.Sprintf("%d requests", r.Requests))
	s.printf("\n")
	if all {
		s.checks(r)
	} else {
		s.groups(r)
	}
	s.failed(r)
	s.without(r, "COULD NOT ASK", yellow, doctor.CouldNotAsk)
	s.without(r, "NOT ASKED", "", doctor.NotAsked)
	switch {
	case r.Healthy:
		s.printf("\n%s\n", s.paint(green, "healthy: every check that was asked passed"))
	case r.Count(doctor.Failed) == 0:
		s.printf("\n%s\n", s.paint(yellow, "not known: no check failed, but not every check could be asked"))
	}
	_, err := io.WriteString(w, s.b.String())
	return err
}

func (s *screen) checks(r *doctor.Report) {
	table := tabwriter.NewWriter(&s.b, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "GROUP\tCHECK\tRESULT\tASKS")
	for _, c := range r.Checks {
		fmt.Fprintln(table, strings.Join([]string{c.Group, plain(c.Check), string(c.Outcome), c.Asks}, "\t"))
	}
	table.Flush()
}

func (s *screen) groups(r *doctor.Report) {
	var names []string
	counts := map[string]map[doctor.Outcome]int{}
	for _, c := range r.Checks {
		if counts[c.Group] == nil {
			names, counts[c.Group] = append(names, c.Group), map[doctor.Outcome]int{}
		}
		counts[c.Group][c.Outcome]++
	}
	table := tabwriter.NewWriter(&s.b, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "GROUP\tPASSED\tFAILED\tCOULD NOT ASK\tNOT ASKED")
	for _, name := range names {
		n := counts[name]
		fmt.Fprintf(table, "%s\t%d\t%d\t%d\t%d\n", name, n[doctor.Passed], n[doctor.Failed], n[doctor.CouldNotAsk], n[doctor.NotAsked])
	}
	table.Flush()
}

func (s *screen) failed(r *doctor.Report) {
	n := r.Count(doctor.Failed)
	if n == 0 {
		return
	}
	s.printf("\n%s\n", s.paint(red, fmt.Sprintf("FAILED %d", n)))
	for _, c := range r.Checks {
		if c.Outcome == doctor.Failed {
			s.printf("%s: %s: %s\n  meaning: %s\n  do: %s\n", s.paint(red, plain(c.Check)), c.Asks, plain(c.What), plain(c.Meaning), plain(c.Do))
		}
	}
}

// without lists the checks with an outcome. Checks with the same reason share a line.
func (s *screen) without(r *doctor.Report, title, color string, o doctor.Outcome) {
	n := r.Count(o)
	if n == 0 {
		return
	}
	title = fmt.Sprintf("%s %d", title, n)
	if color != "" {
		title = s.paint(color, title)
	}
	s.printf("\n%s\n", title)
	var reasons []string
	checks := map[string][]string{}
	for _, c := range r.Checks {
		if c.Outcome != o {
			continue
		}
		if checks[c.What] == nil {
			reasons = append(reasons, c.What)
		}
		checks[c.What] = append(checks[c.What], plain(c.Check))
	}
	for _, why := range reasons {
		s.printf("%s: %s\n", strings.Join(checks[why], ", "), plain(why))
	}
}
