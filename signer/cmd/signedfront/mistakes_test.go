package main

import (
	"os"
	"slices"
	"strings"
	"testing"
)

// The signer's own hints name its Go functions.
func TestMistakesInWhatIsSignedAreToldInTheWordsOfTheCommandLine(t *testing.T) {
	emptyEnvironment(t)
	workFolder(t)
	const site = "https://d111111abcdef8.cloudfront.net/"
	key := []string{"--key-pair-id", "K2JCJMDEHXQW5F", "--private-key", "private_key.pem"}
	for name, test := range map[string]struct {
		args []string
		want string
	}{
		"a star in a URL":           {[]string{"url", site + "a/*"}, "hint: --resource takes a pattern"},
		"a backslash in a resource": {[]string{"url", "--resource", site + `a\*`, site + "a"}, "error: --resource a value of 41 bytes"},
		"quotes around a URL":       {[]string{"url", "'" + site + "a'"}, "there is text before the https:// of the URL: \"'\""},
		"capitals in a resource":    {[]string{"cookies", strings.ToUpper(site) + "*"}, "hint: write https://"},
		"SameSite without TLS":      {[]string{"cookies", "--same-site", "none", "http://127.0.0.1:8080/*"}, "error: --same-site none with an http:// URL"},
	} {
		status, stdout, stderr := execute(t, slices.Concat(test.args[:1], key, test.args[1:]))
		if status == 0 || stdout != "" || !strings.Contains(stderr, test.want) {
			t.Errorf("%s: exit status %d, %q\n got %s\nwant %s", name, status, stdout, stderr, test.want)
		}
	}
}

func TestKeygenMakesNoFolderWhoseNameMayBeAPieceOfAKey(t *testing.T) {
	emptyEnvironment(t)
	workFolder(t)
	for _, dir := range []string{"aB3dE5gH1jK2mN4pQ6rS8tU0vW1xY/x", "keys/aB3dE5gH1jK2mN4pQ6rS8tU0vW1xY", "x/y/aB3dE5gH1jK2mN4pQ6rS8tU0vW1xY/z/0"} {
		status, _, stderr := execute(t, []string{"keygen", "--out", dir})
		first, _, _ := strings.Cut(dir, "/")
		if _, err := os.Stat(first); status != 2 || err == nil || strings.Contains(stderr, "aB3dE5gH1jK2") {
			t.Errorf("%s: exit status %d, %s is made: %t: %s", dir, status, first, err == nil, stderr)
		}
	}
	for _, dir := range []string{"keys", "keys/media", "my-project-production-eu-west-1-content-delivery/keys-of-2026", "Keys/Media (new)"} {
		if status, _, stderr := execute(t, []string{"keygen", "--out", dir}); status != 0 {
			t.Errorf("%s: exit status %d: %s", dir, status, stderr)
		}
	}
}

func TestEachVerbAnswersWhatItIsAskedFor(t *testing.T) {
	emptyEnvironment(t)
	workFolder(t)
	for line, want := range map[string]string{
		"url --deployment deployment.json rt.png":  "http://127.0.0.1:1/rt.png?Expires=",
		"cookies --deployment deployment.json a/*": "Set-Cookie: CloudFront-Policy=",
		"keygen --out keys":                        "keys/private_key.pem\n",
		"completion bash":                          "# bash completion",
		"version":                                  "signedfront ",
		"--version":                                "signedfront ",
		"help local":                               "Run the stack of a CDK app ",
		"__complete lo":                            "local\t",
	} {
		status, stdout, stderr := execute(t, strings.Fields(line))
		if status != 0 || !strings.HasPrefix(stdout, want) {
			t.Errorf("%s: exit status %d, want %q: %s%s", line, status, want, stdout, stderr)
		}
	}
}
