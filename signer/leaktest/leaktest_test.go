package leaktest_test

import (
	"crypto/ecdsa"
	"crypto/rsa"
	"crypto/x509"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"github.com/signedfront/signedfront/signer/leaktest"
)

func TestAKeyIsFoundInEverySpellingHoweverItIsPrinted(t *testing.T) {
	for _, key := range leaktest.Keys() {
		for _, spelling := range key.Spellings() {
			quoted := fmt.Sprintf("%q", spelling.Text)
			for _, text := range []string{
				spelling.Text,
				strings.ToLower(spelling.Text),
				"open " + spelling.Text + ": no such file",
				quoted,
				fmt.Sprintf("%+q", quoted),
				leaktest.Print(errors.Join(fmt.Errorf("parsing: %w", &os.PathError{Op: "open", Path: spelling.Text, Err: os.ErrNotExist}))),
			} {
				if strings.HasSuffix(spelling.Name, "DER") && text == strings.ToLower(spelling.Text) {
					continue // no text
				}
				if key.Find(text) == "" {
					t.Errorf("%s, %s: not found in %.60q", key.Name, spelling.Name, text)
				}
			}
		}
	}
}

func TestTwelveBytesOfAKeyAreFoundAndElevenAreNot(t *testing.T) {
	for _, key := range leaktest.Keys() {
		body := strings.Join(strings.Split(string(key.PEM()), "\n")[1:], "")
		for i := range len(body) - 60 {
			if key.Find("x: "+body[i:i+12]+"…") == "" {
				t.Errorf("%s: 12 bytes from byte %d are not found", key.Name, i)
			}
			if found := key.Find(`"` + body[i:i+11] + `"`); found != "" {
				t.Errorf("%s: 11 bytes from byte %d are found: %s", key.Name, i, found)
			}
		}
	}
}

func TestTheSecretHalfIsFoundAndThePublicHalfIsNot(t *testing.T) {
	for _, key := range leaktest.Keys() {
		block, _ := pem.Decode(key.PEM())
		private, err := x509.ParsePKCS8PrivateKey(block.Bytes)
		if err != nil {
			t.Fatal(err)
		}
		var public any
		switch private := private.(type) {
		case *rsa.PrivateKey:
			public = private.Public()
		case *ecdsa.PrivateKey:
			public = private.Public()
		}
		spki, err := x509.MarshalPKIXPublicKey(public)
		if err != nil {
			t.Fatal(err)
		}
		publicTexts := string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: spki})) + hex.EncodeToString(spki) + fmt.Sprint(spki, public)
		if found := key.FindSecret(publicTexts); found != "" {
			t.Errorf("%s: found %s in the public half", key.Name, found)
		}
		parsed, err := leaktest.Parse(key.PEM())
		if err != nil {
			t.Fatal(err)
		}
		for _, text := range []string{
			string(key.PEM()), fmt.Sprintf("%q", key.PEM()), hex.EncodeToString(block.Bytes), fmt.Sprint(block.Bytes),
			fmt.Sprintf("%#v", block.Bytes), fmt.Sprint(private), string(block.Bytes),
		} {
			if parsed.FindSecret(text) == "" {
				t.Errorf("%s: the secret half is not found in %.60q", key.Name, text)
			}
		}
	}
}

func TestBytesBelow16AreFoundInGoSyntaxToo(t *testing.T) {
	for _, key := range leaktest.Keys() {
		block, _ := pem.Decode(key.PEM())
		for i := 0; i+9 <= len(block.Bytes); i++ {
			nine := block.Bytes[i : i+9]
			if slices.Min(nine) < 16 && key.Find(fmt.Sprintf("%#v", nine)) == "" {
				t.Errorf("%s: not found in %#v", key.Name, nine)
			}
		}
	}
}

func TestNothingIsFoundInAnErrorThatDescribesAKey(t *testing.T) {
	for _, key := range leaktest.Keys() {
		for _, text := range []string{
			"", "key pair id: a value of 241 bytes that looks like a PEM private key",
			"not a PEM private key: want text that starts with -----BEGIN PRIVATE KEY-----",
			"signer.PrivateKey(ecdsa-p256, redacted)", "arn:aws:kms:eu-west-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab",
			`\`, "100%", `\x`, `\u12`, "%%41", "&amp;", strings.Repeat("0", 100), strings.Repeat("A", 100),
		} {
			if found := key.Find(text); found != "" {
				t.Errorf("%s: found %s in %q", key.Name, found, text)
			}
		}
	}
}

func TestFunctionsThatTakeTextAreListed(t *testing.T) {
	got, err := leaktest.TextFunctions("testdata/store")
	if err != nil {
		t.Fatal(err)
	}
	want := []string{
		"Anything", "Bytes", "Generic", "InOptions", "Inner.Len", "Named", "Options.Validate", "Reader", "Request", "Several", "Store.Open", "String",
	}
	if !slices.Equal(got, want) {
		t.Errorf("got %q\nwant %q", got, want)
	}
}

// Run runs in a program of its own, since tests that must fail there must not fail
// here.
func TestRunFailsForALeakAndForATableThatIsNotWhole(t *testing.T) {
	for name, c := range map[string]struct {
		change func(table map[string]func(string) []any)
		want   string // "" for a table that passes
	}{
		"a table that is whole": {func(map[string]func(string) []any) {}, ""},
		"an error that shows a line of the key": {func(table map[string]func(string) []any) {
			table["String"] = func(text string) []any { return []any{fmt.Errorf("no %q", text)} }
		}, "P-256, SEC 1, line 2: shows 12 bytes of the key's base64"},
		"an error inside an error": {func(table map[string]func(string) []any) {
			table["Store.Open"] = func(text string) []any {
				_, err := os.Open(text)
				return []any{hidden{err}}
			}
		}, "RSA-2048, PKCS #8, as it is: shows 12 bytes of the key's base64"},
		"a function that is not in the table": {func(table map[string]func(string) []any) { delete(table, "Bytes") }, "Bytes takes text and is not in the table"},
		"a name that is no function":          {func(table map[string]func(string) []any) { table["Gone"] = nil }, "the table has Gone"},
	} {
		switch os.Getenv("SIGNEDFRONT_LEAK") {
		case name:
			listed, err := leaktest.TextFunctions("testdata/store")
			if err != nil {
				t.Fatal(err)
			}
			table := map[string]func(string) []any{}
			for _, function := range listed {
				table[function] = nil
			}
			c.change(table)
			leaktest.Run(t, "testdata/store", table)
		case "":
			t.Run(name, func(t *testing.T) {
				cmd := exec.Command(os.Args[0], "-test.run=^TestRunFailsForALeakAndForATableThatIsNotWhole$")
				cmd.Env = append(os.Environ(), "SIGNEDFRONT_LEAK="+name)
				out, err := cmd.CombinedOutput()
				if failed := err != nil; failed != (c.want != "") || !strings.Contains(string(out), c.want) {
					t.Errorf("%v, want %q:\n%s", err, c.want, out)
				}
			})
		}
	}
}

// hidden does not print the error that it wraps.
type hidden struct{ err error }

func (h hidden) Error() string { return "opening failed" }
func (h hidden) Unwrap() error { return h.err }
