package signer

import (
	"errors"
	"fmt"
	"net/netip"
	"strconv"
	"strings"
	"time"
)

// Policy sets when a signature expires, what it opens, and who may use it. Exactly
// one of TTL and Expires must be set; all else is optional.
//
// A policy that sets only the expiry is signed as a canned policy, which CloudFront
// rebuilds from the URL. Any other policy is signed as a custom policy, which
// travels in the URL and makes it longer. Canned reports which one it is.
type Policy struct {
	// TTL is the lifetime from now, a second or more, rounded up to whole seconds.
	// A plain number counts nanoseconds: write 120*time.Second.
	TTL time.Duration

	// Window, a second or more, rounds the end that TTL gives up to the end of a
	// window of this length, so that the signed URL stays the same within a window:
	// see StableExpiry. It needs signatures that repeat: Options.Deterministic, an
	// RSA key or, for URLs, Options.Memoize. TTL plus Window must not exceed the
	// deployment's limit.
	Window time.Duration

	// Expires is the end of validity; fractions of a second are dropped.
	Expires time.Time

	// NotBefore is the start of validity, before the end; fractions of a second are
	// dropped. CloudFront refuses requests at or before it. Clocks differ: leave it
	// out unless you need a start, or set it a minute early.
	NotBefore time.Time

	// IPAddress is the only IPv4 address (203.0.113.7) or prefix (203.0.113.0/24)
	// that may use the signature. CloudFront has no IPv6 here.
	IPAddress string

	// Resource is what the signature opens. A * matches any characters or none; the
	// first ? starts the query, as in a URL. Empty means only the signed URL. The
	// resource must cover the signed URL. A * in the host is refused, though
	// CloudFront would accept it.
	//
	// Escape text from outside, such as a user's name, with EscapeSegment before it
	// becomes a part of a resource: a user called * would otherwise open everyone's
	// files. Signer.OpenAll opens everything below a prefix without a pattern.
	Resource string
}

// Canned reports whether rawURL, signed with this policy, has a canned policy.
func (p Policy) Canned(rawURL string) bool {
	return p.NotBefore.IsZero() && p.IPAddress == "" && (p.Resource == "" || p.Resource == rawURL)
}

// Statement is the single statement of a policy, as it is signed. CloudFront
// supports only these members:
// https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/private-content-creating-signed-url-custom-policy.html
type Statement struct {
	Resource  string       // with wildcards if the policy is a custom one
	Expires   time.Time    // DateLessThan, whole seconds
	NotBefore time.Time    // DateGreaterThan, whole seconds; zero if absent
	IPAddress netip.Prefix // SourceIp, IPv4; the zero Prefix if absent
}

// appendJSON appends the statement's policy as it is signed. Earlier checks refuse
// text that would need escapes.
func (s *Statement) appendJSON(b []byte) []byte {
	var digits [20]byte
	expires := strconv.AppendInt(digits[:0], s.Expires.Unix(), 10)
	return appendPolicy(b, s.Resource, string(expires), s.NotBefore, s.IPAddress)
}

// cannedText returns the canned policy that CloudFront rebuilds from a URL and an
// expiry.
func cannedText(url, expires string) []byte {
	return appendPolicy(make([]byte, 0, len(url)+96), url, expires, time.Time{}, netip.Prefix{})
}

// appendPolicy appends a policy: no white space, members in this order, &
// unescaped. For a canned policy, CloudFront builds exactly these bytes.
func appendPolicy(b []byte, resource, expires string, notBefore time.Time, address netip.Prefix) []byte {
	b = append(b, `{"Statement":[{"Resource":"`...)
	b = append(b, resource...)
	b = append(b, `","Condition":{"DateLessThan":{"AWS:EpochTime":`...)
	b = append(b, expires...)
	b = append(b, '}')
	if !notBefore.IsZero() {
		b = append(b, `,"DateGreaterThan":{"AWS:EpochTime":`...)
		b = strconv.AppendInt(b, notBefore.Unix(), 10)
		b = append(b, '}')
	}
	if address.IsValid() {
		b = append(b, `,"IpAddress":{"AWS:SourceIp":"`...)
		b = address.AppendTo(b)
		b = append(b, `"}`...)
	}
	return append(b, `}}]}`...)
}

// lastExpiry is the end of the year 9999. Later times are milliseconds mistaken for
// seconds.
const lastExpiry = 253402300799

