package status_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"

	"github.com/signedfront/signedfront/constructs/contract"
	"github.com/signedfront/signedfront/signer"
	"github.com/signedfront/signedfront/signer/internal/status"
	"github.com/signedfront/signedfront/signer/internal/status/statustest"
	"github.com/signedfront/signedfront/signer/leaktest"
)

var media = status.Environment{Project: "media", Name: "dev", Region: statustest.Region}

func read(t *testing.T, a *statustest.Account) (*status.Report, error) {
	t.Helper()
	server := httptest.NewServer(a)
	defer server.Close()
	return status.Read(t.Context(), client(server.URL), media)
}

func client(endpoint string) *status.AWS {
	return status.NewAWS(aws.Config{
		Region: statustest.Region, Credentials: credentials.NewStaticCredentialsProvider("AKIDEXAMPLE", "secret", ""),
		BaseEndpoint: aws.String(endpoint), RetryMaxAttempts: 1,
	})
}

func TestAHealthyEnvironmentOfEachKindShowsNoFinding(t *testing.T) {
	for _, kind := range statustest.Kinds() {
		t.Run(kind, func(t *testing.T) {
			a := statustest.Healthy(kind)
			report, err := read(t, a)
			if err != nil {
				t.Fatal(err)
			}
			for _, f := range report.Findings {
				t.Errorf("found %s: %s (%s; %s)", f.Check, f.What, f.Meaning, f.Do)
			}
			for _, u := range report.Unread {
				t.Errorf("not read: %+v", u)
			}
			if !report.Healthy {
				t.Error("not healthy")
			}
			if report.Served == nil || report.Stack == nil || report.Protection == nil || report.Bucket == nil || report.Next == nil || len(report.Keys) == 0 || len(report.Quotas) != 2 {
				t.Errorf("not whole: %+v", report)
			}
			if !report.Protection.Signed || !slices.Equal(report.Protection.Public, []string{"/public/*"}) || report.Bucket.Access == "" {
				t.Errorf("protection %+v, bucket %+v", report.Protection, report.Bucket)
			}
		})
	}
}

func TestTheKeysAreToldWithWhatIsSafeNextAndWhen(t *testing.T) {
	a := statustest.Healthy("rotating")
	report, err := read(t, a)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, k := range report.Keys {
		got = append(got, fmt.Sprintf("%d %s %s %t %v", k.Number, k.State, k.Algorithm, k.Trusted, k.May))
	}
	want := []string{"1 draining ecdsa-p256 true [promote]", "2 current ecdsa-p256 true []"}
	if !slices.Equal(got, want) {
		t.Errorf("\n got %q\nwant %q", got, want)
	}
	if report.Next.From == nil || report.Next.From.Before(time.Now().Add(6*24*time.Hour)) || !strings.Contains(report.Next.Why, "signing key 1") {
		t.Errorf("next: %+v", report.Next)
	}
	if !slices.Contains(report.Next.Safe, "add") || !slices.Contains(report.Next.Safe, "promote "+report.Keys[0].ID) {
		t.Errorf("safe: %q", report.Next.Safe)
	}
	if k := report.Keys[1]; k.Since == nil || time.Since(*k.Since).Round(time.Hour) != 2*time.Hour || k.Created == nil {
		t.Errorf("the current key: %+v", k)
	}
}

func TestALenderNamesItsBorrowersAndABorrowerItsLender(t *testing.T) {
	lender, err := read(t, statustest.Healthy("lender"))
	if err != nil || !slices.Equal(lender.Borrowers, []string{"media-dev", "media-pr-7"}) {
		t.Errorf("borrowers %q, %v", lender.Borrowers, err)
	}
	borrower, err := read(t, statustest.Healthy("borrower"))
	if err != nil || borrower.Lender != contract.ParameterName("media", "stage") {
		t.Errorf("lender %q, %v", borrower.Lender, err)
	}
}

