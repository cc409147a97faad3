// Package functions builds the Lambda functions that private content needs, from
// the sources of this module, into archives whose bytes are the same on every
// machine. It runs the Go command, and no container.
//
// A synthesis of package constructs builds what it needs by itself. Where it
// cannot, because there is no Go or no way to the modules, it takes archives that
// were built elsewhere with
//
//	go run github.com/signedfront/signedfront/constructs/functions/build -o functions
package functions

import (
	"archive/zip"
	"bytes"
	"debug/elf"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime/debug"
	"strings"
)

// Function is one of our functions.
type Function struct {
	Name    string   // of its archive
	Main    string   // the folder of the main package in this module, with slashes
	Modules []string // of others, that have packages in the function
}

// All are the functions that there are.
var All = []Function{KeyPair, BucketEmptier, KeyGuard}

// ArchiveName is the name of the file that holds a function built for a
// processor, by Go's word for it.
func (f Function) ArchiveName(goarch string) string { return f.Name + "-" + goarch + ".zip" }

// Build builds a function from the sources in the folder of this module, for
// Linux on a processor, and returns its archive. What the compiler says goes to
// the log. A comment of the archive says of which version of this module it is.
func (f Function) Build(module, goarch, version string, log io.Writer) ([]byte, error) {
	folder, err := os.MkdirTemp("", "signedfront-function-")
	if err != nil {
		return nil, fmt.Errorf("making a temporary folder to build in: %w", WithoutPath(err))
	}
	defer os.RemoveAll(folder)
	file := filepath.Join(folder, executable)
	if err := f.compile(module, goarch, file, log); err != nil {
		return nil, err
	}
	program, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("reading what was built: %w", WithoutPath(err))
	}
	return archive(program, version)
}

// WithoutPath is the reason of an error of a file, without the path, which may be
// anything that a caller has written.
func WithoutPath(err error) error {
	var file *fs.PathError
	if errors.As(err, &file) {
		return file.Err
	}
	return err
}

// executable is the name by which Lambda starts a function:
// https://docs.aws.amazon.com/lambda/latest/dg/golang-package.html
const executable = "bootstrap"

// archive makes a zip file whose bytes follow from the program's: with one
// entry, executable for everybody, of one time, and stored, for what deflate
// makes differs between versions of Go.
func archive(program []byte, comment string) ([]byte, error) {
	var text bytes.Buffer
	w := zip.NewWriter(&text)
	if err := w.SetComment(comment); err != nil {
		return nil, err
	}
	header := &zip.FileHeader{
		Name:               executable,
		Method:             zip.Store,
		CRC32:              crc32.ChecksumIEEE(program),
		CompressedSize64:   uint64(len(program)),
		UncompressedSize64: uint64(len(program)),
		//lint:ignore SA1019 CreateRaw writes this, and not Modified
		ModifiedDate: 1<<5 | 1, // 1 January 1980, the first day that a zip file knows
	}
	header.SetMode(0o755)
	entry, err := w.CreateRaw(header) // Create puts the sizes behind the data, which not every reader takes
	if err != nil {
		return nil, err
	}
	if _, err := entry.Write(program); err != nil {
		return nil, err
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	return text.Bytes(), nil
}

// machines are ELF's words for Go's processors.
var machines = map[string]elf.Machine{"arm64": elf.EM_AARCH64, "amd64": elf.EM_X86_64}

// CheckArchive reports whether a file is an archive as Build makes it, for a
// processor and of a version of this module. Where one of the two is not known,
// it is taken for the right one.
func CheckArchive(file, goarch, version string) error {
	r, err := zip.OpenReader(file)
	if errors.Is(err, fs.ErrNotExist) {
		return errors.New("it is not there")
	}
	if err != nil {
		return errors.New("it is not a zip file that can be read")
	}
	defer r.Close()
	if len(r.File) != 1 || r.File[0].Name != executable || r.File[0].Mode() != 0o755 {
		return fmt.Errorf("it holds something else than one file %s with the mode 0755", executable)
	}
	entry, err := r.File[0].Open()
	if err != nil {
		return fmt.Errorf("its %s cannot be read", executable)
	}
	defer entry.Close()
	program, err := io.ReadAll(entry)
	if err != nil {
		return fmt.Errorf("its %s cannot be read whole", executable)
	}
	parsed, err := elf.NewFile(bytes.NewReader(program))
	if err != nil || parsed.Machine != machines[goarch] {
		return fmt.Errorf("its %s is no program for linux/%s", executable, goarch)
	}
	if version != "" && r.Comment != "" && r.Comment != version {
		return fmt.Errorf("it is of another version than %s, which the app has", version)
	}
	return nil
}

// Version is the version of this module in the program that calls it, such as
// v1.2.3, and empty where it is being worked on.
func Version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return ""
	}
	for _, module := range append(info.Deps, &info.Main) {
		if module.Path == ModulePath {
			if module.Replace != nil {
				module = module.Replace
			}
			return strings.TrimSuffix(module.Version, "(devel)")
		}
	}
	return ""
}
