package peers

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/feature/cloudfront/sign"

	"github.com/signedfront/signedfront/signer"
)

// These are URLs that the SDK signs although they cannot work, or work only for
// some clients. The signer refuses each with the fix.
func TestTheSDKSignsWhatTheSignerRefuses(t *testing.T) {
	their, our := sdk(ecdsaKey(), sign.HashSHA256), ours(t, ecdsaKey(), signer.Options{})

	for _, test := range []struct{ what, url, fix string }{
		// CloudFront reserves five parameter names; the SDK knows four.
		{"the reserved name Hash-Algorithm", site + "/a?Hash-Algorithm=SHA1", "not signed yet"},
		// CloudFront reads a signed * as a wildcard, and rebuilds the canned policy
		// from a URL that has none.
		{"a wildcard with a canned policy", site + "/a/*", "%2A"},
		{"a wildcard for the scheme with a canned policy", "http*://d111111abcdef8.cloudfront.net/a", "https://"},
		// CloudFront never gets these as they were signed.
		{"a fragment", site + "/a#b", "%23"},
		{"a fragment in which the signature ends up", site + "/a?b#c", "%23"},
		{"a space", site + "/a b", "%20"},
		{"a quote", site + `/a"b`, "%22"},
		{"a backslash", site + `/a\b`, "%5C"},
		{"angle brackets", site + "/<a>", "%3C"},
		{"a caret", site + "/a^b", "%5E"},
		{"a backtick", site + "/a`b", "%60"},
		{"braces", site + "/{a}", "%7B"},
		{"a pipe", site + "/a|b", "%7C"},
		{"brackets", site + "/a[1]", "%5B"},
		{"an apostrophe in the query", site + "/a?b='c'", "%27"},
		{"a space in the query", site + "/a?b=c d", "%20"},
		{"half an escape in the query", site + "/a?b=100%", "%25"},
		{"an escape in lower case", site + "/a%2fb", "%2F"},
		{"an escaped unreserved character", site + "/%7Euser", "write ~"},
		{"a dot segment", site + "/a/../b", "without it"},
		{"an escaped dot segment", site + "/a/%2E%2E/b", "without it"},
		{"two slashes at the start", site + "//a", "slash"},
		{"an empty query", site + "/a?", "leave the ? out"},
		{"no path", site, "write /"},
		{"no path before the query", site + "?a=b", "write /"},
		{"a scheme in capitals", "HTTPS://d111111abcdef8.cloudfront.net/a", "lower case"},
		{"a host in capitals", "https://D111111ABCDEF8.cloudfront.net/a", "lower case"},
		{"the default port", "https://d111111abcdef8.cloudfront.net:443/a", "leave it out"},
		{"a dot after the host", "https://d111111abcdef8.cloudfront.net./a", "leave it out"},
		{"a user name and password", "https://u:p@d111111abcdef8.cloudfront.net/a", "leave them out"},
		{"no host", "https:///a", "domain name"},
		// These hosts are of another service.
		{"a host of S3", "https://bucket.s3.eu-central-1.amazonaws.com/a", "distribution"},
		// CloudFront answers 413.
		{"a URL that is too long", site + "/" + strings.Repeat("a", signer.MaxURLLength), "shorter"},
	} {
		t.Run(test.what, func(t *testing.T) {
			if _, err := their.Sign(test.url, expires); err != nil {
				t.Errorf("the SDK refuses it too: %v", err)
			}
			_, err := our.URL(t.Context(), test.url, signer.Policy{Expires: expires})
			refused(t, err, test.fix)
		})
	}

	for _, test := range []struct {
		what     string
		url      string
		resource string
		sdk      sign.Condition
		ours     signer.Policy
		fix      string
	}{
		{"a URL outside ASCII under a wildcard", site + "/día", site + "/*",
			end(expires), signer.Policy{Expires: expires, Resource: site + "/*"}, "%C3%AD"},
		{"a resource that does not cover the URL", site + "/a", site + "/b/*",
			end(expires), signer.Policy{Expires: expires, Resource: site + "/b/*"}, "does not cover"},
		{"a resource that is no URL", site + "/a", "/a*",
			end(expires), signer.Policy{Expires: expires, Resource: "/a*"}, "https://"},
		{"everything there is", site + "/a", "*",
			end(expires), signer.Policy{Expires: expires, Resource: "*"}, "https://"},
		{"every host", site + "/a", "https://*/a",
			end(expires), signer.Policy{Expires: expires, Resource: "https://*/a"}, "write the whole host"},
		{"no end", site + "/a", site + "/a",
			sign.Condition{}, signer.Policy{}, "set TTL"},
		{"an end that is past", site + "/a", site + "/a",
			end(now), signer.Policy{Expires: now}, "has passed"},
		{"an end in milliseconds", site + "/a", site + "/a",
			end(time.Unix(expires.UnixMilli(), 0)), signer.Policy{Expires: time.Unix(expires.UnixMilli(), 0)}, "milliseconds"},
		{"a start after the end", site + "/a", site + "/a",
			sign.Condition{DateLessThan: sign.NewAWSEpochTime(expires), DateGreaterThan: sign.NewAWSEpochTime(expires)},
			signer.Policy{Expires: expires, NotBefore: expires}, "before the end"},
		{"an IPv6 address", site + "/a", site + "/a",
			address("2001:db8::1"), signer.Policy{Expires: expires, IPAddress: "2001:db8::1"}, "IPv4"},
		{"two addresses", site + "/a", site + "/a",
			address("203.0.113.7,203.0.113.8"), signer.Policy{Expires: expires, IPAddress: "203.0.113.7,203.0.113.8"}, "203.0.113.0/24"},
		{"bits after the prefix", site + "/a", site + "/a",
			address("203.0.113.7/24"), signer.Policy{Expires: expires, IPAddress: "203.0.113.7/24"}, "write 203.0.113.0/24"},
		{"words for an address", site + "/a", site + "/a",
			address("localhost"), signer.Policy{Expires: expires, IPAddress: "localhost"}, "IPv4"},
	} {
		t.Run(test.what, func(t *testing.T) {
			policy := &sign.Policy{Statements: []sign.Statement{{Resource: test.resource, Condition: test.sdk}}}
			if _, err := their.SignWithPolicy(test.url, policy); err != nil {
				t.Errorf("the SDK refuses it too: %v", err)
			}
			_, err := our.URL(t.Context(), test.url, test.ours)
			refused(t, err, test.fix)
		})
	}

	// Our policies always have one statement, so signing need not refuse this.
	t.Run("two statements", func(t *testing.T) {
		statement := sign.Statement{Resource: site + "/a", Condition: end(expires)}
		signed := must[string](t)(their.SignWithPolicy(site+"/a", &sign.Policy{Statements: []sign.Statement{statement, statement}}))
		keys := map[string]*signer.PublicKey{keyPairID: must[*signer.PublicKey](t)(signer.NewPublicKey(ecdsaKey().Public()))}
		if v := signer.Verify(signer.Request{URL: signed, Time: now}, keys); v.Code != signer.MalformedPolicy {
			t.Errorf("the verifier says %q: %s", v.Code, v.Detail)
		}
	})
	t.Run("a key of another curve", func(t *testing.T) {
		p384 := must[*ecdsa.PrivateKey](t)(ecdsa.GenerateKey(elliptic.P384(), rand.Reader))
		if _, err := sdk(p384, sign.HashSHA256).Sign(site+"/a", expires); err != nil {
			t.Errorf("the SDK refuses it too: %v", err)
		}
		_, err := signer.KeyFrom(p384)
		refused(t, err, "P-256")
	})
	for _, id := range []string{"", "K2&Expires=4102444800", "arn:aws:cloudfront::123456789012:public-key/K2JCJMDEHXQW5F"} {
		t.Run("the key pair id "+id, func(t *testing.T) {
			if _, err := sign.NewURLSigner(id, ecdsaKey()).Sign(site+"/a", expires); err != nil {
				t.Errorf("the SDK refuses it too: %v", err)
			}
			_, err := signer.New(id, must[signer.Key](t)(signer.KeyFrom(ecdsaKey())), nil)
			refused(t, err, "K2JCJMDEHXQW5F")
		})
	}
}

func end(t time.Time) sign.Condition { return sign.Condition{DateLessThan: sign.NewAWSEpochTime(t)} }

func address(text string) sign.Condition {
	c := end(expires)
	c.IPAddress = &sign.IPAddress{SourceIP: text}
	return c
}

func refused(t *testing.T, err error, fix string) {
	t.Helper()
	if err == nil || !strings.Contains(err.Error(), fix) {
		t.Errorf("got %v, want a refusal that says %q", err, fix)
	}
}
