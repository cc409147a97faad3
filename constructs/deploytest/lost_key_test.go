package deploytest

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"

	"github.com/signedfront/signedfront/signer"
)

// losesAKey deletes the secret of a key and changes the algorithm of that key. Then
// another writer puts a value into the secret of a new key before the deployment does.
// Both deployments fail and roll back, and the one after them succeeds.
func (p *app) losesAKey(t *testing.T) {
	third := p.secretOf(t, "3")
	if _, err := p.secrets.DeleteSecret(t.Context(), &secretsmanager.DeleteSecretInput{SecretId: &third, ForceDeleteWithoutRecovery: aws.Bool(true)}); err != nil {
		t.Fatal(err)
	}
	p.configure(t, func(environments map[string]any) {
		environments["dev"] = development(map[string]any{"2": map[string]any{}, "3": map[string]any{"algorithm": "ecdsa-p256"}}, 2)
	})
	p.wantRolledBack(t, "the private key of generation 3 is gone", "aws cloudformation continue-update-rollback --stack-name")

	key, err := signer.GenerateKey(signer.ECDSAP256)
	if err != nil {
		t.Fatal(err)
	}
	text, err := key.MarshalPEM()
	if err != nil {
		t.Fatal(err)
	}
	p.imported = append(p.imported, text)
	writeFile(t, filepath.Join(p.scratch, "plant-once"), text)
	p.configure(t, func(environments map[string]any) {
		environments["dev"] = development(map[string]any{"2": map[string]any{}, "4": map[string]any{}}, 2)
	})
	p.wantRolledBack(t, "the secret holds a value that this deployment did not put there")

	p.deploy(t, "dev")
	p.checkGenerations(t, "dev", 2)
	p.checkSigning(t, "dev")
}

// wantRolledBack deploys dev. The deployment must fail for these reasons and roll back.
func (p *app) wantRolledBack(t *testing.T, reasons ...string) {
	t.Helper()
	_, said, err := p.tryDeploy(t, "dev")
	if err == nil {
		t.Fatalf("it was deployed:\n%s", said)
	}
	for _, reason := range reasons {
		if !strings.Contains(said, reason) {
			t.Errorf("it does not say %q:\n%s", reason, said)
		}
	}
	p.wantStatus(t, "dev", "UPDATE_ROLLBACK_COMPLETE")
}

// secretOf returns the ARN of the secret of a generation of dev.
func (p *app) secretOf(t *testing.T, generation string) string {
	t.Helper()
	for id, r := range p.resources(t, stackName("dev")) {
		if r.Type == "AWS::SecretsManager::Secret" && strings.HasPrefix(id, "ContentSigningKey"+generation) {
			return r.physicalID
		}
	}
	t.Fatalf("dev has no secret of generation %s", generation)
	return ""
}
