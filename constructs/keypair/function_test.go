package keypair_test

import (
	"context"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/aws/aws-lambda-go/cfn"

	"github.com/signedfront/signedfront/constructs/customresource/customresourcetest"
	"github.com/signedfront/signedfront/constructs/keypair/keypairtest"
	"github.com/signedfront/signedfront/signer"
)

// The program that is deployed, run as Lambda runs it, against Secrets Manager
// and CloudFormation on loopback sockets.
func TestTheFunction(t *testing.T) {
	program := customresourcetest.Build(t, "./lambda")

	// check looks at what the program wrote, to Lambda's log and to
	// CloudFormation.
	check := func(t *testing.T, s *secrets, output string, answers []customresourcetest.Answer) {
		t.Helper()
		for _, a := range answers {
			output += "\n" + string(a.Body)
		}
		s.mu.Lock()
		defer s.mu.Unlock()
		for _, key := range s.keys {
			if found := keypairtest.KeyMaterial(key, output); found != "" {
				t.Errorf("%s was written:\n%s", found, output)
			}
		}
		for _, credential := range []string{customresourcetest.Credential, "the-functions-own"} {
			if strings.Contains(output, credential) {
				t.Errorf("the credential %s was written:\n%s", credential, output)
			}
		}
	}
	serve := func(t *testing.T) (*deployment, string) {
		d := &deployment{secrets: newSecrets()}
		d.Serve(t)
		aws := httptest.NewServer(d)
		t.Cleanup(aws.Close)
		return d, aws.URL
	}

	for _, algorithm := range []string{"ecdsa-p256", "rsa-2048"} {
		t.Run("makes a key pair, reads it again and leaves it alone: "+algorithm, func(t *testing.T) {
			d, aws := serve(t)
			f := customresourcetest.Run(t, program, aws)

			create := d.Event(cfn.RequestCreate, properties("1", algorithm))
			if failure := f.Invoke(create); failure != "" {
				t.Fatal(failure)
			}
			created := d.Answer(t, create)
			wantKey(t, d, created)

			update := d.Event(cfn.RequestUpdate, properties("1", algorithm))
			update.PhysicalResourceID = created.PhysicalResourceID
			if failure := f.Invoke(update); failure != "" {
				t.Fatal(failure)
			}
			wantKey(t, d, d.Answer(t, update))

			remove := d.Event(cfn.RequestDelete, properties("1", algorithm))
			remove.PhysicalResourceID = created.PhysicalResourceID
			if failure := f.Invoke(remove); failure != "" {
				t.Fatal(failure)
			}
			if a := d.Answer(t, remove); a.Status != cfn.StatusSuccess {
				t.Errorf("got %s", a.Body)
			}
			wantKey(t, d, created)
			check(t, d.secrets, f.Output(), append(append(d.Answers(create), d.Answers(update)...), d.Answers(remove)...))
			if !strings.Contains(f.Output(), created.Attribute("PublicKeySha256")) {
				t.Errorf("the log does not name the key pair:\n%s", f.Output())
			}
		})
	}

	t.Run("fails with what to do when the secret holds a key before it comes", func(t *testing.T) {
		d, aws := serve(t)
		d.set(pemOf(t, signer.ECDSAP256))
		f := customresourcetest.Run(t, program, aws)
		create := d.Event(cfn.RequestCreate, properties("1", "ecdsa-p256"))
		if failure := f.Invoke(create); failure != "" {
			t.Fatal(failure)
		}
		if a := d.Answer(t, create); a.Status != cfn.StatusFailed || !strings.Contains(a.Reason, "signingKeys.keys.1.custody") {
			t.Errorf("got %s", a.Body)
		}
		check(t, d.secrets, f.Output(), d.Answers(create))
	})

	t.Run("makes no second key when it is killed after it stored the first", func(t *testing.T) {
		d, aws := serve(t)
		stored, killed := make(chan struct{}), make(chan struct{})
		d.fault = func(_ context.Context, call call, effect func() error) error {
			err := effect()
			if call.operation == "Put" {
				close(stored)
				<-killed
			}
			return err
		}
		create := d.Event(cfn.RequestCreate, properties("1", "ecdsa-p256"))
		first := customresourcetest.Run(t, program, aws)
		first.Start(create)
		<-stored
		first.Kill()
		close(killed)
		if n := len(d.Answers(create)); n != 0 {
			t.Fatalf("it gave %d answers before it was killed", n)
		}

		second := customresourcetest.Run(t, program, aws)
		if failure := second.Invoke(create); failure != "" {
			t.Fatal(failure)
		}
		wantKey(t, d, d.Answer(t, create))
		check(t, d.secrets, first.Output()+second.Output(), d.Answers(create))
	})

	t.Run("does not fail when an update is rolled back whose secret is gone", func(t *testing.T) {
		d, aws := serve(t)
		f := customresourcetest.Run(t, program, aws)
		create := d.Event(cfn.RequestCreate, properties("1", "ecdsa-p256"))
		if failure := f.Invoke(create); failure != "" {
			t.Fatal(failure)
		}
		created := d.Answer(t, create)
		d.secrets.mu.Lock()
		delete(d.byID, secretID)
		d.secrets.mu.Unlock()
		for status, want := range map[string]cfn.StatusType{"UPDATE_IN_PROGRESS": cfn.StatusFailed, "UPDATE_ROLLBACK_IN_PROGRESS": cfn.StatusSuccess} {
			d.setStack(status)
			update := d.Event(cfn.RequestUpdate, properties("1", "ecdsa-p256"))
			update.PhysicalResourceID = created.PhysicalResourceID
			if failure := f.Invoke(update); failure != "" {
				t.Fatal(failure)
			}
			if a := d.Answer(t, update); a.Status != want || a.PhysicalResourceID != created.PhysicalResourceID {
				t.Errorf("%s: got %s", status, a.Body)
			}
		}
		check(t, d.secrets, f.Output(), nil)
	})

	t.Run("tells Lambda when CloudFormation cannot be told", func(t *testing.T) {
		d, aws := serve(t)
		d.FailNext(403)
		f := customresourcetest.Run(t, program, aws)
		create := d.Event(cfn.RequestCreate, properties("1", "ecdsa-p256"))
		if failure := f.Invoke(create); !strings.Contains(failure, "the ResponseURL answered 403") {
			t.Errorf("Lambda was told %q", failure)
		}
		check(t, d.secrets, f.Output(), nil)
	})
}
