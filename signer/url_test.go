package signer

import (
	"errors"
	"net/url"
	"strings"
	"testing"
)

func TestURLsThatEveryClientSendsAsTheyStandAreTaken(t *testing.T) {
	for _, u := range []string{
		"https://d111111abcdef8.cloudfront.net/rt.png",
		"https://d111111abcdef8.cloudfront.net/",
		"http://127.0.0.1:8080/rt.png",
		"http://localhost:65535/rt.png",
		"https://cdn.example.com/a//b",
		"https://cdn.example.com/a%2Fb/c%20d",
		"https://cdn.example.com/a+b/(c),d;e=f:g@h!$&'",
		"https://cdn.example.com/%C3%B1",
		"https://cdn.example.com/...",
		"https://cdn.example.com/.hidden/..x/x..",
		"https://cdn.example.com/a?x=1&y=2",
		"https://cdn.example.com/a?x",
		"https://cdn.example.com/a?x=/../?&y=a+b",
		"https://cdn.example.com/a?expires=1&policy=2",
	} {
		if err := CheckURL(u); err != nil {
			t.Errorf("%s: %v", u, err)
		}
	}
}

func TestURLsThatSomeClientRewritesAreRefusedWithTheByteAndTheFix(t *testing.T) {
	for _, test := range []struct {
		why, url, part string
		offset         int
		fix            string
	}{
		{"empty", "", "scheme", 0, "ObjectURL"},
		{"an object key", "rt.png", "scheme", 0, "ObjectURL"},
		{"a scheme in capitals", "HTTPS://cdn.example.com/a", "scheme", 0, ""},
		{"another scheme", "ftp://cdn.example.com/a", "scheme", 0, ""},
		{"no host", "https:///a", "host", 8, "domain name"},
		{"a host in capitals", "https://Cdn.example.com/a", "host", 8, "write c"},
		{"a host outside ASCII", "https://cdn.exämple.com/a", "host", 14, "xn--"},
		{"a dot at the end of the host", "https://cdn.example.com./a", "host", 23, "leave it out"},
		{"two dots in the host", "https://cdn..example.com/a", "host", 8, ""},
		{"user and password", "https://u:p@cdn.example.com/a", "host", 8, "leave them out"},
		{"a user", "https://u@cdn.example.com/a", "host", 9, "leave them out"},
		{"the default port", "https://cdn.example.com:443/a", "host", 23, "leave it out"},
		{"the default port of http", "http://cdn.example.com:80/a", "host", 22, "leave it out"},
		{"no port after the colon", "https://cdn.example.com:/a", "host", 23, "leave it out"},
		{"a port that is no number", "https://cdn.example.com:8x/a", "host", 23, ""},
		{"a port beyond the last", "https://cdn.example.com:65536/a", "host", 23, "leave it out"},
		{"port 0", "https://cdn.example.com:0/a", "host", 23, "leave it out"},
		{"an address in hexadecimal", "http://127.0.0.0x1/a", "host", 7, "four numbers"},
		{"a short address", "http://127.1/a", "host", 7, "four numbers"},
		{"no path", "https://cdn.example.com", "path", 23, "write /"},
		{"no path before the query", "https://cdn.example.com?a", "path", 23, "write /"},
		{"two slashes first", "https://cdn.example.com//a", "path", 23, "does not start with a slash"},
		{"a space", "https://cdn.example.com/a b", "path", 25, "%20"},
		{"a quote", `https://cdn.example.com/a"b`, "path", 25, "%22"},
		{"a pipe", "https://cdn.example.com/a|b", "path", 25, "%7C"},
		{"brackets", "https://cdn.example.com/a[1]", "path", 25, "%5B"},
		{"a backslash", `https://cdn.example.com/a\b`, "path", 25, "%5C"},
		{"a caret", "https://cdn.example.com/a^b", "path", 25, "%5E"},
		{"unicode", "https://cdn.example.com/día", "path", 25, "%C3%AD"},
		{"a control character", "https://cdn.example.com/a\nb", "path", 25, "%0A"},
		{"a bare percent", "https://cdn.example.com/100%", "path", 27, "%25"},
		{"half an escape", "https://cdn.example.com/a%2", "path", 25, "%25"},
		{"an escape of no digits", "https://cdn.example.com/a%zzb", "path", 25, "%25"},
		{"an escaped letter", "https://cdn.example.com/%61", "path", 24, "write a"},
		{"an escaped tilde", "https://cdn.example.com/%7Ea", "path", 24, "write ~"},
		{"an escaped hyphen", "https://cdn.example.com/a%2Db", "path", 25, "write -"},
		{"an escape in small letters", "https://cdn.example.com/a%2fb", "path", 25, "%2F"},
		{"a dot segment", "https://cdn.example.com/a/./b", "path", 26, "without it"},
		{"two dots", "https://cdn.example.com/a/../b", "path", 26, "without it"},
		{"two dots at the end", "https://cdn.example.com/a/..", "path", 26, "without it"},
		{"two dots before the query", "https://cdn.example.com/a/..?x", "path", 26, "without it"},
		{"escaped dots", "https://cdn.example.com/a/%2e%2E/b", "path", 26, "without it"},
		{"half-escaped dots", "https://cdn.example.com/a/.%2e/b", "path", 26, "without it"},
		{"a fragment", "https://cdn.example.com/a#b", "fragment", 25, "%23"},
		{"a fragment after the query", "https://cdn.example.com/a?b#c", "fragment", 27, "%23"},
		{"an empty query", "https://cdn.example.com/a?", "query", 25, "leave the ? out"},
		{"an apostrophe in the query", "https://cdn.example.com/a?b='c", "query", 28, "%27"},
		{"a space in the query", "https://cdn.example.com/a?b= c", "query", 28, "%20"},
		{"an ampersand at the end", "https://cdn.example.com/a?b=1&", "query", 30, "remove the extra &"},
		{"an ampersand first", "https://cdn.example.com/a?&b=1", "query", 26, "remove the extra &"},
		{"two ampersands", "https://cdn.example.com/a?b=1&&c=2", "query", 30, "remove the extra &"},
		{"brackets in the query", "https://cdn.example.com/a?b[]=1", "query", 27, "%5B"},
	} {
		t.Run(test.why, func(t *testing.T) {
			var wrong *URLError
			if err := CheckURL(test.url); !errors.As(err, &wrong) {
				t.Fatalf("got %v, want a *URLError", err)
			}
			if wrong.Part != test.part || wrong.Offset != test.offset {
				t.Errorf("blames %s, byte %d, want %s, byte %d: %v", wrong.Part, wrong.Offset, test.part, test.offset, wrong)
			}
			if !strings.Contains(wrong.Error(), test.fix) {
				t.Errorf("%q does not say %q", wrong, test.fix)
			}
		})
	}
	const tooLong = "url: path and query have 8193 bytes, but CloudFront accepts 8192: use a shorter object key or query"
	if err := CheckURL("https://cdn.example.com/" + strings.Repeat("a", MaxURLLength)); err == nil || err.Error() != tooLong {
		t.Errorf("a URL over CloudFront's limit: %v, want %s", err, tooLong)
	}
}

