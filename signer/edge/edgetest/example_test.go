package edgetest_test

import (
	"context"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/signedfront/signedfront/signer"
	"github.com/signedfront/signedfront/signer/edge/edgetest"
	"github.com/signedfront/signedfront/signer/signhttp"
)

// printed is a testing.TB that prints its errors. In your own test, use t.
type printed struct {
	testing.TB
	ends []func()
}

func (p *printed) Helper()                           {}
func (p *printed) Errorf(format string, args ...any) { fmt.Printf(format+"\n", args...) }
func (p *printed) Fatalf(format string, args ...any) { log.Fatalf(format, args...) }
func (p *printed) Cleanup(end func())                { p.ends = append(p.ends, end) }
func (p *printed) end() {
	for _, end := range p.ends {
		end()
	}
}

// shop is the application under test.
type shop struct{ signer *signer.Signer }

func (s shop) picture(name string) (string, error) {
	return s.signer.Object(context.Background(), name, signer.Policy{TTL: 2 * time.Minute})
}

func Example() {
	t := new(printed)
	defer t.end()

	srv := edgetest.NewServer(t, edgetest.Options{Files: map[string]string{"rt.png": "a picture", "secret.png": "another"}})
	url, err := shop{srv.Signer}.picture("rt.png")
	srv.CheckPrivate(url)

	response, err := http.Get(url)
	if err != nil {
		log.Fatal(err)
	}
	body, err := io.ReadAll(response.Body)
	response.Body.Close()
	fmt.Printf("%s %q %v\n", response.Status, body, err)

	srv.Advance(3 * time.Minute)
	if response, err = http.Get(url); err != nil {
		log.Fatal(err)
	}
	response.Body.Close()
	for _, r := range srv.Requests() {
		fmt.Printf("%d %q %q\n", r.Status, r.Object, r.Refused)
	}
	// Output:
	// 200 OK "a picture" <nil>
	// 200 "rt.png" ""
	// 403 "" "expiry"
}

// It is a test error if a signature opens more than the application intends.
func ExampleServer_CheckPrivate() {
	t := new(printed)
	defer t.end()
	srv := edgetest.NewServer(t, edgetest.Options{Files: map[string]string{"users/1/a.png": "", "users/2/b.png": ""}})

	user := "1"
	url, err := srv.Signer.URL(context.Background(), srv.URL+"/users/"+user+"/a.png", signer.Policy{
		TTL:      time.Minute,
		Resource: srv.URL + "/users/*", // meant to be /users/1/*
	})
	if err != nil {
		log.Fatal(err)
	}
	srv.CheckPrivate(url)
	// Output:
	// edgetest: the signature of "/users/1/a.png" opens "/users/2/b.png"
}

// The handlers of an application set cookies for an album.
func ExampleServer_CheckCookies() {
	t := new(printed)
	defer t.end()
	srv := edgetest.NewServer(t, edgetest.Options{Files: map[string]string{"albums/7/a.png": "", "albums/7/b.png": "", "albums/8/c.png": ""}})

	withCookies, err := signhttp.Cookies(srv.Signer, signhttp.CookiesOptions{
		Authorize: func(*http.Request) (signhttp.Grant, error) { return signhttp.Grant{Key: "albums/7/"}, nil },
		Cookies:   signer.CookieOptions{Insecure: true},
	})
	if err != nil {
		log.Fatal(err)
	}
	gallery := withCookies(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, "<h1>Album 7</h1>") }))

	rec := httptest.NewRecorder()
	gallery.ServeHTTP(rec, httptest.NewRequest("GET", srv.URL+"/gallery", nil))
	cookies := rec.Result().Cookies()
	srv.CheckCookies(cookies, srv.URL+"/albums/7/a.png", srv.URL+"/albums/7/b.png")
	fmt.Println(cookies[0].Name, cookies[0].Path)
	// Output:
	// CloudFront-Policy /albums/7/
}

// A player gets a playlist from the application and segments from the edge.
func ExampleNewServer() {
	t := new(printed)
	defer t.end()
	movies := fstest.MapFS{
		"movies/7/index.m3u8": {Data: []byte("#EXTM3U\n#EXT-X-TARGETDURATION:6\n#EXTINF:6,\nseg1.ts\n#EXTINF:6,\nseg2.ts\n#EXT-X-ENDLIST\n")},
		"movies/7/seg1.ts":    {Data: []byte("one")},
		"movies/7/seg2.ts":    {Data: []byte("two")},
		"movies/8/seg1.ts":    {Data: []byte("of another movie")},
	}
	srv := edgetest.NewServer(t, edgetest.Options{FS: movies})

	playlists, err := signhttp.Playlists(srv.Signer, signhttp.PlaylistsOptions{
		Authorize: func(r *http.Request) (signhttp.Grant, error) {
			return signhttp.Grant{Key: "movies/7/index.m3u8"}, nil
		},
		Open: func(_ context.Context, key string) (io.ReadCloser, error) { return movies.Open(key) },
	})
	if err != nil {
		log.Fatal(err)
	}
	rec := httptest.NewRecorder()
	playlists.ServeHTTP(rec, httptest.NewRequest("GET", "/play", nil))
	segments := regexp.MustCompile(`(?m)^http.*`).FindAllString(rec.Body.String(), -1)
	srv.CheckPrivate(append(segments, strings.Replace(segments[0], "seg1.ts", "index.m3u8", 1))...)
	for _, segment := range segments {
		response, err := http.Get(segment)
		if err != nil {
			log.Fatal(err)
		}
		body, err := io.ReadAll(response.Body)
		response.Body.Close()
		fmt.Println(response.Status, string(body), err)
	}
	// Output:
	// 200 OK one <nil>
	// 200 OK two <nil>
}
