package signhttp

import (
	"bytes"
	"context"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/signedfront/signedfront/signer"
	"github.com/signedfront/signedfront/signer/leaktest"
)

// shown returns everything that a handler shows of a text in its options, in a
// grant or in a request: the error of its constructor, its log, and a refusal.
func shown(h http.Handler, err error, put func(*http.Request)) []any {
	if err != nil {
		return []any{err}
	}
	var log bytes.Buffer
	before := slog.Default()
	slog.SetDefault(slog.New(slog.NewJSONHandler(&log, nil)))
	defer slog.SetDefault(before)
	rec := httptest.NewRecorder()
	r := httptest.NewRequest("GET", "/", nil)
	put(r)
	h.ServeHTTP(rec, r)
	all := []any{log.String()}
	if rec.Code >= 400 { // a granted response holds the key
		all = append(all, rec.Body.String(), rec.Header())
	}
	return all
}

func TestNothingHereShowsAKeyThatWasPutInTheWrongPlace(t *testing.T) {
	w := newWorld(t)
	minute := func(p signer.Policy) signer.Policy { p.TTL = time.Minute; return p }
	policies := func(text string) []signer.Policy {
		return []signer.Policy{minute(signer.Policy{IPAddress: text}), minute(signer.Policy{Resource: text}), minute(signer.Policy{Resource: site + "/" + text})}
	}
	requests := func(text string) []func(*http.Request) {
		return []func(*http.Request){
			func(r *http.Request) { r.URL.Path = "/files/" + text },
			func(r *http.Request) { r.Method = text },
			func(r *http.Request) { r.Host = text },
		}
	}
	plain := func(*http.Request) {}

	redirect := func(text string) (all []any) {
		try := func(o RedirectOptions, g Grant, put func(*http.Request)) {
			o.Authorize = func(*http.Request) (Grant, error) { return g, nil }
			h, err := Redirect(w.Signer, o)
			all = append(all, shown(h, err, put)...)
		}
		for _, base := range []string{text, "https://" + text, site + "/" + text} {
			try(RedirectOptions{BaseURL: base}, Grant{Key: "rt.png"}, plain)
		}
		for _, key := range []string{text, "/" + text, text + "/../x"} {
			try(RedirectOptions{BaseURL: site}, Grant{Key: key}, plain)
		}
		for _, p := range policies(text) {
			try(RedirectOptions{BaseURL: site}, Grant{Key: "rt.png", Policy: p}, plain)
		}
		for _, put := range requests(text) {
			try(RedirectOptions{BaseURL: site}, Grant{}, put)
		}
		return all
	}
	cookies := func(text string) (all []any) {
		try := func(o CookiesOptions, g Grant, put func(*http.Request)) {
			o.Authorize = func(*http.Request) (Grant, error) { return g, nil }
			wrap, err := Cookies(w.Signer, o)
			if err != nil {
				all = append(all, err)
				return
			}
			all = append(all, shown(wrap(page), nil, put)...)
		}
		for _, base := range []string{text, "https://" + text, site + "/" + text} {
			try(CookiesOptions{BaseURL: base}, Grant{Key: "a/"}, plain)
		}
		for _, o := range []signer.CookieOptions{{Domain: text}, {Domain: text + ".example.com"}, {AppHost: text}, {Domain: "example.com", AppHost: text}, {Path: text}, {Path: "/" + text + ";"}} {
			try(CookiesOptions{BaseURL: site, Cookies: o}, Grant{Key: "a/"}, plain)
		}
		for _, key := range []string{text, "/" + text + "/", text + "/../"} {
			try(CookiesOptions{BaseURL: site}, Grant{Key: key}, plain)
		}
		for _, p := range policies(text) {
			try(CookiesOptions{BaseURL: site}, Grant{Key: "a/", Policy: p}, plain)
		}
		for _, put := range requests(text) {
			try(CookiesOptions{BaseURL: site}, Grant{Key: "a/"}, put)
		}
		return all
	}
	playlists := func(text string) (all []any) {
		try := func(o PlaylistsOptions, g Grant, put func(*http.Request)) {
			o.Authorize = func(*http.Request) (Grant, error) { return g, nil }
			if o.Open == nil {
				o.Open = func(context.Context, string) (io.ReadCloser, error) {
					return io.NopCloser(strings.NewReader("#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1\n" + text + "\n/../" + text + "\n")), nil
				}
			}
			h, err := Playlists(w.Signer, o)
			all = append(all, shown(h, err, put)...)
		}
		for _, base := range []string{text, "https://" + text, site + "/" + text} {
			try(PlaylistsOptions{BaseURL: base}, Grant{Key: "a/b.m3u8"}, plain)
		}
		for _, key := range []string{text, "/" + text, text + "/../x"} {
			try(PlaylistsOptions{BaseURL: site}, Grant{Key: key}, plain)
			try(PlaylistsOptions{BaseURL: site, Folder: func(string) string { return key }}, Grant{Key: "a/b.m3u8"}, plain)
		}
		for _, p := range policies(text) {
			try(PlaylistsOptions{BaseURL: site}, Grant{Key: "a/b.m3u8", Policy: p}, plain)
		}
		for _, put := range requests(text) {
			try(PlaylistsOptions{BaseURL: site}, Grant{Key: "a/b.m3u8"}, put)
		}
		return all
	}
	leaktest.Run(t, ".", map[string]func(string) []any{"Redirect": redirect, "Cookies": cookies, "Playlists": playlists})
}
