//go:build !linux && !darwin

package edge

import (
	"io/fs"
	"time"
)

// changeTime returns the modification time of a file: the system has no other.
func changeTime(info fs.FileInfo) time.Time { return info.ModTime() }
