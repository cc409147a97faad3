//go:build !linux

package deploytest

import "syscall"

// inGroup is not reached: installTools takes Linux alone.
func inGroup(int) *syscall.SysProcAttr { return nil }
