package constructs

import (
	"archive/zip"
	"bytes"
	"encoding/json"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

var functionSources = []functionSource{keyPairSource, bucketEmptierSource}

// The fingerprint reads folders that a list names, since asking the Go command
// would need the modules that only the functions use.
func TestFingerprintCoversEveryPackageOfAFunction(t *testing.T) {
	for _, source := range functionSources {
		t.Run(source.main, func(t *testing.T) {
			env, err := buildEnvironment(os.Environ(), "arm64")
			if err != nil {
				t.Fatal(err)
			}
			list := exec.Command("go", "list", "-deps", "-tags="+functionTags, "-json", "./"+source.main)
			list.Dir, list.Env, list.Stderr = "..", env, os.Stderr
			out, err := list.Output()
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for decoder := json.NewDecoder(bytes.NewReader(out)); decoder.More(); {
				var p struct {
					ImportPath                            string
					CFiles, SFiles, SysoFiles, EmbedFiles []string
				}
				if err := decoder.Decode(&p); err != nil {
					t.Fatal(err)
				}
				if folder, ours := strings.CutPrefix(p.ImportPath, modulePath+"/"); ours {
					got = append(got, folder)
					if others := slices.Concat(p.CFiles, p.SFiles, p.SysoFiles, p.EmbedFiles); others != nil {
						t.Errorf("%s has files %v, which the fingerprint leaves out", folder, others)
					}
				}
			}
			want := append([]string{source.main}, source.packages...)
			slices.Sort(got)
			slices.Sort(want)
			if !slices.Equal(got, want) {
				t.Errorf("packages in the function %v, in the fingerprint %v", got, want)
			}
		})
	}
}

// A module with one function, whose name is not ours.
func fixture(t *testing.T) (module string, source functionSource) {
	t.Helper()
	module = t.TempDir()
	write(t, module, map[string]string{
		"go.mod":               "module example.com/fixture\n\ngo 1.25.0\n",
		"go.sum":               "",
		"lambda/main.go":       "package main\n\nimport \"example.com/fixture/answer\"\n\nfunc main() { println(answer.Text) }\n",
		"lambda/main_test.go":  "package main\n",
		"answer/answer.go":     "// Package answer is part of the function.\npackage answer\n\nconst Text = \"forty-two\"\n",
		"elsewhere/another.go": "package elsewhere\n",
	})
	return module, functionSource{main: "lambda", packages: []string{"answer"}}
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

func TestFingerprintTellsWhatMakesAnotherExecutable(t *testing.T) {
	module, source := fixture(t)
	fingerprint := func(t *testing.T, module string, source functionSource, goarch string) string {
		t.Helper()
		sum, err := source.fingerprint(module, goarch)
		if err != nil {
			t.Fatal(err)
		}
		return sum
	}
	standard := fingerprint(t, module, source, "arm64")

	tests := []struct {
		name    string
		files   map[string]string
		changes bool
	}{
		{"the folder that the module lies in", nil, false},
		{"carriage returns at the ends of lines", map[string]string{"answer/answer.go": "// Package answer is part of the function.\r\npackage answer\r\n\r\nconst Text = \"forty-two\"\r\n"}, false},
		{"a test", map[string]string{"lambda/main_test.go": "package main // tested\n"}, false},
		{"a package that the function does not import", map[string]string{"elsewhere/another.go": "package elsewhere // changed\n"}, false},
		{"a file of the function", map[string]string{"answer/answer.go": "package answer\n\nconst Text = \"forty-three\"\n"}, true},
		{"another file beside it", map[string]string{"answer/more.go": "package answer\n"}, true},
		{"the version of a module", map[string]string{"go.sum": "example.com/other v1.0.1 h1:0000000000000000000000000000000000000000000=\n"}, true},
		{"the language", map[string]string{"go.mod": "module example.com/fixture\n\ngo 1.25.1\n"}, true},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			module, source := fixture(t)
			write(t, module, test.files)
			if changed := fingerprint(t, module, source, "arm64") != standard; changed != test.changes {
				t.Errorf("changes the fingerprint: %v, want %v", changed, test.changes)
			}
		})
	}
	t.Run("the processor", func(t *testing.T) {
		if fingerprint(t, module, source, "amd64") == standard {
			t.Error("the fingerprint is the same for both")
		}
	})
}

// What one machine exports for its own programs must not make another
// executable of the same sources.
func TestSameSourcesMakeTheSameExecutable(t *testing.T) {
	here, err := thisModule()
	if err != nil {
		t.Fatal(err)
	}
	build := func(module string) []byte {
		t.Helper()
		file := filepath.Join(t.TempDir(), "bootstrap")
		var log bytes.Buffer
		if err := keyPairSource.build(module, "arm64", file, &log); err != nil {
			t.Fatalf("%v\n%s", err, &log)
		}
		executable, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		return executable
	}
	first := build(here)

	elsewhere := filepath.Join(t.TempDir(), "another place")
	for _, folder := range append([]string{".", keyPairSource.main}, keyPairSource.packages...) {
		copyFiles(t, filepath.Join(here, folder), filepath.Join(elsewhere, folder))
	}
	work := filepath.Join(t.TempDir(), "go.work")
	write(t, filepath.Dir(work), map[string]string{"go.work": "go 1.25.0\n"})
	for name, value := range map[string]string{
		"GOFLAGS": "-ldflags=-X=main.name=other -mod=mod", "GOEXPERIMENT": "nodwarf5", "GOARM64": "v9.0", "GOFIPS140": "latest",
		"GOWORK": work, "GOOS": "windows", "GOARCH": "386", "CGO_ENABLED": "1", "GODEBUG": "randautoseed=0",
	} {
		t.Setenv(name, value)
	}
	if second := build(elsewhere); !bytes.Equal(first, second) {
		t.Errorf("%d bytes here, %d other bytes elsewhere", len(first), len(second))
	}

	sum, err := keyPairSource.fingerprint(here, "arm64")
	if err != nil {
		t.Fatal(err)
	}
	if other, err := keyPairSource.fingerprint(elsewhere, "arm64"); err != nil || other != sum {
		t.Errorf("fingerprint %s here, %s elsewhere (%v)", sum, other, err)
	}
}

