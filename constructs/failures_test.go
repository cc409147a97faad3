package constructs

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"
)

// How key pairs that a deployment makes have failed elsewhere, as far as the
// shape of the stack decides it; what the provider decides is tested with it.
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
		for _, permission := range []string{"cloudfront:", "secretsmanager:CreateSecret", "secretsmanager:DeleteSecret"} {
			if strings.Contains(string(synthesize(t, "dev", `{"ephemeral": true}`).text), `"`+permission) {
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
		if value := text(t, document.property("Value")); !strings.Contains(value, first) || strings.Contains(value, second) {
			t.Errorf("the document signs with %s", value)
		}
	})
	t.Run("22 the document says for how long a signer may keep a key", func(t *testing.T) {
		_, document := synthesize(t, "prod", one).only(t, "AWS::SSM::Parameter")
		if value := text(t, document.property("Value")); !strings.Contains(value, `\"maxKeyAge\":3600`) || !strings.Contains(value, `\"maxUrlLifetime\":604800`) {
			t.Errorf("got %s", value)
		}
	})
}
