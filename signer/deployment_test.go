package signer

import (
	"encoding/json"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
)

func document(t testing.TB) Deployment {
	return Deployment{
		Schema: 1, BaseURL: site, KeyPairID: keyID, Algorithm: ECDSAP256, Hash: SHA256,
		PublicKeySHA256: newKey(t, ECDSAP256).PublicKey().Fingerprint(),
		Key:             KeyLocation{SecretARN: "arn:aws:secretsmanager:eu-west-1:111122223333:secret:x", SecretVersionID: "v"},
		Region:          "eu-west-1", MaxURLLifetime: 604800, MaxKeyAge: 3600,
	}
}

// wholeDocument returns a document with every member that one with a secret can
// have.
func wholeDocument(t testing.TB) Deployment {
	d := document(t)
	d.TrustedKeys = []TrustedKey{
		{"KRSA", newKey(t, RSA2048).PublicKey().SPKI()}, {keyID, newKey(t, ECDSAP256).PublicKey().SPKI()}, {"KUNKNOWN", ""},
	}
	d.Query = &ForwardedQuery{Signed: []string{"response-content-disposition"}, Public: []string{}}
	d.Bucket = &Bucket{Name: "content", Region: "eu-west-1", Path: "/media"}
	return d
}

func TestADeploymentDocumentReadsBackAsItWasWritten(t *testing.T) {
	d := wholeDocument(t)
	file := filepath.Join(t.TempDir(), "deployment.json")
	if err := os.WriteFile(file, must[[]byte](t)(d.MarshalIndent()), 0o600); err != nil {
		t.Fatal(err)
	}
	again := must[*Deployment](t)(LoadDeployment(file))
	if !reflect.DeepEqual(*again, d) {
		t.Errorf("got %+v, want %+v", *again, d)
	}
}

func TestAnOlderSignerReadsWhatANewerStackOfItsSchemaWrote(t *testing.T) {
	d := wholeDocument(t)
	text := strings.NewReplacer(
		`{"schema"`, `{"later":{"x":1},"schema"`, `"key":{`, `"key":{"later":1,`, `{"id"`, `{"later":[],"id"`,
		`"query":{`, `"query":{"later":["x"],`, `"bucket":{`, `"bucket":{"later":"/x",`,
	).Replace(string(must[[]byte](t)(json.Marshal(d))))
	again, err := ParseDeployment([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(*again, d) {
		t.Errorf("got %+v, want %+v", *again, d)
	}
}

func TestEveryFaultOfADeploymentDocumentIsReportedAtOnce(t *testing.T) {
	for name, test := range map[string]struct {
		change func(*Deployment)
		want   []string
	}{
		"a newer schema":         {func(d *Deployment) { d.Schema = 2 }, []string{"newer", "update"}},
		"no schema":              {func(d *Deployment) { d.Schema = 0 }, []string{"schema: missing"}},
		"no base URL":            {func(d *Deployment) { d.BaseURL = "" }, []string{"baseUrl", "https://"}},
		"a slash after it":       {func(d *Deployment) { d.BaseURL += "/" }, []string{"baseUrl", "slash"}},
		"a path after it":        {func(d *Deployment) { d.BaseURL += "/a" }, []string{"baseUrl", "path"}},
		"an S3 host":             {func(d *Deployment) { d.BaseURL = "https://b.s3.amazonaws.com" }, []string{"baseUrl", "distribution"}},
		"no location":            {func(d *Deployment) { d.Key = KeyLocation{} }, []string{"key: names 0 locations"}},
		"two locations":          {func(d *Deployment) { d.Key.File = "key.pem" }, []string{"key: names 2 locations"}},
		"a secret, no version":   {func(d *Deployment) { d.Key.SecretVersionID = "" }, []string{"go together"}},
		"a version, no secret":   {func(d *Deployment) { d.Key = KeyLocation{File: "k", SecretVersionID: "v"} }, []string{"go together"}},
		"other digits in it":     {func(d *Deployment) { d.PublicKeySHA256 = strings.ToUpper(d.PublicKeySHA256) }, []string{"publicKeySha256"}},
		"no fingerprint":         {func(d *Deployment) { d.PublicKeySHA256 = "" }, []string{"publicKeySha256"}},
		"a limit below zero":     {func(d *Deployment) { d.MaxURLLifetime, d.MaxKeyAge = -1, -1 }, []string{"maxUrlLifetime", "maxKeyAge"}},
		"a class without names":  {func(d *Deployment) { d.Query = &ForwardedQuery{Public: []string{}} }, []string{"query.signed: missing"}},
		"no names at all":        {func(d *Deployment) { d.Query = &ForwardedQuery{} }, []string{"query.signed: missing", "query.public: missing"}},
		"names next to the star": {func(d *Deployment) { d.Query = &ForwardedQuery{[]string{"*", "a"}, []string{}} }, []string{`query.signed[0]: "*": want`}},
		"eleven names":           {func(d *Deployment) { d.Query = &ForwardedQuery{strings.Split("abcdefghijk", ""), []string{}} }, []string{"query.signed: 11 names: want at most 10"}},
		"three faults together":  {func(d *Deployment) { d.KeyPairID, d.Algorithm, d.Hash = "", "", "md5" }, []string{"keyPairId", "algorithm", "hash"}},
	} {
		t.Run(name, func(t *testing.T) {
			d := document(t)
			test.change(&d)
			_, err := ParseDeployment(must[[]byte](t)(json.Marshal(d)))
			if err == nil {
				t.Fatal("accepted")
			}
			for _, want := range test.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("%q does not say %q", err, want)
				}
			}
		})
	}
	borrowed := Deployment{Schema: 1, BaseURL: site, Key: KeyLocation{Parameter: "/signedfront/signedfront/dev"}}
	if err := borrowed.Validate(); err != nil {
		t.Errorf("a document that borrows its key: %v", err)
	}
	ten := document(t)
	ten.Query = &ForwardedQuery{strings.Split("abcdefghij", ""), []string{}}
	if err := ten.Validate(); err != nil {
		t.Errorf("ten names: %v", err)
	}
	for _, text := range []string{"", "null", "[]", "{", `{"schema":"1"}`} {
		if _, err := ParseDeployment([]byte(text)); err == nil {
			t.Errorf("%q: accepted", text)
		}
	}
	if _, err := LoadDeployment(filepath.Join(t.TempDir(), "none.json")); err == nil || !strings.Contains(err.Error(), "none.json") {
		t.Errorf("a missing file: got %v", err)
	}
}

