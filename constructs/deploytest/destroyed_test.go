package deploytest

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	cftypes "github.com/aws/aws-sdk-go-v2/service/cloudformation/types"
	"github.com/aws/aws-sdk-go-v2/service/cloudfront"
	cloudfronttypes "github.com/aws/aws-sdk-go-v2/service/cloudfront/types"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	iamtypes "github.com/aws/aws-sdk-go-v2/service/iam/types"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	kmstypes "github.com/aws/aws-sdk-go-v2/service/kms/types"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/aws/smithy-go"
)

// isDestroyed destroys dev while its bucket has objects, old versions, delete markers
// and an unfinished upload, and while a writer goes on writing. Three deletions fail
// first, each at a later resource.
func (p *app) isDestroyed(t *testing.T) {
	bucket := aws.String(p.physicalID(t, "dev", "AWS::S3::Bucket"))
	for i := range 30 {
		key := aws.String(fmt.Sprintf("albums/día %d.txt", i%10))
		if _, err := p.s3.PutObject(t.Context(), &s3.PutObjectInput{Bucket: bucket, Key: key, Body: strings.NewReader(fmt.Sprint(i))}); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := p.s3.DeleteObject(t.Context(), &s3.DeleteObjectInput{Bucket: bucket, Key: aws.String("albums/día 3.txt")}); err != nil {
		t.Fatal(err)
	}
	if _, err := p.s3.CreateMultipartUpload(t.Context(), &s3.CreateMultipartUploadInput{Bucket: bucket, Key: aws.String("film.mp4")}); err != nil {
		t.Fatal(err)
	}
	content := func() (entries int) {
		t.Helper()
		versions, err := p.s3.ListObjectVersions(t.Context(), &s3.ListObjectVersionsInput{Bucket: bucket})
		if err != nil {
			t.Fatal(err)
		}
		return len(versions.Versions) + len(versions.DeleteMarkers)
	}
	if got := content(); got != 31 {
		t.Fatalf("the bucket has %d versions and delete markers, want 31", got)
	}

	p.removeApp(t)
	written, denied := p.writeOn(t, *bucket)
	for _, step := range []struct {
		fails   string
		emptied bool
	}{
		{"AWS::CloudFront::Distribution", false},
		{"Custom::EmptyBucket", false},
		{"AWS::S3::Bucket", true},
	} {
		p.deleteFailing(t, stackName("dev"), step.fails)
		if left := content(); (left == 0) != step.emptied {
			t.Errorf("after the deletion failed at %s, the bucket has %d versions; want it empty: %t", step.fails, left, step.emptied)
		}
	}
	if written() == 0 || denied() == 0 {
		t.Errorf("the writer wrote %d objects and was denied %d times, want both above zero", written(), denied())
	}
	p.destroy(t, "dev")
	p.wantNothingLeft(t)
}

// writeOn writes into a bucket until the test ends. It returns the number of writes that
// succeeded, and of those that were denied.
func (p *app) writeOn(t *testing.T, bucket string) (written, denied func() int64) {
	t.Helper()
	var puts, refusals atomic.Int64
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan struct{})
	t.Cleanup(func() { stop(); <-done })
	go func() {
		defer close(done)
		for i := 0; ctx.Err() == nil; i++ {
			_, err := p.s3.PutObject(ctx, &s3.PutObjectInput{Bucket: &bucket, Key: aws.String(fmt.Sprintf("late/%d", i)), Body: strings.NewReader("late")})
			var answer smithy.APIError
			switch {
			case err == nil:
				puts.Add(1)
			case errors.As(err, &answer) && answer.ErrorCode() == "AccessDenied":
				refusals.Add(1)
			}
			select {
			case <-time.After(100 * time.Millisecond):
			case <-ctx.Done():
			}
		}
	}()
	return puts.Load, refusals.Load
}

// deleteFailing deletes a stack. The deletion fails at its next resource of a type.
func (a *account) deleteFailing(t *testing.T, stack, kind string) {
	t.Helper()
	file := filepath.Join(a.scratch, "fail-delete-once")
	writeFile(t, file, []byte(kind))
	if _, err := a.cloudFormation.DeleteStack(t.Context(), &cloudformation.DeleteStackInput{StackName: &stack}); err != nil {
		t.Fatal(err)
	}
	for {
		answer, err := a.cloudFormation.DescribeStacks(t.Context(), &cloudformation.DescribeStacksInput{StackName: &stack})
		if err != nil {
			t.Fatalf("waiting for the deletion to fail at %s: %v", kind, err)
		}
		switch status := answer.Stacks[0].StackStatus; status {
		case cftypes.StackStatusDeleteInProgress:
			time.Sleep(100 * time.Millisecond)
		case cftypes.StackStatusDeleteFailed:
			if _, err := os.Stat(file); err == nil {
				t.Fatalf("the deletion failed before it reached a resource of type %s: %s", kind, aws.ToString(answer.Stacks[0].StackStatusReason))
			}
			return
		default:
			t.Fatalf("the stack is %s, want its deletion to fail at %s", status, kind)
		}
	}
}

func (a *account) wantNothingLeft(t *testing.T) {
	t.Helper()
	if left := a.leftovers(t); len(left) > 0 {
		t.Errorf("left in the account:\n%s", strings.Join(left, "\n"))
	}
}

// bootstrapped are what "cdk bootstrap" made. It stays, as the README says.
var bootstrapped = []string{
	"stack CDKToolkit",
	"bucket cdk-hnb659fds-assets-" + accountID + "-" + region,
	"parameter /cdk-bootstrap/hnb659fds/version",
	"role cdk-hnb659fds-cfn-exec-role-" + accountID + "-" + region,
	"role cdk-hnb659fds-deploy-role-" + accountID + "-" + region,
	"role cdk-hnb659fds-file-publishing-role-" + accountID + "-" + region,
	"role cdk-hnb659fds-image-publishing-role-" + accountID + "-" + region,
	"role cdk-hnb659fds-lookup-role-" + accountID + "-" + region,
}

