package constructs

import (
	"fmt"
	"slices"
	"testing"
)

// Tags of the stack reach the resources too, by CloudFormation, but not all of
// them: bills and policies that go by tags want them everywhere.
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
	made, err := NewEnvironmentStack(app, everythingOn(t))
	if err != nil {
		t.Fatal(err)
	}
	for _, stack := range append(made.Content.Companions(), made.Stack) {
		wantJSON(t, "tags of "+*stack.StackName(), stack.Tags().TagValues(), `{"team": "media", "cost-center": "4711"}`)
	}
}

func TestTerminationProtectionIsWhatTheEnvironmentSays(t *testing.T) {
	for _, protected := range []bool{true, false} {
		for _, settings := range []string{`{}`, `{"ephemeral": true}`} {
			e := environmentOf(t, "dev", settings)
			e.TerminationProtection = protected
			app, _ := newApp(t, nil)
			made, err := NewEnvironmentStack(app, e)
			if err != nil {
				t.Fatal(err)
			}
			if got := *made.Stack.TerminationProtection(); got != protected {
				t.Errorf("%s: %v, want %v", settings, got, protected)
			}
		}
	}
}
