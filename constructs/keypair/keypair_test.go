package keypair_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-lambda-go/cfn"

	"github.com/signedfront/signedfront/constructs/customresource"
	"github.com/signedfront/signedfront/constructs/customresource/customresourcetest"
	"github.com/signedfront/signedfront/constructs/keypair"
	"github.com/signedfront/signedfront/signer"
)

// The tests that are named after a failure are about that row of the table of
// failures of key pairs made inside a deployment: it lists what went wrong in
// other projects.

// inBubble runs a subtest on synctest's clock, on which waiting takes no time.
func inBubble(t *testing.T, name string, test func(t *testing.T)) {
	t.Run(name, func(t *testing.T) { synctest.Test(t, test) })
}

func pemOf(t *testing.T, algorithm signer.Algorithm) string {
	t.Helper()
	key, err := signer.GenerateKey(algorithm)
	if err != nil {
		t.Fatal(err)
	}
	text, err := key.MarshalPEM()
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// wantKey checks that an answer publishes the one key that the secret holds.
func wantKey(t *testing.T, d *deployment, a customresourcetest.Answer) {
	t.Helper()
	if a.Status != cfn.StatusSuccess {
		t.Fatalf("got %s", a.Body)
	}
	versions := d.versions()
	if len(versions) != 1 {
		t.Fatalf("the secret has %d versions, want 1", len(versions))
	}
	for id, text := range versions {
		key, err := signer.ParsePrivateKey(text)
		if err != nil {
			t.Fatal(err)
		}
		if a.Attribute("PublicKeyPem") != string(key.PublicKey().PEM()) ||
			a.Attribute("PublicKeySha256") != key.PublicKey().Fingerprint() ||
			a.Attribute("SecretVersionId") != id {
			t.Errorf("the answer does not fit the secret's version %s: %s", id, a.Body)
		}
	}
}

func wantFailure(t *testing.T, a customresourcetest.Answer, reason string) {
	t.Helper()
	if a.Status != cfn.StatusFailed || a.Reason != reason || a.Data != nil {
		t.Errorf("got  %s\nwant %s", a.Body, reason)
	}
}

func TestACreateMakesAKeyPairOfTheAlgorithm(t *testing.T) {
	for word, want := range map[string]signer.Algorithm{
		"ecdsa-p256": signer.ECDSAP256,
		"rsa-2048":   signer.RSA2048,
		"":           signer.ECDSAP256,
	} {
		inBubble(t, word, func(t *testing.T) {
			d := deploy(t)
			a := d.request(t, cfn.RequestCreate, "", properties("1", word))
			wantKey(t, d, a)
			public, err := signer.ParsePublicKey([]byte(a.Attribute("PublicKeyPem")))
			if err != nil {
				t.Fatal(err)
			}
			if public.Algorithm() != want {
				t.Errorf("got %s, want %s", public.Algorithm(), want)
			}
			if !strings.Contains(d.log.String(), public.Fingerprint()) || !strings.Contains(d.log.String(), `"generation":1`) {
				t.Errorf("the log does not name the key pair made:\n%s", d.log.String())
			}
		})
	}
}

func TestTheSecretHoldsThePEMTextAlone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := deploy(t)
		a := d.request(t, cfn.RequestCreate, "", properties("1", "ecdsa-p256"))
		text := string(d.versions()[a.Attribute("SecretVersionId")])
		if !strings.HasPrefix(text, "-----BEGIN PRIVATE KEY-----\n") || !strings.HasSuffix(text, "\n-----END PRIVATE KEY-----\n") {
			t.Error("the secret holds something else than PKCS #8 PEM")
		}
	})
}

