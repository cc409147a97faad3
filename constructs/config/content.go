package config

import (
	"slices"
	"time"
)

// Content configures private content. The zero value is ready to use: a new bucket
// that is kept, read by an origin access identity, one signing key, and a signature
// required on every path.
//
// An environment of cdk.json holds these settings, with the names after "json". A
// field without such a name can be set only in a Go program. Strings may be tokens
// of the CDK, which are not checked. Words of a choice, countries, domain names and
// public keys cannot be tokens, because the template is made from them.
type Content struct {
	// Name starts the names of CloudFront's resources, which are shared by the
	// whole account, and stands in descriptions: at most 40 letters, digits and
	// hyphens. It must not change after the first deployment, because CloudFront
	// does not let the name of a public key change.
	//
	// Default: made from the construct's path.
	Name string `json:"-"`

	// ParameterName is the name of the Systems Manager parameter that holds the
	// deployment document: a path such as /media/prod/signing.
	//
	// Default: /signedfront/ and Name.
	ParameterName string `json:"-"`

	// Ephemeral deletes the content with the stack: a new bucket with its objects,
	// a new KMS key and a new log group. Without it they are kept. An existing
	// bucket is never emptied or deleted.
	//
	// Default: false.
	Ephemeral bool `json:"ephemeral"`

	// OriginAccess is how CloudFront gets access to the bucket: through an origin
	// access identity (oai) or an origin access control (oac). A live distribution
	// moves from oai to oac in three deployments, and back in the same way:
	// migrating (both may read, CloudFront uses the identity), migrated (both may
	// read, CloudFront uses the control), oac.
	//
	// Default: oai.
	OriginAccess OriginAccess `json:"originAccess"`

	// Encryption is how a new bucket encrypts new objects: with keys of S3 (s3) or
	// with a KMS key (kms), which requires the OriginAccess oac. To go from kms
	// back to s3, deploy leaving-kms in between: S3 encrypts new objects, and the
	// KMS key is kept for the old ones.
	//
	// Default: s3.
	Encryption Encryption `json:"encryption"`

	// Bucket is the name of an existing bucket, in the Region of the stack, to
	// serve instead of a new one. The output RequiredBucketPolicy is what its owner
	// must write into its policy. The stack does not change how it is encrypted,
	// and never deletes it.
	//
	// With a path, only that folder of the bucket is served: {"name":
	// "example-media", "path": "/folder"}.
	//
	// Default: a new bucket.
	Bucket string `json:"bucket"`

	// BucketPath is the folder of Bucket that is served, such as /folder, with a
	// slash at its start and none at its end. /a.png is then the object
	// folder/a.png, and CloudFront may read only that folder. In cdk.json it is the
	// path of bucket.
	//
	// Default: the whole bucket.
	BucketPath string `json:"-"`

	// Versions is how long a new bucket keeps overwritten and deleted objects.
	// Until then, whoever may write to the bucket can restore them.
	//
	// Default: for ever. Old versions cost as much as current objects.
	Versions *Versions `json:"versions"`

	// SigningKeys are the generations of the signing key and the number of the
	// current key, or the environment that lends its keys. A deployed number keeps
	// its algorithm, hash and custody for ever.
	//
	// Default: one key, number 1, ECDSA P-256 with SHA-256, made by the deployment.
	SigningKeys SigningKeys `json:"signingKeys"`

	// Lender is the deployment whose signing keys this one borrows. It replaces
	// SigningKeys.
	//
	// Default: none.
	Lender *Lender `json:"-"`

	// LendKeys lets other deployments of the same account and Region trust and use
	// these keys. A role that may sign for one of them may then sign for all of
	// them. The stack exports the key group, so CloudFormation keeps it while a
	// borrower imports it. The stack's secrets get the tag signedfront:lends with
	// the parameter's name as its value: borrowers' signing policies allow secrets
	// with that tag. These policies name imported keys one by one: when you add
	// one, deploy the borrowers before it signs. A private key in a file must be
	// there wherever borrowers sign.
	//
	// Default: false.
	LendKeys bool `json:"lendKeys"`

	// MaxURLLifetime is how far ahead the expiry of a signed URL may lie: a whole
	// number of seconds. Signers enforce it, and a rotation waits for it.
	//
	// Default: 7 days.
	MaxURLLifetime time.Duration `json:"maxUrlLifetime"`

	// MaxKeyAge is how long a signer may use a key that it has not confirmed to be
	// the current key: a whole number of seconds, at least a minute.
	//
	// Default: 1 hour.
	MaxKeyAge time.Duration `json:"maxKeyAge"`

	// Guard fails a deployment after which CloudFront would refuse viewers: one
	// that makes a key current before every edge can know it, or removes a key
	// before its last URL has expired. The guard is a function of the stack that
	// reads what is deployed.
	//
	// Default: true.
	Guard *bool `json:"guard"`

	// Signers are the roles that may sign.
	//
	// Default: none.
	Signers SignerRoles `json:"signers"`

	// Downloads lets a signed URL set the name under which a browser saves an
	// object and, with Types, the content type of the answer. The stack gets a
	// cache policy, of which an account has 20. Public paths do not use it.
	//
	// Default: false.
	Downloads *Downloads `json:"downloads"`

	// Uploads lets pages of other origins upload with presigned requests, and lets
	// roles upload, list and read objects.
	//
	// Default: nobody may upload.
	Uploads *Uploads `json:"uploads"`

	// PublicPaths are path patterns that everyone may read without a signature,
	// such as /assets/*. A pattern that lies within a signed one is an error.
	// Patterns hold *, letters, digits and -._~/. In a public pattern, no digit and
	// no letter from A to F may follow a *, because it may end an escape such as
	// %20.
	//
	// Default: none.
	PublicPaths []string `json:"publicPaths"`

	// SignedPaths are path patterns that require a signature although a public
	// pattern covers them, such as /assets/premium/* within the public /assets/*. A
	// path that no pattern matches requires a signature anyway. Signed patterns are
	// matched before all public ones, and each must overlap a public one. If there are
	// any, a request for a public path that escapes a letter, a digit, a slash or one of
	// the characters - . _ ~ gets a 403.
	//
	// Default: none.
	SignedPaths []string `json:"signedPaths"`

	// Behaviors are additional cache behaviors of a Go program.
	//
	// Default: none.
	Behaviors []Behavior `json:"-"`

	// AddressRestriction says that signed policies name IP addresses of viewers.
	// These are IPv4 addresses, so the distribution then has no IPv6.
	//
	// Default: false.
	AddressRestriction bool `json:"addressRestriction"`

	// DefaultRootObject is the object that is served for /, such as index.html.
	//
	// Default: none.
	DefaultRootObject string `json:"defaultRootObject"`

	// Missing is the status of the answer for an object that does not exist: 403,
	// as for an object that may not be read, or 404. With 404, CloudFront may list
	// the bucket, so whoever may request a path can find out whether its object
	// exists. It requires a DefaultRootObject, without which the answer for / would
	// be a list of the objects.
	//
	// Default: 403.
	Missing int `json:"missing"`

	// ErrorPages are objects that are served in place of errors. They are public.
	//
	// Default: the answers of CloudFront and S3.
	ErrorPages []ErrorPage `json:"errorPages"`

	// CORS lets scripts and players of other origins read the content.
	//
	// Default: no other origin may.
	CORS *CORS `json:"cors"`

	// ResponseHeaders are headers that CloudFront adds to its answers.
	//
	// Default: Strict-Transport-Security for a year, X-Content-Type-Options:
	// nosniff and Referrer-Policy: no-referrer.
	ResponseHeaders ResponseHeaders `json:"responseHeaders"`

	// Domain serves the content under domain names of your own.
	//
	// Default: the name that CloudFront gives, such as
	// d111111abcdef8.cloudfront.net.
	Domain *Domain `json:"domain"`

	// AccessLogs records each request, without its query string, its cookies and
	// its referrer, which hold credentials.
	//
	// Default: no logs.
	AccessLogs *AccessLogs `json:"accessLogs"`

	// PriceClass is the set of CloudFront's edge locations that serve the content:
	// PriceClass_All, PriceClass_200 (without South America, Australia and New
	// Zealand) or PriceClass_100 (North America, Europe and Israel).
	//
	// Default: PriceClass_All.
	PriceClass PriceClass `json:"priceClass"`

	// GeoRestriction allows viewers in some countries only, or denies viewers in
	// some countries.
	//
	// Default: viewers in all countries are allowed.
	GeoRestriction *GeoRestriction `json:"geoRestriction"`

	// WebACL is the ARN of an AWS WAF web ACL of scope CLOUDFRONT, which exists in
	// us-east-1.
	//
	// Default: none.
	WebACL string `json:"webAcl"`

	// OriginShield is the AWS Region of an additional cache in front of the bucket:
	// the Region nearest to the bucket that has Origin Shield.
	//
	// Default: none.
	OriginShield string `json:"originShield"`
}

