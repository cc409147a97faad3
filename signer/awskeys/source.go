package awskeys

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/arn"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	secrettypes "github.com/aws/aws-sdk-go-v2/service/secretsmanager/types"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	ssmtypes "github.com/aws/aws-sdk-go-v2/service/ssm/types"
	"github.com/aws/smithy-go"

	"github.com/signedfront/signedfront/signer"
)

// Open makes a signer of the deployed environment of a project, ready to sign.
// It is signer.Open over Environment; nil options have all defaults.
func Open(ctx context.Context, cfg aws.Config, project, environment string, o *signer.OpenOptions) (*signer.Signer, error) {
	return signer.Open(ctx, Environment(cfg, project, environment), o)
}

// Environment is the source of a deployed environment, whose document is the
// parameter /signedfront/<project>/<environment>.
func Environment(cfg aws.Config, project, environment string) signer.Source {
	return Parameter(cfg, "/signedfront/"+project+"/"+environment)
}

// Parameter is the source of a deployment whose document is the named Systems
// Manager parameter, in the Region of cfg.
func Parameter(cfg aws.Config, name string) signer.Source {
	clients := NewClients(cfg)
	return NewSource(clients, func(ctx context.Context) (*signer.Deployment, error) { return clients.parameter(ctx, name) })
}

// Variable is the source of a deployment whose document is the text of an
// environment variable, and whose key is in AWS. A rotation reaches it only
// with a new process: keep the variable up to date within maxKeyAge.
func Variable(cfg aws.Config, variable string) signer.Source {
	return NewSource(NewClients(cfg), signer.EnvSource(variable).Deployment)
}

// File is the source of a deployment whose document is a file, and whose key is
// in AWS.
func File(cfg aws.Config, file string) signer.Source {
	return NewSource(NewClients(cfg), signer.FileSource(file).Deployment)
}

// Clients are the operations of AWS that a source uses. The clients of the SDK
// are such; tests have others.
type Clients struct {
	SSM interface {
		GetParameter(context.Context, *ssm.GetParameterInput, ...func(*ssm.Options)) (*ssm.GetParameterOutput, error)
	}
	SecretsManager interface {
		GetSecretValue(context.Context, *secretsmanager.GetSecretValueInput, ...func(*secretsmanager.Options)) (*secretsmanager.GetSecretValueOutput, error)
	}
	KMS KMSClient
}

// NewClients makes the SDK's clients.
func NewClients(cfg aws.Config) Clients {
	return Clients{SSM: ssm.NewFromConfig(cfg), SecretsManager: secretsmanager.NewFromConfig(cfg), KMS: kms.NewFromConfig(cfg)}
}

// NewSource is the source of a deployment whose document any function reads.
func NewSource(clients Clients, document func(context.Context) (*signer.Deployment, error)) signer.Source {
	return &source{clients: clients, document: document}
}

type source struct {
	clients  Clients
	document func(context.Context) (*signer.Deployment, error)
}

// Deployment reads the document, and where that borrows its key, the lender's.
func (s *source) Deployment(ctx context.Context) (*signer.Deployment, error) {
	d, err := s.document(ctx)
	if err != nil || d.Key.Parameter == "" {
		return d, err
	}
	lender, err := s.clients.parameter(ctx, d.Key.Parameter)
	if err != nil {
		return nil, fmt.Errorf("the environment that lends its key: %w", err)
	}
	if lender.Key.Parameter != "" {
		return nil, fmt.Errorf("%s lends a key that it borrows itself, from %s: borrow there", d.Key.Parameter, lender.Key.Parameter)
	}
	borrowed := *lender
	borrowed.BaseURL = d.BaseURL
	borrowed.MaxURLLifetime = lesser(d.MaxURLLifetime, lender.MaxURLLifetime)
	borrowed.MaxKeyAge = lesser(d.MaxKeyAge, lender.MaxKeyAge)
	return &borrowed, nil
}

// lesser of two limits, of which 0 is none.
func lesser(a, b int64) int64 {
	if a == 0 || b != 0 && b < a {
		return b
	}
	return a
}

// Key opens the key where the document says it is.
func (s *source) Key(ctx context.Context, d *signer.Deployment) (signer.Key, error) {
	switch {
	case d.Key.SecretARN != "":
		return s.clients.secretKey(ctx, d.Key.SecretARN, d.Key.SecretVersionID)
	case d.Key.KMSARN != "":
		return NewKMSKey(ctx, s.clients.KMS, d.Key.KMSARN)
	case d.Key.File != "":
		return nil, fmt.Errorf("the deployment document names the key file %s: use signer.FileSource or signer.EnvSource", d.Key.File)
	}
	return nil, errors.New("the deployment document names no key")
}

// parameter reads a deployment document.
func (c Clients) parameter(ctx context.Context, name string) (*signer.Deployment, error) {
	if !strings.HasPrefix(name, "/") {
		// An ARN would be another account's, perhaps.
		return nil, fmt.Errorf("parameter %q: want a name that starts with a slash, in the same account and Region", name)
	}
	out, err := c.SSM.GetParameter(ctx, &ssm.GetParameterInput{Name: aws.String(name)})
	if errors.As(err, new(*ssmtypes.ParameterNotFound)) {
		return nil, fmt.Errorf("there is no parameter %s in this account and Region%s: is the environment deployed there?", name, region())
	}
	if err != nil {
		return nil, denied(fmt.Errorf("reading the parameter %s: %w", name, err))
	}
	if out.Parameter == nil || out.Parameter.Value == nil {
		return nil, fmt.Errorf("the parameter %s has no value", name)
	}
	d, err := signer.ParseDeployment([]byte(*out.Parameter.Value))
	if err != nil {
		return nil, fmt.Errorf("parameter %s: %w", name, err)
	}
	return d, nil
}

// secretKey reads one version of a secret, in the Region that its ARN names.
func (c Clients) secretKey(ctx context.Context, secret, version string) (signer.Key, error) {
	in := &secretsmanager.GetSecretValueInput{SecretId: aws.String(secret), VersionId: aws.String(version)}
	out, err := c.SecretsManager.GetSecretValue(ctx, in, func(o *secretsmanager.Options) {
		if region := regionOf(secret); region != "" {
			o.Region = region
		}
	})
	if errors.As(err, new(*secrettypes.ResourceNotFoundException)) {
		return nil, fmt.Errorf("the secret %s has no version %s: was the key retired, or the stack deleted?", secret, version)
	}
	if err != nil {
		return nil, denied(fmt.Errorf("reading the secret %s: %w", secret, err))
	}
	text := out.SecretBinary
	if out.SecretString != nil {
		text = []byte(*out.SecretString)
	}
	key, err := signer.ParsePrivateKey(text)
	if err != nil {
		return nil, fmt.Errorf("secret %s: %w", secret, err)
	}
	return key, nil
}

// denied adds what to do to a refusal of AWS.
func denied(err error) error {
	var refusal smithy.APIError
	if errors.As(err, &refusal) && strings.HasPrefix(refusal.ErrorCode(), "AccessDenied") {
		return fmt.Errorf("%w (attach the managed policy of the stack's output SigningPolicyArn to the role)", err)
	}
	return err
}

func regionOf(name string) string {
	parsed, err := arn.Parse(name)
	if err != nil {
		return ""
	}
	return parsed.Region
}

func region() string {
	if r := os.Getenv("AWS_REGION"); r != "" {
		return " (" + r + ")"
	}
	return ""
}