func TestFailure01_ARetryMakesNoSecondKeyWhen(t *testing.T) {
	inBubble(t, "CloudFormation sends an answered request again", func(t *testing.T) {
		d := deploy(t)
		e := d.Event(cfn.RequestCreate, properties("1", "ecdsa-p256"))
		for range 3 {
			d.deliver(t, e)
		}
		answers := d.Answers(e)
		for _, a := range answers {
			wantKey(t, d, a)
			if string(a.Body) != string(answers[0].Body) {
				t.Errorf("two answers:\n%s\n%s", answers[0].Body, a.Body)
			}
		}
	})

	inBubble(t, "Lambda delivers a request eight times at once", func(t *testing.T) {
		d := deploy(t)
		e := d.Event(cfn.RequestCreate, properties("1", "ecdsa-p256"))
		const deliveries = 8
		// Every delivery finds the secret empty before one of them stores its
		// key.
		var ready sync.WaitGroup
		ready.Add(deliveries)
		d.fault = func(_ context.Context, call call, effect func() error) error {
			if call.operation == "Put" {
				ready.Done()
				ready.Wait()
			}
			return effect()
		}
		var all sync.WaitGroup
		for range deliveries {
			all.Go(func() { d.deliver(t, e) })
		}
		all.Wait()
		if d.puts != deliveries {
			t.Errorf("%d deliveries made a key, the test wants all %d to", d.puts, deliveries)
		}
		answers := d.Answers(e)
		if len(answers) != deliveries {
			t.Errorf("got %d answers to %d deliveries", len(answers), deliveries)
		}
		for _, a := range answers {
			wantKey(t, d, a)
		}
	})

	inBubble(t, "the resource is made again in the same stack", func(t *testing.T) {
		d := deploy(t)
		first := d.request(t, cfn.RequestCreate, "", properties("1", "ecdsa-p256"))
		d.request(t, cfn.RequestDelete, first.PhysicalResourceID, properties("1", "ecdsa-p256"))
		again := d.request(t, cfn.RequestCreate, "", properties("1", "ecdsa-p256"))
		wantKey(t, d, again)
		if again.PhysicalResourceID != first.PhysicalResourceID {
			t.Errorf("got another id, %s", again.PhysicalResourceID)
		}
	})
}

// Faults of a function at one call to its store.
var faults = map[string]func(ctx context.Context, effect func() error) error{
	"an error before it": func(context.Context, func() error) error { return errors.New("the network is down") },
	"an error after it": func(_ context.Context, effect func() error) error {
		effect()
		return errors.New("the network is down")
	},
	"a crash before it": func(context.Context, func() error) error { panic("a crash") },
	"a crash after it": func(_ context.Context, effect func() error) error {
		effect()
		panic("a crash")
	},
	"throttling": func(context.Context, func() error) error { return errors.New("throttled") },
	"no answer until time is up": func(ctx context.Context, _ func() error) error {
		<-ctx.Done()
		return ctx.Err()
	},
	"no answer until time is up, though it worked": func(ctx context.Context, effect func() error) error {
		effect()
		<-ctx.Done()
		return ctx.Err()
	},
	"a freeze, and its end after the answer": func(_ context.Context, effect func() error) error {
		time.Sleep(time.Hour)
		return effect()
	},
	"access denied for as long as it lasts": func(context.Context, func() error) error {
		return fmt.Errorf("%w: the role may not", customresource.ErrDenied)
	},
}

// A Create without faults makes these four calls: Get, Current, Put, Get.
const callsOfCreate = 4

