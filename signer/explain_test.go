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
		"the hash is missing":          {without(sign(ecdsa, "/a", Policy{}), "Hash-Algorithm"), ReasonOtherHash, []string{"over SHA-256", "no Hash-Algorithm", "SHA-1"}},
		"the other hash is named":      {sign(newSigner(t, ECDSAP256, Options{Hash: SHA1}), "/a", Policy{}) + "&Hash-Algorithm=SHA256", ReasonOtherHash, []string{"over SHA-1", "says SHA256"}},
		"another key of the set":       {sign(rsa, "/a", Policy{}), ReasonOtherKey, []string{`key "KOTHER1", not`, keyID}},
		"an apostrophe escaped":        {change(sign(ecdsa, "/it's", Policy{}), "'", "%27"), ReasonRewritten, []string{"byte 40", `"'s"`, `"%27s"`, "as these clients send it: node-fetch 2"}},
		"two escapes undone":           {change(sign(ecdsa, "/a%2Cb%40c", Policy{}), "%2Cb%40", ",b@"), ReasonRewritten, []string{`"%2Cb%40c"`, "Python aiohttp"}},
		"seven escapes undone":         {change(sign(ecdsa, "/%21%24%26%28%29%2C%3B?a=%3A", Policy{}), "%21%24%26%28%29%2C%3B?a=%3A", "!$&(),;?a=:"), ReasonRewritten, []string{"Python aiohttp"}},
		"three of four undone":         {change(sign(ecdsa, "/a%21b%24c%26d(e", Policy{}), "%21b%24c%26", "!b$c&"), ReasonRewritten, []string{"Python aiohttp"}},
		"all escaped":                  {change(sign(ecdsa, "/a!b$c&d(e)f,g;h?i=j:k", Policy{}), "!b$c&d(e)f,g;h", "%21b%24c%26d%28e%29f%2Cg%3Bh"), ReasonRewritten, []string{`"%21b%24c`}},
		"one that no client does":      {change(sign(ecdsa, "/a,b%20c", Policy{}), "a,b", "a%2Cb"), ReasonRewritten, []string{`",b%20c"`, `"%2Cb%20c"`}},
		"one undone by no client":      {change(sign(ecdsa, "/a%2Bb", Policy{}), "%2B", "+"), ReasonRewritten, []string{`"%2Bb"`, `"+b"`}},
		"two characters escaped":       {change(sign(ecdsa, "/a+b~c", Policy{}), "+b~", "%2bb%7e"), ReasonRewritten, []string{`"%2bb%7ec"`, "as these clients send it: apt"}},
		"two that no client does":      {change(sign(ecdsa, "/a,b(c?d=e:f", Policy{}), ",b(", "%2cb%28"), ReasonRewritten, []string{`"%2cb%28`}},
		"one in path and one in query": {change(sign(ecdsa, "/it's?a=b+c", Policy{}), "'s?a=b+c", "%27s?a=b%2Bc"), ReasonRewritten, []string{`"%27s?a=b`}},
		"two slashes made one":         {change(sign(ecdsa, "/a//b/c", Policy{}), "//b", "/b"), ReasonRewritten, []string{"as these clients send it: Apache HttpClient 4"}},
		"an escape undone":             {change(sign(ecdsa, "/a%2Cb", Policy{}), "%2C", ","), ReasonRewritten, []string{`"%2Cb"`, `",b"`}},
		"a slash undone":               {change(sign(ecdsa, "/a%2Fb", Policy{}), "%2F", "/"), ReasonRewritten, []string{`"%2Fb"`, `"/b"`}},
		"an escape in small":           {change(sign(ecdsa, "/a%2Fb", Policy{}), "%2F", "%2f"), ReasonRewritten, []string{`"%2Fb"`, `"%2fb"`}},
		"a space as a plus":            {change(sign(ecdsa, "/a%20b", Policy{}), "%20", "+"), ReasonRewritten, []string{`"%20b"`, `"+b"`}},
		"a plus as a space":            {change(sign(ecdsa, "/a?b=c+d", Policy{}), "+", "%20"), ReasonRewritten, []string{`"+d"`, `"%20d"`}},
		"an equals sign escaped":       {change(sign(ecdsa, "/a=b?c=d", Policy{}), "a=b", "a%3Db"), ReasonRewritten, []string{`"=b?c=d"`}},
		"the scheme":                   {change(sign(ecdsa, "/a", Policy{}), "https", "http"), ReasonRewritten, []string{"byte 4"}},
		"the query dropped one":        {change(sign(ecdsa, "/a", Policy{}), "/a?", "/a/?"), ReasonRewritten, []string{"arrived"}},
		"a parameter added at the end": {sign(ecdsa, "/a", Policy{}) + "&utm=1", ReasonRewritten, []string{`"utm=1" was added`}},
		"the path is another":          {change(sign(ecdsa, "/a", Policy{}), "/a?", "/b?"), ReasonSignature, []string{"URL and expiry"}},
		"the policy was changed":       {with(sign(ecdsa, "/a", Policy{Resource: site + "/*"}), "Policy", cloudFront.EncodeToString([]byte(`{"Statement":[{"Resource":"*","Condition":{"DateLessThan":{"AWS:EpochTime":1900000000}}}]}`))), ReasonSignature, []string{"this policy"}},
		"signed for something else":    {change(sign(ecdsa, "/a/b", Policy{Resource: site + "/a/*"}), "/a/b", "/c/b"), ReasonOtherResource, []string{site + "/a/*", "byte 38", `"c/b"`}},
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
			told := test.reason == ReasonRewritten || test.reason == ReasonOtherResource
			if d := v.Difference; (d != nil) != told {
				t.Errorf("the difference is %+v", d)
			} else if told && (d.Offset != commonPrefix(d.Signed, d.Arrived) || d.Signed == d.Arrived || d.Arrived != readQuery(test.url).url) {
				t.Errorf("%q and %q differ from byte %d on", d.Signed, d.Arrived, d.Offset)
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

func TestAClientIsNamedOnlyForWhatItDoes(t *testing.T) {
	for _, test := range []struct{ signed, arrived, names string }{
		{"/a+b", "/a%2bb", "apt"},
		{"/a+b", "/a%2Bb", ""},
		{"/a+b%20c", "/a%2bb%20c", ""}, // apt does not change a URL that has an escape
		{"/a?b=~", "/a?b=%7e", "apt"},
		{"/a?b='", "/a?b=%27", "Chromium, Node.js fetch, axios, got, node-fetch 2, OkHttp"},
		{"/a%2Cb", "/a,b", "Python aiohttp"},
		{"/a%7Eb", "/a~b", "Python requests, Python aiohttp"},
		{"/a%2fb", "/a%2Fb", "Python requests, Python aiohttp"},
		{"/a//b", "/a/b", "Apache HttpClient 4"},
		{"/a?b=//c", "/a?b=/c", ""},
		{`/a\b`, "/a/b", "Chromium, Node.js fetch, axios, got, node-fetch 2, OkHttp"},
	} {
		if got := whoSends(site+test.signed, site+test.arrived); got != test.names {
			t.Errorf("%s for %s: got %q, want %q", test.arrived, test.signed, got, test.names)
		}
	}
	if got := whoSends("http://other.example/a+b", site+"/a%2bb"); got != "" {
		t.Errorf("another host: got %q", got)
	}
}

func TestExplainNamesWhatHappenedToAURLThatWasCopied(t *testing.T) {
	s := newSigner(t, ECDSAP256, Options{})
	keys := trusted(t, ECDSAP256)
	canned := must[string](t)(s.URL(t.Context(), site+"/a?size=l", Policy{TTL: ttl}))
	custom := must[string](t)(s.URL(t.Context(), site+"/a'b", Policy{TTL: ttl, Resource: site + "/*"}))
	plain := must[string](t)(s.URL(t.Context(), site+"/a", Policy{TTL: ttl}))
	amp := strings.ReplaceAll(canned, "&", "&amp;")
	until := func(url, param string) string { return url[:strings.Index(url, param)] }
	for name, test := range map[string]struct {
		url    string
		code   Code
		reason Reason
		want   string
	}{
		"&amp; for &":                     {amp, MissingKey, ReasonHTMLEscaped, "as it was signed it is allowed"},
		"&amp; for &, custom":             {strings.ReplaceAll(custom, "&", "&amp;"), MissingKey, ReasonHTMLEscaped, "&amp;"},
		"&amp; and nothing else right":    {site + "/a?Expires=1&amp;Signature=x&amp;Key-Pair-Id=KUNKNOWN", MissingKey, ReasonHTMLEscaped, "&amp;"},
		"&#38; for &":                     {strings.ReplaceAll(canned, "&", "&#38;"), MissingKey, ReasonHTMLEscaped, "HTML"},
		"&amp;amp; for &":                 {strings.ReplaceAll(amp, "&", "&amp;"), MissingKey, ReasonHTMLEscaped, "HTML"},
		"&#39; in the path":               {strings.ReplaceAll(custom, "'", "&#39;"), "", "", ""}, // the pattern covers it
		"&#39; in a canned URL":           {strings.Replace(must[string](t)(s.URL(t.Context(), site+"/a'b", Policy{TTL: ttl})), "'", "&#39;", 1), AccessDenied, ReasonHTMLEscaped, "as it was signed it is allowed"},
		"= as Handlebars writes it":       {strings.ReplaceAll(canned, "=", "&#x3D;"), MissingKey, ReasonHTMLEscaped, "HTML"},
		"JSON's escape of &":              {strings.ReplaceAll(canned, "&", `\u0026`), MissingKey, ReasonPasted, "backslash"},
		"JSON's escape, no other query":   {strings.ReplaceAll(plain, "&", `\u0026`), MissingKey, ReasonPasted, "as it was signed it is allowed"},
		"JSON's escape and its quotes":    {`"` + strings.ReplaceAll(plain, "&", `\u0026`) + `",`, AccessDenied, ReasonPasted, "as it was signed it is allowed"},
		"%26 for &":                       {strings.ReplaceAll(plain, "&", "%26"), MissingKey, ReasonPasted, "as it was signed it is allowed"},
		"a query that was escaped whole":  {strings.NewReplacer("?", "%3F", "&", "%26", "=", "%3D").Replace(plain), MissingKey, ReasonPasted, "as it was signed it is allowed"},
		"%26 in a value":                  {strings.Replace(canned, "size=l", "size=l%26Signature", 1), AccessDenied, ReasonSignature, "not that of key"},
		"a shell's escapes":               {strings.NewReplacer("&", `\&`, "?", `\?`, "=", `\=`).Replace(canned), MissingKey, ReasonPasted, "as it was signed it is allowed"},
		"cut at the first &":              {until(custom, "&Signature"), MissingKey, ReasonCutOff, "quote the URL"},
		"cut, with a parameter before":    {until(canned, "&Signature"), MissingKey, ReasonCutOff, "Expires"},
		"cut after the signature":         {until(canned, "&Key-Pair-Id"), MissingKey, ReasonNoKeyPairID, "only Key-Pair-Id is missing"},
		"only Key-Pair-Id dropped":        {without(canned, "Key-Pair-Id") + "&Hash-Algorithm=SHA256", MissingKey, ReasonNoKeyPairID, "only Key-Pair-Id is missing"},
		"cut after the key pair id":       {until(canned, "&Hash-Algorithm"), AccessDenied, ReasonOtherHash, "no Hash-Algorithm"},
		"a quote after it":                {canned + `"`, AccessDenied, ReasonPasted, `"\"" at byte`},
		"an escaped quote after it":       {canned + `%22`, AccessDenied, ReasonPasted, "as it was signed it is allowed"},
		"> after it":                      {canned + `>`, AccessDenied, ReasonPasted, `">" at byte`},
		"markup after it":                 {canned + `">link</a>`, AccessDenied, ReasonPasted, "as it was signed it is allowed"},
		"a line feed after it":            {canned + "\n", AccessDenied, ReasonPasted, `"\n" at byte`},
		"a curly quote after it":          {canned + "”", AccessDenied, ReasonPasted, "”"},
		"a byte order mark before it":     {"\ufeff" + canned, AccessDenied, ReasonPasted, "starts with"},
		"&copy with &amp;":                {strings.ReplaceAll(must[string](t)(s.URL(t.Context(), site+"/a?x=1&copy=2;3&lt=4", Policy{TTL: ttl})), "&", "&amp;"), MissingKey, ReasonHTMLEscaped, "as it was signed it is allowed"},
		"a full stop after it":            {canned + ".", AccessDenied, ReasonPasted, "leave out the rest"},
		"> after an id":                   {site + "/a?Expires=1&Signature=x&Key-Pair-Id=KUNKNOWN>", InvalidKey, ReasonPasted, "leave out the rest"},
		"brackets around it":              {"<" + canned + ">", AccessDenied, ReasonPasted, `starts with "<"`},
		"a space before it":               {" " + canned, AccessDenied, ReasonPasted, "starts with"},
		"broken over lines":               {custom[:120] + "\r\n" + custom[120:], MalformedPolicy, ReasonPasted, "join them"},
		"broken as mail breaks it":        {custom[:120] + "=\n" + custom[120:], MalformedPolicy, ReasonPasted, "as it was signed it is allowed"},
		"&copy is a parameter":            {site + "/a?Expires=1&copy=2&Signature=x", MissingKey, ReasonNoKeyPairID, "only Key-Pair-Id"},
		"a space in an unsigned URL":      {site + "/a b", MissingKey, ReasonUnsigned, "not signed"},
		"& was signed as &amp;":           {must[string](t)(s.URL(t.Context(), site+"/a?x=1&amp;y=2", Policy{TTL: ttl})), "", "", ""},
		"another path, signed as &amp;":   {strings.Replace(must[string](t)(s.URL(t.Context(), site+"/a?x=1&amp;y=2", Policy{TTL: ttl})), "/a?", "/b?", 1), AccessDenied, ReasonSignature, "not that of key"},
		"the expiry last, and not cut":    {site + "/a?Signature=AAAA&Key-Pair-Id=KUNKNOWN&Expires=1", InvalidKey, ReasonUnknownKey, "KUNKNOWN"},
		"escapes that are not the reason": {site + "/a?x=1&amp;y=2&Expires=1&Signature=x&Key-Pair-Id=KUNKNOWN", InvalidKey, ReasonUnknownKey, "KUNKNOWN"},
	} {
		t.Run(name, func(t *testing.T) {
			r := Request{URL: test.url, Time: now()}
			v := Explain(r, keys)
			if v.Code != test.code || v.Reason != test.reason || !strings.Contains(v.Detail, test.want) {
				t.Errorf("got %s %s: %s\nwant %s %s, %q", v.Code, v.Reason, v.Detail, test.code, test.reason, test.want)
			}
			if plain := Verify(r, keys); plain.Allowed != v.Allowed || plain.Code != v.Code || plain.Certain != v.Certain {
				t.Errorf("Verify decides otherwise: %+v", plain)
			}
			damaged := v.Reason == ReasonHTMLEscaped || v.Reason == ReasonPasted
			if d := v.Difference; (d != nil) != damaged || damaged && (d.Arrived != test.url || d.Signed == test.url || d.Offset != commonPrefix(d.Signed, d.Arrived)) {
				t.Errorf("the difference is %+v", d)
			}
		})
	}
	v := Explain(Request{URL: amp, Time: now().Add(ttl + time.Hour)}, keys)
	if v.Reason != ReasonHTMLEscaped || !strings.Contains(v.Detail, "denied too: expired") {
		t.Errorf("expired as well: got %s", v.Detail)
	}
}
