package signhttp_test

import (
	"context"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing/fstest"
	"time"

	"github.com/signedfront/signedfront/signer"
	"github.com/signedfront/signedfront/signer/signhttp"
)

func exampleSigner() *signer.Signer {
	key, err := signer.GenerateKey("")
	if err != nil {
		log.Fatal(err)
	}
	s, err := signer.New("K2JCJMDEHXQW5F", key, nil)
	if err != nil {
		log.Fatal(err)
	}
	return s
}

func mayRead(r *http.Request, key string) bool { return strings.HasPrefix(key, "albums/7/") }

func ExampleRedirect() {
	files, err := signhttp.Redirect(exampleSigner(), signhttp.RedirectOptions{
		BaseURL: "https://cdn.example.com",
		Authorize: func(r *http.Request) (signhttp.Grant, error) {
			key := r.PathValue("key")
			if !mayRead(r, key) {
				return signhttp.Grant{}, signhttp.ErrDenied
			}
			return signhttp.Grant{Key: key}, nil
		},
	})
	if err != nil {
		log.Fatal(err)
	}
	mux := http.NewServeMux()
	mux.Handle("/files/{key...}", files)

	for _, path := range []string{"/files/albums/7/rt%201.png", "/files/albums/8/rt.png"} {
		rec := httptest.NewRecorder()
		mux.ServeHTTP(rec, httptest.NewRequest("GET", path, nil))
		location, _, _ := strings.Cut(rec.Header().Get("Location"), "Expires=")
		fmt.Println(rec.Code, location)
	}
	// Output:
	// 307 https://cdn.example.com/albums/7/rt%201.png?
	// 403
}

func ExampleCookies() {
	withCookies, err := signhttp.Cookies(exampleSigner(), signhttp.CookiesOptions{
		BaseURL: "https://cdn.example.com",
		Cookies: signer.CookieOptions{Domain: "example.com", AppHost: "app.example.com"},
		Authorize: func(r *http.Request) (signhttp.Grant, error) {
			user, _, ok := r.BasicAuth()
			if !ok {
				return signhttp.Grant{}, nil // the page without cookies
			}
			return signhttp.Grant{Key: "users/" + user + "/"}, nil
		},
	})
	if err != nil {
		log.Fatal(err)
	}
	gallery := withCookies(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintln(w, "<img src=https://cdn.example.com/users/ada/rt.png>")
	}))

	rec := httptest.NewRecorder()
	r := httptest.NewRequest("GET", "https://app.example.com/gallery", nil)
	r.SetBasicAuth("ada", "secret")
	gallery.ServeHTTP(rec, r)
	for _, c := range rec.Result().Cookies() {
		fmt.Println(c.Name, c.Path, c.Domain, c.MaxAge)
	}
	fmt.Println(rec.Header().Get("Cache-Control"))
	// Output:
	// CloudFront-Policy /users/ada/ example.com 0
	// CloudFront-Signature /users/ada/ example.com 0
	// CloudFront-Key-Pair-Id /users/ada/ example.com 0
	// CloudFront-Hash-Algorithm /users/ada/ example.com 0
	// CloudFront-Expires /users/ada/ example.com -1
	// private, no-store
}

func ExamplePrivate() {
	s := exampleSigner()
	gallery := signhttp.Private(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		pass, err := s.OpenAll(r.Context(), "https://cdn.example.com/albums/7/", signer.Policy{TTL: time.Hour})
		if err != nil {
			http.Error(w, "cannot sign", http.StatusServiceUnavailable)
			return
		}
		for _, name := range []string{"rt.png", "day.png"} {
			signed, err := pass.URL(pass.Prefix() + name)
			if err != nil {
				http.Error(w, "cannot sign", http.StatusServiceUnavailable)
				return
			}
			fmt.Fprintf(w, "<img src=%q>\n", signed)
		}
	}))

	rec := httptest.NewRecorder()
	gallery.ServeHTTP(rec, httptest.NewRequest("GET", "/gallery", nil))
	fmt.Println(rec.Header().Get("Cache-Control"))
	// Output:
	// private, no-store
}

// This handler serves the playlists of a folder on disk and its subfolders.
func ExamplePlaylists() {
	movies := fstest.MapFS{"movies/7/index.m3u8": {Data: []byte("#EXTM3U\n#EXTINF:6,\nseg1.ts\n")}}
	playlists, err := signhttp.Playlists(exampleSigner(), signhttp.PlaylistsOptions{
		BaseURL: "https://cdn.example.com",
		Authorize: func(r *http.Request) (signhttp.Grant, error) {
			key := r.PathValue("key")
			if !strings.HasPrefix(key, "movies/7/") {
				return signhttp.Grant{}, signhttp.ErrDenied
			}
			return signhttp.Grant{Key: key}, nil
		},
		Open: func(_ context.Context, key string) (io.ReadCloser, error) { return movies.Open(key) },
	})
	if err != nil {
		log.Fatal(err)
	}
	mux := http.NewServeMux()
	mux.Handle("GET /play/{key...}", playlists)

	rec := httptest.NewRecorder()
	mux.ServeHTTP(rec, httptest.NewRequest("GET", "/play/movies/7/index.m3u8", nil))
	text, _, _ := strings.Cut(rec.Body.String(), "Policy=")
	fmt.Println(text)
	// Output:
	// #EXTM3U
	// #EXTINF:6,
	// https://cdn.example.com/movies/7/seg1.ts?
}
