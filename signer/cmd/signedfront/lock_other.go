//go:build !(darwin || dragonfly || freebsd || linux || netbsd || openbsd || windows)

package main

import (
	"errors"
	"os"
)

// openLocked fails: the standard library locks no files on this system. No
// process then writes what only the holder of the lock writes.
func openLocked(string) (*os.File, error) { return nil, errors.ErrUnsupported }
