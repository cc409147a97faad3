package probe_test

import (
	"bytes"
	"context"
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"github.com/signedfront/signedfront/signer"
	"github.com/signedfront/signedfront/signer/edge"
	"github.com/signedfront/signedfront/signer/edge/probe"
)

// site is a local edge behind a server on 127.0.0.1, and what it was asked.
type site struct {
	target probe.Target

	mu    sync.Mutex
	asked []string
}

func serve(t *testing.T, algorithm signer.Algorithm, hash signer.Hash) *site {
	t.Helper()
	text, err := os.ReadFile("../testdata/template.json")
	if err != nil {
		t.Fatal(err)
	}
	text = bytes.ReplaceAll(text, []byte(`"ecdsa-p256"`), []byte(`"`+algorithm+`"`))
	text = bytes.ReplaceAll(text, []byte(`\"sha256\"`), []byte(`\"`+hash+`\"`))
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	key, err := signer.GenerateKey(algorithm)
	if err != nil {
		t.Fatal(err)
	}
	// A name has letters, which can be written in capitals.
	_, port, err := net.SplitHostPort(listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	base := "http://localhost:" + port
	e, err := edge.New(edge.Config{
		Template: text,
		BaseURL:  base,
		Objects:  edge.OpenFS(fstest.MapFS{"rt.png": {Data: []byte("a picture")}}),
		Keys:     func(edge.KeyPair) (*signer.PrivateKey, error) { return key, nil },
	})
	if err != nil {
		t.Fatal(err)
	}
	s := &site{target: probe.Target{
		BaseURL: base, Object: "rt.png",
		KeyPairID: e.Deployment().KeyPairID, Key: key, Hash: hash,
	}}
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.mu.Lock()
		s.asked = append(s.asked, r.RequestURI+" "+strings.Join(r.Header.Values("Cookie"), " "))
		s.mu.Unlock()
		e.ServeHTTP(w, r)
	}))
	server.Listener.Close()
	server.Listener = listener
	server.Start()
	t.Cleanup(server.Close)
	return s
}

func TestTheLocalEdgeAnswersEveryQuestionAsTheSignerExplains(t *testing.T) {
	for _, kind := range []struct {
		algorithm signer.Algorithm
		hash      signer.Hash
	}{{signer.ECDSAP256, signer.SHA256}, {signer.RSA2048, signer.SHA1}} {
		t.Run(string(kind.algorithm), func(t *testing.T) {
			t.Parallel()
			s := serve(t, kind.algorithm, kind.hash)
			answers, err := probe.Run(t.Context(), s.target)
			if err != nil {
				t.Fatal(err)
			}
			got := map[string]string{}
			for _, a := range answers {
				got[a.Request] = a.Got
				if a.Differs() {
					t.Errorf("%s: %s: got %s, want %s", a.Question, a.Request, a.Got, a.Want)
				}
			}
			for request, want := range map[string]string{
				"no Signature": "403 MalformedSignature",
				"Key-Pair-Id twice, the second one unknown": "403 AccessDenied",
				"SHA512": "403 AccessDenied",
				"? in place of the first letter of the path": "403 AccessDenied",
				"with the port 443":                          "403 page",
				"no signature at all":                        "403 MissingKey without its headers",
				"255.255.255.255/0":                          "403 MalformedPolicy",
			} {
				if got[request] != want {
					t.Errorf("%s: got %s, want %s", request, got[request], want)
				}
			}
			if last := answers[len(answers)-1]; last.Got != "403 AccessDenied" {
				t.Errorf("in the second of the expiry: %s", last.Got)
			}
		})
	}
}

// notAsked are the rows that a request to a distribution of ours cannot answer.
var notAsked = map[string]string{
	"The order of signature check and web ACL, geographic restriction, redirect to HTTPS":                                                         "wants a distribution with all of them",
	"Whether escapes of unreserved characters (`%70` for `p`) are resolved when the behavior is chosen":                                           "wants a distribution with signed paths among public ones",
	"A custom error response for what a function refuses":                                                                                         "wants a distribution with signed paths among public ones, and an error page",
	"What path a function sees at `/`":                                                                                                            "wants a distribution with a default root object and signed paths among public ones",
	"Which URL a canned signature names at `/`: that, or the default root object's own":                                                           "wants a distribution with a default root object",
	"Custom error responses for what CloudFront refuses itself, other than a signature: a method, a body, a long URL":                             "wants a distribution with an error page",
	"CORS headers on a refused signature, so also on the preflight of a page that relies on signed cookies, which no browser sends with it":       "is asked with the other headers, where the distribution has CORS: in the workflow for AWS",
	"The headers that CORS allows where a policy has a name with a star (`x-amz-*`)":                                                              "wants such a policy, which the constructs do not make",
	"That star and the domain itself, another port, several labels":                                                                               "wants a distribution with CORS for a star",
	"`Vary` where a response headers policy has CORS":                                                                                             "wants a distribution with CORS",
	"A CORS header of the bucket that an overriding policy has not for this request, such as `Access-Control-Allow-Credentials`":                  "wants a bucket whose CORS differs from the policy's",
	"A `response-` parameter twice, with a control character, or with an escape that is none":                                                     "is the bucket's, not CloudFront's",
	"A parameter that makes a request to S3 one for something else (`acl`, `versionId`, `partNumber` and the like), where the query is passed on": "is a limit of the edge",
	"An origin request policy or a cache policy that is neither of the template nor a known managed one":                                          "is a limit of the edge",
	"An existing bucket, of which the template has the required policy and nothing else":                                                          "is a limit of the edge",
	"A bucket encrypted with AWS's own key `aws/s3`":                                                                                              "is the bucket's, not CloudFront's",
	"A range of an empty object":                               "wants an empty object",
	"Several ranges in order, of an object that is not cached": "wants an object that no edge has yet",
	"`..` and repeated slashes when both stand in one path":    "wants an object of such a key, which nobody can request",
	"What a bucket policy has that the edge does not know (`NotPrincipal`, policy variables, other condition keys and operators)": "is the bucket's, not CloudFront's",
	"A policy for everyone where the bucket blocks public access":                                                                 "is the bucket's, not CloudFront's",
}

