package constructs

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/signedfront/signedfront/constructs/config"
)

// wiring is a field of an environment away from its default. Base makes an
// environment in which the field means something; away are values of the field,
// each of which must make an assembly of its own.
type wiring struct {
	base func(*config.Environment)
	away []any
}

func values(of ...any) []any { return of }

// wirings are those of all fields, by their paths. A field of a list is that of
// its first item. A boolean that makes a difference to the defaults needs no row.
var wirings = func() map[string]wiring {
	type env = config.Environment
	const (
		certificate = "arn:aws:acm:us-east-1:123456789012:certificate/"
		secret      = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:media-a1b2c3"
		kms         = "arn:aws:kms:eu-west-1:123456789012:key/"
		version     = "a1b2c3d4-5678-90ab-cdef-11112222333"
	)
	keys := func(of ...config.SigningKey) func(*env) {
		return func(e *env) {
			e.Content.SigningKeys = config.SigningKeys{Keys: slices.Clone(of), Current: of[0].Number}
		}
	}
	lender := func(e *env) {
		e.Content.Lender = &config.Lender{ParameterName: "/media/dev/signing", StackName: "Media", ImportedKeys: []config.PrivateKeyLocation{{}}}
	}
	page := func(e *env) {
		e.Content.ErrorPages = []config.ErrorPage{{ErrorCode: 403, ResponsePagePath: "/403.html", ResponseCode: 200}}
	}
	cors := func(e *env) { e.Content.CORS = &config.CORS{Origins: []string{"https://app.example.com"}} }
	domain := func(e *env) {
		e.Content.Domain = &config.Domain{Names: []string{"media.example.com"}, Certificate: certificate + "a", HostedZone: &config.HostedZone{ID: "Z1", Name: "example.com"}}
	}
	uploads := func(e *env) { e.Content.Uploads = &config.Uploads{Origins: []string{"https://app.example.com"}} }
	logs := func(e *env) { e.Content.AccessLogs = &config.AccessLogs{} }
	public := func(e *env) { e.Content.PublicPaths = []string{"/assets/*"} }
	return map[string]wiring{
		"Project": {nil, values("other")},
		"Name":    {nil, values("prod")},
		"Account": {nil, values("123456789012")},
		"Region":  {nil, values("eu-central-1")},
		"Tags":    {nil, values(map[string]string{"team": "media"})},

		"Content.Name":          {nil, values("media")},
		"Content.ParameterName": {nil, values("/media/signing")},
		"Content.OriginAccess":  {nil, values(config.Migrating, config.Migrated, config.OAC)},
		"Content.Encryption":    {func(e *env) { e.Content.OriginAccess = config.OAC }, values(config.EncryptionKMS, config.EncryptionLeavingKMS)},
		"Content.Bucket":        {nil, values("example-media")},

		"Content.SigningKeys.Keys.Number":                     {keys(config.SigningKey{Number: 1}), nil}, // with Current, below
		"Content.SigningKeys.Keys.Algorithm":                  {keys(config.SigningKey{Number: 1}), values("rsa-2048")},
		"Content.SigningKeys.Keys.Hash":                       {keys(config.SigningKey{Number: 1, Algorithm: "rsa-2048"}), values("sha1")},
		"Content.SigningKeys.Keys.Custody":                    {keys(config.SigningKey{Number: 1}), nil}, // with PublicKey, below
		"Content.SigningKeys.Keys.PublicKey":                  {keys(config.SigningKey{Number: 1, Custody: config.Imported, PublicKey: publicECDSA}), values(publicRSA)},
		"Content.SigningKeys.Keys.PrivateKey.SecretARN":       {keys(imported(1, publicECDSA, config.PrivateKeyLocation{SecretARN: secret, SecretVersionID: version + "3"})), values(strings.Replace(secret, "media", "film", 1))},
		"Content.SigningKeys.Keys.PrivateKey.SecretVersionID": {keys(imported(1, publicECDSA, config.PrivateKeyLocation{SecretARN: secret, SecretVersionID: version + "3"})), values(version + "4")},
		"Content.SigningKeys.Keys.PrivateKey.KMSARN":          {keys(imported(1, publicECDSA, config.PrivateKeyLocation{KMSARN: kms + "a"})), values(kms + "b")},
		"Content.SigningKeys.Keys.PrivateKey.File":            {keys(imported(1, publicECDSA, config.PrivateKeyLocation{})), values("/run/secrets/key.pem")},
		"Content.SigningKeys.Current":                         {keys(config.SigningKey{Number: 1}, config.SigningKey{Number: 2}), values(2)},
		"Content.SigningKeys.Compromised":                     {keys(config.SigningKey{Number: 1}, config.SigningKey{Number: 2}), values([]int{2}, []int{2, 3})},
		"Content.SigningKeys.AlsoTrust":                       {keys(config.SigningKey{Number: 1}), values([]string{"K2JCJMDEHXQW5F"}, []string{"KVTP0A1DKRTAX"})},
		"Content.SigningKeys.From":                            {nil, nil}, // below

		"Content.Lender.ParameterName": {lender, values("/media/prod/signing")},
		"Content.Lender.StackName":     {lender, values("Film")},
		"Content.Lender.KeyGroupID":    {lender, values("a1b2c3d4-5678-90ab-cdef-111122223333")},
		"Content.Lender.ImportedKeys.SecretARN": {func(e *env) {
			lender(e)
			e.Content.Lender.ImportedKeys[0] = config.PrivateKeyLocation{SecretARN: secret, SecretVersionID: version + "3"}
		}, values(strings.Replace(secret, "media", "film", 1))},
		"Content.Lender.ImportedKeys.SecretVersionID": {nil, nil}, // the lender's document has it
		"Content.Lender.ImportedKeys.KMSARN":          {lender, values(kms+"a", kms+"b")},
		"Content.Lender.ImportedKeys.File":            {nil, nil}, // needs no permission

		"Content.MaxURLLifetime":    {nil, values(24 * time.Hour)},
		"Content.MaxKeyAge":         {nil, values(time.Minute)},
		"Content.Guard":             {nil, values(new(bool))},
		"Content.Signers.Roles":     {nil, values([]string{"media-app"}, []string{"film-app"})},
		"Content.Signers.RoleARNs":  {nil, values([]string{"arn:aws:iam::444455556666:role/app"}, []string{"arn:aws:iam::444455556666:role/web"})},
		"Content.Downloads.Types":   {func(e *env) { e.Content.Downloads = &config.Downloads{} }, values(true)},
		"Content.Uploads.Origins":   {uploads, values([]string{"*"}, []string{"https://app.example.com", "https://*.example.com"})},
		"Content.Uploads.Roles":     {uploads, values([]string{"media-editor"}, []string{"film-editor"})},
		"Content.PublicPaths":       {nil, values([]string{"/assets/*"}, []string{"/styles/*"})},
		"Content.SignedPaths":       {public, values([]string{"/assets/a/*"}, []string{"/assets/b/*"})},
		"Content.DefaultRootObject": {nil, values("index.html", "start.html")},

		"Content.BucketPath":    {func(e *env) { e.Content.Bucket = "example-media" }, values("/a", "/b")},
		"Content.Versions.Keep": {func(e *env) { e.Content.Versions = &config.Versions{Keep: 24 * time.Hour} }, values(48 * time.Hour)},
		"Content.Missing":       {func(e *env) { e.Content.DefaultRootObject = "index.html" }, values(404)},

		"Content.ErrorPages.ErrorCode":        {page, values(404)},
		"Content.ErrorPages.ResponsePagePath": {page, values("/404.html")},
		"Content.ErrorPages.ResponseCode":     {page, values(403, 404)},
		"Content.ErrorPages.CachingMinTTL":    {page, values(time.Minute)},

		"Content.CORS.Origins":       {cors, values([]string{"*"}, []string{"https://*.example.com"})},
		"Content.CORS.Credentials":   {cors, values(true)},
		"Content.CORS.AllowHeaders":  {cors, values([]string{"Range"}, []string{"*"})},
		"Content.CORS.ExposeHeaders": {cors, values([]string{"ETag"})},
		"Content.CORS.MaxAge":        {cors, values(time.Hour)},

		"Content.ResponseHeaders.ContentSecurityPolicy":   {nil, values("default-src 'self'", "default-src 'none'")},
		"Content.ResponseHeaders.FrameOptions":            {nil, values(config.FrameOptionsDeny, config.FrameOptionsSameOrigin)},
		"Content.ResponseHeaders.ReferrerPolicy":          {nil, values(config.ReferrerPolicySameOrigin, config.ReferrerPolicyOrigin, config.ReferrerPolicyStrictOrigin, config.ReferrerPolicyOriginWhenCrossOrigin, config.ReferrerPolicyStrictOriginWhenCrossOrigin)},
		"Content.ResponseHeaders.StrictTransportSecurity": {nil, values(time.Hour)},
		"Content.ResponseHeaders.Custom":                  {nil, values(map[string]string{"X-A": "1"}, map[string]string{"X-A": "2"}, map[string]string{"X-B": "1"})},

		"Content.Domain.Names":           {domain, values([]string{"media.example.com", "*.media.example.com"}, []string{"film.example.com"}, []string(nil))},
		"Content.Domain.Certificate":     {domain, values(certificate+"b", "")},
		"Content.Domain.HostedZone.ID":   {domain, values("Z2")},
		"Content.Domain.HostedZone.Name": {nil, nil}, // what the names are checked against

		"Content.AccessLogs.Retention": {logs, values(24 * time.Hour)},
		"Content.AccessLogs.Bucket":    {logs, values("example-logs", "other-logs")},

		"Content.PriceClass":            {nil, values(config.PriceClass200, config.PriceClass100)},
		"Content.GeoRestriction.Allow":  {func(e *env) { e.Content.GeoRestriction = &config.GeoRestriction{Allow: []string{"DE"}} }, values([]string{"FR"})},
		"Content.GeoRestriction.Deny":   {func(e *env) { e.Content.GeoRestriction = &config.GeoRestriction{Deny: []string{"DE"}} }, values([]string{"FR"})},
		"Content.Behaviors.PathPattern": {func(e *env) { e.Content.Behaviors = []config.Behavior{{PathPattern: "/a/*"}} }, values("/b/*")},
		"Content.Behaviors.Public":      {func(e *env) { e.Content.Behaviors = []config.Behavior{{PathPattern: "/a/*"}} }, values(true)},
		"Content.WebACL":                {nil, values(webACL)},
		"Content.OriginShield":          {nil, values("eu-west-1", "us-east-1")},
	}
}()