func TestACreateIsAnsweredAndMakesOneKeyPairDespite(t *testing.T) {
	for name, happens := range faults {
		for at := 1; at <= callsOfCreate; at++ {
			inBubble(t, fmt.Sprintf("%s at call %d", name, at), func(t *testing.T) {
				d := deploy(t)
				var struck atomic.Bool
				d.fault = func(ctx context.Context, call call, effect func() error) error {
					if call.number < at {
						return effect()
					}
					struck.Store(true)
					return happens(ctx, effect)
				}
				e := d.Event(cfn.RequestCreate, properties("1", "ecdsa-p256"))
				d.deliver(t, e)
				if !struck.Load() {
					t.Fatalf("there is no call %d", at)
				}
				if a := d.Answer(t, e); a.Status != cfn.StatusFailed || !strings.HasPrefix(a.PhysicalResourceID, "signedfront:not-created:") {
					t.Errorf("got %s", a.Body)
				}

				// Lambda or CloudFormation delivers the same request again.
				d.secrets.mu.Lock()
				d.fault = nil
				d.secrets.mu.Unlock()
				d.deliver(t, e)
				answers := d.Answers(e)
				wantKey(t, d, answers[len(answers)-1])

				time.Sleep(2 * time.Hour) // a frozen call goes on at last
				wantKey(t, d, answers[len(answers)-1])
			})
		}
	}
	inBubble(t, "nothing", func(t *testing.T) {
		d := deploy(t)
		wantKey(t, d, d.request(t, cfn.RequestCreate, "", properties("1", "ecdsa-p256")))
		if d.calls != callsOfCreate {
			t.Errorf("%d calls, but the faults above stop at %d", d.calls, callsOfCreate)
		}
	})
}

func TestFailure02_ThePublicKeyIsThatOfTheStoredKeyWhen(t *testing.T) {
	inBubble(t, "another delivery stored its key first", func(t *testing.T) {
		d := deploy(t)
		d.fault = func(_ context.Context, call call, effect func() error) error {
			if call.operation == "Put" { // the other delivery runs whole before it
				d.secrets.mu.Lock()
				d.fault = nil
				d.secrets.mu.Unlock()
				wantKey(t, d, d.request(t, cfn.RequestCreate, "", properties("1", "ecdsa-p256")))
			}
			return effect()
		}
		wantKey(t, d, d.request(t, cfn.RequestCreate, "", properties("1", "ecdsa-p256")))
		if d.puts != 2 {
			t.Errorf("%d keys were made, the test wants 2", d.puts)
		}
	})

	inBubble(t, "the store holds another key than it was given", func(t *testing.T) {
		d := deploy(t)
		d.store = swapping{d.secrets, []byte(pemOf(t, signer.ECDSAP256))}
		wantKey(t, d, d.request(t, cfn.RequestCreate, "", properties("1", "ecdsa-p256")))
	})

	inBubble(t, "the stored version can be read only after some seconds", func(t *testing.T) {
		d := deploy(t)
		d.store = lagging{d.secrets, time.Now().Add(12 * time.Second)}
		wantKey(t, d, d.request(t, cfn.RequestCreate, "", properties("1", "ecdsa-p256")))
	})

	inBubble(t, "the secret is edited by hand after the pair was made", func(t *testing.T) {
		d := deploy(t)
		first := d.request(t, cfn.RequestCreate, "", properties("1", "ecdsa-p256"))
		d.set(pemOf(t, signer.ECDSAP256))
		again := d.request(t, cfn.RequestUpdate, first.PhysicalResourceID, properties("1", "ecdsa-p256"))
		if again.Status != cfn.StatusSuccess ||
			again.Attribute("PublicKeyPem") != first.Attribute("PublicKeyPem") ||
			again.Attribute("SecretVersionId") != first.Attribute("SecretVersionId") {
			t.Errorf("the key in CloudFront cannot change, got\n%s\nafter\n%s", again.Body, first.Body)
		}
	})
}

// swapping stores a key of its own.
type swapping struct {
	*secrets
	text []byte
}

func (s swapping) Put(ctx context.Context, id, token string, _ []byte) (string, error) {
	return s.secrets.Put(ctx, id, token, s.text)
}

// lagging does not know a version until some time.
type lagging struct {
	*secrets
	until time.Time
}

func (s lagging) Get(ctx context.Context, id, version string) ([]byte, error) {
	if time.Now().Before(s.until) {
		version = "not yet"
	}
	return s.secrets.Get(ctx, id, version)
}

