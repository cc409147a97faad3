package leaktest

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"strconv"
	"strings"
	"sync"
)

// Key is a private key that a test passes around and looks for.
type Key struct {
	Name string // "RSA-2048" or "P-256"

	forms  []form   // its encodings, PKCS #8 first
	whole  patterns // the pieces of its encodings
	secret patterns // the pieces that the public key does not have
}

// form is one encoding of a key.
type form struct {
	name string
	der  []byte
	pem  string
}

// Keys returns an RSA key of 2048 bits and an ECDSA key on P-256, generated once
// for each test binary.
var Keys = sync.OnceValue(func() []*Key {
	rsaKey, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err)
	}
	ecdsaKey, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		panic(err)
	}
	return []*Key{newKey(rsaKey), newKey(ecdsaKey)}
})

// Parse parses a PKCS #8 PEM text.
func Parse(pemText []byte) (*Key, error) {
	block, _ := pem.Decode(pemText)
	if block == nil {
		return nil, errors.New("not PEM")
	}
	private, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		return nil, errors.New("not a PKCS #8 key")
	}
	switch private := private.(type) {
	case *rsa.PrivateKey:
		return newKey(private), nil
	case *ecdsa.PrivateKey:
		return newKey(private), nil
	}
	return nil, fmt.Errorf("a %T: want an RSA or an ECDSA key", private)
}

func newKey(private crypto.Signer) *Key {
	k := &Key{}
	add := func(name, block string, der []byte, err error) {
		if err != nil {
			panic(err)
		}
		k.forms = append(k.forms, form{name, der, string(pem.EncodeToMemory(&pem.Block{Type: block, Bytes: der}))})
	}
	der, err := x509.MarshalPKCS8PrivateKey(private)
	add("PKCS #8", "PRIVATE KEY", der, err)
	var numbers []*big.Int
	switch private := private.(type) {
	case *rsa.PrivateKey:
		k.Name = "RSA-2048"
		add("PKCS #1", "RSA PRIVATE KEY", x509.MarshalPKCS1PrivateKey(private), nil)
		numbers = append(private.Primes, private.D, private.Precomputed.Dp, private.Precomputed.Dq, private.Precomputed.Qinv)
	case *ecdsa.PrivateKey:
		k.Name = "P-256"
		der, err := x509.MarshalECPrivateKey(private)
		add("SEC 1", "EC PRIVATE KEY", der, err)
		numbers = append(numbers, new(big.Int).SetBytes(scalar(private)))
	}
	for _, number := range numbers {
		k.whole.addNumber(number)
	}
	for _, form := range k.forms {
		k.whole.addEncoding(form.der, form.pem, 0, 1, 2)
	}
	var public patterns
	spki, err := x509.MarshalPKIXPublicKey(private.Public())
	if err != nil {
		panic(err)
	}
	public.addEncoding(spki, string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: spki})), 0)
	k.secret = k.whole.without(public)
	return k
}

func scalar(key *ecdsa.PrivateKey) []byte {
	raw, err := key.Bytes()
	if err != nil {
		panic(err)
	}
	return raw
}

// PEM returns the key as PKCS #8 PEM.
func (k *Key) PEM() []byte { return []byte(k.forms[0].pem) }

// Spelling is one way to write a private key, or a part of one.
type Spelling struct{ Name, Text string }

// ecParameters is what "openssl ecparam -genkey" writes before a P-256 key.
const ecParameters = "-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n-----END EC PARAMETERS-----\n"

// Spellings returns the key as it appears in files, variables, secrets and
// clipboards, whole and in part.
func (k *Key) Spellings() []Spelling {
	var all []Spelling
	for _, form := range k.forms {
		add := func(name, text string) { all = append(all, Spelling{form.name + ", " + name, text}) }

		trimmed := strings.TrimSpace(form.pem)
		lines := strings.Split(trimmed, "\n")
		body := lines[1 : len(lines)-1]
		bare := strings.Join(body, "")

		add("as it is", form.pem)
		add("without the last line feed", trimmed)
		if form.name == "SEC 1" {
			add("with EC PARAMETERS", ecParameters+form.pem)
		}
		add("twice", form.pem+form.pem)
		add("with CR LF", strings.ReplaceAll(form.pem, "\n", "\r\n"))
		add("with a byte order mark", "\ufeff"+form.pem)
		add("indented", "    "+strings.Join(lines, "\n    ")+"\n")
		add("with spaces for line feeds", strings.Join(lines, " "))
		add("in one line", strings.Join(lines, ""))
		add(`with \n for line feeds`, strings.ReplaceAll(form.pem, "\n", `\n`))
		add(`with \\n for line feeds`, strings.ReplaceAll(form.pem, "\n", `\\n`))
		add("in double quotes", `"`+form.pem+`"`)
		add("in single quotes", `'`+trimmed+`'`)
		add("quoted as in Go", strconv.Quote(form.pem))
		add("assigned to a variable", "PRIVATE_KEY="+strconv.Quote(form.pem))
		add("in JSON", toJSON(map[string]string{"privateKey": form.pem}))
		add("as a JSON string", toJSON(form.pem))
		add("escaped for a URL", escapeForURL(form.pem))
		add("cut off", form.pem[:len(form.pem)/2])
		add("without its first line", strings.Join(lines[1:], "\n")+"\n")
		add("without its last line", strings.Join(lines[:len(lines)-1], "\n")+"\n")

		add("the bare base64", bare)
		add("the bare base64 in lines", strings.Join(body, "\n"))
		add("the bare base64 in JSON", toJSON(map[string]string{"key": bare}))
		add("the bare base64 for URLs", base64.RawURLEncoding.EncodeToString(form.der))
		third := len(bare) / 3
		add("the first third", bare[:third])
		add("the second third", bare[third:2*third])
		add("the last third", bare[2*third:])
		add("33 bytes", bare[third:third+33])
		add("32 bytes", bare[third:third+32])
		for i, line := range body {
			if len(line) >= 32 { // a shorter one may be mistaken for a name
				add(fmt.Sprintf("line %d", i+1), line)
			}
		}
		add("the second line and a line feed", body[1]+"\n")
		add("the first line as a file name", "./"+body[0]+".pem")
		add("the second line as a path", "/"+body[1])
		add("the second line as a host", "https://"+body[1])
		add("the second line in a path", "https://d111111abcdef8.cloudfront.net/"+body[1])
		add("the bare base64 in a query", "https://d111111abcdef8.cloudfront.net/rt.png?key="+bare)
		add("the PEM as a file URL", "file://"+form.pem)

		add("base64 of the PEM", base64.StdEncoding.EncodeToString([]byte(form.pem)))
		add("DER", string(form.der))
		add("DER in hexadecimal", hex.EncodeToString(form.der))
		add("DER in capital hexadecimal", strings.ToUpper(hex.EncodeToString(form.der)))
		add("DER as a list of bytes", fmt.Sprint(form.der))
	}
	return all
}

func toJSON(v any) string {
	text, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return string(text)
}

func escapeForURL(text string) string {
	var b strings.Builder
	for i := range len(text) {
		if c := text[i]; 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' {
			b.WriteByte(c)
		} else {
			fmt.Fprintf(&b, "%%%02X", c)
		}
	}
	return b.String()
}
