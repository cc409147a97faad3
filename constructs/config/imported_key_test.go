package config

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"io/fs"
	"maps"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
)

// privateKeys are the private halves of the keys of keyTexts, and one in SEC 1.
var privateKeys = sync.OnceValue(func() map[string]*pem.Block {
	must := func(err error) {
		if err != nil {
			panic(err)
		}
	}
	blocks := map[string]*pem.Block{}
	p256, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(err)
	rsa2048, err := rsa.GenerateKey(rand.Reader, 2048)
	must(err)
	for name, key := range map[string]any{"P-256, PKCS #8": p256, "RSA, PKCS #8": rsa2048} {
		der, err := x509.MarshalPKCS8PrivateKey(key)
		must(err)
		blocks[name] = &pem.Block{Type: "PRIVATE KEY", Bytes: der}
	}
	der, err := x509.MarshalECPrivateKey(p256)
	must(err)
	blocks["P-256, SEC 1"] = &pem.Block{Type: "EC PRIVATE KEY", Bytes: der}
	blocks["RSA, PKCS #1"] = &pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(rsa2048)}
	return blocks
})

// spellings returns the forms in which somebody may paste a private key.
func spellings(block *pem.Block) map[string]string {
	text := strings.TrimSpace(string(pem.EncodeToMemory(block)))
	lines := strings.Split(text, "\n")
	bare := lines[1 : len(lines)-1]
	hexed := hex.EncodeToString(block.Bytes)
	return map[string]string{
		"PEM":                      text,
		"PEM in one line":          strings.Join(lines, " "),
		"PEM with escapes":         strings.Join(lines, `\n`),
		"PEM without its marks":    strings.Join(bare, "\n"),
		"PEM indented":             strings.Join(bare, "\r\n\t"),
		"PEM without its first":    strings.Join(lines[1:], "\n"),
		"DER in base64":            strings.Join(bare, ""),
		"DER in base64url":         base64.RawURLEncoding.EncodeToString(block.Bytes),
		"DER in groups":            regexp.MustCompile(".{16}").ReplaceAllString(strings.Join(bare, ""), "$0 "),
		"DER in hex":               hexed,
		"DER in capital hex":       strings.ToUpper(hexed),
		"DER in hex with colons":   regexp.MustCompile("..").ReplaceAllString(hexed, "$0:"),
		"PEM in base64":            base64.StdEncoding.EncodeToString([]byte(text)),
		"one line of it":           bare[0],
		"the first letters of one": bare[0][:24],
		"the last letters of one":  text[len(text)-len(lines[len(lines)-1])-30:],
	}
}

// keyTexts returns PEM texts by their kind.
var keyTexts = sync.OnceValue(func() map[string]string {
	must := func(err error) {
		if err != nil {
			panic(err)
		}
	}
	texts := map[string]string{}
	public := func(name string, key crypto.PublicKey) {
		der, err := x509.MarshalPKIXPublicKey(key)
		must(err)
		texts[name] = string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}))
	}
	p256, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(err)
	p384, err := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	must(err)
	rsa2048, err := rsa.GenerateKey(rand.Reader, 2048)
	must(err)
	rsa3072, err := rsa.GenerateKey(rand.Reader, 3072)
	must(err)
	edwards, _, err := ed25519.GenerateKey(rand.Reader)
	must(err)
	public("p256", p256.Public())
	public("p384", p384.Public())
	public("rsa2048", rsa2048.Public())
	public("rsa3072", rsa3072.Public())
	public("ed25519", edwards)
	texts["pkcs1"] = string(pem.EncodeToMemory(&pem.Block{Type: "RSA PUBLIC KEY", Bytes: x509.MarshalPKCS1PublicKey(&rsa2048.PublicKey)}))
	der, err := x509.MarshalPKCS8PrivateKey(p256)
	must(err)
	texts["private"] = string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}))
	texts["broken"] = string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: []byte("no key")}))
	return texts
})

