package doctor

import (
	"context"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"

	"github.com/signedfront/signedfront/signer/internal/awsaccount"
	"github.com/signedfront/signedfront/signer/internal/status"
	"github.com/signedfront/signedfront/signer/internal/status/statustest"
)

// called is an HTTP client that calls an account without a network.
type called struct{ account *statustest.Account }

func (c called) Do(r *http.Request) (*http.Response, error) {
	w := httptest.NewRecorder()
	c.account.ServeHTTP(w, r)
	return w.Result(), nil
}

func inside(ctx context.Context, t *testing.T, a *statustest.Account) []Result {
	t.Helper()
	return Inside(statusOf(ctx, t, a))
}

func statusOf(ctx context.Context, t *testing.T, a *statustest.Account) *status.Report {
	t.Helper()
	account := awsaccount.New(aws.Config{
		Region: statustest.Region, Credentials: credentials.NewStaticCredentialsProvider("AKIDEXAMPLE", "secret", ""), HTTPClient: called{a}, BaseEndpoint: aws.String("http://127.0.0.1"), RetryMaxAttempts: 1,
	})
	report, err := status.Read(ctx, account, status.Environment{Project: "media", Name: "dev", Region: statustest.Region})
	if err != nil {
		t.Fatal(err)
	}
	return report
}

func TestAHealthyEnvironmentOfEachKindPassesInside(t *testing.T) {
	for _, kind := range statustest.Kinds() {
		for _, result := range inside(t.Context(), t, statustest.Healthy(kind)) {
			if result.Outcome != Passed {
				t.Errorf("%s: %+v", kind, result)
			}
		}
	}
}

func TestEachAccidentIsFoundByTheLineOfItsCheckAlone(t *testing.T) {
	for _, accident := range statustest.Accidents() {
		t.Run(accident.Name, func(t *testing.T) {
			a := statustest.Healthy(accident.Kind)
			accident.Happens(a)
			found := statusOf(t.Context(), t, a)
			finds := func(r Result) bool {
				return r.Outcome == Failed && r.Check == accident.Check && strings.Contains(r.What, accident.Says) && r.Meaning != "" && r.Do != ""
			}
			if results := Inside(found); !slices.ContainsFunc(results, finds) {
				t.Errorf("not found by %s: %+v", accident.Check, results)
			}
			// No other check finds it.
			found.Findings = slices.DeleteFunc(found.Findings, func(f status.Finding) bool { return f.Check == accident.Check })
			for _, result := range Inside(found) {
				if strings.Contains(result.What, accident.Says) {
					t.Errorf("without %s it is found by %+v", accident.Check, result)
				}
			}
		})
	}
}

func TestAChangeThatNotEveryEdgeHasIsFound(t *testing.T) {
	a := statustest.Healthy("shipped")
	a.Distributions[a.DistributionID].Deployed = false
	results := inside(t.Context(), t, a)
	if last := results[len(results)-1]; last.Check != "propagation" || last.Outcome != Failed || !strings.Contains(last.Do, "wait") {
		t.Errorf("%+v", results)
	}
}

func TestARightThatIsMissingIsNamedAndIsNotAFault(t *testing.T) {
	for _, kind := range []string{"kms", "shipped", "lender", "borrower"} {
		whole := statustest.Healthy(kind)
		statusOf(t.Context(), t, whole)
		for _, call := range whole.Calls() {
			a := statustest.Healthy(kind)
			a.Fail[call.Action] = "AccessDenied"
			found := statusOf(t.Context(), t, a)
			needed := slices.ContainsFunc(found.Unread, func(u status.Unread) bool { return u.Needed })
			named := false
			for _, result := range Inside(found) {
				if result.Outcome == Failed {
					t.Errorf("%s without %s: %+v", kind, call.Action, result)
				}
				named = named || result.Outcome == CouldNotAsk && strings.Contains(result.What, call.Action)
			}
			if named != needed {
				t.Errorf("%s without %s: named is %t", kind, call.Action, named)
			}
		}
	}
}

func TestFindingsOfAStatusAreChecksThatFailed(t *testing.T) {
	healthy := status.Report{Served: &status.Served{Deployed: true}}
	finding := status.Finding{Check: "secret", What: "there is none", Meaning: "nothing is signed", Do: "restore it"}
	for name, test := range map[string]struct {
		change func(s *status.Report)
		want   []Outcome
	}{
		"nothing":                      {func(*status.Report) {}, []Outcome{Passed, Passed}},
		"a finding":                    {func(s *status.Report) { s.Findings = append(s.Findings, finding) }, []Outcome{Failed, Passed}},
		"a needed part was not read":   {func(s *status.Report) { s.Unread = append(s.Unread, status.Unread{Needed: true}) }, []Outcome{CouldNotAsk, Passed}},
		"another part was not read":    {func(s *status.Report) { s.Unread = append(s.Unread, status.Unread{}) }, []Outcome{Passed, Passed}},
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
