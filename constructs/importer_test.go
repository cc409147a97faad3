//go:build importer

package constructs

import (
	"archive/zip"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/signedfront/signedfront/constructs/functions"
)

// An app of somebody else, in a module of its own, that provisions private
// content and builds its functions: from the module cache, and from a vendor
// folder, where the source of the functions is not.
func TestAnImportersAppBuildsTheFunctions(t *testing.T) {
	const version = "v0.1.0"
	source := trackedFiles(t)
	app := t.TempDir()
	write(t, app, map[string]string{
		"go.mod": "module example.com/media\n\ngo 1.25.0\n\nrequire " + functions.ModulePath + " " + version + "\n",
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
	write(t, filepath.Join(proxy, functions.ModulePath, "@v"), map[string]string{
		version + ".info": `{"Version": "` + version + `"}`,
		version + ".mod":  source["go.mod"],
	})
	archiveModule(t, filepath.Join(proxy, functions.ModulePath, "@v", version+".zip"), functions.ModulePath+"@"+version, source)
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
	archives := filepath.Join(t.TempDir(), "functions")
	run(t, app, environ, "go", "run", functions.ModulePath+"/constructs/functions/build", "-o", archives)
	for _, from := range []struct{ name, command string }{
		{"from the module cache", "tidy"},
		{"from a vendor folder", "vendor"},
	} {
		t.Run(from.name, func(t *testing.T) {
			run(t, app, environ, "go", "mod", from.command)
			out := t.TempDir()
			run(t, app, environ, "go", "build", "-o", "media", ".")
			run(t, app, append(environ, "CDK_OUTDIR="+out, "CDK_VALIDATION=false"), "./media")

			wantArchives(t, out, "Media")
		})
	}

	// The built app, where there is no Go, no module and no way to any.
	elsewhere := t.TempDir()
	program := filepath.Join(app, "media")
	offline := append(environ, "GOMODCACHE="+t.TempDir(), "GOPROXY=off", "GOFLAGS=-mod=mod", "CDK_VALIDATION=false", "CDK_OUTDIR="+filepath.Join(elsewhere, "out"))
	t.Run("as a program elsewhere it says what it needs", func(t *testing.T) {
		for name, environ := range map[string][]string{"without a module": offline, "without Go": append(offline, "PATH="+node(t))} {
			said := fail(t, elsewhere, environ, program)
			if !strings.Contains(said, "constructs/functions/build -o functions") || strings.Contains(said, "goroutine") {
				t.Errorf("%s: %s", name, said)
			}
		}
	})
	t.Run("as a program elsewhere it takes archives that were built before", func(t *testing.T) {
		context := fmt.Sprintf(`{"signedfront:functions": %q}`, archives)
		run(t, elsewhere, append(offline, "PATH="+node(t), "CDK_CONTEXT_JSON="+context), program)
		wantArchives(t, filepath.Join(elsewhere, "out"), "Media")
	})
	t.Run("from a vendor folder, offline, it says what it needs", func(t *testing.T) {
		said := fail(t, app, offline[:len(offline):len(offline)], program)
		if !strings.Contains(said, "constructs/functions/build -o functions") {
			t.Errorf("%s", said)
		}
	})
}

// node is a folder with Node.js alone, which the CDK runs on.
func node(t *testing.T) string {
	t.Helper()
	path, err := exec.LookPath("node")
	if err != nil {
		t.Fatal(err)
	}
	folder := t.TempDir()
	if err := os.Symlink(path, filepath.Join(folder, "node")); err != nil {
		t.Fatal(err)
	}
	return folder
}

// fail runs a command that must fail, and returns what it wrote.
func fail(t *testing.T, dir string, environ []string, name string) string {
	t.Helper()
	command := exec.Command(name)
	command.Dir = dir
	command.Env = append(os.Environ(), environ...)
	said, err := command.CombinedOutput()
	if err == nil {
		t.Errorf("%s works", name)
	}
	return string(said)
}

// wantArchives wants that all functions of a stack have their archives in a
// synthesis.
func wantArchives(t *testing.T, out, stack string) {
	t.Helper()
	template := readTemplate(t, out, stack)
	made := template.all("AWS::Lambda::Function")
	if len(made) != len(functions.All) {
		t.Fatalf("functions %v", made)
	}
	for _, id := range made {
		key, _ := template.Resources[id].property("Code", "S3Key").(string)
		if err := functions.CheckArchive(filepath.Join(out, "asset."+key), "arm64", ""); err != nil {
			t.Errorf("the archive of %s: %v", id, err)
		}
	}
}

// trackedFiles is what a version of this module would hold, by name.
func trackedFiles(t *testing.T) map[string]string {
	t.Helper()
	files := map[string]string{}
	tracked := strings.Split(run(t, "..", nil, "git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"), "\x00")
	for _, name := range tracked {
		inNested := slices.ContainsFunc(tracked, func(other string) bool {
			folder, is := strings.CutSuffix(other, "/go.mod") // a module of its own
			return is && strings.HasPrefix(name, folder+"/")
		})
		if name == "" || inNested {
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
