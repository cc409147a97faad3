//go:build unix

package edge

import "syscall"

// nonBlocking opens a pipe at once, though nobody writes into it.
const nonBlocking = syscall.O_NONBLOCK

// keepsFolders is set where an open folder can be removed, and made anew under its
// name, and where a file has one name in a folder but for letter case and composed
// characters.
const keepsFolders = true
