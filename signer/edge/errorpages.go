package edge

import (
	"fmt"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
)

// errorPage is a custom error response: the page that CloudFront shows in place
// of an error, and the status that goes with it.
// https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/GeneratingCustomErrorResponses.html
type errorPage struct {
	path   string
	status int
}

// customErrorCodes are the statuses that may have a custom error response.
// https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/creating-custom-error-pages.html
var customErrorCodes = []int{400, 403, 404, 405, 414, 416, 500, 501, 502, 503, 504}

// readErrorPages reads the pages of a distribution, by the status that they
// stand in for. A response without a page says how long an error is cached, and
// nothing is cached here.
func readErrorPages(responses property) map[int]errorPage {
	pages := make(map[int]errorPage)
	for _, p := range responses.array() {
		code, page, status := p.get("ErrorCode"), p.get("ResponsePagePath"), p.get("ResponseCode")
		replaced, ok := statusOf(code, customErrorCodes)
		switch {
		case !ok:
			code.wrong("%s: want one of %s", shown(code.text()), strings.Trim(fmt.Sprint(customErrorCodes), "[]"))
			continue
		case page.exists() != status.exists():
			page.wrong("ResponsePagePath and ResponseCode go together")
			continue
		case !page.exists():
			continue
		case !strings.HasPrefix(page.text(), "/"):
			page.wrong("%s: want it to start with /", shown(page.text()))
			continue
		}
		answered, ok := statusOf(status, append(customErrorCodes, http.StatusOK))
		if !ok {
			status.wrong("%s: want 200, or one of %s", shown(status.text()), strings.Trim(fmt.Sprint(customErrorCodes), "[]"))
			continue
		}
		if _, twice := pages[replaced]; twice {
			code.wrong("%d has a custom error response already", replaced)
		}
		pages[replaced] = errorPage{page.text(), answered}
	}
	return pages
}

// statusOf is the status that a place holds, if it is one of those.
func statusOf(p property, among []int) (int, bool) {
	status, err := strconv.Atoi(p.text())
	return status, err == nil && slices.Contains(among, status)
}

// refuse answers with a refusal, or with the custom error page that stands in
// for it. The page comes from the origin of the cache behavior that its own
// path has; where it cannot be had, what that origin answers goes out.
// https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/HTTPStatusCodes.html#HTTPStatusCodes-custom-error-pages
func (e *Edge) refuse(w *response, r *http.Request, refused *refusal) {
	page, ok := e.distribution.errorPages[refused.status]
	if !ok || !refused.replaceable {
		refused.write(w, w.ids)
		return
	}
	path := e.distribution.object(page.path)
	b := e.distribution.behavior(path)
	if !b.public {
		refused.reason += fmt.Sprintf(" (the custom error page %s is not shown: the cache behavior %s asks for a signature)", shownKey(path), shownKey(b.pattern))
		refused.write(w, w.ids)
		return
	}
	object, key, unavailable := b.origin.open(http.MethodGet, path)
	if unavailable != nil {
		unavailable.reason = fmt.Sprintf("%s (and the custom error page %s cannot be had: %s)", refused.reason, shownKey(path), unavailable.reason)
		unavailable.write(w, w.ids)
		return
	}
	defer object.Close()

	if refused.fromOrigin {
		w.headers = b.headers
	}
	h := w.Header()
	h.Del("Content-Range") // of a refused range
	h.Set("Content-Type", contentType(key))
	h.Set("Content-Length", strconv.FormatInt(object.size, 10))
	h.Set("Etag", object.etag())
	h.Set("Last-Modified", object.modified.UTC().Format(http.TimeFormat))
	h.Set("Server", "AmazonS3")
	h.Set("X-Cache", "Error from cloudfront")
	h.Set(reasonHeader, headerText(refused.reason))
	w.WriteHeader(page.status)
	if r.Method != http.MethodHead {
		io.Copy(w, object)
	}
}
