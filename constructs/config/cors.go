package config

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// CORS lets other origins read the content. CloudFront adds the headers to its
// answers. S3 answers preflight requests by the CORS rules of the bucket: the stack
// writes those of a new bucket, and the output RequiredBucketCors holds those that
// the owner of an existing bucket must write.
// https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/understanding-response-headers-policies.html
//
// A preflight request must be signed like any other request. The preflight request
// for a signed URL carries the signature of that URL, but browsers send no cookies
// with preflight requests. With signed cookies, scripts must therefore avoid
// preflight requests: they may set no request header except a Range of one part.
//
// CloudFront itself answers a refused signature, without these headers: scripts
// see a network error and no status. With an error page for 403 they may see the
// status, because the behavior of the page and the behavior that refused both add
// the headers. AWS documents error pages for errors of the origin only; whether
// CloudFront serves one here can be proven only on a real distribution.
type CORS struct {
	// Origins are the origins that may read, such as https://app.example.com
	// or https://*.example.com. * alone stands for all origins.
	Origins []string `json:"origins"`

	// Credentials lets these origins send cookies, which signed cookies need. The
	// Origins must then be listed: * is not allowed.
	//
	// Default: false.
	Credentials bool `json:"credentials"`

	// AllowHeaders are the request headers that these origins may send.
	//
	// Default: Range, If-Range, If-None-Match and If-Modified-Since.
	AllowHeaders []string `json:"allowHeaders"`

	// ExposeHeaders are the response headers that these origins may read, in
	// addition to those that scripts may always read.
	//
	// Default: Accept-Ranges, Content-Range and ETag.
	ExposeHeaders []string `json:"exposeHeaders"`

	// MaxAge is how long a browser may keep the answer to a preflight request: a
	// whole number of seconds.
	//
	// Default: 10 minutes.
	MaxAge time.Duration `json:"maxAge"`
}

func (c *CORS) withDefaults() *CORS {
	if c == nil {
		return nil
	}
	filled := *c
	if filled.AllowHeaders == nil {
		filled.AllowHeaders = []string{"Range", "If-Range", "If-None-Match", "If-Modified-Since"}
	}
	if filled.ExposeHeaders == nil {
		filled.ExposeHeaders = []string{"Accept-Ranges", "Content-Range", "ETag"}
	}
	if filled.MaxAge == 0 {
		filled.MaxAge = 10 * time.Minute
	}
	return &filled
}

func (c CORS) check(at node) {
	origins := at.field("Origins")
	if len(c.Origins) == 0 {
		origins.missing("missing", "write a list such as "+examples["origins"])
	}
	origins.list(c.Origins, func(at node, origin string) {
		switch {
		case origin != "*":
			checkCORSOrigin(at, origin)
		case len(c.Origins) > 1:
			at.wrong(`"*" together with other origins`, "remove the others, or this one")
		case c.Credentials:
			at.wrong(fmt.Sprintf(`"*" with %s`, at.name("Credentials")), "list the origins: if every origin may read, browsers send no cookies")
		}
	})
	checkHeaders(at.field("AllowHeaders"), c.AllowHeaders, c.Credentials)
	checkHeaders(at.field("ExposeHeaders"), c.ExposeHeaders, c.Credentials)
	at.field("MaxAge").duration(c.MaxAge, time.Second, "")
}

var originShape = regexp.MustCompile(`^(https?)://(?:\*\.)?([a-z0-9-]+(?:\.[a-z0-9-]+)*)(?::([0-9]{1,5}))?$`)

// checkCORSOrigin checks that an origin is written as browsers send it. CloudFront
// compares the two byte by byte, except for a *. at the start of the host:
// https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/understanding-response-headers-policies.html#understanding-response-headers-policies-cors
func checkCORSOrigin(at node, origin string) {
	parts := originShape.FindStringSubmatch(origin)
	if parts == nil || len(parts[2]) > maxHostName || slices.ContainsFunc(strings.Split(parts[2], "."), func(label string) bool { return !hostLabel.MatchString(label) }) {
		at.wrong(quote(origin), `write the scheme and the host as browsers send them, such as "https://app.example.com", "https://*.example.com" or "http://localhost:3000": in lower case, without a path`)
		return
	}
	scheme, port := parts[1], parts[3]
	if port == "" {
		return
	}
	number, _ := strconv.Atoi(port) // the shape admits digits only
	switch {
	case scheme == "http" && number == 80 || scheme == "https" && number == 443:
		at.wrong(quote(origin), fmt.Sprintf("write %s: browsers leave this port out", quotePart(strings.TrimSuffix(origin, ":"+port), origin)))
	case number < 1 || number > 65535 || port[0] == '0':
		at.wrong(quote(origin), "write a port from 1 to 65535")
	}
}

// warn reports a header name that contains a * and other characters. S3 reads it as
// a pattern, but CloudFront sends it unchanged, and browsers read only a * alone as
// a pattern: https://developer.mozilla.org/en-US/docs/Web/HTTP/Reference/Headers/Access-Control-Allow-Headers
func (c CORS) warn(at node) {
	for i, header := range c.AllowHeaders {
		if header != "*" && strings.Contains(header, "*") && !isToken(header) {
			at.field("AllowHeaders").index(i).wrong(quote(header), "list each header by its name: browsers read this as the name of one header")
		}
	}
}

// headerName is a token of HTTP: https://www.rfc-editor.org/rfc/rfc9110#name-tokens
var headerName = regexp.MustCompile("^[!#$%&'*+.^_`|~0-9A-Za-z-]+$")

func checkHeaders(at node, headers []string, credentials bool) {
	// A list that was left out has its default here.
	if len(headers) == 0 {
		at.missing("an empty list", "leave it out, or list headers: CloudFront accepts no empty list")
	}
	seen := map[string]bool{}
	for i, header := range headers {
		at, lower := at.index(i), strings.ToLower(header)
		switch {
		case isToken(header):
		case strings.Count(header, "*") > 1:
			at.wrong(quote(header)+", with several *", "list the headers, or write one *, which stands for all of them: S3 accepts one * in a header name")
		case !headerName.MatchString(header):
			at.wrong(quote(header), `write the name of a header, such as "Range"`)
		case seen[lower]:
			at.wrong(quote(header)+", listed twice", "list it once: header names ignore letter case")
		case header == "*" && credentials:
			at.wrong(fmt.Sprintf(`"*" with %s`, at.name("Credentials")), "list the headers: with credentials, browsers read * as the name of a header")
		}
		seen[lower] = true
	}
}
