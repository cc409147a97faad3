package signer

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"
)

// Pass is one signature that opens everything below a prefix. It makes URLs and
// cookies by joining strings, without using the key again: for playlists,
// galleries, and keys behind a network.
//
// Every URL of a pass carries the whole pass: whoever holds one can open everything
// below the prefix. A Pass never changes, and is safe for concurrent use.
type Pass struct {
	prefix  wireURL
	first   string // CloudFront's parameters, after a ?
	further string // the same, after an &
	cookies signedCookies
	expires time.Time
	now     func() time.Time

	forwarding *forwarding

	record func(ctx context.Context) error // calls OnGrant; nil without it
}

// OpenAll returns a Pass that opens every URL that starts with prefix, with any query.
// The prefix is a URL without a query that ends in a slash, so that a pass for users/1/
// does not open users/10/; anything else is an error. p.Resource must be empty. Escape
// text from users with EscapeSegment before it becomes a part of the prefix:
//
//	pass, err := s.OpenAll(ctx, "https://d111111abcdef8.cloudfront.net/albums/7/", signer.Policy{TTL: time.Hour})
//	signed, err := pass.URL("https://d111111abcdef8.cloudfront.net/albums/7/rt.png")
func (s *Signer) OpenAll(ctx context.Context, prefix string, p Policy) (*Pass, error) {
	if p.Resource != "" {
		return nil, errors.New("pass: Policy.Resource is set: the prefix says what the pass opens")
	}
	u, err := parseURL(prefix)
	switch {
	case err != nil:
		return nil, fmt.Errorf("pass: %w", err)
	case u.query > 0:
		return nil, errors.New("pass: the prefix has a query: give a URL that ends in a slash")
	case u.hasStar:
		return nil, errors.New("pass: the prefix has a *: it opens everything below it by itself; write %2A for the character")
	case !strings.HasSuffix(prefix, "/"):
		fix := "write a slash at its end"
		if FormName.matches(prefix) {
			fix = "write " + prefix + "/"
		}
		return nil, errors.New("pass: the prefix does not end in a slash, so it would open its neighbours too: " + fix)
	}
	m, now, err := s.use(ctx)
	if err != nil {
		return nil, err
	}
	if p.Window > 0 && !m.repeats {
		return nil, errors.New("pass: Window without signatures that repeat: set Options.Deterministic (Memoize remembers URLs, not passes), or keep the Pass")
	}
	st, err := p.statement(prefix+"*", now, m)
	if err != nil {
		return nil, err
	}
	w := scratches.Get().(*scratch)
	defer scratches.Put(w)
	signature, err := m.signStatement(ctx, w, &st)
	if err != nil {
		return nil, err
	}
	var record func(context.Context) error
	if m.onGrant != nil {
		if err := m.granted(ctx, GrantPass, now, st, false); err != nil {
			return nil, err
		}
		record = func(ctx context.Context) error { return m.granted(ctx, GrantPass, s.now(), st, false) }
	}

	c := signedCookies{
		policy: cloudFront.EncodeToString(w.policy), signature: cloudFront.EncodeToString(signature),
		keyPairID: m.keyPairID, hash: m.hash,
	}
	w.text = m.appendParams(append(w.text[:0], "?Policy="+c.policy...), signature)
	first := string(w.text)
	return &Pass{prefix: u, first: first, further: "&" + first[1:], cookies: c, expires: st.Expires, now: s.now, forwarding: m.forwarding, record: record}, nil
}

// GiveAgain calls Options.OnGrant for one more viewer of the pass: the subject that
// WithSubject put into ctx. OpenAll has called OnGrant for the first viewer. A program
// that keeps a pass for several viewers calls GiveAgain before it gives a further one a
// URL or cookies. If GiveAgain returns an error, because OnGrant failed or the pass has
// expired, the viewer must get nothing.
func (p *Pass) GiveAgain(ctx context.Context) error {
	if err := p.alive(); err != nil {
		return err
	}
	if p.record == nil {
		return nil
	}
	return p.record(ctx)
}

