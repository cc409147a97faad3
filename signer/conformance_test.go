package signer

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

// What is publicly known of CloudFront's answers, with sources, and what is not
// known: there the verdict is the strict one and is not certain.
func TestVerdictsAgreeWithWhatIsKnownOfCloudFront(t *testing.T) {
	const (
		fetched   = "public logs of wget and of a CI, July 2023 to February 2024: 200 OK; URLs of this shape in https://github.com/commitdev/zero/issues/287"
		tiles     = "a public client of map tiles, with the bodies of the answers"
		schemes   = "public production URLs of two video services and a font service, 2013 and later"
		anything  = "public production URLs and cookies of a magazine and of two video services"
		members   = "public production policies of a video service"
		hosts     = "public production policies for map tiles and media"
		sample    = "https://github.com/aws-samples/amazon-cloudfront-signed-urls-using-lambda-secretsmanager (folder 5, README, steps 13 and the test; issue 5)"
		pemAsID   = "a public report, August 2026: an id that was a PEM got MissingKey"
		undefined = "https://github.com/jasonsims/aws-cloudfront-sign/issues/2"
		length    = "https://github.com/add-ons/plugin.video.vrt.nu/issues/399"
		cookieDoc = "https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/private-content-setting-signed-cookie-custom-policy.html"
		unknown   = "not known"
	)
	s := newSigner(t, ECDSAP256, Options{})
	keys := trusted(t, ECDSAP256)
	end := now().Add(ttl).Unix()
	sign := func(path string, p Policy) string {
		t.Helper()
		p.TTL = ttl
		return must[string](t)(s.URL(t.Context(), site+path, p))
	}
	custom := sign("/a/x", Policy{Resource: site + "/a/*"})
	canned := sign("/a/x", Policy{})
	forPolicy := func(url, policy string) string { return site + url + "&" + resign(t, ECDSAP256, policy) }
	policy := func(resource string) string {
		return fmt.Sprintf(`{"Statement":[{"Resource":"%s","Condition":{"DateLessThan":{"AWS:EpochTime":%d}}}]}`, resource, end)
	}
	// signAs signs a canned policy for a URL that no Signer would sign.
	signAs := func(url, signed string) string {
		digest := must[[]byte](t)(SHA256.sum(nil, cannedText(site+signed, fmt.Sprint(end))))
		signature := must[[]byte](t)(newKey(t, ECDSAP256).SignDigest(t.Context(), digest, SHA256.crypto()))
		return fmt.Sprintf("%s%sExpires=%d&Signature=%s&Key-Pair-Id=%s&Hash-Algorithm=SHA256", site, url, end, cloudFront.EncodeToString(signature), keyID)
	}
	// escaped signs until the signature holds a character, and escapes it.
	escaped := func(p Policy, c, escape string) string {
		for range 500 {
			url := sign("/a/x", p)
			if value := readQuery(url).signature; strings.Contains(value, c) {
				return with(url, "Signature", strings.ReplaceAll(value, c, escape))
			}
		}
		t.Fatalf("no signature of 500 holds %s", c)
		return ""
	}
	wide := Policy{Resource: site + "/a/*"}
	// The base64 of question marks has slashes at any alignment.
	tilde := forPolicy("/a/x?b", strings.TrimSuffix(policy(site+"/a/*"), "}")+`,"n":"?????"}`)
	tilde = with(tilde, "Policy", strings.ReplaceAll(readQuery(tilde).policy, "~", "%7E"))

	const hf = `{"Statement":[{"Condition":{"DateLessThan":{"AWS:EpochTime":1900000000}},"Resource":"` + site + `/repos/*?response-content-disposition=*&response-content-type=*"}]}`
	// long returns a target of n bytes, which the policy covers.
	long := func(n int) string {
		tail := "?" + resign(t, ECDSAP256, policy("*"))
		return site + "/" + strings.Repeat("a", n-1-len(tail)) + tail
	}

	for _, c := range []struct {
		row, source string
		url         string
		cookies     []string
		code        Code // empty if allowed
		reason      Reason
		certain     bool
	}{
		{"Expires next to Policy with the same time", fetched, custom + fmt.Sprintf("&Expires=%d", end), nil, "", "", true},
		{"Expires before Policy", fetched, strings.Replace(custom, "?", fmt.Sprintf("?Expires=%d&", end), 1), nil, "", "", true},
		{"Expires next to Policy with another time", unknown, custom + "&Expires=1900000000", nil, "", "", false},
		{"an earlier Expires next to Policy", unknown, custom + "&Expires=1", nil, "", "", false},
		{"an Expires that is no time next to Policy", unknown, custom + "&Expires=x", nil, "", "", false},
		{"Expires next to a Policy for another path", fetched, strings.Replace(custom, "/a/", "/b/", 1) + fmt.Sprintf("&Expires=%d", end), nil, AccessDenied, ReasonOtherResource, true},
		{"both among cookies", unknown, site + "/a/x", []string{cookies(t, custom)[0] + fmt.Sprintf("; CloudFront-Expires=%d", end)}, MalformedPolicy, ReasonRepeated, false},

		{"%7E for ~ in Policy", fetched, tilde, nil, "", "", true},
		{"%7E for ~ in Signature", fetched, escaped(wide, "~", "%7E"), nil, "", "", true},
		{"%7E in a canned Signature", fetched, escaped(Policy{}, "~", "%7E"), nil, "", "", true},
		{"%7e", unknown, escaped(wide, "~", "%7e"), nil, "", "", false},
		{"%2D for -", unknown, escaped(wide, "-", "%2D"), nil, "", "", false},
		{"%5F for _", unknown, escaped(wide, "_", "%5F"), nil, "", "", false},
		{"an escape in Key-Pair-Id", unknown, strings.Replace(custom, "Key-Pair-Id=K", "Key-Pair-Id=%4B", 1), nil, "", "", false},
		{"an escape in Hash-Algorithm", unknown, strings.Replace(custom, "=SHA", "=%53HA", 1), nil, "", "", false},
		{"an escape in Expires", unknown, strings.Replace(canned, "Expires=1", "Expires=%31", 1), nil, "", "", false},
		{"an escape of an escape", unknown, escaped(Policy{}, "~", "%257E"), nil, MalformedSignature, ReasonSignatureEncoding, false},
		{"an escaped name", unknown, strings.Replace(canned, "Key-Pair-Id", "Key%2DPair-Id", 1), nil, MissingKey, ReasonNoKeyPairID, false},
		{"an escaped name in the URL, with cookies", unknown, site + "/a/x?Key%2DPair-Id=1", cookies(t, custom), "", "", false},
		{"%7E in a cookie", unknown, site + "/a/x", []string{strings.ReplaceAll(cookies(t, escaped(Policy{}, "~", "~"))[0], "~", "%7E")}, MalformedSignature, ReasonSignatureEncoding, false},

		{"a changed policy that cannot be read", tiles, with(custom, "Policy", "bm90IEpTT04_"), nil, MalformedPolicy, ReasonPolicyFormat, true},
		{"text after the policy", unknown, forPolicy("/a/x?b", policy(site+"/a/*")+"x"), nil, MalformedPolicy, ReasonPolicyFormat, false},
		{"a byte order mark before the policy", unknown, forPolicy("/a/x?b", "\ufeff"+policy(site+"/a/*")), nil, MalformedPolicy, ReasonPolicyFormat, false},
		{"a policy that is cut off", tiles, forPolicy("/a/x?b", strings.TrimSuffix(policy(site+"/a/*"), "}")), nil, MalformedPolicy, ReasonPolicyFormat, true},
		{"a cookie in quotation marks", unknown, site + "/a/x", []string{strings.Replace(cookies(t, custom)[0], readQuery(custom).policy, `"`+readQuery(custom).policy+`"`, 1)}, MalformedPolicy, ReasonPolicyEncoding, false},
		{"an unknown key", tiles, with(custom, "Key-Pair-Id", "KUNKNOWN"), nil, InvalidKey, ReasonUnknownKey, true},
		{"a garbled signature", tiles, with(custom, "Signature", "a+b/c=="), nil, MalformedSignature, ReasonSignatureEncoding, true},
		{"a policy that is not UTF-8", unknown, forPolicy("/a/x?b", policy(site+"/a/*")+"\xff"), nil, MalformedPolicy, ReasonPolicyFormat, false},

		{"http*:// as the scheme", schemes, forPolicy("/v2/woff?ID", policy("http*://*/v2/woff?ID")), nil, "", "", true},
		{"* alone in a URL", anything, forPolicy("/a?b", policy("*")), nil, "", "", true},
		{"* alone in cookies", anything, site + "/a", cookies(t, forPolicy("/a?b", policy("*"))), "", "", true},
		{"members next to Statement", members, forPolicy("/a/x?b", strings.TrimSuffix(policy(site+"/a/*"), "}")+`,"tid":"12425965834","ver":"3"}`), nil, "", "", true},
		{"a member of the statement", unknown, forPolicy("/a/x?b", strings.Replace(policy(site+"/a/*"), `"Resource"`, `"Effect":"Allow","Resource"`, 1)), nil, MalformedPolicy, ReasonPolicyFormat, false},
		{"stars in the host", hosts, forPolicy("/identified/x?b", policy("https://*1111*.cloudfront.net/identified/*")), nil, "", "", true},
		{"stars inside the query, and Condition first", fetched, forPolicy("/repos/x?response-content-disposition=attachment&response-content-type=a", hf), nil, "", "", true},
		{"another query than the resource's", fetched, forPolicy("/repos/x?response-content-type=a", hf), nil, AccessDenied, ReasonOtherResource, true},
		{"a ? that is a wildcard or starts the query", unknown, forPolicy("/abc?b", policy(site+"/a?c*")), nil, AccessDenied, ReasonOtherResource, false},
		{"Key-Pair-Id first", tiles, site + "/a/x?Key-Pair-Id=" + keyID + "&" + strings.Replace(strings.SplitN(custom, "?", 2)[1], "&Key-Pair-Id="+keyID, "", 1), nil, "", "", true},

		{"an empty query that was signed with its ?", sample, signAs("/a/x?&", "/a/x?"), nil, "", "", false},
		{"an empty query that was signed without", sample, signAs("/a/x?&", "/a/x"), nil, AccessDenied, ReasonSignature, false},
		{"an empty parameter at the end", unknown, canned + "&", nil, AccessDenied, ReasonSignature, false},
		{"an empty query, with cookies for the URL without", unknown, site + "/a/x?", cookies(t, canned), AccessDenied, ReasonSignature, false},
		{"an empty parameter that was signed", unknown, signAs("/a/x?b&&", "/a/x?b&"), nil, "", "", false},
		{"an empty query that a pattern covers", sample, strings.Replace(custom, "?", "?&", 1), nil, "", "", true},
		{"an empty query that a pattern does not name", unknown, strings.Replace(forPolicy("/a?b", policy(site+"/a")), "?b&", "?&", 1), nil, AccessDenied, ReasonOtherResource, false},

		{"an id that is no id", pemAsID, with(custom, "Key-Pair-Id", "-----BEGIN PUBLIC KEY-----"), nil, InvalidKey, ReasonUnknownKey, false},
		{"an id of an unset variable", undefined, with(custom, "Key-Pair-Id", "undefined"), nil, InvalidKey, ReasonUnknownKey, true},
		{"a target of 8,192 bytes", length, long(MaxURLLength), nil, "", "", true},
		{"a target of 8,193 bytes", length, long(MaxURLLength + 1), nil, RequestTooLong, ReasonTooLong, true},
		{"the hash among cookies", cookieDoc, site + "/a/x", cookies(t, custom), "", "", true},

		{"no signature", unknown, without(custom, "Signature"), nil, MalformedSignature, ReasonNoSignature, false},
		{"a parameter twice", unknown, custom + "&Hash-Algorithm=SHA256", nil, AccessDenied, ReasonRepeated, false},
		{"the hash in small letters", unknown, with(custom, "Hash-Algorithm", "sha256"), nil, AccessDenied, ReasonUnknownHash, false},
	} {
		t.Run(c.row, func(t *testing.T) {
			r := Request{URL: c.url, Cookie: c.cookies, Time: now()}
			v := Verify(r, keys)
			if v.Allowed != (c.code == "") || v.Code != c.code || v.Reason != c.reason || v.Certain != c.certain {
				t.Errorf("allowed %v, %s %s, certain %v: %s\nwant %q %s, certain %v (source: %s)",
					v.Allowed, v.Code, v.Reason, v.Certain, v.Detail, c.code, c.reason, c.certain, c.source)
			}
			if e := Explain(r, keys); e.Allowed != v.Allowed || e.Code != v.Code || e.Certain != v.Certain {
				t.Errorf("Explain decides otherwise: %+v", e)
			}
		})
	}
	for code, want := range map[Code]int{"": 200, MissingKey: 403, AccessDenied: 403, RequestTooLong: 413} {
		if got := code.Status(); got != want {
			t.Errorf("status of %q: %d, want %d", code, got, want)
		}
	}
	if v := Verify(Request{URL: canned, Time: now().Add(time.Hour)}, keys); v.Code != AccessDenied || v.Reason != ReasonExpired || !v.Certain {
		t.Errorf("expired (source: %s): got %+v", sample, v)
	}
}
