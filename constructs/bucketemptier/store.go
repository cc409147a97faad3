package bucketemptier

import (
	"context"
	"errors"
	"iter"
)

// ErrNoBucket is wrapped by the errors of a Store whose bucket does not exist.
var ErrNoBucket = errors.New("the bucket does not exist")

// Store is what holds buckets. A Store tries throttled calls again by itself.
// A call that the function's role does not allow wraps
// customresource.ErrDenied.
type Store interface {
	// Tags are the bucket's.
	Tags(ctx context.Context, bucket string) (map[string]string, error)

	// PutPolicy makes a policy the bucket's only one.
	PutPolicy(ctx context.Context, bucket, policy string) error

	// Versions lists all versions of all objects and all delete markers, in
	// pages of at most 1,000. It ends after the first error.
	Versions(ctx context.Context, bucket string) iter.Seq2[[]Version, error]

	// Delete removes a page of versions and tells which ones it could not. A
	// version that is gone counts as removed.
	Delete(ctx context.Context, bucket string, page []Version) ([]Refusal, error)

	// Uploads lists the multipart uploads that are not finished, as Versions
	// does.
	Uploads(ctx context.Context, bucket string) iter.Seq2[[]Upload, error]

	// Abort removes an unfinished upload. One that is gone is a success.
	Abort(ctx context.Context, bucket string, upload Upload) error
}

// Version is a version of an object, or a delete marker.
type Version struct {
	Key string // any bytes of valid UTF-8
	ID  string // "null" in a bucket that was never versioned
}

// Refusal is a version that could not be deleted, and S3's code for the reason.
type Refusal struct {
	Key  string
	Code string
}

// Upload is a multipart upload that is not finished.
type Upload struct {
	Key string
	ID  string
}
