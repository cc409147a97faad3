package constructs

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/aws/aws-cdk-go/awscdk/v2/awslambda"
	"github.com/aws/jsii-runtime-go"

	"github.com/signedfront/signedfront/constructs/functions"
)

// synthesizeFixture makes the template of a stack with the function of a
// module, and builds the function where asked to.
func synthesizeFixture(t *testing.T, module string, source functions.Function, bundle bool) (outdir string, err error) {
	t.Helper()
	patterns := []string{}
	if bundle {
		patterns = []string{"**"}
	}
	app, outdir := newApp(t, map[string]any{"aws:cdk:bundling-stacks": patterns})
	builder := &functionBuilder{module: func() (string, error) { return module, nil }, goarch: "arm64", architecture: awslambda.Architecture_ARM_64()}
	_, err = builder.newFunction(newStack(app, "Fixture"), "Function", source, awslambda.FunctionProps{Description: jsii.String("a fixture")})
	if err == nil {
		app.Synth(nil)
	}
	return outdir, err
}

func TestFunctionIsBuiltForLambdaWhenTheTemplateIs(t *testing.T) {
	module, source := fixture(t)
	built, err := synthesizeFixture(t, module, source, true)
	if err != nil {
		t.Fatal(err)
	}
	assets, _ := filepath.Glob(filepath.Join(built, "asset.*.zip"))
	if len(assets) != 1 {
		t.Fatalf("the assets are %v", assets)
	}
	if err := functions.CheckArchive(assets[0], "arm64", ""); err != nil {
		t.Error(err)
	}
	_, function := readTemplate(t, built, "Fixture").only(t, "AWS::Lambda::Function")
	if key := function.property("Code", "S3Key"); key != strings.TrimPrefix(filepath.Base(assets[0]), "asset.") {
		t.Errorf("the function's code is %s, the asset %s", key, assets[0])
	}
	if packaging := assetPackaging(t, built); packaging != "file" {
		t.Errorf("the archive is uploaded as a %s", packaging)
	}

	t.Run("and the template is the same where nothing is built", func(t *testing.T) {
		skipped, err := synthesizeFixture(t, module, source, false)
		if err != nil {
			t.Fatal(err)
		}
		if assets, _ := filepath.Glob(filepath.Join(skipped, "asset.*.zip")); assets != nil {
			t.Errorf("built %v", assets)
		}
		if !bytes.Equal(readTemplate(t, built, "Fixture").text, readTemplate(t, skipped, "Fixture").text) {
			t.Error("the templates differ")
		}
	})
	t.Run("and the same in another folder", func(t *testing.T) {
		module, source := fixture(t)
		elsewhere, err := synthesizeFixture(t, module, source, true)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(readTemplate(t, built, "Fixture").text, readTemplate(t, elsewhere, "Fixture").text) {
			t.Error("the templates differ")
		}
	})
}

// A failure must not fall through to a container, and must leave nothing that
// a later synthesis takes for a finished build.
func TestFunctionThatDoesNotCompileFailsTheSynthesis(t *testing.T) {
	module, source := fixture(t)
	write(t, module, map[string]string{"answer/answer.go": "package answer\n\nconst Text = fortyTwo\n"})

	var outdir string
	said := standardError(t, func() {
		var err error
		outdir, err = synthesizeFixture(t, module, source, true)
		if want := "building the function lambda for linux/arm64 failed: exit status 1; if its modules cannot be downloaded, " + elsewhere; err == nil || err.Error() != want {
			t.Errorf("got  %v\nwant %s", err, want)
		}
	})
	if want := "answer/answer.go:3:14: undefined: fortyTwo"; !strings.Contains(said, want) {
		t.Errorf("standard error is without %q:\n%s", want, said)
	}
	if strings.Contains(strings.ToLower(said), "docker") {
		t.Errorf("a container was tried:\n%s", said)
	}
	if left, _ := filepath.Glob(filepath.Join(outdir, "asset.*")); left != nil {
		t.Errorf("not removed: %v", left)
	}
}

// assetPackaging is how the command line uploads the asset that is a zip file.
func assetPackaging(t *testing.T, outdir string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(outdir, "Fixture.assets.json"))
	if err != nil {
		t.Fatal(err)
	}
	var manifest struct {
		Files map[string]struct {
			Source struct{ Path, Packaging string }
		}
	}
	if err := json.Unmarshal(text, &manifest); err != nil {
		t.Fatal(err)
	}
	for _, file := range manifest.Files {
		if strings.HasSuffix(file.Source.Path, ".zip") {
			return file.Source.Packaging
		}
	}
	return "nothing"
}

