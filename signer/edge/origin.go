package edge

import (
	"errors"
	"fmt"
	"net/http"
	"unicode/utf8"

	"github.com/signedfront/signedfront/signer/edge/internal/redact"
	"github.com/signedfront/signedfront/signer/edge/model"
)

// origin is a bucket with its objects, as CloudFront reaches it.
type origin struct {
	*model.Origin
	objects  *Objects
	readable []string // of resourcePolicy.grants for s3:GetObject
}

// originOf returns the origin of a behavior. All behaviors have the same bucket:
// cannotServe checks that.
func (e *Edge) originOf(b *model.Behavior) origin {
	return origin{b.Origin, e.objects, e.readable[b.Origin]}
}

// readable returns, for each origin of a distribution, the objects that the bucket
// policy certainly allows it to read.
func readable(d *model.Distribution) map[*model.Origin][]string {
	patterns := make(map[*model.Origin][]string)
	for _, b := range d.Behaviors {
		if b.Origin != nil && b.Origin.Bucket != nil {
			policy := resourcePolicy(b.Origin.Bucket.Policy)
			patterns[b.Origin] = policy.grants(identity(b.Origin.Identity), actions[http.MethodGet])
		}
	}
	return patterns
}

// serverHeader and missHeader are the headers Server and X-Cache of a response with
// an object.
var (
	serverHeader = []string{"AmazonS3"}
	missHeader   = []string{"Miss from cloudfront"}
)

// serve answers with the object of a path. r is the request as it reaches the
// origin, and query is the part of the query that reaches it.
func (o origin) serve(w *response, r *http.Request, path string, query []string) *refusal {
	h := w.Header()
	if r.Method == http.MethodOptions {
		refused := o.preflight(h, r).at(CheckCORS)
		if refused == nil {
			h.Set("Content-Length", "0")
			h.Set("Server", "AmazonS3")
			h.Set("X-Cache", "Miss from cloudfront")
			w.WriteHeader(http.StatusOK)
		}
		return refused
	}
	o.share(h, r)
	sets, refused := o.overrides(query)
	if refused != nil {
		return refused.at(CheckQuery)
	}
	object, key, refused := o.open(r.Method, path)
	w.key = key
	if refused != nil {
		return refused
	}
	defer object.Close()

	values := [2]string{contentType(key), object.etag()}
	h["Content-Type"], h["Etag"], h["Server"], h["X-Cache"] = values[0:1:1], values[1:2:2], serverHeader, missHeader
	if header := r.Header.Get("Range"); header != "" {
		var served string
		if served, w.ranges = servedRanges(header, object.size); served != header {
			r = withHeaders(r)
			r.Header.Set("Range", served)
		}
	}
	w.object, w.sets = object, sets
	// Passing the file itself lets the server send it without copying it through
	// this program.
	http.ServeContent(w, r, "", object.modified, object.ReadSeeker)
	if w.refused == nil {
		if w.parts != nil && r.Method != http.MethodHead {
			// A viewer that disconnects is no error of the edge.
			_ = writeParts(w.parts, object.ReadSeeker, w.ranges, contentType(key), object.size)
		}
		return nil
	}
	for _, name := range []string{"Etag", "Last-Modified", "X-Content-Type-Options"} { // set for the object and by http.Error
		h.Del(name)
	}
	refused, w.refused, w.object = w.refused, nil, nil
	return refused
}

// actions are the permissions that S3 requires, by method:
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/using-with-s3-policy-actions.html
var actions = map[string]string{
	http.MethodGet:    "s3:GetObject",
	http.MethodHead:   "s3:GetObject",
	http.MethodPut:    "s3:PutObject",
	http.MethodPost:   "s3:PutObject",
	http.MethodDelete: "s3:DeleteObject",
}

