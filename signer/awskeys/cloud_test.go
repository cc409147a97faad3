package awskeys_test

import (
	"context"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/signedfront/signedfront/signer"
)

// cloud is the part of AWS that a signer calls, on loopback.
type cloud struct {
	*httptest.Server

	mu         sync.Mutex
	parameters map[string]string
	secrets    map[string]string // by ARN and version
	keys       map[string]crypto.Signer
	aliases    map[string]string // of KMS keys
	usage      string
	fail       string            // the error code of every call
	failOf     map[string]string // the error code, by operation
	cut        bool              // every secret arrives cut off
	calls      map[string]int    // by operation
	regions    map[string]string
}

func newCloud(t *testing.T) *cloud {
	c := &cloud{
		parameters: map[string]string{}, secrets: map[string]string{}, keys: map[string]crypto.Signer{},
		failOf: map[string]string{}, usage: "SIGN_VERIFY", calls: map[string]int{}, regions: map[string]string{},
	}
	c.Server = httptest.NewServer(http.HandlerFunc(c.serve))
	t.Cleanup(c.Close)
	return c
}

func (c *cloud) config() aws.Config {
	return aws.Config{
		Region:       region,
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
	_, scope, _ := strings.Cut(r.Header.Get("Authorization"), "Credential=")
	asked := strings.Split(scope, "/")[2]
	c.regions[operation] = asked
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
		// AWS repeats names in its error messages.
		answer(map[string]string{"__type": code, "message": "no " + in.Name + in.SecretId + in.VersionId + in.KeyId})
	}
	if code := c.fail + c.failOf[operation]; code != "" {
		refuse(code)
		return
	}
	switch operation {
	case "GetParameter":
		value, ok := c.parameters[in.Name]
		if !ok {
			refuse("ParameterNotFound")
			return
		}
		answer(map[string]any{"Parameter": map[string]string{
			"Name": in.Name, "Value": value, "ARN": "arn:aws:ssm:" + asked + ":" + account + ":parameter" + in.Name,
		}})
	case "GetSecretValue":
		value, ok := c.secrets[in.SecretId+"/"+in.VersionId]
		if !ok {
			refuse("ResourceNotFoundException")
			return
		}
		if c.cut {
			text, _ := json.Marshal(map[string]string{"SecretString": value})
			w.Write(text[:len(text)-40])
			return
		}
		answer(map[string]string{"SecretString": value})
	case "GetPublicKey":
		id := in.KeyId
		if target, ok := c.aliases[id]; ok {
			id = target
		}
		key, ok := c.keys[id]
		if !ok {
			refuse("NotFoundException")
			return
		}
		der, _ := x509.MarshalPKIXPublicKey(key.Public())
		answer(map[string]string{"KeyId": id, "KeyUsage": c.usage, "PublicKey": base64.StdEncoding.EncodeToString(der)})
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
		Key:         signer.KeyLocation{SecretARN: secretARN, SecretVersionID: "version-of-" + keyPairID},
		TrustedKeys: []signer.TrustedKey{{ID: keyPairID, SPKI: key.PublicKey().SPKI()}},
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

// set makes every call fail with an error code, until set("").
func (c *cloud) set(code string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.fail = code
}

func (c *cloud) setOf(operation, code string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.failOf[operation] = code
}

func (c *cloud) called(operation string) int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.calls[operation]
}

// region returns the Region of the last call of an operation.
func (c *cloud) region(operation string) string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.regions[operation]
}
