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

// PrivateContentProps configures NewPrivateContent. The zero value is ready to use:
// a new bucket that is kept, read by an origin access identity, one signing key, and
// a signature required on every path.
//
// Strings may be tokens of the CDK, which are not checked. Words of a choice,
// countries, domain names and public keys cannot be tokens, because the template is
// made from them.
type PrivateContentProps struct {
	// Name starts the names of CloudFront's resources, which are shared by the
	// whole account, and stands in descriptions: at most 40 letters, digits and
	// hyphens. It must not change after the first deployment, because CloudFront
	// does not let the name of a public key change.
	//
	// Default: made from the construct's path.
	Name string

	// ParameterName is the name of the Systems Manager parameter that holds the
	// deployment document: a path such as /media/prod/signing.
	//
	// Default: /signedfront/ and Name.
	ParameterName string

	// Ephemeral deletes the content with the stack: a new bucket with its objects,
	// a new KMS key and a new log group. Without it they are kept. An existing
	// bucket is never emptied or deleted.
	//
	// Default: false.
	Ephemeral bool

	// Bucket is an existing bucket to serve instead of a new one. A bucket of the
	// same app gets the statements that let CloudFront read it, and the CORS rule
	// that CORS needs. The owner of an imported bucket must write them:
	// [PrivateContent.RequiredBucketPolicy] and [PrivateContent.RequiredBucketCORS]
	// return them. A bucket of another stack of the app requires OriginAccess oai:
	// with an access control, each stack would depend on the other.
	//
	// Default: a new bucket, without public access, encrypted and versioned.
	Bucket awss3.IBucket

	// BucketPath is the folder of Bucket that is served, such as /folder, with a
	// slash at its start and none at its end. /a.png is then the object
	// folder/a.png, and CloudFront may read only that folder. GrantUpload lets
	// grantees write only there.
	//
	// Default: the whole bucket.
	BucketPath string

	// OriginAccess is how CloudFront gets access to the bucket: through an origin
	// access identity (oai) or an origin access control (oac). A live distribution
	// moves from oai to oac in three deployments, and back in the same way:
	// migrating (both may read, CloudFront uses the identity), migrated (both may
	// read, CloudFront uses the control), oac.
	//
	// Default: oai.
	OriginAccess config.OriginAccess

	// OriginShield is the AWS Region of an additional cache in front of the bucket:
	// the Region nearest to the bucket that has Origin Shield.
	//
	// Default: none.
	OriginShield string

	// Encryption is how a new bucket encrypts new objects: with keys of S3 (s3) or
	// with a KMS key (kms), which requires the OriginAccess oac. To go from kms
	// back to s3, deploy leaving-kms in between: S3 encrypts new objects, and the
	// KMS key is kept for the old ones.
	//
	// Default: s3, or kms with an EncryptionKey.
	Encryption config.Encryption

	// EncryptionKey is the KMS key of a new bucket. A key of the same app gets the
	// statement that lets CloudFront decrypt. The owner of an imported key must
	// write it: [PrivateContent.RequiredKeyPolicy] returns it. The same holds for
	// the EncryptionKey of a bucket given as Bucket.
	//
	// Default: a new key, if Encryption needs one.
	EncryptionKey awskms.IKey

	// Versions is how long a new bucket keeps overwritten and deleted objects.
	// Until then, whoever may write to the bucket can restore them.
	//
	// Default: for ever. Old versions cost as much as current objects.
	Versions *Versions

	// SigningKeys are the generations of the signing key and the number of the
	// current key. A deployed number keeps its algorithm, hash and custody for
	// ever.
	//
	// Default: one key, number 1, ECDSA P-256 with SHA-256, made by the deployment.
	SigningKeys SigningKeys

	// Lender is the deployment whose signing keys this one borrows. It replaces
	// SigningKeys.
	//
	// Default: none.
	Lender *config.Lender

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
	LendKeys bool

	// MaxURLLifetime is how far ahead the expiry of a signed URL may lie: a whole
	// number of seconds. Signers enforce it, and a rotation waits for it.
	//
	// Default: 7 days.
	MaxURLLifetime time.Duration

	// MaxKeyAge is how long a signer may use a key that it has not confirmed to be
	// the current key: a whole number of seconds, at least a minute.
	//
	// Default: 1 hour.
	MaxKeyAge time.Duration

	// Guard fails a deployment after which CloudFront would refuse viewers: one
	// that makes a key current before every edge can know it, or removes a key
	// before its last URL has expired. The guard is a function of the stack that
	// reads what is deployed. jsii.Bool(false) leaves it out. A stack of imported
	// keys needs that if its synthesizer accepts no assets, as
	// BootstraplessSynthesizer: the code of the function is an asset.
	//
	// Default: true.
	Guard *bool

	// SignGrantees are the roles, users and groups of the stack's account that may
	// sign: [PrivateContent.GrantSign] is called for each.
	//
	// Default: none.
	SignGrantees []awsiam.IGrantable

	// SignerRoleAssumers are the roles of other accounts that may sign. They assume
	// [PrivateContent.SignerRole], which is made for them.
	//
	// Default: none.
	SignerRoleAssumers []awsiam.IRole

	// Downloads lets a signed URL set the name under which a browser saves an
	// object and, with Types, the content type of the answer. The stack gets a
	// cache policy, of which an account has 20. Public paths do not use it.
	//
	// Default: nil. A signed URL can set neither.
	Downloads *config.Downloads

	// UploadOrigins are the origins whose pages may send presigned PUT and POST
	// requests, such as https://app.example.com or https://*.example.com. * alone
	// stands for all origins.
	//
	// Default: none.
	UploadOrigins []string

	// UploadGrantees may upload, list and read objects:
	// [PrivateContent.GrantUpload] is called for each.
	//
	// Default: none.
	UploadGrantees []awsiam.IGrantable

	// PublicPaths are path patterns that everyone may read without a signature,
	// such as /assets/*. A pattern that lies within a signed one is an error.
	// Patterns hold *, letters, digits and -._~/. In a public pattern, no digit and
	// no letter from A to F may follow a *, because it may end an escape such as
	// %20.
	//
	// Default: none.
	PublicPaths []string

	// SignedPaths are path patterns that require a signature although a public
	// pattern covers them, such as /assets/premium/* within the public /assets/*. A
	// path that no pattern matches requires a signature anyway. Signed patterns are
	// matched before all public ones, and each must overlap a public one. If there are
	// any, a request for a public path that escapes a letter, a digit, a slash or one of
	// the characters - . _ ~ gets a 403.
	//
	// Default: none.
	SignedPaths []string

	// Behaviors are additional cache behaviors, such as a second origin under
	// /api/*. They require a signature unless they are Public.
	//
	// Default: none.
	Behaviors []Behavior

	// ConfigureDistribution changes the props of the distribution before it is
	// made, for what has no prop here. It is called only if all other props are
	// correct; mistakes in its changes are reported as an error of their own. The
	// default behavior must keep the content's origin, its key group and HTTPS, and
	// AdditionalBehaviors must stay empty: use Behaviors instead.
	//
	// Default: nothing is changed.
	ConfigureDistribution func(*awscloudfront.DistributionProps)

	// AddressRestriction says that signed policies name IP addresses of viewers.
	// These are IPv4 addresses, so the distribution then has no IPv6.
	//
	// Default: false.
	AddressRestriction bool

	// DefaultRootObject is the object that is served for /, such as index.html.
	//
	// Default: none.
	DefaultRootObject string

	// Missing is the status of the answer for an object that does not exist: 403,
	// as for an object that may not be read, or 404. With 404, CloudFront may list
	// the bucket, so whoever may request a path can find out whether its object
	// exists. It requires a DefaultRootObject, without which the answer for / would
	// be a list of the objects. A function that rewrites a path to / gets that
	// list: https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html
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

	// ResponseHeaders are headers that CloudFront adds to its answers.
	//
	// Default: Strict-Transport-Security for a year, X-Content-Type-Options:
	// nosniff and Referrer-Policy: no-referrer.
	ResponseHeaders config.ResponseHeaders

	// Domain serves the content under domain names of your own.
	//
	// Default: the name that CloudFront gives, such as
	// d111111abcdef8.cloudfront.net.
	Domain *Domain

	// AccessLogs records each request, without its query string, its cookies and
	// its referrer, which hold credentials.
	//
	// Default: no logs.
	AccessLogs *AccessLogs

	// PriceClass is the set of CloudFront's edge locations that serve the content:
	// PriceClass_All, PriceClass_200 (without South America, Australia and New
	// Zealand) or PriceClass_100 (North America, Europe and Israel).
	//
	// Default: PriceClass_All.
	PriceClass config.PriceClass

	// GeoRestriction allows viewers in some countries only, or denies viewers in
	// some countries.
	//
	// Default: viewers in all countries are allowed.
	GeoRestriction *config.GeoRestriction

	// WebACL is an AWS WAF web ACL of scope CLOUDFRONT, which exists in us-east-1.
	//
	// Default: none.
	WebACL interfacesawswafv2.IWebACLRef
}