func TestFailure03_ADeleteSucceedsAndTouchesNothingOf(t *testing.T) {
	for name, id := range map[string]string{
		"a key pair that was made":                 "",
		"an id that CloudFormation made up":        "signedfront-dev-ContentSigningKey1A2B3C4D-1KXJZ7Q2M5V3P",
		"the id of a request, as libraries use it": "00000000-0000-4000-8000-000000000001",
		"a resource whose Create failed":           "signedfront:not-created:00000000-0000-4000-8000-000000000001",
		"another generation":                       "signedfront:signing-key-pair:2:00000000000000000000000000000000",
	} {
		inBubble(t, name, func(t *testing.T) {
			d := deploy(t)
			made := d.request(t, cfn.RequestCreate, "", properties("1", "ecdsa-p256"))
			if id == "" {
				id = made.PhysicalResourceID
			}
			calls := d.calls
			gone := d.request(t, cfn.RequestDelete, id, properties("1", "ecdsa-p256"))
			if gone.Status != cfn.StatusSuccess || gone.PhysicalResourceID != id {
				t.Errorf("got %s", gone.Body)
			}
			if d.calls != calls {
				t.Error("the store was called")
			}
		})
	}
}

func TestFailure04_AnUpdateReadsAndNeverMakes(t *testing.T) {
	inBubble(t, "the same generation keeps its id and its attributes", func(t *testing.T) {
		d := deploy(t)
		made := d.request(t, cfn.RequestCreate, "", properties("1", "rsa-2048"))
		changed := properties("1", "rsa-2048")
		changed["ServiceTimeout"] = "60"
		read := d.request(t, cfn.RequestUpdate, made.PhysicalResourceID, changed)
		wantKey(t, d, read)
		if read.PhysicalResourceID != made.PhysicalResourceID || d.puts != 1 {
			t.Errorf("got %s", read.Body)
		}
	})

	const (
		use    = "use a new generation: in cdk.json add another number to signingKeys.keys and make it signingKeys.current"
		skip   = `; if the rollback fails, run aws cloudformation continue-update-rollback --stack-name signedfront-dev --resources-to-skip ContentSigningKey1A2B3C4D`
		quoted = `"` + secretID + `"`
	)
	tests := []struct {
		name    string
		prepare func(*secrets)
		change  map[string]any
		reason  string
	}{
		{"a secret that was emptied", func(s *secrets) { s.byID[secretID] = &secret{versions: map[string][]byte{}} }, nil,
			"the private key of generation 1 is gone: " + use + skip + ": the secret is empty: " + quoted},
		{"a secret with an empty value", func(s *secrets) {
			s.byID[secretID] = &secret{versions: map[string][]byte{"a": nil}, current: "a"}
		}, nil,
			"the private key of generation 1 is gone: " + use + skip + ": the secret is empty: " + quoted},
		{"a secret that was deleted", func(s *secrets) { delete(s.byID, secretID) }, nil,
			"the private key of generation 1 is gone: " + use + skip + ": the secret does not exist: " + quoted},
		{"another algorithm", nil, map[string]any{"Algorithm": "rsa-2048"},
			"the key of generation 1 is ecdsa-p256, and a generation keeps its algorithm: set signingKeys.keys.1.algorithm back to ecdsa-p256; for rsa-2048 " + use},
		{"another generation", nil, map[string]any{"Generation": "2"},
			"generation 2 with secret " + quoted + " is not the generation and secret for which this key pair was made: its private key stays in its own secret; " + use},
		{"another secret", nil, map[string]any{"SecretId": "arn:aws:secretsmanager:eu-central-1:111122223333:secret:other-abcdef"},
			`generation 1 with secret "arn:aws:secretsmanager:eu-central-1:111122223333:secret:other-abcdef"` + " is not the generation and secret for which this key pair was made: its private key stays in its own secret; " + use},
		{"no secret", nil, map[string]any{"SecretId": nil},
			"property SecretId is missing: want the ARN of the secret for the private key"},
		{"no generation", nil, map[string]any{"Generation": ""},
			"property Generation is an empty value: want a number, 1 or more"},
		{"an unknown algorithm", nil, map[string]any{"Algorithm": "ed25519"},
			`property Algorithm: unknown key algorithm "ed25519": CloudFront accepts ecdsa-p256 and rsa-2048`},
	}
	for _, test := range tests {
		// Failures 5 and 23 are in here: CloudFormation rolls a failed update
		// back with another, and a secret without its key is not filled again.
		inBubble(t, test.name+" is refused, and the rollback does not fail", func(t *testing.T) {
			d := deploy(t)
			made := d.request(t, cfn.RequestCreate, "", properties("1", "ecdsa-p256"))
			if test.prepare != nil {
				test.prepare(d.secrets)
			}
			changed := properties("1", "ecdsa-p256")
			for name, value := range test.change {
				changed[name] = value
			}
			refused := d.request(t, cfn.RequestUpdate, made.PhysicalResourceID, changed)
			wantFailure(t, refused, test.reason)
			if refused.PhysicalResourceID != made.PhysicalResourceID {
				t.Errorf("the refusal names %s: CloudFormation would delete the key pair", refused.PhysicalResourceID)
			}
			if d.puts != 1 {
				t.Error("a key was made")
			}
			d.stack = "UPDATE_ROLLBACK_IN_PROGRESS"
			back := d.request(t, cfn.RequestUpdate, refused.PhysicalResourceID, properties("1", "ecdsa-p256"))
			if back.Status != cfn.StatusSuccess || back.PhysicalResourceID != made.PhysicalResourceID {
				t.Errorf("the rollback got %s", back.Body)
			}
			if test.prepare == nil {
				wantKey(t, d, back)
			}
		})
	}
}

