package keypair

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/smithy-go"

	"github.com/signedfront/signedfront/constructs/customresource"
	"github.com/signedfront/signedfront/signer"
)

// SecretsManager is a Store in AWS Secrets Manager. The function's role needs
// secretsmanager:DescribeSecret, GetSecretValue and PutSecretValue on the
// secrets.
type SecretsManager struct {
	client *secretsmanager.Client
}

// Retries of the SDK after throttling or without an answer, for about a minute and
// until the context ends.
const (
	maxAttempts = 8
	attemptTime = 10 * time.Second
)

// NewSecretsManager returns a SecretsManager that uses the Region, credentials and
// endpoint of config.
func NewSecretsManager(config aws.Config) *SecretsManager {
	return &SecretsManager{secretsmanager.NewFromConfig(config, func(o *secretsmanager.Options) {
		o.RetryMaxAttempts = maxAttempts
		if client, ok := o.HTTPClient.(*awshttp.BuildableClient); ok {
			o.HTTPClient = client.WithTimeout(attemptTime)
		}
	})}
}

// Current calls DescribeSecret, because GetSecretValue returns the same error for an
// empty secret as for a missing one.
func (s *SecretsManager) Current(ctx context.Context, secretID string) (string, error) {
	secret, err := s.client.DescribeSecret(ctx, &secretsmanager.DescribeSecretInput{SecretId: &secretID})
	if err != nil {
		return "", failure(ctx, "DescribeSecret", secretID, ErrMissing, err)
	}
	if secret.DeletedDate != nil {
		return "", fmt.Errorf("%w any more: it is scheduled for deletion, restore it with `aws secretsmanager restore-secret`: %s", ErrMissing, signer.Describe(secretID, signer.FormName))
	}
	for version, stages := range secret.VersionIdsToStages {
		if slices.Contains(stages, "AWSCURRENT") {
			return version, nil
		}
	}
	return "", fmt.Errorf("%w: %s", ErrEmpty, signer.Describe(secretID, signer.FormName))
}

// Get calls GetSecretValue.
func (s *SecretsManager) Get(ctx context.Context, secretID, version string) ([]byte, error) {
	value, err := s.client.GetSecretValue(ctx, &secretsmanager.GetSecretValueInput{SecretId: &secretID, VersionId: &version})
	if err != nil {
		return nil, failure(ctx, "GetSecretValue", secretID, ErrNoVersion, err)
	}
	if value.SecretString == nil {
		return value.SecretBinary, nil
	}
	return []byte(*value.SecretString), nil
}

// Put calls PutSecretValue.
func (s *SecretsManager) Put(ctx context.Context, secretID, token string, text []byte) (string, error) {
	stored, err := s.client.PutSecretValue(ctx, &secretsmanager.PutSecretValueInput{
		SecretId:           &secretID,
		ClientRequestToken: &token,
		SecretString:       aws.String(string(text)),
	})
	if err != nil {
		return "", failure(ctx, "PutSecretValue", secretID, ErrMissing, err)
	}
	return aws.ToString(stored.VersionId), nil
}

// failure returns customresource.Failure, or the Store's own error for the code.
func failure(ctx context.Context, operation, secretID string, notFound, err error) error {
	told := customresource.Failure(ctx, "secretsmanager:"+operation, secretID, err)
	var answer smithy.APIError
	if !errors.As(err, &answer) {
		return told
	}
	switch answer.ErrorCode() {
	case "ResourceNotFoundException":
		return fmt.Errorf("%w: %s", notFound, signer.Describe(secretID, signer.FormName))
	case "ResourceExistsException":
		return fmt.Errorf("%w: %s", ErrConflict, signer.Describe(secretID, signer.FormName))
	case "InvalidRequestException":
		return fmt.Errorf("%w: if the secret is scheduled for deletion, restore it with `aws secretsmanager restore-secret`", told)
	}
	return told
}
