package constructs

import (
	"bytes"
	"encoding/gob"
	"encoding/json"
	"flag"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"

	"github.com/signedfront/signedfront/constructs/config"
	_ "github.com/signedfront/signedfront/constructs/internal/novalidation"
)

var update = flag.Bool("update", false, "write the golden files anew")

// One JavaScript process serves all tests of this package. It is not safe for
// concurrent use: no test here runs in parallel. It has started, with the
// environment that package novalidation has made, before this runs.
func TestMain(m *testing.M) {
	os.Unsetenv("CDK_DEFAULT_ACCOUNT")
	os.Unsetenv("CDK_DEFAULT_REGION")
	status := m.Run()
	jsii.Close()
	if app, err := buildApp(); err == nil {
		os.RemoveAll(filepath.Dir(app))
	}
	os.Exit(status)
}

// shippedContext returns the context of cdk.json, including feature flags.
func shippedContext(t testing.TB) map[string]any {
	t.Helper()
	text, err := os.ReadFile("../cdk.json")
	if err != nil {
		t.Fatal(err)
	}
	var file struct{ Context map[string]any }
	if err := json.Unmarshal(text, &file); err != nil {
		t.Fatal(err)
	}
	return file.Context
}

// newApp returns an app with the shipped context changed by more. It builds no functions
// unless more says so.
func newApp(t *testing.T, more map[string]any) (app awscdk.App, outdir string) {
	t.Helper()
	context := shippedContext(t)
	context["aws:cdk:bundling-stacks"] = []string{}
	maps.Copy(context, more)
	outdir = t.TempDir()
	return awscdk.NewApp(&awscdk.AppProps{Context: &context, Outdir: &outdir}), outdir
}

// environmentOf reads an environment from the JSON of cdk.json.
func environmentOf(t *testing.T, name, settings string) config.Environment {
	t.Helper()
	var context map[string]any
	text := fmt.Sprintf(`{"project": "signedfront", "environments": {%q: %s}}`, name, settings)
	if err := json.Unmarshal([]byte(text), &context); err != nil {
		t.Fatal(err)
	}
	config, err := config.Read(context, nil)
	if err != nil {
		t.Fatal(err)
	}
	return config.Environments[0]
}

// synthesize returns the template of one environment.
func synthesize(t *testing.T, name, settings string) *template {
	t.Helper()
	e := environmentOf(t, name, settings)
	return parseTemplate(t, assembly(t, e)[e.StackName()+".template.json"])
}

// synthesizeContent returns the template of the environment dev after a test has changed
// its content.
func synthesizeContent(t *testing.T, change func(*config.Content)) *template {
	t.Helper()
	e := environmentOf(t, "dev", `{"terminationProtection": false}`) // so that it may lend and borrow
	change(&e.Content)
	return parseTemplate(t, assembly(t, e)[e.StackName()+".template.json"])
}

// assembly returns everything that the command line deploys for an environment: the
// templates and their targets. Tests of the same environment share it.
func assembly(t *testing.T, e config.Environment) map[string][]byte {
	t.Helper()
	var key strings.Builder // which JSON would leave members out of
	if err := gob.NewEncoder(&key).Encode(e); err != nil {
		t.Fatal(err)
	}
	if guard := e.Content.Guard; guard != nil {
		fmt.Fprint(&key, *guard) // gob takes a pointer to false for none
	}
	if files, made := assemblies[key.String()]; made {
		return files
	}
	app, outdir := newApp(t, nil)
	if _, _, err := NewEnvironment(app, e); err != nil {
		t.Fatal(err)
	}
	app.Synth(nil)
	if _, err := os.Stat(filepath.Join(outdir, "validation-report.json")); err == nil {
		t.Error("the CDK validated the template: the package novalidation came too late")
	}
	names, err := filepath.Glob(filepath.Join(outdir, "*.template.json"))
	if err != nil {
		t.Fatal(err)
	}
	files := map[string][]byte{}
	for _, name := range append(names, filepath.Join(outdir, "manifest.json")) {
		if files[filepath.Base(name)], err = os.ReadFile(name); err != nil {
			t.Fatal(err)
		}
	}
	assemblies[key.String()] = files
	return files
}

var assemblies = map[string]map[string][]byte{}

