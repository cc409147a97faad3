package constructs

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"

	"github.com/signedfront/signedfront/constructs/config"
	"github.com/signedfront/signedfront/signer"
)

const twoKeys = `{"signingKeys": {"keys": {"1": {"algorithm": "rsa-2048", "hash": "sha1"}, "2": {}}, "current": 2}}`

func TestBucketIsClosedEncryptedAndVersioned(t *testing.T) {
	_, bucket := synthesize(t, "prod", `{}`).only(t, "AWS::S3::Bucket")
	wantJSON(t, "the bucket", bucket.Properties, `{
		"PublicAccessBlockConfiguration": {"BlockPublicAcls": true, "BlockPublicPolicy": true, "IgnorePublicAcls": true, "RestrictPublicBuckets": true},
		"OwnershipControls": {"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]},
		"BucketEncryption": {"ServerSideEncryptionConfiguration": [{"ServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}]},
		"VersioningConfiguration": {"Status": "Enabled"},
		"LifecycleConfiguration": {"Rules": [{"Id": "AbortIncompleteMultipartUploads", "Status": "Enabled", "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 7}}]}
	}`)
}

func TestLastingEnvironmentKeepsItsContent(t *testing.T) {
	app, _ := newApp(t, nil)
	stack, _, err := NewEnvironment(app, environmentOf(t, "prod", `{}`))
	if err != nil {
		t.Fatal(err)
	}
	if !*stack.TerminationProtection() {
		t.Error("the stack is not protected")
	}
	template := synthesize(t, "prod", `{}`)
	id, bucket := template.only(t, "AWS::S3::Bucket")
	if bucket.DeletionPolicy != "RetainExceptOnCreate" || bucket.UpdateReplacePolicy != "Retain" {
		t.Errorf("%s: DeletionPolicy %s, UpdateReplacePolicy %s", id, bucket.DeletionPolicy, bucket.UpdateReplacePolicy)
	}
	if bucket.Properties["Tags"] != nil {
		t.Errorf("%s has tags %v: the emptier takes one as leave to delete", id, bucket.Properties["Tags"])
	}
	if ids := template.all("Custom::EmptyBucket"); ids != nil {
		t.Errorf("it would be emptied by %v", ids)
	}
}

func TestEphemeralEnvironmentGoesWithItsObjects(t *testing.T) {
	app, _ := newApp(t, nil)
	stack, _, err := NewEnvironment(app, environmentOf(t, "dev", `{"ephemeral": true}`))
	if err != nil {
		t.Fatal(err)
	}
	if *stack.TerminationProtection() {
		t.Error("the stack is protected")
	}
	template := synthesize(t, "dev", `{"ephemeral": true}`)
	bucketID, bucket := template.only(t, "AWS::S3::Bucket")
	if bucket.DeletionPolicy != "Delete" || bucket.UpdateReplacePolicy != "Delete" {
		t.Errorf("%s: DeletionPolicy %s, UpdateReplacePolicy %s", bucketID, bucket.DeletionPolicy, bucket.UpdateReplacePolicy)
	}
	wantJSON(t, "the tags", bucket.Properties["Tags"], `[{"Key": "signedfront:ephemeral", "Value": "true"}]`)

	// What refers to the bucket is deleted before it.
	emptyingID, emptying := template.only(t, "Custom::EmptyBucket")
	wantJSON(t, "the bucket to empty", emptying.Properties["BucketName"], fmt.Sprintf(`{"Ref": %q}`, bucketID))
	wantJSON(t, "the time that CloudFormation waits", emptying.Properties["ServiceTimeout"], `"960"`)

	// And what depends on the emptying is gone before it.
	for _, resourceType := range []string{"AWS::CloudFront::Distribution", "AWS::S3::BucketPolicy"} {
		if id, r := template.only(t, resourceType); !slices.Contains(r.DependsOn, emptyingID) {
			t.Errorf("%s is there while the bucket is emptied: it depends on %v", id, r.DependsOn)
		}
	}
}

// The time that a bucket may take to be emptied is not that in which a function
// that cannot run is found out, and nothing that takes minutes comes before.
func TestAFunctionThatCannotRunIsFoundOutInTwoMinutes(t *testing.T) {
	for name, template := range map[string]*template{
		"with keys of its own": synthesize(t, "dev", `{"ephemeral": true, "signingKeys": {"keys": {"1": {}, "2": {}}, "current": 1}}`),
		"with borrowed keys": synthesizeContent(t, func(c *config.Content) {
			c.Ephemeral, c.SigningKeys, c.Lender = true, config.SigningKeys{}, lenderOfTests
		}),
		"that is kept": synthesize(t, "prod", `{}`),
	} {
		t.Run(name, func(t *testing.T) {
			asked := map[string]bool{} // functions, of which one that cannot run ends a deployment
			for id, r := range template.Resources {
				if !strings.HasPrefix(r.Type, "Custom::") {
					continue
				}
				if r.Type != "Custom::EmptyBucket" {
					wantJSON(t, id, r.Properties["ServiceTimeout"], `"120"`)
					asked[fmt.Sprint(r.Properties["ServiceToken"])] = true
					continue
				}
				for _, first := range append(template.all("Custom::SigningKeyPair"), template.all("Custom::FunctionRuns")...) {
					if !slices.Contains(r.DependsOn, first) {
						t.Errorf("%s does not wait for %s: it depends on %v", id, first, r.DependsOn)
					}
				}
			}
			if functions := template.all("AWS::Lambda::Function"); len(asked) != len(functions) {
				t.Errorf("of the functions %v, %d are asked whether they run", functions, len(asked))
			}
		})
	}
}

