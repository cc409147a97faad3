package constructs

import (
	"fmt"
	"strconv"
	"time"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awscloudfront"
	"github.com/aws/aws-cdk-go/awscdk/v2/awssecretsmanager"
	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"

	"github.com/signedfront/signedfront/constructs/environment"
)

// signingKeys are the generations of the signing key, and the key group that
// trusts them all.
type signingKeys struct {
	generations []*signingKey
	current     *signingKey
	group       awscloudfront.CfnKeyGroup
}

// signingKey is one generation. Its constructs carry its number, so that adding
// or removing another generation touches none of them: CloudFront's public keys
// cannot be changed, and a pair is made once.
type signingKey struct {
	environment.SigningKey
	secret    awssecretsmanager.CfnSecret
	keyPair   awscdk.CustomResource
	publicKey awscloudfront.CfnPublicKey
}

func (k *signingKey) keyPairID() *string { return k.publicKey.Ref() }
func (k *signingKey) publicKeySHA256() *string {
	return k.keyPair.GetAttString(jsii.String("PublicKeySha256"))
}
func (k *signingKey) secretVersionID() *string {
	return k.keyPair.GetAttString(jsii.String("SecretVersionId"))
}

// newSigningKeys makes an empty secret for each generation, has a function of
// ours make a key pair in it, and makes known the public key to CloudFront. The
// private key comes by no template, event or answer.
func newSigningKeys(scope constructs.Construct, name string, keys environment.SigningKeys, builder *functionBuilder) (*signingKeys, error) {
	k := &signingKeys{}
	var scopes []constructs.Construct
	var secrets []*string
	for _, key := range keys.Keys {
		generation := constructs.NewConstruct(scope, jsii.String("SigningKey"+strconv.Itoa(key.Number)))
		secret := newEmptySecret(generation, name, key)
		k.generations = append(k.generations, &signingKey{SigningKey: key, secret: secret})
		scopes = append(scopes, generation)
		secrets = append(secrets, secret.Ref())
	}

	provider, err := newProviderFunction(scope, "KeyPairProvider", builder, &providerFunctionProps{
		description: "Makes the signing key pairs of " + name,
		source:      keyPairSource,
		timeout:     90 * time.Second,
		statements: []statement{{
			actions:   []string{"secretsmanager:DescribeSecret", "secretsmanager:GetSecretValue", "secretsmanager:PutSecretValue"},
			resources: secrets,
		}},
	})
	if err != nil {
		return nil, err
	}

	var ids []*string
	for i, key := range k.generations {
		key.keyPair = provider.newCustomResource(scopes[i], "KeyPair", "Custom::SigningKeyPair", 2*time.Minute, map[string]any{
			"SecretId":   key.secret.Ref(),
			"Generation": strconv.Itoa(key.Number),
			"Algorithm":  key.Algorithm,
		})
		key.publicKey = newPublicKey(scopes[i], name, key)
		ids = append(ids, key.keyPairID())
		if key.Number == keys.Current {
			k.current = key
		}
	}
	k.group = awscloudfront.NewCfnKeyGroup(scope, jsii.String("KeyGroup"), &awscloudfront.CfnKeyGroupProps{
		KeyGroupConfig: &awscloudfront.CfnKeyGroup_KeyGroupConfigProperty{
			Name:    saltedName(scope, name+"-keys"),
			Comment: jsii.String("The keys that sign for " + name),
			Items:   &ids,
		},
	})
	return k, nil
}

// newEmptySecret is an L1 with no value property: CloudFormation makes the
// secret without a value and never writes one. The L2 has a value generated,
// and generated anew when its settings change.
func newEmptySecret(scope constructs.Construct, name string, key environment.SigningKey) awssecretsmanager.CfnSecret {
	secret := awssecretsmanager.NewCfnSecret(scope, jsii.String("Secret"), &awssecretsmanager.CfnSecretProps{
		Description: jsii.String(fmt.Sprintf("The private half of signing key %d of %s", key.Number, name)),
	})
	// A private key whose public half is gone is worth nothing.
	secret.ApplyRemovalPolicy(awscdk.RemovalPolicy_DESTROY, nil)
	return secret
}

// newPublicKey is an L1 because the L2 takes its caller reference from the
// construct's path: moving a construct would ask CloudFront for a change that
// it refuses.
//
// Our caller reference is <name>-<SHA-256 of the key>. A generation that was
// rolled back and is made again has another key under the same name, and
// CloudFront may remember the reference of the one that is gone. The hash changes
// when the key does and never else. At most it is 123 characters, where CloudFront
// is said to take 128.
func newPublicKey(scope constructs.Construct, name string, key *signingKey) awscloudfront.CfnPublicKey {
	salted := saltedName(scope, fmt.Sprintf("%s-key-%d", name, key.Number))
	return awscloudfront.NewCfnPublicKey(scope, jsii.String("PublicKey"), &awscloudfront.CfnPublicKeyProps{
		PublicKeyConfig: &awscloudfront.CfnPublicKey_PublicKeyConfigProperty{
			Name:            salted,
			CallerReference: jsii.String(*salted + "-" + *key.publicKeySHA256()),
			EncodedKey:      key.keyPair.GetAttString(jsii.String("PublicKeyPem")),
		},
	})
}
