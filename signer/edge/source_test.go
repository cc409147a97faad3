package edge

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/signedfront/signedfront/signer"
)

func TestASignerOfTheEdgeSignsObjectsAsOneOfADeployment(t *testing.T) {
	s := serve(t)
	source, err := s.edge.Source()
	if err != nil {
		t.Fatal(err)
	}
	opened, err := signer.Open(t.Context(), source, &signer.OpenOptions{Now: func() time.Time { return noon }})
	if err != nil {
		t.Fatal(err)
	}
	defer opened.Close()
	for name, signs := range map[string]*signer.Signer{"Signer": s.signer, "Source": opened} {
		if base, err := signs.BaseURL(t.Context()); err != nil || base != s.url {
			t.Errorf("%s: the base URL is %q: %v", name, base, err)
		}
		url, err := signs.Object(t.Context(), "ünï/日本.txt", signer.Policy{TTL: time.Hour})
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if got := s.get(url); got.status != 200 || got.body != "unicode" {
			t.Errorf("%s: %d %s", name, got.status, got.header.Get(reasonHeader))
		}
	}
}

func TestASourceGivesTheKeyOfItsOwnDocumentAlone(t *testing.T) {
	source, err := serve(t).edge.Source()
	if err != nil {
		t.Fatal(err)
	}
	other, err := serve(t).edge.Source()
	if err != nil {
		t.Fatal(err)
	}
	d, err := other.Deployment(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for name, d := range map[string]*signer.Deployment{"of another edge": d, "of nobody": {}, "none": nil} {
		if key, err := source.Key(t.Context(), d); err == nil || key != nil {
			t.Errorf("a document %s opens the key", name)
		}
	}
	ended, end := context.WithCancel(t.Context())
	end()
	if _, err := source.Deployment(ended); !errors.Is(err, context.Canceled) {
		t.Errorf("the document after the end: %v", err)
	}
	if _, err := source.Key(ended, d); !errors.Is(err, context.Canceled) {
		t.Errorf("the key after the end: %v", err)
	}
	if _, err := new(Edge).Source(); err == nil {
		t.Error("an edge that was not made has a source")
	}
}
