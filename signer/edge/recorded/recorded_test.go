package recorded

import (
	"io/fs"
	"maps"
	"os"
	"strings"
	"testing"
	"testing/fstest"
)

// theApp returns the app of this repository, in memory.
func theApp(t *testing.T) fstest.MapFS {
	t.Helper()
	app := fstest.MapFS{}
	repository := os.DirFS("../../..")
	for line := range strings.Lines(sources) {
		_, name, _ := strings.Cut(strings.TrimSpace(line), "  ")
		text, err := fs.ReadFile(repository, name)
		if err != nil {
			t.Fatal(err)
		}
		app[name] = &fstest.MapFile{Data: text}
	}
	return app
}

func TestTheAppOfThisRepositoryIsRecognised(t *testing.T) {
	if !IsOf(os.DirFS("../../..")) {
		t.Error("the repository is not; after a change of the app: go test ./constructs -run Recorded -update")
	}
	app := theApp(t)
	if !IsOf(app) {
		t.Error("a copy of its sources is not")
	}
	// Files that the app does not compile.
	for _, name := range []string{"constructs/more_test.go", "constructs/more.md", "constructs/more/more.go", ".github/more.go", "constructs/.more.go", "_more.go"} {
		app[name] = &fstest.MapFile{Data: []byte("package more\n")}
	}
	if !IsOf(app) {
		t.Error("a copy with a test and a page more is not")
	}
}

func TestAnotherAppIsNotTakenForTheRecordedOne(t *testing.T) {
	more := &fstest.MapFile{Data: []byte("package constructs\n")}
	changed := func(name string) func(fstest.MapFS) {
		return func(app fstest.MapFS) {
			app[name] = &fstest.MapFile{Data: append([]byte("\n"), app[name].Data...)}
		}
	}
	gone := func(name string) func(fstest.MapFS) {
		return func(app fstest.MapFS) { delete(app, name) }
	}
	put := func(name string) func(fstest.MapFS) {
		return func(app fstest.MapFS) { app[name] = more }
	}
	original := theApp(t)
	for name, change := range map[string]func(fstest.MapFS){
		"another configuration":          changed("cdk.json"),
		"another version of a module":    changed("go.mod"),
		"another digest of a module":     changed("go.sum"),
		"another app":                    changed("cdk.go"),
		"another construct":              changed("constructs/distribution.go"),
		"another function of CloudFront": changed("constructs/contract/escapes/function.js"),
		"another default":                changed("constructs/config/content.go"),
		"another signer":                 changed("signer/algorithm.go"),
		"a source fewer":                 gone("constructs/names.go"),
		"a source more":                  put("constructs/more.go"),
		"a source more beside cdk.go":    put("more.go"),
		"context that was looked up":     put("cdk.context.json"),
		"a workspace":                    put("go.work"),
		"an empty folder":                func(app fstest.MapFS) { clear(app) },
	} {
		t.Run(name, func(t *testing.T) {
			app := maps.Clone(original)
			change(app)
			if IsOf(app) {
				t.Error("it is")
			}
		})
	}
}

func TestTemplatesAreComparedWithoutTheDigestsOfFunctions(t *testing.T) {
	text := string(Template())
	if !Equal([]byte(strings.ReplaceAll(text, strings.Repeat("0", 64), strings.Repeat("5e", 32)))) {
		t.Error("other functions make another template")
	}
	for name, other := range map[string]string{
		"a policy of all":   strings.Replace(text, "s3:GetObject", "s3:*", 1),
		"a public behavior": strings.Replace(text, "TrustedKeyGroups", "Nobody", 1),
		"nothing":           "",
	} {
		if Equal([]byte(other)) {
			t.Errorf("%s is equal", name)
		}
	}
}

func TestTheTemplateIsACopy(t *testing.T) {
	clear(Template())
	if !strings.Contains(string(Template()), "AWS::CloudFront::Distribution") {
		t.Error("a caller has overwritten it")
	}
}
