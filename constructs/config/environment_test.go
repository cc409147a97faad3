package config

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"reflect"
	"strings"
	"testing"
	"testing/fstest"
	"time"
)

// context decodes JSON in the form in which the CDK passes the context of cdk.json.
func context(t *testing.T, text string) map[string]any {
	t.Helper()
	var members map[string]any
	if err := json.Unmarshal([]byte(text), &members); err != nil {
		t.Fatal(err)
	}
	return members
}

func TestEnvironmentsAreReadWithTheirDefaults(t *testing.T) {
	c, err := Read(context(t, `{
		"aws:cdk:enable-path-metadata": true,
		"project": "signedfront",
		"environments": {
			"prod": {
				"account": "012345678901",
				"region": "eu-west-1",
				"signingKeys": {"keys": {"10": {}, "9": {"algorithm": "rsa-2048", "hash": "sha1"}}, "current": 9},
				"maxUrlLifetime": "1d12h",
				"maxKeyAge": "90m"
			},
			"eu-dev": {"ephemeral": true}
		}
	}`), nil)
	if err != nil {
		t.Fatal(err)
	}
	guarded := true
	defaultHeaders := ResponseHeaders{ReferrerPolicy: ReferrerPolicyNoReferrer, StrictTransportSecurity: 365 * 24 * time.Hour}
	want := &Config{
		Project: "signedfront",
		Environments: []Environment{{
			Project: "signedfront", Name: "eu-dev",
			Content: Content{
				Name: "signedfront-eu-dev", ParameterName: "/signedfront/signedfront/eu-dev",
				Ephemeral:    true,
				OriginAccess: OAI, Encryption: EncryptionS3, PriceClass: PriceClassAll, Missing: 403, ResponseHeaders: defaultHeaders,
				SigningKeys:    SigningKeys{Keys: []SigningKey{{Number: 1, Algorithm: "ecdsa-p256", Hash: "sha256", Custody: SecretsManager}}, Current: 1},
				MaxURLLifetime: 7 * 24 * time.Hour,
				MaxKeyAge:      time.Hour,
				Guard:          &guarded,
			},
		}, {
			Project: "signedfront", Name: "prod",
			Account: "012345678901", Region: "eu-west-1",
			TerminationProtection: true,
			Content: Content{
				Name: "signedfront-prod", ParameterName: "/signedfront/signedfront/prod",
				OriginAccess: OAI, Encryption: EncryptionS3, PriceClass: PriceClassAll, Missing: 403, ResponseHeaders: defaultHeaders,
				SigningKeys: SigningKeys{Keys: []SigningKey{
					{Number: 9, Algorithm: "rsa-2048", Hash: "sha1", Custody: SecretsManager},
					{Number: 10, Algorithm: "ecdsa-p256", Hash: "sha256", Custody: SecretsManager},
				}, Current: 9},
				MaxURLLifetime: 36 * time.Hour,
				MaxKeyAge:      90 * time.Minute,
				Guard:          &guarded,
			},
		}},
	}
	if !reflect.DeepEqual(c, want) {
		t.Errorf("got  %+v\nwant %+v", c, want)
	}
	if got := c.Environments[0].StackName(); got != "signedfront-eu-dev" {
		t.Errorf("stack name %q", got)
	}
	if got := c.Environments[0].ParameterName(); got != "/signedfront/signedfront/eu-dev" {
		t.Errorf("parameter name %q", got)
	}
}

func TestShippedConfigurationIsOneEphemeralEnvironment(t *testing.T) {
	text, err := os.ReadFile("../../cdk.json")
	if err != nil {
		t.Fatal(err)
	}
	var file struct{ Context map[string]any }
	if err := json.Unmarshal(text, &file); err != nil {
		t.Fatal(err)
	}
	c, err := Read(file.Context, nil)
	if err != nil {
		t.Fatal(err)
	}
	if len(c.Environments) != 1 || c.Environments[0].StackName() != "signedfront-dev" || !c.Environments[0].Content.Ephemeral {
		t.Errorf("shipped: %+v", c)
	}
}

