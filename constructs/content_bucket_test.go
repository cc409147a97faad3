package constructs

import (
	"encoding/json"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/assertions"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/jsii-runtime-go"

	"github.com/signedfront/signedfront/constructs/config"
)

func withEncryption(t *testing.T, encryption config.Encryption) *template {
	t.Helper()
	return synthesizeContent(t, func(c *config.Content) {
		c.OriginAccess = config.OAC
		c.Encryption = encryption
	})
}

func TestContentIsEncryptedWithAKeyThatCloudFrontMayUse(t *testing.T) {
	template := withEncryption(t, config.EncryptionKMS)
	keyID, key := template.only(t, "AWS::KMS::Key")
	_, bucket := template.only(t, "AWS::S3::Bucket")
	wantJSON(t, "the bucket's encryption", bucket.property("BucketEncryption", "ServerSideEncryptionConfiguration"), fmt.Sprintf(`[{
		"BucketKeyEnabled": true,
		"ServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": {"Fn::GetAtt": [%q, "Arn"]}}
	}]`, keyID))

	if key.property("EnableKeyRotation") != true {
		t.Error("the key is never rotated")
	}
	account := `"arn:", {"Ref": "AWS::Partition"}, `
	wantJSON(t, "the key's policy", key.property("KeyPolicy", "Statement"), fmt.Sprintf(`[{
		"Effect": "Allow", "Action": "kms:*", "Resource": "*",
		"Principal": {"AWS": {"Fn::Join": ["", [%s ":iam::", {"Ref": "AWS::AccountId"}, ":root"]]}}
	}, {
		"Effect": "Allow", "Action": "kms:Decrypt", "Resource": "*",
		"Principal": {"Service": "cloudfront.amazonaws.com"},
		"Condition": {"ArnLike": {"AWS:SourceArn": {"Fn::Join": ["", [%s ":cloudfront::", {"Ref": "AWS::AccountId"}, ":distribution/*"]]}}}
	}]`, account, account))
}

// Without its key, what was encrypted with it is lost.
func TestKeyStaysWhileObjectsMayNeedIt(t *testing.T) {
	without, with, leaving := withEncryption(t, config.EncryptionS3), withEncryption(t, config.EncryptionKMS), withEncryption(t, config.EncryptionLeavingKMS)
	const rule = "AWS::S3::Bucket Properties BucketEncryption ServerSideEncryptionConfiguration 0 "
	encryption := []string{
		"- " + rule + "BucketKeyEnabled",
		"- " + rule + "ServerSideEncryptionByDefault KMSMasterKeyID",
		"~ " + rule + "ServerSideEncryptionByDefault SSEAlgorithm",
	}
	wantChanges(t, "s3 to kms", without, with, append(reversed(encryption), "+ AWS::KMS::Key")...)
	wantChanges(t, "kms to leaving-kms", with, leaving, encryption...)
	wantChanges(t, "leaving-kms to s3", leaving, without, "- AWS::KMS::Key")

	for _, template := range []*template{with, leaving} {
		if _, key := template.only(t, "AWS::KMS::Key"); key.DeletionPolicy != "RetainExceptOnCreate" || key.UpdateReplacePolicy != "Retain" {
			t.Errorf("DeletionPolicy %s, UpdateReplacePolicy %s", key.DeletionPolicy, key.UpdateReplacePolicy)
		}
	}
	ephemeral := synthesizeContent(t, func(c *config.Content) {
		c.OriginAccess, c.Encryption, c.Ephemeral = config.OAC, config.EncryptionKMS, true
	})
	if _, key := ephemeral.only(t, "AWS::KMS::Key"); key.DeletionPolicy != "Delete" {
		t.Errorf("of an ephemeral environment: DeletionPolicy %s", key.DeletionPolicy)
	}
}

// Without versions of their own, delete markers would stay for ever.
func TestOldVersionsAndMarkersOfDeletedObjectsGoWhenTheyAreNoLongerKept(t *testing.T) {
	const unfinished = `{"Id": "AbortIncompleteMultipartUploads", "Status": "Enabled", "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 7}}`
	for _, test := range []struct {
		name     string
		versions *config.Versions
		want     string
	}{
		{"for ever", nil, `[` + unfinished + `]`},
		{"for a month", &config.Versions{Keep: 30 * 24 * time.Hour}, `[` + unfinished + `, {
			"Id": "ExpireNoncurrentVersions", "Status": "Enabled",
			"NoncurrentVersionExpiration": {"NoncurrentDays": 30}, "ExpiredObjectDeleteMarker": true
		}]`},
	} {
		template := synthesizeContent(t, func(c *config.Content) { c.Versions = test.versions })
		_, bucket := template.only(t, "AWS::S3::Bucket")
		wantJSON(t, test.name, bucket.property("LifecycleConfiguration", "Rules"), test.want)
		wantJSON(t, test.name, bucket.property("VersioningConfiguration", "Status"), `"Enabled"`)
	}
}

