package constructs

import (
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awscloudfront"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/aws-cdk-go/awscdk/v2/interfaces/interfacesawscloudfront"
	"github.com/aws/jsii-runtime-go"

	"github.com/signedfront/signedfront/constructs/config"
	"github.com/signedfront/signedfront/signer"
	"github.com/signedfront/signedfront/signer/edge"
)

// Public keys whose private halves nobody has.
const (
	publicECDSA = `-----BEGIN PUBLIC KEY-----
MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEnrMawzK7G8vRaxwbU9G0Lt8wW3ZG
6gV8tcjlYrQXgc43kvnxKFBBg4ttC3RrAI2hoGESe2z0Blax+MIOECewbg==
-----END PUBLIC KEY-----
`
	publicRSA = `-----BEGIN PUBLIC KEY-----
MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAvpw1nDJpZOrJbIsTnW8K
TNW+dHsbEreIqrQw61MXmPKvPzawKqAtwWZwWDy8gQ8+TgVbtKJ9nmYiYeJeETgD
X6J7HZnNhO6lLc7jb/UWanjwp05Ap/zpsKskOUq/IK4GY759XmJQoCkW5G7BZ2dq
wy0jK9CA+Cg5gpWTmrQbOD2VDJ3sBjFvuBnr/eS+VfFE5VUR7NPUFQLLB2ajIjRy
DzJ1wW4OC8gpLS1fBNhZ74Lq4ESwaT3Pxv90BW+Yy3QuSlTEWejqU5xWJFrnE/yr
M9ZNTEUAS7jn7Xu+aGlcQg5T50m+6Xwg4i6nQrdDk7pkKtfWWhsZdRcMr4zZ1Xdl
HwIDAQAB
-----END PUBLIC KEY-----
`
)

func imported(number int, public string, private config.PrivateKeyLocation) config.SigningKey {
	algorithm := "ecdsa-p256"
	if public == publicRSA {
		algorithm = "rsa-2048"
	}
	return config.SigningKey{
		Number: number, Algorithm: algorithm, Hash: "sha256",
		Custody: config.Imported, PublicKey: public, PrivateKey: private,
	}
}

func withKeys(t *testing.T, current int, keys ...config.SigningKey) *template {
	t.Helper()
	return synthesizeContent(t, func(c *config.Content) {
		c.SigningKeys = config.SigningKeys{Keys: keys, Current: current}
	})
}

var privateKeys = map[string]config.PrivateKeyLocation{
	"in a secret": {SecretARN: "arn:aws:secretsmanager:eu-west-1:123456789012:secret:own-AbCdEf", SecretVersionID: "11111111-2222-3333-4444-555555555555"},
	"in KMS":      {KMSARN: "arn:aws:kms:eu-west-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab"},
	"in a file":   {File: "/run/secrets/key.pem"},
}

func TestImportedKeyTakesNoSecretAndNoFunction(t *testing.T) {
	template := synthesizeContent(t, func(c *config.Content) {
		c.SigningKeys.Keys, c.Guard = []config.SigningKey{imported(1, publicECDSA, privateKeys["in KMS"])}, jsii.Bool(false)
	})
	for _, resourceType := range []string{"AWS::SecretsManager::Secret", "Custom::SigningKeyPair", "AWS::Lambda::Function", "AWS::IAM::Role", "AWS::Logs::LogGroup"} {
		if ids := template.all(resourceType); ids != nil {
			t.Errorf("it makes %v", ids)
		}
	}
	public, err := signer.ParsePublicKey([]byte(publicECDSA))
	if err != nil {
		t.Fatal(err)
	}
	// The id is that of a key which the deployment makes.
	key := template.Resources["ContentSigningKey1PublicKeyFB900B53"]
	if key == nil {
		t.Fatalf("public keys: %v", template.all("AWS::CloudFront::PublicKey"))
	}
	stackID := map[string]string{"AWS::StackId": "arn:aws:cloudformation:eu-west-1:123456789012:stack/signedfront-dev/50d6f0a0-d2df-11e5-832f-503abc87a9b4"}
	wantJSON(t, "the public key", resolveAll(t, key.property("PublicKeyConfig"), stackID), fmt.Sprintf(
		`{"Name": "signedfront-dev-key-1-50d6f0a0", "CallerReference": "signedfront-dev-key-1-50d6f0a0-%s", "EncodedKey": %q}`, public.Fingerprint(), publicECDSA))
}