// accidents are what happens to environments. Each is found by its own check.
var accidents = []struct {
	name, kind string
	happens    func(a *statustest.Account)
	check      string
	says       string
}{
	// The six that started it.
	{"a secret is lost", "shipped", func(a *statustest.Account) { delete(a.Secrets, a.SecretARN) }, "secret", "is gone"},
	{"a key is retired too early", "rotating", func(a *statustest.Account) {
		group := a.Groups[a.GroupID]
		group.Members, group.Modified = group.Members[1:], time.Now()
		a.Edit(func(d *signer.Deployment) { d.TrustedKeys = d.TrustedKeys[1:] })
	}, "retired", "taken out too early: signing key 1 (K2JCJMDEHXDEV) signed until"},
	{"a key is retired too early and deleted", "rotating", func(a *statustest.Account) {
		group := a.Groups[a.GroupID]
		delete(a.Keys, group.Members[0])
		group.Members, group.Modified = group.Members[1:], time.Now()
		a.Edit(func(d *signer.Deployment) { d.TrustedKeys = d.TrustedKeys[1:] })
	}, "retired", "taken out too early"},
	{"a lender is destroyed", "borrower", func(a *statustest.Account) {
		delete(a.Parameters, contract.ParameterName("media", "stage"))
		delete(a.Stacks, "media-stage")
	}, "lender", "is gone: there is no parameter"},
	{"a borrower has nobody's key", "borrower", func(a *statustest.Account) {
		a.Distributions[a.DistributionID].Behaviors[1].KeyGroups = []string{"another"}
		other := *a.Groups[a.GroupID]
		other.Members = []string{"K9OTHER"}
		a.Groups["another"] = &other
		a.Keys["K9OTHER"] = a.Keys[a.KeyPairID]
	}, "trusted", "does not have it"},
	{"a policy has no star", "shipped", func(a *statustest.Account) {
		b := a.Buckets[a.BucketName]
		b.Policy = strings.ReplaceAll(b.Policy, a.BucketName+"/*", a.BucketName+"/")
	}, "bucket-policy", "which is no object: the objects are"},
	{"a bucket is filled again while it is destroyed", "shipped", func(a *statustest.Account) {
		stack := a.Stacks[a.StackName]
		stack.State = "DELETE_FAILED"
		stack.Resources[0].State = "DELETE_FAILED"
	}, "stack", "ContentBucketDD05A3B9 failed"},
	{"a bucket is made again by hand", "shipped", func(a *statustest.Account) { a.Buckets[a.BucketName].Policy = "" }, "bucket-policy", "has no policy"},

	{"a secret is to be deleted", "shipped", func(a *statustest.Account) { a.Secrets[a.SecretARN].Deleted = time.Now() }, "secret", "is to be deleted since"},
	{"another value is put into a secret, twice", "shipped", func(a *statustest.Account) { a.Secrets[a.SecretARN].Versions = []string{"new", "newer"} }, "secret", "no labelled version"},
	{"the secret of a key that drains is lost", "rotating", func(a *statustest.Account) {
		for arn := range a.Secrets {
			if arn != a.SecretARN {
				delete(a.Secrets, arn)
			}
		}
	}, "secret", "is gone"},
	{"a KMS key that signs is to be deleted", "imported-kms", func(a *statustest.Account) {
		for _, key := range a.KMSKeys {
			key.State = "PendingDeletion"
		}
	}, "secret", "is PendingDeletion"},
	{"a KMS key that signs is gone", "imported-kms", func(a *statustest.Account) { clear(a.KMSKeys) }, "secret", "that signs is gone"},
	{"the secret of the lender is lost", "borrower", func(a *statustest.Account) {
		for arn := range a.Secrets {
			delete(a.Secrets, arn)
		}
	}, "secret", "is gone"},
	{"the KMS key of the bucket is disabled", "kms", func(a *statustest.Account) {
		for _, key := range a.KMSKeys {
			key.State = "Disabled"
		}
	}, "kms", "is Disabled"},
	{"the KMS key of the bucket is gone", "kms", func(a *statustest.Account) { clear(a.KMSKeys) }, "kms", "is gone"},
	{"the first deployment is under way", "shipped", func(a *statustest.Account) {
		delete(a.Parameters, a.Parameter)
		a.Stacks[a.StackName].State = "CREATE_IN_PROGRESS"
	}, "document", "while the stack is CREATE_IN_PROGRESS"},
	{"the parameter is deleted", "shipped", func(a *statustest.Account) { delete(a.Parameters, a.Parameter) }, "document", "there is no parameter"},
	{"the parameter holds something else", "shipped", func(a *statustest.Account) {
		a.Parameters[a.Parameter] = append(a.Parameters[a.Parameter], statustest.Version{Text: "{}", Modified: time.Now()})
	}, "document", "no deployment document"},
	{"the document names another key", "shipped", func(a *statustest.Account) {
		a.Edit(func(d *signer.Deployment) { d.PublicKeySHA256, d.TrustedKeys = strings.Repeat("0", 64), nil })
	}, "key", "is not the one whose SHA-256"},
	{"the document names another host", "shipped", func(a *statustest.Account) {
		a.Edit(func(d *signer.Deployment) { d.BaseURL = "https://d222222abcdef8.cloudfront.net" })
	}, "served", "d222222abcdef8"},
	{"a domain name is taken from the distribution", "domain", func(a *statustest.Account) { a.Distributions[a.DistributionID].Aliases = nil }, "served", "media.example.com"},
	{"the current key is taken out of the group", "shipped", func(a *statustest.Account) { a.Groups[a.GroupID].Members = []string{} }, "trusted", "signers sign with"},
	{"the key group is deleted", "shipped", func(a *statustest.Account) { delete(a.Groups, a.GroupID) }, "group", "is gone"},
	{"the distribution trusts another group", "shipped", func(a *statustest.Account) {
		other := *a.Groups[a.GroupID]
		a.Groups["another"] = &other
		a.Distributions[a.DistributionID].Behaviors[1].KeyGroups = []string{"another"}
	}, "group", "not the stack's own"},
	{"the distribution asks for no signature", "shipped", func(a *statustest.Account) { a.Distributions[a.DistributionID].Behaviors[1].KeyGroups = nil }, "protection", "trusts no key group"},
	{"the distribution is disabled", "shipped", func(a *statustest.Account) { a.Distributions[a.DistributionID].Enabled = false }, "distribution", "disabled"},
	{"the distribution is deleted", "shipped", func(a *statustest.Account) { delete(a.Distributions, a.DistributionID) }, "distribution", "is gone"},
	{"the distribution reads another bucket", "shipped", func(a *statustest.Account) {
		a.Distributions[a.DistributionID].Origins[0].DomainName = "other.s3.eu-west-1.amazonaws.com"
	}, "origin", "and the content is in"},
	{"the bucket is deleted", "shipped", func(a *statustest.Account) { delete(a.Buckets, a.BucketName) }, "bucket", "is gone"},
	{"the bucket is opened to the public", "shipped", func(a *statustest.Account) { a.Buckets[a.BucketName].Blocked = false }, "public-access", "does not block"},
	{"the policy denies by what nobody here can evaluate", "shipped", func(a *statustest.Account) {
		b := a.Buckets[a.BucketName]
		b.Policy = strings.ReplaceAll(b.Policy, `"Bool"`, `"Boolean"`)
	}, "bucket-policy", "has Boolean on aws:SecureTransport"},
	{"the policy is no JSON", "shipped", func(a *statustest.Account) { a.Buckets[a.BucketName].Policy = `{"Statement"` }, "bucket-policy", "cannot be evaluated"},
	{"the policy is for another identity", "shipped", func(a *statustest.Account) {
		b := a.Buckets[a.BucketName]
		b.Policy = strings.ReplaceAll(b.Policy, a.IdentityID, "E9OTHER")
	}, "bucket-policy", "is for others"},
	{"the policy is for another distribution", "oac", func(a *statustest.Account) {
		b := a.Buckets[a.BucketName]
		b.Policy = strings.ReplaceAll(b.Policy, a.DistributionID, "E9OTHER")
	}, "bucket-policy", "does not hold"},
	{"the access identity is deleted", "shipped", func(a *statustest.Account) { delete(a.Identities, a.IdentityID) }, "identity", "is gone"},
	{"the access control is deleted", "oac", func(a *statustest.Account) { delete(a.Controls, a.ControlID) }, "identity", "is gone"},
	{"the origin has lost its identity", "shipped", func(a *statustest.Account) { a.Distributions[a.DistributionID].Origins[0].Identity = "" }, "identity", "neither"},
	{"a bucket of an identity is encrypted with KMS", "shipped", func(a *statustest.Account) {
		a.Buckets[a.BucketName].KMSKey = "arn:aws:kms:eu-west-1:111122223333:key/1"
		a.KMSKeys["arn:aws:kms:eu-west-1:111122223333:key/1"] = &statustest.KMSKey{State: "Enabled"}
	}, "kms", "origin access identity"},
	{"a bucket is encrypted with AWS's own key", "oac", func(a *statustest.Account) { a.Buckets[a.BucketName].KMSKey = "alias/aws/s3" }, "kms", "aws/s3"},
	{"the key policy lets CloudFront in no more", "kms", func(a *statustest.Account) {
		for _, key := range a.KMSKeys {
			key.Policy = strings.ReplaceAll(key.Policy, a.DistributionID, "E9OTHER")
		}
	}, "kms", "may not decrypt"},
	{"a rollback failed", "shipped", func(a *statustest.Account) { a.Stacks[a.StackName].State = "UPDATE_ROLLBACK_FAILED" }, "stack", "UPDATE_ROLLBACK_FAILED"},
	{"an update failed and was not rolled back", "shipped", func(a *statustest.Account) { a.Stacks[a.StackName].State = "UPDATE_FAILED" }, "stack", "UPDATE_FAILED"},
	{"an import failed", "shipped", func(a *statustest.Account) { a.Stacks[a.StackName].State = "IMPORT_ROLLBACK_FAILED" }, "stack", "IMPORT_ROLLBACK_FAILED"},
	{"the signing policy is changed by hand", "shipped", func(a *statustest.Account) {
		a.Drifts["ContentSigningPolicy519C3082"] = status.Drift{State: "MODIFIED", Differences: []string{"/PolicyDocument/Statement/0/Resource"}}
	}, "signing-policy", "/PolicyDocument/Statement/0/Resource"},
	{"the signing policy is deleted", "shipped", func(a *statustest.Account) {
		a.Drifts["ContentSigningPolicy519C3082"] = status.Drift{State: "DELETED"}
	}, "signing-policy", "is gone"},
	{"a function is deleted", "shipped", func(a *statustest.Account) {
		a.Drifts["ContentKeyPairProviderFunction0AAFA133"] = status.Drift{State: "DELETED"}
	}, "function", "is gone"},
	{"the stack has let its parameter go", "shipped", func(a *statustest.Account) { delete(a.Stacks, a.StackName) }, "stack", "no stack has it"},
	{"a lender borrows itself", "borrower", func(a *statustest.Account) {
		own := a.Parameter
		a.Parameter = contract.ParameterName("media", "stage")
		a.Edit(func(d *signer.Deployment) { d.Key = signer.KeyLocation{Parameter: own} })
	}, "lender", "borrows its key itself"},
	{"the first deployment failed", "shipped", func(a *statustest.Account) {
		*a = *statustest.Empty()
		a.Stacks["media-dev"] = &statustest.Stack{ID: "arn", State: "ROLLBACK_COMPLETE"}
	}, "stack", "ROLLBACK_COMPLETE"},
}