func TestEveryMistakeIsReportedAtOnce(t *testing.T) {
	_, err := Read(context(t, `{
		"project": "Signed Front",
		"env": "pr",
		"environments": {
			"dev": {
				"regoin": "eu-west-1", "ephemeral": "yes", "lendKeys": true, "originShield": 5,
				"maxKeyAge": "1s", "publicPaths": ["/a/*", "b", "/a/*"], "signedPaths": ["/a/b/*", "/*"],
				"cors": {"origins": [], "credentials": 1}, "domain": {"hostedZone": {"name": "example.com."}}, "accessLogs": {"retention": "4d"}
			},
			"prod": {
				"account": 123456789012, "encryption": "kms", "geoRestriction": {"deny": ["uk"]},
				"signingKeys": {"keys": {"1": {}, "2": {"algorithm": "rsa2048", "custody": "imported"}}}
			},
			"Pr-*": {"signingKeys": {"from": "prod"}}
		}
	}`), nil)
	want := `cdk.json: 24 problems:
  project: the name "Signed Front"; write lower-case letters and digits, a letter first, no hyphens: project shop-eu with environment dev and project shop with eu-dev would be one stack
  environments["Pr-*"]: the pattern "Pr-*"; write a name of lower-case letters, digits and single hyphens between them, with one * at its end, such as "pr-*"
  environments["Pr-*"].signingKeys.from: "prod", which is protected; write "dev": a role that may sign for a borrower may sign for the lender too
  environments["Pr-*"].signingKeys.from: "prod", in a protected environment; leave it out, or write terminationProtection false: a role that may sign for the lender may sign for this environment too
  environments.dev.regoin: unknown setting; did you mean "region"?
  environments.dev.ephemeral: "yes"; write true or false, without quotes
  environments.dev.cors.origins: an empty list; leave it out, or write a list, such as ["https://app.example.com"]
  environments.dev.cors.credentials: the number 1; write true or false, without quotes
  environments.dev.originShield: the number 5; write a string, such as "eu-west-1"
  environments.dev.region: missing, with accessLogs; write the AWS Region of the stack, such as "eu-west-1": a part of it is made in us-east-1, and the CDK links two stacks only if it knows their Regions
  environments.dev.maxKeyAge: 1s; write 1m or more: with less, signers would spend the account's quota of reading parameters
  environments.dev.publicPaths[1]: "b"; write "/b": a pattern starts with / or *
  environments.dev.publicPaths[2]: "/a/*", listed twice; list it once
  environments.dev.publicPaths[0]: "/a/*", which lies within the signed "/*"; remove it, or make the signed pattern narrower: before that pattern, this one would open a part of it, and after it, this one would never be reached
  environments.dev.domain.hostedZone.id: missing; write the id of the zone, such as "Z0123456789ABCDEFGHIJ"
  environments.dev.domain.hostedZone.name: "example.com."; write "example.com", without the dot at the end
  environments.dev.accessLogs.retention: 4d; write one of the steps of CloudWatch Logs: 1d, 3d, 5d, 7d, 14d, 30d, 60d, 90d, 120d, 150d, 180d, 365d, 400d, 545d, 731d, 1096d, 1827d, 2192d, 2557d, 2922d, 3288d, 3653d
  environments.prod.account: the number 123456789012; write a string, such as "123456789012"
  environments.prod.encryption: "kms" with originAccess "oai"; move originAccess to "oac" first, or write "s3": an origin access identity cannot read what KMS encrypts
  environments.prod.signingKeys.keys.2.algorithm: "rsa2048"; write "ecdsa-p256" or "rsa-2048"; did you mean "rsa-2048"?
  environments.prod.signingKeys.keys.2.publicKey: missing; write the public half of an RSA-2048 or P-256 key as PEM that starts with -----BEGIN PUBLIC KEY-----, as "openssl pkey -pubout" writes it
  environments.prod.signingKeys.current: missing, although several keys are listed; write the number of the key that signs: 1 or 2
  environments.prod.geoRestriction.deny[0]: "uk"; write the two capital letters of a country of ISO 3166-1, such as "DE"; did you mean "GB"?
  env: "pr", which is not an environment; write "dev" or "prod"; did you mean "prod"?`
	if err == nil || err.Error() != want {
		t.Errorf("got:\n%v\nwant:\n%s", err, want)
	}
	var problems Problems
	if !errors.As(err, &problems) || len(problems) != strings.Count(want, "\n") {
		t.Errorf("the error holds %v", problems)
	}
}

