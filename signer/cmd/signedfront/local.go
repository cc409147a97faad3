package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/signedfront/signedfront/signer"
	"github.com/signedfront/signedfront/signer/edge"
	"github.com/signedfront/signedfront/signer/edge/cdkapp"
)

// local is the verb that runs a stack of a CDK app on this machine.
type local struct {
	*terminal

	dir         string // empty for the sample files
	environment string // empty for the only one
	app         string
	address     address
	asked       bool // for the address
	publicKeys  []string
	ttl         time.Duration
	all         bool
}

func newLocal(t *terminal) *cobra.Command {
	l := &local{terminal: t}
	var addr string
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

The private key and the deployment document are kept in .signedfront/ beside the
app's cdk.json, for applications on this machine and for the next run. While one
process serves a stack, another one of the same stack has a document of its own,
deployment-PORT.json, until it ends. Where an
environment borrows its key, it is the one that is kept for the lender. An
imported key signs if its file is where the configuration says, as seen from the
cdk.json.

Needs Node.js, and what runs the app: Go for "go run cdk.go".`,
		Example: `  signedfront local                           # sample files
  signedfront local ./photos                  # a folder of your own
  signedfront local ./photos --env prod       # one of several environments
  signedfront local --ttl 30s --addr 127.0.0.1:9000
  signedfront local --app ~/src/shop ./photos # an app in another folder`,
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
			if l.asked = cmd.Flags().Changed("addr"); l.asked {
				if l.address, err = parseAddress(addr); err != nil {
					return &failure{
						err:   fmt.Errorf("--addr is %s, %w", signer.Describe(addr, signer.FormWord), err),
						hint:  fmt.Sprintf("write an address of this machine and a port, such as %s", defaultAddress),
						usage: true,
					}
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
	flags.StringArrayVar(&l.publicKeys, "public-key", nil, "know the public key that alsoTrust names, as `id=file`; may be given again")
	addDuration(cmd, &l.ttl, "ttl", 10*time.Minute, "print URLs that are good for this `duration`")
	flags.BoolVar(&l.all, "all", false, fmt.Sprintf("print every file, not the first %d alone", listed))
	cmd.MarkFlagDirname("app")
	cmd.RegisterFlagCompletionFunc("env", cobra.NoFileCompletions)
	cmd.RegisterFlagCompletionFunc("addr", cobra.NoFileCompletions)
	return cmd
}

// run serves until ctx ends, which is no error.
func (l *local) run(ctx context.Context) error {
	// What can go wrong at once goes wrong before the app is built.
	if err := checkApp(l.app); err != nil {
		return err
	}
	publicKeys, err := readPublicKeys(ctx, l.publicKeys)
	if err != nil {
		return err
	}
	objects, content, err := openContent(l.dir)
	if err != nil {
		return err
	}
	defer objects.Close()
	listener, address, err := listen(l.address, l.asked)
	if err != nil {
		return err
	}
	defer listener.Close()

	stack, others, err := l.synthesize(ctx)
	if err != nil {
		return err
	}
	keys, err := openKeyFolders(l.app)
	if err != nil {
		return err
	}
	defer keys.close()
	e, err := edge.New(edge.Config{
		Template:   stack.Template,
		BaseURL:    address.url(),
		Objects:    objects,
		Keys:       keys.pair,
		PublicKeys: publicKeys,
		StackName:  stack.Name,
		Account:    stack.Account,
		Region:     stack.Region,
		Others:     others,
		Log:        slog.New(accessLog{l.err}),
	})
	if err != nil {
		return fmt.Errorf("stack %s: %w", stack.Name, err)
	}
	signs, err := e.Signer()
	imported := errors.Is(err, edge.ErrImportedKey)
	if imported {
		signs, err = keys.imported(e)
	}
	if err != nil && !imported {
		return fmt.Errorf("stack %s: %w", stack.Name, err)
	}
	unsigned := err // why no URL is signed

	list := listing{
		edge:    e,
		signer:  signs,
		objects: objects,
		baseURL: address.url(),
		stack:   stack.Name,
		content: content,
		ttl:     l.ttl,
		all:     l.all,
	}
	// The document is written when nothing else can go wrong.
	text, err := list.text(ctx)
	if err != nil {
		return err
	}
	kept, err := keys.keep(stack.Name, address, e.Deployment())
	if err != nil {
		return err
	}
	if _, err := l.out.Write(text); err != nil {
		return err
	}
	l.tellLeftOut(objects)
	l.tellKeys(kept, unsigned)
	return l.serve(ctx, listener, e, list)
}

// tellLeftOut names the files that are not served because they hold a private
// key.
func (l *local) tellLeftOut(objects *edge.Objects) {
	if l.dir == "" {
		return
	}
	names := privateKeys(l.dir, objects)
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

// tellKeys tells where the deployment document is and where the file of its
// key, if it has one, and how to sign where this program cannot.
func (l *local) tellKeys(k kept, unsigned error) {
	if k.other != "" {
		l.notef("%s keeps deployment.json; this one has %s until it ends", k.other, k.document)
	}
	sign := "signedfront url --deployment " + k.document + " KEY"
	switch {
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

// synthesize makes the template of the environment, and those of the stacks
// beside it. An app makes some environments only when they are named, and then
// no other: the stacks that such a one refers to come from the whole app.
func (l *local) synthesize(ctx context.Context) (*cdkapp.Stack, []edge.Stack, error) {
	whole, err := l.build(ctx, "building the CDK app (the first time takes about a minute) ...", nil)
	if err == nil {
		var stack *cdkapp.Stack
		if stack, err = chooseStack(whole, l.environment); err == nil {
			return stack, otherStacks(stack, whole), nil
		}
	}
	if l.environment == "" || ctx.Err() != nil {
		return nil, nil, err
	}
	if whole == nil { // an app of nothing but such environments fails where none is named
		whole = &cdkapp.Assembly{}
	}
	stack, named, failed := l.synthesizeNamed(ctx, strings.TrimPrefix(l.environment, project(whole)+"-"))
	switch {
	case failed == nil:
		return stack, otherStacks(stack, named, whole), nil
	case ctx.Err() != nil || fitsPattern(whole, l.environment):
		return nil, nil, failed
	}
	return nil, nil, err
}

// synthesizeNamed has the app make an environment by its name.
func (l *local) synthesizeNamed(ctx context.Context, name string) (*cdkapp.Stack, *cdkapp.Assembly, error) {
	assembly, err := l.build(ctx, "building it again, for "+described(name)+" ...", &cdkapp.Options{Context: map[string]string{"env": name}})
	if err != nil {
		return nil, nil, err
	}
	stack, err := chooseStack(assembly, name)
	return stack, assembly, err
}

// build synthesizes the app.
func (l *local) build(ctx context.Context, doing string, o *cdkapp.Options) (*cdkapp.Assembly, error) {
	end := l.progress(doing, "built the CDK app")
	assembly, err := cdkapp.Synthesize(ctx, l.app, o)
	end(err == nil)
	if ctx.Err() != nil {
		return nil, errors.New("interrupted while the CDK app was being built")
	}
	var hinted *cdkapp.Error
	switch {
	case errors.Is(err, cdkapp.ErrNoApp):
		return nil, &failure{err: err, hint: "run this in the folder of a CDK app, or name that folder with --app"}
	case errors.As(err, &hinted):
		return nil, &failure{err: err, hint: hinted.Hint}
	}
	return assembly, err
}

// serve answers requests until ctx ends. A line on standard input, so the Enter
// key, prints fresh URLs.
func (l *local) serve(ctx context.Context, listener net.Listener, e *edge.Edge, list listing) error {
	server := &http.Server{
		Handler:           e,
		ReadHeaderTimeout: 10 * time.Second,
		IdleTimeout:       2 * time.Minute,
		// No WriteTimeout: a file of gigabytes takes its time.
		MaxHeaderBytes: 64 << 10,
		ErrorLog:       slog.NewLogLogger(accessLog{l.err}, slog.LevelWarn),
	}
	served := make(chan error, 1)
	go func() { served <- server.Serve(listener) }()

	if l.inIsTTY {
		l.notef("press Enter for fresh URLs, Ctrl-C to stop")
	} else {
		l.notef("stop with Ctrl-C or SIGTERM")
	}
	lines := l.lines()
	for {
		select {
		case err := <-served:
			return fmt.Errorf("serving %s: %w", listener.Addr(), err)
		case _, open := <-lines:
			if !open {
				lines = nil
				continue
			}
			text, err := list.text(ctx)
			if err != nil {
				return err
			}
			if _, err := l.out.Write(text); err != nil {
				return err
			}
		case <-ctx.Done():
			l.notef("stopping")
			// What is being answered has a second; a stream of gigabytes is cut.
			grace, cancel := context.WithTimeout(context.Background(), time.Second)
			defer cancel()
			if server.Shutdown(grace) != nil {
				server.Close()
			}
			return nil
		}
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
