package bucketemptier_test

import (
	"context"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"io"
	"iter"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"

	"github.com/signedfront/signedfront/constructs/bucketemptier"
	"github.com/signedfront/signedfront/constructs/contract"
	"github.com/signedfront/signedfront/constructs/customresource"
	"github.com/signedfront/signedfront/constructs/customresource/customresourcetest"
)

const bucketName = "signedfront-dev-content-0a1b2c3d"

// bucket is one bucket and its stack in memory: a Store and a Stacks, and the services
// through ServeHTTP.
type bucket struct {
	mu       sync.Mutex
	stack    string // its status, or none where CloudFormation knows no such stack
	refusals int    // answers of CloudFormation that deny access, before others
	busy     int    // answers of S3 to a policy that it is at another change, before others
	gone     bool
	tags     map[string]string
	policy   string
	versions []bucketemptier.Version
	uploads  []bucketemptier.Upload
	held     map[string]string // keys that cannot be deleted, and the code for the reason
	pageSize int

	calls   int
	under   int // calls of Delete under way
	most    int // of these at once
	fault   fault
	deletes int // versions that were asked to be deleted
	written int // objects that somebody has put while it worked
}

// A fault comes in at one call of the Store or the Stacks; effect is what the call would do.
type fault func(ctx context.Context, call call, effect func() error) error

type call struct {
	number    int // from 1
	operation string
}

// newBucket returns an ephemeral bucket with some versions of some objects, in a stack
// that is being deleted.
func newBucket(objects int) *bucket {
	b := &bucket{
		stack:    "DELETE_IN_PROGRESS",
		tags:     map[string]string{"project": "signedfront", contract.EphemeralTag: "true"},
		held:     map[string]string{},
		pageSize: 1000,
	}
	for i := range objects {
		key := fmt.Sprintf("pictures/%05d.jpg", i)
		b.versions = append(b.versions, bucketemptier.Version{Key: key, ID: fmt.Sprintf("v%d", i)})
	}
	return b
}

func (b *bucket) left() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return len(b.versions) + len(b.uploads)
}

// step is one call of S3.
func (b *bucket) step(ctx context.Context, operation string, effect func() error) error {
	return b.call(ctx, operation, func() error {
		if b.gone {
			return bucketemptier.ErrNoBucket
		}
		return effect()
	})
}

func (b *bucket) call(ctx context.Context, operation string, effect func() error) error {
	b.mu.Lock()
	b.calls++
	call, fault := call{b.calls, operation}, b.fault
	b.mu.Unlock()
	locked := func() error {
		b.mu.Lock()
		defer b.mu.Unlock()
		return effect()
	}
	if fault != nil {
		return fault(ctx, call, locked)
	}
	return locked()
}

func (b *bucket) Status(ctx context.Context, stackID string) (status string, err error) {
	err = b.call(ctx, "Status", func() error {
		if b.stack == "" || stackID != customresourcetest.StackID {
			return fmt.Errorf("%w: %s", customresource.ErrNoStack, stackID)
		}
		status = b.stack
		return nil
	})
	return status, err
}

func (b *bucket) Tags(ctx context.Context, _ string) (tags map[string]string, err error) {
	err = b.step(ctx, "Tags", func() error {
		tags = b.tags
		return nil
	})
	return tags, err
}

func (b *bucket) PutPolicy(ctx context.Context, _, policy string) error {
	return b.step(ctx, "PutPolicy", func() error {
		b.policy = policy
		return nil
	})
}

// allows evaluates the bucket's policy as S3 does: whether a principal whose own
// policies allow all may do something.
func (b *bucket) allows(principal, action, resource string) bool {
	if b.policy == "" {
		return true
	}
	var policy struct {
		Statement []struct {
			Effect, Principal string
			Action, Resource  []string
			Condition         map[string]map[string]string
		}
	}
	if err := json.Unmarshal([]byte(b.policy), &policy); err != nil {
		panic(err)
	}
	covers := func(pattern string) bool { // a star at the end alone
		prefix, open := strings.CutSuffix(pattern, "*")
		return action == pattern || open && strings.HasPrefix(action, prefix)
	}
	holds := func(operator, key, value string) bool {
		switch operator + " " + key {
		case "Bool aws:SecureTransport":
			return value == "true"
		case "ArnNotEquals aws:PrincipalArn":
			return value != principal
		}
		panic("a condition that the test does not know: " + operator + " " + key)
	}
	for _, s := range policy.Statement {
		applies := s.Effect == "Deny" && s.Principal == "*" && slices.ContainsFunc(s.Action, covers) &&
			slices.ContainsFunc(s.Resource, func(r string) bool {
				prefix, open := strings.CutSuffix(r, "*")
				return r == resource || open && strings.HasPrefix(resource, prefix)
			})
		for operator, keys := range s.Condition {
			for key, value := range keys {
				applies = applies && holds(operator, key, value)
			}
		}
		if applies {
			return false
		}
	}
	return true
}

