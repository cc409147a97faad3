package signer

import (
	"context"
	"crypto/tls"
	"io"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"
)

const albums = "https://cdn.example.com/albums/7/"

// header returns what a browser that holds the cookies sends, without the cleared
// ones.
func header(cookies []*http.Cookie) []string {
	var pairs []string
	for _, c := range cookies {
		if c.MaxAge >= 0 {
			pairs = append(pairs, c.Name+"="+c.Value)
		}
	}
	return []string{strings.Join(pairs, "; ")}
}

func TestSignedCookiesOpenWhatTheirResourceSaysAndNothingElse(t *testing.T) {
	viewer := addr("203.0.113.7")
	for name, test := range map[string]struct {
		resource string
		policy   Policy
		names    string // set, then cleared
		opens    []string
		denies   map[string]Reason
	}{
		"one URL has a canned policy": {
			albums + "rt.png", Policy{TTL: ttl}, "Expires Signature Key-Pair-Id Hash-Algorithm -Policy",
			[]string{albums + "rt.png"},
			map[string]Reason{albums + "rt.jpg": ReasonSignature, albums + "rt.png?x=1": ReasonSignature},
		},
		"one URL with its query": {
			albums + "rt.png?size=l", Policy{TTL: ttl}, "Expires Signature Key-Pair-Id Hash-Algorithm -Policy",
			[]string{albums + "rt.png?size=l"},
			map[string]Reason{albums + "rt.png": ReasonSignature, albums + "rt.png?size=s": ReasonSignature},
		},
		"a wildcard has a custom policy": {
			albums + "*", Policy{TTL: ttl}, "Policy Signature Key-Pair-Id Hash-Algorithm -Expires",
			[]string{albums + "rt.png", albums + "a/b.png?x=1", albums},
			map[string]Reason{"https://cdn.example.com/albums/70/rt.png": ReasonOtherResource, "http" + strings.TrimPrefix(albums, "https") + "rt.png": ReasonOtherResource},
		},
		"any scheme": {
			"http*" + strings.TrimPrefix(albums, "https") + "*", Policy{TTL: ttl}, "Policy Signature Key-Pair-Id Hash-Algorithm -Expires",
			[]string{albums + "rt.png", "http" + strings.TrimPrefix(albums, "https") + "rt.png"},
			map[string]Reason{"https://cdn.example.com/a": ReasonOtherResource},
		},
		"an address has a custom policy": {
			albums + "rt.png", Policy{TTL: ttl, IPAddress: "203.0.113.7"}, "Policy Signature Key-Pair-Id Hash-Algorithm -Expires",
			[]string{albums + "rt.png"},
			map[string]Reason{albums + "rt.jpg": ReasonOtherResource},
		},
		"a start has a custom policy": {
			albums + "rt.png", Policy{TTL: ttl, NotBefore: now().Add(-time.Minute)}, "Policy Signature Key-Pair-Id Hash-Algorithm -Expires",
			[]string{albums + "rt.png"},
			map[string]Reason{albums + "rt.jpg": ReasonOtherResource},
		},
	} {
		for _, algorithm := range []Algorithm{ECDSAP256, RSA2048} {
			t.Run(name+", "+string(algorithm), func(t *testing.T) {
				s := newSigner(t, algorithm, Options{})
				cookies := must[[]*http.Cookie](t)(s.Cookies(t.Context(), test.resource, test.policy, CookieOptions{}))
				var names []string
				for _, c := range cookies {
					name := strings.TrimPrefix(c.Name, "CloudFront-")
					if c.MaxAge < 0 {
						name = "-" + name
					}
					names = append(names, name)
				}
				if got := strings.Join(names, " "); got != test.names {
					t.Errorf("got the cookies %s, want %s", got, test.names)
				}
				for _, u := range test.opens {
					v := Verify(Request{URL: u, Cookie: header(cookies), Time: now(), RemoteAddr: viewer}, trusted(t, algorithm))
					if !v.Allowed || !v.Cookies {
						t.Errorf("%s: %s", u, v.Detail)
					}
				}
				for u, reason := range test.denies {
					v := Verify(Request{URL: u, Cookie: header(cookies), Time: now(), RemoteAddr: viewer}, trusted(t, algorithm))
					if v.Allowed || v.Reason != reason {
						t.Errorf("%s: got %q, want %q", u, v.Reason, reason)
					}
				}
				v := Verify(Request{URL: test.opens[0], Cookie: header(cookies), Time: now().Add(ttl + time.Second), RemoteAddr: viewer}, trusted(t, algorithm))
				if v.Reason != ReasonExpired {
					t.Errorf("after its end: got %q", v.Reason)
				}
			})
		}
	}
}

