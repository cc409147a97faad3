package contract

import (
	"go/ast"
	"go/constant"
	"go/parser"
	"go/token"
	"go/types"
	"io/fs"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// common are words of the contract that other code also uses with another meaning,
// such as AWS's property BucketName.
var common = map[string]bool{"Algorithm": true, "BucketName": true, "Check": true, "CheckTrue": true, "EphemeralValue": true}

func TestNoWordOfTheContractIsWrittenElsewhere(t *testing.T) {
	words := wordsOf(t)
	if words["LendsTag"] != "signedfront:lends" || words["SecretID"] != "SecretId" || len(words) < 15 {
		t.Fatalf("the words of the contract are read as %q", words)
	}
	texts := 0
	root := filepath.Join("..", "..")
	err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir() && (path == filepath.Join(root, "constructs", "contract") || path != root && strings.HasPrefix(entry.Name(), ".")):
			return filepath.SkipDir
		case entry.IsDir() || filepath.Ext(path) != ".go" || strings.HasSuffix(path, "_test.go"):
			return nil
		}
		files := token.NewFileSet()
		file, err := parser.ParseFile(files, path, nil, parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		ast.Inspect(file, func(node ast.Node) bool {
			literal, ok := node.(*ast.BasicLit)
			if !ok || literal.Kind != token.STRING {
				return true
			}
			text, err := strconv.Unquote(literal.Value)
			if err != nil {
				t.Fatal(err)
			}
			texts++
			for name, word := range words {
				if !common[name] && writes(text, word) {
					t.Errorf("%s: %q has a word of the contract: write contract.%s", files.Position(literal.Pos()), text, name)
				}
			}
			return true
		})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if texts < 1000 {
		t.Errorf("only %d texts were looked at", texts)
	}
}

// writes reports whether a text is a word of the contract, or contains one that has no
// other meaning.
func writes(text, word string) bool {
	switch {
	case word == ParameterPath:
		return strings.HasPrefix(text, word)
	case word != ownPrefix && strings.Contains(word, ":"):
		return strings.Contains(text, word)
	}
	return text == word
}

// wordsOf returns the exported constants of the package by their names.
func wordsOf(t *testing.T) map[string]string {
	t.Helper()
	files := token.NewFileSet()
	var parsed []*ast.File
	names, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(files, name, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		parsed = append(parsed, file)
	}
	config := types.Config{Error: func(error) {}, Importer: nil} // its imports do not matter
	pkg, _ := config.Check("contract", files, parsed, nil)
	words := map[string]string{}
	for _, name := range pkg.Scope().Names() {
		if c, ok := pkg.Scope().Lookup(name).(*types.Const); ok && c.Exported() {
			words[name] = constant.StringVal(c.Val())
		}
	}
	return words
}
