package signer

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"time"
)

// DeploymentSchema is the version of the deployment document that this package
// writes. A reader refuses a newer one.
const DeploymentSchema = 1

// Deployment is the deployment document: everything that a signer needs,
// except the private key. A stack keeps it as JSON in one Systems Manager
// parameter, /signedfront/<project>/<environment>; the local edge keeps the
// same JSON in a file. DEPLOYMENT.md, in the same folder, is its contract with
// signers in other languages.
type Deployment struct {
	// Schema is the document's version, DeploymentSchema.
	Schema int `json:"schema"`

	// BaseURL is where the content is served, without a slash at the end:
	// https://d111111abcdef8.cloudfront.net.
	BaseURL string `json:"baseUrl"`

	// KeyPairID is CloudFront's id of the current public key, such as
	// K2JCJMDEHXQW5F.
	KeyPairID string `json:"keyPairId"`

	// Algorithm and Hash are what the current key signs with.
	Algorithm Algorithm `json:"algorithm"`
	Hash      Hash      `json:"hash"`

	// PublicKeySHA256 is the public key's Fingerprint. A signer that loads a
	// private key whose public half differs refuses to sign with it.
	PublicKeySHA256 string `json:"publicKeySha256"`

	// Key says where the private key is.
	Key KeyLocation `json:"key"`

	// Region is the AWS Region of the stack; empty for the local edge.
	Region string `json:"region,omitempty"`

	// MaxURLLifetime is how far ahead, in seconds, an expiry may lie. Rotation
	// stands on it: a retired key is removed once its last URL has expired. 0
	// means no limit.
	MaxURLLifetime int64 `json:"maxUrlLifetime,omitempty"`

	// MaxKeyAge is for how long, in seconds, a signer may go on with a key
	// that it has not confirmed to be the current one. 0 means no limit.
	MaxKeyAge int64 `json:"maxKeyAge,omitempty"`

	// TrustedKeys are the keys that the distribution trusts, the current one
	// among them, five at most. Nil means that they are not known, as in the
	// document of an older stack. PublicKeys reads them.
	TrustedKeys []TrustedKey `json:"trustedKeys,omitempty"`

	// Query tells which query parameters reach the bucket. Nil means that it is
	// not known.
	Query *ForwardedQuery `json:"query,omitempty"`

	// Bucket holds the content. Nil means that it is not known, as for the local
	// edge.
	Bucket *Bucket `json:"bucket,omitempty"`
}

// ForwardedQuery names the query parameters of a viewer's request that the
// distribution forwards to the bucket. The one name * stands for all. Any other
// parameter is part of what is signed and changes nothing at the bucket.
type ForwardedQuery struct {
	// Signed are those of requests that need a signature, ten at most.
	Signed []string `json:"signed"`

	// Public are those of requests for public paths, ten at most.
	Public []string `json:"public"`
}

// Bucket is an S3 bucket.
type Bucket struct {
	Name   string `json:"name"`
	Region string `json:"region"`

	// Path is the folder of the bucket that is served, with a slash at its start
	// and none after it. With /media, BaseURL + "/a.png" serves the object whose
	// key is media/a.png. Empty means that the whole bucket is served.
	Path string `json:"path,omitempty"`
}

// Key returns the key in the bucket of the object that Signer.Object signs under
// another key, which starts at the folder: where a program uploads it to.
func (b *Bucket) Key(served string) string {
	return strings.TrimPrefix(b.Path+"/"+served, "/")
}

// KeyLocation says where a private key is: in a secret, in KMS, in a file, or
// with the environment that lends it.
type KeyLocation struct {
	// SecretARN and SecretVersionID name one version of a secret in AWS
	// Secrets Manager, which holds the key as PEM. Versions never change.
	SecretARN       string `json:"secretArn,omitempty"`
	SecretVersionID string `json:"secretVersionId,omitempty"`

	// KMSARN names an asymmetric key in AWS KMS.
	KMSARN string `json:"kmsArn,omitempty"`

	// File is a PEM file; a relative name starts at the document's folder, or
	// at the working directory where the document is no file.
	File string `json:"file,omitempty"`

	// Parameter names the deployment document of the environment that lends
	// its key, one hop away.
	Parameter string `json:"parameter,omitempty"`
}

// ParseDeployment reads a deployment document and checks it whole. Members
// that it does not know are passed over, so that an older signer reads what a
// newer stack of the same schema wrote. An error holds no text of the document
// but what matches the grammar of its member.
func ParseDeployment(text []byte) (*Deployment, error) {
	var d Deployment
	if err := json.Unmarshal(text, &d); err != nil {
		return nil, fmt.Errorf("deployment document: %w", notADocument(string(text), err))
	}
	if err := d.Validate(); err != nil {
		return nil, fmt.Errorf("deployment document: %w", err)
	}
	return &d, nil
}