func withExistingBucket(t *testing.T, access config.OriginAccess) *template {
	t.Helper()
	return synthesizeContent(t, func(c *config.Content) {
		c.Bucket = "holiday-pictures"
		c.OriginAccess = access
		c.Ephemeral = true
	})
}

func TestExistingBucketIsServedAndNeverTouched(t *testing.T) {
	for _, access := range originAccesses {
		t.Run(string(access), func(t *testing.T) {
			template := withExistingBucket(t, access)
			for _, resourceType := range []string{"AWS::S3::Bucket", "AWS::S3::BucketPolicy", "Custom::EmptyBucket", "AWS::KMS::Key"} {
				if ids := template.all(resourceType); ids != nil {
					t.Errorf("it makes %v", ids)
				}
			}
			_, distribution := template.only(t, "AWS::CloudFront::Distribution")
			origin := distribution.property("DistributionConfig", "Origins").([]any)[0].(map[string]any)
			wantJSON(t, "the origin", origin["DomainName"], `{"Fn::Join": ["", ["holiday-pictures.s3.", {"Ref": "AWS::Region"}, ".", {"Ref": "AWS::URLSuffix"}]]}`)
			wantJSON(t, "the bucket's name", template.Outputs["BucketName"].Value, `"holiday-pictures"`)
		})
	}
}

// The policy in the output for the owner of a bucket must be the policy that our own
// bucket gets, which is known to work.
func TestRequiredBucketPolicyIsThatOfABucketOfOurOwn(t *testing.T) {
	for _, access := range originAccesses {
		t.Run(string(access), func(t *testing.T) {
			own, existing := withOriginAccess(t, access), withExistingBucket(t, access)
			values := map[string]string{"AWS::Partition": "aws", "AWS::AccountId": "123456789012"}
			for _, template := range []*template{own, existing} {
				id, _ := template.only(t, "AWS::CloudFront::Distribution")
				values[id] = "E2QWRUHAPOMQZL"
				for _, id := range template.all("AWS::CloudFront::CloudFrontOriginAccessIdentity") {
					values[id+".S3CanonicalUserId"] = "79a59df900b949e55d96a1e698fbacedfd6e09d98eacf8f8d5218e7cd47ef2be"
				}
			}
			bucketID, _ := own.only(t, "AWS::S3::Bucket")
			values[bucketID+".Arn"] = "arn:aws:s3:::holiday-pictures"

			_, policy := own.only(t, "AWS::S3::BucketPolicy")
			want, err := json.Marshal(resolveAll(t, policy.property("PolicyDocument"), values))
			if err != nil {
				t.Fatal(err)
			}
			text := resolve(t, existing.Outputs["RequiredBucketPolicy"].Value, values).(string)
			var got any
			if err := json.Unmarshal([]byte(text), &got); err != nil {
				t.Fatalf("%v: %s", err, text)
			}
			wantJSON(t, "the policy", got, string(want))
		})
	}
	if _, is := withOriginAccess(t, config.OAI).Outputs["RequiredBucketPolicy"]; is {
		t.Error("a bucket of our own has an output for its policy")
	}
}

// resolveAll is what CloudFormation makes of a value and all that it holds.
func resolveAll(t *testing.T, value any, values map[string]string) any {
	t.Helper()
	switch value := resolve(t, value, values).(type) {
	case map[string]any:
		resolved := map[string]any{}
		for name, member := range value {
			resolved[name] = resolveAll(t, member, values)
		}
		return resolved
	case []any:
		var resolved []any
		for _, item := range value {
			resolved = append(resolved, resolveAll(t, item, values))
		}
		return resolved
	default:
		return value
	}
}

