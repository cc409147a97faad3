package edge

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"
	"unicode/utf8"
)

// Objects is the content of the bucket: a file tree seen as S3 sees one, which
// is a flat set of keys. Keys are opaque and compared byte for byte: a request
// can only name a key that the tree has, and is never made into a file name.
//
// Left out are files and folders whose names start with a dot, symbolic links,
// everything else that is not a regular file, folders that cannot be read, and
// names that no S3 key can have (over 1,024 bytes, or not UTF-8).
//
// The tree may change while it is served, and a folder may be removed and made
// anew. It is walked again when a key is asked for that it did not have, or has
// no more, at most once a second. Safe for concurrent use.
type Objects struct {
	dir    string // the folder's name, empty for a file system
	now    func() time.Time
	opened time.Time

	walking sync.Mutex // held during a walk; guards walked
	walked  time.Time

	mu    sync.RWMutex // guards what follows; held while a file is opened
	fsys  fs.FS
	root  *os.Root // behind fsys if there is a folder
	index map[string]bool
}

// maxKeyLength is S3's, in bytes:
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-keys.html
const maxKeyLength = 1024

// OpenDir serves the files of a folder. It holds the folder open until Close:
// nothing outside it can be reached, through symbolic links either.
func OpenDir(dir string) (*Objects, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return nil, fmt.Errorf("opening the folder with the objects: %w", err)
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, fmt.Errorf("opening the folder with the objects: %w", err)
	}
	o := OpenFS(root.FS())
	o.dir, o.root = dir, root
	if err := o.walk(); err != nil {
		root.Close()
		return nil, fmt.Errorf("reading the folder %s: %w", dir, err)
	}
	return o, nil
}

// OpenFS serves the files of a file system, such as an embed.FS. A file that
// tells no time of its last change gets the time of this call; a file that
// cannot seek is read into memory for each request.
func OpenFS(fsys fs.FS) *Objects {
	return &Objects{fsys: fsys, now: time.Now, opened: time.Now()}
}

// Close lets go of the folder. What is being served is not cut off.
func (o *Objects) Close() error {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.root == nil {
		return nil
	}
	return o.root.Close()
}

// Keys lists the keys that are there now, sorted by their bytes as S3 does.
func (o *Objects) Keys() []string {
	o.walking.Lock()
	o.walk()
	o.walking.Unlock()

	o.mu.RLock()
	defer o.mu.RUnlock()
	return slices.Sorted(maps.Keys(o.index))
}

func (o *Objects) indexed(key string) bool {
	o.mu.RLock()
	defer o.mu.RUnlock()
	return o.index[key]
}

// refresh walks the tree, unless it was walked within the last second.
func (o *Objects) refresh() {
	o.walking.Lock()
	defer o.walking.Unlock()
	if o.now().Sub(o.walked) >= time.Second {
		o.walk()
	}
}

// walk makes the index anew. What cannot be read is left out; the error is that
// of the tree's own root. The caller holds o.walking, or is alone.
func (o *Objects) walk() error {
	o.reopen()
	index := make(map[string]bool)
	err := fs.WalkDir(o.fsys, ".", func(name string, entry fs.DirEntry, err error) error {
		if name == "." {
			return err
		}
		if err != nil || strings.HasPrefix(entry.Name(), ".") || !utf8.ValidString(name) || len(name) > maxKeyLength {
			if entry.IsDir() {
				return fs.SkipDir
			}
			return nil
		}
		if entry.Type().IsRegular() {
			index[name] = true
		}
		return nil
	})
	o.walked = o.now()
	o.mu.Lock()
	o.index = index
	o.mu.Unlock()
	return err
}

// reopen opens the folder again if its name stands for another one by now, as
// after a build that removes its output first. Only walk calls it, so that
// nobody else changes fsys.
func (o *Objects) reopen() {
	if o.root == nil {
		return
	}
	named, err := os.Stat(o.dir)
	if err != nil {
		return // there is none now
	}
	if held, err := o.root.Stat("."); err == nil && os.SameFile(named, held) {
		return
	}
	root, err := os.OpenRoot(o.dir)
	if err != nil {
		return
	}
	o.mu.Lock()
	old := o.root
	o.root, o.fsys = root, root.FS()
	o.mu.Unlock()
	old.Close()
}

// object is one object, opened to be served.
type object struct {
	io.ReadSeeker
	io.Closer
	size     int64
	modified time.Time
}

var errNoObject = errors.New("no such object")

// open opens the object of a key. An object that is not there, or not any more,
// is errNoObject.
func (o *Objects) open(key string) (*object, error) {
	if o.indexed(key) {
		opened, err := o.openFile(key)
		if err != errNoObject {
			return opened, err
		}
	}
	o.refresh()
	if !o.indexed(key) {
		return nil, errNoObject
	}
	return o.openFile(key)
}

// openFile opens a file of the index.
func (o *Objects) openFile(name string) (*object, error) {
	o.mu.RLock()
	defer o.mu.RUnlock()

	// What the index knew as a file may be a link or a pipe by now.
	info, err := fs.Lstat(o.fsys, name)
	if errors.Is(err, fs.ErrNotExist) || err == nil && !info.Mode().IsRegular() {
		return nil, errNoObject
	}
	if err != nil {
		return nil, err
	}
	file, err := o.fsys.Open(name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, errNoObject
	}
	if err != nil {
		return nil, err
	}
	opened, err := o.newObject(file)
	if err != nil {
		file.Close()
		return nil, err
	}
	return opened, nil
}

func (o *Objects) newObject(file fs.File) (*object, error) {
	info, err := file.Stat()
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, errNoObject
	}
	opened := &object{Closer: file, size: info.Size(), modified: info.ModTime()}
	if opened.modified.IsZero() {
		opened.modified = o.opened
	}
	if seeker, ok := file.(io.ReadSeeker); ok {
		opened.ReadSeeker = seeker
		return opened, nil
	}
	content, err := io.ReadAll(file)
	if err != nil {
		return nil, err
	}
	opened.ReadSeeker, opened.size = bytes.NewReader(content), int64(len(content))
	return opened, nil
}

// etag is a strong validator of the object, made without reading it: files that
// change also change their size or their time.
func (o *object) etag() string {
	sum := sha256.Sum256(fmt.Appendf(nil, "%d %d", o.size, o.modified.UnixNano()))
	return `"` + hex.EncodeToString(sum[:16]) + `"`
}