// notADocument says why a text is not the JSON of a document. The errors of
// package json hold pieces of it.
func notADocument(text string, err error) error {
	var syntax *json.SyntaxError
	var wrongType *json.UnmarshalTypeError
	switch {
	case errors.As(err, &wrongType) && wrongType.Field != "":
		found, _, _ := strings.Cut(wrongType.Value, " ") // a number follows its kind
		want := map[reflect.Kind]string{reflect.String: "a string", reflect.Struct: "an object", reflect.Slice: "an array"}[wrongType.Type.Kind()]
		return fmt.Errorf("not the JSON of one: %s is a JSON %s: want %s", wrongType.Field, found, cmp.Or(want, "a whole number"))
	case strings.HasPrefix(strings.TrimSpace(text), "{") && errors.As(err, &syntax):
		return fmt.Errorf("not the JSON of one: it is wrong or cut off at byte %d", syntax.Offset)
	}
	want := "want a JSON object, which starts with {"
	if !strings.ContainsAny(text, "\r\n") {
		want += "; LoadDeployment takes the name of a file"
	}
	return fmt.Errorf("not the JSON of one: %s: %s", Describe(text, FormFile), want)
}

// LoadDeployment reads a deployment document from a file, as ParseDeployment
// does. The file must be a regular one of at most 64 KiB.
func LoadDeployment(file string) (*Deployment, error) {
	text, err := readFile(file, documentContent)
	if err != nil {
		return nil, err
	}
	d, err := ParseDeployment(text)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", Describe(file, FormFile), err)
	}
	return d, nil
}

// Validate reports everything that is wrong with the document, joined into one
// error. A document is input: each of its texts that becomes a host, a name or a
// path must match the grammar of its member.
func (d *Deployment) Validate() error {
	if d == nil {
		return errors.New("none")
	}
	var errs []error
	wrong := func(format string, args ...any) { errs = append(errs, fmt.Errorf(format, args...)) }

	switch {
	case d.Schema < 1:
		wrong("schema: missing: want %d", DeploymentSchema)
	case d.Schema > DeploymentSchema:
		return fmt.Errorf("schema: %d is newer than this program reads (%d): update signedfront", d.Schema, DeploymentSchema)
	}
	if err := checkBaseURL(d.BaseURL); err != nil {
		if fault := (*URLError)(nil); errors.As(err, &fault) {
			// Without the bytes at fault, which may be all of the host.
			err = fmt.Errorf("the %s: %s: %s", fault.Part, fault.Reason, cmp.Or(fault.Fix, "write the distribution's domain name"))
		}
		wrong("baseUrl: %s: %w", Describe(d.BaseURL, FormName), err)
	}
	errs = append(errs, d.Key.faults()...)
	if d.Region != "" && !isRegion(d.Region) {
		wrong("region: %s: want a Region of AWS, such as eu-west-1", Describe(d.Region, FormWord))
	}
	if d.Key.Parameter == "" {
		if checkKeyPairID(d.KeyPairID) != nil {
			wrong("keyPairId: %s: want the id of the CloudFront public key, such as K2JCJMDEHXQW5F", Describe(d.KeyPairID, FormID))
		}
		if !slices.Contains(Algorithms(), d.Algorithm) {
			wrong("algorithm: %s: want %s", Describe(string(d.Algorithm), FormWord), list(Algorithms(), " or "))
		}
		if !slices.Contains(Hashes(), d.Hash) {
			wrong("hash: %s: want %s", Describe(string(d.Hash), FormWord), list(Hashes(), " or "))
		}
		if len(d.PublicKeySHA256) != 64 || strings.Trim(d.PublicKeySHA256, "0123456789abcdef") != "" {
			wrong("publicKeySha256: want 64 lower-case hexadecimal digits")
		}
	}
	if d.MaxURLLifetime < 0 {
		wrong("maxUrlLifetime: %d: want seconds, 0 or more", d.MaxURLLifetime)
	}
	if d.MaxKeyAge < 0 {
		wrong("maxKeyAge: %d: want seconds, 0 or more", d.MaxKeyAge)
	}
	_, faults := d.readTrustedKeys()
	errs = append(errs, faults...)
	if d.Query != nil {
		errs = append(errs, d.Query.faults()...)
	}
	if d.Bucket != nil {
		if !isBucket(d.Bucket.Name) {
			wrong("bucket.name: %s: want the name of a bucket, of 3 to 63 lower-case letters, digits, hyphens and dots", Describe(d.Bucket.Name, FormName))
		}
		if !isRegion(d.Bucket.Region) {
			wrong("bucket.region: %s: want a Region of AWS, such as eu-west-1", Describe(d.Bucket.Region, FormWord))
		}
		if d.Bucket.Path != "" && !isFolder(d.Bucket.Path) {
			wrong("bucket.path: %s: want a folder of letters, digits, slashes and \"-._~\", such as /media, that starts with a slash and does not end with one", Describe(d.Bucket.Path, FormName))
		}
	}
	return errors.Join(errs...)
}

