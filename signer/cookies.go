package signer

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// CookieOptions are the attributes of signed cookies. The zero value makes session
// cookies that are Secure, HttpOnly and only for the host that sets them, as AWS
// recommends:
// https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/private-content-signed-cookies.html
type CookieOptions struct {
	// Domain is the parent domain that the application's host and the content's
	// host share, such as example.com for app.example.com and cdn.example.com: a
	// subdomain cannot set a cookie for its sibling. Empty means that the content's
	// host sets its cookies itself. Domain must cover the resource's host. Browsers
	// also refuse public suffixes, such as co.uk; Cookies does not know that list.
	Domain string

	// AppHost is the host that sets the cookies, such as app.example.com. If it is
	// set, Cookies checks that browsers accept the cookies from that host.
	AppHost string

	// Path is the path below which the browser sends the cookies. Empty means the
	// part of the resource's path before its first wildcard, up to a slash.
	Path string

	// SameSite is the SameSite attribute. A player on another site than the
	// content's needs http.SameSiteNoneMode. Zero means the browser's default.
	SameSite http.SameSite

	// Partitioned keeps the cookies apart for each site that embeds the content
	// (CHIPS). Browsers that block third-party cookies need it.
	Partitioned bool

	// MaxAge is how long the browser keeps the cookies; 0 makes session cookies. It
	// does not change when the signature expires.
	MaxAge time.Duration

	// Insecure omits Secure, for plain HTTP on a developer's machine.
	Insecure bool

	// Readable omits HttpOnly, so that scripts can read the cookies.
	Readable bool
}

const cookiePrefix = "CloudFront-"

// maxCookie is the size of one cookie that browsers must keep, attributes included:
// RFC 6265, section 6.1. Four of them stay below CloudFront's limit for all
// headers, 32,768 bytes.
const maxCookie = 4096

// maxAttribute is the maximum length of a cookie's attribute: browsers ignore a
// longer one (draft-ietf-httpbis-rfc6265bis, section 5.6).
const maxAttribute = 1024

// Cookies signs a policy for resource and returns the cookies that open it. The
// resource is a URL that may have wildcards (https://cdn.example.com/albums/7/*);
// Policy.Resource must be empty. Escape text from outside, such as a user's name,
// with EscapeSegment before it becomes a part of the resource: a user called *
// would otherwise open everyone's files. To open everything below a prefix use
// OpenAll, which refuses wildcards; its Pass has cookies too.
//
// If the resource has no wildcard and the policy sets neither a start nor an
// address, the policy is canned and opens exactly that URL, query included.
// Otherwise it is custom.
//
// The result also clears the cookie of the other kind of policy, and always names
// the hash, so that these cookies never mix with those of an earlier key.
func (s *Signer) Cookies(ctx context.Context, resource string, p Policy, o CookieOptions) ([]*http.Cookie, error) {
	if p.Resource != "" {
		return nil, errors.New("cookies: Policy.Resource is set: the resource is the argument of Cookies")
	}
	if err := checkResource(resource); err != nil {
		return nil, fmt.Errorf("cookies: %w", err)
	}
	canned := p.Canned(resource) && !strings.Contains(resource, "*")
	if canned {
		// A canned policy opens one URL, so it must be one.
		if err := CheckURL(resource); err != nil {
			return nil, fmt.Errorf("cookies: %w", err)
		}
	}
	template, err := o.template(resource)
	if err != nil {
		return nil, fmt.Errorf("cookies: %w", err)
	}
	m, now, err := s.use(ctx)
	if err != nil {
		return nil, err
	}
	st, err := p.statement(resource, now, m)
	if err != nil {
		return nil, err
	}
	w := scratches.Get().(*scratch)
	defer scratches.Put(w)
	signature, err := m.signStatement(ctx, w, &st)
	if err != nil {
		return nil, err
	}
	c := signedCookies{keyPairID: m.keyPairID, hash: m.hash, signature: cloudFront.EncodeToString(signature)}
	if canned {
		c.expires = strconv.FormatInt(st.Expires.Unix(), 10)
	} else {
		c.policy = cloudFront.EncodeToString(w.policy)
	}
	cookies, err := c.cookies(template)
	if err == nil && m.onGrant != nil {
		err = m.granted(ctx, GrantCookies, now, st, canned)
	}
	if err != nil {
		return nil, err
	}
	return cookies, nil
}

// signedCookies are the values of one set of cookies.
type signedCookies struct {
	policy, expires, signature, keyPairID string
	hash                                  Hash
}

