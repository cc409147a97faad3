package deploytest

import (
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
)

// deploysAgain deploys the same app again. Nothing may change.
func (p *app) deploysAgain(t *testing.T) {
	before, events := snapshot(p.checkResources(t, stackName("dev"))), p.events(t, stackName("dev"))
	_, said := p.deploy(t, "dev")
	if !strings.Contains(said, "(no changes)") {
		t.Errorf("the command line does not say that nothing changed:\n%s", said)
	}
	wantSame(t, snapshot(p.checkResources(t, stackName("dev"))), before)
	if now := p.events(t, stackName("dev")); len(now) != len(events) {
		t.Errorf("the second deployment made events: %v", now[:len(now)-len(events)])
	}
	p.checkGenerations(t, "dev", 1)
}

// events returns the events of a stack, one a line, the newest first.
func (a *account) events(t *testing.T, stack string) (lines []string) {
	t.Helper()
	pages := cloudformation.NewDescribeStackEventsPaginator(a.cloudFormation, &cloudformation.DescribeStackEventsInput{StackName: &stack})
	for pages.HasMorePages() {
		page, err := pages.NextPage(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range page.StackEvents {
			lines = append(lines, strings.Join([]string{
				aws.ToString(e.LogicalResourceId), aws.ToString(e.PhysicalResourceId), string(e.ResourceStatus),
				aws.ToString(e.ResourceStatusReason), aws.ToString(e.ResourceProperties),
			}, " "))
		}
	}
	return lines
}
