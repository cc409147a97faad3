package edge

import (
	"io/fs"
	"syscall"
	"time"
)

// changeTime returns when a file, its times or its names last changed. Unlike the
// modification time, a program cannot set it.
func changeTime(info fs.FileInfo) time.Time {
	if stat, ok := info.Sys().(*syscall.Stat_t); ok {
		return time.Unix(stat.Ctimespec.Unix())
	}
	return info.ModTime()
}
