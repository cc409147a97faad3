package config

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"
)

var update = flag.Bool("update", false, "write cdk.schema.json anew")

const schemaFile = "cdk.schema.json"

// schemaMaker makes the JSON Schema of cdk.json of the types that Read fills
// and their comments. It is of draft 7, which editors know whole:
// https://code.visualstudio.com/docs/languages/json#_json-schemas-and-settings
type schemaMaker struct {
	docs map[string]string // by type, dot and field
}

type schema = map[string]any

// words are those of settings whose type names none.
var words = map[string]any{
	"algorithm":    algorithms,
	"hash":         hashes,
	"errorCode":    errorCodes,
	"responseCode": responseCodes,
}

const environmentPattern = `^([a-z][a-z0-9]*(-[a-z0-9]+)*|([a-z][a-z0-9]*(-[a-z0-9]+)*-?)?\*)$`

func newSchemaMaker(t *testing.T) schemaMaker {
	t.Helper()
	m := schemaMaker{map[string]string{}}
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.ParseComments)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(parsed, func(n ast.Node) bool {
			spec, is := n.(*ast.TypeSpec)
			if !is {
				return true
			}
			if of, is := spec.Type.(*ast.StructType); is {
				doc := ""
				for _, field := range of.Fields.List {
					// A field without a comment shares that of the one before it.
					if field.Doc != nil {
						doc = field.Doc.Text()
					}
					for _, name := range field.Names {
						m.docs[spec.Name.Name+"."+name.Name] = doc
					}
				}
			}
			return true
		})
	}
	return m
}

func (m schemaMaker) whole() schema {
	environment := m.object(reflect.TypeFor[Environment]())
	environment["description"] = "An environment: one stack, named after project and environment."
	return schema{
		"$schema": "http://json-schema.org/draft-07/schema#",
		"title":   "cdk.json of signedfront",
		"type":    "object",
		"properties": schema{"context": schema{
			"type":     "object",
			"required": []string{"project", "environments"},
			"properties": schema{
				"project": schema{
					"description": "The name of the project, which starts the names of its stacks: lower-case letters and digits, a letter first.",
					"type":        "string",
					"pattern":     validProject.String(),
				},
				"environments": schema{
					"description":          "The environments of the project by their names: lower-case letters, digits and single hyphens. A name may end with *: then -c env=NAME makes an environment of it.",
					"type":                 "object",
					"minProperties":        1,
					"propertyNames":        schema{"pattern": environmentPattern},
					"additionalProperties": environment,
				},
				"env": schema{
					"description": "The one environment to make, which -c env=NAME gives.",
					"type":        "string",
				},
			},
		}},
	}
}

func (m schemaMaker) object(of reflect.Type) schema {
	properties := schema{}
	for _, s := range settings(of) {
		properties[s.name] = m.setting(of, s)
	}
	return schema{"type": "object", "properties": properties, "additionalProperties": false}
}

func (m schemaMaker) setting(of reflect.Type, s setting) schema {
	made := m.value(s.field.Type)
	if list, has := words[s.name]; has {
		made = schema{"enum": list}
	}
	if s.field.Type == reflect.TypeFor[[]SigningKey]() {
		made = schema{
			"type":                 "object",
			"patternProperties":    schema{keyNumber.String(): m.object(reflect.TypeFor[SigningKey]())},
			"additionalProperties": false,
			"minProperties":        1,
			"maxProperties":        MaxSigningKeys,
		}
	}
	if of == reflect.TypeFor[GeoRestriction]() {
		made["items"] = schema{"enum": countries}
	}
	if text, has := examples[s.name]; has {
		made["examples"] = []json.RawMessage{json.RawMessage(text)}
	}
	made["description"] = m.description(of, s)
	return made
}

