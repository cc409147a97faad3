package status_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"

	"github.com/signedfront/signedfront/constructs/contract"
	"github.com/signedfront/signedfront/signer"
	"github.com/signedfront/signedfront/signer/internal/awsaccount"
	"github.com/signedfront/signedfront/signer/internal/status"
	"github.com/signedfront/signedfront/signer/internal/status/statustest"
	"github.com/signedfront/signedfront/signer/leaktest"
	"github.com/signedfront/signedfront/signer/rotation"
)

var media = status.Environment{Project: "media", Name: "dev", Region: statustest.Region}

func read(t *testing.T, a *statustest.Account) (*status.Report, error) {
	t.Helper()
	server := httptest.NewServer(a)
	defer server.Close()
	return status.Read(t.Context(), client(server.URL), media)
}

func client(endpoint string) *awsaccount.Account {
	return awsaccount.New(aws.Config{
		Region: statustest.Region, Credentials: credentials.NewStaticCredentialsProvider("AKIDEXAMPLE", "secret", ""),
		BaseEndpoint: aws.String(endpoint), RetryMaxAttempts: 1,
	})
}

func TestTheOwnerOfAnExistingBucketMayLetOtherAccountsReadIt(t *testing.T) {
	a := statustest.Healthy("existing-bucket")
	a.Allow(`{"AWS":"arn:aws:iam::999999999999:role/archive"}`, "")
	report, err := read(t, a)
	if err != nil || !report.Healthy {
		t.Errorf("%v: %+v", err, report.Findings)
	}
	a.Allow(`{"Service":"cloudfront.amazonaws.com"}`, "")
	if report, err = read(t, a); err != nil || report.Healthy {
		t.Errorf("a bucket that all distributions may read is healthy: %v", err)
	}
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
			if report.Served == nil || report.Stack == nil || report.Protection == nil || report.Bucket == nil || report.Next == nil || len(report.Keys) == 0 || len(report.Quotas) < 3 {
				t.Errorf("parts are missing: %+v", report)
			}
			if !report.Protection.Signed || !slices.Equal(report.Protection.Public, []string{"/public/*"}) || report.Bucket.Access == "" {
				t.Errorf("protection %+v, bucket %+v", report.Protection, report.Bucket)
			}
		})
	}
}

func TestTheQuotasOfTheAccountAndOfTheKeyGroupAreShown(t *testing.T) {
	for kind, want := range map[string][]status.Quota{
		"shipped":  {{"public keys", 1, 10}, {"key groups", 1, 10}, {"public keys in the key group", 1, 5}},
		"rotating": {{"public keys", 2, 10}, {"key groups", 1, 10}, {"public keys in the key group", 2, 5}},
		"lender":   {{"public keys", 1, 10}, {"key groups", 1, 10}, {"distributions of the key group", 1, 100}, {"public keys in the key group", 1, 5}},
		"borrower": {{"public keys", 1, 10}, {"key groups", 1, 10}, {"public keys in the key group", 1, 5}},
	} {
		report, err := read(t, statustest.Healthy(kind))
		if err != nil || !slices.Equal(report.Quotas, want) {
			t.Errorf("%s: %+v, %v", kind, report.Quotas, err)
		}
	}
}

