//go:build unix

package main_test

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

func TestAnInterruptEndsTheWaitForAPipe(t *testing.T) {
	dir, _ := keyFolder(t)
	pipe := filepath.Join(dir, "pipe")
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{
		{"explain", "--public-key", keyPairID + "=pipe", site + "/rt.png"},
		{"url", "--key-pair-id", keyPairID, "--private-key", "pipe", site + "/rt.png"},
	} {
		p := start(t, dir, args...)
		held, err := os.OpenFile(pipe, os.O_WRONLY, 0) // returns when the program has opened it
		if err != nil {
			t.Fatal(err)
		}
		if err := p.Process.Signal(os.Interrupt); err != nil {
			t.Fatal(err)
		}
		if p.status() != 1 || !strings.Contains(p.stderr.String(), "interrupted\n") {
			t.Errorf("signedfront %s: exit status %d: %s", strings.Join(args, " "), p.status(), &p.stderr)
		}
		held.Close()
	}
}
