// Package doctor asks a deployment what a viewer and an attacker would ask, and
// says what is wrong with its answers. It changes nothing, and prints no key and no
// signature.
//
// A Site is what is asked: the deployment document, a Signer, the key of an object
// and a Client that sends requests. Run asks the Checks, side by side, and returns a
// Report with one Result a check. A check is passed, failed, not asked because
// something it needs was not given, or could not be asked. What several checks need,
// such as the answer to a signed URL, is asked for once.
package doctor

import (
	"cmp"
	"context"
	"crypto/rand"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/signedfront/signedfront/signer"
)

// Schema is the version of the JSON of a Report. A member that is added leaves it
// as it is.
const Schema = 1

// MaxRequests is how many requests one Run sends at most.
const MaxRequests = 300

const (
	sideBySide = 8                // requests at one time
	patience   = 15 * time.Second // for one answer
	maxBody    = 64 << 10         // bytes of an answer that are read
)

// Client sends one request and returns its answer. It must not follow redirects.
// [http.Client] is one if its CheckRedirect returns [http.ErrUseLastResponse].
type Client interface {
	Do(*http.Request) (*http.Response, error)
}

// Site is a deployment to ask.
type Site struct {
	// Deployment is the deployment document. For a borrower it is the one with the
	// lender's key. Nil means that it is not known where the content is served:
	// nothing is asked.
	Deployment *signer.Deployment

	// Signer signs for the deployment, and Past does with a clock that is an hour
	// slow. If they are nil, Unsigned is why: what asks for a signature is not asked
	// then. Unfit reports that the deployment's key itself is what is wrong, and not
	// what this program may read.
	Signer, Past *signer.Signer
	Unsigned     error
	Unfit        bool

	// Object is the key of an object to open. Empty means that the checks that open
	// one are not asked.
	Object string

	// Names are the names of the distribution, such as d111111abcdef8.cloudfront.net
	// and media.example.com. Nil means that they are not known.
	Names []string

	// Public are the path patterns that need no signature, such as /public/*, and
	// Signed those of other cache behaviors than the default one that do. Nil means
	// that they are not known.
	Public, Signed []string

	// Origin is the origin of a page that reads the content, such as
	// https://app.example.com. Empty means none.
	Origin string

	Client Client

	// Proxied reports that a proxy looks names up, and not this machine.
	Proxied bool

	// Lookup returns the addresses of a host. Nil means that of the system.
	Lookup func(ctx context.Context, host string) ([]string, error)

	// Now is the clock. Nil means time.Now.
	Now func() time.Time

	stranger string // the key of an object that there is not
}

// Outcome is what came of a check.
type Outcome string

const (
	Passed      Outcome = "passed"
	Failed      Outcome = "failed"
	NotAsked    Outcome = "not asked"     // what it needs was not given, or it does not apply
	CouldNotAsk Outcome = "could not ask" // no answer, or none that tells
)

// Result is what came of one check.
type Result struct {
	Group   string  `json:"group"`
	Check   string  `json:"check"` // a word that does not change
	Asks    string  `json:"asks"`
	Outcome Outcome `json:"outcome"`
	What    string  `json:"what"` // what was answered, or why it was not asked

	// Meaning and Do are there for a check that failed.
	Meaning string `json:"meaning,omitempty"`
	Do      string `json:"do,omitempty"`
}

// Report is what came of all checks.
type Report struct {
	Schema   int       `json:"schema"`
	URL      string    `json:"url"`
	Time     time.Time `json:"time"`
	Requests int       `json:"requests"` // that were sent

	// Healthy reports that no check failed and that none could not be asked.
	Healthy bool     `json:"healthy"`
	Checks  []Result `json:"checks"`
}

// Count returns how many checks have an outcome.
func (r *Report) Count(o Outcome) (n int) {
	for _, result := range r.Checks {
		if result.Outcome == o {
			n++
		}
	}
	return n
}

// Run asks all checks. done, if it is not nil, is called after each with how many
// are done, one call at a time.
func Run(ctx context.Context, s Site, done func(checks, of int)) *Report {
	return run(ctx, s, checks, done)
}

