package environment

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// SigningKeys are the generations of an environment's signing key. In cdk.json:
//
//	"signingKeys": {"keys": {"2": {"algorithm": "rsa-2048"}, "3": {}}, "current": 3}
//
// Every key listed is trusted; current signs, and may be left out where one
// key is listed. Without signingKeys there is one key, number 1.
//
//	"signingKeys": {"from": "dev"}
//
// borrows the keys of another environment of the same account and Region, which
// says "lendKeys": true and is not protected.
type SigningKeys struct {
	Keys    []SigningKey // sorted by number; at least one, unless they are borrowed
	Current int          // the number of the key that signs
	From    string       // the environment that lends its keys, if any
}

// SigningKey is one generation. A number once used stands for the same key
// pair for ever: what is generated anew gets a new number.
type SigningKey struct {
	Number    int     // 1 to 9999
	Algorithm string  // "ecdsa-p256", the default, or "rsa-2048"
	Hash      string  // "sha256", the default, or "sha1" with rsa-2048
	Custody   Custody // SecretsManager, the default, or Imported

	// PublicKey is the public half of an imported key, as PEM (SPKI). In
	// cdk.json it may also be the name of a file that holds it, relative to the
	// folder of cdk.json.
	PublicKey string

	// PrivateKey is where signers find the private half of an imported key.
	//
	// Default: the file private_key.pem.
	PrivateKey PrivateKeyLocation
}

// Custody is who makes and keeps the private half of a key.
type Custody string

const (
	// SecretsManager is a key made inside the deployment and kept in a secret
	// that goes with the stack.
	SecretsManager Custody = "secrets-manager"

	// Imported is a key of one's own, of which the stack knows the public half
	// alone. No function is deployed for it.
	Imported Custody = "imported"
)

// PrivateKeyLocation says where signers find the private half of an imported
// key: in one of the three places. The signing policy allows its use there.
type PrivateKeyLocation struct {
	// SecretARN and SecretVersionID name one version of a secret of AWS Secrets
	// Manager, which holds the key as PEM.
	SecretARN       string `json:"secretArn"`
	SecretVersionID string `json:"secretVersionId"`

	// KMSARN names an asymmetric key of AWS KMS. It signs with SHA-256 alone.
	KMSARN string `json:"kmsArn"`

	// File is a PEM file where the signer runs.
	File string `json:"file"`
}

// MaxSigningKeys is how many public keys a CloudFront key group holds:
// https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/cloudfront-limits.html
const MaxSigningKeys = 5

const maxKeyNumber = 9999

var (
	algorithms = []string{"ecdsa-p256", "rsa-2048"}
	hashes     = []string{"sha256", "sha1"}
	keyNumber  = regexp.MustCompile(`^[1-9][0-9]{0,3}$`)
)

// WithDefaults is a copy with everything filled in that was left out: key 1
// where none is listed, algorithm, hash and custody, and the current key where one is
// listed. The keys are sorted by number.
func (k SigningKeys) WithDefaults() SigningKeys {
	if k.From != "" {
		return k
	}
	keys := slices.Clone(k.Keys)
	if len(keys) == 0 {
		keys = []SigningKey{{Number: 1}}
	}
	for i := range keys {
		if keys[i].Algorithm == "" {
			keys[i].Algorithm = algorithms[0]
		}
		if keys[i].Hash == "" {
			keys[i].Hash = hashes[0]
		}
		if keys[i].Custody == "" {
			keys[i].Custody = SecretsManager
		}
	}
	slices.SortFunc(keys, func(a, b SigningKey) int { return a.Number - b.Number })
	if k.Current == 0 && len(keys) == 1 {
		k.Current = keys[0].Number
	}
	k.Keys = keys
	return k
}

// CurrentKey is the key that signs.
func (k SigningKeys) CurrentKey() (key SigningKey, listed bool) {
	for _, key := range k.Keys {
		if key.Number == k.Current {
			return key, true
		}
	}
	return SigningKey{}, false
}