// CloudFormation asks for attributes when it makes a custom resource, and again
// only when a property changes; a deployed one that lacks an attribute fails the
// deployment that reads it.
func TestANewAttributeOfACustomResourceComesWithANewPropertyValue(t *testing.T) {
	// By type and by the value of the property Attributes. What was released stays
	// as it is: give the property another value and add a row.
	frozen := map[string]map[any][]string{
		"Custom::SigningKeyPair": {nil: {"PublicKeyPem", "PublicKeySha256", "SecretVersionId"}},
		"Custom::EmptyBucket":    {nil: nil},
		"Custom::FunctionRuns":   {nil: nil},
	}
	for _, template := range append(slices.Collect(maps.Values(synthesizeStacks(t, everythingOn(t)))), synthesize(t, "dev", `{"ephemeral": true}`)) {
		for _, attribute := range regexp.MustCompile(`"Fn::GetAtt":\s*\[\s*"(\w+)",\s*"([\w.]+)"`).FindAllStringSubmatch(string(template.text), -1) {
			r := template.Resources[attribute[1]]
			if !strings.HasPrefix(r.Type, "Custom::") {
				continue
			}
			if known := frozen[r.Type][r.Properties["Attributes"]]; !slices.Contains(known, attribute[2]) {
				t.Errorf("%s of %s is read, which a deployed one with Attributes %v has not: it has %v", attribute[2], attribute[1], r.Properties["Attributes"], known)
			}
		}
	}
}

func TestSecretsAreMadeEmptyAndGoWithTheStack(t *testing.T) {
	for _, settings := range []string{`{}`, `{"ephemeral": true}`, twoKeys} {
		template := synthesize(t, "dev", settings)
		for _, id := range template.all("AWS::SecretsManager::Secret") {
			secret := template.Resources[id]
			for property := range secret.Properties {
				if property != "Description" {
					t.Errorf("%s has the property %s", id, property)
				}
			}
			if secret.DeletionPolicy != "Delete" || secret.UpdateReplacePolicy != "Delete" {
				t.Errorf("%s: DeletionPolicy %s, UpdateReplacePolicy %s", id, secret.DeletionPolicy, secret.UpdateReplacePolicy)
			}
		}
	}
}

func TestKeyPairIsMadeOfSecretGenerationAndAlgorithm(t *testing.T) {
	template := synthesize(t, "dev", twoKeys)
	for number, algorithm := range map[string]string{"1": "rsa-2048", "2": "ecdsa-p256"} {
		_, pair := template.generation(t, number, "Custom::SigningKeyPair")
		secretID, _ := template.generation(t, number, "AWS::SecretsManager::Secret")
		delete(pair.Properties, "ServiceToken")
		wantJSON(t, "key pair "+number, pair.Properties, fmt.Sprintf(
			`{"SecretId": {"Ref": %q}, "Generation": %q, "Algorithm": %q, "ServiceTimeout": "120"}`, secretID, number, algorithm))
	}
}

// generation is the resource of a type that belongs to a generation.
func (t *template) generation(test *testing.T, number, resourceType string) (id string, r *resource) {
	test.Helper()
	for _, id := range t.all(resourceType) {
		if strings.HasPrefix(id, "ContentSigningKey"+number) {
			return id, t.Resources[id]
		}
	}
	test.Fatalf("no %s of generation %s", resourceType, number)
	return "", nil
}

func TestPublicKeyIsTheOneThatWasMade(t *testing.T) {
	template := synthesize(t, "dev", twoKeys)
	for _, number := range []string{"1", "2"} {
		pairID, _ := template.generation(t, number, "Custom::SigningKeyPair")
		_, public := template.generation(t, number, "AWS::CloudFront::PublicKey")
		wantJSON(t, "public key "+number, public.property("PublicKeyConfig", "EncodedKey"), fmt.Sprintf(`{"Fn::GetAtt": [%q, "PublicKeyPem"]}`, pairID))
	}
}

