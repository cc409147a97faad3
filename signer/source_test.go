package signer

import (
	"context"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// writeDeployment writes a document and the key that it names, as the local edge
// does, and returns the document's file name.
func writeDeployment(t *testing.T, keyFile string, change func(*Deployment)) (file string) {
	t.Helper()
	folder := t.TempDir()
	key := keyFile
	if !filepath.IsAbs(key) {
		key = filepath.Join(folder, key)
	}
	if err := os.MkdirAll(filepath.Dir(key), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := newKey(t, ECDSAP256).WriteFile(key); err != nil {
		t.Fatal(err)
	}
	d := document(t)
	d.Key = KeyLocation{File: keyFile}
	if change != nil {
		change(&d)
	}
	file = filepath.Join(folder, "deployment.json")
	if err := os.WriteFile(file, must[[]byte](t)(d.MarshalIndent()), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

func TestADocumentInAFileOpensTheKeyFileThatItNames(t *testing.T) {
	for name, keyFile := range map[string]string{
		"next to it":        "signing.key",
		"in a folder below": filepath.Join("keys", "1.key"),
		"by its whole name": filepath.Join(t.TempDir(), "elsewhere.key"),
	} {
		t.Run(name, func(t *testing.T) {
			s := must[*Signer](t)(Open(t.Context(), FileSource(writeDeployment(t, keyFile, nil)), nil))
			defer s.Close()
			signed := must[string](t)(s.Object(t.Context(), "rt.png", Policy{TTL: ttl}))
			if v := Verify(Request{URL: signed, Time: time.Now()}, trusted(t, ECDSAP256)); !v.Allowed {
				t.Error(v.Detail)
			}
		})
	}
}

func TestADocumentInAVariableNamesAKeyFileFromTheWorkingFolder(t *testing.T) {
	const variable = "SIGNEDFRONT_TEST_DEPLOYMENT"
	file := writeDeployment(t, "signing.key", nil)
	t.Setenv(variable, string(must[[]byte](t)(os.ReadFile(file))))
	t.Chdir(filepath.Dir(file))
	s := must[*Signer](t)(Open(t.Context(), EnvSource(variable), nil))
	defer s.Close()
	if base := must[string](t)(s.BaseURL(t.Context())); base != site {
		t.Errorf("base URL %s", base)
	}
}

func TestASourceSaysWhatIsMissingAndWhere(t *testing.T) {
	const variable = "SIGNEDFRONT_TEST_DEPLOYMENT"
	inSecret := func(d *Deployment) { *d = document(t) }
	for name, test := range map[string]struct {
		source func(t *testing.T) Source
		want   []string
		is     error
	}{
		"no document": {func(t *testing.T) Source { return FileSource(filepath.Join(t.TempDir(), "none.json")) },
			[]string{"deployment document", "none.json"}, fs.ErrNotExist},
		"no key file": {func(t *testing.T) Source {
			return FileSource(writeDeployment(t, "signing.key", func(d *Deployment) { d.Key.File = "none.key" }))
		}, []string{"private key", "none.key"}, fs.ErrNotExist},
		"a document that is wrong": {func(t *testing.T) Source {
			return FileSource(writeDeployment(t, "signing.key", func(d *Deployment) { d.BaseURL = "" }))
		},
			[]string{"deployment.json", "baseUrl"}, nil},
		"a key in a secret, for a file": {func(t *testing.T) Source { return FileSource(writeDeployment(t, "signing.key", inSecret)) },
			[]string{"awskeys"}, nil},
		"an empty variable": {func(t *testing.T) Source { t.Setenv(variable, ""); return EnvSource(variable) },
			[]string{variable, "set it to a deployment document"}, nil},
		"a variable with something else": {func(t *testing.T) Source { t.Setenv(variable, "deployment.json"); return EnvSource(variable) },
			[]string{variable, "JSON"}, nil},
		"a key in a secret, for a variable": {func(t *testing.T) Source {
			t.Setenv(variable, string(must[[]byte](t)(json.Marshal(document(t)))))
			return EnvSource(variable)
		}, []string{"awskeys"}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := Open(t.Context(), test.source(t), nil)
			if err == nil {
				t.Fatal("opened")
			}
			for _, want := range test.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("%q does not say %q", err, want)
				}
			}
			if test.is != nil && !errors.Is(err, test.is) {
				t.Errorf("%v is not %v", err, test.is)
			}
		})
	}
}

func TestSourcesOfFilesAndVariablesEndWithTheirContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	d := document(t)
	d.Key = KeyLocation{File: "signing.key"}
	for _, source := range []Source{FileSource(writeDeployment(t, "signing.key", nil)), EnvSource("SIGNEDFRONT_TEST_DEPLOYMENT")} {
		if _, err := source.Deployment(ctx); !errors.Is(err, context.Canceled) {
			t.Errorf("Deployment: %v", err)
		}
		if _, err := source.Key(ctx, &d); !errors.Is(err, context.Canceled) {
			t.Errorf("Key: %v", err)
		}
	}
}

func TestAReplacedFileReachesARunningSigner(t *testing.T) {
	file := writeDeployment(t, "signing.key", nil)
	rotated := make(chan Event)
	s := must[*Signer](t)(Open(t.Context(), FileSource(file), &OpenOptions{
		Refresh: time.Millisecond,
		OnEvent: func(e Event) {
			if e.Rotated {
				rotated <- e
			}
		},
	}))
	defer s.Close()
	next := must[*PrivateKey](t)(GenerateKey(ECDSAP256))
	if err := next.WriteFile(filepath.Join(filepath.Dir(file), "next.key")); err != nil {
		t.Fatal(err)
	}
	d := document(t)
	d.Key, d.KeyPairID, d.PublicKeySHA256 = KeyLocation{File: "next.key"}, "KNEXT", next.PublicKey().Fingerprint()
	// The write is not atomic: half a document must not stop the signer.
	if err := os.WriteFile(file, must[[]byte](t)(d.MarshalIndent()), 0o600); err != nil {
		t.Fatal(err)
	}
	if e := <-rotated; e.KeyPairID != "KNEXT" {
		t.Errorf("got %+v", e)
	}
	signed := must[string](t)(s.Object(t.Context(), "rt.png", Policy{TTL: ttl}))
	if v := Verify(Request{URL: signed, Time: time.Now()}, map[string]*PublicKey{"KNEXT": next.PublicKey()}); !v.Allowed {
		t.Error(v.Detail)
	}
}