// statement checks the policy for resource and m, and returns its statement.
func (p *Policy) statement(resource string, now time.Time, m *material) (Statement, error) {
	s := Statement{Resource: resource}
	switch {
	case p.Window != 0 && p.Window < time.Second:
		return s, tooShort("Window", p.Window)
	case p.Window > 0 && p.TTL == 0:
		return s, errors.New("policy: Window without TTL: Window rounds the end that TTL gives")
	case p.Window > 0 && !m.repeats && m.memo == nil:
		return s, errors.New("policy: Window without signatures that repeat: set Options.Deterministic or Options.Memoize")
	case p.TTL != 0 && !p.Expires.IsZero():
		return s, errors.New("policy: TTL and Expires are both set: set one")
	case p.TTL != 0 && p.TTL < time.Second:
		return s, tooShort("TTL", p.TTL)
	case p.TTL > 0:
		s.Expires = StableExpiry(resource, now, p.TTL, p.Window)
	case p.Expires.IsZero():
		return s, errors.New("policy: no end: set TTL, such as 2*time.Minute, or Expires")
	default:
		s.Expires = time.Unix(p.Expires.Unix(), 0)
		if !s.Expires.After(now) {
			return s, fmt.Errorf("policy: Expires is %s, which has passed: the time is %s",
				p.Expires.UTC().Format(time.RFC3339), now.UTC().Format(time.RFC3339))
		}
	}
	if expires := s.Expires.Unix(); expires > lastExpiry || expires <= 0 {
		return s, errors.New("policy: the end is after the year 9999: are these milliseconds? CloudFront counts seconds")
	}
	if limit := m.maxLifetime; limit > 0 {
		// Compare the latest end of any window, so that the same policy is accepted
		// always or never.
		latest := s.Expires
		if p.Window > time.Second {
			latest = time.Unix(ceilSeconds(now.Add(p.TTL))+int64(p.Window/time.Second)-1, 0)
		}
		if latest.Unix() > ceilSeconds(now.Add(limit)) {
			return s, &LifetimeError{Asked: latest.Sub(now).Round(time.Second), Limit: limit}
		}
	}
	if !p.NotBefore.IsZero() {
		s.NotBefore = time.Unix(p.NotBefore.Unix(), 0)
		if !s.NotBefore.Before(s.Expires) {
			return s, fmt.Errorf("policy: NotBefore, %s, is not before the end, %s",
				s.NotBefore.UTC().Format(time.RFC3339), s.Expires.UTC().Format(time.RFC3339))
		}
		if s.NotBefore.Unix() <= 0 {
			return s, errors.New("policy: NotBefore is before 1970")
		}
	}
	if p.IPAddress != "" {
		address, err := parseAddress(p.IPAddress)
		if err != nil {
			return s, fmt.Errorf("policy: IPAddress is %s: %w", Describe(p.IPAddress, FormWord), err)
		}
		s.IPAddress = address
	}
	return s, nil
}

// tooShort returns the error for a duration under a second.
func tooShort(name string, d time.Duration) error {
	switch {
	case d < 0:
		return fmt.Errorf("policy: %s is %s: set a time above zero", name, d)
	case d < time.Millisecond:
		return fmt.Errorf("policy: %s is %s, since a plain number counts nanoseconds: write %d*time.Second", name, d, d)
	}
	return fmt.Errorf("policy: %s is %s: set a second or more", name, d)
}

func ceilSeconds(t time.Time) int64 {
	if t.Nanosecond() > 0 {
		return t.Unix() + 1
	}
	return t.Unix()
}

// LifetimeError reports an expiry beyond the deployment's limit. Key rotation
// depends on the limit: a key is removed after the last URL that it signed has
// expired.
type LifetimeError struct {
	Asked, Limit time.Duration
}

func (e *LifetimeError) Error() string {
	return fmt.Sprintf("policy: the end lies %s ahead, but the deployment allows %s (maxUrlLifetime): ask for less", e.Asked, e.Limit)
}

// parseAddress parses one IPv4 address or prefix.
func parseAddress(text string) (netip.Prefix, error) {
	var prefix netip.Prefix
	if strings.Contains(text, "/") {
		p, err := netip.ParsePrefix(text)
		if err != nil {
			return prefix, errors.New("not an IPv4 address or prefix: write 203.0.113.7 or 203.0.113.0/24")
		}
		prefix = p
	} else {
		addr, err := netip.ParseAddr(text)
		if err != nil {
			return prefix, errors.New("not an IPv4 address or prefix: write 203.0.113.7 or 203.0.113.0/24")
		}
		prefix = netip.PrefixFrom(addr, addr.BitLen())
	}
	switch {
	case !prefix.Addr().Is4():
		return netip.Prefix{}, errors.New("CloudFront's policies support only IPv4: turn IPv6 off in the distribution and give an IPv4 address")
	case prefix.Masked() != prefix:
		return netip.Prefix{}, fmt.Errorf("has bits after its prefix: write %s", prefix.Masked())
	}
	return prefix, nil
}

// checkResource checks the resource of a custom policy. It must be a URL that
// clients send unchanged, except that path and query may hold wildcards, and that
// http*:// means both schemes.
func checkResource(resource string) error {
	url := resource
	if rest, ok := strings.CutPrefix(resource, "http*://"); ok {
		url = "http://" + rest
	}
	if s := splitSections(url); s.scheme != "" && strings.ContainsAny(s.host, "*?") {
		return errors.New("resource: a wildcard in the host: write the whole host; wildcards belong in the path")
	}
	err := CheckURL(url)
	if wrong, ok := err.(*URLError); ok {
		wrong.Offset += len(resource) - len(url)
	}
	if err != nil {
		return fmt.Errorf("resource: %w", err)
	}
	return nil
}