// open opens the requested object or returns S3's refusal.
func (o origin) open(method, rawPath string) (*object, string, *refusal) {
	key, err := objectKey(o.Path + rawPath)
	switch {
	case err != nil:
		return nil, key, s3Refusal(400, "InvalidURI", "Couldn't parse the specified URI.", err.Error()).at(CheckObjectKey)
	case len(key) > maxKeyLength:
		return nil, key, s3Refusal(400, "KeyTooLongError", "Your key is too long", "object keys have at most 1024 bytes").at(CheckObjectKey)
	case !utf8.ValidString(key):
		return nil, key, s3Refusal(400, "InvalidURI", "Couldn't parse the specified URI.", "object keys must be UTF-8").at(CheckObjectKey)
	}

	action, ok := actions[method]
	if !ok {
		return nil, key, s3Refusal(403, "AccessDenied", "Access Denied", "the local edge does not forward "+redact.Text(method)+" to the bucket").at(CheckBucket)
	}
	who, policy := identity(o.Identity), resourcePolicy(o.Bucket.Policy)
	lists := func() bool { // needed only if there is no object
		allowed, _ := policy.decide(accessRequest{who, "s3:ListBucket", "arn:aws:s3:::" + o.Bucket.Name})
		return allowed
	}
	if key == "" {
		reason := "the path names no object, and the distribution has no default root object"
		if lists() {
			reason += "; the bucket policy allows s3:ListBucket, so CloudFront would list the bucket here"
		}
		return nil, key, s3Refusal(403, "AccessDenied", "Access Denied", reason).at(CheckObjectKey)
	}
	objectARN := "arn:aws:s3:::" + o.Bucket.Name + "/" + key
	if action != "s3:GetObject" || !matches(model.Patterns{Values: o.readable}, objectARN, false) {
		if allowed, reason := policy.decide(accessRequest{who, action, objectARN}); !allowed {
			return nil, key, s3Refusal(403, "AccessDenied", "Access Denied", reason).at(CheckBucket)
		}
	}
	if action != "s3:GetObject" {
		return nil, key, s3Refusal(501, "NotImplemented", "A header you provided implies functionality that is not implemented", "the local bucket is read-only").at(CheckBucket)
	}

	opened, err := o.objects.open(key)
	switch {
	case errors.Is(err, errNoObject) && lists():
		return nil, key, s3Refusal(404, "NoSuchKey", "The specified key does not exist.", "no such object", "Key", redact.Path(key)).at(CheckObject)
	case errors.Is(err, errNoObject):
		return nil, key, s3Refusal(403, "AccessDenied", "Access Denied", "no such object; without s3:ListBucket, S3 gives the same response as for a forbidden one").at(CheckObject)
	case errors.Is(err, errPrivateKey):
		return nil, key, s3Refusal(403, "AccessDenied", "Access Denied", err.Error()).at(CheckObject)
	case err != nil:
		return nil, key, s3Refusal(500, "InternalError", "We encountered an internal error. Please try again.", "the file of the object cannot be read").at(CheckObject)
	}
	if refused := decrypt(o.Bucket.Encryption, who); refused != nil {
		opened.Close()
		return nil, key, refused.at(CheckEncryption)
	}
	return opened, key, nil
}

// decrypt returns S3's refusal if the identity may not decrypt the object. If the
// template does not have the key, its policy is unknown and assumed to allow
// decryption.
// https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/private-content-restricting-access-to-s3.html
func decrypt(e model.Encryption, who identity) *refusal {
	denied := func(reason string) *refusal { return s3Refusal(403, "AccessDenied", "Access Denied", reason) }
	switch {
	case !e.KMS:
		return nil
	case !who.Control:
		return s3Refusal(400, "InvalidArgument", "Requests specifying Server Side Encryption with AWS KMS managed keys require AWS Signature Version 4.",
			fmt.Sprintf("the bucket is encrypted with a KMS key, and %s cannot read it: use an origin access control", who),
			"ArgumentName", "Authorization", "ArgumentValue", "null")
	case e.AWSKey:
		return denied("the bucket is encrypted with the AWS managed KMS key aws/s3, whose policy does not allow CloudFront: use a key of your own")
	case e.KeyPolicy == nil:
		return nil
	}
	if allowed, reason := (*resourcePolicy)(e.KeyPolicy).decide(accessRequest{who, "kms:Decrypt", e.Key}); !allowed {
		return denied(reason)
	}
	return nil
}
