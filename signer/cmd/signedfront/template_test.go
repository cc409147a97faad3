package main_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/signedfront/signedfront/signer"
	"github.com/signedfront/signedfront/signer/edge/recorded"
)

// appTemplate copies the template of an app that signedfront did not make.
func appTemplate(t *testing.T, app, dir string) (file string) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(repository, "signer/edge/testdata/apps", app+".template.json"))
	if err != nil {
		t.Fatal(err)
	}
	file = filepath.Join(dir, app+".template.json")
	writeFile(t, file, string(text))
	return file
}

func TestATemplateOfAnotherAppIsServedWithAKeyThatIsMade(t *testing.T) {
	dir := t.TempDir()
	p, printed := serve(t, dir, "--template", appTemplate(t, "media", dir))
	if status := statusOf(t, printed["rt.png"].signedURL); status != 200 || printed["rt.png"].unsigned != "403 MissingKey" {
		t.Errorf("signed: %d, unsigned: %s", status, printed["rt.png"].unsigned)
	}
	said := p.stderr.await(t, has("stop with Ctrl-C", 1))
	for _, want := range []string{
		"signedfront: not known: cache behavior /api/*: the local edge refuses every request: ",
		"signedfront: keys and deployment document are in .signedfront/media\n",
	} {
		if !strings.Contains(said, want) {
			t.Errorf("it does not say %q:\n%s", want, said)
		}
	}
	d, key := deployment(t, dir, "media")
	s, err := signer.New(d.KeyPairID, key, &signer.Options{Hash: d.Hash})
	if err != nil {
		t.Fatal(err)
	}
	if status := statusOf(t, sign(t, s, d, "texts/hello.txt")); status != 200 {
		t.Errorf("signed with what is kept: %d", status)
	}

	// A change is served, and the key stays.
	text, err := os.ReadFile(filepath.Join(dir, "media.template.json"))
	if err != nil {
		t.Fatal(err)
	}
	writeFile(t, filepath.Join(dir, "media.template.json"), strings.ReplaceAll(string(text), `"/public/*"`, `"/texts/*"`))
	p.stderr.await(t, has("serving the new template now", 1))
	if status := statusOf(t, printed["texts/hello.txt"].unsignedURL); status != 200 {
		t.Errorf("what is public now: %d", status)
	}
	if status := statusOf(t, printed["rt.png"].signedURL); status != 200 {
		t.Errorf("a URL that was printed before: %d", status)
	}
}

