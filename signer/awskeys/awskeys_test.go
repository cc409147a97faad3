package awskeys_test

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kms"

	"github.com/signedfront/signedfront/signer"
	"github.com/signedfront/signedfront/signer/awskeys"
)

const (
	secretARN = "arn:aws:secretsmanager:eu-west-1:111122223333:secret:signing-1"
	kmsARN    = "arn:aws:kms:eu-central-1:111122223333:key/0000"
	site      = "https://d111111abcdef8.cloudfront.net"
	parameter = "/signedfront/signedfront/dev"
)

// cloud is the part of AWS that a signer talks to, on loopback.
type cloud struct {
	*httptest.Server

	mu         sync.Mutex
	parameters map[string]string
	secrets    map[string]string // by ARN and version
	keys       map[string]crypto.Signer
	usage      string
	fail       string         // the error code that every call answers with
	calls      map[string]int // by operation
	regions    map[string]string
}

func newCloud(t *testing.T) *cloud {
	c := &cloud{
		parameters: map[string]string{}, secrets: map[string]string{}, keys: map[string]crypto.Signer{},
		usage: "SIGN_VERIFY", calls: map[string]int{}, regions: map[string]string{},
	}
	c.Server = httptest.NewServer(http.HandlerFunc(c.serve))
	t.Cleanup(c.Close)
	return c
}

func (c *cloud) config() aws.Config {
	return aws.Config{
		Region:       "eu-north-1",
		BaseEndpoint: aws.String(c.URL),
		Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			return aws.Credentials{AccessKeyID: "AKID", SecretAccessKey: "secret"}, nil
		}),
		RetryMaxAttempts: 1,
	}
}

func (c *cloud) serve(w http.ResponseWriter, r *http.Request) {
	c.mu.Lock()
	defer c.mu.Unlock()
	_, operation, _ := strings.Cut(r.Header.Get("X-Amz-Target"), ".")
	c.calls[operation]++
	if _, scope, ok := strings.Cut(r.Header.Get("Authorization"), "Credential="); ok {
		c.regions[operation] = strings.Split(scope, "/")[2]
	}
	var in struct {
		Name, SecretId, VersionId, KeyId, Message, MessageType, SigningAlgorithm string
	}
	body, _ := io.ReadAll(r.Body)
	json.Unmarshal(body, &in)
	answer := func(v any) {
		w.Header().Set("Content-Type", "application/x-amz-json-1.1")
		json.NewEncoder(w).Encode(v)
	}
	refuse := func(code string) {
		w.Header().Set("X-Amzn-ErrorType", code)
		w.WriteHeader(http.StatusBadRequest)
		answer(map[string]string{"__type": code, "message": "no"})
	}
	if c.fail != "" {
		refuse(c.fail)
		return
	}
	switch operation {
	case "GetParameter":
		value, ok := c.parameters[in.Name]
		if !ok {
			refuse("ParameterNotFound")
			return
		}
		answer(map[string]any{"Parameter": map[string]string{"Name": in.Name, "Value": value}})
	case "GetSecretValue":
		value, ok := c.secrets[in.SecretId+"/"+in.VersionId]
		if !ok {
			refuse("ResourceNotFoundException")
			return
		}
		answer(map[string]string{"SecretString": value})
	case "GetPublicKey":
		der, _ := x509.MarshalPKIXPublicKey(c.keys[in.KeyId].Public())
		answer(map[string]string{"KeyUsage": c.usage, "PublicKey": base64.StdEncoding.EncodeToString(der)})
	case "Sign":
		digest, _ := base64.StdEncoding.DecodeString(in.Message)
		key := c.keys[in.KeyId]
		want := "ECDSA_SHA_256"
		if _, ok := key.(*rsa.PrivateKey); ok {
			want = "RSASSA_PKCS1_V1_5_SHA_256"
		}
		if in.MessageType != "DIGEST" || in.SigningAlgorithm != want {
			refuse("ValidationException")
			return
		}
		signature, _ := key.Sign(rand.Reader, digest, crypto.SHA256)
		answer(map[string]string{"Signature": base64.StdEncoding.EncodeToString(signature)})
	default:
		refuse("UnknownOperationException")
	}
}

// deploy puts a key into a secret and its document into a parameter.
func (c *cloud) deploy(t *testing.T, name, keyPairID string) (*signer.PublicKey, signer.Deployment) {
	t.Helper()
	key, err := signer.GenerateKey(signer.ECDSAP256)
	if err != nil {
		t.Fatal(err)
	}
	text, err := key.MarshalPEM()
	if err != nil {
		t.Fatal(err)
	}
	d := signer.Deployment{
		Schema: 1, BaseURL: site, KeyPairID: keyPairID, Algorithm: signer.ECDSAP256, Hash: signer.SHA256,
		PublicKeySHA256: key.PublicKey().Fingerprint(), Region: "eu-west-1", MaxURLLifetime: 3600, MaxKeyAge: 3600,
		Key: signer.KeyLocation{SecretARN: secretARN, SecretVersionID: "version-of-" + keyPairID},
	}
	c.mu.Lock()
	c.secrets[secretARN+"/version-of-"+keyPairID] = string(text)
	c.mu.Unlock()
	c.put(t, name, d)
	return key.PublicKey(), d
}

