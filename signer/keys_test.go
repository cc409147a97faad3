package signer

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/big"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"unicode/utf16"
)

// One pair of each kind, since RSA takes its time.
var generated = map[Algorithm]func() (*PrivateKey, error){
	ECDSAP256: sync.OnceValues(func() (*PrivateKey, error) { return GenerateKey(ECDSAP256) }),
	RSA2048:   sync.OnceValues(func() (*PrivateKey, error) { return GenerateKey(RSA2048) }),
}

func newKey(t testing.TB, algorithm Algorithm) *PrivateKey {
	t.Helper()
	key, err := generated[algorithm]()
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func pemBlock(kind string, der []byte) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der})
}

func must[T any](t testing.TB) func(v T, err error) T {
	return func(v T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

func TestEveryPEMThatHoldsAnAcceptedKeyLoads(t *testing.T) {
	rsaKey := must[*rsa.PrivateKey](t)(rsa.GenerateKey(rand.Reader, 2048))
	ecKey := must[*ecdsa.PrivateKey](t)(ecdsa.GenerateKey(elliptic.P256(), rand.Reader))
	der := must[[]byte](t)
	sec1 := pemBlock("EC PRIVATE KEY", der(x509.MarshalECPrivateKey(ecKey)))
	parameters := pemBlock("EC PARAMETERS", der(asn1.Marshal(asn1.ObjectIdentifier{1, 2, 840, 10045, 3, 1, 7})))
	for name, test := range map[string]struct {
		text   []byte
		public crypto.PublicKey
	}{
		"RSA, PKCS #1":                  {pemBlock("RSA PRIVATE KEY", x509.MarshalPKCS1PrivateKey(rsaKey)), rsaKey.Public()},
		"RSA, PKCS #8":                  {pemBlock("PRIVATE KEY", der(x509.MarshalPKCS8PrivateKey(rsaKey))), rsaKey.Public()},
		"P-256, PKCS #8":                {pemBlock("PRIVATE KEY", der(x509.MarshalPKCS8PrivateKey(ecKey))), ecKey.Public()},
		"P-256, SEC 1":                  {sec1, ecKey.Public()},
		"P-256, SEC 1 after parameters": {append(parameters, sec1...), ecKey.Public()},
		"RSA, DER of PKCS #8":           {der(x509.MarshalPKCS8PrivateKey(rsaKey)), rsaKey.Public()},
		"RSA, DER of PKCS #1":           {x509.MarshalPKCS1PrivateKey(rsaKey), rsaKey.Public()},
		"P-256, DER of PKCS #8":         {der(x509.MarshalPKCS8PrivateKey(ecKey)), ecKey.Public()},
		"P-256, DER of SEC 1":           {der(x509.MarshalECPrivateKey(ecKey)), ecKey.Public()},
		"text around the block":         {append([]byte("Bag Attributes\n"), append(sec1, "\nend"...)...), ecKey.Public()},
		"Windows line endings":          {bytes.ReplaceAll(sec1, []byte("\n"), []byte("\r\n")), ecKey.Public()},
	} {
		t.Run(name, func(t *testing.T) {
			key := must[*PrivateKey](t)(ParsePrivateKey(test.text))
			want := must[*PublicKey](t)(NewPublicKey(test.public))
			if !key.PublicKey().Equal(want) {
				t.Error("loaded another key")
			}
		})
	}
}

func TestWhatHappensToAKeyOnItsWayIsUndoneWhereThatIsCertain(t *testing.T) {
	wide := func(text string, order binary.AppendByteOrder) string {
		var b []byte
		for _, unit := range utf16.Encode([]rune("\ufeff" + text)) {
			b = order.AppendUint16(b, unit)
		}
		return string(b)
	}
	certificate := string(pemBlock("CERTIFICATE", []byte("certificate")))
	for _, algorithm := range []Algorithm{ECDSAP256, RSA2048} {
		key := newKey(t, algorithm)
		text := string(must[[]byte](t)(key.MarshalPEM()))
		public := string(key.PublicKey().PEM())
		lines := func(end string) string { return strings.ReplaceAll(text, "\n", end) }
		for name, changed := range map[string]string{
			"a byte order mark":           "\ufeff" + text,
			"UTF-16, little-endian":       wide(text, binary.LittleEndian),
			"UTF-16, big-endian":          wide(lines("\r\n"), binary.BigEndian),
			"CR LF":                       lines("\r\n"),
			"CR":                          lines("\r"),
			"the characters \\n":          lines(`\n`),
			"the characters \\r\\n":       lines(`\r\n`),
			"the characters \\\\n":        lines(`\\n`),
			"both":                        lines("\\n\n"),
			"one line":                    lines(" "),
			"one line without spaces":     lines(""),
			"double quotes":               `"` + text + `"`,
			"a string of JSON":            `"` + lines(`\n`) + `"`,
			"single quotes":               "'" + text + "'\n",
			"a line of .env":              `PRIVATE_KEY="` + lines(`\n`) + "\"\n",
			"indentation":                 "  key: |\n    " + lines("\n    "),
			"empty lines":                 lines("\n\n"),
			"no line end":                 strings.TrimSpace(text),
			"a certificate before":        certificate + text,
			"a certificate after":         text + certificate,
			"certificates, CR LF and BOM": "\ufeff" + strings.ReplaceAll(certificate+certificate+text, "\n", "\r\n"),
			"its public half before":      public + text,
		} {
			t.Run(string(algorithm)+", "+name, func(t *testing.T) {
				if got := must[*PrivateKey](t)(ParsePrivateKey([]byte(changed))); !got.PublicKey().Equal(key.PublicKey()) {
					t.Error("read as another key")
				}
			})
		}
	}
	if key := newKey(t, ECDSAP256).PublicKey(); !must[*PublicKey](t)(ParsePublicKey([]byte("\ufeff" + string(key.PEM())))).Equal(key) {
		t.Error("a public key after a byte order mark is read as another")
	}
}

func TestEveryOtherKeyIsRefusedWithWhatItIsAndWhatIsNeeded(t *testing.T) {
	der := must[[]byte](t)
	ecOf := func(c elliptic.Curve) *ecdsa.PrivateKey {
		return must[*ecdsa.PrivateKey](t)(ecdsa.GenerateKey(c, rand.Reader))
	}
	ec := func(c elliptic.Curve) []byte {
		return pemBlock("PRIVATE KEY", der(x509.MarshalPKCS8PrivateKey(ecOf(c))))
	}
	type encryptedInfo struct {
		Algorithm pkix.AlgorithmIdentifier
		Key       []byte
	}
	type contentInfo struct {
		Type    asn1.ObjectIdentifier
		Content asn1.RawValue
	}
	type pfx struct {
		Version int
		Safe    contentInfo
	}
	rsa3072 := must[*rsa.PrivateKey](t)(rsa.GenerateKey(rand.Reader, 3072))
	_, edwards, _ := ed25519.GenerateKey(rand.Reader)
	p256 := newKey(t, ECDSAP256)
	encrypted := &pem.Block{Type: "RSA PRIVATE KEY", Bytes: []byte{1},
		Headers: map[string]string{"Proc-Type": "4,ENCRYPTED", "DEK-Info": "AES-256-CBC,00"}}
	whole := must[[]byte](t)(p256.MarshalPEM())
	for name, test := range map[string]struct {
		text string
		want []string
	}{
		"RSA of 3072 bits":      {string(pemBlock("RSA PRIVATE KEY", x509.MarshalPKCS1PrivateKey(rsa3072))), []string{"RSA of 3072 bits", "2048"}},
		"P-384":                 {string(ec(elliptic.P384())), []string{"P-384", "P-256"}},
		"P-224":                 {string(ec(elliptic.P224())), []string{"P-224", "P-256"}},
		"Ed25519":               {string(pemBlock("PRIVATE KEY", der(x509.MarshalPKCS8PrivateKey(edwards)))), []string{"Ed25519", "P-256"}},
		"DSA":                   {string(pemBlock("DSA PRIVATE KEY", []byte{1})), []string{"DSA", "P-256"}},
		"OpenSSH":               {string(pemBlock("OPENSSH PRIVATE KEY", []byte{1})), []string{"OpenSSH", "signedfront keygen"}},
		"encrypted, PKCS #8":    {string(pemBlock("ENCRYPTED PRIVATE KEY", []byte{1})), []string{"encrypted", "openssl pkey"}},
		"encrypted, PKCS #1":    {string(pem.EncodeToMemory(encrypted)), []string{"encrypted", "openssl pkey"}},
		"a public key":          {string(p256.PublicKey().PEM()), []string{"PUBLIC KEY", "private half"}},
		"a certificate":         {string(pemBlock("CERTIFICATE", []byte{1})), []string{"CERTIFICATE", "private half"}},
		"nothing":               {"", []string{"-----BEGIN PRIVATE KEY-----"}},
		"no PEM":                {"K2JCJMDEHXQW5F", []string{"-----BEGIN PRIVATE KEY-----"}},
		"a key cut off":         {string(whole[:len(whole)/2]), []string{"complete from BEGIN to END"}},
		"a damaged PKCS #8 key": {string(pemBlock("PRIVATE KEY", []byte("private"))), []string{"PKCS #8", "damaged"}},
		"a damaged PKCS #1 key": {string(pemBlock("RSA PRIVATE KEY", []byte("private"))), []string{"PKCS #1", "damaged"}},
		"a damaged SEC 1 key":   {string(pemBlock("EC PRIVATE KEY", []byte("private"))), []string{"SEC 1", "damaged"}},
		"two keys":              {string(whole) + string(must[[]byte](t)(newKey(t, RSA2048).MarshalPEM())), []string{"two private keys", "give only the one"}},
		"one key twice":         {string(whole) + string(whole), []string{"two private keys"}},
		"a key and half of one": {string(whole) + string(whole[:len(whole)/2]), []string{"complete from BEGIN to END"}},
		"half a key and one":    {string(whole[:len(whole)/2]) + string(whole), []string{"complete from BEGIN to END"}},
		"encrypted next to one": {string(pemBlock("ENCRYPTED PRIVATE KEY", []byte{1})) + string(whole), []string{"two private keys"}},
		"JSON around a key":     {string(must[[]byte](t)(json.Marshal(map[string]string{"key": string(whole)}))), []string{"inside JSON", "member"}},
		"JSON without a key":    {`{"key": "K2JCJMDEHXQW5F"}`, []string{"JSON", "-----BEGIN PRIVATE KEY-----"}},
		"base64 of PEM":         {base64.StdEncoding.EncodeToString(whole), []string{"base64 of a PEM text", "base64 -d"}},
		"base64 of PEM, folded": {base64.StdEncoding.EncodeToString(whole)[:76] + "\n" + base64.StdEncoding.EncodeToString(whole)[76:] + "\n", []string{"base64 of a PEM text"}},
		"its body alone":        {strings.Join(strings.Split(strings.TrimSpace(string(whole)), "\n")[1:4], "\n"), []string{"base64 of a key", "BEGIN and END"}},
		"a PuTTY key":           {"PuTTY-User-Key-File-3: ecdsa-sha2-nistp256\n", []string{"PuTTY", "signedfront keygen"}},
		"an SSH public key":     {"ssh-rsa AAAA me@example.com\n", []string{"OpenSSH public key"}},
		"DER of a public key":   {string(must[[]byte](t)(base64.StdEncoding.DecodeString(p256.PublicKey().SPKI()))), []string{"public key in DER", "private half"}},
		"DER of P-384":          {string(must[[]byte](t)(x509.MarshalECPrivateKey(ecOf(elliptic.P384())))), []string{"P-384", "P-256"}},
		"DER cut off":           {string(x509.MarshalPKCS1PrivateKey(rsa3072)[:100]), []string{"DER", "whole"}},
		"DER, a line after it":  {string(der(x509.MarshalECPrivateKey(ecOf(elliptic.P256())))) + "\n", []string{"binary", "whole"}},
		"DER of a passphrase":   {string(der(asn1.Marshal(encryptedInfo{pkix.AlgorithmIdentifier{Algorithm: asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 5, 13}}, make([]byte, 64)}))), []string{"encrypted", "openssl pkey"}},
		"a PKCS #12 file":       {string(der(asn1.Marshal(pfx{3, contentInfo{asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 7, 1}, asn1.RawValue{Class: asn1.ClassContextSpecific, Tag: 0, IsCompound: true, Bytes: []byte{4, 1, 0}}}}))), []string{"PKCS #12", "openssl pkcs12"}},
		"another block":         {string(pemBlock("PGP MESSAGE", []byte{1})), []string{"another type"}},
		"another private key":   {string(pemBlock("ANY PRIVATE KEY", []byte{1})), []string{"another type"}},
		"parameters alone":      {string(pemBlock("EC PARAMETERS", []byte{1})), []string{"no private key"}},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := ParsePrivateKey([]byte(test.text))
			if err == nil {
				t.Fatal("accepted")
			}
			for _, want := range test.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("%q does not say %q", err, want)
				}
			}
		})
	}
	for name, public := range map[string]crypto.PublicKey{"none": nil, "no key at all": "key", "RSA without a modulus": &rsa.PublicKey{}, "ECDSA without a curve": &ecdsa.PublicKey{}} {
		if _, err := NewPublicKey(public); err == nil {
			t.Errorf("public key %s: accepted", name)
		}
	}
}

