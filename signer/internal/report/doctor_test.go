package report

import (
	"strings"
	"testing"

	"github.com/signedfront/signedfront/signer/internal/doctor"
)

func TestChecksAreCountedByGroupAndFailuresAreShownInFull(t *testing.T) {
	r := &doctor.Report{URL: "https://d111111abcdef8.cloudfront.net", Requests: 12, Checks: []doctor.Result{
		{Group: "attacker", Check: "unsigned", Asks: "is it refused?", Outcome: doctor.Failed, What: "answered 200", Meaning: "all read it", Do: "deploy again"},
		{Group: "attacker", Check: "expired", Asks: "is it refused?", Outcome: doctor.Passed, What: "refused"},
		{Group: "page", Check: "cors", Asks: "may it?", Outcome: doctor.NotAsked, What: "give --origin"},
		{Group: "page", Check: "preflight", Asks: "may it?", Outcome: doctor.NotAsked, What: "give --origin"},
		{Group: "viewer", Check: "head", Asks: "is it?", Outcome: doctor.CouldNotAsk, What: "no \x1b answer"},
	}}
	for _, test := range []struct {
		name string
		all  bool
		want string
	}{
		{"groups", false, `ASKED        https://d111111abcdef8.cloudfront.net, 12 requests

GROUP     PASSED  FAILED  COULD NOT ASK  NOT ASKED
attacker  1       1       0              0
page      0       0       0              2
viewer    0       0       1              0

FAILED 1
unsigned: is it refused?: answered 200
  meaning: all read it
  do: deploy again

COULD NOT ASK 1
head: "no \x1b answer"

NOT ASKED 2
cors, preflight: give --origin
`},
		{"all", true, `GROUP     CHECK      RESULT         ASKS
attacker  unsigned   failed         is it refused?
attacker  expired    passed         is it refused?
page      cors       not asked      may it?
page      preflight  not asked      may it?
viewer    head       could not ask  is it?
`},
	} {
		var b strings.Builder
		if err := Doctor(&b, r, test.all, false); err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(b.String(), test.want) || !test.all && b.String() != test.want {
			t.Errorf("%s:\n%s", test.name, b.String())
		}
	}
}

func TestTheLastLineOfDoctorSaysWhetherAllIsWell(t *testing.T) {
	for want, o := range map[string]doctor.Outcome{"healthy: ": doctor.Passed, "not known: ": doctor.CouldNotAsk} {
		var b strings.Builder
		r := &doctor.Report{Checks: []doctor.Result{{Group: "viewer", Check: "head", Outcome: o}}, Healthy: o == doctor.Passed}
		if err := Doctor(&b, r, false, true); err != nil {
			t.Fatal(err)
		}
		lines := strings.Split(strings.TrimSpace(b.String()), "\n")
		if last := lines[len(lines)-1]; !strings.Contains(last, want) || !strings.HasPrefix(last, "\x1b[3") {
			t.Errorf("%s: %q", o, last)
		}
	}
}
