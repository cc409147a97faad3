// Package functions builds the Lambda functions of private content from the sources of
// this module. Their archives have the same bytes on every machine. It runs the Go
// command, without a container.
//
// A synthesis of package constructs builds its functions itself. On a machine without Go
// or without access to the modules, it uses archives that were built before with
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

// Function is one of the functions.
type Function struct {
	Name    string   // the name of its archive
	Main    string   // the folder of its main package in this module, with slashes
	Modules []string // the other modules with packages in the function
}

// All lists all functions.
var All = []Function{KeyPair, BucketEmptier, KeyGuard}

// ArchiveName returns the name of the archive of a function built for the processor
// goarch.
func (f Function) ArchiveName(goarch string) string { return f.Name + "-" + goarch + ".zip" }

// Build builds a function for linux/goarch from the sources in the folder module, and
// returns its archive. It writes the output of the compiler to log. The comment of the
// archive is the version of this module.
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
		return nil, fmt.Errorf("reading the built executable: %w", WithoutPath(err))
	}
	return archive(program, version)
}

// WithoutPath returns the reason of a file error without the path, which may be any text
// of a caller.
func WithoutPath(err error) error {
	var file *fs.PathError
	if errors.As(err, &file) {
		return file.Err
	}
	return err
}

// executable is the name of the file that Lambda starts:
// https://docs.aws.amazon.com/lambda/latest/dg/golang-package.html
const executable = "bootstrap"

// archive returns a zip file whose bytes depend only on the program and the comment. It
// has one entry with a fixed mode and time. The entry is stored, because the output of
// deflate differs between versions of Go.
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
		ModifiedDate: 1<<5 | 1, // 1 January 1980, the earliest date of a zip file
	}
	header.SetMode(0o755)
	entry, err := w.CreateRaw(header) // Create writes the sizes after the data, which not every reader supports
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

// machines maps Go's names of processors to ELF's.
var machines = map[string]elf.Machine{"arm64": elf.EM_AARCH64, "amd64": elf.EM_X86_64}

// CheckArchive returns an error unless a file is an archive of Build for the processor
// goarch and the version of this module. It ignores the version if that of the archive
// or of the module is not known.
func CheckArchive(file, goarch, version string) error {
	r, err := zip.OpenReader(file)
	if errors.Is(err, fs.ErrNotExist) {
		return errors.New("there is no such file")
	}
	if err != nil {
		return errors.New("it is not a zip file that can be read")
	}
	defer r.Close()
	if len(r.File) != 1 || r.File[0].Name != executable || r.File[0].Mode() != 0o755 {
		return fmt.Errorf("it must contain exactly one file, %s, with the mode 0755", executable)
	}
	entry, err := r.File[0].Open()
	if err != nil {
		return fmt.Errorf("its %s cannot be read", executable)
	}
	defer entry.Close()
	program, err := io.ReadAll(entry)
	if err != nil {
		return fmt.Errorf("its %s cannot be read completely", executable)
	}
	parsed, err := elf.NewFile(bytes.NewReader(program))
	if err != nil || parsed.Machine != machines[goarch] {
		return fmt.Errorf("its %s is not a program for linux/%s", executable, goarch)
	}
	if version != "" && r.Comment != "" && r.Comment != version {
		return fmt.Errorf("its version is not %s, the version of the app", version)
	}
	return nil
}

// Version returns the version of this module in the running program, such as v1.2.3. It
// returns "" in a working copy.
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
