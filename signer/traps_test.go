package signer

import (
	"crypto/x509"
	"encoding/pem"
	"errors"
	"net/url"
	"strings"
	"testing"
	"time"
)

// The problems that users of CloudFront's signatures have reported with other
// signers, by symptom, and what this signer does instead.
func TestTraps(t *testing.T) {
	s := newSigner(t, ECDSAP256, Options{})
	keys := trusted(t, ECDSAP256)
	sign := func(t *testing.T, rawURL string, p Policy) string {
		t.Helper()
		if p.TTL == 0 && p.Expires.IsZero() {
			p.TTL = ttl
		}
		return must[string](t)(s.URL(t.Context(), rawURL, p))
	}
	// taken checks that the URL is signed and verifies unchanged.
	taken := func(t *testing.T, rawURL string, p Policy) {
		t.Helper()
		signed := sign(t, rawURL, p)
		if !strings.HasPrefix(signed, rawURL) {
			t.Errorf("%s was rewritten to %s", rawURL, signed)
		}
		if v := Verify(Request{URL: signed, Time: now()}, keys); !v.Allowed {
			t.Errorf("%s: %s", rawURL, v.Detail)
		}
		if parsed, err := url.Parse(signed); err != nil || parsed.String() != signed {
			t.Errorf("Go would send %s as %v, %v", signed, parsed, err)
		}
	}
	refused := func(t *testing.T, rawURL, fix string) {
		t.Helper()
		_, err := s.URL(t.Context(), rawURL, Policy{TTL: ttl})
		var wrong *URLError
		if !errors.As(err, &wrong) || !strings.Contains(wrong.Error(), fix) {
			t.Errorf("%s: got %v, want a refusal with %q", rawURL, err, fix)
		}
	}
	object := func(t *testing.T, key, path string) {
		t.Helper()
		got := must[string](t)(ObjectURL(site, key))
		if got != site+path {
			t.Errorf("key %q: got %s, want %s", key, got, site+path)
		}
		taken(t, got, Policy{})
	}

	for _, trap := range []struct {
		name string
		test func(t *testing.T)
	}{
		{"1 403 with two or more query parameters", func(t *testing.T) {
			taken(t, site+"/a?b=1&c=2", Policy{})
			v := Verify(Request{URL: sign(t, site+"/a?b=1&c=2", Policy{NotBefore: now().Add(-time.Hour)}), Time: now()}, keys)
			if v.Statement.Resource != site+"/a?b=1&c=2" {
				t.Errorf("the policy says %s", v.Statement.Resource)
			}
		}},
		{"2 403 for an equals sign or a comma in the path", func(t *testing.T) { taken(t, site+"/a=b,c", Policy{}) }},
		{"3 raw spaces in the returned URL", func(t *testing.T) { refused(t, site+"/a b", "%20") }},
		{"4 403 when the query has a plus", func(t *testing.T) { taken(t, site+"/a?b=c+d", Policy{}) }},
		{"5 403 with an apostrophe in the query, in browsers only", func(t *testing.T) { refused(t, site+"/a?b=it's", "%27") }},
		{"6 403 with filename*=", func(t *testing.T) {
			refused(t, site+"/a?response-content-disposition=filename*=x", "%2A")
			taken(t, site+"/a?response-content-disposition=filename%2A=(x)", Policy{})
		}},
		{"7 the returned URL is encoded otherwise than the signed one", func(t *testing.T) {
			taken(t, site+"/%C3%B1/a%2Bb;c?d=%5B1%5D&e", Policy{})
		}},
		{"8 an escaped slash silently becomes a slash", func(t *testing.T) {
			taken(t, site+"/a%2Fb/c%20d", Policy{})
			refused(t, site+"/a%2Fb/c d", "%20")
		}},
		{"9 a key with spaces is only reachable with pluses", func(t *testing.T) { object(t, "a b", "/a%20b") }},
		{"10 file names with a plus fail", func(t *testing.T) { object(t, "a+b", "/a%2Bb") }},
		{"11 a key with dot segments", func(t *testing.T) {
			refused(t, site+"/a/../b", "resolve")
			if _, err := ObjectURL(site, "a/./b"); err == nil || !strings.Contains(err.Error(), "another key") {
				t.Errorf("got %v", err)
			}
		}},
		{"12 MalformedPolicy for milliseconds", func(t *testing.T) {
			_, err := s.URL(t.Context(), site+"/a", Policy{Expires: time.Unix(now().UnixMilli(), 0)})
			if err == nil || !strings.Contains(err.Error(), "milliseconds") {
				t.Errorf("got %v", err)
			}
		}},
		{"13 a canned policy for a wildcard", func(t *testing.T) {
			signed := sign(t, site+"/a", Policy{Resource: site + "/*"})
			if !strings.Contains(signed, "?Policy=") {
				t.Errorf("got %s", signed)
			}
			cookies, err := s.Cookies(t.Context(), site+"/*", Policy{TTL: ttl}, CookieOptions{})
			if err != nil || cookies[0].Name != "CloudFront-Policy" || cookies[0].Value == "" {
				t.Errorf("cookies: got %v, %v", cookies, err)
			}
		}},
		{"14 canned URLs with a star never work", func(t *testing.T) { refused(t, site+"/*", "%2A") }},
		{"15 MalformedSignature for standard base64", func(t *testing.T) {
			for range 20 {
				c := readQuery(sign(t, site+"/a", Policy{Resource: site + "/*"}))
				if strings.ContainsAny(c.signature+c.policy, "+/=") {
					t.Fatalf("got %s and %s", c.signature, c.policy)
				}
			}
		}},
		{"16 a line break inside a value", func(t *testing.T) {
			signed := sign(t, site+"/"+strings.Repeat("a", 500), Policy{NotBefore: now().Add(-time.Hour)})
			if strings.ContainsAny(signed, "\r\n ") {
				t.Errorf("got %q", signed)
			}
		}},
		{"17 Unknown Key for an id that is none", func(t *testing.T) {
			for _, id := range []string{"", "undefined key", "arn:aws:cloudfront::1:key-group/x"} {
				if _, err := New(id, newKey(t, ECDSAP256), nil); err == nil || !strings.Contains(err.Error(), "K2JCJMDEHXQW5F") {
					t.Errorf("%q: got %v", id, err)
				}
			}
		}},
		{"18 S3's error for a signed S3 host", func(t *testing.T) {
			refused(t, "https://bucket.s3.eu-west-1.amazonaws.com/a", "distribution's domain name")
		}},
		{"19 AccessDenied for SHA-256 without Hash-Algorithm", func(t *testing.T) {
			if signed := sign(t, site+"/a", Policy{}); !strings.HasSuffix(signed, "&Hash-Algorithm=SHA256") {
				t.Errorf("got %s", signed)
			}
		}},
		// 20, SHA-1 in FIPS mode: TestSHA1IsRefusedInFIPSOnlyModeAlone.
		{"21 invalid key for a fresh key of OpenSSL 3", func(t *testing.T) {
			text := must[[]byte](t)(newKey(t, RSA2048).MarshalPEM())
			if block, _ := pem.Decode(text); block.Type != "PRIVATE KEY" {
				t.Fatalf("not PKCS #8: %s", block.Type)
			} else if _, err := x509.ParsePKCS8PrivateKey(block.Bytes); err != nil {
				t.Fatal(err)
			}
			if _, err := ParsePrivateKey(text); err != nil {
				t.Error(err)
			}
		}},
		{"22 a wildcard policy and a URL with other parameters", func(t *testing.T) {
			taken(t, site+"/a/b?c=1", Policy{Resource: site + "/a/*"})
		}},
		// 23, playlists whose segments are refused: package hls.
		{"24 cookies that are not sent", func(t *testing.T) {
			for _, o := range []CookieOptions{{AppHost: "app.example.com"}, {Domain: "cloudfront.net"}, {Domain: "example.com"}} {
				if _, err := s.Cookies(t.Context(), site+"/*", Policy{TTL: ttl}, o); err == nil {
					t.Errorf("%+v is taken for %s", o, site)
				}
			}
		}},
		// 25, a CORS error in place of a 403: package edge,
		// TestTrap25_ARefusalHasNoCORSHeadersAsCloudFronts.
		// 26 and 29, a path that is open by mistake: package constructs,
		// TestEveryBehaviorTrustsTheGroupOfAllKeys.
		{"27 thumbnails that load again each time", func(t *testing.T) {
			stable := newSigner(t, ECDSAP256, Options{Deterministic: true})
			end := StableExpiry(site+"/a", now(), ttl, time.Hour)
			later := must[*Signer](t)(New(keyID, newKey(t, ECDSAP256), &Options{Deterministic: true,
				Now: func() time.Time { return end.Add(-ttl) }}))
			p := Policy{TTL: ttl, Window: time.Hour}
			if a, b := must[string](t)(stable.URL(t.Context(), site+"/a", p)), must[string](t)(later.URL(t.Context(), site+"/a", p)); a != b {
				t.Errorf("two URLs in one window:\n%s\n%s", a, b)
			}
		}},
		{"28 a policy with two statements", func(t *testing.T) {
			const statement = `{"Resource":"` + site + `/a","Condition":{"DateLessThan":{"AWS:EpochTime":1900000000}}}`
			v := Verify(Request{URL: site + "/a?" + resign(t, ECDSAP256, `{"Statement":[`+statement+`,`+statement+`]}`), Time: now()}, keys)
			if v.Code != MalformedPolicy {
				t.Errorf("got %+v", v)
			}
		}},
		// 30, redirects that lose the signature, and 34, invalidations: the comment
		// of package signhttp.
		{"31 clocks that differ", func(t *testing.T) {
			c := readQuery(sign(t, site+"/a", Policy{Resource: site + "/*"}))
			if text := must[[]byte](t)(decodeCloudFront(c.policy)); strings.Contains(string(text), "DateGreaterThan") {
				t.Errorf("a start that nobody asked for: %s", text)
			}
		}},
		{"32 Hash-Algorithm in the URL already", func(t *testing.T) {
			for _, name := range []string{"Expires", "Policy", "Signature", "Key-Pair-Id", "Hash-Algorithm"} {
				refused(t, site+"/a?"+name+"=x", "not signed yet")
				refused(t, site+"/a?b=1&"+name, "not signed yet")
			}
		}},
		{"33 JSON injection", func(t *testing.T) {
			refused(t, site+`/a","Condition":{}}]}`, "%22")
			for _, p := range []Policy{{TTL: ttl, IPAddress: `0.0.0.0/0"}}}]}`}, {TTL: ttl, Resource: site + `/*","x":"\`}} {
				if _, err := s.URL(t.Context(), site+"/a", p); err == nil {
					t.Errorf("%+v is signed", p)
				}
			}
		}},
		{"35 a public key that a line feed changes", func(t *testing.T) {
			text := string(newKey(t, ECDSAP256).PublicKey().PEM())
			for _, other := range []string{strings.TrimSuffix(text, "\n"), text + "\n", strings.ReplaceAll(text, "\n", "\r\n")} {
				if again := must[*PublicKey](t)(ParsePublicKey([]byte(other))); string(again.PEM()) != text {
					t.Errorf("%q is written otherwise", other)
				}
			}
		}},
	} {
		t.Run(trap.name, trap.test)
	}
}
