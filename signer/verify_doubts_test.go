package signer

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestAVerdictIsCertainOnlyWhereCloudFrontsIsKnown(t *testing.T) {
	s := newSigner(t, ECDSAP256, Options{})
	custom := must[string](t)(s.URL(t.Context(), site+"/a/x", Policy{TTL: ttl, Resource: site + "/a/*"}))
	end := now().Add(ttl).Unix()
	const strange, garbled, noJSON = "QR__", "a+b/c==", "bm90IEpTT04_" // base64 that is spelled loosely, that is none, and of no policy
	policy := func(expires int64, more string) string {
		return site + "/a/x?" + resign(t, ECDSAP256, fmt.Sprintf(`{"Statement":[{"Resource":"%s/a/*","Condition":{"DateLessThan":{"AWS:EpochTime":%d}%s}}]}`, site, expires, more))
	}
	for name, test := range map[string]struct {
		url     string
		reason  Reason
		certain bool
	}{
		"a policy that is no base64":                  {with(custom, "Policy", garbled), ReasonPolicyEncoding, true},
		"one with an expiry beside it":                {with(custom, "Policy", garbled) + "&Expires=1900000000", ReasonPolicyEncoding, false},
		"a policy in a loose spelling":                {with(custom, "Policy", strange), ReasonPolicyEncoding, false},
		"a policy that cannot be read":                {with(custom, "Policy", noJSON), ReasonPolicyFormat, true},
		"one that cannot be read, beside an expiry":   {with(custom, "Policy", noJSON) + "&Expires=1900000000", ReasonPolicyFormat, false},
		"an expiry that is none beside a policy of 0": {policy(0, "") + "&Expires=x", ReasonExpired, false},
		"an expiry of 0 beside a policy of 0":         {policy(0, "") + "&Expires=0", ReasonExpired, true},
		"an address that is not known":                {policy(end, `,"IpAddress":{"AWS:SourceIp":"203.0.113.9"}`), ReasonAddress, false},
	} {
		t.Run(name, func(t *testing.T) {
			v := Verify(Request{URL: test.url, Time: now()}, trusted(t, ECDSAP256))
			if v.Allowed || v.Reason != test.reason || v.Certain != test.certain {
				t.Errorf("got %s (certain %v), want %s (certain %v): %s", v.Reason, v.Certain, test.reason, test.certain, v.Detail)
			}
			if test.reason == ReasonAddress && !strings.Contains(v.Detail, "the viewer's is not known") {
				t.Errorf("got %s", v.Detail)
			}
		})
	}
}

func TestACannedPolicyIsForItsURLByteForByte(t *testing.T) {
	end := fmt.Sprint(now().Add(ttl).Unix())
	// A backslash escapes a star of a pattern. Here it is a byte of the URL.
	for _, path := range []string{`/a\*b`, `/a\b`, "/a*b", "/a?b=*", "/a?b?c"} {
		digest := must[[]byte](t)(SHA256.sum(nil, cannedText(site+path, end)))
		signature := must[[]byte](t)(newKey(t, ECDSAP256).SignDigest(t.Context(), digest, SHA256.crypto()))
		separator := "?"
		if strings.Contains(path, "?") {
			separator = "&"
		}
		url := site + path + separator + "Expires=" + end + "&Signature=" + cloudFront.EncodeToString(signature) + "&Key-Pair-Id=" + keyID + "&Hash-Algorithm=SHA256"
		if v := Verify(Request{URL: url, Time: now()}, trusted(t, ECDSAP256)); !v.Allowed || !v.Certain {
			t.Errorf("%s: %s", path, v.Detail)
		}
	}
}

func TestAURLThatIsNotWholeIsDeniedAsSuch(t *testing.T) {
	signed := must[string](t)(newSigner(t, ECDSAP256, Options{}).URL(t.Context(), site+"/a/x", Policy{TTL: ttl}))
	_, query, _ := strings.Cut(signed, "?")
	host := strings.TrimPrefix(site, "https://")
	for _, url := range []string{
		"", "/a/x?" + query, host + "/a/x?" + query, "//" + host + "/a/x?" + query, "ftp://" + host + "/a/x?" + query,
		"https:///a/x?" + query, "https://" + host + "?" + query, "https://" + host + "#/a/x?" + query, "https://" + host,
	} {
		v := Verify(Request{URL: url, Time: now()}, trusted(t, ECDSAP256))
		if v.Allowed || v.Code != AccessDenied || v.Reason != ReasonURL || v.Certain {
			t.Errorf("%.40q: %s (certain %v): %s", url, v.Reason, v.Certain, v.Detail)
		}
	}
}

func TestTheTimesOfAPolicyLetNothingInAtTheirEdges(t *testing.T) {
	s := newSigner(t, ECDSAP256, Options{})
	url := must[string](t)(s.URL(t.Context(), site+"/a/x", Policy{TTL: ttl, NotBefore: now()}))
	for at, allowed := range map[time.Duration]bool{
		-time.Nanosecond: false, 0: false, time.Nanosecond: true,
		ttl - time.Nanosecond: true, ttl: false, ttl + time.Nanosecond: false,
	} {
		if v := Verify(Request{URL: url, Time: now().Add(at)}, trusted(t, ECDSAP256)); v.Allowed != allowed {
			t.Errorf("%s after the start: allowed %v: %s", at, v.Allowed, v.Detail)
		}
	}
}

func TestAVerdictNamesAnIDAndWhereItWasRead(t *testing.T) {
	signed := must[string](t)(newSigner(t, ECDSAP256, Options{}).URL(t.Context(), site+"/a/x", Policy{TTL: ttl}))
	for _, test := range []struct {
		name    string
		request Request
		id      string
		cookies bool
	}{
		{"an id in the URL", Request{URL: signed}, keyID, false},
		{"an id in cookies", Request{URL: site + "/a/x", Cookie: cookies(t, signed)}, keyID, true},
		{"no id", Request{URL: without(signed, "Key-Pair-Id")}, "", false},
		{"what can be no id", Request{URL: with(signed, "Key-Pair-Id", "k-1")}, "", false},
		{"what is too long", Request{URL: with(signed, "Key-Pair-Id", strings.Repeat("K", 33))}, "", false},
	} {
		test.request.Time = now()
		v := Verify(test.request, trusted(t, ECDSAP256))
		if v.KeyPairID != test.id || v.Cookies != test.cookies {
			t.Errorf("%s: got id %q, cookies %v", test.name, v.KeyPairID, v.Cookies)
		}
		if v.Allowed != (test.id != "") || v.Allowed && !v.Certain {
			t.Errorf("%s: allowed %v, certain %v: %s", test.name, v.Allowed, v.Certain, v.Detail)
		}
	}
}

func TestOwnParametersKeepTheirOrderAndTheirSeparators(t *testing.T) {
	own := []string{"a=1", "b", "c="}
	// CloudFront's parameters at every place among them, at one or at two.
	for first := range len(own) + 1 {
		for second := first; second <= len(own); second++ {
			query := slices.Insert(slices.Clone(own), second, "Signature=x")
			query = slices.Insert(query, first, "Expires=1")
			if got, want := readQuery(site+"/?"+strings.Join(query, "&")).url, site+"/?a=1&b&c="; got != want {
				t.Errorf("%s: got %s, want %s", query, got, want)
			}
		}
	}
}
