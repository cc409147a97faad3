// Package keypairtest is for tests of what handles signing keys: it finds a
// private key that was let out.
package keypairtest

import (
	"fmt"

	"github.com/signedfront/signedfront/signer/leaktest"
)

// KeyMaterial looks for a private key, given as PKCS #8 PEM, in a text that may
// hold its public half, as leaktest.Key.FindSecret does. It names the form that
// it found, and is empty if there is none.
func KeyMaterial(pemText []byte, text string) (found string) {
	key, err := leaktest.Parse(pemText)
	if err != nil {
		panic(fmt.Sprintf("keypairtest: %v", err))
	}
	return key.FindSecret(text)
}
