package constructs

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/signedfront/signedfront/constructs/config"
)

// CloudFormation passes the tags of a stack to some resources only, but bills and policies
// need them on all resources.
func TestTagsAreOnStacksAndOnTheirResources(t *testing.T) {
	templates := synthesizeStacks(t, everythingOn(t))
	for stack, tagged := range map[string][]string{
		"signedfront-everything": {
			"AWS::CloudFront::Distribution", "AWS::IAM::Role", "AWS::Lambda::Function", "AWS::Logs::LogGroup",
			"AWS::S3::Bucket", "AWS::SecretsManager::Secret",
		},
		"signedfront-everything-certificate": {"AWS::CertificateManager::Certificate"},
		"signedfront-everything-global": {
			"AWS::Logs::Delivery", "AWS::Logs::DeliveryDestination", "AWS::Logs::DeliverySource", "AWS::Logs::LogGroup",
		},
	} {
		for _, resourceType := range tagged {
			for _, id := range templates[stack].all(resourceType) {
				listed, _ := templates[stack].Resources[id].Properties["Tags"].([]any)
				var tags []string
				for _, tag := range listed {
					tags = append(tags, fmt.Sprint(tag.(map[string]any)["Key"], "=", tag.(map[string]any)["Value"]))
				}
				for _, want := range []string{"cost-center=4711", "team=media"} {
					if !slices.Contains(tags, want) {
						t.Errorf("%s: %s has the tags %v, not %s", stack, id, tags, want)
					}
				}
			}
			if templates[stack].all(resourceType) == nil {
				t.Errorf("%s has no %s", stack, resourceType)
			}
		}
	}

	app, _ := newApp(t, nil)
	stack, content, err := NewEnvironment(app, everythingOn(t))
	if err != nil {
		t.Fatal(err)
	}
	for _, stack := range append(content.Companions(), stack) {
		wantJSON(t, "tags of "+*stack.StackName(), stack.Tags().TagValues(), `{"team": "media", "cost-center": "4711"}`)
	}
}

func TestAnEnvironmentOfAProgramIsCheckedWhole(t *testing.T) {
	for _, test := range []struct {
		name string
		of   config.Environment
		want string
	}{
		{"names that no stack has", config.Environment{Project: "media-eu", Name: "Dev"},
			"environment \"Dev\": 2 problems:\n  Project: the name \"media-eu\"; write lower-case"},
		{"a pattern", config.Environment{Project: "media", Name: "pr-*"},
			"environment \"pr-*\": Name: the pattern \"pr-*\"; write the name of one environment"},
		{"where it is, and what its content is", config.Environment{
			Project: "media", Name: "dev", Account: "1234", Region: "eu-west", Tags: map[string]string{"team": ""},
			Content: config.Content{Bucket: "Media"},
		}, "environment \"dev\": 4 problems:\n  Account: \"1234\"; write the 12 digits of an AWS account, in quotes: \"123456789012\"\n" +
			"  Region: \"eu-west\"; write an AWS Region such as \"eu-west-1\"; did you mean \"eu-west-1\"?\n" +
			"  Tags.team: an empty value; write a value, or leave the tag out: CloudFormation refuses an empty value\n" +
			"  Content.Bucket: \"Media\"; write the name of a bucket"},
		{"an environment whose keys to borrow, by its name", config.Environment{Project: "media", Name: "dev", Content: config.Content{SigningKeys: config.SigningKeys{From: "test"}}},
			"environment \"dev\": Content.SigningKeys.From: \"test\" without a lender; set Lender instead"},
		{"a lender that is protected", config.Environment{Project: "media", Name: "dev", TerminationProtection: true, Content: config.Content{LendKeys: true}},
			"environment \"dev\": Content.LendKeys: true, in a protected environment; leave it out, or write TerminationProtection false"},
	} {
		t.Run(test.name, func(t *testing.T) {
			app, _ := newApp(t, nil)
			_, _, err := NewEnvironment(app, test.of)
			if err == nil || !strings.HasPrefix(err.Error(), test.want) {
				t.Errorf("got  %v\nwant %s", err, test.want)
			}
			if made := len(*app.Node().Children()); made != 0 {
				t.Errorf("%d stacks were made", made)
			}
		})
	}
}

func TestAnEnvironmentOfAProgramHasTheNamesThatCdkJsonGives(t *testing.T) {
	app, outdir := newApp(t, nil)
	if _, _, err := NewEnvironment(app, config.Environment{Project: "signedfront", Name: "dev", Content: config.Content{Ephemeral: true}}); err != nil {
		t.Fatal(err)
	}
	app.Synth(nil)
	if got, want := readTemplate(t, outdir, "signedfront-dev"), synthesize(t, "dev", `{"ephemeral": true}`); string(got.text) != string(want.text) {
		t.Errorf("the template is another:\n%s", got.text)
	}
}

func TestTerminationProtectionIsWhatTheEnvironmentSays(t *testing.T) {
	for _, protected := range []bool{true, false} {
		for _, settings := range []string{`{}`, `{"ephemeral": true}`} {
			e := environmentOf(t, "dev", settings)
			e.TerminationProtection = protected
			app, _ := newApp(t, nil)
			stack, _, err := NewEnvironment(app, e)
			if err != nil {
				t.Fatal(err)
			}
			if got := *stack.TerminationProtection(); got != protected {
				t.Errorf("%s: %v, want %v", settings, got, protected)
			}
		}
	}
}

func TestASecondStackOfAnEnvironmentIsAnError(t *testing.T) {
	app, _ := newApp(t, nil)
	dev := config.Environment{Project: "shop", Name: "dev"}
	if _, _, err := NewEnvironment(app, dev); err != nil {
		t.Fatal(err)
	}
	_, _, err := NewEnvironment(app, dev)
	if want := `environment "dev": There is already a Construct with name 'shop-dev' in App`; err == nil || err.Error() != want {
		t.Errorf("got  %v\nwant %s", err, want)
	}
}
