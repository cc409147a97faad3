package constructs

import (
	"fmt"
	"os"
	"regexp"
	"strings"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awscloudfront"
	"github.com/aws/aws-cdk-go/awscdk/v2/awss3"
	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"

	"github.com/signedfront/signedfront/constructs/config"
	"github.com/signedfront/signedfront/constructs/contract"
)

const maxName = config.MaxStackName

var nameShape = regexp.MustCompile(`^[A-Za-z0-9](-?[A-Za-z0-9])*$`)

// checkedProps returns the props with their defaults filled in, or an error that
// holds everything that is wrong with them.
func checkedProps(construct constructs.Construct, props *PrivateContentProps, regionSetting string) (*PrivateContentProps, error) {
	var p PrivateContentProps
	if props != nil {
		p = *props
	}
	var problems config.Problems
	check := func(found config.Problems) { problems = append(problems, found...) }

	if p.Name == "" {
		p.Name = *awscdk.Names_UniqueResourceName(construct, &awscdk.UniqueResourceNameOptions{
			MaxLength: jsii.Number(maxName),
			Separator: jsii.String("-"),
		})
	}
	if len(p.Name) > maxName || !nameShape.MatchString(p.Name) {
		check(config.Problems{{
			Path: "Name", Found: config.Quote(p.Name),
			Fix: fmt.Sprintf("write at most %d letters, digits and single hyphens between them", maxName),
		}})
	}
	if p.ParameterName == "" {
		p.ParameterName = contract.ParameterPath + p.Name
	}
	if p.Encryption == "" && p.EncryptionKey != nil && p.Bucket == nil {
		p.Encryption = config.EncryptionKMS
	}
	settings := settingsOf(&p).WithDefaults()
	check(inProps(settings.Check()))
	check(checkEncryption(&p))
	check(checkBucketStack(construct, &p, settings.OriginAccess))
	check(checkCertificate(&p))
	check(checkLogDestination(construct, &p))
	check(checkGrantees(construct, &p))
	check(checkBehaviors(&p))

	copyFields(&p, &settings)
	p.SigningKeys = SigningKeys{Keys: settings.SigningKeys.Keys, Current: settings.SigningKeys.Current}
	if p.Lender != nil {
		p.SigningKeys = SigningKeys{} // a lender's keys have no number here
	}
	if p.AccessLogs != nil {
		filled := *p.AccessLogs
		filled.Retention = settings.AccessLogs.Retention
		p.AccessLogs = &filled
	}

	check(checkLender(construct, &p))
	check(checkCompanions(construct, &p, regionSetting))
	stack := awscdk.Stack_Of(construct)
	if *awscdk.Token_IsUnresolved(stack.Region()) {
		// The stack goes where its deployer is, and the CDK's command line
		// tells where that is.
		if region := os.Getenv("CDK_DEFAULT_REGION"); region != "" {
			found := config.CheckRegion("the current Region, from AWS_REGION or your AWS profile", region, p.OriginAccess)
			for i := range found {
				found[i].Fix = "set AWS_REGION to another, or write " + regionSetting + "; " + found[i].Fix
			}
			check(found)
		}
	} else {
		check(config.CheckRegion("the stack's Region", *stack.Region(), p.OriginAccess))
	}

	if len(problems) == 0 {
		check(takeNames(construct, &p))
	}
	if len(problems) > 0 {
		return nil, fmt.Errorf("%s: %w", safeName(*construct.Node().Path()), problems)
	}
	return &p, nil
}

// inProps names settings by the props that they come from, where these are
// called something else.
func inProps(problems config.Problems) config.Problems {
	for i := range problems {
		problems[i].Path = strings.Replace(problems[i].Path, "Signers.RoleARNs", "SignerRoleAssumers", 1)
	}
	return problems
}

