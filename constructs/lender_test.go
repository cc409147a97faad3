package constructs

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/jsii-runtime-go"

	"github.com/signedfront/signedfront/constructs/config"
)

const exportOfDev = "signedfront:lent-key-group:signedfront:signedfront:dev"

// borrowedFromDev is the environment that Read returns for {"from": "dev"}.
func borrowedFromDev(t *testing.T) *template {
	t.Helper()
	return synthesizeContent(t, func(c *config.Content) {
		c.Name, c.ParameterName = "signedfront-review", "/signedfront/signedfront/review"
		c.SigningKeys = config.SigningKeys{From: "dev"}
		c.Lender = &config.Lender{ParameterName: "/signedfront/signedfront/dev", StackName: "signedfront-lender"}
	})
}

func TestAKeyGroupIsExportedOnlyWhereItIsLent(t *testing.T) {
	for settings, want := range map[string]string{`{"ephemeral": true}`: `{}`, `{"ephemeral": true, "lendKeys": true}`: `{"Name": "` + exportOfDev + `"}`} {
		template := synthesize(t, "dev", settings)
		groupID, _ := template.only(t, "AWS::CloudFront::KeyGroup")
		exports := map[string]any{}
		for _, output := range template.Outputs {
			if output.Export != nil {
				exports = output.Export
				wantJSON(t, "what is exported", output.Value, fmt.Sprintf(`{"Ref": %q}`, groupID))
			}
		}
		wantJSON(t, "the export of "+settings, exports, want)
	}
}

func TestABorrowerImportsTheKeyGroupOfItsLender(t *testing.T) {
	template := borrowedFromDev(t)
	_, distribution := template.only(t, "AWS::CloudFront::Distribution")
	wantJSON(t, "who is trusted", distribution.property("DistributionConfig", "DefaultCacheBehavior", "TrustedKeyGroups"),
		`[{"Fn::ImportValue": "`+exportOfDev+`"}]`)
	_, document := template.only(t, "AWS::SSM::Parameter")
	if text := fmt.Sprint(document.Properties["Value"]); !strings.Contains(text, `"parameter":"/signedfront/signedfront/dev"`) {
		t.Errorf("the document: %s", text)
	}
	if strings.Contains(string(template.text), "Fn::GetStackOutput") {
		t.Error("it has a reference that lets the lender go")
	}
}

// What the lender will make with its next rotation has no ARN yet. By its tags
// the borrower's signers may read it without a deployment. Nobody but
// CloudFormation sets the one with the stack's name.
func TestBorrowersSignersMayReadWhatTheLendersStackHasMadeAndNothingElse(t *testing.T) {
	_, policy := borrowing(t).only(t, "AWS::IAM::ManagedPolicy")
	arn := func(service, rest string) string {
		return fmt.Sprintf(`{"Fn::Join": ["", ["arn:", {"Ref": "AWS::Partition"}, ":%s:", {"Ref": "AWS::Region"}, ":", {"Ref": "AWS::AccountId"}, ":%s"]]}`, service, rest)
	}
	wantJSON(t, "the statements", policy.property("PolicyDocument", "Statement"), fmt.Sprintf(`[{
		"Effect": "Allow", "Action": "ssm:GetParameter", "Resource": [%s, %s]
	}, {
		"Effect": "Allow", "Action": "secretsmanager:GetSecretValue", "Resource": %s,
		"Condition": {"StringEquals": {
			"secretsmanager:ResourceTag/signedfront:lends": "/media/dev/signing",
			"secretsmanager:ResourceTag/aws:cloudformation:stack-name": "Media"
		}}
	}]`, arn("ssm", "parameter/media/dev/signing"), arn("ssm", "parameter/signedfront/signedfront/dev"), arn("secretsmanager", "secret:*")))
}