func (c signedCookies) cookies(template http.Cookie) ([]*http.Cookie, error) {
	kind, value, other := "Policy", c.policy, "Expires"
	if c.expires != "" {
		kind, value, other = "Expires", c.expires, "Policy"
	}
	hash := "SHA256"
	if c.hash == SHA1 {
		hash = "SHA1"
	}
	var cookies []*http.Cookie
	for _, pair := range [...][2]string{{kind, value}, {"Signature", c.signature}, {"Key-Pair-Id", c.keyPairID}, {"Hash-Algorithm", hash}} {
		cookie := template
		cookie.Name, cookie.Value = cookiePrefix+pair[0], pair[1]
		if n := len(cookie.String()); n > maxCookie {
			return nil, fmt.Errorf("cookies: %s is %d bytes long, but browsers keep at most %d: use a shorter resource", cookie.Name, n, maxCookie)
		}
		cookies = append(cookies, &cookie)
	}
	return append(cookies, clearing(template, other)), nil
}

// ClearCookies returns cookies that remove, in a browser, the cookies that Cookies
// set for the same resource and options.
func ClearCookies(resource string, o CookieOptions) ([]*http.Cookie, error) {
	if err := checkResource(resource); err != nil {
		return nil, fmt.Errorf("cookies: %w", err)
	}
	template, err := o.template(resource)
	if err != nil {
		return nil, fmt.Errorf("cookies: %w", err)
	}
	var cookies []*http.Cookie
	for _, name := range [...]string{"Policy", "Expires", "Signature", "Key-Pair-Id", "Hash-Algorithm"} {
		cookies = append(cookies, clearing(template, name))
	}
	return cookies, nil
}

func clearing(template http.Cookie, name string) *http.Cookie {
	template.Name, template.Value, template.MaxAge = cookiePrefix+name, "", -1
	return &template
}

// template returns a cookie with all attributes, but without name and value.
func (o *CookieOptions) template(resource string) (http.Cookie, error) {
	c := http.Cookie{
		Path: o.Path, SameSite: o.SameSite, Partitioned: o.Partitioned,
		Secure: !o.Insecure, HttpOnly: !o.Readable,
	}
	switch {
	case o.Insecure && o.SameSite == http.SameSiteNoneMode:
		return c, errors.New("SameSite=None without Secure: browsers drop such cookies: leave Insecure out")
	case o.Insecure && o.Partitioned:
		return c, errors.New("Partitioned without Secure: browsers drop such cookies: leave Insecure out")
	case o.MaxAge < 0 || o.MaxAge > 0 && o.MaxAge < time.Second:
		return c, fmt.Errorf("MaxAge is %s: set a second or more, or 0 for session cookies", o.MaxAge)
	}
	c.MaxAge = int(o.MaxAge / time.Second)

	host, path := splitResource(resource)
	if c.Path == "" {
		c.Path = cookiePath(path)
	}
	if c.Path[0] != '/' || strings.ContainsAny(c.Path, ";*?") {
		return c, fmt.Errorf("path: %s must start with a slash and hold no wildcard, ; or query: a cookie's path is a literal prefix", Describe(c.Path, FormName))
	}
	if len(c.Path) > maxAttribute {
		return c, fmt.Errorf("path: %d bytes long, browsers ignore attributes longer than %d: set a shorter Path", len(c.Path), maxAttribute)
	}
	for i := range len(c.Path) {
		if c.Path[i] <= ' ' || c.Path[i] >= 0x7f {
			return c, fmt.Errorf("path: byte %d must be escaped, as in a URL", i)
		}
	}
	domain, err := cookieDomain(o.Domain, o.AppHost, host)
	c.Domain = domain
	return c, err
}

// splitResource returns the host, without its port, and the path of a checked
// resource.
func splitResource(resource string) (host, path string) {
	_, rest, _ := strings.Cut(resource, "://")
	host, path, _ = strings.Cut(rest, "/")
	host, _, _ = strings.Cut(host, ":")
	return host, "/" + path
}

// cookiePath returns the longest cookie path that a browser matches to everything
// the resource may open. CloudFront's wildcards mean nothing in a cookie's path:
// RFC 6265, section 5.1.4.
func cookiePath(path string) string {
	path, _, hasQuery := strings.Cut(path, "?")
	wildcard := strings.IndexByte(path, '*')
	if wildcard < 0 && hasQuery {
		// The ? may be a wildcard too.
		wildcard = len(path)
	}
	if wildcard < 0 && !strings.Contains(path, ";") {
		return path
	}
	if wildcard >= 0 {
		path = path[:wildcard]
	}
	path, _, _ = strings.Cut(path, ";")
	return path[:strings.LastIndexByte(path, '/')+1]
}
