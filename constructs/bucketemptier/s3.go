package bucketemptier

import (
	"context"
	"errors"
	"iter"
	"net/url"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/smithy-go"

	"github.com/signedfront/signedfront/constructs/customresource"
)

// S3 is a Store in Amazon S3. The function's role needs s3:GetBucketTagging,
// s3:PutBucketPolicy, s3:ListBucketVersions and s3:ListBucketMultipartUploads on the
// bucket, and s3:DeleteObject, s3:DeleteObjectVersion and s3:AbortMultipartUpload on its
// objects.
type S3 struct {
	client *s3.Client
}

// Retries of the SDK after throttling or without an answer, for about a minute and until
// the context ends.
const (
	maxAttempts = 8
	attemptTime = time.Minute
)

// NewS3 returns an S3 that uses the Region, credentials and endpoint of config. With an
// endpoint other than AWS's own, it puts the bucket's name into the path.
func NewS3(config aws.Config) *S3 {
	return &S3{s3.NewFromConfig(config, func(o *s3.Options) {
		o.UsePathStyle = o.BaseEndpoint != nil
		o.RetryMaxAttempts = maxAttempts
		if client, ok := o.HTTPClient.(*awshttp.BuildableClient); ok {
			o.HTTPClient = client.WithTimeout(attemptTime)
		}
	})}
}

// Tags calls GetBucketTagging.
func (s *S3) Tags(ctx context.Context, bucket string) (map[string]string, error) {
	tagging, err := s.client.GetBucketTagging(ctx, &s3.GetBucketTaggingInput{Bucket: &bucket})
	if err != nil {
		if codeOf(err) == "NoSuchTagSet" {
			return nil, nil
		}
		return nil, failure(ctx, "GetBucketTagging", bucket, err)
	}
	tags := make(map[string]string, len(tagging.TagSet))
	for _, tag := range tagging.TagSet {
		tags[aws.ToString(tag.Key)] = aws.ToString(tag.Value)
	}
	return tags, nil
}

// PutPolicy calls PutBucketPolicy. It retries after OperationAborted, which S3 answers
// while another change of the bucket is in progress.
func (s *S3) PutPolicy(ctx context.Context, bucket, policy string) error {
	_, err := s.client.PutBucketPolicy(ctx, &s3.PutBucketPolicyInput{Bucket: &bucket, Policy: &policy}, func(o *s3.Options) {
		o.Retryer = retry.AddWithErrorCodes(o.Retryer, "OperationAborted")
	})
	if err != nil {
		return failure(ctx, "PutBucketPolicy", bucket, err)
	}
	return nil
}

// Versions calls ListObjectVersions, with URL-encoded keys: a key may contain characters
// that XML cannot.
func (s *S3) Versions(ctx context.Context, bucket string) iter.Seq2[[]Version, error] {
	return func(yield func([]Version, error) bool) {
		in := &s3.ListObjectVersionsInput{Bucket: &bucket, EncodingType: types.EncodingTypeUrl}
		for {
			out, err := s.client.ListObjectVersions(ctx, in)
			if err != nil {
				yield(nil, failure(ctx, "ListBucketVersions", bucket, err))
				return
			}
			encoded := out.EncodingType == types.EncodingTypeUrl
			page := make([]Version, 0, len(out.Versions)+len(out.DeleteMarkers))
			for _, v := range out.Versions {
				page = append(page, Version{plain(v.Key, encoded), aws.ToString(v.VersionId)})
			}
			for _, m := range out.DeleteMarkers {
				page = append(page, Version{plain(m.Key, encoded), aws.ToString(m.VersionId)})
			}
			if len(page) > 0 && !yield(page, nil) {
				return
			}
			if !aws.ToBool(out.IsTruncated) {
				return
			}
			in.KeyMarker, in.VersionIdMarker = aws.String(plain(out.NextKeyMarker, encoded)), out.NextVersionIdMarker
		}
	}
}

