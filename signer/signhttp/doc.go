// Package signhttp puts an application's own access check in front of private
// content: Redirect, a handler that redirects to signed URLs, and Cookies, a
// middleware that sets signed cookies. Playlists serves HLS playlists with a pass in
// them. Private keeps an application's own answers
// with signed URLs out of caches.
//
// # One object: redirect
//
// Links in pages lead to the application, which checks and redirects. The
// signed URL is made when it is needed, lives for minutes, and stands in no page:
//
//	files, err := signhttp.Redirect(s, signhttp.RedirectOptions{
//		Authorize: func(r *http.Request) (signhttp.Grant, error) {
//			key := r.PathValue("key")
//			if !mayRead(r, key) {
//				return signhttp.Grant{}, signhttp.ErrDenied
//			}
//			return signhttp.Grant{Key: key}, nil
//		},
//	})
//	...
//	http.Handle("/files/{key...}", files)
//
// # Everything below a prefix: cookies
//
// For galleries, players and maps, which fetch many objects. The application's
// host and the content's share a parent domain, since no host sets cookies for
// its sibling. Where the host of a request shows that browsers will not carry the
// cookies to the content, OnError is told once, with what to do instead:
//
//	withCookies, err := signhttp.Cookies(s, signhttp.CookiesOptions{
//		Authorize: func(r *http.Request) (signhttp.Grant, error) {
//			user := userOf(r)
//			if user == "" {
//				return signhttp.Grant{}, nil // no cookies, and the page all the same
//			}
//			return signhttp.Grant{Key: "users/" + user + "/"}, nil
//		},
//		Cookies: signer.CookieOptions{Domain: "example.com", AppHost: "app.example.com"},
//	})
//	...
//	http.Handle("GET /gallery", withCookies(gallery))
//
// signer.ClearCookies removes them when a user signs out; what they open stays
// open until it expires for whoever has kept a copy.
//
// # A video: playlists
//
// A player fetches a playlist from the application, and its segments from
// CloudFront. Open reads the playlist where it lies, such as in the bucket:
//
//	playlists, err := signhttp.Playlists(s, signhttp.PlaylistsOptions{
//		Authorize: authorize, // as above
//		Open: func(ctx context.Context, key string) (io.ReadCloser, error) {
//			object, err := s3client.GetObject(ctx, &s3.GetObjectInput{Bucket: &bucket, Key: &key})
//			if err != nil {
//				return nil, err
//			}
//			return object.Body, nil
//		},
//	})
//	...
//	http.Handle("GET /play/{key...}", playlists)
//
// # What answers what
//
//	allowed                              307 to the signed URL, or the page with its cookies
//	ErrDenied                            403
//	*StatusError                         its status
//	any other error of Authorize         403, and OnError is told
//	a key that no URL can name           404 from Redirect and Playlists, and OnError is told
//	a playlist that cannot be served     404 if there is none, or else 502, and OnError is told
//	the signer fails                     503, and OnError is told
//	a method other than GET and HEAD     405 from Redirect and Playlists
//	Authorize or OnError panics          the panic goes on to the server
//
// The client sees the status and its standard text, never an error's.
//
// # Caches
//
// An answer for one viewer must reach no other viewer. These answers are kept out
// of every cache, whatever the handler and the middleware around it put into the
// header:
//
//   - every answer of Redirect and of Playlists, and every refusal
//   - the page of every request that Authorize grants something, also where the
//     viewer has the cookies already
//   - every answer of a handler in Private, which is for pages that hold signed
//     URLs
//
// They say Cache-Control: private, no-store, Vary: * and X-Accel-Expires: 0, and
// nothing else of what makes a cache keep an answer: Expires, Age, Pragma,
// Last-Modified, Surrogate-Control, Edge-Control, the Cache-Control fields of the
// content delivery networks, cache tags and surrogate keys are removed, from
// trailers too. ETag stays on pages. All but the page of a viewer who has the
// cookies already also say Referrer-Policy: no-referrer.
//
// A request that is granted nothing gets the page with the header that its handler
// set.
//
// No handler can prevent these:
//
//   - A cache that is configured to ignore all three fields. nginx with
//     "proxy_ignore_headers Cache-Control Expires X-Accel-Expires Vary Set-Cookie"
//     is one, and a CloudFront behavior with a minimum TTL above 0 is another: it
//     must not stand in front of these paths.
//   - A middleware outside that changes the header in its own WriteHeader, or sets
//     trailers after the handler has returned.
//   - A middleware outside that answers in place of the handler, as
//     http.TimeoutHandler does when the time is over. That answer holds nothing of
//     the viewer's, but the header is the middleware's own.
//   - A handler inside that takes the connection (http.Hijacker), or a cache inside
//     that keeps bodies.
//
// # What cannot go wrong here
//
// A redirect leads to the base URL of the signer's deployment, or to
// RedirectOptions.BaseURL, and nowhere else: nothing of it comes from Host or
// another header, and a key becomes escaped bytes of a path. The redirect is a
// 307, which is never kept as 301 and 308 are, and which keeps HEAD a HEAD.
//
// # Behind CloudFront
//
// CloudFront takes its own parameters off before it asks the origin, so that a
// redirect which the origin makes from the URL it was asked for has lost the
// signature: redirect to URLs that are signed themselves. For the same reason
// an invalidation names the path without the query of a signed URL.
//
// Both only read. A request that another site forges brings a viewer what is
// theirs anyway, so that http.CrossOriginProtection, which lets GET and HEAD
// pass, is not needed here; it is for handlers that change something. Where it
// matters that other sites cannot embed the content, let Authorize look at the
// Sec-Fetch-Site header.
//
// # From a path to a key
//
// A key is what S3 has: decoded, once. PathValue and URL.Path are decoded once;
// decoding again would make another key of one that holds a percent sign.
// http.ServeMux redirects paths with empty or dot segments to clean ones, and
// http.StripPrefix alone does not: keys such as a//b need a handler that is
// reached without a ServeMux. Keys with the segments "." and ".." have no URL
// and are refused.
package signhttp
