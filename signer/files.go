package signer

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
)

// maxFileSize limits the size of a key file or a document, in bytes. A document in
// a parameter has at most 8 KiB, a key in PEM less than 2.
const maxFileSize = 64 << 10

// content is what a file holds: its name in errors, and the function that parses
// its text.
type content struct{ name, itself, parse string }

var (
	keyContent      = content{"private key", "the key itself", "ParsePrivateKey"}
	documentContent = content{"deployment document", "the document itself", "ParseDeployment"}
)

// readFile reads a regular file of at most maxFileSize bytes. It refuses devices,
// which may never end, and pipes, which may never start.
func readFile(name string, c content) ([]byte, error) {
	text, err := readRegular(name)
	switch {
	case err == nil:
		return text, nil
	case isItself(name):
		return nil, fmt.Errorf("reading the %s: %s where the name of a file belongs: this is %s: use %s", c.name, Describe(name, FormFile), c.itself, c.parse)
	case !FormFile.matches(name):
		return nil, fmt.Errorf("reading the %s: %s: %w: want the name of a file, or %s for %s", c.name, Describe(name, FormFile), err, c.parse, c.itself)
	}
	return nil, fmt.Errorf("reading the %s: %s: %w", c.name, Describe(name, FormFile), err)
}

func readRegular(name string) ([]byte, error) {
	f, err := os.OpenFile(name, os.O_RDONLY|nonBlocking, 0)
	if err != nil {
		return nil, withoutPath(err)
	}
	defer f.Close()
	info, err := f.Stat()
	switch {
	case err != nil:
		return nil, withoutPath(err)
	case info.IsDir():
		return nil, errors.New("a folder, not a file")
	case !info.Mode().IsRegular():
		return nil, errors.New("a device or a pipe, not a regular file")
	}
	text, err := io.ReadAll(io.LimitReader(f, maxFileSize+1))
	switch {
	case err != nil:
		return nil, withoutPath(err)
	case len(text) > maxFileSize:
		return nil, fmt.Errorf("larger than %d bytes", maxFileSize)
	}
	return text, nil
}

// withoutPath returns err without the name of its file, which may be a key.
func withoutPath(err error) error {
	if failed := (*os.PathError)(nil); errors.As(err, &failed) {
		return failed.Err
	}
	return err
}

// isItself reports whether value is the text of a key or a document, and not the
// name of a file that holds one.
func isItself(value string) bool {
	return strings.Contains(value, "-----BEGIN") || strings.ContainsAny(value, "\r\n") || strings.HasPrefix(value, "{")
}