// A module with one function, whose name is not ours.
func fixture(t *testing.T) (module string, source functions.Function) {
	t.Helper()
	module = t.TempDir()
	write(t, module, map[string]string{
		"go.mod":           "module example.com/fixture\n\ngo 1.25.0\n",
		"lambda/main.go":   "package main\n\nimport \"example.com/fixture/answer\"\n\nfunc main() { println(answer.Text) }\n",
		"answer/answer.go": "// Package answer is part of the function.\npackage answer\n\nconst Text = \"forty-two\"\n",
	})
	return module, functions.Function{Name: "fixture", Main: "lambda"}
}

func write(t *testing.T, folder string, files map[string]string) {
	t.Helper()
	for name, text := range files {
		file := filepath.Join(folder, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// standardError is what a function writes to standard error.
func standardError(t *testing.T, f func()) string {
	t.Helper()
	reader, writer, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	standard := os.Stderr
	os.Stderr = writer
	said := make(chan string)
	go func() {
		text, _ := io.ReadAll(reader)
		said <- string(text)
	}()
	func() {
		defer func() { os.Stderr = standard; writer.Close() }()
		f()
	}()
	return <-said
}

// An app whose functions cannot be built where it is synthesized takes archives
// that were built before, and then needs no Go.
func TestFunctionsAreTakenFromArchivesThatWereBuiltElsewhere(t *testing.T) {
	module, source := fixture(t)
	archive, err := source.Build(module, "arm64", "", io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	folder := t.TempDir()
	for _, f := range functions.All {
		write(t, folder, map[string]string{f.ArchiveName("arm64"): string(archive)})
	}
	t.Setenv("PATH", t.TempDir())

	app, outdir := newApp(t, map[string]any{"signedfront:functions": folder, "aws:cdk:bundling-stacks": []string{"**"}})
	if _, err := NewPrivateContent(newStack(app, "Media"), "Content", &PrivateContentProps{Ephemeral: true}); err != nil {
		t.Fatal(err)
	}
	app.Synth(nil)
	template := readTemplate(t, outdir, "Media")
	for _, id := range template.all("AWS::Lambda::Function") {
		key, _ := template.Resources[id].property("Code", "S3Key").(string)
		asset, err := os.ReadFile(filepath.Join(outdir, "asset."+key))
		if err != nil || !bytes.Equal(asset, archive) {
			t.Errorf("%s is %d bytes, the archive %d (%v)", id, len(asset), len(archive), err)
		}
	}

	const pem = "-----BEGIN PRIVATE KEY-----\nMIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQg\n-----END PRIVATE KEY-----\n"
	missing := filepath.Join(folder, "missing")
	for name, test := range map[string]struct {
		context any
		want    string
	}{
		"from none in the folder":    {missing, fmt.Sprintf(`signedfront:functions: the folder %q, with a problem in keypair-arm64.zip: there is no such file; %s`, missing, elsewhere)},
		"from no folder but a list":  {[]string{folder}, "signedfront:functions: "},
		"from what may be a key":     {pem, "signedfront:functions: the folder a value of "},
		"from no architecture known": {nil, `signedfront:functionArchitecture: "mips"; write "arm64" or "x86_64"`},
		"from a key for a processor": {nil, `signedfront:functionArchitecture: a value of `},
	} {
		t.Run("but not "+name, func(t *testing.T) {
			context := map[string]any{}
			if test.context != nil {
				context["signedfront:functions"] = test.context
			}
			if strings.Contains(test.want, "mips") {
				context["signedfront:functionArchitecture"] = "mips"
			} else if test.context == nil {
				context["signedfront:functionArchitecture"] = pem
			}
			app, _ := newApp(t, context)
			_, err := NewPrivateContent(newStack(app, "Media"), "Content", &PrivateContentProps{})
			if err == nil || !strings.HasPrefix(err.Error(), test.want) || strings.Contains(err.Error(), "MIGHAgEAMBMG") {
				t.Errorf("got  %v\nwant %s", err, test.want)
			}
		})
	}
}

func TestFunctionsThatCannotBeBuiltSayWhatElseToDo(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	module, source := fixture(t)
	_, err := synthesizeFixture(t, module, source, true)
	if err == nil || !strings.HasSuffix(err.Error(), "the go command is not on the PATH: install Go, or add its bin folder to the PATH; or "+elsewhere) {
		t.Errorf("got %v", err)
	}
}
