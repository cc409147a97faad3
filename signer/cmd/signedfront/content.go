package main

import (
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/signedfront/signedfront/signer/edge"
)

// sample are the files that are served where no folder is named.
//
//go:embed sample
var sample embed.FS

// openContent opens what is served in place of the bucket: the files of a
// folder, or the sample files. name says which.
func openContent(dir string) (objects *edge.Objects, name string, err error) {
	if dir == "" {
		files, err := fs.Sub(sample, "sample")
		if err != nil {
			return nil, "", err
		}
		return edge.OpenFS(files), "the built-in sample", nil
	}
	info, err := os.Stat(dir)
	var unreadable *fs.PathError
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, "", &failure{err: fmt.Errorf("there is no folder %s", shown(dir))}
	case errors.As(err, &unreadable):
		return nil, "", fmt.Errorf("%s %s: %w", unreadable.Op, shown(dir), unreadable.Err)
	case err != nil:
		return nil, "", err
	case !info.IsDir():
		return nil, "", &failure{
			err:  fmt.Errorf("%s is a file, and a folder is served", shown(dir)),
			hint: "name its folder: signedfront local " + shown(filepath.Dir(dir)),
		}
	}
	objects, err = edge.OpenDir(dir)
	if err != nil {
		return nil, "", err
	}
	if len(objects.Keys()) == 0 {
		objects.Close()
		return nil, "", &failure{
			err:  fmt.Errorf("there is no file to serve in %s", shown(dir)),
			hint: "files and folders whose names start with a dot are left out, and so are symbolic links",
		}
	}
	return objects, printable(dir), nil
}
