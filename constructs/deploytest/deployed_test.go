package deploytest

import (
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
)

// isDeployed deploys dev of a fresh clone and reads every resource back.
func (p *app) isDeployed(t *testing.T) {
	outputs, _ := p.deploy(t, "dev")
	resources := p.checkResources(t, stackName("dev"))

	tags, err := p.s3.GetBucketTagging(t.Context(), &s3.GetBucketTaggingInput{Bucket: aws.String(outputs["BucketName"])})
	if err != nil {
		t.Fatal(err)
	}
	ephemeral := ""
	for _, tag := range tags.TagSet {
		if *tag.Key == "signedfront:ephemeral" {
			ephemeral = *tag.Value
		}
	}
	if ephemeral != "true" {
		t.Errorf("the bucket of an ephemeral environment has the tags %v", tags.TagSet)
	}

	for name, kind := range map[string]string{
		"BucketName":              "AWS::S3::Bucket",
		"DeploymentParameterName": "AWS::SSM::Parameter",
		"DistributionId":          "AWS::CloudFront::Distribution",
		"KeyGroupId":              "AWS::CloudFront::KeyGroup",
		"KeyPairId":               "AWS::CloudFront::PublicKey",
		"SigningPolicyArn":        "AWS::IAM::ManagedPolicy",
		"SigningSecretArn":        "AWS::SecretsManager::Secret",
	} {
		found := ofType(resources, kind)
		if len(found) != 1 || found[0].physicalID != outputs[name] {
			t.Errorf("the output %s is %s, and the stack has %d of %s", name, outputs[name], len(found), kind)
		}
	}
	p.checkGenerations(t, "dev", 1)
}

// checkGenerations checks that an environment has want key generations. Each has one
// pair: the private key in a secret, the public key in CloudFront and in the key group.
// The document must name one of them and its version.
func (p *app) checkGenerations(t *testing.T, environment string, want int) {
	t.Helper()
	resources := p.checkResources(t, stackName(environment))
	document, err := p.document(t.Context(), "/signedfront/"+project+"/"+environment)
	if err != nil {
		t.Fatal(err)
	}

	fingerprints := map[string]string{} // of the private keys, by secret
	versions := map[string]string{}
	for _, r := range ofType(resources, "AWS::SecretsManager::Secret") {
		version, key, err := p.storedKey(t.Context(), r.physicalID)
		if err != nil {
			t.Fatalf("%s: %v", r.physicalID, err)
		}
		fingerprints[r.physicalID], versions[r.physicalID] = key.PublicKey().Fingerprint(), version
		p.fingerprints[fingerprints[r.physicalID]] = true
	}
	trusted, err := p.trustedKeys(t.Context(), ofType(resources, "AWS::CloudFront::Distribution")[0].physicalID)
	if err != nil {
		t.Fatal(err)
	}
	if len(fingerprints) != want || len(trusted) != want || len(ofType(resources, "AWS::CloudFront::PublicKey")) != want || len(ofType(resources, "Custom::SigningKeyPair")) != want {
		t.Errorf("%d secrets, %d trusted keys, %d public keys and %d key pairs, want %d of each", len(fingerprints), len(trusted),
			len(ofType(resources, "AWS::CloudFront::PublicKey")), len(ofType(resources, "Custom::SigningKeyPair")), want)
	}
	public := map[string]bool{}
	for _, key := range trusted {
		public[key.Fingerprint()] = true
	}
	for secret, fingerprint := range fingerprints {
		if !public[fingerprint] {
			t.Errorf("the distribution does not trust the key in %s", secret)
		}
	}

	if err := document.Validate(); err != nil {
		t.Error(err)
	}
	if key := trusted[document.KeyPairID]; key == nil || document.CheckKey(key) != nil {
		t.Errorf("the document names the key pair %s, which is not trusted or does not match its public key", document.KeyPairID)
	}
	if fingerprints[document.Key.SecretARN] != document.PublicKeySHA256 || versions[document.Key.SecretARN] != document.Key.SecretVersionID {
		t.Errorf("the document names version %s of %s, which holds another key", document.Key.SecretVersionID, document.Key.SecretARN)
	}
}
