package signhttp

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"testing/iotest"
	"time"

	"github.com/signedfront/signedfront/signer"
)

// bucket holds playlists by key.
type bucket map[string]string

func (b bucket) open(_ context.Context, key string) (io.ReadCloser, error) {
	text, ok := b[key]
	if !ok {
		return nil, fs.ErrNotExist
	}
	return io.NopCloser(strings.NewReader(text)), nil
}

func (w *world) playlists(t testing.TB, o PlaylistsOptions) http.Handler {
	t.Helper()
	if o.BaseURL == "" {
		o.BaseURL = site
	}
	if o.Authorize == nil {
		o.Authorize = func(r *http.Request) (Grant, error) { return Grant{Key: r.PathValue("key")}, nil }
	}
	o.OnError, o.Now = w.onError, w.now
	mux := http.NewServeMux()
	mux.Handle("/play/{key...}", must[http.Handler](t)(Playlists(w.Signer, o)))
	return mux
}

var movie = bucket{
	"movies/7/index.m3u8": "#EXTM3U\n#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID=\"a\",NAME=\"a\",URI=\"audio/index.m3u8\"\n#EXT-X-STREAM-INF:BANDWIDTH=1\n" + site + "/movies/7/720p/index.m3u8?v=1\n" +
		"#EXT-X-STREAM-INF:BANDWIDTH=1\nhttps://other.example/index.m3u8\n",
	"movies/7/720p/index.m3u8":  "#EXTM3U\n#EXTINF:6,\nseg 1.ts\n#EXTINF:6,\n../audio/seg.aac\n#EXTINF:6,\nhttps://ads.example.com/spot.ts\n",
	"movies/7/audio/index.m3u8": "#EXTM3U\n#EXTINF:6,\nseg.aac\n",
}

func folderOfMovie(key string) string {
	movie, _, _ := strings.Cut(strings.TrimPrefix(key, "movies/"), "/")
	return "movies/" + movie + "/"
}

// play follows every reference of a playlist as a player does, and returns the
// segments' URLs.
func play(t *testing.T, h http.Handler, target string) (segments []string) {
	t.Helper()
	r := serve(h, "GET", target)
	if r.StatusCode != 200 || r.Header.Get("Content-Type") != "application/vnd.apple.mpegurl" {
		t.Fatalf("%s: %d", target, r.StatusCode)
	}
	wantPrivate(t, r)
	at := must[*url.URL](t)(url.Parse("https://app.example.com" + target))
	for line := range strings.Lines(body(t, r)) {
		line = strings.TrimSpace(line)
		if _, uri, ok := strings.Cut(line, `URI="`); ok {
			line = strings.TrimSuffix(uri, `"`)
		} else if strings.HasPrefix(line, "#") {
			continue
		}
		switch next := at.ResolveReference(must[*url.URL](t)(url.Parse(line))); {
		case next.Host == "app.example.com":
			segments = append(segments, play(t, h, next.RequestURI())...)
		default:
			segments = append(segments, line)
		}
	}
	return segments
}

func TestAPlayerThatFollowsAPlaylistOpensEverySegment(t *testing.T) {
	w := newWorld(t)
	h := w.playlists(t, PlaylistsOptions{Open: movie.open, Folder: folderOfMovie})
	opened := 0
	for _, u := range play(t, h, "/play/movies/7/index.m3u8") {
		if !strings.HasPrefix(u, site) {
			if strings.Contains(u, "Signature=") {
				t.Errorf("another host gets the pass: %s", u)
			}
			continue
		}
		opened++
		if v := w.verify(u); !v.Allowed {
			t.Errorf("%s: %s", u, v.Detail)
		}
	}
	if opened != 3 || w.key.signatures.Load() != 1 {
		t.Errorf("%d segments under %d signatures: %s", opened, w.key.signatures.Load(), w.told())
	}
}

func TestALivePlaylistKeepsItsURLsUntilThePassIsRenewed(t *testing.T) {
	w := newWorld(t)
	h := w.playlists(t, PlaylistsOptions{Open: movie.open, Policy: signer.Policy{TTL: 4 * time.Hour}})
	get := func() string { return body(t, serve(h, "GET", "/play/movies/7/audio/index.m3u8")) }
	first := get()
	w.advance(time.Hour - time.Second)
	if get() != first {
		t.Error("the URLs changed within a quarter of the pass's life")
	}
	w.advance(2 * time.Second)
	w.key.fails.Store(true)
	if get() != first || !strings.Contains(w.told(), "signing a new pass") {
		t.Error("a pass that is still good is not used while the key fails")
	}
	w.advance(time.Hour)
	if r := serve(h, "GET", "/play/movies/7/audio/index.m3u8"); r.StatusCode != 503 || strings.Contains(body(t, r), "arn:") {
		t.Errorf("after half of its life: %d", r.StatusCode)
	}
	w.key.fails.Store(false)
	if renewed := get(); renewed == first || !strings.Contains(renewed, "Signature=") {
		t.Error("the pass is not renewed")
	}
}

