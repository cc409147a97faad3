//go:build !linux && !darwin

package edge

import (
	"io/fs"
	"time"
)

// changeTime is when the content of a file was last changed, as far as it is known.
func changeTime(info fs.FileInfo) time.Time { return info.ModTime() }