func TestEachAccidentIsFoundByItsOwnCheck(t *testing.T) {
	for _, accident := range accidents {
		t.Run(accident.name, func(t *testing.T) {
			a := statustest.Healthy(accident.kind)
			accident.happens(a)
			report, err := read(t, a)
			if err != nil {
				t.Fatal(err)
			}
			var found []string
			for _, f := range report.Findings {
				if f.Check == accident.check && strings.Contains(f.What, accident.says) {
					if f.Meaning == "" || f.Do == "" {
						t.Errorf("it does not say what it means and what to do: %+v", f)
					}
					if report.Healthy {
						t.Error("healthy all the same")
					}
					return
				}
				found = append(found, f.Check+": "+f.What)
			}
			t.Errorf("not found by %s (%s); found:\n%s\nunread: %+v", accident.check, accident.says, strings.Join(found, "\n"), report.Unread)
		})
	}
}

// alsoFound are the accidents that other checks find too, and these checks.
var alsoFound = map[string][]string{"the key group is deleted": {"trusted"}}

// Each check finds what no other does: without it, its accidents go unseen.
func TestWithoutItsCheckAnAccidentIsMissed(t *testing.T) {
	for _, accident := range accidents {
		a := statustest.Healthy(accident.kind)
		accident.happens(a)
		report, err := read(t, a)
		if err != nil {
			t.Fatal(err)
		}
		var others []string
		for _, f := range report.Findings {
			if f.Check != accident.check && !slices.Contains(others, f.Check) {
				others = append(others, f.Check)
			}
		}
		if !slices.Equal(others, alsoFound[accident.name]) {
			t.Errorf("%s: without %s it is found by %q, want %q", accident.name, accident.check, others, alsoFound[accident.name])
		}
	}
}

