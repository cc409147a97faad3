package signhttp

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/signedfront/signedfront/signer"
)

// CookiesOptions configures Cookies. Authorize must be set; the zero value of every
// other field is its default.
type CookiesOptions struct {
	// Authorize returns the prefix below which the viewer may read. The zero Grant
	// means none: the request is passed on without cookies.
	Authorize Authorize

	// BaseURL is the scheme and host that serve the content, such as
	// https://cdn.example.com. Empty means the base URL of the signer's deployment
	// at the time of a request, or the last known one during an outage of the
	// signer's source.
	BaseURL string

	// Policy is the policy of grants without their own. The zero Policy means a TTL
	// of one hour. Cookies are valid for at least half of that, see Cookies. With
	// an Expires that is new each time, every request needs a signature: set TTL
	// instead.
	Policy signer.Policy

	// Cookies are the attributes of the cookies. Set Domain, unless the application
	// is on the content's own host. If AppHost is set, it is checked at once, and
	// the Host header of requests is ignored.
	Cookies signer.CookieOptions

	// OnError is called with errors that are not sent to the client, such as that of a
	// failed signature, possibly concurrently. Nil logs them with slog.Default.
	OnError func(r *http.Request, err error)

	// Now is the signer's clock, for renewing signatures; nil means time.Now.
	Now func() time.Time
}

const cookiesTTL = time.Hour

// Cookies returns a middleware that sets the signed cookies for what Authorize
// grants, and passes the request on. If Authorize refuses a request, or its cookies
// cannot be signed (status 503), the middleware responds itself.
//
// All viewers who are granted the same prefix with the same policy share one
// signature. After a quarter of its lifetime the next request renews it. If the renewal
// fails, the old signature is used until half of its lifetime has passed; after that,
// requests fail.
//
// If a request already has exactly these cookies, none are set. Browsers send the
// cookies to the application only if Path and Domain cover it; otherwise they are set
// again with each response. Cookies are never trusted: a changed one is replaced.
//
// The signer's OnGrant is called for each viewer who is given cookies, also if the
// signature is shared. If it fails, no cookies are set and the status is 503.
//
// The response to a request that is granted something must not be cached, and says so:
// wrap the pages that need the cookies, but not the style sheets that everyone shares.
//
// Browsers send cookies to the content only from its own host, or under a Domain
// that covers both hosts. Unless Cookies.AppHost is set, the middleware checks the
// Host header of each request that gets cookies. If a browser would not accept the
// cookies from that host, OnError is called with a *signer.CookieHostError, once for
// each value of its Fix. The cookies are set all the same, since a proxy may have
// changed the header.
//
// The middleware holds up to 2,048 signatures. Wrapping a nil handler panics.
func Cookies(s *signer.Signer, o CookiesOptions) (func(http.Handler) http.Handler, error) {
	g, err := newGate(s, o.Authorize, o.BaseURL, o.OnError)
	if err != nil {
		return nil, fmt.Errorf("cookie middleware: %w", err)
	}
	c := &cookieSetter{gate: g, policy: o.Policy, attributes: o.Cookies, now: o.Now}
	if base := c.baseAtHand(); base != "" {
		if _, err := signer.ClearCookies(strings.TrimSuffix(base, "/")+"/*", o.Cookies); err != nil {
			return nil, fmt.Errorf("cookie middleware: %w", err)
		}
	}
	if c.policy == (signer.Policy{}) {
		c.policy.TTL = cookiesTTL
	}
	if c.now == nil {
		c.now = time.Now
	}
	return func(next http.Handler) http.Handler {
		if next == nil {
			panic("signhttp: the cookie middleware of a nil handler")
		}
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { c.serve(w, r, next) })
	}, nil
}

type cookieSetter struct {
	gate
	policy     signer.Policy
	attributes signer.CookieOptions
	now        func() time.Time
	sets       cookieSets
	lastBase   atomic.Pointer[string] // the last known base URL, or nil

	mu       sync.Mutex
	toldHost map[string]bool // the fixes that checkHost has reported
}

