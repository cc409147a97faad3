package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"time"

	"github.com/spf13/cobra"

	"github.com/signedfront/signedfront/signer"
	"github.com/signedfront/signedfront/signer/internal/doctor"
	"github.com/signedfront/signedfront/signer/internal/report"
	"github.com/signedfront/signedfront/signer/internal/status"
)

func newDoctor(t *terminal) *cobra.Command {
	var f signingFlags
	var origin string
	var all, asJSON bool
	cmd := &cobra.Command{
		Use:        "doctor [KEY]",
		Short:      "Ask a deployment as a viewer and as an attacker, and tell what is wrong",
		SuggestFor: []string{"diagnose", "test", "probe", "audit"},
		Long: fmt.Sprintf(`Ask a deployment what a viewer and an attacker would ask, and tell what is wrong with
its answers: without a signature, with one that is expired, altered, of another key or
of another path, over plain HTTP, at each address of the bucket, in other spellings;
with signed URLs and cookies, ranges, HEAD, file names, and from a page of --origin.

KEY is the key of an object to open. Without it the checks that open one are not
asked. With --env it is told, too, what signedfront status finds. DOCTOR.md of this
command has each check, and the members of the JSON.

It changes nothing, sends at most %d requests, and prints no key and no signature.

The exit status is 0 if no check failed, 3 if one did, 1 if one could not be asked,
and 2 if the command line is wrong.`, doctor.MaxRequests),
		Example: `  # The local stack, while "signedfront local" runs:
  signedfront doctor --deployment .signedfront/signedfront-dev/deployment.json rt.png

  # The deployed environment dev, and a page that reads its content:
  signedfront doctor --env dev --origin https://app.example.com rt.png`,
		Args:              atMostOneKey,
		ValidArgsFunction: cobra.NoFileCompletions,
		RunE: func(cmd *cobra.Command, args []string) error {
			switch {
			case f.env == "" && f.deployment == "":
				return &failure{err: errors.New("no deployment given"), hint: "give --env NAME or --deployment FILE", usage: true}
			case f.env != "" && f.deployment != "":
				return wrongUsage("--env and --deployment each name a deployment: give one")
			}
			if err := f.check(); err != nil {
				return err
			}
			if err := checkOrigin(origin); err != nil {
				return err
			}
			ctx := cmd.Context()
			var inside *status.Report
			if f.env != "" {
				var err error
				if inside, err = f.readStatus(ctx, t); err != nil {
					return err
				}
			}
			site, err := f.site(ctx, inside)
			if err != nil {
				return err
			}
			defer site.close()
			if site.Unsigned != nil {
				site.Unsigned = errors.New(t.withheld().clean(site.Unsigned.Error()))
			}
			if len(args) > 0 {
				if err := checkObject(args[0], site.Deployment.BaseURL); err != nil {
					return err
				}
				site.Object = args[0]
			}
			site.Origin, site.Client = origin, viewer()
			asking := "asking " + site.Deployment.BaseURL
			tell, end := t.progress(asking, "asked "+site.Deployment.BaseURL)
			found := doctor.Run(ctx, site.Site, func(checks, of int) { tell(fmt.Sprintf("%s: %d of %d checks", asking, checks, of)) })
			end(ctx.Err() == nil)
			if ctx.Err() != nil {
				return errors.New("interrupted")
			}
			if inside != nil {
				found.Add(doctor.Inside(inside)...)
			}
			if asJSON {
				err = report.JSON(t.out, found)
			} else {
				err = report.Doctor(t.out, found, all, t.color())
			}
			switch {
			case err != nil:
				return writing(err)
			case found.Count(doctor.Failed) > 0:
				return errFound
			case !found.Healthy:
				return &failure{err: errors.New("not every check could be asked, so it is not known whether all is well"), hint: "the lines above name what is missing"}
			}
			return nil
		},
	}
	flags := cmd.Flags()
	flags.SortFlags = false
	flags.StringVar(&f.env, "env", "", "the deployed `environment`, read over AWS")
	flags.StringVar(&f.project, "project", "", "the `project` of the environment (default that of the cdk.json here, or signedfront)")
	flags.StringVar(&f.deployment, "deployment", "", "the deployment whose document is in this `file`, such as `signedfront local` writes")
	f.awsFlags.add(cmd)
	flags.StringVar(&origin, "origin", "", "ask as a page of this `origin`, such as https://app.example.com")
	flags.BoolVar(&all, "all", false, "list every check")
	flags.BoolVar(&asJSON, "json", false, "print JSON")
	cmd.MarkFlagFilename("deployment", "json")
	cmd.RegisterFlagCompletionFunc("env", environments)
	for _, name := range []string{"project", "origin"} {
		cmd.RegisterFlagCompletionFunc(name, cobra.NoFileCompletions)
	}
	return cmd
}

