//go:build unix

package signer

import "syscall"

// nonBlocking opens a named pipe that nobody writes to without waiting.
const nonBlocking = syscall.O_NONBLOCK
