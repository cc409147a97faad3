package constructs

import (
	"encoding/json"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/jsii-runtime-go"

	"github.com/signedfront/signedfront/constructs/config"
)

// Failures of key pairs that deployments make, known from other projects, as far as the
// template decides them. Failures of the provider are tested with the provider.
func TestFailuresThatTheShapeOfTheStackRulesOut(t *testing.T) {
	const (
		one  = `{"signingKeys": {"keys": {"1": {}}}}`
		both = `{"signingKeys": {"keys": {"1": {}, "2": {}}, "current": 1}}`
		next = `{"signingKeys": {"keys": {"1": {}, "2": {}}, "current": 2}}`
		last = `{"signingKeys": {"keys": {"2": {}}}}`
	)
	perGeneration := []string{"AWS::SecretsManager::Secret", "Custom::SigningKeyPair", "AWS::CloudFront::PublicKey"}
	text := func(t *testing.T, value any) string {
		t.Helper()
		encoded, err := json.Marshal(value)
		if err != nil {
			t.Fatal(err)
		}
		return string(encoded)
	}

	t.Run("05 a rollback finds the old generation untouched", func(t *testing.T) {
		before, after := synthesize(t, "prod", one), synthesize(t, "prod", next)
		for _, resourceType := range perGeneration {
			id, old := before.generation(t, "1", resourceType)
			if !reflect.DeepEqual(old, after.Resources[id]) {
				t.Errorf("%s changes with a new generation", id)
			}
		}
	})
	t.Run("06 a new key is a new resource, for a public key cannot change", func(t *testing.T) {
		template := synthesize(t, "prod", both)
		for _, resourceType := range perGeneration {
			first, _ := template.generation(t, "1", resourceType)
			second, _ := template.generation(t, "2", resourceType)
			if first == second {
				t.Errorf("%s: both generations are %s", resourceType, first)
			}
		}
	})
	t.Run("07 a key leaves the group in the template that drops it", func(t *testing.T) {
		template := synthesize(t, "prod", last)
		id, _ := template.generation(t, "2", "AWS::CloudFront::PublicKey")
		_, group := template.only(t, "AWS::CloudFront::KeyGroup")
		wantJSON(t, "the group", group.property("KeyGroupConfig", "Items"), `[{"Ref": "`+id+`"}]`)
	})
	t.Run("08 no two generations or stacks share a caller reference", func(t *testing.T) {
		template := synthesize(t, "prod", both)
		seen := map[string]bool{}
		for _, number := range []string{"1", "2"} {
			_, key := template.generation(t, number, "AWS::CloudFront::PublicKey")
			reference := text(t, key.property("PublicKeyConfig", "CallerReference"))
			if seen[reference] || !strings.Contains(reference, "AWS::StackId") {
				t.Errorf("generation %s: %s", number, reference)
			}
			seen[reference] = true
		}
	})
	t.Run("09 no secret has a name that a deleted one may still hold", func(t *testing.T) {
		_, secret := synthesize(t, "prod", one).only(t, "AWS::SecretsManager::Secret")
		if name := secret.property("Name"); name != nil {
			t.Errorf("the secret is named %v", name)
		}
	})
	t.Run("12 no function runs on a runtime that will be withdrawn by its language", func(t *testing.T) {
		template := synthesize(t, "dev", `{"ephemeral": true}`)
		for _, id := range template.all("AWS::Lambda::Function") {
			if runtime := template.Resources[id].property("Runtime"); runtime != "provided.al2023" {
				t.Errorf("%s runs on %v", id, runtime)
			}
		}
	})
	t.Run("17 and 18 the template alone owns keys and group", func(t *testing.T) {
		for _, permission := range regexp.MustCompile(`"(cloudfront|secretsmanager):[A-Za-z*]+"`).FindAllString(string(synthesize(t, "dev", `{"ephemeral": true}`).text), -1) {
			_, action, _ := strings.Cut(permission, ":")
			if !strings.HasPrefix(action, "Get") && !strings.HasPrefix(action, "List") && !strings.HasPrefix(action, "Describe") && permission != `"secretsmanager:PutSecretValue"` {
				t.Errorf("a function may %s", permission)
			}
		}
	})
	t.Run("19 CloudFormation never makes a value of the secret", func(t *testing.T) {
		_, secret := synthesize(t, "prod", one).only(t, "AWS::SecretsManager::Secret")
		for _, property := range []string{"GenerateSecretString", "SecretString"} {
			if value := secret.property(property); value != nil {
				t.Errorf("%s is %v", property, value)
			}
		}
	})
	t.Run("21 a key may be trusted before it signs", func(t *testing.T) {
		template := synthesize(t, "prod", both)
		first, _ := template.generation(t, "1", "AWS::CloudFront::PublicKey")
		second, _ := template.generation(t, "2", "AWS::CloudFront::PublicKey")
		_, group := template.only(t, "AWS::CloudFront::KeyGroup")
		wantJSON(t, "the group", group.property("KeyGroupConfig", "Items"), `[{"Ref": "`+first+`"}, {"Ref": "`+second+`"}]`)
		_, document := template.only(t, "AWS::SSM::Parameter")
		signs, trusts, _ := strings.Cut(text(t, document.property("Value")), "trustedKeys")
		if !strings.Contains(signs, first) || strings.Contains(signs, second) || !strings.Contains(trusts, second) {
			t.Errorf("the document signs with %s, and trusts %s", signs, trusts)
		}
	})
	t.Run("22 the document says for how long a signer may keep a key", func(t *testing.T) {
		_, document := synthesize(t, "prod", one).only(t, "AWS::SSM::Parameter")
		if value := text(t, document.property("Value")); !strings.Contains(value, `\"maxKeyAge\":3600`) || !strings.Contains(value, `\"maxUrlLifetime\":604800`) {
			t.Errorf("got %s", value)
		}
	})
}

