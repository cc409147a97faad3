package bucketemptier_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-lambda-go/cfn"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation/types"

	"github.com/signedfront/signedfront/constructs/bucketemptier"
	"github.com/signedfront/signedfront/constructs/contract"
	"github.com/signedfront/signedfront/constructs/customresource"
	"github.com/signedfront/signedfront/constructs/customresource/customresourcetest"
)

const bucketID = "signedfront:empty-bucket:" + bucketName

// inBubble runs a subtest on synctest's clock, on which waiting takes no time.
func inBubble(t *testing.T, name string, test func(t *testing.T)) {
	t.Run(name, func(t *testing.T) { synctest.Test(t, test) })
}

func properties(bucket string) map[string]any {
	return map[string]any{"ServiceToken": "arn:aws:lambda:eu-central-1:111122223333:function:Empty", "BucketName": bucket, "RoleArn": ownRole}
}

// ownRole is that of the function.
const ownRole = "arn:aws:iam::111122223333:role/signedfront-dev-ContentBucketEmptierRoleED267B37-aBcDeFgHiJkL"

// cloud is the part of AWS that the provider needs.
type cloud interface {
	bucketemptier.Store
	customresource.Stacks
}

// request sends one request to a provider, as Lambda does with a timeout of 15 minutes.
func request(t *testing.T, aws cloud, kind cfn.RequestType, physicalID string, properties map[string]any) (a customresourcetest.Answer, log string) {
	t.Helper()
	var c customresourcetest.CloudFormation
	e := c.Event(kind, properties)
	e.PhysicalResourceID = physicalID
	ctx, cancel := context.WithTimeout(t.Context(), 15*time.Minute)
	defer cancel()
	var text bytes.Buffer
	h := customresource.Handler{
		Provider:  &bucketemptier.Provider{Store: aws, Stacks: aws},
		Log:       slog.New(slog.NewJSONHandler(&text, nil)),
		Transport: c.Transport(),
	}
	if err := h.Handle(ctx, e); err != nil || ctx.Err() != nil {
		t.Fatalf("no answer in time: %v", err)
	}
	return c.Answer(t, e), text.String()
}

func TestADeleteEmptiesTheBucketOf(t *testing.T) {
	tests := []struct {
		name   string
		bucket func() *bucket
	}{
		{"nothing", func() *bucket { return newBucket(0) }},
		{"one object", func() *bucket { return newBucket(1) }},
		{"a page and one more", func() *bucket { return newBucket(1001) }},
		{"many pages", func() *bucket { return newBucket(25_000) }},
		{"versions and delete markers of one key", func() *bucket {
			b := newBucket(0)
			for i := range 10 {
				b.versions = append(b.versions, bucketemptier.Version{Key: "a", ID: fmt.Sprint(i)})
			}
			return b
		}},
		{"unfinished uploads", func() *bucket {
			b := newBucket(3)
			for i := range 1500 {
				b.uploads = append(b.uploads, bucketemptier.Upload{Key: "film.mp4", ID: fmt.Sprint(i)})
			}
			return b
		}},
	}
	for _, test := range tests {
		inBubble(t, test.name, func(t *testing.T) {
			b := test.bucket()
			a, log := request(t, b, cfn.RequestDelete, bucketID, properties(bucketName))
			if a.Status != cfn.StatusSuccess || b.left() != 0 {
				t.Errorf("%d left; got %s", b.left(), a.Body)
			}
			if !strings.Contains(log, `"complete":true`) {
				t.Errorf("the log does not tell:\n%s", log)
			}
		})
	}
}

