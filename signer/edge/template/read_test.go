package template

import (
	"encoding/json"
	"os"
	"reflect"
	"regexp"
	"strings"
	"testing"

	"github.com/signedfront/signedfront/signer"
	"github.com/signedfront/signedfront/signer/edge/model"
)

func TestATemplateIsReadIntoPlainData(t *testing.T) {
	text, err := os.ReadFile("../testdata/template.json")
	if err != nil {
		t.Fatal(err)
	}
	key, err := signer.GenerateKey(signer.ECDSAP256)
	if err != nil {
		t.Fatal(err)
	}
	read, err := Read(Stack{Template: text}, Options{BaseURL: "http://127.0.0.1:8080", Keys: func(k KeyPair) (*signer.PrivateKey, error) {
		if k != (KeyPair{Stack: localStack, LogicalID: "KeyPair", Algorithm: signer.ECDSAP256}) {
			t.Errorf("asked for %+v", k)
		}
		return key, nil
	}})
	if err != nil {
		t.Fatal(err)
	}
	id := keyPairID(key.PublicKey().Fingerprint())
	if d := read.Document; read.Key != key || d.KeyPairID != id || d.BaseURL != "http://127.0.0.1:8080" || d.Region != "" || d.MaxURLLifetime != 604800 {
		t.Errorf("the document is %+v", d)
	}
	d := read.Distribution
	if !regexp.MustCompile(`^[0-9a-f]{32}\.cloudfront\.net$`).MatchString(d.Server) {
		t.Errorf("the server is %s", d.Server)
	}
	bucket, oai := strings.ToLower(localStack+"-Bucket-"+here.letters("Bucket", 12)), "E"+here.letters("Identity", 13)
	want := &model.Distribution{
		Place:      "Resources.Distribution.Properties.DistributionConfig",
		Server:     d.Server,
		ErrorPages: map[int]model.ErrorPage{},
		PublicKeys: map[string]*signer.PublicKey{id: d.Behaviors[0].TrustedKeys[id]},
		Behaviors: []*model.Behavior{{
			PathPattern: "*",
			Methods:     []string{"GET", "HEAD"},
			TrustedKeys: map[string]*signer.PublicKey{id: d.Behaviors[0].TrustedKeys[id]},
			Forwarding:  []model.Forwarding{{}, {}}, // by the cache policy, and in the older form
			Headers: &model.HeadersPolicy{Add: []model.Header{
				{Name: "X-Content-Type-Options", Value: "nosniff", Override: true},
				{Name: "Referrer-Policy", Value: "no-referrer", Override: true},
				{Name: "Strict-Transport-Security", Value: "max-age=31536000", Override: true},
			}},
			Origin: &model.Origin{
				Identity: model.Identity{OAI: oai, CanonicalUser: canonicalUserID(oai)},
				Bucket: &model.Bucket{
					Name: bucket,
					Policy: model.Policy{Name: "the bucket policy", BlockPublic: true, Statements: []model.Statement{
						{
							Name: "statement 0", Deny: true,
							Principals: []model.Principal{{Kind: "AWS", Value: "*"}},
							Actions:    model.Patterns{Values: []string{"s3:*"}},
							Resources:  model.Patterns{Values: []string{"arn:aws:s3:::" + bucket, "arn:aws:s3:::" + bucket + "/*"}},
							Conditions: []model.Condition{{Operator: "Bool", Key: "aws:SecureTransport", Values: []string{"false"}}},
						},
						{
							Name:       "statement 1",
							Principals: []model.Principal{{Kind: "CanonicalUser", Value: canonicalUserID(oai)}},
							Actions:    model.Patterns{Values: []string{"s3:GetObject"}},
							Resources:  model.Patterns{Values: []string{"arn:aws:s3:::" + bucket + "/*"}},
						},
					}},
				},
			},
		}},
	}
	if d.Behaviors[0].TrustedKeys[id].Fingerprint() != key.PublicKey().Fingerprint() || !reflect.DeepEqual(d, want) {
		got, _ := json.MarshalIndent(d, "", "  ")
		t.Errorf("%s", got)
	}
}

