package config

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"time"
)

// ResponseHeaders are headers that CloudFront adds to its answers. Each replaces a
// header of the same name from the bucket. X-Content-Type-Options: nosniff is always
// added.
type ResponseHeaders struct {
	// ContentSecurityPolicy is the header Content-Security-Policy. Many policies
	// stop browsers from showing a PDF.
	//
	// Default: none.
	ContentSecurityPolicy string `json:"contentSecurityPolicy"`

	// FrameOptions is the header X-Frame-Options: DENY or SAMEORIGIN. Both stop
	// other sites from showing PDFs and pages in a frame.
	//
	// Default: none.
	FrameOptions FrameOptions `json:"frameOptions"`

	// ReferrerPolicy is the header Referrer-Policy: no-referrer, same-origin, origin,
	// strict-origin, origin-when-cross-origin or strict-origin-when-cross-origin. A
	// signed URL is a credential: each of these values hides its path and query from
	// other sites. With no-referrer, they do not learn its host either, and pages of the
	// content's own host get no referrer.
	//
	// Default: no-referrer.
	ReferrerPolicy ReferrerPolicy `json:"referrerPolicy"`

	// StrictTransportSecurity is how long browsers use HTTPS only: a whole number of
	// seconds.
	//
	// Default: 365 days.
	StrictTransportSecurity time.Duration `json:"strictTransportSecurity"`

	// IncludeSubdomains extends StrictTransportSecurity to subdomains.
	//
	// Default: false.
	IncludeSubdomains bool `json:"includeSubdomains"`

	// Custom are other headers by name, such as X-Robots-Tag,
	// Cross-Origin-Resource-Policy or Content-Security-Policy-Report-Only: at most
	// 10, each with a value of 1 to 1783 characters. A header that has a setting of
	// its own, here or in CORS, and a header that CloudFront reserves are errors.
	//
	// Default: none.
	Custom map[string]string `json:"custom"`
}

func (h ResponseHeaders) withDefaults() ResponseHeaders {
	if h.ReferrerPolicy == "" {
		h.ReferrerPolicy = ReferrerPolicyNoReferrer
	}
	if h.StrictTransportSecurity == 0 {
		h.StrictTransportSecurity = 365 * day
	}
	return h
}

// FrameOptions is a value of the header X-Frame-Options.
type FrameOptions string

const (
	// FrameOptionsDeny keeps all pages from showing the content in a frame.
	FrameOptionsDeny FrameOptions = "DENY"

	// FrameOptionsSameOrigin keeps pages of other origins from showing the
	// content in a frame.
	FrameOptionsSameOrigin FrameOptions = "SAMEORIGIN"
)

func (FrameOptions) words() []string {
	return []string{string(FrameOptionsDeny), string(FrameOptionsSameOrigin)}
}

// ReferrerPolicy is a value of the header Referrer-Policy that hides the path and
// the query of signed URLs from other sites.
type ReferrerPolicy string

const (
	ReferrerPolicyNoReferrer                  ReferrerPolicy = "no-referrer"
	ReferrerPolicySameOrigin                  ReferrerPolicy = "same-origin"
	ReferrerPolicyOrigin                      ReferrerPolicy = "origin"
	ReferrerPolicyStrictOrigin                ReferrerPolicy = "strict-origin"
	ReferrerPolicyOriginWhenCrossOrigin       ReferrerPolicy = "origin-when-cross-origin"
	ReferrerPolicyStrictOriginWhenCrossOrigin ReferrerPolicy = "strict-origin-when-cross-origin"
)

func (ReferrerPolicy) words() []string {
	return []string{string(ReferrerPolicyNoReferrer), string(ReferrerPolicySameOrigin), string(ReferrerPolicyOrigin), string(ReferrerPolicyStrictOrigin), string(ReferrerPolicyOriginWhenCrossOrigin), string(ReferrerPolicyStrictOriginWhenCrossOrigin)}
}

// Quotas of CloudFront on the headers that it adds:
// https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/cloudfront-limits.html
const (
	maxCustomHeaders     = 10
	maxHeaderName        = 256
	maxHeaderValue       = 1783
	maxCustomHeadersText = 10240 // names and values together
)

func (h ResponseHeaders) check(at node) {
	if h.ContentSecurityPolicy != "" {
		checkHeaderValue(at.field("ContentSecurityPolicy"), h.ContentSecurityPolicy, "leave it out, or write a policy such as "+examples["contentSecurityPolicy"])
	}
	if h.FrameOptions != "" {
		at.field("FrameOptions").word(string(h.FrameOptions), h.FrameOptions.words())
	}
	at.field("ReferrerPolicy").word(string(h.ReferrerPolicy), h.ReferrerPolicy.words())
	at.field("StrictTransportSecurity").duration(h.StrictTransportSecurity, time.Second, "")
	h.checkCustom(at.field("Custom"))
}