// checkEncryption checks the keys of buckets, which a file cannot name.
func checkEncryption(p *PrivateContentProps) config.Problems {
	var problems config.Problems
	switch {
	case p.EncryptionKey == nil:
	case p.Bucket != nil:
		problems = append(problems, config.Problem{Path: "EncryptionKey", Found: "a key beside Bucket", Fix: "leave it out: a bucket has the key that it was made or imported with"})
	case p.Encryption == config.EncryptionS3:
		problems = append(problems, config.Problem{Path: "EncryptionKey", Found: `a key with Encryption "s3"`, Fix: fmt.Sprintf("leave it out, or write Encryption %q or %q", config.EncryptionKMS, config.EncryptionLeavingKMS)})
	}
	if p.Bucket != nil && p.Bucket.EncryptionKey() != nil && p.OriginAccess != config.OAC {
		// https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/private-content-restricting-access-to-s3.html
		problems = append(problems, config.Problem{Path: "Bucket", Found: "a bucket that is encrypted with KMS, which an origin access identity cannot read", Fix: fmt.Sprintf("write OriginAccess %q", config.OAC)})
	}
	return problems
}

// checkBucketStack reports a bucket of another stack whose policy would have to
// name the distribution: each of the two stacks would have to be deployed before
// the other one.
func checkBucketStack(construct constructs.Construct, p *PrivateContentProps, access config.OriginAccess) config.Problems {
	if !access.HasControl() || p.Bucket == nil || !*awscdk.Resource_IsOwnedResource(p.Bucket) || isInStackOf(p.Bucket, construct) {
		return nil
	}
	return config.Problems{{
		Path:  "Bucket",
		Found: "a bucket of another stack with an origin access control, whose policy would name the distribution of this one",
		Fix:   fmt.Sprintf("make the content in the bucket's stack, write OriginAccess %q, or import the bucket here by its name with awss3.Bucket_FromBucketName and write the policy of RequiredBucketPolicy", config.OAI),
	}}
}

// isInStackOf reports whether two constructs are in the same stack.
func isInStackOf(a, b constructs.IConstruct) bool {
	return *awscdk.Stack_Of(a).Node().Addr() == *awscdk.Stack_Of(b).Node().Addr()
}

// regionOf is the Region of a resource, as far as its ARN or the stack that
// makes it says.
func regionOf(resource constructs.IConstruct, arn string) string {
	if !*awscdk.Token_IsUnresolved(arn) {
		if parts := strings.Split(arn, ":"); len(parts) > 3 {
			return parts[3]
		}
		return ""
	}
	region := awscdk.Stack_Of(resource).Region()
	if !*awscdk.Resource_IsOwnedResource(resource) || *awscdk.Token_IsUnresolved(region) {
		return ""
	}
	return *region
}

// checkCertificate checks the Region of a certificate of the same app, whose
// ARN is not known yet.
func checkCertificate(p *PrivateContentProps) config.Problems {
	if p.Domain == nil || p.Domain.Certificate == nil || !*awscdk.Token_IsUnresolved(p.Domain.Certificate.CertificateArn()) {
		return nil // what a file can say is checked as in one
	}
	region := regionOf(p.Domain.Certificate, *p.Domain.Certificate.CertificateArn())
	if region == "" || region == usEast1 {
		return nil
	}
	return config.Problems{{
		Path:  "Domain.Certificate",
		Found: "a certificate in " + safeName(region),
		Fix:   "make it in a stack in us-east-1, or leave it out and write HostedZone: CloudFront takes no certificate from another Region",
	}}
}

