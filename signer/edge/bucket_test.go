package edge

import (
	"fmt"
	"strings"
	"testing"
)

// control has the origin reach the bucket with an origin access control, for
// which the policy has a statement.
func control() []change {
	return []change{
		{origin0 + ".S3OriginConfig.OriginAccessIdentity", ""},
		{origin0 + ".OriginAccessControlId", map[string]any{"Fn::GetAtt": "Control.Id"}},
		{"Resources.Control", map[string]any{"Type": "AWS::CloudFront::OriginAccessControl", "Properties": map[string]any{
			"OriginAccessControlConfig": map[string]any{"SigningBehavior": "always"}}}},
		{reader + ".Principal", map[string]any{"Service": "cloudfront.amazonaws.com"}},
		{reader + ".Condition", map[string]any{"StringEquals": map[string]any{"AWS:SourceArn": distributionARN}}},
	}
}

var distributionARN = map[string]any{"Fn::Sub": "arn:${AWS::Partition}:cloudfront::${AWS::AccountId}:distribution/${Distribution}"}

func TestWhileOriginAccessMigratesBothStatementsStand(t *testing.T) {
	both := change{"Resources.BucketPolicy.Properties.PolicyDocument.Statement", []any{
		map[string]any{"Effect": "Allow", "Action": "s3:GetObject", "Resource": map[string]any{"Fn::Sub": "${Bucket.Arn}/*"},
			"Principal": map[string]any{"CanonicalUser": map[string]any{"Fn::GetAtt": "Identity.S3CanonicalUserId"}}},
		map[string]any{"Effect": "Allow", "Action": "s3:GetObject", "Resource": map[string]any{"Fn::Sub": "${Bucket.Arn}/*"},
			"Principal": map[string]any{"Service": "cloudfront.amazonaws.com"}, "Condition": map[string]any{"StringEquals": map[string]any{"AWS:SourceArn": distributionARN}}},
	}}
	withControl := control()[:3]
	for name, changes := range map[string][]change{
		"the identity is used": {both},
		"the control is used":  append(withControl, both),
	} {
		if s := serve(t, changes...); s.get(s.sign("/rt.png")).status != 200 {
			t.Errorf("%s: %s", name, s.get(s.sign("/rt.png")).header.Get(reasonHeader))
		}
	}
}

// keyPolicy is a statement of a key's policy that lets CloudFront decrypt, under
// a condition.
func keyPolicy(condition any) map[string]any {
	statement := map[string]any{"Effect": "Allow", "Principal": map[string]any{"Service": "cloudfront.amazonaws.com"}, "Action": []any{"kms:Decrypt", "kms:Encrypt", "kms:GenerateDataKey*"}, "Resource": "*"}
	if condition != nil {
		statement["Condition"] = condition
	}
	return statement
}

// encrypted encrypts the bucket with a key of the template.
func encrypted(statement map[string]any) []change {
	root := map[string]any{"Effect": "Allow", "Principal": map[string]any{"AWS": map[string]any{"Fn::Sub": "arn:aws:iam::${AWS::AccountId}:root"}}, "Action": "kms:*", "Resource": "*"}
	statements := []any{root}
	if statement != nil {
		statements = append(statements, statement)
	}
	return append(control(),
		change{"Resources.Key", map[string]any{"Type": "AWS::KMS::Key", "Properties": map[string]any{"KeyPolicy": map[string]any{"Statement": statements}}}},
		encryptedWith(map[string]any{"Fn::GetAtt": []any{"Key", "Arn"}}))
}

func encryptedWith(key any) change {
	byDefault := map[string]any{"SSEAlgorithm": "aws:kms"}
	if key != nil {
		byDefault["KMSMasterKeyID"] = key
	}
	return change{"Resources.Bucket.Properties.BucketEncryption.ServerSideEncryptionConfiguration", []any{map[string]any{"BucketKeyEnabled": true, "ServerSideEncryptionByDefault": byDefault}}}
}

