package constructs

import (
	"bytes"
	"encoding/json"
	"maps"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"github.com/signedfront/signedfront/constructs/functions"
)

// Packages of others, in the patterns of the go command.
const (
	cdkPackages    = "github.com/aws/aws-cdk-go/..."
	jsiiRuntime    = "github.com/aws/jsii-runtime-go"
	cdkConstructs  = "github.com/aws/constructs-go/..."
	sdkPackages    = "github.com/aws/aws-sdk-go-v2/..."
	sdkConfig      = "github.com/aws/aws-sdk-go-v2/config"
	smithyPackages = "github.com/aws/smithy-go/..."
	lambdaPackages = "github.com/aws/aws-lambda-go/..."
	cobraPackage   = "github.com/spf13/cobra"
	pflagPackage   = "github.com/spf13/pflag"
	termPackage    = "golang.org/x/term"
)

// imports lists what a package may import in addition to the standard library: packages
// of this module by folder, others by path. Its tests may also import the package itself
// and what is listed for them.
type imports struct{ code, tests []string }

// Every package may import signer, and signer imports no other package. The edge imports
// the contract, and the infrastructure does not import the edge. A program that imports
// signer downloads only this module. "go mod tidy" follows the imports of tests too, so
// the same holds for tests.
var mayImport = map[string]imports{
	".": {code: []string{"constructs", "constructs/config", cdkPackages, jsiiRuntime}},

	"constructs": {[]string{"constructs/config", "constructs/contract/...", "constructs/functions", "signer", "signer/rotation", cdkPackages, cdkConstructs, jsiiRuntime}, []string{"signer/edge", "signer/edge/edgetest", "signer/edge/recorded", "constructs/internal/novalidation", "signer/leaktest"}},

	"constructs/contract":         {},
	"constructs/contract/escapes": {},
	"constructs/contract/managed": {},

	"constructs/internal/novalidation":             {},
	"constructs/config":                            {[]string{"constructs/contract", "signer"}, []string{"signer/leaktest"}},
	"constructs/functions":                         {code: []string{"constructs/config", "signer"}},
	"constructs/functions/build":                   {code: []string{"constructs/contract", "constructs/functions", "signer"}},
	"constructs/customresource":                    {[]string{"constructs/contract", "signer", sdkPackages, lambdaPackages, smithyPackages}, []string{"constructs/customresource/customresourcetest"}},
	"constructs/customresource/customresourcetest": {code: []string{lambdaPackages}},
	"constructs/keypair":                           {[]string{"constructs/contract", "constructs/customresource", "signer", sdkPackages, smithyPackages}, []string{"constructs/customresource/customresourcetest", "constructs/keypair/keypairtest", lambdaPackages}},
	"constructs/keypair/keypairtest":               {[]string{"signer/leaktest"}, []string{"signer"}},
	"constructs/keypair/lambda":                    {code: []string{"constructs/customresource", "constructs/keypair", sdkConfig, lambdaPackages}},
	"constructs/bucketemptier":                     {[]string{"constructs/contract", "constructs/customresource", "signer", sdkPackages, smithyPackages}, []string{"constructs/customresource/customresourcetest", lambdaPackages}},
	"constructs/keyguard":                          {[]string{"constructs/contract", "constructs/customresource", "signer", "signer/awsrotation", "signer/rotation", sdkPackages, smithyPackages}, []string{"constructs/customresource/customresourcetest", "signer/leaktest", lambdaPackages}},
	"constructs/keyguard/lambda":                   {code: []string{"constructs/customresource", "constructs/keyguard", sdkConfig, lambdaPackages}},
	"constructs/bucketemptier/lambda":              {code: []string{"constructs/customresource", "constructs/bucketemptier", sdkConfig, lambdaPackages}},

	"signer":                     {tests: []string{"signer/internal/vectors", "signer/leaktest"}},
	"signer/leaktest":            {},
	"signer/internal/randomtext": {},
	"signer/internal/vectors":    {},
	"signer/hls":                 {[]string{"signer"}, []string{"signer/leaktest"}},
	"signer/rotation":            {[]string{"signer"}, []string{"signer/leaktest"}},
	"signer/awsrotation":         {[]string{"signer", "signer/rotation", sdkPackages, smithyPackages}, []string{"signer/leaktest"}},
	"signer/signhttp":            {[]string{"signer", "signer/hls"}, []string{"signer/leaktest"}},
	"signer/sourcetest":          {code: []string{"signer"}},
	"signer/awskeys":             {[]string{"constructs/contract", "signer", sdkPackages, smithyPackages}, []string{"signer/internal/vectors", "signer/leaktest", "signer/sourcetest"}},
	"signer/cmd/signedfront":     {code: []string{"constructs/config", "constructs/contract", "signer/...", cobraPackage, pflagPackage, termPackage, sdkPackages, smithyPackages}},

	"signer/internal/awsaccount":        {code: []string{"signer/awsrotation", "signer/internal/status", "signer/rotation", sdkPackages}},
	"signer/internal/status":            {[]string{"constructs/contract", "signer", "signer/edge", "signer/edge/model", "signer/edge/template", "signer/rotation", smithyPackages}, []string{"signer/internal/awsaccount", "signer/internal/status/statustest", "signer/leaktest", sdkPackages}},
	"signer/internal/status/statustest": {code: []string{"constructs/contract", "signer", "signer/internal/status", "signer/rotation"}},
	"signer/internal/doctor":            {[]string{"signer", "signer/internal/status"}, []string{"signer/edge", "signer/edge/recorded", "signer/internal/awsaccount", "signer/internal/status/statustest", "signer/leaktest", sdkPackages}},
	"signer/internal/report":            {[]string{"signer/internal/doctor", "signer/internal/status", "signer/internal/unknowns"}, []string{"signer"}},
	"signer/internal/nearest":           {code: []string{"signer"}},
	"signer/internal/unknowns":          {[]string{"signer"}, []string{"signer/edge", "signer/leaktest"}},

	"signer/edge":                 {[]string{"constructs/contract/...", "signer", "signer/edge/model", "signer/edge/template", "signer/edge/internal/redact"}, []string{"signer/leaktest"}},
	"signer/edge/internal/redact": {code: []string{"signer", "signer/internal/randomtext"}},
	"signer/edge/edgetest":        {[]string{"signer", "signer/edge", "signer/edge/internal/redact", "signer/edge/recorded"}, []string{"signer/signhttp"}},
	"signer/edge/model":           {code: []string{"constructs/contract/escapes", "signer"}},
	"signer/edge/template":        {code: []string{"constructs/contract/...", "signer", "signer/edge/model", "signer/edge/internal/redact"}},
	"signer/edge/page":            {[]string{"signer", "signer/edge", "signer/edge/model", "signer/edge/internal/redact", "signer/internal/nearest"}, []string{"signer/leaktest"}},
	"signer/edge/cdkapp":          {code: []string{"signer/edge/internal/redact"}},
	"signer/edge/recorded":        {tests: []string{"signer", "signer/edge"}},
}

