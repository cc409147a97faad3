package constructs

import (
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awscertificatemanager"
	"github.com/aws/aws-cdk-go/awscdk/v2/awscloudfront"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsec2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/aws-cdk-go/awscdk/v2/awskms"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslambda"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslogs"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsroute53"
	"github.com/aws/aws-cdk-go/awscdk/v2/awss3"
	"github.com/aws/aws-cdk-go/awscdk/v2/awswafv2"
	"github.com/aws/aws-cdk-go/awscdk/v2/interfaces/interfacesawscloudfront"
	"github.com/aws/jsii-runtime-go"

	"github.com/signedfront/signedfront/constructs/config"
)

// A setting that has a prop of its name and type is copied; every other one is
// converted in propsOf and settingsOf, and named here.
func TestEverySettingHasAPropAndEveryPropASetting(t *testing.T) {
	converted := []string{"AccessLogs", "Behaviors", "Bucket", "Domain", "SigningKeys", "Versions", "WebACL"}
	onlySettings := []string{"Signers", "Uploads"} // SignGrantees and SignerRoleAssumers, UploadOrigins and UploadGrantees
	onlyProps := []string{"ConfigureDistribution", "EncryptionKey", "SignGrantees", "SignerRoleAssumers", "UploadGrantees", "UploadOrigins"}

	settings, props := reflect.TypeFor[config.Content](), reflect.TypeFor[PrivateContentProps]()
	for _, of := range []struct {
		from, to reflect.Type
		alone    []string
	}{{settings, props, onlySettings}, {props, settings, onlyProps}} {
		for i := range of.from.NumField() {
			field := of.from.Field(i)
			other, has := of.to.FieldByName(field.Name)
			copied := has && other.Type == field.Type
			if has != !slices.Contains(of.alone, field.Name) {
				t.Errorf("%s of %s: in %s as well: %t", field.Name, of.from, of.to, has)
			}
			if has && copied == slices.Contains(converted, field.Name) {
				t.Errorf("%s of %s: copied: %t", field.Name, of.from, copied)
			}
		}
	}
}

// comments returns the comments of the fields of a struct up to their defaults.
func comments(t *testing.T, file, structName string) map[string]string {
	t.Helper()
	parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.ParseComments)
	if err != nil {
		t.Fatal(err)
	}
	texts := map[string]string{}
	ast.Inspect(parsed, func(n ast.Node) bool {
		spec, is := n.(*ast.TypeSpec)
		if !is || spec.Name.Name != structName {
			return true
		}
		for _, field := range spec.Type.(*ast.StructType).Fields.List {
			text, _, _ := strings.Cut(field.Doc.Text(), "\n\n")
			texts[field.Names[0].Name] = strings.Join(strings.Fields(text), " ")
		}
		return false
	})
	return texts
}

func TestThePropsSayWhatTheSettingsSay(t *testing.T) {
	// Their types are those of the CDK, so they say what else a prop accepts.
	differ := map[string]string{
		"Content":     "Bucket BucketPath Behaviors SigningKeys WebACL",
		"Domain":      "Certificate",
		"SigningKeys": "AlsoTrust",
	}
	for settings, file := range map[string]string{"Content": "content.go", "Domain": "domain.go", "SigningKeys": "signing_keys.go", "Versions": "versions.go"} {
		of := settings
		if settings == "Content" {
			of = "PrivateContentProps"
		}
		props := comments(t, "props.go", of)
		equal := 0
		for name, want := range comments(t, "config/"+file, settings) {
			text, has := props[name]
			if !has || slices.Contains(strings.Fields(differ[settings]), name) {
				continue
			}
			if !strings.HasPrefix(text, want) {
				t.Errorf("%s.%s in props.go:\n%s\nin config:\n%s", of, name, text, want)
			}
			equal++
		}
		if equal == 0 {
			t.Errorf("%s has no setting of the same words", of)
		}
	}
}

