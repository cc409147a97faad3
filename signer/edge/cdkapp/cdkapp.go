// Package cdkapp runs a CDK app as the CDK's own command line does, and returns the
// templates of its stacks. It deploys nothing, uses no network and needs no AWS
// credentials.
//
//	assembly, err := cdkapp.Synthesize(ctx, ".", nil)
//	...
//	for _, stack := range assembly.Stacks {
//		fmt.Println(stack.Name, len(stack.Template))
//	}
//
// A test compares the app's input and output with those of the CDK's command line,
// [CLIVersion].
package cdkapp

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/signedfront/signedfront/signer/edge/internal/redact"
)

// Assembly is the result of synthesizing an app.
type Assembly struct {
	Stacks []Stack // sorted by name

	// Context is the app's context: that of Options, of cdk.json, of
	// cdk.context.json and of the user's ~/.cdk.json, in the types of
	// encoding/json.
	Context map[string]any
}

// Stack is one stack of an assembly. An Assembly has the stacks of stages, and no
// nested stacks.
type Stack struct {
	Name string // in CloudFormation

	// Account and Region are where the stack is deployed. Each is empty if it
	// depends on the credentials of the deployment.
	Account, Region string

	Template []byte // JSON
	File     string // of the template, relative to the folder of the assembly
}

// ErrNoApp is the error for a folder without a cdk.json.
var ErrNoApp = errors.New("there is no cdk.json")

// Error is why there are no templates, and what to do about it.
type Error struct {
	Problem string
	Hint    string // may be empty
	Err     error  // may be nil
}

func (e *Error) Error() string {
	if e.Err != nil {
		return e.Problem + ": " + e.Err.Error()
	}
	return e.Problem
}

func (e *Error) Unwrap() error { return e.Err }

// Options configures Synthesize.
type Options struct {
	// Context overrides the context of the files, as the flag --context of the
	// CDK's command line does: env=pr-42 is {"env": "pr-42"}.
	Context map[string]string

	// Progress is called with the progress of the app, if cdk.json runs the app
	// with the go command. It is never called concurrently, nor after Synthesize
	// returns. It may be nil.
	Progress func(Progress)
}

// Synthesize runs the app of the cdk.json in a folder. o may be nil. If the app
// fails, the error has the app's output. When ctx ends, every process of the app
// ends.
//
// Unlike the command line, it
//
//   - builds no functions or other assets (the context
//     aws:cdk:bundling-stacks is empty, as for "cdk list"), and turns off the
//     CDK's validation of templates. Neither changes a template;
//   - does not look up the account of the caller's credentials. The default
//     Region is that of the environment, such as AWS_REGION, or us-east-1;
//   - does not look up missing context: that is an error.
//
// An error that the user can fix is an *Error.
func Synthesize(ctx context.Context, dir string, o *Options) (*Assembly, error) {
	if o == nil {
		o = &Options{}
	}
	dir, err := filepath.Abs(dir)
	if err != nil {
		return nil, err
	}
	home, err := os.UserHomeDir()
	if err != nil {
		home = "" // then there are no user settings
	}
	config, err := readConfig(dir, home, o.Context)
	if err != nil {
		return nil, err
	}
	nodeMajor, err := checkNode(ctx)
	if err != nil {
		return nil, err
	}
	if err := checkCommand(config.app); err != nil {
		return nil, err
	}

	scratch, err := os.MkdirTemp("", "signedfront-cdk-")
	if err != nil {
		return nil, fmt.Errorf("making a temporary folder for the CDK's output: %w", cause(err))
	}
	defer os.RemoveAll(scratch)
	environ, err := config.environ(scratch, nodeMajor)
	if err != nil {
		return nil, err
	}
	for _, line := range []string{config.build, config.app} {
		if line == "" {
			continue
		}
		if err := run(ctx, dir, line, environ, o.Progress); err != nil {
			return nil, err
		}
	}
	out := filepath.Join(scratch, outFolder)
	if _, err := os.Stat(filepath.Join(out, manifestFile)); err != nil {
		return nil, &Error{
			Problem: fmt.Sprintf("the app of %s ran but synthesized nothing", redact.File(filepath.Join(dir, configFile))),
			Hint:    "the command in \"app\" must run a CDK app that ends with app.Synth(nil)",
		}
	}
	assembly, err := ReadAssembly(out)
	if err != nil {
		return nil, err
	}
	assembly.Context = config.context
	return assembly, nil
}
