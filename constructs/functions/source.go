package functions

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"go/build"
	"io"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"

	"github.com/signedfront/signedfront/constructs/config"
	"github.com/signedfront/signedfront/signer"
)

// The functions. Their packages in this module are found through their imports. Other
// modules are listed, because finding them needs their sources, which a synthesis that
// builds nothing does not download.
var (
	KeyPair = Function{
		Name: "keypair",
		Main: "constructs/keypair/lambda",
		Modules: append([]string{
			"github.com/aws/aws-sdk-go-v2/service/secretsmanager",
		}, modulesOfAll...),
	}
	BucketEmptier = Function{
		Name: "bucketemptier",
		Main: "constructs/bucketemptier/lambda",
		Modules: append([]string{
			"github.com/aws/aws-sdk-go-v2/aws/protocol/eventstream",
			"github.com/aws/aws-sdk-go-v2/internal/v4a",
			"github.com/aws/aws-sdk-go-v2/service/internal/checksum",
			"github.com/aws/aws-sdk-go-v2/service/internal/s3shared",
			"github.com/aws/aws-sdk-go-v2/service/s3",
		}, modulesOfAll...),
	}
	KeyGuard = Function{
		Name: "keyguard",
		Main: "constructs/keyguard/lambda",
		Modules: append([]string{
			"github.com/aws/aws-sdk-go-v2/service/cloudfront",
			"github.com/aws/aws-sdk-go-v2/service/ssm",
		}, modulesOfAll...),
	}
	modulesOfAll = []string{
		"github.com/aws/aws-lambda-go",
		"github.com/aws/aws-sdk-go-v2",
		"github.com/aws/aws-sdk-go-v2/config",
		"github.com/aws/aws-sdk-go-v2/credentials",
		"github.com/aws/aws-sdk-go-v2/feature/ec2/imds",
		"github.com/aws/aws-sdk-go-v2/internal/configsources",
		"github.com/aws/aws-sdk-go-v2/internal/endpoints/v2",
		"github.com/aws/aws-sdk-go-v2/internal/ini",
		"github.com/aws/aws-sdk-go-v2/service/cloudformation",
		"github.com/aws/aws-sdk-go-v2/service/internal/accept-encoding",
		"github.com/aws/aws-sdk-go-v2/service/internal/presigned-url",
		"github.com/aws/aws-sdk-go-v2/service/sso",
		"github.com/aws/aws-sdk-go-v2/service/ssooidc",
		"github.com/aws/aws-sdk-go-v2/service/sts",
		"github.com/aws/smithy-go",
	}
)

// buildFlags make the executable the same on every machine: without paths, version
// control, build id and symbols.
var buildFlags = []string{"-trimpath", "-buildvcs=false", "-tags=" + tags, "-ldflags=-s -w -buildid="}

// compile compiles the function for linux/goarch into file. It writes the output of the
// compiler to log.
func (f Function) compile(module, goarch, file string, log io.Writer) error {
	args := append([]string{"build", "-o", file}, buildFlags...)
	goBuild := exec.Command("go", append(args, "./"+f.Main)...)
	goBuild.Dir = module
	goBuild.Stdout, goBuild.Stderr = log, log
	env, err := buildEnvironment(os.Environ(), goarch)
	if err != nil {
		return err
	}
	goBuild.Env = env
	if err := goBuild.Run(); err != nil {
		return fmt.Errorf("building the function %s for linux/%s failed: %w", f.Main, goarch, err)
	}
	return nil
}