func TestAPlaylistThatIsNotServedIsAnsweredWithItsStatus(t *testing.T) {
	w := newWorld(t)
	broken := errors.New("the bucket is down")
	for name, test := range map[string]struct {
		method, target string
		o              PlaylistsOptions
		status         int
		told           string
	}{
		"a refusal":                      {"GET", "/play/a.m3u8", PlaylistsOptions{Authorize: refuses(ErrDenied)}, 403, ""},
		"no such playlist":               {"GET", "/play/none.m3u8", PlaylistsOptions{}, 404, ""},
		"a key that no URL can name":     {"GET", "/play/a", PlaylistsOptions{Authorize: grants("/a")}, 404, "object key"},
		"a POST":                         {"POST", "/play/movies/7/index.m3u8", PlaylistsOptions{}, 405, ""},
		"a bucket that fails":            {"GET", "/play/a.m3u8", PlaylistsOptions{Open: func(context.Context, string) (io.ReadCloser, error) { return nil, broken }}, 502, "the bucket is down"},
		"a page in place of a playlist":  {"GET", "/play/a.m3u8", PlaylistsOptions{Open: bucket{"a.m3u8": "<html>"}.open}, 502, "#EXTM3U"},
		"a segment that nobody can sign": {"GET", "/play/a.m3u8", PlaylistsOptions{Open: bucket{"a.m3u8": "#EXTM3U\n100%.ts\n"}.open}, 502, "line 2"},
		"a folder without a slash":       {"GET", "/play/movies/7/index.m3u8", PlaylistsOptions{Folder: func(string) string { return "movies" }}, 503, "slash"},
		"a path with escaped slashes":    {"GET", "/play/movies%2F7%2Findex.m3u8", PlaylistsOptions{}, 502, "unescaped slashes"},
		"a path without the key":         {"GET", "/play/x", PlaylistsOptions{Authorize: grants("movies/7/index.m3u8")}, 502, "/play/{key...}"},
	} {
		t.Run(name, func(t *testing.T) {
			if test.o.Open == nil {
				test.o.Open = movie.open
			}
			r := serve(w.playlists(t, test.o), test.method, test.target)
			said := body(t, r)
			if told := w.told(); r.StatusCode != test.status || (test.told == "") != (told == "") || !strings.Contains(told, test.told) || strings.Contains(said, "Signature=") {
				t.Errorf("%d %s: %s", r.StatusCode, said, told)
			}
			wantPrivate(t, r)
		})
	}
}

func TestAPlaylistThatFailsUnderWayEndsTheConnection(t *testing.T) {
	w := newWorld(t)
	long := bucket{"a.m3u8": "#EXTM3U\n" + strings.Repeat("#EXTINF:6,\nseg.ts\n", 1000) + "100%.ts\n"}
	server := httptest.NewServer(w.playlists(t, PlaylistsOptions{Open: long.open}))
	defer server.Close()
	r := must[*http.Response](t)(http.Get(server.URL + "/play/a.m3u8"))
	defer r.Body.Close()
	if _, err := io.ReadAll(r.Body); err == nil || !strings.Contains(w.told(), "line 2002") {
		t.Errorf("got %v", err)
	}
}

// A middleware may give a request less time than its client does.
func TestAPlaylistWhoseTimeIsOverIsNotTakenForAWholeOne(t *testing.T) {
	for name, lines := range map[string]int{"before anything is sent": 1, "under way": 10_000} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			h := w.playlists(t, PlaylistsOptions{Open: func(ctx context.Context, _ string) (io.ReadCloser, error) {
				<-ctx.Done()
				head := strings.NewReader("#EXTM3U\n" + strings.Repeat("#EXTINF:6,\nseg.ts\n", lines))
				return io.NopCloser(io.MultiReader(head, iotest.ErrReader(ctx.Err()))), nil
			}})
			server := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
				ctx, cancel := context.WithTimeout(r.Context(), time.Millisecond)
				defer cancel()
				h.ServeHTTP(rw, r.WithContext(ctx))
			}))
			defer server.Close()
			r := must[*http.Response](t)(http.Get(server.URL + "/play/a.m3u8"))
			defer r.Body.Close()
			if _, err := io.ReadAll(r.Body); err == nil && r.StatusCode != 502 {
				t.Errorf("%d, read to its end", r.StatusCode)
			}
			if !strings.Contains(w.told(), context.DeadlineExceeded.Error()) {
				t.Error("nobody is told")
			}
		})
	}
}

func TestViewersWhoComeAtOnceGetOnePass(t *testing.T) {
	w := newWorld(t)
	var waiting sync.WaitGroup
	waiting.Add(20)
	w.key.before = func() { // all requests have arrived before the first one signs
		waiting.Done()
		waiting.Wait()
	}
	h := w.playlists(t, PlaylistsOptions{Open: movie.open})
	answers := make([]string, 20)
	var viewers sync.WaitGroup
	for i := range answers {
		viewers.Go(func() { answers[i] = body(t, serve(h, "GET", "/play/movies/7/audio/index.m3u8")) })
	}
	viewers.Wait()
	for _, answer := range append(answers, body(t, serve(h, "GET", "/play/movies/7/audio/index.m3u8"))) {
		if answer != answers[0] || !strings.Contains(answer, "Signature=") {
			t.Fatalf("two passes: %s\n%s", answers[0], answer)
		}
	}
}

func TestAReferenceToAFurtherPlaylistLeadsToItFromThePlaylist(t *testing.T) {
	for from, tos := range map[string][]string{
		site + "/a/b/c.m3u8": {site + "/a/b/d.m3u8", site + "/a/d.m3u8", site + "/d.m3u8?x=/y", site + "/a/b/c/d:e", site + "/a/b/d:e", site + "/a/b//d", site + "/a/b/c.m3u8", site + "/a/b/?x", site + "/a/b//", site + "/z:y/x"},
		site + "/c.m3u8":     {site + "/d", site + "/d/e?f", site + "/d:e"},
	} {
		for _, to := range tos {
			ref := relative(from, to)
			if got := must[*url.URL](t)(url.Parse(from)).ResolveReference(must[*url.URL](t)(url.Parse(ref))).String(); got != to {
				t.Errorf("from %s, %s leads to %s, want %s", from, ref, got, to)
			}
		}
	}
}
