package constructs

import (
	"time"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awscertificatemanager"
	"github.com/aws/aws-cdk-go/awscdk/v2/awscloudfront"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/aws-cdk-go/awscdk/v2/awskms"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsroute53"
	"github.com/aws/aws-cdk-go/awscdk/v2/awss3"
	"github.com/aws/aws-cdk-go/awscdk/v2/interfaces/interfacesawscloudfront"
	"github.com/aws/aws-cdk-go/awscdk/v2/interfaces/interfacesawslogs"
	"github.com/aws/aws-cdk-go/awscdk/v2/interfaces/interfacesawswafv2"

	"github.com/signedfront/signedfront/constructs/config"
)

// PrivateContentProps configures NewPrivateContent. The zero value is ready to
// use: a new bucket that is kept, read by an origin access identity, one
// signing key, a signature required on every path.
//
// Texts may hold tokens of the CDK, and a token is not checked. Words of a
// choice, countries, domain names and public keys cannot be tokens: the
// template is made from them.
type PrivateContentProps struct {
	// Name starts the names of CloudFront's resources, which are shared by the
	// whole account: at most 40 letters, digits and single hyphens between
	// them. It must not change after the first deployment, because CloudFront
	// does not let the name of a public key change.
	//
	// Default: made from the construct's path.
	Name string

	// ParameterName is the Systems Manager parameter for the deployment
	// document, a path such as /media/prod/signing.
	//
	// Default: /signedfront/ and Name.
	ParameterName string

	// Ephemeral deletes the content with the stack: the new bucket with its
	// objects, a new encryption key and a new log group. A bucket given as
	// Bucket is never emptied or deleted.
	//
	// Default: false. They are kept.
	Ephemeral bool

	// Bucket is a bucket to serve instead of a new one. A bucket of the same app
	// gets the statements that let CloudFront read it, and the CORS rule that
	// CORS needs. An imported bucket does not: [PrivateContent.RequiredBucketPolicy]
	// and [PrivateContent.RequiredBucketCORS] are what its owner must write. A
	// bucket of another stack of the app takes OriginAccess oai, because
	// each stack would need the other one with an access control.
	//
	// Default: a new bucket, without public access, encrypted and versioned.
	Bucket awss3.IBucket

	// BucketPath is the folder of Bucket that is served, such as /folder, with a
	// slash at its start and none at its end. /a.png is then the object
	// folder/a.png. CloudFront may read, and GrantUpload lets write, that folder
	// alone.
	//
	// Default: the whole bucket.
	BucketPath string

	// OriginAccess is who reads the bucket for CloudFront: an origin access
	// identity (oai) or an origin access control (oac). A live distribution
	// moves from one to the other in four deployments, and back the same way:
	// oai, migrating (both may read, the identity is used), migrated (both may
	// read, the control is used), oac.
	//
	// Default: oai.
	OriginAccess config.OriginAccess

	// OriginShield is the AWS Region of an additional cache before the bucket,
	// such as eu-west-1: the one nearest to it that has Origin Shield.
	//
	// Default: none.
	OriginShield string

	// Encryption is how a new bucket encrypts new objects: by S3 (s3), or with a
	// KMS key (kms), which only an origin access control can read. On the way
	// back from kms to s3 comes leaving-kms: new objects are encrypted by S3, and
	// the key stays for the objects that need it.
	//
	// Default: s3, or kms with an EncryptionKey.
	Encryption config.Encryption

	// EncryptionKey is the KMS key of a new bucket. A key of the same app gets
	// the statement that lets CloudFront decrypt. An imported key does not:
	// [PrivateContent.RequiredKeyPolicy] is what its owner must write. A bucket
	// given as Bucket has its own EncryptionKey, and the same holds for that.
	//
	// Default: a new key, where Encryption needs one.
	EncryptionKey awskms.IKey

	// Versions is for how long a new bucket keeps objects that were written over
	// or deleted. Whoever may write to the bucket can bring them back until then.
	//
	// Default: for ever. Each is stored, and paid, as a current one is.
	Versions *Versions

	// SigningKeys are the generations of the signing key. A number that was
	// deployed keeps its algorithm, hash and custody for ever.
	//
	// Default: one key, number 1, ECDSA P-256 with SHA-256, made by the
	// deployment.
	SigningKeys SigningKeys

	// Lender is the deployment whose signing keys this one borrows. It replaces
	// SigningKeys.
	//
	// Default: none.
	Lender *config.Lender

	// LendKeys lets other deployments of the same account and Region trust and
	// use these keys. Whoever may sign for one of them may then sign for this
	// one. The key group is exported, so that CloudFormation keeps it while a
	// borrower imports it. Secrets of this deployment get the tag
	// signedfront:lends with ParameterName as its value, by which the borrowers'
	// signing policies allow them. A borrower's policy names imported keys one
	// by one: when one is added, deploy the borrowers before it signs. A private
	// key in a file must be there wherever borrowers sign.
	//
	// Default: false.
	LendKeys bool

	// MaxURLLifetime is how far ahead the expiry of a signed URL may lie: a
	// whole number of seconds. Signers enforce it, and a rotation waits for it.
	//
	// Default: 7 days.
	MaxURLLifetime time.Duration

	// MaxKeyAge is how long a signer may use a key that it has not confirmed to
	// be the current one: a whole number of seconds, at least a minute.
	//
	// Default: 1 hour.
	MaxKeyAge time.Duration

	// Guard fails a deployment that would have CloudFront refuse viewers: a key
	// made current before every edge can know it, or removed before its last URL
	// has expired. It is a function of the stack, which reads what is deployed.
	// jsii.Bool(false) leaves it out. A stack of imported keys needs that where its
	// synthesizer takes no assets, as BootstraplessSynthesizer: the code of the
	// function is one.
	//
	// Default: true.
	Guard *bool

	// SignGrantees are the roles, users and groups of the stack's account that
	// may sign: [PrivateContent.GrantSign] is called for each.
	//
	// Default: none.
	SignGrantees []awsiam.IGrantable

	// SignerRoleAssumers are the roles of other accounts that may sign. They
	// assume [PrivateContent.SignerRole], which is made for them.
	//
	// Default: none.
	SignerRoleAssumers []awsiam.IRole

	// Downloads lets a signed URL say under which name a browser saves an object,
	// and with Types as what type it is sent. A cache policy of the stack forwards
	// that to the bucket, for paths that require a signature alone.
	//
	// Default: nil. A signed URL cannot say so.
	Downloads *config.Downloads

	// UploadOrigins are the origins whose pages may upload by presigned PUT and
	// POST requests, such as https://app.example.com or https://*.example.com. The
	// one word * stands for all.
	//
	// Default: none.
	UploadOrigins []string

	// UploadGrantees may upload objects, list and read them:
	// [PrivateContent.GrantUpload] is called for each.
	//
	// Default: none.
	UploadGrantees []awsiam.IGrantable

	// PublicPaths are path patterns that everyone may read unsigned, such as
	// /assets/*. A pattern that lies within a signed one is an error. Patterns
	// hold letters, digits, -._~/ and *, and in a public one no digit and no
	// letter from A to F follows a *, because it may end an escape such as %20.
	//
	// Default: none.
	PublicPaths []string

	// SignedPaths are path patterns that require a signature although a public
	// one covers them, such as /assets/premium/* within the public /assets/*.
	// They come before all public patterns, and each must overlap one. While
	// there are any, a public path must hold letters, digits and -._~/ unescaped,
	// or the answer is 403. A path that no pattern matches requires a signature.
	//
	// Default: none.
	SignedPaths []string

	// Behaviors are further cache behaviors, such as a second origin under
	// /api/*. They require a signature unless they say Public.
	//
	// Default: none.
	Behaviors []Behavior

	// ConfigureDistribution changes the props of the distribution before it is
	// made, for what has no prop here. It is called when all other props are
	// right, and what is wrong with its changes is an error of its own. The
	// default behavior must keep the content's origin, its key group and HTTPS,
	// and AdditionalBehaviors must stay empty: write Behaviors instead.
	//
	// Default: nothing is changed.
	ConfigureDistribution func(*awscloudfront.DistributionProps)

	// AddressRestriction says that signed policies name IP addresses of viewers.
	// These are IPv4 addresses, so the distribution then has no IPv6.
	//
	// Default: false.
	AddressRestriction bool

	// DefaultRootObject is the object for /, such as index.html.
	//
	// Default: none.
	DefaultRootObject string

	// Missing is the status of an object that is not there: 403, the status of
	// one that may not be read, or 404. For 404, CloudFront may list the bucket, so
	// that whoever may request a path can ask whether there is such an object. It
	// needs a DefaultRootObject, without which the answer to / would be a list of
	// the objects; a function that rewrites a path to / gets that list:
	// https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html
	//
	// Default: 403.
	Missing int

	// ErrorPages are objects that are served in place of errors. They are public.
	//
	// Default: the answers of CloudFront and S3.
	ErrorPages []config.ErrorPage

	// CORS lets scripts and players of other origins read the content.
	//
	// Default: no other origin may.
	CORS *config.CORS

	// ResponseHeaders are headers that CloudFront adds to what it serves.
	//
	// Default: Strict-Transport-Security for a year, X-Content-Type-Options and
	// Referrer-Policy: no-referrer.
	ResponseHeaders config.ResponseHeaders

	// Domain serves the content under domain names of your own.
	//
	// Default: the name that CloudFront gives, d111111abcdef8.cloudfront.net.
	Domain *Domain

	// AccessLogs records each request, without its query string, its cookies
	// and its referrer, which hold credentials.
	//
	// Default: no logs.
	AccessLogs *AccessLogs

	// PriceClass is which of CloudFront's edge locations serve the content.
	//
	// Default: PriceClass_All.
	PriceClass config.PriceClass

	// GeoRestriction admits viewers of some countries only, or refuses those of
	// some.
	//
	// Default: viewers of all countries are admitted.
	GeoRestriction *config.GeoRestriction

	// WebACL is a web ACL of AWS WAF, of scope CLOUDFRONT and so in us-east-1.
	//
	// Default: none.
	WebACL interfacesawswafv2.IWebACLRef
}