func TestTheReportHasTheKeysAndTheStepsThatAreSafe(t *testing.T) {
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

func TestEachAccidentIsFoundByItsOwnCheck(t *testing.T) {
	for _, accident := range statustest.Accidents() {
		t.Run(accident.Name, func(t *testing.T) {
			a := statustest.Healthy(accident.Kind)
			accident.Happens(a)
			report, err := read(t, a)
			if err != nil {
				t.Fatal(err)
			}
			var found []string
			for _, f := range report.Findings {
				if f.Check == accident.Check && strings.Contains(f.What, accident.Says) {
					if f.Meaning == "" || f.Do == "" {
						t.Errorf("it does not say what it means and what to do: %+v", f)
					}
					if report.Healthy {
						t.Error("the report is healthy")
					}
					return
				}
				found = append(found, f.Check+": "+f.What)
			}
			t.Errorf("not found by %s (%s); found:\n%s\nunread: %+v", accident.Check, accident.Says, strings.Join(found, "\n"), report.Unread)
		})
	}
}

// alsoFound has the accidents that other checks find too, with these checks.
var alsoFound = map[string][]string{"the policy allows everybody": {"public-access"}, "the key group is deleted": {"trusted"}, "a borrower trusts another key group": {"group"}}

func TestNoOtherCheckFindsAnAccident(t *testing.T) {
	for _, accident := range statustest.Accidents() {
		a := statustest.Healthy(accident.Kind)
		accident.Happens(a)
		report, err := read(t, a)
		if err != nil {
			t.Fatal(err)
		}
		var others []string
		for _, f := range report.Findings {
			if f.Check != accident.Check && !slices.Contains(others, f.Check) {
				others = append(others, f.Check)
			}
		}
		if !slices.Equal(others, alsoFound[accident.Name]) {
			t.Errorf("%s: apart from %s it is found by %q, want %q", accident.Name, accident.Check, others, alsoFound[accident.Name])
		}
	}
}

// partsOf returns the names of the parts that a report has.
func partsOf(r *status.Report) (parts []string) {
	add := func(part string, has bool) {
		if has {
			parts = append(parts, part)
		}
	}
	add("served", r.Served != nil)
	add("protection", r.Protection != nil && r.Protection.Signed)
	add("template", r.Protection != nil && r.Protection.Template != nil)
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

// lostWith has the parts that are not known without a right. Rights that are not in the
// map lose no part.
var lostWith = map[string][]string{
	// The document names the lender and the keys. Only the document names a bucket that the
	// stack did not create.
	"ssm:GetParameter":                         {"keys", "created", "next", "lender", "public keys in the key group"},
	"existing-bucket without ssm:GetParameter": {"public access", "bucket", "access"},
	// The stack names the distribution, which names the key group and the keys.
	"cloudformation:DescribeStacks":          {"served", "protection", "template", "termination", "public access", "stack", "access", "keys", "created", "next", "borrowers", "public keys in the key group", "distributions of the key group"},
	"cloudformation:ListStackResources":      {"served", "protection", "template", "termination", "public access", "access", "keys", "created", "next", "public keys in the key group", "distributions of the key group"},
	"cloudformation:DescribeStackResources":  {"served", "protection", "template", "termination", "public access", "stack", "access", "keys", "created", "next", "public keys in the key group", "distributions of the key group"},
	"cloudformation:ListImports":             {"borrowers"},
	"cloudfront:GetDistribution":             {"served", "protection", "template", "termination", "public access", "access", "keys", "created", "next", "public keys in the key group"},
	"cloudformation:GetTemplate":             {"template"},
	"cloudfront:GetKeyGroup":                 {"keys", "created", "next", "public keys in the key group"},
	"cloudfront:GetPublicKey":                {"created"},
	"cloudfront:ListPublicKeys":              {"public keys"},
	"cloudfront:ListDistributionsByKeyGroup": {"distributions of the key group"},
	"cloudfront:ListKeyGroups":               {"key groups"},
	"ssm:GetParameterHistory":                {"keys", "created", "next"},
	"s3:GetBucketPublicAccessBlock":          {"public access"},
	"s3:GetEncryptionConfiguration":          {"encryption"},
}

// Every right of the published policy is denied once, in each kind of environment that
// needs it.
func TestWithEachRightTakenAwayTheLineNamesItAndTheOthersAreShown(t *testing.T) {
	denied := map[string]bool{}
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
			denied[action] = true
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
					t.Errorf("a missing right causes a finding: %+v", f)
				}
				shown := partsOf(report)
				lost := append(lostWith[action], lostWith[kind+" without "+action]...)
				for _, part := range partsOf(whole) {
					if !slices.Contains(shown, part) && !slices.Contains(lost, part) {
						t.Errorf("%s is no longer shown", part)
					}
				}
			})
		}
	}
	for _, statement := range published(t) {
		for _, action := range texts(statement.Action) {
			if !denied[action] && statement.Sid != "DriftAsCloudFormationReadsIt" {
				t.Errorf("%s was not denied", action)
			}
		}
	}
}

