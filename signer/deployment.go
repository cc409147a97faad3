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
// writes. Readers refuse a newer one.
const DeploymentSchema = 1

// Deployment is the deployment document: everything that a signer needs except the
// private key. A stack keeps it as JSON in one Systems Manager parameter,
// /signedfront/<project>/<environment>; the local edge writes the same JSON to a
// file. DEPLOYMENT.md, in this folder, is the contract with signers in other
// languages.
type Deployment struct {
	// Schema is the version of the document: DeploymentSchema.
	Schema int `json:"schema"`

	// BaseURL is the scheme and host that serve the content, without a trailing
	// slash: https://d111111abcdef8.cloudfront.net.
	BaseURL string `json:"baseUrl"`

	// KeyPairID is CloudFront's id of the current public key, such as
	// K2JCJMDEHXQW5F.
	KeyPairID string `json:"keyPairId"`

	// Algorithm and Hash are those of the current key.
	Algorithm Algorithm `json:"algorithm"`
	Hash      Hash      `json:"hash"`

	// PublicKeySHA256 is the Fingerprint of the current public key. A signer
	// refuses a private key with another public half.
	PublicKeySHA256 string `json:"publicKeySha256"`

	// Key is where the private key is.
	Key KeyLocation `json:"key"`

	// Region is the AWS Region of the stack; empty for the local edge.
	Region string `json:"region,omitempty"`

	// MaxURLLifetime limits, in seconds, how far ahead an expiry may lie; 0 means
	// no limit. Rotation depends on it: a retired key is removed after its last URL
	// has expired.
	MaxURLLifetime int64 `json:"maxUrlLifetime,omitempty"`

	// MaxKeyAge limits, in seconds, how long a signer may use a key without
	// confirming that it is still the current key; 0 means no limit.
	MaxKeyAge int64 `json:"maxKeyAge,omitempty"`

	// TrustedKeys are the keys that the distribution trusts, five at most, the
	// current key among them. Nil means not known, as in the document of an older
	// stack. PublicKeys parses them.
	TrustedKeys []TrustedKey `json:"trustedKeys,omitempty"`

	// Query lists the query parameters that reach the bucket. Nil means not known.
	Query *ForwardedQuery `json:"query,omitempty"`

	// Bucket is the bucket that holds the content. Nil means not known, as for the
	// local edge.
	Bucket *Bucket `json:"bucket,omitempty"`
}

// ForwardedQuery lists the query parameters of a viewer's request that the
// distribution forwards to the bucket. The single name * means all. Other
// parameters are signed too, but change nothing at the bucket.
type ForwardedQuery struct {
	// Signed are the parameters of requests that need a signature, ten at most.
	Signed []string `json:"signed"`

	// Public are the parameters of requests for public paths, ten at most.
	Public []string `json:"public"`
}

// Bucket is an S3 bucket.
type Bucket struct {
	Name   string `json:"name"`
	Region string `json:"region"`

	// Path is the folder of the bucket that is served, with a leading and without a
	// trailing slash. With /media, BaseURL + "/a.png" serves the object with the
	// key media/a.png. Empty means the whole bucket.
	Path string `json:"path,omitempty"`
}

// Key returns the full key in the bucket for served, the key below the folder that
// Signer.Object signs. Programs upload to the full key.
func (b *Bucket) Key(served string) string {
	return strings.TrimPrefix(b.Path+"/"+served, "/")
}

// KeyLocation is where a private key is: in a secret, in KMS, in a file, or with
// the environment that lends it.
type KeyLocation struct {
	// SecretARN and SecretVersionID name one version of a secret in AWS Secrets
	// Manager. It holds the key as PEM, and never changes.
	SecretARN       string `json:"secretArn,omitempty"`
	SecretVersionID string `json:"secretVersionId,omitempty"`

	// KMSARN names an asymmetric key in AWS KMS.
	KMSARN string `json:"kmsArn,omitempty"`

	// File is a PEM file. A relative name is relative to the document's folder, or
	// to the working directory if the document is not a file.
	File string `json:"file,omitempty"`

	// Parameter is the parameter with the deployment document of the lender, one
	// hop away.
	Parameter string `json:"parameter,omitempty"`
}

// ParseDeployment parses and validates a deployment document. It ignores unknown
// members, so that an older signer can read what a newer stack of the same schema
// wrote. Errors quote no text of the document unless it matches the grammar of its
// member.
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

// notADocument returns why text is not the JSON of a document. It does not wrap the
// errors of package json, which quote the text.
func notADocument(text string, err error) error {
	var syntax *json.SyntaxError
	var wrongType *json.UnmarshalTypeError
	switch {
	case errors.As(err, &wrongType) && wrongType.Field != "":
		found, _, _ := strings.Cut(wrongType.Value, " ") // a number follows its kind
		want := map[reflect.Kind]string{reflect.String: "a string", reflect.Struct: "an object", reflect.Slice: "an array"}[wrongType.Type.Kind()]
		return fmt.Errorf("%s is a JSON %s: want %s", wrongType.Field, found, cmp.Or(want, "a whole number"))
	case strings.HasPrefix(strings.TrimSpace(text), "{") && errors.As(err, &syntax):
		return fmt.Errorf("not valid JSON: it is wrong or cut off at byte %d", syntax.Offset)
	}
	want := "want a JSON object, which starts with {"
	if !strings.ContainsAny(text, "\r\n") {
		want += "; LoadDeployment takes the name of a file"
	}
	return fmt.Errorf("not JSON: %s: %s", Describe(text, FormFile), want)
}

