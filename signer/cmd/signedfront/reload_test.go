package main_test

import (
	"bytes"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/signedfront/signedfront/signer/edge/recorded"
)

// withCommand puts a program first on the PATH.
func withCommand(t *testing.T, name, script string) {
	t.Helper()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, name), []byte("#!/bin/sh\n"+script), 0o700); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", dir+string(filepath.ListSeparator)+os.Getenv("PATH"))
}

// recordedApp returns a folder with the sources of the recorded app and an
// assembly. Its go command copies the assembly instead of running the app.
func recordedApp(t *testing.T, template []byte) string {
	t.Helper()
	sums, err := os.ReadFile(filepath.Join(repository, "signer/edge/recorded/sources.sum"))
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	for line := range strings.Lines(string(sums)) {
		_, name, _ := strings.Cut(strings.TrimSpace(line), "  ")
		text, err := os.ReadFile(filepath.Join(repository, name))
		if err != nil {
			t.Fatal(err)
		}
		writeFile(t, filepath.Join(dir, name), string(text))
	}
	if !recorded.IsOf(os.DirFS(dir)) {
		t.Fatal("the sources of the repository are not those recorded: go test ./constructs -run Recorded -update")
	}
	writeAssembly(t, filepath.Join(dir, ".assembly"), map[string]string{"signedfront-dev": string(template)})
	withCommand(t, "go", `test "$*" = "run cdk.go" && cp -R .assembly "$CDK_OUTDIR"`)
	return dir
}

// statusOf requests a URL and returns the status.
func statusOf(t *testing.T, url string) int {
	t.Helper()
	status, _, _ := get(t, url)
	return status
}

// public returns the recorded template with one more behavior, which is public.
func public(t *testing.T, pattern string) []byte {
	t.Helper()
	const first = `"DefaultCacheBehavior": {`
	text := string(recorded.Template())
	at := strings.Index(text, first)
	id := text[at+strings.Index(text[at:], `"TargetOriginId"`):]
	id = id[:strings.Index(id, "\n")]
	changed := strings.Replace(text, first, `"CacheBehaviors": [{"PathPattern": "`+pattern+`", "ViewerProtocolPolicy": "https-only", `+strings.TrimRight(strings.TrimSuffix(strings.TrimSpace(id), ","), ",")+`}], `+first, 1)
	return []byte(changed)
}

func TestTheShippedAppRunsAtOnceAndIsCompared(t *testing.T) {
	app := recordedApp(t, bytes.ReplaceAll(recorded.Template(), []byte(strings.Repeat("0", 64)), []byte(strings.Repeat("5e", 32))))
	p, printed := serve(t, app)
	if status := statusOf(t, printed["rt.png"].signedURL); status != 200 {
		t.Errorf("signed: %d", status)
	}
	said := p.stderr.await(t, has("the app's template equals the recorded one", 1))
	if !strings.Contains(said, "signedfront: serving the recorded template of this app; synthesizing the app to compare it ...\n") {
		t.Errorf("it says:\n%s", said)
	}
	interrupt(t, p)
}

func TestWhatTheAppSynthesizesTakesTheRecordedTemplatesPlace(t *testing.T) {
	app := recordedApp(t, public(t, "/texts/*"))
	p, printed := serve(t, app)
	before, _ := deployment(t, app, "signedfront-dev")
	p.stderr.await(t, has("the app's template differs from the recorded one: serving the app's template now", 1))
	if status := statusOf(t, printed["texts/hello.txt"].unsignedURL); status != 200 {
		t.Errorf("what is public now: %d", status)
	}
	if status := statusOf(t, printed["rt.png"].unsignedURL); status != 403 {
		t.Errorf("what is signed still, unsigned: %d", status)
	}
	if status := statusOf(t, printed["rt.png"].signedURL); status != 200 {
		t.Errorf("a URL that was printed before: %d", status)
	}
	after, _ := deployment(t, app, "signedfront-dev")
	if before.KeyPairID != after.KeyPairID || before.BaseURL != after.BaseURL {
		t.Errorf("the document was of %s at %s, and is of %s at %s", before.KeyPairID, before.BaseURL, after.KeyPairID, after.BaseURL)
	}
}