// partsOf are the parts of a report that say something, and the lines that are unread.
func partsOf(r *status.Report) (parts []string) {
	add := func(part string, said bool) {
		if said {
			parts = append(parts, part)
		}
	}
	add("served", r.Served != nil)
	add("protection", r.Protection != nil && r.Protection.Signed)
	add("termination", r.Protection != nil && r.Protection.Termination != nil)
	add("public access", r.Protection != nil && r.Protection.PublicAccessBlocked != nil)
	add("stack", r.Stack != nil)
	add("bucket", r.Bucket != nil)
	add("access", r.Bucket != nil && r.Bucket.Access != "")
	add("encryption", r.Bucket != nil && r.Bucket.KMSKey != "")
	add("keys", len(r.Keys) > 0)
	add("created", len(r.Keys) > 0 && r.Keys[0].Created != nil)
	add("next", r.Next != nil)
	add("lender", r.Lender != "")
	add("borrowers", len(r.Borrowers) > 0)
	for _, q := range r.Quotas {
		add(q.Name, true)
	}
	return parts
}

// lostWith are the parts that are not known without a right. Without a right that is
// not here, all are.
var lostWith = map[string][]string{
	// The document says who lends, and leads to the keys; it alone says where a bucket is
	// that the stack has not made.
	"ssm:GetParameter":                         {"keys", "created", "next", "lender"},
	"existing-bucket without ssm:GetParameter": {"public access", "bucket", "access"},
	// The stack leads to the distribution, and that to the key group and the keys.
	"cloudformation:DescribeStacks":         {"served", "protection", "termination", "public access", "stack", "access", "keys", "created", "next", "borrowers"},
	"cloudformation:ListStackResources":     {"served", "protection", "termination", "public access", "access", "keys", "created", "next"},
	"cloudformation:DescribeStackResources": {"served", "protection", "termination", "public access", "stack", "access", "keys", "created", "next"},
	"cloudformation:ListImports":            {"borrowers"},
	"cloudfront:GetDistribution":            {"served", "protection", "termination", "public access", "access", "keys", "created", "next"},
	"cloudfront:GetKeyGroup":                {"keys", "created", "next"},
	"cloudfront:GetPublicKey":               {"created"},
	"cloudfront:ListPublicKeys":             {"public keys"},
	"cloudfront:ListKeyGroups":              {"key groups"},
	"ssm:GetParameterHistory":               {"keys", "created", "next"},
	"s3:GetBucketPublicAccessBlock":         {"public access"},
	"s3:GetEncryptionConfiguration":         {"encryption"},
}

