package config

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/signedfront/signedfront/signer"
)

// environmentWith returns an environment with some settings.
func environmentWith(t *testing.T, settings string) Environment {
	t.Helper()
	c, err := Read(context(t, `{"project": "p", "environments": {"dev": `+settings+`}}`), nil)
	if err != nil {
		t.Fatalf("%s: %v", settings, err)
	}
	return c.Environments[0]
}

// away is each setting at another value than its default. A boolean that is
// false by default needs no row.
var away = map[string]struct {
	settings string
	change   func(*Environment)
}{
	"account":               {`{"account": "012345678901"}`, func(e *Environment) { e.Account = "012345678901" }},
	"region":                {`{"region": "eu-west-1"}`, func(e *Environment) { e.Region = "eu-west-1" }},
	"tags":                  {`{"tags": {"team": "media"}}`, func(e *Environment) { e.Tags = map[string]string{"team": "media"} }},
	"terminationProtection": {`{"terminationProtection": false}`, func(e *Environment) { e.TerminationProtection = false }},
	"ephemeral":             {`{"ephemeral": true}`, func(e *Environment) { e.Content.Ephemeral, e.TerminationProtection = true, false }},
	"originAccess":          {`{"originAccess": "migrating"}`, func(e *Environment) { e.Content.OriginAccess = Migrating }},
	"encryption": {`{"encryption": "kms", "originAccess": "oac"}`, func(e *Environment) {
		e.Content.Encryption, e.Content.OriginAccess = EncryptionKMS, OAC
	}},
	"bucket":   {`{"bucket": "www.example.com"}`, func(e *Environment) { e.Content.Bucket = "www.example.com" }},
	"versions": {`{"versions": {"keep": "30d"}}`, func(e *Environment) { e.Content.Versions = &Versions{Keep: 30 * 24 * time.Hour} }},
	"signingKeys": {`{"signingKeys": {"keys": {"2": {"algorithm": "rsa-2048"}, "3": {}}, "current": 3}}`, func(e *Environment) {
		e.Content.SigningKeys = SigningKeys{Current: 3, Keys: []SigningKey{
			{Number: 2, Algorithm: "rsa-2048", Hash: "sha256", Custody: SecretsManager},
			{Number: 3, Algorithm: "ecdsa-p256", Hash: "sha256", Custody: SecretsManager},
		}}
	}},
	"lendKeys": {`{"lendKeys": true, "terminationProtection": false}`, func(e *Environment) {
		e.Content.LendKeys, e.TerminationProtection = true, false
	}},
	"maxUrlLifetime": {`{"maxUrlLifetime": "2d"}`, func(e *Environment) { e.Content.MaxURLLifetime = 48 * time.Hour }},
	"maxKeyAge":      {`{"maxKeyAge": "90m"}`, func(e *Environment) { e.Content.MaxKeyAge = 90 * time.Minute }},
	"guard":          {`{"guard": false}`, func(e *Environment) { guard := false; e.Content.Guard = &guard }},
	"signers": {`{"signers": {"roles": ["media-app"], "roleArns": ["arn:aws:iam::210987654321:role/service/app"]}}`, func(e *Environment) {
		e.Content.Signers = SignerRoles{Roles: []string{"media-app"}, RoleARNs: []string{"arn:aws:iam::210987654321:role/service/app"}}
	}},
	"downloads": {`{"downloads": {"types": true}}`, func(e *Environment) { e.Content.Downloads = &Downloads{Types: true} }},
	"uploads": {`{"uploads": {"origins": ["https://app.example.com", "http://localhost:3000"], "roles": ["media-editor"]}}`, func(e *Environment) {
		e.Content.Uploads = &Uploads{Origins: []string{"https://app.example.com", "http://localhost:3000"}, Roles: []string{"media-editor"}}
	}},
	"publicPaths": {`{"publicPaths": ["/*"]}`, func(e *Environment) { e.Content.PublicPaths = []string{"/*"} }},
	"signedPaths": {`{"signedPaths": ["/a/*"], "publicPaths": ["/*"]}`, func(e *Environment) {
		e.Content.SignedPaths, e.Content.PublicPaths = []string{"/a/*"}, []string{"/*"}
	}},
	"defaultRootObject": {`{"defaultRootObject": "start/index.html"}`, func(e *Environment) { e.Content.DefaultRootObject = "start/index.html" }},
	"missing": {`{"missing": 404, "defaultRootObject": "index.html"}`, func(e *Environment) {
		e.Content.Missing, e.Content.DefaultRootObject = 404, "index.html"
	}},
	"errorPages": {`{"errorPages": [{"errorCode": 403, "responsePagePath": "/e/403.html"}, {"errorCode": 404, "responsePagePath": "/e/404.html", "responseCode": 200, "cachingMinTtl": "1m"}]}`, func(e *Environment) {
		e.Content.ErrorPages = []ErrorPage{
			{ErrorCode: 403, ResponsePagePath: "/e/403.html", ResponseCode: 403, CachingMinTTL: 10 * time.Second},
			{ErrorCode: 404, ResponsePagePath: "/e/404.html", ResponseCode: 200, CachingMinTTL: time.Minute},
		}
	}},
	"cors": {`{"cors": {"origins": ["https://*.example.com", "http://localhost:3000"], "credentials": true, "exposeHeaders": ["X-A"], "maxAge": "1h"}}`, func(e *Environment) {
		e.Content.CORS = &CORS{
			Origins: []string{"https://*.example.com", "http://localhost:3000"}, Credentials: true,
			AllowHeaders:  []string{"Range", "If-Range", "If-None-Match", "If-Modified-Since"},
			ExposeHeaders: []string{"X-A"}, MaxAge: time.Hour,
		}
	}},
	"responseHeaders": {`{"responseHeaders": {"contentSecurityPolicy": "default-src 'self'", "frameOptions": "SAMEORIGIN", "referrerPolicy": "same-origin", "strictTransportSecurity": "730d", "includeSubdomains": true, "custom": {"X-Robots-Tag": "noindex", "Cross-Origin-Resource-Policy": "same-origin", "Content-Security-Policy-Report-Only": "default-src 'none'"}}}`, func(e *Environment) {
		e.Content.ResponseHeaders = ResponseHeaders{
			ContentSecurityPolicy: "default-src 'self'", FrameOptions: FrameOptionsSameOrigin, ReferrerPolicy: ReferrerPolicySameOrigin,
			StrictTransportSecurity: 730 * 24 * time.Hour, IncludeSubdomains: true,
			Custom: map[string]string{
				"X-Robots-Tag": "noindex", "Cross-Origin-Resource-Policy": "same-origin", "Content-Security-Policy-Report-Only": "default-src 'none'",
			},
		}
	}},
	"domain": {`{"region": "eu-west-1", "domain": {"names": ["media.example.com", "*.example.com"], "hostedZone": {"id": "Z0123456789ABCDEFGHIJ", "name": "example.com"}}}`, func(e *Environment) {
		e.Region = "eu-west-1"
		e.Content.Domain = &Domain{Names: []string{"media.example.com", "*.example.com"}, HostedZone: &HostedZone{ID: "Z0123456789ABCDEFGHIJ", Name: "example.com"}}
	}},
	"accessLogs": {`{"region": "eu-west-1", "accessLogs": {}}`, func(e *Environment) {
		e.Region, e.Content.AccessLogs = "eu-west-1", &AccessLogs{Retention: 90 * 24 * time.Hour}
	}},
	"priceClass":     {`{"priceClass": "PriceClass_100"}`, func(e *Environment) { e.Content.PriceClass = PriceClass100 }},
	"geoRestriction": {`{"geoRestriction": {"deny": ["KP"]}}`, func(e *Environment) { e.Content.GeoRestriction = &GeoRestriction{Deny: []string{"KP"}} }},
	"webAcl": {`{"webAcl": "arn:aws:wafv2:us-east-1:123456789012:global/webacl/media/a1b2"}`, func(e *Environment) {
		e.Content.WebACL = "arn:aws:wafv2:us-east-1:123456789012:global/webacl/media/a1b2"
	}},
	"originShield": {`{"originShield": "eu-west-1"}`, func(e *Environment) { e.Content.OriginShield = "eu-west-1" }},
}

