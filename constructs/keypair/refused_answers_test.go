package keypair_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/aws/aws-lambda-go/cfn"

	"github.com/signedfront/signedfront/constructs/keypair"
)

var errThrottled = errors.New("Secrets Manager is busy")

// failing fails in one operation, from a call on.
func failing(operation string, from int) fault {
	count := 0
	return func(_ context.Context, call call, effect func() error) error {
		if call.operation == operation {
			if count++; count >= from {
				return errThrottled
			}
		}
		return effect()
	}
}

func TestTheReasonIsThatOfTheStoreWhereItCannotBeAsked(t *testing.T) {
	for _, test := range []struct {
		name      string
		operation string
		from      int
		kind      cfn.RequestType
		byHand    bool // the secret has a current version that Create did not store
		want      string
	}{
		{"reading before a key is made", "Get", 1, cfn.RequestCreate, false, "making the key pair of generation 1: "},
		{"finding the current version before a key is made", "Current", 1, cfn.RequestCreate, false, "making the key pair of generation 1: "},
		{"reading the current version before a key is made", "Get", 2, cfn.RequestCreate, true, "making the key pair of generation 1: "},
		{"storing the key", "Put", 1, cfn.RequestCreate, false, "making the key pair of generation 1: "},
		{"reading the key again", "Get", 1, cfn.RequestUpdate, false, "reading the key pair of generation 1: "},
		{"reading the current version again", "Get", 2, cfn.RequestUpdate, true, "reading the key pair of generation 1: "},
	} {
		inBubble(t, test.name, func(t *testing.T) {
			d := deploy(t)
			if test.byHand {
				d.set(pemOf(t, "ecdsa-p256"))
			}
			d.fault = failing(test.operation, test.from)
			a := d.request(t, test.kind, "", properties("1", "ecdsa-p256"))
			if a.Status != cfn.StatusFailed || !strings.HasPrefix(a.Reason, test.want) || !strings.Contains(a.Reason, ": "+errThrottled.Error()) {
				t.Errorf("got  %s\nwant %s… %v", a.Body, test.want, errThrottled)
			}
			if len(d.versions()) > 1 || len(d.versions()) > 0 && !test.byHand {
				t.Error("a key was stored")
			}
		})
	}
}

func TestAnUpdateThatFindsNoKeyInTheSecretSaysSo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := deploy(t)
		d.set("hunter2")
		a := d.request(t, cfn.RequestUpdate, "", properties("1", "ecdsa-p256"))
		if a.Status != cfn.StatusFailed || !strings.HasPrefix(a.Reason, "secret \""+secretID+"\" does not contain the private key of generation 1: ") ||
			strings.Contains(a.Reason, "hunter2") {
			t.Errorf("got %s", a.Body)
		}
	})
}

func TestAGenerationIsAWholeNumber(t *testing.T) {
	for _, generation := range []string{"0", "-1", "2x", "1.5", "99999999999999999999"} {
		inBubble(t, generation, func(t *testing.T) {
			d := deploy(t)
			wantFailure(t, d.request(t, cfn.RequestCreate, "", properties(generation, "ecdsa-p256")),
				`property Generation is "`+generation+`": want a number, 1 or more`)
			if d.calls != 0 {
				t.Error("the store was called")
			}
		})
	}
}

// renaming stores every version under another id than the one asked for.
type renaming struct{ *secrets }

func (s renaming) Put(ctx context.Context, id, _ string, text []byte) (string, error) {
	return s.secrets.Put(ctx, id, "another-version", text)
}

var _ keypair.Store = renaming{}

func TestTheKeyIsReadFromTheVersionThatTheStoreNames(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := deploy(t)
		d.store = renaming{d.secrets}
		a := d.request(t, cfn.RequestCreate, "", properties("1", "ecdsa-p256"))
		wantKey(t, d, a)
		if a.Attribute("SecretVersionId") != "another-version" {
			t.Errorf("got %s", a.Body)
		}
	})
}

func TestTheLogTellsAKeyThatWasMadeFromOneThatWasThere(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := deploy(t)
		e := d.Event(cfn.RequestCreate, properties("1", "ecdsa-p256"))
		for _, want := range []string{"key pair made", "key pair was there"} {
			before := d.log.Len()
			d.deliver(t, e)
			if said := d.log.String()[before:]; !strings.Contains(said, `"`+want+`"`) {
				t.Errorf("want %q in\n%s", want, said)
			}
		}
	})
}

// beaten finds on every Put that another delivery was faster.
type beaten struct {
	*secrets
	key []byte
}

func (s beaten) Put(ctx context.Context, id, token string, _ []byte) (string, error) {
	if _, err := s.secrets.Put(ctx, id, token, s.key); err != nil {
		return "", err
	}
	return "", keypair.ErrConflict
}

func TestTheKeyOfAFasterDeliveryIsPublished(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := deploy(t)
		d.store = beaten{d.secrets, []byte(pemOf(t, "ecdsa-p256"))}
		wantKey(t, d, d.request(t, cfn.RequestCreate, "", properties("1", "ecdsa-p256")))
	})
}
