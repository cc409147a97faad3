package signer

import (
	"encoding/json"
	"encoding/pem"
	"os"
	"reflect"
	"strconv"
	"strings"
	"testing"
)

// showsInput returns 12 bytes of input that err shows, other than the parser's own
// words and values that Describe quotes.
func showsInput(err error, input []byte, words string, quoted ...string) string {
	text := err.Error()
	for _, value := range quoted {
		for form := FormWord; form <= FormText; form++ {
			if form.matches(value) {
				text = strings.ReplaceAll(text, strconv.QuoteToASCII(value), "")
			}
		}
	}
	for i := 0; i+12 <= len(input); i++ {
		if piece := string(input[i : i+12]); strings.Contains(text, piece) && !strings.Contains(words, piece) {
			return piece
		}
	}
	return ""
}

// keySeeds returns keys of all kinds, whole, damaged and unsupported.
func keySeeds(f *testing.F) (texts [][]byte) {
	p256, rsa2048 := newKey(f, ECDSAP256), newKey(f, RSA2048)
	for _, key := range []*PrivateKey{p256, rsa2048} {
		text := must[[]byte](f)(key.MarshalPEM())
		block, _ := pem.Decode(text)
		texts = append(texts, text, text[:len(text)/2], key.PublicKey().PEM(), block.Bytes)
		for _, kind := range []string{
			"RSA PRIVATE KEY", "EC PRIVATE KEY", "EC PARAMETERS", "ENCRYPTED PRIVATE KEY", "PUBLIC KEY", "RSA PUBLIC KEY", "CERTIFICATE",
			"OPENSSH PRIVATE KEY", "DSA PRIVATE KEY", "SOMETHING ELSE",
		} {
			texts = append(texts, pemBlock(kind, block.Bytes), pemBlock(kind, block.Bytes[:40]))
		}
	}
	var vectors struct {
		Keys map[string]struct {
			Blocks []struct {
				PEMType   string
				DERBase64 []byte
			}
		}
	}
	if err := json.Unmarshal(must[[]byte](f)(os.ReadFile("testdata/openssl.json")), &vectors); err != nil {
		f.Fatal(err)
	}
	for _, key := range vectors.Keys {
		for _, block := range key.Blocks {
			texts = append(texts, pemBlock(block.PEMType, block.DERBase64))
		}
	}
	return append(texts, nil, []byte("K2JCJMDEHXQW5F"), []byte("-----BEGIN"))
}

// errorsOf returns the error texts of a parser for the seeds.
func errorsOf[T any](parse func([]byte) (T, error), seeds [][]byte) (words string) {
	for _, seed := range seeds {
		if _, err := parse(seed); err != nil {
			words += err.Error() + "\n"
		}
	}
	return words
}

func FuzzParsePrivateKeyShowsNothingOfItsInput(f *testing.F) {
	seeds := keySeeds(f)
	for _, seed := range seeds {
		f.Add(seed)
	}
	words := errorsOf(ParsePrivateKey, seeds)
	f.Fuzz(func(t *testing.T, text []byte) {
		key, err := ParsePrivateKey(text)
		if err != nil {
			if shown := showsInput(err, text, words); shown != "" {
				t.Errorf("%q shows %q of the input", err, shown)
			}
			return
		}
		again, err := ParsePrivateKey(must[[]byte](t)(key.MarshalPEM()))
		if err != nil || !again.PublicKey().Equal(key.PublicKey()) {
			t.Errorf("a key that is accepted reads back as another: %v", err)
		}
		if _, err := ParsePublicKey(key.PublicKey().PEM()); err != nil {
			t.Errorf("the public half of a key that is accepted: %v", err)
		}
	})
}

func FuzzParsePublicKeyShowsNothingOfItsInput(f *testing.F) {
	seeds := keySeeds(f)
	for _, seed := range seeds {
		f.Add(seed)
	}
	words := errorsOf(ParsePublicKey, seeds)
	f.Fuzz(func(t *testing.T, text []byte) {
		key, err := ParsePublicKey(text)
		if err != nil {
			kind := ""
			if block, _ := pem.Decode(text); block != nil {
				kind = block.Type
			}
			if shown := showsInput(err, text, words, kind); shown != "" {
				t.Errorf("%q shows %q of the input", err, shown)
			}
			return
		}
		again, err := ParsePublicKey(key.PEM())
		if err != nil || !again.Equal(key) {
			t.Errorf("a key that is accepted reads back as another: %v", err)
		}
	})
}

