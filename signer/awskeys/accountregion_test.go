package awskeys_test

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	ssmtypes "github.com/aws/aws-sdk-go-v2/service/ssm/types"

	"github.com/signedfront/signedfront/signer"
	"github.com/signedfront/signedfront/signer/awskeys"
)

const lender = "/signedfront/signedfront/lender"

// elsewhere are documents that name a key in another location than their own.
var elsewhere = map[string]struct {
	change func(d *signer.Deployment)
	want   string
	others awskeys.AccountRegion // the entry of Others that allows it
}{
	"a secret of another Region": {func(d *signer.Deployment) {
		d.Key.SecretARN = strings.Replace(secretARN, region, "eu-central-1", 1)
	}, `in the Region "eu-central-1", not in the deployment's own, eu-west-1`, awskeys.AccountRegion{Region: "eu-central-1"}},
	"a secret of another account": {func(d *signer.Deployment) {
		d.Key.SecretARN = strings.Replace(secretARN, account, "444455556666", 1)
	}, `in the account "444455556666", not in the deployment's own, 111122223333`, awskeys.AccountRegion{Account: "444455556666"}},
	"a secret of another partition": {func(d *signer.Deployment) {
		d.Key.SecretARN = strings.Replace(secretARN, "arn:aws:", "arn:aws-cn:", 1)
	}, `in the partition "aws-cn", not in the deployment's own, aws`, awskeys.AccountRegion{Partition: "aws-cn"}},
	"a key in KMS of another Region": {func(d *signer.Deployment) {
		d.Key = signer.KeyLocation{KMSARN: "arn:aws:kms:eu-central-1:" + account + ":key/0000"}
	}, `in the Region "eu-central-1"`, awskeys.AccountRegion{Region: "eu-central-1"}},
	"a key in KMS of another account": {func(d *signer.Deployment) {
		d.Key = signer.KeyLocation{KMSARN: "arn:aws:kms:" + region + ":444455556666:key/0000"}
	}, `in the account "444455556666"`, awskeys.AccountRegion{Account: "444455556666"}},
	"a document that says another Region": {func(d *signer.Deployment) {
		d.Region = "eu-central-1"
	}, `region: in the Region "eu-central-1"`, awskeys.AccountRegion{Region: "eu-central-1"}},
}

func TestADocumentNamesNoKeyElsewhereUnlessAnOptionAllowsIt(t *testing.T) {
	for name, test := range elsewhere {
		for hop, parameterOf := range map[string]string{"its own": parameter, "the lender's": lender} {
			t.Run(name+", "+hop, func(t *testing.T) {
				c := newCloud(t)
				_, d := c.deploy(t, parameterOf, "KONE")
				test.change(&d)
				c.put(t, parameterOf, d)
				if parameterOf == lender {
					c.put(t, parameter, signer.Deployment{Schema: 1, BaseURL: site, Key: signer.KeyLocation{Parameter: lender}})
				}
				source := awskeys.Parameter(c.config(), parameter)
				if _, err := source.Deployment(t.Context()); err == nil || !strings.Contains(err.Error(), test.want) {
					t.Errorf("got %v, want %q in it", err, test.want)
				}
				if n := c.called("GetSecretValue") + c.called("GetPublicKey"); n != 0 {
					t.Errorf("the key was asked for %d times", n)
				}
				source.Others = []awskeys.AccountRegion{test.others}
				if _, err := source.Deployment(t.Context()); err != nil {
					t.Errorf("allowed by %+v: %v", test.others, err)
				}
			})
		}
	}
}

