package keypair_test

import (
	"bytes"
	"context"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/cfn"

	"github.com/signedfront/signedfront/constructs/customresource"
	"github.com/signedfront/signedfront/constructs/customresource/customresourcetest"
	"github.com/signedfront/signedfront/constructs/keypair"
	"github.com/signedfront/signedfront/constructs/keypair/keypairtest"
	"github.com/signedfront/signedfront/signer"
)

const secretID = "arn:aws:secretsmanager:eu-central-1:111122223333:secret:ContentSigningKey1Secret5E6F7A8B-aBcDeFgHiJkL-XyZ123"

// secrets is Secrets Manager in memory: a Store, and by ServeHTTP the service.
type secrets struct {
	mu     sync.Mutex
	byID   map[string]*secret
	keys   [][]byte // every private key: those that a Put carried, stored or not, and those set by hand
	puts   int
	calls  int
	fault  fault
	refuse func(operation string, call int) (code string) // ServeHTTP's own faults
}

type secret struct {
	versions map[string][]byte
	current  string
	deleted  bool // scheduled for deletion
}

// A fault comes in at one call of the Store; effect is what the call would do.
type fault func(ctx context.Context, call call, effect func() error) error

type call struct {
	number    int // from 1
	operation string
}

// newSecrets has one secret, secretID, which is empty.
func newSecrets() *secrets {
	return &secrets{byID: map[string]*secret{secretID: {versions: map[string][]byte{}}}}
}

// set gives the secret a value as somebody would by hand.
func (s *secrets) set(text string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	id := fmt.Sprintf("by-hand-%d", len(s.byID[secretID].versions))
	s.byID[secretID].versions[id] = []byte(text)
	s.byID[secretID].current = id
	if block, _ := pem.Decode([]byte(text)); block != nil {
		s.keys = append(s.keys, []byte(text))
	}
}

func (s *secrets) versions() map[string][]byte {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.byID[secretID].versions
}

func (s *secrets) step(ctx context.Context, operation string, effect func() error) error {
	s.mu.Lock()
	s.calls++
	call, fault := call{s.calls, operation}, s.fault
	s.mu.Unlock()
	locked := func() error {
		s.mu.Lock()
		defer s.mu.Unlock()
		return effect()
	}
	if fault != nil {
		return fault(ctx, call, locked)
	}
	return locked()
}

func (s *secrets) Current(ctx context.Context, id string) (version string, err error) {
	err = s.step(ctx, "Current", func() error {
		secret := s.byID[id]
		switch {
		case secret == nil || secret.deleted:
			return fmt.Errorf("%w: %s", keypair.ErrMissing, signer.Describe(id, signer.FormName))
		case secret.current == "":
			return fmt.Errorf("%w: %s", keypair.ErrEmpty, signer.Describe(id, signer.FormName))
		}
		version = secret.current
		return nil
	})
	return version, err
}

func (s *secrets) Get(ctx context.Context, id, version string) (text []byte, err error) {
	err = s.step(ctx, "Get", func() error {
		if s.byID[id] == nil {
			return fmt.Errorf("%w: %s", keypair.ErrNoVersion, signer.Describe(id, signer.FormName))
		}
		var there bool
		if text, there = s.byID[id].versions[version]; !there {
			return fmt.Errorf("%w: %s", keypair.ErrNoVersion, signer.Describe(id, signer.FormName))
		}
		return nil
	})
	return text, err
}

func (s *secrets) Put(ctx context.Context, id, token string, text []byte) (string, error) {
	s.mu.Lock()
	s.puts++
	s.keys = append(s.keys, bytes.Clone(text))
	s.mu.Unlock()
	err := s.step(ctx, "Put", func() error {
		secret := s.byID[id]
		if secret == nil {
			return fmt.Errorf("%w: %s", keypair.ErrMissing, signer.Describe(id, signer.FormName))
		}
		if old, there := secret.versions[token]; there {
			if !bytes.Equal(old, text) {
				return fmt.Errorf("%w: %s", keypair.ErrConflict, signer.Describe(id, signer.FormName))
			}
			return nil
		}
		secret.versions[token] = bytes.Clone(text)
		secret.current = token
		return nil
	})
	return token, err
}

// ServeHTTP speaks the service's protocol, JSON 1.1. Its error messages quote
// the request, as bad ones would.
func (s *secrets) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	operation := strings.TrimPrefix(r.Header.Get("X-Amz-Target"), "secretsmanager.")
	body, _ := io.ReadAll(r.Body)
	fail := func(code string) {
		w.Header().Set("Content-Type", "application/x-amz-json-1.1")
		w.WriteHeader(http.StatusBadRequest)
		json.NewEncoder(w).Encode(map[string]string{"__type": code, "message": "the request was " + string(body)})
	}
	if s.refuse != nil {
		s.mu.Lock()
		s.calls++
		call := s.calls
		s.mu.Unlock()
		if code := s.refuse(operation, call); code != "" {
			fail(code)
			return
		}
	}
	var in struct{ SecretId, VersionId, ClientRequestToken, SecretString string }
	if err := json.Unmarshal(body, &in); err != nil || r.Header.Get("Authorization") == "" {
		fail("ValidationException")
		return
	}
	s.mu.Lock()
	if secret := s.byID[in.SecretId]; secret != nil && secret.deleted && operation != "DescribeSecret" {
		s.mu.Unlock()
		fail("InvalidRequestException")
		return
	}
	s.mu.Unlock()

	var out map[string]any
	var err error
	switch operation {
	case "DescribeSecret":
		out, err = s.describe(in.SecretId)
	case "GetSecretValue":
		var text []byte
		text, err = s.Get(r.Context(), in.SecretId, in.VersionId)
		out = map[string]any{"VersionId": in.VersionId, "SecretString": string(text)}
	case "PutSecretValue":
		var version string
		version, err = s.Put(r.Context(), in.SecretId, in.ClientRequestToken, []byte(in.SecretString))
		out = map[string]any{"VersionId": version}
	default:
		fail("AccessDeniedException")
		return
	}
	switch {
	case err == nil:
		w.Header().Set("Content-Type", "application/x-amz-json-1.1")
		json.NewEncoder(w).Encode(out)
	case strings.Contains(err.Error(), keypair.ErrConflict.Error()):
		fail("ResourceExistsException")
	default:
		fail("ResourceNotFoundException")
	}
}

