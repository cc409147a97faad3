package peers

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/signedfront/signedfront/signer"
)

const anyHost = "http://cdn.example.com"

// everyByte returns URLs with each ASCII character unescaped, and each byte escaped
// in either letter case, at each place where it may matter.
func everyByte() (urls []string) {
	var pieces []string
	for c := range 256 {
		if c > 0 && c < 0x80 {
			pieces = append(pieces, string(rune(c)))
		}
		pieces = append(pieces, fmt.Sprintf("%%%02X", c))
		if lower := fmt.Sprintf("%%%02x", c); lower != pieces[len(pieces)-1] {
			pieces = append(pieces, lower)
		}
	}
	for _, piece := range append(pieces, "é", "日", "\U0001F39E") {
		for _, form := range []string{"/a%sb", "/a%s", "/%sa", "/a/%s", "/a?%s", "/a?b=%sc", "/a?b=c%s"} {
			urls = append(urls, anyHost+fmt.Sprintf(form, piece))
		}
	}
	return urls
}

// arrived returns the URL that a client sent for a URL, or how it failed.
func arrived(sent []wire) string {
	switch len(sent) {
	case 0:
		return "nothing"
	case 1:
		return "http://" + sent[0].host + sent[0].target
	}
	return fmt.Sprintf("%d requests", len(sent))
}

// fetchAll makes every client request every URL, and returns what arrived, by
// client.
func fetchAll(t *testing.T, urls []string) map[string][]string {
	t.Helper()
	all := map[string][]string{}
	for _, client := range httpClients {
		r := record(t)
		asked := urls
		if client.direct {
			asked = nil
			for _, url := range urls {
				asked = append(asked, r.atRecorder(url))
			}
		}
		client.fetch(t, r, asked)
		for i, url := range urls {
			got := arrived(r.sent(i))
			if path, ok := strings.CutPrefix(got, "http://"+r.address); ok && client.direct {
				got = strings.TrimSuffix(url, strings.TrimPrefix(asked[i], "http://"+r.address)) + path
			}
			all[client.name] = append(all[client.name], got)
		}
	}
	return all
}

// rewriting are the clients that rewrite some URLs that CheckURL accepts, and which
// ones, as the comment of CheckURL says.
var rewriting = map[string]func(path, query string) bool{
	"Python aiohttp": func(path, query string) bool {
		return hasEscape(path, "!$&'()*,:;=@") || hasEscape(query, "!$'()*,/:?@")
	},
	"apt": func(path, query string) bool {
		return strings.ContainsAny(path+query, "+~") && !strings.Contains(path+query, "%")
	},
	"node-fetch 2":        func(path, _ string) bool { return strings.Contains(path, "'") },
	"Apache HttpClient 4": func(path, _ string) bool { return strings.Contains(path, "//") },
}

func hasEscape(text, characters string) bool {
	for _, c := range characters {
		if strings.Contains(text, fmt.Sprintf("%%%02X", c)) {
			return true
		}
	}
	return false
}

func rewrites(client, url string) bool {
	path, query, _ := strings.Cut(strings.TrimPrefix(url, "http://"), "?")
	does := rewriting[client]
	return does != nil && does(path, query)
}

func TestEveryClientSendsASignedURLByteForByteAndItIsAllowed(t *testing.T) {
	r := rand.New(rand.NewPCG(2, 0))
	urls := []string{
		"http://d111111abcdef8.cloudfront.net/", "http://a_b.example.com/a", "http://a--b.example.com/a",
		"http://1.example.com/a", "http://xn--bcher-kva.example/a", "http://192.0.2.1/a", "http://localhost/a",
		"http://cdn.example.com:8443/a", "http://cdn.example.com:65535/a",
	}
	for _, key := range objectKeys(r, 400) {
		urls = append(urls, must[string](t)(signer.ObjectURL(anyHost, key)))
	}
	urls = append(urls, rawURLs(r, anyHost, 400)...)
	for _, u := range everyByte() {
		if signer.CheckURL(u) == nil {
			urls = append(urls, u)
		}
	}

	s := ours(t, ecdsaKey(), signer.Options{})
	unsigned := slices.Clone(urls)
	for i, u := range urls {
		p := signer.Policy{Expires: expires}
		if i%2 == 0 {
			p.Resource = wider(u)
		}
		if strings.Contains(u, "*") {
			p.Resource = "http*://cdn.example.com/*"
		}
		urls[i] = must[string](t)(s.URL(t.Context(), u, p))
	}
	for name, all := range fetchAll(t, urls) {
		rewritten := 0
		for i, got := range all {
			switch rewrites(name, unsigned[i]) {
			case true:
				if rewritten++; got == urls[i] {
					t.Errorf("%s sends this as it stands, and CheckURL says that it does not: %s", name, got)
				}
			case false:
				// apt also escapes the ~ of a signature, which CloudFront accepts.
				if got != urls[i] && (name != "apt" || strings.ReplaceAll(got, "%7e", "~") != urls[i]) {
					t.Errorf("%s\nsigned %s\n  sent %s", name, urls[i], got)
					continue
				}
				checkAllowed(t, ecdsaKey().Public(), signer.Request{URL: got})
			}
		}
		if (rewritten > 0) != (rewriting[name] != nil) {
			t.Errorf("%s: %d URLs are rewritten", name, rewritten)
		}
	}
	t.Logf("%d URLs", len(urls))
}

