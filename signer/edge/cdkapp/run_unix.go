//go:build unix

package cdkapp

import (
	"context"
	"os/exec"
	"syscall"
)

// shell runs a line in its own process group, because "go run" does not end the
// program that it runs. Cancelling sends SIGINT, after which "go run" and Node.js
// clean up.
func shell(ctx context.Context, line string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, "/bin/sh", "-c", line)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGINT) }
	return cmd
}

// killGroup ends the remaining processes of the group.
func killGroup(cmd *exec.Cmd) {
	if cmd.Process != nil {
		syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL)
	}
}
