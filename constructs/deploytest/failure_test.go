package deploytest

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/ssm"

	"github.com/signedfront/signedfront/signer"
)

// deployFailing deploys dev. The deployment fails at the next resource of a type, and
// the stack must end in status.
func (p *app) deployFailing(t *testing.T, kind, status string) {
	t.Helper()
	writeFile(t, filepath.Join(p.scratch, "fail-once"), []byte(kind))
	_, said, err := p.tryDeploy(t, "dev")
	if err == nil || !strings.Contains(said, kind+" fails once, as the test has asked") {
		t.Fatalf("it did not fail at %s: %v\n%s", kind, err, said)
	}
	p.wantStatus(t, "dev", status)
}

// wantStatus checks the status of an environment's stack.
func (a *account) wantStatus(t *testing.T, environment, status string) {
	t.Helper()
	name := stackName(environment)
	answer, err := a.cloudFormation.DescribeStacks(t.Context(), &cloudformation.DescribeStacksInput{StackName: &name})
	if err != nil {
		t.Fatal(err)
	}
	if is := string(answer.Stacks[0].StackStatus); is != status {
		t.Fatalf("%s is %s, want %s", name, is, status)
	}
}

// failsInTheMiddle adds a key. The first deployment fails at its public key, after its
// private key was made.
func (p *app) failsInTheMiddle(t *testing.T) {
	resources := p.checkResources(t, stackName("dev"))
	before, secrets := snapshot(resources), len(ofType(resources, "AWS::SecretsManager::Secret"))
	p.configure(t, func(environments map[string]any) {
		environments["dev"] = development(map[string]any{"2": map[string]any{}, "3": map[string]any{"algorithm": "rsa-2048"}}, 2)
	})

	p.deployFailing(t, "AWS::CloudFront::PublicKey", "UPDATE_ROLLBACK_COMPLETE")
	after := snapshot(p.checkResources(t, stackName("dev")))
	for id := range after {
		// A rollback changes the times.
		after[id] = [2]string{after[id][0], before[id][1]}
	}
	wantSame(t, after, before)
	p.checkGenerations(t, "dev", secrets)

	p.deploy(t, "dev")
	p.checkGenerations(t, "dev", secrets+1)
}

// failsLate makes key 2 current and adds a key. The deployment fails after the document
// names key 2. A deployment back to key 1 would be refused, because key 1 would become
// current in a key group that has just changed. The rollback must succeed all the same,
// and no viewer is refused.
func (p *app) failsLate(t *testing.T) {
	t.Helper()
	before := identities(p.checkResources(t, stackName("dev")))
	document, err := p.document(t.Context(), lender)
	if err != nil {
		t.Fatal(err)
	}
	p.configure(t, func(environments map[string]any) {
		environments["dev"] = development(map[string]any{"1": map[string]any{}, "2": map[string]any{}, "3": map[string]any{}}, 2)
	})
	writeFile(t, filepath.Join(p.scratch, "fail-after-once"), []byte("AWS::SSM::Parameter"))
	_, said, err := p.tryDeploy(t, "dev")
	if err == nil || !strings.Contains(said, "AWS::SSM::Parameter fails once, as the test has asked") {
		t.Fatalf("it did not fail at the document: %v\n%s", err, said)
	}
	p.wantStatus(t, "dev", "UPDATE_ROLLBACK_COMPLETE")
	wantSame(t, identities(p.checkResources(t, stackName("dev"))), before)

	history, err := p.ssm.GetParameterHistory(t.Context(), &ssm.GetParameterHistoryInput{Name: aws.String(lender)})
	if err != nil {
		t.Fatal(err)
	}
	var named []string
	for _, version := range history.Parameters {
		d, err := signer.ParseDeployment([]byte(*version.Value))
		if err != nil {
			t.Fatal(err)
		}
		named = append(named, d.KeyPairID)
	}
	if n := len(named); n < 3 || named[n-1] != document.KeyPairID || named[n-2] == document.KeyPairID {
		t.Errorf("the document named %q: want %s, then another key, then %[2]s again", named, document.KeyPairID)
	}
}

// failsAtFirst has the first deployment of an environment fail and roll back, and
// deploys it again.
func (p *app) failsAtFirst(t *testing.T) {
	p.configure(t, func(environments map[string]any) {
		clear(environments)
		environments["dev"] = development(map[string]any{"1": map[string]any{}, "2": map[string]any{}}, 1)
	})
	p.deployFailing(t, "AWS::CloudFront::Distribution", "ROLLBACK_COMPLETE")
	if left := p.leftovers(t); !slices.Equal(left, []string{"stack " + stackName("dev")}) {
		t.Errorf("the failed deployment left\n%s", strings.Join(left, "\n"))
	}

	p.deploy(t, "dev")
	p.checkGenerations(t, "dev", 2)
	p.checkSigning(t, "dev")
	p.deleteFailing(t, stackName("dev"), "AWS::S3::BucketPolicy")
	p.destroy(t, "dev")
	p.wantNothingLeft(t)
}
