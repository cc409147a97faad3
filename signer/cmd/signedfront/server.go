package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"slices"
	"sync/atomic"
	"time"

	"github.com/signedfront/signedfront/signer"
	"github.com/signedfront/signedfront/signer/edge"
	"github.com/signedfront/signedfront/signer/edge/page"
	"github.com/signedfront/signedfront/signer/edge/recorded"
)

// server serves a stack, and replaces it after a change.
type server struct {
	*local
	address    address
	content    *content
	publicKeys map[string]*signer.PublicKey
	keys       *keyFolders

	now atomic.Pointer[serving]

	page      *page.Page // nil: none
	servePage func()
}

// serving is the stack that is being served.
type serving struct {
	stack    *target
	edge     *edge.Edge
	signer   *signer.Signer // nil: the key is elsewhere
	unsigned error          // why signer is nil
}

// ServeHTTP answers with the stack that is served when the request arrives.
func (s *server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.now.Load().edge.ServeHTTP(w, r)
}

// open prepares a stack to be served.
func (s *server) open(stack *target) (*serving, error) {
	if err := s.keys.match(stack.Template); err != nil {
		return nil, err
	}
	var observe func(edge.Record)
	if s.page != nil {
		observe = s.page.Observe
	}
	e, err := edge.New(edge.Config{
		Template:   stack.Template,
		BaseURL:    s.address.url(),
		Hosts:      s.address.hostPorts()[1:],
		Objects:    s.content.Objects,
		Keys:       s.keys.pair,
		StandIn:    s.keys.standIn,
		PublicKeys: s.publicKeys,
		StackName:  stack.Name,
		Account:    stack.Account,
		Region:     stack.Region,
		Others:     stack.others,
		Log:        slog.New(accessLog{s.err}),
		Observe:    observe,
	})
	if err != nil {
		return nil, fmt.Errorf("stack %s: %w", stack.Name, err)
	}
	opened := &serving{stack: stack, edge: e}
	if e.Deployment() == nil {
		opened.unsigned = errors.New("the stack has no deployment document, and no served cache behavior needs a signature")
		return opened, s.keys.checkUsed()
	}
	opened.signer, opened.unsigned = e.Signer()
	if imported := errors.Is(opened.unsigned, edge.ErrImportedKey); imported {
		opened.signer, opened.unsigned = s.keys.imported(e)
	} else if opened.unsigned != nil {
		return nil, fmt.Errorf("stack %s: %w", stack.Name, opened.unsigned)
	}
	return opened, s.keys.checkUsed()
}

// listing returns the listing of a stack with the objects of keys.
func (s *server) listing(of *serving, keys []string) listing {
	return listing{
		edge:    of.edge,
		signer:  of.signer,
		objects: keys,
		baseURL: s.address.url(),
		stack:   of.stack.Name,
		content: s.content.name,
		ttl:     s.ttl,
		all:     s.all,
	}
}

// serve answers requests until ctx ends. A line on standard input, such as the
// Enter key, prints fresh URLs. When the source changes, serve serves the new
// stack. seen are the files of the current one.
func (s *server) serve(ctx context.Context, listener net.Listener, source *source, seen files) error {
	web := &http.Server{
		Handler:           s,
		ReadHeaderTimeout: 10 * time.Second,
		IdleTimeout:       2 * time.Minute,
		// No WriteTimeout: a file of gigabytes takes long.
		MaxHeaderBytes: 64 << 10,
		ErrorLog:       slog.NewLogLogger(accessLog{s.err}, slog.LevelWarn),
	}
	served := make(chan error, 1)
	go func() { served <- web.Serve(listener) }()

	if s.inIsTTY {
		s.notef("press Enter for fresh URLs, Ctrl-C to stop")
	} else {
		s.notef("stop with Ctrl-C or SIGTERM")
	}
	following, stop := context.WithCancel(ctx)
	followed := source.follow(following, seen)
	defer func() { // before this program ends, what is being synthesized ends
		stop()
		for range followed {
		}
	}()
	changes := followed
	lines := s.lines()
	for {
		select {
		case err := <-served:
			return fmt.Errorf("serving %s: %w", listener.Addr(), err)
		case _, open := <-lines:
			if !open {
				lines = nil
				continue
			}
			text, err := s.listing(s.now.Load(), s.content.Keys()).text(ctx)
			if err != nil {
				return err
			}
			if err := s.print(text); err != nil {
				return err
			}
		case c, open := <-changes:
			if !open {
				changes = nil
				continue
			}
			s.take(c)
		case <-ctx.Done():
			s.notef("stopping")
			// Responses in progress have one second. Longer ones are cut off.
			grace, cancel := context.WithTimeout(context.Background(), time.Second)
			defer cancel()
			if web.Shutdown(grace) != nil {
				web.Close()
			}
			return nil
		}
	}
}

// take serves a change of the source, unless it failed or changes nothing.
func (s *server) take(c change) {
	before := s.now.Load()
	switch {
	case c.started != "":
		s.notef("%s", c.started)
		return
	case c.err != nil && c.recorded:
		s.notef("comparing with the app's template failed: %v", c.err)
	case c.err != nil:
		s.notef("cannot serve the change: %v", c.err)
	case before.stack.equal(c.stack):
		s.notef("%s", c.same)
		return
	}
	err := c.err
	if err == nil {
		if err = s.swap(c.stack); err == nil {
			s.notef("%s", c.other)
			return
		}
		s.notef("cannot serve the change: %v", err)
	}
	var hinted *failure
	if errors.As(err, &hinted) && hinted.hint != "" {
		s.notef("hint: %s", hinted.hint)
	}
	s.notef("still serving the previous stack")
}

// swap replaces the served stack.
func (s *server) swap(stack *target) error {
	opened, err := s.open(stack)
	if err != nil {
		return err
	}
	kept, err := s.keys.keep(stack.Name, s.address, opened.edge.Deployment())
	if err != nil {
		return err
	}
	before := s.now.Swap(opened)
	s.tellUnknown(opened.edge)
	if before.stack.Name != stack.Name || (before.unsigned == nil) != (opened.unsigned == nil) {
		s.tellKeys(kept, opened.unsigned)
	}
	return nil
}

// equal reports whether two stacks are served alike. It ignores the digests of the
// functions' archives.
func (t *target) equal(other *target) bool {
	same := func(a, b edge.Stack) bool {
		return a.Name == b.Name && a.Account == b.Account && a.Region == b.Region &&
			bytes.Equal(recorded.WithoutDigests(a.Template), recorded.WithoutDigests(b.Template))
	}
	return same(t.edgeStack(), other.edgeStack()) && slices.EqualFunc(t.others, other.others, same)
}

func (t *target) edgeStack() edge.Stack {
	return edge.Stack{Name: t.Name, Account: t.Account, Region: t.Region, Template: t.Template}
}