// WithDefaults returns a copy with defaults for everything that was left out, except
// Name and ParameterName.
func (c Content) WithDefaults() Content {
	if c.Lender == nil {
		c.SigningKeys = c.SigningKeys.WithDefaults()
	}
	if c.OriginAccess == "" {
		c.OriginAccess = OAI
	}
	if c.Encryption == "" {
		c.Encryption = EncryptionS3
	}
	if c.MaxURLLifetime == 0 {
		c.MaxURLLifetime = DefaultMaxURLLifetime
	}
	if c.MaxKeyAge == 0 {
		c.MaxKeyAge = DefaultMaxKeyAge
	}
	if c.Guard == nil {
		guard := true
		c.Guard = &guard
	}
	if c.Missing == 0 {
		c.Missing = MissingIsForbidden
	}
	if c.PriceClass == "" {
		c.PriceClass = PriceClassAll
	}
	c.ErrorPages = slices.Clone(c.ErrorPages)
	for i := range c.ErrorPages {
		c.ErrorPages[i] = c.ErrorPages[i].withDefaults()
	}
	c.CORS = c.CORS.withDefaults()
	c.ResponseHeaders = c.ResponseHeaders.withDefaults()
	c.AccessLogs = c.AccessLogs.withDefaults()
	return c
}

