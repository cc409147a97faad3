package edge_test

import (
	"bufio"
	"bytes"
	"cmp"
	"crypto"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/asn1"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"maps"
	"math/big"
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/signedfront/signedfront/signer"
	"github.com/signedfront/signedfront/signer/edge"
)

// question is an item of questions.json: a row of the second list of
// FIDELITY.md, by its text, with the requests that ask it, or why none can.
type question struct {
	Question string
	Asked    []asked
	NotAsked string
}

// asked is a request and what the local edge answers. In its values stand
//
//	{host} {path} {object}   the distribution, the object's path and its URL
//	{HOST}                   the distribution in capitals
//	{id} {hash} {lower hash} the key pair id, and SHA256 or SHA1
//	{expires}                60 seconds after the signing, in seconds since 1970
//	{policy} {signature}     what is signed and its signature, encoded
//	{other}                  another signature of the same length
//	{escaped}                the signature with escapes for - ~ and _
//	{bare}                   the numbers of an ECDSA signature alone, or the
//	                         first half of an RSA one
//	{byte EF}                a byte, by its hexadecimal digits
type asked struct {
	Request string   // in words
	Signs   string   // the policy; by default the canned one of the object
	Target  string   // by default the path, and the signature in the usual order
	Host    string   // by default {host}
	Cookie  string   // the request's Cookie header
	Origin  string   // the request's Origin header
	Viewer  string   // IPv6 for a viewer with such an address, else IPv4
	At      int      // how many seconds after the signing it is sent
	Answer  string   // the status, and the code of a refusal or "page"
	Lacks   []string // headers that the answer does not have
}

const (
	cannedPolicy = `{"Statement":[{"Resource":"{object}","Condition":{"DateLessThan":{"AWS:EpochTime":{expires}}}}]}`
	usualTarget  = "{path}?Expires={expires}&Signature={signature}&Key-Pair-Id={id}&Hash-Algorithm={hash}"
)

func readQuestions(t *testing.T) []question {
	t.Helper()
	text, err := os.ReadFile("questions.json")
	if err != nil {
		t.Fatal(err)
	}
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.DisallowUnknownFields()
	var questions []question
	if err := decoder.Decode(&questions); err != nil {
		t.Fatal(err)
	}
	return questions
}

func TestEveryRowOfTheFidelityPageIsAskedOrSaysWhyNot(t *testing.T) {
	page, err := os.ReadFile("FIDELITY.md")
	if err != nil {
		t.Fatal(err)
	}
	_, list, _ := strings.Cut(string(page), "## Not known")
	list, _, _ = strings.Cut(list, "\n## ")
	var rows, questions []string
	for _, row := range regexp.MustCompile(`(?m)^\| ([^|]+) \| [^|]+ \|$`).FindAllStringSubmatch(list, -1) {
		rows = append(rows, row[1])
	}
	for _, q := range readQuestions(t) {
		questions = append(questions, q.Question)
		if (len(q.Asked) == 0) == (q.NotAsked == "") {
			t.Errorf("%s: %d requests, and why not: %q", q.Question, len(q.Asked), q.NotAsked)
		}
	}
	if rows = rows[2:]; !slices.Equal(rows, questions) { // the head of the table, and the line below it
		t.Errorf("the page has\n%q\nand questions.json has\n%q", rows, questions)
	}
}

func TestTheLocalEdgeAnswersEveryQuestionAsRecorded(t *testing.T) {
	for algorithm, hash := range map[signer.Algorithm]signer.Hash{signer.ECDSAP256: signer.SHA256, signer.RSA2048: signer.SHA1} {
		t.Run(string(algorithm), func(t *testing.T) {
			d := distribution(t, algorithm, hash)
			for _, q := range readQuestions(t) {
				for _, a := range q.Asked {
					if answer, header := d.ask(t, a); answer != a.Answer {
						t.Errorf("%s: %s: got %s, want %s", q.Question, a.Request, answer, a.Answer)
					} else if i := slices.IndexFunc(a.Lacks, func(name string) bool { return header.Get(name) != "" }); i >= 0 {
						t.Errorf("%s: %s: the answer has %s", q.Question, a.Request, a.Lacks[i])
					}
				}
			}
		})
	}
}

// target is a distribution that the questions are asked of, at a time that the
// test sets.
type target struct {
	*edge.Edge
	now    time.Time
	key    *signer.PrivateKey
	values map[string]string // in braces
}

