// Package page shows a local edge to a person: the files with links to open them,
// the requests with the reasons for what each was answered, an explanation of any
// signed URL of CloudFront, and the access path that the template makes.
//
// A Page is an http.Handler for a listener of its own on this machine. The edge
// tells it what it answers:
//
//	p, err := page.New(page.Config{
//		Address: "http://127.0.0.1:8081",
//		BaseURL: "http://127.0.0.1:8080",
//		Edge:    func() *edge.Edge { return current.Load() },
//		Objects: objects,
//	})
//	// edge.Config.Observe: p.Observe
//	fmt.Println(p.URL())
//	http.Serve(listener, p)
//
// Whoever opens [Page.URL] may sign with the key of the deployment. The URL has the
// token of this run in its fragment, which browsers send to no server. Each
// request for data carries the token in a header, so that no other page, program or
// server on this machine can ask, and none is sent the token as it would be sent a
// cookie: those are shared by all ports of a host.
package page

import (
	"crypto/rand"
	"crypto/subtle"
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"mime"
	"net/http"
	"net/url"
	"path"
	"regexp"
	"strings"
	"sync"
	"time"

	"github.com/signedfront/signedfront/signer"
	"github.com/signedfront/signedfront/signer/edge"
)

// Config is what a Page is made of.
type Config struct {
	// Address is where the page is reached, such as http://127.0.0.1:8081. Its host
	// is the only one that the page answers to.
	Address string

	// BaseURL is where the edge is reached, as in edge.Config.
	BaseURL string

	// Hosts are more hosts that the edge answers to, as in edge.Config: URLs of theirs
	// are explained as the edge's own.
	Hosts []string

	// Edge returns the edge that answers now. It may be another one each time. It
	// is called concurrently.
	Edge func() *edge.Edge

	// Objects is the content of the bucket.
	Objects *edge.Objects

	// Signer returns what signs links for an edge. nil means the edge's own Signer.
	// An error is shown in place of links. It is called concurrently.
	Signer func(*edge.Edge) (*signer.Signer, error)

	// Stack and Content name the stack and the folder of the content, for people.
	Stack, Content string

	// Token opens the page: 16 letters, digits, hyphens and underscores or more, that
	// nobody can guess. Empty means a random one.
	Token string

	// Now is the clock; nil means time.Now.
	Now func() time.Time
}

// Page shows a local edge. It is an http.Handler, and safe for concurrent use.
type Page struct {
	address, host string
	baseURL       string
	hosts         []string // of the edge, that of baseURL first
	edge          func() *edge.Edge
	objects       *edge.Objects
	signerOf      func(*edge.Edge) (*signer.Signer, error)
	stack         string
	content       string
	token         string
	now           func() time.Time

	policy  string // Content-Security-Policy
	guard   http.CrossOriginProtection
	handler *http.ServeMux

	requests  requests
	previews  previews
	opened    opened
	maxSearch time.Duration
	searches  sync.Mutex // held while a wrong byte is looked for: one at a time
}

// New makes a page. Errors name the field of c that is wrong.
func New(c Config) (*Page, error) {
	host, err := hostOf(c.Address)
	if err != nil {
		return nil, fmt.Errorf("page: Address: %w", err)
	}
	edgeHost, err := hostOf(c.BaseURL)
	if err != nil {
		return nil, fmt.Errorf("page: BaseURL: %w", err)
	}
	switch {
	case c.Address == c.BaseURL:
		return nil, errors.New("page: Address is that of the edge: give the page a port of its own")
	case c.Edge == nil:
		return nil, errors.New("page: no Edge: give a function that returns the edge")
	case c.Objects == nil:
		return nil, errors.New("page: no Objects: give the content of the bucket")
	case c.Token != "" && !tokens.MatchString(c.Token):
		return nil, errors.New("page: Token is not 16 letters, digits, hyphens and underscores or more: leave it out to get a random one")
	}
	p := &Page{
		address:  c.Address,
		host:     host,
		baseURL:  c.BaseURL,
		hosts:    append([]string{edgeHost}, c.Hosts...),
		edge:     c.Edge,
		objects:  c.Objects,
		signerOf: c.Signer,
		stack:    c.Stack,
		content:  c.Content,
		token:    c.Token,
		now:      c.Now,

		maxSearch: maxSearch,
	}
	if p.signerOf == nil {
		p.signerOf = (*edge.Edge).Signer
	}
	if p.token == "" {
		p.token = rand.Text()
	}
	if p.now == nil {
		p.now = time.Now
	}
	p.policy = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' " + c.BaseURL +
		"; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'"
	p.handler = http.NewServeMux()
	p.handler.HandleFunc("GET /", serveAsset)
	p.handle("GET /api/deployment", p.showDeployment)
	p.handle("GET /api/files", p.listFiles)
	p.handle("POST /api/links", p.makeLink)
	p.handle("POST /api/answers", p.compareAnswers)
	p.handle("GET /api/requests", p.streamRequests)
	p.handle("GET /api/requests/{id}", p.explainRequest)
	p.handle("POST /api/explanations", p.explainPasted)
	p.handle("GET /api/access", p.showAccess)
	return p, nil
}

