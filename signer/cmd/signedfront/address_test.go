package main

import (
	"bytes"
	"strings"
	"testing"
)

func TestAnAddressThatOthersReachNeedsTheirNameForItAndIsWarnedOf(t *testing.T) {
	phone := []host{{name: "phone.example"}}
	for text, open := range map[string]bool{
		"0.0.0.0:8080": true, "192.0.2.1:8080": true,
		"127.0.0.1:8080": false, "127.9.9.9:8080": false, "localhost:8080": false,
	} {
		if _, err := parseAddress(text, nil); (err == errUnnamed) != open {
			t.Errorf("%s without a name: %v", text, err)
		}
		a, err := parseAddress(text, phone)
		if err != nil {
			t.Fatal(err)
		}
		var said bytes.Buffer
		l := &local{terminal: &terminal{err: &said, withheld: func() withheld { return nil }}}
		l.tellOpen(a)
		if warned := strings.HasPrefix(said.String(), "signedfront: warning: anyone who can reach "+text); warned != open || !open && said.Len() > 0 {
			t.Errorf("%s: it says %q", text, &said)
		}
		if a.url() != "http://phone.example:8080" {
			t.Errorf("%s is at %s", text, a.url())
		}
	}
}

func TestTheDefaultPortIsLeftOutOfHosts(t *testing.T) {
	a := address{name: "127.0.0.1", port: 80, hosts: []host{{name: "a.example"}, {"b.example", "80"}, {"c.example", "8080"}}}
	if got := strings.Join(a.hostPorts(), " "); got != "a.example b.example c.example:8080" {
		t.Error(got)
	}
}