// checkHeaderValue checks the value of a header, which every viewer receives.
// EmptyFix is the fix for an empty value.
func checkHeaderValue(at node, value, emptyFix string) {
	switch {
	case isToken(value):
	case isPrivateKey(value):
		at.wrong("a private key", "remove it, make a new key pair if others could read it, and write what every viewer may read")
	case strings.ContainsFunc(value, func(r rune) bool { return r < ' ' || r > '~' }):
		at.wrong("a character that a header cannot hold", "write printable ASCII on one line")
	case strings.TrimSpace(value) == "":
		at.wrong("only spaces", emptyFix)
	case len(value) > maxHeaderValue:
		at.tooLong(len(value), maxHeaderValue)
	}
}

// checkCustom reports custom headers that CloudFront would refuse.
func (h ResponseHeaders) checkCustom(at node) {
	if n := len(h.Custom); n > maxCustomHeaders {
		at.wrong(fmt.Sprintf("%d headers", n), fmt.Sprintf("write %d at most, the quota of a response headers policy", maxCustomHeaders))
	}
	size := 0
	seen := map[string]string{}
	for _, name := range slices.Sorted(maps.Keys(h.Custom)) {
		at, lower, value := at.member(name), strings.ToLower(name), h.Custom[name]
		switch setting := settingsOfHeaders[lower]; {
		case len(name) > maxHeaderName:
			at.tooLong(len(name), maxHeaderName)
		case !headerName.MatchString(name):
			at.wrong("the name "+quote(name), `write the name of a header, such as "X-Robots-Tag"`)
		case seen[lower] != "":
			at.wrong("a name that differs from "+quote(seen[lower])+" in letter case alone", "write one of the two: they are one header")
		case setting != "":
			at.wrong("a header with a setting of its own", fmt.Sprintf("set it with %s: CloudFront refuses it as a custom header", at.name(setting)))
		case lower == "x-content-type-options":
			at.wrong("a header that is always sent", "leave it out: its value is nosniff")
		case lower == "x-xss-protection":
			at.wrong("a header that browsers no longer read", "leave it out: CloudFront refuses it as a custom header")
		case lower == "set-cookie":
			at.wrong("one cookie that all viewers would share", "leave it out, and set cookies in your own program")
		case reservedHeader.MatchString(lower):
			at.wrong("a header that CloudFront reserves", "leave it out, or choose another name")
		}
		switch trimmed := strings.Trim(value, " "); {
		case value == "":
			at.wrong("an empty value", "write a value, or leave the header out")
		case trimmed != value && trimmed != "" && !isToken(value) && !isPrivateKey(value):
			at.wrong("a value with spaces around it", "remove them: they are not part of a header's value")
		default:
			checkHeaderValue(at, value, "write a value, or leave the header out")
		}
		size += len(name) + len(value)
		seen[lower] = name
	}
	if size > maxCustomHeadersText {
		at.wrong(fmt.Sprintf("%d characters in names and values", size), fmt.Sprintf("write at most %d", maxCustomHeadersText))
	}
}

// settingsOfHeaders are the fields that set headers with a section of their own in
// a response headers policy. CloudFront refuses these as custom headers:
// "... is a security header and cannot be set as custom header".
// https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/understanding-response-headers-policies.html
var settingsOfHeaders = map[string]string{
	"content-security-policy":   "ContentSecurityPolicy",
	"referrer-policy":           "ReferrerPolicy",
	"strict-transport-security": "StrictTransportSecurity",
	"x-frame-options":           "FrameOptions",

	"access-control-allow-credentials": "CORS",
	"access-control-allow-headers":     "CORS",
	"access-control-allow-methods":     "CORS",
	"access-control-allow-origin":      "CORS",
	"access-control-expose-headers":    "CORS",
	"access-control-max-age":           "CORS",
}

// reservedHeader matches, in lower case, the headers that a response headers policy
// may not remove, all other headers that start with X-Amz- or X-Amzn-, and
// Server-Timing, which CloudFront writes itself. AWS does not document which headers
// a policy may not add.
// https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/understanding-response-headers-policies.html#remove-headers-disallowed
var reservedHeader = regexp.MustCompile(`^(connection|content-encoding|content-length|expect|host|keep-alive|` +
	`proxy-authenticate|proxy-authorization|proxy-connection|server-timing|trailer|transfer-encoding|upgrade|via|warning|` +
	`x-accel-(buffering|charset|limit-rate|redirect)|x-amz-.*|x-amzn-.*|x-cache|x-edge-.*|x-forwarded-proto|x-real-ip)$`)