func (c *cookieSetter) serve(w http.ResponseWriter, r *http.Request, next http.Handler) {
	untouched := false
	defer func() {
		if !untouched { // also after a panic of Authorize or OnError
			keepOutOfCaches(w.Header())
		}
	}()
	grant, err := c.authorize(r)
	if err != nil {
		c.deny(w, r, err)
		return
	}
	if grant.Key == "" {
		untouched = true
		next.ServeHTTP(w, r)
		return
	}
	set, fresh, err := c.cookies(r.Context(), grant)
	if err != nil {
		c.report(r, err)
	}
	switch {
	case set == nil:
		refuse(w, http.StatusServiceUnavailable)
	case set.sentBy(r):
		(&privateWriter{ResponseWriter: w}).serve(next, r)
	default:
		if !fresh {
			if err := set.pass.GiveAgain(r.Context()); err != nil {
				c.fail(w, r, http.StatusServiceUnavailable, err)
				return
			}
		}
		c.checkHost(r, set)
		(&privateWriter{ResponseWriter: w, cookies: set.lines, noReferrer: true}).serve(next, r)
	}
}

// maxToldHosts bounds toldHost. A fix names no host but the content's and its
// parents, so there are few for each base URL.
const maxToldHosts = 32

// checkHost reports, once for each fix, that browsers do not send cookies from the
// requested host to the content's host. It does not change the response: the client
// sets the Host header, and a proxy may have changed it.
func (c *cookieSetter) checkHost(r *http.Request, set *cookieSet) {
	if c.attributes.AppHost != "" || r.Host == "" {
		return
	}
	o := c.attributes
	o.AppHost = r.Host
	_, err := signer.ClearCookies(set.resource, o)
	var wrong *signer.CookieHostError
	if !errors.As(err, &wrong) {
		return
	}
	c.mu.Lock()
	told := c.toldHost[wrong.Fix] || len(c.toldHost) >= maxToldHosts
	if !told {
		if c.toldHost == nil {
			c.toldHost = map[string]bool{}
		}
		c.toldHost[wrong.Fix] = true
	}
	c.mu.Unlock()
	if !told {
		c.report(r, fmt.Errorf("%w; if a proxy changes the Host header, set Cookies.AppHost to the host that browsers ask", wrong))
	}
}

// cookies returns the cookies for a grant, and whether they were signed for this
// request, which recorded the grant. With an error they may come from an earlier
// signature, or be nil.
func (c *cookieSetter) cookies(ctx context.Context, grant Grant) (set *cookieSet, fresh bool, err error) {
	if grant.Download != nil {
		return nil, false, errDownload
	}
	if grant.Policy == (signer.Policy{}) {
		grant.Policy = c.policy
	}
	now := c.now()
	var usable *cookieSet
	base := c.baseAtHand()
	for {
		id := setID{policy: grant.Policy}
		if base != "" {
			var err error
			if id.prefix, err = prefix(base, grant.Key); err != nil {
				return nil, false, err
			}
			var renew bool
			if usable, renew = c.sets.get(id, now); !renew {
				return usable, false, nil
			}
		}
		// Wait for the deployment, which may have another base URL by now, only to
		// make a new signature.
		current, err := c.baseURL(ctx)
		if err != nil {
			c.sets.failed(usable)
			return usable, false, fmt.Errorf("the base URL: %w", err)
		}
		if current != base {
			c.sets.failed(usable)
			base = current
			c.lastBase.Store(&current)
			continue
		}
		signed, err := c.sign(ctx, id, now)
		if err != nil {
			c.sets.failed(usable)
			return usable, false, fmt.Errorf("signing cookies: %w", err)
		}
		return c.sets.put(id, signed, now), true, nil
	}
}

// baseAtHand returns the base URL without waiting for the deployment: the last
// known one if necessary, or "".
func (c *cookieSetter) baseAtHand() string {
	if base, err := c.baseNow(); err == nil {
		c.lastBase.Store(&base)
		return base
	}
	if last := c.lastBase.Load(); last != nil {
		return *last
	}
	return ""
}

// prefix returns the URL below which key opens everything.
func prefix(base, key string) (string, error) {
	if key == "/" {
		return strings.TrimSuffix(base, "/") + "/", nil
	}
	return signer.ObjectURL(base, key)
}

func (c *cookieSetter) sign(ctx context.Context, id setID, now time.Time) (*cookieSet, error) {
	pass, err := c.signer.OpenAll(ctx, id.prefix, id.policy)
	if err != nil {
		return nil, err
	}
	cookies, err := pass.Cookies(c.attributes)
	if err != nil {
		return nil, err
	}
	life := pass.Expires().Sub(now)
	set := &cookieSet{pass: pass, resource: id.prefix + "*", cookies: cookies, renew: now.Add(life / 4), end: now.Add(life / 2)}
	for _, cookie := range cookies {
		line := cookie.String()
		if line == "" {
			return nil, errors.New("net/http does not write the cookie " + cookie.Name)
		}
		set.lines = append(set.lines, line)
	}
	return set, nil
}