func TestABrowserNavigatesToASignedURLByteForByte(t *testing.T) {
	s := ours(t, ecdsaKey(), signer.Options{})
	for _, key := range []string{"rt.png", `día 1+2 (it's "so").png`, "100%/a//b;c=d&e", "~[1]{2}|^`\\<>@:,!$*?#"} {
		r := record(t)
		u := must[string](t)(signer.ObjectURL("http://"+r.address, key))
		signed := must[string](t)(s.URL(t.Context(), u+"?x=1&y=%27", signer.Policy{Expires: expires, IPAddress: "203.0.113.7"}))
		chromium(t, r, signed)
		if got := arrived(r.sent(-1)); got != signed {
			t.Errorf("\nsigned %s\n  sent %s", signed, got)
		}
	}
}

// An empty parameter is refused for another reason: it is not known what remains of
// the query once CloudFront has removed its own parameters.
func TestNothingIsRefusedThatEveryClientSendsAsItStands(t *testing.T) {
	var urls []string
	for _, u := range everyByte() {
		if err := signer.CheckURL(u); err != nil && !strings.Contains(err.Error(), "empty parameter") {
			urls = append(urls, u)
		}
	}
	all := fetchAll(t, urls)
	for i, u := range urls {
		same := true
		for _, got := range all {
			same = same && got[i] == u
		}
		if same {
			t.Errorf("%q is refused, and every client sends it so", u)
		}
	}
	t.Logf("%d URLs", len(urls))
}

