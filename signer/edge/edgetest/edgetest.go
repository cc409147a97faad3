// Package edgetest provides a local CloudFront for the tests of an application: a
// server with private objects, a signer as the application has it in a deployment,
// and a check that the application's URLs open their objects and nothing else does:
//
//	srv := edgetest.NewServer(t, edgetest.Options{Files: map[string]string{"rt.png": "a picture"}})
//	url := shop.New(srv.Signer).PictureURL("rt.png")
//	srv.CheckPrivate(url)
//
// The server answers as package edge does, with the template of the stack that
// signedfront ships or with that of the application's own stack. Its clock changes
// only by [Server.Advance], so a URL expires when the test says so.
package edgetest

import (
	"context"
	"io/fs"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"github.com/signedfront/signedfront/signer"
	"github.com/signedfront/signedfront/signer/edge"
	"github.com/signedfront/signedfront/signer/edge/recorded"
)

// Options configures NewServer. The zero value is an empty bucket in the stack that
// signedfront ships.
type Options struct {
	// Files are the contents of the objects, by key. At most one of Files, FS and
	// Dir may be set.
	Files map[string]string

	// FS is a file system with the objects.
	FS fs.FS

	// Dir is a folder with the objects.
	Dir string

	// Start is the time of the server's and its Signer's clock at the start. The
	// default is now.
	Start time.Time

	// Edge has further settings of the edge, such as the Template of the
	// application's own stack. The default Template is the recorded one. The server
	// sets BaseURL, Objects and Now, and also calls Observe.
	Edge edge.Config
}

// Server is a local CloudFront on 127.0.0.1. It ends with its test and is safe for
// concurrent use.
type Server struct {
	// URL is its base URL, such as http://127.0.0.1:41234.
	URL string

	// Edge answers the requests.
	Edge *edge.Edge

	// Signer signs as an application of the deployment does: it is the result of
	// signer.Open with [edge.Edge.Source]. It is nil if the template has no
	// deployment document, or if the document names an imported key.
	Signer *signer.Signer

	tb      testing.TB
	objects *edge.Objects
	explain func(edge.Record) edge.Explanation // that of Edge

	mu       sync.Mutex
	now      time.Time
	requests []edge.Record
	open     int // requests without a response yet
}

// NewServer starts a server. If that fails it ends the test.
func NewServer(tb testing.TB, o Options) *Server {
	tb.Helper()
	s := &Server{tb: tb, now: o.Start}
	if s.now.IsZero() {
		s.now = time.Now()
	}
	s.objects = openObjects(tb, o)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		tb.Fatalf("edgetest: %v", err)
	}
	s.URL = "http://" + listener.Addr().String()

	c := o.Edge
	if c.Template == nil {
		c.Template, c.StackName = recorded.Template(), recorded.StackName
	}
	c.BaseURL, c.Objects, c.Now = s.URL, s.objects, s.Now
	observe := c.Observe
	c.Observe = func(r edge.Record) {
		s.mu.Lock()
		s.requests = append(s.requests, r)
		s.mu.Unlock()
		if observe != nil {
			observe(r)
		}
	}
	if s.Edge, err = edge.New(c); err != nil {
		listener.Close()
		tb.Fatalf("edgetest: %v", err)
	}
	s.explain = s.Edge.Explain
	if source, err := s.Edge.Source(); err == nil {
		if s.Signer, err = signer.Open(context.Background(), source, &signer.OpenOptions{Now: s.Now}); err != nil {
			listener.Close()
			tb.Fatalf("edgetest: %v", err)
		}
		tb.Cleanup(s.Signer.Close)
	}
	server := &httptest.Server{Listener: listener, Config: &http.Server{Handler: http.HandlerFunc(s.serve)}}
	server.Start()
	tb.Cleanup(server.Close)
	return s
}

func openObjects(tb testing.TB, o Options) *edge.Objects {
	tb.Helper()
	given := 0
	for _, is := range []bool{o.Files != nil, o.FS != nil, o.Dir != ""} {
		if is {
			given++
		}
	}
	switch {
	case given > 1:
		tb.Fatalf("edgetest: Options has more than one of Files, FS and Dir: set one")
	case o.FS != nil:
		return edge.OpenFS(o.FS)
	case o.Dir != "":
		objects, err := edge.OpenDir(o.Dir)
		if err != nil {
			tb.Fatalf("edgetest: Options.Dir: %v", err)
		}
		tb.Cleanup(func() { objects.Close() })
		return objects
	}
	files := fstest.MapFS{}
	for key, content := range o.Files {
		if !fs.ValidPath(key) || key == "." {
			tb.Fatalf("edgetest: Options.Files: %s: no file can have this key: write it without a slash at either end and without empty parts", signer.Describe(key, signer.FormName))
		}
		files[key] = &fstest.MapFile{Data: []byte(content), Mode: 0o644}
	}
	return edge.OpenFS(files)
}

func (s *Server) serve(w http.ResponseWriter, r *http.Request) {
	count := func(n int) {
		s.mu.Lock()
		s.open += n
		s.mu.Unlock()
	}
	count(1)
	defer count(-1)
	s.Edge.ServeHTTP(w, r)
}

// Now returns the time of the server's clock.
func (s *Server) Now() time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.now
}

// Advance moves the clock of the server and its Signer forward.
func (s *Server) Advance(d time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.now = s.now.Add(d)
}

// Requests returns the requests so far, without those of CheckPrivate and
// CheckCookies. It waits up to five seconds for responses in progress.
func (s *Server) Requests() []edge.Record {
	for deadline := time.Now().Add(5 * time.Second); ; time.Sleep(time.Millisecond) {
		s.mu.Lock()
		requests, open := slices.Clone(s.requests), s.open
		s.mu.Unlock()
		if open == 0 || time.Now().After(deadline) {
			return requests
		}
	}
}