func TestMistakes(t *testing.T) {
	const name = "write lower-case letters, digits and single hyphens between them, a letter first"
	tests := []struct {
		name    string
		context string
		want    []string
	}{
		{"an empty context has neither project nor environments", `{}`, []string{
			`project: missing; write a name such as "signedfront"`,
			`environments: no environment; write an object such as {"dev": {"ephemeral": true}}`}},
		{"null is not left out", `{"project": null, "environments": null}`, []string{
			`project: null; write a name such as "signedfront"`,
			`environments: null; write an object such as {"dev": {"ephemeral": true}}`}},
		{"no environment at all", `{"project": "p", "environments": {}}`, []string{
			`environments: no environment; write an object such as {"dev": {"ephemeral": true}}`}},
		{"environments as a list", `{"project": "p", "environments": ["dev"]}`, []string{
			`environments: a list; write an object such as {"dev": {"ephemeral": true}}`}},
		{"settings that are no object", `{"project": "p", "environments": {"dev": true}}`, []string{
			`environments.dev: true; write the environment's settings as an object, {} for none`}},
		{"a name that no stack can have", `{"project": "p", "environments": {"a.b": {}, "Dev": {}, "1st": {}, "a--b": {}, "a-": {}, "": {}}}`, []string{
			`environments[""]: the name ""; ` + name,
			`environments.1st: the name "1st"; ` + name,
			`environments.Dev: the name "Dev"; ` + name,
			`environments.a-: the name "a-"; ` + name,
			`environments.a--b: the name "a--b"; ` + name,
			`environments["a.b"]: the name "a.b"; ` + name}},
		{"a project with a hyphen, that would share a stack with another", `{"project": "shop-eu", "environments": {"dev": {}}}`, []string{
			`project: the name "shop-eu"; write lower-case letters and digits, a letter first, no hyphens: project shop-eu with environment dev and project shop with eu-dev would be one stack`}},
		{"a project that starts with a digit", `{"project": "3d", "environments": {"dev": {}}}`, []string{
			`project: the name "3d"; write lower-case letters and digits, a letter first, no hyphens: project shop-eu with environment dev and project shop with eu-dev would be one stack`}},
		{"names that are too long together", `{"project": "averylongprojectnamehere", "environments": {"environment-12345": {}, "environment-1234": {}, "environment-123": {}}}`, []string{
			`environments.environment-1234: the stack's name "averylongprojectnamehere-environment-1234" would have 41 characters; shorten the project's or the environment's name: 40 at most, the hyphen between them included`,
			`environments.environment-12345: the stack's name "averylongprojectnamehere-environment-12345" would have 42 characters; shorten the project's or the environment's name: 40 at most, the hyphen between them included`}},
		{"a name that a companion stack would take", `{"project": "p", "environments": {"dev-global": {}}}`, []string{
			`environments.dev-global: a name that ends with -global; choose another ending: it is reserved for the stacks of an environment in us-east-1`}},
		{"an account with a digit too few", `{"project": "p", "environments": {"dev": {"account": "12345678901"}}}`, []string{
			`environments.dev.account: "12345678901"; write the 12 digits of an AWS account, in quotes: "123456789012"`}},
		{"a Region that is none", `{"project": "p", "environments": {"dev": {"region": "euwest1"}}}`, []string{
			`environments.dev.region: "euwest1"; write an AWS Region such as "eu-west-1"; did you mean "eu-west-1"?`}},
		{"a duration without a unit", `{"project": "p", "environments": {"dev": {"maxUrlLifetime": "7"}}}`, []string{
			`environments.dev.maxUrlLifetime: "7"; write a duration in quotes, such as "7d", "12h" or "90m"`}},
		{"a duration as a number", `{"project": "p", "environments": {"dev": {"maxKeyAge": 3600}}}`, []string{
			`environments.dev.maxKeyAge: the number 3600; write a duration in quotes, such as "7d", "12h" or "90m"`}},
		{"a duration of nothing", `{"project": "p", "environments": {"dev": {"maxUrlLifetime": "0s"}}}`, []string{
			`environments.dev.maxUrlLifetime: 0s; write a longer one, such as "7d", "12h" or "90m"`}},
		{"a duration between two seconds", `{"project": "p", "environments": {"dev": {"maxUrlLifetime": "1.5s"}}}`, []string{
			`environments.dev.maxUrlLifetime: 1.5s; write a whole number of seconds`}},
		{"a duration of centuries", `{"project": "p", "environments": {"dev": {"maxUrlLifetime": "36500d"}}}`, []string{
			`environments.dev.maxUrlLifetime: 36500d; write 3650d or less`}},
		{"a duration of a day too many", `{"project": "p", "environments": {"dev": {"maxUrlLifetime": "3651d", "maxKeyAge": "3650d1s"}}}`, []string{
			`environments.dev.maxUrlLifetime: 3651d; write 3650d or less`,
			`environments.dev.maxKeyAge: 3650d1s; write 3650d or less`}},
		{"keys that would be confirmed all the time", `{"project": "p", "environments": {"dev": {"maxKeyAge": "59s"}}}`, []string{
			`environments.dev.maxKeyAge: 59s; write 1m or more: with less, signers would spend the account's quota of reading parameters`}},
		{"signing keys without keys", `{"project": "p", "environments": {"dev": {"signingKeys": {}}}}`, []string{
			`environments.dev.signingKeys.keys: no key; write an object such as {"1": {}}`}},
		{"six keys in a group of five", `{"project": "p", "environments": {"dev": {"signingKeys": {"keys": {"1":{},"2":{},"3":{},"4":{},"5":{},"6":{}}, "current": 1}}}}`, []string{
			`environments.dev.signingKeys.keys: 6 keys; list 5 at most, the quota of a CloudFront key group`}},
		{"key numbers that are none", `{"project": "p", "environments": {"dev": {"signingKeys": {"keys": {"0": {}, "01": {}, "10000": {}, "one": {}, "1": {}}, "current": 1}}}}`, []string{
			`environments.dev.signingKeys.keys.0: not the number of a key; write one from 1 to 9999, without leading zeros`,
			`environments.dev.signingKeys.keys.01: not the number of a key; write one from 1 to 9999, without leading zeros`,
			`environments.dev.signingKeys.keys.10000: not the number of a key; write one from 1 to 9999, without leading zeros`,
			`environments.dev.signingKeys.keys.one: not the number of a key; write one from 1 to 9999, without leading zeros`}},
		{"a current key that is not listed", `{"project": "p", "environments": {"dev": {"signingKeys": {"keys": {"1": {}, "2": {}}, "current": 3}}}}`, []string{
			`environments.dev.signingKeys.current: key 3, which is not listed; write the number of the key that signs: 1 or 2`}},
		{"a current key in quotes", `{"project": "p", "environments": {"dev": {"signingKeys": {"keys": {"1": {}}, "current": "1"}}}}`, []string{
			`environments.dev.signingKeys.current: "1"; write the number of the key that signs, such as 2`}},
		{"a current key that is no whole number", `{"project": "p", "environments": {"dev": {"signingKeys": {"keys": {"1": {}}, "current": 1.5}}}}`, []string{
			`environments.dev.signingKeys.current: the number 1.5; write the number of the key that signs, such as 2`}},
		{"SHA-1 with an ECDSA key", `{"project": "p", "environments": {"dev": {"signingKeys": {"keys": {"1": {"hash": "sha1"}}}}}}`, []string{
			`environments.dev.signingKeys.keys.1.hash: "sha1" with an ECDSA key; write "sha256", or choose "rsa-2048": SHA-1 is supported for old RSA signers only`}},
		{"a misspelt algorithm does not make its hash wrong", `{"project": "p", "environments": {"dev": {"signingKeys": {"keys": {"1": {"algorithm": "rsa", "hash": "sha1"}}}}}}`, []string{
			`environments.dev.signingKeys.keys.1.algorithm: "rsa"; write "ecdsa-p256" or "rsa-2048"`}},
		{"a misspelt hash", `{"project": "p", "environments": {"dev": {"signingKeys": {"keys": {"1": {"hash": "SHA-256"}}}}}}`, []string{
			`environments.dev.signingKeys.keys.1.hash: "SHA-256"; write "sha256" or "sha1"; did you mean "sha256"?`}},
		{"settings that stand within another", `{"project": "p", "environments": {"dev": {"alsoTrust": ["K2JCJMDEHXQW5F"], "keep": "30d", "origins": ["*"], "path": "/films"}}}`, []string{
			`environments.dev.alsoTrust: unknown setting; write it within "signingKeys"`,
			`environments.dev.keep: unknown setting; write it within "versions"`,
			`environments.dev.origins: unknown setting; write it within "uploads" or "cors"`,
			`environments.dev.path: unknown setting; write it within "bucket"`}},
		{"a setting of a key that is unknown", `{"project": "p", "environments": {"dev": {"signingKeys": {"keys": {"1": {"curve": "p256"}}, "curent": 1}}}}`, []string{
			`environments.dev.signingKeys.curent: unknown setting; did you mean "current"?`,
			`environments.dev.signingKeys.keys.1.curve: unknown setting; the settings here are algorithm, hash, custody, publicKey, privateKey`}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			_, err := Read(context(t, test.context), nil)
			var problems Problems
			if !errors.As(err, &problems) {
				t.Fatalf("got %v, want problems", err)
			}
			var got []string
			for _, p := range problems {
				got = append(got, p.String())
			}
			if !reflect.DeepEqual(got, test.want) {
				t.Errorf("got:\n%s\nwant:\n%s", strings.Join(got, "\n"), strings.Join(test.want, "\n"))
			}
		})
	}
}

