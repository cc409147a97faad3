package signhttp

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"reflect"
	"strconv"

	"github.com/signedfront/signedfront/signer"
)

// Grant is what a viewer may have.
type Grant struct {
	// Key is the key of the object, as S3 has it and not escaped. For Cookies
	// it is what the keys start with, up to and with a slash, as in
	// "albums/7/"; "/" alone stands for every key, and empty for none. A name
	// that a user chose is no part of a key until its slashes are dealt with:
	// "ada/x" is no user's name. Nor is an empty one: with it, user + "/" is "/".
	Key string

	// Policy is for how long and for whom; the zero Policy means that of the
	// options.
	Policy signer.Policy

	// Download is how a browser saves the object; nil says nothing of it. It is
	// for Redirect: cookies and playlists have no query to say it in, and a grant
	// of theirs that has one is an error.
	Download *signer.Download
}

var errDownload = errors.New("Grant.Download is set, which only the URL of Redirect can say: leave it out")

// Authorize is an application's own check: who asks, what for, and whether that
// may be. ErrDenied and *StatusError say no; any other error says no too, and
// goes to OnError. It is called for each request, concurrently.
type Authorize func(r *http.Request) (Grant, error)

// ErrDenied is what Authorize returns to have a request answered with 403.
var ErrDenied = errors.New("denied")

// StatusError is what Authorize returns to have a request answered with a
// status of its own, such as 401 or 404.
type StatusError struct {
	Status int   // 400 to 599; anything else counts as 403
	Err    error // why, for the application; never sent. May be nil
}

func (e *StatusError) Error() string {
	text := fmt.Sprintf("%d %s", e.Status, http.StatusText(e.Status))
	if e.Err != nil {
		text += ": " + e.Err.Error()
	}
	return text
}

func (e *StatusError) Unwrap() error { return e.Err }

// gate is what Redirect and Cookies have in common.
type gate struct {
	signer    *signer.Signer
	authorize Authorize
	fixedBase string // empty for the deployment's
	onError   func(r *http.Request, err error)
}

func newGate(s *signer.Signer, authorize Authorize, base string, onError func(*http.Request, error)) (gate, error) {
	g := gate{signer: s, authorize: authorize, fixedBase: base, onError: onError}
	switch {
	case s == nil:
		return g, errors.New("no signer: make one with signer.Open or signer.New")
	case reflect.ValueOf(s).Elem().IsZero():
		return g, errors.New("the signer is a zero Signer: make one with signer.Open or signer.New")
	case authorize == nil:
		return g, errors.New("Authorize is not set: it is the check of who may have what")
	}
	if base != "" {
		if _, err := signer.ObjectURL(base, "x"); err != nil {
			return g, fmt.Errorf("BaseURL: %w", err)
		}
		return g, nil
	}
	if base, err := g.baseNow(); err == nil && base == "" {
		return g, errors.New("BaseURL is not set, and the signer belongs to no deployment: set where the content is served, such as https://d111111abcdef8.cloudfront.net")
	}
	return g, nil
}

// baseNow is the base URL if it is known without waiting for a deployment that
// is being read again just now.
func (g *gate) baseNow() (string, error) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	return g.baseURL(ctx)
}

// granted is what Authorize grants of a GET or HEAD request, with the base URL and
// the object's. It answers any other request itself, and is false then.
func (g *gate) granted(w http.ResponseWriter, r *http.Request) (grant Grant, base, url string, ok bool) {
	ownAnswer(w.Header()) // first: Authorize and OnError may panic
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		w.Header().Set("Allow", "GET, HEAD")
		refuse(w, http.StatusMethodNotAllowed)
		return grant, "", "", false
	}
	grant, err := g.authorize(r)
	if err != nil {
		g.deny(w, r, err)
		return grant, "", "", false
	}
	base, err = g.baseURL(r.Context())
	if err != nil {
		g.fail(w, r, http.StatusServiceUnavailable, fmt.Errorf("the base URL: %w", err))
		return grant, "", "", false
	}
	url, err = signer.ObjectURL(base, grant.Key)
	if err != nil {
		g.fail(w, r, http.StatusNotFound, err)
		return grant, "", "", false
	}
	return grant, base, url, true
}

// baseURL is where the content is served; it never depends on a request.
func (g *gate) baseURL(ctx context.Context) (string, error) {
	if g.fixedBase != "" {
		return g.fixedBase, nil
	}
	return g.signer.BaseURL(ctx)
}

// report tells the application of an error that the client is not told.
func (g *gate) report(r *http.Request, err error) {
	if g.onError != nil {
		g.onError(r, err)
		return
	}
	slog.ErrorContext(r.Context(), "signed content",
		"method", describe(r.Method, signer.FormWord), "path", describe(r.URL.Path, signer.FormName), "error", err)
}

// describe is signer.Describe for a log, which quotes values itself.
func describe(value string, form signer.Form) string {
	text := signer.Describe(value, form)
	if plain, err := strconv.Unquote(text); err == nil {
		return plain
	}
	return text
}

// deny answers a request that Authorize refused.
func (g *gate) deny(w http.ResponseWriter, r *http.Request, err error) {
	status := http.StatusForbidden
	var own *StatusError
	switch {
	case errors.As(err, &own):
		if own != nil && own.Status >= 400 && own.Status <= 599 {
			status = own.Status
		}
	case !errors.Is(err, ErrDenied):
		g.report(r, fmt.Errorf("authorizing: %w", err))
	}
	refuse(w, status)
}

// fail answers a request that was allowed and could not be served.
func (g *gate) fail(w http.ResponseWriter, r *http.Request, status int, err error) {
	g.report(r, err)
	refuse(w, status)
}

func refuse(w http.ResponseWriter, status int) {
	ownAnswer(w.Header())
	text := http.StatusText(status)
	if text == "" {
		text = "Refused"
	}
	http.Error(w, text, status)
}
