package config

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// CORS lets other origins read the content. CloudFront adds the headers to what
// it serves, and S3 answers preflight requests by rules of the bucket: those of
// a new bucket are written, those of an existing one are in the output
// RequiredBucketCors.
// https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/understanding-response-headers-policies.html
//
// A preflight request has to be signed as any other. It has the signature of a
// signed URL, but browsers send no cookies with it: where signed cookies open
// the content, requests must do without, which those do that have no header of
// a script's own but a Range of one part.
//
// A refused signature is answered by CloudFront itself, without these headers:
// scripts see a network error, and no status. An error page for 403 lets them
// see one as far as CloudFront serves it then: the page's behavior and the one
// that refused both add the headers. That it does, AWS documents for errors of
// the origin alone; only a real distribution can prove it.
type CORS struct {
	// Origins are the origins that may read, such as https://app.example.com
	// or https://*.example.com. The one word * stands for all.
	Origins []string `json:"origins"`

	// Credentials lets them send cookies, as signed cookies need. Origins must
	// be listed then.
	//
	// Default: false.
	Credentials bool `json:"credentials"`

	// AllowHeaders are request headers that they may send.
	//
	// Default: Range, If-Range, If-None-Match and If-Modified-Since.
	AllowHeaders []string `json:"allowHeaders"`

	// ExposeHeaders are response headers that they may read, in addition to those that
	// are always readable.
	//
	// Default: Accept-Ranges, Content-Range and ETag.
	ExposeHeaders []string `json:"exposeHeaders"`

	// MaxAge is for how long a browser may keep the answer to a preflight
	// request, in whole seconds.
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
			at.wrong(`"*" beside other origins`, "leave the others out, or this one")
		case c.Credentials:
			at.wrong(fmt.Sprintf(`"*" with %s`, at.name("Credentials")), "list the origins: to any origin at all, browsers send no cookies")
		}
	})
	checkHeaders(at.field("AllowHeaders"), c.AllowHeaders, c.Credentials)
	checkHeaders(at.field("ExposeHeaders"), c.ExposeHeaders, c.Credentials)
	at.field("MaxAge").duration(c.MaxAge, time.Second, "")
}

var originShape = regexp.MustCompile(`^(https?)://(?:\*\.)?([a-z0-9-]+(?:\.[a-z0-9-]+)*)(?::([0-9]{1,5}))?$`)

// checkCORSOrigin checks an origin as browsers send it, with which CloudFront
// compares it, letter by letter but for a *. at its start:
// https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/understanding-response-headers-policies.html#understanding-response-headers-policies-cors
func checkCORSOrigin(at node, origin string) {
	parts := originShape.FindStringSubmatch(origin)
	if parts == nil || len(parts[2]) > maxHostName || slices.ContainsFunc(strings.Split(parts[2], "."), func(label string) bool { return !hostLabel.MatchString(label) }) {
		at.wrong(quote(origin), `write scheme and host as browsers send them, such as "https://app.example.com", "https://*.example.com" or "http://localhost:3000": in lower case, without a path`)
		return
	}
	scheme, port := parts[1], parts[3]
	if port == "" {
		return
	}
	number, _ := strconv.Atoi(port) // the shape leaves nothing that fails
	switch {
	case scheme == "http" && number == 80 || scheme == "https" && number == 443:
		at.wrong(quote(origin), fmt.Sprintf("write %s: browsers leave this port out", quotePart(strings.TrimSuffix(origin, ":"+port), origin)))
	case number < 1 || number > 65535 || port[0] == '0':
		at.wrong(quote(origin), "write a port from 1 to 65535")
	}
}

// warn tells of a header with a * and more. S3 takes it for a pattern, but what
// browsers are told is CloudFront's list as it is, in which only a * alone stands
// for others: https://developer.mozilla.org/en-US/docs/Web/HTTP/Reference/Headers/Access-Control-Allow-Headers
func (c CORS) warn(at node) {
	for i, header := range c.AllowHeaders {
		if header != "*" && strings.Contains(header, "*") && !isToken(header) {
			at.field("AllowHeaders").index(i).wrong(quote(header), "list the headers themselves: browsers take this for the name of one")
		}
	}
}

// headerName is a token of HTTP: https://www.rfc-editor.org/rfc/rfc9110#name-tokens
var headerName = regexp.MustCompile("^[!#$%&'*+.^_`|~0-9A-Za-z-]+$")

func checkHeaders(at node, headers []string, credentials bool) {
	// Left out, it has its default by now.
	if len(headers) == 0 {
		at.missing("an empty list", "leave it out, or list headers: CloudFront takes no empty list")
	}
	seen := map[string]bool{}
	for i, header := range headers {
		at, lower := at.index(i), strings.ToLower(header)
		switch {
		case isToken(header):
		case strings.Count(header, "*") > 1:
			at.wrong(quote(header)+", with several *", "list the headers, or write one *, which stands for all of them: S3 takes one in a header")
		case !headerName.MatchString(header):
			at.wrong(quote(header), `write the name of a header, such as "Range"`)
		case seen[lower]:
			at.wrong(quote(header)+", listed twice", "list it once: letter case does not count")
		case header == "*" && credentials:
			at.wrong(fmt.Sprintf(`"*" with %s`, at.name("Credentials")), "list the headers: with credentials, browsers take it for a header of that name")
		}
		seen[lower] = true
	}
}