func (m schemaMaker) value(of reflect.Type) schema {
	switch {
	case of == reflect.TypeFor[time.Duration]():
		return schema{"type": "string", "minLength": 2, "pattern": durationShape.String()}
	case of.Kind() == reflect.Pointer:
		return m.value(of.Elem())
	}
	if choice, is := reflect.Zero(of).Interface().(interface{ words() []string }); is {
		return schema{"enum": choice.words()}
	}
	switch of.Kind() {
	case reflect.Bool:
		return schema{"type": "boolean"}
	case reflect.Int:
		return schema{"type": "integer", "minimum": 1}
	case reflect.String:
		return schema{"type": "string", "minLength": 1}
	case reflect.Slice:
		return schema{"type": "array", "minItems": 1, "uniqueItems": true, "items": m.value(of.Elem())}
	case reflect.Map:
		return schema{"type": "object", "additionalProperties": schema{"type": "string", "minLength": 1}}
	case reflect.Struct:
		return m.object(of)
	}
	panic("no schema of " + of.String())
}

var fieldName = regexp.MustCompile(`\b[A-Z][A-Za-z]*\b`)

// description is the comment of a field, its paragraphs on one line each,
// fields by their names in cdk.json.
func (m schemaMaker) description(of reflect.Type, s setting) string {
	holder := of
	if _, inline := m.docs[of.Name()+"."+s.field.Name]; !inline {
		holder = reflect.TypeFor[Content]()
	}
	doc, has := m.docs[holder.Name()+"."+s.field.Name]
	if !has || doc == "" {
		panic(fmt.Sprintf("no comment on %s.%s", holder.Name(), s.field.Name))
	}
	var paragraphs []string
	for _, paragraph := range strings.Split(strings.TrimSpace(doc), "\n\n") {
		paragraphs = append(paragraphs, strings.Join(strings.Fields(paragraph), " "))
	}
	first := true
	return fieldName.ReplaceAllStringFunc(strings.Join(paragraphs, "\n\n"), func(word string) string {
		isFirst := first
		first = false
		name, is := jsonNames[word]
		// "Name" is a field and "Names" are too: in the midst of a sentence, only
		// what no sentence starts with is taken for one.
		if is && (isFirst || strings.ContainsFunc(word[1:], func(r rune) bool { return 'A' <= r && r <= 'Z' }) && strings.ToUpper(word) != word) {
			return name
		}
		return word
	})
}

