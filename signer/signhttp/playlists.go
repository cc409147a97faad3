package signhttp

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"strings"
	"time"

	"github.com/signedfront/signedfront/signer"
	"github.com/signedfront/signedfront/signer/hls"
)

// PlaylistsOptions configures Playlists. Authorize and Open must be set; the zero
// value of every other field is its default.
type PlaylistsOptions struct {
	// Authorize returns the playlist that the viewer may play: Grant.Key is its
	// object key. The viewer can then open everything below its Folder.
	Authorize Authorize

	// Open opens a playlist by its object key, usually from the bucket. For an
	// error that is fs.ErrNotExist, the response is 404.
	Open func(ctx context.Context, key string) (io.ReadCloser, error)

	// Folder returns the prefix, ending with a slash, of the object keys that the
	// pass of a playlist opens; "/" alone means every key. Nil means the folder of
	// the playlist. If further playlists lie in subfolders, Folder must return the
	// folder of all.
	Folder func(key string) string

	// BaseURL is the scheme and host that serve the content, such as
	// https://cdn.example.com. Empty means the base URL of the signer's deployment
	// at the time of a request.
	BaseURL string

	// Policy is the policy of grants without their own. The zero Policy means a TTL
	// of four hours. All viewers who are granted one folder with one policy share a
	// pass until a quarter of its lifetime has passed, so that a live playlist
	// keeps its URLs; if a new pass cannot be signed, until half of it has passed.
	// So a playback may last for half of the TTL.
	Policy signer.Policy

	// OnError is called with errors that the client does not see, possibly
	// concurrently. Nil means slog.Default.
	OnError func(r *http.Request, err error)

	// Now is the signer's clock, for renewing passes; nil means time.Now.
	Now func() time.Time
}

const playlistsTTL = 4 * time.Hour

// Playlists returns a handler that serves the HLS playlists that Authorize grants,
// with a pass for their segments in them: see package hls. It serves GET and HEAD.
//
// The same handler serves the variants and renditions of a playlist. A reference to
// one below the pass's folder becomes a relative reference. For this, the path of
// the handler's URL must end with the object key, with unescaped slashes, as in
// "GET /play/{key...}"; otherwise the response to a playlist with such references
// is 502, and OnError is called. References to other playlists stay unchanged.
//
// Playlists returns an error if Authorize, Open or the base URL is missing.
func Playlists(s *signer.Signer, o PlaylistsOptions) (http.Handler, error) {
	g, err := newGate(s, o.Authorize, o.BaseURL, o.OnError)
	switch {
	case err != nil:
		return nil, fmt.Errorf("playlist handler: %w", err)
	case o.Open == nil:
		return nil, errors.New("playlist handler: Open is not set: it reads a playlist from the bucket")
	}
	if o.Policy == (signer.Policy{}) {
		o.Policy.TTL = playlistsTTL
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Folder == nil {
		o.Folder = func(key string) string {
			if i := strings.LastIndexByte(key, '/'); i >= 0 {
				return key[:i+1]
			}
			return "/"
		}
	}
	return &playlists{gate: g, o: o}, nil
}

type playlists struct {
	gate
	o      PlaylistsOptions
	passes cookieSets
}

func (h *playlists) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	grant, base, url, ok := h.granted(w, r)
	if !ok {
		return
	}
	playlist, err := h.o.Open(r.Context(), grant.Key)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		refuse(w, http.StatusNotFound)
		return
	case err != nil:
		h.fail(w, r, http.StatusBadGateway, fmt.Errorf("opening the playlist: %w", err))
		return
	}
	defer playlist.Close()
	pass, err := h.pass(r, base, grant)
	if err != nil {
		h.fail(w, r, http.StatusServiceUnavailable, err)
		return
	}
	w.Header().Set("Content-Type", "application/vnd.apple.mpegurl")
	out := &startedWriter{w: w}
	err = hls.Rewrite(out, playlist, url, pass, &hls.Options{Playlist: func(p hls.Reference) (string, error) {
		if !strings.HasPrefix(p.URL, pass.Prefix()) {
			return "", nil
		}
		if r.URL.Path != grant.Key && !strings.HasSuffix(r.URL.Path, "/"+grant.Key) || strings.Count(r.URL.EscapedPath(), "/") != strings.Count(r.URL.Path, "/") {
			return "", errors.New("the path of the request does not end with the object key, with unescaped slashes, so no relative reference leads to a further playlist: serve playlists at a path such as /play/{key...}")
		}
		return relative(url, p.URL), nil
	}})
	if err == nil {
		return
	}
	if !errors.Is(r.Context().Err(), context.Canceled) { // the client is still there
		h.report(r, err)
	}
	if out.started {
		panic(http.ErrAbortHandler) // the client must not mistake a part for the whole
	}
	refuse(w, http.StatusBadGateway)
}

// pass returns the current pass for a grant, or a new one. Either is recorded for this
// request, once there is a playlist to send.
func (h *playlists) pass(r *http.Request, base string, grant Grant) (*signer.Pass, error) {
	if grant.Download != nil {
		return nil, errDownload
	}
	id := setID{policy: grant.Policy}
	if id.policy == (signer.Policy{}) {
		id.policy = h.o.Policy
	}
	var err error
	if id.prefix, err = prefix(base, h.o.Folder(grant.Key)); err != nil {
		return nil, fmt.Errorf("the folder of a playlist: %w", err)
	}
	now := h.o.Now()
	usable, renew := h.passes.get(id, now)
	if !renew {
		return usable.pass, usable.pass.GiveAgain(r.Context())
	}
	pass, err := h.signer.OpenAll(r.Context(), id.prefix, id.policy)
	if err != nil {
		h.passes.failed(usable)
		if usable == nil {
			return nil, fmt.Errorf("signing a pass: %w", err)
		}
		h.report(r, fmt.Errorf("signing a new pass: %w", err))
		return usable.pass, usable.pass.GiveAgain(r.Context())
	}
	life := pass.Expires().Sub(now)
	return h.passes.put(id, &cookieSet{pass: pass, renew: now.Add(life / 4), end: now.Add(life / 2)}, now).pass, nil
}

// startedWriter records whether anything was written.
type startedWriter struct {
	w       io.Writer
	started bool
}

func (s *startedWriter) Write(p []byte) (int, error) {
	s.started = true
	return s.w.Write(p)
}

// relative returns the reference from one URL of a host to another.
func relative(from, to string) string {
	common := 0
	path, _, _ := strings.Cut(to, "?")
	for i := 0; i < len(from) && i < len(path) && from[i] == path[i]; i++ {
		if from[i] == '/' {
			common = i + 1
		}
	}
	ups := strings.Count(from[common:], "/")
	rest := to[common:]
	segment, _, _ := strings.Cut(rest, "/")
	if ups == 0 && (segment == "" || segment[0] == '?' || strings.Contains(segment, ":")) {
		return "./" + rest // rest alone would be another path, or a scheme
	}
	return strings.Repeat("../", ups) + rest
}
