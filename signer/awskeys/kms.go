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

// KMSClient are the operations of KMS that a key uses.
type KMSClient interface {
	GetPublicKey(context.Context, *kms.GetPublicKeyInput, ...func(*kms.Options)) (*kms.GetPublicKeyOutput, error)
	Sign(context.Context, *kms.SignInput, ...func(*kms.Options)) (*kms.SignOutput, error)
}

// KMSKey is a signing key in AWS KMS, of the key spec ECC_NIST_P256 or RSA_2048
// and the usage SIGN_VERIFY. It never leaves KMS: each signature is a call over
// the network, on a quota and a price of its own, so sign passes with it
// (signer.Signer.OpenAll) rather than one URL at a time. KMS has no SHA-1, and
// its ECDSA signatures do not repeat.
type KMSKey struct {
	client    KMSClient
	id        string
	region    string
	public    *signer.PublicKey
	algorithm types.SigningAlgorithmSpec
}

var errSHA1 = errors.New("KMS signs SHA-256 and not SHA-1: let the deployment's hash be sha256")

// NewKMSKey reads the public half of a key, by its ARN, its id or an alias. An
// ARN is asked for in the Region that it names. An alias that later points to
// another key does not change this one.
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
		k.region = at.Region // of a host, so it is written as Regions are
	} else if id == "" || len(id) > 256 || strings.Trim(id, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789/_-") != "" {
		return nil, fmt.Errorf("the key %s: want its ARN, its id or an alias", shown(id))
	}
	name := shown(id)
	out, err := client.GetPublicKey(ctx, &kms.GetPublicKeyInput{KeyId: aws.String(id)}, k.where)
	if err != nil {
		return nil, deniedByKMS(fmt.Errorf("reading the public key of %s: %w", name, withoutName(err, id)))
	}
	if out.KeyUsage != types.KeyUsageTypeSignVerify {
		return nil, fmt.Errorf("the key %s is for %s: CloudFront takes signatures of one for SIGN_VERIFY", name, out.KeyUsage)
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
			return nil, fmt.Errorf("the key %s: KMS answered one of another Region, %s", name, shown(pinned))
		}
		k.id = pinned
	}
	k.algorithm = types.SigningAlgorithmSpecEcdsaSha256
	if k.public.Algorithm() == signer.RSA2048 {
		k.algorithm = types.SigningAlgorithmSpecRsassaPkcs1V15Sha256
	}
	return k, nil
}

// where sends a call to the Region that the key's ARN names.
func (k *KMSKey) where(o *kms.Options) {
	if k.region != "" {
		o.Region = k.region
	}
}

// PublicKey is the public half, as CloudFront wants it.
func (k *KMSKey) PublicKey() *signer.PublicKey { return k.public }

// Public is the public half as Go's own type.
func (k *KMSKey) Public() crypto.PublicKey { return k.public.Public() }

// SignDigest signs in KMS.
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

// deniedByKMS adds what to do to a refusal of AWS.
func deniedByKMS(err error) error {
	if isDenied(err) {
		return fmt.Errorf("%w (let the role have kms:GetPublicKey and kms:Sign on the key, and the key's policy allow it)", err)
	}
	return err
}
