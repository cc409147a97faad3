package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/signedfront/signedfront/signer"
)

func newURL(t *terminal) *cobra.Command {
	var f signingFlags
	var asJSON bool
	cmd := &cobra.Command{
		Use:        "url URL...",
		Short:      "Sign URLs",
		SuggestFor: []string{"sign", "presign", "urls", "sign-url"},
		Long: `Sign URLs, and print one signed URL per line.

With --env or --deployment an object key is enough. A URL that some clients would
rewrite is refused, with the byte and what to write instead. Nothing is printed
then.

With - instead of URLs, they are read from standard input, one per line, and the
signed URLs are printed in the same order. A line that is refused is reported on
standard error with its number. The other lines are signed, and the exit status is
1. Each line is signed as soon as it is read.`,
		Example: `  # An object of the deployed environment dev, for two minutes:
  signedfront url --env dev rt.png

  # An object of the local stack, while "signedfront local" runs:
  signedfront url --deployment .signedfront/signedfront-dev/deployment.json rt.png

  # With a key of your own, until a time, for one address:
  signedfront url --key-pair-id K2JCJMDEHXQW5F --private-key private_key.pem \
    --expires 2027-01-01T00:00:00Z --ip 203.0.113.7 \
    https://d111111abcdef8.cloudfront.net/rt.png

  # With a key that is not in a file, from standard input or a variable:
  signedfront url --key-pair-id K2JCJMDEHXQW5F --private-key - \
    https://d111111abcdef8.cloudfront.net/rt.png <private_key.pem
  signedfront url --key-pair-id K2JCJMDEHXQW5F --private-key-env PRIVATE_KEY \
    https://d111111abcdef8.cloudfront.net/rt.png

  # Every object of a folder, from a list of their keys:
  signedfront url --env dev - < keys.txt > urls.txt

  # A URL that a browser saves under another name than the object's:
  signedfront url --env dev --save-as 'Invoice July 2026.pdf' invoices/7f3a.pdf

  # A URL that opens all of an album:
  signedfront url --env dev --resource 'albums/7/*' --ttl 1h albums/7/index.m3u8`,
		Args:              atLeastOne("URL or object key"),
		ValidArgsFunction: cobra.NoFileCompletions,
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) > 1 && slices.Contains(args, "-") {
				return wrongUsage("- is standard input: give no other argument")
			}
			if f.privateKey == "-" && slices.Contains(args, "-") {
				return wrongUsage("- is standard input for both the private key and the URLs: give the key with --private-key-env or as a file")
			}
			if f.saveAs != "" && (len(args) > 1 || args[0] == "-") {
				return wrongUsage("--save-as sets the name of one file: give one URL or object key")
			}
			p, err := f.policy(cmd)
			if err != nil {
				return err
			}
			f.onUnforwarded = func(parameter string) {
				t.notef("the deployment does not forward the parameter %s to the bucket: S3 does not see it", signer.Describe(parameter, signer.FormWord))
			}
			c, err := f.open(cmd.Context())
			if err != nil {
				return err
			}
			defer c.Close()
			if f.saveAs != "" && f.keyPairID != "" {
				t.notef("whether the distribution forwards response-content-disposition to the bucket is unknown here: if it does not, the name has no effect")
			}
			if f.resource != "" {
				if p.Resource, err = c.resource(f.resource); err != nil {
					return fmt.Errorf("--resource %s: %w", shown(f.resource), err)
				}
			}
			write := writeURL
			if asJSON {
				write = writeJSON
			}
			sign := func(ctx context.Context, arg string, name func() string) (string, error) {
				return f.sign(ctx, c, p, arg, name)
			}
			if args[0] == "-" {
				return t.signLines(cmd.Context(), sign, write)
			}
			// Print all of them or none.
			var out strings.Builder
			for i, arg := range args {
				signed, err := sign(cmd.Context(), arg, func() string {
					name := shown(arg)
					if len(args) > 1 && !isQuoted(name) {
						name = fmt.Sprintf("argument %d, %s", i+1, name)
					}
					return name
				})
				if err != nil {
					return err
				}
				if err := write(&out, &inputLine{text: arg, signed: signed}); err != nil {
					return err
				}
			}
			_, err = io.WriteString(t.out, out.String())
			return writing(err)
		},
	}
	f.addKeyFlags(cmd)
	f.addPolicyFlags(cmd)
	cmd.Flags().StringVar(&f.resource, "resource", "", "sign for this `pattern`, with * for any characters; it must match the URLs")
	cmd.RegisterFlagCompletionFunc("resource", cobra.NoFileCompletions)
	cmd.Flags().StringVar(&f.saveAs, "save-as", "", "make browsers save the object under this `name`; the deployment needs the setting downloads")
	cmd.RegisterFlagCompletionFunc("save-as", cobra.NoFileCompletions)
	cmd.Flags().BoolVar(&asJSON, "json", false, "print one JSON object per line: input, url and, for standard input, line")
	return cmd
}