func jsonText(text string) string {
	quoted, _ := json.Marshal(text)
	return string(quoted)
}

// importedKey returns an environment with an imported signing key 1 and settings in JSON.
func importedKey(members ...string) string {
	return `{"signingKeys": {"keys": {"1": {"custody": "imported", ` + strings.Join(members, ", ") + `}}}}`
}

func TestImportedKeysAreRead(t *testing.T) {
	keys := keyTexts()
	const location = `"privateKey": {"secretArn": "arn:aws:secretsmanager:eu-west-1:123456789012:secret:media-key-a1b2c3", "secretVersionId": "a1b2c3d4-5678-90ab-cdef-111122223333"}`
	untidy := "\n" + strings.ReplaceAll(keys["p256"], "\n", "\r\n") + "\n\n"
	files := fstest.MapFS{"keys/public.pem": {Data: []byte(keys["rsa2048"])}}
	tests := []struct {
		name     string
		settings string
		want     SigningKey
	}{
		{"a P-256 key as text", importedKey(`"publicKey": ` + jsonText(keys["p256"])),
			SigningKey{Number: 1, Algorithm: "ecdsa-p256", Hash: "sha256", Custody: Imported, PublicKey: keys["p256"], PrivateKey: PrivateKeyLocation{File: "private_key.pem"}}},
		{"a text with other line ends, which would be another key to CloudFront", importedKey(`"publicKey": ` + jsonText(untidy)),
			SigningKey{Number: 1, Algorithm: "ecdsa-p256", Hash: "sha256", Custody: Imported, PublicKey: keys["p256"], PrivateKey: PrivateKeyLocation{File: "private_key.pem"}}},
		{"an RSA key in a file, its private half in a secret", importedKey(`"publicKey": "./keys/public.pem"`, `"hash": "sha1"`, location),
			SigningKey{Number: 1, Algorithm: "rsa-2048", Hash: "sha1", Custody: Imported, PublicKey: keys["rsa2048"], PrivateKey: PrivateKeyLocation{
				SecretARN: "arn:aws:secretsmanager:eu-west-1:123456789012:secret:media-key-a1b2c3", SecretVersionID: "a1b2c3d4-5678-90ab-cdef-111122223333"}}},
		{"a key in KMS", importedKey(`"publicKey": `+jsonText(keys["p256"]), `"algorithm": "ecdsa-p256"`, `"privateKey": {"kmsArn": "arn:aws:kms:eu-west-1:123456789012:key/mrk-1234abcd12ab34cd56ef1234567890ab"}`),
			SigningKey{Number: 1, Algorithm: "ecdsa-p256", Hash: "sha256", Custody: Imported, PublicKey: keys["p256"], PrivateKey: PrivateKeyLocation{KMSARN: "arn:aws:kms:eu-west-1:123456789012:key/mrk-1234abcd12ab34cd56ef1234567890ab"}}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			c, err := Read(context(t, `{"project": "p", "environments": {"dev": `+test.settings+`}}`), files)
			if err != nil {
				t.Fatal(err)
			}
			want := SigningKeys{Keys: []SigningKey{test.want}, Current: 1}
			if got := c.Environments[0].Content.SigningKeys; !reflect.DeepEqual(got, want) {
				t.Errorf("got  %+v\nwant %+v", got, want)
			}
		})
	}
}

