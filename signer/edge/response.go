package edge

import (
	"bytes"
	"io"
	"mime/multipart"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/signedfront/signedfront/signer/edge/model"
)

// response writes the response to the viewer. It changes what http.ServeContent
// writes into what CloudFront sends: it applies the response headers policy, drops
// the response to a refused range or precondition, and records S3's refusal for the
// caller.
type response struct {
	http.ResponseWriter
	request *http.Request
	id      string               // of the response, x-amz-cf-id
	time    time.Time            // of the decision
	headers *model.HeadersPolicy // for responses of the origin
	sets    http.Header          // headers that the query sets in a response with the object
	object  *object              // being served
	ranges  []byteRange          // of object, if the viewer requests several
	parts   *multipart.Writer
	status  int
	refused *refusal // set: further writes are dropped

	// The result of the request so far.
	behavior  *model.Behavior
	keyPairID string
	key       string   // object key in the bucket
	failed    *refusal // nil: not refused
	bytes     int64    // of the body
}

func (w *response) WriteHeader(status int) {
	if w.status != 0 || w.refused != nil {
		return
	}
	if w.refused = w.contentRefusal(status); w.refused != nil {
		return
	}
	w.status = status
	if status == http.StatusPartialContent && w.ranges != nil {
		w.announceParts()
	}
	if w.object != nil && status < 300 {
		w.override()
	}
	applyHeaders(w.headers, w.Header(), w.request)
	w.ResponseWriter.WriteHeader(status)
}

// announceParts replaces the headers of the first range by those of all. What
// http.ServeContent writes is dropped, and the parts come after it.
func (w *response) announceParts() {
	h := w.Header()
	w.parts = multipart.NewWriter(countingWriter{w})
	var size lengthWriter
	counted := multipart.NewWriter(&size)
	counted.SetBoundary(w.parts.Boundary())
	writeParts(counted, nil, w.ranges, h.Get("Content-Type"), w.object.size)
	for _, r := range w.ranges {
		size += lengthWriter(r.last - r.first + 1)
	}
	h.Set("Content-Type", "multipart/byteranges; boundary="+w.parts.Boundary())
	h.Set("Content-Length", strconv.FormatInt(int64(size), 10))
	h.Del("Content-Range")
}

// countingWriter writes parts of the body without Write, which drops what
// http.ServeContent writes.
type countingWriter struct{ w *response }

func (c countingWriter) Write(b []byte) (int, error) {
	n, err := c.w.ResponseWriter.Write(b)
	c.w.bytes += int64(n)
	return n, err
}

// lengthWriter counts the bytes written to it.
type lengthWriter int64

func (n *lengthWriter) Write(b []byte) (int, error) {
	*n += lengthWriter(len(b))
	return len(b), nil
}

// override sets the headers that the query overrides. A response with several
// ranges keeps its own Content-Type.
func (w *response) override() {
	h := w.Header()
	for name, values := range w.sets {
		if name != "Content-Type" || !strings.HasPrefix(h.Get(name), "multipart/byteranges") {
			h[name] = values
		}
	}
}

// contentRefusal returns S3's refusal for a status of http.ServeContent.
func (w *response) contentRefusal(status int) *refusal {
	if w.object == nil {
		return nil
	}
	switch status {
	case http.StatusRequestedRangeNotSatisfiable:
		return s3Refusal(status, "InvalidRange", "The requested range is not satisfiable", "the object has no byte of the range",
			"ActualObjectSize", strconv.FormatInt(w.object.size, 10)).at(CheckConditions)
	case http.StatusPreconditionFailed:
		return s3Refusal(status, "PreconditionFailed", "At least one of the pre-conditions you specified did not hold", "If-Match or If-Unmodified-Since is not met").at(CheckConditions)
	}
	return nil
}

func (w *response) Write(b []byte) (int, error) {
	if w.status == 0 {
		w.WriteHeader(http.StatusOK)
	}
	if w.refused != nil || w.parts != nil {
		return len(b), nil
	}
	n, err := w.ResponseWriter.Write(b)
	w.bytes += int64(n)
	return n, err
}

// ReadFrom lets the server send a file without copying it through this program.
func (w *response) ReadFrom(src io.Reader) (int64, error) {
	if w.status == 0 {
		w.WriteHeader(http.StatusOK)
	}
	if w.refused != nil || w.parts != nil {
		return io.Copy(io.Discard, src)
	}
	n, err := copyBody(w.ResponseWriter, src)
	w.bytes += n
	return n, err
}

// copyBody copies what http.ServeContent reads of an object to a viewer. What is in
// memory is written from there. Where the viewer's writer does not read a file itself,
// as that of HTTP/2 does not, it goes through a buffer that was used before.
func copyBody(w io.Writer, src io.Reader) (int64, error) {
	if limited, ok := src.(*io.LimitedReader); ok {
		if content, ok := limited.R.(*bytes.Reader); ok && limited.N >= int64(content.Len()) {
			n, err := content.WriteTo(w)
			limited.N -= n
			return n, err
		}
	}
	if _, ok := w.(io.ReaderFrom); ok {
		return io.Copy(w, src)
	}
	buffer := bodyBuffers.Get().(*[maxRead]byte)
	defer bodyBuffers.Put(buffer)
	return io.CopyBuffer(w, src, buffer[:])
}

var bodyBuffers = sync.Pool{New: func() any { return new([maxRead]byte) }}

// Unwrap is for http.ResponseController.
func (w *response) Unwrap() http.ResponseWriter { return w.ResponseWriter }
