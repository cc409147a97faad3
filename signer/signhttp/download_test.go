package signhttp

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/signedfront/signedfront/signer"
)

func downloading(d signer.Download) Authorize {
	return func(*http.Request) (Grant, error) { return Grant{Key: "movies/7/index.m3u8", Download: &d}, nil }
}

func TestARedirectSaysUnderWhichNameTheObjectIsSaved(t *testing.T) {
	w := newWorld(t)
	r := serve(w.redirect(t, RedirectOptions{Authorize: downloading(signer.Download{Name: "día.pdf"})}), "GET", "/files/x")
	location := r.Header.Get("Location")
	u, err := url.Parse(location)
	if err != nil || r.StatusCode != http.StatusTemporaryRedirect || u.Query().Get("response-content-disposition") != `attachment; filename="d_a.pdf"; filename*=UTF-8''d%C3%ADa.pdf` {
		t.Errorf("%d to %q: %v", r.StatusCode, location, err)
	}
	if v := w.verify(location); !v.Allowed {
		t.Error(v.Detail)
	}
	if v := w.verify(strings.Replace(location, "d_a", "exe", 1)); v.Allowed {
		t.Error("another name is allowed")
	}
	if told := w.told(); told != "" {
		t.Errorf("OnError was told %s", told)
	}
}

func TestADownloadThatCannotBeSaidIsAnError(t *testing.T) {
	for name, test := range map[string]struct {
		handler func(w *world) http.Handler
		status  int
		told    string
	}{
		"a name with a slash": {func(w *world) http.Handler {
			return w.redirect(t, RedirectOptions{Authorize: downloading(signer.Download{Name: "a/b.pdf"})})
		}, 500, "holds a slash"},
		"a parameter that is not forwarded": {func(w *world) http.Handler {
			w.Signer = must[*signer.Signer](t)(signer.New(keyID, w.key, &signer.Options{Now: w.now, Query: &signer.ForwardedQuery{Signed: []string{}, Public: []string{}}}))
			return w.redirect(t, RedirectOptions{Authorize: downloading(signer.Download{Name: "b.pdf"})})
		}, 503, `set "downloads": true in cdk.json`},
		"cookies": {func(w *world) http.Handler {
			return w.cookies(t, CookiesOptions{Authorize: func(*http.Request) (Grant, error) {
				return Grant{Key: "movies/7/", Download: &signer.Download{Name: "b.pdf"}}, nil
			}}, page)
		}, 503, "Grant.Download is set"},
		"a playlist": {func(w *world) http.Handler {
			return w.playlists(t, PlaylistsOptions{Authorize: downloading(signer.Download{}), Open: movie.open, Folder: folderOfMovie})
		}, 503, "Grant.Download is set"},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			r := serve(test.handler(w), "GET", "/play/movies/7/index.m3u8")
			if told := w.told(); r.StatusCode != test.status || !strings.Contains(told, test.told) {
				t.Errorf("%d, OnError was told %q, want %d and %q", r.StatusCode, told, test.status, test.told)
			}
		})
	}
}
