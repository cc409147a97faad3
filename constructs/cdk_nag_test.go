package constructs

import (
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/cdklabs/cdk-nag-go/cdknag/v2"

	"github.com/signedfront/signedfront/constructs/config"
)

// Every rule of cdk-nag's pack AwsSolutions is kept, or broken on purpose, with
// the reason on the resource. A reason for a rule that nothing breaks would hide
// what breaks it later.
func TestRulesOfAwsSolutionsAreKeptOrAcknowledged(t *testing.T) {
	variants := map[string]func(*config.Content){
		"ephemeral": func(c *config.Content) { c.Ephemeral = true },
		"encrypted with KMS": func(c *config.Content) {
			c.OriginAccess, c.Encryption = config.OAC, config.EncryptionKMS
		},
		"leaving KMS": func(c *config.Content) {
			c.OriginAccess, c.Encryption = config.OAC, config.EncryptionLeavingKMS
		},
		"an existing bucket": func(c *config.Content) { c.Bucket = "holiday-pictures" },
		"keys imported": func(c *config.Content) {
			c.SigningKeys = config.SigningKeys{Keys: []config.SigningKey{imported(1, publicECDSA, privateKeys["in KMS"]), imported(2, publicRSA, privateKeys["in a secret"])}, Current: 1}
		},
		"keys lent":     func(c *config.Content) { c.LendKeys = true },
		"keys borrowed": func(c *config.Content) { c.SigningKeys, c.Lender = config.SigningKeys{}, lenderOfTests },
		"signers named": func(c *config.Content) {
			c.Signers = config.SignerRoles{Roles: []string{"web"}, RoleARNs: []string{"arn:aws:iam::111122223333:role/web"}}
		},
	}
	for _, access := range originAccesses {
		variants["origin access "+string(access)] = func(c *config.Content) { c.OriginAccess = access }
	}
	for _, name := range slices.Sorted(maps.Keys(variants)) {
		t.Run(name, func(t *testing.T) {
			e := environmentOf(t, "dev", `{"terminationProtection": false}`)
			variants[name](&e.Content)
			wantRulesKept(t, e)
		})
	}
	t.Run("keys borrowed, in a Region that is known", func(t *testing.T) {
		e := environmentOf(t, "dev", `{"account": "123456789012", "region": "eu-west-1"}`)
		e.Content.SigningKeys, e.Content.Lender = config.SigningKeys{}, lenderOfTests
		wantRulesKept(t, e)
	})
	t.Run("everything that delivery has", func(t *testing.T) { wantRulesKept(t, everythingOn(t)) })
}

func wantRulesKept(t *testing.T, e config.Environment) {
	t.Helper()
	app, outdir := newApp(t, map[string]any{
		"aws:cdk:enable-path-metadata": true,
		// What the rules find is read from their report.
		"@aws-cdk/core:annotationsInValidationReport": false,
	})
	if _, err := NewEnvironmentStack(app, e); err != nil {
		t.Fatal(err)
	}
	awscdk.Aspects_Of(app).Add(cdknag.NewAwsSolutionsChecks(&cdknag.NagPackProps{
		ReportFormats: &[]cdknag.NagReportFormat{cdknag.NagReportFormat_JSON},
	}), nil)
	app.Synth(nil)

	reports, err := filepath.Glob(filepath.Join(outdir, "AwsSolutions-*-NagReport.json"))
	if err != nil || len(reports) == 0 {
		t.Fatalf("no report: %v", err)
	}
	kept := 0
	acknowledged := map[string]int{} // findings, by rule and path of the resource
	for _, file := range reports {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var report struct {
			Lines []struct{ RuleID, ResourceID, Compliance, RuleInfo string }
		}
		if err := json.Unmarshal(text, &report); err != nil {
			t.Fatal(err)
		}
		for _, line := range report.Lines {
			switch line.Compliance {
			case "Compliant":
				kept++
			case "Suppressed":
				acknowledged[line.RuleID+" "+line.ResourceID]++
			default:
				t.Errorf("%s: %s at %s: %s", line.Compliance, line.RuleID, line.ResourceID, line.RuleInfo)
			}
		}
	}
	if kept == 0 {
		t.Error("no rule was looked at")
	}
	stacks, err := filepath.Glob(filepath.Join(outdir, "*.template.json"))
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range stacks {
		template := readTemplate(t, outdir, strings.TrimSuffix(filepath.Base(file), ".template.json"))
		for id, r := range template.Resources {
			for rule, findings := range acknowledgements(r) {
				if n := acknowledged[rule+" "+r.Metadata["aws:cdk:path"].(string)]; n != findings {
					t.Errorf("%s: of %s, %d findings are acknowledged and there are %d", id, rule, findings, n)
				}
			}
		}
	}
}

// acknowledgements are the rules that are acknowledged on a resource, and for
// how many findings each.
func acknowledgements(r *resource) map[string]int {
	metadata, _ := r.Metadata["cdk_nag"].(map[string]any)
	listed, _ := metadata["rules_to_suppress"].([]any)
	rules := map[string]int{}
	for _, rule := range listed {
		rule := rule.(map[string]any)
		findings, _ := rule["applies_to"].([]any)
		rules[rule["id"].(string)] += max(1, len(findings))
	}
	return rules
}
