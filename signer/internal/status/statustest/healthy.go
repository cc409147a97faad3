package statustest

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/signedfront/signedfront/constructs/contract"
	"github.com/signedfront/signedfront/signer"
	"github.com/signedfront/signedfront/signer/internal/status"
	"github.com/signedfront/signedfront/signer/rotation"
)

// Kinds returns the kinds of environments that Healthy creates.
func Kinds() []string {
	return []string{"shipped", "domain", "oac", "kms", "existing-bucket", "imported", "imported-kms", "borrower", "lender", "rotating", "compromised", "other-stack"}
}

// Healthy returns an account with a healthy environment of one kind: dev of the project
// media. Its parameter is /signedfront/media/dev.
func Healthy(kind string) *Account {
	now := time.Now().UTC().Truncate(time.Second)
	a := Empty()
	a.StackName = "media-dev"
	if kind == "other-stack" {
		a.StackName = "website"
	}
	a.environment("media", "dev", a.StackName, now.Add(-30*24*time.Hour), kind)
	switch kind {
	case "rotating":
		a.rotate(now.Add(-2 * time.Hour))
	case "compromised":
		a.rotate(now.Add(-2 * time.Hour))
		group := a.Groups[a.GroupID]
		removed := group.Members[0]
		group.Members, group.Modified = group.Members[1:], now.Add(-time.Hour)
		delete(a.Keys, removed)
		a.edit(func(d *signer.Deployment) { d.TrustedKeys = d.TrustedKeys[1:] })
		stack := a.Stacks[a.StackName]
		stack.Template = strings.Replace(stack.Template, `"KeyMode"`, `"CompromisedKeys":["1"],"KeyMode"`, 1)
	case "borrower":
		// Another environment, stage, lends its keys to dev.
		a.environment("media", "stage", "media-stage", now.Add(-60*24*time.Hour), "lender")
		a.Parameter, a.StackName = contract.ParameterName("media", "dev"), "media-dev"
		a.borrow()
	}
	return a
}