func TestObjectURLReachesEveryKeyThatAClientCanRequest(t *testing.T) {
	const base = "https://d111111abcdef8.cloudfront.net"
	for key, want := range map[string]string{
		"rt.png":                "/rt.png",
		"a/b c.png":             "/a/b%20c.png",
		"a+b.png":               "/a%2Bb.png",
		"día.png":               "/d%C3%ADa.png",
		"100%.png":              "/100%25.png",
		"a%2Fb":                 "/a%252Fb",
		`it's "so".png`:         "/it%27s%20%22so%22.png",
		"a?b#c&d=e":             "/a%3Fb%23c&d=e",
		"a*b":                   "/a%2Ab",
		"a//b":                  "/a//b",
		"folder/":               "/folder/",
		"~-_.":                  "/~-_.",
		"...":                   "/...",
		"a\x00b\x7f":            "/a%00b%7F",
		"[1]{2}|^`\\<>@:,;!$()": "/%5B1%5D%7B2%7D%7C%5E%60%5C%3C%3E@:,;!$()",
	} {
		got, err := ObjectURL(base, key)
		if err != nil || got != base+want {
			t.Errorf("key %q\n got %s, %v\nwant %s", key, got, err, base+want)
			continue
		}
		if err := CheckURL(got); err != nil {
			t.Errorf("key %q: its URL is refused: %v", key, err)
		}
		if back, err := url.PathUnescape(strings.TrimPrefix(got, base+"/")); err != nil || back != key {
			t.Errorf("key %q: S3 would read %q", key, back)
		}
	}
	if got, err := ObjectURL(base+"/", "rt.png"); err != nil || got != base+"/rt.png" {
		t.Errorf("one slash at the end of the base: got %s, %v", got, err)
	}
	for _, key := range []string{"", "/a", "//", ".", "..", "a/../b", "a/.", "./a", "\xff", strings.Repeat("k", 1025)} {
		if got, err := ObjectURL(base, key); err == nil {
			t.Errorf("key %q: got %s, want a refusal", key, got)
		}
	}
	for _, base := range []string{"", "d111111abcdef8.cloudfront.net", "https://cdn.example.com/path", "https://cdn.example.com?x", "https://cdn.example.com//", "https://bucket.s3.amazonaws.com"} {
		if got, err := ObjectURL(base, "rt.png"); err == nil {
			t.Errorf("base %q: got %s, want a refusal", base, got)
		}
	}
}

