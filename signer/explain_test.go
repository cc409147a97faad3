package signer

import (
	"strings"
	"testing"
	"time"
)

func TestExplainNamesWhatWentWrongWithASignature(t *testing.T) {
	ecdsa := newSigner(t, ECDSAP256, Options{})
	rsa := newSigner(t, RSA2048, Options{})
	keys := trusted(t, ECDSAP256, RSA2048)
	sign := func(s *Signer, path string, p Policy) string {
		t.Helper()
		p.TTL = ttl
		return must[string](t)(s.URL(t.Context(), site+path, p))
	}
	change := func(signed, from, to string) string {
		t.Helper()
		if !strings.Contains(signed, from) {
			t.Fatalf("%s holds no %s", signed, from)
		}
		return strings.Replace(signed, from, to, 1)
	}
	for name, test := range map[string]struct {
		url    string
		reason Reason
		want   []string
	}{
		"the hash is missing":       {without(sign(ecdsa, "/a", Policy{}), "Hash-Algorithm"), ReasonOtherHash, []string{"over SHA-256", "no Hash-Algorithm", "SHA-1"}},
		"the other hash is named":   {sign(newSigner(t, ECDSAP256, Options{Hash: SHA1}), "/a", Policy{}) + "&Hash-Algorithm=SHA256", ReasonOtherHash, []string{"over SHA-1", "says SHA256"}},
		"another key of the set":    {sign(rsa, "/a", Policy{}), ReasonOtherKey, []string{"key KOTHER1, not of", keyID}},
		"an apostrophe escaped":     {change(sign(ecdsa, "/it's", Policy{}), "'", "%27"), ReasonRewritten, []string{"byte 40", `"'s"`, `"%27s"`}},
		"an escape undone":          {change(sign(ecdsa, "/a%2Cb", Policy{}), "%2C", ","), ReasonRewritten, []string{`"%2Cb"`, `",b"`}},
		"a slash undone":            {change(sign(ecdsa, "/a%2Fb", Policy{}), "%2F", "/"), ReasonRewritten, []string{`"%2Fb"`, `"/b"`}},
		"an escape in small":        {change(sign(ecdsa, "/a%2Fb", Policy{}), "%2F", "%2f"), ReasonRewritten, []string{`"%2Fb"`, `"%2fb"`}},
		"a space as a plus":         {change(sign(ecdsa, "/a%20b", Policy{}), "%20", "+"), ReasonRewritten, []string{`"%20b"`, `"+b"`}},
		"a plus as a space":         {change(sign(ecdsa, "/a?b=c+d", Policy{}), "+", "%20"), ReasonRewritten, []string{`"+d"`, `"%20d"`}},
		"an equals sign escaped":    {change(sign(ecdsa, "/a=b?c=d", Policy{}), "a=b", "a%3Db"), ReasonRewritten, []string{`"=b?c=d"`}},
		"the scheme":                {change(sign(ecdsa, "/a", Policy{}), "https", "http"), ReasonRewritten, []string{"byte 4"}},
		"the query dropped one":     {change(sign(ecdsa, "/a", Policy{}), "/a?", "/a/?"), ReasonRewritten, []string{"arrived"}},
		"a parameter added behind":  {sign(ecdsa, "/a", Policy{}) + "&utm=1", ReasonRewritten, []string{`"utm=1" was added`}},
		"the path is another":       {change(sign(ecdsa, "/a", Policy{}), "/a?", "/b?"), ReasonSignature, []string{"URL and expiry"}},
		"the policy was changed":    {with(sign(ecdsa, "/a", Policy{Resource: site + "/*"}), "Policy", cloudFront.EncodeToString([]byte(`{"Statement":[{"Resource":"*","Condition":{"DateLessThan":{"AWS:EpochTime":1900000000}}}]}`))), ReasonSignature, []string{"this policy"}},
		"signed for something else": {change(sign(ecdsa, "/a/b", Policy{Resource: site + "/a/*"}), "/a/b", "/c/b"), ReasonOtherResource, []string{site + "/a/*", "byte 38", `"c/b"`}},
	} {
		t.Run(name, func(t *testing.T) {
			r := Request{URL: test.url, Time: now()}
			v := Explain(r, keys)
			if v.Allowed || v.Code != AccessDenied || v.Reason != test.reason {
				t.Fatalf("got %s %s: %s, want %s", v.Code, v.Reason, v.Detail, test.reason)
			}
			for _, want := range test.want {
				if !strings.Contains(v.Detail, want) {
					t.Errorf("%q does not say %q", v.Detail, want)
				}
			}
			if plain := Verify(r, keys); plain.Allowed != v.Allowed || plain.Code != v.Code {
				t.Errorf("Verify decides otherwise: %+v", plain)
			}
			if c := readQuery(test.url); strings.Contains(v.Detail, c.signature) {
				t.Errorf("the detail holds the signature: %s", v.Detail)
			}
		})
	}
	signed := sign(ecdsa, "/a", Policy{})
	if v := Explain(Request{URL: signed, Time: now()}, keys); !v.Allowed {
		t.Errorf("what Verify allows is denied: %s", v.Detail)
	}
	v := Explain(Request{URL: signed, Time: now().Add(ttl + 90*time.Second)}, keys)
	if v.Reason != ReasonExpired || !strings.Contains(v.Detail, "2026-07-01T12:02:00Z") || !strings.Contains(v.Detail, "1m30s") {
		t.Errorf("expired: got %s", v.Detail)
	}
}
