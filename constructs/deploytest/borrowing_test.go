package deploytest

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	secrettypes "github.com/aws/aws-sdk-go-v2/service/secretsmanager/types"

	"github.com/signedfront/signedfront/signer"
)

const (
	borrower     = "pr-42"
	lender       = "/signedfront/" + project + "/dev"
	exportPrefix = "signedfront:lent-key-group:signedfront:" + project + ":"
)

// onlyTheBorrower are the options that leave only the borrower in the app.
var onlyTheBorrower = []string{"-c", "env=" + borrower}

// borrows deploys an environment of a pull request, which borrows the keys of dev. The
// keys of dev rotate, and the borrower is not deployed again.
func (p *app) borrows(t *testing.T) {
	p.wantLenders(t)
	lending := func(current int, keys ...string) map[string]any {
		generations := map[string]any{}
		for _, key := range keys {
			generations[key] = map[string]any{}
		}
		dev := development(generations, current)
		dev["lendKeys"] = true
		return dev
	}
	lend := func(dev map[string]any, keys int) {
		t.Helper()
		p.configure(t, func(environments map[string]any) {
			environments["dev"] = dev
			environments["pr-*"] = map[string]any{"ephemeral": true, "signingKeys": map[string]any{"from": "dev"}}
		})
		p.deploy(t, "dev")
		p.checkGenerations(t, "dev", keys)
		p.wantLent(t, lender)
	}

	lend(lending(2, "2", "4"), 2)
	p.deploy(t, borrower, onlyTheBorrower...)
	resources := p.checkResources(t, stackName(borrower))
	for _, kind := range []string{"AWS::SecretsManager::Secret", "AWS::CloudFront::PublicKey", "AWS::CloudFront::KeyGroup", "Custom::SigningKeyPair"} {
		if own := ofType(resources, kind); len(own) > 0 {
			t.Errorf("the borrower has %d of %s, want none", len(own), kind)
		}
	}
	policy, err := p.policy(t.Context(), p.physicalID(t, borrower, "AWS::IAM::ManagedPolicy"))
	if err != nil {
		t.Fatal(err)
	}
	if documents := policy.allowed("ssm:GetParameter"); !slices.Contains(documents, "arn:aws:ssm:"+region+":"+accountID+":parameter"+lender) {
		t.Errorf("the borrower's signing policy allows reading the documents %v, want the lender's among them", documents)
	}
	p.checkSigning(t, borrower)
	p.wantHealthy(t, borrower)
	// Key 1 was removed while the account reported times a month ago. It now reports the
	// real times, by which the removal was too early.
	p.wantFound(t, "dev", "retired", "was removed from the key group too early")

	before, events := snapshot(resources), len(p.events(t, stackName(borrower)))
	running := p.watch(t, borrower, func(_ context.Context, document *signer.Deployment, _ map[string]*signer.PublicKey) error {
		if document.Key.Parameter != lender {
			return fmt.Errorf("the borrower's document does not point at the lender's: %+v", document)
		}
		return nil
	})
	first := running.signsFirst(t)
	p.later(t)
	lend(lending(4, "2", "4"), 2)
	second := running.rotated(t)
	p.atOnce(t)
	p.wantRefused(t, lending(4, "4"), "signing key 2 (", "signed until ")
	compromised := lending(4, "4")
	compromised["signingKeys"].(map[string]any)["compromised"] = []int{2}
	lend(compromised, 1)
	running.stop(t, first, second)
	p.checkSigning(t, borrower)
	p.wantHealthy(t, "dev") // the removed key was compromised
	wantSame(t, snapshot(p.checkResources(t, stackName(borrower))), before)
	if now := len(p.events(t, stackName(borrower))); now != events {
		t.Errorf("the borrower's stack had %d events, and has %d now", events, now)
	}

	p.lendsWhileSomebodyBorrows(t)
	p.destroy(t, borrower, onlyTheBorrower...)
	p.checkGenerations(t, "dev", 1)
}

