package deploytest

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	cftypes "github.com/aws/aws-sdk-go-v2/service/cloudformation/types"
	"github.com/aws/aws-sdk-go-v2/service/iam"

	"github.com/signedfront/signedfront/signer"
	"github.com/signedfront/signedfront/signer/awskeys"
)

// development returns the environment dev with these key generations.
func development(keys map[string]any, current int) map[string]any {
	return map[string]any{
		"ephemeral":   true,
		"maxKeyAge":   "1m",
		"signingKeys": map[string]any{"keys": keys, "current": current},
	}
}

// rotates replaces the key in the README's three deployments, while an app signs,
// viewers open what they hold, and the role of another stack may read the current key.
// Each step is refused while it is too early.
func (p *app) rotates(t *testing.T) {
	policy := p.physicalID(t, "dev", "AWS::IAM::ManagedPolicy")
	role := p.appRole(t, policy)
	rotation := func(current int, keys ...string) {
		t.Helper()
		generations := map[string]any{}
		for _, key := range keys {
			generations[key] = map[string]any{}
		}
		p.configure(t, func(environments map[string]any) { environments["dev"] = development(generations, current) })
		p.deploy(t, "dev")
		p.checkGenerations(t, "dev", len(keys))
		p.wantReadable(t, policy)
	}
	rotation(1, "1") // the same key; signers read the shorter maxKeyAge

	frozen := p.frozenSigner(t)
	running := p.watch(t, "dev", p.signableBy(role))
	first := running.signsFirst(t)
	running.hold(t)
	rotation(1, "1", "2")
	both, last := map[string]any{"1": map[string]any{}, "2": map[string]any{}}, map[string]any{"2": map[string]any{}}
	p.wantRefused(t, development(both, 2), "refuse viewers before ", "signing key 2 (", "may have been added to the key group as late as ")
	p.wantRefused(t, development(last, 2), "signing key 1 (", "is current since ")
	p.later(t)
	p.failsLate(t)
	running.settles(t, first)
	p.later(t)
	rotation(2, "1", "2")
	second := running.rotated(t)

	p.atOnce(t)
	p.wantRefused(t, development(last, 2), "refuse viewers before ", "signing key 1 (", "signed until ")
	shorter := development(last, 2)
	shorter["maxUrlLifetime"] = "1m"
	p.wantRefused(t, shorter, "refuse viewers before ", "(maxUrlLifetime 7d, ")
	p.later(t)
	running.lapse()
	running.hold(t)
	rotation(2, "2")
	running.stop(t, first, second)
	p.atOnce(t)

	// The frozen signer wakes up after the age of its key.
	woken, err := frozen.wakeUp().Object(t.Context(), "rt.png", signer.Policy{TTL: time.Minute})
	if err != nil {
		t.Fatal(err)
	}
	p.wantAllowed(t, woken)
}

// appRole deploys an app's own stack once, with a role that has the signing policy. The
// policy's ARN is a parameter of the stack.
func (a *account) appRole(t *testing.T, policy string) string {
	t.Helper()
	template, err := os.ReadFile("testdata/app.template.json")
	if err != nil {
		t.Fatal(err)
	}
	name := aws.String("photo-album")
	a.createStack(t, *name, string(template), cftypes.Parameter{ParameterKey: aws.String("SigningPolicyArn"), ParameterValue: &policy})
	role, err := a.cloudFormation.DescribeStackResource(t.Context(), &cloudformation.DescribeStackResourceInput{StackName: name, LogicalResourceId: aws.String("AppRole")})
	if err != nil {
		t.Fatal(err)
	}
	return *role.StackResourceDetail.PhysicalResourceId
}

