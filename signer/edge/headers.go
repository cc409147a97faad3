package edge

import (
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strings"

	"github.com/signedfront/signedfront/signer/edge/internal/redact"
	"github.com/signedfront/signedfront/signer/edge/model"

	"github.com/signedfront/signedfront/signer"
)

// applyHeaders applies a response headers policy to the headers of the origin's
// response.
func applyHeaders(p *model.HeadersPolicy, h http.Header, r *http.Request) {
	if p == nil {
		return
	}
	for _, name := range p.Remove {
		h.Del(name)
	}
	applyCORS(p.CORS, h, r)
	values := make([]string, len(p.Add)) // one allocation for all values
	for i, added := range p.Add {
		if name := http.CanonicalHeaderKey(added.Name); added.Override || h.Get(name) == "" {
			values[i] = added.Value
			h[name] = values[i : i+1 : i+1]
		}
	}
}

// corsMethods are the methods of ALL.
const corsMethods = "GET, DELETE, HEAD, OPTIONS, PATCH, POST, PUT"

// applyCORS adds the CORS headers to the response. A request without an Origin, or
// from an origin that is not allowed, gets none.
func applyCORS(c *model.CORSPolicy, h http.Header, r *http.Request) {
	if c == nil {
		return
	}
	origin := r.Header.Get("Origin")
	if origin == "" {
		return
	}
	if c.Override {
		maps.DeleteFunc(h, func(name string, _ []string) bool { return strings.HasPrefix(name, "Access-Control-") })
	}
	allowed := allowedOrigin(c, origin)
	if allowed == "" {
		return
	}
	set := func(name, value string) {
		if value != "" && h.Get(name) == "" {
			h.Set(name, value)
		}
	}
	set("Access-Control-Allow-Origin", allowed)
	set("Access-Control-Expose-Headers", strings.Join(c.ExposedHeaders, ", "))
	if c.Credentials {
		set("Access-Control-Allow-Credentials", "true")
	}
	if !isPreflight(r) {
		return
	}
	methods := strings.Join(c.Methods, ", ")
	if slices.Contains(c.Methods, "ALL") {
		methods = corsMethods
	}
	set("Access-Control-Allow-Methods", methods)
	set("Access-Control-Allow-Headers", strings.Join(allowedHeaders(c, r), ", "))
	set("Access-Control-Max-Age", c.MaxAge)
}

// allowedOrigin returns the value of Access-Control-Allow-Origin: the origin
// itself, * if all are allowed, or "" if this one is not.
func allowedOrigin(c *model.CORSPolicy, origin string) string {
	if slices.Contains(c.Origins, "*") {
		return "*"
	}
	if !isOrigin(origin) {
		return ""
	}
	if slices.ContainsFunc(c.Origins, func(allowed string) bool { return allowsOrigin(allowed, origin) }) {
		return origin
	}
	return ""
}

// isOrigin reports whether a text is an origin as browsers write it, in lower case.
// The edge returns no other text from the request.
// https://html.spec.whatwg.org/multipage/browsers.html#ascii-serialisation-of-an-origin
func isOrigin(s string) bool { return originShape.MatchString(s) }

var originShape = regexp.MustCompile(`^(null|[a-z][a-z0-9+.-]*://(\[[0-9a-f:.]+\]|[a-z0-9._-]*)(:[0-9]{1,5})?)$`)

// allowsOrigin compares an origin with an allowed one, in which a star may replace
// the labels left of a domain, as in https://*.example.com.
func allowsOrigin(allowed, origin string) bool {
	scheme, domain, ok := strings.Cut(allowed, "*.")
	if !ok {
		return allowed == origin
	}
	labels, ok := strings.CutPrefix(origin, scheme)
	if scheme == "" { // *.example.com matches both schemes
		_, labels, ok = strings.Cut(origin, "://")
	}
	if !ok {
		return false
	}
	labels, ok = strings.CutSuffix(labels, "."+domain)
	return ok && labels != "" && !strings.ContainsAny(labels, ":/@")
}

// allowedHeaders returns the header names of the policy. A name with a wildcard,
// such as x-amz-*, is replaced by the requested names that it matches.
func allowedHeaders(c *model.CORSPolicy, r *http.Request) []string {
	var allowed []string
	for _, name := range c.Headers {
		if name == "*" || !strings.Contains(name, "*") {
			allowed = append(allowed, name)
			continue
		}
		for _, asked := range requestedHeaders(r) {
			if redact.IsHeaderName(asked) && signer.MatchPattern(strings.ToLower(name), strings.ToLower(asked)) {
				allowed = append(allowed, asked)
			}
		}
	}
	return allowed
}

// isPreflight reports whether a request is a CORS preflight.
func isPreflight(r *http.Request) bool {
	return r.Method == http.MethodOptions && r.Header.Get("Access-Control-Request-Method") != ""
}

// requestedHeaders returns the header names that a preflight asks for.
func requestedHeaders(r *http.Request) []string {
	var names []string
	for name := range strings.SplitSeq(r.Header.Get("Access-Control-Request-Headers"), ",") {
		if name = strings.TrimSpace(name); name != "" {
			names = append(names, name)
		}
	}
	return names
}
