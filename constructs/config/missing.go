package config

import (
	"fmt"
	"slices"
)

// The values of [Content.Missing]. S3 tells a missing object from one that may not
// be read only to a reader that may list the bucket:
// https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html
const (
	// MissingIsForbidden answers 403, as for an object that may not be read.
	MissingIsForbidden = 403

	// MissingIsNotFound answers 404.
	MissingIsNotFound = 404
)

var missingStatuses = []int{MissingIsForbidden, MissingIsNotFound}

// checkMissing checks the status of missing objects. A reader that may list a
// bucket gets a list of its objects at /, unless there is an object for /.
func (c Content) checkMissing(at node) {
	switch {
	case !slices.Contains(missingStatuses, c.Missing):
		at.field("Missing").wrong(fmt.Sprint(c.Missing), "write "+numberChoices(missingStatuses))
	case c.Missing == MissingIsNotFound && c.DefaultRootObject == "":
		at.field("Missing").wrong("404 without "+at.name("DefaultRootObject"),
			"write "+at.name("DefaultRootObject")+" too, such as "+examples["defaultRootObject"]+": without one, the answer to / would be a list of the objects in the bucket")
	}
}

// warnOfUnusedPage tells of a page for 404, which a missing object does not have.
// The policy of a bucket that exists may let CloudFront list it already.
func (c Content) warnOfUnusedPage(at node) {
	if c.Missing == MissingIsNotFound || c.Bucket != "" {
		return
	}
	for i, page := range c.ErrorPages {
		if page.ErrorCode == MissingIsNotFound {
			at.index(i).field("ErrorCode").wrong("404, the status of no answer of the bucket", "write "+at.name("Missing")+" 404 too, or 403 here: a missing object is a 403 otherwise")
		}
	}
}
