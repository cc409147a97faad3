// Package doctor sends a deployment the requests of viewers and attackers, and
// reports what is wrong with its answers. It changes nothing, and shows no key and no
// signature.
//
// A Site is the deployment to ask: its document, a Signer, the key of an object and a
// Client that sends requests. Run runs all checks at the same time and returns a
// Report with one Result for each check. A request that several checks need, such as
// a signed URL of the object, is sent once.
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

// Schema is the version of the JSON of a Report. Adding a member does not change it.
const Schema = 1

// MaxRequests is the largest number of requests that one Run sends.
const MaxRequests = 300

const (
	maxConcurrent = 8                // requests at one time
	answerTimeout = 15 * time.Second // for one answer
	maxBody       = 64 << 10         // bytes of an answer that are read
)

// Client sends one request and returns its answer. It must not follow redirects. An
// [http.Client] follows none if its CheckRedirect returns [http.ErrUseLastResponse].
type Client interface {
	Do(*http.Request) (*http.Response, error)
}

// Site is a deployment to ask.
type Site struct {
	// Deployment is the deployment document. For a borrower, it has the lender's key.
	// If it is nil, the base URL is not known and no request is sent.
	Deployment *signer.Deployment

	// Signer signs for the deployment. Past does so with a clock that is an hour slow.
	// If both are nil, Unsigned is the reason, and checks that need a signature are
	// not asked. Unfit reports that the key itself is wrong. Otherwise it could not be
	// read or used.
	Signer, Past *signer.Signer
	Unsigned     error
	Unfit        bool

	// Object is the key of an object to open. If it is empty, checks that open one
	// are not asked.
	Object string

	// Names are the names of the distribution, such as d111111abcdef8.cloudfront.net
	// and media.example.com. Nil means not known.
	Names []string

	// Public are the path patterns that should require no signature, such as /public/*.
	// Signed are the patterns that should require one, without the default cache
	// behavior's. Nil means not known.
	Public, Signed []string

	// Origin is the origin of a page that reads the content, such as
	// https://app.example.com. Empty means none.
	Origin string

	Client Client

	// Proxied reports that a proxy looks names up, instead of this machine.
	Proxied bool

	// Lookup returns the addresses of a host. Nil means the resolver of the system.
	Lookup func(ctx context.Context, host string) ([]string, error)

	// Now is the clock. Nil means time.Now.
	Now func() time.Time

	stranger string // the key of an object that does not exist
}

// Outcome is the outcome of a check.
type Outcome string

const (
	Passed      Outcome = "passed"
	Failed      Outcome = "failed"
	NotAsked    Outcome = "not asked"     // something it needs was not given, or it does not apply
	CouldNotAsk Outcome = "could not ask" // there was no answer, or the answer proves nothing
)

// Result is the result of one check.
type Result struct {
	Group   string  `json:"group"`
	Check   string  `json:"check"` // its name, which never changes
	Asks    string  `json:"asks"`
	Outcome Outcome `json:"outcome"`
	What    string  `json:"what"` // what was answered, or why the check was not asked

	// Meaning and Do are set if the check failed.
	Meaning string `json:"meaning,omitempty"`
	Do      string `json:"do,omitempty"`
}

// Report has the results of all checks.
type Report struct {
	Schema   int       `json:"schema"`
	URL      string    `json:"url"`
	Time     time.Time `json:"time"`
	Requests int       `json:"requests"` // how many were sent

	// Healthy reports that no check has the outcome Failed or CouldNotAsk.
	Healthy bool     `json:"healthy"`
	Checks  []Result `json:"checks"`
}

// Count returns how many checks have the outcome o.
func (r *Report) Count(o Outcome) (n int) {
	for _, result := range r.Checks {
		if result.Outcome == o {
			n++
		}
	}
	return n
}

// Run runs all checks. If done is not nil, Run calls it after each check with how many
// are done; the calls do not overlap.
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
			list[i].ask = func(*visit) Result { return notAsked("the base URL is not known") }
		}
	}
	v := &visit{Site: s, ctx: ctx, free: make(chan struct{}, maxConcurrent)}
	v.opened, v.absent = once(v.open), once(v.openNothing)
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
				result.Meaning, result.Do = cmp.Or(result.Meaning, c.meaning), c.do
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

// once returns a function that calls ask once and returns its answer to every caller.
// Unlike with sync.OnceValues, callers wait on a channel and not on a lock, so that
// the clock of testing/synctest advances.
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

