package cdkapp_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"
	"testing"

	"github.com/signedfront/signedfront/signer/edge/cdkapp"
)

// The test program is also the CDK app of these tests: if this variable is set, it
// does what the variable says.
const fakeApp = "SIGNEDFRONT_FAKE_APP"

func TestMain(m *testing.M) {
	if do := os.Getenv(fakeApp); do != "" {
		if err := beApp(do); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// beApp writes its environment and an assembly into the current folder. do holds
// the contents of the assembly's files by name.
func beApp(do string) error {
	var files map[string]string
	if err := json.Unmarshal([]byte(do), &files); err != nil {
		return err
	}
	environ, err := json.Marshal(os.Environ())
	if err != nil {
		return err
	}
	if err := os.WriteFile(seenFile, environ, 0o600); err != nil {
		return err
	}
	for name, text := range files {
		file := filepath.Join(os.Getenv("CDK_OUTDIR"), name)
		if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
			return err
		}
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			return err
		}
	}
	return nil
}

const seenFile = "seen.json"

// oneStack is an assembly of one stack.
var oneStack = map[string]string{
	"manifest.json": `{"version": "50.0.0", "artifacts": {"only": {
		"type": "aws:cloudformation:stack", "environment": "aws://unknown-account/unknown-region",
		"properties": {"templateFile": "only.template.json"}}}}`,
	"only.template.json": `{"Resources": {}}`,
}

// newApp makes a folder of files and returns it. @APP@ in a file becomes the
// command of the fake app. The home folder is empty.
func newApp(t *testing.T, assembly, files map[string]string) string {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	do, err := json.Marshal(assembly)
	if err != nil {
		t.Fatal(err)
	}
	t.Setenv(fakeApp, string(do))
	t.Setenv("HOME", t.TempDir())
	return writeFiles(t, t.TempDir(), map[string]string{"@APP@": self}, files)
}

func writeFiles(t *testing.T, dir string, replace, files map[string]string) string {
	t.Helper()
	for name, text := range files {
		for from, to := range replace {
			quoted, err := json.Marshal(to)
			if err != nil {
				t.Fatal(err)
			}
			text = strings.ReplaceAll(text, from, strings.Trim(string(quoted), `"`))
		}
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// seen returns the environment of the fake app of a folder.
func seen(t *testing.T, dir string) map[string]string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(dir, seenFile))
	if err != nil {
		t.Fatal(err)
	}
	var environ []string
	if err := json.Unmarshal(text, &environ); err != nil {
		t.Fatal(err)
	}
	variables := map[string]string{}
	for _, variable := range environ {
		name, value, _ := strings.Cut(variable, "=")
		variables[name] = value
	}
	return variables
}

// seenContext returns the context of the fake app of a folder.
func seenContext(t *testing.T, dir string) map[string]any {
	t.Helper()
	var context map[string]any
	if err := json.Unmarshal([]byte(seen(t, dir)["CDK_CONTEXT_JSON"]), &context); err != nil {
		t.Fatal(err)
	}
	return context
}

