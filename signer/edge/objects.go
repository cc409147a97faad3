package edge

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"
	"unicode/utf8"

	"github.com/signedfront/signedfront/signer"
	"github.com/signedfront/signedfront/signer/edge/internal/redact"
)

// Objects is the content of the bucket: a file tree seen as S3 sees one, which
// is a flat set of keys. A key is opaque. Between its slashes stand names, each
// of which must be, byte for byte, one that its folder lists: nothing is
// cleaned, folded or followed.
//
// Left out are files and folders whose names start with a dot, symbolic links,
// everything else that is not a regular file, folders that cannot be read,
// names that no S3 key can have (over 1,024 bytes, or not UTF-8), and files that
// hold a private key.
//
// The tree may change while it is served, and a folder may be removed and made
// anew: each key is looked for when it is asked for. The file that is served is
// the one that was looked at, whatever takes its name meanwhile. Safe for
// concurrent use. The zero value has no objects.
type Objects struct {
	root   func() (folder, error) // opens the tree; nil: there is none
	opened time.Time
	closed atomic.Bool

	mu       sync.Mutex // guards listings; never held while anything is opened
	listings map[string]listing
}

// listing is what a folder held when it was read.
type listing struct {
	of    fs.FileInfo // the folder then
	names map[string]bool
}

// maxKeyLength is S3's, in bytes:
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-keys.html
const maxKeyLength = 1024

// OpenDir serves the files of a folder. Nothing outside it can be reached,
// through symbolic links either. dir itself may be a link to a folder, and the
// link may move on.
//
// The folder in which the command line keeps keys, .signedfront, and what is
// below it are refused.
func OpenDir(dir string) (*Objects, error) {
	name := signer.Describe(dir, signer.FormFile)
	dir, err := filepath.Abs(dir)
	if err != nil {
		return nil, errors.New("opening the folder with the objects: the current folder is gone: change to another one")
	}
	o := newObjects(nil)
	info, err := os.Lstat(dir)
	link := err == nil && !info.IsDir()
	o.root = func() (folder, error) { return openTree(dir, link) }
	root, err := o.root()
	if err != nil {
		return nil, fmt.Errorf("opening the folder with the objects: %s: %w", name, cause(err))
	}
	defer root.Close()
	if _, err := root.names(); err != nil {
		return nil, fmt.Errorf("reading the folder with the objects: %s: %w", name, cause(err))
	}
	return o, nil
}

// stateFolder is where the command line keeps the keys of local stacks.
const stateFolder = ".signedfront"

var errState = fmt.Errorf("it is %s, where keys are kept, or below it: name the folder of the content", stateFolder)

// openTree opens a folder by its name. If the name stood for a link, it may
// stand for another by now; if it did not, it must not stand for one now.
func openTree(dir string, link bool) (folder, error) {
	real, err := filepath.EvalSymlinks(dir)
	if err != nil {
		return nil, err
	}
	for _, whole := range []string{dir, real} {
		for name := range strings.SplitSeq(filepath.ToSlash(whole), "/") {
			if strings.EqualFold(name, stateFolder) {
				return nil, errState
			}
		}
	}
	if link {
		return openRootFolder(real)
	}
	seen, err := os.Lstat(dir)
	if err != nil {
		return nil, err
	}
	if !seen.IsDir() {
		return nil, errors.New("it is not a folder")
	}
	root, err := openRootFolder(dir)
	if err != nil {
		return nil, err
	}
	if opened, err := root.info(); err != nil || !root.same(seen, opened) {
		root.Close()
		return nil, errors.New("it is another folder than a moment before")
	}
	return root, nil
}

// cause is the error of the operating system, without the name of the file,
// which may be anything.
func cause(err error) error {
	var named *fs.PathError
	if errors.As(err, &named) {
		return named.Err
	}
	return err
}

// OpenFS serves the files of a file system, such as an embed.FS. A file that
// tells no time of its last change gets the time of this call; a file that
// cannot seek is read into memory for each request. For a folder use OpenDir:
// the file system of os.DirFS follows links and blocks at pipes that take the
// place of a file while it is opened.
func OpenFS(fsys fs.FS) *Objects {
	return newObjects(func() (folder, error) { return fsFolder{fsys, "."}, nil })
}

func newObjects(root func() (folder, error)) *Objects {
	return &Objects{root: root, opened: time.Now(), listings: make(map[string]listing)}
}

// Close ends the serving of objects: there are none any more. What is being
// served is not cut off.
func (o *Objects) Close() error {
	o.closed.Store(true)
	return nil
}