func TestOneProblemStandsOnOneLine(t *testing.T) {
	_, err := Read(context(t, `{"project": "p", "environments": {"dev": {"ephemeral": 1}}}`), nil)
	if want := `cdk.json: environments.dev.ephemeral: the number 1; write true or false, without quotes`; err == nil || err.Error() != want {
		t.Errorf("got  %v\nwant %s", err, want)
	}
}

func TestRegionsWithoutIdentitiesTakeTheControl(t *testing.T) {
	for _, region := range []string{"ap-southeast-4", "il-central-1", "mx-central-1", "eu-west-1"} {
		if problems := CheckRegion("region", region, OAC); problems != nil {
			t.Errorf("%s: %v", region, problems)
		}
	}
	for _, access := range []OriginAccess{OAI, Migrating, Migrated} {
		want := `region: "il-central-1"; write originAccess "oac", or choose a Region opened before 2023, such as "eu-west-1": an origin access identity cannot read buckets in newer Regions`
		if problems := CheckRegion("region", "il-central-1", access); problems.Error() != want {
			t.Errorf("%s: %v", access, problems)
		}
	}
	if problems := CheckRegion("region", "eu-west1", OAC); len(problems) != 1 || !strings.HasSuffix(problems[0].Fix, `did you mean "eu-west-1"?`) {
		t.Errorf("got %v", problems)
	}
}

