package template

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/signedfront/signedfront/signer"
)

// here is where the stack of a test is deployed, and newKeys its keys.
var here = stack{name: localStack, account: localAccount, region: localRegion, anywhere: true}

func newKeys(k KeyPair) (*signer.PrivateKey, error) { return signer.GenerateKey(k.Algorithm) }

// resolved resolves a JSON value within the template of testdata, to which
// parameters, mappings and conditions are added.
func resolved(t *testing.T, value string) (string, error) {
	t.Helper()
	text, err := os.ReadFile("../testdata/template.json")
	if err != nil {
		t.Fatal(err)
	}
	whole, err := parse(text)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal([]byte(`{
		"Parameters": {
			"Size": {"Type": "Number", "Default": "7"},
			"Names": {"Type": "CommaDelimitedList", "Default": "one, two"},
			"Unsaid": {"Type": "String"},
			"Version": {"Type": "AWS::SSM::Parameter::Value<String>", "Default": "/cdk-bootstrap/version"}
		},
		"Mappings": {"Sizes": {"us-east-1": {"small": "S"}}},
		"Conditions": {
			"Here": {"Fn::Equals": [{"Ref": "AWS::Region"}, "us-east-1"]},
			"There": {"Fn::Not": [{"Condition": "Here"}]},
			"Both": {"Fn::And": [{"Condition": "Here"}, {"Condition": "There"}]},
			"Either": {"Fn::Or": [{"Condition": "Here"}, {"Condition": "There"}]},
			"Circular": {"Fn::Not": [{"Condition": "Circular"}]},
			"Odd": {"Fn::Contains": []}
		},
		"Resources": {
			"Absent": {"Type": "AWS::S3::Bucket", "Condition": "There"},
			"Named": {"Type": "AWS::S3::Bucket", "Properties": {"BucketName": "my.bucket"}},
			"Snake": {"Type": "AWS::S3::Bucket", "Properties": {"BucketName": {"Ref": "Snake"}}}
		}
	}`), whole); err != nil {
		t.Fatal(err)
	}
	r := newResolver(newCloud(Options{Keys: newKeys}), whole, here, "127.0.0.1:8080")
	r.makeKeyPairs()
	var v any
	decoder := json.NewDecoder(strings.NewReader(value))
	decoder.UseNumber()
	if err := decoder.Decode(&v); err != nil {
		t.Fatal(err)
	}
	v, err = r.resolve("Here", v)
	if err == nil && len(r.problems) > 0 {
		err = errors.Join(r.problems...)
	}
	if items, ok := v.([]any); ok {
		return fmt.Sprint(items), err
	}
	s, _ := scalar(v)
	return s, err
}

func TestIntrinsicFunctionsResolve(t *testing.T) {
	for value, want := range map[string]string{
		`"plain"`:                                        "plain",
		`true`:                                           "true",
		`{"Ref": "AWS::Region"}`:                         "us-east-1",
		`{"Ref": "AWS::Partition"}`:                      "aws",
		`{"Ref": "AWS::AccountId"}`:                      "000000000000",
		`{"Ref": "AWS::URLSuffix"}`:                      "amazonaws.com",
		`{"Ref": "AWS::StackName"}`:                      "signedfront-local",
		`{"Ref": "Size"}`:                                "7",
		`{"Ref": "Names"}`:                               "[one two]",
		`{"Ref": "Named"}`:                               "my.bucket",
		`{"Fn::GetAtt": ["Named", "Arn"]}`:               "arn:aws:s3:::my.bucket",
		`{"Fn::GetAtt": "Named.RegionalDomainName"}`:     "my.bucket.s3.us-east-1.amazonaws.com",
		`{"Fn::GetAtt": ["Named", "DomainName"]}`:        "my.bucket.s3.amazonaws.com",
		`{"Fn::GetAtt": ["Distribution", "DomainName"]}`: "127.0.0.1:8080",
		`{"Ref": "DeploymentDocument"}`:                  "/signedfront/signedfront/dev",
		`{"Fn::Join": ["-", ["a", {"Ref": "Size"}, 1]]}`: "a-7-1",
		`{"Fn::Join": [",", {"Ref": "Names"}]}`:          "one,two",
		`{"Fn::Sub": "arn:${AWS::Partition}:${Named}:${Named.Arn}:${!Named}"}`: "arn:aws:my.bucket:arn:aws:s3:::my.bucket:${Named}",
		`{"Fn::Sub": ["${a}${Size}", {"a": {"Ref": "Size"}}]}`:                 "77",
		`{"Fn::Select": [1, ["a", {"Ref": "Size"}]]}`:                          "7",
		`{"Fn::Select": ["2", {"Fn::Split": ["/", "a/b/c"]}]}`:                 "c",
		`{"Fn::Split": ["/", "a/b"]}`:                                          "[a b]",
		`{"Fn::If": ["Here", "yes", "no"]}`:                                    "yes",
		`{"Fn::If": ["There", "yes", {"Ref": "Size"}]}`:                        "7",
		`{"Fn::If": ["Both", "yes", "no"]}`:                                    "no",
		`{"Fn::If": ["Either", "yes", "no"]}`:                                  "yes",
		`{"Fn::FindInMap": ["Sizes", {"Ref": "AWS::Region"}, "small"]}`:        "S",
		`{"Fn::Base64": "a"}`:                                                  "YQ==",
	} {
		if got, err := resolved(t, value); err != nil || got != want {
			t.Errorf("%s is %q, %v, want %q", value, got, err, want)
		}
	}
}

