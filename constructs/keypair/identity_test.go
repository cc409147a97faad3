package keypair

import (
	"regexp"
	"testing"

	"github.com/signedfront/signedfront/signer"
)

const (
	stack  = "arn:aws:cloudformation:eu-central-1:111122223333:stack/signedfront-dev/0f51a2d0-7c1e-11ef-9d5a-0a1b2c3d4e5f"
	secret = "arn:aws:secretsmanager:eu-central-1:111122223333:secret:Key-AbCdEf"
)

// A deployed key pair is found by these names: after a change it would look like a lost
// key.
func TestTheNamesOfADeployedKeyPairNeverChange(t *testing.T) {
	if got, want := token(stack, "SigningKey", secret, 1), "c682837f-db53-84f7-9349-eeff9bb24cd7"; got != want {
		t.Errorf("token: got %s, want %s", got, want)
	}
	if got, want := physicalID(stack, secret, 1), "signedfront:signing-key-pair:1:7c188f05dbb7efda85e8f69177d47fb4"; got != want {
		t.Errorf("physical id: got %s, want %s", got, want)
	}
}

func TestATokenIsAUUID(t *testing.T) {
	uuid := regexp.MustCompile(`^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`)
	for number := range 100 {
		if got := token(stack, "SigningKey", secret, number); !uuid.MatchString(got) {
			t.Errorf("%s is not a UUID of version 8", got)
		}
	}
}

func TestFailure08_NoTwoKeyPairsShareANameAcross(t *testing.T) {
	type names struct{ token, id string }
	of := func(stack, logicalID, secret string, number int) names {
		return names{token(stack, logicalID, secret, number), physicalID(stack, secret, number)}
	}
	first := of(stack, "SigningKey", secret, 1)
	for name, other := range map[string]names{
		"stacks":                       of(stack[:len(stack)-1], "SigningKey", secret, 1),
		"secrets":                      of(stack, "SigningKey", secret+"G", 1),
		"generations":                  of(stack, "SigningKey", secret, 2),
		"the border between two words": of(stack+"S", "igningKey", secret, 1),
	} {
		if other.token == first.token || other.id == first.id {
			t.Errorf("%s: %+v and %+v", name, first, other)
		}
	}
}

func TestFailure02_APairWhoseHalvesDoNotFitIsNotPublished(t *testing.T) {
	for _, algorithm := range []signer.Algorithm{signer.ECDSAP256, signer.RSA2048} {
		one, err := signer.GenerateKey(algorithm)
		if err != nil {
			t.Fatal(err)
		}
		another, err := signer.GenerateKey(algorithm)
		if err != nil {
			t.Fatal(err)
		}
		if err := prove(t.Context(), one, one.PublicKey().PEM()); err != nil {
			t.Errorf("%s: a pair that fits: %v", algorithm, err)
		}
		if err := prove(t.Context(), one, another.PublicKey().PEM()); err == nil {
			t.Errorf("%s: two keys' halves passed for one pair", algorithm)
		}
	}
}