func TestTheTemplatesOfAllStacksAreRead(t *testing.T) {
	dir := newApp(t, map[string]string{
		"manifest.json": `{"artifacts": {
			"Tree": {"type": "cdk:tree", "properties": {"file": "tree.json"}},
			"Second": {"type": "aws:cloudformation:stack", "environment": "aws://123456789012/eu-west-1",
				"properties": {"templateFile": "Second.template.json", "stackName": "app-second"}},
			"first": {"type": "aws:cloudformation:stack", "environment": "aws://unknown-account/unknown-region",
				"properties": {"templateFile": "first.template.json"}},
			"assembly-Stage": {"type": "cdk:cloud-assembly", "properties": {"directoryName": "assembly-Stage"}}}}`,
		"Second.template.json":         "second",
		"first.template.json":          "first",
		"assembly-Stage/manifest.json": `{"artifacts": {"In": {"type": "aws:cloudformation:stack", "environment": "aws://unknown-account/us-east-1", "properties": {"templateFile": "In.json", "stackName": "stage-in"}}}}`,
		"assembly-Stage/In.json":       "in",
	}, map[string]string{"cdk.json": `{"app": "@APP@"}`})
	assembly, err := cdkapp.Synthesize(t.Context(), dir, nil)
	if err != nil {
		t.Fatal(err)
	}
	want := []cdkapp.Stack{
		{Name: "app-second", Account: "123456789012", Region: "eu-west-1", Template: []byte("second"), File: filepath.FromSlash("Second.template.json")},
		{Name: "first", Template: []byte("first"), File: filepath.FromSlash("first.template.json")},
		{Name: "stage-in", Region: "us-east-1", Template: []byte("in"), File: filepath.FromSlash("assembly-Stage/In.json")},
	}
	if !reflect.DeepEqual(assembly.Stacks, want) {
		t.Errorf("got %q\nwant %q", assembly.Stacks, want)
	}
}

func TestTheOutputOfTheAppIsNotLeftBehind(t *testing.T) {
	dir := newApp(t, oneStack, map[string]string{"cdk.json": `{"app": "@APP@"}`})
	if _, err := cdkapp.Synthesize(t.Context(), dir, nil); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"CDK_OUTDIR", "TMPDIR"} {
		folder := seen(t, dir)[name]
		if _, err := os.Stat(folder); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("%s is still there: %v", folder, err)
		}
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	if len(entries) != 2 { // cdk.json and the file of the fake app
		t.Errorf("the app's folder has %d entries, want 2", len(entries))
	}
}

func TestContextOfTheCallerGoesBeforeThatOfTheFiles(t *testing.T) {
	dir := newApp(t, oneStack, map[string]string{
		"cdk.json":         `{"app": "@APP@", "context": {"env": "dev", "whole": {"x": 1}, "kept": "project"}}`,
		"cdk.context.json": `{"looked": "up"}`,
	})
	writeFiles(t, os.Getenv("HOME"), nil, map[string]string{".cdk.json": `{"context": {"mine": "user"}}`})
	told := map[string]string{"env": "pr-42", "whole": "flat", "looked": "told", "mine": "told", "new": "told"}
	assembly, err := cdkapp.Synthesize(t.Context(), dir, &cdkapp.Options{Context: told})
	if err != nil {
		t.Fatal(err)
	}
	context := seenContext(t, dir)
	for name, want := range told {
		if context[name] != want || assembly.Context[name] != want {
			t.Errorf("%s: the app has %v, the assembly has %v, want %s", name, context[name], assembly.Context[name], want)
		}
	}
	if context["kept"] != "project" {
		t.Errorf("kept is %v", context["kept"])
	}
}

func TestTheBuildCommandRunsBeforeTheApp(t *testing.T) {
	dir := newApp(t, oneStack, map[string]string{"cdk.json": `{"build": "echo built > built.txt", "app": "@APP@"}`})
	if _, err := cdkapp.Synthesize(t.Context(), dir, nil); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(dir, "built.txt")); err != nil {
		t.Error(err)
	}
}

func TestTheAppIsToldNotToBuildAssetsNorToValidate(t *testing.T) {
	dir := newApp(t, oneStack, map[string]string{"cdk.json": `{"app": "@APP@", "context": {"aws:cdk:bundling-stacks": ["**"]}}`})
	if _, err := cdkapp.Synthesize(t.Context(), dir, nil); err != nil {
		t.Fatal(err)
	}
	if stacks := seenContext(t, dir)["aws:cdk:bundling-stacks"]; !reflect.DeepEqual(stacks, []any{}) {
		t.Errorf("aws:cdk:bundling-stacks is %v, want an empty list", stacks)
	}
	if validation := seen(t, dir)["CDK_VALIDATION"]; validation != "false" {
		t.Errorf("CDK_VALIDATION is %q, want false", validation)
	}
}

