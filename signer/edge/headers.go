package edge

import (
	"fmt"
	"net/http"
	"net/textproto"
	"strings"

	"github.com/signedfront/signedfront/signer"
)

// headersPolicy is a response headers policy: what CloudFront adds to, and
// takes from, the answers of the origin.
// https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/understanding-response-headers-policies.html
type headersPolicy struct {
	remove []string
	cors   *corsPolicy
	add    []addedHeader
}

type addedHeader struct {
	name, value string
	override    bool // replace what the origin sent, instead of yielding to it
}

// managedHeaders are the managed policies that the edge knows, by id:
// https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/using-managed-response-headers-policies.html
var managedHeaders = map[string]*headersPolicy{
	// SecurityHeadersPolicy
	"67f7725c-6f97-4210-82d7-5512b31e9d03": {add: []addedHeader{
		{"Referrer-Policy", "strict-origin-when-cross-origin", false},
		{"Strict-Transport-Security", "max-age=31536000", false},
		{"X-Content-Type-Options", "nosniff", true},
		{"X-Frame-Options", "SAMEORIGIN", false},
		{"X-Xss-Protection", "1; mode=block", false},
	}},
}

// apply changes the headers of an answer from the origin.
func (p *headersPolicy) apply(h http.Header, r *http.Request) {
	if p == nil {
		return
	}
	for _, name := range p.remove {
		h.Del(name)
	}
	p.cors.apply(h, r)
	for _, added := range p.add {
		if added.override || h.Get(added.name) == "" {
			h.Set(added.name, added.value)
		}
	}
}

// readHeadersPolicy reads the policy that a cache behavior names, nil if it
// names none.
func (r *resolver) readHeadersPolicy(reference property) *headersPolicy {
	name := reference.text()
	if name == "" {
		return nil
	}
	if managed, ok := managedHeaders[name]; ok {
		return managed
	}
	properties, ok := r.resource(name, "AWS::CloudFront::ResponseHeadersPolicy")
	if !ok {
		reference.wrong("the local edge does not know the response headers policy %s: put one into the template, or use the managed SecurityHeadersPolicy", shown(name))
		return nil
	}
	config := properties.get("ResponseHeadersPolicyConfig")

	policy := &headersPolicy{cors: readCORSPolicy(config.get("CorsConfig"))}
	for _, item := range config.get("RemoveHeadersConfig").get("Items").array() {
		policy.remove = append(policy.remove, item.get("Header").text())
	}
	add := func(p property, name, value string) {
		if p.exists() {
			checkHeader(p, name, value)
			policy.add = append(policy.add, addedHeader{textproto.CanonicalMIMEHeaderKey(name), value, p.get("Override").flag()})
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

// checkHeader refuses what no header can be or hold. A private key is among it,
// by whatever mistake it came there.
func checkHeader(p property, name, value string) {
	if !isToken(name) || mayBeKey(name) {
		p.wrong("%s: want the name of a header", shown(name))
	}
	if strings.ContainsFunc(value, func(c rune) bool { return c < ' ' && c != '\t' || c == 0x7f }) || holdsPrivateKey("", []byte(value)) {
		p.wrong("%s: want the value of a header: one line, and no private key", signer.Describe(value, signer.FormWord))
	}
}

// readWord reads one of the words that a header has.
func readWord(p property) string {
	if s := p.text(); s != "" && (!isToken(s) || !isPlain(s)) {
		p.wrong("%s: want one of the header's words", shown(s))
	}
	return p.text()
}

// isToken reports whether a text is a token of HTTP.
// https://www.rfc-editor.org/rfc/rfc9110.html#section-5.6.2
func isToken(s string) bool {
	return s != "" && !strings.ContainsFunc(s, func(c rune) bool {
		return c <= ' ' || c >= 0x7f || strings.ContainsRune(`"(),/:;<=>?@[\]{}`, c)
	})
}

func strictTransport(p property) string {
	value := "max-age=" + p.get("AccessControlMaxAgeSec").text()
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
