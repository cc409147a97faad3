package rotation

import (
	"fmt"
	"slices"
	"time"
)

// proof holds the parts of the package comment's proof. The simulation removes each
// part, one at a time, and observes that a request is refused.
type proof struct {
	rules  []rule
	ready  []wait // from the last change of the key group to a key's first signature
	expiry []wait // from the end of a span to that of the last URL signed in it
	counts []kind // the spans in which a key may have signed
	lifted []kind // the spans whose wait a compromised key skips
}

// rule finds the faults of a change.
type rule struct {
	name string
	find func(*proof, *facts, Change) findings
}

// findings are faults, and those of them that compromised keys lift.
type findings struct{ faults, lifted []Fault }

// wait is one part of a waiting time.
type wait struct {
	name string
	of   func(Bounds, Limits) time.Duration
}

var complete = proof{
	rules: []rule{
		{"the current key is one of the keys", currentIsListed},
		{"a key is in the key group before it signs", currentIsTrusted},
		{"every edge has a key before it signs", currentIsReady},
		{"a key stays until its last URL has expired", removedHasExpired},
	},
	ready: []wait{
		{"edges are late", func(b Bounds, _ Limits) time.Duration { return b.Propagation }},
		{"two clocks differ", func(b Bounds, _ Limits) time.Duration { return times(2, b.Clocks) }},
		{"AWS cuts times to seconds", func(Bounds, Limits) time.Duration { return time.Second }},
	},
	expiry: []wait{
		{"signers do not ask", func(_ Bounds, l Limits) time.Duration { return limit(l.MaxKeyAge) }},
		{"URLs live", func(_ Bounds, l Limits) time.Duration { return limit(l.MaxURLLifetime) }},
		{"answers are old", func(b Bounds, _ Limits) time.Duration { return b.Propagation }},
		{"four clocks differ", func(b Bounds, _ Limits) time.Duration { return times(4, b.Clocks) }},
		{"AWS cuts times to seconds", func(Bounds, Limits) time.Duration { return time.Second }},
		{"signers round expiries up to seconds", func(Bounds, Limits) time.Duration { return time.Second }},
	},
	counts: []kind{present, past, unread, missing, earlier},
	lifted: []kind{past, unread, missing, earlier},
}

func limit(d time.Duration) time.Duration {
	if d <= 0 {
		return noLimit
	}
	return d
}

func until(t time.Time, waits []wait, b Bounds, l Limits) time.Time {
	var all []time.Duration
	for _, w := range waits {
		all = append(all, w.of(b, l))
	}
	return after(t, all...)
}

// readyFrom returns the time from which every edge uses the present key group, and
// since, the last change of the key or the group. Both are zero if one of them is not
// known.
func (p *proof) readyFrom(f *facts, id string) (since, from time.Time) {
	since = later(f.group, f.keys[id].Created)
	return since, until(since, p.ready, f.bounds, Limits{})
}

// lastSigned returns the span in which a key signed the URLs that stay valid longest,
// and when these expire: zero if never, or if that is not known. last is nil if the key
// has signed nothing.
func (p *proof) lastSigned(f *facts, id string) (last *span, end time.Time) {
	for i := range f.spans {
		s := &f.spans[i]
		if !slices.Contains(p.counts, s.kind) || s.key != id && (s.key != "" || f.madeAfter(id, s)) {
			continue
		}
		expired := until(s.end, p.expiry, f.bounds, s.limits)
		if last == nil || later(end, expired).Equal(expired) {
			last, end = s, expired
		}
	}
	return last, end
}

// madeAfter reports whether a key was certainly created after a span had ended, or
// too shortly before the first version to have been in an earlier parameter.
func (f *facts) madeAfter(id string, s *span) bool {
	sure := after(s.end, times(2, f.bounds.Clocks), time.Second)
	if s.kind == earlier {
		sure = known(s.end.Add(1 - creation))
	}
	return !sure.IsZero() && !f.keys[id].Created.Before(sure)
}

func currentIsListed(_ *proof, f *facts, c Change) (found findings) {
	switch {
	case c.Current == "" && f.current == "":
	case c.Current == "":
		found.faults = append(found.faults, f.fault("", time.Time{}, time.Time{}, "no key is current: name one of the keys"))
	case !slices.Contains(c.Keys, c.Current):
		found.faults = append(found.faults, f.fault(c.Current, time.Time{}, time.Time{},
			"%s is current and is not one of the keys, so CloudFront would refuse every URL that it signs: list it, or make one of the keys current", f.name(c.Current)))
	}
	return found
}

