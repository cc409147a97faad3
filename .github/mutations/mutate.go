package main

import (
	"cmp"
	"fmt"
	"go/ast"
	"go/constant"
	"go/token"
	"go/types"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// A mutation is one change of one place of a program.
type mutation struct {
	id       int
	name     string // the change and the text of its place, without the position
	function string // file and function, as in name
	at       string // file:line:column
}

// mutator writes all mutations of a file into its text. A call at each place reports
// whether the mutation is switched on, so a package is compiled once for all mutations.
type mutator struct {
	fset  *token.FileSet
	info  *types.Info
	pkg   *types.Package
	first int // number of the first mutation

	path     string // of the file, within the module
	text     []byte
	function string
	names    map[string]int
	made     []mutation
	edits    []edit
}

// edit replaces length bytes at an offset.
type edit struct {
	offset, length int
	text           string
}

func (m *mutator) file(file *ast.File, path string) (string, []mutation, error) {
	name := m.fset.File(file.Pos()).Name()
	text, err := os.ReadFile(name)
	if err != nil {
		return "", nil, err
	}
	m.path, m.text, m.names = filepath.ToSlash(path), text, map[string]int{}
	m.made, m.edits = nil, nil
	for _, decl := range file.Decls {
		if f, ok := decl.(*ast.FuncDecl); ok && f.Body != nil {
			m.function = f.Name.Name
			if f.Recv != nil {
				m.function = strings.Trim(m.source(f.Recv.List[0].Type), "*") + "." + m.function
			}
			m.visit(f.Body)
		}
	}
	return m.rewritten(), m.made, nil
}

// rewritten returns the text with the edits. Edits at one offset keep their order.
func (m *mutator) rewritten() string {
	slices.SortStableFunc(m.edits, func(a, b edit) int { return cmp.Compare(a.offset, b.offset) })
	var b strings.Builder
	at := 0
	for _, e := range m.edits {
		b.Write(m.text[at:e.offset])
		b.WriteString(e.text)
		at = e.offset + e.length
	}
	b.Write(m.text[at:])
	return b.String()
}

func (m *mutator) offset(pos token.Pos) int { return m.fset.Position(pos).Offset }

// source returns the text of a node on one line.
func (m *mutator) source(n ast.Node) string {
	return strings.Join(strings.Fields(string(m.text[m.offset(n.Pos()):m.offset(n.End())])), " ")
}

func (m *mutator) insert(pos token.Pos, text string) {
	m.edits = append(m.edits, edit{m.offset(pos), 0, text})
}

// add adds a mutation of a node and returns its number.
func (m *mutator) add(n ast.Node, what string) int {
	function := m.path + " " + m.function
	name := fmt.Sprintf("%s: `%s` %s", function, m.source(n), what)
	m.names[name]++
	if count := m.names[name]; count > 1 {
		name += fmt.Sprintf(" (%d)", count)
	}
	p := m.fset.Position(n.Pos())
	id := m.first + len(m.made)
	m.made = append(m.made, mutation{id, name, function, fmt.Sprintf("%s:%d:%d", m.path, p.Line, p.Column)})
	return id
}

// visit mutates the parts of a node.
func (m *mutator) visit(n ast.Node) {
	ast.Inspect(n, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.GenDecl:
			return n.Tok == token.VAR
		case *ast.BlockStmt:
			m.statements(n.List)
			return false
		case *ast.CaseClause:
			for _, e := range n.List {
				m.visit(e)
			}
			m.statements(n.Body)
			return false
		case *ast.CommClause:
			m.statements(n.Body)
			return false
		case *ast.SwitchStmt:
			if n.Tag == nil {
				return true
			}
			if n.Init != nil {
				m.visit(n.Init)
			}
			m.visit(n.Tag)
			for _, clause := range n.Body.List {
				m.statements(clause.(*ast.CaseClause).Body)
			}
			return false
		case *ast.ForStmt:
			if n.Init != nil {
				m.visit(n.Init)
			}
			if n.Cond != nil {
				m.boolean(n.Cond, false, true) // always true, the loop would never end
			}
			m.statements(n.Body.List)
			return false
		case *ast.RangeStmt:
			m.visit(n.X)
			m.statements(n.Body.List)
			return false
		case *ast.AssignStmt:
			for _, e := range n.Rhs {
				m.visit(e)
			}
			return false
		case *ast.IncDecStmt:
			return false
		case *ast.ExprStmt:
			m.within(n.X) // its value, if any, is dropped
			return false
		case ast.Expr:
			return m.expression(n)
		}
		return true
	})
}

// expression mutates an expression, or reports that visit must mutate its parts.
func (m *mutator) expression(e ast.Expr) (within bool) {
	t := m.info.Types[e]
	switch {
	case t.IsType():
		return false
	case isBool(t):
		m.boolean(e, true, true)
		return false
	case t.Value != nil:
		return false
	}
	switch e := e.(type) {
	case *ast.BinaryExpr:
		m.binary(e)
		return false
	case *ast.CallExpr:
		return !m.logs(e)
	case *ast.KeyValueExpr:
		m.visit(e.Value)
		return false
	case *ast.SelectorExpr:
		m.visit(e.X)
		return false
	case *ast.UnaryExpr:
		_, literal := e.X.(*ast.CompositeLit)
		return e.Op != token.AND || literal
	}
	return true
}

