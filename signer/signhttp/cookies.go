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

// CookiesOptions are what Cookies may be told. Authorize must be set; the zero
// value of every other is its default.
type CookiesOptions struct {
	// Authorize says below which prefix a request's viewer may read. The zero
	// Grant means nowhere: the request goes on, without cookies.
	Authorize Authorize

	// BaseURL is where the content is served, such as
	// https://cdn.example.com. Empty means the base URL of the signer's
	// deployment, as it is at the time of a request; in an outage of the
	// signer's source, as it was last.
	BaseURL string

	// Policy is for grants that have none of their own. The zero Policy means
	// a TTL of one hour. Cookies last for half of that at the least, see
	// Cookies. With an Expires that is new each time every request is signed
	// for: set TTL.
	Policy signer.Policy

	// Cookies are the attributes of the cookies. Set Domain, unless the
	// application has the content's own host. AppHost, if it is set, is checked
	// at once, and the Host header of requests is not looked at.
	Cookies signer.CookieOptions

	// OnError is told of errors that the client is not told. It is called
	// concurrently. Nil means slog.Default.
	OnError func(r *http.Request, err error)

	// Now is the clock by which signatures are renewed, that of the signer;
	// nil means time.Now.
	Now func() time.Time
}

const cookiesTTL = time.Hour

// Cookies returns a middleware that sets the signed cookies for what Authorize
// grants, and passes the request on. A request that Authorize refuses, or whose
// cookies cannot be signed, is answered here.
//
// Not every request is signed for. All viewers who are granted the same prefix
// with the same policy share a signature, until a quarter of its life is over.
// Then it is renewed; where that fails it is used on until half of its life is
// over, and the requests behind that fail. A request that brings exactly the
// cookies that it would be given, which browsers send only where Path and
// Domain cover the application too, is passed on without: so there cookies are
// set anew a few times an hour. Nothing of this trusts a cookie: one that was
// tampered with is replaced.
//
// The page of a request that is granted something is kept out of every cache:
// wrap the pages that need the cookies, and not the style sheets that everyone
// shares.
//
// Browsers carry cookies to the content only from its own host or under a Domain
// that covers both. Without Cookies.AppHost the Host header of each request that
// is given cookies is looked at; where it does not fit, OnError is told with a
// *signer.CookieHostError, once for each Fix. The cookies are set all the same,
// since a proxy may have changed the header.
//
// Up to 2,048 signatures are held. The middleware panics if it is given a nil
// handler.
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
	lastBase   atomic.Pointer[string] // the base URL as last told; nil before

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
	set, err := c.cookies(r.Context(), grant)
	if err != nil {
		c.report(r, err)
	}
	switch {
	case set == nil:
		refuse(w, http.StatusServiceUnavailable)
	case set.sentBy(r):
		(&privateWriter{ResponseWriter: w}).serve(next, r)
	default:
		c.checkHost(r, set)
		(&privateWriter{ResponseWriter: w, cookies: set.lines, noReferrer: true}).serve(next, r)
	}
}

// maxToldHosts bounds what checkHost remembers: the fixes name the content's host
// and its parents alone, so there are a few for each base URL.
const maxToldHosts = 32

// checkHost reports, once for each fix, that no browser carries the cookies from
// the host that was asked to the content's. It changes nothing of the answer: the
// Host header is the client's, and a proxy may have changed it.
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

// cookies are those for a grant. With an error they may come from an earlier
// signature, or be nil.
func (c *cookieSetter) cookies(ctx context.Context, grant Grant) (*cookieSet, error) {
	if grant.Download != nil {
		return nil, errDownload
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
				return nil, err
			}
			var renew bool
			if usable, renew = c.sets.get(id, now); !renew {
				return usable, nil
			}
		}
		// Only a new signature is worth waiting for the deployment, which may
		// have another base URL by now.
		current, err := c.baseURL(ctx)
		if err != nil {
			c.sets.failed(usable)
			return usable, fmt.Errorf("the base URL: %w", err)
		}
		if current != base {
			c.sets.failed(usable)
			base = current
			c.lastBase.Store(&current)
			continue
		}
		fresh, err := c.sign(ctx, id, now)
		if err != nil {
			c.sets.failed(usable)
			return usable, fmt.Errorf("signing cookies: %w", err)
		}
		return c.sets.put(id, fresh, now), nil
	}
}

// baseAtHand is the base URL without waiting for the deployment: as last told
// where it cannot be told now, empty where it never was.
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

// prefix is the URL below which a key opens everything.
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
	set := &cookieSet{resource: id.prefix + "*", cookies: cookies, renew: now.Add(life / 4), end: now.Add(life / 2)}
	for _, cookie := range cookies {
		line := cookie.String()
		if line == "" {
			return nil, errors.New("net/http does not write the cookie " + cookie.Name)
		}
		set.lines = append(set.lines, line)
	}
	return set, nil
}
