package deploytest

import (
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/signedfront/signedfront/signer/edge/cdkapp"
)

// tools are the programs of others and the folder of their cache.
type tools struct {
	cache  string
	node   string
	cdk    string // the script that node runs
	python string // a Python with the engine
	aws    string // a Python with the AWS CLI
}

// installTools finds the programs that the machine must have, and installs the others
// into the cache.
func installTools(t *testing.T) tools {
	t.Helper()
	if runtime.GOOS != "linux" {
		t.Fatalf("this is %s: the test runs the functions, which are Linux programs; run it in a Linux container or virtual machine", runtime.GOOS)
	}
	if functionArchitecture[runtime.GOARCH] == "" {
		t.Fatalf("this machine is %s: Lambda has functions for arm64 and amd64", runtime.GOARCH)
	}
	node := find(t, "node", "install Node.js 22 or newer")
	npm := find(t, "npm", "install Node.js with npm")
	python := find(t, "python3", "install Python 3.11 or newer")
	find(t, "git", "install Git")

	version := strings.TrimSpace(run(t, python, "-c", "import sys; print('%d.%d' % sys.version_info[:2], sys.version_info >= (3, 11))"))
	version, enough := strings.CutSuffix(version, " True")
	if !enough {
		t.Fatalf("python3 on the PATH is too old: %s; install Python 3.11 or newer", version)
	}
	cache, err := os.UserCacheDir()
	if err != nil {
		t.Fatalf("where to keep the tools: %v", err)
	}
	cache = filepath.Join(cache, "signedfront", "deploytest")

	cdk := install(t, cache, "aws-cdk", "", []string{"package.json", "package-lock.json"}, func(folder string) {
		run(t, npm, "ci", "--prefix", folder, "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error")
	})
	// inVenv installs the requirements and returns their Python.
	inVenv := func(name, requirements string) string {
		folder := install(t, cache, name, "python"+version, []string{requirements}, func(folder string) {
			run(t, python, "-m", "venv", filepath.Join(folder, "venv"))
			run(t, filepath.Join(folder, "venv", "bin", "python"), "-m", "pip", "install", "--quiet", "--disable-pip-version-check",
				"--no-deps", "--only-binary=:all:", "--require-hashes", "--requirement", filepath.Join(folder, requirements))
		})
		return filepath.Join(folder, "venv", "bin", "python")
	}
	return tools{
		cache:  cache,
		node:   node,
		cdk:    filepath.Join(cdk, "node_modules", "aws-cdk", "bin", "cdk"),
		python: inVenv("ministack", "requirements.txt"),
		aws:    inVenv("aws-cli", "aws-cli.txt"),
	}
}

// The local edge synthesizes as one version of the command line does. The README names
// that version.
func TestTheCommandLineIsThatOfTheLocalEdge(t *testing.T) {
	text, err := os.ReadFile("testdata/package.json")
	if err != nil {
		t.Fatal(err)
	}
	var wanted struct{ Dependencies map[string]string }
	if err := json.Unmarshal(text, &wanted); err != nil {
		t.Fatal(err)
	}
	if got := wanted.Dependencies["aws-cdk"]; got != cdkapp.CLIVersion {
		t.Errorf("testdata/package.json has aws-cdk %s, cdkapp.CLIVersion is %s", got, cdkapp.CLIVersion)
	}
}

// functionArchitecture maps Go's names of processors to Lambda's.
var functionArchitecture = map[string]string{"amd64": "x86_64", "arm64": "arm64"}

func find(t *testing.T, program, fix string) string {
	t.Helper()
	path, err := exec.LookPath(program)
	if err != nil {
		t.Fatalf("%s is not on the PATH: %s", program, fix)
	}
	return path
}

// install returns a folder of the cache, named by the hash of the files of testdata and
// of on. It fills a temporary folder and renames it, so that the folder is always whole.
func install(t *testing.T, cache, name, on string, files []string, fill func(folder string)) string {
	t.Helper()
	texts := map[string][]byte{}
	hash := sha256.New()
	fmt.Fprintln(hash, on)
	for _, file := range files {
		text, err := os.ReadFile(filepath.Join("testdata", file))
		if err != nil {
			t.Fatal(err)
		}
		texts[file] = text
		fmt.Fprintf(hash, "%s %d\n%s", file, len(text), text)
	}
	folder := filepath.Join(cache, fmt.Sprintf("%s-%x", name, hash.Sum(nil)[:8]))
	if _, err := os.Stat(folder); err == nil {
		return folder
	}

	if err := os.MkdirAll(cache, 0o700); err != nil {
		t.Fatal(err)
	}
	aside, err := os.MkdirTemp(cache, name+"-unfinished-")
	if err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll(aside)
	for file, text := range texts {
		writeFile(t, filepath.Join(aside, file), text)
	}
	fill(aside)
	// Another run may have made the folder.
	if err := os.Rename(aside, folder); err != nil && !errors.Is(err, os.ErrExist) {
		t.Fatal(err)
	}
	return folder
}

// run runs a program and returns its standard output. The program must succeed.
func run(t *testing.T, program string, args ...string) string {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), program, args...).Output()
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		t.Fatalf("%s %s: %v\n%s%s", filepath.Base(program), strings.Join(args, " "), err, out, exit.Stderr)
	}
	if err != nil {
		t.Fatalf("%s: %v", program, err)
	}
	return string(out)
}

func writeFile(t *testing.T, name string, text []byte) {
	t.Helper()
	if err := os.WriteFile(name, text, 0o600); err != nil {
		t.Fatal(err)
	}
}