func distribution(t *testing.T, algorithm signer.Algorithm, hash signer.Hash) *target {
	t.Helper()
	text, err := os.ReadFile("testdata/template.json")
	if err != nil {
		t.Fatal(err)
	}
	text = bytes.ReplaceAll(text, []byte(`"ecdsa-p256"`), []byte(`"`+algorithm+`"`))
	text = bytes.ReplaceAll(text, []byte(`\"sha256\"`), []byte(`\"`+hash+`\"`))
	key, err := signer.GenerateKey(algorithm)
	if err != nil {
		t.Fatal(err)
	}
	const host = "d111111abcdef8.cloudfront.net"
	d := &target{key: key}
	d.Edge, err = edge.New(edge.Config{
		Template: text,
		BaseURL:  "https://" + host,
		Objects:  edge.OpenFS(fstest.MapFS{"rt.png": {Data: []byte("a picture")}}),
		Keys:     func(edge.KeyPair) (*signer.PrivateKey, error) { return key, nil },
		Now:      func() time.Time { return d.now },
	})
	if err != nil {
		t.Fatal(err)
	}
	d.values = map[string]string{
		"{host}": host, "{HOST}": strings.ToUpper(host), "{path}": "/rt.png", "{object}": "https://" + host + "/rt.png",
		"{id}": d.Deployment().KeyPairID, "{hash}": strings.ToUpper(string(hash)), "{lower hash}": string(hash),
	}
	return d
}

// ask signs and sends a request, with no regard to what a signer would sign or a
// client would send.
func (d *target) ask(t *testing.T, a asked) (answer string, header http.Header) {
	t.Helper()
	values := maps.Clone(d.values)
	fill := func(text string) string {
		text = regexp.MustCompile(`\{[a-zA-Z]+( [a-z]+)?\}`).ReplaceAllStringFunc(text, func(name string) string {
			value, known := values[name]
			if !known {
				t.Fatalf("%s: there is no %s", a.Request, name)
			}
			return value
		})
		return regexp.MustCompile(`\{byte ([0-9A-F]{2})\}`).ReplaceAllStringFunc(text, func(name string) string {
			b, _ := hex.DecodeString(name[6:8])
			return string(b)
		})
	}
	signing := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	values["{expires}"] = strconv.FormatInt(signing.Unix()+60, 10)
	policy := []byte(fill(cmp.Or(a.Signs, cannedPolicy)))
	hash, digest := crypto.SHA256, sha256.Sum256(policy)
	sum := digest[:]
	if values["{hash}"] == "SHA1" {
		digest := sha1.Sum(policy)
		hash, sum = crypto.SHA1, digest[:]
	}
	signature, err := d.key.SignDigest(t.Context(), sum, hash)
	if err != nil {
		t.Fatal(err)
	}
	encoded := encode(signature)
	other := append(signature[:len(signature)-1:len(signature)-1], signature[len(signature)-1]^1)
	values["{policy}"], values["{signature}"], values["{other}"] = encode(policy), encoded, encode(other)
	values["{escaped}"] = strings.NewReplacer("-", "%2D", "~", "%7E", "_", "%5F").Replace(encoded)
	values["{bare}"] = encode(bare(signature))

	usual := usualTarget
	if a.Signs != "" {
		usual = strings.Replace(usual, "Expires={expires}", "Policy={policy}", 1)
	}
	text := fmt.Sprintf("GET %s HTTP/1.1\r\nHost: %s\r\n", fill(cmp.Or(a.Target, usual)), fill(cmp.Or(a.Host, "{host}")))
	for name, value := range map[string]string{"Cookie": a.Cookie, "Origin": a.Origin} {
		if value != "" {
			text += name + ": " + fill(value) + "\r\n"
		}
	}
	r, err := http.ReadRequest(bufio.NewReader(strings.NewReader(text + "\r\n")))
	if err != nil {
		t.Fatalf("%s: %v", a.Request, err)
	}
	r.RemoteAddr = "203.0.113.7:1234"
	if a.Viewer == "IPv6" {
		r.RemoteAddr = "[2001:db8::7]:1234"
	}
	d.now = signing.Add(time.Duration(a.At) * time.Second)
	w := httptest.NewRecorder()
	d.ServeHTTP(w, r)
	if w.Code < 300 {
		return strconv.Itoa(w.Code), w.Header()
	}
	refusal := struct {
		XMLName xml.Name `xml:"Error"`
		Code    string
	}{Code: "page"}
	if xml.Unmarshal(w.Body.Bytes(), &refusal) != nil {
		refusal.Code = "page"
	}
	return fmt.Sprintf("%d %s", w.Code, refusal.Code), w.Header()
}

// encode returns CloudFront's base64 of b.
func encode(b []byte) string {
	return strings.NewReplacer("+", "-", "=", "_", "/", "~").Replace(base64.StdEncoding.EncodeToString(b))
}

// bare returns r and s of an ECDSA signature, as JWTs have them, or the first
// half of an RSA one.
func bare(signature []byte) []byte {
	var numbers struct{ R, S *big.Int }
	if rest, err := asn1.Unmarshal(signature, &numbers); err == nil && len(rest) == 0 {
		return append(numbers.R.FillBytes(make([]byte, 32)), numbers.S.FillBytes(make([]byte, 32))...)
	}
	return signature[:len(signature)/2]
}
