package edge

import (
	"bytes"
	"crypto/ecdh"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io/fs"
	"math/big"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/signedfront/signedfront/signer"
)

// keyFiles are files that hold a private key, by name.
func keyFiles(t testing.TB) map[string][]byte {
	t.Helper()
	must := func(der []byte, err error) []byte {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return der
	}
	rsaKey, err := rsa.GenerateKey(rand.Reader, 2048)
	must(nil, err)
	ecKey, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(nil, err)
	_, edKey, err := ed25519.GenerateKey(rand.Reader)
	must(nil, err)
	xKey, err := ecdh.X25519().GenerateKey(rand.Reader)
	must(nil, err)
	pkcs8 := must(x509.MarshalPKCS8PrivateKey(rsaKey))
	ders := map[string][]byte{
		"PRIVATE KEY":     pkcs8,
		"RSA PRIVATE KEY": x509.MarshalPKCS1PrivateKey(rsaKey),
		"EC PRIVATE KEY":  must(x509.MarshalECPrivateKey(ecKey)),
		"DSA PRIVATE KEY": must(asn1.Marshal(struct{ V, P, Q, G, Y, X *big.Int }{new(big.Int), rsaKey.N, ecKey.D, rsaKey.N, rsaKey.N, ecKey.D})),
		"ENCRYPTED PRIVATE KEY": must(asn1.Marshal(struct {
			Algorithm pkix.AlgorithmIdentifier
			Data      []byte
		}{pkix.AlgorithmIdentifier{Algorithm: asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 5, 13}}, pkcs8})),
	}
	files := map[string][]byte{
		"p256-pkcs8.der": must(x509.MarshalPKCS8PrivateKey(ecKey)),
		"ed25519.der":    must(x509.MarshalPKCS8PrivateKey(edKey)),
		"x25519.der":     must(x509.MarshalPKCS8PrivateKey(xKey)),
		"store.p12": must(asn1.Marshal(struct {
			Version int
			Auth    struct{ Kind asn1.ObjectIdentifier }
		}{3, struct{ Kind asn1.ObjectIdentifier }{asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 7, 1}}})),
		"store.jks": []byte("\xfe\xed\xfe\xed\x00\x00\x00\x02"),
		"key.ppk":   []byte("PuTTY-User-Key-File-3: ssh-ed25519\nEncryption: none\n"),
		"key.jwk": fmt.Appendf(nil, `{"kty":"EC","crv":"P-256","x":"x","y":"y","d":"%s"}`,
			base64.RawURLEncoding.EncodeToString(ecKey.D.FillBytes(make([]byte, 32)))),
	}
	for kind, der := range ders {
		name := strings.ToLower(strings.ReplaceAll(kind, " ", "-"))
		files[name+".der"] = der
		files[name+".pem"] = pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der})
	}
	// Those whose bytes nobody reads but the program they are for.
	for _, kind := range []string{"OPENSSH PRIVATE KEY", "PGP PRIVATE KEY BLOCK", "ANY PRIVATE KEY"} {
		files["id_"+kind] = pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: pkcs8})
	}
	files["proc-type.pem"] = pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: pkcs8,
		Headers: map[string]string{"Proc-Type": "4,ENCRYPTED", "DEK-Info": "AES-256-CBC,00112233445566778899AABBCCDDEEFF"}})

	// The ways in which people keep one.
	text := string(files["private-key.pem"])
	inJSON := must(json.Marshal(map[string]string{"type": "service_account", "private_key": text}))
	units := utf16.Encode([]rune("\ufeff" + text))
	var windows bytes.Buffer
	for _, u := range units {
		windows.Write([]byte{byte(u), byte(u >> 8)})
	}
	body := base64.StdEncoding.EncodeToString(pkcs8)
	narrow := "-----BEGIN PRIVATE KEY-----\n"
	for line := range slices.Chunk([]byte(body), 16) {
		narrow += string(line) + "\n"
	}
	narrow += "-----END PRIVATE KEY-----\n"
	for name, content := range map[string]string{
		"notes.txt":       "the key of production:\n\n" + text + "\ndo not share\n",
		"bundle.crt":      "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n" + text,
		"bom.pem":         "\ufeff" + text,
		"crlf.pem":        strings.ReplaceAll(text, "\n", "\r\n"),
		"indented.yaml":   "key: |\n    " + strings.ReplaceAll(text, "\n", "\n    "),
		"one-line.env":    "KEY=" + strings.ReplaceAll(text, "\n", " "),
		"literal.env":     `KEY="` + strings.ReplaceAll(text, "\n", `\n`) + `"`,
		"account.json":    string(inJSON),
		"windows.txt":     windows.String(),
		"bare.txt":        body + "\n",
		"base64-of-a-pem": base64.StdEncoding.EncodeToString([]byte(text)),
		"image.png":       text,
		"page.html":       "<pre>" + text + "</pre>",
		"cut.txt":         text[:400],
		"base64.env":      "KEY=" + base64.StdEncoding.EncodeToString([]byte(text)) + "\nREGION=eu-west-1\n",
		"bare.env":        "KEY=" + body + "\nREGION=eu-west-1\n",
		"bare.json":       `{"key": "` + body + `"}`,
		"for-urls.txt":    base64.RawURLEncoding.EncodeToString(pkcs8),
		"p256.env":        "KEY=" + base64.RawURLEncoding.EncodeToString(files["ec-private-key.der"]),
		"hex.txt":         hex.EncodeToString(pkcs8),
		"hex.env":         "KEY=0x" + strings.ToUpper(hex.EncodeToString(pkcs8)),
		"narrow.txt":      narrow,
		"no-mark.txt":     windows.String()[2:],
	} {
		files[name] = []byte(content)
	}
	return files
}