// createStack creates a stack that is not one of ours.
func (a *account) createStack(t *testing.T, name, template string, parameters ...cftypes.Parameter) {
	t.Helper()
	_, err := a.cloudFormation.CreateStack(t.Context(), &cloudformation.CreateStackInput{
		StackName:    &name,
		TemplateBody: &template,
		Capabilities: []cftypes.Capability{cftypes.CapabilityCapabilityIam},
		Parameters:   parameters,
	})
	if err != nil {
		t.Fatal(err)
	}
	waiter := cloudformation.NewStackCreateCompleteWaiter(a.cloudFormation, func(o *cloudformation.StackCreateCompleteWaiterOptions) {
		o.MinDelay, o.MaxDelay = 100*time.Millisecond, time.Second
	})
	if err := waiter.Wait(t.Context(), &cloudformation.DescribeStacksInput{StackName: &name}, time.Minute); err != nil {
		t.Fatal(err)
	}
}

// removeApp removes the app's stack, because IAM does not delete an attached policy.
func (a *account) removeApp(t *testing.T) {
	t.Helper()
	name := aws.String("photo-album")
	if _, err := a.cloudFormation.DeleteStack(t.Context(), &cloudformation.DeleteStackInput{StackName: name}); err != nil {
		t.Fatal(err)
	}
	waiter := cloudformation.NewStackDeleteCompleteWaiter(a.cloudFormation, func(o *cloudformation.StackDeleteCompleteWaiterOptions) {
		o.MinDelay, o.MaxDelay = 100*time.Millisecond, time.Second
	})
	if err := waiter.Wait(t.Context(), &cloudformation.DescribeStacksInput{StackName: name}, time.Minute); err != nil {
		t.Fatal(err)
	}
}

// wantReadable checks that the signing policy lists the secret of every generation of
// dev, and no other.
func (p *app) wantReadable(t *testing.T, policy string) {
	t.Helper()
	document, err := p.policy(t.Context(), policy)
	if err != nil {
		t.Fatal(err)
	}
	var live []string
	for _, secret := range ofType(p.resources(t, stackName("dev")), "AWS::SecretsManager::Secret") {
		live = append(live, secret.physicalID)
	}
	readable := document.allowed("secretsmanager:GetSecretValue")
	slices.Sort(live)
	slices.Sort(readable)
	if !slices.Equal(readable, live) {
		t.Errorf("the signing policy allows reading the secrets %v, want those of the stack, %v", readable, live)
	}
}

// watched is an app that signs for an environment without pause, and whose URLs,
// document and keys are checked each time.
type watched struct {
	*app
	signer       *signer.Signer
	distribution string

	cancel context.CancelFunc
	done   chan struct{}
	wrong  error // why it ended before stop

	rotates chan string // key pair ids that it changed to

	mu     sync.Mutex
	signed map[string]int // URLs by key pair id
	last   string         // the key pair id of the last URL
	held   []func() (signer.Request, error)
	opened int // how often something held was opened
}

