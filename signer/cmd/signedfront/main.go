// Command signedfront is the command line of signedfront: private files in S3,
// served by CloudFront, opened only by URLs that your own program signs.
//
//	signedfront local [DIR]       run the stack of a CDK app on this machine
//	signedfront url URL...        sign URLs
//	signedfront cookies RESOURCE  sign cookies
//	signedfront explain URL       explain what CloudFront answers to a URL, and why
//	signedfront status --env NAME show the state of a deployed environment, and what is wrong
//	signedfront doctor [KEY]      send a deployment the requests of viewers and attackers
//	signedfront keygen            make a key pair
//	signedfront completion SHELL  print a script for the Tab key
//	signedfront version           print the version
//
// `signedfront help VERB` prints the flags of a verb, and examples.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/signedfront/signedfront/constructs/config"
	"github.com/signedfront/signedfront/signer"
)

func main() {
	// After a signal the program ends within seconds and cleans up. Further
	// signals, which some callers send at once, change nothing.
	ends := []os.Signal{os.Interrupt, syscall.SIGTERM}
	if !signal.Ignored(syscall.SIGHUP) { // as under nohup
		ends = append(ends, syscall.SIGHUP) // the terminal was closed
	}
	ctx, _ := signal.NotifyContext(context.Background(), ends...)
	os.Exit(newTerminal(os.Args[1:]).run(ctx, os.Args[1:]))
}

// run runs one command line and returns its exit status.
func (t *terminal) run(ctx context.Context, args []string) int {
	if len(args) > 0 && (args[0] == cobra.ShellCompRequestCmd || args[0] == cobra.ShellCompNoDescRequestCmd) {
		// Cobra writes what it cannot parse to standard error and to the file that
		// this variable names.
		os.Unsetenv("BASH_COMP_DEBUG_FILE")
		os.Stderr, _ = os.OpenFile(os.DevNull, os.O_WRONLY, 0)
	}
	root := newRoot(t)
	root.SetArgs(args)
	root.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error {
		if cmd == root && !strings.HasPrefix(args[0], "-") {
			return unknownVerb(root, args[0]) // with flags of a verb
		}
		return flagError(cmd, err, args)
	})
	cmd, err := root.ExecuteContextC(ctx)
	switch {
	case err == nil:
		return 0
	case errors.Is(err, errDenied), errors.Is(err, errFound):
		return 3
	}
	return t.report(cmd, err)
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
		Version:                    version(),
		SilenceErrors:              true,
		SilenceUsage:               true,
		SuggestionsMinimumDistance: 2,
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
	root.SetVersionTemplate("{{.Name}} {{.Version}}\n")
	root.SetHelpCommand(newHelp())
	root.AddCommand(newLocal(t), newURL(t), newCookies(t), newExplain(t), newStatus(t), newDoctor(t), newKeygen(t), newCompletion(t), newVersion(t))
	root.InitDefaultHelpCmd()
	checkValues(root)
	return root
}

// find returns the command of a verb.
func find(root *cobra.Command, word string) (*cobra.Command, error) {
	for _, verb := range root.Commands() {
		if verb.Name() == word {
			return verb, nil
		}
	}
	return nil, unknownVerb(root, word)
}

func unknownVerb(root *cobra.Command, word string) error {
	wrong := &failure{err: fmt.Errorf("there is no verb %s", shown(word)), hint: "run `signedfront help` for a list", usage: true}
	if near := root.SuggestionsFor(word); len(near) > 0 {
		wrong.hint = fmt.Sprintf("did you mean `signedfront %s`?", near[0])
	}
	return wrong
}

// otherFlags are flags of the AWS CLI and other common mistakes, with hints.
var otherFlags = map[string]string{
	"date-less-than":    "did you mean --expires?",
	"date-greater-than": "did you mean --not-before?",
	"ip-address":        "did you mean --ip?",
	"url":               "write the URL without a flag before it",
	"profile":           "set the environment variable AWS_PROFILE",
	"region":            "set the environment variable AWS_REGION",
	"environment":       "did you mean --env?",
	"port":              "did you mean --addr 127.0.0.1:PORT?",
	"key":               "did you mean --private-key?",
}

// flagError returns an error for a mistake that pflag found. It does not pass on
// pflag's text, which quotes the value. args is the whole command line.
func flagError(cmd *cobra.Command, err error, args []string) error {
	wrong := &failure{err: errors.New("the flags cannot be read"), usage: true}
	var unknown *pflag.NotExistError
	var valueless *pflag.ValueRequiredError
	var invalid *pflag.InvalidValueError
	var syntax *pflag.InvalidSyntaxError
	var told *failure
	var names []string
	cmd.Flags().VisitAll(func(f *pflag.Flag) { names = append(names, f.Name) })
	switch {
	case errors.As(err, &unknown) && unknown.GetSpecifiedShortnames() != "":
		given := "-" + unknown.GetSpecifiedShortnames()
		for _, arg := range args { // for -version, pflag reads -v and leaves the rest
			if arg != given && strings.HasPrefix(arg, "-") && !strings.HasPrefix(arg, "--") && strings.HasSuffix(arg, given[1:]) {
				given = arg
			}
		}
		wrong.err = fmt.Errorf("there is no flag %s", signer.Describe(given, signer.FormWord))
		wrong.hint = "write two hyphens and the whole name of the flag"
		if name := config.Nearest(given[1:], names); name != "" {
			wrong.hint = fmt.Sprintf("did you mean --%s?", name)
		}
	case errors.As(err, &unknown):
		given := unknown.GetSpecifiedName()
		wrong.err = fmt.Errorf("there is no flag %s", signer.Describe("--"+given, signer.FormWord))
		if hint := otherFlags[given]; hint != "" && cmd.HasParent() {
			wrong.hint = hint
		} else if name := config.Nearest(given, names); name != "" {
			wrong.hint = fmt.Sprintf("did you mean --%s?", name)
		}
	case errors.As(err, &valueless):
		wrong.err = fmt.Errorf("--%s has no value", valueless.GetFlag().Name)
		wrong.hint = "write its value after it"
	case errors.As(err, &invalid) && errors.As(err, &told):
		wrong.err = fmt.Errorf("--%s %w", invalid.GetFlag().Name, told.err)
		wrong.hint = told.hint
		for _, other := range []string{"expires", "ttl"} {
			if hint, _, ok := strings.Cut(told.hint, "; --"+other+" takes"); ok && cmd.Flags().Lookup(other) == nil {
				wrong.hint = hint // the verb does not have this flag
			}
		}
	case errors.As(err, &invalid):
		wrong.err = fmt.Errorf("--%s is %s", invalid.GetFlag().Name, signer.Describe(invalid.GetValue(), signer.FormWord))
		if invalid.GetFlag().Value.Type() == "bool" {
			wrong.hint = fmt.Sprintf("write --%s or --%[1]s=false", invalid.GetFlag().Name)
		}
	case errors.As(err, &syntax):
		wrong.err = fmt.Errorf("%s is not a flag", signer.Describe(syntax.GetSpecifiedFlag(), signer.FormWord))
	}
	return wrong
}
