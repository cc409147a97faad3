package cdkapp

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"time"

	"github.com/signedfront/signedfront/signer/edge/internal/redact"
)

// grace is the time that a cancelled app has to end by itself.
const grace = 2 * time.Second

// run runs a line of cdk.json in the shell, as the CDK's command line does. It
// calls tell with the progress, unless tell is nil.
func run(ctx context.Context, dir, line string, environ []string, tell func(Progress)) error {
	var stdout bytes.Buffer
	stderr := &lineReader{read: func(string) bool { return false }}
	runs := line
	if tell != nil {
		p := &progress{tell: tell, modules: map[string]bool{}}
		runs = p.prepare(ctx, dir, line, environ)
		stderr.read = p.readLine
	}
	cmd := shell(ctx, runs)
	cmd.Dir = dir
	cmd.Env = environ
	cmd.Stdout, cmd.Stderr = &stdout, stderr
	cmd.WaitDelay = grace
	err := cmd.Run()
	switch {
	case ctx.Err() != nil:
		killGroup(cmd)
		return context.Cause(ctx)
	case err == nil, errors.Is(err, exec.ErrWaitDelay):
		return nil
	}
	what := message(stderr.String())
	if what == "" {
		what = message(stdout.String())
	}
	if what == "" {
		what = "it printed nothing"
	}
	return &Error{Problem: fmt.Sprintf("the app of %s failed (%s, %v):\n%s", redact.File(filepath.Join(dir, configFile)), redact.Command(line), cause(err), redact.Output(what))}
}

var (
	// A harmless race in jsii's runtime. It has no line feed at its end.
	jsiiNote = regexp.MustCompile(`Runtime process exited abnormally: wait\w*: no child processes`)

	goRunNote       = regexp.MustCompile(`(?m)^exit status \d+$`)
	goStack         = regexp.MustCompile(`(?m)^goroutine \d+ \[`)
	javaScriptFrame = regexp.MustCompile(`(?m)^\s+at .*:\d+:\d+\)?$\n?`)
)

// message returns what an app printed about its failure, without stack traces and
// without the lines of jsii and go run.
func message(output string) string {
	output = strings.ReplaceAll(output, "\r\n", "\n")
	output = jsiiNote.ReplaceAllString(output, "")
	output = goRunNote.ReplaceAllString(output, "")
	if at := goStack.FindStringIndex(output); at != nil {
		output = output[:at[0]]
	}
	return strings.TrimSpace(javaScriptFrame.ReplaceAllString(output, ""))
}

// cause returns the error of the operating system without the name of the file or
// program, which may hold a secret.
func cause(err error) error {
	var file *fs.PathError
	var program *exec.Error
	switch {
	case errors.As(err, &file):
		return file.Err
	case errors.As(err, &program):
		return program.Err
	}
	return err
}