func TestTheRecordedTemplateIsServedOnWhereTheAppCannotBeSynthesized(t *testing.T) {
	app := recordedApp(t, recorded.Template())
	withCommand(t, "node", "exit 1")
	p, printed := serve(t, app)
	said := p.stderr.await(t, has("still serving the previous stack", 1))
	if !strings.Contains(said, "signedfront: comparing with the app's template failed: Node.js does not run") || !strings.Contains(said, "signedfront: hint: install Node.js") {
		t.Errorf("it says:\n%s", said)
	}
	if status := statusOf(t, printed["rt.png"].signedURL); status != 200 {
		t.Errorf("signed: %d", status)
	}
}

// The recorded template is not served for an app that differs in one letter.
func TestAnAppThatIsNotTheRecordedOneIsBuiltFirst(t *testing.T) {
	app := recordedApp(t, public(t, "/texts/*"))
	writeFile(t, filepath.Join(app, "cdk.go"), "package main\n")
	withCommand(t, "go", `case "$1" in list) ;; *) cp -R .assembly "$CDK_OUTDIR";; esac`)
	p, printed := serve(t, app)
	if status := statusOf(t, printed["texts/hello.txt"].unsignedURL); status != 200 {
		t.Errorf("what its own template makes public: %d", status)
	}
	if said := p.stderr.String(); strings.Contains(said, "recorded") || !strings.Contains(said, "built the CDK app in") {
		t.Errorf("it says:\n%s", said)
	}
}

func TestAChangeOfTheAppIsServedAndNoRequestIsDropped(t *testing.T) {
	app := copiedApp(t, "shop-dev")
	p, printed := serve(t, app)
	signed := printed["rt.png"].signedURL

	stop, failed := make(chan struct{}), make(chan string, 8)
	for range cap(failed) {
		go func() {
			for {
				select {
				case <-stop:
					failed <- ""
					return
				case <-time.After(5 * time.Millisecond):
				}
				answer, err := http.Get(signed)
				if err != nil {
					failed <- err.Error()
					return
				}
				answer.Body.Close()
				if answer.StatusCode != 200 {
					failed <- answer.Status
					return
				}
			}
		}()
	}
	for i := range 5 {
		writeFile(t, filepath.Join(app, "assembly", "shop-dev.template.json"), string(public(t, fmt.Sprintf("/texts/%d*", i))))
		p.stderr.await(t, has("serving the new template now", i+1))
	}
	writeFile(t, filepath.Join(app, "assembly", "shop-dev.template.json"), string(public(t, "/texts/*")))
	said := p.stderr.await(t, has("serving the new template now", 6))
	if !strings.Contains(said, "signedfront: assembly/shop-dev.template.json changed ...\n") {
		t.Errorf("it does not say what changed:\n%s", said)
	}
	close(stop)
	for range cap(failed) {
		if what := <-failed; what != "" {
			t.Error(what)
		}
	}
	if status := statusOf(t, printed["texts/hello.txt"].unsignedURL); status != 200 {
		t.Errorf("what is public now: %d", status)
	}
	if d, _ := deployment(t, app, "shop-dev"); !strings.HasPrefix(signed, d.BaseURL+"/") || !strings.Contains(signed, "Key-Pair-Id="+d.KeyPairID) {
		t.Errorf("the document is of %s at %s, and %s was printed", d.KeyPairID, d.BaseURL, signed)
	}
}

func TestABrokenChangeIsToldAndTheOldStackServedOn(t *testing.T) {
	app := copiedApp(t, "shop-dev")
	p, printed := serve(t, app)
	config, err := os.ReadFile(filepath.Join(app, "cdk.json"))
	if err != nil {
		t.Fatal(err)
	}
	template := filepath.Join(app, "assembly", "shop-dev.template.json")
	for i, broken := range []struct{ file, text, told string }{
		{filepath.Join(app, "cdk.json"), "{", "cdk.json:1:1: unexpected end of JSON input"},
		{filepath.Join(app, "cdk.json"), `{"app": "echo environments.dev.ephemral: unknown setting >&2; exit 1"}`, "environments.dev.ephemral: unknown setting"},
		{template, strings.Replace(string(public(t, "/x*")), "CloudFrontOriginAccessIdentity", "Unknown", 1), "the local edge does not know"},
		{template, `{"Resources": {}}`, "the app has no stack with a CloudFront distribution"},
	} {
		if broken.file == template {
			writeFile(t, filepath.Join(app, "cdk.json"), string(config))
		}
		writeFile(t, broken.file, broken.text)
		said := p.stderr.await(t, has("still serving the previous stack", i+1))
		if !strings.Contains(said, "signedfront: cannot serve the change: ") || !strings.Contains(said, broken.told) {
			t.Errorf("it does not say %q:\n%s", broken.told, said)
		}
		if status := statusOf(t, printed["rt.png"].signedURL); status != 200 {
			t.Errorf("%s: signed: %d", broken.told, status)
		}
	}
	writeFile(t, template, string(public(t, "/texts/*")))
	p.stderr.await(t, has("serving the new template now", 1))
}

