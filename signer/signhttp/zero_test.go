package signhttp

import (
	"context"
	"net/http"
	"testing"
	"time"

	"github.com/signedfront/signedfront/signer"
)

// For each zero value, the handlers open nothing.
func TestZeroValuesOpenNothing(t *testing.T) {
	w := newWorld(t)
	var noSigner *signer.Signer
	for name, err := range map[string]func() error{
		"no signer": func() error {
			_, err := Redirect(noSigner, RedirectOptions{Authorize: grants("a"), BaseURL: site})
			return err
		},
		"a zero Signer": func() error {
			_, err := Redirect(&signer.Signer{}, RedirectOptions{Authorize: grants("a"), BaseURL: site})
			return err
		},
		"a zero Signer, for cookies": func() error {
			_, err := Cookies(&signer.Signer{}, CookiesOptions{Authorize: grants("a/"), BaseURL: site})
			return err
		},
		"zero RedirectOptions":  func() error { _, err := Redirect(w.Signer, RedirectOptions{}); return err },
		"zero CookiesOptions":   func() error { _, err := Cookies(w.Signer, CookiesOptions{}); return err },
		"zero PlaylistsOptions": func() error { _, err := Playlists(w.Signer, PlaylistsOptions{}); return err },
		"no Open": func() error {
			_, err := Playlists(w.Signer, PlaylistsOptions{Authorize: grants("a"), BaseURL: site})
			return err
		},
		"no Authorize": func() error {
			_, err := Redirect(w.Signer, RedirectOptions{BaseURL: site, Authorize: Authorize(nil)})
			return err
		},
		"no BaseURL and no deployment": func() error { _, err := Redirect(w.Signer, RedirectOptions{Authorize: grants("a")}); return err },
	} {
		if err() == nil {
			t.Errorf("%s: no error", name)
		}
	}
	for name, wrap := range map[string]func(){
		"Private": func() { Private(nil) },
		"Cookies": func() { w.cookies(t, CookiesOptions{Authorize: grants("a/")}, nil) },
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s of no handler does not panic", name)
				}
			}()
			wrap()
		}()
	}

	var noStatus *StatusError
	for name, test := range map[string]struct {
		authorize Authorize
		redirect  int // the status of Redirect
		page      int // the status of Cookies; 200 is the page without cookies
	}{
		"a zero Grant":          {func(*http.Request) (Grant, error) { return Grant{}, nil }, 404, 200},
		"a Grant without a key": {func(*http.Request) (Grant, error) { return Grant{Policy: signer.Policy{TTL: time.Hour}}, nil }, 404, 200},
		"a Grant with a policy without an end": {func(*http.Request) (Grant, error) {
			return Grant{Key: "a/", Policy: signer.Policy{IPAddress: "203.0.113.7"}}, nil
		}, 503, 503},
		"a Grant with an error":    {func(*http.Request) (Grant, error) { return Grant{Key: "a/"}, ErrDenied }, 403, 403},
		"a zero StatusError":       {refuses(&StatusError{}), 403, 403},
		"a nil *StatusError":       {func(*http.Request) (Grant, error) { return Grant{Key: "a/"}, noStatus }, 403, 403},
		"a StatusError of success": {refuses(&StatusError{Status: 200}), 403, 403},
		"a canceled context":       {refuses(context.Canceled), 403, 403},
	} {
		r := serve(w.redirect(t, RedirectOptions{Authorize: test.authorize}), "GET", "/")
		if r.StatusCode != test.redirect || r.Header.Get("Location") != "" {
			t.Errorf("%s: Redirect answers %d to %q", name, r.StatusCode, r.Header.Get("Location"))
		}
		r = serve(w.cookies(t, CookiesOptions{Authorize: test.authorize}, page), "GET", "/")
		if r.StatusCode != test.page || len(r.Cookies()) > 0 {
			t.Errorf("%s: Cookies answers %d with %d cookies", name, r.StatusCode, len(r.Cookies()))
		}
	}
}
