package awskeys

import (
	"context"
	"crypto"
	"crypto/x509"
	"errors"
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/kms/types"

	"github.com/signedfront/signedfront/signer"
)

// KMSClient is the part of the KMS client that a KMSKey uses.
type KMSClient interface {
	GetPublicKey(context.Context, *kms.GetPublicKeyInput, ...func(*kms.Options)) (*kms.GetPublicKeyOutput, error)
	Sign(context.Context, *kms.SignInput, ...func(*kms.Options)) (*kms.SignOutput, error)
}

// KMSKey is a signing key in AWS KMS, of the key spec ECC_NIST_P256 or RSA_2048 and
// the usage SIGN_VERIFY. The key never leaves KMS: each signature is a call over
// the network, with its own quota and price. Sign passes with it
// (signer.Signer.OpenAll) rather than single URLs. KMS does not sign SHA-1 digests,
// and its ECDSA signatures do not repeat.
type KMSKey struct {
	client    KMSClient
	id        string
	region    string
	public    *signer.PublicKey
	algorithm types.SigningAlgorithmSpec
}

var errSHA1 = errors.New("KMS does not sign SHA-1: set the deployment's hash to sha256")

// NewKMSKey returns a KMSKey that signs with the key id: an ARN, a key id or an alias
// (alias/NAME). With an ARN, it calls the Region that the ARN names. It reads the public
// key, once, and fails if CloudFront does not accept keys of its kind. If an alias later
// points to another key, the KMSKey still uses the first one.
func NewKMSKey(ctx context.Context, client KMSClient, id string) (*KMSKey, error) {
	if client == nil {
		return nil, errors.New("no client of KMS")
	}
	k := &KMSKey{client: client, id: id}
	if strings.HasPrefix(id, "arn:") {
		if err := (signer.KeyLocation{KMSARN: id}).Validate(); err != nil {
			return nil, err
		}
		at, err := accountRegionOf(id)
		if err != nil {
			return nil, fmt.Errorf("the key %s: %w", shown(id), err)
		}
		k.region = at.Region // becomes part of a host; the ARN's Region was checked
	} else if id == "" || len(id) > 256 || strings.Trim(id, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789/_-") != "" {
		return nil, fmt.Errorf("the key %s: want its ARN, its id or an alias", shown(id))
	}
	name := shown(id)
	out, err := client.GetPublicKey(ctx, &kms.GetPublicKeyInput{KeyId: aws.String(id)}, k.where)
	if err != nil {
		return nil, deniedByKMS(fmt.Errorf("reading the public key of %s: %w", name, withoutName(err, id)))
	}
	if out.KeyUsage != types.KeyUsageTypeSignVerify {
		return nil, fmt.Errorf("the key %s is for %s: want a key for SIGN_VERIFY", name, out.KeyUsage)
	}
	public, err := x509.ParsePKIXPublicKey(out.PublicKey)
	if err != nil {
		return nil, fmt.Errorf("the public key of %s cannot be read", name)
	}
	if k.public, err = signer.NewPublicKey(public); err != nil {
		return nil, fmt.Errorf("the key %s: %w", name, err)
	}
	if pinned := aws.ToString(out.KeyId); pinned != "" {
		at, err := accountRegionOf(pinned)
		if err == nil && k.region != "" && at.Region != k.region {
			return nil, fmt.Errorf("the key %s: KMS returned a key of another Region, %s", name, shown(pinned))
		}
		k.id = pinned
	}
	k.algorithm = types.SigningAlgorithmSpecEcdsaSha256
	if k.public.Algorithm() == signer.RSA2048 {
		k.algorithm = types.SigningAlgorithmSpecRsassaPkcs1V15Sha256
	}
	return k, nil
}

// where directs a call to the Region that the key's ARN names.
func (k *KMSKey) where(o *kms.Options) {
	if k.region != "" {
		o.Region = k.region
	}
}

// PublicKey returns the public half.
func (k *KMSKey) PublicKey() *signer.PublicKey { return k.public }

// Public returns the public half as Go's own type.
func (k *KMSKey) Public() crypto.PublicKey { return k.public.Public() }

// SignDigest signs a digest in KMS.
func (k *KMSKey) SignDigest(ctx context.Context, digest []byte, hash crypto.Hash) ([]byte, error) {
	if hash != crypto.SHA256 {
		return nil, errSHA1
	}
	out, err := k.client.Sign(ctx, &kms.SignInput{
		KeyId: aws.String(k.id), Message: digest, MessageType: types.MessageTypeDigest, SigningAlgorithm: k.algorithm,
	}, k.where)
	if err != nil {
		return nil, deniedByKMS(fmt.Errorf("signing in KMS: %w", err))
	}
	return out.Signature, nil
}

// deniedByKMS adds the fix to an AWS error that denies access.
func deniedByKMS(err error) error {
	if isDenied(err) {
		return fmt.Errorf("%w (allow the role kms:GetPublicKey and kms:Sign on the key, and allow them in the key's policy)", err)
	}
	return err
}
