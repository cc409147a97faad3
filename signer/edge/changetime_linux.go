package edge

import (
	"io/fs"
	"syscall"
	"time"
)

// changeTime is when a file was last changed, its times and its names included:
// unlike the time of its content, nobody sets it.
func changeTime(info fs.FileInfo) time.Time {
	if stat, ok := info.Sys().(*syscall.Stat_t); ok {
		return time.Unix(stat.Ctim.Unix())
	}
	return info.ModTime()
}
