package signer

import (
	"errors"
	"fmt"
	"net/netip"
	"strconv"
	"strings"
	"time"
)

// Policy says until when a signature opens what, and for whom. Exactly one of
// TTL and Expires must be set; everything else is optional.
//
// With an expiry alone the signature has a canned policy, which CloudFront
// rebuilds from the URL; everything else asks for a custom policy, which
// travels in the URL and makes it longer. The choice is made here, never by the
// caller, and Canned tells it.
type Policy struct {
	// TTL is for how long from now, rounded up to whole seconds.
	TTL time.Duration

	// Expires is the end; parts of a second are dropped.
	Expires time.Time

	// NotBefore is the start, before the end; parts of a second are dropped.
	// CloudFront refuses requests on or before it. Clocks differ: leave it out,
	// or set it a minute back, unless a start is really wanted.
	NotBefore time.Time

	// IPAddress is the one IPv4 address (203.0.113.7) or prefix
	// (203.0.113.0/24) that may ask. CloudFront has no IPv6 here.
	IPAddress string

	// Resource is what the signature opens, with * for any characters, also
	// none, and ? for any one. Empty means the signed URL alone. It must cover
	// the signed URL.
	Resource string
}

// Canned reports whether a URL signed with this policy has a canned policy.
func (p Policy) Canned(rawURL string) bool {
	return p.NotBefore.IsZero() && p.IPAddress == "" && (p.Resource == "" || p.Resource == rawURL)
}

// Statement is the one statement of a policy, as it is signed. CloudFront knows
// these members and no others:
// https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/private-content-creating-signed-url-custom-policy.html
type Statement struct {
	Resource  string       // with wildcards if the policy is a custom one
	Expires   time.Time    // DateLessThan, whole seconds
	NotBefore time.Time    // DateGreaterThan, whole seconds; zero if absent
	IPAddress netip.Prefix // SourceIp, IPv4; the zero Prefix if absent
}

// appendJSON writes the statement's policy as it is signed: no white space,
// members in this order, & as it is. For a canned policy CloudFront builds the
// very same bytes. The text needs no escapes: what would is refused before.
func (s *Statement) appendJSON(b []byte) []byte {
	return appendPolicyJSON(b, s.Resource, s.Expires.Unix(), s.NotBefore, s.IPAddress)
}

func appendPolicyJSON(b []byte, resource string, expires int64, notBefore time.Time, address netip.Prefix) []byte {
	b = append(b, `{"Statement":[{"Resource":"`...)
	b = append(b, resource...)
	b = append(b, `","Condition":{"DateLessThan":{"AWS:EpochTime":`...)
	b = strconv.AppendInt(b, expires, 10)
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

// lastExpiry is the end of the year 9999. Times behind it are milliseconds
// taken for seconds.
const lastExpiry = 253402300799

// statement checks the policy for what is to be opened and works out its
// statement. limit bounds the expiry; 0 means no limit.
func (p *Policy) statement(resource string, now time.Time, limit time.Duration) (Statement, error) {
	s := Statement{Resource: resource}
	switch {
	case p.TTL != 0 && !p.Expires.IsZero():
		return s, errors.New("policy: TTL and Expires are both set: set one")
	case p.TTL < 0:
		return s, fmt.Errorf("policy: TTL is %s: set a time above zero", p.TTL)
	case p.TTL > 0:
		s.Expires = time.Unix(ceilSeconds(now.Add(p.TTL)), 0)
	case p.Expires.IsZero():
		return s, errors.New("policy: no end: set TTL, such as 2*time.Minute, or Expires")
	default:
		s.Expires = time.Unix(p.Expires.Unix(), 0)
		if !s.Expires.After(now) {
			return s, fmt.Errorf("policy: Expires is %s, which is past: it is %s now",
				p.Expires.UTC().Format(time.RFC3339), now.UTC().Format(time.RFC3339))
		}
	}
	if expires := s.Expires.Unix(); expires > lastExpiry || expires <= 0 {
		return s, errors.New("policy: the end lies after the year 9999: are these milliseconds? CloudFront counts seconds")
	}
	if limit > 0 && s.Expires.Unix() > ceilSeconds(now.Add(limit)) {
		return s, &LifetimeError{Asked: s.Expires.Sub(now).Round(time.Second), Limit: limit}
	}
	if !p.NotBefore.IsZero() {
		s.NotBefore = time.Unix(p.NotBefore.Unix(), 0)
		if !s.NotBefore.Before(s.Expires) {
			return s, fmt.Errorf("policy: NotBefore, %s, does not lie before the end, %s",
				s.NotBefore.UTC().Format(time.RFC3339), s.Expires.UTC().Format(time.RFC3339))
		}
		if s.NotBefore.Unix() <= 0 {
			return s, errors.New("policy: NotBefore lies before 1970")
		}
	}
	if p.IPAddress != "" {
		address, err := parseAddress(p.IPAddress)
		if err != nil {
			return s, fmt.Errorf("policy: IPAddress %q: %w", p.IPAddress, err)
		}
		s.IPAddress = address
	}
	return s, nil
}

func ceilSeconds(t time.Time) int64 {
	if t.Nanosecond() > 0 {
		return t.Unix() + 1
	}
	return t.Unix()
}

// LifetimeError is the refusal of an expiry that lies further ahead than the
// deployment allows. Key rotation stands on that limit: a key is removed once
// the last URL that it signed has expired.
type LifetimeError struct {
	Asked, Limit time.Duration
}

func (e *LifetimeError) Error() string {
	return fmt.Sprintf("policy: the end lies %s ahead, the deployment allows %s (maxUrlLifetime): ask for less", e.Asked, e.Limit)
}

// parseAddress reads one IPv4 address or prefix.
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
		return netip.Prefix{}, errors.New("CloudFront's policies know IPv4 alone: turn IPv6 off in the distribution and give an IPv4 address")
	case prefix.Masked() != prefix:
		return netip.Prefix{}, fmt.Errorf("has bits behind its prefix: write %s", prefix.Masked())
	}
	return prefix, nil
}

