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

// Grant is what a viewer may read.
type Grant struct {
	// Key is the object key as in S3, unescaped. For Cookies it is the prefix of
	// the keys, ending with a slash, as in "albums/7/"; "/" alone means every key,
	// and empty means none. Check a name from a user before it becomes a part of a
	// key: with "ada/x" the user reads a part of another user's folder, and with an
	// empty name, user + "/" is "/".
	Key string

	// Policy is the lifetime and the conditions; the zero Policy means that of the
	// options.
	Policy signer.Policy

	// Download sets how a browser saves the object; nil leaves it to the object. It
	// is only for Redirect: cookies and playlists have no query for it, and return
	// an error.
	Download *signer.Download
}

var errDownload = errors.New("Grant.Download is set, but only Redirect supports it: leave it out")

// Authorize is the application's access check. It returns what the viewer may read.
// ErrDenied, a *StatusError and any other error refuse the request; any other error
// is also passed to OnError. It is called for each request, possibly concurrently.
type Authorize func(r *http.Request) (Grant, error)

// ErrDenied is returned by Authorize to respond with status 403.
var ErrDenied = errors.New("denied")

// StatusError is returned by Authorize to respond with another status, such as 401
// or 404.
type StatusError struct {
	Status int   // 400 to 599; anything else counts as 403
	Err    error // the reason, for the application; never sent; may be nil
}

func (e *StatusError) Error() string {
	text := fmt.Sprintf("%d %s", e.Status, http.StatusText(e.Status))
	if e.Err != nil {
		text += ": " + e.Err.Error()
	}
	return text
}

func (e *StatusError) Unwrap() error { return e.Err }

// gate is the common part of the handlers.
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
		return g, errors.New("Authorize is not set: it must check what each viewer may read")
	}
	if base != "" {
		if _, err := signer.ObjectURL(base, "x"); err != nil {
			return g, fmt.Errorf("BaseURL: %w", err)
		}
		return g, nil
	}
	if base, err := g.baseNow(); err == nil && base == "" {
		return g, errors.New("BaseURL is not set, and the signer belongs to no deployment: set BaseURL, such as https://d111111abcdef8.cloudfront.net")
	}
	return g, nil
}

// baseNow returns the base URL without waiting for a reading of the deployment that
// is under way.
func (g *gate) baseNow() (string, error) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	return g.baseURL(ctx)
}

// granted returns what Authorize grants a GET or HEAD request, with the base URL
// and the object's URL. If ok is false, it has already responded.
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

// baseURL returns the base URL; it never depends on a request.
func (g *gate) baseURL(ctx context.Context) (string, error) {
	if g.fixedBase != "" {
		return g.fixedBase, nil
	}
	return g.signer.BaseURL(ctx)
}

// report passes an error that the client does not see to the application.
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

// deny responds to a request that Authorize refused.
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

// fail responds to a request that was allowed but failed.
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
