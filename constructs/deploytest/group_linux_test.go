package deploytest

import "syscall"

// inGroup puts a program into the group of processes that another one leads, or
// into a new one that it leads itself.
func inGroup(leader int) *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Pgid: leader}
}
