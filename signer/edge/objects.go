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
	"path"
	"path/filepath"
	"slices"
	"strconv"
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
	tree   func() (folder, error)      // opens the tree; nil: there is none
	isTree func(info fs.FileInfo) bool // reports whether that would open this folder; nil: not known
	dir    string                      // of the tree, if no link is on this path; empty: not known
	opened time.Time
	closed atomic.Bool

	mu       sync.Mutex // guards what is below; never held while anything is opened
	folders  map[string]*openFolder
	listings map[string]listing
	searched map[string]fs.FileInfo // files without a private key, by their object keys
	listed   map[string]fs.FileInfo // those of them that openKnown may open
}

// What is known of the tree is kept for so many folders and files, so that a tree
// of any size costs no more. Of a folder that is a handle of the operating system.
const (
	maxRead     = 32 << 10 // bytes of a file that is read at once
	maxFolders  = 64
	maxListings = 1024
	maxSearched = 1 << 16
)

// openFolder is a folder that is held open between requests.
type openFolder struct {
	folder
	was   fs.FileInfo // when it was opened
	users int         // guarded by Objects.mu; one of them is Objects.folders
	exact atomic.Bool // names are compared with those of its entries byte for byte
}

// listing is what a folder held when it was read.
type listing struct {
	of    fs.FileInfo // the folder then
	names map[string]bool
}

// keep adds an entry to a map, in the place of some other if there are so many. The
// name may be a part of a signed URL, which is not kept.
func keep[V any](entries map[string]V, most int, name string, entry V) (dropped V) {
	if _, known := entries[name]; !known && len(entries) >= most {
		for other := range entries {
			dropped = entries[other]
			delete(entries, other)
			break
		}
	}
	entries[strings.Clone(name)] = entry
	return dropped
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
	o.tree = func() (folder, error) { return openTree(dir, link) }
	if keepsFolders {
		look := os.Lstat
		if link {
			look = os.Stat
		}
		o.isTree = func(info fs.FileInfo) bool {
			now, err := look(dir)
			return err == nil && os.SameFile(info, now)
		}
	}
	if real, err := filepath.EvalSymlinks(dir); opensKnown && err == nil && real == dir {
		o.dir = dir
	}
	root, err := o.tree()
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
	o := newObjects(func() (folder, error) { return fsFolder{fsys, "."}, nil })
	o.isTree = func(fs.FileInfo) bool { return true } // it is a name, not an open folder
	return o
}

func newObjects(tree func() (folder, error)) *Objects {
	return &Objects{tree: tree, opened: time.Now(), folders: make(map[string]*openFolder), listings: make(map[string]listing), searched: make(map[string]fs.FileInfo), listed: make(map[string]fs.FileInfo)}
}

// Close ends the serving of objects: there are none any more. What is being
// served is not cut off.
func (o *Objects) Close() error {
	o.closed.Store(true)
	o.mu.Lock()
	folders := o.folders
	o.folders = make(map[string]*openFolder)
	o.mu.Unlock()
	for _, f := range folders {
		o.release(f)
	}
	return nil
}

// Keys lists the keys that are there now, sorted by their bytes as S3 does.
// Files are read to find private keys among them, but not those whose names are
// those of pictures, sounds, films and fonts: these are looked into when they
// are served.
func (o *Objects) Keys() []string {
	keys, _ := o.Find()
	return keys
}

// Find is Keys, and lists in the same way the files that are not served because
// they hold a private key. It looks at each folder once.
func (o *Objects) Find() (keys, private []string) {
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
			case !info.Mode().IsRegular():
			case !isMedia(key) && !o.wasSearched(in, key, info) && o.isPrivate(in, key):
				private = append(private, key)
			default:
				keys = append(keys, key)
			}
		}
		o.release(in)
	}
	slices.Sort(keys)
	slices.Sort(private)
	return keys, private
}

func (o *Objects) isPrivate(in folder, key string) bool {
	opened, err := o.openObject(in, key)
	if err == nil {
		opened.Close()
	}
	return errors.Is(err, errPrivateKey)
}

// isName reports whether a file or folder of that name is served.
func isName(name string) bool {
	return name != "" && name[0] != '.' && !strings.Contains(name, "\x00")
}

// descend opens the folder of a prefix, which is empty or ends in a slash. Whoever
// calls it releases the folder.
func (o *Objects) descend(prefix string) (*openFolder, error) {
	if o.tree == nil || o.closed.Load() {
		return nil, errNoObject
	}
	at, err := o.root()
	if err != nil {
		return nil, errNoObject
	}
	for start := 0; start < len(prefix); {
		end := start + strings.IndexByte(prefix[start:], '/') + 1
		next, err := o.step(at, prefix[:start], prefix[:end])
		o.release(at)
		if err != nil {
			return nil, err
		}
		at, start = next, end
	}
	return at, nil
}

