package main

import (
	"bytes"
	"context"
	"encoding/json"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/signedfront/signedfront/signer"
	"github.com/signedfront/signedfront/signer/leaktest"
)

// execute runs a command line in this process, with an empty standard input.
func execute(t *testing.T, args []string) (status int, stdout, stderr string) {
	t.Helper()
	in, err := os.Open(os.DevNull)
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	var out, messages bytes.Buffer
	term := newTerminal(args)
	term.in, term.out, term.err, term.inIsTTY, term.outIsTTY, term.errIsTTY = in, &out, &lockedWriter{w: &messages}, false, false, false
	before := os.Stderr // completion changes it
	defer func() { os.Stderr = before }()
	status = term.run(context.Background(), args)
	return status, out.String(), messages.String()
}

// emptyEnvironment leaves only the variables that running a program needs, and
// keeps requests to AWS on this machine.
func emptyEnvironment(t *testing.T) {
	t.Helper()
	before := os.Environ()
	path := os.Getenv("PATH")
	t.Cleanup(func() {
		os.Clearenv()
		for _, variable := range before {
			name, value, _ := strings.Cut(variable, "=")
			os.Setenv(name, value)
		}
	})
	os.Clearenv()
	for name, value := range map[string]string{
		"PATH": path, "HOME": t.TempDir(),
		"AWS_REGION": "eu-west-1", "AWS_ACCESS_KEY_ID": "AKIDEXAMPLE", "AWS_SECRET_ACCESS_KEY": "example",
		"AWS_ENDPOINT_URL": "http://127.0.0.1:1", "AWS_MAX_ATTEMPTS": "1", "AWS_EC2_METADATA_DISABLED": "true",
	} {
		os.Setenv(name, value)
	}
}

