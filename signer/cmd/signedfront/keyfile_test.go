package main_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/signedfront/signedfront/signer"
)

func TestAKeyFileThatADocumentInAWSNamesIsReadInTheWorkingFolderAlone(t *testing.T) {
	dir := t.TempDir()
	key, err := signer.GenerateKey(signer.ECDSAP256)
	if err != nil {
		t.Fatal(err)
	}
	elsewhere := filepath.Join(t.TempDir(), "key.pem")
	for _, file := range []string{filepath.Join(dir, "key.pem"), elsewhere} {
		if err := key.WriteFile(file); err != nil {
			t.Fatal(err)
		}
	}
	var file atomic.Value // string: what the document names
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		document, err := json.Marshal(signer.Deployment{
			Schema: signer.DeploymentSchema, BaseURL: "https://d111111abcdef8.cloudfront.net", KeyPairID: "K2JCJMDEHXQW5F",
			Algorithm: signer.ECDSAP256, Hash: signer.SHA256, PublicKeySHA256: key.PublicKey().Fingerprint(),
			Key: signer.KeyLocation{File: file.Load().(string)}, Region: "eu-west-1",
		})
		if err != nil {
			t.Error(err)
		}
		w.Header().Set("Content-Type", "application/x-amz-json-1.1")
		json.NewEncoder(w).Encode(map[string]any{"Parameter": map[string]any{
			"Name": "/signedfront/signedfront/own", "Value": string(document),
			"ARN": "arn:aws:ssm:eu-west-1:111122223333:parameter/signedfront/signedfront/own",
		}})
	}))
	defer server.Close()
	for name, value := range map[string]string{
		"AWS_CONFIG_FILE": filepath.Join(dir, "none"), "AWS_SHARED_CREDENTIALS_FILE": filepath.Join(dir, "none"), "AWS_PROFILE": "",
		"AWS_REGION": "eu-west-1", "AWS_ENDPOINT_URL": server.URL, "AWS_EC2_METADATA_DISABLED": "true", "AWS_MAX_ATTEMPTS": "1",
		"AWS_ACCESS_KEY_ID": "AKIDEXAMPLE", "AWS_SECRET_ACCESS_KEY": "example",
	} {
		t.Setenv(name, value)
	}

	file.Store("key.pem")
	if p := run(t, dir, "url", "--env", "own", "rt.png"); p.status() != 0 || !strings.HasPrefix(p.stdout.String(), "https://d111111abcdef8.cloudfront.net/rt.png?") {
		t.Errorf("a file in the working folder: exit status %d, %s", p.status(), p.stderr.String())
	}
	for _, name := range []string{elsewhere, "../key.pem"} {
		file.Store(name)
		p := run(t, dir, "url", "--env", "own", "rt.png")
		if said := p.stderr.String(); p.status() != 1 || p.stdout.String() != "" || !strings.Contains(said, "not in the working folder") || !strings.Contains(said, "hint: sign with --private-key FILE") {
			t.Errorf("%s: exit status %d, %s", name, p.status(), said)
		}
	}
}
