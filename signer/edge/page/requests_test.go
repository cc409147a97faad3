package page

import (
	"bufio"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/signedfront/signedfront/signer/edge"
)

func TestTheLastRequestsAreKept(t *testing.T) {
	var q requests
	for i := range maxRequests + 5 {
		q.add(observed{record: edge.Record{Target: fmt.Sprintf("/%d", i)}})
	}
	kept, _ := q.after(0)
	if len(kept) != maxRequests || kept[0].record.Target != "/5" || kept[0].id != 6 {
		t.Errorf("%d are kept, the first is %+v", len(kept), kept[0])
	}
	if newer, _ := q.after(q.last - 3); len(newer) != 3 || newer[2].id != q.last {
		t.Errorf("newer: %v", newer)
	}
	if newer, _ := q.after(q.last + 100); len(newer) != 0 {
		t.Errorf("newer than there are: %v", newer)
	}
	if _, ok := q.find(5); ok {
		t.Error("a request that is dropped is found")
	}
	if o, ok := q.find(6); !ok || o.record.Target != "/5" {
		t.Errorf("found %t %+v", ok, o)
	}
	if _, ok := q.find(q.last + 1); ok {
		t.Error("a request that is not yet there is found")
	}
}

func TestRequestsOfMuchTextAreKeptWithinABound(t *testing.T) {
	var q requests
	large := strings.Repeat("x", 30<<10)
	for range maxRequests {
		q.add(observed{record: edge.Record{Target: "/rt.png", Cookies: []string{large}}})
	}
	kept, _ := q.after(0)
	size := 0
	for _, o := range kept {
		size += o.size()
	}
	if size > maxKept || size < maxKept/2 || size != q.size {
		t.Errorf("%d requests of %d bytes are kept, counted as %d", len(kept), size, q.size)
	}
}

// message is a line of the stream.
type message struct {
	Requests []summary
	Swapped  bool
}

// stream reads the stream of requests until it is closed.
func (s *site) stream(after string) (next func() message, stop func()) {
	s.Helper()
	r, err := http.NewRequest(http.MethodGet, s.address+"/api/requests?after="+after, nil)
	if err != nil {
		s.Fatal(err)
	}
	r.Header.Set(tokenHeader, s.page.token)
	response, err := http.DefaultTransport.RoundTrip(r)
	if err != nil {
		s.Fatal(err)
	}
	lines := bufio.NewScanner(response.Body)
	next = func() message {
		for lines.Scan() {
			var m message
			if err := json.Unmarshal(lines.Bytes(), &m); err != nil {
				s.Fatal(err)
			}
			if m.Swapped || len(m.Requests) > 0 {
				return m
			}
		}
		s.Fatal("the stream has ended")
		return message{}
	}
	return next, func() { response.Body.Close() }
}

func TestRequestsAreShownAsTheyAreAnswered(t *testing.T) {
	s := start(t, template(t), pictures)
	s.visit("/rt.png")
	s.observed(1)
	next, stop := s.stream("0")
	defer stop()
	if got := next().Requests; len(got) != 1 || got[0].Verdict != "refused" || got[0].Status != 403 || got[0].Code != "MissingKey" || got[0].Path != "/rt.png" || got[0].Behavior != "*" || !strings.HasPrefix(got[0].Reason, "unsigned: ") {
		t.Errorf("%+v", got)
	}
	signed := s.sign("/albums/7/a%20b.png")
	s.visit(signed)
	got := next().Requests
	if len(got) != 1 || got[0].Verdict != "allowed" || got[0].Status != 200 || got[0].Object != "albums/7/a b.png" || got[0].Key == "" || got[0].Address != "127.0.0.1" {
		t.Errorf("%+v", got)
	}
	text, err := json.Marshal(got)
	if err != nil || strings.Contains(string(text), "Signature") {
		t.Errorf("a list holds what opens the object: %s", text)
	}
	later, stopLater := s.stream(fmt.Sprint(got[0].ID))
	defer stopLater()
	s.visit("/none.png")
	if got := later().Requests; len(got) != 1 || got[0].Path != "/none.png" {
		t.Errorf("after the last one: %+v", got)
	}
}

