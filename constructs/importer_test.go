//go:build importer

package constructs

import (
	"archive/zip"
	"debug/elf"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// An app of somebody else, in a module of its own, that provisions private
// content and builds its functions: from the module cache, and from a vendor
// folder, where the source of the functions is not.
func TestAnImportersAppBuildsTheFunctions(t *testing.T) {
	const version = "v0.1.0"
	source := trackedFiles(t)
	app := t.TempDir()
	write(t, app, map[string]string{
		"go.mod": "module example.com/media\n\ngo 1.25.0\n\nrequire " + modulePath + " " + version + "\n",
		"main.go": `package main

import (
	"fmt"
	"os"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/jsii-runtime-go"

	"github.com/signedfront/signedfront/constructs"
)

func main() {
	defer jsii.Close()
	app := awscdk.NewApp(nil)
	stack := awscdk.NewStack(app, jsii.String("Media"), nil)
	content, err := constructs.NewPrivateContent(stack, "Content", &constructs.PrivateContentProps{Ephemeral: true})
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	content.GrantSign(awsiam.NewRole(stack, jsii.String("App"), &awsiam.RoleProps{
		AssumedBy: awsiam.NewServicePrincipal(jsii.String("lambda.amazonaws.com"), nil),
	}))
	app.Synth(nil)
}
`,
	})

	// A folder that has our module is a module proxy for the app, and so is what
	// the machine has of others.
	machine := strings.Fields(run(t, ".", nil, "go", "env", "GOMODCACHE", "GOPROXY"))
	proxy := t.TempDir()
	write(t, filepath.Join(proxy, modulePath, "@v"), map[string]string{
		version + ".info": `{"Version": "` + version + `"}`,
		version + ".mod":  source["go.mod"],
	})
	archiveModule(t, filepath.Join(proxy, modulePath, "@v", version+".zip"), modulePath+"@"+version, source)
	environ := []string{
		"GOMODCACHE=" + t.TempDir(),
		"GOPROXY=" + strings.Join([]string{
			"file://" + filepath.ToSlash(proxy),
			"file://" + filepath.ToSlash(filepath.Join(machine[0], "cache", "download")),
			machine[1],
		}, ","),
		"GONOSUMDB=*", "GOFLAGS=-modcacherw", "GOWORK=off",
	}

	run(t, app, environ, "go", "mod", "tidy")
	for _, from := range []struct{ name, command string }{
		{"from the module cache", "tidy"},
		{"from a vendor folder", "vendor"},
	} {
		t.Run(from.name, func(t *testing.T) {
			run(t, app, environ, "go", "mod", from.command)
			out := t.TempDir()
			run(t, app, environ, "go", "build", "-o", "media", ".")
			run(t, app, append(environ, "CDK_OUTDIR="+out, "CDK_VALIDATION=false"), "./media")

			functions := readTemplate(t, out, "Media").all("AWS::Lambda::Function")
			assets, _ := filepath.Glob(filepath.Join(out, "asset.*", "bootstrap"))
			if len(functions) != 2 || len(assets) != 2 {
				t.Fatalf("functions %v, executables %v", functions, assets)
			}
			for _, asset := range assets {
				executable, err := elf.Open(asset)
				if err != nil {
					t.Fatal(err)
				}
				defer executable.Close()
				if executable.Machine != elf.EM_AARCH64 {
					t.Errorf("%s is for %s", asset, executable.Machine)
				}
			}
		})
	}
}

// trackedFiles is what a version of this module would hold, by name.
func trackedFiles(t *testing.T) map[string]string {
	t.Helper()
	files := map[string]string{}
	for name := range strings.SplitSeq(run(t, "..", nil, "git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"), "\x00") {
		if name == "" || strings.HasPrefix(name, "signer/internal/peers/") { // a module of its own
			continue
		}
		text, err := os.ReadFile(filepath.Join("..", filepath.FromSlash(name)))
		if err != nil {
			t.Fatal(err)
		}
		files[name] = string(text)
	}
	return files
}

// archiveModule writes the zip file of a module version, as module proxies have
// it: https://go.dev/ref/mod#zip-files
func archiveModule(t *testing.T, file, root string, files map[string]string) {
	t.Helper()
	archive, err := os.Create(file)
	if err != nil {
		t.Fatal(err)
	}
	defer archive.Close()
	w := zip.NewWriter(archive)
	for name, text := range files {
		member, err := w.Create(root + "/" + name)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := member.Write([]byte(text)); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
}

// run runs a command to its end, and returns what it wrote.
func run(t *testing.T, dir string, environ []string, name string, args ...string) string {
	t.Helper()
	command := exec.Command(name, args...)
	command.Dir = dir
	command.Env = append(os.Environ(), environ...)
	var said strings.Builder
	command.Stderr = &said
	out, err := command.Output()
	if err != nil {
		t.Fatalf("%s %s: %v\n%s%s", name, strings.Join(args, " "), err, out, said.String())
	}
	return string(out)
}