func TestCredentialsOfNobodyAreUsed(t *testing.T) {
	t.Setenv("AWS_REGION", "eu-west-3")
	dir := newApp(t, oneStack, map[string]string{"cdk.json": `{"app": "@APP@"}`})
	if _, err := cdkapp.Synthesize(t.Context(), dir, nil); err != nil {
		t.Fatal(err)
	}
	if region := seen(t, dir)["CDK_DEFAULT_REGION"]; region != "eu-west-3" {
		t.Errorf("the default Region is %q", region)
	}
	if account, given := seen(t, dir)["CDK_DEFAULT_ACCOUNT"]; given {
		t.Errorf("the default account is %q, want none", account)
	}
}

func TestContextThatNoVariableHoldsReachesTheApp(t *testing.T) {
	long := strings.Repeat("x", 200_000)
	dir := newApp(t, oneStack, map[string]string{
		// The file is removed when the app ends, so the app copies it.
		"cdk.json":         `{"app": "cp \"$CONTEXT_OVERFLOW_LOCATION_ENV\" overflow.json && @APP@", "context": {"short": 1}}`,
		"cdk.context.json": `{"long": "` + long + `"}`,
	})
	if _, err := cdkapp.Synthesize(t.Context(), dir, nil); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(filepath.Join(dir, "overflow.json"))
	if err != nil {
		t.Fatal(err)
	}
	var context map[string]any
	if err := json.Unmarshal(text, &context); err != nil {
		t.Fatal(err)
	}
	if context["long"] != long || context["short"] != 1.0 {
		t.Error("the context is not whole")
	}
}

func TestWhatStandsInTheWayIsSaidWithWhatToDo(t *testing.T) {
	nothing := t.TempDir()
	for name, test := range map[string]struct {
		assembly, files map[string]string
		path            string // the PATH, if not the caller's
		problem, hint   string // each somewhere in it
	}{
		"no cdk.json": {
			problem: ": there is no cdk.json",
		},
		"a cdk.json that is not JSON": {
			files:   map[string]string{"cdk.json": "{\n  \"app\": \"x\",\n}"},
			problem: "cdk.json:3:1: invalid character",
		},
		"a cdk.json without an app": {
			files:   map[string]string{"cdk.json": `{"context": {}}`},
			problem: "app: want the command",
		},
		"context that is no object": {
			files:   map[string]string{"cdk.json": `{"app": "x", "context": []}`},
			problem: "context: want an object",
		},
		"a setting that is no truth value": {
			files:   map[string]string{"cdk.json": `{"app": "x", "versionReporting": "no"}`},
			problem: "versionReporting: want true or false",
		},
		"no Node.js": {
			files: map[string]string{"cdk.json": `{"app": "@APP@"}`}, path: nothing,
			problem: "Node.js is missing", hint: "https://nodejs.org",
		},
		"an old Node.js": {
			files: map[string]string{"cdk.json": `{"app": "@APP@"}`}, path: program(t, "node", "echo v18.20.4"),
			problem: "Node.js v18.20.4 is too old", hint: "install Node.js 22 or newer",
		},
		"a Node.js that does not run": {
			files: map[string]string{"cdk.json": `{"app": "@APP@"}`}, path: program(t, "node", "exit 126"),
			problem: "Node.js does not run", hint: "https://nodejs.org",
		},
		"no Go": {
			files: map[string]string{"cdk.json": `{"app": "go run cdk.go"}`}, path: program(t, "node", "echo v24.1.0"),
			problem: `Go is missing, and cdk.json runs the app with "go run cdk.go"`, hint: "https://go.dev/dl",
		},
		"an app that fails": {
			files:   map[string]string{"cdk.json": `{"app": "echo 'cdk.json: region: unknown' >&2; printf 'Runtime process exited abnormally: waitid: no child processesexit status 1\\n' >&2; exit 7"}`},
			problem: "exit status 7):\ncdk.json: region: unknown",
		},
		"an app that fails on standard output": {
			files:   map[string]string{"cdk.json": `{"app": "echo out of order; exit 1"}`},
			problem: "exit status 1):\nout of order",
		},
		"an app that synthesizes nothing": {
			files:   map[string]string{"cdk.json": `{"app": "true"}`},
			problem: "synthesized nothing", hint: "app.Synth",
		},
		"context that must be looked up": {
			assembly: map[string]string{"manifest.json": `{"missing": [{"key": "availability-zones:account=1"}]}`},
			files:    map[string]string{"cdk.json": `{"app": "@APP@"}`},
			problem:  "availability-zones:account=1", hint: "cdk synth",
		},
	} {
		t.Run(name, func(t *testing.T) {
			dir := newApp(t, test.assembly, test.files)
			if test.path != "" {
				t.Setenv("PATH", test.path)
			}
			_, err := cdkapp.Synthesize(t.Context(), dir, nil)
			if err == nil {
				t.Fatal("no error")
			}
			if !strings.Contains(err.Error(), test.problem) {
				t.Errorf("got: %v\nwant: %s", err, test.problem)
			}
			var hinted *cdkapp.Error
			if errors.As(err, &hinted); test.hint != "" && (hinted == nil || !strings.Contains(hinted.Hint, test.hint)) {
				t.Errorf("the hint of %#v does not say: %s", err, test.hint)
			}
		})
	}
}

