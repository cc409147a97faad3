package bucketemptier_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"

	"github.com/aws/aws-lambda-go/cfn"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"

	"github.com/signedfront/signedfront/constructs/bucketemptier"
	"github.com/signedfront/signedfront/constructs/customresource"
	"github.com/signedfront/signedfront/constructs/customresource/customresourcetest"
	"github.com/signedfront/signedfront/signer"
)

// client is an HTTP client that reaches a service without a socket.
type client func(*http.Request) (*http.Response, error)

func (c client) Do(r *http.Request) (*http.Response, error) { return c(r) }

func to(h http.Handler) client {
	return func(r *http.Request) (*http.Response, error) {
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		return w.Result(), nil
	}
}

// real is AWS, by the real clients of it.
type real struct {
	*bucketemptier.S3
	*customresource.CloudFormation
}

func services(c client, endpoint string) real {
	config := aws.Config{
		Region:      "eu-central-1",
		Credentials: credentials.NewStaticCredentialsProvider("AKIDEXAMPLE", "the-functions-own-secret-access-key", ""),
		HTTPClient:  c,
	}
	if endpoint != "" {
		config.BaseEndpoint = &endpoint
	}
	return real{bucketemptier.NewS3(config), customresource.NewCloudFormation(config)}
}

const emulator = "http://127.0.0.1:4566"

func TestS3IsEmptied(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBucket(250)
		b.pageSize = 100
		for i := range 250 {
			b.uploads = append(b.uploads, bucketemptier.Upload{Key: "a film & more.mp4", ID: fmt.Sprintf("u%d", i)})
		}
		a, log := request(t, services(to(b), emulator), cfn.RequestDelete, bucketID, properties(bucketName))
		if a.Status != cfn.StatusSuccess || b.left() != 0 {
			t.Errorf("%d left; got %s", b.left(), a.Body)
		}
		if !strings.Contains(log, `"versions":250,"uploads":250`) {
			t.Errorf("the log does not count:\n%s", log)
		}
	})
}

func TestS3IsEmptiedOfKeysWith(t *testing.T) {
	for name, key := range map[string]string{
		"a space and a plus sign": "my + picture.jpg",
		"percent signs":           "100%25%zz.jpg",
		"XML's own characters":    `<a href="x">&amp;'</a>`,
		"letters of many scripts": "картина/絵/صورة.jpg",
		"line ends":               "one\r\ntwo\tthree",
		"control characters":      "bell\a and nul\x00 and escape\x1b",
		"noncharacters":           "\uffff",
		"slashes and dots":        "/../a//./b/",
	} {
		inBubble(t, name, func(t *testing.T) {
			b := newBucket(0)
			b.versions = []bucketemptier.Version{{Key: key, ID: "v1"}, {Key: key, ID: "v2"}, {Key: key + "~", ID: "null"}}
			b.uploads = []bucketemptier.Upload{{Key: key, ID: "u1"}}
			b.pageSize = 1
			a, _ := request(t, services(to(b), emulator), cfn.RequestDelete, bucketID, properties(bucketName))
			if a.Status != cfn.StatusSuccess || b.left() != 0 {
				t.Errorf("%d left, %q; got %s", b.left(), b.versions, a.Body)
			}
		})
	}
}

func TestS3sRefusalsAreTold(t *testing.T) {
	for _, key := range []string{"kept.jpg", "kept\x01.jpg"} {
		inBubble(t, fmt.Sprintf("%q", key), func(t *testing.T) {
			b := newBucket(2)
			b.versions = append(b.versions, bucketemptier.Version{Key: key, ID: "v"})
			b.held[key] = "AccessDenied"
			a, _ := request(t, services(to(b), emulator), cfn.RequestDelete, bucketID, properties(bucketName))
			want := fmt.Sprintf("2 versions and 0 unfinished uploads are deleted, then S3 refused to delete the other 1: remove what protects them and delete the stack again; they are %s (AccessDenied)", signer.Describe(key, signer.FormName))
			if a.Status != cfn.StatusFailed || !strings.Contains(a.Reason, want) || b.left() != 1 {
				t.Errorf("got  %s\nwant %s", a.Reason, want)
			}
		})
	}
}

