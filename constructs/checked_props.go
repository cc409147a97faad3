package constructs

import (
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awscloudfront"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsroute53"
	"github.com/aws/aws-cdk-go/awscdk/v2/awss3"
	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"

	"github.com/signedfront/signedfront/constructs/config"
	"github.com/signedfront/signedfront/constructs/contract"
)

const maxName = config.MaxStackName

var nameShape = regexp.MustCompile(`^[A-Za-z0-9](-?[A-Za-z0-9])*$`)

// checkedProps returns the props with their defaults filled in, or one error with all
// mistakes in them.
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
	check(checkEncryption(construct, &p))
	check(checkVersions(&p))
	check(checkBucketStack(construct, &p, settings.OriginAccess))
	check(checkDomain(&p))
	check(checkAlsoTrust(&p))
	check(checkWebACL(&p))
	check(checkLogDestination(construct, &p))
	check(checkGrantees(construct, &p))
	check(checkBehaviors(&p))

	copyFields(&p, &settings)
	p.SigningKeys.Keys, p.SigningKeys.Current = settings.SigningKeys.Keys, settings.SigningKeys.Current
	if p.Lender != nil {
		p.SigningKeys = SigningKeys{} // a lender's keys have no numbers here
	}
	if p.AccessLogs != nil {
		filled := *p.AccessLogs
		filled.Retention = settings.AccessLogs.Retention
		p.AccessLogs = &filled
	}

	check(checkLender(construct, &p))
	check(checkCompanions(construct, &p, regionSetting))
	stack := awscdk.Stack_Of(construct)
	if p.Bucket != nil && !*awscdk.Token_IsUnresolved(p.Bucket.Env().Region) && *p.Bucket.Env().Region != *stack.Region() {
		check(config.CheckRegion("Bucket: its Region", *p.Bucket.Env().Region, p.OriginAccess))
	}
	if *awscdk.Token_IsUnresolved(stack.Region()) {
		// The stack is deployed to the default Region, which the CDK's command line
		// puts into the environment.
		if region := os.Getenv("CDK_DEFAULT_REGION"); region != "" {
			found := config.CheckRegion("the current Region, from AWS_REGION or your AWS profile", region, p.OriginAccess)
			for i := range found {
				found[i].Fix = "set AWS_REGION to another Region, or write " + regionSetting + "; " + found[i].Fix
			}
			check(found)
		}
	} else {
		check(config.CheckRegion("the stack's Region", *stack.Region(), p.OriginAccess))
	}

	if len(problems) == 0 {
		check(checkNames(construct, &p))
	}
	if len(problems) > 0 {
		return nil, fmt.Errorf("%s: %w", safeName(*construct.Node().Path()), problems)
	}
	return &p, nil
}

// inProps replaces the names of settings by the names of their props, where the two
// differ.
func inProps(problems config.Problems) config.Problems {
	for i := range problems {
		problems[i].Path = strings.Replace(problems[i].Path, "Signers.RoleARNs", "SignerRoleAssumers", 1)
		problems[i].Path = strings.Replace(problems[i].Path, "Uploads.Origins", "UploadOrigins", 1)
	}
	return problems
}

// checkEncryption checks KMS keys, which cdk.json cannot name.
func checkEncryption(construct constructs.Construct, p *PrivateContentProps) config.Problems {
	var problems config.Problems
	switch {
	case p.EncryptionKey == nil:
	case p.Bucket != nil:
		problems = append(problems, config.Problem{Path: "EncryptionKey", Found: "a key together with Bucket", Fix: "leave it out: an existing bucket has its own EncryptionKey"})
	case p.Encryption == config.EncryptionS3:
		problems = append(problems, config.Problem{Path: "EncryptionKey", Found: `a key with Encryption "s3"`, Fix: fmt.Sprintf("leave it out, or write Encryption %q or %q", config.EncryptionKMS, config.EncryptionLeavingKMS)})
	}
	if p.EncryptionKey != nil && p.Bucket == nil {
		here, there := *awscdk.Stack_Of(construct).Region(), regionOf(p.EncryptionKey, *p.EncryptionKey.KeyArn())
		if there != "" && !*awscdk.Token_IsUnresolved(here) && there != here {
			problems = append(problems, config.Problem{Path: "EncryptionKey", Found: "a key in " + safeName(there), Fix: "write one in " + here + ": S3 accepts only keys in the Region of the bucket"})
		}
	}
	switch {
	case p.Bucket == nil:
	case usesManagedKey(p.Bucket):
		// https://docs.aws.amazon.com/AmazonS3/latest/userguide/UsingKMSEncryption.html
		problems = append(problems, config.Problem{Path: "Bucket", Found: "a bucket that is encrypted with the key aws/s3, which CloudFront may not use", Fix: fmt.Sprintf("give the bucket an EncryptionKey, with OriginAccess %q, or awss3.BucketEncryption_S3_MANAGED: the policy of aws/s3 cannot be changed", config.OAC)})
	case p.Bucket.EncryptionKey() != nil && p.OriginAccess != config.OAC:
		// https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/private-content-restricting-access-to-s3.html
		problems = append(problems, config.Problem{Path: "Bucket", Found: "a bucket that is encrypted with KMS, which an origin access identity cannot read", Fix: fmt.Sprintf("write OriginAccess %q", config.OAC)})
	}
	return problems
}

