package edge

import (
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"testing/fstest"

	"github.com/signedfront/signedfront/signer"
)

func TestTheBucketHasTheFilesOfTheFolderByTheirNames(t *testing.T) {
	dir := t.TempDir()
	names := []string{"a.txt", "a b+c.txt", "deep/er/est/file", "ünï/日本.txt", "100%.txt", "quote's.txt", "UPPER.TXT"}
	for _, name := range names {
		write(t, filepath.Join(dir, filepath.FromSlash(name)), name)
	}
	for _, name := range []string{".env", ".git/config", "deep/.hidden", "deep/.dir/file"} {
		write(t, filepath.Join(dir, filepath.FromSlash(name)), name)
	}
	if err := os.Mkdir(filepath.Join(dir, "empty"), 0o755); err != nil {
		t.Fatal(err)
	}
	slices.Sort(names)
	o := open(t, dir)
	if got := o.Keys(); !slices.Equal(got, names) {
		t.Errorf("keys %q, want %q", got, names)
	}
	for _, key := range names {
		if got := content(t, o, key); got != key {
			t.Errorf("%s holds %q", key, got)
		}
	}
	for _, key := range []string{"", ".", "/", "deep", "deep/", "empty", "empty/", "./a.txt", "deep/../a.txt", "a.txt/", "/a.txt", "A.TXT", ".env", "deep/er//est/file"} {
		if got := content(t, o, key); got != "" {
			t.Errorf("%q opens %q", key, got)
		}
	}
}

func TestLinksAndPipesAreNotInTheBucket(t *testing.T) {
	outside, dir := t.TempDir(), t.TempDir()
	write(t, filepath.Join(outside, "secret"), "secret")
	write(t, filepath.Join(dir, "real"), "real")
	for link, target := range map[string]string{
		"to-file":       filepath.Join(outside, "secret"),
		"to-folder":     outside,
		"to-parent":     "..",
		"to-neighbor":   "real",
		"to-nothing":    "nowhere",
		"to-itself":     "to-itself",
		"relative-file": "../" + filepath.Base(outside) + "/secret",
	} {
		if err := os.Symlink(target, filepath.Join(dir, link)); err != nil {
			t.Fatal(err)
		}
	}
	o := open(t, dir)
	if got := o.Keys(); !slices.Equal(got, []string{"real"}) {
		t.Errorf("keys %q", got)
	}
	for _, key := range []string{"to-file", "to-folder/secret", "to-parent/" + filepath.Base(dir) + "/real", "to-neighbor", "relative-file"} {
		if got := content(t, o, key); got != "" {
			t.Errorf("%s opens %q", key, got)
		}
	}

	// A file that turned into a link after the walk.
	if err := os.Remove(filepath.Join(dir, "real")); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(filepath.Join(outside, "secret"), filepath.Join(dir, "real")); err != nil {
		t.Fatal(err)
	}
	if got := content(t, o, "real"); got != "" {
		t.Errorf("a file that turned into a link opens %q", got)
	}
}

func TestAFolderThatTurnedIntoALinkLeadsNowhereOutside(t *testing.T) {
	outside, dir := t.TempDir(), t.TempDir()
	write(t, filepath.Join(outside, "file"), "secret")
	write(t, filepath.Join(dir, "sub", "file"), "content")
	o := open(t, dir)
	if err := os.RemoveAll(filepath.Join(dir, "sub")); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(outside, filepath.Join(dir, "sub")); err != nil {
		t.Fatal(err)
	}
	if opened, err := o.open("sub/file"); err == nil {
		opened.Close()
		t.Error("a file outside the folder was opened")
	}
}

func TestTheBucketFollowsTheFolder(t *testing.T) {
	dir := t.TempDir()
	write(t, filepath.Join(dir, "stays"), "first")
	o := open(t, dir)
	for i := range 50 { // each is asked for before it is there, and at once after
		name := fmt.Sprint("new/", i)
		if got := content(t, o, name); got != "" {
			t.Errorf("%s is %q before it is written", name, got)
		}
		write(t, filepath.Join(dir, name), name)
		if got := content(t, o, name); got != name {
			t.Errorf("%s is %q just after it was written", name, got)
		}
	}
	if err := os.RemoveAll(filepath.Join(dir, "new")); err != nil {
		t.Fatal(err)
	}

	before := etag(t, o, "stays")
	write(t, filepath.Join(dir, "stays"), "second, and longer")
	if got := content(t, o, "stays"); got != "second, and longer" {
		t.Errorf("the changed file is %q", got)
	}
	if etag(t, o, "stays") == before {
		t.Error("a changed file kept its ETag")
	}

	if err := os.Remove(filepath.Join(dir, "stays")); err != nil {
		t.Fatal(err)
	}
	if _, err := o.open("stays"); err != errNoObject {
		t.Errorf("a removed file: %v", err)
	}
	if got := o.Keys(); len(got) != 0 {
		t.Errorf("keys %q", got)
	}

	if err := os.RemoveAll(dir); err != nil {
		t.Fatal(err)
	}
	if got := o.Keys(); len(got) != 0 {
		t.Errorf("keys of a folder that is gone: %q", got)
	}
}

