package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/spf13/cobra"

	"github.com/signedfront/signedfront/signer"
	"github.com/signedfront/signedfront/signer/awskeys"
)

// signingFlags are the words that url, cookies and explain share: whose key
// signs, and for how long.
type signingFlags struct {
	env, project string
	deployment   string
	keyPairID    string
	privateKey   string
	hash         string

	expires   string
	ttl       time.Duration
	notBefore string
	ip        string
	resource  string
}

const defaultTTL = 2 * time.Minute

func (f *signingFlags) addKeyFlags(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.SortFlags = false
	flags.StringVar(&f.env, "env", "", "sign with the key of this deployed `environment`, read over AWS")
	flags.StringVar(&f.project, "project", "", "the `project` of the environment (default that of the cdk.json here, or signedfront)")
	flags.StringVar(&f.deployment, "deployment", "", "sign with the key of the deployment document in this `file`, such as `signedfront local` writes")
	flags.StringVar(&f.keyPairID, "key-pair-id", "", "sign with --private-key, under this `id` that CloudFront gave its public half")
	flags.StringVar(&f.privateKey, "private-key", "", "the PEM `file` of the private key")
	flags.StringVar(&f.hash, "hash", "", "the `hash` to sign with --private-key: sha256 or sha1 (default sha256)")
	cmd.MarkFlagFilename("deployment", "json")
	cmd.MarkFlagFilename("private-key")
	for _, name := range []string{"env", "project", "key-pair-id"} {
		cmd.RegisterFlagCompletionFunc(name, cobra.NoFileCompletions)
	}
	cmd.RegisterFlagCompletionFunc("hash", cobra.FixedCompletions([]string{"sha256", "sha1"}, cobra.ShellCompDirectiveNoFileComp))
}

func (f *signingFlags) addPolicyFlags(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.DurationVar(&f.ttl, "ttl", defaultTTL, "good for this `duration` from now, such as 90s or 12h")
	flags.Lookup("ttl").DefValue = "2m"
	flags.StringVar(&f.expires, "expires", "", "good until this `time`, in place of --ttl: RFC 3339, or seconds since 1970")
	flags.StringVar(&f.notBefore, "not-before", "", "not good before this `time`")
	flags.StringVar(&f.ip, "ip", "", "good for this IPv4 `address` or prefix alone, such as 203.0.113.0/24")
	for _, name := range []string{"ttl", "expires", "not-before", "ip"} {
		cmd.RegisterFlagCompletionFunc(name, cobra.NoFileCompletions)
	}
}

func wrongUsage(format string, args ...any) error {
	return &failure{err: fmt.Errorf(format, args...), usage: true}
}

// policy reads the flags of a policy.
func (f *signingFlags) policy(cmd *cobra.Command) (signer.Policy, error) {
	p := signer.Policy{TTL: f.ttl, IPAddress: f.ip}
	if f.expires != "" {
		if cmd.Flags().Changed("ttl") {
			return p, wrongUsage("--ttl and --expires both say until when: give one")
		}
		t, err := parseTime(f.expires)
		if err != nil {
			return p, wrongUsage("--expires %q: %w", f.expires, err)
		}
		p.Expires, p.TTL = t, 0
	} else if f.ttl <= 0 {
		return p, &failure{err: fmt.Errorf("--ttl %s: not a time to come", f.ttl), hint: durationHint, usage: true}
	}
	if f.notBefore != "" {
		t, err := parseTime(f.notBefore)
		if err != nil {
			return p, wrongUsage("--not-before %q: %w", f.notBefore, err)
		}
		p.NotBefore = t
	}
	return p, trial(p)
}

// trial finds out whether a policy works at all, with a key of its own, before
// AWS is asked for one.
func trial(p signer.Policy) error {
	key, err := signer.GenerateKey(signer.ECDSAP256)
	if err != nil {
		return err
	}
	s, err := signer.New("TRIAL", key, nil)
	if err != nil {
		return err
	}
	if _, err := s.URL(context.Background(), "https://trial.invalid/", p); err != nil {
		return wrongUsage("%w", err)
	}
	return nil
}

// shown is an argument as it may be printed: a URL may be signed, and then its
// query opens what it is for.
func shown(arg string) string {
	arg, _, cut := strings.Cut(arg, "?")
	if cut {
		return printable(arg) + "?…"
	}
	return printable(arg)
}

// isURL tells a whole URL from an object key.
func isURL(arg string) bool {
	return strings.HasPrefix(arg, "https://") || strings.HasPrefix(arg, "http://")
}

// parseTime reads RFC 3339 or seconds since 1970.
func parseTime(text string) (time.Time, error) {
	if n, err := strconv.ParseInt(text, 10, 64); err == nil {
		return time.Unix(n, 0), nil
	}
	t, err := time.Parse(time.RFC3339, text)
	if err != nil {
		return t, errors.New("not a time: write 2026-07-01T12:00:00Z, or seconds since 1970")
	}
	return t, nil
}

// credentials are a signer, and what is known of its deployment.
type credentials struct {
	*signer.Signer
	base string // of the deployment, empty for a key file
}

