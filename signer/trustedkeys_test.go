package signer

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"
)

// Explain and Verify need only the document.
func TestTheTrustedKeysOfADocumentVerifyWhatEachOfThemSigns(t *testing.T) {
	d := wholeDocument(t)
	keys, err := d.PublicKeys()
	if err != nil || len(keys) != 3 {
		t.Fatalf("got %v, %v", keys, err)
	}
	for id, key := range map[string]*PrivateKey{keyID: newKey(t, ECDSAP256), "KRSA": newKey(t, RSA2048)} {
		s := must[*Signer](t)(New(id, key, nil))
		signed := must[string](t)(s.URL(t.Context(), site+"/rt.png", Policy{TTL: time.Minute}))
		if v := Verify(Request{URL: signed}, keys); !v.Allowed {
			t.Errorf("%s: %s", id, v.Detail)
		}
	}
	s := must[*Signer](t)(New("KUNKNOWN", newKey(t, ECDSAP256), nil))
	signed := must[string](t)(s.URL(t.Context(), site+"/rt.png", Policy{TTL: time.Minute}))
	if v := Explain(Request{URL: signed}, keys); v.Allowed || v.Certain || v.Reason != ReasonUnknownKey {
		t.Errorf("a key of which the id alone is known: %+v, want it denied and not certain", v)
	}
}

func TestADocumentWithoutTrustedKeysTrustsNone(t *testing.T) {
	d := document(t)
	if keys, err := d.PublicKeys(); keys != nil || !errors.Is(err, ErrNoTrustedKeys) {
		t.Errorf("of an older stack: got %v, %v", keys, err)
	}
	d = wholeDocument(t)
	d.Key = KeyLocation{Parameter: "/signedfront/signedfront/dev"}
	if keys, err := d.PublicKeys(); keys != nil || err == nil || !strings.Contains(err.Error(), "/signedfront/signedfront/dev") {
		t.Errorf("of a borrower: got %v, %v", keys, err)
	}
	d = wholeDocument(t)
	d.TrustedKeys[0].SPKI = "MAAA"
	if keys, err := d.PublicKeys(); keys != nil || err == nil {
		t.Errorf("of a wrong document: got %v, %v", keys, err)
	}
	if keys, err := (*Deployment)(nil).PublicKeys(); keys != nil || err == nil {
		t.Errorf("of none: got %v, %v", keys, err)
	}
}