// Keys lists the keys that are there now, sorted by their bytes as S3 does.
// Files are read to find private keys among them, but not those whose names are
// those of pictures, sounds, films and fonts: these are looked into when they
// are served.
func (o *Objects) Keys() []string {
	var keys []string
	for folders := []string{""}; len(folders) > 0; folders = folders[1:] {
		prefix := folders[0]
		in, err := o.descend(prefix)
		if err != nil {
			continue
		}
		names, _ := in.names()
		for _, name := range names {
			key := prefix + name
			if !isName(name) || len(key) > maxKeyLength || !utf8.ValidString(key) {
				continue
			}
			info, err := in.lstat(name)
			switch {
			case err != nil:
			case info.IsDir():
				folders = append(folders, key+"/")
			case info.Mode().IsRegular() && (isMedia(key) || !o.isPrivate(in, name)):
				keys = append(keys, key)
			}
		}
		in.Close()
	}
	slices.Sort(keys)
	return keys
}

func (o *Objects) isPrivate(in folder, name string) bool {
	opened, err := o.openObject(in, name)
	if err == nil {
		opened.Close()
	}
	return errors.Is(err, errPrivateKey)
}

// isName reports whether a file or folder of that name is served.
func isName(name string) bool {
	return name != "" && name[0] != '.' && !strings.Contains(name, "\x00")
}

// descend opens the folder of a prefix, which is empty or ends in a slash.
func (o *Objects) descend(prefix string) (folder, error) {
	if o.root == nil || o.closed.Load() {
		return nil, errNoObject
	}
	at, err := o.root()
	if err != nil {
		return nil, errNoObject
	}
	for start := 0; start < len(prefix); {
		end := start + strings.IndexByte(prefix[start:], '/')
		next, err := o.step(at, prefix[:start], prefix[start:end])
		at.Close()
		if err != nil {
			return nil, err
		}
		at, start = next, end+1
	}
	return at, nil
}

func (o *Objects) step(at folder, prefix, name string) (folder, error) {
	if !isName(name) {
		return nil, errNoObject
	}
	next, err := enter(at, name)
	if err != nil {
		return nil, err
	}
	if !o.lists(at, prefix, name) {
		next.Close()
		return nil, errNoObject
	}
	return next, nil
}

// lists reports whether a folder lists a name, byte for byte: where letter case
// does not matter to the file system, others open the same file. Only a name
// that opens something is looked for here, so that a key that is not there costs
// no reading of folders.
func (o *Objects) lists(in folder, prefix, name string) bool {
	now, err := in.info()
	if err != nil {
		return false
	}
	o.mu.Lock()
	known, ok := o.listings[prefix]
	o.mu.Unlock()
	if ok && in.same(known.of, now) && known.of.ModTime().Equal(now.ModTime()) && known.names[name] {
		return true
	}
	names, err := in.names()
	if err != nil {
		return false
	}
	known = listing{of: now, names: make(map[string]bool, len(names))}
	for _, n := range names {
		known.names[n] = true
	}
	o.mu.Lock()
	o.listings[prefix] = known
	o.mu.Unlock()
	return known.names[name]
}

// object is one object, opened to be served.
type object struct {
	io.ReadSeeker
	io.Closer
	size     int64
	modified time.Time
}

var (
	errNoObject   = errors.New("no such object")
	errPrivateKey = errors.New("the file holds a private key, which the local edge never serves")
)

// open opens the object of a key. The error is errNoObject if there is none, and
// errPrivateKey if there is a key in its file.
func (o *Objects) open(key string) (*object, error) {
	slash := strings.LastIndexByte(key, '/') + 1
	prefix, name := key[:slash], key[slash:]
	if !isName(name) {
		return nil, errNoObject
	}
	in, err := o.descend(prefix)
	if err != nil {
		return nil, err
	}
	defer in.Close()
	opened, err := o.openObject(in, name)
	if err != nil {
		return nil, err
	}
	if !o.lists(in, prefix, name) {
		opened.Close()
		return nil, errNoObject
	}
	return opened, nil
}

func (o *Objects) openObject(in folder, name string) (*object, error) {
	file, info, err := openEntry(in, name)
	if err != nil {
		return nil, err
	}
	opened, err := o.newObject(name, file, info)
	if err != nil {
		file.Close()
		return nil, err
	}
	return opened, nil
}

// newObject reads the start of a file, where a private key would be. A file that
// is no longer than that is served from what was read.
func (o *Objects) newObject(name string, file fs.File, info fs.FileInfo) (*object, error) {
	opened := &object{Closer: file, size: info.Size(), modified: info.ModTime()}
	if opened.modified.IsZero() {
		opened.modified = o.opened
	}
	content, err := io.ReadAll(io.LimitReader(file, redact.MaxKeyFile+1))
	if err != nil {
		return nil, err
	}
	if redact.HoldsPrivateKey(name, content) {
		return nil, errPrivateKey
	}
	if len(content) > redact.MaxKeyFile {
		if seeker, ok := file.(io.ReadSeeker); ok {
			_, err := seeker.Seek(0, io.SeekStart)
			opened.ReadSeeker = seeker
			return opened, err
		}
		rest, err := io.ReadAll(file)
		if err != nil {
			return nil, err
		}
		content = append(content, rest...)
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
