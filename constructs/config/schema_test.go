package config

import (
	"bytes"
	"cmp"
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
	"slices"
	"strings"
	"testing"
	"time"
)

var update = flag.Bool("update", false, "write cdk.schema.json and the tables of README.md anew")

const schemaFile = "cdk.schema.json"

// schemaMaker makes the JSON Schema of cdk.json, and the tables of README.md, from
// the types that Read fills and their comments. The schema is of draft 7, which
// editors support completely:
// https://code.visualstudio.com/docs/languages/json#_json-schemas-and-settings
type schemaMaker struct {
	docs map[string]string // comments by type and field: Content.Bucket
}

type schema = map[string]any

// words are the allowed values of settings whose type does not list them.
var words = map[string]any{
	"algorithm":    algorithms,
	"hash":         hashes,
	"errorCode":    errorCodes,
	"responseCode": responseCodes,
	"missing":      missingStatuses,
}

// shapes are the patterns of strings, or of each string of a list, as far as one
// expression can describe them.
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

// members are requirements on the members of some objects.
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
					"description": "The name of the project, with which the names of its stacks start: lower-case letters and digits, a letter first.",
					"type":        "string",
					"pattern":     validProject.String(),
				},
				"environments": schema{
					"description":          "The environments of the project by name: lower-case letters, digits and single hyphens. A name that ends with * is a pattern: -c env=NAME makes an environment of it.",
					"type":                 "object",
					"minProperties":        1,
					"propertyNames":        schema{"pattern": environmentPattern},
					"additionalProperties": environment,
				},
				"env": schema{
					"description": "The one environment to make, set by -c env=NAME.",
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
	made["description"] = m.description(of, s, func(name string) string { return name })
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

// description returns the comment of a field with one line for each paragraph.
// Names of fields are replaced by what named returns for their names in cdk.json.
func (m schemaMaker) description(of reflect.Type, s setting, named func(string) string) string {
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
	text := strings.Join(paragraphs, "\n\n")
	var made strings.Builder
	end := 0
	for _, at := range fieldName.FindAllStringIndex(text, -1) {
		word := text[at[0]:at[1]]
		made.WriteString(text[end:at[0]])
		end = at[1]
		// A capital letter within a sentence is the name of a field, unless it is
		// also a word of AWS. The comment itself starts with one.
		startsSentence := at[0] > 0 && regexp.MustCompile(`[.:]\s+$`).MatchString(text[:at[0]])
		isWord := at[0] > 0 && (startsSentence && !strings.ContainsAny(word[1:], upperCase) || word == "Region" || strings.ToUpper(word) == word)
		if name, is := jsonNames[word]; is && !isWord {
			word = named(name)
		}
		made.WriteString(word)
	}
	return made.String() + text[end:]
}

const upperCase = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"

// pageExamples are the examples of README.md for settings that have none in examples.
var pageExamples = map[string]string{
	"originAccess":            `"oac"`,
	"encryption":              `"kms"`,
	"terminationProtection":   `false`,
	"guard":                   `false`,
	"maxUrlLifetime":          `"2d"`,
	"maxKeyAge":               `"30m"`,
	"algorithm":               `"rsa-2048"`,
	"hash":                    `"sha1"`,
	"custody":                 `"imported"`,
	"cachingMinTtl":           `"1m"`,
	"maxAge":                  `"1h"`,
	"frameOptions":            `"DENY"`,
	"referrerPolicy":          `"strict-origin"`,
	"strictTransportSecurity": `"730d"`,
	"retention":               `"30d"`,
	"priceClass":              `"PriceClass_100"`,
}

func pageExample(s setting) string {
	if s.field.Type.Kind() == reflect.Bool && pageExamples[s.name] == "" {
		return "true"
	}
	return cmp.Or(examples[s.name], pageExamples[s.name])
}

var (
	// codeOnPage matches the parts of a comment that README.md shows as code: JSON,
	// what stands in quotes, path patterns and paths.
	codeOnPage = regexp.MustCompile(`https?://[^\s*]*\*[^\s,]*[^\s,.]|https?://\S+|\{"[^}]*\}|\{[a-z]+\}|"[^"]*"|-\._~/|%20|\*\.|\*|/[A-Za-z0-9*_./-]*[A-Za-z0-9*_/-]|/`)
	pageTable  = regexp.MustCompile(`(?m)^<!-- (\w+): ([\w ]+) -->\n\n?((?:\|.*\n)*)\n*`)
)

// row returns the row of a setting in README.md.
func (m schemaMaker) row(of reflect.Type, s setting) string {
	code := func(text string) string { return "`" + text + "`" }
	text := m.description(of, s, func(name string) string { return "\x00" + name + "\x00" })
	text = codeOnPage.ReplaceAllStringFunc(text, func(part string) string {
		if strings.HasPrefix(part, "http") && !strings.Contains(part, "*") && !strings.Contains(part, "example.com") {
			return part
		}
		return code(strings.ReplaceAll(part, "\x00", ""))
	})
	text = strings.ReplaceAll(text, "\x00", "`")
	value := m.value(s.field.Type)
	allowed, _ := value["enum"].([]string)
	if list, is := words[s.name].([]string); is {
		allowed = list
	}
	if len(allowed) > 0 {
		word := regexp.MustCompile(`(^|[\s(])(` + strings.Join(allowed, "|") + `)($|[\s),.:;])`)
		for range 2 { // neighbors share the space between them
			text = word.ReplaceAllString(text, "$1`$2`$3")
		}
	}
	text, byDefault, _ := strings.Cut(text, "\n\nDefault: ")
	if first, rest, more := strings.Cut(byDefault, ". "); !more {
		byDefault = strings.TrimSuffix(first, ".")
	} else {
		byDefault = first + ". " + rest
	}
	return fmt.Sprintf("| %s | %s | %s |\n", strings.ReplaceAll(text, "\n\n", " "), byDefault, code(fmt.Sprintf("%q: %s", s.name, pageExample(s))))
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

// pageTypes are the types whose settings README.md explains.
var pageTypes = func() map[string]reflect.Type {
	types := map[string]reflect.Type{}
	for _, of := range []reflect.Type{
		reflect.TypeFor[Environment](), reflect.TypeFor[SigningKeys](), reflect.TypeFor[SigningKey](), reflect.TypeFor[PrivateKeyLocation](),
		reflect.TypeFor[SignerRoles](), reflect.TypeFor[Downloads](), reflect.TypeFor[Uploads](), reflect.TypeFor[ErrorPage](), reflect.TypeFor[CORS](),
		reflect.TypeFor[ResponseHeaders](), reflect.TypeFor[Domain](), reflect.TypeFor[HostedZone](), reflect.TypeFor[AccessLogs](),
		reflect.TypeFor[GeoRestriction](), reflect.TypeFor[Versions](),
	} {
		types[of.Name()] = of
	}
	return types
}()

func TestReadmeSaysOfEverySettingWhatTheSchemaSays(t *testing.T) {
	page, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	m := newSchemaMaker(t)
	rows := map[string]int{}
	made := pageTable.ReplaceAllFunc(page, func(table []byte) []byte {
		parts := pageTable.FindSubmatch(table)
		of, is := pageTypes[string(parts[1])]
		if !is {
			t.Fatalf("README.md has a table of %s", parts[1])
		}
		text := fmt.Sprintf("<!-- %s: %s -->\n\n| setting | default | example |\n| --- | --- | --- |\n", parts[1], parts[2])
		for _, name := range strings.Fields(string(parts[2])) {
			i := slices.IndexFunc(settings(of), func(s setting) bool { return s.name == name })
			if i < 0 {
				t.Fatalf("README.md explains %s of %s", name, of.Name())
			}
			text += m.row(of, settings(of)[i])
			rows[of.Name()+"."+name]++
		}
		return []byte(text + "\n") // a line right after a table is a row of it
	})
	for name, of := range pageTypes {
		for _, s := range settings(of) {
			if n := rows[name+"."+s.name]; n != 1 {
				t.Errorf("README.md has %d rows of %s.%s", n, name, s.name)
			}
		}
	}
	if *update {
		if err := os.WriteFile("README.md", made, 0o644); err != nil {
			t.Fatal(err)
		}
	} else if !bytes.Equal(page, made) {
		t.Error("README.md differs from what the types and their comments say; write it anew with go test ./constructs/config -run Readme -update")
	}
}

func TestTheExamplesOfReadmeAreAccepted(t *testing.T) {
	needed := map[string]string{
		"encryption":  `, "originAccess": "oac"`,
		"signedPaths": `, "publicPaths": ["/assets/*"]`,
		"missing":     `, "defaultRootObject": "index.html"`,
		"domain":      `, "region": "eu-west-1"`,
		"accessLogs":  `, "region": "eu-west-1"`,
		"lendKeys":    `, "ephemeral": true`,
	}
	for _, s := range settings(reflect.TypeFor[Environment]()) {
		example := fmt.Sprintf("%q: %s%s", s.name, pageExample(s), needed[s.name])
		if _, err := Read(context(t, `{"project": "p", "environments": {"dev": {`+example+`}}}`), nil); err != nil {
			t.Errorf("%s: %v", example, err)
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
	// Everything that the schema lists under "properties" or "enum", except
	// countries, which ISO 3166-1 lists.
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
