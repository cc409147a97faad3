package main_test

import (
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/signedfront/signedfront/signer"
)

const (
	keyPairID = "K2JCJMDEHXQW5F"
	site      = "https://d111111abcdef8.cloudfront.net"
)

// keyFolder is a folder with a key pair that keygen made, and the deployment
// document of a stack whose key it is.
func keyFolder(t *testing.T) (dir string, keys map[string]*signer.PublicKey) {
	t.Helper()
	dir = t.TempDir()
	if p := run(t, dir, "keygen"); p.status() != 0 {
		t.Fatalf("keygen: %s", p.stderr.String())
	}
	text, err := os.ReadFile(filepath.Join(dir, "public_key.pem"))
	if err != nil {
		t.Fatal(err)
	}
	public, err := signer.ParsePublicKey(text)
	if err != nil {
		t.Fatal(err)
	}
	d := signer.Deployment{
		Schema: 1, BaseURL: site, KeyPairID: keyPairID, Algorithm: public.Algorithm(), Hash: signer.SHA256,
		PublicKeySHA256: public.Fingerprint(), Key: signer.KeyLocation{File: "private_key.pem"}, MaxURLLifetime: 86400,
	}
	document, err := d.MarshalIndent()
	if err != nil {
		t.Fatal(err)
	}
	writeFile(t, filepath.Join(dir, "deployment.json"), string(document))
	return dir, map[string]*signer.PublicKey{keyPairID: public}
}

// line is the one line that a program wrote.
func line(t *testing.T, p *process) string {
	t.Helper()
	if p.status() != 0 {
		t.Fatalf("exit status %d: %s", p.status(), p.stderr.String())
	}
	text, ok := strings.CutSuffix(p.stdout.String(), "\n")
	if !ok || strings.Contains(text, "\n") {
		t.Fatalf("want one line, got %q", p.stdout.String())
	}
	return text
}

var withFile = []string{"--key-pair-id", keyPairID, "--private-key", "private_key.pem"}

func TestURLPrintsSignedURLsAndNothingElse(t *testing.T) {
	dir, keys := keyFolder(t)
	for name, test := range map[string]struct {
		args []string
		want string // what is signed
	}{
		"with a key file":          {append(withFile, site+"/rt.png"), site + "/rt.png"},
		"until a time":             {append(withFile, "--expires", time.Now().Add(time.Hour).Format(time.RFC3339), site+"/rt.png"), site + "/rt.png"},
		"until a day":              {append(withFile, "--expires", "2037-01-31", site+"/rt.png"), site + "/rt.png?Expires=2116972800&"},
		"until a time of UTC":      {append(withFile, "--expires", "2037-01-31T12:00:00", site+"/rt.png"), site + "/rt.png?Expires=2117016000&"},
		"until a time elsewhere":   {append(withFile, "--expires", "2037-01-31T12:00+02:00", site+"/rt.png"), site + "/rt.png?Expires=2117008800&"},
		"with a key as a file URL": {[]string{"--key-pair-id", keyPairID, "--private-key", "file://private_key.pem", site + "/rt.png"}, site + "/rt.png"},
		"and as one of bytes":      {[]string{"--key-pair-id", keyPairID, "--private-key", "fileb://private_key.pem", site + "/rt.png"}, site + "/rt.png"},
		"for days":                 {append(withFile, "--ttl", "1d12h", site+"/rt.png"), site + "/rt.png"},
		"in seconds since 1970":    {append(withFile, "--expires", "4102444800", site+"/rt.png"), site + "/rt.png"},
		"with SHA-1":               {append(withFile, "--hash", "sha1", site+"/rt.png"), site + "/rt.png"},
		"from a time":              {append(withFile, "--not-before", "2020-01-01T00:00:00Z", site+"/rt.png"), site + "/rt.png"},
		"an object key":            {[]string{"--deployment", "deployment.json", "a b/día+.png"}, site + "/a%20b/d%C3%ADa%2B.png"},
		"an object key with slash": {[]string{"--deployment", "deployment.json", "/rt.png"}, site + "/rt.png"},
		"for a pattern":            {[]string{"--deployment", "deployment.json", "--resource", "a/*", "a/b.png"}, site + "/a/b.png"},
		"for a pattern of keys":    {[]string{"--deployment", "deployment.json", "--resource", "July 2026/día+*.png", "July 2026/día+1.png"}, site + "/July%202026/d%C3%ADa%2B1.png"},
		"an object key with ://":   {[]string{"--deployment", "deployment.json", "a://b.png"}, site + "/a%3A//b.png"},
	} {
		t.Run(name, func(t *testing.T) {
			p := run(t, dir, append([]string{"url"}, test.args...)...)
			signed := line(t, p)
			if want := test.want; !strings.HasPrefix(signed, want) || !strings.Contains(want, "?") && !strings.HasPrefix(signed, want+"?") {
				t.Errorf("got %s, want %s signed", signed, test.want)
			}
			if v := signer.Verify(signer.Request{URL: signed, Time: time.Now()}, keys); !v.Allowed {
				t.Errorf("not allowed: %s", v.Detail)
			}
			if p.stderr.String() != "" {
				t.Errorf("on standard error: %s", p.stderr.String())
			}
		})
	}
	p := run(t, dir, "url", "--deployment", "deployment.json", "--ip", "203.0.113.0/24", "one.png", "two.png")
	if lines := strings.Split(p.stdout.String(), "\n"); len(lines) != 3 || !strings.HasPrefix(lines[1], site+"/two.png?Policy=") {
		t.Errorf("two URLs: got %q", p.stdout.String())
	}
}

