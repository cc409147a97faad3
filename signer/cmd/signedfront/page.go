package main

import (
	"fmt"
	"html"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"time"

	"github.com/signedfront/signedfront/signer"
	"github.com/signedfront/signedfront/signer/edge"
	"github.com/signedfront/signedfront/signer/edge/page"
)

// openPage serves the page that shows the edge. It has its own port on a loopback
// address, even if the edge is open to other machines. close ends it.
func (s *server) openPage(stack string) (close func(), err error) {
	listener, err := net.Listen("tcp4", net.JoinHostPort(defaultAddress.ip.String(), "0"))
	if err != nil {
		return nil, fmt.Errorf("the page: %w", err)
	}
	s.page, err = page.New(page.Config{
		Address: "http://" + listener.Addr().String(),
		BaseURL: s.address.url(),
		Hosts:   s.address.hostPorts()[1:],
		Edge:    func() *edge.Edge { return s.now.Load().edge },
		Objects: s.content.Objects,
		Signer:  s.signerOf,
		Stack:   stack,
		Content: s.content.name,
	})
	if err != nil {
		listener.Close()
		return nil, err
	}
	web := &http.Server{
		Handler:           s.page,
		ReadHeaderTimeout: 10 * time.Second,
		ErrorLog:          slog.NewLogLogger(accessLog{s.err}, slog.LevelWarn),
	}
	s.servePage = func() { web.Serve(listener) }
	return func() {
		listener.Close() // if it is not served yet
		web.Close()
	}, nil
}

// signerOf returns the signer of an edge.
func (s *server) signerOf(e *edge.Edge) (*signer.Signer, error) {
	if now := s.now.Load(); now.edge == e {
		return now.signer, now.unsigned
	}
	return e.Signer()
}

// tellUnopened reports that the browser was not opened. The program goes on.
func (s *server) tellUnopened(err error) {
	s.notef("warning: the browser cannot be opened (%v): open the address of the page yourself", err)
}

// openBrowser opens the page in the browser. Every user of this machine can read
// the arguments of a program, so the browser gets the name of a file that redirects
// to the page and that only its owner can read. remove removes the file.
func (s *server) openBrowser() (remove func(), err error) {
	dir, err := os.MkdirTemp("", "signedfront-page-") // mode 0700
	if err != nil {
		return nil, err
	}
	remove = func() { os.RemoveAll(dir) }
	file := filepath.Join(dir, "open.html")
	text := `<!DOCTYPE html><meta charset="utf-8"><title>signedfront</title><meta http-equiv="refresh" content="0; url=` + html.EscapeString(s.page.URL()) + `">`
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		remove()
		return nil, err
	}
	command := map[string][]string{
		"darwin":  {"open", file},
		"windows": {"rundll32", "url.dll,FileProtocolHandler", file},
	}[runtime.GOOS]
	if command == nil {
		command = []string{"xdg-open", file}
	}
	opener := exec.Command(command[0], command[1:]...)
	if err := opener.Start(); err != nil {
		remove()
		return nil, cause(err)
	}
	go func() {
		if err := opener.Wait(); err != nil {
			s.tellUnopened(err)
		}
	}()
	return remove, nil
}
