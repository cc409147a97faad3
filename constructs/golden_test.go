package constructs

import (
	"encoding/json"
	"regexp"
	"testing"
)

// What a refactor must not touch: CloudFormation replaces a resource whose
// logical id or name changes, and with it a live key, a bucket or a domain
// name.
func TestLogicalIdsAndNamesAreFrozen(t *testing.T) {
	template := synthesize(t, "prod", twoKeys)
	type frozen struct {
		Type  string
		Names map[string]any `json:",omitempty"`
	}
	names := map[string][][]string{
		"AWS::CloudFront::PublicKey":                      {{"PublicKeyConfig", "Name"}, {"PublicKeyConfig", "CallerReference"}},
		"AWS::CloudFront::KeyGroup":                       {{"KeyGroupConfig", "Name"}},
		"AWS::CloudFront::ResponseHeadersPolicy":          {{"ResponseHeadersPolicyConfig", "Name"}},
		"AWS::SSM::Parameter":                             {{"Name"}},
		"AWS::S3::Bucket":                                 {{"BucketName"}},
		"AWS::SecretsManager::Secret":                     {{"Name"}},
		"AWS::IAM::ManagedPolicy":                         {{"ManagedPolicyName"}, {"Path"}, {"Description"}},
		"Custom::SigningKeyPair":                          {{"SecretId"}, {"Generation"}, {"Algorithm"}},
		"AWS::CloudFront::Distribution":                   nil,
		"AWS::CloudFront::CloudFrontOriginAccessIdentity": nil,
	}
	stackID := map[string]string{"AWS::StackId": "arn:aws:cloudformation:eu-west-1:123456789012:stack/signedfront-prod/50d6f0a0-d2df-11e5-832f-503abc87a9b4"}
	all := map[string]frozen{}
	for id, r := range template.Resources {
		paths, stateful := names[r.Type]
		if !stateful {
			continue
		}
		f := frozen{Type: r.Type, Names: map[string]any{}}
		for _, path := range paths {
			value := r.property(path...)
			if path[len(path)-1] != "SecretId" {
				value = resolve(t, value, stackID)
			}
			f.Names[path[len(path)-1]] = value
		}
		all[id] = f
	}
	golden(t, "frozen.json", indented(t, all), "a deployment would replace what is live: find another way, rather than -update")
}

func TestTemplateOfTheShippedEnvironment(t *testing.T) {
	template := synthesize(t, "dev", `{"ephemeral": true}`)
	var whole any
	if err := json.Unmarshal(template.text, &whole); err != nil {
		t.Fatal(err)
	}
	// The names of assets change with every change of a function.
	text := regexp.MustCompile(`[0-9a-f]{64}\.zip`).ReplaceAll(indented(t, whole), []byte("ASSET.zip"))
	golden(t, "dev.template.json", text, "if that is meant: go test ./constructs -update")
}

func indented(t *testing.T, value any) []byte {
	t.Helper()
	text, err := json.MarshalIndent(value, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	return append(text, '\n')
}
