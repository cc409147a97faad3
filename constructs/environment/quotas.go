package environment

import (
	"fmt"
	"maps"
	"slices"
)

// How many of them an account may have, unless AWS gave it more:
// https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/cloudfront-limits.html
const (
	maxPublicKeys      = 10
	maxKeyGroups       = 10
	maxHeadersPolicies = 20
)

// Warnings tells of what is allowed and yet seldom meant, or may fail. Where an
// account's environments have more public keys, key groups or response headers
// policies than CloudFront gives an account by itself, the deployment of the
// last one fails. All environments count, those of a pattern as one.
func (c *Config) Warnings() Problems { return c.warnings }

func quotaWarnings(drafts []*draft) (warnings Problems) {
	keys, groups, policies := map[string]int{}, map[string]int{}, map[string]int{}
	for _, d := range drafts {
		policies[d.Account]++
		if d.Content.SigningKeys.From == "" {
			keys[d.Account] += len(d.Content.SigningKeys.Keys)
			groups[d.Account]++
		}
	}
	const (
		borrow = `let environments borrow, with "signingKeys": {"from": ...}`
		fewer  = "have fewer environments, each of which takes one"
	)
	warn := func(account, what string, count, most int, instead string) {
		if count > most {
			warnings = append(warnings, Problem{
				Path:  "environments",
				Found: fmt.Sprintf("%d %s in %s", count, what, accountWords(account)),
				Fix: fmt.Sprintf("CloudFront gives an account %d: %s, or ask AWS for more, "+
					"https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/cloudfront-limits.html", most, instead),
			})
		}
	}
	for _, account := range slices.Sorted(maps.Keys(policies)) {
		warn(account, "public keys", keys[account], maxPublicKeys, borrow)
		warn(account, "key groups", groups[account], maxKeyGroups, borrow)
		warn(account, "response headers policies", policies[account], maxHeadersPolicies, fewer)
	}
	return warnings
}