func TestCookiesAlwaysNameTheirHashSoThatAnEarlierKeysNeverStays(t *testing.T) {
	for hash, want := range map[Hash]string{SHA256: "SHA256", SHA1: "SHA1"} {
		s := newSigner(t, ECDSAP256, Options{Hash: hash})
		cookies := must[[]*http.Cookie](t)(s.Cookies(t.Context(), albums+"*", Policy{TTL: ttl}, CookieOptions{}))
		if line := header(cookies)[0]; !strings.Contains(line, "CloudFront-Hash-Algorithm="+want) {
			t.Errorf("%s: %s", hash, line)
		}
		if v := Verify(Request{URL: albums, Cookie: header(cookies), Time: now()}, trusted(t, ECDSAP256)); !v.Allowed {
			t.Errorf("%s: %s", hash, v.Detail)
		}
	}
}

func TestCookiesHaveTheAttributesThatWereAskedFor(t *testing.T) {
	s := newSigner(t, ECDSAP256, Options{})
	for name, test := range map[string]struct {
		o    CookieOptions
		want string
	}{
		"none: a session cookie of the content's host, Secure and HttpOnly": {CookieOptions{}, "; Path=/albums/7/; HttpOnly; Secure"},
		"a Domain":                     {CookieOptions{Domain: "example.com"}, "; Path=/albums/7/; Domain=example.com; HttpOnly; Secure"},
		"a Domain with the dot of old": {CookieOptions{Domain: ".example.com"}, "; Path=/albums/7/; Domain=example.com; HttpOnly; Secure"},
		"the content's host as Domain": {CookieOptions{Domain: "cdn.example.com"}, "; Path=/albums/7/; Domain=cdn.example.com; HttpOnly; Secure"},
		"a Path":                       {CookieOptions{Path: "/albums/"}, "; Path=/albums/; HttpOnly; Secure"},
		"SameSite=None, for players":   {CookieOptions{SameSite: http.SameSiteNoneMode}, "; Path=/albums/7/; HttpOnly; Secure; SameSite=None"},
		"SameSite=Strict":              {CookieOptions{SameSite: http.SameSiteStrictMode}, "; Path=/albums/7/; HttpOnly; Secure; SameSite=Strict"},
		"Partitioned, for players":     {CookieOptions{SameSite: http.SameSiteNoneMode, Partitioned: true}, "; Path=/albums/7/; HttpOnly; Secure; SameSite=None; Partitioned"},
		"MaxAge":                       {CookieOptions{MaxAge: time.Hour + 500*time.Millisecond}, "; Path=/albums/7/; Max-Age=3600; HttpOnly; Secure"},
		"Insecure, on a laptop":        {CookieOptions{Insecure: true}, "; Path=/albums/7/; HttpOnly"},
		"Readable":                     {CookieOptions{Readable: true}, "; Path=/albums/7/; Secure"},
	} {
		t.Run(name, func(t *testing.T) {
			cookies := must[[]*http.Cookie](t)(s.Cookies(t.Context(), albums+"*", Policy{TTL: ttl}, test.o))
			if len(cookies) != 5 {
				t.Fatalf("got %d cookies", len(cookies))
			}
			for _, c := range cookies {
				if err := c.Valid(); err != nil {
					t.Errorf("%s: %v", c.Name, err)
				}
				if c.MaxAge < 0 { // the cleared cookie has the attributes too
					c.MaxAge = int(test.o.MaxAge / time.Second)
				}
				if got := strings.TrimPrefix(c.String(), c.Name+"="+c.Value); got != test.want {
					t.Errorf("%s: got %s, want %s", c.Name, got, test.want)
				}
			}
		})
	}
}

