package peers

import (
	"crypto"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/signedfront/signedfront/signer"
)

// task is the input of the programs in testdata.
type task struct {
	KeyPairID string       `json:"keyPairId"`
	Key       string       `json:"key"`
	Cases     []signedCase `json:"cases"`
}

type signedCase struct {
	URL       string `json:"url"`
	Resource  string `json:"resource"` // the URL itself, or a pattern that covers it
	Expires   int64  `json:"expires"`
	NotBefore int64  `json:"notBefore"`
	IP        string `json:"ip"`
	Hash      string `json:"hash"`
}

func (c *signedCase) policy() signer.Policy {
	p := signer.Policy{Expires: time.Unix(c.Expires, 0), IPAddress: c.IP, Resource: c.Resource}
	if c.NotBefore != 0 {
		p.NotBefore = time.Unix(c.NotBefore, 0)
	}
	return p
}

func cases(t *testing.T, n int, hash string) (cases []signedCase) {
	t.Helper()
	for i, url := range signable(t, site, n) {
		c := signedCase{URL: url, Resource: url, Expires: expires.Unix(), Hash: hash}
		if i&2 != 0 {
			c.NotBefore = now.Add(-time.Minute).Unix()
		}
		if i&4 != 0 {
			c.IP = "203.0.113.0/24"
		}
		if i&8 != 0 {
			c.Resource = wider(url)
		}
		cases = append(cases, c)
	}
	return cases
}

func pkcs8(t testing.TB, key crypto.Signer) string {
	t.Helper()
	der := must[[]byte](t)(x509.MarshalPKCS8PrivateKey(key))
	return string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}))
}

// signWith makes another program sign, and returns its URLs and ours.
func signWith(t *testing.T, key crypto.Signer, hash signer.Hash, cases []signedCase, program ...string) (theirs, our []string) {
	t.Helper()
	input := must[[]byte](t)(json.Marshal(task{keyPairID, pkcs8(t, key), cases}))
	output := run(t, string(input), program[0], program[1:]...)
	if err := json.Unmarshal([]byte(output), &theirs); err != nil {
		t.Fatal(err)
	}
	if len(theirs) != len(cases) {
		t.Fatalf("%d URLs of %d", len(theirs), len(cases))
	}
	s := ours(t, key, signer.Options{Hash: hash})
	for _, c := range cases {
		our = append(our, must[string](t)(s.URL(t.Context(), c.URL, c.policy())))
	}
	return theirs, our
}

// botocore supports only SHA-1.
func TestURLsSayTheSameAsBotocoresAndBothVerify(t *testing.T) {
	for _, key := range signingKeys {
		t.Run(key.name, func(t *testing.T) {
			list := cases(t, 400, "SHA1")
			theirs, our := signWith(t, key.key(), signer.SHA1, list, python(t), "testdata/sign.py")
			for i, c := range list {
				if p := c.policy(); key.name == "RSA" && p.Canned(c.URL) && our[i] != theirs[i] {
					t.Fatalf("canned\n got %s\nwant %s", our[i], theirs[i])
				}
				checkSame(t, key.key().Public(), our[i], theirs[i])
			}
		})
	}
}

// The signer for JavaScript rewrites URLs before it signs them, among them those of
// ObjectURL with one of $&,:;=@ in the key. What it leaves unchanged is compared;
// the rest is checked to be valid for the rewritten URL.
func TestURLsSayTheSameAsJavaScriptsAndBothVerify(t *testing.T) {
	for _, key := range signingKeys {
		for _, hash := range hashes {
			t.Run(key.name+" "+hash.name, func(t *testing.T) {
				name := strings.ReplaceAll(hash.name, "-", "")
				list := cases(t, 400, name)
				theirs, our := signWith(t, key.key(), hash.ours, list, "node", filepath.Join(node(t), "sign.mjs"))
				compared := 0
				for i, c := range list {
					their := takeApart(theirs[i])
					if their.url != c.URL {
						their.checkSignature(t, key.key().Public())
						continue
					}
					compared++
					if p := c.policy(); key.name == "RSA" && p.Canned(c.URL) && takeApart(our[i]) != their {
						t.Fatalf("canned\n got %s\nwant %s", our[i], theirs[i])
					}
					checkSame(t, key.key().Public(), our[i], theirs[i])
				}
				if compared < len(list)/5 {
					t.Errorf("only %d of %d URLs compared", compared, len(list))
				}
			})
		}
	}
}

func TestJavaScriptSignsAnotherURLThanItWasGiven(t *testing.T) {
	tests := [][2]string{
		{"/it%27s", "/it's"},
		{"/a%28b%29", "/a(b)"},
		{"/a;b,c=d", "/a%3Bb%2Cc%3Dd"},
		{"/a:b@c", "/a%3Ab%40c"},
		{"/a+b", "/a%2Bb"},
		{"/a?b", "/a?b="},
		{"/a?b=c/d", "/a?b=c%2Fd"},
	}
	var list []signedCase
	for _, test := range tests {
		list = append(list, signedCase{URL: site + test[0], Resource: site + test[0], Expires: expires.Unix(), Hash: "SHA256"})
	}
	theirs, our := signWith(t, rsaKey(), signer.SHA256, list, "node", filepath.Join(node(t), "sign.mjs"))
	for i, test := range tests {
		their, our := takeApart(theirs[i]), takeApart(our[i])
		if their.url != site+test[1] {
			t.Errorf("%s: JavaScript signs %s, want %s", test[0], their.url, test[1])
		}
		if our.url != site+test[0] {
			t.Errorf("%s: we sign %s", test[0], our.url)
		}
	}
}

func TestURLsSayTheSameAsTheAWSCLIsAndBothVerify(t *testing.T) {
	list := cases(t, 8, "SHA1")
	aws := awsCLI(t)
	key := rsaFile(t)
	s := ours(t, rsaKey(), signer.Options{Hash: signer.SHA1})
	for i := range list {
		c := &list[i]
		c.Resource = c.URL // it signs for no other resource
		args := []string{"cloudfront", "sign", "--url", c.URL, "--key-pair-id", keyPairID, "--private-key", "file://" + key, "--date-less-than", fmt.Sprint(c.Expires)}
		if c.NotBefore != 0 {
			args = append(args, "--date-greater-than", fmt.Sprint(c.NotBefore))
		}
		if c.IP != "" {
			args = append(args, "--ip-address", c.IP)
		}
		got := must[string](t)(s.URL(t.Context(), c.URL, c.policy()))
		want := run(t, "", aws, args...)
		if p := c.policy(); p.Canned(c.URL) && got != want {
			t.Errorf("canned\n got %s\nwant %s", got, want)
		}
		checkSame(t, rsaKey().Public(), got, want)
	}
}

func awsCLI(t testing.TB) string {
	t.Helper()
	// It must use no file and no address of this machine.
	t.Setenv("AWS_CONFIG_FILE", os.DevNull)
	t.Setenv("AWS_SHARED_CREDENTIALS_FILE", os.DevNull)
	t.Setenv("AWS_EC2_METADATA_DISABLED", "true")
	return filepath.Join(filepath.Dir(python(t)), "aws")
}

// rsaFile returns a file with the RSA key in PKCS #1, the form that the AWS CLI
// reads.
func rsaFile(t testing.TB) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "key.pem")
	der := x509.MarshalPKCS1PrivateKey(rsaKey())
	if err := os.WriteFile(name, pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: der}), 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}
