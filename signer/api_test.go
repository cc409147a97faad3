package signer_test

import (
	"bytes"
	"cmp"
	"flag"
	"fmt"
	"go/ast"
	"go/build"
	"go/parser"
	"go/printer"
	"go/token"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

var updateAPI = flag.Bool("update-api", false, "write testdata/api.txt anew")

// stablePackages are those whose exported names apps write. A change of one of
// these names is a change of version, by "Versions" in .github/CONTRIBUTING.md;
// the other packages are the project's own.
var stablePackages = []string{
	"signer", "signer/awskeys", "signer/hls", "signer/rotation", "signer/signhttp", "signer/sourcetest",
	"signer/edge/edgetest", "constructs", "constructs/config",
}

// A change here that is meant needs a line in .github/CHANGELOG.md.
func TestExportedNamesChangeOnlyOnPurpose(t *testing.T) {
	var lines []string
	for _, folder := range stablePackages {
		lines = append(lines, exportedNames(t, folder)...)
	}
	got := strings.Join(lines, "\n") + "\n"
	const file = "testdata/api.txt"
	if *updateAPI {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	want := strings.Split(strings.TrimSuffix(strings.ReplaceAll(string(text), "\r\n", "\n"), "\n"), "\n")
	for _, line := range want {
		if !slices.Contains(lines, line) {
			t.Errorf("gone: %s", line)
		}
	}
	for _, line := range lines {
		if !slices.Contains(want, line) {
			t.Errorf("new: %s", line)
		}
	}
	if t.Failed() {
		t.Log("if each is meant: write them into .github/CHANGELOG.md, and go test ./signer -run ExportedNames -update-api")
	}
}

// exportedNames lists the exported declarations of a package, one a line, in the
// form of the files in $GOROOT/api. Names of parameters are left out: who calls a
// function does not write them.
func exportedNames(t *testing.T, folder string) []string {
	t.Helper()
	path := filepath.Join("..", filepath.FromSlash(folder))
	// The names are the same on every system, so take the files of one.
	context := build.Default
	context.GOOS, context.GOARCH, context.BuildTags = "linux", "amd64", nil
	p, err := context.ImportDir(path, 0)
	if err != nil {
		t.Fatal(err)
	}
	var lines []string
	add := func(format string, args ...any) {
		lines = append(lines, "pkg "+folder+", "+fmt.Sprintf(format, args...))
	}
	fset := token.NewFileSet()
	for _, name := range p.GoFiles {
		file, err := parser.ParseFile(fset, filepath.Join(path, name), nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		for _, decl := range file.Decls {
			switch decl := decl.(type) {
			case *ast.FuncDecl:
				if !decl.Name.IsExported() {
					continue
				}
				if decl.Recv == nil {
					add("func %s%s", decl.Name, signature(t, decl.Type))
				} else if receiver := source(t, decl.Recv.List[0].Type); ast.IsExported(strings.TrimLeft(receiver, "*")) {
					add("method (%s) %s%s", receiver, decl.Name, signature(t, decl.Type))
				}
			case *ast.GenDecl:
				for _, spec := range decl.Specs {
					switch spec := spec.(type) {
					case *ast.ValueSpec:
						for i, name := range spec.Names {
							if !name.IsExported() {
								continue
							}
							line := fmt.Sprintf("%s %s", decl.Tok, name)
							if spec.Type != nil {
								line += " " + source(t, spec.Type)
							}
							// A constant's text is written into documents and settings.
							if decl.Tok == token.CONST && i < len(spec.Values) {
								if value, is := spec.Values[i].(*ast.BasicLit); is {
									line += " = " + value.Value
								}
							}
							add("%s", line)
						}
					case *ast.TypeSpec:
						if spec.Name.IsExported() {
							addType(t, add, spec)
						}
					}
				}
			}
		}
	}
	slices.Sort(lines)
	return lines
}

func addType(t *testing.T, add func(string, ...any), spec *ast.TypeSpec) {
	t.Helper()
	name := spec.Name.Name
	if spec.Assign.IsValid() {
		name += " ="
	}
	switch of := spec.Type.(type) {
	case *ast.StructType:
		add("type %s struct", name)
		for _, field := range of.Fields.List {
			for _, member := range field.Names {
				if member.IsExported() {
					add("type %s struct, %s %s%s", name, member, source(t, field.Type), tag(field))
				}
			}
			if len(field.Names) == 0 {
				add("type %s struct, embedded %s", name, source(t, field.Type))
			}
		}
	case *ast.InterfaceType:
		add("type %s interface", name)
		for _, method := range of.Methods.List {
			if function, is := method.Type.(*ast.FuncType); is {
				add("type %s interface, %s%s", name, method.Names[0], signature(t, function))
			} else {
				add("type %s interface, embedded %s", name, source(t, method.Type))
			}
		}
	default:
		add("type %s %s", name, source(t, spec.Type))
	}
}

// tag is the tag of a field, which names a member of a document or a setting.
func tag(field *ast.Field) string {
	if field.Tag == nil {
		return ""
	}
	return " " + field.Tag.Value
}

// signature is the type of a function without the names of its parameters.
func signature(t *testing.T, function *ast.FuncType) string {
	t.Helper()
	types := func(fields *ast.FieldList) []string {
		var all []string
		if fields != nil {
			for _, field := range fields.List {
				for range max(1, len(field.Names)) {
					all = append(all, source(t, field.Type))
				}
			}
		}
		return all
	}
	text := "(" + strings.Join(types(function.Params), ", ") + ")"
	if function.TypeParams != nil {
		text = "[" + strings.Join(types(function.TypeParams), ", ") + "]" + text
	}
	switch results := types(function.Results); len(results) {
	case 0:
		return text
	case 1:
		return text + " " + results[0]
	default:
		return text + " (" + strings.Join(results, ", ") + ")"
	}
}

// source is an expression as gofmt writes it, in one line.
func source(t *testing.T, expression ast.Expr) string {
	t.Helper()
	if function, is := expression.(*ast.FuncType); is {
		return "func" + signature(t, function)
	}
	var text bytes.Buffer
	if err := printer.Fprint(&text, token.NewFileSet(), expression); err != nil {
		t.Fatal(err)
	}
	return strings.Join(strings.Fields(cmp.Or(text.String(), "?")), " ")
}
