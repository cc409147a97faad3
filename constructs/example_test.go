package constructs_test

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awscertificatemanager"
	"github.com/aws/aws-cdk-go/awscdk/v2/awscloudfront"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsroute53"
	"github.com/aws/aws-cdk-go/awscdk/v2/awss3"
	"github.com/aws/jsii-runtime-go"

	"github.com/signedfront/signedfront/constructs"
	"github.com/signedfront/signedfront/constructs/config"
)

// folder is where the apps of examples are synthesized: one of their own unless
// a test names it.
var folder string

// newApp is awscdk.NewApp without building functions, in a folder that goes when
// it is done.
func newApp() (app awscdk.App, done func()) {
	outdir, remove := folder, func() {}
	if outdir == "" {
		outdir, _ = os.MkdirTemp("", "signedfront-example-")
		remove = func() { os.RemoveAll(outdir) }
	}
	return awscdk.NewApp(&awscdk.AppProps{
		Outdir:  &outdir,
		Context: &map[string]any{"aws:cdk:bundling-stacks": []string{}},
	}), remove
}

// A bucket, a certificate and a hosted zone of the same app are passed as they
// are. The bucket gets its policy, and the zone its records.
func ExampleNewPrivateContent() {
	app, done := newApp()
	defer done()
	stack := awscdk.NewStack(app, jsii.String("Media"), &awscdk.StackProps{
		Env: &awscdk.Environment{Account: jsii.String("123456789012"), Region: jsii.String("us-east-1")},
	})

	zone := awsroute53.NewPublicHostedZone(stack, jsii.String("Zone"), &awsroute53.PublicHostedZoneProps{ZoneName: jsii.String("example.com")})
	certificate := awscertificatemanager.NewCertificate(stack, jsii.String("Certificate"), &awscertificatemanager.CertificateProps{
		DomainName: jsii.String("media.example.com"),
		Validation: awscertificatemanager.CertificateValidation_FromDns(zone),
	})
	bucket := awss3.NewBucket(stack, jsii.String("Files"), &awss3.BucketProps{EnforceSSL: jsii.Bool(true)})

	content, err := constructs.NewPrivateContent(stack, "Content", &constructs.PrivateContentProps{
		Bucket: bucket,
		Domain: &constructs.Domain{
			Names:       []string{"media.example.com"},
			Certificate: certificate,
			HostedZone:  zone,
		},
		OriginAccess: config.OAC,
		PublicPaths:  []string{"/assets/*"},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	content.GrantSign(awsiam.NewRole(stack, jsii.String("App"), &awsiam.RoleProps{
		AssumedBy: awsiam.NewServicePrincipal(jsii.String("lambda.amazonaws.com"), nil),
	}))
	content.AddOutputs(stack)

	app.Synth(nil)
	fmt.Println(*content.DomainName())
	// Output: media.example.com
}

// A further cache behavior, which requires a signature as all else does, and a
// change of the distribution that has no prop here.
func ExamplePrivateContentProps() {
	app, done := newApp()
	defer done()
	stack := awscdk.NewStack(app, jsii.String("Media"), nil)
	_, err := constructs.NewPrivateContent(stack, "Content", &constructs.PrivateContentProps{
		Behaviors: []constructs.Behavior{{
			PathPattern: "/live/*",
			Options:     &awscloudfront.AddBehaviorOptions{CachePolicy: awscloudfront.CachePolicy_CACHING_DISABLED()},
		}},
		ConfigureDistribution: func(props *awscloudfront.DistributionProps) {
			props.Comment = jsii.String("Films")
		},
	})
	fmt.Println(err)
	// Output: <nil>
}

// Everything that is wrong is one error.
func ExampleNewPrivateContent_mistakes() {
	app, done := newApp()
	defer done()
	stack := awscdk.NewStack(app, jsii.String("Media"), nil)
	_, err := constructs.NewPrivateContent(stack, "Content", &constructs.PrivateContentProps{
		PublicPaths: []string{"assets/*"},
		Encryption:  config.EncryptionKMS,
	})
	fmt.Println(err)
	// Output:
	// Media/Content: 2 problems:
	//   Encryption: "kms" with OriginAccess "oai"; move OriginAccess to "oac" first, or write "s3": an origin access identity cannot read what KMS encrypts
	//   PublicPaths[0]: "assets/*"; write "/assets/*": a pattern starts with / or *
}

func TestTemplateOfTheExampleRefersToBucketCertificateAndZone(t *testing.T) {
	folder = t.TempDir()
	defer func() { folder = "" }()
	ExampleNewPrivateContent()
	text, err := os.ReadFile(filepath.Join(folder, "Media.template.json"))
	if err != nil {
		t.Fatal(err)
	}
	var template struct {
		Resources map[string]struct {
			Type       string
			Properties map[string]any
		}
		Outputs map[string]any
	}
	if err := json.Unmarshal(text, &template); err != nil {
		t.Fatal(err)
	}
	ids := map[string][]string{}
	for id, resource := range template.Resources {
		ids[resource.Type] = append(ids[resource.Type], id)
	}
	if len(ids["AWS::S3::Bucket"]) != 1 || len(ids["AWS::CertificateManager::Certificate"]) != 1 || len(ids["AWS::Route53::HostedZone"]) != 1 {
		t.Fatalf("buckets %v, certificates %v, zones %v", ids["AWS::S3::Bucket"], ids["AWS::CertificateManager::Certificate"], ids["AWS::Route53::HostedZone"])
	}
	for resourceType, want := range map[string][]string{
		"AWS::CloudFront::Distribution": {
			`"Aliases":["media.example.com"]`, `"AcmCertificateArn":{"Ref":"` + ids["AWS::CertificateManager::Certificate"][0] + `"}`,
			`"DomainName":{"Fn::GetAtt":["` + ids["AWS::S3::Bucket"][0] + `","RegionalDomainName"]}`,
			`"PathPattern":"/assets/*"`, `"TrustedKeyGroups":[{"Ref":"` + ids["AWS::CloudFront::KeyGroup"][0] + `"}]`,
		},
		"AWS::S3::BucketPolicy":   {`"Action":"s3:GetObject"`, `"Service":"cloudfront.amazonaws.com"`, `{"Ref":"` + ids["AWS::CloudFront::Distribution"][0] + `"}`, `"aws:SecureTransport":"false"`},
		"AWS::Route53::RecordSet": {`"Name":"media.example.com."`, `"HostedZoneId":{"Ref":"` + ids["AWS::Route53::HostedZone"][0] + `"}`},
		"AWS::SSM::Parameter":     {`\"baseUrl\":\"https://media.example.com\"`},
	} {
		for _, id := range ids[resourceType] {
			made, err := json.Marshal(template.Resources[id].Properties)
			if err != nil {
				t.Fatal(err)
			}
			for _, part := range want {
				if !strings.Contains(string(made), part) {
					t.Errorf("%s lacks %s:\n%s", id, part, made)
				}
			}
		}
		if ids[resourceType] == nil {
			t.Errorf("no %s", resourceType)
		}
	}
	if template.Outputs["RequiredBucketPolicy"] != nil {
		t.Error("its bucket's owner is asked for a policy that the app writes")
	}
}