// content reads a distribution of two origins, of which the one is a bucket with
// statements in its policy.
func content(t *testing.T, bucket, statements, behaviors string) (*model.Distribution, error) {
	t.Helper()
	read, err := Read(Stack{Template: []byte(`{"Resources": {
		"Distribution": {"Type": "AWS::CloudFront::Distribution", "Properties": {"DistributionConfig": {
			"Enabled": true, "CacheBehaviors": [` + behaviors + `], "DefaultCacheBehavior": {"TargetOriginId": "content"},
			"Origins": [
				{"Id": "content", "DomainName": {"Fn::GetAtt": "Bucket.DomainName"}},
				{"Id": "others", "DomainName": {"Fn::GetAtt": "Others.DomainName"}, "OriginPath": "/public"}]}}},
		"Bucket": {"Type": "AWS::S3::Bucket", "Properties": {` + bucket + `}},
		"Others": {"Type": "AWS::S3::Bucket", "Properties": {"BucketName": "others"}},
		"Policy": {"Type": "AWS::S3::BucketPolicy", "Properties": {"Bucket": {"Ref": "Bucket"}, "PolicyDocument": {"Statement": ` + statements + `}}}}}`)},
		Options{BaseURL: "http://127.0.0.1:8080"})
	if read.Distribution == nil {
		t.Fatal(err)
	}
	return read.Distribution, err
}

func TestEachBehaviorHasItsOwnOriginAndEachBucketItsOwnPolicy(t *testing.T) {
	const statement = `{"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*"}`
	d, err := content(t, `"BucketName": "content"`, statement, `{"PathPattern": "others/*", "TargetOriginId": "others"}`)
	if err != nil {
		t.Fatal(err)
	}
	others, content := d.Behaviors[0], d.Behaviors[1]
	if others.PathPattern != "/others/*" || others.Origin.Bucket.Name != "others" || others.Origin.Path != "/public" || len(others.Origin.Bucket.Policy.Statements) != 0 {
		t.Errorf("%+v %+v", others, others.Origin)
	}
	if content.PathPattern != "*" || content.Origin.Bucket.Name != "content" || content.Origin.Path != "" || len(content.Origin.Bucket.Policy.Statements) != 1 {
		t.Errorf("%+v %+v", content, content.Origin)
	}
}

// https://docs.aws.amazon.com/AmazonS3/latest/userguide/access-control-block-public-access.html
func TestPublicAccessIsBlockedUnlessTheBucketSaysOtherwise(t *testing.T) {
	for settings, want := range map[string]bool{
		``:                                     true,
		`"PublicAccessBlockConfiguration": {}`: false,
		`"PublicAccessBlockConfiguration": {"BlockPublicAcls": true, "IgnorePublicAcls": true}`: false,
		`"PublicAccessBlockConfiguration": {"BlockPublicPolicy": true}`:                         true,
		`"PublicAccessBlockConfiguration": {"RestrictPublicBuckets": true}`:                     true,
	} {
		d, err := content(t, settings, `[]`, ``)
		if err != nil || d.Behaviors[0].Origin.Bucket.Policy.BlockPublic != want {
			t.Errorf("{%s}: blocked %t, %v", settings, !want, err)
		}
	}
}

