package signer

import (
	"context"
	"crypto"
	"errors"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"
)

func TestAPassOpensEverythingBelowItsPrefixWithOneSignature(t *testing.T) {
	for _, algorithm := range []Algorithm{ECDSAP256, RSA2048} {
		for _, hash := range []Hash{SHA256, SHA1} {
			key := &countingKey{Key: newKey(t, algorithm)}
			s := must[*Signer](t)(New(keyID, key, &Options{Now: now, Hash: hash}))
			pass := must[*Pass](t)(s.OpenAll(t.Context(), site+"/users/1/", Policy{TTL: ttl, IPAddress: "203.0.113.7"}))
			for _, u := range []string{
				site + "/users/1/", site + "/users/1/a.png", site + "/users/1/b/c.png?size=l", site + "/users/1/%2A.png", site + "/users/1/a*",
			} {
				signed := must[string](t)(pass.URL(u))
				if !strings.HasPrefix(signed, u) || !pass.Covers(u) {
					t.Errorf("%s is not how %s starts", u, signed)
				}
				v := Verify(Request{URL: signed, Time: now(), RemoteAddr: addr("203.0.113.7")}, trusted(t, algorithm))
				if !v.Allowed || v.Statement.Resource != site+"/users/1/*" {
					t.Errorf("%s, %s, %s: %+v", algorithm, hash, u, v)
				}
				// Whoever holds one URL can open all, as the name OpenAll says.
				other := site + "/users/1/other.png?" + signed[strings.Index(signed, "Policy="):]
				if v := Verify(Request{URL: other, Time: now(), RemoteAddr: addr("203.0.113.7")}, trusted(t, algorithm)); !v.Allowed {
					t.Errorf("%s: %s", other, v.Detail)
				}
			}
			if v := Verify(Request{URL: must[string](t)(pass.URL(site + "/users/1/a")), Time: now(), RemoteAddr: addr("203.0.113.8")}, trusted(t, algorithm)); v.Reason != ReasonAddress {
				t.Errorf("another viewer: got %q", v.Reason)
			}
			if key.signed != 1 {
				t.Errorf("%d signatures", key.signed)
			}
		}
	}
}

func TestAPassNeverOpensItsNeighbours(t *testing.T) {
	s := newSigner(t, ECDSAP256, Options{})
	pass := must[*Pass](t)(s.OpenAll(t.Context(), site+"/users/1/", Policy{TTL: ttl}))
	for _, u := range []string{
		site + "/users/10/a.png", site + "/users/1", site + "/users/", site + "/", site + "/Users/1/a.png",
		"http" + strings.TrimPrefix(site, "https") + "/users/1/a.png", "https://cdn.example.com/users/1/a.png", "",
	} {
		if pass.Covers(u) {
			t.Errorf("covers %s", u)
		}
		if signed, err := pass.URL(u); err == nil {
			t.Errorf("opens %s: %s", u, signed)
		}
	}
	_, err := pass.URL(site + "/users/10/a.png")
	var coverage *CoverageError
	if !errors.As(err, &coverage) || coverage.Resource != site+"/users/1/*" {
		t.Errorf("got %v", err)
	}
	// Verify denies them too.
	signed := must[string](t)(pass.URL(site + "/users/1/a.png"))
	for _, u := range []string{strings.Replace(signed, "/1/", "/10/", 1), strings.Replace(signed, "/1/", "/2/", 1)} {
		if v := Verify(Request{URL: u, Time: now()}, trusted(t, ECDSAP256)); v.Reason != ReasonOtherResource {
			t.Errorf("%s: got %q", u, v.Reason)
		}
	}
}

func TestAPassRefusesWhatClientsWouldRewriteSoThatItStaysBelowItsPrefix(t *testing.T) {
	s := newSigner(t, ECDSAP256, Options{})
	pass := must[*Pass](t)(s.OpenAll(t.Context(), site+"/users/1/", Policy{TTL: ttl}))
	for _, u := range []string{
		"/users/1/../2/a.png", "/users/1/%2e%2e/2/a.png", "/users/1/.", "/users/1/día.png", "/users/1/a%7Eb",
		"/users/1/a#b", "/users/1/a?Policy=x", "/users/1/a?", "/users/1/a b",
	} {
		if pass.Covers(site + u) {
			t.Errorf("covers %s", u)
		}
		_, err := pass.URL(site + u)
		if !errors.As(err, new(*URLError)) {
			t.Errorf("%s: got %v", u, err)
		}
	}
	long := site + "/users/1/" + strings.Repeat("a", MaxURLLength-100)
	if _, err := pass.URL(long); !errors.As(err, new(*URLError)) {
		t.Errorf("a URL longer than CloudFront accepts: got %v", err)
	}
}

