package edge

import (
	"net/http"
	"slices"
	"strings"

	"github.com/signedfront/signedfront/signer/edge/internal/redact"
	"github.com/signedfront/signedfront/signer/edge/model"
)

// preflight sets the headers of S3's response to OPTIONS, from the rule that
// matches, or returns S3's refusal. S3 requires no permission for OPTIONS. r is the
// request as it reaches the bucket.
// https://docs.aws.amazon.com/AmazonS3/latest/API/RESTOPTIONSobject.html
func (o origin) preflight(h http.Header, r *http.Request) *refusal {
	method := r.Header.Get("Access-Control-Request-Method")
	switch {
	case r.Header.Get("Origin") == "":
		return s3Refusal(400, "BadRequest", "Insufficient information. Origin request header needed.",
			"no header Origin reaches the bucket: the viewer sent none, or the behavior has no origin request policy that forwards it, such as CORS-S3Origin")
	case !slices.Contains([]string{"GET", "HEAD", "PUT", "POST", "DELETE"}, method):
		asked := redact.Text(method)
		if len(r.Header.Values("Access-Control-Request-Method")) == 0 {
			asked = "null"
		}
		return s3Refusal(400, "BadRequest", "Invalid Access-Control-Request-Method: "+asked, "the preflight asks for a method that S3 does not have")
	case len(o.Bucket.CORS) == 0:
		return s3Refusal(403, "AccessForbidden", "CORSResponse: CORS is not enabled for this bucket.", "the bucket has no CorsConfiguration",
			"Method", method, "ResourceType", "OBJECT")
	}
	asked := requestedHeaders(r)
	for _, rule := range o.Bucket.CORS {
		if !fits(rule, r.Header.Get("Origin"), method) || slices.ContainsFunc(asked, func(name string) bool { return !allowsHeader(rule, name) }) {
			continue
		}
		setCORS(rule, h, r.Header.Get("Origin"))
		if len(asked) > 0 {
			h.Set("Access-Control-Allow-Headers", strings.Join(asked, ", "))
		}
		return nil
	}
	return s3Refusal(403, "AccessForbidden", "CORSResponse: This CORS request is not allowed. This is usually because the evalution of Origin, request method / Access-Control-Request-Method or Access-Control-Request-Headers are not whitelisted by the resource's CORS spec.",
		"no rule of the bucket's CorsConfiguration matches", "Method", method, "ResourceType", "OBJECT")
}

// share sets the headers that S3 adds to its response to a CORS request.
func (o origin) share(h http.Header, r *http.Request) {
	origin := r.Header.Get("Origin")
	if origin == "" {
		return
	}
	for _, rule := range o.Bucket.CORS {
		if fits(rule, origin, r.Method) {
			setCORS(rule, h, origin)
			return
		}
	}
}

func fits(c model.CORSRule, origin, method string) bool {
	return slices.Contains(c.Methods, method) && (slices.Contains(c.Origins, "*") ||
		isOrigin(origin) && slices.ContainsFunc(c.Origins, func(allowed string) bool { return oneStar(allowed, origin) }))
}

func allowsHeader(c model.CORSRule, name string) bool {
	return redact.IsHeaderName(name) && slices.ContainsFunc(c.Headers, func(allowed string) bool {
		return oneStar(strings.ToLower(allowed), strings.ToLower(name))
	})
}

// oneStar reports whether a value matches a pattern with at most one star, which
// matches any number of characters. S3 has no other wildcard here.
func oneStar(pattern, s string) bool {
	before, after, ok := strings.Cut(pattern, "*")
	if !ok {
		return pattern == s
	}
	return len(s) >= len(before)+len(after) && strings.HasPrefix(s, before) && strings.HasSuffix(s, after)
}

func setCORS(c model.CORSRule, h http.Header, origin string) {
	if slices.Contains(c.Origins, "*") {
		h.Set("Access-Control-Allow-Origin", "*")
	} else {
		h.Set("Access-Control-Allow-Origin", origin)
		h.Set("Access-Control-Allow-Credentials", "true")
	}
	h.Set("Access-Control-Allow-Methods", strings.Join(c.Methods, ", "))
	if len(c.ExposedHeaders) > 0 {
		h.Set("Access-Control-Expose-Headers", strings.Join(c.ExposedHeaders, ", "))
	}
	if c.MaxAge != "" {
		h.Set("Access-Control-Max-Age", c.MaxAge)
	}
	h.Set("Vary", "Origin, Access-Control-Request-Headers, Access-Control-Request-Method")
}