// contentIn makes content in a stack and returns it with the stack's template.
func contentIn(t *testing.T, props func(stack awscdk.Stack) *PrivateContentProps) (*PrivateContent, *template) {
	t.Helper()
	app, outdir := newApp(t, nil)
	stack := newStack(app, "Media")
	content, err := NewPrivateContent(stack, "Content", props(stack))
	if err != nil {
		t.Fatal(err)
	}
	content.AddOutputs(stack)
	app.Synth(nil)
	return content, readTemplate(t, outdir, "Media")
}

func TestABucketOfTheSameAppGetsItsPolicyAndItsCORSRule(t *testing.T) {
	for _, access := range originAccesses {
		t.Run(string(access), func(t *testing.T) {
			content, template := contentIn(t, func(stack awscdk.Stack) *PrivateContentProps {
				return &PrivateContentProps{
					Bucket: awss3.NewBucket(stack, jsii.String("Files"), nil), OriginAccess: access, Ephemeral: true,
					CORS: &config.CORS{Origins: []string{"https://app.example.com"}},
				}
			})
			id, bucket := template.only(t, "AWS::S3::Bucket")
			_, policy := template.only(t, "AWS::S3::BucketPolicy")
			distribution, _ := template.only(t, "AWS::CloudFront::Distribution")
			var want []string
			read := `{"Effect": "Allow", "Action": "s3:GetObject", "Resource": {"Fn::Join": ["", [{"Fn::GetAtt": [%q, "Arn"]}, "/*"]]}, "Principal": %s%s}`
			if access.HasIdentity() {
				identity, _ := template.only(t, "AWS::CloudFront::CloudFrontOriginAccessIdentity")
				want = append(want, fmt.Sprintf(read, id, fmt.Sprintf(`{"CanonicalUser": {"Fn::GetAtt": [%q, "S3CanonicalUserId"]}}`, identity), ""))
			}
			if access.HasControl() {
				source := fmt.Sprintf(`{"Fn::Join": ["", ["arn:", {"Ref": "AWS::Partition"}, ":cloudfront::", {"Ref": "AWS::AccountId"}, ":distribution/", {"Ref": %q}]]}`, distribution)
				want = append(want, fmt.Sprintf(read, id, `{"Service": "cloudfront.amazonaws.com"}`, `, "Condition": {"StringEquals": {"AWS:SourceArn": `+source+`}}`))
			}
			wantJSON(t, "the policy", policy.property("PolicyDocument", "Statement"), "["+strings.Join(want, ",")+"]")
			wantJSON(t, "the CORS rules", bucket.property("CorsConfiguration", "CorsRules"), `[{
				"AllowedOrigins": ["https://app.example.com"], "AllowedMethods": ["GET", "HEAD"],
				"AllowedHeaders": ["Range", "If-Range", "If-None-Match", "If-Modified-Since"]
			}]`)
			if content.RequiredBucketPolicy() != nil || content.RequiredBucketCORS() != nil {
				t.Error("its owner is asked for what the app has written")
			}
			// A bucket that we did not make is not ours to empty.
			if emptied := template.all("Custom::EmptyBucket"); emptied != nil || bucket.Properties["Tags"] != nil {
				t.Errorf("it is emptied by %v, tags %v", emptied, bucket.Properties["Tags"])
			}
			if bucket.DeletionPolicy != "Retain" {
				t.Errorf("DeletionPolicy %s, which is not the bucket's own", bucket.DeletionPolicy)
			}
		})
	}
}

