package constructs

import (
	"encoding/json"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/signedfront/signedfront/constructs/config"
)

const webACL = "arn:aws:wafv2:us-east-1:123456789012:global/webacl/media/11111111-2222-3333-4444-555555555555"

// distributionConfig returns the configuration of the only distribution.
func distributionConfig(t *testing.T, template *template) map[string]any {
	t.Helper()
	_, distribution := template.only(t, "AWS::CloudFront::Distribution")
	return distribution.property("DistributionConfig").(map[string]any)
}

// behaviors returns the cache behaviors in the order in which CloudFront compares them.
// The default one is the last, with the pattern *.
func behaviors(t *testing.T, template *template) []map[string]any {
	t.Helper()
	config := distributionConfig(t, template)
	var all []map[string]any
	listed, _ := config["CacheBehaviors"].([]any)
	for _, behavior := range listed {
		all = append(all, behavior.(map[string]any))
	}
	last := config["DefaultCacheBehavior"].(map[string]any)
	last["PathPattern"] = "*"
	return append(all, last)
}

func TestBehaviorsLeaveNoSignedPathOpen(t *testing.T) {
	const public, signed = false, true
	type behavior struct {
		pattern string
		signed  bool
	}
	page := func(code int, path string) config.ErrorPage {
		return config.ErrorPage{ErrorCode: code, ResponsePagePath: path}
	}
	for _, test := range []struct {
		name    string
		content config.Content
		want    []behavior
	}{
		{"without patterns every path wants a signature", config.Content{},
			[]behavior{{"*", signed}}},
		{"public patterns keep their order", config.Content{PublicPaths: []string{"/b/*", "/a/*"}},
			[]behavior{{"/b/*", public}, {"/a/*", public}, {"*", signed}}},
		{"signed patterns come before all public ones, in their order",
			config.Content{PublicPaths: []string{"/a/*"}, SignedPaths: []string{"/a/z/*", "/a/b/*"}},
			[]behavior{{"/a/z/*", signed}, {"/a/b/*", signed}, {"/a/*", public}, {"*", signed}}},
		{"error pages are public",
			config.Content{PublicPaths: []string{"/a/*"}, SignedPaths: []string{"/a/b/*"}, ErrorPages: []config.ErrorPage{page(403, "/403.html"), page(404, "/404.html")}},
			[]behavior{{"/a/b/*", signed}, {"/403.html", public}, {"/404.html", public}, {"/a/*", public}, {"*", signed}}},
		{"a page of several errors, public by itself too, is one behavior",
			config.Content{PublicPaths: []string{"/e.html"}, ErrorPages: []config.ErrorPage{page(403, "/e.html"), page(404, "/e.html")}},
			[]behavior{{"/e.html", public}, {"*", signed}}},
	} {
		t.Run(test.name, func(t *testing.T) {
			template := synthesizeContent(t, func(c *config.Content) {
				c.PublicPaths, c.SignedPaths, c.ErrorPages = test.content.PublicPaths, test.content.SignedPaths, test.content.ErrorPages
			})
			groupID, _ := template.only(t, "AWS::CloudFront::KeyGroup")
			var got []behavior
			for _, b := range behaviors(t, template) {
				if keys := b["TrustedKeyGroups"]; keys != nil {
					wantJSON(t, "who is trusted", keys, fmt.Sprintf(`[{"Ref": %q}]`, groupID))
				}
				got = append(got, behavior{b["PathPattern"].(string), b["TrustedKeyGroups"] != nil})
			}
			if !slices.Equal(got, test.want) {
				t.Errorf("got  %v\nwant %v", got, test.want)
			}
		})
	}
}

func TestBehaviorsDifferInNothingButPatternAndTrust(t *testing.T) {
	for _, cors := range []*config.CORS{nil, {Origins: []string{"*"}}} {
		template := synthesizeContent(t, func(c *config.Content) {
			c.PublicPaths, c.SignedPaths = []string{"/a/*"}, []string{"/a/b/*"}
			c.ErrorPages = []config.ErrorPage{{ErrorCode: 403, ResponsePagePath: "/403.html"}}
			c.CORS = cors
		})
		all := behaviors(t, template)
		for _, behavior := range all {
			delete(behavior, "PathPattern")
			delete(behavior, "TrustedKeyGroups")
			delete(behavior, "FunctionAssociations") // in TestPublicBehaviorsAmongSignedPathsRefuseEscapes
		}
		want, err := json.Marshal(all[len(all)-1])
		if err != nil {
			t.Fatal(err)
		}
		for i, behavior := range all {
			wantJSON(t, fmt.Sprintf("behavior %d", i), behavior, string(want))
		}
	}
}