func TestAllNamesInCloudFrontHoldTheSaltOfTheStack(t *testing.T) {
	template := synthesize(t, "dev", twoKeys)
	values := map[string]string{"AWS::StackId": "arn:aws:cloudformation:eu-west-1:123456789012:stack/signedfront-dev/50d6f0a0-d2df-11e5-832f-503abc87a9b4"}
	for _, pair := range template.all("Custom::SigningKeyPair") {
		values[pair+".PublicKeySha256"] = "<the hash of " + pair + ">"
	}
	name := func(resourceType, number string, path ...string) {
		t.Helper()
		id, r := "", (*resource)(nil)
		if number != "" {
			id, r = template.generation(t, number, resourceType)
		} else {
			id, r = template.only(t, resourceType)
		}
		want := path[len(path)-1]
		if got := resolve(t, r.property(path[:len(path)-1]...), values); got != want {
			t.Errorf("%s: %v, want %s", id, got, want)
		}
	}
	name("AWS::CloudFront::PublicKey", "1", "PublicKeyConfig", "Name", "signedfront-dev-key-1-50d6f0a0")
	name("AWS::CloudFront::PublicKey", "2", "PublicKeyConfig", "Name", "signedfront-dev-key-2-50d6f0a0")
	name("AWS::CloudFront::PublicKey", "1", "PublicKeyConfig", "CallerReference", "signedfront-dev-key-1-50d6f0a0-<the hash of ContentSigningKey1KeyPairC0226050>")
	name("AWS::CloudFront::PublicKey", "2", "PublicKeyConfig", "CallerReference", "signedfront-dev-key-2-50d6f0a0-<the hash of ContentSigningKey2KeyPair274CC2F2>")
	name("AWS::CloudFront::KeyGroup", "", "KeyGroupConfig", "Name", "signedfront-dev-keys-50d6f0a0")
	name("AWS::CloudFront::ResponseHeadersPolicy", "", "ResponseHeadersPolicyConfig", "Name", "signedfront-dev-headers-50d6f0a0")
}

func TestEveryBehaviorTrustsTheGroupOfAllKeys(t *testing.T) {
	template := synthesize(t, "dev", twoKeys)
	groupID, group := template.only(t, "AWS::CloudFront::KeyGroup")
	first, _ := template.generation(t, "1", "AWS::CloudFront::PublicKey")
	second, _ := template.generation(t, "2", "AWS::CloudFront::PublicKey")
	wantJSON(t, "the group", group.property("KeyGroupConfig", "Items"), fmt.Sprintf(`[{"Ref": %q}, {"Ref": %q}]`, first, second))

	_, distribution := template.only(t, "AWS::CloudFront::Distribution")
	config := distribution.property("DistributionConfig").(map[string]any)
	behaviors := []any{config["DefaultCacheBehavior"]}
	if more, ok := config["CacheBehaviors"].([]any); ok {
		behaviors = append(behaviors, more...)
	}
	for _, behavior := range behaviors {
		wantJSON(t, "who is trusted", behavior.(map[string]any)["TrustedKeyGroups"], fmt.Sprintf(`[{"Ref": %q}]`, groupID))
	}
}

func TestDistributionServesTheBucketOverHTTPSAlone(t *testing.T) {
	template := synthesize(t, "dev", `{}`)
	bucketID, _ := template.only(t, "AWS::S3::Bucket")
	identityID, _ := template.only(t, "AWS::CloudFront::CloudFrontOriginAccessIdentity")
	groupID, _ := template.only(t, "AWS::CloudFront::KeyGroup")
	headersID, _ := template.only(t, "AWS::CloudFront::ResponseHeadersPolicy")
	_, distribution := template.only(t, "AWS::CloudFront::Distribution")
	// 658327ea-f89d-4fab-a63d-7e88639e58f6 is CloudFront's own policy
	// CachingOptimized: no query string, cookie or header in the cache key.
	wantJSON(t, "the distribution", distribution.Properties, fmt.Sprintf(`{"DistributionConfig": {
		"Comment": "Private content of signedfront-dev",
		"Enabled": true,
		"HttpVersion": "http2and3",
		"IPV6Enabled": true,
		"Origins": [{
			"Id": "content",
			"DomainName": {"Fn::GetAtt": [%q, "RegionalDomainName"]},
			"S3OriginConfig": {"OriginAccessIdentity": {"Fn::Join": ["", ["origin-access-identity/cloudfront/", {"Ref": %q}]]}}
		}],
		"DefaultCacheBehavior": {
			"TargetOriginId": "content",
			"TrustedKeyGroups": [{"Ref": %q}],
			"ViewerProtocolPolicy": "https-only",
			"AllowedMethods": ["GET", "HEAD"],
			"Compress": true,
			"CachePolicyId": "658327ea-f89d-4fab-a63d-7e88639e58f6",
			"ResponseHeadersPolicyId": {"Ref": %q}
		}
	}}`, bucketID, identityID, groupID, headersID))
}

// X-Frame-Options and Content-Security-Policy keep browsers from showing PDFs
// in a frame.
func TestSecurityHeadersDoNotBreakWhatBrowsersShow(t *testing.T) {
	_, policy := synthesize(t, "dev", `{}`).only(t, "AWS::CloudFront::ResponseHeadersPolicy")
	config := policy.property("ResponseHeadersPolicyConfig").(map[string]any)
	delete(config, "Name")
	delete(config, "Comment")
	wantJSON(t, "the headers", config, `{"SecurityHeadersConfig": {
		"StrictTransportSecurity": {"AccessControlMaxAgeSec": 31536000, "Override": true},
		"ContentTypeOptions": {"Override": true},
		"ReferrerPolicy": {"ReferrerPolicy": "no-referrer", "Override": true}
	}}`)
}

