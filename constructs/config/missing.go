package config

import (
	"fmt"
	"slices"
)

// The values of [Content.Missing]. S3 answers 404 for a missing object only to a
// reader that may list the bucket:
// https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html
const (
	// MissingIsForbidden answers 403, as S3 does for an object that may not be read.
	MissingIsForbidden = 403

	// MissingIsNotFound answers 404.
	MissingIsNotFound = 404
)

var missingStatuses = []int{MissingIsForbidden, MissingIsNotFound}

// checkMissing checks the status of missing objects. A reader that may list a
// bucket would get a list of its objects at /, unless there is a default root object.
func (c Content) checkMissing(at node) {
	switch {
	case !slices.Contains(missingStatuses, c.Missing):
		at.field("Missing").wrong(fmt.Sprint(c.Missing), "write "+numberChoices(missingStatuses))
	case c.Missing == MissingIsNotFound && c.DefaultRootObject == "":
		at.field("Missing").wrong("404 without "+at.name("DefaultRootObject"),
			"write "+at.name("DefaultRootObject")+" too, such as "+examples["defaultRootObject"]+": without one, the answer to / would be a list of the objects in the bucket")
	}
}

// warnOfUnusedPage reports an error page for 404 if no answer of the bucket is 404.
// The policy of an existing bucket may already let CloudFront list it.
func (c Content) warnOfUnusedPage(at node) {
	if c.Missing == MissingIsNotFound || c.Bucket != "" {
		return
	}
	for i, page := range c.ErrorPages {
		if page.ErrorCode == MissingIsNotFound {
			at.index(i).field("ErrorCode").wrong("404, which the bucket never answers", "write "+at.name("Missing")+" 404 too, or 403 here: without it, the answer for a missing object is 403")
		}
	}
}