func TestImportedKeysThatCannotServeAreRefused(t *testing.T) {
	keys := keyTexts()
	const (
		public  = `write the public half of an RSA-2048 or P-256 key as PEM that starts with -----BEGIN PUBLIC KEY-----, as "openssl pkey -pubout" writes it`
		private = `remove it, make a new key pair if others could read it, and write` + ` the public half of an RSA-2048 or P-256 key as PEM that starts with -----BEGIN PUBLIC KEY-----, as "openssl pkey -pubout" writes it`
		file    = `write the PEM of a public key, or the name of a file with it in the folder of cdk.json or below, such as "public_key.pem"`
		at      = `signingKeys.keys.1.`
	)
	p256 := `"publicKey": ` + jsonText(keys["p256"])
	text := func(name string) string { return importedKey(`"publicKey": ` + jsonText(keys[name])) }
	files := fstest.MapFS{
		"private.pem": {Data: []byte(keys["private"])},
		"notes.txt":   {Data: []byte("no key at all")},
		"keys/a.pem":  {Data: []byte(keys["p256"])},
	}
	tests := []struct {
		name     string
		settings string
		want     []string
	}{
		{"no public key", importedKey(`"hash": "sha256"`), []string{at + "publicKey: missing; " + public}},
		{"a private key", text("private"), []string{at + "publicKey: a private key; " + private}},
		{"a private key after the public one", importedKey(`"publicKey": ` + jsonText(keys["p256"]+keys["private"])), []string{at + "publicKey: a private key; " + private}},
		{"the file of a private key", importedKey(`"publicKey": "private.pem"`), []string{at + "publicKey: a private key; " + private}},
		{"a file of something else", importedKey(`"publicKey": "notes.txt"`), []string{at + "publicKey: no public key; " + public}},
		{"a file that is not there", importedKey(`"publicKey": "public.pem"`), []string{at + `publicKey: "public.pem": no such file; ` + file}},
		{"a folder", importedKey(`"publicKey": "keys"`), []string{at + `publicKey: "keys": invalid argument; ` + file}},
		{"a file outside the folder", importedKey(`"publicKey": "../public.pem"`), []string{at + `publicKey: "../public.pem": not the name of a file in the folder of cdk.json; ` + file}},
		{"a file anywhere", importedKey(`"publicKey": "/etc/public.pem"`), []string{at + `publicKey: "/etc/public.pem": not the name of a file in the folder of cdk.json; ` + file}},
		{"an RSA key that is longer", text("rsa3072"), []string{at + "publicKey: an RSA key of 3072 bits; " + public}},
		{"another curve", text("p384"), []string{at + "publicKey: an ECDSA key on P-384; " + public}},
		{"another kind of key", text("ed25519"), []string{at + "publicKey: a key that is neither RSA nor ECDSA; " + public}},
		{"PKCS #1", text("pkcs1"), []string{at + "publicKey: PEM of another kind; " + public}},
		{"PEM that holds no key", text("broken"), []string{at + "publicKey: a public key that cannot be read; " + public}},
		{"two keys", importedKey(`"publicKey": ` + jsonText(keys["p256"]+keys["rsa2048"])), []string{at + "publicKey: more than one public key; " + public}},
		{"another algorithm than that of the key", importedKey(p256, `"algorithm": "rsa-2048"`),
			[]string{at + `algorithm: "rsa-2048" with a public key of ecdsa-p256; write "ecdsa-p256", or leave it out`}},
		{"SHA-1 with a P-256 key", importedKey(p256, `"hash": "sha1"`),
			[]string{at + `hash: "sha1" with an ECDSA key; write "sha256", or choose "rsa-2048": SHA-1 is supported for old RSA signers only`}},
		{"SHA-1 with KMS", importedKey(`"publicKey": `+jsonText(keys["rsa2048"]), `"hash": "sha1"`, `"privateKey": {"kmsArn": "arn:aws:kms:eu-west-1:123456789012:key/a1b2"}`),
			[]string{at + `hash: "sha1" with a key of KMS; write "sha256": KMS does not sign with SHA-1`}},
		{"a private key in two places", importedKey(p256, `"privateKey": {"kmsArn": "arn:aws:kms:eu-west-1:123456789012:key/a1b2", "file": "a.pem"}`),
			[]string{at + `privateKey: kmsArn and file; write one of them: a key has one location`}},
		{"a secret without its version", importedKey(p256, `"privateKey": {"secretArn": "arn:aws:secretsmanager:eu-west-1:123456789012:secret:a-1b2C3d"}`),
			[]string{at + `privateKey.secretVersionId: missing, with secretArn; write the id of the version that holds the key: the current version of a secret can change, but the public key cannot`}},
		{"a version without its secret", importedKey(p256, `"privateKey": {"secretVersionId": "AWSCURRENT"}`), []string{
			at + `privateKey.secretArn: missing, with secretVersionId; write the whole ARN of the secret, such as "arn:aws:secretsmanager:eu-west-1:123456789012:secret:media-key-a1b2c3"`,
			at + `privateKey.secretVersionId: "AWSCURRENT"; write the id of a version, 32 to 64 letters, digits and hyphens, such as "a1b2c3d4-5678-90ab-cdef-111122223333"`}},
		{"a part of the ARN of a secret, which would allow nothing", importedKey(p256, `"privateKey": {"secretArn": "arn:aws:secretsmanager:eu-west-1:123456789012:secret:media-key", "secretVersionId": "a1b2c3d4-5678-90ab-cdef-111122223333"}`),
			[]string{at + `privateKey.secretArn: "arn:aws:secretsmanager:eu-west-1:123456789012:secret:media-key"; write the whole ARN of a secret, with the hyphen and the six characters that Secrets Manager adds at its end, such as "arn:aws:secretsmanager:eu-west-1:123456789012:secret:media-key-a1b2c3"`}},
		{"one key under two numbers", `{"signingKeys": {"current": 1, "keys": {"1": {"custody": "imported", ` + p256 + `}, "2": {}, "3": {"custody": "imported", "publicKey": ` + jsonText("\n"+strings.ReplaceAll(keys["p256"], "\n", "\r\n")) + `}}}}`,
			[]string{`signingKeys.keys.3.publicKey: the public key of key 1; remove one of the two: each number stands for a different key pair`}},
		{"neither PEM nor the name of a file", importedKey(`"publicKey": "my key\nis here"`), []string{at + "publicKey: neither PEM nor the name of a file; " + file}},
		{"the body of a key without its first line", importedKey(`"publicKey": ` + jsonText(strings.ReplaceAll(keys["p256"], "-----BEGIN PUBLIC KEY-----", ""))), []string{at + "publicKey: neither PEM nor the name of a file; " + file}},
		{"an alias in KMS", importedKey(p256, `"privateKey": {"kmsArn": "arn:aws:kms:eu-west-1:123456789012:alias/media"}`),
			[]string{at + `privateKey.kmsArn: "arn:aws:kms:eu-west-1:123456789012:alias/media", an alias; write the ARN of the key itself: an alias can move to another key, but the public key cannot`}},
		{"a private key where its place belongs", importedKey(p256, `"privateKey": {"file": `+jsonText(keys["private"])+`, "kmsArn": `+jsonText(keys["private"])+`}`), []string{
			at + `privateKey: kmsArn and file; write one of them: a key has one location`,
			at + `privateKey.kmsArn: a private key; write the ARN of a key, such as "arn:aws:kms:eu-west-1:123456789012:key/a1b2c3d4-5678-90ab-cdef-111122223333"`,
			at + `privateKey.file: a private key; write the name of a file, such as "/run/secrets/private_key.pem"`}},
		{"a file whose name leaves no room in the document", importedKey(p256, `"privateKey": {"file": "`+strings.Repeat("key/k/", 128)+"k"+`"}`),
			[]string{at + `privateKey.file: 769 characters; write at most 768: the deployment document holds the name, and all of it must fit the 4096 characters of a parameter`}},
		{"a key of one's own that the deployment would make", `{"signingKeys": {"keys": {"1": {` + p256 + `, "privateKey": {"file": "a.pem"}}}}}`, []string{
			at + `publicKey: a public key; leave it out, or write custody "imported": the deployment makes this key and keeps its private half`,
			at + `privateKey: the place of a private key; leave it out, or write custody "imported": the deployment makes this key and keeps its private half`}},
		{"a misspelt custody", `{"signingKeys": {"keys": {"1": {"custody": "import", ` + p256 + `}}}}`,
			[]string{at + `custody: "import"; write "secrets-manager" or "imported"; did you mean "imported"?`}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got := found(t, test.settings, files)
			if !reflect.DeepEqual(got, test.want) {
				t.Errorf("got:\n%s\nwant:\n%s", strings.Join(got, "\n"), strings.Join(test.want, "\n"))
			}
			wantNoKeyIn(t, strings.Join(got, "\n"))
		})
	}
}