// TestDistributionServesTheBucketOverHTTPSAlone checks each default property.
func TestDistributionTakesWhatTheEnvironmentSays(t *testing.T) {
	for _, test := range []struct {
		name     string
		change   func(*config.Content)
		property string
		want     string
	}{
		{"policies that name addresses turn IPv6 off", func(c *config.Content) { c.AddressRestriction = true },
			"IPV6Enabled", `false`},
		{"an object for the root", func(c *config.Content) { c.DefaultRootObject = "index.html" },
			"DefaultRootObject", `"index.html"`},
		{"an error page keeps the status of the error, and is kept for ten seconds",
			func(c *config.Content) {
				c.ErrorPages = []config.ErrorPage{{ErrorCode: 403, ResponsePagePath: "/403.html"}}
			},
			"CustomErrorResponses", `[{"ErrorCode": 403, "ResponseCode": 403, "ResponsePagePath": "/403.html", "ErrorCachingMinTTL": 10}]`},
		{"an error page with another status, kept for longer",
			func(c *config.Content) {
				c.ErrorPages = []config.ErrorPage{{ErrorCode: 403, ResponsePagePath: "/404.html", ResponseCode: 404, CachingMinTTL: time.Minute}}
			},
			"CustomErrorResponses", `[{"ErrorCode": 403, "ResponseCode": 404, "ResponsePagePath": "/404.html", "ErrorCachingMinTTL": 60}]`},
		{"price class 100", func(c *config.Content) { c.PriceClass = config.PriceClass100 },
			"PriceClass", `"PriceClass_100"`},
		{"price class 200", func(c *config.Content) { c.PriceClass = config.PriceClass200 },
			"PriceClass", `"PriceClass_200"`},
		{"all edge locations are what CloudFront has by itself", func(c *config.Content) { c.PriceClass = config.PriceClassAll },
			"PriceClass", `null`},
		{"countries that are let in",
			func(c *config.Content) {
				c.GeoRestriction = &config.GeoRestriction{Allow: []string{"DE", "AT"}}
			},
			"Restrictions", `{"GeoRestriction": {"RestrictionType": "whitelist", "Locations": ["DE", "AT"]}}`},
		{"countries that are kept out",
			func(c *config.Content) { c.GeoRestriction = &config.GeoRestriction{Deny: []string{"FR"}} },
			"Restrictions", `{"GeoRestriction": {"RestrictionType": "blacklist", "Locations": ["FR"]}}`},
		{"a web ACL", func(c *config.Content) { c.WebACL = webACL }, "WebACLId", `"` + webACL + `"`},
	} {
		t.Run(test.name, func(t *testing.T) {
			wantJSON(t, test.property, distributionConfig(t, synthesizeContent(t, test.change))[test.property], test.want)
		})
	}
}

func TestOriginShieldStandsBeforeTheBucket(t *testing.T) {
	for _, access := range []config.OriginAccess{config.OAI, config.OAC} {
		template := synthesizeContent(t, func(c *config.Content) {
			c.OriginShield, c.OriginAccess = "eu-west-1", access
		})
		origins := distributionConfig(t, template)["Origins"].([]any)
		wantJSON(t, string(access), origins[0].(map[string]any)["OriginShield"], `{"Enabled": true, "OriginShieldRegion": "eu-west-1"}`)
	}
}

func TestDistributionSaysWhyItBreaksRules(t *testing.T) {
	const geo, acl, logs, tls, access = "AwsSolutions-CFR1", "AwsSolutions-CFR2", "AwsSolutions-CFR3", "AwsSolutions-CFR4", "AwsSolutions-CFR7"
	for _, test := range []struct {
		name   string
		change func(*config.Content)
		want   []string
	}{
		{"by default", func(*config.Content) {}, []string{geo, acl, logs, access, tls}},
		{"with countries", func(c *config.Content) { c.GeoRestriction = &config.GeoRestriction{Allow: []string{"DE"}} },
			[]string{acl, logs, access, tls}},
		{"with a web ACL", func(c *config.Content) { c.WebACL = webACL }, []string{geo, logs, access, tls}},
		{"while moving to an access control", func(c *config.Content) { c.OriginAccess = config.Migrating },
			[]string{geo, acl, logs, access, tls}},
		{"with an access control", func(c *config.Content) { c.OriginAccess = config.OAC }, []string{geo, acl, logs, tls}},
		{"with a domain", func(c *config.Content) {
			c.Domain = &config.Domain{Names: []string{"media.example.com"}, Certificate: certificateARN}
		}, []string{geo, acl, logs, access}},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, distribution := synthesizeContent(t, test.change).only(t, "AWS::CloudFront::Distribution")
			metadata, _ := distribution.Metadata["cdk_nag"].(map[string]any)
			var got []string
			for _, rule := range metadata["rules_to_suppress"].([]any) {
				acknowledged := rule.(map[string]any)
				if len(acknowledged["reason"].(string)) < 10 { // cdk-nag refuses shorter ones
					t.Errorf("%v has no reason", acknowledged)
				}
				got = append(got, acknowledged["id"].(string))
			}
			if !slices.Equal(got, test.want) {
				t.Errorf("got  %v\nwant %v", got, test.want)
			}
		})
	}
}
