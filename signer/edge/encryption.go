package edge

import (
	"fmt"
	"strings"
)

// encryption is how the bucket encrypts its objects by default. Each object of
// the local bucket is taken to be encrypted so.
type encryption struct {
	kms    bool   // with a KMS key, SSE-KMS
	key    string // its ARN, or what the bucket says in place of one
	policy *resourcePolicy
	aws    bool // the key is AWS's own, aws/s3
}

// readEncryption reads a bucket's default encryption.
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucket-encryption.html
func (r *resolver) readEncryption(bucket property) encryption {
	for _, rule := range bucket.get("BucketEncryption").get("ServerSideEncryptionConfiguration").list() {
		byDefault := rule.get("ServerSideEncryptionByDefault")
		if !strings.HasPrefix(byDefault.get("SSEAlgorithm").text(), "aws:kms") {
			continue
		}
		e := encryption{kms: true, key: byDefault.get("KMSMasterKeyID").text()}
		e.aws = e.key == "" || strings.HasSuffix(e.key, "alias/aws/s3")
		if o, ok := r.owners[e.key]; ok && o.r.Resources[o.id].Type == "AWS::KMS::Key" {
			e.key = o.r.keyARN(o.id)
			e.policy = readPolicy("the policy of the KMS key", o.r.properties(o.id).get("KeyPolicy"))
		}
		return e
	}
	return encryption{}
}

// decrypt says how S3 refuses to read an object for someone who may not decrypt
// it. The policy of a key that is not in the template is not known, and is taken
// to allow it.
// https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/private-content-restricting-access-to-s3.html
func (e encryption) decrypt(who identity) *refusal {
	denied := func(reason string) *refusal { return s3Refusal(403, "AccessDenied", "Access Denied", reason) }
	switch {
	case !e.kms:
		return nil
	case !who.control:
		return s3Refusal(400, "InvalidArgument", "Requests specifying Server Side Encryption with AWS KMS managed keys require AWS Signature Version 4.",
			fmt.Sprintf("the bucket is encrypted with a KMS key, and %s cannot read that: use an origin access control", who),
			"ArgumentName", "Authorization", "ArgumentValue", "null")
	case e.aws:
		return denied("the bucket is encrypted with AWS's own KMS key aws/s3, whose policy lets no CloudFront in: use a key of your own")
	case e.policy == nil:
		return nil
	}
	if allowed, reason := e.policy.decide(accessRequest{who, "kms:Decrypt", e.key}); !allowed {
		return denied(reason)
	}
	return nil
}