// checkVersions reports a duration that is a token. Package config checks all others.
func checkVersions(p *PrivateContentProps) config.Problems {
	if p.Versions == nil || p.Versions.Keep == nil || !*p.Versions.Keep.IsUnresolved() {
		return nil
	}
	return config.Problems{{Path: "Versions.Keep", Found: "a token", Fix: "write a number of days, as in awscdk.Duration_Days(jsii.Number(30))"}}
}

// usesManagedKey reports whether a bucket of the app encrypts with KMS without naming
// a key: AWS then uses its own, aws/s3.
func usesManagedKey(bucket awss3.IBucket) bool {
	made := cfnBucket(bucket)
	if made == nil || made.BucketEncryption() == nil {
		return false
	}
	settings, _ := awscdk.Stack_Of(bucket).Resolve(made.BucketEncryption()).(map[string]any)
	rules, _ := settings["serverSideEncryptionConfiguration"].([]any)
	return slices.ContainsFunc(rules, func(rule any) bool {
		r, _ := rule.(map[string]any)
		byDefault, _ := r["serverSideEncryptionByDefault"].(map[string]any)
		algorithm, _ := byDefault["sseAlgorithm"].(string)
		return strings.HasPrefix(algorithm, "aws:kms") && byDefault["kmsMasterKeyId"] == nil
	})
}

// checkBucketStack reports a bucket of another stack whose policy cannot let
// CloudFront read. With an access control, the bucket policy names the distribution,
// so each of the two stacks would have to be deployed before the other. An identity
// has no name that a stack in another account or Region could refer to.
func checkBucketStack(construct constructs.Construct, p *PrivateContentProps, access config.OriginAccess) config.Problems {
	if p.Bucket == nil || !*awscdk.Resource_IsOwnedResource(p.Bucket) || isInStackOf(p.Bucket, construct) {
		return nil
	}
	imported := "import the bucket by its name with awss3.Bucket_FromBucketAttributes and write the policy that RequiredBucketPolicy returns"
	if *awscdk.Stack_Of(p.Bucket).Environment() != *awscdk.Stack_Of(construct).Environment() {
		return config.Problems{{
			Path:  "Bucket",
			Found: "a bucket of a stack with another account or Region",
			Fix:   "make the content in the bucket's stack, or " + imported,
		}}
	}
	if !access.HasControl() {
		return nil
	}
	others := []string{"make the content in the bucket's stack", imported}
	if p.Bucket.EncryptionKey() == nil {
		others = slices.Insert(others, 1, fmt.Sprintf("write OriginAccess %q", config.OAI))
	}
	return config.Problems{{
		Path:  "Bucket",
		Found: "a bucket of another stack, with an origin access control: its policy would have to name this stack's distribution",
		Fix:   strings.Join(others, ", or "),
	}}
}

// isInStackOf reports whether two constructs are in the same stack.
func isInStackOf(a, b constructs.IConstruct) bool {
	return *awscdk.Stack_Of(a).Node().Addr() == *awscdk.Stack_Of(b).Node().Addr()
}

// regionOf returns the Region in the ARN of a resource, or else the Region of the
// stack that makes it. It returns "" if neither is known.
func regionOf(resource constructs.IConstruct, arn string) string {
	if !*awscdk.Token_IsUnresolved(arn) {
		if parts := strings.Split(arn, ":"); len(parts) > 3 {
			return parts[3]
		}
		return ""
	}
	region := awscdk.Stack_Of(resource).Region()
	if *awscdk.Token_IsUnresolved(region) || !*awscdk.Resource_IsOwnedResource(resource) && !*awscdk.CfnResource_IsCfnResource(resource) {
		return ""
	}
	return *region
}

