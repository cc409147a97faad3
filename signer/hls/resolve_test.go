package hls

import (
	"bufio"
	"bytes"
	"net/url"
	"strings"
	"testing"

	"github.com/signedfront/signedfront/signer"
)

// The examples of RFC 3986, section 5.4.
func TestReferencesResolveAsInRFC3986(t *testing.T) {
	b := splitBase("http://a/b/c/d;p?q")
	for ref, want := range map[string]string{
		"g": "http://a/b/c/g", "./g": "http://a/b/c/g", "g/": "http://a/b/c/g/", "/g": "http://a/g", "//g": "http://g",
		"?y": "http://a/b/c/d;p?y", "g?y": "http://a/b/c/g?y", "#s": "http://a/b/c/d;p?q#s", "g#s": "http://a/b/c/g#s",
		"g?y#s": "http://a/b/c/g?y#s", ";x": "http://a/b/c/;x", "g;x": "http://a/b/c/g;x", "g;x?y#s": "http://a/b/c/g;x?y#s",
		"": "http://a/b/c/d;p?q", ".": "http://a/b/c/", "./": "http://a/b/c/", "..": "http://a/b/", "../": "http://a/b/",
		"../g": "http://a/b/g", "../..": "http://a/", "../../": "http://a/", "../../g": "http://a/g",
		"../../../g": "http://a/g", "../../../../g": "http://a/g", "/./g": "http://a/g", "/../g": "http://a/g",
		"g.": "http://a/b/c/g.", ".g": "http://a/b/c/.g", "g..": "http://a/b/c/g..", "..g": "http://a/b/c/..g",
		"./../g": "http://a/b/g", "./g/.": "http://a/b/c/g/", "g/./h": "http://a/b/c/g/h", "g/../h": "http://a/b/c/h",
		"g;x=1/./y": "http://a/b/c/g;x=1/y", "g;x=1/../y": "http://a/b/c/y",
		"g?y/./x": "http://a/b/c/g?y/./x", "g?y/../x": "http://a/b/c/g?y/../x", "g#s/../x": "http://a/b/c/g#s/../x",
		"https://h/../x//../y": "https://h/x/y", "https://h": "https://h", "https://h?x/../y": "https://h?x/../y",
		"a%2f../..": "http://a/b/c/", "1:x": "http://a/b/c/1:x", "a%3Ab:c": "http://a/b/c/a%3Ab:c",
	} {
		if got, ok := b.resolve(ref); got != want || !ok {
			t.Errorf("%q: got %q, want %q", ref, got, want)
		}
	}
	for _, ref := range []string{"g:h", "http:g", "https:", "HTTP:///g", "https://", "skd://x/../y", "data:,x", "a+b-c.1:x"} {
		if got, ok := b.resolve(ref); ok {
			t.Errorf("%q: got %q, want nothing", ref, got)
		}
	}
}

// net/url resolves as RFC 3986 does, but rewrites bytes. Where it keeps them, both
// must agree.
func FuzzReferencesResolveAsNetURLDoes(f *testing.F) {
	for _, ref := range []string{"seg.ts", "../a/./b", "/x//y/..", "?a=/../b", "//h/a/../b", "https://h/..", "a:b", "..", "a/.../b", ""} {
		f.Add(ref)
	}
	parsed, err := url.Parse(list)
	if err != nil {
		f.Fatal(err)
	}
	b := splitBase(list)
	f.Fuzz(func(t *testing.T, ref string) {
		if strings.Trim(ref, "abcdefghijklmnopqrstuvwxyz0123456789-._~/?=:") != "" {
			return
		}
		got, ok := b.resolve(ref)
		if !ok || signer.CheckURL(got) != nil {
			return
		}
		r, err := url.Parse(ref)
		if err != nil {
			return // a colon in a first segment, which RFC 3986 forbids
		}
		if want := parsed.ResolveReference(r).String(); got != want {
			t.Errorf("%q: got %q, net/url has %q", ref, got, want)
		}
	})
}

