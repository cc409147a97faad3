package constructs

import (
	"os"
	"testing"
	"testing/fstest"
	"time"

	"github.com/signedfront/signedfront/signer"
	"github.com/signedfront/signedfront/signer/edge"
)

// Explaining and verifying need only the parameter, not a secret.
func TestTheDocumentHasTheKeysThatVerifyWhatTheDeploymentSigns(t *testing.T) {
	for file, keys := range map[string]int{"dev.template.json": 1, "everything.template.json": 4} {
		t.Run(file, func(t *testing.T) {
			template, err := os.ReadFile("testdata/" + file)
			if err != nil {
				t.Fatal(err)
			}
			e, err := edge.New(edge.Config{Template: template, BaseURL: "http://127.0.0.1:8080", Objects: edge.OpenFS(fstest.MapFS{})})
			if err != nil {
				t.Fatal(err)
			}
			trusted, err := e.Deployment().PublicKeys()
			if err != nil || len(trusted) != keys {
				t.Fatalf("%d trusted keys, %v", len(trusted), err)
			}
			s, err := e.Signer()
			if err != nil {
				t.Fatal(err)
			}
			signed, err := s.URL(t.Context(), "http://127.0.0.1:8080/rt.png", signer.Policy{TTL: time.Minute})
			if err != nil {
				t.Fatal(err)
			}
			if v := signer.Verify(signer.Request{URL: signed}, trusted); !v.Allowed {
				t.Error(v.Detail)
			}
			if b := e.Deployment().Bucket; b != nil {
				t.Errorf("a folder stands for the bucket, and the document names %+v", b)
			}
		})
	}
}
