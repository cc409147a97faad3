//go:build unix

package edge

import "syscall"

// nonBlocking opens a pipe at once, even if nothing writes to it.
const nonBlocking = syscall.O_NONBLOCK

// keepsFolders is true: an open folder can be removed and made again under its
// name, and a file has one name in its folder, apart from letter case and composed
// characters.
const keepsFolders = true