func TestEverySettingChangesWhatIsDeployed(t *testing.T) {
	paths := fieldPaths(reflect.TypeFor[config.Environment](), "")
	for _, path := range slices.Sorted(maps.Keys(wirings)) {
		if !slices.Contains(paths, path) {
			t.Errorf("%s is no field", path)
		}
	}
	for _, path := range paths {
		row, has := wirings[path]
		if !has && isFlag(path) {
			row, has = wiring{nil, values(true)}, true
		}
		if !has {
			t.Errorf("%s has no row: give it a value that changes what is deployed", path)
			continue
		}
		if row.away == nil {
			continue
		}
		seen := map[string]any{fmt.Sprint(assembly(t, wired(row.base))): "its default"}
		for _, value := range row.away {
			e := wired(row.base)
			field := fieldAt(reflect.ValueOf(&e).Elem(), path)
			field.Set(reflect.ValueOf(value))
			made := fmt.Sprint(assembly(t, e))
			if other, same := seen[made]; same {
				t.Errorf("%s: with %v it is deployed as with %v", path, value, other)
			}
			seen[made] = value
		}
	}

	// Fields that go with another one.
	key := func(k config.SigningKey) config.Environment {
		e := wired(nil)
		e.Content.SigningKeys.Keys = []config.SigningKey{k}
		return e
	}
	for name, pair := range map[string][2]config.Environment{
		"not the number of a key": {key(config.SigningKey{Number: 1}), key(config.SigningKey{Number: 2})},
		"the custody of a key":    {key(config.SigningKey{Number: 1}), key(imported(1, publicECDSA, config.PrivateKeyLocation{}))},
		"the name of a lender":    {borrowingFrom(t, "dev"), borrowingFrom(t, "test")},
	} {
		if reflect.DeepEqual(assembly(t, pair[0]), assembly(t, pair[1])) {
			t.Errorf("%s changes nothing", name)
		}
	}
}