func TestMistakesInSigningAreToldAndNothingIsPrinted(t *testing.T) {
	dir, _ := keyFolder(t)
	writeFile(t, filepath.Join(dir, "garbage.pem"), "garbage")
	for name, test := range map[string]struct {
		args   string
		status int
		want   string
	}{
		"no URL":                    {"url --deployment deployment.json", 2, "no URL or object key given"},
		"no key":                    {"url rt.png", 2, "--env NAME, --deployment FILE, or --key-pair-id ID with --private-key FILE"},
		"an id without a key":       {"url --key-pair-id K1 rt.png", 2, "go together"},
		"two keys":                  {"url --key-pair-id K1 --private-key private_key.pem --deployment deployment.json rt.png", 2, "give one"},
		"a project alone":           {"url --project p --deployment deployment.json rt.png", 2, "--project goes with --env"},
		"a hash beside a document":  {"url --hash sha1 --deployment deployment.json rt.png", 2, "--hash goes with --private-key"},
		"an unknown hash":           {"url --hash md5 --key-pair-id K1 --private-key private_key.pem " + site + "/a", 2, "sha256"},
		"two ends":                  {"url --deployment deployment.json --ttl 5m --expires 4102444800 rt.png", 2, "give one"},
		"an end that is no time":    {"url --deployment deployment.json --expires tomorrow rt.png", 2, "2030-01-31T12:00:00Z"},
		"an end that is past":       {"url --deployment deployment.json --expires 2020-01-01T00:00:00Z rt.png", 2, "past"},
		"an end too far away":       {"url --deployment deployment.json --ttl 48h rt.png", 1, "maxUrlLifetime"},
		"IPv6":                      {"url --deployment deployment.json --ip ::1 rt.png", 2, "IPv4 alone"},
		"a pattern beside the URL":  {"url --deployment deployment.json --resource b/* a/rt.png", 2, "does not cover"},
		"an object key, no base":    {"url --key-pair-id K1 --private-key private_key.pem rt.png", 2, "write it whole"},
		"a missing key file":        {"url --key-pair-id K1 --private-key none.pem " + site + "/a", 1, "none.pem"},
		"a key file of garbage":     {"url --key-pair-id K1 --private-key garbage.pem " + site + "/a", 1, "garbage.pem"},
		"a public key":              {"url --key-pair-id K1 --private-key public_key.pem " + site + "/a", 1, "public_key.pem"},
		"a key for its file":        {"url --key-pair-id K1 --private-key -----BEGIN " + site + "/a", 2, "write it into a file"},
		"a folder for a key file":   {"url --key-pair-id K1 --private-key . " + site + "/a", 1, `"." is a folder`},
		"a file URL of none":        {"url --key-pair-id K1 --private-key file://none.pem " + site + "/a", 1, `there is no file "none.pem"`},
		"an environment of a path":  {"url --env a/b rt.png", 2, `--env is "a/b"`},
		"an address with a prefix":  {"url --deployment deployment.json --ip 203.0.113.7/24 rt.png", 2, "write 203.0.113.0/24"},
		"a missing document":        {"url --deployment none.json rt.png", 1, "none.json"},
		"a wrong id":                {"url --key-pair-id K/1 --private-key private_key.pem " + site + "/a", 1, "K2JCJMDEHXQW5F"},
		"one wrong URL of two":      {"url --deployment deployment.json rt.png " + site + "/a|b", 1, "%7C"},
		"a start behind the end":    {"url --deployment deployment.json --not-before 2100-01-01T00:00:00Z rt.png", 2, "not before the end"},
		"a start that is no time":   {"url --deployment deployment.json --not-before soon rt.png", 2, "2030-01-31T12:00:00Z"},
		"an address before the key": {"url --env dev --ip ::1 rt.png", 2, "IPv4 alone"},
		"an end before the key":     {"cookies --env dev --expires 2020-01-01T00:00:00Z a/*", 2, "past"},
		"a word of same-site":       {"cookies --deployment deployment.json --same-site some a/*", 2, "none, lax or strict"},
		"a URL that is signed":      {"url --deployment deployment.json " + site + "/a?Expires=1&Signature=secret", 1, "not signed yet"},
		"a signed URL, a fragment":  {"url --deployment deployment.json " + site + "/a?Expires=1&Signature=secret#x", 1, "fragment"},
		"a signed URL, unescaped":   {"url --deployment deployment.json " + site + "/a|b?Signature=secret", 1, "%7C"},
		"a signed URL, no scheme":   {"url --key-pair-id K1 --private-key private_key.pem d1.cloudfront.net/a?Signature=secret", 2, "write it whole"},
		"explaining one":            {"explain --deployment deployment.json d1.cloudfront.net/a?Signature=secret", 2, "write it whole"},
		"a signed key, dots":        {"url --deployment deployment.json d1.cloudfront.net/../a?Signature=secret", 1, "segment"},
		"a signed pattern":          {"url --deployment deployment.json --resource b?Signature=secret* a", 2, "does not cover"},
		"cookies for a signed URL":  {"cookies --deployment deployment.json " + site + "/a?Expires=1&Signature=secret", 1, "not signed yet"},
		"a signed URL for a verb":   {site + "/a?Signature=secret", 2, "there is no verb"},
		"a signed URL to version":   {"version " + site + "/a?Signature=secret", 2, "no argument is wanted"},
		"a signed URL to keygen":    {"keygen " + site + "/a?Signature=secret", 2, "--out"},
		"a signed URL as a folder":  {"local " + site + "/a?Signature=secret", 1, "there is no folder"},
		"explaining nothing":        {"explain --key-pair-id K1 " + site + "/a", 2, "go together"},
		"cookies without resource":  {"cookies --deployment deployment.json", 2, "no resource given"},
		"a format of cookies":       {"cookies --deployment deployment.json --format xml a/*", 2, "set-cookie, curl or json"},
		"a domain of someone else":  {"cookies --deployment deployment.json --domain example.com a/*", 1, "cloudfront.net"},
		"an algorithm":              {"keygen --algorithm ed25519", 2, "ecdsa-p256"},
		"a key that is there":       {"keygen", 1, "not written over"},
		"an argument of keygen":     {"keygen there", 2, "--out"},
		"explaining without a key":  {"explain " + site + "/a", 2, "--public-key ID=FILE"},
		"explaining a pasted URL":   {"explain --deployment deployment.json <" + site + "/a>", 2, `before the https:// of the URL stands "<"`},
		"explaining a part of one":  {"explain --deployment deployment.json " + site + "/a?Expires=1 Signature=secret Key-Pair-Id=K1", 2, "put single quotes around"},
		"a method in small letters": {"explain --deployment deployment.json --method get " + site + "/a", 2, "GET, HEAD, OPTIONS"},
		"explaining an object key":  {"explain --deployment deployment.json rt.png", 2, "write it whole"},
		"a public key without file": {"explain --public-key K1 " + site + "/a", 2, "K2JCJMDEHXQW5F=public_key.pem"},
		"a private key for public":  {"explain --public-key K1=private_key.pem " + site + "/a", 1, "public half"},
		"an address of explain":     {"explain --deployment deployment.json --ip here " + site + "/a", 2, "203.0.113.7"},
		"a mistyped verb":           {"ulr rt.png", 2, "did you mean `signedfront url`?"},
	} {
		t.Run(name, func(t *testing.T) {
			p := run(t, dir, strings.Fields(test.args)...)
			if p.status() != test.status || !strings.Contains(p.stderr.String(), test.want) {
				t.Errorf("exit status %d, want %d, with %q: %s", p.status(), test.status, test.want, p.stderr.String())
			}
			if p.stdout.String() != "" {
				t.Errorf("on standard output: %s", p.stdout.String())
			}
			if strings.Contains(p.stderr.String(), "secret") || strings.Contains(p.stderr.String(), "garbage\n") {
				t.Errorf("the error shows what it should not: %s", p.stderr.String())
			}
		})
	}
}

