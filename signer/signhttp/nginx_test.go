//go:build nginx

package signhttp

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/signedfront/signedfront/signer"
)

// carelessness lists nginx cache configurations, from the default to every
// directive that people paste.
var carelessness = []struct{ name, ignores string }{
	{"default", ""},
	{"careless", "Cache-Control Expires Set-Cookie"},
	{"reckless", "Cache-Control Expires Set-Cookie X-Accel-Expires"},
	{"deaf", "Cache-Control Expires Set-Cookie X-Accel-Expires Vary"},
}

// nginx starts an nginx that caches all responses of an application for ten
// minutes. It returns one client for each carelessness.
func nginx(t *testing.T, app http.Handler) map[string]*http.Client {
	t.Helper()
	binary, err := exec.LookPath("nginx")
	if err != nil {
		binary = must[string](t)(exec.LookPath("/usr/sbin/nginx"))
	}
	backend := httptest.NewServer(app)
	t.Cleanup(backend.Close)
	// The path of t.TempDir may be too long for a socket.
	dir := must[string](t)(os.MkdirTemp("", "nginx"))
	t.Cleanup(func() { os.RemoveAll(dir) })

	var config, servers bytes.Buffer
	for _, c := range carelessness {
		ignore := ""
		if c.ignores != "" {
			ignore = "proxy_ignore_headers " + c.ignores + ";"
		}
		fmt.Fprintf(&servers, `
	proxy_cache_path %[1]s/%[2]s.cache keys_zone=%[2]s:1m;
	server {
		listen unix:%[1]s/%[2]s;
		location / {
			proxy_pass %[3]s;
			proxy_http_version 1.1;
			proxy_read_timeout 10s;
			proxy_set_header Connection "";
			proxy_set_header Host app.example.com;
			proxy_cache %[2]s;
			proxy_cache_valid any 10m;
			proxy_cache_revalidate on;
			proxy_cache_use_stale error timeout updating http_500 http_502 http_503 http_504 http_403 http_404;
			%[4]s
			add_header X-Cache-Status $upstream_cache_status always;
		}
	}
`, dir, c.name, backend.URL, ignore)
	}
	user := ""
	if os.Getuid() == 0 {
		user = "user nobody nogroup;"
		if err := os.Chmod(dir, 0o777); err != nil {
			t.Fatal(err)
		}
	}
	fmt.Fprintf(&config, `
daemon off;
master_process off;
%[2]s
pid %[1]s/pid;
error_log stderr warn;
events { worker_connections 64; }
http {
	access_log off;
	client_body_temp_path %[1]s/body;
	proxy_temp_path %[1]s/proxy;
	fastcgi_temp_path %[1]s/fastcgi;
	uwsgi_temp_path %[1]s/uwsgi;
	scgi_temp_path %[1]s/scgi;
%[3]s
}
`, dir, user, servers.String())
	file := filepath.Join(dir, "nginx.conf")
	if err := os.WriteFile(file, config.Bytes(), 0o644); err != nil {
		t.Fatal(err)
	}

	ctx, stop := context.WithCancel(context.Background())
	var output bytes.Buffer
	process := exec.CommandContext(ctx, binary, "-c", file, "-p", dir, "-e", "stderr")
	process.Stdout, process.Stderr = &output, &output
	if err := process.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() { process.Wait(); close(ended) }()
	t.Cleanup(func() {
		stop()
		<-ended
		if t.Failed() {
			t.Logf("nginx: %s", output.String())
		}
	})

	clients := map[string]*http.Client{}
	for _, c := range carelessness {
		socket := filepath.Join(dir, c.name)
		for deadline := time.Now().Add(time.Minute); ; time.Sleep(10 * time.Millisecond) {
			conn, err := net.Dial("unix", socket)
			if err == nil {
				conn.Close()
				break
			}
			select {
			case <-ended:
				t.Fatalf("nginx ended: %s", output.String())
			default:
			}
			if time.Now().After(deadline) {
				t.Fatalf("nginx does not listen: %v", err)
			}
		}
		transport := &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, "unix", socket)
		}}
		t.Cleanup(transport.CloseIdleConnections)
		clients[c.name] = &http.Client{
			Transport:     transport,
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		}
	}
	return clients
}

// viewer returns the viewer of a request; nginx ignores the header.
func viewer(r *http.Request) string { return r.Header.Get("X-Viewer") }