// propsIn returns the props for settings, with imports below a scope.
func propsIn(scope constructs.Construct, settings config.Content) *PrivateContentProps {
	id := fmt.Sprint("Named", len(*scope.Node().Children()))
	return propsOf(constructs.NewConstruct(scope, jsii.String(id)), &settings)
}

func readTemplate(t *testing.T, outdir, stack string) *template {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(outdir, stack+".template.json"))
	if err != nil {
		t.Fatal(err)
	}
	return parseTemplate(t, text)
}

func parseTemplate(t *testing.T, text []byte) *template {
	t.Helper()
	parsed := &template{text: text}
	if err := json.Unmarshal(text, parsed); err != nil {
		t.Fatal(err)
	}
	return parsed
}

type template struct {
	text      []byte
	Resources map[string]*resource
	Outputs   map[string]struct {
		Value  any
		Export map[string]any
	}
}

type resource struct {
	Type                string
	Metadata            map[string]any
	Properties          map[string]any
	DependsOn           []string
	DeletionPolicy      string
	UpdateReplacePolicy string
}

// all returns the sorted logical ids of the resources of a type.
func (t *template) all(resourceType string) []string {
	var ids []string
	for id, r := range t.Resources {
		if r.Type == resourceType {
			ids = append(ids, id)
		}
	}
	slices.Sort(ids)
	return ids
}

// only returns the only resource of a type.
func (t *template) only(test *testing.T, resourceType string) (id string, r *resource) {
	test.Helper()
	ids := t.all(resourceType)
	if len(ids) != 1 {
		test.Fatalf("resources of type %s: %v, want one", resourceType, ids)
	}
	return ids[0], t.Resources[ids[0]]
}

// property returns the property at a path.
func (r *resource) property(path ...string) any {
	var value any = r.Properties
	for _, name := range path {
		members, _ := value.(map[string]any)
		value = members[name]
	}
	return value
}

// wantJSON compares a value with the wanted JSON.
func wantJSON(t *testing.T, what string, got any, want string) {
	t.Helper()
	var wanted any
	if err := json.Unmarshal([]byte(want), &wanted); err != nil {
		t.Fatalf("%s: %v", what, err)
	}
	text, err := json.Marshal(got)
	if err != nil {
		t.Fatal(err)
	}
	var plain any
	if err := json.Unmarshal(text, &plain); err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(plain, wanted) {
		t.Errorf("%s:\ngot  %s\nwant %s", what, text, want)
	}
}

// resolve evaluates a value as CloudFormation does. Values contains the results of "Ref"
// by logical id, and those of "Fn::GetAtt" by <logical id>.<attribute>.
func resolve(t *testing.T, value any, values map[string]string) any {
	t.Helper()
	function, is := value.(map[string]any)
	if !is || len(function) != 1 {
		return value
	}
	look := func(name string) string {
		value, known := values[name]
		if !known {
			t.Fatalf("nothing known of %s", name)
		}
		return value
	}
	for name, argument := range function {
		arguments, _ := argument.([]any)
		switch name {
		case "Ref":
			return look(argument.(string))
		case "Fn::GetAtt":
			return look(arguments[0].(string) + "." + arguments[1].(string))
		case "Fn::Join":
			parts, split := resolve(t, arguments[1], values).([]string)
			if !split {
				for _, part := range arguments[1].([]any) {
					parts = append(parts, resolve(t, part, values).(string))
				}
			}
			return strings.Join(parts, arguments[0].(string))
		case "Fn::Select":
			index := int(arguments[0].(float64))
			return resolve(t, arguments[1], values).([]string)[index]
		case "Fn::Split":
			return strings.Split(resolve(t, arguments[1], values).(string), arguments[0].(string))
		}
	}
	return value
}

// golden compares a text with a file of testdata. With -update, it writes the file.
func golden(t *testing.T, file string, got []byte, hint string) {
	t.Helper()
	file = filepath.Join("testdata", file)
	if *update {
		if err := os.WriteFile(file, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if bytes.Equal(got, want) {
		return
	}
	gotLines, wantLines := strings.Split(string(got), "\n"), strings.Split(string(want), "\n")
	line := 0
	for line < min(len(gotLines), len(wantLines))-1 && gotLines[line] == wantLines[line] {
		line++
	}
	t.Errorf("differs from %s at line %d:\ngot  %s\nwant %s\n%s", file, line+1, gotLines[line], wantLines[line], hint)
}