func TestRegionsThatAnOriginAccessIdentityCannotReadAreRefused(t *testing.T) {
	for _, region := range []string{"us-east-1", "eu-west-1", "eu-central-2", "me-central-1", "ap-southeast-3"} {
		if problems := CheckRegion("region", region, OAI); problems != nil {
			t.Errorf("%s: %v", region, problems)
		}
	}
	for _, region := range []string{"ap-southeast-4", "il-central-1", "ca-west-1", "mx-central-1", "eu-wst-1"} {
		problems := CheckRegion("region", region, OAI)
		if len(problems) != 1 || !strings.Contains(problems[0].Fix, "choose a Region opened before 2023") {
			t.Errorf("%s: %v", region, problems)
		}
	}
}

func TestRegionsOfOtherPartitionsAreRefused(t *testing.T) {
	for _, region := range []string{"cn-north-1", "us-gov-west-1", "us-iso-east-1", "us-isob-east-1", "us-isof-south-1", "eu-isoe-west-1", "eusc-de-east-1"} {
		for _, access := range []OriginAccess{OAI, OAC} {
			want := `region: "` + region + `", of another partition; write a Region of the partition aws, such as "eu-west-1": other partitions are not supported`
			if problems := CheckRegion("region", region, access); problems.Error() != want {
				t.Errorf("%s: %v", access, problems)
			}
		}
	}
}

