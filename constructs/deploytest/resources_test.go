package deploytest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/url"
	"reflect"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/acm"
	acmtypes "github.com/aws/aws-sdk-go-v2/service/acm/types"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/cloudfront"
	cloudfronttypes "github.com/aws/aws-sdk-go-v2/service/cloudfront/types"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/route53"
	route53types "github.com/aws/aws-sdk-go-v2/service/route53/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/ssm"

	"github.com/signedfront/signedfront/signer"
)

// resource is a resource of a stack in the template and in CloudFormation.
type resource struct {
	Type         string
	Properties   json.RawMessage
	physicalID   string
	lastModified string // from the API, where it has one
	stack        map[string]*resource
}

// checks are, by type of resource, the functions that read a resource from its own API
// and return an error for what is wrong with it. A type that is not listed fails the
// test.
var checks = map[string]func(ctx context.Context, a *account, r *resource) error{
	"AWS::CertificateManager::Certificate":            checkCertificate,
	"AWS::Route53::RecordSet":                         checkRecord,
	"AWS::S3::Bucket":                                 checkBucket,
	"AWS::S3::BucketPolicy":                           checkBucketPolicy,
	"AWS::SSM::Parameter":                             checkDocument,
	"AWS::SecretsManager::Secret":                     checkSecret,
	"AWS::CloudFront::PublicKey":                      checkPublicKey,
	"AWS::CloudFront::KeyGroup":                       checkKeyGroup,
	"AWS::CloudFront::CachePolicy":                    checkCachePolicy,
	"AWS::CloudFront::CloudFrontOriginAccessIdentity": checkOriginAccessIdentity,
	"AWS::CloudFront::Function":                       checkCloudFrontFunction,
	"AWS::CloudFront::OriginAccessControl":            checkOriginAccessControl,
	"AWS::CloudFront::ResponseHeadersPolicy":          checkResponseHeaders,
	"AWS::CloudFront::Distribution":                   checkDistribution,
	"AWS::KMS::Key":                                   checkEncryptionKey,
	"AWS::IAM::Role":                                  checkRole,
	"AWS::IAM::ManagedPolicy":                         checkManagedPolicy,
	"AWS::Lambda::Function":                           checkFunction,
	"AWS::Lambda::EventInvokeConfig":                  checkInvocation,
	"AWS::Logs::LogGroup":                             checkLogGroup,
	"AWS::Logs::DeliverySource":                       checkNothing, // checkDelivery reads it
	"AWS::Logs::DeliveryDestination":                  checkNothing, // checkDelivery reads it
	"AWS::Logs::Delivery":                             checkDelivery,
	// Custom resources have no API: the checks of the other resources see their effects.
	"Custom::SigningKeyPair": checkNothing,
	"Custom::EmptyBucket":    checkNothing,
	"Custom::FunctionRuns":   checkNothing,
	"Custom::KeyGuard":       checkNothing,
}