func TestCookiesArePrintedInThreeFormats(t *testing.T) {
	dir, keys := keyFolder(t)
	allowed := func(header string) {
		t.Helper()
		if v := signer.Verify(signer.Request{URL: site + "/a/x.png", Cookie: []string{header}, Time: time.Now()}, keys); !v.Allowed {
			t.Errorf("not allowed: %s", v.Detail)
		}
	}
	allowed(line(t, run(t, dir, "cookies", "--deployment", "deployment.json", "--format", "curl", "a/*")))

	var values map[string]string
	if err := json.Unmarshal([]byte(run(t, dir, "cookies", "--deployment", "deployment.json", "--format", "json", "a/*").stdout.String()), &values); err != nil {
		t.Fatal(err)
	}
	var pairs []string
	for name, value := range values {
		pairs = append(pairs, name+"="+value)
	}
	allowed(strings.Join(pairs, "; "))

	p := run(t, dir, append([]string{"cookies", "--domain", "example.com", "--same-site", "none", "--partitioned"}, append(withFile, "https://cdn.example.com/a/*")...)...)
	for _, header := range strings.Split(strings.TrimSpace(p.stdout.String()), "\n") {
		value, ok := strings.CutPrefix(header, "Set-Cookie: ")
		c, err := http.ParseSetCookie(value)
		if !ok || err != nil || c.Domain != "example.com" || c.Path != "/a/" || !c.Secure || !c.HttpOnly || c.SameSite != http.SameSiteNoneMode || !c.Partitioned {
			t.Errorf("%s: %v", header, err)
		}
	}
}

