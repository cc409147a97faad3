// Package bucketemptier is the provider of the custom resources Custom::EmptyBucket and
// Custom::FunctionRuns. It empties the content bucket of an ephemeral environment before
// CloudFormation deletes the bucket with its stack, because a bucket with objects cannot
// be deleted.
//
// It acts on Delete only, and deletes objects only if both of these are true:
//
//   - The stack is being deleted, or its first creation is being rolled back.
//     CloudFormation also sends Delete during updates, for a custom resource that was
//     removed or renamed, or whose bucket is replaced. Nothing is deleted then, and a
//     replaced bucket is left unchanged.
//   - The bucket has the tag signedfront:ephemeral=true. A stack that is being deleted
//     may contain a bucket that it keeps: one that is no longer ephemeral after an update
//     whose cleanup did not finish, or whose tag somebody removed to save the objects.
//     The tag alone is not enough, because S3 may show it for some time after its removal.
//
// If it cannot check these, it fails and deletes nothing.
//
// The distribution and the bucket policy are deleted before. The provider writes a policy
// that denies writes and stays until the bucket is deleted. It then deletes objects until
// no more appear. So a program that keeps writing cannot keep the bucket alive, and if the
// deletion of the stack fails later, the bucket is still empty at the next attempt.
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

// The bucket is listed from the start, some seconds apart, until two listings in a row
// are empty: writes that started before the policy denied them may still arrive.
const (
	maxRounds = 20
	pause     = 5 * time.Second
)

// Provider empties buckets. It is a customresource.Provider.
//
// The properties of Custom::EmptyBucket are BucketName and, optionally, RoleArn, the ARN
// of the function's role. A resource with Check=true is of type Custom::FunctionRuns and
// does nothing. Neither has attributes.
type Provider struct {
	Store  Store
	Stacks customresource.Stacks
}

var _ customresource.Provider = (*Provider)(nil)

// Create returns the physical id and does nothing else.
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

// Update does the same as Create. Another bucket has another id. CloudFormation then
// sends a Delete for the old id after the update, and Delete does nothing during an
// update.
func (p *Provider) Update(ctx context.Context, r customresource.Request) (customresource.Response, error) {
	return p.Create(ctx, r)
}

// Delete denies writes to the bucket and empties it: all versions, delete markers and
// unfinished multipart uploads. It succeeds without deleting anything if the bucket does
// not exist, has no such tag, or its stack is not being deleted. It fails if time runs
// out; another Delete then continues.
func (p *Provider) Delete(ctx context.Context, r customresource.Request) error {
	// The id says which bucket to empty. The properties of a Delete may be those of
	// another version of the template.
	bucket, ours := strings.CutPrefix(r.PhysicalResourceID, contract.EmptyBucketID)
	if !ours {
		r.Log.Info("not a bucket of this provider: nothing deleted")
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
		return fmt.Errorf("emptying bucket %s: nothing is deleted, because it is not known whether the stack is being deleted; if it is, delete it again: %w", named, err)
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
		return fmt.Errorf("emptying bucket %s: nothing is deleted, because the policy that denies writes could not be written: delete the stack again to continue: %w", named, err)
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

// going reports whether a stack with this status is being deleted, or its first creation
// is being rolled back. During an update and its cleanup, a Delete only means that the
// custom resource was removed from the template or has another logical id.
//
// https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/view-stack-events.html#cfn-console-view-stack-status-codes
func going(status string) bool {
	return status == "DELETE_IN_PROGRESS" || status == "ROLLBACK_IN_PROGRESS"
}

// empty empties the bucket until two rounds in a row found nothing.
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
			return fmt.Errorf("%w: delete the stack again to continue", err)
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
	return errors.New("there are still objects: something keeps writing to the bucket although its policy denies it; stop it and delete the stack again")
}

var errTime = errors.New("time ran out: delete the stack again to continue")

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

// each runs a job of the crew for each page of a listing. It returns the number of
// entries in all pages.
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