func atMostOneKey(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	return exactlyOne("object key")(cmd, args)
}

// checkOrigin checks the value of --origin.
func checkOrigin(origin string) error {
	if origin == "" {
		return nil
	}
	if u, err := url.Parse(origin); err == nil && (u.Scheme == "https" || u.Scheme == "http") && u.Host != "" && u.Scheme+"://"+u.Host == origin {
		return nil
	}
	return &failure{err: fmt.Errorf("--origin is %s, not an origin", described(origin)), hint: "write a scheme and a host alone, as in https://app.example.com", usage: true}
}

// checkObject checks KEY.
func checkObject(key, base string) error {
	if isURL(key) {
		return &failure{err: fmt.Errorf("%s is a URL, not an object key", shown(key)), hint: "give what follows the base URL and a slash, without escapes", usage: true}
	}
	c := &credentials{base: base}
	if _, err := c.url(key); err != nil {
		return fmt.Errorf("%s: %w", shown(key), err)
	}
	return nil
}

// viewer sends requests as a viewer does who follows no redirect. It keeps no cookie
// and sends no credentials.
func viewer() *http.Client {
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.DisableCompression = true
	transport.MaxIdleConnsPerHost = 8
	return &http.Client{Transport: transport, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
}

// site is a deployment to ask, with signers to close.
type site struct{ doctor.Site }

func (s *site) close() {
	for _, opened := range []*signer.Signer{s.Signer, s.Past} {
		if opened != nil {
			opened.Close()
		}
	}
}

// site opens the deployment of the flags. A key that cannot be read leaves the
// site without signers. inside is what AWS says of it, nil for a file.
func (f *signingFlags) site(ctx context.Context, inside *status.Report) (*site, error) {
	s := &site{}
	if inside != nil && inside.Protection != nil {
		s.Public, s.Signed = inside.Protection.Public, inside.Protection.SignedPaths
	}
	source, err := f.source(ctx)
	if err == nil {
		s.Deployment, err = source.Deployment(ctx)
	}
	switch {
	case err == nil:
	case f.deployment != "":
		// The document of a file is known, where its lender's is not.
		s.Unsigned = err
		if _, s.Deployment, err = f.documentFile(); err != nil {
			return nil, err
		}
		return s, nil
	case inside != nil && inside.Served != nil:
		s.Unsigned = errors.New("the deployment document cannot be read")
		s.Deployment = &signer.Deployment{Schema: signer.DeploymentSchema, BaseURL: inside.Served.URL, Region: inside.Region}
		return s, nil
	default:
		return nil, awsFailure(err)
	}
	if s.Signer, s.Unsigned = signer.Open(ctx, source, nil); s.Unsigned != nil {
		s.Signer = nil
		return s, nil
	}
	hourAgo := func() time.Time { return time.Now().Add(-time.Hour) }
	if s.Past, s.Unsigned = signer.Open(ctx, source, &signer.OpenOptions{Now: hourAgo}); s.Unsigned != nil {
		s.Past = nil
	}
	return s, nil
}
