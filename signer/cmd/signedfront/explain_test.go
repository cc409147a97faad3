package main

import (
	"os"
	"strings"
	"testing"
	"time"

	"github.com/signedfront/signedfront/signer"
)

func TestExplainTakesTheKeysThatADocumentListsAndReadsNoPrivateKey(t *testing.T) {
	emptyEnvironment(t)
	workFolder(t)
	d, err := signer.LoadDeployment("deployment.json")
	if err != nil {
		t.Fatal(err)
	}
	// As after a rotation: the URL was signed before it, and its key is still
	// trusted.
	older, err := signer.GenerateKey(signer.RSA2048)
	if err != nil {
		t.Fatal(err)
	}
	const olderID = "KOLDER"
	s, err := signer.New(olderID, older, nil)
	if err != nil {
		t.Fatal(err)
	}
	signed, err := s.URL(t.Context(), d.BaseURL+"/rt.png", signer.Policy{TTL: time.Hour})
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile("older.pem", older.PublicKey().PEM(), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Remove("private_key.pem"); err != nil {
		t.Fatal(err)
	}
	current := d.TrustedKeys[0]
	inAWS := signer.KeyLocation{SecretARN: "arn:aws:secretsmanager:eu-west-1:111122223333:secret:key-AbCdEf", SecretVersionID: "v1"}
	for name, test := range map[string]struct {
		keys   []signer.TrustedKey
		key    signer.KeyLocation
		args   []string
		status int
		want   string
	}{
		"a key that is trusted still":    {keys: []signer.TrustedKey{current, {ID: olderID, SPKI: older.PublicKey().SPKI()}}, want: "verdict     allowed\n"},
		"the private key in AWS":         {keys: []signer.TrustedKey{current, {ID: olderID, SPKI: older.PublicKey().SPKI()}}, key: inAWS, want: "verdict     allowed\n"},
		"a key that is trusted no more":  {keys: []signer.TrustedKey{current}, status: 3, want: "verdict     denied: 403 InvalidKey\n"},
		"a key whose id alone is listed": {keys: []signer.TrustedKey{current, {ID: olderID}}, status: 1, want: "trusts the key KOLDER, but the deployment document has no public key"},
		"and given here":                 {keys: []signer.TrustedKey{current, {ID: olderID}}, args: []string{"--public-key", "KOLDER=older.pem"}, want: "verdict     allowed\n"},
		"an older document":              {status: 1, want: "verdict     not known\nreason      the deployment document is of an older version and lists no trusted keys"},
		"an older document, in JSON":     {args: []string{"--json"}, status: 1, want: "\"allowed\": null,\n  \"certain\": false,\n  \"reason\""},
		"an older document, a key given": {args: []string{"--public-key", "KOLDER=older.pem"}, want: "verdict     allowed\n"},
	} {
		d.TrustedKeys, d.Key = test.keys, test.key
		if test.key == (signer.KeyLocation{}) {
			d.Key.File = "private_key.pem"
		}
		text, err := d.MarshalIndent()
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if err := os.WriteFile("deployment.json", text, 0o600); err != nil {
			t.Fatal(err)
		}
		args := append([]string{"explain", "--deployment", "deployment.json"}, test.args...)
		status, stdout, stderr := execute(t, append(args, signed))
		if status != test.status || !strings.Contains(stdout, test.want) {
			t.Errorf("%s: exit status %d, want %d, with %q: %s%s", name, status, test.status, test.want, stdout, stderr)
		}
		if hint := "hint: add the key that signed it, as with --public-key KOLDER=public_key.pem"; strings.Contains(stderr, hint) != (test.status == 1) {
			t.Errorf("%s: it says %s", name, stderr)
		}
		if strings.Contains(stderr, "; a new deployment adds the list\n") != (test.status == 1 && test.keys == nil) {
			t.Errorf("%s: it says %s", name, stderr)
		}
	}
}