// application has one path for each careless middleware outside and each careless
// handler. Its response is for the viewer that X-Answer-For names.
func application(t *testing.T) (app http.Handler, paths []string) {
	w := newWorld(t)
	mux := http.NewServeMux()
	answers := map[string]http.Handler{
		"redirect": w.redirect(t, RedirectOptions{Authorize: func(r *http.Request) (Grant, error) {
			return Grant{Key: "users/" + viewer(r) + "/rt.png"}, nil
		}}),
		"failure": w.redirect(t, RedirectOptions{Authorize: grants("")}),
		"panic":   w.redirect(t, RedirectOptions{Authorize: func(*http.Request) (Grant, error) { panic("of Authorize") }}),
	}
	for name, status := range map[string]int{"unauthorized": 401, "forbidden": 403, "missing": 404, "gone": 410, "down": 500} {
		answers[name] = w.redirect(t, RedirectOptions{Authorize: refuses(&StatusError{Status: status})})
	}
	withCookies := must[func(http.Handler) http.Handler](t)(Cookies(w.Signer, CookiesOptions{
		Authorize: func(r *http.Request) (Grant, error) { return Grant{Key: "users/" + viewer(r) + "/"}, nil },
		Cookies:   signer.CookieOptions{Domain: "example.com", Path: "/"},
		BaseURL:   site, Now: w.now, OnError: w.onError,
	}))
	for name, handler := range pages(t) {
		if name == "sends hints first" {
			continue // nginx forwards them as the response
		}
		name = strings.ReplaceAll(strings.ReplaceAll(name, " ", "-"), ",", "")
		answers["page-that-"+name] = withCookies(handler)
		answers["playlist-that-"+name] = Private(handler)
	}
	answers["page-for-a-viewer-with-cookies"] = http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		first := httptest.NewRecorder()
		withCookies(page).ServeHTTP(first, r)
		r.Header.Set("Cookie", sent(first.Result()))
		withCookies(pages(t)["writes"]).ServeHTTP(rw, r)
	})
	for around, middleware := range outside {
		around = strings.ReplaceAll(around, " ", "-")
		for name, answer := range answers {
			if name == "panic" && around == "before-a-TimeoutHandler" {
				continue // it drops the header, so the response is its own
			}
			path := "/" + around + "/" + name
			paths = append(paths, path)
			mux.Handle(path, recovers(middleware(answer)))
		}
	}
	mux.Handle("/everyone", outside["before"](page))
	return http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		rw.Header().Set("X-Answer-For", viewer(r))
		mux.ServeHTTP(rw, r)
	}), paths
}

// recovers responds with 500 after a panic, and does not change the header.
func recovers(h http.Handler) http.Handler {
	return http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		defer func() {
			if recover() != nil {
				rw.WriteHeader(http.StatusInternalServerError)
			}
		}()
		h.ServeHTTP(rw, r)
	})
}

func askAs(t *testing.T, client *http.Client, method, path, viewer string) *http.Response {
	t.Helper()
	r := must[*http.Request](t)(http.NewRequest(method, "http://app.example.com"+path, nil))
	r.Header.Set("X-Viewer", viewer)
	response, err := client.Do(r)
	if err != nil {
		t.Fatalf("%s: %v", path, err)
	}
	text, err := io.ReadAll(response.Body)
	if err != nil && !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Fatalf("%s: %v", path, err)
	}
	response.Body.Close()
	response.Body = io.NopCloser(bytes.NewReader(text))
	return response
}

func TestNginxGivesNoViewerTheAnswerOfAnother(t *testing.T) {
	app, paths := application(t)
	for name, client := range nginx(t, app) {
		t.Run(name, func(t *testing.T) {
			// nginx must cache a page for everyone, or this test proves nothing.
			askAs(t, client, "GET", "/everyone", "ada")
			if r := askAs(t, client, "GET", "/everyone", "bob"); r.Header.Get("X-Answer-For") != "ada" || r.Header.Get("X-Cache-Status") != "HIT" {
				t.Fatalf("a page for everyone is not kept: %v", r.Header)
			}
			leaks := 0
			for _, path := range paths {
				for _, method := range []string{"GET", "HEAD"} {
					path := path + "?" + method
					for _, viewer := range []string{"ada", "bob", "ada"} {
						r := askAs(t, client, method, path, viewer)
						all := fmt.Sprint(r.Header)
						other := map[string]string{"ada": "bob", "bob": "ada"}[viewer]
						switch {
						case r.Header.Get("X-Answer-For") == viewer && !strings.Contains(all, "users/"+other):
						case name == "deaf":
							leaks++
						default:
							t.Errorf("%s %s: %s gets the answer of %s", method, path, viewer, r.Header.Get("X-Answer-For"))
						}
					}
				}
			}
			// The package comment says that no handler can prevent this one.
			if name == "deaf" && leaks == 0 {
				t.Error("a cache that ignores every field keeps nothing: say so in the package comment")
			}
		})
	}
}
