package edge

import (
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strings"

	"github.com/signedfront/signedfront/signer/internal/glob"
)

// corsPolicy is the CORS part of a response headers policy.
// https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/understanding-response-headers-policies.html#understanding-response-headers-policies-cors
type corsPolicy struct {
	origins, methods, headers, exposed []string
	credentials                        bool
	maxAge                             string // seconds
	override                           bool   // replace what the origin sent, instead of yielding to it
}

// corsMethods is what ALL stands for.
const corsMethods = "GET, DELETE, HEAD, OPTIONS, PATCH, POST, PUT"

func readCORSPolicy(p property) *corsPolicy {
	if !p.exists() {
		return nil
	}
	items := func(name string) []string { return p.get(name).get("Items").texts() }
	for _, place := range []string{"AccessControlAllowMethods", "AccessControlAllowHeaders", "AccessControlExposeHeaders"} {
		for _, name := range p.get(place).get("Items").list() {
			checkHeader(name, name.text(), "")
		}
	}
	checkSeconds(p.get("AccessControlMaxAgeSec"))
	return &corsPolicy{
		origins:     items("AccessControlAllowOrigins"),
		methods:     items("AccessControlAllowMethods"),
		headers:     items("AccessControlAllowHeaders"),
		exposed:     items("AccessControlExposeHeaders"),
		credentials: p.get("AccessControlAllowCredentials").flag(),
		maxAge:      p.get("AccessControlMaxAgeSec").text(),
		override:    p.get("OriginOverride").flag(),
	}
}

// checkSeconds refuses what is no number of seconds, where there is something.
func checkSeconds(p property) {
	if s := p.text(); strings.Trim(s, "0123456789") != "" || len(s) > 10 {
		p.wrong("%s: want whole seconds", shown(s))
	}
}

// apply adds the headers to the answer to a CORS request. A request without an
// Origin is none, and one of an origin that is not allowed gets no headers.
func (c *corsPolicy) apply(h http.Header, r *http.Request) {
	if c == nil {
		return
	}
	origin := r.Header.Get("Origin")
	if origin == "" {
		return
	}
	if c.override {
		maps.DeleteFunc(h, func(name string, _ []string) bool { return strings.HasPrefix(name, "Access-Control-") })
	}
	allowed := c.allowedOrigin(origin)
	if allowed == "" {
		return
	}
	set := func(name, value string) {
		if value != "" && h.Get(name) == "" {
			h.Set(name, value)
		}
	}
	set("Access-Control-Allow-Origin", allowed)
	set("Access-Control-Expose-Headers", strings.Join(c.exposed, ", "))
	if c.credentials {
		set("Access-Control-Allow-Credentials", "true")
	}
	if !isPreflight(r) {
		return
	}
	methods := strings.Join(c.methods, ", ")
	if slices.Contains(c.methods, "ALL") {
		methods = corsMethods
	}
	set("Access-Control-Allow-Methods", methods)
	set("Access-Control-Allow-Headers", strings.Join(c.allowedHeaders(r), ", "))
	set("Access-Control-Max-Age", c.maxAge)
}

// allowedOrigin is the value of Access-Control-Allow-Origin: the origin itself,
// or * where every one is allowed; empty for an origin that is not.
func (c *corsPolicy) allowedOrigin(origin string) string {
	if slices.Contains(c.origins, "*") {
		return "*"
	}
	if !isOrigin(origin) {
		return ""
	}
	if slices.ContainsFunc(c.origins, func(allowed string) bool { return allowsOrigin(allowed, origin) }) {
		return origin
	}
	return ""
}

// isOrigin reports whether a text is an origin as browsers write one: its letters
// are small. Nothing else is sent back to whoever sent it.
// https://html.spec.whatwg.org/multipage/browsers.html#ascii-serialisation-of-an-origin
func isOrigin(s string) bool { return originShape.MatchString(s) }

var originShape = regexp.MustCompile(`^(null|[a-z][a-z0-9+.-]*://(\[[0-9a-f:.]+\]|[a-z0-9._-]*)(:[0-9]{1,5})?)$`)

// allowsOrigin compares an origin with one of a list, in which a star may stand
// for the labels left of a domain, as in https://*.example.com.
func allowsOrigin(allowed, origin string) bool {
	scheme, domain, ok := strings.Cut(allowed, "*.")
	if !ok {
		return allowed == origin
	}
	labels, ok := strings.CutPrefix(origin, scheme)
	if scheme == "" { // *.example.com, of either scheme
		_, labels, ok = strings.Cut(origin, "://")
	}
	if !ok {
		return false
	}
	labels, ok = strings.CutSuffix(labels, "."+domain)
	return ok && labels != "" && !strings.ContainsAny(labels, ":/@")
}

// allowedHeaders are the names of the policy; in place of one with a wildcard,
// such as x-amz-*, those that the preflight asks for and it covers.
func (c *corsPolicy) allowedHeaders(r *http.Request) []string {
	var allowed []string
	for _, name := range c.headers {
		if name == "*" || !strings.Contains(name, "*") {
			allowed = append(allowed, name)
			continue
		}
		for _, asked := range requestedHeaders(r) {
			if isToken(asked) && !mayBeKey(asked) && glob.MatchCharacters(strings.ToLower(name), strings.ToLower(asked)) {
				allowed = append(allowed, asked)
			}
		}
	}
	return allowed
}

// isPreflight reports whether a browser asks whether it may send a request.
func isPreflight(r *http.Request) bool {
	return r.Method == http.MethodOptions && r.Header.Get("Access-Control-Request-Method") != ""
}

// requestedHeaders are the names that a preflight asks for.
func requestedHeaders(r *http.Request) []string {
	var names []string
	for name := range strings.SplitSeq(r.Header.Get("Access-Control-Request-Headers"), ",") {
		if name = strings.TrimSpace(name); name != "" {
			names = append(names, name)
		}
	}
	return names
}
