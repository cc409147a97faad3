package functions

import (
	"archive/zip"
	"bytes"
	"encoding/json"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
)

// Other modules are listed, because the Go command would need their sources to find them.
func TestTheFingerprintCoversAllThatIsCompiledIn(t *testing.T) {
	for _, f := range All {
		t.Run(f.Name, func(t *testing.T) {
			env, err := buildEnvironment(os.Environ(), "arm64")
			if err != nil {
				t.Fatal(err)
			}
			list := exec.Command("go", "list", "-deps", "-tags="+tags, "-json", "./"+f.Main)
			list.Dir, list.Env, list.Stderr = "../..", env, os.Stderr
			out, err := list.Output()
			if err != nil {
				t.Fatal(err)
			}
			var files, modules []string
			for decoder := json.NewDecoder(bytes.NewReader(out)); decoder.More(); {
				var p struct {
					ImportPath                                             string
					Module                                                 *goModule
					GoFiles, CgoFiles, CFiles, CXXFiles, SFiles, HFiles    []string
					SysoFiles, EmbedFiles, SwigFiles, SwigCXXFiles, MFiles []string
				}
				if err := decoder.Decode(&p); err != nil {
					t.Fatal(err)
				}
				folder, ours := strings.CutPrefix(p.ImportPath, ModulePath+"/")
				switch {
				case ours:
					for _, name := range slices.Concat(p.GoFiles, p.CgoFiles, p.CFiles, p.CXXFiles, p.SFiles, p.HFiles, p.SysoFiles, p.EmbedFiles, p.SwigFiles, p.SwigCXXFiles, p.MFiles) {
						files = append(files, folder+"/"+name)
					}
				case p.Module != nil && !slices.Contains(modules, p.Module.Path):
					modules = append(modules, p.Module.Path)
				}
			}
			slices.Sort(files)
			slices.Sort(modules)
			got, err := f.files("../..", ModulePath, "arm64")
			if err != nil {
				t.Fatal(err)
			}
			if !slices.Equal(got, files) {
				t.Errorf("files in the fingerprint\n%q\nin the function\n%q", got, files)
			}
			if listed := slices.Sorted(slices.Values(f.Modules)); !slices.Equal(listed, modules) {
				t.Errorf("modules in the fingerprint\n%q\nin the function\n%q", listed, modules)
			}
		})
	}
}

