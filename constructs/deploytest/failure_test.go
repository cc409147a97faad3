//go:build deploy

package deploytest

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
)

// failOnce has the next resource of a type not be made.
func (a *account) failOnce(t *testing.T, kind string) {
	t.Helper()
	writeFile(t, filepath.Join(a.scratch, "fail-once"), []byte(kind))
}

// failsInTheMiddle adds a key whose public half CloudFront does not take the
// first time, when its private half is made already.
func (p *app) failsInTheMiddle(t *testing.T) {
	resources := p.checkResources(t, stackName("dev"))
	before, secrets := snapshot(resources), len(ofType(resources, "AWS::SecretsManager::Secret"))
	p.configure(t, func(environments map[string]any) {
		environments["dev"] = development(map[string]any{"2": map[string]any{}, "3": map[string]any{"algorithm": "rsa-2048"}}, 2)
	})

	p.failOnce(t, "AWS::CloudFront::PublicKey")
	if _, said, err := p.tryDeploy(t, "dev"); err == nil {
		t.Fatalf("it did not fail:\n%s", said)
	}
	if status := p.stackStatus(t, "dev"); status != "UPDATE_ROLLBACK_COMPLETE" {
		t.Fatalf("the stack is %s", status)
	}
	after := snapshot(p.checkResources(t, stackName("dev")))
	for id := range after {
		// What was changed and changed back was changed.
		after[id] = [2]string{after[id][0], before[id][1]}
	}
	wantSame(t, after, before)
	p.checkGenerations(t, "dev", secrets)

	p.deploy(t, "dev")
	p.checkGenerations(t, "dev", secrets+1)
}

// failsAtFirst has the first deployment of an environment fail, which
// CloudFormation then rolls back, and deploys it again.
func (p *app) failsAtFirst(t *testing.T) {
	p.failOnce(t, "AWS::CloudFront::Distribution")
	if _, said, err := p.tryDeploy(t, "dev"); err == nil {
		t.Fatalf("it did not fail:\n%s", said)
	}
	if status := p.stackStatus(t, "dev"); status != "ROLLBACK_COMPLETE" {
		t.Fatalf("the stack is %s", status)
	}
	if left := p.leftovers(t); !slices.Equal(left, []string{"stack " + stackName("dev")}) {
		t.Errorf("the failed deployment left\n%s", strings.Join(left, "\n"))
	}

	p.deploy(t, "dev")
	p.checkGenerations(t, "dev", 2)
	p.checkSigning(t, "dev")
	p.destroy(t, "dev")
	p.wantNothingLeft(t)
}

// stackStatus is CloudFormation's word for how the stack of an environment is.
func (a *account) stackStatus(t *testing.T, environment string) string {
	t.Helper()
	name := stackName(environment)
	answer, err := a.cloudFormation.DescribeStacks(t.Context(), &cloudformation.DescribeStacksInput{StackName: &name})
	if err != nil {
		t.Fatal(err)
	}
	return string(answer.Stacks[0].StackStatus)
}