// write has somebody put an object into the bucket.
func (b *bucket) write(principal, key string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if !b.gone && b.allows(principal, "s3:PutObject", "arn:aws:s3:::"+bucketName+"/"+key) {
		b.written++
		b.versions = append(b.versions, bucketemptier.Version{Key: key, ID: fmt.Sprintf("late-%d", b.written)})
	}
}

func (b *bucket) Versions(ctx context.Context, _ string) iter.Seq2[[]bucketemptier.Version, error] {
	return pages(ctx, b, "Versions", func() []bucketemptier.Version { return b.versions })
}

func (b *bucket) Uploads(ctx context.Context, _ string) iter.Seq2[[]bucketemptier.Upload, error] {
	return pages(ctx, b, "Uploads", func() []bucketemptier.Upload { return b.uploads })
}

// pages lists what there was at the first page.
func pages[T any](ctx context.Context, b *bucket, operation string, all func() []T) iter.Seq2[[]T, error] {
	return func(yield func([]T, error) bool) {
		var rest []T
		for first := true; first || len(rest) > 0; first = false {
			var page []T
			err := b.step(ctx, operation, func() error {
				if first {
					rest = slices.Clone(all())
				}
				page = rest[:min(len(rest), b.pageSize)]
				rest = rest[len(page):]
				return nil
			})
			if err != nil {
				yield(nil, err)
				return
			}
			if len(page) > 0 && !yield(page, nil) {
				return
			}
		}
	}
}

func (b *bucket) Delete(ctx context.Context, _ string, page []bucketemptier.Version) (refusals []bucketemptier.Refusal, err error) {
	b.mu.Lock()
	b.under++
	b.most = max(b.most, b.under)
	b.deletes += len(page)
	b.mu.Unlock()
	defer func() {
		b.mu.Lock()
		defer b.mu.Unlock()
		b.under--
	}()
	err = b.step(ctx, "Delete", func() error {
		going := make(map[bucketemptier.Version]bool, len(page))
		for _, v := range page {
			if code := b.held[v.Key]; code != "" {
				refusals = append(refusals, bucketemptier.Refusal{Key: v.Key, Code: code})
			} else {
				going[v] = true
			}
		}
		b.versions = slices.DeleteFunc(b.versions, func(v bucketemptier.Version) bool { return going[v] })
		return nil
	})
	return refusals, err
}

func (b *bucket) Abort(ctx context.Context, _ string, upload bucketemptier.Upload) error {
	return b.step(ctx, "Abort", func() error {
		b.uploads = slices.DeleteFunc(b.uploads, func(u bucketemptier.Upload) bool { return u == upload })
		return nil
	})
}

