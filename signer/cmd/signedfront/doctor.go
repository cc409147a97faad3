package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"time"

	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"
	"github.com/spf13/cobra"

	"github.com/signedfront/signedfront/signer"
	"github.com/signedfront/signedfront/signer/internal/doctor"
	"github.com/signedfront/signedfront/signer/internal/report"
	"github.com/signedfront/signedfront/signer/internal/status"
)

func newDoctor(t *terminal) *cobra.Command {
	var f signingFlags
	var origin string
	var all, asJSON, unknown bool
	cmd := &cobra.Command{
		Use:        "doctor [KEY]",
		Short:      "Send a deployment the requests of viewers and attackers, and report what is wrong",
		SuggestFor: []string{"diagnose", "test", "probe", "audit"},
		Long: fmt.Sprintf(`Send a deployment the requests of viewers and attackers, and report what is wrong with
its answers. An attacker sends no signature, or one that is expired, altered, of another
key or for another path, uses plain HTTP and other spellings of paths, and sends
requests to the bucket at each of its addresses. A viewer uses signed URLs and cookies,
ranges, HEAD, file names, and a page of --origin.

KEY is the key of an object to open. Without it, the checks that open an object are not
asked. With --env, the report includes what signedfront status finds. DOCTOR.md of this
command describes each check and the members of the JSON.

With --unknowns it asks instead what the documentation of CloudFront does not say, and
prints the answers next to the local edge's, as Markdown for an issue.

It changes nothing, sends at most %d requests, and prints no key and no signature.

The exit status is 0 if no check failed, 3 if one did, 1 if one could not be asked,
and 2 if the command line is wrong.`, doctor.MaxRequests),
		Example: `  # The local stack, while "signedfront local" runs:
  signedfront doctor --deployment .signedfront/signedfront-dev/deployment.json rt.png

  # The deployed environment dev, and a page that reads its content:
  signedfront doctor --env dev --origin https://app.example.com rt.png

  # What only CloudFront can answer, for an issue:
  signedfront doctor --env dev --unknowns rt.png > answers.md`,
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
			switch {
			case unknown && len(args) == 0:
				return &failure{err: errors.New("--unknowns needs KEY"), hint: "give the key of a private object", usage: true}
			case unknown && (origin != "" || all):
				return wrongUsage("--unknowns runs no other check: give it without --origin and --all")
			case unknown:
				return f.askUnknowns(ctx, t, args[0], asJSON)
			}
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
			where := cmp.Or(site.baseURL(), f.env)
			if site.Unsigned != nil {
				site.Unsigned = errors.New(t.withheld().clean(site.Unsigned.Error()))
			}
			if len(args) > 0 && site.Deployment != nil {
				if err := checkObject(args[0], site.Deployment.BaseURL); err != nil {
					return err
				}
				site.Object = args[0]
			}
			site.Origin, site.Client = origin, doctor.NewClient()
			site.Proxied = proxied(ctx, site.baseURL())
			show, end := t.progress("asking "+where, "asked "+where)
			found := doctor.Run(ctx, site.Site, func(checks, of int) { show(fmt.Sprintf("asking %s: %d of %d checks", where, checks, of)) })
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
				return &failure{err: errors.New("not every check could be asked, so more may be wrong"), hint: "the lines above name what is missing"}
			}
			return nil
		},
	}
	flags := cmd.Flags()
	flags.SortFlags = false
	flags.StringVar(&f.env, "env", "", "the deployed `environment`, read from AWS")
	flags.StringVar(&f.project, "project", "", "the `project` of the environment (default that of the cdk.json here, or signedfront)")
	flags.StringVar(&f.deployment, "deployment", "", "the deployment whose document is in this `file`, such as the one that `signedfront local` writes")
	f.awsFlags.add(cmd)
	flags.StringVar(&origin, "origin", "", "send requests as a page of this `origin`, such as https://app.example.com")
	flags.BoolVar(&all, "all", false, "list every check")
	flags.BoolVar(&unknown, "unknowns", false, "ask only what the documentation of CloudFront does not say")
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

// site is a doctor.Site whose signers must be closed.
type site struct{ doctor.Site }

// baseURL returns the base URL, or "" if it is not known.
func (s *site) baseURL() string {
	if s.Deployment == nil {
		return ""
	}
	return s.Deployment.BaseURL
}

func (s *site) close() {
	for _, opened := range []*signer.Signer{s.Signer, s.Past} {
		if opened != nil {
			opened.Close()
		}
	}
}

// site opens the deployment that the flags name. The site has no signers if the key
// cannot be used, and no deployment if the base URL is not known. inside is the status of
// the environment, or nil for a file.
func (f *signingFlags) site(ctx context.Context, inside *status.Report) (*site, error) {
	s := &site{}
	if inside != nil && inside.Protection != nil {
		s.Public, s.Signed = inside.Protection.Public, inside.Protection.SignedPaths
		if t := inside.Protection.Template; t != nil { // the distribution may have been opened by hand
			s.Public, s.Signed = t.Public, t.SignedPaths
		}
	}
	if inside != nil && inside.Served != nil {
		s.Names = inside.Served.Names
	}
	source, err := f.source(ctx)
	if err == nil {
		s.Deployment, err = source.Deployment(ctx)
	}
	var wrong *failure
	switch {
	case err == nil:
	case errors.As(err, &wrong) && wrong.usage:
		return nil, err
	case f.deployment != "":
		// The lender's document cannot be read. The document in the file may be readable.
		s.Unsigned = unsigned(err)
		if _, s.Deployment, err = f.documentFile(); err != nil {
			return nil, err
		}
		return s, nil
	case ctx.Err() != nil:
		return nil, errors.New("interrupted")
	default:
		s.Unsigned = unsigned(err)
		if inside.Served != nil {
			s.Deployment = &signer.Deployment{Schema: signer.DeploymentSchema, BaseURL: inside.Served.URL, Region: inside.Region}
		}
		return s, nil
	}
	s.Signer, err = signer.Open(ctx, source, nil)
	if err == nil {
		// Credentials that may read a key in KMS may lack the right to sign with it.
		_, err = s.Signer.URL(ctx, s.Deployment.BaseURL+"/", signer.Policy{TTL: time.Second})
	}
	if err == nil {
		hourAgo := func() time.Time { return time.Now().Add(-time.Hour) }
		s.Past, err = signer.Open(ctx, source, &signer.OpenOptions{Now: hourAgo})
	}
	if err != nil {
		s.close()
		s.Signer, s.Past, s.Unsigned, s.Unfit = nil, nil, unsigned(err), unfit(err)
	}
	return s, nil
}

// unsigned returns why nothing can be signed. If IAM refused a call, the error names
// the missing action.
func unsigned(err error) error {
	var call *smithy.OperationError
	if errors.As(err, &call) && status.Denied(err) {
		service := map[string]string{"SSM": "ssm", "Secrets Manager": "secretsmanager", "KMS": "kms"}[call.Service()]
		return fmt.Errorf("these credentials may not use %s:%s, which the managed policy of the stack allows", service, call.Operation())
	}
	return err
}

// unfit reports whether err is about the deployment's key itself, and not about reading
// or using it.
func unfit(err error) bool {
	var answer smithy.APIError
	var unsent *smithyhttp.RequestSendError
	var here *failure
	return !errors.As(err, &answer) && !errors.As(err, &unsent) && !errors.As(err, &here) && !errors.Is(err, fs.ErrNotExist) && !errors.Is(err, fs.ErrPermission) &&
		!errors.Is(err, context.Canceled) && !errors.Is(err, context.DeadlineExceeded)
}
