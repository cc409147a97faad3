package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"go/ast"
	"go/importer"
	"go/parser"
	"go/token"
	"go/types"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// goPackage is a package of this module in the output of go list.
type goPackage struct {
	Dir, ImportPath, Name, Export string
	GoFiles                       []string
	Module                        *struct{ Dir string }
}

func list(pattern string) (goPackage, map[string]string, error) {
	output, err := exec.Command("go", "list", "-export", "-deps", "-json=Dir,ImportPath,Name,Export,GoFiles,Module", pattern).Output()
	if err != nil {
		return goPackage{}, nil, fmt.Errorf("go list %s: %w", pattern, withOutput(err))
	}
	exports := map[string]string{}
	var p goPackage
	for decoder := json.NewDecoder(strings.NewReader(string(output))); ; {
		var next goPackage // the package itself comes last
		if err := decoder.Decode(&next); err == io.EOF {
			return p, exports, nil
		} else if err != nil {
			return goPackage{}, nil, err
		}
		exports[next.ImportPath] = next.Export
		p = next
	}
}

// withOutput adds the standard error of a command to its error.
func withOutput(err error) error {
	if exit := (*exec.ExitError)(nil); errors.As(err, &exit) {
		return fmt.Errorf("%w\n%s", err, exit.Stderr)
	}
	return err
}

// suite is a package's tests, compiled with all mutations of some of its files.
type suite struct {
	dir       string
	binary    string
	mutations []mutation
	tests     []test
}

// test is one test, fuzz test or example.
type test struct {
	name    string
	took    time.Duration
	reaches map[int]bool // the mutations whose place it runs
}

// compile writes the mutations of files, all in one package, into copies of the files,
// and compiles the package's tests with the copies.
func compile(dir string, files []string, scratch string) (*suite, error) {
	p, exports, err := list("./" + filepath.ToSlash(dir))
	if err != nil {
		return nil, err
	}
	fset := token.NewFileSet()
	var parsed []*ast.File
	for _, name := range p.GoFiles {
		file, err := parser.ParseFile(fset, filepath.Join(p.Dir, name), nil, parser.SkipObjectResolution)
		if err != nil {
			return nil, err
		}
		parsed = append(parsed, file)
	}
	info := &types.Info{Types: map[ast.Expr]types.TypeAndValue{}}
	config := types.Config{Importer: importer.ForCompiler(fset, "gc", func(path string) (io.ReadCloser, error) { return os.Open(exports[path]) })}
	pkg, err := config.Check(p.ImportPath, fset, parsed, info)
	if err != nil {
		return nil, err
	}

	s := &suite{dir: p.Dir, binary: filepath.Join(scratch, "tests")}
	helper := filepath.Join(scratch, "mutant.go")
	overlay := map[string]string{filepath.Join(p.Dir, "zz_mutant.go"): helper}
	for i, file := range parsed {
		if !slices.Contains(files, p.GoFiles[i]) {
			continue
		}
		m := mutator{fset: fset, info: info, pkg: pkg, first: len(s.mutations) + 1}
		text, made, err := m.file(file, filepath.Join(dir, p.GoFiles[i]))
		if err != nil {
			return nil, err
		}
		mutated := filepath.Join(scratch, p.GoFiles[i])
		if err := os.WriteFile(mutated, []byte(text), 0o600); err != nil {
			return nil, err
		}
		overlay[filepath.Join(p.Dir, p.GoFiles[i])] = mutated
		s.mutations = append(s.mutations, made...)
	}
	if missing := len(files) - len(overlay) + 1; missing > 0 {
		return nil, fmt.Errorf("%s: %d of the files %s are not in the package", dir, missing, strings.Join(files, ", "))
	}
	if err := os.WriteFile(helper, []byte(fmt.Sprintf(mutant, p.Name, len(s.mutations)+1)), 0o600); err != nil {
		return nil, err
	}
	text, err := json.Marshal(map[string]any{"Replace": overlay})
	if err != nil {
		return nil, err
	}
	if err := os.WriteFile(filepath.Join(scratch, "overlay.json"), text, 0o600); err != nil {
		return nil, err
	}
	command := exec.Command("go", "test", "-c", "-p=1", "-overlay", filepath.Join(scratch, "overlay.json"), "-o", s.binary, p.ImportPath)
	if output, err := command.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("compiling the mutations of %s: %w\n%s", dir, err, output)
	}
	return s, nil
}

