//go:build unix

package main

import (
	"os/signal"
	"syscall"
)

// ignoreTerminalReads lets a program in the background of a terminal go on when
// it reads from it, instead of being stopped: the read fails.
func ignoreTerminalReads() { signal.Ignore(syscall.SIGTTIN) }
