package deploytest

import (
	"context"
	"errors"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/cloudfront"
	cloudfronttypes "github.com/aws/aws-sdk-go-v2/service/cloudfront/types"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/smithy-go"

	"github.com/signedfront/signedfront/signer"
)

// isAnAccount checks the refusals that the other scenarios need: some are the engine's
// own, some are added to it.
func (p *app) isAnAccount(t *testing.T) {
	ctx := t.Context()
	key, err := signer.GenerateKey(signer.ECDSAP256)
	if err != nil {
		t.Fatal(err)
	}
	config := func(reference, name string) *cloudfronttypes.PublicKeyConfig {
		return &cloudfronttypes.PublicKeyConfig{CallerReference: &reference, Name: &name, EncodedKey: aws.String(string(key.PublicKey().PEM()))}
	}
	public, err := p.cloudFront.CreatePublicKey(ctx, &cloudfront.CreatePublicKeyInput{PublicKeyConfig: config("first", "emulated")})
	if err != nil {
		t.Fatal(err)
	}
	id := public.PublicKey.Id
	group, err := p.cloudFront.CreateKeyGroup(ctx, &cloudfront.CreateKeyGroupInput{KeyGroupConfig: &cloudfronttypes.KeyGroupConfig{Name: aws.String("emulated"), Items: []string{*id}}})
	if err != nil {
		t.Fatal(err)
	}
	secret, err := p.secrets.CreateSecret(ctx, &secretsmanager.CreateSecretInput{Name: aws.String("emulated")})
	if err != nil {
		t.Fatal(err)
	}
	put := func(ctx context.Context, value string) error {
		_, err := p.secrets.PutSecretValue(ctx, &secretsmanager.PutSecretValueInput{
			SecretId: secret.ARN, SecretString: &value, ClientRequestToken: aws.String("0c7a1d2e-0000-4000-8000-000000000001"),
		})
		return err
	}
	stored, err := signer.GenerateKey(signer.ECDSAP256)
	if err != nil {
		t.Fatal(err)
	}
	text := func(key *signer.PrivateKey) string {
		pem, err := key.MarshalPEM()
		if err != nil {
			t.Fatal(err)
		}
		return string(pem)
	}
	if err := put(ctx, text(stored)); err != nil {
		t.Fatal(err)
	}
	if err := put(ctx, text(stored)); err != nil {
		t.Errorf("the same version twice: %v", err)
	}

	for name, test := range map[string]struct {
		code string
		ask  func() error
	}{
		"a public key with a name that is taken": {"PublicKeyAlreadyExists", func() error {
			_, err := p.cloudFront.CreatePublicKey(ctx, &cloudfront.CreatePublicKeyInput{PublicKeyConfig: config("second", "emulated")})
			return err
		}},
		"a public key with a caller reference that is taken": {"PublicKeyAlreadyExists", func() error {
			_, err := p.cloudFront.CreatePublicKey(ctx, &cloudfront.CreatePublicKeyInput{PublicKeyConfig: config("first", "another")})
			return err
		}},
		"another name for a public key": {"CannotChangeImmutablePublicKeyFields", func() error {
			_, err := p.cloudFront.UpdatePublicKey(ctx, &cloudfront.UpdatePublicKeyInput{Id: id, IfMatch: public.ETag, PublicKeyConfig: config("first", "another")})
			return err
		}},
		"deleting a public key of a group": {"PublicKeyInUse", func() error {
			_, err := p.cloudFront.DeletePublicKey(ctx, &cloudfront.DeletePublicKeyInput{Id: id, IfMatch: public.ETag})
			return err
		}},
		"a group of a key that is not there": {"InvalidArgument", func() error {
			_, err := p.cloudFront.CreateKeyGroup(ctx, &cloudfront.CreateKeyGroupInput{KeyGroupConfig: &cloudfronttypes.KeyGroupConfig{Name: aws.String("another"), Items: []string{"KNONE"}}})
			return err
		}},
		"another value for a version of a secret": {"ResourceExistsException", func() error {
			return put(ctx, text(key))
		}},
		"a resource that a stack does not have": {"ValidationError", func() error {
			_, err := p.cloudFormation.DescribeStackResource(ctx, &cloudformation.DescribeStackResourceInput{StackName: aws.String("CDKToolkit"), LogicalResourceId: aws.String("Emulated")})
			return err
		}},
		"a stack that is not there": {"ValidationError", func() error {
			_, err := p.cloudFormation.DescribeStacks(ctx, &cloudformation.DescribeStacksInput{StackName: aws.String("emulated")})
			return err
		}},
	} {
		var refusal smithy.APIError
		if err := test.ask(); !errors.As(err, &refusal) || refusal.ErrorCode() != test.code {
			t.Errorf("%s: %v, want %s", name, err, test.code)
		}
	}

	if _, err := p.cloudFront.DeleteKeyGroup(ctx, &cloudfront.DeleteKeyGroupInput{Id: group.KeyGroup.Id, IfMatch: group.ETag}); err != nil {
		t.Error(err)
	}
	if _, err := p.cloudFront.DeletePublicKey(ctx, &cloudfront.DeletePublicKeyInput{Id: id, IfMatch: public.ETag}); err != nil {
		t.Error(err)
	}
	if _, err := p.secrets.DeleteSecret(ctx, &secretsmanager.DeleteSecretInput{SecretId: secret.ARN, ForceDeleteWithoutRecovery: aws.Bool(true)}); err != nil {
		t.Error(err)
	}
	p.wantNothingLeft(t)
}