func TestAStatementOfAPolicyIsReadWithAllThatItSays(t *testing.T) {
	all := model.Patterns{Values: []string{"*"}}
	everyone := []model.Principal{{Kind: "AWS", Value: "*"}}
	for statement, want := range map[string]model.Statement{
		`{"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*"}`: {Name: "statement 0", Principals: everyone, Actions: all, Resources: all},
		`{"Effect": "Deny", "Sid": "No", "Principal": {"AWS": "*"}, "Action": ["*"], "Resource": ["*"]}`: {
			Name: `statement "No"`, Deny: true, Principals: everyone, Actions: all, Resources: all},
		`{"Effect": "Allow", "Principal": {"Service": "s", "AWS": ["a", "b"]}, "NotAction": "a", "NotResource": ["b", "c"]}`: {
			Name: "statement 0", Principals: []model.Principal{{Kind: "AWS", Value: "a"}, {Kind: "AWS", Value: "b"}, {Kind: "Service", Value: "s"}},
			Actions:   model.Patterns{Values: []string{"a"}, Inverted: true},
			Resources: model.Patterns{Values: []string{"b", "c"}, Inverted: true}},
		`{"Effect": "Allow", "NotPrincipal": {"AWS": "a"}, "Action": "*", "Resource": ["*", "${aws:username}"]}`: {
			Name: "statement 0", NotPrincipal: true, Actions: all, Resources: model.Patterns{Values: []string{"*", "${aws:username}"}}, Variables: true},
		`{"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*", "Condition": {"Null": {"k": false}, "Bool": {"b": "x", "a": [1, 2]}}}`: {
			Name: "statement 0", Principals: everyone, Actions: all, Resources: all, Conditions: []model.Condition{
				{Operator: "Bool", Key: "a", Values: []string{"1", "2"}},
				{Operator: "Bool", Key: "b", Values: []string{"x"}},
				{Operator: "Null", Key: "k", Values: []string{"false"}}}},
	} {
		d, err := content(t, ``, statement, ``)
		if err != nil {
			t.Errorf("%s: %v", statement, err)
		} else if got := d.Behaviors[0].Origin.Bucket.Policy.Statements; !reflect.DeepEqual(got, []model.Statement{want}) {
			t.Errorf("%s is read as %+v", statement, got)
		}
	}
}

func TestAStatementThatLeavesSomethingOutIsRefused(t *testing.T) {
	for statement, want := range map[string]string{
		`{"Principal": "*", "Action": "*", "Resource": "*"}`:                                "Effect: an empty value: want Allow or Deny",
		`{"Effect": "allow", "Principal": "*", "Action": "*", "Resource": "*"}`:             `Effect: "allow": want Allow or Deny`,
		`{"Effect": "Allow", "Action": "*", "Resource": "*"}`:                               "Principal: want the principals of the statement",
		`{"Effect": "Allow", "Principal": {"AWS": []}, "Action": "*", "Resource": "*"}`:     "Principal: want the principals of the statement",
		`{"Effect": "Allow", "Principal": "a", "Action": "*", "Resource": "*"}`:             `Principal: "a": want * or an object`,
		`{"Effect": "Allow", "Principal": "*", "Resource": "*"}`:                            "Action: want at least one",
		`{"Effect": "Allow", "Principal": "*", "NotAction": [], "Resource": "*"}`:           "Action: want at least one",
		`{"Effect": "Allow", "Principal": "*", "Action": "*"}`:                              "Resource: want at least one",
		`{"Effect": "Allow", "Principal": "*", "Action": "*", "NotResource": []}`:           "Resource: want at least one",
		`{"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": {"Ref": "Gone"}}`: `the template has no resource or parameter "Gone"`,
	} {
		_, err := content(t, ``, statement, ``)
		if err == nil || !strings.HasSuffix(strings.Split(err.Error(), "\n")[0], want) {
			t.Errorf("%s: %v, want %q", statement, err, want)
		}
	}
	_, err := content(t, ``, `[]}}}, "Second": {"Type": "AWS::S3::BucketPolicy", "Properties": {"Bucket": {"Ref": "Bucket"}, "PolicyDocument": {"Statement": []`, ``)
	if err == nil || err.Error() != "Resources.Bucket: the bucket has several policies (Policy, Second): want one" {
		t.Errorf("a second policy: %v", err)
	}
}

func TestATemplateIsReadToADepth(t *testing.T) {
	read := func(properties string) string {
		_, err := Read(Stack{Template: []byte(`{"Resources": {"A": {"Type": "T", "Properties": ` + properties + `}}}`)}, Options{})
		return err.Error() // it has no distribution
	}
	nested := func(n int) string { return strings.Repeat("[", n) + strings.Repeat("]", n) }
	const tooDeep = "JSON nested more than"
	if got := read(nested(maxDepth - 3)); strings.Contains(got, tooDeep) {
		t.Error(got)
	}
	if got := read(nested(maxDepth - 2)); !strings.Contains(got, tooDeep) {
		t.Error(got)
	}
	if got := read(`["\\", "\"` + strings.Repeat("[", maxDepth) + `"]`); strings.Contains(got, tooDeep) {
		t.Errorf("in a text: %s", got)
	}
}
