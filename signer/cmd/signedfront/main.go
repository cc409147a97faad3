// Command signedfront is the command line of signedfront: private files in S3,
// served by CloudFront, opened only by URLs that your own program signs.
//
//	signedfront local [DIR]       run the stack of a CDK app on this machine
//	signedfront url URL...        sign URLs
//	signedfront cookies RESOURCE  sign cookies
//	signedfront explain URL       tell what CloudFront answers, and why
//	signedfront keygen            make a key pair
//	signedfront probe KEY         ask a distribution what no documentation tells
//
// `signedfront help VERB` tells more, with examples.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"runtime/debug"
	"syscall"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

func main() {
	// What a signal ends, ends within seconds and tidily: further ones, which
	// some callers send at once, change nothing.
	ctx, _ := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	os.Exit(run(ctx, os.Args[1:]))
}

// run runs one command line and returns its exit status.
func run(ctx context.Context, args []string) int {
	t := newTerminal()
	root := newRoot(t)
	root.SetArgs(args)
	err := root.ExecuteContext(ctx)
	switch {
	case err == nil:
		return 0
	case errors.Is(err, errDenied):
		return 3
	}
	return t.report(err)
}

func newRoot(t *terminal) *cobra.Command {
	root := &cobra.Command{
		Use:   "signedfront",
		Short: "Private files behind CloudFront, opened only by URLs that you sign",
		Example: `  # See a private picture through a signed URL, with no AWS account:
  signedfront local

  # Serve a folder of your own in place of the bucket:
  signedfront local ./photos

  # Sign a URL for two minutes, with the key of the deployed environment dev:
  signedfront url --env dev rt.png

  # Complete commands and flags with the Tab key:
  source <(signedfront completion bash)`,
		Version:       version(),
		SilenceErrors: true,
		SilenceUsage:  true,
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 {
				return nil
			}
			return unknownVerb(cmd, args[0])
		},
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	root.SetOut(t.out)
	root.SetErr(t.err)
	root.SetFlagErrorFunc(flagError)
	root.AddCommand(newLocal(t), newURL(t), newCookies(t), newExplain(t), newKeygen(t), newProbe(t))
	return root
}

func unknownVerb(cmd *cobra.Command, word string) error {
	var verbs []string
	for _, verb := range cmd.Commands() {
		verbs = append(verbs, verb.Name())
	}
	wrong := &failure{err: fmt.Errorf("there is no verb \"%s\"", shown(word)), hint: "run `signedfront help` for what there is", usage: true}
	if verb := closest(word, verbs); verb != "" {
		wrong.hint = fmt.Sprintf("did you mean `signedfront %s`?", verb)
	}
	return wrong
}

// flagError words what pflag says of a flag.
func flagError(cmd *cobra.Command, err error) error {
	wrong := &failure{err: err, hint: fmt.Sprintf("run `%s --help` for its flags", cmd.CommandPath()), usage: true}
	var unknown *pflag.NotExistError
	var invalid *pflag.InvalidValueError
	switch {
	case errors.As(err, &unknown):
		var names []string
		cmd.Flags().VisitAll(func(f *pflag.Flag) { names = append(names, f.Name) })
		if name := closest(unknown.GetSpecifiedName(), names); name != "" {
			wrong.hint = fmt.Sprintf("did you mean --%s?", name)
		}
	case errors.As(err, &invalid) && invalid.GetFlag().Value.Type() == "duration":
		wrong.err = fmt.Errorf("--%s %q: no duration", invalid.GetFlag().Name, invalid.GetValue())
		wrong.hint = durationHint
	}
	return wrong
}

const durationHint = "write a number with its unit, such as 30s, 10m or 24h"

// version is that of the module, as `go install` stamps it.
func version() string {
	if info, ok := debug.ReadBuildInfo(); ok {
		return info.Main.Version
	}
	return "(unknown)"
}
