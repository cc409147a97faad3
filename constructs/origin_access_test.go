package constructs

import (
	"fmt"
	"testing"

	"github.com/signedfront/signedfront/constructs/config"
)

var originAccesses = []config.OriginAccess{config.OAI, config.Migrating, config.Migrated, config.OAC}

func withOriginAccess(t *testing.T, access config.OriginAccess) *template {
	t.Helper()
	return synthesizeContent(t, func(c *config.Content) { c.OriginAccess = access })
}

// If CloudFront used an access before the bucket policy allows it, or after the policy no
// longer does, every object would answer 403 in between. So each word changes either the
// distribution or the policy, never both.
func TestEachWordOfOriginAccessChangesOneThing(t *testing.T) {
	templates := map[config.OriginAccess]*template{}
	for _, access := range originAccesses {
		templates[access] = withOriginAccess(t, access)
	}
	const origin = "AWS::CloudFront::Distribution Properties DistributionConfig Origins 0 "
	const statement = "AWS::S3::BucketPolicy Properties PolicyDocument Statement"
	for _, step := range []struct {
		from, to config.OriginAccess
		changes  []string
	}{
		{config.OAI, config.Migrating, []string{"+ AWS::CloudFront::OriginAccessControl", "+ " + statement}},
		{config.Migrating, config.Migrated, []string{"+ " + origin + "OriginAccessControlId", "~ " + origin + "S3OriginConfig OriginAccessIdentity"}},
		{config.Migrated, config.OAC, []string{"- AWS::CloudFront::CloudFrontOriginAccessIdentity", "- " + statement}},
	} {
		wantChanges(t, string(step.from+" to "+step.to), templates[step.from], templates[step.to], step.changes...)
	}
}

// A policy that names the bucket instead of its objects denies every object,
// s3:ListBucket would tell strangers which objects there are, and a control
// that is not held to one distribution is anyone's: CloudFront asks for all
// accounts under one name.
func TestBucketPolicyLetsReadWhoTheWordSays(t *testing.T) {
	for _, access := range originAccesses {
		t.Run(string(access), func(t *testing.T) {
			template := withOriginAccess(t, access)
			bucketID, _ := template.only(t, "AWS::S3::Bucket")
			distributionID, _ := template.only(t, "AWS::CloudFront::Distribution")
			bucket := fmt.Sprintf(`{"Fn::GetAtt": [%q, "Arn"]}`, bucketID)
			objects := fmt.Sprintf(`{"Fn::Join": ["", [%s, "/*"]]}`, bucket)

			statements := fmt.Sprintf(`{
				"Effect": "Deny", "Principal": {"AWS": "*"}, "Action": "s3:*",
				"Resource": [%s, %s],
				"Condition": {"Bool": {"aws:SecureTransport": "false"}}
			}`, bucket, objects)
			if access.HasIdentity() {
				identityID, _ := template.only(t, "AWS::CloudFront::CloudFrontOriginAccessIdentity")
				statements += fmt.Sprintf(`, {
					"Effect": "Allow", "Principal": {"CanonicalUser": {"Fn::GetAtt": [%q, "S3CanonicalUserId"]}},
					"Action": "s3:GetObject",
					"Resource": %s
				}`, identityID, objects)
			}
			if access.HasControl() {
				statements += fmt.Sprintf(`, {
					"Effect": "Allow", "Principal": {"Service": "cloudfront.amazonaws.com"},
					"Action": "s3:GetObject",
					"Resource": %s,
					"Condition": {"StringEquals": {"AWS:SourceArn": {"Fn::Join": ["", [
						"arn:", {"Ref": "AWS::Partition"}, ":cloudfront::", {"Ref": "AWS::AccountId"}, ":distribution/", {"Ref": %q}
					]]}}}
				}`, objects, distributionID)
			}
			_, policy := template.only(t, "AWS::S3::BucketPolicy")
			wantJSON(t, "the policy", policy.Properties, fmt.Sprintf(
				`{"Bucket": {"Ref": %q}, "PolicyDocument": {"Version": "2012-10-17", "Statement": [%s]}}`, bucketID, statements))
		})
	}
}

func TestOriginIsReadByTheIdentityOrTheControl(t *testing.T) {
	for _, access := range originAccesses {
		t.Run(string(access), func(t *testing.T) {
			template := withOriginAccess(t, access)
			bucketID, _ := template.only(t, "AWS::S3::Bucket")
			identity, control := `""`, ""
			if access == config.OAI || access == config.Migrating {
				id, _ := template.only(t, "AWS::CloudFront::CloudFrontOriginAccessIdentity")
				identity = fmt.Sprintf(`{"Fn::Join": ["", ["origin-access-identity/cloudfront/", {"Ref": %q}]]}`, id)
			} else {
				id, _ := template.only(t, "AWS::CloudFront::OriginAccessControl")
				control = fmt.Sprintf(`"OriginAccessControlId": {"Fn::GetAtt": [%q, "Id"]},`, id)
			}
			_, distribution := template.only(t, "AWS::CloudFront::Distribution")
			wantJSON(t, "the origins", distribution.property("DistributionConfig", "Origins"), fmt.Sprintf(`[{
				"Id": "content",
				"DomainName": {"Fn::GetAtt": [%q, "RegionalDomainName"]},
				%s
				"S3OriginConfig": {"OriginAccessIdentity": %s}
			}]`, bucketID, control, identity))
		})
	}
}

// Names of access controls are shared by a whole account and hold 64
// characters.
func TestOriginAccessControlHasAnOwnNameAndSignsEveryRequest(t *testing.T) {
	template := synthesizeContent(t, func(c *config.Content) {
		c.OriginAccess = config.OAC
		c.Name = "a234567890-234567890-234567890-234567890"
	})
	_, control := template.only(t, "AWS::CloudFront::OriginAccessControl")
	name := resolve(t, control.property("OriginAccessControlConfig", "Name"),
		map[string]string{"AWS::StackId": "arn:aws:cloudformation:eu-west-1:123456789012:stack/signedfront-dev/50d6f0a0-d2df-11e5-832f-503abc87a9b4"})
	if want := "a234567890-234567890-234567890-234567890-access-50d6f0a0"; name != want || len(want) > 64 {
		t.Errorf("%d characters: %v, want %s", len(name.(string)), name, want)
	}
	config := control.property("OriginAccessControlConfig").(map[string]any)
	delete(config, "Name")
	delete(config, "Description")
	wantJSON(t, "the control", config, `{"OriginAccessControlOriginType": "s3", "SigningBehavior": "always", "SigningProtocol": "sigv4"}`)
}

func TestOriginShieldStandsBeforeTheBucketHoweverItIsRead(t *testing.T) {
	for _, access := range originAccesses {
		template := synthesizeContent(t, func(c *config.Content) {
			c.OriginAccess = access
			c.OriginShield = "eu-west-1"
		})
		_, distribution := template.only(t, "AWS::CloudFront::Distribution")
		origin := distribution.property("DistributionConfig", "Origins").([]any)[0].(map[string]any)
		wantJSON(t, string(access), origin["OriginShield"], `{"Enabled": true, "OriginShieldRegion": "eu-west-1"}`)
	}
}