// check reports what does not go together, before anything is read.
func (f *signingFlags) check() error {
	given := 0
	for _, name := range []string{f.env, f.deployment, f.keyPairID + f.privateKey} {
		if name != "" {
			given++
		}
	}
	switch {
	case given == 0:
		return &failure{err: errors.New("no key to sign with"), hint: "give --env NAME, --deployment FILE, or --key-pair-id ID with --private-key FILE", usage: true}
	case given > 1:
		return wrongUsage("--env, --deployment and --private-key each name a key: give one")
	case (f.keyPairID == "") != (f.privateKey == ""):
		return wrongUsage("--key-pair-id and --private-key go together")
	case f.project != "" && f.env == "":
		return wrongUsage("--project goes with --env")
	case f.hash != "" && f.privateKey == "":
		return wrongUsage("--hash goes with --private-key: a deployment says itself what its key signs with")
	}
	if _, err := signer.ParseHash(f.hash); err != nil {
		return wrongUsage("--hash: %w", err)
	}
	return nil
}

// open opens the key that the flags name. AWS is asked only for --env, and for
// a document whose key is there.
func (f *signingFlags) open(ctx context.Context) (*credentials, error) {
	if err := f.check(); err != nil {
		return nil, err
	}
	if f.privateKey != "" {
		key, err := signer.LoadPrivateKey(f.privateKey)
		if err != nil {
			return nil, err
		}
		s, err := signer.New(f.keyPairID, key, &signer.Options{Hash: signer.Hash(f.hash)})
		if err != nil {
			return nil, err
		}
		return &credentials{Signer: s}, nil
	}
	source, err := f.source(ctx)
	if err != nil {
		return nil, err
	}
	s, err := signer.Open(ctx, source, nil)
	if err != nil {
		return nil, err
	}
	base, err := s.BaseURL(ctx)
	return &credentials{s, base}, err
}

// source is where the deployment of the flags tells its key.
func (f *signingFlags) source(ctx context.Context) (signer.Source, error) {
	if f.deployment != "" {
		d, err := signer.LoadDeployment(f.deployment)
		if err != nil || d.Key.File != "" {
			return signer.FileSource(f.deployment), err
		}
	}
	cfg, err := config.LoadDefaultConfig(ctx)
	if err != nil {
		return nil, fmt.Errorf("reading the AWS configuration: %w", err)
	}
	if _, err := cfg.Credentials.Retrieve(ctx); err != nil {
		return nil, &failure{err: errors.New("no AWS credentials that work"), hint: "sign in with `aws sso login` or `aws configure`, or set AWS_PROFILE"}
	}
	if f.deployment != "" {
		return awskeys.File(cfg, f.deployment), nil
	}
	project, err := f.projectName()
	if err != nil {
		return nil, err
	}
	return awskeys.Environment(cfg, project, f.env), nil
}

// projectName is --project, or the project of the cdk.json here.
func (f *signingFlags) projectName() (string, error) {
	if f.project != "" {
		return f.project, nil
	}
	text, err := os.ReadFile("cdk.json")
	if errors.Is(err, os.ErrNotExist) {
		return "signedfront", nil
	}
	if err != nil {
		return "", fmt.Errorf("looking up the project: %w", err)
	}
	var app struct {
		Context struct{ Project string }
	}
	if err := json.Unmarshal(text, &app); err != nil {
		return "", fmt.Errorf("looking up the project in cdk.json: %w", err)
	}
	if app.Context.Project == "" {
		return "signedfront", nil
	}
	return app.Context.Project, nil
}

// url is the URL of an argument: a URL as it is, or an object key where a
// deployment tells the rest.
func (c *credentials) url(arg string) (string, error) {
	if isURL(arg) {
		return arg, nil
	}
	if c.base == "" {
		return "", noBase(arg)
	}
	url, err := signer.ObjectURL(c.base, strings.TrimPrefix(arg, "/"))
	if cause := errors.Unwrap(err); cause != nil {
		// The error itself holds the key whole.
		return "", fmt.Errorf("%s: %w", shown(arg), cause)
	}
	return url, err
}

// resource is the resource of an argument, in which wildcards may stand: whole
// as it is, or a pattern of object keys, escaped but for its stars, behind the
// deployment's base.
func (c *credentials) resource(arg string) (string, error) {
	if isURL(arg) || strings.HasPrefix(arg, "http*://") {
		return arg, nil
	}
	if c.base == "" {
		return "", noBase(arg)
	}
	return c.base + "/" + escapePattern(strings.TrimPrefix(arg, "/")), nil
}

func noBase(arg string) error {
	return wrongUsage("%s: no URL: write it whole, or sign for a deployment with --env or --deployment", shown(arg))
}

// escapePattern escapes a pattern of object keys as signer.ObjectURL escapes a
// key, but for its stars.
func escapePattern(pattern string) string {
	const kept = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~/*"
	var b strings.Builder
	for i := range len(pattern) {
		if c := pattern[i]; strings.IndexByte(kept, c) >= 0 {
			b.WriteByte(c)
		} else {
			fmt.Fprintf(&b, "%%%02X", c)
		}
	}
	return b.String()
}