// LoadDeployment reads a deployment document from a file, as ParseDeployment does.
// The file must be a regular file of at most 64 KiB.
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

// Validate returns all faults of the document, joined into one error. The document
// is input: each text that becomes a host, a name or a path must match the grammar
// of its member.
func (d *Deployment) Validate() error {
	if d == nil {
		return errors.New("no document")
	}
	var errs []error
	wrong := func(format string, args ...any) { errs = append(errs, fmt.Errorf(format, args...)) }

	switch {
	case d.Schema < 1:
		wrong("schema: missing or below 1: want %d", DeploymentSchema)
	case d.Schema > DeploymentSchema:
		return fmt.Errorf("schema: %d is newer than this program can read (%d): update signedfront", d.Schema, DeploymentSchema)
	}
	if err := checkBaseURL(d.BaseURL); err != nil {
		if fault := (*URLError)(nil); errors.As(err, &fault) {
			// Drop URLError.Found, which may be the whole host.
			err = fmt.Errorf("the %s: %s: %s", fault.Part, fault.Reason, cmp.Or(fault.Fix, "write the distribution's domain name"))
		}
		wrong("baseUrl: %s: %w", Describe(d.BaseURL, FormName), err)
	}
	errs = append(errs, d.Key.faults()...)
	if d.Region != "" && !isRegion(d.Region) {
		wrong("region: %s: want an AWS Region, such as eu-west-1", Describe(d.Region, FormWord))
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
			wrong("bucket.region: %s: want an AWS Region, such as eu-west-1", Describe(d.Bucket.Region, FormWord))
		}
		if d.Bucket.Path != "" && !isFolder(d.Bucket.Path) {
			wrong("bucket.path: %s: want a folder of letters, digits, slashes and \"-._~\", such as /media, that starts with a slash and does not end with one", Describe(d.Bucket.Path, FormName))
		}
	}
	return errors.Join(errs...)
}

// maxForwarded is how many query parameters a CloudFront policy can name:
// https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/cloudfront-limits.html
const maxForwarded = 10

func (q *ForwardedQuery) faults() []error {
	return append(queryFaults("signed", q.Signed), queryFaults("public", q.Public)...)
}

// queryFaults returns the faults in the parameter names of one class of paths.
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
			wrong("query.%s[%d]: %s is listed twice: list each name once", class, i, Describe(name, FormWord))
		}
	}
	return faults
}

// isParameterName reports whether text is the name of a query parameter that needs
// no escape and is not one of CloudFront's own, which never reach the bucket.
func isParameterName(text string) bool {
	return len(text) <= 64 && isMade(text, func(c byte) bool { return class[c]&unreserved != 0 }) && !reservedName(text)
}

// Validate returns all faults of the location, joined into one error: there must be
// exactly one location, in AWS's grammar.
func (l KeyLocation) Validate() error { return errors.Join(l.faults()...) }

// faults returns the faults, each with the path of its member in the document.
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
		wrong("key.secretVersionId: %s: want a version id of at most 64 letters, digits and hyphens", Describe(l.SecretVersionID, FormName))
	}
	if l.KMSARN != "" {
		if err := checkARN(l.KMSARN, "kms", isKMSKey); err != nil {
			wrong("key.kmsArn: %w: want the ARN of a key, such as arn:aws:kms:eu-west-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab", err)
		}
	}
	if isItself(l.File) {
		wrong("key.file: %s in place of a file name: write the key to a file and name the file", Describe(l.File, FormFile))
	} else if l.File != "" && !isFile(l.File) {
		wrong("key.file: %s: want the name of a file, without control characters", Describe(l.File, FormFile))
	}
	if l.Parameter != "" && !isParameter(l.Parameter) {
		wrong("key.parameter: %s: want the name of a parameter in the same account and Region, such as /signedfront/signedfront/dev", Describe(l.Parameter, FormName))
	}
	return faults
}

// MarshalIndent returns the document as indented JSON with a trailing line feed.
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

// CheckKey returns an error unless public is the key that the document names.
func (d *Deployment) CheckKey(public *PublicKey) error {
	if public == nil || public.key == nil {
		return errors.New("no public key")
	}
	if got := public.Fingerprint(); got != d.PublicKeySHA256 {
		return fmt.Errorf("the private key does not match key pair id %s: its public key has SHA-256 %s, which is not the publicKeySha256 of the deployment document",
			unquoted(d.KeyPairID, FormID), got)
	}
	return nil
}

// unquoted is Describe without the quotation marks, for a value inside a sentence.
func unquoted(value string, form Form) string {
	if form.matches(value) {
		return value
	}
	return Describe(value, form)
}
