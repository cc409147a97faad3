package unknowns_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/signedfront/signedfront/signer"
	"github.com/signedfront/signedfront/signer/edge"
	"github.com/signedfront/signedfront/signer/internal/unknowns"
	"github.com/signedfront/signedfront/signer/leaktest"
)

func TestEveryRowOfTheFidelityPageIsAskedOrSaysWhyNot(t *testing.T) {
	page, err := os.ReadFile("../../edge/FIDELITY.md")
	if err != nil {
		t.Fatal(err)
	}
	_, list, _ := strings.Cut(string(page), "## Not known")
	list, _, _ = strings.Cut(list, "\n## ")
	var rows, questions []string
	for _, row := range regexp.MustCompile(`(?m)^\| ([^|]+) \| [^|]+ \|$`).FindAllStringSubmatch(list, -1) {
		rows = append(rows, row[1])
	}
	for _, q := range unknowns.Questions() {
		questions = append(questions, q.Question)
		if (len(q.Asked) == 0) == (q.NotAsked == "") {
			t.Errorf("%s: %d requests, not asked because %q", q.Question, len(q.Asked), q.NotAsked)
		}
	}
	if rows = rows[2:]; !slices.Equal(rows, questions) { // without the head of the table and the line below it
		t.Errorf("the page has\n%q\nand questions.json has\n%q", rows, questions)
	}
}

func TestTheLocalEdgeAnswersEveryQuestionAsRecorded(t *testing.T) {
	for algorithm, hash := range map[signer.Algorithm]signer.Hash{signer.ECDSAP256: signer.SHA256, signer.RSA2048: signer.SHA1} {
		t.Run(string(algorithm), func(t *testing.T) {
			d := distribution(t, algorithm, hash, nil)
			calls := 0
			r, err := unknowns.Ask(t.Context(), d.Distribution, func(int, int) { calls++ })
			if err != nil {
				t.Fatal(err)
			}
			asked := 0
			for _, a := range r.Answers {
				if a.Request == "" {
					continue
				}
				asked++
				if a.CloudFront != a.Edge || a.Why != "" || a.Differs() {
					t.Errorf("%s: %s: got %s, want %s; %s", a.Question, a.Request, a.CloudFront, a.Edge, a.Why)
				}
			}
			if !r.Whole || asked < 20 || calls != asked || d.sent != asked+2 || r.Algorithm != algorithm || r.Hash != hash {
				t.Errorf("%d answers, %d calls, %d requests: %s, %s", asked, calls, d.sent, r.Algorithm, r.Hash)
			}
		})
	}
}

func TestAnAnswerThatIsNotTheEdgesDiffers(t *testing.T) {
	d := distribution(t, signer.ECDSAP256, signer.SHA256, nil)
	send := d.Send
	d.Send = func(r *http.Request, ipv6 bool) (*http.Response, error) {
		a, err := send(r, ipv6)
		if strings.Contains(r.URL.RawQuery, "SHA512") {
			a.StatusCode = http.StatusBadRequest
		}
		if !strings.Contains(r.URL.RawQuery, "Signature") && r.Header.Get("Origin") != "" {
			a.Header.Set("Strict-Transport-Security", "max-age=1")
		}
		return a, err
	}
	r, err := unknowns.Ask(t.Context(), d.Distribution, nil)
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]string{}
	for _, a := range r.Answers {
		if a.Differs() {
			got[a.Request] = a.CloudFront
		}
	}
	if len(got) != 2 || got["SHA512"] != "400 AccessDenied" || got["no signature at all"] != "403 MissingKey, with Strict-Transport-Security" {
		t.Errorf("%v", got)
	}
}

func TestTheReasonForAMissingAnswerIsReportedAndTheRestIsAsked(t *testing.T) {
	for _, failure := range []error{errors.New("it cannot be reached"), unknowns.ErrNoIPv6} {
		d := distribution(t, signer.ECDSAP256, signer.SHA256, nil)
		send := d.Send
		d.Send = func(r *http.Request, ipv6 bool) (*http.Response, error) {
			if ipv6 {
				return nil, failure
			}
			return send(r, ipv6)
		}
		r, err := unknowns.Ask(t.Context(), d.Distribution, nil)
		if err != nil {
			t.Fatal(err)
		}
		var why []string
		for _, a := range r.Answers {
			if a.Request != "" && a.Why != "" {
				why = append(why, a.Request+": "+a.Why)
			}
		}
		if r.Whole != (failure == unknowns.ErrNoIPv6) || !slices.Equal(why, []string{"0.0.0.0/0 over IPv6: " + failure.Error()}) {
			t.Errorf("whole %t: %q", r.Whole, why)
		}
	}
}

func TestNothingIsAskedIfASignedURLDoesNotOpenTheObject(t *testing.T) {
	d := distribution(t, signer.ECDSAP256, signer.SHA256, nil)
	d.Path = "/missing.png"
	if _, err := unknowns.Ask(t.Context(), d.Distribution, nil); !errors.Is(err, unknowns.ErrNotOpened) || d.sent != 2 {
		t.Errorf("%d requests: %v", d.sent, err)
	}
}