// A module with one function and another name.
func fixture(t *testing.T) (module string, f Function) {
	t.Helper()
	module = t.TempDir()
	write(t, module, map[string]string{
		"go.mod":                "module example.com/fixture\n\ngo 1.25.0\n\nrequire (\n\texample.com/in v1.0.0\n\texample.com/out v1.0.0\n)\n",
		"lambda/main.go":        "package main\n\nimport \"example.com/fixture/answer\"\n\nfunc main() { println(answer.Text) }\n",
		"lambda/main_test.go":   "package main\n",
		"answer/answer.go":      "// Package answer is part of the function.\npackage answer\n\nconst Text = \"forty-two\"\n",
		"answer/on_windows.go":  "//go:build windows\n\npackage answer\n",
		"answer/on_amd64.go":    "//go:build amd64\n\npackage answer\n",
		"answer/on_emulator.go": "//go:build signedfront_emulator\n\npackage answer\n",
		"elsewhere/another.go":  "package elsewhere\n",
	})
	return module, Function{Name: "fixture", Main: "lambda", Modules: []string{"example.com/in"}}
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

func TestTheFingerprintTellsWhatMakesAnotherArchiveAndNothingElse(t *testing.T) {
	fingerprint := func(t *testing.T, module string, f Function, goarch string) string {
		t.Helper()
		sum, err := f.Fingerprint(module, goarch)
		if err != nil {
			t.Fatal(err)
		}
		return sum
	}
	module, f := fixture(t)
	standard := fingerprint(t, module, f, "arm64")
	require := func(lines string) map[string]string {
		return map[string]string{"go.mod": "module example.com/fixture\n\ngo 1.25.0\n\n" + lines}
	}

	tests := []struct {
		name    string
		files   map[string]string
		changes bool
	}{
		{"the folder that the module lies in", nil, false},
		{"carriage returns at the ends of lines", map[string]string{"answer/answer.go": "// Package answer is part of the function.\r\npackage answer\r\n\r\nconst Text = \"forty-two\"\r\n"}, false},
		{"a test", map[string]string{"lambda/main_test.go": "package main // tested\n"}, false},
		{"a package that the function does not import", map[string]string{"elsewhere/another.go": "package elsewhere // changed\n"}, false},
		{"a comment in a file for another system", map[string]string{"answer/on_windows.go": "//go:build windows\n\npackage answer // changed\n"}, false},
		{"a comment in a file for another processor", map[string]string{"answer/on_amd64.go": "//go:build amd64\n\npackage answer // changed\n"}, false},
		{"a comment in a file for an emulator", map[string]string{"answer/on_emulator.go": "//go:build signedfront_emulator\n\npackage answer // changed\n"}, false},
		{"a file that is ignored", map[string]string{"answer/generate.go": "//go:build ignore\n\npackage main\n"}, false},
		{"the version of a module that is not in it", require("require (\n\texample.com/in v1.0.0\n\texample.com/out v1.0.1\n)\n"), false},
		{"a comment in go.mod", require("// Of others.\nrequire (\n\texample.com/in v1.0.0\n\texample.com/out v1.0.0\n)\n"), false},
		{"go.sum", map[string]string{"go.sum": "example.com/out v1.0.0 h1:0000000000000000000000000000000000000000000=\n"}, false},

		{"a file of the function", map[string]string{"answer/answer.go": "package answer\n\nconst Text = \"forty-three\"\n"}, true},
		{"another file beside it", map[string]string{"answer/more.go": "package answer\n"}, true},
		{"the version of a module that is in it", require("require (\n\texample.com/in v1.0.1\n\texample.com/out v1.0.0\n)\n"), true},
		{"a module in another's place", require("require example.com/in v1.0.0\n\nreplace example.com/in => example.com/fork v1.0.0\n"), true},
		{"the language", map[string]string{"go.mod": "module example.com/fixture\n\ngo 1.25.1\n\nrequire example.com/in v1.0.0\n"}, true},
		{"a setting of the runtime", require("godebug panicnil=1\n\nrequire example.com/in v1.0.0\n"), true},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			module, f := fixture(t)
			write(t, module, test.files)
			if changed := fingerprint(t, module, f, "arm64") != standard; changed != test.changes {
				t.Errorf("changes the fingerprint: %v, want %v", changed, test.changes)
			}
		})
	}
	t.Run("the processor", func(t *testing.T) {
		if fingerprint(t, module, f, "amd64") == standard {
			t.Error("the fingerprint is the same for both")
		}
	})
	t.Run("the build flags, tags among them", func(t *testing.T) {
		flags := buildFlags
		defer func() { buildFlags = flags }()
		buildFlags = []string{"-tags=signedfront_emulator"}
		if fingerprint(t, module, f, "arm64") == standard {
			t.Error("the fingerprint is the same with both")
		}
	})
	t.Run("the toolchain", func(t *testing.T) {
		t.Setenv("PATH", anotherToolchain(t)+string(os.PathListSeparator)+os.Getenv("PATH"))
		if fingerprint(t, module, f, "arm64") == standard {
			t.Error("the fingerprint is the same with both")
		}
	})
	t.Run("but not what a machine exports for its own programs", func(t *testing.T) {
		for name, value := range hostile(t) {
			t.Setenv(name, value)
		}
		if fingerprint(t, module, f, "arm64") != standard {
			t.Error("the fingerprint is another")
		}
	})
	t.Run("and a module that is a folder is refused, for its files are not known", func(t *testing.T) {
		module, f := fixture(t)
		write(t, module, require("require example.com/in v1.0.0\n\nreplace example.com/in => ../in\n"))
		if sum, err := f.Fingerprint(module, "arm64"); err == nil {
			t.Errorf("got %s", sum)
		}
	})
}

