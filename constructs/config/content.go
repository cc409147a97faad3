package config

import (
	"slices"
	"time"
)

// Content says how private content is provisioned. The zero value is sound: a
// new bucket that lasts, read by an origin access identity, one signing key,
// every path signed.
//
// It is what an environment of cdk.json holds, under the names after "json". A
// setting without such a name is one that only a Go program has. Its texts may
// be tokens of the CDK, and a token is not checked; but words of a choice,
// countries, domain names and public keys may not, by which the template is made.
type Content struct {
	// Name starts the names of what CloudFront wants named, which are shared
	// by a whole account, and stands in descriptions: at most 40 letters,
	// digits and hyphens. It must stay as it was deployed, for CloudFront lets no
	// name of a public key change.
	//
	// Default: made of the construct's path.
	Name string `json:"-"`

	// ParameterName is the Systems Manager parameter for the deployment
	// document, a path such as /media/prod/signing.
	//
	// Default: /signedfront/ and the name.
	ParameterName string `json:"-"`

	// Ephemeral lets the bucket go with the stack, its objects included. A
	// bucket that is not ephemeral is kept when its stack is deleted or would
	// replace it.
	//
	// Default: false.
	Ephemeral bool `json:"ephemeral"`

	// OriginAccess is who reads the bucket for CloudFront: an origin access
	// identity (oai) or an origin access control (oac). A live distribution
	// moves from one to the other in four words, a deployment each, and back
	// the same way: oai, migrating (both may read, the identity is used),
	// migrated (both may read, the control is used), oac.
	//
	// Default: oai.
	OriginAccess OriginAccess `json:"originAccess"`

	// Encryption is how new objects are encrypted: by S3 (s3), or with a KMS
	// key that the stack makes (kms), which only an origin access control can
	// read. On the way back from kms to s3 comes leaving-kms: new objects are
	// encrypted by S3, and the key stays for those that need it.
	//
	// Default: s3.
	Encryption Encryption `json:"encryption"`

	// Bucket is the name of a bucket that exists, in the Region of the stack,
	// to serve instead of a new one. Its policy stays its owner's: the output
	// RequiredBucketPolicy is what it must say. So does its encryption, and it
	// never goes with the stack.
	//
	// With a path, a folder of the bucket is served and nothing else of it:
	// {"name": "example-media", "path": "/folder"}.
	//
	// Default: a new bucket.
	Bucket string `json:"bucket"`

	// BucketPath is the folder of Bucket that is served, such as /folder: /a.png
	// is then the object folder/a.png, and CloudFront may read that folder alone.
	// In a file it is the path of bucket.
	//
	// Default: the whole bucket.
	BucketPath string `json:"-"`

	// Versions is for how long a new bucket keeps objects that were written over
	// or deleted. Whoever may write to the bucket can bring them back until then.
	//
	// Default: for ever. Each is stored, and paid, as a current one is.
	Versions *Versions `json:"versions"`

	// SigningKeys are the generations of the signing key and which of them is
	// current, or the environment that lends its own. A number once deployed
	// keeps its algorithm, hash and custody for ever.
	//
	// Default: one key, number 1, ECDSA P-256 with SHA-256, made by the
	// deployment.
	SigningKeys SigningKeys `json:"signingKeys"`

	// Lender is the deployment whose keys are borrowed, where SigningKeys.From
	// does not name an environment. It replaces keys of one's own.
	//
	// Default: none.
	Lender *Lender `json:"-"`

	// LendKeys lets other deployments of the same account and Region trust and
	// use these keys. Whoever may sign for one of them may then sign for this
	// one. The key group is exported, so that CloudFormation keeps it while
	// somebody borrows. Secrets of this deployment get the tag signedfront:lends
	// with the parameter's name, by which the borrowers' signing policies allow
	// them. Of imported keys these policies name the secrets and KMS keys: deploy
	// the borrowers when one is added, before it signs. A key in a file is needed
	// wherever borrowers sign.
	//
	// Default: false.
	LendKeys bool `json:"lendKeys"`

	// MaxURLLifetime is how far ahead the expiry of a signed URL may lie, a
	// whole number of seconds. Signers keep it, and rotation stands on it.
	//
	// Default: 7 days.
	MaxURLLifetime time.Duration `json:"maxUrlLifetime"`

	// MaxKeyAge is for how long a signer may go on with a key that it has not
	// confirmed to be the current one, a whole number of seconds, at least a
	// minute.
	//
	// Default: 1 hour.
	MaxKeyAge time.Duration `json:"maxKeyAge"`

	// Guard fails a deployment that would have CloudFront refuse viewers: a key
	// made current before every edge can know it, or removed before its last URL
	// has expired. It is a function of the stack, which reads what is deployed.
	//
	// Default: true.
	Guard *bool `json:"guard"`

	// Signers are the roles that may sign.
	//
	// Default: none.
	Signers SignerRoles `json:"signers"`

	// Downloads lets a signed URL say under which name a browser saves an object,
	// and with Types as what type it is sent. It takes a cache policy, of which an
	// account has 20.
	//
	// Default: false.
	Downloads *Downloads `json:"downloads"`

	// Uploads lets pages of other origins upload by presigned requests, and roles
	// upload, list and read.
	//
	// Default: nobody may.
	Uploads *Uploads `json:"uploads"`

	// PublicPaths are path patterns that everyone may read unsigned, such as
	// /assets/*. A pattern that lies within a signed one is refused: before it,
	// it would leave a part of it open. Patterns hold letters, digits, -._~/ and
	// *, and in a public one a * stands before no digit and no letter from A to
	// F, which may end an escape: %20.
	//
	// Default: none.
	PublicPaths []string `json:"publicPaths"`

	// SignedPaths are path patterns that want a signature though a public one
	// covers them, such as /assets/premium/* within the public /assets/*. They
	// go before all public ones, and each takes something out of one. Beside
	// them, a public path must hold letters, digits and -._~/ unescaped, or it is
	// refused with 403. A path that no pattern matches requires a signature.
	//
	// Default: none.
	SignedPaths []string `json:"signedPaths"`

	// Behaviors are further cache behaviors that a Go program adds.
	//
	// Default: none.
	Behaviors []Behavior `json:"-"`

	// AddressRestriction says that policies name the IP addresses of viewers.
	// They know IPv4 alone, so the distribution then has no IPv6.
	//
	// Default: false.
	AddressRestriction bool `json:"addressRestriction"`

	// DefaultRootObject is the object for /, such as index.html.
	//
	// Default: none.
	DefaultRootObject string `json:"defaultRootObject"`

	// Missing is the status of an object that is not there: 403, the status of
	// one that may not be read, or 404. For 404, CloudFront may list the bucket, so
	// that whoever may request a path can ask whether there is such an object. It
	// needs a DefaultRootObject, without which the answer to / would be a list of
	// the objects.
	//
	// Default: 403.
	Missing int `json:"missing"`

	// ErrorPages are objects that are served in place of errors.
	//
	// Default: CloudFront's and S3's own answers.
	ErrorPages []ErrorPage `json:"errorPages"`

	// CORS lets scripts and players of other origins read the content.
	//
	// Default: no other origin may.
	CORS *CORS `json:"cors"`

	// ResponseHeaders are headers that CloudFront adds to what it serves.
	//
	// Default: Strict-Transport-Security for a year, X-Content-Type-Options and
	// Referrer-Policy: no-referrer.
	ResponseHeaders ResponseHeaders `json:"responseHeaders"`

	// Domain serves the content under names of one's own.
	//
	// Default: the name that CloudFront gives, d111111abcdef8.cloudfront.net.
	Domain *Domain `json:"domain"`

	// AccessLogs records each request, without its query string, its cookies
	// and its referrer, which hold credentials.
	//
	// Default: no logs.
	AccessLogs *AccessLogs `json:"accessLogs"`

	// PriceClass is which of CloudFront's edge locations serve the content.
	//
	// Default: PriceClass_All.
	PriceClass PriceClass `json:"priceClass"`

	// GeoRestriction lets viewers of some countries in, or keeps those of some
	// out.
	//
	// Default: viewers of all countries are let in.
	GeoRestriction *GeoRestriction `json:"geoRestriction"`

	// WebACL is the ARN of an AWS WAF web ACL, of scope CLOUDFRONT and so in
	// us-east-1.
	//
	// Default: none.
	WebACL string `json:"webAcl"`

	// OriginShield is the AWS Region of an additional cache before the bucket:
	// the one nearest to it that has Origin Shield.
	//
	// Default: none.
	OriginShield string `json:"originShield"`
}

// WithDefaults returns a copy with everything filled in that was left out, but
// for Name and ParameterName.
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

// Check reports everything that is wrong with the content, which has its
// defaults. The paths of the problems are the names of the fields.
func (c Content) Check() Problems {
	var problems Problems
	c.check(newNode("", &problems))
	return problems
}

func (c Content) check(at node) {
	if !at.json { // there it is made of names that are checked
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

// warn tells of what is allowed and yet seldom meant, or fails in some accounts.
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

// PriceClass is which edge locations serve, in CloudFront's own words:
// https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/PriceClass.html
type PriceClass string

const (
	// PriceClassAll is all edge locations.
	PriceClassAll PriceClass = "PriceClass_All"

	// PriceClass200 is all but those of South America, Australia and New Zealand.
	PriceClass200 PriceClass = "PriceClass_200"

	// PriceClass100 is those of North America, Europe and Israel.
	PriceClass100 PriceClass = "PriceClass_100"
)

func (PriceClass) words() []string {
	return []string{string(PriceClassAll), string(PriceClass200), string(PriceClass100)}
}
