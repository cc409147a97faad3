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

// What our functions are made of. Their packages in this module are found by
// their imports; the modules of others are listed here, since to find them takes
// their sources, which a synthesis that builds nothing does without.
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

// buildFlags make the same executable of the same sources on every machine:
// without paths, version control, build id and symbols.
var buildFlags = []string{"-trimpath", "-buildvcs=false", "-tags=" + tags, "-ldflags=-s -w -buildid="}

// compile compiles the function for Linux into an executable file. What the
// compiler says goes to the log.
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

// Fingerprint tells what makes another archive apart: the files of this module
// that are compiled in, the versions of the modules of others, the language that
// go.mod names, the toolchain, the processor and the flags. Nothing else changes
// it. It is the same wherever the module lies and however its lines end, and it
// costs no build and no other module's source.
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

// files are the files of a module that are compiled into the function, with
// slashes, sorted.
func (f Function) files(module, path, goarch string) (files []string, err error) {
	compiler := build.Default
	compiler.GOOS, compiler.GOARCH, compiler.CgoEnabled = "linux", goarch, false
	compiler.BuildTags = strings.Split(tags, ",")
	folders := []string{f.Main}
	for i := 0; i < len(folders); i++ { // which grows on the way
		p, err := compiler.ImportDir(filepath.Join(module, filepath.FromSlash(folders[i])), 0)
		if err != nil {
			return nil, fmt.Errorf("the folder %s has no package that can be read", folders[i])
		}
		if len(p.EmbedPatterns) > 0 {
			return nil, fmt.Errorf("the package in %s embeds files, which its fingerprint leaves out", folders[i])
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

// goMod is what the Go command tells of a go.mod file.
type goMod struct {
	Module  goModule
	Go      string
	Godebug []string `json:"-"` // its lines: Go 1.25 does not tell them
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

// version is that of a module that go.mod requires, or of what it is replaced
// by.
func (m *goMod) version(path string) (string, error) {
	for _, replaced := range m.Replace {
		if replaced.Old.Path == path {
			if replaced.New.Version == "" {
				return "", fmt.Errorf("go.mod replaces %s by a folder, whose files the fingerprint leaves out: require a version", path)
			}
			return replaced.New.Path + " " + replaced.New.Version, nil
		}
	}
	for _, required := range m.Require {
		if required.Path == path {
			return required.Version, nil
		}
	}
	return "", fmt.Errorf("go.mod requires no %s", path)
}

// ModulePath is the path of this module.
const ModulePath = "github.com/signedfront/signedfront"

// Module is the folder of this module's source, which an importer has in its
// module cache even where it builds from a vendor folder: that holds only
// packages that the importer itself needs.
var Module = sync.OnceValues(func() (string, error) { return findModule(".") })

// goModule is what the Go command tells of a module. From a vendor folder it
// tells no Dir.
type goModule struct {
	Path, Version, Dir string
	Replace            *goModule
	Error              string // of go mod download
}

// findModule is Module as seen from a folder of the module that is built.
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
		return fmt.Errorf("go %s does not answer with JSON", command.Args[1])
	}
	return nil
}

// output runs a Go command; an error holds why it failed.
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
	var told goModule // go mod download -json tells its error there
	if json.Unmarshal(out, &told) == nil && told.Error != "" {
		said = told.Error
	}
	if said == "" {
		said = exit.String()
	}
	return nil, fmt.Errorf("go %s: %s", command.Args[1], config.WithoutKeys(said))
}