func TestSchemaIsThatOfTheTypes(t *testing.T) {
	var made bytes.Buffer
	encoder := json.NewEncoder(&made)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	if err := encoder.Encode(newSchemaMaker(t).whole()); err != nil {
		t.Fatal(err)
	}
	if *update {
		if err := os.WriteFile(schemaFile, made.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	kept, err := os.ReadFile(schemaFile)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(kept, made.Bytes()) {
		t.Errorf("%s differs from what the types and their comments say; write it anew with go test ./constructs/config -run Schema -update", schemaFile)
	}
}

func readSchema(t *testing.T) schema {
	t.Helper()
	text, err := os.ReadFile(schemaFile)
	if err != nil {
		t.Fatal(err)
	}
	var kept schema
	if err := json.Unmarshal(text, &kept); err != nil {
		t.Fatal(err)
	}
	return kept
}

func TestSchemaTakesWhatReadTakes(t *testing.T) {
	kept := readSchema(t)
	files := map[string]string{} // contexts by where they are from
	for name, one := range away {
		files["setting "+name] = `{"project": "p", "environments": {"dev": ` + one.settings + `}}`
	}
	files["several environments"] = "{" + severalEnvironments + "}"
	files["imported key"] = `{"project": "p", "environments": {"dev": ` + importedKey(`"publicKey": `+jsonText(keyTexts()["p256"]), `"privateKey": {"file": "a.pem"}`) + `}}`

	for _, page := range []string{"../../README.md", "../PIPELINES.md", "README.md"} {
		text, err := os.ReadFile(page)
		if err != nil {
			t.Fatal(err)
		}
		blocks := 0
		for i, block := range regexp.MustCompile("(?s)```json\n(.*?)```").FindAllSubmatch(text, -1) {
			if bytes.Contains(block[1], []byte(`"environments"`)) {
				files[fmt.Sprint(page, " block ", i)] = "{" + string(block[1]) + "}"
				blocks++
			}
		}
		if blocks == 0 {
			t.Errorf("%s has no example", page)
		}
	}
	comment, err := parser.ParseFile(token.NewFileSet(), "environment.go", nil, parser.ParseComments)
	if err != nil {
		t.Fatal(err)
	}
	_, example, _ := strings.Cut(comment.Doc.Text(), `"context": `)
	example, _, _ = strings.Cut(example, "\n\n")
	files["package comment"] = example
	shipped, err := os.ReadFile("../../cdk.json")
	if err != nil {
		t.Fatal(err)
	}
	var file struct {
		Schema  string `json:"$schema"`
		Context json.RawMessage
	}
	if err := json.Unmarshal(shipped, &file); err != nil {
		t.Fatal(err)
	}
	if file.Schema != "./constructs/config/"+schemaFile {
		t.Errorf("cdk.json names the schema %q", file.Schema)
	}
	files["cdk.json"] = string(file.Context)

	for _, from := range slices.Sorted(maps.Keys(files)) {
		members := context(t, files[from])
		if _, err := Read(members, fstest.MapFS{"public_key.pem": {Data: []byte(keyTexts()["p256"])}}); err != nil {
			t.Errorf("%s: %v", from, err)
		}
		for _, fault := range faults("", kept, map[string]any{"context": members}) {
			t.Errorf("%s: %s", from, fault)
		}
	}
}

func TestReadmeNamesEverySettingAndEveryWord(t *testing.T) {
	page, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(schemaFile)
	if err != nil {
		t.Fatal(err)
	}
	page = regexp.MustCompile("(?s)```.*?```").ReplaceAll(page, nil) // samples
	// Everything that is named in the schema by the word "properties" or "enum",
	// countries aside, of which their standard tells.
	var walk func(value any)
	want := func(name string) {
		if !bytes.Contains(page, []byte("`"+name+"`")) {
			t.Errorf("it does not name %s", name)
		}
	}
	walk = func(value any) {
		switch v := value.(type) {
		case map[string]any:
			if named, has := v["properties"].(map[string]any); has {
				for name := range named {
					if name != "$schema" && name != "context" && name != "env" {
						want(name)
					}
				}
			}
			if words, has := v["enum"].([]any); has && len(words) != len(countries) {
				for _, word := range words {
					if text, is := word.(string); is {
						want(text)
					}
				}
			}
			for _, inner := range v {
				walk(inner)
			}
		case []any:
			for _, inner := range v {
				walk(inner)
			}
		}
	}
	var schema any
	if err := json.Unmarshal(text, &schema); err != nil {
		t.Fatal(err)
	}
	walk(schema)
}

func TestSchemaRefusesWhatIsNoSetting(t *testing.T) {
	kept := readSchema(t)
	environment := func(settings string) string {
		return `{"project": "p", "environments": {"dev": ` + settings + `}}`
	}
	tests := []struct{ name, context, want string }{
		{"no project", `{"environments": {"dev": {}}}`, `.context lacks project`},
		{"no environment", `{"project": "p", "environments": {}}`, `.context.environments has 0 members`},
		{"a name that is none", `{"project": "p", "environments": {"Dev": {}}}`, `.context.environments is named Dev`},
		{"an unknown setting", environment(`{"regoin": "eu-west-1"}`), `.context.environments.dev has regoin`},
		{"an unknown setting of a setting", environment(`{"responseHeaders": {"preload": true}}`), `.context.environments.dev.responseHeaders has preload`},
		{"a word that is none", environment(`{"originAccess": "ocs"}`), `.context.environments.dev.originAccess is none of its words`},
		{"a number that is none of the codes", environment(`{"errorPages": [{"errorCode": 401}]}`), `.context.environments.dev.errorPages.0.errorCode is none of its words`},
		{"another type", environment(`{"ephemeral": "yes"}`), `.context.environments.dev.ephemeral is no boolean`},
		{"a duration without a unit", environment(`{"maxKeyAge": "90"}`), `.context.environments.dev.maxKeyAge does not fit its pattern`},
		{"an empty list", environment(`{"publicPaths": []}`), `.context.environments.dev.publicPaths has 0 items`},
		{"an item that is there twice", environment(`{"publicPaths": ["/a", "/a"]}`), `.context.environments.dev.publicPaths has an item twice`},
		{"the number of a key", environment(`{"signingKeys": {"keys": {"01": {}}}}`), `.context.environments.dev.signingKeys.keys has 01`},
		{"six keys", environment(`{"signingKeys": {"keys": {"1": {}, "2": {}, "3": {}, "4": {}, "5": {}, "6": {}}, "current": 1}}`), `.context.environments.dev.signingKeys.keys has 6 members`},
		{"no current key", environment(`{"signingKeys": {"current": 0}}`), `.context.environments.dev.signingKeys.current is too small`},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			members := context(t, test.context)
			if got := faults("", kept, map[string]any{"context": members}); !slices.Equal(got, []string{test.want}) {
				t.Errorf("got %q, want %q", got, test.want)
			}
			if _, err := Read(members, nil); err == nil {
				t.Error("Read takes it")
			}
		})
	}
}

