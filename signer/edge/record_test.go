package edge

import (
	"strings"
	"testing"
)

func TestARefusalIsToldWithTheCodeInItsBody(t *testing.T) {
	s := serve(t)
	signed := strings.TrimPrefix(s.sign("/rt.png"), s.url)
	for target, want := range map[string]string{
		"/rt.png": "MissingKey",
		strings.Replace(signed, "Key-Pair-Id=K", "Key-Pair-Id=L", 1): "InvalidKey",
		strings.Replace(signed, "Expires=", "Expires=1", 1):          "AccessDenied",
		strings.Replace(signed, "Signature=", "Signature=!", 1):      "MalformedSignature",
		strings.TrimPrefix(s.sign("/none.png"), s.url):               "AccessDenied",
		"/" + strings.Repeat("x", maxTarget):                         "", // a page of CloudFront
		signed:                                                       "",
	} {
		got := s.edge.Explain(Record{Target: target}).Record
		if answer := s.get(s.url + target); got.Code != want || want != "" && !strings.Contains(answer.body, "<Code>"+want+"</Code>") {
			t.Errorf("%.60s: told %q, want %q; the body is %.200s", target, got.Code, want, answer.body)
		}
	}
}
