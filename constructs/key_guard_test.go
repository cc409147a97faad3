package constructs

import (
	"fmt"
	"maps"
	"slices"
	"testing"

	"github.com/aws/jsii-runtime-go"

	"github.com/signedfront/signedfront/constructs/config"
)

// guarded is a template with some keys, and its guard.
func guarded(t *testing.T, change func(*config.Content)) (template *template, guard *resource) {
	t.Helper()
	template = synthesizeContent(t, change)
	_, guard = template.only(t, "Custom::KeyGuard")
	return template, guard
}

func twoSigningKeys(c *config.Content) {
	c.SigningKeys = config.SigningKeys{Keys: []config.SigningKey{{Number: 1}, imported(2, publicECDSA, privateKeys["in KMS"])}, Current: 2}
}

func TestTheGuardIsToldWhatTheKeysAreToBe(t *testing.T) {
	for mode, change := range map[string]func(*config.Content){
		"own-keys": twoSigningKeys,
		"lent-keys": func(c *config.Content) {
			twoSigningKeys(c)
			c.LendKeys, c.SigningKeys.Compromised = true, []int{1, 7}
			c.SigningKeys.AlsoTrust = []string{"K2JCJMDEHXQW5F", "KVTP0A1DKRTAX"}
		},
		"borrowed-keys": func(c *config.Content) { c.SigningKeys, c.Lender = config.SigningKeys{}, lenderOfTests },
	} {
		t.Run(mode, func(t *testing.T) {
			template, guard := guarded(t, change)
			document, parameter := template.only(t, "AWS::SSM::Parameter")
			distribution, _ := template.only(t, "AWS::CloudFront::Distribution")
			want := map[string]string{
				"ServiceToken":          fmt.Sprintf(`{"Fn::GetAtt": [%q, "Arn"]}`, template.withPrefix("AWS::Lambda::Function", "ContentKeyGuardProvider")),
				"ServiceTimeout":        `"120"`,
				"KeyMode":               fmt.Sprintf("%q", mode),
				"DocumentLogicalId":     fmt.Sprintf("%q", document),
				"DocumentName":          fmt.Sprintf("%q", parameter.Properties["Name"]),
				"DistributionLogicalId": fmt.Sprintf("%q", distribution),
				"MarginSeconds":         `"900"`,
				"MaxUrlLifetimeSeconds": `"604800"`,
				"MaxKeyAgeSeconds":      `"3600"`,
			}
			if mode == "borrowed-keys" {
				want["LenderName"] = fmt.Sprintf("%q", lenderOfTests.ParameterName)
			} else {
				group, _ := template.only(t, "AWS::CloudFront::KeyGroup")
				want["KeyGroupLogicalId"], want["CurrentKey"] = fmt.Sprintf("%q", group), `"2"`
				references, _ := guard.Properties["CallerReferences"].(map[string]any)
				for _, number := range []string{"1", "2"} {
					_, key := template.generation(t, number, "AWS::CloudFront::PublicKey")
					wantJSON(t, "the caller reference of key "+number, references[number], string(indented(t, key.property("PublicKeyConfig", "CallerReference"))))
				}
				if len(references) != 2 {
					t.Errorf("caller references of %v", slices.Sorted(maps.Keys(references)))
				}
				want["CallerReferences"] = string(indented(t, references))
			}
			if mode == "lent-keys" {
				want["CompromisedKeys"] = `["1", "7"]`
				want["AlsoTrustedKeys"] = `["K2JCJMDEHXQW5F", "KVTP0A1DKRTAX"]`
			}
			for name, value := range want {
				wantJSON(t, name, guard.Properties[name], value)
			}
			if len(guard.Properties) != len(want) {
				t.Errorf("properties %v", slices.Sorted(maps.Keys(guard.Properties)))
			}
		})
	}
}

// earlier are the resources that a resource waits for, and those that these wait
// for.
func (t *template) earlier(id string) map[string]bool {
	ids := map[string]bool{}
	var add func(id string)
	var follow func(value any)
	add = func(id string) {
		if r := t.Resources[id]; r != nil && !ids[id] {
			ids[id] = true
			for _, before := range r.DependsOn {
				add(before)
			}
			follow(r.Properties)
		}
	}
	follow = func(value any) {
		switch v := value.(type) {
		case []any:
			for _, item := range v {
				follow(item)
			}
		case map[string]any:
			if name, is := v["Ref"].(string); is {
				add(name)
			}
			if path, is := v["Fn::GetAtt"].([]any); is {
				add(path[0].(string))
			}
			for _, member := range v {
				follow(member)
			}
		}
	}
	add(id)
	delete(ids, id)
	return ids
}

