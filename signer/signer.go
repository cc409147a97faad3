package signer

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"time"
)

// Options configures New. The zero value of each field is its default; a nil
// *Options means all defaults.
type Options struct {
	// Hash is the hash function; SHA256 by default. SHA1, which CloudFront assumes
	// if a URL names no hash, makes URLs 22 bytes shorter.
	Hash Hash

	// Deterministic makes signatures repeatable: the same URL and expiry give the
	// same signed URL (for ECDSA as in RFC 6979). By default ECDSA signatures are
	// hedged: they differ each time, and a fault in the computation does not reveal
	// the key. With Deterministic, New refuses ECDSA keys other than Go's own,
	// which cannot do it.
	Deterministic bool

	// Memoize is how many signed URLs to remember and return again, for policies
	// with a Window; 0 means none. With it, stable URLs need no deterministic
	// signatures within one process. Half of that number are never forgotten while
	// they are requested in turn. Concurrent calls for one URL share one signature.
	Memoize int

	// BaseURL is the scheme and host that serve the content, such as
	// https://d111111abcdef8.cloudfront.net. Signer.Object and the handlers of
	// package signhttp need it.
	BaseURL string

	// MaxURLLifetime limits how far ahead an expiry may lie; 0 means no limit.
	MaxURLLifetime time.Duration

	// Query lists the query parameters that reach the bucket. A URL with another
	// one that S3 would act on is refused with a *QueryError. Nil means not known.
	Query *ForwardedQuery

	// OnUnforwarded is called with the name of each other parameter of a signed URL
	// that Query does not list, before the URL is returned. It is called once for
	// each name, for at most 100 names, and may be called concurrently. The name
	// comes from a caller: log it with Describe. Nil means a warning on
	// slog.Default.
	OnUnforwarded func(parameter string)

	// OnGrant is called before each URL, each set of cookies and each pass is
	// returned, on the caller's goroutine. If it returns an error, nothing is
	// returned but that error, wrapped. It may be called concurrently. Nil records
	// nothing and costs nothing.
	OnGrant func(ctx context.Context, g Grant) error

	// Now is the clock; nil means time.Now.
	Now func() time.Time
}

// Signer signs URLs and cookies with one key, or with the current key of a
// deployment. It is safe for concurrent use.
type Signer struct {
	now   func() time.Time
	close func() // nil if nothing runs in the background

	// current returns what to sign with, and the time at which that was not stale.
	// Expiries count from that time: wherever the process is frozen in between, no
	// signature opens anything for longer than the key's age plus the URL's
	// lifetime.
	current func(ctx context.Context) (*material, time.Time, error)
}

// material is everything that a signature is made with. It never changes.
type material struct {
	keyPairID   string
	hash        Hash
	sign        func(ctx context.Context, digest []byte) ([]byte, error)
	repeats     bool  // a digest always has the same signature
	memo        *memo // nil unless asked for
	maxLifetime time.Duration
	baseURL     string
	forwarding  *forwarding
	onGrant     func(ctx context.Context, g Grant) error // nil unless asked for
}

// New returns a Signer that signs with key under keyPairID, the id that CloudFront
// gave its public key, such as K2JCJMDEHXQW5F.
func New(keyPairID string, key Key, o *Options) (*Signer, error) {
	if o == nil {
		o = &Options{}
	}
	m, err := newMaterial(keyPairID, key, o.Hash, o.Deterministic, o.Memoize)
	if err != nil {
		return nil, fmt.Errorf("new signer: %w", err)
	}
	if o.MaxURLLifetime != 0 && o.MaxURLLifetime < time.Second {
		return nil, fmt.Errorf("new signer: MaxURLLifetime is %s: set a second or more, such as time.Hour, or 0 for no limit", o.MaxURLLifetime)
	}
	m.maxLifetime = o.MaxURLLifetime
	if m.baseURL = strings.TrimSuffix(o.BaseURL, "/"); o.BaseURL != "" {
		if err := checkBaseURL(m.baseURL); err != nil {
			return nil, fmt.Errorf("new signer: BaseURL: %w", err)
		}
	}
	if o.Query != nil {
		if err := errors.Join(o.Query.faults()...); err != nil {
			return nil, fmt.Errorf("new signer: %w", err)
		}
	}
	m.forwarding = &forwarding{query: o.Query, tell: o.OnUnforwarded}
	m.onGrant = o.OnGrant
	now := clock(o.Now)
	return &Signer{
		now:     now,
		current: func(context.Context) (*material, time.Time, error) { return m, now(), nil },
	}, nil
}

