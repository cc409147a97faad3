package signer

import (
	"net/netip"
	"testing"
	"time"
)

// Zero values deny, except Request.Time, whose zero value means now.
func TestAZeroValueInASecurityDecisionDenies(t *testing.T) {
	s := newSigner(t, ECDSAP256, Options{Now: time.Now})
	keys := trusted(t, ECDSAP256)
	sign := func(p Policy) string { return must[string](t)(s.URL(t.Context(), site+"/a", p)) }
	hour := Policy{TTL: time.Hour}
	good := sign(hour)
	past := must[string](t)(newSigner(t, ECDSAP256, Options{Now: func() time.Time { return time.Now().Add(-48 * time.Hour) }}).URL(t.Context(), site+"/a", hour))
	all := cookies(t, site+"/a?"+resign(t, ECDSAP256, `{"Statement":[{"Resource":"*","Condition":{"DateLessThan":{"AWS:EpochTime":4000000000}}}]}`))

	for name, c := range map[string]struct {
		request Request
		keys    map[string]*PublicKey
		code    Code
		reason  Reason
	}{
		"no Time is now: a good URL":          {Request{URL: good}, keys, "", ""},
		"no Time is now: expired two days":    {Request{URL: past}, keys, AccessDenied, ReasonExpired},
		"no Time is now: not yet valid":       {Request{URL: sign(Policy{TTL: time.Hour, NotBefore: time.Now().Add(time.Minute)})}, keys, AccessDenied, ReasonNotYetValid},
		"no request":                          {Request{}, keys, AccessDenied, ReasonURL},
		"no URL, with cookies for everything": {Request{Cookie: all}, keys, AccessDenied, ReasonURL},
		"no scheme and host":                  {Request{URL: "/a", Cookie: all}, keys, AccessDenied, ReasonURL},
		"no host":                             {Request{URL: "https:///a", Cookie: all}, keys, AccessDenied, ReasonURL},
		"no path":                             {Request{URL: site, Cookie: all}, keys, AccessDenied, ReasonURL},
		"no cookies and no parameters":        {Request{URL: site + "/a"}, keys, MissingKey, ReasonUnsigned},
		"an empty cookie":                     {Request{URL: site + "/a", Cookie: []string{""}}, keys, MissingKey, ReasonUnsigned},
		"no keys":                             {Request{URL: good}, nil, InvalidKey, ReasonUnknownKey},
		"an empty set of keys":                {Request{URL: good}, map[string]*PublicKey{}, InvalidKey, ReasonUnknownKey},
		"a nil key":                           {Request{URL: good}, map[string]*PublicKey{keyID: nil}, InvalidKey, ReasonUnknownKey},
		"a nil key next to the right one":     {Request{URL: with(good, "Key-Pair-Id", "KNIL")}, map[string]*PublicKey{keyID: keys[keyID], "KNIL": nil}, InvalidKey, ReasonUnknownKey},
		"a zero key":                          {Request{URL: good}, map[string]*PublicKey{keyID: {}}, AccessDenied, ReasonSignature},
		"a key for the empty id":              {Request{URL: with(good, "Key-Pair-Id", "")}, map[string]*PublicKey{"": keys[keyID]}, MissingKey, ReasonNoKeyPairID},
		"no address, and a policy with one":   {Request{URL: sign(Policy{TTL: time.Hour, IPAddress: "203.0.113.7"})}, keys, AccessDenied, ReasonAddress},
		"no address, and a policy with any":   {Request{URL: sign(Policy{TTL: time.Hour, IPAddress: "0.0.0.0/0"})}, keys, AccessDenied, ReasonAddress},
		"the address 0.0.0.0":                 {Request{URL: sign(Policy{TTL: time.Hour, IPAddress: "203.0.113.7"}), RemoteAddr: netip.IPv4Unspecified()}, keys, AccessDenied, ReasonAddress},
		"an empty signature":                  {Request{URL: with(good, "Signature", "")}, keys, MalformedSignature, ReasonNoSignature},
		"an empty expiry":                     {Request{URL: with(good, "Expires", "")}, keys, MalformedPolicy, ReasonExpiryFormat},
		"an expiry of zero":                   {Request{URL: with(good, "Expires", "0")}, keys, AccessDenied, ReasonSignature},
		"an empty policy":                     {Request{URL: with(site+"/a?"+resign(t, ECDSAP256, ""), "Policy", "")}, keys, MalformedPolicy, ReasonPolicyFormat},
		"a policy with an empty resource":     {Request{URL: site + "/a?" + resign(t, ECDSAP256, `{"Statement":[{"Resource":"","Condition":{"DateLessThan":{"AWS:EpochTime":4000000000}}}]}`)}, keys, AccessDenied, ReasonOtherResource},
		"a policy that expires at zero":       {Request{URL: site + "/a?" + resign(t, ECDSAP256, `{"Statement":[{"Resource":"*","Condition":{"DateLessThan":{"AWS:EpochTime":0}}}]}`)}, keys, AccessDenied, ReasonExpired},
	} {
		for verb, decide := range map[string]func(Request, map[string]*PublicKey) Verdict{"Verify": Verify, "Explain": Explain} {
			v := decide(c.request, c.keys)
			if v.Allowed != (c.code == "") || v.Code != c.code || v.Reason != c.reason {
				t.Errorf("%s: %s says %s %s: %s, want %s %s", name, verb, v.Code, v.Reason, v.Detail, c.code, c.reason)
			}
		}
	}
	// An id with a nil key may still be trusted.
	if v := Verify(Request{URL: good}, map[string]*PublicKey{keyID: nil}); v.Certain {
		t.Errorf("a nil key: certain that %s", v.Detail)
	}
	if v := (Verdict{}); v.Allowed {
		t.Error("the zero Verdict allows")
	}
	if _, err := s.URL(t.Context(), site+"/a", Policy{}); err == nil {
		t.Error("the zero Policy is signed")
	}
	if (&Pass{}).Covers(site + "/a") {
		t.Error("the zero Pass covers a URL")
	}
	if got, err := (&Pass{}).URL(site + "/a"); err == nil {
		t.Errorf("the zero Pass makes %s", got)
	}
	if got, err := (&Pass{}).Object("a"); err == nil {
		t.Errorf("the zero Pass makes %s", got)
	}
	if got, err := (&Pass{}).Query(); err == nil {
		t.Errorf("the zero Pass makes %s", got)
	}
	if got, err := (&Pass{}).Cookies(CookieOptions{}); err == nil {
		t.Errorf("the zero Pass makes %v", got)
	}
	if got, err := new(Signer).URL(t.Context(), site+"/a", hour); err == nil {
		t.Errorf("the zero Signer makes %s", got)
	}
	if got, err := new(Signer).BaseURL(t.Context()); err == nil {
		t.Errorf("the zero Signer serves %q", got)
	}
	if got, err := new(Signer).Cookies(t.Context(), site+"/*", hour, CookieOptions{}); err == nil {
		t.Errorf("the zero Signer makes %v", got)
	}
	if _, err := new(Signer).OpenAll(t.Context(), site+"/a/", hour); err == nil {
		t.Error("the zero Signer makes a pass")
	}
}
