package signer

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
)

func TestTheFixForCookiesOfAnotherHostIsTheOneThatExistsThere(t *testing.T) {
	const signURLs = "sign URLs instead"
	for name, test := range map[string]struct {
		resource, domain, app string
		want                  string // in the fix; empty if browsers take the cookies
	}{
		"the same host":                 {"https://cdn.example.com/*", "", "cdn.example.com", ""},
		"the same host on another port": {"http://127.0.0.1:8080/*", "", "127.0.0.1:3000", ""},
		"the same host in upper case":   {"https://cdn.example.com/*", "", "CDN.Example.com", ""},
		"under the Domain":              {"https://cdn.example.com/*", "example.com", "app.example.com:8443", ""},
		"the Domain itself":             {"https://cdn.example.com/*", "example.com", "example.com", ""},
		"siblings":                      {"https://cdn.example.com/*", "", "app.example.com", "set Domain to the parent that both share, example.com,"},
		"siblings far below":            {"https://cdn.eu.example.com/*", "", "a.b.eu.example.com", "share, eu.example.com,"},
		"the application above":         {"https://cdn.example.com/*", "", "example.com", "share, example.com,"},
		"the application below":         {"https://example.com/*", "", "www.example.com", "share, example.com,"},
		"outside a narrow Domain":       {"https://cdn.media.example.com/*", "media.example.com", "app.example.com", "share, example.com,"},
		"no parent that both share":     {"https://cdn.example.com/*", "", "app.example.org", signURLs},
		"a top level alone":             {"https://example.com/*", "", "example2.com", signURLs},
		"a name that only looks alike":  {"https://cdn.example.com/*", "", "cdn.example.com.example.org", signURLs},
		"outside the Domain":            {"https://cdn.example.com/*", "example.com", "app.example.org", signURLs},
		"localhost and 127.0.0.1":       {"http://127.0.0.1:8080/*", "", "localhost:3000", "under the same name, 127.0.0.1,"},
		"127.0.0.1 and localhost":       {"http://localhost:8080/*", "", "127.0.0.1:3000", "under the same name, localhost,"},
		"[::1] and localhost":           {"http://localhost:8080/*", "", "[::1]:3000", "under the same name, localhost,"},
		"names below localhost":         {"http://cdn.localhost:8080/*", "", "app.localhost:3000", "under the same name, cdn.localhost,"},
		"localhost and a real host":     {"https://cdn.example.com/*", "", "localhost:3000", signURLs},
		"an address and a name":         {"http://192.0.2.7/*", "", "app.example.com", signURLs},
		"two addresses":                 {"http://192.0.2.7/*", "", "198.51.100.7", signURLs},
		"cloudfront.net":                {"https://d111111abcdef8.cloudfront.net/*", "", "app.example.com", "for cloudfront.net: " + signURLs},
		"two names of cloudfront.net":   {"https://d111111abcdef8.cloudfront.net/*", "", "d222222abcdef8.cloudfront.net", "for cloudfront.net: " + signURLs},
	} {
		_, err := ClearCookies(test.resource, CookieOptions{Domain: test.domain, AppHost: test.app})
		var wrong *CookieHostError
		switch errors.As(err, &wrong); {
		case test.want == "" && err != nil:
			t.Errorf("%s: %v", name, err)
		case test.want != "" && (wrong == nil || !strings.Contains(wrong.Fix, test.want)):
			t.Errorf("%s: got %v, want %q in it", name, err, test.want)
		}
	}
}

func TestTheFixForCookiesNeverNamesTheHostThatAsked(t *testing.T) {
	for _, app := range []string{
		"attacker.example.org", "attacker.example.com", "attacker.localhost", strings.Repeat("a.", 100_000), "attacker\r\nSet-Cookie: a=b",
		"-----BEGIN PRIVATE KEY-----", "[attacker", "attacker:1:2", strings.Repeat("attacker", 40),
	} {
		for _, resource := range []string{"https://cdn.example.com/*", "https://d111111abcdef8.cloudfront.net/*", "http://localhost/*"} {
			_, err := ClearCookies(resource, CookieOptions{AppHost: app})
			var wrong *CookieHostError
			if !errors.As(err, &wrong) {
				t.Errorf("%.40q: got %v", app, err)
				continue
			}
			if strings.Contains(wrong.Fix, "attacker") || strings.Contains(wrong.Fix, "BEGIN") {
				t.Errorf("the fix names the host: %s", wrong.Fix)
			}
			if text := wrong.Error(); len(text) > 600 || strings.ContainsAny(text, "\r\n") || strings.Contains(text, "BEGIN") {
				t.Errorf("the error shows %.600q", text)
			}
		}
	}
}

func TestNoErrorOfCookiesShowsAKeyThatWasGivenAsAHost(t *testing.T) {
	pem := must[[]byte](t)(newKey(t, ECDSAP256).MarshalPEM())
	body := strings.Join(strings.Split(string(pem), "\n")[1:4], "")
	for _, value := range []string{string(pem), body, body[:64], strings.ReplaceAll(string(pem), "\n", `\n`)} {
		for _, o := range []CookieOptions{
			{Domain: value}, {AppHost: value}, {Domain: "example.com", AppHost: value}, {Domain: "a." + value}, {Domain: value + ".example.com", AppHost: value},
		} {
			for _, resource := range []string{"https://cdn.example.com/*", "https://d111111abcdef8.cloudfront.net/*", "http://127.0.0.1/*"} {
				_, err := ClearCookies(resource, o)
				if err == nil {
					t.Fatalf("taken: %d bytes for %s", len(value), resource)
				}
				shown := strings.ToLower(fmt.Sprintf("%v %+v %#v", err, err, errors.Unwrap(err)))
				for i := range len(body) - 12 {
					if strings.Contains(shown, strings.ToLower(body[i:i+12])) {
						t.Fatalf("%s: the error shows %q", resource, body[i:i+12])
					}
				}
			}
		}
	}
}

func TestACookieHostErrorSaysWhichHostsItIsAbout(t *testing.T) {
	_, err := ClearCookies("https://cdn.example.com:8443/*", CookieOptions{Domain: "example.com", AppHost: "App.example.org:443", SameSite: http.SameSiteLaxMode})
	var wrong *CookieHostError
	if !errors.As(err, &wrong) || wrong.AppHost != `"App.example.org"` || wrong.Host != "cdn.example.com" || wrong.Domain != "example.com" {
		t.Errorf("got %+v", wrong)
	}
}
