package signhttp

import (
	"bufio"
	"io"
	"net"
	"net/http"
)

// privateWriter keeps a response with signed cookies private, whatever its
// handler sets before the header goes out. Headers that are set later are not
// sent, so there is no need to know when that is.
type privateWriter struct{ http.ResponseWriter }

func (w privateWriter) WriteHeader(status int) {
	keepPrivate(w.Header())
	w.ResponseWriter.WriteHeader(status)
}

func (w privateWriter) Write(p []byte) (int, error) {
	keepPrivate(w.Header())
	return w.ResponseWriter.Write(p)
}

// ReadFrom lets the server send files as it does without the middleware.
func (w privateWriter) ReadFrom(r io.Reader) (int64, error) {
	keepPrivate(w.Header())
	return io.Copy(w.ResponseWriter, r)
}

func (w privateWriter) Flush() { w.FlushError() }

// FlushError is for http.ResponseController.
func (w privateWriter) FlushError() error {
	keepPrivate(w.Header())
	return http.NewResponseController(w.ResponseWriter).Flush()
}

// Hijack is for handlers that do not know http.ResponseController.
func (w privateWriter) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	return http.NewResponseController(w.ResponseWriter).Hijack()
}

// Unwrap is for http.ResponseController.
func (w privateWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }
