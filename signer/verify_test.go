package signer

import (
	"encoding/json"
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"
)

func addr(s string) netip.Addr { return netip.MustParseAddr(s) }

// resign signs any policy text, even one that no Signer would sign.
func resign(t testing.TB, algorithm Algorithm, policy string) string {
	t.Helper()
	digest := must[[]byte](t)(SHA256.sum(nil, []byte(policy)))
	signature := must[[]byte](t)(newKey(t, algorithm).SignDigest(t.Context(), digest, SHA256.crypto()))
	return fmt.Sprintf("Policy=%s&Signature=%s&Key-Pair-Id=%s&Hash-Algorithm=SHA256",
		cloudFront.EncodeToString([]byte(policy)), cloudFront.EncodeToString(signature), keyID)
}

func without(url, param string) string {
	head, tail, _ := strings.Cut(url, param+"=")
	_, rest, more := strings.Cut(tail, "&")
	if !more {
		return strings.TrimRight(head, "?&")
	}
	return head + rest
}

func with(url, param, value string) string {
	head, tail, _ := strings.Cut(url, param+"=")
	_, rest, more := strings.Cut(tail, "&")
	if more {
		rest = "&" + rest
	}
	return head + param + "=" + value + rest
}

func TestEveryRefusalHasCloudFrontsCodeAndItsReason(t *testing.T) {
	s := newSigner(t, ECDSAP256, Options{})
	canned := must[string](t)(s.URL(t.Context(), site+"/a/rt.png?size=l", Policy{TTL: ttl}))
	custom := must[string](t)(s.URL(t.Context(), site+"/a/rt.png", Policy{TTL: ttl, NotBefore: now(), IPAddress: "203.0.113.0/24", Resource: site + "/a/*"}))
	const policy = `{"Statement":[{"Resource":"` + site + `/a/*","Condition":{"DateLessThan":{"AWS:EpochTime":1900000000}}}]}`
	later := now().Add(time.Second)
	viewer := addr("203.0.113.9")
	for name, test := range map[string]struct {
		url     string
		at      time.Time
		viewer  netip.Addr
		code    Code
		reason  Reason
		certain bool
	}{
		"unsigned":                        {site + "/a/rt.png", now(), viewer, MissingKey, ReasonUnsigned, true},
		"unsigned with its own query":     {site + "/a/rt.png?size=l", now(), viewer, MissingKey, ReasonUnsigned, true},
		"no key pair id":                  {without(canned, "Key-Pair-Id"), now(), viewer, MissingKey, ReasonNoKeyPairID, true},
		"an empty key pair id":            {with(canned, "Key-Pair-Id", ""), now(), viewer, MissingKey, ReasonNoKeyPairID, true},
		"an expiry alone":                 {site + "/a?Expires=1", now(), viewer, MissingKey, ReasonNoKeyPairID, true},
		"an unknown key":                  {with(canned, "Key-Pair-Id", "KUNKNOWN"), now(), viewer, InvalidKey, ReasonUnknownKey, true},
		"a hash CloudFront lacks":         {with(canned, "Hash-Algorithm", "MD5"), now(), viewer, AccessDenied, ReasonUnknownHash, false},
		"a hash in small letters":         {with(canned, "Hash-Algorithm", "sha256"), now(), viewer, AccessDenied, ReasonUnknownHash, false},
		"no signature":                    {without(canned, "Signature"), now(), viewer, MalformedSignature, ReasonNoSignature, false},
		"an empty signature":              {with(canned, "Signature", ""), now(), viewer, MalformedSignature, ReasonNoSignature, false},
		"a signature in usual base64":     {with(canned, "Signature", "MEQCIF+/ab=="), now(), viewer, MalformedSignature, ReasonSignatureEncoding, true},
		"a signature cut off":             {with(canned, "Signature", "MEQCI"), now(), viewer, MalformedSignature, ReasonSignatureEncoding, true},
		"a signature with an escape":      {with(canned, "Signature", "MEQC%7E__"), now(), viewer, MalformedSignature, ReasonSignatureEncoding, true},
		"a lenient spelling":              {with(canned, "Signature", "QR__"), now(), viewer, MalformedSignature, ReasonSignatureEncoding, false},
		"neither expiry nor policy":       {without(canned, "Expires"), now(), viewer, MalformedPolicy, ReasonNoPolicy, true},
		"an expiry in milliseconds":       {with(canned, "Expires", "1782907200000"), now(), viewer, MalformedPolicy, ReasonExpiryFormat, false},
		"an expiry that is no number":     {with(canned, "Expires", "tomorrow"), now(), viewer, MalformedPolicy, ReasonExpiryFormat, true},
		"an empty expiry":                 {with(canned, "Expires", ""), now(), viewer, MalformedPolicy, ReasonExpiryFormat, true},
		"a policy in usual base64":        {with(custom, "Policy", "eyJ+/=="), now(), viewer, MalformedPolicy, ReasonPolicyEncoding, true},
		"a policy that is no JSON":        {with(custom, "Policy", "bm90IEpTT04_"), now(), viewer, MalformedPolicy, ReasonPolicyFormat, true},
		"an expiry twice":                 {canned + "&Expires=1", now(), viewer, AccessDenied, ReasonRepeated, false},
		"a signature twice":               {canned + "&Signature=x", now(), viewer, AccessDenied, ReasonRepeated, false},
		"an empty signature first":        {strings.Replace(canned, "&Signature=", "&Signature=&Signature=", 1), now(), viewer, AccessDenied, ReasonRepeated, false},
		"a key pair id twice":             {canned + "&Key-Pair-Id=KUNKNOWN", now(), viewer, AccessDenied, ReasonRepeated, false},
		"an empty key pair id at the end": {canned + "&Key-Pair-Id=", now(), viewer, AccessDenied, ReasonRepeated, false},
		"another path":                    {strings.Replace(canned, "rt.png", "rt.jpg", 1), now(), viewer, AccessDenied, ReasonSignature, true},
		"a parameter added":               {canned + "&x=1", now(), viewer, AccessDenied, ReasonSignature, true},
		"another expiry":                  {with(canned, "Expires", "1900000000"), now(), viewer, AccessDenied, ReasonSignature, true},
		"another policy":                  {with(custom, "Policy", cloudFront.EncodeToString([]byte(policy))), now(), viewer, AccessDenied, ReasonSignature, true},
		"expired":                         {canned, now().Add(ttl + time.Second), viewer, AccessDenied, ReasonExpired, true},
		"expired this very second":        {canned, now().Add(ttl), viewer, AccessDenied, ReasonExpired, false},
		"not yet valid":                   {custom, now().Add(-time.Second), viewer, AccessDenied, ReasonNotYetValid, true},
		"not yet valid this very second":  {custom, now(), viewer, AccessDenied, ReasonNotYetValid, true},
		"another address":                 {custom, later, addr("198.51.100.1"), AccessDenied, ReasonAddress, true},
		"an IPv6 viewer":                  {custom, later, addr("2001:db8::1"), AccessDenied, ReasonAddress, false},
		"an unknown viewer":               {custom, later, netip.Addr{}, AccessDenied, ReasonAddress, false},
		"a path outside the pattern":      {strings.Replace(custom, "/a/", "/b/", 1), later, viewer, AccessDenied, ReasonOtherResource, true},
	} {
		t.Run(name, func(t *testing.T) {
			v := Verify(Request{URL: test.url, Time: test.at, RemoteAddr: test.viewer}, trusted(t, ECDSAP256))
			if v.Allowed || v.Code != test.code || v.Reason != test.reason || v.Certain != test.certain {
				t.Errorf("got %s %s (certain %v): %s\nwant %s %s (certain %v)", v.Code, v.Reason, v.Certain, v.Detail, test.code, test.reason, test.certain)
			}
			if v.Code.Message() == "" || v.Detail == "" {
				t.Error("no message or detail")
			}
			c := readQuery(test.url)
			if len(c.signature) > 20 && strings.Contains(v.Detail, c.signature) {
				t.Errorf("the detail holds the signature: %s", v.Detail)
			}
		})
	}
	for name, r := range map[string]Request{
		"canned":                  {URL: canned, Time: now()},
		"canned, second before":   {URL: canned, Time: now().Add(ttl - time.Second)},
		"custom":                  {URL: custom, Time: later, RemoteAddr: viewer},
		"custom, IPv4 in IPv6":    {URL: custom, Time: later, RemoteAddr: addr("::ffff:203.0.113.9")},
		"custom, a covered path":  {URL: strings.Replace(custom, "rt.png", "b/c.png", 1), Time: later, RemoteAddr: viewer},
		"custom, a query added":   {URL: strings.Replace(custom, "?", "?x=1&", 1), Time: later, RemoteAddr: viewer},
		"parameters in the front": {URL: site + "/a/rt.png?" + strings.SplitN(canned, "&", 2)[1] + "&size=l", Time: now()},
	} {
		if v := Verify(r, trusted(t, ECDSAP256)); !v.Allowed || !v.Certain || v.Statement == nil {
			t.Errorf("%s: %s", name, v.Detail)
		}
	}
}

func TestAllFourKindsOfSignatureVerify(t *testing.T) {
	for _, algorithm := range []Algorithm{ECDSAP256, RSA2048} {
		for _, hash := range []Hash{SHA256, SHA1} {
			s := newSigner(t, algorithm, Options{Hash: hash})
			for _, p := range []Policy{{TTL: ttl}, {TTL: ttl, Resource: site + "/*"}} {
				signed := must[string](t)(s.URL(t.Context(), site+"/rt.png", p))
				if v := Verify(Request{URL: signed, Time: now()}, trusted(t, algorithm)); !v.Allowed {
					t.Errorf("%s with %s: %s", algorithm, hash, v.Detail)
				}
			}
		}
	}
}

func TestPoliciesAreReadStrictly(t *testing.T) {
	const resource = `"Resource":"` + site + `/a/*"`
	const condition = `"Condition":{"DateLessThan":{"AWS:EpochTime":1900000000}}`
	statement := "{" + resource + "," + condition + "}"
	for name, test := range map[string]struct {
		policy  string
		allowed bool
	}{
		"as AWS writes it":              {`{"Statement":[` + statement + `]}`, true},
		"with white space":              {"{ \"Statement\" : [\r\n\t" + strings.ReplaceAll(statement, ",", " ,\n ") + "] }\n", true},
		"members in another order":      {`{"Statement":[{` + condition + "," + resource + `}]}`, true},
		"escapes in the resource":       {`{"Statement":[{"Resource":"` + strings.ReplaceAll(site, "/", `\/`) + `\/a\/\u002a",` + condition + `}]}`, true},
		"an address without a mask":     {`{"Statement":[{` + resource + `,"Condition":{"DateLessThan":{"AWS:EpochTime":1900000000},"IpAddress":{"AWS:SourceIp":"203.0.113.9"}}}]}`, true},
		"no resource opens everything":  {`{"Statement":[{` + condition + `}]}`, true},
		"a statement that is no array":  {`{"Statement":` + statement + `}`, false},
		"two statements":                {`{"Statement":[` + statement + `,` + statement + `]}`, false},
		"no statement":                  {`{"Statement":[]}`, false},
		"nothing":                       {`{}`, false},
		"an array":                      {`[` + statement + `]`, false},
		"null":                          {`null`, false},
		"two texts":                     {`{"Statement":[` + statement + `]}{}`, false},
		"cut off":                       {`{"Statement":[` + statement, false},
		"no expiry":                     {`{"Statement":[{` + resource + `,"Condition":{"DateGreaterThan":{"AWS:EpochTime":1}}}]}`, false},
		"no condition":                  {`{"Statement":[{` + resource + `}]}`, false},
		"an expiry as text":             {`{"Statement":[{` + resource + `,"Condition":{"DateLessThan":{"AWS:EpochTime":"1900000000"}}}]}`, false},
		"an expiry with a fraction":     {`{"Statement":[{` + resource + `,"Condition":{"DateLessThan":{"AWS:EpochTime":1900000000.5}}}]}`, false},
		"an expiry with an exponent":    {`{"Statement":[{` + resource + `,"Condition":{"DateLessThan":{"AWS:EpochTime":19e8}}}]}`, false},
		"an expiry below zero":          {`{"Statement":[{` + resource + `,"Condition":{"DateLessThan":{"AWS:EpochTime":-1}}}]}`, false},
		"an expiry in milliseconds":     {`{"Statement":[{` + resource + `,"Condition":{"DateLessThan":{"AWS:EpochTime":1900000000000}}}]}`, false},
		"an empty expiry":               {`{"Statement":[{` + resource + `,"Condition":{"DateLessThan":{}}}]}`, false},
		"names in small letters":        {`{"statement":[` + statement + `]}`, false},
		"two resources":                 {`{"Statement":[{` + resource + `,` + resource + `,` + condition + `}]}`, false},
		"two resources, one escaped":    {`{"Statement":[{` + resource + `,"Resour\u0063e":"*",` + condition + `}]}`, false},
		"two expiries":                  {`{"Statement":[{` + resource + `,"Condition":{"DateLessThan":{"AWS:EpochTime":1900000000},"DateLessThan":{"AWS:EpochTime":1900000000}}}]}`, false},
		"two members Statement":         {`{"Statement":[` + statement + `],"Statement":[` + statement + `]}`, false},
		"members next to the statement": {`{"tid":"1]","ver":3,"a":{"b":[{},"}",null]},"Statement":[` + statement + `],"c":[]}`, true},
		"a member of the statement":     {`{"Statement":[{"Sid":"1",` + resource + "," + condition + `}]}`, false},
		"two spellings of Statement":    {`{"Statement":[` + statement + `],"statement":[]}`, false},
		"half of a pair of escapes":     {`{"Statement":[{"Resource":"` + site + `/a/\ud800",` + condition + `}]}`, false},
		"text that is not UTF-8":        {`{"Statement":[` + statement + `],"tid":"` + "\xff" + `"}`, false},
		"an unknown condition":          {`{"Statement":[{` + resource + `,"Condition":{"DateLessThan":{"AWS:EpochTime":1900000000},"Bool":{}}}]}`, false},
		"a list of resources":           {`{"Statement":[{"Resource":["` + site + `/a/*"],` + condition + `}]}`, false},
		"a list of addresses":           {`{"Statement":[{` + resource + `,"Condition":{"DateLessThan":{"AWS:EpochTime":1900000000},"IpAddress":{"AWS:SourceIp":["203.0.113.9/32"]}}}]}`, false},
		"an IPv6 address":               {`{"Statement":[{` + resource + `,"Condition":{"DateLessThan":{"AWS:EpochTime":1900000000},"IpAddress":{"AWS:SourceIp":"::/0"}}}]}`, false},
		"a comma at the end":            {`{"Statement":[{` + resource + `,` + condition + `,}]}`, false},
		"a comma at the end of a list":  {`{"Statement":[` + statement + `,]}`, false},
		"a comma that is missing":       {`{"Statement":[{` + resource + ` ` + condition + `}]}`, false},
		"a colon that is missing":       {`{"Statement" [` + statement + `]}`, false},
		"a name without quotes":         {`{Statement:[` + statement + `]}`, false},
		"an expiry with a zero first":   {`{"Statement":[{` + resource + `,"Condition":{"DateLessThan":{"AWS:EpochTime":01900000000}}}]}`, false},
		"an escape that JSON lacks":     {`{"Statement":[{"Resource":"` + site + `/a/\*",` + condition + `}]}`, false},
		"a control character in a text": {"{\"Statement\":[{\"Resource\":\"a\nb\"," + condition + "}]}", false},
	} {
		t.Run(name, func(t *testing.T) {
			v := Verify(Request{URL: site + "/a/rt.png?" + resign(t, ECDSAP256, test.policy), Time: now(), RemoteAddr: addr("203.0.113.9")}, trusted(t, ECDSAP256))
			if v.Allowed != test.allowed {
				t.Errorf("allowed %v, want %v: %s", v.Allowed, test.allowed, v.Detail)
			}
			if !test.allowed && (v.Code != MalformedPolicy || v.Reason != ReasonPolicyFormat) {
				t.Errorf("got %s %s, want MalformedPolicy: %s", v.Code, v.Reason, v.Detail)
			}
		})
	}
}

