package cdkapp

import (
	"bytes"
	"context"
	"os/exec"
	"slices"
	"strings"
)

// Progress is how far an app has come.
type Progress struct {
	// Module is the module that is being downloaded, and Modules how many have been
	// so far, with it.
	Module  string
	Modules int

	// Package is the package that is being compiled, Packages how many have been so
	// far, with it, and Of how many there are. Of is 0 until that is known, and where
	// there is nothing to compile.
	Package      string
	Packages, Of int
}

// progress reads how far an app has come from what the go command writes to
// standard error.
type progress struct {
	tell    func(Progress)
	now     Progress
	modules map[string]bool
	compile map[string]bool // the packages that are to be compiled, until they are
}

// readLine reads a line, and reports whether it tells of progress, and of nothing
// else.
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

// prepare finds out which packages "go run" would compile for a line, downloads
// what they need, and returns the line with the flag that has the go command name
// each. A line that it cannot read, and an app that cannot be listed, is left as it
// is: what is wrong is told when it runs.
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

// goRun takes apart a line that runs a Go program and does nothing else: what
// stands after "go run", and what names the program, as flags and packages of the
// go command. It returns nothing for a line with anything that a shell would read
// otherwise.
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

// lineReader hands on each line that is written to it, and keeps those that
// nobody has read.
type lineReader struct {
	read func(line string) bool
	text bytes.Buffer // the lines that were left
	line []byte       // the one that has not ended
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

// String is what nobody has read.
func (l *lineReader) String() string { return l.text.String() + string(l.line) }