// A user cannot act on what the CDK says of a bucket whose policy it cannot
// write: the output says what to do.
func TestNoKindOfBucketMakesTheCDKWarn(t *testing.T) {
	for name, change := range map[string]func(*config.Content){
		"an existing bucket read by an identity": func(c *config.Content) { c.Bucket = "holiday-pictures" },
		"an existing bucket read by a control":   func(c *config.Content) { c.Bucket, c.OriginAccess = "holiday-pictures", config.OAC },
		"a bucket encrypted with KMS": func(c *config.Content) {
			c.OriginAccess, c.Encryption = config.OAC, config.EncryptionKMS
		},
	} {
		t.Run(name, func(t *testing.T) {
			e := environmentOf(t, "dev", `{}`)
			change(&e.Content)
			app, _ := newApp(t, nil)
			stack, _, err := NewEnvironment(app, e)
			if err != nil {
				t.Fatal(err)
			}
			for _, message := range *assertions.Annotations_FromStack(stack).FindWarning(jsii.String("*"), assertions.Match_AnyValue()) {
				text, err := json.Marshal(message)
				if err != nil {
					t.Fatal(err)
				}
				t.Errorf("it warns: %s", text)
			}
		})
	}
}

func TestGrantUploadLetsWriteListAndReadObjectsAndDeleteNone(t *testing.T) {
	const bucket, own = `{"Fn::GetAtt": ["ContentBucketDD05A3B9", "Arn"]}`, `{"Fn::Join": ["", [{"Fn::GetAtt": ["ContentBucketDD05A3B9", "Arn"]}, "/*"]]}`
	const existingBucket, existing = `{"Fn::Join": ["", ["arn:", {"Ref": "AWS::Partition"}, ":s3:::holiday-pictures"]]}`, `{"Fn::Join": ["", ["arn:", {"Ref": "AWS::Partition"}, ":s3:::holiday-pictures/*"]]}`
	for _, test := range []struct {
		name, bucket, objects string
		key                   string // what its key is used for
		change                func(*config.Content)
	}{
		{"to a bucket", bucket, own, "", func(*config.Content) {}},
		{"to a bucket that exists", existingBucket, existing, "", func(c *config.Content) { c.Bucket = "holiday-pictures" }},
		{"to an encrypted bucket, with its key", bucket, own, `["kms:Decrypt", "kms:GenerateDataKey"]`, func(c *config.Content) {
			c.OriginAccess, c.Encryption = config.OAC, config.EncryptionKMS
		}},
		{"to a bucket that leaves its key, which old objects need", bucket, own, `"kms:Decrypt"`, func(c *config.Content) {
			c.OriginAccess, c.Encryption = config.OAC, config.EncryptionLeavingKMS
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			e := environmentOf(t, "dev", `{}`)
			test.change(&e.Content)
			app, outdir := newApp(t, nil)
			stack, content, err := NewEnvironment(app, e)
			if err != nil {
				t.Fatal(err)
			}
			uploader := awsiam.NewRole(stack, jsii.String("Uploader"), &awsiam.RoleProps{
				AssumedBy: awsiam.NewServicePrincipal(jsii.String("lambda.amazonaws.com"), nil),
			})
			content.GrantUpload(uploader).AssertSuccess()
			app.Synth(nil)

			template := readTemplate(t, outdir, *stack.StackName())
			want := fmt.Sprintf(`{"Effect": "Allow", "Action": ["s3:AbortMultipartUpload", "s3:GetObject", "s3:ListMultipartUploadParts", "s3:PutObject"], "Resource": %s}, {"Effect": "Allow", "Action": ["s3:ListBucket", "s3:ListBucketMultipartUploads"], "Resource": %s}`, test.objects, test.bucket)
			if test.key != "" {
				keyID, _ := template.only(t, "AWS::KMS::Key")
				want += fmt.Sprintf(`, {"Effect": "Allow", "Action": %s, "Resource": {"Fn::GetAtt": [%q, "Arn"]}}`, test.key, keyID)
			}
			_, policy := template.only(t, "AWS::IAM::Policy")
			wantJSON(t, "the uploader's policy", policy.property("PolicyDocument", "Statement"), "["+want+"]")
		})
	}
}

func TestAccessorsAreNilWhereThereIsNoSuchPart(t *testing.T) {
	for _, access := range originAccesses {
		app, _ := newApp(t, nil)
		content, err := NewPrivateContent(awscdk.NewStack(app, jsii.String("Media"), nil), "Content", &PrivateContentProps{OriginAccess: access})
		if err != nil {
			t.Fatal(err)
		}
		has := []bool{content.OriginAccessIdentity() != nil, content.OriginAccessControl() != nil, content.EncryptionKey() != nil, content.RequiredBucketPolicy() != nil}
		if want := []bool{access != config.OAC, access != config.OAI, false, false}; !slices.Equal(has, want) {
			t.Errorf("%s: identity, control, key and required policy are there: %v, want %v", access, has, want)
		}
	}
}