func TestAFileNeedsAFolder(t *testing.T) {
	_, err := Read(context(t, `{"project": "p", "environments": {"dev": `+importedKey(`"publicKey": "public_key.pem"`)+`}}`), nil)
	if err == nil || !strings.Contains(err.Error(), `"public_key.pem": no folder to read it from; write`) {
		t.Errorf("got %v", err)
	}
}

func TestAFileThatCannotHoldAPublicKeyIsNotRead(t *testing.T) {
	folder := fstest.MapFS{
		"device.pem": {Mode: fs.ModeDevice | fs.ModeCharDevice | 0o600},
		"long.pem":   {Data: make([]byte, maxPublicKey+1), Mode: 0o600},
	}
	for _, file := range []string{"device.pem", "long.pem"} {
		_, err := Read(context(t, `{"project": "p", "environments": {"dev": `+importedKey(`"publicKey": "`+file+`"`)+`}}`), folder)
		if err == nil || !strings.Contains(err.Error(), `"`+file+`": not a file that can hold a public key; write`) {
			t.Errorf("%s: got %v", file, err)
		}
	}
}

// wantNoKeyIn looks for any part of the private key.
func wantNoKeyIn(t *testing.T, text string) {
	t.Helper()
	wantNoPartIn(t, text, keyTexts()["private"])
}

