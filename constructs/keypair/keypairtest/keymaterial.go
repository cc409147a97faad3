// Package keypairtest helps to test code that handles signing keys: it finds a leaked
// private key.
package keypairtest

import (
	"fmt"

	"github.com/signedfront/signedfront/signer/leaktest"
)

// KeyMaterial looks for a private key, given as PKCS #8 PEM, in a text that may contain
// its public half, as leaktest.Key.FindSecret does. It returns the form that it found,
// or "".
func KeyMaterial(pemText []byte, text string) (found string) {
	key, err := leaktest.Parse(pemText)
	if err != nil {
		panic(fmt.Sprintf("keypairtest: %v", err))
	}
	return key.FindSecret(text)
}