func TestABucketOfAnotherStackIsReadByAnIdentityAlone(t *testing.T) {
	for _, access := range originAccesses {
		for _, flag := range []string{"weak", "strong"} {
			t.Run(string(access)+" with references that are "+flag, func(t *testing.T) {
				app, outdir := newApp(t, map[string]any{"@aws-cdk/core:defaultCrossStackReferences": flag})
				bucket := awss3.NewBucket(newStack(app, "Storage"), jsii.String("Files"), nil)
				_, err := NewPrivateContent(newStack(app, "Media"), "Content", &PrivateContentProps{Bucket: bucket, OriginAccess: access})
				if access != config.OAI {
					if !strings.Contains(errorText(err), "Media/Content: Bucket: a bucket of another stack, with an origin access control") {
						t.Errorf("got %v", err)
					}
					return
				}
				if err != nil {
					t.Fatal(err)
				}
				app.Synth(nil)
				storage := readTemplate(t, outdir, "Storage")
				identity, _ := storage.only(t, "AWS::CloudFront::CloudFrontOriginAccessIdentity")
				_, policy := storage.only(t, "AWS::S3::BucketPolicy")
				if text := fmt.Sprint(policy.Properties); !strings.Contains(text, identity) {
					t.Errorf("the policy is %s", text)
				}
			})
		}
	}
}

func TestAKeyOfOnesOwnLetsCloudFrontDecrypt(t *testing.T) {
	for _, test := range []struct {
		name     string
		props    func(stack awscdk.Stack) *PrivateContentProps
		imported bool
	}{
		{"of a new bucket", func(stack awscdk.Stack) *PrivateContentProps {
			return &PrivateContentProps{EncryptionKey: awskms.NewKey(stack, jsii.String("Key"), nil)}
		}, false},
		{"of a given bucket", func(stack awscdk.Stack) *PrivateContentProps {
			return &PrivateContentProps{Bucket: awss3.NewBucket(stack, jsii.String("Files"), &awss3.BucketProps{EncryptionKey: awskms.NewKey(stack, jsii.String("Key"), nil)})}
		}, false},
		{"that is imported, whose policy its owner changes", func(stack awscdk.Stack) *PrivateContentProps {
			return &PrivateContentProps{EncryptionKey: awskms.Key_FromKeyArn(stack, jsii.String("Key"), jsii.String("arn:aws:kms:eu-west-1:123456789012:key/0f51a2d0-7c1e-41ef-9d5a-0a1b2c3d4e5f"))}
		}, true},
	} {
		t.Run(test.name, func(t *testing.T) {
			content, template := contentIn(t, func(stack awscdk.Stack) *PrivateContentProps {
				props := test.props(stack)
				props.OriginAccess = config.OAC
				props.UploadGrantees = []awsiam.IGrantable{awsiam.NewRole(stack, jsii.String("Uploader"), &awsiam.RoleProps{AssumedBy: awsiam.NewServicePrincipal(jsii.String("lambda.amazonaws.com"), nil)})}
				return props
			})
			_, bucket := template.only(t, "AWS::S3::Bucket")
			if text := fmt.Sprint(bucket.Properties["BucketEncryption"]); !strings.Contains(text, "aws:kms") {
				t.Errorf("the bucket is encrypted with %s", text)
			}
			if test.imported != (content.RequiredKeyPolicy() != nil) {
				t.Errorf("required of the key's owner: %v", content.RequiredKeyPolicy())
			}
			if test.imported {
				if value := fmt.Sprint(template.Outputs["RequiredKeyPolicy"].Value); !strings.Contains(value, `"Action":"kms:Decrypt"`) {
					t.Errorf("the output is %s", value)
				}
				return
			}
			_, key := template.only(t, "AWS::KMS::Key")
			statements, _ := key.property("KeyPolicy", "Statement").([]any)
			if !slices.ContainsFunc(statements, func(statement any) bool {
				s := statement.(map[string]any)
				return s["Action"] == "kms:Decrypt" && fmt.Sprint(s["Principal"]) == "map[Service:cloudfront.amazonaws.com]"
			}) {
				t.Errorf("the key's policy says %v", statements)
			}
			_, uploader := template.only(t, "AWS::IAM::Policy")
			if text := fmt.Sprint(uploader.Properties); !strings.Contains(text, "kms:GenerateDataKey") || !strings.Contains(text, "s3:PutObject") {
				t.Errorf("the uploader may %s", text)
			}
		})
	}
}