func TestCookiesForAPatternOfObjectKeysOpenTheseObjects(t *testing.T) {
	dir, keys := keyFolder(t)
	for pattern, url := range map[string]string{
		"July 2026/*":               "/July%202026/one.png",
		"/July 2026/*":              "/July%202026/one.png",
		"día/1+2*":                  "/d%C3%ADa/1%2B2.png",
		"*/b c/*.png":               "/a/b%20c/d.png",
		"a://b/*":                   "/a%3A//b/c.png",
		"what?/*":                   "/what%3F/c.png",
		"*":                         "/a/b.png",
		"one file.png":              "/one%20file.png",
		site + "/a%20b/*":           "/a%20b/c.png",
		"http*" + site[5:] + "/a/*": "/a/b.png",
	} {
		header := line(t, run(t, dir, "cookies", "--deployment", "deployment.json", "--format", "curl", pattern))
		if v := signer.Verify(signer.Request{URL: site + url, Cookie: []string{header}, Time: time.Now()}, keys); !v.Allowed {
			t.Errorf("%s does not open %s: %s", pattern, url, v.Detail)
		}
		if v := signer.Verify(signer.Request{URL: "https://other.example/", Cookie: []string{header}, Time: time.Now()}, keys); v.Allowed {
			t.Errorf("%s opens another site", pattern)
		}
	}
}

func TestURLSuggestsAnObjectKeyOnlyWhereThatHelps(t *testing.T) {
	dir, _ := keyFolder(t)
	const suggestion = "give the object key as it is in S3"
	for arg, want := range map[string]bool{
		site + "/a b?Signature=secret": true,
		site + "/día.png":              true,
		site + "/a?b|c":                false, // an object key has no query
		site + "/a/../b":               false, // nor can it hold this
		"a/../b":                       false,
		strings.Repeat("a", 1025):      false,
	} {
		p := run(t, dir, "url", "--deployment", "deployment.json", arg)
		if p.status() != 1 || strings.Contains(p.stderr.String(), suggestion) != want {
			t.Errorf("%.60s: exit status %d, want the suggestion %t: %s", arg, p.status(), want, p.stderr.String())
		}
		if strings.Contains(p.stderr.String(), "secret") {
			t.Errorf("the error shows the signature: %s", p.stderr.String())
		}
	}
}

