package schematest

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/signedfront/signedfront/constructs/config"
	"github.com/signedfront/signedfront/signer"
)

const root = "../../../"

// readersOwn are the settings of which the schema takes more than the reader, and
// what it cannot tell.
var readersOwn = map[string]string{
	"":                                      "project and environment together are a name of at most 40 characters, without reserved endings",
	"env":                                   "it is the name of an environment, or fits a pattern",
	"environments":                          "one is no pattern, unless env chooses one",
	"region":                                "it depends on originAccess, and is needed where a part is made in us-east-1",
	"encryption":                            "it depends on originAccess and bucket",
	"bucket":                                "S3 keeps some names for itself",
	"bucket.name":                           "S3 keeps some names for itself",
	"bucket.path":                           "no part of it is a dot or two",
	"versions":                              "a bucket that exists has its own",
	"versions.keep":                         "whole days, within bounds",
	"originShield":                          "some Regions have none",
	"signingKeys.from":                      "it is an environment that lends, in the same account and Region",
	"signingKeys.keys":                      "there are none beside borrowed ones",
	"signingKeys.current":                   "it is a key that is listed",
	"signingKeys.compromised":               "none of them is current or borrowed, and without a guard there are none",
	"signingKeys.alsoTrust":                 "with keys they are at most five, and there are none beside borrowed ones",
	"signingKeys.keys.hash":                 "it depends on algorithm",
	"lendKeys":                              "it depends on terminationProtection and signingKeys",
	"maxUrlLifetime":                        "a duration has bounds",
	"maxKeyAge":                             "a duration has bounds",
	"signers.roles":                         "IAM keeps some names for itself",
	"signers.roleArns":                      "they are of other accounts",
	"uploads":                               "it has origins or roles",
	"uploads.origins":                       "a * stands alone",
	"uploads.roles":                         "IAM keeps some names for itself",
	"publicPaths":                           "paths are compared with others",
	"signedPaths":                           "paths are compared with others",
	"defaultRootObject":                     "it is compared with paths, and is no path of several",
	"missing":                               "404 needs a defaultRootObject",
	"errorPages.responsePagePath":           "it is compared with paths",
	"cors.origins":                          "a * stands alone, and without credentials",
	"cors.allowHeaders":                     "S3 takes one * in a header",
	"cors.exposeHeaders":                    "S3 takes one * in a header",
	"responseHeaders.contentSecurityPolicy": "it holds no private key",
	"responseHeaders.custom":                "some headers have settings of their own, or are CloudFront's, and letter case does not count",
	"domain":                                "it has a certificate or a hostedZone",
	"domain.names":                          "they lie in the hosted zone",
	"domain.certificate":                    "it is in us-east-1 and of the same account",
	"accessLogs.retention":                  "CloudWatch Logs has steps, and a bucket of one's own has none",
	"accessLogs.bucket":                     "it is not the bucket with the content",
	"webAcl":                                "it is of the same account",
}

// judge compares what the schema and the reader say of a context. It returns the
// settings of which only the reader refuses something.
func judge(t *testing.T, schema *jsonschema.Schema, name string, context map[string]any) (own []string) {
	t.Helper()
	var problems config.Problems
	_, err := config.Read(context, folder)
	if err != nil && !errors.As(err, &problems) {
		t.Fatal(err)
	}
	refused := schema.Validate(map[string]any{"context": context})
	switch {
	case err == nil && refused != nil:
		t.Errorf("%s: the reader takes what the schema refuses: %v", name, refused)
	case err != nil && refused == nil:
		for _, problem := range problems {
			setting := settingOf(problem.Path)
			if readersOwn[setting] == "" {
				t.Errorf("%s: the schema takes it, and readersOwn does not list %s: %s", name, setting, problem)
			}
			own = append(own, setting)
		}
	}
	return own
}

// settingOf is a path in a problem without environments, indices and names that
// are no settings.
func settingOf(path string) string {
	path = regexp.MustCompile(`^environments(\.[^.]+|\[[^\]]*\])\.?`).ReplaceAllString(path, "")
	path = regexp.MustCompile(`\[\d+\]|(\bkeys)\.\w+`).ReplaceAllString(path, "$1")
	return regexp.MustCompile(`^(tags|responseHeaders\.custom)\b.*`).ReplaceAllString(path, "$1")
}

