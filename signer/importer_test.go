package signer_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// A test's imports are in the importer's go.sum too, which go mod tidy shows.
func TestAProgramThatImportsTheSignerDownloadsNothingElse(t *testing.T) {
	repository, err := filepath.Abs("..")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	for name, text := range map[string]string{
		"go.mod": "module importer\n\ngo 1.25.0\n\nrequire github.com/signedfront/signedfront v0.0.0\n\n" +
			"replace github.com/signedfront/signedfront => " + filepath.ToSlash(repository) + "\n",
		"main.go": `package main

import (
	_ "github.com/signedfront/signedfront/signer"
	_ "github.com/signedfront/signedfront/signer/edge/edgetest"
	_ "github.com/signedfront/signedfront/signer/hls"
	_ "github.com/signedfront/signedfront/signer/signhttp"
	_ "github.com/signedfront/signedfront/signer/sourcetest"
)

func main() {}
`,
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	modules := t.TempDir()
	for _, args := range [][]string{{"mod", "tidy"}, {"build", "-o", os.DevNull, "."}} {
		cmd := exec.Command("go", args...)
		cmd.Dir = dir
		cmd.Env = append(os.Environ(), "GOPROXY=off", "GOWORK=off", "GOFLAGS=-modcacherw -buildvcs=false", "GOMODCACHE="+modules)
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("go %v with no module proxy: %v\n%s", args, err, out)
		}
	}
	if _, err := os.Stat(filepath.Join(dir, "go.sum")); err == nil {
		t.Error("the importer has got a go.sum")
	}
}