// anotherToolchain is a folder with a go command that says that it is another
// version, and is the one of the machine.
func anotherToolchain(t *testing.T) string {
	t.Helper()
	real, err := exec.LookPath("go")
	if err != nil {
		t.Fatal(err)
	}
	folder := t.TempDir()
	script := "#!/bin/sh\nif [ \"$*\" = 'env GOVERSION' ]; then echo go1.99.1; else exec '" + real + "' \"$@\"; fi\n"
	if err := os.WriteFile(filepath.Join(folder, "go"), []byte(script), 0o755); err != nil {
		t.Fatal(err)
	}
	return folder
}

// hostile are settings of Go that would change the compiled code.
func hostile(t *testing.T) map[string]string {
	t.Helper()
	work := filepath.Join(t.TempDir(), "go.work")
	write(t, filepath.Dir(work), map[string]string{"go.work": "go 1.25.0\n"})
	return map[string]string{
		"GOFLAGS": "-ldflags=-X=main.name=other -mod=mod", "GOEXPERIMENT": "nodwarf5", "GOARM64": "v9.0", "GOFIPS140": "latest",
		"GOWORK": work, "GOOS": "windows", "GOARCH": "386", "CGO_ENABLED": "1", "GODEBUG": "randautoseed=0",
	}
}

