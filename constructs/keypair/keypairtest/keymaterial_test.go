package keypairtest_test

import (
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"fmt"
	"strings"
	"testing"

	"github.com/signedfront/signedfront/constructs/keypair/keypairtest"
	"github.com/signedfront/signedfront/signer"
)

func TestTheSearchForKeyMaterialFindsIt(t *testing.T) {
	for _, algorithm := range []signer.Algorithm{signer.ECDSAP256, signer.RSA2048} {
		key, err := signer.GenerateKey(algorithm)
		if err != nil {
			t.Fatal(err)
		}
		text, err := key.MarshalPEM()
		if err != nil {
			t.Fatal(err)
		}
		block, _ := pem.Decode(text)
		parsed, _ := x509.ParsePKCS8PrivateKey(block.Bytes)
		secret := fmt.Sprint(parsed)
		for name, leak := range map[string]string{
			"the PEM text":             string(text),
			"its base64 body":          strings.Join(strings.Split(string(text), "\n")[1:], ""),
			"its base64 body in lines": strings.Join(strings.Split(string(text), "\n")[2:4], "\n"),
			"its DER in hexadecimal":   fmt.Sprintf("%X", block.Bytes),
			"its DER in base64":        base64.URLEncoding.EncodeToString(block.Bytes),
			"its DER as bytes":         fmt.Sprint(block.Bytes),
			"Go's own key, printed":    secret,
			"JSON of the PEM text":     fmt.Sprintf("%q", text),
			"base64 of the PEM text":   base64.StdEncoding.EncodeToString(text),
		} {
			if keypairtest.KeyMaterial(text, "x"+leak+"x") == "" {
				t.Errorf("%s: %s is not found", algorithm, name)
			}
		}
		if found := keypairtest.KeyMaterial(text, string(key.PublicKey().PEM())+key.String()); found != "" {
			t.Errorf("%s: found %s in the public key", algorithm, found)
		}
	}
}