func TestKeysOfOpenSSLAreTakenOrNamed(t *testing.T) {
	var vectors struct {
		Keys map[string]struct {
			Kind   string
			Blocks []struct{ PEMType, DERBase64 string }
		}
	}
	if err := json.Unmarshal(must[[]byte](t)(os.ReadFile("testdata/openssl.json")), &vectors); err != nil || len(vectors.Keys) == 0 {
		t.Fatal(err)
	}
	for name, key := range vectors.Keys {
		var text []byte
		for _, block := range key.Blocks {
			text = append(text, pemBlock(block.PEMType, must[[]byte](t)(base64.StdEncoding.DecodeString(block.DERBase64)))...)
		}
		switch _, err := ParsePrivateKey(text); {
		case key.Kind == "" && err != nil:
			t.Errorf("%s: %v", name, err)
		case key.Kind != "" && (err == nil || !strings.Contains(err.Error(), key.Kind+": CloudFront accepts RSA of 2048 bits and ECDSA on P-256")):
			t.Errorf("%s: got %v, want it named as %s", name, err, key.Kind)
		}
	}
}

// A program may ignore the error of loading a key.
func TestAKeyThatWasNotLoadedIsRefusedAndPanicsNowhere(t *testing.T) {
	for _, key := range []*PrivateKey{nil, {}} {
		if _, err := New(keyID, key, nil); err == nil {
			t.Error("a signer without a key")
		}
		if _, err := key.MarshalPEM(); err == nil {
			t.Error("PEM without a key")
		}
		if _, err := key.Sign(rand.Reader, make([]byte, 32), crypto.SHA256); err == nil {
			t.Error("Sign without a key")
		}
		if _, err := key.SignDigest(t.Context(), make([]byte, 32), crypto.SHA256); err == nil {
			t.Error("SignDigest without a key")
		}
		if key.PublicKey() != nil || fmt.Sprint(key) == "" {
			t.Error("a public half without a key")
		}
	}
}

