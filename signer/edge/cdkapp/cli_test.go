//go:build cdkcli

package cdkapp_test

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/signedfront/signedfront/signer/edge/cdkapp"
)

// runCDK runs the CDK's own command line. It must be on the PATH in the version
// CLIVersion.
func runCDK(t *testing.T, dir string, args ...string) {
	t.Helper()
	cdk, err := exec.LookPath("cdk")
	if err != nil {
		t.Fatalf("the CDK's command line is not on the PATH: install aws-cdk@%s with npm (%v)", cdkapp.CLIVersion, err)
	}
	version, err := exec.Command(cdk, "--version").Output()
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(string(version), cdkapp.CLIVersion+" ") {
		t.Fatalf("the CDK's command line on the PATH is version %swant %s", version, cdkapp.CLIVersion)
	}
	var stderr bytes.Buffer
	cmd := exec.Command(cdk, append(args, "--no-notices")...)
	cmd.Dir = dir
	cmd.Stderr = &stderr
	// It looks for credentials and finds none.
	cmd.Env = append(os.Environ(), "CDK_DISABLE_CLI_TELEMETRY=1", "AWS_EC2_METADATA_DISABLED=true",
		"AWS_CONFIG_FILE="+os.DevNull, "AWS_SHARED_CREDENTIALS_FILE="+os.DevNull, "CDK_HOME="+t.TempDir())
	if err := cmd.Run(); err != nil {
		t.Fatalf("cdk %s: %v\n%s", strings.Join(args, " "), err, &stderr)
	}
}

// Neither "cdk list" nor this package builds assets, so the context must be the
// same, and every other CDK variable except the folders.
func TestTheAppIsGivenWhatTheCLIGivesIt(t *testing.T) {
	for name, test := range map[string]struct {
		files map[string]string
		user  string // ~/.cdk.json
		told  map[string]string
	}{
		"nothing beside the app": {
			files: map[string]string{"cdk.json": `{"app": "@APP@"}`},
		},
		"an app in words": {
			files: map[string]string{"cdk.json": `{"app": ["env", "WORD=1", "@APP@"]}`},
		},
		"settings that become context": {
			files: map[string]string{"cdk.json": `{"app": "@APP@", "versionReporting": false, "pathMetadata": false, "assetMetadata": false, "staging": false}`},
		},
		"context from three files": {
			files: map[string]string{
				"cdk.json":         `{"app": "@APP@", "context": {"a": {"x": 1, "l": [1, 2]}, "b": "project", "null": null, "list": [3]}}`,
				"cdk.context.json": `{"a": {"x": 2, "y": 2}, "c": "looked up", "list": [1, 2], "was": {"deep": true}}`,
			},
			user: `{"context": {"a": {"x": 3, "y": 3, "z": 3}, "b": "user", "d": "user", "null": 1, "was": "flat"}}`,
		},
		"the user's settings": {
			files: map[string]string{"cdk.json": `{"app": "@APP@", "pathMetadata": true}`},
			user:  `{"app": "false", "pathMetadata": false, "assetMetadata": false, "versionReporting": false}`,
		},
		"numbers, quotes and unicode": {
			files: map[string]string{"cdk.json": `{"app": "@APP@", "context": {"n": 1.50, "big": 12345678901234567890, "e": 1e30, "q": "\"<&>'$HOME\\", "u": "día \u2028 😀"}}`},
		},
		"context of the command line": {
			files: map[string]string{
				"cdk.json":         `{"app": "@APP@", "context": {"env": "dev", "a": {"x": 1}, "b": "project"}}`,
				"cdk.context.json": `{"c": "looked up"}`,
			},
			user: `{"context": {"d": "user"}}`,
			told: map[string]string{"env": "pr-42", "a": "flat", "c": "told", "d": "x=1", "e": "5"},
		},
		"reserved names in the context": {
			files: map[string]string{"cdk.json": `{"app": "@APP@", "context": {"aws:cdk:bundling-stacks": ["x"], "@aws-cdk/core:failSynthOnValidationErrors": true}}`},
		},
	} {
		t.Run(name, func(t *testing.T) {
			dir := newApp(t, oneStack, test.files)
			if test.user != "" {
				writeFiles(t, os.Getenv("HOME"), nil, map[string]string{".cdk.json": test.user})
			}
			args := []string{"list"}
			for name, value := range test.told {
				args = append(args, "--context", name+"="+value)
			}
			runCDK(t, dir, args...)
			wantContext, want := seenContext(t, dir), seen(t, dir)
			if _, err := cdkapp.Synthesize(t.Context(), dir, &cdkapp.Options{Context: test.told}); err != nil {
				t.Fatal(err)
			}
			gotContext, got := seenContext(t, dir), seen(t, dir)
			if !reflect.DeepEqual(gotContext, wantContext) {
				t.Errorf("context\n got %v\nwant %v", gotContext, wantContext)
			}
			for _, name := range []string{"CDK_DEFAULT_ACCOUNT", "CDK_DEFAULT_REGION", "CDK_CLI_ASM_VERSION", "CDK_CLI_VERSION", "WORD"} {
				if got[name] != want[name] {
					t.Errorf("%s is %q, the CLI gives %q", name, got[name], want[name])
				}
			}
		})
	}
}

// The template must equal the one that "cdk deploy" deploys, byte for byte,
// although the command line builds the functions and validates.
func TestTheTemplatesOfThisRepositoryAreTheCLIs(t *testing.T) {
	const repository = "../../.."
	assembly, err := cdkapp.Synthesize(t.Context(), repository, nil)
	if err != nil {
		t.Fatal(err)
	}
	if len(assembly.Stacks) == 0 {
		t.Fatal("no stack")
	}
	out := t.TempDir()
	runCDK(t, repository, "synth", "--quiet", "--output", out)
	var manifest struct {
		Artifacts map[string]struct{ Type string }
	}
	text, err := os.ReadFile(filepath.Join(out, "manifest.json"))
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text, &manifest); err != nil {
		t.Fatal(err)
	}
	stacks := 0
	for _, artifact := range manifest.Artifacts {
		if artifact.Type == "aws:cloudformation:stack" {
			stacks++
		}
	}
	if stacks != len(assembly.Stacks) {
		t.Errorf("%d stacks, the CLI has %d", len(assembly.Stacks), stacks)
	}
	for _, stack := range assembly.Stacks {
		want, err := os.ReadFile(filepath.Join(out, stack.Name+".template.json"))
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(stack.Template, want) {
			t.Errorf("%s: the template is not the CLI's:\n%s", stack.Name, firstDifference(stack.Template, want))
		}
	}
}

func firstDifference(got, want []byte) string {
	gots, wants := strings.Split(string(got), "\n"), strings.Split(string(want), "\n")
	for i := range min(len(gots), len(wants)) {
		if gots[i] != wants[i] {
			return " got " + gots[i] + "\nwant " + wants[i]
		}
	}
	return "one is longer than the other"
}