var tokens = regexp.MustCompile(`^[A-Za-z0-9_-]{16,}$`)

// hostOf returns the host of a base URL, with its port. The errors do not show
// the text, which may be anything.
func hostOf(base string) (string, error) {
	u, err := url.Parse(base)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || u.Scheme+"://"+u.Host != base || strings.ContainsAny(u.Host, "*;, '\"") {
		return "", fmt.Errorf("%s: want a scheme and a host alone, as in http://127.0.0.1:8081", signer.Describe(base, signer.FormName))
	}
	return u.Host, nil
}

// URL is the address for a browser, with the token. Whoever has it may sign.
func (p *Page) URL() string { return p.address + "/#token=" + p.token }

// tokenHeader carries the token of a request for data.
const tokenHeader = "X-Signedfront-Token"

// handle has requests that carry the token answered. What handle returns is sent
// as JSON, unless the answer has been written.
func (p *Page) handle(pattern string, answer func(w http.ResponseWriter, r *http.Request) (any, error)) {
	p.handler.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) {
		if subtle.ConstantTimeCompare([]byte(r.Header.Get(tokenHeader)), []byte(p.token)) != 1 {
			sendJSON(w, http.StatusUnauthorized, problem{"the token of this run is missing or another one: open the address that signedfront printed"})
			return
		}
		value, err := answer(w, r)
		var refused *refusal
		switch {
		case errors.As(err, &refused):
			sendJSON(w, refused.status, problem{refused.Error()})
		case err != nil:
			sendJSON(w, http.StatusUnprocessableEntity, problem{err.Error()})
		case value != nil:
			sendJSON(w, http.StatusOK, value)
		}
	})
}

// problem is the answer to a request that cannot be met.
type problem struct {
	Error string `json:"error"`
}

// refusal is an error with a status of its own.
type refusal struct {
	status int
	error
}

// sendJSON sends a value. A viewer that has gone is no error of the page's.
func sendJSON(w http.ResponseWriter, status int, value any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(value)
}

// maxBody is the longest body of a request, in bytes: a URL, a Cookie header and a
// few public keys are shorter.
const maxBody = 256 << 10

// readJSON reads the body of a request. The errors show nothing of it: it may hold
// a private key that was pasted.
func readJSON(w http.ResponseWriter, r *http.Request, into any) error {
	if kind, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type")); kind != "application/json" {
		return &refusal{http.StatusUnsupportedMediaType, errors.New("the request is not JSON")}
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	if err != nil {
		return &refusal{http.StatusRequestEntityTooLarge, fmt.Errorf("the request has over %d bytes", maxBody)}
	}
	if err := json.Unmarshal(body, into); err != nil {
		return &refusal{http.StatusBadRequest, errors.New("the request is not the JSON that is expected")}
	}
	return nil
}

// ServeHTTP answers the browser of the person at this machine.
func (p *Page) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("Content-Security-Policy", p.policy)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Cache-Control", "no-store")
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	if r.Host != p.host {
		http.Error(w, "the page answers to the host "+p.host+" alone", http.StatusForbidden)
		return
	}
	if err := p.guard.Check(r); err != nil {
		http.Error(w, "the request comes from another page", http.StatusForbidden)
		return
	}
	p.handler.ServeHTTP(w, r)
}

// assets are what the browser shows. They hold nothing of a deployment, and are
// sent without a token.
//
//go:embed assets
var assets embed.FS

func serveAsset(w http.ResponseWriter, r *http.Request) {
	name := "assets" + r.URL.Path // embed.FS takes no other spelling of a name
	if r.URL.Path == "/" {
		name = "assets/index.html"
	}
	content, err := fs.ReadFile(assets, name)
	if err != nil {
		http.Error(w, "no such file of the page", http.StatusNotFound)
		return
	}
	// The system's table of types may be wrong, and a browser takes a script of one
	// type alone.
	w.Header().Set("Content-Type", map[string]string{
		".html": "text/html; charset=utf-8",
		".css":  "text/css; charset=utf-8",
		".js":   "text/javascript; charset=utf-8",
		".svg":  "image/svg+xml",
	}[path.Ext(name)])
	// A viewer that has gone is no error of the page's.
	_, _ = w.Write(content)
}
