package edge

import (
	"net/http"
	"net/netip"
	"time"

	"github.com/signedfront/signedfront/signer/edge/internal/redact"
)

// Record is a request and what the edge answered to it.
//
// Target and Cookies are as they arrived, and hold live credentials: whoever has
// them can open what the viewer opened until they expire. Target, Host, Origin
// and Object are texts of the viewer's, in which anything may stand, a private key
// too. The other fields can be logged.
type Record struct {
	Time       time.Time     // by the edge's clock, when the request was judged
	Duration   time.Duration // until the answer was written
	Method     string
	Target     string // path and query
	Host       string
	Cookies    []string // the values of the Cookie headers
	Origin     string   // the header Origin; empty: none
	RemoteAddr netip.Addr

	Status int
	Bytes  int64 // of the body that was written

	Behavior  string // the path pattern of the cache behavior; empty: none was chosen
	KeyPairID string // as in signer.Verdict
	Object    string // the key that the bucket was asked for; empty: it was not asked

	// Allowed is set where no check refused the request. Otherwise Refused is the
	// check that did, Reason says why, as the header X-Signedfront-Reason does, and
	// Code is the one in the body of CloudFront's or S3's refusal, such as MissingKey:
	// empty where such a body has none.
	Allowed bool
	Refused Check
	Code    string
	Reason  string

	// Hidden says why a browser keeps the answer from the page that asked for it
	// (CORS), whatever the status. Empty: it does not, or that is not known.
	Hidden string

	by *Edge // that answered
}

// record is what was answered, and to what.
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

// viewerOf is the address that a request came from.
func viewerOf(r *http.Request) netip.Addr {
	viewer, _ := netip.ParseAddrPort(r.RemoteAddr)
	return viewer.Addr().Unmap()
}
