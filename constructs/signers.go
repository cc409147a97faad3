package constructs

import (
	"strconv"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"

	"github.com/signedfront/signedfront/constructs/config"
)

// newSigners lets roles of the account sign by attaching the policy to them,
// and those of other accounts by a role of its own, which they assume. It is
// nil where there are no others.
//
// A role attached by its name needs no right on that role but
// iam:AttachRolePolicy, and is detached when the name goes from the list.
func newSigners(scope constructs.Construct, signers config.SignerRoles, policy awsiam.ManagedPolicy) awsiam.Role {
	for i, name := range signers.Roles {
		policy.AttachToRole(awsiam.Role_FromRoleName(scope, jsii.String("Signer"+strconv.Itoa(i+1)), jsii.String(name), nil))
	}
	if len(signers.RoleARNs) == 0 {
		return nil
	}
	var assumers []awsiam.IPrincipal
	for _, arn := range signers.RoleARNs {
		assumers = append(assumers, awsiam.NewArnPrincipal(jsii.String(arn)))
	}
	return awsiam.NewRole(scope, jsii.String("SignerRole"), &awsiam.RoleProps{
		AssumedBy: awsiam.NewCompositePrincipal(assumers...),
		// A role that assumes another gets an hour at most in any case:
		// https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles.html#iam-term-role-chaining
		MaxSessionDuration: awscdk.Duration_Hours(jsii.Number(1)),
		ManagedPolicies:    &[]awsiam.IManagedPolicy{policy},
	})
}
