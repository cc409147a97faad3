package customresourcetest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/cfn"
)

// Function is the real program of a function, run as Lambda runs it: it asks a runtime
// API for events.
//
// https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html
type Function struct {
	t       testing.TB
	process *exec.Cmd
	exited  chan struct{}
	output  output

	work    chan invocation
	mu      sync.Mutex
	pending map[string]chan string
	serial  int
}

type invocation struct {
	id       string
	event    []byte
	deadline time.Time
}

type output struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.Write(p)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.String()
}

// Build builds the program in a folder of this module for this machine, with support
// for an emulator of CloudFormation.
func Build(t testing.TB, folder string) (program string) {
	t.Helper()
	program = filepath.Join(t.TempDir(), "bootstrap")
	build := exec.Command("go", "build", "-tags", "lambda.norpc,signedfront_emulator", "-o", program, folder)
	if text, err := build.CombinedOutput(); err != nil {
		t.Fatalf("building %s: %v\n%s", folder, err, text)
	}
	return program
}

// Run starts a program as a function. Endpoint replaces all services of AWS. The
// program ends with the test.
func Run(t testing.TB, program, endpoint string) *Function {
	t.Helper()
	f := &Function{
		t:       t,
		exited:  make(chan struct{}),
		work:    make(chan invocation),
		pending: make(map[string]chan string),
	}
	api := httptest.NewServer(f)
	f.process = exec.Command(program)
	f.process.Env = []string{
		"AWS_LAMBDA_RUNTIME_API=" + strings.TrimPrefix(api.URL, "http://"),
		"AWS_REGION=eu-central-1",
		"AWS_ACCESS_KEY_ID=AKIDEXAMPLE",
		"AWS_SECRET_ACCESS_KEY=the-functions-own-secret-access-key",
		"AWS_SESSION_TOKEN=the-functions-own-session-token",
		"AWS_ENDPOINT_URL=" + endpoint,
		"PATH=" + os.Getenv("PATH"),
	}
	f.process.Stdout, f.process.Stderr = &f.output, &f.output
	if err := f.process.Start(); err != nil {
		api.Close()
		t.Fatal(err)
	}
	go func() {
		f.process.Wait()
		close(f.exited)
	}()
	t.Cleanup(func() {
		f.Kill()
		api.Close()
	})
	return f
}

// Kill ends the program immediately.
func (f *Function) Kill() {
	f.process.Process.Kill()
	<-f.exited
}

// Output returns everything that the program has written so far.
func (f *Function) Output() string { return f.output.String() }

// Start delivers an event. The channel receives what Invoke returns, or nothing if the
// program is killed.
func (f *Function) Start(event cfn.Event) <-chan string {
	f.t.Helper()
	text, err := json.Marshal(event)
	if err != nil {
		f.t.Fatal(err)
	}
	f.mu.Lock()
	f.serial++
	id := fmt.Sprintf("invocation-%d", f.serial)
	result := make(chan string, 1)
	f.pending[id] = result
	f.mu.Unlock()
	select {
	case f.work <- invocation{id, text, time.Now().Add(time.Minute)}:
	case <-f.exited:
		f.t.Fatalf("the function has exited:\n%s", f.Output())
	}
	return result
}

// Invoke delivers an event and returns the error that the program reported to Lambda,
// or "" for success.
func (f *Function) Invoke(event cfn.Event) (failure string) {
	f.t.Helper()
	select {
	case failure := <-f.Start(event):
		return failure
	case <-f.exited:
		f.t.Fatalf("the function exited without a result:\n%s", f.Output())
		return ""
	}
}

// ServeHTTP serves the runtime API.
func (f *Function) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	path := strings.Split(strings.TrimPrefix(r.URL.Path, "/2018-06-01/runtime/invocation/"), "/")
	if path[0] == "next" {
		select {
		case i := <-f.work:
			w.Header().Set("Lambda-Runtime-Aws-Request-Id", i.id)
			w.Header().Set("Lambda-Runtime-Deadline-Ms", fmt.Sprint(i.deadline.UnixMilli()))
			w.Write(i.event)
		case <-f.exited:
		}
		return
	}
	body, _ := io.ReadAll(r.Body)
	w.WriteHeader(http.StatusAccepted)
	f.mu.Lock()
	result := f.pending[path[0]]
	f.mu.Unlock()
	switch {
	case result == nil:
	case len(path) == 2 && path[1] == "response":
		result <- ""
	default:
		result <- string(body)
	}
}