func TestAPublicKeyIsWrittenAsCloudFrontWantsIt(t *testing.T) {
	for _, algorithm := range []Algorithm{ECDSAP256, RSA2048} {
		public := newKey(t, algorithm).PublicKey()
		text := string(public.PEM())
		if !strings.HasPrefix(text, "-----BEGIN PUBLIC KEY-----\n") || !strings.HasSuffix(text, "-----END PUBLIC KEY-----\n") || strings.HasSuffix(text, "\n\n") {
			t.Errorf("%s: want SPKI PEM with one line feed at the end, got %q", algorithm, text)
		}
		again := must[*PublicKey](t)(ParsePublicKey([]byte(text)))
		if !again.Equal(public) || again.Algorithm() != algorithm {
			t.Errorf("%s: reads back as another key", algorithm)
		}
		block, _ := pem.Decode([]byte(text))
		if sum := sha256.Sum256(block.Bytes); public.Fingerprint() != hex.EncodeToString(sum[:]) {
			t.Errorf("%s: the fingerprint is not the SHA-256 of the SPKI", algorithm)
		}
	}
	private := must[[]byte](t)(newKey(t, ECDSAP256).MarshalPEM())
	for name, text := range map[string]string{
		"a private key": string(private), "nothing": "", "two keys": strings.Repeat(string(newKey(t, ECDSAP256).PublicKey().PEM()), 2),
		"PKCS #1": string(pemBlock("RSA PUBLIC KEY", nil)), "damaged": string(pemBlock("PUBLIC KEY", []byte("x"))),
	} {
		if _, err := ParsePublicKey([]byte(text)); err == nil {
			t.Errorf("%s: accepted as a public key", name)
		}
	}
}

