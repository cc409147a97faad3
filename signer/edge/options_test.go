package edge

import (
	"strings"
	"testing"
)

func TestBehaviorsWithAndWithoutSignaturesStandSideBySide(t *testing.T) {
	group := []any{map[string]any{"Ref": "KeyGroup"}}
	behavior := func(pattern string, groups []any) any {
		b := map[string]any{"PathPattern": pattern, "TargetOriginId": "content", "ViewerProtocolPolicy": "https-only"}
		if groups != nil {
			b["TrustedKeyGroups"] = groups
		}
		return b
	}
	for _, test := range []struct {
		name      string
		behaviors []any
		fallback  []any // its key groups
		open      []string
		signed    []string
	}{
		{"public paths of a signed distribution", []any{behavior("public/*", nil), behavior("/*.svg", nil)}, group,
			[]string{"/public/logo.svg"}, []string{"/rt.png", "/users/1/photo.jpg"}},
		{"signed paths of a public distribution", []any{behavior("users/*", group)}, nil,
			[]string{"/rt.png", "/public/logo.svg"}, []string{"/users/1/photo.jpg", "/users/2/photo.jpg"}},
		{"a signed path within a public one, first", []any{behavior("/users/1/*", group), behavior("/users/*", nil)}, group,
			[]string{"/users/2/photo.jpg"}, []string{"/users/1/photo.jpg", "/rt.png"}},
		{"a signed path within a public one, too late", []any{behavior("/users/*", nil), behavior("/users/1/*", group)}, group,
			[]string{"/users/2/photo.jpg", "/users/1/photo.jpg"}, []string{"/rt.png"}},
		{"a question mark is one character", []any{behavior("/users/?/photo.jp?", nil)}, group,
			[]string{"/users/1/photo.jpg", "/users/2/photo.jpg"}, []string{"/rt.png"}},
		{"a question mark is not none", []any{behavior("/rt.png?", nil), behavior("/users/1?/*", nil)}, group,
			nil, []string{"/rt.png", "/users/1/photo.jpg"}},
		{"a star in front, with and without the slash", []any{behavior("*.png", nil), behavior("/*/photo.jpg", nil)}, group,
			[]string{"/rt.png", "/users/1/photo.jpg"}, []string{"/public/logo.svg"}},
		{"an exact path, with and without the slash", []any{behavior("rt.png", nil), behavior("/public/logo.svg", nil)}, group,
			[]string{"/rt.png", "/public/logo.svg"}, []string{"/users/1/photo.jpg"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			var groups any
			if test.fallback != nil {
				groups = test.fallback
			}
			s := serve(t, change{config + ".CacheBehaviors", test.behaviors}, change{fallback + ".TrustedKeyGroups", groups})
			for _, path := range test.open {
				if got := s.get(s.url + path); got.status != 200 {
					t.Errorf("%s, unsigned: %d", path, got.status)
				}
			}
			for _, path := range test.signed {
				if got := s.get(s.url + path); got.status != 403 || !strings.Contains(got.body, "MissingKey") {
					t.Errorf("%s, unsigned: %d %s", path, got.status, got.body)
				}
				if got := s.get(s.sign(path)); got.status != 200 {
					t.Errorf("%s, signed: %d %s", path, got.status, got.header.Get(reasonHeader))
				}
			}
		})
	}
}

// What has no part in answering a request on this machine is passed over, also
// where it refers to what is not here.
func TestTheRestOfAStackIsPassedOver(t *testing.T) {
	elsewhere := stackOutput("shop-dev-global", "CertificateArn", "Region", "us-east-1")
	some := func(kind string, properties map[string]any) map[string]any {
		return map[string]any{"Type": kind, "Properties": properties}
	}
	s := serve(t,
		change{config + ".Aliases", []any{"media.example.com"}},
		change{config + ".ViewerCertificate", map[string]any{"AcmCertificateArn": elsewhere, "SslSupportMethod": "sni-only", "MinimumProtocolVersion": "TLSv1.2_2021"}},
		change{config + ".WebACLId", elsewhere},
		change{config + ".PriceClass", "PriceClass_100"},
		change{config + ".IPV6Enabled", false},
		change{config + ".Restrictions", map[string]any{"GeoRestriction": map[string]any{"RestrictionType": "whitelist", "Locations": []any{"CH"}}}},
		change{config + ".Logging", map[string]any{"Bucket": elsewhere}},
		change{origin0 + ".OriginShield", map[string]any{"Enabled": true, "OriginShieldRegion": "eu-central-1"}},
		change{"Resources.Distribution.Properties.Tags", []any{map[string]any{"Key": "team", "Value": elsewhere}}},
		change{"Resources.Record", some("AWS::Route53::RecordSet", map[string]any{"AliasTarget": map[string]any{"DNSName": map[string]any{"Fn::GetAtt": "Distribution.DomainName"}}})},
		change{"Resources.LogSource", some("AWS::Logs::DeliverySource", map[string]any{"ResourceArn": elsewhere})},
		change{"Resources.LogDelivery", some("AWS::Logs::Delivery", map[string]any{"DeliverySourceName": map[string]any{"Ref": "LogSource"}})},
		change{"Resources.Key", some("AWS::KMS::Key", map[string]any{"KeyPolicy": elsewhere})},
		change{"Resources.Role", some("AWS::IAM::Role", map[string]any{"AssumeRolePolicyDocument": elsewhere})},
		change{"Resources.OtherParameter", some("AWS::SSM::Parameter", map[string]any{"Value": elsewhere})},
		change{"Outputs.Certificate", map[string]any{"Value": elsewhere}},
		change{document + ".Fn::Join", []any{"", []any{
			`{"schema":1,"baseUrl":"https://media.example.com","keyPairId":"`, map[string]any{"Ref": "PublicKey"},
			`","algorithm":"ecdsa-p256","hash":"sha256","publicKeySha256":"`, map[string]any{"Fn::GetAtt": "KeyPair.PublicKeySha256"},
			`","key":{"file":"key.pem"}}`,
		}}})
	if d := s.edge.Deployment(); d.BaseURL != s.url {
		t.Errorf("the base URL is %s", d.BaseURL)
	}
	if got := s.get(s.sign("/rt.png")); got.status != 200 {
		t.Errorf("signed: %d %s", got.status, got.header.Get(reasonHeader))
	}
	if got := s.get(s.url + "/rt.png"); got.status != 403 {
		t.Errorf("unsigned: %d", got.status)
	}
	if got := s.get(s.sign("/rt.png"), "Host", "media.example.com"); got.status != 403 {
		t.Errorf("under the alias, which is not this machine's: %d", got.status)
	}
}
