package config

import (
	"fmt"
	"maps"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/signedfront/signedfront/signer"
)

// SigningKeys are the generations of an environment's signing key. In cdk.json:
//
//	"signingKeys": {"keys": {"2": {"algorithm": "rsa-2048"}, "3": {}}, "current": 3}
//
// Every listed key is trusted. The current key signs; current may be left out if one
// key is listed. Without signingKeys there is one key, number 1.
//
//	"signingKeys": {"keys": {"4": {"custody": "imported", "publicKey": "public_key.pem",
//	                               "privateKey": {"kmsArn": "arn:aws:kms:eu-west-1:123456789012:key/…"}}}}
//
// trusts a key pair that you made. The stack never sees its private half.
//
//	"signingKeys": {"keys": {"1": {}, "2": {}}, "current": 2, "compromised": [1]}
//
// lets the next deployment remove key 1 without waiting.
//
//	"signingKeys": {"alsoTrust": ["K2JCJMDEHXQW5F"]}
//
// trusts a public key that the account already has in CloudFront, in addition to
// the stack's own keys.
//
//	"signingKeys": {"from": "dev"}
//
// borrows the keys of another environment in the same account and Region, which must
// set "lendKeys": true. Neither environment may have termination protection.
type SigningKeys struct {
	// Keys are the keys that the distribution trusts, sorted by number. Each number
	// stands for one key pair for ever: to replace a key, add a number.
	//
	// Default: one key, number 1.
	Keys []SigningKey `json:"keys"`

	// Current is the number of the key that signs.
	//
	// Default: the number of the only key.
	Current int `json:"current"`

	// Compromised are the numbers of keys that somebody else has. After a deployment
	// has made another key current, the guard lets the next one remove such a key
	// without waiting. CloudFront then refuses everything that it signed.
	//
	// Default: none.
	Compromised []int `json:"compromised"`

	// AlsoTrust are the ids of public keys that the account already has in
	// CloudFront, such as K2JCJMDEHXQW5F. The distribution trusts them too, so URLs
	// that their owners sign keep working. At most five keys may be in Keys and
	// AlsoTrust together.
	//
	// Default: none.
	AlsoTrust []string `json:"alsoTrust"`

	// From is the name of the environment that lends its keys, which replace this
	// environment's own keys. Neither environment may have termination protection: a
	// role that may sign for one may sign for the other.
	//
	// Default: none.
	From string `json:"from"`
}

// SigningKey is one key generation. A deployed number stands for the same key pair
// for ever: a new key pair gets a new number.
type SigningKey struct {
	// Number is from 1 to 9999. In cdk.json it is the name of the member.
	Number int `json:"-"`

	// Algorithm is ecdsa-p256 or rsa-2048.
	//
	// Default: the algorithm of PublicKey, or else ecdsa-p256.
	Algorithm string `json:"algorithm"`

	// Hash is sha256 or, with rsa-2048 only, sha1.
	//
	// Default: sha256.
	Hash string `json:"hash"`

	// Custody is who makes and keeps the private half of the key: the deployment, in
	// a secret that is deleted with the stack (secrets-manager), or you (imported).
	//
	// Default: secrets-manager.
	Custody Custody `json:"custody"`

	// PublicKey is the public half of an imported key, as PEM (SPKI). In cdk.json it
	// may also be the name of a file with that PEM, in the folder of cdk.json or below.
	PublicKey string `json:"publicKey"`

	// PrivateKey is the place where signers find the private half of an imported key.
	//
	// Default: the file private_key.pem.
	PrivateKey PrivateKeyLocation `json:"privateKey"`
}

// Custody is who makes and keeps the private half of a key.
type Custody string

const (
	// SecretsManager is a key that the deployment makes and keeps in a secret. The
	// secret is deleted with the stack.
	SecretsManager Custody = "secrets-manager"

	// Imported is a key that you made. The stack knows only its public half.
	Imported Custody = "imported"
)

func (Custody) words() []string { return []string{string(SecretsManager), string(Imported)} }

// PrivateKeyLocation is the place where signers find the private half of an imported
// key: one version of a secret, a KMS key or a file. The signing policy allows its
// use there.
type PrivateKeyLocation struct {
	// SecretARN and SecretVersionID name one version of a secret in AWS Secrets
	// Manager that holds the key as PEM.
	SecretARN       string `json:"secretArn"`
	SecretVersionID string `json:"secretVersionId"`

	// KMSARN is the ARN of an asymmetric key in AWS KMS. It signs with SHA-256 only.
	KMSARN string `json:"kmsArn"`

	// File is the path of a PEM file on the machine where the signer runs.
	File string `json:"file"`
}

// MaxSigningKeys is the most public keys that a CloudFront key group holds:
// https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/cloudfront-limits.html
const MaxSigningKeys = 5

const maxKeyNumber = 9999

var (
	algorithms = wordsOf(signer.Algorithms())
	hashes     = wordsOf(signer.Hashes())
	keyNumber  = regexp.MustCompile(`^[1-9][0-9]{0,3}$`)
)