func TestADeleteSucceedsAndDeletesNothingWhen(t *testing.T) {
	tests := []struct {
		name    string
		prepare func(*bucket)
		id      string
		log     string
	}{
		{"the bucket is gone", func(b *bucket) { b.gone = true }, bucketID, "the bucket is gone"},
		{"the environment is not ephemeral any more", func(b *bucket) { delete(b.tags, contract.EphemeralTag) }, bucketID,
			"the bucket has no tag signedfront:ephemeral=true"},
		{"the bucket has no tags", func(b *bucket) { b.tags = nil }, bucketID, "the bucket has no tag signedfront:ephemeral=true"},
		{"the tag says something else", func(b *bucket) { b.tags[contract.EphemeralTag] = "false" }, bucketID,
			"the bucket has no tag signedfront:ephemeral=true"},
		// Failure 3 of key pairs holds for all custom resources.
		{"CloudFormation made up the id", nil, "signedfront-dev-ContentEmptyBucket1A2B3C4D-1KXJZ7Q2M5V3P", "not a bucket of this provider"},
		{"the Create had failed", nil, "signedfront:not-created:00000000-0000-4000-8000-000000000001", "not a bucket of this provider"},
		{"the id is the bucket's bare name", nil, bucketName, "not a bucket of this provider"},
	}
	for _, test := range tests {
		inBubble(t, test.name, func(t *testing.T) {
			b := newBucket(3)
			if test.prepare != nil {
				test.prepare(b)
			}
			a, log := request(t, b, cfn.RequestDelete, test.id, properties(bucketName))
			if a.Status != cfn.StatusSuccess || a.PhysicalResourceID != test.id || b.left() != 3 || b.deletes != 0 {
				t.Errorf("%d left of 3; got %s", b.left(), a.Body)
			}
			if !strings.Contains(log, test.log) {
				t.Errorf("want %q in the log:\n%s", test.log, log)
			}
		})
	}
}

// CloudFormation sends Delete in updates too: in the cleanup of one that renamed
// the custom resource, or made the environment lasting, and when one that made
// it ephemeral is rolled back. The tag can be on the bucket all the while.
func TestOnlyTheEndOfAStackEmptiesItsBucket(t *testing.T) {
	for _, status := range types.StackStatus("").Values() {
		inBubble(t, string(status), func(t *testing.T) {
			b := newBucket(3)
			b.stack = string(status)
			a, log := request(t, b, cfn.RequestDelete, bucketID, properties(bucketName))
			if a.Status != cfn.StatusSuccess || a.PhysicalResourceID != bucketID {
				t.Errorf("got %s", a.Body)
			}
			if status == types.StackStatusDeleteInProgress || status == types.StackStatusRollbackInProgress {
				if b.left() != 0 {
					t.Errorf("%d left", b.left())
				}
				return
			}
			if b.left() != 3 || b.deletes != 0 {
				t.Errorf("%d left of 3", b.left())
			}
			if want := `"msg":"the stack is not being deleted: nothing deleted","requestType":"Delete"`; !strings.Contains(log, want) ||
				!strings.Contains(log, fmt.Sprintf(`"stackStatus":%q`, status)) {
				t.Errorf("the log does not tell:\n%s", log)
			}
		})
	}
	inBubble(t, "not that of one that CloudFormation does not know", func(t *testing.T) {
		b := newBucket(3)
		b.stack = ""
		a, _ := request(t, b, cfn.RequestDelete, bucketID, properties(bucketName))
		want := "emptying bucket \"" + bucketName + "\": nothing is deleted, because it is not known whether the stack is being deleted; if it is, delete it again: " +
			"CloudFormation does not know the stack: " + customresourcetest.StackID
		if a.Status != cfn.StatusFailed || a.Reason != want || b.left() != 3 || b.deletes != 0 {
			t.Errorf("%d left of 3; got  %s\nwant %s", b.left(), a.Reason, want)
		}
	})
}

func TestFailure20_ADeleteGoesByItsIDWhateverTheProperties(t *testing.T) {
	for name, old := range map[string]map[string]any{
		"none":           nil,
		"unknown ones":   {"Buckets": []any{"a", 1.0}},
		"another bucket": properties("signedfront-dev-content-new"),
	} {
		inBubble(t, name, func(t *testing.T) {
			b := newBucket(3)
			named := ""
			a, _ := request(t, watching{b, &named}, cfn.RequestDelete, bucketID, old)
			if a.Status != cfn.StatusSuccess || b.left() != 0 || named != bucketName {
				t.Errorf("%d left in %s; got %s", b.left(), named, a.Body)
			}
		})
	}
}