func currentIsTrusted(_ *proof, f *facts, c Change) (found findings) {
	if c.Current != "" && c.Current != f.current && !slices.Contains(f.members, c.Current) {
		found.faults = append(found.faults, f.fault(c.Current, time.Time{}, time.Time{},
			"%s would sign before it is in the key group, and edges would refuse its URLs: %smake %s current in a later deployment, once every edge has it", f.name(c.Current), f.keep(), f.name(c.Current)))
	}
	return found
}

func currentIsReady(p *proof, f *facts, c Change) (found findings) {
	if c.Current == f.current || !slices.Contains(f.members, c.Current) {
		return found
	}
	switch since, from := p.readyFrom(f, c.Current); {
	case f.over(from):
	case from.IsZero():
		found.faults = append(found.faults, f.fault(c.Current, since, from,
			"it is not known since when %s has been in the key group, so edges may refuse its URLs: %sread when the key was created and when the group was last modified", f.name(c.Current), f.keep()))
	default:
		found.faults = append(found.faults, f.fault(c.Current, since, from,
			"%s may have been added to the key group as late as %s, and edges may refuse its URLs until %s: %smake this change after that time", f.name(c.Current), stamp(since), stamp(from), f.keep()))
	}
	return found
}

// keep returns what to do until the change is safe.
func (f *facts) keep() string {
	if f.current == "" {
		return ""
	}
	return "keep " + f.name(f.current) + " current, and "
}

func removedHasExpired(p *proof, f *facts, c Change) (found findings) {
	for _, id := range f.members {
		if slices.Contains(c.Keys, id) {
			continue
		}
		s, end := p.lastSigned(f, id)
		if s == nil || f.over(end) {
			continue
		}
		if what, todo := f.good(id, s, end); slices.Contains(c.Compromised, id) && slices.Contains(p.lifted, s.kind) {
			found.lifted = append(found.lifted, f.fault(id, s.end, end, "%s: CloudFront refuses them, and those that signers make until they have read the deployment document", what))
		} else {
			found.faults = append(found.faults, f.fault(id, s.end, end, "%s: %s", what, todo))
		}
	}
	return found
}

// good returns a text that says why and until when URLs of a key may be valid, and what
// to do.
func (f *facts) good(id string, s *span, end time.Time) (what, todo string) {
	signed := f.name(id) + " signed"
	if s.key == "" {
		signed = f.name(id) + " may have signed"
	}
	limits := fmt.Sprintf("(maxUrlLifetime %s, maxKeyAge %s)", words(s.limits.MaxURLLifetime), words(s.limits.MaxKeyAge))
	switch {
	case s.kind == present && s.key == "":
		return fmt.Sprintf("it is not known which key is current, and %s may be", f.name(id)),
			"keep it in the key group until the deployment document can be read"
	case s.kind == present:
		return fmt.Sprintf("%s is current%s, and signers sign with it", f.name(id), since(s.since)),
			"keep it in the key group, make another key current, and remove it in a later deployment, once its last URL has expired"
	case !end.IsZero():
		return fmt.Sprintf("%s until %s %s, and its URLs may be valid until %s", signed, stamp(s.end), limits, stamp(end)),
			"keep it in the key group until then, and remove it afterwards"
	}
	ended := "a time that is not known"
	if !s.end.IsZero() {
		ended = stamp(s.end)
	}
	return fmt.Sprintf("%s until %s %s, and it is not known until when its URLs are valid", signed, ended, limits),
		"keep it in the key group, or list it as compromised, so that CloudFront refuses its URLs"
}

func since(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return " since " + stamp(t)
}

func stamp(t time.Time) string { return t.Format(time.RFC3339) }

// words formats a limit as cdk.json does.
func words(d time.Duration) string {
	switch {
	case d <= 0 || d == noLimit:
		return "without limit"
	case d%(24*time.Hour) == 0:
		return fmt.Sprintf("%dd", d/(24*time.Hour))
	case d%time.Hour == 0:
		return fmt.Sprintf("%dh", d/time.Hour)
	case d%time.Minute == 0:
		return fmt.Sprintf("%dm", d/time.Minute)
	}
	return d.String()
}