func TestExplainTellsTheVerdictAndItsReason(t *testing.T) {
	dir, _ := keyFolder(t)
	signed := line(t, run(t, dir, "url", "--deployment", "deployment.json", "--ttl", "1h", "it's.png"))
	forAddress := line(t, run(t, dir, "url", "--deployment", "deployment.json", "--ip", "203.0.113.7", "rt.png"))
	withKey := []string{"explain", "--public-key", keyPairID + "=public_key.pem"}
	for name, test := range map[string]struct {
		args   []string
		status int
		want   string
	}{
		"allowed":           {append(withKey, signed), 0, "verdict     allowed\n"},
		"by its deployment": {[]string{"explain", "--deployment", "deployment.json", signed}, 0, "resource    " + site},
		"expired":           {append(withKey, "--at", "2100-01-01T00:00:00Z", signed), 3, "days before the request"},
		"rewritten":         {append(withKey, strings.Replace(signed, "%27", "'", 1)), 3, "rewritten after it was signed"},
		"unsigned":          {append(withKey, site+"/a"), 3, "denied: 403 MissingKey"},
		"uncertain":         {append(withKey, signed+"&Expires=1"), 3, "not known of CloudFront"},
		"a method":          {append(withKey, "--method", "PUT", signed), 3, "verdict     denied: 403, for its method PUT\nreason      the signature is good, but"},
		"no id of a key":    {[]string{"explain", "--deployment", "deployment.json", strings.Replace(signed, keyPairID, "undefined", 1)}, 3, "verdict     denied: 403 InvalidKey"},
		"a key of no one":   {append(withKey, strings.Replace(signed, keyPairID, "KOLDER", 1)), 3, "verdict     denied: 403 InvalidKey\n"},
		"a method, in JSON": {append(withKey, "--method", "PUT", "--json", signed), 3, `"certain": true,
  "status": 403,
  "reason": "method"`},
		"a good method":       {append(withKey, "--method", "HEAD", signed), 0, "verdict     allowed\n"},
		"no address":          {append(withKey, forAddress), 3, "verdict     denied: 403 AccessDenied (give --ip, the viewer's address)\n"},
		"its address":         {append(withKey, "--ip", "203.0.113.7", forAddress), 0, "verdict     allowed\n"},
		"with its key file":   {append([]string{"explain"}, append(withFile, signed)...), 0, "verdict     allowed\n"},
		"JSON":                {append(withKey, "--json", site+"/a"), 3, `"reason": "unsigned"`},
		"JSON with no escape": {append(withKey, "--json", signed), 0, `"resource": "` + site + `/it`},
	} {
		t.Run(name, func(t *testing.T) {
			p := run(t, dir, test.args...)
			if p.status() != test.status || !strings.Contains(p.stdout.String(), test.want) || p.stderr.String() != "" {
				t.Errorf("exit status %d, want %d, with %q: %s%s", p.status(), test.status, test.want, p.stdout.String(), p.stderr.String())
			}
			if regexp.MustCompile(`Signature=[A-Za-z0-9]`).MatchString(p.stdout.String()) {
				t.Errorf("the signature is printed: %s", p.stdout.String())
			}
		})
	}

	older := strings.Replace(signed, keyPairID, "KOLDER", 1)
	for flags, want := range map[string]string{
		"":       "verdict     not known\nreason      the deployment tells its current key alone",
		"--json": `"allowed": null,`,
	} {
		args := append([]string{"explain", "--deployment", "deployment.json", older}, strings.Fields(flags)...)
		p := run(t, dir, args...)
		if p.status() != 1 || !strings.Contains(p.stdout.String(), want) || strings.Contains(p.stdout.String(), "denied") ||
			!strings.Contains(p.stderr.String(), "hint: add the key that signed it, as with --public-key") {
			t.Errorf("a key that is not the current one: exit status %d, want 1, with %q: %s%s", p.status(), want, &p.stdout, &p.stderr)
		}
	}
}

func TestKeygenWritesAPairOfTheAskedKind(t *testing.T) {
	dir := t.TempDir()
	p := run(t, dir, "keygen", "--algorithm", "rsa-2048", "--out", "keys/media")
	if p.status() != 0 {
		t.Fatal(p.stderr.String())
	}
	private, public := filepath.Join("keys", "media", "private_key.pem"), filepath.Join("keys", "media", "public_key.pem")
	if want := private + "\n" + public + "\n"; p.stdout.String() != want {
		t.Errorf("got %q, want %q", p.stdout.String(), want)
	}
	key, err := signer.LoadPrivateKey(filepath.Join(dir, private))
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(filepath.Join(dir, public))
	if err != nil || string(text) != string(key.PublicKey().PEM()) || key.PublicKey().Algorithm() != signer.RSA2048 {
		t.Errorf("the pair does not fit, or is of another kind: %v", err)
	}
}
