package edge

import (
	"fmt"
	"strings"
	"testing"

	"github.com/signedfront/signedfront/signer/edge/template"
)

// Who CloudFront may be at a bucket.
var (
	byIdentity = identity{OAI: "E123", CanonicalUser: "c123"}
	byControl  = identity{Control: true, Distribution: "arn:aws:cloudfront::000000000000:distribution/EDIST", Account: "000000000000"}
	byNobody   = identity{}
)

const (
	everyone  = `"Principal": "*", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::bbb/*"`
	letAllIn  = `{"Effect": "Allow", ` + everyone + `}`
	rtPicture = "arn:aws:s3:::bbb/rt.png"
)

// policyOf is what the edge reads of a bucket with these statements, which does
// not block the public, and what it finds wrong with them.
func policyOf(t testing.TB, statements string) (*resourcePolicy, error) {
	t.Helper()
	stack, err := template.Read(template.Stack{Template: []byte(`{"Resources": {
		"Distribution": {"Type": "AWS::CloudFront::Distribution", "Properties": {"DistributionConfig": {
			"Enabled": true, "Origins": [{"Id": "o", "DomainName": {"Fn::GetAtt": "Bucket.DomainName"}}], "DefaultCacheBehavior": {"TargetOriginId": "o"}}}},
		"Bucket": {"Type": "AWS::S3::Bucket", "Properties": {"BucketName": "bbb", "PublicAccessBlockConfiguration": {"BlockPublicPolicy": false}}},
		"Policy": {"Type": "AWS::S3::BucketPolicy", "Properties": {"Bucket": {"Ref": "Bucket"}, "PolicyDocument": {"Statement": [` + statements + `]}}}}}`),
	}, template.Options{})
	if stack.Distribution == nil {
		return nil, err
	}
	return (*resourcePolicy)(&stack.Distribution.Behaviors[0].Origin.Bucket.Policy), err
}

// decided is the decision about an object under a policy without problems.
func decided(t *testing.T, statements string, who identity, object string) (bool, string) {
	t.Helper()
	policy, err := policyOf(t, statements)
	if err != nil {
		t.Fatal(err)
	}
	return policy.decide(accessRequest{who, "s3:GetObject", object})
}

// answerTo is what a condition amounts to: yes opens where it allows and refuses
// where it denies, no does neither, and unknown refuses either way.
func answerTo(t *testing.T, condition string, who identity) answer {
	t.Helper()
	with := everyone + `, "Condition": ` + condition + `}`
	opens, _ := decided(t, `{"Effect": "Allow", `+with, who, rtPicture)
	passes, _ := decided(t, letAllIn+`, {"Effect": "Deny", `+with, who, rtPicture)
	switch {
	case opens && !passes:
		return yes
	case !opens && passes:
		return no
	case !opens && !passes:
		return unknown
	}
	t.Errorf("%s opens where it allows and where it denies", condition)
	return unknown
}

// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html
func TestAConditionOfTheBucketPolicyHoldsAsIAMSaysWhere(t *testing.T) {
	const this, other = `"arn:aws:cloudfront::000000000000:distribution/EDIST"`, `"arn:aws:cloudfront::000000000000:distribution/EOTHER"`
	for _, test := range []struct {
		operator, key, values string
		who                   identity
		want                  answer
	}{
		{"StringEquals", "aws:SourceArn", this, byControl, yes},
		{"StringEquals", "aws:SourceArn", strings.ToUpper(this), byControl, no},
		{"StringNotEquals", "aws:SourceArn", this, byControl, no},
		{"StringNotEquals", "aws:SourceArn", other, byControl, yes},
		{"StringNotEquals", "aws:SourceArn", `[` + other + `, ` + this + `]`, byControl, no},
		{"StringEqualsIgnoreCase", "aws:SourceArn", strings.ToUpper(this), byControl, yes},
		{"StringEqualsIgnoreCase", "aws:SourceArn", other, byControl, no},
		{"StringNotEqualsIgnoreCase", "aws:SourceArn", strings.ToUpper(this), byControl, no},
		{"StringNotEqualsIgnoreCase", "aws:SourceArn", other, byControl, yes},
		{"StringLike", "aws:SourceArn", `"arn:aws:*/EDIS?"`, byControl, yes},
		{"StringLike", "aws:SourceArn", `"arn:aws:*/EOTHE?"`, byControl, no},
		{"StringNotLike", "aws:SourceArn", `"arn:aws:*/EDIS?"`, byControl, no},
		{"StringNotLike", "aws:SourceArn", `"arn:aws:*/EOTHE?"`, byControl, yes},
		{"ArnEquals", "aws:SourceArn", this, byControl, yes},
		{"ArnEquals", "aws:SourceArn", other, byControl, no},
		{"ArnNotEquals", "aws:SourceArn", this, byControl, no},
		{"ArnNotEquals", "aws:SourceArn", other, byControl, yes},
		{"ArnNotLike", "aws:SourceArn", `"arn:aws:cloudfront::*:distribution/*"`, byControl, no},
		{"ArnNotLike", "aws:SourceArn", `"arn:aws:*"`, byControl, yes},

		{"NumericEquals", "s3:TlsVersion", `"1.2"`, byIdentity, yes},
		{"NumericEquals", "s3:TlsVersion", `1.20`, byIdentity, yes},
		{"NumericEquals", "s3:TlsVersion", `1.3`, byIdentity, no},
		{"NumericNotEquals", "s3:TlsVersion", `1.2`, byIdentity, no},
		{"NumericNotEquals", "s3:TlsVersion", `1.3`, byIdentity, yes},
		{"NumericLessThan", "s3:TlsVersion", `1.2`, byIdentity, no},
		{"NumericLessThan", "s3:TlsVersion", `1.3`, byIdentity, yes},
		{"NumericLessThanEquals", "s3:TlsVersion", `1.1`, byIdentity, no},
		{"NumericLessThanEquals", "s3:TlsVersion", `1.2`, byIdentity, yes},
		{"NumericLessThanEquals", "s3:TlsVersion", `1.3`, byIdentity, yes},
		{"NumericGreaterThan", "s3:TlsVersion", `1.1`, byIdentity, yes},
		{"NumericGreaterThan", "s3:TlsVersion", `1.2`, byIdentity, no},
		{"NumericGreaterThanEquals", "s3:TlsVersion", `1.1`, byIdentity, yes},
		{"NumericGreaterThanEquals", "s3:TlsVersion", `1.2`, byIdentity, yes},
		{"NumericGreaterThanEquals", "s3:TlsVersion", `1.3`, byIdentity, no},
		{"NumericEquals", "s3:TlsVersion", `"new"`, byIdentity, unknown},
		{"NumericNotEquals", "s3:TlsVersion", `"NaN"`, byIdentity, unknown},
		{"NumericNotEquals", "s3:TlsVersion", `["new", "1.3"]`, byIdentity, unknown},
		{"NumericNotEquals", "s3:TlsVersion", `["new", "1.2"]`, byIdentity, no},
		{"NumericEquals", "aws:SourceArn", `"0"`, byControl, unknown},

		{"Bool", "aws:SecureTransport", `"true"`, byIdentity, yes},
		{"Bool", "aws:SecureTransport", `false`, byIdentity, no},
		{"Bool", "aws:SecureTransport", `["false", "true"]`, byIdentity, yes},
		{"Bool", "aws:SecureTransport", `"certainly"`, byIdentity, unknown},
		{"Null", "aws:SecureTransport", `"false"`, byIdentity, yes},
		{"Null", "aws:SecureTransport", `"true"`, byIdentity, no},
		{"Null", "aws:SourceArn", `"true"`, byIdentity, yes},
		{"Null", "aws:SourceArn", `"false"`, byIdentity, no},
		{"Null", "aws:SourceArn", `["true", "false"]`, byIdentity, unknown},
		{"Null", "aws:SourceArn", `"perhaps"`, byIdentity, unknown},

		{"Bool", "aws:PrincipalIsAWSService", `"true"`, byControl, yes},
		{"Bool", "aws:PrincipalIsAWSService", `"true"`, byIdentity, no},
		{"Bool", "aws:PrincipalIsAWSService", `"true"`, byNobody, no},
		{"Bool", "aws:PrincipalIsAWSService", `"false"`, byControl, no},
		{"Bool", "aws:PrincipalIsAWSService", `"false"`, byIdentity, yes},
		{"StringEquals", "aws:PrincipalServiceName", `"cloudfront.amazonaws.com"`, byControl, yes},
		{"StringEquals", "aws:PrincipalServiceName", `"s3.amazonaws.com"`, byControl, no},
		{"StringEquals", "aws:PrincipalServiceName", `"cloudfront.amazonaws.com"`, byIdentity, no},
		{"StringEquals", "aws:SourceAccount", `"000000000000"`, byControl, yes},
		{"StringEquals", "aws:SourceAccount", `"000000000000"`, byIdentity, no},
		{"StringEqualsIfExists", "aws:SourceAccount", `"111122223333"`, byControl, no},
		{"StringEquals", "aws:PrincipalOrgID", `"o-a1b2c3d4e5"`, byControl, unknown},
		{"DateLessThan", "s3:TlsVersion", `"2030-01-01T00:00:00Z"`, byIdentity, unknown},
	} {
		t.Run(fmt.Sprintf("%s on %s of %s for %s", test.operator, test.key, test.values, test.who), func(t *testing.T) {
			condition := fmt.Sprintf(`{"%s": {"%s": %s}}`, test.operator, test.key, test.values)
			if got := answerTo(t, condition, test.who); got != test.want {
				t.Errorf("got %d, want %d (0 is no, 1 unknown, 2 yes)", got, test.want)
			}
		})
	}
}

func TestAStatementOpensTheBucketToNobodyElse(t *testing.T) {
	const service = `{"Effect": "Allow", "Principal": {"Service": "cloudfront.amazonaws.com"}, "Action": "s3:GetObject", "Resource": "arn:aws:s3:::bbb/*"}`
	if opens, _ := decided(t, service, byControl, rtPicture); !opens {
		t.Error("the service that the statement names is refused")
	}
	for _, who := range []identity{byIdentity, byNobody} {
		if opens, _ := decided(t, service, who, rtPicture); opens {
			t.Errorf("%s is taken for CloudFront's service", who)
		}
	}
}

