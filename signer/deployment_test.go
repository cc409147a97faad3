package signer

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func document(t testing.TB) Deployment {
	return Deployment{
		Schema: 1, BaseURL: site, KeyPairID: keyID, Algorithm: ECDSAP256, Hash: SHA256,
		PublicKeySHA256: newKey(t, ECDSAP256).PublicKey().Fingerprint(),
		Key:             KeyLocation{SecretARN: "arn:aws:secretsmanager:eu-west-1:111122223333:secret:x", SecretVersionID: "v"},
		Region:          "eu-west-1", MaxURLLifetime: 604800, MaxKeyAge: 3600,
	}
}

func TestADeploymentDocumentReadsBackAsItWasWritten(t *testing.T) {
	d := document(t)
	file := filepath.Join(t.TempDir(), "deployment.json")
	if err := os.WriteFile(file, must[[]byte](t)(d.MarshalIndent()), 0o600); err != nil {
		t.Fatal(err)
	}
	again := must[*Deployment](t)(LoadDeployment(file))
	if *again != d {
		t.Errorf("got %+v, want %+v", *again, d)
	}
}

func TestAnOlderSignerReadsWhatANewerStackOfItsSchemaWrote(t *testing.T) {
	text := string(must[[]byte](t)(json.Marshal(document(t))))
	if _, err := ParseDeployment([]byte(strings.Replace(text, `{"schema"`, `{"later":{"x":1},"schema"`, 1))); err != nil {
		t.Error(err)
	}
}

func TestEveryFaultOfADeploymentDocumentIsReportedAtOnce(t *testing.T) {
	for name, test := range map[string]struct {
		change func(*Deployment)
		want   []string
	}{
		"a newer schema":        {func(d *Deployment) { d.Schema = 2 }, []string{"newer", "update"}},
		"no schema":             {func(d *Deployment) { d.Schema = 0 }, []string{"schema: missing"}},
		"no base URL":           {func(d *Deployment) { d.BaseURL = "" }, []string{"baseUrl", "https://"}},
		"a slash behind it":     {func(d *Deployment) { d.BaseURL += "/" }, []string{"baseUrl", "slash"}},
		"a path behind it":      {func(d *Deployment) { d.BaseURL += "/a" }, []string{"baseUrl", "path"}},
		"an S3 host":            {func(d *Deployment) { d.BaseURL = "https://b.s3.amazonaws.com" }, []string{"baseUrl", "distribution"}},
		"no place for the key":  {func(d *Deployment) { d.Key = KeyLocation{} }, []string{"key: names 0 places"}},
		"two places":            {func(d *Deployment) { d.Key.File = "key.pem" }, []string{"key: names 2 places"}},
		"a secret, no version":  {func(d *Deployment) { d.Key.SecretVersionID = "" }, []string{"go together"}},
		"a version, no secret":  {func(d *Deployment) { d.Key = KeyLocation{File: "k", SecretVersionID: "v"} }, []string{"go together"}},
		"no fingerprint":        {func(d *Deployment) { d.PublicKeySHA256 = "" }, []string{"publicKeySha256"}},
		"a limit below zero":    {func(d *Deployment) { d.MaxURLLifetime, d.MaxKeyAge = -1, -1 }, []string{"maxUrlLifetime", "maxKeyAge"}},
		"three faults together": {func(d *Deployment) { d.KeyPairID, d.Algorithm, d.Hash = "", "", "md5" }, []string{"keyPairId", "algorithm", "hash"}},
	} {
		t.Run(name, func(t *testing.T) {
			d := document(t)
			test.change(&d)
			_, err := ParseDeployment(must[[]byte](t)(json.Marshal(d)))
			if err == nil {
				t.Fatal("accepted")
			}
			for _, want := range test.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("%q does not say %q", err, want)
				}
			}
		})
	}
	borrowed := Deployment{Schema: 1, BaseURL: site, Key: KeyLocation{Parameter: "/signedfront/signedfront/dev"}}
	if err := borrowed.Validate(); err != nil {
		t.Errorf("a document that borrows its key: %v", err)
	}
	for _, text := range []string{"", "null", "[]", "{", `{"schema":"1"}`} {
		if _, err := ParseDeployment([]byte(text)); err == nil {
			t.Errorf("%q: accepted", text)
		}
	}
	if _, err := LoadDeployment(filepath.Join(t.TempDir(), "none.json")); err == nil || !strings.Contains(err.Error(), "none.json") {
		t.Errorf("a missing file: got %v", err)
	}
}

func TestAKeyThatDoesNotFitItsIDIsNoticed(t *testing.T) {
	d := document(t)
	if err := d.CheckKey(newKey(t, ECDSAP256).PublicKey()); err != nil {
		t.Error(err)
	}
	if err := d.CheckKey(newKey(t, RSA2048).PublicKey()); err == nil || !strings.Contains(err.Error(), keyID) {
		t.Errorf("another key: got %v", err)
	}
}

func FuzzParseDeploymentNeverPanics(f *testing.F) {
	f.Add([]byte(`{"schema":1,"baseUrl":"https://h","key":{"file":"k"}}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		if d, err := ParseDeployment(text); err == nil && d.Validate() != nil {
			t.Error("accepted and not valid")
		}
	})
}