func TestPackagesImportWhatTheyMay(t *testing.T) {
	standard := map[string]bool{}
	for _, p := range listPackages(t, "std") {
		standard[p.ImportPath] = true
	}
	listed := map[string]bool{}
	for _, p := range listPackages(t, "./...") {
		folder := folderOf(p.ImportPath)
		listed[folder] = true
		rule, known := mayImport[folder]
		if !known {
			t.Errorf("%s is not in the table of what packages may import", folder)
			continue
		}
		for _, path := range p.Imports {
			if !standard[path] && !within(rule.code, path) {
				t.Errorf("%s imports %s; it may import %s", folder, path, allowed(rule.code))
			}
		}
		forTests := slices.Concat(rule.code, rule.tests, []string{folder})
		for _, path := range slices.Concat(p.TestImports, p.XTestImports) {
			if !standard[path] && !within(forTests, path) {
				t.Errorf("a test of %s imports %s; it may import %s", folder, path, allowed(forTests))
			}
		}
	}
	for _, folder := range slices.Sorted(maps.Keys(mayImport)) {
		if !listed[folder] {
			t.Errorf("the table of what packages may import has %s, which there is not", folder)
		}
	}
}

// The CDK's own S3 origin and alias record are each one file of a package that
// imports load balancers, API gateways and what those lean on: a third of the
// packages of the CDK that a first build would compile.
func TestAFirstBuildCompilesNoOriginsAndTargetsOfOtherServices(t *testing.T) {
	for path := range strings.Lines(string(goCommand(t, "list", "-deps", ".", "./constructs"))) {
		switch path := strings.TrimSpace(path); strings.TrimPrefix(path, "github.com/aws/aws-cdk-go/awscdk/v2/") {
		case "awscloudfrontorigins", "awsroute53targets":
			t.Errorf("the app depends on %s", path)
		}
	}
}

// folderOf returns the folder of a package of this module, "." for the root, or the path
// of any other package.
func folderOf(path string) string {
	if path == functions.ModulePath {
		return "."
	}
	return strings.TrimPrefix(path, functions.ModulePath+"/")
}

// within reports whether one of the patterns matches a package.
func within(patterns []string, path string) bool {
	path = folderOf(path)
	return slices.ContainsFunc(patterns, func(pattern string) bool {
		root, tree := strings.CutSuffix(pattern, "/...")
		return path == root || tree && strings.HasPrefix(path, root+"/")
	})
}

func allowed(patterns []string) string {
	return strings.Join(append([]string{"the standard library"}, patterns...), ", ")
}

// Modules that only a test needs are required by a separate module in the folder of that
// test, so importers of this module do not download them.
func TestTheModuleRequiresNothingThatOnlyTestsImport(t *testing.T) {
	imported := map[string]bool{}
	for _, p := range listPackages(t, "./...") {
		for _, path := range p.Imports {
			imported[path] = true
		}
	}
	var module struct {
		Require []struct {
			Path     string
			Indirect bool
		}
	}
	if err := json.Unmarshal(goCommand(t, "mod", "edit", "-json"), &module); err != nil {
		t.Fatal(err)
	}
	for _, required := range module.Require {
		used := required.Indirect
		for path := range imported {
			used = used || path == required.Path || strings.HasPrefix(path, required.Path+"/")
		}
		if !used {
			t.Errorf("go.mod requires %s, which only tests import: move them into a module of their own", required.Path)
		}
	}
}

type listedPackage struct {
	ImportPath                         string
	Imports, TestImports, XTestImports []string
}

func listPackages(t *testing.T, pattern string) (packages []listedPackage) {
	t.Helper()
	out := goCommand(t, "list", "-json=ImportPath,Imports,TestImports,XTestImports", pattern)
	for decoder := json.NewDecoder(bytes.NewReader(out)); decoder.More(); {
		var p listedPackage
		if err := decoder.Decode(&p); err != nil {
			t.Fatal(err)
		}
		packages = append(packages, p)
	}
	return packages
}

// goCommand returns the output of the go command for this module.
func goCommand(t *testing.T, args ...string) []byte {
	t.Helper()
	command := exec.Command("go", args...)
	command.Dir = ".."
	var said bytes.Buffer
	command.Stderr = &said
	out, err := command.Output()
	if err != nil {
		t.Fatalf("go %s: %v: %s", args[0], err, &said)
	}
	return out
}
