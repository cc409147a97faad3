package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/spf13/cobra"

	"github.com/signedfront/signedfront/signer"
)

// signingFlags are the flags of url, cookies, explain, status and doctor that name a
// deployment or a key, and those of a policy.
type signingFlags struct {
	awsFlags
	env, project string
	deployment   string
	keyPairID    string
	privateKey   string
	privateEnv   string
	hash         string

	expires   time.Time
	ttl       time.Duration
	notBefore time.Time
	ip        string
	resource  string
	saveAs    string

	onUnforwarded func(parameter string)
}

const defaultTTL = 2 * time.Minute

func (f *signingFlags) addKeyFlags(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.SortFlags = false
	flags.StringVar(&f.env, "env", "", "sign with the key of this deployed `environment`, read from AWS")
	flags.StringVar(&f.project, "project", "", "the `project` of the environment (default that of the cdk.json here, or signedfront)")
	flags.StringVar(&f.deployment, "deployment", "", "sign with the key of the deployment document in this `file`, such as the one that `signedfront local` writes")
	flags.StringVar(&f.keyPairID, "key-pair-id", "", "sign with --private-key, under the `id` of its public key in CloudFront")
	f.addPrivateKeyFlags(cmd)
	flags.StringVar(&f.hash, "hash", "", "the `hash` to sign with --private-key: "+choices(signer.Hashes())+" (default "+string(signer.SHA256)+")")
	cmd.MarkFlagFilename("deployment", "json")
	f.awsFlags.add(cmd)
	for _, name := range []string{"project", "key-pair-id"} {
		cmd.RegisterFlagCompletionFunc(name, cobra.NoFileCompletions)
	}
	cmd.RegisterFlagCompletionFunc("env", environments)
	cmd.RegisterFlagCompletionFunc("hash", cobra.FixedCompletions(words(signer.Hashes()), cobra.ShellCompDirectiveNoFileComp))
}

func (f *signingFlags) addPrivateKeyFlags(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.StringVar(&f.privateKey, "private-key", "", "the `file` of the private key, PEM or DER; - reads standard input")
	flags.StringVar(&f.privateEnv, "private-key-env", "", "the environment `variable` with the private key, instead of --private-key")
	cmd.MarkFlagFilename("private-key")
	cmd.RegisterFlagCompletionFunc("private-key-env", cobra.NoFileCompletions)
}

func (f *signingFlags) addPolicyFlags(cmd *cobra.Command) {
	flags := cmd.Flags()
	addDuration(cmd, &f.ttl, "ttl", defaultTTL, "valid for this `duration` from now, such as 90s, 12h or 7d")
	addTime(cmd, &f.expires, "expires", "valid until this `time`, instead of --ttl: 2030-01-31, 2030-01-31T12:00:00Z or seconds since 1970")
	addTime(cmd, &f.notBefore, "not-before", "not valid before this `time`")
	flags.StringVar(&f.ip, "ip", "", "valid only for this IPv4 `address` or prefix, such as 203.0.113.0/24")
	cmd.RegisterFlagCompletionFunc("ip", cobra.NoFileCompletions)
}

func wrongUsage(format string, args ...any) error {
	return &failure{err: fmt.Errorf(format, args...), usage: true}
}

// policy returns the policy of the flags.
func (f *signingFlags) policy(cmd *cobra.Command) (signer.Policy, error) {
	p := signer.Policy{Expires: f.expires, NotBefore: f.notBefore, IPAddress: f.ip}
	now := time.Now()
	until := f.expires
	if f.expires.IsZero() {
		p.TTL = f.ttl
		until = now.Add(f.ttl)
	}
	utc := func(t time.Time) string { return t.UTC().Format(time.RFC3339) }
	switch {
	case !f.expires.IsZero() && cmd.Flags().Changed("ttl"):
		return p, wrongUsage("--ttl and --expires both set the end: give one")
	case !until.After(now):
		return p, &failure{err: fmt.Errorf("--expires is %s, which is in the past: it is %s now", utc(until), utc(now)), hint: "write a later time: 2030-01-31, 2030-01-31T12:00:00Z or seconds since 1970; without an offset it is UTC", usage: true}
	case !f.notBefore.IsZero() && !f.notBefore.Before(until):
		return p, &failure{err: fmt.Errorf("--not-before is %s, which is not before the end, %s", utc(f.notBefore), utc(until)), hint: "give a later --expires or a longer --ttl", usage: true}
	case f.ip != "":
		return p, checkAddress(f.ip)
	}
	return p, nil
}

