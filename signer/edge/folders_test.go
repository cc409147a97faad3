//go:build linux || darwin

package edge

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/signedfront/signedfront/signer"
)

// counted counts how often a folder, and those in it, are read.
type counted struct {
	folder
	reads *atomic.Int64
}

func (c counted) names() ([]string, error) {
	c.reads.Add(1)
	return c.folder.names()
}

func (c counted) openFolder(name string) (folder, error) {
	sub, err := c.folder.openFolder(name)
	if err != nil {
		return nil, err
	}
	return counted{sub, c.reads}, nil
}

// A folder of 50,000 files that changes all the time is not read for each request.
func TestFilesAreServedAtOnceWithoutReadingTheirFolder(t *testing.T) {
	dir := t.TempDir()
	write(t, filepath.Join(dir, "album", "first.jpg"), "first")
	o := open(t, dir)
	var reads atomic.Int64
	opened := o.tree
	o.tree = func() (folder, error) {
		tree, err := opened()
		return counted{tree, &reads}, err
	}
	o.Close()
	o.closed.Store(false) // what OpenDir has held
	for i := range 100 {
		name := fmt.Sprintf("photo%d.jpg", i)
		if got := content(t, o, "album/"+name); got != "" {
			t.Fatalf("%s is there already: %q", name, got)
		}
		write(t, filepath.Join(dir, "album", name), name)
		if got := content(t, o, "album/"+name); got != name {
			t.Errorf("%s: %q", name, got)
		}
		if got := content(t, o, "album/"+strings.ToUpper(name)); got != "" {
			t.Errorf("%s is served under another name", name)
		}
	}
	if n := reads.Load(); n != 0 {
		t.Errorf("folders were read %d times", n)
	}
	// A name that other characters may stand for is looked up in the folder.
	write(t, filepath.Join(dir, "album", "día.jpg"), "día")
	if got := content(t, o, "album/día.jpg"); got != "día" || reads.Load() != 1 {
		t.Errorf("%q after %d readings", got, reads.Load())
	}
}

func TestAFolderOfManyFoldersIsServedWithFewOpen(t *testing.T) {
	dir := t.TempDir()
	o := open(t, dir)
	for i := range 3 * maxFolders {
		key := fmt.Sprintf("f%d/a.txt", i)
		write(t, filepath.Join(dir, key), key)
		if got := content(t, o, key); got != key {
			t.Errorf("%s: %q", key, got)
		}
	}
	if n := len(o.folders); n > maxFolders {
		t.Errorf("%d folders are open", n)
	}
	kept := make([]*openFolder, 0, maxFolders)
	for _, f := range o.folders {
		kept = append(kept, f)
	}
	o.Close()
	for _, f := range kept {
		if _, err := f.info(); err == nil {
			t.Error("a folder is open after Close")
		}
	}
}

func TestAFolderThatTookTheNameOfAnOpenOneIsServed(t *testing.T) {
	dir := t.TempDir()
	o := open(t, dir)
	album := filepath.Join(dir, "album")
	for i := range 5 {
		write(t, filepath.Join(album, "a.txt"), fmt.Sprint("content ", i))
		if got := content(t, o, "album/a.txt"); got != fmt.Sprint("content ", i) {
			t.Errorf("%d: %q", i, got)
		}
		if err := os.Rename(album, filepath.Join(dir, fmt.Sprint("was", i))); err != nil {
			t.Fatal(err)
		}
		if got := content(t, o, "album/a.txt"); got != "" {
			t.Errorf("%d: what was moved away is served: %q", i, got)
		}
	}
}

func TestAFileThatBecomesAPrivateKeyIsRefusedWhateverItsTimeSays(t *testing.T) {
	key, err := signer.GenerateKey(signer.ECDSAP256)
	if err != nil {
		t.Fatal(err)
	}
	pem, err := key.MarshalPEM()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	name := filepath.Join(dir, "notes.txt")
	write(t, name, strings.Repeat("x", len(pem)))
	past := time.Now().Add(-time.Hour)
	if err := os.Chtimes(name, past, past); err != nil {
		t.Fatal(err)
	}
	o := open(t, dir)
	for range 2 {
		if got := content(t, o, "notes.txt"); len(got) != len(pem) {
			t.Fatalf("got %q", got)
		}
	}
	if len(o.searched) != 0 {
		t.Error("a file that has just changed may change again in the same tick of the clock")
	}
	// As if it had been quiet for long.
	info, err := os.Stat(name)
	if err != nil {
		t.Fatal(err)
	}
	o.searched["notes.txt"] = info
	if got := content(t, o, "notes.txt"); len(got) != len(pem) {
		t.Fatalf("got %q", got)
	}
	time.Sleep(20 * time.Millisecond) // a tick
	if err := os.WriteFile(name, pem, 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.Chtimes(name, past, past); err != nil {
		t.Fatal(err)
	}
	if _, err := o.open("notes.txt"); err != errPrivateKey {
		t.Errorf("a key of the same size and time: %v", err)
	}
}

func TestAQuietFileIsSearchedOnce(t *testing.T) {
	dir := t.TempDir()
	write(t, filepath.Join(dir, "a.txt"), "content")
	info, err := os.Stat(filepath.Join(dir, "a.txt"))
	if err != nil {
		t.Fatal(err)
	}
	if isSettled(info) {
		t.Error("a file is quiet as soon as it is written")
	}
	o := open(t, dir)
	time.Sleep(2100 * time.Millisecond)
	for range 2 {
		if got := content(t, o, "a.txt"); got != "content" {
			t.Errorf("got %q", got)
		}
	}
	if len(o.searched) != 1 {
		t.Errorf("%d files are known", len(o.searched))
	}
}