// workFolder makes a folder with a key pair, its deployment document, a folder of
// content, and an app that prints its arguments and fails.
func workFolder(t *testing.T) {
	t.Helper()
	t.Chdir(t.TempDir())
	key, err := signer.GenerateKey(signer.ECDSAP256)
	if err != nil {
		t.Fatal(err)
	}
	d := signer.Deployment{
		Schema: 1, BaseURL: "http://127.0.0.1:1", KeyPairID: "K2JCJMDEHXQW5F", Algorithm: signer.ECDSAP256, Hash: signer.SHA256,
		PublicKeySHA256: key.PublicKey().Fingerprint(), Key: signer.KeyLocation{File: "private_key.pem"},
		TrustedKeys: []signer.TrustedKey{{ID: "K2JCJMDEHXQW5F", SPKI: key.PublicKey().SPKI()}},
	}
	document, err := d.MarshalIndent()
	if err != nil {
		t.Fatal(err)
	}
	app, err := json.Marshal(map[string]string{"app": `echo "$CDK_CONTEXT_JSON" >&2; exit 1`})
	if err != nil {
		t.Fatal(err)
	}
	if err := key.WriteFile("private_key.pem"); err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string][]byte{
		"public_key.pem": key.PublicKey().PEM(), "deployment.json": document, "cdk.json": app, "content/a.txt": []byte("a"),
	} {
		if err := os.MkdirAll(filepath.Dir(name), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// fixtures are valid command lines of each verb, without their last argument.
var fixtures = map[string][][]string{
	"local":      {{"--addr", "127.0.0.1:0"}},
	"url":        {{"--deployment", "deployment.json"}, {"--key-pair-id", "K2JCJMDEHXQW5F", "--private-key", "private_key.pem"}, {"--env", "dev"}},
	"cookies":    {{"--deployment", "deployment.json"}, {"--key-pair-id", "K2JCJMDEHXQW5F", "--private-key", "private_key.pem"}, {"--env", "dev"}},
	"explain":    {{"--public-key", "K2JCJMDEHXQW5F=public_key.pem"}, {"--deployment", "deployment.json"}, {"--env", "dev"}},
	"status":     {{"--env", "dev"}},
	"doctor":     {{"--deployment", "deployment.json"}, {"--env", "dev"}},
	"keygen":     {{}},
	"completion": {{}},
	"version":    {{}},
	"help":       {{}},
}

var fixtureArgument = map[string]string{
	"local": "content", "url": "rt.png", "cookies": "albums/*", "doctor": "rt.png", "explain": "http://127.0.0.1:1/rt.png?Expires=1&Signature=a&Key-Pair-Id=K2JCJMDEHXQW5F",
	"completion": "bash", "help": "url",
}

// placesOf returns command lines with a text in each place: for every verb, each of
// its flags and its argument, with every fixture or only the first of each verb.
func placesOf(t *testing.T, text string, every bool) (lines [][]string) {
	t.Helper()
	line := func(words ...any) {
		var all []string
		for _, word := range words {
			switch word := word.(type) {
			case string:
				if word != "" {
					all = append(all, word)
				}
			case []string:
				all = append(all, word...)
			}
		}
		lines = append(lines, all)
	}
	line(text)
	line(text, "--env", "dev")
	line("--" + text)
	line("-" + text)
	line("--help=" + text)
	line("help", text)
	line(cobra.ShellCompRequestCmd, text, "x")
	root := newRoot(newTerminal(nil))
	for _, verb := range root.Commands() {
		name := verb.Name()
		if fixtures[name] == nil {
			t.Fatalf("the verb %s has no fixture", name)
		}
		line(cobra.ShellCompRequestCmd, name, text)
		line(cobra.ShellCompNoDescRequestCmd, name, "--"+text, "x")
		line(name, "--"+text, fixtureArgument[name])
		line(name, "-"+text, fixtureArgument[name])
		line(name, fixtures[name][0], fixtureArgument[name], text)
		for i, fixture := range fixtures[name] {
			if i > 0 && !every {
				break
			}
			line(name, fixture, text)
			verb.Flags().VisitAll(func(f *pflag.Flag) {
				line(name, fixture, "--"+f.Name+"="+text, fixtureArgument[name])
				if f.Value.Type() == "stringArray" {
					line(name, fixture, "--"+f.Name+"=K2JCJMDEHXQW5F="+text, fixtureArgument[name])
				}
			})
		}
		verb.Flags().VisitAll(func(f *pflag.Flag) {
			line(name, "--"+f.Name, text, fixtureArgument[name])
			line(cobra.ShellCompRequestCmd, name, "--"+f.Name+"="+text, "x")
		})
	}
	return lines
}

// spellings returns all spellings of a key's PKCS #8 form on P-256, and for any
// other form the kinds that differ from it.
func spellings(key *leaktest.Key) (chosen []leaktest.Spelling) {
	all := key.Name == "P-256"
	for _, s := range key.Spellings() {
		form, name, _ := strings.Cut(s.Name, ", ")
		if all && form == "PKCS #8" || slices.Contains(common, name) {
			chosen = append(chosen, s)
		}
	}
	return chosen
}

// common are the spellings of a key that run with every fixture.
var common = []string{"as it is", "the bare base64", "the second third", "line 2"}

// wasAsked reports whether the text may be an object, a pattern or a folder that a
// command was correctly given: a whole URL, or text shorter than a line of a key.
// The output then contains it.
func wasAsked(text string, status int) bool {
	return status == 0 && (isURL(text) || len(text) < 40)
}

func TestNoVerbShowsAKeyThatStandsInAnyPlaceOfItsCommandLine(t *testing.T) {
	emptyEnvironment(t)
	workFolder(t)
	runs := 0
	for _, key := range leaktest.Keys() {
		for _, spelling := range spellings(key) {
			_, name, _ := strings.Cut(spelling.Name, ", ")
			for _, args := range placesOf(t, spelling.Text, slices.Contains(common, name)) {
				if strings.Contains(strings.Join(args, ""), "\x00") {
					continue // no system passes such an argument
				}
				status, stdout, stderr := execute(t, args)
				runs++
				place := strings.ReplaceAll(strings.Join(args, " "), spelling.Text, "KEY")
				if found := key.Find(stderr); found != "" {
					t.Errorf("signedfront %s, where KEY is %s, %s: standard error shows %s", place, key.Name, spelling.Name, found)
				}
				if found := key.Find(stdout); found != "" && !wasAsked(spelling.Text, status) {
					t.Errorf("signedfront %s, where KEY is %s, %s: standard output shows %s", place, key.Name, spelling.Name, found)
				}
			}
		}
	}
	t.Logf("%d command lines", runs)
}

func TestNoMessageShowsAKeyOfTheEnvironment(t *testing.T) {
	emptyEnvironment(t)
	workFolder(t)
	for _, key := range leaktest.Keys() {
		for _, spelling := range spellings(key) {
			if strings.Contains(spelling.Text, "\x00") {
				continue
			}
			for _, variable := range []string{"AWS_REGION", "AWS_PROFILE", "AWS_CONFIG_FILE", "AWS_ENDPOINT_URL", "AWS_CA_BUNDLE", "AWS_MAX_ATTEMPTS", "AWS_ACCESS_KEY_ID", "HTTPS_PROXY", "HOME"} {
				before := os.Getenv(variable)
				os.Setenv(variable, spelling.Text)
				_, stdout, stderr := execute(t, []string{"url", "--env", "dev", "rt.png"})
				os.Setenv(variable, before)
				if found := key.Find(stdout + stderr); found != "" {
					t.Errorf("%s is %s, %s: the messages show %s", variable, key.Name, spelling.Name, found)
				}
			}
			t.Setenv("PRIVATE_KEY", spelling.Text)
			_, stdout, stderr := execute(t, []string{"url", "--key-pair-id", "K2JCJMDEHXQW5F", "--private-key-env", "PRIVATE_KEY", "https://d111111abcdef8.cloudfront.net/rt.png"})
			if found := key.Find(stderr); found != "" || strings.Contains(stdout, "PRIVATE") {
				t.Errorf("the private key of a variable, %s, %s: the messages show %s", key.Name, spelling.Name, found)
			}
		}
	}
}

// No message of a library shows a value, whole, in part or quoted.
func TestMessagesOfLibrariesAreCleanedOfValuesThatMayNotBeQuoted(t *testing.T) {
	key := leaktest.Keys()[0]
	pem := string(key.PEM())
	lines := strings.Split(strings.TrimSpace(pem), "\n")
	var out bytes.Buffer
	term := &terminal{err: &out, withheld: sync.OnceValue(func() withheld {
		return withhold([]string{"--env=" + pem, "K2JCJMDEHXQW5F=" + lines[2], "https://d111111abcdef8.cloudfront.net/a?token=" + lines[3]}, nil)
	})}
	for _, message := range []string{
		pem, url.PathEscape(lines[1]), url.QueryEscape(lines[2] + "\n" + lines[3]), lines[1], lines[2][10:40], `"` + lines[1][:20] + `\n"`, "x" + lines[2] + lines[3] + "x", lines[1][:13] + " and " + lines[1][20:33],
	} {
		out.Reset()
		term.notef("error: %s", "it is "+message+", so it is")
		if found := key.Find(out.String()); found != "" {
			t.Errorf("a message shows %s: %d bytes", found, out.Len())
		}
		if !strings.HasPrefix(out.String(), "signedfront: error: it is ") || !strings.HasSuffix(out.String(), ", so it is\n") {
			t.Errorf("a message lost what may be shown: %q", out.String())
		}
	}
	const plain = "parameter /signedfront/signedfront/dev of K2JCJMDEHXQW5F for https://d111111abcdef8.cloudfront.net/a"
	out.Reset()
	term.notef("%s", plain)
	if out.String() != "signedfront: "+plain+"\n" {
		t.Errorf("a message without a key is changed: %s", out.String())
	}
}

// Other values of a command line and an environment are shown.
func TestMessagesKeepTheNamesThatACommandLineHoldsBesidesOtherValues(t *testing.T) {
	home := filepath.Join(t.TempDir(), "Users", "JaneDoe2")
	if err := os.MkdirAll(home, 0o700); err != nil {
		t.Fatal(err)
	}
	list := strings.Join([]string{"/usr/bin", filepath.Join(home, "go"), filepath.Join(home, ".cargo", "bin")}, string(filepath.ListSeparator))
	const signed = "d111111abcdef8.cloudfront.net/rt.png?Expires=1893456000&Signature=aB3dE5gH1jK2mN4pQ6rS8tU0vW1xY2zA3bC4dE5fG6~&Key-Pair-Id=K2JCJMDEHXQW5F"
	w := withhold([]string{"https://" + signed, signed}, []string{"PATH=" + list})
	for _, message := range []string{
		"there is no file " + filepath.Join(home, "private_key.pem"),
		"write both, as in K2JCJMDEHXQW5F=public_key.pem",
		"d111111abcdef8.cloudfront.net/rt.png is not a URL",
		"Key-Pair-Id=K2JCJMDEHXQW5F",
	} {
		if got := w.clean(message); got != message {
			t.Errorf("%q is written as %q", message, got)
		}
	}
	if got := w.clean("it is aB3dE5gH1jK2mN4pQ6rS8tU0vW1xY2zA3bC4dE5fG6~"); got != "it is [not shown]~" {
		t.Errorf("a signature is written as %q", got)
	}
}
