//go:build deploy

package deploytest

import (
	"context"
	"fmt"
	"slices"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	secrettypes "github.com/aws/aws-sdk-go-v2/service/secretsmanager/types"

	"github.com/signedfront/signedfront/signer"
)

// borrows makes an environment of a pull request, which borrows the keys of
// dev. They rotate there, and the borrower is not deployed again.
func (p *app) borrows(t *testing.T) {
	const (
		borrower = "pr-42"
		lender   = "/signedfront/" + project + "/dev"
	)
	only := []string{"-c", "env=" + borrower}
	lend := func(current int, keys ...string) {
		t.Helper()
		generations := map[string]any{}
		for _, key := range keys {
			generations[key] = map[string]any{}
		}
		p.configure(t, func(environments map[string]any) {
			environments["dev"] = development(generations, current)
			environments["dev"].(map[string]any)["lendKeys"] = true
			environments["pr-*"] = map[string]any{"ephemeral": true, "signingKeys": map[string]any{"from": "dev"}}
		})
		p.deploy(t, "dev")
		p.checkGenerations(t, "dev", len(keys))
		p.wantLent(t, lender)
	}

	lend(2, "2", "4")
	p.deploy(t, borrower, only...)
	resources := p.checkResources(t, stackName(borrower))
	for _, kind := range []string{"AWS::SecretsManager::Secret", "AWS::CloudFront::PublicKey", "AWS::CloudFront::KeyGroup", "Custom::SigningKeyPair"} {
		if own := ofType(resources, kind); len(own) > 0 {
			t.Errorf("who borrows has %d of %s", len(own), kind)
		}
	}
	policy, err := p.policy(t.Context(), p.physicalID(t, borrower, "AWS::IAM::ManagedPolicy"))
	if err != nil {
		t.Fatal(err)
	}
	if documents := policy.allowed("ssm:GetParameter"); !slices.Contains(documents, "arn:aws:ssm:"+region+":"+accountID+":parameter"+lender) {
		t.Errorf("who has the borrower's signing policy may read the documents %v", documents)
	}
	p.checkSigning(t, borrower)

	before, events := snapshot(resources), len(p.events(t, stackName(borrower)))
	running := p.watch(t, borrower, func(_ context.Context, document *signer.Deployment, _ map[string]*signer.PublicKey) error {
		if document.Key.Parameter != lender {
			return fmt.Errorf("the borrower's document does not point at the lender's: %+v", document)
		}
		return nil
	})
	first := running.signsFirst(t)
	lend(4, "2", "4")
	second := running.rotated(t)
	lend(4, "4")
	running.stop(t, first, second)
	p.checkSigning(t, borrower)
	wantSame(t, snapshot(p.checkResources(t, stackName(borrower))), before)
	if now := len(p.events(t, stackName(borrower))); now != events {
		t.Errorf("the borrower's stack had %d events, has %d", events, now)
	}

	p.destroy(t, borrower, only...)
	p.checkGenerations(t, "dev", 1)
}

// wantLent wants that the lender's secrets have the tag by which a borrower's
// policy knows them: the name of the lender's document.
func (p *app) wantLent(t *testing.T, document string) {
	t.Helper()
	for _, r := range ofType(p.resources(t, stackName("dev")), "AWS::SecretsManager::Secret") {
		answer, err := p.secrets.DescribeSecret(t.Context(), &secretsmanager.DescribeSecretInput{SecretId: &r.physicalID})
		if err != nil {
			t.Fatal(err)
		}
		if !slices.ContainsFunc(answer.Tags, func(tag secrettypes.Tag) bool {
			return aws.ToString(tag.Key) == "signedfront:lends" && aws.ToString(tag.Value) == document
		}) {
			t.Errorf("the secret %s is lent, and has the tags %v", r.physicalID, answer.Tags)
		}
	}
}