func wordsOf[W ~string](list []W) (words []string) {
	for _, word := range list {
		words = append(words, string(word))
	}
	return words
}

// WithDefaults returns a copy with defaults for everything that was left out: key 1
// if no key is listed; the algorithm, hash and custody of each key; the location of
// an imported key; and the current key if one is listed. The keys are sorted by
// number, and their PEM has the form that CloudFront keeps.
func (k SigningKeys) WithDefaults() SigningKeys {
	if k.From != "" {
		return k
	}
	keys := slices.Clone(k.Keys)
	if keys == nil {
		keys = []SigningKey{{Number: 1}}
	}
	for i := range keys {
		keys[i] = keys[i].withDefaults()
	}
	slices.SortStableFunc(keys, func(a, b SigningKey) int { return a.Number - b.Number })
	if k.Current == 0 && len(keys) == 1 {
		k.Current = keys[0].Number
	}
	k.Keys = keys
	return k
}

func (k SigningKey) withDefaults() SigningKey {
	if k.Custody == "" {
		k.Custody = SecretsManager
	}
	if k.Custody == Imported {
		if key, ok, _ := readPublicKey(k.PublicKey); ok {
			k.PublicKey = key.pem
			if k.Algorithm == "" {
				k.Algorithm = key.algorithm
			}
		}
		if k.PrivateKey == (PrivateKeyLocation{}) {
			k.PrivateKey.File = "private_key.pem"
		}
	}
	if k.Algorithm == "" {
		k.Algorithm = algorithms[0]
	}
	if k.Hash == "" {
		k.Hash = hashes[0]
	}
	return k
}

// CurrentKey returns the key that signs, and whether it is listed.
func (k SigningKeys) CurrentKey() (key SigningKey, listed bool) {
	for _, key := range k.Keys {
		if key.Number == k.Current {
			return key, true
		}
	}
	return SigningKey{}, false
}

// check reports mistakes in a deployment's own keys, which have their defaults.
func (k SigningKeys) check(at node) {
	k.checkAlsoTrust(at)
	list := at.field("Keys")
	if len(k.Keys) == 0 {
		list.wrong("an empty list", "leave it out, which makes key 1, or list a key")
		return
	}
	if len(k.Keys) > MaxSigningKeys {
		list.wrong(fmt.Sprintf("%d keys", len(k.Keys)),
			fmt.Sprintf("list %d at most, the quota of a CloudFront key group", MaxSigningKeys))
	}
	var numbers []string
	for i, key := range k.Keys {
		at := list.member(strconv.Itoa(key.Number))
		if key.Number < 1 || key.Number > maxKeyNumber {
			at.wrong("not the number of a key", fmt.Sprintf("write one from 1 to %d", maxKeyNumber))
		}
		if i > 0 && k.Keys[i-1].Number == key.Number {
			at.wrong("listed twice", "list every key once")
		}
		key.check(at)
		if same := slices.IndexFunc(k.Keys[:i], key.isPairOf); same >= 0 {
			at.field("PublicKey").wrong(fmt.Sprintf("the public key of key %d", k.Keys[same].Number), "remove one of the two: each number stands for a different key pair")
		}
		numbers = append(numbers, strconv.Itoa(key.Number))
	}
	if _, listed := k.CurrentKey(); !listed {
		found := fmt.Sprintf("key %d, which is not listed", k.Current)
		if k.Current == 0 {
			found = "missing, although several keys are listed"
		}
		at.field("Current").wrong(found, "write the number of the key that signs: "+strings.Join(numbers, " or "))
	}
	k.checkCompromised(at)
}

const exampleKeyID = `"K2JCJMDEHXQW5F"`

// publicKeyID matches the id of a public key in CloudFront. Ids of CloudFront's other
// resources start with another letter.
var publicKeyID = regexp.MustCompile(`^K[A-Z0-9]{7,31}$`)

func (k SigningKeys) checkAlsoTrust(at node) {
	also := at.field("AlsoTrust")
	also.list(k.AlsoTrust, func(at node, id string) {
		switch {
		case publicKeyID.MatchString(id):
		case strings.HasPrefix(id, "APKA") && publicKeyID.MatchString("K"+id):
			// https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/private-content-trusted-signers.html
			at.wrong(quote(id)+", a key pair of an AWS account, which no key group holds", "upload its public key to CloudFront and write the id that it gets there, such as "+exampleKeyID+", and use that id in new URLs")
		case publicKeyID.MatchString(strings.ToUpper(id)):
			at.wrong(quote(id), "write it in capital letters, as CloudFront does")
		default:
			at.wrong(quote(id), "write the id of a public key in CloudFront, such as "+exampleKeyID)
		}
	})
	if own, n := len(k.Keys), len(k.AlsoTrust); own <= MaxSigningKeys && own+n > MaxSigningKeys {
		also.wrong(fmt.Sprintf("%d ids, with %d of %s", n, own, at.name("Keys")),
			fmt.Sprintf("list %d at most of both together, the quota of a CloudFront key group", MaxSigningKeys))
	}
}

