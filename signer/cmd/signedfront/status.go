package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/signedfront/signedfront/signer/internal/report"
	"github.com/signedfront/signedfront/signer/internal/status"
)

// errFound makes status and doctor exit with 3. Their reports have been printed.
var errFound = errors.New("something is wrong")

func newStatus(t *terminal) *cobra.Command {
	var f signingFlags
	var asJSON bool
	cmd := &cobra.Command{
		Use:        "status --env NAME",
		Short:      "Show the state of a deployed environment and what is wrong with it",
		SuggestFor: []string{"state", "info", "describe", "health"},
		Long: `Show the state of a deployed environment and what is wrong with it: where it is served,
how it is protected, its stack, each signing key with the steps that are safe now and
later, the stacks that borrow its keys, and how much of the account's quotas is left.

It calls only AWS's APIs: it changes nothing, sends no viewer's request, and needs no
right to sign. If these credentials may not read something, the report names the missing
action of IAM and shows the rest. STATUS.md of this command has a policy with all these
actions, and describes each check and the members of the JSON.

The exit status is 0 if nothing is wrong, 3 if something is, 1 if the environment or
something that a check needs could not be read, and 2 if the command line is wrong.`,
		Example: `  signedfront status --env dev

  # For a monitor:
  signedfront status --env prod --profile readonly --region eu-west-1 --json | jq '.findings[]'`,
		Args:              noArguments,
		ValidArgsFunction: cobra.NoFileCompletions,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if f.env == "" {
				return &failure{err: errors.New("no environment given"), hint: "give --env NAME, with the name that it has in cdk.json", usage: true}
			}
			if err := f.checkNames(); err != nil {
				return err
			}
			found, err := f.readStatus(cmd.Context(), t)
			if err != nil {
				return err
			}
			if asJSON {
				err = report.JSON(t.out, found)
			} else {
				err = report.Screen(t.out, found, t.color())
			}
			switch {
			case err != nil:
				return writing(err)
			case len(found.Findings) > 0:
				return errFound
			case !found.Healthy:
				return &failure{err: errors.New("not everything could be read, so more may be wrong"), hint: "the lines above name what is missing"}
			}
			return nil
		},
	}
	flags := cmd.Flags()
	flags.SortFlags = false
	flags.StringVar(&f.env, "env", "", "the `environment`")
	flags.StringVar(&f.project, "project", "", "the `project` of the environment (default that of the cdk.json here, or signedfront)")
	f.awsFlags.add(cmd)
	flags.BoolVar(&asJSON, "json", false, "print JSON")
	cmd.RegisterFlagCompletionFunc("env", environments)
	cmd.RegisterFlagCompletionFunc("project", cobra.NoFileCompletions)
	return cmd
}

// readStatus reads the status of the environment --env.
func (f *signingFlags) readStatus(ctx context.Context, t *terminal) (*status.Report, error) {
	e, account, err := f.account(ctx)
	if err != nil {
		return nil, err
	}
	_, end := t.progress(fmt.Sprintf("asking AWS about %s in %s", e.Name, e.Region), "asked AWS about "+e.Name)
	found, err := status.Read(ctx, account, e)
	end(err == nil)
	if err != nil {
		return nil, statusFailure(ctx, err)
	}
	return found, nil
}

// account returns the environment --env and the account to read it from.
func (f *signingFlags) account(ctx context.Context) (status.Environment, status.Account, error) {
	project, err := f.projectName()
	if err != nil {
		return status.Environment{}, nil, err
	}
	account, region, err := f.openAccount(ctx)
	return status.Environment{Project: project, Name: f.env, Region: region}, account, err
}

// statusFailure returns the error of a status that could not be read, with what to do.
func statusFailure(ctx context.Context, err error) error {
	switch {
	case ctx.Err() != nil:
		return errors.New("interrupted")
	case errors.Is(err, status.ErrNoEnvironment):
		return &failure{err: err, hint: "`aws sts get-caller-identity` shows which account this is; choose another with --profile and --region, or another project with --project; --env is the name in cdk.json"}
	case status.BadCredentials(err):
		return &failure{err: errors.New("AWS does not accept the credentials: " + status.Why(err)), hint: "sign in again with `aws sso login`, choose others with --profile, and check this machine's clock"}
	case status.Unreachable(err):
		return &failure{err: errors.New(status.Why(err)), hint: "check that AWS has this Region, and that this machine is online and can reach AWS, through the proxy that HTTPS_PROXY names if it is set"}
	}
	return errors.New(status.Why(err))
}
