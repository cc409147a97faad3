package signer

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// loaders are all functions that read a file by name.
var loaders = map[string]func(t *testing.T, file string) error{
	"LoadPrivateKey": func(t *testing.T, file string) error { _, err := LoadPrivateKey(file); return err },
	"LoadDeployment": func(t *testing.T, file string) error { _, err := LoadDeployment(file); return err },
	"FileSource, the document": func(t *testing.T, file string) error {
		_, err := FileSource(file).Deployment(t.Context())
		return err
	},
	"FileSource, the key": func(t *testing.T, file string) error {
		d := document(t)
		d.Key = KeyLocation{File: file}
		_, err := FileSource(filepath.Join(t.TempDir(), "deployment.json")).Key(t.Context(), &d)
		return err
	},
	"EnvSource, the key": func(t *testing.T, file string) error {
		d := document(t)
		d.Key = KeyLocation{File: file}
		_, err := EnvSource("SIGNEDFRONT_TEST_DEPLOYMENT").Key(t.Context(), &d)
		return err
	},
}

func TestOnlyARegularFileOfABoundedSizeIsRead(t *testing.T) {
	folder := t.TempDir()
	large := filepath.Join(folder, "large.pem")
	whole := must[[]byte](t)(newKey(t, ECDSAP256).MarshalPEM())
	if err := os.WriteFile(large, append(whole, bytes.Repeat([]byte("\n"), maxFileSize)...), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, load := range loaders {
		for file, want := range map[string]string{
			folder: "a folder, not a file",
			large:  "larger than 65536 bytes",
		} {
			if err := load(t, file); err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("%s: got %v, want %q in it", name, err, want)
			}
		}
		err := load(t, filepath.Join(folder, "none"))
		if !errors.Is(err, fs.ErrNotExist) || !strings.Contains(err.Error(), "none") {
			t.Errorf("%s: of a file that is not there: got %v", name, err)
		}
	}
	if err := os.WriteFile(large, append(whole, bytes.Repeat([]byte("\n"), maxFileSize-len(whole))...), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := LoadPrivateKey(large); err != nil {
		t.Errorf("a file of 65536 bytes: %v", err)
	}
}

func TestATextWhereAFileBelongsIsToldWhatTakesIt(t *testing.T) {
	key := string(must[[]byte](t)(newKey(t, ECDSAP256).MarshalPEM()))
	json := string(must[[]byte](t)(new(Deployment).MarshalIndent()))
	body := strings.Split(key, "\n")[1]
	for name, test := range map[string]struct {
		err  error
		want string
	}{
		"a key for LoadPrivateKey":      {loaders["LoadPrivateKey"](t, key), "this is the key itself: use ParsePrivateKey"},
		"a key in one line":             {loaders["LoadPrivateKey"](t, strings.ReplaceAll(key, "\n", " ")), "this is the key itself: use ParsePrivateKey"},
		"base64 for LoadPrivateKey":     {loaders["LoadPrivateKey"](t, body), "want the name of a file, or ParsePrivateKey for the key itself"},
		"a document for LoadDeployment": {loaders["LoadDeployment"](t, json), "this is the document itself: use ParseDeployment"},
		"a key for LoadDeployment":      {loaders["LoadDeployment"](t, key), "use ParseDeployment"},
		"a document for FileSource":     {loaders["FileSource, the document"](t, json), "use ParseDeployment"},
		"a key for FileSource":          {loaders["FileSource, the document"](t, key), "use ParseDeployment"},
		"a key in a document's file":    {loaders["FileSource, the key"](t, key), "write the key to a file and name the file"},
		"nothing for LoadDeployment":    {loaders["LoadDeployment"](t, ""), "an empty value"},
	} {
		if test.err == nil || !strings.Contains(test.err.Error(), test.want) {
			t.Errorf("%s: got %v, want %q in it", name, test.err, test.want)
		}
	}
	_, err := EnvSource(key).Deployment(t.Context())
	if err == nil || !strings.Contains(err.Error(), "ParsePrivateKey for that of a key") {
		t.Errorf("a key for EnvSource: got %v", err)
	}
	if _, err := ParseDeployment([]byte("deployment.json")); err == nil || !strings.Contains(err.Error(), `"deployment.json": want a JSON object, which starts with {; LoadDeployment`) {
		t.Errorf("a file for ParseDeployment: got %v", err)
	}
}

// WriteFile must not create a file whose name is a key.
func TestAKeyIsWrittenToNoFileThatAKeyNames(t *testing.T) {
	t.Chdir(t.TempDir())
	key := newKey(t, ECDSAP256)
	line := strings.ReplaceAll(strings.Split(string(must[[]byte](t)(key.MarshalPEM())), "\n")[1], "/", "+")
	if err := key.WriteFile(line); err == nil || strings.Contains(err.Error(), line) {
		t.Errorf("got %v", err)
	}
	if entries := must[[]os.DirEntry](t)(os.ReadDir(".")); len(entries) != 0 {
		t.Errorf("wrote %s", entries[0])
	}
}
