package constructs

import (
	"bytes"
	"debug/elf"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/aws/aws-cdk-go/awscdk/v2/awslambda"
	"github.com/aws/jsii-runtime-go"
)

// synthesizeFixture makes the template of a stack with the function of a
// module, and builds the function where asked to.
func synthesizeFixture(t *testing.T, module string, source functionSource, bundle bool) (outdir string, err error) {
	t.Helper()
	patterns := []string{}
	if bundle {
		patterns = []string{"**"}
	}
	app, outdir := newApp(t, map[string]any{"aws:cdk:bundling-stacks": patterns})
	builder := &functionBuilder{module: module, goarch: "arm64", architecture: awslambda.Architecture_ARM_64()}
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
	executables, _ := filepath.Glob(filepath.Join(built, "asset.*", "*"))
	if len(executables) != 1 || filepath.Base(executables[0]) != "bootstrap" {
		t.Fatalf("the asset holds %v", executables)
	}
	program, err := elf.Open(executables[0])
	if err != nil {
		t.Fatal(err)
	}
	defer program.Close()
	if program.Machine != elf.EM_AARCH64 {
		t.Errorf("built for %v", program.Machine)
	}
	if libraries, err := program.ImportedLibraries(); len(libraries) != 0 {
		t.Errorf("it needs %v (%v)", libraries, err)
	}

	_, function := readTemplate(t, built, "Fixture").only(t, "AWS::Lambda::Function")
	key, _ := function.property("Code", "S3Key").(string)
	if folder := filepath.Base(filepath.Dir(executables[0])); key != strings.TrimPrefix(folder, "asset.")+".zip" {
		t.Errorf("the function's code is %s, the asset %s", key, folder)
	}

	t.Run("and the template is the same where nothing is built", func(t *testing.T) {
		skipped, err := synthesizeFixture(t, module, source, false)
		if err != nil {
			t.Fatal(err)
		}
		if assets, _ := filepath.Glob(filepath.Join(skipped, "asset.*")); assets != nil {
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
		if want := "building the function lambda for linux/arm64 failed: exit status 1"; err == nil || err.Error() != want {
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
		t.Errorf("left behind: %v", left)
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
