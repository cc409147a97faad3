//go:build deploy

package deploytest

import (
	"fmt"
	"slices"
	"strings"
	"testing"

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
)

// isDestroyed destroys dev with content in its bucket: objects, old versions,
// delete markers and an upload that never ended.
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
	versions, err := p.s3.ListObjectVersions(t.Context(), &s3.ListObjectVersionsInput{Bucket: bucket})
	if err != nil {
		t.Fatal(err)
	}
	if len(versions.Versions) != 30 || len(versions.DeleteMarkers) != 1 {
		t.Fatalf("the bucket has %d versions and %d delete markers, want 30 and 1", len(versions.Versions), len(versions.DeleteMarkers))
	}

	p.removeApp(t)
	p.destroy(t, "dev")
	p.wantNothingLeft(t)
}

func (a *account) wantNothingLeft(t *testing.T) {
	t.Helper()
	if left := a.leftovers(t); len(left) > 0 {
		t.Errorf("left in the account:\n%s", strings.Join(left, "\n"))
	}
}

// What "cdk bootstrap" made stays, as the README says: its stack, the bucket
// with templates and functions, roles, and the parameter with its version.
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

// leftovers are what the account has beside that, of all kinds that our stacks
// make: each as a kind and a name.
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
	// A KMS key waits before it goes: https://docs.aws.amazon.com/kms/latest/developerguide/deleting-keys.html
	encryptionKeys, err := a.kms.ListKeys(ctx, nil)
	must(err)
	for _, key := range encryptionKeys.Keys {
		described, err := a.kms.DescribeKey(ctx, &kms.DescribeKeyInput{KeyId: key.KeyId})
		must(err)
		if state := described.KeyMetadata.KeyState; state != kmstypes.KeyStatePendingDeletion {
			add("KMS key", *key.KeyId+", "+string(state))
		}
	}

	// Where these are not found, nothing is.
	if len(missing) > 0 {
		t.Errorf("not in the account: %s", strings.Join(missing, ", "))
	}
	return left
}
