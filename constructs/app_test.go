package constructs

import (
	"bytes"
	"encoding/json"
	"errors"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/signedfront/signedfront/constructs/functions"
)

// buildApp builds cdk.go, once for all tests.
var buildApp = sync.OnceValues(func() (file string, err error) {
	folder, err := os.MkdirTemp("", "signedfront-app-")
	if err != nil {
		return "", err
	}
	file = filepath.Join(folder, "app")
	if out, err := exec.Command("go", "build", "-o", file, "..").CombinedOutput(); err != nil {
		return "", errors.New(string(out))
	}
	return file, nil
})

// runApp runs cdk.go as the CDK's command line does, with the context of cdk.json
// changed by more. A null removes a member.
func runApp(t *testing.T, more map[string]any, environ ...string) (outdir, said string, status int) {
	t.Helper()
	context := shippedContext(t)
	maps.Copy(context, map[string]any{
		"aws:cdk:enable-path-metadata":  true,
		"aws:cdk:enable-asset-metadata": true,
		"aws:cdk:version-reporting":     false,
		"aws:cdk:bundling-stacks":       []string{},
	})
	maps.Copy(context, more)
	maps.DeleteFunc(context, func(_ string, value any) bool { return value == nil })
	text, err := json.Marshal(context)
	if err != nil {
		t.Fatal(err)
	}
	return runAppWith(t, string(text), environ...)
}

func runAppWith(t *testing.T, context string, environ ...string) (outdir, said string, status int) {
	t.Helper()
	file, err := buildApp()
	if err != nil {
		t.Fatal(err)
	}
	outdir = t.TempDir()
	app := exec.Command(file)
	app.Dir = ".."
	app.Env = append(os.Environ(), "CDK_OUTDIR="+outdir, "CDK_CONTEXT_JSON="+context)
	app.Env = append(app.Env, environ...)
	out, err := app.CombinedOutput()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	return outdir, withoutNoise(string(out)), app.ProcessState.ExitCode()
}

// withoutNoise removes output of other programs: Node's banner about its age, and a
// message of the jsii runtime, which waits twice for its child.
func withoutNoise(said string) string {
	said = regexp.MustCompile(`(?m)^!!.*!!\n`).ReplaceAllString(said, "")
	said = regexp.MustCompile(`Runtime process exited abnormally: (waitid|wait): no child processes`).ReplaceAllString(said, "")
	return strings.Trim(said, "\n")
}

// The CDK's validation of templates is on in this test, and its findings are errors.
func TestShippedAppSynthesizesWithoutAWarning(t *testing.T) {
	outdir, said, status := runApp(t, map[string]any{"aws:cdk:bundling-stacks": []string{"**"}}, "CDK_VALIDATION=true")
	if status != 0 {
		t.Fatalf("exit status %d: %s", status, said)
	}
	for line := range strings.Lines(said) {
		if !strings.HasPrefix(line, "Bundling asset signedfront-dev/Content/") && !strings.HasPrefix(line, "go: downloading ") {
			t.Errorf("it says %q", line)
		}
	}
	if shippedContext(t)["@aws-cdk/core:validateAgainstDefaultRules"] != true {
		t.Error("findings of the validation would be warnings")
	}
	var report struct{ PluginReports []struct{ Violations []any } }
	text, err := os.ReadFile(filepath.Join(outdir, "validation-report.json")) // written only where it was validated
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text, &report); err != nil {
		t.Fatal(err)
	}
	for _, plugin := range report.PluginReports {
		if len(plugin.Violations) != 0 {
			t.Errorf("violations: %v", plugin.Violations)
		}
	}

	// All functions were built, and nothing else is an asset.
	assets, _ := filepath.Glob(filepath.Join(outdir, "asset.*.*"))
	if len(assets) != len(functions.All) {
		t.Errorf("assets %v", assets)
	}
	for _, asset := range assets {
		if err := functions.CheckArchive(asset, "arm64", ""); err != nil {
			t.Errorf("asset %s: %v", asset, err)
		}
	}

	built := readTemplate(t, outdir, "signedfront-dev")
	skipped, _, _ := runApp(t, nil, "CDK_VALIDATION=false")
	if !bytes.Equal(built.text, readTemplate(t, skipped, "signedfront-dev").text) {
		t.Error("the template differs where nothing is built")
	}
	if built.all("AWS::CDK::Metadata") != nil {
		t.Error("the template reports to AWS what it uses")
	}
	if files, _ := filepath.Glob(filepath.Join(outdir, "*.template.json")); len(files) != 1 {
		t.Errorf("stacks %v, want signedfront-dev alone", files)
	}
	here, err := filepath.Abs("..")
	if err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{"PRIVATE KEY", here} {
		if bytes.Contains(built.text, []byte(text)) {
			t.Errorf("the template holds %q", text)
		}
	}
}