func TestACookiesPathIsThatOfTheResourceUpToItsFirstWildcard(t *testing.T) {
	const host = "https://cdn.example.com"
	for resource, want := range map[string]string{
		host + "/*":                  "/",
		host + "/":                   "/",
		host + "/albums/7/*":         "/albums/7/",
		host + "/albums/7/":          "/albums/7/",
		host + "/albums/7*":          "/albums/",
		host + "/albums/*/a.png":     "/albums/",
		host + "/albums/7/rt.png":    "/albums/7/rt.png",
		host + "/albums/7/rt.png?a=": "/albums/7/",
		host + "/albums/?/rt*":       "/albums/",
		host + "/albums/a;b/*":       "/albums/",
		host + "/albums/a;b/c.png":   "/albums/",
		host + "/d%C3%ADa/*":         "/d%C3%ADa/",
		host + ":8443/albums/*":      "/albums/",
	} {
		s := newSigner(t, ECDSAP256, Options{})
		cookies := must[[]*http.Cookie](t)(s.Cookies(t.Context(), resource, Policy{TTL: ttl}, CookieOptions{}))
		if got := cookies[0].Path; got != want {
			t.Errorf("%s: got the path %s, want %s", resource, got, want)
		}
	}
}

func TestCookiesThatNoBrowserWouldTakeOrSendAreRefused(t *testing.T) {
	const cloudfront = site + "/*"
	for name, test := range map[string]struct {
		resource string
		o        CookieOptions
		want     string
	}{
		"a sibling's Domain":                 {albums + "*", CookieOptions{Domain: "app.example.com"}, `does not cover the resource's host "cdn.example.com"`},
		"a Domain that only looks like it":   {albums + "*", CookieOptions{Domain: "ample.com"}, "does not cover"},
		"a Domain with a dot at its end":     {albums + "*", CookieOptions{Domain: "example.com."}, "does not cover"},
		"an app outside the Domain":          {albums + "*", CookieOptions{Domain: "example.com", AppHost: "app.example.org"}, `"app.example.org" may not set cookies for the Domain "example.com"`},
		"an app above the Domain":            {albums + "*", CookieOptions{Domain: "cdn.example.com", AppHost: "app.example.com"}, "may not set cookies"},
		"an app without a Domain":            {albums + "*", CookieOptions{AppHost: "app.example.com"}, "set Domain to the parent"},
		"a top level":                        {albums + "*", CookieOptions{Domain: "com"}, "without a dot"},
		"upper case":                         {albums + "*", CookieOptions{Domain: "Example.com"}, "lower case"},
		"cloudfront.net, which is public":    {cloudfront, CookieOptions{Domain: "cloudfront.net"}, "a domain name of your own"},
		"an app outside cloudfront.net":      {cloudfront, CookieOptions{AppHost: "app.example.com"}, "a domain name of your own"},
		"a Domain for an address":            {"http://127.0.0.1:8080/*", CookieOptions{Domain: "127.0.0.1"}, "is an IP address"},
		"a part of an address":               {"http://127.0.0.1/*", CookieOptions{Domain: "0.0.1"}, "is an IP address"},
		"SameSite=None on plain HTTP":        {albums + "*", CookieOptions{SameSite: http.SameSiteNoneMode, Insecure: true}, "leave Insecure out"},
		"Partitioned on plain HTTP":          {albums + "*", CookieOptions{Partitioned: true, Insecure: true}, "leave Insecure out"},
		"a MaxAge below zero":                {albums + "*", CookieOptions{MaxAge: -time.Second}, "a second or more"},
		"a MaxAge below a second":            {albums + "*", CookieOptions{MaxAge: time.Millisecond}, "a second or more"},
		"a Path with the resource's *":       {albums + "*", CookieOptions{Path: "/albums/*"}, "no wildcard"},
		"a Path without a slash":             {albums + "*", CookieOptions{Path: "albums/"}, "start with a slash"},
		"a Path that ends the attribute":     {albums + "*", CookieOptions{Path: "/;Domain=com"}, "start with a slash"},
		"a Path with a space":                {albums + "*", CookieOptions{Path: "/a b/"}, "byte 2 must be escaped"},
		"a Path longer than browsers take":   {albums + "*", CookieOptions{Path: "/" + strings.Repeat("a", 1024)}, "1025 bytes long"},
		"a resource longer than a cookie":    {albums + strings.Repeat("a/", 1500) + "*", CookieOptions{Path: "/albums/"}, "keep at most 4096"},
		"a resource without a path":          {"https://cdn.example.com", CookieOptions{}, "path: is missing"},
		"a resource without a scheme":        {"*", CookieOptions{}, "https://"},
		"a resource with a wildcard as host": {"https://*/a/*", CookieOptions{}, "wildcards belong in the path"},
	} {
		t.Run(name, func(t *testing.T) {
			key := &countingKey{Key: newKey(t, ECDSAP256)}
			s := must[*Signer](t)(New(keyID, key, &Options{Now: now}))
			_, err := s.Cookies(t.Context(), test.resource, Policy{TTL: ttl}, test.o)
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v, want %q in it", err, test.want)
			}
			if key.signed > 0 && !strings.Contains(test.want, "4096") {
				t.Error("the key was used all the same")
			}
			if _, err := ClearCookies(test.resource, test.o); err == nil && !strings.Contains(test.want, "4096") {
				t.Error("ClearCookies takes it")
			}
		})
	}
}

