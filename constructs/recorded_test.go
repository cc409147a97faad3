package constructs

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/signedfront/signedfront/constructs/functions"
	"github.com/signedfront/signedfront/signer/edge/recorded"
)

const recordedFolder = "../signer/edge/recorded"

func TestTheRecordedTemplateIsWhatTheAppSynthesizes(t *testing.T) {
	outdir, said, status := runApp(t, nil, "CDK_VALIDATION=false")
	if status != 0 {
		t.Fatalf("exit status %d: %s", status, said)
	}
	synthesized := recorded.WithoutDigests(readTemplate(t, outdir, recorded.StackName).text)
	compareRecorded(t, "template.json", synthesized)
}

// A file more or less that the app compiles is another app.
func TestTheRecordedSourcesAreThoseOfTheApp(t *testing.T) {
	names := []string{"cdk.json", "go.mod", "go.sum"}
	out := goCommand(t, "list", "-deps", "-json=Dir,Module,EmbedFiles", ".")
	for decoder := json.NewDecoder(bytes.NewReader(out)); decoder.More(); {
		var p struct {
			Dir        string
			EmbedFiles []string
			Module     *struct{ Path, Dir string }
		}
		if err := decoder.Decode(&p); err != nil {
			t.Fatal(err)
		}
		if p.Module == nil || p.Module.Path != functions.ModulePath {
			continue
		}
		folder, err := filepath.Rel(p.Module.Dir, p.Dir)
		if err != nil {
			t.Fatal(err)
		}
		files, err := os.ReadDir(p.Dir)
		if err != nil {
			t.Fatal(err)
		}
		for _, file := range files {
			if recorded.IsSource(file.Name()) || slices.Contains(p.EmbedFiles, file.Name()) {
				names = append(names, path.Join(filepath.ToSlash(folder), file.Name()))
			}
		}
	}
	slices.Sort(names)
	var sources strings.Builder
	for _, name := range names {
		text, err := os.ReadFile(filepath.Join("..", name))
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(&sources, "%s  %s\n", recorded.Digest(text), name)
	}
	compareRecorded(t, "sources.sum", []byte(sources.String()))
}

// compareRecorded compares a text with a file of package recorded, which -update
// writes anew.
func compareRecorded(t *testing.T, file string, got []byte) {
	t.Helper()
	file = filepath.Join(recordedFolder, file)
	if *update {
		if err := os.WriteFile(file, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("%s is not what the app is; write it anew: go test ./constructs -run Recorded -update", file)
	}
}
