package deploytest

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/signedfront/signedfront/signer"
)

// imports deploys an environment with an imported key, which the command line made. The
// stack gets its public key alone.
func (p *app) imports(t *testing.T) {
	const environment = "own-key"
	p.run(t, p.signedfront, "keygen", "--out", p.folder)
	private, err := os.ReadFile(filepath.Join(p.folder, "private_key.pem"))
	if err != nil {
		t.Fatal(err)
	}
	p.imported = append(p.imported, private)
	key, err := signer.ParsePrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	p.configure(t, func(environments map[string]any) {
		environments[environment] = map[string]any{
			"ephemeral":   true,
			"signingKeys": map[string]any{"keys": map[string]any{"1": map[string]any{"custody": "imported", "publicKey": "public_key.pem"}}},
		}
	})

	outputs, _ := p.deploy(t, environment)
	resources := p.checkResources(t, stackName(environment))
	if made := append(ofType(resources, "Custom::SigningKeyPair"), ofType(resources, "AWS::SecretsManager::Secret")...); len(made) > 0 {
		t.Errorf("the stack creates a key of its own: %d resources", len(made))
	}
	trusted, err := p.trustedKeys(t.Context(), outputs["DistributionId"])
	if err != nil {
		t.Fatal(err)
	}
	if public := trusted[outputs["KeyPairId"]]; len(trusted) != 1 || public == nil || !public.Equal(key.PublicKey()) {
		t.Errorf("the imported key is not the only trusted key under the id %s: the distribution trusts %d", outputs["KeyPairId"], len(trusted))
	}
	p.checkSigning(t, environment)
	p.wantHealthy(t, environment)
	p.editsAnImportedKey(t, environment)

	p.destroy(t, environment)
}

// editsAnImportedKey puts another public key in the place of the current one. CloudFront
// cannot change a public key, and viewers would be refused.
func (p *app) editsAnImportedKey(t *testing.T, environment string) {
	t.Helper()
	before := identities(p.checkResources(t, stackName(environment)))
	p.run(t, p.signedfront, "keygen", "--out", filepath.Join(p.folder, "other"))
	private, err := os.ReadFile(filepath.Join(p.folder, "other", "private_key.pem"))
	if err != nil {
		t.Fatal(err)
	}
	p.imported = append(p.imported, private)
	file := func(name string) {
		p.configure(t, func(environments map[string]any) {
			keys := environments[environment].(map[string]any)["signingKeys"].(map[string]any)["keys"].(map[string]any)
			keys["1"].(map[string]any)["publicKey"] = name
		})
	}
	file("other/public_key.pem")
	_, said, err := p.tryDeploy(t, environment)
	for _, reason := range []string{"signing key 1 is in CloudFront as ", "would become another key", "give the new key another number"} {
		if err == nil || !strings.Contains(said, reason) {
			t.Errorf("the deployment succeeds, or its output does not say %q: %v\n%s", reason, err, said)
		}
	}
	p.wantStatus(t, environment, "UPDATE_ROLLBACK_COMPLETE")
	wantSame(t, identities(p.checkResources(t, stackName(environment))), before)
	file("public_key.pem")
	p.checkSigning(t, environment)
}