// Every right of the published policy is taken away once, in each kind of environment
// that needs it.
func TestWithEachRightTakenAwayTheLineNamesItAndTheOthersAreShown(t *testing.T) {
	taken := map[string]bool{}
	for _, kind := range statustest.Kinds() {
		healthy := statustest.Healthy(kind)
		whole, err := read(t, healthy)
		if err != nil {
			t.Fatal(err)
		}
		actions := map[string]bool{}
		for _, call := range healthy.Calls() {
			actions[call.Action] = true
		}
		for action := range actions {
			taken[action] = true
			t.Run(kind+" without "+action, func(t *testing.T) {
				a := statustest.Healthy(kind)
				a.Fail[action] = "AccessDenied"
				report, err := read(t, a)
				if err != nil {
					t.Fatal(err)
				}
				if !slices.ContainsFunc(report.Unread, func(u status.Unread) bool {
					return u.Action == action && u.Line != "" && strings.Contains(u.Why, action)
				}) {
					t.Errorf("%s is not named: %+v", action, report.Unread)
				}
				for _, u := range report.Unread {
					if u.Action != action {
						t.Errorf("another line is unread: %+v", u)
					}
				}
				for _, f := range report.Findings {
					t.Errorf("what may not be read is taken for wrong: %+v", f)
				}
				shown := partsOf(report)
				lost := append(lostWith[action], lostWith[kind+" without "+action]...)
				for _, part := range partsOf(whole) {
					if !slices.Contains(shown, part) && !slices.Contains(lost, part) {
						t.Errorf("%s is not shown any more", part)
					}
				}
			})
		}
	}
	for _, statement := range published(t) {
		for _, action := range texts(statement.Action) {
			if !taken[action] && statement.Sid != "DriftAsCloudFormationReadsIt" {
				t.Errorf("%s was not taken away", action)
			}
		}
	}
}