func TestAFolderThatIsRemovedAndMadeAnewIsFollowed(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "dist")
	write(t, filepath.Join(dir, "app.js"), "old")
	o := open(t, dir)
	if err := os.RemoveAll(dir); err != nil {
		t.Fatal(err)
	}
	if _, err := o.open("app.js"); err != errNoObject {
		t.Errorf("while it is away: %v", err)
	}
	write(t, filepath.Join(dir, "app.js"), "new")
	if got := content(t, o, "app.js"); got != "new" {
		t.Errorf("after it is back: %q", got)
	}

	// A link to a folder is as good as the folder, and may move on.
	link := filepath.Join(t.TempDir(), "current")
	next := t.TempDir()
	write(t, filepath.Join(next, "app.js"), "next")
	if err := os.Symlink(dir, link); err != nil {
		t.Fatal(err)
	}
	o = open(t, link)
	if got := content(t, o, "app.js"); got != "new" {
		t.Errorf("through a link: %q", got)
	}
	if err := os.Remove(link); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(next, link); err != nil {
		t.Fatal(err)
	}
	if got := content(t, o, "app.js"); got != "next" {
		t.Errorf("through the link that moved on: %q", got)
	}
}

func TestAFolderThatCannotBeServedIsAnError(t *testing.T) {
	dir := t.TempDir()
	write(t, filepath.Join(dir, "file"), "")
	for _, name := range []string{filepath.Join(dir, "nothing"), filepath.Join(dir, "file")} {
		if _, err := OpenDir(name); err == nil {
			t.Errorf("%s was opened", name)
		}
	}
}

// bare is a file system whose files neither seek nor tell a time, as fs.FS
// allows.
type bare struct{ fs.FS }

func (b bare) Open(name string) (fs.File, error) {
	file, err := b.FS.Open(name)
	if _, isDir := file.(fs.ReadDirFile); isDir || err != nil {
		return file, err
	}
	return struct{ fs.File }{file}, nil
}

func TestFilesThatCannotSeekAreServedInRangesToo(t *testing.T) {
	s := serveConfig(t, Config{
		Template: edited(t),
		Objects:  OpenFS(bare{fstest.MapFS{"digits": {Data: []byte("0123456789")}}}),
	})
	got := s.get(s.sign("/digits"), "Range", "bytes=3-5")
	if got.status != 206 || got.body != "345" || got.header.Get("Last-Modified") == "" || got.header.Get("Content-Type") != "binary/octet-stream" {
		t.Errorf("%d %q %v", got.status, got.body, got.header)
	}
}

func TestTypesComeFromTheEndOfTheKey(t *testing.T) {
	for key, want := range map[string]string{
		"a.png":             "image/png",
		"A.PNG":             "image/png",
		"live/index.m3u8":   "application/vnd.apple.mpegurl",
		"live/0001.ts":      "video/mp2t",
		"live/init.mp4":     "video/mp4",
		"live/0001.m4s":     "video/iso.segment",
		"paper.pdf":         "application/pdf",
		"archive.tar.gz":    "application/gzip",
		"noextension":       "binary/octet-stream",
		"folder.png/object": "binary/octet-stream",
		"a.unheard-of":      "binary/octet-stream",
	} {
		if got := contentType(key); got != want {
			t.Errorf("%s is %s, want %s", key, got, want)
		}
	}
}

// content is what an object holds, empty if there is none.
func content(t *testing.T, o *Objects, key string) string {
	t.Helper()
	opened, err := o.open(key)
	if err == errNoObject || err == errPrivateKey {
		return ""
	}
	if err != nil {
		t.Fatal(err)
	}
	defer opened.Close()
	text, err := io.ReadAll(opened)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func etag(t *testing.T, o *Objects, key string) string {
	t.Helper()
	opened, err := o.open(key)
	if err != nil {
		t.Fatal(err)
	}
	defer opened.Close()
	return opened.etag()
}

// countingFS counts how often each folder is listed.
type countingFS struct {
	fstest.MapFS
	listed map[string]int
}

func (f countingFS) ReadDir(name string) ([]fs.DirEntry, error) {
	f.listed[name]++
	return f.MapFS.ReadDir(name)
}

func TestOneLookAtTheFoldersFindsTheKeysAndThePrivateKeys(t *testing.T) {
	key, err := signer.GenerateKey(signer.ECDSAP256)
	if err != nil {
		t.Fatal(err)
	}
	pem, err := key.MarshalPEM()
	if err != nil {
		t.Fatal(err)
	}
	files := countingFS{fstest.MapFS{
		"b.txt":      {Data: []byte("text")},
		"a/c.txt":    {Data: []byte("text")},
		"a/id.pem":   {Data: pem},
		"a/z/id.txt": {Data: pem},
		".env":       {Data: pem}, // never an object, whatever is in it
	}, map[string]int{}}
	keys, private := OpenFS(files).Find()
	if want := []string{"a/c.txt", "b.txt"}; !slices.Equal(keys, want) {
		t.Errorf("keys %q, want %q", keys, want)
	}
	if want := []string{"a/id.pem", "a/z/id.txt"}; !slices.Equal(private, want) {
		t.Errorf("private keys in %q, want %q", private, want)
	}
	for name, times := range files.listed {
		if times != 1 {
			t.Errorf("%s was listed %d times", name, times)
		}
	}
	if len(files.listed) != 3 {
		t.Errorf("listed %v", files.listed)
	}
}