// wantNoPartIn looks for any eight characters of a key in a text.
func wantNoPartIn(t *testing.T, text, key string) {
	t.Helper()
	for _, line := range strings.FieldsFunc(key, func(r rune) bool { return r == '\n' || r == ' ' || r == '\t' || r == '\r' || r == '\\' }) {
		for i := 0; i+8 <= len(line); i++ {
			if part := line[i : i+8]; !strings.Contains("n-----BEGIN PUBLIC KEY-----", part) && strings.Contains(text, part) {
				t.Fatalf("%q holds %s of the private key", text, part)
			}
		}
	}
}

// pasted are places in cdk.json in which a key is an error.
var pasted = []string{
	`"project": %s`, `"project": "p", "env": %s, "environments": {"dev": {}}`, `"project": "p", "environments": {%s: {}}`, `"project": "p", "environments": %s`,
	`"project": "p", "environments": {"dev": {%s: 1}}`, `"project": "p", "environments": {"dev": {"bucket": %s}}`,
	`"project": "p", "environments": {"dev": {"region": %s}}`, `"project": "p", "environments": {"dev": {"account": %s, "webAcl": "arn:aws:wafv2:us-east-1:123456789012:global/webacl/media/a1b2"}}`,
	`"project": "p", "environments": {"dev": {"maxKeyAge": %s}}`, `"project": "p", "environments": {"dev": {"signingKeys": {"from": %s}}}`,
	`"project": "p", "environments": {"dev": {"ephemeral": true, "lendKeys": true, "region": %[1]s, "account": %[1]s}, "pr": {"ephemeral": true, "signingKeys": {"from": "dev"}}}`,
	`"project": "p", "environments": {%[1]s: {"ephemeral": true}, "pr": {"ephemeral": true, "signingKeys": {"from": %[1]s}}}`,
	`"project": "p", "environments": {"dev": {"ephemeral": true}, %s: {"ephemeral": true, "signingKeys": {"from": "dev"}}}`,
	`"project": "p", "environments": {"dev": {"signingKeys": {"keys": {%s: {}}}}}`, `"project": "p", "environments": {"dev": {"signingKeys": {"keys": {"1": {"algorithm": %s}}}}}`,
	`"project": "p", "environments": {"dev": {"signingKeys": {"keys": {"1": {"custody": "imported", "publicKey": %s}}}}}`,
	`"project": "p", "environments": {"dev": {"signingKeys": {"keys": {"1": {"custody": "imported", "privateKey": {"secretArn": %s}}}}}}`,
	`"project": "p", "environments": {"dev": {"domain": {"certificate": %[1]s, "names": [%[1]s]}}}`, `"project": "p", "environments": {"dev": {"originAccess": %s}}`,
	`"project": "p", "environments": {"dev": {"errorPages": [{"errorCode": 403, "responsePagePath": %s}]}}`, `"project": "p", "environments": {"dev": {"cors": {"origins": [%s]}}}`,
	`"project": "p", "environments": {"dev": {"geoRestriction": {"allow": [%s]}}}`, `"project": "p", "environments": {"dev": {"signers": {"roleArns": [%s]}}}`,
}