// An app that signs lives in a stack of its own, and a rotation deploys the
// content's alone. A grant of each secret would leave the app with the rights
// to keys that are gone, and without those to the one that signs.
func TestAppOfAnotherStackSignsThroughARotationWithoutADeployment(t *testing.T) {
	keys := func(current int, numbers ...int) SigningKeys {
		k := SigningKeys{Current: current}
		for _, number := range numbers {
			k.Keys = append(k.Keys, config.SigningKey{Number: number})
		}
		return k
	}
	var apps, policies []string
	for _, step := range []SigningKeys{keys(1, 1), keys(1, 1, 2), keys(2, 1, 2), keys(2, 2)} {
		app, outdir := newApp(t, nil)
		media := newStack(app, "Media")
		content, err := NewPrivateContent(media, "Content", &PrivateContentProps{SigningKeys: step})
		if err != nil {
			t.Fatal(err)
		}
		content.GrantSign(awsiam.NewRole(newStack(app, "Web"), jsii.String("Role"), &awsiam.RoleProps{
			AssumedBy: awsiam.NewServicePrincipal(jsii.String("lambda.amazonaws.com"), nil),
		}))
		app.Synth(nil)
		apps = append(apps, string(readTemplate(t, outdir, "Web").text))

		template := readTemplate(t, outdir, "Media")
		policyID, policy := template.only(t, "AWS::IAM::ManagedPolicy")
		policies = append(policies, policyID)
		text, err := json.Marshal(policy.Properties)
		if err != nil {
			t.Fatal(err)
		}
		for _, key := range step.Keys {
			secretID, _ := template.generation(t, strconv.Itoa(key.Number), "AWS::SecretsManager::Secret")
			if !strings.Contains(string(text), secretID) {
				t.Errorf("current key %d of %d: signers may not read key %d", step.Current, len(step.Keys), key.Number)
			}
		}
		for _, name := range []string{"ManagedPolicyName", "Description", "Path"} {
			if value := policy.Properties[name]; value != nil && value != "" && value != "/" {
				t.Errorf("the policy would be replaced with its %s", name)
			}
		}
	}
	for i := range apps {
		if apps[i] != apps[0] || policies[i] != policies[0] {
			t.Errorf("step %d changes the app's stack, or the policy that it names: %s, before %s", i, policies[i], policies[0])
		}
	}
}

// The CDK brings functions of its own for buckets: one copies content into the
// bootstrap bucket and prunes what it did not bring, one leaves its log group.
func TestStackHoldsNoFunctionButOurs(t *testing.T) {
	for _, settings := range []string{`{}`, `{"ephemeral": true}`} {
		template := synthesize(t, "dev", settings)
		for id, r := range template.Resources {
			if strings.HasPrefix(r.Type, "Custom::") && !slices.Contains([]string{"Custom::SigningKeyPair", "Custom::KeyGuard", "Custom::EmptyBucket", "Custom::FunctionRuns"}, r.Type) {
				t.Errorf("%s is a %s", id, r.Type)
			}
		}
		for _, id := range template.all("AWS::Lambda::Function") {
			if !strings.HasPrefix(id, "ContentKeyPairProvider") && !strings.HasPrefix(id, "ContentKeyGuardProvider") && !strings.HasPrefix(id, "ContentBucketEmptier") {
				t.Errorf("there is the function %s", id)
			}
		}
	}
}