// wantLenders deploys a borrower without a lender, and then one whose lender does not
// lend. Each deployment must fail and name the lender.
func (p *app) wantLenders(t *testing.T) {
	t.Helper()
	before := len(p.events(t, stackName("dev")))
	for _, from := range []string{"spare", "dev"} {
		p.configure(t, func(environments map[string]any) {
			environments[from] = map[string]any{"ephemeral": true, "lendKeys": true}
			environments["pr-*"] = map[string]any{"ephemeral": true, "signingKeys": map[string]any{"from": from}}
		})
		_, said, err := p.tryDeploy(t, borrower, onlyTheBorrower...)
		if err == nil || !strings.Contains(said, exportPrefix+from) {
			t.Fatalf("the deployment of a borrower of %s succeeds, or its output does not name the export: %v\n%s", from, err, said)
		}
		p.wantStatus(t, borrower, "ROLLBACK_COMPLETE")
	}
	p.configure(t, func(environments map[string]any) { delete(environments, "spare") })
	if now := len(p.events(t, stackName("dev"))); now != before {
		t.Errorf("dev had %d events, and has %d now", before, now)
	}
}

// lendsWhileSomebodyBorrows destroys the lender, and then has it stop lending.
// CloudFormation refuses the first before it changes anything, and the second before it
// deletes anything. The guard refuses the second before anything is changed.
func (p *app) lendsWhileSomebodyBorrows(t *testing.T) {
	t.Helper()
	unharmed := func(before, after map[string]*resource) {
		t.Helper()
		wantSame(t, identities(after), identities(before))
		p.checkGenerations(t, "dev", 1)
		p.wantLent(t, lender)
		p.checkSigning(t, "dev")
		p.checkSigning(t, borrower)
	}
	of := func(environment string) (map[string]*resource, int) {
		t.Helper()
		return p.checkResources(t, stackName(environment)), len(p.events(t, stackName(environment)))
	}
	dev, events := of("dev")
	borrowers, borrowersEvents := of(borrower)

	said, err := p.cdk(t, p.folder, "destroy", stackName("dev"), "--force")
	if err == nil || !strings.Contains(said, exportPrefix+"dev is imported by stack "+stackName(borrower)) {
		t.Fatalf("the lender is destroyed, or the output does not name the borrower: %v\n%s", err, said)
	}
	after, now := of("dev")
	if now != events {
		t.Errorf("the refused deletion made %d events, want none", now-events)
	}
	unharmed(dev, after)

	p.configure(t, func(environments map[string]any) {
		delete(environments, "pr-*")
		delete(environments["dev"].(map[string]any), "lendKeys")
	})
	p.wantRolledBack(t, "is lent to the distributions \""+p.physicalID(t, borrower, "AWS::CloudFront::Distribution")+"\", and this deployment would stop lending it")
	after, _ = of("dev")
	unharmed(dev, after)
	p.configure(t, func(environments map[string]any) {
		environments["dev"].(map[string]any)["guard"] = false
		delete(environments["dev"].(map[string]any)["signingKeys"].(map[string]any), "compromised")
	})
	_, said, err = p.tryDeploy(t, "dev")
	if err == nil || !strings.Contains(said, exportPrefix+"dev cannot be deleted as it is in use by "+stackName(borrower)) {
		t.Fatalf("the lender stops lending, or the output does not name the borrower: %v\n%s", err, said)
	}
	p.wantStatus(t, "dev", "UPDATE_ROLLBACK_COMPLETE")
	after, _ = of("dev")
	unharmed(dev, after)
	after, now = of(borrower)
	wantSame(t, snapshot(after), snapshot(borrowers))
	if now != borrowersEvents {
		t.Errorf("the borrower's stack had %d events, and has %d now", borrowersEvents, now)
	}
	p.configure(t, func(environments map[string]any) {
		environments["dev"].(map[string]any)["lendKeys"] = true
		delete(environments["dev"].(map[string]any), "guard")
		environments["pr-*"] = map[string]any{"ephemeral": true, "signingKeys": map[string]any{"from": "dev"}}
	})
}

// identities returns the physical ids without the times: a rollback changes the times.
func identities(resources map[string]*resource) map[string][2]string {
	ids := snapshot(resources)
	for id := range ids {
		ids[id] = [2]string{ids[id][0]}
	}
	return ids
}

// wantLent checks that the lender's secrets have the tag that a borrower's policy names:
// the name of the lender's document.
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