// folder holds the files that the examples and the tests of the reader name.
var folder = func() fstest.MapFS {
	key, err := signer.GenerateKey(signer.ECDSAP256)
	if err != nil {
		panic(err)
	}
	public := &fstest.MapFile{Data: key.PublicKey().PEM()}
	return fstest.MapFS{"public_key.pem": public, "a.pem": public}
}()

func compiled(t *testing.T) *jsonschema.Schema {
	t.Helper()
	schema, err := jsonschema.NewCompiler().Compile("../cdk.schema.json")
	if err != nil {
		t.Fatal(err)
	}
	return schema
}

func TestSchemaTakesEveryExampleOfTheDocuments(t *testing.T) {
	schema := compiled(t)
	examples := map[string]string{} // contexts by where they are from
	for _, page := range []string{"constructs/README.md", "constructs/PIPELINES.md", "constructs/MOVING.md", "constructs/config/README.md"} {
		text := read(t, page)
		blocks := 0
		for i, block := range regexp.MustCompile("(?s)```json\n(.*?)```").FindAllSubmatch(text, -1) {
			if bytes.Contains(block[1], []byte(`"environments"`)) {
				examples[fmt.Sprint(page, " block ", i)] = "{" + string(block[1]) + "}"
				blocks++
			}
		}
		if blocks == 0 {
			t.Errorf("%s has no example", page)
		}
	}
	comment, err := parser.ParseFile(token.NewFileSet(), "../environment.go", nil, parser.ParseComments)
	if err != nil {
		t.Fatal(err)
	}
	_, example, _ := strings.Cut(comment.Doc.Text(), `"context": `)
	examples["package comment"], _, _ = strings.Cut(example, "\n\n")

	var shipped struct {
		Schema  string `json:"$schema"`
		Context json.RawMessage
	}
	if err := json.Unmarshal(read(t, "cdk.json"), &shipped); err != nil {
		t.Fatal(err)
	}
	if shipped.Schema != "./constructs/config/cdk.schema.json" {
		t.Errorf("cdk.json names the schema %q", shipped.Schema)
	}
	examples["cdk.json"] = string(shipped.Context)

	for _, from := range slices.Sorted(maps.Keys(examples)) {
		var context map[string]any
		if err := json.Unmarshal([]byte(examples[from]), &context); err != nil {
			t.Errorf("%s: %v", from, err)
			continue
		}
		if _, err := config.Read(context, folder); err != nil {
			t.Errorf("%s: %v", from, err)
		}
		if err := schema.Validate(map[string]any{"context": context}); err != nil {
			t.Errorf("%s: %v", from, err)
		}
	}
}

