package edge

import (
	"strings"
	"testing"
	"time"

	"github.com/signedfront/signedfront/signer"
)

const elsewhere = "K2JCJMDEHXQW5F" // the id of a public key that no template here makes

// trustingElsewhere is the configuration of an edge whose key group has one more
// key, by its id.
func trustingElsewhere(t *testing.T) Config {
	return Config{
		Template: edited(t,
			change{"Resources.KeyGroup.Properties.KeyGroupConfig.Items", []any{map[string]any{"Ref": "PublicKey"}, elsewhere}},
			change{"Resources.OtherGroup", map[string]any{"Type": "AWS::CloudFront::KeyGroup", "Properties": map[string]any{"KeyGroupConfig": map[string]any{"Name": "other", "Items": []any{"K36X4X2EO997HM"}}}}}),
		Objects: OpenFS(pictures),
	}
}

func TestAKeyThatTheAccountHasAlreadyIsTrustedBesideTheStacksOwn(t *testing.T) {
	key, err := signer.GenerateKey(signer.RSA2048)
	if err != nil {
		t.Fatal(err)
	}
	older, err := signer.New(elsewhere, key, &signer.Options{Hash: signer.SHA1})
	if err != nil {
		t.Fatal(err)
	}
	request := func(c Config) (own, theirs reply) {
		s := serveConfig(t, c)
		signed, err := older.URL(t.Context(), s.url+"/rt.png", signer.Policy{TTL: time.Hour})
		if err != nil {
			t.Fatal(err)
		}
		return s.get(s.sign("/rt.png")), s.get(signed)
	}

	c := trustingElsewhere(t)
	c.Now = time.Now
	own, theirs := request(c)
	if own.status != 200 {
		t.Errorf("with the stack's own key: %d %s", own.status, own.header.Get(reasonHeader))
	}
	if reason := theirs.header.Get(reasonHeader); theirs.status != 403 || !strings.Contains(reason, `"`+elsewhere+`", is trusted, but its public key is not known here, so its signature cannot be checked`) {
		t.Errorf("with a key that is not known: %d %s", theirs.status, reason)
	}

	c.PublicKeys = map[string]*signer.PublicKey{elsewhere: key.PublicKey()}
	own, theirs = request(c)
	if own.status != 200 || theirs.status != 200 {
		t.Errorf("with both keys known: %d and %d %s", own.status, theirs.status, theirs.header.Get(reasonHeader))
	}
}

func TestAPublicKeyThatNothingAsksForIsAnError(t *testing.T) {
	key, err := signer.GenerateKey(signer.ECDSAP256)
	if err != nil {
		t.Fatal(err)
	}
	// The second is one of a group that no behavior trusts, the third one of the
	// template's own.
	own, err := New(Config{Template: edited(t), BaseURL: "http://127.0.0.1:8080", Objects: OpenFS(pictures)})
	if err != nil {
		t.Fatal(err)
	}
	for _, id := range []string{"KVTP0A1DKRTAX", "K36X4X2EO997HM", own.Deployment().KeyPairID} {
		c := trustingElsewhere(t)
		c.BaseURL, c.PublicKeys = "http://127.0.0.1:8080", map[string]*signer.PublicKey{id: key.PublicKey()}
		if _, err := New(c); err == nil || !strings.Contains(err.Error(), `Config.PublicKeys: "`+id+`": no trusted key group names a public key with this id`) {
			t.Errorf("%s: %v", id, err)
		}
	}
}
