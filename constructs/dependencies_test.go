package constructs

import (
	"bytes"
	"encoding/json"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

type listedPackage struct {
	ImportPath                string
	Standard                  bool
	Imports                   []string
	Deps                      []string
	TestImports, XTestImports []string
}

func listPackages(t *testing.T, args ...string) map[string]listedPackage {
	t.Helper()
	list := exec.Command("go", append([]string{"list", "-json=ImportPath,Standard,Imports,Deps,TestImports,XTestImports"}, args...)...)
	list.Dir = ".."
	var said bytes.Buffer
	list.Stderr = &said
	out, err := list.Output()
	if err != nil {
		t.Fatalf("%v: %s", err, &said)
	}
	packages := map[string]listedPackage{}
	for decoder := json.NewDecoder(bytes.NewReader(out)); decoder.More(); {
		var p listedPackage
		if err := decoder.Decode(&p); err != nil {
			t.Fatal(err)
		}
		packages[p.ImportPath] = p
	}
	return packages
}

// Arrows run one way: everything may lean on signer, and signer leans on
// nothing. A program that imports it downloads nothing besides this module, and
// since "go mod tidy" follows the imports of tests too, neither may they.
func TestPackagesImportWhatTheyMay(t *testing.T) {
	const (
		signer = modulePath + "/signer"
		cdk    = "github.com/aws/aws-cdk-go/"
		jsii   = "github.com/aws/jsii-runtime-go"
	)
	standard := listPackages(t, "std")
	ours := listPackages(t, "./...")

	within := func(path string, roots ...string) bool {
		return slices.ContainsFunc(roots, func(root string) bool { return path == root || strings.HasPrefix(path, root+"/") })
	}
	// reach is everything that a package needs to be built.
	reach := func(path string, may func(dependency string) bool, rule string) {
		p, exists := ours[path]
		if !exists {
			return
		}
		for _, dependency := range p.Deps {
			if _, std := standard[dependency]; !std && !strings.HasPrefix(dependency, "vendor/golang.org/") && !may(dependency) {
				t.Errorf("%s needs %s: %s", path, dependency, rule)
			}
		}
	}
	tests := func(path string, may func(dependency string) bool, rule string) {
		p := ours[path]
		for _, imported := range slices.Concat(p.TestImports, p.XTestImports) {
			if _, std := standard[imported]; !std && !may(imported) {
				t.Errorf("a test of %s imports %s: %s", path, imported, rule)
			}
		}
	}
	nothing := func(string) bool { return false }

	reach(signer, nothing, "signer imports the standard library alone")
	tests(signer, func(d string) bool { return d == signer }, "a test's imports reach the importer's go mod tidy")

	reach(modulePath+"/constructs/environment", nothing, "the configuration imports the standard library alone")

	edge := func(d string) bool { return within(d, signer, signer+"/edge") }
	for path := range ours {
		if within(path, signer+"/edge") {
			reach(path, edge, "the local edge imports the standard library and signer alone")
			tests(path, edge, "a test's imports reach the importer's go mod tidy")
		}
		if within(path, signer) || strings.HasSuffix(path, "/lambda") {
			noCDK := func(d string) bool { return !strings.HasPrefix(d, cdk) && !strings.HasPrefix(d, jsii) }
			reach(path, noCDK, "only the root and constructs import the CDK")
		}
	}

	for _, needed := range []string{signer, modulePath + "/constructs/environment", modulePath + "/constructs/keypair/lambda"} {
		if _, exists := ours[needed]; !exists {
			t.Errorf("no package %s", needed)
		}
	}
}
