package awskeys_test

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/kms"

	"github.com/signedfront/signedfront/signer"
	"github.com/signedfront/signedfront/signer/awskeys"
)

// deployKMS makes a key in KMS the current one of a deployment.
func (c *cloud) deployKMS(t *testing.T, name, keyPairID, arn string, key crypto.Signer) (*signer.PublicKey, signer.Deployment) {
	t.Helper()
	public := must(signer.NewPublicKey(key.Public()))
	c.mu.Lock()
	c.keys[arn] = key
	c.mu.Unlock()
	d := signer.Deployment{
		Schema: 1, BaseURL: site, KeyPairID: keyPairID, Algorithm: public.Algorithm(), Hash: signer.SHA256,
		PublicKeySHA256: public.Fingerprint(), Key: signer.KeyLocation{KMSARN: arn},
	}
	c.put(t, name, d)
	return public, d
}

func newECDSA() *ecdsa.PrivateKey { return must(ecdsa.GenerateKey(elliptic.P256(), rand.Reader)) }
func newRSA() *rsa.PrivateKey     { return must(rsa.GenerateKey(rand.Reader, 2048)) }

func TestAKeyInKMSSignsInTheRegionOfItsARN(t *testing.T) {
	for name, key := range map[string]crypto.Signer{"P-256": newECDSA(), "RSA-2048": newRSA()} {
		t.Run(name, func(t *testing.T) {
			c := newCloud(t)
			const there = "arn:aws:kms:eu-central-1:" + account + ":key/0000"
			public, _ := c.deployKMS(t, parameter, "KONE", there, key)
			source := awskeys.Environment(c.config(), "signedfront", "dev")
			source.Others = []awskeys.AccountRegion{{Region: "eu-central-1"}}
			s, err := signer.Open(t.Context(), source, nil)
			if err != nil {
				t.Fatal(err)
			}
			defer s.Close()
			signs(t, s, "KONE", public)
			for _, operation := range []string{"GetPublicKey", "Sign"} {
				if got := c.region(operation); got != "eu-central-1" {
					t.Errorf("%s went to %s", operation, got)
				}
			}
		})
	}
}

func TestAPassOfAKeyInKMSIsOneCallWhateverItOpens(t *testing.T) {
	c := newCloud(t)
	c.deployKMS(t, parameter, "KONE", kmsARN, newECDSA())
	s := must(signer.New("KONE", must(awskeys.NewKMSKey(t.Context(), kms.NewFromConfig(c.config()), kmsARN)), nil))
	pass := must(s.OpenAll(t.Context(), site+"/albums/7/", signer.Policy{TTL: time.Hour}))
	for range 100 {
		must(pass.URL(site + "/albums/7/rt.png"))
	}
	if n := c.called("Sign"); n != 1 {
		t.Errorf("100 URLs of a pass took %d calls", n)
	}
}

func TestAnAliasInKMSIsFollowedOnce(t *testing.T) {
	c := newCloud(t)
	const alias = "arn:aws:kms:" + region + ":" + account + ":alias/signing"
	c.aliases = map[string]string{alias: kmsARN}
	public, _ := c.deployKMS(t, parameter, "KONE", kmsARN, newECDSA())
	key := must(awskeys.NewKMSKey(t.Context(), kms.NewFromConfig(c.config()), alias))
	c.keys[kmsARN+"1"] = newECDSA()
	c.aliases[alias] = kmsARN + "1"
	s := must(signer.New("KONE", key, nil))
	signed := must(s.URL(t.Context(), site+"/rt.png", signer.Policy{TTL: time.Minute}))
	if v := signer.Verify(signer.Request{URL: signed, Time: time.Now()}, map[string]*signer.PublicKey{"KONE": public}); !v.Allowed {
		t.Errorf("once the alias points elsewhere: %s", v.Detail)
	}
	if !key.PublicKey().Equal(public) {
		t.Error("the public key is another one")
	}
}

func TestWhatAKeyInKMSCannotDoIsRefusedWithTheReason(t *testing.T) {
	for name, test := range map[string]struct {
		key     crypto.Signer
		change  func(*cloud, *signer.Deployment)
		options signer.OpenOptions
		want    string
	}{
		"SHA-1":                {newECDSA(), func(_ *cloud, d *signer.Deployment) { d.Hash = signer.SHA1 }, signer.OpenOptions{}, "does not sign SHA-1"},
		"deterministic ECDSA":  {newECDSA(), nil, signer.OpenOptions{Deterministic: true}, "a key in KMS"},
		"a key for encryption": {newECDSA(), func(c *cloud, _ *signer.Deployment) { c.usage = "ENCRYPT_DECRYPT" }, signer.OpenOptions{}, "SIGN_VERIFY"},
		"a key on P-384": {newECDSA(), func(c *cloud, _ *signer.Deployment) {
			c.keys[kmsARN] = must(ecdsa.GenerateKey(elliptic.P384(), rand.Reader))
		}, signer.OpenOptions{}, "P-256"},
		"another key": {newECDSA(), func(c *cloud, _ *signer.Deployment) { c.keys[kmsARN] = newECDSA() }, signer.OpenOptions{}, "does not match"},
		"no allowance": {newECDSA(), func(c *cloud, _ *signer.Deployment) {
			c.failOf = map[string]string{"GetPublicKey": "AccessDeniedException"}
		}, signer.OpenOptions{}, "kms:GetPublicKey"},
	} {
		t.Run(name, func(t *testing.T) {
			c := newCloud(t)
			_, d := c.deployKMS(t, parameter, "KONE", kmsARN, test.key)
			if test.change != nil {
				test.change(c, &d)
				c.put(t, parameter, d)
			}
			if _, err := awskeys.Open(t.Context(), c.config(), "signedfront", "dev", &test.options); err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v, want %q in it", err, test.want)
			}
		})
	}
}

func TestASignatureInKMSEndsWithItsContextAndTellsWhyItFailed(t *testing.T) {
	c := newCloud(t)
	c.deployKMS(t, parameter, "KONE", kmsARN, newECDSA())
	key := must(awskeys.NewKMSKey(t.Context(), kms.NewFromConfig(c.config()), kmsARN))
	if _, err := key.SignDigest(t.Context(), make([]byte, 20), crypto.SHA1); err == nil || !strings.Contains(err.Error(), "SHA-1") {
		t.Errorf("SHA-1: got %v", err)
	}
	s := must(signer.New("KONE", key, nil))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := s.URL(ctx, site+"/rt.png", signer.Policy{TTL: time.Minute}); !errors.Is(err, context.Canceled) {
		t.Errorf("a cancelled call: got %v", err)
	}
	c.set("AccessDeniedException")
	if _, err := s.URL(t.Context(), site+"/rt.png", signer.Policy{TTL: time.Minute}); err == nil || !strings.Contains(err.Error(), "kms:Sign") {
		t.Errorf("a call that is not allowed: got %v", err)
	}
	if n := c.called("Sign"); n != 1 {
		t.Errorf("%d calls", n)
	}
}