// watching records the bucket of each call.
type watching struct {
	*bucket
	named *string
}

func (w watching) Tags(ctx context.Context, bucket string) (map[string]string, error) {
	*w.named = bucket
	return w.bucket.Tags(ctx, bucket)
}

func TestCreateAndUpdate(t *testing.T) {
	inBubble(t, "touch nothing and name the bucket", func(t *testing.T) {
		b := newBucket(3)
		for _, kind := range []cfn.RequestType{cfn.RequestCreate, cfn.RequestUpdate} {
			a, _ := request(t, b, kind, "", properties(bucketName))
			if a.Status != cfn.StatusSuccess || a.PhysicalResourceID != bucketID || b.calls != 0 {
				t.Errorf("%d calls; got %s", b.calls, a.Body)
			}
		}
	})
	inBubble(t, "of another bucket name that one, so that the old one is emptied after the update", func(t *testing.T) {
		b := newBucket(3)
		a, _ := request(t, b, cfn.RequestUpdate, bucketID, properties("signedfront-dev-content-new"))
		if a.Status != cfn.StatusSuccess || a.PhysicalResourceID != "signedfront:empty-bucket:signedfront-dev-content-new" || b.calls != 0 {
			t.Errorf("%d calls; got %s", b.calls, a.Body)
		}
	})
	inBubble(t, "of a check answer at once, and its Delete deletes nothing", func(t *testing.T) {
		b := newBucket(3)
		check := map[string]any{"Check": "true"}
		for _, kind := range []cfn.RequestType{cfn.RequestCreate, cfn.RequestUpdate, cfn.RequestDelete} {
			a, _ := request(t, b, kind, "signedfront:check", check)
			if a.Status != cfn.StatusSuccess || a.PhysicalResourceID != "signedfront:check" || b.calls != 0 {
				t.Errorf("%d calls; got %s", b.calls, a.Body)
			}
		}
	})
	inBubble(t, "of no bucket fail", func(t *testing.T) {
		a, _ := request(t, newBucket(0), cfn.RequestUpdate, bucketID, nil)
		if a.Status != cfn.StatusFailed || a.PhysicalResourceID != bucketID || a.Reason != "property BucketName is missing: want the name of the bucket to empty" {
			t.Errorf("got %s", a.Body)
		}
	})
}