func cookies(t testing.TB, signed string) []string {
	c := readQuery(signed)
	var all []string
	for name, value := range map[string]string{"Expires": c.expires, "Policy": c.policy, "Signature": c.signature, "Key-Pair-Id": c.keyPairID, "Hash-Algorithm": c.hash} {
		if value != "" {
			all = append(all, "CloudFront-"+name+"="+value)
		}
	}
	return []string{"session=1; " + strings.Join(all, "; ")}
}

func TestCookiesAreReadWhereTheURLIsNotSigned(t *testing.T) {
	s := newSigner(t, RSA2048, Options{})
	custom := cookies(t, must[string](t)(s.URL(t.Context(), site+"/a/rt.png", Policy{TTL: ttl, Resource: site + "/a/*"})))
	canned := cookies(t, must[string](t)(s.URL(t.Context(), site+"/a/rt.png", Policy{TTL: ttl})))
	keys := trusted(t, RSA2048)
	for name, test := range map[string]struct {
		url     string
		cookies []string
		code    Code
	}{
		"custom":                              {site + "/a/x.png", custom, ""},
		"custom, with a query":                {site + "/a/x.png?y=1", custom, ""},
		"custom, in two headers":              {site + "/a/x.png", strings.SplitAfter(custom[0], "; "), ""},
		"custom, outside the pattern":         {site + "/b/x.png", custom, AccessDenied},
		"canned":                              {site + "/a/rt.png", canned, ""},
		"canned, with a query":                {site + "/a/rt.png?y=1", canned, AccessDenied},
		"other cookies alone":                 {site + "/a/rt.png", []string{"session=1; Signature=x"}, MissingKey},
		"one parameter of five hides cookies": {site + "/a/rt.png?Hash-Algorithm=SHA256", custom, MissingKey},
		"any of them does":                    {site + "/a/rt.png?Expires=", custom, MissingKey},
		"two sets":                            {site + "/a/rt.png", append(custom, canned...), AccessDenied},
		"names in small letters":              {site + "/a/rt.png", []string{strings.ToLower(custom[0])}, MissingKey},
	} {
		v := Verify(Request{URL: test.url, Cookie: test.cookies, Time: now()}, keys)
		if v.Code != test.code || v.Allowed != (test.code == "") {
			t.Errorf("%s: got %s, want %q: %s", name, v.Code, test.code, v.Detail)
		}
		if v.Allowed && !v.Cookies {
			t.Errorf("%s: does not say that it read cookies", name)
		}
	}
}