// credentials are a signer and the base URL of its deployment.
type credentials struct {
	*signer.Signer
	base string // of the deployment; empty for a key file
}

// check reports flags that contradict each other. It reads nothing.
func (f *signingFlags) check() error {
	given := 0
	for _, name := range []string{f.env, f.deployment, f.keyPairID + f.privateKey + f.privateEnv} {
		if name != "" {
			given++
		}
	}
	switch {
	case given == 0:
		return &failure{err: errors.New("no signing key given"), hint: "give --env NAME, --deployment FILE, or --key-pair-id ID with --private-key FILE", usage: true}
	case given > 1:
		return wrongUsage("--env, --deployment and --key-pair-id each choose a key: give one")
	case f.project != "" && f.env == "":
		return wrongUsage("--project goes with --env")
	case f.region != "" && f.env == "":
		return wrongUsage("--region goes with --env: a deployment document contains the Region")
	case f.profile != "" && f.env == "" && f.deployment == "":
		return wrongUsage("--profile goes with --env or --deployment")
	case f.hash != "" && f.keyPairID == "":
		return wrongUsage("--hash goes with --private-key: a deployment document contains its hash")
	}
	if err := f.checkPrivateKey(); err != nil {
		return err
	}
	if _, err := signer.ParseHash(f.hash); err != nil {
		return wrongUsage("--hash is %s: want %s", signer.Describe(f.hash, signer.FormWord), choices(signer.Hashes()))
	}
	return f.checkNames()
}

// checkPrivateKey checks the flags of a private key, without reading the key.
func (f *signingFlags) checkPrivateKey() error {
	switch {
	case f.privateKey != "" && f.privateEnv != "":
		return wrongUsage("--private-key and --private-key-env both give a private key: give one")
	case (f.keyPairID == "") != (f.privateKey+f.privateEnv == ""):
		return wrongUsage("--key-pair-id needs a private key, and a private key needs --key-pair-id: give --key-pair-id with --private-key or --private-key-env")
	case f.privateEnv != "" && !variableName.MatchString(f.privateEnv):
		return &failure{
			err:  fmt.Errorf("--private-key-env is %s, not the name of a variable", signer.Describe(f.privateEnv, signer.FormVariable)),
			hint: "write only the name, without $, as in --private-key-env PRIVATE_KEY", usage: true,
		}
	}
	return nil
}

var variableName = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)

// checkNames checks the names of a project and an environment.
func (f *signingFlags) checkNames() error {
	for flag, name := range map[string]string{"--env": f.env, "--project": f.project} {
		if name != "" && !partOfName.MatchString(name) {
			return &failure{err: fmt.Errorf("%s is %s", flag, described(name)), hint: "write the name as in cdk.json: letters, digits and hyphens", usage: true}
		}
	}
	return nil
}