func TestAPrivateKeyIsNeverContent(t *testing.T) {
	dir := t.TempDir()
	write(t, filepath.Join(dir, "rt.png"), "a picture")
	files := keyFiles(t)
	for name, content := range files {
		write(t, filepath.Join(dir, "deep", name), string(content))
	}
	key, err := signer.GenerateKey(signer.ECDSAP256)
	if err != nil {
		t.Fatal(err)
	}
	if err := key.WriteFile(filepath.Join(dir, "private_key.pem")); err != nil {
		t.Fatal(err)
	}
	files["../private_key.pem"] = nil
	o := open(t, dir)
	s := serveConfig(t, Config{Template: edited(t), Objects: o})
	pass := s.signPass("*")
	for name := range files {
		path := strings.ReplaceAll(strings.Replace("/deep/"+name, "/deep/..", "", 1), " ", "%20")
		got := s.get(s.url + path + "?" + pass)
		if got.status != 403 || !strings.Contains(got.body, "<Code>AccessDenied</Code>") || !strings.Contains(got.header.Get(reasonHeader), "holds a private key") {
			t.Errorf("%s: %d %.80q: %s", name, got.status, got.body, got.header.Get(reasonHeader))
		}
	}
	// A picture by its name is looked into when it is asked for, not before.
	if keys := o.Keys(); !slices.Equal(keys, []string{"deep/image.png", "rt.png"}) {
		t.Errorf("keys %q", keys)
	}
}

func TestTheFolderOfTheKeysIsNeverTheBucket(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{".signedfront/dev/KeyPair.pem", "app/.SIGNEDFRONT/dev/file", "app/index.html", "file"} {
		write(t, filepath.Join(dir, filepath.FromSlash(name)), "content")
	}
	link := filepath.Join(dir, "link")
	if err := os.Symlink(filepath.Join(dir, ".signedfront", "dev"), link); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{".signedfront", ".signedfront/dev", "app/.SIGNEDFRONT/dev", "link"} {
		if o, err := OpenDir(filepath.Join(dir, name)); err == nil || !strings.Contains(err.Error(), ".signedfront, where keys are kept") {
			t.Errorf("%s: %v, keys %v", name, err, o.Keys())
		}
	}
	o := open(t, dir)
	if got := o.Keys(); !slices.Equal(got, []string{"app/index.html", "file"}) {
		t.Errorf("keys %q", got)
	}
	if got := content(t, o, ".signedfront/dev/KeyPair.pem") + content(t, o, "app/.SIGNEDFRONT/dev/file"); got != "" {
		t.Errorf("opened %q", got)
	}

	// A link that was to the content and is to the keys now.
	if err := os.Remove(link); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(filepath.Join(dir, "app"), link); err != nil {
		t.Fatal(err)
	}
	o = open(t, link)
	if err := os.Remove(link); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(filepath.Join(dir, ".signedfront", "dev"), link); err != nil {
		t.Fatal(err)
	}
	if got := o.Keys(); len(got) != 0 {
		t.Errorf("keys %q", got)
	}
}

func TestObjectsThatWereNeverOpenedOrAreClosedAreNone(t *testing.T) {
	var none Objects
	if _, err := none.open("file"); err != errNoObject || len(none.Keys()) != 0 {
		t.Errorf("the zero value: %v, %q", err, none.Keys())
	}
	dir := t.TempDir()
	write(t, filepath.Join(dir, "file"), "content")
	o := open(t, dir)
	o.Close()
	if _, err := o.open("file"); err != errNoObject || len(o.Keys()) != 0 {
		t.Errorf("after Close: %v, %q", err, o.Keys())
	}
}

// foldingFS is pictures, in a file system to which letter case does not matter.
type foldingFS struct{}

func (foldingFS) Open(name string) (fs.File, error) { return pictures.Open(strings.ToLower(name)) }

func TestAKeyIsComparedByteForByteWhereLetterCaseDoesNotMatter(t *testing.T) {
	o := OpenFS(foldingFS{})
	for key, want := range map[string]string{
		"users/1/photo.jpg": "one's photo",
		"USERS/1/photo.jpg": "",
		"users/1/PHOTO.jpg": "",
	} {
		if got := content(t, o, key); got != want {
			t.Errorf("%s opens %q", key, got)
		}
	}
}