// resources returns the resources of a stack by logical id. The template and
// CloudFormation must have the same ones.
func (a *account) resources(t *testing.T, stack string) map[string]*resource {
	t.Helper()
	template, err := a.cloudFormation.GetTemplate(t.Context(), &cloudformation.GetTemplateInput{StackName: &stack})
	if err != nil {
		t.Fatal(err)
	}
	var declared struct{ Resources map[string]*resource }
	if err := json.Unmarshal([]byte(*template.TemplateBody), &declared); err != nil {
		t.Fatal(err)
	}
	made := 0
	pages := cloudformation.NewListStackResourcesPaginator(a.cloudFormation, &cloudformation.ListStackResourcesInput{StackName: &stack})
	for pages.HasMorePages() {
		page, err := pages.NextPage(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for _, summary := range page.StackResourceSummaries {
			r := declared.Resources[*summary.LogicalResourceId]
			if r == nil {
				t.Fatalf("%s has %s, which its template does not have", stack, *summary.LogicalResourceId)
			}
			r.physicalID = aws.ToString(summary.PhysicalResourceId)
			r.stack = declared.Resources
			made++
		}
	}
	if made != len(declared.Resources) {
		t.Fatalf("%s has %d resources, and its template has %d", stack, made, len(declared.Resources))
	}
	return declared.Resources
}

// checkResources reads every resource of a stack from its API. It ends the test if one
// is wrong.
func (a *account) checkResources(t *testing.T, stack string) map[string]*resource {
	t.Helper()
	resources, failed := a.resources(t, stack), false
	for _, id := range slices.Sorted(maps.Keys(resources)) {
		r := resources[id]
		check, known := checks[r.Type]
		switch {
		case !known:
			t.Errorf("%s is of type %s: add a check of this type to the table", id, r.Type)
			failed = true
		case r.physicalID == "":
			t.Errorf("%s, %s, was not created", id, r.Type)
			failed = true
		default:
			if err := check(t.Context(), a, r); err != nil {
				t.Errorf("%s, %s %s: %v", id, r.Type, r.physicalID, err)
				failed = true
			}
		}
	}
	if failed {
		t.FailNow()
	}
	return resources
}

func ofType(resources map[string]*resource, kind string) (found []*resource) {
	for _, id := range slices.Sorted(maps.Keys(resources)) {
		if resources[id].Type == kind {
			found = append(found, resources[id])
		}
	}
	return found
}

func checkNothing(context.Context, *account, *resource) error { return nil }

func checkBucket(ctx context.Context, a *account, r *resource) error {
	bucket := &r.physicalID
	versioning, err := a.s3.GetBucketVersioning(ctx, &s3.GetBucketVersioningInput{Bucket: bucket})
	if err != nil {
		return err
	}
	if versioning.Status != s3types.BucketVersioningStatusEnabled {
		return fmt.Errorf("versioning is %q", versioning.Status)
	}
	public, err := a.s3.GetPublicAccessBlock(ctx, &s3.GetPublicAccessBlockInput{Bucket: bucket})
	if err != nil {
		return err
	}
	if p := public.PublicAccessBlockConfiguration; !aws.ToBool(p.BlockPublicAcls) || !aws.ToBool(p.BlockPublicPolicy) || !aws.ToBool(p.IgnorePublicAcls) || !aws.ToBool(p.RestrictPublicBuckets) {
		return fmt.Errorf("not all public access is blocked: %+v", p)
	}
	ownership, err := a.s3.GetBucketOwnershipControls(ctx, &s3.GetBucketOwnershipControlsInput{Bucket: bucket})
	if err != nil {
		return err
	}
	if rule := ownership.OwnershipControls.Rules[0]; rule.ObjectOwnership != s3types.ObjectOwnershipBucketOwnerEnforced {
		return fmt.Errorf("the object ownership is %s", rule.ObjectOwnership)
	}
	encryption, err := a.s3.GetBucketEncryption(ctx, &s3.GetBucketEncryptionInput{Bucket: bucket})
	if err != nil {
		return err
	}
	want, err := r.encryption()
	if err != nil {
		return err
	}
	if got := encryption.ServerSideEncryptionConfiguration.Rules[0].ApplyServerSideEncryptionByDefault.SSEAlgorithm; got != want {
		return fmt.Errorf("objects are encrypted with %s, want %s as in the template", got, want)
	}
	return nil
}

// encryption returns the encryption that the template gives a bucket.
func (r *resource) encryption() (s3types.ServerSideEncryption, error) {
	var properties struct {
		BucketEncryption struct {
			ServerSideEncryptionConfiguration []struct {
				ServerSideEncryptionByDefault struct{ SSEAlgorithm s3types.ServerSideEncryption }
			}
		}
	}
	if err := json.Unmarshal(r.Properties, &properties); err != nil {
		return "", err
	}
	rules := properties.BucketEncryption.ServerSideEncryptionConfiguration
	if len(rules) != 1 {
		return "", fmt.Errorf("the template has %d rules of encryption", len(rules))
	}
	return rules[0].ServerSideEncryptionByDefault.SSEAlgorithm, nil
}

// policyDocument is a policy as IAM and S3 return it.
type policyDocument struct {
	Statement []struct {
		Effect    string
		Action    oneOrMany
		Resource  oneOrMany
		Principal struct{ AWS, CanonicalUser, Service string }
		Condition map[string]map[string]string
	}
}

// oneOrMany is a string or a list of strings.
type oneOrMany []string

func (m *oneOrMany) UnmarshalJSON(text []byte) error {
	if text[0] != '[' {
		*m = []string{""}
		return json.Unmarshal(text, &(*m)[0])
	}
	return json.Unmarshal(text, (*[]string)(m))
}

// allowed returns the resources on which a policy allows an action.
func (d *policyDocument) allowed(action string) (resources []string) {
	for _, statement := range d.Statement {
		if statement.Effect == "Allow" && slices.Contains(statement.Action, action) {
			resources = append(resources, statement.Resource...)
		}
	}
	return resources
}

// checkBucketPolicy checks that the policy allows reading to the stack's identity and to
// its control for this distribution, and to nobody else. Both or none may list the
// bucket. One statement denies requests without TLS.
func checkBucketPolicy(ctx context.Context, a *account, r *resource) error {
	var properties struct{ Bucket struct{ Ref string } }
	if err := json.Unmarshal(r.Properties, &properties); err != nil {
		return err
	}
	name := r.stack[properties.Bucket.Ref].physicalID
	document, err := a.bucketPolicy(ctx, name)
	if err != nil {
		return err
	}
	identities, controls := ofType(r.stack, "AWS::CloudFront::CloudFrontOriginAccessIdentity"), ofType(r.stack, "AWS::CloudFront::OriginAccessControl")
	readers := map[string]bool{}
	for _, identity := range identities {
		answer, err := a.cloudFront.GetCloudFrontOriginAccessIdentity(ctx, &cloudfront.GetCloudFrontOriginAccessIdentityInput{Id: &identity.physicalID})
		if err != nil {
			return err
		}
		readers[*answer.CloudFrontOriginAccessIdentity.S3CanonicalUserId] = true
	}
	distribution := "arn:aws:cloudfront::" + accountID + ":distribution/" + ofType(r.stack, "AWS::CloudFront::Distribution")[0].physicalID
	allowed, denied, lists := 0, 0, 0
	for _, s := range document.Statement {
		switch s.Effect {
		case "Allow":
			allowed++
			action, resource := "s3:GetObject", "arn:aws:s3:::"+name+"/*"
			if slices.Contains(s.Action, "s3:ListBucket") {
				lists++
				action, resource = "s3:ListBucket", "arn:aws:s3:::"+name
			}
			byControl := len(controls) == 1 && s.Principal.Service == "cloudfront.amazonaws.com" && s.Condition["StringEquals"]["AWS:SourceArn"] == distribution
			if !slices.Equal(s.Action, []string{action}) || !slices.Equal(s.Resource, []string{resource}) || !byControl && !readers[s.Principal.CanonicalUser] {
				return fmt.Errorf("unexpected statement: it allows %v on %v for %v if %v", s.Action, s.Resource, s.Principal, s.Condition)
			}
		case "Deny":
			denied++
		}
	}
	if want := len(identities) + len(controls); allowed-lists != want || lists != 0 && lists != want || denied != 1 {
		return fmt.Errorf("%d statements allow reading, %d allow listing and %d deny; want %d that allow reading, as many or none that allow listing, and one that denies", allowed-lists, lists, denied, want)
	}
	return nil
}

func (a *account) bucketPolicy(ctx context.Context, bucket string) (*policyDocument, error) {
	answer, err := a.s3.GetBucketPolicy(ctx, &s3.GetBucketPolicyInput{Bucket: &bucket})
	if err != nil {
		return nil, err
	}
	document := &policyDocument{}
	return document, json.Unmarshal([]byte(*answer.Policy), document)
}

func checkDocument(ctx context.Context, a *account, r *resource) error {
	document, err := a.document(ctx, r.physicalID)
	if err != nil {
		return err
	}
	return document.Validate()
}

// document returns the deployment document in a parameter.
func (a *account) document(ctx context.Context, parameter string) (*signer.Deployment, error) {
	answer, err := a.ssm.GetParameter(ctx, &ssm.GetParameterInput{Name: &parameter})
	if err != nil {
		return nil, err
	}
	return signer.ParseDeployment([]byte(*answer.Parameter.Value))
}

// checkCachePolicy checks that the query parameters are the template's, and that the
// distribution's default behavior uses the policy.
func checkCachePolicy(ctx context.Context, a *account, r *resource) error {
	var properties struct {
		CachePolicyConfig struct {
			ParametersInCacheKeyAndForwardedToOrigin struct {
				QueryStringsConfig struct{ QueryStrings []string }
			}
		}
	}
	if err := json.Unmarshal(r.Properties, &properties); err != nil {
		return err
	}
	answer, err := a.cloudFront.GetCachePolicy(ctx, &cloudfront.GetCachePolicyInput{Id: &r.physicalID})
	if err != nil {
		return err
	}
	query := answer.CachePolicy.CachePolicyConfig.ParametersInCacheKeyAndForwardedToOrigin.QueryStringsConfig
	want := properties.CachePolicyConfig.ParametersInCacheKeyAndForwardedToOrigin.QueryStringsConfig.QueryStrings
	if query.QueryStringBehavior != cloudfronttypes.CachePolicyQueryStringBehaviorWhitelist || query.QueryStrings == nil || !slices.Equal(query.QueryStrings.Items, want) || len(want) == 0 {
		return fmt.Errorf("it forwards %+v, want %q", query, want)
	}
	distribution, err := a.cloudFront.GetDistribution(ctx, &cloudfront.GetDistributionInput{Id: &ofType(r.stack, "AWS::CloudFront::Distribution")[0].physicalID})
	if err != nil {
		return err
	}
	if used := aws.ToString(distribution.Distribution.DistributionConfig.DefaultCacheBehavior.CachePolicyId); used != r.physicalID {
		return fmt.Errorf("the default behavior has the cache policy %s", used)
	}
	return nil
}

func checkSecret(ctx context.Context, a *account, r *resource) error {
	_, _, err := a.storedKey(ctx, r.physicalID)
	return err
}

// storedKey returns the only version of a secret and the key it holds. The value must be
// PEM as this module writes it.
func (a *account) storedKey(ctx context.Context, secret string) (version string, key *signer.PrivateKey, err error) {
	answer, err := a.secrets.ListSecretVersionIds(ctx, &secretsmanager.ListSecretVersionIdsInput{SecretId: &secret, IncludeDeprecated: aws.Bool(true)})
	if err != nil {
		return "", nil, err
	}
	if len(answer.Versions) != 1 || !slices.Equal(answer.Versions[0].VersionStages, []string{"AWSCURRENT"}) {
		return "", nil, fmt.Errorf("the secret has %d versions, want one, with the label AWSCURRENT", len(answer.Versions))
	}
	value, err := a.secrets.GetSecretValue(ctx, &secretsmanager.GetSecretValueInput{SecretId: &secret})
	if err != nil {
		return "", nil, err
	}
	if key, err = signer.ParsePrivateKey([]byte(*value.SecretString)); err != nil {
		return "", nil, err
	}
	again, err := key.MarshalPEM()
	if err != nil {
		return "", nil, err
	}
	if string(again) != *value.SecretString {
		return "", nil, errors.New("the secret holds more than the PEM text of a key")
	}
	return *answer.Versions[0].VersionId, key, nil
}

func checkPublicKey(ctx context.Context, a *account, r *resource) error {
	_, err := a.publicKey(ctx, r.physicalID)
	return err
}

// publicKey returns a public key of CloudFront.
func (a *account) publicKey(ctx context.Context, id string) (*signer.PublicKey, error) {
	answer, err := a.cloudFront.GetPublicKey(ctx, &cloudfront.GetPublicKeyInput{Id: &id})
	if err != nil {
		return nil, err
	}
	return signer.ParsePublicKey([]byte(*answer.PublicKey.PublicKeyConfig.EncodedKey))
}

func checkKeyGroup(ctx context.Context, a *account, r *resource) error {
	answer, err := a.cloudFront.GetKeyGroup(ctx, &cloudfront.GetKeyGroupInput{Id: &r.physicalID})
	if err != nil {
		return err
	}
	r.lastModified = answer.KeyGroup.LastModifiedTime.String()
	if len(answer.KeyGroup.KeyGroupConfig.Items) == 0 {
		return errors.New("it has no key")
	}
	return nil
}

func checkOriginAccessIdentity(ctx context.Context, a *account, r *resource) error {
	answer, err := a.cloudFront.GetCloudFrontOriginAccessIdentity(ctx, &cloudfront.GetCloudFrontOriginAccessIdentityInput{Id: &r.physicalID})
	if err != nil {
		return err
	}
	if comment := *answer.CloudFrontOriginAccessIdentity.CloudFrontOriginAccessIdentityConfig.Comment; comment == "" {
		return errors.New("nothing says what it is for")
	}
	return nil
}

// checkCertificate checks that the certificate is in us-east-1, the Region from which
// CloudFront takes certificates.
func checkCertificate(ctx context.Context, a *account, r *resource) error {
	answer, err := a.acm.DescribeCertificate(ctx, &acm.DescribeCertificateInput{CertificateArn: &r.physicalID}, func(o *acm.Options) { o.Region = usEast1 })
	if err != nil {
		return err
	}
	if status := answer.Certificate.Status; status != acmtypes.CertificateStatusIssued {
		return fmt.Errorf("it is %s", status)
	}
	return nil
}

// checkRecord checks that the record is an alias of the distribution.
func checkRecord(ctx context.Context, a *account, r *resource) error {
	var properties struct {
		Name, HostedZoneId string
		Type               route53types.RRType
	}
	if err := json.Unmarshal(r.Properties, &properties); err != nil {
		return err
	}
	distribution, err := a.cloudFront.GetDistribution(ctx, &cloudfront.GetDistributionInput{Id: &ofType(r.stack, "AWS::CloudFront::Distribution")[0].physicalID})
	if err != nil {
		return err
	}
	records, err := a.route53.ListResourceRecordSets(ctx, &route53.ListResourceRecordSetsInput{HostedZoneId: &properties.HostedZoneId})
	if err != nil {
		return err
	}
	for _, record := range records.ResourceRecordSets {
		if *record.Name == properties.Name && record.Type == properties.Type && record.AliasTarget != nil &&
			strings.TrimSuffix(*record.AliasTarget.DNSName, ".") == strings.ToLower(*distribution.Distribution.DomainName) {
			return nil
		}
	}
	return fmt.Errorf("%s has no %s record that leads to %s", properties.Name, properties.Type, *distribution.Distribution.DomainName)
}

// checkCloudFrontFunction checks that the published function has the template's code.
func checkCloudFrontFunction(ctx context.Context, a *account, r *resource) error {
	var properties struct{ FunctionCode string }
	if err := json.Unmarshal(r.Properties, &properties); err != nil {
		return err
	}
	name := r.physicalID[strings.LastIndexByte(r.physicalID, '/')+1:] // the last part of the ARN
	answer, err := a.cloudFront.GetFunction(ctx, &cloudfront.GetFunctionInput{Name: &name, Stage: cloudfronttypes.FunctionStageLive})
	if err != nil {
		return err
	}
	if properties.FunctionCode == "" || string(answer.FunctionCode) != properties.FunctionCode {
		return fmt.Errorf("%d bytes of code are published, want %d as in the template", len(answer.FunctionCode), len(properties.FunctionCode))
	}
	return nil
}

func checkOriginAccessControl(ctx context.Context, a *account, r *resource) error {
	answer, err := a.cloudFront.GetOriginAccessControl(ctx, &cloudfront.GetOriginAccessControlInput{Id: &r.physicalID})
	if err != nil {
		return err
	}
	if c := answer.OriginAccessControl.OriginAccessControlConfig; c.SigningBehavior != "always" || c.SigningProtocol != "sigv4" || c.OriginAccessControlOriginType != "s3" {
		return fmt.Errorf("it signs %s requests with %s for %s", c.SigningBehavior, c.SigningProtocol, c.OriginAccessControlOriginType)
	}
	return nil
}

// checkEncryptionKey checks that CloudFront may decrypt with the key, for distributions
// of this account alone.
func checkEncryptionKey(ctx context.Context, a *account, r *resource) error {
	answer, err := a.kms.GetKeyPolicy(ctx, &kms.GetKeyPolicyInput{KeyId: &r.physicalID, PolicyName: aws.String("default")})
	if err != nil {
		return err
	}
	var document policyDocument
	if err := json.Unmarshal([]byte(*answer.Policy), &document); err != nil {
		return err
	}
	for _, s := range document.Statement {
		if s.Principal.Service == "cloudfront.amazonaws.com" && slices.Equal(s.Action, []string{"kms:Decrypt"}) &&
			s.Condition["ArnLike"]["AWS:SourceArn"] == "arn:aws:cloudfront::"+accountID+":distribution/*" {
			return nil
		}
	}
	return fmt.Errorf("CloudFront cannot decrypt with it: %s", *answer.Policy)
}

func checkResponseHeaders(ctx context.Context, a *account, r *resource) error {
	answer, err := a.cloudFront.GetResponseHeadersPolicy(ctx, &cloudfront.GetResponseHeadersPolicyInput{Id: &r.physicalID})
	if err != nil {
		return err
	}
	r.lastModified = answer.ResponseHeadersPolicy.LastModifiedTime.String()
	if headers := answer.ResponseHeadersPolicy.ResponseHeadersPolicyConfig.SecurityHeadersConfig; headers == nil || headers.StrictTransportSecurity == nil {
		return errors.New("it has no security headers")
	}
	return nil
}

func checkDistribution(ctx context.Context, a *account, r *resource) error {
	answer, err := a.cloudFront.GetDistribution(ctx, &cloudfront.GetDistributionInput{Id: &r.physicalID})
	if err != nil {
		return err
	}
	r.lastModified = answer.Distribution.LastModifiedTime.String()
	config := answer.Distribution.DistributionConfig
	if !aws.ToBool(config.Enabled) {
		return errors.New("it is not enabled")
	}
	if trusted := config.DefaultCacheBehavior.TrustedKeyGroups; trusted == nil || !aws.ToBool(trusted.Enabled) || len(trusted.Items) != 1 {
		return fmt.Errorf("it requires no signature: its trusted key groups are %+v", trusted)
	}
	if protocol := config.DefaultCacheBehavior.ViewerProtocolPolicy; protocol != "https-only" {
		return fmt.Errorf("its viewer protocol policy is %s", protocol)
	}
	return nil
}

func checkRole(ctx context.Context, a *account, r *resource) error {
	answer, err := a.iam.GetRole(ctx, &iam.GetRoleInput{RoleName: &r.physicalID})
	if err != nil {
		return err
	}
	if trust := *answer.Role.AssumeRolePolicyDocument; !strings.Contains(trust, "lambda.amazonaws.com") {
		return fmt.Errorf("it trusts %s", trust)
	}
	inline, err := a.iam.ListRolePolicies(ctx, &iam.ListRolePoliciesInput{RoleName: &r.physicalID})
	if err != nil {
		return err
	}
	if len(inline.PolicyNames) == 0 {
		return errors.New("it may do nothing")
	}
	return nil
}

func checkManagedPolicy(ctx context.Context, a *account, r *resource) error {
	document, err := a.policy(ctx, r.physicalID)
	if err != nil {
		return err
	}
	if len(document.allowed("ssm:GetParameter")) == 0 {
		return fmt.Errorf("it does not allow signing: %+v", document)
	}
	return nil
}

// policy returns the current version of a managed policy.
func (a *account) policy(ctx context.Context, arn string) (*policyDocument, error) {
	policy, err := a.iam.GetPolicy(ctx, &iam.GetPolicyInput{PolicyArn: &arn})
	if err != nil {
		return nil, err
	}
	version, err := a.iam.GetPolicyVersion(ctx, &iam.GetPolicyVersionInput{PolicyArn: &arn, VersionId: policy.Policy.DefaultVersionId})
	if err != nil {
		return nil, err
	}
	text, err := url.QueryUnescape(*version.PolicyVersion.Document)
	if err != nil {
		return nil, err
	}
	document := &policyDocument{}
	return document, json.Unmarshal([]byte(text), document)
}

func checkFunction(ctx context.Context, a *account, r *resource) error {
	answer, err := a.lambda.GetFunctionConfiguration(ctx, &lambda.GetFunctionConfigurationInput{FunctionName: &r.physicalID})
	if err != nil {
		return err
	}
	r.lastModified = *answer.LastModified
	if len(answer.Architectures) != 1 || string(answer.Architectures[0]) != functionArchitecture[runtime.GOARCH] {
		return fmt.Errorf("its architectures are %v", answer.Architectures)
	}
	return nil
}

// checkInvocation reads the function's name from the physical id, which has a form of
// CloudFormation's own.
func checkInvocation(ctx context.Context, a *account, r *resource) error {
	var properties struct {
		FunctionName         struct{ Ref string }
		Qualifier            string
		MaximumRetryAttempts int32
	}
	if err := json.Unmarshal(r.Properties, &properties); err != nil {
		return err
	}
	function := r.stack[properties.FunctionName.Ref].physicalID
	answer, err := a.lambda.GetFunctionEventInvokeConfig(ctx, &lambda.GetFunctionEventInvokeConfigInput{FunctionName: &function, Qualifier: &properties.Qualifier})
	if err != nil {
		return err
	}
	if got := aws.ToInt32(answer.MaximumRetryAttempts); got != properties.MaximumRetryAttempts {
		return fmt.Errorf("it has %d retry attempts, want %d as in the template", got, properties.MaximumRetryAttempts)
	}
	return nil
}

func checkLogGroup(ctx context.Context, a *account, r *resource) error {
	answer, err := a.logs.DescribeLogGroups(ctx, &cloudwatchlogs.DescribeLogGroupsInput{LogGroupNamePrefix: &r.physicalID})
	if err != nil {
		return err
	}
	if len(answer.LogGroups) != 1 || aws.ToInt32(answer.LogGroups[0].RetentionInDays) == 0 {
		return errors.New("it is not there, or keeps its lines for ever")
	}
	return nil
}

// checkDelivery checks that the delivery connects its stack's source with its stack's
// destination, and leaves out the fields that hold credentials.
func checkDelivery(ctx context.Context, a *account, r *resource) error {
	answer, err := a.logs.GetDelivery(ctx, &cloudwatchlogs.GetDeliveryInput{Id: &r.physicalID})
	if err != nil {
		return err
	}
	source, destination := ofType(r.stack, "AWS::Logs::DeliverySource"), ofType(r.stack, "AWS::Logs::DeliveryDestination")
	from, err := a.logs.GetDeliverySource(ctx, &cloudwatchlogs.GetDeliverySourceInput{Name: &source[0].physicalID})
	if err != nil {
		return err
	}
	to, err := a.logs.GetDeliveryDestination(ctx, &cloudwatchlogs.GetDeliveryDestinationInput{Name: &destination[0].physicalID})
	if err != nil {
		return err
	}
	delivery := answer.Delivery
	if aws.ToString(delivery.DeliverySourceName) != *from.DeliverySource.Name || aws.ToString(delivery.DeliveryDestinationArn) != *to.DeliveryDestination.Arn {
		return fmt.Errorf("it delivers %s to %s", aws.ToString(delivery.DeliverySourceName), aws.ToString(delivery.DeliveryDestinationArn))
	}
	if len(delivery.RecordFields) == 0 {
		return errors.New("it has no fields of its own, so those with credentials too")
	}
	for _, field := range []string{"cs-uri-query", "cs(Cookie)", "cs(Referer)"} {
		if slices.Contains(delivery.RecordFields, field) {
			return fmt.Errorf("it records %s", field)
		}
	}
	return nil
}

// snapshot returns what must stay if nothing changed: the physical id of every resource
// and, where the API has it, the time of its last change.
func snapshot(resources map[string]*resource) map[string][2]string {
	all := map[string][2]string{}
	for id, r := range resources {
		all[id] = [2]string{r.physicalID, r.lastModified}
	}
	return all
}

func wantSame(t *testing.T, got, want map[string][2]string) {
	t.Helper()
	if reflect.DeepEqual(got, want) {
		return
	}
	for _, id := range slices.Sorted(maps.Keys(want)) {
		if got[id] != want[id] {
			t.Errorf("%s was %v, and is %v now", id, want[id], got[id])
		}
	}
	for _, id := range slices.Sorted(maps.Keys(got)) {
		if _, was := want[id]; !was {
			t.Errorf("%s is new", id)
		}
	}
}