// The command line reports recommended flags that are not set at every synthesis.
func TestRecommendedFeatureFlagsAreSet(t *testing.T) {
	outdir, said, status := runApp(t, nil, "CDK_VALIDATION=false")
	if status != 0 {
		t.Fatalf("exit status %d: %s", status, said)
	}
	text, err := os.ReadFile(filepath.Join(outdir, "manifest.json"))
	if err != nil {
		t.Fatal(err)
	}
	var manifest struct {
		Artifacts map[string]struct {
			Properties struct {
				Flags map[string]struct {
					UserValue, RecommendedValue any
					UnconfiguredBehavesLike     struct{ V2 any }
				}
			}
		}
	}
	if err := json.Unmarshal(text, &manifest); err != nil {
		t.Fatal(err)
	}
	flags := manifest.Artifacts["aws-cdk-lib/feature-flag-report"].Properties.Flags
	if len(flags) == 0 {
		t.Fatal("no report of feature flags")
	}
	for _, name := range slices.Sorted(maps.Keys(flags)) {
		flag := flags[name]
		effective := flag.UserValue
		if effective == nil {
			effective = flag.UnconfiguredBehavesLike.V2
		}
		if effective == nil {
			effective = false
		}
		if !reflect.DeepEqual(effective, flag.RecommendedValue) {
			t.Errorf("%s is %v, recommended %v", name, effective, flag.RecommendedValue)
		}
	}
}

func TestTemplateDependsOnNoCredentials(t *testing.T) {
	without, _, _ := runApp(t, nil, "CDK_VALIDATION=false")
	with, _, _ := runApp(t, nil, "CDK_VALIDATION=false", "CDK_DEFAULT_ACCOUNT=123456789012", "CDK_DEFAULT_REGION=eu-west-1")
	for _, file := range []string{"signedfront-dev.template.json", "manifest.json"} {
		first, err := os.ReadFile(filepath.Join(without, file))
		if err != nil {
			t.Fatal(err)
		}
		second, err := os.ReadFile(filepath.Join(with, file))
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(first, second) {
			t.Errorf("%s changes with the account and Region of whoever synthesizes it", file)
		}
	}
}

func TestAppMakesAStackForEachEnvironment(t *testing.T) {
	ephemeral := map[string]any{"ephemeral": true}
	environments := map[string]any{"dev": ephemeral, "prod": map[string]any{"region": "eu-west-1"}, "pr-*": ephemeral}
	tests := []struct {
		name string
		env  any
		want []string
	}{
		{"all that are no patterns", nil, []string{"signedfront-dev.template.json", "signedfront-prod.template.json"}},
		{"the one that -c env names", "prod", []string{"signedfront-prod.template.json"}},
		{"the one that -c env makes of a pattern", "pr-42", []string{"signedfront-pr-42.template.json"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			outdir, said, status := runApp(t, map[string]any{"environments": environments, "env": test.env}, "CDK_VALIDATION=false")
			if status != 0 || said != "" {
				t.Fatalf("exit status %d: %s", status, said)
			}
			files, _ := filepath.Glob(filepath.Join(outdir, "*.template.json"))
			for i := range files {
				files[i] = filepath.Base(files[i])
			}
			if !slices.Equal(files, test.want) {
				t.Errorf("templates %v, want %v", files, test.want)
			}
		})
	}
}

// jsonText returns a text as JSON.
func jsonText(text string) string {
	encoded, err := json.Marshal(text)
	if err != nil {
		panic(err) // texts can be written
	}
	return string(encoded)
}

