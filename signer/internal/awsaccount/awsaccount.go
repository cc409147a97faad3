// Package awsaccount implements the Account of package status with calls to AWS.
package awsaccount

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/cloudfront"
	cloudfronttypes "github.com/aws/aws-sdk-go-v2/service/cloudfront/types"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/ssm"

	"github.com/signedfront/signedfront/signer/awsrotation"
	"github.com/signedfront/signedfront/signer/internal/status"
	"github.com/signedfront/signedfront/signer/rotation"
)

// Account is a status.Account that uses the AWS SDK. STATUS.md of the command has the
// IAM policy that allows its calls; a test compares the two.
type Account struct {
	keys       *awsrotation.Reader
	stacks     *cloudformation.Client
	cloudFront *cloudfront.Client
	parameters *ssm.Client
	secrets    *secretsmanager.Client
	kms        *kms.Client
	buckets    *s3.Client
}

var _ status.Account = (*Account)(nil)

// attemptTime is the timeout of one attempt of a call. The SDK makes three.
const attemptTime = 10 * time.Second

// New returns an Account with the Region, credentials, endpoint and HTTP client of
// config.
func New(config aws.Config) *Account {
	switch client := config.HTTPClient.(type) {
	case nil:
		config.HTTPClient = awshttp.NewBuildableClient().WithTimeout(attemptTime)
	case *awshttp.BuildableClient:
		config.HTTPClient = client.WithTimeout(attemptTime)
	}
	return &Account{
		keys:   awsrotation.New(config),
		stacks: cloudformation.NewFromConfig(config), cloudFront: cloudfront.NewFromConfig(config), parameters: ssm.NewFromConfig(config),
		secrets: secretsmanager.NewFromConfig(config), kms: kms.NewFromConfig(config),
		buckets: s3.NewFromConfig(config, func(o *s3.Options) { o.UsePathStyle = config.BaseEndpoint != nil }),
	}
}

// failed returns the error of a call. It wraps status.ErrMissing if err has one of the
// codes in missing.
func failed(action string, err error, missing ...string) error {
	call := &status.CallError{Action: action, Err: err}
	if slices.Contains(missing, status.ErrorCode(err)) {
		return fmt.Errorf("%w: %w", status.ErrMissing, call)
	}
	return call
}

// read returns the result of a method of awsrotation, with its error in the form that
// status.Account documents.
func read[T any](result T, err error) (T, error) {
	var call *awsrotation.CallError
	switch {
	case errors.Is(err, awsrotation.ErrNoKeyGroup), errors.Is(err, awsrotation.ErrNoPublicKey), errors.Is(err, awsrotation.ErrNoParameter):
		return result, fmt.Errorf("%w: %w", status.ErrMissing, err)
	case errors.As(err, &call):
		return result, &status.CallError{Action: call.Action, Err: call.Err}
	}
	return result, err
}

// KeyGroup calls cloudfront:GetKeyGroup.
func (a *Account) KeyGroup(ctx context.Context, id string) (rotation.KeyGroup, error) {
	return read(a.keys.KeyGroup(ctx, id))
}

// PublicKey calls cloudfront:GetPublicKey.
func (a *Account) PublicKey(ctx context.Context, id string) (status.PublicKey, error) {
	key, err := read(a.keys.PublicKey(ctx, id))
	return status.PublicKey(key), err
}

// History calls ssm:GetParameterHistory.
func (a *Account) History(ctx context.Context, parameter string) ([]rotation.Version, error) {
	return read(a.keys.History(ctx, parameter))
}

// Document calls ssm:GetParameter.
func (a *Account) Document(ctx context.Context, parameter string) (string, error) {
	out, err := a.parameters.GetParameter(ctx, &ssm.GetParameterInput{Name: &parameter})
	if err != nil {
		return "", failed("ssm:GetParameter", err, "ParameterNotFound")
	}
	if out.Parameter == nil {
		return "", errors.New("ssm:GetParameter returned no parameter")
	}
	return aws.ToString(out.Parameter.Value), nil
}