func TestLogsGoToABucketOrALogGroupOfTheApp(t *testing.T) {
	app, outdir := newApp(t, nil)
	stack := awscdk.NewStack(app, jsii.String("Media"), &awscdk.StackProps{Env: &awscdk.Environment{Region: jsii.String("us-east-1"), Account: jsii.String("123456789012")}})
	logs := awss3.NewBucket(stack, jsii.String("Logs"), nil)
	group := awslogs.NewLogGroup(stack, jsii.String("Group"), nil)
	for id, to := range map[string]*AccessLogs{"InBucket": {Bucket: logs}, "InGroup": {LogGroup: group}} {
		if _, err := NewPrivateContent(stack, id, &PrivateContentProps{AccessLogs: to}); err != nil {
			t.Fatal(err)
		}
	}
	app.Synth(nil)
	template := readTemplate(t, outdir, "Media")
	id := template.withPrefix("AWS::S3::Bucket", "Logs")
	wantJSON(t, "the bucket's policy", template.Resources[template.withPrefix("AWS::S3::BucketPolicy", "Logs")].property("PolicyDocument", "Statement"), fmt.Sprintf(`[{
		"Effect": "Allow", "Action": "s3:PutObject", "Principal": {"Service": "delivery.logs.amazonaws.com"},
		"Resource": {"Fn::Join": ["", [{"Fn::GetAtt": [%q, "Arn"]}, "/cloudfront/*"]]},
		"Condition": {
			"StringEquals": {"s3:x-amz-acl": "bucket-owner-full-control", "aws:SourceAccount": "123456789012"},
			"ArnLike": {"aws:SourceArn": "arn:aws:logs:us-east-1:123456789012:delivery-source:*"}
		}
	}]`, id))
	destination := func(content string) any {
		return template.Resources[template.withPrefix("AWS::Logs::DeliveryDestination", content)].Properties["DestinationResourceArn"]
	}
	wantJSON(t, "to the bucket", destination("InBucket"), fmt.Sprintf(`{"Fn::Join": ["", ["arn:aws:s3:::", {"Ref": %q}, "/cloudfront"]]}`, id))
	wantJSON(t, "to the log group", destination("InGroup"), fmt.Sprintf(`{"Fn::GetAtt": [%q, "Arn"]}`, template.withPrefix("AWS::Logs::LogGroup", "Group")))
}

func TestAZoneThatIsKnownByItsIdAloneGetsTheRecords(t *testing.T) {
	_, template := contentIn(t, func(stack awscdk.Stack) *PrivateContentProps {
		return &PrivateContentProps{Domain: &Domain{
			Names:       []string{"media.example.com"},
			Certificate: awscertificatemanager.Certificate_FromCertificateArn(stack, jsii.String("Certificate"), jsii.String(certificateARN)),
			HostedZone:  awsroute53.HostedZone_FromHostedZoneId(stack, jsii.String("Zone"), jsii.String("Z0123456789ABCDEFGHIJ")),
		}}
	})
	if records := template.all("AWS::Route53::RecordSet"); len(records) != 2 {
		t.Errorf("records %v", records)
	}
}

func webACLOf(stack awscdk.Stack, id, scope string) awswafv2.CfnWebACL {
	return awswafv2.NewCfnWebACL(stack, jsii.String(id), &awswafv2.CfnWebACLProps{
		Scope: jsii.String(scope), DefaultAction: map[string]any{"allow": map[string]any{}},
		VisibilityConfig: &awswafv2.CfnWebACL_VisibilityConfigProperty{CloudWatchMetricsEnabled: false, MetricName: jsii.String(id), SampledRequestsEnabled: false},
	})
}

