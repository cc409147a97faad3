package awskeys

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/url"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	secrettypes "github.com/aws/aws-sdk-go-v2/service/secretsmanager/types"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	ssmtypes "github.com/aws/aws-sdk-go-v2/service/ssm/types"
	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"github.com/signedfront/signedfront/constructs/contract"
	"github.com/signedfront/signedfront/signer"
)

// Open makes a signer of the deployed environment of a project, ready to sign.
// It is signer.Open over Environment; nil options have all defaults.
func Open(ctx context.Context, cfg aws.Config, project, environment string, o *signer.OpenOptions) (*signer.Signer, error) {
	return signer.Open(ctx, Environment(cfg, project, environment), o)
}

// Source reads a deployment document and opens the key that it names.
//
// A document is input: whoever may write it may name a key elsewhere. So a key
// is opened only where the document itself is, in the same partition, Region and
// account, before anything is asked of AWS. For a document from a parameter that
// is where the parameter is, as Systems Manager answers; for any other it is the
// Region of the configuration, in the account of Account or in any. The same
// holds for the document of a lender.
//
// The fields change what a document may name. Set them before the first use.
type Source struct {
	// BaseURL, if set, is the base URL that the document must have.
	BaseURL string

	// Account, if set, is the account that the parameter and the key must be
	// in, as twelve digits.
	Account string

	// Others lists accounts and Regions besides the document's own where a key and
	// a lender's document may be. Empty parts are those of the document's own:
	// {Region: "eu-west-1"} allows another Region in the same account.
	Others []AccountRegion

	// KeyFiles lets a document from a parameter name a key file, which is read
	// from the machine that signs: for keys of one's own, kept out of AWS.
	KeyFiles bool

	clients   Clients
	document  func(context.Context) (*signer.Deployment, error)
	parameter string // of the document, instead of the function
	folder    string // where relative key files start
}

// Environment is the source of a deployed environment, whose document is the
// parameter /signedfront/<project>/<environment>.
func Environment(cfg aws.Config, project, environment string) *Source {
	return Parameter(cfg, contract.ParameterName(project, environment))
}

// Parameter is the source of a deployment whose document is the named Systems
// Manager parameter, in the Region of cfg.
func Parameter(cfg aws.Config, name string) *Source {
	return &Source{clients: NewClients(cfg), parameter: name, folder: "."}
}

// Variable is the source of a deployment whose document is the text of an
// environment variable, and whose key is in AWS. A rotation reaches it only
// with a new process: keep the variable up to date within maxKeyAge.
func Variable(cfg aws.Config, variable string) *Source {
	return NewSource(NewClients(cfg), signer.EnvSource(variable).Deployment)
}

// File is the source of a deployment whose document is a file, and whose key is
// in AWS. A relative key file starts at the document's folder.
func File(cfg aws.Config, file string) *Source {
	s := NewSource(NewClients(cfg), signer.FileSource(file).Deployment)
	s.folder = filepath.Dir(file)
	return s
}

