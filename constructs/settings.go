package constructs

import (
	"reflect"
	"strconv"
	"strings"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awscertificatemanager"
	"github.com/aws/aws-cdk-go/awscdk/v2/awscloudfront"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsroute53"
	"github.com/aws/aws-cdk-go/awscdk/v2/awss3"
	"github.com/aws/aws-cdk-go/awscdk/v2/interfaces/interfacesawswafv2"
	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"

	"github.com/signedfront/signedfront/constructs/config"
)

// Most settings of cdk.json have a prop of the same name and type, which is copied. A
// setting that names an AWS resource has a prop of the CDK's type: propsOf imports the
// resource, and settingsOf returns its name, for the checks of package config.

// propsOf returns the props for the settings c. It imports the resources that they
// name below scope.
func propsOf(scope constructs.Construct, c *config.Content) *PrivateContentProps {
	p := &PrivateContentProps{}
	copyFields(p, c)
	p.SigningKeys = SigningKeys{Keys: c.SigningKeys.Keys, Current: c.SigningKeys.Current, Compromised: c.SigningKeys.Compromised}
	for i, id := range c.SigningKeys.AlsoTrust {
		p.SigningKeys.AlsoTrust = append(p.SigningKeys.AlsoTrust, awscloudfront.PublicKey_FromPublicKeyId(scope, jsii.String("AlsoTrusted"+strconv.Itoa(i+1)), jsii.String(id)))
	}
	for _, b := range c.Behaviors {
		p.Behaviors = append(p.Behaviors, Behavior{PathPattern: b.PathPattern, Public: b.Public})
	}
	if c.Bucket != "" {
		p.Bucket = awss3.Bucket_FromBucketAttributes(scope, jsii.String("Bucket"), &awss3.BucketAttributes{
			BucketName: jsii.String(c.Bucket),
			Region:     awscdk.Stack_Of(scope).Region(),
		})
	}
	if c.Versions != nil {
		p.Versions = &Versions{Keep: seconds(c.Versions.Keep)}
	}
	for i, name := range c.Signers.Roles {
		p.SignGrantees = append(p.SignGrantees, awsiam.Role_FromRoleName(scope, jsii.String("Signer"+strconv.Itoa(i+1)), jsii.String(name), nil))
	}
	for i, arn := range c.Signers.RoleARNs {
		p.SignerRoleAssumers = append(p.SignerRoleAssumers, awsiam.Role_FromRoleArn(scope, jsii.String("Assumer"+strconv.Itoa(i+1)), jsii.String(arn), nil))
	}
	if u := c.Uploads; u != nil {
		p.UploadOrigins = u.Origins
		for i, name := range u.Roles {
			p.UploadGrantees = append(p.UploadGrantees, awsiam.Role_FromRoleName(scope, jsii.String("Uploader"+strconv.Itoa(i+1)), jsii.String(name), nil))
		}
	}
	if d := c.Domain; d != nil {
		p.Domain = &Domain{Names: d.Names}
		if d.Certificate != "" {
			p.Domain.Certificate = awscertificatemanager.Certificate_FromCertificateArn(scope, jsii.String("Certificate"), jsii.String(d.Certificate))
		}
		if d.HostedZone != nil {
			p.Domain.HostedZone = awsroute53.HostedZone_FromHostedZoneAttributes(scope, jsii.String("HostedZone"), &awsroute53.HostedZoneAttributes{
				HostedZoneId: jsii.String(d.HostedZone.ID),
				ZoneName:     jsii.String(d.HostedZone.Name),
			})
		}
	}
	if l := c.AccessLogs; l != nil {
		p.AccessLogs = &AccessLogs{Retention: l.Retention}
		if l.Bucket != "" {
			p.AccessLogs.Bucket = awss3.Bucket_FromBucketName(scope, jsii.String("LogBucket"), jsii.String(l.Bucket))
		}
	}
	if c.WebACL != "" {
		p.WebACL = importedWebACL{arn: jsii.String(c.WebACL)}
	}
	return p
}

// settingsOf returns the settings for the props p, as far as settings can express them.
func settingsOf(p *PrivateContentProps) *config.Content {
	c := &config.Content{}
	copyFields(c, p)
	c.SigningKeys = config.SigningKeys{Keys: p.SigningKeys.Keys, Current: p.SigningKeys.Current, Compromised: p.SigningKeys.Compromised}
	for _, key := range p.SigningKeys.AlsoTrust {
		if key != nil { // nil is reported by checkAlsoTrust
			c.SigningKeys.AlsoTrust = append(c.SigningKeys.AlsoTrust, *key.PublicKeyRef().PublicKeyId)
		}
	}
	if p.Bucket != nil {
		c.Bucket = *p.Bucket.BucketName()
	}
	if p.Versions != nil {
		c.Versions = &config.Versions{Keep: p.Versions.keep()}
	}
	for _, role := range p.SignerRoleAssumers {
		if role != nil { // nil is reported by checkGrantees
			c.Signers.RoleARNs = append(c.Signers.RoleARNs, *role.RoleArn())
		}
	}
	if p.UploadOrigins != nil {
		c.Uploads = &config.Uploads{Origins: p.UploadOrigins}
	}
	for _, b := range p.Behaviors {
		c.Behaviors = append(c.Behaviors, config.Behavior{PathPattern: b.PathPattern, Public: b.Public})
	}
	if d := p.Domain; d != nil {
		c.Domain = &config.Domain{Names: d.Names}
		if d.Certificate != nil {
			c.Domain.Certificate = *d.Certificate.CertificateArn()
		}
		if d.HostedZone != nil {
			c.Domain.HostedZone = &config.HostedZone{ID: *d.HostedZone.HostedZoneId(), Name: zoneName(d.HostedZone)}
		}
	}
	if l := p.AccessLogs; l != nil {
		c.AccessLogs = &config.AccessLogs{Retention: l.Retention}
		if l.Bucket != nil {
			c.AccessLogs.Bucket = *l.Bucket.BucketName()
		}
	}
	if p.WebACL != nil {
		c.WebACL = *p.WebACL.WebAclRef().WebAclArn
	}
	return c
}

// copyFields copies each field that has the same name and type in both structs.
func copyFields(to, from any) {
	target, source := reflect.ValueOf(to).Elem(), reflect.ValueOf(from).Elem()
	for i := range target.NumField() {
		field := target.Type().Field(i)
		if value := source.FieldByName(field.Name); value.IsValid() && value.Type() == field.Type {
			target.Field(i).Set(value)
		}
	}
}

// zoneName returns the name of a zone. It returns a token if the CDK does not know the
// name and panics: the zone was imported only by its id.
func zoneName(zone awsroute53.IHostedZone) (name string) {
	defer func() {
		if recover() != nil {
			name = *awscdk.Token_AsString(map[string]any{}, nil)
		}
	}()
	return strings.TrimSuffix(*zone.ZoneName(), ".")
}

// importedWebACL is a web ACL of which the ARN is known. The CDK's bindings cannot
// import one. Only this package reads it.
type importedWebACL struct {
	interfacesawswafv2.IWebACLRef
	arn *string
}

func (w importedWebACL) WebAclRef() *interfacesawswafv2.WebACLReference {
	return &interfacesawswafv2.WebACLReference{WebAclArn: w.arn}
}
