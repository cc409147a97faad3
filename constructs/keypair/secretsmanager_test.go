package keypair_test

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-lambda-go/cfn"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"

	"github.com/signedfront/signedfront/constructs/customresource"
	"github.com/signedfront/signedfront/constructs/keypair"
	"github.com/signedfront/signedfront/constructs/keypair/keypairtest"
	"github.com/signedfront/signedfront/signer"
)

// client is an HTTP client that reaches a service without a socket.
type client func(*http.Request) (*http.Response, error)

func (c client) Do(r *http.Request) (*http.Response, error) { return c(r) }

func to(h http.Handler) client {
	return func(r *http.Request) (*http.Response, error) {
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		return w.Result(), nil
	}
}

func secretsManager(c client) *keypair.SecretsManager {
	return keypair.NewSecretsManager(aws.Config{
		Region:      "eu-central-1",
		Credentials: credentials.NewStaticCredentialsProvider("AKIDEXAMPLE", "the-functions-own-secret-access-key", ""),
		HTTPClient:  c,
	})
}

func TestSecretsManagerMakesOneKeyPair(t *testing.T) {
	for _, algorithm := range []string{"ecdsa-p256", "rsa-2048"} {
		inBubble(t, algorithm, func(t *testing.T) {
			d := deploy(t)
			d.store = secretsManager(to(d.secrets))
			e := d.Event(cfn.RequestCreate, properties("1", algorithm))
			d.deliver(t, e)
			d.deliver(t, e)
			for _, a := range d.Answers(e) {
				wantKey(t, d, a)
			}
			if d.puts != 1 {
				t.Errorf("%d keys were sent to be stored", d.puts)
			}
		})
	}
}

func TestSecretsManagerThatThrottlesDelaysAndDoesNotFail(t *testing.T) {
	for _, code := range []string{"ThrottlingException", "RequestLimitExceeded"} {
		inBubble(t, code, func(t *testing.T) {
			d := deploy(t)
			d.store = secretsManager(to(d.secrets))
			d.refuse = func(_ string, call int) string {
				if call%4 != 0 { // three of four calls
					return code
				}
				return ""
			}
			wantKey(t, d, d.request(t, cfn.RequestCreate, "", properties("1", "ecdsa-p256")))
		})
	}
}

func TestSecretsManagersErrorsAreToldByTheirCode(t *testing.T) {
	const (
		quoted = `"` + secretID + `"`
		denied = "access denied: the function's role may not use secretsmanager:"
		asleep = " answered InvalidRequestException: if the secret is scheduled for deletion, restore it with `aws secretsmanager restore-secret`"
	)
	tests := []struct {
		name, operation, code string
		is                    error
		text                  string
	}{
		{"a missing secret", "DescribeSecret", "ResourceNotFoundException", keypair.ErrMissing, "the secret does not exist: " + quoted},
		{"a missing version", "GetSecretValue", "ResourceNotFoundException", keypair.ErrNoVersion, "the secret has no such version: " + quoted},
		{"a secret that goes before its value comes", "PutSecretValue", "ResourceNotFoundException", keypair.ErrMissing, "the secret does not exist: " + quoted},
		{"another delivery's key under the token", "PutSecretValue", "ResourceExistsException", keypair.ErrConflict, "the secret has another text under this token: " + quoted},
		{"no right to describe", "DescribeSecret", "AccessDeniedException", customresource.ErrDenied, denied + "DescribeSecret on " + quoted + " (AccessDeniedException)"},
		{"no right to read", "GetSecretValue", "AccessDeniedException", customresource.ErrDenied, denied + "GetSecretValue on " + quoted + " (AccessDeniedException)"},
		{"no right to store", "PutSecretValue", "AccessDeniedException", customresource.ErrDenied, denied + "PutSecretValue on " + quoted + " (AccessDeniedException)"},
		{"a role too new to be known", "GetSecretValue", "UnrecognizedClientException", customresource.ErrDenied, denied + "GetSecretValue on " + quoted + " (UnrecognizedClientException)"},
		{"a secret scheduled for deletion, read", "GetSecretValue", "InvalidRequestException", nil, "secretsmanager:GetSecretValue on " + quoted + asleep},
		{"a secret scheduled for deletion, stored", "PutSecretValue", "InvalidRequestException", nil, "secretsmanager:PutSecretValue on " + quoted + asleep},
		{"a key that cannot be used", "GetSecretValue", "DecryptionFailure", nil, "secretsmanager:GetSecretValue on " + quoted + " answered DecryptionFailure"},
		{"a quota", "PutSecretValue", "LimitExceededException", nil, "secretsmanager:PutSecretValue on " + quoted + " answered LimitExceededException"},
	}
	for _, test := range tests {
		inBubble(t, test.name, func(t *testing.T) {
			s := newSecrets()
			s.refuse = func(operation string, _ int) string {
				if operation == test.operation {
					return test.code
				}
				return ""
			}
			err := perform(t.Context(), secretsManager(to(s)), test.operation)
			if err == nil || err.Error() != test.text || test.is != nil && !errors.Is(err, test.is) {
				t.Errorf("got  %v\nwant %s", err, test.text)
			}
		})
	}
	inBubble(t, "an empty secret", func(t *testing.T) {
		err := perform(t.Context(), secretsManager(to(newSecrets())), "DescribeSecret")
		if !errors.Is(err, keypair.ErrEmpty) {
			t.Errorf("got %v", err)
		}
	})
	inBubble(t, "a secret scheduled for deletion, described", func(t *testing.T) {
		s := newSecrets()
		s.byID[secretID].deleted = true
		err := perform(t.Context(), secretsManager(to(s)), "DescribeSecret")
		if !errors.Is(err, keypair.ErrMissing) || !strings.Contains(err.Error(), "scheduled for deletion") {
			t.Errorf("got %v", err)
		}
	})
}

func perform(ctx context.Context, s *keypair.SecretsManager, operation string) (err error) {
	switch operation {
	case "DescribeSecret":
		_, err = s.Current(ctx, secretID)
	case "GetSecretValue":
		_, err = s.Get(ctx, secretID, "c682837f-db53-84f7-9349-eeff9bb24cd7")
	case "PutSecretValue":
		_, err = s.Put(ctx, secretID, "c682837f-db53-84f7-9349-eeff9bb24cd7", []byte("the text"))
	}
	return err
}

func TestFailure11_AnErrorOfSecretsManagerDoesNotQuoteTheKeyWhen(t *testing.T) {
	key := pemOf(t, signer.ECDSAP256)
	answer := func(status int, body string) client {
		return func(r *http.Request) (*http.Response, error) {
			w := httptest.NewRecorder()
			w.Header().Set("X-Amzn-Requestid", key)
			w.WriteHeader(status)
			io.WriteString(w, body)
			return w.Result(), nil
		}
	}
	for name, c := range map[string]client{
		"its message does":          answer(400, `{"__type":"ValidationException","message":`+quoted(key)+`}`),
		"its answer is no JSON":     answer(200, key),
		"its error is no JSON":      answer(400, key),
		"its error has no code":     answer(400, `{"message":`+quoted(key)+`}`),
		"the connection's error is": func(*http.Request) (*http.Response, error) { return nil, errors.New(key) },
	} {
		for _, operation := range []string{"DescribeSecret", "GetSecretValue", "PutSecretValue"} {
			inBubble(t, name+", for "+operation, func(t *testing.T) {
				err := perform(t.Context(), secretsManager(c), operation)
				if err == nil {
					t.Fatal("no error")
				}
				if found := keypairtest.KeyMaterial([]byte(key), err.Error()); found != "" {
					t.Errorf("%s is in the error: %v", found, err)
				}
			})
		}
	}
}

func quoted(text string) string { return `"` + strings.ReplaceAll(text, "\n", `\n`) + `"` }

func TestACallThatGetsNoAnswerSaysWhyWhen(t *testing.T) {
	inBubble(t, "time is up", func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), 80*time.Second)
		defer cancel()
		silent := client(func(r *http.Request) (*http.Response, error) {
			<-r.Context().Done()
			return nil, r.Context().Err()
		})
		err := perform(ctx, secretsManager(silent), "GetSecretValue")
		if !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %v", err)
		}
	})
	inBubble(t, "nobody listens", func(t *testing.T) {
		refused := client(func(*http.Request) (*http.Response, error) {
			return nil, &net.OpError{Op: "dial", Net: "tcp", Err: errors.New("connection refused")}
		})
		err := perform(t.Context(), secretsManager(refused), "PutSecretValue")
		if err == nil || !strings.HasSuffix(err.Error(), ": dial tcp: connection refused") {
			t.Errorf("got %v", err)
		}
	})
	inBubble(t, "its name is not found", func(t *testing.T) {
		nameless := client(func(*http.Request) (*http.Response, error) {
			return nil, &net.DNSError{Err: "no such host", Name: "secretsmanager.invalid"}
		})
		err := perform(t.Context(), secretsManager(nameless), "PutSecretValue")
		if err == nil || !strings.HasSuffix(err.Error(), ": lookup secretsmanager.invalid: no such host") {
			t.Errorf("got %v", err)
		}
	})
}

func TestABinarySecretIsReadAsText(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		binary := client(func(*http.Request) (*http.Response, error) {
			w := httptest.NewRecorder()
			io.WriteString(w, `{"SecretBinary":"YSBrZXk="}`)
			return w.Result(), nil
		})
		text, err := secretsManager(binary).Get(t.Context(), secretID, "c682837f-db53-84f7-9349-eeff9bb24cd7")
		if err != nil || string(text) != "a key" {
			t.Errorf("got %q, %v", text, err)
		}
	})
}
