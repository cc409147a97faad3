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

	"github.com/signedfront/signedfront/signer"
	"github.com/signedfront/signedfront/signer/edge"
)

// sample are the files that are served without a folder.
//
//go:embed sample
var sample embed.FS

// content is the content of the bucket.
type content struct {
	*edge.Objects
	name    string
	keys    []string // the objects at the start
	private []string // the files left out at the start: they hold private keys
}

// openContent opens the files of a folder, or the sample files. It reads each
// folder once.
func openContent(dir string) (*content, error) {
	if dir == "" {
		files, err := fs.Sub(sample, "sample")
		if err != nil {
			return nil, err
		}
		return findContent(edge.OpenFS(files), "the built-in sample"), nil
	}
	file := signer.Describe(dir, signer.FormFile)
	info, err := os.Stat(dir)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, &failure{err: fmt.Errorf("there is no folder %s to serve", file), hint: "a relative name starts at the current folder"}
	case err != nil:
		return nil, fmt.Errorf("the folder %s: %w", file, cause(err))
	case !info.IsDir():
		return nil, &failure{err: fmt.Errorf("%s is not a folder", file), hint: "name the folder that it is in"}
	case isState(dir):
		return nil, &failure{err: fmt.Errorf("%s is a folder for private keys and is never served", file), hint: "name the folder that your files are in"}
	}
	objects, err := edge.OpenDir(dir)
	if err != nil {
		return nil, fmt.Errorf("the folder %s: %w", file, cause(err))
	}
	c := findContent(objects, printable(dir))
	if len(c.keys) == 0 {
		c.Close()
		return nil, &failure{
			err:  fmt.Errorf("the folder %s has no file to serve", file),
			hint: "dot files, dot folders, symbolic links and private keys are left out",
		}
	}
	return c, nil
}

func findContent(objects *edge.Objects, name string) *content {
	c := &content{Objects: objects, name: name}
	c.keys, c.private = objects.Find()
	return c
}

// isState reports whether a folder is a state folder of this program, or is in one.
func isState(dir string) bool {
	real, err := filepath.EvalSymlinks(dir)
	if err == nil {
		real, err = filepath.Abs(real)
	}
	return err == nil && slices.ContainsFunc(strings.Split(filepath.ToSlash(real), "/"), func(name string) bool {
		return strings.EqualFold(name, stateFolder) // the file system may ignore letter case
	})
}

// checkApp checks the folder of --app.
func checkApp(dir string) error {
	info, err := os.Stat(dir)
	file := signer.Describe(dir, signer.FormFile)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return &failure{err: fmt.Errorf("--app: there is no folder %s", file), hint: "name the folder of a CDK app, with its cdk.json"}
	case err != nil:
		return fmt.Errorf("--app: the folder %s: %w", file, cause(err))
	case !info.IsDir():
		return &failure{err: fmt.Errorf("--app: %s is not a folder", file), hint: "name the folder of a CDK app, with its cdk.json"}
	}
	return nil
}
