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
	appAsked    bool // for it
	address     address
	asked       bool   // for the address
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

The app in the current folder is synthesized as the CDK would, and its template
is what runs: a local CloudFront with the keys, the cache behaviors and the
bucket policy that a deployment would have. DIR stands in for the bucket, its
dot files left out; without DIR a few sample files do. Each file is printed with
a signed and an unsigned URL, and with what each answers now.

The first line is the address of a page for this run, on this machine alone, which
shows the files, each request and why it was answered so. Whoever has that address
can sign.

In a folder without a cdk.json, the stack that signedfront ships is what runs: it
is recorded in this program. It runs at once for the app that signedfront ships,
too, which is synthesized meanwhile and compared.

Any other CDK app with CloudFront in front of a bucket is served as far as it is
known, and so is its template alone, with --template. Where such a stack has no
deployment document, a key pair that is made, or that --private-key gives, takes the
place of its public key. What is not known of the template is named, and refused
where it decides who gets what.

A change of the app is served as soon as it is synthesized, and a URL printed
before opens after, if the new template lets it. Of a change that cannot be
served it is told why, and what was served before is served on.

The private key and the deployment document are kept in .signedfront/ beside the
app's cdk.json, for applications on this machine and for the next run. While one
process serves a stack, another one of the same stack has a document of its own,
deployment-PORT.json, until it ends. Where an environment borrows its key, it is
the one that is kept for the lender. An
imported key signs if its file is where the configuration says, as seen from the
cdk.json. Where there is no cdk.json, .signedfront/ is in the current folder.

An app needs Node.js, and what runs it: Go for "go run cdk.go".`,
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
				return &failure{err: fmt.Errorf("one folder is served, not %d", len(args)), hint: "put quotes around a name with spaces", usage: true}
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
					return wrongUsage("--template and %s each say what is served: give one", flag)
				}
			}
			if l.open && l.noPage {
				return wrongUsage("--open opens the page that --no-page leaves out: give one")
			}
			for _, text := range hosts {
				h, err := parseHost(text)
				if err != nil {
					return &failure{
						err:   fmt.Errorf("--host is %s, %w", signer.Describe(text, signer.FormWord), err),
						hint:  "write how other machines name this one, such as 192.168.1.5, with a port if another one than that of --addr leads here",
						usage: true,
					}
				}
				l.address.hosts = append(l.address.hosts, h)
			}
			if l.asked = cmd.Flags().Changed("addr"); l.asked {
				l.address, err = parseAddress(addr, l.address.hosts)
				hint := fmt.Sprintf("write an address of this machine and a port, such as %s", defaultAddress)
				if errors.Is(err, errUnnamed) {
					hint = fmt.Sprintf("write %s; or say with --host how other machines name this one, as in --host 192.168.1.5", defaultAddress)
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
	flags.StringVar(&l.app, "app", ".", "take the CDK app in this `folder`, where its cdk.json is")
	flags.StringVar(&addr, "addr", "", fmt.Sprintf("listen on this `address` of this machine (default %s, or the next port that is free)", defaultAddress))
	flags.StringArrayVar(&hosts, "host", nil, "answer to this `name` of this machine, by which others reach it; needed where --addr is not for this machine alone; may be given again")
	flags.StringVar(&l.template, "template", "", "serve the stack of this `file`, a template as the CDK synthesizes it, in place of an app's")
	flags.StringArrayVar(&l.privateKeys, "private-key", nil, "sign with the private key of this `[id=]file`, in place of the key whose logical id in the template is id; may be given again")
	flags.StringArrayVar(&l.publicKeys, "public-key", nil, "know the public key that alsoTrust names, as `id=file`; may be given again")
	addDuration(cmd, &l.ttl, "ttl", 10*time.Minute, "print URLs that are good for this `duration`")
	flags.BoolVar(&l.open, "open", false, "open the page in the browser")
	flags.BoolVar(&l.noPage, "no-page", false, "leave the page out")
	flags.BoolVar(&l.all, "all", false, fmt.Sprintf("print every file, not the first %d alone", listed))
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
	// What can go wrong at once goes wrong before the app is built.
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
	if source.files != nil { // what changes from here on is served later
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
	// The document is written when nothing else can go wrong.
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
		l.notef("the first line is the address of a page for this run: files, requests and why each was answered so")
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

// tellOpen warns of an address that is not for this machine alone.
func (l *local) tellOpen(at address) {
	if at.open() {
		l.notef("warning: whoever can reach %s can ask for the files: for public ones without more, for the others with any URL that they see, as nothing is encrypted", at)
	}
}

// tellLeftOut names the files that are not served because they hold a private
// key.
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

// tellUnknown names what the edge does not know of the template.
func (l *local) tellUnknown(e *edge.Edge) {
	for _, what := range e.Unknown() {
		l.notef("not known: %s", what)
	}
}

// tellKeys tells where the deployment document is and where the file of its
// key, if it has one, and how to sign where this program cannot.
func (l *local) tellKeys(k kept, unsigned error) {
	if k.other != "" {
		l.notef("%s keeps deployment.json; this one has %s until it ends", k.other, k.document)
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
		l.notef("hint: `%s` signs with it, given AWS credentials", sign)
	default:
		l.notef("no URLs are signed here: %v", unsigned)
		l.notef("hint: put the private key into %s, and start again; or sign where it is, for the key pair and the base URL in %s", k.key, k.document)
	}
}

// lines sends once for each line of standard input, and is closed at its end.
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
