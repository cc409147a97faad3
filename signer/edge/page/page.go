// Package page shows a local edge in a browser: the files with links that open
// them, the requests with the reason for each response, an explanation of any
// signed CloudFront URL, and the access path that the template makes.
//
// A Page is an http.Handler for its own listener on this machine. The edge reports
// its requests to it:
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
// Anyone who opens [Page.URL] can sign with the key of the deployment. The URL has
// the token of this run in its fragment, which browsers send to no server. Each
// request for data has the token in a header, so no other page, program or server
// on this machine can make such a request. A cookie would be sent to all ports of
// the host.
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
	"github.com/signedfront/signedfront/signer/internal/nearest"
)

// Config configures New.
type Config struct {
	// Address is the address of the page, such as http://127.0.0.1:8081. The page
	// answers only to its host.
	Address string

	// BaseURL is the address of the edge, as in edge.Config.
	BaseURL string

	// Hosts are the other hosts of the edge, as in edge.Config. Their URLs are
	// explained as the edge's own.
	Hosts []string

	// Edge returns the current edge, which may change. It is called concurrently.
	Edge func() *edge.Edge

	// Objects is the content of the bucket.
	Objects *edge.Objects

	// Signer returns the signer of links for an edge. If nil, it is the edge's own
	// Signer. An error is shown in place of links. Signer is called concurrently.
	Signer func(*edge.Edge) (*signer.Signer, error)

	// Stack and Content are the names of the stack and of the folder that the page
	// shows.
	Stack, Content string

	// Token opens the page. It must be unpredictable and have at least 16 letters,
	// digits, hyphens and underscores. The default is a random one.
	Token string

	// Now returns the time. The default is time.Now.
	Now func() time.Time
}

// Page shows a local edge. It is an http.Handler and safe for concurrent use.
type Page struct {
	address, host string
	baseURL       string
	hosts         []string // of the edge, the one of baseURL first
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
	searches  sync.Mutex // held during a search for a wrong byte
}

// New returns a Page. An error names the wrong field of c.
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
		return nil, errors.New("page: Address is that of the edge: set another port")
	case c.Edge == nil:
		return nil, errors.New("page: Edge is missing: set a function that returns the edge")
	case c.Objects == nil:
		return nil, errors.New("page: Objects is missing: set the content of the bucket")
	case c.Token != "" && !tokens.MatchString(c.Token):
		return nil, errors.New("page: Token must have at least 16 letters, digits, hyphens and underscores: leave it out to get a random one")
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

		maxSearch: nearest.MaxTime,
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

// hostOf returns the host of a base URL with its port. Its errors describe the
// text, which may be anything.
func hostOf(base string) (string, error) {
	u, err := url.Parse(base)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || u.Scheme+"://"+u.Host != base || strings.ContainsAny(u.Host, "*;, '\"") {
		return "", fmt.Errorf("%s: want only a scheme and a host, such as http://127.0.0.1:8081", signer.Describe(base, signer.FormName))
	}
	return u.Host, nil
}

// URL returns the address for a browser, with the token. Anyone who has it can
// sign.
func (p *Page) URL() string { return p.address + "/#token=" + p.token }

// tokenHeader is the header with the token in a request for data.
const tokenHeader = "X-Signedfront-Token"

// handle registers a handler for requests with the token. Its result is sent as
// JSON, unless it has written the response.
func (p *Page) handle(pattern string, answer func(w http.ResponseWriter, r *http.Request) (any, error)) {
	p.handler.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) {
		if subtle.ConstantTimeCompare([]byte(r.Header.Get(tokenHeader)), []byte(p.token)) != 1 {
			sendJSON(w, http.StatusUnauthorized, problem{"the token is missing or belongs to another run: open the address that signedfront printed"})
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

// problem is the response to a request that failed.
type problem struct {
	Error string `json:"error"`
}

// refusal is an error with its own status.
type refusal struct {
	status int
	error
}

// sendJSON sends a value. A viewer that disconnects is no error of the page.
func sendJSON(w http.ResponseWriter, status int, value any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(value)
}

// maxBody is the limit on the body of a request, in bytes. A URL, a Cookie header
// and a few public keys are shorter.
const maxBody = 256 << 10

// readJSON reads the body of a request. Its errors quote nothing of it: it may be a
// pasted private key.
func readJSON(w http.ResponseWriter, r *http.Request, into any) error {
	if kind, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type")); kind != "application/json" {
		return &refusal{http.StatusUnsupportedMediaType, errors.New("the request is not JSON")}
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	if err != nil {
		return &refusal{http.StatusRequestEntityTooLarge, fmt.Errorf("the request has over %d bytes", maxBody)}
	}
	if err := json.Unmarshal(body, into); err != nil {
		return &refusal{http.StatusBadRequest, errors.New("the JSON of the request has the wrong members or types")}
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
		http.Error(w, "the page answers only to the host "+p.host, http.StatusForbidden)
		return
	}
	if err := p.guard.Check(r); err != nil {
		http.Error(w, "the request comes from another page", http.StatusForbidden)
		return
	}
	p.handler.ServeHTTP(w, r)
}

// assets are the files of the page. They contain nothing of a deployment, and need
// no token.
//
//go:embed assets
var assets embed.FS

func serveAsset(w http.ResponseWriter, r *http.Request) {
	name := "assets" + r.URL.Path // embed.FS has one spelling of each name
	if r.URL.Path == "/" {
		name = "assets/index.html"
	}
	content, err := fs.ReadFile(assets, name)
	if err != nil {
		http.Error(w, "the page has no such file", http.StatusNotFound)
		return
	}
	// The system's table of types may be wrong, and browsers run a script only with
	// its own type.
	w.Header().Set("Content-Type", map[string]string{
		".html": "text/html; charset=utf-8",
		".css":  "text/css; charset=utf-8",
		".js":   "text/javascript; charset=utf-8",
		".svg":  "image/svg+xml",
	}[path.Ext(name)])
	// A viewer that disconnects is no error of the page.
	_, _ = w.Write(content)
}
