//go:build deploy

package deploytest

import (
	"path/filepath"
	"slices"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/acm"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/cloudfront"
)

// usEast1 is where certificates for CloudFront are.
const usEast1 = "us-east-1"

// hasADomain deploys an environment under a name of its own, all of its stacks
// at once: the certificate in us-east-1, and with it the distribution elsewhere.
// It runs last, for it bootstraps another Region.
func (p *app) hasADomain(t *testing.T) {
	const (
		environment = "shop"
		zone        = `{"Resources": {"Zone": {"Type": "AWS::Route53::HostedZone", "Properties": {"Name": "example.com"}}}}`
	)
	if said, err := p.cdk(t, t.TempDir(), "bootstrap", "aws://"+accountID+"/"+usEast1); err != nil {
		t.Fatalf("%v\n%s", err, said)
	}
	p.createStack(t, "domain", zone)
	made, err := p.cloudFormation.DescribeStackResource(t.Context(), &cloudformation.DescribeStackResourceInput{StackName: aws.String("domain"), LogicalResourceId: aws.String("Zone")})
	if err != nil {
		t.Fatal(err)
	}
	names := []string{"media.example.com", "*.media.example.com"}
	p.configure(t, func(environments map[string]any) {
		environments[environment] = map[string]any{
			"ephemeral": true, "account": accountID, "region": region,
			"domain": map[string]any{
				"names":      names,
				"hostedZone": map[string]any{"id": *made.StackResourceDetail.PhysicalResourceId, "name": "example.com"},
			},
		}
	})

	only := []string{"--all", "-c", "env=" + environment}
	deploy := append([]string{"deploy"}, only...)
	outputs := filepath.Join(p.transcript, "outputs-domain.json")
	if said, err := p.cdk(t, p.folder, append(deploy, "--require-approval", "never", "--outputs-file", outputs, "-c", p.processor())...); err != nil {
		t.Fatalf("%v\n%s", err, said)
	}
	resources := p.checkResources(t, stackName(environment))
	certificates := ofType(p.in(usEast1).checkResources(t, stackName(environment)+"-certificate"), "AWS::CertificateManager::Certificate")
	answer, err := p.cloudFront.GetDistribution(t.Context(), &cloudfront.GetDistributionInput{Id: &ofType(resources, "AWS::CloudFront::Distribution")[0].physicalID})
	if err != nil {
		t.Fatal(err)
	}
	config := answer.Distribution.DistributionConfig
	if len(certificates) != 1 || aws.ToString(config.ViewerCertificate.ACMCertificateArn) != certificates[0].physicalID {
		t.Errorf("the distribution has the certificate %s, made were %d", aws.ToString(config.ViewerCertificate.ACMCertificateArn), len(certificates))
	}
	if !slices.Equal(config.Aliases.Items, names) {
		t.Errorf("it serves %v, want %v", config.Aliases.Items, names)
	}
	if records := ofType(resources, "AWS::Route53::RecordSet"); len(records) != 4 {
		t.Errorf("%d records, want A and AAAA of each name", len(records))
	}
	document, err := p.document(t.Context(), "/signedfront/"+project+"/"+environment)
	if err != nil || document.BaseURL != "https://"+names[0] {
		t.Errorf("URLs start with %+v (%v), want %s", document, err, names[0])
	}

	if said, err := p.cdk(t, p.folder, append([]string{"destroy", "--force"}, only...)...); err != nil {
		t.Fatalf("%v\n%s", err, said)
	}
	left, err := p.acm.ListCertificates(t.Context(), nil, func(o *acm.Options) { o.Region = usEast1 })
	if err != nil {
		t.Fatal(err)
	}
	for _, certificate := range left.CertificateSummaryList {
		t.Errorf("the certificate of %s is still there", *certificate.DomainName)
	}
	for name, account := range map[string]*account{stackName(environment): p.account, stackName(environment) + "-certificate": p.in(usEast1)} {
		if _, err := account.cloudFormation.DescribeStacks(t.Context(), &cloudformation.DescribeStacksInput{StackName: &name}); err == nil {
			t.Errorf("%s is still there", name)
		}
	}
}

// in is the account as it is seen from another Region.
func (a *account) in(region string) *account {
	other := *a
	config := a.config
	config.Region = region
	other.config, other.cloudFormation = config, cloudformation.NewFromConfig(config)
	return &other
}