func (a *Account) environment(project, environment, stackName string, since time.Time, kind string) {
	parameter := contract.ParameterName(project, environment)
	key, err := signer.GenerateKey(signer.ECDSAP256)
	if err != nil {
		panic(err)
	}
	suffix := strings.ToUpper(environment)
	id, group, distribution, identity, control := "K2JCJMDEHX"+suffix, "a1b2c3d4-"+environment, "E1AAAAAAA"+suffix, "E2BBBBBBB"+suffix, "E3CCCCCCC"+suffix
	bucket, secret, version := "media-"+environment+"-content", a.arn("secretsmanager", "secret:Key1-"+environment+"-a1b2c3"), "11111111-2222-3333-4444-"+environment
	stackID := a.arn("cloudformation", "stack/"+stackName+"/50d6f0a0-d2df-11e5-832f-503abc87a9b4")
	a.Parameter, a.SecretARN, a.VersionID, a.BucketName, a.DistributionID, a.GroupID, a.KeyPairID, a.IdentityID, a.ControlID = parameter, secret, version, bucket, distribution, group, id, identity, control

	domain := "d111111" + environment + ".cloudfront.net"
	d := signer.Deployment{
		Schema: 1, BaseURL: "https://" + domain, KeyPairID: id, Algorithm: signer.ECDSAP256, Hash: signer.SHA256, PublicKeySHA256: key.PublicKey().Fingerprint(),
		Key: signer.KeyLocation{SecretARN: secret, SecretVersionID: version}, Region: Region, MaxURLLifetime: 604800, MaxKeyAge: 3600,
		TrustedKeys: []signer.TrustedKey{{ID: id, SPKI: key.PublicKey().SPKI()}}, Query: &signer.ForwardedQuery{Signed: []string{}, Public: []string{}},
		Bucket: &signer.Bucket{Name: bucket, Region: Region},
	}
	dist := &status.Distribution{
		ID: distribution, ARN: "arn:aws:cloudfront::" + Number + ":distribution/" + distribution, DomainName: domain, Enabled: true, Deployed: true, Modified: since,
		Behaviors: []status.Behavior{{Pattern: "/public/*", Origin: "content"}, {Pattern: "*", Origin: "content", KeyGroups: []string{group}}},
		Origins:   []status.Origin{{ID: "content", DomainName: bucket + ".s3." + Region + ".amazonaws.com", Identity: identity}},
	}
	principal := `{"AWS":"arn:aws:iam::cloudfront:user/CloudFront Origin Access Identity ` + identity + `"}`
	condition := ""
	encrypted := ""
	resources := []status.Resource{
		{LogicalID: "ContentBucketDD05A3B9", PhysicalID: bucket, Type: "AWS::S3::Bucket"},
		{LogicalID: "ContentDeploymentDocument223BE6B7", PhysicalID: parameter, Type: "AWS::SSM::Parameter"},
		{LogicalID: "ContentDistribution09410A58", PhysicalID: distribution, Type: "AWS::CloudFront::Distribution"},
		{LogicalID: "ContentKeyGroupC1B0B78F", PhysicalID: group, Type: "AWS::CloudFront::KeyGroup"},
		{LogicalID: "ContentSigningKey1PublicKeyFB900B53", PhysicalID: id, Type: "AWS::CloudFront::PublicKey"},
		{LogicalID: "ContentSigningKey1SecretC2C42C7C", PhysicalID: secret, Type: "AWS::SecretsManager::Secret"},
		{LogicalID: "ContentSigningPolicy519C3082", PhysicalID: "arn:aws:iam::" + Number + ":policy/" + stackName + "-Policy", Type: "AWS::IAM::ManagedPolicy"},
		{LogicalID: "ContentKeyPairProviderFunction0AAFA133", PhysicalID: stackName + "-KeyPair", Type: "AWS::Lambda::Function"},
		{LogicalID: "OtherSecret0AAFA133", PhysicalID: a.arn("secretsmanager", "secret:of-another-part"), Type: "AWS::SecretsManager::Secret"},
	}
	a.Secrets[secret], a.Values[secret] = &status.Secret{Versions: []string{version}}, key
	drop := func(kind string) {
		resources = slices.DeleteFunc(resources, func(r status.Resource) bool { return r.Type == kind && r.LogicalID != "OtherSecret0AAFA133" })
	}
	switch kind {
	case "domain":
		dist.Aliases = []string{"media.example.com"}
		d.BaseURL = "https://media.example.com"
	case "oac", "kms":
		dist.Origins[0].Identity, dist.Origins[0].Control = "", control
		a.Controls[control] = true
		principal = `{"Service":"cloudfront.amazonaws.com"}`
		condition = `,"Condition":{"StringEquals":{"AWS:SourceArn":"` + dist.ARN + `"}}`
		if kind == "kms" {
			encrypted = a.arn("kms", "key/1234abcd-12ab-34cd-56ef-1234567890ab")
			a.KMSKeys[encrypted] = &KMSKey{State: "Enabled", Policy: `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"cloudfront.amazonaws.com"},"Action":"kms:Decrypt","Resource":"*"` + condition + `}]}`}
		}
	case "existing-bucket":
		drop("AWS::S3::Bucket")
		d.Bucket.Path = "/media"
	case "imported", "imported-kms":
		delete(a.Secrets, secret)
		drop("AWS::SecretsManager::Secret")
		d.Key = signer.KeyLocation{File: "private_key.pem"}
		if kind == "imported-kms" {
			arn := a.arn("kms", "key/2234abcd-12ab-34cd-56ef-1234567890ab")
			a.KMSKeys[arn], a.Values[arn] = &KMSKey{State: "Enabled"}, key
			d.Key = signer.KeyLocation{KMSARN: arn}
		}
	}
	if _, control := a.Controls[control]; !control {
		a.Identities[identity] = "79a59df900b949e55d96a1e698fbacedfd6e09d98eacf8f8d5218e7cd47ef2be"
	}
	object := "arn:aws:s3:::" + bucket + "/*"
	a.Buckets[bucket] = &Bucket{Blocked: true, KMSKey: encrypted, Policy: fmt.Sprintf(
		`{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Principal":{"AWS":"*"},"Action":"s3:*","Resource":["arn:aws:s3:::%s","%s"],"Condition":{"Bool":{"aws:SecureTransport":"false"}}},{"Effect":"Allow","Principal":%s,"Action":"s3:GetObject","Resource":"%s"%s}]}`,
		bucket, object, principal, object, condition)}
	a.Distributions[distribution] = dist
	a.Groups[group] = &rotation.KeyGroup{Members: []string{id}, Modified: since}
	a.Keys[id] = status.PublicKey{CallerReference: stackName + "-key-1-50d6f0a0-" + key.PublicKey().Fingerprint(), Created: since, PEM: string(key.PublicKey().PEM())}
	a.Parameters[parameter] = []Version{{text(d), since}}
	stack := &Stack{ID: stackID, State: "UPDATE_COMPLETE", Protected: true, Resources: resources, Exports: map[string]string{}}
	stack.Template = `{"Resources":{"ContentKeyGuard75EDD457":{"Type":"` + contract.KeyGuard + `","Properties":{"DistributionLogicalId":"ContentDistribution09410A58","DocumentName":"` + parameter + `","KeyMode":"own-keys"}},"ContentDistribution09410A58":{"Type":"AWS::CloudFront::Distribution","Properties":{"DistributionConfig":{` +
		`"CacheBehaviors":[{"PathPattern":"/public/*"}],"DefaultCacheBehavior":{"TrustedKeyGroups":[{"Ref":"ContentKeyGroupC1B0B78F"}]}}}}}}`
	if kind == "lender" {
		export := contract.KeyGroupExport(parameter)
		stack.Exports[export] = group
		a.Imports[export] = []string{"media-pr-7", "media-dev"}
	}
	a.Stacks[stackName] = stack
}