// Settings of a machine must not change the archive of the same sources.
func TestTheSameSourcesMakeTheSameArchive(t *testing.T) {
	here, err := Module()
	if err != nil {
		t.Fatal(err)
	}
	build := func(module string) []byte {
		t.Helper()
		var log bytes.Buffer
		text, err := KeyPair.Build(module, "arm64", "", &log)
		if err != nil {
			t.Fatalf("%v\n%s", err, &log)
		}
		return text
	}
	first := build(here)
	file := filepath.Join(t.TempDir(), KeyPair.ArchiveName("arm64"))
	if err := os.WriteFile(file, first, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := CheckArchive(file, "arm64", ""); err != nil {
		t.Error(err)
	}

	elsewhere := filepath.Join(t.TempDir(), "another place")
	files, err := KeyPair.files(here, ModulePath, "arm64")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range append(files, "go.mod", "go.sum") {
		text, err := os.ReadFile(filepath.Join(here, filepath.FromSlash(name)))
		if err != nil {
			t.Fatal(err)
		}
		write(t, elsewhere, map[string]string{name: string(text)})
	}
	sum, err := KeyPair.Fingerprint(here, "arm64")
	if err != nil {
		t.Fatal(err)
	}
	for name, value := range hostile(t) {
		t.Setenv(name, value)
	}
	if second := build(elsewhere); !bytes.Equal(first, second) {
		t.Errorf("%d bytes here, %d other bytes elsewhere", len(first), len(second))
	}
	if other, err := KeyPair.Fingerprint(elsewhere, "arm64"); err != nil || other != sum {
		t.Errorf("fingerprint %s here, %s elsewhere (%v)", sum, other, err)
	}
}

func TestAnArchiveThatWasBuiltElsewhereIsChecked(t *testing.T) {
	program, err := os.ReadFile(os.Args[0])
	if err != nil {
		t.Fatal(err)
	}
	another := func(change func(*zip.FileHeader)) []byte {
		var text bytes.Buffer
		w := zip.NewWriter(&text)
		header := &zip.FileHeader{Name: "bootstrap"}
		header.SetMode(0o755)
		change(header)
		entry, err := w.CreateHeader(header)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := entry.Write(program); err != nil {
			t.Fatal(err)
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		return text.Bytes()
	}
	ours, err := archive(program, "v1.2.3")
	if err != nil {
		t.Fatal(err)
	}
	other := map[string]string{"amd64": "arm64", "arm64": "amd64"}[runtime.GOARCH]
	for name, test := range map[string]struct {
		text                  []byte
		goarch, version, want string
	}{
		"as it was built":         {ours, runtime.GOARCH, "v1.2.3", ""},
		"by an app of no version": {ours, runtime.GOARCH, "", ""},
		"of another version":      {ours, runtime.GOARCH, "v1.2.4", "its version is not v1.2.4, the version of the app"},
		"for another processor":   {ours, other, "v1.2.3", "its bootstrap is not a program for linux/" + other},
		"that nobody can execute": {another(func(h *zip.FileHeader) { h.SetMode(0o700) }), runtime.GOARCH, "", "it must contain exactly one file, bootstrap, with the mode 0755"},
		"with another name in it": {another(func(h *zip.FileHeader) { h.Name = "main" }), runtime.GOARCH, "", "it must contain exactly one file, bootstrap, with the mode 0755"},
		"that is a program":       {program, runtime.GOARCH, "", "it is not a zip file that can be read"},
		"that is empty":           {nil, runtime.GOARCH, "", "it is not a zip file that can be read"},
		"that was cut":            {ours[:len(ours)/2], runtime.GOARCH, "", "it is not a zip file that can be read"},
	} {
		t.Run(name, func(t *testing.T) {
			if runtime.GOOS != "linux" {
				t.Skip("the test's own program is none for Linux")
			}
			file := filepath.Join(t.TempDir(), "function.zip")
			if err := os.WriteFile(file, test.text, 0o600); err != nil {
				t.Fatal(err)
			}
			err := CheckArchive(file, test.goarch, test.version)
			if test.want == "" && err != nil || test.want != "" && (err == nil || err.Error() != test.want) {
				t.Errorf("got  %v\nwant %s", err, test.want)
			}
		})
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
	goMod := "module " + ModulePath + "\n\ngo 1.25.0\n"
	write(t, filepath.Join(proxy, ModulePath, "@v"), map[string]string{
		version + ".info": `{"Version": "` + version + `"}`,
		version + ".mod":  goMod,
	})
	archive, err := os.Create(filepath.Join(proxy, ModulePath, "@v", version+".zip"))
	if err != nil {
		t.Fatal(err)
	}
	files := zip.NewWriter(archive)
	for name, text := range map[string]string{"go.mod": goMod, "signer/signer.go": "package signer\n", "constructs/keypair/lambda/main.go": "package main\n"} {
		file, err := files.Create(ModulePath + "@" + version + "/" + name)
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
	t.Setenv("GONOSUMDB", ModulePath)
	t.Setenv("GOFLAGS", "-modcacherw")
	t.Setenv("GOWORK", "off")
	app := t.TempDir()
	write(t, app, map[string]string{
		"go.mod":  "module example.com/app\n\ngo 1.25.0\n\nrequire " + ModulePath + " " + version + "\n",
		"main.go": "package main\n\nimport _ \"" + ModulePath + "/signer\"\n\nfunc main() {}\n",
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

	t.Run("but not without a way to it, and then the reason is told", func(t *testing.T) {
		t.Setenv("GOMODCACHE", t.TempDir())
		t.Setenv("GOPROXY", "off")
		_, err := findModule(app)
		if want := "downloading the source of " + ModulePath + ": go mod: "; err == nil || !strings.HasPrefix(err.Error(), want) || !strings.Contains(err.Error(), "GOPROXY=off") {
			t.Errorf("got %v\nwant %s...", err, want)
		}
	})
	t.Run("nor where there is no module at all", func(t *testing.T) {
		_, err := findModule(t.TempDir())
		if want := "finding the source of " + ModulePath + ": go list: "; err == nil || !strings.HasPrefix(err.Error(), want) || len(err.Error()) == len(want) {
			t.Errorf("got %v\nwant %s...", err, want)
		}
	})

	local := t.TempDir()
	write(t, local, map[string]string{"go.mod": goMod, "signer/signer.go": "package signer\n", "constructs/keypair/lambda/main.go": "package main\n"})
	goCommand("mod", "edit", "-replace="+ModulePath+"="+local)
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

func TestNoErrorShowsAKeyThatTheGoCommandRepeats(t *testing.T) {
	const line = "MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgOsu76JPqJ5pkGsCp"
	t.Setenv("GOFLAGS", line)
	_, err := findModule(".")
	if want := `finding the source of github.com/signedfront/signedfront: go list: go: parsing $GOFLAGS: non-flag "what looks like a key"`; err == nil || err.Error() != want {
		t.Errorf("got  %v\nwant %s", err, want)
	}
}
