package config

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// quota is the number of a kind of resource that an account may have by default.
type quota struct {
	what    string
	most    int
	instead string
	count   func(d *draft) int // how many one environment needs
}

const (
	borrow = `let environments borrow, with "signingKeys": {"from": ...}`
	fewer  = "have fewer environments: each needs one"

	publicKeys = "public keys"
)

// quotas are the quotas that environments can exhaust. Environments make no origin
// request policies (quota 20): they use those that AWS manages.
// https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/cloudfront-limits.html
var quotas = []quota{
	{publicKeys, 10, borrow, func(d *draft) int { return len(d.Content.SigningKeys.Keys) }},
	{"key groups", 10, borrow, func(d *draft) int { return oneIf(d.Content.SigningKeys.From == "") }},
	{"cache policies", 20, "have fewer environments with downloads: each needs one", func(d *draft) int { return oneIf(d.Content.Downloads != nil) }},
	{"response headers policies", 20, fewer, func(*draft) int { return 1 }},
	{"origin access identities", 100, `write "originAccess": "oac" where that can be`, func(d *draft) int { return oneIf(d.Content.OriginAccess.HasIdentity()) }},
	{"origin access controls", 100, "have fewer environments with one", func(d *draft) int { return oneIf(d.Content.OriginAccess.HasControl()) }},
	{"functions", 100, "have fewer environments with signedPaths: each needs one", func(d *draft) int { return oneIf(len(d.Content.SignedPaths) > 0) }},
	{"distributions", 500, fewer, func(*draft) int { return 1 }},
}

func oneIf(yes bool) int {
	if yes {
		return 1
	}
	return 0
}

// alsoTrusted returns the number of public keys that environments trust and that
// none of their stacks makes.
func alsoTrusted(drafts []*draft) int {
	ids := map[string]bool{}
	for _, d := range drafts {
		for _, id := range d.Content.SigningKeys.AlsoTrust {
			ids[id] = true
		}
	}
	return len(ids)
}

// Managed policies of a role: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
const maxRolePolicies = 10

// Warnings returns what is allowed but probably not intended, or may fail. It
// includes default quotas of CloudFront and IAM, such as public keys, that the
// environments of an account exceed: the deployment of the last one would fail.
// A pattern counts as one environment.
func (c *Config) Warnings() Problems { return c.warnings }

func quotaWarnings(drafts []*draft) (warnings Problems) {
	warn := func(found, fix string) {
		warnings = append(warnings, Problem{Path: "environments", Found: found, Fix: fix})
	}
	accounts := map[string][]*draft{}
	for _, d := range drafts {
		accounts[d.Account] = append(accounts[d.Account], d)
	}
	for _, account := range slices.Sorted(maps.Keys(accounts)) {
		for _, q := range quotas {
			count := 0
			for _, d := range accounts[account] {
				count += q.count(d)
			}
			if q.what == publicKeys {
				count += alsoTrusted(accounts[account])
			}
			if count > q.most {
				warn(fmt.Sprintf("%d %s in %s", count, q.what, accountWords(account)),
					fmt.Sprintf("the CloudFront quota of an account is %d: %s, or ask AWS for more, "+
						"https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/cloudfront-limits.html", q.most, q.instead))
			}
		}
		policies, names := map[string]int{}, map[string]string{}
		for _, d := range accounts[account] {
			for _, role := range d.Content.Signers.Roles {
				lower := strings.ToLower(role)
				policies[lower]++
				names[lower] = role
			}
		}
		for _, lower := range slices.Sorted(maps.Keys(policies)) {
			if n := policies[lower]; n > maxRolePolicies {
				warn(fmt.Sprintf("the role %s with the signing policies of %d environments in %s", quote(names[lower]), n, accountWords(account)),
					fmt.Sprintf("IAM attaches %d managed policies to a role: list a role of its own in some of them, "+
						"or ask AWS for more, https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html", maxRolePolicies))
			}
		}
	}
	return warnings
}
