package main

import (
	"cmp"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"regexp"
	"strconv"
	"strings"
	"syscall"
)

// address is the address on which the edge listens. Without hosts it is a loopback
// address.
type address struct {
	name  string // as in its URL: localhost or an address
	ip    netip.Addr
	port  uint16 // 0 for any free port
	hosts []host
}

// host is a name by which other machines reach the edge.
type host struct {
	name string
	port string // empty for the port on which the edge listens
}

var defaultAddress = address{name: "127.0.0.1", ip: netip.AddrFrom4([4]byte{127, 0, 0, 1}), port: 8080}

// parseAddress reads HOST:PORT. It accepts only IPv4, because a signed URL cannot
// contain an IPv6 address. An address that other machines can reach needs hosts,
// because it is not their name for it. Its errors do not quote the text.
func parseAddress(text string, hosts []host) (address, error) {
	wrong := func(what string) (address, error) { return address{}, errors.New(what) }
	host, portText, err := net.SplitHostPort(text)
	if err != nil {
		return wrong("not an address and a port")
	}
	port, err := strconv.ParseUint(portText, 10, 16)
	if err != nil {
		return wrong("whose port is not 0 to 65535")
	}
	a := address{name: host, port: uint16(port), hosts: hosts}
	if host == "localhost" {
		a.ip = defaultAddress.ip
		return a, nil
	}
	a.ip, err = netip.ParseAddr(host)
	switch {
	case err != nil:
		return wrong("which is not an IPv4 address of this machine")
	case !a.ip.Is4():
		return wrong("an IPv6 address, which a signed URL cannot contain")
	case a.open() && len(hosts) == 0:
		return address{}, errUnnamed
	}
	return a, nil
}

var errUnnamed = errors.New("an address that other machines can reach")

// open reports whether other machines can reach the address.
func (a address) open() bool { return !a.ip.IsLoopback() }

var hostName = regexp.MustCompile(`^([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)*[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$`)

// parseHost reads NAME or NAME:PORT. PORT is for another port that leads to the
// edge's, such as that of a container. Its errors do not quote the text.
func parseHost(text string) (h host, err error) {
	h.name = text
	if strings.Contains(text, "://") {
		return host{}, errors.New("a URL, not a name or an address")
	}
	if name, port, found := strings.Cut(text, ":"); found {
		number, err := strconv.ParseUint(port, 10, 16)
		if err != nil || number == 0 {
			return host{}, errors.New("whose port is not 1 to 65535")
		}
		h = host{name, strconv.FormatUint(number, 10)}
	}
	switch ip, err := netip.ParseAddr(h.name); {
	case len(h.name) > 253 || !hostName.MatchString(h.name):
		return host{}, errors.New("not a lower-case name or an IPv4 address")
	case err == nil && ip.IsUnspecified():
		return host{}, errors.New("which means all addresses and cannot be opened by a browser")
	}
	return h, nil
}

func (a address) String() string { return net.JoinHostPort(a.name, strconv.Itoa(int(a.port))) }

// url returns the base URL of the address, with the first name that other machines
// use.
func (a address) url() string { return "http://" + a.hostPorts()[0] }

// hostPorts returns the hosts of requests as clients send them: without the default
// port.
func (a address) hostPorts() []string {
	hosts := a.hosts
	if len(hosts) == 0 {
		hosts = []host{{name: a.name}}
	}
	var all []string
	for _, h := range hosts {
		port := cmp.Or(h.port, strconv.Itoa(int(a.port)))
		if h.name += ":" + port; port == "80" {
			h.name = strings.TrimSuffix(h.name, ":80")
		}
		all = append(all, h.name)
	}
	return all
}

// listen listens on an address. If the user did not choose it, listen takes the
// next free port.
func listen(a address, asked bool) (net.Listener, address, error) {
	for tries := 20; ; tries-- {
		listener, err := net.Listen("tcp4", netip.AddrPortFrom(a.ip, a.port).String())
		switch {
		case err == nil:
			a.port = uint16(listener.Addr().(*net.TCPAddr).Port)
			return listener, a, nil
		case inUse(err) && !asked && tries > 0:
			a.port++
		case inUse(err):
			return nil, a, &failure{
				err:  fmt.Errorf("another program listens on %s", a),
				hint: "choose another port with --addr, or leave --addr out to get a free one",
			}
		case errors.Is(err, syscall.EADDRNOTAVAIL):
			return nil, a, &failure{
				err:  fmt.Errorf("this machine does not have the address %s", a.ip),
				hint: "set --addr to an address of this machine, or to 0.0.0.0 for all of them",
			}
		case errors.Is(err, syscall.EACCES):
			return nil, a, &failure{
				err:  fmt.Errorf("listening on %s is not permitted", a),
				hint: "choose a port of at least 1024 with --addr",
			}
		default:
			return nil, a, fmt.Errorf("listening on %s: %w", a, err)
		}
	}
}

// inUse recognizes the errors of Unix and of Windows.
func inUse(err error) bool {
	const windowsInUse, windowsNoAccess = syscall.Errno(10048), syscall.Errno(10013)
	return errors.Is(err, syscall.EADDRINUSE) || errors.Is(err, windowsInUse) || errors.Is(err, windowsNoAccess)
}
