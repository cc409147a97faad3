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
// that this package imitates. The app gets it as its CLI version.
const CLIVersion = "2.1148.1"

// cliSchema is the version of the assembly schema that it reads.
const cliSchema = "55.0.0"

// outFolder is the assembly's folder in the scratch folder.
const outFolder = "cdk.out"

// maxContext is the limit, in bytes, of context in an environment variable. One
// variable holds 128 KiB on Linux and 32 KiB on Windows.
const maxContext = 30_000

// environ returns the environment of the app: that of this program and the
// variables that the CDK's command line adds.
func (c *config) environ(scratch string, nodeMajor int) ([]string, error) {
	region := cmp.Or(os.Getenv("AWS_REGION"), os.Getenv("AMAZON_REGION"),
		os.Getenv("AWS_DEFAULT_REGION"), os.Getenv("AMAZON_DEFAULT_REGION"), "us-east-1")
	environ := append(os.Environ(),
		"CDK_DEFAULT_REGION="+region,
		"CDK_OUTDIR="+filepath.Join(scratch, outFolder),
		"CDK_CLI_ASM_VERSION="+cliSchema,
		"CDK_CLI_VERSION="+CLIVersion,
		"CDK_VALIDATION=false",
		// Suppresses a banner that the reader cannot act on.
		"JSII_SILENCE_WARNING_END_OF_LIFE_NODE_VERSION="+strconv.Itoa(nodeMajor),
	)
	// This folder also removes what an interrupted app or jsii leaves.
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
		return nil, fmt.Errorf("passing the context to the app: %w", cause(err))
	}
	return append(environ, "CDK_CONTEXT_JSON={}", "CONTEXT_OVERFLOW_LOCATION_ENV="+file), nil
}

// marshal returns JSON on one line, without escaping "<" and similar characters.
func marshal(value any) ([]byte, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(value); err != nil {
		return nil, fmt.Errorf("writing the context: %w", err)
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), nil
}
