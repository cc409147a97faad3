package edge

import (
	"strings"
	"testing"
)

func TestMoreHostsAreAnsweredWhereTheyAreNamed(t *testing.T) {
	s := serveConfig(t, Config{Template: edited(t), Objects: OpenFS(pictures), Hosts: []string{"192.168.1.5:8080", "phone.example"}})
	for _, host := range []string{"192.168.1.5:8080", "phone.example"} {
		other := *s
		other.url = "http://" + host
		_, path, _ := strings.Cut(strings.TrimPrefix(other.sign("/rt.png"), "http://"), "/")
		if got := s.get(s.url+"/"+path, "Host", host); got.status != 200 {
			t.Errorf("signed for %s: %d %s", host, got.status, got.body)
		}
		// A statement names its host.
		for _, elsewhere := range []string{s.host, "192.168.1.5:9090", "192.168.1.5", "attacker.example"} {
			if got := s.get(s.url+"/"+path, "Host", elsewhere); got.status != 403 {
				t.Errorf("signed for %s, sent to %s: %d", host, elsewhere, got.status)
			}
		}
	}
	if got := s.get(s.sign("/rt.png")); got.status != 200 {
		t.Errorf("signed for the base URL: %d %s", got.status, got.body)
	}
	if got := s.get(s.url+"/rt.png", "Host", "attacker.example"); !strings.Contains(got.header.Get("X-Signedfront-Reason"), "the edge answers only to the host "+s.host+", 192.168.1.5:8080, phone.example") {
		t.Errorf("the reason is %q", got.header.Get("X-Signedfront-Reason"))
	}
}

func TestAHostThatNoRequestCanNameIsAnError(t *testing.T) {
	for _, host := range []string{"", "http://phone.example", "phone.example/", "a b", "phone.example:port", "user@phone.example", "phone.example?x"} {
		_, err := New(Config{Template: edited(t), BaseURL: "http://127.0.0.1:8080", Objects: OpenFS(pictures), Hosts: []string{"ok.example", host}})
		if err == nil || !strings.HasPrefix(err.Error(), "hosts: 2 of 2: ") {
			t.Errorf("%q: %v", host, err)
		}
	}
}