func text(d signer.Deployment) string {
	b, err := json.Marshal(d)
	if err != nil {
		panic(err)
	}
	return string(b)
}

// Edit changes the last version of the deployment document.
func (a *Account) Edit(change func(*signer.Deployment)) { a.edit(change) }

func (a *Account) edit(change func(*signer.Deployment)) {
	versions := a.Parameters[a.Parameter]
	d, err := signer.ParseDeployment([]byte(versions[len(versions)-1].Text))
	if err != nil {
		panic(err)
	}
	change(d)
	versions[len(versions)-1].Text = text(*d)
}

// rotate adds a second key and makes it current.
func (a *Account) rotate(at time.Time) {
	key, err := signer.GenerateKey(signer.ECDSAP256)
	if err != nil {
		panic(err)
	}
	const id = "K3D5EWEUDCCXON"
	arn := a.arn("secretsmanager", "secret:Key2-a1b2c3")
	a.Groups[a.GroupID].Members = append(a.Groups[a.GroupID].Members, id)
	a.Groups[a.GroupID].Modified = at.Add(-time.Hour)
	a.Keys[id] = status.PublicKey{CallerReference: a.StackName + "-key-2-50d6f0a0-" + key.PublicKey().Fingerprint(), Created: at.Add(-time.Hour), PEM: string(key.PublicKey().PEM())}
	a.Secrets[arn], a.Values[arn] = &status.Secret{Versions: []string{"2"}}, key
	versions := a.Parameters[a.Parameter]
	a.Parameters[a.Parameter] = append(versions, Version{versions[0].Text, at})
	a.edit(func(d *signer.Deployment) {
		d.KeyPairID, d.PublicKeySHA256, d.Key = id, key.PublicKey().Fingerprint(), signer.KeyLocation{SecretARN: arn, SecretVersionID: "2"}
		d.TrustedKeys = append(d.TrustedKeys, signer.TrustedKey{ID: id, SPKI: key.PublicKey().SPKI()})
	})
	stack := a.Stacks[a.StackName]
	stack.Resources = append(stack.Resources,
		status.Resource{LogicalID: "ContentSigningKey2PublicKeyFB900B53", PhysicalID: id, Type: "AWS::CloudFront::PublicKey"},
		status.Resource{LogicalID: "ContentSigningKey2SecretC2C42C7C", PhysicalID: arn, Type: "AWS::SecretsManager::Secret"})
	a.KeyPairID, a.SecretARN, a.VersionID = id, arn, "2"
}