func TestEveryFaultOfTrustedKeysIsReported(t *testing.T) {
	spkiOf := func(key any) string {
		return base64.StdEncoding.EncodeToString(must[[]byte](t)(x509.MarshalPKIXPublicKey(key)))
	}
	p384 := must[*ecdsa.PrivateKey](t)(ecdsa.GenerateKey(elliptic.P384(), rand.Reader))
	rsa3072 := must[*rsa.PrivateKey](t)(rsa.GenerateKey(rand.Reader, 3072))
	private := must[[]byte](t)(newKey(t, ECDSAP256).MarshalPEM())
	block, _ := pem.Decode(private)
	spki := newKey(t, ECDSAP256).PublicKey().SPKI()
	first := func(spki string) func(*Deployment) {
		return func(d *Deployment) { d.TrustedKeys[0].SPKI = spki }
	}
	for name, test := range map[string]struct {
		change func(*Deployment)
		want   string // in the error; none if it is empty
	}{
		"five": {func(d *Deployment) {
			d.TrustedKeys = append(d.TrustedKeys, TrustedKey{"KA", spki}, TrustedKey{ID: "KB"})
		}, ""},
		"six":                       {func(d *Deployment) { d.TrustedKeys = make([]TrustedKey, 6) }, "trustedKeys: 6 keys: a CloudFront key group has at most 5"},
		"none":                      {func(d *Deployment) { d.TrustedKeys = []TrustedKey{} }, "keyPairId, is not among them"},
		"not the current one":       {func(d *Deployment) { d.TrustedKeys = d.TrustedKeys[:1] }, "keyPairId, is not among them"},
		"the current one by its id": {func(d *Deployment) { d.TrustedKeys[1].SPKI = "" }, "keyPairId, has no spki"},
		"another key as the current one": {func(d *Deployment) { d.TrustedKeys[1].SPKI = d.TrustedKeys[0].SPKI },
			"the spki of the current key, keyPairId, does not match publicKeySha256"},
		"another algorithm":         {func(d *Deployment) { d.Algorithm = RSA2048 }, "is of the kind ecdsa-p256, but the document's algorithm is another"},
		"an id twice":               {func(d *Deployment) { d.TrustedKeys[2].ID = "KRSA" }, "trustedKeys[2].id: KRSA is listed twice"},
		"no id":                     {func(d *Deployment) { d.TrustedKeys[0].ID = "" }, "trustedKeys[0].id: an empty value"},
		"an ARN as the id":          {func(d *Deployment) { d.TrustedKeys[2].ID = "arn:aws" }, "trustedKeys[2].id: a value of 7 bytes"},
		"no base64":                 {first("a-b_"), "trustedKeys[0].spki: a value of 4 bytes: want"},
		"base64 in lines":           {first(spki[:64] + "\n" + spki[64:]), "want a public key as one line of base64"},
		"base64 without padding":    {first(strings.TrimRight(newKey(t, RSA2048).PublicKey().SPKI()[:391], "=")), "want a public key"},
		"a PEM public key":          {first(string(newKey(t, ECDSAP256).PublicKey().PEM())), "that looks like a PEM public key: want"},
		"a private key":             {first(string(private)), "that looks like a PEM private key: want"},
		"a private key as base64":   {first(base64.StdEncoding.EncodeToString(block.Bytes)), "that looks like base64, as the body of a key is: want"},
		"a long text":               {first(strings.Repeat("A", 396)), "a value of 396 bytes"},
		"a key of another curve":    {first(spkiOf(&p384.PublicKey)), "a key of kind ECDSA on P-384"},
		"an RSA key of 3072 bits":   {first(spkiOf(&rsa3072.PublicKey)), "trustedKeys[0].spki: a value of 564 bytes"},
		"more after the key":        {first(base64.StdEncoding.EncodeToString(append(must[[]byte](t)(base64.StdEncoding.DecodeString(spki)), 0, 0))), "want a public key"},
		"two faults":                {func(d *Deployment) { d.TrustedKeys[0] = TrustedKey{"", "x"} }, "trustedKeys[0].spki: a value of 1 bytes"},
		"a borrower's, not current": {func(d *Deployment) { d.TrustedKeys, d.Key = d.TrustedKeys[:1], KeyLocation{Parameter: "/a"} }, ""},
		"a borrower's, wrong":       {func(d *Deployment) { d.TrustedKeys[0].SPKI, d.Key = "x", KeyLocation{Parameter: "/a"} }, "trustedKeys[0].spki"},
	} {
		t.Run(name, func(t *testing.T) {
			d := wholeDocument(t)
			test.change(&d)
			err := d.Validate()
			switch {
			case test.want == "" && err != nil:
				t.Error(err)
			case test.want != "" && (err == nil || !strings.Contains(err.Error(), test.want)):
				t.Errorf("got %v, want %q in it", err, test.want)
			}
		})
	}
}

func TestAWrongKeyIsReportedOnce(t *testing.T) {
	d := wholeDocument(t)
	d.TrustedKeys[1].SPKI = "x"
	if err := d.Validate(); err == nil || strings.Count(err.Error(), "trustedKeys") != 1 {
		t.Errorf("got %v", err)
	}
}

// A standard parameter of Systems Manager holds 4 KiB.
func TestTheLongestDocumentFitsAStandardParameter(t *testing.T) {
	const region = "ap-northeast-12"
	long := func(n int) string { return strings.Repeat("a", n) }
	key := newKey(t, RSA2048).PublicKey()
	overrides := []string{
		"response-cache-control", "response-content-disposition", "response-content-encoding",
		"response-content-language", "response-content-type", "response-expires", "versionId",
	}
	d := Deployment{
		Schema: DeploymentSchema, BaseURL: "https://" + strings.Repeat(long(63)+".", 3) + long(61),
		KeyPairID: "K00000000000000", Algorithm: RSA2048, Hash: SHA256, PublicKeySHA256: key.Fingerprint(),
		Key: KeyLocation{
			SecretARN:       "arn:aws-us-gov:secretsmanager:" + region + ":111122223333:secret:" + long(512) + "-a1b2c3",
			SecretVersionID: long(64),
		},
		Region: region, MaxURLLifetime: 253402300799, MaxKeyAge: 253402300799,
		Query:  &ForwardedQuery{Signed: overrides, Public: []string{}}, // no viewer's text
		Bucket: &Bucket{Name: long(63), Region: region, Path: "/" + long(254)},
	}
	for i := range maxTrustedKeys {
		d.TrustedKeys = append(d.TrustedKeys, TrustedKey{ID: fmt.Sprintf("K0000000000000%d", i), SPKI: key.SPKI()})
	}
	inFile := d
	inFile.Key = KeyLocation{File: long(768)} // the longest that the configuration allows
	for where, d := range map[string]Deployment{"in a secret": d, "in a file": inFile} {
		if err := d.Validate(); err != nil {
			t.Fatal(err)
		}
		if text := must[[]byte](t)(json.Marshal(d)); len(text) > 4096 {
			t.Errorf("%s: %d bytes", where, len(text))
		}
	}
}
