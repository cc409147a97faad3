package signer

import (
	"context"
	"crypto"
	"errors"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"
)

const (
	keyID = "K2JCJMDEHXQW5F"
	site  = "https://d111111abcdef8.cloudfront.net"
	ttl   = 2 * time.Minute
)

func now() time.Time { return time.Date(2026, 7, 1, 12, 0, 0, 0, time.UTC) }

func newSigner(t testing.TB, algorithm Algorithm, o Options) *Signer {
	t.Helper()
	if o.Now == nil {
		o.Now = now
	}
	return must[*Signer](t)(New(keyID, newKey(t, algorithm), &o))
}

func trusted(t testing.TB, algorithms ...Algorithm) map[string]*PublicKey {
	keys := map[string]*PublicKey{}
	for i, algorithm := range algorithms {
		id := keyID
		if i > 0 {
			id = "KOTHER" + string(rune('0'+i))
		}
		keys[id] = newKey(t, algorithm).PublicKey()
	}
	return keys
}

func TestASignedURLIsTheURLWithCloudFrontsParametersBehindIt(t *testing.T) {
	for name, test := range map[string]struct {
		url    string
		policy Policy
		hash   Hash
		names  string
	}{
		"an expiry alone is canned":               {site + "/rt.png", Policy{TTL: ttl}, SHA256, "?Expires &Signature &Key-Pair-Id &Hash-Algorithm"},
		"SHA-1 is not named":                      {site + "/rt.png", Policy{TTL: ttl}, SHA1, "?Expires &Signature &Key-Pair-Id"},
		"own parameters stay in front":            {site + "/rt.png?size=large&x", Policy{TTL: ttl}, SHA256, "&Expires &Signature &Key-Pair-Id &Hash-Algorithm"},
		"a start asks for a custom policy":        {site + "/rt.png", Policy{TTL: ttl, NotBefore: now().Add(-time.Minute)}, SHA256, "?Policy &Signature &Key-Pair-Id &Hash-Algorithm"},
		"an address asks for a custom policy":     {site + "/rt.png", Policy{TTL: ttl, IPAddress: "203.0.113.7"}, SHA256, "?Policy &Signature &Key-Pair-Id &Hash-Algorithm"},
		"a pattern asks for a custom policy":      {site + "/a/rt.png", Policy{TTL: ttl, Resource: site + "/a/*"}, SHA256, "?Policy &Signature &Key-Pair-Id &Hash-Algorithm"},
		"the URL itself as resource stays canned": {site + "/rt.png", Policy{TTL: ttl, Resource: site + "/rt.png"}, SHA256, "?Expires &Signature &Key-Pair-Id &Hash-Algorithm"},
	} {
		t.Run(name, func(t *testing.T) {
			s := newSigner(t, ECDSAP256, Options{Hash: test.hash})
			signed := must[string](t)(s.URL(t.Context(), test.url, test.policy))
			tail, ok := strings.CutPrefix(signed, test.url)
			if !ok {
				t.Fatalf("%s does not start with %s", signed, test.url)
			}
			for _, want := range strings.Fields(test.names) {
				rest, ok := strings.CutPrefix(tail, want+"=")
				if !ok {
					t.Fatalf("want %s next in %s", want, tail)
				}
				tail = strings.TrimLeft(rest, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-~_")
			}
			if tail != "" {
				t.Errorf("left over: %s", tail)
			}
			if test.policy.Canned(test.url) != strings.Contains(test.names, "Expires") {
				t.Error("Canned tells another story than the URL")
			}
			if v := Verify(Request{URL: signed, Time: now(), RemoteAddr: addr("203.0.113.7")}, trusted(t, ECDSAP256)); !v.Allowed {
				t.Errorf("not allowed: %s", v.Detail)
			}
		})
	}
}

func TestAPolicyThatCannotWorkIsRefusedBeforeAnythingIsSigned(t *testing.T) {
	key := &countingKey{Key: newKey(t, ECDSAP256)}
	s := must[*Signer](t)(New(keyID, key, &Options{Now: now, MaxURLLifetime: time.Hour}))
	for name, test := range map[string]struct {
		policy Policy
		want   string
	}{
		"no end":                             {Policy{}, "set TTL"},
		"two ends":                           {Policy{TTL: ttl, Expires: now().Add(ttl)}, "both set"},
		"a TTL below zero":                   {Policy{TTL: -ttl}, "above zero"},
		"a TTL of a plain number":            {Policy{TTL: 120}, "write 120*time.Second"},
		"a TTL under a second":               {Policy{TTL: 999 * time.Millisecond}, "a second or more"},
		"a Window of a plain number":         {Policy{TTL: ttl, Window: 60}, "write 60*time.Second"},
		"a Window under a second":            {Policy{TTL: ttl, Window: time.Second / 2}, "a second or more"},
		"an end that is past":                {Policy{Expires: now()}, "has passed"},
		"milliseconds for seconds":           {Policy{Expires: time.Unix(now().UnixMilli(), 0)}, "milliseconds"},
		"longer than the deployment":         {Policy{TTL: time.Hour + time.Second}, "maxUrlLifetime"},
		"a start at the end":                 {Policy{TTL: ttl, NotBefore: now().Add(ttl)}, "before the end"},
		"a start before 1970":                {Policy{TTL: ttl, NotBefore: time.Unix(-1, 0)}, "1970"},
		"IPv6":                               {Policy{TTL: ttl, IPAddress: "2001:db8::1"}, "only IPv4"},
		"an IPv6 prefix":                     {Policy{TTL: ttl, IPAddress: "2001:db8::/32"}, "only IPv4"},
		"IPv4 in IPv6":                       {Policy{TTL: ttl, IPAddress: "::ffff:203.0.113.7"}, "only IPv4"},
		"bits after the prefix":              {Policy{TTL: ttl, IPAddress: "203.0.113.7/24"}, "write 203.0.113.0/24"},
		"two addresses":                      {Policy{TTL: ttl, IPAddress: "203.0.113.7,203.0.113.8"}, "203.0.113.0/24"},
		"injection through the address":      {Policy{TTL: ttl, IPAddress: `203.0.113.7"}},{"Resource":"*`}, "not an IPv4 address"},
		"a resource of another place":        {Policy{TTL: ttl, Resource: site + "/b/*"}, "does not cover"},
		"injection through the resource":     {Policy{TTL: ttl, Resource: site + `/*","x":"`}, "%22"},
		"a backslash in the resource":        {Policy{TTL: ttl, Resource: site + `/\*`}, "%5C"},
		"unicode in the resource":            {Policy{TTL: ttl, Resource: site + "/día*"}, "%C3%AD"},
		"a resource without a scheme":        {Policy{TTL: ttl, Resource: "*"}, "https://"},
		"a wildcard in the host":             {Policy{TTL: ttl, Resource: "https://*/a/*"}, "wildcards belong in the path"},
		"a host open at its end":             {Policy{TTL: ttl, Resource: "https://d111111abcdef8.cloudfront.net*"}, "wildcards belong in the path"},
		"a resource that no client asks for": {Policy{TTL: ttl, Resource: site + "/a/%7E*"}, "write ~"},
		"a fragment in the resource":         {Policy{TTL: ttl, Resource: site + "/a#*"}, "%23"},
		"dots in the resource":               {Policy{TTL: ttl, Resource: site + "/a/../*"}, "resolve"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := s.URL(t.Context(), site+"/a/rt.png", test.policy)
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v, want %q in it", err, test.want)
			}
		})
	}
	if _, err := s.URL(t.Context(), site+"/a/rt.png", Policy{TTL: 2 * time.Hour}); !errors.As(err, new(*LifetimeError)) {
		t.Errorf("a lifetime over the limit: got %T", err)
	}
	if _, err := s.URL(t.Context(), site+"/a", Policy{TTL: ttl, Resource: site + "/b"}); !errors.As(err, new(*CoverageError)) {
		t.Errorf("a resource that does not cover: got %T", err)
	}
	if key.signed != 0 {
		t.Errorf("%d signatures were made all the same", key.signed)
	}
	if _, err := s.URL(t.Context(), site+"/a/rt.png", Policy{TTL: time.Hour}); err != nil {
		t.Errorf("exactly the limit is refused: %v", err)
	}
}

