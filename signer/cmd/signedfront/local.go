package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"github.com/signedfront/signedfront/signer"
	"github.com/signedfront/signedfront/signer/edge"
)

// local is the verb that runs a stack of a CDK app on this machine.
type local struct {
	*terminal

	dir         string // empty for the sample files
	environment string // empty for the only one
	app         string
	appAsked    bool // --app was given
	address     address
	asked       bool   // --addr was given
	template    string // a file; empty for the app's
	publicKeys  []string
	privateKeys []string
	ttl         time.Duration
	noPage      bool
	open        bool
	all         bool
}

func newLocal(t *terminal) *cobra.Command {
	l := &local{terminal: t}
	var addr string
	var hosts []string
	cmd := &cobra.Command{
		Use:        "local [DIR]",
		Short:      "Run the stack on this machine and print signed URLs",
		SuggestFor: []string{"serve", "start", "run", "dev", "up", "server"},
		Long: `Run the stack of a CDK app on this machine, with no AWS account.

local synthesizes the app in the current folder as the CDK would, and runs its
template: a local CloudFront with the keys, the cache behaviors and the bucket
policy of a deployment. DIR takes the place of the bucket, without its dot files.
Without DIR there are a few sample files. Each file is printed with a signed and
an unsigned URL, and with the response to each.

The first line is the address of a page for this run, on a loopback address. The
page shows the files, each request and the reason for its response. Anyone with
that address can sign.

Without a cdk.json, local runs the stack that signedfront ships, as recorded in
this program. The app that signedfront ships also runs at once: it is synthesized
meanwhile and compared with the recording.

Any other CDK app with CloudFront in front of a bucket is served as far as
possible, as is its template with --template. If such a stack has no deployment
document, its public key is replaced by a new key pair, or by the one of
--private-key. The unknown parts of the template are listed. If they decide who
has access, requests are refused.

A change of the app is served as soon as it is synthesized. URLs printed before
stay valid if the new template allows them. If a change cannot be served, the
reason is printed and the previous stack is still served.

The private key and the deployment document are kept in .signedfront/, next to
the app's cdk.json or, without one, in the current folder. They are for
applications on this machine and for the next run. If two processes serve one
stack, the second writes its own document, deployment-PORT.json, until it ends. An
environment that borrows its key uses the lender's. An imported key signs if its
file is where the configuration says, relative to cdk.json.

An app needs Node.js and its own language: Go for "go run cdk.go".`,
		Example: `  signedfront local                           # sample files
  signedfront local ./photos                  # a folder of your own
  signedfront local ./photos --env prod       # one of several environments
  signedfront local --ttl 30s --addr 127.0.0.1:9000
  signedfront local --app ~/src/shop ./photos # an app in another folder
  signedfront local ./photos --template cdk.out/Media.template.json
  signedfront local ./photos --addr 0.0.0.0:8080 --host 192.168.1.5 # for phones`,
		ValidArgsFunction: func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
			return nil, cobra.ShellCompDirectiveFilterDirs
		},
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) > 1 {
				return &failure{err: fmt.Errorf("want one folder, not %d", len(args)), hint: "put quotes around a name with spaces", usage: true}
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) (err error) {
			if len(args) == 1 {
				l.dir = args[0]
			}
			l.appAsked = cmd.Flags().Changed("app")
			for flag, asked := range map[string]bool{"--app": l.appAsked, "--env": l.environment != ""} {
				if asked && l.template != "" {
					return wrongUsage("--template and %s both choose what to serve: give one", flag)
				}
			}
			if l.open && l.noPage {
				return wrongUsage("--open opens the page, and --no-page turns it off: give one")
			}
			for _, text := range hosts {
				h, err := parseHost(text)
				if err != nil {
					return &failure{
						err:   fmt.Errorf("--host is %s, %w", signer.Describe(text, signer.FormWord), err),
						hint:  "write the name or address by which other machines reach this one, such as 192.168.1.5, and the port if it is not that of --addr",
						usage: true,
					}
				}
				l.address.hosts = append(l.address.hosts, h)
			}
			if l.asked = cmd.Flags().Changed("addr"); l.asked {
				l.address, err = parseAddress(addr, l.address.hosts)
				hint := fmt.Sprintf("write an address of this machine and a port, such as %s", defaultAddress)
				if errors.Is(err, errUnnamed) {
					hint = fmt.Sprintf("write %s; or add --host with the name or address by which other machines reach this one, as in --host 192.168.1.5", defaultAddress)
				}
				if err != nil {
					return &failure{err: fmt.Errorf("--addr is %s, %w", signer.Describe(addr, signer.FormWord), err), hint: hint, usage: true}
				}
			}
			return l.run(cmd.Context())
		},
	}
	l.address = defaultAddress
	flags := cmd.Flags()
	flags.SortFlags = false
	flags.StringVar(&l.environment, "env", "", "serve the environment of this `name` (default the only one)")
	flags.StringVar(&l.app, "app", ".", "use the CDK app in this `folder`, with its cdk.json")
	flags.StringVar(&addr, "addr", "", fmt.Sprintf("listen on this `address` of this machine (default %s, or the next free port)", defaultAddress))
	flags.StringArrayVar(&hosts, "host", nil, "also answer to this `name`, by which other machines reach this one; required if --addr is not a loopback address; may be repeated")
	flags.StringVar(&l.template, "template", "", "serve the stack of this `file`, a synthesized template, instead of an app")
	flags.StringArrayVar(&l.privateKeys, "private-key", nil, "sign with the private key of this `[id=]file`, which replaces the key with this logical id in the template; may be repeated")
	flags.StringArrayVar(&l.publicKeys, "public-key", nil, "the public key of an id in alsoTrust, as `id=file`; may be repeated")
	addDuration(cmd, &l.ttl, "ttl", 10*time.Minute, "print URLs that are valid for this `duration`")
	flags.BoolVar(&l.open, "open", false, "open the page in the browser")
	flags.BoolVar(&l.noPage, "no-page", false, "do not serve the page")
	flags.BoolVar(&l.all, "all", false, fmt.Sprintf("print every file, not only the first %d", listed))
	cmd.MarkFlagDirname("app")
	cmd.MarkFlagFilename("template", "json")
	cmd.MarkFlagFilename("private-key")
	cmd.RegisterFlagCompletionFunc("env", environments)
	cmd.RegisterFlagCompletionFunc("addr", cobra.NoFileCompletions)
	cmd.RegisterFlagCompletionFunc("host", cobra.NoFileCompletions)
	return cmd
}

