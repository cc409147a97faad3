package statustest

import (
	"strings"
	"time"

	"github.com/signedfront/signedfront/constructs/contract"
	"github.com/signedfront/signedfront/signer"
	"github.com/signedfront/signedfront/signer/internal/status"
)

// Accident is something that goes wrong with an environment.
type Accident struct {
	Name string

	// Kind is the kind of environment it happens to, as passed to Healthy.
	Kind    string
	Happens func(a *Account)

	// Check is the check of package status that finds it. Says is a part of the
	// finding's What.
	Check, Says string
}

// Accidents returns accidents, at least one for each check of package status.
func Accidents() []Accident {
	return []Accident{
		{"a secret is lost", "shipped", func(a *Account) { delete(a.Secrets, a.SecretARN) }, "secret", "is gone"},
		{"a key is retired too early", "rotating", func(a *Account) {
			group := a.Groups[a.GroupID]
			group.Members, group.Modified = group.Members[1:], time.Now()
			a.Edit(func(d *signer.Deployment) { d.TrustedKeys = d.TrustedKeys[1:] })
		}, "retired", "removed from the key group too early: signing key 1 (K2JCJMDEHXDEV) signed until"},
		{"a key is retired too early and deleted", "rotating", func(a *Account) {
			group := a.Groups[a.GroupID]
			delete(a.Keys, group.Members[0])
			group.Members, group.Modified = group.Members[1:], time.Now()
			a.Edit(func(d *signer.Deployment) { d.TrustedKeys = d.TrustedKeys[1:] })
		}, "retired", "removed from the key group too early"},
		{"a lender is destroyed", "borrower", func(a *Account) {
			delete(a.Parameters, contract.ParameterName("media", "stage"))
			delete(a.Stacks, "media-stage")
		}, "lender", "is gone: there is no parameter"},
		{"a borrower trusts another key group", "borrower", func(a *Account) {
			a.Distributions[a.DistributionID].Behaviors[1].KeyGroups = []string{"another"}
			other := *a.Groups[a.GroupID]
			other.Members = []string{"K9OTHER"}
			a.Groups["another"] = &other
			a.Keys["K9OTHER"] = a.Keys[a.KeyPairID]
		}, "trusted", "does not have it"},
		{"a bucket policy has no star", "shipped", func(a *Account) {
			b := a.Buckets[a.BucketName]
			b.Policy = strings.ReplaceAll(b.Policy, a.BucketName+"/*", a.BucketName+"/")
		}, "bucket-policy", "which is no object: the objects are"},
		{"a bucket is written to while it is deleted", "shipped", func(a *Account) {
			stack := a.Stacks[a.StackName]
			stack.State = "DELETE_FAILED"
			stack.Resources[0].State = "DELETE_FAILED"
		}, "stack", "ContentBucketDD05A3B9 failed"},
		{"a bucket is created again by hand", "shipped", func(a *Account) { a.Buckets[a.BucketName].Policy = "" }, "bucket-policy", "has no policy"},

		{"a secret is to be deleted", "shipped", func(a *Account) { a.Secrets[a.SecretARN].Deleted = time.Now() }, "secret", "has been scheduled for deletion since"},
		{"another value is written into a secret, twice", "shipped", func(a *Account) { a.Secrets[a.SecretARN].Versions = []string{"new", "newer"} }, "secret", "no labelled version"},
		{"the secret of a draining key is lost", "rotating", func(a *Account) {
			for arn := range a.Secrets {
				if arn != a.SecretARN {
					delete(a.Secrets, arn)
				}
			}
		}, "secret", "is gone"},
		{"a KMS key that signs is to be deleted", "imported-kms", func(a *Account) {
			for _, key := range a.KMSKeys {
				key.State = "PendingDeletion"
			}
		}, "secret", "is PendingDeletion"},
		{"a KMS key that signs is gone", "imported-kms", func(a *Account) { clear(a.KMSKeys) }, "secret", "that signs is gone"},
		{"the secret of the lender is lost", "borrower", func(a *Account) {
			for arn := range a.Secrets {
				delete(a.Secrets, arn)
			}
		}, "secret", "is gone"},
		{"the KMS key of the bucket is disabled", "kms", func(a *Account) {
			for _, key := range a.KMSKeys {
				key.State = "Disabled"
			}
		}, "kms", "is Disabled"},
		{"the KMS key of the bucket is gone", "kms", func(a *Account) { clear(a.KMSKeys) }, "kms", "is gone"},
		{"the first deployment is under way", "shipped", func(a *Account) {
			delete(a.Parameters, a.Parameter)
			a.Stacks[a.StackName].State = "CREATE_IN_PROGRESS"
		}, "document", "while the stack is CREATE_IN_PROGRESS"},
		{"the parameter is deleted", "shipped", func(a *Account) { delete(a.Parameters, a.Parameter) }, "document", "there is no parameter"},
		{"the parameter holds something else", "shipped", func(a *Account) {
			a.Parameters[a.Parameter] = append(a.Parameters[a.Parameter], Version{Text: "{}", Modified: time.Now()})
		}, "document", "is not a deployment document"},
		{"the document names another key", "shipped", func(a *Account) {
			a.Edit(func(d *signer.Deployment) { d.PublicKeySHA256, d.TrustedKeys = strings.Repeat("0", 64), nil })
		}, "key", "does not have the SHA-256"},
		{"the document names another host", "shipped", func(a *Account) {
			a.Edit(func(d *signer.Deployment) { d.BaseURL = "https://d222222abcdef8.cloudfront.net" })
		}, "served", "d222222abcdef8"},
		{"a domain name is taken from the distribution", "domain", func(a *Account) { a.Distributions[a.DistributionID].Aliases = nil }, "served", "media.example.com"},
		{"the current key is taken out of the group", "shipped", func(a *Account) { a.Groups[a.GroupID].Members = []string{} }, "trusted", "signers sign with"},
		{"the key group is deleted", "shipped", func(a *Account) { delete(a.Groups, a.GroupID) }, "group", "is gone"},
		{"the distribution trusts another group", "shipped", func(a *Account) {
			other := *a.Groups[a.GroupID]
			a.Groups["another"] = &other
			a.Distributions[a.DistributionID].Behaviors[1].KeyGroups = []string{"another"}
		}, "group", "not the stack's own"},
		{"the distribution requires no signature", "shipped", func(a *Account) { a.Distributions[a.DistributionID].Behaviors[1].KeyGroups = nil }, "protection", "trusts no key group"},
		{"another public key is added to the key group", "shipped", func(a *Account) { a.foreign(a.GroupID) }, "trusted", "has the public key K9OTHER, which the deployment document does not list"},
		{"another public key is added to the key group of a rotation", "rotating", func(a *Account) { a.foreign(a.GroupID) }, "trusted", "has the public key K9OTHER"},
		{"another public key is added to the lender's key group", "borrower", func(a *Account) { a.foreign(a.GroupID) }, "trusted", "has the public key K9OTHER"},
		{"the distribution trusts a second key group", "shipped", func(a *Account) {
			b := &a.Distributions[a.DistributionID].Behaviors[1]
			b.KeyGroups = append(b.KeyGroups, a.foreign("another"))
		}, "group", `for the paths "*" the distribution trusts the key group another`},
		{"a borrower's distribution trusts a second key group", "borrower", func(a *Account) {
			b := &a.Distributions[a.DistributionID].Behaviors[1]
			b.KeyGroups = append(b.KeyGroups, a.foreign("another"))
		}, "group", `for the paths "*" the distribution trusts the key group another`},
		{"a signed path trusts another group", "shipped", func(a *Account) {
			a.path("/public/premium/*", `[{"Ref":"ContentKeyGroupC1B0B78F"}]`, a.foreign("another"))
		}, "group", `for the paths "/public/premium/*" the distribution trusts the key group another`},
		{"the distribution trusts the key pairs of accounts", "shipped", func(a *Account) {
			a.Distributions[a.DistributionID].Behaviors[1].Accounts = []string{"self"}
		}, "group", "trusts the key pairs of the AWS account self"},
		{"a path trusts only the key pairs of accounts", "shipped", func(a *Account) {
			a.path("/public/premium/*", `[{"Ref":"ContentKeyGroupC1B0B78F"}]`)
			a.Distributions[a.DistributionID].Behaviors[0].Accounts = []string{"self"}
		}, "group", "trusts the key pairs of the AWS account self"},
		{"the distribution trusts only the key pairs of accounts", "shipped", func(a *Account) {
			b := &a.Distributions[a.DistributionID].Behaviors[1]
			b.KeyGroups, b.Accounts = nil, []string{"self"}
		}, "group", "trusts the key pairs of the AWS account self"},
		{"a public path is added", "shipped", func(a *Account) { a.behavior("/*.mp4") }, "protection", `requires no signature and that the template does not have: "/*.mp4"`},
		{"everything is made public by a path", "shipped", func(a *Account) { a.behavior("*") }, "protection", `requires no signature and that the template does not have: "*"`},
		{"a signed path is added", "shipped", func(a *Account) { a.behavior("/public/a/*", a.GroupID) }, "protection", `that requires a signature and that the template does not have: "/public/a/*"`},
		{"a signed path loses its group", "shipped", func(a *Account) {
			a.path("/public/premium/*", `[{"Ref":"ContentKeyGroupC1B0B78F"}]`)
		}, "protection", `requires no signature, unlike the template, for the paths "/public/premium/*"`},
		{"a signed path is removed", "shipped", func(a *Account) {
			a.path("/public/premium/*", `[{"Ref":"ContentKeyGroupC1B0B78F"}]`, a.GroupID)
			d := a.Distributions[a.DistributionID]
			d.Behaviors = d.Behaviors[1:]
		}, "protection", `has lost a cache behavior that requires a signature: "/public/premium/*"`},
		{"a public path is given a group", "shipped", func(a *Account) {
			a.Distributions[a.DistributionID].Behaviors[0].KeyGroups = []string{a.GroupID}
		}, "protection", `requires a signature, unlike the template, for the paths "/public/*"`},
		{"a public path is removed", "shipped", func(a *Account) {
			d := a.Distributions[a.DistributionID]
			d.Behaviors = d.Behaviors[1:]
		}, "protection", `has lost a cache behavior that requires no signature: "/public/*"`},
		{"a public path is moved before a signed one", "shipped", func(a *Account) {
			a.path("/public/premium/*", `[{"Ref":"ContentKeyGroupC1B0B78F"}]`, a.GroupID)
			b := a.Distributions[a.DistributionID].Behaviors
			b[0], b[1] = b[1], b[0]
		}, "protection", "another order"},
		{"the distribution is disabled", "shipped", func(a *Account) { a.Distributions[a.DistributionID].Enabled = false }, "distribution", "disabled"},
		{"the distribution is deleted", "shipped", func(a *Account) { delete(a.Distributions, a.DistributionID) }, "distribution", "is gone"},
		{"the distribution reads another bucket", "shipped", func(a *Account) {
			a.Distributions[a.DistributionID].Origins[0].DomainName = "other.s3.eu-west-1.amazonaws.com"
		}, "origin", "but the content is in"},
		{"the bucket is deleted", "shipped", func(a *Account) { delete(a.Buckets, a.BucketName) }, "bucket", "is gone"},
		{"the bucket is created again in another Region", "shipped", func(a *Account) {
			for _, action := range []string{"s3:GetBucketPolicy", "s3:GetBucketPublicAccessBlock", "s3:GetEncryptionConfiguration"} {
				a.Fail[action] = "PermanentRedirect"
			}
		}, "bucket", "is not in eu-west-1: S3 redirects"},
		{"the bucket does not block public access", "shipped", func(a *Account) { a.Buckets[a.BucketName].Blocked = false }, "public-access", "does not block"},
		{"the policy denies by an unknown condition", "shipped", func(a *Account) {
			b := a.Buckets[a.BucketName]
			b.Policy = strings.ReplaceAll(b.Policy, `"Bool"`, `"Boolean"`)
		}, "bucket-policy", "has Boolean on aws:SecureTransport"},
		{"the policy is not JSON", "shipped", func(a *Account) { a.Buckets[a.BucketName].Policy = `{"Statement"` }, "bucket-policy", "cannot be evaluated"},
		{"the policy is for another identity", "shipped", func(a *Account) {
			b := a.Buckets[a.BucketName]
			b.Policy = strings.ReplaceAll(b.Policy, a.IdentityID, "E9OTHER")
		}, "bucket-policy", "is for others"},
		{"the policy is for another distribution", "oac", func(a *Account) {
			b := a.Buckets[a.BucketName]
			b.Policy = strings.ReplaceAll(b.Policy, a.DistributionID, "E9OTHER")
		}, "bucket-policy", "requires StringEquals on AWS:SourceArn, which is false"},
		{"the policy allows another account", "shipped", func(a *Account) { a.Allow(`{"AWS":"arn:aws:iam::999999999999:root"}`, "") }, "bucket-policy", "allows the AWS account 999999999999 to read objects"},
		{"the policy allows a role of another account", "oac", func(a *Account) {
			a.Allow(`{"AWS":["arn:aws:iam::111122223333:role/up","arn:aws:iam::999999999999:role/a"]}`, "")
		}, "bucket-policy", "allows the AWS account 999999999999 to read objects"},
		{"the policy allows another account a folder", "shipped", func(a *Account) {
			a.Allow(`{"AWS":"999999999999"}`, "")
			b := a.Buckets[a.BucketName]
			at := strings.LastIndex(b.Policy, "/*")
			b.Policy = b.Policy[:at] + "/films/" + b.Policy[at+1:]
		}, "bucket-policy", "allows the AWS account 999999999999 to read objects"},
		{"the policy allows everybody", "shipped", func(a *Account) {
			a.Buckets[a.BucketName].Blocked = false
			a.Allow(`"*"`, "")
		}, "bucket-policy", "allows anybody to read objects"},
		{"the policy allows all distributions", "oac", func(a *Account) { a.Allow(`{"Service":"cloudfront.amazonaws.com"}`, "") }, "bucket-policy", "allows CloudFront distributions of all accounts"},
		{"the policy allows all distributions of the account", "shipped", func(a *Account) {
			a.Allow(`{"Service":"cloudfront.amazonaws.com"}`, `,"Condition":{"ArnLike":{"AWS:SourceArn":"arn:aws:cloudfront::111122223333:distribution/*"}}`)
		}, "bucket-policy", "allows all CloudFront distributions of this account"},
		{"the access identity is deleted", "shipped", func(a *Account) { delete(a.Identities, a.IdentityID) }, "identity", "is gone"},
		{"the access control is deleted", "oac", func(a *Account) { delete(a.Controls, a.ControlID) }, "identity", "is gone"},
		{"the origin has lost its identity", "shipped", func(a *Account) { a.Distributions[a.DistributionID].Origins[0].Identity = "" }, "identity", "neither"},
		{"a bucket read by an access identity is encrypted with KMS", "shipped", func(a *Account) {
			a.Buckets[a.BucketName].KMSKey = "arn:aws:kms:eu-west-1:111122223333:key/1"
			a.KMSKeys["arn:aws:kms:eu-west-1:111122223333:key/1"] = &KMSKey{State: "Enabled"}
		}, "kms", "origin access identity"},
		{"a bucket is encrypted with AWS's own key", "oac", func(a *Account) { a.Buckets[a.BucketName].KMSKey = "alias/aws/s3" }, "kms", "aws/s3"},
		{"the key policy no longer allows CloudFront", "kms", func(a *Account) {
			for _, key := range a.KMSKeys {
				key.Policy = strings.ReplaceAll(key.Policy, a.DistributionID, "E9OTHER")
			}
		}, "kms", "may not decrypt"},
		{"a rollback failed", "shipped", func(a *Account) { a.Stacks[a.StackName].State = "UPDATE_ROLLBACK_FAILED" }, "stack", "UPDATE_ROLLBACK_FAILED"},
		{"an update failed and was not rolled back", "shipped", func(a *Account) { a.Stacks[a.StackName].State = "UPDATE_FAILED" }, "stack", "UPDATE_FAILED"},
		{"an import failed", "shipped", func(a *Account) { a.Stacks[a.StackName].State = "IMPORT_ROLLBACK_FAILED" }, "stack", "IMPORT_ROLLBACK_FAILED"},
		{"the signing policy is changed by hand", "shipped", func(a *Account) {
			a.Drifts["ContentSigningPolicy519C3082"] = status.Drift{State: "MODIFIED", Differences: []string{"/PolicyDocument/Statement/0/Resource"}}
		}, "signing-policy", "/PolicyDocument/Statement/0/Resource"},
		{"the signing policy is deleted", "shipped", func(a *Account) {
			a.Drifts["ContentSigningPolicy519C3082"] = status.Drift{State: "DELETED"}
		}, "signing-policy", "is gone"},
		{"a function is deleted", "shipped", func(a *Account) {
			a.Drifts["ContentKeyPairProviderFunction0AAFA133"] = status.Drift{State: "DELETED"}
		}, "function", "is gone"},
		{"the stack was deleted and left its parameter", "shipped", func(a *Account) { delete(a.Stacks, a.StackName) }, "stack", "belongs to no stack of this account"},
		{"a lender borrows itself", "borrower", func(a *Account) {
			own := a.Parameter
			a.Parameter = contract.ParameterName("media", "stage")
			a.Edit(func(d *signer.Deployment) { d.Key = signer.KeyLocation{Parameter: own} })
		}, "lender", "borrows its key itself"},
		{"the first deployment failed", "shipped", func(a *Account) {
			*a = *Empty()
			a.Stacks["media-dev"] = &Stack{ID: "arn", State: "ROLLBACK_COMPLETE"}
		}, "stack", "ROLLBACK_COMPLETE"},
	}
}
