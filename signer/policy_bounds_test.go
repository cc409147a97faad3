package signer

import (
	"errors"
	"strings"
	"testing"
	"time"
)

func TestThePolicysTimesAreTakenUpToTheirBounds(t *testing.T) {
	for name, test := range map[string]struct {
		now    time.Time
		policy Policy
		want   string // empty if it is accepted
	}{
		"the last second that is taken":   {now(), Policy{Expires: time.Unix(lastExpiry, 0)}, ""},
		"the second after it":             {now(), Policy{Expires: time.Unix(lastExpiry+1, 0)}, "the end is after the year 9999"},
		"an end in 1970":                  {time.Unix(-10, 0), Policy{Expires: time.Unix(1, 0)}, ""},
		"an end at the start of 1970":     {time.Unix(-10, 0), Policy{Expires: time.Unix(0, 0)}, "the end is"},
		"an end before 1970":              {time.Unix(-10, 0), Policy{Expires: time.Unix(-5, 0)}, "the end is"},
		"a start one second into 1970":    {now(), Policy{TTL: ttl, NotBefore: time.Unix(1, 0)}, ""},
		"a start at the start of 1970":    {now(), Policy{TTL: ttl, NotBefore: time.Unix(0, 0)}, "NotBefore is before 1970"},
		"a TTL of a second":               {now(), Policy{TTL: time.Second}, ""},
		"a TTL of a millisecond":          {now(), Policy{TTL: time.Millisecond}, "TTL is 1ms: set a second or more"},
		"a TTL of less, a plain number":   {now(), Policy{TTL: time.Millisecond - 1}, "TTL is 999.999µs, since a plain number counts nanoseconds"},
		"a Window of a second":            {now(), Policy{TTL: time.Second, Window: time.Second}, ""},
		"a prefix that is none":           {now(), Policy{TTL: ttl, IPAddress: "203.0.113.0/33"}, "not an IPv4 address or prefix"},
		"an address that is none":         {now(), Policy{TTL: ttl, IPAddress: "203.0.113.256"}, "not an IPv4 address or prefix"},
		"a prefix of one address":         {now(), Policy{TTL: ttl, IPAddress: "203.0.113.7/32"}, ""},
		"a prefix of all addresses":       {now(), Policy{TTL: ttl, IPAddress: "0.0.0.0/0"}, ""},
		"a start a second before the end": {now(), Policy{TTL: ttl, NotBefore: now().Add(ttl - time.Second)}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			s := newSigner(t, ECDSAP256, Options{Now: func() time.Time { return test.now }, Deterministic: true})
			_, err := s.URL(t.Context(), site+"/a/rt.png", test.policy)
			if test.want == "" && err != nil || test.want != "" && (err == nil || !strings.Contains(err.Error(), test.want)) {
				t.Errorf("got %v, want %q", err, test.want)
			}
		})
	}
}

func TestTheOffsetOfAFaultIsThatInTheResourceAsItWasWritten(t *testing.T) {
	for _, scheme := range []string{"https://", "http://", "http*://"} {
		resource := scheme + strings.TrimPrefix(site, "https://") + "/a|*"
		_, err := newSigner(t, ECDSAP256, Options{}).URL(t.Context(), site+"/a/rt.png", Policy{TTL: ttl, Resource: resource})
		var wrong *URLError
		if !errors.As(err, &wrong) || wrong.Offset != strings.Index(resource, "|") {
			t.Errorf("%s: got %v, want offset %d", resource, err, strings.Index(resource, "|"))
		}
	}
}