func TestAKeyIsWrittenForItsOwnerAloneAndNeverOverAFile(t *testing.T) {
	key := newKey(t, ECDSAP256)
	name := filepath.Join(t.TempDir(), "key.pem")
	if err := key.WriteFile(name); err != nil {
		t.Fatal(err)
	}
	info := must[os.FileInfo](t)(os.Stat(name))
	if mode := info.Mode().Perm(); mode != 0o600 && os.PathSeparator == '/' {
		t.Errorf("mode %o, want 600", mode)
	}
	if again := must[*PrivateKey](t)(LoadPrivateKey(name)); !again.PublicKey().Equal(key.PublicKey()) {
		t.Error("reads back as another key")
	}
	before := must[[]byte](t)(os.ReadFile(name))
	err := newKey(t, RSA2048).WriteFile(name)
	if err == nil || !strings.Contains(err.Error(), "already exists") {
		t.Errorf("writing over a key: got %v", err)
	}
	if after := must[[]byte](t)(os.ReadFile(name)); !bytes.Equal(before, after) {
		t.Error("the key that was there is gone")
	}
}

// secrets returns the spellings in which a private key could show.
func secrets(t testing.TB, key *PrivateKey) []string {
	text := must[[]byte](t)(key.MarshalPEM())
	block, _ := pem.Decode(text)
	found := []string{"PRIVATE KEY", base64.StdEncoding.EncodeToString(block.Bytes)[40:80], hex.EncodeToString(block.Bytes)[40:80]}
	parsed := must[any](t)(x509.ParsePKCS8PrivateKey(block.Bytes))
	switch k := parsed.(type) {
	case *ecdsa.PrivateKey:
		d := must[[]byte](t)(k.Bytes())
		found = append(found, new(big.Int).SetBytes(d).String(), hex.EncodeToString(d), fmt.Sprint(d[:8])[1:20])
	case *rsa.PrivateKey:
		found = append(found, k.Primes[0].String(), hex.EncodeToString(k.Primes[0].Bytes()))
	}
	return found
}

