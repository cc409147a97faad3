package main

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strconv"
	"syscall"
)

// address is where the edge listens: always on this machine alone.
type address struct {
	name string // as in its URL: localhost, or an address
	ip   netip.Addr
	port uint16 // 0 for any that is free
}

var defaultAddress = address{name: "127.0.0.1", ip: netip.AddrFrom4([4]byte{127, 0, 0, 1}), port: 8080}

// parseAddress reads HOST:PORT. Signed URLs hold no IPv6 addresses, so IPv4 it
// is. Its errors do not name the text.
func parseAddress(text string) (address, error) {
	wrong := func(what string) (address, error) { return address{}, errors.New(what) }
	host, portText, err := net.SplitHostPort(text)
	if err != nil {
		return wrong("not an address and a port")
	}
	port, err := strconv.ParseUint(portText, 10, 16)
	if err != nil {
		return wrong("whose port is not from 0 to 65535")
	}
	a := address{name: host, port: uint16(port)}
	if host == "localhost" {
		a.ip = defaultAddress.ip
		return a, nil
	}
	a.ip, err = netip.ParseAddr(host)
	switch {
	case err != nil:
		return wrong("which names no IPv4 address of this machine")
	case !a.ip.IsLoopback():
		return wrong("an address that other machines can reach")
	case !a.ip.Is4():
		return wrong("an IPv6 address, which signed URLs cannot hold")
	}
	return a, nil
}

func (a address) String() string { return net.JoinHostPort(a.name, strconv.Itoa(int(a.port))) }

// url is the base URL of the address: clients leave the default port out.
func (a address) url() string {
	if a.port == 80 {
		return "http://" + a.name
	}
	return "http://" + a.String()
}

// listen listens on an address, and on the next one whose port is free if the
// address was not asked for.
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
				hint: "choose another port with --addr, or leave --addr out to get one that is free",
			}
		default:
			return nil, a, err
		}
	}
}

// inUse knows the errors of Unix and of Windows.
func inUse(err error) bool {
	const windowsInUse, windowsNoAccess = syscall.Errno(10048), syscall.Errno(10013)
	return errors.Is(err, syscall.EADDRINUSE) || errors.Is(err, windowsInUse) || errors.Is(err, windowsNoAccess)
}
