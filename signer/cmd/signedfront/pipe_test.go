//go:build unix

package main_test

import (
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
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

func TestAnInterruptEndsTheWaitForALine(t *testing.T) {
	dir, _ := keyFolder(t)
	p := start(t, dir, "url", "--deployment", "deployment.json", "-")
	io.WriteString(p.stdin, "a\n")
	p.stdout.await(t, has("\n", 1))
	if err := p.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	if p.status() != 1 || !strings.Contains(p.stderr.String(), "error: interrupted\n") {
		t.Errorf("exit status %d: %s", p.status(), &p.stderr)
	}
}

// "signedfront url - | head" ends silently, as other programs do.
func TestAListEndsWhenNobodyReadsItsURLs(t *testing.T) {
	dir, _ := keyFolder(t)
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(signedfront, "url", "--deployment", "deployment.json", "-")
	var told strings.Builder
	cmd.Dir, cmd.Stdout, cmd.Stderr = dir, w, &told
	cmd.Stdin = endless{}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	w.Close()
	if _, err := r.Read(make([]byte, 100)); err != nil {
		t.Error(err)
	}
	r.Close()
	cmd.Wait() // ends, and so the list ends
	if status := cmd.ProcessState.Sys().(syscall.WaitStatus); !status.Signaled() || status.Signal() != syscall.SIGPIPE || told.Len() > 0 {
		t.Errorf("%s: %s", cmd.ProcessState, told.String())
	}
}

// endless is a list without an end.
type endless struct{}

func (endless) Read(p []byte) (int, error) { return copy(p, "albums/one.png\n"), nil }

func TestALongListTakesNoMoreMemoryThanAShortOne(t *testing.T) {
	dir, _ := keyFolder(t)
	p := start(t, dir, "url", "--deployment", "deployment.json", "-")
	// Keys of 10,000 bytes are refused before signing.
	const lines, size = 15_000, 10_000
	long := []byte(strings.Repeat("a", size) + "\n")
	for range lines {
		if _, err := p.stdin.Write(long); err != nil {
			t.Fatal(err)
		}
	}
	p.stderr.await(t, has("error: line ", lines-100)) // the last ones are still being written
	peak := peakMemory(t, p.Process.Pid)
	p.stdin.Close()
	if p.status() != 1 || !strings.Contains(p.stderr.String(), "15000 of 15000 lines") {
		t.Fatalf("exit status %d: %.300s", p.status(), &p.stderr)
	}
	if peak > lines*size/2 {
		t.Errorf("%d bytes of memory for a list of %d", peak, lines*size)
	}
}

// peakMemory returns the most memory that a program has used, in bytes. The value
// of wait would also count that of the process that started it.
func peakMemory(t *testing.T, pid int) int {
	t.Helper()
	if runtime.GOOS != "linux" {
		t.Skip("there is no /proc here")
	}
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		t.Fatal(err)
	}
	_, rest, ok := strings.Cut(string(status), "VmHWM:")
	var peak int
	if _, err := fmt.Sscanf(rest, "%d kB", &peak); !ok || err != nil {
		t.Fatalf("%s: %v", status, err)
	}
	return peak * 1024
}
