package main

import (
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/signedfront/signedfront/signer"
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
	file := signer.Describe(dir, signer.FormFile)
	info, err := os.Stat(dir)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, "", &failure{err: fmt.Errorf("there is no folder %s", file)}
	case err != nil:
		return nil, "", fmt.Errorf("the folder %s: %w", file, cause(err))
	case !info.IsDir():
		return nil, "", &failure{err: fmt.Errorf("%s is not a folder", file), hint: "name the folder that it is in"}
	case isState(dir):
		return nil, "", &failure{err: fmt.Errorf("%s is a folder in which keys are kept, and is never served", file), hint: "name the folder that your files are in"}
	}
	objects, err = edge.OpenDir(dir)
	if err != nil {
		return nil, "", fmt.Errorf("the folder %s: %w", file, cause(err))
	}
	if len(objects.Keys()) == 0 {
		objects.Close()
		return nil, "", &failure{
			err:  fmt.Errorf("there is no file to serve in the folder %s", file),
			hint: "files and folders whose names start with a dot are left out, and so are symbolic links and private keys",
		}
	}
	return objects, printable(dir), nil
}

// isState reports whether a folder is a state folder of this program, or in one.
func isState(dir string) bool {
	real, err := filepath.EvalSymlinks(dir)
	if err == nil {
		real, err = filepath.Abs(real)
	}
	return err == nil && slices.ContainsFunc(strings.Split(filepath.ToSlash(real), "/"), func(name string) bool {
		return strings.EqualFold(name, stateFolder) // letter case may not count there
	})
}

// privateKeys are the files of a folder that could be objects and are none:
// edge.Objects leaves them out because they hold private keys.
func privateKeys(dir string, objects *edge.Objects) (names []string) {
	files := os.DirFS(dir)
	fs.WalkDir(files, ".", func(name string, entry fs.DirEntry, err error) error {
		switch {
		case name == "." && err == nil:
		case err != nil, strings.HasPrefix(entry.Name(), "."), !utf8.ValidString(name), len(name) > 1024:
			if entry != nil && entry.IsDir() {
				return fs.SkipDir
			}
		case entry.Type().IsRegular():
			names = append(names, name)
		}
		return nil
	})
	keys := objects.Keys()
	return slices.DeleteFunc(names, func(name string) bool {
		_, is := slices.BinarySearch(keys, name)
		_, gone := fs.Stat(files, name)
		return is || gone != nil
	})
}

// checkApp checks the folder of --app.
func checkApp(dir string) error {
	info, err := os.Stat(dir)
	file := signer.Describe(dir, signer.FormFile)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return &failure{err: fmt.Errorf("--app: there is no folder %s", file), hint: "name the folder of a CDK app, in which its cdk.json is"}
	case err != nil:
		return fmt.Errorf("--app: the folder %s: %w", file, cause(err))
	case !info.IsDir():
		return &failure{err: fmt.Errorf("--app: %s is not a folder", file), hint: "name the folder of a CDK app, in which its cdk.json is"}
	}
	return nil
}