// A value in place of a Region, an account or a name would become a part of the
// host that a request with the program's credentials goes to.
func TestEveryNameOfADeploymentDocumentIsWrittenAsAWSWritesIt(t *testing.T) {
	region := func(d *Deployment, text string) { d.Region = text }
	secret := func(d *Deployment, text string) { d.Key = KeyLocation{SecretARN: text, SecretVersionID: "v"} }
	version := func(d *Deployment, text string) { d.Key.SecretVersionID = text }
	kms := func(d *Deployment, text string) { d.Key = KeyLocation{KMSARN: text} }
	file := func(d *Deployment, text string) { d.Key = KeyLocation{File: text} }
	parameter := func(d *Deployment, text string) { d.Key = KeyLocation{Parameter: text} }
	base := func(d *Deployment, text string) { d.BaseURL = text }
	bucket := func(d *Deployment, text string) { d.Bucket = &Bucket{Name: text, Region: "eu-west-1"} }
	bucketRegion := func(d *Deployment, text string) { d.Bucket = &Bucket{Name: "content", Region: text} }
	bucketPath := func(d *Deployment, text string) { d.Bucket = &Bucket{"content", "eu-west-1", text} }
	query := func(d *Deployment, text string) {
		d.Query = &ForwardedQuery{Signed: []string{text}, Public: []string{}}
	}
	publicQuery := func(d *Deployment, text string) {
		d.Query = &ForwardedQuery{Signed: []string{}, Public: []string{"a", text}}
	}
	parameters := []string{"", "a b", "a=b", "a&b", "a%20b", "a*", "a[]", "ä", "a\n", strings.Repeat("a", 65), "Expires", "Policy", "Signature", "Key-Pair-Id", "Hash-Algorithm"}
	inSecretARN := func(change func(partition, region, account, resource *string)) string {
		partition, region, account, resource := "aws", "eu-west-1", "111122223333", "secret:x-a1b2c3"
		change(&partition, &region, &account, &resource)
		return "arn:" + partition + ":secretsmanager:" + region + ":" + account + ":" + resource
	}
	inRegion := func(text string) string { return inSecretARN(func(_, region, _, _ *string) { *region = text }) }
	const kmsKey = "arn:aws:kms:eu-west-1:111122223333:"
	for _, c := range []struct {
		member      string
		set         func(d *Deployment, text string)
		good, wrong []string
	}{
		{"region", region,
			[]string{"", "us-east-1", "us-gov-west-1", "cn-northwest-1", "us-isob-east-1", "eusc-de-east-1", "ap-southeast-12"},
			[]string{"x.evil.example/", "x@127.0.0.1/#", "eu-west-1.evil.example", "EU-WEST-1", "eu-west-1 ", "eu-west-", "-eu-west-1", "eu--west-1", "localhost", "eu_west_1", "eu-west-1\n", "еu-west-1", strings.Repeat("a", 30) + "-a-1"}},
		{"key.secretArn", secret,
			[]string{inRegion("eu-west-1"), inSecretARN(func(p, r, _, n *string) { *p, *r, *n = "aws-us-gov", "us-gov-west-1", "secret:a/b_c+d=e.f@g-a1b2c3" })},
			[]string{"signing-key", inRegion("x.evil.example/"), inRegion("x@127.0.0.1/#"), inRegion(""), inRegion("eu-west-1?"),
				inSecretARN(func(p, _, _, _ *string) { *p = "evil" }), inSecretARN(func(p, _, _, _ *string) { *p = "aws.evil.example" }), inSecretARN(func(p, _, _, _ *string) { *p = "" }),
				inSecretARN(func(_, _, a, _ *string) { *a = "11112222333" }), inSecretARN(func(_, _, a, _ *string) { *a = "11112222333x" }), inSecretARN(func(_, _, a, _ *string) { *a = "" }),
				inSecretARN(func(_, _, _, n *string) { *n = "secret:" }), inSecretARN(func(_, _, _, n *string) { *n = "secret:a b" }), inSecretARN(func(_, _, _, n *string) { *n = "key/a" }),
				inSecretARN(func(_, _, _, n *string) { *n = "secret:a:b" }), inSecretARN(func(_, _, _, n *string) { *n = "secret:" + strings.Repeat("a", 520) }),
				"arn:aws:kms:eu-west-1:111122223333:secret:x", " " + inRegion("eu-west-1"), "ARN" + inRegion("eu-west-1")[3:]}},
		{"key.secretVersionId", version,
			[]string{"v", "a1b2c3d4-5678-90ab-cdef-111122223333"},
			[]string{"a/b", "a b", "a\nb", "ä", strings.Repeat("a", 65)}},
		{"key.kmsArn", kms,
			[]string{kmsKey + "key/1234abcd-12ab-34cd-56ef-1234567890ab", kmsKey + "key/mrk-1234abcd12ab34cd56ef1234567890ab", kmsKey + "alias/media/signing_1"},
			[]string{"1234abcd-12ab-34cd-56ef-1234567890ab", "alias/signing", kmsKey + "key/", kmsKey + "key/a/b", kmsKey + "key/a.b", kmsKey + "alias/", kmsKey + "alias/a b", kmsKey + "secret:a",
				"arn:aws:kms:x.evil.example/:111122223333:key/a", "arn:aws:kms:x@127.0.0.1/#:111122223333:key/a", "arn:aws:s3:eu-west-1:111122223333:key/a"}},
		{"key.parameter", parameter,
			[]string{"/signedfront/signedfront/dev", "/a", "/a.b/c_d/e-f"},
			[]string{"dev", "/", "//a", "/a/", "/a//b", "/a b", "/a:3", "/a?b", "arn:aws:ssm:eu-west-1:111122223333:parameter/a", "/" + strings.Repeat("a", 1011)}},
		{"key.file", file,
			[]string{"key.pem", "../keys/1.key", "/run/secrets/signing key", `C:\keys\1.pem`, "clé.pem"},
			[]string{"a\nb", "a\x00b", "a\x7f", "\xff", "-----BEGIN PRIVATE KEY-----", strings.Repeat("a", 4097)}},
		{"baseUrl", base,
			[]string{"https://d111111abcdef8.cloudfront.net", "http://127.0.0.1:8080"},
			[]string{"d111111abcdef8.cloudfront.net", "https://a b", "https://a@b", "https://a?b", "https://a#b", "ftp://a", "https://", "https://a\nb"}},
		{"bucket.name", bucket,
			[]string{"abc", "a-b.c-1", "1st", strings.Repeat("a", 63)},
			[]string{"", "ab", "Abc", "-ab", "ab-", ".ab", "ab.", "a..b", "a_b", "a/b", "abc\n", "äbc", strings.Repeat("a", 64), "arn:aws:s3:::abc"}},
		{"bucket.region", bucketRegion,
			[]string{"us-east-1", "cn-northwest-1"},
			[]string{"", "x.evil.example/", "EU-WEST-1", "localhost"}},
		{"bucket.path", bucketPath,
			[]string{"", "/a", "/a.b/c_d/~e-F", "/...", "/" + strings.Repeat("a", 254)},
			[]string{"/", "a", "a/", "/a/", "//a", "/a//b", "/.", "/a/..", "/../a", "/a b", "/a%20b", "/a*", "/a?b", "/ä", "/a\n", "/" + strings.Repeat("a", 255), "s3://content/a"}},
		{"query.signed[0]", query,
			[]string{"*", "response-content-disposition", "v", "A.b_c~d", strings.Repeat("a", 64), "expires"},
			parameters},
		{"query.public[1]", publicQuery,
			[]string{"response-content-type", "b"},
			append(parameters, "a", "*")},
	} {
		for _, text := range c.good {
			d := document(t)
			c.set(&d, text)
			if err := d.Validate(); err != nil {
				t.Errorf("%s: %q is refused: %v", c.member, text, err)
			}
		}
		for _, text := range c.wrong {
			d := document(t)
			c.set(&d, text)
			if err := d.Validate(); err == nil || !strings.Contains(err.Error(), c.member+": ") {
				t.Errorf("%s: %q: got %v, want it refused", c.member, text, err)
			}
		}
	}
}