func FuzzParseDeploymentTakesOnlyWhatItsGrammarsTake(f *testing.F) {
	whole := document(f)
	everyMember := wholeDocument(f)
	inKMS, inFile := whole, whole
	inKMS.Key = KeyLocation{KMSARN: "arn:aws:kms:eu-west-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab"}
	inFile.Key = KeyLocation{File: "keys/1.pem"}
	borrowed := Deployment{Schema: 1, BaseURL: site, Key: KeyLocation{Parameter: "/signedfront/signedfront/dev"}}
	everything := Deployment{
		BaseURL: "https://a b", KeyPairID: "a-b", Algorithm: "x", Hash: "x", PublicKeySHA256: "x", Region: "x", MaxURLLifetime: -1, MaxKeyAge: -1,
		Key:         KeyLocation{SecretARN: "arn:aws:s3:x:x:x", KMSARN: "x", File: "\n", Parameter: "x"},
		TrustedKeys: []TrustedKey{{"KA", everyMember.TrustedKeys[1].SPKI}, {"KA", "x"}, {"", ""}},
		Query:       &ForwardedQuery{[]string{"a", "a"}, []string{"*", "Expires"}}, Bucket: &Bucket{"x", "x", "x"},
	}
	var seeds [][]byte
	for _, d := range []Deployment{whole, everyMember, inKMS, inFile, borrowed, everything, {Key: KeyLocation{SecretARN: "arn:aws:secretsmanager:x:x:x", KMSARN: "arn:aws:kms:eu-west-1:x:x", File: "\x01"}}, {Key: KeyLocation{SecretVersionID: "v"}}, {Key: KeyLocation{SecretARN: "x"}}} {
		seeds = append(seeds, must[[]byte](f)(json.Marshal(d)))
	}
	for _, text := range []string{"", "null", "[]", "{", `{"schema":"1"}`, `{"schema":1.5,"key":1}`, `{"key":{"file":1}}`, `{"schema":1}x`, `{"schema":99}`} {
		seeds = append(seeds, []byte(text))
	}
	for _, seed := range seeds {
		f.Add(seed)
	}
	words := errorsOf(ParseDeployment, seeds)
	f.Fuzz(func(t *testing.T, text []byte) {
		d, err := ParseDeployment(text)
		if err != nil {
			var partly Deployment
			json.Unmarshal(text, &partly)
			values := []string{
				string(text), partly.BaseURL, partly.KeyPairID, string(partly.Algorithm), string(partly.Hash), partly.Region,
				partly.Key.SecretARN, partly.Key.SecretVersionID, partly.Key.KMSARN, partly.Key.File, partly.Key.Parameter,
			}
			for _, trusted := range partly.TrustedKeys {
				values = append(values, trusted.ID)
			}
			if q := partly.Query; q != nil {
				values = append(append(values, q.Signed...), q.Public...)
			}
			if partly.Bucket != nil {
				values = append(values, partly.Bucket.Name, partly.Bucket.Region)
			}
			for _, arn := range []string{partly.Key.SecretARN, partly.Key.KMSARN} {
				values = append(values, strings.SplitN(arn, ":", 6)...)
			}
			if shown := showsInput(err, text, words, values...); shown != "" {
				t.Errorf("%q shows %q of the input", err, shown)
			}
			return
		}
		k := d.Key
		switch {
		case checkBaseURL(d.BaseURL) != nil,
			d.Region != "" && !isRegion(d.Region),
			k.SecretARN != "" && (checkARN(k.SecretARN, "secretsmanager", isSecret) != nil || !isSecretVersion(k.SecretVersionID)),
			k.KMSARN != "" && checkARN(k.KMSARN, "kms", isKMSKey) != nil,
			k.File != "" && !isFile(k.File),
			k.Parameter != "" && !isParameter(k.Parameter),
			k == KeyLocation{},
			d.MaxURLLifetime < 0, d.MaxKeyAge < 0,
			len(d.TrustedKeys) > 5,
			d.Query != nil && (len(d.Query.Signed) > 10 || len(d.Query.Public) > 10),
			d.Bucket != nil && (!isBucket(d.Bucket.Name) || !isRegion(d.Bucket.Region)):
			t.Errorf("accepted: %+v", *d)
		}
		for _, trusted := range d.TrustedKeys {
			if trusted.SPKI != "" {
				if key, err := parseSPKI(trusted.SPKI); err != nil || key.SPKI() != trusted.SPKI {
					t.Errorf("accepted: %+v", trusted)
				}
			}
		}
		if len(d.TrustedKeys) == 0 {
			d.TrustedKeys = nil // a borrower's
		}
		again, err := ParseDeployment(must[[]byte](t)(d.MarshalIndent()))
		if err != nil || !reflect.DeepEqual(again, d) {
			t.Errorf("%+v reads back as %+v, %v", *d, again, err)
		}
	})
}