func TestACannedCookieIsForAURLThatEveryClientSendsAsItStands(t *testing.T) {
	s := newSigner(t, ECDSAP256, Options{})
	for _, resource := range []string{albums + "a%7Eb", albums + "a?b='", albums + "a?Signature=x"} {
		if _, err := s.Cookies(t.Context(), resource, Policy{TTL: ttl}, CookieOptions{}); err == nil {
			t.Errorf("%s: taken", resource)
		}
	}
	if _, err := s.Cookies(t.Context(), albums+"*", Policy{TTL: ttl, Resource: albums + "*"}, CookieOptions{}); err == nil || !strings.Contains(err.Error(), "the argument") {
		t.Errorf("a resource given twice: got %v", err)
	}
}

func TestThePortOfAHostDoesNotMatterToCookies(t *testing.T) {
	s := newSigner(t, ECDSAP256, Options{})
	for _, o := range []CookieOptions{
		{AppHost: "localhost:3000"}, {AppHost: "LOCALHOST"}, {},
	} {
		cookies, err := s.Cookies(t.Context(), "http://localhost:8080/*", Policy{TTL: ttl}, o)
		if err != nil || cookies[0].Domain != "" {
			t.Errorf("%+v: got %v", o, err)
		}
	}
	_, err := s.Cookies(t.Context(), "https://cdn.example.com:8443/*", Policy{TTL: ttl}, CookieOptions{Domain: "example.com", AppHost: "app.example.com:8443"})
	if err != nil {
		t.Error(err)
	}
}