type countingKey struct {
	Key
	mu     sync.Mutex
	signed int
}

func (k *countingKey) SignDigest(ctx context.Context, digest []byte, hash crypto.Hash) ([]byte, error) {
	k.mu.Lock()
	k.signed++
	k.mu.Unlock()
	return k.Key.SignDigest(ctx, digest, hash)
}

func TestATTLIsNeverShorterThanAsked(t *testing.T) {
	half := now().Add(500 * time.Millisecond)
	s := newSigner(t, ECDSAP256, Options{Now: func() time.Time { return half }})
	signed := must[string](t)(s.URL(t.Context(), site+"/rt.png", Policy{TTL: time.Second}))
	v := Verify(Request{URL: signed, Time: half}, trusted(t, ECDSAP256))
	if left := v.Statement.Expires.Sub(half); left < time.Second || left >= 2*time.Second {
		t.Errorf("a TTL of 1s lasts %s", left)
	}
}

func TestAStarInTheURLIsRefusedSinceCloudFrontTakesItForAWildcard(t *testing.T) {
	s := newSigner(t, ECDSAP256, Options{})
	for _, u := range []string{site + "/a*", site + "/a?b=*"} {
		_, err := s.URL(t.Context(), u, Policy{TTL: ttl})
		var wrong *URLError
		if !errors.As(err, &wrong) || !strings.Contains(wrong.Fix, "%2A") {
			t.Errorf("%s: got %v", u, err)
		}
	}
	if _, err := s.URL(t.Context(), site+"/a*", Policy{TTL: ttl, Resource: site + "/a*"}); err == nil || !strings.Contains(err.Error(), "the URL of one request") {
		t.Errorf("a pattern for a URL: got %v", err)
	}
	if _, err := s.URL(t.Context(), site+"/a*", Policy{TTL: ttl, NotBefore: now().Add(-time.Hour), Resource: site + "/a*"}); err == nil {
		t.Error("a pattern for a URL is signed once there is a start")
	}
	if _, err := s.URL(t.Context(), site+"/a*", Policy{TTL: ttl, Resource: site + "/*"}); err != nil {
		t.Errorf("under a pattern that covers it: %v", err)
	}
}

