package main

import (
	"bytes"
	"os"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/signedfront/signedfront/signer/edge"
)

func TestTheFilesOfAFolderThatIsServedAreListedByTheirURLs(t *testing.T) {
	text, err := os.ReadFile("../../edge/testdata/template.json")
	if err != nil {
		t.Fatal(err)
	}
	const id = `"Id": "content",`
	if bytes.Count(text, []byte(id)) != 1 {
		t.Fatalf("the template has %s %d times", id, bytes.Count(text, []byte(id)))
	}
	template := bytes.Replace(text, []byte(id), []byte(id+` "OriginPath": "/2026/summer",`), 1)
	const base = "http://127.0.0.1:8080"
	for _, test := range []struct {
		files      []string
		want, none []string
	}{
		{[]string{"2026/summer/a/b.png", "2026/summertime.png", "top.png"},
			[]string{", 1 file of content\n", "\na/b.png\n", "signed     200 image/png", base + "/a/b.png?"}, []string{"summer", "top.png"}},
		{[]string{"2026/summer/-----BEGIN PRIVATE KEY-----.txt", "2026/summer/c.png"},
			[]string{", 2 files of content\n", "  no URL     object key, a value of 31 bytes that looks like a PEM private key", "\nc.png\n"}, []string{"-----BEGIN PRIVATE"}},
		{[]string{"top.png"}, []string{", 0 files of content\n", "the stack serves the folder /2026/summer of its bucket, which content does not have\n"}, []string{"top.png"}},
	} {
		files := fstest.MapFS{}
		for _, name := range test.files {
			files[name] = &fstest.MapFile{Data: []byte("content")}
		}
		objects := edge.OpenFS(files)
		e, err := edge.New(edge.Config{Template: template, BaseURL: base, Objects: objects})
		if err != nil {
			t.Fatal(err)
		}
		s, err := e.Signer()
		if err != nil {
			t.Fatal(err)
		}
		printed, err := listing{edge: e, signer: s, objects: objects.Keys(), baseURL: base, stack: "media", content: "content", ttl: 600e9}.text(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for _, want := range test.want {
			if !strings.Contains(string(printed), want) {
				t.Errorf("%q is not in\n%s", want, printed)
			}
		}
		for _, none := range test.none {
			if strings.Contains(string(printed), none) {
				t.Errorf("%q is in\n%s", none, printed)
			}
		}
	}
}
