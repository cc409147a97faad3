package keyguard_test

import (
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/cfn"

	"github.com/signedfront/signedfront/constructs/contract"
	"github.com/signedfront/signedfront/constructs/customresource/customresourcetest"
)

// The program that is deployed, run as Lambda runs it, against the services on
// loopback sockets.
func TestTheFunction(t *testing.T) {
	a := inUse()
	a.Serve(t)
	aws := httptest.NewServer(a)
	t.Cleanup(aws.Close)
	f := customresourcetest.Run(t, customresourcetest.Build(t, "./lambda"), aws.URL)

	invoke := func(kind cfn.RequestType, properties map[string]any) customresourcetest.Answer {
		t.Helper()
		e := a.Event(kind, properties)
		if kind != cfn.RequestCreate {
			e.PhysicalResourceID = contract.KeyGuardID
		}
		if failure := f.Invoke(e); failure != "" {
			t.Fatal(failure)
		}
		return a.Answer(t, e)
	}
	if answer := invoke(cfn.RequestCreate, properties("1", "1a", "2b")); answer.Status != cfn.StatusSuccess || answer.PhysicalResourceID != contract.KeyGuardID {
		t.Errorf("got %s", answer.Body)
	}
	// The document changed a moment ago.
	a.documents(time.Minute, document("K2"))
	if answer := invoke(cfn.RequestUpdate, properties("2", "2b")); answer.Status != cfn.StatusFailed || !strings.Contains(answer.Reason, "signing key 1 (K1) signed until") {
		t.Errorf("got %s", answer.Body)
	}
	a.status = "UPDATE_ROLLBACK_IN_PROGRESS"
	if answer := invoke(cfn.RequestUpdate, properties("2", "2b")); answer.Status != cfn.StatusSuccess {
		t.Errorf("got %s", answer.Body)
	}
	if answer := invoke(cfn.RequestDelete, properties("2", "2b")); answer.Status != cfn.StatusSuccess {
		t.Errorf("got %s", answer.Body)
	}
	for _, credential := range []string{customresourcetest.Credential, "the-functions-own"} {
		if strings.Contains(f.Output(), credential) {
			t.Errorf("the credential %s was written:\n%s", credential, f.Output())
		}
	}
}
