//go:build !(darwin || dragonfly || freebsd || linux || netbsd || openbsd || windows)

package main

import (
	"errors"
	"os"
)

// openLocked fails: the standard library has no file locks on this system. No
// process then writes the files that need the lock.
func openLocked(string) (*os.File, error) { return nil, errors.ErrUnsupported }