func (s *secrets) describe(id string) (map[string]any, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	secret := s.byID[id]
	if secret == nil {
		return nil, keypair.ErrMissing
	}
	stages := map[string][]string{}
	if secret.current != "" {
		stages[secret.current] = []string{"AWSCURRENT"}
	}
	out := map[string]any{"ARN": id, "VersionIdsToStages": stages}
	if secret.deleted {
		out["DeletedDate"] = 1.7e9
	}
	return out, nil
}

// deployment is all that one stack's key pair meets: its secret, CloudFormation
// and Lambda, in memory. What the function writes is collected; when the test
// ends it is searched for private keys. It must be made in a bubble of
// synctest.
type deployment struct {
	customresourcetest.CloudFormation
	*secrets
	store keypair.Store // secrets, if nil
	stack string        // its status, UPDATE_IN_PROGRESS if empty

	mu     sync.Mutex
	log    bytes.Buffer
	events []cfn.Event
}

func deploy(t *testing.T) *deployment {
	d := &deployment{secrets: newSecrets()}
	t.Cleanup(func() { d.searchForKeys(t) })
	return d
}

// Status is that of the stack.
func (d *deployment) Status(_ context.Context, stackID string) (string, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if stackID != customresourcetest.StackID {
		return "", customresource.ErrNoStack
	}
	if d.stack == "" {
		return "UPDATE_IN_PROGRESS", nil
	}
	return d.stack, nil
}

func (d *deployment) setStack(status string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.stack = status
}

// ServeHTTP is all of AWS: S3, which takes the answers, Secrets Manager, and
// CloudFormation, which tells of the stack.
func (d *deployment) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	switch {
	case r.Method == http.MethodPut:
		d.CloudFormation.ServeHTTP(w, r)
	case r.Header.Get("X-Amz-Target") != "":
		d.secrets.ServeHTTP(w, r)
	default:
		status, _ := d.Status(r.Context(), r.FormValue("StackName"))
		fmt.Fprintf(w, "<DescribeStacksResponse><DescribeStacksResult><Stacks><member><StackId>%s</StackId><StackStatus>%s</StackStatus></member></Stacks></DescribeStacksResult></DescribeStacksResponse>",
			customresourcetest.StackID, status)
	}
}

func (d *deployment) Write(p []byte) (int, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.log.Write(p)
}

func properties(generation, algorithm string) map[string]any {
	return map[string]any{
		"ServiceToken":   "arn:aws:lambda:eu-central-1:111122223333:function:signedfront-dev-KeyPair",
		"ServiceTimeout": "120",
		"SecretId":       secretID,
		"Generation":     generation,
		"Algorithm":      algorithm,
	}
}

// deliver is one delivery of a request to the function.
func (d *deployment) deliver(t *testing.T, e cfn.Event) {
	t.Helper()
	d.mu.Lock()
	d.events = append(d.events, e)
	d.mu.Unlock()
	ctx, cancel := context.WithTimeout(t.Context(), 90*time.Second)
	defer cancel()
	var store keypair.Store = d.secrets
	if d.store != nil {
		store = d.store
	}
	h := customresource.Handler{
		Provider:  &keypair.Provider{Store: store},
		Stacks:    d,
		Log:       slog.New(slog.NewJSONHandler(d, nil)),
		Transport: d.Transport(),
	}
	err := h.Handle(ctx, e)
	if err != nil || ctx.Err() != nil {
		t.Errorf("the function did not answer in time: %v", err)
	}
	for _, a := range d.Answers(e) {
		if strings.HasSuffix(a.Reason, "…") {
			t.Errorf("the reason is too long to say what to do: %s", a.Reason)
		}
	}
}

// request is a request delivered once, and its answer.
func (d *deployment) request(t *testing.T, kind cfn.RequestType, physicalID string, properties map[string]any) customresourcetest.Answer {
	t.Helper()
	e := d.Event(kind, properties)
	e.PhysicalResourceID = physicalID
	d.deliver(t, e)
	return d.Answer(t, e)
}

func (d *deployment) searchForKeys(t *testing.T) {
	t.Helper()
	d.mu.Lock()
	written := d.log.String()
	for _, e := range d.events {
		for _, a := range d.Answers(e) {
			written += "\n" + string(a.Body)
		}
	}
	d.mu.Unlock()
	d.secrets.mu.Lock()
	defer d.secrets.mu.Unlock()
	for _, text := range d.keys {
		if found := keypairtest.KeyMaterial(text, written); found != "" {
			t.Errorf("%s of a private key was written:\n%s", found, written)
		}
	}
	if strings.Contains(written, customresourcetest.Credential) {
		t.Errorf("the credential of a ResponseURL was written:\n%s", written)
	}
}
