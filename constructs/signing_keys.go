package constructs

import (
	"fmt"
	"strconv"
	"time"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awscloudfront"
	"github.com/aws/aws-cdk-go/awscdk/v2/awssecretsmanager"
	"github.com/aws/aws-cdk-go/awscdk/v2/interfaces/interfacesawscloudfront"
	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"

	"github.com/signedfront/signedfront/constructs/config"
	"github.com/signedfront/signedfront/constructs/contract"
	"github.com/signedfront/signedfront/constructs/functions"
	"github.com/signedfront/signedfront/signer"
)

// signingKeys are the generations of the signing key and their key group, or the key
// group of a lender.
type signingKeys struct {
	generations []*signingKey           // none if the keys are borrowed
	current     *signingKey             // nil if the keys are borrowed
	alsoTrusted []*string               // the ids of public keys that the stack does not make
	pairs       []awscdk.CustomResource // the key pairs that the deployment makes
	lender      *config.Lender

	group   interfacesawscloudfront.IKeyGroupRef
	groupID *string // nil if the keys are borrowed
}

// signingKey is one key generation. Its constructs have its number in their ids, so
// adding or removing another generation does not change them: a public key of
// CloudFront cannot change, and a key pair is made once.
type signingKey struct {
	config.SigningKey
	publicKey       awscloudfront.CfnPublicKey
	callerReference string             // of the public key
	sha256          string             // the Fingerprint of the public key; may be a token
	spki            string             // the SPKI of the public key; may be a token
	private         signer.KeyLocation // its members may be tokens
}

func (k *signingKey) keyPairID() *string { return k.publicKey.Ref() }

// newSigningKeys makes the public key of each generation in CloudFront, and the custom
// resources that make the key pairs of the deployment.
func newSigningKeys(scope constructs.Construct, p *PrivateContentProps, builder *functionBuilder) (*signingKeys, error) {
	if p.Lender != nil {
		return borrowedKeys(scope, p.Lender), nil
	}
	k := &signingKeys{}
	var made []*madeKey
	var ids []*string
	for _, listed := range p.SigningKeys.Keys {
		generation := constructs.NewConstruct(scope, jsii.String("SigningKey"+strconv.Itoa(listed.Number)))
		key := &signingKey{SigningKey: listed}
		k.generations = append(k.generations, key)
		if listed.Number == p.SigningKeys.Current {
			k.current = key
		}
		if listed.Custody == config.Imported {
			if err := importKey(generation, p.Name, key); err != nil {
				return nil, err
			}
			continue
		}
		made = append(made, &madeKey{key, generation, newEmptySecret(generation, p, listed)})
	}
	pairs, err := makeKeys(scope, p.Name, made, builder)
	if err != nil {
		return nil, err
	}
	k.pairs = pairs
	for _, key := range k.generations {
		ids = append(ids, key.keyPairID())
	}
	for _, key := range p.SigningKeys.AlsoTrust {
		k.alsoTrusted = append(k.alsoTrusted, key.PublicKeyRef().PublicKeyId)
	}
	ids = append(ids, k.alsoTrusted...)
	group := awscloudfront.NewCfnKeyGroup(scope, jsii.String("KeyGroup"), &awscloudfront.CfnKeyGroupProps{
		KeyGroupConfig: &awscloudfront.CfnKeyGroup_KeyGroupConfigProperty{
			Name:    saltedName(scope, p.Name+"-keys"),
			Comment: jsii.String("The keys that sign for " + p.Name),
			Items:   &ids,
		},
	})
	if p.LendKeys {
		lendKeyGroup(scope, p, group)
	}
	k.group, k.groupID = group, group.Ref()
	return k, nil
}

// importKey makes the public key of an imported key in CloudFront.
func importKey(scope constructs.Construct, name string, key *signingKey) error {
	public, err := signer.ParsePublicKey([]byte(key.PublicKey))
	if err != nil {
		return fmt.Errorf("the public key of signing key %d: %w", key.Number, err)
	}
	key.sha256, key.spki = public.Fingerprint(), public.SPKI()
	key.private = signer.KeyLocation{
		SecretARN:       key.PrivateKey.SecretARN,
		SecretVersionID: key.PrivateKey.SecretVersionID,
		KMSARN:          key.PrivateKey.KMSARN,
		File:            key.PrivateKey.File,
	}
	if key.PrivateKey == (config.PrivateKeyLocation{}) {
		key.private.File = "private_key.pem"
	}
	key.publicKey = newPublicKey(scope, name, key, jsii.String(string(public.PEM())))
	return nil
}

// madeKey is a key generation whose key pair the deployment makes.
type madeKey struct {
	*signingKey
	scope  constructs.Construct
	secret awssecretsmanager.CfnSecret
}