func TestAppReadsWhatGoProgramsSay(t *testing.T) {
	var settings any
	if err := json.Unmarshal([]byte(`{
		"account": "123456789012", "region": "eu-west-1",
		"tags": {"team": "media", "cost-center": "4711"},
		"versions": {"keep": "30d"}, "ephemeral": true, "originAccess": "oac", "encryption": "kms",
		"signingKeys": {"keys": {
			"1": {"algorithm": "rsa-2048", "hash": "sha1"},
			"2": {"custody": "imported", "publicKey": `+jsonText(publicECDSA)+`,
			      "privateKey": {"kmsArn": "arn:aws:kms:eu-west-1:123456789012:key/0f51a2d0-7c1e-41ef-9d5a-0a1b2c3d4e5f"}},
			"3": {}
		}, "current": 3, "alsoTrust": ["K2JCJMDEHXQW5F"]},
		"lendKeys": true, "maxUrlLifetime": "1d", "maxKeyAge": "10m",
		"signers": {"roles": ["media-app"], "roleArns": ["arn:aws:iam::444455556666:role/app"]},
		"downloads": {"types": true},
		"uploads": {"origins": ["https://app.example.com"], "roles": ["media-editor"]},
		"publicPaths": ["/assets/*", "*.ico"],
		"signedPaths": ["/assets/premium/*", "/assets/beta/*"],
		"addressRestriction": true,
		"defaultRootObject": "index.html", "missing": 404,
		"errorPages": [
			{"errorCode": 403, "responsePagePath": "/errors/denied.html"},
			{"errorCode": 404, "responsePagePath": "/errors/denied.html", "responseCode": 403, "cachingMinTtl": "1m"}
		],
		"cors": {
			"origins": ["https://app.example.com", "https://*.example.org"], "credentials": true,
			"allowHeaders": ["Range", "X-Player"], "exposeHeaders": ["ETag"], "maxAge": "1h"
		},
		"responseHeaders": {
			"contentSecurityPolicy": "default-src 'self'", "frameOptions": "SAMEORIGIN", "referrerPolicy": "same-origin",
			"strictTransportSecurity": "24h", "includeSubdomains": true
		},
		"domain": {"names": ["media.example.com", "*.media.example.com"], "hostedZone": {"id": "Z0123456789ABCDEFGHIJ", "name": "example.com"}},
		"accessLogs": {"retention": "30d"},
		"priceClass": "PriceClass_100",
		"geoRestriction": {"allow": ["DE", "AT"]},
		"webAcl": "`+webACL+`",
		"originShield": "eu-west-1"
	}`), &settings); err != nil {
		t.Fatal(err)
	}
	outdir, said, status := runApp(t, map[string]any{
		"environments":                  map[string]any{"everything": settings},
		"aws:cdk:enable-path-metadata":  nil, // of which the templates of tests have none
		"aws:cdk:enable-asset-metadata": nil,
	}, "CDK_VALIDATION=false")
	if status != 0 || said != "" {
		t.Fatalf("exit status %d: %s", status, said)
	}
	for name, want := range synthesizeStacks(t, everythingOn(t)) {
		if got := readTemplate(t, outdir, name); !bytes.Equal(got.text, want.text) {
			t.Errorf("%s is not what the same props make", name)
		}
	}
}

func TestAppBorrowsTheKeysOfAnotherEnvironment(t *testing.T) {
	outdir, said, status := runApp(t, map[string]any{"env": "pr-7", "environments": map[string]any{
		"dev":  map[string]any{"ephemeral": true, "lendKeys": true},
		"pr-*": map[string]any{"ephemeral": true, "signingKeys": map[string]any{"from": "dev"}},
	}}, "CDK_VALIDATION=false")
	if status != 0 || said != "" {
		t.Fatalf("exit status %d: %s", status, said)
	}
	template := readTemplate(t, outdir, "signedfront-pr-7")
	if made := slices.Concat(template.all("AWS::CloudFront::PublicKey"), template.all("AWS::CloudFront::KeyGroup")); made != nil {
		t.Errorf("it has %v of its own", made)
	}
	_, distribution := template.only(t, "AWS::CloudFront::Distribution")
	wantJSON(t, "who is trusted", distribution.property("DistributionConfig", "DefaultCacheBehavior", "TrustedKeyGroups"),
		`[{"Fn::ImportValue": "signedfront:lent-key-group:signedfront:signedfront:dev"}]`)
}

func TestAppWarnsOfQuotasAndGoesOn(t *testing.T) {
	environments := map[string]any{}
	for _, name := range strings.Fields("a b c d e f g h i j k") {
		environments[name] = map[string]any{"ephemeral": true}
	}
	outdir, said, status := runApp(t, map[string]any{"environments": environments, "env": "a"}, "CDK_VALIDATION=false")
	const more = ` in the default account; the CloudFront quota of an account is 10: let environments borrow, with "signingKeys": {"from": ...}, ` +
		"or ask AWS for more, https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/cloudfront-limits.html"
	want := "warning: environments: 11 public keys" + more + "\nwarning: environments: 11 key groups" + more
	if status != 0 || said != want {
		t.Errorf("exit status %d, it says:\n%s\nwant:\n%s", status, said, want)
	}
	readTemplate(t, outdir, "signedfront-a")
}