// watch starts an app. look checks the document of the environment each time, with the
// keys that its distribution trusts at that moment.
func (p *app) watch(t *testing.T, environment string, look func(context.Context, *signer.Deployment, map[string]*signer.PublicKey) error) *watched {
	t.Helper()
	w := &watched{
		app: p, distribution: p.physicalID(t, environment, "AWS::CloudFront::Distribution"),
		done: make(chan struct{}), rotates: make(chan string, 8), signed: map[string]int{},
	}
	var err error
	w.signer, err = awskeys.Open(t.Context(), p.config, project, environment, &signer.OpenOptions{
		Refresh: time.Second,
		OnEvent: func(e signer.Event) {
			if e.Rotated {
				w.rotates <- e.KeyPairID
			}
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(w.signer.Close)
	ctx, cancel := context.WithCancel(t.Context())
	w.cancel = cancel
	t.Cleanup(func() {
		cancel()
		<-w.done
		if w.wrong != nil {
			t.Error(w.wrong)
		}
	})
	go func() {
		defer close(w.done)
		// The pauses leave the engine time for the deployment.
		for pause := time.Tick(20 * time.Millisecond); ctx.Err() == nil && w.wrong == nil; <-pause {
			w.wrong = errors.Join(w.sign(ctx), w.read(ctx, environment, look))
		}
		if ctx.Err() != nil {
			w.wrong = nil // canceled calls are no failure
		}
	}()
	return w
}

// sign signs a URL as the app does, and verifies it as CloudFront does.
func (w *watched) sign(ctx context.Context) error {
	url, err := w.signer.Object(ctx, "rt.png", signer.Policy{TTL: time.Minute})
	if err != nil {
		return fmt.Errorf("the running signer: %w", err)
	}
	trusted, err := w.trustedKeys(ctx, w.distribution)
	if err != nil {
		return err
	}
	v := signer.Verify(signer.Request{URL: url, Time: time.Now()}, trusted)
	if !v.Allowed {
		return fmt.Errorf("CloudFront refuses what the running signer signed with %s: %s", v.KeyPairID, v.Detail)
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.signed[v.KeyPairID]++
	w.last = v.KeyPairID
	for i, open := range w.held {
		request, err := open()
		if err != nil {
			return fmt.Errorf("opening the held request %d: %w", i+1, err)
		}
		if v := signer.Verify(request, trusted); !v.Allowed {
			return fmt.Errorf("CloudFront refuses the held request %d, signed with %s: %s", i+1, v.KeyPairID, v.Detail)
		}
		w.opened++
	}
	return nil
}

// hold gives viewers a URL, cookies, and a pass that makes another URL each time. They
// open them at every moment from now on.
func (w *watched) hold(t *testing.T) {
	t.Helper()
	base, err := w.signer.BaseURL(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	object := base + "/rt.png"
	url, err := w.signer.URL(t.Context(), object, signer.Policy{TTL: time.Hour})
	if err != nil {
		t.Fatal(err)
	}
	pass, err := w.signer.OpenAll(t.Context(), base+"/", signer.Policy{TTL: time.Hour})
	if err != nil {
		t.Fatal(err)
	}
	cookies, err := pass.Cookies(signer.CookieOptions{})
	if err != nil {
		t.Fatal(err)
	}
	var header []string
	for _, cookie := range cookies {
		if cookie.MaxAge >= 0 { // the others are deletions
			header = append(header, cookie.Name+"="+cookie.Value)
		}
	}
	made := 0
	w.mu.Lock()
	defer w.mu.Unlock()
	w.held = append(w.held,
		func() (signer.Request, error) { return signer.Request{URL: url, Time: time.Now()}, nil },
		func() (signer.Request, error) {
			return signer.Request{URL: object, Time: time.Now(), Cookie: []string{strings.Join(header, "; ")}}, nil
		},
		func() (signer.Request, error) {
			made++
			url, err := pass.URL(fmt.Sprintf("%s/%d.png", base, made))
			return signer.Request{URL: url, Time: time.Now()}, err
		},
	)
}

// lapse drops all that viewers hold: it has expired by the times of CloudFront and
// Systems Manager, a month later, and not by the clock of this machine.
func (w *watched) lapse() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.held = nil
}

// read passes the environment's document and trusted keys to look.
func (w *watched) read(ctx context.Context, environment string, look func(context.Context, *signer.Deployment, map[string]*signer.PublicKey) error) error {
	document, err := w.document(ctx, "/signedfront/"+project+"/"+environment)
	if err != nil {
		return err
	}
	trusted, err := w.trustedKeys(ctx, w.distribution)
	if err != nil {
		return err
	}
	return look(ctx, document, trusted)
}

// signableBy returns a check that the document names a trusted key, which a role of
// another stack may read.
func (p *app) signableBy(role string) func(context.Context, *signer.Deployment, map[string]*signer.PublicKey) error {
	return func(ctx context.Context, document *signer.Deployment, trusted map[string]*signer.PublicKey) error {
		if key := trusted[document.KeyPairID]; key == nil || document.CheckKey(key) != nil {
			return fmt.Errorf("the document names the key pair %s, which is not trusted or does not match its public key", document.KeyPairID)
		}
		attached, err := p.iam.ListAttachedRolePolicies(ctx, &iam.ListAttachedRolePoliciesInput{RoleName: &role})
		if err != nil {
			return err
		}
		if len(attached.AttachedPolicies) != 1 {
			return fmt.Errorf("the app's role has %d policies", len(attached.AttachedPolicies))
		}
		policy, err := p.policy(ctx, *attached.AttachedPolicies[0].PolicyArn)
		if err != nil {
			return err
		}
		if !slices.Contains(policy.allowed("secretsmanager:GetSecretValue"), document.Key.SecretARN) {
			return fmt.Errorf("the app's role may not read %s, which the document names", document.Key.SecretARN)
		}
		return nil
	}
}

// signsFirst waits for the first URL and returns the key pair id that signed it.
func (w *watched) signsFirst(t *testing.T) string {
	t.Helper()
	return w.until(t, func() (string, bool) {
		for id := range w.signed {
			return id, true
		}
		return "", false
	})
}

// rotated waits until the running signer has changed its key and signed a URL with the
// new one.
func (w *watched) rotated(t *testing.T) string {
	t.Helper()
	var now string
	select {
	case now = <-w.rotates:
	case <-w.done:
		t.FailNow() // the cleanup of watch says why
	case <-time.After(time.Minute):
		t.Fatal("the running signer did not start to use the new current key within a minute")
	}
	return w.until(t, func() (string, bool) { return now, w.signed[now] > 0 })
}

// settles waits until the running signer has read the document again, and checks that it
// signs with this key pair.
func (w *watched) settles(t *testing.T, keyPairID string) {
	t.Helper()
	time.Sleep(3 * time.Second) // the signer reads it every second
	for len(w.rotates) > 0 {
		<-w.rotates
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.last != keyPairID {
		t.Errorf("the running signer signs with %s, want %s", w.last, keyPairID)
	}
}

// until waits for a URL that signed accepts.
func (w *watched) until(t *testing.T, signed func() (keyPairID string, is bool)) string {
	t.Helper()
	for range 1000 {
		w.mu.Lock()
		id, is := signed()
		w.mu.Unlock()
		if is {
			return id
		}
		select {
		case <-w.done:
			t.FailNow()
		case <-time.After(20 * time.Millisecond):
		}
	}
	t.Fatal("the running signer signs nothing")
	return ""
}

// stop ends the app. These key pairs must have signed, and no others.
func (w *watched) stop(t *testing.T, keyPairs ...string) {
	t.Helper()
	w.cancel()
	<-w.done
	for _, id := range keyPairs {
		if w.signed[id] == 0 {
			t.Errorf("nothing was signed with %s", id)
		}
	}
	if len(w.signed) != len(keyPairs) {
		t.Errorf("these key pairs signed: %v", w.signed)
	}
	if w.held != nil && w.opened == 0 {
		t.Error("no held request was opened")
	}
	t.Logf("URLs signed and verified, by key pair: %v; held requests were opened %d times", w.signed, w.opened)
}

// frozenSigner is the signer of a process that is frozen after it reads its key.
type frozenSigner struct {
	*signer.Signer
	mu    sync.Mutex
	slept time.Duration
}

func (p *app) frozenSigner(t *testing.T) *frozenSigner {
	t.Helper()
	f := &frozenSigner{}
	var err error
	f.Signer, err = awskeys.Open(t.Context(), p.config, project, "dev", &signer.OpenOptions{
		Refresh: 24 * time.Hour,
		Now: func() time.Time {
			f.mu.Lock()
			defer f.mu.Unlock()
			return time.Now().Add(f.slept)
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(f.Close)
	return f
}

// wakeUp moves the clock past the age of the key, one minute.
func (f *frozenSigner) wakeUp() *frozenSigner {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.slept = 2 * time.Minute
	return f
}

// wantAllowed checks that the keys in CloudFront verify a URL of dev.
func (p *app) wantAllowed(t *testing.T, url string) {
	t.Helper()
	trusted, err := p.trustedKeys(t.Context(), p.physicalID(t, "dev", "AWS::CloudFront::Distribution"))
	if err != nil {
		t.Fatal(err)
	}
	if v := signer.Verify(signer.Request{URL: url, Time: time.Now()}, trusted); !v.Allowed {
		t.Errorf("CloudFront refuses what was signed with %s: %s", v.KeyPairID, v.Detail)
	}
}
