package config

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// SignerRoles are the roles that may sign.
type SignerRoles struct {
	// Roles are the names of roles in the stack's account. The signing policy is
	// attached to them.
	Roles []string `json:"roles"`

	// RoleARNs are the ARNs of roles in other accounts. They may assume the signer
	// role of the output SignerRoleArn, which has the signing policy.
	RoleARNs []string `json:"roleArns"`
}

// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
var (
	roleName = regexp.MustCompile(`^[A-Za-z0-9_+=,.@-]{1,64}$`)
	roleARN  = regexp.MustCompile(`^arn:aws:iam::([0-9]{12}):role/(?:[!-~]{1,511}/)?([A-Za-z0-9_+=,.@-]{1,64})$`)

	// https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_create-service-linked-role.html
	// https://docs.aws.amazon.com/singlesignon/latest/userguide/referencingpermissionsets.html
	reservedRole = regexp.MustCompile(`^(AWSServiceRoleFor|AWSReservedSSO_)`)
)

// patternOfPolicies are the wildcard and variable characters of policies.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html
const patternOfPolicies = `*?${}"`

func (s SignerRoles) check(at node) {
	checkRoles(at.field("Roles"), s.Roles, "put the ARN of another account's role into "+at.name("RoleARNs"))
	at.field("RoleARNs").list(s.RoleARNs, func(at node, arn string) {
		const want = `the ARN of a role in another account, such as "arn:aws:iam::210987654321:role/media-app"`
		switch {
		case strings.ContainsAny(arn, patternOfPolicies):
			at.wrong(quote(arn)+", with one of "+patternOfPolicies, "write "+want+": IAM accepts no wildcards and no variables in a principal")
		case roleARN.MatchString(arn):
		case roleName.MatchString(arn):
			at.wrong(quote(arn)+", a name", fmt.Sprintf("write %s, or put the name of a role of this account into %s", want, at.name("Roles")))
		case strings.Contains(arn, ":assumed-role/"):
			at.wrong(quote(arn)+", a session of a role", "write "+want+": that of the role itself")
		default:
			at.wrong(quote(arn), "write "+want)
		}
	})
}

// checkRoles checks names of roles in the stack's account. There is the fix for a
// role of another account.
func checkRoles(at node, roles []string, there string) {
	at.list(roles, func(at node, role string) {
		last := role[strings.LastIndexByte(role, '/')+1:]
		same := slices.IndexFunc(roles, func(other string) bool { return strings.EqualFold(other, role) })
		switch {
		case roles[same] != role:
			at.wrong(fmt.Sprintf("%s, which is %s", quote(role), quote(roles[same])), "list it once: role names ignore letter case")
		case reservedRole.MatchString(role):
			at.wrong("a name that starts with "+reservedRole.FindString(role), "write the name of a role of your own: IAM attaches no policy to a role of an AWS service or of IAM Identity Center")
		case roleName.MatchString(role):
		case roleARN.MatchString(role):
			at.wrong(quote(role)+", an ARN", fmt.Sprintf("write the name alone, %s, or %s", quotePart(last, role), there))
		case last != role && roleName.MatchString(last) && !strings.HasPrefix(role, "arn:"):
			at.wrong(quote(role)+", a path", fmt.Sprintf("write the name alone, %s", quotePart(last, role)))
		default:
			at.wrong(quote(role), `write the name of a role, such as "media-app": at most 64 letters, digits and _+=,.@-`)
		}
	})
}

// checkAccount reports roles of the stack's own account in RoleARNs.
func (s SignerRoles) checkAccount(at node, account string) {
	for i, arn := range s.RoleARNs {
		if parts := roleARN.FindStringSubmatch(arn); parts != nil && parts[1] == account {
			at.field("RoleARNs").index(i).wrong(quote(arn)+", a role of this account",
				fmt.Sprintf("put its name, %s, into %s instead", quotePart(parts[2], arn), at.name("Roles")))
		}
	}
}

// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
const maxTrustPolicy = 2048

// warn reports more RoleARNs than fit the trust policy of the signer role.
func (s SignerRoles) warn(at node) {
	size := len(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"sts:AssumeRole","Principal":{"AWS":[]}}]}`)
	for _, arn := range s.RoleARNs {
		size += len(arn) + len(`"",`)
	}
	if size > maxTrustPolicy {
		at.field("RoleARNs").wrong(fmt.Sprintf("%d roles, which make a trust policy of %d characters", len(s.RoleARNs), size),
			fmt.Sprintf("list fewer, or ask AWS for more: the IAM quota of a trust policy is %d characters, https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html", maxTrustPolicy))
	}
}
