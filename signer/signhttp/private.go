package signhttp

import (
	"bufio"
	"errors"
	"io"
	"maps"
	"net"
	"net/http"
	"net/textproto"
	"slices"
	"strings"
)

// Private returns a handler that keeps the responses of next out of every cache and
// their URLs out of the Referer header, whatever header next and the middleware
// around it set: see "Caches" in the package comment. It is for handlers whose
// responses hold signed URLs, such as pages with links. The handlers of Redirect,
// Cookies and Playlists do not need it.
//
// It panics if next is nil.
func Private(next http.Handler) http.Handler {
	if next == nil {
		panic("signhttp: Private of a nil handler")
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		(&privateWriter{ResponseWriter: w, noReferrer: true}).serve(next, r)
	})
}

// keepPrivate keeps a response out of every cache, and its URL out of the
// Referer header.
func keepPrivate(h http.Header) {
	keepOutOfCaches(h)
	replace(h, "Referrer-Policy", "no-referrer")
}

// ownAnswer prepares the header of a response that holds nothing of the
// application's: no version of a page, and no file that a server such as nginx
// sends instead.
func ownAnswer(h http.Header) {
	keepPrivate(h)
	for _, name := range []string{"Etag", "X-Accel-Redirect", "X-Sendfile", "Location"} {
		replace(h, name)
	}
}

// replace sets a field to some values or none. It removes every other spelling of
// the name, which net/http would send too.
func replace(h http.Header, name string, values ...string) {
	for spelling := range h {
		if strings.EqualFold(spelling, name) {
			delete(h, spelling)
		}
	}
	h[name] = values
}

// keepOutOfCaches removes every field that makes a cache keep the response, and
// sets three fields that forbid it. A cache that is configured to ignore one of
// them may respect another:
//
//   - Cache-Control, https://www.rfc-editor.org/rfc/rfc9111#section-5.2.2
//   - Vary, https://www.rfc-editor.org/rfc/rfc9110#section-12.5.5: a response with
//     Vary: * matches no other request
//   - X-Accel-Expires,
//     https://nginx.org/en/docs/http/ngx_http_proxy_module.html#proxy_cache_valid,
//     which nginx prefers to the others
func keepOutOfCaches(h http.Header) {
	for name := range h {
		if isForCaches(name) {
			delete(h, name)
		}
	}
	// A field without a value is not sent. It replaces the field that a
	// middleware set in the header to which http.TimeoutHandler copies this one.
	for _, name := range fieldsForCaches {
		h[name] = nil
	}
	h["Cache-Control"] = []string{"private, no-store"}
	h["Vary"] = []string{"*"}
	h["X-Accel-Expires"] = []string{"0"}
}

// fieldsForCaches are the fields that make a cache keep a response, in canonical
// form. ETag is not one of them: it identifies a version, and applications need it
// for If-Match.
var fieldsForCaches = []string{
	"Age",
	"Expires",
	"Last-Modified", // without an expiry, caches guess one from it: RFC 9111, section 4.2.2
	"Pragma",
	"Cdn-Cache-Control", // RFC 9213
	"Cloudflare-Cdn-Cache-Control",
	"Netlify-Cdn-Cache-Control",
	"Vercel-Cdn-Cache-Control",
	"X-Litespeed-Cache-Control",
	"Surrogate-Control", // Fastly, Varnish and others: https://www.w3.org/TR/edge-arch/
	"Edge-Control",      // Akamai
	"Netlify-Vary",
	"X-Litespeed-Vary",
	"X-Litespeed-Tag",
	"Xkey", // Varnish, as the following ones
	"X-Ttl",
	"X-Varnish-Ttl",
	"X-Vc-Ttl",
}

// isForCaches reports whether a field is one of fieldsForCaches or has a similar
// name: each content delivery network has its own Cache-Control, cache tags and
// surrogate keys, each Varnish configuration its own time to live.
func isForCaches(name string) bool {
	name = textproto.CanonicalMIMEHeaderKey(strings.TrimPrefix(name, http.TrailerPrefix))
	return strings.Contains(name, "Cache") || strings.HasPrefix(name, "Surrogate-") || strings.Contains(name, "-Surrogate-") || strings.HasSuffix(name, "-Ttl") ||
		name == "Vary" || name == "X-Accel-Expires" || slices.Contains(fieldsForCaches, name)
}

