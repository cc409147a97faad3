package peers

import (
	"crypto"
	"encoding/json"
	"fmt"
	"net/http"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/feature/cloudfront/sign"

	"github.com/signedfront/signedfront/signer"
)

// By default the SDK signs SHA-1 and names no hash.
var hashes = []struct {
	name string
	ours signer.Hash
	sdk  sign.HashAlgorithm
}{
	{"SHA-1", signer.SHA1, ""},
	{"SHA-256", signer.SHA256, sign.HashSHA256},
}

var signingKeys = []struct {
	name string
	key  func() crypto.Signer
}{
	{"RSA", func() crypto.Signer { return rsaKey() }},
	{"ECDSA", func() crypto.Signer { return ecdsaKey() }},
}

func sdk(key crypto.Signer, hash sign.HashAlgorithm) *sign.URLSigner {
	s := sign.NewURLSigner(keyPairID, key)
	s.HashAlg = hash
	return s
}

// wider returns a resource that covers more than a URL.
func wider(url string) string {
	path, _, _ := strings.Cut(url, "?")
	return path[:strings.LastIndexByte(path, '/')+1] + "*"
}

func TestCannedURLsOfRSAKeysEqualTheSDKsByteForByte(t *testing.T) {
	for _, hash := range hashes {
		t.Run(hash.name, func(t *testing.T) {
			t.Parallel()
			our, their := ours(t, rsaKey(), signer.Options{Hash: hash.ours}), sdk(rsaKey(), hash.sdk)
			for _, url := range signable(t, site, 1000) {
				got := must[string](t)(our.URL(t.Context(), url, signer.Policy{Expires: expires}))
				if want := must[string](t)(their.Sign(url, expires)); got != want {
					t.Fatalf("%q\n got %s\nwant %s", url, got, want)
				}
			}
		})
	}
}

func TestCustomURLsOfRSAKeysWithAnEndAloneEqualTheSDKsByteForByte(t *testing.T) {
	for _, hash := range hashes {
		t.Run(hash.name, func(t *testing.T) {
			t.Parallel()
			our, their := ours(t, rsaKey(), signer.Options{Hash: hash.ours}), sdk(rsaKey(), hash.sdk)
			for _, url := range signable(t, site, 1002) {
				resource := wider(url)
				got := must[string](t)(our.URL(t.Context(), url, signer.Policy{Expires: expires, Resource: resource}))
				if want := must[string](t)(their.SignWithPolicy(url, sign.NewCannedPolicy(resource, expires))); got != want {
					t.Fatalf("%q\n got %s\nwant %s", url, got, want)
				}
			}
		})
	}
}

// The SDK writes the members of Condition in another order, and ECDSA signatures
// always differ, so these URLs are compared part by part.
func TestAllOtherURLsSayTheSameAsTheSDKsAndBothVerify(t *testing.T) {
	start := now.Add(-time.Minute)
	for _, key := range signingKeys {
		for _, hash := range hashes {
			t.Run(key.name+" "+hash.name, func(t *testing.T) {
				t.Parallel()
				our, their := ours(t, key.key(), signer.Options{Hash: hash.ours}), sdk(key.key(), hash.sdk)
				n := 1500
				if key.name == "RSA" {
					n = 300
				}
				for i, url := range signable(t, site, n) {
					p := signer.Policy{Expires: expires}
					condition := sign.Condition{DateLessThan: sign.NewAWSEpochTime(expires)}
					resource := url
					if i&1 != 0 {
						p.NotBefore, condition.DateGreaterThan = start, sign.NewAWSEpochTime(start)
					}
					if i&2 != 0 {
						p.IPAddress = fmt.Sprintf("203.0.113.0/%d", 24+i%6)
						condition.IPAddress = &sign.IPAddress{SourceIP: p.IPAddress}
					}
					if i&4 != 0 {
						resource = wider(url)
						p.Resource = resource
					}
					got := must[string](t)(our.URL(t.Context(), url, p))
					var want string
					if p.Canned(url) {
						want = must[string](t)(their.Sign(url, expires))
					} else {
						want = must[string](t)(their.SignWithPolicy(url, &sign.Policy{Statements: []sign.Statement{{Resource: resource, Condition: condition}}}))
					}
					checkSame(t, key.key().Public(), got, want)
				}
			})
		}
	}
}

// checkSame checks that two signed URLs both verify, and differ at most in the
// order of the policy's members and in the signature.
func checkSame(t *testing.T, key crypto.PublicKey, got, want string) {
	t.Helper()
	g, w := takeApart(got), takeApart(want)
	if g.url != w.url || g.keyID != w.keyID || g.hash != w.hash || g.expires != w.expires {
		t.Errorf("\n got %s\nwant %s", got, want)
	}
	if !reflect.DeepEqual(parsed(t, g.text(t)), parsed(t, w.text(t))) {
		t.Errorf("the policies differ:\n got %s\nwant %s", g.text(t), w.text(t))
	}
	for _, signed := range []string{got, want} {
		p := takeApart(signed)
		p.checkSignature(t, key)
		checkAllowed(t, key, signer.Request{URL: signed})
	}
	if t.Failed() {
		t.FailNow()
	}
}

func parsed(t *testing.T, policy string) (v any) {
	t.Helper()
	if err := json.Unmarshal([]byte(policy), &v); err != nil {
		t.Fatalf("%s: %v", policy, err)
	}
	return v
}

// The SDK's cookies always have a custom policy. Ours have a canned one where
// possible; we always name the hash, and clear what an earlier set may have left.
func TestCookiesSayTheSameAsTheSDKsAndBothVerify(t *testing.T) {
	values := func(cookies []*http.Cookie) (p parts) {
		for _, c := range cookies {
			if c.MaxAge >= 0 && !p.set(strings.TrimPrefix(c.Name, "CloudFront-"), c.Value) {
				t.Errorf("an unknown cookie %s", c.Name)
			}
		}
		return p
	}
	for _, key := range signingKeys {
		for _, hash := range hashes {
			t.Run(key.name+" "+hash.name, func(t *testing.T) {
				t.Parallel()
				our := ours(t, key.key(), signer.Options{Hash: hash.ours})
				their := sign.NewCookieSigner(keyPairID, key.key())
				their.HashAlg = hash.sdk
				for i, url := range signable(t, site, 200) {
					resource := url
					if i%2 == 0 {
						resource = wider(url)
					}
					ourCookies := must[[]*http.Cookie](t)(our.Cookies(t.Context(), resource, signer.Policy{Expires: expires}, signer.CookieOptions{}))
					theirCookies := must[[]*http.Cookie](t)(their.Sign(resource, expires))
					g, w := values(ourCookies), values(theirCookies)
					g.url, w.url = url, url
					if g.text(t) != w.text(t) || g.keyID != w.keyID {
						t.Fatalf("\n got %+v\nwant %+v", g, w)
					}
					if key.name == "RSA" && g.signature != w.signature {
						t.Fatalf("%s: another signature", resource)
					}
					if canned := g.expires != ""; canned != (resource == url) {
						t.Fatalf("%s: canned is %v", resource, canned)
					}
					for _, cookies := range [][]*http.Cookie{ourCookies, theirCookies} {
						var header []string
						for _, c := range cookies {
							if c.MaxAge >= 0 {
								header = append(header, c.Name+"="+c.Value)
							}
						}
						p := values(cookies)
						p.url = url
						p.checkSignature(t, key.key().Public())
						checkAllowed(t, key.key().Public(), signer.Request{URL: url, Cookie: []string{strings.Join(header, "; ")}})
					}
				}
			})
		}
	}
}