// Check reports all mistakes in c, which must have its defaults. The paths of the
// problems are the names of the fields.
func (c Content) Check() Problems {
	var problems Problems
	c.check(newNode("", &problems))
	return problems
}

func (c Content) check(at node) {
	if !at.json { // in cdk.json it is made from names that are checked
		c.checkParameterName(at.field("ParameterName"))
	}
	c.checkOrigin(at)
	if c.Versions != nil {
		c.Versions.check(at.field("Versions"), c.Bucket)
	}
	c.checkKeys(at)
	at.field("MaxURLLifetime").duration(c.MaxURLLifetime, time.Second, "")
	at.field("MaxKeyAge").duration(c.MaxKeyAge, time.Minute, ": with less, signers would spend the account's quota of reading parameters")
	c.Signers.check(at.field("Signers"))
	if c.Uploads != nil {
		c.Uploads.check(at.field("Uploads"))
	}
	c.checkPaths(at)
	checkDefaultRootObject(at.field("DefaultRootObject"), c.DefaultRootObject)
	c.checkMissing(at)
	checkErrorPages(at.field("ErrorPages"), c.ErrorPages)
	if c.CORS != nil {
		c.CORS.check(at.field("CORS"))
	}
	c.ResponseHeaders.check(at.field("ResponseHeaders"))
	c.checkDownloads(at)
	if c.Domain != nil {
		c.Domain.check(at.field("Domain"))
	}
	if c.AccessLogs != nil {
		c.AccessLogs.check(at.field("AccessLogs"), c.Bucket, c.BucketPath)
	}
	at.field("PriceClass").word(string(c.PriceClass), c.PriceClass.words())
	if c.GeoRestriction != nil {
		c.GeoRestriction.check(at.field("GeoRestriction"))
	}
	checkWebACL(at.field("WebACL"), c.WebACL)
}

// warn reports what is allowed but probably not intended, or fails in some accounts.
func (c Content) warn(at node) {
	c.warnOfPaths(at)
	c.warnOfUnusedPage(at.field("ErrorPages"))
	if c.CORS != nil {
		c.CORS.warn(at.field("CORS"))
	}
	if c.Domain != nil {
		c.Domain.warn(at.field("Domain"))
	}
	c.SigningKeys.warn(at.field("SigningKeys"))
	c.Signers.warn(at.field("Signers"))
}

// PriceClass is a set of edge locations, with CloudFront's name for it:
// https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/PriceClass.html
type PriceClass string

const (
	// PriceClassAll is all edge locations.
	PriceClassAll PriceClass = "PriceClass_All"

	// PriceClass200 is all except those in South America, Australia and New Zealand.
	PriceClass200 PriceClass = "PriceClass_200"

	// PriceClass100 is those in North America, Europe and Israel.
	PriceClass100 PriceClass = "PriceClass_100"
)

func (PriceClass) words() []string {
	return []string{string(PriceClassAll), string(PriceClass200), string(PriceClass100)}
}