// root is the folder of the whole tree.
func (o *Objects) root() (*openFolder, error) {
	if at := o.held(""); at != nil {
		if o.isTree(at.was) {
			return at, nil
		}
		o.release(at)
	}
	tree, err := o.tree()
	if err != nil {
		return nil, err
	}
	return o.hold("", tree)
}

// step is the folder of the prefix next in the one of prefix.
func (o *Objects) step(at *openFolder, prefix, next string) (*openFolder, error) {
	name := next[len(prefix) : len(next)-1]
	if !isName(name) {
		return nil, errNoObject
	}
	seen, err := at.lstat(name)
	if err != nil || !seen.IsDir() || !o.lists(at, prefix, name, seen) {
		return nil, errNoObject
	}
	if known := o.held(next); known != nil {
		if at.same(seen, known.was) {
			return known, nil
		}
		o.release(known)
	}
	opened, err := enter(at, name)
	if err != nil {
		return nil, err
	}
	return o.hold(next, opened)
}

// held is the folder that is held open for a prefix, nil if there is none. It may
// not be the folder of that prefix any more.
func (o *Objects) held(prefix string) *openFolder {
	o.mu.Lock()
	defer o.mu.Unlock()
	f := o.folders[prefix]
	if f != nil {
		f.users++
	}
	return f
}

// hold keeps a folder open for the next request, where that is possible.
func (o *Objects) hold(prefix string, opened folder) (*openFolder, error) {
	f := &openFolder{folder: opened, users: 1}
	if o.isTree == nil {
		return f, nil
	}
	var err error
	if f.was, err = f.info(); err != nil {
		f.Close()
		return nil, errNoObject
	}
	o.mu.Lock()
	before, dropped := o.folders[prefix], (*openFolder)(nil)
	if !o.closed.Load() {
		f.users++
		dropped = keep(o.folders, maxFolders, prefix, f)
	} else {
		before = nil
	}
	o.mu.Unlock()
	for _, other := range []*openFolder{before, dropped} {
		if other != nil {
			o.release(other)
		}
	}
	return f, nil
}

// release ends one use of a folder, and closes it after the last one.
func (o *Objects) release(f *openFolder) {
	o.mu.Lock()
	f.users--
	unused := f.users == 0
	o.mu.Unlock()
	if unused {
		f.Close()
	}
}

// lists reports whether a folder lists a name, byte for byte, of an entry that was
// opened by it: where letter case does not matter to the file system, other names
// open the same file, and others do where it composes characters or shortens names.
// A folder of any size is not read for this where the name in the other letter case
// opens something else, or nothing.
func (o *Objects) lists(in *openFolder, prefix, name string, entry fs.FileInfo) bool {
	if keepsFolders && hasOtherCase(name) {
		if in.exact.Load() {
			return true
		}
		found, err := in.lstat(otherCase(name))
		if err == nil && !in.same(found, entry) || errors.Is(err, fs.ErrNotExist) {
			// If the entry is there still, the other name was not its own.
			if now, err := in.lstat(name); err == nil && in.same(now, entry) {
				in.exact.Store(true)
				return true
			}
			return false
		}
	}
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
	keep(o.listings, maxListings, prefix, known)
	o.mu.Unlock()
	return known.names[name]
}

// hasOtherCase reports whether otherCase returns the one other spelling of a name:
// whether it has letters, and no characters beyond ASCII, whose other spellings are
// many.
func hasOtherCase(name string) bool {
	letters := false
	for i := range len(name) {
		if name[i] >= utf8.RuneSelf {
			return false
		}
		letters = letters || isLetter(name[i])
	}
	return letters
}

// otherCase is a name with its letters in the other case.
func otherCase(name string) string {
	other := []byte(name)
	for i, c := range other {
		if isLetter(c) {
			other[i] ^= 'a' ^ 'A'
		}
	}
	return string(other)
}