func TestDeploymentDocumentIsOneThatSignersRead(t *testing.T) {
	template := synthesize(t, "dev", `{"maxUrlLifetime": "2d", "maxKeyAge": "30m", "signingKeys": {"keys": {"1": {}, "2": {"algorithm": "rsa-2048", "hash": "sha1"}}, "current": 2}}`)
	groupID, _ := template.only(t, "AWS::CloudFront::KeyGroup")
	distributionID, _ := template.only(t, "AWS::CloudFront::Distribution")
	bucketID, _ := template.only(t, "AWS::S3::Bucket")
	earlierKeyID, _ := template.generation(t, "1", "AWS::CloudFront::PublicKey")
	earlierPairID, _ := template.generation(t, "1", "Custom::SigningKeyPair")
	publicKeyID, _ := template.generation(t, "2", "AWS::CloudFront::PublicKey")
	secretID, _ := template.generation(t, "2", "AWS::SecretsManager::Secret")
	pairID, _ := template.generation(t, "2", "Custom::SigningKeyPair")
	_, parameter := template.only(t, "AWS::SSM::Parameter")

	earlier, current := publicKeyOf(t, publicECDSA), publicKeyOf(t, publicRSA)
	want := &signer.Deployment{
		Schema: signer.DeploymentSchema, BaseURL: "https://d111111abcdef8.cloudfront.net",
		KeyPairID: "K2JCJMDEHXQW5F", Algorithm: signer.RSA2048, Hash: signer.SHA1,
		PublicKeySHA256: current.Fingerprint(),
		Key: signer.KeyLocation{
			SecretARN:       "arn:aws:secretsmanager:eu-west-1:123456789012:secret:Secret-AbCdEf",
			SecretVersionID: "11111111-2222-3333-4444-555555555555",
		},
		Region: "eu-west-1", MaxURLLifetime: 2 * 24 * 60 * 60, MaxKeyAge: 30 * 60,
		TrustedKeys: []signer.TrustedKey{{ID: "K36X4X2EO997HM", SPKI: earlier.SPKI()}, {ID: "K2JCJMDEHXQW5F", SPKI: current.SPKI()}},
		Query:       &signer.ForwardedQuery{Signed: []string{}, Public: []string{}},
		Bucket:      &signer.Bucket{Name: "signedfront-dev-bucket", Region: "eu-west-1"},
	}
	text := resolve(t, parameter.Properties["Value"], map[string]string{
		"AWS::Region":                   want.Region,
		distributionID + ".DomainName":  strings.TrimPrefix(want.BaseURL, "https://"),
		publicKeyID:                     want.KeyPairID,
		pairID + ".PublicKeySha256":     want.PublicKeySHA256,
		secretID:                        want.Key.SecretARN,
		pairID + ".SecretVersionId":     want.Key.SecretVersionID,
		bucketID:                        want.Bucket.Name,
		earlierKeyID:                    want.TrustedKeys[0].ID,
		earlierPairID + ".PublicKeyPem": string(earlier.PEM()), // as keypair.Provider answers
		pairID + ".PublicKeyPem":        string(current.PEM()),
	})
	got, err := signer.ParseDeployment([]byte(text.(string)))
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}

	wantJSON(t, "its name", parameter.Properties["Name"], `"/signedfront/signedfront/dev"`)
	wantJSON(t, "its type", parameter.Properties["Type"], `"String"`)
	wantJSON(t, "its tier", parameter.Properties["Tier"], `"Standard"`)
	if !slices.Contains(parameter.DependsOn, groupID) {
		t.Errorf("it does not wait for the key group: depends on %v", parameter.DependsOn)
	}
}

func TestSigningPolicyReadsTheDocumentAndEveryKey(t *testing.T) {
	template := synthesize(t, "dev", twoKeys)
	first, _ := template.generation(t, "1", "AWS::SecretsManager::Secret")
	second, _ := template.generation(t, "2", "AWS::SecretsManager::Secret")
	_, policy := template.only(t, "AWS::IAM::ManagedPolicy")
	// IAM makes another policy, with another ARN, where name, path or
	// description change.
	wantJSON(t, "the policy", policy.Properties, fmt.Sprintf(`{
		"Description": "", "Path": "/",
		"PolicyDocument": {"Version": "2012-10-17", "Statement": [{
			"Effect": "Allow", "Action": "ssm:GetParameter",
			"Resource": {"Fn::Join": ["", ["arn:", {"Ref": "AWS::Partition"}, ":ssm:", {"Ref": "AWS::Region"}, ":", {"Ref": "AWS::AccountId"}, ":parameter/signedfront/signedfront/dev"]]}
		}, {
			"Effect": "Allow", "Action": "secretsmanager:GetSecretValue",
			"Resource": [{"Ref": %q}, {"Ref": %q}]
		}]}
	}`, first, second))
}

// A rotation writes a document that names another key, which signers may then read
// immediately.
func TestSignersMayReadAKeyBeforeTheDocumentNamesIt(t *testing.T) {
	template := synthesize(t, "dev", twoKeys)
	parameterID, parameter := template.only(t, "AWS::SSM::Parameter")
	policyID, policy := template.only(t, "AWS::IAM::ManagedPolicy")
	if !slices.Contains(parameter.DependsOn, policyID) {
		t.Errorf("the document does not wait for the policy: depends on %v", parameter.DependsOn)
	}
	text, err := json.Marshal(policy)
	if err != nil {
		t.Fatal(err)
	}
	if bytes.Contains(text, []byte(parameterID)) {
		t.Errorf("the policy waits for the document: %s", text)
	}
}