// Delete calls DeleteObjects, and DeleteObject for keys that XML cannot contain.
func (s *S3) Delete(ctx context.Context, bucket string, page []Version) ([]Refusal, error) {
	var batch []types.ObjectIdentifier
	var refusals []Refusal
	for _, v := range page {
		if fitsXML(v.Key) {
			batch = append(batch, types.ObjectIdentifier{Key: aws.String(v.Key), VersionId: aws.String(v.ID)})
			continue
		}
		_, err := s.client.DeleteObject(ctx, &s3.DeleteObjectInput{Bucket: &bucket, Key: aws.String(v.Key), VersionId: aws.String(v.ID)})
		if code := codeOf(err); code == "AccessDenied" {
			refusals = append(refusals, Refusal{v.Key, code})
		} else if err != nil {
			return nil, failure(ctx, "DeleteObjectVersion", bucket, err)
		}
	}
	if len(batch) == 0 {
		return refusals, nil
	}
	out, err := s.client.DeleteObjects(ctx, &s3.DeleteObjectsInput{
		Bucket: &bucket,
		Delete: &types.Delete{Objects: batch, Quiet: aws.Bool(true)},
	})
	if err != nil {
		return nil, failure(ctx, "DeleteObjectVersion", bucket, err)
	}
	for _, e := range out.Errors {
		refusals = append(refusals, Refusal{aws.ToString(e.Key), aws.ToString(e.Code)})
	}
	return refusals, nil
}

// Uploads calls ListMultipartUploads.
func (s *S3) Uploads(ctx context.Context, bucket string) iter.Seq2[[]Upload, error] {
	return func(yield func([]Upload, error) bool) {
		in := &s3.ListMultipartUploadsInput{Bucket: &bucket, EncodingType: types.EncodingTypeUrl}
		for {
			out, err := s.client.ListMultipartUploads(ctx, in)
			if err != nil {
				yield(nil, failure(ctx, "ListBucketMultipartUploads", bucket, err))
				return
			}
			encoded := out.EncodingType == types.EncodingTypeUrl
			page := make([]Upload, 0, len(out.Uploads))
			for _, u := range out.Uploads {
				page = append(page, Upload{plain(u.Key, encoded), aws.ToString(u.UploadId)})
			}
			if len(page) > 0 && !yield(page, nil) {
				return
			}
			if !aws.ToBool(out.IsTruncated) {
				return
			}
			in.KeyMarker, in.UploadIdMarker = aws.String(plain(out.NextKeyMarker, encoded)), out.NextUploadIdMarker
		}
	}
}

// Abort calls AbortMultipartUpload.
func (s *S3) Abort(ctx context.Context, bucket string, upload Upload) error {
	_, err := s.client.AbortMultipartUpload(ctx, &s3.AbortMultipartUploadInput{
		Bucket: &bucket, Key: aws.String(upload.Key), UploadId: aws.String(upload.ID),
	})
	if err == nil || codeOf(err) == "NoSuchUpload" {
		return nil
	}
	return failure(ctx, "AbortMultipartUpload", bucket, err)
}

// plain returns a key without URL encoding. S3 encodes a space as a plus sign.
func plain(key *string, encoded bool) string {
	if key == nil {
		return ""
	}
	if encoded {
		if decoded, err := url.QueryUnescape(*key); err == nil {
			return decoded
		}
	}
	return *key
}

// fitsXML reports whether XML 1.0 can contain a key: https://www.w3.org/TR/xml/#charsets
func fitsXML(key string) bool {
	return !strings.ContainsFunc(key, func(r rune) bool {
		return r < 0x20 && r != '\t' && r != '\n' && r != '\r' || r == 0xFFFD || r == 0xFFFE || r == 0xFFFF
	})
}

func codeOf(err error) string {
	var answer smithy.APIError
	if errors.As(err, &answer) {
		return answer.ErrorCode()
	}
	return ""
}

// failure returns customresource.Failure, or the Store's own error for the code.
func failure(ctx context.Context, action, bucket string, err error) error {
	if codeOf(err) == "NoSuchBucket" {
		return ErrNoBucket
	}
	return customresource.Failure(ctx, "s3:"+action, bucket, err)
}