// Versions says for how long a bucket keeps what was written over or deleted.
type Versions struct {
	// Keep is for how long an object that was written over or deleted is kept, in
	// whole days, at most 3650, such as awscdk.Duration_Days(jsii.Number(30)). S3
	// deletes it, unnoticed, after the midnight (UTC) that follows, and with the
	// last version what marks the object as deleted:
	// https://docs.aws.amazon.com/AmazonS3/latest/userguide/intro-lifecycle-rules.html
	//
	// Default: none. It is required.
	Keep awscdk.Duration
}

// SigningKeys are the generations of the signing key.
type SigningKeys struct {
	// Keys are the keys that the distribution trusts, at most five. Each number
	// stands for one key pair for ever.
	//
	// Default: one key, number 1.
	Keys []config.SigningKey

	// Current is the number of the key that signs.
	//
	// Default: the number of the only key.
	Current int

	// Compromised are the numbers of keys that somebody else has. Guard lets such
	// a key be removed without its wait, in a deployment after the one that makes
	// another key current. CloudFront then refuses all that it signed.
	//
	// Default: none.
	Compromised []int

	// AlsoTrust are public keys that CloudFront has already, or gets otherwise,
	// in this account: awscloudfront.PublicKey_FromPublicKeyId imports one. The
	// distribution trusts them too, so that what their owners sign goes on
	// working. Together with Keys they are at most five.
	//
	// Default: none.
	AlsoTrust []interfacesawscloudfront.IPublicKeyRef
}

