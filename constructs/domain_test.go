package constructs

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"

	"github.com/signedfront/signedfront/constructs/config"
)

const certificateARN = "arn:aws:acm:us-east-1:123456789012:certificate/11111111-2222-3333-4444-555555555555"

var exampleZone = &config.HostedZone{ID: "Z0123456789ABCDEFGHIJ", Name: "example.com"}

func TestDomainIsServedWithItsCertificate(t *testing.T) {
	const want = `{
		"Aliases": ["media.example.com", "*.media.example.com"],
		"ViewerCertificate": {"AcmCertificateArn": %s, "MinimumProtocolVersion": "TLSv1.2_2021", "SslSupportMethod": "sni-only"}
	}`
	names := []string{"media.example.com", "*.media.example.com"}
	for _, test := range []struct {
		name                      string
		region                    string
		domain                    config.Domain
		certificate               string   // in the distribution
		stacks                    []string // and the one of them that makes it
		maker                     string
		onDeletion, onReplacement string
	}{
		{"that exists", "", config.Domain{Names: names, Certificate: certificateARN},
			`"` + certificateARN + `"`, []string{"signedfront-prod"}, "", "", ""},
		{"that is made in the stack, in us-east-1", "us-east-1", config.Domain{Names: names, HostedZone: exampleZone},
			`{"Ref": "ContentDomainCertificate9F3777C6"}`, []string{"signedfront-prod"}, "signedfront-prod", "", ""},
		{"that is made in a companion, elsewhere", "eu-west-1", config.Domain{Names: names, HostedZone: exampleZone},
			`{"Fn::GetStackOutput": {"StackName": "signedfront-prod-certificate", "OutputName": "ContentCertificateArn22B6B7B9", "Region": "us-east-1"}}`,
			[]string{"signedfront-prod", "signedfront-prod-certificate"}, "signedfront-prod-certificate", "Delete", "Retain"},
	} {
		t.Run(test.name, func(t *testing.T) {
			e := environmentOf(t, "prod", `{}`)
			e.Region, e.Content.Domain = test.region, &test.domain
			templates := synthesizeStacks(t, e)
			if got := slices.Sorted(maps.Keys(templates)); !slices.Equal(got, test.stacks) {
				t.Fatalf("stacks %v, want %v", got, test.stacks)
			}
			got := distributionConfig(t, templates["signedfront-prod"])
			maps.DeleteFunc(got, func(property string, _ any) bool { return property != "Aliases" && property != "ViewerCertificate" })
			wantJSON(t, "the distribution", got, fmt.Sprintf(want, test.certificate))

			for name, template := range templates {
				if made := template.all("AWS::CertificateManager::Certificate"); (name == test.maker) != (len(made) == 1) {
					t.Errorf("%s makes the certificates %v", name, made)
				}
			}
			if test.maker == "" {
				return
			}
			id, certificate := templates[test.maker].only(t, "AWS::CertificateManager::Certificate")
			delete(certificate.Properties, "Tags")
			wantJSON(t, "the certificate", certificate.Properties, `{
				"DomainName": "media.example.com",
				"SubjectAlternativeNames": ["*.media.example.com"],
				"ValidationMethod": "DNS",
				"DomainValidationOptions": [{"DomainName": "media.example.com", "HostedZoneId": "Z0123456789ABCDEFGHIJ"}]
			}`)
			if certificate.DeletionPolicy != test.onDeletion || certificate.UpdateReplacePolicy != test.onReplacement {
				t.Errorf("DeletionPolicy %q, UpdateReplacePolicy %q", certificate.DeletionPolicy, certificate.UpdateReplacePolicy)
			}
			if test.maker != "signedfront-prod" {
				wantJSON(t, "what the companion gives", templates[test.maker].Outputs["ContentCertificateArn22B6B7B9"].Value, fmt.Sprintf(`{"Ref": %q}`, id))
			}
		})
	}
}

