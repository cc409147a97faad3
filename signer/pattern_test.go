package signer

import (
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"
)

func TestABackslashIsUndoneInAResourceAndIsAByteOfAURL(t *testing.T) {
	for _, c := range []struct {
		resource, url string
		want          matching
	}{
		{`https://h/a.txt\?v=1`, "https://h/a.txt?v=1", match},
		{`https://h/a*\?v=*`, "https://h/abc?v=1", match},
		{`https://h/a.txt\?v=1`, "https://h/a.txt?v=2", noMatch},
		{`https://h/a.txt?v=1`, `https://h/a.txt\?v=1`, noMatch},
		{`https://h/a.txt`, `https://h/a.txt\`, noMatch},
		{`https://h/*`, `https://h/a.txt\?v=1`, match},
		// AWS documents neither reading.
		{`https://h/a.txt\?v=1`, `https://h/a.txt\?v=1`, ambiguousMatch},
		{`https://h/a?c\?v=1`, "https://h/abc?v=1", ambiguousMatch},
		{`https://h/a?c?v=1`, "https://h/abc?v=1", ambiguousMatch},
		{`https://h/a?x=\?y`, "https://h/a?x=?y", ambiguousMatch},
		{`https://h/a\?c`, "https://h/abc", ambiguousMatch},
	} {
		if got := covers(c.resource, c.url); got != c.want {
			t.Errorf("%s over %s: %v, want %v", c.resource, c.url, got, c.want)
		}
	}
	s := newSigner(t, ECDSAP256, Options{})
	signed := must[string](t)(s.URL(t.Context(), site+"/a.txt?v=1", Policy{TTL: ttl, Resource: site + "/a.txt?v=*"}))
	v := Verify(Request{URL: strings.Replace(signed, "a.txt?", `a.txt\?`, 1), Time: now()}, trusted(t, ECDSAP256))
	if v.Allowed || v.Reason != ReasonOtherResource {
		t.Errorf("another object: got %+v", v)
	}
}

func TestAPartWithAQuestionMarkIsLookedForUpToABound(t *testing.T) {
	for name, c := range map[string]struct {
		resource, url string
		want          matching
	}{
		"at the bound":         {"/a?x*" + strings.Repeat("a?", 32) + "*", "/a?x" + strings.Repeat("a", 100), match},
		"beyond it":            {"/a?x*" + strings.Repeat("a?", 33) + "*", "/a?x" + strings.Repeat("a", 100), ambiguousMatch},
		"beyond it, in vain":   {"/a?x*" + strings.Repeat("a?", 33) + "*b", "/a?x" + strings.Repeat("a", 100), noMatch},
		"before all stars":     {"/a?x" + strings.Repeat("a?", 33) + "*", "/a?x" + strings.Repeat("a", 100), match},
		"after all stars":      {"/a?x*" + strings.Repeat("a?", 33), "/a?x" + strings.Repeat("a", 100), match},
		"beyond it, without ?": {"/a?x*" + strings.Repeat("a", 66) + "*", "/a?x" + strings.Repeat("a", 100), match},
	} {
		if got := covers(site+c.resource, site+c.url); got != c.want {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
	}
}

// BenchmarkAPatternOfTwoSizes reports how much more a pattern of four times the
// length costs.
func BenchmarkAPatternOfTwoSizes(b *testing.B) {
	cost := func(n int) time.Duration {
		resource, url := site+"/*"+strings.Repeat("a", n/2)+"b*", site+"/"+strings.Repeat("a", n)
		start := time.Now()
		covers(resource, url)
		return time.Since(start)
	}
	var short, long time.Duration
	for b.Loop() {
		short += cost(2000)
		long += cost(8000)
	}
	b.ReportMetric(float64(long)/float64(short), "times-for-4x")
}

// documented returns AWS's documented meaning of a resource with at most one ?
// after its host, as a regular expression over the whole URL.
func documented(t testing.TB, resource string) *regexp.Regexp {
	t.Helper()
	scheme, rest, ok := strings.Cut(resource, "://")
	if !ok {
		if scheme, rest = "*", resource; !strings.HasPrefix(rest, "*") {
			return nil
		}
	}
	host, target, hasPath := strings.Cut(rest, "/")
	path, query, hasQuery := strings.Cut(target, "?")
	wild := func(text, star, one string) string {
		text = regexp.QuoteMeta(text)
		return strings.ReplaceAll(strings.ReplaceAll(text, `\*`, star), `\?`, one)
	}
	expr := wild(scheme, "[a-z]*", "[a-z]") + "://" + wild(host, "[^/]*", "[^/]")
	switch {
	case !hasPath && strings.HasSuffix(host, "*"):
		expr += "(/.*)?"
	case !hasPath:
		expr += "/"
	default:
		expr += "/" + wild(path, "[^?]*", "")
		switch {
		case hasQuery:
			expr += `\?` + wild(query, ".*", ".")
		case strings.HasSuffix(path, "*"):
			expr += `(\?.*)?`
		}
	}
	return regexp.MustCompile("^(?s:" + expr + ")$")
}

func FuzzCoversAgreesWithTheDocumentation(f *testing.F) {
	for _, seed := range [][2]string{
		{"https://h/*", "h/a?b"}, {"http*://h/a*c?x=*", "h/abc?x=1"}, {"*h/a", "x.h/a"}, {"https://h?.*", "h1.x/a?b"}, {"*", "h/"},
		{"https://h/*a*b?c*c", "h/aabb?cc"}, {"https://h/*aab*", "h/aaab"}, {"https://*/a?x*y?z*", "h/a?xyyz"},
		{"https://h/" + strings.Repeat("*a", 200), "h/" + strings.Repeat("a", 300)},
	} {
		f.Add(seed[0], seed[1], true)
	}
	f.Fuzz(func(t *testing.T, resource, rest string, secure bool) {
		for _, text := range []string{resource, rest} {
			if !only(text, func(c rune) bool { return c < 0x80 }) {
				return
			}
		}
		url := "http://" + rest
		if secure {
			url = "https://" + rest
		}
		if host, _, ok := strings.Cut(rest, "/"); !ok || host == "" || strings.Contains(host, "?") {
			return
		}
		var g globber
		got := g.covers(resource, url)
		if at, text := difference(resource, url); text == "" || at < 0 || at > len(url) {
			t.Fatal("no difference is reported")
		}
		if g.undecided || strings.Contains(resource, `\?`) {
			return
		}
		want := resource == "*"
		if expr := documented(t, resource); expr != nil && !want {
			want = expr.MatchString(url)
		}
		if (got == match) != want {
			t.Fatalf("%q over %q: %v, the documentation says %v", resource, url, got, want)
		}
	})
}

func TestAnEscapedSegmentStandsForItselfAlone(t *testing.T) {
	names := []string{"*", "?", "a", "a*", "a?", "ab", "A", "a b", "a+b", "a%20b", "%2A", "%", "%2F", `a\`, `\*`, `\?`, "a;b", "a.b", "...", ".a", "~", "-", "_",
		"día", "d%C3%ADa", "user@example.com", `DOMAIN\user`, "#", "&", "=", `"`, "'", "\x00", "\n", "a#b", "x?Policy=y", "10", "1", "https:"}
	s := newSigner(t, ECDSAP256, Options{})
	for _, name := range names {
		pattern := site + "/users/" + must[string](t)(EscapeSegment(name)) + "/*"
		for _, other := range names {
			url := must[string](t)(ObjectURL(site, "users/"+other+"/rt.png"))
			want := noMatch
			if other == name {
				want = match
			}
			if got := covers(pattern, url); got != want {
				t.Errorf("the pattern of %q over a URL of %q: %v, want %v", name, other, got, want)
			}
		}
		own := must[string](t)(ObjectURL(site, "users/"+name+"/rt.png"))
		if _, err := s.URL(t.Context(), own, Policy{TTL: ttl, Resource: pattern}); err != nil {
			t.Errorf("%q: its own URL is not signed: %v", name, err)
		}
		if _, err := s.Cookies(t.Context(), pattern, Policy{TTL: ttl}, CookieOptions{}); err != nil {
			t.Errorf("%q: no cookies: %v", name, err)
		}
		if _, err := s.OpenAll(t.Context(), strings.TrimSuffix(pattern, "*"), Policy{TTL: ttl}); err != nil {
			t.Errorf("%q: no pass: %v", name, err)
		}
	}
	for text, want := range map[string]string{
		"": "empty", "a/b": "slash", "/": "slash", "../x": "slash", ".": "dot segment", "..": "dot segment", "a\xff": "UTF-8",
	} {
		if got, err := EscapeSegment(text); err == nil || got != "" || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: got %q, %v, want a refusal with %q", text, got, err, want)
		}
	}
}

func FuzzAnEscapedSegmentOpensNothingElse(f *testing.F) {
	f.Add("1", "10", "/users/10/a")
	f.Add("*", "a", "/users/%2A/a")
	f.Add("a", "a/b", "/users/a%2Fb/x")
	f.Fuzz(func(t *testing.T, a, b, target string) {
		segment, err := EscapeSegment(a)
		if err != nil {
			return
		}
		pattern := site + "/users/" + segment + "/*"
		other, err := EscapeSegment(b)
		if a != b && err == nil && (other == segment || covers(pattern, site+"/users/"+other+"/x") != noMatch) {
			t.Fatalf("the pattern of %q opens a URL of %q", a, b)
		}
		// The key of whatever it opens lies below the segment, as S3 decodes it.
		if CheckURL(site+target) != nil || covers(pattern, site+target) == noMatch {
			return
		}
		path, _, _ := strings.Cut(target, "?")
		if key, err := url.PathUnescape(path); err != nil || !strings.HasPrefix(key, "/users/"+a+"/") {
			t.Fatalf("the pattern of %q opens the key %q", a, key)
		}
	})
}

func TestFittingAResourceAllocatesNothing(t *testing.T) {
	const resource, url = "http*://*.cloudfront.net/films/*?size=*", "https://d111111abcdef8.cloudfront.net/films/rt.mp4?size=large"
	if covers(resource, url) != match {
		t.Fatal("the resource does not cover the URL")
	}
	if n := testing.AllocsPerRun(100, func() { covers(resource, url) }); n > 0 {
		t.Errorf("%v allocations", n)
	}
}