// Prefix returns the URL below which the pass opens everything.
func (p *Pass) Prefix() string { return p.prefix.raw }

// Expires returns when the pass expires.
func (p *Pass) Expires() time.Time { return p.expires }

// Covers reports whether the pass opens a URL. It ignores the pass's expiry.
func (p *Pass) Covers(rawURL string) bool {
	_, err := p.parse(rawURL)
	return err == nil
}

// parse checks a URL below the prefix. OpenAll checked the prefix, so parse checks
// only what follows it.
func (p *Pass) parse(rawURL string) (wireURL, error) {
	if p.prefix.raw == "" {
		return wireURL{}, errZeroPass
	}
	if !strings.HasPrefix(rawURL, p.prefix.raw) {
		if err := CheckURL(rawURL); err != nil {
			return wireURL{}, err
		}
		return wireURL{}, &CoverageError{Resource: p.prefix.raw + "*", URL: rawURL}
	}
	u := p.prefix
	u.raw = rawURL
	return u, u.parseTarget(len(p.prefix.raw))
}

// URL appends the pass to rawURL, which must be a URL below the prefix. It refuses
// a URL outside the prefix, a URL that some client would rewrite, and, after the
// pass has expired, any URL.
func (p *Pass) URL(rawURL string) (string, error) {
	u, err := p.parse(rawURL)
	if err != nil {
		return "", err
	}
	if err := p.alive(); err != nil {
		return "", err
	}
	if err := p.forwarding.check(&u); err != nil {
		return "", err
	}
	params := p.first
	if u.query > 0 {
		params = p.further
	}
	if n := len(u.target()) + len(params); n > MaxURLLength {
		return "", tooLong(n)
	}
	return rawURL + params, nil
}

// Object returns the URL, with the pass, of an object below the prefix by its S3
// key: ObjectURL on the prefix's host, then URL.
func (p *Pass) Object(objectKey string) (string, error) {
	if p.prefix.raw == "" {
		return "", errZeroPass
	}
	rawURL, err := ObjectURL(p.prefix.raw[:p.prefix.path], objectKey)
	if err != nil {
		return "", err
	}
	return p.URL(rawURL)
}

// Query returns the parameters of the pass without a leading ? or &, for programs
// that build their own URLs, such as the request filter of a player. After a ? they
// open each URL below the prefix that has no query, and after an & each one that
// has a query. They open nothing else: append them to no other URL, because whoever
// gets them can open everything below the prefix.
func (p *Pass) Query() (string, error) {
	if err := p.alive(); err != nil {
		return "", err
	}
	return p.first[1:], nil
}

// Cookies returns the cookies that open everything below the prefix.
func (p *Pass) Cookies(o CookieOptions) ([]*http.Cookie, error) {
	if err := p.alive(); err != nil {
		return nil, err
	}
	template, err := o.template(p.prefix.raw + "*")
	if err != nil {
		return nil, fmt.Errorf("cookies: %w", err)
	}
	return p.cookies.cookies(template)
}

// ClearCookies returns cookies that remove, in a browser, the cookies that Cookies
// set with the same options. It also works after the pass has expired.
func (p *Pass) ClearCookies(o CookieOptions) ([]*http.Cookie, error) {
	return ClearCookies(p.Prefix()+"*", o)
}

func (p *Pass) alive() error {
	if p.now == nil {
		return errZeroPass
	}
	if now := p.now(); !now.Before(p.expires) {
		return fmt.Errorf("pass: %w at %s: sign a new one", ErrExpired, stamp(p.expires))
	}
	return nil
}

var errZeroPass = errors.New("pass: the zero Pass opens nothing: make one with Signer.OpenAll")

// ErrExpired is wrapped by the errors of a Pass that has expired.
var ErrExpired = errors.New("expired")
