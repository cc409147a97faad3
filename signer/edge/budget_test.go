package edge

import (
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

func TestAFloodOfForgedURLsIsToldLessAndIsRefusedAsBefore(t *testing.T) {
	s := serve(t)
	forged := strings.Replace(strings.TrimPrefix(s.sign("/a%20b.txt"), s.url), "%20", "+", 1)
	told := map[string]int{}
	for len(told) < 2 && told["rewritten"] < 50_000 {
		w := httptest.NewRecorder()
		s.edge.ServeHTTP(w, s.request("GET", forged))
		if w.Code != 403 || w.Body.String() != signatureBody("AccessDenied", "Access denied") {
			t.Fatalf("%d %q", w.Code, w.Body)
		}
		reason, _, _ := strings.Cut(w.Header().Get(reasonHeader), ":")
		told[reason]++
	}
	if told["rewritten"] == 0 || told["signature"] == 0 {
		t.Errorf("the reasons are %v", told)
	}
	// Whoever looks is told, budget or not.
	if x := s.edge.Explain(Record{Target: forged}); x.Verdict.Reason != "rewritten" {
		t.Errorf("explained as %+v", x.Verdict)
	}
}

func TestABudgetIsAShareOfTheTimeThatPasses(t *testing.T) {
	spent := func(b *budget) bool { return !b.spend(func() {}) }
	var b budget
	if spent(&b) {
		t.Error("the zero budget has nothing")
	}
	b = budget{left: 0, at: time.Now().Add(time.Hour)} // no time passes
	if !spent(&b) {
		t.Error("there is no end of it")
	}
	b = budget{left: -explainStart, at: time.Now().Add(-explainShare * explainStart / 2)}
	if !spent(&b) {
		t.Error("it is back before its time")
	}
	b = budget{left: -explainStart, at: time.Now().Add(-2 * explainShare * explainStart)}
	if spent(&b) {
		t.Error("it does not come back")
	}
	b = budget{at: time.Now().Add(-1000 * time.Hour)}
	b.spend(func() {})
	if b.left > explainStart {
		t.Errorf("%s were saved up", b.left)
	}
	// What has started and not ended counts already.
	b = budget{left: explainCost, at: time.Now().Add(time.Hour)}
	b.spend(func() {
		if !spent(&b) {
			t.Error("a second one started")
		}
		time.Sleep(explainCost)
	})
	if b.left > 0 {
		t.Errorf("%s are left of it", b.left)
	}
}
