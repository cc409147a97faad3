package signer

import (
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"slices"
	"strings"
	"testing"
)

// splitQuery parses a query as readQuery does, one step at a time.
func splitQuery(url string) (left string, values map[string][]string) {
	path, query, ok := strings.Cut(url, "?")
	if !ok {
		return url, nil
	}
	values = map[string][]string{}
	var rest []string
	for _, param := range strings.Split(query, "&") {
		if name, value, _ := strings.Cut(param, "="); slices.Contains([]string{"Expires", "Policy", "Signature", "Key-Pair-Id", "Hash-Algorithm"}, name) {
			values[name] = append(values[name], value)
		} else {
			rest = append(rest, param)
		}
	}
	if len(rest) == 0 {
		return path, values
	}
	return path + "?" + strings.Join(rest, "&"), values
}

func FuzzReadingAQueryTakesOutCloudFrontsParametersAlone(f *testing.F) {
	for _, seed := range []string{
		"https://h/a?x=1&Expires=1&y&Signature=2", "https://h/a?&Policy=%7E", "https://h/a?Expires=1&&Expires=2", "https://h/a??Expires=1",
		"?Policy", "https://h/a?b=Policy=1&Hash-Algorithm=%53&Key-Pair-Id=%", "https://h/a?Key%2DPair-Id=1",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, url string) {
		c := readQuery(url)
		left, values := splitQuery(url)
		if c.url != left {
			t.Fatalf("%q: left %q, want %q", url, c.url, left)
		}
		if again := readQuery(c.url); again.present || again.url != c.url {
			t.Fatalf("%q: read again, %q leaves %q", url, c.url, again.url)
		}
		if c.present != (len(values) > 0) {
			t.Fatalf("%q: present %v", url, c.present)
		}
		for name, got := range map[string]string{"Expires": c.expires, "Policy": c.policy, "Signature": c.signature, "Key-Pair-Id": c.keyPairID, "Hash-Algorithm": c.hash} {
			want := ""
			if len(values[name]) > 0 {
				want = values[name][0]
			}
			if !strings.Contains(want, "%") && got != want {
				t.Fatalf("%q: %s is %q, want %q", url, name, got, want)
			}
			if strings.Contains(strings.ReplaceAll(want, "%7E", ""), "%") && !c.doubtful {
				t.Fatalf("%q: an escape in %s is certain", url, name)
			}
		}
	})
}

func FuzzCookiesAreReadAsNetHTTPReadsThem(f *testing.F) {
	f.Add("CloudFront-Policy=a; CloudFront-Signature=b~; CloudFront-Key-Pair-Id=K1", "CloudFront-Policy=c")
	f.Add("session=1;CloudFront-Expires=; cloudfront-policy=x", "CloudFront-Hash-Algorithm=SHA256")
	f.Fuzz(func(t *testing.T, first, second string) {
		c := readCookies([]string{first, second}, "https://h/a")
		if c.url != "https://h/a" || c.cookies != c.present || c.doubtful {
			t.Fatalf("got %+v", c)
		}
		// readQuery must have read every cookie that net/http reads. net/http drops
		// invalid ones.
		r := http.Request{Header: http.Header{"Cookie": {first, second}}}
		seen := map[string]bool{}
		for _, cookie := range r.Cookies() {
			name, ok := strings.CutPrefix(cookie.Name, "CloudFront-")
			if !ok || !reservedName(name) || seen[name] || cookie.Quoted {
				continue
			}
			seen[name] = true
			got := map[string]string{"Expires": c.expires, "Policy": c.policy, "Signature": c.signature, "Key-Pair-Id": c.keyPairID, "Hash-Algorithm": c.hash}[name]
			if got != cookie.Value && strings.Count(first+";"+second, name) == 1 {
				t.Fatalf("%q, %q: %s is %q, want %q", first, second, name, got, cookie.Value)
			}
		}
	})
}

// Explain only adds details.
func FuzzExplainDecidesAsVerifyDoes(f *testing.F) {
	s := newSigner(f, ECDSAP256, Options{})
	keys := trusted(f, ECDSAP256, RSA2048)
	signed := []string{
		must[string](f)(s.URL(f.Context(), site+"/a%2Fb/c'd?x=1&y=+", Policy{TTL: ttl})),
		must[string](f)(s.URL(f.Context(), site+"/a/b", Policy{TTL: ttl, Resource: site + "/a/*"})),
	}
	f.Add(uint16(30), uint16(1), "&amp;", true)
	f.Add(uint16(38), uint16(3), "/", false)
	f.Add(uint16(400), uint16(0), `">`, true)
	f.Add(uint16(0), uint16(0), "", true)
	f.Fuzz(func(t *testing.T, at, drop uint16, insert string, canned bool) {
		url := signed[1]
		if canned {
			url = signed[0]
		}
		i := min(int(at), len(url))
		changed := url[:i] + insert + url[min(i+int(drop), len(url)):]
		r := Request{URL: changed, Time: now()}
		v, e := Verify(r, keys), Explain(r, keys)
		if e.Allowed != v.Allowed || e.Code != v.Code || e.Certain != v.Certain || e.KeyPairID != v.KeyPairID {
			t.Fatalf("%q: Verify says %+v, Explain %+v", changed, v, e)
		}
		if v.Allowed != (v.Detail == "") || v.Allowed != (v.Reason == "") || v.Allowed != (v.Code == "") {
			t.Fatalf("%q: %+v", changed, v)
		}
		// An allowed URL is the original, another one that the policy covers, or
		// one with another spelling of CloudFront's parameters.
		if v.Allowed && canned && readQuery(changed).url != readQuery(url).url {
			t.Fatalf("%q is allowed", changed)
		}
		if v.Allowed && !canned && covers(site+"/a/*", readQuery(changed).url) != match {
			t.Fatalf("%q is allowed", changed)
		}
	})
}

// For every resource, a browser sends the cookies there, they open it, and
// ClearCookies removes them.
func FuzzCookiesReachWhatTheyOpen(f *testing.F) {
	f.Add("/albums/*", "/albums/7/a.png?x=1", "")
	f.Add("/a*b;c?x=*", "/ab;c?x=1", "example.com")
	f.Add("/a/b", "/a/b", ".example.com")
	key, keys := newKey(f, ECDSAP256), trusted(f, ECDSAP256)
	s := must[*Signer](f)(New(keyID, key, nil))
	const host = "https://cdn.example.com"
	f.Fuzz(func(t *testing.T, resource, target, domain string) {
		o := CookieOptions{Domain: domain}
		signed, err := s.Cookies(t.Context(), host+resource, Policy{TTL: ttl}, o)
		if err != nil {
			return
		}
		to, err := url.Parse(host + target)
		if err != nil || CheckURL(host+target) != nil || covers(host+resource, host+target) != match {
			return
		}
		jar, _ := cookiejar.New(nil)
		from := &url.URL{Scheme: "https", Host: "cdn.example.com", Path: "/"}
		jar.SetCookies(from, signed)
		r := http.Request{Header: http.Header{}}
		for _, cookie := range jar.Cookies(to) {
			r.AddCookie(cookie)
		}
		if v := Verify(Request{URL: host + target, Cookie: r.Header["Cookie"]}, keys); !v.Allowed {
			t.Fatalf("cookies for %q at %q: %s", resource, target, v.Detail)
		}
		cleared, err := ClearCookies(host+resource, o)
		if err != nil {
			t.Fatal(err)
		}
		jar.SetCookies(from, cleared)
		if left := jar.Cookies(to); len(left) > 0 {
			t.Fatalf("cookies for %q: %v stay", resource, left)
		}
	})
}