func TestEveryRowOfTheFidelityPageIsAskedOrSaysWhyNot(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile("../FIDELITY.md")
	if err != nil {
		t.Fatal(err)
	}
	_, list, _ := strings.Cut(string(page), "## Not known")
	list, _, _ = strings.Cut(list, "\n## ")
	rows := regexp.MustCompile(`(?m)^\| ([^|]+) \| [^|]+ \|$`).FindAllStringSubmatch(list, -1)
	if len(rows) < 20 {
		t.Fatalf("only %d rows were found", len(rows))
	}
	s := serve(t, signer.ECDSAP256, signer.SHA256)
	answers, err := probe.Run(t.Context(), s.target)
	if err != nil {
		t.Fatal(err)
	}
	written := map[string]bool{}
	for _, row := range rows[2:] { // the head of the table, and the line below it
		written[row[1]] = true
		asked := slices.ContainsFunc(answers, func(a probe.Answer) bool { return a.Question == row[1] })
		if _, said := notAsked[row[1]]; asked == said {
			t.Errorf("%s: asked %t, said why not %t", row[1], asked, said)
		}
	}
	for _, a := range answers {
		if !written[a.Question] {
			t.Errorf("%s: not on the fidelity page", a.Question)
		}
	}
	for question := range notAsked {
		if !written[question] {
			t.Errorf("%s: no longer on the fidelity page", question)
		}
	}
}

func TestNothingThatWasSignedIsTold(t *testing.T) {
	t.Parallel()
	s := serve(t, signer.ECDSAP256, signer.SHA256)
	answers, err := probe.Run(t.Context(), s.target)
	if err != nil {
		t.Fatal(err)
	}
	var table bytes.Buffer
	if err := probe.WriteMarkdown(&table, answers); err != nil {
		t.Fatal(err)
	}
	signature := regexp.MustCompile(`Signature=([^&; ]{40,})`)
	found := 0
	for _, asked := range s.asked {
		for _, match := range signature.FindAllStringSubmatch(asked, -1) {
			found++
			if strings.Contains(table.String(), match[1][:20]) {
				t.Errorf("a signature is in the table:\n%s", &table)
			}
		}
	}
	if found < 20 {
		t.Errorf("only %d signatures were sent", found)
	}
	if lines := strings.Count(table.String(), "\n"); lines != len(answers)+2 {
		t.Errorf("%d lines for %d answers:\n%s", lines, len(answers), &table)
	}
}

func TestAKeyThatIsNotTrustedYetIsWaitedFor(t *testing.T) {
	s := serve(t, signer.ECDSAP256, signer.SHA256)
	s.target.KeyPairID = "K2JCJMDEHXQW5F"
	_, err := probe.Run(t.Context(), s.target)
	if !errors.Is(err, probe.ErrRefused) || !strings.Contains(err.Error(), "403 InvalidKey") {
		t.Errorf("got %v", err)
	}
	s.target.Patience = time.Hour
	ctx, cancel := context.WithCancel(t.Context())
	time.AfterFunc(50*time.Millisecond, cancel)
	if _, err := probe.Run(ctx, s.target); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}

func TestAnUnreachableDistributionIsAnErrorWithoutWhatWasSent(t *testing.T) {
	s := serve(t, signer.ECDSAP256, signer.SHA256)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	listener.Close()
	s.target.BaseURL = "http://" + listener.Addr().String()
	_, err = probe.Run(t.Context(), s.target)
	if err == nil || !strings.Contains(err.Error(), "connecting to "+listener.Addr().String()) || strings.Contains(err.Error(), "Signature") {
		t.Errorf("got %v", err)
	}
}
