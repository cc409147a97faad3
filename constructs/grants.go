package constructs

import (
	"fmt"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"
)

// GrantSign attaches the signing policy to a role, a user or a group, or to the role
// of a function or another resource. An imported grantee must belong to the stack's
// account, because IAM attaches no policy across accounts: use SignerRoleAssumers for
// roles of other accounts.
//
// GrantSign panics, as the CDK does, if the policy cannot be attached.
func (c *PrivateContent) GrantSign(grantee awsiam.IGrantable) {
	identity, found, fix := signingIdentity(c.construct, grantee)
	if found != "" {
		panic(fmt.Sprintf("%s: GrantSign: %s; %s", safeName(*c.construct.Node().Path()), found, fix))
	}
	// An imported identity, or a role WithoutPolicyUpdates, ignores policies that are
	// added to it. The policy is attached to it by name, which needs only
	// iam:AttachRolePolicy or a similar permission, and is detached with the grant.
	switch identity := identity.(type) {
	case awsiam.Role, awsiam.User, awsiam.Group:
		identity.AddManagedPolicy(c.policy)
	case awsiam.IRole:
		c.policy.AttachToRole(identity)
	case awsiam.IUser:
		c.policy.AttachToUser(identity)
	case awsiam.IGroup:
		c.policy.AttachToGroup(identity)
	}
}

// signingIdentity returns the identity to which the signing policy is attached. If
// there is none, found is not empty and says why.
func signingIdentity(scope constructs.Construct, grantee awsiam.IGrantable) (identity awsiam.IIdentity, found, fix string) {
	const want = "write a role, a user or a group of this account, or a resource that has a role, such as a function"
	if grantee == nil {
		return nil, "nil", want
	}
	// Only roles, users and groups are identities.
	identity, is := grantee.GrantPrincipal().(awsiam.IIdentity)
	if !is {
		return nil, "a grantee to which IAM cannot attach a policy", want
	}
	theirs, ours := identity.PrincipalAccount(), awscdk.Stack_Of(scope).Account()
	if theirs != nil && !*awscdk.Token_IsUnresolved(theirs) && !*awscdk.Token_IsUnresolved(ours) && *theirs != *ours {
		return nil, "a grantee of account " + safeName(*theirs), "write one of account " + *ours + ", or list a role of another account in SignerRoleAssumers"
	}
	return identity, "", ""
}

// GrantUpload lets a grantee upload objects, also in parts, list them and read them
// directly from S3, as "aws s3 sync" does. The grantee may overwrite objects but not
// delete them. Requests that it presigns let others upload: see UploadOrigins. With an
// imported bucket, a grantee of another account also needs a statement in the bucket
// policy and, if KMS encrypts the bucket, one in the policy of the key.
func (c *PrivateContent) GrantUpload(grantee awsiam.IGrantable) awsiam.Grant {
	if grantee == nil {
		panic(safeName(*c.construct.Node().Path()) + ": GrantUpload: nil; write a role or another grantee")
	}
	return c.bucket.grantUpload(grantee)
}

// newSignerRole makes the role that roles of other accounts assume to sign. It returns
// nil if there are none.
func newSignerRole(scope constructs.Construct, assumers []awsiam.IRole, policy awsiam.ManagedPolicy) awsiam.Role {
	if len(assumers) == 0 {
		return nil
	}
	var principals []awsiam.IPrincipal
	for _, role := range assumers {
		principals = append(principals, awsiam.NewArnPrincipal(role.RoleArn()))
	}
	return awsiam.NewRole(scope, jsii.String("SignerRole"), &awsiam.RoleProps{
		AssumedBy: awsiam.NewCompositePrincipal(principals...),
		// A role that assumes another role gets at most an hour:
		// https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles.html#iam-term-role-chaining
		MaxSessionDuration: awscdk.Duration_Hours(jsii.Number(1)),
		ManagedPolicies:    &[]awsiam.IManagedPolicy{policy},
	})
}
