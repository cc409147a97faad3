package deploytest

import "syscall"

// inGroup has a program join the process group of leader, or lead a new one.
func inGroup(leader int) *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Pgid: leader}
}