func read(t *testing.T, name string) []byte {
	t.Helper()
	text, err := os.ReadFile(root + name)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// The cases are the JSON objects in the reader's own tests: contexts, members of
// contexts, or settings of an environment.
func TestSchemaAndReaderTakeTheSame(t *testing.T) {
	schema := compiled(t)
	files, err := filepath.Glob("../*_test.go")
	if err != nil {
		t.Fatal(err)
	}
	cases, used := 0, map[string]bool{}
	for _, file := range files {
		set := token.NewFileSet()
		parsed, err := parser.ParseFile(set, file, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(parsed, func(n ast.Node) bool {
			expression, is := n.(ast.Expr)
			if !is {
				return true
			}
			text, constant := textOf(expression)
			context := contextOf(text)
			if context != nil {
				cases++
				for _, setting := range judge(t, schema, set.Position(n.Pos()).String(), context) {
					used[setting] = true
				}
			}
			return !constant
		})
	}
	if cases < 250 {
		t.Errorf("only %d cases were found", cases)
	}
	for _, setting := range slices.Sorted(maps.Keys(readersOwn)) {
		if !used[setting] {
			t.Errorf("no case shows what only the reader refuses in %s", setting)
		}
	}
}

// textOf is the text of a literal, or of several with a + between them.
func textOf(expression ast.Expr) (text string, constant bool) {
	switch e := expression.(type) {
	case *ast.BasicLit:
		text, err := strconv.Unquote(e.Value)
		return text, err == nil && e.Kind == token.STRING
	case *ast.BinaryExpr:
		left, isLeft := textOf(e.X)
		right, isRight := textOf(e.Y)
		return left + right, isLeft && isRight
	}
	return "", false
}

// contextOf is the context that a text stands for, nil if it is no JSON.
func contextOf(text string) (context map[string]any) {
	for _, text := range []string{text, "{" + text + "}"} {
		var members map[string]any
		if json.Unmarshal([]byte(text), &members) != nil || len(members) == 0 {
			continue
		}
		if _, whole := members["environments"]; whole {
			return members
		}
		return map[string]any{"project": "p", "environments": map[string]any{"dev": members}}
	}
	return nil
}

func TestSchemaSaysWhereTheMistakeIs(t *testing.T) {
	schema := compiled(t)
	environment := func(settings string) string {
		return `{"project": "p", "environments": {"dev": ` + settings + `}}`
	}
	const dev = "/context/environments/dev"
	for _, test := range []struct{ name, context, want string }{
		{"no project", `{"environments": {"dev": {}}}`, "/context"},
		{"no environment", `{"project": "p", "environments": {}}`, "/context/environments"},
		{"a name that is none", `{"project": "p", "environments": {"Dev": {}}}`, "/context/environments"},
		{"an unknown setting", environment(`{"regoin": "eu-west-1"}`), dev},
		{"an unknown setting of a setting", environment(`{"responseHeaders": {"preload": true}}`), dev + "/responseHeaders"},
		{"a word that is none", environment(`{"originAccess": "ocs"}`), dev + "/originAccess"},
		{"a number that is none of the codes", environment(`{"errorPages": [{"errorCode": 401, "responsePagePath": "/a"}]}`), dev + "/errorPages/0/errorCode"},
		{"another type", environment(`{"ephemeral": "yes"}`), dev + "/ephemeral"},
		{"a duration without a unit", environment(`{"maxKeyAge": "90"}`), dev + "/maxKeyAge"},
		{"an empty list", environment(`{"publicPaths": []}`), dev + "/publicPaths"},
		{"an item that is there twice", environment(`{"publicPaths": ["/a", "/a"]}`), dev + "/publicPaths"},
		{"a path without its slash", environment(`{"publicPaths": ["/a", "b"]}`), dev + "/publicPaths/1"},
		{"not the number of a key", environment(`{"signingKeys": {"keys": {"01": {}}}}`), dev + "/signingKeys/keys"},
		{"six keys", environment(`{"signingKeys": {"keys": {"1": {}, "2": {}, "3": {}, "4": {}, "5": {}, "6": {}}, "current": 1}}`), dev + "/signingKeys/keys"},
		{"no current key", environment(`{"signingKeys": {"current": 0}}`), dev + "/signingKeys/current"},
		{"the name of a header with a space", environment(`{"responseHeaders": {"custom": {"X A": "1"}}}`), dev + "/responseHeaders/custom"},
	} {
		t.Run(test.name, func(t *testing.T) {
			context := contextOf(test.context)
			var refused *jsonschema.ValidationError
			if !errors.As(schema.Validate(map[string]any{"context": context}), &refused) {
				t.Fatal("the schema takes it")
			}
			got := ""
			for len(refused.Causes) > 0 {
				refused = refused.Causes[0]
				if where := refused.InstanceLocation; len(where) > 0 { // the name of a member has none
					got = "/" + strings.Join(where, "/")
				}
			}
			// v6.0.3 writes members that it visits later over the location of an error
			// about a member's name. No row has a fault in the project.
			got = strings.Replace(got, "/context/project", "/context/environments", 1)
			if got != test.want {
				t.Errorf("the schema refuses %s, want %s", got, test.want)
			}
			if _, err := config.Read(context, nil); err == nil {
				t.Error("the reader takes it")
			}
		})
	}
}