func TestNoStackOfAnyLanguageIsShown(t *testing.T) {
	dir := newApp(t, nil, map[string]string{
		"cdk.json": `{"app": "cat failure.txt >&2; exit 1"}`,
		"failure.txt": `Error: the bucket has no name
    at Bucket.validate (/tmp/x/aws-s3/lib/bucket.js:1:2345)
    at /tmp/x/core/lib/app.js:9:1
panic: Error: the bucket has no name

goroutine 1 [running]:
main.main()
	/home/me/cdk.go:12 +0x1d
exit status 2
`})
	_, err := cdkapp.Synthesize(t.Context(), dir, nil)
	if err == nil {
		t.Fatal("no error")
	}
	_, shown, _ := strings.Cut(err.Error(), ":\n")
	if want := "Error: the bucket has no name\npanic: Error: the bucket has no name"; shown != want {
		t.Errorf("got:\n%s\nwant:\n%s", shown, want)
	}
}

// program makes a folder with one program, a shell script, for the PATH.
func program(t *testing.T, name, script string) string {
	t.Helper()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, name), []byte("#!/bin/sh\n"+script+"\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	return dir
}

func TestSynthesisThatIsCancelledSaysSo(t *testing.T) {
	dir := newApp(t, nil, map[string]string{"cdk.json": `{"app": "sleep 60"}`})
	ctx, cancel := context.WithCancelCause(t.Context())
	stop := errors.New("enough")
	cancel(stop)
	if _, err := cdkapp.Synthesize(ctx, dir, nil); !errors.Is(err, stop) && !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}

// The CDK's command line must know the assembly schema of the CDK's library. The
// newest version does not always.
func TestTheReadmeAndCIPinTheSameCDKCommandLine(t *testing.T) {
	for file, pin := range map[string]string{"README.md": "aws-cdk@" + cdkapp.CLIVersion, ".ci/run": "cdk_cli=" + cdkapp.CLIVersion} {
		text, err := os.ReadFile(filepath.Join("..", "..", "..", filepath.FromSlash(file)))
		if err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(string(text), pin) {
			t.Errorf("%s does not say %s", file, pin)
		}
		for _, found := range regexp.MustCompile(`aws-cdk@[\d.]+`).FindAllString(string(text), -1) {
			if found != "aws-cdk@"+cdkapp.CLIVersion {
				t.Errorf("%s says %s, want %s", file, found, cdkapp.CLIVersion)
			}
		}
	}
}
