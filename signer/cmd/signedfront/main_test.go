package main_test

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

// signedfront is the built program, which these tests run.
var signedfront string

func TestMain(m *testing.M) {
	status, err := buildAndRun(m)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		status = 1
	}
	os.Exit(status)
}

func buildAndRun(m *testing.M) (status int, err error) {
	dir, err := os.MkdirTemp("", "signedfront-test-")
	if err != nil {
		return 1, err
	}
	defer os.RemoveAll(dir)
	signedfront = filepath.Join(dir, "signedfront.exe")
	build := exec.Command("go", append([]string{"build", "-o", signedfront}, buildFlags...)...)
	if out, err := build.CombinedOutput(); err != nil {
		return 1, fmt.Errorf("%s: %w\n%s", build, err, out)
	}
	return m.Run(), nil
}

// process is the running program.
type process struct {
	*exec.Cmd
	stdin          io.WriteCloser
	stdout, stderr output
	ended          chan struct{}
}

// start starts the program in a folder. It ends at the latest with the test.
func start(t *testing.T, dir string, args ...string) *process {
	t.Helper()
	p := &process{Cmd: exec.Command(signedfront, args...), ended: make(chan struct{})}
	p.Dir = dir
	p.Stdout, p.Stderr = &p.stdout, &p.stderr
	stdin, err := p.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	p.stdin = stdin
	if err := p.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		p.Wait()
		p.stdout.end()
		p.stderr.end()
		close(p.ended)
	}()
	t.Cleanup(func() {
		p.Process.Kill()
		<-p.ended
	})
	return p
}

// status waits for the program to end and returns its exit status.
func (p *process) status() int {
	<-p.ended
	return p.ProcessState.ExitCode()
}

// run runs the program to its end.
func run(t *testing.T, dir string, args ...string) *process {
	t.Helper()
	p := start(t, dir, args...)
	p.stdin.Close()
	p.status()
	return p
}

// output is what a program has written so far.
type output struct {
	mu    sync.Mutex
	text  bytes.Buffer
	ended bool
	more  *sync.Cond
}

func (o *output) lock() {
	o.mu.Lock()
	if o.more == nil {
		o.more = sync.NewCond(&o.mu)
	}
}

func (o *output) Write(b []byte) (int, error) {
	o.lock()
	defer o.mu.Unlock()
	o.more.Broadcast()
	return o.text.Write(b)
}

func (o *output) end() {
	o.lock()
	defer o.mu.Unlock()
	o.ended = true
	o.more.Broadcast()
}

func (o *output) String() string {
	o.lock()
	defer o.mu.Unlock()
	return o.text.String()
}

// await waits until wanted accepts the output, and returns it.
func (o *output) await(t *testing.T, wanted func(text string) bool) string {
	t.Helper()
	o.lock()
	defer o.mu.Unlock()
	for !wanted(o.text.String()) {
		if o.ended {
			t.Fatalf("the program ended, having written:\n%s", o.text.String())
		}
		o.more.Wait()
	}
	return o.text.String()
}

// has is for await: the output contains the text n times.
func has(text string, n int) func(string) bool {
	return func(written string) bool { return strings.Count(written, text) >= n }
}

func writeFile(t *testing.T, file, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}
