// Package signhttp serves private content to the viewers that an application's own
// access check allows. Redirect is a handler that redirects to signed URLs. Cookies
// is a middleware that sets signed cookies. Playlists serves HLS playlists with a
// pass in them. Private keeps an application's own responses with signed URLs out
// of caches.
//
// # One object: redirect
//
// Links in pages lead to the application, which checks the viewer and redirects.
// The signed URL is made when it is needed, is valid for minutes, and is in no
// page:
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
// Cookies are for galleries, players and maps, which fetch many objects. The
// application's host and the content's host must share a parent domain, since no
// host can set cookies for its sibling. If the Host of a request shows that
// browsers will not send the cookies to the content, OnError is called once with
// the fix:
//
//	withCookies, err := signhttp.Cookies(s, signhttp.CookiesOptions{
//		Authorize: func(r *http.Request) (signhttp.Grant, error) {
//			user := userOf(r)
//			if user == "" {
//				return signhttp.Grant{}, nil // the page without cookies
//			}
//			return signhttp.Grant{Key: "users/" + user + "/"}, nil
//		},
//		Cookies: signer.CookieOptions{Domain: "example.com", AppHost: "app.example.com"},
//	})
//	...
//	http.Handle("GET /gallery", withCookies(gallery))
//
// signer.ClearCookies removes the cookies when a user signs out. A copy that
// somebody kept still works until it expires.
//
// # A video: playlists
//
// A player fetches a playlist from the application, and its segments from
// CloudFront. Open reads the playlist from the bucket:
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
// # Responses
//
//	allowed                              307 to the signed URL, or the page with its cookies
//	ErrDenied                            403
//	*StatusError                         its status
//	any other error of Authorize         403; OnError is called
//	a key that no URL can name           404 from Redirect and Playlists; OnError is called
//	a playlist that does not exist       404; OnError is called
//	another playlist that fails          502; OnError is called
//	the signer fails                     503; OnError is called
//	a method other than GET and HEAD     405 from Redirect and Playlists
//	Authorize or OnError panics          the panic reaches the server
//
// The client gets the status and its standard text, never the text of an error.
//
// # Caches
//
// A response for one viewer must never reach another viewer. These responses are
// kept out of every cache, whatever header the handler and the middleware around it
// set:
//
//   - every response of Redirect and of Playlists, and every refusal
//   - the page of every request to which Authorize grants something, even if the
//     viewer already has the cookies
//   - every response of a handler in Private, which is for pages that hold signed
//     URLs
//
// They have Cache-Control: private, no-store, Vary: * and X-Accel-Expires: 0. All
// other fields that make a cache keep a response are removed, from trailers too:
// Expires, Age, Pragma, Last-Modified, Surrogate-Control, Edge-Control, the
// Cache-Control fields of content delivery networks, cache tags and surrogate keys.
// ETag stays on pages. All but the page of a viewer who already has the cookies
// also have Referrer-Policy: no-referrer.
//
// A request that is granted nothing gets the page with the header that its handler
// set.
//
// No handler can prevent these:
//
//   - A cache that is configured to ignore all three fields, such as nginx with
//     "proxy_ignore_headers Cache-Control Expires X-Accel-Expires Vary Set-Cookie"
//     or a CloudFront behavior with a minimum TTL above 0. Do not put such a cache
//     in front of these paths.
//   - An outer middleware that changes the header in its own WriteHeader, or sets
//     trailers after the handler has returned.
//   - An outer middleware that responds in place of the handler, as
//     http.TimeoutHandler does after its timeout. That response holds nothing of
//     the viewer's, but its header is the middleware's own.
//   - An inner handler that takes over the connection (http.Hijacker), or an inner
//     cache that keeps bodies.
//
// # Guarantees
//
// A redirect leads to the base URL of the signer's deployment, or to
// RedirectOptions.BaseURL, and nowhere else: it uses neither Host nor another
// header, and a key becomes escaped bytes of a path. The status is 307, which
// browsers do not keep as they keep 301 and 308, and which keeps HEAD a HEAD.
//
// # An application behind CloudFront
//
// CloudFront removes its own parameters before it requests the origin. A redirect
// that the origin builds from the requested URL has therefore lost the signature:
// redirect to URLs that are signed themselves. For the same reason, an invalidation
// names the path without the query of a signed URL.
//
// The handlers only read. A request that another site forges gives viewers only
// what is theirs anyway, so http.CrossOriginProtection, which allows GET and HEAD,
// is not needed here. If other sites must not embed the content, check the
// Sec-Fetch-Site header in Authorize.
//
// # From a path to a key
//
// A key is the object key of S3, decoded once. PathValue and URL.Path are already
// decoded; decoding them again would change a key that holds a percent sign.
// http.ServeMux redirects paths with empty or dot segments to clean ones,
// http.StripPrefix alone does not: keys such as a//b need a handler without a
// ServeMux. Keys with the segments "." and ".." have no URL and are refused.
package signhttp