// borrowingFrom is an environment of cdk.json, which alone knows others by name.
func borrowingFrom(t *testing.T, from string) config.Environment {
	t.Helper()
	lender := map[string]any{"ephemeral": true, "lendKeys": true}
	config, err := config.Read(map[string]any{"project": "signedfront", "env": "pr", "environments": map[string]any{
		"dev": lender, "test": lender, "pr": map[string]any{"ephemeral": true, "signingKeys": map[string]any{"from": from}},
	}}, nil)
	if err != nil {
		t.Fatal(err)
	}
	return config.Environments[0]
}

// The documented default of a setting is its value when it is left out.
func TestDefaultsAreWhatTheyAreSaidToBe(t *testing.T) {
	base := func(e *config.Environment) {
		for _, path := range []string{"Content.ErrorPages.ErrorCode", "Content.CORS.Origins", "Content.AccessLogs.Retention"} {
			wirings[path].base(e)
		}
		e.Content.ErrorPages[0].ResponseCode = 0
		e.Content.SigningKeys.Keys = []config.SigningKey{{Number: 1}}
	}
	left := wired(base)
	said := wired(base)
	for path, value := range map[string]any{
		"Content.Name": "signedfront-dev", "Content.ParameterName": "/signedfront/signedfront/dev",
		"Content.OriginAccess": config.OAI, "Content.Encryption": config.EncryptionS3,
		"Content.SigningKeys.Keys.Algorithm": "ecdsa-p256", "Content.SigningKeys.Keys.Hash": "sha256",
		"Content.SigningKeys.Keys.Custody": config.SecretsManager, "Content.SigningKeys.Current": 1,
		"Content.MaxURLLifetime": 7 * 24 * time.Hour, "Content.MaxKeyAge": time.Hour,
		"Content.Missing": 403, "Content.ErrorPages.ResponseCode": 403, "Content.ErrorPages.CachingMinTTL": 10 * time.Second,
		"Content.CORS.AllowHeaders":  []string{"Range", "If-Range", "If-None-Match", "If-Modified-Since"},
		"Content.CORS.ExposeHeaders": []string{"Accept-Ranges", "Content-Range", "ETag"}, "Content.CORS.MaxAge": 10 * time.Minute,
		"Content.ResponseHeaders.ReferrerPolicy": config.ReferrerPolicyNoReferrer, "Content.ResponseHeaders.StrictTransportSecurity": 365 * 24 * time.Hour,
		"Content.AccessLogs.Retention": 90 * 24 * time.Hour, "Content.PriceClass": config.PriceClassAll,
	} {
		field := fieldAt(reflect.ValueOf(&said).Elem(), path)
		if !field.IsZero() {
			t.Errorf("%s is not left out", path)
		}
		field.Set(reflect.ValueOf(value))
	}
	if !reflect.DeepEqual(assembly(t, left), assembly(t, said)) {
		t.Error("what is left out is deployed otherwise than what is said to be the default")
	}
}