func run(ctx context.Context, s Site, list []check, done func(checks, of int)) *Report {
	if s.Now == nil {
		s.Now = time.Now
	}
	if s.Lookup == nil {
		s.Lookup = net.DefaultResolver.LookupHost
	}
	if s.stranger == "" {
		s.stranger = "signedfront-doctor-" + strings.ToLower(rand.Text())
	}
	if s.Deployment == nil {
		s.Deployment, list = &signer.Deployment{}, slices.Clone(list)
		for i := range list {
			list[i].ask = func(*visit) Result { return notAsked("it is not known where the content is served") }
		}
	}
	v := &visit{Site: s, ctx: ctx, free: make(chan struct{}, sideBySide)}
	v.opened = once(v.open)
	v.refusal = once(func() (*answer, error) { return v.get(v.url(v.stranger)) })

	r := &Report{Schema: Schema, URL: s.Deployment.BaseURL, Time: s.Now().UTC().Truncate(time.Second), Checks: make([]Result, len(list))}
	var wait sync.WaitGroup
	var mu sync.Mutex
	n := 0
	for i, c := range list {
		wait.Add(1)
		go func() {
			defer wait.Done()
			result := c.ask(v)
			result.Group, result.Check, result.Asks = c.group, c.name, c.asks
			if result.Outcome == Failed {
				result.Meaning, result.Do = c.meaning, c.do
			}
			r.Checks[i] = result
			mu.Lock()
			defer mu.Unlock()
			if n++; done != nil {
				done(n, len(list))
			}
		}()
	}
	wait.Wait()
	r.Requests = v.sent
	r.judge()
	return r
}

// once returns a function that asks when it is called first, and gives that answer to
// all who call it. They wait for it at a channel and not at a lock, as sync.OnceValues
// has one: a test's clock goes on.
func once(ask func() (*answer, error)) func() (*answer, error) {
	var first sync.Once
	var a *answer
	var err error
	done := make(chan struct{})
	return func() (*answer, error) {
		first.Do(func() {
			go func() {
				defer close(done)
				a, err = ask()
			}()
		})
		<-done
		return a, err
	}
}

// check is one question. ask returns a Result with an outcome and what was found.
type check struct {
	group, name, asks string
	meaning, do       string // where it failed
	ask               func(v *visit) Result
}

func passed(format string, args ...any) Result {
	return Result{Outcome: Passed, What: fmt.Sprintf(format, args...)}
}

func failed(format string, args ...any) Result {
	return Result{Outcome: Failed, What: fmt.Sprintf(format, args...)}
}

func notAsked(format string, args ...any) Result {
	return Result{Outcome: NotAsked, What: fmt.Sprintf(format, args...)}
}

// couldNotAsk is the result of a question that err left without an answer.
func couldNotAsk(err error) Result {
	if errors.Is(err, errUnsigned) {
		return notAsked("%s", errUnsigned)
	}
	return Result{Outcome: CouldNotAsk, What: err.Error()}
}

// visit is one Run.
type visit struct {
	Site
	ctx context.Context

	// opened is the answer to a signed URL of the object. refusal is the answer to
	// a request without a signature for an object that there is not.
	opened, refusal func() (*answer, error)

	free chan struct{}
	mu   sync.Mutex
	sent int
}

// answer is what came for a request.
type answer struct {
	*http.Response
	method string // of the request
	body   string // its first bytes
}

// ok reports an answer that is no refusal and no redirect.
func (a *answer) ok() bool { return a.StatusCode >= 200 && a.StatusCode < 300 }

// codeShape is the code in a refusal of CloudFront and S3.
var codeShape = regexp.MustCompile(`<Code>([A-Za-z]{1,40})</Code>`)

// code is the code in a refusal; empty if it has none.
func (a *answer) code() string {
	if found := codeShape.FindStringSubmatch(a.body); found != nil && !a.ok() {
		return found[1]
	}
	return ""
}

// fromBucket reports a refusal of S3, which CloudFront passes on.
func (a *answer) fromBucket() bool { return a.code() != "" && strings.Contains(a.body, "<HostId>") }

func (a *answer) String() string {
	return strings.TrimSpace(fmt.Sprintf("answered %d %s", a.StatusCode, a.code()))
}

var errTooMany = fmt.Errorf("the limit of %d requests is reached", MaxRequests)