func TestADeleteFailsWithWhatToDoWhen(t *testing.T) {
	const (
		emptying = "emptying bucket \"" + bucketName + "\": "
		unknown  = "nothing is deleted, because it is not known whether the stack is being deleted; if it is, delete it again: "
	)
	tests := []struct {
		name    string
		objects int
		prepare func(*bucket)
		reason  string
	}{
		{"time runs out", 10_000, func(b *bucket) {
			b.fault = func(ctx context.Context, call call, effect func() error) error {
				if call.operation == "Delete" && call.number > 8 {
					<-ctx.Done()
					return ctx.Err()
				}
				return effect()
			}
		}, "time ran out: delete the stack again to continue"},
		{"S3 refuses some", 1500, func(b *bucket) {
			for i := range 5 {
				b.held[fmt.Sprintf("pictures/%05d.jpg", i)] = "AccessDenied"
			}
		}, emptying + "1495 versions and 0 unfinished uploads are deleted, then S3 refused to delete the other 5: remove what protects them and delete the stack again; " +
			`they are "pictures/00000.jpg" (AccessDenied), "pictures/00001.jpg" (AccessDenied), "pictures/00002.jpg" (AccessDenied), and so on`},
		{"S3 refuses all", 2, func(b *bucket) {
			b.held["pictures/00000.jpg"], b.held["pictures/00001.jpg"] = "AccessDenied", "InternalError"
		}, emptying + "0 versions and 0 unfinished uploads are deleted, then S3 refused to delete the other 2: remove what protects them and delete the stack again; " +
			`they are "pictures/00000.jpg" (AccessDenied), "pictures/00001.jpg" (InternalError)`},
		{"somebody goes on writing in spite of the policy", 1, func(b *bucket) {
			b.fault = func(_ context.Context, call call, effect func() error) error {
				err := effect()
				if call.operation == "Delete" {
					b.mu.Lock()
					defer b.mu.Unlock()
					b.versions = append(b.versions, bucketemptier.Version{Key: "late", ID: fmt.Sprint(call.number)})
				}
				return err
			}
		}, emptying + "20 versions and 0 unfinished uploads are deleted, then there are still objects: something keeps writing to the bucket although its policy denies it; stop it and delete the stack again"},
		{"a call fails", 10, func(b *bucket) {
			b.fault = func(_ context.Context, call call, effect func() error) error {
				if call.operation == "Uploads" {
					return errors.New("s3:ListBucketMultipartUploads answered SlowDown")
				}
				return effect()
			}
		}, emptying + "10 versions and 0 unfinished uploads are deleted, then s3:ListBucketMultipartUploads answered SlowDown: delete the stack again to continue"},
		{"the role may not read the tags", 10, func(b *bucket) {
			b.fault = func(context.Context, call, func() error) error {
				return fmt.Errorf("%w: the function's role may not use s3:GetBucketTagging", customresource.ErrDenied)
			}
		}, emptying + "access denied: the function's role may not use s3:GetBucketTagging"},
		{"the role may not put a policy", 10, func(b *bucket) {
			b.fault = func(_ context.Context, call call, effect func() error) error {
				if call.operation == "PutPolicy" {
					return fmt.Errorf("%w: the function's role may not use s3:PutBucketPolicy", customresource.ErrDenied)
				}
				return effect()
			}
		}, emptying + "nothing is deleted, because the policy that denies writes could not be written: delete the stack again to continue: access denied: the function's role may not use s3:PutBucketPolicy"},
		{"the role may not ask for the stack", 10, func(b *bucket) {
			b.fault = func(_ context.Context, call call, effect func() error) error {
				if call.operation == "Status" {
					return fmt.Errorf("%w: the function's role may not use cloudformation:DescribeStacks", customresource.ErrDenied)
				}
				return effect()
			}
		}, emptying + unknown + "access denied: the function's role may not use cloudformation:DescribeStacks"},
		{"CloudFormation does not answer", 10, func(b *bucket) {
			b.fault = func(_ context.Context, call call, effect func() error) error {
				if call.operation == "Status" {
					return errors.New("the network is down")
				}
				return effect()
			}
		}, emptying + unknown + "the network is down"},
	}
	for _, test := range tests {
		inBubble(t, test.name, func(t *testing.T) {
			b := newBucket(test.objects)
			test.prepare(b)
			a, _ := request(t, b, cfn.RequestDelete, bucketID, properties(bucketName))
			if a.Status != cfn.StatusFailed || !strings.HasSuffix(a.Reason, test.reason) {
				t.Errorf("got  %s\nwant %s", a.Reason, test.reason)
			}

			// Deleting the stack again finishes the work.
			b.mu.Lock()
			b.fault, b.held = nil, map[string]string{}
			b.mu.Unlock()
			if again, _ := request(t, b, cfn.RequestDelete, bucketID, properties(bucketName)); again.Status != cfn.StatusSuccess || b.left() != 0 {
				t.Errorf("%d left; got %s", b.left(), again.Body)
			}
		})
	}
}

func TestADeleteThatRanOutOfTimeSaysHowFarItCame(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBucket(10_000)
		b.fault = func(ctx context.Context, call call, effect func() error) error {
			if call.operation == "Delete" {
				select {
				case <-time.After(10 * time.Minute):
				case <-ctx.Done():
					return ctx.Err()
				}
			}
			return effect()
		}
		a, _ := request(t, b, cfn.RequestDelete, bucketID, properties(bucketName))
		want := fmt.Sprintf("emptying bucket %q: %d versions and 0 unfinished uploads are deleted, then time ran out: delete the stack again to continue",
			bucketName, 10_000-b.left())
		if a.Reason != want || b.left() == 10_000 || b.left() == 0 {
			t.Errorf("%d left; got  %s\nwant %s", b.left(), a.Reason, want)
		}
	})
}