// The first run of an app may take minutes.
func TestAChangeWhileTheAppIsBuiltAtFirstIsServed(t *testing.T) {
	app := copiedApp(t, "shop-dev")
	writeFile(t, filepath.Join(app, "cdk.json"), `{"app": "cp -R assembly \"$CDK_OUTDIR\" && touch .read && while ! test -e .go; do sleep 0.01; done"}`)
	p := start(t, app, "local", "--addr", "127.0.0.1:0")
	for {
		if _, err := os.Stat(filepath.Join(app, ".read")); err == nil {
			break
		}
		select {
		case <-p.ended:
			t.Fatal(p.stderr.String())
		case <-time.After(10 * time.Millisecond):
		}
	}
	writeFile(t, filepath.Join(app, "assembly", "shop-dev.template.json"), string(public(t, "/texts/*")))
	writeFile(t, filepath.Join(app, ".go"), "")
	p.stderr.await(t, has("serving the new template now", 1))
	if status := statusOf(t, p.entries(t)["texts/hello.txt"].unsignedURL); status != 200 {
		t.Errorf("what is public now: %d", status)
	}
}

// Output and log are no change, wherever they are written.
func TestWhatItWritesIntoTheFolderOfTheAppIsNoChangeOfIt(t *testing.T) {
	app := copiedApp(t, "shop-dev")
	log := filepath.Join(app, "local.log")
	file, err := os.Create(log)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	p := exec.Command(signedfront, "local", "--addr", "127.0.0.1:0", "--no-page")
	p.Dir, p.Stdout, p.Stderr = app, file, file
	if err := p.Start(); err != nil {
		t.Fatal(err)
	}
	defer p.Wait()
	defer p.Process.Kill()
	said := func(text string) string {
		for {
			all, err := os.ReadFile(log)
			if err != nil {
				t.Fatal(err)
			}
			if strings.Contains(string(all), text) {
				return string(all)
			}
			time.Sleep(10 * time.Millisecond)
		}
	}
	url := regexp.MustCompile(`http://\S+/rt\.png\n`).FindString(said("stop with Ctrl-C"))
	statusOf(t, strings.TrimSpace(url))
	writeFile(t, filepath.Join(app, "assembly", "shop-dev.template.json"), string(public(t, "/texts/*")))
	if all := said("serving the new template now"); strings.Count(all, " changed ...") != 1 || !strings.Contains(all, "signedfront: assembly/shop-dev.template.json changed ...\n") {
		t.Errorf("it says:\n%s", all)
	}
}

func TestWhileAChangeIsBuiltItIsToldHowLongItTakes(t *testing.T) {
	app := copiedApp(t, "shop-dev")
	writeFile(t, filepath.Join(app, "cdk.json"), `{"app": "cp -R assembly \"$CDK_OUTDIR\" && if test -e .slow; then sleep 4; fi"}`)
	p, _ := serve(t, app)
	writeFile(t, filepath.Join(app, ".slow"), "")
	writeFile(t, filepath.Join(app, "assembly", "shop-dev.template.json"), string(public(t, "/texts/*")))
	said := p.stderr.await(t, has("serving the new template now", 1))
	_, said, _ = strings.Cut(said, " changed ...\n")
	if !regexp.MustCompile(`^signedfront: building the CDK app \.\.\. [1-4]s\n`).MatchString(said) || strings.Contains(said, "built the CDK app") {
		t.Errorf("after the change it says:\n%s", said)
	}
}
