package main

import (
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/signedfront/signedfront/signer/edge/probe"
)

func newProbe(t *terminal) *cobra.Command {
	var f signingFlags
	var patience time.Duration
	cmd := &cobra.Command{
		Use:   "probe KEY",
		Short: "Ask a distribution what no documentation tells",
		Long: `Ask the distribution of a deployment what no documentation of CloudFront tells,
and print a Markdown table of what it answered beside what the local edge does.

KEY is an object that is there. Some of the requests open, for a minute, all
that the key is trusted for: use an environment that nobody else uses yet. What
was signed is printed nowhere.`,
		Example: `  signedfront probe --env dev rt.png
  signedfront probe --env dev --wait 15m rt.png   # soon after a key was added`,
		Args:              exactlyOne("object key"),
		ValidArgsFunction: cobra.NoFileCompletions,
		RunE: func(cmd *cobra.Command, args []string) error {
			if f.env == "" && f.deployment == "" {
				return &failure{err: errors.New("no deployment to ask"), hint: "give --env NAME or --deployment FILE", usage: true}
			}
			if isURL(args[0]) {
				return &failure{err: fmt.Errorf("%s is a URL", shown(args[0])), hint: "write the object's key, such as rt.png", usage: true}
			}
			if err := f.check(); err != nil {
				return err
			}
			ctx := cmd.Context()
			source, err := f.source(ctx)
			if err != nil {
				return err
			}
			d, key, err := currentKey(ctx, source)
			if err != nil {
				return err
			}
			answers, err := probe.Run(ctx, probe.Target{
				BaseURL: d.BaseURL, Object: args[0],
				KeyPairID: d.KeyPairID, Key: key, Hash: d.Hash,
				Patience: patience,
			})
			switch {
			case errors.Is(err, probe.ErrRefused):
				return &failure{err: err, hint: fmt.Sprintf("is %s in the bucket? after a deployment, wait with --wait 15m", shown(args[0]))}
			case err != nil:
				return err
			}
			return probe.WriteMarkdown(t.out, answers)
		},
	}
	flags := cmd.Flags()
	flags.SortFlags = false
	flags.StringVar(&f.env, "env", "", "ask this deployed `environment`")
	flags.StringVar(&f.project, "project", "", "the `project` of the environment (default that of the cdk.json here, or signedfront)")
	flags.StringVar(&f.deployment, "deployment", "", "ask the deployment of the document in this `file`")
	addDuration(cmd, &patience, "wait", 0, 0, "wait this `duration` for a signed URL to be answered, such as 15m")
	cmd.MarkFlagFilename("deployment", "json")
	for _, name := range []string{"env", "project"} {
		cmd.RegisterFlagCompletionFunc(name, cobra.NoFileCompletions)
	}
	return cmd
}