// "deploy --all" deploys the lender first, whatever the names are, and "destroy --all"
// deletes it last.
func TestALenderIsDeployedBeforeWhoBorrows(t *testing.T) {
	outdir, said, status := runApp(t, map[string]any{"environments": map[string]any{
		"zzz": map[string]any{"ephemeral": true, "lendKeys": true},
		"aaa": map[string]any{"ephemeral": true, "signingKeys": map[string]any{"from": "zzz"}},
	}}, "CDK_VALIDATION=false")
	if status != 0 {
		t.Fatalf("exit status %d: %s", status, said)
	}
	text, err := os.ReadFile(filepath.Join(outdir, "manifest.json"))
	if err != nil {
		t.Fatal(err)
	}
	var manifest struct {
		Artifacts map[string]struct{ Dependencies []string }
	}
	if err := json.Unmarshal(text, &manifest); err != nil {
		t.Fatal(err)
	}
	if needed := manifest.Artifacts["signedfront-aaa"].Dependencies; !slices.Contains(needed, "signedfront-zzz") {
		t.Errorf("the borrower needs %v", needed)
	}
	if needed := manifest.Artifacts["signedfront-zzz"].Dependencies; slices.Contains(needed, "signedfront-aaa") {
		t.Errorf("the lender needs %v", needed)
	}
}

func TestWrongConfigurationIsExplainedWithoutAStackTrace(t *testing.T) {
	tests := []struct {
		name    string
		context map[string]any
		want    string
	}{
		{"a misspelt setting", map[string]any{"environments": map[string]any{"dev": map[string]any{"regoin": "eu-west-1"}}},
			`cdk.json: environments.dev.regoin: unknown setting; did you mean "region"?`},
		{"several mistakes", map[string]any{"project": 7, "environments": map[string]any{"dev": map[string]any{"signingKeys": map[string]any{"keys": map[string]any{"1": map[string]any{}}, "current": 2}}}}, `cdk.json: 2 problems:
  project: the number 7; write a name such as "signedfront"
  environments.dev.signingKeys.current: key 2, which is not listed; write the number of the key that signs: 1`},
		{"environments given with -c on the command line", map[string]any{"environments": "dev"},
			`cdk.json: environments: "dev"; write an object such as {"dev": {"ephemeral": true}}`},
		{"no configuration at all", map[string]any{"project": nil, "environments": nil}, `cdk.json: 2 problems:
  project: missing; write a name such as "signedfront"
  environments: no environment; write an object such as {"dev": {"ephemeral": true}}`},
		{"an environment that is none", map[string]any{"env": "devv"},
			`cdk.json: env: "devv", which is not an environment; write "dev"; did you mean "dev"?`},
		{"a file next to cdk.json that holds no key", map[string]any{"environments": map[string]any{"dev": map[string]any{"signingKeys": map[string]any{"keys": map[string]any{"1": map[string]any{"custody": "imported", "publicKey": "README.md"}}}}}},
			`cdk.json: environments.dev.signingKeys.keys.1.publicKey: no public key; write the public half of an RSA-2048 or P-256 key as PEM that starts with -----BEGIN PUBLIC KEY-----, as "openssl pkey -pubout" writes it`},
		{"an unknown processor", map[string]any{"signedfront:functionArchitecture": "arm"},
			`signedfront:functionArchitecture: "arm"; write "arm64" or "x86_64"`},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			_, said, status := runApp(t, test.context)
			if status != 1 {
				t.Errorf("exit status %d, want 1", status)
			}
			if said != test.want {
				t.Errorf("got:\n%s\nwant:\n%s", said, test.want)
			}
		})
	}
}

func TestPanicOfTheCDKIsOneLine(t *testing.T) {
	_, said, status := runAppWith(t, "{")
	if status != 1 {
		t.Errorf("exit status %d, want 1", status)
	}
	if strings.Contains(said, "\n") || !strings.Contains(said, "JSON") {
		t.Errorf("it says:\n%s", said)
	}
}