func (k SigningKeys) checkCompromised(at node) {
	currentIsKnown := at.field("Keys").whole() && at.field("Current").wasRead()
	for i, number := range k.Compromised {
		at := at.field("Compromised").index(i)
		switch {
		case number < 1 || number > maxKeyNumber:
			at.wrong("not the number of a key", fmt.Sprintf("write one from 1 to %d", maxKeyNumber))
		case slices.Contains(k.Compromised[:i], number):
			at.wrong(fmt.Sprintf("key %d, listed twice", number), "list it once")
		case number == k.Current && currentIsKnown:
			at.wrong(fmt.Sprintf("key %d, which is current", number), "make another key current that is already deployed, and remove this one in the next deployment")
		}
	}
}

// warn reports which URLs CloudFront refuses after a compromised key is removed.
func (k SigningKeys) warn(at node) {
	for i, number := range k.Compromised {
		listed := slices.ContainsFunc(k.Keys, func(key SigningKey) bool { return key.Number == number })
		found, fix := fmt.Sprintf("key %d, which this deployment may remove without waiting: CloudFront then refuses every URL that it signed", number), "remove the number after this deployment"
		if listed {
			found, fix = fmt.Sprintf("key %d, which CloudFront still trusts", number), "remove it from "+at.name("Keys")+" in the next deployment: CloudFront then refuses every URL that it signed"
		}
		at.field("Compromised").index(i).wrong(found, fix)
	}
}

// isPairOf reports whether both keys are the same imported key pair.
func (k SigningKey) isPairOf(other SigningKey) bool {
	key, ok, _ := readPublicKey(k.PublicKey)
	return ok && key.pem == other.PublicKey
}

func (k SigningKey) check(at node) {
	algorithm := at.field("Algorithm").word(k.Algorithm, algorithms)
	hash := at.field("Hash").word(k.Hash, hashes)
	if algorithm && hash && k.Algorithm == string(signer.ECDSAP256) && k.Hash == string(signer.SHA1) {
		at.field("Hash").wrong(`"sha1" with an ECDSA key`,
			`write "sha256", or choose "rsa-2048": SHA-1 is supported for old RSA signers only`)
	}
	if !at.field("Custody").word(string(k.Custody), k.Custody.words()) {
		return
	}
	if k.Custody == Imported {
		k.checkImported(at, algorithm)
		return
	}
	const because = "the deployment makes this key and keeps its private half"
	fix := fmt.Sprintf("leave it out, or write %s %q: %s", at.name("Custody"), Imported, because)
	if k.PublicKey != "" {
		at.field("PublicKey").wrong("a public key", fix)
	}
	if k.PrivateKey != (PrivateKeyLocation{}) {
		at.field("PrivateKey").wrong("the place of a private key", fix)
	}
}

// signingKeys reads the setting signingKeys, whose keys are an object by number in
// cdk.json and a list in Go.
func (d decoder) signingKeys(setting jsonObject) SigningKeys {
	setting.only("keys", "current", "compromised", "alsoTrust", "from")

	var k SigningKeys
	if from, given := setting.members["from"]; given {
		k.From = readText(setting.member("from"), from, "the name of an environment in quotes, such as "+examples["from"])
	}
	keys, given := setting.object("keys", "an object such as "+examples["keys"])
	if k.From == "" && !setting.has("keys") && !setting.has("alsoTrust") || given && len(keys.members) == 0 {
		setting.member("keys").wrong("no key", `write an object such as {"1": {}}`)
	}
	whole := len(keys.members) > 0
	for _, number := range slices.Sorted(maps.Keys(keys.members)) {
		settings, given := keys.object(number, "the key's settings as an object, {} for none")
		var key SigningKey
		if given {
			d.into(settings, reflect.ValueOf(&key).Elem())
			key.PublicKey = d.publicKey(settings.member("publicKey"), key.PublicKey)
		}
		if !keyNumber.MatchString(number) {
			keys.member(number).wrong("not the number of a key", fmt.Sprintf("write one from 1 to %d, without leading zeros", maxKeyNumber))
			whole = false
			continue
		}
		key.Number, _ = strconv.Atoi(number) // keyNumber admits digits only
		k.Keys = append(k.Keys, key)
	}
	if current, given := setting.members["current"]; given {
		k.Current = readNumber(setting.member("current"), current, "the number of the key that signs, such as "+examples["current"])
	}
	if compromised, given := setting.members["compromised"]; given {
		d.value(setting.member("compromised"), compromised, reflect.ValueOf(&k.Compromised).Elem(), examples["compromised"])
	}
	if also, given := setting.members["alsoTrust"]; given {
		d.value(setting.member("alsoTrust"), also, reflect.ValueOf(&k.AlsoTrust).Elem(), examples["alsoTrust"])
	}
	if !whole && k.From == "" && (setting.has("keys") || !setting.has("alsoTrust")) {
		// A key could not be read, so it is unknown whether current is listed.
		k = k.WithDefaults()
		k.Current = k.Keys[0].Number
	}
	return k
}