func TestDurations(t *testing.T) {
	const bad = -1
	for text, want := range map[string]time.Duration{
		"7d": 7 * day, "1d12h": 36 * time.Hour, "0d": 0, "90m": 90 * time.Minute, "1h30m": 90 * time.Minute, "45s": 45 * time.Second,
		"": bad, "7": bad, "d": bad, "-1h": bad, "+1h": bad, "1d-1h": bad, "1d+1h": bad, "-1d": bad, "1.5d": bad, "1h1d": bad, "1d1d": bad,
		"99999d": 99999 * day, "1.5h": 90 * time.Minute, "100000d": bad, ".5h": bad, "1.h": bad, "5µs": bad, "5us": 5 * time.Microsecond, "3650d2540400h": bad, "1w": bad, "1d ": bad,
	} {
		d, ok := ParseDuration(text)
		if !ok {
			d = bad
		}
		if d != want {
			t.Errorf("%q: %v, want %v", text, d, want)
		}
	}
}

func TestDurationsAreWrittenAsInCdkJson(t *testing.T) {
	for d, want := range map[time.Duration]string{
		0: "0s", time.Second: "1s", time.Minute: "1m", time.Hour: "1h", 90 * time.Minute: "1h30m", 36 * time.Hour: "1d12h", 3651 * day: "3651d",
		day + time.Second: "1d1s", -time.Second: "-1s", 10 * time.Minute: "10m", 1500 * time.Millisecond: "1.5s",
	} {
		if got := FormatDuration(d); got != want {
			t.Errorf("%v: %s, want %s", d, got, want)
		}
		if read, ok := ParseDuration(want); d >= 0 && (!ok || read != d) {
			t.Errorf("%s is read as %v", want, read)
		}
	}
}

func TestNearestWord(t *testing.T) {
	allowed := []string{"account", "region", "ephemeral", "signingKeys", "maxUrlLifetime", "maxKeyAge"}
	for word, want := range map[string]string{
		"regoin": "region", "Region": "region", "ephemral": "ephemeral", "signingkeys": "signingKeys", "signing-keys": "signingKeys",
		"maxURLLifetime": "maxUrlLifetime", "accounts": "account", "tags": "", "": "", "x": "", strings.Repeat("region", 100): "",
	} {
		if got := Nearest(word, allowed); got != want {
			t.Errorf("%q: %q, want %q", word, got, want)
		}
	}
}

