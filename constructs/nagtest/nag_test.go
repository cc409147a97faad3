package nagtest

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/jsii-runtime-go"
	"github.com/cdklabs/cdk-nag-go/cdknag/v2"

	"github.com/signedfront/signedfront/constructs"
	"github.com/signedfront/signedfront/constructs/config"
)

func TestMain(m *testing.M) {
	status := m.Run()
	jsii.Close()
	os.Exit(status)
}

// environments are one for each setting that changes what a rule looks at, as
// cdk.json has them.
const environments = `{
	"default": {},
	"ephemeral": {"ephemeral": true},
	"oai": {"originAccess": "oai"},
	"migrating": {"originAccess": "migrating"},
	"migrated": {"originAccess": "migrated"},
	"oac": {"originAccess": "oac"},
	"kms": {"originAccess": "oac", "encryption": "kms"},
	"leaving-kms": {"originAccess": "oac", "encryption": "leaving-kms"},
	"existing-bucket": {"bucket": "holiday-pictures"},
	"existing-bucket-oac": {"bucket": "holiday-pictures", "originAccess": "oac"},
	"imported": {"signingKeys": {"current": 1, "keys": {
		"1": {"custody": "imported", "publicKey": "-----BEGIN PUBLIC KEY-----\nMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEnrMawzK7G8vRaxwbU9G0Lt8wW3ZG\n6gV8tcjlYrQXgc43kvnxKFBBg4ttC3RrAI2hoGESe2z0Blax+MIOECewbg==\n-----END PUBLIC KEY-----\n",
			"privateKey": {"kmsArn": "arn:aws:kms:eu-west-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab"}},
		"2": {"custody": "imported", "publicKey": "-----BEGIN PUBLIC KEY-----\nMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEIyX3QJmQJSN0N32wf2yEaxnV3EBm\nGe1T1okG3DYICQsmzVOLIDS5rncNL8tzARP0vqUjUTUpF4XGORyoRqxLIQ==\n-----END PUBLIC KEY-----\n",
			"privateKey": {"secretArn": "arn:aws:secretsmanager:eu-west-1:123456789012:secret:own-AbCdEf", "secretVersionId": "11111111-2222-3333-4444-555555555555"}}
	}}},
	"lender": {"terminationProtection": false, "lendKeys": true},
	"borrower": {"terminationProtection": false, "signingKeys": {"from": "lender"}},
	"known-lender": {"account": "123456789012", "region": "eu-west-1", "terminationProtection": false, "lendKeys": true},
	"known-borrower": {"account": "123456789012", "region": "eu-west-1", "terminationProtection": false, "signingKeys": {"from": "known-lender"}},
	"unguarded": {"guard": false},
	"signers": {"signers": {"roles": ["web"], "roleArns": ["arn:aws:iam::111122223333:role/web"]}},
	"everything": {
		"account": "123456789012", "region": "eu-west-1", "ephemeral": true, "lendKeys": true,
		"originAccess": "oac", "encryption": "kms", "originShield": "eu-west-1",
		"signingKeys": {"current": 2, "keys": {"1": {"algorithm": "rsa-2048", "hash": "sha1"}, "2": {}}},
		"signers": {"roles": ["media-app"], "roleArns": ["arn:aws:iam::444455556666:role/app"]},
		"publicPaths": ["/assets/*"], "signedPaths": ["/assets/premium/*"],
		"errorPages": [{"errorCode": 403, "responsePagePath": "/errors/denied.html"}],
		"cors": {"origins": ["https://app.example.com"], "credentials": true},
		"domain": {"names": ["media.example.com"], "hostedZone": {"id": "Z0123456789ABCDEFGHIJ", "name": "example.com"}},
		"accessLogs": {"retention": "30d"}, "geoRestriction": {"allow": ["DE", "AT"]},
		"webAcl": "arn:aws:wafv2:us-east-1:123456789012:global/webacl/media/473e64fd-f30b-4765-81a0-62ad96dd167a"
	}
}`