func TestASwappedEdgeIsTold(t *testing.T) {
	s := start(t, template(t), pictures)
	next, stop := s.stream("0")
	defer stop()
	e, err := edge.New(s.config)
	if err != nil {
		t.Fatal(err)
	}
	s.current.Store(e)
	if m := next(); !m.Swapped {
		t.Errorf("%+v", m)
	}
}

func TestARequestIsExplainedCheckByCheck(t *testing.T) {
	s := start(t, template(t), pictures)
	s.visit(s.sign("/rt.png"))
	s.visit(strings.Replace(s.sign("/rt.png"), "rt.png", "rs.png", 1))
	s.observed(2)
	var x explanation
	if status := s.call(http.MethodGet, "/api/requests/1", nil, &x); status != http.StatusOK || x.Verdict != "allowed" || x.Policy == nil || x.Policy.Kind != "canned" || x.Policy.Resource != s.base+"/rt.png" {
		t.Errorf("%d %+v", status, x)
	}
	for _, c := range x.Checks {
		if c.Result != "passed" && c.Result != "not made" {
			t.Errorf("%+v", c)
		}
	}
	x = explanation{}
	s.call(http.MethodGet, "/api/requests/2", nil, &x)
	failed := 0
	for _, c := range x.Checks {
		if c.Result == "failed" {
			failed++
			if c.Name != "Signature" {
				t.Errorf("failed: %+v", c)
			}
		}
	}
	d := x.Difference
	if x.Verdict != "refused" || x.Code != "AccessDenied" || failed != 1 || d == nil || d.Arrived[d.Offset] != 's' || d.Signed[d.Offset] != 't' {
		t.Errorf("%+v, difference %+v", x, d)
	}
	for _, id := range []string{"0", "3", "-1", "x", "99999999999999999999"} {
		var p problem
		if status := s.call(http.MethodGet, "/api/requests/"+id, nil, &p); status != http.StatusNotFound || p.Error == "" {
			t.Errorf("request %s: %d %q", id, status, p.Error)
		}
	}
}

func TestWhatABrowserHidesIsTold(t *testing.T) {
	s := start(t, template(t, behaviors+".0", behavior("/rt.png", false)), pictures)
	s.visit("/rt.png", "Origin", "https://app.example.com", "Sec-Fetch-Mode", "cors")
	s.observed(1)
	kept, _ := s.page.requests.after(0)
	if got := summarize(kept[0]); !got.Hidden || got.Verdict != "allowed" {
		t.Errorf("%+v", got)
	}
	if got := shownHidden("MIIEpAIBAAKCAQEA", `a browser hides this response from a page of "MIIEpAIBAAKCAQEA" (CORS): it has none`); got != "a browser hides this response from the page that requested it (CORS): it has none" {
		t.Error(got)
	}
	if got := shownHidden("MIIEpAIBAAKCAQEA", ""); got != "" {
		t.Error(got)
	}
	var x explanation
	if s.call(http.MethodGet, "/api/requests/1", nil, &x); !strings.Contains(x.Hidden, "Access-Control-Allow-Origin") {
		t.Errorf("%+v", x)
	}
}

func TestManyRequestsAndViewersAtOnce(t *testing.T) {
	s := start(t, template(t), pictures)
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			next, stop := s.stream("0")
			defer stop()
			for seen := int64(0); seen < 400; {
				list := next().Requests
				if list[0].ID != seen+1 {
					t.Errorf("after %d comes %d", seen, list[0].ID)
					return
				}
				seen = list[len(list)-1].ID
			}
		})
		all.Go(func() {
			for range 50 {
				s.page.Observe(edge.Record{Target: "/rt.png", Status: 403})
			}
		})
	}
	all.Wait()
}
