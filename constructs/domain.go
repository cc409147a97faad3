package constructs

import (
	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awscertificatemanager"
	"github.com/aws/aws-cdk-go/awscdk/v2/awscloudfront"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsroute53"
	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"
)

// minimumTLS is the security policy of a domain of one's own. TLS 1.3 is spoken
// with whoever can; of those that speak 1.2 alone, such as television sets, the
// newer TLSv1.3_2025 lets in none, and TLSv1.2_2025 none that encrypts with
// ChaCha20, which processors without AES instructions do.
// https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/secure-connections-supported-viewer-protocols-ciphers.html
const minimumTLS = awscloudfront.SecurityPolicyProtocol_TLS_V1_2_2021

// baseURL is what signed URLs start with.
func baseURL(p *PrivateContentProps, distribution awscloudfront.Distribution) string {
	return "https://" + *domainName(p, distribution)
}

func domainName(p *PrivateContentProps, distribution awscloudfront.Distribution) *string {
	if p.Domain != nil && len(p.Domain.Names) > 0 {
		return jsii.String(p.Domain.Names[0])
	}
	return distribution.DistributionDomainName()
}

// newAliasRecords points the names of the domain to the distribution, where
// their zone is given. A distribution without IPv6 has no AAAA records.
func newAliasRecords(scope constructs.Construct, p *PrivateContentProps, distribution awscloudfront.Distribution) {
	if p.Domain == nil || p.Domain.HostedZone == nil || len(p.Domain.Names) == 0 {
		return
	}
	records := constructs.NewConstruct(scope, jsii.String("AliasRecords"))
	target := awsroute53.RecordTarget_FromAlias(&distributionAlias{&awsroute53.AliasRecordTargetConfig{
		DnsName:      distribution.DistributionDomainName(),
		HostedZoneId: cloudFrontZone(scope),
	}})
	for _, name := range p.Domain.Names {
		// With a full stop, the CDK does not look for the zone's name at its end.
		full := jsii.String(name + ".")
		awsroute53.NewARecord(records, jsii.String("A-"+name), &awsroute53.ARecordProps{Zone: p.Domain.HostedZone, RecordName: full, Target: target})
		if !p.AddressRestriction {
			awsroute53.NewAaaaRecord(records, jsii.String("AAAA-"+name), &awsroute53.AaaaRecordProps{Zone: p.Domain.HostedZone, RecordName: full, Target: target})
		}
	}
}

// distributionAlias is a distribution as the target of an alias record. The
// CDK's own stands in a package that imports those of all other targets.
type distributionAlias struct {
	config *awsroute53.AliasRecordTargetConfig
}

// Bind returns where the record points to.
func (a *distributionAlias) Bind(awsroute53.IRecordSet, awsroute53.IHostedZone) *awsroute53.AliasRecordTargetConfig {
	return a.config
}

// cloudFrontZone is the hosted zone of CloudFront, by the partition in which the
// stack is deployed. Its mapping is the one that the CDK's own targets of the
// stack look up, or have made.
// https://docs.aws.amazon.com/Route53/latest/APIReference/API_AliasTarget.html
func cloudFrontZone(scope constructs.Construct) *string {
	stack, id := awscdk.Stack_Of(scope), jsii.String("AWSCloudFrontPartitionHostedZoneIdMap")
	var zones awscdk.CfnMapping
	if made := stack.Node().TryFindChild(id); made != nil {
		jsii.UnsafeCast(made, &zones)
	} else {
		zones = awscdk.NewCfnMapping(stack, id, &awscdk.CfnMappingProps{Mapping: &map[string]*map[string]any{
			"aws":    {"zoneId": "Z2FDTNDATAQYW2"},
			"aws-cn": {"zoneId": "Z3RFFRIM2A3IF5"},
		}})
	}
	return zones.FindInMap(awscdk.Aws_PARTITION(), jsii.String("zoneId"), nil)
}

// makesCertificate reports whether a certificate has to be made.
func makesCertificate(p *PrivateContentProps) bool {
	return p.Domain != nil && p.Domain.Certificate == nil
}

// newCertificate is the certificate of the domain, nil where there is none. Where
// no names are given yet, it covers the zone's name and those one level below. One
// that is made proves with a record in the hosted zone that the names are
// yours, and keeps the record, so that it is renewed by itself.
func newCertificate(scope constructs.Construct, p *PrivateContentProps) awscertificatemanager.ICertificate {
	switch {
	case p.Domain == nil:
		return nil
	case p.Domain.Certificate != nil:
		return p.Domain.Certificate
	}
	names := p.Domain.Names
	if len(names) == 0 {
		zone := zoneName(p.Domain.HostedZone)
		names = []string{zone, "*." + zone}
	}
	place := inUSEast1(scope, certificateStack)
	made := constructs.NewConstruct(place.scope, jsii.String("DomainCertificate"))
	certificate := awscertificatemanager.NewCertificate(made, jsii.String("Certificate"), &awscertificatemanager.CertificateProps{
		DomainName:              jsii.String(names[0]),
		SubjectAlternativeNames: jsii.Strings(names[1:]...),
		Validation:              awscertificatemanager.CertificateValidation_FromDns(p.Domain.HostedZone),
	})
	if place.companion == nil {
		return certificate
	}
	// For other names, another certificate is made, while the distribution uses
	// this one until its own stack is deployed: CloudFormation would try in vain
	// to delete it. It costs nothing, and can be deleted by hand after that.
	var resource awscdk.CfnResource
	jsii.UnsafeCast(certificate.Node().DefaultChild(), &resource)
	resource.CfnOptions().SetUpdateReplacePolicy(awscdk.CfnDeletionPolicy_RETAIN)
	resource.CfnOptions().SetDeletionPolicy(awscdk.CfnDeletionPolicy_DELETE)
	arn := place.outputForMain("CertificateArn", "The certificate of the domain", certificate.CertificateArn())
	return awscertificatemanager.Certificate_FromCertificateArn(scope, jsii.String("Certificate"), arn)
}
