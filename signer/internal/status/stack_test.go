package status_test

import (
	"strings"
	"testing"

	"github.com/signedfront/signedfront/signer/internal/status/statustest"
)

// CloudFormation refuses continue-update-rollback in any state but
// UPDATE_ROLLBACK_FAILED, and rollback-stack in that one:
// https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_RollbackStack.html
func TestAFailedStackIsRepairedWithACommandThatItsStateAllows(t *testing.T) {
	for state, command := range map[string]string{
		"UPDATE_FAILED":          "aws cloudformation rollback-stack --stack-name media-dev",
		"UPDATE_ROLLBACK_FAILED": "aws cloudformation continue-update-rollback --stack-name media-dev",
		"DELETE_FAILED":          "destroy it again",
		"ROLLBACK_COMPLETE":      "destroy the stack and deploy again",
	} {
		a := statustest.Healthy("shipped")
		a.Stacks[a.StackName].State = state
		report, err := read(t, a)
		if err != nil {
			t.Fatal(err)
		}
		if len(report.Findings) != 1 || report.Findings[0].Check != "stack" || !strings.Contains(report.Findings[0].Do, command) {
			t.Errorf("%s: %+v, want one finding that says %s", state, report.Findings, command)
		}
	}
}
