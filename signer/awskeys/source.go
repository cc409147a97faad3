package awskeys

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/url"
	"path/filepath"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/arn"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	secrettypes "github.com/aws/aws-sdk-go-v2/service/secretsmanager/types"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	ssmtypes "github.com/aws/aws-sdk-go-v2/service/ssm/types"
	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"

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
	return NewSource(clients, func(ctx context.Context) (*signer.Deployment, error) {
		if clients.Region == "" {
			return nil, errors.New("the AWS configuration has no Region: set the environment variable AWS_REGION to the stack's")
		}
		d, _, err := clients.document(ctx, "", name)
		return d, err
	})
}

// Variable is the source of a deployment whose document is the text of an
// environment variable, and whose key is in AWS. A rotation reaches it only
// with a new process: keep the variable up to date within maxKeyAge.
func Variable(cfg aws.Config, variable string) signer.Source {
	return NewSource(NewClients(cfg), signer.EnvSource(variable).Deployment)
}

// File is the source of a deployment whose document is a file, and whose key is
// in AWS. A relative key file starts at the document's folder.
func File(cfg aws.Config, file string) signer.Source {
	return &source{NewClients(cfg), signer.FileSource(file).Deployment, filepath.Dir(file)}
}

// Clients are the operations of AWS that a source uses. The clients of the SDK
// are such; tests have others.
//
// A key is asked for in the Region that its ARN names, and a lender's document
// in that of the borrower's, whatever the client's own Region is: options of
// the call say so.
type Clients struct {
	SSM interface {
		GetParameter(context.Context, *ssm.GetParameterInput, ...func(*ssm.Options)) (*ssm.GetParameterOutput, error)
	}
	SecretsManager interface {
		GetSecretValue(context.Context, *secretsmanager.GetSecretValueInput, ...func(*secretsmanager.Options)) (*secretsmanager.GetSecretValueOutput, error)
	}
	KMS KMSClient

	// Region is that of SSM, for errors to name.
	Region string
}

// NewClients makes the SDK's clients.
func NewClients(cfg aws.Config) Clients {
	return Clients{
		SSM: ssm.NewFromConfig(cfg), SecretsManager: secretsmanager.NewFromConfig(cfg), KMS: kms.NewFromConfig(cfg),
		Region: cfg.Region,
	}
}

// NewSource is the source of a deployment whose document any function reads. An
// imported key may be a file; a relative one starts at the working directory.
func NewSource(clients Clients, document func(context.Context) (*signer.Deployment, error)) signer.Source {
	return &source{clients, document, "."}
}

type source struct {
	clients  Clients
	document func(context.Context) (*signer.Deployment, error)
	folder   string // where relative key files start
}

// Deployment reads the document, and where that borrows its key, the lender's.
func (s *source) Deployment(ctx context.Context) (*signer.Deployment, error) {
	d, err := s.document(ctx)
	if err != nil || d.Key.Parameter == "" {
		return d, err
	}
	lender, account, err := s.clients.document(ctx, d.Region, d.Key.Parameter)
	if err != nil {
		return nil, fmt.Errorf("the environment that lends its key: %w", err)
	}
	if lender.Key.Parameter != "" {
		return nil, fmt.Errorf("%s lends a key that it borrows itself, from %s: borrow there", d.Key.Parameter, lender.Key.Parameter)
	}
	if of := parse(lender.Key.SecretARN + lender.Key.KMSARN).AccountID; of != account && of != "" && account != "" {
		return nil, fmt.Errorf("%s of account %s lends a key of account %s: keys are not lent across accounts", d.Key.Parameter, account, of)
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
		if d.Hash == signer.SHA1 {
			return nil, errSHA1
		}
		return NewKMSKey(ctx, s.clients.KMS, d.Key.KMSARN)
	case d.Key.File != "":
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		file := d.Key.File
		if !filepath.IsAbs(file) {
			file = filepath.Join(s.folder, file)
		}
		return signer.LoadPrivateKey(file)
	}
	return nil, errors.New("the deployment document names no key")
}

