// Package cdkapp runs a CDK app the way the CDK's own command line does, and
// returns the templates of its stacks. Nothing is deployed, no network is used,
// and no AWS credentials are asked for.
//
//	assembly, err := cdkapp.Synthesize(ctx, ".", nil)
//	...
//	for _, stack := range assembly.Stacks {
//		fmt.Println(stack.Name, len(stack.Template))
//	}
//
// A test compares what the app is given, and what comes of it, with the CDK's
// command line, [CLIVersion].
package cdkapp

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/signedfront/signedfront/signer/edge/internal/redact"
)

// Assembly is what an app was synthesized to.
type Assembly struct {
	Stacks []Stack // sorted by name

	// Context is what the app was told: that of Options, of cdk.json, of
	// cdk.context.json and of the user's own settings, in the types of
	// encoding/json.
	Context map[string]any
}

// Stack is one stack of an assembly. Nested stacks are not in it, those of
// stages are.
type Stack struct {
	Name string // CloudFormation's name of it

	// Account and Region are where it goes. Either is empty if that depends on
	// whoever deploys it.
	Account, Region string

	Template []byte // JSON
	File     string // the template's, below the folder of the assembly
}

// ErrNoApp is the error of a folder without a cdk.json.
var ErrNoApp = errors.New("no cdk.json, so no CDK app")

// Error says why there are no templates, and what can be done about it.
type Error struct {
	Problem string
	Hint    string // may be empty
	Err     error  // the cause, may be nil
}

func (e *Error) Error() string {
	if e.Err != nil {
		return e.Problem + ": " + e.Err.Error()
	}
	return e.Problem
}

func (e *Error) Unwrap() error { return e.Err }

// Options change how an app is run.
type Options struct {
	// Context is told to the app before what the files say, as by the flag
	// --context of the CDK's command line: env=pr-42 is {"env": "pr-42"}.
	Context map[string]string

	// Progress is told how far the app has come, as far as can be known: where the
	// cdk.json has the go command run it. It is called by one goroutine at a time,
	// and not after Synthesize has returned. Nil: nobody is told.
	Progress func(Progress)
}

// Synthesize runs the app that the cdk.json of a folder names; nil options
// change nothing. What the app prints is kept back, and is in the error if it
// fails. When ctx ends, the app ends, with every process that it started.
//
// What the command line does and this does not:
//
//   - Functions and other assets are not built (the context
//     aws:cdk:bundling-stacks is empty, as for "cdk list"), and the CDK's
//     validation of templates is off. Neither changes a template.
//   - The account of the caller's credentials is not looked up. The default
//     Region comes from the environment alone: AWS_REGION and its like, and
//     us-east-1 otherwise.
//   - Context that the app lacks is not looked up either: that is an error.
//
// An error that the user can do something about is an *Error.
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
		home = "" // then nobody has settings there
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
			Problem: fmt.Sprintf("the app of %s ran, but synthesized nothing", redact.File(filepath.Join(dir, configFile))),
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
