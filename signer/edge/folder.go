package edge

import (
	"errors"
	"io/fs"
	"os"
	"path"
)

// A folder is an open directory of the tree. Its methods take the name of one
// entry, never a path. A link may replace an entry just before it is opened, so
// enter and openEntry compare the opened file with the entry.
type folder interface {
	info() (fs.FileInfo, error) // of the folder itself
	names() ([]string, error)
	lstat(name string) (fs.FileInfo, error)
	openFolder(name string) (folder, error)
	openFile(name string) (fs.File, error)
	same(a, b fs.FileInfo) bool  // the same file, or unknown
	tells(a, b fs.FileInfo) bool // certainly the same file
	Close() error
}

// rootFolder is a directory of the operating system.
type rootFolder struct{ *os.Root }

// openRootFolder opens a directory. The dot after the name keeps the system from
// opening a pipe, which would block.
func openRootFolder(dir string) (folder, error) {
	root, err := os.OpenRoot(dir + string(os.PathSeparator) + ".")
	if err != nil {
		return nil, err
	}
	return rootFolder{root}, nil
}

func (f rootFolder) info() (fs.FileInfo, error)             { return f.Stat(".") }
func (f rootFolder) lstat(name string) (fs.FileInfo, error) { return f.Lstat(name) }
func (f rootFolder) same(a, b fs.FileInfo) bool             { return os.SameFile(a, b) }
func (f rootFolder) tells(a, b fs.FileInfo) bool            { return os.SameFile(a, b) }

func (f rootFolder) names() ([]string, error) {
	dir, err := f.Open(".")
	if err != nil {
		return nil, err
	}
	defer dir.Close()
	return dir.Readdirnames(-1)
}

func (f rootFolder) openFolder(name string) (folder, error) {
	root, err := f.OpenRoot(name + "/.") // as in openRootFolder
	if err != nil {
		return nil, err
	}
	return rootFolder{root}, nil
}

func (f rootFolder) openFile(name string) (fs.File, error) {
	return f.OpenFile(name, os.O_RDONLY|nonBlocking, 0)
}

// fsFolder is a directory of an fs.FS.
type fsFolder struct {
	fsys fs.FS
	at   string
}

func (f fsFolder) info() (fs.FileInfo, error) { return fs.Stat(f.fsys, f.at) }
func (f fsFolder) lstat(name string) (fs.FileInfo, error) {
	return fs.Lstat(f.fsys, path.Join(f.at, name))
}
func (f fsFolder) openFolder(name string) (folder, error) {
	return fsFolder{f.fsys, path.Join(f.at, name)}, nil
}
func (f fsFolder) openFile(name string) (fs.File, error) { return f.fsys.Open(path.Join(f.at, name)) }
func (f fsFolder) Close() error                          { return nil }

// same returns true for files that are not of the operating system: they cannot be
// compared.
func (f fsFolder) same(a, b fs.FileInfo) bool  { return os.SameFile(a, b) || !os.SameFile(a, a) }
func (f fsFolder) tells(a, b fs.FileInfo) bool { return os.SameFile(a, b) }

func (f fsFolder) names() ([]string, error) {
	entries, err := fs.ReadDir(f.fsys, f.at)
	names := make([]string, len(entries))
	for i, entry := range entries {
		names[i] = entry.Name()
	}
	return names, err
}

// enter opens a folder in a folder. It refuses links and anything else.
func enter(parent folder, name string) (folder, error) {
	seen, err := parent.lstat(name)
	if err != nil || !seen.IsDir() {
		return nil, errNoObject
	}
	sub, err := parent.openFolder(name)
	if err != nil {
		return nil, failure(parent, name, seen, err)
	}
	if opened, err := sub.info(); err != nil || !parent.same(seen, opened) {
		sub.Close()
		return nil, errNoObject
	}
	return sub, nil
}

// openEntry opens a file in a folder. It refuses links and anything else.
func openEntry(parent folder, name string) (fs.File, fs.FileInfo, error) {
	seen, err := parent.lstat(name)
	if err != nil || !seen.Mode().IsRegular() {
		return nil, nil, errNoObject
	}
	file, err := parent.openFile(name)
	if err != nil {
		return nil, nil, failure(parent, name, seen, err)
	}
	info, err := file.Stat()
	if err != nil || !info.Mode().IsRegular() || !parent.same(seen, info) {
		file.Close()
		return nil, nil, errNoObject
	}
	return file, info, nil
}

// failure returns the error for an entry that was seen but could not be opened. It
// is errNoObject for an unreadable folder and for an entry that is gone.
func failure(parent folder, name string, seen fs.FileInfo, err error) error {
	now, gone := parent.lstat(name)
	if gone != nil || now.Mode().Type() != seen.Mode().Type() || !parent.same(seen, now) ||
		seen.IsDir() && errors.Is(err, fs.ErrPermission) {
		return errNoObject
	}
	return err
}
