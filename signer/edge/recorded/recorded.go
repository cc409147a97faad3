// Package recorded holds the template of the stack that this repository ships,
// the environment dev of its cdk.json, so that an edge can serve it where neither
// Node.js nor the CDK is:
//
//	e, err := edge.New(edge.Config{
//		Template:  recorded.Template(),
//		StackName: recorded.StackName,
//		...
//	})
//
// A test of package constructs holds it to what the app synthesizes. After a
// change of the app:
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

// StackName is the name of the stack. It has neither account nor Region: they are
// those of whoever deploys it.
const StackName = "signedfront-dev"

var (
	//go:embed template.json
	template []byte

	// sources are the files that the app is made of, in the format of sha256sum:
	// each with its digest, and its name as seen from the cdk.json.
	//
	//go:embed sources.sum
	sources string
)

// Template returns the template, as JSON. Where the name of a function's archive
// holds a digest, it has zeros.
func Template() []byte { return bytes.Clone(template) }

// Equal reports whether the template of an app is the recorded one. The digests of
// the functions' archives do not count.
func Equal(synthesized []byte) bool { return bytes.Equal(WithoutDigests(synthesized), template) }

// WithoutDigests returns a template with zeros in place of the digests in the names
// of the functions' archives, which change with every change of a function.
func WithoutDigests(template []byte) []byte {
	return archive.ReplaceAll(template, []byte(strings.Repeat("0", 64)+".zip"))
}

var archive = regexp.MustCompile(`\b[0-9a-f]{64}\.zip\b`)

// IsOf reports whether the template is that of the app in a folder, the one of its
// cdk.json: whether the sources and the configuration of the app are those that
// were recorded. What the app does not compile, such as tests, does not count.
func IsOf(app fs.FS) bool {
	// Either changes what is synthesized of the same sources.
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

// IsSource reports whether the name of a file is one that the Go command compiles
// for some system, and not for a test.
func IsSource(name string) bool {
	base := path.Base(name)
	return strings.HasSuffix(base, ".go") && !strings.HasSuffix(base, "_test.go") && !strings.HasPrefix(base, ".") && !strings.HasPrefix(base, "_")
}

// Digest returns the digest of a file of the app, as it was recorded.
func Digest(text []byte) string {
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:])
}
