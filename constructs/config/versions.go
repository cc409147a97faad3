package config

import (
	"fmt"
	"time"
)

// Versions says for how long a bucket keeps what was written over or deleted.
type Versions struct {
	// Keep is for how long an object that was written over or deleted is kept, in
	// whole days, at most 3650. S3 deletes it, unnoticed, after the midnight (UTC)
	// that follows, and with the last version what marks the object as deleted:
	// https://docs.aws.amazon.com/AmazonS3/latest/userguide/intro-lifecycle-rules.html
	//
	// Default: none. It is required.
	Keep time.Duration `json:"keep"`
}

// check checks the versions of a new bucket, or of one that exists.
func (v Versions) check(at node, bucket string) {
	keep := at.field("Keep")
	switch {
	case bucket != "":
		at.wrong("versions of a bucket of one's own", "leave it out: how long a bucket that exists keeps them is its owner's")
	case v.Keep == 0:
		keep.missing("missing", "write for how long, such as "+examples["keep"])
	case v.Keep >= day && v.Keep <= maxDuration && v.Keep%day != 0:
		whole := v.Keep.Truncate(day)
		keep.wrong(FormatDuration(v.Keep), fmt.Sprintf("write %s or %s: S3 counts whole days", FormatDuration(whole), FormatDuration(whole+day)))
	default:
		keep.duration(v.Keep, day, ": S3 counts whole days")
	}
}
