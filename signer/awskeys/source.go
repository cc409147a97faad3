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

// Open returns a Signer for the deployed environment of a project: signer.Open with
// Environment. A nil o means all defaults.
func Open(ctx context.Context, cfg aws.Config, project, environment string, o *signer.OpenOptions) (*signer.Signer, error) {
	return signer.Open(ctx, Environment(cfg, project, environment), o)
}

// Source reads a deployment document and opens the key that it names.
//
// A document is input: whoever can write it can name a key elsewhere. So a key is
// opened only if it is in the document's own partition, Region and account, which
// is checked before any request for the key. For a document from a parameter, that
// is the location of the parameter, as Systems Manager returns it. For any other
// document it is the Region of the configuration, in the account of Account or in
// any. The same applies to a lender's document.
//
// The fields change what a document may name. Set them before the first use.
type Source struct {
	// BaseURL, if set, is the only base URL that the document may have.
	BaseURL string

	// Account, if set, is the only account that may hold the parameter and the key,
	// as twelve digits.
	Account string

	// Others lists further accounts and Regions that may hold the key and a
	// lender's document. Empty fields mean the document's own: {Region:
	// "eu-west-1"} allows another Region of the same account.
	Others []AccountRegion

	// KeyFiles allows a document from a parameter to name a key file on the machine
	// that signs: for your own keys, kept out of AWS.
	KeyFiles bool

	clients   Clients
	document  func(context.Context) (*signer.Deployment, error)
	parameter string // the parameter with the document; if empty, a function reads it
	folder    string // the folder of relative key files
}

// Environment returns the source of a deployed environment. Its document is the
// parameter /signedfront/<project>/<environment>.
func Environment(cfg aws.Config, project, environment string) *Source {
	return Parameter(cfg, contract.ParameterName(project, environment))
}

// Parameter returns a source that reads the deployment document from the named Systems
// Manager parameter in the Region of cfg. It sends no request: a parameter that is
// missing is an error of the first reading.
func Parameter(cfg aws.Config, name string) *Source {
	return &Source{clients: NewClients(cfg), parameter: name, folder: "."}
}

// Variable returns a source that reads the deployment document from an environment
// variable, and the key from AWS. A running process does not see a rotation: update the
// variable and restart the process within the document's maxKeyAge after each one.
func Variable(cfg aws.Config, variable string) *Source {
	return NewSource(NewClients(cfg), signer.EnvSource(variable).Deployment)
}

// File returns a source whose document is a file, and whose key is in AWS. A
// relative key file is relative to the document's folder.
func File(cfg aws.Config, file string) *Source {
	s := NewSource(NewClients(cfg), signer.FileSource(file).Deployment)
	s.folder = filepath.Dir(file)
	return s
}

// Clients are the AWS operations that a source uses. The clients of the SDK
// implement them; tests have their own.
//
// Each call is directed to the Region of the parameter or of the key, by options of
// the call, whatever the client's own Region.
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

// NewClients returns clients of the SDK.
func NewClients(cfg aws.Config) Clients {
	return Clients{
		SSM: ssm.NewFromConfig(cfg), SecretsManager: secretsmanager.NewFromConfig(cfg), KMS: kms.NewFromConfig(cfg),
		Region: cfg.Region,
	}
}

// NewSource returns a source that calls document for the deployment document, and uses
// clients to read the key that it names. A relative name of a key file starts at the
// working directory.
func NewSource(clients Clients, document func(context.Context) (*signer.Deployment, error)) *Source {
	return &Source{clients: clients, document: document, folder: "."}
}