// A changed byte is denied, unless the custom policy covers the result.
func TestNoByteOfASignedURLCanBeChanged(t *testing.T) {
	s := newSigner(t, ECDSAP256, Options{})
	keys := trusted(t, ECDSAP256)
	for _, p := range []Policy{{TTL: ttl}, {TTL: ttl, NotBefore: now().Add(-time.Hour)}} {
		signed := must[string](t)(s.URL(t.Context(), site+"/a/rt.png?x=1", p))
		for i := range len(signed) {
			for _, c := range []byte("aZ0~-_&=?/%") {
				if signed[i] == c {
					continue
				}
				changed := signed[:i] + string(c) + signed[i+1:]
				v := Verify(Request{URL: changed, Time: now()}, keys)
				if v.Allowed && !(v.Statement != nil && !v.Canned && covers(v.Statement.Resource, readQuery(changed).url) == match) {
					t.Fatalf("byte %d as %q is allowed: %s", i, c, changed)
				}
			}
			if v := Verify(Request{URL: signed[:i] + signed[i+1:], Time: now()}, keys); v.Allowed {
				t.Fatalf("without byte %d it is allowed", i)
			}
		}
	}
}

func TestTheURLLeftWithoutCloudFrontsParametersIsByteForByteTheViewers(t *testing.T) {
	for in, want := range map[string]string{
		"https://h/a":                                   "https://h/a",
		"https://h/a?":                                  "https://h/a?",
		"https://h/a?x=1&y":                             "https://h/a?x=1&y",
		"https://h/a?Expires=1":                         "https://h/a",
		"https://h/a?Expires=1&Signature=2":             "https://h/a",
		"https://h/a?x=1&Expires=1&y=%2F&Signature=2&z": "https://h/a?x=1&y=%2F&z",
		"https://h/a?Policy=1&x=1":                      "https://h/a?x=1",
		"https://h/a?x=1&Policy=1":                      "https://h/a?x=1",
		"https://h/a?x==&&Policy=1":                     "https://h/a?x==&",
		"https://h/a?expires=1":                         "https://h/a?expires=1",
		"https://h/a?Expires":                           "https://h/a",
	} {
		if got := readQuery(in).url; got != want {
			t.Errorf("%s\n got %s\nwant %s", in, got, want)
		}
	}
}

