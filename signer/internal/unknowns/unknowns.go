// Package unknowns asks a distribution what the documentation of CloudFront does not say,
// and compares its answers with the local edge's. The questions, in questions.json, are the
// rows of the table "Not known" in signer/edge/FIDELITY.md.
//
// Ask signs and sends requests that package signer would not sign and net/http would not
// send. A Report contains no signature, no key and no name of a distribution, so that it
// can be published.
package unknowns

import (
	"bytes"
	"cmp"
	"context"
	"crypto"
	"crypto/sha1"
	"crypto/sha256"
	_ "embed"
	"encoding/asn1"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"maps"
	"math/big"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/signedfront/signedfront/signer"
)

// Schema is the version of the JSON of a Report. Adding a member does not change it.
const Schema = 1

// Question is a row of the table, with the requests that answer it, or the reason why no
// request can.
type Question struct {
	Question string  `json:"question"`
	Asked    []Asked `json:"asked"`
	NotAsked string  `json:"notAsked"`
}

// Asked is a request and the local edge's answer. Its values may contain
//
//	{host} {path} {object}   the distribution, the object's path and its URL
//	{HOST}                   the distribution in capitals
//	{id} {hash} {lower hash} the key pair id, and SHA256 or SHA1
//	{expires}                60 seconds after the signing, in seconds since 1970
//	{policy} {signature}     the policy and its signature, encoded
//	{other}                  another signature of the same length
//	{escaped}                the signature with - ~ and _ percent-encoded
//	{bare}                   r and s of an ECDSA signature without ASN.1, or the
//	                         first half of an RSA one
//	{byte EF}                a byte, in hexadecimal
type Asked struct {
	Request string   `json:"request"` // in words
	Signs   string   `json:"signs"`   // the policy; default: the canned one of the object
	Target  string   `json:"target"`  // default: the path with the signature in the usual order
	Host    string   `json:"host"`    // default: {host}
	Cookie  string   `json:"cookie"`  // the request's Cookie header
	Origin  string   `json:"origin"`  // the request's Origin header
	Viewer  string   `json:"viewer"`  // IPv6, or empty for any address
	At      int      `json:"at"`      // seconds between signing and sending; 0: at once
	Answer  string   `json:"answer"`  // the status, and the code of a refusal or "page"
	Lacks   []string `json:"lacks"`   // headers that the answer must not have
}

const (
	cannedPolicy = `{"Statement":[{"Resource":"{object}","Condition":{"DateLessThan":{"AWS:EpochTime":{expires}}}}]}`
	usualTarget  = "{path}?Expires={expires}&Signature={signature}&Key-Pair-Id={id}&Hash-Algorithm={hash}"
	lifetime     = 60 * time.Second
)

//go:embed questions.json
var text []byte

// Questions returns all questions, in the order of the table.
func Questions() []Question {
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.DisallowUnknownFields()
	var questions []Question
	if err := decoder.Decode(&questions); err != nil {
		panic("questions.json: " + err.Error()) // a test excludes it
	}
	return questions
}

// Distribution is the distribution to ask.
type Distribution struct {
	BaseURL   string
	Path      string // of a private object, such as /rt.png
	KeyPairID string
	Hash      signer.Hash
	Key       signer.Key

	// Send sends a request without changing it and follows no redirect. If ipv6 is
	// set it uses IPv6. A Report shows its errors.
	Send func(r *http.Request, ipv6 bool) (*http.Response, error)

	// Now is the clock of this machine, and Sleep waits. Clock returns the time of an
	// answer from its header, and whether it has one.
	Now   func() time.Time
	Clock func(h http.Header) (sent time.Time, ok bool)
	Sleep func(ctx context.Context, d time.Duration) error
}

// Report has the answers to all questions.
type Report struct {
	Schema    int              `json:"schema"`
	Time      time.Time        `json:"time"`
	Algorithm signer.Algorithm `json:"algorithm"`
	Hash      signer.Hash      `json:"hash"`

	// Whole reports that every request was answered, except those over IPv6 if this
	// machine has none.
	Whole   bool     `json:"whole"`
	Answers []Answer `json:"answers"`
}

// Answer is the answer to one request.
type Answer struct {
	Question string `json:"question"`
	Request  string `json:"request,omitempty"` // in words

	// CloudFront and Edge are the answers of the distribution and of the local edge: a
	// status, and the code of a refusal or "page". CloudFront is empty if there was no
	// answer, and Why is then the reason.
	CloudFront string `json:"cloudfront,omitempty"`
	Edge       string `json:"edge,omitempty"`
	Why        string `json:"why,omitempty"`
}

