package template

import (
	"fmt"
	"net/textproto"
	"strings"

	"github.com/signedfront/signedfront/signer"
	"github.com/signedfront/signedfront/signer/edge/internal/redact"
	"github.com/signedfront/signedfront/signer/edge/model"
)

// managedHeaders are the managed policies that the edge supports, by id:
// https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/using-managed-response-headers-policies.html
var managedHeaders = map[string]*model.HeadersPolicy{
	// SecurityHeadersPolicy
	"67f7725c-6f97-4210-82d7-5512b31e9d03": {Add: []model.Header{
		{Name: "Referrer-Policy", Value: "strict-origin-when-cross-origin"},
		{Name: "Strict-Transport-Security", Value: "max-age=31536000"},
		{Name: "X-Content-Type-Options", Value: "nosniff", Override: true},
		{Name: "X-Frame-Options", Value: "SAMEORIGIN"},
		{Name: "X-Xss-Protection", Value: "1; mode=block"},
	}},
}

// readHeadersPolicy reads the policy that a cache behavior names. It returns nil if
// the behavior names none.
func (r *resolver) readHeadersPolicy(reference property) *model.HeadersPolicy {
	name := reference.text()
	if name == "" {
		return nil
	}
	if managed, ok := managedHeaders[name]; ok {
		return managed
	}
	properties, ok := r.resource(name, "AWS::CloudFront::ResponseHeadersPolicy")
	if !ok {
		reference.wrong("the local edge does not know the response headers policy %s: define the policy in the template, or use the managed SecurityHeadersPolicy", redact.Quote(name))
		return nil
	}
	config := properties.get("ResponseHeadersPolicyConfig")

	policy := &model.HeadersPolicy{CORS: readCORSPolicy(config.get("CorsConfig"))}
	for _, item := range config.get("RemoveHeadersConfig").get("Items").array() {
		policy.Remove = append(policy.Remove, item.get("Header").text())
	}
	add := func(p property, name, value string) {
		if p.exists() {
			checkHeader(p, name, value)
			policy.Add = append(policy.Add, model.Header{Name: textproto.CanonicalMIMEHeaderKey(name), Value: value, Override: p.get("Override").flag()})
		}
	}
	security := config.get("SecurityHeadersConfig")
	p := security.get("ContentSecurityPolicy")
	add(p, "Content-Security-Policy", p.get("ContentSecurityPolicy").text())
	p = security.get("ContentTypeOptions")
	add(p, "X-Content-Type-Options", "nosniff")
	p = security.get("FrameOptions")
	add(p, "X-Frame-Options", readWord(p.get("FrameOption")))
	p = security.get("ReferrerPolicy")
	add(p, "Referrer-Policy", readWord(p.get("ReferrerPolicy")))
	p = security.get("StrictTransportSecurity")
	add(p, "Strict-Transport-Security", strictTransport(p))
	p = security.get("XSSProtection")
	add(p, "X-XSS-Protection", xssProtection(p))
	for _, item := range config.get("CustomHeadersConfig").get("Items").array() {
		add(item, item.get("Header").text(), item.get("Value").text())
	}
	return policy
}

func readCORSPolicy(p property) *model.CORSPolicy {
	if !p.exists() {
		return nil
	}
	items := func(name string) []string { return p.get(name).get("Items").texts() }
	for _, list := range []string{"AccessControlAllowMethods", "AccessControlAllowHeaders", "AccessControlExposeHeaders"} {
		for _, name := range p.get(list).get("Items").list() {
			checkHeader(name, name.text(), "")
		}
	}
	checkSeconds(p.get("AccessControlMaxAgeSec"))
	return &model.CORSPolicy{
		Origins:        items("AccessControlAllowOrigins"),
		Methods:        items("AccessControlAllowMethods"),
		Headers:        items("AccessControlAllowHeaders"),
		ExposedHeaders: items("AccessControlExposeHeaders"),
		Credentials:    p.get("AccessControlAllowCredentials").flag(),
		MaxAge:         p.get("AccessControlMaxAgeSec").text(),
		Override:       p.get("OriginOverride").flag(),
	}
}

// checkHeader reports a name or value that no header can have. This keeps out a
// private key pasted by mistake.
func checkHeader(p property, name, value string) {
	if !redact.IsHeaderName(name) {
		p.wrong("%s: want the name of a header", redact.Quote(name))
	}
	if strings.ContainsFunc(value, func(c rune) bool { return c < ' ' && c != '\t' || c == 0x7f }) || redact.HoldsPrivateKey("", []byte(value)) {
		p.wrong("%s: want the value of a header: one line, and no private key", signer.Describe(value, signer.FormWord))
	}
}

// checkSeconds reports a value that is not a number of seconds.
func checkSeconds(p property) {
	if s := p.text(); strings.Trim(s, "0123456789") != "" || len(s) > 10 {
		p.wrong("%s: want whole seconds", redact.Quote(s))
	}
}

// readWord reads a value that is one word.
func readWord(p property) string {
	if s := p.text(); s != "" && (!redact.IsHeaderName(s) || !redact.IsPlain(s)) {
		p.wrong("%s: want one word", redact.Quote(s))
	}
	return p.text()
}

func strictTransport(p property) string {
	seconds := p.get("AccessControlMaxAgeSec")
	checkSeconds(seconds)
	value := "max-age=" + seconds.text()
	if p.get("IncludeSubdomains").flag() {
		value += "; includeSubDomains"
	}
	if p.get("Preload").flag() {
		value += "; preload"
	}
	return value
}

func xssProtection(p property) string {
	if !p.get("Protection").flag() {
		return "0"
	}
	value := "1"
	if p.get("ModeBlock").flag() {
		value += "; mode=block"
	}
	if report := p.get("ReportUri").text(); report != "" {
		value += fmt.Sprintf("; report=%s", report)
	}
	return value
}
