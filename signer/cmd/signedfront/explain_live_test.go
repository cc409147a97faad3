package main_test

import (
	"encoding/base64"
	"encoding/pem"
	"strings"
	"testing"
	"time"

	"github.com/signedfront/signedfront/signer"
	"github.com/signedfront/signedfront/signer/internal/status"
	"github.com/signedfront/signedfront/signer/internal/status/statustest"
	"github.com/signedfront/signedfront/signer/rotation"
)

func TestExplainGoesByWhatTheDistributionTrustsNow(t *testing.T) {
	a := statustest.Healthy("shipped")
	const old = "K4OLDERKEY"
	key, err := signer.GenerateKey(signer.ECDSAP256)
	if err != nil {
		t.Fatal(err)
	}
	s, err := signer.New(old, key, nil)
	if err != nil {
		t.Fatal(err)
	}
	url, err := s.URL(t.Context(), "https://d111111dev.cloudfront.net/rt.png", signer.Policy{TTL: time.Hour})
	if err != nil {
		t.Fatal(err)
	}
	explain := func() (int, string, string) {
		p := run(t, inAccount(t, a), "explain", "--env", "dev", "--project", "media", url)
		return p.status(), p.stdout.String(), p.stderr.String()
	}

	if status, out, _ := explain(); status != 3 || !strings.Contains(out, "denied") || strings.Contains(out, "fault") {
		t.Errorf("a key that nothing trusts: %d\n%s", status, out)
	}
	// The key group has the key, whatever the document lists.
	a.Groups[a.GroupID].Members = append(a.Groups[a.GroupID].Members, old)
	a.Keys[old] = statustest.PublicKey(key)
	if status, out, said := explain(); status != 0 || !strings.Contains(out, "allowed") {
		t.Errorf("a key of the group: %d\n%s%s", status, out, said)
	}
	// Without permission to read the group, the document counts.
	a.Fail["cloudfront:GetKeyGroup"] = "AccessDenied"
	if status, out, said := explain(); status != 3 || !strings.Contains(said, "lack cloudfront:GetKeyGroup") {
		t.Errorf("without the right: %d\n%s%s", status, out, said)
	}
	delete(a.Fail, "cloudfront:GetKeyGroup")
	// A fault of the deployment is printed with the verdict.
	b := a.Buckets[a.BucketName]
	b.Policy = strings.ReplaceAll(b.Policy, a.BucketName+"/*", a.BucketName+"/")
	if status, out, _ := explain(); status != 0 || !strings.Contains(out, "fault") || !strings.Contains(out, "CloudFront may not read the bucket") {
		t.Errorf("a fault of the deployment: %d\n%s", status, out)
	}
	for _, call := range a.Calls() {
		if strings.HasSuffix(call.Action, ":GetSecretValue") {
			t.Error("the private key was asked for")
		}
	}
}

func TestExplainGoesByTheCacheBehaviorOfThePath(t *testing.T) {
	a := statustest.Healthy("domain")
	const host, other = "https://media.example.com", "K4OTHERKEY"
	d := a.Distributions[a.DistributionID]
	d.RootObject = "start.html"
	sign := func(id string, key *signer.PrivateKey, path string) string {
		t.Helper()
		s, err := signer.New(id, key, nil)
		if err != nil {
			t.Fatal(err)
		}
		url, err := s.URL(t.Context(), host+path, signer.Policy{TTL: time.Hour})
		if err != nil {
			t.Fatal(err)
		}
		return url
	}
	key, err := signer.GenerateKey(signer.ECDSAP256)
	if err != nil {
		t.Fatal(err)
	}
	own := func(path string) string { return sign(a.KeyPairID, a.Values[a.SecretARN], path) }
	others := func(path string) string { return sign(other, key, path) }
	a.Groups["another"] = &rotation.KeyGroup{Members: []string{other}}
	a.Keys[other] = statustest.PublicKey(key)
	d.Behaviors = append([]status.Behavior{
		{Pattern: "/public/premium/*", Origin: "content", KeyGroups: []string{a.GroupID}},
		{Pattern: "/others/*", Origin: "content", KeyGroups: []string{"another"}},
		{Pattern: "open/*", Origin: "content"},
		{Pattern: "/old/*", Origin: "content", Accounts: []string{"self"}},
		{Pattern: "/start.html", Origin: "content"},
	}, d.Behaviors...)

	const allowed, denied = "verdict     allowed\n", "verdict     denied: 403"
	const none = "requires no signature"
	for name, test := range map[string]struct {
		url    string
		status int
		out    []string
	}{
		"a public path":                        {host + "/public/a.png", 0, []string{allowed, `reason      the cache behavior "/public/*" requires no signature`}},
		"a public path with a query":           {host + "/public/a.png?b=/c", 0, []string{allowed, none}},
		"a public path with a foreign key":     {others("/public/a.png"), 0, []string{allowed, none}},
		"a public path in other spelling":      {host + "/x/..//p%75blic/a.png", 0, []string{"verdict     allowed (unless the distribution has a function", none}},
		"a pattern without its slash":          {host + "/open/a.png", 0, []string{allowed, none}},
		"the root object":                      {host + "/", 0, []string{allowed, none}},
		"the root object without a slash":      {host, 0, []string{allowed, none}},
		"a signed path among public ones":      {host + "/public/premium/a.png", 3, []string{denied, "the request is not signed"}},
		"it, signed":                           {own("/public/premium/a.png"), 0, []string{allowed, "policy"}},
		"the key pairs of an account":          {host + "/old/rt.png", 3, []string{denied, "the request is not signed"}},
		"every other path":                     {host + "/rt.png", 3, []string{denied, "the request is not signed"}},
		"it, signed too":                       {own("/rt.png"), 0, []string{allowed, "policy"}},
		"it, signed with the other key":        {others("/rt.png"), 3, []string{denied, "is not among the trusted keys"}},
		"the paths of another group":           {others("/others/rt.png"), 0, []string{allowed, "policy"}},
		"the paths of another group, own keys": {own("/others/rt.png"), 3, []string{denied, "is not among the trusted keys"}},
	} {
		p := run(t, inAccount(t, a), "explain", "--env", "dev", "--project", "media", test.url)
		if status := p.status(); status != test.status {
			t.Errorf("%s: exit status %d, want %d: %s", name, status, test.status, p.stderr.String())
		}
		for _, part := range test.out {
			if !strings.Contains(p.stdout.String(), part) {
				t.Errorf("%s: it does not say %q:\n%s", name, part, p.stdout.String())
			}
		}
		if said := p.stderr.String(); said != "" {
			t.Errorf("%s: it also says: %s", name, said)
		}
	}

	p := run(t, inAccount(t, a), "explain", "--env", "dev", "--project", "media", "--method", "PUT", host+"/public/a.png")
	if status := p.status(); status != 3 || !strings.Contains(p.stdout.String(), "reason      a distribution of signedfront allows only GET and HEAD, not PUT") {
		t.Errorf("to write to a public path: %d\n%s", status, p.stdout.String())
	}
	p = run(t, inAccount(t, a), "explain", "--env", "dev", "--project", "media", "--json", host+"/public/a.png")
	if out := p.stdout.String(); p.status() != 0 || !strings.Contains(out, `"allowed": true`) || strings.Contains(out, `"from"`) {
		t.Errorf("a public path in JSON:\n%s", out)
	}
	// Which paths are public is known without the right to read the keys.
	a.Fail["cloudfront:GetKeyGroup"] = "AccessDenied"
	p = run(t, inAccount(t, a), "explain", "--env", "dev", "--project", "media", host+"/public/a.png")
	if status := p.status(); status != 0 || p.stderr.String() != "" {
		t.Errorf("without the right: %d\n%s%s", status, p.stdout.String(), p.stderr.String())
	}
}