// CloudFormation reads with the rights of its caller when it looks for drift, and IAM
// names the one that is missing. Each right of the policy's last statement is taken
// away.
func TestARightThatCloudFormationMissesIsNamedAndNotItsOwn(t *testing.T) {
	asked := 0
	for _, statement := range published(t) {
		if statement.Sid != "DriftAsCloudFormationReadsIt" {
			continue
		}
		for _, action := range texts(statement.Action) {
			asked++
			a := statustest.Healthy("shipped")
			a.Fail["cloudformation:DetectStackResourceDrift"] = "AccessDenied"
			a.Message = "User: arn:aws:iam::111122223333:user/reader is not authorized to perform: " + action + " on resource: policy media because no identity-based policy allows the " + action + " action"
			report, err := read(t, a)
			if err != nil {
				t.Fatal(err)
			}
			if !report.Healthy || len(report.Unread) != 2 {
				t.Errorf("healthy is %t, unread: %+v", report.Healthy, report.Unread)
			}
			for _, u := range report.Unread {
				if u.Action != action || u.Why != "these credentials may not use "+action {
					t.Errorf("without %s: %+v", action, u)
				}
			}
		}
	}
	if asked < 5 {
		t.Errorf("%d rights were taken away", asked)
	}
}

func TestARightThatAPolicyDeniesIsToldApartFromOneThatNoneAllows(t *testing.T) {
	a := statustest.Healthy("shipped")
	a.Fail["s3:GetBucketPolicy"] = "AccessDenied"
	a.Message = `User: arn:aws:iam::111122223333:user/reader is not authorized to perform: "s3:GetBucketPolicy" on resource: "media" with an explicit deny in a service control policy`
	report, err := read(t, a)
	if err != nil {
		t.Fatal(err)
	}
	if len(report.Unread) != 1 || report.Unread[0].Action != "s3:GetBucketPolicy" || !strings.Contains(report.Unread[0].Why, "a policy denies it") {
		t.Errorf("%+v", report.Unread)
	}
}

// The text of an answer is AWS's, or that of whoever answers in its place.
func TestNoRefusalOfIAMShowsAKey(t *testing.T) {
	for _, key := range leaktest.Keys() {
		for _, spelling := range key.Spellings() {
			a := statustest.Healthy("shipped")
			a.Fail["s3:GetBucketPolicy"] = "AccessDenied"
			a.Message = "User: a is not authorized to perform: " + spelling.Text
			report, err := read(t, a)
			if err != nil {
				t.Fatal(err)
			}
			if found := key.Find(leaktest.Print(report)); found != "" {
				t.Errorf("%s as %s: the report shows %s", key.Name, spelling.Name, found)
			}
		}
	}
}

func TestWithoutARightThatAFindingNeedsNothingIsCalledHealthy(t *testing.T) {
	for action, healthy := range map[string]bool{
		"ssm:GetParameter": false, "ssm:GetParameterHistory": false, "cloudformation:DescribeStacks": false, "cloudformation:ListStackResources": false,
		"cloudfront:GetDistribution": false, "cloudfront:GetKeyGroup": false, "cloudfront:GetPublicKey": false, "cloudfront:GetCloudFrontOriginAccessIdentity": false,
		"secretsmanager:DescribeSecret": false, "s3:GetBucketPolicy": false, "s3:GetBucketPublicAccessBlock": false, "s3:GetEncryptionConfiguration": false,
		"cloudfront:ListPublicKeys": true, "cloudfront:ListKeyGroups": true, "cloudformation:GetTemplate": false, "cloudformation:DetectStackResourceDrift": true,
	} {
		a := statustest.Healthy("shipped")
		a.Fail[action] = "AccessDeniedException"
		report, err := read(t, a)
		if err != nil || report.Healthy != healthy {
			t.Errorf("without %s: healthy %t, %v", action, report != nil && report.Healthy, err)
		}
	}
}

