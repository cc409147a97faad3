package signhttp

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/signedfront/signedfront/signer"
)

// records keeps the subject and the resource of each call of a signer's hook.
type records struct {
	mu   sync.Mutex
	list []string
	fail error
}

func (r *records) add(_ context.Context, g signer.Grant) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.fail == nil {
		r.list = append(r.list, g.Subject+" "+strings.TrimPrefix(g.Statement.Resource, site))
	}
	return r.fail
}

func (r *records) want(t *testing.T, list ...string) {
	t.Helper()
	r.mu.Lock()
	defer r.mu.Unlock()
	if !slices.Equal(r.list, list) {
		t.Errorf("recorded are %q, want %q", r.list, list)
	}
	r.list = nil
}

// recorded is a world whose signer records, and a request of a viewer.
func recorded(t *testing.T) (w *world, told *records, ask func(h http.Handler, viewer, target, cookie string) *http.Response) {
	w, told = newWorld(t), &records{}
	w.Signer = must[*signer.Signer](t)(signer.New(keyID, w.key, &signer.Options{Now: w.now, OnGrant: told.add}))
	return w, told, func(h http.Handler, viewer, target, cookie string) *http.Response {
		r := httptest.NewRequestWithContext(signer.WithSubject(t.Context(), viewer), "GET", target, nil)
		if cookie != "" {
			r.Header.Set("Cookie", cookie)
		}
		rec := httptest.NewRecorder()
		h.ServeHTTP(rec, r)
		return rec.Result()
	}
}

func TestEachRedirectIsOneRecord(t *testing.T) {
	w, told, ask := recorded(t)
	h := w.redirect(t, RedirectOptions{Authorize: grants("rt.png")})
	ask(h, "anna", "/", "")
	ask(h, "bert", "/", "")
	told.want(t, "anna /rt.png", "bert /rt.png")
	told.fail = errors.New("the disk is full")
	if r := ask(h, "anna", "/", ""); r.StatusCode != http.StatusServiceUnavailable || r.Header.Get("Location") != "" {
		t.Errorf("without a record: %d %v", r.StatusCode, r.Header)
	}
}

// Viewers share a signature, and each who is given it is a record.
func TestEachViewerWhoIsGivenCookiesIsOneRecord(t *testing.T) {
	w, told, ask := recorded(t)
	h := w.cookies(t, CookiesOptions{Authorize: grants("albums/7/")}, page)
	first := ask(h, "anna", "/", "")
	second := ask(h, "bert", "/", "")
	if sent(first) != sent(second) || sent(first) == "" || w.key.signatures.Load() != 1 {
		t.Fatal("they do not share a signature")
	}
	told.want(t, "anna /albums/7/*", "bert /albums/7/*")
	if r := ask(h, "anna", "/", sent(first)); len(r.Cookies()) > 0 {
		t.Error("cookies are given to who has them")
	}
	told.want(t) // nothing was given out

	w.advance(20 * time.Minute)
	if r := ask(h, "anna", "/", sent(first)); sent(r) == sent(first) || sent(r) == "" {
		t.Error("the signature is not renewed")
	}
	told.want(t, "anna /albums/7/*")

	told.fail = errors.New("the disk is full")
	r := ask(h, "carl", "/", "")
	if r.StatusCode != http.StatusServiceUnavailable || len(r.Cookies()) > 0 || body(t, r) == "page" {
		t.Errorf("without a record: %d, with %d cookies", r.StatusCode, len(r.Cookies()))
	}
	if !strings.Contains(w.told(), "the disk is full") {
		t.Error("OnError is not told")
	}
}

func TestEachPlaylistThatIsGivenIsOneRecord(t *testing.T) {
	w, told, ask := recorded(t)
	h := w.playlists(t, PlaylistsOptions{Open: movie.open})
	const target = "/play/movies/7/audio/index.m3u8"
	first, second := body(t, ask(h, "anna", target, "")), body(t, ask(h, "bert", target, ""))
	if first != second || !strings.Contains(first, "Signature=") {
		t.Fatal("they do not share a pass")
	}
	told.want(t, "anna /movies/7/audio/*", "bert /movies/7/audio/*")
	if r := ask(h, "anna", "/play/movies/8/index.m3u8", ""); r.StatusCode != http.StatusNotFound {
		t.Errorf("a playlist that is not there: %d", r.StatusCode)
	}
	told.want(t) // nothing was given out

	told.fail = errors.New("the disk is full")
	if r := ask(h, "carl", target, ""); r.StatusCode != http.StatusServiceUnavailable || strings.Contains(body(t, r), "Signature=") {
		t.Errorf("without a record: %d", r.StatusCode)
	}
}
