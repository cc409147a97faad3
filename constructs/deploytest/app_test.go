package deploytest

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"
)

// app is a clone of this repository and the account it is deployed to.
type app struct {
	*account
	folder      string
	signedfront string // built from the clone
}

// project is the project's name in the cdk.json of this repository.
const project = "signedfront"

// clone makes an app of the files a user has after "git clone": those that Git tracks,
// as they are in the work tree, and new ones that it does not ignore. It has no npm
// package and no build.
func (a *account) clone(t *testing.T) *app {
	t.Helper()
	repository := strings.TrimSpace(run(t, "git", "rev-parse", "--show-toplevel"))
	files := map[string][]byte{}
	list := run(t, "git", "-C", repository, "ls-files", "-z", "--cached", "--others", "--exclude-standard")
	for _, name := range strings.Split(strings.TrimSuffix(list, "\x00"), "\x00") {
		text, err := os.ReadFile(filepath.Join(repository, filepath.FromSlash(name)))
		if errors.Is(err, os.ErrNotExist) {
			continue // deleted and not committed
		}
		if err != nil {
			t.Fatal(err)
		}
		files[name] = text
	}
	return a.appOf(t, files)
}

// appOf makes an app of these files, by slash-separated name.
func (a *account) appOf(t *testing.T, files map[string][]byte) *app {
	t.Helper()
	p := &app{account: a, folder: filepath.Join(t.TempDir(), project)}
	for name, text := range files {
		file := filepath.Join(p.folder, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
			t.Fatal(err)
		}
		writeFile(t, file, text)
	}
	p.answersTheEmulator(t)
	p.signedfront = filepath.Join(t.TempDir(), "signedfront")
	p.run(t, "go", "build", "-o", p.signedfront, "./signer/cmd/signedfront")
	return p
}

// answersTheEmulator has the clone's app build its functions with the tag
// signedfront_emulator: those answer an emulator on this machine, and CloudFormation.
// They differ from a user's functions in nothing else.
func (p *app) answersTheEmulator(t *testing.T) {
	t.Helper()
	p.edit(t, func(config map[string]any) {
		if config["app"] != "go run cdk.go" {
			t.Fatalf("cdk.json runs the app by %v", config["app"])
		}
		config["app"] = "go run -tags=signedfront_emulator cdk.go"
	})
}

// configure changes the environments of the clone's cdk.json.
func (p *app) configure(t *testing.T, change func(environments map[string]any)) {
	t.Helper()
	p.edit(t, func(config map[string]any) {
		change(config["context"].(map[string]any)["environments"].(map[string]any))
	})
}

// edit changes the clone's cdk.json.
func (p *app) edit(t *testing.T, change func(config map[string]any)) {
	t.Helper()
	file := filepath.Join(p.folder, "cdk.json")
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var config map[string]any
	if err := json.Unmarshal(text, &config); err != nil {
		t.Fatal(err)
	}
	change(config)
	if text, err = json.MarshalIndent(config, "", "  "); err != nil {
		t.Fatal(err)
	}
	writeFile(t, file, text)
}

// bootstrap bootstraps the account for the CDK. It runs in a folder without an app, so
// that the command line synthesizes nothing.
func (a *account) bootstrap(t *testing.T) {
	t.Helper()
	if said, err := a.cdk(t, t.TempDir(), "bootstrap", "aws://"+accountID+"/"+region); err != nil {
		t.Fatalf("%v\n%s", err, said)
	}
}

// outputs are the outputs of one stack by name.
type outputs map[string]string

// deploy deploys an environment as a pipeline does. It returns the outputs of its stack
// and the command line's output.
func (p *app) deploy(t *testing.T, environment string, options ...string) (outputs, string) {
	t.Helper()
	out, said, err := p.tryDeploy(t, environment, options...)
	if err != nil {
		t.Fatalf("%v\n%s", err, said)
	}
	return out, said
}

// tryDeploy is deploy, and returns an error if the deployment fails.
func (p *app) tryDeploy(t *testing.T, environment string, options ...string) (outputs, string, error) {
	t.Helper()
	stack := stackName(environment)
	file := filepath.Join(p.transcript, fmt.Sprintf("outputs-%d.json", len(p.steps)))
	args := append([]string{"deploy", stack, "--require-approval", "never", "--progress", "events", "--outputs-file", file}, options...)
	said, err := p.cdk(t, p.folder, append(args, "-c", p.processor())...)
	p.keepTemplates(t)
	if err != nil {
		return nil, said, err
	}
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var all map[string]outputs
	if err := json.Unmarshal(text, &all); err != nil {
		t.Fatal(err)
	}
	return all[stack], said, nil
}

// processor returns the context value that has functions built for this machine, where
// the engine runs them.
func (p *app) processor() string {
	return "signedfront:functionArchitecture=" + functionArchitecture[runtime.GOARCH]
}

// destroy destroys an environment as a pipeline does.
func (p *app) destroy(t *testing.T, environment string, options ...string) {
	t.Helper()
	args := append([]string{"destroy", stackName(environment), "--force"}, options...)
	if said, err := p.cdk(t, p.folder, args...); err != nil {
		t.Fatalf("%v\n%s", err, said)
	}
}

func stackName(environment string) string { return project + "-" + environment }

// cdk runs the CDK's command line in a folder and returns all its output.
func (a *account) cdk(t *testing.T, folder string, args ...string) (string, error) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), a.node, append([]string{a.tools.cdk, "--no-notices", "--no-color"}, args...)...)
	cmd.Dir = folder
	cmd.Env = a.environment(t)
	cmd.SysProcAttr = inGroup(a.process)
	var said bytes.Buffer
	cmd.Stdout, cmd.Stderr = &said, &said
	start := time.Now()
	err := cmd.Run()
	command := strings.Join(args[:min(2, len(args))], " ")
	a.keep(t, "cdk", said.Bytes())
	a.steps = append(a.steps, step{command, time.Since(start)})
	if err != nil {
		err = fmt.Errorf("cdk %s: %w", command, err)
	}
	return said.String(), err
}

// run runs a program in the clone and returns its standard output. The program must
// succeed.
func (p *app) run(t *testing.T, program string, args ...string) string {
	t.Helper()
	out, status := p.status(t, program, args...)
	if status != 0 {
		t.Fatalf("%s %s: exit status %d", filepath.Base(program), strings.Join(args, " "), status)
	}
	return out
}

// status runs a program in the clone and returns its standard output and exit status.
func (p *app) status(t *testing.T, program string, args ...string) (string, int) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), program, args...)
	cmd.Dir = p.folder
	cmd.Env = p.environment(t)
	var out, said bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, io.MultiWriter(&said, t.Output())
	err := cmd.Run()
	p.keep(t, filepath.Base(program), append(said.Bytes(), out.Bytes()...))
	if err != nil && !errors.As(err, new(*exec.ExitError)) {
		t.Fatalf("%s: %v", program, err)
	}
	return out.String(), cmd.ProcessState.ExitCode()
}

// keep keeps a text for the search at the end.
func (a *account) keep(t *testing.T, name string, text []byte) {
	t.Helper()
	file, err := os.CreateTemp(a.transcript, name+"-*.txt")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	if _, err := file.Write(text); err != nil {
		t.Fatal(err)
	}
}

// keepTemplates keeps the templates that the command line synthesized.
func (p *app) keepTemplates(t *testing.T) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(p.folder, "cdk.out", "*.json"))
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		p.keep(t, filepath.Base(file), text)
	}
}