// Versions sets how long a bucket keeps overwritten and deleted objects.
type Versions struct {
	// Keep is how long an overwritten or deleted object is kept: 1 to 3650 whole
	// days. S3 then deletes it permanently, at a later midnight (UTC). With the last
	// version of an object, S3 also removes the marker that it was deleted:
	// https://docs.aws.amazon.com/AmazonS3/latest/userguide/intro-lifecycle-rules.html
	//
	// Default: none. It is required.
	Keep awscdk.Duration
}

// SigningKeys are the generations of the signing key.
type SigningKeys struct {
	// Keys are the keys that the distribution trusts, sorted by number. Each number
	// stands for one key pair for ever: to replace a key, add a number.
	//
	// Default: one key, number 1.
	Keys []config.SigningKey

	// Current is the number of the key that signs.
	//
	// Default: the number of the only key.
	Current int

	// Compromised are the numbers of keys that somebody else has. After a deployment
	// has made another key current, the guard lets the next one remove such a key
	// without waiting. CloudFront then refuses everything that it signed.
	//
	// Default: none.
	Compromised []int

	// AlsoTrust are public keys of this account in CloudFront that the stack does
	// not make: awscloudfront.PublicKey_FromPublicKeyId imports one. The distribution
	// trusts them too, so URLs that their owners sign keep working. At most five keys
	// may be in Keys and AlsoTrust together.
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
	// Default: none. The distribution then has only the certificate, and a live name
	// can be moved to it.
	Names []string

	// Certificate is an ACM certificate in us-east-1 that covers all names.
	//
	// Default: a new certificate, validated by DNS in HostedZone. It is made in
	// us-east-1: if the stack is in another Region, in a stack of its own. Without
	// Names, it covers the zone's name and one level of subdomains.
	Certificate awscertificatemanager.ICertificate

	// HostedZone is the public Route 53 zone in which the A and AAAA records of
	// the names are made.
	//
	// Default: none. You make the records, and Certificate is required.
	HostedZone awsroute53.IHostedZone
}

