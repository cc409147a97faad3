package constructs

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
)

// functionSource is the source of one function of ours: the main package, and
// every other package of this module that goes into it. Both are folders of
// the module, with slashes.
type functionSource struct {
	main     string
	packages []string
}

var (
	keyPairSource = functionSource{
		main:     "constructs/keypair/lambda",
		packages: []string{"constructs/keypair", "constructs/customresource", "signer"},
	}
	bucketEmptierSource = functionSource{
		main:     "constructs/bucketemptier/lambda",
		packages: []string{"constructs/bucketemptier", "constructs/customresource", "signer"},
	}
)

// buildFlags make the same executable of the same sources on every machine:
// without paths, version control, build id and symbols.
var buildFlags = []string{"-trimpath", "-buildvcs=false", "-tags=" + functionTags, "-ldflags=-s -w -buildid="}

// build compiles the function for Linux into an executable file. What the
// compiler says goes to the log.
func (s functionSource) build(module, goarch, file string, log io.Writer) error {
	args := append([]string{"build", "-o", file}, buildFlags...)
	goBuild := exec.Command("go", append(args, "./"+s.main)...)
	goBuild.Dir = module
	goBuild.Stdout, goBuild.Stderr = log, log
	env, err := buildEnvironment(os.Environ(), goarch)
	if err != nil {
		return err
	}
	goBuild.Env = env
	if err := goBuild.Run(); err != nil {
		return fmt.Errorf("building the function %s for linux/%s failed: %w", s.main, goarch, err)
	}
	return nil
}

// buildEnvironment is the given environment with nothing of Go's in it that
// changes what is compiled, such as GOFLAGS, GOEXPERIMENT and GOARM64, whether
// it was exported or written with "go env -w". What says where modules and
// caches are stays.
func buildEnvironment(environ []string, goarch string) ([]string, error) {
	kept := []string{
		"GOPATH", "GOMODCACHE", "GOCACHE", "GOCACHEPROG", "GOTMPDIR", "GOTOOLCHAIN", "GOAUTH",
		"GOPROXY", "GONOPROXY", "GOPRIVATE", "GOSUMDB", "GONOSUMDB", "GOINSECURE", "GOVCS",
	}
	goEnv := exec.Command("go", append([]string{"env", "-json"}, kept...)...)
	goEnv.Env = environ
	out, err := output(goEnv)
	if err != nil {
		return nil, err
	}
	var values map[string]string
	if err := json.Unmarshal(out, &values); err != nil {
		return nil, fmt.Errorf("what go env answers: %w", err)
	}

	env := slices.DeleteFunc(slices.Clone(environ), func(variable string) bool {
		return strings.HasPrefix(variable, "GO") || strings.HasPrefix(variable, "CGO_")
	})
	for _, name := range slices.Sorted(maps.Keys(values)) {
		env = append(env, name+"="+values[name])
	}
	return append(env, "GOENV=off", "GOWORK=off", "GOOS=linux", "GOARCH="+goarch, "CGO_ENABLED=0"), nil
}

// fingerprint tells sources apart that make different executables: our own
// files, the versions of the modules that they import, and how they are built.
// It is the same wherever the module lies and however its lines end, and it
// costs no build.
func (s functionSource) fingerprint(module, goarch string) (string, error) {
	files := []string{"go.mod", "go.sum"}
	for _, folder := range append([]string{s.main}, s.packages...) {
		entries, err := os.ReadDir(filepath.Join(module, filepath.FromSlash(folder)))
		if err != nil {
			return "", fmt.Errorf("the source of %s: %w", s.main, err)
		}
		for _, entry := range entries {
			if name := entry.Name(); strings.HasSuffix(name, ".go") && !strings.HasSuffix(name, "_test.go") {
				files = append(files, folder+"/"+name)
			}
		}
	}
	slices.Sort(files)

	hash := sha256.New()
	fmt.Fprintf(hash, "%s %s %q\n", s.main, goarch, buildFlags)
	for _, file := range files {
		text, err := os.ReadFile(filepath.Join(module, filepath.FromSlash(file)))
		if err != nil {
			return "", fmt.Errorf("the source of %s: %w", s.main, err)
		}
		text = bytes.ReplaceAll(text, []byte("\r\n"), []byte("\n"))
		fmt.Fprintf(hash, "%s %d\n%s", file, len(text), text)
	}
	return hex.EncodeToString(hash.Sum(nil)), nil
}

const modulePath = "github.com/signedfront/signedfront"

// thisModule is the folder of this module's source, which an importer has in
// its module cache even where it builds from a vendor folder: that holds only
// packages that the importer itself needs.
var thisModule = sync.OnceValues(func() (string, error) { return findModule(".") })

// goModule is what the Go command tells of a module. From a vendor folder it
// tells no Dir.
type goModule struct {
	Path, Version, Dir string
	Replace            *goModule
}

// findModule is thisModule as seen from a folder of the module that is built.
func findModule(folder string) (string, error) {
	var module goModule
	list := exec.Command("go", "list", "-m", "-json", modulePath)
	list.Dir = folder
	if err := outputJSON(list, &module); err != nil {
		return "", fmt.Errorf("finding the source of %s: %w", modulePath, err)
	}
	if module.Dir == "" && module.Replace != nil {
		module = *module.Replace
	}
	if module.Dir != "" {
		return module.Dir, nil
	}
	download := exec.Command("go", "mod", "download", "-json", module.Path+"@"+module.Version)
	download.Dir = folder
	if err := outputJSON(download, &module); err != nil {
		return "", fmt.Errorf("downloading the source of %s: %w", modulePath, err)
	}
	return module.Dir, nil
}

func outputJSON(command *exec.Cmd, value any) error {
	out, err := output(command)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(out, value); err != nil {
		return fmt.Errorf("what %s answers: %w", command, err)
	}
	return nil
}

// output runs a Go command; an error holds what it said.
func output(command *exec.Cmd) ([]byte, error) {
	out, err := command.Output()
	var exit *exec.ExitError
	switch {
	case errors.As(err, &exit):
		return nil, fmt.Errorf("go %s: %s", command.Args[1], bytes.TrimSpace(exit.Stderr))
	case errors.Is(err, exec.ErrNotFound):
		return nil, errors.New("the go command is not on the PATH: install Go, or add its bin folder to the PATH")
	}
	return out, err
}
