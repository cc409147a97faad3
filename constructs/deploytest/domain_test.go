package deploytest

import (
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/acm"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/cloudfront"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
)

// usEast1 is the Region of certificates for CloudFront.
const usEast1 = "us-east-1"

// zoneStack is the stack of the domain's hosted zone, which is not one of ours.
const zoneStack = "domain"

// domainNames are the names of the environment with a domain.
var domainNames = []string{"media.example.com", "*.media.example.com"}

// hostedZone deploys the hosted zone and returns its id.
func (a *account) hostedZone(t *testing.T) string {
	t.Helper()
	a.createStack(t, zoneStack, `{"Resources": {"Zone": {"Type": "AWS::Route53::HostedZone", "Properties": {"Name": "example.com"}}}}`)
	made, err := a.cloudFormation.DescribeStackResource(t.Context(), &cloudformation.DescribeStackResourceInput{StackName: aws.String(zoneStack), LogicalResourceId: aws.String("Zone")})
	if err != nil {
		t.Fatal(err)
	}
	return *made.StackResourceDetail.PhysicalResourceId
}

// hasADomain deploys an environment with a domain name of its own, all its stacks at
// once, and checks them: the certificate in us-east-1, the distribution that uses it,
// and the delivery of access logs in us-east-1.
func (p *app) hasADomain(t *testing.T) {
	resources := p.checkResources(t, stackName(protected))
	certificates := ofType(p.in(usEast1).checkResources(t, stackName(protected)+"-certificate"), "AWS::CertificateManager::Certificate")
	distribution := ofType(resources, "AWS::CloudFront::Distribution")[0].physicalID
	answer, err := p.cloudFront.GetDistribution(t.Context(), &cloudfront.GetDistributionInput{Id: &distribution})
	if err != nil {
		t.Fatal(err)
	}
	config := answer.Distribution.DistributionConfig
	if len(certificates) != 1 || aws.ToString(config.ViewerCertificate.ACMCertificateArn) != certificates[0].physicalID {
		t.Errorf("the distribution has the certificate %s, and %d certificates were created", aws.ToString(config.ViewerCertificate.ACMCertificateArn), len(certificates))
	}
	if !slices.Equal(config.Aliases.Items, domainNames) {
		t.Errorf("it serves %v, want %v", config.Aliases.Items, domainNames)
	}
	if records := ofType(resources, "AWS::Route53::RecordSet"); len(records) != 4 {
		t.Errorf("%d records, want A and AAAA of each name", len(records))
	}
	document, err := p.document(t.Context(), "/signedfront/"+project+"/"+protected)
	if err != nil || document.BaseURL != "https://"+domainNames[0] {
		t.Errorf("URLs start with %+v (%v), want %s", document, err, domainNames[0])
	}

	there := p.in(usEast1)
	for _, source := range ofType(there.checkResources(t, stackName(protected)+"-global"), "AWS::Logs::DeliverySource") {
		answer, err := there.logs.GetDeliverySource(t.Context(), &cloudwatchlogs.GetDeliverySourceInput{Name: &source.physicalID})
		if err != nil {
			t.Fatal(err)
		}
		if arns := answer.DeliverySource.ResourceArns; len(arns) != 1 || !strings.HasSuffix(arns[0], ":distribution/"+distribution) {
			t.Errorf("the access logs are those of %v, want %s", arns, distribution)
		}
	}
}

// in returns the account in another Region.
func (a *account) in(region string) *account {
	other := *a
	config := a.config
	config.Region = region
	other.config, other.cloudFormation = config, cloudformation.NewFromConfig(config)
	other.acm, other.logs = acm.NewFromConfig(config), cloudwatchlogs.NewFromConfig(config)
	return &other
}
