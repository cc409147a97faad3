//go:build signedfront_emulator

package customresource

import (
	"net/netip"
	"net/url"
)

// emulated reports whether address is an emulator of CloudFormation at a numeric
// loopback address. Only a function that is built with this tag answers an emulator.
func emulated(address *url.URL) bool {
	host, err := netip.ParseAddrPort(address.Host)
	return err == nil && host.Addr().IsLoopback() && address.Scheme == "http" && address.User == nil
}