// makeKeys makes custom resources whose function makes a key pair in each empty secret.
// The private key is in no template, event or answer. Without keys to make, there is no
// function.
func makeKeys(scope constructs.Construct, name string, keys []*madeKey, builder *functionBuilder) (pairs []awscdk.CustomResource, err error) {
	if len(keys) == 0 {
		return nil, nil
	}
	var secrets []*string
	for _, key := range keys {
		secrets = append(secrets, key.secret.Ref())
	}
	provider, err := newProviderFunction(scope, "KeyPairProvider", builder, &providerFunctionProps{
		description: "Makes the signing key pairs of " + name,
		source:      functions.KeyPair,
		timeout:     90 * time.Second,
		statements: []statement{{
			actions:   []string{"secretsmanager:DescribeSecret", "secretsmanager:GetSecretValue", "secretsmanager:PutSecretValue"},
			resources: secrets,
		}},
	})
	if err != nil {
		return nil, err
	}
	for _, key := range keys {
		pair := provider.newCustomResource(key.scope, "KeyPair", contract.SigningKeyPair, runsTimeout, map[string]any{
			contract.SecretID:   key.secret.Ref(),
			contract.Generation: strconv.Itoa(key.Number),
			contract.Algorithm:  key.Algorithm,
		})
		pairs = append(pairs, pair)
		key.sha256 = *pair.GetAttString(jsii.String(contract.PublicKeySHA256))
		key.private = signer.KeyLocation{
			SecretARN:       *key.secret.Ref(),
			SecretVersionID: *pair.GetAttString(jsii.String(contract.SecretVersionID)),
		}
		pem := pair.GetAttString(jsii.String(contract.PublicKeyPEM))
		key.spki = *bodyOfPEM(pem)
		key.publicKey = newPublicKey(key.scope, name, key.signingKey, pem)
	}
	return pairs, nil
}

// bodyOfPEM returns the base64 of a PEM text, extracted by CloudFormation. Deployed key
// pairs have no attribute with the base64, and a new version of the function is called
// only for new key pairs.
func bodyOfPEM(pem *string) *string {
	const inBetween = 2 // "", "BEGIN PUBLIC KEY", the body in lines, "END PUBLIC KEY", "\n"
	lines := awscdk.Fn_Select(jsii.Number(inBetween), awscdk.Fn_Split(jsii.String("-----"), pem, nil))
	return awscdk.Fn_Join(jsii.String(""), awscdk.Fn_Split(jsii.String("\n"), lines, nil))
}

// newEmptySecret makes a secret as an L1 without a value: CloudFormation never writes
// one. The L2 would generate a value, and a new one whenever its settings change.
func newEmptySecret(scope constructs.Construct, p *PrivateContentProps, key config.SigningKey) awssecretsmanager.CfnSecret {
	secret := awssecretsmanager.NewCfnSecret(scope, jsii.String("Secret"), &awssecretsmanager.CfnSecretProps{
		Description: jsii.String(fmt.Sprintf("The private half of signing key %d of %s", key.Number, p.Name)),
	})
	if p.LendKeys {
		awscdk.Tags_Of(secret).Add(jsii.String(contract.LendsTag), jsii.String(p.ParameterName), nil)
	}
	acknowledge(secret, "AwsSolutions-SMG4", "A key rotates by a new generation, which the template lists: CloudFront lets no public key change, and edges have to know a key before it signs. A scheduled rotation would replace the value behind both.")
	// A private key is useless without its public key, which the stack deletes.
	secret.ApplyRemovalPolicy(awscdk.RemovalPolicy_DESTROY, nil)
	return secret
}

// newPublicKey makes a public key in CloudFront as an L1. The L2 derives the caller
// reference from the construct's path: moving the construct would require a change that
// CloudFront refuses.
//
// The caller reference is <name>-<SHA-256 of the key>. A generation that was rolled back
// and is made again has a new key with the same name, and CloudFront may remember the
// old reference. The hash changes if and only if the key does. The reference has at most
// 123 characters; CloudFront reportedly accepts 128.
func newPublicKey(scope constructs.Construct, name string, key *signingKey, pem *string) awscloudfront.CfnPublicKey {
	salted := saltedName(scope, contract.KeyName(name, key.Number))
	key.callerReference = *salted + "-" + key.sha256
	return awscloudfront.NewCfnPublicKey(scope, jsii.String("PublicKey"), &awscloudfront.CfnPublicKeyProps{
		PublicKeyConfig: &awscloudfront.CfnPublicKey_PublicKeyConfigProperty{
			Name:            salted,
			CallerReference: &key.callerReference,
			EncodedKey:      pem,
		},
	})
}