func TestEachSettingIsReadAndChangesNothingElse(t *testing.T) {
	standard := environmentWith(t, `{}`)
	var names []string
	for _, s := range settings(reflect.TypeFor[Environment]()) {
		names = append(names, s.name)
		test, has := away[s.name]
		if !has && s.field.Type.Kind() == reflect.Bool { // off by default, and nothing follows from it
			test.settings = fmt.Sprintf(`{%q: true}`, s.name)
			test.change = func(e *Environment) { reflect.ValueOf(e).Elem().FieldByIndex(s.field.Index).SetBool(true) }
			has = true
		}
		if !has {
			t.Errorf("no case for the setting %s", s.name)
			continue
		}
		want := standard
		test.change(&want)
		if got := environmentWith(t, test.settings); !reflect.DeepEqual(got, want) {
			t.Errorf("%s:\ngot  %+v\nwant %+v", s.name, got, want)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(away)) {
		if !slices.Contains(names, name) {
			t.Errorf("%s is no setting", name)
		}
	}
}

func TestABucketIsANameOrANameWithAFolder(t *testing.T) {
	content := environmentWith(t, `{"bucket": {"name": "media", "path": "/films/2026"}}`).Content
	if content.Bucket != "media" || content.BucketPath != "/films/2026" {
		t.Errorf("the folder %q of %q", content.BucketPath, content.Bucket)
	}
}

// The deployment document contains the folder, and signers refuse an invalid one.
func TestAFolderOfABucketIsOneThatSignersTake(t *testing.T) {
	for _, folder := range []string{
		"/a", "/a/b", "/a.b_c~d-e", "/..a", "/" + strings.Repeat("x", 254), "/" + strings.Repeat("x", 255),
		"/", "//", "/a/", "a", "/a//b", "/.", "/..", "/a/..", "/a b", "/a%20b", "/é", "/a*", "/a?", "/a\n", "/a+b",
	} {
		var wrong error
		for _, fault := range strings.Split(fmt.Sprint((&signer.Deployment{Bucket: &signer.Bucket{Name: "media", Region: "eu-west-1", Path: folder}}).Validate()), "\n") {
			if strings.HasPrefix(fault, "bucket.") {
				wrong = errors.New(fault)
			}
		}
		problems := problemsOf(func(at node) { checkBucketPath(at, folder, "media") })
		if (wrong == nil) != (len(problems) == 0) {
			t.Errorf("%.20q: signers say %v, and cdk.json %v", folder, wrong, problems)
		}
	}
	wantProblem(t, problemsOf(func(at node) { checkBucketPath(at, "/a", "") }), "Props: a folder without Bucket")
	wantProblem(t, problemsOf(func(at node) { checkBucketPath(at, someToken, "media") }), "Props: a token; write the folder itself")
}

func TestSettingsThatAreRightInOtherWays(t *testing.T) {
	for _, settings := range []string{
		`{"ephemeral": true, "terminationProtection": true}`,
		`{"ephemeral": true, "bucket": "media"}`,
		`{"originAccess": "oac", "region": "ca-west-1"}`,
		`{"originAccess": "oac", "encryption": "leaving-kms"}`,
		`{"domain": {"names": ["media.example.com"], "certificate": "arn:aws:acm:us-east-1:123456789012:certificate/a"}}`,
		`{"account": "123456789012", "domain": {"names": ["example.com"], "certificate": "arn:aws:acm:us-east-1:123456789012:certificate/a", "hostedZone": {"id": "Z1", "name": "example.com"}}}`,
		`{"domain": {"certificate": "arn:aws:acm:us-east-1:123456789012:certificate/a"}}`,
		`{"region": "eu-west-1", "domain": {"hostedZone": {"id": "Z1", "name": "example.com"}}}`,
		`{"domain": {"names": ["{environment}.example.com"], "certificate": "arn:aws:acm:us-east-1:123456789012:certificate/a"}}`,
		`{"region": "eu-west-1", "accessLogs": {"bucket": "logs"}}`,
		`{"downloads": true, "publicPaths": ["/assets/*"]}`,
		`{"downloads": false}`,
		`{"downloads": {}}`,
		`{"downloads": {"types": false}}`,
		`{"uploads": {"origins": ["*"]}}`,
		`{"uploads": {"roles": ["media-editor", "media-app"]}, "signers": {"roles": ["media-app"]}}`,
		`{"bucket": "example-media", "uploads": {"origins": ["https://*.example.com"]}}`,
		`{"cors": {"origins": ["*"], "allowHeaders": ["*"]}}`,
		`{"cors": {"origins": ["https://example.com:8443"]}}`,
		`{"publicPaths": ["/assets/*"], "signedPaths": ["/assets/premium/*"]}`,
		`{"publicPaths": ["/A/*", "/a/*", "/~u/x.js"]}`,
		`{"signingKeys": {"alsoTrust": ["K2JCJMDEHXQW5F", "KVTP0A1DKRTAX"]}}`,
		`{"signingKeys": {"keys": {"1": {}, "3": {}}, "current": 3, "alsoTrust": ["K2JCJMDEHXQW5F", "KVTP0A1DKRTAX", "K36X4X2EO997HM"]}}`,
		`{"geoRestriction": {"allow": ["DE", "FR", "GB"]}}`,
		`{"responseHeaders": {"custom": {"Cache-Control": "private, max-age=60", "Permissions-Policy": "camera=()", "X-Amzs": "1"}}}`,
		`{"tags": {"Kostenstelle ä": "a b/c:d=e+f-g@h.i_j"}}`,
	} {
		environmentWith(t, settings)
	}
}

func TestExamplesInErrorsAreRight(t *testing.T) {
	used := map[string]bool{"keys": true, "current": true, "compromised": true, "alsoTrust": true, "from": true}
	var check func(of reflect.Type)
	check = func(of reflect.Type) {
		for _, s := range settings(of) {
			used[s.name] = true
			example, has := examples[s.name]
			var value any
			if has && json.Unmarshal([]byte(example), &value) != nil {
				t.Errorf("the example of %s is no JSON: %s", s.name, example)
			}
			var problems Problems
			target := reflect.New(s.field.Type).Elem()
			if has && s.field.Type != reflect.TypeFor[[]SigningKey]() { // these are an object in cdk.json
				decoder{}.value(node{json: true, problems: &problems}, value, target, example)
			}
			if len(problems) > 0 {
				t.Errorf("the example of %s: %v", s.name, problems)
			}
			for target = reflect.New(s.field.Type).Elem(); target.Kind() == reflect.Pointer || target.Kind() == reflect.Slice; {
				target = reflect.New(target.Type().Elem()).Elem()
			}
			if target.Kind() == reflect.Struct {
				check(target.Type())
			}
		}
	}
	check(reflect.TypeFor[Environment]())
	check(reflect.TypeFor[SigningKey]())
	for _, name := range slices.Sorted(maps.Keys(examples)) {
		if !used[name] {
			t.Errorf("an example of %s, which is no setting", name)
		}
	}
	for _, name := range []string{"signers", "publicPaths", "errorPages", "cors", "responseHeaders", "geoRestriction", "webAcl", "originShield", "bucket", "versions", "defaultRootObject"} {
		environmentWith(t, fmt.Sprintf("{%q: %s}", name, examples[name]))
	}
}

func TestAProgramIsToldTheNamesOfItsFields(t *testing.T) {
	content := Content{
		OriginAccess: "ocs", Encryption: EncryptionKMS, Bucket: "Media",
		PublicPaths: []string{"assets/*"}, SignedPaths: []string{"/a/*", "/a/b/*"},
		ErrorPages: []ErrorPage{{ErrorCode: 403, CachingMinTTL: -1}},
		CORS:       &CORS{Origins: []string{"*"}, Credentials: true},
		Domain:     &Domain{Names: []string{"localhost"}},
		AccessLogs: &AccessLogs{Retention: time.Hour},
		Signers:    SignerRoles{Roles: []string{"a b"}, RoleARNs: []string{"media-app"}},
		WebACL:     "media",
	}
	var paths []string
	for _, p := range content.WithDefaults().Check() {
		paths = append(paths, p.Path)
	}
	want := []string{
		"OriginAccess", "Bucket", "Encryption", "Signers.Roles[0]", "Signers.RoleARNs[0]", "SignedPaths[1]", "PublicPaths[0]",
		"ErrorPages[0].ResponsePagePath", "ErrorPages[0].CachingMinTTL", "CORS.Origins[0]", "Domain.Names[0]", "Domain", "AccessLogs.Retention", "WebACL",
	}
	slices.Sort(paths)
	slices.Sort(want)
	if !slices.Equal(paths, want) {
		t.Errorf("got  %v\nwant %v", paths, want)
	}
	text := content.WithDefaults().Check().Error()
	for _, words := range []string{`"*" with Credentials;`, "neither Certificate nor HostedZone;", "of this account into Roles"} {
		if !strings.Contains(text, words) {
			t.Errorf("%q is not in\n%s", words, text)
		}
	}
}

func TestTokensOfAProgramAreNotChecked(t *testing.T) {
	const token = "${Token[Bucket.Ref.123]}"
	content := Content{
		Bucket: token, PublicPaths: []string{token}, SignedPaths: []string{token, "/a/*"},
		Signers:           SignerRoles{Roles: []string{token, token}, RoleARNs: []string{token}},
		DefaultRootObject: token, ErrorPages: []ErrorPage{{ErrorCode: 403, ResponsePagePath: token}},
		CORS:            &CORS{Origins: []string{token}, AllowHeaders: []string{token}},
		ResponseHeaders: ResponseHeaders{ContentSecurityPolicy: token, Custom: map[string]string{"X-Robots-Tag": token}},
		Domain:          &Domain{Names: []string{"media.example.com"}, Certificate: token, HostedZone: &HostedZone{ID: token, Name: token}},
		AccessLogs:      &AccessLogs{Bucket: token + "-logs"},
		WebACL:          token, OriginShield: token,
		SigningKeys: SigningKeys{Keys: []SigningKey{{Number: 1, Custody: Imported, PublicKey: keyTexts()["p256"], PrivateKey: PrivateKeyLocation{SecretARN: token, SecretVersionID: token}}}},
	}
	if problems := content.WithDefaults().Check(); problems != nil {
		t.Errorf("got %v", problems)
	}
	if problems := CheckRegion("region", token, OAI); problems != nil {
		t.Errorf("got %v", problems)
	}
}

// The template is made from these: a token would be an unknown word, or make the CDK
// panic.
func TestTokensAreRefusedWhereTheTemplateIsMadeByThem(t *testing.T) {
	const token = "${Token[Word.Ref.1]}"
	content := Content{
		OriginAccess: token, Encryption: token, PriceClass: token,
		ResponseHeaders: ResponseHeaders{FrameOptions: token, ReferrerPolicy: token},
		Domain:          &Domain{Names: []string{"media.example.com", token}, Certificate: token},
		SigningKeys:     SigningKeys{Keys: []SigningKey{{Number: 1, Algorithm: token, Hash: token, Custody: token}}},
		GeoRestriction:  &GeoRestriction{Allow: []string{"DE", token}},
	}
	var paths []string
	for _, problem := range content.WithDefaults().Check() {
		paths = append(paths, problem.Path)
		if problem.Found != "a token" {
			t.Errorf("got %s", problem)
		}
	}
	slices.Sort(paths)
	want := []string{
		"Domain.Names[1]", "Encryption", "GeoRestriction.Allow[1]", "OriginAccess", "PriceClass", "ResponseHeaders.FrameOptions", "ResponseHeaders.ReferrerPolicy",
		"SigningKeys.Keys.1.Algorithm", "SigningKeys.Keys.1.Custody", "SigningKeys.Keys.1.Hash",
	}
	if !slices.Equal(paths, want) {
		t.Errorf("got %q, want %q", paths, want)
	}
}

// In cdk.json an empty list is refused as it is read. One of a program must not
// mean the default, which is the opposite of it, nor be what CloudFront refuses.
func TestEmptyListsOfAProgramMeanNoDefault(t *testing.T) {
	content := Content{
		SigningKeys:    SigningKeys{Keys: []SigningKey{}},
		CORS:           &CORS{Origins: []string{}, AllowHeaders: []string{}, ExposeHeaders: []string{}},
		Domain:         &Domain{Names: []string{}, Certificate: "arn:aws:acm:us-east-1:123456789012:certificate/a"},
		GeoRestriction: &GeoRestriction{Allow: []string{}, Deny: []string{}},
	}
	var paths []string
	for _, problem := range content.WithDefaults().Check() {
		paths = append(paths, problem.Path)
	}
	if want := []string{"SigningKeys.Keys", "CORS.Origins", "CORS.AllowHeaders", "CORS.ExposeHeaders", "Domain.Names", "GeoRestriction"}; !slices.Equal(paths, want) {
		t.Errorf("got %q, want %q", paths, want)
	}
	none := Content{PublicPaths: []string{}, SignedPaths: []string{}, ErrorPages: []ErrorPage{}, Signers: SignerRoles{Roles: []string{}, RoleARNs: []string{}}}
	if problems := none.WithDefaults().Check(); problems != nil {
		t.Errorf("lists of which none is the default: %v", problems)
	}
}

func TestDefaultsLeaveTheCallersValuesAlone(t *testing.T) {
	content := Content{
		ErrorPages:  []ErrorPage{{ErrorCode: 403, ResponsePagePath: "/403.html"}},
		CORS:        &CORS{Origins: []string{"*"}},
		AccessLogs:  &AccessLogs{},
		SigningKeys: SigningKeys{Keys: []SigningKey{{Number: 2}, {Number: 1}}, Current: 1},
	}
	content.WithDefaults()
	if page := content.ErrorPages[0]; page.ResponseCode != 0 || page.CachingMinTTL != 0 {
		t.Errorf("error page %+v", page)
	}
	if content.CORS.MaxAge != 0 || content.AccessLogs.Retention != 0 || content.SigningKeys.Keys[0] != (SigningKey{Number: 2}) {
		t.Errorf("changed to %+v, %+v, %+v", content.CORS, content.AccessLogs, content.SigningKeys)
	}
	once := content.WithDefaults()
	if twice := once.WithDefaults(); !reflect.DeepEqual(once, twice) {
		t.Errorf("defaults of defaults: %+v, not %+v", twice, once)
	}
}

func TestTagsLeaveRoomForOneOfOurs(t *testing.T) {
	tags := map[string]string{}
	for i := range 50 {
		tags[fmt.Sprint("t", i)] = "x"
	}
	text, _ := json.Marshal(tags)
	if got := found(t, fmt.Sprintf(`{"tags": %s}`, text), nil); got != nil {
		t.Errorf("50 tags: %v", got)
	}
	want := "tags: 50 tags; write 49 at most, because AWS allows one more and signedfront adds one itself"
	for _, ours := range []string{`"ephemeral": true`, `"lendKeys": true, "terminationProtection": false`} {
		if got := found(t, fmt.Sprintf(`{%s, "tags": %s}`, ours, text), nil); !slices.Equal(got, []string{want}) {
			t.Errorf("50 tags and %s: %v", ours, got)
		}
	}
	tags["one"] = "more"
	text, _ = json.Marshal(tags)
	if got := found(t, fmt.Sprintf(`{"tags": %s}`, text), nil); !slices.Equal(got, []string{"tags: 51 tags; write 50 at most, the AWS limit"}) {
		t.Errorf("51 tags: %v", got)
	}
}

func TestRootObjectMayHaveAsManyCharactersAsAPattern(t *testing.T) {
	environmentWith(t, `{"defaultRootObject": "`+strings.Repeat("x", 255)+`"}`)
	environmentWith(t, `{"publicPaths": ["/`+strings.Repeat("x", 254)+`"]}`)
}

func TestWhatIsSeldomMeantIsWarnedOf(t *testing.T) {
	const open = "list in signedPaths the paths that require a signature, or make this pattern narrower: it opens everything"
	names := func(n int) string {
		list := []string{`"example.com"`}
		for i := range n - 1 {
			list = append(list, fmt.Sprintf(`"n%d.example.com"`, i))
		}
		return strings.Join(list, ", ")
	}
	roles := func(n int) string {
		var list []string
		for i := range n {
			list = append(list, fmt.Sprintf(`"arn:aws:iam::210987654321:role/web-apps-%03d"`, i))
		}
		return strings.Join(list, ", ")
	}
	const zone = `"hostedZone": {"id": "Z1", "name": "example.com"}`
	tests := []struct {
		name     string
		settings string
		want     []string
	}{
		{"everything is public", `{"publicPaths": ["/*"]}`, []string{`publicPaths[0]: "/*", without signedPaths; ` + open}},
		{"everything is public, with a slash", `{"publicPaths": ["/a/*", "/*"]}`, []string{`publicPaths[1]: "/*", without signedPaths; ` + open}},
		{"everything is public but what is signed", `{"publicPaths": ["/*"], "signedPaths": ["/a/*"]}`, nil},
		{"a page for missing objects, which are 403", `{"errorPages": [{"errorCode": 403, "responsePagePath": "/403.html"}, {"errorCode": 404, "responsePagePath": "/404.html"}]}`, []string{
			"errorPages[1].errorCode: 404, which the bucket never answers; write missing 404 too, or 403 here: without it, the answer for a missing object is 403"}},
		{"a page for missing objects", `{"missing": 404, "defaultRootObject": "index.html", "errorPages": [{"errorCode": 404, "responsePagePath": "/404.html"}]}`, nil},
		{"a page for missing objects of a bucket that may let CloudFront list it", `{"bucket": "media", "errorPages": [{"errorCode": 404, "responsePagePath": "/404.html"}]}`, nil},
		{"much is public", `{"publicPaths": ["/-*"]}`, nil},
		{"a header of which browsers take the star for a letter", `{"cors": {"origins": ["*"], "allowHeaders": ["*", "x-*"]}}`, []string{
			`cors.allowHeaders[1]: "x-*"; list each header by its name: browsers read this as the name of one header`}},
		{"more roles of others than a trust policy holds", `{"signers": {"roleArns": [` + roles(43) + `]}}`, []string{
			"signers.roleArns: 43 roles, which make a trust policy of 2084 characters; list fewer, or ask AWS for more: the IAM quota of a trust policy is 2048 characters, https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html"}},
		{"as many roles of others as a trust policy holds", `{"signers": {"roleArns": [` + roles(42) + `]}}`, nil},
		{"eleven names of a certificate to be made", `{"region": "eu-west-1", "domain": {"names": [` + names(11) + `], ` + zone + `}}`, []string{
			"domain.names: 11 names, with a certificate that the stack makes; AWS Certificate Manager allows 10 in a certificate: list fewer, or ask AWS for more, https://docs.aws.amazon.com/acm/latest/userguide/acm-limits.html"}},
		{"ten names of a certificate to be made", `{"region": "eu-west-1", "domain": {"names": [` + names(10) + `], ` + zone + `}}`, nil},
		{"eleven names of a certificate that is there", `{"domain": {"names": [` + names(11) + `], "certificate": "arn:aws:acm:us-east-1:123456789012:certificate/a", ` + zone + `}}`, nil},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			c, err := Read(context(t, `{"project": "p", "environments": {"dev": `+test.settings+`}}`), nil)
			if err != nil {
				t.Fatal(err)
			}
			if got := problemsIn(t, c.Warnings(), "environments.dev."); !slices.Equal(got, test.want) {
				t.Errorf("got  %q\nwant %q", got, test.want)
			}
		})
	}
}