// CloudFormation shows the first 500 bytes of a reason.
func TestTheCommandThatFreesAStackIsNotCutOff(t *testing.T) {
	inBubble(t, "of long names", func(t *testing.T) {
		s := newSecrets()
		s.byID[secretID].deleted = true
		stack := strings.Repeat("Nested1A", 16)
		_, err := (&keypair.Provider{Store: s}).Update(t.Context(), customresource.Request{
			StackID:           "arn:aws:cloudformation:ap-southeast-2:111122223333:stack/" + stack + "/50d6f0a0-d2df-11e5-832f-503abc87a9b4",
			LogicalResourceID: "MediaContentSigningKeysKey1KeyPair1A2B3C4D",
			Properties:        properties("1", "ecdsa-p256"),
		})
		if err == nil || !strings.Contains(err.Error()[:500], "continue-update-rollback --stack-name "+stack+" --resources-to-skip MediaContentSigningKeysKey1KeyPair1A2B3C4D: ") {
			t.Errorf("got %v", err)
		}
	})
}

func TestFailure06_ThePublicKeyEndsWithOneLineFeed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := deploy(t)
		text := "\n\n" + strings.ReplaceAll(pemOf(t, signer.RSA2048), "\n", "\r\n") + "\n\n"
		d.store = swapping{d.secrets, []byte(text)}
		a := d.request(t, cfn.RequestCreate, "", properties("1", "rsa-2048"))
		if text := a.Attribute("PublicKeyPem"); !strings.HasSuffix(text, "-----END PUBLIC KEY-----\n") || strings.Contains(text, "\r") {
			t.Errorf("got %q", text)
		}
	})
}