// Domain serves the content under domain names of your own.
type Domain struct {
	// Names are the domain names, such as media.example.com. Signed URLs start
	// with the first one; others may start with *. for one level of subdomains.
	// CloudFront gives a name to one distribution in all of AWS.
	//
	// Default: none. The distribution then has the certificate, and its names can
	// be moved to it.
	Names []string

	// Certificate is a certificate of AWS Certificate Manager in us-east-1 that
	// covers all names.
	//
	// Default: one is made in us-east-1, in a stack of its own where this stack
	// is elsewhere, and validated by DNS in HostedZone. Without Names, it is for
	// the zone's name and one level of subdomains.
	Certificate awscertificatemanager.ICertificate

	// HostedZone is the public Route 53 zone of the names. It gets their A and
	// AAAA records.
	//
	// Default: none. The records are yours to make, and Certificate is required.
	HostedZone awsroute53.IHostedZone
}

// AccessLogs records each request as JSON, without the query string, the cookies
// and the referrer. A new log group is kept when its stack is deleted, unless
// the content is ephemeral.
type AccessLogs struct {
	// Retention is how long a new log group keeps the records: one of the steps
	// of CloudWatch Logs, in whole days, such as 30 or 365 days.
	//
	// Default: 90 days.
	Retention time.Duration

	// LogGroup is a log group in us-east-1 that gets the records instead. The
	// log service adds to its resource policy what it needs.
	//
	// Default: a new log group.
	LogGroup interfacesawslogs.ILogGroupRef

	// Bucket is a bucket that gets the records instead, under the prefix
	// cloudfront/. A bucket of the same app gets the statement that lets the log
	// service write. To the policy of an imported one, AWS adds it where the
	// deployment may change that policy:
	// https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/AWS-logs-infrastructure-V2-S3.html
	//
	// Default: none, a log group.
	Bucket awss3.IBucket
}

// Behavior is a cache behavior besides those of PublicPaths and SignedPaths.
// All that require a signature come first, in their order, and then the public
// ones: CloudFront takes the first one that matches a path.
type Behavior struct {
	// PathPattern is which paths it serves, such as /api/*, with the characters
	// that a pattern of PublicPaths may have.
	//
	// Default: none. It is required.
	PathPattern string

	// Public serves these paths to everyone, without a signature.
	//
	// Default: false. A signature of the content's keys is required.
	Public bool

	// Origin is where the paths are served from.
	//
	// Default: the content bucket.
	Origin awscloudfront.IOrigin

	// Options is how the paths are served. TrustedKeyGroups must stay empty: that
	// is what Public decides. The synthesis fails where the policies forward to a
	// bucket by which headers S3 is to answer, such as response-content-type, and
	// everyone could choose them, or one viewer for others by way of the cache.
	//
	// Default: each field that is left out is as for the content itself: HTTPS
	// only, GET and HEAD, compression, the content's response headers, and the
	// managed cache policy CachingOptimized or, where a signature is required, that
	// of Downloads.
	Options *awscloudfront.AddBehaviorOptions
}
