package signer

import (
	"fmt"
	"net/netip"
	"strings"
)

// CookieHostError reports that a browser would not send cookies that the
// application's host sets to the host of the content.
type CookieHostError struct {
	AppHost string // the host that sets the cookies, without a port, as Describe returns it
	Host    string // the host of the content, without a port
	Domain  string // CookieOptions.Domain
	Fix     string // what to do instead; it names no host but Host and its parents
}

func (e *CookieHostError) Error() string {
	if e.Domain == "" {
		return fmt.Sprintf("cookies that %s sets without a Domain never reach %s: %s", e.AppHost, Describe(e.Host, FormName), e.Fix)
	}
	return fmt.Sprintf("%s may not set cookies for the Domain %s: %s", e.AppHost, Describe(e.Domain, FormName), e.Fix)
}

// cookieDomain checks that a browser accepts cookies for domain from appHost and
// sends them to host. It returns the Domain attribute.
func cookieDomain(domain, appHost, host string) (string, error) {
	domain = strings.TrimPrefix(domain, ".")
	appHost = withoutPort(appHost)
	app := Describe(appHost, FormName) // before ToLower: a key in lower case would pass as a name
	appHost = strings.ToLower(appHost)
	switch {
	case domain == "" && (appHost == "" || appHost == host):
		return "", nil
	case domain != "" && isAddress(host):
		return "", fmt.Errorf("Domain %s: the host %s is an IP address, which accepts cookies only from itself: leave Domain out, or use names", Describe(domain, FormName), Describe(host, FormName))
	case domain != "" && isCloudFront(host):
		return "", fmt.Errorf("the host %s accepts cookies only from itself: %s", Describe(host, FormName), cookieFix(appHost, host))
	case domain == "":
		return "", &CookieHostError{AppHost: app, Host: host, Fix: cookieFix(appHost, host)}
	case domain != strings.ToLower(domain):
		return "", fmt.Errorf("Domain %s: write it in lower case", Describe(domain, FormName))
	case !strings.Contains(domain, "."):
		return "", fmt.Errorf("Domain %s: browsers refuse cookies for a name without a dot", Describe(domain, FormName))
	case !under(host, domain):
		return "", fmt.Errorf("Domain %s does not cover the resource's host %s: set the parent that it shares with the application", Describe(domain, FormName), Describe(host, FormName))
	case appHost != "" && !under(appHost, domain):
		return "", &CookieHostError{AppHost: app, Host: host, Domain: domain, Fix: cookieFix(appHost, host)}
	}
	return domain, nil
}

// cookieFix returns how an application at appHost can set cookies for host.
func cookieFix(appHost, host string) string {
	parent := sharedParent(appHost, host)
	switch {
	case isCloudFront(host):
		return "browsers refuse cookies for cloudfront.net: sign URLs instead, or give the distribution a domain name of your own that shares a parent with the application's"
	case isLoopback(appHost) && isLoopback(host):
		return "open the application under the same name, " + host + ", on another port: cookies ignore ports, but localhost and 127.0.0.1 are two hosts to a browser"
	case isAddress(appHost), isAddress(host), parent == "":
		return "they share no parent domain: sign URLs instead, or serve both under one domain name of your own"
	}
	return "set Domain to the parent that both share, " + parent + ", which must be your own: browsers refuse cookies for public suffixes, such as co.uk"
}

// withoutPort returns the host of a Host header without its port: cookies ignore
// ports.
func withoutPort(host string) string {
	if address, ok := strings.CutPrefix(host, "["); ok {
		address, _, _ = strings.Cut(address, "]")
		return address
	}
	if strings.Count(host, ":") == 1 {
		host, _, _ = strings.Cut(host, ":")
	}
	return host
}

func isCloudFront(host string) bool { return strings.HasSuffix(host, ".cloudfront.net") }

func isAddress(host string) bool {
	_, err := netip.ParseAddr(host)
	return err == nil
}

func isLoopback(host string) bool {
	address, err := netip.ParseAddr(host)
	if err != nil {
		return under(host, "localhost")
	}
	return address.IsLoopback() || address.IsUnspecified()
}

// sharedParent returns the longest domain with a dot that covers both hosts, or "".
// The result is always a part of host, whatever appHost is.
func sharedParent(appHost, host string) string {
	for parent := host; strings.Contains(parent, "."); _, parent, _ = strings.Cut(parent, ".") {
		if under(appHost, parent) {
			return parent
		}
	}
	return ""
}

func under(host, domain string) bool {
	return host == domain || strings.HasSuffix(host, "."+domain)
}
