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

func TestTheSearchEndsWithItsContextAndBeforeALongURL(t *testing.T) {
	const query = "?Expires=1&Signature=a&Key-Pair-Id=K2JCJMDEHXQW5F"
	ended, end := context.WithCancel(t.Context())
	end()
	for ctx, url := range map[context.Context]string{ended: "https://d111111abcdef8.cloudfront.net/rt.png" + query, t.Context(): "https://d111111abcdef8.cloudfront.net/" + strings.Repeat("x", 2048) + query} {
		if found, ok := nearest.Find(ctx, signer.Request{URL: url}, nil); ok {
			t.Errorf("found %s", found)
		}
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