func TestFunctionsMayDoTheirWorkAndNothingMore(t *testing.T) {
	template := synthesize(t, "dev", `{"ephemeral": true, "signingKeys": {"keys": {"1": {}, "2": {}}, "current": 1}}`)
	bucketID, _ := template.only(t, "AWS::S3::Bucket")
	first, _ := template.generation(t, "1", "AWS::SecretsManager::Secret")
	second, _ := template.generation(t, "2", "AWS::SecretsManager::Secret")
	bucket := fmt.Sprintf(`{"Fn::GetAtt": [%q, "Arn"]}`, bucketID)
	work := map[string]string{
		"ContentKeyPairProvider": fmt.Sprintf(`{"Effect": "Allow",
			"Action": ["secretsmanager:DescribeSecret", "secretsmanager:GetSecretValue", "secretsmanager:PutSecretValue"],
			"Resource": [{"Ref": %q}, {"Ref": %q}]}`, first, second),
		"ContentBucketEmptier": fmt.Sprintf(`{"Effect": "Allow",
			"Action": ["s3:GetBucketTagging", "s3:ListBucketMultipartUploads", "s3:ListBucketVersions", "s3:PutBucketPolicy"],
			"Resource": %s
		}, {"Effect": "Allow",
			"Action": ["s3:AbortMultipartUpload", "s3:DeleteObject", "s3:DeleteObjectVersion"],
			"Resource": {"Fn::Join": ["", [%s, "/*"]]}}`, bucket, bucket),
		"ContentKeyGuardProvider": `{"Effect": "Allow",
			"Action": "ssm:GetParameterHistory",
			"Resource": {"Fn::Join": ["", ["arn:", {"Ref": "AWS::Partition"}, ":ssm:", {"Ref": "AWS::Region"}, ":", {"Ref": "AWS::AccountId"}, ":parameter/signedfront/signedfront/dev"]]}
		}, {"Effect": "Allow",
			"Action": ["cloudfront:GetKeyGroup", "cloudfront:GetPublicKey", "cloudfront:ListDistributionsByKeyGroup"],
			"Resource": "*"}`,
	}
	ofStack := map[string]string{"ContentKeyGuardProvider": `["cloudformation:DescribeStackResource", "cloudformation:DescribeStacks"]`}
	roles := template.all("AWS::IAM::Role")
	if len(roles) != len(work) {
		t.Fatalf("roles %v", roles)
	}
	for _, id := range roles {
		prefix, _, _ := strings.Cut(id, "Role")
		logs := template.withPrefix("AWS::Logs::LogGroup", prefix)
		wantJSON(t, id, template.Resources[id].Properties, fmt.Sprintf(`{
			"AssumeRolePolicyDocument": {"Version": "2012-10-17", "Statement": [{
				"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": "lambda.amazonaws.com"}}]},
			"Policies": [{"PolicyName": "Provider", "PolicyDocument": {"Version": "2012-10-17", "Statement": [{
				"Effect": "Allow", "Action": ["logs:CreateLogStream", "logs:PutLogEvents"],
				"Resource": {"Fn::GetAtt": [%q, "Arn"]}
			}, {"Effect": "Allow", "Action": %s, "Resource": {"Ref": "AWS::StackId"}
			}, %s]}}]
		}`, logs, cmp.Or(ofStack[prefix], `"cloudformation:DescribeStacks"`), work[prefix]))
	}
}

func (t *template) withPrefix(resourceType, prefix string) string {
	for _, id := range t.all(resourceType) {
		if strings.HasPrefix(id, prefix) {
			return id
		}
	}
	return ""
}

func TestFunctionsRunOnARMWithTheirOwnBoundedLogs(t *testing.T) {
	template := synthesize(t, "dev", `{"ephemeral": true}`)
	timeouts := map[string]float64{"ContentKeyPairProvider": 90, "ContentKeyGuardProvider": 90, "ContentBucketEmptier": 900}
	for _, id := range template.all("AWS::Lambda::Function") {
		prefix, _, _ := strings.Cut(id, "Function")
		logs := template.withPrefix("AWS::Logs::LogGroup", prefix)
		function := template.Resources[id].Properties
		for property, want := range map[string]string{
			"Runtime":       `"provided.al2023"`,
			"Architectures": `["arm64"]`,
			"Handler":       `"bootstrap"`,
			"Timeout":       fmt.Sprint(timeouts[prefix]),
			"LoggingConfig": fmt.Sprintf(`{"LogGroup": {"Ref": %q}}`, logs),
			"Environment":   `null`,
		} {
			wantJSON(t, id+"."+property, function[property], want)
		}

		group := template.Resources[logs]
		wantJSON(t, logs, group.Properties, `{"RetentionInDays": 30}`)
		if group.DeletionPolicy != "Delete" {
			t.Errorf("%s stays: %s", logs, group.DeletionPolicy)
		}
	}
}

