package constructs

import (
	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awscertificatemanager"
	"github.com/aws/aws-cdk-go/awscdk/v2/awscloudfront"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsroute53"
	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"
)

// minimumTLS is the security policy of a custom domain. It allows TLS 1.3 and 1.2.
// The newer TLSv1.3_2025 refuses viewers that support only TLS 1.2, such as television
// sets. TLSv1.2_2025 refuses ChaCha20 with TLS 1.2, which processors without AES
// instructions use.
// https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/secure-connections-supported-viewer-protocols-ciphers.html
const minimumTLS = awscloudfront.SecurityPolicyProtocol_TLS_V1_2_2021

// baseURL returns the start of signed URLs.
func baseURL(p *PrivateContentProps, distribution awscloudfront.Distribution) string {
	return "https://" + *domainName(p, distribution)
}

func domainName(p *PrivateContentProps, distribution awscloudfront.Distribution) *string {
	if p.Domain != nil && len(p.Domain.Names) > 0 {
		return jsii.String(p.Domain.Names[0])
	}
	return distribution.DistributionDomainName()
}

// newAliasRecords makes the records of the domain names in their zone, if it is given.
// A distribution without IPv6 has no AAAA records.
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
		// The full stop stops the CDK from appending the zone's name.
		full := jsii.String(name + ".")
		awsroute53.NewARecord(records, jsii.String("A-"+name), &awsroute53.ARecordProps{Zone: p.Domain.HostedZone, RecordName: full, Target: target})
		if !p.AddressRestriction {
			awsroute53.NewAaaaRecord(records, jsii.String("AAAA-"+name), &awsroute53.AaaaRecordProps{Zone: p.Domain.HostedZone, RecordName: full, Target: target})
		}
	}
}

// distributionAlias is a distribution as the target of an alias record. The CDK's own
// type is in a package that imports those of all other targets.
type distributionAlias struct {
	config *awsroute53.AliasRecordTargetConfig
}

// Bind returns the target of the record.
func (a *distributionAlias) Bind(awsroute53.IRecordSet, awsroute53.IHostedZone) *awsroute53.AliasRecordTargetConfig {
	return a.config
}

// cloudFrontZone returns the hosted zone of CloudFront in the stack's partition. It
// uses the same mapping as the CDK's own targets in the stack.
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

// makesCertificate reports whether the content makes a certificate.
func makesCertificate(p *PrivateContentProps) bool {
	return p.Domain != nil && p.Domain.Certificate == nil
}

// newCertificate returns the certificate of the domain, or nil without a domain.
// Without names, a new certificate covers the zone's name and one level of subdomains.
// A new certificate is validated with a record in the hosted zone, which stays there
// so that ACM can renew the certificate.
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
	// A change of the names makes another certificate, but the distribution uses the
	// old one until its own stack is deployed, so CloudFormation could not delete it.
	// The old certificate is kept: it costs nothing and can be deleted by hand.
	var resource awscdk.CfnResource
	jsii.UnsafeCast(certificate.Node().DefaultChild(), &resource)
	resource.CfnOptions().SetUpdateReplacePolicy(awscdk.CfnDeletionPolicy_RETAIN)
	resource.CfnOptions().SetDeletionPolicy(awscdk.CfnDeletionPolicy_DELETE)
	arn := place.outputForMain("CertificateArn", "The certificate of the domain", certificate.CertificateArn())
	return awscertificatemanager.Certificate_FromCertificateArn(scope, jsii.String("Certificate"), arn)
}