// Text before the block or line ends of Windows are no other key, and
// CloudFront lets none change.
func TestImportedKeyIsTheSameHoweverItIsWritten(t *testing.T) {
	want := withKeys(t, 1, imported(1, publicRSA, config.PrivateKeyLocation{}))
	for _, written := range []string{strings.ReplaceAll(publicRSA, "\n", "\r\n"), "my key\n" + publicRSA, strings.TrimSpace(publicRSA)} {
		key := imported(1, written, config.PrivateKeyLocation{})
		key.Algorithm = "rsa-2048"
		if got := withKeys(t, 1, key); string(got.text) != string(want.text) {
			t.Errorf("the template differs with the key written as %q", written)
		}
	}
}

func TestOnlyKeysThatAreMadeHereHaveAFunction(t *testing.T) {
	template := withKeys(t, 2, config.SigningKey{Number: 1}, imported(2, publicRSA, privateKeys["in a secret"]))
	secretID, _ := template.only(t, "AWS::SecretsManager::Secret")
	if pairID, _ := template.only(t, "Custom::SigningKeyPair"); !strings.HasPrefix(pairID, "ContentSigningKey1") {
		t.Errorf("made is %s", pairID)
	}
	first, _ := template.generation(t, "1", "AWS::CloudFront::PublicKey")
	second, _ := template.generation(t, "2", "AWS::CloudFront::PublicKey")
	_, group := template.only(t, "AWS::CloudFront::KeyGroup")
	wantJSON(t, "the group", group.property("KeyGroupConfig", "Items"), fmt.Sprintf(`[{"Ref": %q}, {"Ref": %q}]`, first, second))

	_, policy := template.only(t, "AWS::IAM::ManagedPolicy")
	statements := policy.property("PolicyDocument", "Statement").([]any)
	wantJSON(t, "the secrets that signers read", statements[1].(map[string]any)["Resource"],
		fmt.Sprintf(`[%q, {"Ref": %q}]`, privateKeys["in a secret"].SecretARN, secretID))
}

func TestSigningPolicyAllowsTheKeyWhereItIs(t *testing.T) {
	const document = `{"Effect": "Allow", "Action": "ssm:GetParameter", "Resource": {"Fn::Join": ["", ["arn:", {"Ref": "AWS::Partition"}, ":ssm:", {"Ref": "AWS::Region"}, ":", {"Ref": "AWS::AccountId"}, ":parameter/signedfront/signedfront/dev"]]}}`
	for where, statement := range map[string]string{
		"in a secret": fmt.Sprintf(`, {"Effect": "Allow", "Action": "secretsmanager:GetSecretValue", "Resource": %q}`, privateKeys["in a secret"].SecretARN),
		"in KMS":      fmt.Sprintf(`, {"Effect": "Allow", "Action": ["kms:GetPublicKey", "kms:Sign"], "Resource": %q}`, privateKeys["in KMS"].KMSARN),
		"in a file":   "",
	} {
		t.Run(where, func(t *testing.T) {
			template := withKeys(t, 1, imported(1, publicECDSA, privateKeys[where]))
			_, policy := template.only(t, "AWS::IAM::ManagedPolicy")
			wantJSON(t, "the statements", policy.property("PolicyDocument", "Statement"), "["+document+statement+"]")
		})
	}
}

// lenderOfTests are the keys of another stack.
var lenderOfTests = &config.Lender{ParameterName: "/media/dev/signing", StackName: "Media", KeyGroupID: "f2b1c3d4-0000-4000-8000-000000000000"}

func borrowing(t *testing.T) *template {
	t.Helper()
	return synthesizeContent(t, func(c *config.Content) {
		c.SigningKeys = config.SigningKeys{}
		c.Lender = lenderOfTests
	})
}

func TestBorrowerHasNoKeysAndTrustsTheLendersGroup(t *testing.T) {
	template := borrowing(t)
	for _, resourceType := range []string{"AWS::SecretsManager::Secret", "Custom::SigningKeyPair", "AWS::CloudFront::PublicKey", "AWS::CloudFront::KeyGroup"} {
		if ids := template.all(resourceType); ids != nil {
			t.Errorf("it makes %v", ids)
		}
	}
	_, distribution := template.only(t, "AWS::CloudFront::Distribution")
	wantJSON(t, "who is trusted", distribution.property("DistributionConfig", "DefaultCacheBehavior", "TrustedKeyGroups"), fmt.Sprintf(`[%q]`, lenderOfTests.KeyGroupID))
	if _, is := template.Outputs["KeyGroupId"]; is {
		t.Error("the lender's group is an output, as if it could be lent on")
	}
}

