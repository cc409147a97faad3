package config

import (
	"fmt"
	"net/netip"
	"regexp"
	"slices"
	"strings"
)

// OriginAccess is how CloudFront gets access to the bucket.
type OriginAccess string

const (
	// OAI lets an origin access identity read. CloudFront uses it.
	OAI OriginAccess = "oai"

	// Migrating lets both read. CloudFront uses the identity.
	Migrating OriginAccess = "migrating"

	// Migrated lets both read. CloudFront uses the control.
	Migrated OriginAccess = "migrated"

	// OAC lets an origin access control read. CloudFront uses it.
	OAC OriginAccess = "oac"
)

func (OriginAccess) words() []string {
	return []string{string(OAI), string(Migrating), string(Migrated), string(OAC)}
}

// HasIdentity reports whether a lets an origin access identity (OAI) read the bucket.
func (a OriginAccess) HasIdentity() bool { return a != OAC }

// HasControl reports whether a lets an origin access control (OAC) read the bucket.
func (a OriginAccess) HasControl() bool { return a != OAI && a != "" }

// UsesControl reports whether CloudFront uses the control, not the identity.
func (a OriginAccess) UsesControl() bool { return a == Migrated || a == OAC }

// Encryption is how objects are encrypted.
type Encryption string

const (
	// EncryptionS3 encrypts objects with keys that S3 manages (SSE-S3).
	EncryptionS3 Encryption = "s3"

	// EncryptionKMS encrypts objects with a KMS key of the stack (SSE-KMS).
	EncryptionKMS Encryption = "kms"

	// EncryptionLeavingKMS encrypts new objects as EncryptionS3 does, and keeps the
	// KMS key for old objects.
	EncryptionLeavingKMS Encryption = "leaving-kms"
)

func (Encryption) words() []string {
	return []string{string(EncryptionS3), string(EncryptionKMS), string(EncryptionLeavingKMS)}
}

// HasKey reports whether the stack has a KMS key for the objects.
func (e Encryption) HasKey() bool { return e == EncryptionKMS || e == EncryptionLeavingKMS }

// checkOrigin checks the bucket, its encryption and CloudFront's access to it.
func (c Content) checkOrigin(at node) {
	access := at.field("OriginAccess").word(string(c.OriginAccess), c.OriginAccess.words())
	at.field("Encryption").word(string(c.Encryption), c.Encryption.words())
	name, folder := at.field("Bucket"), at.field("BucketPath")
	if at.json { // in cdk.json, the two are one setting
		folder = name.member("path")
		if c.BucketPath != "" {
			name = name.member("name")
		}
	}
	checkBucketName(name, c.Bucket)
	checkBucketPath(folder, c.BucketPath, c.Bucket)
	switch {
	case !c.Encryption.HasKey():
	case c.Bucket != "":
		at.field("Encryption").wrong(fmt.Sprintf("%q with an existing bucket", c.Encryption), "leave it out: the owner of an existing bucket decides how it is encrypted")
	case access && c.OriginAccess.HasIdentity():
		// https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/private-content-restricting-access-to-s3.html
		at.field("Encryption").wrong(fmt.Sprintf("%q with %s %q", c.Encryption, at.name("OriginAccess"), c.OriginAccess),
			fmt.Sprintf("move %s to %q first, or write %q: an origin access identity cannot read what KMS encrypts", at.name("OriginAccess"), OAC, EncryptionS3))
	}
	checkOriginShield(at.field("OriginShield"), c.OriginShield)
}

var bucketShape = regexp.MustCompile(`^[a-z0-9]([a-z0-9.-]{1,61})[a-z0-9]$`)

// Names that S3 reserves:
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html
var (
	reservedBucketPrefixes = []string{"xn--", "sthree-", "amzn-s3-demo-"}
	reservedBucketSuffixes = []string{"-s3alias", "--ol-s3", ".mrap", "--x-s3", "--table-s3"}
)

func checkBucketName(at node, name string) {
	if name == "" || isToken(name) {
		return
	}
	_, notAddress := netip.ParseAddr(name)
	bucket, folder, ofFolder := cutFolder(name)
	switch {
	case at.json && ofFolder && isQuotable(name):
		at.wrong(quote(name), fmt.Sprintf(`write {"name": %s, "path": %s}, for that folder of the bucket`, quote(bucket), quote(folder)))
	case strings.HasPrefix(name, "arn:"), strings.HasPrefix(name, "s3:"):
		at.wrong(quote(name), "write the name of the bucket alone, such as "+examples["bucket"])
	case !bucketShape.MatchString(name), notAddress == nil, strings.Contains(name, ".."):
		at.wrong(quote(name), "write the name of a bucket, such as "+examples["bucket"]+": 3 to 63 lower-case letters, digits, hyphens and single dots, a letter or digit at both ends, and no IP address")
	case slices.ContainsFunc(reservedBucketPrefixes, func(prefix string) bool { return strings.HasPrefix(name, prefix) }),
		slices.ContainsFunc(reservedBucketSuffixes, func(suffix string) bool { return strings.HasSuffix(name, suffix) }):
		at.wrong(quote(name), "write the name of a general purpose bucket: S3 reserves names with this start or end")
	}
}