// Check reports what is wrong with the keys, which have their defaults. Path
// is where they were written.
func (k SigningKeys) Check(path string) Problems {
	var problems Problems
	report := func(member, found, fix string) {
		problems = append(problems, Problem{Path: path + member, Found: found, Fix: fix})
	}

	if len(k.Keys) > MaxSigningKeys {
		report(".keys", fmt.Sprintf("%d keys", len(k.Keys)),
			fmt.Sprintf("list %d at most, which is what a CloudFront key group holds", MaxSigningKeys))
	}
	var numbers []string
	for i, key := range k.Keys {
		at := newPath(".keys").member(strconv.Itoa(key.Number)).String()
		if key.Number < 1 || key.Number > maxKeyNumber {
			report(at, "the number of a key", fmt.Sprintf("write one from 1 to %d", maxKeyNumber))
		}
		if i > 0 && k.Keys[i-1].Number == key.Number {
			report(at, "listed twice", "list every key once")
		}
		switch {
		case !slices.Contains(algorithms, key.Algorithm):
			report(at+".algorithm", quote(key.Algorithm), "write "+choices(algorithms)+didYouMean(key.Algorithm, algorithms))
		case !slices.Contains(hashes, key.Hash):
			report(at+".hash", quote(key.Hash), "write "+choices(hashes)+didYouMean(key.Hash, hashes))
		case key.Algorithm == "ecdsa-p256" && key.Hash == "sha1":
			report(at+".hash", `"sha1" with an ECDSA key`,
				`write "sha256", or choose "rsa-2048": SHA-1 is there for old RSA signers alone`)
		}
		numbers = append(numbers, strconv.Itoa(key.Number))
	}
	if _, listed := k.CurrentKey(); !listed {
		found := fmt.Sprintf("key %d, which is not listed", k.Current)
		if k.Current == 0 {
			found = "missing, with several keys listed"
		}
		report(".current", found, "write the number of the key that signs: "+strings.Join(numbers, " or "))
	}
	return problems
}

// readSigningKeys reads the setting signingKeys. What it could read it checks
// with Check, so that one mistake does not hide another.
func readSigningKeys(settings object) SigningKeys {
	const want = `an object such as {"keys": {"1": {}, "2": {}}, "current": 2}`
	setting, given := settings.object("signingKeys", want)
	if !given {
		return SigningKeys{}.WithDefaults()
	}
	setting.only("keys", "current")

	keys, given := setting.object("keys", `an object such as {"1": {}, "2": {"algorithm": "rsa-2048"}}`)
	if !setting.has("keys") || given && len(keys.members) == 0 {
		setting.wrong("keys", "no key", `write an object such as {"1": {}}`)
	}
	var k SigningKeys
	readable := len(keys.members) > 0
	for _, number := range slices.Sorted(maps.Keys(keys.members)) {
		key, given := keys.object(number, `the key's settings as an object, {} for none`)
		if given {
			key.only("algorithm", "hash")
		}
		if !keyNumber.MatchString(number) {
			keys.wrong(number, "the number of a key", fmt.Sprintf("write one from 1 to %d, without zeros before it", maxKeyNumber))
			readable = false
			continue
		}
		n, _ := strconv.Atoi(number) // keyNumber leaves nothing that fails
		algorithm, ok := key.word("algorithm", algorithms)
		hash, _ := key.word("hash", hashes)
		if !ok {
			hash = "" // which hashes go with it cannot be told
		}
		k.Keys = append(k.Keys, SigningKey{Number: n, Algorithm: algorithm, Hash: hash})
	}
	current, given := setting.number("current", "the number of the key that signs, such as 2")
	readable = readable && (given || !setting.has("current"))
	k.Current = current

	k = k.WithDefaults()
	if !readable {
		// The list is not whole: whether current is on it cannot be told.
		k.Current = k.Keys[0].Number
	}
	setting.add(k.Check(setting.path.String()))
	return k
}
