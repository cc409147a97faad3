package cdkapp

import (
	"cmp"
	"context"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"strings"

	"github.com/signedfront/signedfront/signer/edge/internal/redact"
)

// minNode is the oldest Node.js that aws-cdk-lib supports. installNode is the
// oldest that is still maintained.
const (
	minNode     = 20
	installNode = 22
)

// checkNode finds Node.js, which every CDK app needs in any language, and returns
// its major version.
func checkNode(ctx context.Context) (major int, err error) {
	name := cmp.Or(os.Getenv("JSII_NODE"), "node")
	missing := func(problem string, err error) (int, error) {
		return 0, &Error{Problem: problem, Hint: nodeHint(), Err: cause(err)}
	}
	path, err := exec.LookPath(name)
	if err != nil {
		return missing("Node.js is missing, and the CDK needs it", err)
	}
	out, err := exec.CommandContext(ctx, path, "--version").Output()
	if ctx.Err() != nil {
		return 0, ctx.Err()
	}
	version := strings.TrimSpace(string(out))
	number, _, _ := strings.Cut(strings.TrimPrefix(version, "v"), ".")
	if err == nil {
		major, err = strconv.Atoi(number)
	}
	switch {
	case err != nil:
		return missing(fmt.Sprintf("Node.js does not run: %s --version", redact.File(path)), err)
	case major < minNode:
		return missing(fmt.Sprintf("Node.js %s is too old: the CDK needs version %d or newer", redact.Text(version), minNode), nil)
	}
	return major, nil
}

func nodeHint() string {
	install := map[string]string{
		"darwin":  "`brew install node`",
		"linux":   "your distribution's package, such as `apt-get install nodejs`",
		"windows": "`winget install OpenJS.NodeJS.LTS`",
	}[runtime.GOOS]
	hint := fmt.Sprintf("install Node.js %d or newer from https://nodejs.org/en/download", installNode)
	if install != "" {
		hint += ", or with " + install
	}
	return hint
}

// checkCommand looks for the Go command if the app needs it. A shell would say only
// "not found".
func checkCommand(line string) error {
	if word, _, _ := strings.Cut(strings.TrimSpace(line), " "); word != "go" {
		return nil
	}
	if _, err := exec.LookPath("go"); err != nil {
		return &Error{
			Problem: fmt.Sprintf("Go is missing, and cdk.json runs the app with %q", redact.Command(line)),
			Hint:    "install Go from https://go.dev/dl, and put its bin folder on the PATH",
			Err:     cause(err),
		}
	}
	return nil
}
