package model

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"strings"
	"testing"
)

func TestTheModelIsDataAlone(t *testing.T) {
	names, err := filepath.Glob("*.go")
	if err != nil || len(names) < 2 {
		t.Fatal(names, err)
	}
	for _, name := range names {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(file, func(node ast.Node) bool {
			switch node := node.(type) {
			case *ast.FuncDecl:
				t.Errorf("%s: the function %s belongs in package template or package edge", name, node.Name)
			case *ast.Field:
				for _, field := range node.Names {
					if !field.IsExported() {
						t.Errorf("%s: the field %s is not exported", name, field)
					}
				}
			}
			return true
		})
	}
}