func wired(base func(*config.Environment)) config.Environment {
	e := config.Environment{Project: "signedfront", Name: "dev", Region: "eu-west-1"}
	if base != nil {
		base(&e)
	}
	return e
}

// fieldPaths returns the paths of all fields of a struct that are not structs.
func fieldPaths(of reflect.Type, at string) (paths []string) {
	for of.Kind() == reflect.Pointer || of.Kind() == reflect.Slice && of.Elem().Kind() == reflect.Struct {
		of = of.Elem()
	}
	if of.Kind() != reflect.Struct {
		return []string{at}
	}
	for i := range of.NumField() {
		paths = append(paths, fieldPaths(of.Field(i).Type, strings.TrimPrefix(at+"."+of.Field(i).Name, "."))...)
	}
	return paths
}

// isFlag reports whether a field is a boolean that every environment has.
func isFlag(path string) bool {
	of := reflect.TypeFor[config.Environment]()
	for _, name := range strings.Split(path, ".") {
		if of.Kind() != reflect.Struct {
			return false
		}
		field, _ := of.FieldByName(name)
		of = field.Type
	}
	return of.Kind() == reflect.Bool
}

func fieldAt(v reflect.Value, path string) reflect.Value {
	for _, name := range strings.Split(path, ".") {
		for v.Kind() == reflect.Pointer {
			v = v.Elem()
		}
		if v.Kind() == reflect.Slice {
			v = v.Index(0)
		}
		v = v.FieldByName(name)
	}
	return v
}