func TestAKeyOfTheCommandLineTakesThePlaceOfTheTemplates(t *testing.T) {
	dir := t.TempDir()
	keys := map[string]*signer.PrivateKey{}
	for name, algorithm := range map[string]signer.Algorithm{"a.pem": signer.RSA2048, "b.pem": signer.ECDSAP256, "c.pem": signer.ECDSAP256} {
		key, err := signer.GenerateKey(algorithm)
		if err != nil {
			t.Fatal(err)
		}
		if err := key.WriteFile(filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
		keys[name] = key
	}
	appTemplate(t, "plain", dir)
	appTemplate(t, "handwritten", dir)
	appTemplate(t, "elsewhere", dir)
	writeFile(t, filepath.Join(dir, "recorded.template.json"), string(recorded.Template()))
	content := t.TempDir()
	for _, name := range []string{"rt.txt", "test/rt.txt"} {
		writeFile(t, filepath.Join(content, name), "text")
	}
	for name, test := range map[string]struct{ template, keys, signs string }{
		"the only one":            {"plain", "a.pem", "a.pem"},
		"by its logical id":       {"plain", "Key=b.pem", "b.pem"},
		"each of two":             {"handwritten", "First=b.pem Second=c.pem", "b.pem c.pem"},
		"one that has no id":      {"elsewhere", "a.pem", "a.pem"},
		"of a stack that is ours": {"recorded", "b.pem", "b.pem"},
	} {
		t.Run(name, func(t *testing.T) {
			args := []string{"--template", test.template + ".template.json", content}
			for _, key := range strings.Fields(test.keys) {
				args = append(args, "--private-key", key)
			}
			stack := strings.ReplaceAll(test.template, ".", "")
			p, printed := serve(t, dir, args...)
			if status := statusOf(t, printed["rt.txt"].signedURL); status != 200 {
				t.Errorf("signed: %d\n%s", status, &p.stderr)
			}
			d, err := signer.LoadDeployment(filepath.Join(dir, ".signedfront", stack, "deployment.json"))
			if err != nil {
				t.Fatal(err)
			}
			file := filepath.Base(d.Key.File)
			if !strings.Contains(test.signs, file) || d.CheckKey(keys[file].PublicKey()) != nil {
				t.Errorf("it signs with %s", d.Key.File)
			}
			if made, _ := filepath.Glob(filepath.Join(dir, ".signedfront", stack, "*.pem")); test.template != "elsewhere" && len(made) > 0 {
				t.Errorf("it made %v", made)
			}
			interrupt(t, p)
		})
	}
	for name, test := range map[string]struct {
		args      string
		status    int
		err, hint string
	}{
		"one for two":             {"--template handwritten.template.json --private-key a.pem", 1, "--private-key: the template has 2 keys: First, Second", "write which one it replaces, as in --private-key First=FILE"},
		"one for none":            {"--template plain.template.json --private-key Nobody=a.pem", 1, `--private-key: no key that the stack trusts has the logical id "Nobody"`, "write the logical id of an AWS::CloudFront::PublicKey or a Custom::SigningKeyPair of the template"},
		"two for one":             {"--template plain.template.json --private-key a.pem --private-key b.pem", 2, "--private-key is given twice for one key: write which key each replaces, as in --private-key ID=FILE", ""},
		"one of another kind":     {"--template recorded.template.json --private-key a.pem", 1, "a.pem holds a key of kind rsa-2048, but the template needs ecdsa-p256", "give another key with --private-key (`signedfront keygen --algorithm ecdsa-p256` makes one), or leave --private-key out to have one made"},
		"one that is not there":   {"--template plain.template.json --private-key missing.pem", 1, `--private-key: there is no file "missing.pem"`, "a relative name starts at the current folder"},
		"no template":             {"--template missing.json", 1, `--template: there is no file "missing.json"`, "`cdk synth` writes templates into cdk.out"},
		"a template in YAML":      {"--template a.pem", 1, `--template: "a.pem" is not JSON`, "name the template that `cdk synth` writes into cdk.out; it prints YAML unless --json is given"},
		"a template and an app":   {"--template plain.template.json --app .", 2, "--template and --app both choose what to serve: give one", ""},
		"a template and its name": {"--template plain.template.json --env prod", 2, "--template and --env both choose what to serve: give one", ""},
	} {
		t.Run(name, func(t *testing.T) {
			p := run(t, dir, append([]string{"local", "--addr", "127.0.0.1:0"}, strings.Fields(test.args)...)...)
			said := p.stderr.String()
			if p.status() != test.status || !strings.Contains(said, test.err+"\n") || test.hint != "" && !strings.Contains(said, "signedfront: hint: "+test.hint+"\n") {
				t.Errorf("exit status %d:\n%s", p.status(), said)
			}
		})
	}
}

// The stack can refer to the other stacks of the assembly, and has the account and
// Region in it.
func TestATemplateOfAnAssemblyHasTheOthersBesideIt(t *testing.T) {
	dir := t.TempDir()
	text, err := os.ReadFile(appTemplate(t, "elsewhere", t.TempDir()))
	if err != nil {
		t.Fatal(err)
	}
	writeAssembly(t, filepath.Join(dir, "cdk.out"), map[string]string{
		"Elsewhere": string(text),
		"Keys": `{
			"Resources": {
				"Key": {"Type": "AWS::CloudFront::PublicKey", "Properties": {"PublicKeyConfig": {"EncodedKey": "a placeholder"}}},
				"Group": {"Type": "AWS::CloudFront::KeyGroup", "Properties": {"KeyGroupConfig": {"Items": [{"Ref": "Key"}]}}}
			},
			"Outputs": {"Group": {"Value": {"Ref": "Group"}, "Export": {"Name": "keys:group"}}}
		}`,
	})
	p, printed := serve(t, dir, "--template", filepath.Join("cdk.out", "Elsewhere.template.json"))
	if status := statusOf(t, printed["rt.png"].signedURL); status != 200 {
		t.Errorf("signed: %d\n%s", status, &p.stderr)
	}
	if said := p.stderr.String(); strings.Contains(said, "DefaultCacheBehavior.TrustedKeyGroups[0]: the key group is not in this template") {
		t.Errorf("it does not look at the other stack:\n%s", said)
	}
}