func TestThrottlingIsToldAndTheRestIsShown(t *testing.T) {
	a := statustest.Healthy("shipped")
	a.Fail["cloudfront:GetPublicKey"] = "Throttling"
	report, err := read(t, a)
	if err != nil {
		t.Fatal(err)
	}
	if report.Healthy || report.Served == nil || !slices.ContainsFunc(report.Unread, func(u status.Unread) bool { return strings.Contains(u.Why, "try again in a minute") && u.Action == "" }) {
		t.Errorf("%+v", report.Unread)
	}
}

func TestWhereNothingCanBeAskedThereIsAnErrorAndNoReport(t *testing.T) {
	for name, test := range map[string]struct {
		account func() *statustest.Account
		is      func(error) bool
	}{
		"no such environment": {statustest.Empty, func(err error) bool { return errors.Is(err, status.ErrNoEnvironment) }},
		"another's stack of that name": {func() *statustest.Account {
			a := statustest.Empty()
			a.Stacks["media-dev"] = &statustest.Stack{ID: "arn", State: "CREATE_COMPLETE", Resources: []status.Resource{{LogicalID: "Queue", PhysicalID: "queue", Type: "AWS::SQS::Queue"}}}
			return a
		}, func(err error) bool { return errors.Is(err, status.ErrNoEnvironment) }},
		"expired credentials": {func() *statustest.Account { a := statustest.Healthy("shipped"); a.Fail["*"] = "ExpiredToken"; return a }, status.BadCredentials},
		"unknown access key": {func() *statustest.Account {
			a := statustest.Healthy("shipped")
			a.Fail["*"] = "UnrecognizedClientException"
			return a
		}, status.BadCredentials},
	} {
		t.Run(name, func(t *testing.T) {
			report, err := read(t, test.account())
			if report != nil || !test.is(err) {
				t.Errorf("got %+v, %v", report, err)
			}
		})
	}
	t.Run("no network", func(t *testing.T) {
		report, err := status.Read(t.Context(), client("http://127.0.0.1:1"), media)
		if report != nil || !status.Unreachable(err) {
			t.Errorf("got %+v, %v", report, err)
		}
	})
	t.Run("interrupted", func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if report, err := status.Read(ctx, client("http://127.0.0.1:1"), media); report != nil || err == nil {
			t.Errorf("got %+v, %v", report, err)
		}
	})
}

func TestAnAnswerThatIsNotOfAWSIsToldAsThat(t *testing.T) {
	for code, says := range map[int]string{http.StatusOK: "the answer cannot be read: a proxy may", http.StatusBadGateway: "of HTTP status 502, is not one of AWS"} {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(code)
			io.WriteString(w, "<html>Sign in to this network</html>")
		}))
		report, err := status.Read(t.Context(), client(server.URL), media)
		server.Close()
		if err != nil || report.Healthy || len(report.Findings) > 0 {
			t.Errorf("%d: %+v, %v", code, report, err)
			continue
		}
		for _, u := range report.Unread {
			if !strings.Contains(u.Why, says) {
				t.Errorf("%d: %+v", code, u)
			}
		}
	}
}

func TestAParameterThatIsNotThereIsFoundWithoutTheRightToReadStacks(t *testing.T) {
	a := statustest.Empty()
	a.Fail["cloudformation:DescribeStacks"] = "AccessDenied"
	report, err := read(t, a)
	if err != nil || len(report.Findings) != 1 || report.Findings[0].Check != "document" || report.Healthy {
		t.Errorf("%+v, %v", report, err)
	}
}

