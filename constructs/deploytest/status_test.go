package deploytest

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
)

// finding and unread are members of what "signedfront status --json" prints.
type finding struct{ Check, What, Meaning, Do string }

type unread struct {
	Line, Action, Why string
	Needed            bool
}

// statusOf returns the findings of "signedfront status" for an environment, and the exit
// status.
func (p *app) statusOf(t *testing.T, environment string) (findings []finding, exit int) {
	t.Helper()
	out, exit := p.status(t, p.signedfront, "status", "--env", environment, "--json")
	var told struct {
		Healthy  bool
		Findings []finding
		Unread   []unread
	}
	if err := json.Unmarshal([]byte(out), &told); err != nil {
		t.Fatalf("status of %s exits with %d: %v\n%s", environment, exit, err, out)
	}
	for _, u := range told.Unread {
		if u.Needed {
			t.Errorf("status of %s cannot read the line %s: %s", environment, u.Line, u.Why)
		}
	}
	if told.Healthy != (len(told.Findings) == 0 && exit == 0) {
		t.Errorf("status of %s exits with %d, healthy is %t, and there are %d findings", environment, exit, told.Healthy, len(told.Findings))
	}
	return told.Findings, exit
}

// wantHealthy checks that status finds nothing wrong in an environment.
func (p *app) wantHealthy(t *testing.T, environment string) {
	t.Helper()
	findings, exit := p.statusOf(t, environment)
	if exit != 0 {
		t.Errorf("status of %s exits with %d: %+v", environment, exit, findings)
	}
}

// wantFound checks that status has a finding of a check.
func (p *app) wantFound(t *testing.T, environment, check, says string) {
	t.Helper()
	findings, exit := p.statusOf(t, environment)
	for _, f := range findings {
		if f.Check == check && strings.Contains(f.What, says) && exit == 3 {
			return
		}
	}
	t.Errorf("status of %s exits with %d and does not find %s, %s: %+v", environment, exit, check, says, findings)
}

// hasAccidents plants accidents that deployments do not notice, each by the API that a
// person would use, and mends them.
func (p *app) hasAccidents(t *testing.T) {
	const dev = "dev"
	p.wantHealthy(t, dev)
	ctx := t.Context()
	must := func(what string, err error) {
		t.Helper()
		if err != nil {
			t.Fatalf("%s: %v", what, err)
		}
	}
	document, err := p.document(ctx, "/signedfront/"+project+"/"+dev)
	must("reading the document", err)
	bucket := document.Bucket.Name

	policy, err := p.s3.GetBucketPolicy(ctx, &s3.GetBucketPolicyInput{Bucket: &bucket})
	must("reading the bucket policy", err)
	put := func(text string) {
		t.Helper()
		_, err := p.s3.PutBucketPolicy(ctx, &s3.PutBucketPolicyInput{Bucket: &bucket, Policy: &text})
		must("writing the bucket policy", err)
	}
	put(strings.ReplaceAll(*policy.Policy, bucket+"/*", bucket+"/"))
	p.wantFound(t, dev, "bucket-policy", "which is no object")
	_, err = p.s3.DeleteBucketPolicy(ctx, &s3.DeleteBucketPolicyInput{Bucket: &bucket})
	must("deleting the bucket policy", err)
	p.wantFound(t, dev, "bucket-policy", "has no policy")
	put(*policy.Policy)

	secret := document.Key.SecretARN
	_, err = p.secrets.DeleteSecret(ctx, &secretsmanager.DeleteSecretInput{SecretId: &secret, RecoveryWindowInDays: aws.Int64(7)})
	must("deleting the secret", err)
	p.wantFound(t, dev, "secret", "has been scheduled for deletion since")
	_, err = p.secrets.RestoreSecret(ctx, &secretsmanager.RestoreSecretInput{SecretId: &secret})
	must("restoring the secret", err)

	distribution := p.physicalID(t, dev, "AWS::CloudFront::Distribution")
	p.enable(t, distribution, false)
	p.wantFound(t, dev, "distribution", "is disabled")
	p.enable(t, distribution, true)

	out, exit := p.status(t, p.signedfront, "status", "--env", "nobody")
	if exit != 1 || out != "" {
		t.Errorf("status of no environment exits with %d:\n%s", exit, out)
	}
	p.wantHealthy(t, dev)
}