func TestSigningKeysOfAProgramAreCheckedAsThoseOfAFile(t *testing.T) {
	keys := SigningKeys{Keys: []SigningKey{{Number: 3}, {Number: 3}, {Number: -1, Algorithm: "rsa"}}}.WithDefaults()
	got := Content{SigningKeys: keys}.WithDefaults().Check().Error()
	want := `4 problems:
  SigningKeys.Keys.-1: not the number of a key; write one from 1 to 9999
  SigningKeys.Keys.-1.Algorithm: "rsa"; write "ecdsa-p256" or "rsa-2048"
  SigningKeys.Keys.3: listed twice; list every key once
  SigningKeys.Current: missing, although several keys are listed; write the number of the key that signs: -1 or 3 or 3`
	if got != want {
		t.Errorf("got:\n%s\nwant:\n%s", got, want)
	}
}

func FuzzRead(f *testing.F) {
	for _, seed := range []string{
		`{"project": "signedfront", "environments": {"dev": {"ephemeral": true}}}`,
		`{"project": "p", "environments": {"a": {"account": "123456789012", "region": "eu-west-1"}}}`,
		`{"project": "p", "environments": {"a": {"signingKeys": {"keys": {"1": {}, "2": {"algorithm": "rsa-2048", "hash": "sha1"}}, "current": 2}}}}`,
		`{"project": "p", "environments": {"a": {"maxUrlLifetime": "1d12h", "maxKeyAge": "1h30m"}}}`,
		`{"project": 1, "environments": {"a": [], "b": null, "c": {"signingKeys": {"keys": {"x": 1}}}}}`,
		`{"project": "p", "environments": {"a": {"signingKeys": {"keys": {"1": {"custody": "imported", "publicKey": "a.pem", "privateKey": {"kmsArn": "arn:aws:kms:eu-west-1:123456789012:key/a"}}}}}}}`,
		`{"project": "p", "environments": {"a": {"publicPaths": ["${Token[a]}", 1, null], "errorPages": [null, {}], "cors": 1, "domain": null, "tags": {"": null}}}}`,
		"{" + severalEnvironments + "}",
		`{"env": "pr-eu-2", ` + severalEnvironments + "}",
	} {
		f.Add(seed)
	}
	for _, one := range away {
		f.Add(`{"project": "p", "environments": {"a": ` + one.settings + `}}`)
	}
	files := fstest.MapFS{"a.pem": {Data: []byte(keyTexts()["p256"])}}
	f.Fuzz(func(t *testing.T, text string) {
		var members map[string]any
		if json.Unmarshal([]byte(text), &members) != nil {
			return
		}
		c, err := Read(members, files)
		if err != nil {
			if !strings.HasPrefix(err.Error(), "cdk.json: ") {
				t.Errorf("error %q", err)
			}
			return
		}
		if len(c.Environments) == 0 {
			t.Error("neither an environment nor an error")
		}
		for _, e := range c.Environments {
			if name := e.StackName(); len(name) > MaxStackName || strings.Count(name, "-") < 1 || !strings.HasPrefix(name, c.Project+"-") ||
				!validProject.MatchString(c.Project) || !validEnvironment.MatchString(e.Name) {
				t.Errorf("stack name %q", name)
			}
			var problems Problems
			e.check(newNode("", &problems))
			if problems != nil {
				t.Errorf("read without a problem, and yet: %v", problems)
			}
			if text := fmt.Sprintf("%+v", e); strings.Contains(text, tokenMark) {
				t.Errorf("a token in %s", text)
			}
			keys := e.Content.SigningKeys
			if _, listed := keys.CurrentKey(); listed == (keys.From != "") || (keys.From != "") != (e.Content.Lender != nil) {
				t.Errorf("keys %+v, lender %+v", keys, e.Content.Lender)
			}
		}
	})
}