func TestExplainSaysThatAHostIsNotTheDistributions(t *testing.T) {
	a := statustest.Healthy("domain")
	d := a.Distributions[a.DistributionID]
	d.Aliases = append(d.Aliases, "*.example.org")
	for host, known := range map[string]bool{
		"media.example.com": true, "MEDIA.example.com:443": true, "d111111dev.cloudfront.net": true, "a.example.org": true, "a.b.example.org": true,
		"media.example.net": false, "example.org": false, "media.example.com.attacker.example": false, "media.example.com@attacker.example": false,
	} {
		p := run(t, inAccount(t, a), "explain", "--env", "dev", "--project", "media", "https://"+host+"/rt.png")
		said := p.stderr.String()
		if status := p.status(); status != 3 || strings.Contains(said, "is not a name of the distribution "+a.DistributionID) == known || known && said != "" {
			t.Errorf("%s: exit status %d: %s", host, status, said)
		}
	}
}

func TestExplainShowsNoKeyInPlaceOfAHost(t *testing.T) {
	a := statustest.Healthy("shipped")
	key, err := signer.GenerateKey(signer.RSA2048)
	if err != nil {
		t.Fatal(err)
	}
	text, err := key.MarshalPEM()
	if err != nil {
		t.Fatal(err)
	}
	block, _ := pem.Decode(text)
	secret := base64.RawURLEncoding.EncodeToString(block.Bytes)
	for _, host := range []string{secret, secret[400:460], "user:" + secret[400:460] + "@media.example.net", "media.example.net:" + secret[400:460], secret[400:430] + ".example.net"} {
		p := run(t, inAccount(t, a), "explain", "--env", "dev", "--project", "media", "https://"+host+"/rt.png")
		p.status()
		said := strings.ToLower(p.stdout.String() + p.stderr.String())
		if !strings.Contains(said, "is not a name of the distribution") {
			t.Errorf("the host is not noticed: %s", said)
		}
		for i := 400; i+12 <= 460; i++ {
			if strings.Contains(said, strings.ToLower(secret[i:i+12])) {
				t.Fatalf("a key in place of a host is shown: %s", said)
			}
		}
	}
}

func TestExplainGoesByTheDocumentWhereAWSDoesNotAnswerInTime(t *testing.T) {
	a := statustest.Healthy("shipped")
	a.Hang = "cloudformation:"
	started := time.Now()
	p := run(t, inAccount(t, a), "explain", "--env", "dev", "--project", "media", "https://d111111dev.cloudfront.net/rt.png?Expires=2116972800&Signature=AAAA&Key-Pair-Id=KUNKNOWN")
	if p.status() != 3 || !strings.Contains(p.stderr.String(), "took longer than 8s: using the deployment document") {
		t.Errorf("exit status %d after %s:\n%s%s", p.status(), time.Since(started), p.stdout.String(), p.stderr.String())
	}
}