func isLetter(c byte) bool { return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' }

// object is one object, opened to be served.
type object struct {
	io.ReadSeeker
	io.Closer
	info     fs.FileInfo
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
	if opened := o.openKnown(key); opened != nil {
		return opened, nil
	}
	in, err := o.descend(prefix)
	if err != nil {
		return nil, err
	}
	defer o.release(in)
	opened, err := o.openObject(in, key)
	if err != nil {
		return nil, err
	}
	if !o.lists(in, prefix, name, opened.info) {
		opened.Close()
		return nil, errNoObject
	}
	if o.dir != "" && o.wasSearched(in, key, opened.info) {
		o.list(key, opened.info)
	}
	return opened, nil
}

// openKnown opens an object that open has opened before: by one system call for its
// whole path, in place of some for each name. It returns nil where open must look at
// each name, since the file has changed, or is another one, or a link is on its path.
func (o *Objects) openKnown(key string) *object {
	o.mu.Lock()
	known, ok := o.listed[key]
	o.mu.Unlock()
	if !ok || o.closed.Load() {
		return nil
	}
	file, content, ok := openKnown(o.dir+"/"+key, known)
	if !ok {
		return nil
	}
	opened := &object{info: known, size: known.Size(), modified: known.ModTime()}
	if file == nil {
		opened.ReadSeeker, opened.Closer = bytes.NewReader(content), io.NopCloser(nil)
	} else {
		opened.ReadSeeker, opened.Closer = file, file
	}
	return opened
}

// list lets openKnown open the file of a key, in which no private key is, if each
// folder on its path is known to tell its names apart byte for byte.
func (o *Objects) list(key string, info fs.FileInfo) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for start := 0; ; {
		in, name := o.folders[key[:start]], key[start:]
		slash := strings.IndexByte(name, '/')
		if slash >= 0 {
			name = name[:slash]
		}
		if in == nil || !in.exact.Load() || !hasOtherCase(name) {
			return
		}
		if slash < 0 {
			break
		}
		start += slash + 1
	}
	keep(o.listed, maxSearched, key, info)
}

// openObject opens the object of a key in the folder where it would be.
func (o *Objects) openObject(in folder, key string) (*object, error) {
	file, info, err := openEntry(in, path.Base(key))
	if err != nil {
		return nil, err
	}
	opened, err := o.newObject(in, key, file, info)
	if err != nil {
		file.Close()
		return nil, err
	}
	return opened, nil
}

// newObject reads the start of a file, where a private key would be, unless it was
// read before and is as it was. A file that was read whole is served from that.
func (o *Objects) newObject(in folder, key string, file fs.File, info fs.FileInfo) (*object, error) {
	opened := &object{Closer: file, info: info, size: info.Size(), modified: info.ModTime()}
	if opened.modified.IsZero() {
		opened.modified = o.opened
	}
	seeker, seeks := file.(io.ReadSeeker)
	if seeks && o.wasSearched(in, key, info) {
		if opened.size <= maxRead {
			content := make([]byte, opened.size)
			n, err := io.ReadFull(file, content)
			if err != nil && err != io.EOF && err != io.ErrUnexpectedEOF {
				return nil, err
			}
			opened.ReadSeeker, opened.size = bytes.NewReader(content[:n]), int64(n)
			return opened, nil
		}
		opened.ReadSeeker = seeker
		return opened, nil
	}
	content, err := io.ReadAll(io.LimitReader(file, redact.MaxKeyFile+1))
	if err != nil {
		return nil, err
	}
	if redact.HoldsPrivateKey(path.Base(key), content) {
		return nil, errPrivateKey
	}
	if seeks && isSettled(info) {
		o.mu.Lock()
		keep(o.searched, maxSearched, key, info)
		o.mu.Unlock()
	}
	if len(content) > redact.MaxKeyFile {
		if seeks {
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

// wasSearched reports whether a file is, to the time of its last change, one in
// which no private key was found.
func (o *Objects) wasSearched(in folder, key string, info fs.FileInfo) bool {
	o.mu.Lock()
	known, ok := o.searched[key]
	o.mu.Unlock()
	return ok && in.tells(known, info) && known.Size() == info.Size() &&
		known.ModTime().Equal(info.ModTime()) && changeTime(known).Equal(changeTime(info))
}

// isSettled reports whether a file was last changed so long ago that the next
// change will have another time, whatever the file system's clock.
func isSettled(info fs.FileInfo) bool {
	const longest = 2 * time.Second // of the tick of such a clock: FAT's
	return time.Since(info.ModTime()) > longest && time.Since(changeTime(info)) > longest
}

// etag is a strong validator of the object, made without reading it: files that
// change also change their size or their time.
func (o *object) etag() string {
	var buffer [48]byte // two numbers of at most 20 bytes each
	text := append(strconv.AppendInt(buffer[:0], o.size, 10), ' ')
	sum := sha256.Sum256(strconv.AppendInt(text, o.modified.UnixNano(), 10))
	tag := hex.AppendEncode(append(buffer[:0], '"'), sum[:16])
	return string(append(tag, '"'))
}
