package bucketemptier

import (
	"context"
	"errors"
	"iter"
)

// ErrNoBucket is wrapped by errors of a Store if the bucket does not exist.
var ErrNoBucket = errors.New("the bucket does not exist")

// Store reads and empties buckets. It retries throttled calls itself. An error of a call
// that the function's role does not allow wraps customresource.ErrDenied.
type Store interface {
	// Tags returns the tags of a bucket.
	Tags(ctx context.Context, bucket string) (map[string]string, error)

	// PutPolicy replaces the policy of a bucket.
	PutPolicy(ctx context.Context, bucket, policy string) error

	// Versions lists all versions of all objects and all delete markers, in
	// pages of at most 1,000. It ends after the first error.
	Versions(ctx context.Context, bucket string) iter.Seq2[[]Version, error]

	// Delete deletes a page of versions and returns those that it could not delete. A
	// version that does not exist counts as deleted.
	Delete(ctx context.Context, bucket string, page []Version) ([]Refusal, error)

	// Uploads lists the unfinished multipart uploads in the same way as Versions.
	Uploads(ctx context.Context, bucket string) iter.Seq2[[]Upload, error]

	// Abort aborts an unfinished upload. It succeeds if there is no such upload.
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