// The Region becomes part of the host of a request that carries the program's
// session token, so it is checked before any request. Key is also called with a
// document that Deployment never returned.
func TestNoRequestGoesToAHostThatADocumentMadeUp(t *testing.T) {
	const host = "127.0.0.1:9"
	for name, change := range map[string]func(d *signer.Deployment){
		"a secret's Region":        func(d *signer.Deployment) { d.Key.SecretARN = strings.Replace(secretARN, region, "x@"+host+"/#", 1) },
		"a secret's Region, a dot": func(d *signer.Deployment) { d.Key.SecretARN = strings.Replace(secretARN, region, "x.evil.example/", 1) },
		"a KMS key's Region": func(d *signer.Deployment) {
			d.Key = signer.KeyLocation{KMSARN: strings.Replace(kmsARN, region, "x@"+host+"/#", 1)}
		},
		"the document's Region": func(d *signer.Deployment) { d.Region = "x@" + host + "/#" },
		"the lender's Region": func(d *signer.Deployment) {
			d.Key, d.Region = signer.KeyLocation{Parameter: lender}, "x@"+host+"/#"
		},
		"another Region of AWS": func(d *signer.Deployment) { d.Key.SecretARN = strings.Replace(secretARN, region, "ap-south-1", 1) },
	} {
		t.Run(name, func(t *testing.T) {
			c := newCloud(t)
			_, d := c.deploy(t, parameter, "KONE")
			change(&d)
			c.put(t, parameter, d)
			file := filepath.Join(t.TempDir(), "deployment.json")
			text := must(json.Marshal(d))
			if err := os.WriteFile(file, text, 0o600); err != nil {
				t.Fatal(err)
			}
			t.Setenv("SIGNEDFRONT_DEPLOYMENT", string(text))
			// Without a configured endpoint, the SDK builds a host from the Region.
			var sent []string
			cfg := c.config()
			cfg.BaseEndpoint = nil
			cfg.HTTPClient = roundTripper(func(r *http.Request) (*http.Response, error) {
				if r.URL.Host == "ssm."+region+".amazonaws.com" {
					r.URL.Scheme, r.URL.Host = "http", strings.TrimPrefix(c.URL, "http://")
					return http.DefaultTransport.RoundTrip(r)
				}
				sent = append(sent, r.URL.Host)
				return nil, errors.New("no network")
			})
			given := d
			for kind, source := range map[string]*awskeys.Source{
				"parameter": awskeys.Parameter(cfg, parameter),
				"file":      awskeys.File(cfg, file),
				"variable":  awskeys.Variable(cfg, "SIGNEDFRONT_DEPLOYMENT"),
				"function":  awskeys.NewSource(awskeys.NewClients(cfg), func(context.Context) (*signer.Deployment, error) { return &given, nil }),
			} {
				if _, err := source.Deployment(t.Context()); err == nil {
					t.Errorf("%s: the document is taken", kind)
				}
				if _, err := source.Key(t.Context(), &d); err == nil {
					t.Errorf("%s: the key is opened", kind)
				}
			}
			if d.Key.KMSARN != "" {
				if _, err := awskeys.NewKMSKey(t.Context(), awskeys.NewClients(cfg).KMS, d.Key.KMSARN); err == nil {
					t.Error("NewKMSKey: the key is opened")
				}
			}
			for _, host := range sent {
				// Key with a document in which only the Region is wrong.
				if host != "secretsmanager."+region+".amazonaws.com" {
					t.Errorf("a request went to %s", host)
				}
			}
		})
	}
}

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) Do(r *http.Request) (*http.Response, error) { return f(r) }

