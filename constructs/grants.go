package constructs

import (
	"fmt"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"
)

// GrantSign lets a role, a user or a group sign by attaching the signing policy,
// and so a function or another resource whose role is one of the app. An
// imported one must be of the stack's account: IAM attaches no policy across
// accounts, for which there are SignerRoleAssumers.
//
// It panics, as the CDK does, where the policy cannot be attached.
func (c *PrivateContent) GrantSign(grantee awsiam.IGrantable) {
	identity, found, fix := signingIdentity(c.construct, grantee)
	if found != "" {
		panic(fmt.Sprintf("%s: GrantSign: %s; %s", safeName(*c.construct.Node().Path()), found, fix))
	}
	// To one that is imported, or a role WithoutPolicyUpdates, which ignores what
	// is added, the policy is attached by its name. That needs no right on it but
	// iam:AttachRolePolicy or its like, and it is detached when the grant goes.
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

// signingIdentity returns what the signing policy is attached to. Where it
// cannot be, found says why.
func signingIdentity(scope constructs.Construct, grantee awsiam.IGrantable) (identity awsiam.IIdentity, found, fix string) {
	const want = "write a role, a user or a group of this account, or a resource that has a role, such as a function"
	if grantee == nil {
		return nil, "nil", want
	}
	// A role, a user or a group, and nothing else.
	identity, is := grantee.GrantPrincipal().(awsiam.IIdentity)
	if !is {
		return nil, "a grantee to which IAM attaches no policy", want
	}
	theirs, ours := identity.PrincipalAccount(), awscdk.Stack_Of(scope).Account()
	if theirs != nil && !*awscdk.Token_IsUnresolved(theirs) && !*awscdk.Token_IsUnresolved(ours) && *theirs != *ours {
		return nil, "one of account " + safeName(*theirs), "write one of account " + *ours + ", or list a role of another account in SignerRoleAssumers"
	}
	return identity, "", ""
}

// GrantUpload lets a grantee upload objects, in one piece or in parts, list them
// and read them, past CloudFront, as "aws s3 sync" does. It may overwrite, and
// delete nothing. What it presigns lets others upload: see UploadOrigins. With
// an imported bucket, a grantee of another account also needs a statement in the
// bucket's policy, and one that is encrypted with KMS a statement in that of its
// key.
func (c *PrivateContent) GrantUpload(grantee awsiam.IGrantable) awsiam.Grant {
	if grantee == nil {
		panic(safeName(*c.construct.Node().Path()) + ": GrantUpload: nil; write a role or another grantee")
	}
	return c.bucket.grantUpload(grantee)
}

// newSignerRole makes the role that roles of other accounts assume to sign, nil
// where there are none.
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
		// A role that assumes another gets an hour at most in any case:
		// https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles.html#iam-term-role-chaining
		MaxSessionDuration: awscdk.Duration_Hours(jsii.Number(1)),
		ManagedPolicies:    &[]awsiam.IManagedPolicy{policy},
	})
}