// checkDomain checks a certificate and a zone that the app makes. Package config
// checks what is known of both.
func checkDomain(p *PrivateContentProps) config.Problems {
	if p.Domain == nil {
		return nil
	}
	var problems config.Problems
	if certificate := p.Domain.Certificate; certificate != nil && *awscdk.Token_IsUnresolved(certificate.CertificateArn()) {
		if region := regionOf(certificate, *certificate.CertificateArn()); region != "" && region != usEast1 {
			problems = append(problems, config.Problem{
				Path:  "Domain.Certificate",
				Found: "a certificate in " + safeName(region),
				Fix:   "make it in a stack in us-east-1, or leave it out and write HostedZone: CloudFront accepts certificates of us-east-1 only",
			})
		}
	}
	if zone := p.Domain.HostedZone; zone != nil && *awscdk.Resource_IsOwnedResource(zone) {
		var made awsroute53.CfnHostedZone
		jsii.UnsafeCast(zone.Node().DefaultChild(), &made)
		if networks, _ := awscdk.Stack_Of(zone).Resolve(made.Vpcs()).([]any); len(networks) > 0 {
			problems = append(problems, config.Problem{
				Path:  "Domain.HostedZone",
				Found: "a private zone, whose records viewers cannot look up",
				Fix:   "write a public one, such as an awsroute53.PublicHostedZone",
			})
		}
	}
	return problems
}

// checkAlsoTrust reports keys that are nil.
func checkAlsoTrust(p *PrivateContentProps) config.Problems {
	var problems config.Problems
	for i, key := range p.SigningKeys.AlsoTrust {
		if key == nil {
			problems = append(problems, config.Problem{Path: fmt.Sprintf("SigningKeys.AlsoTrust[%d]", i), Found: "nil", Fix: "write a public key, such as awscloudfront.PublicKey_FromPublicKeyId returns"})
		}
	}
	return problems
}

// checkWebACL checks a web ACL that the app makes, whose ARN is a token.
func checkWebACL(p *PrivateContentProps) config.Problems {
	if _, imported := p.WebACL.(importedWebACL); imported || p.WebACL == nil || !*awscdk.Token_IsUnresolved(p.WebACL.WebAclRef().WebAclArn) {
		return nil // package config checks it
	}
	found := ""
	if region := regionOf(p.WebACL, *p.WebACL.WebAclRef().WebAclArn); region != "" && region != usEast1 {
		found = "a web ACL in " + safeName(region)
	}
	// A CfnWebACL, without importing its package.
	if made, is := p.WebACL.(interface{ Scope() *string }); is && *made.Scope() == "REGIONAL" {
		found = "a web ACL of scope REGIONAL"
	}
	if found == "" {
		return nil
	}
	return config.Problems{{Path: "WebACL", Found: found, Fix: "make one of scope CLOUDFRONT in a stack in us-east-1: CloudFront accepts no other"}}
}

func checkLogDestination(construct constructs.Construct, p *PrivateContentProps) config.Problems {
	if p.AccessLogs == nil {
		return nil
	}
	var problems config.Problems
	if bucket := p.AccessLogs.Bucket; bucket != nil && *topStack(construct).Region() != usEast1 && hasGeneratedName(bucket) && *awscdk.Stack_Of(bucket).Region() != usEast1 {
		problems = append(problems, config.Problem{Path: "AccessLogs.Bucket", Found: "a bucket with a generated name, to which a stack in us-east-1 must refer", Fix: "write its BucketName: the CDK passes only written names to another Region"})
	}
	if p.AccessLogs.LogGroup == nil {
		return problems
	}
	if p.AccessLogs.Bucket != nil {
		problems = append(problems, config.Problem{Path: "AccessLogs.Bucket", Found: "a bucket together with LogGroup", Fix: "write one of the two"})
	}
	if p.AccessLogs.Retention != 0 {
		problems = append(problems, config.Problem{Path: "AccessLogs.Retention", Found: "a retention together with LogGroup", Fix: "leave it out: the log group has its own retention"})
	}
	if region := regionOf(p.AccessLogs.LogGroup, *p.AccessLogs.LogGroup.LogGroupRef().LogGroupArn); region != "" && region != usEast1 {
		problems = append(problems, config.Problem{Path: "AccessLogs.LogGroup", Found: "a log group in " + safeName(region), Fix: "write one in us-east-1: CloudFront delivers its logs there"})
	}
	return problems
}