func TestWildcardsStandForWhatCloudFrontSays(t *testing.T) {
	for _, test := range []struct {
		resource, url string
		want          matching
	}{
		{"https://h/a", "https://h/a", match},
		{"https://h/a", "https://h/ab", noMatch},
		{"https://h/a", "https://h/a?x", noMatch},
		{"https://h/*", "https://h/", match},
		{"https://h/*", "https://h/a/b?c", match},
		{"https://h/a*c", "https://h/abbc", match},
		{"https://h/a*c", "https://h/ab/bc", match},
		{"https://h/a*c", "https://h/abb", noMatch},
		{"https://h/**a", "https://h/ba", match},
		{"https://h/users/1*", "https://h/users/10", match},
		{"https://h/users/1/*", "https://h/users/10", noMatch},
		// A wildcard never leaves its section.
		{"https://h/*.svg", "https://h/rt.png?x=.svg", noMatch},
		{"https://h/users/*/photo.jpg", "https://h/users/1?/photo.jpg", noMatch},
		{"https://*.h/a", "https://x/y.h/a", noMatch},
		{"https://h*/a", "https://h/b/a", noMatch},
		{"https://h/a?x=*", "https://h/a?x=1&y=2", match},
		{"https://h/a?*", "https://h/a", noMatch},
		// The query.
		{"https://h/a?x=1", "https://h/a?x=1", match},
		{"https://h/a?x=1", "https://h/a?x=2", noMatch},
		{"https://h/a?x=1", "https://h/a", noMatch},
		{`https://h/a\?x=1`, "https://h/a?x=1", match},
		{"https://h/a?x=?", "https://h/a?x=1", match},
		// A ? in the path is a wildcard, or the start of a query.
		{"https://h/a?c", "https://h/abc", ambiguousMatch},
		{"https://h/a?c", "https://h/ac", noMatch},
		{"https://h/a?c*", "https://h/abc?x", ambiguousMatch},
		// The scheme and the host.
		{"http*://h/a", "https://h/a", match},
		{"http*://h/a", "http://h/a", match},
		{"*://h/a", "http://h/a", match},
		{"http://h/a", "https://h/a", noMatch},
		{"https://*/a", "https://h/a", match},
		{"https://h?.x/a", "https://h1.x/a", match},
		{"https://h?.x/a?b", "https://h1.x/a?b", match},
		{"*x/a", "https://h.x/b", noMatch},
		{"https://h", "https://h/", match},
		{"https://h", "https://h/a", noMatch},
		{"https://h*", "https://h/a?b", match},
		{"*h", "https://h/", match},
		{"*h/a", "https://x.h/a", match},
		{"h/a", "https://h/a", noMatch},
		{"://*", "https://h/a", noMatch},
		{"/a", "https://h/a", noMatch},
		{"*", "https://h/a?b", match},
		{"", "https://h/a", noMatch},
	} {
		if got := covers(test.resource, test.url); got != test.want {
			t.Errorf("%s over %s: %v, want %v", test.resource, test.url, got, test.want)
		}
	}
}

func TestAURLThatOnlyAnAmbiguousWildcardCoversIsNeitherSignedNorOpened(t *testing.T) {
	s := newSigner(t, ECDSAP256, Options{})
	_, err := s.URL(t.Context(), site+"/abc", Policy{TTL: ttl, Resource: site + "/a?c"})
	if err == nil || !strings.Contains(err.Error(), "write *") {
		t.Errorf("signing: got %v", err)
	}
	const policy = `{"Statement":[{"Resource":"` + site + `/a?c","Condition":{"DateLessThan":{"AWS:EpochTime":1900000000}}}]}`
	v := Verify(Request{URL: site + "/abc?" + resign(t, ECDSAP256, policy), Time: now()}, trusted(t, ECDSAP256))
	if v.Allowed || v.Certain || v.Reason != ReasonOtherResource {
		t.Errorf("verifying: got %+v", v)
	}

	// A canned signature that is sent with its policy must not open a neighbor by a
	// ? that was the start of a query.
	signed := must[string](t)(s.URL(t.Context(), site+"/a?b=1", Policy{TTL: ttl}))
	again := "?Policy=" + cloudFront.EncodeToString(cannedText(site+"/a?b=1", readQuery(signed).expires)) + signed[strings.Index(signed, "&Signature="):]
	if v := Verify(Request{URL: site + "/aXb=1" + again, Time: now()}, trusted(t, ECDSAP256)); v.Allowed {
		t.Errorf("a canned signature opens a neighbour")
	}
}

func FuzzVerifyNeverPanicsNorOpens(f *testing.F) {
	key, err := GenerateKey(ECDSAP256)
	if err != nil {
		f.Fatal(err)
	}
	keys := map[string]*PublicKey{keyID: key.PublicKey()}
	f.Add(site+"/a?Expires=1&Signature=MEQC&Key-Pair-Id="+keyID, "CloudFront-Policy=x")
	f.Add(site+"/a?Policy=e30_&Signature=MEQC&Key-Pair-Id="+keyID+"&Hash-Algorithm=SHA256", "")
	f.Fuzz(func(t *testing.T, url, cookie string) {
		for _, decide := range []func(Request, map[string]*PublicKey) Verdict{Verify, Explain} {
			if v := decide(Request{URL: url, Cookie: []string{cookie}, Time: now()}, keys); v.Allowed {
				t.Fatal("allowed without a signature")
			}
		}
	})
}

func TestAResourceForBothSchemesIsAllowed(t *testing.T) {
	s := newSigner(t, ECDSAP256, Options{})
	signed := must[string](t)(s.URL(t.Context(), site+"/rt.png", Policy{TTL: ttl, Resource: "http*" + strings.TrimPrefix(site, "https") + "/*"}))
	for _, u := range []string{signed, strings.Replace(signed, "https", "http", 1)} {
		if v := Verify(Request{URL: u, Time: now()}, trusted(t, ECDSAP256)); !v.Allowed || !v.Certain {
			t.Errorf("%s: got %+v", u[:5], v)
		}
	}
}

