package awskeys_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	ssmtypes "github.com/aws/aws-sdk-go-v2/service/ssm/types"
	"github.com/aws/smithy-go"
	"github.com/aws/smithy-go/logging"

	"github.com/signedfront/signedfront/signer"
	"github.com/signedfront/signedfront/signer/awskeys"
)

const (
	account   = "111122223333"
	region    = "eu-west-1"
	secretARN = "arn:aws:secretsmanager:" + region + ":" + account + ":secret:signing-1"
	kmsARN    = "arn:aws:kms:" + region + ":" + account + ":key/0000"
	site      = "https://d111111abcdef8.cloudfront.net"
	parameter = "/signedfront/signedfront/dev"
)

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// signs checks that a signer signs with the key of an id.
func signs(t *testing.T, s *signer.Signer, id string, public *signer.PublicKey) {
	t.Helper()
	signed, err := s.Object(t.Context(), "rt.png", signer.Policy{TTL: time.Minute})
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(signed, site+"/rt.png?") {
		t.Errorf("signed %s", signed)
	}
	if v := signer.Verify(signer.Request{URL: signed, Time: time.Now()}, map[string]*signer.PublicKey{id: public}); !v.Allowed {
		t.Errorf("not allowed: %s", v.Detail)
	}
}

func TestOneCallLeadsFromProjectAndEnvironmentToASigner(t *testing.T) {
	c := newCloud(t)
	public, _ := c.deploy(t, parameter, "KONE")
	s, err := awskeys.Open(t.Context(), c.config(), "signedfront", "dev", nil)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	signs(t, s, "KONE", public)
	if _, err := s.Object(t.Context(), "rt.png", signer.Policy{TTL: 2 * time.Hour}); !errors.As(err, new(*signer.LifetimeError)) {
		t.Errorf("beyond the deployment's limit: got %v", err)
	}
	for _, operation := range []string{"GetParameter", "GetSecretValue"} {
		if got := c.region(operation); got != region {
			t.Errorf("%s went to %s, want the Region of the configuration", operation, got)
		}
	}
}