func TestNothingIsAskedOfAnObjectThatIsNotPrivateOrOfAnotherServer(t *testing.T) {
	for want, change := range map[error]func(a *http.Response){
		unknowns.ErrNotPrivate:    func(a *http.Response) { a.StatusCode = http.StatusOK },
		unknowns.ErrNotCloudFront: func(a *http.Response) { a.Header.Del("X-Amz-Cf-Id") },
	} {
		d := distribution(t, signer.ECDSAP256, signer.SHA256, nil)
		send := d.Send
		d.Send = func(r *http.Request, ipv6 bool) (*http.Response, error) {
			a, err := send(r, ipv6)
			if r.URL.RawQuery == "" {
				change(a)
			}
			return a, err
		}
		if _, err := unknowns.Ask(t.Context(), d.Distribution, nil); !errors.Is(err, want) || d.sent != 1 {
			t.Errorf("%d requests, want %v: %v", d.sent, want, err)
		}
	}
}

func TestSignaturesLastAMinuteByTheClockOfTheDistribution(t *testing.T) {
	for _, off := range []time.Duration{-3 * time.Hour, 3 * time.Hour} {
		d := distribution(t, signer.ECDSAP256, signer.SHA256, nil)
		d.Now = func() time.Time { return d.now.Add(off) }
		d.Clock = func(http.Header) (time.Time, bool) { return d.now, true }
		r, err := unknowns.Ask(t.Context(), d.Distribution, nil)
		if err != nil {
			t.Fatal(err)
		}
		for _, a := range r.Answers {
			if a.Differs() {
				t.Errorf("with a clock that is %s off, %s: %s", off, a.Request, a.CloudFront)
			}
		}
	}
}

func TestNoReportContainsAKeyASignatureOrTheDistribution(t *testing.T) {
	for _, secret := range leaktest.Keys() {
		key, err := signer.ParsePrivateKey(secret.PEM())
		if err != nil {
			t.Fatal(err)
		}
		hash := signer.SHA256
		d := distribution(t, key.PublicKey().Algorithm(), hash, key)
		r, err := unknowns.Ask(t.Context(), d.Distribution, nil)
		if err != nil {
			t.Fatal(err)
		}
		text, err := json.Marshal(r)
		if err != nil {
			t.Fatal(err)
		}
		if found := secret.Find(leaktest.Print(r)); found != "" {
			t.Errorf("it shows %s", found)
		}
		for _, word := range append(d.signatures, "d111111abcdef8", d.KeyPairID) {
			if bytes.Contains(text, []byte(word)) {
				t.Errorf("it contains %.20s", word)
			}
		}
		if len(d.signatures) < 10 {
			t.Errorf("%d signatures were sent", len(d.signatures))
		}
	}
}

// target is a Distribution that the local edge serves. Its clock advances when Ask
// sleeps.
type target struct {
	unknowns.Distribution
	now        time.Time
	sent       int
	signatures []string
}

func distribution(t *testing.T, algorithm signer.Algorithm, hash signer.Hash, key *signer.PrivateKey) *target {
	t.Helper()
	text, err := os.ReadFile("../../edge/testdata/template.json")
	if err != nil {
		t.Fatal(err)
	}
	text = bytes.ReplaceAll(text, []byte(`"ecdsa-p256"`), []byte(`"`+algorithm+`"`))
	text = bytes.ReplaceAll(text, []byte(`\"sha256\"`), []byte(`\"`+hash+`\"`))
	if key == nil {
		if key, err = signer.GenerateKey(algorithm); err != nil {
			t.Fatal(err)
		}
	}
	const host = "d111111abcdef8.cloudfront.net"
	d := &target{now: time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)}
	e, err := edge.New(edge.Config{
		Template: text,
		BaseURL:  "https://" + host,
		Objects:  edge.OpenFS(fstest.MapFS{"rt.png": {Data: []byte("a picture")}}),
		Keys:     func(edge.KeyPair) (*signer.PrivateKey, error) { return key, nil },
		Now:      func() time.Time { return d.now },
	})
	if err != nil {
		t.Fatal(err)
	}
	d.Distribution = unknowns.Distribution{
		BaseURL: "https://" + host, Path: "/rt.png", KeyPairID: e.Deployment().KeyPairID, Hash: hash, Key: key,
		Now:   func() time.Time { return d.now },
		Clock: func(http.Header) (time.Time, bool) { return time.Time{}, false },
		Sleep: func(_ context.Context, wait time.Duration) error { d.now = d.now.Add(wait); return nil },
		Send: func(r *http.Request, ipv6 bool) (*http.Response, error) {
			d.sent++
			if signature := r.URL.Query().Get("Signature"); len(signature) > 20 {
				d.signatures = append(d.signatures, signature)
			}
			var wire bytes.Buffer
			if err := r.Write(&wire); err != nil {
				return nil, err
			}
			in, err := http.ReadRequest(bufio.NewReader(&wire))
			if err != nil {
				return nil, err
			}
			if in.RemoteAddr = "203.0.113.7:1234"; ipv6 {
				in.RemoteAddr = "[2001:db8::7]:1234"
			}
			w := httptest.NewRecorder()
			e.ServeHTTP(w, in)
			return w.Result(), nil
		},
	}
	return d
}