// URIs in a form that needs no resolving must get the same result as all others.
func FuzzEveryMediaURIIsSignedAsThePassSignsIt(f *testing.F) {
	for _, uri := range []string{"seg.ts", "a/b.ts", ".a", "a/.", "a/..", "a//b", "/a", prefix + "a", prefix + "a/./b", prefix + "/a", prefix, site + "/x", "a?b", "a%20b", "...", "~", "a:b", "",
		"a?b&c=.d/.e", "a?", "a?&b", "a?b&", "a?b&&c", "a?b?c", "a?Expires=1", "a?b&Signature=1", "a?Expired=1", "a?%45xpires=1", "a&&b/E?x", "?a",
		"a%2Fb", "a%2fb", "a%7E", "a%zz", "a%2", "%2E%2E/a", "a/%2e", "a%00", "a%7B$b", "a!()+,;=@b", "a?!()+,;=@b", "a'b", "a?a'b", "a$b", "a*b", "a b", "día",
		prefix + "a?b=c", prefix + "a%20b", prefix + "?a", "https://ads.example.com/a?b {", "https://ads.example.com:8443/a", "https://ads.example.com", "https://ads.example.com?/",
		site + ":443/movies/7/a", site + ":/movies/7/a", "http" + site[5:] + "/movies/7/a", "https://D111111ABCDEF8.cloudfront.net/movies/7/a", "https://evil@d111111abcdef8.cloudfront.net/movies/7/a",
		"https://a:1@d111111abcdef8.cloudfront.net/movies/7/a", "https://d111111abcdef8.cloudfront.net./movies/7/a", "https:///movies/7/a", `https://a.b\@d111111abcdef8.cloudfront.net/movies/7/a`} {
		f.Add(uri)
	}
	pass := newPass(f, newKey(f), now)
	b := splitBase(list)
	f.Fuzz(func(t *testing.T, uri string) {
		if strings.Contains(uri, "{$") {
			return
		}
		rw, err := newRewriter(list, pass, nil)
		if err != nil {
			t.Fatal(err)
		}
		var out bytes.Buffer
		rw.out = bufio.NewWriter(&out)
		s, ok, err := rw.substitute([]byte(uri), &segmentLine)
		if ok && err == nil {
			rw.put([]byte(uri), 0, 0, len(uri), &s)
			rw.out.Flush()
		}
		got := out.String()

		want := ""
		resolved, ok := b.resolve(uri)
		if ok && schemeOf(uri) == "" && !strings.HasPrefix(uri, "//") {
			resolved = canonical(resolved, len(b.origin), uri)
		}
		if rw.isElsewhere([]byte(uri), &segmentLine) && (!ok || strings.HasPrefix(normalize(resolved), site+"/")) {
			t.Errorf("%q is left as a URI of another host", uri)
		}
		if strings.Contains(resolved, escapedVariable) {
			return
		}
		if covered := ok && uri != "" && strings.HasPrefix(resolved, prefix); covered {
			var wantErr error
			if schemeOf(uri) != "" {
				resolved = uri // a full URL is never rewritten
			}
			if want, wantErr = pass.URL(resolved); (wantErr == nil) != (err == nil) {
				t.Fatalf("%q: got error %v, want %v", uri, err, wantErr)
			}
		}
		if err == nil && got != want {
			t.Errorf("%q: got %q, want %q", uri, got, want)
		}
	})
}

func TestTheSchemeOfAReferenceIsWhatStandsBeforeItsColon(t *testing.T) {
	for ref, want := range map[string]string{
		"https://a/b": "https:", "az:": "az:", "Z09+-.:x": "Z09+-.:",
		"": "", "a": "", ":a": "", "9a:b": "", "+a:b": "", "a/b:c": "", "a_b:c": "", "a b:c": "", "é:c": "", "a?b:c": "",
	} {
		if got := schemeOf(ref); got != want {
			t.Errorf("%s: got %q, want %q", ref, got, want)
		}
	}
}

func TestAURLIsNormalizedAsTheMostThoroughClientSendsIt(t *testing.T) {
	for url, want := range map[string]string{
		"HTTPS://CDN.example.com:443/%6D/%2e%2e/a": "https://cdn.example.com/a",
		"http://cdn.example.com:80/a":              "http://cdn.example.com/a",
		"http://cdn.example.com:443/a":             "http://cdn.example.com:443/a",
		"https://cdn.example.com:80/a":             "https://cdn.example.com:80/a",
		"https://h/a%2fb%c3%ad%20%09%0a%7e%5A%61":  "https://h/a%2Fb%C3%AD%20%09%0A~Za",
		"https://h/100%/%zz/%4z/%z4/%G0/%0G/%/%4":  "https://h/100%/%zz/%4z/%z4/%G0/%0G/%/%4",
		"https://h/%30%39%41%46%00%99%aA%Ff":       "https://h/09AF%00%99%AA%FF",
		"https://h/a?%6D":                          "https://h/a?%6D",
	} {
		if got := normalize(url); got != want {
			t.Errorf("%s: got %s, want %s", url, got, want)
		}
	}
}

func TestAHostThatNeedsNoResolvingIsKnownByItsCharacters(t *testing.T) {
	for uri, want := range map[string]string{
		"https://ads.example.com/a": "ads.example.com", "http://a-1.example/": "a-1.example", "https://h:8090/a b": "h",
		"https://h": "", "https://h:80": "", "https://h?a/b": "", "https://H/a": "", "https://h_/a": "", "https://u@h/a": "",
		"https:///a": "", "https://h:/a": "h", "https://h:8x/a": "", "//h/a": "", "ftp://h/a": "", "HTTPS://h/a": "", "a": "", "": "",
	} {
		if got := string(plainHost([]byte(uri))); got != want {
			t.Errorf("%s: got %q, want %q", uri, got, want)
		}
	}
}
