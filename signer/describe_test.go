package signer

import (
	"encoding/base64"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

func TestDescribeQuotesAValueOnlyIfItHasItsForm(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "Keys2026ForTheTestOfDescribe1")
	if err := os.Mkdir(folder, 0o700); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(folder, "private_key_of_the_production_environment.pem")
	line := "/IGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgevZzL1gdAFr88hb2"

	for _, c := range []struct {
		value string
		form  Form
		want  string
	}{
		{"sha512", FormWord, `"sha512"`},
		{"2 minutes", FormWord, `"2 minutes"`},
		{"", FormWord, "an empty value"},
		{strings.Repeat("a", 33), FormWord, "a value of 33 bytes that looks like base64, as the body of a key is"},
		{"AgEAMBMGByqGSM49AgEGCC", FormWord, "a value of 22 bytes"},
		{"AgEAMBMGByq/SM49AgEGCC", FormFile, "a value of 22 bytes"},
		{"albums/Summer2026/rt.png", FormText, `"albums/Summer2026/rt.png"`},
		{"Mon, 02 Jan 2006 15:04:05 MST", FormWord, `"Mon, 02 Jan 2006 15:04:05 MST"`},
		{"2030-01-01T00:00:00Z", FormWord, `"2030-01-01T00:00:00Z"`},
		{"keys/MyProject.pem", FormFile, `"keys/MyProject.pem"`},
		{"Custom::SigningKeyPair", FormName, `"Custom::SigningKeyPair"`},
		{"RegionalDomainName", FormWord, `"RegionalDomainName"`},
		{"getUserProfileImage.png", FormText, `"getUserProfileImage.png"`},
		{"K2JCJMDEHXQW5F", FormID, `"K2JCJMDEHXQW5F"`},
		{"undefined", FormID, "a value of 9 bytes"},
		{"SIGNEDFRONT_DEPLOYMENT", FormVariable, `"SIGNEDFRONT_DEPLOYMENT"`},
		{"signedfront", FormVariable, "a value of 11 bytes"},
		{strings.Repeat("0F", 32), FormVariable, "a value of 64 bytes that looks like base64, as the body of a key is"},
		{"arn:aws:kms:eu-west-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab", FormName,
			`"arn:aws:kms:eu-west-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab"`},
		{"arn:aws:secretsmanager:eu-west-1:111122223333:secret:ContentSigningKey1Secret5E6F7A8B-aBcDeFgHiJkL", FormName,
			`"arn:aws:secretsmanager:eu-west-1:111122223333:secret:ContentSigningKey1Secret5E6F7A8B-aBcDeFgHiJkL"`},
		{"arn:aws:kms:" + line + ":111122223333:key/a", FormName, "a value of 95 bytes"},
		{"/signedfront/shop/eu-west-1-production", FormName, `"/signedfront/shop/eu-west-1-production"`},
		{"30:77:02:01:01:04:20:dc:20", FormName, "a value of 26 bytes"},
		{"48,119,2,1,1,4,32,220,32,17", FormName, "a value of 27 bytes"},
		{"0x30.0x77.0x02.0x01.0x01.0x04.0x20.0xdc.0x20", FormName, "a value of 44 bytes"},
		{"30-77-02-01-01-04-20-dc-20", FormFile, "a value of 26 bytes"},
		{"48 119 2 1 1 4 32 220 32 17", FormWord, "a value of 27 bytes"},
		{"2001:db8:1:2:3:4:5:6", FormWord, `"2001:db8:1:2:3:4:5:6"`},
		{"2026/11/28/10.0.0.1/rt.png", FormName, `"2026/11/28/10.0.0.1/rt.png"`},
		{"arn:aws:iam::111122223333:role/Signed-Front_Deploy/K1-V2", FormName, `"arn:aws:iam::111122223333:role/Signed-Front_Deploy/K1-V2"`},
		{"Shop-Prod_Key-1/Media-Eu-West-1.pem", FormName, `"Shop-Prod_Key-1/Media-Eu-West-1.pem"`},
		{line, FormName, "a value of 64 bytes that looks like base64, as the body of a key is"},
		{"key.pem", FormFile, `"key.pem"`},
		{"no/such/folder/key.pem", FormFile, `"no/such/folder/key.pem"`},
		{"no/such/folder/private_key_of_production.pem", FormFile, "a value of 44 bytes"},
		{file, FormFile, `"` + file + `"`},
		{filepath.Join(folder, strings.Repeat("48 129 ", 40)), FormFile, "a value of " + strconv.Itoa(len(folder)+281) + " bytes"},
		{line, FormFile, "a value of 64 bytes that looks like base64, as the body of a key is"},
		{"key\nbody", FormFile, "a value of 8 bytes in several lines"},
		{"albums/día 1.png", FormText, `"albums/d\u00eda 1.png"`},
		{strings.Repeat("albums/", 6) + "a.png", FormText, "a value of 47 bytes"},
		{"-----BEGIN PRIVATE KEY-----", FormText, "a value of 27 bytes that looks like a PEM private key"},
		{"-----BEGIN CERTIFICATE-----\nMIIB", FormWord, "a value of 32 bytes that looks like a PEM certificate"},
		{`{"privateKey": "` + line + `"}`, FormWord, "a value of 82 bytes that looks like JSON"},
		{"https://d111111abcdef8.cloudfront.net/a.png", FormWord, "a value of 43 bytes that looks like a URL"},
	} {
		if got := Describe(c.value, c.form); got != c.want {
			t.Errorf("Describe(%q, %d) = %s, want %s", c.value, c.form, got, c.want)
		}
	}
}

