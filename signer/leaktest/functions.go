package leaktest

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"go/types"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// TextFunctions returns the exported functions (F) and methods (T.M) of the package
// in folder that take text: a string, bytes, or anything that may hold them, such
// as a struct with an exported field of text, an interface, or a type of another
// package that is not known to hold none. A method also takes text if its receiver
// is such a struct, unless the receiver is an error, which the package itself
// makes.
func TextFunctions(folder string) ([]string, error) {
	entries, err := os.ReadDir(folder)
	if err != nil {
		return nil, fmt.Errorf("reading the package: %w", err)
	}
	p := &source{types: map[string]ast.Expr{}, errors: map[string]bool{}}
	var functions []*ast.FuncDecl
	for _, entry := range entries {
		name := entry.Name()
		if !strings.HasSuffix(name, ".go") || strings.HasSuffix(name, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), filepath.Join(folder, name), nil, parser.SkipObjectResolution)
		if err != nil {
			return nil, fmt.Errorf("reading the package: %w", err)
		}
		for _, declaration := range file.Decls {
			switch declaration := declaration.(type) {
			case *ast.FuncDecl:
				functions = append(functions, declaration)
				if declaration.Recv != nil && declaration.Name.Name == "Error" {
					p.errors[receiver(declaration)] = true
				}
			case *ast.GenDecl:
				for _, spec := range declaration.Specs {
					if spec, ok := spec.(*ast.TypeSpec); ok {
						p.types[spec.Name.Name] = spec.Type
					}
				}
			}
		}
	}
	var names []string
	for _, f := range functions {
		if name := f.Name.Name; ast.IsExported(name) && p.takesText(f) {
			if f.Recv != nil {
				name = receiver(f) + "." + name
			}
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return slices.Compact(names), nil
}

// source is what a package declares.
type source struct {
	types  map[string]ast.Expr
	errors map[string]bool // the error types
}

func (p *source) takesText(f *ast.FuncDecl) bool {
	if f.Recv != nil {
		name := receiver(f)
		if !ast.IsExported(name) || p.errors[name] {
			return false
		}
		if p.holdsText(f.Recv.List[0].Type, nil) {
			return true
		}
	}
	return slices.ContainsFunc(f.Type.Params.List, func(field *ast.Field) bool { return p.holdsText(field.Type, nil) })
}

// receiver returns the name of a method's receiver type.
func receiver(f *ast.FuncDecl) string {
	t := f.Recv.List[0].Type
	for {
		switch u := t.(type) {
		case *ast.StarExpr:
			t = u.X
		case *ast.IndexExpr:
			t = u.X
		case *ast.IndexListExpr:
			t = u.X
		case *ast.Ident:
			return u.Name
		default:
			return ""
		}
	}
}

// textless are common types of other packages that hold no text.
var textless = []string{
	"context.Context", "crypto.Hash", "crypto.PublicKey", "crypto.Signer", "crypto.SignerOpts", "fmt.State",
	"time.Time", "time.Duration", "testing.T", "testing.B", "testing.TB", "http.ResponseWriter", "http.Handler",
}

// holdsText reports whether a value of type t may hold text. inside are the
// package's types that the recursion is in.
func (p *source) holdsText(t ast.Expr, inside []string) bool {
	switch t := t.(type) {
	case *ast.Ident:
		if declared, ok := p.types[t.Name]; ok {
			return !slices.Contains(inside, t.Name) && p.holdsText(declared, append(inside, t.Name))
		}
		// A name that is neither declared nor predeclared is a type parameter.
		return types.Universe.Lookup(t.Name) == nil || slices.Contains([]string{"string", "byte", "any"}, t.Name)
	case *ast.SelectorExpr:
		x, ok := t.X.(*ast.Ident)
		return !ok || !slices.Contains(textless, x.Name+"."+t.Sel.Name)
	case *ast.StarExpr:
		return p.holdsText(t.X, inside)
	case *ast.ParenExpr:
		return p.holdsText(t.X, inside)
	case *ast.Ellipsis:
		return p.holdsText(t.Elt, inside)
	case *ast.ArrayType:
		return p.holdsText(t.Elt, inside)
	case *ast.MapType:
		return p.holdsText(t.Key, inside) || p.holdsText(t.Value, inside)
	case *ast.StructType:
		return slices.ContainsFunc(t.Fields.List, func(field *ast.Field) bool {
			exported := len(field.Names) == 0 || slices.ContainsFunc(field.Names, func(name *ast.Ident) bool { return name.IsExported() })
			return exported && p.holdsText(field.Type, inside)
		})
	case *ast.InterfaceType:
		// An interface without methods holds anything; one with methods is code.
		return len(t.Methods.List) == 0
	case *ast.IndexExpr:
		return p.holdsText(t.X, inside) || p.holdsText(t.Index, inside)
	}
	return false // numbers, functions, channels
}