// Somebody who may write to the secret before Create would know the key that signs.
func TestACreateRefusesWhatSomebodyElseHasPutIntoTheSecret(t *testing.T) {
	const want = `making the key pair of generation 1: the secret holds a value that this deployment did not put there: "` + secretID +
		`": find out who may write to it (PutSecretValue in CloudTrail) and deploy again: the rollback deletes this secret and the next deployment makes another; for a key of your own set signingKeys.keys.1.custody to imported`
	for name, value := range map[string]func(t *testing.T) string{
		"a key of the algorithm":     func(t *testing.T) string { return pemOf(t, signer.ECDSAP256) },
		"a key of another algorithm": func(t *testing.T) string { return pemOf(t, signer.RSA2048) },
		"a password":                 func(*testing.T) string { return "hunter2" },
		"a space":                    func(*testing.T) string { return " " },
	} {
		inBubble(t, name, func(t *testing.T) {
			d := deploy(t)
			d.set(value(t))
			e := d.Event(cfn.RequestCreate, properties("1", "ecdsa-p256"))
			for range 3 { // however often it comes
				d.deliver(t, e)
			}
			for _, a := range d.Answers(e) {
				wantFailure(t, a, want)
			}
			if d.puts != 0 {
				t.Error("a key was made")
			}
			if a := d.request(t, cfn.RequestDelete, d.Answers(e)[0].PhysicalResourceID, nil); a.Status != cfn.StatusSuccess {
				t.Errorf("the rollback got %s", a.Body)
			}
		})
	}
	inBubble(t, "a key that was put there under the token of another generation", func(t *testing.T) {
		d := deploy(t)
		d.request(t, cfn.RequestCreate, "", properties("2", "ecdsa-p256"))
		a := d.request(t, cfn.RequestCreate, "", properties("1", "ecdsa-p256"))
		wantFailure(t, a, want)
	})
	inBubble(t, "a key that comes between the look and the own key, which is then the one that counts", func(t *testing.T) {
		d := deploy(t)
		d.fault = func(_ context.Context, call call, effect func() error) error {
			if call.operation == "Put" {
				d.set(pemOf(t, signer.ECDSAP256))
			}
			return effect()
		}
		a := d.request(t, cfn.RequestCreate, "", properties("1", "ecdsa-p256"))
		key, err := signer.ParsePrivateKey(d.versions()[a.Attribute("SecretVersionId")])
		if err != nil {
			t.Fatal(err)
		}
		if a.Attribute("PublicKeySha256") != key.PublicKey().Fingerprint() || strings.HasPrefix(a.Attribute("SecretVersionId"), "by-hand") {
			t.Errorf("got %s", a.Body)
		}
	})
}

// What Create has stored is known again by its version, also where reading it by
// that lags behind the secret's description.
func TestACreateKnowsTheKeyOfAnEarlierDeliveryWhen(t *testing.T) {
	inBubble(t, "it can be read only after some seconds", func(t *testing.T) {
		d := deploy(t)
		e := d.Event(cfn.RequestCreate, properties("1", "ecdsa-p256"))
		d.deliver(t, e)
		d.store = lagging{d.secrets, time.Now().Add(12 * time.Second)}
		d.deliver(t, e)
		for _, a := range d.Answers(e) {
			wantKey(t, d, a)
		}
		if d.puts != 1 {
			t.Errorf("%d keys were made", d.puts)
		}
	})
	inBubble(t, "somebody has put another one there since", func(t *testing.T) {
		d := deploy(t)
		e := d.Event(cfn.RequestCreate, properties("1", "ecdsa-p256"))
		d.deliver(t, e)
		d.set(pemOf(t, signer.ECDSAP256))
		d.deliver(t, e)
		if answers := d.Answers(e); string(answers[0].Body) != string(answers[1].Body) {
			t.Errorf("got %s after %s", answers[1].Body, answers[0].Body)
		}
	})
}

// Earlier versions accepted a key that was already in the secret. Their stacks keep
// working.
func TestAnUpdateReadsAKeyThatAnEarlierVersionTook(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := deploy(t)
		id := d.request(t, cfn.RequestCreate, "", properties("1", "ecdsa-p256")).PhysicalResourceID
		d.byID[secretID].versions = map[string][]byte{}
		d.set(pemOf(t, signer.ECDSAP256))
		wantKey(t, d, d.request(t, cfn.RequestUpdate, id, properties("1", "ecdsa-p256")))
	})
}

func TestACreateFillsASecretWhoseValueIsEmpty(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := deploy(t)
		d.set("")
		a := d.request(t, cfn.RequestCreate, "", properties("1", "ecdsa-p256"))
		if a.Status != cfn.StatusSuccess || d.puts != 1 {
			t.Errorf("got %s", a.Body)
		}
	})
}