func TestTheLimitIsOfPathAndQueryAndIsCheckedBeforeTheKeyIsUsed(t *testing.T) {
	key := &countingKey{Key: newKey(t, RSA2048)} // whose signatures have one length
	s := must[*Signer](t)(New(keyID, key, &Options{Now: now}))
	pass := must[*Pass](t)(s.OpenAll(t.Context(), site+"/", Policy{TTL: ttl}))
	tail := func(signed string) int { return len(signed) - len(site) - 2 }
	forURL := tail(must[string](t)(s.URL(t.Context(), site+"/a", Policy{TTL: ttl})))
	forPass := tail(must[string](t)(pass.URL(site + "/a")))
	path := func(n int) string { return site + "/" + strings.Repeat("a", n-1) }
	for n, want := range map[int]bool{MaxURLLength: true, MaxURLLength + 1: false} {
		if err := CheckURL(path(n)); (err == nil) != want {
			t.Errorf("a path of %d bytes: %v", n, err)
		}
		if got, err := s.URL(t.Context(), path(n-forURL), Policy{TTL: ttl}); (err == nil) != want {
			t.Errorf("%d bytes once signed: %v", n, err)
		} else if v := Verify(Request{URL: got, Time: now()}, trusted(t, RSA2048)); want && !v.Allowed {
			t.Errorf("%d bytes once signed: %s", n, v.Detail)
		}
		if _, err := pass.URL(path(n - forPass)); (err == nil) != want {
			t.Errorf("%d bytes with a pass: %v", n, err)
		}
		if pass.Covers(path(n)) != want {
			t.Errorf("a pass covers a path of %d bytes: %v", n, !want)
		}
	}
	key.signed = 0
	for _, c := range []struct {
		url    string
		policy Policy
	}{
		{path(MaxURLLength + 1), Policy{TTL: ttl}},
		{path(10), Policy{TTL: ttl, Resource: path(MaxURLLength) + "*"}},
		{site + "/a", Policy{TTL: ttl, Resource: site + "/*" + strings.Repeat("*", MaxURLLength-200)}},
	} {
		if _, err := s.URL(t.Context(), c.url, c.policy); err == nil {
			t.Errorf("a URL of %d and a resource of %d bytes are signed", len(c.url), len(c.policy.Resource))
		}
	}
	if key.signed != 0 {
		t.Errorf("%d signatures were made for what is too long", key.signed)
	}
	if err := CheckURL("https://" + strings.Repeat("a", 1<<20) + "/"); err == nil {
		t.Error("a host of a mebibyte is taken")
	}
}

