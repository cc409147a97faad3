package main_test

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"

	"github.com/signedfront/signedfront/signer"
	"github.com/signedfront/signedfront/signer/edge/cdkapp"
)

// repository is the folder of the real app.
const repository = "../../.."

// realApp returns a folder with the repository's cdk.json, whose app is the
// repository's. Its state is kept in that folder.
func realApp(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(repository, "cdk.json"))
	if err != nil {
		t.Fatal(err)
	}
	var config map[string]any
	if err := json.Unmarshal(text, &config); err != nil {
		t.Fatal(err)
	}
	root, err := filepath.Abs(repository)
	if err != nil {
		t.Fatal(err)
	}
	config["app"] = `cd "` + root + `" && ` + config["app"].(string)
	dir := t.TempDir()
	writeJSON(t, filepath.Join(dir, "cdk.json"), config)
	return dir
}

// template is the repository's own, synthesized once.
var template = sync.OnceValues(func() ([]byte, error) {
	root, err := filepath.Abs(repository)
	if err != nil {
		return nil, err
	}
	assembly, err := cdkapp.Synthesize(background, root, nil)
	if err != nil {
		return nil, err
	}
	return assembly.Stacks[0].Template, nil
})

// copiedApp returns the folder of an app of the project "shop". It synthesizes the
// repository's template as each of stacks, without the CDK.
func copiedApp(t *testing.T, stacks ...string) string {
	t.Helper()
	text, err := template()
	if err != nil {
		t.Fatal(err)
	}
	templates := map[string]string{}
	for _, stack := range stacks {
		templates[stack] = string(text)
	}
	dir := t.TempDir()
	writeAssembly(t, filepath.Join(dir, "assembly"), templates)
	writeJSON(t, filepath.Join(dir, "cdk.json"), map[string]any{
		"app":     `cp -R assembly "$CDK_OUTDIR"`,
		"context": map[string]any{"project": "shop"},
	})
	return dir
}

// writeAssembly writes an assembly with the templates of stacks.
func writeAssembly(t *testing.T, dir string, templates map[string]string) {
	t.Helper()
	artifacts := map[string]any{}
	for stack, text := range templates {
		file := stack + ".template.json"
		writeFile(t, filepath.Join(dir, file), text)
		artifacts[stack] = map[string]any{
			"type": "aws:cloudformation:stack", "environment": "aws://unknown-account/unknown-region",
			"properties": map[string]any{"templateFile": file},
		}
	}
	writeJSON(t, filepath.Join(dir, "manifest.json"), map[string]any{"artifacts": artifacts})
}

func writeJSON(t *testing.T, file string, value any) {
	t.Helper()
	text, err := json.Marshal(value)
	if err != nil {
		t.Fatal(err)
	}
	writeFile(t, file, string(text))
}

// entry is one file in the output of `signedfront local`.
type entry struct {
	name                     string
	signed, until, signedURL string
	unsigned, unsignedURL    string
}

var entryForm = regexp.MustCompile(`(?m)^\n(.+)\n  signed     (.+), until (.+)\n  (\S+)\n  unsigned   (.+)\n  (\S+)$`)

// serve starts `signedfront local` in the folder of an app, on any free port, and
// waits until it serves. It returns the files that it printed.
func serve(t *testing.T, app string, args ...string) (*process, map[string]entry) {
	t.Helper()
	p := start(t, app, append([]string{"local", "--addr", "127.0.0.1:0"}, args...)...)
	return p, p.entries(t)
}

// entries waits until the program serves, and returns the files that it printed
// first.
func (p *process) entries(t *testing.T) map[string]entry {
	t.Helper()
	p.stderr.await(t, has("stop with Ctrl-C", 1))
	printed := p.stdout.await(t, func(text string) bool {
		m := titleForm.FindStringSubmatch(text)
		return m != nil && (m[1] == fmt.Sprint(len(entries(text))) || strings.Contains(text, "more: --all"))
	})
	return entries(printed)
}

var titleForm = regexp.MustCompile(`(?m)^\S+ on \S+, (\d+) files? of .+\n`)

func entries(printed string) map[string]entry {
	all := map[string]entry{}
	for _, m := range entryForm.FindAllStringSubmatch(printed, -1) {
		all[m[1]] = entry{m[1], m[2], m[3], m[4], m[5], m[6]}
	}
	return all
}

// deployment reads the deployment document and the key that `signedfront local`
// keeps.
func deployment(t *testing.T, app, stack string) (*signer.Deployment, *signer.PrivateKey) {
	t.Helper()
	folder := filepath.Join(app, ".signedfront", stack)
	d, err := signer.LoadDeployment(filepath.Join(folder, "deployment.json"))
	if err != nil {
		t.Fatal(err)
	}
	key, err := signer.LoadPrivateKey(filepath.Join(folder, d.Key.File))
	if err != nil {
		t.Fatal(err)
	}
	return d, key
}