// faults checks a value by the keywords of JSON Schema that ours uses. Any other
// keyword panics: it would not be checked.
func faults(at string, s schema, value any) (list []string) {
	fault := func(format string, args ...any) { list = append(list, at+" "+fmt.Sprintf(format, args...)) }
	number := func(keyword string) int { return int(s[keyword].(float64)) }
	members, _ := value.(map[string]any)
	items, _ := value.([]any)
	text, _ := value.(string)

	for _, keyword := range slices.Sorted(maps.Keys(s)) {
		switch keyword {
		case "$schema", "title", "description", "examples", "properties", "patternProperties":
		case "type":
			n, isNumber := value.(float64)
			is := map[string]bool{
				"object": members != nil, "array": items != nil, "integer": isNumber && n == math.Trunc(n),
				"string": reflect.TypeOf(value) == reflect.TypeFor[string](), "boolean": reflect.TypeOf(value) == reflect.TypeFor[bool](),
			}
			if !is[s["type"].(string)] {
				fault("is no %s", s["type"])
				return list
			}
		case "enum":
			if !slices.Contains(s["enum"].([]any), value) {
				fault("is none of its words")
			}
		case "required":
			for _, name := range s["required"].([]any) {
				if _, has := members[name.(string)]; !has {
					fault("lacks %s", name)
				}
			}
		case "propertyNames":
			for _, name := range slices.Sorted(maps.Keys(members)) {
				if faults("", s["propertyNames"].(schema), name) != nil {
					fault("is named %s", name)
				}
			}
		case "minProperties", "maxProperties":
			if n := len(members); n < number(keyword) && keyword[:3] == "min" || n > number(keyword) && keyword[:3] == "max" {
				fault("has %d members", n)
			}
		case "additionalProperties":
			list = append(list, additionalFaults(at, s, members)...)
		case "items":
			for i, item := range items {
				list = append(list, faults(fmt.Sprint(at, ".", i), s["items"].(schema), item)...)
			}
		case "minItems":
			if len(items) < number("minItems") {
				fault("has %d items", len(items))
			}
		case "uniqueItems":
			for i, item := range items {
				if slices.ContainsFunc(items[:i], func(earlier any) bool { return reflect.DeepEqual(earlier, item) }) {
					fault("has an item twice")
				}
			}
		case "minLength":
			if len([]rune(text)) < number("minLength") {
				fault("is too short")
			}
		case "pattern":
			if !regexp.MustCompile(s["pattern"].(string)).MatchString(text) {
				fault("does not fit its pattern")
			}
		case "minimum":
			if n, is := value.(float64); is && n < s["minimum"].(float64) {
				fault("is too small")
			}
		default:
			panic("a keyword that is not checked: " + keyword)
		}
	}
	if s["additionalProperties"] == nil {
		list = append(list, additionalFaults(at, s, members)...)
	}
	return list
}

// additionalFaults checks the members of an object, those without a schema of
// their own by that of the additional ones.
func additionalFaults(at string, s schema, members map[string]any) (list []string) {
	properties, _ := s["properties"].(schema)
	patterns, _ := s["patternProperties"].(schema)
	for _, name := range slices.Sorted(maps.Keys(members)) {
		inner, has := properties[name].(schema)
		for pattern, of := range patterns {
			if regexp.MustCompile(pattern).MatchString(name) {
				inner, has = of.(schema), true
			}
		}
		if !has {
			inner, has = s["additionalProperties"].(schema)
		}
		switch {
		case has:
			list = append(list, faults(at+"."+name, inner, members[name])...)
		case s["additionalProperties"] == false:
			list = append(list, fmt.Sprintf("%s has %s", at, name))
		}
	}
	return list
}