// Of the two more runs that Lambda would give a failed event, one comes while
// CloudFormation waits; and a custom resource must not change before what it
// needs.
func TestCustomResourcesWaitForRightsAndGetASecondChance(t *testing.T) {
	template := synthesize(t, "dev", `{"ephemeral": true, "signingKeys": {"keys": {"1": {}, "2": {}}, "current": 1}}`)
	for resourceType, prefix := range map[string]string{
		"Custom::SigningKeyPair": "ContentKeyPairProvider",
		"Custom::EmptyBucket":    "ContentBucketEmptier",
		"Custom::FunctionRuns":   "ContentBucketEmptier",
		"Custom::KeyGuard":       "ContentKeyGuardProvider",
	} {
		function := template.withPrefix("AWS::Lambda::Function", prefix)
		retries := template.withPrefix("AWS::Lambda::EventInvokeConfig", prefix)
		wantJSON(t, retries, template.Resources[retries].Properties,
			fmt.Sprintf(`{"FunctionName": {"Ref": %q}, "Qualifier": "$LATEST", "MaximumRetryAttempts": 1}`, function))
		want := []string{retries, template.withPrefix("AWS::IAM::Role", prefix)}
		slices.Sort(want)
		for _, id := range template.all(resourceType) {
			wantJSON(t, id, template.Resources[id].Properties["ServiceToken"], fmt.Sprintf(`{"Fn::GetAtt": [%q, "Arn"]}`, function))
			got := slices.DeleteFunc(slices.Clone(template.Resources[id].DependsOn), func(id string) bool {
				return strings.HasPrefix(template.Resources[id].Type, "Custom::")
			})
			if !reflect.DeepEqual(got, want) {
				t.Errorf("%s depends on %v, want %v", id, got, want)
			}
		}
	}
}

func TestOutputs(t *testing.T) {
	template := synthesize(t, "dev", `{"ephemeral": true}`)
	refer := func(resourceType string) string {
		id, _ := template.only(t, resourceType)
		return fmt.Sprintf(`{"Ref": %q}`, id)
	}
	distribution, _ := template.only(t, "AWS::CloudFront::Distribution")
	want := map[string]string{
		"DistributionDomainName":  fmt.Sprintf(`{"Fn::GetAtt": [%q, "DomainName"]}`, distribution),
		"DistributionId":          refer("AWS::CloudFront::Distribution"),
		"BucketName":              refer("AWS::S3::Bucket"),
		"KeyPairId":               refer("AWS::CloudFront::PublicKey"),
		"KeyGroupId":              refer("AWS::CloudFront::KeyGroup"),
		"SigningSecretArn":        refer("AWS::SecretsManager::Secret"),
		"DeploymentParameterName": refer("AWS::SSM::Parameter"),
		"SigningPolicyArn":        refer("AWS::IAM::ManagedPolicy"),
	}
	if len(template.Outputs) != len(want) {
		t.Errorf("%d outputs, want %d", len(template.Outputs), len(want))
	}
	for name, value := range want {
		wantJSON(t, name, template.Outputs[name].Value, value)
	}
}

// A rotation adds a generation, makes it current and removes the old one. What
// belongs to a generation must not change meanwhile: its public key cannot, and
// its pair is made once.
func TestRotationTouchesNoOtherGeneration(t *testing.T) {
	steps := []string{
		`{"signingKeys": {"keys": {"1": {}}}}`,
		`{"signingKeys": {"keys": {"1": {}, "2": {"algorithm": "rsa-2048"}}, "current": 1}}`,
		`{"signingKeys": {"keys": {"1": {}, "2": {"algorithm": "rsa-2048"}}, "current": 2}}`,
		`{"signingKeys": {"keys": {"2": {"algorithm": "rsa-2048"}}}}`,
	}
	seen := map[string]string{}
	for i, step := range steps {
		template := synthesize(t, "prod", step)
		for id, r := range template.Resources {
			if !strings.HasPrefix(id, "ContentSigningKey") {
				continue
			}
			text, err := json.Marshal(r)
			if err != nil {
				t.Fatal(err)
			}
			if before, ok := seen[id]; ok && before != string(text) {
				t.Errorf("step %d changes %s\nfrom %s\nto   %s", i+1, id, before, text)
			}
			seen[id] = string(text)
		}
	}
	if len(seen) != 6 {
		t.Errorf("%d resources of two generations, want secret, key pair and public key of each", len(seen))
	}
}

func TestNoTemplateHoldsKeyMaterial(t *testing.T) {
	for _, settings := range []string{`{}`, `{"ephemeral": true}`, twoKeys} {
		text := synthesize(t, "dev", settings).text
		for _, forbidden := range []string{"PRIVATE KEY", "BEGIN ", "SecretString", "GenerateSecretString", "NoEcho"} {
			if bytes.Contains(text, []byte(forbidden)) {
				t.Errorf("%s: the template holds %q", settings, forbidden)
			}
		}
	}
}

func TestEnvironmentIsPinnedToItsAccountAndRegion(t *testing.T) {
	app, _ := newApp(t, nil)
	stack, _, err := NewEnvironment(app, environmentOf(t, "prod", `{"account": "012345678901", "region": "eu-west-1"}`))
	if err != nil {
		t.Fatal(err)
	}
	if *stack.Account() != "012345678901" || *stack.Region() != "eu-west-1" {
		t.Errorf("account %s, Region %s", *stack.Account(), *stack.Region())
	}
}