// Stack calls cloudformation:DescribeStacks.
func (a *Account) Stack(ctx context.Context, name string) (status.Stack, error) {
	out, err := a.stacks.DescribeStacks(ctx, &cloudformation.DescribeStacksInput{StackName: &name})
	switch {
	case err != nil:
		return status.Stack{}, failed("cloudformation:DescribeStacks", err, "ValidationError")
	case len(out.Stacks) != 1:
		return status.Stack{}, fmt.Errorf("cloudformation:DescribeStacks returned %d stacks", len(out.Stacks))
	}
	found := out.Stacks[0]
	s := status.Stack{
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

// StackOf calls cloudformation:DescribeStackResources.
func (a *Account) StackOf(ctx context.Context, physicalID string) (string, error) {
	out, err := a.stacks.DescribeStackResources(ctx, &cloudformation.DescribeStackResourcesInput{PhysicalResourceId: &physicalID})
	if err != nil {
		return "", failed("cloudformation:DescribeStackResources", err, "ValidationError")
	}
	for _, r := range out.StackResources {
		if aws.ToString(r.PhysicalResourceId) == physicalID {
			return aws.ToString(r.StackName), nil
		}
	}
	return "", status.ErrMissing
}

// Resources calls cloudformation:ListStackResources.
func (a *Account) Resources(ctx context.Context, stack string) (all []status.Resource, err error) {
	pages := cloudformation.NewListStackResourcesPaginator(a.stacks, &cloudformation.ListStackResourcesInput{StackName: &stack})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, failed("cloudformation:ListStackResources", err)
		}
		for _, r := range page.StackResourceSummaries {
			all = append(all, status.Resource{
				LogicalID: aws.ToString(r.LogicalResourceId), PhysicalID: aws.ToString(r.PhysicalResourceId), Type: aws.ToString(r.ResourceType),
				State: string(r.ResourceStatus), Reason: aws.ToString(r.ResourceStatusReason),
			})
		}
	}
	return all, nil
}

// Template calls cloudformation:GetTemplate.
func (a *Account) Template(ctx context.Context, stack string) (string, error) {
	out, err := a.stacks.GetTemplate(ctx, &cloudformation.GetTemplateInput{StackName: &stack})
	if err != nil {
		return "", failed("cloudformation:GetTemplate", err)
	}
	return aws.ToString(out.TemplateBody), nil
}

// Drift calls cloudformation:DetectStackResourceDrift. CloudFormation reads the resource
// with the caller's rights, and stores the result with the stack.
func (a *Account) Drift(ctx context.Context, stack, logicalID string) (d status.Drift, err error) {
	out, err := a.stacks.DetectStackResourceDrift(ctx, &cloudformation.DetectStackResourceDriftInput{StackName: &stack, LogicalResourceId: &logicalID})
	switch {
	case err != nil:
		return d, failed("cloudformation:DetectStackResourceDrift", err)
	case out.StackResourceDrift == nil:
		return d, errors.New("cloudformation:DetectStackResourceDrift returned nothing")
	}
	d.State = string(out.StackResourceDrift.StackResourceDriftStatus)
	for _, difference := range out.StackResourceDrift.PropertyDifferences {
		d.Differences = append(d.Differences, aws.ToString(difference.PropertyPath))
	}
	return d, nil
}

// Importers calls cloudformation:ListImports, which fails if no stack imports the export.
func (a *Account) Importers(ctx context.Context, export string) (stacks []string, err error) {
	pages := cloudformation.NewListImportsPaginator(a.stacks, &cloudformation.ListImportsInput{ExportName: &export})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if status.ErrorCode(err) == "ValidationError" {
			return nil, nil
		}
		if err != nil {
			return nil, failed("cloudformation:ListImports", err)
		}
		stacks = append(stacks, page.Imports...)
	}
	return stacks, nil
}