func TestABucketThatIsEncryptedWithKMSIsReadByWhomTheKeyLetsIn(t *testing.T) {
	equals := func(key string, value any) any { return map[string]any{"StringEquals": map[string]any{key: value}} }
	anyDistribution := map[string]any{"ArnLike": map[string]any{"AWS:SourceArn": map[string]any{"Fn::Sub": "arn:${AWS::Partition}:cloudfront::${AWS::AccountId}:distribution/*"}}}
	byRef := append(encrypted(keyPolicy(nil)), encryptedWith(map[string]any{"Ref": "Key"}))
	for _, test := range []struct {
		name    string
		changes []change
		status  int
		body    string
		reason  string
	}{
		{"the control, for any distribution of the account", encrypted(keyPolicy(anyDistribution)), 200, "a picture", ""},
		{"the control, for this distribution", encrypted(keyPolicy(equals("AWS:SourceArn", distributionARN))), 200, "a picture", ""},
		{"the control, for the account", encrypted(keyPolicy(equals("AWS:SourceAccount", map[string]any{"Ref": "AWS::AccountId"}))), 200, "a picture", ""},
		{"the control, for another distribution", encrypted(keyPolicy(equals("AWS:SourceArn", "arn:aws:cloudfront::000000000000:distribution/EOTHER"))), 403, "AccessDenied", "the policy of the KMS key does not allow origin access control"},
		{"the control, of which the key says nothing", encrypted(nil), 403, "AccessDenied", "the policy of the KMS key does not allow origin access control"},
		{"the control, with the key by its id", byRef, 200, "a picture", ""},
		{"the control, with AWS's own key", append(control(), encryptedWith(nil)), 403, "AccessDenied", "aws/s3"},
		{"the control, with a key from elsewhere", append(control(), encryptedWith("arn:aws:kms:us-east-1:000000000000:key/x")), 200, "a picture", ""},
		{"an identity", []change{encryptedWith("arn:aws:kms:us-east-1:000000000000:key/x")}, 400, "<Code>InvalidArgument</Code><Message>Requests specifying Server Side Encryption with AWS KMS managed keys require AWS Signature Version 4.", "cannot read it: use an origin access control"},
		{"an identity, with two layers of KMS", []change{encryptedWith("arn:aws:kms:us-east-1:000000000000:key/x"), {"Resources.Bucket.Properties.BucketEncryption.ServerSideEncryptionConfiguration.0.ServerSideEncryptionByDefault.SSEAlgorithm", "aws:kms:dsse"}}, 400, "InvalidArgument", "use an origin access control"},
		{"an identity, with S3's own encryption", []change{{"Resources.Bucket.Properties.BucketEncryption.ServerSideEncryptionConfiguration", []any{map[string]any{"ServerSideEncryptionByDefault": map[string]any{"SSEAlgorithm": "AES256"}}}}}, 200, "a picture", ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := serve(t, test.changes...)
			got := s.get(s.sign("/rt.png"))
			if reason := got.header.Get(reasonHeader); got.status != test.status || !strings.Contains(got.body, test.body) || !strings.Contains(reason, test.reason) {
				t.Errorf("%d %s: %s", got.status, got.body, reason)
			}
		})
	}
	// Who may not read the bucket is not told how it is encrypted.
	s := serve(t, append(control()[:3], encryptedWith(nil))...)
	if got := s.get(s.sign("/rt.png")); !strings.Contains(got.header.Get(reasonHeader), "the bucket policy does not allow") {
		t.Errorf("without permission: %s", got.header.Get(reasonHeader))
	}
}

