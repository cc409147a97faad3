//go:build unix

package main

import (
	"os/signal"
	"syscall"
)

// ignoreTerminalReads keeps a background program from being stopped when it reads
// from its terminal: the read fails.
func ignoreTerminalReads() { signal.Ignore(syscall.SIGTTIN) }
