package status

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	cloudformationtypes "github.com/aws/aws-sdk-go-v2/service/cloudformation/types"
	"github.com/aws/aws-sdk-go-v2/service/cloudfront"
	cloudfronttypes "github.com/aws/aws-sdk-go-v2/service/cloudfront/types"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/aws/smithy-go"

	"github.com/signedfront/signedfront/signer"
	"github.com/signedfront/signedfront/signer/awsrotation"
)

// AWS is an Account that uses the AWS SDK. STATUS.md of the command has the IAM policy
// that allows its calls; a test compares the two.
type AWS struct {
	*awsrotation.Reader
	stacks     *cloudformation.Client
	cloudFront *cloudfront.Client
	parameters *ssm.Client
	secrets    *secretsmanager.Client
	keys       *kms.Client
	buckets    *s3.Client
}

var _ Account = (*AWS)(nil)

// attemptTime bounds one attempt of a call. The SDK makes three.
const attemptTime = 10 * time.Second

// NewAWS returns an AWS with the Region, credentials, endpoint and HTTP client of config.
func NewAWS(config aws.Config) *AWS {
	switch client := config.HTTPClient.(type) {
	case nil:
		config.HTTPClient = awshttp.NewBuildableClient().WithTimeout(attemptTime)
	case *awshttp.BuildableClient:
		config.HTTPClient = client.WithTimeout(attemptTime)
	}
	return &AWS{
		Reader: awsrotation.New(config),
		stacks: cloudformation.NewFromConfig(config), cloudFront: cloudfront.NewFromConfig(config), parameters: ssm.NewFromConfig(config),
		secrets: secretsmanager.NewFromConfig(config), keys: kms.NewFromConfig(config),
		buckets: s3.NewFromConfig(config, func(o *s3.Options) { o.UsePathStyle = config.BaseEndpoint != nil }),
	}
}

// failed returns the error of a call. It wraps ErrMissing if the service answered one of
// the codes missing.
func failed(action, resource string, err error, missing ...string) error {
	if quoted := signer.Describe(resource, signer.FormName); quoted != strconv.Quote(resource) {
		resource = quoted
	}
	call := &awsrotation.CallError{Action: action, Resource: resource, Err: err}
	for _, code := range missing {
		if codeOf(err) == code {
			return fmt.Errorf("%w: %w", ErrMissing, call)
		}
	}
	return call
}

// codeOf returns the error code of AWS's answer, or "" if there was no answer.
func codeOf(err error) string {
	var answer smithy.APIError
	if errors.As(err, &answer) {
		return answer.ErrorCode()
	}
	return ""
}

// Document is ssm:GetParameter.
func (a *AWS) Document(ctx context.Context, parameter string) (string, error) {
	out, err := a.parameters.GetParameter(ctx, &ssm.GetParameterInput{Name: &parameter})
	if err != nil {
		return "", failed("ssm:GetParameter", parameter, err, "ParameterNotFound")
	}
	if out.Parameter == nil {
		return "", errors.New("ssm:GetParameter answered no parameter")
	}
	return aws.ToString(out.Parameter.Value), nil
}

// Stack is cloudformation:DescribeStacks.
func (a *AWS) Stack(ctx context.Context, name string) (Stack, error) {
	out, err := a.stacks.DescribeStacks(ctx, &cloudformation.DescribeStacksInput{StackName: &name})
	switch {
	case err != nil:
		return Stack{}, failed("cloudformation:DescribeStacks", name, err, "ValidationError")
	case len(out.Stacks) != 1:
		return Stack{}, fmt.Errorf("cloudformation:DescribeStacks answered %d stacks", len(out.Stacks))
	}
	found := out.Stacks[0]
	s := Stack{
		Name: aws.ToString(found.StackName), ID: aws.ToString(found.StackId), State: string(found.StackStatus), Reason: aws.ToString(found.StackStatusReason),
		Updated: aws.ToTime(found.CreationTime), Protected: aws.ToBool(found.EnableTerminationProtection), Exports: map[string]string{},
	}
	if found.LastUpdatedTime != nil {
		s.Updated = *found.LastUpdatedTime
	}
	for _, output := range found.Outputs {
		if output.ExportName != nil {
			s.Exports[*output.ExportName] = aws.ToString(output.OutputValue)
		}
	}
	return s, nil
}

// StackOf is cloudformation:DescribeStackResources.
func (a *AWS) StackOf(ctx context.Context, physicalID string) (string, error) {
	out, err := a.stacks.DescribeStackResources(ctx, &cloudformation.DescribeStackResourcesInput{PhysicalResourceId: &physicalID})
	if err != nil {
		return "", failed("cloudformation:DescribeStackResources", physicalID, err, "ValidationError")
	}
	for _, r := range out.StackResources {
		if aws.ToString(r.PhysicalResourceId) == physicalID {
			return aws.ToString(r.StackName), nil
		}
	}
	return "", ErrMissing
}