// maxForwarded is how many query parameters a policy of CloudFront names:
// https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/cloudfront-limits.html
const maxForwarded = 10

func (q *ForwardedQuery) faults() []error {
	return append(queryFaults("signed", q.Signed), queryFaults("public", q.Public)...)
}

// queryFaults reports what is wrong with the names of a class of paths.
func queryFaults(class string, names []string) (faults []error) {
	wrong := func(format string, args ...any) { faults = append(faults, fmt.Errorf(format, args...)) }
	switch {
	case names == nil:
		wrong("query.%s: missing: want an array of names of query parameters, [] for none", class)
	case len(names) > maxForwarded:
		wrong("query.%s: %d names: want at most %d", class, len(names), maxForwarded)
		return faults
	}
	for i, name := range names {
		switch {
		case name == "*" && len(names) == 1:
		case !isParameterName(name):
			wrong("query.%s[%d]: %s: want the name of a query parameter, of letters, digits and \"-._~\", or * alone", class, i, Describe(name, FormWord))
		case slices.Contains(names[:i], name):
			wrong("query.%s[%d]: %s stands twice: list each name once", class, i, Describe(name, FormWord))
		}
	}
	return faults
}

// isParameterName reports whether a text is the name of a query parameter that
// needs no escape and is none of CloudFront's own, which never reach the bucket.
func isParameterName(text string) bool {
	return len(text) <= 64 && isMade(text, func(c byte) bool { return class[c]&unreserved != 0 }) && !reservedName(text)
}

// Validate reports everything that is wrong with the location, joined into one
// error: it must be one, and written as AWS writes it.
func (l KeyLocation) Validate() error { return errors.Join(l.faults()...) }

// faults are what is wrong, each with the member of the document that it is in.
func (l KeyLocation) faults() (faults []error) {
	wrong := func(format string, args ...any) { faults = append(faults, fmt.Errorf(format, args...)) }
	locations := 0
	for _, location := range []string{l.SecretARN, l.KMSARN, l.File, l.Parameter} {
		if location != "" {
			locations++
		}
	}
	switch {
	case locations != 1:
		wrong("key: names %d locations: want exactly one of secretArn, kmsArn, file and parameter", locations)
	case (l.SecretVersionID != "") != (l.SecretARN != ""):
		wrong("key: secretArn and secretVersionId go together")
	}
	if l.SecretARN != "" {
		if err := checkARN(l.SecretARN, "secretsmanager", isSecret); err != nil {
			wrong("key.secretArn: %w: want the ARN of a secret, such as arn:aws:secretsmanager:eu-west-1:111122223333:secret:media-key-a1b2c3", err)
		}
	}
	if l.SecretVersionID != "" && !isSecretVersion(l.SecretVersionID) {
		wrong("key.secretVersionId: %s: want the id of a version, of letters, digits and hyphens, at most 64", Describe(l.SecretVersionID, FormName))
	}
	if l.KMSARN != "" {
		if err := checkARN(l.KMSARN, "kms", isKMSKey); err != nil {
			wrong("key.kmsArn: %w: want the ARN of a key, such as arn:aws:kms:eu-west-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab", err)
		}
	}
	if isItself(l.File) {
		wrong("key.file: %s where the name of a file belongs: write the key into a file and name that", Describe(l.File, FormFile))
	} else if l.File != "" && !isFile(l.File) {
		wrong("key.file: %s: want the name of a file, without control characters", Describe(l.File, FormFile))
	}
	if l.Parameter != "" && !isParameter(l.Parameter) {
		wrong("key.parameter: %s: want the name of a parameter in the same account and Region, such as /signedfront/signedfront/dev", Describe(l.Parameter, FormName))
	}
	return faults
}

// MarshalIndent writes the document as indented JSON with a line feed at the
// end, for a file.
func (d *Deployment) MarshalIndent() ([]byte, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	if err := enc.Encode(d); err != nil {
		return nil, fmt.Errorf("writing the deployment document: %w", err)
	}
	return b.Bytes(), nil
}

func seconds(n int64) time.Duration {
	if n > int64(maxDuration/time.Second) {
		return maxDuration
	}
	return time.Duration(n) * time.Second
}

const maxDuration = time.Duration(1<<63 - 1)

// CheckKey reports whether a public key is the one that the document names.
func (d *Deployment) CheckKey(public *PublicKey) error {
	if public == nil || public.key == nil {
		return errors.New("no public key")
	}
	if got := public.Fingerprint(); got != d.PublicKeySHA256 {
		return fmt.Errorf("the private key does not fit key pair id %s: its public key has SHA-256 %s, which is not the publicKeySha256 of the deployment document",
			unquoted(d.KeyPairID, FormID), got)
	}
	return nil
}

// unquoted is Describe without the quotation marks, for values that a sentence
// names.
func unquoted(value string, form Form) string {
	if form.matches(value) {
		return value
	}
	return Describe(value, form)
}