// buildEnvironment returns the environment without Go's variables that change the
// compiled code, such as GOFLAGS, GOEXPERIMENT and GOARM64, whether exported or written
// with "go env -w". It keeps those that locate modules and caches.
func buildEnvironment(environ []string, goarch string) ([]string, error) {
	kept := []string{
		"GOPATH", "GOMODCACHE", "GOCACHE", "GOCACHEPROG", "GOTMPDIR", "GOTOOLCHAIN", "GOAUTH",
		"GOPROXY", "GONOPROXY", "GOPRIVATE", "GOSUMDB", "GONOSUMDB", "GOINSECURE", "GOVCS",
	}
	goEnv := exec.Command("go", append([]string{"env", "-json"}, kept...)...)
	goEnv.Env = environ
	var values map[string]string
	if err := outputJSON(goEnv, &values); err != nil {
		return nil, err
	}

	env := slices.DeleteFunc(slices.Clone(environ), func(variable string) bool {
		return strings.HasPrefix(variable, "GO") || strings.HasPrefix(variable, "CGO_")
	})
	for _, name := range slices.Sorted(maps.Keys(values)) {
		env = append(env, name+"="+values[name])
	}
	return append(env, "GOENV=off", "GOWORK=off", "GOOS=linux", "GOARCH="+goarch, "CGO_ENABLED=0"), nil
}

// Fingerprint returns a hash of everything that determines the archive: the compiled
// files of this module, the versions of other modules, the language version in go.mod,
// the toolchain, the processor and the build flags. Nothing else changes it, neither
// the folder of the module nor its line endings. It needs no build and no sources of
// other modules.
func (f Function) Fingerprint(module, goarch string) (string, error) {
	required, err := readGoMod(module)
	if err != nil {
		return "", fmt.Errorf("the source of the function %s: %w", f.Main, err)
	}
	env, err := buildEnvironment(os.Environ(), goarch)
	if err != nil {
		return "", err
	}
	toolchain := exec.Command("go", "env", "GOVERSION")
	toolchain.Dir, toolchain.Env = module, env
	version, err := output(toolchain)
	if err != nil {
		return "", err
	}

	hash := sha256.New()
	fmt.Fprintf(hash, "%s linux/%s %s %q %s %q\n", f.Main, goarch, bytes.TrimSpace(version), buildFlags, required.Go, required.Godebug)
	for _, path := range slices.Sorted(slices.Values(f.Modules)) {
		version, err := required.version(path)
		if err != nil {
			return "", fmt.Errorf("the source of the function %s: %w", f.Main, err)
		}
		fmt.Fprintf(hash, "%s %s\n", path, version)
	}
	files, err := f.files(module, required.Module.Path, goarch)
	if err != nil {
		return "", fmt.Errorf("the source of the function %s: %w", f.Main, err)
	}
	for _, file := range files {
		text, err := os.ReadFile(filepath.Join(module, filepath.FromSlash(file)))
		if err != nil {
			return "", fmt.Errorf("the source of the function %s: %s cannot be read", f.Main, file)
		}
		text = bytes.ReplaceAll(text, []byte("\r\n"), []byte("\n"))
		fmt.Fprintf(hash, "%s %d\n%s", file, len(text), text)
	}
	return hex.EncodeToString(hash.Sum(nil)), nil
}

// files returns the sorted files of the module that are compiled into the function, with
// slashes.
func (f Function) files(module, path, goarch string) (files []string, err error) {
	compiler := build.Default
	compiler.GOOS, compiler.GOARCH, compiler.CgoEnabled = "linux", goarch, false
	compiler.BuildTags = strings.Split(tags, ",")
	folders := []string{f.Main}
	for i := 0; i < len(folders); i++ { // folders grows in the loop
		p, err := compiler.ImportDir(filepath.Join(module, filepath.FromSlash(folders[i])), 0)
		if err != nil {
			return nil, fmt.Errorf("the folder %s has no package that can be read", folders[i])
		}
		if len(p.EmbedPatterns) > 0 {
			return nil, fmt.Errorf("the package in %s embeds files, which the fingerprint does not cover", folders[i])
		}
		for _, name := range slices.Concat(p.GoFiles, p.SFiles, p.HFiles, p.SysoFiles) {
			files = append(files, folders[i]+"/"+name)
		}
		for _, imported := range p.Imports {
			folder, ours := strings.CutPrefix(imported, path+"/")
			if ours && !slices.Contains(folders, folder) {
				folders = append(folders, folder)
			}
		}
	}
	slices.Sort(files)
	return files, nil
}