func TestAPrivateKeyPrintsRedactedWhereverItIsNested(t *testing.T) {
	type hidden struct {
		key   *PrivateKey
		value PrivateKey
	}
	for _, algorithm := range []Algorithm{ECDSAP256, RSA2048} {
		key := newKey(t, algorithm)
		signer := must[*Signer](t)(New("K2JCJMDEHXQW5F", key, nil))
		nested := hidden{key, *key}
		var out bytes.Buffer
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d", "%p"} {
			for _, value := range []any{key, *key, &nested, nested, []any{key}, map[string]any{"k": key}, signer, *signer, fmt.Errorf("wrapped %v", key)} {
				fmt.Fprintf(&out, verb+"\n", value)
			}
		}
		slog.New(slog.NewTextHandler(&out, nil)).Info("key", "key", key, "nested", nested)
		slog.New(slog.NewJSONHandler(&out, nil)).Info("key", "key", key, "nested", nested, "value", *key)
		encoded := must[[]byte](t)(json.Marshal(map[string]any{"key": key, "nested": &nested}))
		out.Write(encoded)
		for _, secret := range secrets(t, key) {
			if strings.Contains(out.String(), secret) {
				t.Errorf("%s: a private key shows as %q", algorithm, secret)
			}
		}
		if !strings.Contains(out.String(), "signer.PrivateKey("+string(algorithm)+", redacted)") {
			t.Errorf("%s: the redacted form does not show", algorithm)
		}
	}
}