func isBool(t types.TypeAndValue) bool {
	if !t.IsValue() {
		return false
	}
	basic, ok := t.Type.(*types.Basic)
	return ok && basic.Info()&types.IsBoolean != 0
}

// statements mutates a list of statements: it leaves out each one that does not declare,
// return or only log.
func (m *mutator) statements(list []ast.Stmt) {
	for _, s := range list {
		if !m.canBeLeftOut(s) {
			m.visit(s)
			continue
		}
		m.insert(s.Pos(), fmt.Sprintf("if !zzMutant(%d) { ", m.add(s, "is left out")))
		m.visit(s)
		m.insert(s.End(), " }")
	}
}

func (m *mutator) canBeLeftOut(s ast.Stmt) bool {
	switch s := s.(type) {
	case *ast.ExprStmt:
		call, ok := ast.Unparen(s.X).(*ast.CallExpr)
		return ok && m.source(call.Fun) != "panic" && !m.logs(call)
	case *ast.AssignStmt:
		return s.Tok != token.DEFINE && m.source(s.Lhs[0]) != "_"
	case *ast.IncDecStmt, *ast.DeferStmt:
		return true
	case *ast.BranchStmt:
		return s.Label == nil && (s.Tok == token.BREAK || s.Tok == token.CONTINUE)
	}
	return false
}

// logs reports whether a call is a method call of a slog.Logger.
func (m *mutator) logs(call *ast.CallExpr) bool {
	selector, ok := call.Fun.(*ast.SelectorExpr)
	if !ok {
		return false
	}
	receiver := m.info.Types[selector.X].Type
	return receiver != nil && receiver.String() == "*log/slog.Logger"
}

// boolean mutates a condition: it becomes always true and always false.
func (m *mutator) boolean(e ast.Expr, always, never bool) {
	if value := m.info.Types[e].Value; value != nil {
		always = always && !constant.BoolVal(value)
		never = never && constant.BoolVal(value)
	}
	before, after := "(", ")"
	if always {
		before = fmt.Sprintf("(zzMutant(%d) || ", m.add(e, "is always true")) + before
		after += ")"
	}
	if never {
		before = fmt.Sprintf("(!zzMutant(%d) && ", m.add(e, "is always false")) + before
		after += ")"
	}
	m.insert(e.Pos(), before)
	m.within(e)
	m.insert(e.End(), after)
}

// within mutates the parts of a condition. An operand of && or || gets the value with
// which it has no effect.
func (m *mutator) within(e ast.Expr) {
	e = ast.Unparen(e)
	switch e := e.(type) {
	case *ast.BinaryExpr:
		if e.Op != token.LAND && e.Op != token.LOR {
			m.binary(e)
			return
		}
		for _, part := range []ast.Expr{e.X, e.Y} {
			if inner, ok := ast.Unparen(part).(*ast.BinaryExpr); ok && inner.Op == e.Op {
				m.within(part)
			} else {
				m.boolean(part, e.Op == token.LAND, e.Op == token.LOR)
			}
		}
		return
	case *ast.UnaryExpr:
		m.within(e.X)
		return
	case *ast.SelectorExpr:
		m.visit(e.X)
		return
	}
	if call, ok := e.(*ast.CallExpr); ok && m.logs(call) {
		return
	}
	ast.Inspect(e, func(part ast.Node) bool {
		if part == nil || part == ast.Node(e) {
			return true
		}
		m.visit(part)
		return false
	})
}

// bounds are the comparisons with a bound, and the functions that replace them.
var bounds = map[token.Token]struct{ function, mutated string }{
	token.LSS: {"zzLess", "<="},
	token.LEQ: {"zzAtMost", "<"},
	token.GTR: {"zzMore", ">="},
	token.GEQ: {"zzAtLeast", ">"},
}

// binary mutates the operator of an expression, and the parts of its operands.
func (m *mutator) binary(e *ast.BinaryExpr) {
	if bound, ok := bounds[e.Op]; ok {
		m.insert(e.Pos(), fmt.Sprintf("%s(%d, ", bound.function, m.add(e, "has "+bound.mutated+" for "+e.Op.String())))
		m.visit(e.X)
		m.edits = append(m.edits, edit{m.offset(e.OpPos), len(e.Op.String()), ","})
		m.visit(e.Y)
		m.insert(e.End(), ")")
		return
	}
	m.visit(e.X)
	number, ok := m.info.Types[e].Type.Underlying().(*types.Basic)
	if !ok || number.Info()&types.IsNumeric == 0 || e.Op != token.ADD && e.Op != token.SUB {
		m.visit(e.Y)
		return
	}
	other, kind := "-", ""
	if e.Op == token.SUB {
		other = "+"
	}
	if m.info.Types[e.Y].Value != nil {
		kind = "[" + types.TypeString(m.info.Types[e].Type, types.RelativeTo(m.pkg)) + "]"
	}
	m.insert(e.Y.Pos(), fmt.Sprintf("zzFlip%s(%d, ", kind, m.add(e, "has "+other+" for "+e.Op.String())))
	m.visit(e.Y)
	m.insert(e.Y.End(), ")")
}