func TestDescribeShowsNothingOfAKey(t *testing.T) {
	key, err := GenerateKey(ECDSAP256)
	if err != nil {
		t.Fatal(err)
	}
	pem, err := key.MarshalPEM()
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSpace(string(pem)), "\n")
	body := strings.Join(lines[1:len(lines)-1], "")
	for _, spelling := range []string{
		string(pem), body, body[:len(body)/3], lines[1], lines[2], "/" + lines[1], "./" + body,
		strings.ReplaceAll(string(pem), "\n", `\n`), `"` + string(pem) + `"`, strings.Join(lines, " "),
	} {
		for form := FormWord; form <= FormText; form++ {
			got := Describe(spelling, form)
			for i := 0; i+12 <= len(body); i++ {
				if strings.Contains(got, body[i:i+12]) {
					t.Fatalf("form %d of a spelling of %d bytes shows bytes %d to %d of the key", form, len(spelling), i, i+12)
				}
			}
		}
	}
}

// The last line of a key may be short. A piece of 24 bytes cannot always be
// distinguished from a name.
func TestDescribeSeldomQuotesAPieceOfAKeyThatIsAsShortAsAWord(t *testing.T) {
	const pieces = 20_000
	for _, c := range []struct{ length, most int }{{24, 30}, {32, 6}} {
		for name, alphabet := range map[string]*base64.Encoding{"PEM": base64.StdEncoding, "URLs": base64.URLEncoding, "CloudFront": cloudFront} {
			for form := FormWord; form <= FormText; form++ {
				quoted := 0
				random := rand.New(rand.NewChaCha8([32]byte{1}))
				for range pieces {
					raw := make([]byte, c.length/4*3)
					for i := range raw {
						raw[i] = byte(random.Uint32())
					}
					if piece := alphabet.EncodeToString(raw); strings.Contains(Describe(piece, form), piece) {
						quoted++
					}
				}
				if quoted > c.most {
					t.Errorf("form %d quotes %d of %d pieces of %d bytes in the base64 of %s, want %d at most", form, quoted, pieces, c.length, name, c.most)
				}
			}
		}
	}
}
