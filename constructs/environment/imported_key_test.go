package environment

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"reflect"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
)

// keyTexts are PEM texts by what they hold.
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

// importedKey is a signing key 1 of one's own, with settings in JSON.
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
		private = `take it out of here, make a new key pair if others could read it, and write` + ` the public half of an RSA-2048 or P-256 key as PEM that starts with -----BEGIN PUBLIC KEY-----, as "openssl pkey -pubout" writes it`
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
		{"a private key behind the public one", importedKey(`"publicKey": ` + jsonText(keys["p256"]+keys["private"])), []string{at + "publicKey: a private key; " + private}},
		{"the file of a private key", importedKey(`"publicKey": "private.pem"`), []string{at + "publicKey: a private key; " + private}},
		{"a file of something else", importedKey(`"publicKey": "notes.txt"`), []string{at + "publicKey: no public key; " + public}},
		{"a file that is not there", importedKey(`"publicKey": "public.pem"`), []string{at + `publicKey: "public.pem": no such file; ` + file}},
		{"a folder", importedKey(`"publicKey": "keys"`), []string{at + `publicKey: "keys": invalid argument; ` + file}},
		{"a file outside the folder", importedKey(`"publicKey": "../public.pem"`), []string{at + `publicKey: "../public.pem": no name of a file in the folder of cdk.json; ` + file}},
		{"a file anywhere", importedKey(`"publicKey": "/etc/public.pem"`), []string{at + `publicKey: "/etc/public.pem": no name of a file in the folder of cdk.json; ` + file}},
		{"an RSA key that is longer", text("rsa3072"), []string{at + "publicKey: an RSA key of 3072 bits; " + public}},
		{"another curve", text("p384"), []string{at + "publicKey: an ECDSA key on P-384; " + public}},
		{"another kind of key", text("ed25519"), []string{at + "publicKey: a key that is neither RSA nor ECDSA; " + public}},
		{"PKCS #1", text("pkcs1"), []string{at + "publicKey: PEM of another kind; " + public}},
		{"PEM that holds no key", text("broken"), []string{at + "publicKey: a public key that cannot be read; " + public}},
		{"two keys", importedKey(`"publicKey": ` + jsonText(keys["p256"]+keys["rsa2048"])), []string{at + "publicKey: more than one public key; " + public}},
		{"another algorithm than that of the key", importedKey(p256, `"algorithm": "rsa-2048"`),
			[]string{at + `algorithm: "rsa-2048" with a public key of ecdsa-p256; write "ecdsa-p256", or leave it out`}},
		{"SHA-1 with a P-256 key", importedKey(p256, `"hash": "sha1"`),
			[]string{at + `hash: "sha1" with an ECDSA key; write "sha256", or choose "rsa-2048": SHA-1 is there for old RSA signers alone`}},
		{"SHA-1 with KMS", importedKey(`"publicKey": `+jsonText(keys["rsa2048"]), `"hash": "sha1"`, `"privateKey": {"kmsArn": "arn:aws:kms:eu-west-1:123456789012:key/a1b2"}`),
			[]string{at + `hash: "sha1" with a key of KMS; write "sha256": KMS has no SHA-1`}},
		{"a private key in two places", importedKey(p256, `"privateKey": {"kmsArn": "arn:aws:kms:eu-west-1:123456789012:key/a1b2", "file": "a.pem"}`),
			[]string{at + `privateKey: kmsArn and file; write one of them: signers find the key in one place`}},
		{"a secret without its version", importedKey(p256, `"privateKey": {"secretArn": "arn:aws:secretsmanager:eu-west-1:123456789012:secret:a"}`),
			[]string{at + `privateKey.secretVersionId: missing, beside secretArn; write the id of the version that holds the key: a secret's current version can change, and the public key would not`}},
		{"a version without its secret", importedKey(p256, `"privateKey": {"secretVersionId": "AWSCURRENT"}`), []string{
			at + `privateKey.secretArn: missing, beside secretVersionId; write the ARN of the secret, such as "arn:aws:secretsmanager:eu-west-1:123456789012:secret:media-key-a1b2c3"`,
			at + `privateKey.secretVersionId: "AWSCURRENT"; write the id of a version, 32 to 64 letters, digits and hyphens, such as "a1b2c3d4-5678-90ab-cdef-111122223333"`}},
		{"an alias in KMS", importedKey(p256, `"privateKey": {"kmsArn": "arn:aws:kms:eu-west-1:123456789012:alias/media"}`),
			[]string{at + `privateKey.kmsArn: "arn:aws:kms:eu-west-1:123456789012:alias/media", an alias; write the ARN of the key itself: an alias can move to another key, and the public key would not`}},
		{"a private key where its place belongs", importedKey(p256, `"privateKey": {"file": `+jsonText(keys["private"])+`, "kmsArn": `+jsonText(keys["private"])+`}`), []string{
			at + `privateKey: kmsArn and file; write one of them: signers find the key in one place`,
			at + `privateKey.kmsArn: a private key; write the ARN of a key, such as "arn:aws:kms:eu-west-1:123456789012:key/a1b2c3d4-5678-90ab-cdef-111122223333"`,
			at + `privateKey.file: a private key; write the name of a file, such as "/run/secrets/private_key.pem"`}},
		{"a key of one's own that the deployment would make", `{"signingKeys": {"keys": {"1": {` + p256 + `, "privateKey": {"file": "a.pem"}}}}}`, []string{
			at + `publicKey: a public key of one's own; leave it out, or write custody "imported": the deployment makes this key and keeps its private half`,
			at + `privateKey: a private key of one's own; leave it out, or write custody "imported": the deployment makes this key and keeps its private half`}},
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

// wantNoKeyIn looks for any part of the private key.
func wantNoKeyIn(t *testing.T, text string) {
	t.Helper()
	block, _ := pem.Decode([]byte(keyTexts()["private"]))
	encoded := base64.StdEncoding.EncodeToString(block.Bytes)
	for i := 0; i+8 <= len(encoded); i++ {
		if strings.Contains(text, encoded[i:i+8]) {
			t.Fatalf("%q holds a part of the private key", text)
		}
	}
}

func TestAPrivateKeyAnywhereIsNotRepeated(t *testing.T) {
	private := jsonText(keyTexts()["private"])
	for _, at := range []string{
		`"project": %s`, `"project": "p", "env": %s, "environments": {"dev": {}}`, `"project": "p", "environments": {%s: {}}`, `"project": "p", "environments": %s`,
		`"project": "p", "environments": {"dev": {%s: 1}}`, `"project": "p", "environments": {"dev": {"bucket": %s}}`, `"project": "p", "environments": {"dev": {"publicPaths": [%s]}}`,
		`"project": "p", "environments": {"dev": {"maxKeyAge": %s}}`, `"project": "p", "environments": {"dev": {"signingKeys": {"from": %s}}}`,
		`"project": "p", "environments": {"dev": {"signingKeys": {"keys": {%s: {}}}}}`, `"project": "p", "environments": {"dev": {"signingKeys": {"keys": {"1": {"algorithm": %s}}}}}`,
		`"project": "p", "environments": {"dev": {"tags": {"a": %s}}}`, `"project": "p", "environments": {"dev": {"domain": {"certificate": %s}}}`,
	} {
		_, err := Read(context(t, "{"+fmt.Sprintf(at, private)+"}"), nil)
		if err == nil {
			t.Errorf("%s: no error", at)
			continue
		}
		wantNoKeyIn(t, err.Error())
	}
}
