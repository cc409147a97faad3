package page

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/signedfront/signedfront/signer"
)

// damages damage one byte of a URL.
var damages = map[string]func(url string) string{
	"a byte of the path is another one":      func(url string) string { return strings.Replace(url, "/rt.png", "/rs.png", 1) },
	"a byte of the path is missing":          func(url string) string { return strings.Replace(url, "/rt.png", "/r.png", 1) },
	"a byte was added to the path":           func(url string) string { return strings.Replace(url, "/rt.png", "/rtt.png", 1) },
	"two bytes of the path changed places":   func(url string) string { return strings.Replace(url, "/rt.png", "/tr.png", 1) },
	"a digit of the expiry is another one":   func(url string) string { return strings.Replace(url, "Expires=1", "Expires=2", 1) },
	"a digit of the expiry is missing":       func(url string) string { return strings.Replace(url, "Expires=1", "Expires=", 1) },
	"a byte of the signature is another one": func(url string) string { return swapAfter(url, "Signature=", 20) },
	"a byte of the signature is missing": func(url string) string {
		at := strings.Index(url, "Signature=") + 30
		return url[:at] + url[at+1:]
	},
}

// swapAfter replaces a byte with another letter.
func swapAfter(url, name string, offset int) string {
	at := strings.Index(url, name) + len(name) + offset
	c := byte('A')
	if url[at] == c {
		c = 'B'
	}
	return url[:at] + string(c) + url[at+1:]
}

func TestAWrongByteOfAnySignedURLIsFound(t *testing.T) {
	for _, algorithm := range []signer.Algorithm{signer.ECDSAP256, signer.RSA2048} {
		key, err := signer.GenerateKey(algorithm)
		if err != nil {
			t.Fatal(err)
		}
		const id = "K2JCJMDEHXQW5F"
		s, err := signer.New(id, key, nil)
		if err != nil {
			t.Fatal(err)
		}
		signed, err := s.URL(t.Context(), "https://d111111abcdef8.cloudfront.net/rt.png", signer.Policy{TTL: time.Hour})
		if err != nil {
			t.Fatal(err)
		}
		p := start(t, template(t), pictures).page
		p.maxSearch = time.Minute
		for name, damage := range damages {
			if algorithm == signer.RSA2048 && strings.Contains(name, "signature") {
				continue // it is long and would take seconds
			}
			damaged := damage(signed)
			if damaged == signed {
				t.Fatalf("%s: nothing is damaged", name)
			}
			r := signer.Request{URL: damaged, Time: time.Now()}
			keys := map[string]*signer.PublicKey{id: key.PublicKey()}
			found, ok := p.findSigned(t.Context(), r, keys)
			// A missing digit may be inserted before or after an equal one.
			if !ok || !signer.Verify(signer.Request{URL: found}, keys).Allowed {
				t.Errorf("%s, %s: found %t\n%s\nwas signed as\n%s", algorithm, name, ok, found, signed)
			}
		}
	}
}

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
	long := s.base + "/" + strings.Repeat("x", 4000) + "?Expires=1&Signature=a&Key-Pair-Id=K2JCJMDEHXQW5F"
	if _, ok := s.page.findSigned(t.Context(), signer.Request{URL: long}, keysFor(s.edge, "*")); ok {
		t.Error("a long URL is searched for")
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