// CloudFormation detects drift with the rights of its caller. Each right of the policy's
// last statement is denied once.
func TestARightThatCloudFormationMissesIsNamed(t *testing.T) {
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
		t.Errorf("%d rights were denied", asked)
	}
}

func TestARightThatAPolicyDeniesExplicitlyIsReportedAsDenied(t *testing.T) {
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

// A proxy that answers instead of AWS can write any text.
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

func TestAnEnvironmentIsNotHealthyWithoutARightThatAFindingNeeds(t *testing.T) {
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

func TestThrottlingIsReportedAndTheRestIsShown(t *testing.T) {
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

func TestReadFailsIfNothingCanBeAsked(t *testing.T) {
	for name, test := range map[string]struct {
		account func() *statustest.Account
		is      func(error) bool
	}{
		"no such environment": {statustest.Empty, func(err error) bool { return errors.Is(err, status.ErrNoEnvironment) }},
		"an unrelated stack of the same name": {func() *statustest.Account {
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

func TestAnAnswerThatIsNotFromAWSIsReportedAsSuch(t *testing.T) {
	for code, says := range map[int]string{http.StatusOK: "the answer cannot be read: a proxy may", http.StatusBadGateway: "an answer with HTTP status 502 is not from AWS"} {
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

func TestAMissingParameterIsFoundWithoutTheRightToReadStacks(t *testing.T) {
	a := statustest.Empty()
	a.Fail["cloudformation:DescribeStacks"] = "AccessDenied"
	report, err := read(t, a)
	if err != nil || len(report.Findings) != 1 || report.Findings[0].Check != "document" || report.Healthy {
		t.Errorf("%+v, %v", report, err)
	}
}

func TestAnUnrelatedStackOfTheSameNameIsIgnored(t *testing.T) {
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

func TestReadMakesCallsConcurrently(t *testing.T) {
	a := statustest.Healthy("rotating")
	a.Delay = 100 * time.Millisecond
	if _, err := read(t, a); err != nil {
		t.Fatal(err)
	}
	if calls, most := len(a.Calls()), a.MaxConcurrent(); calls < 15 || most < 5 {
		t.Errorf("of %d calls, at most %d were in flight at the same time", calls, most)
	}
}

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

func TestPathPatternsAreListedByWhetherTheyRequireASignature(t *testing.T) {
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

func TestTheReportHasThePathsOfTheTemplate(t *testing.T) {
	for name, test := range map[string]struct {
		behaviors string
		want      *status.Paths
	}{
		"as in the distribution": {`"CacheBehaviors":[{"PathPattern":"/public/*"}]`, &status.Paths{Signed: true, Public: []string{"/public/*"}, SignedPaths: []string{}}},
		"only the default one":   {`"Comment":""`, &status.Paths{Signed: true, Public: []string{}, SignedPaths: []string{}}},
		"groups that only the deployment knows": {`"CacheBehaviors":[{"PathPattern":"/a/*","TrustedKeyGroups":{"Fn::Split":[",",{"Ref":"P"}]}},{"PathPattern":"/b/*","TrustedKeyGroups":[]}]`,
			&status.Paths{Signed: true, Public: []string{"/b/*"}, SignedPaths: []string{"/a/*"}}},
		"a pattern that only the deployment knows": {`"CacheBehaviors":[{"PathPattern":{"Ref":"P"}}]`, nil},
		"behaviors that only the deployment knows": {`"CacheBehaviors":{"Fn::If":["C",[],[]]}`, nil},
	} {
		a := statustest.Healthy("shipped")
		a.Template(`"CacheBehaviors":[{"PathPattern":"/public/*"}]`, test.behaviors)
		report, err := read(t, a)
		if err != nil {
			t.Fatal(err)
		}
		if got := report.Protection.Template; !reflect.DeepEqual(got, test.want) {
			t.Errorf("%s: %+v", name, got)
		}
		if unread := slices.ContainsFunc(report.Unread, func(u status.Unread) bool { return u.Line == "cache behaviors of the template" && u.Needed }); unread != (test.want == nil) {
			t.Errorf("%s: unread %+v", name, report.Unread)
		}
	}
	a := statustest.Healthy("shipped")
	a.Stacks[a.StackName].State = "UPDATE_IN_PROGRESS"
	if report, err := read(t, a); err != nil || report.Protection.Template != nil {
		t.Errorf("during a deployment: %+v, %v", report.Protection, err)
	}
}

// An owner changes the distribution in the CDK, and a deployment changes the key group
// before the document.
func TestWhatADeploymentOrAnOwnerChangesIsNoFinding(t *testing.T) {
	const groups = `"DefaultCacheBehavior":{"TrustedKeyGroups":[{"Ref":"ContentKeyGroupC1B0B78F"}`
	join := func(a *statustest.Account, group string) {
		a.Groups[group] = &rotation.KeyGroup{Members: []string{a.KeyPairID, "K9OTHER"}}
		a.Keys["K9OTHER"] = a.Keys[a.KeyPairID]
		b := &a.Distributions[a.DistributionID].Behaviors[1]
		b.KeyGroups = append(b.KeyGroups, group)
	}
	add := func(a *statustest.Account) {
		a.Groups[a.GroupID].Members = append(a.Groups[a.GroupID].Members, "K9OTHER")
		a.Keys["K9OTHER"] = a.Keys[a.KeyPairID]
	}
	for name, test := range map[string]struct {
		kind    string
		change  func(a *statustest.Account)
		healthy bool
	}{
		"a second group that the template names": {"shipped", func(a *statustest.Account) {
			a.Template(groups, groups+`,"another"`)
			join(a, "another")
		}, true},
		"a second group that the stack creates": {"shipped", func(a *statustest.Account) {
			stack := a.Stacks[a.StackName]
			stack.Resources = append(stack.Resources, status.Resource{LogicalID: "Partners", PhysicalID: "another", Type: "AWS::CloudFront::KeyGroup"})
			a.Template(groups, groups+`,{"Fn::GetAtt":["Partners","Id"]}`)
			join(a, "another")
		}, true},
		"a second group that only the deployment knows": {"shipped", func(a *statustest.Account) {
			a.Template(groups, groups+`,{"Ref":"PartnersParameter"}`)
			join(a, "another")
		}, true},
		"two groups of which the template has one": {"shipped", func(a *statustest.Account) {
			a.Template(groups, groups+`,{"Ref":"PartnersParameter"}`)
			join(a, "another")
			join(a, "a-third")
		}, false},
		"accounts that the template trusts": {"shipped", func(a *statustest.Account) {
			a.Template(groups, strings.Replace(groups, "{", `{"TrustedSigners":["self"],`, 1))
			a.Distributions[a.DistributionID].Behaviors[1].Accounts = []string{"self"}
		}, true},
		"a pattern without its first slash": {"shipped", func(a *statustest.Account) { a.Template(`"/public/*"`, `"public/*"`) }, true},
		"a key that a running deployment has added": {"shipped", func(a *statustest.Account) {
			a.Stacks[a.StackName].State = "UPDATE_IN_PROGRESS"
			add(a)
		}, true},
		"a path that a running deployment has not added": {"shipped", func(a *statustest.Account) {
			a.Stacks[a.StackName].State = "UPDATE_IN_PROGRESS"
			a.Template(`"/public/*"`, `"/other/*"`)
		}, true},
		"a key that a running deployment of the lender has added": {"borrower", func(a *statustest.Account) {
			a.Stacks["media-stage"].State = "UPDATE_IN_PROGRESS"
			add(a)
		}, true},
		"a key of a document without trusted keys": {"shipped", func(a *statustest.Account) {
			a.Edit(func(d *signer.Deployment) { d.TrustedKeys = nil })
			add(a)
		}, true},
		"a key that the document also trusts": {"shipped", func(a *statustest.Account) {
			a.Edit(func(d *signer.Deployment) { d.TrustedKeys = append(d.TrustedKeys, signer.TrustedKey{ID: "K9OTHER"}) })
			add(a)
		}, true},
	} {
		a := statustest.Healthy(test.kind)
		test.change(a)
		report, err := read(t, a)
		if err != nil || report.Healthy != test.healthy {
			t.Errorf("%s: %+v, %v", name, report, err)
		}
	}
}

func TestReadersThatTheOwnerMayHaveAreNoFinding(t *testing.T) {
	for name, test := range map[string]struct{ principal, condition, template string }{
		"a role of the account":                 {`{"AWS":"arn:aws:iam::111122223333:role/uploader"}`, "", ""},
		"the account":                           {`{"AWS":"111122223333"}`, "", ""},
		"everybody, with public access blocked": {`"*"`, "", ""},
		"another distribution by its ARN":       {`{"Service":"cloudfront.amazonaws.com"}`, `,"Condition":{"StringEquals":{"AWS:SourceArn":"arn:aws:cloudfront::111122223333:distribution/E7SECOND"}}`, ""},
		"another service":                       {`{"Service":"delivery.logs.amazonaws.com"}`, "", ""},
		"another account under a condition that the edge does not know": {`{"AWS":"arn:aws:iam::999999999999:root"}`, `,"Condition":{"StringEquals":{"aws:PrincipalOrgID":"o-1"}}`, ""},
		"a role of another account that the template names": {`{"AWS":"arn:aws:iam::999999999999:role/uploader"}`, "",
			`"P":{"Type":"AWS::S3::BucketPolicy","Properties":{"PolicyDocument":{"Statement":[{"Principal":{"AWS":{"Fn::Join":["",["arn:",{"Ref":"AWS::Partition"},":iam::999999999999:role/uploader"]]}}}]}}},`},
	} {
		for _, kind := range []string{"shipped", "oac"} {
			a := statustest.Healthy(kind)
			a.Allow(test.principal, test.condition)
			a.Template(`{"Resources":{`, `{"Resources":{`+test.template)
			report, err := read(t, a)
			if err != nil || !report.Healthy {
				t.Errorf("%s, %s: %+v, %v", name, kind, report, err)
			}
		}
	}
}

func TestReadersOfAnotherFolderAreNoFinding(t *testing.T) {
	a := statustest.Healthy("existing-bucket")
	a.Allow(`{"Service":"cloudfront.amazonaws.com"}`, "")
	b := a.Buckets[a.BucketName]
	at := strings.LastIndex(b.Policy, "/*")
	all := b.Policy
	b.Policy = all[:at] + "/reports" + all[at:]
	if report, err := read(t, a); err != nil || !report.Healthy {
		t.Errorf("%+v, %v", report, err)
	}
	b.Policy = all[:at] + "/media/films" + all[at:]
	if report, err := read(t, a); err != nil || report.Healthy {
		t.Errorf("the served folder: %+v, %v", report, err)
	}
}

func TestABucketThatMayBelongToAnotherAccountIsReportedAsSuch(t *testing.T) {
	actions := []string{"s3:GetBucketPolicy", "s3:GetBucketPublicAccessBlock", "s3:GetEncryptionConfiguration"}
	for name, test := range map[string]struct {
		denied  []string
		message string
		other   bool
	}{
		"all are denied":                    {actions, "Access Denied", true},
		"all are denied, and IAM names one": {actions, "User: a is not authorized to perform: s3:GetBucketPolicy on resource: b", false},
		"one is allowed":                    {actions[:2], "Access Denied", false},
	} {
		a := statustest.Healthy("shipped")
		a.Message = test.message
		for _, action := range test.denied {
			a.Fail[action] = "AccessDenied"
		}
		report, err := read(t, a)
		if err != nil || len(report.Unread) == 0 || report.Healthy {
			t.Fatalf("%s: %+v, %v", name, report, err)
		}
		for _, u := range report.Unread {
			if strings.HasSuffix(u.Why, ", or the bucket now belongs to another account") != test.other {
				t.Errorf("%s: %+v", name, u)
			}
		}
	}
}