// AccessLogs records each request as JSON, without the query string, the cookies
// and the referrer. A new log group is kept when its stack is deleted, unless the
// content is ephemeral.
type AccessLogs struct {
	// Retention is how long a new log group keeps the records: a retention period of
	// CloudWatch Logs, such as 30 or 365 days.
	//
	// Default: 90 days.
	Retention time.Duration

	// LogGroup is an existing log group in us-east-1 that gets the records instead.
	// AWS adds the statement that it needs to the resource policy of the logs.
	//
	// Default: a new log group.
	LogGroup interfacesawslogs.ILogGroupRef

	// Bucket is an existing bucket that gets the records instead, under the prefix
	// "cloudfront/". A bucket of the same app gets the statement that lets
	// delivery.logs.amazonaws.com write. If the deployment may change the policy of an
	// imported bucket, AWS adds the statement there:
	// https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/AWS-logs-infrastructure-V2-S3.html
	//
	// Default: none. The records go to a log group.
	Bucket awss3.IBucket
}

// Behavior is a cache behavior in addition to those of PublicPaths and SignedPaths.
// CloudFront uses the first behavior that matches a path: behaviors that require a
// signature come first, in their order, and public ones after them.
type Behavior struct {
	// PathPattern is the pattern of its paths, such as /api/*, with the characters
	// that a pattern of PublicPaths may have.
	//
	// Default: none. It is required.
	PathPattern string

	// Public serves these paths to everyone, without a signature.
	//
	// Default: false. A signature of the content's keys is required.
	Public bool

	// Origin is the origin of the paths.
	//
	// Default: the content bucket.
	Origin awscloudfront.IOrigin

	// Options configures the cache behavior. TrustedKeyGroups must stay empty, because
	// Public decides it. The synthesis fails if the policies forward to a bucket
	// parameters that set headers of S3's answer, such as response-content-type, and
	// anybody could choose them, or one viewer could for others through the cache.
	//
	// Default: each field that is left out is as for the content itself: HTTPS only,
	// GET and HEAD, compression, the content's response headers, and the managed cache
	// policy CachingOptimized or, if a signature is required, the one of Downloads.
	Options *awscloudfront.AddBehaviorOptions
}
