package edge

import (
	"net/http"
	"net/netip"
	"time"

	"github.com/signedfront/signedfront/signer/edge/internal/redact"
)

// Record is a request and the edge's response.
//
// Target and Cookies are as received, and contain live credentials: until they
// expire, they open what the viewer opened. Target, Host, Origin and Object are the
// viewer's own text and may contain anything, even a private key. The other fields
// may be logged.
type Record struct {
	Time       time.Time     // of the decision, by the edge's clock
	Duration   time.Duration // until the response was written
	Method     string
	Target     string // path and query
	Host       string
	Cookies    []string // the values of the Cookie headers
	Origin     string   // the header Origin; empty: none
	RemoteAddr netip.Addr

	Status int
	Bytes  int64 // of the response body

	Behavior  string // path pattern; empty: none was chosen
	KeyPairID string // as in signer.Verdict
	Object    string // object key in the bucket; empty: the bucket was not asked

	// Allowed is set if no check refused the request. Otherwise Refused is the
	// check that failed, and Reason is the text of the header X-Signedfront-Reason.
	// Code is the error code in the body of the refusal, such as MissingKey, or
	// empty.
	Allowed bool
	Refused Check
	Code    string
	Reason  string

	// Hidden is why a browser hides the response from the page that requested it
	// (CORS), whatever the status. It is empty if the browser does not, or if that
	// is unknown.
	Hidden string

	by *Edge // that made the record
}

// record returns the Record of a request.
func (e *Edge) record(w *response, hidden string, took time.Duration) Record {
	r := w.request
	told := Record{
		Time:       w.time,
		Duration:   took,
		Method:     redact.Text(r.Method),
		Target:     r.RequestURI,
		Host:       r.Host,
		Cookies:    r.Header.Values("Cookie"),
		Origin:     r.Header.Get("Origin"),
		RemoteAddr: viewerOf(r),
		Status:     w.status,
		Bytes:      w.bytes,
		KeyPairID:  w.keyPairID,
		Object:     w.key,
		Allowed:    w.failed == nil,
		Hidden:     hidden,
		by:         e,
	}
	if r.Method == http.MethodHead {
		told.Bytes = 0 // the server sends none
	}
	if w.behavior != nil {
		told.Behavior = w.behavior.PathPattern
	}
	if w.failed != nil {
		told.Refused, told.Code, told.Reason = w.failed.check, w.failed.code, w.failed.reason
	}
	return told
}

// viewerOf returns the address that a request came from.
func viewerOf(r *http.Request) netip.Addr {
	viewer, _ := netip.ParseAddrPort(r.RemoteAddr)
	return viewer.Addr().Unmap()
}