// For any policy signed by a trusted key and any URL, Verify does not panic, and
// denies with an explanation.
func FuzzSignedPoliciesAreDecided(f *testing.F) {
	key, err := GenerateKey(ECDSAP256)
	if err != nil {
		f.Fatal(err)
	}
	keys := map[string]*PublicKey{keyID: key.PublicKey()}
	f.Add("https://h/*", site+"/a?b", "203.0.113.9")
	f.Add("*h/a?c", "https://x.h/abc", "2001:db8::1")
	f.Fuzz(func(t *testing.T, resource, url, viewer string) {
		policy, err := json.Marshal(map[string]any{"Statement": []any{map[string]any{"Resource": resource, "Condition": map[string]any{
			"DateLessThan": map[string]int64{"AWS:EpochTime": 1900000000}, "IpAddress": map[string]string{"AWS:SourceIp": "203.0.113.0/24"}}}}})
		if err != nil {
			return
		}
		digest, _ := SHA256.sum(nil, policy)
		signature, err := key.SignDigest(t.Context(), digest, SHA256.crypto())
		if err != nil {
			t.Fatal(err)
		}
		header := "CloudFront-Policy=" + cloudFront.EncodeToString(policy) + "; CloudFront-Signature=" + cloudFront.EncodeToString(signature) +
			"; CloudFront-Key-Pair-Id=" + keyID + "; CloudFront-Hash-Algorithm=SHA256"
		address, _ := netip.ParseAddr(viewer)
		v := Explain(Request{URL: url, Cookie: []string{header}, RemoteAddr: address, Time: now()}, keys)
		if v.Allowed == (v.Detail != "") {
			t.Errorf("allowed %v, with the detail %q", v.Allowed, v.Detail)
		}
		if v.Allowed && !address.Unmap().Is4() {
			t.Errorf("allowed for %s", viewer)
		}
	})
}

func FuzzParsePolicyIsStrict(f *testing.F) {
	f.Add(`{"Statement":[{"Resource":"*","Condition":{"DateLessThan":{"AWS:EpochTime":1}}}]}`)
	f.Add(`{"Statement":[{"Resource":"\u002a","Condition":{"DateLessThan":{"AWS:EpochTime":1},"DateGreaterThan":{"AWS:EpochTime":0},"IpAddress":{"AWS:SourceIp":"0.0.0.0/0"}}}]}`)
	f.Fuzz(func(t *testing.T, text string) {
		st, _, err := parsePolicy([]byte(text))
		if err == nil && st.Expires.IsZero() {
			t.Fatal("a policy without an expiry is read")
		}
		if err == nil && !json.Valid([]byte(text)) {
			t.Fatal("a policy that is not JSON is read")
		}
	})
}

func FuzzSignedURLsVerify(f *testing.F) {
	key, err := GenerateKey(ECDSAP256)
	if err != nil {
		f.Fatal(err)
	}
	s, err := New(keyID, key, &Options{Now: now})
	if err != nil {
		f.Fatal(err)
	}
	keys := map[string]*PublicKey{keyID: key.PublicKey()}
	f.Add("/a/b?x=1", uint16(60), false, "/*")
	f.Fuzz(func(t *testing.T, target string, lifetime uint16, start bool, resource string) {
		p := Policy{TTL: time.Duration(lifetime) * time.Second}
		if start {
			p.NotBefore = now().Add(-time.Second)
		}
		if resource != "" {
			p.Resource = site + resource
		}
		signed, err := s.URL(t.Context(), site+target, p)
		if err != nil {
			return
		}
		if v := Verify(Request{URL: signed, Time: now()}, keys); !v.Allowed {
			t.Fatalf("%s: %s", signed, v.Detail)
		}
	})
}