// Deployment reads the document. For a borrower it also reads the lender's, and
// returns the document with the lender's key members.
func (s *Source) Deployment(ctx context.Context) (*signer.Deployment, error) {
	d, own, err := s.own(ctx)
	if err != nil {
		return nil, err
	}
	if s.BaseURL != "" && d.BaseURL != s.BaseURL {
		return nil, fmt.Errorf("deployment document: baseUrl: %s: this program signs only for %s (Source.BaseURL)",
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

// own reads the document and returns its location.
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
		return nil, AccountRegion{}, errors.New("the source names no deployment document: make it with Environment, Parameter, File, Variable or NewSource")
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

// check returns an error if a document, whose location is own, names a location or a
// file that it must not.
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
		return errors.New("key.file: a document in AWS names a file on the machine that signs: set Source.KeyFiles to allow that")
	}
	return nil
}

// Key opens the key that the document names.
func (s *Source) Key(ctx context.Context, d *signer.Deployment) (signer.Key, error) {
	if d == nil {
		return nil, errors.New("no deployment document")
	}
	if err := d.Key.Validate(); err != nil {
		return nil, fmt.Errorf("deployment document: %w", err)
	}
	// Deployment also checked the account against the parameter's.
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
	return nil, fmt.Errorf("deployment document: it borrows its key from %s: read it with Source.Deployment, which also reads the lender's document", shown(d.Key.Parameter))
}

// read reads a deployment document from a parameter in region. It also returns the
// location of the parameter.
func (s *Source) read(ctx context.Context, region, name string) (*signer.Deployment, AccountRegion, error) {
	none := func(err error) (*signer.Deployment, AccountRegion, error) { return nil, AccountRegion{}, err }
	switch {
	case strings.Contains(name, "//") || strings.HasSuffix(name, "/"):
		return none(fmt.Errorf("parameter %s: a part of its name is empty: give both a project and an environment", shown(name)))
	case signer.KeyLocation{Parameter: name}.Validate() != nil:
		// An ARN could name another account.
		return none(fmt.Errorf("parameter %s: want a name that starts with a slash, of letters, digits and \"-_./\", in the same account and Region", shown(name)))
	case s.clients.SSM == nil:
		return none(errors.New("no client of Systems Manager: set Clients.SSM"))
	}
	out, err := s.clients.SSM.GetParameter(ctx, &ssm.GetParameterInput{Name: aws.String(name)}, func(o *ssm.Options) { o.Region = region })
	if errors.As(err, new(*ssmtypes.ParameterNotFound)) {
		return none(fmt.Errorf("there is no parameter %s in Region %s of the account of these credentials (`aws sts get-caller-identity` shows it): is the stack deployed there?",
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

// answered returns the location of a parameter from the ARN that Systems Manager
// returned.
func (s *Source) answered(arn, region, name string) (AccountRegion, error) {
	if arn == "" && s.Account != "" {
		return AccountRegion{partitionOf(region), region, s.Account}, nil
	}
	at, err := accountRegionOf(arn)
	switch {
	case err != nil:
		return AccountRegion{}, errors.New("Systems Manager did not return its ARN, so its account is not known: set Source.Account")
	case at.Region != region || !strings.HasSuffix(arn, ":parameter"+name):
		return AccountRegion{}, fmt.Errorf("Systems Manager returned another parameter, %s", shown(arn))
	case s.Account != "" && at.Account != s.Account:
		return AccountRegion{}, fmt.Errorf("in the account %s: this program signs only for %s (Source.Account)", signer.Describe(at.Account, signer.FormWord), s.Account)
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
		// This error holds a part of the response, which is the key.
		if err = ctx.Err(); err == nil {
			err = errors.New("the response of Secrets Manager cannot be read")
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

// shown returns a resource's name for an error, without quotes. A value that may be
// a key is described by signer.Describe.
func shown(name string) string {
	text := signer.Describe(name, signer.FormName)
	if quoted := strconv.Quote(name); text == quoted {
		return name
	}
	return text
}

// failed returns a short form of an AWS error, with the fix. It wraps the SDK's
// error, except for what withoutName removes.
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
		return &failure{fmt.Sprintf("%s: AWS does not accept the credentials (%s: %s): sign in again, or set AWS_PROFILE", doing, refusal.ErrorCode(), refusal.ErrorMessage()), err}
	}
	return fmt.Errorf("%s: %w", doing, err)
}

// withoutName returns an AWS error without its message if name must not be shown, since
// the message may repeat it.
func withoutName(err error, name string) error {
	var refusal smithy.APIError
	if shown(name) == name || !errors.As(err, &refusal) {
		return err
	}
	return &smithy.GenericAPIError{Code: refusal.ErrorCode(), Message: "(the message is left out, since it may repeat the name)", Fault: refusal.ErrorFault()}
}

// failure is an error with another text.
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

// reason returns why a request could not be sent, without the request.
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
