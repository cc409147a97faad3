//go:build unix

package cdkapp_test

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/signedfront/signedfront/signer/edge/cdkapp"
)

// A command such as "go run" does not end the program that it runs. Every process
// of the app holds a pipe open, so the pipe ends when the last process ends.
func TestCancellingEndsEveryProcessOfTheApp(t *testing.T) {
	for name, app := range map[string]string{
		"that end when they are interrupted": `exec 9> pipe; echo >&9; sh -c 'sleep 600; true'`,
		"that are deaf to it":                `trap '' INT TERM; exec 9> pipe; (sleep 600 & sleep 600) & echo >&9; sleep 600`,
	} {
		t.Run(name, func(t *testing.T) {
			dir := newApp(t, nil, map[string]string{"cdk.json": `{"app": "` + app + `"}`})
			pipe := filepath.Join(dir, "pipe")
			if err := syscall.Mkfifo(pipe, 0o600); err != nil {
				t.Fatal(err)
			}
			ctx, cancel := context.WithCancel(t.Context())
			failed := make(chan error, 1)
			go func() {
				_, err := cdkapp.Synthesize(ctx, dir, nil)
				failed <- err
			}()

			held, err := os.Open(pipe)
			if err != nil {
				t.Fatal(err)
			}
			defer held.Close()
			if _, err := held.Read(make([]byte, 1)); err != nil {
				t.Fatal(err)
			}
			cancel()
			if err := <-failed; !errors.Is(err, context.Canceled) {
				t.Errorf("got %v", err)
			}
			if _, err := io.ReadAll(held); err != nil { // returns when no process holds it
				t.Fatal(err)
			}
		})
	}
}