func TestSecretsAreTaggedOnlyWhereTheyAreLent(t *testing.T) {
	keep := withKeys(t, 2, config.SigningKey{Number: 1}, config.SigningKey{Number: 2})
	lend := synthesizeContent(t, func(c *config.Content) {
		c.SigningKeys = config.SigningKeys{Keys: []config.SigningKey{{Number: 1}, {Number: 2}}, Current: 2}
		c.LendKeys = true
	})
	tags := "+ AWS::SecretsManager::Secret Properties Tags"
	wantChanges(t, "lending", keep, lend, "+ Outputs ContentLentKeyGroup18A43F92", tags, tags, "~ Custom::KeyGuard Properties KeyMode")
	for _, id := range lend.all("AWS::SecretsManager::Secret") {
		wantJSON(t, id, lend.Resources[id].Properties["Tags"], `[{"Key": "signedfront:lends", "Value": "/signedfront/signedfront/dev"}]`)
	}
}

func publicKeyOf(t *testing.T, text string) *signer.PublicKey {
	t.Helper()
	key, err := signer.ParsePublicKey([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return key
}

// Signers can read every document, whatever the custody of the key.
func TestDeploymentDocumentNamesTheKeyWhereItIs(t *testing.T) {
	base := signer.Deployment{
		Schema: signer.DeploymentSchema, BaseURL: "https://d111111abcdef8.cloudfront.net",
		Region: "eu-west-1", MaxURLLifetime: 7 * 24 * 60 * 60, MaxKeyAge: 60 * 60,
		Query: &signer.ForwardedQuery{Signed: []string{}, Public: []string{}}, Bucket: &signer.Bucket{Name: "media-bucket", Region: "eu-west-1"},
	}
	own := func(public string, key signer.KeyLocation) signer.Deployment {
		d, trusted := base, publicKeyOf(t, public)
		d.KeyPairID, d.Algorithm, d.Hash, d.PublicKeySHA256, d.Key = "K2JCJMDEHXQW5F", trusted.Algorithm(), signer.SHA256, trusted.Fingerprint(), key
		d.TrustedKeys = []signer.TrustedKey{{ID: d.KeyPairID, SPKI: trusted.SPKI()}}
		return d
	}
	existing := own(publicECDSA, signer.KeyLocation{File: "private_key.pem"})
	existing.Bucket = &signer.Bucket{Name: "holiday-pictures", Region: "eu-west-1"}
	borrowed := base
	borrowed.Key.Parameter = "/media/dev/signing"
	secret, kms := privateKeys["in a secret"], privateKeys["in KMS"]

	for _, test := range []struct {
		name     string
		template *template
		want     signer.Deployment
	}{
		{"made here", withKeys(t, 1, config.SigningKey{Number: 1}),
			own(publicECDSA, signer.KeyLocation{SecretARN: "arn:aws:secretsmanager:eu-west-1:123456789012:secret:made-AbCdEf", SecretVersionID: "made-version"})},
		{"imported, in a secret", withKeys(t, 1, imported(1, publicRSA, secret)),
			own(publicRSA, signer.KeyLocation{SecretARN: secret.SecretARN, SecretVersionID: secret.SecretVersionID})},
		{"imported, in KMS", withKeys(t, 1, imported(1, publicECDSA, kms)),
			own(publicECDSA, signer.KeyLocation{KMSARN: kms.KMSARN})},
		{"imported, in a file", withKeys(t, 1, imported(1, publicECDSA, privateKeys["in a file"])),
			own(publicECDSA, signer.KeyLocation{File: "/run/secrets/key.pem"})},
		{"imported, without a word where it is", withKeys(t, 1, imported(1, publicECDSA, config.PrivateKeyLocation{})),
			own(publicECDSA, signer.KeyLocation{File: "private_key.pem"})},
		{"imported, for a bucket that exists", synthesizeContent(t, func(c *config.Content) {
			c.SigningKeys.Keys, c.Bucket = []config.SigningKey{imported(1, publicECDSA, config.PrivateKeyLocation{})}, "holiday-pictures"
		}), existing},
		{"borrowed", borrowing(t), borrowed},
	} {
		t.Run(test.name, func(t *testing.T) {
			values := map[string]string{"AWS::Region": "eu-west-1"}
			for id, r := range test.template.Resources {
				switch r.Type {
				case "AWS::CloudFront::Distribution":
					values[id+".DomainName"] = "d111111abcdef8.cloudfront.net"
				case "AWS::CloudFront::PublicKey":
					values[id] = "K2JCJMDEHXQW5F"
				case "AWS::SecretsManager::Secret":
					values[id] = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:made-AbCdEf"
				case "AWS::S3::Bucket":
					values[id] = "media-bucket"
				case "Custom::SigningKeyPair":
					values[id+".PublicKeyPem"] = publicECDSA
					values[id+".PublicKeySha256"] = publicKeyOf(t, publicECDSA).Fingerprint()
					values[id+".SecretVersionId"] = "made-version"
				}
			}
			_, parameter := test.template.only(t, "AWS::SSM::Parameter")
			got, err := signer.ParseDeployment([]byte(resolve(t, parameter.Properties["Value"], values).(string)))
			if err != nil {
				t.Fatal(err)
			}
			if !reflect.DeepEqual(*got, test.want) {
				t.Errorf("got  %+v\nwant %+v", *got, test.want)
			}
		})
	}
}

func TestOutputsAndAccessorsTellOfKeysThatAreThere(t *testing.T) {
	for _, test := range []struct {
		name           string
		props          PrivateContentProps
		keyPair, inOne bool // whether there is a key pair id, and a secret
	}{
		{"made here", PrivateContentProps{}, true, true},
		{"imported, in a secret", PrivateContentProps{SigningKeys: SigningKeys{Keys: []config.SigningKey{imported(1, publicECDSA, privateKeys["in a secret"])}}}, true, true},
		{"imported, in KMS", PrivateContentProps{SigningKeys: SigningKeys{Keys: []config.SigningKey{imported(1, publicECDSA, privateKeys["in KMS"])}}}, true, false},
		{"borrowed", PrivateContentProps{Lender: lenderOfTests}, false, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			app, outdir := newApp(t, nil)
			stack := newStack(app, "Media")
			content, err := NewPrivateContent(stack, "Content", &test.props)
			if err != nil {
				t.Fatal(err)
			}
			content.AddOutputs(stack)
			app.Synth(nil)
			outputs := readTemplate(t, outdir, "Media").Outputs
			_, hasKeyPair := outputs["KeyPairId"]
			_, hasSecret := outputs["SigningSecretArn"]
			if hasKeyPair != test.keyPair || (content.KeyPairId() != nil) != test.keyPair {
				t.Errorf("key pair id: output %t, accessor %v, want %t", hasKeyPair, content.KeyPairId(), test.keyPair)
			}
			if hasSecret != test.inOne || (content.SigningSecretArn() != nil) != test.inOne {
				t.Errorf("secret: output %t, accessor %v, want %t", hasSecret, content.SigningSecretArn(), test.inOne)
			}
			if content.KeyGroup() == nil {
				t.Error("no key group to trust")
			}
		})
	}
}

func TestNamedRolesMaySignAndThePolicyStaysTheSame(t *testing.T) {
	nobody := synthesizeContent(t, func(*config.Content) {})
	named := synthesizeContent(t, func(c *config.Content) { c.Signers.Roles = []string{"web", "worker"} })
	wantChanges(t, "naming roles", nobody, named, "+ AWS::IAM::ManagedPolicy Properties Roles")
	_, policy := named.only(t, "AWS::IAM::ManagedPolicy")
	wantJSON(t, "the roles", policy.Properties["Roles"], `["web", "worker"]`)
}

func TestRolesOfOtherAccountsAssumeTheSignerRole(t *testing.T) {
	nobody := synthesizeContent(t, func(*config.Content) {})
	template := synthesizeContent(t, func(c *config.Content) {
		c.Signers.RoleARNs = []string{"arn:aws:iam::111122223333:role/web", "arn:aws:iam::444455556666:role/path/worker"}
	})
	wantChanges(t, "naming ARNs", nobody, template, "+ AWS::IAM::Role", "+ Outputs SignerRoleArn")
	policyID, _ := template.only(t, "AWS::IAM::ManagedPolicy")
	roleID := template.withPrefix("AWS::IAM::Role", "ContentSignerRole")
	wantJSON(t, "the role", template.Resources[roleID].Properties, fmt.Sprintf(`{
		"AssumeRolePolicyDocument": {"Version": "2012-10-17", "Statement": [{
			"Effect": "Allow", "Action": "sts:AssumeRole",
			"Principal": {"AWS": ["arn:aws:iam::111122223333:role/web", "arn:aws:iam::444455556666:role/path/worker"]}
		}]},
		"ManagedPolicyArns": [{"Ref": %q}],
		"MaxSessionDuration": 3600
	}`, policyID))
	wantJSON(t, "the output", template.Outputs["SignerRoleArn"].Value, fmt.Sprintf(`{"Fn::GetAtt": [%q, "Arn"]}`, roleID))
}

func TestGrantSignAttachesThePolicyWhoeverKeepsTheKey(t *testing.T) {
	for name, props := range map[string]PrivateContentProps{
		"imported": {SigningKeys: SigningKeys{Keys: []config.SigningKey{imported(1, publicECDSA, privateKeys["in KMS"])}}},
		"borrowed": {Lender: lenderOfTests},
	} {
		t.Run(name, func(t *testing.T) {
			app, outdir := newApp(t, nil)
			stack := newStack(app, "Media")
			content, err := NewPrivateContent(stack, "Content", &props)
			if err != nil {
				t.Fatal(err)
			}
			content.GrantSign(awsiam.NewRole(stack, jsii.String("App"), &awsiam.RoleProps{
				AssumedBy: awsiam.NewServicePrincipal(jsii.String("lambda.amazonaws.com"), nil),
			}))
			app.Synth(nil)
			template := readTemplate(t, outdir, "Media")
			policyID, _ := template.only(t, "AWS::IAM::ManagedPolicy")
			wantJSON(t, "the role's policies", template.Resources[template.withPrefix("AWS::IAM::Role", "App")].Properties["ManagedPolicyArns"], fmt.Sprintf(`[{"Ref": %q}]`, policyID))
		})
	}
}

// What config.Content checks as well is reported in its words, and once.
func TestWrongKeysOfOthersAreReportedTogetherAndOnce(t *testing.T) {
	app, _ := newApp(t, nil)
	stack := newStack(app, "Media")
	token := awscdk.NewCfnParameter(stack, jsii.String("PublicKey"), nil).ValueAsString()
	wrongAlgorithm := imported(2, publicRSA, config.PrivateKeyLocation{File: "key.pem"})
	wrongAlgorithm.Algorithm = "ecdsa-p256"
	long := "/" + strings.Repeat("a", 300)
	for i, test := range []struct {
		name  string
		props PrivateContentProps
		paths []string
	}{
		{"imported keys", PrivateContentProps{SigningKeys: SigningKeys{
			Keys: []config.SigningKey{
				imported(1, strings.ReplaceAll(publicECDSA, "PUBLIC", "PRIVATE"), config.PrivateKeyLocation{File: "key.pem"}),
				wrongAlgorithm,
				imported(3, *token, config.PrivateKeyLocation{File: "key.pem"}),
			},
			Current: 1,
		}}, []string{"SigningKeys.Keys.1.PublicKey", "SigningKeys.Keys.2.Algorithm", "SigningKeys.Keys.3.PublicKey"}},
		{"a lender without names", PrivateContentProps{Lender: &config.Lender{}},
			[]string{"Lender.ParameterName", "Lender.StackName"}},
		{"a lender of which nothing is what it should be", PrivateContentProps{Lender: &config.Lender{
			ParameterName: "dev", StackName: "media_dev", KeyGroupID: "Media.KeyGroup",
			ImportedKeys: []config.PrivateKeyLocation{{KMSARN: "alias/media"}, {SecretARN: "media"}},
		}}, []string{"Lender.ImportedKeys[0].KMSARN", "Lender.ImportedKeys[1].SecretARN", "Lender.ImportedKeys[1].SecretVersionID", "Lender.KeyGroupID", "Lender.ParameterName", "Lender.StackName"}},
		{"a lender whose parameter is known at the deployment alone, and its export with it", PrivateContentProps{Lender: &config.Lender{ParameterName: *token, StackName: "Other"}},
			[]string{"Lender.ParameterName"}},
		{"a lender in the same stack, of which nothing can be imported", PrivateContentProps{Lender: &config.Lender{ParameterName: "/media/dev/signing", StackName: "Media"}},
			[]string{"Lender.KeyGroupID"}},
		{"a lender that is the borrower, with keys", PrivateContentProps{ParameterName: "/media/dev/signing", Lender: lenderOfTests, LendKeys: true, SigningKeys: SigningKeys{Keys: []config.SigningKey{{Number: 1}}}},
			[]string{"LendKeys", "Lender.ParameterName", "SigningKeys.Keys"}},
		{"a parameter that is too long for a tag and an export", PrivateContentProps{LendKeys: true, ParameterName: long},
			[]string{"ParameterName"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			id := fmt.Sprintf("Content%d", i)
			_, err := NewPrivateContent(stack, id, &test.props)
			var problems config.Problems
			if !errors.As(err, &problems) {
				t.Fatalf("the error holds no problems: %v", err)
			}
			var paths []string
			for _, problem := range problems {
				paths = append(paths, problem.Path)
				if problem.Found == "" || problem.Fix == "" {
					t.Errorf("%s: want what was found, and the fix", problem)
				}
			}
			slices.Sort(paths)
			if !slices.Equal(paths, test.paths) {
				t.Errorf("got %v\nwant %q", err, test.paths)
			}
			if strings.Contains(err.Error(), "MF") || strings.Contains(err.Error(), "MII") {
				t.Errorf("it holds the key: %v", err)
			}
			if stack.Node().TryFindChild(jsii.String(id)) != nil {
				t.Error("something was made all the same")
			}
		})
	}
}

func TestKeysThatTheAccountHasAlreadyAreTrustedByTheirIdsAlone(t *testing.T) {
	before := withKeys(t, 1, config.SigningKey{Number: 1})
	after := synthesizeContent(t, func(c *config.Content) {
		c.SigningKeys.AlsoTrust = []string{"K2JCJMDEHXQW5F", "KVTP0A1DKRTAX"}
	})
	wantChanges(t, "trusting them", before, after,
		"+ AWS::CloudFront::KeyGroup Properties KeyGroupConfig Items", "+ AWS::CloudFront::KeyGroup Properties KeyGroupConfig Items",
		"+ Custom::KeyGuard Properties AlsoTrustedKeys", "~ AWS::SSM::Parameter Properties Value")
	key, _ := after.only(t, "AWS::CloudFront::PublicKey")
	_, group := after.only(t, "AWS::CloudFront::KeyGroup")
	wantJSON(t, "the group", group.property("KeyGroupConfig", "Items"), fmt.Sprintf(`[{"Ref": %q}, "K2JCJMDEHXQW5F", "KVTP0A1DKRTAX"]`, key))
}

func TestAPublicKeyOfTheAppIsTrustedToo(t *testing.T) {
	app, outdir := newApp(t, nil)
	stack := awscdk.NewStack(app, jsii.String("Stack"), nil)
	theirs := awscloudfront.NewPublicKey(stack, jsii.String("Theirs"), &awscloudfront.PublicKeyProps{EncodedKey: jsii.String(publicRSA)})
	named := awscloudfront.PublicKey_FromPublicKeyId(stack, jsii.String("Named"), jsii.String("K2JCJMDEHXQW5F"))
	keys := SigningKeys{AlsoTrust: []interfacesawscloudfront.IPublicKeyRef{theirs, named}}
	if _, err := NewPrivateContent(stack, "Content", &PrivateContentProps{Name: "content", SigningKeys: keys}); err != nil {
		t.Fatal(err)
	}
	app.Synth(nil)
	template := readTemplate(t, outdir, "Stack")
	ids := template.all("AWS::CloudFront::PublicKey")
	_, group := template.only(t, "AWS::CloudFront::KeyGroup")
	for _, id := range ids {
		if items := string(indented(t, group.property("KeyGroupConfig", "Items"))); !strings.Contains(items, id) || len(ids) != 2 {
			t.Errorf("the group has %s, and not the one of %v", items, ids)
		}
	}
	// The local edge has both: the template holds the app's public key.
	e, err := edge.New(edge.Config{Template: template.text, BaseURL: "http://127.0.0.1:8080", Objects: edge.OpenFS(fstest.MapFS{})})
	if err != nil {
		t.Fatal(err)
	}
	if trusted, err := e.Deployment().PublicKeys(); err != nil || len(trusted) != 3 {
		t.Errorf("the document lists %d keys: %v", len(trusted), err)
	}
}