func TestResourcesOfTheAppThatAnL1MadeOrThatHaveMoreAreTaken(t *testing.T) {
	app, outdir := newApp(t, nil)
	virginia := awscdk.NewStack(app, jsii.String("Media"), &awscdk.StackProps{Env: &awscdk.Environment{Region: jsii.String("us-east-1")}})
	content, err := NewPrivateContent(virginia, "Content", &PrivateContentProps{
		Bucket: awss3.Bucket_FromCfnBucket(awss3.NewCfnBucket(virginia, jsii.String("Plain"), nil)),
		CORS:   &config.CORS{Origins: []string{"https://app.example.com"}},
		WebACL: webACLOf(virginia, "Global", "CLOUDFRONT"),
		Domain: &Domain{
			Names: []string{"media.example.com"},
			Certificate: awscertificatemanager.Certificate_FromCertificateArn(virginia, jsii.String("Certificate"),
				awscdk.NewCfnParameter(virginia, jsii.String("CertificateArn"), nil).ValueAsString()),
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := NewPrivateContent(virginia, "Emptied", &PrivateContentProps{Bucket: awss3.NewBucket(virginia, jsii.String("Files"), &awss3.BucketProps{
		AutoDeleteObjects: jsii.Bool(true), RemovalPolicy: awscdk.RemovalPolicy_DESTROY, Versioned: jsii.Bool(true),
	})}); err != nil {
		t.Fatal(err)
	}
	app.Synth(nil)
	template := readTemplate(t, outdir, "Media")
	if policies := template.all("AWS::S3::BucketPolicy"); len(policies) != 2 || content.RequiredBucketPolicy() != nil {
		t.Errorf("policies %v, its owner is asked for %v", policies, content.RequiredBucketPolicy())
	}
	// The rules of an L1 are its owner's.
	if content.RequiredBucketCORS() == nil {
		t.Error("nobody writes the CORS rule")
	}
}

func TestWhatIsWrongWithResourcesOfTheCDKIsOneError(t *testing.T) {
	app, _ := newApp(t, nil)
	stack := awscdk.NewStack(app, jsii.String("Media"), &awscdk.StackProps{Env: &awscdk.Environment{Account: jsii.String("123456789012"), Region: jsii.String("eu-west-1")}})
	key, files := awskms.NewKey(stack, jsii.String("Key"), nil), awss3.NewBucket(stack, jsii.String("Files"), nil)
	zone := awsroute53.HostedZone_FromHostedZoneAttributes(stack, jsii.String("Zone"), &awsroute53.HostedZoneAttributes{HostedZoneId: jsii.String("Z0123456789ABCDEFGHIJ"), ZoneName: jsii.String("example.com.")})
	elsewhere := awscdk.NewStack(app, jsii.String("Elsewhere"), &awscdk.StackProps{Env: &awscdk.Environment{Account: jsii.String("123456789012"), Region: jsii.String("eu-central-1")}})
	role := func(id, arn string) awsiam.IRole {
		return awsiam.Role_FromRoleArn(stack, jsii.String(id), jsii.String(arn), nil)
	}
	for name, test := range map[string]struct {
		props PrivateContentProps
		want  []string
	}{
		"certificate, zone, logs and grantees": {PrivateContentProps{
			Domain: &Domain{
				Names:       []string{"media.example.org"},
				Certificate: awscertificatemanager.NewCertificate(stack, jsii.String("Certificate"), &awscertificatemanager.CertificateProps{DomainName: jsii.String("media.example.org")}),
				HostedZone:  zone,
			},
			AccessLogs: &AccessLogs{
				Bucket: awss3.NewBucket(stack, jsii.String("Logs"), nil), Retention: 24 * time.Hour,
				LogGroup: awslogs.NewLogGroup(stack, jsii.String("Group"), nil),
			},
			SigningKeys:        SigningKeys{AlsoTrust: []interfacesawscloudfront.IPublicKeyRef{nil}},
			SignGrantees:       []awsiam.IGrantable{nil, awsiam.NewServicePrincipal(jsii.String("ec2.amazonaws.com"), nil), role("Other", "arn:aws:iam::444455556666:role/web")},
			SignerRoleAssumers: []awsiam.IRole{role("Star", "arn:aws:iam::444455556666:role/w*"), nil},
			UploadGrantees:     []awsiam.IGrantable{nil},
			UploadOrigins:      []string{"app.example.com"},
			MaxKeyAge:          time.Second,
		}, []string{
			"AccessLogs.Bucket: a bucket together with LogGroup", "AccessLogs.Bucket: a bucket with a generated name", "AccessLogs.LogGroup: a log group in eu-west-1", "AccessLogs.Retention: a retention together with LogGroup",
			"AccessLogs.Retention: a retention with an existing bucket", "Domain.Certificate: a certificate in eu-west-1", `Domain.Names[0]: "media.example.org"`, "MaxKeyAge: 1s",
			"SignGrantees[0]: nil", "SignGrantees[1]: a grantee to which IAM cannot attach a policy", "SignGrantees[2]: a grantee of account 444455556666",
			`SignerRoleAssumers[0]: "arn:aws:iam::444455556666:role/w*", with one of`, "SignerRoleAssumers[1]: nil",
			"SigningKeys.AlsoTrust[0]: nil", "UploadGrantees[0]: nil", `UploadOrigins[0]: "app.example.com"; write the scheme and the host`,
		}},
		"a public key by no id": {PrivateContentProps{SigningKeys: SigningKeys{AlsoTrust: []interfacesawscloudfront.IPublicKeyRef{
			awscloudfront.PublicKey_FromPublicKeyId(stack, jsii.String("NoKey"), jsii.String("E1A2B3C4D5E6F7"))}}},
			[]string{`SigningKeys.AlsoTrust[0]: "E1A2B3C4D5E6F7"; write the id of a public key`}},
		"a certificate by its ARN": {PrivateContentProps{Domain: &Domain{Names: []string{"media.example.com"},
			Certificate: awscertificatemanager.Certificate_FromCertificateArn(stack, jsii.String("Imported"), jsii.String("arn:aws:acm:eu-west-1:123456789012:certificate/a"))}},
			[]string{"Domain.Certificate: a certificate in eu-west-1"}},
		"a bucket and how a new one is encrypted": {PrivateContentProps{
			Bucket:     awss3.NewBucket(stack, jsii.String("Encrypted"), &awss3.BucketProps{EncryptionKey: key}),
			Encryption: config.EncryptionKMS, EncryptionKey: key,
		}, []string{"Bucket: a bucket that is encrypted with KMS, which an origin access identity cannot read", `Encryption: "kms" with an existing bucket`, "EncryptionKey: a key together with Bucket"}},
		"versions that are kept for no time":          {PrivateContentProps{Versions: &Versions{}}, []string{"Versions.Keep: missing"}},
		"versions that are kept for a part of a day":  {PrivateContentProps{Versions: &Versions{Keep: awscdk.Duration_Hours(jsii.Number(25.5))}}, []string{"Versions.Keep: 1d1h30m; write 1d or 2d"}},
		"versions that are kept for a token":          {PrivateContentProps{Versions: &Versions{Keep: awscdk.Duration_Days(awscdk.Token_AsNumber(map[string]any{"Ref": "Days"}))}}, []string{"Versions.Keep: a token; write a number of days"}},
		"versions that are kept for a thousand years": {PrivateContentProps{Versions: &Versions{Keep: awscdk.Duration_Days(jsii.Number(365000))}}, []string{"Versions.Keep: 36500d; write 3650d or less"}},
		"versions of a given bucket":                  {PrivateContentProps{Bucket: files, Versions: &Versions{Keep: awscdk.Duration_Days(jsii.Number(30))}}, []string{"Versions: versions of an existing bucket"}},
		"a bucket whose key is AWS's": {PrivateContentProps{
			Bucket: awss3.NewBucket(stack, jsii.String("Managed"), &awss3.BucketProps{Encryption: awss3.BucketEncryption_KMS_MANAGED}), OriginAccess: config.OAC,
		}, []string{"Bucket: a bucket that is encrypted with the key aws/s3"}},
		"a bucket of another Region": {PrivateContentProps{Bucket: awss3.NewBucket(elsewhere, jsii.String("Files"), nil)}, []string{"Bucket: a bucket of a stack with another account or Region"}},
		"a bucket of a Region that no identity reads": {PrivateContentProps{
			Bucket: awss3.Bucket_FromBucketAttributes(stack, jsii.String("Melbourne"), &awss3.BucketAttributes{BucketName: jsii.String("media"), Region: jsii.String("ap-southeast-4")}),
		}, []string{`Bucket: its Region: "ap-southeast-4"; write originAccess "oac"`}},
		"a key of another Region": {PrivateContentProps{EncryptionKey: awskms.NewKey(elsewhere, jsii.String("Key"), nil), OriginAccess: config.OAC}, []string{"EncryptionKey: a key in eu-central-1; write one in eu-west-1"}},
		"a private zone": {PrivateContentProps{Domain: &Domain{
			Names: []string{"media.example.com"}, Certificate: awscertificatemanager.Certificate_FromCertificateArn(stack, jsii.String("Given"), jsii.String(certificateARN)),
			HostedZone: awsroute53.NewHostedZone(stack, jsii.String("Private"), &awsroute53.HostedZoneProps{
				ZoneName: jsii.String("example.com"), Vpcs: &[]awsec2.IVpc{awsec2.NewVpc(stack, jsii.String("Network"), nil)},
			}),
		}}, []string{"Domain.HostedZone: a private zone"}},
		"a web ACL of the Region":     {PrivateContentProps{WebACL: webACLOf(stack, "Regional", "REGIONAL")}, []string{"WebACL: a web ACL of scope REGIONAL"}},
		"a web ACL of another Region": {PrivateContentProps{WebACL: webACLOf(stack, "Global", "CLOUDFRONT")}, []string{"WebACL: a web ACL in eu-west-1"}},
		"a role without a name":       {PrivateContentProps{SignerRoleAssumers: []awsiam.IRole{awsiam.NewRole(elsewhere, jsii.String("App"), &awsiam.RoleProps{AssumedBy: awsiam.NewAccountRootPrincipal()})}}, []string{"SignerRoleAssumers[0]: a role whose name is generated"}},
		"grantees that nobody can name": {PrivateContentProps{
			Bucket: awss3.Bucket_FromBucketName(stack, jsii.String("Theirs"), jsii.String("media")),
			UploadGrantees: []awsiam.IGrantable{
				awslambda.Function_FromFunctionName(stack, jsii.String("Function"), jsii.String("app")),
				awsiam.NewServicePrincipal(jsii.String("ec2.amazonaws.com"), nil),
				role("Editor", "arn:aws:iam::123456789012:role/editor"),
			},
		}, []string{"UploadGrantees[0]: a resource that was imported without its role", "UploadGrantees[1]: a grantee that only the policy of the imported bucket can allow"}},
		"a bucket together with a key": {PrivateContentProps{Bucket: files, EncryptionKey: key}, []string{"EncryptionKey: a key together with Bucket"}},
		"a key that is not used":       {PrivateContentProps{Encryption: config.EncryptionS3, EncryptionKey: key}, []string{`EncryptionKey: a key with Encryption "s3"`}},
		"a key that is not read":       {PrivateContentProps{EncryptionKey: key}, []string{`Encryption: "kms" with OriginAccess "oai"`}},
		"logs among the content":       {PrivateContentProps{Bucket: files, AccessLogs: &AccessLogs{Bucket: files}}, []string{"AccessLogs.Bucket: \"${Token", "AccessLogs.Bucket: a bucket with a generated name"}},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := NewPrivateContent(stack, "Content", &test.props)
			var problems config.Problems
			if !errors.As(err, &problems) {
				t.Fatalf("the error holds no problems: %v", err)
			}
			var got []string
			for _, problem := range problems {
				got = append(got, problem.String())
			}
			slices.Sort(got)
			if len(got) != len(test.want) {
				t.Fatalf("got %s", strings.Join(got, "\n"))
			}
			for i := range got {
				if !strings.HasPrefix(got[i], test.want[i]) {
					t.Errorf("got  %s\nwant %s", got[i], test.want[i])
				}
			}
		})
	}
}

// Where the stack is not in us-east-1, its companions there refer to resources of
// the app in other stacks and Regions.
func TestCompanionsReferToResourcesOfTheApp(t *testing.T) {
	for _, flag := range []string{"weak", "strong"} {
		app, outdir := newApp(t, map[string]any{"@aws-cdk/core:defaultCrossStackReferences": flag})
		in := func(region string) *awscdk.StackProps {
			return &awscdk.StackProps{Env: &awscdk.Environment{Account: jsii.String("123456789012"), Region: jsii.String(region)}}
		}
		names, media := awscdk.NewStack(app, jsii.String("Names"), in("us-east-1")), awscdk.NewStack(app, jsii.String("Media"), in("eu-west-1"))
		zone := func(stack awscdk.Stack) awsroute53.IHostedZone {
			return awsroute53.NewPublicHostedZone(stack, jsii.String("Zone"), &awsroute53.PublicHostedZoneProps{ZoneName: jsii.String("example.com")})
		}
		props := &PrivateContentProps{
			Domain:     &Domain{Names: []string{"media.example.com"}, HostedZone: zone(media)},
			AccessLogs: &AccessLogs{Bucket: awss3.NewBucket(media, jsii.String("Logs"), nil)},
		}
		_, err := NewPrivateContent(media, "Content", props)
		for _, want := range []string{"AccessLogs.Bucket: a bucket with a generated name", "Domain.HostedZone: a zone that this stack makes"} {
			if !strings.Contains(errorText(err), want) {
				t.Errorf("got %v, want %s", err, want)
			}
		}
		props.Domain.HostedZone = zone(names)
		props.AccessLogs.Bucket = awss3.NewBucket(media, jsii.String("NamedLogs"), &awss3.BucketProps{BucketName: jsii.String("media-logs")})
		if _, err := NewPrivateContent(media, "Content", props); err != nil {
			t.Fatal(err)
		}
		app.Synth(nil)
		_, certificate := readTemplate(t, outdir, "Media-certificate").only(t, "AWS::CertificateManager::Certificate")
		if text := fmt.Sprint(certificate.Properties["DomainValidationOptions"]); !strings.Contains(text, "HostedZoneId") {
			t.Errorf("the certificate is validated in %s", text)
		}
		global := readTemplate(t, outdir, "Media-global")
		if _, destination := global.only(t, "AWS::Logs::DeliveryDestination"); destination == nil || global.all("AWS::Logs::LogGroup") != nil {
			t.Error("the logs do not go to the bucket")
		}
	}
}

// The stack of a key or of a bucket for logs comes before the content's.
func TestResourcesOfAnotherStackGetTheirPoliciesThere(t *testing.T) {
	for _, flag := range []string{"weak", "strong"} {
		app, outdir := newApp(t, map[string]any{"@aws-cdk/core:defaultCrossStackReferences": flag})
		env := &awscdk.Environment{Region: jsii.String("us-east-1")}
		shared, media := awscdk.NewStack(app, jsii.String("Shared"), &awscdk.StackProps{Env: env}), awscdk.NewStack(app, jsii.String("Media"), &awscdk.StackProps{Env: env})
		if _, err := NewPrivateContent(media, "Content", &PrivateContentProps{
			OriginAccess:  config.OAC,
			EncryptionKey: awskms.NewKey(shared, jsii.String("Key"), nil),
			AccessLogs:    &AccessLogs{Bucket: awss3.NewBucket(shared, jsii.String("Logs"), &awss3.BucketProps{BucketName: jsii.String("media-logs")})},
		}); err != nil {
			t.Fatal(err)
		}
		app.Synth(nil)
		template := readTemplate(t, outdir, "Shared")
		_, key := template.only(t, "AWS::KMS::Key")
		_, policy := template.only(t, "AWS::S3::BucketPolicy")
		for what, text := range map[string]string{"cloudfront": fmt.Sprint(key.Properties), "delivery.logs": fmt.Sprint(policy.Properties)} {
			if !strings.Contains(text, what+".amazonaws.com") || !strings.Contains(text, "AWS::AccountId") {
				t.Errorf("%s: the policy is %s", what, text)
			}
		}
	}
}