// borrow makes the environment dev sign with the keys of stage.
func (a *Account) borrow() {
	lent := a.GroupID
	const own = "K2JCJMDEHXDEV"
	a.edit(func(d *signer.Deployment) {
		for arn := range a.Secrets {
			if arn == d.Key.SecretARN {
				delete(a.Secrets, arn)
			}
		}
		d.KeyPairID, d.Algorithm, d.Hash, d.PublicKeySHA256, d.TrustedKeys = "", "", "", "", nil
		d.Key = signer.KeyLocation{Parameter: contract.ParameterName("media", "stage")}
	})
	delete(a.Keys, own)
	delete(a.Groups, "a1b2c3d4-dev")
	a.DistributionID, a.BucketName = "E1AAAAAAADEV", "media-dev-content"
	a.Distributions[a.DistributionID].Behaviors[1].KeyGroups = []string{lent}
	stack := a.Stacks["media-dev"]
	stack.Resources = slices.DeleteFunc(stack.Resources, func(r status.Resource) bool {
		return strings.HasPrefix(r.LogicalID, "ContentSigningKey") || r.Type == "AWS::CloudFront::KeyGroup"
	})
}

// foreign adds a public key to a key group, which it creates if there is none, and returns
// the id of the group.
func (a *Account) foreign(group string) string {
	if a.Groups[group] == nil {
		a.Groups[group] = &rotation.KeyGroup{}
	}
	const id = "K9OTHER"
	a.Groups[group].Members = append(a.Groups[group].Members, id)
	key, err := signer.GenerateKey(signer.ECDSAP256)
	if err != nil {
		panic(err)
	}
	a.Keys[id] = PublicKey(key)
	return group
}

// behavior adds a cache behavior to the distribution, before the others.
func (a *Account) behavior(pattern string, groups ...string) {
	d := a.Distributions[a.DistributionID]
	d.Behaviors = slices.Insert(d.Behaviors, 0, status.Behavior{Pattern: pattern, Origin: "content", KeyGroups: groups})
}

// path adds a cache behavior to the template, with the JSON of its key groups, and to the
// distribution.
func (a *Account) path(pattern, inTemplate string, groups ...string) {
	a.Template(`"CacheBehaviors":[`, `"CacheBehaviors":[{"PathPattern":"`+pattern+`","TrustedKeyGroups":`+inTemplate+`},`)
	a.behavior(pattern, groups...)
}

// Template changes a text of the stack's template.
func (a *Account) Template(old, new string) {
	stack := a.Stacks[a.StackName]
	if !strings.Contains(stack.Template, old) {
		panic("the template has no " + old)
	}
	stack.Template = strings.Replace(stack.Template, old, new, 1)
}

// Allow adds a statement to the bucket's policy that allows a principal, as JSON, to read
// objects. The condition is JSON too, after a comma, or "".
func (a *Account) Allow(principal, condition string) {
	b := a.Buckets[a.BucketName]
	b.Policy = strings.TrimSuffix(b.Policy, "]}") + fmt.Sprintf(`,{"Effect":"Allow","Principal":%s,"Action":"s3:Get*"%s,"Resource":"arn:aws:s3:::%s/*"}]}`, principal, condition, a.BucketName)
}

// Empty returns an account without resources.
func Empty() *Account {
	return &Account{
		Parameters: map[string][]Version{}, Stacks: map[string]*Stack{}, Distributions: map[string]*status.Distribution{}, Groups: map[string]*rotation.KeyGroup{},
		Keys: map[string]status.PublicKey{}, Identities: map[string]string{}, Controls: map[string]bool{}, Secrets: map[string]*status.Secret{}, Values: map[string]*signer.PrivateKey{},
		KMSKeys: map[string]*KMSKey{}, Buckets: map[string]*Bucket{}, Imports: map[string][]string{}, Drifts: map[string]status.Drift{}, Fail: map[string]string{}, Message: "the text of the service",
	}
}

// PublicKey returns the public half of a key, as CloudFront has it after somebody created
// it by hand.
func PublicKey(key *signer.PrivateKey) status.PublicKey {
	return status.PublicKey{CallerReference: "by hand", Created: time.Now(), PEM: string(key.PublicKey().PEM())}
}