func TestARunningSignerFollowsARotationAndSignsThroughAnOutage(t *testing.T) {
	c := newCloud(t)
	first, _ := c.deploy(t, parameter, "KONE")
	events, done := make(chan signer.Event), make(chan struct{})
	s, err := awskeys.Open(t.Context(), c.config(), "signedfront", "dev", &signer.OpenOptions{
		Refresh: time.Millisecond,
		OnEvent: func(e signer.Event) {
			if c.called("GetParameter") == 1 {
				return // before Open returns, no test waits
			}
			select {
			case events <- e:
			case <-done:
			}
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	defer close(done)
	signs(t, s, "KONE", first)
	for range 3 {
		if e := <-events; e.Err != nil || e.Rotated {
			t.Errorf("nothing has changed, but OnEvent got %+v", e)
		}
	}
	if n := c.called("GetSecretValue"); n != 1 {
		t.Errorf("an unchanged key was read %d times", n)
	}

	second, _ := c.deploy(t, parameter, "KTWO")
	for e := range events {
		if e.Rotated {
			break
		}
	}
	signs(t, s, "KTWO", second)

	c.set("InternalServerError")
	for e := range events {
		if e.Err != nil {
			break
		}
	}
	signs(t, s, "KTWO", second)
	c.set("")
	third, _ := c.deploy(t, parameter, "KTHREE")
	for e := range events {
		if e.Rotated {
			break
		}
	}
	signs(t, s, "KTHREE", third)
}

func TestAProcessThatWasFrozenThroughARotationAsksBeforeItSigns(t *testing.T) {
	c := newCloud(t)
	c.deploy(t, parameter, "KONE")
	var mu sync.Mutex
	asleep := time.Duration(0)
	s, err := awskeys.Open(t.Context(), c.config(), "signedfront", "dev", &signer.OpenOptions{
		Now: func() time.Time {
			mu.Lock()
			defer mu.Unlock()
			return time.Now().Add(asleep)
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	sleep := func(d time.Duration) {
		mu.Lock()
		defer mu.Unlock()
		asleep += d
	}
	second, _ := c.deploy(t, parameter, "KTWO")
	sleep(24 * time.Hour)
	signs(t, s, "KTWO", second)
	sleep(24 * time.Hour)
	c.set("AccessDeniedException")
	_, err = s.Object(t.Context(), "rt.png", signer.Policy{TTL: time.Minute})
	if !errors.As(err, new(*signer.StaleError)) || !strings.Contains(err.Error(), "SigningPolicyArn") {
		t.Errorf("asked in vain: got %v", err)
	}
}

func TestABorrowedKeyIsOneHopAway(t *testing.T) {
	c := newCloud(t)
	public, lender := c.deploy(t, parameter, "KONE")
	const pr, other = "/signedfront/signedfront/pr-1", "/signedfront/signedfront/pr-2"
	borrowing := signer.Deployment{Schema: 1, BaseURL: "https://d222222abcdef8.cloudfront.net", Key: signer.KeyLocation{Parameter: parameter}, Bucket: &signer.Bucket{Name: "pr-1", Region: region}}
	for name, test := range map[string]struct {
		lifetime, age         int64 // the borrower's limits
		wantLifetime, wantAge int64
	}{
		"no limits of its own": {0, 0, 3600, 3600},
		"lesser limits":        {60, 120, 60, 120},
		"greater limits":       {7200, 7200, 3600, 3600},
		"one of each":          {60, 7200, 60, 3600},
	} {
		d := borrowing
		d.MaxURLLifetime, d.MaxKeyAge = test.lifetime, test.age
		c.put(t, pr, d)
		source := awskeys.Parameter(c.config(), pr)
		got, err := source.Deployment(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if got.BaseURL != d.BaseURL || got.Bucket == nil || got.Bucket.Name != "pr-1" || got.KeyPairID != "KONE" || got.PublicKeySHA256 != public.Fingerprint() {
			t.Errorf("%s: got %+v, want the borrower's base URL and bucket and the lender's key", name, got)
		}
		if got.MaxURLLifetime != test.wantLifetime || got.MaxKeyAge != test.wantAge {
			t.Errorf("%s: limits %d and %d, want the lesser of each", name, got.MaxURLLifetime, got.MaxKeyAge)
		}
		key, err := source.Key(t.Context(), got)
		if err != nil || got.CheckKey(must(signer.NewPublicKey(key.Public()))) != nil {
			t.Errorf("%s: the lender's key: %v", name, err)
		}
	}
	without := lender
	without.MaxURLLifetime, without.MaxKeyAge = 0, 0
	c.put(t, parameter, without)
	limited := borrowing
	limited.MaxURLLifetime, limited.MaxKeyAge = 60, 120
	c.put(t, pr, limited)
	if got, err := awskeys.Parameter(c.config(), pr).Deployment(t.Context()); err != nil || got.MaxURLLifetime != 60 || got.MaxKeyAge != 120 {
		t.Errorf("a lender without limits: got %+v, %v, want the borrower's", got, err)
	}
	c.put(t, parameter, lender)

	refused := func(name string, d signer.Deployment, want string) {
		t.Helper()
		c.put(t, other, d)
		if _, err := awskeys.Parameter(c.config(), other).Deployment(t.Context()); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want %q in it", name, err, want)
		}
	}
	from := func(name string) signer.Deployment {
		d := borrowing
		d.Key.Parameter = name
		return d
	}
	refused("two hops", from(pr), "borrow from that environment")
	refused("itself", from(other), "borrow from that environment")
	refused("an ARN", from("arn:aws:ssm:eu-west-1:444455556666:parameter"+parameter), "same account")
	refused("a name without a path", from("dev"), "same account")
	refused("a lender that is not there", from("/signedfront/signedfront/gone"), "lends its key: there is no parameter /signedfront/signedfront/gone in Region eu-west-1")
	lender.Key.SecretARN = strings.Replace(secretARN, account, "444455556666", 1)
	c.put(t, "/signedfront/signedfront/far", lender)
	refused("a key of another account", from("/signedfront/signedfront/far"), "in the account \"444455556666\", not in the deployment's own, 111122223333")
}

// A verifier needs no permission to sign.
func TestTheTrustedKeysAreReadWithoutAKey(t *testing.T) {
	c := newCloud(t)
	public, lender := c.deploy(t, parameter, "KONE")
	lender.TrustedKeys = append(lender.TrustedKeys, signer.TrustedKey{ID: "KNEXT", SPKI: must(signer.GenerateKey(signer.RSA2048)).PublicKey().SPKI()})
	c.put(t, parameter, lender)
	const pr = "/signedfront/signedfront/pr-1"
	c.put(t, pr, signer.Deployment{Schema: 1, BaseURL: site, Key: signer.KeyLocation{Parameter: parameter}})
	for _, operation := range []string{"GetSecretValue", "GetPublicKey", "Sign"} {
		c.setOf(operation, "AccessDeniedException")
	}
	for _, name := range []string{parameter, pr} {
		d, err := awskeys.Parameter(c.config(), name).Deployment(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		keys, err := d.PublicKeys()
		if err != nil || len(keys) != 2 || !keys["KONE"].Equal(public) || keys["KNEXT"].Algorithm() != signer.RSA2048 {
			t.Errorf("%s: got %v, %v", name, keys, err)
		}
	}
	if n := c.called("GetSecretValue") + c.called("GetPublicKey"); n != 0 {
		t.Errorf("the key was asked for %d times", n)
	}
}

func TestTheDocumentMayComeFromAFileOrAVariable(t *testing.T) {
	c := newCloud(t)
	public, d := c.deploy(t, parameter, "KONE")
	borrowing := signer.Deployment{Schema: 1, BaseURL: site, Region: "ap-south-1", Key: signer.KeyLocation{Parameter: parameter}}
	for name, test := range map[string]struct {
		document signer.Deployment
		reads    int
		region   string
	}{
		"with the key":              {d, 0, ""},
		"borrowing, in its Region":  {borrowing, 1, "ap-south-1"},
		"borrowing, Region unknown": {signer.Deployment{Schema: 1, BaseURL: site, Key: borrowing.Key}, 1, region},
	} {
		text := must(test.document.MarshalIndent())
		file := filepath.Join(t.TempDir(), "deployment.json")
		if err := os.WriteFile(file, text, 0o600); err != nil {
			t.Fatal(err)
		}
		t.Setenv("SIGNEDFRONT_DEPLOYMENT", string(text))
		for kind, source := range map[string]*awskeys.Source{
			"file":     awskeys.File(c.config(), file),
			"variable": awskeys.Variable(c.config(), "SIGNEDFRONT_DEPLOYMENT"),
		} {
			source.Others = []awskeys.AccountRegion{{Region: "ap-south-1"}, {Region: region}}
			before := c.called("GetParameter")
			s, err := signer.Open(t.Context(), source, nil)
			if err != nil {
				t.Fatalf("%s %s: %v", kind, name, err)
			}
			signs(t, s, "KONE", public)
			s.Close()
			if n := c.called("GetParameter") - before; n != test.reads {
				t.Errorf("%s %s: Systems Manager was asked %d times", kind, name, n)
			}
			if got := c.region("GetParameter"); test.region != "" && got != test.region {
				t.Errorf("%s %s: the lender was asked for in %s, want %s", kind, name, got, test.region)
			}
		}
	}
}

// An imported key may be a file on the machine of the signer, while the document is
// in AWS.
func TestAnImportedKeyMayBeAFile(t *testing.T) {
	c := newCloud(t)
	_, d := c.deploy(t, parameter, "KONE")
	key := must(signer.GenerateKey(signer.ECDSAP256))
	d.PublicKeySHA256 = key.PublicKey().Fingerprint()
	d.TrustedKeys[0].SPKI = key.PublicKey().SPKI()
	d.Key = signer.KeyLocation{File: "keys/own.pem"}
	c.put(t, parameter, d)
	c.put(t, "/signedfront/signedfront/borrower", signer.Deployment{Schema: 1, BaseURL: site, Key: signer.KeyLocation{Parameter: parameter}})

	folder := t.TempDir()
	if err := os.Mkdir(filepath.Join(folder, "keys"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(folder, "keys", "own.pem"), must(key.MarshalPEM()), 0o600); err != nil {
		t.Fatal(err)
	}
	text := must(d.MarshalIndent())
	document := filepath.Join(folder, "deployment.json")
	if err := os.WriteFile(document, text, 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("SIGNEDFRONT_DEPLOYMENT", string(text))

	opens := func(t *testing.T, source signer.Source) {
		t.Helper()
		s, err := signer.Open(t.Context(), source, nil)
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		signs(t, s, "KONE", key.PublicKey())
	}
	t.Run("in the folder of a document that is a file", func(t *testing.T) {
		opens(t, awskeys.File(c.config(), document))
	})
	t.Run("in the working directory else", func(t *testing.T) {
		t.Chdir(folder)
		for _, name := range []string{parameter, "/signedfront/signedfront/borrower"} {
			source := awskeys.Parameter(c.config(), name)
			source.KeyFiles = true
			opens(t, source)
		}
		opens(t, awskeys.Variable(c.config(), "SIGNEDFRONT_DEPLOYMENT"))
	})
}

func TestWhatGoesWrongInAWSIsToldWithWhatToDo(t *testing.T) {
	for name, test := range map[string]struct {
		environment string // dev if empty
		region      func(*aws.Config)
		break_      func(t *testing.T, c *cloud, d signer.Deployment)
		want        []string
	}{
		"not deployed":                  {environment: "prod", want: []string{"/signedfront/signedfront/prod", "Region eu-west-1", "get-caller-identity", "is the stack deployed there?"}},
		"no environment":                {environment: "/", want: []string{"empty", "environment"}},
		"no Region":                     {region: func(cfg *aws.Config) { cfg.Region = "" }, want: []string{"AWS_REGION"}},
		"credentials that have expired": {break_: func(_ *testing.T, c *cloud, _ signer.Deployment) { c.fail = "ExpiredTokenException" }, want: []string{parameter, "sign in again"}},
		"no network":                    {break_: func(_ *testing.T, c *cloud, _ signer.Deployment) { c.Listener.Close() }, want: []string{parameter, "AWS cannot be reached: dial tcp", "connection refused"}},
		"not allowed":                   {break_: func(_ *testing.T, c *cloud, _ signer.Deployment) { c.fail = "AccessDeniedException" }, want: []string{parameter, "SigningPolicyArn"}},
		"not the secret": {break_: func(_ *testing.T, c *cloud, _ signer.Deployment) {
			c.failOf = map[string]string{"GetSecretValue": "AccessDeniedException"}
		}, want: []string{secretARN, "SigningPolicyArn"}},
		"throttled":           {break_: func(_ *testing.T, c *cloud, _ signer.Deployment) { c.fail = "ThrottlingException" }, want: []string{parameter, "ThrottlingException"}},
		"a document of later": {break_: func(_ *testing.T, c *cloud, _ signer.Deployment) { c.parameters[parameter] = `{"schema":99}` }, want: []string{parameter, "newer"}},
		"another parameter":   {break_: func(_ *testing.T, c *cloud, _ signer.Deployment) { c.parameters[parameter] = "ami-1" }, want: []string{parameter, "JSON"}},
		"a version that is gone": {break_: func(t *testing.T, c *cloud, d signer.Deployment) {
			d.Key.SecretVersionID = "retired"
			c.put(t, parameter, d)
		}, want: []string{secretARN, "version retired", "was the key retired"}},
		"a key that does not fit": {break_: func(_ *testing.T, c *cloud, d signer.Deployment) {
			other := must(signer.GenerateKey(signer.ECDSAP256))
			c.secrets[secretARN+"/"+d.Key.SecretVersionID] = string(must(other.MarshalPEM()))
		}, want: []string{"does not match key pair id KONE"}},
		"a secret that is no key": {break_: func(_ *testing.T, c *cloud, d signer.Deployment) {
			c.secrets[secretARN+"/"+d.Key.SecretVersionID] = "hunter2"
		}, want: []string{secretARN, "PEM"}},
		"a key file that was not allowed": {break_: func(t *testing.T, c *cloud, d signer.Deployment) {
			d.Key = signer.KeyLocation{File: "key.pem"}
			c.put(t, parameter, d)
		}, want: []string{"key.file", "Source.KeyFiles"}},
	} {
		t.Run(name, func(t *testing.T) {
			c := newCloud(t)
			_, d := c.deploy(t, parameter, "KONE")
			if test.break_ != nil {
				test.break_(t, c, d)
			}
			cfg := c.config()
			if test.region != nil {
				test.region(&cfg)
			}
			environment := test.environment
			if environment == "" {
				environment = "dev"
			}
			_, err := awskeys.Open(t.Context(), cfg, "signedfront", environment, nil)
			if err == nil {
				t.Fatal("opened")
			}
			for _, want := range test.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("%q does not say %q", err, want)
				}
			}
			if strings.Contains(err.Error(), "hunter2") {
				t.Errorf("the secret's text is in %q", err)
			}
		})
	}
}

// The SDK's error holds a part of a response that it cannot parse, and its log
// holds whole responses if a program enables that.
func TestTheKeyComesInNoErrorAndNoLogOfTheSDK(t *testing.T) {
	c := newCloud(t)
	_, d := c.deploy(t, parameter, "KONE")
	var log bytes.Buffer
	cfg := c.config()
	cfg.ClientLogMode = aws.LogRequestWithBody | aws.LogResponseWithBody | aws.LogResponse
	cfg.Logger = logging.NewStandardLogger(&log)
	material := strings.Split(c.secrets[secretARN+"/"+d.Key.SecretVersionID], "\n")[1][:16]

	s, err := awskeys.Open(t.Context(), cfg, "signedfront", "dev", nil)
	if err != nil {
		t.Fatal(err)
	}
	s.Close()
	c.cut = true
	_, err = awskeys.Open(t.Context(), cfg, "signedfront", "dev", nil)
	if err == nil || !strings.Contains(err.Error(), "cannot be read") {
		t.Errorf("an answer that is cut off: got %v", err)
	}
	for e := err; e != nil; e = errors.Unwrap(e) {
		if unreadable, ok := e.(*smithy.DeserializationError); ok {
			t.Errorf("the error holds %q of the answer", unreadable.Snapshot)
		}
		if text := fmt.Sprintf("%v %+v %#v", e, e, e); strings.Contains(text, material) {
			t.Errorf("the key is in %s", text)
		}
	}
	if !strings.Contains(log.String(), "GetSecretValue") || !strings.Contains(log.String(), parameter) {
		t.Error("nothing was logged, so nothing is proven")
	}
	if strings.Contains(log.String(), material) {
		t.Error("the key is in the log")
	}
}

func TestClientsOfAnyOtherMakeServe(t *testing.T) {
	c := newCloud(t)
	public, d := c.deploy(t, parameter, "KONE")
	clients := awskeys.NewClients(c.config())
	clients.SSM = fixed(must(d.MarshalIndent()))
	d.Key = signer.KeyLocation{Parameter: parameter}
	s, err := signer.Open(t.Context(), awskeys.NewSource(clients, func(context.Context) (*signer.Deployment, error) { return &d, nil }), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	signs(t, s, "KONE", public)
	if n := c.called("GetParameter"); n != 0 {
		t.Errorf("the SDK's client was asked %d times", n)
	}
}

// fixed is a Systems Manager with one value for every parameter.
type fixed []byte

func (f fixed) GetParameter(context.Context, *ssm.GetParameterInput, ...func(*ssm.Options)) (*ssm.GetParameterOutput, error) {
	return &ssm.GetParameterOutput{Parameter: &ssmtypes.Parameter{
		Value: aws.String(string(f)), ARN: aws.String("arn:aws:ssm:" + region + ":" + account + ":parameter" + parameter),
	}}, nil
}
