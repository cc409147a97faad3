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
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"
	"testing"
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
	"missing":      missingStatuses,
}

// shapes are those of texts, or of each text of a list, as far as one expression
// tells them.
var shapes = map[string]string{
	"account":          accountID.String(),
	"region":           regionShape.String(),
	"originShield":     regionShape.String(),
	"alsoTrust":        publicKeyID.String(),
	"bucket":           bucketShape.String(),
	"roles":            roleName.String(),
	"roleArns":         roleARN.String(),
	"publicPaths":      pathShape,
	"signedPaths":      pathShape,
	"responsePagePath": pathShape,
	"origins":          `^\*$|` + originShape.String(),
	"allowHeaders":     headerName.String(),
	"exposeHeaders":    headerName.String(),
	"certificate":      certificateARN.String(),
	"id":               hostedZoneID.String(),
	"webAcl":           webACLARN.String(),
	"secretArn":        secretARN.String(),
	"secretVersionId":  secretVersion.String(),
	"kmsArn":           kmsKeyARN.String(),

	"contentSecurityPolicy": headerShape,
	"defaultRootObject":     `^[A-Za-z0-9_.$~"'@:+&-]([A-Za-z0-9_.$~/"'@:+&-]{0,253}[A-Za-z0-9_.$~"'@:+&-])?$`,
}

const (
	pathShape   = `^[/*][A-Za-z0-9_.~/*-]{0,254}$`
	headerShape = `^ *[!-~]([ -~]*[!-~])? *$`
)

// members are what the objects of some types must have.
var members = map[reflect.Type]schema{
	reflect.TypeFor[CORS]():           {"required": []string{"origins"}},
	reflect.TypeFor[Versions]():       {"required": []string{"keep"}},
	reflect.TypeFor[HostedZone]():     {"required": []string{"id", "name"}},
	reflect.TypeFor[ErrorPage]():      {"required": []string{"errorCode", "responsePagePath"}},
	reflect.TypeFor[GeoRestriction](): {"minProperties": 1, "maxProperties": 1},
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
	made := schema{"type": "object", "properties": properties, "additionalProperties": false}
	maps.Copy(made, members[of])
	return made
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
	if shape, has := shapes[s.name]; has {
		texts := made
		if items, is := made["items"].(schema); is {
			texts = items
		}
		texts["pattern"] = shape
		delete(texts, "minLength")
	}
	if s.field.Name == "Bucket" && of == reflect.TypeFor[Environment]() {
		made = schema{"anyOf": []schema{made, {
			"type": "object", "required": []string{"name", "path"}, "additionalProperties": false,
			"properties": schema{
				"name": schema{"description": "The name of the bucket.", "type": "string", "pattern": bucketShape.String()},
				"path": schema{
					"description": "The folder of the bucket that is served: /a.png is then the object folder/a.png.",
					"type":        "string", "pattern": folderShape.String(), "maxLength": maxFolder, "examples": []json.RawMessage{json.RawMessage(folderExample)},
				},
			},
		}}}
	}
	if s.name == "contentSecurityPolicy" {
		made["maxLength"] = maxHeaderValue
	}
	if s.name == "custom" {
		made["propertyNames"] = schema{"pattern": headerName.String(), "maxLength": maxHeaderName}
		made["maxProperties"] = maxCustomHeaders
		made["additionalProperties"] = schema{"type": "string", "pattern": `^[!-~]([ -~]*[!-~])?$`, "maxLength": maxHeaderValue}
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
	case of == reflect.TypeFor[*Downloads]():
		return schema{"anyOf": []schema{{"type": "boolean"}, m.object(of.Elem())}}
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