// leftovers returns, as kind and name, all that the account has of the kinds that our
// stacks make, without what is bootstrapped.
func (a *account) leftovers(t *testing.T) (left []string) {
	t.Helper()
	ctx := t.Context()
	var missing = slices.Clone(bootstrapped)
	add := func(kind, name string) {
		found := kind + " " + name
		if i := slices.Index(missing, found); i >= 0 {
			missing = slices.Delete(missing, i, i+1)
			return
		}
		left = append(left, found)
	}
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}

	stacks := cloudformation.NewDescribeStacksPaginator(a.cloudFormation, nil)
	for stacks.HasMorePages() {
		page, err := stacks.NextPage(ctx)
		must(err)
		for _, stack := range page.Stacks {
			if stack.StackStatus != cftypes.StackStatusDeleteComplete {
				add("stack", *stack.StackName)
			}
		}
	}
	buckets, err := a.s3.ListBuckets(ctx, nil)
	must(err)
	for _, bucket := range buckets.Buckets {
		add("bucket", *bucket.Name)
	}
	parameters := ssm.NewDescribeParametersPaginator(a.ssm, nil)
	for parameters.HasMorePages() {
		page, err := parameters.NextPage(ctx)
		must(err)
		for _, parameter := range page.Parameters {
			add("parameter", *parameter.Name)
		}
	}
	secrets := secretsmanager.NewListSecretsPaginator(a.secrets, &secretsmanager.ListSecretsInput{IncludePlannedDeletion: aws.Bool(true)})
	for secrets.HasMorePages() {
		page, err := secrets.NextPage(ctx)
		must(err)
		for _, secret := range page.SecretList {
			add("secret", *secret.Name)
		}
	}
	roles := iam.NewListRolesPaginator(a.iam, nil)
	for roles.HasMorePages() {
		page, err := roles.NextPage(ctx)
		must(err)
		for _, role := range page.Roles {
			add("role", *role.RoleName)
		}
	}
	policies := iam.NewListPoliciesPaginator(a.iam, &iam.ListPoliciesInput{Scope: iamtypes.PolicyScopeTypeLocal})
	for policies.HasMorePages() {
		page, err := policies.NextPage(ctx)
		must(err)
		for _, policy := range page.Policies {
			add("policy", *policy.PolicyName)
		}
	}
	functions := lambda.NewListFunctionsPaginator(a.lambda, nil)
	for functions.HasMorePages() {
		page, err := functions.NextPage(ctx)
		must(err)
		for _, function := range page.Functions {
			add("function", *function.FunctionName)
		}
	}
	groups := cloudwatchlogs.NewDescribeLogGroupsPaginator(a.logs, nil)
	for groups.HasMorePages() {
		page, err := groups.NextPage(ctx)
		must(err)
		for _, group := range page.LogGroups {
			add("log group", *group.LogGroupName)
		}
	}
	distributions, err := a.cloudFront.ListDistributions(ctx, nil)
	must(err)
	for _, distribution := range distributions.DistributionList.Items {
		add("distribution", *distribution.Id)
	}
	keys, err := a.cloudFront.ListPublicKeys(ctx, nil)
	must(err)
	for _, key := range keys.PublicKeyList.Items {
		add("public key", *key.Name)
	}
	keyGroups, err := a.cloudFront.ListKeyGroups(ctx, nil)
	must(err)
	for _, group := range keyGroups.KeyGroupList.Items {
		add("key group", *group.KeyGroup.KeyGroupConfig.Name)
	}
	identities, err := a.cloudFront.ListCloudFrontOriginAccessIdentities(ctx, nil)
	must(err)
	for _, identity := range identities.CloudFrontOriginAccessIdentityList.Items {
		add("origin access identity", *identity.Id)
	}
	controls, err := a.cloudFront.ListOriginAccessControls(ctx, nil)
	must(err)
	for _, control := range controls.OriginAccessControlList.Items {
		add("origin access control", *control.Name)
	}
	headers, err := a.cloudFront.ListResponseHeadersPolicies(ctx, &cloudfront.ListResponseHeadersPoliciesInput{Type: cloudfronttypes.ResponseHeadersPolicyTypeCustom})
	must(err)
	for _, policy := range headers.ResponseHeadersPolicyList.Items {
		add("response headers policy", *policy.ResponseHeadersPolicy.ResponseHeadersPolicyConfig.Name)
	}

	edgeFunctions, err := a.cloudFront.ListFunctions(ctx, nil)
	must(err)
	for _, function := range edgeFunctions.FunctionList.Items {
		add("CloudFront function", *function.Name)
	}
	// A KMS key is deleted after a waiting period:
	// https://docs.aws.amazon.com/kms/latest/developerguide/deleting-keys.html
	encryptionKeys, err := a.kms.ListKeys(ctx, nil)
	must(err)
	for _, key := range encryptionKeys.Keys {
		described, err := a.kms.DescribeKey(ctx, &kms.DescribeKeyInput{KeyId: key.KeyId})
		must(err)
		if state := described.KeyMetadata.KeyState; state != kmstypes.KeyStatePendingDeletion {
			add("KMS key", *key.KeyId+", "+string(state))
		}
	}

	// If the bootstrap resources are not listed, the listing itself is broken.
	if len(missing) > 0 {
		t.Errorf("not in the account: %s", strings.Join(missing, ", "))
	}
	return left
}
