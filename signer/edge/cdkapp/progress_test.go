package cdkapp

import (
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
)

func TestTheProgramOfGoRunIsFound(t *testing.T) {
	for line, want := range map[string]struct {
		rest     string
		packages []string
	}{
		"go run cdk.go":               {"cdk.go", []string{"cdk.go"}},
		"go run .":                    {".", []string{"."}},
		" go  run  a.go b.go dev x ":  {"a.go b.go dev x", []string{"a.go", "b.go"}},
		"go run ./infra dev.go":       {"./infra dev.go", []string{"./infra"}},
		"go run -mod=mod -tags=x ./a": {"-mod=mod -tags=x ./a", []string{"-mod=mod", "-tags=x", "./a"}},

		"go run -tags x ./a":          {},
		"go run":                      {},
		"go run -mod=mod":             {},
		"go build ./a":                {},
		"go mod download && go run .": {},
		"go run . > log":              {},
		"go run . | tee log":          {},
		`go run "."`:                  {},
		"go run $APP":                 {},
		"go run . # the app":          {},
		"go run .; rm x":              {},
		"npx ts-node bin/app.ts":      {},
	} {
		if rest, packages := goRun(line); rest != want.rest || !slices.Equal(packages, want.packages) {
			t.Errorf("%s: got %q, %q, want %q, %q", line, rest, packages, want.rest, want.packages)
		}
	}
}

// withGo puts a go command on the PATH that runs a script.
func withGo(t *testing.T, script string) {
	t.Helper()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "go"), []byte("#!/bin/sh\n"+script), 0o700); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", dir+string(filepath.ListSeparator)+os.Getenv("PATH"))
	t.Setenv("HOME", dir)
}

const downloads = `echo "go: downloading example.com/a v1.0.0" >&2; echo "go: downloading example.com/b v1.0.0" >&2`

func appOf(t *testing.T, line string) (dir string) {
	t.Helper()
	dir = t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "cdk.json"), []byte(`{"app": "`+line+`"}`), 0o600); err != nil {
		t.Fatal(err)
	}
	return dir
}

func TestProgressTellsModulesAndPackages(t *testing.T) {
	withGo(t, `
case "$*" in
"list -deps -f={{if .Stale}}{{.ImportPath}}{{end}} cdk.go") `+downloads+`; printf 'fmt\n\nexample.com/a\n' ;;
"run -v cdk.go") `+downloads+`; printf 'fmt\nexample.com/a\nfmt\n' >&2; mkdir "$CDK_OUTDIR"; echo '{}' >"$CDK_OUTDIR/manifest.json" ;;
*) echo "go $*" >&2; exit 1 ;;
esac`)
	var told []Progress
	if _, err := Synthesize(t.Context(), appOf(t, "go run cdk.go"), &Options{Progress: func(p Progress) { told = append(told, p) }}); err != nil {
		t.Fatal(err)
	}
	a, b := Progress{Module: "example.com/a", Modules: 1}, Progress{Module: "example.com/b", Modules: 2}
	compiling := Progress{Module: "example.com/b", Modules: 2, Of: 2}
	first, second := compiling, compiling
	first.Package, first.Packages = "fmt", 1
	second.Package, second.Packages = "example.com/a", 2
	if want := []Progress{a, b, compiling, first, second}; !reflect.DeepEqual(told, want) {
		t.Errorf("got\n%+v, want\n%+v", told, want)
	}
}

func TestProgressIsNoPartOfAnError(t *testing.T) {
	for name, test := range map[string]struct{ list, run string }{
		"of an app that fails":          {`echo fmt`, `echo fmt >&2; echo "the setting is wrong" >&2; exit 1`},
		"of one that cannot be listed":  {`echo "no such package" >&2; exit 1`, `echo "the setting is wrong" >&2; exit 1`},
		"that ends without a line feed": {`echo fmt`, `printf 'fmt\nthe setting is wrong' >&2; exit 1`},
	} {
		t.Run(name, func(t *testing.T) {
			withGo(t, `case "$1" in list) `+downloads+`; `+test.list+` ;; *) `+downloads+`; `+test.run+` ;; esac`)
			_, err := Synthesize(t.Context(), appOf(t, "go run cdk.go"), &Options{Progress: func(Progress) {}})
			var failed *Error
			if !errors.As(err, &failed) {
				t.Fatalf("got %v", err)
			}
			if _, said, _ := strings.Cut(failed.Problem, "\n"); said != "the setting is wrong" {
				t.Errorf("it says %q", said)
			}
			if !strings.Contains(failed.Problem, "(go run cdk.go, ") {
				t.Errorf("it names another command than the one of cdk.json: %s", failed.Problem)
			}
		})
	}
}

// The app runs in any case. Without a Progress function its line is unchanged.
func TestWithoutProgressTheLineRunsAsItIs(t *testing.T) {
	withGo(t, `test "$*" = "run cdk.go" && mkdir "$CDK_OUTDIR" && echo '{}' >"$CDK_OUTDIR/manifest.json"`)
	if _, err := Synthesize(t.Context(), appOf(t, "go run cdk.go"), nil); err != nil {
		t.Error(err)
	}
}
