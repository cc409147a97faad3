package edge

import (
	"errors"
	"net/http"
	"unicode/utf8"
)

// origin is the bucket, as CloudFront reaches it.
type origin struct {
	bucket     string
	prefix     string // the origin path
	identity   identity
	policy     *resourcePolicy
	encryption encryption
	cors       []corsRule
	objects    *Objects
}

// actions are the permissions that S3 asks for, by method:
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/using-with-s3-policy-actions.html
var actions = map[string]string{
	http.MethodGet:    "s3:GetObject",
	http.MethodHead:   "s3:GetObject",
	http.MethodPut:    "s3:PutObject",
	http.MethodPost:   "s3:PutObject",
	http.MethodDelete: "s3:DeleteObject",
}

// open opens the object that a request is for, or says how S3 refuses it.
func (o *origin) open(method, rawPath string) (*object, string, *refusal) {
	key, err := objectKey(o.prefix + rawPath)
	switch {
	case err != nil:
		return nil, key, s3Refusal(400, "InvalidURI", "Couldn't parse the specified URI.", err.Error())
	case len(key) > maxKeyLength:
		return nil, key, s3Refusal(400, "KeyTooLongError", "Your key is too long", "object keys have at most 1024 bytes")
	case !utf8.ValidString(key):
		return nil, key, s3Refusal(400, "InvalidURI", "Couldn't parse the specified URI.", "object keys are UTF-8")
	}

	action, ok := actions[method]
	if !ok {
		return nil, key, s3Refusal(403, "AccessDenied", "Access Denied", "the local edge does not pass "+unquoted(method)+" on to the bucket")
	}
	bucketARN := "arn:aws:s3:::" + o.bucket
	lists, _ := o.policy.decide(accessRequest{o.identity, "s3:ListBucket", bucketARN})
	if key == "" {
		reason := "the path names no object, and the distribution has no default root object"
		if lists {
			reason += "; the bucket policy allows s3:ListBucket, so CloudFront would list the bucket here"
		}
		return nil, key, s3Refusal(403, "AccessDenied", "Access Denied", reason)
	}
	if allowed, reason := o.policy.decide(accessRequest{o.identity, action, bucketARN + "/" + key}); !allowed {
		return nil, key, s3Refusal(403, "AccessDenied", "Access Denied", reason)
	}
	if action != "s3:GetObject" {
		return nil, key, s3Refusal(501, "NotImplemented", "A header you provided implies functionality that is not implemented", "the local bucket is read-only")
	}

	opened, err := o.objects.open(key)
	switch {
	case errors.Is(err, errNoObject) && lists:
		return nil, key, s3Refusal(404, "NoSuchKey", "The specified key does not exist.", "no such object", "Key", shownKey(key))
	case errors.Is(err, errNoObject):
		return nil, key, s3Refusal(403, "AccessDenied", "Access Denied", "no such object; without s3:ListBucket, S3 does not tell it from a forbidden one")
	case errors.Is(err, errPrivateKey):
		return nil, key, s3Refusal(403, "AccessDenied", "Access Denied", err.Error())
	case err != nil:
		return nil, key, s3Refusal(500, "InternalError", "We encountered an internal error. Please try again.", "the file of the object cannot be read")
	}
	if refused := o.encryption.decrypt(o.identity); refused != nil {
		opened.Close()
		return nil, key, refused
	}
	return opened, key, nil
}