func TestCurrentRegionIsCheckedWhereNoneIsPinned(t *testing.T) {
	t.Setenv("CDK_DEFAULT_REGION", "ca-west-1")
	app, _ := newApp(t, nil)
	_, _, err := NewEnvironment(app, environmentOf(t, "dev", `{}`))
	want := `signedfront-dev/Content: the current Region, from AWS_REGION or your AWS profile: "ca-west-1"; ` +
		`set AWS_REGION to another Region, or write environments.dev.region; write originAccess "oac", or choose a Region opened before 2023, such as "eu-west-1": an origin access identity cannot read buckets in newer Regions`
	if err == nil || err.Error() != want {
		t.Errorf("got  %v\nwant %s", err, want)
	}
	_, err = NewPrivateContent(newStack(app, "Media"), "Content", nil)
	if err == nil || !strings.Contains(err.Error(), "set AWS_REGION to another Region, or write Env.Region of the stack; ") {
		t.Errorf("got %v", err)
	}
	if _, _, err := NewEnvironment(app, environmentOf(t, "pinned", `{"region": "eu-west-1"}`)); err != nil {
		t.Error(err)
	}
}

func newStack(app awscdk.App, name string) awscdk.Stack {
	return awscdk.NewStack(app, jsii.String(name), nil)
}

func TestContentOfAnotherAppNeedsNoProps(t *testing.T) {
	app, outdir := newApp(t, nil)
	stack := newStack(app, "Media")
	for _, id := range []string{"Pictures", "Films"} {
		if _, err := NewPrivateContent(stack, id, nil); err != nil {
			t.Fatal(err)
		}
	}
	app.Synth(nil)
	template := readTemplate(t, outdir, "Media")

	stackID := map[string]string{"AWS::StackId": "arn:aws:cloudformation:eu-west-1:123456789012:stack/Media/50d6f0a0-d2df-11e5-832f-503abc87a9b4"}
	var names []string
	for _, id := range template.all("AWS::CloudFront::KeyGroup") {
		names = append(names, resolve(t, template.Resources[id].property("KeyGroupConfig", "Name"), stackID).(string))
	}
	for _, id := range template.all("AWS::SSM::Parameter") {
		names = append(names, template.Resources[id].Properties["Name"].(string))
	}
	want := []string{
		"Media-Films-8BF82A4F-keys-50d6f0a0", "Media-Pictures-26C072D4-keys-50d6f0a0",
		"/signedfront/Media-Films-8BF82A4F", "/signedfront/Media-Pictures-26C072D4",
	}
	if !reflect.DeepEqual(names, want) {
		t.Errorf("names %v, want %v", names, want)
	}
}

func TestWrongPropsAreReportedTogetherAndMakeNothing(t *testing.T) {
	app, _ := newApp(t, nil)
	stack := newStack(app, "Media")
	_, err := NewPrivateContent(stack, "Content", &PrivateContentProps{
		Name:           "media_files",
		ParameterName:  "/aws/media",
		SigningKeys:    SigningKeys{Keys: []config.SigningKey{{Number: 1, Hash: "sha1"}, {Number: 2}}, Current: 3},
		MaxURLLifetime: -time.Second,
		MaxKeyAge:      time.Second,
	})
	want := `Media/Content: 6 problems:
  Name: "media_files"; write at most 40 letters, digits and single hyphens between them
  ParameterName: "/aws/media"; write a path of at most 15 parts such as /media/prod/signing, of letters, digits and the characters _.-, that starts with neither aws nor ssm
  SigningKeys.Keys.1.Hash: "sha1" with an ECDSA key; write "sha256", or choose "rsa-2048": SHA-1 is supported for old RSA signers only
  SigningKeys.Current: key 3, which is not listed; write the number of the key that signs: 1 or 2
  MaxURLLifetime: -1s; write 1s or more
  MaxKeyAge: 1s; write 1m or more: with less, signers would spend the account's quota of reading parameters`
	if err == nil || err.Error() != want {
		t.Errorf("got:\n%v\nwant:\n%s", err, want)
	}
	var problems config.Problems
	if !errors.As(err, &problems) {
		t.Error("the error holds no problems")
	}
	if len(*stack.Node().Children()) != 0 {
		t.Error("something was made all the same")
	}
	if _, err := NewPrivateContent(stack, "Content", nil); err != nil {
		t.Errorf("with the mistakes mended: %v", err)
	}
	for _, props := range []*PrivateContentProps{{MaxKeyAge: time.Second}, nil} {
		if _, err := NewPrivateContent(stack, "more/Content", props); (err != nil) != (props != nil) {
			t.Errorf("an id with a slash, %+v: %v", props, err)
		}
	}
}

// The CDK reports errors as panics with a JavaScript stack trace.
func TestWhatTheCDKRefusesIsAnErrorOfOneLine(t *testing.T) {
	app, _ := newApp(t, nil)
	stack := newStack(app, "Media")
	if _, err := NewPrivateContent(stack, "Content", nil); err != nil {
		t.Fatal(err)
	}
	for name, test := range map[string]struct {
		scope constructs.Construct
		id    string
		want  string
	}{
		"no scope":              {nil, "Content", "private content has no scope or no id: pass both"},
		"no id":                 {stack, "", "private content has no scope or no id: pass both"},
		"an id that is taken":   {stack, "Content", "Media already has a construct Content: choose another id"},
		"an app where no stack": {app, "Content", "no Stack found"},
		"an id that is no id":   {stack, "a/b${Token[TOKEN.1]}", "Token"},
	} {
		t.Run(name, func(t *testing.T) {
			content, err := NewPrivateContent(test.scope, test.id, nil)
			if content != nil || err == nil || !strings.Contains(err.Error(), test.want) {
				t.Fatalf("got %v, want %q", err, test.want)
			}
			if said := err.Error(); strings.Contains(said, "\n") || strings.Contains(said, ".js:") {
				t.Errorf("it is more than a line: %s", said)
			}
		})
	}
}

