package edge

import (
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/signedfront/signedfront/signer"
)

func TestASignatureOfAnyDistributionIsExplainedCheckByCheck(t *testing.T) {
	const id, object = "K2JCJMDEHXQW5F", "https://d111111abcdef8.cloudfront.net/a%20b.png"
	key, err := signer.GenerateKey(signer.ECDSAP256)
	if err != nil {
		t.Fatal(err)
	}
	s, err := signer.New(id, key, &signer.Options{Now: func() time.Time { return noon }})
	if err != nil {
		t.Fatal(err)
	}
	sign := func(p signer.Policy) string {
		signed, err := s.URL(t.Context(), object, p)
		if err != nil {
			t.Fatal(err)
		}
		return signed
	}
	signed, limited := sign(signer.Policy{TTL: time.Hour}), sign(signer.Policy{TTL: time.Hour, IPAddress: "203.0.113.7"})
	keys := map[string]*signer.PublicKey{id: key.PublicKey()}
	for _, test := range []struct {
		name, url string
		keys      map[string]*signer.PublicKey
		at        time.Time
		viewer    string
		failed    Check
		code      string
	}{
		{name: "signed", url: signed, keys: keys},
		{name: "for the viewer", url: limited, keys: keys, viewer: "203.0.113.7"},
		{name: "for another viewer", url: limited, keys: keys, viewer: "203.0.113.8", failed: CheckAddress, code: "AccessDenied"},
		{name: "not signed", url: object, keys: keys, failed: CheckSigned, code: "MissingKey"},
		{name: "no key", url: signed, failed: CheckKey, code: "InvalidKey"},
		{name: "expired", url: signed, keys: keys, at: noon.Add(time.Hour + 1), failed: CheckExpiry, code: "AccessDenied"},
		{name: "rewritten", url: strings.Replace(signed, "%20", "+", 1), keys: keys, failed: CheckSignature, code: "AccessDenied"},
		{name: "copied out of HTML", url: strings.ReplaceAll(signed, "&", "&amp;"), keys: keys, failed: CheckSigned, code: "MissingKey"},
		{name: "no URL", url: "d111111abcdef8.cloudfront.net/a.png", keys: keys, failed: CheckTarget, code: "AccessDenied"},
		{name: "too long", url: object + "?" + strings.Repeat("x", maxTarget), keys: keys, failed: CheckSize, code: "RequestTooLong"},
	} {
		t.Run(test.name, func(t *testing.T) {
			r := signer.Request{URL: test.url, Time: noon}
			if !test.at.IsZero() {
				r.Time = test.at
			}
			if test.viewer != "" {
				r.RemoteAddr = netip.MustParseAddr(test.viewer)
			}
			x := ExplainSignature(r, test.keys)
			if x.Record.Allowed != (test.failed == "") || x.Record.Refused != test.failed || x.Record.Code != test.code {
				t.Errorf("allowed %t, refused at %q with %q: %s", x.Record.Allowed, x.Record.Refused, x.Record.Code, x.Record.Reason)
			}
			after := false
			for _, step := range x.Steps {
				want := step.Result == Passed || step.Result == NotMade
				switch {
				case step.Check == test.failed:
					want, after = step.Result == Failed, true
				case after:
					want = step.Result == NotReached
				}
				if !want || step.Result != NotReached && step.Detail == "" {
					t.Errorf("%s: %s, %q", step.Check, step.Result, step.Detail)
				}
			}
			if test.failed != "" != after {
				t.Errorf("the check that failed is not among %v", x.Steps)
			}
		})
	}
}
