//go:build signedfront_emulator

package customresource

import (
	"net/netip"
	"net/url"
)

// emulated reports whether an answer goes to an emulator of CloudFormation, at
// a numeric address of the loopback interface. Only a function that is built
// for an emulator, with this tag, answers one.
func emulated(address *url.URL) bool {
	host, err := netip.ParseAddrPort(address.Host)
	return err == nil && host.Addr().IsLoopback() && address.Scheme == "http" && address.User == nil
}
