package config

import (
	"fmt"
	"time"
)

// Versions sets how long a bucket keeps overwritten and deleted objects.
type Versions struct {
	// Keep is how long an overwritten or deleted object is kept: 1 to 3650 whole
	// days. S3 then deletes it permanently, at a later midnight (UTC). With the last
	// version of an object, S3 also removes the marker that it was deleted:
	// https://docs.aws.amazon.com/AmazonS3/latest/userguide/intro-lifecycle-rules.html
	//
	// Default: none. It is required.
	Keep time.Duration `json:"keep"`
}

// check checks Versions, which an existing bucket, unlike a new one, cannot have.
func (v Versions) check(at node, bucket string) {
	keep := at.field("Keep")
	switch {
	case bucket != "":
		at.wrong("versions of an existing bucket", "leave it out: the owner of an existing bucket decides how long it keeps them")
	case v.Keep == 0:
		keep.missing("missing", "write for how long, such as "+examples["keep"])
	case v.Keep >= day && v.Keep <= maxDuration && v.Keep%day != 0:
		whole := v.Keep.Truncate(day)
		keep.wrong(FormatDuration(v.Keep), fmt.Sprintf("write %s or %s: S3 counts whole days", FormatDuration(whole), FormatDuration(whole+day)))
	default:
		keep.duration(v.Keep, day, ": S3 counts whole days")
	}
}