func FuzzObjectURLIsAlwaysWireStable(f *testing.F) {
	f.Add("a/b c+d%é.png")
	f.Fuzz(func(t *testing.T, key string) {
		u, err := ObjectURL("https://d111111abcdef8.cloudfront.net", key)
		if err != nil {
			return
		}
		if err := CheckURL(u); err != nil {
			var long *URLError
			if errors.As(err, &long) && long.Part == "url" {
				return
			}
			t.Fatalf("key %q: %v", key, err)
		}
		parsed, err := url.Parse(u)
		if err != nil || parsed.String() != u || parsed.Path != "/"+key {
			t.Fatalf("key %q: Go reads %v, %v", key, parsed, err)
		}
	})
}

func FuzzCheckURLAgreesWithGo(f *testing.F) {
	f.Add("https://cdn.example.com/a%2Fb?x=1")
	f.Fuzz(func(t *testing.T, raw string) {
		if CheckURL(raw) != nil {
			return
		}
		parsed, err := url.Parse(raw)
		if err != nil {
			t.Fatalf("%q: Go does not read it: %v", raw, err)
		}
		if parsed.String() != raw {
			t.Fatalf("Go rewrites %q to %q", raw, parsed)
		}
	})
}

// A pass checks only what follows its prefix.
func FuzzAPassJudgesURLsAsCheckURLDoes(f *testing.F) {
	for _, rest := range []string{"rt.png", "", "/a", "../b", "%2e%2E", "a/./b", ".?x", "a?b='", "a?Policy=x", "a#b", "a%2", "día", "a*?b&"} {
		f.Add(rest)
	}
	s := newSigner(f, ECDSAP256, Options{})
	var passes []*Pass
	for _, prefix := range []string{site + "/", site + "/a/b/"} {
		passes = append(passes, must[*Pass](f)(s.OpenAll(f.Context(), prefix, Policy{TTL: ttl})))
	}
	f.Fuzz(func(t *testing.T, rest string) {
		for _, pass := range passes {
			want := CheckURL(pass.Prefix() + rest)
			_, got := pass.URL(pass.Prefix() + rest)
			if pass.Covers(pass.Prefix()+rest) != (want == nil) || want != nil && (got == nil || got.Error() != want.Error()) {
				t.Fatalf("%q: got %v, want %v", pass.Prefix()+rest, got, want)
			}
		}
	})
}
