package constructs

import (
	"strings"
	"testing"
	"time"

	"github.com/signedfront/signedfront/constructs/config"
)

// everythingOn is an environment with as many settings as possible away from their
// defaults.
func everythingOn(t *testing.T) config.Environment {
	e := environmentOf(t, "everything", `{"account": "123456789012", "region": "eu-west-1"}`)
	e.Tags = map[string]string{"team": "media", "cost-center": "4711"}
	e.Content.Ephemeral, e.TerminationProtection = true, false
	e.Content.OriginAccess = config.OAC
	e.Content.Encryption = config.EncryptionKMS
	e.Content.Versions = &config.Versions{Keep: 30 * 24 * time.Hour}
	e.Content.SigningKeys = config.SigningKeys{
		Keys: []config.SigningKey{
			{Number: 1, Algorithm: "rsa-2048", Hash: "sha1"},
			{Number: 2, Custody: config.Imported, PublicKey: publicECDSA, PrivateKey: config.PrivateKeyLocation{
				KMSARN: "arn:aws:kms:eu-west-1:123456789012:key/0f51a2d0-7c1e-41ef-9d5a-0a1b2c3d4e5f",
			}},
			{Number: 3},
		},
		Current:   3,
		AlsoTrust: []string{"K2JCJMDEHXQW5F"},
	}
	e.Content.LendKeys = true
	e.Content.MaxURLLifetime, e.Content.MaxKeyAge = 24*time.Hour, 10*time.Minute
	e.Content.Signers = config.SignerRoles{Roles: []string{"media-app"}, RoleARNs: []string{"arn:aws:iam::444455556666:role/app"}}
	e.Content.Downloads = &config.Downloads{Types: true}
	e.Content.Uploads = &config.Uploads{Origins: []string{"https://app.example.com"}, Roles: []string{"media-editor"}}
	e.Content.PublicPaths = []string{"/assets/*", "*.ico"}
	e.Content.SignedPaths = []string{"/assets/premium/*", "/assets/beta/*"}
	e.Content.AddressRestriction = true
	e.Content.DefaultRootObject = "index.html"
	e.Content.Missing = 404
	e.Content.ErrorPages = []config.ErrorPage{
		{ErrorCode: 403, ResponsePagePath: "/errors/denied.html"},
		{ErrorCode: 404, ResponsePagePath: "/errors/denied.html", ResponseCode: 403, CachingMinTTL: time.Minute},
	}
	e.Content.CORS = &config.CORS{
		Origins:       []string{"https://app.example.com", "https://*.example.org"},
		Credentials:   true,
		AllowHeaders:  []string{"Range", "X-Player"},
		ExposeHeaders: []string{"ETag"},
		MaxAge:        time.Hour,
	}
	e.Content.ResponseHeaders = config.ResponseHeaders{
		ContentSecurityPolicy:   "default-src 'self'",
		FrameOptions:            config.FrameOptionsSameOrigin,
		ReferrerPolicy:          config.ReferrerPolicySameOrigin,
		StrictTransportSecurity: 24 * time.Hour,
		IncludeSubdomains:       true,
	}
	e.Content.Domain = &config.Domain{
		Names:      []string{"media.example.com", "*.media.example.com"},
		HostedZone: &config.HostedZone{ID: "Z0123456789ABCDEFGHIJ", Name: "example.com"},
	}
	e.Content.AccessLogs = &config.AccessLogs{Retention: 30 * 24 * time.Hour}
	e.Content.PriceClass = config.PriceClass100
	e.Content.GeoRestriction = &config.GeoRestriction{Allow: []string{"DE", "AT"}}
	e.Content.WebACL = webACL
	e.Content.OriginShield = "eu-west-1"
	return e
}

// synthesizeStacks returns the templates of an environment by the names of its stacks.
func synthesizeStacks(t *testing.T, e config.Environment) map[string]*template {
	t.Helper()
	templates := map[string]*template{}
	for file, text := range assembly(t, e) {
		if name, is := strings.CutSuffix(file, ".template.json"); is {
			templates[name] = parseTemplate(t, text)
		}
	}
	return templates
}
