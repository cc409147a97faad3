package constructs

import (
	"bytes"
	"encoding/json"
	"errors"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/signedfront/signedfront/constructs/config"
)

// What a refactor must not touch. CloudFormation replaces a resource whose
// logical id or name changes, and deletes it where only the old one is gone:
// with it a live key, a bucket or a domain name. A bucket's policy under another
// logical id is written, and then deleted with the old one. Of a custom resource
// it refuses to change the ServiceToken, which stands on the function's id.
func TestLogicalIdsAndNamesAreFrozen(t *testing.T) {
	for _, test := range []struct{ environment, settings, file string }{
		{"prod", twoKeys, "prod.frozen.json"},
		{"dev", `{"ephemeral": true}`, "dev.frozen.json"},
	} {
		t.Run(test.environment, func(t *testing.T) {
			template := synthesize(t, test.environment, test.settings)
			unchanged(t, test.file, frozenOf(t, template))
		})
	}
}

func TestLogicalIdsAndNamesOfOptionsAreFrozen(t *testing.T) {
	template := synthesizeContent(t, func(c *config.Content) {
		c.OriginAccess, c.Encryption = config.OAC, config.EncryptionKMS
		c.SigningKeys = config.SigningKeys{
			Keys:    []config.SigningKey{imported(1, publicECDSA, privateKeys["in a secret"]), {Number: 2}},
			Current: 1,
		}
		c.LendKeys = true
		c.PublicPaths, c.SignedPaths = []string{"/assets/*"}, []string{"/assets/premium/*"}
		c.Signers.RoleARNs = []string{"arn:aws:iam::111122223333:role/web"}
	})
	unchanged(t, "options.frozen.json", frozenOf(t, template))
}

// frozen is the part of a resource that must not change while it is deployed.
type frozen struct {
	Type  string
	Names map[string]any `json:",omitempty"` // the properties whose change replaces it, or is refused
}

func frozenOf(t *testing.T, template *template) map[string]frozen {
	t.Helper()
	names := map[string][][]string{
		"AWS::CloudFront::CloudFrontOriginAccessIdentity": nil,
		"AWS::CloudFront::Distribution":                   nil,
		"AWS::CloudFront::Function":                       {{"Name"}},
		"AWS::CloudFront::KeyGroup":                       {{"KeyGroupConfig", "Name"}},
		"AWS::CloudFront::OriginAccessControl":            {{"OriginAccessControlConfig", "Name"}},
		"AWS::CloudFront::PublicKey":                      {{"PublicKeyConfig", "Name"}, {"PublicKeyConfig", "CallerReference"}, {"PublicKeyConfig", "EncodedKey"}},
		"AWS::CloudFront::ResponseHeadersPolicy":          {{"ResponseHeadersPolicyConfig", "Name"}},
		"AWS::IAM::ManagedPolicy":                         {{"ManagedPolicyName"}, {"Path"}, {"Description"}},
		"AWS::IAM::Role":                                  {{"RoleName"}, {"Path"}},
		"AWS::KMS::Key":                                   {{"KeySpec"}, {"KeyUsage"}, {"MultiRegion"}},
		"AWS::Lambda::EventInvokeConfig":                  {{"FunctionName"}, {"Qualifier"}},
		"AWS::Lambda::Function":                           {{"FunctionName"}, {"PackageType"}},
		"AWS::Logs::LogGroup":                             {{"LogGroupName"}},
		"AWS::S3::Bucket":                                 {{"BucketName"}},
		"AWS::S3::BucketPolicy":                           {{"Bucket"}},
		"AWS::SSM::Parameter":                             {{"Name"}},
		"AWS::SecretsManager::Secret":                     {{"Name"}},
		"Custom::EmptyBucket":                             {{"ServiceToken"}, {"BucketName"}},
		"Custom::FunctionRuns":                            {{"ServiceToken"}},
		"Custom::KeyGuard":                                {{"ServiceToken"}, {"KeyGroupLogicalId"}, {"DocumentLogicalId"}, {"DistributionLogicalId"}, {"DocumentName"}},
		"Custom::SigningKeyPair":                          {{"ServiceToken"}, {"SecretId"}, {"Generation"}, {"Algorithm"}},
	}
	all := map[string]frozen{}
	for id, r := range template.Resources {
		paths, known := names[r.Type]
		if !known {
			t.Errorf("%s: write here which properties of %s replace it", id, r.Type)
		}
		f := frozen{Type: r.Type, Names: map[string]any{}}
		for _, path := range paths {
			f.Names[path[len(path)-1]] = r.property(path...)
		}
		all[id] = f
	}
	return all
}

// unchanged compares what is frozen with a file of testdata. To that -update
// adds what is new, unless something else is gone or has changed: it may be the
// same under another name.
func unchanged(t *testing.T, file string, got map[string]frozen) {
	t.Helper()
	file = filepath.Join("testdata", file)
	want := map[string]frozen{}
	text, err := os.ReadFile(file)
	if err == nil {
		err = json.Unmarshal(text, &want)
	}
	if err != nil && !(*update && errors.Is(err, fs.ErrNotExist)) {
		t.Fatal(err)
	}
	const hint = "a deployment would replace or delete what is live: keep ids and names as they were; -update is not the way"
	for _, id := range slices.Sorted(maps.Keys(want)) {
		r, exists := got[id]
		if !exists {
			t.Errorf("%s, of type %s, is gone: %s", id, want[id].Type, hint)
		} else if now, before := indented(t, r), indented(t, want[id]); !bytes.Equal(now, before) {
			t.Errorf("%s is no longer what it was: %s\ngot  %s\nwant %s", id, hint, now, before)
		}
	}
	var added []string
	for id, r := range got {
		if _, exists := want[id]; !exists {
			added = append(added, id)
			want[id] = r
		}
	}
	if len(added) == 0 {
		return
	}
	if !*update || t.Failed() {
		slices.Sort(added)
		t.Errorf("%s: not in %s; if they are new, and nothing is gone: go test ./constructs -update", strings.Join(added, ", "), file)
		return
	}
	if err := os.WriteFile(file, indented(t, want), 0o644); err != nil {
		t.Fatal(err)
	}
}

func TestTemplateOfTheShippedEnvironment(t *testing.T) {
	goldenTemplate(t, "dev.template.json", synthesize(t, "dev", `{"ephemeral": true}`))
}

func TestTemplatesOfAnEnvironmentWithEverythingOn(t *testing.T) {
	templates := synthesizeStacks(t, everythingOn(t))
	for name, file := range map[string]string{
		"signedfront-everything":             "everything.template.json",
		"signedfront-everything-certificate": "everything-certificate.template.json",
		"signedfront-everything-global":      "everything-global.template.json",
	} {
		if templates[name] == nil {
			t.Fatalf("no stack %s", name)
		}
		goldenTemplate(t, file, templates[name])
	}
	if len(templates) != 3 {
		t.Errorf("%d stacks, want 3", len(templates))
	}
}

func goldenTemplate(t *testing.T, file string, template *template) {
	t.Helper()
	var whole any
	if err := json.Unmarshal(template.text, &whole); err != nil {
		t.Fatal(err)
	}
	// The names of assets change with every change of a function.
	text := regexp.MustCompile(`[0-9a-f]{64}\.zip`).ReplaceAll(indented(t, whole), []byte("ASSET.zip"))
	golden(t, file, text, "if that is meant: go test ./constructs -update")
}

func indented(t *testing.T, value any) []byte {
	t.Helper()
	text, err := json.MarshalIndent(value, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	return append(text, '\n')
}