func TestASignerIsRefusedWithoutAnIDOrAKeyThatCloudFrontTakes(t *testing.T) {
	key := newKey(t, ECDSAP256)
	for _, id := range []string{"", "arn:aws:cloudfront::1:public-key/K2", "K2 ", "K2-3", "K2\n", "Ké", strings.Repeat("K", 33),
		"undefined", "null", "k2jcjmdehxqw5f", "K2JcJMDEHXQW5F", "AKIAIOSFODNN7EXAMPLE", "f3a1c2d4-5b6e-7f80-9a1b-2c3d4e5f6071"} {
		if _, err := New(id, key, nil); err == nil || !strings.Contains(err.Error(), "K2JCJMDEHXQW5F") {
			t.Errorf("id %q: got %v", id, err)
		}
	}
	for _, id := range []string{keyID, "APKAIOSFODNN7EXAMPLE", "K36X4X2EO997HM"} {
		if _, err := New(id, key, nil); err != nil {
			t.Errorf("id %q: %v", id, err)
		}
	}
	for _, none := range []Key{nil, (*PrivateKey)(nil), &PrivateKey{}} {
		if _, err := New(keyID, none, nil); err == nil {
			t.Errorf("no key (%T): accepted", none)
		}
	}
	if _, err := New(keyID, key, &Options{Hash: "md5"}); err == nil || !strings.Contains(err.Error(), "sha256") {
		t.Errorf("hash md5: got %v", err)
	}
	if _, err := New(keyID, key, &Options{MaxURLLifetime: -1}); err == nil {
		t.Error("a limit below zero: accepted")
	}
	if _, err := New(keyID, key, &Options{MaxURLLifetime: 3600}); err == nil || !strings.Contains(err.Error(), "time.Hour") {
		t.Errorf("a limit in nanoseconds: got %v", err)
	}
	if _, err := New(keyID, &countingKey{Key: key}, &Options{Deterministic: true}); err == nil || !strings.Contains(err.Error(), "deterministic") {
		t.Errorf("deterministic over a network key: got %v", err)
	}
}

func TestSignaturesAreHedgedUnlessTheyAreAskedToRepeat(t *testing.T) {
	sign := func(algorithm Algorithm, deterministic bool) (string, string) {
		s := newSigner(t, algorithm, Options{Deterministic: deterministic})
		once := must[string](t)(s.URL(t.Context(), site+"/rt.png", Policy{TTL: ttl}))
		return once, must[string](t)(s.URL(t.Context(), site+"/rt.png", Policy{TTL: ttl}))
	}
	if a, b := sign(ECDSAP256, false); a == b {
		t.Error("two hedged ECDSA signatures are the same")
	}
	if a, b := sign(ECDSAP256, true); a != b {
		t.Error("two deterministic ECDSA signatures differ")
	}
	if a, b := sign(RSA2048, true); a != b {
		t.Error("two RSA signatures differ")
	}
}

func TestASignerServesManyAtOnce(t *testing.T) {
	s := newSigner(t, ECDSAP256, Options{})
	keys := trusted(t, ECDSAP256)
	var wg sync.WaitGroup
	for range 16 {
		wg.Go(func() {
			for range 20 {
				signed, err := s.URL(context.Background(), site+"/rt.png", Policy{TTL: ttl, IPAddress: "203.0.113.0/24"})
				if err != nil {
					t.Error(err)
					return
				}
				if v := Verify(Request{URL: signed, Time: now(), RemoteAddr: addr("203.0.113.9")}, keys); !v.Allowed {
					t.Error(v.Detail)
					return
				}
			}
		})
	}
	wg.Wait()
}