// existingBucket has the origin be a bucket that is not of the template, and
// whose policy is to let the identity read it.
func existingBucket(domain any) []change {
	return []change{
		{"Resources.Bucket", nil},
		{"Resources.BucketPolicy", nil},
		{origin0 + ".DomainName", domain},
		{"Outputs.RequiredBucketPolicy", map[string]any{"Value": map[string]any{"Fn::Join": []any{"", []any{
			`{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Principal":{"AWS":"*"},"Action":"s3:*","Resource":["arn:aws:s3:::my.bucket","arn:aws:s3:::my.bucket/*"],"Condition":{"Bool":{"aws:SecureTransport":"false"}}},` +
				`{"Effect":"Allow","Principal":{"CanonicalUser":"`, map[string]any{"Fn::GetAtt": "Identity.S3CanonicalUserId"},
			`"},"Action":"s3:GetObject","Resource":"arn:aws:s3:::my.bucket/*"}]}`,
		}}}}},
	}
}

func TestAnExistingBucketIsServedUnderThePolicyThatItMustHave(t *testing.T) {
	for _, domain := range []any{
		"my.bucket.s3.eu-west-1.amazonaws.com",
		"my.bucket.s3.us-gov-east-1.amazonaws.com",
		"my.bucket.s3.amazonaws.com",
		"my.bucket.s3.dualstack.eu-west-1.amazonaws.com",
		map[string]any{"Fn::Join": []any{"", []any{"my.bucket.s3.", map[string]any{"Ref": "AWS::Region"}, ".", map[string]any{"Ref": "AWS::URLSuffix"}}}},
	} {
		s := serve(t, existingBucket(domain)...)
		if got := s.get(s.sign("/rt.png")); got.status != 200 || got.body != "a picture" {
			t.Errorf("%v: %d %s", domain, got.status, got.header.Get(reasonHeader))
		}
		if got := s.get(s.url + "/rt.png"); got.status != 403 {
			t.Errorf("%v: unsigned: %d", domain, got.status)
		}
	}
	for name, statement := range map[string]string{
		"another principal": `{"Effect":"Allow","Principal":{"CanonicalUser":"x"},"Action":"s3:GetObject","Resource":"arn:aws:s3:::my.bucket/*"}`,
		"another bucket":    `{"Effect":"Allow","Principal":{"CanonicalUser":"` + "%s" + `"},"Action":"s3:GetObject","Resource":"arn:aws:s3:::my-bucket/*"}`,
		"everyone":          `{"Effect":"Allow","Principal":"*","Action":"s3:GetObject","Resource":"arn:aws:s3:::my.bucket/*"}`,
	} {
		if strings.Contains(statement, "%s") {
			statement = fmt.Sprintf(statement, "${Identity.S3CanonicalUserId}")
		}
		changes := append(existingBucket("my.bucket.s3.eu-west-1.amazonaws.com"),
			change{"Outputs.RequiredBucketPolicy.Value", map[string]any{"Fn::Sub": `{"Statement":` + statement + `}`}})
		s := serve(t, changes...)
		if got := s.get(s.sign("/rt.png")); got.status != 403 || got.header.Get("Server") != "AmazonS3" {
			t.Errorf("a policy for %s: %d", name, got.status)
		}
	}
}

func TestWhatIsNoBucketsDomainIsRefused(t *testing.T) {
	for _, domain := range []string{
		"my-bucket.s3-website.eu-west-1.amazonaws.com", "my-bucket.s3-website-us-east-1.amazonaws.com", "s3.eu-west-1.amazonaws.com",
		"my-bucket.s3.eu-west-1.amazonaws.com.evil.com", "my-bucket.s3.evil.amazonaws.com", "my-bucket.s3.eu-west-1.evil.com", "My_Bucket.s3.amazonaws.com",
	} {
		_, err := New(Config{Template: edited(t, existingBucket(domain)...), BaseURL: "http://127.0.0.1:8080", Objects: OpenFS(pictures)})
		if err == nil || !strings.Contains(err.Error(), "Origins[0].DomainName: ") {
			t.Errorf("%s: error %v", domain, err)
		}
	}
}