// Distribution calls cloudfront:GetDistribution.
func (a *Account) Distribution(ctx context.Context, id string) (d status.Distribution, err error) {
	out, err := a.cloudFront.GetDistribution(ctx, &cloudfront.GetDistributionInput{Id: &id})
	switch {
	case err != nil:
		return d, failed("cloudfront:GetDistribution", err, "NoSuchDistribution")
	case out.Distribution == nil || out.Distribution.DistributionConfig == nil || out.Distribution.DistributionConfig.DefaultCacheBehavior == nil:
		return d, errors.New("cloudfront:GetDistribution returned no distribution")
	}
	found, config := out.Distribution, out.Distribution.DistributionConfig
	d = status.Distribution{
		ID: aws.ToString(found.Id), ARN: aws.ToString(found.ARN), DomainName: aws.ToString(found.DomainName),
		Enabled: aws.ToBool(config.Enabled), Deployed: aws.ToString(found.Status) == "Deployed", Modified: aws.ToTime(found.LastModifiedTime),
		RootObject: aws.ToString(config.DefaultRootObject),
	}
	if config.Aliases != nil {
		d.Aliases = config.Aliases.Items
	}
	if config.CacheBehaviors != nil {
		for _, b := range config.CacheBehaviors.Items {
			d.Behaviors = append(d.Behaviors, status.Behavior{Pattern: aws.ToString(b.PathPattern), Origin: aws.ToString(b.TargetOriginId), KeyGroups: trusted(b.TrustedKeyGroups), Accounts: trustedAccounts(b.TrustedSigners)})
		}
	}
	b := config.DefaultCacheBehavior
	d.Behaviors = append(d.Behaviors, status.Behavior{Pattern: "*", Origin: aws.ToString(b.TargetOriginId), KeyGroups: trusted(b.TrustedKeyGroups), Accounts: trustedAccounts(b.TrustedSigners)})
	if config.Origins != nil {
		for _, o := range config.Origins.Items {
			origin := status.Origin{ID: aws.ToString(o.Id), DomainName: aws.ToString(o.DomainName), Control: aws.ToString(o.OriginAccessControlId)}
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

// OriginIdentity calls cloudfront:GetCloudFrontOriginAccessIdentity.
func (a *Account) OriginIdentity(ctx context.Context, id string) (string, error) {
	out, err := a.cloudFront.GetCloudFrontOriginAccessIdentity(ctx, &cloudfront.GetCloudFrontOriginAccessIdentityInput{Id: &id})
	switch {
	case err != nil:
		return "", failed("cloudfront:GetCloudFrontOriginAccessIdentity", err, "NoSuchCloudFrontOriginAccessIdentity")
	case out.CloudFrontOriginAccessIdentity == nil:
		return "", errors.New("cloudfront:GetCloudFrontOriginAccessIdentity returned none")
	}
	return aws.ToString(out.CloudFrontOriginAccessIdentity.S3CanonicalUserId), nil
}

// OriginControl calls cloudfront:GetOriginAccessControl.
func (a *Account) OriginControl(ctx context.Context, id string) error {
	if _, err := a.cloudFront.GetOriginAccessControl(ctx, &cloudfront.GetOriginAccessControlInput{Id: &id}); err != nil {
		return failed("cloudfront:GetOriginAccessControl", err, "NoSuchOriginAccessControl")
	}
	return nil
}

// PublicKeys calls cloudfront:ListPublicKeys.
func (a *Account) PublicKeys(ctx context.Context) (int, error) {
	return count(ctx, "cloudfront:ListPublicKeys", func(ctx context.Context, marker *string) (int, *string, error) {
		out, err := a.cloudFront.ListPublicKeys(ctx, &cloudfront.ListPublicKeysInput{Marker: marker})
		if err != nil || out.PublicKeyList == nil {
			return 0, nil, err
		}
		return len(out.PublicKeyList.Items), out.PublicKeyList.NextMarker, nil
	})
}

// KeyGroups calls cloudfront:ListKeyGroups.
func (a *Account) KeyGroups(ctx context.Context) (int, error) {
	return count(ctx, "cloudfront:ListKeyGroups", func(ctx context.Context, marker *string) (int, *string, error) {
		out, err := a.cloudFront.ListKeyGroups(ctx, &cloudfront.ListKeyGroupsInput{Marker: marker})
		if err != nil || out.KeyGroupList == nil {
			return 0, nil, err
		}
		return len(out.KeyGroupList.Items), out.KeyGroupList.NextMarker, nil
	})
}

// DistributionsOf calls cloudfront:ListDistributionsByKeyGroup.
func (a *Account) DistributionsOf(ctx context.Context, keyGroup string) (int, error) {
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
			return 0, failed(action, err)
		}
		n += items
		if aws.ToString(next) == "" || aws.ToString(next) == aws.ToString(marker) {
			return n, nil
		}
		marker = next
	}
}

// Secret calls secretsmanager:DescribeSecret, in the Region of the ARN. It returns only
// versions that have a label, since Secrets Manager may delete others.
func (a *Account) Secret(ctx context.Context, arn string) (s status.Secret, err error) {
	there := func(o *secretsmanager.Options) {
		if parts := strings.Split(arn, ":"); len(parts) > 3 {
			o.Region = parts[3]
		}
	}
	out, err := a.secrets.DescribeSecret(ctx, &secretsmanager.DescribeSecretInput{SecretId: &arn}, there)
	if err != nil {
		return s, failed("secretsmanager:DescribeSecret", err, "ResourceNotFoundException")
	}
	s.Deleted = aws.ToTime(out.DeletedDate)
	for id := range out.VersionIdsToStages {
		s.Versions = append(s.Versions, id)
	}
	return s, nil
}

// KMSKey calls kms:DescribeKey.
func (a *Account) KMSKey(ctx context.Context, arn string) (string, error) {
	out, err := a.kms.DescribeKey(ctx, &kms.DescribeKeyInput{KeyId: &arn}, inRegionOf(arn))
	switch {
	case err != nil:
		return "", failed("kms:DescribeKey", err, "NotFoundException")
	case out.KeyMetadata == nil:
		return "", errors.New("kms:DescribeKey returned no key")
	}
	return string(out.KeyMetadata.KeyState), nil
}

// KMSPolicy calls kms:GetKeyPolicy.
func (a *Account) KMSPolicy(ctx context.Context, arn string) (string, error) {
	out, err := a.kms.GetKeyPolicy(ctx, &kms.GetKeyPolicyInput{KeyId: &arn}, inRegionOf(arn))
	if err != nil {
		return "", failed("kms:GetKeyPolicy", err, "NotFoundException")
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

// BucketPolicy calls s3:GetBucketPolicy.
func (a *Account) BucketPolicy(ctx context.Context, b status.Bucket) (string, error) {
	out, err := a.buckets.GetBucketPolicy(ctx, &s3.GetBucketPolicyInput{Bucket: &b.Name}, inRegion(b))
	switch {
	case status.ErrorCode(err) == "NoSuchBucketPolicy":
		return "", nil
	case err != nil:
		return "", failed("s3:GetBucketPolicy", err, "NoSuchBucket")
	}
	return aws.ToString(out.Policy), nil
}

// PublicAccessBlocked calls s3:GetBucketPublicAccessBlock.
func (a *Account) PublicAccessBlocked(ctx context.Context, b status.Bucket) (bool, error) {
	out, err := a.buckets.GetPublicAccessBlock(ctx, &s3.GetPublicAccessBlockInput{Bucket: &b.Name}, inRegion(b))
	switch {
	case status.ErrorCode(err) == "NoSuchPublicAccessBlockConfiguration":
		return false, nil
	case err != nil:
		return false, failed("s3:GetBucketPublicAccessBlock", err, "NoSuchBucket")
	}
	c := out.PublicAccessBlockConfiguration
	return c != nil && aws.ToBool(c.BlockPublicAcls) && aws.ToBool(c.BlockPublicPolicy) && aws.ToBool(c.IgnorePublicAcls) && aws.ToBool(c.RestrictPublicBuckets), nil
}

// Encryption calls s3:GetEncryptionConfiguration.
func (a *Account) Encryption(ctx context.Context, b status.Bucket) (string, error) {
	out, err := a.buckets.GetBucketEncryption(ctx, &s3.GetBucketEncryptionInput{Bucket: &b.Name}, inRegion(b))
	switch {
	case status.ErrorCode(err) == "ServerSideEncryptionConfigurationNotFoundError":
		return "", nil
	case err != nil:
		return "", failed("s3:GetEncryptionConfiguration", err, "NoSuchBucket")
	}
	if out.ServerSideEncryptionConfiguration != nil {
		for _, rule := range out.ServerSideEncryptionConfiguration.Rules {
			if d := rule.ApplyServerSideEncryptionByDefault; d != nil && d.SSEAlgorithm != s3types.ServerSideEncryptionAes256 {
				return cmp.Or(aws.ToString(d.KMSMasterKeyID), status.AWSKey), nil
			}
		}
	}
	return "", nil
}

func inRegion(b status.Bucket) func(*s3.Options) {
	return func(o *s3.Options) { o.Region = cmp.Or(b.Region, o.Region) }
}
