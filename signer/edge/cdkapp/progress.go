package cdkapp

import (
	"bytes"
	"context"
	"os/exec"
	"slices"
	"strings"
)

// Progress is the progress of building an app.
type Progress struct {
	// Module is the module being downloaded. Modules counts it and those before it.
	Module  string
	Modules int

	// Package is the package being compiled. Packages counts it and those before
	// it. Of is the number of all packages to compile, or 0 if it is unknown or
	// nothing is compiled.
	Package      string
	Packages, Of int
}

// progress reads the progress of an app from the go command's standard error.
type progress struct {
	tell    func(Progress)
	now     Progress
	modules map[string]bool
	compile map[string]bool // the packages still to compile
}

// readLine reads a line, and reports whether the line shows only progress.
func (p *progress) readLine(line string) bool {
	if rest, is := strings.CutPrefix(line, "go: downloading "); is {
		module, _, _ := strings.Cut(rest, " ")
		if !p.modules[rest] {
			p.modules[rest] = true
			p.now.Module, p.now.Modules = module, p.now.Modules+1
			p.tell(p.now)
		}
		return true
	}
	if p.compile[line] {
		delete(p.compile, line)
		p.now.Package, p.now.Packages = line, p.now.Packages+1
		p.tell(p.now)
		return true
	}
	return false
}

// prepare lists the packages that "go run" would compile for a line, downloads what
// they need, and returns the line with the flag that prints each package. It leaves
// a line that it cannot parse, or an app that it cannot list: the run reports the
// error.
func (p *progress) prepare(ctx context.Context, dir, line string, environ []string) string {
	rest, packages := goRun(line)
	if packages == nil {
		return line
	}
	list := exec.CommandContext(ctx, "go", append([]string{"list", "-deps", "-f={{if .Stale}}{{.ImportPath}}{{end}}"}, packages...)...)
	list.Dir = dir
	list.Env = environ
	list.WaitDelay = grace
	list.Stderr = &lineReader{read: p.readLine}
	out, err := list.Output()
	if err != nil {
		return line
	}
	p.compile = map[string]bool{}
	for path := range strings.FieldsSeq(string(out)) {
		p.compile[path] = true
	}
	if p.now.Of = len(p.compile); p.now.Of > 0 {
		p.tell(p.now)
	}
	return "go run -v " + rest
}

// goRun parses a line that only runs a Go program. It returns the words after "go
// run", and those of them that name the program, as arguments of the go command. It
// returns nothing if a shell would expand any part of the line.
func goRun(line string) (rest string, packages []string) {
	words := strings.Fields(line)
	if len(words) < 3 || words[0] != "go" || words[1] != "run" || strings.ContainsAny(line, "\"'`$\\&|;<>()*?[]{}#~!%^\n") {
		return "", nil
	}
	words = words[2:]
	rest = strings.Join(words, " ")
	program := slices.IndexFunc(words, func(word string) bool { return !strings.HasPrefix(word, "-") })
	for _, flag := range words[:max(program, 0)] {
		if !strings.Contains(flag, "=") { // its value may be the next word
			return "", nil
		}
	}
	if program < 0 {
		return "", nil
	}
	end := program + 1
	if strings.HasSuffix(words[program], ".go") {
		for end < len(words) && strings.HasSuffix(words[end], ".go") {
			end++
		}
	}
	return rest, words[:end]
}

// lineReader calls read with each line, and keeps the lines that read does not use.
type lineReader struct {
	read func(line string) bool
	text bytes.Buffer // the unused lines
	line []byte       // the line that has not ended
}

func (l *lineReader) Write(b []byte) (int, error) {
	l.line = append(l.line, b...)
	for {
		end := bytes.IndexByte(l.line, '\n')
		if end < 0 {
			break
		}
		if !l.read(strings.TrimSuffix(string(l.line[:end]), "\r")) {
			l.text.Write(l.line[:end+1])
		}
		l.line = l.line[end+1:]
	}
	return len(b), nil
}

// String returns the unused lines.
func (l *lineReader) String() string { return l.text.String() + string(l.line) }