// The FIPS mode is set when a program starts, so the tests run in programs of their
// own.
func TestSHA1IsRefusedInFIPSOnlyModeAlone(t *testing.T) {
	mode := os.Getenv("SIGNEDFRONT_FIPS_TEST")
	if mode == "" {
		for _, mode := range []string{"off", "on", "only"} {
			cmd := exec.Command(os.Args[0], "-test.run=^TestSHA1IsRefusedInFIPSOnlyModeAlone$", "-test.v")
			cmd.Env = append(os.Environ(), "GODEBUG=fips140="+mode, "SIGNEDFRONT_FIPS_TEST="+mode)
			out, err := cmd.CombinedOutput()
			if err != nil || !strings.Contains(string(out), "--- PASS: TestSHA1IsRefusedInFIPSOnlyModeAlone") {
				t.Errorf("fips140=%s: %v\n%s", mode, err, out)
			}
		}
		return
	}
	key := newKey(t, ECDSAP256)
	sha1, err := New(keyID, key, &Options{Hash: SHA1, Now: now})
	if mode != "only" {
		if err != nil {
			t.Fatal(err)
		}
		signed := must[string](t)(sha1.URL(t.Context(), site+"/rt.png", Policy{TTL: ttl}))
		if v := Verify(Request{URL: signed, Time: now()}, trusted(t, ECDSAP256)); !v.Allowed {
			t.Errorf("SHA-1: %s", v.Detail)
		}
		return
	}
	if !errors.Is(err, errSHA1InFIPS) {
		t.Errorf("signing with SHA-1: got %v", err)
	}
	s := newSigner(t, ECDSAP256, Options{Deterministic: true})
	signed := must[string](t)(s.URL(t.Context(), site+"/rt.png", Policy{TTL: ttl}))
	keys := map[string]*PublicKey{keyID: key.PublicKey()}
	if v := Verify(Request{URL: signed, Time: now()}, keys); !v.Allowed {
		t.Errorf("SHA-256: %s", v.Detail)
	}
	// A request without a hash means SHA-1.
	for _, decide := range []func(Request, map[string]*PublicKey) Verdict{Verify, Explain} {
		v := decide(Request{URL: strings.TrimSuffix(signed, "&Hash-Algorithm=SHA256"), Time: now()}, keys)
		if v.Allowed || v.Reason != ReasonSHA1InFIPS || v.Certain {
			t.Errorf("SHA-1: got %+v", v)
		}
	}
	if v := Explain(Request{URL: signed + "x", Time: now()}, keys); v.Allowed {
		t.Error("a changed URL is allowed")
	}
}

func TestASignerOfAKeyAloneSignsObjectsBehindTheBaseURLThatItWasGiven(t *testing.T) {
	p := Policy{TTL: ttl, Resource: site + "/July%202026/*", IPAddress: "203.0.113.7"}
	for _, base := range []string{site, site + "/"} {
		s := must[*Signer](t)(New(keyID, newKey(t, RSA2048), &Options{Now: now, BaseURL: base}))
		signed := must[string](t)(s.Object(t.Context(), "July 2026/a+b.png", p))
		if want := must[string](t)(s.URL(t.Context(), site+"/July%202026/a%2Bb.png", p)); signed != want {
			t.Errorf("got %s, want %s", signed, want)
		}
		if got := must[string](t)(s.BaseURL(t.Context())); got != site {
			t.Errorf("the base URL is %s", got)
		}
	}
	if _, err := newSigner(t, ECDSAP256, Options{}).Object(t.Context(), "a", p); err == nil || !strings.Contains(err.Error(), "Options.BaseURL") {
		t.Errorf("without one: got %v", err)
	}
	for _, base := range []string{"/", "d111111abcdef8.cloudfront.net", site + "/a", "https://", site + "?a", site + "//"} {
		if _, err := New(keyID, newKey(t, ECDSAP256), &Options{BaseURL: base}); err == nil || !strings.Contains(err.Error(), "BaseURL: ") {
			t.Errorf("%s: got %v", base, err)
		}
	}
}