func TestAPassIsForAPrefixThatEndsInASlash(t *testing.T) {
	key := &countingKey{Key: newKey(t, ECDSAP256)}
	s := must[*Signer](t)(New(keyID, key, &Options{Now: now, MaxURLLifetime: time.Hour}))
	for name, test := range map[string]struct {
		prefix string
		policy Policy
		want   string
	}{
		"no slash":           {site + "/users/1", Policy{TTL: ttl}, "write " + site + "/users/1/"},
		"a wildcard":         {site + "/users/1/*", Policy{TTL: ttl}, "%2A"},
		"a wildcard inside":  {site + "/users/*/", Policy{TTL: ttl}, "%2A"},
		"a query":            {site + "/users/1/?a=/", Policy{TTL: ttl}, "query"},
		"no path":            {site, Policy{TTL: ttl}, "write /"},
		"dots":               {site + "/users/1/../", Policy{TTL: ttl}, "dot segments"},
		"a path alone":       {"/users/1/", Policy{TTL: ttl}, "https://"},
		"a resource as well": {site + "/users/1/", Policy{TTL: ttl, Resource: site + "/*"}, "Policy.Resource"},
		"no end":             {site + "/users/1/", Policy{}, "set TTL"},
		"longer than it may": {site + "/users/1/", Policy{TTL: 2 * time.Hour}, "maxUrlLifetime"},
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := s.OpenAll(t.Context(), test.prefix, test.policy); err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v, want %q in it", err, test.want)
			}
		})
	}
	if key.signed != 0 {
		t.Errorf("%d signatures were made all the same", key.signed)
	}
	down := must[*Signer](t)(New(keyID, brokenKey{newKey(t, ECDSAP256)}, &Options{Now: now}))
	if _, err := down.OpenAll(t.Context(), site+"/", Policy{TTL: ttl}); !errors.Is(err, errDown) {
		t.Errorf("a key that fails: got %v", err)
	}
	pass := must[*Pass](t)(s.OpenAll(t.Context(), site+"/", Policy{TTL: ttl}))
	if pass.Prefix() != site+"/" || !pass.Covers(site+"/a/b") {
		t.Error("a pass for the whole site does not open it")
	}
}

func TestTheQueryOfAPassOpensWhatItsURLsOpen(t *testing.T) {
	for _, hash := range []Hash{SHA256, SHA1} {
		s := newSigner(t, ECDSAP256, Options{Hash: hash})
		pass := must[*Pass](t)(s.OpenAll(t.Context(), site+"/movies/7/", Policy{TTL: ttl}))
		query := must[string](t)(pass.Query())
		for u, want := range map[string]string{
			site + "/movies/7/seg.ts?" + query:     site + "/movies/7/seg.ts",
			site + "/movies/7/seg.ts?a=b&" + query: site + "/movies/7/seg.ts?a=b",
		} {
			if signed := must[string](t)(pass.URL(want)); signed != u {
				t.Errorf("got %s, want %s", u, signed)
			}
			if v := Verify(Request{URL: u, Time: now()}, trusted(t, ECDSAP256)); !v.Allowed {
				t.Errorf("%s: %s", u, v.Detail)
			}
		}
		if v := Verify(Request{URL: site + "/movies/8/seg.ts?" + query, Time: now()}, trusted(t, ECDSAP256)); v.Reason != ReasonOtherResource {
			t.Errorf("outside the prefix: got %q", v.Reason)
		}
	}
}

type brokenKey struct{ Key }

func (brokenKey) SignDigest(context.Context, []byte, crypto.Hash) ([]byte, error) {
	return nil, errDown
}