// cutFolder splits a text such as s3://bucket/folder into bucket and folder.
func cutFolder(text string) (bucket, folder string, has bool) {
	bucket, folder, _ = strings.Cut(strings.TrimPrefix(text, "s3://"), "/")
	folder = "/" + strings.Trim(folder, "/")
	return bucket, folder, bucketShape.MatchString(bucket) && isFolder(folder)
}

// folderShape is the shape of bucket.path in the deployment document. With these
// characters, every reader of a URL finds the same object.
// https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/DownloadDistValuesOrigin.html#DownloadDistValuesOriginPath
var folderShape = regexp.MustCompile(`^(/[A-Za-z0-9._~-]+)+$`)

const (
	maxFolder     = 255
	folderExample = `"/folder"`
)

func isFolder(text string) bool {
	isDots := func(part string) bool { return part == "." || part == ".." }
	return len(text) <= maxFolder && folderShape.MatchString(text) && !slices.ContainsFunc(strings.Split(text, "/"), isDots)
}

// checkBucketPath checks the folder of an existing bucket.
func checkBucketPath(at node, folder, bucket string) {
	switch meant := "/" + strings.Trim(folder, "/"); {
	case folder == "":
	case isToken(folder):
		at.wrong("a token", "write the folder itself: permissions and the deployment document are made from it")
	case bucket == "":
		at.wrong("a folder without "+at.name("Bucket"), "leave it out, or write an existing bucket too: a new bucket is served whole")
	case isFolder(folder):
	case meant == "/" && at.json:
		at.wrong(quote(folder), "write the name of the bucket as a string instead of the object: the whole bucket is then served")
	case meant == "/":
		at.wrong(quote(folder), "leave it out: without it, the whole bucket is served")
	case len(folder) > maxFolder:
		at.tooLong(len(folder), maxFolder)
	case isFolder(meant):
		at.wrong(quote(folder), fmt.Sprintf("write %s: a folder starts with a slash and ends with none", quotePart(meant, folder)))
	default:
		at.wrong(quote(folder), "write a folder such as "+folderExample+", of letters, digits and -._~/, without empty segments, . and ..")
	}
}

// bucket reads the name of a bucket, or an object of a name and a folder.
func (d decoder) bucket(at node, value any, c *Content) {
	const or = ` or, for a folder of it, an object, such as {"name": "example-media", "path": ` + folderExample + `}`
	want := "a string, such as " + examples["bucket"]
	switch value := value.(type) {
	case string:
		c.Bucket = readText(at, value, want)
	case map[string]any:
		o := jsonObject{at, value}
		o.only("name", "path")
		member := func(name, missing, want string) string {
			if !o.has(name) {
				o.member(name).wrong("missing", missing)
				return unread
			}
			return readText(o.member(name), o.members[name], want)
		}
		c.Bucket = member("name", "write the name of the bucket, such as "+examples["bucket"], want)
		c.BucketPath = member("path", "write the folder, such as "+folderExample+", or write the name of the bucket as a string instead of the object", "a string, such as "+folderExample)
	default:
		at.wrong(describe(value), "write "+want+","+or)
		c.Bucket = unread
	}
}

// shieldRegions are the Regions that have Origin Shield. nearestShield is the Region
// that AWS recommends for a bucket in a Region without it. AWS adds Regions to both:
// a Region in neither list is left to CloudFront to check.
// https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/origin-shield.html#choose-origin-shield-region
var (
	shieldRegions = []string{
		"us-east-2", "us-east-1", "us-west-2",
		"ap-south-1", "ap-northeast-2", "ap-southeast-1", "ap-southeast-2", "ap-northeast-1",
		"eu-central-1", "eu-west-1", "eu-west-2",
		"sa-east-1",
	}
	nearestShield = map[string]string{
		"us-west-1":    "us-west-2",
		"af-south-1":   "eu-west-1",
		"ap-east-1":    "ap-southeast-1",
		"ca-central-1": "us-east-1",
		"eu-south-1":   "eu-central-1",
		"eu-west-3":    "eu-west-2",
		"eu-north-1":   "eu-west-2",
		"me-south-1":   "ap-south-1",
	}
)

func checkOriginShield(at node, region string) {
	if region == "" || isToken(region) {
		return
	}
	if near, known := nearestShield[region]; known {
		at.wrong(quote(region)+", which has no Origin Shield", fmt.Sprintf("write %q, the nearest Region that has it", near))
		return
	}
	if regionShape.MatchString(region) {
		return // one of shieldRegions, or a newer one
	}
	at.wrong(quote(region), "write a Region that has Origin Shield, the one nearest to the bucket: "+choices(shieldRegions)+didYouMean(region, shieldRegions))
}