// Whatever a change of the keys reaches waits for the guard, which waits for the
// key pairs alone.
func TestWhatDependsOnTheKeysWaitsForTheGuard(t *testing.T) {
	for name, test := range map[string]struct {
		change func(*config.Content)
		waits  []string
	}{
		"own keys":      {twoSigningKeys, []string{"AWS::CloudFront::PublicKey", "AWS::CloudFront::KeyGroup", "AWS::CloudFront::Distribution", "AWS::IAM::ManagedPolicy", "AWS::SSM::Parameter"}},
		"borrowed keys": {func(c *config.Content) { c.SigningKeys, c.Lender = config.SigningKeys{}, lenderOfTests }, []string{"AWS::CloudFront::Distribution", "AWS::IAM::ManagedPolicy", "AWS::SSM::Parameter"}},
	} {
		t.Run(name, func(t *testing.T) {
			template, _ := guarded(t, test.change)
			guardID, _ := template.only(t, "Custom::KeyGuard")
			for _, resourceType := range test.waits {
				for _, id := range template.all(resourceType) {
					if !slices.Contains(template.Resources[id].DependsOn, guardID) {
						t.Errorf("%s does not wait for the guard: it depends on %v", id, template.Resources[id].DependsOn)
					}
				}
			}
			for id := range template.earlier(guardID) {
				switch r := template.Resources[id]; r.Type {
				case "Custom::SigningKeyPair", "AWS::SecretsManager::Secret", "AWS::Lambda::Function", "AWS::Lambda::EventInvokeConfig", "AWS::IAM::Role", "AWS::Logs::LogGroup":
				default:
					t.Errorf("the guard waits for %s, of type %s", id, r.Type)
				}
			}
		})
	}
}

// CloudFormation calls a function when a property changes, and only then.
func TestEveryChangeOfTheKeysCallsTheGuard(t *testing.T) {
	before, _ := guarded(t, twoSigningKeys)
	for property, change := range map[string]func(*config.Content){
		"CallerReferences":      func(c *config.Content) { c.SigningKeys.Keys = c.SigningKeys.Keys[1:] },
		"CurrentKey":            func(c *config.Content) { c.SigningKeys.Current = 1 },
		"CompromisedKeys":       func(c *config.Content) { c.SigningKeys.Compromised = []int{1} },
		"AlsoTrustedKeys":       func(c *config.Content) { c.SigningKeys.AlsoTrust = []string{"K2JCJMDEHXQW5F"} },
		"KeyMode":               func(c *config.Content) { c.LendKeys = true },
		"MaxUrlLifetimeSeconds": func(c *config.Content) { c.MaxURLLifetime /= 2 },
		"MaxKeyAgeSeconds":      func(c *config.Content) { c.MaxKeyAge /= 2 },
		"DocumentName":          func(c *config.Content) { c.ParameterName += "-2" },
	} {
		t.Run(property, func(t *testing.T) {
			_, guard := guarded(t, func(c *config.Content) { twoSigningKeys(c); change(c) })
			_, was := before.only(t, "Custom::KeyGuard")
			if fmt.Sprint(guard.Properties[property]) == fmt.Sprint(was.Properties[property]) {
				t.Errorf("it stays %v", guard.Properties[property])
			}
		})
	}
}

func TestWithImportedKeysTheGuardIsTheOneFunction(t *testing.T) {
	template, _ := guarded(t, func(c *config.Content) {
		c.SigningKeys.Keys = []config.SigningKey{imported(1, publicECDSA, privateKeys["in KMS"])}
	})
	template.only(t, "AWS::Lambda::Function")
}

func TestTheGuardCanBeLeftOut(t *testing.T) {
	with, without := synthesize(t, "dev", `{}`), synthesize(t, "dev", `{"guard": false}`)
	wantChanges(t, "leaving it out", with, without,
		"- Custom::KeyGuard", "- AWS::Lambda::Function", "- AWS::Lambda::EventInvokeConfig", "- AWS::IAM::Role", "- AWS::Logs::LogGroup",
		"- AWS::CloudFront::PublicKey DependsOn", "- AWS::CloudFront::KeyGroup DependsOn", "- AWS::CloudFront::Distribution DependsOn", "- AWS::IAM::ManagedPolicy DependsOn", "- AWS::SSM::Parameter DependsOn")

	content := synthesizeContent(t, func(c *config.Content) { c.Guard = jsii.Bool(false) })
	if ids := content.all("Custom::KeyGuard"); ids != nil {
		t.Errorf("a program gets %v", ids)
	}
}
