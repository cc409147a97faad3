package cdkapp

import (
	"cmp"
	"context"
	"os"
	"os/exec"
	"strconv"
	"syscall"
)

// shell runs a line as Node.js does on Windows: the shell handles the quotes.
// Windows cannot end a group of processes, so taskkill ends the process tree.
func shell(ctx context.Context, line string) *exec.Cmd {
	name := cmp.Or(os.Getenv("ComSpec"), "cmd.exe")
	cmd := exec.CommandContext(ctx, name)
	cmd.SysProcAttr = &syscall.SysProcAttr{CmdLine: `"` + name + `" /d /s /c "` + line + `"`}
	cmd.Cancel = func() error {
		return exec.Command("taskkill", "/T", "/F", "/PID", strconv.Itoa(cmd.Process.Pid)).Run()
	}
	return cmd
}

func killGroup(*exec.Cmd) {}