func TestUnknownArchitectureIsRefused(t *testing.T) {
	app, _ := newApp(t, map[string]any{"signedfront:functionArchitecture": "mips"})
	_, err := NewPrivateContent(newStack(app, "Media"), "Content", nil)
	if want := `signedfront:functionArchitecture: "mips"; write "arm64" or "x86_64"`; err == nil || err.Error() != want {
		t.Errorf("got  %v\nwant %s", err, want)
	}
}

func TestArchitectureOfTheFunctionsCanBeChosen(t *testing.T) {
	keys := map[string]bool{}
	for _, architecture := range []string{"arm64", "x86_64"} {
		app, outdir := newApp(t, map[string]any{"signedfront:functionArchitecture": architecture})
		if _, err := NewPrivateContent(newStack(app, "Media"), "Content", nil); err != nil {
			t.Fatal(err)
		}
		app.Synth(nil)
		template := readTemplate(t, outdir, "Media")
		for _, id := range template.all("AWS::Lambda::Function") {
			wantJSON(t, id, template.Resources[id].Properties["Architectures"], fmt.Sprintf("[%q]", architecture))
			keys[fmt.Sprint(template.Resources[id].property("Code", "S3Key"))] = true
		}
	}
	if len(keys) != 4 { // of two functions
		t.Errorf("both architectures have the asset %v", keys)
	}
}

// The words of the configuration, which knows no signer, are the signer's.
func TestConfiguredKeysAreOnesThatSignersKnow(t *testing.T) {
	for _, settings := range []string{`{}`, twoKeys, `{"signingKeys": {"keys": {"1": {"algorithm": "rsa-2048"}}}}`} {
		for _, key := range environmentOf(t, "dev", settings).Content.SigningKeys.Keys {
			if _, err := signer.ParseAlgorithm(key.Algorithm); err != nil {
				t.Error(err)
			}
			if _, err := signer.ParseHash(key.Hash); err != nil {
				t.Error(err)
			}
		}
	}
}

func TestGrantSignAttachesThePolicy(t *testing.T) {
	// grant lets a role sign and returns the outdir of the app.
	grant := func(t *testing.T, role func(app awscdk.App, media awscdk.Stack) awsiam.IRole) (media *template, outdir string) {
		t.Helper()
		app, outdir := newApp(t, nil)
		stack := newStack(app, "Media")
		content, err := NewPrivateContent(stack, "Content", nil)
		if err != nil {
			t.Fatal(err)
		}
		content.GrantSign(role(app, stack))
		app.Synth(nil)
		return readTemplate(t, outdir, "Media"), outdir
	}
	newRole := func(stack awscdk.Stack) awsiam.IRole {
		return awsiam.NewRole(stack, jsii.String("App"), &awsiam.RoleProps{
			AssumedBy: awsiam.NewServicePrincipal(jsii.String("lambda.amazonaws.com"), nil),
		})
	}

	t.Run("to a role of the same stack", func(t *testing.T) {
		media, _ := grant(t, func(_ awscdk.App, media awscdk.Stack) awsiam.IRole { return newRole(media) })
		policyID, _ := media.only(t, "AWS::IAM::ManagedPolicy")
		role := media.Resources[media.withPrefix("AWS::IAM::Role", "App")]
		wantJSON(t, "the role's policies", role.Properties["ManagedPolicyArns"], fmt.Sprintf(`[{"Ref": %q}]`, policyID))
	})
	t.Run("to a role of another stack, which alone then depends on the content", func(t *testing.T) {
		media, outdir := grant(t, func(app awscdk.App, _ awscdk.Stack) awsiam.IRole { return newRole(newStack(app, "Other")) })
		_, role := readTemplate(t, outdir, "Other").only(t, "AWS::IAM::Role")
		arns, _ := role.Properties["ManagedPolicyArns"].([]any)
		if len(arns) != 1 {
			t.Errorf("the role's policies: %v", arns)
		}
		if _, policy := media.only(t, "AWS::IAM::ManagedPolicy"); policy.Properties["Roles"] != nil {
			t.Errorf("the policy names roles: %v", policy.Properties["Roles"])
		}
	})
	t.Run("to a role that was imported", func(t *testing.T) {
		media, _ := grant(t, func(_ awscdk.App, media awscdk.Stack) awsiam.IRole {
			return awsiam.Role_FromRoleName(media, jsii.String("App"), jsii.String("app"), nil)
		})
		_, policy := media.only(t, "AWS::IAM::ManagedPolicy")
		wantJSON(t, "the policy's roles", policy.Properties["Roles"], `["app"]`)
	})
}