func TestNamesOfTheDomainPointToTheDistribution(t *testing.T) {
	for _, test := range []struct {
		name   string
		change func(*config.Content)
		want   []string
	}{
		{"over IPv4 and IPv6", func(*config.Content) {},
			[]string{"A *.media.example.com.", "A media.example.com.", "AAAA *.media.example.com.", "AAAA media.example.com."}},
		{"over IPv4 alone where policies name addresses", func(c *config.Content) { c.AddressRestriction = true },
			[]string{"A *.media.example.com.", "A media.example.com."}},
		{"in a zone that another stack names", func(c *config.Content) {
			c.Domain.HostedZone = &config.HostedZone{ID: exampleZone.ID, Name: *awscdk.Fn_ImportValue(jsii.String("ZoneName"))}
		},
			[]string{"A *.media.example.com.", "A media.example.com.", "AAAA *.media.example.com.", "AAAA media.example.com."}},
		{"by records of its owner's where the zone is not given", func(c *config.Content) { c.Domain.HostedZone = nil }, nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			template := synthesizeContent(t, func(c *config.Content) {
				c.Domain = &config.Domain{Names: []string{"media.example.com", "*.media.example.com"}, Certificate: certificateARN, HostedZone: exampleZone}
				test.change(c)
			})
			distributionID, _ := template.only(t, "AWS::CloudFront::Distribution")
			var got []string
			for _, id := range template.all("AWS::Route53::RecordSet") {
				record := template.Resources[id]
				wantJSON(t, "the zone", record.Properties["HostedZoneId"], `"Z0123456789ABCDEFGHIJ"`)
				wantJSON(t, "where "+id+" points to", record.property("AliasTarget", "DNSName"), fmt.Sprintf(`{"Fn::GetAtt": [%q, "DomainName"]}`, distributionID))
				got = append(got, fmt.Sprintf("%v %v", record.Properties["Type"], record.Properties["Name"]))
			}
			slices.Sort(got)
			if !slices.Equal(got, test.want) {
				t.Errorf("got  %q\nwant %q", got, test.want)
			}
		})
	}
}

// The CDK's own alias targets look for the mapping of CloudFront's zones by its id in the
// stack before they make it, and so does this package.
func TestAliasRecordsShareTheMappingOfZonesWithOthersOfTheStack(t *testing.T) {
	app, _ := newApp(t, nil)
	stack := awscdk.NewStack(app, jsii.String("Shared"), nil)
	for _, id := range []string{"First", "Second"} {
		wantJSON(t, id, stack.Resolve(cloudFrontZone(constructs.NewConstruct(stack, jsii.String(id)))),
			`{"Fn::FindInMap": ["AWSCloudFrontPartitionHostedZoneIdMap", {"Ref": "AWS::Partition"}, "zoneId"]}`)
	}
}

func TestURLsAreSignedForTheFirstNameOfTheDomain(t *testing.T) {
	template := synthesizeContent(t, func(c *config.Content) {
		c.Domain = &config.Domain{Names: []string{"media.example.com", "video.example.com"}, Certificate: certificateARN}
	})
	_, document := template.only(t, "AWS::SSM::Parameter")
	if value := fmt.Sprint(document.Properties["Value"]); !strings.Contains(value, `"baseUrl":"https://media.example.com"`) {
		t.Errorf("the document is %s", value)
	}
}

// CloudFront moves a name to a distribution that has a certificate for it.
func TestADomainWithoutNamesHasItsCertificateAlone(t *testing.T) {
	for name, test := range map[string]struct {
		domain      config.Domain
		certificate string // in the distribution
		covers      string // by one that is made
	}{
		"that exists":              {config.Domain{Certificate: certificateARN}, `"` + certificateARN + `"`, ""},
		"that exists, with a zone": {config.Domain{Certificate: certificateARN, HostedZone: exampleZone}, `"` + certificateARN + `"`, ""},
		"that is made":             {config.Domain{HostedZone: exampleZone}, `{"Ref": "ContentDomainCertificate9F3777C6"}`, `["example.com", ["*.example.com"]]`},
	} {
		t.Run(name, func(t *testing.T) {
			with := func(domain *config.Domain) *template {
				e := environmentOf(t, "prod", `{}`)
				e.Region, e.Content.Domain = "us-east-1", domain
				return parseTemplate(t, assembly(t, e)["signedfront-prod.template.json"])
			}
			template := with(&test.domain)
			got := distributionConfig(t, template)
			if aliases, has := got["Aliases"]; has {
				t.Errorf("the distribution has the names %v", aliases)
			}
			wantJSON(t, "the certificate of the distribution", got["ViewerCertificate"], fmt.Sprintf(`{"AcmCertificateArn": %s, "MinimumProtocolVersion": "TLSv1.2_2021", "SslSupportMethod": "sni-only"}`, test.certificate))
			if ids := template.all("AWS::Route53::RecordSet"); ids != nil {
				t.Errorf("it makes the records %v", ids)
			}
			_, document := template.only(t, "AWS::SSM::Parameter")
			_, before := with(nil).only(t, "AWS::SSM::Parameter")
			wantJSON(t, "the document", document.Properties["Value"], string(indented(t, before.Properties["Value"])))
			if test.covers != "" {
				_, made := template.only(t, "AWS::CertificateManager::Certificate")
				wantJSON(t, "what the certificate covers", []any{made.Properties["DomainName"], made.Properties["SubjectAlternativeNames"]}, test.covers)
			}
		})
	}
}