// use calls current. It returns an error for a Signer that neither New nor Open
// made.
func (s *Signer) use(ctx context.Context) (*material, time.Time, error) {
	if s.current == nil {
		return nil, time.Time{}, errors.New("the zero Signer signs nothing: make one with New or Open")
	}
	return s.current(ctx)
}

func clock(now func() time.Time) func() time.Time {
	if now == nil {
		return time.Now
	}
	return now
}

func newMaterial(keyPairID string, key Key, hash Hash, deterministic bool, memoize int) (*material, error) {
	if err := checkKeyPairID(keyPairID); err != nil {
		return nil, fmt.Errorf("key pair id: %w", err)
	}
	if own, ok := key.(*PrivateKey); key == nil || ok && (own == nil || own.sign == nil) {
		return nil, errors.New("no key")
	}
	public, err := NewPublicKey(key.Public())
	if err != nil {
		return nil, err
	}
	if hash, err = ParseHash(string(hash)); err != nil {
		return nil, err
	}
	if _, err := hash.sum(nil, nil); err != nil {
		return nil, err
	}
	m := &material{keyPairID: keyPairID, hash: hash}
	m.repeats = public.algorithm == RSA2048 || deterministic
	switch {
	case memoize < 0:
		return nil, fmt.Errorf("Memoize is %d: set how many URLs to remember, or 0", memoize)
	case memoize > 0:
		m.memo = newMemo(memoize)
	}
	h := hash.crypto()
	m.sign = func(ctx context.Context, digest []byte) ([]byte, error) { return key.SignDigest(ctx, digest, h) }
	if deterministic && public.algorithm == ECDSAP256 {
		own, ok := key.(*PrivateKey)
		if !ok {
			return nil, errors.New("deterministic ECDSA signatures need a *PrivateKey: a key in KMS or in hardware signs differently each time; use an RSA key there")
		}
		m.sign = func(_ context.Context, digest []byte) ([]byte, error) { return own.sign(nil, digest, h) }
	}
	return m, nil
}

// checkKeyPairID accepts ids of capital letters and digits, as CloudFront makes
// them. It catches values put there by mistake: an ARN, a path, the text of an
// unset variable, the id of an access key, a private key.
func checkKeyPairID(id string) error {
	const want = "want the id of the CloudFront public key, capital letters and digits such as K2JCJMDEHXQW5F"
	switch {
	case id == "":
		return errors.New("missing: " + want)
	case !FormID.matches(id):
		return fmt.Errorf("%s: %s", describeID(id), want)
	case strings.HasPrefix(id, "AKIA") || strings.HasPrefix(id, "ASIA"):
		return fmt.Errorf("%q is the id of an access key of IAM: %s", id, want)
	}
	return nil
}

// scratch is the working memory of one signature.
type scratch struct {
	policy []byte
	digest []byte
	text   []byte
}

var scratches = sync.Pool{New: func() any {
	return &scratch{policy: make([]byte, 0, 512), digest: make([]byte, 0, 32), text: make([]byte, 0, 1024)}
}}