func (c *cloud) put(t *testing.T, name string, d signer.Deployment) {
	t.Helper()
	text, err := json.Marshal(d)
	if err != nil {
		t.Fatal(err)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.parameters[name] = string(text)
}

func (c *cloud) set(code string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.fail = code
}

func (c *cloud) called(operation string) int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.calls[operation]
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
	if got := c.regions["GetParameter"]; got != "eu-north-1" {
		t.Errorf("the parameter is asked for in %s, want the Region of the configuration", got)
	}
	if got := c.regions["GetSecretValue"]; got != "eu-west-1" {
		t.Errorf("the secret is asked for in %s, want the Region of its ARN", got)
	}
}

func TestARunningSignerFollowsARotationAndReadsTheSecretOnce(t *testing.T) {
	c := newCloud(t)
	first, _ := c.deploy(t, parameter, "KONE")
	rotated := make(chan struct{}, 1)
	s, err := awskeys.Open(t.Context(), c.config(), "signedfront", "dev", &signer.OpenOptions{
		Refresh: 5 * time.Millisecond,
		OnEvent: func(e signer.Event) {
			if e.Rotated {
				rotated <- struct{}{}
			}
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	signs(t, s, "KONE", first)
	for c.called("GetParameter") < 3 {
		time.Sleep(time.Millisecond)
	}
	if n := c.called("GetSecretValue"); n != 1 {
		t.Errorf("an unchanged key was read %d times", n)
	}
	second, _ := c.deploy(t, parameter, "KTWO")
	<-rotated
	signs(t, s, "KTWO", second)

	c.set("InternalServerError")
	for n := c.called("GetParameter"); c.called("GetParameter") < n+2; {
		time.Sleep(time.Millisecond)
	}
	signs(t, s, "KTWO", second) // through the outage
}

func TestABorrowedKeyIsOneHopAway(t *testing.T) {
	c := newCloud(t)
	public, _ := c.deploy(t, parameter, "KONE")
	const pr, other = "/signedfront/signedfront/pr-1", "/signedfront/signedfront/pr-2"
	c.put(t, pr, signer.Deployment{Schema: 1, BaseURL: "https://d222222abcdef8.cloudfront.net", Key: signer.KeyLocation{Parameter: parameter}, MaxURLLifetime: 60})
	source := awskeys.Parameter(c.config(), pr)
	d, err := source.Deployment(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if d.BaseURL != "https://d222222abcdef8.cloudfront.net" || d.KeyPairID != "KONE" || d.PublicKeySHA256 != public.Fingerprint() {
		t.Errorf("got %+v, want the borrower's base URL and the lender's key", d)
	}
	if d.MaxURLLifetime != 60 || d.MaxKeyAge != 3600 {
		t.Errorf("limits %d and %d, want the lesser of each", d.MaxURLLifetime, d.MaxKeyAge)
	}
	key, err := source.Key(t.Context(), d)
	if err != nil || d.CheckKey(must(signer.NewPublicKey(key.Public()))) != nil {
		t.Errorf("the lender's key: %v", err)
	}

	c.put(t, other, signer.Deployment{Schema: 1, BaseURL: site, Key: signer.KeyLocation{Parameter: pr}})
	if _, err := awskeys.Parameter(c.config(), other).Deployment(t.Context()); err == nil || !strings.Contains(err.Error(), "borrow there") {
		t.Errorf("two hops: got %v", err)
	}
	for _, name := range []string{"arn:aws:ssm:eu-west-1:444455556666:parameter/signedfront/signedfront/dev", "dev"} {
		c.put(t, other, signer.Deployment{Schema: 1, BaseURL: site, Key: signer.KeyLocation{Parameter: name}})
		if _, err := awskeys.Parameter(c.config(), other).Deployment(t.Context()); err == nil || !strings.Contains(err.Error(), "same account") {
			t.Errorf("%s: got %v", name, err)
		}
	}
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

func TestTheDocumentMayComeFromAFileOrAVariable(t *testing.T) {
	c := newCloud(t)
	public, d := c.deploy(t, parameter, "KONE")
	text, err := d.MarshalIndent()
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "deployment.json")
	if err := os.WriteFile(file, text, 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("SIGNEDFRONT_DEPLOYMENT", string(text))
	for name, source := range map[string]signer.Source{
		"file":     awskeys.File(c.config(), file),
		"variable": awskeys.Variable(c.config(), "SIGNEDFRONT_DEPLOYMENT"),
	} {
		s, err := signer.Open(t.Context(), source, nil)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		signs(t, s, "KONE", public)
		s.Close()
	}
	if n := c.called("GetParameter"); n != 0 {
		t.Errorf("Systems Manager was asked %d times", n)
	}
}

func TestWhatGoesWrongInAWSIsToldWithWhatToDo(t *testing.T) {
	c := newCloud(t)
	_, d := c.deploy(t, parameter, "KONE")
	open := func() error {
		s, err := awskeys.Open(t.Context(), c.config(), "signedfront", "dev", nil)
		if err == nil {
			s.Close()
		}
		return err
	}
	expect := func(name string, err error, wants ...string) {
		t.Helper()
		if err == nil {
			t.Errorf("%s: no error", name)
			return
		}
		for _, want := range wants {
			if !strings.Contains(err.Error(), want) {
				t.Errorf("%s: %q does not say %q", name, err, want)
			}
		}
		if strings.Contains(err.Error(), "PRIVATE KEY") && !strings.Contains(err.Error(), "want text that starts") {
			t.Errorf("%s: key material in %q", name, err)
		}
	}

	_, err := awskeys.Open(t.Context(), c.config(), "signedfront", "prod", nil)
	expect("not deployed", err, "/signedfront/signedfront/prod", "deployed there")
	c.set("AccessDeniedException")
	expect("not allowed", open(), "SigningPolicyArn")
	c.set("")

	d.Key.SecretVersionID = "retired"
	c.put(t, parameter, d)
	expect("a version that is gone", open(), "version retired", "retired")

	c.secrets[secretARN+"/retired"] = "hunter2"
	expect("a secret that is no key", open(), secretARN, "PEM")
	if err := open(); strings.Contains(err.Error(), "hunter2") {
		t.Errorf("the secret's text is in %q", err)
	}

	other, _ := signer.GenerateKey(signer.ECDSAP256)
	c.secrets[secretARN+"/retired"] = string(must(other.MarshalPEM()))
	expect("a key that does not fit", open(), "does not fit key pair id KONE")

	c.parameters[parameter] = `{"schema":99}`
	expect("a document of tomorrow", open(), parameter, "newer")
	d.Key = signer.KeyLocation{File: "key.pem"}
	c.put(t, parameter, d)
	expect("a key file", open(), "FileSource")
}

func TestAKeyInKMSSigns(t *testing.T) {
	c := newCloud(t)
	ec := must(ecdsa.GenerateKey(elliptic.P256(), rand.Reader))
	for name, key := range map[string]crypto.Signer{"P-256": ec, "RSA-2048": must(rsa.GenerateKey(rand.Reader, 2048))} {
		c.keys[kmsARN] = key
		public := must(signer.NewPublicKey(key.Public()))
		c.put(t, parameter, signer.Deployment{
			Schema: 1, BaseURL: site, KeyPairID: "KONE", Algorithm: public.Algorithm(), Hash: signer.SHA256,
			PublicKeySHA256: public.Fingerprint(), Key: signer.KeyLocation{KMSARN: kmsARN},
		})
		s, err := awskeys.Open(t.Context(), c.config(), "signedfront", "dev", nil)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		signs(t, s, "KONE", public)
		s.Close()
		if got := c.regions["Sign"]; got != "eu-central-1" {
			t.Errorf("%s: signed in %s, want the Region of the key's ARN", name, got)
		}
	}

	// A pass is one call, whatever it opens.
	key := must(awskeys.NewKMSKey(t.Context(), kms.NewFromConfig(c.config()), kmsARN))
	s := must(signer.New("KONE", key, nil))
	before := c.called("Sign")
	pass := must(s.OpenAll(t.Context(), site+"/albums/7/", signer.Policy{TTL: time.Hour}))
	for range 100 {
		must(pass.URL(site + "/albums/7/rt.png"))
	}
	if n := c.called("Sign") - before; n != 1 {
		t.Errorf("100 URLs of a pass took %d calls", n)
	}
	if _, err := key.SignDigest(t.Context(), make([]byte, 20), crypto.SHA1); err == nil || !strings.Contains(err.Error(), "SHA-1") {
		t.Errorf("SHA-1: got %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := s.URL(ctx, site+"/rt.png", signer.Policy{TTL: time.Minute}); !errors.Is(err, context.Canceled) {
		t.Errorf("a cancelled call: got %v", err)
	}
	c.keys[kmsARN] = ec
	if _, err := signer.New("KONE", must(awskeys.NewKMSKey(t.Context(), kms.NewFromConfig(c.config()), kmsARN)), &signer.Options{Deterministic: true}); err == nil {
		t.Error("deterministic ECDSA in KMS: accepted")
	}
	c.usage = "ENCRYPT_DECRYPT"
	if _, err := awskeys.NewKMSKey(t.Context(), kms.NewFromConfig(c.config()), kmsARN); err == nil || !strings.Contains(err.Error(), "SIGN_VERIFY") {
		t.Errorf("a key for encryption: got %v", err)
	}
	c.usage = "SIGN_VERIFY"
	c.keys[kmsARN] = must(ecdsa.GenerateKey(elliptic.P384(), rand.Reader))
	if _, err := awskeys.NewKMSKey(t.Context(), kms.NewFromConfig(c.config()), kmsARN); err == nil || !strings.Contains(err.Error(), "P-256") {
		t.Errorf("P-384: got %v", err)
	}
}
