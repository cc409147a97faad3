//go:build linux && (amd64 || arm64)

package edge

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/signedfront/signedfront/signer"
)

// Each folder holds one file that was quiet for long and is known. What takes the
// place of the file, or of a folder on its path, is answered as if it were not.
func TestWhatTookThePlaceOfAKnownFileIsLookedAt(t *testing.T) {
	key, err := signer.GenerateKey(signer.ECDSAP256)
	if err != nil {
		t.Fatal(err)
	}
	pem, err := key.MarshalPEM()
	if err != nil {
		t.Fatal(err)
	}
	small := strings.Repeat("x", len(pem))
	large := strings.Repeat("0123456789", maxRead/10+1)
	move := func(from, to string) error { return os.Rename(from, to) }
	replace := func(name string) error {
		if err := move(name, filepath.Join(filepath.Dir(name), ".was")); err != nil {
			return err
		}
		return os.Symlink(".was", name)
	}
	tests := []struct {
		name    string
		content string
		change  func(o *Objects, dir string) error
		want    string
	}{
		{"nothing", small, func(*Objects, string) error { return nil }, small},
		{"nothing, and the file is large", large, func(*Objects, string) error { return nil }, large},
		{"a link to the file", small, func(_ *Objects, dir string) error { return replace(dir + "/top/album/a.txt") }, ""},
		{"a link to its folder", small, func(_ *Objects, dir string) error { return replace(dir + "/top/album") }, ""},
		{"a link to the folder above", large, func(_ *Objects, dir string) error { return replace(dir + "/top") }, ""},
		{"a link to the folder of the bucket", small, func(_ *Objects, dir string) error { return replace(dir) }, ""},
		{"a link above the folder of the bucket", small, func(_ *Objects, dir string) error { return replace(filepath.Dir(dir)) }, small},
		{"a pipe", small, func(_ *Objects, dir string) error {
			os.Remove(dir + "/top/album/a.txt")
			return syscall.Mkfifo(dir+"/top/album/a.txt", 0o644)
		}, ""},
		{"a folder with another file", small, func(_ *Objects, dir string) error {
			os.Rename(dir+"/top/album", dir+"/was")
			write(t, dir+"/top/album/a.txt", "another")
			return nil
		}, "another"},
		{"another folder of the bucket", small, func(_ *Objects, dir string) error {
			os.Rename(dir, dir+".was")
			write(t, dir+"/top/album/a.txt", "another")
			return nil
		}, "another"},
		{"no file", small, func(_ *Objects, dir string) error { return os.Remove(dir + "/top/album/a.txt") }, ""},
		{"a private key, with the size and the time of the file", small, func(_ *Objects, dir string) error {
			name := dir + "/top/album/a.txt"
			info, err := os.Stat(name)
			if err != nil {
				return err
			}
			if err := os.WriteFile(name, pem, 0o644); err != nil {
				return err
			}
			return os.Chtimes(name, info.ModTime(), info.ModTime())
		}, ""},
		{"the end of the bucket", small, func(o *Objects, _ string) error { return o.Close() }, ""},
	}
	dirs := make([]string, len(tests))
	for i, test := range tests {
		dirs[i] = filepath.Join(t.TempDir(), "above", "bucket")
		write(t, dirs[i]+"/top/album/a.txt", test.content)
	}
	time.Sleep(2100 * time.Millisecond)
	for i, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			o := open(t, dirs[i])
			const key = "top/album/a.txt"
			if got := content(t, o, key); got != test.content {
				t.Fatalf("at first: %d bytes", len(got))
			}
			known := o.openKnown(key)
			if known == nil {
				t.Skip("the system has no openat2, or a link is on the path of its folder for temporary files")
			}
			known.Close()
			if err := test.change(o, dirs[i]); err != nil {
				t.Fatal(err)
			}
			if got := content(t, o, key); got != test.want {
				t.Errorf("%d bytes, want %d", len(got), len(test.want))
			}
		})
	}
}

// Which spelling of such names a folder lists is looked up in it each time.
func TestAFileWithANameOfManySpellingsIsNotKnown(t *testing.T) {
	dir := t.TempDir()
	keys := []string{"día.txt", "día/a.txt", "2026/a.txt"}
	for _, key := range keys {
		write(t, filepath.Join(dir, key), key)
	}
	time.Sleep(2100 * time.Millisecond)
	o := open(t, dir)
	for _, key := range keys {
		if got := content(t, o, key); got != key {
			t.Errorf("%s: %q", key, got)
		}
		if o.openKnown(key) != nil {
			t.Errorf("%s is known", key)
		}
	}
	if len(o.searched) != len(keys) {
		t.Errorf("%d of %d files are settled", len(o.searched), len(keys))
	}
}

func TestAFolderThatALinkLeadsToHasNoKnownFiles(t *testing.T) {
	above := t.TempDir()
	write(t, above+"/real/bucket/a.txt", "content")
	if err := os.Symlink("real", above+"/link"); err != nil {
		t.Fatal(err)
	}
	time.Sleep(2100 * time.Millisecond)
	o := open(t, above+"/link/bucket")
	for range 2 {
		if got := content(t, o, "a.txt"); got != "content" {
			t.Errorf("%q", got)
		}
	}
	if len(o.searched) != 1 || len(o.listed) != 0 {
		t.Errorf("%d files are settled, and %d known", len(o.searched), len(o.listed))
	}
}