func TestASourceIsPinnedToABaseURLAndAnAccount(t *testing.T) {
	c := newCloud(t)
	_, d := c.deploy(t, parameter, "KONE")
	c.put(t, "/signedfront/signedfront/pr-1", signer.Deployment{Schema: 1, BaseURL: "https://d222222abcdef8.cloudfront.net", Key: signer.KeyLocation{Parameter: parameter}})
	ofFile := filepath.Join(t.TempDir(), "deployment.json")
	if err := os.WriteFile(ofFile, must(d.MarshalIndent()), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, test := range map[string]struct {
		source           *awskeys.Source
		baseURL, account string
		want             string
	}{
		"the right ones":                     {awskeys.Parameter(c.config(), parameter), site, account, ""},
		"the right ones, of a file":          {awskeys.File(c.config(), ofFile), site, account, ""},
		"the right ones, of a borrower":      {awskeys.Parameter(c.config(), "/signedfront/signedfront/pr-1"), "https://d222222abcdef8.cloudfront.net", account, ""},
		"another base URL":                   {awskeys.Parameter(c.config(), parameter), "https://d222222abcdef8.cloudfront.net", "", "baseUrl"},
		"the lender's base URL":              {awskeys.Parameter(c.config(), "/signedfront/signedfront/pr-1"), site, "", "baseUrl"},
		"another account":                    {awskeys.Parameter(c.config(), parameter), "", "444455556666", `in the account "111122223333": this program signs only for 444455556666`},
		"another account, of a file":         {awskeys.File(c.config(), ofFile), "", "444455556666", `in the account "111122223333", not`},
		"an account that is none":            {awskeys.Parameter(c.config(), parameter), "", "1111", "twelve digits"},
		"a base URL that is written differs": {awskeys.Parameter(c.config(), parameter), site + "/", "", "baseUrl"},
	} {
		test.source.BaseURL, test.source.Account = test.baseURL, test.account
		_, err := test.source.Deployment(t.Context())
		if test.want == "" && err != nil || test.want != "" && (err == nil || !strings.Contains(err.Error(), test.want)) {
			t.Errorf("%s: got %v, want %q", name, err, test.want)
		}
	}
}

func TestAKeyFileThatADocumentInAWSNamesIsReadOnlyIfItIsAllowed(t *testing.T) {
	c := newCloud(t)
	_, d := c.deploy(t, parameter, "KONE")
	key := must(signer.GenerateKey(signer.ECDSAP256))
	d.PublicKeySHA256, d.TrustedKeys = key.PublicKey().Fingerprint(), nil
	d.Key = signer.KeyLocation{File: filepath.Join(t.TempDir(), "key.pem")}
	if err := key.WriteFile(d.Key.File); err != nil {
		t.Fatal(err)
	}
	c.put(t, parameter, d)
	borrower := filepath.Join(t.TempDir(), "deployment.json")
	borrowing := signer.Deployment{Schema: 1, BaseURL: site, Key: signer.KeyLocation{Parameter: parameter}}
	if err := os.WriteFile(borrower, must(borrowing.MarshalIndent()), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, source := range map[string]*awskeys.Source{
		"a parameter":                      awskeys.Parameter(c.config(), parameter),
		"the lender's parameter of a file": awskeys.File(c.config(), borrower),
	} {
		if _, err := source.Deployment(t.Context()); err == nil || !strings.Contains(err.Error(), "Source.KeyFiles") {
			t.Errorf("%s: got %v", name, err)
		}
		source.KeyFiles = true
		s, err := signer.Open(t.Context(), source, nil)
		if err != nil {
			t.Errorf("%s, allowed: %v", name, err)
			continue
		}
		signs(t, s, "KONE", key.PublicKey())
		s.Close()
	}
	if _, err := awskeys.Parameter(c.config(), parameter).Key(t.Context(), &d); err == nil || !strings.Contains(err.Error(), "Source.KeyFiles") {
		t.Errorf("Key alone: got %v", err)
	}
	d.Key.File = "/dev/zero"
	c.put(t, parameter, d)
	source := awskeys.Parameter(c.config(), parameter)
	source.KeyFiles = true
	if _, err := source.Key(t.Context(), &d); err == nil {
		t.Error("/dev/zero was read")
	}
}

// answers is a Systems Manager that always returns one ARN.
type answers struct {
	arn  *string
	text string
}

func (a answers) GetParameter(context.Context, *ssm.GetParameterInput, ...func(*ssm.Options)) (*ssm.GetParameterOutput, error) {
	return &ssm.GetParameterOutput{Parameter: &ssmtypes.Parameter{ARN: a.arn, Value: &a.text}}, nil
}

func TestAParameterIsWhereSystemsManagerSaysOrItIsRefused(t *testing.T) {
	c := newCloud(t)
	_, d := c.deploy(t, parameter, "KONE")
	text := string(must(json.Marshal(d)))
	for name, test := range map[string]struct {
		arn     *string
		account string
		want    string
	}{
		"its ARN":                        {aws.String("arn:aws:ssm:" + region + ":" + account + ":parameter" + parameter), "", ""},
		"no ARN":                         {nil, "", "set Source.Account"},
		"no ARN, a pinned account":       {nil, account, ""},
		"no ARN, another pinned account": {nil, "444455556666", "in the account"},
		"something else":                 {aws.String("parameter"), "", "set Source.Account"},
		"one of another Region":          {aws.String("arn:aws:ssm:us-east-1:" + account + ":parameter" + parameter), "", "returned another parameter"},
		"another one":                    {aws.String("arn:aws:ssm:" + region + ":" + account + ":parameter/other"), "", "returned another parameter"},
	} {
		clients := awskeys.NewClients(c.config())
		clients.SSM = answers{test.arn, text}
		source := awskeys.NewSource(clients, func(context.Context) (*signer.Deployment, error) {
			return &signer.Deployment{Schema: 1, BaseURL: site, Key: signer.KeyLocation{Parameter: parameter}}, nil
		})
		source.Account = test.account
		_, err := source.Deployment(t.Context())
		if test.want == "" && err != nil || test.want != "" && (err == nil || !strings.Contains(err.Error(), test.want)) {
			t.Errorf("%s: got %v, want %q", name, err, test.want)
		}
	}
}

func TestZeroSourcesAndClientsOpenNothing(t *testing.T) {
	c := newCloud(t)
	_, d := c.deploy(t, parameter, "KONE")
	inKMS, inFile, none := d, d, d
	inKMS.Key = signer.KeyLocation{KMSARN: kmsARN}
	inFile.Key = signer.KeyLocation{File: "key.pem"}
	none.Key = signer.KeyLocation{}
	of := func(d *signer.Deployment) func(context.Context) (*signer.Deployment, error) {
		return func(context.Context) (*signer.Deployment, error) { return d, nil }
	}
	clients := awskeys.Clients{Region: region}
	for name, test := range map[string]struct {
		source *awskeys.Source
		want   string
	}{
		"the zero source":         {&awskeys.Source{}, "no Region"},
		"a source of nothing":     {awskeys.NewSource(clients, nil), "names no deployment document"},
		"a source of no document": {awskeys.NewSource(clients, of(nil)), "no deployment document"},
		"an empty document":       {awskeys.NewSource(clients, of(&signer.Deployment{})), "schema: missing"},
		"no location of the key":  {awskeys.NewSource(clients, of(&none)), "key: names 0 locations"},
		"no Secrets Manager":      {awskeys.NewSource(clients, of(&d)), "set Clients.SecretsManager"},
		"no KMS":                  {awskeys.NewSource(clients, of(&inKMS)), "no client of KMS"},
		"no Systems Manager": {awskeys.NewSource(clients, of(&signer.Deployment{
			Schema: 1, BaseURL: site, Key: signer.KeyLocation{Parameter: parameter},
		})), "set Clients.SSM"},
		"a parameter without a name": {awskeys.Parameter(c.config(), ""), "names no deployment document"},
	} {
		if _, err := signer.Open(t.Context(), test.source, nil); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: got %v, want %q in it", name, err, test.want)
		}
	}
	if _, err := awskeys.Parameter(c.config(), parameter).Key(t.Context(), nil); err == nil {
		t.Error("a key of no document")
	}
	if _, err := awskeys.NewKMSKey(t.Context(), nil, kmsARN); err == nil {
		t.Error("a key of no KMS")
	}
	if _, err := awskeys.Parameter(c.config(), parameter).Key(t.Context(), &inFile); err == nil || !strings.Contains(err.Error(), "KeyFiles") {
		t.Errorf("the zero KeyFiles: got %v", err)
	}
}
