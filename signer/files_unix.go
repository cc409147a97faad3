//go:build unix

package signer

import "syscall"

// nonBlocking makes opening a named pipe without a writer return at once.
const nonBlocking = syscall.O_NONBLOCK
