package cdkapp

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
)

// CLIVersion is the version of the CDK's command line, the npm package aws-cdk,
// that this package does as. The app is told so.
const CLIVersion = "2.1148.1"

// cliSchema is the version of the assembly's schema that it reads.
const cliSchema = "55.0.0"

// outFolder is the assembly's folder, in the scratch folder.
const outFolder = "cdk.out"

// maxContext is how much context goes into an environment variable, in bytes.
// Linux takes 128 KiB in one, Windows 32 KiB.
const maxContext = 30_000

// environ is the environment of the app: that of this program, and what the
// CDK's command line adds.
func (c *config) environ(scratch string, nodeMajor int) ([]string, error) {
	region := cmp.Or(os.Getenv("AWS_REGION"), os.Getenv("AMAZON_REGION"),
		os.Getenv("AWS_DEFAULT_REGION"), os.Getenv("AMAZON_DEFAULT_REGION"), "us-east-1")
	environ := append(os.Environ(),
		"CDK_DEFAULT_REGION="+region,
		"CDK_OUTDIR="+filepath.Join(scratch, outFolder),
		"CDK_CLI_ASM_VERSION="+cliSchema,
		"CDK_CLI_VERSION="+CLIVersion,
		"CDK_VALIDATION=false",
		// A banner that is as tall as a message, and is not the reader's matter.
		"JSII_SILENCE_WARNING_END_OF_LIFE_NODE_VERSION="+strconv.Itoa(nodeMajor),
	)
	// What the app and jsii leave behind when they are interrupted goes too.
	temporary := filepath.Join(scratch, "tmp")
	if err := os.Mkdir(temporary, 0o700); err != nil {
		return nil, fmt.Errorf("making a temporary folder for the app: %w", cause(err))
	}
	for _, name := range []string{"TMPDIR", "TMP", "TEMP"} {
		environ = append(environ, name+"="+temporary)
	}

	context, err := marshal(c.context)
	if err != nil {
		return nil, err
	}
	if len(context) <= maxContext {
		return append(environ, "CDK_CONTEXT_JSON="+string(context)), nil
	}
	file := filepath.Join(scratch, "context-overflow.json")
	if err := os.WriteFile(file, context, 0o600); err != nil {
		return nil, fmt.Errorf("handing over the context: %w", cause(err))
	}
	return append(environ, "CDK_CONTEXT_JSON={}", "CONTEXT_OVERFLOW_LOCATION_ENV="+file), nil
}

// marshal writes JSON on one line, "<" and the like as they are.
func marshal(value any) ([]byte, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(value); err != nil {
		return nil, fmt.Errorf("writing the context: %w", err)
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), nil
}