func TestAPassOpensObjectsByTheirKeysWhoeverMadeItsSigner(t *testing.T) {
	s := newSigner(t, ECDSAP256, Options{})
	pass := must[*Pass](t)(s.OpenAll(t.Context(), site+"/July%202026/", Policy{TTL: ttl}))
	for _, key := range []string{"July 2026/día 1+2.png", "July 2026/a*?&.png"} {
		signed := must[string](t)(pass.Object(key))
		if want := must[string](t)(pass.URL(must[string](t)(ObjectURL(site, key)))); signed != want {
			t.Errorf("%s: got %s", key, signed)
		}
		if v := Verify(Request{URL: signed, Time: now()}, trusted(t, ECDSAP256)); !v.Allowed {
			t.Errorf("%s: %s", key, v.Detail)
		}
	}
	for _, key := range []string{"July/a.png", "July 20266/a.png", "July 2026", ""} {
		if signed, err := pass.Object(key); err == nil {
			t.Errorf("%s: got %s", key, signed)
		}
	}
	if _, err := pass.Object("July/a.png"); !errors.As(err, new(*CoverageError)) {
		t.Errorf("outside the prefix: got %v", err)
	}
	if _, err := pass.Object("July 2026/../a.png"); err == nil || !strings.HasPrefix(err.Error(), "object key, ") {
		t.Errorf("a key that no URL reaches: got %v", err)
	}
	if _, err := new(Pass).Object("a.png"); !errors.Is(err, errZeroPass) {
		t.Errorf("the zero Pass: got %v", err)
	}
}

func TestAPassThatHasExpiredMakesNothingMore(t *testing.T) {
	clock := now()
	s := newSigner(t, ECDSAP256, Options{Now: func() time.Time { return clock }})
	pass := must[*Pass](t)(s.OpenAll(t.Context(), site+"/a/", Policy{TTL: ttl}))
	if !pass.Expires().Equal(now().Add(ttl)) {
		t.Errorf("ends at %s", pass.Expires())
	}
	makes := func() (errs [4]error) {
		_, errs[0] = pass.URL(site + "/a/b")
		_, errs[1] = pass.Cookies(CookieOptions{})
		_, errs[2] = pass.Query()
		_, errs[3] = pass.Object("a/b")
		return errs
	}
	clock = now().Add(ttl - time.Second)
	for _, err := range makes() {
		if err != nil {
			t.Errorf("a second before its end: %v", err)
		}
	}
	clock = now().Add(ttl)
	for _, err := range makes() {
		if !errors.Is(err, ErrExpired) {
			t.Errorf("at its end: got %v", err)
		}
	}
	if !pass.Covers(site + "/a/b") {
		t.Error("Covers looks at the clock")
	}
}

func TestThePassesCookiesOpenWhatItsURLsOpen(t *testing.T) {
	s := newSigner(t, RSA2048, Options{})
	pass := must[*Pass](t)(s.OpenAll(t.Context(), albums, Policy{TTL: ttl}))
	cookies := must[[]*http.Cookie](t)(pass.Cookies(CookieOptions{Domain: "example.com", AppHost: "app.example.com"}))
	if c := cookies[0]; c.Path != "/albums/7/" || c.Domain != "example.com" || !c.Secure || !c.HttpOnly {
		t.Errorf("got %s", c)
	}
	for u, want := range map[string]Reason{
		albums + "rt.png?x=1":                      "",
		"https://cdn.example.com/albums/70/rt.png": ReasonOtherResource,
	} {
		if v := Verify(Request{URL: u, Cookie: header(cookies), Time: now()}, trusted(t, RSA2048)); v.Reason != want {
			t.Errorf("%s: got %q, want %q", u, v.Reason, want)
		}
	}
	set := map[string]bool{}
	for _, c := range cookies {
		set[c.Name+c.Path+c.Domain] = true
	}
	cleared := must[[]*http.Cookie](t)(pass.ClearCookies(CookieOptions{Domain: "example.com", AppHost: "app.example.com"}))
	for _, c := range cleared {
		delete(set, c.Name+c.Path+c.Domain)
		if c.MaxAge >= 0 {
			t.Errorf("%s does not clear", c)
		}
	}
	if len(set) > 0 {
		t.Errorf("still set: %v", set)
	}
	if _, err := pass.Cookies(CookieOptions{Domain: "example.org"}); err == nil {
		t.Error("a Domain of somebody else is taken")
	}
}

func TestAPassServesManyAtOnce(t *testing.T) {
	s := newSigner(t, ECDSAP256, Options{})
	pass := must[*Pass](t)(s.OpenAll(t.Context(), albums, Policy{TTL: ttl}))
	var wg sync.WaitGroup
	for range 16 {
		wg.Go(func() {
			for range 100 {
				if _, err := pass.URL(albums + "rt.png"); err != nil {
					t.Error(err)
				}
				if _, err := pass.Cookies(CookieOptions{}); err != nil {
					t.Error(err)
				}
				if _, err := s.OpenAll(context.Background(), albums, Policy{TTL: ttl}); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
}