func TestKeysOfAProgramAreKnownWhenItRuns(t *testing.T) {
	content := Content{SigningKeys: SigningKeys{Keys: []SigningKey{{Number: 1, Custody: Imported, PublicKey: "${Token[TOKEN.1]}"}}}}
	want := "SigningKeys.Keys.1.PublicKey: a token; write the key itself: the deployment document holds its hash"
	if got := content.WithDefaults().Check().Error(); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

func TestPagesThatArePublicPathsTakeNoBehaviorMore(t *testing.T) {
	content := Content{
		PublicPaths: []string{"/403.html"},
		ErrorPages:  []ErrorPage{{ErrorCode: 403, ResponsePagePath: "/403.html"}, {ErrorCode: 404, ResponsePagePath: "/404.html"}, {ErrorCode: 405, ResponsePagePath: "/404.html"}},
	}
	for i := range 72 {
		content.PublicPaths = append(content.PublicPaths, fmt.Sprintf("/%d/*", i))
	}
	if problems := content.WithDefaults().Check(); problems != nil {
		t.Errorf("75 behaviors: %v", problems)
	}
	content.SignedPaths = []string{"/0/premium/*"}
	want := "PublicPaths: 76 cache behaviors: the default one, 1 of signed and 73 of public paths, 1 of error pages; make fewer and wider patterns: a distribution has at most 75 behaviors"
	if problems := content.WithDefaults().Check(); len(problems) != 1 || problems[0].String() != want {
		t.Errorf("76 behaviors: %v", problems)
	}
}

func TestWordsOfAMigrationSayWhoReads(t *testing.T) {
	for access, want := range map[OriginAccess][3]bool{ // an identity may, a control may, the control is used
		"": {true, false, false}, OAI: {true, false, false}, Migrating: {true, true, false}, Migrated: {true, true, true}, OAC: {false, true, true},
	} {
		if got := [3]bool{access.HasIdentity(), access.HasControl(), access.UsesControl()}; got != want {
			t.Errorf("%s: %v, want %v", access, got, want)
		}
	}
}
