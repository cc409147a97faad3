package doctor

import (
	"slices"
	"testing"

	"github.com/signedfront/signedfront/signer/internal/status"
)

func TestFindingsOfAStatusAreChecksThatFailed(t *testing.T) {
	healthy := status.Report{Served: &status.Served{Deployed: true}}
	finding := status.Finding{Check: "secret", What: "there is none", Meaning: "nothing is signed", Do: "restore it"}
	for name, test := range map[string]struct {
		change func(s *status.Report)
		want   []Outcome
	}{
		"nothing":                      {func(*status.Report) {}, []Outcome{Passed, Passed}},
		"a finding":                    {func(s *status.Report) { s.Findings = append(s.Findings, finding) }, []Outcome{Failed, Passed}},
		"a needed thing was not read":  {func(s *status.Report) { s.Unread = append(s.Unread, status.Unread{Needed: true}) }, []Outcome{CouldNotAsk, Passed}},
		"another thing was not read":   {func(s *status.Report) { s.Unread = append(s.Unread, status.Unread{}) }, []Outcome{Passed, Passed}},
		"a change that is in progress": {func(s *status.Report) { s.Served = &status.Served{} }, []Outcome{Passed, Failed}},
		"a distribution was not read":  {func(s *status.Report) { s.Served = nil }, []Outcome{Passed}},
	} {
		s := healthy
		test.change(&s)
		r := &Report{Healthy: true}
		r.Add(Inside(&s)...)
		var got []Outcome
		for _, result := range r.Checks {
			got = append(got, result.Outcome)
		}
		bad := slices.Contains(got, Failed) || slices.Contains(got, CouldNotAsk)
		if !slices.Equal(got, test.want) || r.Healthy == bad {
			t.Errorf("%s: %q, healthy: %t", name, got, r.Healthy)
		}
	}
	if got := Inside(&status.Report{Findings: []status.Finding{finding}})[0]; got.Check != "secret" || got.What != finding.What || got.Meaning != finding.Meaning || got.Do != finding.Do {
		t.Errorf("%+v", got)
	}
}