// hasGeneratedName reports whether CloudFormation generates the name of a bucket of
// the app.
func hasGeneratedName(bucket awss3.IBucket) bool {
	made := cfnBucket(bucket)
	return made != nil && (made.BucketName() == nil || awscdk.Stack_Of(bucket).Resolve(made.BucketName()) == nil)
}

// cfnBucket returns the resource of a bucket of the app, or nil for an imported one.
func cfnBucket(bucket awss3.IBucket) (made awss3.CfnBucket) {
	if *awscdk.Resource_IsOwnedResource(bucket) {
		jsii.UnsafeCast(bucket.Node().DefaultChild(), &made)
	}
	return made
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
			problems = append(problems, config.Problem{Path: fmt.Sprintf("SignerRoleAssumers[%d]", i), Found: "nil", Fix: "write a role of another account, such as awsiam.Role_FromRoleArn returns"})
		} else if !hasNameIn(awscdk.Stack_Of(construct), role) {
			problems = append(problems, config.Problem{Path: fmt.Sprintf("SignerRoleAssumers[%d]", i), Found: "a role whose name is generated in another account or Region", Fix: "write its RoleName, or awscdk.PhysicalName_GENERATE_IF_NEEDED()"})
		}
	}
	for i, grantee := range p.UploadGrantees {
		if found, fix := ungrantable(grantee, p.Bucket); found != "" {
			problems = append(problems, config.Problem{Path: fmt.Sprintf("UploadGrantees[%d]", i), Found: found, Fix: fix})
		}
	}
	return problems
}

// hasNameIn reports whether a stack can refer to a role. The CDK panics for a role
// with a generated name in another account or Region.
func hasNameIn(stack awscdk.Stack, role awsiam.IRole) (has bool) {
	defer func() { _ = recover() }()
	stack.Resolve(role.RoleArn())
	return true
}

// ungrantable returns why a grantee cannot be allowed to upload to an existing
// bucket, or to a new one if bucket is nil.
func ungrantable(grantee awsiam.IGrantable, bucket awss3.IBucket) (found, fix string) {
	if grantee == nil {
		return "nil", "write a role or another grantee"
	}
	if !hasRole(grantee) {
		return "a resource that was imported without its role", "import it with its role, or write the role"
	}
	if _, is := grantee.GrantPrincipal().(awsiam.IIdentity); !is && bucket != nil && cfnBucket(bucket) == nil {
		return "a grantee that only the policy of the imported bucket can allow", "write a role, a user or a group, or leave it out and let the owner of the bucket allow it"
	}
	return "", ""
}

// hasRole reports whether a policy can name the principal of a grantee. The CDK
// panics for a resource that was imported without its role.
func hasRole(grantee awsiam.IGrantable) (has bool) {
	defer func() { _ = recover() }()
	grantee.GrantPrincipal().PolicyFragment()
	return true
}

// checkBehaviors checks the options of Behaviors. Package config checks their
// patterns.
func checkBehaviors(p *PrivateContentProps) config.Problems {
	var problems config.Problems
	for i, b := range p.Behaviors {
		if b.Options == nil {
			continue
		}
		wrong := func(field, found, fix string) {
			problems = append(problems, config.Problem{Path: fmt.Sprintf("Behaviors[%d].Options.%s", i, field), Found: found, Fix: fix})
		}
		if hasNil(b.Options.FunctionAssociations) {
			wrong("FunctionAssociations", "nil among them", "remove it")
			continue
		}
		if hasNil(b.Options.EdgeLambdas) {
			wrong("EdgeLambdas", "nil among them", "remove it")
			continue
		}
		if b.Options.TrustedKeyGroups != nil {
			wrong("TrustedKeyGroups", "key groups", "leave them out: the content's key group is trusted unless the behavior is Public")
		}
		if !b.Public && b.Options.ViewerProtocolPolicy == awscloudfront.ViewerProtocolPolicy_ALLOW_ALL {
			wrong("ViewerProtocolPolicy", string(b.Options.ViewerProtocolPolicy)+", which sends signatures unencrypted", "leave it out: the default is HTTPS only")
		}
		if b.Public && refusesEscapes(p) && seesViewerRequests(b.Options) {
			wrong("FunctionAssociations", "a function for viewer requests, in addition to the one that refuses escapes of signed paths", "remove it, or remove the signed paths: a behavior can have one such function")
		}
	}
	return problems
}

func hasNil[T any](list *[]*T) bool { return list != nil && slices.Contains(*list, nil) }
