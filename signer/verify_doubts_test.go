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
	const strange, garbled, noJSON = "QR__", "a+b/c==", "bm90IEpTT04_" // base64 in a lenient spelling, invalid base64, and base64 of no policy
	policy := func(expires int64, more string) string {
		return site + "/a/x?" + resign(t, ECDSAP256, fmt.Sprintf(`{"Statement":[{"Resource":"%s/a/*","Condition":{"DateLessThan":{"AWS:EpochTime":%d}%s}}]}`, site, expires, more))
	}
	for name, test := range map[string]struct {
		url     string
		reason  Reason
		certain bool
	}{
		"a policy that is no base64":                   {with(custom, "Policy", garbled), ReasonPolicyEncoding, true},
		"one with an expiry next to it":                {with(custom, "Policy", garbled) + "&Expires=1900000000", ReasonPolicyEncoding, false},
		"a policy in a loose spelling":                 {with(custom, "Policy", strange), ReasonPolicyEncoding, false},
		"a policy that cannot be read":                 {with(custom, "Policy", noJSON), ReasonPolicyFormat, true},
		"one that cannot be read, next to an expiry":   {with(custom, "Policy", noJSON) + "&Expires=1900000000", ReasonPolicyFormat, false},
		"an expiry that is none next to a policy of 0": {policy(0, "") + "&Expires=x", ReasonExpired, false},
		"an expiry of 0 next to a policy of 0":         {policy(0, "") + "&Expires=0", ReasonExpired, true},
		"an address that is not known":                 {policy(end, `,"IpAddress":{"AWS:SourceIp":"203.0.113.9"}`), ReasonAddress, false},
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
	// A backslash escapes a star in a pattern. In a URL it is itself.
	for _, path := range []string{`/a\*b`, `/a\b`, "/a*b", "/a?b=*", "/a?b?c", `/a\?b`} {
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
	// CloudFront's parameters stand in every position among them, in one place or
	// in two.
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

func TestOnlyAnEscapedNameOfCloudFrontsMakesAVerdictDoubtful(t *testing.T) {
	s := newSigner(t, ECDSAP256, Options{})
	sign := func(query string) string {
		return must[string](t)(s.URL(t.Context(), site+"/a/x"+query, Policy{TTL: ttl, Resource: site + "/a/*"}))
	}
	for name, test := range map[string]struct {
		url     string
		certain bool
	}{
		"no escape":                                 {sign("?a=1"), true},
		"an escape in a name of one's own":          {sign("?a%20b=1"), true},
		"one at the start of such a name":           {sign("?%C3%AD=1"), true},
		"an escaped name at its start":              {sign("") + "&%45xpires=1", false},
		"an escaped name in its midst":              {sign("") + "&Hash%2DAlgorithm=SHA1", false},
		"a doubtful value before one's own":         {strings.Replace(sign(""), "=SHA", "=%53HA", 1) + "&a%20b=1", false},
		"an escaped name before one of one's own":   {sign("") + "&%45xpires=1&a%20b=1", false},
		"a doubtful value after an escape for a ~.": {strings.Replace(sign(""), "=SHA", "=%53HA", 1) + "&a=%7E", false},
	} {
		v := Verify(Request{URL: test.url, Time: now()}, trusted(t, ECDSAP256))
		if !v.Allowed || v.Certain != test.certain {
			t.Errorf("%s: allowed %v, certain %v: %s", name, v.Allowed, v.Certain, v.Detail)
		}
	}
}

func TestCookiesOfOtherNamesAreNotCloudFronts(t *testing.T) {
	for _, header := range []string{
		"", "Policy=a; Signature=b; Key-Pair-Id=c", "CloudFront-Policy; CloudFront-Signature", "CloudFront-Viewer=a", "CloudFront-=a",
		"cloudfront-policy=a", "CloudFront-policy=a", "xCloudFront-Policy=a", `"CloudFront-Policy"=a`,
	} {
		if c := readCookies([]string{header}, site+"/"); c.present || c.cookies || c.url != site+"/" {
			t.Errorf("%q: read %+v", header, c)
		}
	}
	if c := readCookies([]string{"a=b", " \tCloudFront-Policy=a=b\t"}, site+"/"); !c.cookies || c.policy != "a=b" || c.hasSignature {
		t.Errorf("read %+v", c)
	}
}

func TestEmptyParametersAloneAreDropped(t *testing.T) {
	for url, want := range map[string]string{
		"/a": "/a", "/a?": "/a", "/a?&&": "/a", "/a?b": "/a?b", "/a?&b=1&&c&": "/a?b=1&c", "/a?=&b": "/a?=&b",
	} {
		if got := withoutEmptyParams(url); got != want {
			t.Errorf("%s: got %s, want %s", url, got, want)
		}
	}
}

func TestSecondsAreDigitsUpToTheYear9999(t *testing.T) {
	const none, format, late = "empty: want whole seconds since 1970", "not whole seconds since 1970", "after the year 9999: milliseconds were taken for seconds"
	for text, test := range map[string]struct {
		n       int64
		certain bool
		fault   string
	}{
		"0": {0, true, ""}, "0190": {190, true, ""}, "253402300799": {lastExpiry, true, ""},
		"": {0, true, none}, "-1": {0, true, format}, "+1": {0, true, format}, "1.5": {0, true, format}, " 1": {0, true, format},
		"1:": {0, true, format}, "1e3": {0, true, format}, "1/": {0, true, format},
		"253402300800": {0, false, late}, "99999999999999999999": {0, false, late},
	} {
		n, certain, err := parseSeconds(text)
		if n != test.n || certain != test.certain || (err == nil) != (test.fault == "") || err != nil && err.Error() != test.fault {
			t.Errorf("%q: got %d, certain %v, %v", text, n, certain, err)
		}
	}
}

func TestAnUnknownKeyIsToldWithWhatMayHaveHappened(t *testing.T) {
	signed := must[string](t)(newSigner(t, ECDSAP256, Options{}).URL(t.Context(), site+"/a/x", Policy{TTL: ttl}))
	public := newKey(t, ECDSAP256).PublicKey()
	for _, test := range []struct {
		id   string
		keys map[string]*PublicKey
		want string
	}{
		{"KUNKNOWN", map[string]*PublicKey{"KB": public, "KC": public, "KA": public}, `the key pair id, "KUNKNOWN", is not among the trusted keys ("KA", "KB", "KC")`},
		{"KUNKNOWN", nil, `the key pair id, "KUNKNOWN", is not among the trusted keys (there are none)`},
		{"undefined", nil, `the key pair id, "undefined", the text of a variable that was not set, is not among the trusted keys (there are none)`},
		{"null", nil, `the key pair id, "null", the text of a variable that was not set, is not`},
		{"None", nil, `the key pair id, "None", the text of a variable that was not set, is not`},
		{"nil", nil, `the key pair id, "nil", the text of a variable that was not set, is not`},
	} {
		v := Verify(Request{URL: with(signed, "Key-Pair-Id", test.id), Time: now()}, test.keys)
		if !strings.HasPrefix(v.Detail, test.want) {
			t.Errorf("got  %s\nwant %s", v.Detail, test.want)
		}
	}
}
