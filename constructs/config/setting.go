package config

import (
	"fmt"
	"reflect"
	"slices"
)

// setting is a field that cdk.json can set.
type setting struct {
	name  string // in cdk.json
	field reflect.StructField
}

// settings returns the settings of a struct in the order of its fields. The settings
// of an inline field are among them.
func settings(of reflect.Type) (list []setting) {
	for i := range of.NumField() {
		field := of.Field(i)
		switch name := field.Tag.Get("json"); name {
		case "", "-":
		case ",inline":
			for _, inner := range settings(field.Type) {
				inner.field.Index = slices.Concat(field.Index, inner.field.Index)
				list = append(list, inner)
			}
		default:
			list = append(list, setting{name, field})
		}
	}
	return list
}

// ownNames are the names of fields and settings. They are not a caller's text, so
// errors may repeat them.
var ownNames = func() map[string]bool {
	names := map[string]bool{}
	for field, name := range jsonNames {
		names[field], names[name] = true, true
	}
	for _, of := range []reflect.Type{reflect.TypeFor[Environment](), reflect.TypeFor[Content](), reflect.TypeFor[Lender]()} {
		for i := range of.NumField() {
			names[of.Field(i).Name] = true
		}
	}
	return names
}()

// jsonNames maps the Go name of each field that cdk.json can set to its name in
// cdk.json. Fields with the same Go name have the same name in cdk.json.
var jsonNames = func() map[string]string {
	names := map[string]string{}
	var add func(t reflect.Type)
	add = func(t reflect.Type) {
		switch t.Kind() {
		case reflect.Pointer, reflect.Slice:
			add(t.Elem())
		case reflect.Struct:
			for _, s := range settings(t) {
				if other, has := names[s.field.Name]; has && other != s.name {
					panic(fmt.Sprintf("the field %s is %s and %s in cdk.json", s.field.Name, other, s.name))
				}
				names[s.field.Name] = s.name
				add(s.field.Type)
			}
		}
	}
	add(reflect.TypeFor[Environment]())
	return names
}()

// settingsWith maps the name of an inner setting, such as current, to the settings
// of an environment that contain it, such as signingKeys.
var settingsWith = func() map[string][]string {
	outer := map[string][]string{}
	for _, s := range settings(reflect.TypeFor[Environment]()) {
		t := s.field.Type
		if t.Kind() == reflect.Pointer {
			t = t.Elem()
		}
		if t.Kind() != reflect.Struct {
			continue
		}
		for _, inner := range settings(t) {
			outer[inner.name] = append(outer[inner.name], s.name)
		}
	}
	outer["path"] = append(outer["path"], "bucket") // bucket has two forms
	return outer
}()

// renamed maps former names of settings to their new names.
var renamed = map[string]string{"securityHeaders": "responseHeaders"}

// examples maps the name of a setting in cdk.json to an example value in JSON, for
// errors, for the schema and for README.md.
var examples = map[string]string{
	"account": `"123456789012"`,
	"region":  `"eu-west-1"`,
	"tags":    `{"team": "media"}`,

	"bucket":   `"example-media"`,
	"versions": `{"keep": "30d"}`,
	"keep":     `"30d"`,

	"signingKeys":     `{"keys": {"1": {}, "2": {}}, "current": 2}`,
	"keys":            `{"1": {}, "2": {"algorithm": "rsa-2048"}}`,
	"current":         `2`,
	"compromised":     `[1]`,
	"alsoTrust":       `["K2JCJMDEHXQW5F"]`,
	"from":            `"dev"`,
	"publicKey":       `"public_key.pem"`,
	"privateKey":      `{"file": "/run/secrets/private_key.pem"}`,
	"secretArn":       `"arn:aws:secretsmanager:eu-west-1:123456789012:secret:media-key-a1b2c3"`,
	"secretVersionId": `"a1b2c3d4-5678-90ab-cdef-111122223333"`,
	"kmsArn":          `"arn:aws:kms:eu-west-1:123456789012:key/a1b2c3d4-5678-90ab-cdef-111122223333"`,
	"file":            `"/run/secrets/private_key.pem"`,

	"signers":  `{"roles": ["media-app"]}`,
	"roles":    `["media-app"]`,
	"roleArns": `["arn:aws:iam::210987654321:role/media-app"]`,

	"downloads": `true`,

	"uploads": `{"origins": ["https://app.example.com"], "roles": ["media-editor"]}`,

	"publicPaths":       `["/assets/*"]`,
	"signedPaths":       `["/assets/premium/*"]`,
	"defaultRootObject": `"index.html"`,
	"missing":           `404`,

	"errorPages":       `[{"errorCode": 403, "responsePagePath": "/errors/403.html"}]`,
	"errorCode":        `403`,
	"responsePagePath": `"/errors/403.html"`,
	"responseCode":     `200`,

	"cors":          `{"origins": ["https://app.example.com"]}`,
	"origins":       `["https://app.example.com"]`,
	"allowHeaders":  `["Range"]`,
	"exposeHeaders": `["Content-Range"]`,

	"responseHeaders":       `{"custom": {"X-Robots-Tag": "noindex"}}`,
	"contentSecurityPolicy": `"default-src 'self'"`,
	"custom":                `{"X-Robots-Tag": "noindex"}`,

	"domain":      `{"names": ["media.example.com"], "hostedZone": {"id": "Z0123456789ABCDEFGHIJ", "name": "example.com"}}`,
	"names":       `["media.example.com"]`,
	"certificate": `"arn:aws:acm:us-east-1:123456789012:certificate/a1b2c3d4-5678-90ab-cdef-111122223333"`,
	"hostedZone":  `{"id": "Z0123456789ABCDEFGHIJ", "name": "example.com"}`,
	"id":          `"Z0123456789ABCDEFGHIJ"`,
	"name":        `"example.com"`,

	"accessLogs":     `{"retention": "30d"}`,
	"geoRestriction": `{"allow": ["DE", "FR"]}`,
	"allow":          `["DE", "FR"]`,
	"deny":           `["KP"]`,
	"webAcl":         `"arn:aws:wafv2:us-east-1:123456789012:global/webacl/media/a1b2c3d4-5678-90ab-cdef-111122223333"`,
	"originShield":   `"eu-west-1"`,
}