// copyFiles copies the files of a folder, and not the folders in it.
func copyFiles(t *testing.T, from, to string) {
	t.Helper()
	entries, err := os.ReadDir(from)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(to, 0o755); err != nil {
		t.Fatal(err)
	}
	for _, entry := range entries {
		if !entry.Type().IsRegular() {
			continue
		}
		text, err := os.ReadFile(filepath.Join(from, entry.Name()))
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(to, entry.Name()), text, 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

func TestEnvironmentWrittenWithGoEnvDoesNotReachABuild(t *testing.T) {
	file := filepath.Join(t.TempDir(), "env")
	write(t, filepath.Dir(file), map[string]string{"env": "GOEXPERIMENT=nodwarf5\nGOPROXY=https://proxy.example.com\n"})
	env, err := buildEnvironment(append(os.Environ(), "GOENV="+file, "GOPROXY="), "arm64")
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"GOPROXY=https://proxy.example.com", "GOENV=off", "GOWORK=off", "GOOS=linux", "GOARCH=arm64", "CGO_ENABLED=0", "PATH=" + os.Getenv("PATH")} {
		if !slices.Contains(env, want) {
			t.Errorf("without %s", want)
		}
	}
	for _, variable := range env {
		if strings.HasPrefix(variable, "GOEXPERIMENT=") {
			t.Errorf("with %s", variable)
		}
	}
}

// An app that imports this module has its source in its module cache, even
// where the app itself builds from a vendor folder.
func TestSourceIsFoundFromAnotherModule(t *testing.T) {
	proxy := t.TempDir()
	const version = "v0.1.0"
	goMod := "module " + modulePath + "\n\ngo 1.25.0\n"
	write(t, filepath.Join(proxy, modulePath, "@v"), map[string]string{
		version + ".info": `{"Version": "` + version + `"}`,
		version + ".mod":  goMod,
	})
	archive, err := os.Create(filepath.Join(proxy, modulePath, "@v", version+".zip"))
	if err != nil {
		t.Fatal(err)
	}
	files := zip.NewWriter(archive)
	for name, text := range map[string]string{"go.mod": goMod, "signer/signer.go": "package signer\n", "constructs/keypair/lambda/main.go": "package main\n"} {
		file, err := files.Create(modulePath + "@" + version + "/" + name)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(file, text); err != nil {
			t.Fatal(err)
		}
	}
	if err := files.Close(); err != nil {
		t.Fatal(err)
	}
	if err := archive.Close(); err != nil {
		t.Fatal(err)
	}

	t.Setenv("GOMODCACHE", t.TempDir())
	t.Setenv("GOPROXY", "file://"+filepath.ToSlash(proxy))
	t.Setenv("GONOSUMDB", modulePath)
	t.Setenv("GOFLAGS", "-modcacherw")
	t.Setenv("GOWORK", "off")
	app := t.TempDir()
	write(t, app, map[string]string{
		"go.mod":  "module example.com/app\n\ngo 1.25.0\n\nrequire " + modulePath + " " + version + "\n",
		"main.go": "package main\n\nimport _ \"" + modulePath + "/signer\"\n\nfunc main() {}\n",
	})
	goCommand := func(args ...string) {
		t.Helper()
		command := exec.Command("go", args...)
		command.Dir = app
		if out, err := command.CombinedOutput(); err != nil {
			t.Fatalf("%v: %s", err, out)
		}
	}
	found := func(t *testing.T) {
		t.Helper()
		module, err := findModule(app)
		if err != nil {
			t.Error(err)
			return
		}
		if _, err := os.Stat(filepath.Join(module, "constructs", "keypair", "lambda", "main.go")); err != nil {
			t.Error(err)
		}
	}
	goCommand("mod", "tidy")
	t.Run("in the module cache", found)
	goCommand("mod", "vendor")
	t.Run("beside a vendor folder", found)
	goCommand("clean", "-modcache")
	t.Run("beside a vendor folder, on a machine without it", found)

	local := t.TempDir()
	write(t, local, map[string]string{"go.mod": goMod, "signer/signer.go": "package signer\n", "constructs/keypair/lambda/main.go": "package main\n"})
	goCommand("mod", "edit", "-replace="+modulePath+"="+local)
	goCommand("mod", "vendor")
	t.Run("replaced by a folder, beside a vendor folder", found)
	if err := os.RemoveAll(filepath.Join(app, "vendor")); err != nil {
		t.Fatal(err)
	}
	t.Run("replaced by a folder", found)
}

func TestMissingGoIsNamed(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	_, err := findModule(".")
	if want := "finding the source of github.com/signedfront/signedfront: the go command is not on the PATH: install Go, or add its bin folder to the PATH"; err == nil || err.Error() != want {
		t.Errorf("got  %v\nwant %s", err, want)
	}
}
