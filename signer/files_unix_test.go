//go:build unix

package signer

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// Reading a device may never end. Opening a pipe without a writer, or reading one
// whose writer is silent, may block forever.
func TestDevicesAndPipesAreRefusedWithoutWaiting(t *testing.T) {
	silent, open := filepath.Join(t.TempDir(), "silent"), filepath.Join(t.TempDir(), "open")
	for _, pipe := range []string{silent, open} {
		if err := syscall.Mkfifo(pipe, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	writer, err := os.OpenFile(open, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer writer.Close()
	link := filepath.Join(t.TempDir(), "link")
	if err := os.Symlink("/dev/zero", link); err != nil {
		t.Fatal(err)
	}
	for name, load := range loaders {
		for _, file := range []string{"/dev/zero", link, silent, open} {
			if err := load(t, file); err == nil || !strings.Contains(err.Error(), "not a regular file") {
				t.Errorf("%s of %s: got %v", name, filepath.Base(file), err)
			}
		}
	}
}

func TestALinkToAKeyIsFollowed(t *testing.T) {
	folder := t.TempDir()
	key := newKey(t, ECDSAP256)
	if err := key.WriteFile(filepath.Join(folder, "key.pem")); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("key.pem", filepath.Join(folder, "link.pem")); err != nil {
		t.Fatal(err)
	}
	loaded, err := LoadPrivateKey(filepath.Join(folder, "link.pem"))
	if err != nil || !loaded.PublicKey().Equal(key.PublicKey()) {
		t.Errorf("got %v, %v", loaded, err)
	}
}