// send sends a request with headers, given as names and values by turns. An error
// names neither the URL nor anything of the answer: a signature may be in both.
func (v *visit) send(method, target string, headers ...string) (*answer, error) {
	select {
	case v.free <- struct{}{}:
		defer func() { <-v.free }()
	case <-v.ctx.Done():
		return nil, errors.New("interrupted")
	}
	v.mu.Lock()
	full := v.sent >= MaxRequests
	if !full {
		v.sent++
	}
	v.mu.Unlock()
	if full {
		return nil, errTooMany
	}
	ctx, cancel := context.WithTimeout(v.ctx, patience)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, method, target, nil)
	if err != nil {
		return nil, errors.New("the request cannot be written as a URL")
	}
	request.Header.Set("User-Agent", "signedfront-doctor")
	request.Header.Set("Accept-Encoding", "identity")
	for i := 0; i+1 < len(headers); i += 2 {
		request.Header.Set(headers[i], headers[i+1])
	}
	response, err := v.Client.Do(request)
	if err != nil {
		return nil, v.unanswered(request.URL.Hostname(), err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(io.LimitReader(response.Body, maxBody))
	if err != nil {
		return nil, v.unanswered(request.URL.Hostname(), err)
	}
	return &answer{response, method, string(body)}, nil
}

func (v *visit) get(target string, headers ...string) (*answer, error) {
	return v.send(http.MethodGet, target, headers...)
}

// unanswered says why there is no answer, without the URL.
func (v *visit) unanswered(host string, err error) error {
	var wrapped *url.Error
	var lookup *net.DNSError
	var certificate *tls.CertificateVerificationError
	var proxy *proxyError
	if op := (*net.OpError)(nil); errors.As(err, &op) && op.Op == "proxyconnect" {
		return &proxyError{why: "cannot be reached"}
	}
	switch {
	case v.ctx.Err() != nil:
		return errors.New("interrupted")
	case errors.Is(err, context.DeadlineExceeded):
		return fmt.Errorf("%s did not answer within %s", host, patience)
	case errors.As(err, &proxy):
		return proxy
	case errors.As(err, &lookup) && lookup.IsNotFound:
		return &noAddressError{host}
	case errors.As(err, &lookup):
		return fmt.Errorf("%s cannot be looked up: is this machine online?", host)
	case errors.As(err, &certificate):
		return &certificateError{host, certificate.Err}
	case errors.As(err, &wrapped):
		err = wrapped.Err
	}
	if op := (*net.OpError)(nil); errors.As(err, &op) {
		return fmt.Errorf("%s cannot be reached: %w", host, op.Err)
	}
	return fmt.Errorf("%s: the answer cannot be read", host)
}

// noAddressError is a host that has no address.
type noAddressError struct{ host string }

func (e *noAddressError) Error() string { return e.host + " has no address" }

// proxyError is a proxy that does not pass requests on.
type proxyError struct{ why string }

func (e *proxyError) Error() string {
	return "the proxy that HTTPS_PROXY or HTTP_PROXY names " + e.why + ": see the variable, or ask without it"
}

// NewClient returns a Client that asks as a viewer who follows no redirect. It goes
// through the proxy of the environment, keeps no cookie and sends no credentials.
func NewClient() *http.Client {
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.DisableCompression = true
	transport.MaxIdleConnsPerHost = sideBySide
	transport.OnProxyConnectResponse = func(_ context.Context, _ *url.URL, _ *http.Request, a *http.Response) error {
		if a.StatusCode != http.StatusOK {
			return &proxyError{why: fmt.Sprintf("answers %d", a.StatusCode)}
		}
		return nil
	}
	return &http.Client{Transport: transport, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
}

// certificateError is a certificate that is not to be trusted.
type certificateError struct {
	host string
	err  error
}

func (e *certificateError) Error() string {
	return fmt.Sprintf("the certificate of %s is not accepted: %v", e.host, e.err)
}

// url is the URL of an object, without a signature.
func (v *visit) url(key string) string {
	u, err := signer.ObjectURL(v.Deployment.BaseURL, key)
	if err != nil { // the object was checked by the caller, all else is plain
		return v.Deployment.BaseURL + "/"
	}
	return u
}

const (
	ttl = 5 * time.Minute

	// A second signature for the same URL has another end.
	otherTTL = 6 * time.Minute
)

// sign signs a URL of the deployment.
func (v *visit) sign(s *signer.Signer, rawURL string, p signer.Policy) (string, error) {
	if s == nil {
		return "", errUnsigned
	}
	p.TTL = v.within(p.TTL)
	signed, err := s.URL(v.ctx, rawURL, p)
	if err != nil {
		return "", fmt.Errorf("signing: %w", err)
	}
	return signed, nil
}

// cookies returns the header Cookie with which a viewer opens a URL.
func (v *visit) cookies(s *signer.Signer, rawURL string) (string, error) {
	if s == nil {
		return "", errUnsigned
	}
	cookies, err := s.Cookies(v.ctx, rawURL, signer.Policy{TTL: v.within(ttl)}, signer.CookieOptions{})
	if err != nil {
		return "", fmt.Errorf("signing: %w", err)
	}
	var pairs []string
	for _, c := range cookies {
		if c.MaxAge >= 0 { // it clears none
			pairs = append(pairs, c.Name+"="+c.Value)
		}
	}
	return strings.Join(pairs, "; "), nil
}

// within is a duration cut to the deployment's limit.
func (v *visit) within(ttl time.Duration) time.Duration {
	if limit := v.Deployment.MaxURLLifetime; limit > 0 && limit < int64(ttl/time.Second) {
		return time.Duration(limit) * time.Second
	}
	return ttl
}

// errUnsigned stands for Site.Unsigned, of which the check private-key tells.
var errUnsigned = errors.New("it needs a signature, and nothing can be signed: see private-key")

// open opens the object with a signed URL.
func (v *visit) open() (*answer, error) {
	signed, err := v.sign(v.Signer, v.url(v.Object), signer.Policy{TTL: ttl})
	if err != nil {
		return nil, err
	}
	return v.get(signed)
}

// withObject asks what needs an object.
func withObject(ask func(v *visit) Result) func(v *visit) Result {
	return func(v *visit) Result {
		if v.Object == "" {
			return notAsked("it needs the key of an object: give KEY")
		}
		return ask(v)
	}
}

// withPrivate asks what needs an object that requires a signature.
func withPrivate(ask func(v *visit) Result) func(v *visit) Result {
	return withObject(func(v *visit) Result {
		if pattern := v.public(); pattern != "" {
			return notAsked("the path pattern %s opens the object to everyone: give KEY of a private one", pattern)
		}
		return ask(v)
	})
}

// public returns the pattern that opens the object to everyone.
func (v *visit) public() string {
	path := strings.TrimPrefix(v.url(v.Object), v.Deployment.BaseURL)
	for _, pattern := range v.Public {
		if signer.MatchPattern("/"+strings.TrimPrefix(pattern, "/"), path) {
			return pattern
		}
	}
	return ""
}

// refused is the result of requests that must not open an object. Each of targets
// names what is asked and has a URL and headers.
func (v *visit) refused(targets ...target) Result {
	var unasked error
	certain := true // CloudFront says that it is for the signature
	for _, t := range targets {
		a, err := v.send(cmp.Or(t.method, http.MethodGet), t.url, t.headers...)
		if err != nil {
			unasked = fmt.Errorf("%s: %w", t.what, err)
			continue
		}
		if v.leaks(a) {
			return failed("%s: %s", t.what, a)
		}
		certain = certain && (a.code() == "MissingKey" || t.method == http.MethodHead)
	}
	if unasked != nil {
		return couldNotAsk(unasked)
	}
	if !certain {
		// What refuses everyone refuses an attacker, too.
		if a, err := v.opened(); errors.Is(err, errUnsigned) {
			return notAsked("refused; but nothing can be signed that opens the object, so that it tells nothing: see private-key")
		} else if err != nil || !a.ok() {
			return couldNotAsk(errors.New("refused; but no good signature is known to open the object, so that it tells nothing"))
		}
	}
	if len(targets) == 1 {
		return passed("refused")
	}
	return passed("%d requests are refused", len(targets))
}

// target is a request that must be refused.
type target struct {
	what, url string
	headers   []string
	method    string // empty: GET
}

// leaks reports an answer with content. The page that stands in for a refusal is
// none, whatever its status.
func (v *visit) leaks(a *answer) bool {
	if !a.ok() {
		return false
	}
	page, err := v.refusal()
	if err == nil && a.method == http.MethodHead {
		return page.StatusCode != a.StatusCode // it has no body
	}
	return err != nil || page.StatusCode != a.StatusCode || page.body != a.body
}
