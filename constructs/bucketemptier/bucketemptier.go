// Package bucketemptier empties the content bucket of an ephemeral environment
// before CloudFormation deletes it with its stack: a bucket that holds anything
// cannot be deleted. It is the provider of the custom resources
// Custom::EmptyBucket and Custom::FunctionRuns.
//
// It works on Delete only, and deletes only where two things say so:
//
//   - The stack is being deleted, or its first creation is being rolled back.
//     CloudFormation also sends Delete in updates, for a custom resource that
//     left the template, was renamed, or stands for a bucket that is replaced.
//     Nothing is deleted then; a bucket that was replaced is left as it is.
//   - The bucket carries the tag signedfront:ephemeral=true. A stack that is
//     being deleted can hold a bucket that it keeps: one that has stopped being
//     ephemeral in an update that was not cleaned up after, or whose tag somebody
//     took off to save the objects. The tag alone would not do, for S3 may show
//     it some time after it was taken off.
//
// Where it cannot find out, it fails and deletes nothing.
//
// What reads the bucket, its distribution and its own policy, has gone from the
// stack by then. The provider puts a policy in its place that denies writes,
// which stays until the bucket goes, and deletes until nothing comes back: so a
// writer that never stops does not keep the bucket, and a deletion that failed
// later on finds it empty.
package bucketemptier

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"strings"
	"time"

	"github.com/signedfront/signedfront/constructs/contract"
	"github.com/signedfront/signedfront/constructs/customresource"
	"github.com/signedfront/signedfront/signer"
)

// A bucket is listed from the start again and again, some seconds apart, until
// that has found nothing twice: what was under way before the bucket's policy
// denied writes may still come.
const (
	maxRounds = 20
	pause     = 5 * time.Second
)

// Provider empties buckets. It is a customresource.Provider.
//
// The properties of the resource are BucketName and RoleArn, the ARN of the
// function's role, which is not needed. With Check=true alone it is one of the
// type Custom::FunctionRuns, with which nothing is done. Neither has attributes.
type Provider struct {
	Store  Store
	Stacks customresource.Stacks
}

var _ customresource.Provider = (*Provider)(nil)

// Create names the resource and does nothing else.
func (p *Provider) Create(_ context.Context, r customresource.Request) (customresource.Response, error) {
	if r.Properties.String(contract.Check) == contract.CheckTrue {
		return customresource.Response{PhysicalResourceID: contract.FunctionRunsID}, nil
	}
	bucket := r.Properties.String(contract.BucketName)
	if bucket == "" {
		return customresource.Response{}, errors.New("property " + contract.BucketName + " is missing: want the name of the bucket to empty")
	}
	return customresource.Response{PhysicalResourceID: contract.EmptyBucketID + bucket}, nil
}

// Update is Create. Another bucket is another id. CloudFormation then sends a
// Delete of the old one once the update has succeeded, which leaves it alone.
func (p *Provider) Update(ctx context.Context, r customresource.Request) (customresource.Response, error) {
	return p.Create(ctx, r)
}

