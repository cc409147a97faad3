package edge

import (
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/signedfront/signedfront/signer/edge/internal/redact"
)

// hiddenFromPage returns why a browser hides a response from the page that
// requested it. The status does not show this. It returns "" if the browser does
// not hide it, or if the request alone does not decide it.
// https://fetch.spec.whatwg.org/#concept-cors-check
func (e *Edge) hiddenFromPage(r *http.Request, status int, answer http.Header) string {
	origin := r.Header.Get("Origin")
	mode := r.Header.Get("Sec-Fetch-Mode")
	if origin == "" || origin == e.scheme+"://"+r.Host || mode != "" && mode != "cors" {
		return ""
	}
	why := corsFailure(r, origin, status, answer)
	if why == "" {
		return ""
	}
	return fmt.Sprintf("a browser hides this response from a page of %s (CORS): %s", redact.Quote(origin), why)
}

func corsFailure(r *http.Request, origin string, status int, answer http.Header) string {
	const fix = "; give the cache behavior a response headers policy with CORS, or the bucket a CORS rule and the behavior an origin request policy such as CORS-S3Origin"
	allowed := answer.Values("Access-Control-Allow-Origin")
	// Only a request whose credentials mode is include has cookies. A preflight
	// never has cookies, so its page's mode is unknown.
	credentials := r.Header.Get("Cookie") != ""
	switch {
	case len(allowed) == 0:
		return "it has no Access-Control-Allow-Origin" + fix
	case len(allowed) > 1:
		return "it has Access-Control-Allow-Origin more than once"
	case allowed[0] == "*" && credentials:
		return "its Access-Control-Allow-Origin is *, which is not enough for a request with cookies: list the origins, and allow credentials"
	case allowed[0] != "*" && allowed[0] != origin:
		return "its Access-Control-Allow-Origin is another origin"
	case credentials && answer.Get("Access-Control-Allow-Credentials") != "true":
		return "the request has cookies, and its Access-Control-Allow-Credentials is not true"
	case !isPreflight(r):
		return ""
	case status < 200 || status > 299:
		return fmt.Sprintf("the status of a preflight must be 200 to 299, not %d", status)
	}
	return preflightFailure(r, answer)
}

// preflightFailure returns what the response to a preflight does not allow.
// https://fetch.spec.whatwg.org/#cors-preflight-fetch
func preflightFailure(r *http.Request, answer http.Header) string {
	list := func(name string) []string {
		var items []string
		for item := range strings.SplitSeq(strings.Join(answer.Values(name), ","), ",") {
			items = append(items, strings.ToLower(strings.TrimSpace(item)))
		}
		return items
	}
	method := r.Header.Get("Access-Control-Request-Method")
	methods := list("Access-Control-Allow-Methods")
	if !slices.Contains([]string{"GET", "HEAD", "POST"}, method) && !slices.Contains(methods, "*") && !slices.Contains(methods, strings.ToLower(method)) {
		return fmt.Sprintf("its Access-Control-Allow-Methods lacks %s", redact.Quote(method))
	}
	names := list("Access-Control-Allow-Headers")
	for _, asked := range requestedHeaders(r) {
		asked = strings.ToLower(asked)
		if !slices.Contains(names, asked) && (!slices.Contains(names, "*") || asked == "authorization") {
			return fmt.Sprintf("its Access-Control-Allow-Headers lacks %s", redact.Quote(asked))
		}
	}
	return ""
}
