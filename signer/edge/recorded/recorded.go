// Package recorded holds the template of the environment dev in this repository's
// cdk.json. With it an edge can serve the stack without Node.js and the CDK:
//
//	e, err := edge.New(edge.Config{
//		Template:  recorded.Template(),
//		StackName: recorded.StackName,
//		...
//	})
//
// A test of package constructs compares it with what the app synthesizes. After a
// change of the app, run:
//
//	go test ./constructs -run Recorded -update
package recorded

import (
	"bytes"
	"crypto/sha256"
	_ "embed"
	"encoding/hex"
	"io/fs"
	"path"
	"regexp"
	"strings"
)

// StackName is the name of the stack. The stack has no account and no Region:
// whoever deploys it chooses them.
const StackName = "signedfront-dev"

var (
	//go:embed template.json
	template []byte

	// sources lists the files of the app in the format of sha256sum: the digest of
	// each file, and its path relative to cdk.json.
	//
	//go:embed sources.sum
	sources string
)

// Template returns the template as JSON. The digests in the names of the functions'
// archives are replaced by zeros.
func Template() []byte { return bytes.Clone(template) }

// Equal reports whether the template of an app is the recorded one. It ignores the
// digests of the functions' archives.
func Equal(synthesized []byte) bool { return bytes.Equal(WithoutDigests(synthesized), template) }

// WithoutDigests returns a template in which zeros replace the digests in the names
// of the functions' archives. A digest changes with every change of a function.
func WithoutDigests(template []byte) []byte {
	return archive.ReplaceAll(template, []byte(strings.Repeat("0", 64)+".zip"))
}

var archive = regexp.MustCompile(`\b[0-9a-f]{64}\.zip\b`)

// IsOf reports whether the template is that of the app in the folder of cdk.json:
// whether its sources and configuration are the recorded ones. It ignores files
// that the app does not compile, such as tests.
func IsOf(app fs.FS) bool {
	// Each of these changes the result of the same sources.
	for _, name := range []string{"cdk.context.json", "go.work"} {
		if _, err := fs.Stat(app, name); err == nil {
			return false
		}
	}
	known, folders := map[string]bool{}, map[string]bool{}
	for line := range strings.Lines(sources) {
		digest, name, _ := strings.Cut(strings.TrimSpace(line), "  ")
		text, err := fs.ReadFile(app, name)
		if err != nil || Digest(text) != digest {
			return false
		}
		known[name], folders[path.Dir(name)] = true, true
	}
	for folder := range folders {
		files, err := fs.ReadDir(app, folder)
		if err != nil {
			return false
		}
		for _, file := range files {
			if name := path.Join(folder, file.Name()); IsSource(name) && !known[name] {
				return false
			}
		}
	}
	return true
}

// IsSource reports whether the Go command compiles a file of this name on some
// system, and not for a test.
func IsSource(name string) bool {
	base := path.Base(name)
	return strings.HasSuffix(base, ".go") && !strings.HasSuffix(base, "_test.go") && !strings.HasPrefix(base, ".") && !strings.HasPrefix(base, "_")
}

// Digest returns the digest of a file of the app, in the format of sources.
func Digest(text []byte) string {
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:])
}