// Delete denies writes to the bucket and empties it: all versions, delete markers
// and unfinished multipart uploads. A bucket that is gone, has no such tag, or
// belongs to a stack that stays, is a success. Where time runs out it fails, and
// another Delete goes on.
func (p *Provider) Delete(ctx context.Context, r customresource.Request) error {
	// The id alone says which bucket to empty: the properties of a Delete can be
	// those of another version of the template.
	bucket, ours := strings.CutPrefix(r.PhysicalResourceID, contract.EmptyBucketID)
	if !ours {
		r.Log.Info("no bucket of this provider: nothing deleted")
		return nil
	}
	var tags map[string]string
	err := customresource.RetryWhile(ctx, customresource.ErrDenied, func() (err error) {
		tags, err = p.Store.Tags(ctx, bucket)
		return err
	})
	if errors.Is(err, ErrNoBucket) {
		r.Log.Info("the bucket is gone: nothing deleted")
		return nil
	}
	named := signer.Describe(bucket, signer.FormName)
	if err != nil {
		return fmt.Errorf("emptying bucket %s: %w", named, err)
	}
	if tags[contract.EphemeralTag] != contract.EphemeralValue {
		r.Log.Info("the bucket has no tag " + contract.EphemeralTag + "=" + contract.EphemeralValue + ": nothing deleted")
		return nil
	}
	var status string
	err = customresource.RetryWhile(ctx, customresource.ErrDenied, func() (err error) {
		status, err = p.Stacks.Status(ctx, r.StackID)
		return err
	})
	if err != nil {
		return fmt.Errorf("emptying bucket %s: nothing is deleted, for it is not known whether the stack is being deleted; if it is, delete it again: %w", named, err)
	}
	if !going(status) {
		r.Log.Info("the stack is not being deleted: nothing deleted", "stackStatus", status)
		return nil
	}

	policy := closingPolicy(bucket, r.StackID, r.Properties.String(contract.RoleARN))
	err = customresource.RetryWhile(ctx, customresource.ErrDenied, func() error {
		return p.Store.PutPolicy(ctx, bucket, policy)
	})
	if errors.Is(err, ErrNoBucket) {
		r.Log.Info("the bucket is gone: nothing deleted")
		return nil
	}
	if err != nil {
		return fmt.Errorf("emptying bucket %s: nothing is deleted, for a policy that denies writes could not be put: delete the stack again to go on: %w", named, err)
	}
	var done tally
	err = p.empty(ctx, bucket, &done)
	r.Log.Info("bucket emptied", "complete", err == nil, "versions", done.versions, "uploads", done.uploads)
	if err != nil {
		return fmt.Errorf("emptying bucket %s: %d versions and %d unfinished uploads are deleted, then %w",
			named, done.versions, done.uploads, err)
	}
	return nil
}

// going reports whether everything in a stack of this status is on its way out:
// the stack is being deleted, or its first creation has failed. In an update,
// and in what cleans up after one, a Delete says no more than that the custom
// resource has left the template, or goes by another logical id now.
//
// https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/view-stack-events.html#cfn-console-view-stack-status-codes
func going(status string) bool {
	return status == "DELETE_IN_PROGRESS" || status == "ROLLBACK_IN_PROGRESS"
}

// empty goes through the bucket until it has found nothing twice.
func (p *Provider) empty(ctx context.Context, bucket string, done *tally) error {
	wasEmpty := false
	for range maxRounds {
		before := done.total()
		var found int
		err := customresource.RetryWhile(ctx, customresource.ErrDenied, func() (err error) {
			found, err = p.round(ctx, bucket, done)
			return err
		})
		switch {
		case errors.Is(err, ErrNoBucket), err == nil && found == 0 && wasEmpty:
			return nil
		case ctx.Err() != nil:
			return errTime
		case err != nil:
			return fmt.Errorf("%w: delete the stack again to go on", err)
		case found > 0 && done.total() == before:
			return done.refusal()
		}
		wasEmpty = found == 0
		select {
		case <-time.After(pause):
		case <-ctx.Done():
			return errTime
		}
	}
	return errors.New("there was still more: something goes on writing to the bucket, whose policy denies it; stop it and delete the stack again")
}

var errTime = errors.New("time ran out: delete the stack again to go on")

// round deletes everything that one listing finds.
func (p *Provider) round(ctx context.Context, bucket string, done *tally) (found int, err error) {
	done.refused, done.refusals = 0, nil
	work := newCrew()
	found += each(work, p.Store.Versions(ctx, bucket), func(page []Version) error {
		refusals, err := p.Store.Delete(ctx, bucket, page)
		if err == nil {
			done.deleted(len(page), refusals)
		}
		return err
	})
	found += each(work, p.Store.Uploads(ctx, bucket), func(page []Upload) error {
		for _, upload := range page {
			if err := p.Store.Abort(ctx, bucket, upload); err != nil {
				return err
			}
			done.aborted()
		}
		return nil
	})
	return found, work.wait()
}

// each has the crew do a job for each page of a listing. It returns how many
// entries the pages had.
func each[T any](work *crew, pages iter.Seq2[[]T, error], job func(page []T) error) (entries int) {
	if work.failed() {
		return 0
	}
	for page, err := range pages {
		if err != nil {
			work.fail(err)
			break
		}
		entries += len(page)
		work.do(func() error { return job(page) })
		if work.failed() {
			break
		}
	}
	return entries
}
