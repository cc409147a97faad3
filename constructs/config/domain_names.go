package config

import (
	"fmt"
	"iter"
	"slices"
	"strings"
)

// environmentMark is replaced in a domain name by the name of the environment.
const environmentMark = "{environment}"

// quoteName quotes a domain name that may contain environmentMark.
func quoteName(name string) string {
	if quoted := quote(strings.ReplaceAll(name, environmentMark, "environment")); !strings.HasPrefix(quoted, `"`) {
		return quoted
	}
	return `"` + name + `"`
}

// named returns the domain with environmentMark replaced in its names. A name that
// would not be a domain name then is returned unchanged.
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

// checkDomainNames reports a domain name that two environments would have, and a
// name of a pattern that is the same in all of its environments. CloudFront gives a
// name to one distribution across all accounts, and refuses it to another one with
// CNAMEAlreadyExists.
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

// takenBefore returns the first of drafts[:n+1] that can make an environment with
// name i of drafts[n], and that domain name. It returns nil if there is none. Two
// environments of one pattern can share a domain name if the pattern has two names.
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

// meet reports whether two different environments, one of each draft, can have the
// same domain name, and returns that name.
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
	// The name of a's environment starts with the text more, and one of the two
	// environment names has a longer end than the other.
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
	// Or the name of b's environment starts after the end of a's.
	for i := range more {
		if others, fits := strings.CutPrefix(theirEnd, more[i:]); fits && isBoth(more[:i], others) {
			return before + more[:i] + after, true
		}
	}
	return "", false
}

// middles yields the texts that the names of two environments may share: at the
// start of the name of b's environment, and after the text more in the other. The
// names of all drafts decide which draft makes an environment. Once a text differs
// from the starts of all drafts, a longer text changes nothing and is not tried.
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

// between returns the part of text between start and end.
func between(text, start, end string) (inner string, fits bool) {
	inner, fits = strings.CutPrefix(text, start)
	if fits {
		inner, fits = strings.CutSuffix(inner, end)
	}
	return inner, fits
}

// makes returns the draft that makes an environment: the draft with its name, or
// the pattern with the most letters before its star. It returns nil for a text that
// is not the name of an environment.
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

// domainNames returns the names as they are written; those of a pattern contain
// environmentMark.
func (d *draft) domainNames() []string {
	if d.domain == nil {
		return nil
	}
	return d.domain.Names
}

// overlapWarnings reports a name that a wildcard name of an environment in another
// account covers. Within one account CloudFront accepts both and uses the more
// specific name. Across accounts it lists them as a conflict:
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
					"put both into one account: CloudFront may refuse overlapping names in two accounts")
			}
		}
	}
	return warnings
}