// URL signs rawURL. The result is rawURL, byte for byte, followed by CloudFront's
// parameters:
//
//	signed, err := s.URL(ctx, "https://d111111abcdef8.cloudfront.net/rt.png", signer.Policy{TTL: 2 * time.Minute})
//
// It refuses a URL that some client would rewrite with a *URLError, an expiry
// beyond the deployment's limit with a *LifetimeError, and a parameter for S3 that
// the deployment does not forward with a *QueryError. ctx bounds the use of a key
// behind a network.
func (s *Signer) URL(ctx context.Context, rawURL string, p Policy) (string, error) {
	u, err := parseURL(rawURL)
	if err != nil {
		return "", err
	}
	canned := p.Canned(rawURL)
	resource := rawURL
	if p.Resource != "" {
		resource = p.Resource
	}
	if resource != rawURL {
		if err := checkResource(resource); err != nil {
			return "", err
		}
		if covers(resource, rawURL) != match {
			return "", &CoverageError{Resource: resource, URL: rawURL}
		}
	} else if u.hasStar {
		// CloudFront reads a * in a signed resource as a wildcard.
		fix := "write %2A for the character, or set Policy.Resource to sign for a pattern"
		if p.Resource != "" {
			fix = "give the URL of one request; only Policy.Resource may be a pattern"
		}
		return "", &URLError{Part: "path or query", Offset: strings.IndexByte(rawURL, '*'), Found: "*",
			Reason: "CloudFront reads it as a wildcard", Fix: fix}
	}
	m, now, err := s.use(ctx)
	if err != nil {
		return "", err
	}
	if err := m.forwarding.check(&u); err != nil {
		return "", err
	}
	st, err := p.statement(resource, now, m)
	if err != nil {
		return "", err
	}
	signed, err := m.signedURL(ctx, p.Window, &u, &st, canned)
	if err == nil && m.onGrant != nil {
		err = m.granted(ctx, GrantURL, now, st, canned)
	}
	if err != nil {
		return "", err
	}
	return signed, nil
}

// signedURL returns the remembered URL for a statement, or signs a new one.
func (m *material) signedURL(ctx context.Context, window time.Duration, u *wireURL, st *Statement, canned bool) (string, error) {
	if m.memo == nil || window == 0 {
		return m.signURL(ctx, u, st, canned)
	}
	key := memoKey{u.raw, *st}
	if signed, ok := m.memo.get(key); ok {
		return signed, nil
	}
	return m.memo.once(ctx, key, func() (string, error) { return m.signURL(ctx, u, st, canned) })
}

// signURL signs a URL for a statement.
func (m *material) signURL(ctx context.Context, u *wireURL, st *Statement, canned bool) (string, error) {
	// Refuse what is surely too long before using the key.
	if !canned {
		if n := len(u.target()) + cloudFront.EncodedLen(len(st.Resource)); n > MaxURLLength {
			return "", tooLong(n)
		}
	}

	w := scratches.Get().(*scratch)
	defer scratches.Put(w)
	signature, err := m.signStatement(ctx, w, st)
	if err != nil {
		return "", err
	}

	text := w.text[:0]
	if u.query > 0 {
		text = append(text, '&')
	} else {
		text = append(text, '?')
	}
	if canned {
		text = append(text, "Expires="...)
		text = strconv.AppendInt(text, st.Expires.Unix(), 10)
	} else {
		text = append(text, "Policy="...)
		text = cloudFront.AppendEncode(text, w.policy)
	}
	w.text = m.appendParams(text, signature)
	if n := len(u.target()) + len(w.text); n > MaxURLLength {
		return "", tooLong(n)
	}
	return concat(u.raw, w.text), nil
}

// appendParams appends the parameters that follow the policy or the expiry.
func (m *material) appendParams(text, signature []byte) []byte {
	text = append(text, "&Signature="...)
	text = cloudFront.AppendEncode(text, signature)
	text = append(text, "&Key-Pair-Id="...)
	text = append(text, m.keyPairID...)
	if param := m.hash.param(); param != "" {
		text = append(text, "&Hash-Algorithm="...)
		text = append(text, param...)
	}
	return text
}

func tooLong(n int) error {
	return &URLError{Part: "url", Reason: fmt.Sprintf("path and query have %d bytes or more once signed, but CloudFront accepts %d", n, MaxURLLength),
		Fix: "use a shorter object key, query or resource"}
}

// signStatement signs a statement. It leaves the policy in w.policy.
func (m *material) signStatement(ctx context.Context, w *scratch, st *Statement) ([]byte, error) {
	w.policy = st.appendJSON(w.policy[:0])
	digest, err := m.hash.sum(w.digest[:0], w.policy)
	if err != nil {
		return nil, err
	}
	w.digest = digest
	signature, err := m.sign(ctx, digest)
	if err != nil {
		return nil, fmt.Errorf("signing with key %s: %w", m.keyPairID, err)
	}
	if len(signature) == 0 {
		return nil, fmt.Errorf("signing with key %s: the key returned an empty signature", m.keyPairID)
	}
	return signature, nil
}

func concat(head string, tail []byte) string {
	var b strings.Builder
	b.Grow(len(head) + len(tail))
	b.WriteString(head)
	b.Write(tail)
	return b.String()
}
