package main_test

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/signedfront/signedfront/signer"
)

// stackOf is the template of a small stack that trusts a key group and has a
// deployment document; more are further resources.
func stackOf(t *testing.T, keyGroup any, document string, more map[string]any) string {
	t.Helper()
	ref := func(id string) any { return map[string]any{"Ref": id} }
	resources := map[string]any{
		"Bucket":   map[string]any{"Type": "AWS::S3::Bucket"},
		"Identity": map[string]any{"Type": "AWS::CloudFront::CloudFrontOriginAccessIdentity"},
		"BucketPolicy": map[string]any{"Type": "AWS::S3::BucketPolicy", "Properties": map[string]any{
			"Bucket": ref("Bucket"),
			"PolicyDocument": map[string]any{"Statement": []any{map[string]any{
				"Effect": "Allow", "Action": "s3:GetObject", "Resource": map[string]any{"Fn::Sub": "${Bucket.Arn}/*"},
				"Principal": map[string]any{"CanonicalUser": map[string]any{"Fn::GetAtt": "Identity.S3CanonicalUserId"}},
			}}},
		}},
		"Distribution": map[string]any{"Type": "AWS::CloudFront::Distribution", "Properties": map[string]any{"DistributionConfig": map[string]any{
			"Enabled": true,
			"Origins": []any{map[string]any{
				"Id": "content", "DomainName": map[string]any{"Fn::GetAtt": "Bucket.RegionalDomainName"},
				"S3OriginConfig": map[string]any{"OriginAccessIdentity": map[string]any{"Fn::Sub": "origin-access-identity/cloudfront/${Identity}"}},
			}},
			"DefaultCacheBehavior": map[string]any{"TargetOriginId": "content", "TrustedKeyGroups": []any{keyGroup}},
		}}},
		"Document": map[string]any{"Type": "AWS::SSM::Parameter", "Properties": map[string]any{"Value": map[string]any{"Fn::Sub": document}}},
	}
	for id, resource := range more {
		resources[id] = resource
	}
	text, err := json.Marshal(map[string]any{"Resources": resources})
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// borrower is a stack that borrows the key of the stack shop-dev, whose
// template is the repository's.
func borrower(t *testing.T) string {
	t.Helper()
	return stackOf(t,
		map[string]any{"Fn::GetStackOutput": map[string]any{"StackName": "shop-dev", "OutputName": "KeyGroupId"}},
		`{"schema":1,"baseUrl":"https://${Distribution.DomainName}","key":{"parameter":"/signedfront/signedfront/dev"},"region":"${AWS::Region}","maxUrlLifetime":86400}`,
		nil)
}

// patternApp is an app with the environment dev, and with pr-* that is made
// when it is named: then it alone.
func patternApp(t *testing.T) string {
	t.Helper()
	dev, err := template()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	writeAssembly(t, filepath.Join(dir, "whole"), map[string]string{"shop-dev": string(dev), "shop-global": `{"Resources": {"Certificate": {"Type": "AWS::CertificateManager::Certificate"}}}`})
	writeAssembly(t, filepath.Join(dir, "named"), map[string]string{"shop-pr-42": borrower(t)})
	writeFile(t, filepath.Join(dir, "app.sh"), `
case "$CDK_CONTEXT_JSON" in
*'"env":"pr-42"'*) cp -R named "$CDK_OUTDIR" ;;
*'"env":"pr-'*) echo "environments.pr-*: this one is broken" >&2; exit 1 ;;
*'"env":'*) echo "no such environment" >&2; exit 1 ;;
*) cp -R whole "$CDK_OUTDIR" ;;
esac
`)
	writeJSON(t, filepath.Join(dir, "cdk.json"), map[string]any{
		"app":     "sh app.sh",
		"context": map[string]any{"project": "shop", "environments": map[string]any{"dev": map[string]any{}, "pr-*": map[string]any{}}},
	})
	return dir
}

func TestAnEnvironmentOfAPatternIsMadeWhenItIsNamedAndBorrowsTheKeyOfItsLender(t *testing.T) {
	app := patternApp(t)
	p, printed := serve(t, app, "--env", "pr-42")
	if status, _, body := get(t, printed["rt.png"].signedURL); status != 200 {
		t.Errorf("signed: %d %s", status, body)
	}
	if !strings.HasPrefix(p.stdout.String(), "shop-pr-42 on ") {
		t.Errorf("it serves\n%s", &p.stdout)
	}

	dev, devPrinted := serve(t, app, "--env", "dev")
	borrowed, key := deployment(t, app, "shop-pr-42")
	lent, _ := deployment(t, app, "shop-dev")
	if borrowed.KeyPairID != lent.KeyPairID || borrowed.MaxURLLifetime != 86400 || borrowed.MaxKeyAge != lent.MaxKeyAge {
		t.Errorf("the borrower's document is %+v, the lender's %+v", borrowed, lent)
	}
	if borrowed.Key.File != "../shop-dev/"+lent.Key.File {
		t.Errorf("the borrower's key is %s, the lender's %s", borrowed.Key.File, lent.Key.File)
	}
	s, err := signer.New(lent.KeyPairID, key, nil)
	if err != nil {
		t.Fatal(err)
	}
	if status, _, body := get(t, sign(t, s, lent, "rt.png")); status != 200 {
		t.Errorf("the lender's edge, by the borrower's key: %d %s", status, body)
	}
	if status, _, body := get(t, devPrinted["rt.png"].signedURL); status != 200 {
		t.Errorf("the lender's own: %d %s", status, body)
	}
	if said := p.stderr.String(); !strings.Contains(said, "the deployment document is .signedfront/shop-pr-42/deployment.json, its key is .signedfront/shop-dev/"+lent.Key.File+"\n") {
		t.Errorf("it does not say where they are:\n%s", said)
	}
	interrupt(t, dev)

	// An application opens the document as it is.
	opened, err := signer.Open(t.Context(), signer.FileSource(filepath.Join(app, ".signedfront", "shop-pr-42", "deployment.json")), nil)
	if err != nil {
		t.Fatal(err)
	}
	signed, err := opened.URL(t.Context(), printed["rt.png"].unsignedURL, signer.Policy{TTL: time.Minute})
	if err != nil {
		t.Fatal(err)
	}
	if status, _, body := get(t, signed); status != 200 {
		t.Errorf("an application: %d %s", status, body)
	}
}

func TestAnUnknownEnvironmentIsToldWithThoseThatThereAre(t *testing.T) {
	app := patternApp(t)
	for name, test := range map[string]struct {
		status int
		want   string
	}{
		"prd":   {2, "error: the app has no environment \"prd\"\nsignedfront: hint: it has dev, pr-*\n"},
		"pr-13": {1, "environments.pr-*: this one is broken"},
	} {
		p := run(t, app, "local", "--addr", "127.0.0.1:0", "--env", name)
		if p.status() != test.status || !strings.Contains(p.stderr.String(), test.want) {
			t.Errorf("--env %s: exit status %d\n%s", name, p.status(), &p.stderr)
		}
	}
}

func TestAnAppOfNothingButPatternsServesTheOneThatIsNamed(t *testing.T) {
	app := patternApp(t)
	writeAssembly(t, filepath.Join(app, "named"), map[string]string{"shop-pr-42": stackOf(t, nil, "no document", nil)})
	if err := os.RemoveAll(filepath.Join(app, "whole")); err != nil {
		t.Fatal(err)
	}
	p := run(t, app, "local", "--addr", "127.0.0.1:0", "--env", "pr-42")
	if !strings.Contains(p.stderr.String(), "stack shop-pr-42: ") {
		t.Errorf("it does not come to the stack:\n%s", &p.stderr)
	}
	p = run(t, app, "local", "--addr", "127.0.0.1:0")
	if p.status() != 1 || !strings.Contains(p.stderr.String(), "the app of ") {
		t.Errorf("exit status %d\n%s", p.status(), &p.stderr)
	}
}

// importedApp is an app of one environment, whose key is imported and is where
// the document says.
func importedApp(t *testing.T, location string) (app string, key *signer.PrivateKey) {
	t.Helper()
	key, err := signer.GenerateKey(signer.ECDSAP256)
	if err != nil {
		t.Fatal(err)
	}
	public := key.PublicKey()
	app = t.TempDir()
	writeAssembly(t, filepath.Join(app, "assembly"), map[string]string{"shop-dev": stackOf(t,
		map[string]any{"Ref": "KeyGroup"},
		fmt.Sprintf(`{"schema":1,"baseUrl":"https://${Distribution.DomainName}","keyPairId":"${PublicKey}","algorithm":"ecdsa-p256","hash":"sha256","publicKeySha256":"%s","key":%s}`, public.Fingerprint(), location),
		map[string]any{
			"PublicKey": map[string]any{"Type": "AWS::CloudFront::PublicKey", "Properties": map[string]any{"PublicKeyConfig": map[string]any{"EncodedKey": string(public.PEM())}}},
			"KeyGroup":  map[string]any{"Type": "AWS::CloudFront::KeyGroup", "Properties": map[string]any{"KeyGroupConfig": map[string]any{"Items": []any{map[string]any{"Ref": "PublicKey"}}}}},
		})})
	writeJSON(t, filepath.Join(app, "cdk.json"), map[string]any{"app": `cp -R assembly "$CDK_OUTDIR"`, "context": map[string]any{"project": "shop"}})
	return app, key
}

func TestAnImportedKeySignsIfItsFileIsThere(t *testing.T) {
	app, key := importedApp(t, `{"file":"keys/private_key.pem"}`)
	if err := os.Mkdir(filepath.Join(app, "keys"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := key.WriteFile(filepath.Join(app, "keys", "private_key.pem")); err != nil {
		t.Fatal(err)
	}
	_, printed := serve(t, app)
	if status, _, body := get(t, printed["rt.png"].signedURL); status != 200 {
		t.Errorf("%d %s", status, body)
	}
	d, kept := deployment(t, app, "shop-dev")
	if err := d.CheckKey(kept.PublicKey()); err != nil || d.Key.File != "../../keys/private_key.pem" {
		t.Errorf("key file %s, %v", d.Key.File, err)
	}
}

func TestWhereTheImportedKeyIsNotAtHandItServesAndSaysHowToSign(t *testing.T) {
	const secret = "arn:aws:secretsmanager:us-east-1:123456789012:secret:mine-AbCdEf"
	const kms = "arn:aws:kms:us-east-1:123456789012:key/12345678-1234-1234-1234-123456789012"
	for name, test := range map[string]struct {
		location string
		file     bool // with another key in it
		want     []string
		key      signer.KeyLocation // in the document that is kept
	}{
		"no file": {`{"file":"private_key.pem"}`, false,
			[]string{"no URLs are signed here: the private key is not on this machine\n", "hint: put the private key into private_key.pem, and start again"},
			signer.KeyLocation{File: "../../private_key.pem"}},
		"a file of another key": {`{"file":"private_key.pem"}`, true,
			[]string{"no URLs are signed here: private_key.pem: the private key does not fit key pair id K"},
			signer.KeyLocation{File: "../../private_key.pem"}},
		"a secret": {`{"secretArn":"` + secret + `","secretVersionId":"v1"}`, false,
			[]string{"no URLs are signed here: the private key is in AWS: " + secret + "\n", "hint: `signedfront url --deployment .signedfront/shop-dev/deployment.json KEY` signs with it"},
			signer.KeyLocation{SecretARN: secret, SecretVersionID: "v1"}},
		"a key in KMS": {`{"kmsArn":"` + kms + `"}`, false,
			[]string{"the private key is in AWS: " + kms + "\n"},
			signer.KeyLocation{KMSARN: kms}},
	} {
		t.Run(name, func(t *testing.T) {
			app, key := importedApp(t, test.location)
			if test.file {
				other, err := signer.GenerateKey(signer.ECDSAP256)
				if err != nil {
					t.Fatal(err)
				}
				if err := other.WriteFile(filepath.Join(app, "private_key.pem")); err != nil {
					t.Fatal(err)
				}
			}
			p := start(t, app, "local", "--addr", "127.0.0.1:0")
			p.stderr.await(t, has("stop with Ctrl-C", 1))
			for _, want := range test.want {
				if !strings.Contains(p.stderr.String(), want) {
					t.Errorf("it does not say %q:\n%s", want, &p.stderr)
				}
			}
			p.stdout.await(t, has("unsigned   403 MissingKey", 3))
			if strings.Contains(p.stdout.String(), "  signed ") {
				t.Errorf("it prints signed URLs:\n%s", &p.stdout)
			}
			d, err := signer.LoadDeployment(filepath.Join(app, ".signedfront", "shop-dev", "deployment.json"))
			if err != nil {
				t.Fatal(err)
			}
			if d.Key != test.key {
				t.Errorf("the document's key is %+v, want %+v", d.Key, test.key)
			}
			s, err := signer.New(d.KeyPairID, key, nil)
			if err != nil {
				t.Fatal(err)
			}
			if status, _, body := get(t, sign(t, s, d, "rt.png")); status != 200 {
				t.Errorf("a URL signed elsewhere: %d %s", status, body)
			}
		})
	}
}