func TestS3sErrorsAreToldByTheirCode(t *testing.T) {
	answer := func(status int, code string) client {
		return func(r *http.Request) (*http.Response, error) {
			w := httptest.NewRecorder()
			w.WriteHeader(status)
			fmt.Fprintf(w, "<Error><Code>%s</Code><Message>swordfish</Message></Error>", code)
			return w.Result(), nil
		}
	}
	calls := []struct {
		action string
		call   func(context.Context, *bucketemptier.S3) error
	}{
		{"s3:GetBucketTagging", func(ctx context.Context, s *bucketemptier.S3) error {
			_, err := s.Tags(ctx, bucketName)
			return err
		}},
		{"s3:PutBucketPolicy", func(ctx context.Context, s *bucketemptier.S3) error {
			return s.PutPolicy(ctx, bucketName, "{}")
		}},
		{"s3:ListBucketVersions", func(ctx context.Context, s *bucketemptier.S3) error {
			for _, err := range s.Versions(ctx, bucketName) {
				return err
			}
			return nil
		}},
		{"s3:ListBucketMultipartUploads", func(ctx context.Context, s *bucketemptier.S3) error {
			for _, err := range s.Uploads(ctx, bucketName) {
				return err
			}
			return nil
		}},
		{"s3:DeleteObjectVersion", func(ctx context.Context, s *bucketemptier.S3) error {
			_, err := s.Delete(ctx, bucketName, []bucketemptier.Version{{Key: "a", ID: "v"}})
			return err
		}},
		{"s3:AbortMultipartUpload", func(ctx context.Context, s *bucketemptier.S3) error {
			return s.Abort(ctx, bucketName, bucketemptier.Upload{Key: "a", ID: "u"})
		}},
	}
	for _, c := range calls {
		inBubble(t, c.action, func(t *testing.T) {
			for _, test := range []struct {
				status int
				code   string
				is     error
				text   string
			}{
				{404, "NoSuchBucket", bucketemptier.ErrNoBucket, "the bucket does not exist"},
				{403, "AccessDenied", customresource.ErrDenied, "access denied: the function's role may not use " + c.action + ` on "` + bucketName + `"` + " (AccessDenied)"},
				{403, "InvalidAccessKeyId", customresource.ErrDenied, "access denied: the function's role may not use " + c.action + ` on "` + bucketName + `"` + " (InvalidAccessKeyId)"},
				{503, "SlowDown", nil, c.action + ` on "` + bucketName + `"` + " answered SlowDown"},
				{301, "PermanentRedirect", nil, c.action + ` on "` + bucketName + `"` + " answered PermanentRedirect"},
			} {
				err := c.call(t.Context(), services(answer(test.status, test.code), emulator).S3)
				if err == nil || err.Error() != test.text || test.is != nil && !errors.Is(err, test.is) {
					t.Errorf("%s: got  %v\nwant %s", test.code, err, test.text)
				}
			}
		})
	}
	inBubble(t, "a bucket without tags is none", func(t *testing.T) {
		tags, err := services(answer(404, "NoSuchTagSet"), emulator).Tags(t.Context(), bucketName)
		if len(tags) != 0 || err != nil {
			t.Errorf("got %v, %v", tags, err)
		}
	})
	inBubble(t, "an upload that is gone is none", func(t *testing.T) {
		err := services(answer(404, "NoSuchUpload"), emulator).Abort(t.Context(), bucketName, bucketemptier.Upload{Key: "a", ID: "u"})
		if err != nil {
			t.Errorf("got %v", err)
		}
	})
}