// Resources is cloudformation:ListStackResources.
func (a *AWS) Resources(ctx context.Context, stack string) (all []Resource, err error) {
	pages := cloudformation.NewListStackResourcesPaginator(a.stacks, &cloudformation.ListStackResourcesInput{StackName: &stack})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, failed("cloudformation:ListStackResources", stack, err)
		}
		for _, r := range page.StackResourceSummaries {
			all = append(all, Resource{
				LogicalID: aws.ToString(r.LogicalResourceId), PhysicalID: aws.ToString(r.PhysicalResourceId), Type: aws.ToString(r.ResourceType),
				State: string(r.ResourceStatus), Reason: aws.ToString(r.ResourceStatusReason),
			})
		}
	}
	return all, nil
}

// Template is cloudformation:GetTemplate.
func (a *AWS) Template(ctx context.Context, stack string) (string, error) {
	out, err := a.stacks.GetTemplate(ctx, &cloudformation.GetTemplateInput{StackName: &stack})
	if err != nil {
		return "", failed("cloudformation:GetTemplate", stack, err)
	}
	return aws.ToString(out.TemplateBody), nil
}

// Drift is cloudformation:DetectStackResourceDrift. CloudFormation reads the resource
// with the caller's rights, and stores the result with the stack.
func (a *AWS) Drift(ctx context.Context, stack, logicalID string) (d Drift, err error) {
	out, err := a.stacks.DetectStackResourceDrift(ctx, &cloudformation.DetectStackResourceDriftInput{StackName: &stack, LogicalResourceId: &logicalID})
	switch {
	case err != nil:
		return d, failed("cloudformation:DetectStackResourceDrift", logicalID, err)
	case out.StackResourceDrift == nil:
		return d, errors.New("cloudformation:DetectStackResourceDrift answered nothing")
	}
	d.State = string(out.StackResourceDrift.StackResourceDriftStatus)
	for _, difference := range out.StackResourceDrift.PropertyDifferences {
		d.Differences = append(d.Differences, aws.ToString(difference.PropertyPath))
	}
	return d, nil
}

// Importers is cloudformation:ListImports, which fails if no stack imports the export.
func (a *AWS) Importers(ctx context.Context, export string) (stacks []string, err error) {
	pages := cloudformation.NewListImportsPaginator(a.stacks, &cloudformation.ListImportsInput{ExportName: &export})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if codeOf(err) == "ValidationError" {
			return nil, nil
		}
		if err != nil {
			return nil, failed("cloudformation:ListImports", export, err)
		}
		stacks = append(stacks, page.Imports...)
	}
	return stacks, nil
}

// Distribution is cloudfront:GetDistribution.
func (a *AWS) Distribution(ctx context.Context, id string) (d Distribution, err error) {
	out, err := a.cloudFront.GetDistribution(ctx, &cloudfront.GetDistributionInput{Id: &id})
	switch {
	case err != nil:
		return d, failed("cloudfront:GetDistribution", id, err, "NoSuchDistribution")
	case out.Distribution == nil || out.Distribution.DistributionConfig == nil || out.Distribution.DistributionConfig.DefaultCacheBehavior == nil:
		return d, errors.New("cloudfront:GetDistribution answered no distribution")
	}
	found, config := out.Distribution, out.Distribution.DistributionConfig
	d = Distribution{
		ID: aws.ToString(found.Id), ARN: aws.ToString(found.ARN), DomainName: aws.ToString(found.DomainName),
		Enabled: aws.ToBool(config.Enabled), Deployed: aws.ToString(found.Status) == "Deployed", Modified: aws.ToTime(found.LastModifiedTime),
		RootObject: aws.ToString(config.DefaultRootObject),
	}
	if config.Aliases != nil {
		d.Aliases = config.Aliases.Items
	}
	if config.CacheBehaviors != nil {
		for _, b := range config.CacheBehaviors.Items {
			d.Behaviors = append(d.Behaviors, Behavior{aws.ToString(b.PathPattern), aws.ToString(b.TargetOriginId), trusted(b.TrustedKeyGroups), trustedAccounts(b.TrustedSigners)})
		}
	}
	b := config.DefaultCacheBehavior
	d.Behaviors = append(d.Behaviors, Behavior{"*", aws.ToString(b.TargetOriginId), trusted(b.TrustedKeyGroups), trustedAccounts(b.TrustedSigners)})
	if config.Origins != nil {
		for _, o := range config.Origins.Items {
			origin := Origin{ID: aws.ToString(o.Id), DomainName: aws.ToString(o.DomainName), Control: aws.ToString(o.OriginAccessControlId)}
			if o.S3OriginConfig != nil {
				origin.Identity = strings.TrimPrefix(aws.ToString(o.S3OriginConfig.OriginAccessIdentity), "origin-access-identity/cloudfront/")
			}
			d.Origins = append(d.Origins, origin)
		}
	}
	return d, nil
}

