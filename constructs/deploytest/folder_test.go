package deploytest

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudfront"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"

	"github.com/signedfront/signedfront/signer"
)

// servesAFolder deploys an environment that serves a folder of an existing bucket. The
// bucket's owner writes the policy from the output.
func (p *app) servesAFolder(t *testing.T) {
	const environment, bucket, folder = "folder", "holiday-pictures", "/2026/summer"
	ctx := t.Context()
	if _, err := p.s3.CreateBucket(ctx, &s3.CreateBucketInput{
		Bucket: aws.String(bucket), CreateBucketConfiguration: &s3types.CreateBucketConfiguration{LocationConstraint: region},
	}); err != nil {
		t.Fatal(err)
	}
	// AWS blocks public access to each new bucket since April 2023; the engine does not.
	if _, err := p.s3.PutPublicAccessBlock(ctx, &s3.PutPublicAccessBlockInput{Bucket: aws.String(bucket), PublicAccessBlockConfiguration: &s3types.PublicAccessBlockConfiguration{
		BlockPublicAcls: aws.Bool(true), BlockPublicPolicy: aws.Bool(true), IgnorePublicAcls: aws.Bool(true), RestrictPublicBuckets: aws.Bool(true),
	}}); err != nil {
		t.Fatal(err)
	}
	p.configure(t, func(environments map[string]any) {
		environments[environment] = map[string]any{
			"ephemeral": true, "bucket": map[string]any{"name": bucket, "path": folder},
			"missing": 404, "defaultRootObject": "index.html", "downloads": true,
		}
	})
	outputs, _ := p.deploy(t, environment)
	p.checkResources(t, stackName(environment))

	answer, err := p.cloudFront.GetDistribution(ctx, &cloudfront.GetDistributionInput{Id: aws.String(outputs["DistributionId"])})
	if err != nil {
		t.Fatal(err)
	}
	origin := answer.Distribution.DistributionConfig.Origins.Items[0]
	if aws.ToString(origin.OriginPath) != folder || !strings.HasPrefix(*origin.DomainName, bucket+".s3.") {
		t.Errorf("the origin is %s%s", *origin.DomainName, aws.ToString(origin.OriginPath))
	}
	document, err := p.document(ctx, "/signedfront/"+project+"/"+environment)
	if err != nil {
		t.Fatal(err)
	}
	if b := document.Bucket; b == nil || b.Name != bucket || b.Path != folder {
		t.Errorf("the document names the bucket %+v", b)
	}

	var required policyDocument
	if err := json.Unmarshal([]byte(outputs["RequiredBucketPolicy"]), &required); err != nil {
		t.Fatal(err)
	}
	if _, err := p.s3.PutBucketPolicy(ctx, &s3.PutBucketPolicyInput{Bucket: aws.String(bucket), Policy: aws.String(outputs["RequiredBucketPolicy"])}); err != nil {
		t.Errorf("S3 does not accept the required policy: %v", err)
	}
	for action, want := range map[string]string{"s3:GetObject": "arn:aws:s3:::" + bucket + folder + "/*", "s3:ListBucket": "arn:aws:s3:::" + bucket} {
		if got := required.allowed(action); !slices.Equal(got, []string{want}) {
			t.Errorf("the required policy allows %s on %q, want %s", action, got, want)
		}
	}
	p.checkSigning(t, environment)
	p.wantHealthy(t, environment)
	p.checkDownloads(t, environment, outputs["DistributionId"])

	p.destroy(t, environment)
	if _, err := p.s3.DeleteBucket(ctx, &s3.DeleteBucketInput{Bucket: aws.String(bucket)}); err != nil {
		t.Errorf("deleting the bucket that existed before: %v", err)
	}
}

// checkDownloads signs a URL with a download name. The engine's CloudFront requests
// objects without a query, so the local edge shows the header of the answer.
func (p *app) checkDownloads(t *testing.T, environment, distribution string) {
	t.Helper()
	trusted, err := p.trustedKeys(t.Context(), distribution)
	if err != nil {
		t.Fatal(err)
	}
	signed := strings.TrimSpace(p.run(t, p.signedfront, "url", "--env", environment, "--save-as", "día.png", "rt.png"))
	if v := signer.Verify(signer.Request{URL: signed}, trusted); !v.Allowed || !strings.Contains(signed, "?response-content-disposition=attachment%3B%20filename") {
		t.Errorf("%s: %s", signed, v.Detail)
	}
	if v := signer.Verify(signer.Request{URL: strings.Replace(signed, "attachment", "inline", 1)}, trusted); v.Allowed {
		t.Error("a URL with a changed content disposition is allowed")
	}
}
