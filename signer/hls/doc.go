// Package hls rewrites HLS playlists, so that one signature lets a player load
// private content.
//
// The segments of a playlist have relative URIs. When a player resolves them, it
// drops the query of the playlist's own URL, so a signature on that URL alone
// leaves every segment refused. Rewrite appends a pass, which opens everything
// below a prefix, to each URI that the pass covers:
//
//	pass, err := s.OpenAll(ctx, "https://d111111abcdef8.cloudfront.net/movies/7/", signer.Policy{TTL: 4 * time.Hour})
//	...
//	err = hls.Rewrite(w, object, "https://d111111abcdef8.cloudfront.net/movies/7/720p.m3u8", pass, nil)
//
// Rewrite copies a stream: its memory does not grow with the playlist, and it uses
// no key. The pass must last as long as the playback. Whoever has the playlist has
// the pass.
//
// # What gets the pass
//
// Each URI that is not a playlist and, resolved against the playlist's own URL,
// lies below the pass's prefix: segments, parts, preload hints, initialization
// sections (EXT-X-MAP), keys (EXT-X-KEY, EXT-X-SESSION-KEY), session data and the
// steering manifest. Byte ranges need nothing of their own.
//
// Everything else stays byte for byte: line endings, comments, unknown tags, a byte
// order mark at the start, a last line without an ending, and every URI outside the
// prefix. Advertisers and licence servers never get the pass. Nor does a URI with a
// scheme other than https and http, such as data: or skd:.
//
// A signed URI is always absolute. Usually an application serves the rewritten
// playlist, and a relative URI with a signature would work only if the content's
// host served it. For the same reason, a relative URI outside the prefix, which
// stays as it is, leads to the application. A full URL is never rewritten; only the
// pass is appended.
//
// # No other host gets the pass
//
// The author of a playlist may not be trusted. Players differ in how they read
// lines that RFC 8216 does not allow, and a line can be made that gives the pass to
// another host in one of them. A line that Rewrite changes must therefore follow
// RFC 8216 exactly; otherwise Rewrite stops with the number of the line. Such a
// line has
//
//   - only UTF-8, and no control character, line separator or byte order mark;
//   - names and values of attributes as in RFC 8216, section 4.2, one comma between
//     two attributes, and no attribute twice;
//   - no white space around the tag or the URI, and no other tag inside.
//
// EXT-X-DEFINE must follow RFC 8216 everywhere. It is refused inside a line, where
// some players read it, and if its variable is a parameter of the pass: a playlist
// served at a signed URL could then send that parameter to any host.
//
// # Further playlists
//
// Variant streams, renditions, I-frame playlists, rendition reports and the assets
// of interstitials (EXT-X-DATERANGE) lead to playlists, which must be rewritten
// too. They never get the pass. Options.Playlist returns where the application
// serves them:
//
//	o := &hls.Options{Playlist: func(p hls.Reference) (string, error) {
//		name, ok := strings.CutPrefix(p.URL, pass.Prefix())
//		if !ok {
//			return "", nil // not ours: leave it
//		}
//		return "/movies/7/" + name, nil
//	}}
//
// # What is refused
//
// Tools write file names into playlists unescaped. In a relative URI, Rewrite
// escapes characters that a URL cannot have, such as spaces and letters outside
// ASCII, and normalizes escapes that are unnecessary or have lower-case digits, so
// that every client sends the URL unchanged.
//
// Rewrite stops with the line, the byte and the fix (LineError, signer.URLError,
// signer.QueryError) at
//
//   - a URI that players read in different ways, because it has a backslash, a bare
//     percent sign, a fragment, or white space at its ends: correct it in the
//     packager, or rename the object;
//   - a full URL that some client would rewrite, since only the pass is appended to
//     it;
//   - a URL with a parameter for S3 that the pass's deployment does not forward;
//   - a URI that lies below the prefix only for some clients;
//   - a URI that is already signed;
//   - a reference to a playlist below the prefix without Options.Playlist;
//   - text that is no playlist, such as an error page;
//   - variables that exceed their limits, see Options.MaxLine.
//
// Rewrite processes a playlist of some kilobytes completely before it writes to w.
// A longer one is already partly written when a later line fails: a handler then
// ends the response with panic(http.ErrAbortHandler), or writes to a buffer first.
//
// # Live playlists
//
// A player loads a live playlist repeatedly, and treats a changed URL as another
// resource: it would load the key and the initialization section again each time,
// and drop what a preload hint loaded. Use one pass for a viewing, not one for each
// request. Requests for low-latency playlists carry parameters (_HLS_msn and
// others), which the application must forward.
//
// # Serving
//
// signhttp.Playlists is a handler that does all of this. If you write your own,
// serve the rewritten playlist, which opens content, as
// application/vnd.apple.mpegurl with Cache-Control: private, no-store and
// Referrer-Policy: no-referrer. The player needs CORS for the content's host,
// without credentials.
//
// # What the package does not do
//
// Vendors' tags stay as they are, as do the URIs inside the JSON of an asset list
// or a steering manifest. The package does not rewrite DASH manifests; use signed
// cookies for them, see signer.Pass.Cookies.
package hls
