//go:build unix

package edge

import "syscall"

// nonBlocking opens a pipe at once, though nobody writes into it.
const nonBlocking = syscall.O_NONBLOCK