func trusted(groups *cloudfronttypes.TrustedKeyGroups) []string {
	if groups == nil || groups.Enabled != nil && !*groups.Enabled {
		return nil
	}
	return groups.Items
}

func trustedAccounts(signers *cloudfronttypes.TrustedSigners) []string {
	if signers == nil || signers.Enabled != nil && !*signers.Enabled {
		return nil
	}
	return signers.Items
}

// OriginIdentity is cloudfront:GetCloudFrontOriginAccessIdentity.
func (a *AWS) OriginIdentity(ctx context.Context, id string) (string, error) {
	out, err := a.cloudFront.GetCloudFrontOriginAccessIdentity(ctx, &cloudfront.GetCloudFrontOriginAccessIdentityInput{Id: &id})
	switch {
	case err != nil:
		return "", failed("cloudfront:GetCloudFrontOriginAccessIdentity", id, err, "NoSuchCloudFrontOriginAccessIdentity")
	case out.CloudFrontOriginAccessIdentity == nil:
		return "", errors.New("cloudfront:GetCloudFrontOriginAccessIdentity answered none")
	}
	return aws.ToString(out.CloudFrontOriginAccessIdentity.S3CanonicalUserId), nil
}

// OriginControl is cloudfront:GetOriginAccessControl.
func (a *AWS) OriginControl(ctx context.Context, id string) error {
	if _, err := a.cloudFront.GetOriginAccessControl(ctx, &cloudfront.GetOriginAccessControlInput{Id: &id}); err != nil {
		return failed("cloudfront:GetOriginAccessControl", id, err, "NoSuchOriginAccessControl")
	}
	return nil
}

// PublicKeys is cloudfront:ListPublicKeys.
func (a *AWS) PublicKeys(ctx context.Context) (int, error) {
	return count(ctx, "cloudfront:ListPublicKeys", func(ctx context.Context, marker *string) (int, *string, error) {
		out, err := a.cloudFront.ListPublicKeys(ctx, &cloudfront.ListPublicKeysInput{Marker: marker})
		if err != nil || out.PublicKeyList == nil {
			return 0, nil, err
		}
		return len(out.PublicKeyList.Items), out.PublicKeyList.NextMarker, nil
	})
}

// KeyGroups is cloudfront:ListKeyGroups.
func (a *AWS) KeyGroups(ctx context.Context) (int, error) {
	return count(ctx, "cloudfront:ListKeyGroups", func(ctx context.Context, marker *string) (int, *string, error) {
		out, err := a.cloudFront.ListKeyGroups(ctx, &cloudfront.ListKeyGroupsInput{Marker: marker})
		if err != nil || out.KeyGroupList == nil {
			return 0, nil, err
		}
		return len(out.KeyGroupList.Items), out.KeyGroupList.NextMarker, nil
	})
}

// DistributionsOf is cloudfront:ListDistributionsByKeyGroup.
func (a *AWS) DistributionsOf(ctx context.Context, keyGroup string) (int, error) {
	return count(ctx, "cloudfront:ListDistributionsByKeyGroup", func(ctx context.Context, marker *string) (int, *string, error) {
		out, err := a.cloudFront.ListDistributionsByKeyGroup(ctx, &cloudfront.ListDistributionsByKeyGroupInput{KeyGroupId: &keyGroup, Marker: marker})
		if err != nil || out.DistributionIdList == nil {
			return 0, nil, err
		}
		return len(out.DistributionIdList.Items), out.DistributionIdList.NextMarker, nil
	})
}

// count adds up the pages of a list.
func count(ctx context.Context, action string, page func(context.Context, *string) (int, *string, error)) (n int, err error) {
	var marker *string
	for {
		items, next, err := page(ctx, marker)
		if err != nil {
			return 0, failed(action, "*", err)
		}
		n += items
		if aws.ToString(next) == "" || aws.ToString(next) == aws.ToString(marker) {
			return n, nil
		}
		marker = next
	}
}

// Secret is secretsmanager:DescribeSecret, in the Region of the ARN. It returns only
// versions that have a label, since Secrets Manager may delete others.
func (a *AWS) Secret(ctx context.Context, arn string) (s Secret, err error) {
	there := func(o *secretsmanager.Options) {
		if parts := strings.Split(arn, ":"); len(parts) > 3 {
			o.Region = parts[3]
		}
	}
	out, err := a.secrets.DescribeSecret(ctx, &secretsmanager.DescribeSecretInput{SecretId: &arn}, there)
	if err != nil {
		return s, failed("secretsmanager:DescribeSecret", arn, err, "ResourceNotFoundException")
	}
	s.Deleted = aws.ToTime(out.DeletedDate)
	for id := range out.VersionIdsToStages {
		s.Versions = append(s.Versions, id)
	}
	return s, nil
}