// sign signs a URL or an object key of the deployment. An error that does not
// depend on it is an *everyLine.
func (f *signingFlags) sign(ctx context.Context, c *credentials, p signer.Policy, arg string, name func() string) (string, error) {
	rawURL, err := c.url(arg)
	if err != nil {
		return "", fmt.Errorf("%s: %w", name(), err)
	}
	if f.saveAs != "" {
		if rawURL, err = (signer.Download{Name: f.saveAs}).URL(rawURL); err != nil {
			return "", fmt.Errorf("--save-as: %w", err)
		}
	}
	signed, err := c.URL(ctx, rawURL, p)
	if err == nil {
		return signed, nil
	}
	var unstable *signer.URLError
	var uncovered *signer.CoverageError
	var ignored *signer.QueryError
	switch {
	case errors.As(err, &ignored):
		return "", fmt.Errorf("%s: %w", name(), err)
	case errors.As(err, &uncovered):
		return "", &failure{err: fmt.Errorf("--resource %s does not cover %s", shown(f.resource), name()), hint: "write * for any number of characters", usage: true}
	case errors.As(err, &unstable) && f.resource != "" && strings.HasPrefix(err.Error(), "resource: "):
		return "", &everyLine{fmt.Errorf("--resource %s: %w", shown(f.resource), unstable)}
	case errors.As(err, &unstable) && unstable.Found == "*":
		return "", &failure{err: fmt.Errorf("%s: %w", name(), err), hint: "--resource takes a pattern, in addition to the URL that it covers; so does `signedfront cookies`"}
	case errors.As(err, &unstable) && isURL(arg) && unstable.Part == "path" && strings.HasPrefix(unstable.Fix, "write %"):
		return "", &failure{err: fmt.Errorf("%s: %w", name(), err), hint: "with --env or --deployment you can give the unescaped object key of S3"}
	case errors.As(err, &unstable), strings.HasPrefix(err.Error(), "signing with key "): // another key of KMS may sign the next
		return "", fmt.Errorf("%s: %w", name(), err)
	}
	return "", &everyLine{err}
}

func writeURL(w io.Writer, l *inputLine) error {
	_, err := io.WriteString(w, l.signed+"\n")
	return err
}

func writeJSON(w io.Writer, l *inputLine) error {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false) // write & unescaped
	return e.Encode(struct {
		Line  int    `json:"line,omitempty"`
		Input string `json:"input"`
		URL   string `json:"url"`
	}{l.number, l.text, l.signed})
}

func atLeastOne(what string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if len(args) == 0 {
			return wrongUsage("no %s given", what)
		}
		return nil
	}
}

func exactlyOne(what string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if err := atLeastOne(what)(cmd, args); err != nil {
			return err
		}
		if len(args) > 1 {
			return &failure{err: fmt.Errorf("want one %s, not %d", what, len(args)), hint: "put single quotes around an argument with spaces, &, ? or *, because a shell splits or expands it", usage: true}
		}
		return nil
	}
}

func noArguments(_ *cobra.Command, args []string) error {
	if len(args) > 0 {
		return wrongUsage("%s: want no argument", shown(args[0]))
	}
	return nil
}