// privateWriter keeps a response out of caches, and adds signed cookies, at the
// moment its header is sent. Until then the handler has a header of its own. So the
// handler's header reaches no cache, even after a panic, and an inner middleware
// that copies the header for the next viewer copies no cookies.
type privateWriter struct {
	http.ResponseWriter
	header     http.Header // the handler's
	cookies    []string    // as in Set-Cookie
	noReferrer bool
	sent       bool // the header was sent, or the connection was taken over
}

// serve serves a request with next.
func (w *privateWriter) serve(next http.Handler, r *http.Request) {
	w.header = w.ResponseWriter.Header().Clone()
	if w.header == nil {
		w.header = http.Header{}
	}
	w.keep() // for a middleware that responds after a panic
	next.ServeHTTP(w, r)
	if !w.sent {
		w.WriteHeader(http.StatusOK) // before a middleware outside changes the header
	}
	w.copyTrailers()
	w.keep()
}

// keep cleans the header to send.
func (w *privateWriter) keep() {
	if w.noReferrer {
		keepPrivate(w.ResponseWriter.Header())
	} else {
		keepOutOfCaches(w.ResponseWriter.Header())
	}
}

// copyHeader replaces the header to send with the handler's, cleaned.
func (w *privateWriter) copyHeader() {
	h := w.ResponseWriter.Header()
	clear(h)
	maps.Copy(h, w.header)
	if len(h["Trailer"]) > 0 {
		h["Trailer"] = w.trailers()
	}
	w.keep()
}

// trailers returns the trailer names that the handler announced, without those that
// no cache may see.
func (w *privateWriter) trailers() (names []string) {
	for _, line := range w.header["Trailer"] {
		for name := range strings.SplitSeq(line, ",") {
			if name = http.CanonicalHeaderKey(strings.TrimSpace(name)); !isForCaches(name) {
				names = append(names, name)
			}
		}
	}
	return names
}

// prepare is called before whatever sends the header.
func (w *privateWriter) prepare() {
	if w.sent {
		return
	}
	w.copyHeader()
	if h := w.ResponseWriter.Header(); len(w.cookies) > 0 {
		h["Set-Cookie"] = slices.Concat(h["Set-Cookie"], w.cookies)
	}
	w.sent = true
}

// copyTrailers copies what the handler set after the header was sent.
func (w *privateWriter) copyTrailers() {
	h := w.ResponseWriter.Header()
	for name, values := range w.header {
		if strings.HasPrefix(name, http.TrailerPrefix) {
			h[name] = values
		}
	}
	for _, name := range w.trailers() {
		if values, ok := w.header[name]; ok {
			h[name] = values
		}
	}
}

// Header returns the handler's header.
func (w *privateWriter) Header() http.Header { return w.header }

func (w *privateWriter) WriteHeader(status int) {
	switch informational := status < 200 && status != http.StatusSwitchingProtocols; {
	case !informational:
		w.prepare()
	case !w.sent:
		w.copyHeader()
	}
	w.ResponseWriter.WriteHeader(status)
}

func (w *privateWriter) Write(p []byte) (int, error) {
	w.prepare()
	return w.ResponseWriter.Write(p)
}

// sniffed is how many bytes of a body determine its Content-Type.
const sniffed = 512

// ReadFrom lets the server send files as without the middleware. The header is sent
// with the first bytes, since there may be none.
func (w *privateWriter) ReadFrom(r io.Reader) (n int64, err error) {
	if !w.sent {
		n, err = io.CopyN(writerOnly{w}, r, sniffed)
		if err == io.EOF {
			return n, nil
		}
		if err != nil {
			return n, err
		}
	}
	rest, err := io.Copy(w.ResponseWriter, r)
	return n + rest, err
}

// writerOnly hides ReadFrom from io.CopyN.
type writerOnly struct{ io.Writer }

func (w *privateWriter) Flush() { w.FlushError() }

// FlushError is for http.ResponseController.
func (w *privateWriter) FlushError() error {
	before := w.sent
	w.prepare()
	err := http.NewResponseController(w.ResponseWriter).Flush()
	if errors.Is(err, http.ErrNotSupported) {
		w.sent = before
	}
	return err
}

// Hijack is for handlers that do not know http.ResponseController.
func (w *privateWriter) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	conn, buffer, err := http.NewResponseController(w.ResponseWriter).Hijack()
	if err == nil {
		w.sent = true
	}
	return conn, buffer, err
}

// Unwrap is for http.ResponseController.
func (w *privateWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }
