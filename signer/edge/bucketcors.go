package edge

import (
	"net/http"
	"slices"
	"strings"
)

// corsRule is a rule of the bucket's own CORS configuration.
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/ManageCorsUsing.html
type corsRule struct {
	origins, methods, headers, exposed []string
	maxAge                             string // seconds
}

func readCORSRules(rules property) []corsRule {
	var list []corsRule
	for _, p := range rules.array() {
		for _, place := range []string{"AllowedMethods", "AllowedHeaders", "ExposedHeaders"} {
			for _, name := range p.get(place).list() {
				checkHeader(name, name.text(), "")
			}
		}
		checkSeconds(p.get("MaxAge"))
		list = append(list, corsRule{
			origins: p.get("AllowedOrigins").texts(),
			methods: p.get("AllowedMethods").texts(),
			headers: p.get("AllowedHeaders").texts(),
			exposed: p.get("ExposedHeaders").texts(),
			maxAge:  p.get("MaxAge").text(),
		})
	}
	return list
}

// preflight is S3's answer to OPTIONS, for which it asks no permission: it sets
// the headers of the rule that fits, or says how S3 refuses. r is the request
// as it reaches the bucket.
// https://docs.aws.amazon.com/AmazonS3/latest/API/RESTOPTIONSobject.html
func (o *origin) preflight(h http.Header, r *http.Request) *refusal {
	method := r.Header.Get("Access-Control-Request-Method")
	switch {
	case r.Header.Get("Origin") == "":
		return s3Refusal(400, "BadRequest", "Insufficient information. Origin request header needed.",
			"no header Origin reaches the bucket: the viewer sent none, or the behavior has no origin request policy that passes it on, such as CORS-S3Origin")
	case !slices.Contains([]string{"GET", "HEAD", "PUT", "POST", "DELETE"}, method):
		asked := unquoted(method)
		if len(r.Header.Values("Access-Control-Request-Method")) == 0 {
			asked = "null"
		}
		return s3Refusal(400, "BadRequest", "Invalid Access-Control-Request-Method: "+asked, "the preflight asks for no method that S3 has")
	case len(o.cors) == 0:
		return s3Refusal(403, "AccessForbidden", "CORSResponse: CORS is not enabled for this bucket.", "the bucket has no CorsConfiguration",
			"Method", method, "ResourceType", "OBJECT")
	}
	asked := requestedHeaders(r)
	for _, rule := range o.cors {
		if !rule.fits(r.Header.Get("Origin"), method) || slices.ContainsFunc(asked, func(name string) bool { return !rule.allowsHeader(name) }) {
			continue
		}
		rule.set(h, r.Header.Get("Origin"))
		if len(asked) > 0 {
			h.Set("Access-Control-Allow-Headers", strings.Join(asked, ", "))
		}
		return nil
	}
	return s3Refusal(403, "AccessForbidden", "CORSResponse: This CORS request is not allowed. This is usually because the evalution of Origin, request method / Access-Control-Request-Method or Access-Control-Request-Headers are not whitelisted by the resource's CORS spec.",
		"no rule of the bucket's CorsConfiguration fits", "Method", method, "ResourceType", "OBJECT")
}

// share sets the headers that S3 adds to the answer to a CORS request.
func (o *origin) share(h http.Header, r *http.Request) {
	origin := r.Header.Get("Origin")
	if origin == "" {
		return
	}
	for _, rule := range o.cors {
		if rule.fits(origin, r.Method) {
			rule.set(h, origin)
			return
		}
	}
}

func (c corsRule) fits(origin, method string) bool {
	return slices.Contains(c.methods, method) && (slices.Contains(c.origins, "*") ||
		isOrigin(origin) && slices.ContainsFunc(c.origins, func(allowed string) bool { return oneStar(allowed, origin) }))
}

func (c corsRule) allowsHeader(name string) bool {
	return isToken(name) && !mayBeKey(name) && slices.ContainsFunc(c.headers, func(allowed string) bool {
		return oneStar(strings.ToLower(allowed), strings.ToLower(name))
	})
}

// oneStar compares a value with a pattern of at most one star, which is any
// number of characters. S3 knows no other wildcard here.
func oneStar(pattern, s string) bool {
	before, after, ok := strings.Cut(pattern, "*")
	if !ok {
		return pattern == s
	}
	return len(s) >= len(before)+len(after) && strings.HasPrefix(s, before) && strings.HasSuffix(s, after)
}

func (c corsRule) set(h http.Header, origin string) {
	if slices.Contains(c.origins, "*") {
		h.Set("Access-Control-Allow-Origin", "*")
	} else {
		h.Set("Access-Control-Allow-Origin", origin)
		h.Set("Access-Control-Allow-Credentials", "true")
	}
	h.Set("Access-Control-Allow-Methods", strings.Join(c.methods, ", "))
	if len(c.exposed) > 0 {
		h.Set("Access-Control-Expose-Headers", strings.Join(c.exposed, ", "))
	}
	if c.maxAge != "" {
		h.Set("Access-Control-Max-Age", c.maxAge)
	}
	h.Set("Vary", "Origin, Access-Control-Request-Headers, Access-Control-Request-Method")
}
