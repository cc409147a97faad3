package config

import (
	"fmt"
	"iter"
	"slices"
	"strings"
)

// environmentMark stands in a domain name for the name of the environment.
const environmentMark = "{environment}"

// quoteName is quote of a domain name, which may hold the mark.
func quoteName(name string) string {
	if quoted := quote(strings.ReplaceAll(name, environmentMark, "environment")); !strings.HasPrefix(quoted, `"`) {
		return quoted
	}
	return `"` + name + `"`
}

// named returns the domain with its names for an environment. One that makes no
// domain name stays as it is written.
func (d *Domain) named(environment string) *Domain {
	if d == nil {
		return nil
	}
	of := *d
	of.Names = slices.Clone(d.Names)
	for i, name := range of.Names {
		named := strings.Replace(name, environmentMark, environment, 1)
		if bare := strings.TrimPrefix(named, "*."); isHostName(bare) || longestLabel(bare) > maxLabel {
			of.Names[i] = named
		}
	}
	return &of
}

// checkDomainNames reports a domain name that two environments would have, and
// one of a pattern that is the same for all of its environments: CloudFront gives
// a name to one distribution, whichever account it is in, and refuses it to
// another with CNAMEAlreadyExists.
// https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/CNAMEs.html#alternate-domain-names-restrictions
func checkDomainNames(drafts []*draft) {
	const because = ": CloudFront gives a domain name to one distribution in all of AWS"
	for n, d := range drafts {
		for i, name := range d.domainNames() {
			at := d.at.field("Domain").field("Names").index(i)
			if d.isPattern() && !strings.Contains(name, environmentMark) {
				at.wrong(quoteName(name)+", which every environment of the pattern would have",
					fmt.Sprintf("write the environment's name into it, such as %q, or give the name to an environment of its own", environmentMark+".example.com")+because)
				continue
			}
			if owner, both := takenBefore(drafts, n, i); owner != nil {
				found := quoteName(name) + ", which environment "
				if both != name {
					found = fmt.Sprintf("%s, which makes %s, a name that environment ", quoteName(name), quote(both))
				}
				at.wrong(found+quote(owner.Name)+" has too", "write another one"+because)
			}
		}
	}
}

// takenBefore returns the draft, of those before one and itself, that may make an
// environment with the name that stands at i in that one, and the name; nil if
// there is none. Two environments of a pattern can have one name where it holds
// their names in two ways.
func takenBefore(drafts []*draft, n, i int) (owner *draft, both string) {
	name := drafts[n].domainNames()[i]
	for m, other := range drafts[:n+1] {
		for k, theirs := range other.domainNames() {
			if m == n && k >= i || other.isPattern() && !strings.Contains(theirs, environmentMark) {
				continue
			}
			if both, can := meet(drafts, drafts[n], name, other, theirs); can {
				return other, both
			}
		}
	}
	return nil, ""
}

// meet reports whether environments of two drafts, each with a name of its own,
// can have one domain name, and which.
func meet(drafts []*draft, a *draft, name string, b *draft, theirs string) (both string, can bool) {
	before, after, _ := strings.Cut(name, environmentMark)
	theirBefore, theirAfter, _ := strings.Cut(theirs, environmentMark)
	switch {
	case !a.isPattern() && !b.isPattern():
		return name, name == theirs && a != b
	case !a.isPattern():
		return meet(drafts, b, theirs, a, name)
	case !b.isPattern():
		environment, fits := between(theirs, before, after)
		return theirs, fits && environment != b.Name && makes(drafts, environment) == a
	case len(before) > len(theirBefore):
		return meet(drafts, b, theirs, a, name)
	}
	// The name of a's environment starts with more, and one of the two ends with
	// more than the other's.
	more, fits := strings.CutPrefix(theirBefore, before)
	if !fits {
		return "", false
	}
	end, theirEnd := "", ""
	if longer, is := strings.CutSuffix(theirAfter, after); is {
		end = longer
	} else if longer, is := strings.CutSuffix(after, theirAfter); is {
		theirEnd = longer
	} else {
		return "", false
	}
	isBoth := func(ours, others string) bool {
		return ours != others && makes(drafts, ours) == a && makes(drafts, others) == b
	}
	for middle := range middles(drafts, more, b) {
		if ours := more + middle + end; isBoth(ours, middle+theirEnd) {
			return before + ours + after, true
		}
	}
	// Or the name of b's environment starts where that of a's has ended already.
	for i := range more {
		if others, fits := strings.CutPrefix(theirEnd, more[i:]); fits && isBoth(more[:i], others) {
			return before + more[:i] + after, true
		}
	}
	return "", false
}

// middles are texts that the names of two environments may share: in that of b's
// at its start, and in the other one after more. Which draft makes an environment
// is told by the names of all drafts: a text that leaves all of them with one more
// character stands for every longer one that does.
func middles(drafts []*draft, more string, b *draft) iter.Seq[string] {
	return func(yield func(string) bool) {
		tried := map[string]bool{}
		for _, d := range drafts {
			roots := []string{d.start()}
			if rest, is := strings.CutPrefix(d.start(), more); is {
				roots = append(roots, rest)
			}
			for _, root := range roots {
				for i := range len(root) + 1 {
					root := root[:i]
					if tried[root] || !strings.HasPrefix(root, b.start()) && !strings.HasPrefix(b.start(), root) {
						continue
					}
					tried[root] = true
					if !yield(root) || !yield(root+"-1") {
						return
					}
					for _, c := range "1abcdefghijklmnopqrstuvwxyz023456789" {
						if !yield(root + string(c)) {
							return
						}
					}
				}
			}
		}
	}
}

// between returns what stands between a start and an end of a text.
func between(text, start, end string) (inner string, fits bool) {
	inner, fits = strings.CutPrefix(text, start)
	if fits {
		inner, fits = strings.CutSuffix(inner, end)
	}
	return inner, fits
}

// makes returns the draft of an environment: the one of its name, or the pattern
// with the most letters before its star. It is nil for what is no name.
func makes(drafts []*draft, environment string) (found *draft) {
	if !validEnvironment.MatchString(environment) {
		return nil
	}
	for _, d := range drafts {
		switch {
		case d.Name == environment:
			return d
		case d.matches(environment):
			found = d // the names are sorted: a longer start comes later
		}
	}
	return found
}

// domainNames are the names as they are written, of a pattern with the mark in
// them.
func (d *draft) domainNames() []string {
	if d.domain == nil {
		return nil
	}
	return d.domain.Names
}

// overlapWarnings tells of a name that lies within a wildcard of an environment
// in another account. In one account CloudFront takes both, and serves a request
// by the one that says more; between accounts it lists them as a conflict:
// https://docs.aws.amazon.com/cloudfront/latest/APIReference/API_ListConflictingAliases.html
func overlapWarnings(drafts []*draft) (warnings Problems) {
	for _, d := range drafts {
		for i, name := range d.domainNames() {
			_, parent, _ := strings.Cut(name, ".")
			for _, other := range drafts {
				if other.Account == d.Account || strings.HasPrefix(name, "*.") || !slices.Contains(other.domainNames(), "*."+parent) {
					continue
				}
				at := d.at.field("Domain").field("Names").index(i)
				at.problems = &warnings
				at.wrong(fmt.Sprintf("%s, which lies within %s of environment %s in another account", quote(name), quote("*."+parent), quote(other.Name)),
					"put both into one account: CloudFront may refuse such names of two accounts")
			}
		}
	}
	return warnings
}