// goMod is the output of go mod edit -json.
type goMod struct {
	Module  goModule
	Go      string
	Godebug []string `json:"-"` // its lines, which Go 1.25 does not output
	Require []goModule
	Replace []struct{ Old, New goModule }
}

func readGoMod(module string) (*goMod, error) {
	edit := exec.Command("go", "mod", "edit", "-json")
	edit.Dir = module
	edit.Env = append(os.Environ(), "GOFLAGS=", "GOWORK=off")
	file := &goMod{}
	if err := outputJSON(edit, file); err != nil {
		return nil, err
	}
	text, err := os.ReadFile(filepath.Join(module, "go.mod"))
	for _, settings := range godebug.FindAllSubmatch(lineComment.ReplaceAll(text, nil), -1) {
		file.Godebug = append(file.Godebug, strings.Fields(string(settings[1]))...)
	}
	return file, err
}

var (
	lineComment = regexp.MustCompile(`//[^\n]*`)
	godebug     = regexp.MustCompile(`(?m)^[ \t]*godebug[ \t]+(\([^)]*\)|[^\r\n]*)`)
)

// version returns the version of a required module, or of its replacement.
func (m *goMod) version(path string) (string, error) {
	for _, replaced := range m.Replace {
		if replaced.Old.Path == path {
			if replaced.New.Version == "" {
				return "", fmt.Errorf("go.mod replaces %s by a folder, which the fingerprint does not cover: require a version", path)
			}
			return replaced.New.Path + " " + replaced.New.Version, nil
		}
	}
	for _, required := range m.Require {
		if required.Path == path {
			return required.Version, nil
		}
	}
	return "", fmt.Errorf("go.mod does not require %s", path)
}

// ModulePath is the path of this module.
const ModulePath = "github.com/signedfront/signedfront"

// Module returns the folder of this module's sources. For an importer it is in the
// module cache, even if the importer builds from a vendor folder, which contains only
// packages that the importer itself needs.
var Module = sync.OnceValues(func() (string, error) { return findModule(".") })

// goModule is the output of the Go command for a module. With a vendor folder, Dir is
// empty.
type goModule struct {
	Path, Version, Dir string
	Replace            *goModule
	Error              string // set by go mod download
}

// findModule is Module for a build in folder.
func findModule(folder string) (string, error) {
	var module goModule
	list := exec.Command("go", "list", "-m", "-json", ModulePath)
	list.Dir = folder
	if err := outputJSON(list, &module); err != nil {
		return "", fmt.Errorf("finding the source of %s: %w", ModulePath, err)
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
		return "", fmt.Errorf("downloading the source of %s: %w", ModulePath, err)
	}
	return module.Dir, nil
}

func outputJSON(command *exec.Cmd, value any) error {
	out, err := output(command)
	if err != nil {
		return err
	}
	if json.Unmarshal(out, value) != nil {
		return fmt.Errorf("the output of go %s is not JSON", command.Args[1])
	}
	return nil
}

// output returns the output of a Go command. An error says why it failed.
func output(command *exec.Cmd) ([]byte, error) {
	out, err := command.Output()
	var exit *exec.ExitError
	switch {
	case err == nil:
		return out, nil
	case errors.Is(err, exec.ErrNotFound):
		return nil, errors.New("the go command is not on the PATH: install Go, or add its bin folder to the PATH")
	case !errors.As(err, &exit):
		return nil, fmt.Errorf("the go command cannot be started in the folder %s", signer.Describe(command.Dir, signer.FormFile))
	}
	said := strings.TrimSpace(string(exit.Stderr))
	var told goModule // go mod download -json writes its error there
	if json.Unmarshal(out, &told) == nil && told.Error != "" {
		said = told.Error
	}
	if said == "" {
		said = exit.String()
	}
	return nil, fmt.Errorf("go %s: %s", command.Args[1], config.WithoutKeys(said))
}