// run serves until ctx ends, which is no error.
func (l *local) run(ctx context.Context) error {
	// What can fail quickly is tried before the app is built.
	source, err := l.source()
	if err != nil {
		return err
	}
	publicKeys, err := readPublicKeys(ctx, l.publicKeys)
	if err != nil {
		return err
	}
	given, err := readPrivateKeys(l.privateKeys)
	if err != nil {
		return err
	}
	content, err := openContent(l.dir)
	if err != nil {
		return err
	}
	defer content.Close()
	listener, address, err := listen(l.address, l.asked)
	if err != nil {
		return err
	}
	defer listener.Close()

	var seen files
	if source.files != nil { // later changes are served when they happen
		seen = source.files()
	}
	first, err := source.first(ctx)
	if err != nil {
		return err
	}
	keys, err := openKeyFolders(l.app, given)
	if err != nil {
		return err
	}
	defer keys.close()
	s := &server{local: l, address: address, content: content, publicKeys: publicKeys, keys: keys}
	if !l.noPage {
		closePage, err := s.openPage(first.Name)
		if err != nil {
			return err
		}
		defer closePage()
	}
	now, err := s.open(first)
	if err != nil {
		return err
	}
	// The document is written when nothing else can fail.
	text, err := s.listing(now, content.keys).text(ctx)
	if err != nil {
		return err
	}
	kept, err := keys.keep(now.stack.Name, address, now.edge.Deployment())
	if err != nil {
		return err
	}
	s.now.Store(now)
	if s.page != nil {
		text = append([]byte(s.page.URL()+"\n\n"), text...)
		go s.servePage()
	}
	if _, err := l.out.Write(text); err != nil {
		return err
	}
	if s.page != nil {
		l.notef("the first line is the address of a page for this run, with the files, the requests and the reason for each response")
	}
	if l.open {
		remove, err := s.openBrowser()
		if err != nil {
			s.tellUnopened(err)
		} else {
			defer remove()
		}
	}
	l.tellLeftOut(content.private)
	l.tellUnknown(now.edge)
	l.tellKeys(kept, now.unsigned)
	l.tellOpen(address)
	return s.serve(ctx, listener, source, seen)
}

// tellOpen warns if other machines can reach the address.
func (l *local) tellOpen(at address) {
	if at.open() {
		l.notef("warning: anyone who can reach %s can read public files, and the others with any signed URL that they see: nothing is encrypted", at)
	}
}

// tellLeftOut names the files that are not served because they hold a private key.
func (l *local) tellLeftOut(names []string) {
	if len(names) == 0 {
		return
	}
	for _, name := range names[:min(len(names), 5)] {
		l.notef("%s is not served: it holds a private key", printable(name))
	}
	if more := len(names) - 5; more > 0 {
		l.notef("and %d more are not served: they hold private keys", more)
	}
	l.notef("hint: keep private keys out of the folder that is uploaded")
}

// tellUnknown lists the parts of the template that the edge does not know.
func (l *local) tellUnknown(e *edge.Edge) {
	for _, what := range e.Unknown() {
		l.notef("not known: %s", what)
	}
}

// tellKeys prints the files of the deployment document and of its key, if any, and
// how to sign if this program cannot.
func (l *local) tellKeys(k kept, unsigned error) {
	if k.other != "" {
		l.notef("%s writes deployment.json; this process writes %s until it ends", k.other, k.document)
	}
	sign := "signedfront url --deployment " + k.document + " KEY"
	switch {
	case k.document == "":
		l.notef("no URLs are signed: %v", unsigned)
	case unsigned == nil && filepath.Dir(k.key) == filepath.Dir(k.document):
		l.notef("keys and deployment document are in %s", filepath.Dir(k.document))
	case unsigned == nil:
		l.notef("the deployment document is %s, its key is %s", k.document, k.key)
	case k.key == "":
		l.notef("no URLs are signed here: %v", unsigned)
		l.notef("hint: with AWS credentials, sign with `%s`", sign)
	default:
		l.notef("no URLs are signed here: %v", unsigned)
		l.notef("hint: copy the private key to %s and start again; or sign elsewhere, with the key pair id and the base URL of %s", k.key, k.document)
	}
}

// lines sends once for each line of standard input. It closes the channel at the
// end of the input.
func (t *terminal) lines() <-chan struct{} {
	ignoreTerminalReads()
	lines := make(chan struct{})
	go func() {
		defer close(lines)
		for scanner := bufio.NewScanner(t.in); scanner.Scan(); {
			lines <- struct{}{}
		}
	}()
	return lines
}