// checkResource checks the resource of a custom policy: a URL of which the path
// and the query may hold wildcards.
func checkResource(resource string) error {
	for i := range len(resource) {
		switch c := resource[i]; {
		case c <= ' ' || c >= 0x7f:
			return fmt.Errorf("resource: byte %d, %q, must be escaped: write it as in a URL", i, c)
		case c == '"' || c == '\\' || c == '#' || c == '<' || c == '>' || c == '^' || c == '`' || c == '{' || c == '|' || c == '}':
			return fmt.Errorf("resource: byte %d, %q, is never in a URL: write %%%02X", i, c, c)
		}
	}
	rest, ok := strings.CutPrefix(resource, "https://")
	if !ok {
		rest, ok = strings.CutPrefix(resource, "http://")
	}
	if !ok {
		rest, ok = strings.CutPrefix(resource, "http*://")
	}
	if !ok {
		return errors.New("resource: must start with https://, http:// or http*://")
	}
	host, path, ok := strings.Cut(rest, "/")
	switch {
	case !ok:
		return errors.New("resource: has no path: write / or /* behind the host")
	case strings.ContainsAny(host, "*?"):
		return fmt.Errorf("resource: a wildcard in the host %q: write the host out, wildcards belong behind it", host)
	}
	if err := checkHost("", host, len(resource)-len(rest)); err != nil {
		return fmt.Errorf("resource: %w", err)
	}
	for segment := range strings.SplitSeq(path, "/") {
		segment, _, _ = strings.Cut(segment, "?")
		if isDotSegment(segment) {
			return fmt.Errorf("resource: holds the segment %q, which browsers and curl resolve", segment)
		}
	}
	return nil
}

// covers reports whether a resource with wildcards matches a URL: * stands for
// any characters, also none and also slashes, ? for exactly one.
// https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/private-content-creating-signed-url-custom-policy.html
func covers(pattern, url string) bool {
	p, u := 0, 0
	star, mark := -1, 0
	for u < len(url) {
		switch {
		case p < len(pattern) && pattern[p] == '*':
			star, mark = p, u
			p++
		case p < len(pattern) && (pattern[p] == '?' || pattern[p] == url[u]):
			p++
			u++
		case star >= 0:
			mark++
			p, u = star+1, mark
		default:
			return false
		}
	}
	for p < len(pattern) && pattern[p] == '*' {
		p++
	}
	return p == len(pattern)
}

// CoverageError is the refusal to sign a URL for a resource that does not cover
// it: CloudFront would refuse the result.
type CoverageError struct {
	Resource, URL string
}

func (e *CoverageError) Error() string {
	return fmt.Sprintf("resource %s does not cover %s: %s", e.Resource, e.URL, difference(e.Resource, e.URL))
}

// difference says where a URL leaves a resource that does not cover it.
func difference(resource, url string) string {
	i := reach(resource, url)
	if i == len(url) {
		return "the URL ends where the resource goes on"
	}
	return fmt.Sprintf("they differ from byte %d of the URL on, %q", i, excerpt(url[i:]))
}

func excerpt(s string) string {
	if len(s) > 24 {
		return s[:24] + "…"
	}
	return s
}

// reach is how many bytes of the URL the resource still allows.
func reach(pattern, url string) int {
	at := make([]bool, len(pattern)+1) // where in the pattern the match may stand
	at[0] = true
	for i := 0; ; i++ {
		for j := range len(pattern) { // a * may stand for nothing
			if at[j] && pattern[j] == '*' {
				at[j+1] = true
			}
		}
		if i == len(url) {
			return i
		}
		next, alive := make([]bool, len(pattern)+1), false
		for j := range len(pattern) {
			if !at[j] {
				continue
			}
			switch c := pattern[j]; {
			case c == '*':
				next[j], alive = true, true
			case c == '?' || c == url[i]:
				next[j+1], alive = true, true
			}
		}
		if !alive {
			return i
		}
		at = next
	}
}