// browser returns a client that keeps cookies as browsers do. Every host that it
// requests is the server.
func browser(t *testing.T, server *httptest.Server) *http.Client {
	transport := &http.Transport{
		DialContext: func(ctx context.Context, network, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, network, server.Listener.Addr().String())
		},
		TLSClientConfig: &tls.Config{InsecureSkipVerify: true}, // a test server's certificate
	}
	t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport, Jar: must[*cookiejar.Jar](t)(cookiejar.New(nil))}
}

func TestABrowserTakesTheCookiesFromTheAppAndOpensTheContentWithThem(t *testing.T) {
	s := newSigner(t, ECDSAP256, Options{})
	o := CookieOptions{Domain: "example.com", AppHost: "app.example.com"}
	keys := trusted(t, ECDSAP256)
	// What the application does next. Each step replaces the cookies of the one before.
	next := make(chan func() ([]*http.Cookie, error), 1)
	server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Host == "app.example.com" {
			cookies, err := (<-next)()
			if err != nil {
				t.Error(err)
			}
			for _, c := range cookies {
				http.SetCookie(w, c)
			}
			return
		}
		v := Verify(Request{URL: "https://" + r.Host + r.RequestURI, Cookie: r.Header["Cookie"], Time: now()}, keys)
		if !v.Allowed {
			w.WriteHeader(http.StatusForbidden)
			io.WriteString(w, string(v.Reason))
		}
	}))
	defer server.Close()
	client := browser(t, server)
	ask := func(u string) string {
		t.Helper()
		response := must[*http.Response](t)(client.Get(u))
		defer response.Body.Close()
		body := must[[]byte](t)(io.ReadAll(response.Body))
		if response.StatusCode == http.StatusOK {
			return "allowed"
		}
		return string(body)
	}

	for _, step := range []struct {
		app    func() ([]*http.Cookie, error)
		states map[string]string
	}{
		{
			func() ([]*http.Cookie, error) {
				return s.Cookies(context.Background(), albums+"*", Policy{TTL: ttl}, o)
			},
			map[string]string{
				albums + "rt.png":                          "allowed",
				albums + "deep/er/rt.png?x=1":              "allowed",
				"https://cdn.example.com/albums/70/rt.png": string(ReasonUnsigned),
				"https://cdn.example.com/":                 string(ReasonUnsigned),
			},
		},
		{ // a policy of the other kind for the same path takes over
			func() ([]*http.Cookie, error) {
				o := o
				o.Path = "/albums/7/"
				return s.Cookies(context.Background(), albums+"rt.png", Policy{TTL: ttl}, o)
			},
			map[string]string{albums + "rt.png": "allowed", albums + "other.png": string(ReasonSignature)},
		},
		{ // and back
			func() ([]*http.Cookie, error) {
				return s.Cookies(context.Background(), albums+"*", Policy{TTL: ttl}, o)
			},
			map[string]string{albums + "rt.png": "allowed", albums + "other.png": "allowed"},
		},
		{
			func() ([]*http.Cookie, error) { return ClearCookies(albums+"*", o) },
			map[string]string{albums + "rt.png": string(ReasonUnsigned)},
		},
		{ // a pass sets the same cookies
			func() ([]*http.Cookie, error) {
				pass, err := s.OpenAll(context.Background(), albums, Policy{TTL: ttl})
				if err != nil {
					return nil, err
				}
				return pass.Cookies(o)
			},
			map[string]string{albums + "rt.png": "allowed", "https://cdn.example.com/albums/70/rt.png": string(ReasonUnsigned)},
		},
	} {
		next <- step.app
		ask("https://app.example.com/login")
		for u, want := range step.states {
			if got := ask(u); got != want {
				t.Errorf("%s: got %s, want %s", u, got, want)
			}
		}
	}
	// The cookie jar, and not the server, must have decided.
	content := must[*url.URL](t)(url.Parse(albums))
	if n := len(client.Jar.Cookies(content)); n != 4 {
		t.Errorf("the browser holds %d cookies, want 4", n)
	}
}