// Answered reports whether the distribution answered the request.
func (a Answer) Answered() bool { return a.CloudFront != "" }

// Differs reports whether CloudFront's answer differs from the local edge's.
func (a Answer) Differs() bool { return a.Answered() && a.CloudFront != a.Edge }

// Ask returns one of these errors, and sends none of the questions, if the answers would
// prove nothing:
//
//   - ErrNotCloudFront if another server answers instead of CloudFront
//   - ErrNotPrivate if a request without a signature opens the object, since any signature
//     would then open it
//   - ErrNotOpened if a signed URL does not open the object, since every signature may
//     then be refused
var (
	ErrNotCloudFront = errors.New("the answer has no Via and X-Amz-Cf-Id of CloudFront, so another server answers")
	ErrNotPrivate    = errors.New("a request without a signature opens the object, so its answers would prove nothing")
	ErrNotOpened     = errors.New("a signed URL does not open the object, so its refusals would prove nothing")
)

// ErrNoIPv6 is returned by Distribution.Send if it cannot send over IPv6.
var ErrNoIPv6 = errors.New("this machine cannot reach it over IPv6")

// Ask sends all requests, one after another, since answers depend on the time. If done
// is not nil, Ask calls it after each request.
func Ask(ctx context.Context, d Distribution, done func(requests, of int)) (*Report, error) {
	questions := Questions()
	n, of := 0, 0
	for _, q := range questions {
		of += len(q.Asked)
	}
	if err := d.askUnsigned(ctx); err != nil {
		return nil, err
	}
	opened, err := d.ask(ctx, Asked{Request: "the object"})
	if err != nil {
		return nil, err
	}
	if opened != "200" {
		return nil, fmt.Errorf("%w: it answered %s", ErrNotOpened, opened)
	}
	r := &Report{Schema: Schema, Time: d.Now().UTC().Truncate(time.Second), Hash: d.Hash, Whole: true}
	if public, err := signer.NewPublicKey(d.Key.Public()); err == nil {
		r.Algorithm = public.Algorithm()
	}
	for _, q := range questions {
		if q.NotAsked != "" {
			r.Answers = append(r.Answers, Answer{Question: q.Question, Why: q.NotAsked})
		}
		for _, a := range q.Asked {
			answer := Answer{Question: q.Question, Request: a.Request, Edge: a.Answer}
			if answer.CloudFront, err = d.ask(ctx, a); err != nil {
				answer.Why = err.Error()
				r.Whole = r.Whole && errors.Is(err, ErrNoIPv6)
			}
			if ctx.Err() != nil {
				return nil, ctx.Err()
			}
			r.Answers = append(r.Answers, answer)
			if n++; done != nil {
				done(n, of)
			}
		}
	}
	return r, nil
}

// askUnsigned sends a request without a signature, and sets the clock of d to that of
// the distribution.
func (d *Distribution) askUnsigned(ctx context.Context) error {
	r, err := http.NewRequestWithContext(ctx, http.MethodHead, d.BaseURL+d.Path, nil)
	if err != nil {
		return errors.New("the base URL cannot be parsed")
	}
	r.Header.Set("User-Agent", userAgent)
	a, err := d.Send(r, false)
	if err != nil {
		return err
	}
	a.Body.Close()
	switch {
	case !strings.Contains(a.Header.Get("Via"), "CloudFront") || a.Header.Get("X-Amz-Cf-Id") == "":
		return ErrNotCloudFront
	case a.StatusCode >= 200 && a.StatusCode < 300:
		return ErrNotPrivate
	}
	if sent, ok := d.Clock(a.Header); ok {
		here := d.Now
		off := sent.Add(500 * time.Millisecond).Sub(here()) // Date has whole seconds
		d.Now = func() time.Time { return here().Add(off) }
	}
	return nil
}

const userAgent = "signedfront-doctor"

var (
	nameShape = regexp.MustCompile(`\{[a-zA-Z]+( [a-z]+)?\}`)
	byteShape = regexp.MustCompile(`\{byte ([0-9A-F]{2})\}`)
)