// Every rule is kept, or broken on purpose, with the reason on the resource. A
// reason for a rule that nothing breaks would hide what breaks it later.
func TestRulesOfAwsSolutionsAreKeptOrAcknowledged(t *testing.T) {
	outdir, stacks := synthesize(t)
	acknowledged := map[string]int{} // findings, by stack, rule and path of the resource
	kept := map[string]int{}         // rules, by stack
	for stack, report := range files[struct {
		Lines []struct{ RuleID, ResourceID, Compliance, RuleInfo string }
	}](t, outdir, "AwsSolutions--", "-NagReport.json") {
		for _, line := range report.Lines {
			switch line.Compliance {
			case "Compliant":
				kept[stack]++
			case "Suppressed":
				acknowledged[line.RuleID+" "+line.ResourceID]++
			default:
				t.Errorf("%s: %s at %s: %s", line.Compliance, line.RuleID, line.ResourceID, line.RuleInfo)
			}
		}
	}
	for _, stack := range stacks {
		if kept[stack] == 0 {
			t.Errorf("%s: no rule was looked at", stack)
		}
	}
	for _, template := range files[struct {
		Resources map[string]struct {
			Metadata struct {
				Path string `json:"aws:cdk:path"`
				Nag  struct {
					Rules []struct {
						ID        string   `json:"id"`
						AppliesTo []string `json:"applies_to"`
					} `json:"rules_to_suppress"`
				} `json:"cdk_nag"`
			}
		}
	}](t, outdir, "", ".template.json") {
		for _, r := range template.Resources {
			findings := map[string]int{}
			for _, rule := range r.Metadata.Nag.Rules {
				findings[rule.ID] += max(1, len(rule.AppliesTo))
			}
			for rule, n := range findings {
				if found := acknowledged[rule+" "+r.Metadata.Path]; found != n {
					t.Errorf("%s: of %s, %d findings are acknowledged and there are %d", r.Metadata.Path, rule, n, found)
				}
			}
		}
	}
}

// synthesize makes the stacks of all environments in one app, with the rules
// over them. Templates and reports are in outdir.
func synthesize(t *testing.T) (outdir string, stacks []string) {
	t.Helper()
	text, err := os.ReadFile("../../cdk.json")
	if err != nil {
		t.Fatal(err)
	}
	var file struct{ Context map[string]any }
	if err := json.Unmarshal(text, &file); err != nil {
		t.Fatal(err)
	}
	var named map[string]any
	if err := json.Unmarshal([]byte(environments), &named); err != nil {
		t.Fatal(err)
	}
	read, err := config.Read(map[string]any{"project": "nag", "environments": named}, nil)
	if err != nil {
		t.Fatal(err)
	}

	context := file.Context
	context["aws:cdk:bundling-stacks"] = []string{} // no function is built
	context["aws:cdk:enable-path-metadata"] = true
	// What the rules find is read from their report.
	context["@aws-cdk/core:annotationsInValidationReport"] = false
	outdir = t.TempDir()
	app := awscdk.NewApp(&awscdk.AppProps{Context: &context, Outdir: &outdir})
	for _, e := range read.Environments {
		if _, _, err := constructs.NewEnvironment(app, e); err != nil {
			t.Fatal(err)
		}
		stacks = append(stacks, e.StackName())
	}
	awscdk.Aspects_Of(app).Add(cdknag.NewAwsSolutionsChecks(&cdknag.NagPackProps{
		ReportFormats: &[]cdknag.NagReportFormat{cdknag.NagReportFormat_JSON},
	}), nil)
	app.Synth(nil)
	return outdir, stacks
}

// files reads the files of the folder that are called prefix, stack, suffix, by
// the stack.
func files[T any](t *testing.T, folder, prefix, suffix string) map[string]T {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(folder, prefix+"*"+suffix))
	if err != nil || len(names) == 0 {
		t.Fatalf("no file is called %s*%s: %v", prefix, suffix, err)
	}
	read := map[string]T{}
	for _, name := range names {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		var content T
		if err := json.Unmarshal(text, &content); err != nil {
			t.Fatal(err)
		}
		read[strings.TrimSuffix(strings.TrimPrefix(filepath.Base(name), prefix), suffix)] = content
	}
	return read
}
