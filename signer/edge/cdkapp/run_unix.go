//go:build unix

package cdkapp

import (
	"context"
	"os/exec"
	"syscall"
)

// shell runs a line in a process group of its own, so that all of it can be
// ended: "go run" leaves behind what it runs. It is told as by Ctrl-C, which
// "go run" and Node.js clean up after.
func shell(ctx context.Context, line string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, "/bin/sh", "-c", line)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGINT) }
	return cmd
}

// killGroup ends what is left of it.
func killGroup(cmd *exec.Cmd) {
	if cmd.Process != nil {
		syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL)
	}
}
