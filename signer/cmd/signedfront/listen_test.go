package main_test

import (
	"net/http"
	"path/filepath"
	"strings"
	"testing"
)

func TestOtherMachinesReachTheEdgeByTheNamesOfHost(t *testing.T) {
	_, printed := serve(t, copiedApp(t, "shop-dev"), "--host", "phone.example", "--host", "192.0.2.1:9000")
	signed := printed["rt.png"].signedURL
	base, path, _ := strings.Cut(signed, "/rt.png")
	host, port, _ := strings.Cut(strings.TrimPrefix(base, "http://"), ":")
	if host != "phone.example" || printed["rt.png"].signed != "200 image/png" {
		t.Fatalf("it printed %s, which answers %s", signed, printed["rt.png"].signed)
	}
	local := "http://127.0.0.1:" + port + "/rt.png"
	for name, want := range map[string]int{"phone.example:" + port: 200, "192.0.2.1:9000": 403, "phone.example": 403, "127.0.0.1:" + port: 403} {
		status, header, _ := get(t, local+path, func(r *http.Request) { r.Host = name })
		if status != want {
			t.Errorf("Host %s: %d, want %d", name, status, want)
		}
		known := !strings.Contains(header.Get("X-Signedfront-Reason"), "the edge answers only to the host")
		if known != (name == "phone.example:"+port || name == "192.0.2.1:9000") {
			t.Errorf("Host %s: %s", name, header.Get("X-Signedfront-Reason"))
		}
	}
}

// 192.0.2.1 belongs to no machine: RFC 5737.
func TestAnAddressThatTheMachineDoesNotHaveIsTold(t *testing.T) {
	p := run(t, t.TempDir(), "local", "--addr", "192.0.2.1:0", "--host", "phone.example")
	if said := p.stderr.String(); p.status() != 1 || !strings.Contains(said, "signedfront: error: this machine does not have the address 192.0.2.1\nsignedfront: hint: set --addr to an address of this machine, or to 0.0.0.0 for all of them\n") {
		t.Errorf("exit status %d:\n%s", p.status(), said)
	}
}

func TestWhereNoKeysCanBeKeptItIsToldWhereTheyWouldBe(t *testing.T) {
	dir := t.TempDir()
	writeFile(t, filepath.Join(dir, ".signedfront"), "a file in the way")
	p := run(t, dir, "local", "--addr", "127.0.0.1:0")
	if said := p.stderr.String(); p.status() != 1 || !strings.Contains(said, "signedfront: error: creating the folder of the keys: ") || !strings.Contains(said, "signedfront: hint: keys and the deployment document are kept in .signedfront/") {
		t.Errorf("exit status %d:\n%s", p.status(), said)
	}
}
