// Package hls rewrites HLS playlists, so that a player opens private content
// with one signature.
//
// A playlist names its segments by relative URIs, and a player drops the query
// of the playlist's own URL when it resolves them: signing the playlist's URL
// alone leaves every segment refused. Rewrite appends a pass, which opens all of
// a prefix, to each URI that the pass covers:
//
//	pass, err := s.OpenAll(ctx, "https://d111111abcdef8.cloudfront.net/movies/7/", signer.Policy{TTL: 4 * time.Hour})
//	...
//	err = hls.Rewrite(w, object, "https://d111111abcdef8.cloudfront.net/movies/7/720p.m3u8", pass, nil)
//
// It copies a stream: memory does not grow with the playlist, and no key is
// used. The pass must last as long as the playback, and whoever holds the
// playlist holds the pass.
//
// # What gets the pass
//
// Whatever is not a playlist and, resolved against the playlist's own URL, lies
// below the pass's prefix: segments, parts and preload hints, initialization
// sections (EXT-X-MAP), keys (EXT-X-KEY, EXT-X-SESSION-KEY), session data and
// the steering manifest. Byte ranges need nothing of their own.
//
// Everything else stays byte for byte: line endings, comments, tags that are
// not known here, a byte order mark at the start, a last line without an ending,
// and every URI outside the prefix. Advertisers and licence servers never see the
// pass, nor does anything with a scheme other than https and http, such as data:
// and skd:.
//
// A signed URI is always absolute. A relative one with a signature would be right
// only for a player that loads the playlist from the content's host, and mostly
// an application serves the rewritten one. For the same reason a relative URI
// outside the prefix, which stays as it is, leads to the application. A full URL
// is never rewritten: the pass is appended to it as it stands.
//
// # No other host gets the pass
//
// Whoever writes the playlist may not be trusted. Players read lines that RFC
// 8216 does not allow in different ways, and a line can be made that gives the
// pass to another host in one of them. A line that Rewrite changes therefore
// follows RFC 8216 to the letter, or Rewrite stops with its number:
//
//   - no control character, line separator or byte order mark, and only UTF-8;
//   - names and values of attributes as RFC 8216, section 4.2, has them, one
//     comma between two attributes, and no attribute twice;
//   - no white space around the tag or the URI, and no other tag inside.
//
// EXT-X-DEFINE is as strict everywhere. It is refused inside a line, where some
// players read it, and where its variable would be a parameter of the pass, which
// a playlist served at a signed URL could then send to any host.
//
// # Further playlists
//
// Variant streams, renditions, I-frame playlists, rendition reports and the
// assets of interstitials (EXT-X-DATERANGE) lead to playlists, which must be
// rewritten in their turn. They never get the pass. Options.Playlist says where
// the application serves them:
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
// Tools write the names of files as they are. A relative URI with characters that
// no URL has, such as spaces and letters outside ASCII, or with escapes that need
// not be or have small digits, is written as the URL that every client sends
// unchanged. A URI that has two meanings, with a backslash, a bare percent sign, a
// fragment, or white space at its ends, is not: some players would request another
// object. Neither is a full URL that some client would rewrite on its way, since it
// is signed as it stands, or one with a parameter for S3 that the deployment of the
// pass does not forward. Rewrite stops with the line, the byte and the fix
// (LineError, signer.URLError, signer.QueryError); the cure is in the packager, or
// in the name of the object. It stops as well where a URI is below the prefix for
// some clients alone, where it is signed already, where a reference to a playlist
// below the prefix meets no Options.Playlist, and at text that is no playlist, such
// as an error page. Variables have a budget, see Options.MaxLine.
//
// A playlist of some kilobytes is rewritten before anything reaches w. A longer
// one is under way when a later line fails: a handler ends the response then
// with panic(http.ErrAbortHandler), or writes to a buffer first.
//
// # Live playlists
//
// A player loads a live playlist again and again, and takes a changed URL for
// another thing: it would load the key and the initialization section anew each
// time, and drop what a preload hint gave it. Keep one pass for a viewing, not
// one for each request. Requests for low-latency playlists carry parameters
// (_HLS_msn and others), which the application hands on.
//
// # Serving
//
// signhttp.Playlists is a handler that does all of this. A handler of your own
// serves the rewritten playlist, which opens content, as
// application/vnd.apple.mpegurl with Cache-Control: private, no-store and
// Referrer-Policy: no-referrer. The player needs CORS for the content's host,
// and no credentials there.
//
// # Not done
//
// Tags of vendors stay as they are, and so do the URIs inside the JSON of an
// asset list or a steering manifest. DASH manifests are not HLS: signed cookies
// serve them, see signer.Pass.Cookies.
package hls