func checkLogDestination(construct constructs.Construct, p *PrivateContentProps) config.Problems {
	if p.AccessLogs == nil {
		return nil
	}
	var problems config.Problems
	if bucket := p.AccessLogs.Bucket; bucket != nil && *topStack(construct).Region() != usEast1 && hasGeneratedName(bucket) && *awscdk.Stack_Of(bucket).Region() != usEast1 {
		problems = append(problems, config.Problem{Path: "AccessLogs.Bucket", Found: "a bucket whose name is generated, which a stack in us-east-1 would have to know", Fix: "write its BucketName: the CDK hands names to another Region only if they are written"})
	}
	if p.AccessLogs.LogGroup == nil {
		return problems
	}
	if p.AccessLogs.Bucket != nil {
		problems = append(problems, config.Problem{Path: "AccessLogs.Bucket", Found: "a bucket beside LogGroup", Fix: "write one of the two"})
	}
	if p.AccessLogs.Retention != 0 {
		problems = append(problems, config.Problem{Path: "AccessLogs.Retention", Found: "a retention beside LogGroup", Fix: "leave it out: the log group has its own"})
	}
	if region := regionOf(p.AccessLogs.LogGroup, *p.AccessLogs.LogGroup.LogGroupRef().LogGroupArn); region != "" && region != usEast1 {
		problems = append(problems, config.Problem{Path: "AccessLogs.LogGroup", Found: "a log group in " + safeName(region), Fix: "write one in us-east-1: CloudFront delivers its logs there"})
	}
	return problems
}

// hasGeneratedName reports whether a bucket of the app gets its name when it is
// deployed.
func hasGeneratedName(bucket awss3.IBucket) bool {
	if !*awscdk.Resource_IsOwnedResource(bucket) {
		return false
	}
	var made awss3.CfnBucket
	jsii.UnsafeCast(bucket.Node().DefaultChild(), &made)
	return awscdk.Stack_Of(bucket).Resolve(made.BucketName()) == nil
}

// checkGrantees reports what GrantSign and GrantUpload would refuse.
func checkGrantees(construct constructs.Construct, p *PrivateContentProps) config.Problems {
	var problems config.Problems
	for i, grantee := range p.SignGrantees {
		if _, found, fix := signingIdentity(construct, grantee); found != "" {
			problems = append(problems, config.Problem{Path: fmt.Sprintf("SignGrantees[%d]", i), Found: found, Fix: fix})
		}
	}
	for i, role := range p.SignerRoleAssumers {
		if role == nil {
			problems = append(problems, config.Problem{Path: fmt.Sprintf("SignerRoleAssumers[%d]", i), Found: "nil", Fix: "write a role of another account, such as one of awsiam.Role_FromRoleArn"})
		}
	}
	for i, grantee := range p.UploadGrantees {
		if grantee == nil {
			problems = append(problems, config.Problem{Path: fmt.Sprintf("UploadGrantees[%d]", i), Found: "nil", Fix: "write a role or another grantee"})
		}
	}
	return problems
}

// checkBehaviors checks what the CDK decides of further behaviors. Their
// patterns are settings like others.
func checkBehaviors(p *PrivateContentProps) config.Problems {
	var problems config.Problems
	for i, b := range p.Behaviors {
		if b.Options == nil {
			continue
		}
		wrong := func(field, found, fix string) {
			problems = append(problems, config.Problem{Path: fmt.Sprintf("Behaviors[%d].Options.%s", i, field), Found: found, Fix: fix})
		}
		if b.Options.TrustedKeyGroups != nil {
			wrong("TrustedKeyGroups", "key groups", "leave them out: the content's own is trusted unless the behavior is Public")
		}
		if !b.Public && b.Options.ViewerProtocolPolicy == awscloudfront.ViewerProtocolPolicy_ALLOW_ALL {
			wrong("ViewerProtocolPolicy", string(b.Options.ViewerProtocolPolicy)+", which sends signatures unencrypted", "leave it out, which is HTTPS only")
		}
		if b.Public && refusesEscapes(p) && seesViewerRequests(b.Options) {
			wrong("FunctionAssociations", "a function of viewer requests, where the content puts the one that refuses escapes of signed paths", "take it away, or take the signed paths away: a behavior has one such function")
		}
	}
	return problems
}