func TestS3ThatIsSlowDelaysAndDoesNotFail(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBucket(10)
		var calls atomic.Int64
		slow := client(func(r *http.Request) (*http.Response, error) {
			if calls.Add(1)%4 != 0 {
				w := httptest.NewRecorder()
				w.WriteHeader(http.StatusServiceUnavailable)
				fmt.Fprint(w, "<Error><Code>SlowDown</Code></Error>")
				return w.Result(), nil
			}
			return to(b)(r)
		})
		a, _ := request(t, services(slow, emulator), cfn.RequestDelete, bucketID, properties(bucketName))
		if a.Status != cfn.StatusSuccess || b.left() != 0 {
			t.Errorf("%d left; got %s", b.left(), a.Body)
		}
	})
}

func TestAPolicyIsPutAgainWhileS3IsAtAnotherChangeOfTheBucket(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBucket(0)
		b.busy = 3
		if err := services(to(b), emulator).PutPolicy(t.Context(), bucketName, "{}"); err != nil || b.policy != "{}" {
			t.Errorf("got %v, policy %q", err, b.policy)
		}
	})
}

func TestABucketsNameStands(t *testing.T) {
	for name, test := range map[string]struct{ endpoint, want string }{
		"in the host of S3's own endpoint": {"", "https://" + bucketName + ".s3.eu-central-1.amazonaws.com/?tagging="},
		"in the path of an emulator's":     {emulator, emulator + "/" + bucketName + "?tagging="},
	} {
		inBubble(t, name, func(t *testing.T) {
			var asked string
			note := client(func(r *http.Request) (*http.Response, error) {
				asked = r.URL.String()
				return to(newBucket(0))(r)
			})
			services(note, test.endpoint).Tags(t.Context(), bucketName)
			if asked != test.want {
				t.Errorf("asked %s, want %s", asked, test.want)
			}
		})
	}
}

// The program that is deployed, run as Lambda runs it, against S3 and
// CloudFormation on loopback sockets.
func TestTheFunctionEmptiesABucketWhoseStackIsBeingDeleted(t *testing.T) {
	program := customresourcetest.Build(t, "./lambda")
	b := newBucket(250)
	b.pageSize = 100
	b.uploads = []bucketemptier.Upload{{Key: "film.mp4", ID: "u1"}}
	aws := httptest.NewServer(b)
	t.Cleanup(aws.Close)
	var c customresourcetest.CloudFormation
	c.Serve(t)
	f := customresourcetest.Run(t, program, aws.URL)

	create := c.Event(cfn.RequestCreate, properties(bucketName))
	if failure := f.Invoke(create); failure != "" {
		t.Fatal(failure)
	}
	if b.left() != 251 {
		t.Errorf("a Create left %d of 251", b.left())
	}
	for _, test := range []struct {
		name     string
		stack    string
		refusals int
		answer   cfn.StatusType
		left     int
	}{
		{"in the cleanup of an update", "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS", 0, cfn.StatusSuccess, 251},
		{"of a stack that CloudFormation does not know", "", 0, cfn.StatusFailed, 251},
		{"that may ask CloudFormation a moment later", "DELETE_IN_PROGRESS", 1, cfn.StatusSuccess, 0},
	} {
		b.mu.Lock()
		b.stack, b.refusals = test.stack, test.refusals
		b.mu.Unlock()
		remove := c.Event(cfn.RequestDelete, properties(bucketName))
		remove.PhysicalResourceID = c.Answer(t, create).PhysicalResourceID
		if failure := f.Invoke(remove); failure != "" {
			t.Fatal(failure)
		}
		if a := c.Answer(t, remove); a.Status != test.answer || b.left() != test.left {
			t.Errorf("a Delete %s: %d left, want %d; got %s", test.name, b.left(), test.left, a.Body)
		}
	}
	for _, credential := range []string{customresourcetest.Credential, "the-functions-own"} {
		if strings.Contains(f.Output(), credential) {
			t.Errorf("the credential %s was written:\n%s", credential, f.Output())
		}
	}
}
