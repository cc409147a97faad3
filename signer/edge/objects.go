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

// Objects is the content of the bucket: a file tree with the flat set of keys that
// S3 would have. Each name between the slashes of a key must be, byte for byte, one
// that its folder lists. Keys are not normalized, and links are not followed.
//
// Objects leaves out names that start with a dot, symbolic links and other files
// that are not regular, folders that cannot be read, names that are no valid S3 key
// (over 1,024 bytes, or not UTF-8), and files with a private key.
//
// The tree may change while it is served, and folders may be removed and made
// again: each key is looked up at each request. The served file is always the one
// that was checked, even if another takes its name. Objects is safe for concurrent
// use. The zero value has no objects.
type Objects struct {
	tree   func() (folder, error)      // opens the tree; nil: there is none
	isTree func(info fs.FileInfo) bool // reports whether tree would open this folder; nil: unknown
	dir    string                      // of the tree, if its path has no link; empty: unknown
	opened time.Time
	closed atomic.Bool

	mu       sync.Mutex // guards the fields below; not held while a file is opened
	folders  map[string]*openFolder
	listings map[string]listing
	searched map[string]fs.FileInfo // files without a private key, by object key
	listed   map[string]fs.FileInfo // those that openKnown may open
}

// Limits on what is remembered, so that memory does not grow with the tree. An open
// folder is a handle of the operating system.
const (
	maxRead     = 32 << 10 // bytes of a file that are read at once
	maxFolders  = 64
	maxListings = 1024
	maxSearched = 1 << 16
)

// openFolder is a folder that is held open between requests.
type openFolder struct {
	folder
	was   fs.FileInfo // its state when it was opened
	users int         // guarded by Objects.mu; one of them is Objects.folders
	exact atomic.Bool // the file system compares its names byte for byte
}

// listing is what a folder contained when it was read.
type listing struct {
	of    fs.FileInfo // the folder when it was read
	names map[string]bool
}

// keep adds an entry to a map. If the map is full, it replaces another entry. The
// name may be part of a signed URL, so keep copies it.
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

// maxKeyLength is S3's limit, in bytes:
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-keys.html
const maxKeyLength = 1024

// OpenDir returns the files of a folder as Objects. Nothing outside the folder can
// be reached, not even through symbolic links. dir may be a link to a folder, and
// the link may change later.
//
// OpenDir refuses .signedfront, the folder in which the command line keeps keys,
// and everything in it.
func OpenDir(dir string) (*Objects, error) {
	name := signer.Describe(dir, signer.FormFile)
	dir, err := filepath.Abs(dir)
	if err != nil {
		return nil, errors.New("opening the folder with the objects: the current folder does not exist any more: change to another one")
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

var errState = fmt.Errorf("it is %s, where keys are kept, or is in it: name the folder of the content", stateFolder)

// openTree opens a folder by its name. A link may have changed since. Other names
// must not have become links.
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
		return nil, errors.New("another folder took its place while it was opened")
	}
	return root, nil
}

// cause returns the error of the operating system without the file name, which may
// hold a secret.
func cause(err error) error {
	var named *fs.PathError
	if errors.As(err, &named) {
		return named.Err
	}
	return err
}

// OpenFS returns the files of a file system, such as an embed.FS, as Objects. A
// file without a modification time gets the time of this call. A file that cannot
// seek is read into memory for each request. For a folder use OpenDir: os.DirFS
// follows links, and blocks if a pipe replaces a file while it is opened.
func OpenFS(fsys fs.FS) *Objects {
	o := newObjects(func() (folder, error) { return fsFolder{fsys, "."}, nil })
	o.isTree = func(fs.FileInfo) bool { return true } // fsys is a name, not an open folder
	return o
}

func newObjects(tree func() (folder, error)) *Objects {
	return &Objects{tree: tree, opened: time.Now(), folders: make(map[string]*openFolder), listings: make(map[string]listing), searched: make(map[string]fs.FileInfo), listed: make(map[string]fs.FileInfo)}
}

// Close removes all objects. Responses in progress continue.
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

// Keys returns the current keys, sorted by their bytes as in S3. It reads files to
// find private keys, except those with names of images, audio, video and fonts:
// these are checked when they are served.
func (o *Objects) Keys() []string {
	keys, _ := o.Find()
	return keys
}

// Find is Keys, and also returns the files that are not served because they hold a
// private key. It reads each folder once.
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

// isName reports whether a file or folder of this name is served.
func isName(name string) bool {
	return name != "" && name[0] != '.' && !strings.Contains(name, "\x00")
}

// descend opens the folder of a prefix, which is empty or ends in a slash. The
// caller must release it.
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

// root returns the folder of the whole tree.
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

// step returns the folder next in the folder of prefix.
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

// held returns the folder that is kept open for a prefix, or nil. Another folder
// may have the prefix by now.
func (o *Objects) held(prefix string) *openFolder {
	o.mu.Lock()
	defer o.mu.Unlock()
	f := o.folders[prefix]
	if f != nil {
		f.users++
	}
	return f
}

// hold keeps a folder open for the next request, if possible.
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

// release ends one use of a folder. The last one closes it.
func (o *Objects) release(f *openFolder) {
	o.mu.Lock()
	f.users--
	unused := f.users == 0
	o.mu.Unlock()
	if unused {
		f.Close()
	}
}

// lists reports whether a folder lists the name of an opened entry, byte for byte.
// On some file systems other names open the same file: they ignore letter case,
// compose characters or shorten names. lists does not read the folder if the name
// in the other letter case opens another file or none.
func (o *Objects) lists(in *openFolder, prefix, name string, entry fs.FileInfo) bool {
	if keepsFolders && hasOtherCase(name) {
		if in.exact.Load() {
			return true
		}
		found, err := in.lstat(otherCase(name))
		if err == nil && !in.same(found, entry) || errors.Is(err, fs.ErrNotExist) {
			// If the entry still exists, the other name was not its own.
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

// hasOtherCase reports whether otherCase returns the only other spelling of a name:
// whether it has letters, and only ASCII, because other characters have many
// spellings.
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

// otherCase returns a name with the letter case inverted.
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

// object is an opened object.
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
// errPrivateKey if its file holds a private key.
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

// openKnown opens an object that open has opened before. It uses one system call
// for the whole path, and open uses several for each name. It returns nil if the
// file changed or its path has a link: then use open.
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

// list lets openKnown open the file of a key that holds no private key, if the file
// system compares each name on its path byte for byte.
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

// openObject opens the object of a key in its folder.
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

// newObject reads the start of a file to find a private key, unless it did before
// and the file is unchanged. A file that was read whole is served from memory.
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

// wasSearched reports whether this file was searched for a private key before,
// without finding one, and is unchanged.
func (o *Objects) wasSearched(in folder, key string, info fs.FileInfo) bool {
	o.mu.Lock()
	known, ok := o.searched[key]
	o.mu.Unlock()
	return ok && in.tells(known, info) && known.Size() == info.Size() &&
		known.ModTime().Equal(info.ModTime()) && changeTime(known).Equal(changeTime(info))
}

// isSettled reports whether the last change of a file is so old that another change
// would have another time on any file system.
func isSettled(info fs.FileInfo) bool {
	const longest = 2 * time.Second // of the clock of FAT, the coarsest
	return time.Since(info.ModTime()) > longest && time.Since(changeTime(info)) > longest
}

// etag returns a strong validator of the object. It does not read the file: a
// change also changes its size or its times.
func (o *object) etag() string {
	var buffer [48]byte // two numbers of at most 20 bytes each
	text := append(strconv.AppendInt(buffer[:0], o.size, 10), ' ')
	sum := sha256.Sum256(strconv.AppendInt(text, o.modified.UnixNano(), 10))
	tag := hex.AppendEncode(append(buffer[:0], '"'), sum[:16])
	return string(append(tag, '"'))
}