// Each rule of CheckURL has clients that send something else for such a URL.
func TestEachRefusalStandsForAClientThatSendsSomethingElse(t *testing.T) {
	const nothing = "nothing"
	type sends map[string]string
	tests := []struct {
		what, url string
		sends     sends
	}{
		{"a scheme in capitals", "HTTP://cdn.example.com/a", sends{"Go": anyHost + "/a", "curl": anyHost + "/a", "Python requests": anyHost + "/a", "Chromium": anyHost + "/a"}},
		{"a host in capitals", "http://CDN.example.com/a", sends{"Python requests": anyHost + "/a", "Chromium": anyHost + "/a"}},
		{"a host outside ASCII", "http://bücher.example/a", sends{"Go": "http://xn--bcher-kva.example/a", "Chromium": "http://xn--bcher-kva.example/a"}},
		{"an escape in the host", "http://c%64n.example.com/a", sends{"Go": nothing, "curl": anyHost + "/a", "Chromium": anyHost + "/a"}},
		{"a dot after the host", "http://cdn.example.com./a", sends{"Python requests": anyHost + "/a"}},
		{"a user name and password", "http://u:p@cdn.example.com/a", sends{"Go": anyHost + "/a", "curl": anyHost + "/a", "Python requests": anyHost + "/a", "Chromium": nothing}},
		{"the default port", "http://cdn.example.com:80/a", sends{"curl": anyHost + "/a", "Python requests": anyHost + "/a", "Chromium": anyHost + "/a"}},
		{"no port after the colon", "http://cdn.example.com:/a", sends{"Go": anyHost + "/a", "curl": anyHost + "/a", "Chromium": anyHost + "/a"}},
		{"a port with a zero in front", "http://cdn.example.com:08443/a", sends{"curl": anyHost + ":8443/a", "Chromium": anyHost + ":8443/a"}},
		{"a port beyond the last", "http://cdn.example.com:65536/a", sends{"curl": nothing, "Python requests": nothing, "Chromium": nothing}},
		{"an address in another spelling", "http://127.1/a", sends{"curl": "http://127.0.0.1/a", "Chromium": "http://127.0.0.1/a"}},
		{"no path", anyHost, sends{"Go": anyHost + "/", "curl": anyHost + "/", "Python requests": anyHost + "/", "Chromium": anyHost + "/"}},
		{"no path before the query", anyHost + "?a", sends{"Go": anyHost + "/?a", "curl": anyHost + "/?a", "Python requests": anyHost + "/?a", "Chromium": anyHost + "/?a"}},
		{"two slashes at the start", anyHost + "//a", sends{"Python requests": anyHost + "/a"}},
		{"a dot segment", anyHost + "/a/./b", sends{"curl": anyHost + "/a/b", "Python requests": anyHost + "/a/b", "Chromium": anyHost + "/a/b"}},
		{"two dots", anyHost + "/a/../b", sends{"curl": anyHost + "/b", "Python requests": anyHost + "/b", "Chromium": anyHost + "/b"}},
		{"escaped dots", anyHost + "/a/%2E%2E/b", sends{"Python requests": anyHost + "/a/../b", "Chromium": anyHost + "/b"}},
		{"a fragment", anyHost + "/a#b", sends{"Go": anyHost + "/a", "curl": anyHost + "/a", "Python requests": anyHost + "/a", "Chromium": anyHost + "/a"}},
		{"a space", anyHost + "/a b", sends{"Go": anyHost + "/a%20b", "curl": nothing, "Python requests": anyHost + "/a%20b", "Chromium": anyHost + "/a%20b"}},
		{"a line break", anyHost + "/a\nb", sends{"Go": nothing, "curl": nothing, "Python requests": anyHost + "/a%0Ab", "Chromium": anyHost + "/ab"}},
		{"a quote", anyHost + `/a"b`, sends{"Go": anyHost + "/a%22b", "Python requests": anyHost + "/a%22b", "Chromium": anyHost + "/a%22b"}},
		{"a backslash", anyHost + `/a\b`, sends{"Go": anyHost + "/a%5Cb", "Python requests": anyHost + "/a%5Cb", "Chromium": anyHost + "/a/b"}},
		{"a pipe", anyHost + "/a|b", sends{"Go": anyHost + "/a%7Cb", "Python requests": anyHost + "/a%7Cb", "Chromium": anyHost + "/a%7Cb"}},
		{"a pipe next to an escaped slash", anyHost + "/a%2Fb|c", sends{"Go": anyHost + "/a/b%7Cc"}},
		{"brackets", anyHost + "/a[1-2]", sends{"curl": "2 requests", "Python requests": anyHost + "/a%5B1-2%5D"}},
		{"braces", anyHost + "/{a,b}", sends{"Go": anyHost + "/%7Ba,b%7D", "curl": "2 requests", "Python requests": anyHost + "/%7Ba,b%7D", "Chromium": anyHost + "/%7Ba,b%7D"}},
		{"letters outside ASCII", anyHost + "/día", sends{"Go": anyHost + "/d%C3%ADa", "curl": anyHost + "/d%c3%ada", "Python requests": anyHost + "/d%C3%ADa", "Chromium": anyHost + "/d%C3%ADa"}},
		{"a bare percent sign", anyHost + "/100%", sends{"Go": nothing, "Python requests": anyHost + "/100%25"}},
		{"an escape in lower case", anyHost + "/a%2fb", sends{"Python requests": anyHost + "/a%2Fb"}},
		{"an escaped tilde", anyHost + "/%7Ea", sends{"Python requests": anyHost + "/~a"}},
		{"an escaped letter", anyHost + "/%61", sends{"Python requests": anyHost + "/a"}},
		{"an empty query", anyHost + "/a?", sends{"Python requests": anyHost + "/a"}},
		{"an apostrophe in the query", anyHost + "/a?b='c'", sends{"Chromium": anyHost + "/a?b=%27c%27"}},
		{"a space in the query", anyHost + "/a?b=c d", sends{"curl": nothing, "Python requests": anyHost + "/a?b=c%20d", "Chromium": anyHost + "/a?b=c%20d"}},
		{"brackets in the query", anyHost + "/a?b[]=1", sends{"Python requests": anyHost + "/a?b%5B%5D=1"}},
		{"an escape in lower case in the query", anyHost + "/a?b=%c3%a9", sends{"Python requests": anyHost + "/a?b=%C3%A9"}},
	}
	var urls []string
	for _, test := range tests {
		urls = append(urls, test.url)
	}
	all := fetchAll(t, urls)
	for i, test := range tests {
		t.Run(test.what, func(t *testing.T) {
			if signer.CheckURL(test.url) == nil {
				t.Errorf("%s is taken", test.url)
			}
			for client, want := range test.sends {
				if got := all[client][i]; got != want {
					t.Errorf("%s sends %s, want %s", client, got, want)
				}
			}
		})
	}
}