func TestAStackOfThatNameThatIsAnothersIsNotTakenForTheEnvironments(t *testing.T) {
	a := statustest.Healthy("other-stack")
	a.Stacks["media-dev"] = &statustest.Stack{ID: "arn", State: "ROLLBACK_COMPLETE", Resources: []status.Resource{{LogicalID: "Queue", PhysicalID: "queue", Type: "AWS::SQS::Queue"}}}
	report, err := read(t, a)
	if err != nil || !report.Healthy || report.Stack.Name != "website" {
		t.Errorf("%+v, %v", report, err)
	}
}

func TestWithNoRightsAtAllEachLineNamesItsAction(t *testing.T) {
	a := statustest.Healthy("shipped")
	a.Fail["*"] = "AccessDenied"
	report, err := read(t, a)
	if err != nil {
		t.Fatal(err)
	}
	if report.Healthy || len(report.Findings) > 0 || len(report.Unread) < 4 {
		t.Errorf("%+v", report)
	}
	for _, u := range report.Unread {
		if u.Action == "" {
			t.Errorf("no action: %+v", u)
		}
	}
}

func TestChecksRunSideBySide(t *testing.T) {
	a := statustest.Healthy("rotating")
	a.Delay = 100 * time.Millisecond
	if _, err := read(t, a); err != nil {
		t.Fatal(err)
	}
	if calls, most := len(a.Calls()), a.SideBySide(); calls < 15 || most < 5 {
		t.Errorf("of %d calls, at most %d were side by side", calls, most)
	}
}

// Nothing asks for what it must not have.
func TestNoPrivateKeyIsReadAndNothingIsWritten(t *testing.T) {
	for _, kind := range statustest.Kinds() {
		a := statustest.Healthy(kind)
		if _, err := read(t, a); err != nil {
			t.Fatal(err)
		}
		for _, call := range a.Calls() {
			_, operation, _ := strings.Cut(call.Action, ":")
			if !strings.HasPrefix(operation, "Get") && !strings.HasPrefix(operation, "List") && !strings.HasPrefix(operation, "Describe") && operation != "DetectStackResourceDrift" || operation == "GetSecretValue" {
				t.Errorf("%s uses %s", kind, call.Action)
			}
		}
	}
}

// Somebody may have put the private key where a document or a policy belongs.
func TestNoReportShowsAKeyThatStandsInTheAccount(t *testing.T) {
	for _, key := range leaktest.Keys() {
		for _, spelling := range key.Spellings() {
			inJSON, err := json.Marshal(spelling.Text)
			if err != nil {
				t.Fatal(err)
			}
			for place, put := range map[string]func(*statustest.Account){
				"the parameter and the bucket policy": func(a *statustest.Account) {
					a.Parameters[a.Parameter] = []statustest.Version{{Text: spelling.Text, Modified: time.Now()}}
					a.Buckets[a.BucketName].Policy = spelling.Text
				},
				"a member of the document and a statement of the policy": func(a *statustest.Account) {
					a.Parameters[a.Parameter] = []statustest.Version{{Text: `{"schema": 1, "baseUrl": ` + string(inJSON) + `, "keyPairId": ` + string(inJSON) + `}`, Modified: time.Now()}}
					a.Buckets[a.BucketName].Policy = `{"Statement": {"Sid": ` + string(inJSON) + `, "Effect": "Deny", "Principal": "*", "Action": "*", "Resource": ` + string(inJSON) + `}}`
				},
			} {
				a := statustest.Healthy("shipped")
				put(a)
				report, err := read(t, a)
				if err != nil {
					t.Fatal(err)
				}
				if found := key.Find(leaktest.Print(report)); found != "" {
					t.Errorf("%s as %s in %s: the report shows %s", key.Name, spelling.Name, place, found)
				}
			}
		}
	}
}

func TestPathPatternsAreToldByWhatTheyRequire(t *testing.T) {
	a := statustest.Healthy("shipped")
	d := a.Distributions[a.DistributionID]
	d.Behaviors = slices.Insert(d.Behaviors, 0, status.Behavior{Pattern: "/videos/*", Origin: "content", KeyGroups: []string{a.GroupID}})
	report, err := read(t, a)
	if err != nil {
		t.Fatal(err)
	}
	p := report.Protection
	if !p.Signed || !slices.Equal(p.Public, []string{"/public/*"}) || !slices.Equal(p.SignedPaths, []string{"/videos/*"}) {
		t.Errorf("%+v", p)
	}
}
