// Package vectors reads signer/languages/vectors.json for tests: vectors for
// readers of the deployment document and for signers in any language.
package vectors

import (
	"bytes"
	"encoding/json"
	"maps"
	"os"
	"testing"
)

// Vectors are all vectors, each document as its JSON text.
type Vectors struct {
	Keys      map[string]Key
	Documents map[string]string
	Refused   []Document
	Places    []Place
	Borrowing []Borrowing
	URLs      []Request
	Cookies   []Request
}

// Key is a private key, PKCS #8 in DER, and its public half.
type Key struct {
	PEMType, SPKI, PublicKeySHA256 string
	DERBase64                      []byte
}

// Document is a text and the reason to refuse it. Member is empty for a text that
// is no JSON object.
type Document struct{ Text, Member, Reason string }

// Place is a document in a parameter with an ARN. It is accepted if Reason is
// empty.
type Place struct {
	Document
	Parameter string
}

// Borrowing is a borrower and its lender, and either the resulting key and limits
// or the reason to refuse them.
type Borrowing struct {
	Name, Borrower, Lender    string
	KeyPairID                 string
	MaxURLLifetime, MaxKeyAge int64
	Refused                   string
}

// Request is a request for a signed URL or cookies, and the expected result.
// Document is the name of a document.
type Request struct {
	Document, ObjectKey, Resource, IPAddress string
	Now, Expires, NotBefore                  int64
	Policy, URL                              string
	Cookies                                  map[string]string
	Refused                                  string
}

// change is a document as the file has it: whole, or as a JSON Merge Patch of
// another.
type change struct {
	Name, Of         string
	Document, Change any
}

// Read reads the vectors from a file.
func Read(t testing.TB, file string) *Vectors {
	t.Helper()
	var written struct {
		Keys             map[string]Key
		Documents        []change
		RefusedDocuments []struct {
			change
			Member, Reason string
		}
		RefusedTexts []Document
		Places       []struct {
			change
			Parameter, Member, Reason string
		}
		Borrowing []struct {
			Borrowing
			Borrower, Lender change
		}
		URLs, Cookies []Request
	}
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.UseNumber()
	if err := decoder.Decode(&written); err != nil {
		t.Fatal(err)
	}

	documents := map[string]any{}
	whole := func(c change) any {
		if c.Document != nil {
			return c.Document
		}
		d, known := documents[c.Of]
		if !known {
			t.Fatalf("no document %q", c.Of)
		}
		if c.Change == nil {
			return d
		}
		return mergePatch(d, c.Change)
	}
	textOf := func(c change) string {
		text, err := json.Marshal(whole(c))
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	v := &Vectors{Keys: written.Keys, Documents: map[string]string{}, Refused: written.RefusedTexts, URLs: written.URLs, Cookies: written.Cookies}
	for _, c := range written.Documents {
		documents[c.Name] = whole(c)
		v.Documents[c.Name] = textOf(c)
	}
	for _, c := range written.RefusedDocuments {
		v.Refused = append(v.Refused, Document{textOf(c.change), c.Member, c.Reason})
	}
	for _, c := range written.Places {
		v.Places = append(v.Places, Place{Document{textOf(c.change), c.Member, c.Reason}, c.Parameter})
	}
	for _, c := range written.Borrowing {
		c.Borrowing.Borrower, c.Borrowing.Lender = textOf(c.Borrower), textOf(c.Lender)
		v.Borrowing = append(v.Borrowing, c.Borrowing)
	}
	if len(v.Keys) < 2 || len(v.Documents) < 4 || len(v.Refused) < 2 || len(v.Places) < 2 || len(v.Borrowing) < 2 || len(v.URLs) < 2 || len(v.Cookies) < 2 {
		t.Fatalf("%s has few vectors", file)
	}
	return v
}

// mergePatch applies a JSON Merge Patch: RFC 7396.
func mergePatch(value, patch any) any {
	changes, ok := patch.(map[string]any)
	if !ok {
		return patch
	}
	object, _ := value.(map[string]any)
	changed := map[string]any{}
	maps.Copy(changed, object)
	for name, change := range changes {
		if change == nil {
			delete(changed, name)
		} else {
			changed[name] = mergePatch(changed[name], change)
		}
	}
	return changed
}