// mutant is the file that is added to a package. Its verbs are the package's name and
// the number of mutations plus one. It imports the standard library alone.
const mutant = `package %s

import (
	zzos "os"
	zzstrconv "strconv"
	zzatomic "sync/atomic"
)

var (
	zzActive, _ = zzstrconv.Atoi(zzos.Getenv("MUTATIONS_ACTIVE"))
	zzRecord    = zzos.Getenv("MUTATIONS_RECORD")
	zzReached   [%d]zzatomic.Bool
)

// zzMutant reports whether a mutation is switched on.
func zzMutant(id int) bool {
	if zzRecord != "" && !zzReached[id].Swap(true) {
		file, err := zzos.OpenFile(zzRecord, zzos.O_APPEND|zzos.O_CREATE|zzos.O_WRONLY, 0o600)
		if err != nil {
			panic(err)
		}
		file.WriteString(zzstrconv.Itoa(id) + "\n")
		file.Close()
	}
	return id == zzActive
}

type zzNumber interface {
	~int | ~int8 | ~int16 | ~int32 | ~int64 | ~uint | ~uint8 | ~uint16 | ~uint32 | ~uint64 | ~uintptr | ~float32 | ~float64
}

func zzLess[T zzNumber | ~string](id int, a, b T) bool    { return a < b || zzMutant(id) && a == b }
func zzAtMost[T zzNumber | ~string](id int, a, b T) bool  { return a < b || !zzMutant(id) && a == b }
func zzMore[T zzNumber | ~string](id int, a, b T) bool    { return a > b || zzMutant(id) && a == b }
func zzAtLeast[T zzNumber | ~string](id int, a, b T) bool { return a > b || !zzMutant(id) && a == b }

// zzFlip turns a difference into a sum, and the reverse.
func zzFlip[T zzNumber](id int, b T) T {
	if zzMutant(id) {
		return -b
	}
	return b
}
`

// Tests with a mutation may take mostTimes the time without it, plus mostMore. They may
// use mostMemory KiB of address space, because a mutation can make a loop allocate without
// end.
const (
	mostTimes  = 5
	mostMore   = 10 * time.Second
	mostMemory = 24 << 20
)

// run runs tests with one mutation, or with none and a file that records the places they
// run. err is not nil if the tests failed.
func (s *suite) run(ctx context.Context, tests []string, active int, record string, timeout time.Duration) (output []byte, err error) {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	pattern := "^(" + strings.Join(tests, "|") + ")$"
	command := exec.CommandContext(ctx, "sh", "-c", fmt.Sprintf(`ulimit -v %d; exec "$0" "$@"`, mostMemory),
		s.binary, "-test.failfast", "-test.run", pattern)
	command.Dir = s.dir
	command.Env = append(os.Environ(), "MUTATIONS_ACTIVE="+strconv.Itoa(active), "MUTATIONS_RECORD="+record)
	command.WaitDelay = time.Second
	return command.CombinedOutput()
}

// measure runs each test alone and records its time and the mutations that it reaches.
// Tests must pass without a mutation.
func (s *suite) measure(ctx context.Context, scratch, skip string) error {
	skipped, err := regexp.Compile(skip)
	if err != nil {
		return err
	}
	command := exec.Command(s.binary, "-test.list", "^(Test|Fuzz|Example)")
	command.Dir = s.dir
	output, err := command.Output()
	if err != nil {
		return withOutput(err)
	}
	record := filepath.Join(scratch, "reached")
	for name := range strings.FieldsSeq(string(output)) {
		if skip != "" && skipped.MatchString(name) {
			continue
		}
		t := test{name: name, reaches: map[int]bool{}}
		began := time.Now()
		output, err := s.run(ctx, []string{name}, 0, record, 10*time.Minute)
		if err != nil {
			return fmt.Errorf("%s fails without a mutation: %w\n%s", name, err, output)
		}
		t.took = time.Since(began)
		text, err := os.ReadFile(record)
		if err != nil && !errors.Is(err, os.ErrNotExist) {
			return err
		}
		os.Remove(record)
		for line := range strings.FieldsSeq(string(text)) {
			if id, err := strconv.Atoi(line); err == nil {
				t.reaches[id] = true
			}
		}
		s.tests = append(s.tests, t)
	}
	slices.SortStableFunc(s.tests, func(a, b test) int { return int(a.took - b.took) })
	return nil
}

// A result is the result of one mutation.
type result int

const (
	killed     result = iota // a test failed or did not end
	survived                 // all tests passed
	notReached               // no test runs the place
)

// try runs the tests that reach a mutation, the quickest first.
func (s *suite) try(ctx context.Context, m mutation) result {
	var names []string
	var took time.Duration
	answer := notReached
	flush := func() bool {
		if len(names) == 0 {
			return false
		}
		answer = survived
		_, err := s.run(ctx, names, m.id, "", mostTimes*took+mostMore)
		names, took = nil, 0
		return err != nil
	}
	for _, t := range s.tests {
		if !t.reaches[m.id] {
			continue
		}
		names, took = append(names, t.name), took+t.took
		// Tests run a few at a time, up to the first failure.
		if took > time.Second && flush() {
			return killed
		}
	}
	if flush() {
		return killed
	}
	return answer
}