func TestIDsAreMadeUpInAWSsShapes(t *testing.T) {
	const uuid = `[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}`
	for value, shape := range map[string]string{
		`{"Ref": "Distribution"}`:                           `E[A-Z2-7]{13}`,
		`{"Ref": "Identity"}`:                               `E[A-Z2-7]{13}`,
		`{"Fn::GetAtt": ["Identity", "Id"]}`:                `E[A-Z2-7]{13}`,
		`{"Fn::GetAtt": ["Identity", "S3CanonicalUserId"]}`: `[0-9a-f]{64}`,
		`{"Ref": "KeyGroup"}`:                               uuid,
		`{"Ref": "Headers"}`:                                uuid,
		`{"Ref": "AWS::StackId"}`:                           `arn:aws:cloudformation:us-east-1:000000000000:stack/signedfront-local/` + uuid,
		`{"Ref": "Bucket"}`:                                 `signedfront-local-bucket-[a-z2-7]{12}`,
		`{"Ref": "Secret"}`:                                 `arn:aws:secretsmanager:us-east-1:000000000000:secret:Secret-[A-Z2-7]{12}-[A-Z2-7]{6}`,
	} {
		first, err := resolved(t, value)
		if err != nil || !regexp.MustCompile("^"+shape+"$").MatchString(first) {
			t.Errorf("%s is %q, %v, want the shape %s", value, first, err, shape)
		}
		if second, _ := resolved(t, value); second != first {
			t.Errorf("%s is %q and then %q", value, first, second)
		}
	}
	for value, shape := range map[string]string{ // these follow the key, which is new each time
		`{"Ref": "PublicKey"}`:                           `K[A-Z2-7]{13}`,
		`{"Fn::GetAtt": ["KeyPair", "PublicKeySha256"]}`: `[0-9a-f]{64}`,
		`{"Fn::GetAtt": ["KeyPair", "SecretVersionId"]}`: uuid,
		`{"Fn::GetAtt": ["KeyPair", "PublicKeyPem"]}`:    `-----BEGIN PUBLIC KEY-----\n(.+\n)+-----END PUBLIC KEY-----\n`,
	} {
		first, err := resolved(t, value)
		if err != nil || !regexp.MustCompile("^"+shape+"$").MatchString(first) {
			t.Errorf("%s is %q, %v, want the shape %s", value, first, err, shape)
		}
		if second, _ := resolved(t, value); second == first {
			t.Errorf("%s is %q for two keys", value, first)
		}
	}
	if id := keyPairID("one"); id != keyPairID("one") || id == keyPairID("two") {
		t.Error("a key pair id does not follow the fingerprint")
	}
}

func TestWhatCannotBeResolvedIsAnErrorWithItsPlace(t *testing.T) {
	for value, want := range map[string]string{
		`{"Fn::ImportValue": "x"}`:                      `Here.Fn::ImportValue: the local edge has no stack that exports "x"`,
		`{"Fn::ImportValue": {"Ref": "Names"}}`:         "Here.Fn::ImportValue: want a string",
		`{"Fn::GetAZs": ""}`:                            "Here.Fn::GetAZs",
		`{"Ref": "Nothing"}`:                            `Here: the template has no resource or parameter "Nothing"`,
		`{"Ref": "Unsaid"}`:                             "Here: parameter Unsaid has no default",
		`{"Ref": "Version"}`:                            "Here: the value of parameter Version is in Systems Manager",
		`{"Ref": "Absent"}`:                             "Here: resource Absent does not exist",
		`{"Ref": "Snake"}`:                              "refers to itself",
		`{"Ref": 1}`:                                    "want the logical id of a resource or the name of a parameter",
		`{"Ref": "Provider"}`:                           "Here: the local edge does not know the value of Ref for Provider, a resource of type AWS::Lambda::Function",
		`{"Fn::GetAtt": ["Bucket", "WebsiteURL"]}`:      "Here.Fn::GetAtt: the local edge does not know the attribute WebsiteURL of Bucket, a resource of type AWS::S3::Bucket",
		`{"Fn::GetAtt": ["KeyPair", "PrivateKey"]}`:     "does not know the attribute PrivateKey",
		`{"Fn::GetAtt": "Bucket"}`:                      "Here.Fn::GetAtt: want the logical id",
		`{"Fn::Join": ["", "text"]}`:                    "Here.Fn::Join: want an array",
		`{"Fn::Join": [""]}`:                            "Here.Fn::Join: want an array of 2",
		`{"Fn::Join": ["", [{"Ref": "Names"}]]}`:        "Here.Fn::Join: want a string",
		`{"Fn::Sub": "${Bucket"}`:                       "Here.Fn::Sub: ${ without its }",
		`{"Fn::Sub": {"Ref": "Bucket"}}`:                "Here.Fn::Sub: want a string",
		`{"Fn::Select": [5, ["a"]]}`:                    `Here.Fn::Select: no item "5" in a list of 1`,
		`{"Fn::Select": [-1, ["a"]]}`:                   `no item "-1"`,
		`{"Fn::Split": ["", "a"]}`:                      "the delimiter is empty",
		`{"Fn::If": ["Nothing", 1, 2]}`:                 `the template has no condition "Nothing"`,
		`{"Fn::If": ["Circular", 1, 2]}`:                "Conditions.Circular: it refers to itself",
		`{"Fn::If": ["Odd", 1, 2]}`:                     "Conditions.Odd.Fn::Contains: the local edge does not know this condition",
		`{"Fn::FindInMap": ["Sizes", "moon", "small"]}`: "Mappings has no Sizes.moon.small",
	} {
		if got, err := resolved(t, value); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s is %q, %v, want an error with %q", value, got, err, want)
		}
	}
}
