// Package signhttp puts an application's own access check in front of private
// content: a handler that redirects to signed URLs, and a middleware that sets
// signed cookies.
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
// its sibling:
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
// # What answers what
//
//	allowed                              307 to the signed URL, or the page with its cookies
//	ErrDenied                            403
//	*StatusError                         its status
//	any other error of Authorize         403, and OnError is told
//	a key that no URL can name           404 from Redirect, and OnError is told
//	the signer fails                     503, and OnError is told
//	a method other than GET and HEAD     405 from Redirect
//
// The client sees the status and its standard text, never an error's.
//
// Every response of Redirect, every refusal, and every response that carries
// cookies is Cache-Control: private, no-store and Referrer-Policy: no-referrer,
// whatever the wrapped handler says. A cache that ignores this (a CloudFront
// behavior with a minimum TTL above 0 does) must not stand in front of them.
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
