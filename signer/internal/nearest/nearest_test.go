package nearest_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/signedfront/signedfront/signer"
	"github.com/signedfront/signedfront/signer/internal/nearest"
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
		signed, _, keys := signed(t, algorithm, "rt.png")
		for name, damage := range damages {
			if algorithm == signer.RSA2048 && strings.Contains(name, "signature") {
				continue // it is long and would take seconds
			}
			damaged := damage(signed)
			if damaged == signed {
				t.Fatalf("%s: nothing is damaged", name)
			}
			r := signer.Request{URL: damaged, Time: time.Now()}
			v := signer.Explain(r, keys)
			if !nearest.Searchable(&v) {
				t.Errorf("%s, %s: not searched: %s", algorithm, name, v.Reason)
			}
			found, ok := nearest.Find(t.Context(), r, keys)
			// A missing digit may be inserted before or after an equal one.
			if !ok || !signer.Verify(signer.Request{URL: found}, keys).Allowed {
				t.Errorf("%s, %s: found %t\n%s\nwas signed as\n%s", algorithm, name, ok, found, signed)
			}
		}
	}
}

// signed returns a signed URL, a pass for everything as a Cookie header, and the keys
// that verify both.
func signed(t *testing.T, algorithm signer.Algorithm, path string) (url, cookie string, keys map[string]*signer.PublicKey) {
	t.Helper()
	const id, site = "K2JCJMDEHXQW5F", "https://d111111abcdef8.cloudfront.net/"
	key, err := signer.GenerateKey(algorithm)
	if err != nil {
		t.Fatal(err)
	}
	s, err := signer.New(id, key, nil)
	if err != nil {
		t.Fatal(err)
	}
	url, err = s.URL(t.Context(), site+path, signer.Policy{TTL: time.Hour})
	if err != nil {
		t.Fatal(err)
	}
	cookies, err := s.Cookies(t.Context(), site+"*", signer.Policy{TTL: time.Hour}, signer.CookieOptions{})
	if err != nil {
		t.Fatal(err)
	}
	var pairs []string
	for _, c := range cookies {
		if c.MaxAge >= 0 { // the others are removed
			pairs = append(pairs, c.Name+"="+c.Value)
		}
	}
	return url, strings.Join(pairs, "; "), map[string]*signer.PublicKey{id: key.PublicKey()}
}

func TestASearchThatFindsNothingEndsAtTheEndOfTheURL(t *testing.T) {
	url, _, keys := signed(t, signer.ECDSAP256, "rt.png")
	if found, ok := nearest.Find(t.Context(), signer.Request{URL: strings.Replace(url, "rt.png", "r-2.png", 1), Time: time.Now()}, keys); ok {
		t.Errorf("found %s", found)
	}
}

func TestTheSearchEndsWithItsContextAndSkipsALongURL(t *testing.T) {
	ended, end := context.WithCancel(t.Context())
	end()
	for name, test := range map[string]struct {
		ctx   context.Context
		path  string
		found bool
	}{
		"a short URL":           {t.Context(), "rt.png", true},
		"a context that ended":  {ended, "rt.png", false},
		"a URL above the limit": {t.Context(), "rt.png" + strings.Repeat("x", 2048), false},
	} {
		url, _, keys := signed(t, signer.ECDSAP256, test.path)
		damaged := strings.Replace(url, "/rt", "/rrt", 1)
		if found, ok := nearest.Find(test.ctx, signer.Request{URL: damaged, Time: time.Now()}, keys); ok != test.found || ok && found != url {
			t.Errorf("%s: found %t %s", name, ok, found)
		}
	}
}

func TestCookiesOfTheRequestDoNotCountForAWrongByteOfTheURL(t *testing.T) {
	url, cookie, keys := signed(t, signer.ECDSAP256, "rt.png")
	r := signer.Request{URL: strings.Replace(url, "rt.png", "rq.png", 1), Cookie: []string{cookie}, Time: time.Now()}
	if found, ok := nearest.Find(t.Context(), r, keys); !ok || found != url {
		t.Errorf("found %t %s", ok, found)
	}
	r.URL, _, _ = strings.Cut(r.URL, "?")
	if v := signer.Verify(r, keys); !v.Allowed || nearest.Fits(v) {
		t.Errorf("the signature of cookies fits a URL: %+v", v)
	}
}

func TestAWrongByteOfAURLThatHasExpiredSinceIsFound(t *testing.T) {
	url, _, keys := signed(t, signer.ECDSAP256, "rt.png")
	r := signer.Request{URL: strings.Replace(url, "rt.png", "rq.png", 1), Time: time.Now().Add(2 * time.Hour)}
	if found, ok := nearest.Find(t.Context(), r, keys); !ok || found != url {
		t.Errorf("found %t %s", ok, found)
	}
}

func TestCookiesAreNotSearched(t *testing.T) {
	_, cookie, keys := signed(t, signer.ECDSAP256, "rt.png")
	r := signer.Request{URL: "https://d111111abcdef8.cloudfront.net/rt.png", Cookie: []string{strings.Replace(cookie, "CloudFront-Signature=", "CloudFront-Signature=AAAA", 1)}, Time: time.Now()}
	if v := signer.Verify(r, keys); v.Allowed || !v.Cookies || nearest.Searchable(&v) {
		t.Errorf("searched: %+v", v)
	}
}

func TestAChangeIsDescribedByWhatMakesTheSignedURL(t *testing.T) {
	const signed = "https://a.example/rt.png"
	for arrived, want := range map[string]string{
		"https://a.example/rq.png":  `byte 19 is "t", not "q"`,
		"https://a.example/rtt.png": `byte 20, "t", is left out`,
		"https://a.example/r.png":   `"t" is added at byte 19`,
		"https://a.example/tr.png":  `bytes 18 and 19, "tr", change places`,
		"https://a.example/rt.pn":   `"g" is added at byte 23`,
	} {
		if got := nearest.Change(signed, arrived); got != want {
			t.Errorf("%s: %s, want %s", arrived, got, want)
		}
	}
}