func TestAKeySignsOnlyWhatCloudFrontChecks(t *testing.T) {
	digest := make([]byte, 32)
	key := newKey(t, RSA2048)
	if _, err := key.Sign(rand.Reader, digest, &rsa.PSSOptions{Hash: crypto.SHA256}); err == nil || !strings.Contains(err.Error(), "PSS") {
		t.Errorf("PSS: got %v", err)
	}
	if _, err := key.Sign(rand.Reader, make([]byte, 64), crypto.SHA512); err == nil {
		t.Error("SHA-512: signed")
	}
}

func TestAPublicKeyVerifiesWhatItsOwnHalfSignedAndNothingElse(t *testing.T) {
	for _, algorithm := range []Algorithm{ECDSAP256, RSA2048} {
		key := newKey(t, algorithm)
		public := key.PublicKey()
		for _, hash := range []crypto.Hash{crypto.SHA256, crypto.SHA1} {
			digest := make([]byte, hash.Size())
			signature := must[[]byte](t)(key.Sign(rand.Reader, digest, hash))
			if !public.VerifyDigest(digest, hash, signature) {
				t.Errorf("%s, %s: its own signature does not verify", algorithm, hash)
			}
			other := append([]byte{1}, digest[1:]...)
			for name, verifies := range map[string]bool{
				"another digest":    public.VerifyDigest(other, hash, signature),
				"a longer digest":   public.VerifyDigest(append(digest[:len(digest):len(digest)], 0), hash, signature),
				"a shorter digest":  public.VerifyDigest(digest[1:], hash, signature),
				"another hash":      public.VerifyDigest(digest, crypto.SHA512_256, signature),
				"the hash 0":        public.VerifyDigest(digest, 0, signature),
				"no signature":      public.VerifyDigest(digest, hash, nil),
				"another signature": public.VerifyDigest(digest, hash, append([]byte{1}, signature[1:]...)),
				"a zero key":        new(PublicKey).VerifyDigest(digest, hash, signature),
				"a nil key":         (*PublicKey)(nil).VerifyDigest(digest, hash, signature),
			} {
				if verifies {
					t.Errorf("%s, %s: %s verifies", algorithm, hash, name)
				}
			}
		}
	}
}

// hardware is a crypto.Signer that is not Go's own.
type hardware struct {
	crypto.Signer
	err error
}

func (h hardware) Sign(random io.Reader, digest []byte, opts crypto.SignerOpts) ([]byte, error) {
	if h.err != nil {
		return nil, h.err
	}
	return h.Signer.Sign(random, digest, opts)
}

func TestAnyCryptoSignerOfAnAcceptedKindIsAKey(t *testing.T) {
	ec := must[*ecdsa.PrivateKey](t)(ecdsa.GenerateKey(elliptic.P256(), rand.Reader))
	for name, foreign := range map[string]crypto.Signer{"Go's own": ec, "a foreign one": hardware{Signer: ec}, "ours": newKey(t, RSA2048)} {
		key := must[Key](t)(KeyFrom(foreign))
		s := must[*Signer](t)(New("K2JCJMDEHXQW5F", key, nil))
		signed := must[string](t)(s.URL(t.Context(), "https://d111111abcdef8.cloudfront.net/rt.png", Policy{TTL: ttl}))
		public := must[*PublicKey](t)(NewPublicKey(foreign.Public()))
		if v := Verify(Request{URL: signed, Time: now()}, map[string]*PublicKey{"K2JCJMDEHXQW5F": public}); !v.Allowed {
			t.Errorf("%s: %s", name, v.Detail)
		}
	}
	_, edwards, _ := ed25519.GenerateKey(rand.Reader)
	if _, err := KeyFrom(edwards); err == nil {
		t.Error("Ed25519: accepted")
	}
	if _, err := KeyFrom(nil); err == nil {
		t.Error("nil: accepted")
	}

	broken := errors.New("the token is locked")
	s := must[*Signer](t)(New("K2JCJMDEHXQW5F", must[Key](t)(KeyFrom(hardware{ec, broken})), nil))
	if _, err := s.URL(t.Context(), "https://d111111abcdef8.cloudfront.net/rt.png", Policy{TTL: ttl}); !errors.Is(err, broken) {
		t.Errorf("a failing key: got %v", err)
	}
}