func TestADocumentThatIsNotJSONIsDescribed(t *testing.T) {
	for text, want := range map[string]string{
		`{"schema": "1"}`:        "schema is a JSON string: want a whole number",
		`{"schema": 1.5}`:        "schema is a JSON number: want a whole number",
		`{"key": {"file": [1]}}`: "key.file is a JSON array: want a string",
		`{"key": "key.pem"}`:     "key is a JSON string: want an object",
		`{"trustedKeys": {}}`:    "trustedKeys is a JSON object: want an array",
		// Newer Go releases put the index between the two names.
		`{"trustedKeys": [{"spki": 1}]}`: ".spki is a JSON number: want a string",
		`{"query": []}`:                  "query is a JSON array: want an object",
		`{"query": {"signed": "a"}}`:     "query.signed is a JSON string: want an array",
		`{"bucket": "content"}`:          "bucket is a JSON string: want an object",
		`{"schema": 1, "baseUrl": "http`: "cut off at byte 30",
		`{"schema": 1} {}`:               "wrong or cut off at byte 15",
		`[]`:                             `"[]": want a JSON object, which starts with {`,
		``:                               "an empty value: want a JSON object",
	} {
		if _, err := ParseDeployment([]byte(text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want %q in it", text, err, want)
		}
	}
}

func TestAKeyThatDoesNotFitItsIDIsNoticed(t *testing.T) {
	d := document(t)
	if err := d.CheckKey(newKey(t, ECDSAP256).PublicKey()); err != nil {
		t.Error(err)
	}
	if err := d.CheckKey(newKey(t, RSA2048).PublicKey()); err == nil || !strings.Contains(err.Error(), keyID) {
		t.Errorf("another key: got %v", err)
	}
}

// What is signed under a key is uploaded under that key, below the folder if there
// is one.
func TestAnObjectIsUploadedWhereItIsServedFrom(t *testing.T) {
	for path, want := range map[string]string{"": "albums/7/día.png", "/media": "media/albums/7/día.png", "/2026/summer": "2026/summer/albums/7/día.png"} {
		if got := (&Bucket{Name: "content", Region: "eu-west-1", Path: path}).Key("albums/7/día.png"); got != want {
			t.Errorf("%q: %q, want %q", path, got, want)
		}
	}
}