// ask signs and sends a request. It returns the status, the code of a refusal, and the
// headers that the answer must not have.
func (d *Distribution) ask(ctx context.Context, a Asked) (answer string, err error) {
	base, err := url.Parse(d.BaseURL)
	if err != nil {
		return "", errors.New("the base URL cannot be parsed")
	}
	values := map[string]string{
		"{host}": base.Host, "{HOST}": strings.ToUpper(base.Host), "{path}": d.Path, "{object}": d.BaseURL + d.Path,
		"{id}": d.KeyPairID, "{hash}": strings.ToUpper(string(d.Hash)), "{lower hash}": string(d.Hash),
	}
	fill := func(text string) string {
		text = nameShape.ReplaceAllStringFunc(text, func(name string) string { return values[name] })
		return byteShape.ReplaceAllStringFunc(text, func(name string) string {
			b, _ := hex.DecodeString(name[6:8])
			return string(b)
		})
	}
	// To send a request a.At seconds after signing without waiting, sign it for a time in
	// the past.
	const soon = 2 * time.Second
	signing := d.Now()
	if a.At != 0 {
		signing = signing.Add(soon - time.Duration(a.At)*time.Second).Truncate(time.Second)
	}
	values["{expires}"] = strconv.FormatInt(signing.Add(lifetime).Unix(), 10)
	policy := []byte(fill(cmp.Or(a.Signs, cannedPolicy)))
	signature, err := d.sign(ctx, policy)
	if err != nil {
		return "", errors.New("the private key cannot sign")
	}
	maps.Copy(values, spellings(policy, signature))

	usual := usualTarget
	if a.Signs != "" {
		usual = strings.Replace(usual, "Expires={expires}", "Policy={policy}", 1)
	}
	path, query, _ := strings.Cut(fill(cmp.Or(a.Target, usual)), "?")
	r := (&http.Request{
		Method: http.MethodGet, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, Header: http.Header{"User-Agent": {userAgent}},
		URL: &url.URL{Scheme: base.Scheme, Host: base.Host, Opaque: path, RawQuery: query}, Host: fill(cmp.Or(a.Host, "{host}")),
	}).WithContext(ctx)
	for name, value := range map[string]string{"Cookie": a.Cookie, "Origin": a.Origin} {
		if value != "" {
			r.Header.Set(name, fill(value))
		}
	}
	if a.At != 0 {
		// Send in the middle of that second: clocks differ by some milliseconds.
		if err := d.Sleep(ctx, signing.Add(time.Duration(a.At)*time.Second+500*time.Millisecond).Sub(d.Now())); err != nil {
			return "", err
		}
	}
	response, err := d.Send(r, a.Viewer == "IPv6")
	if err != nil {
		return "", err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(io.LimitReader(response.Body, 64<<10))
	if err != nil {
		return "", errors.New("the answer cannot be read")
	}
	answer = strconv.Itoa(response.StatusCode)
	if response.StatusCode >= 300 {
		refusal := struct {
			XMLName xml.Name `xml:"Error"`
			Code    string
		}{}
		if xml.Unmarshal(body, &refusal) != nil || !codeShape.MatchString(refusal.Code) {
			refusal.Code = "page"
		}
		answer += " " + refusal.Code
	}
	for _, name := range a.Lacks {
		if response.Header.Get(name) != "" {
			answer += ", with " + name
		}
	}
	return answer, nil
}

var codeShape = regexp.MustCompile(`^[A-Za-z]{1,40}$`)

func (d *Distribution) sign(ctx context.Context, policy []byte) ([]byte, error) {
	if d.Hash == signer.SHA1 {
		sum := sha1.Sum(policy)
		return d.Key.SignDigest(ctx, sum[:], crypto.SHA1)
	}
	sum := sha256.Sum256(policy)
	return d.Key.SignDigest(ctx, sum[:], crypto.SHA256)
}

// spellings returns a policy and its signature in the forms that requests contain.
func spellings(policy, signature []byte) map[string]string {
	encoded := encode(signature)
	other := append(bytes.Clone(signature[:len(signature)-1]), signature[len(signature)-1]^1)
	return map[string]string{
		"{policy}": encode(policy), "{signature}": encoded, "{other}": encode(other), "{bare}": encode(bare(signature)),
		"{escaped}": strings.NewReplacer("-", "%2D", "~", "%7E", "_", "%5F").Replace(encoded),
	}
}

// encode returns CloudFront's base64 of b.
func encode(b []byte) string {
	return strings.NewReplacer("+", "-", "=", "_", "/", "~").Replace(base64.StdEncoding.EncodeToString(b))
}

// bare returns r and s of an ECDSA signature as in a JWT, or the first half of an RSA
// signature.
func bare(signature []byte) []byte {
	var numbers struct{ R, S *big.Int }
	if rest, err := asn1.Unmarshal(signature, &numbers); err == nil && len(rest) == 0 {
		return append(numbers.R.FillBytes(make([]byte, 32)), numbers.S.FillBytes(make([]byte, 32))...)
	}
	return signature[:len(signature)/2]
}