func TestBorrowersSignersMayUseTheImportedKeysOfTheLenderByTheirNames(t *testing.T) {
	secret, kms := privateKeys["in a secret"], privateKeys["in KMS"]
	template := synthesizeContent(t, func(c *config.Content) {
		lender := *lenderOfTests
		lender.ImportedKeys = []config.PrivateKeyLocation{secret, kms, {File: "private_key.pem"}}
		c.SigningKeys, c.Lender = config.SigningKeys{}, &lender
	})
	_, policy := template.only(t, "AWS::IAM::ManagedPolicy")
	statements := policy.property("PolicyDocument", "Statement").([]any)
	if len(statements) != 4 {
		t.Fatalf("%d statements, want those of the documents, the lender's secrets and both imported keys", len(statements))
	}
	wantJSON(t, "the imported keys", statements[2:], fmt.Sprintf(`[
		{"Effect": "Allow", "Action": "secretsmanager:GetSecretValue", "Resource": %q},
		{"Effect": "Allow", "Action": ["kms:GetPublicKey", "kms:Sign"], "Resource": %q}
	]`, secret.SecretARN, kms.KMSARN))
}

// A reference between stacks of one app is as strong, whatever the app's flag
// says of references: cdk.json asks for weak ones.
func TestAKeyGroupGivenFromAnotherStackIsImported(t *testing.T) {
	app, outdir := newApp(t, nil)
	lending := newStack(app, "Lending")
	lender, err := NewPrivateContent(lending, "Content", &PrivateContentProps{LendKeys: true})
	if err != nil {
		t.Fatal(err)
	}
	_, err = NewPrivateContent(newStack(app, "Borrowing"), "Content", &PrivateContentProps{Lender: &config.Lender{
		ParameterName: "/signedfront/Lending-Content-0", StackName: *lending.StackName(), KeyGroupID: *lender.keys.groupID,
	}})
	if err != nil {
		t.Fatal(err)
	}
	app.Synth(nil)
	template := readTemplate(t, outdir, "Borrowing")
	_, distribution := template.only(t, "AWS::CloudFront::Distribution")
	trusted := distribution.property("DistributionConfig", "DefaultCacheBehavior", "TrustedKeyGroups").([]any)
	imported, strong := trusted[0].(map[string]any)["Fn::ImportValue"]
	if !strong {
		t.Fatalf("it trusts %v, want an import", trusted)
	}
	var exports []any
	for _, output := range readTemplate(t, outdir, "Lending").Outputs {
		exports = append(exports, output.Export["Name"])
	}
	if !slices.Contains(exports, imported) {
		t.Errorf("it imports %v, exported are %v", imported, exports)
	}
}

func TestLenderMayBeAToken(t *testing.T) {
	app, outdir := newApp(t, nil)
	stack := newStack(app, "Media")
	parameter := awscdk.NewCfnParameter(stack, jsii.String("Lender"), nil)
	_, err := NewPrivateContent(stack, "Content", &PrivateContentProps{Lender: &config.Lender{
		ParameterName: *parameter.ValueAsString(), StackName: *parameter.ValueAsString(), KeyGroupID: *parameter.ValueAsString(),
	}})
	if err != nil {
		t.Fatal(err)
	}
	app.Synth(nil)
	template := readTemplate(t, outdir, "Media")
	_, distribution := template.only(t, "AWS::CloudFront::Distribution")
	wantJSON(t, "who is trusted", distribution.property("DistributionConfig", "DefaultCacheBehavior", "TrustedKeyGroups"), `[{"Ref": "Lender"}]`)
	_, policy := template.only(t, "AWS::IAM::ManagedPolicy")
	documents := policy.property("PolicyDocument", "Statement").([]any)[0].(map[string]any)["Resource"].([]any)
	here := map[string]string{
		"Lender": "/media/lender", "AWS::Partition": "aws", "AWS::Region": "eu-west-1", "AWS::AccountId": "123456789012",
	}
	for i := range documents {
		documents[i] = resolve(t, documents[i], here)
	}
	if want := "arn:aws:ssm:eu-west-1:123456789012:parameter/media/lender"; !slices.Contains(documents, any(want)) {
		t.Errorf("the documents are %v, without %s", documents, want)
	}
}
