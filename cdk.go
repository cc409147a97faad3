// Command signedfront is the CDK app: it makes one stack for each environment in
// cdk.json, or with -c env=NAME only for that one. The CDK's command line runs it in the
// folder of cdk.json and passes the context.
package main

import (
	"fmt"
	"os"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/jsii-runtime-go"

	"github.com/signedfront/signedfront/constructs"
	"github.com/signedfront/signedfront/constructs/config"
)

func main() { os.Exit(run()) }

func run() (status int) {
	defer closeJSII()
	defer func() {
		// The CDK reports errors by panicking.
		if r := recover(); r != nil {
			fmt.Fprintln(os.Stderr, constructs.CDKError(r))
			status = 1
		}
	}()
	if err := synthesize(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return 0
}

func synthesize() error {
	app := awscdk.NewApp(nil)
	context := map[string]any{}
	for _, name := range []string{"project", "environments", "env"} {
		if value := app.Node().TryGetContext(jsii.String(name)); value != nil {
			context[name] = value
		}
	}
	config, err := config.Read(context, os.DirFS("."))
	if err != nil {
		return err
	}
	// Warnings are written to standard error, not as annotations of a stack: they are
	// about all stacks, and must not fail pipelines that treat annotations as errors.
	for _, warning := range config.Warnings() {
		fmt.Fprintln(os.Stderr, "warning:", warning)
	}
	made := map[string]awscdk.Stack{}
	for _, e := range config.Environments {
		stack, _, err := constructs.NewEnvironment(app, e)
		if err != nil {
			return err
		}
		made[e.Name] = stack
	}
	// If both are deployed together, a lender is deployed first and deleted last.
	for _, e := range config.Environments {
		if lender := made[e.Content.SigningKeys.From]; lender != nil {
			made[e.Name].AddStackDependency(lender, nil)
		}
	}
	app.Synth(nil)
	return nil
}

// closeJSII ends the CDK's Node.js process. The runtime waits for it twice and reports
// the second wait as an abnormal end, so closeJSII drops all further output: https://github.com/aws/jsii/blob/main/packages/%40jsii/go-runtime/jsii-runtime-go/internal/kernel/process/process.go
func closeJSII() {
	if null, err := os.OpenFile(os.DevNull, os.O_WRONLY, 0); err == nil {
		os.Stderr = null
	}
	jsii.Close()
}