// document reads a deployment document from a parameter of a Region, the
// client's own if empty. It tells the account that the parameter is in, if AWS
// did.
func (c Clients) document(ctx context.Context, region, name string) (d *signer.Deployment, account string, err error) {
	switch {
	case !strings.HasPrefix(name, "/"):
		// An ARN would be another account's, perhaps.
		return nil, "", fmt.Errorf("parameter %q: want a name that starts with a slash, in the same account and Region", name)
	case strings.Contains(name, "//") || strings.HasSuffix(name, "/"):
		return nil, "", fmt.Errorf("parameter %q: a part of its name is empty: give both a project and an environment", name)
	}
	out, err := c.SSM.GetParameter(ctx, &ssm.GetParameterInput{Name: aws.String(name)}, func(o *ssm.Options) {
		if region != "" {
			o.Region = region
		}
	})
	if errors.As(err, new(*ssmtypes.ParameterNotFound)) {
		return nil, "", fmt.Errorf("there is no parameter %s in Region %s of the account of these credentials (`aws sts get-caller-identity` tells which): is the stack deployed there?",
			name, cmp.Or(region, c.Region, "(unknown)"))
	}
	if err != nil {
		return nil, "", failed("reading the parameter "+name, err)
	}
	if out.Parameter == nil || out.Parameter.Value == nil {
		return nil, "", fmt.Errorf("the parameter %s has no value", name)
	}
	if d, err = signer.ParseDeployment([]byte(*out.Parameter.Value)); err != nil {
		return nil, "", fmt.Errorf("parameter %s: %w", name, err)
	}
	return d, parse(aws.ToString(out.Parameter.ARN)).AccountID, nil
}

// secretKey reads one version of a secret.
func (c Clients) secretKey(ctx context.Context, secret, version string) (signer.Key, error) {
	in := &secretsmanager.GetSecretValueInput{SecretId: aws.String(secret), VersionId: aws.String(version)}
	out, err := c.SecretsManager.GetSecretValue(ctx, in, func(o *secretsmanager.Options) {
		if region := parse(secret).Region; region != "" {
			o.Region = region
		}
		// What a program logs of AWS's answers, this one is not for it.
		o.ClientLogMode.ClearResponseWithBody()
	})
	switch {
	case errors.As(err, new(*secrettypes.ResourceNotFoundException)):
		return nil, fmt.Errorf("the secret %s has no version %s: was the key retired, or the stack deleted?", secret, version)
	case errors.As(err, new(*smithy.DeserializationError)):
		// This error carries a piece of the answer, which is the key.
		if err = ctx.Err(); err == nil {
			err = errors.New("the answer of Secrets Manager cannot be read")
		}
		return nil, fmt.Errorf("reading the secret %s: %w", secret, err)
	case err != nil:
		return nil, failed("reading the secret "+secret, err)
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

// failed tells a failure of AWS in few words, with what to do about it. The
// whole error of the SDK is behind it, for errors.As.
func failed(doing string, err error) error {
	var unsent *smithyhttp.RequestSendError
	var refusal smithy.APIError
	switch {
	case isDenied(err):
		return fmt.Errorf("%s: %w (attach the managed policy of the stack's output SigningPolicyArn to the role)", doing, err)
	case errors.As(err, &unsent):
		return &failure{doing + ": AWS cannot be reached: " + reason(unsent), err}
	case errors.As(err, &refusal) && invalidCredentials[refusal.ErrorCode()]:
		return &failure{fmt.Sprintf("%s: AWS does not take the credentials (%s: %s): sign in again, or set AWS_PROFILE", doing, refusal.ErrorCode(), refusal.ErrorMessage()), err}
	}
	return fmt.Errorf("%s: %w", doing, err)
}

// failure has a text of its own, and the error behind it.
type failure struct {
	text string
	err  error
}

func (f *failure) Error() string { return f.text }
func (f *failure) Unwrap() error { return f.err }

var invalidCredentials = map[string]bool{
	"ExpiredTokenException": true, "ExpiredToken": true, "UnrecognizedClientException": true,
	"InvalidClientTokenId": true, "InvalidSignatureException": true,
}

// reason is why a request could not be sent, without the request.
func reason(err *smithyhttp.RequestSendError) string {
	var request *url.Error
	if errors.As(err, &request) {
		return request.Err.Error()
	}
	return err.Err.Error()
}

func isDenied(err error) bool {
	var refusal smithy.APIError
	return errors.As(err, &refusal) && strings.HasPrefix(refusal.ErrorCode(), "AccessDenied")
}

// parse reads an ARN; what is none has no parts.
func parse(name string) arn.ARN {
	parsed, err := arn.Parse(name)
	if err != nil {
		return arn.ARN{}
	}
	return parsed
}
