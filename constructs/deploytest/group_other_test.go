//go:build !linux

package deploytest

import "syscall"

// inGroup is never called: installTools fails on systems other than Linux.
func inGroup(int) *syscall.SysProcAttr { return nil }