// Clients are the operations of AWS that a source uses. The clients of the SDK
// are such; tests have others.
//
// Each call is for the Region of the parameter or of the key, whatever the
// client's own Region is: options of the call say so.
type Clients struct {
	SSM interface {
		GetParameter(context.Context, *ssm.GetParameterInput, ...func(*ssm.Options)) (*ssm.GetParameterOutput, error)
	}
	SecretsManager interface {
		GetSecretValue(context.Context, *secretsmanager.GetSecretValueInput, ...func(*secretsmanager.Options)) (*secretsmanager.GetSecretValueOutput, error)
	}
	KMS KMSClient

	// Region is the Region of the deployment.
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
func NewSource(clients Clients, document func(context.Context) (*signer.Deployment, error)) *Source {
	return &Source{clients: clients, document: document, folder: "."}
}

// Deployment reads the document, and where that borrows its key, the lender's.
func (s *Source) Deployment(ctx context.Context) (*signer.Deployment, error) {
	d, own, err := s.own(ctx)
	if err != nil {
		return nil, err
	}
	if s.BaseURL != "" && d.BaseURL != s.BaseURL {
		return nil, fmt.Errorf("deployment document: baseUrl: %s: this program signs for %s alone (Source.BaseURL)",
			signer.Describe(d.BaseURL, signer.FormName), signer.Describe(s.BaseURL, signer.FormName))
	}
	if err := s.check(d, own, s.parameter != ""); err != nil {
		return nil, fmt.Errorf("deployment document: %w", err)
	}
	if d.Key.Parameter == "" {
		return d, nil
	}
	lender, at, err := s.read(ctx, cmp.Or(d.Region, own.Region), d.Key.Parameter)
	if err != nil {
		return nil, fmt.Errorf("the environment that lends its key: %w", err)
	}
	name := shown(d.Key.Parameter)
	borrowed, err := d.Borrow(lender)
	if err != nil {
		return nil, fmt.Errorf("deployment document: %w", err)
	}
	if err := own.check(at, s.Others); err != nil {
		return nil, fmt.Errorf("%s lends a key: %w", name, err)
	}
	if err := s.check(lender, at, true); err != nil {
		return nil, fmt.Errorf("%s lends a key: %w", name, err)
	}
	return borrowed, nil
}

// own reads the document, and says where it is.
func (s *Source) own(ctx context.Context) (*signer.Deployment, AccountRegion, error) {
	region := s.clients.Region
	switch {
	case region == "":
		return nil, AccountRegion{}, errors.New("the AWS configuration has no Region: set the environment variable AWS_REGION to the stack's")
	case strings.Trim(region, "abcdefghijklmnopqrstuvwxyz0123456789-") != "" || len(region) > 63:
		return nil, AccountRegion{}, fmt.Errorf("the Region of the AWS configuration is %s: want the stack's, such as eu-west-1", signer.Describe(region, signer.FormWord))
	case s.Account != "" && (len(s.Account) != 12 || strings.Trim(s.Account, "0123456789") != ""):
		return nil, AccountRegion{}, fmt.Errorf("Source.Account is %s: want twelve digits", signer.Describe(s.Account, signer.FormWord))
	case s.parameter != "":
		return s.read(ctx, region, s.parameter)
	case s.document == nil:
		return nil, AccountRegion{}, errors.New("a source of no deployment: make it with Environment, Parameter, File, Variable or NewSource")
	}
	d, err := s.document(ctx)
	if err == nil && d == nil {
		err = errors.New("the function returned no deployment document")
	}
	if err == nil {
		err = d.Validate()
	}
	if err != nil {
		return nil, AccountRegion{}, err
	}
	return d, AccountRegion{partitionOf(region), region, s.Account}, nil
}

// check reports what a document that is in own must not name.
func (s *Source) check(d *signer.Deployment, own AccountRegion, fromAWS bool) error {
	if d.Region != "" && d.Region != own.Region {
		if err := own.check(AccountRegion{partitionOf(d.Region), d.Region, own.Account}, s.Others); err != nil {
			return fmt.Errorf("region: %w", err)
		}
	}
	if arn := d.Key.SecretARN + d.Key.KMSARN; arn != "" {
		at, err := accountRegionOf(arn)
		if err == nil {
			err = own.check(at, s.Others)
		}
		if err != nil {
			return fmt.Errorf("key: %s: %w", shown(arn), err)
		}
	}
	if d.Key.File != "" && fromAWS && !s.KeyFiles {
		return errors.New("key.file: a document in AWS names a file of the machine that signs: set Source.KeyFiles if that is meant")
	}
	return nil
}

// Key opens the key where the document says it is.
func (s *Source) Key(ctx context.Context, d *signer.Deployment) (signer.Key, error) {
	if d == nil {
		return nil, errors.New("no deployment document")
	}
	if err := d.Key.Validate(); err != nil {
		return nil, fmt.Errorf("deployment document: %w", err)
	}
	// Deployment has checked the account too, against that of the parameter.
	own := AccountRegion{Region: s.clients.Region, Account: s.Account}
	if at, err := accountRegionOf(d.Key.SecretARN + d.Key.KMSARN); err == nil {
		own.Partition = at.Partition
	}
	if err := s.check(&signer.Deployment{Key: d.Key}, own, s.parameter != ""); err != nil {
		return nil, fmt.Errorf("deployment document: %w", err)
	}
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
	return nil, fmt.Errorf("deployment document: it borrows its key from %s: read it with Deployment, which follows it", shown(d.Key.Parameter))
}

// read reads a deployment document from a parameter of a Region, and says where
// the parameter is.
func (s *Source) read(ctx context.Context, region, name string) (*signer.Deployment, AccountRegion, error) {
	none := func(err error) (*signer.Deployment, AccountRegion, error) { return nil, AccountRegion{}, err }
	switch {
	case strings.Contains(name, "//") || strings.HasSuffix(name, "/"):
		return none(fmt.Errorf("parameter %s: a part of its name is empty: give both a project and an environment", shown(name)))
	case signer.KeyLocation{Parameter: name}.Validate() != nil:
		// An ARN would be another account's, perhaps.
		return none(fmt.Errorf("parameter %s: want a name that starts with a slash, of letters, digits and \"-_./\", in the same account and Region", shown(name)))
	case s.clients.SSM == nil:
		return none(errors.New("no client of Systems Manager: set Clients.SSM"))
	}
	out, err := s.clients.SSM.GetParameter(ctx, &ssm.GetParameterInput{Name: aws.String(name)}, func(o *ssm.Options) { o.Region = region })
	if errors.As(err, new(*ssmtypes.ParameterNotFound)) {
		return none(fmt.Errorf("there is no parameter %s in Region %s of the account of these credentials (`aws sts get-caller-identity` tells which): is the stack deployed there?",
			shown(name), region))
	}
	if err != nil {
		return none(failed("reading the parameter", name, err))
	}
	if out.Parameter == nil || out.Parameter.Value == nil {
		return none(fmt.Errorf("the parameter %s has no value", shown(name)))
	}
	at, err := s.answered(aws.ToString(out.Parameter.ARN), region, name)
	if err != nil {
		return none(fmt.Errorf("the parameter %s: %w", shown(name), err))
	}
	d, err := signer.ParseDeployment([]byte(*out.Parameter.Value))
	if err != nil {
		return none(fmt.Errorf("parameter %s: %w", shown(name), err))
	}
	return d, at, nil
}

// answered is where a parameter is, by its ARN as Systems Manager gives it.
func (s *Source) answered(arn, region, name string) (AccountRegion, error) {
	if arn == "" && s.Account != "" {
		return AccountRegion{partitionOf(region), region, s.Account}, nil
	}
	at, err := accountRegionOf(arn)
	switch {
	case err != nil:
		return AccountRegion{}, errors.New("Systems Manager did not answer its ARN, so its account is not known: set Source.Account")
	case at.Region != region || !strings.HasSuffix(arn, ":parameter"+name):
		return AccountRegion{}, fmt.Errorf("Systems Manager answered another one, %s", shown(arn))
	case s.Account != "" && at.Account != s.Account:
		return AccountRegion{}, fmt.Errorf("in the account %s: this program signs for %s alone (Source.Account)", signer.Describe(at.Account, signer.FormWord), s.Account)
	}
	return at, nil
}

// secretKey reads one version of a secret.
func (c Clients) secretKey(ctx context.Context, secret, version string) (signer.Key, error) {
	if c.SecretsManager == nil {
		return nil, errors.New("no client of Secrets Manager: set Clients.SecretsManager")
	}
	at, err := accountRegionOf(secret)
	if err != nil {
		return nil, fmt.Errorf("secret %s: %w", shown(secret), err)
	}
	in := &secretsmanager.GetSecretValueInput{SecretId: aws.String(secret), VersionId: aws.String(version)}
	out, err := c.SecretsManager.GetSecretValue(ctx, in, func(o *secretsmanager.Options) {
		o.Region = at.Region
		o.ClientLogMode.ClearResponseWithBody() // never log this response: it holds the private key
	})
	switch {
	case errors.As(err, new(*secrettypes.ResourceNotFoundException)):
		return nil, fmt.Errorf("the secret %s has no version %s: was the key retired, or the stack deleted?", shown(secret), shown(version))
	case errors.As(err, new(*smithy.DeserializationError)):
		// This error carries a piece of the answer, which is the key.
		if err = ctx.Err(); err == nil {
			err = errors.New("the answer of Secrets Manager cannot be read")
		}
		return nil, fmt.Errorf("reading the secret %s: %w", shown(secret), err)
	case err != nil:
		return nil, failed("reading the secret", secret, withoutName(err, version))
	}
	text := out.SecretBinary
	if out.SecretString != nil {
		text = []byte(*out.SecretString)
	}
	key, err := signer.ParsePrivateKey(text)
	if err != nil {
		return nil, fmt.Errorf("secret %s: %w", shown(secret), err)
	}
	return key, nil
}

// shown is how an error names a resource: by its name without quotes, or by what
// signer.Describe says of a value that may be a key.
func shown(name string) string {
	text := signer.Describe(name, signer.FormName)
	if quoted := strconv.Quote(name); text == quoted {
		return name
	}
	return text
}

// failed tells a failure of AWS in few words, with what to do about it. The
// whole error of the SDK is behind it, for errors.As, but for what withoutName
// takes away.
func failed(doing, name string, err error) error {
	doing, err = doing+" "+shown(name), withoutName(err, name)
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

// withoutName is an error of AWS without the text in which AWS repeats the name
// that it was asked for, where an error must not show that.
func withoutName(err error, name string) error {
	var refusal smithy.APIError
	if shown(name) == name || !errors.As(err, &refusal) {
		return err
	}
	return &smithy.GenericAPIError{Code: refusal.ErrorCode(), Message: "(the answer is left out, since it may repeat the name)", Fault: refusal.ErrorFault()}
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
