package config

import (
	"fmt"
	"slices"
	"strings"
)

// checkDomainNames reports a domain name of two environments, and of a pattern,
// which makes several: CloudFront gives a name to one distribution, whichever
// account it is in, and refuses it to another with CNAMEAlreadyExists.
// https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/CNAMEs.html#alternate-domain-names-restrictions
func checkDomainNames(drafts []*draft) {
	const because = ": CloudFront gives a domain name to one distribution in all of AWS"
	owners := map[string]string{}
	for _, d := range drafts {
		at := d.at.field("Domain").field("Names")
		names := d.domainNames()
		if len(names) > 0 && d.isPattern() {
			at.wrong("the names of a pattern, of which every environment would have them",
				"give such names to an environment of its own, and leave the domain out here"+because)
			continue
		}
		for i, name := range names {
			if owner, taken := owners[name]; taken && owner != d.Name {
				at.index(i).wrong(fmt.Sprintf("%s, which environment %s has too", quote(name), quote(owner)), "write another one"+because)
				continue
			}
			owners[name] = d.Name
		}
	}
}

func (d *draft) domainNames() []string {
	if d.Content.Domain == nil {
		return nil
	}
	return d.Content.Domain.Names
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
