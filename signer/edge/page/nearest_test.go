package page

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/signedfront/signedfront/signer"
)

func TestAURLThatTheEdgeOpenedIsKnownAgainWithMoreThanOneByteWrong(t *testing.T) {
	s := start(t, template(t), pictures)
	target := s.sign("/albums/7/a%20b.png")
	if status, _ := s.visit(target); status != 200 {
		t.Fatal(status)
	}
	s.observed(1)
	damaged := strings.Replace(target, "albums/7/a%20b.png", "albums/7/c%20d.png", 1)
	found, ok := s.page.findSigned(t.Context(), signer.Request{URL: s.base + damaged, Time: time.Now()}, keysFor(s.edge, "*"))
	if !ok || found != s.base+target {
		t.Errorf("found %t %s", ok, found)
	}
}

func TestTheSearchForAWrongByteEnds(t *testing.T) {
	s := start(t, template(t), pictures)
	target := strings.Replace(s.sign("/rt.png"), "/rt.png", "/"+strings.Repeat("another", 40), 1)
	s.page.maxSearch = time.Second
	began := time.Now()
	if found, ok := s.page.findSigned(t.Context(), signer.Request{URL: s.base + target, Time: time.Now()}, keysFor(s.edge, "*")); ok {
		t.Errorf("found %s", found)
	}
	if took := time.Since(began); took > 10*time.Second {
		t.Errorf("it took %s", took)
	}
}

func TestTheTargetsThatAreRememberedAreBounded(t *testing.T) {
	var o opened
	for i := range 3 * maxOpened {
		o.keep(fmt.Sprintf("/x?Expires=%d", i))
		o.keep("/again?Expires=1")
		o.keep("/unsigned")
	}
	if got := len(o.list()); got != maxOpened {
		t.Errorf("%d targets are remembered", got)
	}
}