func TestAPrivateKeyAnywhereIsNotRepeated(t *testing.T) {
	for _, kind := range slices.Sorted(maps.Keys(privateKeys())) {
		texts := spellings(privateKeys()[kind])
		for _, spelling := range slices.Sorted(maps.Keys(texts)) {
			t.Run(kind+", "+spelling, func(t *testing.T) {
				for _, at := range pasted {
					_, err := Read(context(t, "{"+strings.ReplaceAll(strings.ReplaceAll(at, "%[1]s", "%s"), "%s", jsonText(texts[spelling]))+"}"), fstest.MapFS{})
					if err == nil {
						t.Errorf("%s: no error", at)
						continue
					}
					wantNoPartIn(t, err.Error(), texts[spelling])
				}
			})
		}
	}
}

func TestAPrivateKeyPastedLineByLineIsNotRepeated(t *testing.T) {
	for kind, block := range privateKeys() {
		text := strings.TrimSpace(string(pem.EncodeToMemory(block)))
		var lines []string
		for line := range strings.Lines(text) {
			lines = append(lines, jsonText(strings.TrimSpace(line)))
		}
		got := found(t, `{"publicPaths": [`+strings.Join(lines, ", ")+`]}`, nil)
		want := []string{`publicPaths: a private key, line by line; remove it, make a new key pair if others could read it, and write a list, such as ["/assets/*"]`}
		if !slices.Equal(got, want) {
			t.Errorf("%s: got %d problems: %s", kind, len(got), got[0][:20])
		}
	}
}

func TestAPrivateKeyInPlaceOfItsFileIsRefused(t *testing.T) {
	p256 := `"publicKey": ` + jsonText(keyTexts()["p256"])
	for kind, block := range privateKeys() {
		texts := spellings(block)
		for _, spelling := range []string{"PEM", "PEM in one line", "PEM with escapes", "PEM without its marks", "DER in base64", "DER in base64url", "PEM in base64"} {
			got := strings.Join(found(t, importedKey(p256, `"privateKey": {"file": `+jsonText(texts[spelling])+`}`), nil), "\n")
			if !strings.HasSuffix(got, `; write the name of a file, such as "/run/secrets/private_key.pem"`) {
				t.Errorf("%s, %s is taken for a file", kind, spelling)
			}
			wantNoPartIn(t, got, texts[spelling])
		}
	}
}

func TestWhatIsNoKeyIsRepeated(t *testing.T) {
	for _, text := range []string{
		"/assets/premium/episodes/season-one/trailers/*", "arn:aws:acm:us-east-1:123456789012:certificate/a1b2c3d4-5678-90ab-cdef-111122223333",
		"arn:aws:kms:eu-west-1:123456789012:key/mrk-1234abcd12ab34cd56ef1234567890ab", "https://app.example.com", "Z0123456789ABCDEFGHIJ", "strict-origin-when-cross-origin",
		"arn:aws:iam::210987654321:role/service-role/MediaApp", "MIT", "a1b2c3d4-5678-90ab-cdef-111122223333", "", "=", "a=b",
	} {
		if holdsKey(text) {
			t.Errorf("%s is taken for a key", text)
		}
	}
}