// open opens the key that the flags name. It calls AWS only for --env, and for a
// document whose key is in AWS.
func (f *signingFlags) open(ctx context.Context) (*credentials, error) {
	if err := f.check(); err != nil {
		return nil, err
	}
	if f.keyPairID != "" {
		key, err := f.loadPrivateKey(ctx)
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
	s, err := signer.Open(ctx, source, &signer.OpenOptions{OnUnforwarded: f.onUnforwarded})
	if err != nil {
		return nil, awsFailure(err)
	}
	base, err := s.BaseURL(ctx)
	return &credentials{s, base}, err
}

// loadPrivateKey reads the private key that the flags name: from a file, a pipe
// such as a shell's <(command), standard input, or a variable.
func (f *signingFlags) loadPrivateKey(ctx context.Context) (*signer.PrivateKey, error) {
	var from string
	var open func() (io.ReadCloser, error)
	switch {
	case f.privateEnv != "":
		from = "--private-key-env: the variable " + described(f.privateEnv)
		value, ok := os.LookupEnv(f.privateEnv)
		switch {
		case !ok:
			return nil, &failure{err: fmt.Errorf("%s is not set", from), hint: "export it, or name the variable with the private key"}
		case value == "":
			return nil, &failure{err: fmt.Errorf("%s is empty", from), hint: "set it to the text of the private key"}
		}
		open = func() (io.ReadCloser, error) { return io.NopCloser(strings.NewReader(value)), nil }
	case f.privateKey == "-":
		from = "--private-key: standard input"
		open = func() (io.ReadCloser, error) { return os.Stdin, nil }
	default:
		file, err := inputFile("--private-key", f.privateKey)
		if err != nil {
			return nil, err
		}
		if info, err := os.Stat(file); err != nil || info.Mode()&os.ModeNamedPipe == 0 {
			return signer.LoadPrivateKey(file)
		}
		from = "--private-key: the pipe " + signer.Describe(file, signer.FormFile)
		open = func() (io.ReadCloser, error) { return os.Open(file) }
	}
	text, err := readInput(ctx, open)
	var key *signer.PrivateKey
	if err == nil {
		key, err = signer.ParsePrivateKey(text)
	}
	if err == nil {
		return key, nil
	}
	err = fmt.Errorf("%s: %w", from, err)
	if f.privateEnv != "" {
		if _, missing := os.Stat(string(text)); missing == nil {
			err = &failure{err: err, hint: "its value is a file name: use --private-key with it"}
		}
	}
	return nil, err
}

// source returns the source of the deployment that the flags name.
func (f *signingFlags) source(ctx context.Context) (signer.Source, error) {
	if f.env != "" {
		source, err := f.environment(ctx)
		return keyFilesHere{source, f.env}, err
	}
	file, d, err := f.documentFile()
	if err != nil {
		return nil, err
	}
	if d.Key.File != "" {
		if f.profile != "" {
			return nil, wrongUsage("--profile: the key of that document is in a file, so AWS is not used")
		}
		return signer.FileSource(file), nil
	}
	return f.openDocument(ctx, file, d.Region)
}

// documentFile reads the file of --deployment, and also returns its name.
func (f *signingFlags) documentFile() (string, *signer.Deployment, error) {
	file, err := inputFile("--deployment", f.deployment)
	if err != nil {
		return "", nil, err
	}
	d, err := signer.LoadDeployment(file)
	return file, d, err
}

// environment returns the source of the deployed environment of --env.
func (f *signingFlags) environment(ctx context.Context) (signer.Source, error) {
	project, err := f.projectName()
	if err != nil {
		return nil, err
	}
	return f.openEnvironment(ctx, project, f.env)
}

// keyFilesHere allows a deployment document from AWS to name a key file only in the
// working folder, as for an imported key.
type keyFilesHere struct {
	signer.Source
	env string
}

func (s keyFilesHere) Deployment(ctx context.Context) (*signer.Deployment, error) {
	d, err := s.Source.Deployment(ctx)
	if err == nil && d.Key.File != "" && !filepath.IsLocal(d.Key.File) {
		return nil, &failure{
			err:  fmt.Errorf("the deployment document of %s names the key file %s, which is not in the working folder", signer.Describe(s.env, signer.FormName), signer.Describe(d.Key.File, signer.FormFile)),
			hint: "sign with --private-key FILE, --key-pair-id " + d.KeyPairID + " and the whole URL",
		}
	}
	return d, err
}

// partOfName matches one part of a parameter's name.
var partOfName = regexp.MustCompile(`^[A-Za-z0-9_.-]{1,128}$`)

// projectName returns --project, or the project of the cdk.json here.
func (f *signingFlags) projectName() (string, error) {
	if f.project != "" {
		return f.project, nil
	}
	text, err := os.ReadFile("cdk.json")
	if errors.Is(err, os.ErrNotExist) {
		return "signedfront", nil
	}
	const hint = "give --project NAME"
	if err != nil {
		return "", &failure{err: fmt.Errorf("reading the project's name from cdk.json: %w", cause(err)), hint: hint}
	}
	var app struct {
		Context struct{ Project string }
	}
	if json.Unmarshal(text, &app) != nil {
		return "", &failure{err: errors.New("cdk.json has no context with a project's name"), hint: hint}
	}
	project := cmp.Or(app.Context.Project, "signedfront")
	if !partOfName.MatchString(project) {
		return "", &failure{err: fmt.Errorf("the project in cdk.json is %s, not the name of a project", described(project)), hint: hint}
	}
	return project, nil
}

// url returns the URL of an argument: a URL unchanged, or the URL of an object key
// in the deployment. Its errors do not name the argument.
func (c *credentials) url(arg string) (string, error) {
	if isURL(arg) {
		return arg, nil
	}
	if err := urlMistake(arg); err != nil {
		return "", err
	}
	if c.base == "" {
		return "", errNoBase
	}
	if strings.HasPrefix(arg, "./") {
		return "", &failure{err: errors.New("a path on this machine, not an object key"), hint: "leave ./ out", usage: true}
	}
	url, err := signer.ObjectURL(c.base, arg)
	if cause := errors.Unwrap(err); cause != nil {
		return "", cause
	}
	if err := keyMistake(arg, c.base); err != nil {
		return "", err
	}
	if strings.Contains(arg, "*") {
		return "", &failure{
			err:  errors.New("a * in an object key, which would match only itself"),
			hint: "to sign for a pattern, give --resource PATTERN and the key of one object, or use `signedfront cookies`; for a key with a *, give the whole URL, with %2A", usage: true,
		}
	}
	return url, nil
}

// keyMistake returns an error for a text that is almost certainly not meant as an object
// key or pattern. S3 allows such keys: to sign for one, give its whole URL. base is the
// base URL of the deployment.
func keyMistake(arg, base string) error {
	mistake := func(what, hint string) error { return &failure{err: errors.New(what), hint: hint, usage: true} }
	_, host, _ := strings.Cut(base, "://")
	before, query, _ := strings.Cut(arg, "?")
	place, _, _ := strings.Cut(arg, "/")
	switch {
	case strings.HasPrefix(arg, "s3://"), strings.HasPrefix(arg, "arn:"):
		return mistake("an S3 address, not an object key", "give only the key: what follows the bucket's name and a slash, or the folder of the bucket that is served")
	case strings.HasPrefix(arg, "file://"):
		return mistake("a file URL, not an object key", "give the key of the object in the bucket")
	case otherURL.MatchString(arg):
		return mistake("neither an object key nor a URL with https:// or http://", "write the whole URL, with two slashes after its scheme")
	case place == host, strings.HasSuffix(place, ".cloudfront.net"):
		return mistake("a URL without its scheme", "write "+strings.TrimSuffix(base, host)+" before it")
	case listingLine.MatchString(arg):
		return mistake("a line of `aws s3 ls`, not an object key", "list only the keys, as `aws s3api list-objects-v2 --bucket BUCKET --query 'Contents[].[Key]' --output text` does")
	case strings.TrimSpace(arg) == "":
		return mistake("only white space, not an object key", "give the key of an object in the bucket")
	case len(arg) > 1 && strings.ContainsRune("\"'`", rune(arg[0])) && arg[0] == arg[len(arg)-1]:
		return mistake("quotation marks around an object key", fmt.Sprintf("leave them out; for a key with quotation marks, give the whole URL, with %%%02X", arg[0]))
	case queryLike.MatchString(query):
		return mistake("an object key with a query", "write "+base+"/ before it to sign a URL with that query; for a key with a ?, write %3F in that URL")
	case strings.ContainsRune(before, '\\') && !strings.Contains(before, "/"):
		return mistake("a Windows path, not an object key", "write / between folders; for a key with a \\, give the whole URL, with %5C")
	}
	if i := strings.IndexFunc(arg, isUnseen); i >= 0 {
		_, size := utf8.DecodeRuneInString(arg[i:])
		return mistake(fmt.Sprintf("an invisible character in an object key, byte %d, %q", i, arg[i:i+size]),
			"leave it out; for a key with it, give the whole URL, with "+escapePattern(arg[i:i+size]))
	}
	return nil
}

// isUnseen reports whether a character is invisible and probably a mistake: a line
// end or separator of another format, a terminal color, or a byte order mark
// between two files.
func isUnseen(c rune) bool { return unicode.IsControl(c) || c == '\ufeff' }

var (
	otherURL    = regexp.MustCompile(`^(?i)(https?:|[a-z][a-z0-9+.-]+://)`)
	listingLine = regexp.MustCompile(`^([0-9]{4}-[0-9]{2}-[0-9]{2} [0-9:]{8} +[0-9.]+ | +PRE )`)
)

// queryLike matches the start of a query: a name and an equals sign.
var queryLike = regexp.MustCompile(`^[A-Za-z0-9_.\[\]-]+=`)

// resource returns the resource of an argument, which may have wildcards: a whole
// URL unchanged, or a pattern of object keys, escaped except for its stars, after
// the deployment's base URL. Its errors do not name the argument.
func (c *credentials) resource(arg string) (string, error) {
	if isURL(arg) || strings.HasPrefix(arg, "http*://") {
		return arg, nil
	}
	if err := urlMistake(arg); err != nil {
		return "", err
	}
	if c.base == "" {
		return "", errNoBase
	}
	if err := keyMistake(arg, c.base); err != nil {
		return "", err
	}
	return c.base + "/" + escapePattern(strings.TrimPrefix(arg, "/")), nil
}

var errNoBase = &failure{err: errors.New("not a URL"), hint: "write the whole URL, with https://, or sign for a deployment with --env or --deployment", usage: true}

// escapePattern escapes a pattern of object keys as signer.ObjectURL escapes a key,
// except for its stars.
func escapePattern(pattern string) string {
	const kept = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~/!$&(),:;=@*"
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
