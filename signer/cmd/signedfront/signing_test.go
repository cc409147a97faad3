package main_test

import (
	"encoding/pem"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/signedfront/signedfront/signer"
)

const (
	keyPairID = "K2JCJMDEHXQW5F"
	site      = "https://d111111abcdef8.cloudfront.net"
)

// keyFolder makes a folder with a key pair by keygen and the deployment document of
// a stack with this key.
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
		TrustedKeys: []signer.TrustedKey{{ID: keyPairID, SPKI: public.SPKI()}},
	}
	document, err := d.MarshalIndent()
	if err != nil {
		t.Fatal(err)
	}
	writeFile(t, filepath.Join(dir, "deployment.json"), string(document))
	return dir, map[string]*signer.PublicKey{keyPairID: public}
}

// line returns the only line that a program wrote.
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

func TestMistakesInSigningAreToldAndNothingIsPrinted(t *testing.T) {
	dir, _ := keyFolder(t)
	writeFile(t, filepath.Join(dir, "garbage.pem"), "garbage")
	t.Setenv("KEY_FILE", "private_key.pem")
	for name, test := range map[string]struct {
		args   string
		status int
		want   string
	}{
		"no URL":                    {"url --deployment deployment.json", 2, "no URL or object key given"},
		"an id without a key":       {"url --key-pair-id K1 rt.png", 2, "and a private key needs --key-pair-id"},
		"two keys":                  {"url --key-pair-id K1 --private-key private_key.pem --deployment deployment.json rt.png", 2, "give one"},
		"a project alone":           {"url --project p --deployment deployment.json rt.png", 2, "--project goes with --env"},
		"a hash beside a document":  {"url --hash sha1 --deployment deployment.json rt.png", 2, "--hash goes with --private-key"},
		"an unknown hash":           {"url --hash md5 --key-pair-id K1 --private-key private_key.pem " + site + "/a", 2, "sha256"},
		"two ends":                  {"url --deployment deployment.json --ttl 5m --expires 4102444800 rt.png", 2, "give one"},
		"an end that is no time":    {"url --deployment deployment.json --expires tomorrow rt.png", 2, "2030-01-31T12:00:00Z"},
		"IPv6":                      {"url --deployment deployment.json --ip ::1 rt.png", 2, "CloudFront policies accept only IPv4"},
		"a pattern beside the URL":  {"url --deployment deployment.json --resource b/* a/rt.png", 2, "does not cover"},
		"an object key, no base":    {"url --key-pair-id K1 --private-key private_key.pem rt.png", 2, "write the whole URL"},
		"a key file of garbage":     {"url --key-pair-id K1 --private-key garbage.pem " + site + "/a", 1, "garbage.pem"},
		"a folder for a key file":   {"url --key-pair-id K1 --private-key . " + site + "/a", 1, `"." is a folder`},
		"a file URL of none":        {"url --key-pair-id K1 --private-key file://none.pem " + site + "/a", 1, `there is no file "none.pem"`},
		"an environment of a path":  {"url --env a/b rt.png", 2, `--env is "a/b"`},
		"an address with a prefix":  {"url --deployment deployment.json --ip 203.0.113.7/24 rt.png", 2, "write 203.0.113.0/24"},
		"a missing document":        {"url --deployment none.json rt.png", 1, "none.json"},
		"a wrong id":                {"url --key-pair-id K/1 --private-key private_key.pem " + site + "/a", 1, "K2JCJMDEHXQW5F"},
		"a start behind the end":    {"url --deployment deployment.json --not-before 2100-01-01T00:00:00Z rt.png", 2, "not before the end"},
		"a start that is no time":   {"url --deployment deployment.json --not-before soon rt.png", 2, "2030-01-31T12:00:00Z"},
		"an address before the key": {"url --env dev --ip ::1 rt.png", 2, "CloudFront policies accept only IPv4"},
		"an end before the key":     {"cookies --env dev --expires 2020-01-01T00:00:00Z a/*", 2, "past"},
		"a word of same-site":       {"cookies --deployment deployment.json --same-site some a/*", 2, "none, lax or strict"},
		"a signed URL, a fragment":  {"url --deployment deployment.json " + site + "/a?Expires=1&Signature=secret#x", 1, "fragment"},
		"a signed URL, unescaped":   {"url --deployment deployment.json " + site + "/a|b?Signature=secret", 1, "%7C"},
		"a signed URL, no scheme":   {"url --key-pair-id K1 --private-key private_key.pem d1.cloudfront.net/a?Signature=secret", 2, "write the whole URL"},
		"explaining one":            {"explain --deployment deployment.json d1.cloudfront.net/a?Signature=secret", 2, "write the whole URL"},
		"a signed key, dots":        {"url --deployment deployment.json d1.cloudfront.net/../a?Signature=secret", 1, "segment"},
		"a signed pattern":          {"url --deployment deployment.json --resource b?Signature=secret* a", 2, "with a query"},
		"cookies for a signed URL":  {"cookies --deployment deployment.json " + site + "/a?Expires=1&Signature=secret", 1, "not signed yet"},
		"a signed URL for a verb":   {site + "/a?Signature=secret", 2, "there is no verb"},
		"a signed URL to version":   {"version " + site + "/a?Signature=secret", 2, "want no argument"},
		"a signed URL to keygen":    {"keygen " + site + "/a?Signature=secret", 2, "--out"},
		"a signed URL as a folder":  {"local " + site + "/a?Signature=secret", 1, "there is no folder"},
		"explaining nothing":        {"explain --key-pair-id K1 " + site + "/a", 2, "and a private key needs --key-pair-id"},
		"cookies without resource":  {"cookies --deployment deployment.json", 2, "no resource given"},
		"an argument of keygen":     {"keygen there", 2, "--out"},
		"explaining a pasted URL":   {"explain --deployment deployment.json <" + site + "/a>", 2, `there is text before the https:// of the URL: "<"`},
		"explaining a part of one":  {"explain --deployment deployment.json " + site + "/a?Expires=1 Signature=secret Key-Pair-Id=K1", 2, "put single quotes around"},
		"a method in small letters": {"explain --deployment deployment.json --method get " + site + "/a", 2, "GET, HEAD, OPTIONS"},
		"a public key without file": {"explain --public-key K1 " + site + "/a", 2, "K2JCJMDEHXQW5F=public_key.pem"},
		"a private key for public":  {"explain --public-key K1=private_key.pem " + site + "/a", 1, "public half"},
		"an address of explain":     {"explain --deployment deployment.json --ip here " + site + "/a", 2, "203.0.113.7"},
		"an address of S3":          {"url --deployment deployment.json s3://bucket/rt.png", 2, "give only the key"},
		"an ARN of S3":              {"url --deployment deployment.json arn:aws:s3:::bucket/rt.png", 2, "give only the key"},
		"a key with a query":        {"url --deployment deployment.json rt.png?x=1", 2, "write " + site + "/ before it"},
		"a pattern for a key":       {"url --deployment deployment.json albums/*", 2, "give --resource PATTERN"},
		"one mistake of two keys":   {"url --deployment deployment.json rt.png albums/*", 2, `"albums/*": a *`},
		"a key behind a slash":      {"url --deployment deployment.json /rt.png", 1, "leave it out"},
		"a URL without its scheme":  {"url --deployment deployment.json d111111abcdef8.cloudfront.net/rt.png", 2, "write https:// before it"},
		"a file for a key":          {"url --deployment deployment.json file://rt.png", 2, "the key of the object"},
		"a path of Windows":         {`url --deployment deployment.json albums\rt.png`, 2, "write / between folders"},
		"two private keys":          {"url --key-pair-id K1 --private-key private_key.pem --private-key-env KEY " + site + "/a", 2, "give one"},
		"a variable without an id":  {"url --private-key-env KEY " + site + "/a", 2, "and a private key needs --key-pair-id"},
		"a variable that is unset":  {"url --key-pair-id K1 --private-key-env NO_SUCH_VARIABLE " + site + "/a", 1, `the variable "NO_SUCH_VARIABLE" is not set`},
		"another unset variable":    {"url --key-pair-id K1 --private-key-env no_such_variable " + site + "/a", 1, `the variable "no_such_variable" is not set`},
		"cookies for a list":        {"cookies --deployment deployment.json -", 2, "write its pattern instead of -"},
		"cookies for a path of S3":  {"cookies --deployment deployment.json s3://bucket/albums/*", 2, "give only the key"},
		"cookies without a scheme":  {"cookies --deployment deployment.json d111111abcdef8.cloudfront.net/*", 2, "write https:// before it"},
		"cookies for a query":       {"cookies --deployment deployment.json albums/*?size=l", 2, "write " + site + "/ before it"},
		"a resource of Windows":     {`url --deployment deployment.json --resource albums\* albums/a`, 2, "write / between folders"},
		"a resource in quotes":      {`url --deployment deployment.json --resource "*" a`, 2, "leave them out"},
		"a host for a key":          {"url --deployment deployment.json d111111abcdef8.cloudfront.net", 2, "write https:// before it"},
		"a variable with a file":    {"url --key-pair-id K1 --private-key-env KEY_FILE " + site + "/a", 1, "use --private-key with it"},
		"a variable with its $":     {"url --key-pair-id K1 --private-key-env $KEY " + site + "/a", 2, "without $"},
		"nothing on standard input": {"url --key-pair-id K1 --private-key - " + site + "/a", 1, "standard input: empty"},
		"two of standard input":     {"url --key-pair-id K1 --private-key - -", 2, "--private-key-env"},
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

func TestCookiesForAPatternOfObjectKeysOpenTheseObjects(t *testing.T) {
	dir, keys := keyFolder(t)
	for pattern, url := range map[string]string{
		"July 2026/*":               "/July%202026/one.png",
		"/July 2026/*":              "/July%202026/one.png",
		"día/1+2*":                  "/d%C3%ADa/1%2B2.png",
		"*/b c/*.png":               "/a/b%20c/d.png",
		"a://b/*":                   "/a://b/c.png",
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
	const suggestion = "you can give the unescaped object key of S3"
	for arg, want := range map[string]bool{
		site + "/a b?Signature=secret": true,
		site + "/día.png":              true,
		site + "/a?b|c":                false, // an object key has no query
		site + "/a/../b":               false, // and no dot segments
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

func TestAKeyThatLooksLikeAMistakeAndIsNoneIsSignedAsThatVeryKey(t *testing.T) {
	dir, keys := keyFolder(t)
	for arg, path := range map[string]string{
		"FAQ?.txt":        "/FAQ%3F.txt",
		"what? a=b":       "/what%3F%20a=b",
		"a (1).png":       "/a%20(1).png",
		"v1:2@x,y;z=1&$!": "/v1:2@x,y;z=1&$!",
		`a/b\c`:           "/a/b%5Cc",
		"100%25.png":      "/100%2525.png",
		"folder/":         "/folder/",
		" a ":             "/%20a%20",
		`"a" 'b`:          "/%22a%22%20%27b",
		"v:1/a":           "/v:1/a",
		"2026-11-29 a":    "/2026-11-29%20a",
	} {
		signed := line(t, run(t, dir, "url", "--deployment", "deployment.json", arg))
		if !strings.HasPrefix(signed, site+path+"?Expires=") {
			t.Errorf("%s: got %s, want %s", arg, signed, site+path)
		}
		if v := signer.Verify(signer.Request{URL: signed, Time: time.Now()}, keys); !v.Allowed {
			t.Errorf("%s: %s", arg, v.Detail)
		}
	}
	for _, arg := range []string{site + "/rt.png?x=1", site + "/a%2Ab"} {
		if signed := line(t, run(t, dir, "url", "--deployment", "deployment.json", arg)); !strings.HasPrefix(signed, arg) {
			t.Errorf("%s: got %s", arg, signed)
		}
	}
}

func TestAPrivateKeyComesFromAFileStandardInputOrAVariable(t *testing.T) {
	dir, keys := keyFolder(t)
	text, err := os.ReadFile(filepath.Join(dir, "private_key.pem"))
	if err != nil {
		t.Fatal(err)
	}
	block, _ := pem.Decode(text)
	writeFile(t, filepath.Join(dir, "key.der"), string(block.Bytes))
	writeFile(t, filepath.Join(dir, "windows.pem"), "\ufeff"+strings.ReplaceAll(string(text), "\n", "\r\n"))
	t.Setenv("PRIVATE_KEY", string(text))
	t.Setenv("private_key_in_one_line", strings.ReplaceAll(string(text), "\n", `\n`))
	for _, source := range [][]string{
		{"--private-key", "private_key.pem"},
		{"--private-key", "key.der"},
		{"--private-key", "windows.pem"},
		{"--private-key", "-"},
		{"--private-key-env", "PRIVATE_KEY"},
		{"--private-key-env", "private_key_in_one_line"},
	} {
		for verb, args := range map[string][]string{
			"url":     {site + "/rt.png"},
			"cookies": {"--format", "curl", site + "/*"},
		} {
			p := start(t, dir, slices.Concat([]string{verb, "--key-pair-id", keyPairID}, source, args)...)
			p.stdin.Write(text)
			p.stdin.Close()
			r := signer.Request{URL: line(t, p), Time: time.Now()}
			if verb == "cookies" {
				r.URL, r.Cookie = site+"/rt.png", []string{r.URL}
			}
			if v := signer.Verify(r, keys); !v.Allowed {
				t.Errorf("%s %v: %s", verb, source, v.Detail)
			}
			explain := start(t, dir, slices.Concat([]string{"explain", "--key-pair-id", keyPairID}, source, []string{"--cookie", strings.Join(append(r.Cookie, "a=b"), "; "), r.URL})...)
			explain.stdin.Write(text)
			explain.stdin.Close()
			if explain.status() != 0 {
				t.Errorf("explain %v: %s%s", source, explain.stdout.String(), explain.stderr.String())
			}
		}
	}
}