// KMSKey is kms:DescribeKey.
func (a *AWS) KMSKey(ctx context.Context, arn string) (string, error) {
	out, err := a.keys.DescribeKey(ctx, &kms.DescribeKeyInput{KeyId: &arn}, inRegionOf(arn))
	switch {
	case err != nil:
		return "", failed("kms:DescribeKey", arn, err, "NotFoundException")
	case out.KeyMetadata == nil:
		return "", errors.New("kms:DescribeKey answered no key")
	}
	return string(out.KeyMetadata.KeyState), nil
}

// KMSPolicy is kms:GetKeyPolicy.
func (a *AWS) KMSPolicy(ctx context.Context, arn string) (string, error) {
	out, err := a.keys.GetKeyPolicy(ctx, &kms.GetKeyPolicyInput{KeyId: &arn}, inRegionOf(arn))
	if err != nil {
		return "", failed("kms:GetKeyPolicy", arn, err, "NotFoundException")
	}
	return aws.ToString(out.Policy), nil
}

func inRegionOf(arn string) func(*kms.Options) {
	return func(o *kms.Options) {
		if parts := strings.Split(arn, ":"); len(parts) > 3 {
			o.Region = parts[3]
		}
	}
}

// BucketPolicy is s3:GetBucketPolicy.
func (a *AWS) BucketPolicy(ctx context.Context, b Bucket) (string, error) {
	out, err := a.buckets.GetBucketPolicy(ctx, &s3.GetBucketPolicyInput{Bucket: &b.Name}, b.region)
	switch {
	case codeOf(err) == "NoSuchBucketPolicy":
		return "", nil
	case err != nil:
		return "", failed("s3:GetBucketPolicy", b.Name, err, "NoSuchBucket")
	}
	return aws.ToString(out.Policy), nil
}

// PublicAccessBlocked is s3:GetBucketPublicAccessBlock.
func (a *AWS) PublicAccessBlocked(ctx context.Context, b Bucket) (bool, error) {
	out, err := a.buckets.GetPublicAccessBlock(ctx, &s3.GetPublicAccessBlockInput{Bucket: &b.Name}, b.region)
	switch {
	case codeOf(err) == "NoSuchPublicAccessBlockConfiguration":
		return false, nil
	case err != nil:
		return false, failed("s3:GetBucketPublicAccessBlock", b.Name, err, "NoSuchBucket")
	}
	c := out.PublicAccessBlockConfiguration
	return c != nil && aws.ToBool(c.BlockPublicAcls) && aws.ToBool(c.BlockPublicPolicy) && aws.ToBool(c.IgnorePublicAcls) && aws.ToBool(c.RestrictPublicBuckets), nil
}

// Encryption is s3:GetEncryptionConfiguration.
func (a *AWS) Encryption(ctx context.Context, b Bucket) (string, error) {
	out, err := a.buckets.GetBucketEncryption(ctx, &s3.GetBucketEncryptionInput{Bucket: &b.Name}, b.region)
	switch {
	case codeOf(err) == "ServerSideEncryptionConfigurationNotFoundError":
		return "", nil
	case err != nil:
		return "", failed("s3:GetEncryptionConfiguration", b.Name, err, "NoSuchBucket")
	}
	if out.ServerSideEncryptionConfiguration != nil {
		for _, rule := range out.ServerSideEncryptionConfiguration.Rules {
			if d := rule.ApplyServerSideEncryptionByDefault; d != nil && d.SSEAlgorithm != s3types.ServerSideEncryptionAes256 {
				return cmp.Or(aws.ToString(d.KMSMasterKeyID), awsKey), nil
			}
		}
	}
	return "", nil
}

// awsKey is AWS's own KMS key for S3, which S3 uses if no other key is named.
const awsKey = "alias/aws/s3"

func (b Bucket) region(o *s3.Options) {
	if b.Region != "" {
		o.Region = b.Region
	}
}

// inProgress reports whether a deployment of the stack is running.
func (s Stack) inProgress() bool { return strings.HasSuffix(s.State, "_IN_PROGRESS") }

// whole reports whether the last deployment of a stack succeeded, or was rolled back to
// one that did.
func (s Stack) whole() bool {
	switch cloudformationtypes.StackStatus(s.State) {
	case cloudformationtypes.StackStatusCreateComplete, cloudformationtypes.StackStatusUpdateComplete,
		cloudformationtypes.StackStatusUpdateRollbackComplete, cloudformationtypes.StackStatusImportComplete, cloudformationtypes.StackStatusImportRollbackComplete:
		return true
	}
	return false
}
