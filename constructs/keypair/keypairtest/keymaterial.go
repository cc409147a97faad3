// Package keypairtest is for tests of what handles signing keys: it finds a
// private key that was let out.
package keypairtest

import (
	"crypto/ecdsa"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"encoding/pem"
	"fmt"
	"math/big"
	"strings"
)

// KeyMaterial looks for a private key, given as PKCS #8 PEM, in a text, in any
// form that a program would print. It names the form that it found, and is
// empty if there is none.
func KeyMaterial(pemText []byte, text string) (found string) {
	block, _ := pem.Decode(pemText)
	parsed, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		panic("a test's key cannot be read")
	}
	forms := map[string]string{"the PEM header": "-----BEGIN PRIVATE KEY-----"}
	add := func(name string, secret []byte) {
		forms[name+" in hexadecimal"] = hex.EncodeToString(secret)
		forms[name+" as a list of bytes"] = strings.Trim(fmt.Sprint(secret[:16]), "[]")
		forms[name+" as it is"] = string(secret)
		forms[name+" in decimal"] = new(big.Int).SetBytes(secret).String()
		for shift := range 3 { // it may start anywhere in a group of three bytes
			encoded := base64.RawStdEncoding.EncodeToString(append(make([]byte, shift), secret...))
			encoded = encoded[4 : len(encoded)-4]
			forms[fmt.Sprintf("%s in base64, shifted by %d", name, shift)] = encoded
			forms[fmt.Sprintf("%s in base64 for URLs, shifted by %d", name, shift)] = strings.NewReplacer("+", "-", "/", "_").Replace(encoded)
		}
	}
	add("the PEM text", pemText)
	switch key := parsed.(type) {
	case *ecdsa.PrivateKey:
		add("the scalar", key.D.FillBytes(make([]byte, 32)))
	case *rsa.PrivateKey:
		add("the exponent", key.D.Bytes())
		add("the first prime", key.Primes[0].Bytes())
		add("the second prime", key.Primes[1].Bytes())
	}
	for i, line := range strings.Split(strings.TrimSpace(string(pemText)), "\n") {
		// The first line of all keys of a kind is the same.
		if i > 1 && len(line) == 64 {
			forms[fmt.Sprintf("line %d of the PEM text", i)] = line
		}
	}
	text = strings.ToLower(text)
	for name, form := range forms {
		if strings.Contains(text, strings.ToLower(form)) {
			return name
		}
	}
	return ""
}
