package edge

import (
	"fmt"
	"io"
	"net/http"
	"strconv"

	"github.com/signedfront/signedfront/signer/edge/internal/redact"
)

// refuse answers with a refusal, or with the custom error page that replaces it.
// The page comes from the origin of its own path's cache behavior. If that origin
// refuses, its refusal is the response.
// https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/HTTPStatusCodes.html#HTTPStatusCodes-custom-error-pages
func (e *Edge) refuse(w *response, r *http.Request, refused *refusal) {
	page, ok := e.distribution.ErrorPages[refused.status]
	if !ok || !refused.replaceable {
		refused.write(w, w.id)
		return
	}
	path := withRootObject(e.distribution, page.Path)
	b := chooseBehavior(e.distribution, path)
	if !b.Public || b.Unknown != "" {
		refused.reason += fmt.Sprintf(" (the custom error page %s is not sent: its cache behavior %s requires a signature, or is unknown)", redact.Path(path), redact.Path(b.PathPattern))
		refused.write(w, w.id)
		return
	}
	object, key, unavailable := e.originOf(b).open(http.MethodGet, path)
	if unavailable != nil {
		unavailable.reason = fmt.Sprintf("%s (and the custom error page %s is not available: %s)", refused.reason, redact.Path(path), unavailable.reason)
		unavailable.write(w, w.id)
		return
	}
	defer object.Close()

	if refused.fromOrigin {
		w.headers = b.Headers
	}
	h := w.Header()
	h.Del("Content-Range") // set by a refused range
	h.Set("Content-Type", contentType(key))
	h.Set("Content-Length", strconv.FormatInt(object.size, 10))
	h.Set("Etag", object.etag())
	h.Set("Last-Modified", object.modified.UTC().Format(http.TimeFormat))
	h.Set("Server", "AmazonS3")
	h.Set("X-Cache", "Error from cloudfront")
	h.Set(reasonHeader, headerText(refused.reason))
	w.WriteHeader(page.Status)
	if r.Method != http.MethodHead {
		io.Copy(w, object)
	}
}