// ServeHTTP speaks S3's protocol, with the bucket's name in the path, and
// CloudFormation's.
func (b *bucket) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if r.URL.Path == "/" && r.FormValue("Action") == "DescribeStacks" {
		b.describe(w, r.FormValue("StackName"))
		return
	}
	fail := func(status int, code string) {
		w.WriteHeader(status)
		fmt.Fprintf(w, "<Error><Code>%s</Code></Error>", code)
	}
	key, isBucket := strings.CutPrefix(r.URL.Path, "/"+bucketName)
	query := r.URL.Query()
	switch {
	case !isBucket || r.Header.Get("Authorization") == "":
		fail(http.StatusForbidden, "AccessDenied")
		return
	case b.gone:
		fail(http.StatusNotFound, "NoSuchBucket")
		return
	}
	key = strings.TrimPrefix(key, "/")
	switch {
	case r.Method == "GET" && query.Has("tagging"):
		if b.tags == nil {
			fail(http.StatusNotFound, "NoSuchTagSet")
			return
		}
		io.WriteString(w, "<Tagging><TagSet>")
		for name, value := range b.tags {
			fmt.Fprintf(w, "<Tag><Key>%s</Key><Value>%s</Value></Tag>", name, value)
		}
		io.WriteString(w, "</TagSet></Tagging>")
	case r.Method == "PUT" && query.Has("policy"):
		if b.busy > 0 {
			b.busy--
			fail(http.StatusConflict, "OperationAborted")
			return
		}
		policy, _ := io.ReadAll(r.Body)
		b.policy = string(policy)
		w.WriteHeader(http.StatusNoContent)
	case r.Method == "GET" && query.Has("versions"):
		rest := b.versions
		if marker := query.Get("key-marker"); marker != "" {
			after := bucketemptier.Version{Key: marker, ID: query.Get("version-id-marker")}
			rest = rest[slices.IndexFunc(rest, func(v bucketemptier.Version) bool { return order(v, after) > 0 }):]
		}
		page := rest[:min(len(rest), b.pageSize)]
		fmt.Fprintf(w, "<ListVersionsResult><EncodingType>%s</EncodingType><IsTruncated>%t</IsTruncated>", query.Get("encoding-type"), len(rest) > len(page))
		for i, v := range page {
			element := "Version"
			if i%2 == 1 {
				element = "DeleteMarker"
			}
			fmt.Fprintf(w, "<%s><Key>%s</Key><VersionId>%s</VersionId></%s>", element, url.QueryEscape(v.Key), v.ID, element)
		}
		if len(rest) > len(page) {
			last := page[len(page)-1]
			fmt.Fprintf(w, "<NextKeyMarker>%s</NextKeyMarker><NextVersionIdMarker>%s</NextVersionIdMarker>", url.QueryEscape(last.Key), last.ID)
		}
		io.WriteString(w, "</ListVersionsResult>")
	case r.Method == "GET" && query.Has("uploads"):
		rest := b.uploads
		if marker := query.Get("key-marker"); marker != "" {
			rest = rest[1+slices.Index(rest, bucketemptier.Upload{Key: marker, ID: query.Get("upload-id-marker")}):]
		}
		page := rest[:min(len(rest), b.pageSize)]
		fmt.Fprintf(w, "<ListMultipartUploadsResult><EncodingType>%s</EncodingType><IsTruncated>%t</IsTruncated>", query.Get("encoding-type"), len(rest) > len(page))
		for _, u := range page {
			fmt.Fprintf(w, "<Upload><Key>%s</Key><UploadId>%s</UploadId></Upload>", url.QueryEscape(u.Key), u.ID)
		}
		if len(rest) > len(page) {
			last := page[len(page)-1]
			fmt.Fprintf(w, "<NextKeyMarker>%s</NextKeyMarker><NextUploadIdMarker>%s</NextUploadIdMarker>", url.QueryEscape(last.Key), last.ID)
		}
		io.WriteString(w, "</ListMultipartUploadsResult>")
	case r.Method == "POST" && query.Has("delete"):
		var in struct {
			Quiet  bool
			Object []struct{ Key, VersionId string }
		}
		if err := xml.NewDecoder(r.Body).Decode(&in); err != nil || len(in.Object) > 1000 || !in.Quiet {
			fail(http.StatusBadRequest, "MalformedXML")
			return
		}
		io.WriteString(w, "<DeleteResult>")
		for _, o := range in.Object {
			if code := b.remove(o.Key, o.VersionId); code != "" {
				fmt.Fprintf(w, "<Error><Key>%s</Key><VersionId>%s</VersionId><Code>%s</Code><Message>no</Message></Error>", o.Key, o.VersionId, code)
			}
		}
		io.WriteString(w, "</DeleteResult>")
	case r.Method == "DELETE" && query.Has("uploadId"):
		upload := bucketemptier.Upload{Key: key, ID: query.Get("uploadId")}
		if !slices.Contains(b.uploads, upload) {
			fail(http.StatusNotFound, "NoSuchUpload")
			return
		}
		b.uploads = slices.DeleteFunc(b.uploads, func(u bucketemptier.Upload) bool { return u == upload })
		w.WriteHeader(http.StatusNoContent)
	case r.Method == "DELETE" && query.Has("versionId"):
		if code := b.remove(key, query.Get("versionId")); code != "" {
			fail(http.StatusForbidden, code)
			return
		}
		w.WriteHeader(http.StatusNoContent)
	default:
		fail(http.StatusNotImplemented, "NotImplemented")
	}
}

// describe answers DescribeStacks.
func (b *bucket) describe(w http.ResponseWriter, stackID string) {
	fail := func(status int, code, message string) {
		w.WriteHeader(status)
		fmt.Fprintf(w, "<ErrorResponse><Error><Type>Sender</Type><Code>%s</Code><Message>%s</Message></Error></ErrorResponse>", code, message)
	}
	switch {
	case b.refusals > 0:
		b.refusals--
		fail(http.StatusForbidden, "AccessDenied", "User is not authorized to perform: cloudformation:DescribeStacks")
	case b.stack == "" || stackID != customresourcetest.StackID:
		fail(http.StatusBadRequest, "ValidationError", "Stack with id "+stackID+" does not exist")
	default:
		fmt.Fprintf(w, "<DescribeStacksResponse><DescribeStacksResult><Stacks><member><StackId>%s</StackId><StackStatus>%s</StackStatus></member></Stacks></DescribeStacksResult></DescribeStacksResponse>",
			stackID, b.stack)
	}
}

func order(a, b bucketemptier.Version) int {
	if c := strings.Compare(a.Key, b.Key); c != 0 {
		return c
	}
	return strings.Compare(a.ID, b.ID)
}

func (b *bucket) remove(key, id string) (code string) {
	if code := b.held[key]; code != "" {
		return code
	}
	b.versions = slices.DeleteFunc(b.versions, func(v bucketemptier.Version) bool { return v.Key == key && v.ID == id })
	return ""
}