func TestAnObjectIsOpenedUnderItsOwnLetterCase(t *testing.T) {
	const statement = `{"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::bbb/RT.png"}`
	if opens, reason := decided(t, statement, byIdentity, "arn:aws:s3:::bbb/RT.png"); !opens {
		t.Error(reason)
	}
	if opens, _ := decided(t, statement, byIdentity, rtPicture); opens {
		t.Error("an object of another letter case is opened")
	}
}

func TestAStatementThatTheEdgeDoesNotKnowTakesNothingFromOthers(t *testing.T) {
	const doubtful = `{"Effect": "Allow", ` + everyone + `, "Condition": {"StringEquals": {"aws:UserAgent": "x"}}}`
	for _, statements := range []string{doubtful + ", " + letAllIn, letAllIn + ", " + doubtful} {
		if opens, reason := decided(t, statements, byIdentity, rtPicture); !opens {
			t.Error(reason)
		}
	}
}

func TestTheReasonNamesWhatKeepsEachStatementFromAllowing(t *testing.T) {
	const start = "the bucket policy does not allow origin access identity E123 to perform s3:GetObject on arn:aws:s3:::bbb/rt.png"
	allow := func(rest string) string { return `{"Effect": "Allow", ` + rest + `}` }
	for _, test := range []struct{ statements, want string }{
		{``, start},
		{allow(`"Principal": "*", "Action": "s3:PutObject", "Resource": "*"`), start},
		{allow(`"Sid": "Writers", "Principal": {"AWS": "arn:aws:iam::111122223333:root"}, "Action": "s3:*", "Resource": "*"`),
			start + ": statement \"Writers\" is for others"},
		{allow(`"Principal": {"AWS": "arn:aws:iam::111122223333:root"}, "Action": "s3:*", "Resource": "*"`),
			start + ": statement 0 is for others"},
		{allow(`"Principal": "*", "Action": "s3:*", "Resource": ["arn:aws:s3:::bbb/x/*", "arn:aws:s3:::bbbb"]`),
			start + ": statement 0 is for arn:aws:s3:::bbb/x/*, arn:aws:s3:::bbbb"},
		{allow(`"Principal": "*", "Action": "s3:*", "Resource": "arn:aws:s3:::bbb"`),
			start + ": statement 0 is for arn:aws:s3:::bbb, which is no object: the objects are arn:aws:s3:::bbb/*"},
		{allow(everyone + `, "Condition": {"Bool": {"aws:SecureTransport": "false"}}`),
			start + ": statement 0 requires Bool on aws:SecureTransport, which is false"},
		{allow(everyone + `, "Condition": {"StringEquals": {"aws:PrincipalOrgID": "x", "aws:UserAgent": "x"}}`),
			start + ": statement 0 has StringEquals on aws:PrincipalOrgID, which the local edge does not support"},
		{allow(everyone+`, "Condition": {"Bool": {"aws:SecureTransport": "false"}}`) + ", " + allow(everyone+`, "Condition": {"Bool": {"aws:UserAgent": "x"}}`),
			start + ": statement 0 requires Bool on aws:SecureTransport, which is false; statement 1 has Bool on aws:UserAgent, which the local edge does not support"},
	} {
		opens, reason := decided(t, test.statements, byIdentity, rtPicture)
		if opens || reason != test.want {
			t.Errorf("%s:\ngot  %s\nwant %s", test.statements, reason, test.want)
		}
	}
}

func TestAPrincipalIsAStarOrAnObject(t *testing.T) {
	_, err := policyOf(t, `{"Effect": "Allow", "Principal": "arn:aws:iam::111122223333:root", "Action": "s3:*", "Resource": "*"}`)
	if err == nil || !strings.HasSuffix(err.Error(), "want * or an object") || strings.Contains(err.Error(), "\n") {
		t.Errorf("got %v", err)
	}
}

// https://docs.aws.amazon.com/AmazonS3/latest/userguide/access-control-block-public-access.html
func TestEachOfTheTwoSettingsThatBlockAPublicPolicyIsEnough(t *testing.T) {
	for _, setting := range []string{"BlockPublicPolicy", "RestrictPublicBuckets"} {
		s := serve(t,
			change{reader + ".Principal", "*"},
			change{"Resources.Bucket.Properties.PublicAccessBlockConfiguration", map[string]any{setting: true}})
		if got := s.get(s.sign("/rt.png")); got.status != 403 {
			t.Errorf("with %s everyone is let in: %d", setting, got.status)
		}
	}
}

func TestThePolicyOfAnotherBucketOpensNothingHere(t *testing.T) {
	s := serve(t,
		change{"Resources.BucketPolicy.Properties.Bucket", map[string]any{"Ref": "Other"}},
		change{"Resources.Other", map[string]any{"Type": "AWS::S3::Bucket"}})
	if got := s.get(s.sign("/rt.png")); got.status != 403 {
		t.Errorf("the policy of another bucket is applied: %d", got.status)
	}
}