func TestFailure16_ACreateFailsWithWhatToDoWhen(t *testing.T) {
	const use = "use a new generation: in cdk.json add another number to signingKeys.keys and make it signingKeys.current"
	tests := []struct {
		name    string
		prepare func(*testing.T, *deployment)
		change  map[string]any
		reason  string
	}{
		{"there is no secret", func(_ *testing.T, d *deployment) { delete(d.byID, secretID) }, nil,
			`making the key pair of generation 1: the secret does not exist: "` + secretID + `"; ` + use},
		{"the algorithm is unknown", nil, map[string]any{"Algorithm": "dsa"},
			`property Algorithm: unknown key algorithm "dsa": CloudFront accepts ecdsa-p256 and rsa-2048`},
		{"the generation is none", nil, map[string]any{"Generation": "next"},
			`property Generation is "next": want a number, 1 or more`},
		{"the generation is zero", nil, map[string]any{"Generation": 0.0},
			`property Generation is "0": want a number, 1 or more`},
		{"the properties are empty", nil, map[string]any{"SecretId": nil, "Generation": nil, "Algorithm": nil},
			"property SecretId is missing: want the ARN of the secret for the private key"},
	}
	for _, test := range tests {
		inBubble(t, test.name, func(t *testing.T) {
			d := deploy(t)
			if test.prepare != nil {
				test.prepare(t, d)
			}
			changed := properties("1", "ecdsa-p256")
			for name, value := range test.change {
				changed[name] = value
			}
			a := d.request(t, cfn.RequestCreate, "", changed)
			wantFailure(t, a, test.reason)
			if d.puts != 0 {
				t.Error("a key was made")
			}
		})
	}
}

func TestFailure15_ARoleThatIsNotReadyYetDelaysAndDoesNotFail(t *testing.T) {
	for denied := 1; denied <= 6; denied++ {
		inBubble(t, fmt.Sprintf("%d calls denied", denied), func(t *testing.T) {
			d := deploy(t)
			d.fault = func(_ context.Context, call call, effect func() error) error {
				if call.number <= denied {
					return fmt.Errorf("%w: the role may not", customresource.ErrDenied)
				}
				return effect()
			}
			wantKey(t, d, d.request(t, cfn.RequestCreate, "", properties("1", "ecdsa-p256")))
		})
	}
	inBubble(t, "each call denied at first", func(t *testing.T) {
		d := deploy(t)
		d.fault = func(_ context.Context, call call, effect func() error) error {
			if call.number%2 == 1 {
				return fmt.Errorf("%w: the role may not", customresource.ErrDenied)
			}
			return effect()
		}
		wantKey(t, d, d.request(t, cfn.RequestCreate, "", properties("1", "ecdsa-p256")))
	})
}

func TestFailure20_ADeleteSucceedsWithPropertiesOfAnotherVersion(t *testing.T) {
	for name, old := range map[string]map[string]any{
		"none":           nil,
		"unknown ones":   {"KeySize": 4096.0, "Nested": map[string]any{"a": []any{nil}}},
		"of other types": {"SecretId": []any{"a"}, "Generation": map[string]any{}, "Algorithm": true},
	} {
		inBubble(t, name, func(t *testing.T) {
			d := deploy(t)
			a := d.request(t, cfn.RequestDelete, "signedfront:signing-key-pair:1:00000000000000000000000000000000", old)
			if a.Status != cfn.StatusSuccess {
				t.Errorf("got %s", a.Body)
			}
		})
	}
}

func TestAnUpdateWithoutAnAlgorithmTakesTheKeyThatIsThere(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := deploy(t)
		made := d.request(t, cfn.RequestCreate, "", properties("1", "rsa-2048"))
		wantKey(t, d, d.request(t, cfn.RequestUpdate, made.PhysicalResourceID, properties("1", "")))
	})
}
