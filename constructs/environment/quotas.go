package environment

import (
	"fmt"
	"maps"
	"slices"
)

// How much of what signs an account may have, unless AWS gave it more:
// https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/cloudfront-limits.html
const (
	maxPublicKeys = 10
	maxKeyGroups  = 10
)

// Warnings tells of what is allowed and yet may fail. Where an account's
// environments have more public keys or key groups than CloudFront gives an
// account by itself, the deployment of the last one fails. All environments
// count, those of a pattern as one.
func (c *Config) Warnings() Problems { return c.warnings }

func quotaWarnings(drafts []*draft) (warnings Problems) {
	keys, groups := map[string]int{}, map[string]int{}
	for _, d := range drafts {
		if d.Content.SigningKeys.From == "" {
			keys[d.Account] += len(d.Content.SigningKeys.Keys)
			groups[d.Account]++
		}
	}
	warn := func(account, what string, count, most int) {
		if count > most {
			warnings = append(warnings, Problem{
				Path:  "environments",
				Found: fmt.Sprintf("%d %s in %s", count, what, accountWords(account)),
				Fix: fmt.Sprintf(`CloudFront gives an account %d: let environments borrow, with "signingKeys": {"from": ...}, or ask AWS for more, `+
					"https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/cloudfront-limits.html", most),
			})
		}
	}
	for _, account := range slices.Sorted(maps.Keys(groups)) {
		warn(account, "public keys", keys[account], maxPublicKeys)
		warn(account, "key groups", groups[account], maxKeyGroups)
	}
	return warnings
}