// check is one question. ask returns a Result with Outcome and What, and with Meaning if
// it is not the usual one.
type check struct {
	group, name, asks string
	meaning, do       string // if it failed
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

// couldNotAsk returns the result of a check that has no answer because of err.
func couldNotAsk(err error) Result {
	if errors.Is(err, errUnsigned) {
		return notAsked("%s", errUnsigned)
	}
	return Result{Outcome: CouldNotAsk, What: err.Error()}
}

// visit is the state of one Run.
type visit struct {
	Site
	ctx context.Context

	// opened returns the answer to a signed URL of the object, and absent that to a
	// signed URL of an object that does not exist. refusal returns the answer to a
	// request without a signature for an object that does not exist.
	opened, absent, refusal func() (*answer, error)

	free chan struct{}
	mu   sync.Mutex
	sent int
}

// answer is the answer to a request.
type answer struct {
	*http.Response
	method string // of the request
	body   string // its first bytes
}

// ok reports whether the status is 2xx.
func (a *answer) ok() bool { return a.StatusCode >= 200 && a.StatusCode < 300 }

// codeShape matches the code in a refusal by CloudFront or S3, and by a website endpoint
// of S3, whose refusals are HTML.
var codeShape = regexp.MustCompile(`<Code>([A-Za-z]{1,40})</Code>|<li>Code: ([A-Za-z]{1,40})</li>`)

// code returns the code in a refusal, or "" if there is none.
func (a *answer) code() string {
	if found := codeShape.FindStringSubmatch(a.body); found != nil && !a.ok() {
		return cmp.Or(found[1], found[2])
	}
	return ""
}

// fromBucket reports whether S3 refused, and CloudFront passed that on.
func (a *answer) fromBucket() bool { return a.code() != "" && strings.Contains(a.body, "<HostId>") }

func (a *answer) String() string {
	return strings.TrimSpace(fmt.Sprintf("answered %d %s", a.StatusCode, a.code()))
}

var errTooMany = fmt.Errorf("the limit of %d requests is reached", MaxRequests)

// send sends a request. headers alternates names and values. An error contains neither
// the URL nor a part of the answer, since both may contain a signature.
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
	ctx, cancel := context.WithTimeout(v.ctx, answerTimeout)
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

// unanswered returns why there is no answer, without the URL.
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
		return fmt.Errorf("%s did not answer within %s", host, answerTimeout)
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

// noAddressError is the error of a host without an address.
type noAddressError struct{ host string }

func (e *noAddressError) Error() string { return e.host + " has no address" }

// proxyError is the error of a proxy that does not pass requests on.
type proxyError struct{ why string }

func (e *proxyError) Error() string {
	return "the proxy that HTTPS_PROXY or HTTP_PROXY names " + e.why + ": check the variable, or run doctor without it"
}

// NewClient returns a Client that uses the proxy of the environment, follows no
// redirect, keeps no cookies and sends no credentials.
func NewClient() *http.Client {
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.DisableCompression = true
	transport.MaxIdleConnsPerHost = maxConcurrent
	transport.OnProxyConnectResponse = func(_ context.Context, _ *url.URL, _ *http.Request, a *http.Response) error {
		if a.StatusCode != http.StatusOK {
			return &proxyError{why: fmt.Sprintf("answers %d", a.StatusCode)}
		}
		return nil
	}
	return &http.Client{Transport: transport, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
}

// certificateError is the error of a certificate that is not trusted.
type certificateError struct {
	host string
	err  error
}

func (e *certificateError) Error() string {
	return fmt.Sprintf("the certificate of %s is not accepted: %v", e.host, e.err)
}

// url returns the URL of an object, without a signature.
func (v *visit) url(key string) string {
	u, err := signer.ObjectURL(v.Deployment.BaseURL, key)
	if err != nil { // the caller of Run has checked Object
		return v.Deployment.BaseURL + "/"
	}
	return u
}

const (
	ttl = 5 * time.Minute

	// otherTTL gives a second signature of the same URL another expiry time.
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

// cookies returns the value of the header Cookie that opens a URL.
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
		if c.MaxAge >= 0 { // skip those that only delete a cookie
			pairs = append(pairs, c.Name+"="+c.Value)
		}
	}
	return strings.Join(pairs, "; "), nil
}

// within returns ttl, or the deployment's limit if that is shorter.
func (v *visit) within(ttl time.Duration) time.Duration {
	if limit := v.Deployment.MaxURLLifetime; limit > 0 && limit < int64(ttl/time.Second) {
		return time.Duration(limit) * time.Second
	}
	return ttl
}

// errUnsigned stands for Site.Unsigned, which the check private-key reports.
var errUnsigned = errors.New("it needs a signature, and nothing can be signed: see private-key")

// open opens the object with a signed URL.
func (v *visit) open() (*answer, error) {
	signed, err := v.sign(v.Signer, v.url(v.Object), signer.Policy{TTL: ttl})
	if err != nil {
		return nil, err
	}
	return v.get(signed)
}

// openNothing sends a signed URL of an object that does not exist.
func (v *visit) openNothing() (*answer, error) {
	signed, err := v.sign(v.Signer, v.url(v.stranger), signer.Policy{TTL: ttl})
	if err != nil {
		return nil, err
	}
	return v.get(signed)
}

// withObject returns ask for a check that needs an object.
func withObject(ask func(v *visit) Result) func(v *visit) Result {
	return func(v *visit) Result {
		if v.Object == "" {
			return notAsked("it needs the key of an object: give KEY")
		}
		return ask(v)
	}
}

// withPrivate returns ask for a check that needs an object that requires a signature.
func withPrivate(ask func(v *visit) Result) func(v *visit) Result {
	return withObject(func(v *visit) Result {
		if pattern := v.public(); pattern != "" {
			return notAsked("the path pattern %s opens the object to everyone: give the key of a private one", pattern)
		}
		return ask(v)
	})
}

// public returns the pattern that makes the object public, or "" if none does.
func (v *visit) public() string {
	path := strings.TrimPrefix(v.url(v.Object), v.Deployment.BaseURL)
	for _, pattern := range v.Public {
		if signer.MatchPattern("/"+strings.TrimPrefix(pattern, "/"), path) {
			return pattern
		}
	}
	return ""
}

// refused sends requests that must be refused, and returns the result.
func (v *visit) refused(targets ...target) Result {
	var unasked error
	certain := true // CloudFront names the missing signature as the reason
	for _, t := range targets {
		a, err := v.send(cmp.Or(t.method, http.MethodGet), t.url, t.headers...)
		if err != nil {
			unasked = fmt.Errorf("%s: %w", t.what, err)
			continue
		}
		switch {
		case v.leaks(a):
			return failed("%s: %s", t.what, a)
		case v.broken(a):
			unasked = fmt.Errorf("%s: %s, which proves nothing", t.what, a)
		}
		certain = certain && (a.code() == "MissingKey" || t.method == http.MethodHead)
	}
	if unasked != nil {
		return couldNotAsk(unasked)
	}
	if !certain {
		if wrong := v.provesNothing(); wrong != nil {
			return *wrong
		}
	}
	if len(targets) == 1 {
		return passed("refused")
	}
	return passed("%d requests are refused", len(targets))
}

// provesNothing returns nil if a signed URL opens the object. Otherwise it returns the
// result of a check whose requests were refused: refusals prove nothing if the server
// refuses everybody or if the object does not exist.
func (v *visit) provesNothing() *Result {
	a, err := v.opened()
	var r Result
	switch {
	case errors.Is(err, errUnsigned):
		r = notAsked("refused, which proves nothing, because nothing can be signed to show that the object opens: see private-key")
	case err != nil || !a.ok():
		r = couldNotAsk(errors.New("refused, which proves nothing, because a signed URL does not open the object"))
	default:
		return nil
	}
	return &r
}

// target is a request that must be refused.
type target struct {
	what, url string
	headers   []string
	method    string // empty: GET
}

// leaks reports whether an answer has content. The custom error page of a refusal is
// not content, whatever its status.
func (v *visit) leaks(a *answer) bool { return a.ok() && !v.isRefusal(a) }

// broken reports whether an answer is a server error, which is neither a refusal nor
// content.
func (v *visit) broken(a *answer) bool {
	return a.StatusCode >= http.StatusInternalServerError && !v.isRefusal(a)
}

// isRefusal reports whether an answer has the status and the body of a refusal.
func (v *visit) isRefusal(a *answer) bool {
	refusal, err := v.refusal()
	return err == nil && refusal.StatusCode == a.StatusCode && (a.method == http.MethodHead || refusal.body == a.body) // HEAD has no body
}