func TestADeleteIsAnsweredAndCanBeRepeatedDespite(t *testing.T) {
	faults := map[string]func(ctx context.Context, effect func() error) error{
		"an error before it": func(context.Context, func() error) error { return errors.New("the network is down") },
		"an error after it": func(_ context.Context, effect func() error) error {
			effect()
			return errors.New("the network is down")
		},
		"a crash before it": func(context.Context, func() error) error { panic("a crash") },
		"a crash after it": func(_ context.Context, effect func() error) error {
			effect()
			panic("a crash")
		},
		"no answer until time is up": func(ctx context.Context, _ func() error) error {
			<-ctx.Done()
			return ctx.Err()
		},
	}
	// Tags, Status, PutPolicy, Versions, Delete, Uploads, Abort, and twice Versions
	// and Uploads.
	const calls = 11
	for name, happens := range faults {
		for at := 1; at <= calls; at++ {
			inBubble(t, fmt.Sprintf("%s at call %d", name, at), func(t *testing.T) {
				b := newBucket(10)
				b.uploads = []bucketemptier.Upload{{Key: "film.mp4", ID: "u1"}}
				b.fault = func(ctx context.Context, call call, effect func() error) error {
					if call.number == at {
						return happens(ctx, effect)
					}
					return effect()
				}
				if a, _ := request(t, b, cfn.RequestDelete, bucketID, properties(bucketName)); a.Status != cfn.StatusFailed {
					t.Errorf("got %s", a.Body)
				}
				if a, _ := request(t, b, cfn.RequestDelete, bucketID, properties(bucketName)); a.Status != cfn.StatusSuccess || b.left() != 0 {
					t.Errorf("%d left; got %s", b.left(), a.Body)
				}
			})
		}
	}
}

func TestFailure15_ACallThatIsDeniedAtFirstDelaysAndDoesNotFail(t *testing.T) {
	for _, operation := range []string{"Tags", "Status", "PutPolicy", "Versions", "Delete", "Uploads", "Abort"} {
		inBubble(t, operation, func(t *testing.T) {
			b := newBucket(10)
			b.uploads = []bucketemptier.Upload{{Key: "film.mp4", ID: "u1"}}
			ready := time.Now().Add(15 * time.Second)
			b.fault = func(_ context.Context, call call, effect func() error) error {
				if call.operation == operation && time.Now().Before(ready) {
					return fmt.Errorf("%w: the role may not", customresource.ErrDenied)
				}
				return effect()
			}
			if a, _ := request(t, b, cfn.RequestDelete, bucketID, properties(bucketName)); a.Status != cfn.StatusSuccess || b.left() != 0 {
				t.Errorf("%d left; got %s", b.left(), a.Body)
			}
		})
	}
}

func TestADeleteSucceedsWhen(t *testing.T) {
	inBubble(t, "objects are written while it works", func(t *testing.T) {
		b := newBucket(2500)
		late := 5
		b.fault = func(_ context.Context, call call, effect func() error) error {
			err := effect()
			if call.operation == "Delete" {
				b.mu.Lock()
				defer b.mu.Unlock()
				if late > 0 {
					late--
					b.versions = append(b.versions, bucketemptier.Version{Key: "late", ID: fmt.Sprint(late)})
				}
			}
			return err
		}
		if a, _ := request(t, b, cfn.RequestDelete, bucketID, properties(bucketName)); a.Status != cfn.StatusSuccess || b.left() != 0 {
			t.Errorf("%d left; got %s", b.left(), a.Body)
		}
	})
	inBubble(t, "somebody else deletes the bucket while it works", func(t *testing.T) {
		b := newBucket(2500)
		b.fault = func(_ context.Context, call call, effect func() error) error {
			if call.operation == "Delete" {
				b.mu.Lock()
				b.gone = true
				b.mu.Unlock()
			}
			return effect()
		}
		if a, _ := request(t, b, cfn.RequestDelete, bucketID, properties(bucketName)); a.Status != cfn.StatusSuccess {
			t.Errorf("got %s", a.Body)
		}
	})
}

func TestDeletesRunAtTheSameTimeAndNotTooMany(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBucket(30_000)
		b.fault = func(_ context.Context, call call, effect func() error) error {
			if call.operation == "Delete" {
				time.Sleep(time.Second)
			}
			return effect()
		}
		start := time.Now()
		request(t, b, cfn.RequestDelete, bucketID, properties(bucketName))
		if b.most != 8 || b.left() != 0 {
			t.Errorf("%d requests at once, want 8; %d left", b.most, b.left())
		}
		if took := time.Since(start); took > 15*time.Second { // ten of them between listings
			t.Errorf("30 requests of a second each took %v", took)
		}
	})
}

// A program that keeps writing does not prevent the bucket from being emptied, and cannot
// write to it again before CloudFormation deletes it.
func TestAWriterThatNeverStopsFindsTheBucketClosed(t *testing.T) {
	for _, every := range []time.Duration{10 * time.Millisecond, 100 * time.Millisecond, time.Second} {
		inBubble(t, every.String(), func(t *testing.T) {
			b := newBucket(2500)
			b.fault = func(_ context.Context, call call, effect func() error) error {
				time.Sleep(300 * time.Millisecond) // as a call takes
				return effect()
			}
			done := make(chan struct{})
			go func() {
				for i := 0; ; i++ {
					select {
					case <-done:
						return
					case <-time.After(every):
						b.write("arn:aws:iam::111122223333:role/app", fmt.Sprintf("late/%d", i))
					}
				}
			}()
			a, _ := request(t, b, cfn.RequestDelete, bucketID, properties(bucketName))
			if a.Status != cfn.StatusSuccess || b.left() != 0 {
				t.Errorf("%d left; got %s", b.left(), a.Body)
			}
			time.Sleep(time.Minute)
			if b.left() != 0 {
				t.Errorf("%d came later", b.left())
			}
			close(done)
		})
	}
}

// S3 takes some seconds to apply a policy everywhere.
func TestWhatComesUntilThePolicyHoldsIsDeletedToo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBucket(0)
		start := time.Now()
		b.fault = func(_ context.Context, call call, effect func() error) error {
			if call.operation == "PutPolicy" {
				for second := range 12 {
					time.AfterFunc(time.Duration(second)*time.Second, func() {
						b.mu.Lock()
						defer b.mu.Unlock()
						b.versions = append(b.versions, bucketemptier.Version{Key: "late", ID: fmt.Sprint(second)})
					})
				}
			}
			return effect()
		}
		a, log := request(t, b, cfn.RequestDelete, bucketID, properties(bucketName))
		if a.Status != cfn.StatusSuccess || b.left() != 0 || !strings.Contains(log, `"versions":12`) {
			t.Errorf("%d left; got %s\n%s", b.left(), a.Body, log)
		}
		if took := time.Since(start); took < 16*time.Second {
			t.Errorf("it went away after %v, which is no two empty listings after the last object", took)
		}
	})
}

func TestTheBucketsPolicyIsPutOnlyWhenItIsToBeEmptied(t *testing.T) {
	for name, prepare := range map[string]func(*bucket){
		"not without the tag":             func(b *bucket) { b.tags = nil },
		"not in an update":                func(b *bucket) { b.stack = "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS" },
		"not where the status is unknown": func(b *bucket) { b.stack = "" },
	} {
		inBubble(t, name, func(t *testing.T) {
			b := newBucket(3)
			prepare(b)
			request(t, b, cfn.RequestDelete, bucketID, properties(bucketName))
			if b.policy != "" || b.left() != 3 {
				t.Errorf("%d left, policy %s", b.left(), b.policy)
			}
		})
	}
	inBubble(t, "and a bucket that is gone by then is a success", func(t *testing.T) {
		b := newBucket(3)
		b.fault = func(_ context.Context, call call, effect func() error) error {
			if call.operation == "PutPolicy" {
				b.mu.Lock()
				b.gone = true
				b.mu.Unlock()
			}
			return effect()
		}
		if a, _ := request(t, b, cfn.RequestDelete, bucketID, properties(bucketName)); a.Status != cfn.StatusSuccess {
			t.Errorf("got %s", a.Body)
		}
	})
}

func TestAClosedBucketDenies(t *testing.T) {
	const (
		app            = "arn:aws:iam::111122223333:role/app"
		cloudFormation = "arn:aws:iam::111122223333:role/cdk-hnb659fds-cfn-exec-role"
		anonymous      = ""
		object         = "arn:aws:s3:::" + bucketName + "/pictures/1.jpg"
		itself         = "arn:aws:s3:::" + bucketName
	)
	synctest.Test(t, func(t *testing.T) {
		b := newBucket(1)
		if a, _ := request(t, b, cfn.RequestDelete, bucketID, properties(bucketName)); a.Status != cfn.StatusSuccess {
			t.Fatalf("got %s", a.Body)
		}
		for _, test := range []struct {
			principal, action, resource string
			allowed                     bool
		}{
			{app, "s3:PutObject", object, false}, // also uploads in parts and copies
			{ownRole, "s3:PutObject", object, false},
			{cloudFormation, "s3:PutObject", object, false},
			{anonymous, "s3:PutObject", object, false},
			{app, "s3:PutObjectLegalHold", object, false},
			{app, "s3:PutObjectRetention", object, false},
			{app, "s3:ReplicateObject", object, false},
			{app, "s3:ReplicateDelete", object, false},
			{app, "s3:DeleteObject", object, false}, // a delete marker
			{anonymous, "s3:DeleteObject", object, false},

			{ownRole, "s3:DeleteObject", object, true},
			{ownRole, "s3:DeleteObjectVersion", object, true},
			{app, "s3:DeleteObjectVersion", object, true},
			{ownRole, "s3:AbortMultipartUpload", object, true},
			{ownRole, "s3:ListBucketVersions", itself, true},
			{ownRole, "s3:PutBucketPolicy", itself, true},
			{cloudFormation, "s3:DeleteBucket", itself, true},
			{cloudFormation, "s3:DeleteBucketPolicy", itself, true},
			{cloudFormation, "s3:PutBucketTagging", itself, true},
		} {
			if allowed := b.allows(test.principal, test.action, test.resource); allowed != test.allowed {
				t.Errorf("%s of %q on %s: allowed %t", test.action, test.principal, test.resource, allowed)
			}
		}
		if !strings.Contains(b.policy, `"Bool":{"aws:SecureTransport":"false"}`) {
			t.Errorf("requests without TLS are let in: %s", b.policy)
		}
	})

	for _, test := range []struct{ name, stack, role, want string }{
		{"in another partition", "arn:aws-cn:cloudformation:cn-north-1:111122223333:stack/a/b", "arn:aws-cn:iam::111122223333:role/path/Role+1", "arn:aws-cn:s3:::" + bucketName + "/*"},
		{"without its own role where that is not known", customresourcetest.StackID, "", ""},
		{"without a role that is none", customresourcetest.StackID, "*", ""},
	} {
		inBubble(t, test.name, func(t *testing.T) {
			b := &policyOnly{newBucket(0), test.stack}
			var c customresourcetest.CloudFormation
			e := c.Event(cfn.RequestDelete, map[string]any{"RoleArn": test.role})
			err := (&bucketemptier.Provider{Store: b, Stacks: b}).Delete(t.Context(), customresource.Request{
				StackID: test.stack, PhysicalResourceID: bucketID, Properties: e.ResourceProperties, Log: slog.New(slog.DiscardHandler)})
			if err != nil {
				t.Fatal(err)
			}
			if test.want == "" {
				if b.policy == "" || !b.allows(app, "s3:DeleteObject", object) || b.allows(app, "s3:PutObject", object) {
					t.Errorf("got %s", b.policy)
				}
				return
			}
			if !strings.Contains(b.policy, `"`+test.want+`"`) || !strings.Contains(b.policy, `"ArnNotEquals":{"aws:PrincipalArn":"`+test.role+`"}`) {
				t.Errorf("got %s", b.policy)
			}
		})
	}
}

// policyOnly is a bucket of another stack.
type policyOnly struct {
	*bucket
	stackID string
}

func (p *policyOnly) Status(context.Context, string) (string, error) { return p.stack, nil }
